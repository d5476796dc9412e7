/* SPDX-License-Identifier: MIT */
/*
 * Cancelling calls that workers run: whatever a call waits for ends, a call that computes ends at its
 * next checkpoint, one that is over before it hears is over, and one that is deaf is killed if the
 * user wants it. Nobody else's call ever suffers, and the worker goes on unless it was killed.
 */
#include "pool_support.h"

#include "base/clock.h"
#include "base/fault.h"

#include <math.h>

#define ROUNDS (TRV_ASAN || TRV_TSAN || TRV_VALGRIND || TRV_GC_STRESS || TRV_GIL_STRESS ? 60 : 600)

/* Functions for workers ---------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(sleep_long, "sleep_long(): until it is cancelled")
{
    tell_begun();
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(wait_long, "wait_long(): for an event")
{
    trv_auto trv_object *event = trv_event_new();

    tell_begun();
    return event && trv_event_wait(event, 1e6) >= 0 ? trv_none_new() : NULL;
}

TRV_STATIC_FUNCTION(compute, "compute(): with checkpoints")
{
    tell_begun();
    for (;;)
        if (trv_checkpoint() < 0)
            return NULL;
}

TRV_STATIC_FUNCTION(sleep_short, "sleep_short(microseconds): them")
{
    int us;

    tell_begun();
    if (trv_parse(args, "i", &us) < 0 || trv_sleep(us * 1e-6) < 0)
        return NULL;
    return trv_int_new(us);
}

TRV_STATIC_FUNCTION(tidy_up, "tidy_up(): a value, though it was cancelled")
{
    tell_begun();
    if (trv_sleep(1e6) == 0 || !trv_error_matches(trv_CancelledError))
        return NULL;
    trv_error_clear();
    return trv_int_new(42);
}

/* Helpers ------------------------------------------------------------------------------------------- */

static trv_object *killing_pool(unsigned workers, unsigned retries, double kill_after)
{
    return new_pool_with((trv_process_pool_options){
        .workers = workers, .retries = retries, .kill_after = kill_after});
}

/* A call whose function, one that tells, has begun. Nothing else is beginning. */
static trv_object *submit_and_begin(trv_object *pool, trv_object *function)
{
    int begun = atomic_load(&news()->begun);
    trv_object *future = trv_submit(pool, function, "");

    ck_assert_ptr_nonnull(future);
    wait_until_begun(begun + 1);
    return future;
}

/* A call that a worker has claimed; its function may not have begun. */
static trv_object *submit_and_claim(trv_object *pool, trv_object *function)
{
    trv_object *future = trv_submit(pool, function, "");

    ck_assert_ptr_nonnull(future);
    while (trv_future_running(future) != 1)
        sleep_ms(1);
    return future;
}

static void expect_cancelled(trv_object *future)
{
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_cancel(future), 1);
}

static int64_t square_of_seven(trv_object *pool)
{
    return int_of(outcome_of(trv_submit(pool, square, "i", 7)));
}

static void cancel_one(trv_object *future)
{
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(trv_future_cancel(future), 1); /* again: no difference */
    expect_cancelled(future);
    trv_unref(future);
}

/* So long after its function has begun. */
static void cancel_in(trv_object *pool, trv_object *function, int delay_ms)
{
    trv_object *future = submit_and_begin(pool, function);

    sleep_ms(delay_ms);
    cancel_one(future);
}

/* Tests ---------------------------------------------------------------------------------------------- */

/* The worker is the same afterwards. */
TEST(running_calls_are_cancelled_whatever_they_do)
{
    trv_object *pool = new_pool(1, 0), *functions[] = {sleep_long, wait_long, compute};
    pid_t pid = pid_at(pool, 0);

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        cancel_one(submit_and_claim(pool, functions[i]));
        for (int delay_ms = 0; delay_ms < 3; delay_ms++)
            cancel_in(pool, functions[i], 10 * delay_ms);
    }
    ck_assert_int_eq(square_of_seven(pool), 49);
    ck_assert_int_eq(pid_at(pool, 0), pid);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(wait_endlessly, "wait_endlessly(): for an event that nobody sets")
{
    trv_auto trv_object *event = trv_event_new();

    return event && trv_event_wait(event, TRV_FOREVER) >= 0 ? trv_none_new() : NULL;
}

/* Listening is no hope: a worker finds its deadlocks as ever. */
TEST(a_worker_that_listens_still_sees_that_nothing_can_run)
{
    trv_object *pool = new_pool(1, 0);

    ck_assert_ptr_null(outcome_of(trv_submit(pool, wait_endlessly, "")));
    crew_expect_error(trv_DeadlockError);
    end_pool(&pool);
}

