/* SPDX-License-Identifier: MIT */
/*
 * What a stranger passes wrongly: NULL where a text or an argument should be, optional arguments
 * whose expression failed, objects that are no exceptions. Each is told; nothing crashes.
 */
#include "object/expect.h"

static const char not_there[] = " was given NULL, and no exception is pending";

static void expect_not_there(const char *function)
{
    char text[100];

    snprintf(text, sizeof text, "%s%s", function, not_there);
    expect_error(trv_SystemError, text);
}

TEST(texts_that_are_null)
{
    trv_auto trv_object *dict = trv_dict_new(), *value = NULL;

    ck_assert_ptr_null(trv_str_new(NULL));
    expect_not_there("trv_str_new");
    ck_assert_ptr_null(trv_str_new_sized(NULL, 3));
    expect_not_there("trv_str_new_sized");
    expect_repr(trv_str_new_sized(NULL, 0), "''");
    ck_assert_int_eq(trv_dict_get_str(dict, NULL, &value), -1);
    expect_not_there("trv_dict_get_str");
    ck_assert_int_eq(trv_dict_set_str(dict, NULL, dict), -1);
    expect_not_there("trv_str_new");
    ck_assert_ptr_null(trv_int_parse(NULL, 10));
    expect_not_there("trv_str_new");
    ck_assert_ptr_null(trv_float_parse(NULL));
    expect_not_there("trv_str_new");
}

TEST(null_among_the_arguments_of_a_type)
{
    trv_object *const nothing[] = {NULL};
    trv_object *types[] = {trv_list_type,  trv_tuple_type, trv_dict_type,  trv_set_type,
                           trv_str_type,   trv_bytes_type, trv_int_type,   trv_float_type,
                           trv_range_type, trv_type_type,  trv_ValueError, trv_bool_type};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        ck_assert_ptr_null(trv_call_array(types[i], nothing, 1, NULL));
        ck_assert_int_eq(trv_error_matches(trv_SystemError), 1);
        trv_error_clear();
    }
}

TEST(an_optional_argument_that_failed)
{
    trv_auto trv_object *list = trv_build("[ii]", 2, 1), *str = trv_str_new("a b");

    ck_assert_int_eq(trv_list_sort(list, trv_raise(trv_KeyError, "key"), 0), -1);
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    trv_error_clear();
    expect_repr(trv_ref(list), "[2, 1]");
    EXPECT_NULL(trv_str_split(str, trv_raise(trv_ValueError, "separator"), -1), trv_ValueError,
                "separator");
}

TEST(restoring_what_is_no_exception)
{
    trv_auto trv_object *list = trv_list_new();

    trv_error_restore(list);
    expect_error(trv_TypeError, "trv_error_restore needs an exception, not list");
    trv_error_restore(trv_ValueError);
    expect_error(trv_TypeError, "trv_error_restore needs an exception, not type");
}

TEST(the_collector_is_asked_about_null)
{
    ck_assert_int_eq(trv_gc_is_tracked(NULL), 0);
    ck_assert_int_eq(trv_gc_is_finalized(NULL), 0);
}

TEST_LIST(RUN(texts_that_are_null), RUN(null_among_the_arguments_of_a_type),
          RUN(an_optional_argument_that_failed), RUN(restoring_what_is_no_exception),
          RUN(the_collector_is_asked_about_null))
