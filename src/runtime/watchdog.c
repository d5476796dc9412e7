/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: a thread that finds who holds the GIL for long without a safepoint, as a plain C loop
 * of appends does. It is started only if it is asked for, by trv_config.watchdog or TRIVET_WATCHDOG.
 *
 * Nobody is interrupted for it, and no signal is sent. While there is a watchdog, every taking of the
 * lock goes the slow way (gil.is_timed), and every safepoint too (TRV__ATTEND_WATCHED): each moves
 * gil.beats on by one. The watchdog looks eight times in the time that is allowed. Where it finds the
 * same holder and the same number as before, that thread has passed no safepoint in between. So a
 * stretch is found while it lasts, however it ends, and its length is known to an eighth of the limit. Time in
 * which the watchdog itself did not run (the process was stopped) counts for two looks at most.
 *
 * Which function it is: while there is a watchdog, calls leave the address of the function that runs in
 * the thread's state (`runs`), and waits and checkpoints where they were called (`came_from`). Both
 * are addresses of code, so that whoever reads them needs no lock and follows no pointer. The rest of
 * a thread's state is read under gil.mutex: a thread leaves under it, so the holder cannot be gone.
 *
 * Locks: watchdog.mutex, then gil.mutex. Not here: coroutines that keep their loop from its descriptors
 * although they pass safepoints.
 */
#include "base/fault.h"
#include "base/futex.h"
#include "base/locate.h"
#include "runtime/runtime.h"

#include <signal.h>
#include <stdio.h>

#define LOOKS_A_LIMIT 8

/* A time somebody held the lock without a safepoint. */
struct stretch {
    int64_t ns; /* 0: none was found */
    bool is_over;
    char thread[16];
    uint32_t native_id;
    const void *runs, *came_from; /* see struct trv__thread */
};

struct trv__watchdog {
    struct trv_runtime *runtime; /* constant, as the next three */
    pthread_t thread;
    int64_t limit_ns, tick_ns;
    _Atomic uint32_t has_to_stop;
    pthread_mutex_t mutex;            /* guards what follows */
    const struct trv__thread *holder; /* at the last look; never followed */
    uint64_t beats;                   /* at the last look */
    int64_t looked_ns;                /* when that was */
    struct stretch running;           /* since then it has passed no safepoint */
    bool is_reported;                 /* `running` has been */
    struct stretch longest;
};

/* Looking ------------------------------------------------------------------------------------------- */

/* Whose function it is: the one that was called, or the one that waited last. */
static void locate(const struct stretch *stretch, struct trv__location *location)
{
    if (stretch->runs)
        trv__locate(stretch->runs, location);
    else
        trv__locate_call(stretch->came_from, location);
}

static void report(const struct stretch *stretch)
{
    struct trv__location location;
    char place[400];

    locate(stretch, &location);
    fprintf(stderr, "trivet: thread '%s' (%u) %s the GIL for %.3f s without a safepoint, in %s\n",
            stretch->thread, (unsigned)stretch->native_id,
            stretch->is_over ? "held" : "has been holding", (double)stretch->ns / 1e9,
            trv__location_text(&location, place, sizeof place));
}

static void remember(struct trv__watchdog *watchdog)
{
    if (watchdog->running.ns >= watchdog->longest.ns)
        watchdog->longest = watchdog->running;
}

/* Who holds the lock now. Whether that is the same as before, without a safepoint in between. */
static bool is_still_held(struct trv__watchdog *watchdog)
{
    struct trv__gil *gil = &watchdog->runtime->gil;
    struct stretch *running = &watchdog->running;
    const struct trv__thread *holder;
    uint64_t beats;
    bool is_same;

    pthread_mutex_lock(&gil->mutex);
    holder = trv__gil_holder(gil);
    beats = atomic_load_explicit(&gil->beats, memory_order_relaxed);
    is_same = holder && holder == watchdog->holder && beats == watchdog->beats;
    if (is_same) {
        snprintf(running->thread, sizeof running->thread, "%s", trv__thread_name(holder));
        running->native_id = atomic_load_explicit(&holder->native_id, memory_order_relaxed);
        running->runs = atomic_load_explicit(&holder->runs, memory_order_relaxed);
        running->came_from = atomic_load_explicit(&holder->came_from, memory_order_relaxed);
    }
    pthread_mutex_unlock(&gil->mutex);
    watchdog->holder = holder;
    watchdog->beats = beats;
    return is_same;
}

