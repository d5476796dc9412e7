/* SPDX-License-Identifier: MIT */
/* Timers: they fire in time, once or not at all, whoever cancels them whenever. */
#include "threads/threads.h"

static int fired;
static double fired_at;

TRV_STATIC_FUNCTION(fire, "fire(by=): notes that it was called")
{
    int64_t by = 1;

    if (trv_parse(args, "|l", &by) < 0)
        return NULL;
    fired += (int)by;
    fired_at = trv_time();
    return trv_int_new(by);
}

TRV_STATIC_FUNCTION(fire_and_sleep, "fire_and_sleep()")
{
    fired++;
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

static trv_object *timer_of(double seconds)
{
    return must(trv_timer_new(seconds, fire, ""));
}

SEEDED_TEST(it_fires_when_time_has_come, 50)
{
    trv_object *timer = timer_of(1.25);
    double began = trv_time();

    must_int(trv_sleep(0.5)); /* it counts from its start */
    must_int(trv_thread_start(timer));
    ck_assert_int_eq(trv_thread_is_alive(timer), 1);
    must_int(trv_sleep(1.24));
    ck_assert_int_eq(fired, 0);
    finish(timer);
    ck_assert_int_eq(fired, 1);
    ck_assert_double_eq_tol(fired_at - began, 1.75, 1e-6);
}

TEST(it_is_a_thread)
{
    trv_auto trv_object *keywords = must(trv_build("{s:i}", "by", 5));
    trv_thread_options options = {.size = sizeof options, .name = "five", .daemon = 1};
    trv_object *timer = must(trv_timer_new_array(0, fire, NULL, 0, keywords, &options));

    ck_assert_int_eq(trv_isinstance(timer, trv_thread_type), 1);
    ck_assert_int_eq(trv_thread_is_daemon(timer), 1);
    expect_text(trv_repr(timer), "<timer(five, initial daemon)>");
    must_int(trv_thread_start(timer));
    ck_assert_int_eq(number(joined(trv_thread_future(timer))), 5);
    ck_assert_int_eq(trv_timer_cancel(timer), 0); /* too late, and no error */
    finish(timer);
    ck_assert_int_eq(fired, 5);
    timer = must(trv_call(trv_timer_type, "dol", 0.0, fire, INT64_C(2)));
    finish(started(timer));
    ck_assert_int_eq(fired, 7);
}

TEST(misuse_is_told)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *thread = must(trv_thread_new(fire, ""));

    ck_assert_ptr_null(trv_timer_new(-1, fire, ""));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_timer_new(__builtin_nan(""), fire, ""));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_timer_new(1, none, ""));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_timer_new_array(1, NULL, NULL, 0, NULL, NULL));
    must_raise(trv_SystemError);
    ck_assert_ptr_null(trv_call(trv_timer_type, "d", 1.0));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_call(trv_timer_type, "oo", none, fire));
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_timer_cancel(thread), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_timer_cancel(NULL), -1);
    must_raise(trv_SystemError);
}

/* A real clock: a timer of an hour ends at once. */
TEST(cancelling_ends_it_at_once)
{
    trv_object *timer = started(timer_of(3600));
    trv_auto trv_object *future = must(trv_thread_future(timer));
    trv_auto trv_object *bound = must(trv_getattr(timer, "cancel"));

    trv_unref(must(trv_call(bound, "")));
    must_int(trv_timer_cancel(timer));
    finish(timer);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(fired, 0);
}

TEST(cancelled_before_its_start)
{
    trv_object *timer = timer_of(3600);

    must_int(trv_timer_cancel(timer));
    finish(started(timer));
    ck_assert_int_eq(fired, 0);
}

TEST(dropped_before_its_start)
{
    trv_object *timer = timer_of(3600);
    trv_auto trv_object *future = must(trv_thread_future(timer));

    trv_unref(timer);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_cancel(future), 1);
}

/* Cancelling the timer does nothing to a call that runs; cancelling its future does. */
SEEDED_TEST(cancelling_what_has_begun, 50)
{
    trv_object *timer = started(must(trv_timer_new(1, fire_and_sleep, "")));
    trv_auto trv_object *future = must(trv_thread_future(timer));

    must_int(trv_sleep(2));
    must_int(trv_timer_cancel(timer));
    ck_assert_int_eq(trv_thread_join(timer, 1), 0);
    ck_assert_int_eq(trv_future_cancel(future), 1);
    finish(timer);
    ck_assert_int_eq(fired, 1);
    ck_assert_double_le(trv_time(), 1e5);
}

