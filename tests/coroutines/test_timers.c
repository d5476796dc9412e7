/* SPDX-License-Identifier: MIT */
/*
 * Sleeping: the heap of deadlines against a model, the order in which sleepers wake, timeouts.
 */
#include "coroutines/in_loop.h"

#include "coroutines/loop.h"

/* The heap ------------------------------------------------------------------------------------------ */

#define COROUTINES 500

/* No entry is earlier than the one above it, and every coroutine knows its place. */
static void check_heap(const struct trv__timers *timers)
{
    uint32_t in_order = 0;

    for (uint32_t i = 0; i < timers->count; i++) {
        const struct trv__timer *entry = &timers->entries[i];
        const struct trv__timer *above = i ? &timers->entries[(i - 1) / 4] : entry;
        in_order += entry->coroutine->timer == i + 1 && above->deadline_ns <= entry->deadline_ns;
    }
    ck_assert_uint_eq(in_order, timers->count);
}

static uint32_t draw(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 11);
}

RAW_TEST(the_heap_keeps_its_order)
{
    static struct trv__coroutine coroutines[COROUTINES];
    struct trv__timers timers = {0};
    uint64_t state = 88172645463325252u;
    size_t count = 0;
    int64_t last = 0;

    ck_assert(trv__timers_reserve(&timers, COROUTINES));
    ck_assert_uint_ge(timers.capacity, COROUTINES);
    for (int step = 0; step < 20000; step++) {
        struct trv__coroutine *coroutine = &coroutines[draw(&state) % COROUTINES];
        if (coroutine->timer) {
            trv__timers_remove(&timers, coroutine);
            count--;
        } else {
            trv__timers_add(&timers, coroutine, draw(&state) % 1000);
            count++;
        }
        ck_assert_uint_eq(timers.count, count);
        if (step % 16 == 0)
            check_heap(&timers);
    }
    check_heap(&timers);
    while (timers.count) {
        ck_assert_int_ge(trv__timers_next(&timers), last);
        last = trv__timers_next(&timers);
        trv__timers_remove(&timers, timers.entries[0].coroutine);
    }
    ck_assert_int_eq(trv__timers_next(&timers), TRV__NEVER);
    trv__timers_remove(&timers, &coroutines[0]); /* harmless */
    free(timers.entries);
}

/* Order ----------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(sleep_and_note, "sleep_and_note(seconds, list, number)")
{
    trv_object *list;
    double seconds;
    int64_t value;

    if (trv_parse(args, "dol", &seconds, &list, &value) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    note(list, value);
    return trv_none_new();
}

SEEDED_IN_LOOP(sleepers_wake_in_the_order_of_their_deadlines, 200)
{
    static const int order[] = {7, 2, 9, 4, 1, 8, 3, 6, 5};
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *futures = must(trv_list_new());
    double began = trv_time();

    for (size_t i = 0; i < 9; i++) {
        trv_auto trv_object *future =
            must(trv_spawn(sleep_and_note, "dol", 100.0 * order[i], list, (int64_t)order[i]));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    for (size_t i = 0; i < 9; i++)
        ck_assert_int_eq(noted(list, i), (int64_t)i + 1);
    ck_assert_double_eq_tol(trv_time() - began, 900, 1e-6);
}

/* Returns: whether they fell asleep together, without which no order is to be expected. */
static bool three_sleep(trv_object *list)
{
    static const int order[] = {3, 1, 2};
    trv_auto trv_object *futures = must(trv_list_new());
    double began = trv_time();
    bool were_together;

    for (size_t i = 0; i < 3; i++) {
        trv_auto trv_object *future =
            must(trv_spawn(sleep_and_note, "dol", 0.1 * order[i], list, (int64_t)order[i]));
        must_int(trv_list_append(futures, future));
    }
    must_int(trv_reschedule());
    were_together = trv_time() - began < 0.1;
    trv_unref(must(trv_gather(futures)));
    ck_assert_double_ge(trv_time() - began, 0.3);
    return were_together;
}

