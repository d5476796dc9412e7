/* SPDX-License-Identifier: MIT */
/*
 * Runs of the program, several at a time.
 *
 * Each is a process group of its own, which is killed as a whole when its first process has ended or its
 * time is up; if this process dies, the kernel kills the first one. Signals stay blocked here
 * and are waited for, so that a Ctrl-C is seen between two steps and nowhere else.
 */
#include "cli/explore.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { OUTPUT_MOST = 4096 };

struct job {
    pid_t pid; /* 0: the slot is free */
    struct trial trial;
    double began;
    bool is_late;
};

struct crew {
    struct exploration *exploration;
    struct job jobs[JOBS_MOST];
    unsigned running;
};

static void path_of(const struct exploration *e, size_t slot, const char *what, char *path,
                    size_t size)
{
    snprintf(path, size, "%s/%zu.%s", e->directory, slot, what);
}

/* In the child ---------------------------------------------------------------------------------------- */

static void set_environment(const struct exploration *e, const struct trial *trial, size_t slot)
{
    char path[128], seed[24];

    unsetenv("TRIVET_FAULT");
    if (trial->schedule) {
        path_of(e, slot, "schedule", path, sizeof path);
        setenv("TRIVET_SCHEDULE", path, 1);
        unsetenv("TRIVET_SEED");
    } else {
        snprintf(seed, sizeof seed, "%" PRIu64, trial->seed);
        setenv("TRIVET_SEED", seed, 1);
        unsetenv("TRIVET_SCHEDULE");
    }
    unsetenv("TRIVET_TRACE");
    if (trial->detail != NO_TRACE) {
        path_of(e, slot, "trace", path, sizeof path);
        setenv("TRIVET_TRACE", path, 1);
        setenv("TRIVET_TRACE_PLACES", trial->detail == PLACES ? "1" : "0", 1);
    }
    if (e->time_limit)
        setenv("TRIVET_TIME_LIMIT", e->time_limit, 1);
    if (e->fault_rate)
        setenv("TRIVET_FAULT_RATE", e->fault_rate, 1);
}

static int redirect(const char *output)
{
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int out = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    return in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ? -1 : 0;
}

_Noreturn static void become_program(const struct exploration *e, const struct trial *trial,
                                     size_t slot, int report_fd)
{
    char path[128];
    sigset_t none;
    int error;

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    set_environment(e, trial, slot);
    path_of(e, slot, "output", path, sizeof path);
    if (redirect(path) == 0)
        execvp(e->program[0], e->program);
    error = errno;
    if (write(report_fd, &error, sizeof error) < 0)
        _exit(126);
    _exit(127);
}

/* Jobs ------------------------------------------------------------------------------------------------ */

static int prepare_files(const struct exploration *e, const struct trial *trial, size_t slot)
{
    char path[128];

    if (trial->detail != NO_TRACE) {
        path_of(e, slot, "trace", path, sizeof path);
        unlink(path);
    }
    if (!trial->schedule)
        return 0;
    path_of(e, slot, "schedule", path, sizeof path);
    return explore_schedule_write(path, trial->schedule, NULL);
}

/* The pid; or -1 with errno, which says also why the program cannot be executed. */
static pid_t start_program(const struct exploration *e, const struct trial *trial, size_t slot)
{
    int report[2], error = 0;
    pid_t pid;

    if (prepare_files(e, trial, slot) < 0 || pipe2(report, O_CLOEXEC) < 0)
        return -1;
    pid = fork();
    if (pid == 0)
        become_program(e, trial, slot, report[1]);
    close(report[1]);
    if (pid > 0) {
        setpgid(pid, pid);
        if (read(report[0], &error, sizeof error) == (ssize_t)sizeof error) {
            waitpid(pid, NULL, 0);
            pid = -1;
            errno = error;
        }
    }
    error = errno;
    close(report[0]);
    errno = error;
    return pid;
}

static char *read_output(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = explore_allocate(NULL, OUTPUT_MOST + 1);
    size_t size = 0;

    if (file) {
        if (fseek(file, -(long)OUTPUT_MOST, SEEK_END) < 0)
            rewind(file);
        size = fread(text, 1, OUTPUT_MOST, file);
        fclose(file);
    }
    text[size] = 0;
    return text;
}

