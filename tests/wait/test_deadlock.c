/* SPDX-License-Identifier: MIT */
/*
 * Deadlocks over owned things: found when they close, in whoever closes them, whatever else runs; told
 * with names and places; and not seen where there is a way out.
 */
#include "wait/told.h"

#include "base/fault.h"
#include "base/locate.h"

/* Cycles of locks ----------------------------------------------------------------------------- */

enum leg { THREAD, COROUTINE };

static trv_object *locks[3], *all_have_one;
static size_t have_one, participants;

/* Takes one lock, waits until all have one, and takes the next: 1, or 0 if that was a deadlock. */
TRV_STATIC_FUNCTION(take_both, "take_both(first, second, timeout)")
{
    size_t first, second;
    double timeout;
    int answer;

    ck_assert_int_eq(trv_parse(args, "zzd", &first, &second, &timeout), 0);
    ck_assert_int_eq(trv_lock_acquire(locks[first], TRV_FOREVER), 1);
    if (++have_one == participants)
        trv_event_set(all_have_one);
    ck_assert_int_eq(trv_event_wait(all_have_one, TRV_FOREVER), 1);
    answer = trv_lock_acquire(locks[second], timeout);
    if (answer < 0)
        note_deadlock();
    if (answer > 0)
        ck_assert_int_eq(trv_lock_release(locks[second]), 0);
    ck_assert_int_eq(trv_lock_release(locks[first]), 0);
    return trv_int_new(answer > 0);
}

static void begin(size_t count)
{
    found = 0;
    have_one = 0;
    participants = count;
    all_have_one = trv_event_new();
    for (size_t i = 0; i < COUNT_OF(locks); i++)
        locks[i] = trv_lock_new();
}

static void end(void)
{
    trv_clear(&all_have_one);
    for (size_t i = 0; i < COUNT_OF(locks); i++)
        trv_clear(&locks[i]);
}

/* How many got both, of so many that stand in a circle; the first has the timeout. */
static int64_t circle(const enum leg *legs, size_t count, double timeout)
{
    trv_object *pools[] = {trv_thread_pool_new(NULL), trv_coroutine_pool_new(NULL)};
    trv_object *futures[COUNT_OF(locks)];
    int64_t sum = 0;

    begin(count);
    for (size_t i = 0; i < count; i++)
        futures[i] = trv_submit(pools[legs[i]], take_both, "zzd", i, (i + 1) % count,
                                i ? TRV_FOREVER : timeout);
    for (size_t i = 0; i < count; i++) {
        sum += number_of(trv_future_result(futures[i], TRV_FOREVER));
        trv_unref(futures[i]);
    }
    for (size_t i = 0; i < COUNT_OF(pools); i++) {
        ck_assert_int_eq(trv_shutdown(pools[i], NULL), 0);
        trv_unref(pools[i]);
    }
    end();
    return sum;
}

static void expect_deadlock(const enum leg *legs, size_t count)
{
    ck_assert_int_eq(circle(legs, count, TRV_FOREVER), (int64_t)count - 1);
    ck_assert_int_eq(found, 1);
    expect_in_message("these wait for each other:");
    expect_in_message(" in lock_acquire at ");
    expect_in_message(", for <locked lock at 0x");
    expect_in_message("; holds <locked lock at 0x");
    if (TRV_LIBDW)
        expect_in_message("take_both (test_deadlock.c:");
    for (size_t i = 0; i < count; i++)
        expect_in_message(legs[i] == THREAD ? "thread 'pool-" : "coroutine 'take_both'");
}

SEEDED_TEST(two_threads, 200)
{
    expect_deadlock((enum leg[]){THREAD, THREAD}, 2);
    expect_in_message("running take_both");
}

SEEDED_TEST(two_coroutines, 200)
{
    expect_deadlock((enum leg[]){COROUTINE, COROUTINE}, 2);
}

SEEDED_TEST(a_thread_and_a_coroutine, 200)
{
    expect_deadlock((enum leg[]){THREAD, COROUTINE}, 2);
}

SEEDED_TEST(three, 200)
{
    expect_deadlock((enum leg[]){THREAD, COROUTINE, THREAD}, 3);
}

TEST(without_a_seed)
{
    for (int i = 0; i < 20; i++)
        expect_deadlock((enum leg[]){THREAD, COROUTINE, THREAD}, 3);
}

/* Whose deadline comes goes on, and so do the others. */
SEEDED_TEST(a_deadline_is_a_way_out, 200)
{
    ck_assert_int_eq(circle((enum leg[]){THREAD, COROUTINE, THREAD}, 3, 1), 2);
    ck_assert_int_eq(found, 0);
}

TEST(a_lock_that_is_mine)
{
    trv_auto trv_object *lock = trv_lock_new();

    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), -1);
    ck_assert(trv_error_matches(trv_RuntimeError));
    note_deadlock();
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

