/* SPDX-License-Identifier: MIT */
/*
 * Which containers the collector watches, in which generation they are, and when it runs.
 *
 * A container is *tracked* from the moment it is complete. The generation is in its mark; pools that
 * may hold objects of generation 0 or 1 are linked, so that a young collection touches only the few
 * pools that were allocated from.
 *
 * Generation 0 is collected when so many more containers were made than ended since the last
 * collection; the others after so many of the one below. A full collection must also be worth it: at
 * least a quarter as many as it found alive last time have reached generation 2 since, so that its
 * cost, spread over what was made, does not grow with the heap. It is only ever asked for here; the
 * next safepoint sees to it.
 */
#include "heap/collect.h"

void trv__set_young_limit(struct trv__heap *heap)
{
    if (heap->is_disabled || !heap->threshold[0])
        heap->young_limit = INT64_MAX;
    else
        heap->young_limit = TRV_GC_STRESS ? -1 : (int64_t)heap->threshold[0];
}

static void enter_generation_0(struct trv__heap *heap, trv_object *object)
{
    if (UNLIKELY(object->flags & TRV__LARGE)) {
        struct trv__large *large = trv__large_of(object);
        large->mark = TRV__MARK_YOUNG;
        trv__list_remove(&large->link);
        trv__list_append(&heap->large[0], &large->link);
    } else {
        struct trv__pool *pool = trv__pool_of(object);
        pool->marks[(uintptr_t)object % TRV__POOL_BYTES / TRV__GRANULE] = TRV__MARK_YOUNG;
        if (UNLIKELY(!trv__list_is_linked(&pool->young[0])))
            trv__list_append(&heap->young[0], &pool->young[0]);
    }
}

void trv__track(void *memory)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object = memory;

    if (object->flags & TRV__TRACKED || trv__is_immortal(object))
        return;
    ASSERT(object->type->flags & TRV__TYPE_CONTAINER);
    object->flags |= TRV__TRACKED;
    enter_generation_0(heap, object);
    heap->stats.tracked++;
    if (UNLIKELY(++heap->young_count > heap->young_limit))
        trv__request(TRV__ATTEND_COLLECT);
}

void trv__untrack(void *memory)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object = memory;

    if (!(object->flags & TRV__TRACKED))
        return;
    object->flags &= ~(uint32_t)TRV__TRACKED;
    *trv__container_mark(object) = TRV__MARK_NONE;
    heap->young_count -= heap->young_count > 0;
    heap->stats.tracked--;
}

/* When -------------------------------------------------------------------------------------------- */

static int due_generation(const struct trv__heap *heap)
{
    bool is_full_worth_it = heap->old_pending > heap->old_total / 4;

    if (TRV_GC_STRESS && heap->collections % 16 == 15)
        return 2;
    if (heap->since[2] >= heap->threshold[2] && is_full_worth_it)
        return 2;
    return heap->since[1] >= heap->threshold[1] ? 1 : 0;
}

void trv__collect_due(void)
{
    struct trv__heap *heap = trv__current->heap;

    atomic_fetch_and_explicit(trv__current->attention, ~(uint32_t)TRV__ATTEND_COLLECT,
                              memory_order_relaxed);
    if (!heap->is_disabled && !heap->is_collecting)
        trv__collect(due_generation(heap));
}

void trv__collected(struct trv__heap *heap, int generation, size_t survivors)
{
    heap->collections++;
    if (generation == 2) {
        heap->old_total = survivors;
        heap->old_pending = 0;
    } else if (generation == 1) {
        heap->old_pending += survivors;
    }
    for (int g = 0; g <= generation; g++)
        heap->since[g] = 0;
    if (generation < 2)
        heap->since[generation + 1]++;
}

/* Public interface ------------------------------------------------------------------------------------ */

int trv_gc_collect(int generation, size_t *found)
{
    size_t count;

    if (generation < 0 || generation > 2)
        return trv_raise_int(trv_ValueError, "invalid generation: %d", generation);
    count = trv__collect(generation);
    if (found)
        *found = count == SIZE_MAX ? 0 : count;
    return 0;
}

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
    trv__set_young_limit(heap);
}

int trv_gc_is_tracked(const trv_object *object)
{
    return object && object->flags & TRV__TRACKED;
}

int trv_gc_is_finalized(const trv_object *object)
{
    return object && object->flags & TRV__FINALIZED;
}

void trv_gc_stats_get(trv_gc_stats *stats)
{
    *stats = trv__current->heap->stats;
}
