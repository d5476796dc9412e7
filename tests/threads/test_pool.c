/* SPDX-License-Identifier: MIT */
/* The thread pool: who runs what when, cancelling, nesting, the many ways to end it. */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <sys/resource.h>

static trv_object *pool, *event;

static void begin(unsigned workers)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = workers, .name = "test"};

    pool = trv_thread_pool_new(&options);
    ck_assert_ptr_nonnull(pool);
    event = trv_event_new();
}

static void end(void)
{
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_clear(&pool);
    trv_clear(&event);
}

static int64_t number_of(trv_object *future)
{
    trv_auto trv_object *result = trv_future_result(future, TRV_FOREVER);
    int64_t number = -1;

    if (result)
        ck_assert_int_eq(trv_int_get(result, &number), 0);
    return number;
}

static unsigned workers_alive(void)
{
    trv_auto trv_object *text = trv_repr(pool);
    unsigned alive, most;

    ck_assert_int_eq(sscanf(strstr(trv_str_utf8(text, NULL), ": "), ": %u of %u", &alive, &most),
                     2);
    return alive;
}

static int running, most_running, run_count;

TRV_STATIC_FUNCTION(nap, "nap(seconds): how many ran at once")
{
    double seconds;

    if (trv_parse(args, "d", &seconds) < 0)
        return NULL;
    run_count++;
    running++;
    if (running > most_running)
        most_running = running;
    if (trv_sleep(seconds) < 0) {
        running--;
        return NULL;
    }
    running--;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(noop, "noop(): nothing")
{
    run_count++;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(wait_for_event, "wait_for_event(): True")
{
    int answer = trv_event_wait(event, TRV_FOREVER);

    return answer < 0 ? NULL : trv_bool_new(answer);
}

/* Who runs what ------------------------------------------------------------------------------- */

TEST(options_are_checked)
{
    trv_thread_pool_options wrong = {.size = 1};

    ck_assert_ptr_null(trv_thread_pool_new(&wrong));
    crew_expect_error(trv_ValueError);
    wrong = (trv_thread_pool_options){.size = sizeof wrong, .workers = 4000000000u};
    ck_assert_ptr_null(trv_thread_pool_new(&wrong));
    crew_expect_error(trv_ValueError);
    wrong = (trv_thread_pool_options){.size = sizeof wrong, .stack_bytes = 100};
    ck_assert_ptr_null(trv_thread_pool_new(&wrong));
    crew_expect_error(trv_ValueError);
    pool = trv_thread_pool_new(NULL);
    ck_assert_uint_eq(trv_executor_workers(pool), trv_cpu_count() + 4);
    ck_assert_uint_eq(workers_alive(), 0);
    trv_unref(pool);
    begin(3);
    ck_assert_uint_eq(trv_executor_workers(pool), 3);
    end();
}

SEEDED_TEST(calls_that_wait_run_side_by_side, 200)
{
    trv_auto trv_object *all = trv_list_new();
    double began = trv_time();

    begin(3);
    for (int i = 0; i < 7; i++) {
        trv_auto trv_object *future = trv_submit(pool, nap, "d", 1.0);
        ck_assert_int_eq(trv_list_append(all, future), 0);
    }
    trv_unref(trv_gather(all));
    crew_expect_no_error("gather");
    ck_assert_double_eq_tol(trv_time() - began, 3, 1e-3);
    ck_assert_int_eq(most_running, 3);
    ck_assert_uint_eq(workers_alive(), 3);
    end();
}

/* One call after another needs one worker, however many there may be. */
SEEDED_TEST(no_more_workers_than_needed, 50)
{
    begin(8);
    for (int i = 0; i < 20; i++) {
        trv_auto trv_object *future = trv_submit(pool, noop, "");
        trv_unref(trv_future_result(future, TRV_FOREVER));
    }
    ck_assert_uint_le(workers_alive(), 2);
    end();
}

/* A call that computes at length does not keep the others from running. */
static int flag;

TRV_STATIC_FUNCTION(spin, "spin(): computes until the flag is set")
{
    while (!*(volatile int *)&flag)
        if (trv_checkpoint() < 0)
            return NULL;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(set_flag, "set_flag(): sets it")
{
    flag = 1;
    return trv_none_new();
}

static void spin_until_set(void)
{
    trv_auto trv_object *spinning = NULL;
    trv_auto trv_object *setting = NULL;

    begin(2);
    flag = 0;
    spinning = trv_submit(pool, spin, "");
    setting = trv_submit(pool, set_flag, "");
    trv_unref(trv_future_result(spinning, TRV_FOREVER));
    crew_expect_no_error("spinning");
    end();
}

TEST(a_call_that_computes_blocks_nobody)
{
    for (int i = 0; i < 20; i++)
        spin_until_set();
}

SEEDED_TEST(a_call_that_computes_blocks_nobody_under_any_seed, 50)
{
    spin_until_set();
}

/* The same for calls in pure C, which need a processor each: all must be inside at once. */
static _Atomic int inside;

TRV_STATIC_FUNCTION(meet, "meet(): waits, without the lock, until three are here")
{
    TRV_ALLOW_THREADS {
        atomic_fetch_add(&inside, 1);
        while (atomic_load(&inside) < 3)
            sched_yield();
    }
    return trv_none_new();
}

TEST(calls_in_pure_c_run_side_by_side)
{
    trv_auto trv_object *all = trv_list_new();

    begin(3);
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *future = trv_submit(pool, meet, "");
        ck_assert_int_eq(trv_list_append(all, future), 0);
    }
    trv_unref(trv_gather(all));
    crew_expect_no_error("meeting");
    end();
}

static int64_t order[50], order_length;

TRV_STATIC_FUNCTION(note, "note(n): in which order")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    order[order_length++] = n;
    return trv_none_new();
}

SEEDED_TEST(one_worker_keeps_the_order, 50)
{
    begin(1);
    for (int64_t i = 0; i < 50; i++)
        trv_unref(trv_submit(pool, note, "l", i));
    end();
    ck_assert_int_eq(order_length, 50);
    for (int64_t i = 0; i < 50; i++)
        ck_assert_int_eq(order[i], i);
}

TEST(many_short_calls)
{
    begin(4);
    for (int i = 0; i < 20000; i++)
        trv_unref(trv_submit(pool, noop, ""));
    end();
    ck_assert_int_eq(run_count, 20000);
}

/* Cancelling ---------------------------------------------------------------------------------- */

SEEDED_TEST(a_queued_call_can_be_taken_back, 50)
{
    trv_auto trv_object *first = NULL;
    trv_auto trv_object *second = NULL;

    begin(1);
    first = trv_submit(pool, wait_for_event, "");
    second = trv_submit(pool, noop, "");
    ck_assert_int_eq(trv_future_cancel(second), 1);
    ck_assert_int_eq(trv_future_cancelled(second), 1);
    ck_assert_int_eq(trv_event_set(event), 0);
    ck_assert_int_eq(number_of(first), 1);
    end();
    ck_assert_int_eq(run_count, 0);
}

static int caught;

TRV_STATIC_FUNCTION(stubborn, "stubborn(): 7, although it was cancelled")
{
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), -1);
    crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(trv_sleep(1), -1); /* and again, and again */
    crew_expect_error(trv_CancelledError);
    TRV_SHIELD {
        ck_assert_int_eq(trv_sleep(1), 0);
    }
    caught++;
    return trv_int_new(7);
}

