/* SPDX-License-Identifier: MIT */
/*
 * Blocks and objects on top of pools: which size goes where, and MemoryError.
 *
 * A block does not know its size; whoever frees it says it. Objects answer it through their type
 * (instance_bytes or block_bytes). Large objects carry a header and are linked in the heap, so
 * that the collector and the zygote find them; large plain blocks do not.
 */
#include "heap/pool.h"

static void *out_of_memory(void)
{
    return trv_raise(trv_MemoryError, "out of memory");
}

static void *try_allocate(struct trv__heap *heap, size_t size)
{
    void *block;

    ASSERT(trv__holds_gil());
    if (size <= TRV__SMALL_MOST)
        return trv__pool_take(heap, TRV__BLOCKS, trv__size_class(size));
    block = FAULT() || size > PTRDIFF_MAX ? NULL : heap->allocate(size);
    if (block)
        heap->large_bytes += size;
    return block;
}

void *trv__try_allocate(size_t size)
{
    return try_allocate(trv__current->heap, size);
}

void *trv__allocate(size_t size)
{
    void *block = try_allocate(trv__current->heap, size);

    return LIKELY(block) ? block : out_of_memory();
}

void *trv__allocate_zeroed(size_t size)
{
    void *block = trv__allocate(size);

    return block ? memset(block, 0, size) : NULL;
}

void trv__free(void *block, size_t size)
{
    struct trv__heap *heap = trv__current->heap;

    ASSERT(trv__holds_gil());
    if (!block)
        return;
    if (size <= TRV__SMALL_MOST) {
        trv__pool_give(heap, block);
        return;
    }
    heap->large_bytes -= size;
    heap->release(block);
}

void *trv__reallocate(void *block, size_t old_size, size_t new_size)
{
    struct trv__heap *heap = trv__current->heap;
    void *moved;

    if (block && old_size > TRV__SMALL_MOST && new_size > TRV__SMALL_MOST) {
        moved = FAULT() || new_size > PTRDIFF_MAX ? NULL : heap->reallocate(block, new_size);
        if (!moved)
            return out_of_memory();
        heap->large_bytes += new_size - old_size;
        return moved;
    }
    if (block && new_size <= TRV__SMALL_MOST && old_size <= TRV__SMALL_MOST &&
        trv__size_class(old_size) == trv__size_class(new_size))
        return block;
    moved = trv__allocate(new_size);
    if (!moved)
        return NULL;
    if (block) {
        memcpy(moved, block, MIN_OF(old_size, new_size));
        trv__free(block, old_size);
    }
    return moved;
}

static void *large_object(struct trv__heap *heap, size_t size, bool is_container)
{
    struct trv__large *large;

    if (FAULT() || size > PTRDIFF_MAX - sizeof *large || !(large = heap->allocate(sizeof *large + size)))
        return NULL;
    large->size = size;
    trv__list_append(&heap->large[is_container], &large->link);
    heap->large_count[is_container]++;
    heap->large_bytes += sizeof *large + size;
    return large + 1;
}

static void free_large_object(struct trv__heap *heap, void *object, bool is_container)
{
    struct trv__large *large = (struct trv__large *)object - 1;

    trv__list_remove(&large->link);
    heap->large_count[is_container]--;
    heap->large_bytes -= sizeof *large + large->size;
    heap->release(large);
}

static void *new_object(const struct trv_type *type, size_t size, enum trv__kind kind)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object;

    ASSERT(trv__holds_gil());
    object = size <= TRV__SMALL_MOST ? trv__pool_take(heap, kind, trv__size_class(size))
                                     : large_object(heap, size, kind == TRV__CONTAINERS);
    if (UNLIKELY(!object))
        return out_of_memory();
    object->refcount = 1;
    object->flags = size <= TRV__SMALL_MOST ? 0 : TRV__LARGE;
    object->type = type;
    if (type->flags & TRV__TYPE_IN_HEAP)
        trv_ref(type->handle);
    return object;
}

void *trv__object_new(const struct trv_type *type, size_t size)
{
    ASSERT(!(type->flags & TRV__TYPE_CONTAINER));
    return new_object(type, size, TRV__OBJECTS);
}

void *trv__container_new(const struct trv_type *type, size_t size)
{
    void *object = new_object(type, size, TRV__CONTAINERS);

    ASSERT(type->flags & TRV__TYPE_CONTAINER);
    if (object)
        memset((char *)object + offsetof(trv_object, payload), 0, size - offsetof(trv_object, payload));
    return object;
}

void trv__object_discard(void *memory)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object = memory;
    const struct trv_type *type = object->type;

    ASSERT(!(object->flags & TRV__TRACKED));
    if (object->flags & TRV__LARGE)
        free_large_object(heap, object, (type->flags & TRV__TYPE_CONTAINER) != 0);
    else
        trv__pool_give(heap, object);
    if (type->flags & TRV__TYPE_IN_HEAP)
        trv_unref(type->handle);
}

static size_t pool_bytes_in_use(const struct trv__heap *heap, size_t *objects)
{
    size_t bytes = 0;

    for (size_t a = 0; a < heap->arena_count; a++)
        for (size_t i = 0; i < TRV__POOLS_PER_ARENA; i++) {
            const struct trv__pool *pool;
            if (!(heap->by_address[a]->pools_used >> i & 1))
                continue;
            pool = (const void *)(heap->by_address[a]->memory + i * TRV__POOL_BYTES);
            bytes += (size_t)pool->used * pool->block_bytes;
            if (pool->kind != TRV__BLOCKS)
                *objects += pool->used;
        }
    return bytes;
}

void trv_heap_stats_get(trv_heap_stats *stats)
{
    const struct trv__heap *heap = trv__current->heap;

    *stats = (trv_heap_stats){.live_objects = heap->large_count[0] + heap->large_count[1]};
    stats->pool_bytes = pool_bytes_in_use(heap, &stats->live_objects);
    stats->live_bytes = stats->pool_bytes + heap->large_bytes;
    stats->arenas = heap->arena_count;
    stats->arena_bytes = heap->arena_count * TRV__ARENA_BYTES;
}
