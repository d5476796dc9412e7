/* SPDX-License-Identifier: MIT */
/*
 * Threads and timers when memory or system calls fail: each scenario is run with its first fault
 * point failing, then its second, and so on until it passes untouched. It must end with a result or
 * an exception, leave nothing behind (the harness looks) and hang nowhere.
 *
 * Fault points exist in builds with --enable-fault only; elsewhere each scenario runs once.
 */
#include "threads/threads.h"

#include "base/fault.h"

typedef trv_object *scenario(void);

/* How often each scenario may fail: more would be a loop that never passes. */
#define MOST 400

static void expect_memory_or_system_error(void)
{
    if (trv_error_matches(trv_MemoryError) || trv_error_matches(trv_OSError)) {
        trv_error_clear();
        return;
    }
    trv_error_print();
    ck_abort_msg("another exception, or none (see above)");
}

static void sweep(scenario *run)
{
    struct capture capture;
    char ignored[4000];

    for (uint64_t nth = 1; nth <= MOST; nth++) {
        trv_object *result;
        bool has_struck;
        capture_begin(&capture);
        trv__fault_arm(nth);
        result = run();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        capture_end(&capture, ignored, sizeof ignored);
        if (!result)
            expect_memory_or_system_error();
        ck_assert_int_eq(trv_error_occurred(), 0);
        ck_assert_msg(result || has_struck, "it fails without a fault");
        trv_unref(result);
        ck_assert_uint_eq(trv_thread_active_count(), 1);
        if (!has_struck)
            return;
    }
    ck_abort_msg("it never passes");
}

TRV_STATIC_FUNCTION(add, "add(a, b=): a + b + a big number")
{
    int64_t a, b = 100;

    return trv_parse(args, "l|l", &a, &b) < 0 ? NULL : trv_int_new(a + b + 1000000);
}

TRV_STATIC_FUNCTION(fail, "fail()")
{
    return trv_raise(trv_KeyError, "%s", "this is why");
}

/* Joins it, whatever is pending, and keeps what was. */
static void end(trv_object *thread)
{
    trv_auto trv_object *error = trv_error_take();

    must_int(trv_thread_join(thread, TRV_FOREVER));
    trv_error_restore(error);
}

/* The result of a thread that may fail to start and is then started again. */
static trv_object *run_to_end(trv_object *thread)
{
    trv_auto trv_object *future = thread ? trv_thread_future(thread) : NULL;
    int answer = future ? trv_thread_start(thread) : -1;

    if (answer == 0) {
        end(thread);
        return trv_future_result(future, 0);
    }
    if (future) {
        ck_assert_int_eq(trv_thread_is_alive(thread), 0);
        expect_memory_or_system_error();
        must_int(trv_thread_start(thread));
        end(thread);
        return trv_future_result(future, 0);
    }
    return NULL;
}

static trv_object *simple(void)
{
    trv_auto trv_object *thread = trv_thread_new(add, "l", INT64_C(5));

    return run_to_end(thread);
}

TEST(a_thread)
{
    sweep(simple);
}

static trv_object *with_options(void)
{
    trv_auto trv_object *keywords = trv_build("{s:i}", "b", 5000);
    trv_auto trv_object *one = trv_int_new(5000);
    trv_thread_options options = {
        .size = sizeof options, .name = "a thread", .stack_bytes = 1048576, .daemon = 1};
    trv_auto trv_object *thread =
        keywords && one ? trv_thread_new_array(add, &one, 1, keywords, &options) : NULL;

    return run_to_end(thread);
}

TEST(options)
{
    sweep(with_options);
}

static trv_object *from_type(void)
{
    trv_auto trv_object *thread = trv_call(trv_thread_type, "ol", add, INT64_C(5000));

    return run_to_end(thread);
}

TEST(by_its_type)
{
    sweep(from_type);
}

static trv_object *timer(void)
{
    trv_auto trv_object *thread = trv_timer_new(0.0001, add, "l", INT64_C(5));

    return run_to_end(thread);
}

TEST(a_timer)
{
    sweep(timer);
}

static trv_object *cancelled_timer(void)
{
    trv_auto trv_object *thread = trv_timer_new(3600, add, "l", INT64_C(5));

    if (!thread || trv_thread_start(thread) < 0)
        return NULL;
    must_int(trv_timer_cancel(thread));
    end(thread);
    return trv_repr(thread);
}

TEST(a_cancelled_timer)
{
    sweep(cancelled_timer);
}

/* Whatever fails while an exception is reported, the thread ends. */
static trv_object *failing(void)
{
    trv_auto trv_object *thread = trv_thread_new(fail, NULL);

    if (!thread || trv_thread_start(thread) < 0)
        return NULL;
    end(thread);
    return trv_none_new();
}

TEST(an_exception)
{
    sweep(failing);
}

static trv_object *attributes(void)
{
    static const char *const names[] = {"name", "daemon", "ident", "native_id", "is_alive"};
    trv_auto trv_object *self = trv_thread_current();
    trv_auto trv_object *new_name = trv_str_new("another name");

    if (!self || !new_name || trv_thread_set_name(self, "some name") < 0 ||
        trv_setattr(self, "name", new_name) < 0)
        return NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        trv_auto trv_object *value = trv_getattr(self, names[i]);
        if (!value)
            return NULL;
    }
    return trv_repr(self);
}

TEST(names_and_numbers)
{
    sweep(attributes);
}

/* The threads of a pool get their objects as they are asked for. */
static trv_object *pool;

static trv_object *look_around(void)
{
    trv_auto trv_object *all = trv_thread_enumerate();
    trv_auto trv_object *main_thread = trv_thread_main();
    trv_auto trv_object *text = all ? trv_repr(all) : NULL;

    return text && main_thread ? trv_thread_enumerate() : NULL;
}

TRV_STATIC_FUNCTION(do_nothing, "do_nothing()")
{
    return trv_none_new();
}

TEST(enumerating)
{
    for (uint64_t nth = 1, has_struck = 1; nth <= MOST && has_struck; nth++) {
        trv_object *all;
        pool = must(trv_thread_pool_new(NULL));
        trv_unref(joined(trv_submit(pool, do_nothing, "")));
        trv__fault_arm(nth);
        all = look_around();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (!all)
            expect_memory_or_system_error();
        trv_unref(all);
        must_int(trv_shutdown(pool, NULL));
        trv_unref(pool);
    }
}

TEST_LIST(RUN(a_thread), RUN(options), RUN(by_its_type), RUN(a_timer), RUN(a_cancelled_timer),
          RUN(an_exception), RUN(names_and_numbers), RUN(enumerating))
