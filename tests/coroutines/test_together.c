/* SPDX-License-Identifier: MIT */
/*
 * Coroutines with one another and with threads: locks, conditions, events and queues work
 * between both, in both directions.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

/* Starts a thread that calls a function with an object. */
struct errand {
    trv_object *callable;
    trv_object *argument;
};

static int errands;

static void do_errand(void *argument)
{
    struct errand *errand = argument;

    trv_unref(must(trv_call(errand->callable, "o", errand->argument)));
    trv_unref(errand->argument);
    free(errand);
    errands--;
}

/* Until the threads have dropped what they were given. */
static void wait_for_errands(void)
{
    while (errands)
        must_int(trv_sleep(0.001));
}

static void in_thread(trv_object *callable, trv_object *argument)
{
    struct errand *errand = malloc(sizeof *errand);

    ck_assert(errand != NULL);
    errand->callable = callable;
    errand->argument = trv_ref(argument);
    errands++;
    must_int(trv__thread_start(do_errand, errand, "errand", 0));
}

/* Futures of so many coroutines that run callable(argument), joined. */
static void join_many(trv_object *callable, trv_object *argument, int count)
{
    trv_auto trv_object *futures = must(trv_list_new());

    for (int i = 0; i < count; i++) {
        trv_auto trv_object *future = must(trv_spawn(callable, "o", argument));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
}

/* Locks ------------------------------------------------------------------------------------------- */

/* Adds one to a number in a list, under a lock, giving way between reading and writing. */
TRV_STATIC_FUNCTION(add_under_lock, "add_under_lock(pair)")
{
    trv_object *pair;
    trv_auto trv_object *lock = NULL;
    trv_auto trv_object *list = NULL;

    if (trv_parse(args, "o", &pair) < 0)
        return NULL;
    lock = must(trv_tuple_get(pair, 0));
    list = must(trv_tuple_get(pair, 1));
    for (int i = 0; i < 5; i++)
        TRV_WITH(lock) {
            trv_auto trv_object *next = must(trv_int_new(noted(list, 0) + 1));
            must_int(i % 2 ? trv_reschedule() : trv_sleep(0.01));
            must_int(trv_list_set(list, 0, next));
        }
    return trv_error_occurred() ? NULL : trv_none_new();
}

SEEDED_IN_LOOP(a_lock_between_coroutines, 200)
{
    trv_auto trv_object *lock = must(trv_lock_new());
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *pair = must(trv_build("(oo)", lock, list));

    note(list, 0);
    join_many(add_under_lock, pair, 6);
    ck_assert_int_eq(noted(list, 0), 30);
    ck_assert_int_eq(trv_lock_locked(lock), 0);
}

TRV_STATIC_FUNCTION(lock_in_thread, "lock_in_thread(all)")
{
    trv_object *all;
    trv_auto trv_object *pair = NULL;
    trv_auto trv_object *done = NULL;

    if (trv_parse(args, "o", &all) < 0)
        return NULL;
    pair = must(trv_tuple_get(all, 0));
    done = must(trv_tuple_get(all, 1));
    trv_unref(must(trv_call(add_under_lock, "o", pair)));
    must_int(trv_event_set(done));
    return trv_none_new();
}

static void lock_between(int threads)
{
    trv_auto trv_object *lock = must(trv_lock_new());
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *pair = must(trv_build("(oo)", lock, list));
    trv_object *done[3];

    note(list, 0);
    for (int i = 0; i < threads; i++) {
        trv_auto trv_object *all = NULL;
        done[i] = must(trv_event_new());
        all = must(trv_build("(oo)", pair, done[i]));
        in_thread(lock_in_thread, all);
    }
    join_many(add_under_lock, pair, 4);
    for (int i = 0; i < threads; i++) {
        ck_assert_int_eq(trv_event_wait(done[i], TRV_FOREVER), 1);
        trv_unref(done[i]);
    }
    ck_assert_int_eq(noted(list, 0), 20 + 5 * threads);
    wait_for_errands();
}

SEEDED_IN_LOOP(a_lock_between_coroutines_and_a_thread, 200)
{
    lock_between(1);
}

IN_LOOP(a_lock_between_coroutines_and_threads_in_real_time)
{
    lock_between(3);
}

TRV_STATIC_FUNCTION(try_lock, "try_lock(lock)")
{
    trv_object *lock;

    if (trv_parse(args, "o", &lock) < 0)
        return NULL;
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, 0.5), 0);
    ck_assert_int_eq(trv_lock_release(lock), -1);
    must_raise(trv_RuntimeError);
    return trv_none_new();
}

SEEDED_IN_LOOP(a_lock_belongs_to_a_coroutine, 200)
{
    trv_auto trv_object *lock = must(trv_lock_new());

    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    trv_unref(joined(trv_spawn(try_lock, "o", lock)));
    must_int(trv_lock_release(lock));
}

