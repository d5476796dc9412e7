/* SPDX-License-Identifier: MIT */
/*
 * Threads that wait for results of a process pool: one of them is woken by workers itself, the
 * leader. Whoever it is and however its wait ends, nobody else's wake-up may be lost with it.
 */
#include "pool_support.h"

static trv_object *pool;
static int done;

/* Threads that wait at once ------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(wait_for_many, "wait_for_many(ms): of calls one after another")
{
    int ms;

    if (trv_parse(args, "i", &ms) < 0)
        return NULL;
    for (int i = 0; i < 20; i++) {
        trv_object *future = trv_submit(pool, nap, "i", ms);
        trv_auto trv_object *result = future ? outcome_of(future) : NULL;
        if (!result)
            return NULL;
        done++;
    }
    return trv_none_new();
}

/* Each time the leader has its result, another must be found to be woken. */
TEST(several_threads_wait)
{
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_object *futures[4];

    pool = new_pool(2, 0);
    for (int i = 0; i < 4; i++)
        futures[i] = trv_submit(threads, wait_for_many, "i", i % 3);
    for (int i = 0; i < 4; i++)
        trv_unref(outcome_of(futures[i]));
    ck_assert_int_eq(done, 80);
    end_pool(&pool);
    ck_assert_int_eq(trv_shutdown(threads, NULL), 0);
}

/* A leader that leaves early ----------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(wait_for_one, "wait_for_one(future): its result")
{
    return trv_future_result(args->items[0], TRV_FOREVER);
}

TEST(a_leader_is_cancelled)
{
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_object *slow, *waits;

    pool = new_pool(2, 0);
    trv_unref(outcome_of(trv_submit(pool, nap, "i", 0)));
    slow = trv_submit(pool, stay, "");
    waits = trv_submit(threads, wait_for_one, "o", slow);
    while (trv_future_running(waits) == 0)
        sleep_ms(1);
    sleep_ms(20);
    ck_assert_int_eq(trv_future_cancel(waits), 1);
    ck_assert_ptr_null(outcome_of(waits));
    crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(trv_future_done(slow), 0);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 5))), 25);
    let_go();
    trv_unref(outcome_of(slow));
    end_pool(&pool);
    ck_assert_int_eq(trv_shutdown(threads, NULL), 0);
}

/* The leader's mark lies in the ring of a worker that is replaced. */
TEST(a_worker_dies_under_the_leader)
{
    trv_object *first, *second, *third;
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);

    pool = new_pool(1, 0);
    first = trv_submit(pool, stay, "");
    second = trv_submit(pool, square, "i", 6);
    third = trv_submit(threads, wait_for_one, "o", second);
    wait_until_begun(1);
    sleep_ms(20);
    kill(pid_at(pool, 0), SIGKILL);
    ck_assert_int_eq(int_of(outcome_of(third)), 36);
    trv_unref(second);
    ck_assert_ptr_null(outcome_of(first));
    crew_expect_error(trv_BrokenProcessPool);
    end_pool(&pool);
    ck_assert_int_eq(trv_shutdown(threads, NULL), 0);
}

/* Who waits for several must not sleep for one of them. */
TEST(the_first_of_several_is_not_always_the_first)
{
    trv_auto trv_object *futures = NULL, *iterator = NULL, *first = NULL;
    trv_object *slow, *quick;

    pool = new_pool(2, 0);
    trv_unref(outcome_of(trv_submit(pool, nap, "i", 0)));
    slow = trv_submit(pool, stay, "");
    quick = trv_submit(pool, nap, "i", 1);
    futures = trv_build("[o o]", slow, quick);
    iterator = trv_as_completed(futures, TRV_FOREVER);
    ck_assert_int_eq(trv_next(iterator, &first), 1);
    ck_assert(trv_is(first, quick));
    ck_assert_int_eq(trv_future_done(slow), 0);
    let_go();
    trv_unref(slow);
    trv_unref(quick);
    end_pool(&pool);
}

TEST_LIST(RUN(several_threads_wait), RUN(a_leader_is_cancelled),
          RUN(a_worker_dies_under_the_leader), RUN(the_first_of_several_is_not_always_the_first))
