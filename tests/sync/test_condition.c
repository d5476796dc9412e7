/* SPDX-License-Identifier: MIT */
/* Condition: notifications that are not lost, the lock that always comes back. */
#include "support/crew.h"

static trv_object *condition;
static int ready, woken, timed_out, cancelled;

static void take(void)
{
    ck_assert_int_eq(trv_condition_acquire(condition, TRV_FOREVER), 1);
}

static void release(void)
{
    ck_assert_int_eq(trv_condition_release(condition), 0);
}

static void notify(size_t count)
{
    take();
    ck_assert_int_eq(trv_condition_notify(condition, count), 0);
    release();
}

TEST(the_lock_must_be_held)
{
    trv_auto trv_object *none = trv_none_new();

    condition = trv_condition_new(NULL);
    ck_assert_int_eq(trv_condition_wait(condition, 0), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_condition_notify(condition, 1), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_condition_release(condition), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_condition_wait(none, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_condition_new(none));
    crew_expect_error(trv_TypeError);
    take();
    ck_assert_int_eq(trv_condition_wait(condition, -1), -1);
    crew_expect_error(trv_ValueError);
    release();
    trv_unref(condition);
}

TEST(it_works_over_a_lock_of_the_caller)
{
    trv_auto trv_object *lock = trv_lock_new();
    trv_auto trv_object *text = NULL;

    condition = trv_condition_new(lock);
    TRV_WITH(condition) {
        ck_assert_int_eq(trv_lock_locked(lock), 1);
        ck_assert_int_eq(trv_condition_wait(condition, 0), 0);
        ck_assert_int_eq(trv_lock_release(lock), 0);
        ck_assert_int_eq(trv_condition_wait(condition, 0), -1);
        crew_expect_error(trv_RuntimeError);
        ck_assert_int_eq(trv_lock_acquire(lock, 0), 1);
    }
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    text = trv_repr(condition);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "unlocked, 0 waiting"));
    trv_unref(condition);
}

static void wait_for_ready(void *unused)
{
    (void)unused;
    take();
    while (!ready)
        ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), 1);
    woken++;
    release();
}

/* However the threads interleave, one notification of all after the flag is set lets all go. */
static void flag_is_seen(int members)
{
    struct crew crew;

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, wait_for_ready, NULL);
    ck_assert_int_eq(trv_checkpoint(), 0);
    take();
    ready = 1;
    ck_assert_int_eq(trv_condition_notify_all(condition), 0);
    release();
    crew_join(&crew);
    ck_assert_int_eq(woken, members);
    trv_unref(condition);
}

TEST(notifying_all_wakes_all)
{
    flag_is_seen(6);
}

SEEDED_TEST(notifying_all_wakes_all_in_any_order, 200)
{
    flag_is_seen(4);
}

static void wait_once(void *unused)
{
    (void)unused;
    take();
    ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), 1);
    woken++;
    release();
}

SEEDED_TEST(so_many_are_woken_as_are_notified, 50)
{
    struct crew crew;

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    for (int i = 0; i < 5; i++)
        crew_start(&crew, wait_once, NULL);
    crew_settle();
    notify(0);
    crew_settle();
    ck_assert_int_eq(woken, 0);
    notify(2);
    crew_settle();
    ck_assert_int_eq(woken, 2);
    notify(SIZE_MAX);
    crew_join(&crew);
    ck_assert_int_eq(woken, 5);
    notify(3);
    trv_unref(condition);
}

/* A waiter that was notified gets the lock when the notifier lets it go, and not before. */
static void wait_and_look(void *unused)
{
    (void)unused;
    take();
    ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), 1);
    ck_assert_int_eq(ready, 1);
    release();
}

SEEDED_TEST(the_notifier_keeps_the_lock, 100)
{
    struct crew crew;

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, wait_and_look, NULL);
    crew_settle();
    take();
    ck_assert_int_eq(trv_condition_notify(condition, 1), 0);
    ck_assert_int_eq(trv_sleep(1), 0);
    ready = 1;
    release();
    crew_join(&crew);
    trv_unref(condition);
}

