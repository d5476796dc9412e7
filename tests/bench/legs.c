/* SPDX-License-Identifier: MIT */
/*
 * thread_pool.*, process_pool.*, coro.* and compare.*: what a call, a switch and a wait cost on each
 * leg. Two workers, as the peers have.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORKERS = 2, ONE = 3000, MANY = 100000, MEGABYTE = 1 << 20 };

TRV_STATIC_FUNCTION(noop, "noop(x=): nothing")
{
    return trv_none_new();
}

TRV_STATIC_FUNCTION(same, "same(x): x")
{
    trv_object *x;

    return trv_parse(args, "o", &x) < 0 ? NULL : trv_ref(x);
}

TRV_STATIC_FUNCTION(squares, "squares(n): the sum of i * i for i below n")
{
    int64_t n;
    trv_auto trv_object *range = NULL;
    trv_object *total;

    if (trv_parse(args, "l", &n) < 0 || !(range = trv_range_new(0, n, 1)))
        return NULL;
    total = trv_int_new(0);
    TRV_FOR(i, range) {
        trv_auto trv_object *square = trv_multiply(i, i);
        trv_object *sum = trv_add(total, square);
        trv_unref(total);
        total = sum;
    }
    if (trv_error_occurred())
        trv_clear(&total);
    return total;
}

TRV_STATIC_FUNCTION(wait_for, "wait_for(seconds): waits")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

static trv_object *threads(unsigned workers)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = workers};

    return GOT(trv_thread_pool_new(&options));
}

static trv_object *processes(void)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = WORKERS};

    return GOT(trv_process_pool_new(&options));
}

static trv_object *coroutines(void)
{
    return GOT(trv_coroutine_pool_new(NULL));
}

static void call_once(trv_object *pool)
{
    trv_auto trv_object *future = GOT(trv_submit(pool, noop, ""));
    trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
}

static void call_many(trv_object *pool, int count)
{
    trv_object **futures = GOT(malloc((size_t)count * sizeof *futures));

    for (int i = 0; i < count; i++)
        futures[i] = GOT(trv_submit(pool, noop, ""));
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *result = GOT(trv_future_result(futures[i], TRV_FOREVER));
        trv_unref(futures[i]);
    }
    free(futures);
}

/* Reads an iterator to its end. */
static void drain(trv_object *iterator)
{
    TRV_FOR(result, iterator)
        KEEP(result);
    DID(-trv_error_occurred());
}

static void map_many(trv_object *pool, trv_object *function, trv_object *items)
{
    trv_auto trv_object *results = GOT(trv_map(pool, function, items, NULL));

    drain(results);
}

static void emit_rate(const char *workload, const char *variant, trv_object *pool, int count)
{
    double values[7];

    for (int r = 0; r < 7; r++) {
        double began = bench_now();
        call_many(pool, count);
        values[r] = count / (bench_now() - began);
    }
    bench_emit_as(workload, variant, values, 7, "tasks/s");
}

/* Plain C work: what the peers without objects do. */
static void *nothing(void *data)
{
    KEEP(data);
    return NULL;
}

static void work_many(trv_object *group, int count)
{
    for (int i = 0; i < count; i++)
        DID(trv_work_submit(group, nothing, NULL));
    DID(trv_work_wait(group, TRV_FOREVER));
}

static void work_once(trv_object *pool)
{
    trv_auto trv_object *future = GOT(trv_submit_work(pool, nothing, NULL));
    trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
}

static void bench_work(void)
{
    trv_auto trv_object *pool = NULL;
    trv_auto trv_object *group = NULL;
    double values[7];

    if (!bench_wanted("thread_pool.submit_result") && !bench_wanted("thread_pool.throughput"))
        return;
    pool = threads(WORKERS);
    group = GOT(trv_work_group_new(pool));
    work_many(group, 1);
    if (bench_wanted("thread_pool.submit_result")) {
        TIMED_AS("thread_pool.submit_result", "plain C", 5, ONE, 1e6, "us",
                 for (int i = 0; i < ONE; i++) work_many(group, 1));
        TIMED_AS("thread_pool.submit_result", "plain C future", 5, ONE, 1e6, "us",
                 for (int i = 0; i < ONE; i++) work_once(pool));
    }
    if (bench_wanted("thread_pool.throughput")) {
        for (int r = 0; r < 7; r++) {
            double began = bench_now();
            work_many(group, MANY);
            values[r] = MANY / (bench_now() - began);
        }
        bench_emit_as("thread_pool.throughput", "plain C", values, 7, "tasks/s");
    }
    DID(trv_shutdown(pool, NULL));
}

