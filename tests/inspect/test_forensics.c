/* SPDX-License-Identifier: MIT */
/*
 * Reference forensics: what is noted down of watched objects, and what the report makes of it.
 */
#define TRV_FORENSICS
#include "object/expect.h"
#include "types/exhaust.h"

/* Whether the report has that text. */
static void expect_in_report(trv_object *object, const char *text)
{
    trv_auto trv_object *report = trv_forensics_report(object);

    ck_assert_ptr_nonnull(report);
    ck_assert_msg(strstr(trv_str_utf8(report, NULL), text) != NULL, "no \"%s\" in:\n%s", text,
                  trv_str_utf8(report, NULL));
}

static int line_of_leak;

static trv_object *take_and_forget(trv_object *list)
{
    line_of_leak = __LINE__ + 1;
    return trv_list_get(list, 0);
}

static void take_and_drop(trv_object *list)
{
    trv_auto trv_object *item = trv_list_get(list, 0);
    trv_object *again = trv_ref(item);

    trv_unref(again);
}

TEST(a_leak_is_found_with_its_line)
{
    trv_object *inner, *outer;
    char text[200];

    ck_assert_int_eq(trv_forensics_watch_type(trv_list_type), 0);
    inner = trv_list_new();
    outer = trv_build("[o]", inner);
    trv_clear(&inner);
    take_and_drop(outer);
    inner = take_and_forget(outer);
    ck_assert_int_eq(trv_forensics_balance(inner), 1);
    ck_assert_int_eq(trv_forensics_balance(outer), 1);
    expect_in_report(inner, "list of 0, a list: 2 references, 1 of them in the heap\n"
                            "    the program took 4 and gave back 3\n");
    snprintf(text, sizeof text,
             "    take_and_forget (test_forensics.c): 1 not given back\n"
             "      line %d: trv_list_get +1\n",
             line_of_leak);
    expect_in_report(inner, text);
    expect_in_report(inner, "    take_and_drop (test_forensics.c): even\n");
    expect_in_report(inner, "    held by list of 1: [0]\n");
    expect_in_report(NULL, "list of 1, a list: 1 references");
    trv_unref(inner);
    ck_assert_int_eq(trv_forensics_balance(inner), 0);
    trv_unref(outer);
    expect_in_report(NULL, "all watched objects that live are even\n");
    trv_forensics_stop();
    expect_in_report(NULL, "not watched\n");
}

TEST(one_object_can_be_watched)
{
    trv_object *number = trv_float_new(1.5), *other = trv_float_new(2.5);

    ck_assert_int_eq(trv_forensics_watch(number), 0);
    ck_assert_int_eq(trv_forensics_balance(number), 1);
    trv_ref(number);
    trv_ref(other);
    ck_assert_int_eq(trv_forensics_balance(number), 2);
    ck_assert_int_eq(trv_forensics_balance(other), 0);
    expect_in_report(other, "not watched\n");
    trv_unref(number);
    expect_in_report(number, "1.5, a float: 1 references, 0 of them in the heap\n"
                             "    the program took 2 and gave back 1\n");
    trv_unref(other);
    trv_unref(other);
    trv_unref(number);
}

TEST(another_object_at_the_same_address_begins_anew)
{
    trv_object *number, *keeper = trv_list_new();

    ck_assert_int_eq(trv_forensics_watch_type(trv_float_type), 0);
    number = trv_float_new(1.5);
    ck_assert_int_eq(trv_list_append(keeper, number), 0);
    trv_forensics_gave(number);
    (trv_unref)(number); /* not seen: somebody else drops it */
    ck_assert_int_eq(trv_forensics_balance(number), 0);
    trv_unref(keeper); /* it ends in the library */
    number = trv_float_new(2.5);
    ck_assert_int_eq(trv_forensics_balance(number), 1);
    trv_unref(number);
}

TRV_STATIC_FUNCTION(give_a_list, "give_a_list(): a new list, which is its caller's")
{
    return trv_list_new();
}

TEST(what_functions_return_and_what_comes_through_variables_is_noted)
{
    trv_object *list, *dict, *key = NULL, *value = NULL, *iterator;
    size_t position = 0;

    ck_assert_int_eq(trv_forensics_watch_type(trv_list_type), 0);
    list = trv_call(give_a_list, "");
    ck_assert_int_eq(trv_forensics_balance(list), 1);
    dict = trv_build("{s:o}", "k", list);
    ck_assert_int_eq(trv_dict_get_str(dict, "k", &value), 1);
    ck_assert_int_eq(trv_forensics_balance(list), 2);
    trv_clear(&value);
    ck_assert_int_eq(trv_dict_next(dict, &position, &key, &value), 1);
    ck_assert_int_eq(trv_forensics_balance(list), 2);
    trv_clear(&value);
    trv_clear(&key);
    key = trv_tuple_new(&list, 1);
    iterator = trv_iter(key);
    ck_assert_int_eq(trv_next(iterator, &value), 1);
    ck_assert_int_eq(trv_forensics_balance(list), 2);
    trv_clear(&value);
    TRV_FOR(item, key)
        break;
    ck_assert_int_eq(trv_forensics_balance(list), 1);
    expect_in_report(list, "    give_a_list (test_forensics.c): even\n");
    trv_unref(iterator);
    trv_unref(key);
    trv_unref(dict);
    trv_unref(list);
}

TEST(not_everything_can_be_watched)
{
    trv_auto trv_object *one = trv_int_new(1);

    EXPECT_MINUS(trv_forensics_watch(one), trv_RuntimeError,
                 "'int' object is immortal: its references are not counted");
    EXPECT_MINUS(trv_forensics_watch_type(one), trv_TypeError,
                 "trv_forensics_watch_type needs a type, not int");
    EXPECT_MINUS(trv_forensics_watch(NULL), trv_SystemError,
                 "trv_forensics_watch was given NULL, and no exception is pending");
}

static trv_object *watch_and_report(void)
{
    trv_object *list, *report;

    if (trv_forensics_watch_type(trv_list_type) < 0)
        return trv_forensics_stop(), NULL;
    list = trv_list_new();
    report = list && trv_forensics_watch(list) == 0 ? trv_forensics_report(list) : NULL;
    trv_unref(list);
    trv_forensics_stop();
    return report;
}

TEST(memory_may_run_out)
{
    EXHAUST(watch_and_report());
}

TEST_LIST(RUN(a_leak_is_found_with_its_line), RUN(one_object_can_be_watched),
          RUN(another_object_at_the_same_address_begins_anew),
          RUN(what_functions_return_and_what_comes_through_variables_is_noted),
          RUN(not_everything_can_be_watched), RUN(memory_may_run_out))
