/* SPDX-License-Identifier: MIT */
/* Threads: their calls, their ends, joining from everywhere. Who they are: test_identity. */
#include "threads/calls.h"

#include "base/base.h"

#include <pthread.h>

/* Functions that threads run -------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(fail, "fail(text)")
{
    const char *text;

    return trv_parse(args, "s", &text) < 0 ? NULL : trv_raise(trv_KeyError, "%s", text);
}

TRV_STATIC_FUNCTION(do_exit, "do_exit()")
{
    return trv_raise(trv_SystemExit, "3");
}

TRV_STATIC_FUNCTION(join_oneself, "join_oneself()")
{
    trv_auto trv_object *self = trv_thread_current();

    return trv_thread_join(self, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

/* Calls ------------------------------------------------------------------------------------------ */

TEST(a_thread_runs_its_call_once)
{
    trv_object *thread = must(trv_thread_new(add, "ll", INT64_C(2), INT64_C(3)));

    ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(trv_thread_start(thread), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_join(thread, 0), 1);
    ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    ck_assert_int_eq(trv_thread_start(thread), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(number(joined(trv_thread_future(thread))), 5);
    trv_unref(thread);
}

TEST(arguments_keywords_and_options)
{
    trv_auto trv_object *keywords = must(trv_build("{s:i}", "b", 7));
    trv_auto trv_object *one = must(trv_int_new(1));
    trv_thread_options options = {
        .size = sizeof options, .name = "adder", .stack_bytes = 262144, .daemon = 1};
    trv_object *thread = must(trv_thread_new_array(add, &one, 1, keywords, &options));

    must_int(trv_dict_clear(keywords)); /* the thread has its own copy */
    ck_assert_int_eq(trv_thread_is_daemon(thread), 1);
    expect_text(trv_thread_name(thread), "adder");
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(number(joined(trv_thread_future(thread))), 8);
    finish(thread);
    thread = must(trv_call(trv_thread_type, "ol", add, INT64_C(1)));
    finish(started(thread));
}

TEST(misuse_is_told)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *thread = must(trv_thread_new(add, "l", INT64_C(1)));
    trv_auto trv_object *self = must(trv_thread_current());
    trv_thread_options small = {.size = sizeof small, .stack_bytes = 4096};
    trv_thread_options no_size = {.size = 2};
    uint64_t id;

    ck_assert_ptr_null(trv_thread_new(none, NULL));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_thread_new(add, "?"));
    must_raise(trv_SystemError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, NULL, &small));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, NULL, &no_size));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, none, NULL));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_call(trv_thread_type, ""));
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_start(none), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_join(none, 0), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(self, TRV_FOREVER), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(self, -1), -1);
    must_raise(trv_ValueError);
    ck_assert_int_eq(trv_thread_start(self), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_set_daemon(self, 1), -1);
    must_raise(trv_RuntimeError);
    ck_assert_ptr_null(trv_thread_future(self));
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_set_name(thread, "\xff"), -1);
    must_raise(trv_UnicodeDecodeError);
    ck_assert_int_eq(trv_thread_set_excepthook(self), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_ident(thread, &id), 0);
    ck_assert_int_eq(trv_thread_native_id(thread, &id), 0);
    ck_assert_int_eq(trv_thread_ident(none, &id), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_native_id(none, &id), -1);
    must_raise(trv_TypeError);
}

TEST(a_thread_cannot_join_itself)
{
    trv_object *thread = must(trv_thread_new(join_oneself, NULL));
    struct capture capture;
    char text[1000];

    capture_begin(&capture);
    must_int(trv_thread_start(thread));
    finish(thread);
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Exception in thread Thread-1 (join_oneself):\n"));
    ck_assert_ptr_nonnull(strstr(text, "RuntimeError: cannot join current thread\n"));
}

