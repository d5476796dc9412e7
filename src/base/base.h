/* SPDX-License-Identifier: MIT */
/*
 * The ground floor: what every file of the library includes first.
 *
 * The only place that includes config.h, so that the build switches (TRV_DEBUG and its
 * like, always 0 or 1) mean the same everywhere.
 */
#ifndef TRV_BASE_BASE_H
#define TRV_BASE_BASE_H

#include "config.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LIKELY(claim) __builtin_expect(!!(claim), 1)
#define UNLIKELY(claim) __builtin_expect(!!(claim), 0)

/* A variable that files of the library share: reached directly, not through a table of addresses
 * (-fvisibility says so of definitions only). */
#define TRV__SHARED extern __attribute__((visibility("hidden")))

/* A claim that only a bug in Trivet, or a call without the GIL, can break. */
#if TRV_DEBUG
#define ASSERT(claim)                                                                              \
    ((claim) ? (void)0 : trv__assertion_failed(#claim, __FILE__, __LINE__, __func__))
#else
#define ASSERT(claim) ((void)sizeof(!!(claim)))
#endif

_Noreturn void trv__assertion_failed(const char *claim, const char *file, int line,
                                     const char *function);

/* The structure that holds `member` at `pointer`. */
#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
/* They evaluate one argument twice: no clock, no generator. */
#define MIN_OF(a, b) ((a) < (b) ? (a) : (b))
#define MAX_OF(a, b) ((a) > (b) ? (a) : (b))
/* `multiple` must be a power of two. */
#define ROUND_UP(value, multiple) (((value) + (multiple)-1) & ~((size_t)(multiple)-1))

/* What the name of a TRV_FUNCTION's body, its __func__, has after the name of the function;
 * tracebacks do not show it. */
#define TRV__BODY_SUFFIX "_trv_entry_"

/* A size given by a user, in a struct whose first member is its size: whether it has `member`. */
#define OPTION_GIVEN(options, member)                                                              \
    ((options) &&                                                                                  \
     (options)->size >= offsetof(__typeof__(*(options)), member) + sizeof(options)->member)

#endif
