/* SPDX-License-Identifier: MIT */
/*
 * The Global Interpreter Lock: its words, and how a thread stands in line for it. The essay is in
 * gil.c; what happens under a seed is in turns.c.
 *
 * Everything here is guarded by the GIL itself, unless a comment names gil.mutex, or says who writes
 * it. A field that is the holder's is read by the next holder, and by nobody else.
 */
#ifndef TRV_RUNTIME_GIL_H
#define TRV_RUNTIME_GIL_H

#include "base/base.h"
#include "base/list.h"
#include "runtime/chooser.h"
#include "runtime/turns.h"

#include <pthread.h>

/* The flags in gil.state; see gil.c. */
enum { TRV__GIL_WAITERS = 1, TRV__GIL_SLOWLY = 2, TRV__GIL_FLAGS = 3 };

/* How eagerly a thread that returns from a wait asks for the lock. */
enum trv__haste {
    TRV__AT_ONCE, /* as soon as it stands in line */
    TRV__SOON, /* after 100 us: what woke it goes on making work for it, and is faster undisturbed */
    TRV__IN_TURN /* like a preempted thread: it is only wanted when the holder waits or has had its slice */
};

/* What a thread, or all threads together, had of the lock. Written by the holder. */
struct trv__gil_account {
    int64_t waited_ns;  /* stood in line */
    int64_t blocked_ns; /* held it while others stood in line */
    int64_t held_ns;    /* held it; counted only if gil.is_timed */
    int64_t longest_ns; /* the longest holding; counted only if gil.is_timed */
    uint64_t acquired;  /* times it was taken after standing in line */
    uint64_t dropped;   /* times it was given up at a safepoint */
};

struct trv__gil_waiter {
    struct trv__list link; /* in gil.returning or gil.preempted, or one of gil.turns; gil.mutex */
    _Atomic uint32_t word; /* what it sleeps on; see gil.c; written under gil.mutex */
    int64_t queued_ns;     /* since when it stands in line; gil.mutex */
    int64_t held_since_ns; /* when its holding began, 0: it was not timed; the holder */
    int64_t slice_left_ns; /* of a preempted thread; the holder */
    bool has_asked;    /* it sleeps without a time limit, and relies on its request; gil.mutex */
    bool is_returning; /* it has the precedence of one that comes back from a wait; the holder */
    bool was_kept_out; /* it was granted the lock, but not by another preempted one; gil.mutex */
    uint8_t haste;     /* enum trv__haste of its next taking; its waker, or itself */
    struct trv__gil_account account;
};

struct trv__gil {
    _Atomic uintptr_t state;    /* the holder's struct trv__thread or 0, and flags; see gil.c */
    _Atomic uint32_t attention; /* TRV__ATTEND_* */
    _Atomic uint64_t beats; /* if is_timed: takings, and safepoints under a watchdog; the holder */
    pthread_mutex_t mutex;  /* guards what follows and the waiters' links */
    struct trv__list returning;   /* threads back from a wait */
    struct trv__list preempted;   /* threads that were made to give it up */
    struct trv__turns turns;      /* instead of the lines, under a seed */
    bool has_ended;               /* the runtime has: nobody gets the lock any more */
    int64_t charged_ns;           /* up to when the holder's use has been charged */
    int64_t debt_ns;              /* what returning threads owe the preempted ones */
    bool is_due;                  /* it is being paid: returning threads have no precedence */
    struct trv__chooser *chooser; /* constant */
    int64_t slice_ns;             /* constant */
    bool is_timed;                /* constant: every holding is timed */
    bool may_spin;                /* there is more than one processor; set once, by who inits it */
    struct trv__gil_account account; /* of all threads, also those that ended; the holder */
};

void trv__gil_init(struct trv__gil *gil, struct trv__chooser *chooser, double slice, bool is_timed);
void trv__gil_fini(struct trv__gil *gil);

/* Takes the lock, as a thread that returns from a wait. Does not return if the runtime has ended. */
void trv__gil_take(struct trv__gil *gil, struct trv__thread *self);
/* The same for one that can do without. False if the runtime has ended. */
bool trv__gil_try_enter(struct trv__gil *gil, struct trv__thread *self);
/* The runtime ends: the holder keeps the lock for ever, and who stands in line is sent away. */
void trv__gil_end(struct trv__gil *gil);
/* Gives it back of one's own will. */
void trv__gil_give(struct trv__gil *gil, struct trv__thread *self);
/* Gives it back for ever: the thread ends or detaches. */
void trv__gil_leave(struct trv__gil *gil, struct trv__thread *self);
/* The holder has come past a safepoint, or has just got the lock. */
static inline void trv__gil_beat(struct trv__gil *gil)
{
    atomic_store_explicit(&gil->beats, atomic_load_explicit(&gil->beats, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}
/* At a safepoint: hands the lock to who is due, and comes back with it. */
void trv__gil_switch(struct trv__gil *gil, struct trv__thread *self);
/* Gives the turn to anyone who waits, and comes back. */
void trv__gil_reschedule(struct trv__gil *gil, struct trv__thread *self);
/* The holder, or NULL. Whoever holds gil.mutex may look at it: it cannot end meanwhile. */
struct trv__thread *trv__gil_holder(const struct trv__gil *gil);

/* For turns.c, with the mutex. Who holds the lock from now on; NULL is nobody. */
void trv__gil_set_holder(struct trv__gil *gil, struct trv__thread *thread);
/* What a thread has of it: it has just got it, is about to lose it, gives it up at a safepoint. */
void trv__gil_began(struct trv__gil *gil, struct trv__thread *self);
void trv__gil_ended(struct trv__gil *gil, struct trv__thread *self, int64_t now_ns);
void trv__gil_count_dropped(struct trv__gil *gil, struct trv__thread *self);

/* Around fork; see runtime.h. */
void trv__gil_before_fork(struct trv__gil *gil);
void trv__gil_after_fork(struct trv__gil *gil, struct trv__thread *only);

#endif
