/* SPDX-License-Identifier: MIT */
/*
 * The layout of a set, and the operations its operators and methods share.
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

static inline bool trv__is_set(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__set_type);
}

extern const struct trv__method trv__set_methods[]; /* set_methods.c */

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
