/* SPDX-License-Identifier: MIT */
/*
 * From a failing schedule to the few decisions that matter: delta debugging (Zeller) over its steps.
 *
 * A schedule with some steps left out is another run: what comes after the first step that is
 * missing may be decided at another place of the program. So a subset is only believed when it has
 * been run. What comes after the mistake is cut off first: there, leaving out changes nothing before.
 */
#include "cli/explore.h"

#include <stdlib.h>
#include <string.h>

/* Schedules to be tried, until one of them fails like the first. */
struct candidates {
    struct source source;
    const struct schedule *whole;
    struct verdict wanted;
    size_t chunk, chunks; /* steps in a chunk, and how many chunks there are */
    size_t next;
    bool cuts_tail;        /* a candidate is what comes before its chunk, not all but the chunk */
    struct schedule *made; /* by chunk */
    size_t found;          /* SIZE_MAX: none */
};

static struct schedule without(const struct candidates *c, size_t chunk)
{
    struct schedule schedule = explore_schedule_copy(c->whole);
    size_t from = chunk * c->chunk, to = from + c->chunk;

    if (c->cuts_tail || to > schedule.count)
        to = schedule.count;
    memmove(schedule.steps + from, schedule.steps + to,
            (schedule.count - to) * sizeof *schedule.steps);
    schedule.count -= to - from;
    return schedule;
}

/* The last chunks come first, but tails are cut from the beginning: the shortest is best. */
static bool next_candidate(struct source *source, struct trial *trial)
{
    struct candidates *c = (struct candidates *)source;
    size_t chunk = c->cuts_tail ? c->next : c->chunks - 1 - c->next;

    if (c->next == c->chunks)
        return false;
    c->next++;
    c->made[chunk] = without(c, chunk);
    trial->schedule = &c->made[chunk];
    trial->tag = chunk;
    return true;
}

static bool candidate_ended(struct source *source, struct trial *trial)
{
    struct candidates *c = (struct candidates *)source;

    if (!is_same(trial->verdict, c->wanted))
        return true;
    c->found = trial->tag;
    return false;
}

/* Tries all candidates of that size; takes the first that fails. */
static bool try_all(struct exploration *e, struct schedule *schedule, struct verdict verdict,
                    size_t chunk, bool cuts_tail)
{
    struct candidates c = {.source = {next_candidate, candidate_ended},
                           .whole = schedule,
                           .wanted = verdict,
                           .chunk = chunk,
                           .chunks = (schedule->count + chunk - 1) / chunk,
                           .cuts_tail = cuts_tail,
                           .found = SIZE_MAX};

    c.made = explore_allocate(NULL, c.chunks * sizeof *c.made);
    memset(c.made, 0, c.chunks * sizeof *c.made);
    explore_run(e, &c.source);
    if (c.found != SIZE_MAX) {
        struct schedule shorter = c.made[c.found];
        c.made[c.found] = (struct schedule){0};
        explore_schedule_free(schedule);
        *schedule = shorter;
    }
    for (size_t i = 0; i < c.chunks; i++)
        explore_schedule_free(&c.made[i]);
    free(c.made);
    return c.found != SIZE_MAX;
}

static bool may_go_on(const struct exploration *e, const struct schedule *schedule)
{
    return schedule->count && !e->was_interrupted && explore_now() < e->deadline;
}

void explore_shrink(struct exploration *e, struct schedule *schedule, struct verdict verdict)
{
    for (size_t chunk = (schedule->count + 1) / 2; chunk > 0 && may_go_on(e, schedule);
         chunk /= 2) {
        while (may_go_on(e, schedule) && try_all(e, schedule, verdict, chunk, true))
            ;
        if (chunk > schedule->count)
            continue;
    }
    for (size_t chunk = (schedule->count + 1) / 2; chunk > 0 && may_go_on(e, schedule);) {
        explore_progress(e, "shrinking: %zu decisions differ", schedule->count);
        if (try_all(e, schedule, verdict, chunk, false)) {
            chunk = chunk < schedule->count ? chunk : (schedule->count + 1) / 2;
            continue;
        }
        chunk /= 2;
    }
}