TEST(a_call_may_tidy_up_and_return)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *future = submit_and_begin(pool, tidy_up);

    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(int_of(trv_future_result(future, TRV_FOREVER)), 42);
    ck_assert_int_eq(trv_future_cancelled(future), 0);
    ck_assert_int_eq(trv_future_cancel(future), 0);
    end_pool(&pool);
}

/* Cancelled at any moment of their lives, calls end one way or the other, and the next one does not
 * notice. Who was cancelled makes the next cancellation come later, who was not sooner: so it comes about when
 * calls end, however fast they are here. */
TEST(a_cancellation_is_decided_once)
{
    trv_object *pool = new_pool(2, 0);
    int counts[2] = {0, 0}, delay_us = 1;

    for (int i = 0; i < ROUNDS; i++) {
        trv_auto trv_object *future = trv_submit(pool, sleep_short, "i", i % 7 * 50);
        trv_auto trv_object *next = trv_submit(pool, sleep_short, "i", 1);
        trv_auto trv_object *result = NULL;
        int answer;
        ck_assert(future && next);
        TRV_ALLOW_THREADS {
            usleep((useconds_t)delay_us);
        }
        answer = trv_future_cancel(future);
        ck_assert_int_ge(answer, 0);
        result = trv_future_result(future, TRV_FOREVER);
        if (!result)
            crew_expect_error(trv_CancelledError);
        ck_assert(result || answer);
        counts[result != NULL]++;
        delay_us = result ? delay_us / 2 : MIN_OF(2 * delay_us + 1, 500000);
        ck_assert_int_eq(int_of(trv_future_result(next, TRV_FOREVER)), 1);
    }
    ck_assert_int_gt(counts[0], 0);
    ck_assert_int_gt(counts[1], 0);
    end_pool(&pool);
}

TEST(a_group_cancels_calls_that_run_in_workers)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *group = trv_group_new(pool);
    trv_auto trv_object *sleeper = group ? trv_group_spawn(group, sleep_long, "") : NULL;
    trv_auto trv_object *failing = NULL;

    ck_assert_ptr_nonnull(sleeper);
    while (trv_future_running(sleeper) != 1)
        sleep_ms(1);
    failing = trv_group_spawn(group, square, "s", "no number");
    ck_assert_ptr_nonnull(failing);
    ck_assert_int_eq(trv_group_join(group), -1);
    trv_error_clear();
    ck_assert_int_eq(trv_future_cancelled(sleeper), 1);
    end_pool(&pool);
}

/* A map that is dropped stops the chunks that run, and the pool serves others. */
TEST(a_chunk_that_runs_is_stopped)
{
    trv_object *pool = new_pool(1, 0);
    trv_map_options options = {.size = sizeof options, .chunk = 3};
    trv_auto trv_object *times = trv_build("[i i i i i i]", 1, 1, 1, 900000000, 900000000, 1);
    trv_auto trv_object *results = trv_map(pool, sleep_short, times, &options);
    trv_object *item = NULL;

    ck_assert_ptr_nonnull(results);
    ck_assert_int_eq(trv_next(results, &item), 1);
    trv_clear(&item);
    wait_until_begun(4); /* three are over, and the fourth lasts */
    trv_clear(&results);
    ck_assert_int_eq(square_of_seven(pool), 49);
    end_pool(&pool);
}

TEST(who_does_not_listen_is_killed)
{
    trv_object *pool = killing_pool(1, 3, 0.05);
    pid_t pid = pid_at(pool, 0);
    trv_auto trv_object *deaf = submit_and_begin(pool, stay);
    trv_object *others[5];

    for (int i = 0; i < 5; i++)
        others[i] = trv_submit(pool, square, "i", i);
    ck_assert_int_eq(trv_future_cancel(deaf), 1);
    expect_cancelled(deaf);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(int_of(outcome_of(others[i])), i * i);
    ck_assert_int_ne(pid_at(pool, 0), pid);
    end_pool(&pool);
}

