/* SPDX-License-Identifier: MIT */
/*
 * Runs the tests of one program: each in its own process (Check forks it, and kills its whole
 * process group when time is up), each for one seed or for many.
 *
 * Invariant: whatever the process had before the body (descriptors, threads, processes of its
 * group) is all that it has afterwards. The kernel takes a moment to forget a thread that was
 * joined or a process that was killed, so those two are looked at again for a while before
 * they count as left behind. A failed assertion ends the process at once; nothing is
 * checked then, because the first failure is the one worth reading.
 *
 * The part that knows the runtime is in harness_runtime.c.
 */
#include "support/harness.h"

#include "base/base.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define FD_MAX 4096
#define PATIENCE_MS 10000

static const harness_test *const *all_tests;

/* What the process holds of the operating system. */
typedef struct holdings {
    char fds[FD_MAX]; /* 1 where open */
    int threads;
} holdings;

/* Sanitizers and stress builds are slower by about this factor, at most. */
static int slowness(void)
{
    return TRV_ASAN || TRV_TSAN || TRV_UBSAN || TRV_VALGRIND || TRV_GC_STRESS || TRV_GIL_STRESS ||
                   TRV_COVERAGE
               ? 4
               : 1;
}

/* A seed is a process of its own, and those are slow under sanitizers with a shadow memory. They
 * look at fewer seeds, because they see what might go wrong in each, not only what did. */
static int seeds_to_run(int seeds)
{
    int fewer = TRV_VALGRIND ? seeds / 20 : TRV_ASAN || TRV_TSAN ? seeds / 5 : seeds;
    int least = TRV_VALGRIND ? 3 : 10;

    return MIN_OF(seeds, MAX_OF(fewer, least));
}

static void sleep_ms(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

    nanosleep(&t, NULL);
}

static int count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    struct dirent *entry;
    int count = 0;

    ck_assert_msg(dir != NULL, "opening /proc/self/task: %s", strerror(errno));
    while ((entry = readdir(dir)) != NULL)
        count += isdigit((unsigned char)entry->d_name[0]) != 0;
    closedir(dir);
    return count;
}

static void take_holdings(holdings *h)
{
    DIR *dir = opendir("/proc/self/fd");
    struct dirent *entry;

    memset(h, 0, sizeof *h);
    ck_assert_msg(dir != NULL, "opening /proc/self/fd: %s", strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        int fd = atoi(entry->d_name);
        if (isdigit((unsigned char)entry->d_name[0]) && fd != dirfd(dir) && fd < FD_MAX)
            h->fds[fd] = 1;
    }
    closedir(dir);
    h->threads = count_threads();
}

static int count_new_fds(const holdings *before, const holdings *after)
{
    int count = 0;

    for (int fd = 0; fd < FD_MAX; fd++) {
        char link[64], target[256];
        ssize_t length;
        if (!after->fds[fd] || before->fds[fd])
            continue;
        count++;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        length = readlink(link, target, sizeof target - 1);
        target[length < 0 ? 0 : length] = 0;
        fprintf(stderr, "left open: descriptor %d -> %s\n", fd, target);
    }
    return count;
}

/* Says whether that process belongs to our group and still runs. Its name may hold anything,
 * parentheses included, so that the fields are read from after the last one. */
static int is_of_our_group(int pid, char *name, size_t size)
{
    char path[64], line[512], state;
    int parent, group;
    const char *tail, *open_paren;
    FILE *file;
    size_t length;

    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    file = fopen(path, "r");
    if (!file)
        return 0;
    length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = 0;
    tail = strrchr(line, ')');
    open_paren = strchr(line, '(');
    if (!tail || !open_paren || sscanf(tail + 1, " %c %d %d", &state, &parent, &group) != 3)
        return 0;
    snprintf(name, size, "%.*s", (int)(tail - open_paren - 1), open_paren + 1);
    return group == getpgrp() && state != 'Z' && state != 'X';
}

/* Processes of our group other than ourselves and our parent: children, and children of
 * children, which nobody could wait for any more. */
static int count_processes(int print)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    ck_assert_msg(dir != NULL, "opening /proc: %s", strerror(errno));
    while ((entry = readdir(dir)) != NULL) {
        int pid = atoi(entry->d_name);
        char name[64];
        if (pid <= 0 || pid == getpid() || pid == getppid())
            continue;
        if (!is_of_our_group(pid, name, sizeof name))
            continue;
        count++;
        if (print)
            fprintf(stderr, "left running: process %d (%s)\n", pid, name);
    }
    closedir(dir);
    return count;
}

