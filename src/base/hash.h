/* SPDX-License-Identifier: MIT */
/*
 * Hashing: a keyed hash for text (SipHash-1-3), a mixer for integers and pointers.
 *
 * The key is drawn once per runtime from the kernel, so that nobody outside can choose strings
 * that collide; under a seed it comes from the seed.
 */
#ifndef TRV_BASE_HASH_H
#define TRV_BASE_HASH_H

#include "base/base.h"

struct trv__hash_key {
    uint64_t k0, k1;
};

/* Fills the key with what the kernel gives. */
void trv__hash_key_init(struct trv__hash_key *key);
uint64_t trv__hash_bytes(const struct trv__hash_key *key, const void *data, size_t size);

/* A bijection of 64-bit words that spreads every bit over all others (splitmix64's finisher). */
static inline uint64_t trv__hash_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

#endif
