/* SPDX-License-Identifier: MIT */
/*
 * The generator behind a seed. Virtual time starts at one second past zero, so that no deadline is
 * ever mistaken for "none yet".
 */
#include "runtime/chooser.h"

#include "base/fault.h"
#include "base/hash.h"
#include "runtime/runtime.h"
#include "runtime/schedule.h"
#include "runtime/trace.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define TIME_LIMIT_STATUS 124

/* How many safepoints in a row stay by default while others wait: a thread may be waiting, at
 * safepoints, for what another one is to do. */
#define STAYS_MOST 1000

int trv__chooser_init(struct trv__chooser *chooser, const char *seed)
{
    char *end;

    *chooser = (struct trv__chooser){0};
    if (!seed || !*seed)
        return 0;
    errno = 0;
    chooser->seed = strtoull(seed, &end, 0);
    if (*end || errno || *seed == '-')
        return -1;
    for (int i = 0; i < 4; i++)
        chooser->state[i] = (uint32_t)trv__hash_mix(chooser->seed * 4 + (uint64_t)i + 1);
    /* Some mistakes need many switches, some need few. */
    chooser->one_in = 2u << (trv__hash_mix(chooser->seed + 5) % 5);
    chooser->is_seeded = true;
    atomic_store_explicit(&chooser->now_ns, TRV__SECOND, memory_order_relaxed);
    return 0;
}

static uint32_t rotate(uint32_t x, int bits)
{
    return (x << bits) | (x >> (32 - bits));
}

static uint32_t draw(struct trv__chooser *chooser)
{
    uint32_t *s = chooser->state, result = rotate(s[0] + s[3], 7) + s[0], t = s[1] << 9;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11);
    return result;
}

/* What first-in first-out without preemption would answer. */
static size_t usual_choice(struct trv__chooser *chooser, enum trv__choice kind)
{
    if (kind != TRV__CHOOSE_SWITCH || chooser->stays < STAYS_MOST)
        return 0;
    return 1;
}

static size_t draw_choice(struct trv__chooser *chooser, enum trv__choice kind, size_t count)
{
    if (kind != TRV__CHOOSE_SWITCH)
        return (size_t)(((uint64_t)draw(chooser) * count) >> 32);
    if (draw(chooser) % chooser->one_in)
        return 0;
    return 1 + (size_t)(((uint64_t)draw(chooser) * (count - 1)) >> 32);
}

size_t trv__choose_slowly(struct trv__chooser *chooser, enum trv__choice kind, size_t count)
{
    struct trv__decision *last = &chooser->last;

    *last = (struct trv__decision){.number = chooser->decisions++,
                                   .kind = kind,
                                   .count = count,
                                   .usual = usual_choice(chooser, kind)};
    last->chosen = chooser->schedule ? trv__schedule_answer(chooser->schedule, last)
                                     : draw_choice(chooser, kind, count);
    chooser->stays = kind == TRV__CHOOSE_SWITCH && !last->chosen ? chooser->stays + 1 : 0;
    return last->chosen;
}

void trv__chooser_move_time(struct trv__chooser *chooser, int64_t now_ns)
{
    if (now_ns <= atomic_load_explicit(&chooser->now_ns, memory_order_relaxed))
        return;
    atomic_store_explicit(&chooser->now_ns, now_ns, memory_order_relaxed);
    if (chooser->trace)
        trv__trace_time(chooser->trace, now_ns);
    if (now_ns <= chooser->limit_ns)
        return;
    fprintf(stderr, "trivet: virtual time has passed TRIVET_TIME_LIMIT\n");
    _exit(TIME_LIMIT_STATUS);
}

void trv__chose_slowly(struct trv__chooser *chooser, const struct trv__context *from,
                       const struct trv__context *to)
{
    if (chooser->last.count >= 2)
        trv__trace_decision(chooser->trace, &chooser->last, from, to);
    chooser->last.count = 0; /* what is not asked is not told */
}

void trv__chose_call_slowly(struct trv__chooser *chooser, const struct trv_object *callable)
{
    if (chooser->last.count >= 2)
        trv__trace_call(chooser->trace, &chooser->last, trv__function_spec(callable));
    chooser->last.count = 0;
}

void trv__leaving_slowly(struct trv__chooser *chooser, struct trv__context *context)
{
    context->place = trv__trace_place(chooser->trace);
    trv__trace_left(chooser->trace, context);
}

/* What the environment asks for --------------------------------------------------------------------- */

static const char *wish(const char *name)
{
    const char *text = getenv(name);

    return text && *text ? text : NULL;
}

static int read_limit(struct trv__chooser *chooser, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (*end || !(seconds > 0)) {
        fprintf(stderr, "trivet: TRIVET_TIME_LIMIT is no number of seconds: %s\n", text);
        return -1;
    }
    chooser->limit_ns = trv__deadline_after(TRV__SECOND, seconds);
    return 0;
}

static int read_fault_rate(struct trv__chooser *chooser, const char *text)
{
    char *end;
    double rate = strtod(text, &end);

    if (*end || !(rate >= 0 && rate <= 1) || !TRV_FAULT) {
        fprintf(stderr, "trivet: TRIVET_FAULT_RATE=%s: %s\n", text,
                TRV_FAULT ? "it is a number from 0 to 1"
                          : "this Trivet was configured without --enable-fault");
        return -1;
    }
    chooser->fault_rate = rate;
    return 0;
}

static int read_schedule(struct trv__chooser *chooser, const char *path)
{
    uint64_t seed;
    char text[24];
    struct trv__schedule *schedule = trv__schedule_read(path, &seed);

    if (!schedule)
        return -1;
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    if (!chooser->is_seeded)
        (void)!trv__chooser_init(chooser, text);
    chooser->schedule = schedule;
    return 0;
}

int trv__chooser_open(struct trv__chooser *chooser)
{
    const char *schedule = wish("TRIVET_SCHEDULE"), *trace = wish("TRIVET_TRACE"),
               *limit = wish("TRIVET_TIME_LIMIT"), *rate = wish("TRIVET_FAULT_RATE");

    if (schedule && read_schedule(chooser, schedule) < 0)
        return -1;
    chooser->limit_ns = TRV__NEVER;
    if (!chooser->is_seeded)
        return 0;
    if ((limit && read_limit(chooser, limit) < 0) || (rate && read_fault_rate(chooser, rate) < 0) ||
        (trace && !(chooser->trace = trv__trace_open(trace, chooser->seed)))) {
        trv__chooser_close(chooser);
        return -1;
    }
    return 0;
}

void trv__chooser_begin(const struct trv__chooser *chooser)
{
    if (chooser->is_seeded)
        trv__fault_scatter(chooser->seed, chooser->fault_rate);
}

void trv__chooser_close(struct trv__chooser *chooser)
{
    if (chooser->is_seeded)
        trv__fault_scatter(0, 0);
    if (chooser->schedule)
        trv__schedule_close(chooser->schedule);
    if (chooser->trace)
        trv__trace_close(chooser->trace);
    chooser->schedule = NULL;
    chooser->trace = NULL;
}

void trv__chooser_in_child(struct trv__chooser *chooser)
{
    if (chooser->trace)
        trv__trace_close(chooser->trace);
    chooser->trace = NULL;
}

void trv__fault_strikes(const char *file, int line)
{
    struct trv__chooser *chooser = &trv__runtime()->chooser;

    if (chooser->trace)
        trv__trace_fault(chooser->trace, file, line);
}
