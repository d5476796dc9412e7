/* SPDX-License-Identifier: MIT */
/*
 * Futures and the executor interface, as the legs see them.
 *
 * A future goes PENDING -> RUNNING -> FINISHED, or from either to CANCELLED; it is completed once,
 * and completing it wakes its waiters and runs its callbacks. Everything under the GIL.
 *
 * A leg is a type derived from trv__executor_type, whose struct begins with struct trv__executor.
 * It makes a struct trv__call for each submission (future, callable, arguments), keeps it until a
 * worker takes it, and the worker gives it to trv__call_run, which does the rest the same way on
 * every leg that shares the heap: the cancel scope around the call, the task of the context, the
 * outcome into the future.
 */
#ifndef TRV_TASK_TASK_H
#define TRV_TASK_TASK_H

#include "wait/park.h"

#include "trivet/executor.h"

enum trv__future_state { TRV__PENDING, TRV__RUNNING, TRV__FINISHED, TRV__CANCELLED_FUTURE };

struct trv__future {
    TRV__HEAD;
    uint8_t state;            /* enum trv__future_state */
    bool was_observed;        /* someone has seen its outcome: an exception need not be reported */
    bool cancel_requested;    /* its running call was told to stop */
    trv_object *result;       /* FINISHED: the result, or NULL if there is an exception */
    trv_object *exception;    /* FINISHED: the exception, or NULL */
    trv_object *callbacks;    /* a list, or NULL */
    struct trv__list waiters; /* who waits for this one: struct trv__waiter */
    struct trv__list watches; /* who waits for this one among others: struct trv__watch, watch.h */
    trv_object *callable;    /* while its call runs, or is in a worker: borrowed from it; or NULL */
    struct trv_scope *scope; /* around its running call, in the context that runs it; or NULL */
    /* Tells the leg to stop a call: 1 if told, 0 if it cannot. NULL: only through `scope`. A leg
     * that revokes a call which has not begun cancels the future itself with trv__future_cancelled. */
    int (*cancel)(struct trv__future *future);
    /* Someone is about to wait for it without a deadline; `is_alone`: for nothing else. A leg whose
     * call nobody else would begin runs it in the calling context, one that knows a better way to
     * wait may do so. 1 if the future is done now, 0 if it must be waited for, -1 with an exception
     * that ends the wait. NULL: never. */
    int (*help)(struct trv__future *future, bool is_alone);
    /* As struct trv_type's, of a call that has not begun: the workers, if one of these has to be free
     * first. NULL: not known. */
    const char *(*enders)(struct trv__future *future, trv__ender_visit *visit, void *argument);
    /* Whether its call has begun, where only the leg can tell. NULL: `state` says so. */
    bool (*has_begun)(const struct trv__future *future);
    void *leg; /* the leg's own */
};

TRV__SHARED struct trv_type trv__future_type, trv__executor_type;

struct trv__future *trv__future_create(void);
static inline bool trv__future_is_done(const struct trv__future *future)
{
    return future->state >= TRV__FINISHED;
}
/* PENDING -> RUNNING. False if it was cancelled meanwhile: do not run the call. */
bool trv__future_start(struct trv__future *future);
/* Completes it, taking over the reference. Nothing happens (the reference is dropped) if it is done. */
void trv__future_finish_take(struct trv__future *future, trv_object *result);
void trv__future_fail_take(struct trv__future *future, trv_object *exception);
void trv__future_cancelled(struct trv__future *future);
/* Completes it with `result`, or with the pending exception if result is NULL (CancelledError
 * makes it CANCELLED). Takes over both. */
void trv__future_settle_take(struct trv__future *future, trv_object *result);

/* Waits until it is done. 1 done, 0 not by the deadline, -1 with an exception. `what` names the
 * caller's call in messages. */
int trv__future_wait(struct trv__future *future, int64_t deadline_ns, const char *what,
                     const void *at);
/* The result of a future that is done, or NULL with its exception set. Counts as seeing it. */
trv_object *trv__future_outcome(struct trv__future *future);
/* The future behind an object, or NULL with TypeError. */
static inline struct trv__future *trv__future_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__future_type, function) ? (struct trv__future *)(void *)object
                                                            : NULL;
}

/* A call on its way to a worker. A plain block, linked in the leg's queue. */
struct trv__call {
    struct trv__list link;
    struct trv__future *future; /* owned */
    trv_object *callable;       /* owned */
    trv_object *arguments;      /* a tuple; owned */
    trv_object *keywords;       /* a dict or NULL; owned */
    void *leg;                  /* the leg's own */
};

/* A call and its future, from what was submitted; takes over both references, also when it fails.
 * NULL with an exception. */
struct trv__call *trv__call_create_take(trv_object *callable, trv_object *arguments,
                                        trv_object *keywords);
/* The same from what trv_submit_array is given. */
struct trv__call *trv__call_create(trv_object *callable, trv_object *const *items, size_t count,
                                   trv_object *keywords);
/* Drops a call. Its future must be done or belong to somebody else by now. */
void trv__call_drop(struct trv__call *call);
/* Runs a call in the calling context, settles its future and drops the call. Nothing is pending
 * afterwards. A call whose future was cancelled is only dropped. May switch. */
void trv__call_run(struct trv__call *call);

struct trv__executor;

struct trv__executor_operations {
    /* Hands a call over. The executor owns it from now on, also if this fails (-1, exception; the
     * future is then settled by nobody: the caller drops it). May block where a queue is full. */
    int (*submit_take)(struct trv__executor *executor, struct trv__call *call);
    /* No more calls are accepted (the caller has seen to that). Waits until those it has are done
     * and its workers gone, unless told otherwise. 0, or -1 with TimeoutError or CancelledError. */
    int (*shutdown)(struct trv__executor *executor, bool wait, bool cancel_pending,
                    int64_t deadline_ns);
    /* How many calls run at once. */
    size_t (*workers)(struct trv__executor *executor);
    /* Appends the futures of calls that have begun to a list. 0 or -1. NULL: there are never any. */
    int (*list_running)(struct trv__executor *executor, trv_object *list);
    /* What map calls for several items at once, unasked: see chunk.h. NULL: it does not. */
    trv_object *chunk;
};

struct trv__executor {
    TRV__HEAD;
    const struct trv__executor_operations *operations;
    bool is_shut_down; /* accepts nothing more */
};

/* Slots of every leg's type: TRV_WITH, and calling the type raises TypeError. */
int trv__executor_enter(trv_object *self);
int trv__executor_exit(trv_object *self, trv_object *exception);
trv_object *trv__executor_construct(const struct trv_type *type, const trv_args *args);

/* Raises TimeoutError naming what still runs. Returns -1. */
int trv__executor_raise_late(struct trv__executor *executor);
/* 0, or -1 with RuntimeError once it was shut down. */
int trv__executor_check_open(const struct trv__executor *executor);
/* Whether an executor runs each call within trv_submit. */
bool trv__executor_is_inline(const struct trv__executor *executor);

#endif
