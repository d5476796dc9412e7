/* SPDX-License-Identifier: MIT */
/* The GIL: exclusion, who gets it next, that nobody starves, giving it back around pure C. */
#include "support/crew.h"

#include "base/clock.h"
#include "trivet/coroutine.h"

#include <errno.h>
#include <unistd.h>

static int counter, goal, stop;

/* Exclusion ----------------------------------------------------------------------------------- */

static void count_up(void *times)
{
    for (int i = *(int *)times; i > 0; i--) {
        int seen = counter;
        counter = seen + 1;
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

static void all_count(int members, int times)
{
    struct crew crew;

    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, count_up, &times);
    crew_join(&crew);
    ck_assert_int_eq(counter, members * times);
}

TEST(one_thread_at_a_time)
{
    all_count(4, 3000);
}

SEEDED_TEST(one_thread_at_a_time_under_any_seed, 200)
{
    all_count(3, 30);
}

static void leave_and_return(void *times)
{
    for (int i = *(int *)times; i > 0; i--) {
        int seen = counter;
        counter = seen + 1;
        TRV_ALLOW_THREADS {
            if (i % 3 == 0)
                sched_yield();
        }
        if (i % 7 == 0)
            ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

TEST(many_short_sections)
{
    struct crew crew;
    int times = 5000;

    crew_begin(&crew);
    for (int i = 0; i < 4; i++)
        crew_start(&crew, leave_and_return, &times);
    crew_join(&crew);
    ck_assert_int_eq(counter, 4 * times);
}

/* Who gets it --------------------------------------------------------------------------------- */

static void compute(void *unused)
{
    (void)unused;
    while (!*(volatile int *)&stop)
        ck_assert_int_eq(trv_checkpoint(), 0);
}

static void sleep_often(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(trv_sleep(0.0002), 0);
        counter++;
    }
    stop = 1;
}

/* The two others end only when the sleeping one has been served fifty times. */
static void is_served_beside_two(crew_body *sleeps, crew_body *other)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, other, NULL);
    crew_start(&crew, other, NULL);
    crew_start(&crew, sleeps, NULL);
    crew_join(&crew);
    ck_assert_int_eq(counter, 50);
}

TEST(who_returns_is_served_beside_threads_that_compute)
{
    is_served_beside_two(sleep_often, compute);
}

static void yield(void *unused)
{
    (void)unused;
    while (!*(volatile int *)&stop)
        ck_assert_int_eq(trv_sleep(0), 0);
}

/* It has the lock for so long each time that it comes to owe those that are preempted. */
static void sleep_and_hold(void *unused)
{
    (void)unused;
    for (int i = 0; i < 50; i++) {
        int64_t until_ns;
        ck_assert_int_eq(trv_sleep(0.0002), 0);
        until_ns = trv__clock_ns() + 300000;
        while (trv__clock_ns() < until_ns)
            ;
        counter++;
    }
    stop = 1;
}

/* These hand the lock to each other all the time, and need long to wake up each time. */
TEST(who_returns_is_served_beside_threads_that_yield)
{
    is_served_beside_two(sleep_and_hold, yield);
}

/* The same through ALLOW_THREADS, with short sections. */
static void pass_through(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++) {
        TRV_ALLOW_THREADS
            __asm__ volatile("");
        counter++;
    }
    stop = 1;
}

TEST(short_sections_make_progress_beside_a_thread_that_computes)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, compute, NULL);
    crew_start(&crew, pass_through, NULL);
    crew_join(&crew);
    ck_assert_int_eq(counter, 2000);
}

/* Each computes until all have had the lock several times. A turn begins when the last one who ran
 * was another. */
#define TURNS 4
static int turns[5], last_member;

static bool all_had_their_turns(int members)
{
    for (int i = 0; i < members; i++)
        if (turns[i] < TURNS)
            return false;
    return true;
}

