/* SPDX-License-Identifier: MIT */
/*
 * The validator: what must be true of a heap between any two operations, written as code. Debug
 * builds run it after collections (always for small heaps, now and then for large ones), and tests
 * whenever they like. An assertion that fails names the promise that was broken.
 *
 *   - Arenas are filed by how many pools they have free, and a space knows which slots are taken.
 *   - A pool's blocks are in use, in its own list, in the ready list, or fresh; the numbers add up. It
 *     is in its class's list exactly if it is current or has blocks in its own list. Frozen pools
 *     are in no list.
 *   - A free block of a pool of objects has 0 where the count and the flags would be. Any other
 *     block there is an object of a type that belongs in such a pool, or one that is ending.
 *   - An object is tracked exactly if it has a mark; the mark is that of a generation, and the pool
 *     is in the list of that generation, or the large object in its list; a pool with something of
 *     generation 2 that has not settled has its bit in the arena.
 *   - What is tracked late (a dict) and is not yet holds nothing that may be in a cycle,
 *     unless a round has hidden it, as garbage.
 *   - Tallies, and the numbers of suspects, are 0 unless a round is under way, and where no tracked
 *     object begins.
 *   - The array that a type says its references are in is what its traverse visits, and holds objects
 *     with a count.
 *   - The weak table has an entry for each object that says so, whose weak references all refer to it.
 */
#include "heap/collect.h"

#if TRV_DEBUG

struct census {
    struct trv__heap *heap;
    size_t tracked, large[2], arenas, weakly_referenced;
};

/* Objects ------------------------------------------------------------------------------------------- */

static int check_reference(trv_object *child, void *argument)
{
    (void)argument;
    ASSERT(!child || (child->refcount != 0 && child->type && child->type->handle));
    return 0;
}

static int check_harmless(trv_object *child, void *argument)
{
    (void)argument;
    ASSERT(!child || !trv__may_be_in_cycle(child));
    return 0;
}

struct expected {
    trv_object *const *items;
    size_t count;
};

static int check_next(trv_object *child, void *argument)
{
    struct expected *expected = argument;

    while (expected->count && !*expected->items)
        expected->items++, expected->count--;
    if (!child)
        return 0;
    ASSERT(expected->count && *expected->items == child);
    expected->items++, expected->count--;
    return 0;
}

static void check_array(trv_object *object)
{
    const struct trv__references *at = &object->type->references;
    struct expected expected;
    char *base = (char *)object;

    if (!at->width)
        return;
    expected.items =
        at->is_inside ? (void *)(base + at->items) : *(void **)(void *)(base + at->items);
    expected.count = at->is_count_32 ? *(uint32_t *)(void *)(base + at->count)
                                     : *(size_t *)(void *)(base + at->count);
    expected.count *= at->width;
    object->type->slots.traverse(object, check_next, &expected);
    check_next(NULL, &expected);
    ASSERT(!expected.count);
}

static bool is_container_type(const struct trv_type *type)
{
    return (type->flags & TRV__TYPE_CONTAINER) != 0;
}

static void check_object(struct census *census, trv_object *object, bool is_container, uint8_t mark)
{
    const struct trv_type *type = object->type;

    if (object->refcount < 0 && object->refcount != TRV_IMMORTAL_)
        return; /* it is ending: its content may be half gone */
    ASSERT(type && type->handle && trv__is_type(type->handle));
    ASSERT(trv__type_of_handle(type->handle) == type);
    ASSERT(is_container_type(type) == is_container);
    ASSERT(object->flags < TRV__FLAGS_END || census->heap->round);
    ASSERT(!(object->flags & TRV__FINALIZED) || type->slots.finalize);
    ASSERT(!(object->flags & TRV__HAS_WEAKREFS) || !(type->flags & TRV__TYPE_NO_WEAKREF));
    census->weakly_referenced += (object->flags & TRV__HAS_WEAKREFS) != 0;
    if (object->refcount == TRV_IMMORTAL_ && !(object->flags & TRV__TRACKED))
        return; /* frozen: the mark is of no meaning any more */
    ASSERT(((object->flags & TRV__TRACKED) != 0) == (mark != TRV__MARK_NONE));
    if (!mark && type->flags & TRV__TYPE_LATE && !census->heap->round) /* which hides garbage */
        type->slots.traverse(object, check_harmless, NULL);
    if (!mark)
        return;
    ASSERT(mark <= TRV__MARK_ASIDE && is_container && type->slots.traverse && object->refcount > 0);
    census->tracked++;
    check_array(object);
    type->slots.traverse(object, check_reference, NULL);
}

