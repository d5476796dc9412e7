/* SPDX-License-Identifier: MIT */
/*
 * The cycle collector.
 *
 * It works on a set of tracked containers, its *members*: those of a generation and of all younger
 * ones. Every reference from inside the set is counted. A member that has more references than that
 * is held from outside (by a variable, a stack, an older object, an untracked one), and is alive
 * with all it reaches; the rest can only be reached from itself. This is sound on any subset of the
 * heap and needs no write barrier.
 *
 * There are no lists of objects: the collector walks the marks of pools, in the order of addresses. A
 * full collection reads each object twice and writes into none: first its references are counted in
 * the marks of what they refer to; then those held from outside, and those reached already, are
 * followed. What is reached further on in the walk is only marked, since the walk will come to it;
 * the rest goes to a stack. If there is no memory for that stack, the walk is done again.
 *
 * What is then done with garbage is told in heap/dispose.c; how generation 2 is collected in slices, without
 * stopping the program, in heap/round.c.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "heap/object_callback.h"
#include "heap/round.h"
#include "heap/search.h"

#include <stdio.h>

/* What searches share ------------------------------------------------------------------------------ */

bool trv__grow(void *array, size_t *capacity, size_t item_bytes)
{
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *grown = FAULT() ? NULL : realloc(*(void **)array, wanted * item_bytes);

    if (!grown)
        return false;
    *(void **)array = grown;
    *capacity = wanted;
    return true;
}

static struct trv__carry *find_carry(const struct trv__carries *carries, const trv_object *object)
{
    size_t mask = carries->capacity - 1, i = trv__hash_mix((uintptr_t)object) & mask;

    while (carries->slots[i].object && carries->slots[i].object != object)
        i = (i + 1) & mask;
    return &carries->slots[i];
}

static bool grow_carries(struct trv__carries *carries)
{
    struct trv__carries old = *carries;

    carries->capacity = old.capacity ? 2 * old.capacity : 64;
    carries->slots = FAULT() ? NULL : calloc(carries->capacity, sizeof *carries->slots);
    if (!carries->slots) {
        *carries = old;
        return false;
    }
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i].object)
            *find_carry(carries, old.slots[i].object) = old.slots[i];
    free(old.slots);
    return true;
}

bool trv__carry(struct trv__carries *carries, const trv_object *object)
{
    struct trv__carry *carry;

    if (2 * carries->used >= carries->capacity && !grow_carries(carries))
        return false;
    carry = find_carry(carries, object);
    carries->used += !carry->object;
    carry->object = object;
    carry->times++;
    return true;
}

int64_t trv__carried(const struct trv__carries *carries, const trv_object *object)
{
    return carries->used ? find_carry(carries, object)->times : 0;
}

/* Walking ------------------------------------------------------------------------------------------- */

typedef void (*on_member)(struct trv__search *search, struct trv__view view, trv_object *object,
                          uint8_t *mark);

/* From block to block, which is faster than to look for marks, unless most blocks are free. */
static inline __attribute__((always_inline)) void walk_pool(struct trv__search *search,
                                                            const struct trv__pool *pool,
                                                            on_member visit)
{
    struct trv__view view = trv__view_of(search);
    size_t end = (size_t)(pool->fresh - (const char *)pool), bytes = pool->block_bytes;
    uint8_t *marks = pool->marks;

    for (size_t at = TRV__POOL_HEADER; at < end; at += bytes)
        if (marks[at / TRV__GRANULE] >= TRV__MARK_MEMBER)
            visit(search, view, (trv_object *)((uintptr_t)pool + at), &marks[at / TRV__GRANULE]);
}

/* The pools of a generation and of younger ones. Each once; those of a full collection in the order
 * of their addresses, and without the frozen ones. */
struct pool_walk {
    struct trv__heap *heap;
    int generation;
    size_t space, slot;   /* full: which arena is being walked, */
    uint64_t left;        /* and which of its pools are left */
    int list;             /* young: which list, */
    struct trv__list *at; /* and the link of the last pool */
};

