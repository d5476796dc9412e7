/* SPDX-License-Identifier: MIT */
/*
 * Reading what src/runtime/trace.c writes, and writing what src/runtime/schedule.c reads.
 *
 * A trace may end in the middle of a line, where its program was killed: that line is left out.
 */
#include "cli/explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS = 9 };

/* Reading ------------------------------------------------------------------------------------------- */

/* Splits a line at its tabs. Returns how many fields it has; those beyond FIELDS are not set. */
static int split(char *line, char *fields[FIELDS])
{
    int count = 0;

    for (char *rest = line, *field; (field = strsep(&rest, "\t")); count++)
        if (count < FIELDS)
            fields[count] = field;
    return count;
}

static char *keep(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(explore_allocate(NULL, size), text, size);
}

static void append(struct trace *trace, char *const fields[FIELDS], enum detail detail)
{
    struct decision *decision;

    if (trace->count == trace->capacity) {
        trace->capacity = trace->capacity ? trace->capacity * 2 : 64;
        trace->decisions =
            explore_allocate(trace->decisions, trace->capacity * sizeof *trace->decisions);
    }
    decision = &trace->decisions[trace->count++];
    *decision = (struct decision){.number = strtoull(fields[0], NULL, 10),
                                  .count = (uint32_t)strtoul(fields[2], NULL, 10),
                                  .chosen = (uint32_t)strtoul(fields[3], NULL, 10),
                                  .usual = (uint32_t)strtoul(fields[4], NULL, 10)};
    snprintf(decision->kind, sizeof decision->kind, "%s", fields[1]);
    if (detail != PLACES)
        return;
    decision->from = keep(fields[5]);
    decision->from_place = keep(fields[6]);
    decision->to = keep(fields[7]);
    decision->to_place = keep(fields[8]);
}

void explore_trace_read(const char *path, enum detail detail, struct trace *trace)
{
    FILE *file = fopen(path, "re");
    char line[2048], *fields[FIELDS];

    *trace = (struct trace){0};
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        char *end = strchr(line, '\n');
        int count;
        if (!end)
            break;
        *end = 0;
        count = split(line, fields);
        if (count == 4 && !strcmp(fields[0], "trivet-trace") && !strcmp(fields[1], "1")) {
            trace->is_there = true;
            trace->seed = strtoull(fields[3], NULL, 10);
        } else if (count == 2 && !strcmp(fields[0], "fault")) {
            snprintf(trace->fault, sizeof trace->fault, "%s", fields[1]);
        } else if (count == FIELDS) {
            append(trace, fields, detail);
        }
    }
    fclose(file);
}

void explore_trace_free(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->decisions[i].from);
        free(trace->decisions[i].from_place);
        free(trace->decisions[i].to);
        free(trace->decisions[i].to_place);
    }
    free(trace->decisions);
    *trace = (struct trace){0};
}

size_t explore_trace_compare(const struct trace *a, const struct trace *b)
{
    size_t both = a->count < b->count ? a->count : b->count;

    for (size_t i = 0; i < both; i++) {
        const struct decision *x = &a->decisions[i], *y = &b->decisions[i];
        if (x->number != y->number || x->count != y->count || x->chosen != y->chosen ||
            strcmp(x->kind, y->kind) != 0)
            return i;
    }
    return a->count == b->count ? SIZE_MAX : both;
}

/* Schedules ----------------------------------------------------------------------------------------- */

struct schedule explore_schedule_of(const struct trace *trace)
{
    struct schedule schedule = {.seed = trace->seed};

    schedule.steps = explore_allocate(NULL, trace->count * sizeof *schedule.steps);
    for (size_t i = 0; i < trace->count; i++) {
        const struct decision *decision = &trace->decisions[i];
        struct step *step = &schedule.steps[schedule.count];
        if (decision->chosen == decision->usual)
            continue;
        *step = (struct step){decision->number, decision->chosen, decision->count, ""};
        memcpy(step->kind, decision->kind, sizeof step->kind);
        schedule.count++;
    }
    return schedule;
}

struct schedule explore_schedule_copy(const struct schedule *schedule)
{
    struct schedule copy = *schedule;

    copy.steps = explore_allocate(NULL, copy.count * sizeof *copy.steps);
    if (copy.count)
        memcpy(copy.steps, schedule->steps, copy.count * sizeof *copy.steps);
    return copy;
}

void explore_schedule_free(struct schedule *schedule)
{
    free(schedule->steps);
    *schedule = (struct schedule){0};
}

int explore_schedule_write(const char *path, const struct schedule *schedule, char *const *program)
{
    FILE *file = fopen(path, "we");

    if (!file)
        return -1;
    if (program) {
        fputs("# found by `trivet explore`; replay: TRIVET_SCHEDULE=THIS_FILE", file);
        for (; *program; program++)
            fprintf(file, " %s", *program);
        fputc('\n', file);
    }
    fprintf(file, "seed %" PRIu64 "\n", schedule->seed);
    for (size_t i = 0; i < schedule->count; i++) {
        const struct step *step = &schedule->steps[i];
        fprintf(file, "%" PRIu64 " %" PRIu32, step->number, step->choice);
        if (step->count)
            fprintf(file, " %s %" PRIu32, step->kind, step->count);
        fputc('\n', file);
    }
    return fclose(file) ? -1 : 0;
}
