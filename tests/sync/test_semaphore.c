/* SPDX-License-Identifier: MIT */
/*
 * Semaphores: bounds, order, and permits that are never lost, whoever is cancelled and when. What
 * asyncio.Semaphore had wrong at one time or another (gh-90155 and others) is here by name.
 */
#include "support/crew.h"

#include "base/fault.h"

static trv_object *semaphore;

static size_t value(void)
{
    size_t number = 999;

    ck_assert_int_eq(trv_semaphore_value(semaphore, &number), 0);
    return number;
}

static void release(void)
{
    ck_assert_int_eq(trv_semaphore_release(semaphore, 1), 0);
}

static void expect_repr(const char *part)
{
    trv_auto trv_object *text = trv_repr(semaphore);

    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), part));
}

TEST(permits_are_counted)
{
    semaphore = trv_semaphore_new(2);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, 0), 1);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, 0), 0);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, 0.001), 0);
    ck_assert_int_eq(trv_semaphore_release(semaphore, 5), 0);
    ck_assert_uint_eq(value(), 5);
    expect_repr("<semaphore at ");
    expect_repr(": 5>");
    TRV_WITH(semaphore)
        ck_assert_uint_eq(value(), 4);
    ck_assert_uint_eq(value(), 5);
    trv_unref(semaphore);
}

TEST(a_bound_holds)
{
    semaphore = trv_bounded_semaphore_new(2);
    ck_assert_int_eq(trv_isinstance(semaphore, trv_semaphore_type), 1);
    ck_assert_int_eq(trv_semaphore_release(semaphore, 1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, 0), 1);
    ck_assert_int_eq(trv_semaphore_release(semaphore, 2), -1);
    crew_expect_error(trv_ValueError);
    expect_repr(": 1 of 2>");
    release();
    ck_assert_uint_eq(value(), 2);
    trv_unref(semaphore);
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *none = trv_none_new();

    semaphore = trv_call(trv_semaphore_type, "");
    ck_assert_uint_eq(value(), 1);
    ck_assert_int_eq(trv_semaphore_release(semaphore, 0), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_semaphore_release(semaphore, SIZE_MAX), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_semaphore_acquire(none, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_semaphore_acquire(NULL, 0), -1);
    crew_expect_error(trv_SystemError);
    ck_assert_ptr_null(trv_call(trv_bounded_semaphore_type, "i", -1));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_semaphore_type, "s", "many"));
    crew_expect_error(trv_TypeError);
    trv_unref(semaphore);
}

TEST(it_has_methods)
{
    trv_auto trv_object *acquire = NULL, *release_method = NULL, *number = NULL;

    semaphore = trv_call(trv_bounded_semaphore_type, "i", 2);
    acquire = trv_getattr(semaphore, "acquire");
    release_method = trv_getattr(semaphore, "release");
    number = trv_getattr(semaphore, "value");
    ck_assert_int_eq(trv_is(trv_call(acquire, ""), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is(trv_call(acquire, "n"), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is(trv_call(acquire, "i", 0), trv_bool_new(0)), 1);
    ck_assert_ptr_null(trv_call(release_method, "i", -1));
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_is_none(trv_call(release_method, "i", 2)), 1);
    ck_assert_ptr_null(trv_call(release_method, ""));
    crew_expect_error(trv_ValueError);
    trv_unref(semaphore);
}

/* Between tasks ------------------------------------------------------------------------------- */

static int inside, most_inside, served[8], served_count;

static void work(void *unused)
{
    (void)unused;
    for (int round = 0; round < 3; round++) {
        TRV_WITH(semaphore) {
            inside++;
            most_inside = inside > most_inside ? inside : most_inside;
            ck_assert_int_eq(round % 2 ? trv_reschedule() : trv_sleep(0.01), 0);
            inside--;
        }
        ck_assert_int_eq(trv_error_occurred(), 0);
    }
}

SEEDED_TEST(so_many_are_inside, 1000)
{
    static const struct crew_member members[] = {
        {work, NULL}, {work, NULL}, {work, NULL}, {work, NULL}, {work, NULL}};
    struct crew crew;

    semaphore = trv_bounded_semaphore_new(2);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 5);
    crew_join(&crew);
    ck_assert_int_eq(most_inside, 2);
    ck_assert_uint_eq(value(), 2);
    trv_unref(semaphore);
}

TEST(so_many_are_inside_in_real_time)
{
    static const struct crew_member members[] = {
        {work, NULL}, {work, NULL}, {work, NULL}, {work, NULL}, {work, NULL}};
    struct crew crew;

    semaphore = trv_bounded_semaphore_new(2);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 5);
    crew_join(&crew);
    ck_assert_int_le(most_inside, 2);
    ck_assert_uint_eq(value(), 2);
    trv_unref(semaphore);
}

static int numbers[] = {0, 1, 2, 3, 4};
static const struct trv__context *in_line[5];

static bool is_in_line(int number)
{
    const struct trv__context *context = in_line[number];

    return context && context->is_parked && context->waits_on == semaphore;
}

/* Each comes when the one before stands in line. */
static void queue_up(void *number)
{
    int mine = *(int *)number;

    while (mine && !is_in_line(mine - 1))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    in_line[mine] = trv__current->context;
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, TRV_FOREVER), 1);
    served[served_count++] = mine;
}

