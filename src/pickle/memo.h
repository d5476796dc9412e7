/* SPDX-License-Identifier: MIT */
/*
 * Which objects a pickle holds already: a table from an object's address to its number.
 *
 * Only objects that live as long as the table does may be entered: a number must not be taken
 * for that of another object at the same address. A table that holds its objects sees to that itself.
 * The first entries need no memory of their own.
 */
#ifndef TRV_PICKLE_MEMO_H
#define TRV_PICKLE_MEMO_H

#include "heap/type.h"

#include "base/hash.h"

#define TRV__MEMO_FIRST 32 /* a power of two */

struct trv__memo_entry {
    const trv_object *object; /* NULL: free */
    uint32_t number;
};

struct trv__memo {
    struct trv__memo_entry *entries; /* open addressing, at most half full; NULL before the first */
    uint32_t mask;
    uint32_t count;
    bool holds; /* the entries own a reference to their object; set before the first */
    struct trv__memo_entry first[TRV__MEMO_FIRST];
};

static inline void trv__memo_init(struct trv__memo *memo)
{
    memo->entries = NULL;
    memo->mask = TRV__MEMO_FIRST - 1;
    memo->count = 0;
    memo->holds = false;
}

void trv__memo_fini(struct trv__memo *memo);

/* The entry of an object, or the free one where it belongs. */
static inline struct trv__memo_entry *trv__memo_place(const struct trv__memo *memo,
                                                      const trv_object *object)
{
    uint32_t i = (uint32_t)(((uintptr_t)object >> 3) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    while (memo->entries[i & memo->mask].object && memo->entries[i & memo->mask].object != object)
        i++;
    return &memo->entries[i & memo->mask];
}

/* Whether an object is entered, and under which number. */
static inline bool trv__memo_find(const struct trv__memo *memo, const trv_object *object,
                                  uint32_t *number)
{
    const struct trv__memo_entry *entry;

    if (!memo->entries)
        return false;
    entry = trv__memo_place(memo, object);
    *number = entry->number;
    return entry->object != NULL;
}

/* Enters an object that is not in it, with the next number. 0, or -1 with MemoryError. */
int trv__memo_add(struct trv__memo *memo, const trv_object *object);

#endif
