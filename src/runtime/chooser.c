/* SPDX-License-Identifier: MIT */
/*
 * The generator behind a seed. Virtual time starts at one second past zero, so that no deadline is
 * ever mistaken for "none yet".
 */
#include "runtime/chooser.h"

#include "base/hash.h"

#include <errno.h>

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
    last->chosen = draw_choice(chooser, kind, count);
    chooser->stays = kind == TRV__CHOOSE_SWITCH && !last->chosen ? chooser->stays + 1 : 0;
    return last->chosen;
}

void trv__chooser_move_time(struct trv__chooser *chooser, int64_t now_ns)
{
    if (now_ns > atomic_load_explicit(&chooser->now_ns, memory_order_relaxed))
        atomic_store_explicit(&chooser->now_ns, now_ns, memory_order_relaxed);
}
