/* SPDX-License-Identifier: MIT */
/*
 * Copies: what Python's module `copy` gives, checked by shape and identity; deep and broken graphs.
 */
#include "types/container.h"
#include "types/exhaust.h"

static trv_object *first(trv_object *sequence)
{
    trv_auto trv_object *zero = trv_int_new(0);
    trv_object *item = trv_getitem(sequence, zero);

    ck_assert_ptr_nonnull(item);
    trv_unref(item); /* the sequence holds it */
    return item;
}

/* Equal, printed alike, and another object. */
static void expect_other(trv_object *made, trv_object *original)
{
    trv_auto trv_object *copy = made, *a = NULL, *b = NULL;

    ck_assert_ptr_nonnull(copy);
    ck_assert_ptr_ne(copy, original);
    a = trv_repr(copy);
    b = trv_repr(original);
    ck_assert_str_eq(trv_str_utf8(a, NULL), trv_str_utf8(b, NULL));
}

static void expect_itself(trv_object *made, trv_object *original)
{
    ck_assert_ptr_eq(made, original);
    trv_unref(made);
}

TEST(what_cannot_change_is_its_own_copy)
{
    trv_auto trv_object *atoms = trv_build("(n b i d s y o o)", 1, 1000000, 2.5, "text", "by",
                                           (size_t)2, trv_ValueError, trv_list_type);
    trv_auto trv_object *range = trv_range_new(0, 9, 1), *weak = trv_weakref_new(atoms, NULL);

    if (!weak)
        trv_error_clear();
    TRV_FOR(atom, atoms) {
        expect_itself(trv_copy(atom), atom);
        expect_itself(trv_deepcopy(atom), atom);
    }
    expect_itself(trv_deepcopy(range), range);
    expect_itself(trv_copy(atoms), atoms);
    expect_itself(trv_deepcopy(atoms), atoms);
}

TEST(shallow_copies_share_their_items)
{
    trv_auto trv_object *inner = trv_build("[i]", 1), *list = trv_build("[o o]", inner, inner);
    trv_auto trv_object *dict = trv_build("{s:o}", "k", inner), *set = trv_set_new();
    trv_auto trv_object *copy = trv_copy(list);

    ck_assert_int_eq(trv_set_add(set, trv_ValueError), 0);
    expect_other(trv_copy(list), list);
    expect_other(trv_copy(dict), dict);
    expect_other(trv_copy(set), set);
    ck_assert_ptr_eq(first(copy), inner);
}

TEST(deep_copies_share_nothing)
{
    trv_auto trv_object *graph =
        trv_build("[[i i] {s:[i] (s i):(i [i])} (i (i i)) n]", 1, 2, "a", 3, "b", 4, 5, 6, 7, 8, 9);
    trv_auto trv_object *copy = trv_deepcopy(graph), *number = trv_int_new(99);
    trv_auto trv_object *before = trv_repr(graph), *after = NULL;

    expect_other(trv_ref(copy), graph);
    ck_assert_ptr_ne(first(copy), first(graph));
    ck_assert_int_eq(trv_list_append(first(copy), number), 0);
    after = trv_repr(graph);
    ck_assert_str_eq(trv_str_utf8(before, NULL), trv_str_utf8(after, NULL));
}

TEST(what_is_shared_stays_shared)
{
    trv_auto trv_object *shared = trv_build("[i]", 1);
    trv_auto trv_object *pair = trv_build("(o o)", shared, shared), *copy = trv_deepcopy(pair);
    trv_auto trv_object *a = trv_tuple_get(copy, 0), *b = trv_tuple_get(copy, 1);

    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_ne(a, shared);
}

TEST(cycles_stay_cycles)
{
    trv_auto trv_object *list = trv_list_new(), *tuple = NULL, *copy = NULL, *dict = trv_dict_new();
    trv_auto trv_object *dict_copy = NULL, *value = NULL;

    tuple = trv_build("(o)", list);
    ck_assert_int_eq(trv_list_append(list, tuple), 0);
    copy = trv_deepcopy(tuple);
    ck_assert_ptr_ne(copy, tuple);
    ck_assert_ptr_eq(first(first(copy)), copy);
    ck_assert_int_eq(trv_dict_set_str(dict, "self", dict), 0);
    dict_copy = trv_deepcopy(dict);
    ck_assert_int_eq(trv_dict_get_str(dict_copy, "self", &value), 1);
    ck_assert_ptr_eq(value, dict_copy);
    ck_assert_ptr_ne(dict_copy, dict);
}

/* A tuple is copied only if something in it was. */
TEST(tuples)
{
    trv_auto trv_object *plain = trv_build("(i (s (d)))", 1, "x", 2.5);
    trv_auto trv_object *holding = trv_build("(i ([]))", 1), *empty = trv_build("()");

    expect_itself(trv_deepcopy(plain), plain);
    expect_itself(trv_deepcopy(empty), empty);
    expect_other(trv_deepcopy(holding), holding);
}

