/* SPDX-License-Identifier: MIT */
/*
 * How objects end: chains of any length with a flat stack, last words, resurrection, what is put
 * off and what is not.
 */
#include "heap/node.h"

/* Stack -------------------------------------------------------------------------------------------- */

static char *stack_top, *stack_lowest;

static void note_stack(struct node *node TRV_UNUSED)
{
    char *here = __builtin_frame_address(0);

    if (here < stack_lowest)
        stack_lowest = here;
}

static void expect_flat_end(trv_object *chain, int64_t length)
{
    stack_top = stack_lowest = __builtin_frame_address(0);
    nodes_cleared = 0;
    on_clear = note_stack;
    trv_unref(chain);
    on_clear = NULL;
    ck_assert_int_eq(nodes_cleared, length);
    ck_assert_msg(stack_top - stack_lowest < 64 * 1024, "it took %td bytes of stack",
                  stack_top - stack_lowest);
}

static trv_object *chain_of(const struct trv_type *type, int64_t length)
{
    trv_object *chain = NULL;

    for (int64_t i = 0; i < length; i++)
        chain = new_node_of(type, chain, NULL);
    return chain;
}

TEST(a_long_chain_ends_with_a_flat_stack)
{
    expect_flat_end(chain_of(&node_type, long_chain()), long_chain());
}

TEST(a_long_chain_that_the_collector_does_not_see)
{
    expect_flat_end(chain_of(&hidden_node_type, long_chain()), long_chain());
}

TEST(a_long_chain_with_finalizers)
{
    nodes_finalized = 0;
    expect_flat_end(chain_of(&final_node_type, long_chain()), long_chain());
    ck_assert_int_eq(nodes_finalized, long_chain());
}

TEST(a_long_chain_through_large_tuples)
{
    int64_t length = long_chain() / 50;
    trv_object *chain = new_node(NULL, NULL), *items[70];

    for (int64_t i = 1; i < length; i++) {
        for (int j = 0; j < 70; j++)
            items[j] = trv_none_new();
        items[69] = chain;
        chain = new_node(trv_tuple_new(items, 70), NULL);
        ck_assert_ptr_nonnull(as_node(chain)->links[0]);
        trv_unref(items[69]);
    }
    expect_flat_end(chain, length);
}

TEST(a_long_chain_through_lists_and_dicts)
{
    int64_t length = long_chain() / 50;
    trv_object *chain = new_node(NULL, NULL);

    for (int64_t i = 1; i < length; i++) {
        trv_object *inner =
            trv_build(i % 2 ? "[o]" : "{s:o}", i % 2 ? (void *)chain : (void *)"next", chain);
        ck_assert_ptr_nonnull(inner);
        trv_unref(chain);
        chain = new_node(inner, NULL);
    }
    expect_flat_end(chain, length);
}

static void drop_links(struct node *node)
{
    note_stack(node);
    trv_clear(&node->links[0]);
}

/* Each finalizer runs the next one, as far as that goes. */
TEST(a_long_chain_whose_finalizers_drop_the_next)
{
    int64_t length = long_chain() / 10;

    nodes_finalized = 0;
    on_finalize = drop_links;
    expect_flat_end(chain_of(&final_node_type, length), length);
    ck_assert_int_eq(nodes_finalized, length);
    ck_assert_uint_eq(trv__current->last_words_depth, 0);
    on_finalize = NULL;
}

static void drop_many(struct node *node)
{
    drop_links(node);
    trv_clear(&node->links[1]);
}

/* A tree of finalizers that drop: what is kept waiting is more than one at a time. */
static trv_object *tree(int depth)
{
    return depth ? new_final_node(tree(depth - 1), tree(depth - 1)) : NULL;
}

TEST(a_tree_below_a_long_chain_of_finalizers)
{
    trv_object *chain = tree(12);

    for (int i = 0; i < 100; i++)
        chain = new_final_node(chain, tree(3));
    nodes_finalized = 0;
    on_finalize = drop_many;
    expect_flat_end(chain, 4095 + 100 * 8);
    ck_assert_int_eq(nodes_finalized, 4095 + 100 * 8);
    on_finalize = NULL;
}

