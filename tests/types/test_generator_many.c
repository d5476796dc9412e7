/* SPDX-License-Identifier: MIT */
/*
 * Generators in numbers: many at once, long chains, cycles; and what can be asked of one.
 */
#include "types/steps.h"

#include "base/base.h"

#include <stdbool.h>
#include <stdio.h>

static int unfinished; /* functions that have begun and not ended */

static void count_end(int *unused)
{
    (void)unused;
    unfinished--;
}

/* Declares that the function is counted until it is left, by whatever way. */
#define COUNTED __attribute__((cleanup(count_end), unused)) int counted = ++unfinished

TRV_STATIC_FUNCTION(count_down, "count_down(n): n, n - 1 ... 1")
{
    int64_t n;
    COUNTED;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    for (; n > 0; n--) {
        trv_auto trv_object *number = trv_int_new(n);
        trv_auto trv_object *sent = trv_yield(number);
        if (!sent)
            return NULL;
    }
    return trv_str_new("done");
}

TRV_STATIC_FUNCTION(delegate, "delegate(inner): all of inner")
{
    trv_object *inner;
    COUNTED;

    return trv_parse(args, "o", &inner) < 0 ? NULL : trv_yield_from(inner);
}

static trv_object *countdown_of(int64_t n)
{
    return trv_generator_new(count_down, "l", n);
}

static void step(trv_object *generator, const char *expected)
{
    trv_object *item;
    int answer = trv_generator_send(generator, trv_none_new(), &item);

    expect_answer(answer, item, expected);
}

/* Many, deep, circular ------------------------------------------------------------------------- */

/* ThreadSanitizer knows some eight thousand stacks at once. */
#define MANY (TRV_TSAN ? 4000 : 10000)

TEST(ten_thousand_at_once_are_unwound)
{
    trv_auto trv_object *list = trv_list_new();

    for (int i = 0; i < MANY; i++) {
        trv_auto trv_object *generator = countdown_of(5);
        step(generator, "1: 5");
        ck_assert_int_eq(trv_list_append(list, generator), 0);
    }
    ck_assert_int_eq(unfinished, MANY);
    ck_assert_int_eq(trv_list_clear(list), 0);
    ck_assert_int_eq(unfinished, 0);
}

/* Generators each of which yields from the next. */
static trv_object *chain_of(int length)
{
    trv_object *generator = countdown_of(3);

    for (int i = 1; i < length; i++) {
        trv_object *outer = trv_generator_new(delegate, "o", generator);
        trv_unref(generator);
        generator = outer;
    }
    return generator;
}

TEST(a_chain_of_a_hundred_thousand_is_a_recursion_error)
{
    trv_auto trv_object *generator = chain_of(100000);

    step(generator, "RecursionError");
    step(generator, "0: None");
    ck_assert_int_eq(unfinished, 0);
}

TEST(a_long_chain_passes_on_and_is_unwound)
{
    trv_auto trv_object *generator = chain_of(3000);

    step(generator, "1: 3");
    step(generator, "1: 2");
    throw(generator, trv_ValueError, "ValueError");
    ck_assert_int_eq(unfinished, 0);
}

TEST(a_long_chain_that_is_dropped_is_unwound)
{
    trv_object *generator = chain_of(3000);

    step(generator, "1: 3");
    trv_unref(generator);
    ck_assert_int_eq(unfinished, 0);
}

TRV_STATIC_FUNCTION(keep_cell, "keep_cell(cell): yields; whatever is in the cell")
{
    trv_auto trv_object *item = trv_int_new(1), *sent = NULL;
    COUNTED;

    sent = trv_yield(item);
    return sent ? trv_none_new() : NULL;
}

TEST(a_paused_one_in_a_cycle_with_itself_is_collected)
{
    size_t found;
    trv_object *cell = trv_list_new(), *generator = trv_generator_new(keep_cell, "o", cell);

    ck_assert_int_eq(trv_list_append(cell, generator), 0);
    step(generator, "1: 1");
    trv_unref(cell);
    trv_unref(generator);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_gt(found, 0);
    ck_assert_int_eq(unfinished, 0);
}

static bool has(trv_object *generator, const char *name, trv_object *wanted)
{
    trv_auto trv_object *value = trv_getattr(generator, name);

    return value == wanted;
}

TEST(attributes_tell_how_it_is)
{
    trv_auto trv_object *inner = countdown_of(2);
    trv_auto trv_object *generator = trv_generator_new(delegate, "o", inner);
    trv_object *yes = trv_bool_new(1), *no = trv_bool_new(0);

    expect_repr(trv_getattr(generator, "__name__"), "'delegate'");
    ck_assert(has(generator, "gi_running", no) && has(generator, "gi_suspended", no));
    ck_assert(has(generator, "gi_yieldfrom", trv_none_new()));
    step(generator, "1: 2");
    ck_assert(has(generator, "gi_running", no) && has(generator, "gi_suspended", yes));
    ck_assert(has(generator, "gi_yieldfrom", inner));
    ck_assert_int_eq(trv_generator_close(generator), 0);
    ck_assert(has(generator, "gi_suspended", no) && has(generator, "gi_yieldfrom", trv_none_new()));
}

TEST(closing_answers_for_what_the_function_does)
{
    trv_auto trv_object *fresh = countdown_of(2), *paused = countdown_of(2),
                        *ended = countdown_of(0);

    step(ended, "0: 'done'");
    ck_assert_int_eq(trv_generator_close(fresh), 0);
    step(fresh, "0: None");
    throw(fresh, trv_KeyError, "KeyError");
    step(paused, "1: 2");
    ck_assert_int_eq(trv_generator_close(paused), 0);
    ck_assert_int_eq(trv_generator_close(paused), 0);
    ck_assert_int_eq(trv_generator_close(ended), 0);
}

TEST_LIST(RUN(ten_thousand_at_once_are_unwound),
          RUN(a_chain_of_a_hundred_thousand_is_a_recursion_error),
          RUN(a_long_chain_passes_on_and_is_unwound), RUN(a_long_chain_that_is_dropped_is_unwound),
          RUN(a_paused_one_in_a_cycle_with_itself_is_collected), RUN(attributes_tell_how_it_is),
          RUN(closing_answers_for_what_the_function_does))