/* Whether the worker obeyed in time, as is known if it was seen to have within it; then it lives on. */
static bool obeys_within(double kill_after)
{
    trv_object *pool = killing_pool(1, 0, kill_after);
    pid_t pid = pid_at(pool, 0);
    int64_t most_ns = (int64_t)(kill_after * 1e9), began_ns, spent_ns = 0;
    trv_object *const functions[] = {sleep_long, compute};

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        trv_object *future = submit_and_begin(pool, functions[i]);
        began_ns = trv__clock_ns();
        cancel_one(future);
        spent_ns = MAX_OF(spent_ns, trv__clock_ns() - began_ns);
    }
    if (spent_ns < most_ns) {
        sleep_ms((int)(kill_after * 1e3) + 100);
        ck_assert_int_eq(square_of_seven(pool), 49);
        ck_assert_int_eq(pid_at(pool, 0), pid);
    }
    end_pool(&pool);
    return spent_ns < most_ns;
}

/* How much time it needs depends on how busy the machine is. */
TEST(who_obeys_in_time_is_not_killed)
{
    double kill_after = 0.3;

    while (!obeys_within(kill_after))
        kill_after *= 2;
}

/* The time runs out about when calls end: nothing but the cancelled call may fail. */
TEST(killing_late_hurts_nobody_else)
{
    trv_object *pool = killing_pool(2, 0, 0.001);

    for (int i = 0; i < ROUNDS / 6; i++) {
        trv_auto trv_object *deaf = trv_submit(pool, nap, "i", 1 + i % 3);
        trv_auto trv_object *result = NULL;
        trv_object *others[6];
        for (int j = 0; j < 6; j++)
            others[j] = trv_submit(pool, square, "i", j);
        sleep_ms(i % 2);
        ck_assert_int_ge(trv_future_cancel(deaf), 0);
        result = trv_future_result(deaf, TRV_FOREVER);
        if (!result)
            crew_expect_error(trv_CancelledError);
        for (int j = 0; j < 6; j++)
            ck_assert_int_eq(int_of(outcome_of(others[j])), j * j);
    }
    end_pool(&pool);
}

TEST(a_told_call_whose_worker_dies_by_itself_is_not_run_again)
{
    trv_object *pool = new_pool(1, 5);
    trv_auto trv_object *deaf = submit_and_begin(pool, stay);

    ck_assert_int_eq(trv_future_cancel(deaf), 1);
    kill(pid_at(pool, 0), SIGKILL);
    ck_assert_ptr_null(trv_future_result(deaf, TRV_FOREVER));
    crew_expect_error(trv_BrokenProcessPool);
    end_pool(&pool);
}

TEST(an_impossible_time_is_an_error)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 1, .kill_after = -1};

    ck_assert_ptr_null(trv_process_pool_new(&options));
    crew_expect_error(trv_ValueError);
    options.kill_after = NAN;
    ck_assert_ptr_null(trv_process_pool_new(&options));
    crew_expect_error(trv_ValueError);
}

/* Faults strike in the parent, in the zygote and in the worker, whose listener may not come up then: so
 * the call is killed at the latest. */
static void cancel_once(uint64_t nth)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 1, .kill_after = 0.02};
    trv_object *pool = trv_process_pool_new(&options);
    trv_auto trv_object *future = pool ? trv_submit(pool, sleep_long, "") : NULL;

    while (future && trv_future_running(future) != 1 && !trv_future_done(future))
        sleep_ms(1);
    if (future) {
        ck_assert_int_ge(trv_future_cancel(future), 0);
        ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    }
    if (!trv_error_matches(trv_CancelledError) && !trv_error_matches(trv_MemoryError) &&
        !trv_error_matches(trv_OSError) && !trv_error_matches(trv_BrokenProcessPool)) {
        trv_error_print();
        ck_abort_msg("it fails oddly when fault %d strikes", (int)nth);
    }
    trv_error_clear();
    if (pool && trv_shutdown(pool, NULL) < 0)
        trv_error_clear();
    trv_unref(pool);
}

TEST(every_fault_is_survived)
{
    bool struck = true;

    (void)news();
    for (uint64_t nth = 1; struck; nth++) {
        trv__fault_arm(nth);
        cancel_once(nth);
        struck = trv__fault_struck();
        trv__fault_arm(0);
    }
}

TEST_LIST(RUN(running_calls_are_cancelled_whatever_they_do),
          RUN(a_worker_that_listens_still_sees_that_nothing_can_run),
          RUN(a_call_may_tidy_up_and_return), RUN(a_cancellation_is_decided_once),
          RUN(a_group_cancels_calls_that_run_in_workers), RUN(a_chunk_that_runs_is_stopped),
          RUN(who_does_not_listen_is_killed), RUN(who_obeys_in_time_is_not_killed),
          RUN(killing_late_hurts_nobody_else),
          RUN(a_told_call_whose_worker_dies_by_itself_is_not_run_again),
          RUN(an_impossible_time_is_an_error), RUN(every_fault_is_survived))
