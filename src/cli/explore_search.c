/* SPDX-License-Identifier: MIT */
/*
 * Every schedule that differs from the usual one in one decision, then in two, and so on (after CHESS,
 * Musuvathi and Qadeer): most mistakes need very few preemptions, and then this finds one with no
 * more than it needs.
 *
 * Each schedule of a round is run with a trace; its trace says which decisions come after its last
 * step, and so which schedules of the next round begin with it. A round's traces are kept, up to
 * a limit; beyond it the next round is not complete.
 */
#include "cli/explore.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_MOST ((size_t)64 * 1024 * 1024 / sizeof(struct decision))

/* A schedule that was run and passed, and what followed its last step. */
struct base {
    struct schedule schedule;
    struct trace trace;
};

struct search {
    struct source source;
    struct exploration *exploration;
    const struct verdict *wanted;
    double deadline;
    struct base *bases, *made; /* the round before, this one */
    size_t base_count, made_count, kept;
    size_t at, decision; /* where the next schedule comes from */
    uint32_t answer;
    bool is_last;
    struct schedule running[JOBS_MOST]; /* by tag; steps NULL where free */
    struct schedule found;
    struct verdict verdict;
    bool has_found;
};

static void *grow(void *block, size_t count, size_t size)
{
    return (count & (count - 1)) ? block : explore_allocate(block, (count ? count * 2 : 1) * size);
}

static bool comes_after(const struct base *base, const struct decision *decision)
{
    const struct schedule *schedule = &base->schedule;

    return !schedule->count || schedule->steps[schedule->count - 1].number < decision->number;
}

static struct schedule extend(const struct base *base, const struct decision *decision,
                              uint32_t answer)
{
    struct schedule schedule = explore_schedule_copy(&base->schedule);
    struct step *step;

    schedule.steps =
        explore_allocate(schedule.steps, (schedule.count + 1) * sizeof *schedule.steps);
    step = &schedule.steps[schedule.count++];
    *step = (struct step){decision->number, answer, decision->count, ""};
    memcpy(step->kind, decision->kind, sizeof step->kind);
    return schedule;
}

/* Goes to the next answer of the next decision. False when the round is over. */
static bool advance(struct search *s, struct schedule *schedule)
{
    for (; s->at < s->base_count; s->at++, s->decision = 0, s->answer = 0) {
        const struct base *base = &s->bases[s->at];
        for (; s->decision < base->trace.count; s->decision++, s->answer = 0) {
            const struct decision *decision = &base->trace.decisions[s->decision];
            if (!comes_after(base, decision))
                continue;
            if (s->answer == decision->usual)
                s->answer++;
            if (s->answer >= decision->count)
                continue;
            *schedule = extend(base, decision, s->answer++);
            return true;
        }
    }
    return false;
}

static bool next_of_round(struct source *source, struct trial *trial)
{
    struct search *s = (struct search *)source;
    size_t slot = 0;

    if (explore_now() >= s->deadline)
        return false;
    while (s->running[slot].steps)
        slot++;
    if (!advance(s, &s->running[slot]))
        return false;
    trial->schedule = &s->running[slot];
    trial->tag = slot;
    trial->detail = s->is_last ? NO_TRACE : DECISIONS;
    return true;
}

static bool is_wanted(const struct search *s, struct verdict verdict)
{
    return s->wanted ? is_same(*s->wanted, verdict) : verdict.ending != PASSED;
}

static bool of_round_ended(struct source *source, struct trial *trial)
{
    struct search *s = (struct search *)source;
    struct schedule schedule = s->running[trial->tag];

    s->running[trial->tag] = (struct schedule){0};
    if (is_wanted(s, trial->verdict)) {
        s->has_found = true;
        s->found = schedule;
        s->verdict = trial->verdict;
        return false;
    }
    if (s->is_last || s->kept + trial->trace.count > KEPT_MOST) {
        explore_schedule_free(&schedule);
        return true;
    }
    s->made = grow(s->made, s->made_count, sizeof *s->made);
    s->made[s->made_count++] = (struct base){schedule, trial->trace};
    s->kept += trial->trace.count;
    trial->trace = (struct trace){0};
    return true;
}

static void free_bases(struct base *bases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        explore_schedule_free(&bases[i].schedule);
        explore_trace_free(&bases[i].trace);
    }
    free(bases);
}

/* One round. Whether another one can follow. */
static bool run_round(struct search *s, int round, bool is_last)
{
    double deadline = s->exploration->deadline;

    explore_progress(s->exploration, "schedules with %d decision%s that differ%s", round,
                     round == 1 ? "" : "s", round == 1 ? "s" : "");
    s->is_last = is_last;
    s->at = s->decision = s->answer = s->made_count = s->kept = 0;
    s->made = NULL;
    s->exploration->deadline = s->deadline < deadline ? s->deadline : deadline;
    explore_run(s->exploration, &s->source);
    s->exploration->deadline = deadline;
    for (size_t i = 0; i < JOBS_MOST; i++)
        explore_schedule_free(&s->running[i]);
    free_bases(s->bases, s->base_count);
    s->bases = s->made;
    s->base_count = s->made_count;
    return !s->has_found && s->base_count && !s->exploration->was_interrupted &&
           explore_now() < s->deadline;
}

bool explore_search(struct exploration *e, uint64_t seed, int bound, double deadline,
                    const struct verdict *wanted, struct schedule *schedule, struct verdict *found)
{
    struct search s = {.source = {next_of_round, of_round_ended},
                       .exploration = e,
                       .wanted = wanted,
                       .deadline = deadline < e->deadline ? deadline : e->deadline};
    struct schedule usual = {.seed = seed, .steps = explore_allocate(NULL, 1)};
    struct trial trial = {.schedule = &usual, .detail = DECISIONS};

    if (explore_once(e, &trial) && is_wanted(&s, trial.verdict)) {
        s.has_found = true;
        s.found = explore_schedule_copy(&usual);
        s.verdict = trial.verdict;
    }
    s.bases = explore_allocate(NULL, sizeof *s.bases);
    s.bases[0] = (struct base){usual, trial.trace};
    s.base_count = 1;
    free(trial.output);
    for (int round = 1; round <= bound && !s.has_found; round++)
        if (!run_round(&s, round, round == bound))
            break;
    free_bases(s.bases, s.base_count);
    if (!s.has_found)
        return false;
    *schedule = s.found;
    *found = s.verdict;
    return true;
}
