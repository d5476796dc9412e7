/* SPDX-License-Identifier: MIT */
/*
 * What all pools can do beside running calls: initializers, workers that are replaced, names of
 * workers, telling what is stuck when a shutdown takes too long.
 */
#include "support/crew.h"

#include <sys/prctl.h>
#include <unistd.h>

enum leg { THREADS, PROCESSES, COROUTINES, LEGS };

static int initialized; /* in the process of the pool's calls */
static int argument_seen;

TRV_STATIC_FUNCTION(set_up, "set_up(n): counts, and remembers n")
{
    if (trv_parse(args, "i", &argument_seen) < 0)
        return NULL;
    initialized++;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(fail, "fail(): KeyError")
{
    (void)args;
    return trv_raise(trv_KeyError, "no such thing");
}

TRV_STATIC_FUNCTION(look, "look(): what the initializer was given")
{
    (void)args;
    return trv_int_new(argument_seen);
}

TRV_STATIC_FUNCTION(name_here, "name_here(): of the thread that runs the call")
{
    char name[17] = "";

    (void)args;
    prctl(PR_GET_NAME, name);
    return trv_str_new(name);
}

TRV_STATIC_FUNCTION(thread_here, "thread_here(): its number")
{
    (void)args;
    return trv_int_new(gettid());
}

TRV_STATIC_FUNCTION(linger, "linger(seconds): sleeps")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

static trv_object *new_pool(enum leg leg, trv_object *initializer, trv_object *arguments,
                            unsigned calls)
{
    trv_thread_pool_options threads = {.size = sizeof threads,
                                       .workers = 2,
                                       .name = "named",
                                       .initializer = initializer,
                                       .arguments = arguments,
                                       .calls_per_worker = calls};
    trv_process_pool_options processes = {.size = sizeof processes,
                                          .workers = 2,
                                          .name = "named",
                                          .initializer = initializer,
                                          .arguments = arguments,
                                          .calls_per_worker = calls};
    trv_coroutine_pool_options coroutines = {.size = sizeof coroutines,
                                             .name = "named",
                                             .initializer = initializer,
                                             .arguments = arguments};
    trv_object *pool = leg == THREADS     ? trv_thread_pool_new(&threads)
                       : leg == PROCESSES ? trv_process_pool_new(&processes)
                                          : trv_coroutine_pool_new(&coroutines);

    return pool;
}

static trv_object *call(trv_object *pool, trv_object *function)
{
    trv_auto trv_object *future = trv_submit(pool, function, "");

    return future ? trv_future_result(future, TRV_FOREVER) : NULL;
}

static void end(trv_object *pool)
{
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_unref(pool);
}

/* Initializers ------------------------------------------------------------------------------------- */

TEST(initializers_run_first)
{
    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_auto trv_object *arguments = trv_build("(i)", 7);
        trv_object *pool = new_pool(leg, set_up, arguments, 0);
        argument_seen = initialized = 0;
        ck_assert_ptr_nonnull(pool);
        for (int i = 0; i < 10; i++) {
            trv_auto trv_object *seen = call(pool, look);
            int64_t number = 0;
            ck_assert_ptr_nonnull(seen);
            ck_assert_int_eq(trv_int_get(seen, &number), 0);
            ck_assert_int_eq(number, 7);
        }
        end(pool);
        ck_assert_int_le(initialized, leg == PROCESSES ? 0 : leg == COROUTINES ? 1 : 2);
    }
}

static void expect_broken(trv_object *pool, trv_object *type)
{
    trv_auto trv_object *error = NULL;
    trv_auto trv_object *cause = NULL;

    ck_assert_ptr_null(call(pool, look));
    error = trv_error_take();
    ck_assert_int_eq(trv_isinstance(error, type), 1);
    ck_assert_int_eq(trv_isinstance(error, trv_BrokenExecutor), 1);
    cause = trv_exception_cause(error);
    ck_assert_int_eq(trv_isinstance(cause, trv_KeyError), 1);
}

