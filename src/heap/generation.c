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
 * cost, spread over what was made, does not grow with the heap. And it is not done in one piece, but in a
 * round (heap/round.c), whose slices are paid for by the containers that are made: the round is over long
 * before garbage has piled up. It is only ever asked for here; the next safepoint sees to it.
 *
 * Between full rounds there are those over what reached generation 2 lately, when that has doubled against
 * what the last one let live: mass garbage of middle age is found there.
 *
 * A program that makes very many containers without a safepoint has a young generation that would take
 * long to collect in one piece. It is not: all of it grows older, and a round begins.
 *
 * Patience: where the collections of a young generation find next to nothing, many times in a row, some of
 * them are left out, and what would have been looked at grows older all the same. The next that
 * finds something ends that. It costs no memory to speak of (a few thousand objects wait for the
 * generation above), and programs without young garbage are spared most of its price.
 */
#include "heap/collect.h"
#include "heap/round.h"

enum {
    RECENT_LEAST =
        TRV_TINY ? 16 : 16384, /* objects that a round over recent ones is worth it for */
    YOUNG_MOST = RECENT_LEAST, /* objects that are collected in one piece as young ones */
    WORK_PER_CONTAINER = 64,   /* what a round does for each container that is made, */
    CONTAINERS_PER_SLICE = 8,  /* so many at a time, */
    IDLE_WORK = 8192,          /* a slice for which nobody waits */
    SLICE_WORK = 2048,         /* and no more than that, however many there were */
    FIRST_WORK = 4096          /* so that a small heap needs one slice only */
};

/* How many containers more than ended may be made before a young collection. */
static int64_t young_threshold(const struct trv__heap *heap)
{
    if (heap->is_disabled || !heap->threshold[0])
        return INT64_MAX;
    return TRV_GC_STRESS ? -1 : (int64_t)heap->threshold[0];
}

void trv__set_young_limit(struct trv__heap *heap)
{
    int64_t slice = heap->young_count + (heap->round_debt > 0 ? 0 : CONTAINERS_PER_SLICE);

    heap->young_limit = young_threshold(heap);
    if (heap->round && !heap->is_disabled && heap->threshold[0])
        heap->young_limit = MIN_OF(heap->young_limit, slice);
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
        if (UNLIKELY(object->type->flags & TRV__TYPE_FIXED))
            pool->has_fixed = true;
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
    if (UNLIKELY(heap->round != NULL))
        trv__round_forget(heap, object);
    heap->young_count -= heap->young_count > 0;
    heap->stats.tracked--;
}

/* When -------------------------------------------------------------------------------------------- */

enum {
    STREAK =
        16, /* of collections that found next to nothing, for each that is left out between two */
    SKIPS_MOST = 7,
    LITTLE = 32 /* one of so many is next to nothing */
};

/* Collects a young generation, unless experience says that it is not worth it. */
static void collect_young(struct trv__heap *heap, int generation)
{
    struct trv__patience *patience = &heap->patience[generation];
    size_t most = (size_t)heap->young_count * (generation ? heap->threshold[1] + 1 : 1), found;

    if (patience->skips) {
        patience->skips--;
        trv__grow_older(heap, generation);
        return;
    }
    found = trv__collect(generation);
    if (found > most / LITTLE || TRV_GC_STRESS)
        memset(heap->patience, 0, sizeof heap->patience);
    else
        patience->skips = MIN_OF(++patience->streak / STREAK, SKIPS_MOST);
}

/* Whether more came at once than a young generation ever has that is collected when it is due. */
static bool is_flooded(const struct trv__heap *heap)
{
    return heap->young_count > MAX_OF(YOUNG_MOST, 2 * (int64_t)heap->threshold[0]);
}

enum due { DUE_YOUNG, DUE_MIDDLE, DUE_RECENT, DUE_FULL, DUE_EXACT };

