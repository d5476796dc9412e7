/* SPDX-License-Identifier: MIT */
/*
 * The collector: which cycles it frees, generations and when they are collected, the order of what
 * users see, figures, and lack of memory in the middle. Finalizers and callbacks are in test_last_words.c.
 */
#include "heap/node.h"

#include "heap/collect.h"

/* Kinds of cycles ------------------------------------------------------------------------------------ */

static trv_object *self_of(const trv_args *args)
{
    return trv_ref(args->self);
}

static trv_object *list_cycle(void)
{
    trv_object *list = trv_list_new();

    ck_assert_int_eq(trv_list_append(list, list), 0);
    return list;
}

static trv_object *dict_cycle(void)
{
    trv_object *dict = trv_dict_new();
    trv_auto trv_object *key = trv_str_new("itself");

    ck_assert_int_eq(trv_dict_set(dict, key, dict), 0);
    return dict;
}

static trv_object *tuple_cycle(void)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *tuple = trv_tuple_new(&list, 1);

    ck_assert_int_eq(trv_list_append(list, tuple), 0);
    return tuple;
}

/* A tuple that is not in a pool. */
static trv_object *large_cycle(void)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *items[100], *tuple;

    for (int i = 0; i < 100; i++)
        items[i] = list;
    tuple = trv_tuple_new(items, 100);
    ck_assert_int_eq(trv_list_append(list, tuple), 0);
    return tuple;
}

static trv_object *closure_cycle(void)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *closure = trv_function_new(self_of, "self", list);

    ck_assert_int_eq(trv_list_append(list, closure), 0);
    return closure;
}

static trv_object *iterator_cycle(void)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *iterator = trv_iter(list);

    ck_assert_int_eq(trv_list_append(list, iterator), 0);
    return iterator;
}

static trv_object *callback_cycle(void)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *closure = trv_function_new(self_of, "self", list);
    trv_object *weakref = trv_weakref_new(closure, closure);

    ck_assert_int_eq(trv_list_append(list, weakref), 0);
    return weakref;
}

static trv_object *exception_cycle(void)
{
    trv_object *exception;
    trv_auto trv_object *list = trv_list_new();

    exception = trv_call(trv_ValueError, "o", list);
    ck_assert_ptr_nonnull(exception);
    ck_assert_int_eq(trv_list_append(list, exception), 0);
    return exception;
}

static trv_object *(*const cycles[])(void) = {
    list_cycle,     dict_cycle,     tuple_cycle,     large_cycle, closure_cycle,
    iterator_cycle, callback_cycle, exception_cycle, node_cycle,  final_cycle};

TEST(cycles_of_every_kind)
{
    for (int generation = 0; generation < 3; generation++)
        for (size_t i = 0; i < COUNT_OF(cycles); i++) {
            size_t before = live_objects();
            trv_object *kept = cycles[i]();
            ck_assert_uint_eq(collect(generation), 0);
            ck_assert_int_ge(trv_refcount(kept), 1);
            trv_unref(kept);
            ck_assert_uint_gt(live_objects(), before);
            ck_assert_uint_gt(collect(2), 0);
            ck_assert_uint_eq(live_objects(), before);

            trv_unref(cycles[i]());
            ck_assert_uint_gt(collect(TRV_GC_STRESS ? 2 : generation), 0);
            ck_assert_uint_eq(live_objects(), before);
        }
}

/* A cycle through a thousand objects of all kinds, reached from one of them or from none. */
TEST(one_large_cycle)
{
    size_t before = live_objects();
    trv_object *first = trv_list_new(), *last = trv_ref(first);

    for (int i = 0; i < 1000; i++) {
        trv_object *next = i % 5 == 0   ? trv_build("[o]", last)
                           : i % 5 == 1 ? trv_build("{i:o}", i, last)
                           : i % 5 == 2 ? trv_build("(o i)", last, i)
                           : i % 5 == 3 ? trv_function_new(self_of, "self", last)
                                        : new_node(trv_ref(last), NULL);
        ck_assert_ptr_nonnull(next);
        trv_unref(last);
        last = next;
    }
    ck_assert_int_eq(trv_list_append(first, last), 0);
    trv_unref(last);
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
    trv_unref(first);
    ck_assert_uint_eq(collect(1), 0); /* they are in generation 2 */
    ck_assert_uint_eq(collect(2), 1001);
    ck_assert_uint_eq(live_objects(), before);
}

