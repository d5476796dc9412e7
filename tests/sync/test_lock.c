/* SPDX-License-Identifier: MIT */
/* Lock: exclusion, fairness, ownership, timeouts, cancellation that races with a hand-over. */
#include "support/crew.h"

#include "sync/lock.h"

static trv_object *lock;

TEST(a_new_lock_is_free)
{
    lock = trv_lock_new();
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_locked(lock), 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    trv_unref(lock);
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *none = trv_none_new();

    lock = trv_lock_new();
    ck_assert_int_eq(trv_lock_release(lock), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_lock_acquire(lock, 0), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_lock_acquire(lock, __builtin_nan("")), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_lock_acquire(none, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_lock_acquire(NULL, 0), -1);
    crew_expect_error(trv_SystemError);
    trv_unref(lock);
}

TEST(with_takes_and_releases)
{
    lock = trv_lock_new();
    TRV_WITH(lock) {
        ck_assert_int_eq(trv_lock_locked(lock), 1);
        break;
    }
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    TRV_WITH(lock) {
        (void)trv_raise(trv_KeyError, "inside");
    }
    crew_expect_error(trv_KeyError);
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    trv_unref(lock);
}

TEST(it_has_a_text_and_a_type)
{
    trv_auto trv_object *made = trv_call(trv_lock_type, "");
    trv_auto trv_object *text = trv_repr(made);

    ck_assert_int_eq(strncmp(trv_str_utf8(text, NULL), "<unlocked lock at ", 18), 0);
    ck_assert_int_eq(trv_isinstance(made, trv_lock_type), 1);
    ck_assert_int_eq(trv_lock_acquire(made, 0), 1);
    trv_clear(&text);
    text = trv_repr(made);
    ck_assert_int_eq(strncmp(trv_str_utf8(text, NULL), "<locked lock at ", 16), 0);
    ck_assert_ptr_null(trv_call(trv_lock_type, "i", 1));
    crew_expect_error(trv_TypeError);
    /* and dropping it while it is held is no error */
}

/* Exclusion ----------------------------------------------------------------------------------- */

static int inside, total;

static void enter_often(void *times)
{
    for (int i = *(int *)times; i > 0; i--)
        TRV_WITH(lock) {
            ck_assert_int_eq(inside++, 0);
            ck_assert_int_eq(trv_checkpoint(), 0);
            ck_assert_int_eq(trv_checkpoint(), 0);
            total++;
            ck_assert_int_eq(--inside, 0);
        }
}

static void exclude(int members, int times)
{
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, enter_often, &times);
    crew_join(&crew);
    ck_assert_int_eq(total, members * times);
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    trv_unref(lock);
}

TEST(one_at_a_time)
{
    exclude(4, 500);
}

SEEDED_TEST(one_at_a_time_in_any_order, 200)
{
    exclude(4, 10);
}

/* Fairness ------------------------------------------------------------------------------------ */

static int order[4], order_length;

static void take_a_turn(void *number)
{
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    order[order_length++] = *(int *)number;
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

/* Whether so many waiters stand in line; others are let run until it is so. */
static void wait_for_waiters(size_t expected)
{
    for (;;) {
        const struct trv__list *waiters = &((struct trv__lock *)(void *)lock)->waiters;
        size_t count = 0;
        for (const struct trv__list *node = waiters->next; node != waiters; node = node->next)
            count++;
        if (count == expected)
            return;
        ck_assert_int_eq(trv_sleep(0.0005), 0);
    }
}

TEST(first_come_first_served)
{
    static int numbers[] = {0, 1, 2, 3};
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    for (size_t i = 0; i < 4; i++) {
        crew_start(&crew, take_a_turn, &numbers[i]);
        wait_for_waiters(i + 1);
    }
    ck_assert_int_eq(trv_lock_release(lock), 0);
    /* Handed over: it cannot be taken by who comes now, though its owner has not run yet. */
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 0);
    crew_join(&crew);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(order[i], i);
    trv_unref(lock);
}

static void release_anothers(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_release(lock), -1);
    crew_expect_error(trv_RuntimeError);
}

TEST(only_the_owner_releases)
{
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 1);
    crew_start(&crew, release_anothers, NULL);
    crew_join(&crew);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    trv_unref(lock);
}

/* Time and cancellation, on the virtual clock ------------------------------------------------- */

