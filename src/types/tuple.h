/* SPDX-License-Identifier: MIT */
/*
 * The layout of a tuple: the items stand in the object's own block.
 */
#ifndef TRV_TYPES_TUPLE_H
#define TRV_TYPES_TUPLE_H

#include "object/object.h"

struct trv__tuple {
    TRV__HEAD;
    size_t count;        /* constant once the tuple is seen by anyone */
    trv_object *items[]; /* owned */
};

#endif
