/* SPDX-License-Identifier: MIT */
/*
 * A schedule as data: the decisions in which a run differs from the usual one. TRIVET_SCHEDULE names
 * the file, which `trivet explore` writes:
 *
 *     # what follows a hash is for people
 *     seed 17                 where what is not scheduling (hashes, faults) comes from
 *     12 1 switch 3           decision number 12 is answered 1; it is a switch among 3
 *
 * Decisions are counted from 0 and listed in their order. Kind and count may be left out; if they are
 * there and the program asks something else, it is not the program the schedule was made for, or
 * not deterministic, which is said once on stderr. The usual answer is given then.
 */
#ifndef TRV_RUNTIME_SCHEDULE_H
#define TRV_RUNTIME_SCHEDULE_H

#include "runtime/chooser.h"

/* Reads one, and the seed it names (0 if none). NULL after a line on stderr. */
struct trv__schedule *trv__schedule_read(const char *path, uint64_t *seed);
/* The answer to a decision, whose `chosen` is not set yet. */
size_t trv__schedule_answer(struct trv__schedule *schedule, const struct trv__decision *decision);
/* Says so if the program did not come to the end of it. */
void trv__schedule_close(struct trv__schedule *schedule);

#endif
