/* SPDX-License-Identifier: MIT */
/*
 * The command line of `trivet compare`.
 *
 * Everything is checked here, before anything runs: unknown options and workloads, numbers that
 * cannot be, directories that are not there, shared objects without the function. Each is one line
 * on stderr and exit status 2.
 */
#include "cli/compare.h"

#include <dlfcn.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char help[] =
    "usage: trivet compare [OPTION...] [WORKLOAD...]\n"
    "\n"
    "Runs each workload on each leg, every measurement in a fresh process, and says which leg "
    "suits it.\n"
    "\n"
    "Workloads (default: all)\n"
    "  cpu          a sum of boxed ints, under the GIL\n"
    "  cpu-native   the same sum in C, with the GIL released\n"
    "  sleep        tasks that wait\n"
    "  tcp          requests to a server that answers after a delay\n"
    "  words        counts the words of the text files below a directory\n"
    "  mixed        a request, then a sum\n"
    "  ./libmine.so:function   a TRV_FUNCTION of yours, from a shared object\n"
    "\n"
    "Options\n"
    "  --legs LIST          of inline,threads,processes,coroutines (default: all)\n"
    "  --workers N          threads or processes at once (default: the processors; for waiting\n"
    "                       workloads 32 threads, 8 processes)\n"
    "  --tasks N            tasks of a workload\n"
    "  --size N             additions of a task (cpu, cpu-native, mixed)\n"
    "  --delay MS           milliseconds a task waits (sleep, tcp, mixed)\n"
    "  --directory DIR      where words looks; may be repeated (default: /usr/share/perl, else\n"
    "                       /usr/share/doc, else /usr/share/common-licenses)\n"
    "  --counts FILE        where words writes what it counted, a line for each word\n"
    "  --argument TEXT      what a function of yours is called with: an int, a float or a str\n"
    "  --rounds N           measurements of each, after a warm-up; medians are shown (default: 5)\n"
    "  --json FILE          write every figure there, too ('-': standard output instead of the "
    "table)\n"
    "  --help               print this\n"
    "\n"
    "Seconds go from making the pool to its end. Latency is from a task's start to its end. Memory "
    "is\n"
    "the peak of the summed PSS of all processes. GIL wait is the share of the workers' time.\n";

const char *const leg_names[LEGS] = {"inline", "threads", "processes", "coroutines"};

