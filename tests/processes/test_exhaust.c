/* SPDX-License-Identifier: MIT */
/*
 * Running out of memory and descriptors at every fault point of a pool's life: each step works or
 * says why not, and nothing is left behind. A fault that was armed before a fork can strike in the
 * zygote or in a worker as well. Without fault points each round is taken once.
 */
#include "pool_support.h"

#include "base/fault.h"

#include <errno.h>
#include <sys/resource.h>

/* What a step may fail with. */
static void expect_honest_error(uint64_t nth, const char *step)
{
    if (trv_error_matches(trv_MemoryError) || trv_error_matches(trv_OSError) ||
        trv_error_matches(trv_BrokenProcessPool)) {
        trv_error_clear();
        return;
    }
    trv_error_print();
    ck_abort_msg("%s fails oddly when fault %d strikes", step, (int)nth);
}

static void live_once(uint64_t nth)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 2};
    trv_object *pool = trv_process_pool_new(&options);
    trv_auto trv_object *bytes = NULL;
    trv_auto trv_object *future = NULL;
    trv_auto trv_object *result = NULL;

    if (!pool) {
        expect_honest_error(nth, "making the pool");
        return;
    }
    bytes = trv_bytes_new(NULL, 10000);
    future =
        bytes ? trv_submit(pool, identity, "{s: [o i], s: o}", "a", bytes, 300, "b", bytes) : NULL;
    if (future)
        result = trv_future_result(future, TRV_FOREVER);
    if (!result)
        expect_honest_error(nth, "a call");
    if (trv_shutdown(pool, NULL) < 0)
        expect_honest_error(nth, "the shutdown");
    trv_unref(pool);
}

TEST(every_fault_is_survived)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        trv__fault_arm(nth);
        live_once(nth);
        struck = trv__fault_struck();
        trv__fault_arm(0);
    }
}

/* With so many descriptors and no more. */
static void live_with(int limit)
{
    struct rlimit before, few;

    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)limit;
    setrlimit(RLIMIT_NOFILE, &few);
    live_once((uint64_t)limit);
    setrlimit(RLIMIT_NOFILE, &before);
}

TEST(too_few_descriptors_are_survived)
{
    int lowest = dup(0);

    close(lowest);
    if (!TRV_VALGRIND) /* which keeps descriptors of its own at the limit */
        for (int limit = lowest; limit < lowest + 14; limit++)
            live_with(limit);
}

TEST_LIST(RUN(every_fault_is_survived), RUN(too_few_descriptors_are_survived))