static struct pool_walk begin_walk(struct trv__heap *heap, int generation)
{
    return (struct pool_walk){.heap = heap, .generation = generation, .at = &heap->young[0]};
}

static struct trv__pool *next_young_pool(struct pool_walk *walk)
{
    for (;;) {
        walk->at = walk->at->next;
        if (walk->at != &walk->heap->young[walk->list]) {
            struct trv__pool *pool =
                CONTAINER_OF(walk->at - walk->list, struct trv__pool, young[0]);
            if (walk->list == 0 || !trv__list_is_linked(&pool->young[0]))
                return pool;
        } else {
            if (++walk->list > walk->generation)
                return NULL;
            walk->at = &walk->heap->young[walk->list];
        }
    }
}

static struct trv__pool *next_pool_in_order(struct pool_walk *walk)
{
    const struct trv__space *space = &walk->heap->spaces[walk->space];

    for (;;) {
        if (walk->left) {
            size_t index = (size_t)__builtin_ctzll(walk->left);
            struct trv__pool *pool = trv__arena_pool(space->arenas[walk->slot - 1], index);
            walk->left &= walk->left - 1;
            if (!pool->is_frozen)
                return pool;
        } else if (walk->space < walk->heap->space_count && walk->slot < space->slots_end) {
            const struct trv__arena *arena = space->arenas[walk->slot++];
            walk->left = arena ? arena->pools_used : 0;
        } else {
            if (walk->space + 1 >= walk->heap->space_count)
                return NULL;
            space = &walk->heap->spaces[++walk->space];
            walk->slot = 0;
        }
    }
}

static struct trv__pool *next_pool(struct pool_walk *walk)
{
    return walk->generation == 2 ? next_pool_in_order(walk) : next_young_pool(walk);
}

/* The last of the lists of large objects that belong to a generation or to younger ones. */
static int last_large_list(int generation)
{
    return generation == 2 ? TRV__LARGE_OLD : generation;
}

static inline __attribute__((always_inline)) void walk_large(struct trv__search *search,
                                                             on_member visit)
{
    for (int g = 0; g <= last_large_list(search->generation); g++)
        LIST_EACH(link, &search->heap->large[g]) {
            trv_object *object = trv__large_object(link);
            uint8_t *mark = &trv__large_of(object)->mark;
            if (*mark >= TRV__MARK_MEMBER)
                visit(search, trv__view_of(search), object, mark);
        }
}

static inline __attribute__((always_inline)) void walk_members(struct trv__search *search,
                                                               on_member visit)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk)))
        walk_pool(search, pool, visit);
    walk_large(search, visit);
}

/* Entering and leaving the set ----------------------------------------------------------------------- */

/* How many bytes of a word have their highest bit set, if no others are. */
static inline size_t count_bytes(uint64_t bits)
{
    return (size_t)((bits >> 7) * TRV__BYTES(1) >> 56);
}

static void enter_members(struct trv__search *search)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk))) {
        uint64_t *words = (uint64_t *)(void *)pool->marks;
        for (size_t i = 0, count = trv__pool_mark_words(pool); i < count; i++) {
            words[i] = trv__enter_members(words[i], search->generation);
            search->unreached += count_bytes(trv__members(words[i]));
        }
    }
    for (int g = 0; g <= last_large_list(search->generation); g++)
        LIST_EACH(link, &search->heap->large[g]) {
            struct trv__large *large = CONTAINER_OF(link, struct trv__large, link);
            if (large->mark) {
                large->mark = TRV__MARK_MEMBER;
                search->unreached++;
            }
        }
}