TEST(a_failing_initializer_breaks_the_pool)
{
    trv_object *const types[] = {trv_BrokenThreadPool, trv_BrokenProcessPool, trv_BrokenExecutor};

    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *pool = new_pool(leg, fail, NULL, 0);
        ck_assert_ptr_nonnull(pool);
        for (int i = 0; i < 3; i++)
            expect_broken(pool, types[leg]);
        end(pool);
    }
}

/* Calls that wait already when it fails. */
SEEDED_TEST(pending_calls_learn_of_it, 60)
{
    for (enum leg leg = 0; leg < LEGS; leg += 2) {
        trv_object *pool = new_pool(leg, fail, NULL, 0), *futures[5];
        for (int i = 0; i < 5; i++)
            if (!(futures[i] = trv_submit(pool, look, "")))
                crew_expect_error(trv_BrokenExecutor);
        for (int i = 0; i < 5; i++) {
            if (!futures[i])
                continue;
            ck_assert_ptr_null(trv_future_result(futures[i], TRV_FOREVER));
            crew_expect_error(trv_BrokenExecutor);
            trv_unref(futures[i]);
        }
        end(pool);
    }
}

TEST(initializers_are_checked)
{
    trv_auto trv_object *number = trv_int_new(1000);

    for (enum leg leg = 0; leg < LEGS; leg++) {
        ck_assert_ptr_null(new_pool(leg, number, NULL, 0));
        crew_expect_error(trv_TypeError);
        ck_assert_ptr_null(new_pool(leg, look, number, 0));
        crew_expect_error(trv_TypeError);
    }
}

/* Workers --------------------------------------------------------------------------------------------- */

static int count_workers(trv_object *pool, int calls)
{
    trv_auto trv_object *seen = trv_set_new();
    size_t count = 0;

    for (int i = 0; i < calls; i++) {
        trv_auto trv_object *worker = call(pool, thread_here);
        ck_assert_ptr_nonnull(worker);
        ck_assert_int_eq(trv_set_add(seen, worker), 0);
    }
    ck_assert_int_eq(trv_len(seen, &count), 0);
    return (int)count;
}

TEST(workers_are_replaced_after_so_many_calls)
{
    for (enum leg leg = THREADS; leg <= PROCESSES; leg++) {
        trv_object *pool = new_pool(leg, NULL, NULL, 3);
        ck_assert_int_ge(count_workers(pool, 30), 10);
        end(pool);
    }
}

/* A queue that is never empty, more calls than workers may run. */
SEEDED_TEST(replacing_loses_no_call, 100)
{
    trv_object *pool = new_pool(THREADS, NULL, NULL, 2), *futures[20];

    for (int i = 0; i < 20; i++)
        futures[i] = trv_submit(pool, i % 3 ? look : linger, i % 3 ? "" : "d", 0.01 * i);
    for (int i = 0; i < 20; i++) {
        trv_auto trv_object *result = trv_future_result(futures[i], TRV_FOREVER);
        ck_assert_ptr_nonnull(result);
        trv_unref(futures[i]);
    }
    end(pool);
}

TEST(workers_have_names)
{
    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *pool = new_pool(leg, NULL, NULL, 0);
        trv_auto trv_object *name = call(pool, name_here);
        ck_assert_ptr_nonnull(name);
        ck_assert_int_eq(strncmp(trv_str_utf8(name, NULL), "named", 5), 0);
        end(pool);
    }
}

/* Pools that wait for each other ---------------------------------------------------------------------- */

static trv_object *pools[2];

static trv_object ask_the_other[1];

TRV_STATIC_FUNCTION(ask_the_other,
                    "ask_the_other(pool, depth): waits for a call there, and that for one here")
{
    int at, depth;
    trv_auto trv_object *future = NULL;

    if (trv_parse(args, "ii", &at, &depth) < 0)
        return NULL;
    if (!depth)
        return trv_none_new();
    future = trv_submit(pools[!at], ask_the_other, "ii", !at, depth - 1);
    return future ? trv_future_result(future, TRV_FOREVER) : NULL;
}

