/* SPDX-License-Identifier: MIT */
/*
 * All schedules of what runs under the GIL: the real library under a seed, with every decision of its
 * chooser made here instead of drawn. A program is run again and again, each time with the last
 * decision that has another answer taken the other way, until there are none left.
 *
 * Preemptions (a safepoint that switches) are what makes schedules many: a run has at most as many as
 * the program's bound, tried from 0 upwards. Who goes on when somebody waits or ends, and who of
 * those that wait is woken, is always tried in every way.
 *
 * Each program runs with its members as threads, as coroutines of one loop, and mixed.
 */
#ifndef TRV_TESTS_SCHEDULES_H
#define TRV_TESTS_SCHEDULES_H

#include "models/checker.h"
#include "support/crew.h"

#define SCHEDULE_MEMBERS 4

struct schedule_program {
    const char *name;
    void (*begin)(void);
    crew_body *members[SCHEDULE_MEMBERS]; /* the first NULL ends them */
    void (*end)(void);                    /* after all members: what must hold */
    int preemptions;
};

/* Fails the run. Returns: the member is to go on, and end. */
void schedule_fail(const char *file, int line, const char *claim);
#define SCHEDULE_ASSERT(claim) ((claim) ? (void)0 : schedule_fail(__FILE__, __LINE__, #claim))

/* Fails the test, printing the decisions, with the first schedule that is bad. */
void schedule_check(const struct schedule_program *program);
/* Wants each variant to be found by one of the programs. */
void schedule_check_variants(const struct model_variant *variants,
                             const struct schedule_program *const *programs, size_t count);

#endif
