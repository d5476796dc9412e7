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
 * When a set of unreachable objects is found, each is held by one reference, so that whatever the
 * next steps run, none ends early:
 *   1. weak references to them are cut; callbacks run for weak references outside the set;
 *   2. finalizers run, once in an object's life;
 *   3. references are counted again over the set: what a finalizer made reachable lives on, with
 *      all it reaches; weak references made by finalizers are cut;
 *   4. the rest is cleared and let go.
 * User code runs in steps 1, 2 and 4, allocates, and may even ask for a collection, which is
 * refused. Between the steps all marks are as between collections.
 */
#include "heap/collect.h"

#include "base/clock.h"
#include "heap/object_callback.h"

/* A growing array of objects; `failed` once memory ran out. */
struct vector {
    trv_object **items;
    size_t count, capacity;
    bool failed;
};

/* How often the count in an object's mark was full. */
struct carry {
    const trv_object *object;
    int64_t times;
};

struct search {
    struct trv__heap *heap;
    int generation;
    struct vector pending; /* reached, not yet followed */
    struct vector garbage;
    struct carry *carries;
    size_t carry_count, carry_capacity;
    uintptr_t walked;  /* the walk has come to this address, */
    uintptr_t to_walk; /* and will come to so many bytes from there; 0: it is in no order */
    bool is_again;     /* walks over what is reached already must follow it again */
    bool failed;       /* memory ran out: nothing can be said */
    int64_t own;       /* references that the collector itself holds to each member */
    size_t survivors;
};

static bool grow(void *array, size_t *capacity, size_t item_bytes)
{
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *grown = FAULT() ? NULL : realloc(*(void **)array, wanted * item_bytes);

    if (!grown)
        return false;
    *(void **)array = grown;
    *capacity = wanted;
    return true;
}

static inline void push(struct vector *vector, trv_object *object)
{
    if (UNLIKELY(vector->count == vector->capacity) &&
        !grow(&vector->items, &vector->capacity, sizeof *vector->items)) {
        vector->failed = true;
        return;
    }
    vector->items[vector->count++] = object;
}

/* Walking ------------------------------------------------------------------------------------------- */

typedef void (*on_member)(struct search *search, trv_object *object, uint8_t *mark);

static inline __attribute__((always_inline)) void walk_pool(struct search *search,
                                                            const struct trv__pool *pool,
                                                            on_member visit)
{
    const uint64_t *words = (const uint64_t *)(const void *)pool->marks;
    size_t count = trv__pool_mark_words(pool);

    for (size_t i = 0; i < count; i++)
        TRV__EACH_BYTE(j, trv__members(words[i]))
    visit(search, trv__object_at(pool, i * 8 + j), &pool->marks[i * 8 + j]);
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

static inline __attribute__((always_inline)) void walk_large(struct search *search, on_member visit)
{
    for (int g = 0; g <= search->generation; g++)
        LIST_EACH(link, &search->heap->large[g]) {
            trv_object *object = trv__large_object(link);
            uint8_t *mark = &trv__large_of(object)->mark;
            if (*mark >= TRV__MARK_MEMBER)
                visit(search, object, mark);
        }
}

static inline __attribute__((always_inline)) void walk_members(struct search *search,
                                                               on_member visit)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk)))
        walk_pool(search, pool, visit);
    walk_large(search, visit);
}

/* Entering and leaving the set ----------------------------------------------------------------------- */

static void enter_members(struct search *search)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    while ((pool = next_pool(&walk))) {
        uint64_t *words = (uint64_t *)(void *)pool->marks;
        for (size_t i = 0, count = trv__pool_mark_words(pool); i < count; i++)
            words[i] = trv__enter_members(words[i], search->generation);
    }
    for (int g = 0; g <= search->generation; g++)
        LIST_EACH(link, &search->heap->large[g]) {
            struct trv__large *large = CONTAINER_OF(link, struct trv__large, link);
            if (large->mark)
                large->mark = TRV__MARK_MEMBER;
        }
}

/* Those not reached are garbage; all become a generation older. */
static void leave_pool(struct search *search, struct trv__pool *pool)
{
    uint64_t *words = (uint64_t *)(void *)pool->marks;

    for (size_t i = 0, count = trv__pool_mark_words(pool); i < count; i++) {
        uint64_t members = trv__members(words[i]);
        uint64_t alive = search->failed ? members : members & trv__reached(words[i]);
        TRV__EACH_BYTE(j, members ^ alive)
        push(&search->garbage, trv__object_at(pool, i * 8 + j));
        search->survivors += ((alive >> 7) * TRV__BYTES(1)) >> 56;
        words[i] = trv__leave_members(words[i], search->generation);
    }
}

static void leave_large(struct search *search, trv_object *object, uint8_t *mark)
{
    if (*mark == TRV__MARK_REACHED || search->failed)
        search->survivors++;
    else
        push(&search->garbage, object);
    *mark = trv__mark_after(search->generation);
}

