/* SPDX-License-Identifier: MIT */
/*
 * The rounds of a comparison.
 *
 * Legs take turns: in each round every leg is measured once before any is measured again, so that
 * what slows the machine for a while slows them all. The first round warms up (page cache, CPU
 * clocks) and is thrown away. Medians are taken figure by figure.
 */
#include "cli/compare.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct settings settings_for(const struct plan *plan, const struct workload *workload, enum leg leg)
{
    struct settings settings = plan->settings;
    unsigned processors = trv_cpu_count();

    if (!settings.tasks)
        settings.tasks = workload->tasks;
    if (!settings.size)
        settings.size = workload->size;
    if (settings.delay <= 0)
        settings.delay = workload->delay;
    if (!settings.workers && leg == THREADS)
        settings.workers = workload->waits ? 32 : processors;
    if (!settings.workers && leg == PROCESSES)
        settings.workers = workload->waits ? 8 : processors;
    if (leg == INLINE)
        settings.workers = 1;
    if (leg == COROUTINES)
        settings.workers = 0;
    return settings;
}

int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(const struct row *row, size_t offset)
{
    double values[ROUNDS_MOST];
    unsigned count = 0;

    for (unsigned i = 0; i < row->count; i++)
        if (row->rounds[i].is_good)
            memcpy(&values[count++], (const char *)&row->rounds[i] + offset, sizeof *values);
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void take_medians(struct row *row)
{
    static const size_t offsets[] = {
        offsetof(struct measurement, seconds),      offsetof(struct measurement, cpu_seconds),
        offsetof(struct measurement, busy_seconds), offsetof(struct measurement, p50),
        offsetof(struct measurement, p99),          offsetof(struct measurement, lock_share),
        offsetof(struct measurement, memory_bytes)};

    for (unsigned i = 0; i < row->count; i++) {
        if (!row->rounds[i].is_good) {
            row->failures++;
            if (!row->median.is_good && !row->median.error[0])
                memcpy(row->median.error, row->rounds[i].error, sizeof row->median.error);
            continue;
        }
        if (!row->median.is_good)
            row->median = row->rounds[i];
    }
    for (size_t i = 0; row->median.is_good && i < sizeof offsets / sizeof *offsets; i++) {
        double value = median_of(row, offsets[i]);
        memcpy((char *)&row->median + offsets[i], &value, sizeof value);
    }
}

static void show_progress(const struct workload *workload, enum leg leg, unsigned round,
                          unsigned rounds)
{
    if (!isatty(STDERR_FILENO))
        return;
    if (!workload)
        fputs("\r\033[K", stderr);
    else if (round == 0)
        fprintf(stderr, "\r\033[K%s on %s: warming up", workload->name, leg_names[leg]);
    else
        fprintf(stderr, "\r\033[K%s on %s: round %u of %u", workload->name, leg_names[leg], round,
                rounds);
    fflush(stderr);
}

static void measure_workload(const struct plan *plan, const struct workload *workload,
                             struct row rows[LEGS])
{
    for (unsigned round = 0; round <= plan->rounds; round++)
        for (int leg = 0; leg < LEGS; leg++) {
            struct measurement warm_up;
            if (!plan->legs[leg])
                continue;
            show_progress(workload, (enum leg)leg, round, plan->rounds);
            /* A worker killed in the warm-up is no less worth a line in the report. */
            sample(plan, workload, (enum leg)leg,
                   round ? &rows[leg].rounds[rows[leg].count++] : &warm_up);
            if (!round && !warm_up.is_good)
                rows[leg].rounds[rows[leg].count++] = warm_up;
            if (rows[leg].count == ROUNDS_MOST)
                break;
        }
    for (int leg = 0; leg < LEGS; leg++)
        take_medians(&rows[leg]);
    show_progress(NULL, INLINE, 0, 0);
}

/* Whether every round of every leg gave the same answer; a line on stderr for each that did not. */
static int check_answers(const struct workload *workload, const struct row rows[LEGS])
{
    const struct measurement *first = NULL;
    int status = 0;

    for (int leg = 0; leg < LEGS; leg++)
        for (unsigned i = 0; i < rows[leg].count; i++) {
            const struct measurement *one = &rows[leg].rounds[i];
            if (!one->is_good)
                continue;
            if (!first)
                first = one;
            if (one->answer == first->answer)
                continue;
            complain("%s: another answer on %s: %.60s... against %.60s...", workload->name,
                     leg_names[leg], one->shown, first->shown);
            status = 1;
        }
    return status;
}

static int failures_in(const struct row rows[LEGS])
{
    for (int leg = 0; leg < LEGS; leg++)
        if (rows[leg].failures)
            return 1;
    return 0;
}

static bool needs_server(const struct plan *plan)
{
    for (unsigned i = 0; i < plan->chosen_count; i++)
        if (plan->chosen[i].needs_server)
            return true;
    return false;
}

int compare_main(int argc, char **argv)
{
    struct plan plan;
    struct row(*rows)[LEGS];
    int status = read_options(argc, argv, &plan), server = 0;

    if (status)
        return status == 1 ? 0 : status;
    if (needs_server(&plan) && (server = server_start(&plan.settings.port)) < 0)
        return 1;
    rows = calloc(plan.chosen_count, sizeof *rows);
    for (unsigned i = 0; rows && i < plan.chosen_count; i++) {
        measure_workload(&plan, &plan.chosen[i], rows[i]);
        report_workload(&plan, &plan.chosen[i], rows[i]);
        status |= check_answers(&plan.chosen[i], rows[i]) | failures_in(rows[i]);
    }
    if (!rows)
        status = complain("out of memory");
    else if (plan.json && report_json(&plan, rows) < 0)
        status = 1;
    if (server > 0)
        server_stop(server);
    free(rows);
    return status;
}
