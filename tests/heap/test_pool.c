/* SPDX-License-Identifier: MIT */
/*
 * Pools and blocks: patterns of taking and giving back against a model, arenas that come and go,
 * figures, what happens without memory, and the allocator of the config.
 */
#include "heap/node.h"

#include "heap/collect.h"

#include <sys/resource.h>

static trv_heap_stats stats(void)
{
    trv_heap_stats now;

    trv_heap_stats_get(&now);
    return now;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Blocks --------------------------------------------------------------------------------------------- */

struct piece {
    unsigned char *memory;
    size_t size;
    unsigned char filled;
};

static void fill(struct piece *piece, size_t size, unsigned char with)
{
    piece->size = size;
    piece->filled = with;
    memset(piece->memory, with, size);
}

static void expect_filled(const struct piece *piece)
{
    for (size_t i = 0; i < piece->size; i++)
        EXPECT(piece->memory[i] == piece->filled);
}

static void expect_apart(const struct piece *pieces, size_t count, const struct piece *piece)
{
    for (size_t i = 0; i < count; i++) {
        const struct piece *other = &pieces[i];
        if (other != piece && other->memory)
            EXPECT(piece->memory + piece->size <= other->memory ||
                   other->memory + other->size <= piece->memory);
    }
}

TEST(blocks_keep_what_was_written)
{
    enum { PIECES = 300, STEPS = 30000 };
    static struct piece pieces[PIECES];
    trv_heap_stats before = stats();
    uint32_t random = 1;

    for (int step = 0; step < STEPS; step++) {
        struct piece *piece = &pieces[next_random(&random) % PIECES];
        size_t most = next_random(&random) % 8 ? 600 : 5000, size = next_random(&random) % most;
        if (piece->memory && next_random(&random) % 3 == 0) {
            size_t kept = MIN_OF(piece->size, size);
            expect_filled(piece);
            ck_assert_ptr_nonnull(piece->memory =
                                      trv__reallocate(piece->memory, piece->size, size));
            piece->size = kept;
            expect_filled(piece);
            fill(piece, size, piece->filled);
        } else if (piece->memory) {
            expect_filled(piece);
            trv__free(piece->memory, piece->size);
            piece->memory = NULL;
        } else {
            ck_assert_ptr_nonnull(piece->memory = trv__allocate(size));
            ck_assert_uint_eq((uintptr_t)piece->memory % 8, 0);
            fill(piece, size, (unsigned char)step);
            if (step % 16 == 0)
                expect_apart(pieces, PIECES, piece);
        }
        if (step % 1000 == 0)
            trv__heap_check(trv__current->heap);
    }
    for (int i = 0; i < PIECES; i++)
        if (pieces[i].memory)
            trv__free(pieces[i].memory, pieces[i].size);
    ck_assert_uint_eq(stats().live_bytes, before.live_bytes);
    trv__heap_check(trv__current->heap);
}

TEST(blocks_of_every_size)
{
    static void *blocks[700];

    for (size_t size = 0; size < 700; size++) {
        blocks[size] = trv__allocate_zeroed(size);
        for (size_t i = 0; i < size; i++)
            EXPECT(!((unsigned char *)blocks[size])[i]);
        memset(blocks[size], 255, size);
    }
    trv__heap_check(trv__current->heap);
    for (size_t size = 0; size < 700; size++)
        trv__free(blocks[size], size);
    trv__free(NULL, 100);
}

TEST(sizes_beyond_all_bounds)
{
    void *block = trv__allocate(1000);

    ck_assert_ptr_null(trv__try_allocate(SIZE_MAX));
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_ptr_null(trv__allocate(SIZE_MAX - 5));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv__reallocate(block, 1000, SIZE_MAX / 2 + 2));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv__container_new(&node_type, SIZE_MAX - 100));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    trv__free(block, 1000);
}

/* Objects -------------------------------------------------------------------------------------------- */

/* A program that takes and gives back one block does not walk through memory. */
TEST(few_blocks_are_used_again)
{
    uintptr_t lowest = UINTPTR_MAX, highest = 0;

    for (int i = 0; i < 100000; i++) {
        uintptr_t address = (uintptr_t)new_node(NULL, NULL);
        lowest = MIN_OF(lowest, address);
        highest = MAX_OF(highest, address);
        trv_unref((trv_object *)address);
    }
    ck_assert_uint_lt(highest - lowest, 64 * 1024);
}