SEEDED_TEST(a_timeout_brings_the_lock_back, 20)
{
    double began = trv_time();

    condition = trv_condition_new(NULL);
    take();
    ck_assert_int_eq(trv_condition_wait(condition, 2), 0);
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-6);
    release();
    trv_unref(condition);
}

/* The deadline passes while somebody else holds the lock: the wait ends only with it. */
static void hold_from_one_to_five(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    take();
    ck_assert_int_eq(trv_sleep(4), 0);
    release();
}

SEEDED_TEST(taking_the_lock_again_has_no_deadline, 50)
{
    struct crew crew;
    double began = trv_time();

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, hold_from_one_to_five, NULL);
    take();
    TRV_TIMEOUT(3) {
        ck_assert_int_eq(trv_condition_wait(condition, 2), 0);
        ck_assert_double_eq_tol(trv_time() - began, 5, 1e-5);
        /* the lock is here, although the scope around is cancelled by now */
        release();
        ck_assert_int_eq(trv_sleep(0), -1);
    }
    crew_expect_error(trv_TimeoutError);
    take();
    TRV_TIMEOUT(1) {
        (void)!trv_condition_wait(condition, TRV_FOREVER);
        ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    }
    crew_expect_error(trv_TimeoutError);
    release();
    crew_join(&crew);
    trv_unref(condition);
}

/* A notification and a cancellation race for each of the waiters: a notification that is given to a
 * waiter makes it answer 1, so as many answer 1 as were notified while they waited. */
static trv_scope *scopes[3];

static void wait_in_scope(void *number)
{
    trv_scope scope;
    int index = *(int *)number, answer;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scopes[index] = &scope;
    answer = trv_condition_acquire(condition, TRV_FOREVER);
    if (answer == 1) {
        answer = trv_condition_wait(condition, TRV_FOREVER);
        scopes[index] = NULL;
        release();
    }
    scopes[index] = NULL;
    if (answer == 1)
        woken++;
    else
        cancelled++;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trv_checkpoint(), 0);
        if (scopes[i])
            trv_scope_cancel(scopes[i]);
    }
}

static void notify_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) {
        notify(1);
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

SEEDED_TEST(cancelling_races_with_notifying, 400)
{
    static int numbers[] = {0, 1, 2};
    struct crew crew;

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    for (int i = 0; i < 3; i++)
        crew_start(&crew, wait_in_scope, &numbers[i]);
    crew_start(&crew, cancel_some, NULL);
    crew_start(&crew, notify_some, NULL);
    crew_settle();
    while (crew.left) { /* those who came to wait after the last notification */
        notify(1);
        crew_settle();
    }
    ck_assert_int_eq(woken + cancelled, 3);
    ck_assert_int_ge(woken, 1); /* the third is never cancelled */
    take();
    release();
    trv_unref(condition);
}

/* wait_for ------------------------------------------------------------------------------------ */

static int asked;

TRV_STATIC_FUNCTION(is_ready, "is_ready(): the flag")
{
    asked++;
    return trv_bool_new(ready);
}

TRV_STATIC_FUNCTION(is_broken, "is_broken(): raises")
{
    return trv_raise(trv_KeyError, "broken");
}

static void get_ready_slowly(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    notify(1); /* for nothing */
    ck_assert_int_eq(trv_sleep(1), 0);
    take();
    ready = 1;
    release();
    notify(1);
}

SEEDED_TEST(wait_for_asks_again_after_each_notification, 20)
{
    struct crew crew;
    double began = trv_time();

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, get_ready_slowly, NULL);
    take();
    ck_assert_int_eq(trv_condition_wait_for(condition, is_ready, 0.5), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.5, 1e-5);
    ck_assert_int_eq(trv_condition_wait_for(condition, is_ready, 0), 0);
    asked = 0;
    ck_assert_int_eq(trv_condition_wait_for(condition, is_ready, TRV_FOREVER), 1);
    ck_assert_int_eq(asked, 3);
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-4);
    ck_assert_int_eq(trv_condition_wait_for(condition, is_broken, TRV_FOREVER), -1);
    crew_expect_error(trv_KeyError);
    release();
    crew_join(&crew);
    trv_unref(condition);
}

