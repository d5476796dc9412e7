/* SPDX-License-Identifier: MIT */
/*
 * Pools: what happens when a ready list is used up, when a pool becomes empty, and when one that
 * was full gets a block back. The rest of the way of a block is inline, in heap/pool.h. Also the
 * life of a heap.
 *
 * A pool that becomes empty goes back to its arena, unless it is the current one of its class or
 * the only other one with room: so a program that goes up and down by a pool's worth of blocks
 * does not take a pool from the arena each time.
 */
#include "heap/mapping.h"
#include "heap/tracer.h"

#define CARVED_AT_ONCE 32

static struct trv__pool *new_pool(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__arena *arena;
    struct trv__pool *pool = trv__arena_take(heap, kind == TRV__CONTAINERS, &arena);

    if (!pool)
        return NULL;
    UNPOISON(pool, TRV__POOL_BYTES);
    *pool = (struct trv__pool){.arena = arena,
                               .block_bytes = (uint32_t)size_class * 8,
                               .reciprocal =
                                   (uint32_t)(((UINT64_C(1) << 32) - 1) / (size_class * 8) + 1),
                               .kind = (uint8_t)kind,
                               .size_class = (uint8_t)size_class};
    if (arena->space)
        pool->marks =
            arena->space->marks + (size_t)((char *)pool - arena->space->base) / TRV__GRANULE;
    pool->fresh = trv__pool_first(pool);
    pool->end =
        pool->fresh + (TRV__POOL_BYTES - TRV__POOL_HEADER) / pool->block_bytes * pool->block_bytes;
    trv__list_init(&pool->young[0]);
    trv__list_init(&pool->young[1]);
    trv__list_init(&pool->link);
    trv__list_prepend(&heap->pools[kind][size_class], &pool->link);
    POISON(pool->fresh, (size_t)((char *)pool + TRV__POOL_BYTES - pool->fresh));
    return pool;
}

static void free_pool(struct trv__heap *heap, struct trv__pool *pool)
{
    trv__list_remove(&pool->link);
    trv__list_remove(&pool->young[0]);
    trv__list_remove(&pool->young[1]);
    trv__arena_give(heap, pool);
}

/* Links a few fresh blocks, in the order of their addresses. */
static struct trv__free_block *carve(struct trv__pool *pool)
{
    uint32_t bytes = pool->block_bytes;
    size_t count = MIN_OF((size_t)(pool->end - pool->fresh) / bytes, CARVED_AT_ONCE);
    char *first = pool->fresh;

    UNPOISON(first, count * bytes);
    for (size_t i = 0; i < count; i++) {
        struct trv__free_block *block = (struct trv__free_block *)(void *)(first + i * bytes);
        block->no_object = 0;
        block->next =
            i + 1 < count ? (struct trv__free_block *)(void *)(first + (i + 1) * bytes) : NULL;
        POISON((char *)block + 8, bytes - 8);
    }
    pool->fresh += count * bytes;
    pool->carved += (uint32_t)count;
    return (struct trv__free_block *)(void *)first;
}

/* The current pool of a class, or, if that has no block left, the next one that has. */
static struct trv__pool *pool_with_room(struct trv__heap *heap, enum trv__kind kind,
                                        size_t size_class)
{
    struct trv__list *list = &heap->pools[kind][size_class];
    struct trv__pool *pool = heap->current[kind][size_class];

    if (pool && !pool->free && !pool->aside && pool->fresh == pool->end) {
        trv__list_remove(&pool->link);
        pool = NULL;
    }
    if (!pool)
        pool = trv__list_is_empty(list) ? new_pool(heap, kind, size_class)
                                        : CONTAINER_OF(list->next, struct trv__pool, link);
    heap->current[kind][size_class] = pool;
    return pool;
}

static void *take_traced(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__free_block *block = pool->aside ? pool->aside : carve(pool);

    REVEAL(block, sizeof *block);
    pool->aside = block->next;
    pool->used++;
    UNPOISON(block, pool->block_bytes);
    trv__tracer_add(heap, block, pool->block_bytes, pool->kind);
    return block;
}

/* Puts aside the block that has just been given back. */
static void give_traced(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__free_block *block = pool->free;

    trv__tracer_remove(heap, block);
    REVEAL(block, sizeof *block);
    block->next = pool->aside;
    POISON(&block->next, sizeof block->next);
    pool->aside = block;
    pool->free = NULL;
}

