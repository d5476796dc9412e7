/* SPDX-License-Identifier: MIT */
/*
 * Rounds: collections of generation 2 in slices. See heap/round.c.
 */
#ifndef TRV_HEAP_ROUND_H
#define TRV_HEAP_ROUND_H

#include "heap/pool.h"

/* Begins one, over all of generation 2 or over what has not settled there; false when out of memory. */
bool trv__round_begin(struct trv__heap *heap, bool is_full);
/* Goes on with it for so much work; a unit is an object or a reference that is looked at. Runs a user's
 * code. What is left of the work is returned: above 0 if the round has ended. */
int64_t trv__round_go_on(struct trv__heap *heap, int64_t work);
/* Ends it without a result, if there is one; what it has found to be garbage is still cleared. */
void trv__round_abandon(struct trv__heap *heap);
/* The same where nothing may run: what is still to be cleared lives for ever. */
void trv__round_drop(struct trv__heap *heap);
/* An object that is tracked no longer, of which the round must not think any more. */
void trv__round_forget(struct trv__heap *heap, trv_object *object);

#endif
