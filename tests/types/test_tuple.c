/* SPDX-License-Identifier: MIT */
/*
 * tuple: what Python's tuple does, with the same errors and the same mixing of hashes.
 */
#include "types/container.h"

#include "base/base.h"

TEST(making_and_printing)
{
    trv_auto trv_object *list = trv_build("[i i]", 1, 2);
    trv_auto trv_object *empty = trv_build("()"), *pair = trv_build("(i (s))", 1, "x");
    trv_auto trv_object *other_empty = trv_call(trv_tuple_type, "");
    trv_auto trv_object *same = trv_tuple_from(pair);

    expect_shown(empty, "()");
    expect_shown(pair, "(1, ('x',))");
    expect_repr(trv_tuple_from(list), "(1, 2)");
    expect_repr(trv_call(trv_tuple_type, "s", "ab"), "('a', 'b')");
    ck_assert_ptr_eq(empty, other_empty);
    ck_assert_ptr_eq(pair, same);
    EXPECT_NULL(trv_tuple_from(trv_type_of(trv_int_new(1))), trv_TypeError,
                "'type' object is not iterable");
    EXPECT_NULL(trv_call(trv_tuple_type, "ii", 1, 2), trv_TypeError,
                "tuple expected at most 1 argument, got 2");
}

TEST(items_by_index)
{
    trv_auto trv_object *tuple = trv_build("(i s d)", 1, "two", 3.0);
    trv_auto trv_object *minus = trv_int_new(-1), *far = trv_int_new(3), *text = trv_str_new("a");
    size_t length;

    ck_assert_int_eq(trv_tuple_len(tuple, &length), 0);
    ck_assert_uint_eq(length, 3);
    expect_repr(trv_tuple_get(tuple, 0), "1");
    expect_repr(trv_tuple_get(tuple, -3), "1");
    expect_repr(trv_getitem(tuple, minus), "3.0");
    EXPECT_NULL(trv_tuple_get(tuple, 3), trv_IndexError, "tuple index out of range");
    EXPECT_NULL(trv_getitem(tuple, far), trv_IndexError, "tuple index out of range");
    EXPECT_NULL(trv_getitem(tuple, text), trv_TypeError, "tuple indices must be integers or slices, not str");
    EXPECT_MINUS(trv_setitem(tuple, minus, text), trv_TypeError,
                 "'tuple' object does not support item assignment");
}

TEST(operators_and_methods)
{
    trv_auto trv_object *a = trv_build("(i i)", 1, 2), *b = trv_build("(i)", 1);
    trv_auto trv_object *empty = trv_build("()"), *list = trv_build("[i]", 3);
    trv_auto trv_object *three = trv_int_new(3), *zero = trv_int_new(0), *one = trv_int_new(1);
    trv_auto trv_object *sum = trv_add(a, empty), *once = trv_multiply(a, one);

    expect_repr(trv_add(a, b), "(1, 2, 1)");
    ck_assert_ptr_eq(sum, a);
    ck_assert_ptr_eq(once, a);
    expect_repr(trv_multiply(three, b), "(1, 1, 1)");
    expect_repr(trv_multiply(a, zero), "()");
    EXPECT_NULL(trv_add(a, list), trv_TypeError,
                "can only concatenate tuple (not \"list\") to tuple");
    expect_repr(method(a, "index", "i", 2), "1");
    expect_repr(method(a, "count", "d", 2.0), "1");
    EXPECT_NULL(method(a, "index", "i", 3), trv_ValueError, "tuple.index(x): x not in tuple");
    ck_assert_int_eq(trv_contains(a, one), 1);
    ck_assert_int_eq(trv_contains(a, three), 0);
}

TEST(comparison)
{
    trv_auto trv_object *a = trv_build("(i i)", 1, 2), *b = trv_build("(i i i)", 1, 2, 3);
    trv_auto trv_object *c = trv_build("(i s)", 1, "x"), *same = trv_build("(d i)", 1.0, 2);

    ck_assert_int_eq(trv_compare(a, b, TRV_LESS), 1);
    ck_assert_int_eq(trv_compare(b, a, TRV_LESS_EQUAL), 0);
    ck_assert_int_eq(trv_equal(a, same), 1);
    ck_assert_int_eq(trv_equal(a, c), 0);
    EXPECT_MINUS(trv_compare(a, c, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'int' and 'str'");
}

static int64_t hash_of(trv_object *tuple)
{
    int64_t hash;

    ck_assert_ptr_nonnull(tuple);
    ck_assert_int_eq(trv_hash(tuple, &hash), 0);
    trv_unref(tuple);
    return hash;
}

/* Python's own figures. */
TEST(hashes)
{
    trv_auto trv_object *bad = trv_build("(i [])", 1);
    int64_t hash;

    ck_assert_int_eq(hash_of(trv_build("()")), 5740354900026072187);
    ck_assert_int_eq(hash_of(trv_build("(i)", 1)), -6644214454873602895);
    ck_assert_int_eq(hash_of(trv_build("(i i i)", 1, 2, 3)), 529344067295497451);
    ck_assert_int_eq(hash_of(trv_build("(d i)", 1.0, 2)), hash_of(trv_build("(b i)", 1, 2)));
    EXPECT_MINUS(trv_hash(bad, &hash), trv_TypeError, "unhashable type: 'list'");
}

TEST(tuples_that_can_be_in_no_cycle_are_not_watched)
{
    trv_auto trv_object *atoms = trv_build("(i s d n)", 1, "x", 2.0);
    trv_auto trv_object *holder = trv_build("(i [])", 1);

    ck_assert_int_eq(trv_gc_is_tracked(atoms), 0);
    ck_assert_int_eq(trv_gc_is_tracked(holder), 1);
}

TEST(a_cycle_through_a_tuple_is_collected)
{
    trv_object *list = trv_list_new(), *tuple = trv_tuple_new(&list, 1);
    size_t found;

    ck_assert_int_eq(trv_list_append(list, tuple), 0);
    expect_shown(tuple, "([(...)],)");
    trv_unref(list);
    trv_unref(tuple);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

TEST(arguments_that_are_missing)
{
    trv_object *items[2] = {NULL, NULL};
    size_t length;

    items[0] = trv_int_new(1);
    trv_raise(trv_ValueError, "no second item");
    EXPECT_NULL(trv_tuple_new(items, 2), trv_ValueError, "no second item");
    ck_assert_int_eq(trv_tuple_len(items[0], &length), -1);
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
}

/* The end of a deep nest uses no stack. */
TEST(a_nest_a_million_deep_ends)
{
    int count = TRV_GC_STRESS ? 1000 : 1000000; /* a collection for each is too much */
    trv_object *nest = trv_list_new();

    for (int i = 0; i < count; i++) {
        trv_object *outer = trv_tuple_new(&nest, 1);
        ck_assert_ptr_nonnull(outer);
        trv_unref(nest);
        nest = outer;
    }
    trv_unref(nest);
}

TEST(iteration)
{
    trv_auto trv_object *tuple = trv_build("(i i i)", 1, 2, 3), *list = trv_list_new();

    TRV_FOR(item, tuple)
        ck_assert_int_eq(trv_list_append(list, item), 0);
    expect_shown(list, "[1, 2, 3]");
}

TEST_LIST(RUN(making_and_printing), RUN(items_by_index), RUN(operators_and_methods),
          RUN(comparison), RUN(hashes), RUN(tuples_that_can_be_in_no_cycle_are_not_watched),
          RUN(a_cycle_through_a_tuple_is_collected), RUN(arguments_that_are_missing),
          RUN(a_nest_a_million_deep_ends), RUN(iteration))
