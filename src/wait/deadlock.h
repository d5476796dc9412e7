/* SPDX-License-Identifier: MIT */
/*
 * Deadlocks found: the part that waiting uses. What is found, and why nothing is found wrongly, is
 * told in deadlock.c; what a type has to know of it, at `enders` in heap/type.h.
 */
#ifndef TRV_WAIT_DEADLOCK_H
#define TRV_WAIT_DEADLOCK_H

#include "runtime/runtime.h"

/* The calling context is about to park without any deadline on context->waits_on, whose type has
 * `enders`. 0, and it waits endlessly until it sets that back; or -1 with DeadlockError, if nobody who
 * could end the wait can go on: do not park then. */
int trv__deadlock_check(struct trv__context *context);

#endif
