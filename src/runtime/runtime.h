/* SPDX-License-Identifier: MIT */
/*
 * struct trv_runtime: all state of a runtime, one member a module; and the thread states in it.
 *
 * Brought up in the order of the members of `struct trv_runtime`, taken down in the reverse.
 * Everything is guarded by the GIL unless a comment names another lock.
 *
 * Lock order: the GIL, then gil.mutex. Nobody waits for the GIL while holding a runtime lock.
 */
#ifndef TRV_RUNTIME_RUNTIME_H
#define TRV_RUNTIME_RUNTIME_H

#include "base/clock.h"
#include "base/list.h"
#include "object/object.h"
#include "runtime/chooser.h"
#include "runtime/gil.h"
#include "runtime/watchdog.h"
#include "stack/stack.h"

#include "trivet/runtime.h"
#include "trivet/wait.h"

#include <pthread.h>

struct trv__loop;
struct trv__pickle_registry;

struct trv__thread {
    struct trv__current current;   /* must be first: what lower floors see */
    struct trv__context context;   /* the thread's own flow of control */
    struct trv__gil_waiter gil;    /* how it stands in line for the GIL */
    struct trv__turn_waiter turns; /* the same under a seed */
    struct trv__list link;         /* in runtime->threads */
    pthread_t pthread;
    uint32_t attach_depth; /* trv_thread_attach calls not undone; its own thread only */
    bool is_main;
    bool was_started;            /* made by trv__thread_start, and joined by the runtime */
    bool is_daemon;              /* trv_fini does not wait for it; constant */
    void (*run)(void *argument); /* of a started thread */
    void *argument;
    char name[16];                 /* in the kernel, of a started or renamed thread; else "" */
    const void *_Atomic runs;      /* see watchdog.c; its own thread writes both, */
    const void *_Atomic came_from; /* and the watchdog reads them at any time */
    _Atomic uint32_t native_id;    /* the kernel's number; 0: it has not begun. Written by itself */
    trv_object *object;            /* what stands for it (src/threads/), owned; or NULL */
    void (*ended)(struct trv__thread *thread); /* tells the object, see trv__thread_ended */
    struct trv__stack stack; /* its own, once trv__context_stack was asked for it */
    struct trv__loop *loop;  /* the loop that runs on it, or NULL (src/coroutines/) */
    trv_scope outermost;     /* put around all its scopes to cancel it; see trv__context_cancel */
    bool (*has_nothing_to_do)(void *argument); /* from trv__rest_begin to trv__rest_end; or NULL */

    /* Parking (runtime/park.c). */
    _Atomic uint32_t park_word; /* 1 while it sleeps; written by itself, and by who unparks it */
    bool hears_signals;         /* it is the main one, and handles signals; its own */
    _Atomic int event_fd;       /* -1, or an eventfd that ends its poll */
    bool is_polling;            /* it waits in poll, not on park_word */
};

/* Work a module wants done when the runtime ends, before threads are waited for: shutting down what
 * keeps threads or processes going. Run last in, first out; and once more when the end becomes urgent
 * (runtime->is_urgent), if it is still linked: then what runs is to be stopped. */
struct trv__fini_hook {
    struct trv__list link;
    void (*run)(struct trv__fini_hook *hook);
};

/* A wait for a descriptor that is under way. */
struct trv__fd_wait {
    struct trv__list link; /* in runtime->fd_waits, if it is a thread that waits */
    struct trv__context *context;
    int fd;
    int events; /* wanted: TRV_READABLE, TRV_WRITABLE */
    int ready;  /* what it is ready for */
    int error;  /* errno, if waiting for it failed; EBADF when it was forgotten */
};

/* Who keeps something about descriptors between waits (loops), for trv_fd_forget. It ends the waits
 * of its own contexts with EBADF, and drops what it keeps. Called by any thread. */
struct trv__fd_keeper {
    struct trv__list link;
    void (*forget)(struct trv__fd_keeper *keeper, int fd);
};

