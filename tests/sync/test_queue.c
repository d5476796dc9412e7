/* SPDX-License-Identifier: MIT */
/* Queue: order, bounds, hand-over that loses nothing, shutdown. */
#include "support/crew.h"

static trv_object *queue;

static int put(int64_t number, double timeout)
{
    trv_auto trv_object *item = trv_int_new(number);

    return trv_queue_put(queue, item, timeout);
}

static int64_t get(double timeout)
{
    trv_auto trv_object *item = trv_queue_get(queue, timeout);
    int64_t number = -1;

    ck_assert_msg(!item == !!trv_error_occurred(), "an item or an exception, not both");
    if (item)
        ck_assert_int_eq(trv_int_get(item, &number), 0);
    return number;
}

static size_t length(void)
{
    size_t count = 999;

    ck_assert_int_eq(trv_queue_len(queue, &count), 0);
    return count;
}

TEST(first_in_first_out)
{
    trv_auto trv_object *text = NULL;

    queue = trv_queue_new(0);
    for (int round = 0; round < 5; round++) { /* through the growth of the ring, and around it */
        for (int i = 0; i < 5 + 20 * round; i++)
            ck_assert_int_eq(put(i, 0), 0);
        for (int i = 0; i < 3 + 20 * round; i++)
            ck_assert_int_eq(get(0), i);
        ck_assert_uint_eq(length(), 2);
        ck_assert_int_eq(get(0), 3 + 20 * round);
        ck_assert_int_eq(get(0), 4 + 20 * round);
    }
    ck_assert_int_eq(get(0), -1);
    crew_expect_error(trv_QueueEmpty);
    text = trv_repr(queue);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), ": 0 items>"));
    trv_unref(queue);
}

TEST(a_bound_holds)
{
    trv_auto trv_object *text = NULL;

    queue = trv_call(trv_queue_type, "i", 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(put(i, 0), 0);
    ck_assert_int_eq(put(3, 0), -1);
    crew_expect_error(trv_QueueFull);
    text = trv_repr(queue);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), ": 3 of 3 items>"));
    ck_assert_int_eq(get(0), 0);
    ck_assert_int_eq(put(3, 0), 0);
    ck_assert_uint_eq(length(), 3);
    trv_unref(queue); /* with what is in it */
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *none = trv_none_new();

    queue = trv_queue_new(1);
    ck_assert_int_eq(trv_queue_put(none, none, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_queue_put(queue, NULL, 0), -1);
    crew_expect_error(trv_SystemError);
    ck_assert_int_eq(put(1, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(get(__builtin_nan("")), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_queue_type, "i", -1));
    trv_error_clear();
    trv_unref(queue);
}

TEST(a_queue_in_itself_is_collected)
{
    size_t found = 0;

    queue = trv_queue_new(0);
    ck_assert_int_eq(trv_queue_put(queue, queue, 0), 0);
    trv_unref(queue);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 1);
}

/* Between threads ----------------------------------------------------------------------------- */

#define EACH 50
static int64_t sum, received, last_of[4];

static void produce(void *number)
{
    for (int64_t i = 1; i <= EACH; i++)
        ck_assert_int_eq(put(*(int *)number * 1000 + i, TRV_FOREVER), 0);
}

static void consume(void *unused)
{
    int64_t item;

    (void)unused;
    while ((item = get(TRV_FOREVER)) >= 0) {
        sum += item % 1000;
        received++;
    }
    crew_expect_error(trv_QueueShutDown);
}

/* With one consumer, each producer's items arrive in its order. */
static void consume_in_order(void *unused)
{
    int64_t item;

    (void)unused;
    while ((item = get(TRV_FOREVER)) >= 0) {
        ck_assert_int_eq(item % 1000, last_of[item / 1000] + 1);
        last_of[item / 1000] = item % 1000;
        received++;
    }
    crew_expect_error(trv_QueueShutDown);
}

static void exchange(size_t capacity, int consumers, crew_body *consumer)
{
    static int numbers[] = {0, 1, 2};
    struct crew producing, consuming;

    queue = trv_queue_new(capacity);
    crew_begin(&producing);
    crew_begin(&consuming);
    for (int i = 0; i < consumers; i++)
        crew_start(&consuming, consumer, NULL);
    for (int i = 0; i < 3; i++)
        crew_start(&producing, produce, &numbers[i]);
    crew_join(&producing);
    ck_assert_int_eq(trv_queue_shutdown(queue), 0);
    crew_join(&consuming);
    ck_assert_int_eq(received, 3 * EACH);
    trv_unref(queue);
}

TEST(every_item_arrives_once)
{
    exchange(4, 3, consume);
    ck_assert_int_eq(sum, 3 * EACH * (EACH + 1) / 2);
}

SEEDED_TEST(every_item_arrives_once_in_any_order, 200)
{
    exchange(2, 2, consume);
    ck_assert_int_eq(sum, 3 * EACH * (EACH + 1) / 2);
}

TEST(the_order_of_each_producer_is_kept)
{
    exchange(3, 1, consume_in_order);
}

SEEDED_TEST(an_unbounded_queue_keeps_the_order, 100)
{
    exchange(0, 1, consume_in_order);
}

/* Hand-over: an item put while somebody waits is out of reach of who comes later. */
static int64_t got;

static void get_one(void *unused)
{
    (void)unused;
    got = get(TRV_FOREVER);
}

static void put_seven(void *unused)
{
    (void)unused;
    ck_assert_int_eq(put(7, TRV_FOREVER), 0);
}

