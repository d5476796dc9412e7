/* SPDX-License-Identifier: MIT */
/* Waiting for many futures: wait_futures, as_completed, gather. */
#include "support/crew.h"

#define COUNT 5
static trv_object *futures[COUNT], *all;

static void begin(void)
{
    all = trv_list_new();
    for (int i = 0; i < COUNT; i++) {
        futures[i] = trv_future_new();
        ck_assert_int_eq(trv_list_append(all, futures[i]), 0);
    }
}

static void end(void)
{
    for (int i = 0; i < COUNT; i++)
        trv_unref(futures[i]);
    trv_clear(&all);
}

static void finish(int index)
{
    trv_auto trv_object *result = trv_int_new(index);

    ck_assert_int_eq(trv_future_set_result(futures[index], result), 0);
}

static void fail_one(int index)
{
    trv_auto trv_object *error = trv_exception_new(trv_KeyError, NULL);

    ck_assert_int_eq(trv_future_set_exception(futures[index], error), 0);
    trv_unref(trv_future_exception(futures[index], 0));
}

/* That a pair of sets is (done, left), the done ones being those whose bits are set. */
static void expect_sets(trv_object *sets, unsigned done_bits)
{
    trv_auto trv_object *done = NULL;
    trv_auto trv_object *left = NULL;

    crew_expect_no_error("waiting");
    done = trv_tuple_get(sets, 0);
    left = trv_tuple_get(sets, 1);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(trv_contains(done, futures[i]), done_bits >> i & 1);
        ck_assert_int_eq(trv_contains(left, futures[i]), !(done_bits >> i & 1));
    }
}

static void expect_wait(double timeout, trv_return_when when, unsigned done_bits)
{
    trv_auto trv_object *sets = trv_wait_futures(all, timeout, when);

    expect_sets(sets, done_bits);
}

TEST(done_ones_are_told_apart)
{
    begin();
    expect_wait(0, TRV_ALL_COMPLETED, 0);
    finish(1);
    expect_wait(0, TRV_ALL_COMPLETED, 2);
    expect_wait(TRV_FOREVER, TRV_FIRST_COMPLETED, 2);
    ck_assert_int_eq(trv_future_cancel(futures[2]), 1);
    expect_wait(0, TRV_FIRST_EXCEPTION, 6);
    fail_one(0);
    expect_wait(TRV_FOREVER, TRV_FIRST_EXCEPTION, 7);
    finish(3);
    finish(4);
    expect_wait(TRV_FOREVER, TRV_ALL_COMPLETED, 31);
    end();
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *wrong = trv_build("[i]", 1);
    trv_auto trv_object *number = trv_int_new(1);
    trv_object *none;

    begin();
    ck_assert_ptr_null(trv_wait_futures(wrong, 0, TRV_ALL_COMPLETED));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_wait_futures(number, 0, TRV_ALL_COMPLETED));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_wait_futures(all, 0, (trv_return_when)7));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_wait_futures(all, -1, TRV_ALL_COMPLETED));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_as_completed(wrong, 0));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_gather(wrong));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_gather(NULL));
    crew_expect_error(trv_SystemError);
    none = trv_list_new();
    trv_unref(trv_gather(none));
    trv_unref(trv_wait_futures(none, TRV_FOREVER, TRV_FIRST_COMPLETED));
    crew_expect_no_error("waiting for nothing");
    trv_unref(none);
    end();
}

/* Somebody completes them one after another, a second apart. */
static void complete_slowly(void *unused)
{
    (void)unused;
    for (int i = COUNT - 1; i >= 0; i--) {
        ck_assert_int_eq(trv_sleep(1), 0);
        if (i == 2)
            fail_one(i);
        else
            finish(i);
    }
}

static double since(double began)
{
    return trv_time() - began;
}

SEEDED_TEST(waiting_ends_when_it_should, 50)
{
    struct crew crew;
    double began = trv_time();

    begin();
    crew_begin(&crew);
    crew_start(&crew, complete_slowly, NULL);
    expect_wait(0.5, TRV_FIRST_COMPLETED, 0);
    ck_assert_double_eq_tol(since(began), 0.5, 1e-5);
    expect_wait(TRV_FOREVER, TRV_FIRST_COMPLETED, 16);
    ck_assert_double_eq_tol(since(began), 1, 1e-5);
    expect_wait(TRV_FOREVER, TRV_FIRST_EXCEPTION, 28);
    ck_assert_double_eq_tol(since(began), 3, 1e-5);
    expect_wait(1.5, TRV_ALL_COMPLETED, 30);
    ck_assert_double_eq_tol(since(began), 4.5, 1e-5);
    TRV_TIMEOUT(0.1) {
        ck_assert_ptr_null(trv_wait_futures(all, TRV_FOREVER, TRV_ALL_COMPLETED));
    }
    crew_expect_error(trv_TimeoutError);
    expect_wait(TRV_FOREVER, TRV_ALL_COMPLETED, 31);
    ck_assert_double_eq_tol(since(began), 5, 1e-5);
    crew_join(&crew);
    end();
}

/* as_completed -------------------------------------------------------------------------------- */

