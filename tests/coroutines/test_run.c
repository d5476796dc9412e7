/* SPDX-License-Identifier: MIT */
/*
 * trv_run and trv_spawn: results, exceptions, order, what is left running, limits.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

#include <unistd.h>

/* trv_run ---------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(add, "add(a, b)")
{
    int64_t a, b;

    if (trv_parse(args, "ll", &a, &b) < 0)
        return NULL;
    return trv_int_new(a + b);
}

TRV_STATIC_FUNCTION(fail, "fail(text)")
{
    const char *text;

    return trv_parse(args, "s", &text) < 0 ? NULL : trv_raise(trv_KeyError, "%s", text);
}

TRV_STATIC_FUNCTION(fail_later, "fail_later()")
{
    if (trv_reschedule() < 0)
        return NULL;
    return trv_raise(trv_KeyError, "later");
}

TEST(run_returns_what_the_function_returns)
{
    ck_assert_int_eq(number(trv_run(add, "ll", INT64_C(40), INT64_C(2))), 42);
    ck_assert_int_eq(number(trv_run(add, "(ll)", INT64_C(1), INT64_C(2))), 3);
}

TEST(run_raises_what_the_function_raises)
{
    ck_assert_ptr_null(trv_run(fail, "s", "gone"));
    must_raise(trv_KeyError);
    ck_assert_ptr_null(trv_run(add, "l", INT64_C(1)));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_run(fail_later, ""));
    must_raise(trv_KeyError);
}

TEST(run_refuses_what_cannot_be_called)
{
    trv_auto trv_object *list = must(trv_list_new());

    ck_assert_ptr_null(trv_run(list, ""));
    must_raise(trv_TypeError);
}

TRV_STATIC_FUNCTION(run_again, "run_again()")
{
    return trv_run(add, "ll", INT64_C(1), INT64_C(2));
}

TEST(run_in_a_coroutine_is_an_error)
{
    ck_assert_ptr_null(trv_run(run_again, ""));
    must_raise(trv_RuntimeError);
}

TEST(spawn_outside_of_a_loop_is_an_error)
{
    ck_assert_ptr_null(trv_spawn(add, "ll", INT64_C(1), INT64_C(2)));
    must_raise(trv_RuntimeError);
}

TEST(runs_follow_one_another)
{
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(number(trv_run(add, "ll", (int64_t)i, INT64_C(2))), i + 2);
}

/* Spawning and joining --------------------------------------------------------------------------- */

IN_LOOP(spawn_gives_a_future)
{
    trv_auto trv_object *future = must(trv_spawn(add, "ll", INT64_C(1), INT64_C(2)));

    ck_assert_int_eq(trv_isinstance(future, trv_future_type), 1);
    ck_assert_int_eq(trv_future_done(future), 0);
    ck_assert_int_eq(number(trv_future_result(future, TRV_FOREVER)), 3);
    ck_assert_int_eq(trv_future_done(future), 1);
}

IN_LOOP(an_exception_arrives_with_the_result)
{
    trv_auto trv_object *future = must(trv_spawn(fail_later, ""));
    trv_auto trv_object *exception = NULL;

    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_KeyError);
    exception = must(trv_future_exception(future, TRV_FOREVER));
    ck_assert_int_eq(trv_isinstance(exception, trv_KeyError), 1);
}

IN_LOOP(spawn_array_passes_keywords)
{
    trv_auto trv_object *one = must(trv_int_new(1));
    trv_auto trv_object *keywords = must(trv_build("{s:i}", "b", 5));

    ck_assert_int_eq(number(joined(trv_spawn_array(add, &one, 1, keywords))), 6);
}

/* Notes its number, gives way, notes it again. */
TRV_STATIC_FUNCTION(twice, "twice(list, number)")
{
    trv_object *list;
    int64_t value;

    if (trv_parse(args, "ol", &list, &value) < 0)
        return NULL;
    note(list, value);
    if (trv_reschedule() < 0)
        return NULL;
    note(list, value + 100);
    return trv_none_new();
}

