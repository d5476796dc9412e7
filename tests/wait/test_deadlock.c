/* SPDX-License-Identifier: MIT */
/*
 * Deadlocks: found where they are, and only there.
 */
#include "support/crew.h"
#include "support/harness.h"

#include "base/locate.h"
#include "runtime/runtime.h"

#include <pthread.h>
#include <unistd.h>

/* What was found ------------------------------------------------------------------------------ */

static int found, finished;
static char message[16384];

/* Drops the pending DeadlockError and keeps its message. */
static void note_deadlock(void)
{
    trv_auto trv_object *error = NULL, *text = NULL;

    ck_assert(trv_error_matches(trv_DeadlockError));
    error = trv_error_take();
    text = trv_str(error);
    snprintf(message, sizeof message, "%s", trv_str_utf8(text, NULL));
    found++;
}

static void expect_in_message(const char *text)
{
    ck_assert_msg(strstr(message, text), "no '%s' in: %s", text, message);
}

/* Two locks in opposite order ----------------------------------------------------------------- */

static trv_object *locks[3];

static void make_locks(void)
{
    found = finished = 0;
    for (size_t i = 0; i < 3; i++)
        locks[i] = trv_lock_new();
}

static void drop_locks(void)
{
    for (size_t i = 0; i < 3; i++)
        trv_clear(&locks[i]);
}

/* Takes one lock and then another; whoever is told of a deadlock lets go of the first. */
static void take_both(size_t first, size_t second)
{
    ck_assert_int_eq(trv_lock_acquire(locks[first], TRV_FOREVER), 1);
    ck_assert_int_eq(trv_reschedule(), 0);
    if (trv_lock_acquire(locks[second], TRV_FOREVER) < 0) {
        note_deadlock();
    } else {
        finished++;
        ck_assert_int_eq(trv_lock_release(locks[second]), 0);
    }
    ck_assert_int_eq(trv_lock_release(locks[first]), 0);
}

static void take_0_and_1(void *unused)
{
    (void)unused;
    take_both(0, 1);
}

static void take_1_and_0(void *unused)
{
    (void)unused;
    take_both(1, 0);
}

SEEDED_TEST(two_threads_take_two_locks, 200)
{
    struct crew crew;

    make_locks();
    crew_begin(&crew);
    crew_start(&crew, take_0_and_1, NULL);
    crew_start(&crew, take_1_and_0, NULL);
    crew_join(&crew);
    ck_assert_int_eq(finished + found, 2);
    ck_assert_int_le(found, 1);
    if (found) {
        expect_in_message("these wait for each other");
        expect_in_message("thread 'crew'");
        expect_in_message("in lock_acquire at");
        expect_in_message("holds <locked lock at");
        if (TRV_LIBDW)
            expect_in_message("take_both (test_deadlock.c:");
    }
    drop_locks();
}

/* Nobody left --------------------------------------------------------------------------------- */

SEEDED_TEST(an_event_that_nobody_sets, 5)
{
    trv_auto trv_object *event = trv_event_new();

    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), -1);
    note_deadlock();
}

/* The last one that could run ends: it is no thread any more when it looks at who is left. */
static void wait_or_tell_the_others(void *event)
{
    if (trv_event_wait(event, TRV_FOREVER) < 0) {
        note_deadlock();
        ck_assert_int_eq(trv_event_set(event), 0);
    }
}

static void do_nothing(void *unused)
{
    (void)unused;
}

SEEDED_TEST(the_last_one_that_could_ends, 20)
{
    trv_auto trv_object *event = trv_event_new();
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, wait_or_tell_the_others, event);
    crew_start(&crew, do_nothing, NULL);
    wait_or_tell_the_others(event);
    crew_join(&crew);
    ck_assert_int_eq(found, 1);
}

TEST(an_event_that_nobody_sets_really)
{
    trv_auto trv_object *event = trv_event_new();

    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), -1);
    note_deadlock();
    expect_in_message("nothing can ever run again");
    expect_in_message("the main thread in event_wait at");
}

TEST_LIST(RUN(two_threads_take_two_locks), RUN(an_event_that_nobody_sets),
          RUN(the_last_one_that_could_ends), RUN(an_event_that_nobody_sets_really))
