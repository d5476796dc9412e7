/* SPDX-License-Identifier: MIT */
/*
 * Rounds: collecting generation 2 in slices. What they find, what they leave alone while the program
 * changes it, how much a slice does, lack of memory in the middle, and that garbage does not pile up.
 * Random graphs are in test_graph.c.
 */
#include "heap/node.h"

#include "heap/collect.h"
#include "heap/round.h"

static struct trv__heap *heap(void)
{
    return trv__current->heap;
}

/* So many cycles that have reached generation 2; they belong to the caller. */
static void make_old_cycles(trv_object **cycles, int count)
{
    for (int i = 0; i < count; i++)
        cycles[i] = new_cycle_of(&node_type);
    collect(1);
}

static void begin(bool is_full)
{
    trv__round_abandon(heap()); /* stress builds begin some by themselves */
    EXPECT(trv__round_begin(heap(), is_full));
}

/* In slices of so much work; how many there were. */
static int run_round(int64_t work)
{
    int slices = 0;

    while (heap()->round) {
        trv__round_go_on(heap(), work);
        slices++;
    }
    return slices;
}

TEST(garbage_is_found_in_slices)
{
    for (int is_full = 0; is_full < 2; is_full++) {
        size_t before = live_objects();
        trv_object *cycles[200];
        make_old_cycles(cycles, 200);
        for (int i = 0; i < 200; i++)
            if (i % 2)
                trv_unref(cycles[i]);
        begin(is_full);
        ck_assert_int_gt(run_round(20), 10);
        ck_assert_uint_eq(live_objects(), before + 200);
        for (int i = 0; i < 200; i += 2)
            trv_unref(cycles[i]);
        begin(is_full); /* they are looked at a second time */
        run_round(20);
        ck_assert_uint_eq(live_objects(), before);
    }
}

/* Who was let live twice is left to full rounds. */
TEST(objects_settle)
{
    trv_object *cycle;
    size_t before = live_objects();

    make_old_cycles(&cycle, 1);
    ck_assert_uint_eq(*trv__container_mark(cycle), TRV__MARK_RECENT);
    begin(false);
    run_round(1000);
    ck_assert_uint_eq(*trv__container_mark(cycle), TRV__MARK_SETTLING);
    begin(false);
    run_round(1000);
    ck_assert_uint_eq(*trv__container_mark(cycle), TRV__MARK_OLD);
    trv_unref(cycle);
    begin(false);
    run_round(1000);
    ck_assert_uint_eq(live_objects(), before + 2);
    begin(true);
    run_round(1000);
    ck_assert_uint_eq(live_objects(), before);
}

/* What a round counts of a large object that comes to generation 2 meanwhile is gone with the round,
 * even if nobody reached the object until its holders were suspected. */
TEST(large_objects_come_during_a_round)
{
    enum { HOLDERS = 100, ITEMS = 1000 };
    size_t before = live_objects();
    trv_auto trv_object *item = trv_list_new();
    trv_object *lists = trv_list_new(), *items[ITEMS], *large, *last = NULL;

    EXPECT(lists && trv_list_append(lists, lists) == 0);
    for (int i = 0; i < HOLDERS; i++) {
        trv_auto trv_object *list = trv_list_new();
        EXPECT(list && trv_list_append(lists, list) == 0);
    }
    collect(1);
    for (int i = 0; i < ITEMS; i++)
        items[i] = item;
    large = trv_tuple_new(items, ITEMS);
    EXPECT(large && large->flags & TRV__LARGE);
    begin(true);
    collect(1);
    for (int i = 0; i < HOLDERS; i++) {
        trv_auto trv_object *list = trv_list_get(lists, i + 1);
        EXPECT(trv_list_append(list, large) == 0);
        last = list;
    }
    trv_unref(large);
    trv_unref(lists); /* it holds itself, and is suspected */
    while (heap()->round && last->flags < TRV__FLAGS_END)
        trv__round_go_on(heap(), 1);
    EXPECT(heap()->round);
    trv_ref(lists);
    run_round(20);
    ck_assert_uint_eq(trv__large_of(large)->tally, 0);
    trv_unref(lists);
    begin(true);
    run_round(20);
    ck_assert_uint_eq(live_objects(), before + 1);
}

/* References wander between two holders, one of which was counted already and the other not yet. */
TEST(what_wanders_is_not_lost)
{
    enum { HOLDERS = 500 };
    trv_object *holders[HOLDERS], *wanderer = new_node(NULL, NULL), *list = trv_list_new();

    for (int i = 0; i < HOLDERS; i++) {
        holders[i] = new_node(NULL, NULL);
        EXPECT(trv_list_append(list, holders[i]) == 0);
        trv_unref(holders[i]);
    }
    as_node(holders[0])->links[0] = wanderer;
    as_node(wanderer)->links[0] = trv_ref(wanderer);
    as_node(wanderer)->number = 42;
    collect(1);
    begin(true);
    for (int at = 0; heap()->round; at = (at + 37) % HOLDERS) {
        trv__round_go_on(heap(), 5);
        for (int i = 0; i < HOLDERS; i++)
            if (as_node(holders[i])->links[0]) {
                as_node(holders[at])->links[0] = trv_steal(&as_node(holders[i])->links[0]);
                break;
            }
    }
    ck_assert_int_eq(as_node(wanderer)->number, 42);
    ck_assert_int_eq(trv_refcount(wanderer), 2);
    trv_clear(&as_node(wanderer)->links[0]);
    trv_unref(list);
}