/* With CK_FORK=no the group is the shell's, and says nothing about us. */
static int group_is_ours(void)
{
    return getpgrp() == getpid() || getpgrp() == getppid();
}

static void check_processes(void)
{
    pid_t pid = waitpid(-1, NULL, WNOHANG);

    ck_assert_msg(pid < 0 && errno == ECHILD, "a child was left behind: %s %d",
                  pid > 0 ? "nobody waited for process" : "one still runs, waitpid says", (int)pid);
    if (!group_is_ours())
        return;
    for (int ms = 0; ms < PATIENCE_MS && count_processes(0) > 0; ms += 10)
        sleep_ms(10);
    ck_assert_msg(count_processes(1) == 0, "processes were left behind");
}

static void check_threads(int before)
{
    for (int ms = 0; ms < PATIENCE_MS && count_threads() > before; ms += 10)
        sleep_ms(10);
    ck_assert_msg(count_threads() <= before, "threads were left behind: %d before, %d now", before,
                  count_threads());
}

void harness_without_runtime(harness_body *body)
{
    body();
}

static void *do_nothing(void *argument)
{
    return argument;
}

/* ThreadSanitizer starts a thread of its own when the first thread after a fork is made: it is
 * made here, so that no test is blamed for it. */
static void start_sanitizer_thread(void)
{
    pthread_t thread;

    if (TRV_TSAN && pthread_create(&thread, NULL, do_nothing, NULL) == 0)
        pthread_join(thread, NULL);
}

/* libuv opens a pipe with the first loop of a process, and keeps it. */
static void open_pipe_of_libuv(void)
{
    uv_loop_t loop;

    if (uv_loop_init(&loop) == 0)
        uv_loop_close(&loop);
}

/* Runs a test in this process, once. */
static void run_once(const harness_test *test)
{
    holdings before, after;
    int fds;

    start_sanitizer_thread();
    open_pipe_of_libuv();
    take_holdings(&before);
    test->around(test->body);
    check_processes();
    check_threads(before.threads);
    take_holdings(&after);
    fds = count_new_fds(&before, &after);
    ck_assert_msg(fds == 0, "%d descriptors were left open", fds);
}

/* A failed assertion in the child has told Check already, through the file that both share;
 * here it only remains to fail. Any other end is news. */
static void judge_seed(const harness_test *test, int seed, int status)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    fprintf(stderr, "seed %d fails; replay it: TRIVET_SEED=%d CK_RUN_CASE=%s\n", seed, seed,
            test->check.name);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
        _exit(1);
    ck_abort_msg("seed %d: %s %d", seed, WIFSIGNALED(status) ? "killed by signal" : "exit status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void run_seed(const harness_test *test, int seed)
{
    int status;
    pid_t pid;

    fflush(NULL);
    pid = fork();
    ck_assert_msg(pid >= 0, "fork: %s", strerror(errno));
    if (pid == 0) {
        char text[16];
        snprintf(text, sizeof text, "%d", seed);
        setenv("TRIVET_SEED", text, 1);
        run_once(test);
        exit(0);
    }
    while (waitpid(pid, &status, 0) < 0)
        ck_assert_int_eq(errno, EINTR);
    judge_seed(test, seed, status);
}

void harness_run(int index)
{
    const harness_test *test = all_tests[index];
    int seeds = seeds_to_run(test->seeds);

    tcase_fn_start(test->check.name, test->check.file, test->check.line);
    if (test->seeds == 0 || getenv("TRIVET_SEED")) {
        run_once(test);
        return;
    }
    for (int seed = 1; seed <= seeds; seed++)
        run_seed(test, seed);
}

int harness_main(const char *file, const harness_test *const *tests, int count)
{
    const char *name = strstr(file, "tests/");
    Suite *suite = suite_create(name ? name : file);
    SRunner *runner;
    int failed;

    all_tests = tests;
    for (int i = 0; i < count; i++) {
        TCase *tcase = tcase_create(tests[i]->check.name);
        tcase_set_timeout(tcase, 300.0 * slowness());
        tcase_add_loop_test(tcase, &tests[i]->check, i, i + 1);
        suite_add_tcase(suite, tcase);
    }
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    if (failed && getenv("TRIVET_SEED"))
        printf("the seed was TRIVET_SEED=%s\n", getenv("TRIVET_SEED"));
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
