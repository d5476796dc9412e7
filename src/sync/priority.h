/* SPDX-License-Identifier: MIT */
/*
 * A heap of objects in an array, the least one first: the order of a priority queue.
 *
 * The comparisons are those of Python's heapq, in the same order, so that items which are equal
 * leave in the same order as there. All are made before anything is moved: if one raises, the heap is
 * as it was and nothing is lost. Nobody may change the heap while items are compared, which is code of
 * the user: the caller sees to that.
 */
#ifndef TRV_SYNC_PRIORITY_H
#define TRV_SYNC_PRIORITY_H

#include "object/object.h"

/* Puts an item, whose reference it takes over, among `count` others; there is room. 0, or -1 with an
 * exception: the reference is still the caller's. */
int trv__priority_push_take(trv_object **items, size_t count, trv_object *item);
/* Takes the least of `count` items, at least one, out. NULL with an exception. */
trv_object *trv__priority_pop(trv_object **items, size_t count);

#endif