SEEDED_TEST(a_running_call_is_told, 50)
{
    trv_auto trv_object *first = NULL;
    trv_auto trv_object *second = NULL;

    begin(2);
    first = trv_submit(pool, wait_for_event, "");
    second = trv_submit(pool, stubborn, "");
    crew_settle();
    ck_assert_int_eq(trv_future_running(first), 1);
    ck_assert_int_eq(trv_future_cancel(first), 1);
    ck_assert_int_eq(trv_future_cancel(second), 1);
    ck_assert_int_eq(number_of(first), -1);
    crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(trv_future_cancelled(first), 1);
    ck_assert_int_eq(number_of(second), 7);
    ck_assert_int_eq(caught, 1);
    end();
}

SEEDED_TEST(cancelling_races_with_beginning, 300)
{
    trv_object *futures[4];
    int cancelled = 0;

    begin(2);
    for (int i = 0; i < 4; i++)
        futures[i] = trv_submit(pool, nap, "d", 0.5);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(trv_checkpoint(), 0);
        ck_assert_int_eq(trv_future_cancel(futures[3 - i]), 1);
    }
    for (int i = 0; i < 4; i++) {
        trv_unref(trv_future_result(futures[i], TRV_FOREVER));
        cancelled += trv_error_matches(trv_CancelledError);
        trv_error_clear();
        trv_unref(futures[i]);
    }
    ck_assert_int_eq(cancelled, 4);
    ck_assert_int_eq(running, 0);
    end();
}