static void bench_threads(void)
{
    static const char *const variants[] = {"", "coroutine pool"};

    for (int v = 0; v < 2; v++) {
        trv_auto trv_object *pool = NULL;
        if (!bench_wanted("thread_pool.submit_result") && !bench_wanted("thread_pool.throughput"))
            return;
        pool = v ? coroutines() : threads(WORKERS);
        call_once(pool);
        if (bench_wanted("thread_pool.submit_result"))
            TIMED_AS("thread_pool.submit_result", variants[v], 5, ONE, 1e6, "us",
                     for (int i = 0; i < ONE; i++) call_once(pool));
        if (bench_wanted("thread_pool.throughput"))
            emit_rate("thread_pool.throughput", variants[v], pool, MANY);
        DID(trv_shutdown(pool, NULL));
    }
}

static void bench_payload(trv_object *pool, const char *workload, size_t size, int count)
{
    trv_auto trv_object *data = GOT(trv_bytes_new(NULL, size));
    double values[5];

    if (!bench_wanted(workload))
        return;
    for (int r = 0; r < 5; r++) {
        double began = bench_now();
        for (int i = 0; i < count; i++) {
            trv_auto trv_object *future = GOT(trv_submit(pool, same, "o", data));
            trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
        }
        values[r] = (double)size * count / 1e9 / (bench_now() - began);
    }
    bench_emit(workload, values, 5, "GB/s round trip");
}

static void bench_speedup(trv_object *pool)
{
    trv_auto trv_object *items = GOT(trv_build("[i i]", 2000000, 2000000));
    double values[5];

    for (int r = 0; r < 5; r++) {
        double began = bench_now(), one;
        TRV_FOR(n, items) {
            trv_auto trv_object *sum = GOT(trv_call(squares, "o", n));
        }
        one = bench_now() - began;
        began = bench_now();
        map_many(pool, squares, items);
        values[r] = one / (bench_now() - began);
    }
    bench_emit("process_pool.cpu_speedup", values, 5, "x with 2 workers");
}

static void bench_start(void)
{
    double values[9];

    for (int r = 0; r < 9; r++) {
        double began = bench_now();
        trv_auto trv_object *pool = processes();
        call_once(pool);
        values[r] = (bench_now() - began) * 1e3;
        DID(trv_shutdown(pool, NULL));
    }
    bench_emit("process_pool.start", values, 9, "ms");
}

static int wants_pool(void)
{
    static const char *const names[] = {"submit_result", "throughput", "payload_1m", "payload_64m",
                                        "cpu_speedup"};
    char workload[64];

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(workload, sizeof workload, "process_pool.%s", names[i]);
        if (bench_wanted(workload))
            return 1;
    }
    return 0;
}

static void bench_processes(void)
{
    trv_auto trv_object *pool = NULL;
    trv_auto trv_object *range = GOT(trv_range_new(0, MANY, 1));

    if (bench_wanted("process_pool.start"))
        bench_start();
    if (!wants_pool())
        return;
    pool = processes();
    call_many(pool, 10);
    if (bench_wanted("process_pool.submit_result"))
        TIMED("process_pool.submit_result", 5, ONE, 1e6, "us",
              for (int i = 0; i < ONE; i++) call_once(pool));
    if (bench_wanted("process_pool.throughput")) {
        double values[5];
        emit_rate("process_pool.throughput", "", pool, MANY);
        for (int r = 0; r < 5; r++) {
            double began = bench_now();
            map_many(pool, noop, range);
            values[r] = MANY / (bench_now() - began);
        }
        bench_emit_as("process_pool.throughput", "map", values, 5, "tasks/s");
    }
    bench_payload(pool, "process_pool.payload_1m", MEGABYTE, 50);
    bench_payload(pool, "process_pool.payload_64m", 64 * (size_t)MEGABYTE, 1);
    if (bench_wanted("process_pool.cpu_speedup"))
        bench_speedup(pool);
    DID(trv_shutdown(pool, NULL));
}

/* Coroutines ------------------------------------------------------------------------------------------ */

enum { SWITCHES = 2000000, SPAWNS = 500000 };

TRV_STATIC_FUNCTION(yields, "yields(n): gives way n times")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    while (n-- > 0)
        DID(trv_reschedule());
    return trv_none_new();
}

