/* SPDX-License-Identifier: MIT */
/*
 * Generators: what Python's do, on stacks; inside coroutines and threads; dropped at every point.
 */
#include "types/container.h"
#include "types/exhaust.h"
#include "types/steps.h"

static int unwound; /* generators whose function has ended */

static void count_unwound(int *unused)
{
    (void)unused;
    unwound++;
}

/* Declares that leaving the function is counted, by whatever way. */
#define COUNTED __attribute__((cleanup(count_unwound), unused)) int counted = 0

TRV_STATIC_FUNCTION(count_down, "count_down(n): n, n - 1 ... 1")
{
    int64_t n;
    COUNTED;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    for (; n > 0; n--) {
        trv_auto trv_object *number = trv_int_new(n);
        trv_auto trv_object *sent = trv_yield(number);
        if (!sent)
            return NULL;
    }
    return trv_str_new("done");
}

/* Yields what was sent last; None begins. */
TRV_STATIC_FUNCTION(echo, "echo(): what is sent")
{
    trv_auto trv_object *last = trv_none_new();
    COUNTED;

    for (;;) {
        trv_object *sent = trv_yield(last);
        if (!sent)
            return NULL;
        trv_unref(last);
        last = sent;
    }
}

/* Answers exceptions by yielding their type's name; "stop" ends it. */
TRV_STATIC_FUNCTION(survivor, "survivor(): the types of what is thrown in")
{
    trv_auto trv_object *last = trv_str_new("begun");
    COUNTED;

    for (;;) {
        trv_auto trv_object *sent = trv_yield(last);
        trv_auto trv_object *error = sent ? NULL : trv_error_take();
        trv_unref(last);
        last = error ? trv_str_new(trv_type_name(error)) : trv_str_new("sent");
        if (error && trv_isinstance(error, trv_KeyError))
            return trv_str_new("stopped");
    }
}

TRV_STATIC_FUNCTION(delegate, "delegate(inner): all of inner, then its result")
{
    trv_object *inner;
    trv_auto trv_object *result = NULL;
    trv_auto trv_object *sent = NULL;
    COUNTED;

    if (trv_parse(args, "o", &inner) < 0 || !(result = trv_yield_from(inner)) ||
        !(sent = trv_yield(result)))
        return NULL;
    return trv_str_new("outer");
}

static trv_object *countdown_of(int64_t n)
{
    return trv_generator_new(count_down, "l", n);
}

static void send(trv_object *generator, const char *format, int value, const char *expected)
{
    trv_auto trv_object *sent = format ? trv_build(format, value) : trv_none_new();
    trv_object *item;
    int answer = trv_generator_send(generator, sent, &item);

    expect_answer(answer, item, expected);
}

TEST(iteration)
{
    trv_auto trv_object *generator = countdown_of(3);

    expect_repr(trv_list_from(generator), "[3, 2, 1]");
}

TEST(a_loop_may_stop_early)
{
    trv_auto trv_object *generator = countdown_of(1000);
    int rounds = 0;

    TRV_FOR(number, generator)
        if (++rounds == 3)
            break;
    ck_assert_int_eq(unwound, 0);
    send(generator, NULL, 0, "1: 997");
    trv_clear(&generator);
    ck_assert_int_eq(unwound, 1);
}

TEST(nothing_runs_before_the_first_item)
{
    trv_auto trv_object *generator = countdown_of(3), *unused = countdown_of(4);

    trv_clear(&unused);
    ck_assert_int_eq(unwound, 0);
    ck_assert_int_eq(trv_generator_close(generator), 0);
    send(generator, NULL, 0, "0: None");
    ck_assert_int_eq(unwound, 0);
}

TEST(results_end_it)
{
    trv_auto trv_object *generator = countdown_of(1);

    send(generator, NULL, 0, "1: 1");
    send(generator, NULL, 0, "0: 'done'");
    send(generator, NULL, 0, "0: None");
}

TEST(sending)
{
    trv_auto trv_object *generator = trv_generator_new(echo, "");

    send(generator, "i", 1, "TypeError");
    send(generator, NULL, 0, "1: None");
    send(generator, "i", 7, "1: 7");
    send(generator, "i", 8, "1: 8");
    ck_assert_int_eq(trv_generator_close(generator), 0);
    ck_assert_int_eq(unwound, 1);
    send(generator, "i", 8, "0: None");
}

