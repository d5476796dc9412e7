/* SPDX-License-Identifier: MIT */
/*
 * list: what Python's list does, with the same errors; agreement with a plain array over many
 * random steps; sorting; and lists that are changed by the code they call.
 */
#include "types/container.h"
#include "types/exhaust.h"

static trv_object *list_of(const int *numbers, size_t count)
{
    trv_object *list = trv_list_new();

    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_int_new(numbers[i]);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    return list;
}

/* Whether the list holds these ints. */
static void expect_items(trv_object *list, const int *numbers, size_t count)
{
    size_t length;

    ck_assert_int_eq(trv_list_len(list, &length), 0);
    ck_assert_uint_eq(length, count);
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        int64_t value;
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        ck_assert_int_eq(value, numbers[i]);
    }
}

TEST(making_and_printing)
{
    trv_auto trv_object *list = trv_build("[i s d n [] (i)]", 1, "two", 3.5, 4);
    trv_auto trv_object *range = trv_range_new(0, 4, 1);
    trv_auto trv_object *numbers = trv_build("(i i)", 1, 2);

    expect_repr(trv_list_new(), "[]");
    expect_shown(list, "[1, 'two', 3.5, None, [], (4,)]");
    expect_repr(trv_list_from(range), "[0, 1, 2, 3]");
    expect_repr(trv_list_from(numbers), "[1, 2]");
    expect_repr(trv_call(trv_list_type, "o", range), "[0, 1, 2, 3]");
    expect_repr(trv_call(trv_list_type, ""), "[]");
    EXPECT_NULL(trv_call(trv_list_type, "ii", 1, 2), trv_TypeError,
                "list expected at most 1 argument, got 2");
    EXPECT_NULL(trv_call(trv_list_type, "i", 1), trv_TypeError, "'int' object is not iterable");
}

TEST(items_by_index)
{
    trv_auto trv_object *list = trv_build("[i i i]", 1, 2, 3);
    trv_auto trv_object *one = trv_int_new(1), *minus = trv_int_new(-3), *far = trv_int_new(3);
    trv_auto trv_object *text = trv_str_new("x"), *no = trv_bool_new(0);

    expect_repr(trv_list_get(list, -1), "3");
    expect_repr(trv_getitem(list, one), "2");
    expect_repr(trv_getitem(list, minus), "1");
    expect_repr(trv_getitem(list, no), "1");
    EXPECT_NULL(trv_getitem(list, far), trv_IndexError, "list index out of range");
    EXPECT_NULL(trv_list_get(list, -4), trv_IndexError, "list index out of range");
    EXPECT_NULL(trv_getitem(list, text), trv_TypeError,
                "list indices must be integers or slices, not str");
    EXPECT_MINUS(trv_setitem(list, far, one), trv_IndexError, "list assignment index out of range");
    EXPECT_MINUS(trv_list_set(list, -4, one), trv_IndexError, "list assignment index out of range");
    EXPECT_MINUS(trv_delitem(list, far), trv_IndexError, "list assignment index out of range");
    ck_assert_int_eq(trv_setitem(list, minus, text), 0);
    ck_assert_int_eq(trv_list_set(list, -1, no), 0);
    expect_shown(list, "['x', 2, False]");
    ck_assert_int_eq(trv_delitem(list, one), 0);
    expect_shown(list, "['x', False]");
}

