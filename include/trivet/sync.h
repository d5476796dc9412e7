/* SPDX-License-Identifier: MIT */
/*
 * Lock, rlock, condition, semaphores, event, barrier, queues; and the local, which keeps apart what
 * tasks must not share.
 *
 * Each works between threads, between coroutines, and between a thread and a coroutine. Waiters are
 * served in the order in which they came. What a waiter was given it has, even if it is cancelled or its
 * time runs out before it goes on: nothing is lost with it. A lock belongs to the thread or coroutine
 * that took it; if that ends without releasing it, whoever waits for it gets DeadlockError.
 * Timeouts are seconds, TRV_FOREVER for none, 0 to try.
 *
 * Every call that takes a timeout blocks and may switch, and raises CancelledError when a scope
 * around it is cancelled, DeadlockError where it would wait for ever (doc/deadlocks.md),
 * RuntimeError where blocking is not allowed, ValueError for a timeout that
 * is negative or no number, TypeError for an object of another type.
 */
#ifndef TRIVET_SYNC_H
#define TRIVET_SYNC_H

#include <trivet/wait.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_lock_type[1], trv_rlock_type[1], trv_condition_type[1],
    trv_semaphore_type[1], trv_bounded_semaphore_type[1], trv_event_type[1], trv_barrier_type[1],
    trv_queue_type[1], trv_lifo_queue_type[1], trv_priority_queue_type[1], trv_local_type[1];

/* A lock nobody holds. TRV_WITH takes and releases it. */
TRV_API TRV_MUST_CHECK trv_object *trv_lock_new(void);
/* Takes a lock. Returns: 1 taken, 0 not within the timeout, -1. Raises: DeadlockError when the
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

/* A semaphore of so many permits. TRV_WITH takes one and gives it back. */
TRV_API TRV_MUST_CHECK trv_object *trv_semaphore_new(size_t value);
/* The same; it never has more permits than that. */
TRV_API TRV_MUST_CHECK trv_object *trv_bounded_semaphore_new(size_t value);
/* Takes a permit of either. Returns: 1 taken, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_semaphore_acquire(trv_object *semaphore, double timeout);
/* Gives `count` permits to those who wait, and keeps the rest. Anybody may. Raises: ValueError when
 * count is 0, or a bounded semaphore would have too many. */
TRV_API int trv_semaphore_release(trv_object *semaphore, size_t count);
/* How many permits can be had now. */
TRV_API TRV_MUST_CHECK int trv_semaphore_value(trv_object *semaphore, size_t *value);

/* An event that is not set. */
TRV_API TRV_MUST_CHECK trv_object *trv_event_new(void);
/* Sets an event: all waiters go on. */
TRV_API int trv_event_set(trv_object *event);
TRV_API int trv_event_clear(trv_object *event);
/* Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_event_is_set(trv_object *event);
/* Waits until an event is set. Returns: 1 set, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_event_wait(trv_object *event, double timeout);

/* A barrier at which `parties` tasks wait for one another, again and again. `action`, if not NULL, is
 * called by the last to arrive, before they go on. Raises: ValueError when parties is 0. */
TRV_API TRV_MUST_CHECK trv_object *trv_barrier_new(size_t parties, trv_object *action);
/* Waits until all have arrived. When the time is up before, the barrier breaks; who is cancelled
 * leaves, and another may come in its stead.
 * Returns: the caller's place, 0 to parties - 1, another for each; or -1. Raises: BrokenBarrierError
 * if it is broken, breaks, or is reset meanwhile; what the action raised, which breaks it. */
TRV_API TRV_MUST_CHECK int trv_barrier_wait(trv_object *barrier, double timeout);
/* Breaks a barrier: who waits, and who comes, gets BrokenBarrierError. */
TRV_API int trv_barrier_abort(trv_object *barrier);
/* Makes a barrier whole and empty; who waits gets BrokenBarrierError. */
TRV_API int trv_barrier_reset(trv_object *barrier);
/* Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_barrier_broken(trv_object *barrier);
TRV_API TRV_MUST_CHECK int trv_barrier_parties(trv_object *barrier, size_t *parties);
/* How many wait for others now. */
TRV_API TRV_MUST_CHECK int trv_barrier_waiting(trv_object *barrier, size_t *waiting);

/* A first-in first-out queue of at most `capacity` items; 0 for no limit. */
TRV_API TRV_MUST_CHECK trv_object *trv_queue_new(size_t capacity);
/* A last-in first-out queue. */
TRV_API TRV_MUST_CHECK trv_object *trv_lifo_queue_new(size_t capacity);
/* A queue whose least item is taken out first: put (priority, what) tuples in. What comparing them
 * raises is raised by the put or get that compares; the queue is then as it was. */
TRV_API TRV_MUST_CHECK trv_object *trv_priority_queue_new(size_t capacity);
/* Puts an item in, waiting for room. Raises: QueueFull at the timeout, QueueShutDown. */
TRV_API TRV_MUST_CHECK int trv_queue_put(trv_object *queue, trv_object *item, double timeout);
/* Takes the item out whose turn it is, waiting for one. Raises: QueueEmpty at the timeout,
 * QueueShutDown. */
TRV_API TRV_MUST_CHECK trv_object *trv_queue_get(trv_object *queue, double timeout);
/* Says that an item which was taken out is done with. Raises: ValueError when there were not as
 * many. */
TRV_API int trv_queue_task_done(trv_object *queue);
/* Waits until as many items are done with as were put in. Returns: 1, 0 not within the timeout, -1. */
TRV_API TRV_MUST_CHECK int trv_queue_join(trv_object *queue, double timeout);
/* How many items are in it. */
TRV_API TRV_MUST_CHECK int trv_queue_len(trv_object *queue, size_t *length);
/* How many items it takes; 0 if there is no limit. */
TRV_API TRV_MUST_CHECK int trv_queue_capacity(trv_object *queue, size_t *capacity);
/* Whether nothing is in it, whether there is no room. Return: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_queue_empty(trv_object *queue);
TRV_API TRV_MUST_CHECK int trv_queue_full(trv_object *queue);
/* Ends a queue: no more puts; gets fail with QueueShutDown once it is empty. */
TRV_API int trv_queue_shutdown(trv_object *queue);
/* The same, and drops what is in it, as if that were done with. Raises: RuntimeError inside a
 * comparison of its items. */
TRV_API int trv_queue_shutdown_now(trv_object *queue);

/* An object whose attributes, set with trv_setattr, belong to the thread or coroutine that sets them:
 * no other sees them, and they end with it. A task starts without any. In a thread pool that is the
 * worker, and its later calls find them. */
TRV_API TRV_MUST_CHECK trv_object *trv_local_new(void);

TRV_END_DECLARATIONS

#endif
