/* SPDX-License-Identifier: MIT */
/*
 * What src/stack/stack.c and src/stack/arena.c say to each other: slots, by number.
 *
 * The arena is address space cut into slots of equal stride, each with one guard page at its
 * lower end. It knows which slots exist and which are guarded, and nothing of what lies in them.
 */
#ifndef TRV_STACK_ARENA_H
#define TRV_STACK_ARENA_H

#include "stack/stack.h"

/* Slots are made so many at a time. */
#define TRV__STACKS_CHUNK 32

struct trv__stacks_chunk {
    char *base;           /* of its first slot, where the guard page is */
    char *segment;        /* the reservation whose first chunk this is, or NULL */
    size_t segment_bytes; /* its size */
    bool is_unguarded;
};

int trv__arena_init(struct trv__stacks *stacks, const struct trv__stacks_config *config);
void trv__arena_fini(struct trv__stacks *stacks);

/* Make one more slot. Returns: 0, or -ENOMEM at the maximum or when the system refuses. */
int trv__arena_carve(struct trv__stacks *stacks, uint32_t *slot);

static inline const struct trv__stacks_chunk *trv__arena_chunk(const struct trv__stacks *stacks,
                                                               uint32_t slot)
{
    return &stacks->chunks[slot / TRV__STACKS_CHUNK];
}

/* The lowest address of a slot: its guard page. */
static inline char *trv__arena_base(const struct trv__stacks *stacks, uint32_t slot)
{
    return trv__arena_chunk(stacks, slot)->base + slot % TRV__STACKS_CHUNK * stacks->stride;
}

#endif
