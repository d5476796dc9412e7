/* SPDX-License-Identifier: MIT */
/*
 * The barrier: rounds, places, the action, breaking, aborting, resetting; nobody waits for ever and
 * nobody passes alone, whoever is cancelled and when.
 */
#include "support/crew.h"

#include "base/fault.h"

static trv_object *barrier;
static int acted, action_is_broken;
static double action_lasts;

TRV_STATIC_FUNCTION(act, "act(): counts rounds")
{
    acted++;
    if (action_lasts > 0)
        TRV_SHIELD /* cancelled, it would break the barrier */
            ck_assert_int_eq(trv_sleep(action_lasts), 0);
    return action_is_broken ? trv_raise(trv_KeyError, "in the action") : trv_none_new();
}

static size_t waiting(void)
{
    size_t number = 999;

    ck_assert_int_eq(trv_barrier_waiting(barrier, &number), 0);
    return number;
}

static void expect_repr(const char *part)
{
    trv_auto trv_object *text = trv_repr(barrier);

    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), part));
}

TEST(alone_it_does_not_wait)
{
    size_t parties = 0;

    barrier = trv_barrier_new(1, act);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(trv_barrier_wait(barrier, i ? TRV_FOREVER : 0), 0);
    ck_assert_int_eq(acted, 3);
    ck_assert_int_eq(trv_barrier_parties(barrier, &parties), 0);
    ck_assert_uint_eq(parties, 1);
    expect_repr(": 0 of 1 waiting>");
    trv_unref(barrier);
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *none = trv_none_new();

    ck_assert_ptr_null(trv_barrier_new(0, NULL));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_barrier_new(SIZE_MAX, NULL));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_barrier_type, "i", -1));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_barrier_type, ""));
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_barrier_wait(none, 0), -1);
    crew_expect_error(trv_TypeError);
    barrier = trv_call(trv_barrier_type, "in", 2);
    ck_assert_int_eq(trv_barrier_wait(barrier, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_barrier_broken(barrier), 0);
    trv_unref(barrier);
}

TEST(breaking_and_mending)
{
    barrier = trv_barrier_new(2, NULL);
    ck_assert_int_eq(trv_barrier_wait(barrier, 0), -1);
    crew_expect_error(trv_BrokenBarrierError);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    expect_repr(": broken>");
    ck_assert_int_eq(trv_barrier_wait(barrier, TRV_FOREVER), -1);
    ck_assert_int_eq(trv_error_matches(trv_RuntimeError), 1); /* as which Python derives it */
    crew_expect_error(trv_BrokenBarrierError);
    ck_assert_int_eq(trv_barrier_reset(barrier), 0);
    ck_assert_int_eq(trv_barrier_broken(barrier), 0);
    ck_assert_int_eq(trv_barrier_abort(barrier), 0);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    trv_unref(barrier);
}

TEST(it_has_methods)
{
    trv_auto trv_object *wait = NULL, *abort_method = NULL, *reset = NULL, *parties = NULL;

    barrier = trv_call(trv_barrier_type, "io", 1, act);
    wait = trv_getattr(barrier, "wait");
    abort_method = trv_getattr(barrier, "abort");
    reset = trv_getattr(barrier, "reset");
    parties = trv_getattr(barrier, "parties");
    trv_auto trv_object *index = trv_call(wait, "");
    ck_assert_int_eq(trv_truth(index), 0);
    ck_assert_int_eq(trv_truth(parties), 1);
    ck_assert_int_eq(trv_is_none(trv_call(abort_method, "")), 1);
    ck_assert_int_eq(trv_is(trv_getattr(barrier, "broken"), trv_bool_new(1)), 1);
    ck_assert_ptr_null(trv_call(wait, "d", 1.0));
    crew_expect_error(trv_BrokenBarrierError);
    ck_assert_int_eq(trv_is_none(trv_call(reset, "")), 1);
    ck_assert_int_eq(trv_is(trv_getattr(barrier, "broken"), trv_bool_new(0)), 1);
    trv_auto trv_object *number = trv_getattr(barrier, "n_waiting");
    ck_assert_int_eq(trv_truth(number), 0);
    trv_unref(barrier);
}

TEST(a_barrier_in_its_action_is_collected)
{
    trv_auto trv_object *list = trv_list_new();
    size_t found = 0;

    barrier = trv_barrier_new(2, list);
    ck_assert_int_eq(trv_list_append(list, barrier), 0);
    trv_clear(&list);
    trv_unref(barrier);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

/* Rounds -------------------------------------------------------------------------------------- */

enum { ROUNDS = 5, TASKS = 3 };
static int arrived, places[ROUNDS];

/* Nobody leaves a round before all have come to it, and each has a place of its own. */
static void go_rounds(void *unused)
{
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        int place;
        arrived++;
        place = trv_barrier_wait(barrier, TRV_FOREVER);
        ck_assert_int_ge(arrived, (round + 1) * TASKS);
        ck_assert(place >= 0 && place < TASKS && !(places[round] & 1 << place));
        places[round] |= 1 << place;
        ck_assert_int_ge(acted, round + 1);
        if (place == 1)
            ck_assert_int_eq(trv_reschedule(), 0);
    }
}