static void hold_for_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_sleep(1), 0);
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

SEEDED_TEST(a_timeout_ends_the_wait, 20)
{
    struct crew crew;
    double began;

    lock = trv_lock_new();
    crew_begin(&crew);
    crew_start(&crew, hold_for_a_second, NULL);
    crew_settle();
    began = trv_time();
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, 0.25), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.25, 1e-6);
    ck_assert_int_eq(trv_lock_acquire(lock, 10), 1);
    ck_assert_double_eq_tol(trv_time() - began, 1, 1e-5);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    crew_join(&crew);
    trv_unref(lock);
}

SEEDED_TEST(a_deadline_around_it_ends_the_wait, 20)
{
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    crew_start(&crew, hold_for_a_second, NULL);
    crew_settle();
    TRV_TIMEOUT(0.5) {
        ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), -1);
        ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
        trv_error_clear();
        /* every blocking call fails until the scope is left, even for a lock that is free */
        trv_auto trv_object *other = trv_lock_new();
        ck_assert_int_eq(trv_lock_acquire(other, 0), -1);
    }
    crew_expect_error(trv_TimeoutError);
    crew_join(&crew);
    ck_assert_int_eq(trv_lock_locked(lock), 0);
    trv_unref(lock);
}

/* A waiter is cancelled at the very moment the lock may come to it. Either it has the lock, or it was
 * cancelled and somebody else can have it: never neither, never both. */
static trv_scope *scope_of_waiter;
static int was_taken, was_cancelled;

static void wait_in_scope(void *unused)
{
    trv_scope scope;
    int answer;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scope_of_waiter = &scope;
    answer = trv_lock_acquire(lock, TRV_FOREVER);
    scope_of_waiter = NULL;
    if (answer == 1) {
        was_taken++;
        ck_assert_int_eq(trv_lock_release(lock), 0);
    } else {
        ck_assert_int_eq(answer, -1);
        was_cancelled++;
    }
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_checkpoint(), 0);
    if (scope_of_waiter)
        trv_scope_cancel(scope_of_waiter);
}

static void release_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_reschedule(), 0);
    ck_assert_int_eq(trv_reschedule(), 0);
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

SEEDED_TEST(cancelling_races_with_the_hand_over, 400)
{
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    for (int round = 0; round < 5; round++) {
        crew_start(&crew, release_it, NULL);
        crew_start(&crew, wait_in_scope, NULL);
        crew_start(&crew, cancel_it, NULL);
        crew_start(&crew, release_it, NULL);
        crew_join(&crew);
        ck_assert_int_eq(was_taken + was_cancelled, round + 1);
        ck_assert_int_eq(trv_lock_locked(lock), 0);
    }
    trv_unref(lock);
}

/* A finalizer may not wait, but it may take a lock that is free. */
static int finalizer_answer, finalizer_failed;

static void take_in_finalizer(trv_object *self)
{
    (void)self;
    finalizer_answer = trv_lock_acquire(lock, TRV_FOREVER);
    finalizer_failed = trv_error_matches(trv_RuntimeError);
    trv_error_clear();
    if (finalizer_answer == 1)
        trv_lock_release(lock);
}

static void drop_one(void *type)
{
    trv_unref(trv_call(type, ""));
}

TEST(a_finalizer_may_not_wait)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "dropped", .slots = {.finalize = take_in_finalizer}};
    trv_auto trv_object *type = trv_type_new(&spec);
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    drop_one(type);
    ck_assert_int_eq(finalizer_answer, 1);
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 1);
    crew_start(&crew, drop_one, type);
    crew_join(&crew);
    ck_assert_int_eq(finalizer_answer, -1);
    ck_assert_int_eq(finalizer_failed, 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    trv_unref(lock);
}

TEST_LIST(RUN(a_new_lock_is_free), RUN(misuse_is_an_exception), RUN(with_takes_and_releases),
          RUN(it_has_a_text_and_a_type), RUN(one_at_a_time), RUN(one_at_a_time_in_any_order),
          RUN(first_come_first_served), RUN(only_the_owner_releases), RUN(a_timeout_ends_the_wait),
          RUN(a_deadline_around_it_ends_the_wait), RUN(cancelling_races_with_the_hand_over),
          RUN(a_finalizer_may_not_wait))
