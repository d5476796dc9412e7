/* SPDX-License-Identifier: MIT */
/*
 * The order of an exploration: the usual schedule once, to see that the program can be explored; then
 * seeds; then the bounded search. What fails first is verified, shrunk and reported.
 *
 * Seeds get half of the time at most. A failing seed is run twice more: if the runs differ, the
 * program is not deterministic under a seed, and there is nothing to shrink.
 */
#include "cli/explore.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For how long a schedule is looked for that is shorter than a shrunk one. */
#define BETTER_SECONDS 10.0

/* What was found. */
struct failure {
    struct verdict verdict;
    struct schedule schedule;
    uint64_t seed;
    bool has_seed;
};

/* Seeds ----------------------------------------------------------------------------------------------- */

struct seeds {
    struct source source;
    struct exploration *exploration;
    uint64_t next, end;
    double deadline;
    bool has_found;
    uint64_t seed;
    struct verdict verdict;
};

static bool next_seed(struct source *source, struct trial *trial)
{
    struct seeds *seeds = (struct seeds *)source;

    if (seeds->next == seeds->end || explore_now() >= seeds->deadline)
        return false;
    if (seeds->next % 16 == 0)
        explore_progress(seeds->exploration, "seed %" PRIu64, seeds->next);
    trial->seed = seeds->next++;
    return true;
}

static bool seed_ended(struct source *source, struct trial *trial)
{
    struct seeds *seeds = (struct seeds *)source;

    if (trial->verdict.ending == PASSED)
        return true;
    seeds->has_found = true;
    seeds->seed = trial->seed;
    seeds->verdict = trial->verdict;
    return false;
}

/* Verifying ------------------------------------------------------------------------------------------- */

static int say_not_deterministic(const struct exploration *e, const struct failure *failure,
                                 const char *how)
{
    explore_progress_end();
    printf("%s fails", e->program[0]);
    if (failure->has_seed)
        printf(" under seed %" PRIu64, failure->seed);
    printf(", but not the same way every time: %s.\n"
           "What differs is beyond the chooser: another process, the network, the real time, an\n"
           "address, or C code in TRV_ALLOW_THREADS that waits.\n",
           how);
    return 1;
}

/* What two runs of the same have in common. 0 if everything. */
static int compare(const struct exploration *e, const struct failure *failure,
                   const struct trial *once, const struct trial *again)
{
    bool has_hung = failure->verdict.ending == HUNG; /* it was stopped at any point */
    size_t where = has_hung ? SIZE_MAX : explore_trace_compare(&once->trace, &again->trace);
    char how[128], text[64];

    if (!is_same(once->verdict, failure->verdict) || !is_same(again->verdict, failure->verdict)) {
        struct verdict other =
            is_same(once->verdict, failure->verdict) ? again->verdict : once->verdict;
        snprintf(how, sizeof how, "once it %s", explore_verdict_text(other, text, sizeof text));
        return say_not_deterministic(e, failure, how);
    }
    if (where == SIZE_MAX)
        return 0;
    snprintf(how, sizeof how, "two runs differ from decision %zu on", where);
    return say_not_deterministic(e, failure, how);
}

/* Runs it twice and compares. 0 if it can be replayed: then it has a schedule. */
static int verify(struct exploration *e, struct failure *failure)
{
    struct trial once = {.seed = failure->seed,
                         .schedule = failure->has_seed ? NULL : &failure->schedule,
                         .detail = DECISIONS};
    struct trial again = once;
    int status = 1;

    if (explore_once(e, &once) && explore_once(e, &again))
        status = compare(e, failure, &once, &again);
    if (!status && failure->has_seed)
        failure->schedule = explore_schedule_of(&once.trace);
    explore_trial_free(&once);
    explore_trial_free(&again);
    return status;
}

/* From here on a hang is believed sooner: many of the runs to come will be one. */
static void lose_patience(struct exploration *e)
{
    double enough = 0.25 + 20 * e->slowest;

    if (enough < e->timeout)
        e->timeout = enough;
}

/* A schedule as short as shrinking found it may still be longer than it need be. */
static void find_better(struct exploration *e, struct failure *failure)
{
    struct schedule better;
    struct verdict verdict;
    int bound =
        failure->schedule.count > (size_t)e->bound ? e->bound : (int)failure->schedule.count - 1;

    if (bound < 1 || e->was_interrupted)
        return;
    if (!explore_search(e, failure->schedule.seed, bound, explore_now() + BETTER_SECONDS,
                        &failure->verdict, &better, &verdict))
        return;
    explore_schedule_free(&failure->schedule);
    failure->schedule = better;
}

