/* SPDX-License-Identifier: MIT */
/*
 * What travels between a process pool and its workers: values of every type, arguments and results of any size, and
 * what need not travel because it was there before the pool.
 */
#include "pool_support.h"

/* Values ------------------------------------------------------------------------------------------ */

static void there_and_back(trv_object *pool, trv_object *value)
{
    trv_auto trv_object *back = NULL;
    trv_auto trv_object *expected_repr = NULL;
    trv_auto trv_object *repr = NULL;

    ck_assert_msg(value != NULL, "the value could not be made");
    back = run_in(pool, identity, value);
    if (!back)
        trv_error_print();
    ck_assert_msg(back != NULL, "%s did not come back", trv_type_name(value));
    expected_repr = trv_repr(value);
    repr = trv_repr(back);
    ck_assert_str_eq(trv_str_utf8(repr, NULL), trv_str_utf8(expected_repr, NULL));
    ck_assert_ptr_eq(trv_type_of(back), trv_type_of(value));
    trv_unref(value);
}

TEST(every_type_travels)
{
    trv_object *pool = new_pool(1, 0);
    trv_object *set = trv_set_new(), *item = trv_str_new("only");
    trv_object *big = trv_int_new(10), *exponent = trv_int_new(50);

    ck_assert_int_eq(trv_set_add(set, item), 0);
    there_and_back(pool, trv_none_new());
    there_and_back(pool, trv_bool_new(1));
    there_and_back(pool, trv_int_new(-7));
    there_and_back(pool, trv_int_new(INT64_MIN));
    there_and_back(pool, trv_power(big, exponent));
    there_and_back(pool, trv_float_new(0.1));
    there_and_back(pool, trv_str_new("pl\xc3\xa4te"));
    there_and_back(pool, trv_bytes_new("a\0b", 3));
    there_and_back(pool, trv_build("(i (s n) [])", 1, "two"));
    there_and_back(pool, trv_build("{s: [i i], s: {s: d}}", "list", 1, 2, "dict", "pi", 3.14));
    there_and_back(pool, trv_range_new(3, 30, 4));
    there_and_back(pool, set);
    there_and_back(pool, trv_ref(trv_ValueError));
    there_and_back(pool, trv_ref(square));
    trv_unref(item);
    trv_unref(big);
    trv_unref(exponent);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(set_first, "set_first(lists): changes the one, looks at the other")
{
    trv_auto trv_object *one = trv_getitem(args->items[0], trv_int_new(0));
    trv_auto trv_object *other = trv_getitem(args->items[0], trv_int_new(1));

    if (!one || !other || trv_list_append(one, one) < 0)
        return NULL;
    return trv_bool_new(trv_is(one, other));
}

/* What is shared before is shared afterwards, and what holds itself still does. */
TEST(shapes_are_kept)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *pair = trv_build("[o o]", list, list);
    trv_auto trv_object *shared = run_in(pool, set_first, pair);
    trv_auto trv_object *back = NULL;
    trv_auto trv_object *first = NULL;

    ck_assert_int_eq(trv_truth(shared), 1);
    ck_assert_int_eq(trv_list_append(list, list), 0);
    back = run_in(pool, identity, list);
    ck_assert_ptr_nonnull(back);
    first = trv_list_get(back, 0);
    ck_assert(trv_is(first, back));
    ck_assert_int_eq(trv_list_clear(list), 0);
    ck_assert_int_eq(trv_list_clear(back), 0);
    end_pool(&pool);
}

static trv_object *make_nested(int depth)
{
    trv_object *list = trv_build("[i]", depth);

    for (int i = 0; i < depth; i++) {
        trv_object *outer = trv_build("[o]", list);
        trv_unref(list);
        list = outer;
    }
    return list;
}

TEST(deep_structures_travel)
{
    trv_object *pool = new_pool(1, 0);

    there_and_back(pool, make_nested(200));
    end_pool(&pool);
}

static trv_object *add_data(const trv_args *args)
{
    return trv_add(args->self, args->items[0]);
}

TEST(closures_travel_with_their_data)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *data = trv_int_new(40);
    trv_auto trv_object *closure = trv_function_new(add_data, "add_data(n)", data);

    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, closure, "i", 2))), 42);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(join, "join(first, second=): what it was given")
{
    trv_auto trv_object *none = trv_none_new();

    return trv_build("(o o)", args->items[0], args->items[1] ? args->items[1] : none);
}

