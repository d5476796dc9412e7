/* SPDX-License-Identifier: MIT */
/*
 * Plain C work: all of it runs, once, without the GIL; waiting for it from threads and coroutines,
 * also when the wait is cancelled or times out; a shutdown and an end of the runtime in the middle.
 *
 * The threads are beyond the chooser's sight, so these are no seeded tests: the queue itself is
 * searched by the model checker.
 */
#include "base/clock.h"
#include "base/fault.h"
#include "support/crew.h"
#include "support/harness.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#define MANY (TRV_VALGRIND ? 2000 : 20000)

static _Atomic int ran;
static trv_object *pool, *group;

static void *count_one(void *data)
{
    atomic_fetch_add((_Atomic int *)data, 1);
    return data;
}

static void *nap(void *data)
{
    struct timespec t = {0, (long)(intptr_t)data};

    nanosleep(&t, NULL);
    atomic_fetch_add(&ran, 1);
    return NULL;
}

static trv_object *new_pool(unsigned workers)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = workers};
    trv_object *made = trv_thread_pool_new(&options);

    ck_assert_ptr_nonnull(made);
    return made;
}

static void begin(unsigned workers)
{
    pool = new_pool(workers);
    group = trv_work_group_new(pool);
    ck_assert_ptr_nonnull(group);
}

static void end(void)
{
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_clear(&group);
    trv_clear(&pool);
}

static void submit(trv_work_function function, void *data)
{
    ck_assert_int_eq(trv_work_submit(group, function, data), 0);
}

/* Running ------------------------------------------------------------------------------------------ */

TEST(everything_runs_once)
{
    static const unsigned workers[] = {1, 2, 3, 8};

    for (size_t w = 0; w < sizeof workers / sizeof *workers; w++) {
        begin(workers[w]);
        for (int round = 0; round < 3; round++) {
            atomic_store(&ran, 0);
            for (int i = 0; i < MANY; i++)
                submit(count_one, &ran);
            ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
            ck_assert_int_eq(atomic_load(&ran), MANY);
        }
        ck_assert_int_eq(trv_work_wait(group, 0), 0);
        end();
    }
}

static void *submit_many(void *unused)
{
    for (int i = 0; i < MANY; i++)
        submit(count_one, &ran);
    return unused;
}

/* Threads that the runtime does not know. */
TEST(many_threads_submit_without_the_gil)
{
    pthread_t threads[4];

    begin(2);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, submit_many, NULL), 0);
    while (atomic_load(&ran) < MANY)
        ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    TRV_ALLOW_THREADS {
        for (int i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
    }
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    ck_assert_int_eq(atomic_load(&ran), 4 * MANY);
    end();
}

static void *submit_more(void *data)
{
    intptr_t depth = (intptr_t)data;

    for (int i = 0; i < 2 && depth; i++)
        submit(submit_more, (void *)(depth - 1));
    atomic_fetch_add(&ran, 1);
    return NULL;
}

TEST(work_submits_work)
{
    begin(3);
    submit(submit_more, (void *)10);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    ck_assert_int_eq(atomic_load(&ran), 2047);
    end();
}

static sem_t gate;
static _Atomic int at_gate;

static void *wait_at_gate(void *unused)
{
    atomic_fetch_add(&at_gate, 1);
    while (sem_wait(&gate) < 0)
        ;
    return unused;
}

static void *open_gate(void *unused)
{
    sem_post(&gate);
    return unused;
}

/* What stands behind something long, in the queue or in the same worker's batch, is run by another. */
TEST(nothing_waits_behind_what_is_long)
{
    sem_init(&gate, 0, 0);
    begin(2);
    for (int round = 0; round < 200; round++) {
        int before = rand() % 70, after = rand() % 70;
        for (int i = 0; i < before; i++)
            submit(count_one, &ran);
        submit(wait_at_gate, NULL);
        for (int i = 0; i < after; i++)
            submit(count_one, &ran);
        submit(open_gate, NULL);
        ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    }
    end();
    sem_destroy(&gate);
}

static void *take_gil(void *data)
{
    ck_assert_int_eq(trv_thread_attach(), 0);
    ran++;
    trv_thread_detach();
    return data;
}

TEST(work_may_take_the_gil)
{
    begin(2);
    for (int i = 0; i < 100; i++)
        submit(take_gil, NULL);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    ck_assert_int_eq(ran, 100);
    end();
}

