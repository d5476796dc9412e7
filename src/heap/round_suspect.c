/* SPDX-License-Identifier: MIT */
/*
 * Who is suspected: the steps COUNT, REACH and GATHER of a round (heap/round.c).
 *
 * Each is a walk over the members of the set, pool by pool and then the large objects. A slice may end
 * after any of the words in which the marks of a pool lie, or in the middle of an object that refers to
 * very many: those are followed piece by piece. The loops stand here together with what they do to a
 * member, so that it is done in place.
 */
#include "heap/round_state.h"

#include <sys/mman.h>

enum {
    TALLY_FULL = TRV_TINY ? 3 : 253, /* one more starts at 1 again, and a carry is noted */
    BIG = 256,         /* references from which on those of an object are followed piece by piece */
    TRAVERSE_WORK = 4, /* what a call of its traverse counts for */
    SUSPECT_WORK = 8,  /* and an object that is suspected */
    STACK_PER_BLOCK = TRV_TINY ? 3 : 8191
};

/* Objects that were reached and not yet followed: a stack, in blocks. */
struct trv__stack_block {
    struct trv__stack_block *below;
    trv_object *items[STACK_PER_BLOCK];
};

/* Members ------------------------------------------------------------------------------------------ */

static inline bool is_member(const struct trv__round *round, uint8_t mark)
{
    uint8_t first = round->is_full ? TRV__MARK_OLD : TRV__MARK_SETTLING;

    return (uint8_t)(mark - first) <= TRV__MARK_RECENT - first;
}

/* Whether a remembered object of a pool is still the one that was given that tally. */
static bool is_still(const struct trv__round *round, const trv_object *object, uint8_t tally)
{
    const uint8_t *mark = trv__mark_of(round->heap, object);
    const struct trv__pool *pool;

    if (!*mark || *trv__tally_of(round->heap, object) != tally)
        return false;
    pool = trv__pool_of(object);
    return trv__object_at(pool, (size_t)(mark - pool->marks)) == object;
}

/* Calls visit for each reference of an object; if it has very many, they come later, piece by piece. */
static inline __attribute__((always_inline)) void each_reference(struct trv__round *round,
                                                                 trv_object *object,
                                                                 trv_visit visit)
{
    trv_object *const *items;
    size_t count;

    if (UNLIKELY(!trv__reference_array(object, &items, &count))) {
        round->work -= TRAVERSE_WORK;
        object->type->slots.traverse(object, visit, round);
    } else if (UNLIKELY(count > BIG)) {
        round->big[round->big_count++] = object;
    } else {
        round->work -= (int64_t)count + 1;
        for (size_t i = 0; i < count; i++)
            visit(items[i], round);
    }
}

static void go_on_with_big(struct trv__round *round, trv_visit visit)
{
    trv_object *object = round->big[round->big_count - 1];
    trv_object *const *items;
    size_t count = 0, end;

    if (object)
        trv__reference_array(object, &items, &count);
    end = MIN_OF(count, round->big_at + BIG);
    round->work -= BIG;
    for (size_t i = round->big_at; i < end; i++)
        visit(items[i], round);
    round->big_at = end;
    if (end == count) {
        round->big_count--;
        round->big_at = 0;
    }
}

/* Blocks ------------------------------------------------------------------------------------------- */

/* Not from malloc, which gives back what it has collected when it likes, all at once. */
static void *new_block(size_t size)
{
    void *block =
        FAULT() ? MAP_FAILED
                : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return block == MAP_FAILED ? NULL : block;
}

static void push(struct trv__round *round, trv_object *object)
{
    if (UNLIKELY(!round->stack || round->stacked == STACK_PER_BLOCK)) {
        struct trv__stack_block *block = round->spare ? round->spare : new_block(sizeof *block);
        if (!block) {
            round->failed = true;
            return;
        }
        round->spare = NULL;
        block->below = round->stack;
        round->stack = block;
        round->stacked = 0;
    }
    round->stack->items[round->stacked++] = object;
}