static void go_together(void)
{
    static const struct crew_member members[] = {
        {go_rounds, NULL}, {go_rounds, NULL}, {go_rounds, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(TASKS, act);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, TASKS);
    crew_join(&crew);
    ck_assert_int_eq(acted, ROUNDS);
    ck_assert_uint_eq(waiting(), 0);
    trv_unref(barrier);
}

SEEDED_TEST(nobody_goes_ahead, 1000)
{
    go_together();
}

SEEDED_TEST(nobody_goes_ahead_of_a_slow_action, 500)
{
    action_lasts = 0.1;
    go_together();
}

TEST(nobody_goes_ahead_in_real_time)
{
    go_together();
}

/* Twice as many tasks as parties: rounds are made of whoever comes, and actions do not overlap. */
static int in_action;

TRV_STATIC_FUNCTION(act_alone, "act_alone(): checks that no other runs")
{
    ck_assert_int_eq(in_action++, 0);
    ck_assert_int_eq(trv_sleep(0.5), 0);
    ck_assert_int_eq(--in_action, 0);
    acted++;
    return trv_none_new();
}

static void pass_once(void *unused)
{
    (void)unused;
    ck_assert_int_ge(trv_barrier_wait(barrier, TRV_FOREVER), 0);
}

SEEDED_TEST(actions_do_not_overlap, 500)
{
    static const struct crew_member members[] = {{pass_once, NULL}, {pass_once, NULL},
                                                 {pass_once, NULL}, {pass_once, NULL},
                                                 {pass_once, NULL}, {pass_once, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(2, act_alone);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 6);
    crew_join(&crew);
    ck_assert_int_eq(acted, 3);
    trv_unref(barrier);
}

/* Breaking ------------------------------------------------------------------------------------ */

static int broken, passed;

static void expect_broken(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_barrier_wait(barrier, TRV_FOREVER), -1);
    crew_expect_error(trv_BrokenBarrierError);
    broken++;
}

static void come_too_late(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.1), 0);
    ck_assert_int_eq(trv_barrier_wait(barrier, 1), -1);
    crew_expect_error(trv_BrokenBarrierError);
    broken++;
}

SEEDED_TEST(a_timeout_breaks_it_for_all, 200)
{
    static const struct crew_member members[] = {
        {expect_broken, NULL}, {come_too_late, NULL}, {expect_broken, NULL}};
    struct crew crew;
    double began = trv_time();

    barrier = trv_barrier_new(4, NULL);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(broken, 3);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    ck_assert_double_eq_tol(trv_time() - began, 1.1, 1e-3);
    trv_unref(barrier);
}