/* Without a seed the line is kept. */
TEST(first_come_first_served)
{
    struct crew_member members[5];
    struct crew crew;

    for (int i = 0; i < 5; i++)
        members[i] = (struct crew_member){queue_up, &numbers[i]};
    semaphore = trv_semaphore_new(0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 5);
    while (!is_in_line(4))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    for (int i = 0; i < 5; i++) {
        release();
        while (served_count == i)
            ck_assert_int_eq(trv_sleep(0.001), 0);
        ck_assert_int_eq(served[i], i);
    }
    crew_join(&crew);
    trv_unref(semaphore);
}

/* A permit that is released while somebody waits is his: whoever tries after does not get it
 * (asyncio, gh-93062: later ones overtook, and starved who waited). */
static void wait_for_one(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, TRV_FOREVER), 1);
    served_count++;
}

SEEDED_TEST(nobody_overtakes, 200)
{
    static const struct crew_member members[] = {{wait_for_one, NULL}, {wait_for_one, NULL}};
    struct crew crew;

    semaphore = trv_semaphore_new(0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 2);
    crew_settle();
    release();
    ck_assert_int_eq(trv_semaphore_acquire(semaphore, 0), 0);
    ck_assert_int_eq(trv_semaphore_release(semaphore, 3), 0);
    ck_assert_uint_eq(value(), 2);
    crew_join(&crew);
    ck_assert_int_eq(served_count, 2);
    trv_unref(semaphore);
}

/* Cancellation -------------------------------------------------------------------------------- */

enum { WAITERS = 4 };
static trv_scope *scopes[WAITERS];
static int taken, cancelled;

static void take_in_scope(void *number)
{
    int mine = *(int *)number, answer;
    trv_scope scope;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scopes[mine] = &scope;
    answer = trv_semaphore_acquire(semaphore, TRV_FOREVER);
    if (answer == 1) {
        taken++;
    } else {
        ck_assert_int_eq(answer, -1);
        ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
        cancelled++;
    }
    scopes[mine] = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_two(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trv_reschedule(), 0);
        if (scopes[i])
            trv_scope_cancel(scopes[i]);
    }
}

static void release_two(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trv_reschedule(), 0);
        release();
    }
}

/* gh-90155, gh-97545: a permit handed to one who is being cancelled is neither lost, so that the
 * others wait for ever, nor had by two. */
SEEDED_TEST(cancelling_loses_no_permit, 3000)
{
    struct crew_member members[WAITERS + 2] = {{release_two, NULL}, {cancel_two, NULL}};
    struct crew crew;

    for (int i = 0; i < WAITERS; i++)
        members[2 + i] = (struct crew_member){take_in_scope, &numbers[i]};
    semaphore = trv_semaphore_new(0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, WAITERS + 2);
    crew_settle();
    /* two permits are out: had by somebody, or still there only if nobody waits */
    ck_assert_int_eq(taken + (int)value(), 2);
    ck_assert(value() == 0 || taken + cancelled == WAITERS);
    ck_assert_int_eq(trv_semaphore_release(semaphore, WAITERS), 0);
    crew_join(&crew);
    ck_assert_int_eq(taken + cancelled, WAITERS);
    ck_assert_int_eq(taken + (int)value(), 2 + WAITERS);
    trv_unref(semaphore);
}

/* The same with time: a timeout at the very moment of the release. */
static void take_within_a_second(void *unused)
{
    int answer;

    (void)unused;
    answer = trv_semaphore_acquire(semaphore, 1);
    ck_assert_int_ge(answer, 0);
    taken += answer;
}

static void release_after_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1), 0);
    release();
}

SEEDED_TEST(timing_out_loses_no_permit, 1000)
{
    static const struct crew_member members[] = {
        {take_within_a_second, NULL}, {release_after_a_second, NULL}, {take_within_a_second, NULL}};
    struct crew crew;

    semaphore = trv_semaphore_new(0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(taken + (int)value(), 1);
    trv_unref(semaphore);
}

TEST(when_memory_runs_out)
{
    for (uint64_t nth = 1; nth < 50; nth++) {
        trv__fault_arm(nth);
        trv_auto trv_object *one = trv_semaphore_new(1);
        trv_auto trv_object *two = one ? trv_call(trv_bounded_semaphore_type, "") : NULL;
        trv_auto trv_object *text = two ? trv_repr(one) : NULL;
        trv_auto trv_object *number = text ? trv_getattr(one, "value") : NULL;
        if (!trv__fault_struck())
            nth = 50;
        trv__fault_arm(0);
        if (trv_error_occurred())
            crew_expect_error(trv_MemoryError);
        else
            ck_assert(one && two && text && number);
    }
}

TEST_LIST(RUN(permits_are_counted), RUN(a_bound_holds), RUN(misuse_is_an_exception),
          RUN(it_has_methods), RUN(so_many_are_inside), RUN(so_many_are_inside_in_real_time),
          RUN(first_come_first_served), RUN(nobody_overtakes), RUN(cancelling_loses_no_permit),
          RUN(timing_out_loses_no_permit), RUN(when_memory_runs_out))
