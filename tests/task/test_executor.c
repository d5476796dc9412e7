/* SPDX-License-Identifier: MIT */
/* The executor interface, the same on the inline executor and on a thread pool. */
#include "support/crew.h"

#include "trivet/coroutine.h"

static trv_object *executor;

static void with_each(void (*body)(void))
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 3};
    trv_object *made[] = {trv_inline_executor_new(), trv_thread_pool_new(&options)};

    for (size_t i = 0; i < 2; i++) {
        executor = made[i];
        ck_assert_ptr_nonnull(executor);
        body();
        ck_assert_int_eq(trv_shutdown(executor, NULL), 0);
        trv_unref(executor);
    }
}

TRV_STATIC_FUNCTION(combine, "combine(a, b=, c=): a * 100 + b * 10 + c")
{
    int64_t a, b = 0, c = 0;

    if (trv_parse(args, "l|ll", &a, &b, &c) < 0)
        return NULL;
    return trv_int_new(a * 100 + b * 10 + c);
}

TRV_STATIC_FUNCTION(fails, "fails(): raises")
{
    return trv_raise(trv_KeyError, "as it should");
}

TRV_STATIC_FUNCTION(give_task, "give_task(): its own future")
{
    return trv_current_task();
}

static int64_t number_of(trv_object *future)
{
    trv_auto trv_object *result = trv_future_result(future, TRV_FOREVER);
    int64_t number = -1;

    if (result)
        ck_assert_int_eq(trv_int_get(result, &number), 0);
    return number;
}

static void results_come_back(void)
{
    trv_auto trv_object *future = trv_submit(executor, combine, "iii", 1, 2, 3);
    trv_auto trv_object *four = trv_int_new(4);
    trv_auto trv_object *keywords = trv_build("{s:i}", "c", 6);
    trv_auto trv_object *other = trv_submit_array(executor, combine, &four, 1, keywords);

    ck_assert_int_eq(number_of(future), 123);
    ck_assert_int_eq(number_of(other), 406);
}

TEST(a_result_comes_back)
{
    with_each(results_come_back);
}

static void exceptions_come_back(void)
{
    trv_auto trv_object *future = trv_submit(executor, fails, "");
    trv_auto trv_object *wrong = trv_submit(executor, combine, "s", "no number");

    ck_assert_int_eq(number_of(future), -1);
    crew_expect_error(trv_KeyError);
    ck_assert_int_eq(number_of(wrong), -1);
    crew_expect_error(trv_TypeError);
}

TEST(an_exception_comes_back)
{
    with_each(exceptions_come_back);
}

static void misuse_raises(void)
{
    trv_auto trv_object *none = trv_none_new();

    ck_assert_ptr_null(trv_submit(executor, none, ""));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_submit(none, combine, ""));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_submit(executor, NULL, ""));
    crew_expect_error(trv_SystemError);
    ck_assert_ptr_null(trv_submit(executor, combine, "?"));
    crew_expect_error(trv_SystemError);
    ck_assert_ptr_null(trv_submit_array(executor, combine, NULL, 0, none));
    crew_expect_error(trv_TypeError);
    ck_assert_uint_eq(trv_executor_workers(none), 0);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_shutdown(none, NULL), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_submit(executor, combine, "o", trv_raise(trv_IndexError, "nested")));
    crew_expect_error(trv_IndexError);
}

TEST(misuse_is_an_exception)
{
    with_each(misuse_raises);
}

static void shutdown_refuses(void)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = -1};

    ck_assert_int_eq(trv_shutdown(executor, &options), -1);
    crew_expect_error(trv_ValueError);
    trv_unref(trv_submit(executor, combine, "i", 1));
    TRV_WITH(executor) {
        trv_unref(trv_submit(executor, combine, "i", 1));
    }
    ck_assert_ptr_null(trv_submit(executor, combine, "i", 1));
    crew_expect_error(trv_RuntimeError);
    ck_assert_ptr_null(trv_map(executor, combine, executor, NULL));
    crew_expect_error(trv_RuntimeError);
    TRV_WITH(executor)
        ck_abort_msg("a pool that was shut down was entered");
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_shutdown(executor, NULL), 0);
}

TEST(after_shutdown_nothing_is_taken)
{
    with_each(shutdown_refuses);
}

static void task_is_known(void)
{
    trv_auto trv_object *outside = trv_current_task();
    trv_auto trv_object *future = trv_submit(executor, give_task, "");
    trv_auto trv_object *task = trv_future_result(future, TRV_FOREVER);

    ck_assert_int_eq(trv_is_none(outside), 1);
    ck_assert_ptr_eq(task, future);
    trv_clear(&task); /* a future that is its own result: garbage for the collector */
}

TEST(a_call_knows_its_future)
{
    with_each(task_is_known);
}

TEST(the_inline_executor_runs_at_once)
{
    trv_auto trv_object *future = NULL;

    executor = trv_inline_executor_new();
    ck_assert_uint_eq(trv_executor_workers(executor), 1);
    future = trv_submit(executor, combine, "i", 7);
    ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_int_eq(number_of(future), 700);
    trv_unref(executor);
}

/* In the middle of a failure, as clean-up code may: the call runs undisturbed and disturbs nothing. */
TEST(an_inline_call_leaves_the_pending_exception)
{
    trv_auto trv_object *future = NULL;

    executor = trv_inline_executor_new();
    (void)trv_raise(trv_IndexError, "pending");
    future = trv_submit(executor, combine, NULL);
    crew_expect_error(trv_IndexError);
    ck_assert_ptr_nonnull(future);
    ck_assert_int_eq(number_of(future), -1);
    crew_expect_error(trv_TypeError);
    trv_unref(executor);
}

static trv_object *outer_future;

TRV_STATIC_FUNCTION(waits_for_itself, "waits_for_itself(): can not")
{
    trv_auto trv_object *task = trv_current_task();

    return trv_future_result(task, TRV_FOREVER);
}

static void own_future(void)
{
    outer_future = trv_submit(executor, waits_for_itself, "");
    ck_assert_int_eq(number_of(outer_future), -1);
    crew_expect_error(trv_DeadlockError);
    trv_unref(outer_future);
}

TEST(a_call_cannot_wait_for_itself)
{
    with_each(own_future);
}

/* Types of executors cannot be called, options of an older program are shorter. */
TEST(executors_are_made_by_their_functions)
{
    trv_auto trv_object *type = NULL;
    trv_shutdown_options shorter = {.size = sizeof(size_t), .timeout = -1};

    executor = trv_inline_executor_new();
    type = trv_type_of(executor);
    ck_assert_ptr_null(trv_call(type, ""));
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_shutdown(executor, &shorter), 0);
    trv_unref(executor);
}

TEST_LIST(RUN(a_result_comes_back), RUN(an_exception_comes_back), RUN(misuse_is_an_exception),
          RUN(after_shutdown_nothing_is_taken), RUN(a_call_knows_its_future),
          RUN(the_inline_executor_runs_at_once), RUN(an_inline_call_leaves_the_pending_exception),
          RUN(a_call_cannot_wait_for_itself), RUN(executors_are_made_by_their_functions))
