/* SPDX-License-Identifier: MIT */
/*
 * The collector: which cycles it frees, generations and when they are collected, the order of what
 * users see, resurrection, weak references, figures, and lack of memory in the middle.
 */
#include "heap/node.h"

#include "heap/collect.h"

static trv_gc_stats stats(void)
{
    trv_gc_stats now;

    trv_gc_stats_get(&now);
    return now;
}

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

static trv_object *node_cycle(void)
{
    return new_cycle_of(&node_type);
}

static trv_object *final_cycle(void)
{
    return new_cycle_of(&final_node_type);
}

static trv_object *(*const cycles[])(void) = {
    list_cycle,     dict_cycle,     tuple_cycle,     large_cycle, closure_cycle,
    iterator_cycle, callback_cycle, exception_cycle, node_cycle,  final_cycle};

static size_t live_objects(void)
{
    trv_heap_stats now;

    trv_heap_stats_get(&now);
    return now.live_objects;
}

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

static uint64_t collections(int generation)
{
    return stats().generations[generation].collections;
}

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
    trv_gc_set_threshold(1000, 5, 3);
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
    ck_assert_uint_lt(stats().tracked, STEP * STEPS + STEP * 200);
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

    trv_gc_set_threshold(1, 1, 1);
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
    before = stats();
    for (int i = 0; i < 10; i++)
        trv_unref(node_cycle());
    after = stats();
    ck_assert_uint_eq(after.tracked, before.tracked + 20);
    collect(0);
    after = stats();
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

/* Finalizers -------------------------------------------------------------------------------------------- */

static void expect_whole(struct node *node)
{
    /* nothing of the cycle has been cleared while finalizers run */
    ck_assert_ptr_nonnull(node->links[0]);
    ck_assert_ptr_eq(as_node(node->links[0])->links[0], node);
    ck_assert_int_eq(nodes_cleared, 0);
}

TEST(all_finalizers_run_before_anything_is_cleared)
{
    nodes_cleared = nodes_finalized = 0;
    on_finalize = expect_whole;
    for (int i = 0; i < 5; i++)
        trv_unref(final_cycle());
    ck_assert_uint_eq(collect(0), 10);
    ck_assert_int_eq(nodes_finalized, 10);
    ck_assert_int_ge(nodes_cleared, 10);
    on_finalize = NULL;
}

static trv_object *rescued;

static void rescue(struct node *node)
{
    if (node->number == 1)
        rescued = trv_ref((trv_object *)node);
}

TEST(a_resurrected_cycle_is_whole_and_not_finalized_again)
{
    trv_object *cycle = final_cycle(), *other = final_cycle();
    uint64_t before;

    nodes_finalized = nodes_cleared = 0;
    on_finalize = rescue;
    as_node(cycle)->number = 1;
    trv_unref(cycle);
    trv_unref(other); /* has nothing to do with it */
    before = stats().generations[0].collected;
    ck_assert_uint_eq(collect(0), 4);
    ck_assert_uint_eq(stats().generations[0].collected, before + 2);
    ck_assert_ptr_eq(rescued, cycle);
    ck_assert_int_eq(nodes_finalized, 4);
    ck_assert_ptr_eq(as_node(as_node(cycle)->links[0])->links[0], cycle);
    ck_assert_int_eq(trv_gc_is_tracked(cycle), 1);
    ck_assert_int_eq(trv_gc_is_finalized(cycle), 1);
    ck_assert_int_eq(trv_refcount(cycle), 2);
    ck_assert_uint_eq(collect(2), 0);
    trv_clear(&rescued);
    ck_assert_uint_eq(collect(2), 2);
    ck_assert_int_eq(nodes_finalized, 4);
    on_finalize = NULL;
}

