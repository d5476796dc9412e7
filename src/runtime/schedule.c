/* SPDX-License-Identifier: MIT */
/*
 * Reading a schedule, and answering from it.
 *
 * Invariant: entries are in the order of their decisions' numbers, and those before `next` have been
 * met. No fault points here: a schedule is followed to see a fault again, and reading it must
 * not shift which one that is.
 */
#include "runtime/schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const kinds[] = TRV__KINDS;

struct entry {
    uint64_t number;
    size_t choice;
    size_t count; /* 0: not said, nor the kind */
    enum trv__choice kind;
};

struct trv__schedule {
    struct entry *entries;
    size_t count, capacity, next;
    bool has_diverged;
};

/* Reading ------------------------------------------------------------------------------------------- */

static int kind_of(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (!strcmp(name, kinds[i]))
            return (int)i;
    return -1;
}

/* What a line says: 1 an entry, 0 nothing, -1 it makes no sense. */
static int parse_line(char *line, struct entry *entry, uint64_t *seed)
{
    char kind[16];
    int parsed, known, end = 0;

    *entry = (struct entry){0};
    line[strcspn(line, "#\n")] = 0;
    if (line[strspn(line, " \t")] == 0)
        return 0;
    if (sscanf(line, " seed %" SCNu64 " %n", seed, &end) == 1 && !line[end])
        return 0;
    parsed = sscanf(line, "%" SCNu64 " %zu %n%15s %zu %n", &entry->number, &entry->choice, &end,
                    kind, &entry->count, &end);
    if (parsed < 2 || parsed == 3 || line[end])
        return -1;
    if (parsed == 2)
        return 1;
    known = kind_of(kind);
    entry->kind = (enum trv__choice)known;
    return known < 0 || entry->choice >= entry->count ? -1 : 1;
}

static int append(struct trv__schedule *schedule, struct entry entry)
{
    if (schedule->count && schedule->entries[schedule->count - 1].number >= entry.number)
        return -1;
    if (schedule->count == schedule->capacity) {
        size_t capacity = schedule->capacity ? schedule->capacity * 2 : 64;
        struct entry *entries = realloc(schedule->entries, capacity * sizeof *entries);
        if (!entries)
            return -1;
        schedule->entries = entries;
        schedule->capacity = capacity;
    }
    schedule->entries[schedule->count++] = entry;
    return 0;
}

/* The number of the first line that makes no sense, or 0. */
static int read_lines(struct trv__schedule *schedule, FILE *file, uint64_t *seed)
{
    char line[256];

    for (int number = 1; fgets(line, sizeof line, file); number++) {
        struct entry entry;
        int says = parse_line(line, &entry, seed);
        if (says < 0 || (says && append(schedule, entry) < 0))
            return number;
    }
    return 0;
}

static void destroy(struct trv__schedule *schedule)
{
    free(schedule->entries);
    free(schedule);
}

struct trv__schedule *trv__schedule_read(const char *path, uint64_t *seed)
{
    struct trv__schedule *schedule = calloc(1, sizeof *schedule);
    FILE *file = schedule ? fopen(path, "re") : NULL;
    int wrong;

    *seed = 0;
    if (!file) {
        fprintf(stderr, "trivet: cannot read the schedule %s: %s\n", path, strerror(errno));
        free(schedule);
        return NULL;
    }
    wrong = read_lines(schedule, file, seed);
    fclose(file);
    if (!wrong)
        return schedule;
    fprintf(stderr, "trivet: %s:%d: not a line of a schedule\n", path, wrong);
    destroy(schedule);
    return NULL;
}

/* Following ----------------------------------------------------------------------------------------- */

static void diverge(struct trv__schedule *schedule, const struct entry *expected,
                    const struct trv__decision *met)
{
    if (schedule->has_diverged)
        return;
    schedule->has_diverged = true;
    if (!expected->count)
        fprintf(stderr,
                "trivet: the schedule does not fit: decision %" PRIu64
                " has %zu answers, and number %zu was asked for\n",
                met->number, met->count, expected->choice);
    else
        fprintf(stderr,
                "trivet: the schedule does not fit: decision %" PRIu64
                " was a %s among %zu, and is a %s among %zu\n",
                met->number, kinds[expected->kind], expected->count, kinds[met->kind], met->count);
}

static bool fits(const struct entry *entry, const struct trv__decision *decision)
{
    if (entry->choice >= decision->count)
        return false;
    return !entry->count || (entry->kind == decision->kind && entry->count == decision->count);
}

size_t trv__schedule_answer(struct trv__schedule *schedule, const struct trv__decision *decision)
{
    const struct entry *entry = &schedule->entries[schedule->next];

    if (schedule->next == schedule->count || entry->number != decision->number)
        return decision->usual;
    schedule->next++;
    if (fits(entry, decision))
        return entry->choice;
    diverge(schedule, entry, decision);
    return decision->usual;
}

void trv__schedule_close(struct trv__schedule *schedule)
{
    if (schedule->next < schedule->count && !schedule->has_diverged)
        fprintf(stderr,
                "trivet: the schedule does not fit: the program made no decision %" PRIu64 "\n",
                schedule->entries[schedule->next].number);
    destroy(schedule);
}
