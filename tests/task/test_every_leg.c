/* SPDX-License-Identifier: MIT */
/*
 * The same functions on every leg: sleeping, locking, queueing, raising, cancelling, reading a
 * socket. Not a line of them knows where it runs.
 *
 * `legs` is the table of executors. One whose calls run in other processes gets the objects of the
 * test as trv_inherit names them, and each process has a copy of its own: so what a function
 * checks must hold there as well.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

#include <unistd.h>

/* The functions ------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(sleeping, "sleeping(seconds, value)")
{
    trv_object *value;
    double seconds, began = trv_time();

    if (trv_parse(args, "do", &seconds, &value) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    if (trv_time() - began < seconds - 1e-6)
        return trv_raise(trv_AssertionError, "slept too short");
    return trv_ref(value);
}

/* Nobody else is inside, though it waits there. */
TRV_STATIC_FUNCTION(locking, "locking(lock, inside)")
{
    trv_object *lock, *inside;

    if (trv_parse(args, "oo", &lock, &inside) < 0)
        return NULL;
    for (int i = 0; i < 3; i++)
        TRV_WITH(lock) {
            size_t length = 0;
            if (trv_list_len(inside, &length) < 0 || length)
                return trv_raise(trv_AssertionError, "%zu others are inside", length);
            if (trv_list_append(inside, lock) < 0 || trv_sleep(0.001) < 0)
                return NULL;
            trv_unref(trv_list_pop(inside, -1));
        }
    return trv_error_occurred() ? NULL : trv_int_new(1);
}

/* Puts three and takes three, perhaps others' than its own. */
TRV_STATIC_FUNCTION(queueing, "queueing(queue, first)")
{
    trv_object *queue;
    int64_t first, sum = 0, value;

    if (trv_parse(args, "ol", &queue, &first) < 0)
        return NULL;
    for (int64_t i = 0; i < 3; i++) {
        trv_auto trv_object *item = trv_int_new(first + i);
        if (!item || trv_queue_put(queue, item, TRV_FOREVER) < 0 || trv_sleep(0.001) < 0)
            return NULL;
    }
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *item = trv_queue_get(queue, TRV_FOREVER);
        if (!item || trv_int_get(item, &value) < 0)
            return NULL;
        sum += value;
    }
    return trv_int_new(sum);
}

TRV_STATIC_FUNCTION(raising, "raising(text)")
{
    const char *text;

    if (trv_parse(args, "s", &text) < 0 || trv_sleep(0.001) < 0)
        return NULL;
    return trv_raise(trv_KeyError, "%s", text);
}

/* A deadline and a cancelled scope end what waits inside. */
TRV_STATIC_FUNCTION(cancelling, "cancelling()")
{
    trv_scope scope;

    TRV_TIMEOUT(0.005)
        (void)!trv_sleep(1e6);
    if (!trv_error_matches(trv_TimeoutError))
        return trv_raise(trv_AssertionError, "no TimeoutError");
    trv_error_clear();
    if (trv_scope_begin(&scope, TRV_FOREVER) < 0)
        return NULL;
    trv_scope_cancel(&scope);
    if (trv_sleep(1e6) == 0 || !trv_error_matches(trv_CancelledError))
        return trv_raise(trv_AssertionError, "no CancelledError");
    if (trv_scope_end(&scope) < 0)
        return NULL;
    return trv_int_new(1);
}

