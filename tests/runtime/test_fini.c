/* SPDX-License-Identifier: MIT */
/*
 * The end of a runtime with threads still running: it waits for them, cancels them, or names them and
 * goes on; and whoever is left behind, wherever it is, comes to no harm.
 *
 * A thread that comes for the lock of an ended runtime sleeps for ever, so each test has a process of
 * its own, which exits from main.
 */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Runs a body in a process of its own; what it writes to standard error is `said`. */
static char said[4096];

static void in_process(void (*body)(void))
{
    int pipe_fds[2], status;
    size_t size = 0;
    ssize_t got;
    pid_t pid;

    fflush(NULL);
    ck_assert_int_eq(pipe(pipe_fds), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        dup2(pipe_fds[1], 2);
        close(pipe_fds[0]);
        close(pipe_fds[1]);
        body();
        exit(0);
    }
    close(pipe_fds[1]);
    while ((got = read(pipe_fds[0], said + size, sizeof said - 1 - size)) > 0)
        size += (size_t)got;
    said[size] = 0;
    close(pipe_fds[0]);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x, it said: %s",
                  (unsigned)status, said);
}

/* In such a process, instead of Check's assertions, which are for the parent. */
#define NEEDS(claim)                                                                               \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #claim);                            \
            _exit(3);                                                                              \
        }                                                                                          \
    } while (0)

static void begin(int policy, double timeout, const char *seed)
{
    trv_config config = {
        .size = sizeof config, .seed = seed, .fini_policy = policy, .fini_timeout = timeout};

    NEEDS(trv_init(&config) == 0);
}

static void nap(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    while (nanosleep(&left, &left) < 0)
        NEEDS(errno == EINTR);
}

/* Cancelling ------------------------------------------------------------------------------------ */

static _Atomic int cancelled;
static int never[2]; /* a pipe that nobody writes to */

static void expect_cancelled(int failed)
{
    NEEDS(failed);
    NEEDS(trv_error_matches(trv_CancelledError));
    trv_error_clear();
    cancelled++;
}

static void sleeps(void *unused TRV_UNUSED)
{
    expect_cancelled(trv_sleep(1000) < 0);
    expect_cancelled(trv_sleep(1000) < 0); /* every call, not only the one it was in */
}

static void waits_for_descriptor(void *unused TRV_UNUSED)
{
    expect_cancelled(trv_wait_fd(never[0], TRV_READABLE, 1000) < 0);
    expect_cancelled(trv_checkpoint() < 0);
}

static void waits_in_scopes(void *unused TRV_UNUSED)
{
    trv_auto trv_object *event = trv_event_new();
    int answer = 0;

    TRV_TIMEOUT(500) {
        TRV_SHIELD
            answer = trv_sleep(0.02);
        NEEDS(answer == 0);
        expect_cancelled(trv_event_wait(event, 1000) < 0);
        expect_cancelled(trv_event_wait(event, 1000) < 0);
    }
}

TRV_STATIC_FUNCTION(sleep_in_coroutine, "sleep_in_coroutine()")
{
    return trv_sleep(1000) < 0 ? NULL : trv_none_new();
}

static void runs_a_loop(void *unused TRV_UNUSED)
{
    expect_cancelled(trv_run(sleep_in_coroutine, "") == NULL);
    expect_cancelled(trv_sleep(1000) < 0);
}

static void start(crew_body *body, void *argument)
{
    NEEDS(trv__thread_start(body, argument, "worker", 0) == 0);
}

static void cancel_four(const char *seed)
{
    cancelled = 0;
    begin(TRV_FINI_CANCEL, 0, seed);
    NEEDS(pipe(never) == 0);
    start(sleeps, NULL);
    start(waits_for_descriptor, NULL);
    start(waits_in_scopes, NULL);
    start(runs_a_loop, NULL);
    NEEDS(trv_sleep(0.01) == 0);
    trv_fini();
    NEEDS(cancelled == 8);
    close(never[0]);
    close(never[1]);
}

static void cancel_all_kinds(void)
{
    cancel_four("");
    cancel_four("1");
    cancel_four("2");
}

RAW_TEST(threads_are_cancelled)
{
    in_process(cancel_all_kinds);
    ck_assert_str_eq(said, "");
}

