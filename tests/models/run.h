/* SPDX-License-Identifier: MIT */
/*
 * The checker inside: what scheduling (checker.c) and memory (memory.c) know of each other.
 *
 * Everything here belongs to the one real thread there is. A *run* is one execution of a
 * scenario; model_memory_reset begins it.
 *
 * Hashes: each operation mixes what it saw into the hash of its thread, each store leaves the hash of
 * its thread in the object. The sum over threads and objects names the state, whatever the
 * order in which independent operations were made.
 */
#ifndef TRV_TESTS_RUN_H
#define TRV_TESTS_RUN_H

#include "base/hash.h"
#include "models/checker.h"

/* What a thread knows of: the operations of thread t up to at[t] happened before. */
struct clock {
    uint32_t at[MODEL_THREADS];
};

static inline void clock_join(struct clock *to, const struct clock *from)
{
    for (int t = 0; t < MODEL_THREADS; t++)
        to->at[t] = MAX_OF(to->at[t], from->at[t]);
}

struct memory_thread {
    struct clock clock;
    struct clock acquired; /* what relaxed loads saw, for an acquire fence to come */
    struct clock released; /* what a release fence published, for relaxed stores to come */
    uint64_t hash;
};

extern struct memory_thread model_memory_threads[MODEL_THREADS];

static inline void memory_mix(int thread, uint64_t value)
{
    struct memory_thread *t = &model_memory_threads[thread];

    t->hash = trv__hash_mix(t->hash ^ trv__hash_mix(value + 0x9e3779b9));
}

void model_memory_reset(void);
/* The hash of all objects. */
uint64_t model_memory_hash(void);
/* The newest value of a word, as the kernel sees it; mixed into the thread. */
uint32_t model_memory_peek(int thread, const void *address);
/* Of a mutex: taking joins what the last holder knew, giving leaves it. */
void model_memory_take(int thread, const void *mutex);
void model_memory_give(int thread, const void *mutex);

/* Before each operation of a thread: decides who goes on, and comes back when it is this one. */
void model_point(struct model_place place);
/* 0, which is what is expected, or one of up to count-1 surprises. `what` says what it is. */
size_t model_surprise(size_t count, const char *what);
/* Adds a note to the operation under way, for the printed run. */
void model_note(const char *format, uint64_t a, uint64_t b);
bool model_is_sequential(void);
/* Ends the run as a failed one, at the operation under way. */
void model_fail_here(const char *message);

#endif