/* Drops in a given order what was made in order; arenas must come and go. */
static void make_and_drop(size_t count, size_t step)
{
    trv_object **nodes = malloc(count * sizeof *nodes);
    trv_heap_stats before = stats(), full, after;

    for (size_t i = 0; i < count; i++)
        nodes[i] = new_node(NULL, NULL);
    full = stats();
    ck_assert_uint_eq(full.live_objects, before.live_objects + count);
    ck_assert_uint_ge(full.arena_bytes, before.arena_bytes + count * sizeof(struct node) / 2);
    ck_assert_uint_eq(full.live_bytes - before.live_bytes,
                      count * ROUND_UP(sizeof(struct node), 8));
    for (size_t i = 0, at = 0; i < count; i++, at = (at + step) % count)
        trv_unref(nodes[at]);
    after = stats();
    ck_assert_uint_eq(after.live_objects, before.live_objects);
    ck_assert_uint_eq(after.live_bytes, before.live_bytes);
    /* an empty arena and an empty pool may stay */
    ck_assert_uint_le(after.arenas, before.arenas + 2);
    trv__heap_check(trv__current->heap);
    free(nodes);
}

TEST(arenas_are_given_back)
{
    enum { COUNT = 200003 }; /* a prime: every step meets all */

    make_and_drop(COUNT, 1);
    make_and_drop(COUNT, COUNT - 1);
    make_and_drop(COUNT, 7919);
}

/* When nine of ten objects are dropped and others are made, those fill the gaps. */
TEST(gaps_are_filled)
{
    enum { COUNT = 100000 };
    static trv_object *nodes[COUNT];
    size_t arenas;

    for (int i = 0; i < COUNT; i++)
        nodes[i] = new_node(NULL, NULL);
    arenas = stats().arenas;
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++)
            if (i % 10 != round)
                trv_clear(&nodes[i]);
        for (int i = 0; i < COUNT; i++)
            if (!nodes[i])
                nodes[i] = new_node(NULL, NULL);
        ck_assert_uint_le(stats().arenas, arenas + 1);
    }
    for (int i = 0; i < COUNT; i++)
        trv_unref(nodes[i]);
}

TEST(large_objects_are_counted)
{
    trv_heap_stats before = stats(), with;
    trv_object *items[200], *tuple;

    for (int i = 0; i < 200; i++)
        items[i] = trv_none_new();
    tuple = trv_tuple_new(items, 200);
    ck_assert(tuple->flags & TRV__LARGE);
    with = stats();
    ck_assert_uint_eq(with.live_objects, before.live_objects + 1);
    ck_assert_uint_ge(with.live_bytes, before.live_bytes + 1600);
    ck_assert_uint_eq(with.pool_bytes, before.pool_bytes);
    trv__heap_check(trv__current->heap);
    trv_unref(tuple);
    ck_assert_uint_eq(stats().live_bytes, before.live_bytes);
}

TEST(objects_that_never_came_to_life)
{
    trv_heap_stats before = stats();
    trv_object *child = new_node(NULL, NULL);
    struct node *node = trv__container_new(&node_type, sizeof *node);

    ck_assert_ptr_null(node->links[0]);
    node->links[0] = child;
    trv__object_discard(node);
    ck_assert_int_eq(trv_refcount(child), 1);
    trv_unref(child);
    ck_assert_uint_eq(stats().live_objects, before.live_objects);
}

/* The heap grows beyond its first range of addresses where that is tiny, and where addresses are
 * rationed. */
TEST(many_containers)
{
    trv_object *chain = NULL;

    for (int i = 0; i < 300000; i++)
        chain = new_node(chain, NULL);
    ck_assert_int_eq(collect(2), 0);
    trv__heap_check(trv__current->heap);
    if (TRV_TINY)
        ck_assert_uint_gt(trv__current->heap->space_count, 1);
    trv_unref(chain);
}

/* Without memory ------------------------------------------------------------------------------------ */

static size_t make_nodes_while_there_is_memory(trv_object **chain)
{
    size_t count = 0;

    for (;; count++) {
        struct node *node = trv__container_new(&node_type, sizeof *node);
        if (!node)
            return count;
        node->links[0] = *chain;
        trv__track(node);
        *chain = (trv_object *)node;
    }
}

/* Nodes, each with an int of its own, up to a count or the end of memory. */
static trv_object *make_large_heap(size_t count)
{
    trv_object *chain = NULL;

    for (size_t i = 0; i < count; i++) {
        struct node *node = trv__container_new(&node_type, sizeof *node);
        if (!node)
            break;
        node->links[0] = chain;
        node->links[1] = trv_int_new(((int64_t)i + 1) << 40);
        trv__track(node);
        chain = (trv_object *)node;
        if (!node->links[1])
            break;
    }
    return chain;
}

