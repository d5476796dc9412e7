/* SPDX-License-Identifier: MIT */
/*
 * What the methods __reduce__, __setstate__ and __length_hint__ of iterators are made of.
 */
#ifndef TRV_TYPES_ITERATOR_STATE_H
#define TRV_TYPES_ITERATOR_STATE_H

#include "types/iterator.h"

/* Names and signatures, for tables of methods. */
#define TRV__HINT_METHOD "__length_hint__", "__length_hint__(): how many items there may still be"
#define TRV__REDUCE_METHOD "__reduce__", "__reduce__(): how it is made anew"
#define TRV__STATE_METHOD "__setstate__", "__setstate__(state, /): goes to the place that it was at"

/* (callable, (source,), position), without the position if that is NULL. NULL for a source passes on what is
 * pending. */
trv_object *trv__iterator_made(trv_object *callable, trv_object *source, trv_object *position);
/* (iter, (source,), position) */
trv_object *trv__iterator_at(trv_object *source, uint64_t position);
/* (iter, (source,)); takes the source. */
trv_object *trv__iterator_over(trv_object *source);
/* The place that __setstate__ is given, no less and no more than that. 0, or -1 with TypeError, OverflowError. */
int trv__iterator_state(const trv_args *args, int64_t least, size_t most, int64_t *position);

#endif
