/* SPDX-License-Identifier: MIT */
/*
 * Thread objects, as thread.c, timer.c, known.c and hook.c share them.
 *
 * NEW -> STARTED -> ENDED. While it is STARTED, its struct trv__thread holds a reference to it, so
 * `thread` is valid exactly then; an object that was made for a thread which runs already (the main
 * one, foreign ones, those of pools) begins as STARTED. All of it is guarded by the GIL.
 *
 * What a thread runs is a struct trv__call with a future, as in every executor: so cancelling,
 * results and trv_current_task are the same in a thread as in a pool.
 */
#ifndef TRV_THREADS_THREAD_H
#define TRV_THREADS_THREAD_H

#include "task/task.h"

#include "trivet/thread.h"

enum trv__thread_state { TRV__NEW, TRV__STARTED, TRV__ENDED };

struct trv__thread_object {
    TRV__HEAD;
    uint8_t state; /* enum trv__thread_state */
    bool is_daemon;
    struct trv__thread *thread; /* STARTED: whom it stands for */
    struct trv__call *call;     /* until it begins; owned, or NULL */
    struct trv__future
        *future;              /* of the call; owned, or NULL: made for a thread that ran already */
    trv_object *name;         /* a str */
    struct trv__list joiners; /* struct trv__waiter */
    size_t stack_bytes;       /* asked for; 0: the runtime's */
    void (*run)(void *self);  /* what its thread does */
    int64_t started_ns;       /* on the runtime's clock */
    uint64_t ident;           /* ENDED: as they were; 0: it never ran */
    uint32_t native_id;
};

TRV__SHARED struct trv_type trv__thread_type, trv__timer_type;

/* The object as one of the type or of timers, or NULL with TypeError. */
static inline struct trv__thread_object *trv__thread_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__thread_type, function)
               ? (struct trv__thread_object *)(void *)object
               : NULL;
}

/* Whether a callable is one; if not, an exception is set. */
bool trv__thread_may_run(trv_object *callable, const char *who);
/* A new thread of a type whose instances are of `size` and begin with struct trv__thread_object;
 * the rest is zeroed. Takes over the call; NULL with an exception, and the call is dropped. */
struct trv__thread_object *trv__thread_object_new(const struct trv_type *type, size_t size,
                                                  struct trv__call *call,
                                                  const trv_thread_options *options);
/* Runs the call and reports what it raises: what a thread does, and a timer in the end. */
void trv__thread_run_call(struct trv__thread_object *self);
/* The slots, which timers share. */
int trv__thread_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__thread_clear(trv_object *self);
trv_object *trv__thread_repr(trv_object *self);
const char *trv__thread_enders(trv_object *self, trv__ender_visit *visit, void *argument);
int trv__thread_setattr(trv_object *self, const char *name, trv_object *value);

/* Its thread has ended: joiners go on. */
void trv__thread_object_ended(struct trv__thread *thread);

/* The object of a thread that runs, made if there is none. Borrowed, or NULL with MemoryError. */
struct trv__thread_object *trv__thread_known(struct trv__thread *thread); /* known.c */

/* A call has ended with an exception: tells the hook. */
void trv__thread_report(struct trv__thread_object *self, trv_object *exception); /* hook.c */

#endif