static void end_stretch(struct trv__watchdog *watchdog)
{
    struct stretch *running = &watchdog->running;

    running->is_over = true;
    if (watchdog->is_reported) {
        remember(watchdog);
        report(running);
    }
    *running = (struct stretch){0};
    watchdog->is_reported = false;
}

/* With the mutex. */
static void look(struct trv__watchdog *watchdog)
{
    int64_t now_ns = trv__clock_ns(), passed_ns = now_ns - watchdog->looked_ns;
    struct stretch *running = &watchdog->running;

    watchdog->looked_ns = now_ns;
    if (!is_still_held(watchdog)) {
        end_stretch(watchdog);
        return;
    }
    running->ns += MIN_OF(passed_ns, 2 * watchdog->tick_ns);
    if (running->ns < watchdog->limit_ns)
        return;
    remember(watchdog);
    if (!watchdog->is_reported)
        report(running);
    watchdog->is_reported = true;
}

static void *watch(void *argument)
{
    struct trv__watchdog *watchdog = argument;

    while (!atomic_load_explicit(&watchdog->has_to_stop, memory_order_acquire)) {
        trv__futex_wait(&watchdog->has_to_stop, 0, trv__clock_ns() + watchdog->tick_ns);
        pthread_mutex_lock(&watchdog->mutex);
        look(watchdog);
        pthread_mutex_unlock(&watchdog->mutex);
    }
    return NULL;
}

/* Life ---------------------------------------------------------------------------------------------- */

/* Its thread takes no signal: those are for the threads of the program. */
static int start_thread(struct trv__watchdog *watchdog)
{
    sigset_t all, before;
    int error;

    if (FAULT())
        return EAGAIN;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&watchdog->thread, NULL, watch, watchdog);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!error)
        pthread_setname_np(watchdog->thread, "trivet-watchdog");
    return error;
}

int trv__watchdog_start(struct trv_runtime *runtime, double limit)
{
    struct trv__watchdog *watchdog = FAULT() ? NULL : calloc(1, sizeof *watchdog);
    int error;

    if (!watchdog) {
        errno = ENOMEM;
        return -1;
    }
    watchdog->runtime = runtime;
    watchdog->limit_ns = (int64_t)(limit * 1e9);
    watchdog->tick_ns = MAX_OF(watchdog->limit_ns / LOOKS_A_LIMIT, 100000);
    watchdog->looked_ns = trv__clock_ns();
    pthread_mutex_init(&watchdog->mutex, NULL);
    atomic_fetch_or_explicit(&runtime->gil.attention, TRV__ATTEND_WATCHED, memory_order_relaxed);
    error = start_thread(watchdog);
    if (error) {
        pthread_mutex_destroy(&watchdog->mutex);
        free(watchdog);
        errno = error;
        return -1;
    }
    runtime->watchdog = watchdog;
    return 0;
}

void trv__watchdog_stop(struct trv_runtime *runtime)
{
    struct trv__watchdog *watchdog = runtime->watchdog;

    if (!watchdog)
        return;
    runtime->watchdog = NULL;
    atomic_store_explicit(&watchdog->has_to_stop, 1, memory_order_release);
    trv__futex_wake(&watchdog->has_to_stop);
    pthread_join(watchdog->thread, NULL);
    end_stretch(watchdog);
    pthread_mutex_destroy(&watchdog->mutex);
    free(watchdog);
}

void trv__watchdog_forget(struct trv_runtime *runtime)
{
    free(runtime->watchdog);
    runtime->watchdog = NULL;
    atomic_fetch_and_explicit(&runtime->gil.attention, ~(uint32_t)TRV__ATTEND_WATCHED,
                              memory_order_relaxed);
}

int trv_lock_longest(trv_lock_hold *hold)
{
    struct trv__watchdog *watchdog = trv__runtime()->watchdog;
    trv_lock_hold all = {.size = hold->size};
    struct trv__location location;
    struct stretch longest;

    if (!watchdog)
        return 0;
    pthread_mutex_lock(&watchdog->mutex);
    look(watchdog);
    longest = watchdog->longest;
    pthread_mutex_unlock(&watchdog->mutex);
    if (!longest.ns)
        return 0;
    locate(&longest, &location);
    all.seconds = (double)longest.ns / 1e9;
    all.is_over = longest.is_over;
    all.thread_id = longest.native_id;
    all.line = location.line;
    memcpy(all.thread, longest.thread, sizeof longest.thread);
    snprintf(all.function, sizeof all.function, "%s", location.function);
    snprintf(all.file, sizeof all.file, "%s", location.file);
    memcpy(hold, &all, MIN_OF(hold->size, sizeof all));
    return 1;
}
