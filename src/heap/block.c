/* SPDX-License-Identifier: MIT */
/*
 * Blocks and objects on top of pools: which size goes where, and MemoryError.
 *
 * A block does not know its size; whoever frees it says it. Objects answer it through their type
 * (instance_bytes or block_bytes). Large objects carry a header and are linked in the heap, so
 * that the collector and the zygote find them; large plain blocks do not.
 */
#include "heap/mapping.h"
#include "heap/tracer.h"

static void *out_of_memory(void)
{
    return trv_raise(trv_MemoryError, "out of memory");
}

/* Tells the tracer, if it runs. */
static inline void count_in(struct trv__heap *heap, const void *block, size_t size,
                            enum trv__kind kind)
{
    heap->large_bytes += size;
    if (UNLIKELY(heap->tracer != NULL))
        trv__tracer_add(heap, block, size, kind);
}

static inline void count_out(struct trv__heap *heap, const void *block, size_t size)
{
    heap->large_bytes -= size;
    if (UNLIKELY(heap->tracer != NULL))
        trv__tracer_remove(heap, block);
}

static void *try_allocate(struct trv__heap *heap, size_t size)
{
    void *block;

    ASSERT(trv__holds_gil());
    if (size <= TRV__SMALL_MOST)
        return trv__pool_take(heap, TRV__BLOCKS, trv__size_class(size));
    if (FAULT() || size > PTRDIFF_MAX)
        return NULL;
    block = size >= heap->mapped_from ? trv__mapping_new(heap, size) : heap->allocate(size);
    if (block)
        count_in(heap, block, size, TRV__BLOCKS);
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
    count_out(heap, block, size);
    if (size >= heap->mapped_from)
        trv__mapping_end(heap, block);
    else
        heap->release(block);
}

/* Whether a block of one size becomes one of another where it stands, or the allocator moves it. */
static bool is_same_kind(const struct trv__heap *heap, size_t size, size_t other)
{
    return size > TRV__SMALL_MOST && other > TRV__SMALL_MOST &&
           (size >= heap->mapped_from) == (other >= heap->mapped_from);
}

void *trv__reallocate(void *block, size_t old_size, size_t new_size)
{
    struct trv__heap *heap = trv__current->heap;
    void *moved;

    if (block && is_same_kind(heap, old_size, new_size)) {
        if (FAULT() || new_size > PTRDIFF_MAX)
            return out_of_memory();
        moved = new_size >= heap->mapped_from ? trv__mapping_resize(block, old_size, new_size)
                                              : heap->reallocate(block, new_size);
        if (!moved)
            return out_of_memory();
        count_out(heap, block, old_size);
        count_in(heap, moved, new_size, TRV__BLOCKS);
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

static void *new_large_object(struct trv__heap *heap, size_t size, bool is_container)
{
    struct trv__large *large;
    uintptr_t address;

    if (FAULT() || size > PTRDIFF_MAX - TRV__LARGE_HEADER ||
        !(large = heap->allocate(TRV__LARGE_HEADER + size)))
        return NULL;
    large->size = size;
    large->mark = large->tally = 0;
    trv__list_append(&heap->large[is_container ? TRV__LARGE_OLD : TRV__LARGE_PLAIN], &large->link);
    heap->large_count[is_container]++;
    address = (uintptr_t)trv__large_object(&large->link);
    count_in(heap, (const void *)address, TRV__LARGE_HEADER + size,
             is_container ? TRV__CONTAINERS : TRV__OBJECTS);
    if (is_container) {
        heap->has_far_marks = true;
        heap->large_low = heap->large_low ? MIN_OF(heap->large_low, address) : address;
        heap->large_high = MAX_OF(heap->large_high, address + 1);
    }
    return (void *)address;
}

static void free_large_object(struct trv__heap *heap, void *object, bool is_container)
{
    struct trv__large *large = trv__large_of(object);

    trv__list_remove(&large->link);
    heap->large_count[is_container]--;
    count_out(heap, object, TRV__LARGE_HEADER + large->size);
    if (!heap->large_count[1]) {
        heap->has_far_marks = heap->space_count > 1;
        heap->large_low = heap->large_high = 0;
    }
    heap->release(large);
}

static void *new_object(const struct trv_type *type, size_t size, enum trv__kind kind)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object;

    ASSERT(trv__holds_gil());
    object = size <= TRV__SMALL_MOST ? trv__pool_take(heap, kind, trv__size_class(size))
                                     : new_large_object(heap, size, kind == TRV__CONTAINERS);
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
        memset((char *)object + offsetof(trv_object, payload), 0,
               size - offsetof(trv_object, payload));
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

size_t trv__block_bytes(const trv_object *object, size_t size)
{
    return object->flags & TRV__LARGE ? TRV__LARGE_HEADER + size : trv__size_class(size) * 8;
}

static void add_pool(struct trv__pool *pool, void *argument)
{
    trv_heap_stats *stats = argument;
    size_t used = trv__pool_in_use(trv__current->heap, pool);

    stats->pool_bytes += used * pool->block_bytes;
    if (pool->kind != TRV__BLOCKS)
        stats->live_objects += used;
}

void trv_heap_stats_get(trv_heap_stats *stats)
{
    struct trv__heap *heap = trv__current->heap;

    *stats = (trv_heap_stats){.live_objects = heap->large_count[0] + heap->large_count[1],
                              .arenas = heap->arena_count,
                              .arena_bytes = heap->arena_count * TRV__ARENA_BYTES};
    trv__each_pool(heap, add_pool, stats);
    stats->live_bytes = stats->pool_bytes + heap->large_bytes;
}
