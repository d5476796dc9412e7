/* SPDX-License-Identifier: MIT */
/*
 * Macros the other headers are written with, and the version.
 *
 * Trivet needs a compiler with GNU extensions (gcc or clang): the block macros clean up after
 * themselves with __attribute__((cleanup)). Names that end in an underscore are the machinery of
 * macros and not for direct use.
 */
#ifndef TRIVET_BASE_H
#define TRIVET_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define TRV_BEGIN_DECLARATIONS extern "C" {
#define TRV_END_DECLARATIONS }
#else
#define TRV_BEGIN_DECLARATIONS
#define TRV_END_DECLARATIONS
#endif

#define TRV_API __attribute__((visibility("default")))
#define TRV_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#define TRV_MUST_CHECK __attribute__((warn_unused_result))
#define TRV_UNUSED __attribute__((unused))
/* To be held until the end of the scope is use enough, which clang does not see. */
#define TRV_CLEANUP_(function) __attribute__((cleanup(function), unused))
#define TRV_LIKELY_(claim) __builtin_expect(!!(claim), 1)
#define TRV_UNLIKELY_(claim) __builtin_expect(!!(claim), 0)
#define TRV_JOIN_(a, b) TRV_JOIN_2_(a, b)
#define TRV_JOIN_2_(a, b) a##b
/* A name no other use of a block macro in the same function has. */
#define TRV_UNIQUE_(stem) TRV_JOIN_(stem, __LINE__)

#define TRV_VERSION_MAJOR 0
#define TRV_VERSION_MINOR 1
#define TRV_VERSION_PATCH 0

TRV_BEGIN_DECLARATIONS

/* The version of the library that is running, "0.1.0".
 * Returns: a constant string. GIL: not needed. */
TRV_API const char *trv_version(void);

TRV_END_DECLARATIONS

#endif