IN_LOOP(ready_coroutines_run_in_their_order)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *futures = must(trv_list_new());

    for (int64_t i = 0; i < 5; i++) {
        trv_auto trv_object *future = must(trv_spawn(twice, "ol", list, i));
        must_int(trv_list_append(futures, future));
    }
    ck_assert_uint_eq(length_of(list), 0);
    trv_unref(must(trv_gather(futures)));
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(noted(list, i), (int64_t)i);
        ck_assert_int_eq(noted(list, i + 5), (int64_t)i + 100);
    }
}

SEEDED_IN_LOOP(ready_coroutines_run_in_any_order_under_a_seed, 200)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *futures = must(trv_list_new());
    int64_t sum = 0;

    for (int64_t i = 0; i < 5; i++) {
        trv_auto trv_object *future = must(trv_spawn(twice, "ol", list, i));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    ck_assert_uint_eq(length_of(list), 10);
    for (size_t i = 0; i < 10; i++)
        sum += noted(list, i);
    ck_assert_int_eq(sum, 520);
}

/* The same seed gives the same order. */
TRV_STATIC_FUNCTION(order, "order(list)")
{
    trv_object *list;
    trv_auto trv_object *futures = must(trv_list_new());

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    for (int64_t i = 0; i < 8; i++) {
        trv_auto trv_object *future = must(trv_spawn(twice, "ol", list, i));
        must_int(trv_list_append(futures, future));
    }
    return trv_gather(futures);
}

RAW_TEST(a_seed_gives_the_same_order_every_time)
{
    int64_t first[16], different = 0;

    for (int round = 0; round < 6; round++) {
        trv_config config = {.size = sizeof config, .seed = round < 3 ? "7" : "8"};
        trv_object *list;
        ck_assert_int_eq(trv_init(&config), 0);
        list = must(trv_list_new());
        trv_unref(must(trv_run(order, "o", list)));
        for (size_t i = 0; i < 16; i++) {
            if (round == 0)
                first[i] = noted(list, i);
            else if (round < 3)
                ck_assert_int_eq(noted(list, i), first[i]);
            else
                different += noted(list, i) != first[i];
        }
        trv_unref(list);
        trv_fini();
    }
    ck_assert_int_gt(different, 0);
}

/* Waits for the task before it and adds one. */
TRV_STATIC_FUNCTION(chain, "chain(before)")
{
    trv_object *before;

    if (trv_parse(args, "o", &before) < 0)
        return NULL;
    return trv_int_new(number(trv_future_result(before, TRV_FOREVER)) + 1);
}

SEEDED_IN_LOOP(a_chain_of_joins, 200)
{
    trv_object *last = must(trv_spawn(add, "ll", INT64_C(0), INT64_C(0)));

    for (int i = 0; i < 20; i++) {
        trv_object *next = must(trv_spawn(chain, "o", last));
        trv_unref(last);
        last = next;
    }
    ck_assert_int_eq(number(joined(last)), 20);
}

TRV_STATIC_FUNCTION(tree, "tree(depth)")
{
    trv_object *left, *right;
    int64_t depth;

    if (trv_parse(args, "l", &depth) < 0)
        return NULL;
    if (!depth)
        return trv_int_new(1);
    left = must(trv_spawn(tree, "l", depth - 1));
    right = must(trv_spawn(tree, "l", depth - 1));
    return trv_int_new(number(joined(left)) + number(joined(right)));
}

IN_LOOP(coroutines_spawn_coroutines)
{
    ck_assert_int_eq(number(joined(trv_spawn(tree, "l", INT64_C(10)))), 1024);
}

