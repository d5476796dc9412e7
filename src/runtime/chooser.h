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
 * Every question has a *default*: the first in line, and at a safepoint to stay, unless it has been
 * so for a thousand safepoints while others wait.
 *
 * A question with one answer is none: it is not counted, so that numbers mean the same in every run.
 *
 * Guarded by the GIL, or by the GIL's mutex while nobody has it.
 */
#ifndef TRV_RUNTIME_CHOOSER_H
#define TRV_RUNTIME_CHOOSER_H

#include "base/clock.h"

/* What is decided. */
enum trv__choice {
    TRV__CHOOSE_SWITCH, /* at a safepoint: 0 to stay, or who of those in line goes on instead */
    TRV__CHOOSE_THREAD, /* which thread has the GIL next */
    TRV__CHOOSE_WAITER, /* who of those that wait in a list is woken */
    TRV__CHOOSE_READY   /* which coroutine runs next */
};

struct trv__decision {
    uint64_t number; /* from 0 */
    enum trv__choice kind;
    size_t count, chosen, usual; /* `usual` is the default */
};

struct trv__chooser {
    bool is_seeded;
    uint64_t seed;
    uint32_t state[4];
    uint32_t one_in;        /* a safepoint switches once in so many; depends on the seed */
    unsigned stays;         /* safepoints in a row that stayed while others waited */
    _Atomic int64_t now_ns; /* virtual; only when seeded */
    uint64_t decisions;     /* how many were made */
    struct trv__decision last;
};

/* `seed` is NULL or "" for none. Returns 0, or -1 if it is not a number. */
int trv__chooser_init(struct trv__chooser *chooser, const char *seed);
/* One of 0..count-1: 0 without a seed. */
size_t trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count);
static inline size_t trv__choose(struct trv__chooser *chooser, enum trv__choice kind, size_t count)
{
    return LIKELY(!chooser->is_seeded) || count < 2 ? 0 : trv__choose_slowly(chooser, kind, count);
}

static inline int64_t trv__chooser_now_ns(const struct trv__chooser *chooser)
{
    if (LIKELY(!chooser->is_seeded))
        return trv__clock_ns();
    return atomic_load_explicit(&chooser->now_ns, memory_order_relaxed);
}

/* Virtual time moves forward to then. */
void trv__chooser_move_time(struct trv__chooser *chooser, int64_t now_ns);

#endif
