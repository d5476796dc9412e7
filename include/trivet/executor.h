/* SPDX-License-Identifier: MIT */
/*
 * Executors and futures: the same few calls for every leg.
 *
 * An executor runs calls: the inline one at once in the caller, a thread pool in threads, a process
 * pool in forked workers, a coroutine pool in coroutines of one thread. A future is the result that
 * will be there. TRV_WITH(executor) shuts it down at the end and waits.
 */
#ifndef TRIVET_EXECUTOR_H
#define TRIVET_EXECUTOR_H

#include <trivet/wait.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_future_type[1];

/* Executors ----------------------------------------------------------------------------- */

/* Runs each call at once, in the caller: the sequential baseline. */
TRV_API TRV_MUST_CHECK trv_object *trv_inline_executor_new(void);

typedef struct trv_thread_pool_options {
    size_t size;               /* sizeof (trv_thread_pool_options) */
    unsigned workers;          /* at most; 0: trv_cpu_count() + 4, as calls may wait */
    size_t stack_bytes;        /* of each thread; 0: the system's */
    const char *name;          /* threads are called name-0, name-1...; NULL: "pool" */
    trv_object *initializer;   /* called in each worker before its first call; NULL: none */
    trv_object *arguments;     /* a tuple, the initializer's; NULL: () */
    unsigned calls_per_worker; /* a worker is replaced after so many; 0: never */
} trv_thread_pool_options;

/* A pool of threads, started as calls come in. A call that waits, without a deadline, for another
 * call of its pool that has not begun runs it itself if no worker is free, so that nested calls do
 * not fill the pool with waiters. Dropping the pool does not drop its calls; trv_fini cancels them.
 * If an initializer fails, calls that have not begun and later ones fail with BrokenThreadPool,
 * whose cause is what it raised. Raises: ValueError, TypeError for impossible options. */
TRV_API TRV_MUST_CHECK trv_object *trv_thread_pool_new(const trv_thread_pool_options *options);

typedef struct trv_coroutine_pool_options {
    size_t size;             /* sizeof (trv_coroutine_pool_options) */
    size_t workers;          /* calls at once; 0: no limit */
    const char *name;        /* NULL: "coroutines" */
    trv_object *initializer; /* called once, in the thread, before its first call; NULL: none */
    trv_object *arguments;   /* a tuple, the initializer's; NULL: () */
} trv_coroutine_pool_options;

/* A thread with a loop, which runs each call in a coroutine. If the initializer fails, calls fail with
 * BrokenExecutor, whose cause is what it raised. Raises: ValueError, TypeError, OSError. */
TRV_API TRV_MUST_CHECK trv_object *trv_coroutine_pool_new(
    const trv_coroutine_pool_options *options);

/* Submits callable(arguments built from a format, as for trv_call).
 * Returns: a future. Raises: TypeError, RuntimeError after shutdown, PicklingError where arguments
 * must travel. May switch. Blocks: only where a queue of the leg is full. */
TRV_API TRV_MUST_CHECK trv_object *trv_submit(trv_object *executor, trv_object *callable,
                                              const char *format, ...);
/* The same with an array of arguments and a dict of keywords, or NULL. */
TRV_API TRV_MUST_CHECK trv_object *trv_submit_array(trv_object *executor, trv_object *callable,
                                                    trv_object *const *items, size_t count,
                                                    trv_object *keywords);

typedef struct trv_map_options {
    size_t size;    /* sizeof (trv_map_options) */
    double timeout; /* seconds from the call for each result to be there by; 0: TRV_FOREVER */
    /* Items submitted ahead of the result being read; 0: 4 for each worker, at least 64; in
     * chunks that many calls, at least 16. */
    size_t lookahead;
    size_t chunk; /* items in a call; 0: one; on process pools as many as take 0.5 ms, up to 256 */
} trv_map_options;