/* Pools come, go and come again while a round remembers addresses in them. */
TEST(the_heap_changes_meanwhile)
{
    enum { COUNT = 2000 };
    static trv_object *nodes[COUNT];
    size_t before = live_objects();

    for (int i = 0; i < COUNT; i++)
        nodes[i] = new_node(i ? trv_ref(nodes[i / 2]) : NULL, i ? trv_ref(nodes[i - 1]) : NULL);
    collect(1);
    begin(true);
    for (int i = COUNT; heap()->round;) {
        trv__round_go_on(heap(), 30);
        for (int j = 0; j < 5 && i > 0; j++)
            trv_clear(&nodes[--i]);
        if (i % 100 == 0) {
            trv_object *list = trv_build("[[][][]]");
            collect(1);
            trv_unref(list);
        }
    }
    for (int i = 0; i < COUNT; i++)
        trv_unref(nodes[i]);
    ck_assert_uint_eq(live_objects(), before);
    trv__heap_check(heap());
}

/* How much a slice does ------------------------------------------------------------------------------- */

/* A list of a million is looked at piece by piece; no slice does much more than it was asked to. */
TEST(slices_are_bounded)
{
    enum { LENGTH = 100000, WORK = 1000 };
    trv_object *list = trv_list_new();

    for (int i = 0; i < LENGTH; i++) {
        trv_auto trv_object *node = new_cycle_of(&node_type);
        EXPECT(trv_list_append(list, node) == 0);
    }
    collect(1);
    for (int is_garbage = 0; is_garbage < 2; is_garbage++) {
        begin(true);
        while (heap()->round) {
            int64_t left = trv__round_go_on(heap(), WORK);
            EXPECT(left > -4 * WORK);
        }
        trv_clear(&list);
    }
    ck_assert_uint_eq(collect(2), 0);
}

/* Very many containers made without a safepoint: what is young is then no more collected in one piece than
 * what is old. */
TEST(a_flood_is_collected_in_slices)
{
    enum { CYCLES = 60000 };
    int64_t cleared = 0, most = 0;
    int is_done = 0;

    nodes_cleared = 0;
    for (int i = 0; i < CYCLES; i++)
        trv_unref(new_cycle_of(&node_type));
    while (!is_done) {
        ck_assert_int_eq(trv_gc_step(0, &is_done), 0);
        most = MAX_OF(most, nodes_cleared - cleared);
        cleared = nodes_cleared;
    }
    ck_assert_int_ge(cleared, CYCLES);
    ck_assert_int_lt(most, CYCLES / 4);
}

/* One large cycle is searched in one piece, and cleared in many. */
TEST(a_large_cycle_is_cleared_in_slices)
{
    enum { LENGTH = 10000 };
    trv_object *first = new_node(NULL, NULL), *last = first;
    int64_t cleared = 0, most = 0;

    for (int i = 1; i < LENGTH; i++) {
        trv_object *next = new_node(NULL, NULL);
        as_node(last)->links[0] = next;
        as_node(next)->links[1] = trv_ref(last);
        last = next;
    }
    collect(1);
    trv_unref(first);
    nodes_cleared = 0;
    begin(true);
    while (heap()->round) {
        trv__round_go_on(heap(), 1000);
        most = MAX_OF(most, nodes_cleared - cleared);
        cleared = nodes_cleared;
    }
    ck_assert_int_ge(cleared, LENGTH);
    ck_assert_int_lt(most, LENGTH / 10);
}

TEST(many_references_to_one_object)
{
    enum { COUNT = 3 * 256 };
    size_t before = live_objects();
    trv_object *target = trv_list_new();

    for (int i = 0; i < COUNT; i++) {
        trv_auto trv_object *node = new_node(trv_ref(target), NULL);
        EXPECT(trv_list_append(target, node) == 0);
    }
    collect(1);
    begin(true);
    run_round(100);
    ck_assert_int_eq(trv_refcount(target), COUNT + 1);
    trv_unref(target);
    begin(true);
    run_round(100);
    ck_assert_uint_eq(live_objects(), before);
}

TEST(large_objects)
{
    trv_auto trv_object *none = trv_none_new();

    for (int is_full = 0; is_full < 2; is_full++) {
        size_t before = live_objects();
        trv_object *lists[20], *tuples[20];
        for (int i = 0; i < 20; i++) {
            trv_object *items[600];
            lists[i] = trv_list_new();
            for (int j = 0; j < 600; j++)
                items[j] = lists[i];
            tuples[i] = trv_tuple_new(items, 600);
            EXPECT(trv_list_append(lists[i], tuples[i]) == 0);
        }
        collect(1);
        begin(is_full);
        for (int i = 0; i < 20; i++) {
            trv__round_go_on(heap(), 100);
            if (i % 4 == 0) /* no cycle any more */
                EXPECT(trv_list_set(lists[i], 0, none) == 0);
            trv_unref(lists[i]);
            trv_unref(tuples[i]);
        }
        run_round(100);
        trv__heap_check(heap());
        begin(is_full);
        run_round(100);
        ck_assert_uint_eq(live_objects(), before);
    }
}

