/* SPDX-License-Identifier: MIT */
/*
 * A comparison as a table for people and as JSON for programs.
 *
 * JSON: {"version": ..., "workloads": [{"name", "tasks", "verdict", "legs": [{"leg", "seconds",
 * "speedup", "tasks_per_second", "p50_ms", "p99_ms", "memory_bytes", "lock_share", "cpu_seconds",
 * "workers", "failures", "error", "rounds": [seconds...]}]}]}. Figures are null where no round succeeded.
 */
#include "cli/compare.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How much faster than inline; 0 if that is not known. */
static double speed_up(const struct row rows[LEGS], int leg)
{
    const struct measurement *base = &rows[INLINE].median, *one = &rows[leg].median;

    return base->is_good && one->is_good && one->seconds > 0 ? base->seconds / one->seconds : 0;
}

/* Columns a number wide, or a dash where there is none. */
static void print_figure(int width, int digits, double value, bool is_known)
{
    if (is_known)
        printf("%*.*f", width, digits, value);
    else
        printf("%*s", width, "-");
}

static void print_row(const struct row rows[LEGS], int leg)
{
    const struct measurement *m = &rows[leg].median;
    double gain = speed_up(rows, leg);

    printf("  %-11s", leg_names[leg]);
    if (!m->is_good) {
        printf("failed: %s\n", m->error);
        return;
    }
    print_figure(9, 3, m->seconds, true);
    print_figure(10, 2, gain, gain > 0);
    print_figure(10, 0, m->tasks / m->seconds, true);
    print_figure(10, 2, m->p50 * 1e3, true);
    print_figure(10, 2, m->p99 * 1e3, true);
    print_figure(10, 1, m->memory_bytes / 1e6, m->memory_bytes > 0);
    print_figure(9, 0, m->lock_share * 100, true);
    printf(" %%\n");
    for (unsigned i = 0; i < rows[leg].count; i++)
        if (!rows[leg].rounds[i].is_good)
            printf("  %-11sone round failed: %s\n", "", rows[leg].rounds[i].error);
}

/* The verdict, broken between words at the width of the table. */
static void print_verdict(const char *text)
{
    enum { WIDTH = 84 };

    printf("  => ");
    while (strlen(text) > WIDTH) {
        int length = WIDTH;
        while (length > 0 && text[length] != ' ')
            length--;
        if (!length)
            break;
        printf("%.*s\n     ", length, text);
        text += length + 1;
    }
    printf("%s\n\n", text);
}

void report_workload(const struct plan *plan, const struct workload *workload,
                     const struct row rows[LEGS])
{
    char text[512];
    unsigned tasks = 0;

    for (int leg = 0; leg < LEGS; leg++)
        if (rows[leg].median.is_good)
            tasks = rows[leg].median.tasks;
    verdict(plan, rows, text, sizeof text);
    if (plan->json && strcmp(plan->json, "-") == 0)
        return;
    printf("%s: %s, %u tasks\n", workload->name, workload->summary, tasks);
    printf("  %-11s%9s%10s%10s%10s%10s%10s%11s\n", "leg", "seconds", "speed-up", "tasks/s",
           "p50 ms", "p99 ms", "memory MB", "GIL wait");
    for (int leg = 0; leg < LEGS; leg++)
        if (plan->legs[leg])
            print_row(rows, leg);
    print_verdict(text);
    fflush(stdout);
}

static void json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c < 0x20)
            fprintf(file, "\\u%04x", c);
        else
            fputc(c, file);
    }
    fputc('"', file);
}

static void json_figure(FILE *file, const char *name, double value, bool is_known)
{
    if (is_known)
        fprintf(file, ", \"%s\": %.9g", name, value);
    else
        fprintf(file, ", \"%s\": null", name);
}

static void json_leg(FILE *file, const struct row rows[LEGS], int leg)
{
    const struct measurement *m = &rows[leg].median;

    fprintf(file, "        {\"leg\": \"%s\"", leg_names[leg]);
    json_figure(file, "seconds", m->seconds, m->is_good);
    json_figure(file, "speedup", speed_up(rows, leg), speed_up(rows, leg) > 0);
    json_figure(file, "tasks_per_second", m->seconds > 0 ? m->tasks / m->seconds : 0, m->is_good);
    json_figure(file, "p50_ms", m->p50 * 1e3, m->is_good);
    json_figure(file, "p99_ms", m->p99 * 1e3, m->is_good);
    json_figure(file, "memory_bytes", m->memory_bytes, m->is_good && m->memory_bytes > 0);
    json_figure(file, "lock_share", m->lock_share, m->is_good);
    json_figure(file, "cpu_seconds", m->cpu_seconds, m->is_good);
    fprintf(file, ", \"workers\": %u, \"failures\": %u", m->workers, rows[leg].failures);
    for (unsigned i = 0, shown = 0; i < rows[leg].count && !shown; i++)
        if (!rows[leg].rounds[i].is_good && (shown = 1)) {
            fputs(", \"error\": ", file);
            json_string(file, rows[leg].rounds[i].error);
        }
    fputs(", \"rounds\": [", file);
    for (unsigned i = 0, shown = 0; i < rows[leg].count; i++)
        if (rows[leg].rounds[i].is_good)
            fprintf(file, "%s%.9g", shown++ ? ", " : "", rows[leg].rounds[i].seconds);
    fputs("]}", file);
}

static void json_workload(FILE *file, const struct plan *plan, unsigned i,
                          const struct row rows[LEGS])
{
    const char *separator = "";
    unsigned tasks = 0;
    char text[512];

    for (int leg = 0; leg < LEGS; leg++)
        tasks = rows[leg].median.is_good ? rows[leg].median.tasks : tasks;
    verdict(plan, rows, text, sizeof text);
    fputs("    {\"name\": ", file);
    json_string(file, plan->chosen[i].name);
    fprintf(file, ", \"tasks\": %u, \"verdict\": ", tasks);
    json_string(file, text);
    fputs(", \"legs\": [\n", file);
    for (int leg = 0; leg < LEGS; leg++) {
        if (!plan->legs[leg])
            continue;
        fputs(separator, file);
        json_leg(file, rows, leg);
        separator = ",\n";
    }
    fputs("\n      ]}", file);
}

int report_json(const struct plan *plan, struct row (*rows)[LEGS])
{
    bool is_stdout = strcmp(plan->json, "-") == 0;
    FILE *file = is_stdout ? stdout : fopen(plan->json, "we");
    bool is_bad;

    if (!file)
        return complain("--json: %s: %s", plan->json, strerror(errno)), -1;
    fprintf(file, "{\n  \"version\": \"%s\",\n  \"workloads\": [\n", trv_version());
    for (unsigned i = 0; i < plan->chosen_count; i++) {
        if (i)
            fputs(",\n", file);
        json_workload(file, plan, i, rows[i]);
    }
    fputs("\n  ]\n}\n", file);
    is_bad = fflush(file) != 0 || ferror(file);
    if (!is_stdout && fclose(file) != 0)
        is_bad = true;
    return is_bad ? (complain("--json: %s: %s", plan->json, strerror(errno)), -1) : 0;
}
