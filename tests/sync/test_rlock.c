/* SPDX-License-Identifier: MIT */
/* The rlock: depth, ownership, fairness, conditions over it; between threads and coroutines. */
#include "support/crew.h"

#include "base/fault.h"
#include "sync/lock.h"

static trv_object *rlock, *condition;

static void take(void)
{
    ck_assert_int_eq(trv_rlock_acquire(rlock, TRV_FOREVER), 1);
}

static void release(void)
{
    ck_assert_int_eq(trv_rlock_release(rlock), 0);
}

static void expect_repr(const char *part)
{
    trv_auto trv_object *text = trv_repr(rlock);

    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), part) != NULL, "%s: not in %s", part,
                  trv_str_utf8(text, NULL));
}

TEST(its_owner_takes_it_again)
{
    rlock = trv_call(trv_rlock_type, "");
    expect_repr("<unlocked rlock at ");
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(trv_rlock_acquire(rlock, 0), 1);
    expect_repr("<locked rlock at ");
    expect_repr(": taken 5 times>");
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(trv_rlock_locked(rlock), 1);
        release();
    }
    ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    ck_assert_int_eq(trv_rlock_release(rlock), -1);
    crew_expect_error(trv_RuntimeError);
    TRV_WITH(rlock) {
        TRV_WITH(rlock)
            expect_repr("taken 2 times");
        expect_repr("taken 1 times");
    }
    expect_repr("unlocked");
    trv_unref(rlock);
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *lock = trv_lock_new();

    rlock = trv_rlock_new();
    ck_assert_int_eq(trv_rlock_acquire(lock, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_lock_acquire(rlock, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_rlock_release(NULL), -1);
    crew_expect_error(trv_SystemError);
    ck_assert_int_eq(trv_rlock_acquire(rlock, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_rlock_type, "i", 1));
    crew_expect_error(trv_TypeError);
    trv_unref(rlock);
}

TEST(it_has_the_methods_of_a_lock)
{
    trv_auto trv_object *acquire = NULL, *release_method = NULL, *locked = NULL;

    rlock = trv_rlock_new();
    acquire = trv_getattr(rlock, "acquire");
    release_method = trv_getattr(rlock, "release");
    locked = trv_getattr(rlock, "locked");
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *taken = trv_call(acquire, "d", 0.5), *is_locked = trv_call(locked, "");
        ck_assert_int_eq(trv_truth(taken), 1);
        ck_assert_int_eq(trv_truth(is_locked), 1);
    }
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *none = trv_call(release_method, "");
        ck_assert_int_eq(trv_is_none(none), 1);
    }
    ck_assert_ptr_null(trv_call(release_method, ""));
    crew_expect_error(trv_RuntimeError);
    trv_unref(rlock);
}

/* Exclusion between whoever they are ---------------------------------------------------------- */

static int inside, total;

static void enter_deep(void *unused)
{
    (void)unused;
    for (int round = 0; round < 4; round++) {
        take();
        ck_assert_int_eq(inside, 0);
        inside = 1;
        take();
        ck_assert_int_eq(trv_reschedule(), 0);
        release();
        ck_assert_int_eq(trv_sleep(0.001), 0);
        ck_assert_int_eq(inside, 1);
        inside = 0;
        total++;
        release();
    }
}

SEEDED_TEST(one_task_at_a_time, 1000)
{
    static const struct crew_member members[] = {
        {enter_deep, NULL}, {enter_deep, NULL}, {enter_deep, NULL}, {enter_deep, NULL}};
    struct crew crew;

    rlock = trv_rlock_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_join(&crew);
    ck_assert_int_eq(total, 16);
    ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    trv_unref(rlock);
}

TEST(one_task_at_a_time_in_real_time)
{
    static const struct crew_member members[] = {
        {enter_deep, NULL}, {enter_deep, NULL}, {enter_deep, NULL}, {enter_deep, NULL}};
    struct crew crew;

    rlock = trv_rlock_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_join(&crew);
    ck_assert_int_eq(total, 16);
    trv_unref(rlock);
}

/* A coroutine of the same thread is somebody else. */
static void cannot_take(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_rlock_acquire(rlock, 0), 0);
    ck_assert_int_eq(trv_rlock_acquire(rlock, 0.5), 0);
    ck_assert_int_eq(trv_rlock_release(rlock), -1);
    crew_expect_error(trv_RuntimeError);
    take();
    release();
}

static void hold_for_a_second(void *unused)
{
    (void)unused;
    take();
    take();
    ck_assert_int_eq(trv_sleep(0.6), 0);
    release();
    ck_assert_int_eq(trv_sleep(0.6), 0);
    release();
}

static void come_later(void *unused)
{
    ck_assert_int_eq(trv_sleep(0.1), 0);
    cannot_take(unused);
}

SEEDED_TEST(it_belongs_to_the_task, 200)
{
    static const struct crew_member members[] = {
        {hold_for_a_second, NULL}, {come_later, NULL}, {come_later, NULL}};
    struct crew crew;

    rlock = trv_rlock_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    trv_unref(rlock);
}

