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
 * Every question has a *default*: the first in line, and at a safepoint to stay, unless it has been so
 * for a thousand safepoints while others wait. Following a *schedule* (TRIVET_SCHEDULE) the answer is the
 * default, but for the decisions that the schedule lists by their number. Any run can be told as
 * a schedule, and one that is short says what matters.
 *
 * A question with one answer is none: it is not counted, so that numbers mean the same in every run.
 *
 * Guarded by the GIL, or by the GIL's mutex while nobody has it.
 */
#ifndef TRV_RUNTIME_CHOOSER_H
#define TRV_RUNTIME_CHOOSER_H

#include "base/clock.h"

struct trv_object;
struct trv__context;
struct trv__schedule;
struct trv__trace;

/* What is decided; TRV__KINDS has their names, in this order. */
enum trv__choice {
    TRV__CHOOSE_SWITCH, /* at a safepoint: 0 to stay, or who of those in line goes on instead */
    TRV__CHOOSE_THREAD, /* which thread has the GIL next */
    TRV__CHOOSE_WAITER, /* who of those that wait in a list is woken */
    TRV__CHOOSE_READY   /* which coroutine runs next */
};
#define TRV__KINDS                                                                                 \
    {                                                                                              \
        "switch", "thread", "waiter", "ready"                                                      \
    }

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
    int64_t limit_ns;       /* virtual time at which the program is ended */
    double fault_rate;      /* how many of the fault points fail */
    uint64_t decisions;     /* how many were made */
    uint32_t names; /* numbers given to threads and coroutines, so that they can be told apart */
    struct trv__decision last;
    struct trv__schedule *schedule; /* or NULL */
    struct trv__trace *trace;       /* or NULL */
};

/* `seed` is NULL or "" for none. Returns 0, or -1 if it is not a number. */
int trv__chooser_init(struct trv__chooser *chooser, const char *seed);
/* Does what the environment asks for: TRIVET_SCHEDULE, TRIVET_TRACE, TRIVET_TIME_LIMIT,
 * TRIVET_FAULT_RATE. 0, or -1 with errno EINVAL after a line on stderr. */
int trv__chooser_open(struct trv__chooser *chooser);
/* The runtime is there: fault points fail from now on. */
void trv__chooser_begin(const struct trv__chooser *chooser);
void trv__chooser_close(struct trv__chooser *chooser);
/* In a forked child: the trace is the parent's. */
void trv__chooser_in_child(struct trv__chooser *chooser);

/* One of 0..count-1: 0 without a seed. */
size_t trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count);
static inline size_t trv__choose(struct trv__chooser *chooser, enum trv__choice kind, size_t count)
{
    return LIKELY(!chooser->is_seeded) || count < 2 ? 0 : trv__choose_slowly(chooser, kind, count);
}

/* For the trace: whom the last decision means, and who made way; NULL for nobody. For a
 * coroutine `from` is NULL: it is the one that called trv__leaving, if it has not ended. */
void trv__chose_slowly(struct trv__chooser *chooser, const struct trv__context *from,
                       const struct trv__context *to);
static inline void trv__chose(struct trv__chooser *chooser, const struct trv__context *from,
                              const struct trv__context *to)
{
    if (UNLIKELY(chooser->trace))
        trv__chose_slowly(chooser, from, to);
}

/* The same for a call that begins in a coroutine. */
void trv__chose_call_slowly(struct trv__chooser *chooser, const struct trv_object *callable);
static inline void trv__chose_call(struct trv__chooser *chooser, const struct trv_object *callable)
{
    if (UNLIKELY(chooser->trace))
        trv__chose_call_slowly(chooser, callable);
}

/* For the trace: a context is about to make way; the calling one. */
void trv__leaving_slowly(struct trv__chooser *chooser, struct trv__context *context);
static inline void trv__leaving(struct trv__chooser *chooser, struct trv__context *context)
{
    if (UNLIKELY(chooser->trace))
        trv__leaving_slowly(chooser, context);
}

/* The number that a thread or coroutine bears in traces. */
static inline uint32_t trv__chooser_number(struct trv__chooser *chooser)
{
    return UNLIKELY(chooser->is_seeded) ? ++chooser->names : 0;
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