/* What is known of waits that no deadline ends (wait/deadlock.c). */
struct trv__standstill {
    size_t threads; /* attached, or started and not ended */
    size_t asleep;  /* of these, parked without a deadline, or with nothing to do */
    _Atomic size_t
        helpers;        /* threads of the library that are not attached; add before such a thread
                               is created, and subtract before it ends */
    size_t in_flight;   /* pieces of work that such threads were given and have not handed back; and
                           whatever else may wake somebody at any time (signals that are delivered) */
    int64_t foreign_ns; /* when foreign threads were last seen */
    bool is_child;      /* of a fork: what ran in other threads has vanished */
};

/* Signals (runtime/signals.c). */
#define TRV__SIGNALS 64
struct trv__signals {
    _Atomic uint64_t pending;                        /* bit n - 1: signal n came; set by handlers */
    struct trv__signal *by_number[TRV__SIGNALS + 1]; /* what handles it, or NULL */
    size_t others;    /* handled by something else than trv_interrupt, which might wake anybody */
    trv_object *late; /* an exception for the next safepoint, owned; or NULL */
};

struct trv_runtime {
    struct trv__chooser chooser;
    struct trv__gil gil;
    struct trv__watchdog *watchdog; /* or NULL */
    struct trv__heap *heap;
    struct trv__stacks stacks; /* made when first asked for, see trv__runtime_stacks */
    bool has_stacks;
    struct trv__objects objects;
    struct trv__thread *main_thread;
    struct trv__list threads; /* all attached ones */
    pthread_key_t attached;   /* a foreign thread's state, so that its end detaches it */
    struct trv__standstill standstill;
    struct trv__list finished;   /* started threads that have ended and must be joined */
    struct trv__context *ending; /* trv_fini, waiting for started threads to end, or NULL */
    size_t started;              /* started threads that have not ended, but for daemons */
    size_t stack_bytes;          /* of threads that are started without a wish; 0: the system's */
    trv_object *thread_hook; /* called with what ends threads (src/threads/); NULL: the default */
    size_t threads_named;    /* how many got a name for want of one (src/threads/) */
    struct trv__pickle_registry *pickle_registry; /* what pickles may name and call; or NULL */
    struct trv__signals signals;
    struct trv__list fini_hooks;
    struct trv__list fd_waits;
    struct trv__list fd_keepers;
    void *io_scratch;         /* where reads arrive first; made when needed (src/io/) */
    bool has_loops;           /* or had: libuv has been there, and has handlers of forks */
    bool held_standard[3];    /* which of descriptors 0 to 2 are open only for a fork */
    bool is_ending;           /* trv_fini has begun: no new threads, no new pools */
    bool is_urgent;           /* it does not wait for what runs, but cancels it */
    bool was_interrupted;     /* trv_fini was, while it waited */
    bool was_left;            /* it has ended, and threads are left behind; see fini.c */
    uint8_t fini_policy;      /* TRV_FINI_*; constant, as the next */
    double fini_timeout;      /* seconds; 0: none */
    _Atomic uint32_t holders; /* thread states, and trv_init: the last to let go frees everything */
    bool is_worker;           /* this process is a worker of a process pool */
    pid_t pid;                /* the process it was initialised in, or forked into */
};

static inline struct trv_runtime *trv__runtime(void)
{
    return trv__current->runtime;
}

static inline struct trv__thread *trv__thread_self(void)
{
    return (struct trv__thread *)trv__current;
}

/* A thread's name in reports, which is never empty. */
static inline const char *trv__thread_name(const struct trv__thread *thread)
{
    return thread->name[0] ? thread->name : thread->is_main ? "main" : "thread";
}

/* The runtime's clock: the real one, or virtual under a seed. */
static inline int64_t trv__now_ns(void)
{
    return trv__chooser_now_ns(&trv__runtime()->chooser);
}

/* The end (runtime/fini.c) ------------------------------------------------------------------------ */

