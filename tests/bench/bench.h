/* SPDX-License-Identifier: MIT */
/*
 * What the benchmarks share: a clock, a median, and the one line that is printed for a figure,
 *
 *     workload <tab> trivet <tab> median <tab> unit <tab> least <tab> greatest
 *
 * BENCH="prefix prefix..." limits which workloads run; UNIT is appended to each unit. Programs
 * of other runtimes that print the same lines can take turns with ours: see `ratios`.
 *
 * An operation that fails ends the program: a figure with an error inside is none.
 */
#ifndef TRV_TESTS_BENCH_H
#define TRV_TESTS_BENCH_H

#include <trivet.h>

/* The groups, a file each: every workload that is wanted, one after another. */
void bench_heap(void);
void bench_collector(void);
void bench_lock(void);
void bench_legs(void);

/* Serves net.echo_rps until killed. Returns: the exit status. */
int bench_echo(const char *port);

/* Seconds on the monotonic clock. */
double bench_now(void);

/* Whether BENCH asks for that workload. */
int bench_wanted(const char *workload);

/* Prints the line of a figure; sorts `values`. */
void bench_emit(const char *workload, double *values, int count, const char *unit);
/* The same for one of several ways to do it: the peer is "trivet VARIANT". */
void bench_emit_as(const char *workload, const char *variant, double *values, int count,
                   const char *unit);

/* Resident memory of this process. */
double bench_resident_bytes(void);
/* The most it has been. */
double bench_peak_bytes(void);

/* A permutation of 0...count-1, the same each time; free() it. */
int *bench_shuffled(int count);

/* Prints what went wrong and ends the program. */
_Noreturn void bench_failed(const char *what, int line);

/* That this did not fail: for calls that answer 0 or -1, and for those that return a pointer. */
#define DID(call) ((call) < 0 ? bench_failed(#call, __LINE__) : (void)0)
#define GOT(call) bench_got((call), #call, __LINE__)

static inline void *bench_got(void *result, const char *what, int line)
{
    if (!result)
        bench_failed(what, line);
    return result;
}

/* Keeps the compiler from optimising a result away. */
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

/* Runs `body` `repetitions` times and emits scale * seconds / operations. */
#define TIMED_AS(workload, variant, repetitions, operations, scale, unit, body)                    \
    do {                                                                                           \
        double bench_values[repetitions];                                                          \
        for (int bench_r = 0; bench_r < (repetitions); bench_r++) {                                \
            double bench_began = bench_now();                                                      \
            body;                                                                                  \
            bench_values[bench_r] = (bench_now() - bench_began) * (scale) / (double)(operations);  \
        }                                                                                          \
        bench_emit_as(workload, variant, bench_values, repetitions, unit);                         \
    } while (0)
#define TIMED(workload, repetitions, operations, scale, unit, body)                                \
    TIMED_AS(workload, "", repetitions, operations, scale, unit, body)

#endif