/* Each has one worker, which waits for what stands in the queue of the other. */
SEEDED_TEST(waiting_for_each_other_is_a_deadlock, 60)
{
    trv_thread_pool_options threads = {.size = sizeof threads, .workers = 1};
    trv_coroutine_pool_options coroutines = {.size = sizeof coroutines, .workers = 1};

    for (int kind = 0; kind < 2; kind++) {
        trv_auto trv_object *future = NULL;
        pools[0] = trv_thread_pool_new(&threads);
        pools[1] = kind ? trv_coroutine_pool_new(&coroutines) : trv_thread_pool_new(&threads);
        future = trv_submit(pools[0], ask_the_other, "ii", 0, 4);
        ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
        crew_expect_error(trv_DeadlockError);
        /* Calls of one may still use the other. */
        for (int i = 0; i < 2; i++)
            ck_assert_int_eq(trv_shutdown(pools[i], NULL), 0);
        for (int i = 0; i < 2; i++)
            trv_unref(pools[i]);
    }
}

/* What is stuck --------------------------------------------------------------------------------------- */

TEST(a_shutdown_names_what_is_stuck)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.02};

    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *pool = new_pool(leg, NULL, NULL, 0);
        trv_auto trv_object *future = trv_submit(pool, linger, "d", 1e6);
        trv_auto trv_object *error = NULL;
        trv_auto trv_object *text = NULL;
        trv_auto trv_object *stuck = NULL;
        size_t count = 0;
        while (count == 0) {
            trv_clear(&stuck);
            ck_assert_int_eq(trv_sleep(0.001), 0);
            stuck = trv_executor_running(pool);
            ck_assert_int_eq(trv_len(stuck, &count), 0);
        }
        ck_assert_int_eq(trv_future_running(future), 1);
        ck_assert_int_eq(trv_shutdown(pool, &options), -1);
        error = trv_error_take();
        ck_assert_int_eq(trv_isinstance(error, trv_TimeoutError), 1);
        text = trv_str(error);
        ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "1 call still runs: linger()"));
        trv_clear(&stuck);
        stuck = trv_executor_running(pool);
        ck_assert_int_eq(trv_contains(stuck, future), 1);
        ck_assert_int_eq(trv_future_cancel(future), 1);
        end(pool);
        trv_clear(&stuck);
        ck_assert_int_eq(trv_future_done(future), 1);
        ck_assert_int_eq(trv_future_running(future), 0);
    }
}

TRV_STATIC_FUNCTION(hang, "hang(): for ever, deaf to everything")
{
    (void)args;
    TRV_ALLOW_THREADS {
        for (;;)
            pause();
    }
    return trv_none_new();
}

/* The end of the program waits no longer than whoever shut the pool down did. */
RAW_TEST(late_processes_keep_nobody_from_ending)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.02};
    trv_object *pool, *future;

    ck_assert_int_eq(trv_init(NULL), 0);
    pool = new_pool(PROCESSES, NULL, NULL, 0);
    future = trv_submit(pool, hang, "");
    while (!trv_future_running(future))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    ck_assert_int_eq(trv_shutdown(pool, &options), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(trv_future_done(future), 0);
    trv_unref(pool);
    trv_unref(future);
    trv_fini();
}

TEST(nothing_runs_in_an_idle_pool)
{
    trv_auto trv_object *here = trv_inline_executor_new();
    trv_auto trv_object *none = trv_executor_running(here);
    size_t count = 1;

    ck_assert_int_eq(trv_len(none, &count), 0);
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(trv_executor_running(none));
    crew_expect_error(trv_TypeError);
}

TEST_LIST(RUN(initializers_run_first), RUN(a_failing_initializer_breaks_the_pool),
          RUN(pending_calls_learn_of_it), RUN(initializers_are_checked),
          RUN(workers_are_replaced_after_so_many_calls), RUN(replacing_loses_no_call),
          RUN(workers_have_names), RUN(waiting_for_each_other_is_a_deadlock),
          RUN(a_shutdown_names_what_is_stuck), RUN(late_processes_keep_nobody_from_ending),
          RUN(nothing_runs_in_an_idle_pool))