/* What a cycle holds goes with it, tracked or not; what also others hold stays. */
TEST(what_hangs_on_a_cycle)
{
    trv_object *held = new_node(NULL, NULL), *cycle = node_cycle();
    size_t before = live_objects() - 2;

    as_node(cycle)->links[1] =
        trv_build("[i s d o]", 100000, "text that is no constant", 0.5, held);
    ck_assert_int_eq(trv_refcount(held), 2);
    trv_unref(cycle);
    ck_assert_uint_eq(collect(0), 3);
    ck_assert_int_eq(trv_refcount(held), 1);
    ck_assert_uint_eq(live_objects(), before);
    trv_unref(held);
}

/* References from objects that are not tracked count as references from outside. */
TEST(what_the_collector_cannot_see_holds)
{
    trv_object *cycle = node_cycle(), *hidden = new_node_of(&hidden_node_type, cycle, NULL);

    ck_assert_uint_eq(collect(2), 0);
    ck_assert_int_eq(trv_refcount(cycle), 2);
    trv_unref(hidden);
    ck_assert_uint_eq(collect(2), 2);
}

/* More references than fit a mark, many times over. */
TEST(many_references_to_one_object)
{
    enum { COUNT = 100000 };
    trv_object *target = trv_list_new(), *list = trv_list_new();

    for (int i = 0; i < COUNT; i++)
        EXPECT(trv_list_append(list, target) == 0);
    ck_assert_int_eq(trv_list_append(target, list), 0);
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
    trv_unref(target); /* one less, of so many */
    ck_assert_uint_eq(collect(2), 0);
    ck_assert_int_eq(trv_refcount(target), COUNT);
    trv_unref(list);
    ck_assert_uint_eq(collect(2), 2);
}

/* Numbers of references around those where the count of a mark is full. */
TEST(counts_around_a_carry)
{
    for (int count = 1; count < 3 * TRV__MARK_COUNTS + 5; count++) {
        trv_object *target = trv_list_new(), *list = trv_list_new();
        for (int i = 0; i < count; i++)
            EXPECT(trv_list_append(list, target) == 0);
        ck_assert_int_eq(trv_list_append(target, list), 0);
        trv_unref(list);
        ck_assert_uint_eq(collect(0), 0);
        trv_unref(target);
        ck_assert_uint_eq(collect(1), 2);
    }
}

/* Deep and wide structures that are alive, in both directions of memory. */
TEST(long_live_structures)
{
    enum { LENGTH = 100000 };
    trv_object *backward = NULL, *forward = new_node(NULL, NULL), *last = forward;

    for (int i = 0; i < LENGTH; i++) {
        trv_object *next = new_node(NULL, NULL);
        backward = new_node(backward, NULL);
        as_node(last)->links[0] = next;
        last = next;
    }
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
    trv__heap_check(trv__current->heap);
    as_node(last)->links[0] = trv_ref(forward);
    trv_unref(forward);
    ck_assert_uint_eq(collect(2), LENGTH + 1);
    trv_unref(backward);
}

/* Generations ------------------------------------------------------------------------------------------ */

TEST(survivors_grow_older)
{
    trv_object *node = node_cycle(), *items[100], *tuple;

    for (int i = 0; i < 100; i++)
        items[i] = trv_ref(node);
    tuple = trv_tuple_new(items, 100);
    for (int i = 0; i < 100; i++)
        trv_unref(items[i]);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_YOUNG);
    ck_assert_uint_eq(*trv__container_mark(tuple), TRV__MARK_YOUNG);
    collect(0);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_MIDDLE);
    ck_assert_uint_eq(*trv__container_mark(tuple), TRV__MARK_MIDDLE);
    collect(0);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_MIDDLE);
    collect(1);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_RECENT);
    ck_assert_uint_eq(*trv__container_mark(tuple), TRV__MARK_RECENT);
    collect(1);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_RECENT);
    collect(2);
    ck_assert_uint_eq(*trv__container_mark(node), TRV__MARK_OLD);
    ck_assert_uint_eq(*trv__container_mark(tuple), TRV__MARK_OLD);
    trv_unref(tuple);
    trv_unref(node);
    ck_assert_uint_eq(collect(0), 0);
    ck_assert_uint_eq(collect(1), 0);
    ck_assert_uint_eq(collect(2), 2);
}

/* Young garbage that old objects hold is alive, and goes after them. */
TEST(old_objects_hold_young_ones)
{
    trv_object *old = node_cycle();

    collect(2);
    as_node(old)->links[1] = node_cycle();
    ck_assert_uint_eq(collect(0), 0);
    ck_assert_uint_eq(collect(1), 0);
    trv_unref(old);
    ck_assert_uint_eq(collect(2), 4);
}

