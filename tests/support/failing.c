/* SPDX-License-Identifier: MIT */
/*
 * Tests that must fail: each leaves something behind or goes wrong in a way that the harness
 * promises to find. tests/checks/harness runs them one by one and expects that failure.
 *
 * They are not among the tests that `make check` runs by itself.
 */
#include "support/harness.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void *sleep_long(void *unused)
{
    (void)unused;
    sleep(1000);
    return NULL;
}

RAW_TEST(leaves_a_descriptor)
{
    ck_assert_int_ge(open("/dev/null", O_RDONLY), 0);
}

RAW_TEST(leaves_a_child)
{
    if (fork() == 0)
        sleep_long(NULL);
}

RAW_TEST(leaves_a_zombie)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

RAW_TEST(leaves_a_grandchild)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        if (fork() == 0)
            sleep_long(NULL);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
}

RAW_TEST(leaves_a_thread)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, sleep_long, NULL), 0);
}

RAW_TEST(fails)
{
    ck_assert_int_eq(1, 2);
}

RAW_TEST(crashes)
{
    raise(SIGKILL);
}

/* Those below go wrong in a way that only a checker notices. */

RAW_TEST(reads_freed_memory)
{
    char *volatile block = malloc(10);

    free(block);
    ck_assert_int_ge(*(volatile char *)block, -128);
}

RAW_TEST(loses_memory)
{
    char *volatile block = malloc(1000);

    block[0] = 1;
    block = NULL;
}

RAW_TEST(overflows)
{
    volatile int number = INT_MAX;

    number = number + 1;
}

static int contended;

static void *contend(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000; i++)
        contended++;
    return NULL;
}

RAW_TEST(races)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, contend, NULL), 0);
    contend(NULL);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

TEST_LIST(RUN(leaves_a_descriptor), RUN(leaves_a_child), RUN(leaves_a_zombie),
          RUN(leaves_a_grandchild), RUN(leaves_a_thread), RUN(fails), RUN(crashes),
          RUN(reads_freed_memory), RUN(loses_memory), RUN(overflows), RUN(races))
