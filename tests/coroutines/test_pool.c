/* SPDX-License-Identifier: MIT */
/*
 * The coroutine pool: results, places, shutdown, cancelling, ends.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

#include <unistd.h>

static trv_object *pool_of(size_t workers)
{
    trv_coroutine_pool_options options = {.size = sizeof options, .workers = workers};

    return must(trv_coroutine_pool_new(&options));
}

static void shut_down(trv_object *pool)
{
    must_int(trv_shutdown(pool, NULL));
    trv_unref(pool);
}

TRV_STATIC_FUNCTION(square, "square(n)")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(n * n);
}

TRV_STATIC_FUNCTION(fail, "fail()")
{
    return trv_raise(trv_KeyError, "failed");
}

TRV_STATIC_FUNCTION(sleep_for, "sleep_for(seconds)")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_int_new(1);
}

TRV_STATIC_FUNCTION(wait_event, "wait_event(event)")
{
    trv_object *event;

    if (trv_parse(args, "o", &event) < 0 || trv_event_wait(event, TRV_FOREVER) < 0)
        return NULL;
    return trv_int_new(1);
}

SEEDED_TEST(results_and_exceptions, 200)
{
    trv_object *pool = pool_of(0);
    trv_object *futures[20], *failed = must(trv_submit(pool, fail, ""));

    for (int64_t i = 0; i < 20; i++)
        futures[i] = must(trv_submit(pool, square, "l", i));
    for (int64_t i = 0; i < 20; i++)
        ck_assert_int_eq(number(joined(futures[i])), i * i);
    ck_assert_ptr_null(trv_future_result(failed, TRV_FOREVER));
    must_raise(trv_KeyError);
    trv_unref(failed);
    shut_down(pool);
}

TEST(results_in_real_time)
{
    trv_object *pool = pool_of(0);

    for (int64_t i = 0; i < 200; i++)
        ck_assert_int_eq(number(joined(trv_submit(pool, square, "l", i))), i * i);
    shut_down(pool);
}

TEST(map_over_a_pool)
{
    trv_object *pool = pool_of(4);
    trv_auto trv_object *numbers = must(trv_range_new(0, 1000, 1));
    trv_object *squares = must(trv_map(pool, square, numbers, NULL));
    int64_t sum = 0;

    TRV_FOR(item, squares) {
        int64_t value;
        must_int(trv_int_get(item, &value));
        sum += value;
    }
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_int_eq(sum, 332833500);
    trv_unref(squares);
    shut_down(pool);
}

SEEDED_TEST(calls_wait_side_by_side, 200)
{
    trv_object *pool = pool_of(0);
    trv_object *futures[50];
    double began = trv_time();

    for (int i = 0; i < 50; i++)
        futures[i] = must(trv_submit(pool, sleep_for, "d", 1.0));
    for (int i = 0; i < 50; i++)
        trv_unref(joined(futures[i]));
    ck_assert_double_lt(trv_time() - began, 2);
    ck_assert_uint_eq(trv_executor_workers(pool), SIZE_MAX);
    shut_down(pool);
}

SEEDED_TEST(workers_are_the_most_that_run_at_once, 200)
{
    trv_object *pool = pool_of(5);
    trv_object *futures[50];
    double began = trv_time();

    for (int i = 0; i < 50; i++)
        futures[i] = must(trv_submit(pool, sleep_for, "d", 1.0));
    for (int i = 0; i < 50; i++)
        trv_unref(joined(futures[i]));
    ck_assert_double_ge(trv_time() - began, 10 - 1e-6);
    ck_assert_double_lt(trv_time() - began, 11);
    ck_assert_uint_eq(trv_executor_workers(pool), 5);
    shut_down(pool);
}

SEEDED_TEST(shutdown_waits_for_what_was_submitted, 200)
{
    trv_object *pool = pool_of(2);
    trv_object *futures[6];

    for (int i = 0; i < 6; i++)
        futures[i] = must(trv_submit(pool, sleep_for, "d", 0.1));
    must_int(trv_shutdown(pool, NULL));
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(trv_future_done(futures[i]), 1);
        trv_unref(joined(futures[i]));
    }
    ck_assert_ptr_null(trv_submit(pool, square, "l", INT64_C(1)));
    must_raise(trv_RuntimeError);
    must_int(trv_shutdown(pool, NULL));
    trv_unref(pool);
}

SEEDED_TEST(shutdown_can_cancel_what_has_not_begun, 200)
{
    trv_shutdown_options options = {.size = sizeof options, .cancel_pending = 1};
    trv_object *pool = pool_of(2), *event = must(trv_event_new());
    trv_object *futures[6];
    int cancelled = 0;

    for (int i = 0; i < 6; i++)
        futures[i] = must(trv_submit(pool, wait_event, "o", event));
    must_int(trv_sleep(0.01));
    must_int(trv_event_set(event));
    must_int(trv_shutdown(pool, &options));
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(trv_future_done(futures[i]), 1);
        cancelled += trv_future_cancelled(futures[i]);
        trv_unref(futures[i]);
    }
    ck_assert_int_le(cancelled, 4);
    trv_unref(event);
    trv_unref(pool);
}

SEEDED_TEST(shutdown_with_a_timeout, 200)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.5};
    trv_object *pool = pool_of(0), *event = must(trv_event_new());
    trv_object *future = must(trv_submit(pool, wait_event, "o", event));

    ck_assert_int_eq(trv_shutdown(pool, &options), -1);
    must_raise(trv_TimeoutError);
    options.timeout = 0;
    options.no_wait = 1;
    must_int(trv_shutdown(pool, &options));
    must_int(trv_event_set(event));
    trv_unref(joined(future));
    trv_unref(event);
    shut_down(pool);
}

SEEDED_TEST(cancelling_calls_of_a_pool, 200)
{
    trv_object *pool = pool_of(1), *event = must(trv_event_new());
    trv_object *running = must(trv_submit(pool, wait_event, "o", event));
    trv_object *queued = must(trv_submit(pool, wait_event, "o", event));
    trv_object *last = must(trv_submit(pool, square, "l", INT64_C(3)));

    must_int(trv_sleep(0.01));
    ck_assert_int_eq(trv_future_cancel(queued), 1);
    ck_assert_int_eq(trv_future_cancelled(queued), 1);
    ck_assert_int_eq(trv_future_cancel(running), 1);
    ck_assert_int_eq(number(joined(last)), 9);
    ck_assert_int_eq(trv_future_cancelled(running), 1);
    trv_unref(running);
    trv_unref(queued);
    trv_unref(event);
    shut_down(pool);
}

/* An executor that is dropped still runs what it has. */
SEEDED_TEST(a_pool_that_is_dropped, 200)
{
    trv_object *pool = pool_of(0), *future = must(trv_submit(pool, sleep_for, "d", 0.1));

    trv_unref(pool);
    ck_assert_int_eq(number(joined(future)), 1);
}

