/* SPDX-License-Identifier: MIT */
/* What the kernel says of threads: who sleeps, and who has left. */
#include "support/harness.h"

#include "base/native.h"

#include <pthread.h>
#include <unistd.h>

static _Atomic uint32_t its_id;
static int pipe_ends[2];

static void *read_byte(void *unused)
{
    char byte;

    /* a name that could be mistaken for the end of one */
    pthread_setname_np(pthread_self(), "a) S (b) R");
    its_id = (uint32_t)gettid();
    ck_assert_int_eq(read(pipe_ends[0], &byte, 1), 1);
    return unused;
}

static void wait_for_id(void)
{
    while (!its_id)
        usleep(100);
}

RAW_TEST(one_that_reads_from_an_empty_pipe_sleeps)
{
    pthread_t thread;

    ck_assert_int_eq(pipe(pipe_ends), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_byte, NULL), 0);
    wait_for_id();
    while (!trv__native_is_asleep(its_id))
        usleep(100);
    ck_assert(!trv__native_has_left(its_id));
    ck_assert(!trv__native_is_asleep((uint32_t)gettid())); /* who asks is awake */
    ck_assert_int_eq(write(pipe_ends[1], "x", 1), 1);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void *say_id(void *unused)
{
    its_id = (uint32_t)gettid();
    return unused;
}

/* However long the kernel goes on listing it. */
RAW_TEST(one_that_was_joined_has_left)
{
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        its_id = 0;
        ck_assert_int_eq(pthread_create(&thread, NULL, say_id, NULL), 0);
        wait_for_id();
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
        ck_assert(trv__native_has_left(its_id));
    }
}

RAW_TEST(of_what_is_no_thread_nothing_is_said)
{
    ck_assert(trv__native_is_asleep(0));
    ck_assert(trv__native_has_left(0));
}

TEST_LIST(RUN(one_that_reads_from_an_empty_pipe_sleeps), RUN(one_that_was_joined_has_left),
          RUN(of_what_is_no_thread_nothing_is_said))