/* Keeps the memory of a runtime, and gives it up. Any thread, with or without the GIL. */
void trv__runtime_hold(struct trv_runtime *runtime);
void trv__runtime_let_go(struct trv_runtime *runtime);
/* The calling thread came for the GIL of a runtime that has ended. */
_Noreturn void trv__thread_hang(struct trv__thread *self);
/* Cancels all that a context does: `outermost` becomes the scope around all its scopes, once.
 * Implemented by wait/park.c. */
void trv__context_cancel(struct trv__context *context, trv_scope *outermost);

/* Drops all that was registered for pickles. Implemented by pickle/registry.c. */
void trv__pickle_registry_drop(struct trv_runtime *runtime);

/* Threads (runtime/thread.c) ---------------------------------------------------------------------- */

/* The least stack that a thread can be asked to have. */
#define TRV__STACK_LEAST ((size_t)65536)

struct trv__thread_spec {
    void (*run)(void *argument);
    void *argument;
    const char *name;   /* cut to what the kernel takes; NULL: none */
    size_t stack_bytes; /* 0: the runtime's */
    bool is_daemon;
    trv_object *object; /* what stands for it, or NULL; and who is told when it has ended */
    void (*ended)(struct trv__thread *thread);
};

/* Starts a thread that runs run(argument) with the GIL held and then ends; the runtime joins it. It
 * is not used before the caller gives the GIL back. NULL with RuntimeError, OSError or MemoryError. */
struct trv__thread *trv__thread_launch(const struct trv__thread_spec *spec);
/* The same for a thread that nobody knows. 0 or -1. */
int trv__thread_start(void (*run)(void *argument), void *argument, const char *name,
                      size_t stack_bytes);
/* The thread, which may be any that is attached, bears a new name in the kernel. */
void trv__thread_rename(struct trv__thread *thread, const char *name);
/* Tells a thread's object that the thread has ended. Called by the thread itself; or, in a forked
 * child, by the one that is left, of those that did not come along. */
void trv__thread_ended(struct trv__thread *thread);
/* Tells it, if that was not done, and drops it. */
void trv__thread_drop_object(struct trv__thread *thread);
/* Prepares a thread state for the calling thread, which holds the runtime; does not take the GIL.
 * NULL: out of memory. */
struct trv__thread *trv__thread_create(struct trv_runtime *runtime);
void trv__thread_destroy(struct trv__thread *thread);
/* Joins started threads that have ended. */
void trv__threads_reap(struct trv_runtime *runtime);
/* The destructor of runtime->attached: a foreign thread ended without having detached itself. */
void trv__thread_detach_late(void *thread);
/* The runtime that foreign threads enter: the first one opened and not closed. Nobody is on the way in
 * once it is closed. */
void trv__thread_open_entrance(struct trv_runtime *runtime);
void trv__thread_close_entrance(struct trv_runtime *runtime);
/* In a forked child: nobody is on the way in; and if `is_outside`, there is no runtime to enter. */
void trv__thread_reset_entrance(bool is_outside);
/* The address below which this thread's stack is too low. */
char *trv__thread_stack_limit(void);

/* Contexts ---------------------------------------------------------------------------------------- */

/* Visits each coroutine of a loop, the newest first, until an answer is false, which is then returned.
 * Implemented by coroutines/loop.c. */
bool trv__loop_each(struct trv__loop *loop, bool (*visit)(struct trv__context *, void *argument),
                    void *argument);

/* The locks of a task that ends stay taken, and whoever waits for them is told. Implemented by
 * sync/lock.c. */
void trv__locks_abandon(struct trv__context *context);
/* What a task that ends has in local objects is dropped. Implemented by sync/local.c. */
void trv__locals_drop(struct trv__context *context);
/* Gives up what a task still has when it ends. */
static inline void trv__context_end(struct trv__context *context)
{
    trv_clear(&context->error);
    trv_clear(&context->handled);
    context->has_ended = 1;
    if (UNLIKELY(context->held != NULL))
        trv__locks_abandon(context);
    if (UNLIKELY(context->locals != NULL))
        trv__locals_drop(context);
}

