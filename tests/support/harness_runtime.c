/* SPDX-License-Identifier: MIT */
/*
 * The part of the harness that knows the runtime: starts it before the body of a test and ends
 * it afterwards.
 *
 * Invariant: between the two the test has dropped all it made. Whatever the collector can still
 * find is garbage and no leak, so it is collected first; objects and bytes beyond what trv_init
 * made are a leak, and so is a pending exception. Descriptors, threads and processes are
 * looked at by the caller, after trv_fini.
 */
#include "support/harness.h"

#include <errno.h>

/* A finalizer may make garbage of its own, or bring objects back once: collect until nothing
 * more is found. */
static void collect_all(void)
{
    size_t found = 1;

    for (int round = 0; round < 10 && found > 0; round++)
        ck_assert_int_eq(trv_gc_collect(2, &found), 0);
}

/* The main thread keeps its object, once it was asked for: that is no leak of the test. */
static void make_main_thread(void)
{
    trv_object *thread = trv_thread_main();

    ck_assert_ptr_nonnull(thread);
    trv_unref(thread);
}

void harness_with_runtime(harness_body *body)
{
    trv_heap_stats before, after;

    ck_assert_msg(trv_init(NULL) == 0, "trv_init: %s", strerror(errno));
    make_main_thread();
    collect_all();
    trv_heap_stats_get(&before);
    body();
    if (trv_error_occurred()) {
        trv_error_print();
        ck_abort_msg("an exception was left pending (see above)");
    }
    collect_all();
    trv_heap_stats_get(&after);
    ck_assert_msg(after.live_objects <= before.live_objects &&
                      after.live_bytes <= before.live_bytes,
                  "left in the heap: %zd objects, %zd bytes",
                  (ssize_t)(after.live_objects - before.live_objects),
                  (ssize_t)(after.live_bytes - before.live_bytes));
    trv_fini();
}