/* Beyond the size from which on arenas share pages. */
TEST(large_heaps_come_and_go)
{
    enum { COUNT = TRV_TINY ? 100000 : 1000000 };
    trv_heap_stats before = stats(), after;

    for (int round = 0; round < 3; round++) {
        trv_object *chain = make_large_heap(COUNT);
        ck_assert_uint_eq(stats().live_objects, before.live_objects + 2 * COUNT);
        ck_assert_uint_gt(stats().arenas, before.arenas + 32);
        trv__heap_check(trv__current->heap);
        trv_unref(chain);
    }
    after = stats();
    ck_assert_uint_eq(after.live_bytes, before.live_bytes);
    ck_assert_uint_le(after.arenas, before.arenas + 4);
}

/* Where memory ends, a large heap stays whole. */
TEST(large_heaps_run_out_of_memory)
{
    enum { COUNT = TRV_TINY ? 50000 : 400000 };
    bool struck = true;

    for (uint64_t nth = 1; struck; nth += nth / 8 + 1) {
        trv_object *chain;
        trv__fault_arm(nth);
        chain = make_large_heap(COUNT);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        trv_error_clear();
        trv__heap_check(trv__current->heap);
        trv_unref(chain);
    }
}

/* Sanitizers need more addresses than that. */
RAW_TEST(addresses_run_out)
{
    struct rlimit limit, without;
    trv_object *chain = NULL;

    if (TRV_ASAN || TRV_TSAN || TRV_VALGRIND)
        return;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &without), 0);
    limit = (struct rlimit){(rlim_t)64 << 20, without.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(trv_init(NULL), 0);
    ck_assert_uint_gt(make_nodes_while_there_is_memory(&chain), 100000);
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_uint_gt(trv__current->heap->space_count, 1);
    collect(2);
    trv__heap_check(trv__current->heap);
    trv_unref(chain);
    trv_unref(new_node(NULL, NULL));
    trv_fini();
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &without), 0);
}

/* Every allocation of the system fails in turn. */
TEST(faults)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        trv_object *chain = NULL, *node = NULL;
        void *block = NULL;
        trv__fault_arm(nth);
        for (int i = 0; i < 500; i++) {
            node = trv__container_new(&node_type, i % 50 ? sizeof(struct node) : 2000);
            if (!node)
                break;
            as_node(node)->links[0] = chain;
            trv__track(node);
            chain = node;
        }
        if (node)
            block = trv__allocate(100);
        if (block) {
            void *grown = trv__reallocate(block, 100, 1000);
            void *more = grown ? trv__reallocate(grown, 1000, 3000) : NULL;
            trv__free(more ? more : grown ? grown : block, more ? 3000 : grown ? 1000 : 100);
        }
        struck = trv__fault_struck();
        trv__fault_arm(0);
        if (struck)
            ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
        else
            ck_assert_int_eq(trv_error_occurred(), 0);
        trv_error_clear();
        trv__heap_check(trv__current->heap);
        while (chain) { /* large ones say they are as small as the others */
            node = as_node(chain)->links[0];
            as_node(chain)->links[0] = NULL;
            trv_unref(chain);
            chain = node;
        }
        trv__heap_check(trv__current->heap);
    }
}

/* The allocator of the config ------------------------------------------------------------------------- */

static int64_t blocks_out;
static int calls;

static void *counting_allocate(size_t size)
{
    blocks_out++;
    calls++;
    return malloc(size);
}

static void *counting_reallocate(void *block, size_t size)
{
    calls++;
    return realloc(block, size);
}

static void counting_release(void *block)
{
    blocks_out--;
    free(block);
}

RAW_TEST(an_allocator_of_ones_own)
{
    trv_config config = {.size = sizeof config,
                         .allocate = counting_allocate,
                         .reallocate = counting_reallocate,
                         .release = counting_release};
    trv_object *list;

    ck_assert_int_eq(trv_init(&config), 0);
    list = trv_list_new();
    for (int i = 0; i < 1000; i++) {
        trv_auto trv_object *text = trv_str_printf("%0600d", i);
        ck_assert_int_eq(trv_list_append(list, text), 0);
    }
    ck_assert_int_gt(blocks_out, 1000);
    ck_assert_int_gt(calls, blocks_out);
    trv_unref(list);
    trv_fini();
    ck_assert_int_eq(blocks_out, 0);
}

TEST_LIST(RUN(blocks_keep_what_was_written), RUN(blocks_of_every_size),
          RUN(sizes_beyond_all_bounds), RUN(few_blocks_are_used_again), RUN(arenas_are_given_back),
          RUN(gaps_are_filled), RUN(large_objects_are_counted),
          RUN(objects_that_never_came_to_life), RUN(many_containers), RUN(large_heaps_come_and_go),
          RUN(large_heaps_run_out_of_memory), RUN(addresses_run_out), RUN(faults),
          RUN(an_allocator_of_ones_own))
