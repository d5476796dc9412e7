/* SPDX-License-Identifier: MIT */
/*
 * The collector, which finds cycles of objects that nobody refers to any more: Python's gc.
 *
 * It watches containers, in three generations by age, and runs at safepoints when enough of them were
 * made; never inside an allocation. Generations 0 and 1 are collected in one piece. The oldest is collected
 * in *rounds*: in slices of some microseconds, paid for by the containers that are made, while the
 * program runs; only trv_gc_collect(2) does it at once. A round of generation 2 begins when what
 * reached it lately is a quarter of what is there, and before that, over what came lately alone, when
 * that has doubled since the last time.
 *
 * Finalizers run once, all those of a cycle before anything in it is cleared; what one of them makes
 * reachable lives on, whole. Finalizers and callbacks may not block.
 */
#ifndef TRIVET_COLLECTOR_H
#define TRIVET_COLLECTOR_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* Collecting ------------------------------------------------------------------------------ */

/* Collects a generation (0, 1 or 2) and those younger, at once and completely. `*found`, unless NULL,
 * is how many unreachable objects there were; 0 from within a collection, which is not begun twice.
 * Raises: ValueError. May switch: no; runs finalizers. */
TRV_API int trv_gc_collect(int generation, size_t *found);
/* Goes on with a round of generation 2 for about so many seconds, or begins one if anything has become
 * older since the last: for moments when a program has nothing better to do. At least one slice is done.
 * `*is_done`, unless NULL, is 1 if nothing is left to do. Raises: ValueError for a negative budget or
 * NaN. May switch: no; runs finalizers. */
TRV_API int trv_gc_step(double seconds, int *is_done);
/* Lets it run by itself, at safepoints, as it does from the start. */
TRV_API void trv_gc_enable(void);
/* Keeps it from running by itself; trv_gc_collect and trv_gc_step do what they are asked to all the same. */
TRV_API void trv_gc_disable(void);
/* Whether it runs by itself. Returns: 1 or 0. */
TRV_API int trv_gc_is_enabled(void);
/* After how many more tracked objects made than ended generation 0 is collected (0: never), and
 * after how many collections of a generation the next one is. */
TRV_API void trv_gc_set_threshold(unsigned objects, unsigned first, unsigned second);
/* The three thresholds that were set; 700, 10 and 10 from the start. Pointers may be NULL. */
TRV_API void trv_gc_get_threshold(unsigned *objects, unsigned *first, unsigned *second);
/* How far the counts have come that are compared with the thresholds. Pointers may be NULL. */
TRV_API void trv_gc_get_count(unsigned *objects, unsigned *first, unsigned *second);

/* Objects --------------------------------------------------------------------------------- */

/* Whether the collector watches an object. Returns: 1 or 0; 0 for NULL. */
TRV_API int trv_gc_is_tracked(const trv_object *object);
/* Whether an object's finalizer has run. Returns: 1 or 0; 0 for NULL. */
TRV_API int trv_gc_is_finalized(const trv_object *object);
/* Sets aside all objects that are watched now: no collection looks at them any more, as if they were
 * held. Raises: RuntimeError from within a collection. */
TRV_API int trv_gc_freeze(void);
/* Takes them back into generation 2. Raises: RuntimeError from within a collection. */
TRV_API int trv_gc_unfreeze(void);
/* How many are set aside. */
TRV_API size_t trv_gc_freeze_count(void);

/* Being told ------------------------------------------------------------------------------ */

/* A list of callables, yours to change. Each is called when a collection begins and when it has ended, with
 * "start" or "stop" and a dict: generation, collected, uncollectable (always 0) and, when it has ended,
 * seconds, those that it took of the program's time. Between the two calls for a round the program
 * runs, and younger generations are collected. What a callback raises is printed.
 * Returns: the list. Raises: MemoryError. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_callbacks(void);

enum {
    TRV_GC_DEBUG_STATS = 1,         /* collections are told on standard error */
    TRV_GC_DEBUG_COLLECTABLE = 2,   /* so is each object found to be garbage */
    TRV_GC_DEBUG_UNCOLLECTABLE = 4, /* there are none; for programs that know Python */
    TRV_GC_DEBUG_SAVEALL = 32,      /* garbage goes into trv_gc_garbage() and lives on */
    TRV_GC_DEBUG_LEAK = 38          /* all but the first */
};

/* Sets which of TRV_GC_DEBUG_... hold from now on, all at once; 0 for none. */
TRV_API void trv_gc_set_debug(unsigned flags);
/* Returns: the flags that hold. */
TRV_API unsigned trv_gc_get_debug(void);
/* Where TRV_GC_DEBUG_SAVEALL puts garbage. Returns: the list. Raises: MemoryError. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_garbage(void);

/* Figures --------------------------------------------------------------------------------- */

typedef struct trv_gc_generation_stats {
    uint64_t collections; /* how many there were; of generation 2, rounds too */
    uint64_t collected;   /* objects they freed */
    double seconds;       /* they took, together */
    double longest;       /* seconds of the longest; of a round, its longest slice */
} trv_gc_generation_stats;

/* Figures since the runtime began. */
typedef struct trv_gc_stats {
    trv_gc_generation_stats generations[3];
    size_t tracked; /* objects watched now */
} trv_gc_stats;

/* Fills in the figures as they are now. */
TRV_API void trv_gc_stats_get(trv_gc_stats *stats);

enum { TRV_GC_PAUSE_BUCKETS = 24 };

/* How long the collector stopped the program: collections, and slices of rounds. */
typedef struct trv_gc_pauses {
    /* How many took so long: [0] less than a microsecond, [i] at least 2^(i-1) and less than 2^i, the last
     * one whatever took longer. */
    uint64_t counts[TRV_GC_PAUSE_BUCKETS];
    uint64_t count;          /* all of them */
    double longest, seconds; /* the longest, and their sum */
} trv_gc_pauses;

/* Fills in the pauses there were since the runtime began or they were last reset. */
TRV_API void trv_gc_pauses_get(trv_gc_pauses *pauses);
/* Begins to count anew: all figures of trv_gc_pauses are 0 afterwards. */
TRV_API void trv_gc_pauses_reset(void);

TRV_END_DECLARATIONS

#endif