/* Left behind ----------------------------------------------------------------------------------- */

static int released[2]; /* a byte for each thread that is let go */
static _Atomic int outside, came_back;

static void computes_outside(void *unused TRV_UNUSED)
{
    trv_auto trv_object *bytes = trv_bytes_new(NULL, 100000);
    const char *data = trv_bytes_data(bytes, NULL);
    volatile unsigned sum = 0;

    NEEDS(data);
    TRV_ALLOW_THREADS {
        char byte;
        outside++;
        NEEDS(read(released[0], &byte, 1) == 1);
        for (size_t i = 0; i < 100000; i++) /* its own references keep what it uses */
            sum += (unsigned char)data[i];
        came_back++;
    }
    NEEDS(!"it went on without the lock");
}

static void *computes_outside_foreign(void *unused)
{
    NEEDS(trv_thread_attach() == 0);
    computes_outside(unused);
    return NULL;
}

static void wait_until(_Atomic int *count, int enough)
{
    while (*count < enough)
        nap(0.001);
}

/* Everybody comes back to the lock of an ended runtime while other runtimes live and end. */
static void leave_outside(const char *seed)
{
    pthread_t foreign;

    outside = came_back = 0;
    NEEDS(pipe(released) == 0);
    begin(TRV_FINI_WAIT, 0.05, seed);
    start(computes_outside, NULL);
    start(computes_outside, NULL);
    NEEDS(pthread_create(&foreign, NULL, computes_outside_foreign, NULL) == 0);
    pthread_detach(foreign);
    TRV_ALLOW_THREADS
        wait_until(&outside, 3);
    trv_fini();
    NEEDS(came_back == 0);
    begin(TRV_FINI_WAIT, 0, NULL);
    NEEDS(write(released[1], "abc", 3) == 3);
    wait_until(&came_back, 3);
    nap(0.01);
    trv_unref(trv_list_new());
    trv_fini();
}

static void leave_those_outside(void)
{
    leave_outside("");
    leave_outside("5");
}

RAW_TEST(threads_outside_are_left_and_named)
{
    in_process(leave_those_outside);
    ck_assert_msg(strstr(said, "the runtime ends without 2 threads:") != NULL, "said: %s", said);
    ck_assert_msg(strstr(said, "thread 'worker'") != NULL, "said: %s", said);
}

static const struct trv__context *sleeper;

static void sleeps_for_ever(void *unused TRV_UNUSED)
{
    sleeper = trv__current->context;
    TRV_SHIELD
        NEEDS(trv_sleep(TRV_FOREVER) == 0);
}

static void leave_one_in_shield(void)
{
    begin(TRV_FINI_CANCEL, 0.05, "");
    start(sleeps_for_ever, NULL);
    while (!sleeper || !sleeper->is_parked)
        NEEDS(trv_sleep(0.001) == 0);
    trv_fini();
}

RAW_TEST(one_that_cannot_be_cancelled_is_named)
{
    in_process(leave_one_in_shield);
    ck_assert_msg(strstr(said, "in sleep") != NULL, "said: %s", said);
    ck_assert_msg(strstr(said, "sleeps_for_ever") != NULL || !TRV_LIBDW, "said: %s", said);
}

static void naps_a_little(void *unused TRV_UNUSED)
{
    for (;;)
        NEEDS(trv_sleep(0.001) == 0);
}

static void start_daemon(crew_body *body)
{
    struct trv__thread_spec spec = {.run = body, .name = "daemon", .is_daemon = true};

    NEEDS(trv__thread_launch(&spec) != NULL);
}

static void computes_and_yields(void *unused TRV_UNUSED)
{
    for (;;)
        NEEDS(trv_checkpoint() == 0);
}

static void leave_daemons(void)
{
    static const char *const seeds[] = {"", "1", "2", "3"};

    for (int i = 0; i < (TRV_TSAN || TRV_VALGRIND ? 20 : 100); i++) {
        begin(TRV_FINI_WAIT, 0, seeds[i % 4]);
        start_daemon(naps_a_little);
        start_daemon(sleeps_for_ever);
        if (i % 4 == 0) /* virtual time would wait for it */
            start_daemon(computes_and_yields);
        NEEDS(trv_sleep(0.002) == 0);
        trv_fini();
    }
    nap(0.02);
}