TRV_STATIC_FUNCTION(take_third, "take_third(): the lock that is held around the loop")
{
    if (trv_lock_acquire(locks[2], TRV_FOREVER) < 0)
        return NULL;
    return trv_raise(trv_SystemError, "it was free");
}

/* Whoever runs the loop waits for its main call. */
SEEDED_TEST(a_lock_held_around_the_loop, 50)
{
    begin(0);
    ck_assert_int_eq(trv_lock_acquire(locks[2], TRV_FOREVER), 1);
    ck_assert_ptr_null(trv_run(take_third, ""));
    note_deadlock();
    expect_in_message("the main thread in trv_run at ");
    expect_in_message("coroutine 'take_third' in lock_acquire");
    expect_in_message("; runs <future at ");
    ck_assert_int_eq(trv_lock_release(locks[2]), 0);
    end();
}

/* The deadline around the loop cancels what runs in it. */
SEEDED_TEST(a_deadline_around_the_loop_is_a_way_out, 50)
{
    trv_scope scope;

    begin(0);
    ck_assert_int_eq(trv_lock_acquire(locks[2], TRV_FOREVER), 1);
    ck_assert_int_eq(trv_scope_begin(&scope, 1), 0);
    ck_assert_ptr_null(trv_run(take_third, ""));
    ck_assert_int_eq(trv_scope_end(&scope), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(trv_lock_release(locks[2]), 0);
    end();
}

/* Futures ------------------------------------------------------------------------------------- */

static trv_object *futures[4], *gate;

/* Waits for a future: 1, or 0 if that was a deadlock. */
TRV_STATIC_FUNCTION(wait_for, "wait_for(number)")
{
    trv_auto trv_object *result = NULL;
    size_t number;

    ck_assert_int_eq(trv_parse(args, "z", &number), 0);
    ck_assert_int_eq(trv_event_wait(gate, TRV_FOREVER), 1);
    result = trv_future_result(futures[number], TRV_FOREVER);
    if (!result)
        note_deadlock();
    return trv_int_new(result != NULL);
}

TRV_STATIC_FUNCTION(do_nothing, "do_nothing()")
{
    return trv_int_new(1);
}

static int64_t open_and_sum(size_t count)
{
    int64_t sum = 0;

    trv_event_set(gate);
    for (size_t i = 0; i < count; i++)
        sum += number_of(trv_future_result(futures[i], TRV_FOREVER));
    for (size_t i = 0; i < count; i++)
        trv_clear(&futures[i]);
    trv_clear(&gate);
    return sum;
}

static trv_object *small_pool(enum leg leg)
{
    trv_thread_pool_options threads = {.size = sizeof threads, .workers = 1};
    trv_coroutine_pool_options coroutines = {.size = sizeof coroutines, .workers = 1};

    found = 0;
    return leg == THREAD ? trv_thread_pool_new(&threads) : trv_coroutine_pool_new(&coroutines);
}

/* Each runs, and waits for the other. */
SEEDED_TEST(two_calls_of_two_pools, 200)
{
    trv_auto trv_object *a = small_pool(THREAD), *b = small_pool(COROUTINE);

    gate = trv_event_new();
    futures[0] = trv_submit(a, wait_for, "i", 1);
    futures[1] = trv_submit(b, wait_for, "i", 0);
    ck_assert_int_eq(open_and_sum(2), 1);
    ck_assert_int_eq(found, 1);
    expect_in_message(" in future_result at ");
    expect_in_message("; runs <future at ");
    ck_assert_int_eq(trv_shutdown(a, NULL) | trv_shutdown(b, NULL), 0);
}

/* Each pool's only place is taken by a call that waits for one that has none yet in the other. */
static void wait_through(enum leg one, enum leg other)
{
    trv_auto trv_object *a = small_pool(one), *b = small_pool(other);

    gate = trv_event_new();
    futures[0] = trv_submit(a, wait_for, "i", 3);
    futures[1] = trv_submit(b, wait_for, "i", 2);
    futures[2] = trv_submit(a, do_nothing, "");
    futures[3] = trv_submit(b, do_nothing, "");
    ck_assert_int_eq(open_and_sum(4), 3);
    ck_assert_int_eq(found, 1);
    expect_in_message(one == THREAD || other == THREAD ? "could run" : "could make room for");
    ck_assert_int_eq(trv_shutdown(a, NULL) | trv_shutdown(b, NULL), 0);
}

SEEDED_TEST(through_another_pool, 200)
{
    wait_through(THREAD, THREAD);
    wait_through(THREAD, COROUTINE);
    wait_through(COROUTINE, COROUTINE);
}

/* In a pool of coroutines nobody else makes room. */
SEEDED_TEST(a_call_of_the_own_pool, 50)
{
    trv_auto trv_object *pool = small_pool(COROUTINE);

    gate = trv_event_new();
    futures[0] = trv_submit(pool, wait_for, "i", 1);
    futures[1] = trv_submit(pool, do_nothing, "");
    ck_assert_int_eq(open_and_sum(2), 1);
    ck_assert_int_eq(found, 1);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

/* The call inside waits for the one around it: both have the same runner. */
TRV_STATIC_FUNCTION(nest, "nest(): runs within, what waits for this")
{
    trv_auto trv_object *executor = trv_inline_executor_new();
    trv_auto trv_object *future = trv_submit(executor, wait_for, "i", 0);

    return trv_future_result(future, TRV_FOREVER);
}

SEEDED_TEST(a_call_around_this_one, 50)
{
    trv_auto trv_object *pool = small_pool(THREAD);

    gate = trv_event_new();
    futures[0] = trv_submit(pool, nest, "");
    ck_assert_int_eq(open_and_sum(1), 0);
    ck_assert_int_eq(found, 1);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

/* Threads ------------------------------------------------------------------------------------- */

static trv_object *threads[2];

TRV_STATIC_FUNCTION(join_other, "join_other(number)")
{
    size_t number;

    ck_assert_int_eq(trv_parse(args, "z", &number), 0);
    ck_assert_int_eq(trv_event_wait(gate, TRV_FOREVER), 1);
    if (trv_thread_join(threads[number], TRV_FOREVER) < 0)
        note_deadlock();
    return trv_none_new();
}

SEEDED_TEST(two_threads_join_each_other, 200)
{
    found = 0;
    gate = trv_event_new();
    for (int i = 0; i < 2; i++) {
        threads[i] = trv_thread_new(join_other, "i", 1 - i);
        ck_assert_int_eq(trv_thread_start(threads[i]), 0);
    }
    trv_event_set(gate);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(trv_thread_join(threads[i], TRV_FOREVER), 1);
    ck_assert_int_eq(found, 1);
    expect_in_message(" in thread_join at ");
    expect_in_message("; is <thread");
    for (int i = 0; i < 2; i++)
        trv_clear(&threads[i]);
    trv_clear(&gate);
}

/* Conditions ---------------------------------------------------------------------------------- */

static trv_object *condition;

/* Waits for the condition while it holds lock 0; who notifies wants that before it lets go. */
static void hold_and_wait(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_acquire(locks[0], TRV_FOREVER), 1);
    ck_assert_int_eq(trv_condition_acquire(condition, TRV_FOREVER), 1);
    trv_event_set(all_have_one);
    if (trv_condition_wait(condition, TRV_FOREVER) < 0)
        note_deadlock();
    else
        ck_assert_int_eq(trv_condition_release(condition), 0);
    ck_assert_int_eq(trv_lock_release(locks[0]), 0);
}

static void notify_and_take(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_event_wait(all_have_one, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_condition_acquire(condition, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_condition_notify(condition, 1), 0);
    if (trv_lock_acquire(locks[0], TRV_FOREVER) < 0)
        note_deadlock();
    else
        ck_assert_int_eq(trv_lock_release(locks[0]), 0);
    ck_assert_int_eq(trv_condition_release(condition), 0);
}

/* One who comes back from the condition has its lock in any case: another is told. */
SEEDED_TEST(a_condition_that_takes_its_lock_again, 200)
{
    struct crew crew;

    begin(0);
    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, hold_and_wait, NULL);
    crew_start(&crew, notify_and_take, NULL);
    crew_join(&crew);
    ck_assert_int_eq(found, 1);
    expect_in_message("in condition_wait at hold_and_wait");
    trv_clear(&condition);
    end();
}

/* Out of memory ------------------------------------------------------------------------------- */

/* The report is as long as memory allows, and whatever fails in it: it ends with an exception. */
SEEDED_TEST(without_memory_for_the_report, 2)
{
    begin(0);
    ck_assert_int_eq(trv_lock_acquire(locks[2], TRV_FOREVER), 1);
    for (uint64_t nth = 1; nth < 1000; nth++) {
        bool has_struck;
        trv__fault_arm(nth);
        ck_assert_ptr_null(trv_run(take_third, ""));
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (trv_error_matches(trv_DeadlockError))
            note_deadlock();
        else
            ck_assert(has_struck &&
                      (trv_error_matches(trv_MemoryError) || trv_error_matches(trv_OSError)));
        trv_error_clear();
        if (!has_struck)
            break;
    }
    ck_assert_int_ge(found, 1);
    ck_assert_int_eq(trv_lock_release(locks[2]), 0);
    end();
}

TEST_LIST(RUN(two_threads), RUN(two_coroutines), RUN(a_thread_and_a_coroutine), RUN(three),
          RUN(without_a_seed), RUN(a_deadline_is_a_way_out), RUN(a_lock_that_is_mine),
          RUN(a_lock_held_around_the_loop), RUN(a_deadline_around_the_loop_is_a_way_out),
          RUN(two_calls_of_two_pools), RUN(through_another_pool), RUN(a_call_of_the_own_pool),
          RUN(a_call_around_this_one), RUN(two_threads_join_each_other),
          RUN(a_condition_that_takes_its_lock_again), RUN(without_memory_for_the_report))
