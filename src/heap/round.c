/* SPDX-License-Identifier: MIT */
/*
 * Rounds: collecting generation 2 in slices, between which the program runs.
 *
 * There is no write barrier: types written in C change their references as they like, unseen. A round
 * needs none, because it only ever suspects. It counts the references from inside its set, a slice of the
 * set at a time, into tallies; then it follows, in slices again, the members whose tally does not
 * explain all of their references. What is not reached is suspected.
 *
 *   - What was garbage when the round began is changed by nobody. Its references are counted exactly,
 *     none of it is held or reached, so all of it is suspected: a round misses nothing old.
 *   - What lives may be suspected wrongly, because the program moved references between two
 *     slices. So suspects are searched again, exactly and in one piece, before anything happens to them
 *     (heap/dispose.c). That is sound on any subset of the heap; where it is not closed, too little is
 *     found to be garbage, never too much.
 *
 * So that this search is short as well, suspects are divided into *clusters*, those that are connected by
 * references among suspects: union-find, in slices. Nothing that is garbage refers from one cluster to
 * another, so clusters can be searched apart. A batch is as many as make up BATCH objects; only a
 * cluster larger than that takes a longer pause, and its clearing is done in slices again.
 *
 * A round is over all of generation 2 (*full*), or over what came there lately: objects which die in
 * middle age are found without a walk over all that has settled. Who is let live by two rounds settles.
 * When a round begins is the business of heap/generation.c.
 *
 * The steps:
 *   COUNT    each member's references are counted in the tallies of members;
 *   REACH    what is held is followed: tally REACHED;
 *   GATHER   the rest is suspected: tally SUSPECT, its number in the upper bits of its flags. All other
 *            tallies become 0 again, all members a step older;
 *   LINK     clusters are made;
 *   DISPOSE  batches are searched, and what is garbage has its last words; in between, clearing goes on;
 *   FREE     memory is given back.
 *
 * Between two slices anything may happen to an object. One that ends is forgotten (trv__round_forget): its
 * tally becomes 0. New ones in its place have 0, too, so a remembered address is believed only as far as
 * its mark and tally agree. No arena goes away during a round, so that looking is safe; large objects, whose
 * marks go with them, are not remembered by address but walked through by taking them from one list to
 * another. Objects that reach generation 2 during the round have tallies that are too low: they are alive.
 *
 * All that bounds a slice is counted, not timed, so that seeded runs repeat.
 */
#include "heap/round.h"

#include "base/clock.h"
#include "heap/search.h"

#include <sys/mman.h>

enum {
    TALLY_FULL = TRV_TINY ? 3 : 253, /* one more starts at 1 again, and a carry is noted */
    SUSPECT = 254,
    REACHED = 255,
    BIG = 256,         /* references from which on those of an object are followed piece by piece */
    BATCH = 64,        /* objects that are searched in one piece, at least */
    SEARCH_WORK = 16,  /* what searching an object and its last words counts for */
    CLEAR_WORK = 8,    /* what clearing it does */
    TRAVERSE_WORK = 4, /* and a call of its traverse */
    NUMBER = TRV__FLAGS_END, /* one, in the bits of `flags` that hold an object's number */
    SUSPECT_WORK = 8,        /* and an object that is suspected */
    FREE_WORK = 2048,        /* giving back a block of suspects */
    SUSPECTS_PER_BLOCK = TRV_TINY ? 64 : 4096,
    BLOCKS_MOST = 4096, /* a number has 24 bits */
    STACK_PER_BLOCK = TRV_TINY ? 3 : 8191
};

enum step { COUNT, REACH, GATHER, LINK, DISPOSE, FREE, DONE };

/* Suspects stand in blocks, so that their number grows without a copy: each with its place in the tree
 * of its cluster, and the next in the ring of those in the cluster. */
struct suspects {
    struct suspect {
        trv_object *object; /* NULL: was taken, or is a large one that has ended */
        uint32_t parent, next;
    } items[SUSPECTS_PER_BLOCK];
};

/* Objects that were reached and not yet followed: a stack, in blocks too. */
struct stack_block {
    struct stack_block *below;
    trv_object *items[STACK_PER_BLOCK];
};

struct trv__round {
    struct trv__heap *heap;
    enum step step;
    bool is_full;
    bool failed;  /* memory ran out */
    int64_t work; /* left for this slice */