TRV_STATIC_FUNCTION(two_yielders, "two_yielders(): two coroutines take turns")
{
    trv_auto trv_object *futures = GOT(trv_list_new());

    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *future = GOT(trv_spawn(yields, "l", (int64_t)SWITCHES / 2));
        DID(trv_list_append(futures, future));
    }
    return trv_gather(futures);
}

TRV_STATIC_FUNCTION(spawns, "spawns(): coroutines, one after another")
{
    for (int i = 0; i < SPAWNS; i++) {
        trv_auto trv_object *future = GOT(trv_spawn(noop, ""));
        trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(sleepers, "sleepers(n, seconds): so many coroutines that wait")
{
    int64_t n;
    double seconds;
    trv_auto trv_object *futures = GOT(trv_list_new());

    if (trv_parse(args, "ld", &n, &seconds) < 0)
        return NULL;
    for (; n > 0; n--) {
        trv_auto trv_object *future = GOT(trv_spawn(wait_for, "d", seconds));
        DID(trv_list_append(futures, future));
    }
    TRV_FOR(future, futures) {
        trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
    }
    return trv_none_new();
}

static void run(trv_object *function, const char *format, int64_t n, double seconds)
{
    trv_auto trv_object *result = GOT(trv_run(function, format, n, seconds));
}

static void bench_sleepers(const char *workload, int64_t n, int repetitions)
{
    double values[3], memory[1];

    for (int r = 0; r < repetitions; r++) {
        double began = bench_now();
        run(sleepers, "ld", n, 1);
        values[r] = bench_now() - began;
    }
    bench_emit(workload, values, repetitions, "s");
    memory[0] = bench_peak_bytes() / MEGABYTE;
    bench_emit(workload, memory, 1, "MB RSS");
}

TRV_STATIC_FUNCTION(endless, "endless(): None for ever")
{
    trv_auto trv_object *none = trv_none_new();

    for (;;) {
        trv_auto trv_object *sent = trv_yield(none);
        if (!sent)
            return NULL;
    }
}

/* The figure is for one of the two switches, as the peer's. */
static void bench_generator(void)
{
    trv_auto trv_object *generator = GOT(trv_generator_new(endless, ""));
    trv_auto trv_object *none = trv_none_new();
    trv_object *item;

    TIMED(
        "coro.generator_send", 7, 2 * SWITCHES, 1e9, "ns", for (int i = 0; i < SWITCHES; i++) {
            DID(trv_generator_send(generator, none, &item) - 1);
            trv_unref(item);
        });
    TIMED_AS("coro.generator_send", "in a TRV_FOR", 7, 2 * SWITCHES, 1e9, "ns", {
        int left = SWITCHES;
        TRV_FOR(none_again, generator)
            if (!--left)
                break;
    });
}

static void bench_coroutines(void)
{
    if (bench_wanted("coro.generator_send"))
        bench_generator();
    if (bench_wanted("coro.switch"))
        TIMED("coro.switch", 5, SWITCHES, 1e9, "ns", run(two_yielders, "", 0, 0));
    if (bench_wanted("coro.spawn_join"))
        TIMED("coro.spawn_join", 5, SPAWNS, 1e9, "ns", run(spawns, "", 0, 0));
    if (bench_wanted("coro.sleepers_100k"))
        bench_sleepers("coro.sleepers_100k", 100000, 3);
    if (bench_wanted("coro.sleepers_1m"))
        bench_sleepers("coro.sleepers_1m", 1000000, 1);
}

/* The legs compared ------------------------------------------------------------------------------------ */

static void bench_compare_cpu(void)
{
    trv_auto trv_object *items = GOT(trv_build("[i i i i]", 2000000, 2000000, 2000000, 2000000));
    trv_object *pools[] = {GOT(trv_inline_executor_new()), threads(WORKERS), processes()};
    static const char *const variants[] = {"inline", "threads(2)", "processes(2)"};

    for (int p = 0; p < 3; p++) {
        TIMED_AS("compare.cpu", variants[p], 5, 1, 1, "s", map_many(pools[p], squares, items));
        DID(trv_shutdown(pools[p], NULL));
        trv_unref(pools[p]);
    }
}

void bench_legs(void)
{
    bench_threads();
    bench_work();
    bench_processes();
    bench_coroutines();
    if (bench_wanted("compare.io_10k"))
        TIMED("compare.io_10k", 5, 1, 1, "s", run(sleepers, "ld", 10000, 0.1));
    if (bench_wanted("compare.cpu"))
        bench_compare_cpu();
}