SEEDED_TEST(abort_and_reset_end_the_waits, 200)
{
    static const struct crew_member members[] = {{expect_broken, NULL}, {expect_broken, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(3, NULL);
    crew_begin(&crew);
    for (int round = 0; round < 2; round++) {
        crew_start_mixed(&crew, members, 2);
        crew_settle();
        ck_assert_uint_eq(waiting(), 2);
        expect_repr(": 2 of 3 waiting>");
        ck_assert_int_eq(round ? trv_barrier_reset(barrier) : trv_barrier_abort(barrier), 0);
        ck_assert_uint_eq(waiting(), 0);
        ck_assert_int_eq(trv_barrier_broken(barrier), !round);
        crew_join(&crew);
        ck_assert_int_eq(trv_barrier_reset(barrier), 0);
    }
    ck_assert_int_eq(broken, 4);
    trv_unref(barrier);
}

static void arrive(void *unused)
{
    int place;

    (void)unused;
    place = trv_barrier_wait(barrier, TRV_FOREVER);
    if (place >= 0) {
        passed++;
        return;
    }
    broken++;
    if (!trv_error_matches(trv_KeyError)) /* which one of them gets */
        ck_assert_int_eq(trv_error_matches(trv_BrokenBarrierError), 1);
    else
        arrived++;
    trv_error_clear();
}

SEEDED_TEST(a_failing_action_breaks_it, 200)
{
    static const struct crew_member members[] = {{arrive, NULL}, {arrive, NULL}, {arrive, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(3, act);
    action_is_broken = 1;
    action_lasts = 0.1;
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(broken, 3);
    ck_assert_int_eq(arrived, 1);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    trv_unref(barrier);
}

TRV_STATIC_FUNCTION(wait_inside, "wait_inside(): what an action must not do")
{
    return trv_barrier_wait(barrier, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

TEST(an_action_cannot_wait_for_its_own_barrier)
{
    barrier = trv_barrier_new(1, wait_inside);
    ck_assert_int_eq(trv_barrier_wait(barrier, TRV_FOREVER), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    trv_unref(barrier);
}

/* A round that was complete in time passes, though its action takes longer than some would wait. */
static void arrive_for_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_ge(trv_barrier_wait(barrier, 1), 0);
    passed++;
}

SEEDED_TEST(a_long_action_is_no_timeout, 200)
{
    static const struct crew_member members[] = {
        {arrive_for_a_second, NULL}, {arrive_for_a_second, NULL}, {arrive_for_a_second, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(3, act);
    action_lasts = 5;
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(passed, 3);
    ck_assert_int_eq(trv_barrier_broken(barrier), 0);
    trv_unref(barrier);
}

/* Aborted while the action runs: who was let in passes, who stands at the door does not. */
static void abort_in_between(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.5), 0);
    ck_assert_int_eq(trv_barrier_abort(barrier), 0);
}

static void come_during_the_action(void *unused)
{
    ck_assert_int_eq(trv_sleep(0.2), 0);
    expect_broken(unused);
}

SEEDED_TEST(aborting_during_the_action, 200)
{
    static const struct crew_member members[] = {
        {arrive, NULL}, {abort_in_between, NULL}, {come_during_the_action, NULL}, {arrive, NULL}};
    struct crew crew;

    barrier = trv_barrier_new(2, act);
    action_lasts = 1;
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_join(&crew);
    ck_assert_int_eq(passed, 2);
    ck_assert_int_eq(broken, 1);
    ck_assert_int_eq(trv_barrier_broken(barrier), 1);
    trv_unref(barrier);
}

/* Cancellation -------------------------------------------------------------------------------- */

static trv_scope *scopes[4];
static int cancelled;

static void arrive_in_scope(void *number)
{
    int mine = *(int *)number, place;
    trv_scope scope;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scopes[mine] = &scope;
    place = trv_barrier_wait(barrier, TRV_FOREVER);
    scopes[mine] = NULL;
    if (place >= 0) {
        passed++;
    } else {
        ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
        cancelled++;
    }
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trv_reschedule(), 0);
        if (scopes[i])
            trv_scope_cancel(scopes[i]);
    }
}

/* Who leaves leaves room for another, and breaks nothing: those who stay wait, until as many have come. */
static void cancel_and_fill_up(void)
{
    static int numbers[] = {0, 1, 2, 3};
    struct crew_member members[5] = {[4] = {cancel_some, NULL}};
    struct crew crew;
    size_t left;

    for (int i = 0; i < 4; i++)
        members[i] = (struct crew_member){arrive_in_scope, &numbers[i]};
    barrier = trv_barrier_new(3, action_lasts > 0 ? act : NULL);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 5);
    crew_settle();
    if (action_lasts > 0)
        ck_assert_int_eq(trv_sleep(2 * action_lasts), 0);
    ck_assert_int_eq(trv_barrier_broken(barrier), 0);
    left = waiting();
    ck_assert_uint_eq(left + (size_t)(passed + cancelled), 4);
    if (left) {
        for (size_t i = left; i < 3; i++)
            crew_start_mixed(&crew, &(struct crew_member){arrive, NULL}, 1);
    }
    crew_join(&crew);
    ck_assert_int_eq(broken, 0);
    ck_assert_uint_eq(waiting(), 0);
    trv_unref(barrier);
}

SEEDED_TEST(cancelling_leaves_room_for_another, 3000)
{
    cancel_and_fill_up();
    ck_assert_int_eq(passed % 3, 0);
}

/* One that is cancelled while the action runs leaves alone. */
SEEDED_TEST(cancelling_during_the_action, 1000)
{
    action_lasts = 0.1;
    cancel_and_fill_up();
}

TEST(when_memory_runs_out)
{
    for (uint64_t nth = 1; nth < 50; nth++) {
        trv__fault_arm(nth);
        trv_auto trv_object *one = trv_barrier_new(1, act);
        trv_auto trv_object *two = one ? trv_call(trv_barrier_type, "i", 3) : NULL;
        trv_auto trv_object *text = two ? trv_repr(one) : NULL;
        int place = text ? trv_barrier_wait(one, 0) : -1;
        if (!trv__fault_struck())
            nth = 50;
        trv__fault_arm(0);
        if (trv_error_occurred())
            crew_expect_error(trv_MemoryError);
        else
            ck_assert_int_eq(place, 0);
    }
}

TEST_LIST(RUN(alone_it_does_not_wait), RUN(misuse_is_an_exception), RUN(breaking_and_mending),
          RUN(it_has_methods), RUN(a_barrier_in_its_action_is_collected), RUN(nobody_goes_ahead),
          RUN(nobody_goes_ahead_of_a_slow_action), RUN(nobody_goes_ahead_in_real_time),
          RUN(actions_do_not_overlap), RUN(a_timeout_breaks_it_for_all),
          RUN(abort_and_reset_end_the_waits), RUN(a_failing_action_breaks_it),
          RUN(an_action_cannot_wait_for_its_own_barrier), RUN(a_long_action_is_no_timeout),
          RUN(aborting_during_the_action), RUN(cancelling_leaves_room_for_another),
          RUN(cancelling_during_the_action), RUN(when_memory_runs_out))