static void free_stack_block(struct trv__stack_block *block)
{
    if (block)
        munmap(block, sizeof *block);
}

static trv_object *pop(struct trv__round *round)
{
    trv_object *object = round->stack->items[--round->stacked];

    if (!round->stacked) {
        free_stack_block(round->spare);
        round->spare = round->stack;
        round->stack = round->spare->below;
        round->stacked = STACK_PER_BLOCK;
    }
    return object;
}

static bool room_for_suspect(struct trv__round *round)
{
    struct trv__suspects *block;

    if (round->suspect_count < round->block_count * TRV__SUSPECTS_PER_BLOCK)
        return true;
    if (round->block_count == TRV__SUSPECT_BLOCKS_MOST || !(block = new_block(sizeof *block)))
        return false;
    round->blocks[round->block_count++] = block;
    return true;
}

bool trv__round_free_suspects(struct trv__round *round)
{
    round->suspect_count = 0;
    if (!round->block_count)
        return false;
    munmap(round->blocks[--round->block_count], sizeof(struct trv__suspects));
    return true;
}

void trv__round_free_stack(struct trv__round *round)
{
    while (round->stack) {
        struct trv__stack_block *below = round->stack->below;
        free_stack_block(round->stack);
        round->stack = below;
    }
    free_stack_block(round->spare);
}

/* Walking ------------------------------------------------------------------------------------------ */

void trv__round_begin_walk(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;

    round->space = round->slot = round->pool = round->word = 0;
    if (round->is_full)
        trv__list_splice(&heap->large[TRV__LARGE_OLD], &heap->large[TRV__LARGE_RECENT]);
    trv__list_splice(&heap->large[round->is_full ? TRV__LARGE_OLD : TRV__LARGE_RECENT],
                     &heap->large[TRV__LARGE_WALKED]);
}

static void to_next_pool(struct trv__round *round)
{
    round->word = 0;
    if (++round->pool == TRV__POOLS_PER_ARENA) {
        round->pool = 0;
        round->slot++;
    }
}

/* The first pool of the set from where the walk has come to, or NULL. */
static struct trv__pool *pool_at(struct trv__round *round)
{
    const struct trv__heap *heap = round->heap;

    while (round->space < heap->space_count) {
        const struct trv__space *space = &heap->spaces[round->space];
        const struct trv__arena *arena =
            round->slot < space->slots_end ? space->arenas[round->slot] : NULL;
        uint64_t left =
            arena ? arena->pools_used & (round->is_full ? UINT64_MAX : arena->recent) : 0;
        struct trv__pool *pool;
        size_t index;
        left &= UINT64_MAX << round->pool;
        if (!left) {
            round->pool = round->word = 0;
            if (round->slot < space->slots_end)
                round->slot++;
            else
                round->space++, round->slot = 0;
            continue;
        }
        index = (size_t)__builtin_ctzll(left);
        if (index != round->pool)
            round->pool = index, round->word = 0;
        pool = trv__arena_pool(arena, index);
        if (!pool->is_frozen)
            return pool;
        to_next_pool(round);
    }
    return NULL;
}

static uint8_t *tallies_of(const struct trv__pool *pool)
{
    return pool->marks + pool->arena->space->size / TRV__GRANULE;
}

typedef void (*on_member)(struct trv__round *round, trv_object *object, uint8_t *tally);

/* Visits the members of a pool until the work is done, or some of them have turned out to be big. */
static inline __attribute__((always_inline)) void walk_pool(struct trv__round *round,
                                                            struct trv__pool *pool, on_member visit)
{
    const uint64_t *words = (const uint64_t *)(const void *)pool->marks;
    uint8_t *tallies = tallies_of(pool);
    size_t count = trv__pool_mark_words(pool);

    while (round->word < count && round->work > 0 && !round->big_count) {
        size_t i = round->word++;
        round->work--;
        TRV__EACH_BYTE(j, trv__in_generation_2(words[i], round->is_full) << 7)
        visit(round, trv__object_at(pool, i * 8 + j), &tallies[i * 8 + j]);
    }
    if (round->word >= count)
        to_next_pool(round);
}

