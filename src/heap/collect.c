/* SPDX-License-Identifier: MIT */
/*
 * The cycle collector.
 *
 * It works on a set of tracked containers: those of a generation and of all younger ones. Counts
 * are copied, and every reference from inside the set is subtracted from the copy. What remains
 * above zero is held from outside (a variable, a stack, an older object, an untracked one), and
 * alive with all it reaches; the rest can only be reached from itself. This is sound on any
 * subset of the heap and needs no write barrier.
 *
 * There are no lists of objects: the collector walks the slots of pools, in address order. Pools
 * that may hold objects of generation 0 or 1 are linked, so that a young collection touches only
 * the few pools that were allocated from; a full one walks all arenas.
 *
 * The copy of the count lives in the upper bits of `flags`, saturated; an object with a count that
 * does not fit is held to be alive.
 *
 * When a set of unreachable objects is found, each is held by one reference, so that whatever the
 * next steps run, none ends early:
 *   1. weak references to them are cut; callbacks run for weak references outside the set;
 *   2. finalizers run, once in an object's life;
 *   3. the subtraction is done again over the set: what a finalizer made reachable lives on, with
 *      all it reaches;
 *   4. the rest is cleared and let go.
 *
 * Invariants between collections: no object has COLLECTING, REACHABLE or a copied count. During
 * steps 1-4 user code runs, allocates and may even ask for a collection, which is refused.
 */
#include "base/clock.h"
#include "heap/object_callback.h"
#include "heap/pool.h"

#define COUNT_MOST (UINT32_MAX / TRV__FLAGS_END)

typedef void (*on_object)(trv_object *object, void *argument);

/* A growing array of objects; `failed` once memory ran out. */
struct vector {
    trv_object **items;
    size_t count, capacity;
    bool failed;
};

static void push(struct vector *vector, trv_object *object)
{
    if (vector->count == vector->capacity) {
        size_t capacity = vector->capacity ? 2 * vector->capacity : 1024;
        void *grown = vector->failed || FAULT() ? NULL : realloc(vector->items, capacity * sizeof *vector->items);
        if (!grown) {
            vector->failed = true;
            return;
        }
        vector->items = grown;
        vector->capacity = capacity;
    }
    vector->items[vector->count++] = object;
}

/* Walking --------------------------------------------------------------------------------------- */

static void walk_pool(const struct trv__pool *pool, on_object visit, void *argument)
{
    size_t step = pool->block_bytes;

    for (char *slot = (char *)pool + ROUND_UP(sizeof *pool, 16); slot < pool->fresh; slot += step) {
        trv_object *object = (trv_object *)(void *)slot;
        if (object->flags & TRV__TRACKED)
            visit(object, argument);
    }
}

static void walk_large(struct trv__heap *heap, on_object visit, void *argument)
{
    LIST_EACH (node, &heap->large[1]) {
        trv_object *object = (trv_object *)(void *)(CONTAINER_OF(node, struct trv__large, link) + 1);
        if (object->flags & TRV__TRACKED)
            visit(object, argument);
    }
}

static void walk_all_pools(struct trv__heap *heap, on_object visit, void *argument)
{
    for (size_t a = 0; a < heap->arena_count; a++)
        for (uint64_t left = heap->by_address[a]->pools_used; left; left &= left - 1) {
            const struct trv__pool *pool =
                (const void *)(heap->by_address[a]->memory + (size_t)__builtin_ctzll(left) * TRV__POOL_BYTES);
            if (pool->kind == TRV__CONTAINERS)
                walk_pool(pool, visit, argument);
        }
}

/* Visits at least the tracked objects of a generation and those younger. */
static void walk(struct trv__heap *heap, int generation, on_object visit, void *argument)
{
    if (generation == 2)
        walk_all_pools(heap, visit, argument);
    else
        for (int g = 0; g <= generation; g++)
            LIST_EACH (node, &heap->young[g]) {
                const struct trv__pool *pool = CONTAINER_OF(node - g, struct trv__pool, young[0]);
                if (g == 1 && trv__list_is_linked(&pool->young[0]))
                    continue; /* seen in the first round */
                walk_pool(pool, visit, argument);
            }
    walk_large(heap, visit, argument);
}

/* Finding the unreachable ------------------------------------------------------------------------- */