TEST(throwing)
{
    trv_auto trv_object *generator = trv_generator_new(survivor, "");
    trv_auto trv_object *unbegun = trv_generator_new(survivor, "");
    trv_object *item;

    send(generator, NULL, 0, "1: 'begun'");
    throw(generator, trv_ValueError, "1: 'ValueError'");
    send(generator, "i", 7, "1: 'sent'");
    throw(generator, trv_GeneratorExit, "1: 'GeneratorExit'");
    throw(generator, trv_KeyError, "0: 'stopped'");
    throw(generator, trv_KeyError, "KeyError");
    throw(unbegun, trv_KeyError, "KeyError");
    send(unbegun, NULL, 0, "0: None");
    ck_assert_int_eq(trv_generator_throw(generator, generator, &item), -1);
    EXPECT_NULL(item, trv_TypeError, "only exceptions can be raised, not generator");
}

TEST(who_ignores_its_end_is_told)
{
    trv_auto trv_object *generator = trv_generator_new(survivor, "");

    send(generator, NULL, 0, "1: 'begun'");
    ck_assert_int_eq(trv_generator_close(generator), -1);
    EXPECT_NULL(NULL, trv_RuntimeError, "generator ignored GeneratorExit");
    throw(generator, trv_KeyError, "0: 'stopped'");
}

TEST(delegation)
{
    trv_auto trv_object *generator = trv_generator_new(delegate, "o", NULL);
    trv_auto trv_object *list = trv_build("[i i]", 1, 2), *inner = countdown_of(2);
    trv_auto trv_object *over_list = NULL, *over_generator = NULL;

    ck_assert_ptr_null(generator);
    trv_error_clear();
    over_list = trv_generator_new(delegate, "o", list);
    expect_repr(trv_list_from(over_list), "[1, 2, None]");
    over_generator = trv_generator_new(delegate, "o", inner);
    expect_repr(trv_list_from(over_generator), "[2, 1, 'done']");
}

TEST(delegation_passes_on_what_is_sent_and_thrown)
{
    trv_auto trv_object *first = trv_generator_new(echo, ""), *second = NULL;
    trv_auto trv_object *outer = trv_generator_new(delegate, "o", first);
    trv_auto trv_object *list = trv_build("[i i]", 1, 2), *third = NULL;

    send(outer, NULL, 0, "1: None");
    send(outer, "i", 5, "1: 5");
    throw(outer, trv_ValueError, "ValueError");
    ck_assert_int_eq(unwound, 2);
    trv_unref(first);
    first = trv_generator_new(survivor, "");
    second = trv_generator_new(delegate, "o", first);
    send(second, NULL, 0, "1: 'begun'");
    throw(second, trv_ValueError, "1: 'ValueError'");
    throw(second, trv_KeyError, "1: 'stopped'");
    send(second, NULL, 0, "0: 'outer'");
    third = trv_generator_new(delegate, "o", list);
    send(third, NULL, 0, "1: 1");
    send(third, "i", 5, "AttributeError");
}

TEST(closing_reaches_the_innermost)
{
    trv_auto trv_object *inner = trv_generator_new(echo, "");
    trv_auto trv_object *middle = trv_generator_new(delegate, "o", inner);
    trv_auto trv_object *outer = trv_generator_new(delegate, "o", middle);

    send(outer, NULL, 0, "1: None");
    ck_assert_int_eq(trv_generator_close(outer), 0);
    ck_assert_int_eq(unwound, 3);
    send(inner, NULL, 0, "0: None");
}

TRV_STATIC_FUNCTION(resume_itself, "resume_itself(cell): asks itself for an item")
{
    trv_object *cell, *item;
    trv_auto trv_object *itself = NULL;

    if (trv_parse(args, "o", &cell) < 0 || !(itself = trv_list_get(cell, 0)))
        return NULL;
    ck_assert_int_eq(trv_generator_running(itself), 1);
    return trv_next(itself, &item) < 0 ? NULL : item;
}

TEST(a_running_one_cannot_be_entered)
{
    trv_auto trv_object *cell = trv_list_new(),
                        *generator = trv_generator_new(resume_itself, "o", cell);

    ck_assert_int_eq(trv_list_append(cell, generator), 0);
    send(generator, NULL, 0, "ValueError");
    ck_assert_int_eq(trv_generator_running(generator), 0);
    ck_assert_int_eq(trv_list_clear(cell), 0);
}

/* A cycle of a generator that has not begun and its arguments is the collector's to find. */
TEST(cycles_end)
{
    trv_auto trv_object *cell = trv_list_new(),
                        *generator = trv_generator_new(resume_itself, "o", cell);

    ck_assert_int_eq(trv_list_append(cell, generator), 0);
}

TRV_STATIC_FUNCTION(stop_badly, "stop_badly(): raises StopIteration")
{
    return trv_raise(trv_StopIteration, "x");
}

TRV_STATIC_FUNCTION(fail_later, "fail_later(): an item, then ValueError")
{
    trv_auto trv_object *item = trv_int_new(1), *sent = trv_yield(item);

    return sent ? trv_raise(trv_ValueError, "later") : NULL;
}