TEST(its_future_is_like_any_other)
{
    trv_auto trv_object *futures = must(trv_list_new());
    trv_object *threads[3];

    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *future = NULL;
        threads[i] = started(trv_thread_new(add, "ll", (int64_t)i, INT64_C(1)));
        future = must(trv_thread_future(threads[i]));
        must_int(trv_list_append(futures, future));
    }
    {
        trv_auto trv_object *results = must(trv_gather(futures));
        trv_auto trv_object *expected = must(trv_build("[i i i]", 1, 2, 3));
        ck_assert_int_eq(trv_equal(results, expected), 1);
    }
    for (int i = 0; i < 3; i++)
        finish(threads[i]);
}

TEST(cancelling_its_future_cancels_the_call)
{
    trv_object *thread = started(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *future = must(trv_thread_future(thread));
    trv_auto trv_object *unstarted = must(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *other = must(trv_thread_future(unstarted));

    while (!trv_future_running(future))
        must_int(trv_sleep(0.001));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    finish(thread);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_cancel(other), 1);
    must_int(trv_thread_start(unstarted));
    ck_assert_int_eq(trv_thread_join(unstarted, TRV_FOREVER), 1);
}

/* Nobody can wait for ever for a call that will never be made. */
TEST(a_thread_dropped_before_its_start_cancels_its_call)
{
    trv_object *thread = must(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *future = must(trv_thread_future(thread));
    trv_auto trv_object *ref = must(trv_weakref_new(thread, NULL));
    trv_auto trv_object *gone = NULL;

    trv_unref(thread);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    gone = must(trv_weakref_get(ref));
    ck_assert_int_eq(trv_is_none(gone), 1);
}

TRV_STATIC_FUNCTION(ignore, "ignore(anything)")
{
    return trv_none_new();
}

TEST(a_ring_through_an_unstarted_thread_is_collected)
{
    trv_object *list = must(trv_list_new());
    trv_object *thread = must(trv_thread_new(ignore, "o", list));
    trv_auto trv_object *ref = must(trv_weakref_new(thread, NULL));
    trv_auto trv_object *gone = NULL;
    size_t found = 0;

    must_int(trv_list_append(list, thread));
    trv_unref(list);
    trv_unref(thread);
    must_int(trv_gc_collect(2, &found));
    ck_assert_uint_ge(found, 2);
    gone = must(trv_weakref_get(ref));
    ck_assert_int_eq(trv_is_none(gone), 1);
}

/* The arguments are dropped before the thread has ended, as in Python. */
TEST(a_running_thread_needs_no_reference)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_object *thread;

    make_event();
    thread = started(trv_thread_new(wait_for_event, ""));
    trv_unref(thread);
    must_int(trv_event_set(event));
    while (trv_thread_active_count() > 1)
        must_int(trv_sleep(0.001));
    thread = started(trv_thread_new(ignore, "o", list));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_refcount(list), 1);
    trv_unref(thread);
    drop_event();
}

/* Joining ------------------------------------------------------------------------------------------ */

SEEDED_TEST(joining_takes_as_long_as_the_thread, 50)
{
    double began = trv_time();
    trv_object *a = started(trv_thread_new(nap, "d", 1.5)),
               *b = started(trv_thread_new(nap, "d", 1.5));

    ck_assert_int_eq(trv_thread_join(a, 0.5), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.5, 1e-6);
    ck_assert_int_eq(trv_thread_is_alive(a), 1);
    ck_assert_int_eq(trv_thread_join(a, 0), 0);
    finish(a);
    finish(b);
    ck_assert_double_eq_tol(trv_time() - began, 1.5, 1e-6);
}

TRV_STATIC_FUNCTION(join_it, "join_it(thread): what joining it answers")
{
    int answer = trv_thread_join(args->items[0], TRV_FOREVER);

    return answer < 0 ? NULL : trv_int_new(answer);
}

/* Threads and coroutines wait for one thread; a chain of threads wait for one another. */
SEEDED_IN_LOOP(many_join_one, 200)
{
    trv_object *one = started(trv_thread_new(nap, "d", 0.25)), *threads[4], *tasks[4];
    double began = trv_time();

    for (int i = 0; i < 4; i++) {
        threads[i] = started(trv_thread_new(join_it, "o", i % 2 && i > 1 ? threads[i - 1] : one));
        tasks[i] = must(trv_spawn(join_it, "o", i % 2 ? threads[i] : one));
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(number(joined(tasks[i])), 1);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(number(joined(trv_thread_future(threads[i]))), 1);
        finish(threads[i]);
    }
    ck_assert_double_eq_tol(trv_time() - began, 0.25, 1e-6);
    finish(one);
}