static void take_turns(void *number)
{
    int self = *(int *)number;

    while (!all_had_their_turns(goal)) {
        if (last_member != self)
            turns[self]++;
        last_member = self;
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

static void nobody_starves(int members)
{
    static int numbers[] = {0, 1, 2, 3, 4};
    struct crew crew;

    goal = members;
    last_member = -1;
    crew_begin(&crew);
    for (int i = 0; i < members; i++)
        crew_start(&crew, take_turns, &numbers[i]);
    crew_join(&crew);
}

TEST(all_that_compute_have_their_turns)
{
    nobody_starves(5);
}

SEEDED_TEST(all_that_compute_have_their_turns_under_any_seed, 50)
{
    nobody_starves(4);
}

/* Two that return from waits again and again do not keep out one that computes. */
static void sleep_until_stopped(void *unused)
{
    (void)unused;
    while (!stop)
        ck_assert_int_eq(trv_sleep(0), 0);
}

static void compute_a_while(void *unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++)
        ck_assert_int_eq(trv_checkpoint(), 0);
    stop = 1;
}

TEST(who_computes_is_served_beside_threads_that_wait)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, sleep_until_stopped, NULL);
    crew_start(&crew, sleep_until_stopped, NULL);
    crew_start(&crew, compute_a_while, NULL);
    crew_join(&crew);
}

/* ALLOW_THREADS ------------------------------------------------------------------------------- */

static int leave_early(int how)
{
    for (int i = 0; i < 2; i++) {
        TRV_ALLOW_THREADS {
            ck_assert_int_eq(trv__holds_gil(), 0);
            errno = ERANGE;
            if (how == 0)
                break;
            if (how == 1)
                return 7;
        }
        ck_assert_int_eq(trv__holds_gil(), 1);
        ck_assert_int_eq(errno, ERANGE);
    }
    return 8;
}

TEST(every_way_out_takes_the_lock_again)
{
    for (int how = 0; how < 3; how++) {
        ck_assert_int_eq(leave_early(how), how == 1 ? 7 : 8);
        ck_assert_int_eq(trv__holds_gil(), 1);
    }
}

/* Another thread really runs meanwhile: the block waits for it without the lock. */
static int pipe_ends[2];

static void write_to_pipe(void *unused)
{
    (void)unused;
    ck_assert_int_eq(write(pipe_ends[1], "x", 1), 1);
}

static void read_outside(void)
{
    struct crew crew;
    char byte = 0;
    ssize_t length = 0;

    ck_assert_int_eq(pipe(pipe_ends), 0);
    crew_begin(&crew);
    crew_start(&crew, write_to_pipe, NULL);
    TRV_ALLOW_THREADS
        length = read(pipe_ends[0], &byte, 1);
    ck_assert_int_eq(length, 1);
    crew_join(&crew);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST(others_run_meanwhile)
{
    read_outside();
}

SEEDED_TEST(others_run_meanwhile_under_a_seed, 20)
{
    read_outside();
}

/* In a finalizer the lock is kept, because nothing may come between. */
static int was_kept;

static void give_back(trv_object *self)
{
    (void)self;
    TRV_ALLOW_THREADS
        was_kept = trv__holds_gil();
}

TEST(a_finalizer_keeps_the_lock)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "dropped", .slots = {.finalize = give_back}};
    trv_auto trv_object *type = trv_type_new(&spec);

    trv_unref(trv_call(type, ""));
    ck_assert_int_eq(was_kept, 1);
}

/* Statistics ---------------------------------------------------------------------------------- */

/* Whoever sleeps beside one that computes waits for the lock sooner or later, and makes him drop it. */
TEST(waiting_is_counted)
{
    trv_lock_stats before = {.size = sizeof before}, after = before, mine = before;
    struct crew crew;

    trv_lock_stats_get(&before);
    crew_begin(&crew);
    crew_start(&crew, compute, NULL);
    do {
        ck_assert_int_eq(trv_sleep(0.0005), 0);
        trv_lock_stats_get(&after);
    } while (after.dropped == before.dropped || after.waited <= before.waited ||
             after.blocked <= before.blocked);
    trv_lock_stats_of_thread(&mine);
    stop = 1;
    crew_join(&crew);
    trv_lock_stats_get(&after);
    ck_assert_uint_gt(after.acquired, before.acquired);
    ck_assert_uint_gt(mine.acquired, 0);
    ck_assert_uint_lt(mine.acquired, after.acquired);
    ck_assert_double_eq(after.held, 0);
}

