/* SPDX-License-Identifier: MIT */
/*
 * Methods bound to an object, and cells that closures share. What they give and say in Python is
 * compared in tests/differential/table/function.cases.
 */
#include "types/container.h"
#include "types/exhaust.h"

#include <trivet.h>

TRV_STATIC_FUNCTION(gather, "gather(*all): its arguments")
{
    return trv_tuple_new(args->items, args->count);
}

TRV_STATIC_FUNCTION(pair, "pair(self, x, y=): both")
{
    trv_object *self, *x, *y = NULL;

    if (trv_parse(args, "oo|o", &self, &x, &y) < 0)
        return NULL;
    return y ? trv_build("[ooo]", self, x, y) : trv_build("[oo]", self, x);
}

TEST(receiver_comes_first)
{
    trv_auto trv_object *receiver = trv_str_new("me"),
                        *keywords = trv_build("{s:i s:i}", "y", 2, "x", 1);
    trv_auto trv_object *bound = trv_method_new(pair, receiver);
    trv_auto trv_object *many = trv_method_new(gather, receiver);
    trv_auto trv_object *range = trv_range_new(0, 20, 1), *items = trv_tuple_from(range);
    trv_object *numbers[20];

    expect_repr(trv_call(bound, "i", 5), "['me', 5]");
    expect_repr(trv_call_array(bound, NULL, 0, keywords), "['me', 1, 2]");
    for (int i = 0; i < 20; i++) {
        numbers[i] = trv_tuple_get(items, i);
        trv_unref(numbers[i]); /* the tuple holds it */
    }
    expect_repr(trv_call_array(many, numbers, 20, NULL),
                "('me', 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)");
    EXHAUST(trv_call_array(many, numbers, 20, NULL));
    EXHAUST(trv_method_new(pair, receiver));
    EXHAUST(trv_repr(bound));
}

TEST(parts_and_attributes)
{
    trv_auto trv_object *receiver = trv_list_new();
    trv_auto trv_object *bound = trv_method_new(pair, receiver);
    trv_auto trv_object *function = trv_method_function(bound), *self = trv_method_self(bound);

    ck_assert_ptr_eq(function, pair);
    ck_assert_ptr_eq(self, receiver);
    expect_repr(trv_getattr(bound, "__name__"), "'pair'");
    expect_repr(trv_getattr(bound, "__class__"), "<class 'method'>");
    expect_repr(trv_repr(bound), "'<bound method pair of []>'");
    EXPECT_NULL(trv_getattr(bound, "nothing"), trv_AttributeError,
                "'function' object has no attribute 'nothing'");
    EXPECT_NULL(trv_method_new(receiver, receiver), trv_TypeError,
                "first argument must be callable");
    EXPECT_NULL(trv_method_self(receiver), trv_TypeError,
                "trv_method_self needs a method, not list");
}

/* What is in a cycle through a method is found; a method may be dropped by what it calls. */
TEST(cycles_and_suicide)
{
    trv_auto trv_object *holder = trv_list_new();
    trv_auto trv_object *bound = trv_method_new(gather, holder);
    trv_auto trv_object *clear = trv_getattr(holder, "clear");
    trv_object *mortal;
    size_t found;

    ck_assert_int_eq(trv_list_append(holder, bound), 0);
    trv_clear(&bound);
    trv_clear(&holder);
    trv_clear(&clear);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);

    holder = trv_list_new();
    clear = trv_getattr(holder, "clear");
    mortal = trv_method_new(gather, clear);
    ck_assert_int_eq(trv_list_append(holder, mortal), 0);
    trv_unref(mortal);
    EXPECT_NONE(trv_call(clear, ""));
    expect_shown(holder, "[]");
}

TEST(copies)
{
    trv_auto trv_object *receiver = trv_build("[[i]]", 1);
    trv_auto trv_object *bound = trv_method_new(gather, receiver);
    trv_auto trv_object *shallow = trv_copy(bound), *deep = trv_deepcopy(bound);
    trv_auto trv_object *self = trv_method_self(deep);

    ck_assert_ptr_eq(shallow, bound);
    ck_assert_ptr_ne(self, receiver);
    expect_shown(self, "[[1]]");
    EXHAUST(trv_deepcopy(bound));
}

/* A counter and its reader share a cell, as two inner functions share a variable in Python. */
static trv_object *count_up(const trv_args *args)
{
    trv_auto trv_object *one = trv_int_new(1), *value = trv_cell_get(args->self);
    trv_auto trv_object *next = trv_iadd(value, one);

    return next && trv_cell_set(args->self, next) == 0 ? trv_steal(&next) : NULL;
}

static trv_object *read_count(const trv_args *args)
{
    return trv_cell_get(args->self);
}

TEST(closures_share_a_cell)
{
    trv_auto trv_object *zero = trv_int_new(0), *cell = trv_cell_new(zero);
    trv_auto trv_object *counter = trv_function_new(count_up, "count_up()", cell);
    trv_auto trv_object *reader = trv_function_new(read_count, "read_count()", cell);

    expect_repr(trv_call(counter, ""), "1");
    expect_repr(trv_call(counter, ""), "2");
    expect_repr(trv_call(reader, ""), "2");
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
    EXPECT_NULL(trv_call(reader, ""), trv_ValueError, "Cell is empty");
    EXPECT_NULL(trv_cell_get(zero), trv_TypeError, "trv_cell_get needs a cell, not int");
    EXHAUST(trv_cell_new(zero));
    EXHAUST(trv_repr(cell));
}

TEST(a_cell_in_a_cycle_is_found)
{
    trv_auto trv_object *cell = trv_cell_new(NULL);
    trv_auto trv_object *function = trv_function_new(read_count, "read_count()", cell);
    size_t found;

    ck_assert_int_eq(trv_cell_set(cell, function), 0);
    trv_clear(&function);
    trv_clear(&cell);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

TEST_LIST(RUN(receiver_comes_first), RUN(parts_and_attributes), RUN(cycles_and_suicide),
          RUN(copies), RUN(closures_share_a_cell), RUN(a_cell_in_a_cycle_is_found))