IN_LOOP(sleepers_wake_in_order_in_real_time)
{
    trv_auto trv_object *list = must(trv_list_new());

    while (!three_sleep(list))
        must_int(trv_list_clear(list));
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(noted(list, i), (int64_t)i + 1);
}

IN_LOOP(a_sleep_is_never_too_short)
{
    for (int us = 1; us < 100000; us *= 3) {
        double began = trv_time();
        must_int(trv_sleep(us * 1e-6));
        ck_assert_double_ge(trv_time() - began, us * 1e-6);
    }
}

SEEDED_IN_LOOP(thousands_sleep_at_once, 3)
{
    size_t count = 2000;
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *futures = must(trv_list_new());

    for (size_t i = 0; i < count; i++) {
        int64_t place = (int64_t)(i * 7919 % count);
        trv_auto trv_object *future =
            must(trv_spawn(sleep_and_note, "dol", 10 + 0.01 * (double)place, list, place));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(noted(list, i), (int64_t)i);
}

/* Timeouts --------------------------------------------------------------------------------------------- */

SEEDED_IN_LOOP(a_timeout_ends_a_sleep, 200)
{
    double began = trv_time();

    TRV_TIMEOUT(2)
        ck_assert_int_eq(trv_sleep(5), -1);
    must_raise(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-6);
    TRV_TIMEOUT(5)
        must_int(trv_sleep(2));
    ck_assert_double_eq_tol(trv_time() - began, 4, 1e-6);
}

TRV_STATIC_FUNCTION(times_out, "times_out(seconds)")
{
    double seconds;

    if (trv_parse(args, "d", &seconds) < 0)
        return NULL;
    TRV_TIMEOUT(seconds)
        ck_assert_int_eq(trv_sleep(1000), -1);
    must_raise(trv_TimeoutError);
    return trv_float_new(trv_time());
}

SEEDED_IN_LOOP(timeouts_of_many_coroutines, 200)
{
    trv_object *futures[10];
    double began = trv_time(), ended;

    for (int i = 0; i < 10; i++)
        futures[i] = must(trv_spawn(times_out, "d", (i * 7 % 10) + 1.0));
    for (int i = 0; i < 10; i++) {
        trv_auto trv_object *result = joined(futures[i]);
        must_int(trv_float_get(result, &ended));
        ck_assert_double_eq_tol(ended - began, (i * 7 % 10) + 1.0, 1e-6);
    }
}

SEEDED_IN_LOOP(a_result_in_time_or_not, 200)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *future = must(trv_spawn(sleep_and_note, "dol", 3.0, list, INT64_C(1)));

    ck_assert_ptr_null(trv_future_result(future, 1));
    must_raise(trv_TimeoutError);
    ck_assert_uint_eq(length_of(list), 0);
    trv_unref(must(trv_future_result(future, 3)));
    ck_assert_uint_eq(length_of(list), 1);
}

/* Who computes does not keep sleepers from waking for ever. */
TRV_STATIC_FUNCTION(spin_until, "spin_until(list)")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    while (length_of(list) == 0)
        if (trv_reschedule() < 0)
            return NULL;
    return trv_none_new();
}

IN_LOOP(sleepers_wake_beside_busy_coroutines)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *sleeper = must(trv_spawn(sleep_and_note, "dol", 0.05, list, INT64_C(1)));
    trv_auto trv_object *one = must(trv_spawn(spin_until, "o", list));
    trv_auto trv_object *two = must(trv_spawn(spin_until, "o", list));

    trv_unref(must(trv_future_result(one, TRV_FOREVER)));
    trv_unref(must(trv_future_result(two, TRV_FOREVER)));
    ck_assert_int_eq(trv_future_done(sleeper), 1);
}

TEST_LIST(RUN(the_heap_keeps_its_order), RUN(sleepers_wake_in_the_order_of_their_deadlines),
          RUN(sleepers_wake_in_order_in_real_time), RUN(a_sleep_is_never_too_short),
          RUN(thousands_sleep_at_once), RUN(a_timeout_ends_a_sleep),
          RUN(timeouts_of_many_coroutines), RUN(a_result_in_time_or_not),
          RUN(sleepers_wake_beside_busy_coroutines))
