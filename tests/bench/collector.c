/* SPDX-License-Identifier: MIT */
/*
 * gc.*: what the cycle collector costs, all at once and as pauses.
 *
 * The graph is of 2-element lists, each referring to the one before it and to one halfway
 * back. For gc.max_pause it stays alive while the program makes a cycle of two lists at each
 * step and drops the one made 100,000 steps ago, so that garbage outlives the youngest
 * generation; the clock is read after every step, and 10 us or more count as a pause. How much garbage
 * waits to be collected, at most, is told as a part of what lives.
 */
#include "bench/bench.h"

#include <stdlib.h>

enum {
    MILLION = 1000000,
    LIVE = 5 * MILLION,
    WINDOW = 100000,
    STEPS = 2 * MILLION,
    PAUSES = 1 << 20
};

typedef struct pauses {
    double ms[PAUSES]; /* each of them, up to that many */
    int count;
    double sum_s;
    double began, last; /* on the clock */
    size_t most_tracked;
} pauses;

static trv_object *pair(trv_object *a, trv_object *b)
{
    trv_object *list = GOT(trv_list_new());

    DID(trv_list_append(list, a));
    DID(trv_list_append(list, b));
    return list;
}

static trv_object *graph(int count)
{
    trv_object *root = GOT(trv_list_new());
    trv_auto trv_object *none = trv_none_new();

    for (int i = 0; i < count; i++) {
        trv_object *before = i ? GOT(trv_list_get(root, i - 1)) : trv_ref(none);
        trv_object *halfway = i ? GOT(trv_list_get(root, i / 2)) : trv_ref(none);
        trv_object *list = pair(before, halfway);
        DID(trv_list_append(root, list));
        trv_unref(list);
        trv_unref(halfway);
        trv_unref(before);
    }
    return root;
}

/* Two lists that refer to each other; returns one of them. */
static trv_object *cycle(void)
{
    trv_auto trv_object *none = trv_none_new();
    trv_object *a = pair(none, none);
    trv_auto trv_object *b = pair(a, none);

    DID(trv_list_set(a, 0, b));
    return a;
}

static void collect_live(void)
{
    trv_object *root;

    if (!bench_wanted("gc.full_collect_1m"))
        return;
    root = graph(MILLION);
    TIMED("gc.full_collect_1m", 9, 1, 1e3, "ms", DID(trv_gc_collect(2, NULL)));
    trv_unref(root);
}

static void collect_garbage(void)
{
    double alone[5], both[5];

    if (!bench_wanted("gc.collect_garbage_cycles_1m"))
        return;
    for (int r = 0; r < 5; r++) {
        double began = bench_now(), made;
        for (int i = 0; i < MILLION / 2; i++)
            trv_unref(cycle());
        made = bench_now();
        DID(trv_gc_collect(2, NULL));
        alone[r] = (bench_now() - made) * 1e3;
        both[r] = (bench_now() - began) * 1e3;
    }
    bench_emit("gc.collect_garbage_cycles_1m", alone, 5, "ms");
    bench_emit("gc.collect_garbage_cycles_1m", both, 5, "ms with allocation");
}

static void note_step(pauses *p)
{
    double now = bench_now(), spent = now - p->last;

    p->last = now;
    if (spent < 10e-6)
        return;
    if (p->count < PAUSES)
        p->ms[p->count++] = spent * 1e3;
    p->sum_s += spent;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double quantile(pauses *p, double q)
{
    int i = (int)(q * p->count);

    if (p->count == 0)
        return 0;
    qsort(p->ms, (size_t)p->count, sizeof p->ms[0], compare_doubles);
    return p->ms[i < p->count ? i : p->count - 1];
}

static void note_tracked(pauses *p)
{
    trv_gc_stats stats;

    trv_gc_stats_get(&stats);
    if (stats.tracked > p->most_tracked)
        p->most_tracked = stats.tracked;
}

static void run_steps(pauses *p, trv_object **window)
{
    p->count = 0;
    p->sum_s = 0;
    p->most_tracked = 0;
    p->began = p->last = bench_now();
    for (int i = 0; i < STEPS; i++) {
        trv_object *made = cycle();
        trv_unref(window[i % WINDOW]);
        window[i % WINDOW] = made;
        DID(trv_checkpoint());
        note_step(p);
        if (i % 1000 == 0)
            note_tracked(p);
    }
}

static void measure_pauses(void)
{
    double longest[3], p99[3], mean[3], share[3], waiting[3];
    trv_object **window;
    trv_object *root;
    pauses *p;

    if (!bench_wanted("gc.max_pause"))
        return;
    root = graph(LIVE);
    window = GOT(calloc(WINDOW, sizeof *window));
    p = GOT(malloc(sizeof *p));
    DID(trv_gc_collect(2, NULL));
    trv_gc_enable();
    for (int r = 0; r < 3; r++) {
        run_steps(p, window);
        longest[r] = quantile(p, 1);
        p99[r] = quantile(p, .99);
        mean[r] = (p->last - p->began) * 1e9 / STEPS;
        share[r] = 100 * p->sum_s / (p->last - p->began);
        waiting[r] = 100.0 * ((double)p->most_tracked - LIVE - 2 * WINDOW) / (LIVE + 2 * WINDOW);
    }
    bench_emit("gc.max_pause", longest, 3, "ms max");
    bench_emit("gc.max_pause", p99, 3, "ms p99 of pauses");
    bench_emit("gc.max_pause", mean, 3, "ns/step mean");
    bench_emit("gc.max_pause", share, 3, "% of time in pauses");
    bench_emit("gc.max_pause", waiting, 3, "% garbage at most, of what lives");
    for (int i = 0; i < WINDOW; i++)
        trv_unref(window[i]);
    free(p);
    free(window);
    trv_unref(root);
}

void bench_collector(void)
{
    trv_gc_disable();
    collect_live();
    collect_garbage();
    trv_gc_enable();
    measure_pauses();
}