static int index_of(const trv_object *future)
{
    for (int i = 0; i < COUNT; i++)
        if (futures[i] == future)
            return i;
    return -1;
}

TEST(done_ones_come_in_the_order_of_ending)
{
    trv_auto trv_object *iterator = NULL;
    trv_object *item;
    int expected[] = {3, 1, 4, 0};

    begin();
    ck_assert_int_eq(trv_list_append(all, futures[3]), 0); /* twice, and yet it comes once */
    finish(3); /* before the watch begins: first of those done */
    iterator = trv_as_completed(all, TRV_FOREVER);
    finish(1);
    finish(4);
    finish(0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(trv_next(iterator, &item), 1);
        ck_assert_int_eq(index_of(item), expected[i]);
        trv_unref(item);
    }
    end(); /* one of them is never done, and the iterator is dropped with it */
}

SEEDED_TEST(each_comes_when_it_is_done, 50)
{
    struct crew crew;
    double began = trv_time();
    trv_auto trv_object *iterator = NULL;
    int round = 0;

    begin();
    crew_begin(&crew);
    crew_start(&crew, complete_slowly, NULL);
    iterator = trv_as_completed(all, TRV_FOREVER);
    TRV_FOR(future, iterator) {
        round++;
        ck_assert_int_eq(index_of(future), COUNT - round);
        ck_assert_double_eq_tol(since(began), round, 1e-4);
    }
    crew_expect_no_error("as_completed");
    ck_assert_int_eq(round, COUNT);
    crew_join(&crew);
    end();
}

SEEDED_TEST(as_completed_has_one_deadline, 20)
{
    struct crew crew;
    trv_auto trv_object *iterator = NULL;
    trv_object *item;
    int round = 0, answer;

    begin();
    crew_begin(&crew);
    crew_start(&crew, complete_slowly, NULL);
    iterator = trv_as_completed(all, 2.5);
    while ((answer = trv_next(iterator, &item)) == 1) {
        trv_unref(item);
        round++;
    }
    ck_assert_int_eq(answer, -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(round, 2);
    crew_join(&crew);
    while (trv_next(iterator, &item) == 1) { /* what is done by then is still given out */
        trv_unref(item);
        round++;
    }
    crew_expect_no_error("as_completed");
    ck_assert_int_eq(round, COUNT);
    end();
}

/* Several readers share an iterator: each future goes to one of them, and all of them end. */
static int read_count;

static void read_all(void *iterator)
{
    TRV_FOR(future, iterator)
        read_count += trv_future_done(future) == 1;
}

SEEDED_TEST(readers_share_an_iterator, 200)
{
    struct crew crew;
    trv_auto trv_object *iterator = NULL;

    begin();
    iterator = trv_as_completed(all, TRV_FOREVER);
    crew_begin(&crew);
    for (int i = 0; i < 3; i++)
        crew_start(&crew, read_all, iterator);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_int_eq(trv_checkpoint(), 0);
        finish(i);
    }
    crew_join(&crew);
    ck_assert_int_eq(read_count, COUNT);
    end();
}

/* gather -------------------------------------------------------------------------------------- */

static void expect_results(trv_object *results)
{
    crew_expect_no_error("gather");
    for (int i = 0; i < COUNT; i++) {
        trv_auto trv_object *result = trv_list_get(results, i);
        int64_t number;
        ck_assert_int_eq(trv_int_get(result, &number), 0);
        ck_assert_int_eq(number, i);
    }
}

static void complete_all(void *unused)
{
    (void)unused;
    for (int i = COUNT - 1; i >= 0; i--) {
        ck_assert_int_eq(trv_checkpoint(), 0);
        finish(i);
    }
}

SEEDED_TEST(gather_keeps_the_order, 100)
{
    struct crew crew;
    trv_auto trv_object *results = NULL;

    begin();
    crew_begin(&crew);
    crew_start(&crew, complete_all, NULL);
    results = trv_gather(all);
    expect_results(results);
    crew_join(&crew);
    end();
}

SEEDED_TEST(gather_raises_the_first_exception, 20)
{
    struct crew crew;
    double began = trv_time();

    begin();
    crew_begin(&crew);
    crew_start(&crew, complete_slowly, NULL);
    ck_assert_ptr_null(trv_gather(all));
    crew_expect_error(trv_KeyError);
    ck_assert_double_eq_tol(since(began), 3, 1e-4);
    crew_join(&crew);
    end();
}

TEST(gather_raises_for_a_cancelled_one)
{
    begin();
    finish(0);
    ck_assert_int_eq(trv_future_cancel(futures[4]), 1);
    ck_assert_ptr_null(trv_gather(all));
    crew_expect_error(trv_CancelledError);
    end();
}

TEST_LIST(RUN(done_ones_are_told_apart), RUN(misuse_is_an_exception),
          RUN(waiting_ends_when_it_should), RUN(done_ones_come_in_the_order_of_ending),
          RUN(each_comes_when_it_is_done), RUN(as_completed_has_one_deadline),
          RUN(readers_share_an_iterator), RUN(gather_keeps_the_order),
          RUN(gather_raises_the_first_exception), RUN(gather_raises_for_a_cancelled_one))