/* The deadline of wait_for is one for all its waits. */
static void notify_each_second(void *unused)
{
    (void)unused;
    for (int i = 0; i < 10; i++) {
        ck_assert_int_eq(trv_sleep(1), 0);
        notify(1);
    }
}

SEEDED_TEST(wait_for_has_one_deadline, 10)
{
    struct crew crew;
    double began = trv_time();

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, notify_each_second, NULL);
    take();
    ck_assert_int_eq(trv_condition_wait_for(condition, is_ready, 3.5), 0);
    ck_assert_double_eq_tol(trv_time() - began, 3.5, 1e-4);
    release();
    crew_join(&crew);
    trv_unref(condition);
}

/* A timeout that races with a notification: whoever is not notified has timed out, nobody both. */
static void wait_a_second(void *unused)
{
    (void)unused;
    take();
    switch (trv_condition_wait(condition, 1)) {
    case 1:
        woken++;
        break;
    case 0:
        timed_out++;
        break;
    default:
        ck_abort_msg("it failed");
    }
    release();
}

static void notify_after_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    notify(1);
}

SEEDED_TEST(timing_out_races_with_notifying, 200)
{
    struct crew crew;

    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, wait_a_second, NULL);
    crew_start(&crew, notify_after_a_second, NULL);
    crew_start(&crew, wait_a_second, NULL);
    crew_join(&crew);
    ck_assert_int_eq(woken + timed_out, 2);
    ck_assert_int_le(woken, 1);
    trv_unref(condition);
}

TEST(it_has_methods)
{
    trv_auto trv_object *acquire = NULL, *release_method = NULL, *wait = NULL, *wait_for = NULL,
                        *notify_method = NULL, *notify_all = NULL;

    condition = trv_condition_new(NULL);
    acquire = trv_getattr(condition, "acquire");
    release_method = trv_getattr(condition, "release");
    wait = trv_getattr(condition, "wait");
    wait_for = trv_getattr(condition, "wait_for");
    notify_method = trv_getattr(condition, "notify");
    notify_all = trv_getattr(condition, "notify_all");
    ck_assert_ptr_null(trv_call(wait, "i", 0));
    crew_expect_error(trv_RuntimeError);
    ck_assert_ptr_null(trv_call(notify_all, ""));
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_is(trv_call(acquire, ""), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is(trv_call(wait, "d", 0.0), trv_bool_new(0)), 1);
    ck_assert_int_eq(trv_is(trv_call(wait_for, "oi", is_ready, 0), trv_bool_new(0)), 1);
    ready = 1;
    ck_assert_int_eq(trv_is(trv_call(wait_for, "o", is_ready), trv_bool_new(1)), 1);
    ck_assert_ptr_null(trv_call(wait_for, "o", is_broken));
    crew_expect_error(trv_KeyError);
    ck_assert_int_eq(trv_is_none(trv_call(notify_method, "")), 1);
    ck_assert_int_eq(trv_is_none(trv_call(notify_method, "i", 2)), 1);
    ck_assert_int_eq(trv_is_none(trv_call(notify_all, "")), 1);
    ck_assert_int_eq(trv_is_none(trv_call(release_method, "")), 1);
    trv_unref(condition);
}

TEST_LIST(RUN(the_lock_must_be_held), RUN(it_works_over_a_lock_of_the_caller),
          RUN(notifying_all_wakes_all), RUN(notifying_all_wakes_all_in_any_order),
          RUN(so_many_are_woken_as_are_notified), RUN(the_notifier_keeps_the_lock),
          RUN(a_timeout_brings_the_lock_back), RUN(taking_the_lock_again_has_no_deadline),
          RUN(cancelling_races_with_notifying), RUN(wait_for_asks_again_after_each_notification),
          RUN(wait_for_has_one_deadline), RUN(it_has_methods), RUN(timing_out_races_with_notifying))