/* Makes so many containers, each a safepoint. */
static void make_and_keep(trv_object *list, int count)
{
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *node = new_node(NULL, NULL);
        EXPECT(trv_list_append(list, node) == 0);
        EXPECT(trv_checkpoint() == 0);
    }
}

TEST(thresholds)
{
    trv_object *list = trv_list_new();
    uint64_t first, second;

    if (TRV_GC_STRESS)
        goto done; /* it collects when it likes */
    collect(2);
    trv_gc_set_threshold(100, 5, 3);
    first = collections(0);
    make_and_keep(list, 100);
    ck_assert_uint_eq(collections(0), first);
    make_and_keep(list, 1);
    ck_assert_uint_eq(collections(0), first + 1);
    second = collections(1);
    make_and_keep(list, 4 * 101);
    ck_assert_uint_eq(collections(0), first + 5);
    ck_assert_uint_eq(collections(1), second);
    make_and_keep(list, 101);
    ck_assert_uint_eq(collections(0), first + 5);
    ck_assert_uint_eq(collections(1), second + 1);

    trv_gc_disable();
    ck_assert_int_eq(trv_gc_is_enabled(), 0);
    make_and_keep(list, 1000);
    trv_gc_enable();
    ck_assert_int_eq(trv_gc_is_enabled(), 1);
    ck_assert_uint_eq(collections(0), first + 5);
    trv_gc_set_threshold(0, 0, 0);
    make_and_keep(list, 1000);
    ck_assert_uint_eq(collections(0), first + 5);
    trv_gc_set_threshold(1500, 5, 3); /* less than were made, more than half of it */
    make_and_keep(list, 1);
    ck_assert_uint_eq(collections(0), first + 6);
done:
    trv_unref(list);
}

/* What ends is taken off the count again: only a growing number of containers is a reason. */
TEST(what_ends_is_no_reason_to_collect)
{
    uint64_t before;

    if (TRV_GC_STRESS)
        return;
    collect(2);
    trv_gc_set_threshold(50, 10, 10);
    before = collections(0);
    for (int i = 0; i < 10000; i++) {
        trv_unref(new_node(NULL, NULL));
        EXPECT(trv_checkpoint() == 0);
    }
    ck_assert_uint_eq(collections(0), before);
}

/* A full collection waits until what reached generation 2 is a quarter of what is there; then it takes
 * as long as another quarter at most. */
TEST(full_collections_keep_pace_with_the_heap)
{
    enum { OLD = 4000, STEP = 100 };
    trv_object *list = trv_list_new();
    uint64_t full;
    int64_t made = 0;

    if (TRV_GC_STRESS || TRV_TINY) /* where rounds over what is recent come sooner */
        goto done;
    make_and_keep(list, OLD);
    collect(2);
    full = collections(2);
    trv_gc_set_threshold(STEP, 0, 0); /* so that nothing else is waited for */
    while (collections(2) == full) {
        make_and_keep(list, STEP + 1);
        made += STEP + 1;
        ck_assert_int_lt(made, OLD);
    }
    ck_assert_int_gt(made, OLD / 4);
    ck_assert_int_lt(made, OLD / 2 + 4 * STEP);
done:
    trv_unref(list);
}

/* Where young collections find nothing again and again, some are left out, until one finds something. */
TEST(patience)
{
    enum { STEP = 100, STEPS = 2000 };
    trv_object *list = trv_list_new();
    uint64_t before, young;

    if (TRV_GC_STRESS)
        goto done;
    trv_gc_set_threshold(STEP, 10, 1000000);
    before = collections(0) + collections(1);
    make_and_keep(list, STEP * STEPS);
    young = collections(0) + collections(1) - before;
    ck_assert_uint_lt(young, STEPS / 2);
    ck_assert_uint_gt(young, STEPS / 20);
    for (int i = 0; i < STEP * 200; i++) {
        trv_unref(new_cycle_of(&node_type));
        EXPECT(trv_checkpoint() == 0);
    }
    ck_assert_uint_lt(gc_stats().tracked, STEP * STEPS + STEP * 200);
    before = collections(0) + collections(1);
    for (int i = 0; i < STEP * 100; i++) {
        trv_unref(new_cycle_of(&node_type));
        EXPECT(trv_checkpoint() == 0);
    }
    ck_assert_uint_gt(collections(0) + collections(1) - before, 190);
done:
    trv_unref(list);
}

TEST(a_collection_never_runs_inside_an_allocation)
{
    uint64_t before;

    collect(2);
    trv_gc_set_threshold(1500, 1, 1); /* of 2000: fewer than would make it a round */
    ck_assert_int_eq(trv_checkpoint(), 0);
    before = collections(0) + collections(1) + collections(2);
    for (int i = 0; i < 1000; i++)
        trv_unref(new_cycle_of(&node_type));
    ck_assert_uint_eq(collections(0) + collections(1) + collections(2), before);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_uint_eq(collections(0) + collections(1) + collections(2), before + 1);
}

