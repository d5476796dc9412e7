/* SPDX-License-Identifier: MIT */
/*
 * gil.*: taking and giving the lock, answering I/O beside a thread that computes, and what threads
 * that compute, or hold the lock for short sections, lose to each other.
 *
 * The client of gil.io_latency_beside_cpu is a thread without a runtime: it sends one byte, times the
 * answer, and waits before the next, 1 ms or not at all.
 */
#include "bench/bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { OPERATIONS = 5000000, ROUNDS_MOST = 1 << 20, REPETITIONS = 3, THREADS_MOST = 8 };

static struct client {
    int socket[2];
    int apart_us;
    double seconds;
    int rounds;
    double *latency_us;
} client;

static atomic_int stop; /* for the threads that compute */

static void *run_client(void *unused)
{
    struct timespec apart = {0, client.apart_us * 1000L};
    double end = bench_now() + client.seconds, began;
    char byte = 'x';

    client.rounds = 0;
    while (client.rounds < ROUNDS_MOST && bench_now() < end) {
        if (client.apart_us)
            nanosleep(&apart, NULL);
        began = bench_now();
        if (write(client.socket[1], &byte, 1) != 1 || read(client.socket[1], &byte, 1) != 1)
            break;
        client.latency_us[client.rounds++] = (bench_now() - began) * 1e6;
    }
    byte = '.';
    return write(client.socket[1], &byte, 1) == 1 ? unused : NULL;
}

/* Answers every byte, waiting in read without the GIL, until the client has had enough. */
TRV_STATIC_FUNCTION(serve, "serve(): a thread that does I/O")
{
    char byte = 0;

    for (;;) {
        ssize_t got = 0;
        TRV_ALLOW_THREADS
            got = read(client.socket[0], &byte, 1);
        if (got != 1 || byte != 'x')
            break;
        if (write(client.socket[0], &byte, 1) != 1)
            break;
    }
    stop = 1;
    return trv_none_new();
}

/* Tells threads to start, before they are submitted. */
static double go(void)
{
    stop = 0;
    return bench_now();
}

/* Tells them to stop. Returns: the seconds since they were started. */
static double halt(double began)
{
    double seconds = bench_now() - began;

    stop = 1;
    return seconds;
}

/* Boxed additions until told to stop. Returns: how many. */
TRV_STATIC_FUNCTION(burn, "burn(): a thread that computes")
{
    trv_auto trv_object *one = trv_int_new(1);
    trv_object *n = trv_int_new(1000);
    int64_t count;

    while (!stop) {
        trv_object *next = trv_add(n, one);
        trv_unref(n);
        n = next;
        DID(trv_checkpoint());
    }
    DID(trv_int_get(n, &count));
    trv_unref(n);
    return trv_float_new((double)(count - 1000));
}

static trv_object *make_pool(unsigned workers)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = workers};

    return GOT(trv_thread_pool_new(&options));
}

static double result_of(trv_object *future)
{
    trv_auto trv_object *result = GOT(trv_future_result(future, TRV_FOREVER));
    double value;

    DID(trv_float_get(result, &value));
    return value;
}

static double burn_alone(trv_object *pool, double seconds)
{
    trv_auto trv_object *future = NULL;
    double began = go();

    future = GOT(trv_submit(pool, burn, ""));
    DID(trv_sleep(seconds));
    seconds = halt(began);
    return result_of(future) / seconds;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void latency(trv_object *pool, int apart_us, const char *how, int is_busy)
{
    double figures[4][REPETITIONS];
    static const char *const names[] = {"us p50", "us p99", "us max", "% CPU thread keeps"};

    client.apart_us = apart_us;
    client.seconds = is_busy ? 1 : 0.3;
    for (int r = 0; r < REPETITIONS; r++) {
        double alone = is_busy ? burn_alone(pool, 0.2) : 1;
        trv_auto trv_object *burning = NULL;
        trv_auto trv_object *serving = NULL;
        trv_auto trv_object *served = NULL;
        pthread_t thread;
        double began = go(), seconds;
        if (is_busy)
            burning = GOT(trv_submit(pool, burn, ""));
        serving = GOT(trv_submit(pool, serve, ""));
        DID(-pthread_create(&thread, NULL, run_client, NULL));
        served = GOT(trv_future_result(serving, TRV_FOREVER));
        seconds = halt(began);
        TRV_ALLOW_THREADS
            pthread_join(thread, NULL);
        figures[3][r] = is_busy ? 100 * result_of(burning) / seconds / alone : 100;
        qsort(client.latency_us, (size_t)client.rounds, sizeof(double), compare_doubles);
        figures[0][r] = client.latency_us[client.rounds / 2];
        figures[1][r] = client.latency_us[client.rounds * 99 / 100];
        figures[2][r] = client.latency_us[client.rounds - 1];
    }
    for (int f = 0; f < (is_busy ? 4 : 3); f++) {
        char unit[64];
        snprintf(unit, sizeof unit, "%s %s%s", names[f], how, is_busy ? "" : " no CPU thread");
        bench_emit("gil.io_latency_beside_cpu", figures[f], REPETITIONS, unit);
    }
}

static void bench_latency(void)
{
    trv_auto trv_object *pool = make_pool(2);

    client.latency_us = GOT(malloc(ROUNDS_MOST * sizeof(double)));
    DID(socketpair(AF_UNIX, SOCK_STREAM, 0, client.socket));
    latency(pool, 1000, "1ms apart", 1);
    latency(pool, 1000, "1ms apart", 0);
    latency(pool, 0, "back to back", 1);
    latency(pool, 0, "back to back", 0);
    DID(trv_shutdown(pool, NULL));
    close(client.socket[0]);
    close(client.socket[1]);
    free(client.latency_us);
}

/* What `function` counts a second in so many threads together. */
static double rate_of(trv_object *function, unsigned threads, double seconds)
{
    trv_auto trv_object *pool = make_pool(threads);
    trv_object *futures[THREADS_MOST];
    double sum = 0, began = go();

    for (unsigned i = 0; i < threads; i++)
        futures[i] = GOT(trv_submit(pool, function, ""));
    DID(trv_sleep(seconds));
    seconds = halt(began);
    for (unsigned i = 0; i < threads; i++) {
        sum += result_of(futures[i]);
        trv_unref(futures[i]);
    }
    DID(trv_shutdown(pool, NULL));
    return sum / seconds;
}

static void bench_contention(void)
{
    static const unsigned counts[] = {2, 4, 8};

    for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
        double values[5];
        char unit[64];
        for (int r = 0; r < 5; r++) {
            double one = rate_of(burn, 1, 0.25);
            values[r] = rate_of(burn, counts[c], 0.25) / one;
        }
        snprintf(unit, sizeof unit, "%u threads / 1 thread", counts[c]);
        bench_emit("gil.contention_overhead", values, 5, unit);
    }
}

