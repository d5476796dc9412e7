/* SPDX-License-Identifier: MIT */
/*
 * The generator behind a seed. Virtual time starts at one second past zero, so that no deadline is
 * ever mistaken for "none yet".
 */
#include "runtime/chooser.h"

#include "base/hash.h"

#include <errno.h>

#define SWITCH_ONE_IN 4

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
    chooser->decisions++;
    return result;
}

size_t trv__choose(struct trv__chooser *chooser, size_t count)
{
    if (LIKELY(!chooser->is_seeded) || count < 2)
        return 0;
    return (size_t)(((uint64_t)draw(chooser) * count) >> 32);
}

bool trv__choose_switch(struct trv__chooser *chooser)
{
    return chooser->is_seeded && draw(chooser) % SWITCH_ONE_IN == 0;
}
