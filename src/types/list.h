/* SPDX-License-Identifier: MIT */
/*
 * The layout of a list, for list.c, list_sort.c and those who read items fast.
 *
 * Whoever takes the items away from a list that others can see (clear, sort) sets all three fields
 * first and only then drops references: dropping one runs code of users, who may append again.
 */
#ifndef TRV_TYPES_LIST_H
#define TRV_TYPES_LIST_H

#include "object/object.h"

struct trv__list_object {
    TRV__HEAD;
    size_t count;       /* items in use */
    size_t capacity;    /* room for so many */
    trv_object **items; /* a plain block of that many, or NULL; the first `count` are owned */
};

static inline struct trv__list_object *trv__as_list(const trv_object *object)
{
    return (struct trv__list_object *)(uintptr_t)object;
}

/* The block of items, taken out of a list, which is empty then. */
struct trv__detached {
    trv_object **items;
    size_t count, capacity;
};

static inline __attribute__((always_inline)) struct trv__detached trv__list_detach(
    struct trv__list_object *list)
{
    struct trv__detached detached = {list->items, list->count, list->capacity};

    list->items = NULL;
    list->count = list->capacity = 0;
    return detached;
}

/* Drops the items and frees the block. Inline, as the one before, so that the three fields stay in
 * registers: stored and loaded again at once in other widths they cost more than the drops. To drop neighbours
 * that are the same item together does not pay: it saves 0.3 ns each in a list of one item, and costs as much
 * in others. */
static inline __attribute__((always_inline)) void trv__detached_drop(struct trv__detached detached)
{
    for (size_t i = 0; i < detached.count; i++)
        trv_unref(detached.items[i]);
    trv__free(detached.items, detached.capacity * sizeof *detached.items);
}

/* Makes room for so many items in all. */
int trv__list_reserve(struct trv__list_object *list, size_t count);

trv_object *trv__list_reversed(trv_object *list); /* reversed.c */

#endif