/* What the rescued object reaches lives on with it, whoever has been finalized. */
TEST(resurrection_takes_along_what_is_reached)
{
    trv_object *a = new_final_node(NULL, NULL), *b = new_final_node(NULL, NULL),
               *c = new_node(NULL, NULL);

    as_node(a)->links[0] = trv_ref(b);
    as_node(b)->links[0] = trv_ref(c);
    as_node(c)->links[0] = trv_ref(b); /* b and c are a cycle; a only holds them */
    as_node(a)->links[1] = trv_ref(a);
    as_node(a)->number = 1;
    nodes_finalized = nodes_cleared = 0;
    on_finalize = rescue;
    trv_unref(c);
    trv_unref(b);
    trv_unref(a);
    ck_assert_uint_eq(collect(2), 3);
    ck_assert_int_eq(nodes_finalized, 2);
    ck_assert_int_eq(nodes_cleared, 0);
    ck_assert_ptr_eq(as_node(as_node(rescued)->links[0])->links[0], c);
    trv_clear(&rescued);
    ck_assert_uint_eq(collect(2), 3);
    ck_assert_int_eq(nodes_finalized, 2);
    on_finalize = NULL;
}

static void untrack_and_rescue(struct node *node)
{
    if (node->number != 1)
        return;
    trv__untrack(node);
    rescued = trv_ref((trv_object *)node);
}

/* What is untracked by a finalizer is none of the collector's business any more. */
TEST(a_finalizer_that_untracks)
{
    trv_object *cycle = final_cycle();

    nodes_cleared = 0;
    on_finalize = untrack_and_rescue;
    as_node(cycle)->number = 1;
    trv_unref(cycle);
    collect(2);
    ck_assert_int_eq(nodes_cleared, 0);
    ck_assert_ptr_eq(as_node(as_node(rescued)->links[0])->links[0], rescued);
    trv__track(rescued);
    trv_clear(&rescued);
    ck_assert_uint_eq(collect(2), 2);
    on_finalize = NULL;
}

static void break_cycle(struct node *node)
{
    trv_clear(&node->links[0]);
}

TEST(finalizers_that_break_their_cycle)
{
    size_t before = live_objects();

    on_finalize = break_cycle;
    for (int i = 0; i < 10; i++)
        trv_unref(final_cycle());
    ck_assert_uint_eq(collect(2), 20);
    ck_assert_uint_eq(live_objects(), before);
    on_finalize = NULL;
}

static void ask_for_collections(struct node *node TRV_UNUSED)
{
    uint64_t before = collections(0) + collections(1) + collections(2);

    trv_unref(node_cycle());
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_uint_eq(collections(0) + collections(1) + collections(2), before);
}

/* A collection inside a collection is refused, and says that it found nothing. */
TEST(collections_during_finalizers_are_refused)
{
    trv_gc_set_threshold(1, 1, 1);
    on_finalize = ask_for_collections;
    nodes_finalized = 0;
    trv_unref(final_cycle());
    ck_assert_uint_eq(collect(2), 2);
    ck_assert_int_eq(nodes_finalized, 2);
    on_finalize = NULL;
    ck_assert_uint_eq(collect(2), 4);
}

static trv_object *born[100];
static int born_count;

/* Makes objects that refer to the garbage and are referred to by it. */
static void give_birth(struct node *node)
{
    trv_object *child = new_node(trv_ref((trv_object *)node), NULL);

    if (born_count < 10)
        born[born_count++] = trv_ref(child);
    node->links[1] = child;
}

TEST(finalizers_that_make_new_objects)
{
    size_t before = live_objects(), found;

    born_count = 0;
    on_finalize = give_birth;
    for (int i = 0; i < 20; i++)
        trv_unref(final_cycle());
    ck_assert_uint_eq(collect(2), 40);
    /* each is held by its child, which is new and was not in the set */
    ck_assert_uint_eq(live_objects(), before + 80);
    trv__heap_check(trv__current->heap);
    found = collect(2);
    ck_assert_uint_ge(found, 80 - 10 * 4);
    while (born_count)
        trv_unref(born[--born_count]);
    ck_assert_uint_eq(collect(2), 80 - found);
    ck_assert_uint_eq(live_objects(), before);
    on_finalize = NULL;
}

/* Weak references ----------------------------------------------------------------------------------------- */

static int called_back;
static trv_object *watched[2]; /* weak references that callbacks look at */

static trv_object *expect_all_cut(const trv_args *args)
{
    called_back++;
    for (int i = 0; i < 2; i++)
        if (watched[i]) {
            trv_auto trv_object *referent = trv_weakref_get(watched[i]);
            ck_assert(trv_is_none(referent));
        }
    ck_assert_uint_eq(args->count, 1);
    ck_assert_int_eq(nodes_finalized, 0);
    return trv_none_new();
}

