/* SPDX-License-Identifier: MIT */
/*
 * Starting and ending the runtime, and its lock.
 *
 * One thread at a time holds the Global Interpreter Lock (GIL); only it may touch objects. trv_init
 * leaves it held by the calling thread, which is the main thread of the runtime. A thread that was
 * not made by Trivet enters with trv_thread_attach and leaves with trv_thread_detach. Nothing
 * happens uninvited: trv_init starts no thread and no process and installs no signal handler.
 *
 * fork(): the child of a thread that holds the GIL has the objects and that one thread, which is its
 * main thread; it can make pools of its own, those of its parent raise RuntimeError. Inside a
 * coroutine, a pool's call or trv_run it ends with _exit. The child of a thread without the GIL can only
 * exec or _exit.
 *
 * Environment: TRIVET_SEED=n makes every scheduling decision from a seeded generator and time
 * virtual; TRIVET_SCHEDULE=file follows a schedule, TRIVET_TRACE=file writes down what was decided
 * (doc/explore.md). TRIVET_FINI_TIMEOUT=seconds limits how long trv_fini waits for threads.
 * TRIVET_WATCHDOG=seconds reports who holds the GIL for longer than that without a safepoint.
 */
#ifndef TRIVET_RUNTIME_H
#define TRIVET_RUNTIME_H

#include <trivet/function.h>
#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* What trv_fini does with threads that still run. */
enum {
    TRV_FINI_WAIT,  /* waits for them */
    TRV_FINI_CANCEL /* cancels them, so that their blocking calls raise CancelledError; then waits */
};

typedef struct trv_config {
    size_t size;            /* sizeof (trv_config) */
    double switch_interval; /* seconds a thread keeps the GIL while others ask; 0: 0.005 */
    const char *seed;       /* instead of TRIVET_SEED; NULL: look there; "": no seed */
    void *(*allocate)(size_t size_bytes); /* instead of malloc, with the next two */
    void *(*reallocate)(void *block, size_t size_bytes);
    void (*release)(void *block);
    int fini_policy;     /* TRV_FINI_WAIT or TRV_FINI_CANCEL */
    double fini_timeout; /* seconds it waits for threads; 0: TRIVET_FINI_TIMEOUT, or for ever */
    int lock_times;      /* nonzero: time every holding of the GIL, for trv_lock_stats.held */
    int handle_signals;  /* 1: SIGINT raises KeyboardInterrupt, unless it is ignored or handled */
    double watchdog; /* seconds the GIL may be held without a safepoint before that is reported; 0:
                        TRIVET_WATCHDOG, or as long as it likes; below 0: that in any case */
} trv_config;

/* Starts the runtime; the caller becomes its main thread and holds the GIL. NULL for defaults.
 * Returns: 0, or -1 with errno set (EINVAL: bad config or seed; EALREADY: it runs already). GIL: not held. */
TRV_API TRV_MUST_CHECK int trv_init(const trv_config *config);
/* Ends the runtime: shuts pools down, which cancels their calls; waits for the threads and processes it
 * has started, as the configuration says; frees every object. A signal's exception (trv_signal_handle)
 * while it waits makes it cancel them, and a second one makes it wait no longer. Threads that have not
 * ended by then are named on standard error.
 * Those, daemon threads and foreign threads are left behind safely: they go on without the GIL, and
 * sleep for ever when they come for it; what they may use is freed after the last of them.
 * Call it on the main thread, outside of any coroutine and callback; elsewhere it does nothing. Blocks. May switch. */
TRV_API void trv_fini(void);
/* Whether the calling thread is in a runtime that is initialised. Returns: 1 or 0. GIL: not needed. */
TRV_API int trv_is_initialized(void);
/* Runs a program: trv_init, trv_call(function) with as many strs of argv[1...] as its signature
 * takes, trv_error_print if it failed, trv_fini.
 * Returns: the exit status: an int result, 0 for any other, 1 for an exception (SystemExit gives
 * its own, KeyboardInterrupt 130 and threads are cancelled). GIL: not held. Blocks. */
TRV_API int trv_main(trv_object *function, int argc, char **argv);

/* Makes the calling thread one of the runtime's and takes the GIL; nested calls count.
 * Returns: 0, or -1 with errno set (ENOMEM; EINVAL: no runtime). GIL: not needed. Blocks. */
TRV_API TRV_MUST_CHECK int trv_thread_attach(void);
/* Undoes one trv_thread_attach; the last gives the GIL back. A pending exception is dropped. The end
 * of a thread undoes what it left. */
TRV_API void trv_thread_detach(void);

/* A safepoint: lets another thread have the GIL if its turn has come, runs a due collection and
 * obeys a cancelled scope. Raises: CancelledError. May switch. */
TRV_API TRV_MUST_CHECK int trv_checkpoint(void);