TEST(methods)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *more = trv_build("(i i i)", 3, 1, 2);

    EXPECT_NONE(method(list, "append", "i", 5));
    EXPECT_NONE(method(list, "extend", "o", more));
    EXPECT_NONE(method(list, "extend", "o", list));
    expect_shown(list, "[5, 3, 1, 2, 5, 3, 1, 2]");
    EXPECT_NONE(method(list, "insert", "ii", -100, 0));
    EXPECT_NONE(method(list, "insert", "ii", 100, 9));
    EXPECT_NONE(method(list, "insert", "ii", -1, 8));
    expect_shown(list, "[0, 5, 3, 1, 2, 5, 3, 1, 2, 8, 9]");
    expect_repr(method(list, "pop", ""), "9");
    expect_repr(method(list, "pop", "i", 0), "0");
    expect_repr(method(list, "pop", "i", -2), "2");
    EXPECT_NULL(method(list, "pop", "i", 8), trv_IndexError, "pop index out of range");
    EXPECT_NONE(method(list, "remove", "d", 1.0));
    EXPECT_NULL(method(list, "remove", "i", 7), trv_ValueError, "list.remove(x): x not in list");
    expect_shown(list, "[5, 3, 2, 5, 3, 1, 8]");
    expect_repr(method(list, "index", "i", 5), "0");
    expect_repr(method(list, "index", "ii", 5, 1), "3");
    expect_repr(method(list, "index", "iii", 5, -4, 100), "3");
    EXPECT_NULL(method(list, "index", "iii", 5, 1, 3), trv_ValueError, "5 is not in list");
    EXPECT_NULL(method(list, "index", "s", "x"), trv_ValueError, "'x' is not in list");
    expect_repr(method(list, "count", "i", 3), "2");
    EXPECT_NONE(method(list, "reverse", ""));
    expect_repr(method(list, "copy", ""), "[8, 1, 3, 5, 2, 3, 5]");
    EXPECT_NONE(method(list, "sort", ""));
    expect_shown(list, "[1, 2, 3, 3, 5, 5, 8]");
    EXPECT_NONE(method(list, "clear", ""));
    expect_shown(list, "[]");
    EXPECT_NULL(method(list, "pop", ""), trv_IndexError, "pop from empty list");
}

TEST(operators)
{
    trv_auto trv_object *a = trv_build("[i i]", 1, 2), *b = trv_build("[i]", 3);
    trv_auto trv_object *two = trv_int_new(2), *minus = trv_int_new(-1), *half = trv_float_new(.5);
    trv_auto trv_object *tuple = trv_build("(i)", 3), *huge = trv_int_new(INT64_MAX / 4);

    expect_repr(trv_add(a, b), "[1, 2, 3]");
    expect_repr(trv_add(a, a), "[1, 2, 1, 2]");
    expect_repr(trv_multiply(a, two), "[1, 2, 1, 2]");
    expect_repr(trv_multiply(two, a), "[1, 2, 1, 2]");
    expect_repr(trv_multiply(a, minus), "[]");
    EXPECT_NULL(trv_add(a, tuple), trv_TypeError,
                "can only concatenate list (not \"tuple\") to list");
    ck_assert_ptr_null(trv_multiply(a, half));
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv_multiply(a, huge));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_int_eq(trv_contains(a, two), 1);
    ck_assert_int_eq(trv_contains(b, two), 0);
    ck_assert_int_eq(trv_truth(a), 1);
}