/* Nesting ------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(tree, "tree(depth): how many calls it takes, each for two below it")
{
    trv_auto trv_object *left = NULL;
    trv_auto trv_object *right = NULL;
    int64_t depth, a, b;

    if (trv_parse(args, "l", &depth) < 0)
        return NULL;
    if (depth == 0)
        return trv_int_new(1);
    left = trv_submit(pool, tree, "l", depth - 1);
    right = trv_submit(pool, tree, "l", depth - 1);
    a = number_of(left);
    b = number_of(right);
    return trv_error_occurred() ? NULL : trv_int_new(a + b + 1);
}

TRV_STATIC_FUNCTION(wide_tree, "wide_tree(depth): the same, through gather")
{
    trv_auto trv_object *all = trv_list_new();
    trv_auto trv_object *results = NULL;
    int64_t depth, sum = 1, number;

    if (trv_parse(args, "l", &depth) < 0)
        return NULL;
    for (int i = 0; i < 2 && depth > 0; i++) {
        trv_auto trv_object *future = trv_submit(pool, wide_tree, "l", depth - 1);
        if (!future || trv_list_append(all, future) < 0)
            return NULL;
    }
    results = trv_gather(all);
    TRV_FOR(result, results) {
        if (trv_int_get(result, &number) < 0)
            return NULL;
        sum += number;
    }
    return trv_error_occurred() ? NULL : trv_int_new(sum);
}

static void grow_trees(unsigned workers)
{
    trv_auto trv_object *future = NULL;
    trv_auto trv_object *wide = NULL;

    begin(workers);
    future = trv_submit(pool, tree, "i", 5);
    wide = trv_submit(pool, wide_tree, "i", 5);
    ck_assert_int_eq(number_of(future), 63);
    ck_assert_int_eq(number_of(wide), 63);
    end();
}

TEST(nested_calls_need_no_more_workers)
{
    grow_trees(1);
    grow_trees(2);
    grow_trees(4);
}

SEEDED_TEST(nested_calls_need_no_more_workers_under_any_seed, 100)
{
    grow_trees(2);
}

/* The call a worker runs itself is not reached by what ends the wait. */
static trv_object *inner;

TRV_STATIC_FUNCTION(outer, "outer(): waits for a queued call")
{
    inner = trv_submit(pool, nap, "d", 2.0);
    return trv_future_result(inner, TRV_FOREVER);
}

SEEDED_TEST(a_helped_call_is_shielded, 50)
{
    trv_auto trv_object *future = NULL;
    double began = trv_time();

    begin(1);
    future = trv_submit(pool, outer, "");
    ck_assert_int_eq(trv_sleep(1), 0);
    ck_assert_int_eq(trv_future_cancel(future), 1);
    trv_unref(trv_future_result(inner, TRV_FOREVER));
    crew_expect_no_error("the inner call");
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-3);
    trv_unref(trv_future_result(future, TRV_FOREVER));
    trv_error_clear();
    trv_clear(&inner);
    end();
}

TRV_STATIC_FUNCTION(impatient, "impatient(): waits a second for a queued call")
{
    trv_auto trv_object *queued = trv_submit(pool, nap, "d", 5.0);
    trv_auto trv_object *result = NULL;

    TRV_TIMEOUT(1)
        result = trv_future_result(queued, TRV_FOREVER);
    crew_expect_error(trv_TimeoutError);
    ck_assert_ptr_null(trv_future_result(queued, 1));
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(trv_future_cancel(queued), 1);
    return trv_none_new();
}

SEEDED_TEST(a_wait_with_a_deadline_ends_in_time, 20)
{
    trv_auto trv_object *future = NULL;
    double began = trv_time();

    begin(1);
    future = trv_submit(pool, impatient, "");
    trv_unref(trv_future_result(future, TRV_FOREVER));
    crew_expect_no_error("the call");
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-3);
    end();
}

/* Ending -------------------------------------------------------------------------------------- */

SEEDED_TEST(shutdown_waits_for_all, 50)
{
    double began = trv_time();

    begin(2);
    for (int i = 0; i < 4; i++)
        trv_unref(trv_submit(pool, nap, "d", 1.0));
    end();
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-3);
    ck_assert_int_eq(run_count, 4);
}