/* Pools --------------------------------------------------------------------------------------------- */

static size_t length_of_list(struct trv__pool *pool, struct trv__free_block *block)
{
    size_t length = 0;

    while (block) {
        struct trv__free_block *next;
        ASSERT(trv__pool_of(block) == pool && (char *)block < pool->fresh);
        ASSERT(((size_t)((char *)block - trv__pool_first(pool))) % pool->block_bytes == 0);
        ASSERT(block->no_object == 0);
        REVEAL(block, sizeof *block);
        next = block->next;
        POISON(&block->next, sizeof next);
        block = next;
        length++;
        ASSERT(length <= pool->carved);
    }
    return length;
}

static size_t check_slots(struct census *census, struct trv__pool *pool)
{
    size_t objects = 0;

    for (char *slot = trv__pool_first(pool); slot < pool->fresh; slot += pool->block_bytes) {
        trv_object *object = (trv_object *)(void *)slot;
        size_t granule = (size_t)(slot - (char *)pool) / TRV__GRANULE;
        uint8_t mark = pool->marks ? pool->marks[granule] : TRV__MARK_NONE;
        ASSERT(!pool->marks || !*trv__tally_of(census->heap, object) ||
               (census->heap->round && mark));
        if (!object->refcount && !object->flags) {
            ASSERT(mark == TRV__MARK_NONE);
            continue;
        }
        ASSERT(object->refcount != 0);
        ASSERT(!pool->marks || trv__object_at(pool, granule) == object);
        check_object(census, object, pool->kind == TRV__CONTAINERS, mark);
        ASSERT(mark != TRV__MARK_YOUNG || pool->is_frozen || trv__list_is_linked(&pool->young[0]));
        ASSERT((mark != TRV__MARK_RECENT && mark != TRV__MARK_SETTLING) ||
               pool->arena->recent >> trv__pool_index(pool) & 1);
        ASSERT(mark != TRV__MARK_MIDDLE || pool->is_frozen || trv__list_is_linked(&pool->young[1]));
        objects++;
    }
    return objects;
}

static void check_pool(struct trv__pool *pool, void *argument)
{
    struct census *census = argument;
    struct trv__heap *heap = census->heap;
    bool is_current = heap->current[pool->kind][pool->size_class] == pool;
    size_t in_list = length_of_list(pool, pool->free) + length_of_list(pool, pool->aside),
           ready = 0;

    ASSERT(pool->kind < TRV__KINDS && pool->block_bytes == pool->size_class * 8u);
    ASSERT((pool->kind == TRV__CONTAINERS) == (pool->marks != NULL));
    ASSERT((size_t)(pool->fresh - trv__pool_first(pool)) ==
           (size_t)pool->carved * pool->block_bytes);
    ASSERT(pool->fresh <= pool->end && pool->end <= (char *)pool + TRV__POOL_BYTES);
    ASSERT(pool->used + in_list == pool->carved);
    if (is_current)
        ready = length_of_list(pool, heap->ready[pool->kind][pool->size_class]);
    ASSERT(ready <= pool->used && trv__pool_in_use(heap, pool) == pool->used - ready);
    if (pool->is_frozen)
        ASSERT(!is_current && !trv__list_is_linked(&pool->link) &&
               !trv__list_is_linked(&pool->young[0]) && !trv__list_is_linked(&pool->young[1]));
    else
        ASSERT(trv__list_is_linked(&pool->link) == (is_current || pool->free || pool->aside));
    ASSERT(!heap->tracer || pool->is_frozen || !pool->free);
    if (pool->kind != TRV__BLOCKS) {
        size_t objects = check_slots(census, pool);
        ASSERT(objects == pool->used - ready);
    }
}