struct search {
    struct trv__heap *heap;
    uint32_t generation;
    struct vector pending; /* found alive, not yet traversed */
    struct vector garbage;
    size_t survivors, total;
};

static void enter_set(trv_object *object, uint32_t references)
{
    uint32_t count = references < COUNT_MOST ? references : COUNT_MOST;

    object->flags = (object->flags & (TRV__FLAGS_END - 1)) | TRV__COLLECTING | count * TRV__FLAGS_END;
}

static void begin(trv_object *object, void *argument)
{
    struct search *search = argument;

    if ((object->flags & TRV__GENERATION) > search->generation)
        return;
    search->total++;
    enter_set(object, (uint32_t)object->refcount);
}

static int subtract(trv_object *child, void *argument)
{
    (void)argument;
    if (child && child->flags & TRV__COLLECTING) {
        uint32_t count = child->flags / TRV__FLAGS_END;
        ASSERT(count > 0);
        if (count > 0 && count < COUNT_MOST)
            child->flags -= TRV__FLAGS_END;
    }
    return 0;
}

static void subtract_children(trv_object *object, void *argument)
{
    if (object->flags & TRV__COLLECTING)
        object->type->slots.traverse(object, subtract, argument);
}

static int reach(trv_object *child, void *argument)
{
    struct search *search = argument;

    if (child && (child->flags & (TRV__COLLECTING | TRV__REACHABLE)) == TRV__COLLECTING) {
        child->flags |= TRV__REACHABLE;
        push(&search->pending, child);
    }
    return 0;
}

static void reach_from_outside(trv_object *object, void *argument)
{
    if (!(object->flags & TRV__COLLECTING) || object->flags < TRV__FLAGS_END)
        return;
    reach(object, argument);
    for (struct search *search = argument; search->pending.count;) {
        trv_object *next = search->pending.items[--search->pending.count];
        next->type->slots.traverse(next, reach, search);
    }
}

/* Ends the set: takes the marks off, survivors grow older, the rest is gathered, each held once. */
static void finish(trv_object *object, void *argument)
{
    struct search *search = argument;
    uint32_t flags = object->flags;

    if (!(flags & TRV__COLLECTING))
        return;
    object->flags = flags & (TRV__FLAGS_END - 1) &
                    ~(uint32_t)(TRV__COLLECTING | TRV__REACHABLE | TRV__GENERATION);
    object->flags |= MIN_OF(search->generation + 1, 2);
    if (flags & TRV__REACHABLE || search->pending.failed) {
        search->survivors++;
        return;
    }
    push(&search->garbage, object);
    if (!search->garbage.failed)
        trv_ref(object);
}

/* Pools whose young objects have grown older move to the next list. */
static void age_pools(struct trv__heap *heap, int generation)
{
    for (int g = 0; g <= generation && g < 2; g++) {
        struct trv__list *node;
        while ((node = trv__list_pop(&heap->young[g]))) {
            struct trv__pool *pool = CONTAINER_OF(node - g, struct trv__pool, young[0]);
            if (generation == 0 && !trv__list_is_linked(&pool->young[1]))
                trv__list_append(&heap->young[1], &pool->young[1]);
        }
    }
}

/* What finalizers made reachable again -------------------------------------------------------------- */

static void keep_resurrected(struct search *search)
{
    struct vector *garbage = &search->garbage;
    size_t kept = 0;

    for (size_t i = 0; i < garbage->count; i++)
        if (garbage->items[i]->flags & TRV__TRACKED)
            enter_set(garbage->items[i], (uint32_t)garbage->items[i]->refcount - 1);
    for (size_t i = 0; i < garbage->count; i++)
        subtract_children(garbage->items[i], NULL);
    for (size_t i = 0; i < garbage->count; i++)
        reach_from_outside(garbage->items[i], search);
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        bool is_alive = object->flags & TRV__REACHABLE || search->pending.failed;
        object->flags &= (TRV__FLAGS_END - 1) & ~(uint32_t)(TRV__COLLECTING | TRV__REACHABLE);
        if (!is_alive)
            garbage->items[kept++] = object;
        else
            trv_unref(object);
    }
    garbage->count = kept;
}

/* Cuts weak references to garbage, all of them before the first callback runs, so that none finds
 * garbage through another. Those that are garbage themselves are not called back: the marks, put
 * back for the purpose, say which. */