RAW_TEST(a_pool_that_lives_until_the_runtime_ends)
{
    trv_object *pool;

    ck_assert_int_eq(trv_init(NULL), 0);
    pool = pool_of(1);
    /* Its thread is cancelled out of the first by trv_fini, and the second never begins. */
    trv_unref(must(trv_submit(pool, sleep_for, "d", 1e6)));
    trv_unref(must(trv_submit(pool, sleep_for, "d", 1e6)));
    must_int(trv_sleep(0.01));
    trv_unref(pool);
    trv_fini();
}

TEST(with_shuts_a_pool_down)
{
    trv_object *pool = pool_of(0), *future = NULL;

    TRV_WITH(pool)
        future = must(trv_submit(pool, sleep_for, "d", 0.01));
    ck_assert_int_eq(trv_future_done(future), 1);
    trv_unref(joined(future));
    trv_unref(pool);
}

TRV_STATIC_FUNCTION(shut_down_own, "shut_down_own(pool)")
{
    trv_object *pool;

    if (trv_parse(args, "o", &pool) < 0)
        return NULL;
    return trv_shutdown(pool, NULL) < 0 ? NULL : trv_none_new();
}

TEST(a_call_cannot_wait_for_its_own_pool)
{
    trv_object *pool = pool_of(0), *future = must(trv_submit(pool, shut_down_own, "o", pool));

    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_RuntimeError);
    trv_unref(future);
    shut_down(pool);
}