TRV_STATIC_FUNCTION(cancel_after, "cancel_after(timer, seconds)")
{
    trv_object *timer;
    double seconds;

    if (trv_parse(args, "od", &timer, &seconds) < 0 || trv_sleep(seconds) < 0 ||
        trv_timer_cancel(timer) < 0)
        return NULL;
    return trv_none_new();
}

/* Its time and a cancellation come at one instant, from threads and coroutines: it fires, or it was
 * cancelled, and its future says which. */
SEEDED_IN_LOOP(firing_and_cancelling_race, 400)
{
    trv_object *timer = started(timer_of(1)), *future = must(trv_thread_future(timer));
    trv_object *thread = started(trv_thread_new(cancel_after, "od", timer, 1.0));
    trv_object *task = must(trv_spawn(cancel_after, "od", timer, 1.0));

    trv_unref(joined(task));
    finish(thread);
    ck_assert_int_eq(trv_thread_join(timer, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_future_cancelled(future), !fired);
    ck_assert_int_le(fired, 1);
    trv_unref(timer);
    trv_unref(future);
}

/* Of many timers those fire that nobody cancelled in time, each at its time. */
SEEDED_TEST(many_timers, 100)
{
    trv_object *timers[20];
    double began = trv_time();

    for (int i = 0; i < 20; i++)
        timers[i] = started(timer_of(1 + (i * 7) % 20));
    must_int(trv_sleep(10.5));
    ck_assert_int_eq(fired, 10);
    for (int i = 0; i < 20; i += 2)
        must_int(trv_timer_cancel(timers[i]));
    for (int i = 0; i < 20; i++)
        finish(timers[i]);
    ck_assert_int_eq(fired, 15);
    ck_assert_double_eq_tol(fired_at - began, 20, 1e-6);
}

static trv_object *hooked;

TRV_STATIC_FUNCTION(hook, "hook(exception, thread)")
{
    hooked = trv_ref(args->items[0]);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(join_it, "join_it(thread)")
{
    return trv_thread_join(args->items[0], TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

/* The timer's call joins the main thread, which joins the timer. */
SEEDED_TEST(joining_each_other, 50)
{
    trv_auto trv_object *self = must(trv_thread_current());
    trv_object *timer = must(trv_timer_new(1, join_it, "o", self));

    must_int(trv_thread_set_excepthook(hook));
    must_int(trv_thread_start(timer));
    finish(timer);
    ck_assert_ptr_nonnull(hooked);
    ck_assert_int_eq(trv_isinstance(hooked, trv_DeadlockError), 1);
    trv_clear(&hooked);
    must_int(trv_thread_set_excepthook(NULL));
}

/* A timer that waits for ever is no deadlock while somebody can cancel it; then it is one. */
SEEDED_TEST(waiting_for_ever, 50)
{
    trv_object *timer = started(timer_of(TRV_FOREVER));

    must_int(trv_sleep(1e6));
    must_int(trv_timer_cancel(timer));
    finish(timer);
    must_int(trv_thread_set_excepthook(hook));
    timer = started(timer_of(TRV_FOREVER));
    if (trv_thread_join(timer, TRV_FOREVER) < 0) { /* either may be told */
        must_raise(trv_DeadlockError);
        must_int(trv_timer_cancel(timer));
        finish(timer);
    } else {
        ck_assert_int_eq(trv_isinstance(hooked, trv_DeadlockError), 1);
        trv_unref(timer);
    }
    trv_clear(&hooked);
    must_int(trv_thread_set_excepthook(NULL));
    ck_assert_int_eq(fired, 0);
}

TEST_LIST(RUN(it_fires_when_time_has_come), RUN(it_is_a_thread), RUN(misuse_is_told),
          RUN(cancelling_ends_it_at_once), RUN(cancelled_before_its_start),
          RUN(dropped_before_its_start), RUN(cancelling_what_has_begun),
          RUN(firing_and_cancelling_race), RUN(many_timers), RUN(joining_each_other),
          RUN(waiting_for_ever))
