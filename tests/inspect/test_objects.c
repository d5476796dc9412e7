/* SPDX-License-Identifier: MIT */
/*
 * What the collector watches, and what refers to what: as gc.get_objects, get_referrers and
 * get_referents of Python.
 */
#include "object/expect.h"
#include "types/exhaust.h"

static size_t length_of(trv_object *list)
{
    size_t length = 0;

    ck_assert_int_eq(trv_list_len(list, &length), 0);
    return length;
}

/* How often a list holds that very object; the list is dropped. */
static size_t times_in(trv_object *list, trv_object *wanted)
{
    size_t times = 0;

    ck_assert_ptr_nonnull(list);
    for (size_t i = 0; i < length_of(list); i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        times += item == wanted;
    }
    trv_unref(list);
    return times;
}

TEST(objects_are_those_that_are_tracked)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *number = trv_float_new(1.5);
    trv_auto trv_object *all = trv_gc_objects(-1);

    ck_assert_uint_eq(times_in(trv_ref(all), list), 1);
    ck_assert_uint_eq(times_in(trv_ref(all), number), 0);
    ck_assert_uint_eq(times_in(trv_ref(all), all), 0);
    ck_assert_uint_eq(times_in(trv_gc_objects(-1), all), 1);
}

TEST(objects_grow_older)
{
    trv_auto trv_object *list = trv_list_new();

    trv_gc_disable();
    ck_assert_uint_eq(times_in(trv_gc_objects(0), list), 1);
    ck_assert_uint_eq(times_in(trv_gc_objects(2), list), 0);
    ck_assert_int_eq(trv_gc_collect(0, NULL), 0);
    ck_assert_uint_eq(times_in(trv_gc_objects(0), list), 0);
    ck_assert_uint_eq(times_in(trv_gc_objects(1), list), 1);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_uint_eq(times_in(trv_gc_objects(1), list), 0);
    ck_assert_uint_eq(times_in(trv_gc_objects(2), list), 1);
    ck_assert_uint_eq(times_in(trv_gc_objects(-1), list), 1);
    trv_gc_enable();
}

/* Larger than a block of a pool. */
TEST(large_objects_are_found)
{
    trv_object *items[200];
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *tuple = NULL;

    for (size_t i = 0; i < 200; i++)
        items[i] = list;
    tuple = trv_tuple_new(items, 200);
    ck_assert_uint_eq(times_in(trv_gc_objects(-1), tuple), 1);
    ck_assert_uint_eq(times_in(trv_gc_referrers(&list, 1), tuple), 1);
    ck_assert_uint_eq(times_in(trv_gc_referents(&tuple, 1), list), 200);
}

TEST(a_bad_generation_is_an_error)
{
    EXPECT_NULL(trv_gc_objects(3), trv_ValueError, "invalid generation: 3");
    EXPECT_NULL(trv_gc_objects(-2), trv_ValueError, "invalid generation: -2");
}

TEST(referrers_refer_to_one_of_the_objects)
{
    trv_auto trv_object *value = trv_str_new("a value that is no constant");
    trv_auto trv_object *other = trv_float_new(2.5);
    trv_auto trv_object *list = trv_build("[o o]", value, value);
    trv_auto trv_object *dict = trv_build("{s:o s:[]}", "key", other, "why it is watched");
    trv_auto trv_object *stranger = trv_build("[i]", 1);
    trv_object *both[] = {value, other};
    trv_auto trv_object *referrers = trv_gc_referrers(both, 2);

    ck_assert_uint_eq(length_of(referrers), 2);
    ck_assert_uint_eq(times_in(trv_ref(referrers), list), 1);
    ck_assert_uint_eq(times_in(trv_ref(referrers), dict), 1);
    ck_assert_uint_eq(times_in(trv_ref(referrers), stranger), 0);
    expect_repr(trv_gc_referrers(NULL, 0), "[]");
    EXPECT_NULL(trv_gc_referrers((trv_object *[]){NULL}, 1), trv_SystemError,
                "trv_gc_referrers was given NULL, and no exception is pending");
}

TEST(referents_are_what_objects_hold)
{
    trv_auto trv_object *list = trv_build("[i s]", 1, "two");
    trv_auto trv_object *dict = trv_build("{s:d}", "key", 2.5);
    trv_object *both[] = {list, dict};

    expect_repr(trv_gc_referents(both, 2), "[1, 'two', 'key', 2.5]");
    expect_repr(trv_gc_referents(both, 0), "[]");
    EXPECT_NULL(trv_gc_referents((trv_object *[]){NULL}, 1), trv_SystemError,
                "trv_gc_referents was given NULL, and no exception is pending");
}

TEST(memory_may_run_out)
{
    trv_auto trv_object *list = trv_build("[i s]", 1, "two");

    EXHAUST(trv_gc_objects(-1));
    EXHAUST(trv_gc_referrers(&list, 1));
    EXHAUST(trv_gc_referents(&list, 1));
}

TEST_LIST(RUN(objects_are_those_that_are_tracked), RUN(objects_grow_older),
          RUN(large_objects_are_found), RUN(a_bad_generation_is_an_error),
          RUN(referrers_refer_to_one_of_the_objects), RUN(referents_are_what_objects_hold),
          RUN(memory_may_run_out))