TEST(exceptions_come_out)
{
    trv_auto trv_object *generator = trv_generator_new(fail_later, "");
    trv_auto trv_object *stopping = trv_generator_new(stop_badly, "");

    send(generator, NULL, 0, "1: 1");
    send(generator, NULL, 0, "ValueError");
    send(generator, NULL, 0, "0: None");
    send(stopping, NULL, 0, "RuntimeError");
}

TEST(yield_needs_a_generator)
{
    trv_auto trv_object *item = trv_none_new(), *list = trv_list_new();

    EXPECT_NULL(trv_yield(item), trv_RuntimeError, "trv_yield outside a generator");
    EXPECT_NULL(trv_yield_from(list), trv_RuntimeError, "trv_yield outside a generator");
    EXPECT_NULL(trv_generator_new(list, ""), trv_TypeError, "'list' object is not callable");
    EXPECT_NULL(trv_call(trv_generator_type, ""), trv_TypeError,
                "cannot create 'generator' instances");
}

TRV_STATIC_FUNCTION(yield_in_scope, "yield_in_scope(): tries")
{
    trv_auto trv_object *item = trv_none_new(), *sent = NULL;

    TRV_TIMEOUT(10)
        sent = trv_yield(item);
    return sent ? trv_none_new() : NULL;
}

TEST(no_pause_inside_its_own_scope)
{
    trv_auto trv_object *generator = trv_generator_new(yield_in_scope, "");

    TRV_TIMEOUT(20)
        send(generator, NULL, 0, "RuntimeError");
}

/* The methods, as Python has them. */
TEST(methods)
{
    trv_auto trv_object *generator = trv_generator_new(survivor, ""), *none = trv_none_new();
    trv_auto trv_object *error = trv_exception_new(trv_KeyError, NULL);

    expect_repr(method(generator, "send", "o", none), "'begun'");
    EXPECT_NULL(method(generator, "throw", "o", error), trv_StopIteration, "stopped");
    expect_repr(method(generator, "close", ""), "None");
}

/* Recursion: a generator that walks a nested list. */
TRV_STATIC_FUNCTION(flatten, "flatten(nested): the items of the lists in it")
{
    trv_object *nested;

    if (trv_parse(args, "o", &nested) < 0)
        return NULL;
    TRV_FOR(item, nested) {
        trv_auto trv_object *inner = NULL;
        trv_auto trv_object *done = NULL;
        if (trv_isinstance(item, trv_list_type)) {
            inner = trv_generator_new(flatten, "o", item);
            done = trv_yield_from(inner);
        } else {
            done = trv_yield(item);
        }
        if (!done)
            return NULL;
    }
    return trv_error_occurred() ? NULL : trv_none_new();
}

TEST(recursion)
{
    trv_auto trv_object *nested = trv_build("[i [i [i i] []] i]", 1, 2, 3, 4, 5);
    trv_auto trv_object *generator = trv_generator_new(flatten, "o", nested);

    expect_repr(trv_list_from(generator), "[1, 2, 3, 4, 5]");
}

TEST(recursion_has_a_limit)
{
    trv_auto trv_object *nested = trv_list_new(), *generator = NULL;

    for (int i = 0; i < 6000; i++) {
        trv_auto trv_object *outer = trv_build("[o]", nested);
        trv_unref(nested);
        nested = trv_steal(&outer);
    }
    generator = trv_generator_new(flatten, "o", nested);
    send(generator, NULL, 0, "RecursionError");
}

