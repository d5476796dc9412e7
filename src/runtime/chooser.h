/* SPDX-License-Identifier: MIT */
/*
 * The chooser: every scheduling decision passes through here.
 *
 * Who gets the GIL, which ready coroutine runs, which waiter is woken, whether a safepoint
 * switches, what time it is. Without a seed it answers first-in first-out and with the real clock.
 * With one it answers from a generator (xoshiro128++ seeded by splitmix64), and time is virtual: it
 * stands still while code runs, and moves to the next deadline when nothing else can happen. The
 * same seed gives the same answers to the same questions, so code that runs under the GIL is
 * replayed exactly.
 *
 * Guarded by the GIL, apart from `now_ns`, which the GIL's mutex guards too: a thread that sleeps
 * may be the one that moves it.
 */
#ifndef TRV_RUNTIME_CHOOSER_H
#define TRV_RUNTIME_CHOOSER_H

#include "base/clock.h"

struct trv__chooser {
    bool is_seeded;
    uint64_t seed;
    uint32_t state[4];
    _Atomic int64_t now_ns; /* virtual; only when seeded */
    uint64_t decisions;     /* how many were asked for, to compare runs */
};

/* `seed` is NULL or "" for none. Returns 0, or -1 if it is not a number. */
int trv__chooser_init(struct trv__chooser *chooser, const char *seed);
/* One of 0..count-1: 0 without a seed. */
size_t trv__choose(struct trv__chooser *chooser, size_t count);
/* Whether to switch at this safepoint, which nothing else asks for. Never without a seed. */
bool trv__choose_switch(struct trv__chooser *chooser);

static inline int64_t trv__chooser_now_ns(const struct trv__chooser *chooser)
{
    if (LIKELY(!chooser->is_seeded))
        return trv__clock_ns();
    return atomic_load_explicit(&chooser->now_ns, memory_order_relaxed);
}

#endif
