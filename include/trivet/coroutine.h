/* SPDX-License-Identifier: MIT */
/*
 * Coroutines: plain blocking C on stacks of its own, many to a thread.
 *
 * trv_run makes a loop on the calling thread and runs a function in its first coroutine;
 * trv_spawn starts more. A coroutine gives way only in calls that may switch.
 */
#ifndef TRIVET_COROUTINE_H
#define TRIVET_COROUTINE_H

#include <trivet/executor.h>

TRV_BEGIN_DECLARATIONS

/* Runs callable(arguments) in a coroutine on a loop of its own on this thread, until it returns;
 * coroutines it spawned and left running are then cancelled and unwound.
 * Raises: what the callable raises; RuntimeError inside a coroutine. Blocks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_run(trv_object *callable, const char *format, ...);
/* Starts callable(arguments) in a new coroutine of the current loop; it first runs when the caller
 * gives way. Returns: a future, which is its task. Raises: RuntimeError outside a loop. */
TRV_API TRV_MUST_CHECK trv_object *trv_spawn(trv_object *callable, const char *format, ...);
TRV_API TRV_MUST_CHECK trv_object *trv_spawn_array(trv_object *callable, trv_object *const *items,
                                                   size_t count, trv_object *keywords);
/* Lets the other ready coroutines, or other threads, run first. Raises: CancelledError. May switch. */
TRV_API TRV_MUST_CHECK int trv_reschedule(void);
/* The future of the running coroutine or pool call. Returns: it, or None outside any. */
TRV_API TRV_MUST_CHECK trv_object *trv_current_task(void);

TRV_END_DECLARATIONS

#endif
