/* SPDX-License-Identifier: MIT */
/*
 * The loop and its coroutines: what the files of this folder share.
 *
 * A loop belongs to one thread, which runs it on its own stack, in its own context (the *outer*
 * one). That context counts as parked as long as the loop runs, with operations of the loop, so
 * that cancelling a scope around trv_run reaches the loop.
 *
 *     loop.c       turns: safepoint, due timers, poll, then the ready queue; idling; waking
 *     coroutine.c  from one coroutine straight to the next; how a coroutine waits
 *     timers.c     a heap of deadlines
 *     fd.c         one uv_poll for each descriptor
 *     run.c        trv_run, trv_spawn
 *     pool.c       the executor
 *
 * Invariants. Everything here is guarded by the GIL, apart from libuv's own structures, which only
 * the loop's thread touches, and `is_outside`, which only it reads. A coroutine is in exactly one
 * of these states: running; ready (linked in `ready`); parked (context.is_parked, and in `timers`
 * if it has a deadline). What is in the ready queue will run; nothing there may fail. A call that
 * has not begun has no stack yet.
 */
#ifndef TRV_COROUTINES_LOOP_H
#define TRV_COROUTINES_LOOP_H

#include "stack/stack.h"
#include "task/task.h"

#include <uv.h>

struct trv__coroutine;

/* What the ready queue holds: a coroutine that may go on, or a call that has not begun. */
struct trv__ready {
    struct trv__list link;
    struct trv__future *future; /* of a call that has not begun; NULL in a coroutine */
};

_Static_assert(offsetof(struct trv__ready, link) == offsetof(struct trv__call, link) &&
                   offsetof(struct trv__ready, future) == offsetof(struct trv__call, future),
               "a call begins as a struct trv__ready does");

/* The control block of a coroutine; lies in the top page of its stack. */
struct trv__coroutine {
    struct trv__ready ready;
    struct trv__context context;
    struct trv__loop *loop;
    struct trv__call *call;   /* what it is to run; owned until it has begun */
    struct trv__future *task; /* of the call it runs; borrowed, NULL once that has ended */
    void *work;               /* the struct trv__coroutine_work whose call it is, or NULL */
    struct trv__list link;    /* in loop->coroutines */
    struct trv__coroutine *next_spare; /* while it is one */
    uint32_t timer;                    /* its place in loop->timers, from 1; 0: none */
    bool was_told;                     /* the loop ends and has cancelled it */
};

struct trv__timer {
    int64_t deadline_ns;
    struct trv__coroutine *coroutine;
};

/* The coroutines that wait for a deadline: a heap in which each entry has four below it. */
struct trv__timers {
    struct trv__timer *entries;
    uint32_t count, capacity;
};

/* What the loop keeps about descriptors. */
struct trv__polls {
    struct trv__poll **by_fd; /* NULL where nothing is kept */
    size_t capacity;
    size_t awaited;             /* coroutines that wait for a descriptor now */
    struct trv__list changed;   /* polls the kernel has not been told of yet */
    struct trv__list forgotten; /* by another thread; to be closed */
    struct trv__fd_keeper keeper;
};

/* How the loop's thread is idle, which says how to wake it. */
enum trv__idle {
    TRV__BUSY,   /* it is not */
    TRV__PARKED, /* as a thread: in the operations of threads */
    TRV__POLLING /* in libuv's poll */
};

struct trv__loop {
    struct trv__list ready;        /* struct trv__ready */
    int ticks;                     /* switches until the loop looks after the rest again */
    int turn_ticks;                /* how many a turn has; adapts to how long they take */
    struct trv__coroutine *spares; /* coroutines that have ended and may run another call */
    size_t spare_count;
    struct trv__stack *corpse; /* of a coroutine that has ended; released by who runs next */
    struct trv__stacks *stacks;
    struct trv__context *outer;
    struct trv__stack *stack; /* what the loop itself runs on */
    struct trv__thread *thread;
    struct trv__list coroutines; /* that have begun and not ended */
    size_t live;                 /* how many */
    size_t told;                 /* how many of these were told to end and have not */
    struct trv__timers timers;
    struct trv__polls polls;
    int64_t outer_deadline_ns; /* of the scopes around trv_run */
    trv_object *interrupt;     /* the exception of a signal that came meanwhile; owned, or NULL */
    bool was_cancelled;        /* those scopes were cancelled, and main was told */
    struct trv__future *main;  /* trv_run's call, or NULL; borrowed */
    int64_t turned_ns, polled_ns; /* when the last turn and the last poll were */
    unsigned visits;              /* turns, counted */
    uint8_t idle;                 /* enum trv__idle */
    bool is_outside;              /* the thread has given the GIL back to poll; its own */
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t timer;
};

