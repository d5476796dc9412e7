/* SPDX-License-Identifier: MIT */
/*
 * Looking at the whole heap: for those who show it, count it or search it.
 */
#ifndef TRV_HEAP_WALK_H
#define TRV_HEAP_WALK_H

#include "heap/heap.h"

typedef void trv__object_visit(trv_object *object, void *argument);

/* Calls visit for each object of the heap that is alive, immortal ones included, in no special order.
 * What is ending is passed over. visit may neither make nor drop objects or blocks. */
void trv__each_object(struct trv__heap *heap, trv__object_visit *visit, void *argument);

/* The generation of a tracked object. */
int trv__generation_of(const trv_object *object);

#endif