static void leave_members(struct search *search)
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
    for (int g = MIN_OF(generation, 1); g >= 0; g--) {
        int next = MIN_OF(generation + 1, 2);
        struct trv__list *link;
        while ((link = trv__list_pop(&heap->young[g]))) {
            struct trv__pool *pool = CONTAINER_OF(link - g, struct trv__pool, young[0]);
            if (next == 1 && !trv__list_is_linked(&pool->young[1]))
                trv__list_append(&heap->young[1], &pool->young[1]);
        }
        trv__list_splice(&heap->large[next], &heap->large[g]);
    }
}

/* Counting ------------------------------------------------------------------------------------------- */

static struct carry *find_carry(const struct search *search, const trv_object *object)
{
    for (size_t i = 0; i < search->carry_count; i++)
        if (search->carries[i].object == object)
            return &search->carries[i];
    return NULL;
}

/* Few objects have so many references that this is called at all. */
static __attribute__((noinline)) void carry(struct search *search, const trv_object *object)
{
    struct carry *found = find_carry(search, object);

    if (!found && search->carry_count == search->carry_capacity &&
        !grow(&search->carries, &search->carry_capacity, sizeof *search->carries)) {
        search->failed = true;
        return;
    }
    if (!found) {
        found = &search->carries[search->carry_count++];
        *found = (struct carry){object, 0};
    }
    found->times++;
}

static inline int count_reference(trv_object *child, void *argument)
{
    struct search *search = argument;
    uint8_t *mark = trv__mark_of(search->heap, child), value = *mark;

    if (value < TRV__MARK_MEMBER)
        return 0;
    if (UNLIKELY(value >= TRV__MARK_FULL)) {
        carry(search, child);
        value = TRV__MARK_MEMBER;
    }
    *mark = (uint8_t)(value + 1);
    return 0;
}

static inline void count_references(struct search *search, trv_object *object, uint8_t *mark)
{
    (void)mark;
    trv__each_reference(object, count_reference, search);
}

/* Whether a member that was not reached yet has references from outside the set. */
static inline bool is_held(const struct search *search, const trv_object *object, uint8_t mark)
{
    int64_t inside = mark - TRV__MARK_MEMBER, all = object->refcount - search->own;
    const struct carry *found = all > TRV__MARK_COUNTS ? find_carry(search, object) : NULL;

    if (found)
        inside += found->times * TRV__MARK_COUNTS;
    ASSERT(inside <= all); /* or a traverse visits what its object does not own */
    return inside != all;
}

/* Reaching ------------------------------------------------------------------------------------------- */

static inline int reach(trv_object *child, void *argument)
{
    struct search *search = argument;
    uint8_t *mark = trv__mark_of(search->heap, child);

    if ((uint8_t)(*mark - TRV__MARK_MEMBER) >= TRV__MARK_REACHED - TRV__MARK_MEMBER)
        return 0;
    *mark = TRV__MARK_REACHED;
    if ((uintptr_t)child - search->walked >= search->to_walk)
        push(&search->pending, child);
    return 0;
}

static inline void follow(struct search *search, trv_object *object)
{
    trv__each_reference(object, reach, search);
    while (search->pending.count) {
        trv_object *next = search->pending.items[--search->pending.count];
        trv__each_reference(next, reach, search);
    }
}

static inline void reach_member(struct search *search, trv_object *object, uint8_t *mark)
{
    if (*mark != TRV__MARK_REACHED) {
        if (!is_held(search, object, *mark))
            return;
        *mark = TRV__MARK_REACHED;
    } else if (!search->to_walk && !search->is_again) {
        return; /* it was in `pending` */
    }
    if (search->to_walk) {
        search->to_walk -= (uintptr_t)object - search->walked;
        search->walked = (uintptr_t)object;
    }
    follow(search, object);
}

static void reach_members_once(struct search *search)
{
    struct pool_walk walk = begin_walk(search->heap, search->generation);
    struct trv__pool *pool;

    search->pending.failed = false;
    while ((pool = next_pool(&walk))) {
        const struct trv__space *space = &search->heap->spaces[walk.space];
        search->walked = (uintptr_t)pool;
        if (search->generation == 2)
            search->to_walk = (uintptr_t)space->base + space->size - (uintptr_t)pool;
        walk_pool(search, pool, reach_member);
    }
    search->to_walk = 0;
    walk_large(search, reach_member);
}

static void reach_members(struct search *search)
{
    search->is_again = false;
    do {
        reach_members_once(search);
        search->is_again = true;
    } while (search->pending.failed);
}

/* What is done with garbage ---------------------------------------------------------------------------- */

/* Makes garbage members again, and back. What is tracked no longer is none of the collector's
 * business: it is taken for alive. */
static void enter_garbage(const struct search *search)
{
    for (size_t i = 0; i < search->garbage.count; i++)
        if (search->garbage.items[i]->flags & TRV__TRACKED)
            *trv__container_mark(search->garbage.items[i]) = TRV__MARK_MEMBER;
}

