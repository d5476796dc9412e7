/* SPDX-License-Identifier: MIT */
/*
 * Freezing: the heap as it stands becomes a constant, shared by processes that are forked from here.
 *
 * Every object becomes immortal, so that its count is never written again, and the collector forgets
 * it. The pools are set aside: what is made later comes from pools of its own, because a new
 * object beside frozen ones would have the whole page copied. Blocks of frozen objects can still
 * be given back (a list that grows drops its old items), but are not used again.
 */
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
