/* SPDX-License-Identifier: MIT */
/*
 * The Global Interpreter Lock: its words, and how a thread stands in line for it. The essay is in
 * gil.c.
 */
#ifndef TRV_RUNTIME_GIL_H
#define TRV_RUNTIME_GIL_H

#include "base/base.h"
#include "base/list.h"
#include "runtime/chooser.h"
#include "runtime/turns.h"

#include <pthread.h>

struct trv__thread;

/* How eagerly a thread that returns from a wait asks for the lock. */
enum trv__haste {
    TRV__AT_ONCE, /* as soon as it stands in line */
    TRV__SOON, /* after 100 us: what woke it goes on making work for it, and is faster undisturbed */
    TRV__IN_TURN /* like a preempted thread: it is only wanted when the holder waits or has had its slice */
};

struct trv__gil_waiter {
    struct trv__list link; /* in gil.returning or gil.preempted, or one of gil.turns; gil.mutex */
    _Atomic uint32_t word; /* what it sleeps on; see gil.c; written under gil.mutex */
    int64_t queued_ns;     /* since when it stands in line; gil.mutex */
    int64_t held_since_ns; /* when its holding was first looked at, 0: not yet; the holder */
    int64_t slice_left_ns; /* of a preempted thread; the holder */
    bool is_returning;     /* it took the lock coming back from a wait; the holder */
    uint8_t haste;         /* enum trv__haste of its next taking; its waker, or itself */
};

struct trv__gil {
    _Atomic uint32_t state;     /* LOCKED, WAITERS; see gil.c */
    _Atomic uint32_t attention; /* TRV__ATTEND_* */
    struct trv__thread *_Atomic holder;
    pthread_mutex_t mutex;      /* guards what follows and the waiters' links */
    struct trv__list returning; /* threads back from a wait */
    struct trv__list preempted; /* threads that were made to give it up */
    struct trv__turns turns;    /* instead of the lines, under a seed */
    bool has_ended;             /* the runtime has: nobody gets the lock any more; mutex */
    struct trv__chooser *chooser;
    int64_t slice_ns;  /* constant */
    int64_t waited_ns; /* sum over all threads */
    uint64_t acquired, dropped;
};

void trv__gil_init(struct trv__gil *gil, struct trv__chooser *chooser, double slice);
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
/* At a safepoint: hands the lock to who is due, and comes back with it. */
void trv__gil_switch(struct trv__gil *gil, struct trv__thread *self);
/* Gives the turn to anyone who waits, and comes back. */
void trv__gil_reschedule(struct trv__gil *gil, struct trv__thread *self);

/* Around fork; see runtime.h. */
void trv__gil_before_fork(struct trv__gil *gil);
void trv__gil_after_fork(struct trv__gil *gil, struct trv__thread *only);

#endif
