/* SPDX-License-Identifier: MIT */
/*
 * The layout of a range, for range.c and for pickle.
 */
#ifndef TRV_TYPES_RANGE_H
#define TRV_TYPES_RANGE_H

#include "object/object.h"

/* All constant. The items are start + i * step for i below length; all of them fit an int64_t,
 * though a step beyond the last one may not. */
struct trv__range {
    TRV__HEAD;
    int64_t start, stop, step;
    uint64_t length;
};

static inline struct trv__range *trv__as_range(const trv_object *object)
{
    return (struct trv__range *)(uintptr_t)object;
}

#endif