/* callable(item) for each item: an iterator over the results, in order. The input is read as far
 * as the look-ahead goes. Dropping the iterator cancels what has not begun. In a chunk, too, each
 * item has its own outcome; but those behind one that failed have been run.
 * Raises: TypeError; the iterator raises what the call raised, TimeoutError. Blocks, May switch: the iterator. */
TRV_API TRV_MUST_CHECK trv_object *trv_map(trv_object *executor, trv_object *callable,
                                           trv_object *iterable, const trv_map_options *options);

typedef struct trv_shutdown_options {
    size_t size;        /* sizeof (trv_shutdown_options) */
    int no_wait;        /* do not wait for the calls that run */
    int cancel_pending; /* cancel those that have not begun */
    double timeout;     /* seconds to wait; 0: TRV_FOREVER */
} trv_shutdown_options;

/* Takes no more calls, and waits for those it has. Again: only waits. Processes that were late once are
 * killed by trv_fini, which waits for the others.
 * Raises: TimeoutError naming what still runs (see trv_executor_running), TypeError, RuntimeError
 * from a call of the pool itself. Blocks. May switch. */
TRV_API int trv_shutdown(trv_object *executor, const trv_shutdown_options *options);

/* The futures of the calls that have begun and not ended: after a shutdown that raised TimeoutError,
 * those that are stuck. In a process pool as far as workers have said so.
 * Returns: a list. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_executor_running(trv_object *executor);
/* How many calls the executor runs at once. Returns: 1 for inline, SIZE_MAX for no limit; 0 with TypeError. */
TRV_API size_t trv_executor_workers(trv_object *executor);

/* Plain C work -------------------------------------------------------------------------- */

/* A function that knows nothing of objects. It may take the GIL with trv_thread_attach. */
typedef void *(*trv_work_function)(void *data);

/* Submits plain C work that has a future: awaitable, cancellable until it begins. It runs without the
 * GIL in a worker of a thread pool, or at once in the inline executor. The result is the pointer
 * that function(data) returns, as an int (trv_int_get).
 * Returns: a future. Raises: TypeError for other executors, ValueError, RuntimeError after shutdown.
 * May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_submit_work(trv_object *pool, trv_work_function function,
                                                   void *data);

/* A group of plain C work that is waited for together: for many short functions, from threads that
 * need not hold the GIL. It runs in threads of the pool beside its workers, at most as many, which
 * have all signals blocked. The group keeps the pool; what was submitted runs even if it is dropped.
 * Raises: TypeError, RuntimeError after shutdown, OSError, MemoryError. */
TRV_API TRV_MUST_CHECK trv_object *trv_work_group_new(trv_object *pool);
/* Submits function(data) to a group, as often as one likes, also while others wait for it; what it
 * returns is dropped. The caller keeps the group alive. GIL: not needed, from any thread.
 * Returns: 0; or -1 with errno: ENOMEM, ESHUTDOWN after the pool's shutdown, EINVAL. Sets no exception. */
TRV_API TRV_MUST_CHECK int trv_work_submit(trv_object *group, trv_work_function function,
                                           void *data);
/* Waits until all that was submitted has run. Raises: TimeoutError (`timeout` seconds),
 * CancelledError; also once after a shutdown with cancel_pending that dropped some of it. Blocks.
 * May switch. */
TRV_API int trv_work_wait(trv_object *group, double timeout);

/* Futures ------------------------------------------------------------------------------- */

/* A future nobody runs, to be completed with the two calls below. */
TRV_API TRV_MUST_CHECK trv_object *trv_future_new(void);
/* Completes a future. Raises: InvalidStateError if it is done. */
TRV_API int trv_future_set_result(trv_object *future, trv_object *result);
TRV_API int trv_future_set_exception(trv_object *future, trv_object *exception);

