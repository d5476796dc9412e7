/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers share.
 *
 * A fuzzer is a file with one function, which is given any bytes and must survive them. libFuzzer
 * calls it (`make fuzz`), and so does test_corpus, which runs each of them over the inputs in
 * corpus/NAME that once mattered. What must hold besides: nothing is left in the heap, and no
 * exception is pending.
 */
#ifndef TRV_TESTS_FUZZ_H
#define TRV_TESTS_FUZZ_H

#include <trivet.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tells what does not hold, and aborts. */
#define FUZZ_ASSERT(claim)                                                                         \
    do {                                                                                           \
        if (!(claim)) {                                                                            \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim);                            \
            if (trv_error_occurred())                                                              \
                trv_error_print();                                                                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *count, char ***arguments);

/* The bytes that are still to be used. */
struct fuzz_input {
    const uint8_t *at, *end;
};

static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static inline size_t fuzz_live_objects(void)
{
    trv_heap_stats stats;

    trv_heap_stats_get(&stats);
    return stats.live_objects;
}

/*
 * What an input left that only the collector finds, and what look-ups keep, takes a full collection to drop, which
 * a debug build's validator makes dear: under FUZZ_BATCH=n it is made after each nth input only.
 */
static struct fuzz_batch {
    size_t before; /* objects, before the first of the inputs */
    int inputs;
} fuzz_batch;

static inline void fuzz_begin(void)
{
    if (fuzz_batch.inputs++ == 0)
        fuzz_batch.before = fuzz_live_objects();
}

/* At the end of a batch there are no more objects than before. */
static inline void fuzz_end(void)
{
    const char *size = getenv("FUZZ_BATCH");

    FUZZ_ASSERT(!trv_error_occurred());
    if (size && fuzz_batch.inputs < atoi(size))
        return;
    fuzz_batch.inputs = 0;
    if (fuzz_live_objects() != fuzz_batch.before)
        FUZZ_ASSERT(trv_gc_collect(2, NULL) == 0);
    FUZZ_ASSERT(fuzz_live_objects() <= fuzz_batch.before);
}

#endif
