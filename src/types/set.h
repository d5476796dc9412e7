/* SPDX-License-Identifier: MIT */
/*
 * The layout of sets and frozensets, and the operations their operators and methods share.
 *
 * Functions here whose names do not say otherwise take either kind, and make what is of the kind of
 * the first.
 */
#ifndef TRV_TYPES_SET_H
#define TRV_TYPES_SET_H

#include "types/table.h"

struct trv__set {
    TRV__HEAD;
    struct trv__table table; /* of width 1 */
};

static inline struct trv__set *trv__as_set(const trv_object *object)
{
    return (struct trv__set *)(uintptr_t)object;
}

/* A set that cannot change keeps its hash. */
struct trv__frozenset {
    struct trv__set set;
    int64_t hash; /* -1: nobody has asked for it */
};

/* A set or a frozenset. */
static inline bool trv__is_set(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__set_type) ||
           trv__type_derives(object->type, &trv__frozenset_type);
}

extern const struct trv__method trv__set_methods[], trv__frozenset_methods[]; /* set_methods.c */

/* Slots that both types have. */
int trv__set_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__set_clear(trv_object *self);
size_t trv__set_size_bytes(trv_object *self);
trv_object *trv__set_repr(trv_object *self);
int trv__set_compare(trv_object *self, trv_object *other, trv_comparison op);
trv_object *trv__set_iter(trv_object *self);
int trv__set_length(trv_object *self, size_t *length);
int trv__set_contains(trv_object *self, trv_object *item);
int trv__set_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result);

/* Whether an item is in it; takes one out: 1 or 0, or -1. Sets among the items have no hash here, though
 * `in`, remove and discard find the frozenset that is equal to one. */
int trv__set_has(trv_object *set, trv_object *item);
int trv__set_drop(trv_object *set, trv_object *item);
/* Walks an iterable until an item is (wanted 1) or is not in a container: 1 if there was one such, 0, or -1. What
 * comes after it is not looked at, so that it may be unhashable, as in Python. */
typedef int trv__has(trv_object *container, trv_object *item);
int trv__meets(trv_object *items, trv_object *container, trv__has *has, int wanted);

/* A new empty one of a type, to be filled before anybody sees it. */
trv_object *trv__set_make(const struct trv_type *type);

trv_object *trv__set_copy(trv_object *set);
/* An iterable as a set: itself if it is one, else a new set of its items. */
trv_object *trv__set_of(trv_object *iterable);
/* Adds all items of an iterable. */
int trv__set_update_from(trv_object *set, trv_object *iterable);
/* A new set of those items that are in `other` (wanted 1), or are not (wanted 0). */
trv_object *trv__set_select(trv_object *set, trv_object *other, int wanted);
/* Takes out what is in both, adds what is in `other` alone; these must be two sets. */
int trv__set_toggle(trv_object *set, trv_object *other);
/* Whether all items are in `other`: 1, 0, -1. */
int trv__set_within(trv_object *set, trv_object *other);
/* Exchanges the items of two sets. */
void trv__set_replace(trv_object *set, trv_object *other);

#endif
