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
    struct trv__vector pending;        /* reached, not yet followed */
    struct trv__vector garbage;        /* each held by one reference */
    bool has_weakrefs, has_finalizers; /* something in it does */
    struct trv__carries carries;
    uintptr_t walked;  /* the walk has come to this address, */
    uintptr_t to_walk; /* and will come to so many bytes from there; 0: it is in no order */
    bool is_again;     /* walks over what is reached already must follow it again */
    bool failed;       /* memory ran out: nothing can be said */
    int64_t own;       /* references that the collector itself holds to each member */
    size_t unreached;  /* members; where it comes to 0 there is nothing more to find out */
    size_t survivors;
};

/* Where the marks of the first space are. Loops have a copy: after each mark that is written, the
 * compiler would look again, since for all it knows that might have been changed. */
struct trv__view {
    uintptr_t base;
    size_t size;
    uint8_t *marks;
};

static inline struct trv__view trv__view_of(const struct trv__search *search)
{
    const struct trv__space *space = &search->heap->spaces[0];

    return (struct trv__view){(uintptr_t)space->base, space->size, space->marks};
}

static inline uint8_t *trv__mark_in(struct trv__view view, const struct trv__search *search,
                                    const trv_object *object)
{
    size_t offset = (uintptr_t)object - view.base;

    if (LIKELY(offset < view.size))
        return view.marks + offset / TRV__GRANULE;
    return trv__mark_of(search->heap, object);
}

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

static inline __attribute__((always_inline)) void trv__count(struct trv__search *search,
                                                             struct trv__view view,
                                                             trv_object *child)
{
    uint8_t *mark = trv__mark_in(view, search, child), value = *mark;

    if (value < TRV__MARK_MEMBER)
        return;
    if (UNLIKELY(value >= TRV__MARK_FULL)) {
        if (!trv__carry(&search->carries, child))
            search->failed = true;
        value = TRV__MARK_MEMBER;
    }
    *mark = (uint8_t)(value + 1);
}

static inline int trv__count_one(trv_object *child, void *search)
{
    trv__count(search, trv__view_of(search), child);
    return 0;
}

static inline __attribute__((always_inline)) void trv__count_references(struct trv__search *search,
                                                                        struct trv__view view,
                                                                        trv_object *object)
{
    trv_object *const *items;
    size_t count;

    if (UNLIKELY(!trv__reference_array(object, &items, &count)))
        object->type->slots.traverse(object, trv__count_one, search);
    else
        for (size_t i = 0; i < count; i++)
            trv__count(search, view, items[i]);
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

static inline __attribute__((always_inline)) void trv__reach(struct trv__search *search,
                                                             struct trv__view view,
                                                             trv_object *child)
{
    uint8_t *mark = trv__mark_in(view, search, child);

    if ((uint8_t)(*mark - TRV__MARK_MEMBER) >= TRV__MARK_REACHED - TRV__MARK_MEMBER)
        return;
    *mark = TRV__MARK_REACHED;
    search->unreached--;
    if ((uintptr_t)child - search->walked >= search->to_walk)
        trv__push(&search->pending, child);
}

static inline int trv__reach_one(trv_object *child, void *search)
{
    trv__reach(search, trv__view_of(search), child);
    return 0;
}

static inline __attribute__((always_inline)) void trv__reach_from(struct trv__search *search,
                                                                  struct trv__view view,
                                                                  trv_object *object)
{
    trv_object *const *items;
    size_t count;

    if (UNLIKELY(!trv__reference_array(object, &items, &count)))
        object->type->slots.traverse(object, trv__reach_one, search);
    else
        for (size_t i = 0; i < count; i++)
            trv__reach(search, view, items[i]);
}

static inline __attribute__((always_inline)) void trv__reach_member(struct trv__search *search,
                                                                    struct trv__view view,
                                                                    trv_object *object,
                                                                    uint8_t *mark)
{
    if (*mark != TRV__MARK_REACHED) {
        if (!trv__is_held(search, object, *mark))
            return;
        *mark = TRV__MARK_REACHED;
        search->unreached--;
    } else if (!search->to_walk && !search->is_again) {
        return; /* it was in `pending` */
    }
    if (search->to_walk) {
        search->to_walk -= (uintptr_t)object - search->walked;
        search->walked = (uintptr_t)object;
    }
    trv__reach_from(search, view, object);
    while (search->pending.count)
        trv__reach_from(search, view, search->pending.items[--search->pending.count]);
}

/* Garbage ------------------------------------------------------------------------------------------- */

/* Holds an object that is garbage, or suspected to be. From here on it is hidden, unless it turns out to live. */
static inline void trv__take_garbage(struct trv__search *search, trv_object *object)
{
    size_t before = search->garbage.count;

    trv__push(&search->garbage, object);
    if (UNLIKELY(search->garbage.count == before))
        return;
    trv_ref(object);
    object->flags |= TRV__HIDDEN;
    search->has_weakrefs |= (object->flags & TRV__HAS_WEAKREFS) != 0;
    search->has_finalizers |= object->type->slots.finalize && !(object->flags & TRV__FINALIZED);
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