/* Has a signal handled by callable(signum), a call on the main thread: at its next safepoint, or in
 * the blocking call it is in, which goes on afterwards. It may not block. What it raises is raised
 * there; while trv_run runs on the main thread, trv_run's call is cancelled, and trv_run raises it. Several
 * arrivals of one signal may be one call. NULL: as it was before. trv_fini restores all. Main thread
 * only. System calls of the program's own are interrupted (EINTR).
 * Returns: 0 or -1. Raises: ValueError (a fault, or no signal), TypeError, RuntimeError, OSError. */
TRV_API TRV_MUST_CHECK int trv_signal_handle(int signum, trv_object *callable);
/* A function that raises KeyboardInterrupt: what trv_config.handle_signals does with SIGINT. */
TRV_DECLARE_FUNCTION(trv_interrupt);

typedef struct trv_unlocked_ {
    void *thread;
    int once;
} trv_unlocked_;

/* Gives the GIL back until trv_unlock_end: pure C in between, no object. */
TRV_API trv_unlocked_ trv_unlock_begin(void);
/* Takes the GIL again. Blocks. May switch. */
TRV_API void trv_unlock_end(trv_unlocked_ *unlocked);

/* Runs its block without the GIL, so that other threads run meanwhile. The block must not touch
 * objects. break and return take the GIL again. Errno is kept. */
#define TRV_ALLOW_THREADS                                                                          \
    for (trv_unlocked_ TRV_UNIQUE_(trv_unlocked_state_)                                            \
             TRV_CLEANUP_(trv_unlock_end) = trv_unlock_begin();                                    \
         TRV_UNIQUE_(trv_unlocked_state_).once; TRV_UNIQUE_(trv_unlocked_state_).once = 0)

/* Figures about the GIL since trv_init, of one thread or of all. They cost nothing where nobody waits:
 * `waited`, `blocked`, `acquired` and `dropped` are counted where a thread stands in line, and are
 * exact. `held` and `longest` are counted only if trv_config.lock_times is set, and then exact, at the
 * price of some 100 ns each time the lock is taken and given back; otherwise they are 0. Under a seed
 * nobody waits in real time, so `waited` and `blocked` are 0. */
typedef struct trv_lock_stats {
    size_t size;       /* sizeof (trv_lock_stats) */
    double waited;     /* seconds of standing in line for it */
    double blocked;    /* seconds of holding it while others stood in line */
    double held;       /* seconds of holding it, up to the last time it was given back */
    double longest;    /* the longest holding, in seconds */
    uint64_t acquired; /* times it was taken after waiting */
    uint64_t dropped;  /* times it was given up at a safepoint because another's turn had come */
} trv_lock_stats;

/* The figures of all threads together, also of those that ended. GIL: held. */
TRV_API void trv_lock_stats_get(trv_lock_stats *stats);
/* The figures of the calling thread. GIL: held. */
TRV_API void trv_lock_stats_of_thread(trv_lock_stats *stats);
/* The figures of each thread that is in the runtime now.
 * Returns: a list of a dict a thread, with "name" (str), "thread_id" (int, the kernel's), and each
 * figure of trv_lock_stats under its own name. Raises: MemoryError. GIL: held. */
TRV_API TRV_MUST_CHECK trv_object *trv_lock_stats_threads(void);

/* Somebody's holding the GIL without a safepoint: no trv_call, trv_checkpoint, TRV_FOR, blocking call
 * or TRV_ALLOW_THREADS in between. */
typedef struct trv_lock_hold {
    size_t size;        /* sizeof (trv_lock_hold) */
    double seconds;     /* how long, to an eighth of the watchdog's limit, rather less than more */
    int is_over;        /* 0: it still lasts */
    uint32_t thread_id; /* the kernel's number of the thread */
    char thread[16];    /* the name of the thread */
    char function[128]; /* the function that was called, or that waited last; "?": not known */
    char file[256];     /* where that is; the program, if only that is known; or "?" */
    int line;           /* or 0 */
} trv_lock_hold;

/* The longest such time that the watchdog has found, of those longer than its limit. It looks at each
 * safepoint and at each taking of the lock, which costs some nanoseconds and 100 ns each, and has a
 * thread of its own; it reports on standard error as well. Not in forked children.
 * Returns: 1, or 0 if there was none, or there is no watchdog. GIL: held. */
TRV_API int trv_lock_longest(trv_lock_hold *hold);

/* How many processors the program may use: the affinity mask, cut by the cgroup's CPU limit;
 * TRIVET_WORKERS in the environment overrides. Returns: at least 1. GIL: not needed. */
TRV_API unsigned trv_cpu_count(void);
/* Seconds on the runtime's clock, which is virtual under a seed. Returns: them. */
TRV_API double trv_time(void);

TRV_END_DECLARATIONS

#endif