/* Conditions ---------------------------------------------------------------------------------- */

static int ready;

static void wait_deep(void *unused)
{
    (void)unused;
    take();
    take();
    take();
    while (!ready)
        ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), 1);
    expect_repr("taken 3 times");
    release();
    release();
    ck_assert_int_eq(trv_rlock_locked(rlock), 1);
    release();
}

static void make_ready(void *unused)
{
    (void)unused;
    take();
    take();
    ready = 1;
    ck_assert_int_eq(trv_condition_notify_all(condition), 0);
    ck_assert_int_eq(trv_sleep(0.5), 0);
    release();
    release();
}

SEEDED_TEST(a_condition_lets_go_of_all_and_brings_all_back, 500)
{
    static const struct crew_member members[] = {
        {wait_deep, NULL}, {wait_deep, NULL}, {make_ready, NULL}, {wait_deep, NULL}};
    struct crew crew;

    rlock = trv_rlock_new();
    condition = trv_condition_new(rlock);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_join(&crew);
    ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    trv_unref(condition);
    trv_unref(rlock);
}

TEST(a_condition_of_its_own_is_over_an_rlock)
{
    condition = trv_condition_new(NULL);
    TRV_WITH(condition)
        TRV_WITH(condition)
            ck_assert_int_eq(trv_condition_wait(condition, 0), 0);
    ck_assert_int_eq(trv_condition_release(condition), -1);
    crew_expect_error(trv_RuntimeError);
    trv_unref(condition);
}

/* A wait that is cancelled brings the depth back too. */
SEEDED_TEST(a_cancelled_wait_brings_all_back, 20)
{
    rlock = trv_rlock_new();
    condition = trv_condition_new(rlock);
    take();
    take();
    TRV_TIMEOUT(1) {
        ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), -1);
        expect_repr("taken 2 times");
    }
    crew_expect_error(trv_TimeoutError);
    release();
    release();
    trv_unref(condition);
    trv_unref(rlock);
}

/* Cancellation that races with the hand-over --------------------------------------------------- */

static trv_scope *scope_of_waiter;
static int was_taken, was_cancelled;

static void wait_in_scope(void *unused)
{
    trv_scope scope;
    int answer;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scope_of_waiter = &scope;
    answer = trv_rlock_acquire(rlock, TRV_FOREVER);
    if (answer == 1) {
        was_taken++;
        expect_repr("taken 1 times");
        release();
    } else {
        ck_assert_int_eq(answer, -1);
        was_cancelled++;
    }
    scope_of_waiter = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_reschedule(), 0);
    if (scope_of_waiter)
        trv_scope_cancel(scope_of_waiter);
}

static void release_it(void *unused)
{
    (void)unused;
    take();
    ck_assert_int_eq(trv_reschedule(), 0);
    take();
    release();
    ck_assert_int_eq(trv_reschedule(), 0);
    release();
}

SEEDED_TEST(cancelling_races_with_the_hand_over, 2000)
{
    static const struct crew_member members[] = {
        {release_it, NULL}, {wait_in_scope, NULL}, {cancel_it, NULL}, {release_it, NULL}};
    struct crew crew;

    rlock = trv_rlock_new();
    crew_begin(&crew);
    for (int round = 0; round < 3; round++) {
        crew_start_mixed(&crew, members, 4);
        crew_join(&crew);
        ck_assert_int_eq(was_taken + was_cancelled, round + 1);
        ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    }
    trv_unref(rlock);
}

static int use_all(void)
{
    trv_auto trv_object *text = NULL, *method = NULL, *taken = NULL;

    rlock = trv_rlock_new();
    condition = rlock ? trv_condition_new(rlock) : NULL;
    if (!condition || trv_rlock_acquire(rlock, 0) < 0)
        return -1;
    text = trv_repr(condition);
    method = text ? trv_getattr(rlock, "acquire") : NULL;
    taken = method ? trv_call(method, "") : NULL;
    if (taken)
        release();
    release();
    return taken ? 0 : -1;
}

TEST(when_memory_runs_out)
{
    for (uint64_t nth = 1; nth < 50; nth++) {
        bool has_struck;
        int answer;
        trv__fault_arm(nth);
        answer = use_all();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (answer < 0)
            crew_expect_error(trv_MemoryError);
        trv_clear(&condition);
        trv_clear(&rlock);
        ck_assert(answer == 0 || has_struck);
        if (!has_struck)
            break;
    }
}

TEST_LIST(RUN(its_owner_takes_it_again), RUN(misuse_is_an_exception),
          RUN(it_has_the_methods_of_a_lock), RUN(one_task_at_a_time),
          RUN(one_task_at_a_time_in_real_time), RUN(it_belongs_to_the_task),
          RUN(a_condition_lets_go_of_all_and_brings_all_back),
          RUN(a_condition_of_its_own_is_over_an_rlock), RUN(a_cancelled_wait_brings_all_back),
          RUN(cancelling_races_with_the_hand_over), RUN(when_memory_runs_out))