IN_LOOP(ten_thousand_coroutines)
{
    size_t count = TRV_TSAN ? 3000 : 10000;
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *futures = must(trv_list_new());

    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *future = must(trv_spawn(twice, "ol", list, (int64_t)i));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    ck_assert_uint_eq(length_of(list), 2 * count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq(noted(list, i), (int64_t)i);
}

/* What belongs to a coroutine ---------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(own_task, "own_task()")
{
    return trv_current_task();
}

IN_LOOP(the_current_task_is_its_future)
{
    trv_auto trv_object *future = must(trv_spawn(own_task, ""));
    trv_auto trv_object *task = must(trv_future_result(future, TRV_FOREVER));
    trv_auto trv_object *mine = must(trv_current_task());

    ck_assert_ptr_eq(task, future);
    ck_assert_ptr_ne(mine, future);
    ck_assert_int_eq(trv_isinstance(mine, trv_future_type), 1);
}

TEST(outside_of_coroutines_there_is_no_task)
{
    trv_auto trv_object *task = must(trv_current_task());

    ck_assert(trv_is_none(task));
}

/* Gives way with an exception pending, which nobody else may see. */
TRV_STATIC_FUNCTION(keeps_its_exception, "keeps_its_exception(number)")
{
    trv_auto trv_object *mine = NULL;
    trv_auto trv_object *text = NULL;
    char expected[32];
    int64_t value;

    if (trv_parse(args, "l", &value) < 0)
        return NULL;
    (void)trv_raise(trv_ValueError, "%d", (int)value);
    mine = trv_error_take();
    for (int i = 0; i < 3; i++) {
        trv_error_restore(mine);
        trv__current->context->operations->reschedule(trv__current->context);
        ck_assert_int_eq(trv_error_matches(trv_ValueError), 1);
        trv_unref(mine);
        mine = trv_error_take();
    }
    text = must(trv_str(mine));
    snprintf(expected, sizeof expected, "%d", (int)value);
    ck_assert_str_eq(trv_str_utf8(text, NULL), expected);
    return trv_none_new();
}

SEEDED_IN_LOOP(each_coroutine_has_exceptions_of_its_own, 200)
{
    trv_auto trv_object *futures = must(trv_list_new());

    for (int64_t i = 0; i < 4; i++) {
        trv_auto trv_object *future = must(trv_spawn(keeps_its_exception, "l", i));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
}

IN_LOOP(a_coroutine_inherits_no_scope)
{
    trv_object *future = NULL;
    trv_auto trv_object *list = must(trv_list_new());
    trv_scope scope;

    must_int(trv_scope_begin(&scope, TRV_FOREVER));
    trv_scope_cancel(&scope);
    future = must(trv_spawn(twice, "ol", list, INT64_C(1)));
    ck_assert_int_eq(trv_reschedule(), -1);
    must_raise(trv_CancelledError);
    must_int(trv_scope_end(&scope));
    trv_unref(joined(future));
    ck_assert_uint_eq(length_of(list), 2);
}

TRV_STATIC_FUNCTION(recurse, "recurse(n)")
{
    int64_t n;
    trv_auto trv_object *deeper = NULL;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    deeper = trv_call(recurse, "l", n + 1);
    return deeper ? trv_ref(deeper) : NULL;
}

IN_LOOP(recursion_without_end_is_an_exception)
{
    trv_auto trv_object *future = must(trv_spawn(recurse, "l", INT64_C(0)));

    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_RecursionError);
    ck_assert_ptr_null(trv_call(recurse, "l", INT64_C(0)));
    must_raise(trv_RecursionError);
}

/* What is left running ----------------------------------------------------------------------------- */

/* Waits for ever, in vain three times; notes how it was stopped. */
TRV_STATIC_FUNCTION(stubborn, "stubborn(list)")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(trv_sleep(1e6), -1);
        must_raise(trv_CancelledError);
        note(list, i);
    }
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(leaves_some, "leaves_some(list)")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        trv_unref(must(trv_spawn(stubborn, "o", list)));
    if (trv_reschedule() < 0)
        return NULL;
    trv_unref(must(trv_spawn(stubborn, "o", list))); /* does not begin before the end */
    return trv_int_new(5);
}

SEEDED_TEST(what_is_left_running_is_cancelled_until_it_ends, 200)
{
    trv_auto trv_object *list = must(trv_list_new());

    ck_assert_int_eq(number(trv_run(leaves_some, "o", list)), 5);
    ck_assert_uint_eq(length_of(list) % 3, 0);
    ck_assert_uint_le(length_of(list), 12);
}

/* Idling ------------------------------------------------------------------------------------------ */

static size_t tracked(void)
{
    trv_gc_stats stats;

    trv_gc_stats_get(&stats);
    return stats.tracked;
}

