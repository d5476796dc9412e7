/* SPDX-License-Identifier: MIT */
/*
 * Tests that must fail: each leaves something behind or goes wrong in a way that the harness
 * promises to find. tests/checks/harness runs them one by one and expects that failure.
 *
 * They are not among the tests that `make check` runs by itself.
 */
#include "support/harness.h"

#include <fcntl.h>
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

TEST_LIST(RUN(leaves_a_descriptor), RUN(leaves_a_child), RUN(leaves_a_zombie),
          RUN(leaves_a_grandchild), RUN(leaves_a_thread), RUN(fails), RUN(crashes))
