/* SPDX-License-Identifier: MIT */
/*
 * The built-in functions and lazy iterators from C: what they hold, when they ask, and what happens when code
 * of a user comes back to them. What they give is compared with Python's in
 * tests/differential/table/builtins.cases.
 */
#include "types/container.h"
#include "types/exhaust.h"

#include <trivet/builtins.h>
#include <trivet/generator.h>

/* Counts how often it is asked. */
static trv_object *count_calls(const trv_args *args)
{
    trv_auto trv_object *one = trv_int_new(1), *old = trv_cell_get(args->self);
    trv_auto trv_object *next = trv_add(old, one);

    return next && trv_cell_set(args->self, next) == 0 ? trv_ref(args->items[0]) : NULL;
}

TEST(nothing_is_asked_too_early)
{
    trv_auto trv_object *zero = trv_int_new(0), *cell = trv_cell_new(zero);
    trv_auto trv_object *function = trv_function_new(count_calls, "count(x)", cell);
    trv_auto trv_object *range = trv_range_new(0, 100, 1);
    trv_auto trv_object *mapped = trv_map_iter_new(function, &range, 1);
    trv_auto trv_object *numbered = trv_enumerate_new(mapped, 10);
    trv_auto trv_object *item = NULL;

    expect_repr(trv_cell_get(cell), "0");
    ck_assert_int_eq(trv_next(numbered, &item), 1);
    expect_shown(item, "(10, 0)");
    expect_repr(trv_cell_get(cell), "1");
}

TEST(answers)
{
    trv_auto trv_object *list = trv_build("[iiii]", 3, 1, 4, 1), *empty = trv_list_new();
    trv_auto trv_object *ten = trv_int_new(10), *iterator = trv_iter(empty);
    trv_auto trv_object *len = trv_builtin("len");

    expect_repr(trv_sorted(list, NULL, 1), "[4, 3, 1, 1]");
    expect_shown(list, "[3, 1, 4, 1]");
    expect_repr(trv_sum(list, NULL), "9");
    expect_repr(trv_sum(list, ten), "19");
    expect_repr(trv_min(list, NULL, NULL), "1");
    expect_repr(trv_max(list, NULL, NULL), "4");
    expect_repr(trv_max(empty, NULL, ten), "10");
    EXPECT_NULL(trv_min(empty, NULL, NULL), trv_ValueError, "min() arg is an empty sequence");
    ck_assert_int_eq(trv_any(list), 1);
    ck_assert_int_eq(trv_any(empty), 0);
    ck_assert_int_eq(trv_all(empty), 1);
    expect_repr(trv_next_or(iterator, ten), "10");
    ck_assert_ptr_null(trv_next_or(iterator, NULL));
    expect_error(trv_StopIteration, "");
    expect_repr(trv_call(len, "o", list), "4");
    expect_repr(trv_ref(len), "<built-in function len>");
    EXPECT_NULL(trv_builtin("nothing"), trv_NameError, "name 'nothing' is not defined");
}

/* An iterator whose item is made by asking the same iterator again ends without harm. */
static trv_object *ask_again(const trv_args *args)
{
    trv_auto trv_object *iterator = trv_cell_get(args->self), *item = NULL;
    int more = iterator ? trv_next(iterator, &item) : -1;

    return more < 0 ? NULL : more ? trv_steal(&item) : trv_none_new();
}

TEST(an_iterator_asked_from_within)
{
    trv_auto trv_object *cell = trv_cell_new(NULL), *range = trv_range_new(0, 3, 1);
    trv_auto trv_object *function = trv_function_new(ask_again, "again(x)", cell);
    trv_auto trv_object *mapped = trv_map_iter_new(function, &range, 1);

    ck_assert_int_eq(trv_cell_set(cell, mapped), 0);
    expect_repr(trv_list_from(mapped), "[None]");
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
}

TEST(cycles_are_found)
{
    trv_auto trv_object *list = trv_list_new(), *none = trv_none_new();
    trv_object *iterators[] = {trv_zip_new(&list, 1, 0), trv_enumerate_new(list, 0),
                               trv_filter_new(none, list), trv_reversed(list),
                               trv_map_iter_new(trv_list_type, &list, 1)};
    size_t found, count = sizeof iterators / sizeof *iterators;

    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(trv_list_append(list, iterators[i]), 0);
        trv_clear(&iterators[i]);
    }
    trv_clear(&list);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_ge(found, count + 1);
}