/* Blocking calls inside a generator park the coroutine that asks for its items. */
TRV_STATIC_FUNCTION(slow_count, "slow_count(n, seconds): 1 ... n, with pauses")
{
    int64_t n;
    double seconds;

    if (trv_parse(args, "ld", &n, &seconds) < 0)
        return NULL;
    for (int64_t i = 1; i <= n; i++) {
        trv_auto trv_object *number = trv_int_new(i), *sent = NULL;
        if (trv_sleep(seconds) < 0 || !(sent = trv_yield(number)))
            return NULL;
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(collect_slowly, "collect_slowly(into, seconds): all of slow_count")
{
    trv_object *into;
    double seconds;
    trv_auto trv_object *generator = NULL;

    if (trv_parse(args, "od", &into, &seconds) < 0 ||
        !(generator = trv_generator_new(slow_count, "ld", (int64_t)3, seconds)))
        return NULL;
    TRV_FOR(number, generator)
        if (trv_list_append(into, number) < 0)
            return NULL;
    return trv_error_occurred() ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(two_at_once, "two_at_once(into): two generators in two coroutines")
{
    trv_object *into;
    trv_auto trv_object *first = NULL, *second = NULL, *futures = NULL;

    if (trv_parse(args, "o", &into) < 0 ||
        !(first = trv_spawn(collect_slowly, "od", into, 0.010)) ||
        !(second = trv_spawn(collect_slowly, "od", into, 0.025)) ||
        !(futures = trv_build("[o o]", first, second)))
        return NULL;
    return trv_gather(futures);
}

SEEDED_TEST(coroutines_park_inside_generators, 20)
{
    trv_auto trv_object *into = trv_list_new();

    expect_repr(trv_run(two_at_once, "o", into), "[None, None]");
    expect_repr(trv_ref(into), "[1, 2, 1, 3, 2, 3]");
}

/* Cancelled while it waits inside a generator: the CancelledError passes through both. */
TRV_STATIC_FUNCTION(cancelled_inside, "cancelled_inside(): within a deadline")
{
    trv_auto trv_object *into = trv_list_new(), *done = NULL;

    TRV_TIMEOUT(0.015)
        done = trv_call(collect_slowly, "od", into, 0.010);
    ck_assert_ptr_null(done);
    EXPECT_NULL(NULL, trv_TimeoutError, "timed out");
    return trv_steal(&into);
}

SEEDED_TEST(cancellation_unwinds_generators, 20)
{
    expect_repr(trv_run(cancelled_inside, ""), "[1]");
    expect_repr(trv_call(cancelled_inside, ""), "[1]");
}

TRV_STATIC_FUNCTION(run_a_loop, "run_a_loop(): yields what a loop inside it gives")
{
    trv_auto trv_object *into = trv_list_new();
    trv_auto trv_object *done = trv_run(two_at_once, "o", into);
    trv_auto trv_object *sent = done ? trv_yield(into) : NULL;

    return sent ? trv_none_new() : NULL;
}

SEEDED_TEST(a_loop_may_run_inside_a_generator, 5)
{
    trv_auto trv_object *generator = trv_generator_new(run_a_loop, "");

    send(generator, NULL, 0, "1: [1, 2, 1, 3, 2, 3]");
}

/* One generator, resumed by several threads in turn. */
TRV_STATIC_FUNCTION(ask_once, "ask_once(generator): its next item")
{
    trv_object *generator, *item = NULL;

    if (trv_parse(args, "o", &generator) < 0 || trv_next(generator, &item) < 0)
        return NULL;
    return item ? item : trv_none_new();
}

SEEDED_TEST(threads_may_share_one, 20)
{
    trv_auto trv_object *generator = countdown_of(8), *pool = trv_thread_pool_new(NULL);
    int64_t sum = 0;

    for (int i = 0; i < 8; i++) {
        trv_auto trv_object *future = trv_submit(pool, ask_once, "o", generator);
        trv_auto trv_object *item = trv_future_result(future, TRV_FOREVER);
        int64_t value;
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        sum += value;
    }
    ck_assert_int_eq(sum, 36);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

/* Whichever allocation fails: making one, its stack, its items, throwing into it, ending it. */
static trv_object *live_through_all(void)
{
    trv_auto trv_object *generator = countdown_of(3);
    trv_auto trv_object *outer = generator ? trv_generator_new(delegate, "o", generator) : NULL;
    trv_auto trv_object *list = outer ? trv_list_from(outer) : NULL;
    trv_auto trv_object *echoing = list ? trv_generator_new(echo, "") : NULL;
    trv_object *item;

    if (!echoing || trv_generator_send(echoing, echoing, &item) != -1)
        return NULL;
    if (!trv_error_matches(trv_TypeError))
        return NULL;
    trv_error_clear();
    if (trv_next(echoing, &item) < 0)
        return NULL;
    trv_unref(item);
    return trv_generator_close(echoing) < 0 ? NULL : trv_steal(&list);
}

TEST(exhaustion)
{
    EXHAUST(live_through_all());
}

TEST_LIST(RUN(exhaustion), RUN(iteration), RUN(a_loop_may_stop_early),
          RUN(nothing_runs_before_the_first_item), RUN(results_end_it), RUN(sending), RUN(throwing),
          RUN(who_ignores_its_end_is_told), RUN(delegation),
          RUN(delegation_passes_on_what_is_sent_and_thrown), RUN(closing_reaches_the_innermost),
          RUN(a_running_one_cannot_be_entered), RUN(cycles_end), RUN(exceptions_come_out),
          RUN(yield_needs_a_generator), RUN(no_pause_inside_its_own_scope), RUN(methods),
          RUN(recursion), RUN(recursion_has_a_limit), RUN(coroutines_park_inside_generators),
          RUN(cancellation_unwinds_generators), RUN(a_loop_may_run_inside_a_generator),
          RUN(threads_may_share_one))
