/* SPDX-License-Identifier: MIT */
/*
 * Process pools in trouble: workers, zygotes and hosts that are killed or stopped at any moment.
 * Only what a dead worker had begun fails, everything else is done, and nothing is left behind.
 */
#include "pool_support.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* How long a process may take to go: only a failure waits for so long. */
#define PATIENCE_NS (30 * TRV__SECOND)
#define SLOWNESS (TRV_ASAN || TRV_TSAN || TRV_VALGRIND || TRV_GC_STRESS || TRV_GIL_STRESS ? 10 : 1)

TRV_STATIC_FUNCTION(kill_self, "kill_self(signal): not much")
{
    int number;

    if (trv_parse(args, "i", &number) < 0)
        return NULL;
    kill(getpid(), number);
    for (;;)
        pause();
}

static void expect_text(const char *part)
{
    trv_auto trv_object *text = take_text(trv_BrokenProcessPool);

    ck_assert_msg(strstr(trv_str_utf8(text, NULL), part) != NULL, "no \"%s\" in: %s", part,
                  trv_str_utf8(text, NULL));
}

/* The parent of a process, from /proc. */
static pid_t parent_of(pid_t pid)
{
    char path[64], line[512], *tail;
    int parent = 0;
    size_t size;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return 0;
    size = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[size] = 0;
    tail = strrchr(line, ')');
    return tail && sscanf(tail + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

/* The state of a process as /proc tells it: T if it was stopped, X if it is no more. */
static char state_of(pid_t pid)
{
    char path[64], state = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return 'X';
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'X'; /* it went meanwhile */
    fclose(file);
    return state;
}

static bool is_gone(pid_t pid)
{
    char state = state_of(pid);

    return state == 'Z' || state == 'X';
}

/* Holds on to the GIL. */
static void wait_until_gone(pid_t pid)
{
    int64_t end_ns = trv__clock_ns() + PATIENCE_NS;

    while (!is_gone(pid)) {
        ck_assert_msg(trv__clock_ns() < end_ns, "process %d is still there", (int)pid);
        doze(2);
    }
}

/* Stops a process: it has stopped when this returns. */
static void halt(pid_t pid)
{
    kill(pid, SIGSTOP);
    while (state_of(pid) != 'T')
        doze(1);
}

/* Workers -------------------------------------------------------------------------------------------- */

TEST(a_killed_worker_fails_only_its_call)
{
    trv_object *pool = new_pool(1, 0);
    pid_t pid = pid_at(pool, 0);
    trv_auto trv_object *first = trv_submit(pool, kill_self, "i", SIGKILL);
    trv_auto trv_object *second = trv_submit(pool, get_pid, "");
    char expected[100];

    ck_assert_ptr_null(trv_future_result(first, TRV_FOREVER));
    snprintf(expected, sizeof expected, "worker %d was killed by SIGKILL while running kill_self()",
             (int)pid);
    expect_text(expected);
    ck_assert_int_ne(int_of(trv_future_result(second, TRV_FOREVER)), pid);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(leave, "leave(status): ends the worker")
{
    int status;

    if (trv_parse(args, "i", &status) < 0)
        return NULL;
    _exit(status);
}

TEST(a_worker_that_exits_is_named_with_its_status)
{
    trv_object *pool = new_pool(2, 0);

    ck_assert_ptr_null(outcome_of(trv_submit(pool, leave, "i", 3)));
    expect_text(TRV_VALGRIND ? "while running leave()"
                             : "exited with status 3 while running leave()");
    ck_assert_ptr_null(outcome_of(trv_submit(pool, kill_self, "i", SIGTERM)));
    expect_text("was killed by SIGTERM while running kill_self()");
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 5))), 25);
    end_pool(&pool);
}

/* Leaves a mark in a file each time; the first time it dies. */
TRV_STATIC_FUNCTION(die_first, "die_first(path, times): how often it was run")
{
    const char *path;
    int times, fd;
    off_t before;

    if (trv_parse(args, "si", &path, &times) < 0)
        return NULL;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    before = lseek(fd, 0, SEEK_END);
    if (fd < 0 || write(fd, "x", 1) != 1)
        return trv_raise_errno("writing %s", path);
    close(fd);
    if (before < times)
        kill(getpid(), SIGKILL);
    return trv_int_new(before + 1);
}