SEEDED_TEST(an_item_goes_to_who_waited, 50)
{
    struct crew crew;

    queue = trv_queue_new(1);
    crew_begin(&crew);
    crew_start(&crew, get_one, NULL);
    crew_settle();
    ck_assert_int_eq(put(5, 0), 0);
    ck_assert_int_eq(get(0), -1);
    crew_expect_error(trv_QueueEmpty);
    crew_join(&crew);
    ck_assert_int_eq(got, 5);
    trv_unref(queue);
}

SEEDED_TEST(room_goes_to_who_waited, 50)
{
    struct crew crew;

    queue = trv_queue_new(1);
    crew_begin(&crew);
    ck_assert_int_eq(put(6, 0), 0);
    crew_start(&crew, put_seven, NULL);
    crew_settle();
    ck_assert_int_eq(get(0), 6);
    ck_assert_int_eq(put(8, 0), -1);
    crew_expect_error(trv_QueueFull);
    ck_assert_uint_eq(length(), 1);
    crew_join(&crew);
    ck_assert_int_eq(get(0), 7);
    trv_unref(queue);
}

SEEDED_TEST(waiting_ends_in_time, 20)
{
    double began = trv_time();

    queue = trv_queue_new(1);
    ck_assert_int_eq(get(0.5), -1);
    crew_expect_error(trv_QueueEmpty);
    ck_assert_int_eq(put(1, 0.5), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.5, 1e-6);
    ck_assert_int_eq(put(2, 0.5), -1);
    crew_expect_error(trv_QueueFull);
    ck_assert_double_eq_tol(trv_time() - began, 1, 1e-6);
    TRV_TIMEOUT(1) {
        ck_assert_int_eq(put(2, TRV_FOREVER), -1);
    }
    crew_expect_error(trv_TimeoutError);
    ck_assert_uint_eq(length(), 1);
    trv_unref(queue);
}

/* Shutdown ------------------------------------------------------------------------------------ */

static void fail_to_put(void *unused)
{
    (void)unused;
    ck_assert_int_eq(put(9, TRV_FOREVER), -1);
    crew_expect_error(trv_QueueShutDown);
}

static void fail_to_get(void *unused)
{
    (void)unused;
    ck_assert_int_eq(get(TRV_FOREVER), -1);
    crew_expect_error(trv_QueueShutDown);
}

SEEDED_TEST(shutdown_ends_all_waits, 100)
{
    struct crew crew;
    trv_object *full;

    queue = full = trv_queue_new(1);
    crew_begin(&crew);
    ck_assert_int_eq(put(1, 0), 0);
    crew_start(&crew, fail_to_put, NULL);
    crew_start(&crew, fail_to_put, NULL);
    crew_settle();
    ck_assert_int_eq(trv_queue_shutdown(full), 0);
    crew_join(&crew);
    fail_to_put(NULL);
    ck_assert_int_eq(get(0), 1); /* what was in it can be had */
    fail_to_get(NULL);
    trv_unref(full);
    queue = trv_queue_new(1);
    crew_start(&crew, fail_to_get, NULL);
    crew_start(&crew, fail_to_get, NULL);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_int_eq(trv_queue_shutdown(queue), 0);
    ck_assert_int_eq(trv_queue_shutdown(queue), 0);
    crew_join(&crew);
    trv_unref(queue);
}

/* Cancellation races with hand-over: what was put is either received or still there. Each has its
 * own place for its scope: whoever waits last must be found to be cancelled. */
static trv_scope *scope_of_getter, *scopes_of_putters[2];
static int got_some, put_some;

static void get_in_scope(void *unused)
{
    trv_scope scope;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scope_of_getter = &scope;
    if (get(TRV_FOREVER) >= 0)
        got_some++;
    scope_of_getter = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void put_in_scope(void *place)
{
    trv_scope scope, **mine = place;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    *mine = &scope;
    if (put(1, TRV_FOREVER) == 0)
        put_some++;
    *mine = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel(trv_scope *scope)
{
    if (scope)
        trv_scope_cancel(scope);
}

static void cancel_both(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_checkpoint(), 0);
    cancel(scope_of_getter);
    ck_assert_int_eq(trv_checkpoint(), 0);
    cancel(scopes_of_putters[0]);
}

SEEDED_TEST(cancelling_races_with_hand_over, 500)
{
    struct crew crew;

    queue = trv_queue_new(1);
    crew_begin(&crew);
    crew_start(&crew, get_in_scope, NULL);
    crew_start(&crew, put_in_scope, &scopes_of_putters[0]);
    crew_start(&crew, cancel_both, NULL);
    crew_start(&crew, put_in_scope, &scopes_of_putters[1]);
    crew_settle();
    cancel(scopes_of_putters[0]);
    cancel(scopes_of_putters[1]);
    cancel(scope_of_getter);
    crew_join(&crew);
    ck_assert_int_eq(put_some - got_some, (int)length());
    trv_unref(queue);
}

TEST_LIST(RUN(first_in_first_out), RUN(a_bound_holds), RUN(misuse_is_an_exception),
          RUN(a_queue_in_itself_is_collected), RUN(every_item_arrives_once),
          RUN(every_item_arrives_once_in_any_order), RUN(the_order_of_each_producer_is_kept),
          RUN(an_unbounded_queue_keeps_the_order), RUN(an_item_goes_to_who_waited),
          RUN(room_goes_to_who_waited), RUN(waiting_ends_in_time), RUN(shutdown_ends_all_waits),
          RUN(cancelling_races_with_hand_over))
