/* SPDX-License-Identifier: MIT */
/*
 * range: what Python's range does, up to the ends of a machine word and beyond. More of it is in
 * tests/differential/table/range.cases.
 */
#include "types/container.h"
#include "types/exhaust.h"

static size_t length_of(trv_object *range)
{
    size_t length;

    ck_assert_int_eq(trv_len(range, &length), 0);
    return length;
}

static int contains(trv_object *range, int64_t value)
{
    trv_auto trv_object *item = trv_int_new(value);

    return trv_contains(range, item);
}

TEST(making_and_printing)
{
    expect_repr(trv_range_new(0, 10, 1), "range(0, 10)");
    expect_repr(trv_range_new(10, 0, -2), "range(10, 0, -2)");
    expect_repr(trv_call(trv_range_type, "i", 3), "range(0, 3)");
    expect_repr(trv_call(trv_range_type, "ii", 1, 3), "range(1, 3)");
    expect_repr(trv_call(trv_range_type, "iii", 1, 3, 2), "range(1, 3, 2)");
    EXPECT_NULL(trv_range_new(0, 1, 0), trv_ValueError, "range() arg 3 must not be zero");
    EXPECT_NULL(trv_call(trv_range_type, ""), trv_TypeError,
                "range expected at least 1 argument, got 0");
    EXPECT_NULL(trv_call(trv_range_type, "iiii", 1, 2, 3, 4), trv_TypeError,
                "range expected at most 3 arguments, got 4");
    EXPECT_NULL(trv_call(trv_range_type, "d", 1.0), trv_TypeError,
                "'float' object cannot be interpreted as an integer");
}

TEST(items)
{
    trv_auto trv_object *range = trv_range_new(10, 0, -3);
    trv_auto trv_object *first = trv_int_new(0), *last = trv_int_new(-1), *far = trv_int_new(4);
    trv_auto trv_object *before = trv_int_new(-5), *text = trv_str_new("x");

    ck_assert_uint_eq(length_of(range), 4);
    expect_repr(trv_list_from(range), "[10, 7, 4, 1]");
    expect_repr(trv_getitem(range, first), "10");
    expect_repr(trv_getitem(range, last), "1");
    EXPECT_NULL(trv_getitem(range, far), trv_IndexError, "range object index out of range");
    EXPECT_NULL(trv_getitem(range, before), trv_IndexError, "range object index out of range");
    EXPECT_NULL(trv_getitem(range, text), trv_TypeError,
                "range indices must be integers or slices, not str");
    expect_repr(method(range, "index", "i", 4), "2");
    expect_repr(method(range, "count", "i", 5), "0");
    EXPECT_NULL(method(range, "index", "i", 5), trv_ValueError, "5 is not in range");
    expect_repr(trv_getattr(range, "start"), "10");
    expect_repr(trv_getattr(range, "stop"), "0");
    expect_repr(trv_getattr(range, "step"), "-3");
}

/* Against the plain loop. */
TEST(small_ranges_of_all_kinds)
{
    for (int start = -6; start <= 6; start++)
        for (int stop = -6; stop <= 6; stop++)
            for (int step = -4; step <= 4; step++) {
                trv_auto trv_object *range = NULL;
                size_t count = 0;
                if (!step)
                    continue;
                range = trv_range_new(start, stop, step);
                for (int i = start; step > 0 ? i < stop : i > stop; i += step, count++) {
                    trv_auto trv_object *index = trv_int_new((int64_t)count);
                    trv_auto trv_object *item = trv_getitem(range, index);
                    int64_t value;
                    ck_assert_int_eq(trv_int_get(item, &value), 0);
                    ck_assert_int_eq(value, i);
                    ck_assert_int_eq(contains(range, i), 1);
                }
                ck_assert_uint_eq(length_of(range), count);
                for (int i = -20; i <= 20; i++)
                    if (step > 0 ? i < start || i >= stop : i > start || i <= stop)
                        ck_assert_int_eq(contains(range, i), 0);
                    else
                        ck_assert_int_eq(contains(range, i), (i - start) % step == 0);
            }
}

TEST(the_ends_of_a_machine_word)
{
    trv_auto trv_object *all = trv_range_new(INT64_MIN, INT64_MAX, 1);
    trv_auto trv_object *down = trv_range_new(INT64_MAX, INT64_MIN, INT64_MIN);
    trv_auto trv_object *steps = trv_range_new(INT64_MAX - 5, INT64_MAX, 4);
    trv_auto trv_object *last = trv_int_new(-1), *beyond = trv_int_parse("9223372036854775808", 10);
    size_t length;

    EXPECT_MINUS(trv_len(all, &length), trv_OverflowError,
                 "Python int too large to convert to C ssize_t");
    expect_repr(trv_getitem(all, last), "9223372036854775806");
    ck_assert_int_eq(contains(all, INT64_MAX), 0);
    ck_assert_int_eq(contains(all, INT64_MIN), 1);
    ck_assert_int_eq(trv_contains(all, beyond), 0);
    expect_repr(trv_list_from(down), "[9223372036854775807, -1]");
    expect_repr(trv_list_from(steps), "[9223372036854775802, 9223372036854775806]");
    expect_repr(trv_call(trv_range_type, "o", beyond), "range(0, 9223372036854775808)");
}

static trv_object *power_of_ten(int exponent)
{
    trv_auto trv_object *ten = trv_int_new(10), *power = trv_int_new(exponent);

    return trv_power(ten, power);
}

