/* SPDX-License-Identifier: MIT */
/*
 * Marks: what the collector knows of a container, in one byte beside it.
 *
 * Between collections a mark is 0 (not tracked) or says the generation, and of generation 2 how often
 * an object was seen alive there: what came lately is looked at more often than what has settled
 * (heap/round.c). During a collection that is done in one piece, those of the
 * set that is collected (the *members*) count the references found from inside the set, from
 * TRV__MARK_MEMBER upwards; a mark that is TRV__MARK_FULL and counts once more starts again,
 * and the collector notes a carry. In the end it is TRV__MARK_REACHED, or the member is garbage.
 *
 * Since marks are sixteen times denser than what they stand for, following a reference at random
 * finds its mark in the cache where the object would not be; and objects that only hold values
 * (numbers, strs) have none and are not touched. The collector writes into no object that lives.
 *
 * Tallies are a second byte beside each mark. A round, the collection that is done in slices, counts
 * there, because young collections need the marks meanwhile. Without a round all of them are 0.
 *
 * Eight marks are looked at as one word.
 */
#ifndef TRV_HEAP_MARK_H
#define TRV_HEAP_MARK_H

#include "heap/pool.h"

#include <endian.h>

enum {
    TRV__MARK_NONE,     /* not tracked */
    TRV__MARK_OLD,      /* generation 2, for long */
    TRV__MARK_SETTLING, /* generation 2: one round has let it live */
    TRV__MARK_RECENT,   /* generation 2, since the last round */
    TRV__MARK_MIDDLE,   /* generation 1 */
    TRV__MARK_YOUNG,    /* generation 0 */
    TRV__MARK_ASIDE,    /* set aside: no collection looks at it (trv_gc_freeze) */
    TRV__MARK_MEMBER =
        8, /* of the set, with no reference found: the first of those with other bits set */
    TRV__MARK_FULL = TRV_TINY ? 10 : 254,
    TRV__MARK_REACHED = 255
};

#define TRV__MARK_COUNTS (TRV__MARK_FULL - TRV__MARK_MEMBER) /* what a carry stands for */

/* The mark and the tally of something that has none. Never written, as it is no member's. */
TRV__SHARED const uint8_t trv__no_mark;

/* For addresses beyond the first space. */
uint8_t *trv__far_mark(const struct trv__heap *heap, const trv_object *object);
uint8_t *trv__far_tally(const struct trv__heap *heap, const trv_object *object);

/* The mark of any object, or trv__no_mark. */
static inline uint8_t *trv__mark_of(const struct trv__heap *heap, const trv_object *object)
{
    size_t offset = (uintptr_t)object - (uintptr_t)heap->spaces[0].base;

    if (LIKELY(offset < heap->spaces[0].size))
        return heap->spaces[0].marks + offset / TRV__GRANULE;
    if (UNLIKELY(heap->has_far_marks))
        return trv__far_mark(heap, object);
    return (uint8_t *)(uintptr_t)&trv__no_mark;
}

/* The tally of any object, or trv__no_mark. */
static inline uint8_t *trv__tally_of(const struct trv__heap *heap, const trv_object *object)
{
    size_t offset = (uintptr_t)object - (uintptr_t)heap->spaces[0].base;

    if (LIKELY(offset < heap->spaces[0].size))
        return heap->spaces[0].tallies + offset / TRV__GRANULE;
    if (UNLIKELY(heap->has_far_marks))
        return trv__far_tally(heap, object);
    return (uint8_t *)(uintptr_t)&trv__no_mark;
}

/* The mark of a container. */
static inline uint8_t *trv__container_mark(const trv_object *container)
{
    if (UNLIKELY(container->flags & TRV__LARGE))
        return &trv__large_of(container)->mark;
    return trv__pool_of(container)->marks + (uintptr_t)container % TRV__POOL_BYTES / TRV__GRANULE;
}

/* The generation that survivors of a collection belong to, as a mark. */
static inline uint8_t trv__mark_after(int generation)
{
    return generation == 0 ? TRV__MARK_MIDDLE : generation == 1 ? TRV__MARK_RECENT : TRV__MARK_OLD;
}

/* Words of eight marks ------------------------------------------------------------------------------ */

#define TRV__BYTES(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The highest bit of each byte that is not 0. */
static inline uint64_t trv__bytes_set(uint64_t word)
{
    return (((word & TRV__BYTES(0x7f)) + TRV__BYTES(0x7f)) | word) & TRV__BYTES(0x80);
}

/* The highest bit of each mark that is a member's. */
static inline uint64_t trv__members(uint64_t marks)
{
    return trv__bytes_set(marks & TRV__BYTES(0xf8));
}

/* The highest bit of each mark that is TRV__MARK_REACHED. */
static inline uint64_t trv__reached(uint64_t marks)
{
    return trv__bytes_set(~marks) ^ TRV__BYTES(0x80);
}

/* Marks between collections: those of the generation and of younger ones become members. */
static inline uint64_t trv__enter_members(uint64_t marks, int generation)
{
    uint64_t high = marks >> 2 & TRV__BYTES(1), middle = marks >> 1 & TRV__BYTES(1),
             low = marks & TRV__BYTES(1);
    uint64_t young = high & ~middle;
    uint64_t chosen = generation == 2   ? young | (~high & (middle | low))
                      : generation == 1 ? young
                                        : young & low;

    return (marks & ~(chosen * 7)) | chosen * TRV__MARK_MEMBER;
}

/* Marks between collections: the lowest bit of each of generation 2, or only of those that have not
 * settled. */
static inline uint64_t trv__in_generation_2(uint64_t marks, bool is_full)
{
    uint64_t high = marks >> 2, middle = marks >> 1, low = is_full ? marks : 0;

    return (middle | low) & ~high & TRV__BYTES(1);
}

/* Members become what they are after the collection of a generation. */
static inline uint64_t trv__leave_members(uint64_t marks, int generation)
{
    uint64_t chosen = trv__members(marks) >> 7;

    return (marks & ~(chosen * 255)) | chosen * trv__mark_after(generation);
}

/* Walks the bytes of a word that have their highest bit set, in the order of their addresses. */
#define TRV__EACH_BYTE(index, bits)                                                                \
    for (uint64_t index##_left = le64toh(bits), index;                                             \
         index##_left && (index = (uint64_t)__builtin_ctzll(index##_left) / 8, 1);                 \
         index##_left &= index##_left - 1)

/* How many marks of a pool can be in use, in words. */
static inline size_t trv__pool_mark_words(const struct trv__pool *pool)
{
    return ((size_t)(pool->fresh - (const char *)pool) + 8 * TRV__GRANULE - 1) / (8 * TRV__GRANULE);
}

/* The block that begins in a granule of a pool. */
static inline trv_object *trv__object_at(const struct trv__pool *pool, size_t granule)
{
    size_t most = granule * TRV__GRANULE + TRV__GRANULE - 1 - TRV__POOL_HEADER;
    size_t index = (size_t)((uint64_t)most * pool->reciprocal >> 32);

    return (trv_object *)(void *)(trv__pool_first(pool) + index * pool->block_bytes);
}

#endif
