/* SPDX-License-Identifier: MIT */
/*
 * Telling AddressSanitizer and Valgrind which memory of our own pools is free, so that a use after
 * free inside a pool is found as one in malloc would be. REVEAL makes the link of a free block readable.
 * Nothing in other builds.
 */
#ifndef TRV_BASE_POISON_H
#define TRV_BASE_POISON_H

#include "base/base.h"

#if TRV_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(memory, size) __asan_poison_memory_region(memory, size)
#define UNPOISON(memory, size) __asan_unpoison_memory_region(memory, size)
#define REVEAL(memory, size) __asan_unpoison_memory_region(memory, size)
#elif TRV_VALGRIND
#include <valgrind/memcheck.h>
#define POISON(memory, size) ((void)VALGRIND_MAKE_MEM_NOACCESS(memory, size))
#define UNPOISON(memory, size) ((void)VALGRIND_MAKE_MEM_UNDEFINED(memory, size))
#define REVEAL(memory, size) ((void)VALGRIND_MAKE_MEM_DEFINED(memory, size))
#else
#define POISON(memory, size) ((void)(memory), (void)(size))
#define UNPOISON(memory, size) ((void)(memory), (void)(size))
#define REVEAL(memory, size) ((void)(memory), (void)(size))
#endif

#endif