/* Spawned by a call: takes no place, and may outlive its parent. */
TRV_STATIC_FUNCTION(spawn_two, "spawn_two()")
{
    trv_auto trv_object *one = must(trv_spawn(sleep_for, "d", 0.01));

    trv_unref(must(trv_spawn(sleep_for, "d", 1e6)));
    return trv_future_result(one, TRV_FOREVER);
}

SEEDED_TEST(calls_may_spawn, 200)
{
    trv_object *pool = pool_of(1);

    ck_assert_int_eq(number(joined(trv_submit(pool, spawn_two, ""))), 1);
    ck_assert_int_eq(number(joined(trv_submit(pool, square, "l", INT64_C(2)))), 4);
    shut_down(pool); /* cancels the one that sleeps */
}

TRV_STATIC_FUNCTION(submit_to, "submit_to(pool, n)")
{
    trv_object *pool;
    int64_t n;

    if (trv_parse(args, "ol", &pool, &n) < 0)
        return NULL;
    return n ? trv_int_new(1 + number(joined(trv_submit(pool, submit_to, "ol", pool, n - 1))))
             : trv_int_new(0);
}

SEEDED_TEST(calls_may_submit_to_their_own_pool, 200)
{
    trv_object *pool = pool_of(0);

    ck_assert_int_eq(number(joined(trv_submit(pool, submit_to, "ol", pool, INT64_C(10)))), 10);
    shut_down(pool);
}

/* From a loop of one's own. */
SEEDED_IN_LOOP(a_coroutine_uses_a_pool, 200)
{
    trv_object *pool = pool_of(2);
    trv_auto trv_object *futures = must(trv_list_new());

    for (int i = 0; i < 10; i++) {
        trv_auto trv_object *future = must(trv_submit(pool, sleep_for, "d", 0.1));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    shut_down(pool);
}

TEST(options_that_make_no_sense)
{
    trv_coroutine_pool_options options = {.size = 1};

    ck_assert_ptr_null(trv_coroutine_pool_new(&options));
    must_raise(trv_ValueError);
}

TEST(out_of_descriptors_is_an_error)
{
    int fds[4096], count = 0;

    while (count < 4096 && (fds[count] = dup(0)) >= 0)
        count++;
    if (count < 4096) {
        ck_assert_ptr_null(trv_coroutine_pool_new(NULL));
        must_raise(trv_OSError);
    }
    while (count > 0)
        close(fds[--count]);
}

/* A hundred submissions in a row: the thread is woken for the first only. */
TEST(many_submissions)
{
    trv_object *pool = pool_of(0);
    trv_auto trv_object *futures = must(trv_list_new());

    for (int64_t i = 0; i < 20000; i++) {
        trv_auto trv_object *future = must(trv_submit(pool, square, "l", i));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    shut_down(pool);
}

TEST_LIST(RUN(results_and_exceptions), RUN(results_in_real_time), RUN(map_over_a_pool),
          RUN(calls_wait_side_by_side), RUN(workers_are_the_most_that_run_at_once),
          RUN(shutdown_waits_for_what_was_submitted), RUN(shutdown_can_cancel_what_has_not_begun),
          RUN(shutdown_with_a_timeout), RUN(cancelling_calls_of_a_pool),
          RUN(a_pool_that_is_dropped), RUN(a_pool_that_lives_until_the_runtime_ends),
          RUN(with_shuts_a_pool_down), RUN(a_call_cannot_wait_for_its_own_pool),
          RUN(calls_may_spawn), RUN(calls_may_submit_to_their_own_pool),
          RUN(a_coroutine_uses_a_pool), RUN(options_that_make_no_sense),
          RUN(out_of_descriptors_is_an_error), RUN(many_submissions))