static int ended_counts[3]; /* of joins: timed out, joined, cancelled */

TRV_STATIC_FUNCTION(join_for, "join_for(thread, seconds)")
{
    trv_object *thread;
    double seconds;
    int answer;

    if (trv_parse(args, "od", &thread, &seconds) < 0)
        return NULL;
    answer = trv_thread_join(thread, seconds);
    ended_counts[answer < 0 ? 2 : answer]++;
    if (answer == 1)
        ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    return answer < 0 ? NULL : trv_int_new(answer);
}

/* The end of a thread, a timeout and a cancellation come at one instant: each join ends once, and
 * whoever is told that the thread has ended finds it so. */
SEEDED_IN_LOOP(the_end_a_timeout_and_a_cancellation_race, 300)
{
    trv_object *one = started(trv_thread_new(nap, "d", 1.0)), *others[6], *futures[6];

    for (int i = 0; i < 6; i++) {
        if (i % 2) {
            others[i] = NULL;
            futures[i] = must(trv_spawn(join_for, "od", one, i < 4 ? 1.0 : 5.0));
        } else {
            others[i] = started(trv_thread_new(join_for, "od", one, i < 4 ? 1.0 : 5.0));
            futures[i] = must(trv_thread_future(others[i]));
        }
    }
    must_int(trv_sleep(1));
    for (int i = 0; i < 6; i += 1 + i % 2)
        must_int(trv_future_cancel(futures[i]));
    for (int i = 0; i < 6; i++) {
        trv_object *done = trv_future_exception(futures[i], TRV_FOREVER);
        if (!done)
            must_raise(trv_CancelledError);
        trv_unref(done);
        trv_unref(futures[i]);
        if (others[i])
            finish(others[i]);
    }
    ck_assert_int_le(ended_counts[0] + ended_counts[1] + ended_counts[2], 6);
    finish(one);
}

TEST(joining_in_a_cancelled_scope)
{
    trv_object *thread;

    make_event();
    thread = started(trv_thread_new(wait_for_event, ""));
    TRV_TIMEOUT(0.001)
        ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), -1);
    must_raise(trv_TimeoutError);
    TRV_TIMEOUT(0)
        ck_assert_int_eq(trv_thread_join(thread, 0), -1);
    must_raise(trv_TimeoutError);
    must_int(trv_event_set(event));
    finish(thread);
    drop_event();
}

TEST(threads_by_the_hundred)
{
    trv_object *threads[100];
    size_t count = TRV_VALGRIND ? 20 : COUNT_OF(threads);

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++)
            threads[i] = started(trv_thread_new(add, "ll", (int64_t)i, INT64_C(1)));
        for (size_t i = 0; i < count; i++) {
            ck_assert_int_eq(number(joined(trv_thread_future(threads[i]))), (int64_t)i + 1);
            finish(threads[i]);
        }
    }
    ck_assert_uint_eq(trv_thread_active_count(), 1);
}

/* Exceptions ---------------------------------------------------------------------------------------- */

static void run_to_end(trv_object *callable, const char *format, const char *text)
{
    finish(started(trv_thread_new(callable, format, text)));
}

TEST(the_default_hook_prints)
{
    struct capture capture;
    char text[2000];

    capture_begin(&capture);
    run_to_end(fail, "s", "the reason");
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "Exception in thread Thread-1 (fail):\nTraceback"), text);
    ck_assert_ptr_nonnull(strstr(text, ", in fail\nKeyError: 'the reason'\n"));
}

TEST(some_ends_are_silent)
{
    struct capture capture;
    char text[2000];
    trv_object *thread;
    trv_auto trv_object *future = NULL;

    capture_begin(&capture);
    run_to_end(do_exit, NULL, NULL);
    thread = started(trv_thread_new(nap, "d", 1e6));
    future = must(trv_thread_future(thread));
    while (!trv_future_running(future))
        must_int(trv_sleep(0.001));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    finish(thread);
    capture_end(&capture, text, sizeof text);
    ck_assert_str_eq(text, "");
}

