/* SPDX-License-Identifier: MIT */
/*
 * The GIL under a seed: whose turn it is, decided by the chooser alone. The essay is in turns.c.
 *
 * gil.c hands over to these functions when the chooser is seeded; they mean what their namesakes
 * there mean. Everything is guarded by gil.mutex unless it says otherwise.
 */
#ifndef TRV_RUNTIME_TURNS_H
#define TRV_RUNTIME_TURNS_H

#include "base/base.h"
#include "base/list.h"

#include <poll.h>

struct trv__gil;
struct trv__thread;

/* How a thread stands to the GIL. */
enum trv__turn {
    TRV__ABSENT,   /* it never came, or left */
    TRV__HAS_TURN, /* it has the GIL, or was handed it */
    TRV__IN_LINE,  /* it wants the GIL: in `ready` */
    TRV__RESTING,  /* it is parked: in `sleepers` */
    TRV__WATCHING, /* it waits for descriptors: in `watchers` */
    TRV__OUTSIDE,  /* in pure C, and comes back by itself: in `ready`, too */
    TRV__AWAY      /* outside, but waits there for the world: in no line until it comes */
};

/* A thread's part. */
struct trv__turn_waiter {
    uint8_t turn;             /* enum trv__turn */
    _Atomic uint32_t is_here; /* it sleeps in this file, or runs; any thread may read it */
    int64_t deadline_ns;      /* of its rest or watch, virtual */
    struct pollfd *watched;   /* the descriptor it waits for, beside its own eventfd; or NULL */
};

struct trv__turns {
    struct trv__list ready;    /* in the order of their coming */
    struct trv__list sleepers; /* parked */
    struct trv__list watchers; /* in poll */
    size_t away;               /* threads for which the world decides when they come */
    bool is_taken;             /* somebody runs, or decides who does */
    unsigned looks;            /* safepoints, counted: descriptors are looked at now and then */
};

void trv__turns_init(struct trv__turns *turns);

bool trv__turns_take(struct trv__gil *gil, struct trv__thread *self);
void trv__turns_give(struct trv__gil *gil, struct trv__thread *self);
void trv__turns_leave(struct trv__gil *gil, struct trv__thread *self);
void trv__turns_switch(struct trv__gil *gil, struct trv__thread *self);
void trv__turns_reschedule(struct trv__gil *gil, struct trv__thread *self);

/* A thread is about to be started, and wants the GIL from now on; it could not be started. */
void trv__turns_expect(struct trv__gil *gil, struct trv__thread *thread);
void trv__turns_forget(struct trv__gil *gil, struct trv__thread *thread);

/* Rests until trv__turns_rouse or the virtual deadline. */
void trv__turns_rest(struct trv__gil *gil, struct trv__thread *self, int64_t deadline_ns);
/* Waits for a descriptor, until trv__turns_rouse or the deadline, and says what it is ready for.
 * Whether it is, or the deadline has come; without either and without trv__turns_rouse, somebody
 * else was faster: wait again. The thread has its eventfd. */
bool trv__turns_watch(struct trv__gil *gil, struct trv__thread *self, struct pollfd *watched,
                      int64_t deadline_ns);
/* A thread that rests or watches wants the GIL again. By the holder. */
void trv__turns_rouse(struct trv__gil *gil, struct trv__thread *thread);

/* A signal came for this thread: if it sleeps, it wakes and looks. In a signal handler. */
void trv__turns_nudge(struct trv__thread *thread);
/* The runtime ends, see trv__gil_end. With the mutex. */
void trv__turns_end(struct trv__gil *gil);

/* In a forked child: nobody else is there. */
void trv__turns_after_fork(struct trv__gil *gil, struct trv__thread *only);

#endif
