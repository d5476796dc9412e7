/* SPDX-License-Identifier: MIT */
/*
 * set: what Python's set does, with the same errors; agreement with an array of marks over many
 * random steps; and sets that are changed by the code they call.
 */
#include "types/container.h"

#include "base/base.h"

/* A set of the bits of a word, in order. */
static trv_object *set_of(uint32_t bits)
{
    trv_object *set = trv_set_new();

    for (int i = 0; i < 32; i++) {
        trv_auto trv_object *item = trv_int_new(i * 1000);
        if (bits >> i & 1)
            ck_assert_int_eq(trv_set_add(set, item), 0);
    }
    return set;
}

/* The set, which is dropped, holds these bits and nothing else. */
static void expect_bits(trv_object *set, uint32_t bits)
{
    size_t length;

    ck_assert_ptr_nonnull(set);
    ck_assert_int_eq(trv_set_len(set, &length), 0);
    ck_assert_uint_eq(length, (size_t)__builtin_popcount(bits));
    for (int i = 0; i < 32; i++) {
        trv_auto trv_object *item = trv_int_new(i * 1000);
        ck_assert_int_eq(trv_contains(set, item), (int)(bits >> i & 1));
    }
    trv_unref(set);
}

TEST(making_and_printing)
{
    trv_auto trv_object *list = trv_build("[i i d s]", 2, 1, 2.0, "x");
    trv_auto trv_object *bad = trv_build("[[]]"), *dict = trv_build("{s:i}", "k", 1);

    expect_repr(trv_set_new(), "set()");
    expect_repr(trv_set_from(list), "{2, 1, 'x'}");
    expect_repr(trv_call(trv_set_type, "o", list), "{2, 1, 'x'}");
    expect_repr(trv_call(trv_set_type, ""), "set()");
    expect_repr(trv_set_from(dict), "{'k'}");
    EXPECT_NULL(trv_set_from(bad), trv_TypeError, "unhashable type: 'list'");
    EXPECT_NULL(trv_call(trv_set_type, "i", 5), trv_TypeError, "'int' object is not iterable");
    EXPECT_NULL(trv_call(trv_set_type, "ii", 5, 5), trv_TypeError,
                "set expected at most 1 argument, got 2");
}

TEST(adding_and_taking_out)
{
    trv_auto trv_object *set = trv_set_new(), *item = trv_str_new("item"), *list = trv_list_new();
    trv_auto trv_object *error = NULL, *arguments = NULL;
    int64_t hash;

    ck_assert_int_eq(trv_set_add(set, item), 0);
    ck_assert_int_eq(trv_set_add(set, item), 0);
    expect_shown(set, "{'item'}");
    ck_assert_int_eq(trv_set_discard(set, item), 1);
    ck_assert_int_eq(trv_set_discard(set, item), 0);
    ck_assert_int_eq(trv_set_remove(set, item), -1);
    error = trv_error_take();
    ck_assert_int_eq(trv_isinstance(error, trv_KeyError), 1);
    arguments = trv_exception_args(error);
    expect_shown(arguments, "('item',)");
    EXPECT_MINUS(trv_set_add(set, list), trv_TypeError, "unhashable type: 'list'");
    EXPECT_MINUS(trv_hash(set, &hash), trv_TypeError, "unhashable type: 'set'");
}

TEST(operators_and_comparisons_of_all_small_sets)
{
    for (uint32_t a = 0; a < 16; a++)
        for (uint32_t b = 0; b < 16; b++) {
            trv_auto trv_object *x = set_of(a), *y = set_of(b);
            expect_bits(trv_or(x, y), a | b);
            expect_bits(trv_and(x, y), a & b);
            expect_bits(trv_subtract(x, y), a & ~b);
            expect_bits(trv_xor(x, y), a ^ b);
            ck_assert_int_eq(trv_equal(x, y), a == b);
            ck_assert_int_eq(trv_compare(x, y, TRV_NOT_EQUAL), a != b);
            ck_assert_int_eq(trv_compare(x, y, TRV_LESS_EQUAL), (a & ~b) == 0);
            ck_assert_int_eq(trv_compare(x, y, TRV_LESS), (a & ~b) == 0 && a != b);
            ck_assert_int_eq(trv_compare(x, y, TRV_GREATER_EQUAL), (b & ~a) == 0);
            ck_assert_int_eq(trv_compare(x, y, TRV_GREATER), (b & ~a) == 0 && a != b);
        }
}

