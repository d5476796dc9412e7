/* SPDX-License-Identifier: MIT */
/*
 * Process pools.
 *
 * A pool forks one zygote when it is made, and workers fork from that; they see the heap as it
 * stood then. Calls and results travel as pickles through shared memory. Functions travel by
 * where their code is: TRV_FUNCTIONs and closures of code that was loaded when the pool was made.
 * A worker that dies fails only the call it was running, with BrokenProcessPool naming its pid,
 * the signal and the function, and is replaced.
 */
#ifndef TRIVET_PROCESS_H
#define TRIVET_PROCESS_H

#include <trivet/executor.h>
#include <trivet/pickle.h>

TRV_BEGIN_DECLARATIONS

typedef struct trv_process_pool_options {
    size_t size;             /* sizeof (trv_process_pool_options) */
    unsigned workers;        /* 0: trv_cpu_count() */
    unsigned retries;        /* how often a call is run again when its worker dies; 0: never */
    size_t ring_bytes;       /* of each direction of each worker; 0: 1 MiB */
    const char *name;        /* processes are called name-0, name-1...; NULL: "trivet-w0" */
    trv_object *initializer; /* called in each worker before its first call; NULL: none */
    trv_object
        *arguments; /* a tuple, the initializer's, as it is when the pool is made; NULL: () */
    unsigned calls_per_worker; /* a worker is replaced after so many; 0: never */
    double kill_after;         /* seconds; a worker that has not stopped a cancelled call by then is
                                * killed and replaced, and the call is cancelled; 0: never */
} trv_process_pool_options;

/* A pool of forked processes: an executor. If an initializer fails, all calls fail with
 * BrokenProcessPool, whose cause is what it raised. Raises: TypeError, ValueError, OSError, MemoryError, CancelledError.
 * Blocks: while it forks. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_process_pool_new(const trv_process_pool_options *options);
/* The pids of the workers that live now. Returns: a list, empty after the pool was shut down.
 * Raises: TypeError, CancelledError. Blocks: while workers are being forked. May switch. */
TRV_API TRV_MUST_CHECK trv_object *trv_process_pool_pids(trv_object *pool);
/* Names an object that existed when the pool was made, so that a call gets it without a copy, as it
 * was then. Make the token before the pool to be safe: an object made later, where another one had
 * been, would be taken for that one; anywhere else it is UnpicklingError.
 * Returns: a token to pass as an argument. */
TRV_API TRV_MUST_CHECK trv_object *trv_inherit(trv_object *object);

TRV_END_DECLARATIONS

#endif