int complain(const char *format, ...)
{
    va_list arguments;

    fputs("trivet compare: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return 2;
}

static int read_number(const char *option, const char *text, double least, double most,
                       double *value)
{
    char *end;

    errno = 0;
    *value = strtod(text, &end);
    if (!*text || *end || errno || !isfinite(*value) || *value < least || *value > most)
        return complain("--%s: not a number from %.15g to %.15g: %s", option, least, most, text);
    return 0;
}

static int read_count(const char *option, const char *text, double most, int64_t *value)
{
    double number;

    if (read_number(option, text, 1, most, &number))
        return 2;
    if (number != floor(number))
        return complain("--%s: not a whole number: %s", option, text);
    *value = (int64_t)number;
    return 0;
}

static int read_legs(const char *text, struct plan *plan)
{
    char list[128], *rest = list, *name;

    if (strlen(text) >= sizeof list)
        return complain("--legs: too long: %s", text);
    strcpy(list, text);
    memset(plan->legs, 0, sizeof plan->legs);
    while ((name = strsep(&rest, ","))) {
        int leg = 0;
        while (leg < LEGS && strcmp(name, leg_names[leg]) != 0)
            leg++;
        if (leg == LEGS)
            return complain(
                "--legs: no such leg: %s (there are inline, threads, processes, coroutines)", name);
        plan->legs[leg] = true;
    }
    return 0;
}

static int add_directory(const char *path, struct settings *settings)
{
    struct stat status;
    int i = 0;

    while (i < DIRECTORIES_MOST && settings->directories[i])
        i++;
    if (i == DIRECTORIES_MOST)
        return complain("--directory: at most %d of them", DIRECTORIES_MOST);
    if (stat(path, &status) < 0)
        return complain("--directory: %s: %s", path, strerror(errno));
    if (!S_ISDIR(status.st_mode))
        return complain("--directory: %s: not a directory", path);
    settings->directories[i] = path;
    return 0;
}

/* "./libmine.so:function": the object must be a function of this library, so that calling it is safe. */
static int open_function(const char *text, struct workload *workload)
{
    const char *colon = strrchr(text, ':');
    char *path = strndup(text, (size_t)(colon - text));
    void *handle = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    trv_object *function = handle ? dlsym(handle, colon + 1) : NULL;

    if (!path)
        return complain("out of memory");
    if (!handle)
        return free(path), complain("%s", dlerror());
    if (!function || function->refcount != TRV_IMMORTAL_ ||
        function->type != &trv_static_function_layout_) {
        complain("%s: %s '%s'", path, function ? "not a TRV_FUNCTION:" : "has no function",
                 colon + 1);
        free(path);
        return 2;
    }
    free(path);
    *workload = (struct workload){
        .name = text, .summary = "a function of yours", .tasks = 8, .function = function};
    return 0;
}

static int add_workload(const char *name, struct plan *plan)
{
    const struct workload *found = find_workload(name);
    struct workload *place = &plan->chosen[plan->chosen_count];

    if (plan->chosen_count == WORKLOADS_MOST)
        return complain("at most %d workloads", WORKLOADS_MOST);
    for (unsigned i = 0; i < plan->chosen_count; i++)
        if (strcmp(plan->chosen[i].name, name) == 0)
            return 0;
    if (found)
        *place = *found;
    else if (!strchr(name, ':'))
        return complain("no such workload: %s (see --help)", name);
    else if (open_function(name, place))
        return 2;
    plan->chosen_count++;
    return 0;
}

static int use_option(int option, const char *text, struct plan *plan)
{
    struct settings *settings = &plan->settings;
    int64_t count = 0;
    double number;
    int status = 0;

    switch (option) {
    case 'w':
        status = read_count("workers", text, 1000, &count);
        settings->workers = (unsigned)count;
        return status;
    case 't':
        status = read_count("tasks", text, 1e6, &count);
        settings->tasks = (unsigned)count;
        return status;
    case 's':
        return read_count("size", text, 1e12, &settings->size);
    case 'd':
        status = read_number("delay", text, 0.001, 3600e3, &number);
        settings->delay = number / 1e3;
        return status;
    case 'r':
        status = read_count("rounds", text, ROUNDS_MOST, &count);
        plan->rounds = (unsigned)count;
        return status;
    case 'l':
        return read_legs(text, plan);
    case 'D':
        return add_directory(text, settings);
    case 'c':
        settings->counts = text;
        return 0;
    case 'a':
        settings->argument = text;
        return 0;
    default:
        plan->json = text;
        return 0;
    }
}

int read_options(int argc, char **argv, struct plan *plan)
{
    static const struct option options[] = {{"workers", required_argument, NULL, 'w'},
                                            {"tasks", required_argument, NULL, 't'},
                                            {"size", required_argument, NULL, 's'},
                                            {"delay", required_argument, NULL, 'd'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"legs", required_argument, NULL, 'l'},
                                            {"directory", required_argument, NULL, 'D'},
                                            {"argument", required_argument, NULL, 'a'},
                                            {"counts", required_argument, NULL, 'c'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option, status = 0;

    *plan = (struct plan){.rounds = 5, .legs = {true, true, true, true}};
    opterr = 0;
    while (!status && (option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (option == 'h')
            return fputs(help, stdout), 1;
        if (option == ':')
            return complain("%s needs a value", argv[optind - 1]);
        if (option == '?')
            return complain("no such option: %s (see --help)", argv[optind - 1]);
        status = use_option(option, optarg, plan);
    }
    for (; !status && optind < argc; optind++)
        status = add_workload(argv[optind], plan);
    for (unsigned i = 0; !status && !plan->chosen_count && i < workload_count; i++)
        plan->chosen[i] = workloads[i];
    if (!plan->chosen_count)
        plan->chosen_count = workload_count;
    return status;
}
