/* SPDX-License-Identifier: MIT */
/*
 * `trivet compare`: the same work on every leg, measured.
 *
 *     options.c   the command line -> struct plan
 *     compare.c   rounds: every (workload, leg) in turn, a fresh process for each measurement
 *     sample.c    one such process: starts it, watches its memory, takes its answer
 *     measure.c   inside it: runs the workload's tasks on the leg and takes the time
 *     workloads.c, words.c   what the tasks do
 *     server.c    the process that answers the tcp workloads
 *     report.c, verdict.c    table, JSON, and what to make of them
 *
 * The comparing process never starts a Trivet runtime itself; its children do.
 */
#ifndef TRV_CLI_COMPARE_H
#define TRV_CLI_COMPARE_H

#include <trivet.h>

#include <stdbool.h>
#include <stdint.h>

enum leg { INLINE, THREADS, PROCESSES, COROUTINES, LEGS };
extern const char *const leg_names[LEGS];

enum { WORKLOADS_MOST = 16, ROUNDS_MOST = 99, DIRECTORIES_MOST = 8 };

/* What a workload is given; zero means its own default. */
struct settings {
    unsigned workers;
    unsigned tasks;
    int64_t size;                              /* additions a task makes */
    double delay;                              /* seconds a task waits */
    const char *directories[DIRECTORIES_MOST]; /* for words */
    const char *argument;                      /* for the user's function */
    const char *counts;                        /* where words writes what it counted */
    int port;                                  /* of the server */
};

struct workload {
    const char *name;
    const char *summary;
    unsigned tasks; /* default */
    int64_t size;   /* default */
    double delay;   /* default */
    bool waits;     /* its tasks wait more than they compute: more workers than processors pay */
    bool needs_server;
    trv_object *function; /* the task; called with one item of `inputs` */
    trv_object *(*inputs)(const struct settings *settings); /* a list, one item a task */
    /* One answer out of the results of all tasks, whose order is that of the inputs. NULL: the list itself. */
    trv_object *(*combine)(trv_object *results);
    /* Writes the answer to a file for people; 0 or -1. NULL: it does not do that. */
    int (*write)(trv_object *answer, const char *path);
};

extern const struct workload workloads[];
extern const unsigned workload_count;
const struct workload *find_workload(const char *name);

/* What was asked for on the command line. */
struct plan {
    struct settings settings;
    struct workload chosen[WORKLOADS_MOST];
    unsigned chosen_count;
    bool legs[LEGS];
    unsigned rounds;
    const char *json;
};

/* The outcome of one process. */
struct measurement {
    bool is_good;
    char error[512]; /* what went wrong, if it is not good */
    uint64_t answer; /* a digest of the answer */
    char shown[128]; /* the beginning of the answer */
    unsigned tasks, workers;
    double seconds;      /* from making the pool to its end */
    double cpu_seconds;  /* used by the process and its children meanwhile */
    double busy_seconds; /* the calling thread's own, with what it waited for a processor */
    double p50, p99;     /* seconds from a task's start to its end */
    double lock_share;   /* of the workers' time, spent waiting for the GIL */
    double memory_bytes; /* summed PSS at its peak; set by the comparing process */
};

/* All rounds of one workload on one leg, and their medians. */
struct row {
    struct measurement rounds[ROUNDS_MOST];
    unsigned count;
    struct measurement median; /* is_good if at least one round was */
    unsigned failures;
};

/* 0; 1 when there is nothing to do (--help); 2 after a line on stderr. */
int read_options(int argc, char **argv, struct plan *plan);

/* In a fresh process that has no runtime. */
void measure(const struct plan *plan, const struct workload *workload, enum leg leg,
             struct measurement *result);
void sample(const struct plan *plan, const struct workload *workload, enum leg leg,
            struct measurement *result);

/* Starts the server process; its pid, or -1 after a line on stderr. *port is where it listens. */
int server_start(int *port);
void server_stop(int pid);

struct settings settings_for(const struct plan *plan, const struct workload *workload,
                             enum leg leg);
void report_workload(const struct plan *plan, const struct workload *workload,
                     const struct row rows[LEGS]);
void verdict(const struct plan *plan, const struct row rows[LEGS], char *text, size_t size);
/* 0, or -1 after a line on stderr. */
int report_json(const struct plan *plan, struct row (*rows)[LEGS]);

int compare_main(int argc, char **argv);

/* words.c */
TRV_DECLARE_FUNCTION(count_words);
trv_object *words_inputs(const struct settings *settings);
trv_object *words_combine(trv_object *results);
int words_write(trv_object *answer, const char *path);

/* For qsort. */
int compare_doubles(const void *a, const void *b);

/* A line on stderr that begins with "trivet compare: ". Returns 2. */
int complain(const char *format, ...) TRV_PRINTF(1, 2);

#endif
