/* SPDX-License-Identifier: MIT */
/*
 * Park and unpark: the one way to wait, for threads and coroutines alike.
 *
 * A primitive keeps its waiters in a list. Who must wait links a waiter and parks; who makes the
 * condition true takes the waiter out and unparks it. All of that happens under the GIL, so between
 * looking at the condition and being in the list nothing can change: no wake-up is lost.
 *
 *     struct trv__waiter waiter;
 *     if (trv__may_block("Queue.get") < 0)
 *         return NULL;
 *     switch (trv__wait_in(&queue->getters, &waiter, queue_object, deadline_ns)) { ... }
 *
 * How a wait ends is decided once, under the GIL, by whoever clears context->is_parked: the waker,
 * the deadline or a cancellation. A waker that hands something over (a lock, an item) writes it into
 * the waiter before it unparks, so a waiter that was woken always has it.
 */
#ifndef TRV_WAIT_PARK_H
#define TRV_WAIT_PARK_H

#include "runtime/runtime.h"

#include "trivet/wait.h"

struct trv__waiter {
    struct trv__list link; /* in the list it waits in; linked exactly while it waits */
    struct trv__context *context;
    trv_object *given; /* what the waker hands over; owned by the waiter once it is woken */
    void *data;        /* the primitive's own */
};

/* Whether the calling context may block: 0, or -1 with RuntimeError naming what it tried. `at` is kept
 * as the place of the wait: an address in the user's code. */
int trv__raise_may_not_block(const char *what);
static inline int trv__may_block_at(const char *what, const void *at)
{
    struct trv__context *context = trv__current->context;

    context->waits_in = what;
    context->waits_at = at;
    return UNLIKELY(context->no_switch) ? trv__raise_may_not_block(what) : 0;
}
/* The same where the public function itself asks: the place is the address it returns to. */
static inline __attribute__((always_inline)) int trv__may_block(const char *what)
{
    return trv__may_block_at(what, __builtin_return_address(0));
}
/* Begins a blocking call, before it looks at anything: a safepoint, so that a schedule can be varied
 * there also if the call need not wait. Checks a timeout and turns it into a deadline. 0, or -1 with
 * ValueError. */
int trv__deadline(double timeout, int64_t *deadline_ns);

/* The earliest deadline of the scopes around the calling context, TRV__NEVER if there is none. */
int64_t trv__scope_deadline(void);

/* Parks the calling context until trv__unpark, the deadline, or the cancellation of a scope around
 * it; fails at once in a cancelled scope. TRV__CANCELLED: CancelledError is not set yet. The caller
 * must have asked trv__may_block. */
enum trv__wake trv__park(int64_t deadline_ns);
/* Ends a context's park, if it is parked; returns whether it was. */
bool trv__unpark(struct trv__context *context, enum trv__wake wake);

/* Waits in a list; the waiter is out of it on return. `on` is what it waits for, kept alive by the
 * caller, and named in reports of deadlocks; NULL for what no user has made. */
enum trv__wake trv__wait_in(struct trv__list *list, struct trv__waiter *waiter, trv_object *on,
                            int64_t deadline_ns);
/* Wakes a waiter of a list, the one the chooser picks, handing it `given` (a new reference; NULL for
 * nothing). Returns it, already unlinked, or NULL if nobody waits. Do not keep it. */
struct trv__waiter *trv__wake_one(struct trv__list *list, trv_object *given);
void trv__wake_all(struct trv__list *list);

/* Parks until a descriptor is ready: 1 with wait->ready, 0 at the deadline, -1 with an exception. The
 * caller must have asked trv__may_block and trv__check_cancelled. */
int trv__park_on_fd(struct trv__fd_wait *wait, int64_t deadline_ns);

/* Sets CancelledError. Returns -1. */
int trv__raise_cancelled(void);
/* Whether a scope around the calling context is cancelled: 0, or -1 with CancelledError. */
int trv__check_cancelled(void);
/* Cancels a scope that belongs to a task: blocking calls in it fail from now on. */
void trv__scope_cancel(struct trv_scope *scope);
/* Enters and leaves a scope with no deadline, around a task; one that keeps those around it out. */
void trv__scope_push(struct trv_scope *scope);
void trv__scope_push_shield(struct trv_scope *scope);
void trv__scope_pop(struct trv_scope *scope);

#endif
