/* SPDX-License-Identifier: MIT */
/*
 * The command line of `trivet explore`. Options end at the program's name: what follows is the
 * program's own.
 */
#include "cli/explore.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "usage: trivet explore [OPTION...] PROGRAM [ARGUMENT...]\n"
    "\n"
    "Runs a program that uses Trivet under many schedules, until it fails: ends with a status "
    "other\n"
    "than 0 or by a signal, or hangs. First under seeds (TRIVET_SEED=n), then under every schedule "
    "that\n"
    "differs from the usual one in one decision, and in two. What it finds is shrunk to the "
    "decisions\n"
    "that matter, which are shown with file and line (if PROGRAM was compiled with -g).\n"
    "\n"
    "Options\n"
    "  --seeds N         how many seeds to try (default: 1000)\n"
    "  --first-seed N    the first of them (default: 1)\n"
    "  --preemptions N   in how many decisions the systematic search differs, 0 to 4 (default: 2)\n"
    "  --time S          seconds for everything (default: 60)\n"
    "  --timeout S       seconds after which a run hangs (default: 10)\n"
    "  --time-limit S    virtual seconds after which a run fails (default: none)\n"
    "  --fault-rate P    how many allocations and system calls fail, 0 to 1 (default: 0; needs a\n"
    "                    Trivet that was configured with --enable-fault)\n"
    "  --jobs N          runs at once (default: the processors)\n"
    "  --output FILE     where the schedule is saved (default: PROGRAM.schedule, here)\n"
    "  --help            print this\n"
    "\n"
    "Threads are switched at safepoints (trv_checkpoint, trv_call, TRV_FOR, blocking calls), so "
    "that is\n"
    "where schedules differ. What happens in TRV_ALLOW_THREADS or in other processes is not "
    "varied.\n"
    "\n"
    "Exit status: 0 nothing was found, 1 a failure was found, 2 the command line makes no sense or "
    "the\n"
    "program cannot be explored, 130 interrupted.\n";

int explore_complain(const char *format, ...)
{
    va_list arguments;

    explore_progress_end();
    fputs("trivet explore: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return 2;
}

double explore_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void *explore_allocate(void *block, size_t size)
{
    void *larger = realloc(block, size ? size : 1);

    if (!larger)
        exit(explore_complain("out of memory"));
    return larger;
}

static int read_number(const char *option, const char *text, double least, double most,
                       double *value)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (errno || end == text || *end || !(*value >= least) || *value > most)
        return explore_complain("%s must be a number from %g to %g, not '%s'", option, least, most,
                                text);
    return 0;
}

static int read_count(const char *option, const char *text, double least, double most,
                      double *value)
{
    int status = read_number(option, text, least, most, value);

    if (!status && *value != floor(*value))
        return explore_complain("%s must be a whole number, not '%s'", option, text);
    return status;
}

static unsigned count_processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

static int read_option(struct exploration *e, const char *option, const char *text)
{
    double number = 0;
    int status;

    if (!strcmp(option, "--seeds")) {
        status = read_count(option, text, 0, 4e9, &number);
        e->seeds = (unsigned)number;
    } else if (!strcmp(option, "--first-seed")) {
        status = read_count(option, text, 0, 9e15, &number);
        e->first_seed = (uint64_t)number;
    } else if (!strcmp(option, "--preemptions")) {
        status = read_count(option, text, 0, 4, &number);
        e->bound = (int)number;
    } else if (!strcmp(option, "--jobs")) {
        status = read_count(option, text, 1, JOBS_MOST, &number);
        e->jobs = (unsigned)number;
    } else if (!strcmp(option, "--time")) {
        status = read_number(option, text, 0.001, 1e9, &e->budget);
    } else if (!strcmp(option, "--timeout")) {
        status = read_number(option, text, 0.001, 1e6, &e->timeout);
    } else if (!strcmp(option, "--time-limit")) {
        status = read_number(option, text, 1e-9, 1e9, &number);
        e->time_limit = text;
    } else if (!strcmp(option, "--fault-rate")) {
        status = read_number(option, text, 0, 1, &number);
        e->fault_rate = text;
    } else if (!strcmp(option, "--output")) {
        status = 0;
        e->output = text;
    } else {
        status = explore_complain("no such option: %s: try 'trivet explore --help'", option);
    }
    return status;
}

/* NAME.schedule, without the directory: the program may lie where nothing can be written. */
static int name_output(struct exploration *e)
{
    const char *slash = strrchr(e->program[0], '/');
    const char *name = slash ? slash + 1 : e->program[0];
    char *output = explore_allocate(NULL, strlen(name) + sizeof ".schedule");

    sprintf(output, "%s.schedule", name);
    e->output = e->named_output = output;
    return 0;
}

int explore_options(int argc, char **argv, struct exploration *e)
{
    int i = 1, status;

    *e = (struct exploration){.first_seed = 1,
                              .seeds = 1000,
                              .jobs = count_processors(),
                              .bound = 2,
                              .budget = 60,
                              .timeout = 10};
    if (e->jobs > JOBS_MOST)
        e->jobs = JOBS_MOST;
    for (; i < argc && argv[i][0] == '-'; i += 2) {
        if (!strcmp(argv[i], "--help")) {
            fputs(help, stdout);
            return 1;
        }
        if (!strcmp(argv[i], "--")) {
            i++;
            break;
        }
        if (!argv[i + 1])
            return explore_complain("%s needs a value", argv[i]);
        if ((status = read_option(e, argv[i], argv[i + 1])))
            return status;
    }
    if (i >= argc)
        return explore_complain("no program given: try 'trivet explore --help'");
    e->program = argv + i;
    return e->output ? 0 : name_output(e);
}
