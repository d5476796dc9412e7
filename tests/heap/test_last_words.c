/* SPDX-License-Identifier: MIT */
/*
 * What garbage says before it is cleared: finalizers and callbacks of weak references during a collection.
 */
#include "heap/node.h"

#include "heap/collect.h"

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
    before = gc_stats().generations[0].collected;
    ck_assert_uint_eq(collect(0), 4);
    ck_assert_uint_eq(gc_stats().generations[0].collected, before + 2);
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

TEST_LIST(RUN(all_finalizers_run_before_anything_is_cleared),
          RUN(a_resurrected_cycle_is_whole_and_not_finalized_again),
          RUN(resurrection_takes_along_what_is_reached), RUN(a_finalizer_that_untracks),
          RUN(finalizers_that_break_their_cycle), RUN(collections_during_finalizers_are_refused),
          RUN(finalizers_that_make_new_objects), RUN(callbacks_of_a_dying_cycle),
          RUN(weak_references_inside_the_garbage), RUN(weak_references_from_the_garbage),
          RUN(weak_references_made_by_finalizers), RUN(callbacks_that_keep_their_weak_reference))