TEST(a_call_is_retried_as_often_as_allowed)
{
    char path[] = "/tmp/trivet-test-XXXXXX";
    trv_object *pool = new_pool(2, 2);
    int fd = mkstemp(path);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, die_first, "si", path, 2))), 3);
    ck_assert_int_eq(ftruncate(fd, 0), 0);
    ck_assert_ptr_null(outcome_of(trv_submit(pool, die_first, "si", path, 3)));
    expect_text("while running die_first()");
    ck_assert_int_eq(lseek(fd, 0, SEEK_END), 3);
    close(fd);
    unlink(path);
    end_pool(&pool);
}

static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    return random_state ^= random_state << 17;
}

/* A pool gives up when worker after worker dies before it could do anything, as they may where dying is faster than
 * coming up. So some call is let through now and then. */
static void let_one_through(trv_object *pool)
{
    trv_object *result;

    while (!(result = outcome_of(trv_submit(pool, square, "i", 1))))
        expect_text("while running square()");
    trv_unref(result);
}

static void kill_one_of(trv_object *pool)
{
    trv_auto trv_object *pids = trv_process_pool_pids(pool);
    size_t count = 0;

    ck_assert_int_eq(trv_len(pids, &count), 0);
    if (count)
        kill((pid_t)int_of(trv_list_get(pids, (int64_t)(next_random() % count))), SIGKILL);
}

/* Every call has an outcome, right or BrokenProcessPool; with retries enough, all are right. */
static int kill_at_random(unsigned retries, int kills)
{
    trv_object *pool = new_pool(3, retries);
    trv_auto trv_object *futures = trv_list_new();
    int failed = 0, n = 0;

    for (int killed = 0; killed < kills;) {
        trv_auto trv_object *future = trv_submit(pool, square, "i", n++);
        ck_assert_ptr_nonnull(future);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
        if (next_random() % 40 == 0) {
            kill_one_of(pool);
            if (++killed % 10 == 0)
                let_one_through(pool);
        }
        if (next_random() % 100 == 0)
            sleep_ms(1);
    }
    n = 0;
    TRV_FOR(future, futures) {
        trv_auto trv_object *result = trv_future_result(future, TRV_FOREVER);
        int64_t value;
        if (result) {
            ck_assert_int_eq(trv_int_get(result, &value), 0);
            ck_assert_int_eq(value, (int64_t)n * n);
        } else {
            expect_text("while running square()");
            failed++;
        }
        n++;
    }
    end_pool(&pool);
    return failed;
}

TEST(workers_may_be_killed_at_any_moment)
{
    int failed = kill_at_random(0, 100 / SLOWNESS);

    ck_assert_int_le(failed, 100);
}

TEST(with_retries_every_call_is_done)
{
    ck_assert_int_eq(kill_at_random(1000, 60 / SLOWNESS), 0);
}

/* A worker dies in the middle of a message, in either direction. */
TEST(workers_may_be_killed_in_the_middle_of_a_message)
{
    trv_object *pool = new_pool(1, 1000);
    trv_auto trv_object *bytes =
        trv_bytes_new(NULL, TRV_TINY ? 1 << 18 : (SLOWNESS > 1 ? 4 : 20) << 20);

    for (int i = 0; i < 20 / (SLOWNESS > 1 ? 4 : 1); i++) {
        trv_auto trv_object *future = trv_submit(pool, identity, "o", bytes);
        trv_auto trv_object *back = NULL;
        struct timespec t = {0, (long)(next_random() % 10000000)};
        TRV_ALLOW_THREADS {
            nanosleep(&t, NULL);
        }
        kill(pid_at(pool, 0), SIGKILL);
        back = trv_future_result(future, TRV_FOREVER);
        crew_expect_no_error("a retried call");
        ck_assert_int_eq(trv_equal(back, bytes), 1);
    }
    end_pool(&pool);
}