RAW_TEST(daemons_are_left)
{
    in_process(leave_daemons);
    ck_assert_str_eq(said, "");
}

/* Foreign threads ------------------------------------------------------------------------------- */

static void *visits(void *unused TRV_UNUSED)
{
    for (int i = 0; i < 100; i++) {
        if (trv_thread_attach() < 0) {
            NEEDS(errno == EINVAL);
            sched_yield();
            continue;
        }
        if (i % 3 == 0)
            NEEDS(trv_sleep(0.0001) == 0);
        if (i % 3 == 1)
            NEEDS(trv_checkpoint() == 0);
        trv_unref(trv_list_new());
        if (i % 7 == 0)
            TRV_ALLOW_THREADS
                sched_yield();
        trv_thread_detach();
    }
    return NULL;
}

/* Runtimes begin and end while threads come and go; most are caught inside, sooner or later. */
static void end_among_visitors(void)
{
    for (int i = 0; i < (TRV_TSAN || TRV_VALGRIND ? 50 : 300); i++) {
        pthread_t thread;
        NEEDS(pthread_create(&thread, NULL, visits, NULL) == 0);
        pthread_detach(thread);
        begin(TRV_FINI_WAIT, 0, i % 4 ? "" : "7");
        NEEDS(trv_sleep(0.0005) == 0);
        trv_fini();
    }
}

RAW_TEST(foreign_threads_are_caught_anywhere)
{
    in_process(end_among_visitors);
    ck_assert_str_eq(said, "");
}

/* A thread that ends instead of coming back can be joined. */
static void *exits_outside(void *unused TRV_UNUSED)
{
    NEEDS(trv_thread_attach() == 0);
    TRV_ALLOW_THREADS {
        char byte;
        outside++;
        NEEDS(read(released[0], &byte, 1) == 1);
        pthread_exit(NULL);
    }
    return NULL;
}

static void join_one_that_exits(void)
{
    pthread_t thread;

    NEEDS(pipe(released) == 0);
    begin(TRV_FINI_WAIT, 0, "");
    NEEDS(pthread_create(&thread, NULL, exits_outside, NULL) == 0);
    TRV_ALLOW_THREADS
        wait_until(&outside, 1);
    trv_fini();
    NEEDS(write(released[1], "a", 1) == 1);
    NEEDS(pthread_join(thread, NULL) == 0);
}

RAW_TEST(one_that_exits_outside_can_be_joined)
{
    in_process(join_one_that_exits);
}

/* Where it does nothing ------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(end_here, "end_here()")
{
    trv_fini();
    return trv_is_initialized() ? trv_none_new() : NULL;
}

TEST(it_does_nothing_in_a_coroutine)
{
    trv_auto trv_object *result = trv_run(end_here, "");

    ck_assert_ptr_nonnull(result);
}

RAW_TEST(the_configuration_is_checked)
{
    trv_config config = {.size = sizeof config, .fini_policy = 17};

    ck_assert_int_eq(trv_init(&config), -1);
    ck_assert_int_eq(errno, EINVAL);
    config = (trv_config){.size = sizeof config, .fini_timeout = -1};
    ck_assert_int_eq(trv_init(&config), -1);
    config = (trv_config){.size = sizeof config};
    setenv("TRIVET_FINI_TIMEOUT", "soon", 1);
    ck_assert_int_eq(trv_init(&config), -1);
    setenv("TRIVET_FINI_TIMEOUT", "0.5", 1);
    ck_assert_int_eq(trv_init(&config), 0);
    trv_fini();
    unsetenv("TRIVET_FINI_TIMEOUT");
}

TEST_LIST(RUN(threads_are_cancelled), RUN(threads_outside_are_left_and_named),
          RUN(one_that_cannot_be_cancelled_is_named), RUN(daemons_are_left),
          RUN(foreign_threads_are_caught_anywhere), RUN(one_that_exits_outside_can_be_joined),
          RUN(it_does_nothing_in_a_coroutine), RUN(the_configuration_is_checked))