/* One that was late may have ended by itself while nobody looked. */
static struct verdict judge(const struct job *job, int status)
{
    if (job->is_late && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        return (struct verdict){HUNG, 0};
    if (WIFSIGNALED(status))
        return (struct verdict){KILLED, WTERMSIG(status)};
    return WEXITSTATUS(status) ? (struct verdict){EXITED, WEXITSTATUS(status)}
                               : (struct verdict){PASSED, 0};
}

/* Its process has ended: what there is to know. */
static void conclude(struct crew *crew, struct job *job, int status)
{
    struct exploration *e = crew->exploration;
    struct trial *trial = &job->trial;
    size_t slot = (size_t)(job - crew->jobs);
    char path[128];

    kill(-job->pid, SIGKILL); /* what it has left behind */
    job->pid = 0;
    crew->running--;
    e->runs++;
    trial->seconds = explore_now() - job->began;
    trial->verdict = judge(job, status);
    if (trial->verdict.ending == PASSED && trial->seconds > e->slowest)
        e->slowest = trial->seconds;
    path_of(e, slot, "output", path, sizeof path);
    trial->output = trial->verdict.ending == PASSED ? NULL : read_output(path);
    path_of(e, slot, "trace", path, sizeof path);
    if (trial->detail != NO_TRACE)
        explore_trace_read(path, trial->detail, &trial->trace);
}

static void kill_all(struct crew *crew)
{
    for (size_t i = 0; i < JOBS_MOST; i++) {
        struct job *job = &crew->jobs[i];
        if (!job->pid)
            continue;
        kill(-job->pid, SIGKILL);
        waitpid(job->pid, NULL, 0);
        job->pid = 0;
        explore_trial_free(&job->trial);
    }
    crew->running = 0;
}

static void kill_late(struct crew *crew)
{
    double now = explore_now();

    for (size_t i = 0; i < JOBS_MOST; i++) {
        struct job *job = &crew->jobs[i];
        if (!job->pid || job->is_late || now - job->began < crew->exploration->timeout)
            continue;
        job->is_late = true;
        kill(-job->pid, SIGKILL);
    }
}

/* Starts trials until enough run or there are no more. False if the program cannot be run. */
static bool fill(struct crew *crew, struct source *source)
{
    struct exploration *e = crew->exploration;

    for (size_t i = 0; i < e->jobs; i++) {
        struct job *job = &crew->jobs[i];
        if (job->pid)
            continue;
        *job = (struct job){0};
        if (!source->next(source, &job->trial))
            return true;
        job->began = explore_now();
        job->pid = start_program(e, &job->trial, i);
        if (job->pid < 0) {
            job->pid = 0;
            job->trial.verdict = (struct verdict){NOT_RUN, errno};
            source->ended(source, &job->trial);
            explore_trial_free(&job->trial);
            return false;
        }
        crew->running++;
    }
    return true;
}

/* Concludes those that have ended. False if the source has enough. */
static bool reap(struct crew *crew, struct source *source)
{
    bool goes_on = true;
    int status;

    for (size_t i = 0; i < JOBS_MOST; i++) {
        struct job *job = &crew->jobs[i];
        if (!job->pid || waitpid(job->pid, &status, WNOHANG) != job->pid)
            continue;
        conclude(crew, job, status);
        goes_on = source->ended(source, &job->trial) && goes_on;
        explore_trial_free(&job->trial);
    }
    return goes_on;
}

/* Sleeps until something has happened, or may be late. */
static void wait_for_news(struct crew *crew)
{
    struct exploration *e = crew->exploration;
    double now = explore_now(), until = e->deadline;
    struct timespec patience;
    sigset_t set;
    int number;

    for (size_t i = 0; i < JOBS_MOST; i++)
        if (crew->jobs[i].pid && crew->jobs[i].began + e->timeout < until)
            until = crew->jobs[i].began + e->timeout;
    if (until < now)
        until = now;
    if (until > now + 3600)
        until = now + 3600;
    patience.tv_sec = (time_t)(until - now);
    patience.tv_nsec = (long)((until - now - (double)patience.tv_sec) * 1e9);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    number = sigtimedwait(&set, NULL, &patience);
    if (number > 0 && number != SIGCHLD)
        e->was_interrupted = true;
}

bool explore_run(struct exploration *exploration, struct source *source)
{
    struct crew crew = {.exploration = exploration};
    bool goes_on = true;

    while (goes_on && !exploration->was_interrupted && explore_now() < exploration->deadline) {
        goes_on = fill(&crew, source);
        if (!crew.running)
            break;
        if (goes_on) {
            wait_for_news(&crew);
            kill_late(&crew);
            goes_on = reap(&crew, source);
        }
    }
    kill_all(&crew);
    return !exploration->was_interrupted && explore_now() < exploration->deadline;
}

struct one {
    struct source source;
    struct trial *trial;
    bool was_started;
};

static bool next_one(struct source *source, struct trial *trial)
{
    struct one *one = (struct one *)source;

    if (one->was_started)
        return false;
    one->was_started = true;
    *trial = *one->trial;
    return true;
}

/* Takes what there is: nothing is left to be freed. */
static bool one_ended(struct source *source, struct trial *trial)
{
    struct one *one = (struct one *)source;

    *one->trial = *trial;
    trial->output = NULL;
    trial->trace = (struct trace){0};
    return false;
}

bool explore_once(struct exploration *exploration, struct trial *trial)
{
    struct one one = {{next_one, one_ended}, trial, false};

    trial->verdict.ending = NOT_RUN;
    explore_run(exploration, &one.source);
    return trial->verdict.ending != NOT_RUN;
}

void explore_trial_free(struct trial *trial)
{
    free(trial->output);
    trial->output = NULL;
    explore_trace_free(&trial->trace);
}