void *trv__pool_take_slow(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__pool *pool = pool_with_room(heap, kind, size_class);
    struct trv__free_block *block;

    if (!pool)
        return NULL;
    if (UNLIKELY(heap->tracer != NULL))
        return take_traced(heap, pool);
    block = pool->free ? pool->free : carve(pool);
    pool->free = NULL;
    pool->used = pool->carved;
    REVEAL(block, sizeof *block);
    heap->ready[kind][size_class] = block->next;
    UNPOISON(block, pool->block_bytes);
    return block;
}

void trv__pool_give_slow(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__list *list = &heap->pools[pool->kind][pool->size_class];

    if (pool->is_frozen)
        return;
    if (UNLIKELY(heap->tracer != NULL))
        give_traced(heap, pool);
    if (!trv__list_is_linked(&pool->link)) /* it was full */
        trv__list_append(list, &pool->link);
    if (pool->used == 0 && pool != heap->current[pool->kind][pool->size_class] &&
        list->next->next->next != list) /* three: it, the current one, another */
        free_pool(heap, pool);
}

size_t trv__pool_in_use(const struct trv__heap *heap, const struct trv__pool *pool)
{
    size_t used = pool->used;

    if (pool == heap->current[pool->kind][pool->size_class])
        for (struct trv__free_block *block = heap->ready[pool->kind][pool->size_class], *next;
             block; block = next) {
            REVEAL(block, sizeof *block);
            next = block->next;
            POISON(&block->next, sizeof next);
            used--;
        }
    return used;
}

void trv__pool_unready(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__pool *pool = heap->current[kind][size_class];
    struct trv__free_block *block;

    while ((block = heap->ready[kind][size_class])) {
        REVEAL(block, sizeof *block);
        heap->ready[kind][size_class] = block->next;
        block->next = pool->free;
        pool->free = block;
        pool->used--;
        POISON(&block->next, sizeof block->next);
    }
}

/* With or without the tracer ------------------------------------------------------------------------ */

static void trace_pool(struct trv__pool *pool, void *is_on)
{
    if (pool->is_frozen)
        return;
    if (is_on) {
        pool->aside = pool->free;
        pool->free = NULL;
    } else {
        pool->free = pool->aside;
        pool->aside = NULL;
    }
}

void trv__pools_trace(struct trv__heap *heap, bool is_on)
{
    for (unsigned kind = 0; kind < TRV__KINDS; kind++)
        for (size_t size_class = 0; size_class < TRV__CLASSES; size_class++)
            trv__pool_unready(heap, kind, size_class);
    trv__each_pool(heap, trace_pool, is_on ? heap : NULL);
}

/* The life of a heap ------------------------------------------------------------------------------ */

struct trv__heap *trv__heap_create(const trv_config *config)
{
    struct trv__heap *heap = FAULT() ? NULL : calloc(1, sizeof *heap);

    if (!heap)
        return NULL;
    for (unsigned kind = 0; kind < TRV__KINDS; kind++)
        for (size_t size_class = 0; size_class < TRV__CLASSES; size_class++)
            trv__list_init(&heap->pools[kind][size_class]);
    for (size_t i = 0; i <= TRV__POOLS_PER_ARENA; i++) {
        trv__list_init(&heap->arenas[0][i]);
        trv__list_init(&heap->arenas[1][i]);
    }
    for (int i = 0; i < TRV__LARGE_LISTS; i++)
        trv__list_init(&heap->large[i]);
    trv__list_init(&heap->young[0]);
    trv__list_init(&heap->young[1]);
    heap->allocate = OPTION_GIVEN(config, release) && config->allocate ? config->allocate : malloc;
    heap->reallocate =
        OPTION_GIVEN(config, release) && config->reallocate ? config->reallocate : realloc;
    heap->release = OPTION_GIVEN(config, release) && config->release ? config->release : free;
    heap->mapped_from = heap->allocate == malloc ? TRV__MAPPED_FROM : SIZE_MAX;
    heap->threshold[0] = TRV_TINY ? 4 : 700;
    heap->threshold[1] = heap->threshold[2] = TRV_TINY ? 2 : 10;
    trv__set_young_limit(heap);
    return heap;
}

void trv__heap_destroy(struct trv__heap *heap)
{
    trv__tracer_stop(heap);
    trv__arenas_free(heap);
    trv__mappings_trim(heap);
    for (int i = 0; i < TRV__LARGE_LISTS; i++)
        LIST_EACH(link, &heap->large[i])
            heap->release(CONTAINER_OF(link, struct trv__large, link));
    free(heap->weak_table);
    free(heap->kept.items);
    free(heap);
}
