/* SPDX-License-Identifier: MIT */
/*
 * What to make of the figures: which leg, by how much, and why.
 *
 * The reason comes from what was measured, not from the workload's name, so that it holds for a
 * user's own function too:
 *   - how much of its time the inline run spent on a processor says whether the work computes or
 *     waits;
 *   - whether threads gained says whether it holds the GIL while it computes.
 * Legs within TIE of the fastest are named beside it: the difference is within the noise.
 */
#include "cli/compare.h"

#include <stdio.h>
#include <string.h>

#define TIE 1.08
#define GAIN 1.15

/* The share of the inline run's time in which it computed, or would have if the machine were free. */
static double busy_share(const struct row rows[LEGS])
{
    const struct measurement *m = &rows[INLINE].median;

    return m->is_good && m->seconds > 0 ? m->busy_seconds / m->seconds : -1;
}

static double gain(const struct row rows[LEGS], enum leg leg)
{
    if (!rows[leg].median.is_good || !rows[INLINE].median.is_good || rows[leg].median.seconds <= 0)
        return 0;
    return rows[INLINE].median.seconds / rows[leg].median.seconds;
}

static int fastest(const struct row rows[LEGS])
{
    int best = -1;

    for (int leg = 0; leg < LEGS; leg++)
        if (rows[leg].median.is_good &&
            (best < 0 || rows[leg].median.seconds < rows[best].median.seconds))
            best = leg;
    return best;
}

/* "processes", or "coroutines and threads" when others are as fast. */
static void name_winners(const struct row rows[LEGS], int best, char *text, size_t size)
{
    snprintf(text, size, "%s", leg_names[best]);
    for (int leg = 0; leg < LEGS; leg++) {
        size_t used = strlen(text);
        if (leg != best && rows[leg].median.is_good &&
            rows[leg].median.seconds <= rows[best].median.seconds * TIE)
            snprintf(text + used, size - used, " or %s", leg_names[leg]);
    }
}

static void explain_waiting(const struct row rows[LEGS], int best, char *text, size_t size)
{
    double coroutines = gain(rows, COROUTINES), threads = gain(rows, THREADS);

    if (best == INLINE)
        snprintf(text, size, "the tasks wait, yet nothing waits at the same time");
    else if (coroutines > 0 && threads > 0 && best == COROUTINES && coroutines > threads * TIE &&
             rows[THREADS].median.workers < rows[THREADS].median.tasks)
        snprintf(text, size,
                 "the tasks wait, and coroutines all wait at once, threads only %u at a time",
                 rows[THREADS].median.workers);
    else
        snprintf(text, size, "the tasks wait, and can do so at the same time");
}

static void explain_computing(const struct row rows[LEGS], int best, char *text, size_t size)
{
    double threads = gain(rows, THREADS), processes = gain(rows, PROCESSES);

    if (threads > GAIN && best != INLINE)
        snprintf(text, size,
                 "the tasks compute without the GIL, so threads run side by side, as processes do");
    else if (processes > GAIN && threads > 0)
        snprintf(text, size,
                 "the tasks compute under the GIL, which threads share (they waited for it %.0f %% "
                 "of their time) "
                 "and every process has for itself",
                 rows[THREADS].median.lock_share * 100);
    else if (processes > GAIN)
        snprintf(text, size, "the tasks compute, and every process has a GIL for itself");
    else
        snprintf(text, size, "the tasks compute, and spreading them costs as much as it gains");
}

static void explain(const struct row rows[LEGS], int best, char *text, size_t size)
{
    double busy = busy_share(rows);

    if (busy < 0)
        snprintf(text, size, "there is no inline run to say why");
    else if (busy < 0.2)
        explain_waiting(rows, best, text, size);
    else if (busy > 0.8)
        explain_computing(rows, best, text, size);
    else
        snprintf(text, size, "the tasks wait %.0f %% of their time and compute the rest%s",
                 (1 - busy) * 100,
                 best == PROCESSES    ? ", which processes do side by side"
                 : best == COROUTINES ? ", and the waiting is what can overlap under one GIL"
                 : best == THREADS    ? ", and threads overlap the waiting"
                                      : "");
}

void verdict(const struct plan *plan, const struct row rows[LEGS], char *text, size_t size)
{
    char winners[128], reason[256];
    int best = fastest(rows);
    double by;

    (void)plan;
    if (best < 0) {
        snprintf(text, size, "no leg finished");
        return;
    }
    name_winners(rows, best, winners, sizeof winners);
    explain(rows, best, reason, sizeof reason);
    by = gain(rows, (enum leg)best);
    if (best == INLINE || by <= 0)
        snprintf(text, size, "%s: %s", winners, reason);
    else
        snprintf(text, size, "%s, %.2f times as fast as inline: %s", winners, by, reason);
}