/* Waiting ------------------------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(wait_for_group, "wait_for_group(): until it is done")
{
    (void)args;
    return trv_work_wait(group, TRV_FOREVER) < 0 ? NULL : trv_int_new(atomic_load(&ran));
}

TRV_STATIC_FUNCTION(wait_together, "wait_together(n): so many coroutines")
{
    trv_auto trv_object *futures = trv_list_new();
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    while (n-- > 0) {
        trv_auto trv_object *future = trv_spawn(wait_for_group, "");
        if (!future || trv_list_append(futures, future) < 0)
            return NULL;
    }
    return trv_gather(futures);
}

TEST(threads_and_coroutines_wait_for_the_same)
{
    trv_auto trv_object *threads = NULL, *all = NULL;
    trv_object *others[4];

    begin(2);
    threads = new_pool(4);
    for (int i = 0; i < 50; i++)
        submit(nap, (void *)1000000);
    for (int i = 0; i < 4; i++)
        others[i] = trv_submit(threads, wait_for_group, "");
    all = trv_run(wait_together, "i", 5);
    ck_assert_ptr_nonnull(all);
    for (int i = 0; i < 4; i++) {
        trv_auto trv_object *result = trv_future_result(others[i], TRV_FOREVER);
        int64_t seen = 0;
        ck_assert_ptr_nonnull(result);
        ck_assert_int_eq(trv_int_get(result, &seen), 0);
        ck_assert_int_eq(seen, 50);
        trv_clear(&others[i]);
    }
    ck_assert_int_eq(trv_shutdown(threads, NULL), 0);
    end();
}

/* Whoever watches the group and leaves passes the watch on. */
TEST(waits_end_early)
{
    trv_auto trv_object *threads = NULL;
    trv_object *futures[6];

    sem_init(&gate, 0, 0);
    begin(1);
    threads = new_pool(6);
    for (int round = 0; round < 20; round++) {
        submit(wait_at_gate, NULL);
        for (int i = 0; i < 6; i++)
            futures[i] = trv_submit(threads, wait_for_group, "");
        ck_assert_int_eq(trv_work_wait(group, 0.0005), -1);
        crew_expect_error(trv_TimeoutError);
        for (int i = 0; i < 6; i += 2)
            ck_assert_int_eq(trv_future_cancel(futures[i]), 1);
        for (int i = 0; i < 6; i += 2) {
            ck_assert_ptr_null(trv_future_result(futures[i], TRV_FOREVER));
            crew_expect_error(trv_CancelledError);
        }
        open_gate(NULL);
        for (int i = 0; i < 6; i++) {
            trv_auto trv_object *exception = NULL;
            if (i % 2)
                exception = trv_future_exception(futures[i], TRV_FOREVER);
            ck_assert(i % 2 == 0 || trv_is_none(exception));
            trv_unref(futures[i]);
        }
    }
    ck_assert_int_eq(trv_shutdown(threads, NULL), 0);
    end();
    sem_destroy(&gate);
}

TEST(a_scope_ends_the_wait)
{
    sem_init(&gate, 0, 0);
    begin(1);
    submit(wait_at_gate, NULL);
    TRV_TIMEOUT(0.01)
        (void)trv_work_wait(group, TRV_FOREVER);
    crew_expect_error(trv_TimeoutError);
    open_gate(NULL);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    end();
    sem_destroy(&gate);
}

/* Ending -------------------------------------------------------------------------------------------- */

TEST(shutdown_waits_for_work)
{
    begin(2);
    for (int i = 0; i < 20; i++)
        submit(nap, (void *)1000000);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_int_eq(atomic_load(&ran), 20);
    errno = 0;
    ck_assert_int_eq(trv_work_submit(group, nap, NULL), -1);
    ck_assert_int_eq(errno, ESHUTDOWN);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    ck_assert_ptr_null(trv_work_group_new(pool));
    crew_expect_error(trv_RuntimeError);
    end();
}

TEST(shutdown_drops_what_has_not_begun)
{
    trv_shutdown_options options = {.size = sizeof options, .cancel_pending = 1, .no_wait = 1};

    sem_init(&gate, 0, 0);
    begin(1);
    submit(wait_at_gate, NULL);
    for (int i = 0; i < 500; i++)
        submit(count_one, &ran);
    while (!atomic_load(&at_gate))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    ck_assert_int_eq(trv_shutdown(pool, &options), 0);
    open_gate(NULL);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), -1);
    crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    end();
    ck_assert_int_eq(atomic_load(&ran), 0);
    sem_destroy(&gate);
}

TEST(shutdown_has_a_deadline)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.005};

    sem_init(&gate, 0, 0);
    begin(1);
    submit(wait_at_gate, NULL);
    ck_assert_int_eq(trv_shutdown(pool, &options), -1);
    crew_expect_error(trv_TimeoutError);
    open_gate(NULL);
    end();
    sem_destroy(&gate);
}