/* All weak references are cut before the first callback, callbacks come before finalizers. */
TEST(callbacks_of_a_dying_cycle)
{
    trv_object *callback = trv_function_new(expect_all_cut, "callback", NULL),
               *cycle = final_cycle(), *other = as_node(cycle)->links[0], *weakrefs[3];

    weakrefs[0] = trv_weakref_new(cycle, callback);
    weakrefs[1] = trv_weakref_new(other, callback);
    weakrefs[2] = trv_weakref_new(other, NULL);
    watched[0] = weakrefs[0];
    watched[1] = weakrefs[2];
    called_back = 0;
    nodes_finalized = 0;
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 2);
    ck_assert_int_eq(called_back, 2);
    ck_assert_int_eq(nodes_finalized, 2);
    for (int i = 0; i < 3; i++)
        trv_unref(weakrefs[i]);
    watched[0] = watched[1] = NULL;
    trv_unref(callback);
}

/* Weak references that are garbage themselves are not called back. */
TEST(weak_references_inside_the_garbage)
{
    trv_object *callback = trv_function_new(expect_all_cut, "callback", NULL),
               *cycle = node_cycle(), *outside = trv_weakref_new(cycle, callback);

    as_node(cycle)->links[1] = trv_weakref_new(cycle, callback);
    called_back = 0;
    nodes_finalized = 0;
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 3);
    ck_assert_int_eq(called_back, 1);
    trv_unref(outside);
    trv_unref(callback);
}

/* A weak reference in the garbage to something alive: it goes without a word. */
TEST(weak_references_from_the_garbage)
{
    trv_object *callback = trv_function_new(expect_all_cut, "callback", NULL),
               *cycle = node_cycle(), *alive = new_node(NULL, NULL);

    as_node(cycle)->links[1] = trv_weakref_new(alive, callback);
    called_back = 0;
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 3);
    trv_unref(alive);
    ck_assert_int_eq(called_back, 0);
    trv_unref(callback);
}

static trv_object *escaped;

static void refer_weakly(struct node *node)
{
    if (node->number == 1)
        escaped = trv_weakref_new((trv_object *)node, NULL);
}

/* A weak reference that a finalizer makes does not find a cleared object later. */
TEST(weak_references_made_by_finalizers)
{
    trv_object *cycle = final_cycle(), *referent;

    as_node(cycle)->number = 1;
    on_finalize = refer_weakly;
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 2);
    referent = trv_weakref_get(escaped);
    ck_assert(trv_is_none(referent));
    trv_clear(&escaped);
    on_finalize = NULL;
}

static trv_object *resurrect_by_callback(const trv_args *args)
{
    called_back++;
    ck_assert_int_eq(trv_list_append(args->self, args->items[0]), 0);
    return trv_none_new();
}

TEST(callbacks_that_keep_their_weak_reference)
{
    trv_object *list = trv_list_new(),
               *callback = trv_function_new(resurrect_by_callback, "callback", list),
               *cycle = node_cycle(), *weakref = trv_weakref_new(cycle, callback);
    size_t length;

    called_back = 0;
    trv_unref(cycle);
    ck_assert_uint_eq(collect(2), 2);
    trv_unref(weakref);
    ck_assert_int_eq(called_back, 1);
    ck_assert_int_eq(trv_list_len(list, &length), 0);
    ck_assert_uint_eq(length, 1);
    trv_unref(callback);
    trv_unref(list);
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
          RUN(tracking), RUN(all_finalizers_run_before_anything_is_cleared),
          RUN(a_resurrected_cycle_is_whole_and_not_finalized_again),
          RUN(resurrection_takes_along_what_is_reached), RUN(a_finalizer_that_untracks),
          RUN(finalizers_that_break_their_cycle), RUN(collections_during_finalizers_are_refused),
          RUN(finalizers_that_make_new_objects), RUN(callbacks_of_a_dying_cycle),
          RUN(weak_references_inside_the_garbage), RUN(weak_references_from_the_garbage),
          RUN(weak_references_made_by_finalizers), RUN(callbacks_that_keep_their_weak_reference),
          RUN(memory_runs_out_during_a_collection))