static void cut_weak_references(struct vector *garbage)
{
    struct trv__weak *cut = NULL;

    for (size_t i = 0; i < garbage->count; i++)
        garbage->items[i]->flags |= TRV__COLLECTING;
    for (size_t i = 0; i < garbage->count; i++)
        for (struct trv__weak *weak = trv__weak_first(garbage->items[i]), *next; weak; weak = next) {
            next = weak->next;
            if (weak->flags & TRV__COLLECTING)
                trv__weak_unlink(weak);
        }
    for (size_t i = 0; i < garbage->count; i++)
        garbage->items[i]->flags &= ~(uint32_t)TRV__COLLECTING;
    for (size_t i = 0; i < garbage->count; i++)
        cut = trv__weak_cut(garbage->items[i], cut);
    trv__weak_call_back(cut);
}

static void run_finalizers(struct vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (!object->type->slots.finalize || object->flags & TRV__FINALIZED)
            continue;
        object->flags |= TRV__FINALIZED;
        trv__call_finalizer(object);
    }
}

static void dispose(struct search *search)
{
    struct vector *garbage = &search->garbage;

    cut_weak_references(garbage);
    run_finalizers(garbage);
    keep_resurrected(search);
    for (size_t i = 0; i < garbage->count; i++) {
        if (garbage->items[i]->refcount > 1 && garbage->items[i]->type->slots.clear)
            garbage->items[i]->type->slots.clear(garbage->items[i]);
        trv_unref(garbage->items[i]);
    }
}

/* A collection -------------------------------------------------------------------------------------- */

static void let_go(struct vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++)
        trv_unref(garbage->items[i]);
    garbage->count = 0;
}

static void account(struct trv__heap *heap, const struct search *search, size_t found, int64_t began_ns)
{
    trv_gc_generation_stats *stats = &heap->stats.generations[search->generation];
    double seconds = (double)(trv__clock_ns() - began_ns) / 1e9;

    stats->collections++;
    stats->collected += found;
    stats->seconds += seconds;
    stats->longest = MAX_OF(stats->longest, seconds);
    if (search->generation == 2) {
        heap->old_total = search->survivors;
        heap->old_pending = 0;
    } else if (search->generation == 1) {
        heap->old_pending += search->survivors;
    }
    for (uint32_t g = 0; g <= search->generation; g++)
        heap->since[g] = 0;
    if (search->generation < 2)
        heap->since[search->generation + 1]++;
}

#if TRV_DEBUG
static void check_object(trv_object *object, void *argument)
{
    (void)argument;
    ASSERT(object->refcount != 0 && object->flags < TRV__FLAGS_END);
    ASSERT(!(object->flags & (TRV__COLLECTING | TRV__REACHABLE)));
    ASSERT(object->type->slots.traverse);
}
#endif

size_t trv__collect(int generation)
{
    struct trv__heap *heap = trv__current->heap;
    struct search search = {.heap = heap, .generation = (uint32_t)generation};
    int64_t began_ns = trv__clock_ns();
    size_t found;

    ASSERT(trv__holds_gil());
    if (heap->is_collecting)
        return SIZE_MAX;
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    walk(heap, generation, begin, &search);
    walk(heap, generation, subtract_children, &search);
    walk(heap, generation, reach_from_outside, &search);
    walk(heap, generation, finish, &search);
    age_pools(heap, generation);
    heap->young_count = 0;
    found = search.garbage.count;
    if (search.garbage.failed) /* out of memory: another time */
        let_go(&search.garbage), found = 0;
    dispose(&search);
#if TRV_DEBUG
    walk(heap, 2, check_object, NULL);
#endif
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    account(heap, &search, found, began_ns);
    free(search.pending.items);
    free(search.garbage.items);
    return found;
}

/* When ---------------------------------------------------------------------------------------------- */

static int due_generation(const struct trv__heap *heap)
{
    bool is_full_worth_it = heap->old_pending > heap->old_total / 4;

    if (heap->since[2] >= heap->threshold[2] && is_full_worth_it)
        return 2;
    return heap->since[1] >= heap->threshold[1] ? 1 : 0;
}

void trv__collect_due(void)
{
    struct trv__heap *heap = trv__current->heap;

    atomic_fetch_and_explicit(trv__current->attention, ~(uint32_t)TRV__ATTEND_COLLECT, memory_order_relaxed);
    if (!heap->is_disabled && !heap->is_collecting)
        trv__collect(TRV_GC_STRESS && ++heap->stress % 16 == 0 ? 2 : due_generation(heap));
}

