/* SPDX-License-Identifier: MIT */
/*
 * A search for garbage in one piece: counting the references from inside a set, and following those
 * that are held from outside. The set is that of a collection (heap/collect.c), or a list of
 * objects that are suspected or known to be garbage (heap/dispose.c).
 *
 * Between trv__search_begin and trv__search_end marks may be members'; nothing here runs a user's code,
 * apart from traverse.
 */
#ifndef TRV_HEAP_SEARCH_H
#define TRV_HEAP_SEARCH_H

#include "heap/collect.h"

/* A growing array of objects; `failed` once memory ran out. */
struct trv__vector {
    trv_object **items;
    size_t count, capacity;
    bool failed;
};

/* How often the count in a mark or a tally was full: open addressing, by the object's address. */
struct trv__carries {
    struct trv__carry {
        const trv_object *object;
        int64_t times;
    } * slots;
    size_t used, capacity;
};

struct trv__search {
    struct trv__heap *heap;
    int generation;
    struct trv__vector pending; /* reached, not yet followed */
    struct trv__vector garbage;
    struct trv__carries carries;
    uintptr_t walked;  /* the walk has come to this address, */
    uintptr_t to_walk; /* and will come to so many bytes from there; 0: it is in no order */
    bool is_again;     /* walks over what is reached already must follow it again */
    bool failed;       /* memory ran out: nothing can be said */
    int64_t own;       /* references that the collector itself holds to each member */
    size_t survivors;
};

/* Makes room for another item of an array; false, and the array as it was, when out of memory. */
bool trv__grow(void *array, size_t *capacity, size_t item_bytes);

static inline void trv__push(struct trv__vector *vector, trv_object *object)
{
    if (UNLIKELY(vector->count == vector->capacity) &&
        !trv__grow(&vector->items, &vector->capacity, sizeof *vector->items)) {
        vector->failed = true;
        return;
    }
    vector->items[vector->count++] = object;
}

/* Carries ------------------------------------------------------------------------------------------- */

/* Notes one more; false when out of memory. Few objects have so many references that this is called. */
bool trv__carry(struct trv__carries *carries, const trv_object *object);
/* How many there are of an object. */
int64_t trv__carried(const struct trv__carries *carries, const trv_object *object);

/* Counting ------------------------------------------------------------------------------------------ */

static inline int trv__count_reference(trv_object *child, void *argument)
{
    struct trv__search *search = argument;
    uint8_t *mark = trv__mark_of(search->heap, child), value = *mark;

    if (value < TRV__MARK_MEMBER)
        return 0;
    if (UNLIKELY(value >= TRV__MARK_FULL)) {
        if (!trv__carry(&search->carries, child))
            search->failed = true;
        value = TRV__MARK_MEMBER;
    }
    *mark = (uint8_t)(value + 1);
    return 0;
}

static inline void trv__count_references(struct trv__search *search, trv_object *object,
                                         uint8_t *mark)
{
    (void)mark;
    trv__each_reference(object, trv__count_reference, search);
}

/* Whether a member that was not reached yet has references from outside the set. */
static inline bool trv__is_held(const struct trv__search *search, const trv_object *object,
                                uint8_t mark)
{
    int64_t inside = mark - TRV__MARK_MEMBER, all = object->refcount - search->own;

    if (UNLIKELY(all > TRV__MARK_COUNTS))
        inside += trv__carried(&search->carries, object) * TRV__MARK_COUNTS;
    ASSERT(inside <= all); /* or a traverse visits what its object does not own */
    return inside != all;
}

/* Reaching ------------------------------------------------------------------------------------------ */

static inline int trv__reach(trv_object *child, void *argument)
{
    struct trv__search *search = argument;
    uint8_t *mark = trv__mark_of(search->heap, child);

    if ((uint8_t)(*mark - TRV__MARK_MEMBER) >= TRV__MARK_REACHED - TRV__MARK_MEMBER)
        return 0;
    *mark = TRV__MARK_REACHED;
    if ((uintptr_t)child - search->walked >= search->to_walk)
        trv__push(&search->pending, child);
    return 0;
}

static inline void trv__follow(struct trv__search *search, trv_object *object)
{
    trv__each_reference(object, trv__reach, search);
    while (search->pending.count) {
        trv_object *next = search->pending.items[--search->pending.count];
        trv__each_reference(next, trv__reach, search);
    }
}

static inline void trv__reach_member(struct trv__search *search, trv_object *object, uint8_t *mark)
{
    if (*mark != TRV__MARK_REACHED) {
        if (!trv__is_held(search, object, *mark))
            return;
        *mark = TRV__MARK_REACHED;
    } else if (!search->to_walk && !search->is_again) {
        return; /* it was in `pending` */
    }
    if (search->to_walk) {
        search->to_walk -= (uintptr_t)object - search->walked;
        search->walked = (uintptr_t)object;
    }
    trv__follow(search, object);
}

/* Disposing (heap/dispose.c) ------------------------------------------------------------------------- */

/* Lets weak references and finalizers have their say on what is in `garbage`, which is unreachable, or,
 * unless `is_certain`, is suspected to be. What stays there in the end is garbage, each held by one
 * reference of its own; it has still to be cleared. Runs a user's code. */
void trv__condemn(struct trv__search *search, bool is_certain);
/* Tells of condemned objects, and keeps them, as far as the debug flags say so: those that are kept are no
 * longer in the vector. */
void trv__report_garbage(struct trv__search *search);
/* Clears what was condemned and lets go of it. */
void trv__clear(const struct trv__vector *garbage);
/* Gives back what a search has allocated. */
void trv__search_free(struct trv__search *search);

#endif