extern const struct trv__context_operations trv__coroutine_operations;

/* loop.c --------------------------------------------------------------------------------------- */

/* 0, or -1 with OSError or MemoryError. Any thread. */
int trv__loop_init(struct trv__loop *loop);
/* Every coroutine has ended. By the thread that ran it, or if it never ran, any. */
void trv__loop_fini(struct trv__loop *loop);
/* Makes the calling thread's flow the loop's, and back. */
void trv__loop_enter(struct trv__loop *loop);
void trv__loop_leave(struct trv__loop *loop);
/* Runs coroutines until is_over(argument). */
void trv__loop_run(struct trv__loop *loop, bool (*is_over)(void *argument), void *argument);
/* Cancels what is left and runs until it has unwound. */
void trv__loop_unwind(struct trv__loop *loop);
/* Enters a call; it is the loop's from now on. */
void trv__loop_push(struct trv__loop *loop, struct trv__call *call);
/* The loop of the calling thread; NULL with RuntimeError naming who needs it. */
struct trv__loop *trv__loop_here(const char *who);
/* Ends the idling of the loop's thread, if it idles. */
void trv__loop_wake(struct trv__loop *loop);
/* What a callback of libuv begins with: takes the GIL if it was given back for the poll. */
void trv__loop_return(struct trv__loop *loop);

static inline void trv__loop_ready(struct trv__loop *loop, struct trv__ready *ready)
{
    trv__list_append(&loop->ready, &ready->link);
    if (UNLIKELY(loop->idle != TRV__BUSY))
        trv__loop_wake(loop);
}

/* coroutine.c ------------------------------------------------------------------------------------ */

static inline struct trv__coroutine *trv__coroutine_of(struct trv__context *context)
{
    return CONTAINER_OF(context, struct trv__coroutine, context);
}

/* A coroutine for a call, which is its own from now on. NULL if there is no memory for one; the call
 * is not touched and no exception set. */
struct trv__coroutine *trv__coroutine_create(struct trv__loop *loop, struct trv__call *call);
/* Runs a coroutine, which is in no queue, and those after it, until the loop is needed. By the loop. */
void trv__coroutine_resume(struct trv__loop *loop, struct trv__coroutine *coroutine);
/* Gives the spare ones' stacks back. By the loop, when nothing runs any more. */
void trv__coroutines_release(struct trv__loop *loop);
/* What its park waited for has not come: the deadline has. */
void trv__coroutine_timed_out(struct trv__coroutine *coroutine);

/* timers.c --------------------------------------------------------------------------------------- */

/* Room for that many, so that adding cannot fail. False when out of memory. */
bool trv__timers_reserve(struct trv__timers *timers, size_t count);
void trv__timers_add(struct trv__timers *timers, struct trv__coroutine *coroutine,
                     int64_t deadline_ns);
void trv__timers_remove(struct trv__timers *timers, struct trv__coroutine *coroutine);
static inline int64_t trv__timers_next(const struct trv__timers *timers)
{
    return timers->count ? timers->entries[0].deadline_ns : TRV__NEVER;
}

/* fd.c ------------------------------------------------------------------------------------------- */

void trv__polls_init(struct trv__loop *loop);
/* Closes all; libuv's callbacks are still to come. */
void trv__polls_close(struct trv__loop *loop);
void trv__polls_free(struct trv__loop *loop);
/* Closes what other threads have forgotten. */
void trv__polls_tidy(struct trv__loop *loop);
/* Looks at the descriptors that changed before libuv tells the kernel of them: it would abort at a
 * closed one. Returns whether there were any. */
bool trv__polls_check(struct trv__loop *loop);
/* The operation of coroutines. */
void trv__coroutine_wait_fd(struct trv__context *context, struct trv__fd_wait *wait,
                            int64_t deadline_ns);
/* Parks until unparked or the deadline; context->is_parked is set. */
void trv__coroutine_park(struct trv__context *context, int64_t deadline_ns);

/* pool.c ----------------------------------------------------------------------------------------- */

/* A call of a pool has ended, or was dropped because it was cancelled before it began. */
void trv__coroutine_work_done(void *work);

#endif