SEEDED_TEST(shutdown_can_cancel_what_waits, 50)
{
    trv_shutdown_options options = {.size = sizeof options, .cancel_pending = 1};
    trv_object *futures[4];
    double began = trv_time();
    int cancelled = 0;

    begin(2);
    for (int i = 0; i < 4; i++)
        futures[i] = trv_submit(pool, nap, "d", 1.0);
    crew_settle();
    ck_assert_int_eq(trv_shutdown(pool, &options), 0);
    ck_assert_double_eq_tol(trv_time() - began, 1, 1e-3);
    for (int i = 0; i < 4; i++) {
        cancelled += trv_future_cancelled(futures[i]) == 1;
        trv_unref(futures[i]);
    }
    ck_assert_int_eq(run_count, 2);
    ck_assert_int_eq(cancelled, 2);
    end();
}

SEEDED_TEST(shutdown_has_a_deadline, 20)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.5};
    trv_shutdown_options at_once = {.size = sizeof options, .no_wait = 1};
    double began = trv_time();

    begin(1);
    trv_unref(trv_submit(pool, nap, "d", 1.0));
    ck_assert_int_eq(trv_shutdown(pool, &at_once), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0, 1e-6);
    ck_assert_int_eq(trv_shutdown(pool, &options), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 0.5, 1e-3);
    TRV_TIMEOUT(0.25)
        ck_assert_int_eq(trv_shutdown(pool, NULL), -1);
    crew_expect_error(trv_TimeoutError);
    end();
    ck_assert_double_eq_tol(trv_time() - began, 1, 1e-3);
}

TRV_STATIC_FUNCTION(shuts_down, "shuts_down(): its own pool")
{
    ck_assert_int_eq(trv_shutdown(pool, NULL), -1);
    crew_expect_error(trv_RuntimeError);
    return trv_none_new();
}

TEST(a_call_cannot_wait_for_its_pool)
{
    trv_auto trv_object *future = NULL;

    begin(2);
    future = trv_submit(pool, shuts_down, "");
    trv_unref(trv_future_result(future, TRV_FOREVER));
    crew_expect_no_error("the call");
    end();
}

/* Dropping it: queued calls run all the same, and the workers leave by themselves. */
static void drop_with_calls(void)
{
    trv_object *futures[6];

    begin(2);
    for (int i = 0; i < 6; i++)
        futures[i] = trv_submit(pool, nap, "d", 0.001);
    trv_clear(&pool);
    for (int i = 0; i < 6; i++) {
        trv_unref(trv_future_result(futures[i], TRV_FOREVER));
        crew_expect_no_error("a call of a dropped pool");
        trv_unref(futures[i]);
    }
    trv_clear(&event);
    ck_assert_int_eq(run_count, 6);
    while (trv__runtime()->started)
        ck_assert_int_eq(trv_sleep(0.001), 0);
}

TEST(dropping_it_loses_no_call)
{
    drop_with_calls();
}

SEEDED_TEST(dropping_it_loses_no_call_under_any_seed, 100)
{
    drop_with_calls();
}

/* The last reference is in a call of its own. */
TRV_STATIC_FUNCTION(hold, "hold(pool): drops it at its end")
{
    ck_assert_int_eq(trv_sleep(1), 0);
    trv_unref(trv_submit(args->items[0], noop, ""));
    return trv_none_new();
}

SEEDED_TEST(its_own_call_may_drop_it, 50)
{
    trv_auto trv_object *future = NULL;

    begin(2);
    future = trv_submit(pool, hold, "o", pool);
    trv_clear(&pool);
    trv_unref(trv_future_result(future, TRV_FOREVER));
    crew_expect_no_error("the call");
    trv_clear(&event);
    while (trv__runtime()->started)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    ck_assert_int_eq(run_count, 1);
}

/* trv_fini with a pool alive. */
static int run_on, ended_by_cancel;

TRV_STATIC_FUNCTION(runs_on, "runs_on(): until it is cancelled")
{
    run_on++;
    ck_assert_int_eq(trv_sleep(1e6), -1);
    ended_by_cancel += trv_error_matches(trv_CancelledError);
    return NULL;
}

static void end_runtime_with_pool(const char *seed, bool keep)
{
    trv_config config = {.size = sizeof config, .seed = seed};

    run_on = ended_by_cancel = run_count = 0;
    ck_assert_int_eq(trv_init(&config), 0);
    begin(2);
    for (int i = 0; i < 2; i++)
        trv_unref(trv_submit(pool, runs_on, ""));
    for (int i = 0; i < 3; i++)
        trv_unref(trv_submit(pool, noop, ""));
    while (run_on < 2)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    trv_clear(&event);
    if (!keep)
        trv_clear(&pool);
    trv_fini();
    ck_assert_int_eq(ended_by_cancel, 2);
    ck_assert_int_eq(run_count, 0);
}

