/* SPDX-License-Identifier: MIT */
/*
 * Futures, scopes, the queue and the lock under all schedules of a few members, and the same broken in
 * the ways of schedules.broken.
 */
#include "models/schedules.h"

#include "models/schedules.inc"

static trv_object *object;
static int answers[SCHEDULE_MEMBERS];
static trv_scope *scope;
static bool was_cancelled;

enum answer { NONE, DONE_WELL, TIMED_OUT, WAS_CANCELLED, REFUSED };

/* How a call ended: an exception that is pending says so, and is dropped. */
static enum answer answer_of(bool is_good)
{
    trv_object *const types[] = {trv_TimeoutError, trv_CancelledError, trv_InvalidStateError,
                                 trv_QueueEmpty};
    static const enum answer means[] = {TIMED_OUT, WAS_CANCELLED, REFUSED, TIMED_OUT};

    if (is_good)
        return DONE_WELL;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (trv_error_matches(types[i])) {
            trv_error_clear();
            return means[i];
        }
    schedule_fail(__FILE__, __LINE__, "no other exception: nobody waits in vain");
    trv_error_clear();
    return NONE;
}

static void begin(void)
{
    memset(answers, 0, sizeof answers);
    scope = NULL;
    was_cancelled = false;
}

/* Futures --------------------------------------------------------------------------------------------- */

static int callbacks;

TRV_STATIC_FUNCTION(count_callback, "count_callback(future)")
{
    (void)args;
    callbacks++;
    return trv_none_new();
}

static void begin_future(void)
{
    begin();
    callbacks = 0;
    object = trv_future_new();
    ck_assert_int_eq(trv_future_add_done_callback(object, count_callback), 0);
}

static void wait_for_future(int me, double timeout)
{
    trv_auto trv_object *result = trv_future_result(object, timeout);

    answers[me] = answer_of(result != NULL);
}

static void wait_for_ever(void *unused)
{
    (void)unused;
    wait_for_future(0, TRV_FOREVER);
}

static void wait_a_second(void *unused)
{
    (void)unused;
    wait_for_future(1, 1.0);
}

static void complete_it(void *unused)
{
    trv_auto trv_object *one = trv_int_new(1);

    (void)unused;
    ck_assert_int_eq(trv_sleep(1.0), 0);
    answers[2] = answer_of(trv_future_set_result(object, one) == 0);
}

static void cancel_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1.0), 0);
    answers[3] = trv_future_cancel(object) == 1 ? DONE_WELL : REFUSED;
}

/* One of the two has its way, everybody hears of the same, and a deadline only beats what comes later. */
static void one_outcome(void)
{
    enum answer outcome = answers[2] == DONE_WELL ? DONE_WELL : WAS_CANCELLED;

    SCHEDULE_ASSERT((answers[2] == DONE_WELL) != (answers[3] == DONE_WELL));
    SCHEDULE_ASSERT(answers[0] == (int)outcome);
    SCHEDULE_ASSERT(answers[1] == (int)outcome || answers[1] == TIMED_OUT);
    SCHEDULE_ASSERT(callbacks == 1);
    trv_clear(&object);
}

/* Only completed: who waits for ever must hear of it, who waits a second may. */
static void completed(void)
{
    SCHEDULE_ASSERT(answers[2] == DONE_WELL && answers[0] == DONE_WELL);
    SCHEDULE_ASSERT(answers[1] == DONE_WELL || answers[1] == TIMED_OUT);
    SCHEDULE_ASSERT(callbacks == 1);
    trv_clear(&object);
}

static const struct schedule_program completing = {
    "completing a future", begin_future, {wait_for_ever, wait_a_second, complete_it}, completed, 4};
static const struct schedule_program completing_or_cancelling = {
    "completing or cancelling a future",
    begin_future,
    {wait_for_ever, wait_a_second, complete_it, cancel_it},
    one_outcome,
    1};

/* Scopes ---------------------------------------------------------------------------------------------- */

/* Sleeps in a scope with a deadline, inside one that is cancelled when that deadline passes; then in a
 * shield, and once more without. */
static void sleep_in_scopes(void *unused)
{
    trv_scope outer, inner, shield;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&outer, TRV_FOREVER), 0);
    scope = &outer;
    ck_assert_int_eq(trv_scope_begin(&inner, 1.0), 0);
    SCHEDULE_ASSERT(answer_of(trv_sleep(2.0) == 0) == WAS_CANCELLED);
    SCHEDULE_ASSERT(trv_sleep(0) < 0);
    answers[0] = answer_of(trv_scope_end(&inner) == 0);
    trv__scope_push_shield(&shield);
    SCHEDULE_ASSERT(answer_of(trv_sleep(2.0) == 0) == DONE_WELL);
    trv__scope_pop(&shield);
    answers[1] = answer_of(trv_sleep(1.0) == 0);
    scope = NULL;
    SCHEDULE_ASSERT(trv_scope_end(&outer) == 0);
}

static void cancel_after_a_second(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1.0), 0);
    if (scope)
        trv_scope_cancel(scope);
    was_cancelled = true;
}

static void cancel_later(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(1.5), 0);
    if (scope)
        trv_scope_cancel(scope);
    was_cancelled = true;
}

/* The deadline is told as one unless the cancellation came first; the shield kept it out; it is still there
 * afterwards. */