/* Weak reference callbacks are last words, too. */
static trv_object *drop_the_next(const trv_args *args)
{
    trv_object *list = args->self, *last = trv_list_pop(list, -1);

    note_stack(NULL);
    if (!last) {
        trv_error_clear();
        return trv_none_new();
    }
    trv_unref(last);
    return trv_none_new();
}

TEST(callbacks_that_drop_the_next)
{
    enum { LENGTH = 20000 };
    trv_object *list = trv_list_new(), *callback = trv_function_new(drop_the_next, "drop", list),
               *first = new_node(NULL, NULL);
    static trv_object *weakrefs[LENGTH + 1];

    weakrefs[LENGTH] = trv_weakref_new(first, callback);
    for (int i = 0; i < LENGTH; i++) {
        trv_auto trv_object *node = new_node(NULL, NULL);
        weakrefs[i] = trv_weakref_new(node, callback);
        ck_assert_int_eq(trv_list_append(list, node), 0);
    }
    expect_flat_end(first, LENGTH + 1);
    for (int i = 0; i <= LENGTH; i++)
        trv_unref(weakrefs[i]);
    trv_unref(callback);
    trv_unref(list);
}

/* Last words --------------------------------------------------------------------------------------- */

static trv_object *rescued;

static void rescue(struct node *node)
{
    rescued = trv_ref((trv_object *)node);
}

TEST(a_finalizer_may_resurrect_once)
{
    trv_object *node = new_final_node(NULL, NULL), *weakref = trv_weakref_new(node, NULL), *got;

    nodes_finalized = nodes_cleared = 0;
    on_finalize = rescue;
    trv_unref(node);
    ck_assert_ptr_eq(rescued, node);
    ck_assert_int_eq(trv_refcount(node), 1);
    ck_assert_int_eq(trv_gc_is_tracked(node), 1);
    ck_assert_int_eq(trv_gc_is_finalized(node), 1);
    got = trv_weakref_get(weakref);
    ck_assert_ptr_eq(got, node);
    trv_unref(got);
    ck_assert_int_eq(nodes_cleared, 0);

    trv_clear(&rescued);
    ck_assert_ptr_null(rescued);
    ck_assert_int_eq(nodes_finalized, 1);
    ck_assert_int_eq(nodes_cleared, 1);
    got = trv_weakref_get(weakref);
    ck_assert(trv_is_none(got));
    trv_unref(weakref);
    on_finalize = NULL;
}

static int64_t cleared_inside;

static void expect_ends_at_once(struct node *node)
{
    int64_t before = nodes_cleared;

    if (!node->links[1])
        return;
    trv_clear(&node->links[1]);
    cleared_inside = nodes_cleared - before;
}

/* Also in the middle of another end, where ends are put off otherwise. */
TEST(what_a_finalizer_drops_ends_inside_it)
{
    trv_object *inner = chain_of(&node_type, 5), *last = new_final_node(NULL, inner);

    on_finalize = expect_ends_at_once;
    trv_unref(new_node(new_node(last, NULL), NULL));
    ck_assert_int_eq(cleared_inside, 5);
    on_finalize = NULL;
}

static void refer_to_itself(struct node *node)
{
    trv_unref(trv_ref((trv_object *)node));
}

TEST(clear_may_take_and_drop_a_reference_to_its_object)
{
    nodes_cleared = 0;
    on_clear = refer_to_itself;
    trv_unref(new_node(new_node(NULL, NULL), NULL));
    ck_assert_int_eq(nodes_cleared, 2);
    on_clear = NULL;
}

static void raise_in(struct node *node TRV_UNUSED)
{
    trv_raise(trv_ValueError, "from a finalizer");
}

TEST(a_pending_exception_survives_ends)
{
    trv_object *node = new_final_node(new_final_node(NULL, NULL), NULL);

    on_finalize = raise_in;
    trv_raise(trv_KeyError, "pending");
    trv_unref(node);
    ck_assert(trv_error_matches(trv_KeyError));
    trv_error_clear();
    on_finalize = NULL;
}