TRV_STATIC_FUNCTION(sleep_until_collected, "sleep_until_collected(): leaves cycles behind")
{
    enum { CYCLES = 40000 };
    trv_auto trv_object *lists = must(trv_list_new());
    size_t before = tracked();

    (void)args;
    for (int i = 0; i < CYCLES; i++) {
        trv_auto trv_object *list = must(trv_list_new());
        ck_assert(trv_list_append(list, list) == 0 && trv_list_append(lists, list) == 0);
    }
    ck_assert_int_eq(trv_gc_collect(1, NULL), 0);
    ck_assert_int_eq(trv_list_clear(lists), 0);
    ck_assert_uint_ge(tracked(), before + CYCLES);
    while (tracked() > before)
        if (trv_sleep(0.0005) < 0)
            return NULL;
    return trv_none_new();
}

/* Nothing else would collect them: so few containers are made. */
TEST(an_idle_loop_collects)
{
    if (TRV_GIL_STRESS)
        return; /* a switch is always wanted then, and no moment idle */
    trv_gc_set_threshold(1000000, 10, 10);
    trv_unref(must(trv_run(sleep_until_collected, "")));
}

TEST(what_has_begun_unwinds_and_what_has_not_never_runs)
{
    trv_auto trv_object *list = must(trv_list_new());

    ck_assert_int_eq(number(trv_run(leaves_some, "o", list)), 5);
    ck_assert_uint_eq(length_of(list), 9);
}

TRV_STATIC_FUNCTION(cleans_up_once, "cleans_up_once(list, spawn)")
{
    trv_object *list, *spawned;

    if (trv_parse(args, "oo", &list, &spawned) < 0)
        return NULL;
    ck_assert_int_eq(trv_sleep(1e6), -1);
    must_raise(trv_CancelledError);
    TRV_SHIELD {
        must_int(trv_sleep(0.001));
        note(list, 1);
        trv_unref(must(trv_spawn(spawned, "oo", list, add)));
        must_int(trv_sleep(0.001));
        note(list, 2);
    }
    return trv_raise(trv_CancelledError, "as told");
}

TRV_STATIC_FUNCTION(wait_noting, "wait_noting(list, ignored)")
{
    trv_object *list, *ignored;

    if (trv_parse(args, "oo", &list, &ignored) < 0)
        return NULL;
    ck_assert_int_eq(trv_sleep(1e6), -1);
    must_raise(trv_CancelledError);
    note(list, 3);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(leaves_one, "leaves_one(list)")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    trv_unref(must(trv_spawn(cleans_up_once, "oo", list, wait_noting)));
    return trv_sleep(0.001) < 0 ? NULL : trv_none_new();
}

SEEDED_TEST(a_shield_lets_a_coroutine_clean_up_and_spawn, 200)
{
    trv_auto trv_object *list = must(trv_list_new());

    trv_unref(must(trv_run(leaves_one, "o", list)));
    ck_assert_uint_eq(length_of(list), 3);
    ck_assert_int_eq(noted(list, 0), 1);
    ck_assert_int_eq(noted(list, 1), 2);
    ck_assert_int_eq(noted(list, 2), 3);
}

/* Standard error while a run goes on, as text. */
static void run_captured(trv_object *app, char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(2);
    size_t got;

    ck_assert(file && saved >= 0);
    fflush(stderr);
    dup2(fileno(file), 2);
    trv_unref(trv_run(app, ""));
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    got = fread(text, 1, size - 1, file);
    text[got] = 0;
    fclose(file);
}

TRV_STATIC_FUNCTION(drops_a_failure, "drops_a_failure()")
{
    trv_unref(must(trv_spawn(fail, "s", "nobody asked")));
    return trv_sleep(0) < 0 ? NULL : trv_none_new();
}

TEST(an_exception_nobody_asked_for_is_reported)
{
    char text[2000];

    run_captured(drops_a_failure, text, sizeof text);
    ck_assert_msg(strstr(text, "nobody asked") != NULL, "standard error: %s", text);
}