static void scopes_ended(void)
{
    SCHEDULE_ASSERT(answers[0] == TIMED_OUT || answers[0] == WAS_CANCELLED);
    SCHEDULE_ASSERT(answers[1] == WAS_CANCELLED);
}

static void scopes_ended_by_deadline(void)
{
    scopes_ended();
    SCHEDULE_ASSERT(answers[0] == TIMED_OUT);
}

static const struct schedule_program scopes = {"scopes, cancelled at the deadline",
                                               begin,
                                               {sleep_in_scopes, cancel_after_a_second},
                                               scopes_ended,
                                               3};
static const struct schedule_program scopes_later = {"scopes, cancelled in the shield",
                                                     begin,
                                                     {sleep_in_scopes, cancel_later},
                                                     scopes_ended_by_deadline,
                                                     3};

/* The queue ------------------------------------------------------------------------------------------- */

static int items_got, items_put;

static void begin_queue(void)
{
    begin();
    items_got = items_put = 0;
    object = trv_queue_new(1);
}

static void get_one(int me, double timeout)
{
    trv_auto trv_object *item = trv_queue_get(object, timeout);

    answers[me] = answer_of(item != NULL);
    items_got += item != NULL;
}

static void get_in_a_scope(void *unused)
{
    trv_scope mine;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&mine, TRV_FOREVER), 0);
    scope = &mine;
    get_one(0, TRV_FOREVER);
    scope = NULL;
    ck_assert_int_eq(trv_scope_end(&mine), 0);
}

static void get_within_a_second(void *unused)
{
    (void)unused;
    get_one(1, 1.0);
}

static void put_two(void *unused)
{
    trv_auto trv_object *one = trv_int_new(1);

    (void)unused;
    for (int i = 0; i < 2; i++) {
        if (trv_queue_put(object, one, 1.0) == 0)
            items_put++;
        else
            trv_error_clear();
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

static void no_item_is_lost(void)
{
    size_t left = 0;

    ck_assert_int_eq(trv_queue_len(object, &left), 0);
    SCHEDULE_ASSERT(items_put == items_got + (int)left);
    trv_clear(&object);
}

static void cancel_now(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_checkpoint(), 0);
    if (scope)
        trv_scope_cancel(scope);
    was_cancelled = true;
}

static const struct schedule_program queueing = {
    "a queue, a getter cancelled",
    begin_queue,
    {get_in_a_scope, get_within_a_second, put_two, cancel_now},
    no_item_is_lost,
    1};

/* The lock -------------------------------------------------------------------------------------------- */

static int inside;

static void begin_lock(void)
{
    begin();
    inside = 0;
    object = trv_lock_new();
}

static void hold(int me, int answer)
{
    answers[me] = answer_of(answer == 1);
    if (answers[me] != DONE_WELL)
        return;
    SCHEDULE_ASSERT(inside++ == 0);
    ck_assert_int_eq(trv_checkpoint(), 0);
    SCHEDULE_ASSERT(--inside == 0);
    ck_assert_int_eq(trv_lock_release(object), 0);
}

static void lock_in_a_scope(void *unused)
{
    trv_scope mine;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&mine, TRV_FOREVER), 0);
    scope = &mine;
    hold(0, trv_lock_acquire(object, TRV_FOREVER));
    scope = NULL;
    ck_assert_int_eq(trv_scope_end(&mine), 0);
}

static void lock_for_ever(void *unused)
{
    (void)unused;
    hold(1, trv_lock_acquire(object, TRV_FOREVER));
}

static void hold_and_cancel(void *unused)
{
    (void)unused;
    answers[2] = answer_of(trv_lock_acquire(object, TRV_FOREVER) == 1);
    ck_assert_int_eq(trv_sleep(1.0), 0);
    if (scope)
        trv_scope_cancel(scope);
    ck_assert_int_eq(trv_lock_release(object), 0);
}

static void the_lock_is_free(void)
{
    SCHEDULE_ASSERT(answers[0] == DONE_WELL || answers[0] == WAS_CANCELLED);
    SCHEDULE_ASSERT(answers[1] == DONE_WELL && answers[2] == DONE_WELL);
    SCHEDULE_ASSERT(trv_lock_locked(object) == 0);
    trv_clear(&object);
}

static const struct schedule_program locking = {"a lock, a waiter cancelled",
                                                begin_lock,
                                                {lock_in_a_scope, lock_for_ever, hold_and_cancel},
                                                the_lock_is_free,
                                                2};

/* All ------------------------------------------------------------------------------------------------- */

RAW_TEST(futures)
{
    schedule_check(&completing);
    schedule_check(&completing_or_cancelling);
}

RAW_TEST(cancel_scopes)
{
    schedule_check(&scopes);
    schedule_check(&scopes_later);
}

RAW_TEST(a_queue)
{
    schedule_check(&queueing);
}

RAW_TEST(a_lock)
{
    schedule_check(&locking);
}

RAW_TEST(what_is_broken_is_found)
{
    static const struct schedule_program *const all[] = {
        &completing, &completing_or_cancelling, &scopes, &scopes_later, &queueing, &locking};

    /* ThreadSanitizer makes each of some thousand processes so slow that the time limit is met; what it
     * looks for itself is in the programs above. */
    if (!TRV_TSAN)
        schedule_check_variants(model_variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(futures), RUN(cancel_scopes), RUN(a_queue), RUN(a_lock), RUN(what_is_broken_is_found))
