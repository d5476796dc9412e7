/* SPDX-License-Identifier: MIT */
/*
 * Threads and timers.
 *
 * A thread runs one call and ends. What the call raises goes to the exception hook; who wants its
 * result asks the thread's future. For many calls there are pools (executor.h). Under the GIL one
 * thread runs at a time; they take turns, and run side by side while they wait or are in
 * TRV_ALLOW_THREADS.
 *
 * Every thread that touches objects has a thread object, also the main one, those of pools, and those
 * that entered with trv_thread_attach: it is made when first asked for. In a coroutine the current
 * thread is the one its loop runs on.
 *
 * trv_fini waits for threads to end, but not for daemons: when the runtime is gone, a daemon that wants
 * the GIL sleeps until the process ends.
 */
#ifndef TRIVET_THREAD_H
#define TRIVET_THREAD_H

#include <trivet/executor.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_thread_type[1], trv_timer_type[1];

/* Making ---------------------------------------------------------------------------------- */

/* A thread that will run callable(arguments built from a format, as for trv_call) once it is
 * started. It is called "Thread-1 (name of the callable)" and so on, and is a daemon if the current
 * thread is one. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_new(trv_object *callable, const char *format, ...);

typedef struct trv_thread_options {
    size_t size;        /* sizeof (trv_thread_options) */
    const char *name;   /* copied; NULL: as above */
    size_t stack_bytes; /* 0: trv_thread_stack_size() */
    int daemon;         /* 1: a daemon, -1: none, 0: as the current thread */
} trv_thread_options;

/* The same with an array of arguments, a dict of keywords or NULL, and options or NULL.
 * Raises: TypeError, ValueError for impossible options. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_new_array(trv_object *callable,
                                                        trv_object *const *items, size_t count,
                                                        trv_object *keywords,
                                                        const trv_thread_options *options);

/* How many bytes of stack a thread gets that is started without a wish. Returns: 0 for the
 * system's own size. */
TRV_API size_t trv_thread_stack_size(void);
/* Sets that, for all threads started from now on, those of pools too. Raises: ValueError for a size
 * below 65536 that is not 0. */
TRV_API int trv_thread_set_stack_size(size_t stack_bytes);

/* Running --------------------------------------------------------------------------------- */

/* Starts a thread. Raises: RuntimeError the second time, and while the runtime ends; OSError if the
 * system refuses. A thread that could not be started may be started again. */
TRV_API TRV_MUST_CHECK int trv_thread_start(trv_object *thread);
/* Waits until a thread has ended. Joining the main thread waits for trv_fini to begin, joining a
 * foreign one for its trv_thread_detach.
 * Returns: 1 ended, 0 not within the timeout, -1. Raises: RuntimeError if it was not started or is
 * the current thread, DeadlockError, CancelledError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK int trv_thread_join(trv_object *thread, double timeout);
/* The future of the call that a thread runs: for its result, to wait for several threads, and to
 * cancel it (trv_future_cancel): a call that has not begun never runs, in one that runs blocking
 * calls raise CancelledError. Raises: RuntimeError for a thread that was not made with
 * trv_thread_new or trv_timer_new. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_future(trv_object *thread);
/* Whether it was started and has not ended. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_thread_is_alive(trv_object *thread);

/* What a thread is ------------------------------------------------------------------------- */

/* The name. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_name(trv_object *thread);
/* Gives a new name, also in the kernel, which knows 15 bytes of it. Any UTF-8 will do.
 * Raises: UnicodeDecodeError. */
TRV_API int trv_thread_set_name(trv_object *thread, const char *name);
/* Whether trv_fini does not wait for it. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_thread_is_daemon(trv_object *thread);
/* Raises: RuntimeError once it was started. */
TRV_API int trv_thread_set_daemon(trv_object *thread, int daemon);
/* What pthread_self() is in it. Returns: 1, 0 if it was not started, -1. */
TRV_API TRV_MUST_CHECK int trv_thread_ident(trv_object *thread, uint64_t *ident);
/* The kernel's number of it (gettid). Returns: 1, 0 if it was not started, -1. */
TRV_API TRV_MUST_CHECK int trv_thread_native_id(trv_object *thread, uint64_t *native_id);

/* Which threads there are ------------------------------------------------------------------ */

/* The calling thread. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_current(void);
/* The thread that called trv_init; in a forked child, the one that forked. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_main(void);
/* All threads of the runtime that are alive. Returns: a list. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_enumerate(void);
/* How many those are. Returns: at least 1. */
TRV_API size_t trv_thread_active_count(void);

/* Exceptions that end a thread -------------------------------------------------------------- */

/* hook(exception, thread) is called in a thread that ends with an exception other than
 * CancelledError. What it raises is printed. NULL or None: the default. Raises: TypeError. */
TRV_API int trv_thread_set_excepthook(trv_object *hook);
/* The hook in use. Returns: a callable. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_excepthook(void);
/* The default hook: writes "Exception in thread NAME:" and the traceback to standard error, unless
 * it is SystemExit. */
extern TRV_API trv_object trv_thread_print_exception[1];

/* Timers ------------------------------------------------------------------------------------ */

/* A thread that waits for so many seconds, counted from its start, and then runs
 * callable(arguments). All calls above take it. Many short waits are cheaper in coroutines.
 * Raises: ValueError (negative, not a number), TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_timer_new(double seconds, trv_object *callable,
                                                 const char *format, ...);
TRV_API TRV_MUST_CHECK trv_object *trv_timer_new_array(double seconds, trv_object *callable,
                                                       trv_object *const *items, size_t count,
                                                       trv_object *keywords,
                                                       const trv_thread_options *options);
/* Ends a timer that still waits: its thread ends at once. Does nothing to one that has fired. */
TRV_API int trv_timer_cancel(trv_object *timer);

TRV_END_DECLARATIONS

#endif