static void check_arenas(struct census *census)
{
    struct trv__heap *heap = census->heap;

    for (size_t pools_free = 0; pools_free <= TRV__POOLS_PER_ARENA; pools_free++)
        for (int is_containers = 0; is_containers < 2; is_containers++)
            LIST_EACH(link, &heap->arenas[is_containers][pools_free]) {
                const struct trv__arena *arena = CONTAINER_OF(link, struct trv__arena, link);
                const struct trv__space *space = arena->space;
                ASSERT((size_t)__builtin_popcountll(~arena->pools_used) == pools_free);
                ASSERT((space != NULL) == is_containers);
                if (space)
                    ASSERT(
                        space->arenas[(size_t)(arena->memory - space->base) / TRV__ARENA_BYTES] ==
                        arena);
                census->arenas++;
            }
    ASSERT(census->arenas == heap->arena_count);
}

/* The rest ------------------------------------------------------------------------------------------ */

static void check_large(struct census *census)
{
    struct trv__heap *heap = census->heap;

    for (int list = 0; list < TRV__LARGE_LISTS; list++)
        LIST_EACH(link, &heap->large[list]) {
            trv_object *object = trv__large_object(link);
            uint8_t mark = trv__large_of(object)->mark;
            bool is_container = list == TRV__LARGE_FROZEN ? is_container_type(object->type)
                                                          : list != TRV__LARGE_PLAIN;
            census->large[is_container]++;
            ASSERT(object->flags & TRV__LARGE);
            ASSERT(!is_container ||
                   ((uintptr_t)object >= heap->large_low && (uintptr_t)object < heap->large_high));
            if (mark && list <= TRV__LARGE_ASIDE)
                ASSERT((list == TRV__LARGE_ASIDE) == (mark == TRV__MARK_ASIDE));
            if (mark && list < TRV__LARGE_ASIDE)
                ASSERT(list < TRV__LARGE_RECENT ? mark == TRV__MARK_YOUNG - list
                                                : mark <= TRV__MARK_RECENT);
            ASSERT(!trv__large_of(object)->tally || heap->round);
            check_object(census, object, is_container, mark);
        }
    ASSERT(census->large[0] == heap->large_count[0] && census->large[1] == heap->large_count[1]);
    ASSERT(heap->round || trv__list_is_empty(&heap->large[TRV__LARGE_WALKED]));
    ASSERT(heap->has_far_marks == (heap->space_count > 1 || heap->large_count[1]));
}

static void check_weak_table(struct census *census)
{
    const struct trv__heap *heap = census->heap;
    size_t used = 0;

    for (size_t i = 0; i < heap->weak_capacity; i++) {
        const struct trv__weak_entry *entry = &heap->weak_table[i];
        const struct trv__weak *previous = NULL;
        if (!entry->object)
            continue;
        used++;
        ASSERT(entry->object->flags & TRV__HAS_WEAKREFS && entry->first);
        ASSERT(trv__weak_first(entry->object) == entry->first);
        for (const struct trv__weak *weak = entry->first; weak; previous = weak, weak = weak->next)
            ASSERT(weak->referent == entry->object && weak->previous == previous);
    }
    ASSERT(used == heap->weak_used && 4 * used <= 3 * heap->weak_capacity);
    ASSERT(used >= census->weakly_referenced);
}

void trv__heap_check(struct trv__heap *heap)
{
    struct census census = {.heap = heap};

    check_arenas(&census);
    trv__each_pool(heap, check_pool, &census);
    check_large(&census);
    check_weak_table(&census);
    ASSERT(census.tracked == heap->stats.tracked);
}

#else

void trv__heap_check(struct trv__heap *heap)
{
    (void)heap;
}

#endif

void trv__heap_validate(struct trv__heap *heap)
{
    if (TRV_DEBUG && (heap->stats.tracked < 5000 || heap->collections % 256 == 0))
        trv__heap_check(heap);
}