RAW_TEST(the_runtime_ends_it)
{
    static const char *const seeds[] = {"", "1", "2", "3", "4", "5"};

    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        end_runtime_with_pool(seeds[i], false);
        end_runtime_with_pool(seeds[i], true);
    }
}

/* Threads that cannot be started -------------------------------------------------------------- */

/* As root the limit on threads does not bind; a stack that cannot be mapped does the same. */
static void with_little_memory(void (*body)(void))
{
    struct rlimit before, little;

    ck_assert_int_eq(getrlimit(RLIMIT_AS, &before), 0);
    little = before;
    little.rlim_cur = (rlim_t)16 << 30;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &little), 0);
    body();
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &before), 0);
}

static void submit_to_huge_stacks(void)
{
    trv_thread_pool_options options = {
        .size = sizeof options, .workers = 2, .stack_bytes = (size_t)40 << 30};

    pool = trv_thread_pool_new(&options);
    ck_assert_ptr_nonnull(pool);
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(trv_submit(pool, noop, ""));
        ck_assert_int_eq(trv_error_occurred(), 1);
        trv_error_clear();
    }
    ck_assert_uint_eq(workers_alive(), 0);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_clear(&pool);
}

TEST(without_any_worker_submitting_fails)
{
    if (!(TRV_ASAN || TRV_TSAN || TRV_VALGRIND)) /* their own mappings are beyond any limit */
        with_little_memory(submit_to_huge_stacks);
}

static void submit_with_room_for_one(void)
{
    trv_thread_pool_options options = {
        .size = sizeof options, .workers = 8, .stack_bytes = (size_t)9 << 30};
    trv_auto trv_object *first = NULL;
    trv_auto trv_object *second = NULL;

    pool = trv_thread_pool_new(&options);
    event = trv_event_new();
    first = trv_submit(pool, wait_for_event, "");
    while (trv_future_running(first) != 1)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    second = trv_submit(pool, noop, "");
    ck_assert_ptr_nonnull(second);
    crew_expect_no_error("submitting");
    ck_assert_uint_eq(workers_alive(), 1);
    ck_assert_int_eq(trv_event_set(event), 0);
    trv_unref(trv_future_result(second, TRV_FOREVER));
    ck_assert_int_eq(number_of(first), 1);
    end();
}

TEST(one_worker_is_enough)
{
    if (!(TRV_ASAN || TRV_TSAN || TRV_VALGRIND))
        with_little_memory(submit_with_room_for_one);
}

/* From a finalizer ---------------------------------------------------------------------------- */

static trv_object *from_finalizer;

static void submit_in_finalizer(trv_object *self)
{
    (void)self;
    from_finalizer = trv_submit(pool, noop, "");
}

TEST(a_finalizer_may_submit)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "dropped", .slots = {.finalize = submit_in_finalizer}};
    trv_auto trv_object *type = trv_type_new(&spec);

    begin(1);
    for (int i = 0; i < 2; i++) {
        trv_unref(trv_call(type, ""));
        ck_assert_ptr_nonnull(from_finalizer);
        trv_unref(trv_future_result(from_finalizer, TRV_FOREVER));
        crew_expect_no_error("the call");
        trv_clear(&from_finalizer);
    }
    end();
}

TEST_LIST(RUN(options_are_checked), RUN(calls_that_wait_run_side_by_side),
          RUN(no_more_workers_than_needed), RUN(a_call_that_computes_blocks_nobody),
          RUN(a_call_that_computes_blocks_nobody_under_any_seed),
          RUN(calls_in_pure_c_run_side_by_side), RUN(one_worker_keeps_the_order),
          RUN(many_short_calls), RUN(a_queued_call_can_be_taken_back), RUN(a_running_call_is_told),
          RUN(cancelling_races_with_beginning), RUN(nested_calls_need_no_more_workers),
          RUN(nested_calls_need_no_more_workers_under_any_seed), RUN(a_helped_call_is_shielded),
          RUN(a_wait_with_a_deadline_ends_in_time), RUN(shutdown_waits_for_all),
          RUN(shutdown_can_cancel_what_waits), RUN(shutdown_has_a_deadline),
          RUN(a_call_cannot_wait_for_its_pool), RUN(dropping_it_loses_no_call),
          RUN(dropping_it_loses_no_call_under_any_seed), RUN(its_own_call_may_drop_it),
          RUN(the_runtime_ends_it), RUN(without_any_worker_submitting_fails),
          RUN(one_worker_is_enough), RUN(a_finalizer_may_submit))