TEST(a_wrong_generation)
{
    size_t found;

    ck_assert_int_eq(trv_gc_collect(3, &found), -1);
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 1);
    trv_error_clear();
    ck_assert_int_eq(trv_gc_collect(-1, NULL), -1);
    trv_error_clear();
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

TEST(figures)
{
    trv_gc_stats before, after;

    collect(2);
    before = gc_stats();
    for (int i = 0; i < 10; i++)
        trv_unref(node_cycle());
    after = gc_stats();
    ck_assert_uint_eq(after.tracked, before.tracked + 20);
    collect(0);
    after = gc_stats();
    ck_assert_uint_eq(after.tracked, before.tracked);
    ck_assert_uint_eq(after.generations[0].collections, before.generations[0].collections + 1);
    ck_assert_uint_eq(after.generations[0].collected, before.generations[0].collected + 20);
    ck_assert(after.generations[0].seconds >= before.generations[0].seconds);
    ck_assert(after.generations[0].longest <= after.generations[0].seconds);
    ck_assert_uint_eq(after.generations[2].collected, before.generations[2].collected);
}

TEST(tracking)
{
    trv_object *node = new_node(NULL, NULL), *number = trv_int_new(100000), *list = trv_list_new();
    struct node *untracked = trv__container_new(&node_type, sizeof *untracked);

    ck_assert_int_eq(trv_gc_is_tracked(node), 1);
    ck_assert_int_eq(trv_gc_is_tracked(list), 1);
    ck_assert_int_eq(trv_gc_is_tracked(number), 0);
    ck_assert_int_eq(trv_gc_is_tracked(trv_list_type), 0);
    ck_assert_int_eq(trv_gc_is_tracked((trv_object *)untracked), 0);
    trv__track(node);
    trv__untrack(node);
    trv__untrack(node);
    ck_assert_int_eq(trv_gc_is_tracked(node), 0);
    trv__heap_check(trv__current->heap);
    trv__track(node);
    trv__heap_check(trv__current->heap);
    ck_assert_int_eq(trv_gc_is_tracked(node), 1);
    trv_unref((trv_object *)untracked);
    trv_unref(list);
    trv_unref(number);
    trv_unref(node);
}

/* Without memory ------------------------------------------------------------------------------------------ */

static trv_object *build_garbage(int kind)
{
    trv_object *list = trv_list_new(), *target = trv_list_new(), *root = NULL;

    /* backward: everything reached has been passed; many references: carries */
    for (int i = 0; i < 3 * TRV__MARK_COUNTS; i++) {
        trv_auto trv_object *cycle = kind ? final_cycle() : node_cycle();
        EXPECT(trv_list_append(list, cycle) == 0);
        EXPECT(trv_list_append(list, target) == 0);
        root = new_node(root, NULL);
    }
    ck_assert_int_eq(trv_list_append(target, list), 0);
    trv_unref(target);
    trv_unref(list);
    return root;
}

TEST(memory_runs_out_during_a_collection)
{
    for (int kind = 0; kind < 2; kind++) {
        bool struck = true;
        for (uint64_t nth = 1; struck; nth++) {
            size_t before = live_objects(), found;
            trv_object *alive = build_garbage(kind);
            int64_t alive_count = 3 * TRV__MARK_COUNTS;
            trv__fault_arm(nth);
            found = collect(2);
            struck = trv__fault_struck();
            trv__fault_arm(0);
            ck_assert(found > 0 || struck);
            trv__heap_check(trv__current->heap);
            nodes_cleared = 0;
            trv_unref(alive);
            ck_assert_int_eq(nodes_cleared, alive_count);
            collect(2);
            ck_assert_uint_eq(live_objects(), before);
        }
    }
}

TEST_LIST(RUN(cycles_of_every_kind), RUN(one_large_cycle), RUN(what_hangs_on_a_cycle),
          RUN(what_the_collector_cannot_see_holds), RUN(many_references_to_one_object),
          RUN(counts_around_a_carry), RUN(long_live_structures), RUN(survivors_grow_older),
          RUN(old_objects_hold_young_ones), RUN(thresholds), RUN(what_ends_is_no_reason_to_collect),
          RUN(full_collections_keep_pace_with_the_heap), RUN(patience),
          RUN(a_collection_never_runs_inside_an_allocation), RUN(a_wrong_generation), RUN(figures),
          RUN(tracking), RUN(memory_runs_out_during_a_collection))
