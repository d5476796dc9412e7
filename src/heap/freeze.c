/* SPDX-License-Identifier: MIT */
/*
 * Freezing: the heap as it stands becomes a constant, shared by processes that are forked from here.
 *
 * Every object becomes immortal, so that its count is never written again, and the collector forgets
 * it. The pools are set aside: what is made later comes from pools of its own, because a new
 * object beside frozen ones would have the whole page copied. Blocks of frozen objects can still
 * be given back (a list that grows drops its old items), but are not used again.
 *
 * Setting aside is the weaker thing that Python calls freezing: objects stay what they are, but have a
 * mark that no collection takes for a member's, until they are taken back.
 */
#include "heap/collect.h"
#include "heap/mapping.h"
#include "heap/round.h"
#include "heap/tracer.h"

static void freeze_object(trv_object *object)
{
    if (object->refcount <= 0) /* free, ending, or immortal already */
        return;
    object->refcount = TRV_IMMORTAL_;
    object->flags &= ~(uint32_t)TRV__TRACKED;
}

static void freeze_pool(struct trv__pool *pool, void *unused)
{
    (void)unused;
    pool->is_frozen = true;
    pool->arena->recent = 0;
    trv__list_remove(&pool->young[0]);
    trv__list_remove(&pool->young[1]);
    trv__list_remove(&pool->link);
    if (pool->kind != TRV__BLOCKS)
        for (char *slot = trv__pool_first(pool); slot < pool->fresh; slot += pool->block_bytes)
            freeze_object((trv_object *)(void *)slot);
}

void trv__heap_freeze(struct trv__heap *heap)
{
    trv__round_drop(heap);
    trv__tracer_stop(heap);
    trv__mappings_trim(heap);
    for (unsigned kind = 0; kind < TRV__KINDS; kind++)
        for (size_t size_class = 0; size_class < TRV__CLASSES; size_class++) {
            trv__pool_unready(heap, kind, size_class);
            heap->current[kind][size_class] = NULL;
        }
    trv__each_pool(heap, freeze_pool, NULL);
    for (int i = 0; i < TRV__LARGE_FROZEN; i++) {
        LIST_EACH(link, &heap->large[i])
            freeze_object(trv__large_object(link));
        trv__list_splice(&heap->large[TRV__LARGE_FROZEN], &heap->large[i]);
    }
    heap->young_count = 0;
    heap->stats.tracked = heap->old_total = heap->old_pending = 0;
    heap->recent_new = heap->recent_kept = 0;
}

/* The arena that an address is in, or NULL. */
static const struct trv__arena *arena_at(const struct trv__heap *heap, uintptr_t address)
{
    for (size_t list = 0; list < 2 * (TRV__POOLS_PER_ARENA + 1); list++)
        LIST_EACH(link, &heap->arenas[list % 2][list / 2]) {
            const struct trv__arena *arena = CONTAINER_OF(link, struct trv__arena, link);
            if (address - (uintptr_t)arena->memory < TRV__ARENA_BYTES)
                return arena;
        }
    return NULL;
}

/* The object in a block of a frozen pool, if a block begins at the address. */
static trv_object *object_in_pool(const struct trv__arena *arena, uintptr_t address)
{
    uintptr_t index = (address - (uintptr_t)arena->memory) / TRV__POOL_BYTES;
    const struct trv__pool *pool = trv__arena_pool(arena, index);
    uintptr_t first;

    if (!(arena->pools_used >> index & 1) || !pool->is_frozen || pool->kind == TRV__BLOCKS)
        return NULL;
    first = (uintptr_t)trv__pool_first(pool);
    if (address < first || address >= (uintptr_t)pool->fresh ||
        (address - first) % pool->block_bytes)
        return NULL;
    return (trv_object *)address;
}