/* Scopes around trv_run ------------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(sleep_long, "sleep_long()")
{
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

SEEDED_TEST(a_timeout_around_run_reaches_its_coroutine, 200)
{
    TRV_TIMEOUT(0.5)
        ck_assert_ptr_null(trv_run(sleep_long, ""));
    must_raise(trv_TimeoutError);
}

TEST(a_timeout_around_run_reaches_its_coroutine_in_real_time)
{
    TRV_TIMEOUT(0.02)
        ck_assert_ptr_null(trv_run(sleep_long, ""));
    must_raise(trv_TimeoutError);
}

static trv_scope scope_around_run;

static void cancel_after_a_while(void *argument TRV_UNUSED)
{
    must_int(trv_sleep(0.02));
    trv_scope_cancel(&scope_around_run);
}

SEEDED_TEST(cancelling_a_scope_around_run_from_another_thread, 200)
{
    must_int(trv_scope_begin(&scope_around_run, TRV_FOREVER));
    must_int(trv__thread_start(cancel_after_a_while, NULL, "canceller", 0));
    ck_assert_ptr_null(trv_run(sleep_long, ""));
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope_around_run), 0);
}

TEST(cancelling_a_scope_around_run_in_real_time)
{
    must_int(trv_scope_begin(&scope_around_run, TRV_FOREVER));
    must_int(trv__thread_start(cancel_after_a_while, NULL, "canceller", 0));
    ck_assert_ptr_null(trv_run(sleep_long, ""));
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope_around_run), 0);
}

TRV_STATIC_FUNCTION(cancels_its_outer_scope, "cancels_its_outer_scope()")
{
    trv_scope_cancel(&scope_around_run);
    ck_assert_int_eq(trv_sleep(1e6), -1);
    return NULL;
}

SEEDED_TEST(a_coroutine_cancels_the_scope_around_its_run, 200)
{
    must_int(trv_scope_begin(&scope_around_run, TRV_FOREVER));
    ck_assert_ptr_null(trv_run(cancels_its_outer_scope, ""));
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope_around_run), 0);
}

TEST(run_in_a_cancelled_scope_does_not_begin)
{
    must_int(trv_scope_begin(&scope_around_run, TRV_FOREVER));
    trv_scope_cancel(&scope_around_run);
    ck_assert_ptr_null(trv_run(add, "ll", INT64_C(1), INT64_C(2)));
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope_around_run), 0);
}

/* Cancelling --------------------------------------------------------------------------------------------- */

IN_LOOP(one_that_has_not_begun_never_runs)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_auto trv_object *future = must(trv_spawn(twice, "ol", list, INT64_C(1)));

    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    must_int(trv_sleep(0));
    must_int(trv_sleep(0));
    ck_assert_uint_eq(length_of(list), 0);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_CancelledError);
}

IN_LOOP(one_that_waits_is_told)
{
    trv_auto trv_object *future = must(trv_spawn(sleep_long, ""));

    must_int(trv_sleep(0));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_int_eq(trv_future_done(future), 0);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_CancelledError);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_cancel(future), 1);
}

