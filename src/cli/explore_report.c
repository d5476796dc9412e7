/* SPDX-License-Identifier: MIT */
/*
 * What people read: a line of progress on a terminal, and the report of a failure.
 */
#include "cli/explore.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINES_SHOWN = 12 };

void explore_progress(const struct exploration *e, const char *format, ...)
{
    va_list arguments;

    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%lu runs, %.1f s: ", e->runs, explore_now() - e->began);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fflush(stderr);
}

void explore_progress_end(void)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
}

const char *explore_verdict_text(struct verdict verdict, char *text, size_t size)
{
    switch (verdict.ending) {
    case PASSED:
        snprintf(text, size, "passes");
        break;
    case EXITED:
        snprintf(text, size, "fails with exit status %d", verdict.code);
        break;
    case KILLED:
        snprintf(text, size, "is killed by signal %d (%s)", verdict.code, strsignal(verdict.code));
        break;
    case HUNG:
        snprintf(text, size, "hangs");
        break;
    case NOT_RUN:
        snprintf(text, size, "cannot be run: %s", strerror(verdict.code));
        break;
    }
    return text;
}

/* The last lines of what the program printed. */
static void print_output(const char *output)
{
    const char *at = output ? output + strlen(output) : NULL;
    int lines = 0;

    while (at && at > output && lines < LINES_SHOWN)
        if (*--at == '\n' && at[1] && ++lines == LINES_SHOWN)
            at++;
    if (!at || !*at)
        return;
    printf("It prints:\n");
    while (*at) {
        size_t length = strcspn(at, "\n");
        printf("    %.*s\n", (int)length, at);
        at += length + (at[length] == '\n');
    }
}

/* " at add (x.c:24)", or a word for the threads that are nowhere in the user's code. */
static const char *in_words(const char *place, char *text, size_t size)
{
    if (!strcmp(place, "-"))
        snprintf(text, size, ", which has not begun");
    else if (!strcmp(place, "between calls"))
        snprintf(text, size, ", %s", place);
    else
        snprintf(text, size, " at %s", place);
    return text;
}

static void print_step(size_t number, const struct decision *d)
{
    char at[600], to[600];
    bool has_from = strcmp(d->from, "-") != 0;

    in_words(d->from_place, at, sizeof at);
    in_words(d->to_place, to, sizeof to);
    if (!strcmp(d->kind, "waiter"))
        printf("  %zu. %s%s\n     wakes %s%s\n", number, d->from, at, d->to, to);
    else if (!strcmp(d->kind, "switch"))
        printf("  %zu. %s is switched away from%s\n     to %s%s\n", number, d->from, at, d->to, to);
    else if (has_from && !strcmp(d->from, d->to))
        printf("  %zu. %s makes way%s\n     and goes on before the others\n", number, d->from, at);
    else if (has_from)
        printf("  %zu. %s makes way%s\n     for %s%s\n", number, d->from, at, d->to, to);
    else
        printf("  %zu. of those that may run\n     %s goes on%s\n", number, d->to, to);
}

static void print_steps(const struct trace *trace)
{
    size_t count = 0;

    for (size_t i = 0; i < trace->count; i++)
        count += trace->decisions[i].chosen != trace->decisions[i].usual;
    if (count == 0)
        printf("No switch is needed: so it ends in the usual order.\n");
    else if (count == 1)
        printf("One switch is enough:\n");
    else
        printf("%zu switches are enough:\n", count);
    count = 0;
    for (size_t i = 0; i < trace->count; i++)
        if (trace->decisions[i].chosen != trace->decisions[i].usual)
            print_step(++count, &trace->decisions[i]);
}

/* For a shell. */
static void print_word(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "%+,-./:=@_";

    if (*word && word[strspn(word, plain)] == 0) {
        printf("%s", word);
        return;
    }
    putchar('\'');
    for (; *word; word++)
        if (*word == '\'')
            printf("'\\''");
        else
            putchar(*word);
    putchar('\'');
}

static void print_command(const struct exploration *e, const char *variable, const char *value)
{
    printf("    %s=", variable);
    print_word(value);
    if (e->time_limit)
        printf(" TRIVET_TIME_LIMIT=%s", e->time_limit);
    if (e->fault_rate)
        printf(" TRIVET_FAULT_RATE=%s", e->fault_rate);
    for (char **word = e->program; *word; word++) {
        putchar(' ');
        print_word(*word);
    }
    putchar('\n');
}

void explore_report(const struct exploration *e, const struct schedule *schedule,
                    const struct trial *trial, const uint64_t *seed)
{
    char text[128];

    explore_progress_end();
    printf("%s %s", e->program[0], explore_verdict_text(trial->verdict, text, sizeof text));
    if (seed)
        printf(" under seed %" PRIu64, *seed);
    printf(" (%lu runs, %.1f s)\n", e->runs, explore_now() - e->began);
    print_output(trial->output);
    if (trial->trace.fault[0])
        printf("The last fault that was made to strike: %s\n", trial->trace.fault);
    print_steps(&trial->trace);
    printf("Replay it:\n");
    if (seed) {
        snprintf(text, sizeof text, "%" PRIu64, *seed);
        print_command(e, "TRIVET_SEED", text);
    }
    if (explore_schedule_write(e->output, schedule, e->program) < 0)
        explore_complain("cannot write the schedule to %s", e->output);
    else
        print_command(e, "TRIVET_SCHEDULE", e->output);
}