TEST(without_memory)
{
    trv_auto trv_object *range = trv_range_new(1000, 1010, 1), *text = trv_str_new("abc");
    trv_auto trv_object *zip = trv_builtin("zip"), *sorted = trv_builtin("sorted");
    trv_auto trv_object *enumerate = trv_builtin("enumerate"), *map = trv_builtin("map");
    trv_auto trv_object *str = trv_builtin("str"), *min = trv_builtin("min");

    EXHAUST(trv_call(zip, "oo", range, text));
    EXHAUST(trv_call(sorted, "o", range));
    EXHAUST(trv_call(enumerate, "oi", range, 5));
    EXHAUST(trv_call(map, "oo", str, range));
    EXHAUST(trv_call(min, "iii", 3000, 1000, 2000));
}

TEST(texts_without_memory)
{
    static const char *const names[] = {"ascii", "bin", "hex", "oct", "chr"};
    trv_auto trv_object *large = trv_int_parse("10000000000000000000000", 10);
    trv_auto trv_object *text = trv_str_new("gr\xc3\xbc\xc3\x9f"), *five = trv_int_new(5);
    trv_auto trv_object *fromkeys = trv_getattr(trv_dict_type, "fromkeys");

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        trv_auto trv_object *function = trv_builtin(names[i]);
        EXHAUST(trv_call(function, "i", 8364));
    }
    for (size_t i = 0; i < 4; i++) {
        trv_auto trv_object *function = trv_builtin(names[i]);
        EXHAUST(trv_call(function, "o", i ? large : text));
    }
    EXHAUST(trv_call(fromkeys, "oi", text, 5));
    EXHAUST(trv_divmod(large, five));
    EXHAUST(trv_call_method(five, "__pow__", "ii", 3, 7));
    EXHAUST(trv_call_method(large, "__float__", ""));
}

static trv_object *pickled(trv_object *object)
{
    trv_auto trv_object *pickle = trv_pickle_dumps(object);
    size_t size = 0;
    const void *data = pickle ? trv_bytes_data(pickle, &size) : NULL;

    return data ? trv_pickle_loads(data, size) : NULL;
}

/* What is left of an iterator is left of its copies, also of those made when there is no memory. */
TEST(copies_of_iterators)
{
    trv_auto trv_object *text = trv_str_new("gr\xc3\xbc\xc3\x9f"), *list = trv_list_from(text);
    trv_auto trv_object *octets = trv_bytes_new("abc", 3), *array = trv_bytearray_new("abc", 3);
    trv_auto trv_object *range = trv_range_new(1000, 5000, 1000), *tuple = trv_tuple_from(list);
    trv_auto trv_object *large = trv_int_parse("100000000000000000000", 10), *dict = trv_dict_new();
    trv_auto trv_object *set = trv_set_from(list), *builtin = trv_builtin("len");
    trv_object *sources[] = {text, list, octets, array, range, tuple, dict, set};
    size_t count = 0;

    ck_assert_int_eq(trv_dict_set(dict, text, list), 0);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        trv_auto trv_object *iterator = trv_iter(sources[i]), *copy = NULL, *rest = NULL;
        EXHAUST(trv_copy(iterator));
        EXHAUST(trv_deepcopy(iterator));
        EXHAUST(pickled(iterator));
        copy = pickled(iterator);
        rest = trv_list_from(copy);
        ck_assert_int_eq(trv_len(rest, &count), 0);
        ck_assert_uint_eq(count, sources[i] == dict                            ? 1
                                 : sources[i] == octets || sources[i] == array ? 3
                                                                               : 4);
    }
    {
        trv_auto trv_object *reversed = trv_reversed(list), *zip = trv_zip_new(sources, 4, 1);
        trv_auto trv_object *map = trv_map_iter_new(builtin, sources, 1);
        trv_auto trv_object *filter = trv_filter_new(NULL, text),
                            *until = trv_iter_until(builtin, text);
        trv_auto trv_object *enumerate = trv_enumerate_new(text, 1000);
        trv_object *iterators[] = {reversed, zip, map, filter, until, enumerate};
        trv_auto trv_object *steps = trv_call(trv_range_type, "ioi", 0, large, 7);
        trv_auto trv_object *step = trv_iter(steps);
        for (size_t i = 0; i < sizeof iterators / sizeof *iterators; i++) {
            EXHAUST(trv_copy(iterators[i]));
            EXHAUST(pickled(iterators[i]));
        }
        EXHAUST(pickled(step));
        EXHAUST(trv_call_method(step, "__setstate__", "o", large));
    }
}

TEST_LIST(RUN(nothing_is_asked_too_early), RUN(answers), RUN(an_iterator_asked_from_within),
          RUN(cycles_are_found), RUN(without_memory), RUN(texts_without_memory),
          RUN(copies_of_iterators))