/* Instances of classes that were there when the pool was made, which the two sides know without a name. */
TEST(instances_travel)
{
    trv_auto trv_object *class = trv_class_new("Box", NULL, NULL), *box = trv_call(class, "");
    trv_auto trv_object *pool = trv_process_pool_new(NULL),
                        *later = trv_class_new("Later", NULL, NULL);
    trv_auto trv_object *list = trv_build("[io]", 5, box), *future = NULL, *result = NULL;
    trv_auto trv_object *value = NULL, *of_later = trv_call(later, "");

    ck_assert_int_eq(trv_setattr(box, "list", list), 0);
    future = trv_submit(pool, identity, "o", box);
    result = trv_future_result(future, TRV_FOREVER);
    ck_assert_int_eq(trv_isinstance(result, class), 1);
    ck_assert_ptr_ne(result, box);
    value = trv_getattr(result, "list");
    ck_assert_ptr_eq(trv_list_get(value, 1), result);
    trv_unref(result); /* of trv_list_get */
    ck_assert_int_eq(trv_delattr(result, "list"), 0);
    ck_assert_int_eq(trv_delattr(box, "list"), 0);
    trv_unref(future);
    future = trv_submit(pool, identity, "o", of_later);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    ck_assert_int_eq(trv_error_matches(trv_UnpicklingError), 1);
    trv_error_clear();
}

TEST(keywords_travel)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *keywords = trv_build("{s: i}", "second", 2);
    trv_auto trv_object *result = outcome_of(trv_submit_array(pool, join, &one, 1, keywords));
    trv_auto trv_object *repr = trv_repr(result);

    ck_assert_str_eq(trv_str_utf8(repr, NULL), "(1, 2)");
    end_pool(&pool);
}

TEST(large_bytes_flow_through_small_rings)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 1, .ring_bytes = 4096};
    trv_object *pool = trv_process_pool_new(&options);

    ck_assert_ptr_nonnull(pool);
    for (size_t size = 1; size < 3000000; size = size * 7 + 1) {
        trv_auto trv_object *bytes = trv_bytes_new(NULL, size);
        trv_auto trv_object *back = run_in(pool, identity, bytes);
        trv_auto trv_object *list = trv_build("[o i o o]", bytes, 1, bytes, bytes);
        trv_auto trv_object *list_back = run_in(pool, identity, list);
        ck_assert_int_eq(trv_equal(back, bytes), 1);
        ck_assert_int_eq(trv_equal(list_back, list), 1);
    }
    end_pool(&pool);
}

TEST(sixty_four_megabytes_travel)
{
    size_t size = (size_t)(TRV_TINY || TRV_VALGRIND ? 1 : 64) << 20, length = 0;
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *bytes = trv_bytes_new(NULL, size);
    trv_auto trv_object *back = NULL;
    unsigned char *content;

    content = (unsigned char *)(uintptr_t)trv_bytes_data(bytes, NULL);
    for (size_t i = 0; i < size; i += 997)
        content[i] = (unsigned char)(i >> 3);
    back = run_in(pool, identity, bytes);
    ck_assert_ptr_nonnull(trv_bytes_data(back, &length));
    ck_assert_uint_eq(length, size);
    ck_assert_int_eq(trv_equal(back, bytes), 1);
    end_pool(&pool);
}

/* A long str is part of the pickle itself. */
TEST(a_long_pickle_travels)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *list = trv_list_new();

    for (int i = 0; i < (TRV_TINY ? 1000 : 200000); i++) {
        trv_auto trv_object *item = trv_int_new(i * 1000);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    {
        trv_auto trv_object *back = run_in(pool, identity, list);
        ck_assert_int_eq(trv_equal(back, list), 1);
    }
    end_pool(&pool);
}

/* Inheriting ----------------------------------------------------------------------------------------------- */

TEST(inherited_objects_are_there_without_a_copy)
{
    trv_auto trv_object *table = trv_build("{s: i, s: [i i]}", "a", 1, "b", 2, 3);
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *token = trv_inherit(table);
    trv_auto trv_object *back = run_in(pool, identity, token);

    ck_assert_int_eq(trv_equal(back, table), 1);
    end_pool(&pool);
}

/* Its address means nothing in the worker, or something else. */
TEST(what_came_later_cannot_be_inherited)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *bytes = trv_bytes_new(NULL, 3000);
    trv_auto trv_object *token = trv_inherit(bytes);
    trv_object *back = run_in(pool, identity, token);

    ck_assert_ptr_null(back);
    crew_expect_error(trv_UnpicklingError);
    end_pool(&pool);
}

TEST_LIST(RUN(every_type_travels), RUN(shapes_are_kept), RUN(deep_structures_travel),
          RUN(closures_travel_with_their_data), RUN(instances_travel), RUN(keywords_travel),
          RUN(large_bytes_flow_through_small_rings), RUN(sixty_four_megabytes_travel),
          RUN(a_long_pickle_travels), RUN(inherited_objects_are_there_without_a_copy),
          RUN(what_came_later_cannot_be_inherited))