/* Put off ------------------------------------------------------------------------------------------ */

static int called_back;

static trv_object *count_call(const trv_args *args TRV_UNUSED)
{
    called_back++;
    return trv_none_new();
}

/* A weak reference that ends together with its object is not called back, whichever is first. */
TEST(a_weak_reference_that_ends_with_its_object)
{
    trv_object *callback = trv_function_new(count_call, "count", NULL);

    for (int order = 0; order < 2; order++)
        for (int between = 0; between < 3; between++) {
            trv_object *target = new_node(NULL, NULL), *weakref = trv_weakref_new(target, callback);
            for (int i = 0; i < between; i++)
                weakref = new_node(new_node(NULL, NULL), weakref);
            called_back = 0;
            trv_unref(new_node(order ? weakref : target, order ? target : weakref));
            /* the end of what stands between, and so of the weak reference, is put off */
            ck_assert_int_eq(called_back, !order || between);
        }
    trv_unref(callback);
}

/* Items of a list end in one order or the other: only one of these is called back. */
TEST(weak_references_that_end_in_a_list)
{
    trv_object *callback = trv_function_new(count_call, "count", NULL);

    called_back = 0;
    for (int order = 0; order < 2; order++) {
        trv_object *target = trv_list_new(), *weakref = trv_weakref_new(target, callback),
                   *list = order ? trv_build("[o n o]", target, weakref)
                                 : trv_build("[o n o]", weakref, target);
        trv_unref(weakref);
        trv_unref(target);
        trv_unref(list);
    }
    ck_assert_int_eq(called_back, 1);
    trv_unref(callback);
}

static void collect_all_generations(struct node *node TRV_UNUSED)
{
    for (int generation = 0; generation < 3; generation++)
        ck_assert_uint_eq(collect(generation), 0);
}

/* Objects whose end was put off are nothing to the collector. */
TEST(a_collection_between_ends_put_off)
{
    trv_object *list = trv_list_new();

    for (int i = 0; i < 1000; i++) {
        trv_auto trv_object *node = new_node(new_node(NULL, NULL), NULL);
        ck_assert_int_eq(trv_list_append(list, node), 0);
    }
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *node = new_final_node(NULL, NULL);
        ck_assert_int_eq(trv_list_append(list, node), 0);
    }
    nodes_finalized = nodes_cleared = 0;
    on_finalize = collect_all_generations;
    trv_unref(new_node(list, new_final_node(NULL, NULL)));
    ck_assert_int_eq(nodes_finalized, 4);
    ck_assert_int_eq(nodes_cleared, 2005);
    on_finalize = NULL;
}

TEST(large_objects_are_put_off_as_well)
{
    trv_object *items[100], *tuple;

    for (int i = 0; i < 100; i++)
        items[i] = i % 10 ? new_node(NULL, NULL) : trv_tuple_new(&items[0], (size_t)i);
    tuple = trv_tuple_new(items, 100);
    ck_assert_ptr_nonnull(tuple);
    for (int i = 0; i < 100; i++)
        trv_unref(items[i]);
    nodes_cleared = 0;
    trv_unref(new_node(tuple, NULL));
    ck_assert_int_eq(nodes_cleared, 91);
}

TEST_LIST(RUN(a_long_chain_ends_with_a_flat_stack),
          RUN(a_long_chain_that_the_collector_does_not_see), RUN(a_long_chain_with_finalizers),
          RUN(a_long_chain_through_large_tuples), RUN(a_long_chain_through_lists_and_dicts),
          RUN(a_long_chain_whose_finalizers_drop_the_next),
          RUN(a_tree_below_a_long_chain_of_finalizers), RUN(callbacks_that_drop_the_next),
          RUN(a_finalizer_may_resurrect_once), RUN(what_a_finalizer_drops_ends_inside_it),
          RUN(clear_may_take_and_drop_a_reference_to_its_object),
          RUN(a_pending_exception_survives_ends), RUN(a_weak_reference_that_ends_with_its_object),
          RUN(weak_references_that_end_in_a_list), RUN(a_collection_between_ends_put_off),
          RUN(large_objects_are_put_off_as_well))
