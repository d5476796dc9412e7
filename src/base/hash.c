/* SPDX-License-Identifier: MIT */
/*
 * SipHash-1-3 (Aumasson, Bernstein), reading eight bytes at a time in the machine's order: hashes
 * never leave the process, so they need not agree between machines.
 */
#include "base/hash.h"

#include "base/clock.h"

#include <sys/random.h>
#include <unistd.h>

void trv__hash_key_init(struct trv__hash_key *key)
{
    if (getrandom(key, sizeof *key, GRND_NONBLOCK) == (ssize_t)sizeof *key)
        return;
    /* Early in the boot of a machine: better a weak key than a wait. */
    key->k0 = trv__hash_mix((uint64_t)trv__clock_ns());
    key->k1 = trv__hash_mix(key->k0 ^ (uint64_t)getpid());
}

static inline uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

#define SIP_ROUND                                                                                  \
    do {                                                                                           \
        v0 += v1, v1 = rotate(v1, 13) ^ v0, v0 = rotate(v0, 32);                                   \
        v2 += v3, v3 = rotate(v3, 16) ^ v2;                                                        \
        v0 += v3, v3 = rotate(v3, 21) ^ v0;                                                        \
        v2 += v1, v1 = rotate(v1, 17) ^ v2, v2 = rotate(v2, 32);                                   \
    } while (0)

uint64_t trv__hash_bytes(const struct trv__hash_key *key, const void *data, size_t size)
{
    uint64_t v0 = key->k0 ^ UINT64_C(0x736f6d6570736575),
             v1 = key->k1 ^ UINT64_C(0x646f72616e646f6d);
    uint64_t v2 = key->k0 ^ UINT64_C(0x6c7967656e657261),
             v3 = key->k1 ^ UINT64_C(0x7465646279746573);
    const unsigned char *p = data;
    uint64_t word;
    size_t left = size;

    for (; left >= 8; left -= 8, p += 8) {
        memcpy(&word, p, 8);
        v3 ^= word;
        SIP_ROUND;
        v0 ^= word;
    }
    word = 0;
    if (left)
        memcpy(&word, p, left);
    word |= (uint64_t)size << 56;
    v3 ^= word;
    SIP_ROUND;
    v0 ^= word;
    v2 ^= 0xff;
    SIP_ROUND;
    SIP_ROUND;
    SIP_ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}