/* What was submitted runs without its group and its pool. */
TEST(groups_and_pools_are_dropped)
{
    trv_heap_stats before;

    trv_heap_stats_get(&before);
    for (int i = 0; i < 20; i++) {
        begin(2);
        for (int k = 0; k < 5; k++)
            submit(nap, (void *)100000);
        trv_clear(&group);
        trv_clear(&pool);
    }
    while (atomic_load(&ran) < 100)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    /* Another pool sees to what the threads have left behind. */
    for (trv_heap_stats stats = {.live_bytes = SIZE_MAX}; stats.live_bytes > before.live_bytes;
         trv_heap_stats_get(&stats)) {
        pool = new_pool(1);
        trv_clear(&pool);
        ck_assert_int_eq(trv_sleep(0.001), 0);
    }
}

RAW_TEST(the_runtime_ends_in_the_middle)
{
    ck_assert_int_eq(trv_init(NULL), 0);
    begin(2);
    for (int i = 0; i < 50; i++)
        submit(nap, (void *)1000000);
    trv_clear(&group);
    trv_clear(&pool);
    trv_fini();
}

/* Work with a future ---------------------------------------------------------------------------------- */

static void *twice(void *data)
{
    return (void *)(2 * (intptr_t)data);
}

TRV_STATIC_FUNCTION(await_twice, "await_twice(n): from a coroutine")
{
    int64_t n;
    trv_auto trv_object *future = NULL;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    future = trv_submit_work(pool, twice, (void *)(intptr_t)n);
    return future ? trv_future_result(future, TRV_FOREVER) : NULL;
}

static int64_t value_of(trv_object *result)
{
    int64_t value = -1;

    ck_assert_ptr_nonnull(result);
    ck_assert_int_eq(trv_int_get(result, &value), 0);
    trv_unref(result);
    return value;
}

TEST(work_with_a_future)
{
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL), *here = NULL;

    begin(2);
    ck_assert_int_eq(value_of(trv_call(await_twice, "i", 21)), 42);
    ck_assert_int_eq(value_of(trv_run(await_twice, "i", 4)), 8);
    ck_assert_ptr_null(trv_submit_work(pool, NULL, NULL));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_submit_work(coroutines, twice, NULL));
    crew_expect_error(trv_TypeError);
    end();
    here = pool = trv_inline_executor_new();
    ck_assert_int_eq(value_of(trv_call(await_twice, "i", 3)), 6);
    pool = NULL;
    ck_assert_int_eq(trv_shutdown(coroutines, NULL), 0);
}

/* Misuse and exhaustion --------------------------------------------------------------------------------- */

TEST(misuse_is_an_error)
{
    trv_auto trv_object *here = trv_inline_executor_new();

    begin(1);
    ck_assert_ptr_null(trv_work_group_new(here));
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_work_submit(pool, count_one, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(trv_work_submit(group, NULL, NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(trv_work_wait(pool, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_work_wait(group, -1), -1);
    crew_expect_error(trv_ValueError);
    end();
}

#if TRV_FAULT
/* Each allocation and each thread fails once; what was accepted runs all the same. */
TEST(everything_fails_once)
{
    bool has_struck = true;

    for (uint64_t nth = 1; has_struck; nth++) {
        pool = new_pool(3);
        trv__fault_arm(nth);
        group = trv_work_group_new(pool);
        if (group) {
            int accepted = 0;
            atomic_store(&ran, 0);
            for (int i = 0; i < 300; i++)
                accepted += trv_work_submit(group, nap, (void *)1000) == 0;
            while (trv_work_wait(group, TRV_FOREVER) < 0)
                trv_error_clear();
            ck_assert_int_eq(atomic_load(&ran), accepted);
        } else {
            trv_error_clear();
        }
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        end();
    }
}
#else
TEST(everything_fails_once)
{
}
#endif

TEST_LIST(RUN(everything_runs_once), RUN(many_threads_submit_without_the_gil),
          RUN(work_submits_work), RUN(nothing_waits_behind_what_is_long),
          RUN(work_may_take_the_gil), RUN(threads_and_coroutines_wait_for_the_same),
          RUN(waits_end_early), RUN(a_scope_ends_the_wait), RUN(shutdown_waits_for_work),
          RUN(shutdown_drops_what_has_not_begun), RUN(shutdown_has_a_deadline),
          RUN(groups_and_pools_are_dropped), RUN(the_runtime_ends_in_the_middle),
          RUN(work_with_a_future), RUN(misuse_is_an_error), RUN(everything_fails_once))
