/* SPDX-License-Identifier: MIT */
/*
 * Processes beside the other legs: coroutines that wait for workers, workers that run coroutines
 * and threads.
 */
#include "pool_support.h"

static trv_object *shared_pool;

/* Coroutines that use a pool --------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(ask_worker, "ask_worker(n): its square, from a worker")
{
    trv_auto trv_object *future = trv_submit(shared_pool, square, "o", args->items[0]);

    return future ? trv_future_result(future, TRV_FOREVER) : NULL;
}

TRV_STATIC_FUNCTION(tick, "tick(): some times, and then lets the worker's call go")
{
    for (int i = 0; i < 10; i++)
        if (trv_sleep(0.001) < 0)
            return NULL;
    let_go();
    return trv_none_new();
}

TRV_STATIC_FUNCTION(ask_many, "ask_many(): the sum of what many coroutines were told")
{
    trv_auto trv_object *futures = trv_list_new();
    trv_auto trv_object *results = NULL;
    trv_auto trv_object *total = trv_int_new(0);

    for (int i = 0; i < 50; i++) {
        trv_auto trv_object *future = trv_spawn(ask_worker, "i", i);
        if (!future || trv_list_append(futures, future) < 0)
            return NULL;
    }
    results = trv_gather(futures);
    if (!results)
        return NULL;
    TRV_FOR(result, results) {
        trv_object *sum = trv_add(total, result);
        trv_unref(total);
        total = sum;
    }
    return trv_steal(&total);
}

TEST(coroutines_wait_for_workers)
{
    int expected = 0;

    for (int i = 0; i < 50; i++)
        expected += i * i;
    shared_pool = new_pool(2, 0);
    ck_assert_int_eq(int_of(trv_run(ask_many, "")), expected);
    end_pool(&shared_pool);
}

/* The pool is made, used and ended in a loop, whose other coroutines run on: else the call would not end. */
TRV_STATIC_FUNCTION(live_in_loop, "live_in_loop(): a result of a pool made in a coroutine")
{
    trv_auto trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *ticker = trv_spawn(tick, "");
    trv_auto trv_object *future = trv_submit(pool, stay, "");
    trv_auto trv_object *result = future ? trv_future_result(future, TRV_FOREVER) : NULL;

    if (!result || trv_shutdown(pool, NULL) < 0)
        return NULL;
    return trv_steal(&result);
}

TEST(a_loop_runs_on_while_a_coroutine_waits_for_a_worker)
{
    ck_assert_int_gt(int_of(trv_run(live_in_loop, "")), 0);
}

TRV_STATIC_FUNCTION(wait_briefly, "wait_briefly(): TimeoutError")
{
    trv_auto trv_object *future = trv_submit(shared_pool, stay, "");
    trv_auto trv_object *result = NULL;

    if (future)
        TRV_TIMEOUT(0.05)
            result = trv_future_result(future, TRV_FOREVER);
    return trv_steal(&result);
}

TEST(deadlines_end_the_wait_and_not_the_call)
{
    shared_pool = new_pool(1, 0);
    ck_assert_ptr_null(trv_call(wait_briefly, ""));
    crew_expect_error(trv_TimeoutError);
    ck_assert_ptr_null(trv_run(wait_briefly, ""));
    crew_expect_error(trv_TimeoutError);
    let_go();
    ck_assert_int_eq(int_of(outcome_of(trv_submit(shared_pool, square, "i", 7))), 49);
    end_pool(&shared_pool);
}

/* Workers that use other legs ---------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(slumber, "slumber(n): n, after a moment")
{
    return trv_sleep(0.05) < 0 ? NULL : trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(slumber_together, "slumber_together(): how many did")
{
    trv_auto trv_object *futures = trv_list_new();
    trv_auto trv_object *results = NULL;
    size_t count;

    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *future = trv_spawn(slumber, "i", i);
        if (!future || trv_list_append(futures, future) < 0)
            return NULL;
    }
    results = trv_gather(futures);
    return results && trv_len(results, &count) == 0 ? trv_int_new((int64_t)count) : NULL;
}

TRV_STATIC_FUNCTION(run_loop, "run_loop(): coroutines in a worker")
{
    return trv_run(slumber_together, "");
}

TRV_STATIC_FUNCTION(run_threads, "run_threads(): threads in a worker")
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 4};
    trv_auto trv_object *pool = trv_thread_pool_new(&options);
    trv_auto trv_object *numbers = trv_range_new(0, 8, 1);
    trv_auto trv_object *results = pool ? trv_map(pool, slumber, numbers, NULL) : NULL;
    int64_t count = 0;

    if (!results)
        return NULL;
    TRV_FOR(result, results)
        count++;
    if (trv_error_occurred() || trv_shutdown(pool, NULL) < 0)
        return NULL;
    return trv_int_new(count);
}

/* Also when the parent has a loop of its own, which the fork must not use. */
TRV_STATIC_FUNCTION(run_all, "run_all(): what workers ran")
{
    trv_auto trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *total = NULL;

    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *coroutines = outcome_of(trv_submit(pool, run_loop, ""));
        trv_auto trv_object *threads =
            coroutines ? outcome_of(trv_submit(pool, run_threads, "")) : NULL;
        trv_clear(&total);
        total = threads ? trv_add(coroutines, threads) : NULL;
        if (!total)
            return NULL;
    }
    return trv_shutdown(pool, NULL) < 0 ? NULL : trv_steal(&total);
}

TEST(workers_run_coroutines_and_threads)
{
    ck_assert_int_eq(int_of(trv_call(run_all, "")), 108);
}

TEST(workers_of_a_loop_run_loops_of_their_own)
{
    ck_assert_int_eq(int_of(trv_run(run_all, "")), 108);
}

TEST_LIST(RUN(coroutines_wait_for_workers),
          RUN(a_loop_runs_on_while_a_coroutine_waits_for_a_worker),
          RUN(deadlines_end_the_wait_and_not_the_call), RUN(workers_run_coroutines_and_threads),
          RUN(workers_of_a_loop_run_loops_of_their_own))
