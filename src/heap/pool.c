/* SPDX-License-Identifier: MIT */
/*
 * Where pools come from and go to: arenas.
 *
 * New pools are cut from the arena with the fewest free pools, so that nearly empty arenas drain
 * and can be unmapped. One pool a class may stay empty (the current one), and one arena (so that
 * a program that goes up and down by one pool does not map and unmap). Everything under the GIL.
 */
#include "heap/pool.h"

#include <sys/mman.h>

static void file_arena(struct trv__heap *heap, struct trv__arena *arena)
{
    size_t used = (size_t)__builtin_popcountll(arena->pools_used);

    trv__list_remove(&arena->link);
    trv__list_prepend(&heap->arenas[TRV__POOLS_PER_ARENA - used], &arena->link);
}

/* Maps twice the size and trims, to get the alignment. */
static char *map_aligned(void)
{
    size_t size = TRV__ARENA_BYTES, before;
    char *map = FAULT() ? MAP_FAILED
                        : mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    before = (size - ((uintptr_t)map & (size - 1))) & (size - 1);
    if (before)
        munmap(map, before);
    munmap(map + before + size, size - before);
    return map + before;
}

static bool insert_by_address(struct trv__heap *heap, struct trv__arena *arena)
{
    size_t i = heap->arena_count;

    if (i == heap->arena_capacity) {
        size_t capacity = i ? 2 * i : 16;
        void *grown = realloc(heap->by_address, capacity * sizeof *heap->by_address);
        if (!grown)
            return false;
        heap->by_address = grown;
        heap->arena_capacity = capacity;
    }
    for (; i > 0 && heap->by_address[i - 1]->memory > arena->memory; i--) {
        heap->by_address[i] = heap->by_address[i - 1];
        heap->by_address[i]->index = i;
    }
    heap->by_address[i] = arena;
    arena->index = i;
    heap->arena_count++;
    return true;
}

static struct trv__arena *new_arena(struct trv__heap *heap)
{
    struct trv__arena *arena = calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    trv__list_init(&arena->link);
    arena->memory = map_aligned();
    if (!arena->memory || !insert_by_address(heap, arena)) {
        if (arena->memory)
            munmap(arena->memory, TRV__ARENA_BYTES);
        free(arena);
        return NULL;
    }
    file_arena(heap, arena);
    return arena;
}

static void free_arena(struct trv__heap *heap, struct trv__arena *arena)
{
    trv__list_remove(&arena->link);
    heap->arena_count--;
    for (size_t i = arena->index; i < heap->arena_count; i++) {
        heap->by_address[i] = heap->by_address[i + 1];
        heap->by_address[i]->index = i;
    }
    UNPOISON(arena->memory, TRV__ARENA_BYTES);
    munmap(arena->memory, TRV__ARENA_BYTES);
    free(arena);
}

static struct trv__arena *fullest_arena(struct trv__heap *heap)
{
    for (size_t pools_free = 1; pools_free <= TRV__POOLS_PER_ARENA; pools_free++)
        if (!trv__list_is_empty(&heap->arenas[pools_free]))
            return CONTAINER_OF(heap->arenas[pools_free].next, struct trv__arena, link);
    return new_arena(heap);
}

static struct trv__pool *new_pool(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__arena *arena = fullest_arena(heap);
    struct trv__pool *pool;
    size_t i, header = ROUND_UP(sizeof *pool, 16);

    if (!arena)
        return NULL;
    i = (size_t)__builtin_ctzll(~arena->pools_used);
    arena->pools_used |= UINT64_C(1) << i;
    file_arena(heap, arena);
    pool = (struct trv__pool *)(void *)(arena->memory + i * TRV__POOL_BYTES);
    UNPOISON(pool, TRV__POOL_BYTES);
    *pool = (struct trv__pool){.block_bytes = (uint32_t)(size_class * 8), .arena = arena, .kind = (uint16_t)kind,
                               .size_class = (uint16_t)size_class};
    pool->fresh = (char *)pool + header;
    pool->end = pool->fresh + (TRV__POOL_BYTES - header) / pool->block_bytes * pool->block_bytes;
    trv__list_init(&pool->young[0]);
    trv__list_init(&pool->young[1]);
    trv__list_init(&pool->link);
    trv__list_prepend(&heap->pools[kind][size_class], &pool->link);
    POISON(pool->fresh, (size_t)((char *)pool + TRV__POOL_BYTES - pool->fresh));
    return pool;
}