static trv_object *hooked_exception, *hooked_thread;

TRV_STATIC_FUNCTION(hook, "hook(exception, thread)")
{
    trv_auto trv_object *self = must(trv_thread_current());

    if (trv_parse(args, "oo", &hooked_exception, &hooked_thread) < 0 || trv_sleep(0) < 0)
        return NULL;
    ck_assert_ptr_eq(self, hooked_thread);
    trv_ref(hooked_exception);
    trv_ref(hooked_thread);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(bad_hook, "bad_hook(exception, thread)")
{
    return trv_raise(trv_ValueError, "the hook fails");
}

TEST(a_hook_of_ones_own)
{
    trv_auto trv_object *old = must(trv_thread_excepthook());
    trv_auto trv_object *now = NULL;
    trv_object *thread = must(trv_thread_new(fail, "s", "x"));

    ck_assert_ptr_eq(old, trv_thread_print_exception);
    must_int(trv_thread_set_excepthook(hook));
    now = must(trv_thread_excepthook());
    ck_assert_ptr_eq(now, hook);
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_ptr_eq(hooked_thread, thread);
    ck_assert_int_eq(trv_isinstance(hooked_exception, trv_KeyError), 1);
    trv_clear(&hooked_thread);
    trv_clear(&hooked_exception);
    must_int(trv_thread_set_excepthook(NULL));
    trv_unref(thread);
}

TEST(a_hook_that_fails_is_reported)
{
    trv_auto trv_object *none = trv_none_new();
    struct capture capture;
    char text[3000];

    must_int(trv_thread_set_excepthook(bad_hook));
    capture_begin(&capture);
    run_to_end(fail, "s", "first");
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Exception in the hook"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: the hook fails\n"));
    must_int(trv_thread_set_excepthook(none));
}

