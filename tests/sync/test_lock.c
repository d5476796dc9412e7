/* SPDX-License-Identifier: MIT */
/* Lock: exclusion, fairness, ownership, timeouts, cancellation that races with a hand-over. */
#include "support/crew.h"

#include "sync/lock.h"

#include <sys/wait.h>
#include <unistd.h>

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

/* A task that ends without releasing ------------------------------------------------------------ */

static int told;

static void take_and_end(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_sleep(1), 0);
}

static void wait_in_vain(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.5), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), -1);
    crew_expect_error(trv_DeadlockError);
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 0);
    ck_assert_int_eq(trv_lock_release(lock), -1);
    crew_expect_error(trv_RuntimeError);
    told++;
}

/* Those who wait are told, and so is who comes later, though it runs where the owner ran. */
SEEDED_TEST(a_task_ends_with_the_lock, 400)
{
    static const struct crew_member members[] = {
        {take_and_end, NULL}, {wait_in_vain, NULL}, {wait_in_vain, NULL}};
    struct crew crew;

    lock = trv_lock_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    crew_start_mixed(&crew, members + 1, 1);
    crew_join(&crew);
    ck_assert_int_eq(told, 3);
    ck_assert_int_eq(trv_lock_locked(lock), 1);
    trv_unref(lock);
}

static void take_many(void *unused)
{
    trv_auto trv_object *locks = trv_list_new();

    (void)unused;
    for (int i = 0; i < 5; i++) {
        trv_auto trv_object *one = trv_lock_new();
        ck_assert_int_eq(trv_lock_acquire(one, 0), 1);
        ck_assert_int_eq(trv_list_append(locks, one), 0);
    }
    for (int i = 0; i < 5; i += 2) {
        trv_auto trv_object *one = trv_list_get(locks, i);
        ck_assert_int_eq(trv_lock_release(one), 0);
    }
    ck_assert_ptr_nonnull(trv__current->context->held);
    trv_clear(&locks); /* locks that end while they are held are held no more */
    ck_assert_ptr_null(trv__current->context->held);
}

TEST(locks_are_released_in_any_order)
{
    struct crew crew;

    take_many(NULL);
    crew_begin(&crew);
    crew_start(&crew, take_many, NULL);
    crew_join(&crew);
}

/* In a forked child the others are gone, and with them their claims. */
static void wait_and_take(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

static void in_child(trv_object *abandoned)
{
    alarm(60);
    if (trv_lock_release(lock) < 0 || trv_lock_locked(lock) != 0)
        _exit(1); /* handed to a thread that is not there */
    if (trv_lock_acquire(abandoned, TRV_FOREVER) != -1 || !trv_error_matches(trv_DeadlockError))
        _exit(2);
    trv_error_clear();
    _exit(0);
}

static void hold_other(void *other)
{
    ck_assert_int_eq(trv_lock_acquire(other, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    ck_assert_int_eq(trv_lock_release(other), 0);
}

SEEDED_TEST(a_fork_leaves_the_others_behind, 20)
{
    trv_auto trv_object *other = trv_lock_new();
    const struct crew_member members[] = {
        {wait_and_take, NULL}, {hold_other, other}, {wait_and_take, NULL}, {wait_and_take, NULL}};
    struct crew crew;
    int status = -1;
    pid_t child;

    lock = trv_lock_new();
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 1);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_settle();
    if ((child = fork()) == 0)
        in_child(other);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    crew_join(&crew);
    trv_unref(lock);
}

/* Methods ------------------------------------------------------------------------------------- */

TEST(it_has_methods)
{
    trv_auto trv_object *acquire = NULL, *release_method = NULL, *locked = NULL;

    lock = trv_lock_new();
    acquire = trv_getattr(lock, "acquire");
    release_method = trv_getattr(lock, "release");
    locked = trv_getattr(lock, "locked");
    ck_assert_int_eq(trv_is(trv_call(acquire, ""), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is(trv_call(locked, ""), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is_none(trv_call(release_method, "")), 1);
    ck_assert_int_eq(trv_is(trv_call(locked, ""), trv_bool_new(0)), 1);
    ck_assert_int_eq(trv_is(trv_call(acquire, "n"), trv_bool_new(1)), 1);
    ck_assert_ptr_null(trv_call(acquire, "i", 0));
    crew_expect_error(trv_RuntimeError);
    ck_assert_ptr_null(trv_call(acquire, "s", "soon"));
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_is_none(trv_call(release_method, "")), 1);
    trv_unref(lock);
}

/* Where a task waits is the place in its own code. */
static struct trv__context *waiting;
static const void *called_at;

static __attribute__((noinline)) int take_at(void)
{
    called_at = __builtin_return_address(0);
    return trv_lock_acquire(lock, TRV_FOREVER);
}

static void wait_somewhere(void *unused)
{
    (void)unused;
    waiting = trv__current->context;
    ck_assert_int_eq(take_at(), 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
    TRV_WITH(lock)
        ;
}

static void expect_waits_here(void)
{
    ck_assert_int_eq(waiting->is_parked, 1);
    ck_assert_ptr_eq(waiting->waits_on, lock);
    ck_assert_str_eq(waiting->waits_in, "lock_acquire");
    /* within this program's functions, which are small */
    ck_assert_uint_lt((size_t)((const char *)waiting->waits_at - (const char *)called_at) + 2000,
                      4000);
}

SEEDED_TEST(where_it_waits_is_known, 10)
{
    struct crew crew;

    lock = trv_lock_new();
    ck_assert_int_eq(trv_lock_acquire(lock, 0), 1);
    crew_begin(&crew);
    crew_start(&crew, wait_somewhere, NULL);
    crew_settle();
    expect_waits_here();
    ck_assert_int_eq(trv_lock_release(lock), 0);
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    crew_settle();
    expect_waits_here();
    ck_assert_int_eq(trv_lock_release(lock), 0);
    crew_join(&crew);
    trv_unref(lock);
}

TEST_LIST(RUN(a_new_lock_is_free), RUN(misuse_is_an_exception), RUN(with_takes_and_releases),
          RUN(it_has_a_text_and_a_type), RUN(one_at_a_time), RUN(one_at_a_time_in_any_order),
          RUN(first_come_first_served), RUN(only_the_owner_releases), RUN(a_timeout_ends_the_wait),
          RUN(a_deadline_around_it_ends_the_wait), RUN(cancelling_races_with_the_hand_over),
          RUN(a_finalizer_may_not_wait), RUN(a_task_ends_with_the_lock),
          RUN(locks_are_released_in_any_order), RUN(a_fork_leaves_the_others_behind),
          RUN(it_has_methods), RUN(where_it_waits_is_known))
