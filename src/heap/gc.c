/* SPDX-License-Identifier: MIT */
/*
 * The collector as programs see it: settings, figures, the work they ask for themselves.
 */
#include "base/clock.h"
#include "heap/collect.h"
#include "heap/object_callback.h"
#include "heap/round.h"

#include <math.h>

enum {
    STEP_WORK = 1024,                   /* of a round, before the clock is read */
    WORK_PER_SECOND = 100 * 1000 * 1000 /* where it must not be read */
};

/* Collecting -------------------------------------------------------------------------------------- */

int trv_gc_collect(int generation, size_t *found)
{
    size_t count;

    if (generation < 0 || generation > 2)
        return trv_raise_int(trv_ValueError, "invalid generation: %d", generation);
    if (generation == 2)
        trv__drop_caches();
    count = trv__collect(generation);
    if (found)
        *found = count == SIZE_MAX ? 0 : count;
    return 0;
}

static bool is_seeded(void)
{
    return atomic_load_explicit(trv__current->attention, memory_order_relaxed) & TRV__ATTEND_SEEDED;
}

/* So much of the round that is under way. A seeded run must not depend on how fast it is. */
static void go_on_for(struct trv__heap *heap, double seconds)
{
    double most = is_seeded() ? seconds * WORK_PER_SECOND : INFINITY, done = 0;
    int64_t began_ns = trv__clock_ns();

    do {
        trv__round_go_on(heap, STEP_WORK);
        done += STEP_WORK;
    } while (heap->round && done < most &&
             (is_seeded() || (double)(trv__clock_ns() - began_ns) < seconds * 1e9));
}

int trv_gc_step(double seconds, int *is_done)
{
    struct trv__heap *heap = trv__current->heap;

    if (!(seconds >= 0))
        return trv_raise_int(trv_ValueError, "a step needs a budget of 0 seconds or more");
    if (!heap->is_collecting) {
        if (!heap->round && (heap->young_count || heap->old_pending))
            trv__begin_round(heap, true);
        if (heap->round)
            go_on_for(heap, seconds);
        trv__set_young_limit(heap);
    }
    if (is_done)
        *is_done = !heap->round;
    return 0;
}

/* Settings ---------------------------------------------------------------------------------------- */

static void set_disabled(bool is_disabled)
{
    struct trv__heap *heap = trv__current->heap;

    heap->is_disabled = is_disabled;
    trv__set_young_limit(heap);
}

void trv_gc_enable(void)
{
    set_disabled(false);
}

void trv_gc_disable(void)
{
    set_disabled(true);
}

int trv_gc_is_enabled(void)
{
    return !trv__current->heap->is_disabled;
}

void trv_gc_set_threshold(unsigned objects, unsigned first, unsigned second)
{
    struct trv__heap *heap = trv__current->heap;

    heap->threshold[0] = objects;
    heap->threshold[1] = first;
    heap->threshold[2] = second;
    memset(heap->patience, 0, sizeof heap->patience);
    trv__set_young_limit(heap);
}

static void tell(unsigned *where, unsigned value)
{
    if (where)
        *where = value;
}

void trv_gc_get_threshold(unsigned *objects, unsigned *first, unsigned *second)
{
    const struct trv__heap *heap = trv__current->heap;

    tell(objects, heap->threshold[0]);
    tell(first, heap->threshold[1]);
    tell(second, heap->threshold[2]);
}

void trv_gc_get_count(unsigned *objects, unsigned *first, unsigned *second)
{
    const struct trv__heap *heap = trv__current->heap;

    tell(objects, (unsigned)MIN_OF(heap->young_count, UINT32_MAX));
    tell(first, heap->since[1]);
    tell(second, heap->since[2]);
}

void trv_gc_set_debug(unsigned flags)
{
    trv__current->heap->debug = flags;
}

unsigned trv_gc_get_debug(void)
{
    return trv__current->heap->debug;
}

/* Objects ----------------------------------------------------------------------------------------- */

int trv_gc_is_tracked(const trv_object *object)
{
    return object && object->flags & TRV__TRACKED;
}

int trv_gc_is_finalized(const trv_object *object)
{
    return object && object->flags & TRV__FINALIZED;
}

int trv_gc_freeze(void)
{
    struct trv__heap *heap = trv__current->heap;

    if (heap->is_collecting)
        return trv_raise_int(trv_RuntimeError, "objects cannot be frozen during a collection");
    trv__set_aside(heap);
    return 0;
}

int trv_gc_unfreeze(void)
{
    struct trv__heap *heap = trv__current->heap;

    if (heap->is_collecting)
        return trv_raise_int(trv_RuntimeError, "objects cannot be unfrozen during a collection");
    trv__take_back(heap);
    return 0;
}

size_t trv_gc_freeze_count(void)
{
    size_t counts[4];

    trv__count_generations(trv__current->heap, counts);
    return counts[3];
}

/* Figures ----------------------------------------------------------------------------------------- */

void trv__note_pause(struct trv__heap *heap, int generation, int64_t ns)
{
    trv_gc_generation_stats *stats = &heap->stats.generations[generation];
    trv_gc_pauses *pauses = &heap->pauses;
    uint64_t microseconds = (uint64_t)ns / 1000;
    int bucket = microseconds ? 64 - __builtin_clzll(microseconds) : 0;
    double seconds = (double)ns / 1e9;

    stats->seconds += seconds;
    stats->longest = MAX_OF(stats->longest, seconds);
    pauses->counts[MIN_OF(bucket, TRV_GC_PAUSE_BUCKETS - 1)]++;
    pauses->count++;
    pauses->seconds += seconds;
    pauses->longest = MAX_OF(pauses->longest, seconds);
}

void trv_gc_stats_get(trv_gc_stats *stats)
{
    *stats = trv__current->heap->stats;
}

void trv_gc_pauses_get(trv_gc_pauses *pauses)
{
    *pauses = trv__current->heap->pauses;
}

void trv_gc_pauses_reset(void)
{
    trv__current->heap->pauses = (trv_gc_pauses){0};
}