TEST(operators_want_sets)
{
    trv_auto trv_object *set = set_of(3), *list = trv_build("[i]", 0);

    EXPECT_NULL(trv_or(set, list), trv_TypeError,
                "unsupported operand type(s) for |: 'set' and 'list'");
    EXPECT_NULL(trv_add(set, set), trv_TypeError,
                "unsupported operand type(s) for +: 'set' and 'set'");
    EXPECT_MINUS(trv_compare(set, list, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'set' and 'list'");
    ck_assert_int_eq(trv_equal(set, list), 0);
}

TEST(methods)
{
    trv_auto trv_object *set = set_of(7), *list = trv_build("[i i]", 1000, 5000);
    trv_auto trv_object *other = set_of(2), *none = trv_build("[]");

    expect_bits(method(set, "union", "oo", list, other), 7 | 32);
    expect_bits(method(set, "union", ""), 7);
    expect_bits(method(set, "intersection", "o", list), 2);
    expect_bits(method(set, "difference", "oo", list, other), 5);
    expect_bits(method(set, "symmetric_difference", "o", list), 5 | 32);
    expect_repr(method(set, "issubset", "o", list), "False");
    expect_repr(method(other, "issubset", "o", list), "True");
    expect_repr(method(set, "issuperset", "o", other), "True");
    expect_repr(method(set, "isdisjoint", "o", list), "False");
    expect_repr(method(set, "isdisjoint", "o", none), "True");
    EXPECT_NONE(method(set, "update", "o", list));
    expect_bits(trv_ref(set), 7 | 32);
    EXPECT_NONE(method(set, "difference_update", "o", other));
    expect_bits(trv_ref(set), 5 | 32);
    EXPECT_NONE(method(set, "symmetric_difference_update", "o", other));
    expect_bits(trv_ref(set), 7 | 32);
    EXPECT_NONE(method(set, "intersection_update", "o", list));
    expect_bits(trv_ref(set), 2 | 32);
    EXPECT_NONE(method(set, "add", "i", 0));
    EXPECT_NONE(method(set, "remove", "i", 5000));
    EXPECT_NONE(method(set, "discard", "i", 5000));
    expect_bits(method(set, "copy", ""), 3);
    expect_repr(method(set, "pop", ""), "0");
    EXPECT_NONE(method(set, "clear", ""));
    EXPECT_NULL(method(set, "pop", ""), trv_KeyError, "'pop from an empty set'");
    EXPECT_NULL(method(set, "union", "i", 5), trv_TypeError, "'int' object is not iterable");
}

/* x op= x, where the set is its own operand. */
TEST(a_set_and_itself)
{
    trv_auto trv_object *set = set_of(255);

    expect_bits(trv_or(set, set), 255);
    expect_bits(trv_subtract(set, set), 0);
    EXPECT_NONE(method(set, "update", "o", set));
    expect_bits(trv_ref(set), 255);
    EXPECT_NONE(method(set, "symmetric_difference_update", "o", set));
    expect_bits(trv_ref(set), 0);
}

TEST(changing_the_size_during_iteration)
{
    trv_auto trv_object *set = set_of(7), *seen = trv_list_new(), *iterator = trv_iter(set);
    trv_auto trv_object *item = trv_str_new("x");
    trv_object *next;

    TRV_FOR(each, set)
        ck_assert_int_eq(trv_list_append(seen, each), 0);
    expect_shown(seen, "[0, 1000, 2000]");
    ck_assert_int_eq(trv_set_add(set, item), 0);
    EXPECT_MINUS(trv_next(iterator, &next), trv_RuntimeError, "Set changed size during iteration");
    ck_assert_int_eq(trv_set_discard(set, item), 1);
    EXPECT_MINUS(trv_next(iterator, &next), trv_RuntimeError, "Set changed size during iteration");
}

enum { ITEMS = 2000 };

TEST(as_an_array_of_marks_over_random_steps)
{
    static char marks[ITEMS];
    trv_auto trv_object *set = trv_set_new();
    uint64_t state = 12345;
    size_t count = 0, length;

    for (int step = 0; step < 300000; step++) {
        int i = (int)(next_random(&state) % (step / 10000 % 2 ? ITEMS : 15));
        trv_auto trv_object *item =
            i % 2 ? trv_int_new((int64_t)i << 30) : trv_str_printf("item %d", i);
        switch (next_random(&state) % 3) {
        case 0:
            ck_assert_int_eq(trv_set_add(set, item), 0);
            count += !marks[i];
            marks[i] = 1;
            break;
        case 1:
            ck_assert_int_eq(trv_set_discard(set, item), marks[i]);
            count -= (size_t)marks[i];
            marks[i] = 0;
            break;
        default:
            ck_assert_int_eq(trv_contains(set, item), marks[i]);
        }
        ck_assert_int_eq(trv_set_len(set, &length), 0);
        ck_assert_uint_eq(length, count);
    }
}

/* pop takes the last one, so that n of them are taken in n steps. */
TEST(popping_all_items)
{
    int count = TRV_GC_STRESS ? 1000 : 100000; /* a collection for each is too much */
    trv_auto trv_object *range = trv_range_new(0, count, 1), *set = trv_set_from(range);

    for (int i = count - 1; i >= 0; i--) {
        trv_auto trv_object *item = method(set, "pop", "");
        int64_t value;
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        ck_assert_int_eq(value, i);
    }
    expect_shown(set, "set()");
}

static trv_object *victim;
static int calls, when, change;

static int change_victim(void)
{
    trv_auto trv_object *item = NULL;

    if (++calls != when)
        return 0;
    if (change == 0)
        return trv_set_clear(victim);
    if (change == 1) {
        trv_auto trv_object *range = trv_range_new(0, 100, 1);
        trv_auto trv_object *done = method(victim, "update", "o", range);
        return done ? 0 : -1;
    }
    if (change == 2) {
        item = method(victim, "pop", "");
        trv_error_clear();
        return 0;
    }
    return trv_raise_int(trv_RuntimeError, "enough");
}

static trv_object *evil_set(int count)
{
    trv_object *set = trv_set_new();

    for (int i = 0; i < count; i++) {
        trv_auto trv_object *item = evil_new(i, 5);
        ck_assert_int_eq(trv_set_add(set, item), 0);
    }
    return set;
}

/* Each operation under each change at each comparison: it ends, and leaves both sets whole. */
TEST(changing_a_set_while_it_is_worked_on)
{
    static const char *const names[] = {
        "union",    "intersection",         "difference", "update",     "remove",
        "issubset", "symmetric_difference", "add",        "isdisjoint", "difference_update"};
    trv_auto trv_object *other = NULL, *lone = NULL;

    evil_begin();
    other = evil_set(12);
    lone = evil_new(10, 5);
    for (change = 0; change < 4; change++)
        for (when = 1; when < 60; when += 3)
            for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
                int is_one = strcmp(names[n], "add") == 0 || strcmp(names[n], "remove") == 0;
                trv_auto trv_object *result = NULL, *list = NULL, *again = NULL;
                victim = evil_set(12);
                calls = 0;
                evil_hook = change_victim;
                result = method(victim, names[n], "o", is_one ? lone : other);
                ck_assert_int_eq(result == NULL, trv_error_occurred());
                trv_error_clear();
                evil_hook = NULL;
                list = trv_list_from(victim);
                again = trv_set_from(list);
                ck_assert_int_eq(trv_equal(again, victim), 1);
                trv_clear(&victim);
            }
    trv_clear(&other);
    trv_clear(&lone);
    evil_end();
}

static trv_object *answer_self(const trv_args *args)
{
    return trv_ref(args->self);
}

TEST(cycles_are_collected)
{
    trv_object *set = trv_set_new(), *closure = trv_function_new(answer_self, "f", set);
    size_t found;

    ck_assert_int_eq(trv_set_add(set, closure), 0);
    trv_unref(set);
    trv_unref(closure);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

TEST_LIST(RUN(making_and_printing), RUN(adding_and_taking_out),
          RUN(operators_and_comparisons_of_all_small_sets), RUN(operators_want_sets), RUN(methods),
          RUN(a_set_and_itself), RUN(changing_the_size_during_iteration),
          RUN(as_an_array_of_marks_over_random_steps), RUN(popping_all_items),
          RUN(changing_a_set_while_it_is_worked_on), RUN(cycles_are_collected))