/* A program that knows only the first figures gets no more. */
TEST(figures_are_cut_to_the_size_that_is_asked_for)
{
    trv_lock_stats stats = {.size = offsetof(trv_lock_stats, dropped), .dropped = 12345};

    trv_lock_stats_get(&stats);
    ck_assert_uint_eq(stats.size, offsetof(trv_lock_stats, dropped));
    ck_assert_uint_eq(stats.dropped, 12345);
}

static double figure_of(trv_object *record, const char *name)
{
    trv_auto trv_object *key = trv_str_new(name);
    trv_auto trv_object *value = trv_getitem(record, key);
    double figure = -1;

    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(trv_float_get(value, &figure), 0);
    return figure;
}

static void hold_a_while(void *unused)
{
    int64_t end_ns = trv__clock_ns() + 3000000;

    (void)unused;
    while (trv__clock_ns() < end_ns)
        ;
}

static void doze_until_stopped(void *unused)
{
    (void)unused;
    while (!stop)
        ck_assert_int_eq(trv_sleep(0.0001), 0);
}

static trv_object *hold_timed(double *held_by_member)
{
    trv_auto trv_object *records = NULL;
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, hold_a_while, NULL);
    crew_start(&crew, doze_until_stopped, NULL);
    while (crew.left > 1)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    records = trv_lock_stats_threads();
    stop = 1;
    crew_join(&crew);
    *held_by_member = 0;
    TRV_FOR(record, records)
        *held_by_member += figure_of(record, "held");
    return trv_steal(&records);
}

/* Who holds it for three milliseconds has held it that long, however the others waited. */
static void holdings_are_timed(const char *seed)
{
    trv_config config = {.size = sizeof config, .lock_times = 1, .seed = seed};
    trv_lock_stats all = {.size = sizeof all};
    trv_object *records;
    double held_by_living;
    size_t count;

    stop = 0;
    ck_assert_int_eq(trv_init(&config), 0);
    records = hold_timed(&held_by_living);
    ck_assert_int_eq(trv_list_len(records, &count), 0);
    ck_assert_uint_eq(count, 2);
    trv_unref(records);
    trv_lock_stats_get(&all);
    ck_assert_double_ge(all.longest, 0.003);
    ck_assert_double_ge(all.held, all.longest);
    ck_assert_double_gt(held_by_living, 0);
    ck_assert_double_lt(held_by_living, all.held - 0.003 + 1e-9);
    trv_fini();
}

RAW_TEST(holdings_are_timed_if_asked)
{
    holdings_are_timed("");
    holdings_are_timed("7");
}

TEST_LIST(RUN(one_thread_at_a_time), RUN(one_thread_at_a_time_under_any_seed),
          RUN(many_short_sections), RUN(who_returns_is_served_beside_threads_that_compute),
          RUN(who_returns_is_served_beside_threads_that_yield),
          RUN(short_sections_make_progress_beside_a_thread_that_computes),
          RUN(all_that_compute_have_their_turns),
          RUN(all_that_compute_have_their_turns_under_any_seed),
          RUN(who_computes_is_served_beside_threads_that_wait),
          RUN(every_way_out_takes_the_lock_again), RUN(others_run_meanwhile),
          RUN(others_run_meanwhile_under_a_seed), RUN(a_finalizer_keeps_the_lock),
          RUN(waiting_is_counted), RUN(figures_are_cut_to_the_size_that_is_asked_for),
          RUN(holdings_are_timed_if_asked))