static trv_object *closure_entry(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

/* A hook that nobody takes back ends with the runtime. */
RAW_TEST(the_runtime_drops_the_hook)
{
    trv_object *closure;

    ck_assert_int_eq(trv_init(NULL), 0);
    closure = must(trv_function_new(closure_entry, "closure", NULL));
    must_int(trv_thread_set_excepthook(closure));
    trv_unref(closure);
    trv_fini();
}

/* Stacks -------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(measure, "measure(): the bytes of this thread's stack")
{
    pthread_attr_t attributes;
    size_t size;

    ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attributes), 0);
    ck_assert_int_eq(pthread_attr_getstacksize(&attributes, &size), 0);
    pthread_attr_destroy(&attributes);
    return trv_int_new((int64_t)size);
}

/* Sanitizers add some for themselves. */
static void expect_stack(size_t wished, size_t expected)
{
    trv_thread_options options = {.size = sizeof options, .stack_bytes = wished};
    trv_object *thread = started(trv_thread_new_array(measure, NULL, 0, NULL, &options));
    size_t size = (size_t)number(joined(trv_thread_future(thread)));

    finish(thread);
    ck_assert_uint_ge(size, expected);
    if (!TRV_ASAN && !TRV_TSAN)
        ck_assert_uint_eq(size, expected);
}

/* From small to large: the C library keeps stacks that are no longer used for who wants less. */
TEST(stack_sizes)
{
    ck_assert_uint_eq(trv_thread_stack_size(), 0);
    must_int(trv_thread_set_stack_size(512 * 1024));
    ck_assert_uint_eq(trv_thread_stack_size(), 512 * 1024);
    expect_stack(0, 512 * 1024);
    expect_stack(1024 * 1024, 1024 * 1024);
    ck_assert_int_eq(trv_thread_set_stack_size(65535), -1);
    must_raise(trv_ValueError);
    must_int(trv_thread_set_stack_size(0));
    expect_stack(2 * 1024 * 1024, 2 * 1024 * 1024);
}

TRV_STATIC_FUNCTION(recurse, "recurse(): until it may not")
{
    return trv_call(args->items[0], "o", args->items[0]);
}

/* The stack ends in an exception on a small one, too. */
TEST(deep_recursion_on_a_small_stack)
{
    trv_thread_options options = {.size = sizeof options, .stack_bytes = 65536};
    trv_object *function = recurse, *thread;

    must_int(trv_thread_set_excepthook(hook));
    thread = started(trv_thread_new_array(recurse, &function, 1, NULL, &options));
    finish(thread);
    ck_assert_int_eq(trv_isinstance(hooked_exception, trv_RecursionError), 1);
    trv_clear(&hooked_thread);
    trv_clear(&hooked_exception);
    must_int(trv_thread_set_excepthook(NULL));
}

/* Daemons and the end ------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(make_another, "make_another(): whether a thread made here is a daemon")
{
    trv_auto trv_object *thread = must(trv_thread_new(make_another, NULL));

    return trv_bool_new(trv_thread_is_daemon(thread));
}

static int child_is_daemon(int daemon)
{
    trv_thread_options options = {.size = sizeof options, .daemon = daemon};
    trv_object *thread = started(trv_thread_new_array(make_another, NULL, 0, NULL, &options));
    trv_auto trv_object *answer = joined(trv_thread_future(thread));

    finish(thread);
    return trv_truth(answer);
}

TEST(daemons_make_daemons)
{
    trv_thread_options options = {.size = sizeof options, .daemon = -1};
    trv_auto trv_object *thread = must(trv_thread_new_array(make_another, NULL, 0, NULL, &options));

    ck_assert_int_eq(trv_thread_is_daemon(thread), 0);
    must_int(trv_thread_set_daemon(thread, 5));
    ck_assert_int_eq(trv_thread_is_daemon(thread), 1);
    must_int(trv_thread_set_daemon(thread, 0));
    ck_assert_int_eq(trv_thread_is_daemon(thread), 0);
    ck_assert_int_eq(child_is_daemon(0), 0);
    ck_assert_int_eq(child_is_daemon(1), 1);
}

static int first_words, last_words;

TRV_STATIC_FUNCTION(outlive_main, "outlive_main()")
{
    trv_auto trv_object *main_thread = must(trv_thread_main());

    ck_assert_int_eq(trv_thread_is_alive(main_thread), 1);
    first_words++;
    ck_assert_int_eq(trv_thread_join(main_thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_is_alive(main_thread), 0);
    ck_assert_uint_eq(trv_thread_active_count(), 1);
    last_words++;
    return trv_none_new();
}

/* trv_fini waits for it, and it waits for trv_fini to begin. */
RAW_TEST(joining_the_main_thread_waits_for_its_end)
{
    for (int asked = 0; asked < 2; asked++) {
        ck_assert_int_eq(trv_init(NULL), 0);
        trv_unref(started(trv_thread_new(outlive_main, NULL)));
        if (asked)
            trv_unref(must(trv_thread_main()));
        while (first_words == asked)
            must_int(trv_sleep(0.001));
        trv_fini();
        ck_assert_int_eq(last_words, asked + 1);
    }
}

TEST_LIST(RUN(a_thread_runs_its_call_once), RUN(arguments_keywords_and_options),
          RUN(misuse_is_told), RUN(a_thread_cannot_join_itself), RUN(its_future_is_like_any_other),
          RUN(cancelling_its_future_cancels_the_call),
          RUN(a_thread_dropped_before_its_start_cancels_its_call),
          RUN(a_ring_through_an_unstarted_thread_is_collected),
          RUN(a_running_thread_needs_no_reference), RUN(joining_takes_as_long_as_the_thread),
          RUN(many_join_one), RUN(the_end_a_timeout_and_a_cancellation_race),
          RUN(joining_in_a_cancelled_scope), RUN(threads_by_the_hundred),
          RUN(the_default_hook_prints), RUN(some_ends_are_silent), RUN(a_hook_of_ones_own),
          RUN(a_hook_that_fails_is_reported), RUN(the_runtime_drops_the_hook), RUN(stack_sizes),
          RUN(deep_recursion_on_a_small_stack), RUN(daemons_make_daemons),
          RUN(joining_the_main_thread_waits_for_its_end))
