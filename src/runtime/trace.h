/* SPDX-License-Identifier: MIT */
/*
 * The trace of a seeded run: one line for each decision, written at once, so that it is whole also
 * when the program is killed. TRIVET_TRACE names the file. Fields are separated by tabs:
 *
 *     number kind count chosen usual from at to at
 *
 * `from` made way, or woke somebody, at that place of the user's source; `to` was chosen, and goes on
 * at its place. Other lines begin with a word: "time" and virtual nanoseconds when time has moved;
 * "fault" and a place in the library. The first names the format and the seed.
 *
 * The same seed gives the same file, whatever the machine and wherever code is loaded. Places cost
 * most of the time; TRIVET_TRACE_PLACES=0 leaves them out.
 */
#ifndef TRV_RUNTIME_TRACE_H
#define TRV_RUNTIME_TRACE_H

#include "runtime/chooser.h"

#include "trivet/function.h"

/* NULL after a line on stderr. */
struct trv__trace *trv__trace_open(const char *path, uint64_t seed);
void trv__trace_close(struct trv__trace *trace);
void trv__trace_decision(struct trv__trace *trace, const struct trv__decision *decision,
                         const struct trv__context *from, const struct trv__context *to);
/* The same where a coroutine is to begin with a call; `spec` is NULL if it is of no function. */
void trv__trace_call(struct trv__trace *trace, const struct trv__decision *decision,
                     const trv_function_spec *spec);
/* A context makes way. If it is a coroutine, it is the `from` of the next decision between such. */
void trv__trace_left(struct trv__trace *trace, const struct trv__context *context);
void trv__trace_time(struct trv__trace *trace, int64_t now_ns);
void trv__trace_fault(struct trv__trace *trace, const char *file, int line);
/* The place in the user's code that has called the library; one that says "between calls" if there is
 * none on the stack; NULL without places. */
const void *trv__trace_place(struct trv__trace *trace);

#endif
