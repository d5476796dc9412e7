/* SPDX-License-Identifier: MIT */
/*
 * `trivet explore`: searches the schedules of a program for one under which it fails.
 *
 *     explore.c          the order of it all: seeds, bounded search, shrinking, report
 *     explore_options.c  the command line -> struct exploration
 *     explore_run.c      runs of the program, several at a time, each in a process group of its own
 *     explore_trace.c    what a run has told: reading a trace; schedules on disk
 *     explore_shrink.c   from a failing schedule to the few decisions that matter
 *     explore_search.c   every schedule that differs from the usual one in one decision, in two, ...
 *     explore_report.c   what people read
 *
 * A *schedule* is a list of decisions answered otherwise than usual (src/runtime/schedule.h). A *trial*
 * is one run, under a seed or a schedule. This process never starts a Trivet runtime itself.
 */
#ifndef TRV_CLI_EXPLORE_H
#define TRV_CLI_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { JOBS_MOST = 64 };

/* One decision, as a trace tells it. The texts are NULL without places. */
struct decision {
    uint64_t number;
    uint32_t count, chosen, usual;
    char kind[8];
    char *from, *from_place, *to, *to_place;
};

struct trace {
    bool is_there; /* the program wrote one */
    uint64_t seed;
    struct decision *decisions;
    size_t count, capacity;
    char fault[128]; /* where in the library the last fault struck, or "" */
};

struct step {
    uint64_t number;
    uint32_t choice;
    uint32_t count; /* of answers; 0: it is not known, nor the kind */
    char kind[8];
};

struct schedule {
    uint64_t seed;
    struct step *steps;
    size_t count;
};

/* How a run ended. */
enum ending {
    PASSED,
    EXITED, /* with a status other than 0 */
    KILLED, /* by a signal */
    HUNG,   /* past the time limit */
    NOT_RUN
};

struct verdict {
    enum ending ending;
    int code; /* exit status, signal, or errno */
};

enum detail { NO_TRACE, DECISIONS, PLACES };

struct trial {
    uint64_t seed;                   /* if there is no schedule */
    const struct schedule *schedule; /* borrowed, or NULL */
    enum detail detail;
    size_t tag; /* the caller's own */

    /* Set by the run. */
    struct verdict verdict;
    struct trace trace;
    char *output; /* the end of what it printed; or NULL */
    double seconds;
};

struct exploration {
    char **program; /* and its arguments, NULL at the end */
    uint64_t first_seed;
    unsigned seeds, jobs;
    int bound;                           /* decisions that differ in the systematic search */
    double budget;                       /* seconds for all */
    double timeout;                      /* seconds a run may take */
    const char *output;                  /* where the schedule is saved */
    char *named_output;                  /* if that is no option's: owned */
    const char *time_limit, *fault_rate; /* for the program, or NULL */

    char directory[64]; /* of temporary files */
    double began, deadline;
    double slowest; /* of the runs that passed */
    unsigned long runs;
    bool was_interrupted;
};

static inline bool is_same(struct verdict a, struct verdict b)
{
    return a.ending == b.ending && a.code == b.code;
}

/* What to run, and what to make of it. */
struct source {
    /* Fills in the next trial; false when there is none (now). */
    bool (*next)(struct source *source, struct trial *trial);
    /* A trial has ended; it is freed afterwards, so take what is of use. False: enough. */
    bool (*ended)(struct source *source, struct trial *trial);
};

/* 0; 1 when there is nothing to do (--help); 2 after a line on stderr. */
int explore_options(int argc, char **argv, struct exploration *exploration);
int explore_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
double explore_now(void);
/* Out of memory: says so and ends the process. */
void *explore_allocate(void *block, size_t size);

/* explore_run.c; false if it was interrupted or time is up. */
bool explore_run(struct exploration *exploration, struct source *source);
/* One run. */
bool explore_once(struct exploration *exploration, struct trial *trial);
void explore_trial_free(struct trial *trial);

/* explore_trace.c */
void explore_trace_read(const char *path, enum detail detail, struct trace *trace);
void explore_trace_free(struct trace *trace);
/* Where two traces differ first; SIZE_MAX if they do not. */
size_t explore_trace_compare(const struct trace *a, const struct trace *b);
/* The decisions of a trace that were not answered as usual. */
struct schedule explore_schedule_of(const struct trace *trace);
struct schedule explore_schedule_copy(const struct schedule *schedule);
void explore_schedule_free(struct schedule *schedule);
/* 0 or -1 with errno. */
int explore_schedule_write(const char *path, const struct schedule *schedule, char *const *program);

/* explore_shrink.c: makes the schedule, which ends with that verdict, as short as it can. */
void explore_shrink(struct exploration *exploration, struct schedule *schedule,
                    struct verdict verdict);

/* explore_search.c: looks for a schedule of at most `bound` steps that fails, with that verdict if
 * it is not NULL, until `deadline`. Whether there is one: then in *schedule and *found. */
bool explore_search(struct exploration *exploration, uint64_t seed, int bound, double deadline,
                    const struct verdict *wanted, struct schedule *schedule, struct verdict *found);

/* explore_report.c */
void explore_progress(const struct exploration *exploration, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void explore_progress_end(void);
const char *explore_verdict_text(struct verdict verdict, char *text, size_t size);
void explore_report(const struct exploration *exploration, const struct schedule *schedule,
                    const struct trial *trial, const uint64_t *seed);

int explore_main(int argc, char **argv);

#endif
