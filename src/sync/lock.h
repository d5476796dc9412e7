/* SPDX-License-Identifier: MIT */
/*
 * The lock and the rlock, as a condition sees them: one struct, which differ in what happens when
 * the owner takes it again.
 *
 * A lock belongs to a task: a thread's own flow of control, or a coroutine. A lock that is free has
 * no waiter that still waits, because it is handed over on release: nobody can take it in between.
 *
 * A context knows the locks it holds: context->held, linked through `next` and `link`. So a lock
 * never points to a task that has ended. What such a task left taken belongs to trv__nobody, and
 * waiting for it is a DeadlockError.
 */
#ifndef TRV_SYNC_LOCK_H
#define TRV_SYNC_LOCK_H

#include "wait/park.h"

#include "trivet/sync.h"

struct trv__lock {
    TRV__HEAD;
    struct trv__context *owner; /* NULL: free */
    size_t depth;               /* how often its owner has taken it; above 1 in an rlock only */
    struct trv__lock *next,
        **link; /* the next older one its owner holds; what points to this one */
    struct trv__list waiters;
};

TRV__SHARED struct trv_type trv__lock_type, trv__rlock_type;

/* Whose the locks are that a task had when it ended. */
TRV__SHARED struct trv__context trv__nobody;

/* A new lock or rlock. */
trv_object *trv__lock_create(const struct trv_type *type);
static inline bool trv__is_lock(const trv_object *object)
{
    return object->type == &trv__lock_type || object->type == &trv__rlock_type;
}

/* 1 taken, 0 not by the deadline, -1 with an exception. `what` names the caller's call, `at` is its
 * place, for reports. */
int trv__lock_take(struct trv__lock *lock, int64_t deadline_ns, const char *what, const void *at);
/* The same with a timeout, 0 to try. */
int trv__lock_acquire(struct trv__lock *lock, double timeout, const char *what, const void *at);
/* Hands a lock, which the calling context holds, to the first in line, whatever its depth. */
void trv__lock_hand_over(struct trv__lock *lock);
/* Undoes one taking. -1 with RuntimeError if the calling context does not hold it. */
int trv__lock_release(struct trv__lock *lock);
/* 0 if the calling context holds it, or -1 with RuntimeError "cannot <what> ...". */
int trv__lock_is_mine(const struct trv__lock *lock, const char *what);

/* The slots that both types have. */
int trv__lock_enter(trv_object *self);
int trv__lock_exit(trv_object *self, trv_object *exception);
void trv__lock_destroy(trv_object *self);
const char *trv__lock_enders(trv_object *self, trv__ender_visit *visit, void *argument);
TRV__SHARED const struct trv__method trv__lock_methods[];

#endif
