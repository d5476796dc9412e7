/* SPDX-License-Identifier: MIT */
/*
 * RecursionError on every kind of stack: of the main thread, of others, of coroutines (256 KB) and of
 * generators. Whatever recurses on one stops in time, says what it did, and can go on afterwards.
 */
#include "object/expect.h"

#include "trivet/generator.h"

#define DEPTH 200000

/* Tuples inside each other; takes the innermost. */
static trv_object *nested(trv_object *inner)
{
    for (int i = 0; i < DEPTH; i++) {
        trv_object *outer = trv_tuple_new(&inner, 1);
        ck_assert_ptr_nonnull(outer);
        trv_unref(inner);
        inner = outer;
    }
    return inner;
}

TRV_STATIC_FUNCTION(calls_itself, "calls_itself(self)")
{
    return trv_call(args->items[0], "o", args->items[0]);
}

TRV_STATIC_FUNCTION(recurse, "recurse(): in every way, and once more after that")
{
    trv_auto trv_object *a = nested(trv_tuple_new(NULL, 0)), *b = nested(trv_tuple_new(NULL, 0));
    int64_t hash;

    (void)args;
    for (int i = 0; i < 2; i++) {
        EXPECT_NULL(trv_repr(a), trv_RecursionError,
                    "maximum recursion depth exceeded while getting the repr of an object");
        EXPECT_MINUS(trv_equal(a, b), trv_RecursionError,
                     "maximum recursion depth exceeded in comparison");
        ck_assert_int_eq(trv_hash(a, &hash), -1);
        ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
        trv_error_clear();
        EXPECT_NULL(trv_call(calls_itself, "o", calls_itself), trv_RecursionError,
                    "maximum recursion depth exceeded in a call");
    }
    return trv_none_new();
}

static void must(trv_object *result)
{
    if (!result)
        trv_error_print();
    ck_assert_ptr_nonnull(result);
    trv_unref(result);
}

TEST(on_the_main_thread)
{
    must(trv_call(recurse, ""));
}

TEST(on_another_thread)
{
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);
    trv_auto trv_object *future = trv_submit(pool, recurse, "");

    must(trv_future_result(future, TRV_FOREVER));
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

TEST(in_a_coroutine)
{
    must(trv_run(recurse, ""));
}

TEST(in_a_generator)
{
    trv_auto trv_object *generator = trv_generator_new(recurse, "");
    trv_object *item = NULL;

    ck_assert_int_eq(trv_next(generator, &item), 0);
}

TRV_STATIC_FUNCTION(in_a_generator_of, "in_a_generator_of()")
{
    trv_auto trv_object *generator = trv_generator_new(recurse, ""), *list = NULL;

    (void)args;
    list = trv_list_from(generator);
    return list ? trv_none_new() : NULL;
}

TEST(in_a_generator_in_a_coroutine)
{
    must(trv_run(in_a_generator_of, ""));
}

TEST_LIST(RUN(on_the_main_thread), RUN(on_another_thread), RUN(in_a_coroutine), RUN(in_a_generator),
          RUN(in_a_generator_in_a_coroutine))
