/* SPDX-License-Identifier: MIT */
/*
 * Trivet: dynamic objects, and threads, processes and coroutines to run code on them.
 *
 * Including this header is enough. The chapters, one header each:
 *
 *   base.h       macros, version
 *   object.h     what an object is; references; the protocols every type answers to
 *   numbers.h    None, bool, int, float
 *   text.h       str, bytes
 *   builtins.h   sorted, sum, zip, enumerate and the like
 *   container.h  tuple, list, dict, set, range, iteration
 *   function.h   functions, calls, taking arguments apart, building values
 *   functools.h  partial, lru_cache, wraps, getters; modules
 *   error.h      raising exceptions, taking and printing them
 *   exception.h  exceptions as objects: notes, tracebacks, groups
 *   type.h       types defined in C
 *   memory.h     weak references, statistics
 *   collector.h  what finds cycles of objects
 *   forensics.h  which lines took references and did not give them back
 *   inspect.h    looking into the heap: who refers to what, who was allocated where
 *   runtime.h    starting and ending, the lock
 *   wait.h       sleeping, waiting for descriptors, deadlines and cancellation
 *   sync.h       lock, condition, event, queue
 *   thread.h     threads and timers
 *   executor.h   executors and futures: one interface over every leg
 *   coroutine.h  coroutines and their loop
 *   stream.h     TCP streams
 *   pickle.h     objects as bytes, as Python pickles them
 *   process.h    process pools
 *
 * How to read a declaration's comment: a sentence says what it does; then a tail says what it
 * Returns, Raises, whether it needs the GIL, whether it Blocks and whether it May switch to
 * another thread or coroutine. A part of the tail that is not there has its usual value: pointer
 * results are new references, or NULL with an exception set; int results are 0, or -1 with an
 * exception set; MemoryError is possible wherever something is made; GIL: held; Blocks: no;
 * May switch: no.
 */
#ifndef TRIVET_H
#define TRIVET_H

#include <trivet/base.h>
#include <trivet/class.h>
#include <trivet/object.h>
#include <trivet/numbers.h>
#include <trivet/text.h>
#include <trivet/buffer.h>
#include <trivet/builtins.h>
#include <trivet/container.h>
#include <trivet/copy.h>
#include <trivet/error.h>
#include <trivet/exception.h>
#include <trivet/function.h>
#include <trivet/functools.h>
#include <trivet/generator.h>
#include <trivet/type.h>
#include <trivet/memory.h>
#include <trivet/collector.h>
#include <trivet/inspect.h>
#include <trivet/runtime.h>
#include <trivet/wait.h>
#include <trivet/sync.h>
#include <trivet/thread.h>
#include <trivet/executor.h>
#include <trivet/coroutine.h>
#include <trivet/stream.h>
#include <trivet/pickle.h>
#include <trivet/process.h>
#include <trivet/forensics.h>

#endif
