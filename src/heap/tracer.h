/* SPDX-License-Identifier: MIT */
/*
 * The tracer: where the blocks in use were allocated, and by which task.
 *
 * It costs nothing while it does not run. When it runs, no pool has a ready list and no pool has a
 * free list of its own: free blocks are put aside (pool->aside). So every block is taken and given
 * back on the slow paths of heap/pool.c, which tell the tracer; large blocks are told of in
 * heap/block.c.
 *
 * Its own memory comes from malloc and is not traced. An allocation that it has no memory to record
 * is counted as lost, and goes on. A traceback is the return addresses in the C frames of the user's
 * code: those within the library are left out, if the library can be told from the program. They are
 * turned into files and lines only when somebody wants to read them.
 *
 * Fork: the child has a copy, and goes on. Freezing the heap stops the tracer.
 */
#ifndef TRV_HEAP_TRACER_H
#define TRV_HEAP_TRACER_H

#include "heap/pool.h"

#define TRV__TRACE_FRAMES_MOST 256

/* Some bytes that are kept once: the addresses of a traceback, the name of a task. */
struct trv__common {
    struct trv__common *next; /* in its bucket */
    size_t uses;              /* by the tracer, and by snapshots */
    uint32_t hash, bytes;
    const void *words[]; /* the addresses; or text with its NUL */
};

struct trv__trace {
    const void *block; /* NULL in a free place */
    size_t size;
    const struct trv__common *traceback, *task;
    enum trv__kind kind;
};

struct trv__tracer {
    unsigned frames;               /* of the user's code, at most, in a traceback */
    uintptr_t code_low, code_high; /* of the library; both 0 if it is part of the program */
    size_t current, peak, lost;
    struct trv__trace *traces; /* by block; open addressing, at most half full */
    size_t capacity, count;
    struct trv__common **buckets;
    size_t bucket_count, interned_count;
};

/* Starts it, with at most so many frames; if it runs, nothing is changed. 0, or -1 with MemoryError. */
int trv__tracer_start(struct trv__heap *heap, unsigned frames);
/* Forgets all traces; and stops. */
void trv__tracer_clear(struct trv__tracer *tracer);
void trv__tracer_stop(struct trv__heap *heap);

/* A block was taken, or is given back. Only where heap->tracer is set. */
void trv__tracer_add(struct trv__heap *heap, const void *block, size_t size, enum trv__kind kind);
void trv__tracer_remove(struct trv__heap *heap, const void *block);

/* The trace of a block, or NULL. */
const struct trv__trace *trv__tracer_find(const struct trv__tracer *tracer, const void *block);
/* Keeps what is interned, also beyond the end of the tracer; and lets it go. */
const struct trv__common *trv__common_hold(const struct trv__common *interned);
void trv__common_let_go(const struct trv__common *interned);

/* The name of what runs now. A view. Implemented by inspect/tracing.c. */
const char *trv__tracer_task(void);

/* Makes every block pass the slow paths, or not any more (heap/pool.c). */
void trv__pools_trace(struct trv__heap *heap, bool is_on);

#endif