static void leave_garbage(const struct search *search)
{
    for (size_t i = 0; i < search->garbage.count; i++)
        if (search->garbage.items[i]->flags & TRV__TRACKED)
            *trv__container_mark(search->garbage.items[i]) = trv__mark_after(search->generation);
}

/* Cuts weak references to garbage, all of them before the first callback runs, so that none finds
 * garbage through another. Those that are garbage themselves are not called back. */
static void cut_weak_references(const struct search *search)
{
    const struct vector *garbage = &search->garbage;
    struct trv__weak *cut = NULL;

    enter_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        for (struct trv__weak *weak = trv__weak_first(garbage->items[i]), *next; weak;
             weak = next) {
            next = weak->next;
            if (*trv__container_mark((trv_object *)weak) >= TRV__MARK_MEMBER)
                trv__weak_unlink(weak);
        }
    leave_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        cut = trv__weak_cut(garbage->items[i], cut);
    trv__weak_call_back(cut);
}

static void run_finalizers(const struct vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (!object->type->slots.finalize || object->flags & TRV__FINALIZED)
            continue;
        object->flags |= TRV__FINALIZED;
        trv__call_finalizer(object);
    }
}

static void reach_garbage(struct search *search)
{
    search->is_again = false;
    do {
        search->pending.failed = false;
        for (size_t i = 0; i < search->garbage.count; i++) {
            trv_object *object = search->garbage.items[i];
            if (object->flags & TRV__TRACKED)
                reach_member(search, object, trv__container_mark(object));
        }
        search->is_again = true;
    } while (search->pending.failed);
}

/* Lets go of what finalizers made reachable again. */
static void spare_resurrected(struct search *search)
{
    struct vector *garbage = &search->garbage;
    size_t dead = 0, alive;

    search->carry_count = 0;
    enter_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        if (garbage->items[i]->flags & TRV__TRACKED)
            count_references(search, garbage->items[i], NULL);
    search->own = 1;
    reach_garbage(search);
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        bool is_dead = object->flags & TRV__TRACKED &&
                       *trv__container_mark(object) != TRV__MARK_REACHED && !search->failed;
        if (is_dead) {
            garbage->items[i] = garbage->items[dead];
            garbage->items[dead++] = object;
        }
    }
    leave_garbage(search);
    alive = garbage->count;
    garbage->count = dead;
    while (alive > dead)
        trv_unref(garbage->items[--alive]);
}

static void clear(const struct vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (i + 8 < garbage->count)
            __builtin_prefetch(garbage->items[i + 8]);
        if (object->refcount > 1 && object->type->slots.clear)
            object->type->slots.clear(object);
        trv_unref(object);
    }
}

/* Returns how many ended. */
static size_t dispose(struct search *search)
{
    const struct vector *garbage = &search->garbage;
    bool has_weakrefs = false, has_finalizers = false;

    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = trv_ref(garbage->items[i]);
        has_weakrefs |= (object->flags & TRV__HAS_WEAKREFS) != 0;
        has_finalizers |= object->type->slots.finalize && !(object->flags & TRV__FINALIZED);
    }
    if (has_weakrefs)
        cut_weak_references(search);
    if (has_finalizers)
        run_finalizers(garbage);
    if (has_weakrefs || has_finalizers) {
        spare_resurrected(search);
        cut_weak_references(search);
    }
    clear(garbage);
    return garbage->count;
}

/* A collection -------------------------------------------------------------------------------------- */

static void find_garbage(struct search *search)
{
    enter_members(search);
    walk_members(search, count_references);
    if (!search->failed)
        reach_members(search);
    leave_members(search);
    age_lists(search->heap, search->generation);
    if (search->garbage.failed) { /* out of memory: another time */
        search->survivors += search->garbage.count;
        search->garbage.count = 0;
    }
}

static void account(struct trv__heap *heap, const struct search *search, size_t ended,
                    int64_t began_ns)
{
    trv_gc_generation_stats *stats = &heap->stats.generations[search->generation];
    double seconds = (double)(trv__clock_ns() - began_ns) / 1e9;

    stats->collections++;
    stats->collected += ended;
    stats->seconds += seconds;
    stats->longest = MAX_OF(stats->longest, seconds);
    trv__collected(heap, search->generation, search->survivors);
}

size_t trv__collect(int generation)
{
    struct trv__heap *heap = trv__current->heap;
    struct search search = {.heap = heap, .generation = generation};
    int64_t began_ns = trv__clock_ns();
    size_t found, ended;

    ASSERT(trv__holds_gil());
    if (heap->is_collecting)
        return SIZE_MAX;
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    find_garbage(&search);
    heap->young_count = 0;
    found = search.garbage.count;
    ended = dispose(&search);
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    account(heap, &search, ended, began_ns);
    trv__heap_validate(heap);
    free(search.pending.items);
    free(search.garbage.items);
    free(search.carries);
    return found;
}
