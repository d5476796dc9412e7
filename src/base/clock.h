/* SPDX-License-Identifier: MIT */
/*
 * The real monotonic clock, in nanoseconds, and deadlines on it.
 *
 * Only the chooser and code that measures call trv__clock_ns(); whoever waits asks the runtime
 * for the time (trv__now_ns), because that may be virtual.
 */
#ifndef TRV_BASE_CLOCK_H
#define TRV_BASE_CLOCK_H

#include "base/base.h"

#include <time.h>

/* The deadline that never comes. */
#define TRV__NEVER INT64_MAX
#define TRV__SECOND INT64_C(1000000000)

static inline int64_t trv__clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * TRV__SECOND + now.tv_nsec;
}

static inline struct timespec trv__timespec(int64_t ns)
{
    struct timespec t = {(time_t)(ns / TRV__SECOND), (long)(ns % TRV__SECOND)};

    return t;
}

/* `now` plus a timeout that was checked not to be negative; TRV__NEVER past the end of time. */
static inline int64_t trv__deadline_after(int64_t now_ns, double seconds)
{
    double limit = (double)(TRV__NEVER - now_ns) / 1e9;

    return seconds < limit * 0.999 ? now_ns + (int64_t)(seconds * 1e9) : TRV__NEVER;
}

#endif
