/* SPDX-License-Identifier: MIT */
/* Futures: completed once, seen by all who wait, reported when nobody looks. */
#include "support/crew.h"

#include <unistd.h>

static trv_object *future;

static int64_t result_of(trv_object *object, double timeout)
{
    trv_auto trv_object *result = trv_future_result(object, timeout);
    int64_t number = -1;

    ck_assert_msg(!result == !!trv_error_occurred(), "a result or an exception, not both");
    if (result)
        ck_assert_int_eq(trv_int_get(result, &number), 0);
    return number;
}

static void finish(trv_object *object, int64_t number)
{
    trv_auto trv_object *result = trv_int_new(number);

    ck_assert_int_eq(trv_future_set_result(object, result), 0);
}

static trv_object *error_new(trv_object *type)
{
    trv_auto trv_object *arguments = trv_build("(s)", "reason");

    return trv_exception_new(type, arguments);
}

static void fail_with(trv_object *object, trv_object *type)
{
    trv_auto trv_object *error = error_new(type);

    ck_assert_int_eq(trv_future_set_exception(object, error), 0);
}

static void expect_text(trv_object *object, const char *part)
{
    trv_auto trv_object *text = trv_repr(object);

    ck_assert_ptr_nonnull(text);
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), part) != NULL, "%s", trv_str_utf8(text, NULL));
}

TEST(a_result_is_there_for_ever)
{
    trv_auto trv_object *none = NULL;

    future = trv_call(trv_future_type, NULL);
    ck_assert_int_eq(trv_future_done(future), 0);
    ck_assert_int_eq(trv_future_running(future), 0);
    expect_text(future, ": pending>");
    ck_assert_int_eq(result_of(future, 0), -1);
    crew_expect_error(trv_TimeoutError);
    finish(future, 5);
    ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_int_eq(trv_future_cancelled(future), 0);
    ck_assert_int_eq(result_of(future, 0), 5);
    ck_assert_int_eq(result_of(future, TRV_FOREVER), 5);
    none = trv_future_exception(future, 0);
    ck_assert_int_eq(trv_is_none(none), 1);
    expect_text(future, ": returned int>");
    ck_assert_int_eq(trv_future_cancel(future), 0);
    trv_unref(future);
}

TEST(an_exception_is_raised_each_time)
{
    trv_auto trv_object *error = NULL;

    future = trv_future_new();
    fail_with(future, trv_KeyError);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(result_of(future, 0), -1);
        crew_expect_error(trv_KeyError);
    }
    error = trv_future_exception(future, 0);
    ck_assert_int_eq(trv_isinstance(error, trv_KeyError), 1);
    expect_text(future, ": raised KeyError>");
    trv_unref(future);
}

TEST(it_is_completed_once)
{
    trv_auto trv_object *number = trv_int_new(1);
    trv_auto trv_object *error = error_new(trv_KeyError);

    future = trv_future_new();
    ck_assert_int_eq(trv_future_set_exception(future, number), -1);
    crew_expect_error(trv_TypeError);
    finish(future, 5);
    ck_assert_int_eq(trv_future_set_result(future, number), -1);
    crew_expect_error(trv_InvalidStateError);
    ck_assert_int_eq(trv_future_set_exception(future, error), -1);
    crew_expect_error(trv_InvalidStateError);
    ck_assert_int_eq(result_of(future, 0), 5);
    ck_assert_ptr_null(trv_future_result(number, 0));
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(result_of(future, -1), -1);
    crew_expect_error(trv_ValueError);
    trv_unref(future);
}

TEST(a_cancelled_one_has_no_outcome)
{
    future = trv_future_new();
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_int_eq(result_of(future, TRV_FOREVER), -1);
    crew_expect_error(trv_CancelledError);
    ck_assert_ptr_null(trv_future_exception(future, TRV_FOREVER));
    crew_expect_error(trv_CancelledError);
    expect_text(future, ": cancelled>");
    trv_unref(future);
}

/* Callbacks ----------------------------------------------------------------------------------- */

static int calls[4], call_count;

static trv_object *note_call(const trv_args *args)
{
    int64_t number;

    ck_assert_uint_eq(args->count, 1);
    ck_assert_ptr_eq(args->items[0], future);
    ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_int_eq(trv_int_get(args->self, &number), 0);
    calls[call_count++] = (int)number;
    return trv_none_new();
}