TRV_STATIC_FUNCTION(cancelling_itself, "cancelling_itself()")
{
    trv_auto trv_object *task = trv_current_task();

    if (!task || trv_future_cancel(task) < 0)
        return NULL;
    return trv_sleep(1e6) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(reading, "reading(port)")
{
    trv_auto trv_object *stream = NULL;
    trv_auto trv_object *line = NULL;
    int port;

    if (trv_parse(args, "i", &port) < 0)
        return NULL;
    stream = trv_tcp_connect("127.0.0.1", (uint16_t)port);
    if (!stream || trv_stream_write(stream, "hello\n", 6) < 0)
        return NULL;
    line = trv_stream_read_until(stream, "\n", 1, 100);
    return line ? trv_ref(line) : NULL;
}

/* The legs -------------------------------------------------------------------------------------------- */

struct leg {
    const char *name;
    trv_object *(*create)(void);
    int is_elsewhere; /* calls run in other processes */
    int can_be_told;  /* a running call can be cancelled from outside; elsewhere not under a seed */
    int is_concurrent; /* more calls than one are under way */
};

static trv_object *create_inline(void)
{
    return trv_inline_executor_new();
}

static trv_object *create_threads(void)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 8};

    return trv_thread_pool_new(&options);
}

static trv_object *create_coroutines(void)
{
    return trv_coroutine_pool_new(NULL);
}

static trv_object *create_processes(void)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 2};

    return trv_process_pool_new(&options);
}

static const struct leg legs[] = {
    {"inline", create_inline, 0, 0, 0},
    {"threads", create_threads, 0, 1, 1},
    {"coroutines", create_coroutines, 0, 1, 1},
    {"processes", create_processes, 1, 1, 1},
};

#define LEGS (sizeof legs / sizeof legs[0])
#define CALLS 8

/* An object as a call on that leg gets it. The pool is younger than the object. */
static trv_object *passed(const struct leg *leg, trv_object *object)
{
    return leg->is_elsewhere ? must(trv_inherit(object)) : trv_ref(object);
}

static void end_leg(trv_object *executor)
{
    must_int(trv_shutdown(executor, NULL));
    trv_unref(executor);
}

/* The tests, each for every leg -------------------------------------------------------------------------- */

static void sleep_on(const struct leg *leg)
{
    trv_object *executor = must(leg->create()), *futures[CALLS];
    double began = trv_time();

    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, sleeping, "di", 0.01, i));
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(number(joined(futures[i])), i);
    if (!leg->is_concurrent)
        ck_assert_double_ge(trv_time() - began, 0.01 * CALLS - 1e-6);
    end_leg(executor);
}

static void lock_on(const struct leg *leg)
{
    trv_auto trv_object *lock = must(trv_lock_new());
    trv_auto trv_object *inside = must(trv_list_new());
    trv_object *executor = must(leg->create()), *futures[CALLS];
    trv_auto trv_object *lock_passed = passed(leg, lock);
    trv_auto trv_object *inside_passed = passed(leg, inside);

    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, locking, "oo", lock_passed, inside_passed));
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(number(joined(futures[i])), 1);
    end_leg(executor);
}

static void queue_on(const struct leg *leg)
{
    trv_auto trv_object *queue = must(trv_queue_new(100));
    trv_object *executor = must(leg->create()), *futures[CALLS];
    trv_auto trv_object *queue_passed = passed(leg, queue);
    int64_t sum = 0;

    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, queueing, "ol", queue_passed, INT64_C(3) * i));
    for (int i = 0; i < CALLS; i++)
        sum += number(joined(futures[i]));
    ck_assert_int_eq(sum, 3 * CALLS * (3 * CALLS - 1) / 2);
    end_leg(executor);
}

static void raise_on(const struct leg *leg)
{
    trv_object *executor = must(leg->create()), *futures[CALLS];

    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, raising, "s", "nowhere"));
    for (int i = 0; i < CALLS; i++) {
        trv_auto trv_object *exception = must(trv_future_exception(futures[i], TRV_FOREVER));
        trv_auto trv_object *text = must(trv_exception_format(exception));
        ck_assert_int_eq(trv_isinstance(exception, trv_KeyError), 1);
        ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "nowhere"));
        ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "raising"));
        ck_assert_ptr_null(trv_future_result(futures[i], TRV_FOREVER));
        must_raise(trv_KeyError);
        trv_unref(futures[i]);
    }
    end_leg(executor);
}