static void spin_for(double seconds)
{
    double end = bench_now() + seconds;

    while (bench_now() < end)
        ;
}

/* 2 us with the lock, 0.5 us without, over and over. Returns: how many sections. */
TRV_STATIC_FUNCTION(sections, "sections(): a thread with many short sections")
{
    int64_t count = 0;

    while (!stop) {
        spin_for(2e-6);
        TRV_ALLOW_THREADS
            spin_for(0.5e-6);
        count++;
    }
    return trv_float_new((double)count);
}

static void bench_short_sections(void)
{
    static const unsigned counts[] = {1, 2, 4, 8};

    for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
        double values[5];
        char unit[64];
        for (int r = 0; r < 5; r++)
            values[r] = rate_of(sections, counts[c], 0.3);
        snprintf(unit, sizeof unit, "sections/s, %u thread%s", counts[c], counts[c] > 1 ? "s" : "");
        bench_emit("gil.short_sections", values, 5, unit);
    }
}

/* Calls that give the lock back for a moment, and so much work with it in between: the wait is over
 * at once, so this thread asks for the lock all the time. */
static int work_us;

TRV_STATIC_FUNCTION(constant_io, "constant_io(): a thread that is always back from I/O")
{
    int64_t count = 0;

    while (!stop) {
        TRV_ALLOW_THREADS
            bench_now();
        if (work_us)
            spin_for(work_us * 1e-6);
        count++;
    }
    return trv_float_new((double)count);
}

/* What the worst served of so many threads that compute has of its fair share beside one that does
 * I/O all the time. */
static double least_share(trv_object *pool, unsigned threads)
{
    trv_object *futures[THREADS_MOST];
    trv_auto trv_object *io = NULL;
    double alone = burn_alone(pool, 0.1), least = alone, seconds, began = go();

    io = GOT(trv_submit(pool, constant_io, ""));
    for (unsigned i = 0; i < threads; i++)
        futures[i] = GOT(trv_submit(pool, burn, ""));
    DID(trv_sleep(1.5)); /* many slices for each */
    seconds = halt(began);
    for (unsigned i = 0; i < threads; i++) {
        double rate = result_of(futures[i]) / seconds;
        if (rate < least)
            least = rate;
        trv_unref(futures[i]);
    }
    result_of(io);
    return 100 * least / (alone / (threads + 1));
}

static void bench_fair_share(void)
{
    static const unsigned counts[] = {1, 2, 4, 8};
    static const int works[] = {0, 50};

    for (unsigned w = 0; w < sizeof works / sizeof *works; w++)
        for (unsigned c = 0; c < sizeof counts / sizeof *counts; c++) {
            trv_auto trv_object *pool = make_pool(counts[c] + 1);
            double values[3];
            char unit[80];
            work_us = works[w];
            for (int r = 0; r < 3; r++)
                values[r] = least_share(pool, counts[c]);
            snprintf(unit, sizeof unit, "%% least of %u keeps, %d us a turn of I/O", counts[c],
                     work_us);
            bench_emit("gil.fair_share", values, 3, unit);
            DID(trv_shutdown(pool, NULL));
        }
}

void bench_lock(void)
{
    if (bench_wanted("gil.ensure_release"))
        TIMED(
            "gil.ensure_release", 7, OPERATIONS, 1e9, "ns", for (int i = 0; i < OPERATIONS; i++) {
                trv_unlocked_ unlocked = trv_unlock_begin();
                trv_unlock_end(&unlocked);
            });
    if (bench_wanted("gil.io_latency_beside_cpu"))
        bench_latency();
    if (bench_wanted("gil.contention_overhead"))
        bench_contention();
    if (bench_wanted("gil.short_sections"))
        bench_short_sections();
    if (bench_wanted("gil.fair_share"))
        bench_fair_share();
}
