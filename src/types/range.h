/* SPDX-License-Identifier: MIT */
/*
 * The layouts of a range, for range.c and range_wide.c, and what pickle makes ranges with.
 *
 * A range whose start, stop and step fit an int64_t has them as words: it is *narrow*. All its items fit, too,
 * though a step beyond the last one may not. Any other is *wide*, which TRV__TYPE_BIT says: it holds ints, and what
 * is asked of it is answered with ints (range_wide.c).
 */
#ifndef TRV_TYPES_RANGE_H
#define TRV_TYPES_RANGE_H

#include "object/object.h"

enum trv__range_part { TRV__START, TRV__STOP, TRV__STEP, TRV__LENGTH, TRV__RANGE_PARTS };

/* All constant. The items are start + i * step for i below length. */
struct trv__range {
    TRV__HEAD;
    union {
        struct {
            int64_t start, stop, step;
            uint64_t length;
        };
        trv_object *wide[TRV__RANGE_PARTS]; /* plain ints, owned */
    };
};

static inline struct trv__range *trv__as_range(const trv_object *object)
{
    return (struct trv__range *)(uintptr_t)object;
}

static inline bool trv__range_is_wide(const struct trv__range *range)
{
    return (range->flags & TRV__TYPE_BIT) != 0;
}

/* A range of three plain ints; NULL passes on what is pending. ValueError for a step of 0. */
trv_object *trv__range_from(trv_object *start, trv_object *stop, trv_object *step);

/* Of ranges of both layouts (range_wide.c): a part, as a new reference; and whether two are equal: 1, 0, -1. */
trv_object *trv__range_part(const struct trv__range *range, enum trv__range_part part);
int trv__range_equal(const struct trv__range *x, const struct trv__range *y);
/* The item of an index, a plain int that may be negative. IndexError. */
trv_object *trv__range_item(const struct trv__range *range, trv_object *index);
trv_object *trv__range_slice(const struct trv__range *range, trv_object *slice);
/* Looks for a plain int: 1 and its index as a new reference, 0, -1. */
int trv__range_find(const struct trv__range *range, trv_object *item, trv_object **where);
/* An iterator from the first item on, or from the last back. */
trv_object *trv__range_iterate(const struct trv__range *range, bool is_reversed);

#endif