static void add_note(int64_t number)
{
    trv_auto trv_object *data = trv_int_new(number);
    trv_auto trv_object *callback = trv_function_new(note_call, "note", data);

    ck_assert_int_eq(trv_future_add_done_callback(future, callback), 0);
}

TRV_STATIC_FUNCTION(blocks, "blocks(future): what a callback may not")
{
    ck_assert_int_eq(trv_sleep(1), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(result_of(args->items[0], TRV_FOREVER),
                     9); /* does not block, and is allowed */
    calls[call_count++] = 77;
    return trv_raise(trv_ValueError, "a callback's exception is printed");
}

TEST(callbacks_run_in_their_order)
{
    trv_auto trv_object *none = trv_none_new();

    future = trv_future_new();
    add_note(0);
    ck_assert_int_eq(trv_future_add_done_callback(future, blocks), 0);
    add_note(1);
    ck_assert_int_eq(trv_future_add_done_callback(future, none), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(call_count, 0);
    finish(future, 9);
    ck_assert_int_eq(call_count, 3);
    add_note(2); /* at once */
    ck_assert_int_eq(call_count, 4);
    ck_assert_int_eq(calls[0], 0);
    ck_assert_int_eq(calls[1], 77);
    ck_assert_int_eq(calls[2], 1);
    ck_assert_int_eq(calls[3], 2);
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv_unref(future);
}

TEST(a_cancelled_one_runs_its_callbacks)
{
    future = trv_future_new();
    add_note(3);
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(call_count, 1);
    trv_unref(future);
}

TEST(a_pending_exception_is_kept)
{
    future = trv_future_new();
    add_note(3);
    (void)trv_raise(trv_IndexError, "pending");
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(call_count, 1);
    crew_expect_error(trv_IndexError);
    trv_unref(future);
}

TEST(one_that_refers_to_itself_is_collected)
{
    size_t found = 0;
    trv_auto trv_object *list = trv_list_new();

    future = trv_future_new();
    ck_assert_int_eq(trv_list_append(list, future), 0);
    ck_assert_int_eq(trv_future_set_result(future, list), 0);
    trv_clear(&list);
    trv_unref(future);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

/* Reports ------------------------------------------------------------------------------------- */

static void look(trv_object *object)
{
    trv_auto trv_object *error = trv_future_exception(object, 0);

    ck_assert_ptr_nonnull(error);
}

static void drop_failed(trv_object *type, void (*with)(trv_object *))
{
    trv_auto trv_object *failed = trv_future_new();

    fail_with(failed, type);
    if (with)
        with(failed);
}

/* What the body writes to standard error, at most `size` - 1 bytes of it. */
static void catch_stderr(void (*body)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(2);
    ssize_t length;

    ck_assert_ptr_nonnull(file);
    fflush(stderr);
    dup2(fileno(file), 2);
    body();
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    length = pread(fileno(file), text, size - 1, 0);
    text[length < 0 ? 0 : length] = 0;
    fclose(file);
}

static void drop_unseen(void)
{
    drop_failed(trv_KeyError, NULL);
}

static void drop_in_cycle(void)
{
    trv_auto trv_object *failed = trv_future_new();
    trv_auto trv_object *arguments = trv_build("(o)", failed);
    trv_auto trv_object *error = trv_exception_new(trv_KeyError, arguments);

    ck_assert_int_eq(trv_future_set_exception(failed, error), 0);
    trv_clear(&failed);
    trv_clear(&arguments);
    trv_clear(&error);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

static void drop_seen(void)
{
    drop_failed(trv_KeyError, look);
}

static void ask_for_result(trv_object *object)
{
    ck_assert_ptr_null(trv_future_result(object, 0));
    crew_expect_error(trv_KeyError);
}

static void gather_it(trv_object *object)
{
    trv_auto trv_object *both = trv_build("[o o]", object, object);

    ck_assert_ptr_null(trv_gather(both));
    crew_expect_error(trv_KeyError);
}

static void drop_asked(void)
{
    drop_failed(trv_KeyError, ask_for_result);
    drop_failed(trv_KeyError, gather_it);
}

static void drop_cancelled(void)
{
    drop_failed(trv_CancelledError, NULL);
}

static size_t count_parts(const char *text, const char *part)
{
    size_t count = 0;

    while ((text = strstr(text, part)))
        count++, text++;
    return count;
}

TEST(an_exception_nobody_saw_is_reported)
{
    char text[2000];

    catch_stderr(drop_unseen, text, sizeof text);
    ck_assert_uint_eq(count_parts(text, "exception was never retrieved"), 1);
    ck_assert_ptr_nonnull(strstr(text, "KeyError: 'reason'"));
    catch_stderr(drop_in_cycle, text, sizeof text);
    ck_assert_uint_eq(count_parts(text, "exception was never retrieved"), 1);
}

TEST(others_are_not_reported)
{
    char text[2000];

    catch_stderr(drop_seen, text, sizeof text);
    ck_assert_str_eq(text, "");
    catch_stderr(drop_asked, text, sizeof text);
    ck_assert_str_eq(text, "");
    catch_stderr(drop_cancelled, text, sizeof text);
    ck_assert_str_eq(text, "");
}

/* Waiting ------------------------------------------------------------------------------------- */

static int seen;

static void wait_for_five(void *unused)
{
    (void)unused;
    ck_assert_int_eq(result_of(future, TRV_FOREVER), 5);
    seen++;
}

static void all_see_it(int members)
{
    struct crew crew;

    future = trv_future_new();
    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, wait_for_five, NULL);
    ck_assert_int_eq(trv_checkpoint(), 0);
    finish(future, 5);
    crew_join(&crew);
    ck_assert_int_eq(seen, members);
    trv_unref(future);
}

TEST(all_who_wait_see_it)
{
    all_see_it(5);
}

SEEDED_TEST(all_who_wait_see_it_in_any_order, 200)
{
    all_see_it(4);
}

SEEDED_TEST(waiting_ends_in_time, 20)
{
    double began = trv_time();

    future = trv_future_new();
    ck_assert_int_eq(result_of(future, 0.75), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 0.75, 1e-6);
    TRV_TIMEOUT(1) {
        ck_assert_int_eq(result_of(future, TRV_FOREVER), -1);
    }
    crew_expect_error(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 1.75, 1e-6);
    ck_assert_int_eq(trv_future_done(future), 0); /* a waiter that gives up changes nothing */
    trv_unref(future);
}

static int answers[3];

static void complete_it(void *number)
{
    int index = *(int *)number;
    trv_auto trv_object *result = trv_int_new(index);

    answers[index] = trv_future_set_result(future, result) == 0;
    if (!answers[index])
        crew_expect_error(trv_InvalidStateError);
}

static void cancel_it(void *unused)
{
    (void)unused;
    answers[2] = trv_future_cancel(future);
}

SEEDED_TEST(one_of_many_completes_it, 200)
{
    static int numbers[] = {0, 1};
    struct crew crew;
    int64_t number;

    future = trv_future_new();
    crew_begin(&crew);
    crew_start(&crew, complete_it, &numbers[0]);
    crew_start(&crew, complete_it, &numbers[1]);
    crew_start(&crew, cancel_it, NULL);
    number = result_of(future, TRV_FOREVER);
    trv_error_clear();
    crew_join(&crew);
    ck_assert_int_eq(answers[0] + answers[1] + answers[2], 1);
    ck_assert_int_eq(answers[number < 0 ? 2 : number], 1);
    trv_unref(future);
}

TEST_LIST(RUN(a_result_is_there_for_ever), RUN(an_exception_is_raised_each_time),
          RUN(it_is_completed_once), RUN(a_cancelled_one_has_no_outcome),
          RUN(callbacks_run_in_their_order), RUN(a_cancelled_one_runs_its_callbacks),
          RUN(a_pending_exception_is_kept), RUN(one_that_refers_to_itself_is_collected),
          RUN(an_exception_nobody_saw_is_reported), RUN(others_are_not_reported),
          RUN(all_who_wait_see_it), RUN(all_who_wait_see_it_in_any_order),
          RUN(waiting_ends_in_time), RUN(one_of_many_completes_it))
