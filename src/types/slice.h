/* SPDX-License-Identifier: MIT */
/*
 * What a slice says of a sequence of a certain length, for the getitem and setitem slots.
 */
#ifndef TRV_TYPES_SLICE_H
#define TRV_TYPES_SLICE_H

#include "object/object.h"

TRV__SHARED struct trv_type trv__slice_type;

/* The places start, start + step ... in a sequence, `count` of them, all within it. If there are none,
 * start is where they would be. `stop` is where the slice ends, cut likewise; -1 is before the first. */
struct trv__places {
    int64_t start, stop, step;
    size_t count;
};

static inline bool trv__is_slice(const trv_object *object)
{
    return object->type == &trv__slice_type;
}

/* Cuts a slice to a sequence of `*length` items, which is read after the limits were asked for their
 * `index`: that may change it. TypeError, or ValueError for a step of 0. */
int trv__slice_places(trv_object *slice, const size_t *length, struct trv__places *places);

/* The same for a sequence whose length, a plain int, may be of any size: new references to plain ints. 0, -1. */
int trv__slice_limits(trv_object *slice, trv_object *length, trv_object **start, trv_object **stop,
                      trv_object **step);
/* Whether its limits are None and ints of a machine word: places are then what limits would be. */
bool trv__slice_is_small(trv_object *slice);

/* list[slice] and list[slice] = value; NULL deletes (types/list_slice.c). */
trv_object *trv__list_get_slice(trv_object *list, trv_object *slice);
int trv__list_set_slice(trv_object *list, trv_object *slice, trv_object *value);

#endif