TEST(comparison)
{
    trv_auto trv_object *a = trv_build("[i i]", 1, 2), *b = trv_build("[i i i]", 1, 2, 0);
    trv_auto trv_object *c = trv_build("[i i]", 1, 3), *same = trv_build("[d b]", 1.0, 2);
    trv_auto trv_object *text = trv_build("[s]", "x"), *tuple = trv_build("(i i)", 1, 2);
    trv_auto trv_object *nan = trv_build("d", 0.0 / 0.0), *of_nan = trv_build("[o]", nan);
    int64_t hash;

    (void)same;
    ck_assert_int_eq(trv_compare(a, b, TRV_LESS), 1);
    ck_assert_int_eq(trv_compare(b, c, TRV_LESS), 1);
    ck_assert_int_eq(trv_compare(c, b, TRV_GREATER_EQUAL), 1);
    ck_assert_int_eq(trv_compare(a, a, TRV_LESS_EQUAL), 1);
    ck_assert_int_eq(trv_equal(a, b), 0);
    ck_assert_int_eq(trv_compare(a, c, TRV_NOT_EQUAL), 1);
    ck_assert_int_eq(trv_equal(a, tuple), 0);
    ck_assert_int_eq(trv_equal(of_nan, of_nan), 1);
    EXPECT_MINUS(trv_compare(a, text, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'int' and 'str'");
    EXPECT_MINUS(trv_compare(a, tuple, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'list' and 'tuple'");
    EXPECT_MINUS(trv_hash(a, &hash), trv_TypeError, "unhashable type: 'list'");
}

TEST(a_list_inside_itself)
{
    trv_auto trv_object *list = trv_build("[i]", 1), *other = trv_build("[i]", 1);

    ck_assert_int_eq(trv_list_append(list, list), 0);
    ck_assert_int_eq(trv_list_append(other, other), 0);
    expect_shown(list, "[1, [...]]");
    ck_assert_int_eq(trv_equal(list, list), 1);
    EXPECT_MINUS(trv_equal(list, other), trv_RecursionError,
                 "maximum recursion depth exceeded in comparison");
    ck_assert_int_eq(trv_gc_is_tracked(list), 1);
}

TEST(iteration_sees_what_is_appended)
{
    trv_auto trv_object *list = trv_build("[i i]", 1, 2);
    int rounds = 0;

    TRV_FOR(item, list)
        if (++rounds < 10)
            ck_assert_int_eq(trv_list_append(list, item), 0);
    ck_assert_int_eq(rounds, 11);
}

TEST(an_iterator_at_its_end_stays_there)
{
    trv_auto trv_object *list = trv_build("[i]", 1);
    trv_auto trv_object *iterator = trv_iter(list), *one = trv_int_new(1);
    trv_object *item;

    ck_assert_int_eq(trv_next(iterator, &item), 1);
    ck_assert_int_eq(trv_next(iterator, &item), 0);
    ck_assert_int_eq(trv_list_append(list, one), 0);
    ck_assert_int_eq(trv_next(iterator, &item), 0);
    ck_assert_ptr_null(item);
    ck_assert_str_eq(trv_type_name(iterator), "list_iterator");
}

TEST(arguments_that_are_wrong_or_missing)
{
    trv_auto trv_object *list = trv_list_new(), *tuple = trv_build("()");
    size_t length;

    ck_assert_int_eq(trv_list_append(tuple, list), -1);
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
    ck_assert_int_eq(trv_list_len(tuple, &length), -1);
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    ck_assert_int_eq(trv_list_append(list, trv_list_get(list, 0)), -1);
    expect_error(trv_IndexError, "list index out of range");
    ck_assert_int_eq(trv_list_len(list, &length), 0);
    ck_assert_uint_eq(length, 0);
}

enum { MODEL_MOST = 3000 };

static void random_step(trv_object *list, int *model, size_t *count, uint64_t *state)
{
    uint32_t what = next_random(state) % 100;
    int number = (int)(next_random(state) % 100000);
    size_t where = *count ? next_random(state) % *count : 0;
    trv_auto trv_object *item = trv_int_new(number);
    trv_auto trv_object *old = NULL;

    if (what < 40 && *count < MODEL_MOST) {
        ck_assert_int_eq(trv_list_append(list, item), 0);
        model[(*count)++] = number;
    } else if (what < 55 && *count < MODEL_MOST) {
        ck_assert_int_eq(trv_list_insert(list, (int64_t)where, item), 0);
        memmove(model + where + 1, model + where, (*count - where) * sizeof *model);
        model[where] = number;
        ++*count;
    } else if (what < 75 && *count) {
        int64_t value;
        old = trv_list_pop(list, (int64_t)where - (int64_t)*count);
        ck_assert_int_eq(trv_int_get(old, &value), 0);
        ck_assert_int_eq(value, model[where]);
        memmove(model + where, model + where + 1, (*count - where - 1) * sizeof *model);
        --*count;
    } else if (what < 98 && *count) {
        ck_assert_int_eq(trv_list_set(list, (int64_t)where, item), 0);
        model[where] = number;
    } else if (what == 98 && number % 100 == 0) {
        ck_assert_int_eq(trv_list_clear(list), 0);
        *count = 0;
    } else {
        ck_assert_int_eq(trv_list_reverse(list), 0);
        for (size_t i = 0, j = *count; i + 1 < j; i++) {
            int kept = model[i];
            model[i] = model[--j];
            model[j] = kept;
        }
    }
}

TEST(as_a_plain_array_over_random_steps)
{
    static int model[MODEL_MOST];
    trv_auto trv_object *list = trv_list_new();
    uint64_t state = 88172645463325252u;
    size_t count = 0;

    for (int step = 0; step < 300000; step++) {
        random_step(list, model, &count, &state);
        if (step % 5000 == 0)
            expect_items(list, model, count);
    }
    expect_items(list, model, count);
}

/* Sorting ------------------------------------------------------------------------------------- */

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

/* Numbers in a shape that a merge sort can stumble over. */
static void shape(int *numbers, size_t count, int which, uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        int n = (int)i;
        const int shapes[] = {
            (int)(next_random(state) % 1000000),
            n,
            -n,
            n % 7,
            n < (int)count / 2 ? n : (int)count - n,
            next_random(state) % 50 ? n : (int)(next_random(state) % count),
            n % 100 < 50 ? n % 100 : 100 - n % 100,
            5,
        };
        numbers[i] = shapes[which];
    }
}

TEST(sorting_ints_of_all_shapes_and_sizes)
{
    static int numbers[5000];
    uint64_t state = 4711;

    for (size_t count = 0; count < 5000; count = count < 70 ? count + 1 : count * 5 / 3)
        for (int which = 0; which < 8; which++) {
            trv_auto trv_object *list = NULL;
            shape(numbers, count, which, &state);
            list = list_of(numbers, count);
            ck_assert_int_eq(trv_list_sort(list, NULL, 0), 0);
            qsort(numbers, count, sizeof *numbers, compare_ints);
            expect_items(list, numbers, count);
        }
}

TRV_STATIC_FUNCTION(tens, "tens(n): n // 10")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(n / 10);
}

/* A stable sort leaves n % 10, the order of making, rising within each n / 10. */
TEST(sorting_by_a_key_is_stable)
{
    static int numbers[4000];
    uint64_t state = 99;
    int next[400] = {0};

    for (int reverse = 0; reverse < 2; reverse++) {
        trv_auto trv_object *list = NULL;
        int64_t before = -1;
        memset(next, 0, sizeof next);
        for (size_t i = 0; i < 4000; i++) {
            int group = (int)(next_random(&state) % 400);
            while (next[group] == 10)
                group = (group + 1) % 400;
            numbers[i] = group * 10 + next[group]++;
        }
        list = list_of(numbers, 4000);
        ck_assert_int_eq(trv_list_sort(list, tens, reverse), 0);
        for (int i = 0; i < 4000; i++) {
            trv_auto trv_object *item = trv_list_get(list, i);
            int64_t value;
            ck_assert_int_eq(trv_int_get(item, &value), 0);
            if (!reverse || i % 10)
                ck_assert_int_eq(value, before + 1);
            else
                ck_assert_int_eq(value, 3990 - i);
            before = value;
        }
    }
}

TEST(sorting_strs_floats_and_mixtures)
{
    trv_auto trv_object *strs = trv_build("[s s s s s]", "b", "\xc3\xa4", "", "a", "ab");
    trv_auto trv_object *floats = trv_build("[d d d]", 2.5, -1.0, 0.5);
    trv_auto trv_object *mixed = trv_build("[d i b i]", 2.5, 7, 1, -3);
    trv_auto trv_object *bad = trv_build("[i i s i]", 2, 1, "x", 0);
    trv_auto trv_object *tuples = trv_build("[(i s)(i s)(i s)]", 2, "b", 1, "z", 2, "a");

    ck_assert_int_eq(trv_list_sort(strs, NULL, 0), 0);
    expect_shown(strs, "['', 'a', 'ab', 'b', '\xc3\xa4']");
    ck_assert_int_eq(trv_list_sort(floats, NULL, 1), 0);
    expect_shown(floats, "[2.5, 0.5, -1.0]");
    ck_assert_int_eq(trv_list_sort(mixed, NULL, 0), 0);
    expect_shown(mixed, "[-3, True, 2.5, 7]");
    ck_assert_int_eq(trv_list_sort(tuples, NULL, 0), 0);
    expect_shown(tuples, "[(1, 'z'), (2, 'a'), (2, 'b')]");
    EXPECT_MINUS(trv_list_sort(bad, NULL, 0), trv_TypeError,
                 "'<' not supported between instances of 'str' and 'int'");
    expect_repr(method(bad, "count", "s", "x"), "1");
}

TRV_STATIC_FUNCTION(reciprocal, "reciprocal(n): 1 / n")
{
    trv_auto trv_object *one = trv_int_new(1);

    return trv_divide(one, args->items[0]);
}

TEST(a_key_function_that_fails)
{
    trv_auto trv_object *list = trv_build("[i i i]", 2, 0, 1);

    ck_assert_int_eq(trv_list_sort(list, reciprocal, 0), -1);
    ck_assert_int_eq(trv_error_matches(trv_ZeroDivisionError), 1);
    trv_error_clear();
    expect_shown(list, "[2, 0, 1]");
}

static trv_object *victim;
static int calls, fail_at;

static int append_to_victim(void)
{
    trv_auto trv_object *item = trv_int_new(1000 + calls++);

    return trv_list_append(victim, item);
}

static int clear_victim(void)
{
    return ++calls == fail_at ? trv_list_clear(victim) : 0;
}

static int fail_in_time(void)
{
    return ++calls == fail_at ? trv_raise_int(trv_RuntimeError, "enough") : 0;
}

static trv_object *evil_list(int count)
{
    trv_object *list = trv_list_new();

    for (int i = 0; i < count; i++) {
        trv_auto trv_object *item = evil_new(i * 7 % count, 1);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    return list;
}

TEST(changing_a_list_while_it_is_sorted)
{
    evil_begin();
    victim = evil_list(100);
    calls = 0;
    evil_hook = append_to_victim;
    EXPECT_MINUS(trv_list_sort(victim, NULL, 0), trv_ValueError, "list modified during sort");
    evil_hook = NULL;
    ck_assert_int_eq(trv_list_sort(victim, NULL, 0), 0);
    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *item = trv_list_get(victim, i);
        ck_assert_int_eq(((evil_data *)trv_data(item, evil_type))->number, i);
    }
    trv_clear(&victim);
    evil_end();
}

/* Whichever comparison fails, no item is lost and none is there twice. */
TEST(comparisons_that_fail_while_sorting)
{
    evil_begin();
    for (fail_at = 1; fail_at < 700; fail_at += fail_at < 150 ? 1 : 13) {
        char seen[100] = {0};
        trv_auto trv_object *list = evil_list(100);
        calls = 0;
        evil_hook = fail_in_time;
        if (trv_list_sort(list, NULL, 0) < 0)
            expect_error(trv_RuntimeError, "enough");
        evil_hook = NULL;
        for (int i = 0; i < 100; i++) {
            trv_auto trv_object *item = trv_list_get(list, i);
            int64_t number = ((evil_data *)trv_data(item, evil_type))->number;
            ck_assert_int_eq(seen[number]++, 0);
        }
    }
    evil_end();
}

TEST(changing_a_list_while_it_is_searched)
{
    trv_auto trv_object *wanted = NULL;
    trv_object *other;
    size_t where;

    evil_begin();
    wanted = evil_new(1000, 1);
    for (fail_at = 1; fail_at <= 10; fail_at++) {
        victim = evil_list(10);
        other = evil_list(10);
        calls = 0;
        evil_hook = clear_victim;
        ck_assert_int_eq(trv_contains(victim, wanted), 0);
        trv_unref(victim);
        victim = evil_list(10);
        calls = 0;
        ck_assert_int_eq(trv_equal(victim, other), 0);
        trv_unref(victim);
        victim = evil_list(10);
        calls = 0;
        EXPECT_MINUS(trv_list_remove(victim, wanted), trv_ValueError,
                     "list.remove(x): x not in list");
        trv_unref(victim);
        victim = evil_list(10);
        calls = 0;
        evil_hook = fail_in_time;
        EXPECT_MINUS(trv_list_index(victim, wanted, &where), trv_RuntimeError, "enough");
        evil_hook = NULL;
        trv_clear(&victim);
        trv_unref(other);
    }
    evil_end();
}

TEST(changing_a_list_while_it_is_printed)
{
    evil_begin();
    victim = evil_list(4);
    calls = 0;
    fail_at = 2;
    evil_hook = clear_victim;
    expect_shown(victim, "[e0, e3]");
    evil_hook = NULL;
    trv_clear(&victim);
    evil_end();
}

/* A thread prints the list while it is being printed: what is inside itself is so for each of them. */
static int is_printing;

TRV_STATIC_FUNCTION(print_again, "print_again(): the text of the list")
{
    (void)args;
    return trv_repr(victim);
}

TRV_STATIC_FUNCTION(printing_repr, "__repr__(self): what a thread prints")
{
    trv_auto trv_object *pool = NULL;
    trv_auto trv_object *future = NULL;
    trv_object *text;

    (void)args;
    if (is_printing)
        return trv_str_new("p");
    is_printing = 1;
    pool = trv_thread_pool_new(NULL);
    future = trv_submit(pool, print_again, "");
    text = trv_future_result(future, TRV_FOREVER);
    is_printing = 0;
    return trv_shutdown(pool, NULL) < 0 ? NULL : text;
}

TEST(printing_a_list_twice_at_once)
{
    trv_auto trv_object *methods = trv_build("{s:o}", "__repr__", printing_repr);
    trv_auto trv_object *class = trv_class_new("Printing", NULL, methods);

    trv_auto trv_object *printing = trv_call(class, "");

    victim = trv_build("[o o]", printing, class);
    ck_assert_int_eq(trv_list_set(victim, 1, victim), 0);
    for (int i = 0; i < 3; i++)
        expect_shown(victim, "[[p, [...]], [...]]");
    ck_assert_int_eq(trv_list_clear(victim), 0);
    trv_clear(&victim);
}

/* Items whose end appends to the list they were in. */
static int ends;

static void finalize(trv_object *self)
{
    trv_auto trv_object *item = trv_int_new(ends++);

    (void)self;
    ck_assert_int_eq(trv_list_append(victim, item), 0);
}

TEST(items_that_put_something_in_as_they_end)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Last", .slots.finalize = finalize};
    trv_auto trv_object *type = trv_type_new(&spec);

    victim = trv_list_new();
    ends = 0;
    for (int i = 0; i < 50; i++) {
        trv_auto trv_object *item = trv_call(type, "");
        ck_assert_int_eq(trv_list_append(victim, item), 0);
    }
    ck_assert_int_eq(trv_list_clear(victim), 0);
    ck_assert_int_eq(ends, 50);
    expect_repr(trv_list_pop(victim, -1), "49");
    expect_repr(trv_list_pop(victim, 0), "0");
    trv_clear(&victim);
}

TEST(derived_types)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Stack", .base = trv_list_type};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_auto trv_object *range = trv_range_new(0, 3, 1), *stack = trv_call(type, "o", range);
    trv_auto trv_object *plain = trv_build("[i i i]", 0, 1, 2);

    ck_assert_str_eq(trv_type_name(stack), "Stack");
    ck_assert_int_eq(trv_list_append(stack, range), 0);
    expect_repr(trv_list_pop(stack, -1), "range(0, 3)");
    ck_assert_int_eq(trv_equal(stack, plain), 1);
    expect_repr(trv_add(plain, stack), "[0, 1, 2, 0, 1, 2]");
}