static void free_pool(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__arena *arena = pool->arena;

    trv__list_remove(&pool->link);
    trv__list_remove(&pool->young[0]);
    trv__list_remove(&pool->young[1]);
    arena->pools_used &= ~(UINT64_C(1) << (((char *)pool - arena->memory) / (ptrdiff_t)TRV__POOL_BYTES));
    file_arena(heap, arena);
    if (!arena->pools_used && arena->link.next != &heap->arenas[TRV__POOLS_PER_ARENA])
        free_arena(heap, arena); /* another one is empty already */
}

static void set_current(struct trv__heap *heap, unsigned kind, size_t size_class)
{
    struct trv__list *list = &heap->pools[kind][size_class];

    heap->current[kind][size_class] =
        trv__list_is_empty(list) ? NULL : CONTAINER_OF(list->next, struct trv__pool, link);
}

/* Links a few fresh blocks, in the order of their addresses. */
static void carve(struct trv__pool *pool)
{
    size_t count = (size_t)(pool->end - pool->fresh) / pool->block_bytes;
    struct trv__free_block **last = &pool->free;

    for (count = MIN_OF(count, 32); count > 0; count--) {
        struct trv__free_block *block = (struct trv__free_block *)(void *)pool->fresh;
        UNPOISON(block, pool->block_bytes);
        block->no_object = 0;
        *last = block;
        last = &block->next;
        pool->fresh += pool->block_bytes;
    }
    *last = NULL;
    /* Poisoned only now: each block's link is written when the next one is made. */
    for (struct trv__free_block *block = pool->free, *next; block; block = next) {
        next = block->next;
        POISON((char *)block + 8, pool->block_bytes - 8);
    }
}

void *trv__pool_take_slow(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__pool *pool = heap->current[kind][size_class];
    struct trv__free_block *block;

    if (pool && pool->fresh == pool->end) {
        trv__list_remove(&pool->link);
        set_current(heap, kind, size_class);
        pool = heap->current[kind][size_class];
    }
    if (!pool) {
        if (!(pool = new_pool(heap, kind, size_class)))
            return NULL;
        heap->current[kind][size_class] = pool;
    }
    if (!pool->free)
        carve(pool);
    block = pool->free;
    REVEAL(block, sizeof *block);
    pool->free = block->next;
    pool->used++;
    UNPOISON(block, pool->block_bytes);
    return block;
}

void trv__pool_give_slow(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__pool *current = heap->current[pool->kind][pool->size_class];

    if (!trv__list_is_linked(&pool->link)) /* it was full */
        trv__list_append(&heap->pools[pool->kind][pool->size_class], &pool->link);
    if (pool->used == 0 && current && pool != current)
        free_pool(heap, pool);
    else if (!current)
        heap->current[pool->kind][pool->size_class] = pool;
}

static void release_current_pools(struct trv__heap *heap)
{
    for (unsigned kind = 0; kind < TRV__KINDS; kind++)
        for (size_t size_class = 0; size_class < TRV__CLASSES; size_class++)
            heap->current[kind][size_class] = NULL;
}

struct trv__heap *trv__heap_create(const trv_config *config)
{
    struct trv__heap *heap = FAULT() ? NULL : calloc(1, sizeof *heap);

    if (!heap)
        return NULL;
    for (unsigned kind = 0; kind < TRV__KINDS; kind++)
        for (size_t size_class = 0; size_class < TRV__CLASSES; size_class++)
            trv__list_init(&heap->pools[kind][size_class]);
    for (size_t i = 0; i <= TRV__POOLS_PER_ARENA; i++)
        trv__list_init(&heap->arenas[i]);
    for (int i = 0; i < 2; i++) {
        trv__list_init(&heap->large[i]);
        trv__list_init(&heap->young[i]);
    }
    heap->allocate = OPTION_GIVEN(config, release) && config->allocate ? config->allocate : malloc;
    heap->reallocate = OPTION_GIVEN(config, release) && config->reallocate ? config->reallocate : realloc;
    heap->release = OPTION_GIVEN(config, release) && config->release ? config->release : free;
    heap->threshold[0] = TRV_TINY ? 4 : 700;
    heap->threshold[1] = heap->threshold[2] = TRV_TINY ? 2 : 10;
    return heap;
}

void trv__heap_destroy(struct trv__heap *heap)
{
    release_current_pools(heap);
    while (heap->arena_count)
        free_arena(heap, heap->by_address[heap->arena_count - 1]);
    for (int i = 0; i < 2; i++)
        LIST_EACH (node, &heap->large[i])
            heap->release(CONTAINER_OF(node, struct trv__large, link));
    free(heap->by_address);
    free(heap->weak_table);
    free(heap->kept.items);
    free(heap);
}
