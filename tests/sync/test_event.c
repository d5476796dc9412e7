/* SPDX-License-Identifier: MIT */
/* Event: setting wakes all, and what woke them stays true for them. */
#include "support/crew.h"

static trv_object *event;
static int passed, cancelled, timed_out;

TEST(it_is_a_flag)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *text = NULL;

    event = trv_call(trv_event_type, NULL);
    ck_assert_int_eq(trv_event_is_set(event), 0);
    ck_assert_int_eq(trv_event_wait(event, 0), 0);
    ck_assert_int_eq(trv_event_set(event), 0);
    ck_assert_int_eq(trv_event_set(event), 0);
    ck_assert_int_eq(trv_event_is_set(event), 1);
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    text = trv_repr(event);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), ": set>"));
    ck_assert_int_eq(trv_event_clear(event), 0);
    ck_assert_int_eq(trv_event_is_set(event), 0);
    ck_assert_int_eq(trv_event_wait(event, -0.5), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_event_set(none), -1);
    crew_expect_error(trv_TypeError);
    trv_unref(event);
}

static void wait_for_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    passed++;
}

static void set_and_clear(int members)
{
    struct crew crew;

    event = trv_event_new();
    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, wait_for_it, NULL);
    ck_assert_int_eq(trv_sleep(0.01), 0);
    ck_assert_int_eq(trv_event_set(event), 0);
    ck_assert_int_eq(trv_event_clear(event), 0);
    /* those who waited pass, those who had not begun to need it set again */
    while (crew.left) {
        ck_assert_int_eq(trv_event_set(event), 0);
        ck_assert_int_eq(trv_sleep(0.001), 0);
    }
    ck_assert_int_eq(passed, members);
    trv_unref(event);
}

TEST(setting_wakes_all)
{
    set_and_clear(8);
}

SEEDED_TEST(setting_wakes_all_in_any_order, 200)
{
    set_and_clear(4);
}

/* Under a seed everybody waits when the clock moves: one set and an immediate clear must do. */
SEEDED_TEST(clearing_takes_nothing_back, 100)
{
    struct crew crew;

    event = trv_event_new();
    crew_begin(&crew);
    for (int i = 0; i < 4; i++)
        crew_start(&crew, wait_for_it, NULL);
    crew_settle();
    ck_assert_int_eq(trv_event_set(event), 0);
    ck_assert_int_eq(trv_event_clear(event), 0);
    crew_join(&crew);
    ck_assert_int_eq(passed, 4);
    ck_assert_int_eq(trv_event_is_set(event), 0);
    trv_unref(event);
}

SEEDED_TEST(waiting_ends_in_time, 20)
{
    double began = trv_time();

    event = trv_event_new();
    ck_assert_int_eq(trv_event_wait(event, 0.125), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.125, 1e-6);
    TRV_TIMEOUT(1) {
        ck_assert_int_eq(trv_event_wait(event, 5), -1);
    }
    crew_expect_error(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 1.125, 1e-6);
    trv_unref(event);
}

static trv_scope *scope_of_waiter;

static void wait_in_scope(void *unused)
{
    trv_scope scope;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scope_of_waiter = &scope;
    switch (trv_event_wait(event, 1)) {
    case 1:
        passed++;
        break;
    case 0:
        timed_out++;
        break;
    default:
        cancelled++;
    }
    scope_of_waiter = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_after_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    if (scope_of_waiter)
        trv_scope_cancel(scope_of_waiter);
}

static void set_after_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    ck_assert_int_eq(trv_event_set(event), 0);
}

/* Three ends of one wait at one instant: exactly one of them is it. */
SEEDED_TEST(setting_cancelling_and_time_race, 400)
{
    struct crew crew;

    event = trv_event_new();
    crew_begin(&crew);
    crew_start(&crew, wait_in_scope, NULL);
    crew_start(&crew, cancel_after_a_second, NULL);
    crew_start(&crew, set_after_a_second, NULL);
    crew_join(&crew);
    ck_assert_int_eq(passed + cancelled + timed_out, 1);
    trv_unref(event);
}

TEST_LIST(RUN(it_is_a_flag), RUN(setting_wakes_all), RUN(setting_wakes_all_in_any_order),
          RUN(clearing_takes_nothing_back), RUN(waiting_ends_in_time),
          RUN(setting_cancelling_and_time_race))