static enum due what_is_due(const struct trv__heap *heap)
{
    if (TRV_GC_STRESS && heap->collections % 16 == 15)
        return heap->collections % 64 == 63 ? DUE_EXACT : DUE_FULL;
    if (heap->since[2] >= heap->threshold[2]) {
        if (heap->is_exact_next)
            return DUE_EXACT;
        if (heap->old_pending > heap->old_total / 4)
            return DUE_FULL;
        if (heap->recent_new >= MAX_OF(heap->recent_kept, RECENT_LEAST))
            return DUE_RECENT;
    }
    if (is_flooded(heap))
        return DUE_RECENT;
    return heap->since[1] >= heap->threshold[1] ? DUE_MIDDLE : DUE_YOUNG;
}

void trv__begin_round(struct trv__heap *heap, bool is_full)
{
    if (is_flooded(heap))
        trv__grow_older(heap, 1);
    else
        trv__collect(1);
    if (!trv__round_begin(heap, is_full)) {
        heap->is_exact_next = true;
        return;
    }
    heap->since[2] = 0;
    heap->round_debt = FIRST_WORK;
}

static void collect_what_is_due(struct trv__heap *heap)
{
    enum due due = what_is_due(heap);

    if (due == DUE_EXACT) {
        heap->is_exact_next = false;
        trv__collect(2);
    } else if (due >= DUE_RECENT && !heap->round) {
        trv__begin_round(heap, due == DUE_FULL);
    } else if (is_flooded(heap)) {
        trv__grow_older(heap, 1); /* the next round's */
    } else {
        collect_young(heap, due == DUE_YOUNG ? 0 : 1);
    }
}

/* Works off what the containers made since the last slice have added to the debt. */
static void pay(struct trv__heap *heap, int64_t made)
{
    int64_t work;

    heap->round_debt += MAX_OF(made, 1) * WORK_PER_CONTAINER;
    work = MIN_OF(heap->round_debt, SLICE_WORK);
    if (work > 0)
        heap->round_debt -= work - trv__round_go_on(heap, work);
}

void trv__collect_due(void)
{
    struct trv__heap *heap = trv__current->heap;
    int64_t made = heap->young_count - heap->paid_at;

    atomic_fetch_and_explicit(trv__current->attention, ~(uint32_t)TRV__ATTEND_COLLECT,
                              memory_order_relaxed);
    if (heap->is_disabled || heap->is_collecting)
        return;
    if (heap->young_count > young_threshold(heap))
        collect_what_is_due(heap);
    if (heap->round)
        pay(heap, made);
    heap->paid_at = heap->young_count;
    trv__set_young_limit(heap);
}

/* A full round that is half due is begun now, when it costs nobody anything. */
static bool may_begin_idle(const struct trv__heap *heap)
{
    return heap->old_pending >= RECENT_LEAST && heap->old_pending > heap->old_total / 8;
}

bool trv__collect_idle(void)
{
    struct trv__heap *heap = trv__current->heap;
    uint32_t attention = atomic_load_explicit(trv__current->attention, memory_order_relaxed);

    if (heap->is_disabled || heap->is_collecting || !heap->threshold[0] ||
        attention & (TRV__ATTEND_SWITCH | TRV__ATTEND_SEEDED))
        return false;
    if (!heap->round && may_begin_idle(heap))
        trv__begin_round(heap, true);
    if (!heap->round)
        return false;
    trv__round_go_on(heap, IDLE_WORK);
    heap->round_debt = 0;
    trv__set_young_limit(heap);
    return true;
}

void trv__collected(struct trv__heap *heap, int generation, size_t survivors)
{
    heap->collections++;
    if (generation == 2) {
        heap->old_total = survivors;
        heap->old_pending = heap->recent_new = heap->recent_kept = 0;
    } else if (generation == 1) {
        heap->old_pending += survivors;
        heap->recent_new += survivors;
    }
    for (int g = 0; g <= generation; g++)
        heap->since[g] = 0;
    if (generation < 2)
        heap->since[generation + 1]++;
}