/* Ends ------------------------------------------------------------------------------------------------- */

TEST(a_full_collection_abandons_a_round)
{
    for (int64_t work = 10; work < 20000; work = work * 3 / 2) {
        size_t before = live_objects();
        trv_object *cycles[100], *tree = NULL;
        make_old_cycles(cycles, 100);
        for (int i = 0; i < 500; i++)
            tree = new_node(tree, NULL);
        for (int i = 0; i < 100; i++)
            trv_unref(cycles[i]);
        begin(true);
        trv__round_go_on(heap(), work);
        collect(2);
        ck_assert_ptr_null(heap()->round);
        trv__heap_check(heap());
        trv_unref(tree);
        ck_assert_uint_eq(live_objects(), before);
    }
}

TEST(memory_runs_out_during_a_round)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        size_t before = live_objects();
        trv_object *target = trv_list_new(), *tree = NULL;
        for (int i = 0; i < 600; i++) {
            trv_auto trv_object *node = new_node(trv_ref(target), NULL);
            EXPECT(trv_list_append(target, node) == 0);
            tree = new_node(tree, i % 50 ? NULL : new_cycle_of(&node_type));
        }
        collect(1);
        trv_unref(target);
        trv__round_abandon(heap());
        trv__fault_arm(nth);
        if (trv__round_begin(heap(), true))
            run_round(100);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        trv__heap_check(heap());
        ck_assert_int_eq(trv_refcount(tree), 1);
        collect(2);
        trv_unref(tree);
        collect(2);
        ck_assert_uint_eq(live_objects(), before);
    }
}

/* By itself --------------------------------------------------------------------------------------------- */

/* Cycles that die in middle age, and nothing else: what is uncollected stays within a few times what lives. */
TEST(garbage_does_not_pile_up)
{
    enum { WINDOW = 30000, STEPS = 300000 };
    static trv_object *window[WINDOW];
    trv_gc_stats stats;
    trv_heap_stats before, now;
    size_t most = 0, most_arenas = 0, live = 2 * WINDOW;

    if (TRV_GC_STRESS)
        return;
    trv_heap_stats_get(&before);
    for (int i = 0; i < STEPS; i++) {
        trv_unref(window[i % WINDOW]);
        window[i % WINDOW] = new_cycle_of(&node_type);
        EXPECT(trv_checkpoint() == 0);
        trv_gc_stats_get(&stats);
        most = MAX_OF(most, stats.tracked);
        if (i % 1000)
            continue;
        trv_heap_stats_get(&now);
        most_arenas = MAX_OF(most_arenas, now.arena_bytes - before.arena_bytes);
    }
    ck_assert_uint_lt(most, 4 * live);
    ck_assert_uint_lt(most_arenas, 4 * live * sizeof(struct node));
    ck_assert_uint_gt(stats.generations[2].collected, STEPS);
    for (int i = 0; i < WINDOW; i++)
        trv_unref(window[i]);
}

/* Nothing lives but what was made last: what all of it would take is never in use, and the heap does not grow. */
TEST(memory_is_used_again_where_all_is_garbage)
{
    enum { STEPS = 300000 };
    trv_heap_stats before, now;
    size_t most_live = 0, most_arenas = 0, all = STEPS * 2 * sizeof(struct node);

    if (TRV_GC_STRESS)
        return;
    trv_heap_stats_get(&before);
    for (int i = 0; i < STEPS; i++) {
        trv_unref(new_cycle_of(&node_type));
        EXPECT(trv_checkpoint() == 0);
        if (i % 1000)
            continue;
        trv_heap_stats_get(&now);
        most_live = MAX_OF(most_live, now.live_bytes - before.live_bytes);
        most_arenas = MAX_OF(most_arenas, now.arena_bytes - before.arena_bytes);
    }
    ck_assert_uint_lt(most_live, all / 20);
    ck_assert_uint_lt(most_arenas, all / 10);
}

TEST_LIST(RUN(garbage_is_found_in_slices), RUN(objects_settle),
          RUN(large_objects_come_during_a_round), RUN(what_wanders_is_not_lost),
          RUN(the_heap_changes_meanwhile), RUN(slices_are_bounded),
          RUN(a_flood_is_collected_in_slices), RUN(a_large_cycle_is_cleared_in_slices),
          RUN(many_references_to_one_object), RUN(large_objects),
          RUN(a_full_collection_abandons_a_round), RUN(memory_runs_out_during_a_round),
          RUN(garbage_does_not_pile_up), RUN(memory_is_used_again_where_all_is_garbage))
