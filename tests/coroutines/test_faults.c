/* SPDX-License-Identifier: MIT */
/*
 * Loops, coroutines, the coroutine pool and streams when memory or system calls fail: each
 * scenario is run with its first fault point failing, then its second, and so on until it passes
 * untouched. It must end with a result or an exception, leave nothing behind (the harness looks)
 * and hang nowhere.
 *
 * Fault points exist in builds with --enable-fault only; elsewhere each scenario runs once.
 */
#include "coroutines/in_loop.h"

#include "base/fault.h"

typedef trv_object *scenario(void);

/* How often each scenario may fail: more would be a loop that never passes. */
#define MOST 600

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
    for (uint64_t nth = 1; nth <= MOST; nth++) {
        trv_object *result;
        bool has_struck;
        trv__fault_arm(nth);
        result = run();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (!result)
            expect_memory_or_system_error();
        ck_assert_int_eq(trv_error_occurred(), 0);
        ck_assert_msg(result || has_struck, "it fails without a fault");
        trv_unref(result);
        if (!has_struck)
            return;
    }
    ck_abort_msg("it never passes");
}

/* The outcome of a future, which is dropped; what came before may have failed already. */
static trv_object *outcome(trv_object *future)
{
    trv_object *result = future ? trv_future_result(future, TRV_FOREVER) : NULL;

    trv_unref(future);
    return result;
}

/* Scenarios ------------------------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(nap, "nap(n)")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0 || trv_sleep(0.0001) < 0)
        return NULL;
    return trv_int_new(n + 1000000);
}

TRV_STATIC_FUNCTION(spawn_three, "spawn_three()")
{
    trv_object *a = trv_spawn(nap, "l", INT64_C(1)),
               *b = a ? trv_spawn(nap, "l", INT64_C(2)) : NULL;
    trv_object *result_a = outcome(a),
               *result_b = b && result_a ? outcome(b) : (trv_unref(b), NULL);

    trv_unref(result_a);
    if (!result_b)
        return NULL;
    trv_unref(trv_spawn(nap, "l", INT64_C(3))); /* is left running */
    return trv_error_occurred() ? (trv_unref(result_b), NULL) : result_b;
}

static trv_object *run_and_spawn(void)
{
    return trv_run(spawn_three, "");
}

TEST(running_and_spawning)
{
    sweep(run_and_spawn);
}

/* So many at once that the heap of deadlines and the arena of stacks must grow. */
TRV_STATIC_FUNCTION(spawn_many, "spawn_many()")
{
    trv_auto trv_object *futures = trv_list_new();

    for (int64_t i = 0; futures && i < 100; i++) {
        trv_auto trv_object *future = trv_spawn(nap, "l", i);
        if (!future || trv_list_append(futures, future) < 0)
            break;
    }
    return trv_error_occurred() ? NULL : trv_gather(futures);
}

static trv_object *run_many(void)
{
    return trv_run(spawn_many, "");
}

TEST(spawning_many)
{
    sweep(run_many);
}

static trv_object *use_pool(void)
{
    trv_auto trv_object *pool = trv_coroutine_pool_new(NULL);
    trv_object *a = pool ? trv_submit(pool, nap, "l", INT64_C(1)) : NULL;
    trv_object *result = outcome(a);

    if (pool) {
        trv_auto trv_object *error = trv_error_take();
        must_int(trv_shutdown(pool, NULL));
        trv_error_restore(error);
    }
    return result;
}

TEST(a_pool)
{
    sweep(use_pool);
}

/* A connection, and bytes both ways. */
TRV_STATIC_FUNCTION(answer, "answer(listener)")
{
    trv_auto trv_object *stream = trv_listener_accept(args->items[0]);
    trv_auto trv_object *line = stream ? trv_stream_read_until(stream, "\n", 1, 100) : NULL;
    size_t size;
    const void *data = line ? trv_bytes_data(line, &size) : NULL;

    return data && trv_stream_write(stream, data, size) == 0 ? trv_none_new() : NULL;
}

TRV_STATIC_FUNCTION(converse, "converse()")
{
    trv_auto trv_object *listener = trv_tcp_listen("127.0.0.1", 0, 5);
    trv_auto trv_object *server = listener ? trv_spawn(answer, "o", listener) : NULL;
    trv_auto trv_object *client = NULL;
    trv_auto trv_object *line = NULL;
    uint16_t port;

    if (!server || trv_listener_port(listener, &port) < 0 ||
        !(client = trv_tcp_connect("127.0.0.1", port)) ||
        trv_stream_write(client, "hello\n", 6) < 0)
        return NULL;
    TRV_TIMEOUT(5)
        line = trv_stream_read_exactly(client, 6);
    if (line)
        return trv_future_result(server, TRV_FOREVER);
    /* The server failed: what it says is the cause. */
    if (trv_future_done(server) == 1) {
        trv_error_clear();
        return trv_future_result(server, TRV_FOREVER);
    }
    return NULL;
}

static trv_object *run_conversation(void)
{
    return trv_run(converse, "");
}

TEST(a_conversation)
{
    sweep(run_conversation);
}

static trv_object *resolve(void)
{
    return trv_tcp_listen("localhost", 0, 1);
}

TEST(names)
{
    sweep(resolve);
}

TEST_LIST(RUN(running_and_spawning), RUN(spawning_many), RUN(a_pool), RUN(a_conversation),
          RUN(names))