    size_t space, slot, pool, word; /* how far the walk over pools has come */
    uintptr_t walked, to_walk;      /* as in struct trv__search */
    trv_object *big[8]; /* whose references are followed piece by piece, the last one first; */
    size_t big_count, big_at;  /* and how far it has come with that one. NULL: has ended */
    struct stack_block *stack; /* reached, not yet followed: the topmost block, */
    struct stack_block *spare; /* one that is not used now, */
    size_t stacked;            /* and how many are in the topmost one */
    struct trv__carries carries;

    struct suspects *blocks[BLOCKS_MOST];
    size_t block_count, suspect_count;
    size_t next_suspect;
    struct trv__search search; /* of the batch */
    struct trv__vector doomed; /* garbage to be cleared, held */
    size_t next_doomed;

    size_t pending_before; /* old_pending when it began */
    size_t survivors, kept, ended;
    bool is_told; /* that it has begun */
    int64_t ns;   /* that its slices took */
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
        struct stack_block *block = round->spare ? round->spare : new_block(sizeof *block);
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

static void free_stack_block(struct stack_block *block)
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

static struct suspect *suspect(const struct trv__round *round, size_t number)
{
    return &round->blocks[number / SUSPECTS_PER_BLOCK]->items[number % SUSPECTS_PER_BLOCK];
}

static bool room_for_suspect(struct trv__round *round)
{
    struct suspects *block;

    if (round->suspect_count < round->block_count * SUSPECTS_PER_BLOCK)
        return true;
    if (round->block_count == BLOCKS_MOST || !(block = new_block(sizeof *block)))
        return false;
    round->blocks[round->block_count++] = block;
    return true;
}

static bool free_suspects(struct trv__round *round)
{
    round->suspect_count = 0;
    if (!round->block_count)
        return false;
    munmap(round->blocks[--round->block_count], sizeof(struct suspects));
    return true;
}

/* Walking ------------------------------------------------------------------------------------------ */

/* Large objects that came to generation 2 since the last walk take part: they may have tallies. */
static void begin_walk(struct trv__round *round)
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

static bool count(struct trv__round *round)
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
    if (*tally == REACHED)
        return 0;
    *tally = REACHED;
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
    if (*tally != REACHED && is_explained(round, object, *tally))
        return;
    *tally = REACHED;
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
        if (is_still(round, object, REACHED))
            each_reference(round, object, reach);
    }
}

static bool reach_more(struct trv__round *round)
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
    *suspect(round, number) = (struct suspect){object, (uint32_t)number, (uint32_t)number};
    object->flags = (object->flags & (NUMBER - 1)) | (uint32_t)number * NUMBER;
    round->suspect_count++;
    return true;
}

