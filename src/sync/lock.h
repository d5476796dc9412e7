/* SPDX-License-Identifier: MIT */
/*
 * The lock, as a condition sees it.
 *
 * A lock belongs to a context: a thread's own flow of control, or a coroutine. A lock that is free has
 * no waiter that still waits, because it is handed over on release: nobody can take it in between.
 */
#ifndef TRV_SYNC_LOCK_H
#define TRV_SYNC_LOCK_H

#include "wait/park.h"

#include "trivet/sync.h"

struct trv__lock {
    TRV__HEAD;
    struct trv__context *owner; /* NULL: free. Compared only: its context may have ended */
    struct trv__list waiters;
};

extern struct trv_type trv__lock_type;

/* 1 taken, 0 not by the deadline, -1 with an exception. `what` names the caller's call. */
int trv__lock_take(struct trv__lock *lock, int64_t deadline_ns, const char *what);
/* Hands the lock, which the calling context holds, to the first in line. */
void trv__lock_hand_over(struct trv__lock *lock);
/* 0 if the calling context holds it, or -1 with RuntimeError "cannot <what> ...". */
int trv__lock_is_mine(const struct trv__lock *lock, const char *what);

#endif