/* Those not reached are garbage; all become a generation older. */
static void leave_pool(struct trv__search *search, struct trv__pool *pool)
{
    uint64_t *words = (uint64_t *)(void *)pool->marks;

    for (size_t i = 0, count = trv__pool_mark_words(pool); i < count; i++) {
        uint64_t members = trv__members(words[i]);
        uint64_t alive = search->failed ? members : members & trv__reached(words[i]);
        TRV__EACH_BYTE(j, members ^ alive)
        trv__take_garbage(search, trv__object_at(pool, i * 8 + j));
        search->survivors += count_bytes(alive);
        words[i] = trv__leave_members(words[i], search->generation);
    }
}

static void leave_large(struct trv__search *search, struct trv__view view, trv_object *object,
                        uint8_t *mark)
{
    (void)view;
    if (*mark == TRV__MARK_REACHED || search->failed)
        search->survivors++;
    else
        trv__take_garbage(search, object);
    *mark = trv__mark_after(search->generation);
}

static void leave_members(struct trv__search *search)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk)))
        leave_pool(search, pool);
    walk_large(search, leave_large);
}

/* What was in the lists of a generation moves to the next one. */
static void age_lists(struct trv__heap *heap, int generation)
{
    static const int next_list[] = {1, TRV__LARGE_RECENT, TRV__LARGE_OLD};

    for (int g = MIN_OF(generation, 1); g >= 0; g--) {
        struct trv__list *link;
        while ((link = trv__list_pop(&heap->young[g]))) {
            struct trv__pool *pool = CONTAINER_OF(link - g, struct trv__pool, young[0]);
            if (generation == 0 && !trv__list_is_linked(&pool->young[1]))
                trv__list_append(&heap->young[1], &pool->young[1]);
            if (generation == 1)
                pool->arena->recent |= UINT64_C(1) << trv__pool_index(pool);
        }
    }
    for (int g = 0; g < next_list[generation]; g++)
        trv__list_splice(&heap->large[next_list[generation]], &heap->large[g]);
}

/* Untracking ----------------------------------------------------------------------------------------- */

enum { NESTED_MOST = 20 };

static void look_at_fixed(trv_object *object, int depth);

static int may_be_in_cycle(trv_object *child, void *argument)
{
    const int *depth = argument;

    if (child && child->flags & TRV__TRACKED)
        look_at_fixed(child, *depth + 1);
    return child && trv__may_be_in_cycle(child);
}

static void look_at_fixed(trv_object *object, int depth)
{
    if (UNLIKELY(object->type->flags & TRV__TYPE_FIXED) && depth < NESTED_MOST &&
        !object->type->slots.traverse(object, may_be_in_cycle, &depth))
        trv__untrack(object);
}

/* Lets go of what is young, never changes and refers to nothing that could be in a cycle: tuples of
 * numbers and of such tuples. They are looked at once, in the first collection that sees them. */
static void untrack_fixed(struct trv__heap *heap)
{
    struct pool_walk walk = begin_walk(heap, 0);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk))) {
        size_t end = (size_t)(pool->fresh - (const char *)pool);
        if (!pool->has_fixed)
            continue;
        pool->has_fixed = false;
        for (size_t at = TRV__POOL_HEADER; at < end; at += pool->block_bytes)
            if (pool->marks[at / TRV__GRANULE] == TRV__MARK_YOUNG)
                look_at_fixed((trv_object *)((uintptr_t)pool + at), 0);
    }
    LIST_EACH(link, &heap->large[0])
        if (CONTAINER_OF(link, struct trv__large, link)->mark)
            look_at_fixed(trv__large_object(link), 0);
}

/* Reaching ------------------------------------------------------------------------------------------- */

static void reach_members_once(struct trv__search *search)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    search->pending.failed = false;
    while (search->unreached && (pool = next_pool(&walk))) {
        const struct trv__space *space = &search->heap->spaces[walk.space];
        search->walked = (uintptr_t)pool;
        if (search->generation == 2)
            search->to_walk = (uintptr_t)space->base + space->size - (uintptr_t)pool;
        walk_pool(search, pool, trv__reach_member);
    }
    search->to_walk = 0;
    walk_large(search, trv__reach_member);
}