TEST(exceptions)
{
    trv_auto trv_object *list = trv_build("[i]", 1), *arguments = trv_build("(s o)", "text", list);
    trv_auto trv_object *error = trv_exception_new(trv_KeyError, arguments);
    trv_auto trv_object *copy = trv_copy(error), *deep = trv_deepcopy(error);
    trv_auto trv_object *copied = trv_exception_args(copy), *deeply = trv_exception_args(deep);
    trv_auto trv_object *shared = trv_tuple_get(copied, 1), *own = trv_tuple_get(deeply, 1);

    expect_other(trv_ref(copy), error);
    expect_other(trv_ref(deep), error);
    ck_assert_ptr_eq(shared, list);
    ck_assert_ptr_ne(own, list);
}

TEST(what_cannot_be_copied_says_so)
{
    trv_auto trv_object *lock = trv_lock_new(), *list = trv_build("[o]", lock);

    EXPECT_NULL(trv_copy(lock), trv_TypeError, "cannot pickle 'lock' object");
    EXPECT_NULL(trv_deepcopy(lock), trv_TypeError, "cannot pickle 'lock' object");
    EXPECT_NULL(trv_deepcopy(list), trv_TypeError, "cannot pickle 'lock' object");
}

/* A type of the user's: a node that refers to another. */
struct node {
    trv_object *next;
};

static trv_object *node_type;

static struct node *node_of(trv_object *object)
{
    trv_auto trv_object *type = trv_type_of(object); /* node_type is gone when the last one ends */

    return trv_data(object, type);
}

static int node_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return node_of(self)->next ? visit(node_of(self)->next, argument) : 0;
}

static void node_clear(trv_object *self)
{
    trv_clear(&node_of(self)->next);
}

static trv_object *node_copy(trv_object *self, trv_object *memo)
{
    trv_auto trv_object *copy = trv_call(node_type, "");

    if (!copy || (memo && trv_memo_set(memo, self, copy) < 0))
        return NULL;
    node_of(copy)->next =
        memo ? trv_deepcopy_with(node_of(self)->next, memo) : trv_ref(node_of(self)->next);
    return node_of(copy)->next ? trv_steal(&copy) : NULL;
}

static void make_node_type(void)
{
    static const trv_type_spec spec = {
        .size = sizeof spec,
        .name = "Node",
        .data_size = sizeof(struct node),
        .slots = {.traverse = node_traverse, .clear = node_clear, .copy = node_copy}};

    node_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(node_type);
}

static trv_object *node_before(trv_object *next)
{
    trv_object *node = trv_call(node_type, "");

    ck_assert_ptr_nonnull(node);
    node_of(node)->next = trv_ref(next);
    return node;
}

TEST(types_defined_in_c)
{
    trv_auto trv_object *list = trv_list_new(), *node = NULL, *copy = NULL, *shallow = NULL;

    make_node_type();
    node = node_before(list);
    ck_assert_int_eq(trv_list_append(list, node), 0);
    shallow = trv_copy(node);
    ck_assert_ptr_eq(node_of(shallow)->next, list);
    copy = trv_deepcopy(list);
    ck_assert_ptr_ne(first(copy), node);
    ck_assert_ptr_eq(node_of(first(copy))->next, copy);
    trv_clear(&node_type);
}

/* Recursion through slots ends with an exception, not with the stack. */
TEST(recursion_through_slots_has_a_limit)
{
    trv_auto trv_object *chain = trv_none_new();

    make_node_type();
    for (int i = 0; i < 200000; i++) {
        trv_object *node = node_before(chain);
        trv_unref(chain);
        chain = node;
    }
    EXPECT_NULL(trv_deepcopy(chain), trv_RecursionError,
                "maximum recursion depth exceeded in a call");
    trv_clear(&node_type);
}

/* As deep as memory allows: each of the walked containers. */
TEST(depth)
{
    trv_auto trv_object *chain = trv_list_new(), *copy = NULL;
    size_t length;

    for (int i = 0; i < 300000; i++) {
        trv_object *outer = i % 3 == 0   ? trv_build("[o]", chain)
                            : i % 3 == 1 ? trv_build("(o)", chain)
                                         : trv_build("{s:o}", "k", chain);
        ck_assert_ptr_nonnull(outer);
        trv_unref(chain);
        chain = outer;
    }
    copy = trv_deepcopy(chain);
    ck_assert_ptr_nonnull(copy);
    ck_assert_int_eq(trv_len(copy, &length), 0);
    ck_assert_uint_eq(length, 1);
}

static trv_object *graph_copied(void)
{
    trv_auto trv_object *graph = trv_build("[[i] {s:(i [i])}]", 1000, "a", 2000, 3000);
    trv_auto trv_object *set = graph ? trv_set_from(graph) : NULL;

    if (!set && trv_error_matches(trv_TypeError))
        trv_error_clear();
    return graph && !trv_error_occurred() ? trv_deepcopy(graph) : NULL;
}

TEST(exhaustion)
{
    EXHAUST(graph_copied());
}

TEST_LIST(RUN(what_cannot_change_is_its_own_copy), RUN(shallow_copies_share_their_items),
          RUN(deep_copies_share_nothing), RUN(what_is_shared_stays_shared), RUN(cycles_stay_cycles),
          RUN(tuples), RUN(exceptions), RUN(what_cannot_be_copied_says_so), RUN(types_defined_in_c),
          RUN(recursion_through_slots_has_a_limit), RUN(depth), RUN(exhaustion))