TEST(beyond_a_machine_word)
{
    trv_auto trv_object *end = power_of_ten(30), *step = power_of_ten(29);
    trv_auto trv_object *range = trv_call(trv_range_type, "ioo", 5, end, step);
    trv_auto trv_object *iterator = trv_iter(range), *item = NULL, *back = NULL;
    size_t count = 0, bytes;

    ck_assert_uint_eq(length_of(range), 10);
    TRV_FOR(each, range)
        count += trv_contains(range, each) == 1;
    ck_assert_uint_eq(count, 10);
    back = method(range, "__reversed__", "");
    ck_assert_int_eq(trv_next(back, &item), 1);
    expect_repr(trv_ref(item), "900000000000000000000000000005");
    ck_assert_int_eq(trv_total_size(range, &bytes), 0);
    ck_assert_uint_gt(bytes, trv_sizeof(range));
    ck_assert_int_eq(trv_truth(range), 1);
}

/* A walk that is dropped on its way, and ranges in containers that are collected. */
TEST(wide_ranges_end)
{
    trv_auto trv_object *end = power_of_ten(30), *item = NULL;
    trv_object *range = trv_call(trv_range_type, "o", end), *iterator = trv_iter(range);
    trv_object *list = trv_build("[o o]", range, iterator);
    size_t found;

    ck_assert_int_eq(trv_list_append(list, list), 0);
    trv_unref(range);
    ck_assert_int_eq(trv_next(iterator, &item), 1);
    trv_unref(iterator);
    trv_unref(list);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 1);
}

TEST(wide_ranges_without_memory)
{
    trv_auto trv_object *end = power_of_ten(30), *far = power_of_ten(29), *first = NULL;
    trv_auto trv_object *range = trv_call(trv_range_type, "o", end);
    trv_auto trv_object *slice = trv_slice_new(far, NULL, far), *iterator = trv_iter(range);

    EXHAUST(trv_call(trv_range_type, "oo", far, end));
    EXHAUST(trv_getitem(range, far));
    EXHAUST(trv_getitem(range, slice));
    EXHAUST(trv_repr(range));
    EXHAUST(trv_iter(range));
    EXHAUST(method(range, "index", "o", far));
    EXHAUST(method(range, "count", "o", far));
    EXHAUST(method(range, "__reversed__", ""));
    EXHAUST(method(slice, "indices", "o", end));
    EXHAUST(trv_next(iterator, &first) == 1 ? trv_steal(&first) : NULL);
}

TEST(other_things_than_ints_may_be_in_it)
{
    trv_auto trv_object *range = trv_range_new(0, 10, 3);
    trv_auto trv_object *three = trv_float_new(3), *half = trv_float_new(3.5);
    trv_auto trv_object *one = trv_bool_new(1), *no = trv_bool_new(0), *text = trv_str_new("3");

    ck_assert_int_eq(trv_contains(range, three), 1);
    ck_assert_int_eq(trv_contains(range, half), 0);
    ck_assert_int_eq(trv_contains(range, one), 0);
    ck_assert_int_eq(trv_contains(range, no), 1);
    ck_assert_int_eq(trv_contains(range, text), 0);
}

TEST(equality_and_hash)
{
    trv_auto trv_object *a = trv_range_new(0, 3, 2), *b = trv_range_new(0, 4, 2);
    trv_auto trv_object *c = trv_range_new(0, 1, 1), *d = trv_range_new(0, 9, 100);
    trv_auto trv_object *none = trv_range_new(5, 5, 1), *none_too = trv_range_new(9, 1, 7);
    trv_auto trv_object *list = trv_build("[i i]", 0, 2);
    int64_t x, y;

    ck_assert_int_eq(trv_equal(a, b), 1);
    ck_assert_int_eq(trv_equal(c, d), 1);
    ck_assert_int_eq(trv_equal(a, c), 0);
    ck_assert_int_eq(trv_compare(none, none_too, TRV_NOT_EQUAL), 0);
    ck_assert_int_eq(trv_equal(a, list), 0);
    ck_assert_int_eq(trv_hash(a, &x) | trv_hash(b, &y), 0);
    ck_assert_int_eq(x, y);
    ck_assert_int_eq(trv_hash(none, &x) | trv_hash(none_too, &y), 0);
    ck_assert_int_eq(x, y);
    EXPECT_MINUS(trv_compare(a, b, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'range' and 'range'");
}

TEST(truth)
{
    trv_auto trv_object *range = trv_range_new(0, 2, 1), *none = trv_range_new(2, 2, 1);

    ck_assert_int_eq(trv_truth(range), 1);
    ck_assert_int_eq(trv_truth(none), 0);
}

TEST(two_walks_at_once)
{
    trv_auto trv_object *range = trv_range_new(0, 3, 1), *list = trv_list_new();

    TRV_FOR(a, range)
        TRV_FOR(b, range) {
            trv_auto trv_object *pair = trv_tuple_new((trv_object *[]){a, b}, 2);
            ck_assert_int_eq(trv_list_append(list, pair), 0);
        }
    expect_repr(trv_list_get(list, 5), "(1, 2)");
    expect_repr(trv_list_get(list, -1), "(2, 2)");
}

TEST_LIST(RUN(making_and_printing), RUN(items), RUN(small_ranges_of_all_kinds),
          RUN(the_ends_of_a_machine_word), RUN(other_things_than_ints_may_be_in_it),
          RUN(equality_and_hash), RUN(truth), RUN(two_walks_at_once), RUN(beyond_a_machine_word),
          RUN(wide_ranges_end), RUN(wide_ranges_without_memory))