TEST(a_result_that_was_published_counts)
{
    /* Both calls fit into the ring: whoever holds the GIL cannot send the rest of one later. */
    trv_object *pool =
        new_pool_with((trv_process_pool_options){.workers = 1, .ring_bytes = 1 << 16});
    pid_t pid = pid_at(pool, 0);
    trv_auto trv_object *future = trv_submit(pool, square, "i", 11);
    trv_auto trv_object *next = trv_submit(pool, stay, "");

    /* Nobody takes results out meanwhile: the GIL is ours. */
    while (atomic_load(&news()->begun) < 1)
        doze(1);
    kill(pid, SIGKILL);
    wait_until_gone(pid);
    ck_assert_int_eq(int_of(trv_future_result(future, TRV_FOREVER)), 121);
    ck_assert_ptr_null(trv_future_result(next, TRV_FOREVER));
    expect_text("while running stay()");
    end_pool(&pool);
}

TEST(idle_workers_are_replaced)
{
    trv_object *pool = new_pool(2, 0);

    for (int i = 0; i < 20; i++) {
        pid_t pid = pid_at(pool, i % 2);
        kill(pid, SIGKILL);
        while (pid_at(pool, 0) == pid || pid_at(pool, 1) == pid)
            sleep_ms(1);
        ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", i))), i * i);
    }
    end_pool(&pool);
}

/* Stopped ------------------------------------------------------------------------------------------------ */

/* What the stopped worker has not begun is done by the other. */
TEST(a_stopped_worker_holds_up_only_what_it_runs)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *held = trv_submit(pool, stay, "");
    trv_auto trv_object *futures = trv_list_new();
    pid_t first = pid_at(pool, 0), stopped;

    wait_until_begun(1);
    stopped = int_of(outcome_of(trv_submit(pool, get_pid, ""))) == first ? pid_at(pool, 1) : first;
    halt(stopped);
    let_go();
    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *future = trv_submit(pool, square, "i", i);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    {
        trv_auto trv_object *all = trv_gather(futures);
        ck_assert_ptr_nonnull(all);
    }
    ck_assert_int_eq(trv_future_done(held), 0);
    kill(stopped, SIGCONT);
    ck_assert_int_eq(int_of(trv_future_result(held, TRV_FOREVER)), stopped);
    end_pool(&pool);
}

/* An idle worker that is stopped looks like the best one for the next call. */
TEST(an_idle_worker_that_is_stopped_is_passed_over)
{
    trv_object *pool = new_pool(2, 0);
    pid_t stopped = pid_at(pool, 0), other = pid_at(pool, 1);

    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 1))), 1);
    halt(stopped);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, get_pid, ""))), other);
    kill(stopped, SIGCONT);
    end_pool(&pool);
}

TEST(a_pool_ends_although_a_worker_is_stopped)
{
    trv_object *pool = new_pool(2, 0);

    halt(pid_at(pool, 1));
    end_pool(&pool);
}

/* The zygote ----------------------------------------------------------------------------------------------- */

TEST(without_its_zygote_a_pool_is_broken)
{
    trv_object *pool = new_pool(2, 0);
    pid_t one = pid_at(pool, 0), other = pid_at(pool, 1), zygote = parent_of(one);
    trv_auto trv_object *first = trv_submit(pool, stay, "");
    trv_auto trv_object *second = trv_submit(pool, stay, "");

    ck_assert_int_ne(zygote, getpid());
    kill(zygote, SIGKILL);
    ck_assert_ptr_null(trv_future_result(first, TRV_FOREVER));
    expect_text("was killed by SIGKILL");
    ck_assert_ptr_null(trv_future_result(second, TRV_FOREVER));
    expect_text("was killed by SIGKILL");
    ck_assert_ptr_null(trv_submit(pool, square, "i", 1));
    expect_text("was killed by SIGKILL");
    wait_until_gone(one);
    wait_until_gone(other);
    end_pool(&pool);
}

TEST(a_stopped_zygote_holds_up_no_call)
{
    trv_object *pool = new_pool(2, 0);
    pid_t one = pid_at(pool, 0), zygote = parent_of(one);
    trv_auto trv_object *future = NULL;

    halt(zygote);
    future = trv_submit(pool, kill_self, "i", SIGKILL);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    expect_text("while running kill_self()");
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 3))), 9);
    kill(zygote, SIGCONT);
    end_pool(&pool);
}

TEST(a_pool_ends_although_its_zygote_is_stopped)
{
    trv_object *pool = new_pool(2, 0);

    halt(parent_of(pid_at(pool, 0)));
    end_pool(&pool);
}

/* The host ---------------------------------------------------------------------------------------------------- */

struct host_report {
    pid_t zygote, workers[2];
};