/* Visits a large object that has not been walked yet; false if there is none. */
static bool walk_large(struct trv__round *round, on_member visit)
{
    struct trv__heap *heap = round->heap;
    struct trv__list *left = &heap->large[round->is_full ? TRV__LARGE_OLD : TRV__LARGE_RECENT];
    struct trv__list *link = trv__list_pop(left);
    struct trv__large *large;

    if (!link)
        return false;
    trv__list_append(&heap->large[TRV__LARGE_WALKED], link);
    large = CONTAINER_OF(link, struct trv__large, link);
    round->work--;
    if (is_member(round, large->mark))
        visit(round, trv__large_object(link), &large->tally);
    return true;
}

/* COUNT -------------------------------------------------------------------------------------------- */

static inline int count_reference(trv_object *child, void *argument)
{
    struct trv__round *round = argument;
    uint8_t *tally;

    if (!is_member(round, *trv__mark_of(round->heap, child)))
        return 0;
    tally = trv__tally_of(round->heap, child);
    if (UNLIKELY(*tally >= TALLY_FULL)) {
        if (!trv__carry(&round->carries, child))
            round->failed = true;
        *tally = 0;
    }
    ++*tally;
    return 0;
}

static inline void count_references(struct trv__round *round, trv_object *object, uint8_t *tally)
{
    (void)tally;
    each_reference(round, object, count_reference);
}

bool trv__round_count(struct trv__round *round)
{
    struct trv__pool *pool;

    if (round->big_count)
        go_on_with_big(round, count_reference);
    else if ((pool = pool_at(round)))
        walk_pool(round, pool, count_references);
    else
        return walk_large(round, count_references);
    return true;
}

/* REACH -------------------------------------------------------------------------------------------- */

/* Whether the tally explains all references; not so for those that came to the set since. */
static inline bool is_explained(const struct trv__round *round, const trv_object *object,
                                uint8_t tally)
{
    int64_t counted = tally;

    if (UNLIKELY(object->refcount > TALLY_FULL))
        counted += trv__carried(&round->carries, object) * TALLY_FULL;
    return counted == object->refcount;
}

static void walk_again(struct trv__heap *heap, trv_object *large, bool is_full)
{
    struct trv__list *link = &trv__large_of(large)->link;

    trv__list_remove(link);
    trv__list_append(&heap->large[is_full ? TRV__LARGE_OLD : TRV__LARGE_RECENT], link);
}

static inline int reach(trv_object *child, void *argument)
{
    struct trv__round *round = argument;
    uint8_t *tally;

    if (!is_member(round, *trv__mark_of(round->heap, child)))
        return 0;
    tally = trv__tally_of(round->heap, child);
    if (*tally == TRV__TALLY_REACHED)
        return 0;
    *tally = TRV__TALLY_REACHED;
    if ((uintptr_t)child - round->walked < round->to_walk)
        return 0;
    if (UNLIKELY(child->flags & TRV__LARGE))
        walk_again(round->heap, child, round->is_full);
    else
        push(round, child);
    return 0;
}

static inline void reach_member(struct trv__round *round, trv_object *object, uint8_t *tally)
{
    if (*tally != TRV__TALLY_REACHED && is_explained(round, object, *tally))
        return;
    *tally = TRV__TALLY_REACHED;
    if (round->to_walk) {
        round->to_walk -= (uintptr_t)object - round->walked;
        round->walked = (uintptr_t)object;
    }
    each_reference(round, object, reach);
}

static void reach_in_pool(struct trv__round *round, struct trv__pool *pool)
{
    const struct trv__space *space = &round->heap->spaces[round->space];

    if (round->word == 0)
        round->walked = (uintptr_t)pool;
    round->to_walk = (uintptr_t)space->base + space->size - round->walked;
    walk_pool(round, pool, reach_member);
}