/* Gives way often; is cancelled at one of the places where it does. */
TRV_STATIC_FUNCTION(many_waits, "many_waits(list)")
{
    trv_object *list;

    if (trv_parse(args, "o", &list) < 0)
        return NULL;
    for (int i = 0; i < 10; i++) {
        if ((i % 2 ? trv_sleep(0.1) : trv_reschedule()) < 0)
            return NULL;
        note(list, i);
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(cancel_at_every_point, "cancel()")
{
    for (int after = 0; after < 14; after++) {
        trv_auto trv_object *list = must(trv_list_new());
        trv_auto trv_object *future = must(trv_spawn(many_waits, "o", list));
        for (int i = 0; i < after; i++)
            must_int(i % 2 ? trv_sleep(0.1) : trv_reschedule());
        trv_future_cancel(future);
        trv_unref(trv_future_result(future, TRV_FOREVER));
        if (trv_error_occurred())
            must_raise(trv_CancelledError);
        else
            ck_assert_uint_eq(length_of(list), 10);
    }
    return trv_none_new();
}

SEEDED_TEST(cancelling_at_every_point, 200)
{
    trv_unref(must(trv_run(cancel_at_every_point, "")));
}

TRV_STATIC_FUNCTION(cancels_itself, "cancels_itself()")
{
    trv_auto trv_object *task = must(trv_current_task());

    ck_assert_int_eq(trv_future_cancel(task), 1);
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

TEST(a_coroutine_cancels_itself)
{
    ck_assert_ptr_null(trv_run(cancels_itself, ""));
    must_raise(trv_CancelledError);
}

/* Limits ----------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(wait_for, "wait_for(event)")
{
    trv_object *event;

    if (trv_parse(args, "o", &event) < 0 || trv_event_wait(event, TRV_FOREVER) < 0)
        return NULL;
    return trv_none_new();
}

/* The arena is made smaller behind the runtime's back. */
IN_LOOP(out_of_stacks_is_memory_error)
{
    struct trv__stacks *stacks = trv__runtime_stacks();
    uint32_t max = stacks->max;
    trv_auto trv_object *event = must(trv_event_new());
    trv_object *futures[40];
    int failed = 0;

    stacks->max = 32;
    for (size_t i = 0; i < 40; i++)
        futures[i] = must(trv_spawn(wait_for, "o", event));
    must_int(trv_sleep(0));
    must_int(trv_event_set(event));
    for (size_t i = 0; i < 40; i++) {
        trv_unref(trv_future_result(futures[i], TRV_FOREVER));
        if (trv_error_occurred()) {
            failed++;
            must_raise(trv_MemoryError);
        }
        trv_unref(futures[i]);
    }
    ck_assert_int_eq(failed, 40 - 32 + 1); /* the test's own coroutine has one */
    stacks->max = max;
    trv_unref(joined(trv_spawn(wait_for, "o", event)));
}

TRV_STATIC_FUNCTION(nothing, "nothing()")
{
    return trv_none_new();
}

TEST(out_of_descriptors_is_an_error_of_run)
{
    int fds[4096], count = 0;

    while (count < 4096 && (fds[count] = dup(0)) >= 0)
        count++;
    if (count == 4096) { /* there are more than a test should take */
        while (count > 0)
            close(fds[--count]);
        return;
    }
    ck_assert_ptr_null(trv_run(nothing, ""));
    must_raise(trv_OSError);
    while (count > 0)
        close(fds[--count]);
    trv_unref(must(trv_run(nothing, "")));
}

TEST_LIST(RUN(run_returns_what_the_function_returns), RUN(run_raises_what_the_function_raises),
          RUN(run_refuses_what_cannot_be_called), RUN(run_in_a_coroutine_is_an_error),
          RUN(spawn_outside_of_a_loop_is_an_error), RUN(runs_follow_one_another),
          RUN(spawn_gives_a_future), RUN(an_exception_arrives_with_the_result),
          RUN(spawn_array_passes_keywords), RUN(ready_coroutines_run_in_their_order),
          RUN(ready_coroutines_run_in_any_order_under_a_seed),
          RUN(a_seed_gives_the_same_order_every_time), RUN(a_chain_of_joins),
          RUN(coroutines_spawn_coroutines), RUN(ten_thousand_coroutines),
          RUN(the_current_task_is_its_future), RUN(outside_of_coroutines_there_is_no_task),
          RUN(each_coroutine_has_exceptions_of_its_own), RUN(a_coroutine_inherits_no_scope),
          RUN(recursion_without_end_is_an_exception),
          RUN(what_is_left_running_is_cancelled_until_it_ends), RUN(an_idle_loop_collects),
          RUN(what_has_begun_unwinds_and_what_has_not_never_runs),
          RUN(a_shield_lets_a_coroutine_clean_up_and_spawn),
          RUN(an_exception_nobody_asked_for_is_reported),
          RUN(a_timeout_around_run_reaches_its_coroutine),
          RUN(a_timeout_around_run_reaches_its_coroutine_in_real_time),
          RUN(cancelling_a_scope_around_run_from_another_thread),
          RUN(cancelling_a_scope_around_run_in_real_time),
          RUN(a_coroutine_cancels_the_scope_around_its_run),
          RUN(run_in_a_cancelled_scope_does_not_begin), RUN(one_that_has_not_begun_never_runs),
          RUN(one_that_waits_is_told), RUN(cancelling_at_every_point),
          RUN(a_coroutine_cancels_itself), RUN(out_of_stacks_is_memory_error),
          RUN(out_of_descriptors_is_an_error_of_run))
