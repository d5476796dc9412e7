/* SPDX-License-Identifier: MIT */
/*
 * Runs one measurement in a process of its own and watches it from outside.
 *
 * The child sends its struct measurement through a pipe. Meanwhile this process adds up the
 * proportional set sizes (PSS: shared pages count by share) of the child and all its descendants,
 * a few hundred times a second at most, and keeps the greatest sum. A child that dies, or says
 * nothing for too long, gives a measurement that names what happened.
 */
#include "cli/compare.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE_MS = 5, PATIENCE_MS = 600000, DESCENDANTS_MOST = 4096 };

/* Proportional set size of a process, in bytes; 0 if it is gone. */
static double pss_of(int pid)
{
    char path[64], line[256];
    double kilobytes = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    if (!(file = fopen(path, "re")))
        return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %lf kB", &kilobytes) == 1)
            break;
    fclose(file);
    return kilobytes * 1024;
}

/* Adds the children that one thread of a process has forked to a list of pids. */
static int add_children_of(int pid, const char *thread, int *pids, int count)
{
    char path[64];
    int child;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/task/%.16s/children", pid, thread);
    if (!(file = fopen(path, "re")))
        return count;
    while (count < DESCENDANTS_MOST && fscanf(file, "%d", &child) == 1)
        pids[count++] = child;
    fclose(file);
    return count;
}

static int add_children(int pid, int *pids, int count)
{
    char path[64];
    struct dirent *entry;
    DIR *threads;

    snprintf(path, sizeof path, "/proc/%d/task", pid);
    if (!(threads = opendir(path)))
        return count;
    while ((entry = readdir(threads)))
        if (entry->d_name[0] != '.')
            count = add_children_of(pid, entry->d_name, pids, count);
    closedir(threads);
    return count;
}

static double memory_of_all(int pid)
{
    static const size_t bytes = DESCENDANTS_MOST * sizeof(int);
    int *pids = malloc(bytes), count = 1;
    double sum = 0;

    if (!pids)
        return 0;
    pids[0] = pid;
    for (int i = 0; i < count; i++) {
        sum += pss_of(pids[i]);
        count = add_children(pids[i], pids, count);
    }
    free(pids);
    return sum;
}

static void run_child(const struct plan *plan, const struct workload *workload, enum leg leg,
                      int fd, pid_t parent)
{
    struct measurement measurement;
    size_t sent = 0;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    measure(plan, workload, leg, &measurement);
    fflush(NULL);
    while (sent < sizeof measurement) {
        ssize_t n = write(fd, (char *)&measurement + sent, sizeof measurement - sent);
        if (n <= 0)
            _exit(1);
        sent += (size_t)n;
    }
    _exit(0);
}

static long long milliseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Reads the child's measurement, sampling its memory; the number of bytes that came. */
static size_t watch(int pid, int fd, struct measurement *measurement, double *peak, bool *is_late)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    long long give_up = milliseconds() + PATIENCE_MS;
    size_t got = 0;

    while (got < sizeof *measurement && milliseconds() < give_up) {
        ssize_t n;
        int ready = poll(&poll_fd, 1, SAMPLE_MS);
        if (ready < 0 && errno != EINTR)
            break;
        if (ready <= 0) {
            double memory = memory_of_all(pid);
            *peak = memory > *peak ? memory : *peak;
            continue;
        }
        if ((n = read(fd, (char *)measurement + got, sizeof *measurement - got)) <= 0)
            break;
        got += (size_t)n;
    }
    *is_late = milliseconds() >= give_up;
    return got;
}

static void explain_end(int status, bool is_late, struct measurement *measurement)
{
    char *text = measurement->error;
    size_t size = sizeof measurement->error;

    measurement->is_good = false;
    if (is_late)
        snprintf(text, size, "no answer within %d seconds", PATIENCE_MS / 1000);
    else if (WIFSIGNALED(status))
        snprintf(text, size, "the measuring process was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(text, size, "the measuring process exited with status %d", WEXITSTATUS(status));
}

void sample(const struct plan *plan, const struct workload *workload, enum leg leg,
            struct measurement *measurement)
{
    pid_t parent = getpid(), pid;
    double peak = 0;
    int ends[2], status = 0;
    size_t got;
    bool is_late;

    memset(measurement, 0, sizeof *measurement);
    if (pipe(ends) < 0 || (fflush(NULL), pid = fork()) < 0) {
        snprintf(measurement->error, sizeof measurement->error, "cannot start a process: %s",
                 strerror(errno));
        return;
    }
    if (pid == 0) {
        close(ends[0]);
        run_child(plan, workload, leg, ends[1], parent);
    }
    close(ends[1]);
    got = watch(pid, ends[0], measurement, &peak, &is_late);
    close(ends[0]);
    if (got < sizeof *measurement)
        kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (got < sizeof *measurement)
        explain_end(status, is_late, measurement);
    measurement->memory_bytes = peak;
}