/* A host of its own, which makes a pool, tells of it, keeps it busy, and waits to be killed. */
static void live_as_host(int pipe_fd)
{
    struct host_report report;
    trv_object *pool;

    signal(SIGTERM, SIG_DFL); /* Check has a handler for it */
    if (trv_init(NULL) < 0)
        _exit(1);
    pool = new_pool(2, 0);
    report.workers[0] = pid_at(pool, 0);
    report.workers[1] = pid_at(pool, 1);
    report.zygote = parent_of(report.workers[0]);
    trv_unref(trv_submit(pool, stay, ""));
    wait_until_begun(1);
    if (write(pipe_fd, &report, sizeof report) != sizeof report)
        _exit(1);
    for (;;)
        sleep_ms(1000);
}

static void kill_host(int number)
{
    struct host_report report;
    int pipes[2], status;
    pid_t host;

    ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
    host = fork();
    ck_assert_int_ge(host, 0);
    if (!host)
        live_as_host(pipes[1]);
    close(pipes[1]);
    ck_assert_int_eq(read(pipes[0], &report, sizeof report), sizeof report);
    close(pipes[0]);
    kill(host, number);
    ck_assert_int_eq(waitpid(host, &status, 0), host);
    wait_until_gone(report.zygote);
    wait_until_gone(report.workers[0]);
    wait_until_gone(report.workers[1]);
}

RAW_TEST(killing_the_host_leaves_no_process)
{
    for (int i = 0; i < 5; i++)
        kill_host(SIGKILL);
    kill_host(SIGTERM);
}

/* A key pressed at the terminal reaches the whole group: it is the host's to see to. */
TEST(workers_ignore_interrupts)
{
    trv_object *pool = new_pool(1, 0);
    pid_t pid = pid_at(pool, 0);

    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, get_pid, ""))), pid);
    kill(pid, SIGINT);
    kill(parent_of(pid), SIGINT);
    sleep_ms(20);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, get_pid, ""))), pid);
    end_pool(&pool);
}

/* A host that made its pool in a thread which has ended since: the pool lives on. */
static trv_object *made_in_thread;

static void make_pool(void *argument)
{
    (void)argument;
    made_in_thread = new_pool(1, 0);
}

TEST(a_pool_outlives_the_thread_that_made_it)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, make_pool, NULL);
    crew_join(&crew);
    sleep_ms(50);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(made_in_thread, square, "i", 8))), 64);
    end_pool(&made_in_thread);
}

TEST(a_worker_that_dies_in_a_chunk_is_told_of_by_the_name_of_the_function)
{
    trv_object *pool = new_pool(1, 0);
    trv_map_options options = {.size = sizeof options, .chunk = 3};
    trv_auto trv_object *signals = trv_build("[i i i]", SIGKILL, SIGKILL, SIGKILL);
    trv_auto trv_object *results = trv_map(pool, kill_self, signals, &options);
    trv_object *item = NULL;

    ck_assert_ptr_nonnull(results);
    ck_assert_int_eq(trv_next(results, &item), -1);
    expect_text("was killed by SIGKILL while running kill_self()");
    trv_clear(&results);
    end_pool(&pool);
}

TEST_LIST(RUN(a_killed_worker_fails_only_its_call),
          RUN(a_worker_that_exits_is_named_with_its_status),
          RUN(a_worker_that_dies_in_a_chunk_is_told_of_by_the_name_of_the_function),
          RUN(a_call_is_retried_as_often_as_allowed), RUN(workers_may_be_killed_at_any_moment),
          RUN(with_retries_every_call_is_done),
          RUN(workers_may_be_killed_in_the_middle_of_a_message),
          RUN(a_result_that_was_published_counts), RUN(idle_workers_are_replaced),
          RUN(a_stopped_worker_holds_up_only_what_it_runs),
          RUN(an_idle_worker_that_is_stopped_is_passed_over),
          RUN(a_pool_ends_although_a_worker_is_stopped), RUN(without_its_zygote_a_pool_is_broken),
          RUN(a_stopped_zygote_holds_up_no_call), RUN(a_pool_ends_although_its_zygote_is_stopped),
          RUN(killing_the_host_leaves_no_process), RUN(workers_ignore_interrupts),
          RUN(a_pool_outlives_the_thread_that_made_it))
