/* SPDX-License-Identifier: MIT */
/*
 * Lock, rlock, condition, event and queue.
 *
 * Each works between threads, between coroutines, and between a thread and a coroutine. Waiters are
 * served in the order in which they came. What a waiter was given it has, even if it is cancelled or its
 * time runs out before it goes on: nothing is lost with it. A lock belongs to the thread or coroutine
 * that took it; if that ends without releasing it, whoever waits for it gets DeadlockError.
 * Timeouts are seconds, TRV_FOREVER for none, 0 to try.
 *
 * Every call that takes a timeout blocks and may switch, and raises CancelledError when a scope
 * around it is cancelled, RuntimeError where blocking is not allowed, ValueError for a timeout that
 * is negative or no number, TypeError for an object of another type.
 */
#ifndef TRIVET_SYNC_H
#define TRIVET_SYNC_H

#include <trivet/wait.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_lock_type[1], trv_rlock_type[1], trv_condition_type[1],
    trv_event_type[1], trv_queue_type[1];

/* A lock nobody holds. TRV_WITH takes and releases it. */
TRV_API TRV_MUST_CHECK trv_object *trv_lock_new(void);
/* Takes a lock. Returns: 1 taken, 0 not within the timeout, -1. Raises: RuntimeError when the
 * caller already holds it. */
TRV_API TRV_MUST_CHECK int trv_lock_acquire(trv_object *lock, double timeout);
/* Gives a lock to the first in line. Raises: RuntimeError if the caller does not hold it. */
TRV_API int trv_lock_release(trv_object *lock);
/* Whether anybody holds it. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_lock_locked(trv_object *lock);

/* A lock that its owner may take again, and must release as often. TRV_WITH takes and releases it. */
TRV_API TRV_MUST_CHECK trv_object *trv_rlock_new(void);
/* Takes an rlock. Returns: 1 taken, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_rlock_acquire(trv_object *rlock, double timeout);
/* Undoes one taking; the last gives it to the first in line. Raises: RuntimeError if the caller does
 * not hold it. */
TRV_API int trv_rlock_release(trv_object *rlock);
/* Whether anybody holds it. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_rlock_locked(trv_object *rlock);

/* A condition over a lock or an rlock, a new rlock if NULL. TRV_WITH takes and releases the lock. */
TRV_API TRV_MUST_CHECK trv_object *trv_condition_new(trv_object *lock);
TRV_API TRV_MUST_CHECK int trv_condition_acquire(trv_object *condition, double timeout);
TRV_API int trv_condition_release(trv_object *condition);
/* Releases the lock, an rlock completely, waits to be notified, takes it again (also when it fails).
 * Returns: 1 notified, 0 not within the timeout, -1. Raises: RuntimeError without the lock. */
TRV_API TRV_MUST_CHECK int trv_condition_wait(trv_object *condition, double timeout);
/* Waits until predicate() is true. Returns: 1, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_condition_wait_for(trv_object *condition, trv_object *predicate,
                                                  double timeout);
/* Wakes up to `count` waiters. Raises: RuntimeError without the lock. */
TRV_API int trv_condition_notify(trv_object *condition, size_t count);
TRV_API int trv_condition_notify_all(trv_object *condition);

/* An event that is not set. */
TRV_API TRV_MUST_CHECK trv_object *trv_event_new(void);
/* Sets an event: all waiters go on. */
TRV_API int trv_event_set(trv_object *event);
TRV_API int trv_event_clear(trv_object *event);
/* Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_event_is_set(trv_object *event);
/* Waits until an event is set. Returns: 1 set, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_event_wait(trv_object *event, double timeout);

/* A first-in first-out queue of at most `capacity` items; 0 for no limit. */
TRV_API TRV_MUST_CHECK trv_object *trv_queue_new(size_t capacity);
/* Puts an item in, waiting for room. Raises: QueueFull at the timeout, QueueShutDown. */
TRV_API TRV_MUST_CHECK int trv_queue_put(trv_object *queue, trv_object *item, double timeout);
/* Takes the oldest item out, waiting for one. Raises: QueueEmpty at the timeout, QueueShutDown. */
TRV_API TRV_MUST_CHECK trv_object *trv_queue_get(trv_object *queue, double timeout);
/* How many items are in it. */
TRV_API TRV_MUST_CHECK int trv_queue_len(trv_object *queue, size_t *length);
/* Ends a queue: no more puts; gets fail with QueueShutDown once it is empty. */
TRV_API int trv_queue_shutdown(trv_object *queue);

TRV_END_DECLARATIONS

#endif