/* The result, waiting for it. Raises: what the call raised, CancelledError, TimeoutError (not
 * within `timeout` seconds). Blocks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_future_result(trv_object *future, double timeout);
/* The exception of a finished call, waiting for it. Returns: it, or None. Raises: CancelledError,
 * TimeoutError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_future_exception(trv_object *future, double timeout);
/* Cancels a call: one that has not begun never runs; a running one is told through its cancel scope:
 * its next blocking call or trv_checkpoint raises CancelledError. A call that ends before it hears, or
 * does not care, is done as if nothing had been said. To a worker of a process pool that takes a moment;
 * see also kill_after there. Under a seed workers cannot be told.
 * Returns: 1 if it is cancelled or was told, 0 if it is done or cannot be told, -1. */
TRV_API int trv_future_cancel(trv_object *future);
/* Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_future_done(trv_object *future);
TRV_API TRV_MUST_CHECK int trv_future_running(trv_object *future);
TRV_API TRV_MUST_CHECK int trv_future_cancelled(trv_object *future);
/* Calls callback(future) once it is done; at once if it is. The callback may not block; what it
 * raises is printed. */
TRV_API TRV_MUST_CHECK int trv_future_add_done_callback(trv_object *future, trv_object *callback);

typedef enum trv_return_when {
    TRV_ALL_COMPLETED,
    TRV_FIRST_COMPLETED,
    TRV_FIRST_EXCEPTION
} trv_return_when;

/* Waits for futures of an iterable. Returns: (done, not done), two sets; at the timeout too.
 * Raises: TypeError, CancelledError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_wait_futures(trv_object *futures, double timeout,
                                                    trv_return_when when);
/* An iterator over futures in the order in which they are done. Raises: TypeError; the iterator
 * raises TimeoutError. Blocks, May switch: the iterator. */
TRV_API TRV_MUST_CHECK trv_object *trv_as_completed(trv_object *futures, double timeout);
/* The results of futures, as a list in their order, waiting for all; the first exception is
 * raised, and the others' are dropped. Raises: that, CancelledError. Blocks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_gather(trv_object *futures);

/* Task groups --------------------------------------------------------------------------- */

/* A group of calls that end together, on an executor; NULL: in coroutines of the loop of whoever
 * spawns. If one fails, the others are cancelled. Dropping a group cancels what is left of it.
 *
 *     TRV_WITH(group) {
 *         trv_auto trv_object *left = trv_group_spawn(group, fetch, "s", a);
 *         trv_auto trv_object *right = trv_group_spawn(group, fetch, "s", b);
 *         ...
 *     }
 *
 * The block's end joins the group. A call that fails cancels the block, too; a block that fails
 * cancels the calls, and what it raised is the last in the ExceptionGroup. Groups nest: cancelling a call cancels the groups it waits for.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_group_new(trv_object *executor);
/* Submits callable(arguments) as one of the group.
 * Returns: its future. Raises: as trv_submit; RuntimeError once the group was cancelled or joined. */
TRV_API trv_object *trv_group_spawn(trv_object *group, trv_object *callable, const char *format,
                                    ...);
TRV_API trv_object *trv_group_spawn_array(trv_object *group, trv_object *callable,
                                          trv_object *const *items, size_t count,
                                          trv_object *keywords);
/* Waits until every call of the group is done; whoever is cancelled in it cancels the calls, and
 * still waits for them. Nothing can be spawned afterwards.
 * Raises: an ExceptionGroup of what the calls raised, in the order in which they failed, even if it is one
 * (see TRV_HANDLE_PARTS and trv_error_split); KeyboardInterrupt and SystemExit as they are;
 * CancelledError. Blocks. May switch. */
TRV_API int trv_group_join(trv_object *group);
/* Cancels every call of the group, and its block. Raises: TypeError. */
TRV_API int trv_group_cancel(trv_object *group);
/* The exceptions of all calls that failed, in the order in which they did. Returns: a list. */
TRV_API TRV_MUST_CHECK trv_object *trv_group_failures(trv_object *group);

TRV_END_DECLARATIONS

#endif