void trv__track(void *memory)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *object = memory;

    if (object->flags & TRV__TRACKED || trv__is_immortal(object))
        return;
    ASSERT(object->type->flags & TRV__TYPE_CONTAINER);
    object->flags |= TRV__TRACKED;
    if (!(object->flags & TRV__LARGE)) {
        struct trv__pool *pool = trv__pool_of(object);
        if (UNLIKELY(!trv__list_is_linked(&pool->young[0])))
            trv__list_append(&heap->young[0], &pool->young[0]);
    }
    heap->stats.tracked++;
    if (UNLIKELY(++heap->young_count > heap->threshold[0] || TRV_GC_STRESS) && heap->threshold[0] &&
        !heap->is_disabled)
        trv__request(TRV__ATTEND_COLLECT);
}

void trv__untrack(void *memory)
{
    trv_object *object = memory;
    struct trv__heap *heap = trv__current->heap;

    if (!(object->flags & TRV__TRACKED))
        return;
    if (heap->young_count > 0)
        heap->young_count--;
    heap->stats.tracked--;
    object->flags &= (TRV__FLAGS_END - 1) & ~(uint32_t)(TRV__TRACKED | TRV__GENERATION);
}

/* Before workers are forked -------------------------------------------------------------------------- */

static void freeze_object(trv_object *object)
{
    if (object->refcount <= 0)
        return;
    object->refcount = TRV_IMMORTAL_;
    object->flags &= ~(uint32_t)(TRV__TRACKED | TRV__GENERATION);
}

static void freeze_pool(struct trv__pool *pool)
{
    for (char *slot = (char *)pool + ROUND_UP(sizeof *pool, 16); slot < pool->fresh; slot += pool->block_bytes)
        freeze_object((trv_object *)(void *)slot);
}

void trv__heap_freeze(struct trv__heap *heap)
{
    for (size_t a = 0; a < heap->arena_count; a++)
        for (uint64_t left = heap->by_address[a]->pools_used; left; left &= left - 1) {
            struct trv__pool *pool =
                (void *)(heap->by_address[a]->memory + (size_t)__builtin_ctzll(left) * TRV__POOL_BYTES);
            if (pool->kind != TRV__BLOCKS)
                freeze_pool(pool);
        }
    for (int i = 0; i < 2; i++)
        LIST_EACH (node, &heap->large[i])
            freeze_object((trv_object *)(void *)(CONTAINER_OF(node, struct trv__large, link) + 1));
    age_pools(heap, 1);
    heap->young_count = 0;
    heap->stats.tracked = heap->old_total = heap->old_pending = 0;
}

/* The object in a block of a pool, if a block begins at the address. */
static trv_object *object_in_pool(const struct trv__arena *arena, uintptr_t address)
{
    uintptr_t index = (address - (uintptr_t)arena->memory) / TRV__POOL_BYTES;
    const struct trv__pool *pool = (const void *)(arena->memory + index * TRV__POOL_BYTES);
    uintptr_t first = (uintptr_t)pool + ROUND_UP(sizeof *pool, 16);

    if (!(arena->pools_used >> index & 1) || pool->kind == TRV__BLOCKS || address < first ||
        address >= (uintptr_t)pool->fresh || (address - first) % pool->block_bytes)
        return NULL;
    return (trv_object *)address;
}

trv_object *trv__heap_frozen(struct trv__heap *heap, uintptr_t address)
{
    trv_object *object = NULL;

    for (size_t a = 0; a < heap->arena_count && !object; a++)
        if (address - (uintptr_t)heap->by_address[a]->memory < TRV__ARENA_BYTES)
            object = object_in_pool(heap->by_address[a], address);
    for (int i = 0; i < 2 && !object; i++)
        LIST_EACH (node, &heap->large[i])
            if ((uintptr_t)(CONTAINER_OF(node, struct trv__large, link) + 1) == address)
                object = (trv_object *)address;
    return object && object->refcount == TRV_IMMORTAL_ ? object : NULL;
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

void trv_gc_enable(void)
{
    trv__current->heap->is_disabled = false;
}

void trv_gc_disable(void)
{
    trv__current->heap->is_disabled = true;
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
