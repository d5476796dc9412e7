/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C: a whole program, whatever it does, is gone within a second, and so are its processes; whether
 * it handles the signal or not.
 *
 * Each program is a process group of its own, like the job that a shell runs. SIGINT is sent to the
 * group as the terminal does. All its processes hold the writing end of a pipe: at its end
 * of file none is left.
 */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000

static int ready[2]; /* a program writes a byte when it has begun */
static bool is_handled;

static void say_ready(void)
{
    ck_assert_int_eq(write(ready[1], "r", 1), 1);
}

TRV_STATIC_FUNCTION(sleeps, "sleeps()")
{
    return trv_sleep(1000) < 0 ? NULL : trv_none_new();
}

static trv_object *wait_for_pool(trv_object *pool)
{
    trv_auto trv_object *first = pool ? trv_submit(pool, sleeps, "") : NULL;
    trv_auto trv_object *second = first ? trv_submit(pool, sleeps, "") : NULL;

    if (!second || trv_sleep(0.05) < 0)
        return NULL;
    say_ready();
    return trv_future_result(second, TRV_FOREVER);
}

static int maybe_handle(void)
{
    return is_handled ? trv_signal_handle(SIGINT, trv_interrupt) : 0;
}

TRV_STATIC_FUNCTION(beside_processes, "beside_processes()")
{
    trv_auto trv_object *pool = trv_process_pool_new(NULL);

    return maybe_handle() < 0 ? NULL : wait_for_pool(pool);
}

/* The pool is made when the signal is handled already: its processes forget that. */
TRV_STATIC_FUNCTION(handled_before, "handled_before()")
{
    trv_auto trv_object *pool = NULL;

    if (maybe_handle() < 0)
        return NULL;
    pool = trv_process_pool_new(NULL);
    return wait_for_pool(pool);
}

TRV_STATIC_FUNCTION(beside_threads, "beside_threads()")
{
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);

    return maybe_handle() < 0 ? NULL : wait_for_pool(pool);
}

TRV_STATIC_FUNCTION(beside_coroutines, "beside_coroutines()")
{
    trv_auto trv_object *pool = trv_coroutine_pool_new(NULL);

    return maybe_handle() < 0 ? NULL : wait_for_pool(pool);
}

TRV_STATIC_FUNCTION(sleeps_when_ready, "sleeps_when_ready()")
{
    say_ready();
    return trv_sleep(1000) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(in_a_loop, "in_a_loop()")
{
    return maybe_handle() < 0 ? NULL : trv_run(sleeps_when_ready, "");
}

static _Noreturn void be_program(trv_object *function)
{
    char *argv[] = {(char *)"program", NULL};

    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    close(ready[0]);
    _exit(trv_main(function, 1, argv));
}

/* Waits for a byte, or for the end of file. */
static bool hear(int count)
{
    struct pollfd polled = {.fd = ready[0], .events = POLLIN};
    char byte;
    int answer;

    while ((answer = poll(&polled, 1, PATIENCE_MS)) < 0)
        ck_assert_int_eq(errno, EINTR);
    return answer == 1 && read(ready[0], &byte, 1) == count;
}

static void interrupt(trv_object *function)
{
    int status;
    pid_t pid;

    ck_assert_int_eq(pipe(ready), 0);
    fflush(NULL);
    if ((pid = fork()) == 0)
        be_program(function);
    close(ready[1]);
    ck_assert_msg(hear(1), "it did not begin");
    ck_assert_int_eq(kill(-pid, SIGINT), 0);
    ck_assert_msg(hear(0), "something of it is there still");
    close(ready[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (is_handled)
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x",
                      (unsigned)status);
    else
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT, "status %#x",
                      (unsigned)status);
}

static void interrupt_all(void)
{
    interrupt(beside_processes);
    interrupt(handled_before);
    interrupt(beside_threads);
    interrupt(beside_coroutines);
    interrupt(in_a_loop);
}

RAW_TEST(by_default_it_kills)
{
    is_handled = false;
    interrupt_all();
}

RAW_TEST(handled_it_unwinds)
{
    is_handled = true;
    interrupt_all();
}

TEST_LIST(RUN(by_default_it_kills), RUN(handled_it_unwinds))
