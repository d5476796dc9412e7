/* SPDX-License-Identifier: MIT */
/*
 * slice, and the sequences that take one. Every small slice of every small sequence is compared with a
 * plain loop over slice.indices; what Python makes of random ones is in tests/differential.
 */
#include "types/container.h"
#include "types/exhaust.h"

/* A slice of three ints, of which NONE stands for None. */
#define NONE INT64_C(99)

static trv_object *part(int64_t value)
{
    return value == NONE ? trv_none_new() : trv_int_new(value);
}

static trv_object *slice_of(int64_t start, int64_t stop, int64_t step)
{
    trv_auto trv_object *a = part(start), *b = part(stop), *c = part(step);

    return trv_slice_new(a, b, c);
}

static trv_object *get(trv_object *sequence, int64_t start, int64_t stop, int64_t step)
{
    trv_auto trv_object *slice = slice_of(start, stop, step);

    return trv_getitem(sequence, slice);
}

static int set(trv_object *list, int64_t start, int64_t stop, int64_t step, trv_object *value)
{
    trv_auto trv_object *slice = slice_of(start, stop, step);

    return value ? trv_setitem(list, slice, value) : trv_delitem(list, slice);
}

TEST(making_and_printing)
{
    expect_repr(trv_slice_new(NULL, NULL, NULL), "slice(None, None, None)");
    expect_repr(slice_of(1, 2, NONE), "slice(1, 2, None)");
    expect_repr(trv_call(trv_slice_type, "i", 3), "slice(None, 3, None)");
    expect_repr(trv_call(trv_slice_type, "isi", 3, "x", 4), "slice(3, 'x', 4)");
    EXPECT_NULL(trv_call(trv_slice_type, ""), trv_TypeError,
                "slice expected at least 1 argument, got 0");
    EXPECT_NULL(trv_call(trv_slice_type, "iiii", 1, 2, 3, 4), trv_TypeError,
                "slice expected at most 3 arguments, got 4");
}

TEST(comparing)
{
    trv_auto trv_object *a = slice_of(1, 2, 3), *b = slice_of(1, 2, 3), *c = slice_of(1, 2, 4);
    int64_t hash;

    ck_assert_int_eq(trv_equal(a, b), 1);
    ck_assert_int_eq(trv_equal(a, c), 0);
    ck_assert_int_eq(trv_compare(a, c, TRV_LESS), 1);
    EXPECT_MINUS(trv_hash(a, &hash), trv_TypeError, "unhashable type: 'slice'");
}

TEST(parts_and_indices)
{
    trv_auto trv_object *slice = slice_of(-3, NONE, 2);

    expect_repr(trv_getattr(slice, "start"), "-3");
    expect_repr(trv_getattr(slice, "stop"), "None");
    expect_repr(trv_getattr(slice, "step"), "2");
    expect_repr(method(slice, "indices", "i", 10), "(7, 10, 2)");
    EXPECT_NULL(method(slice, "indices", "i", -1), trv_ValueError, "length should not be negative");
}

/* The items a plain loop picks, of "0123..." with so many characters. */
static void expect_picked(trv_object *got, int64_t start, int64_t stop, int64_t step, size_t length)
{
    trv_auto trv_object *text = got, *slice = slice_of(start, stop, step);
    int64_t from, to, by;
    char expected[16];
    size_t count = 0;

    ck_assert_int_eq(trv_slice_indices(slice, length, &from, &to, &by), 0);
    for (; by > 0 ? from < to : from > to; from += by)
        expected[count++] = (char)('0' + from);
    expected[count] = 0;
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), expected);
}

/* The characters of a list, tuple or bytes of digits; `got` is dropped. */
static trv_object *joined(trv_object *got)
{
    trv_auto trv_object *sequence = got, *empty = trv_str_new("");

    ck_assert_ptr_nonnull(sequence);
    if (trv_isinstance(sequence, trv_bytes_type))
        return method(sequence, "decode", "");
    return method(empty, "join", "o", sequence);
}

static void check_all_of(size_t length)
{
    static const int64_t edges[] = {NONE, -7, -5, -4, -1, 0, 1, 2, 4, 5, 7};
    static const int64_t steps[] = {NONE, -6, -2, -1, 1, 2, 3, 6};
    trv_auto trv_object *text = trv_str_new_sized("01234", length);
    trv_auto trv_object *bytes = trv_bytes_new("01234", length);
    trv_auto trv_object *list = trv_list_from(text), *tuple = trv_tuple_from(text);

    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        for (size_t j = 0; j < sizeof edges / sizeof *edges; j++)
            for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
                int64_t a = edges[i], b = edges[j], c = steps[k];
                expect_picked(get(text, a, b, c), a, b, c, length);
                expect_picked(joined(get(list, a, b, c)), a, b, c, length);
                expect_picked(joined(get(tuple, a, b, c)), a, b, c, length);
                expect_picked(joined(get(bytes, a, b, c)), a, b, c, length);
            }
}

TEST(every_small_slice)
{
    for (size_t length = 0; length <= 5; length++)
        check_all_of(length);
}

TEST(text_beyond_ascii)
{
    trv_auto trv_object *text = trv_str_new("aé漢😀z");

    expect_repr(get(text, 1, 4, NONE), "'é漢😀'");
    expect_repr(get(text, NONE, NONE, -1), "'z😀漢éa'");
    expect_repr(get(text, NONE, NONE, 2), "'a漢z'");
    expect_repr(get(text, -2, 0, -2), "'😀é'");
}