static inline void gather_member(struct trv__round *round, trv_object *object, uint8_t *tally)
{
    bool is_suspect = *tally && *tally != REACHED && is_explained(round, object, *tally) &&
                      add_suspect(round, object);

    *tally = is_suspect ? SUSPECT : 0;
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

static bool gather(struct trv__round *round)
{
    struct trv__pool *pool = pool_at(round);

    if (pool)
        gather_pool(round, pool);
    else
        return walk_large(round, gather_large);
    return true;
}

/* LINK --------------------------------------------------------------------------------------------- */

/* The suspect of that number, or NULL if it has ended. */
static trv_object *suspect_at(const struct trv__round *round, size_t number)
{
    trv_object *object = suspect(round, number)->object;

    return object && *trv__tally_of(round->heap, object) == SUSPECT ? object : NULL;
}

static uint32_t root_of(struct trv__round *round, uint32_t number)
{
    for (;;) {
        struct suspect *self = suspect(round, number);
        if (self->parent == number)
            return number;
        number = self->parent = suspect(round, self->parent)->parent;
    }
}

/* Joins two clusters, and their rings. The suspect with the lower number becomes the root. */
static void join(struct trv__round *round, uint32_t a, uint32_t b)
{
    struct suspect *first, *second;
    uint32_t next;

    a = root_of(round, a);
    b = root_of(round, b);
    if (a == b)
        return;
    first = suspect(round, MIN_OF(a, b));
    second = suspect(round, MAX_OF(a, b));
    second->parent = MIN_OF(a, b);
    next = first->next;
    first->next = second->next;
    second->next = next;
}

struct linking {
    struct trv__round *round;
    uint32_t number;
};

static inline int link_to(trv_object *child, void *argument)
{
    const struct linking *linking = argument;

    if (*trv__tally_of(linking->round->heap, child) == SUSPECT)
        join(linking->round, linking->number, child->flags / NUMBER);
    return 0;
}

static bool link_suspects(struct trv__round *round)
{
    while (round->next_suspect < round->suspect_count && round->work > 0) {
        struct linking linking = {round, (uint32_t)round->next_suspect};
        trv_object *object = suspect_at(round, round->next_suspect++);
        round->work -= 4;
        if (object)
            trv__each_reference(object, link_to, &linking);
    }
    return round->next_suspect < round->suspect_count;
}

/* DISPOSE ------------------------------------------------------------------------------------------ */

static void clear_number(trv_object *object)
{
    object->flags &= NUMBER - 1;
}

/* Takes the cluster of a suspect into the batch, once; those of it that have ended are left out. */
static void take_cluster(struct trv__round *round, uint32_t first)
{
    uint32_t i = first;

    if (root_of(round, first) != first)
        return;
    do {
        trv_object *object = suspect_at(round, i);
        struct suspect *self = suspect(round, i);
        if (object) {
            *trv__tally_of(round->heap, object) = 0;
            clear_number(object);
            trv__take_garbage(&round->search, object);
        }
        self->object = NULL;
        i = self->next;
    } while (i != first);
}

/* Garbage is nobody's business any more: it is hidden, and the two arrays trade places. */
static void doom(struct trv__round *round)
{
    struct trv__vector empty = round->doomed;

    ASSERT(!empty.count);
    round->doomed = round->search.garbage;
    round->search.garbage = empty;
    for (size_t i = 0; i < round->doomed.count; i++)
        trv__untrack(round->doomed.items[i]);
}

/* Searches a batch, and has its garbage say its last words. */
static void search_batch(struct trv__round *round)
{
    struct trv__search *search = &round->search;
    size_t found;

    while (round->next_suspect < round->suspect_count && search->garbage.count < BATCH)
        take_cluster(round, (uint32_t)round->next_suspect++);
    search->failed = search->pending.failed = search->garbage.failed = false;
    found = search->garbage.count;
    round->work -= (int64_t)found * SEARCH_WORK;
    trv__condemn(search, false);
    round->survivors += found - search->garbage.count;
    round->ended += search->garbage.count;
    trv__report_garbage(search);
    doom(round);
}

static void clear_doomed(struct trv__round *round)
{
    while (round->next_doomed < round->doomed.count && round->work > 0) {
        trv_object *object = round->doomed.items[round->next_doomed++];
        round->work -= CLEAR_WORK;
        if (object->refcount > 1 && object->type->slots.clear)
            object->type->slots.clear(object);
        trv_unref(object);
    }
    if (round->next_doomed == round->doomed.count)
        round->next_doomed = round->doomed.count = 0;
}

static bool dispose(struct trv__round *round)
{
    if (round->doomed.count)
        clear_doomed(round);
    else if (round->next_suspect < round->suspect_count)
        search_batch(round);
    else
        return false;
    return true;
}

/* The life of a round --------------------------------------------------------------------------------- */

static bool go_on_with_step(struct trv__round *round)
{
    switch (round->step) {
    case COUNT:
        return count(round);
    case REACH:
        return reach_more(round);
    case GATHER:
        return gather(round);
    case LINK:
        return link_suspects(round);
    case FREE:
        round->work -= FREE_WORK;
        return free_suspects(round) || trv__arenas_trim(round->heap);
    default:
        return dispose(round);
    }
}

static void to_next_step(struct trv__round *round)
{
    round->step++;
    round->next_suspect = 0;
    if (round->step <= GATHER)
        begin_walk(round);
}

bool trv__round_begin(struct trv__heap *heap, bool is_full)
{
    struct trv__round *round = FAULT() ? NULL : calloc(1, sizeof *round);

    ASSERT(!heap->round);
    if (!round)
        return false;
    round->heap = round->search.heap = heap;
    round->search.generation = 2;
    round->is_full = is_full;
    round->pending_before = heap->old_pending;
    heap->round = round;
    heap->recent_new = 0;
    begin_walk(round);
    return true;
}

static void end(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;

    trv__list_splice(&heap->large[round->is_full ? TRV__LARGE_OLD : TRV__LARGE_RECENT],
                     &heap->large[TRV__LARGE_WALKED]);
    heap->round = NULL;
    while (trv__arenas_trim(heap))
        continue;
    while (round->stack) {
        struct stack_block *below = round->stack->below;
        free_stack_block(round->stack);
        round->stack = below;
    }
    free_stack_block(round->spare);
    while (free_suspects(round))
        continue;
    free(round->carries.slots);
    free(round->doomed.items);
    trv__search_free(&round->search);
    free(round);
}

static void account(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;
    trv_gc_generation_stats *stats = &heap->stats.generations[2];

    stats->collections++;
    stats->collected += round->ended;
    heap->collections++;
    heap->recent_kept = round->kept;
    if (round->is_full) {
        heap->old_total = round->survivors;
        heap->old_pending -= MIN_OF(heap->old_pending, round->pending_before);
    } else {
        heap->old_pending -= MIN_OF(heap->old_pending, round->ended);
    }
}

static void drop(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;

    for (size_t i = 0; i < round->suspect_count; i++) {
        trv_object *object = suspect_at(round, i);
        if (object)
            clear_number(object);
    }
    for (size_t i = 0; i < heap->space_count; i++)
        for (size_t slot = 0; slot < heap->spaces[i].slots_end; slot++)
            if (heap->spaces[i].arenas[slot])
                memset(heap->spaces[i].tallies + slot * (TRV__ARENA_BYTES / TRV__GRANULE), 0,
                       TRV__ARENA_BYTES / TRV__GRANULE);
    for (int list = TRV__LARGE_RECENT; list <= TRV__LARGE_WALKED; list++)
        LIST_EACH(link, &heap->large[list])
            CONTAINER_OF(link, struct trv__large, link)->tally = 0;
    end(round);
}

void trv__round_abandon(struct trv__heap *heap)
{
    struct trv__round *round = heap->round;
    bool is_told;
    size_t ended;
    int64_t ns;

    if (!round)
        return;
    while (round->doomed.count) {
        round->work = INT64_MAX;
        clear_doomed(round);
    }
    heap->stats.generations[2].collected += round->ended;
    is_told = round->is_told;
    ended = round->ended;
    ns = round->ns;
    drop(round);
    if (is_told)
        trv__tell_stop(heap, 2, ended, ended, ns);
}

void trv__round_drop(struct trv__heap *heap)
{
    if (heap->round)
        drop(heap->round);
}

/* Works until the work is done or the round has ended. */
static void work_on(struct trv__round *round, int64_t work)
{
    if (!round->is_told)
        trv__tell_start(round->heap, 2);
    round->is_told = true;
    round->work = work;
    while (round->work > 0 && round->step != DONE && !round->failed)
        if (!go_on_with_step(round))
            to_next_step(round);
}

/* Ends it if it is over. */
static void end_if_over(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;
    size_t ended = round->ended;
    int64_t ns = round->ns;

    if (round->failed) {
        heap->is_exact_next = true;
        trv__round_abandon(heap);
    } else if (round->step == DONE) {
        account(round);
        end(round);
        trv__tell_stop(heap, 2, ended, ended, ns);
    }
}

int64_t trv__round_go_on(struct trv__heap *heap, int64_t work)
{
    struct trv__round *round = heap->round;
    int64_t began_ns = trv__clock_ns(), ns, young_count = heap->young_count;

    ASSERT(!heap->is_collecting);
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    work_on(round, work);
    work = round->work;
    ns = trv__clock_ns() - began_ns;
    round->ns += ns;
    end_if_over(round);
    trv__note_pause(heap, 2, ns);
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    heap->young_count = MAX_OF(heap->young_count, young_count); /* what ended here was not young */
    if (!heap->round)
        trv__heap_validate(heap);
    return work;
}

void trv__round_forget(struct trv__heap *heap, trv_object *object)
{
    struct trv__round *round = heap->round;
    uint8_t *tally = trv__tally_of(heap, object);

    if (*tally == SUSPECT && object->flags & TRV__LARGE)
        suspect(round, object->flags / NUMBER)->object = NULL;
    if (*tally == SUSPECT)
        clear_number(object);
    *tally = 0;
    for (size_t i = 0; i < round->big_count; i++)
        if (round->big[i] == object)
            round->big[i] = NULL;
}