static void reach_members(struct trv__search *search)
{
    search->is_again = false;
    do {
        reach_members_once(search);
        search->is_again = true;
    } while (search->pending.failed);
}

/* A collection -------------------------------------------------------------------------------------- */

static inline void count_member(struct trv__search *search, struct trv__view view,
                                trv_object *object, uint8_t *mark)
{
    (void)mark;
    trv__count_references(search, view, object);
}

static void find_garbage(struct trv__search *search)
{
    enter_members(search);
    walk_members(search, count_member);
    if (!search->failed)
        reach_members(search);
    leave_members(search);
    age_lists(search->heap, search->generation);
    if (search->garbage.failed) { /* out of memory: another time */
        search->survivors += search->garbage.count;
        while (search->garbage.count)
            trv_unref(search->garbage.items[--search->garbage.count]);
    }
}

void trv__tell_start(struct trv__heap *heap, int generation)
{
    size_t counts[4];

    if (heap->debug & TRV_GC_DEBUG_STATS) {
        trv__count_generations(heap, counts);
        fprintf(stderr, "gc: collecting generation %d...\n", generation);
        fprintf(stderr, "gc: objects in each generation: %zu %zu %zu\n", counts[0], counts[1],
                counts[2]);
        fprintf(stderr, "gc: objects in permanent generation: %zu\n", counts[3]);
    }
    trv__tell_collection(false, generation, 0, 0);
}

void trv__tell_stop(struct trv__heap *heap, int generation, size_t found, size_t ended, int64_t ns)
{
    if (heap->debug & TRV_GC_DEBUG_STATS)
        fprintf(stderr, "gc: done, %zu unreachable, 0 uncollectable, %.4fs elapsed\n", found,
                (double)ns / 1e9);
    trv__tell_collection(true, generation, ended, (double)ns / 1e9);
}

/* A full collection leaves nothing that came lately. */
static void forget_recent(struct trv__heap *heap)
{
    for (size_t i = 0; i < heap->space_count; i++)
        for (size_t slot = 0; slot < heap->spaces[i].slots_end; slot++)
            if (heap->spaces[i].arenas[slot])
                heap->spaces[i].arenas[slot]->recent = 0;
}

size_t trv__grow_older(struct trv__heap *heap, int generation)
{
    struct trv__search search = {.heap = heap, .generation = generation, .failed = true};

    enter_members(&search);
    leave_members(&search); /* which takes all for alive */
    age_lists(heap, generation);
    heap->young_count = 0;
    trv__collected(heap, generation, search.survivors);
    return search.survivors;
}

/* Finds garbage and does away with it; how many objects, and in `*ended` how many are gone. */
static size_t collect(struct trv__search *search, size_t *ended)
{
    struct trv__heap *heap = search->heap;
    size_t found;

    if (search->generation == 2)
        trv__round_abandon(heap);
    untrack_fixed(heap);
    find_garbage(search);
    if (search->generation == 2)
        forget_recent(heap);
    heap->young_count = 0;
    found = search->garbage.count;
    trv__condemn(search, true);
    *ended = search->garbage.count;
    trv__report_garbage(search);
    trv__clear(&search->garbage);
    trv__collected(heap, search->generation, search->survivors);
    heap->stats.generations[search->generation].collected += *ended;
    return found;
}

size_t trv__collect(int generation)
{
    struct trv__heap *heap = trv__current->heap;
    struct trv__search search = {.heap = heap, .generation = generation};
    size_t found, ended;
    int64_t ns;

    ASSERT(trv__holds_gil());
    if (heap->is_collecting)
        return SIZE_MAX;
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    trv__tell_start(heap, generation);
    ns = trv__clock_ns();
    found = collect(&search, &ended);
    ns = trv__clock_ns() - ns;
    trv__note_pause(heap, generation, ns);
    heap->stats.generations[generation].collections++;
    trv__tell_stop(heap, generation, found, ended, ns);
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    trv__heap_validate(heap);
    trv__search_free(&search);
    return found;
}