TEST(ranges)
{
    trv_auto trv_object *range = trv_range_new(10, 0, -2), *wide = trv_range_new(INT64_MIN, 0, 1);
    trv_auto trv_object *edge = trv_range_new(INT64_MAX - 5, INT64_MAX, 4);

    expect_repr(get(range, 1, 4, NONE), "range(8, 2, -2)");
    expect_repr(get(range, NONE, NONE, -1), "range(2, 12, 2)");
    expect_repr(get(range, 4, 1, NONE), "range(2, 8, -2)");
    expect_repr(get(wide, 1, 4, NONE), "range(-9223372036854775807, -9223372036854775804)");
    expect_repr(get(edge, NONE, NONE, NONE), "range(9223372036854775802, 9223372036854775810, 4)");
}

TEST(what_is_whole_is_not_copied)
{
    trv_auto trv_object *tuple = trv_build("(i i)", 1, 2), *text = trv_str_new("some text");
    trv_auto trv_object *same = get(tuple, NONE, NONE, NONE), *same_text = get(text, 0, 99, 1);

    ck_assert_ptr_eq(same, tuple);
    ck_assert_ptr_eq(same_text, text);
}

TEST(assignment)
{
    trv_auto trv_object *list = trv_build("[i i i i i]", 0, 1, 2, 3, 4);
    trv_auto trv_object *two = trv_build("(s s)", "a", "b"), *none = trv_none_new();

    ck_assert_int_eq(set(list, 1, 2, NONE, two), 0);
    expect_repr(trv_ref(list), "[0, 'a', 'b', 2, 3, 4]");
    ck_assert_int_eq(set(list, 4, 1, NONE, two), 0);
    expect_repr(trv_ref(list), "[0, 'a', 'b', 2, 'a', 'b', 3, 4]");
    ck_assert_int_eq(set(list, NONE, 3, -3, two), 0);
    expect_repr(trv_ref(list), "[0, 'a', 'b', 2, 'b', 'b', 3, 'a']");
    EXPECT_MINUS(set(list, NONE, NONE, 3, two), trv_ValueError,
                 "attempt to assign sequence of size 2 to extended slice of size 3");
    EXPECT_MINUS(set(list, 1, 2, NONE, none), trv_TypeError, "can only assign an iterable");
    EXPECT_MINUS(set(list, 1, 2, 2, none), trv_TypeError, "must assign iterable to extended slice");
    EXPECT_MINUS(set(list, 1, 2, 0, two), trv_ValueError, "slice step cannot be zero");
    ck_assert_int_eq(set(list, 1, 1, NONE, list), 0);
    expect_repr(trv_ref(list),
                "[0, 0, 'a', 'b', 2, 'b', 'b', 3, 'a', 'a', 'b', 2, 'b', 'b', 3, 'a']");
}

TEST(deletion)
{
    trv_auto trv_object *list = trv_build("[i i i i i i i]", 0, 1, 2, 3, 4, 5, 6);

    ck_assert_int_eq(set(list, 1, NONE, 3, NULL), 0);
    expect_repr(trv_ref(list), "[0, 2, 3, 5, 6]");
    ck_assert_int_eq(set(list, NONE, NONE, -2, NULL), 0);
    expect_repr(trv_ref(list), "[2, 5]");
    ck_assert_int_eq(set(list, 5, NONE, NONE, NULL), 0);
    expect_repr(trv_ref(list), "[2, 5]");
    ck_assert_int_eq(set(list, NONE, NONE, NONE, NULL), 0);
    expect_repr(trv_ref(list), "[]");
}

TEST(what_is_no_place)
{
    trv_auto trv_object *list = trv_build("[i]", 1), *text = trv_str_new("x");
    trv_auto trv_object *slice = trv_slice_new(text, NULL, NULL);

    EXPECT_NULL(trv_getitem(list, slice), trv_TypeError,
                "slice indices must be integers or None or have an __index__ method");
}

/* Code of a user that runs while its items are assigned, and empties the list. */
TRV_STATIC_FUNCTION(empty_it, "empty_it(list): two items; the list is empty then")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *number = trv_int_new(i), *sent = trv_yield(number);
        if (!sent || trv_list_clear(list) < 0)
            return NULL;
    }
    return trv_none_new();
}

TEST(the_list_may_change_meanwhile)
{
    trv_auto trv_object *list = trv_build("[i i i i i]", 5, 6, 7, 8, 9);
    trv_auto trv_object *items = trv_generator_new(empty_it, "o", list);

    ck_assert_int_eq(set(list, 2, 4, NONE, items), 0);
    expect_repr(trv_ref(list), "[0, 1]");
}

static trv_object *list_changed(void)
{
    trv_auto trv_object *list = trv_build("[i i i]", 1000, 2000, 3000);
    trv_auto trv_object *slice = list ? trv_slice_new(NULL, NULL, NULL) : NULL;
    trv_auto trv_object *half = slice ? trv_getitem(list, slice) : NULL;

    if (!half || trv_setitem(list, slice, half) < 0 || trv_delitem(list, slice) < 0)
        return NULL;
    return trv_getitem(half, slice);
}

TEST(exhaustion)
{
    EXHAUST(list_changed());
}

TEST_LIST(RUN(making_and_printing), RUN(comparing), RUN(parts_and_indices), RUN(every_small_slice),
          RUN(text_beyond_ascii), RUN(ranges), RUN(what_is_whole_is_not_copied), RUN(assignment),
          RUN(deletion), RUN(what_is_no_place), RUN(the_list_may_change_meanwhile), RUN(exhaustion))