static void cancel_on(const struct leg *leg)
{
    trv_object *executor = must(leg->create()), *futures[CALLS], *none = trv_none_new();

    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, cancelling, ""));
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(number(joined(futures[i])), 1);
    futures[0] = must(trv_submit(executor, cancelling_itself, ""));
    ck_assert_ptr_null(trv_future_result(futures[0], TRV_FOREVER));
    must_raise(trv_CancelledError);
    ck_assert_int_eq(trv_future_cancelled(futures[0]), 1);
    trv_unref(futures[0]);
    if (leg->can_be_told && !(leg->is_elsewhere && trv__runtime()->chooser.is_seeded)) {
        futures[0] = must(trv_submit(executor, sleeping, "do", 1e6, none));
        while (must_int(trv_future_running(futures[0])) != 1)
            must_int(trv_sleep(0.001));
        must_int(trv_sleep(0.01));
        ck_assert_int_eq(trv_future_cancel(futures[0]), 1);
        ck_assert_ptr_null(trv_future_result(futures[0], TRV_FOREVER));
        must_raise(trv_CancelledError);
        trv_unref(futures[0]);
    }
    end_leg(executor);
}

/* Answers every line it gets, a connection after the other, until its listener is closed. */
static trv_object *thread_listener;

static void answer_lines(void *argument TRV_UNUSED)
{
    for (;;) {
        trv_auto trv_object *stream = trv_listener_accept(thread_listener);
        trv_auto trv_object *line =
            stream ? must(trv_stream_read_until(stream, "\n", 1, 100)) : NULL;
        size_t size;
        if (!stream)
            break;
        must_int(trv_stream_write(stream, trv_bytes_data(line, &size), 6));
    }
    must_raise(trv_OSError);
    trv_clear(&thread_listener);
}

static void read_on(const struct leg *leg)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("127.0.0.1", 0, 100));
    trv_object *executor, *futures[CALLS];
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    thread_listener = trv_ref(listener);
    must_int(trv__thread_start(answer_lines, NULL, "server", 0));
    executor = must(leg->create());
    for (int i = 0; i < CALLS; i++)
        futures[i] = must(trv_submit(executor, reading, "i", (int)port));
    for (int i = 0; i < CALLS; i++) {
        trv_auto trv_object *line = joined(futures[i]);
        size_t size;
        const void *data = trv_bytes_data(line, &size);
        ck_assert_uint_eq(size, 6);
        ck_assert_mem_eq(data, "hello\n", 6);
    }
    end_leg(executor);
    must_int(trv_listener_close(listener));
    while (thread_listener)
        must_int(trv_sleep(0.001));
}

static void on_every_leg(void (*test)(const struct leg *leg))
{
    for (size_t i = 0; i < LEGS; i++)
        test(&legs[i]);
}

/* From a thread, and from a coroutine, on every leg; under the clock and under seeds. */
#define ON_EVERY_LEG(name, test)                                                                   \
    TEST(name)                                                                                     \
    {                                                                                              \
        on_every_leg(test);                                                                        \
    }                                                                                              \
    IN_LOOP(name##_from_a_coroutine)                                                               \
    {                                                                                              \
        on_every_leg(test);                                                                        \
    }                                                                                              \
    SEEDED_TEST(name##_under_seeds, 60)                                                            \
    {                                                                                              \
        on_every_leg(test);                                                                        \
    }

ON_EVERY_LEG(sleeping_on_every_leg, sleep_on)
ON_EVERY_LEG(locking_on_every_leg, lock_on)
ON_EVERY_LEG(queueing_on_every_leg, queue_on)
ON_EVERY_LEG(raising_on_every_leg, raise_on)
ON_EVERY_LEG(cancelling_on_every_leg, cancel_on)
ON_EVERY_LEG(reading_on_every_leg, read_on)

#define THREE(name) RUN(name), RUN(name##_from_a_coroutine), RUN(name##_under_seeds)

TEST_LIST(THREE(sleeping_on_every_leg), THREE(locking_on_every_leg), THREE(queueing_on_every_leg),
          THREE(raising_on_every_leg), THREE(cancelling_on_every_leg), THREE(reading_on_every_leg))