trv_object *trv__heap_frozen(struct trv__heap *heap, uintptr_t address)
{
    const struct trv__arena *arena = arena_at(heap, address);
    trv_object *object = arena ? object_in_pool(arena, address) : NULL;

    if (!arena)
        LIST_EACH(link, &heap->large[TRV__LARGE_FROZEN])
            if ((uintptr_t)trv__large_object(link) == address)
                object = (trv_object *)address;
    return object && object->refcount == TRV_IMMORTAL_ ? object : NULL;
}

/* Setting aside ------------------------------------------------------------------------------------- */

static void change_marks(struct trv__heap *heap, uint64_t (*change)(uint64_t marks))
{
    for (size_t i = 0; i < heap->space_count; i++)
        for (size_t slot = 0; slot < heap->spaces[i].slots_end; slot++) {
            struct trv__arena *arena = heap->spaces[i].arenas[slot];
            if (!arena)
                continue;
            arena->recent = 0;
            for (uint64_t left = arena->pools_used; left; left &= left - 1) {
                struct trv__pool *pool = trv__arena_pool(arena, (size_t)__builtin_ctzll(left));
                uint64_t *words = (uint64_t *)(void *)pool->marks;
                for (size_t j = 0; j < trv__pool_mark_words(pool) && !pool->is_frozen; j++)
                    words[j] = change(words[j]);
            }
        }
}

static uint64_t aside(uint64_t marks)
{
    return (trv__bytes_set(marks) >> 7) * TRV__MARK_ASIDE;
}

static uint64_t old(uint64_t marks)
{
    uint64_t chosen = marks >> 2 & marks >> 1 & TRV__BYTES(1);

    return (marks & ~(chosen * 7)) | chosen * TRV__MARK_OLD;
}

void trv__set_aside(struct trv__heap *heap)
{
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    trv__round_abandon(heap);
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    change_marks(heap, aside);
    for (int i = 0; i < TRV__LARGE_ASIDE; i++) {
        LIST_EACH(link, &heap->large[i])
            CONTAINER_OF(link, struct trv__large, link)->mark =
                (uint8_t)aside(CONTAINER_OF(link, struct trv__large, link)->mark);
        trv__list_splice(&heap->large[TRV__LARGE_ASIDE], &heap->large[i]);
    }
    for (int g = 0; g < 2; g++)
        while (trv__list_pop(&heap->young[g]))
            continue;
    heap->young_count = heap->paid_at = 0;
    heap->old_total = heap->old_pending = heap->recent_new = heap->recent_kept = 0;
    trv__heap_validate(heap);
}

void trv__take_back(struct trv__heap *heap)
{
    size_t counts[4];

    trv__count_generations(heap, counts);
    change_marks(heap, old);
    LIST_EACH(link, &heap->large[TRV__LARGE_ASIDE])
        CONTAINER_OF(link, struct trv__large, link)->mark =
            (uint8_t)old(CONTAINER_OF(link, struct trv__large, link)->mark);
    trv__list_splice(&heap->large[TRV__LARGE_OLD], &heap->large[TRV__LARGE_ASIDE]);
    heap->old_pending += counts[3];
    trv__heap_validate(heap);
}

/* Counting ----------------------------------------------------------------------------------------- */

static void count_object(size_t *counts, uint8_t mark)
{
    static const uint8_t generations[] = {0, 2, 2, 2, 1, 0, 3};

    if (mark)
        counts[generations[mark]]++;
}

static void count_pool(struct trv__pool *pool, void *argument)
{
    if (pool->marks && !pool->is_frozen)
        for (size_t i = 0; i < 8 * trv__pool_mark_words(pool); i++)
            count_object(argument, pool->marks[i]);
}

void trv__count_generations(struct trv__heap *heap, size_t counts[4])
{
    memset(counts, 0, 4 * sizeof *counts);
    trv__each_pool(heap, count_pool, counts);
    for (int list = 0; list <= TRV__LARGE_ASIDE; list++)
        LIST_EACH(link, &heap->large[list])
            count_object(counts, CONTAINER_OF(link, struct trv__large, link)->mark);
}