/* The shrunk schedule, run once more to be shown. */
static int show(struct exploration *e, struct failure *failure)
{
    struct trial trial = {.schedule = &failure->schedule, .detail = PLACES};
    struct schedule shown;

    e->deadline = explore_now() + 2 * e->timeout + 10;
    e->was_interrupted = false;
    e->timeout += 5; /* looking up places takes its time */
    if (!explore_once(e, &trial))
        return explore_complain("interrupted");
    if (!is_same(trial.verdict, failure->verdict)) {
        explore_trial_free(&trial);
        return say_not_deterministic(e, failure, "its schedule alone does not make it");
    }
    shown = explore_schedule_of(&trial.trace);
    explore_report(e, &shown, &trial, failure->has_seed ? &failure->seed : NULL);
    explore_schedule_free(&shown);
    explore_trial_free(&trial);
    return 1;
}

static int treat(struct exploration *e, struct failure *failure)
{
    int status = verify(e, failure);

    if (e->was_interrupted)
        status = 130;
    if (!status) {
        lose_patience(e);
        explore_shrink(e, &failure->schedule, failure->verdict);
        find_better(e, failure);
        status = show(e, failure);
    }
    explore_schedule_free(&failure->schedule);
    return status;
}

/* Searching ------------------------------------------------------------------------------------------- */

/* Runs the program once, in the usual order. 0 if it can be explored. */
static int probe(struct exploration *e, struct failure *failure, bool *has_failed)
{
    struct schedule usual = {.steps = explore_allocate(NULL, 1)};
    struct trial trial = {.schedule = &usual, .detail = DECISIONS};
    int status = 0;

    *has_failed = false;
    explore_once(e, &trial);
    if (e->was_interrupted)
        status = 130;
    else if (trial.verdict.ending == NOT_RUN)
        status = explore_complain("cannot run %s: %s", e->program[0], strerror(trial.verdict.code));
    else if (!trial.trace.is_there)
        status = explore_complain("%s did not start Trivet (trv_init)%s%.*s", e->program[0],
                                  trial.output && *trial.output ? "; it says: " : "",
                                  trial.output ? (int)strcspn(trial.output, "\n") : 0,
                                  trial.output ? trial.output : "");
    else
        *has_failed = trial.verdict.ending != PASSED;
    *failure = (struct failure){.verdict = trial.verdict, .schedule = usual};
    explore_trial_free(&trial);
    return status;
}

static bool try_seeds(struct exploration *e, struct failure *failure)
{
    struct seeds seeds = {.source = {next_seed, seed_ended},
                          .exploration = e,
                          .next = e->first_seed,
                          .end = e->first_seed + e->seeds,
                          .deadline = e->began + (e->bound ? e->budget / 2 : e->budget)};

    explore_run(e, &seeds.source);
    if (seeds.has_found)
        *failure = (struct failure){.verdict = seeds.verdict, .seed = seeds.seed, .has_seed = true};
    return seeds.has_found;
}

static bool search(struct exploration *e, struct failure *failure)
{
    *failure = (struct failure){0};
    return e->bound && !e->was_interrupted &&
           explore_search(e, 0, e->bound, e->deadline, NULL, &failure->schedule, &failure->verdict);
}

static int explore(struct exploration *e)
{
    struct failure failure;
    bool has_failed;
    int status = probe(e, &failure, &has_failed);

    if (!status && has_failed)
        return treat(e, &failure);
    explore_schedule_free(&failure.schedule);
    if (status)
        return status;
    if (try_seeds(e, &failure) || search(e, &failure))
        return treat(e, &failure);
    explore_progress_end();
    printf("%s: no failure in %lu runs, %.1f s%s\n", e->program[0], e->runs,
           explore_now() - e->began, e->was_interrupted ? " (interrupted)" : "");
    return e->was_interrupted ? 130 : 0;
}

/* ----------------------------------------------------------------------------------------------------- */

static int make_directory(struct exploration *e)
{
    const char *base = getenv("TMPDIR");

    if (!base || strlen(base) + sizeof "/trivet-XXXXXX" > sizeof e->directory)
        base = "/tmp";
    snprintf(e->directory, sizeof e->directory, "%s/trivet-XXXXXX", base);
    return mkdtemp(e->directory)
               ? 0
               : explore_complain("cannot make a directory in %s: %s", base, strerror(errno));
}

static void remove_directory(const struct exploration *e)
{
    DIR *directory = opendir(e->directory);
    const struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        closedir(directory);
    rmdir(e->directory);
}

int explore_main(int argc, char **argv)
{
    struct exploration exploration;
    sigset_t set;
    int status = explore_options(argc, argv, &exploration);

    if (status)
        return status == 1 ? 0 : status;
    if (make_directory(&exploration))
        return 2;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    exploration.began = explore_now();
    exploration.deadline = exploration.began + exploration.budget;
    status = explore(&exploration);
    remove_directory(&exploration);
    free(exploration.named_output);
    return status;
}