/* How a kind of context waits. Called with the GIL held, which is held again on return. */
struct trv__context_operations {
    /* Waits until context->is_parked is 0 or the deadline has passed. The context is the calling one. */
    void (*park)(struct trv__context *context, int64_t deadline_ns);
    /* context->is_parked has just become 0: makes it go on. Any thread. Cannot fail. */
    void (*unpark)(struct trv__context *context);
    /* Like park, until wait->fd is ready as well: wait->ready is then set. Errors in wait->error. */
    void (*wait_fd)(struct trv__context *context, struct trv__fd_wait *wait, int64_t deadline_ns);
    /* Lets others run and comes back. */
    void (*reschedule)(struct trv__context *context);
    /* An exception of a signal's handler is pending in whichever context of the thread runs: whether it
     * was taken over. NULL: it is not. Of the thread's own context only. */
    bool (*interrupt)(struct trv__context *context);
};

extern const struct trv__context_operations trv__thread_operations;

static inline bool trv__context_is_coroutine(const struct trv__context *context)
{
    return context->operations != &trv__thread_operations;
}

/* Standstill (wait/deadlock.c) --------------------------------------------------------------------- */

/* All threads are asleep, or have just been woken: if nothing can ever wake one again, somebody who
 * waits gets DeadlockError. Called with the GIL held. */
void trv__standstill_reached(struct trv_runtime *runtime);
/* One thread more or less. */
void trv__standstill_thread_begins(struct trv_runtime *runtime);
void trv__standstill_thread_ends(struct trv_runtime *runtime);
/* A thread of the library is about to give the GIL back and to wait outside for something that only
 * other threads can give it to do; and is back. Whether they have is asked of has_nothing_to_do, with
 * the argument of the thread: what was given may not have reached it yet. */
void trv__rest_begin(bool (*has_nothing_to_do)(void *argument));
void trv__rest_end(void);
/* In a forked child: only the calling thread is left. */
void trv__standstill_after_fork(struct trv_runtime *runtime);

/* The calling thread parks without a deadline, and is back. */
static inline void trv__standstill_sleeps(struct trv_runtime *runtime)
{
    if (UNLIKELY(++runtime->standstill.asleep == runtime->standstill.threads))
        trv__standstill_reached(runtime);
}
static inline void trv__standstill_wakes(struct trv_runtime *runtime)
{
    runtime->standstill.asleep--;
}

/* Whether this is the flow of a thread that is in trv_run, or that of a coroutine pool. */
static inline bool trv__runs_loop(const struct trv__context *context)
{
    return context == &context->thread->context && context->thread->loop;
}

/* Signals (runtime/signals.c) ---------------------------------------------------------------------- */

/* SIGINT raises KeyboardInterrupt, if nobody else handles it. 0, or -1 with an exception. */
int trv__signals_init(void);
/* Puts back what was there before. */
void trv__signals_fini(struct trv_runtime *runtime);
/* In a child that has reset its signals itself: nothing is handled. */
void trv__signals_abandon(struct trv_runtime *runtime);
/* In any child: nothing is pending. */
void trv__signals_after_fork(struct trv_runtime *runtime, struct trv__thread *self);
/* Whether something came that this thread is to handle: asked after its sleep was made known. */
bool trv__signals_are_due(const struct trv__thread *self);
/* Runs what handles the signals that came. 0, or -1 with an exception. */
int trv__signals_deliver(void);
/* The same for a context that was woken from a wait, perhaps for this. Whether it waits on. */
bool trv__signals_interrupt(struct trv__context *context);

/* Fork (runtime/fork.c) ---------------------------------------------------------------------------- */

/* Has every fork of this program seen to; called once, when the library is loaded. In the child of a
 * thread that holds the GIL that thread is the only one, the main one, and holds the GIL. */
void trv__watch_forks(void);

#endif
