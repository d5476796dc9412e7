/* SPDX-License-Identifier: MIT */
/* The chooser: the same seed tells the same story, another one another; time is virtual. */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <time.h>

/* A story in which everything happens that the chooser decides about: several threads compute, lock,
 * exchange items, sleep and are cancelled. Its trace says who did what in which order, and when. */
#define TRACE_BYTES 20000
static char trace[TRACE_BYTES];
static size_t trace_length;
static trv_object *lock, *queue, *event;

static void note(const char *what, int who)
{
    trace_length += (size_t)snprintf(trace + trace_length, sizeof trace - trace_length,
                                     "%s%d@%.6f ", what, who, trv_time());
    ck_assert_uint_lt(trace_length, sizeof trace - 64);
}

static void produce(void *number)
{
    int self = *(int *)number;

    for (int i = 0; i < 5; i++) {
        trv_auto trv_object *item = trv_int_new(self * 10 + i);
        note("put", self);
        ck_assert_int_eq(trv_queue_put(queue, item, TRV_FOREVER), 0);
        TRV_WITH(lock) {
            note("lock", self);
            ck_assert_int_eq(trv_checkpoint(), 0);
        }
        if (i == self)
            ck_assert_int_eq(trv_sleep(0.25), 0);
    }
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    note("end", self);
}

static void consume(void *number)
{
    int self = *(int *)number;

    for (int i = 0; i < 5; i++) {
        trv_auto trv_object *item = trv_queue_get(queue, TRV_FOREVER);
        int64_t value;
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        note("got", (int)value);
        ck_assert_int_eq(trv_reschedule(), 0);
    }
    TRV_TIMEOUT(self + 1.0)
        (void)!trv_event_wait(event, TRV_FOREVER);
    note(trv_error_occurred() ? "late" : "early", self);
    trv_error_clear();
}

static void tell_story(void)
{
    static int numbers[] = {0, 1, 2, 3};
    struct crew crew;

    lock = trv_lock_new();
    queue = trv_queue_new(2);
    event = trv_event_new();
    crew_begin(&crew);
    for (int i = 0; i < 4; i++) {
        crew_start(&crew, produce, &numbers[i]);
        crew_start(&crew, consume, &numbers[i]);
    }
    ck_assert_int_eq(trv_sleep(2.5), 0);
    note("set", 9);
    ck_assert_int_eq(trv_event_set(event), 0);
    crew_join(&crew);
    trv_unref(lock);
    trv_unref(queue);
    trv_unref(event);
}

static void tell(int seed, char *story)
{
    char text[16];
    trv_config config = {.size = sizeof config, .seed = text};

    snprintf(text, sizeof text, "%d", seed);
    trace_length = 0;
    ck_assert_int_eq(trv_init(&config), 0);
    tell_story();
    trv_fini();
    memcpy(story, trace, trace_length + 1);
}

RAW_TEST(a_seed_tells_its_story_again)
{
    static char once[TRACE_BYTES], again[TRACE_BYTES];

    for (int seed = 1; seed <= 100; seed++) {
        tell(seed, once);
        tell(seed, again);
        ck_assert_msg(strcmp(once, again) == 0, "seed %d:\n%s\n%s", seed, once, again);
    }
}

RAW_TEST(other_seeds_tell_other_stories)
{
    static char stories[20][TRACE_BYTES];
    int different = 0;

    for (int i = 0; i < 20; i++) {
        bool is_new = true;
        tell(i + 1, stories[i]);
        for (int j = 0; j < i; j++)
            is_new = is_new && strcmp(stories[i], stories[j]) != 0;
        different += is_new;
    }
    ck_assert_int_ge(different, 19);
}

/* The generator ------------------------------------------------------------------------------- */

RAW_TEST(it_chooses_evenly)
{
    struct trv__chooser chooser;
    int counts[5] = {0}, others[3] = {0}, switches, beyond = 0;

    ck_assert_int_eq(trv__chooser_init(&chooser, "42"), 0);
    for (int i = 0; i < 50000; i++) {
        size_t chosen = trv__choose(&chooser, TRV__CHOOSE_READY, 5);
        beyond += chosen >= 5;
        counts[chosen % 5]++;
        chosen = trv__choose(&chooser, TRV__CHOOSE_SWITCH, 3);
        beyond += chosen >= 3;
        others[chosen % 3]++;
    }
    ck_assert_int_eq(beyond, 0);
    for (int i = 0; i < 5; i++)
        ck_assert_int_lt(abs(counts[i] - 10000), 500);
    switches = others[1] + others[2];
    ck_assert_int_lt(abs(switches - 50000 / (int)chooser.one_in), 1000);
    ck_assert_int_lt(abs(others[1] - others[2]), switches / 10);
    ck_assert_uint_eq(chooser.decisions, 100000);
    ck_assert_uint_eq(trv__choose(&chooser, TRV__CHOOSE_READY, 1), 0);
    ck_assert_uint_eq(trv__choose(&chooser, TRV__CHOOSE_READY, 0), 0);
    ck_assert_uint_eq(chooser.decisions, 100000); /* no question, no decision */
}

RAW_TEST(without_a_seed_it_is_first_come_first_served)
{
    struct trv__chooser chooser;

    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trv__chooser_init(&chooser, i ? "" : NULL), 0);
        ck_assert_uint_eq(trv__choose(&chooser, TRV__CHOOSE_READY, 100), 0);
        ck_assert_uint_eq(trv__choose(&chooser, TRV__CHOOSE_SWITCH, 2), 0);
    }
}

RAW_TEST(a_seed_is_a_number)
{
    static const char *const wrong[] = {"x", "12x", "-1", "1.5", "99999999999999999999999"};
    struct trv__chooser chooser;

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_int_eq(trv__chooser_init(&chooser, wrong[i]), -1);
    ck_assert_int_eq(trv__chooser_init(&chooser, "0x10"), 0);
    ck_assert_uint_eq(chooser.seed, 16);
    ck_assert_int_eq(trv__chooser_init(&chooser, "0"), 0);
    ck_assert_int_eq(chooser.is_seeded, 1);
}

/* Virtual time -------------------------------------------------------------------------------- */

static void use_time(void)
{
    volatile double x = 1;

    for (int i = 0; i < 200000; i++)
        x = x * 1.0000001;
}

SEEDED_TEST(time_stands_still_while_code_runs, 5)
{
    double before = trv_time();

    use_time();
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_double_eq(trv_time(), before);
    ck_assert_int_eq(trv_sleep(3), 0);
    ck_assert_double_eq_tol(trv_time(), before + 3, 1e-6);
}

/* A thread outside may come back at any moment: time does not run ahead of it. */
static int came_back;

static void stay_outside(void *unused)
{
    struct timespec t = {0, 30 * 1000000};

    (void)unused;
    TRV_ALLOW_THREADS
        nanosleep(&t, NULL);
    came_back = 1;
}

SEEDED_TEST(time_does_not_run_ahead_of_threads_outside, 5)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, stay_outside, NULL);
    ck_assert_int_eq(trv_sleep(1000), 0); /* would take so long in real time, if nobody came back */
    ck_assert_int_eq(came_back, 1);
    crew_join(&crew);
}

TEST_LIST(RUN(a_seed_tells_its_story_again), RUN(other_seeds_tell_other_stories),
          RUN(it_chooses_evenly), RUN(without_a_seed_it_is_first_come_first_served),
          RUN(a_seed_is_a_number), RUN(time_stands_still_while_code_runs),
          RUN(time_does_not_run_ahead_of_threads_outside))