static void reach_pending(struct trv__round *round)
{
    while (round->stack && round->work > 0 && !round->big_count) {
        trv_object *object = pop(round);
        round->work--;
        if (is_still(round, object, TRV__TALLY_REACHED))
            each_reference(round, object, reach);
    }
}

bool trv__round_reach(struct trv__round *round)
{
    struct trv__pool *pool;

    if (round->big_count) {
        go_on_with_big(round, reach);
    } else if (round->stack) {
        reach_pending(round);
    } else if ((pool = pool_at(round))) {
        reach_in_pool(round, pool);
    } else {
        round->to_walk = 0;
        return walk_large(round, reach_member);
    }
    return true;
}

/* GATHER ------------------------------------------------------------------------------------------- */

/* Makes it a suspect, alone in its cluster; false when out of memory, or when there are too many. */
static bool add_suspect(struct trv__round *round, trv_object *object)
{
    size_t number = round->suspect_count;

    if (!room_for_suspect(round))
        return false;
    *trv__suspect(round, number) =
        (struct trv__suspect){object, (uint32_t)number, (uint32_t)number};
    object->flags = (object->flags & (TRV__NUMBER - 1)) | (uint32_t)number * TRV__NUMBER;
    round->suspect_count++;
    return true;
}

static inline void gather_member(struct trv__round *round, trv_object *object, uint8_t *tally)
{
    bool is_suspect = *tally && *tally != TRV__TALLY_REACHED &&
                      is_explained(round, object, *tally) && add_suspect(round, object);

    *tally = is_suspect ? TRV__TALLY_SUSPECT : 0;
    round->work -= is_suspect ? SUSPECT_WORK : 0;
    round->survivors += !is_suspect;
}

/* Members become a step older: all of them settle, or those that were let live before. */
static inline uint64_t grow_older(const struct trv__round *round, uint64_t marks)
{
    uint64_t members = trv__in_generation_2(marks, round->is_full);

    return round->is_full ? (marks & ~(members * 7)) | members * TRV__MARK_OLD : marks - members;
}

/* Whether anything in a pool has not settled. */
static bool has_recent(const struct trv__pool *pool)
{
    const uint64_t *words = (const uint64_t *)(const void *)pool->marks;

    for (size_t i = 0, count = trv__pool_mark_words(pool); i < count; i++)
        if (trv__in_generation_2(words[i], false))
            return true;
    return false;
}

static void gather_pool(struct trv__round *round, struct trv__pool *pool)
{
    uint64_t *words = (uint64_t *)(void *)pool->marks, bit = UINT64_C(1) << trv__pool_index(pool);
    uint8_t *tallies = tallies_of(pool);
    size_t count = trv__pool_mark_words(pool);

    while (round->word < count && round->work > 0) {
        size_t i = round->word++;
        TRV__EACH_BYTE(j, trv__in_generation_2(words[i], round->is_full) << 7)
        gather_member(round, trv__object_at(pool, i * 8 + j), &tallies[i * 8 + j]);
        words[i] = grow_older(round, words[i]);
        round->kept += (trv__in_generation_2(words[i], false) * TRV__BYTES(1)) >> 56;
        round->work--;
    }
    if (round->word < count)
        return;
    pool->arena->recent = has_recent(pool) ? pool->arena->recent | bit : pool->arena->recent & ~bit;
    to_next_pool(round);
}

static void gather_large(struct trv__round *round, trv_object *object, uint8_t *tally)
{
    struct trv__large *large = trv__large_of(object);

    gather_member(round, object, tally);
    large->mark = (uint8_t)grow_older(round, large->mark);
    round->kept += large->mark != TRV__MARK_OLD;
    if (large->mark == TRV__MARK_OLD && !round->is_full) {
        trv__list_remove(&large->link);
        trv__list_append(&round->heap->large[TRV__LARGE_OLD], &large->link);
    }
}

bool trv__round_gather(struct trv__round *round)
{
    struct trv__pool *pool = pool_at(round);

    if (pool)
        gather_pool(round, pool);
    else
        return walk_large(round, gather_large);
    return true;
}