TEST(memory_is_given_back)
{
    trv_auto trv_object *list = trv_list_new(), *none = trv_none_new();
    size_t large;

    for (int i = 0; i < 10000; i++)
        ck_assert_int_eq(trv_list_append(list, none), 0);
    large = trv_sizeof(list);
    ck_assert_uint_ge(large, 10000 * sizeof none);
    for (int i = 0; i < 9990; i++)
        trv_unref(trv_list_pop(list, -1));
    ck_assert_uint_lt(trv_sizeof(list), large / 100);
}

/* What is put in is what the list had before, of whatever class it is. */
TEST(a_list_of_a_class_is_added_to_itself)
{
    trv_auto trv_object *class_ = trv_class_new("Row", trv_list_type, NULL);
    trv_auto trv_object *start = trv_build("[i i]", 1, 2), *list = trv_call(class_, "o", start);

    ck_assert_int_eq(trv_list_extend(list, list), 0);
    expect_repr(trv_iadd(list, list), "[1, 2, 1, 2, 1, 2, 1, 2]");
}

/* What knows its length is given room once, and no more; what says too much gives it back. */
TEST(room_for_what_is_said_to_come)
{
    trv_auto trv_object *range = trv_range_new(0, 1001, 1), *from_range = trv_list_from(range);
    trv_auto trv_object *iterator = trv_iter(range), *from_iterator = trv_list_from(iterator);
    trv_auto trv_object *more = trv_list_new();
    size_t bytes = trv_sizeof(more) + 1001 * sizeof(void *);

    ck_assert_uint_le(trv_sizeof(from_range), bytes + 64);
    ck_assert_uint_le(trv_sizeof(from_iterator), bytes + 64);
    EXHAUST(trv_list_from(range));
}

TEST_LIST(RUN(room_for_what_is_said_to_come), RUN(a_list_of_a_class_is_added_to_itself),
          RUN(making_and_printing), RUN(items_by_index), RUN(methods), RUN(operators),
          RUN(comparison), RUN(a_list_inside_itself), RUN(iteration_sees_what_is_appended),
          RUN(an_iterator_at_its_end_stays_there), RUN(arguments_that_are_wrong_or_missing),
          RUN(as_a_plain_array_over_random_steps), RUN(sorting_ints_of_all_shapes_and_sizes),
          RUN(sorting_by_a_key_is_stable), RUN(sorting_strs_floats_and_mixtures),
          RUN(a_key_function_that_fails), RUN(changing_a_list_while_it_is_sorted),
          RUN(comparisons_that_fail_while_sorting), RUN(changing_a_list_while_it_is_searched),
          RUN(changing_a_list_while_it_is_printed), RUN(printing_a_list_twice_at_once),
          RUN(items_that_put_something_in_as_they_end), RUN(derived_types),
          RUN(memory_is_given_back))