TRV_STATIC_FUNCTION(take_lock, "take_lock(lock)")
{
    trv_object *lock;

    if (trv_parse(args, "o", &lock) < 0 || trv_lock_acquire(lock, TRV_FOREVER) < 0)
        return NULL;
    must_int(trv_sleep(0.01));
    must_int(trv_lock_release(lock));
    return trv_none_new();
}

SEEDED_IN_LOOP(cancelling_one_who_waits_for_a_lock, 200)
{
    trv_auto trv_object *lock = must(trv_lock_new());
    trv_object *one, *two;

    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    one = must(trv_spawn(take_lock, "o", lock));
    two = must(trv_spawn(take_lock, "o", lock));
    must_int(trv_sleep(0.01));
    ck_assert_int_eq(trv_future_cancel(one), 1);
    must_int(trv_lock_release(lock));
    ck_assert_ptr_null(trv_future_result(one, TRV_FOREVER));
    must_raise(trv_CancelledError);
    trv_unref(one);
    trv_unref(joined(two));
    ck_assert_int_eq(trv_lock_locked(lock), 0);
}

/* Events, conditions --------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(wait_event, "wait_event(event)")
{
    trv_object *event;

    if (trv_parse(args, "o", &event) < 0 || trv_event_wait(event, TRV_FOREVER) < 0)
        return NULL;
    return trv_int_new(1);
}

TRV_STATIC_FUNCTION(set_event, "set_event(event)")
{
    trv_object *event;

    if (trv_parse(args, "o", &event) < 0 || trv_sleep(0.01) < 0 || trv_event_set(event) < 0)
        return NULL;
    return trv_none_new();
}

SEEDED_IN_LOOP(an_event_between_coroutines, 200)
{
    trv_auto trv_object *event = must(trv_event_new());
    trv_object *setter = must(trv_spawn(set_event, "o", event));

    join_many(wait_event, event, 10);
    trv_unref(joined(setter));
}

SEEDED_IN_LOOP(an_event_set_by_a_thread, 200)
{
    trv_auto trv_object *event = must(trv_event_new());

    in_thread(set_event, event);
    join_many(wait_event, event, 10);
    wait_for_errands();
}

IN_LOOP(an_event_set_by_a_thread_in_real_time)
{
    for (int i = 0; i < 20; i++) {
        trv_auto trv_object *event = must(trv_event_new());
        in_thread(set_event, event);
        join_many(wait_event, event, 10);
        wait_for_errands();
    }
}

TRV_STATIC_FUNCTION(sets_for_thread, "sets_for_thread(event)")
{
    trv_object *event;

    if (trv_parse(args, "o", &event) < 0)
        return NULL;
    return trv_run(set_event, "o", event);
}

/* The waiter is a plain thread, the setter a coroutine of another. */
SEEDED_TEST(a_thread_waits_for_a_coroutine, 200)
{
    trv_auto trv_object *event = must(trv_event_new());

    in_thread(sets_for_thread, event);
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    wait_for_errands();
}

