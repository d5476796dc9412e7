/* SPDX-License-Identifier: MIT */
/*
 * Large plain blocks in mappings of their own; see mapping.c.
 */
#ifndef TRV_HEAP_MAPPING_H
#define TRV_HEAP_MAPPING_H

#include "heap/pool.h"

/* Blocks from this size on are mapped, unless the program has an allocator of its own. Not where a tool
 * watches over what malloc gave, whose eyes are better than a guard page. */
#if TRV_ASAN || TRV_VALGRIND
#define TRV__MAPPED_FROM SIZE_MAX
#else
#define TRV__MAPPED_FROM ((size_t)(TRV_TINY ? 64 << 10 : 1 << 20))
#endif

/* A block; NULL, with no exception, when out of memory. */
void *trv__mapping_new(struct trv__heap *heap, size_t size);
/* Gives it another size, of those that are mapped; NULL when out of memory: then it is as it was. */
void *trv__mapping_resize(void *block, size_t old_size, size_t size);
void trv__mapping_end(struct trv__heap *heap, void *block);
/* Gives back what is kept for later blocks. */
void trv__mappings_trim(struct trv__heap *heap);

#endif