/* Queues ----------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(produce, "produce(queue)")
{
    trv_object *queue;

    if (trv_parse(args, "o", &queue) < 0)
        return NULL;
    for (int i = 1; i <= 20; i++) {
        trv_auto trv_object *item = must(trv_int_new(i));
        if (trv_queue_put(queue, item, TRV_FOREVER) < 0)
            return NULL;
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(consume, "consume(queue)")
{
    trv_object *queue;
    int64_t sum = 0;

    if (trv_parse(args, "o", &queue) < 0)
        return NULL;
    for (int i = 0; i < 20; i++)
        sum += number(trv_queue_get(queue, TRV_FOREVER));
    return trv_int_new(sum);
}

SEEDED_IN_LOOP(a_queue_between_coroutines, 200)
{
    trv_auto trv_object *queue = must(trv_queue_new(3));
    trv_object *one = must(trv_spawn(consume, "o", queue)),
               *two = must(trv_spawn(consume, "o", queue));

    join_many(produce, queue, 2);
    ck_assert_int_eq(number(joined(one)) + number(joined(two)), 420);
}

static void queue_between(void)
{
    trv_auto trv_object *queue = must(trv_queue_new(2));

    in_thread(produce, queue);
    ck_assert_int_eq(number(joined(trv_spawn(consume, "o", queue))), 210);
    in_thread(consume, queue);
    trv_unref(joined(trv_spawn(produce, "o", queue)));
    wait_for_errands();
}

SEEDED_IN_LOOP(a_queue_between_a_coroutine_and_a_thread, 200)
{
    queue_between();
}

IN_LOOP(a_queue_between_a_coroutine_and_a_thread_in_real_time)
{
    for (int i = 0; i < 20; i++)
        queue_between();
}

/* Futures ---------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(finish, "finish(future)")
{
    trv_object *future;
    trv_auto trv_object *value = must(trv_int_new(7));

    if (trv_parse(args, "o", &future) < 0 || trv_sleep(0.01) < 0)
        return NULL;
    must_int(trv_future_set_result(future, value));
    return trv_none_new();
}

SEEDED_IN_LOOP(a_future_finished_by_a_thread, 200)
{
    trv_auto trv_object *future = must(trv_future_new());

    in_thread(finish, future);
    ck_assert_int_eq(number(trv_future_result(future, TRV_FOREVER)), 7);
    wait_for_errands();
}

/* A thread waits for the future of a coroutine, and cancels another's. */
TRV_STATIC_FUNCTION(wait_and_cancel, "wait_and_cancel(pair)")
{
    trv_object *pair;
    trv_auto trv_object *first = NULL;
    trv_auto trv_object *second = NULL;

    if (trv_parse(args, "o", &pair) < 0)
        return NULL;
    first = must(trv_tuple_get(pair, 0));
    second = must(trv_tuple_get(pair, 1));
    trv_unref(must(trv_future_result(first, TRV_FOREVER)));
    ck_assert_int_eq(trv_future_cancel(second), 1);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(sleep_for, "sleep_for(seconds)")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

static void thread_waits_and_cancels(void)
{
    trv_auto trv_object *first = must(trv_spawn(sleep_for, "d", 0.01));
    trv_auto trv_object *second = must(trv_spawn(sleep_for, "d", 1e6));
    trv_auto trv_object *pair = must(trv_build("(oo)", first, second));

    in_thread(wait_and_cancel, pair);
    ck_assert_ptr_null(trv_future_result(second, TRV_FOREVER));
    must_raise(trv_CancelledError);
    ck_assert_int_eq(trv_future_done(first), 1);
    wait_for_errands();
}

SEEDED_IN_LOOP(a_thread_waits_for_and_cancels_coroutines, 200)
{
    thread_waits_and_cancels();
}

IN_LOOP(a_thread_waits_for_and_cancels_coroutines_in_real_time)
{
    thread_waits_and_cancels();
}

TRV_STATIC_FUNCTION(raise_key, "raise_key()")
{
    if (trv_sleep(0.1) < 0)
        return NULL;
    return trv_raise(trv_KeyError, "first");
}

SEEDED_IN_LOOP(gather_raises_the_first_exception, 200)
{
    trv_auto trv_object *good = must(trv_spawn(sleep_for, "d", 0.2));
    trv_auto trv_object *bad = must(trv_spawn(raise_key, ""));
    trv_auto trv_object *all = must(trv_build("[oo]", good, bad));

    ck_assert_ptr_null(trv_gather(all));
    must_raise(trv_KeyError);
}

/* Two loops at once ---------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(consume_in_loop, "consume_in_loop(pair)")
{
    trv_object *pair;
    trv_auto trv_object *queue = NULL;
    trv_auto trv_object *answer = NULL;
    trv_auto trv_object *sum = NULL;

    if (trv_parse(args, "o", &pair) < 0)
        return NULL;
    queue = must(trv_tuple_get(pair, 0));
    answer = must(trv_tuple_get(pair, 1));
    sum = must(trv_run(consume, "o", queue));
    must_int(trv_future_set_result(answer, sum));
    return trv_none_new();
}

SEEDED_IN_LOOP(coroutines_of_two_loops, 200)
{
    trv_auto trv_object *queue = must(trv_queue_new(1));
    trv_auto trv_object *answer = must(trv_future_new());
    trv_auto trv_object *pair = must(trv_build("(oo)", queue, answer));

    in_thread(consume_in_loop, pair);
    trv_unref(joined(trv_spawn(produce, "o", queue)));
    ck_assert_int_eq(number(trv_future_result(answer, TRV_FOREVER)), 210);
    wait_for_errands();
}

/* A thread that computes does not keep coroutines from running, nor they it. */
static _Atomic int has_stopped;

static void compute(void *argument TRV_UNUSED)
{
    while (!atomic_load(&has_stopped))
        must_int(trv_checkpoint());
}

IN_LOOP(beside_a_thread_that_computes)
{
    must_int(trv__thread_start(compute, NULL, "compute", 0));
    for (int i = 0; i < 20; i++)
        must_int(trv_sleep(0.001));
    for (int i = 0; i < 1000; i++)
        must_int(trv_reschedule());
    atomic_store(&has_stopped, 1);
}

TEST_LIST(RUN(a_lock_between_coroutines), RUN(a_lock_between_coroutines_and_a_thread),
          RUN(a_lock_between_coroutines_and_threads_in_real_time),
          RUN(a_lock_belongs_to_a_coroutine), RUN(cancelling_one_who_waits_for_a_lock),
          RUN(an_event_between_coroutines), RUN(an_event_set_by_a_thread),
          RUN(an_event_set_by_a_thread_in_real_time), RUN(a_thread_waits_for_a_coroutine),
          RUN(a_queue_between_coroutines), RUN(a_queue_between_a_coroutine_and_a_thread),
          RUN(a_queue_between_a_coroutine_and_a_thread_in_real_time),
          RUN(a_future_finished_by_a_thread), RUN(a_thread_waits_for_and_cancels_coroutines),
          RUN(a_thread_waits_for_and_cancels_coroutines_in_real_time),
          RUN(gather_raises_the_first_exception), RUN(coroutines_of_two_loops),
          RUN(beside_a_thread_that_computes))
