/* SPDX-License-Identifier: MIT */
/*
 * What the tests of process pools have in common: functions for workers to run, and short ways to
 * submit, wait and look at the outcome.
 *
 * No test guesses from the time what a worker has done by now. A future counts as running from the moment at
 * which a worker claims its call, which is before the function begins and may be long before. So functions
 * tell when they begin, in a page that the test shares with all workers (wait_until_begun); and a call that
 * is to last while something else happens stays until it is let go (stay, let_go).
 */
#ifndef TRV_TESTS_POOL_SUPPORT_H
#define TRV_TESTS_POOL_SUPPORT_H

#include "support/crew.h"
#include "support/harness.h"

#include <signal.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* No test program needs all of them. */
static trv_object square[1] TRV_UNUSED, identity[1] TRV_UNUSED, get_pid[1] TRV_UNUSED,
    nap[1] TRV_UNUSED, stay[1] TRV_UNUSED;

/* News ------------------------------------------------------------------------------------------------ */

/* In memory that the test and its workers share. */
struct news {
    _Atomic int begun;   /* how many functions have told that they have */
    _Atomic bool let_go; /* those that stay may end */
};

/* Mapped by the first call, which must come before the first pool is made. */
static inline struct news *news(void)
{
    static struct news *page;

    if (!page)
        page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert(page != MAP_FAILED);
    return page;
}

/* Without the runtime, so that nobody else gets the GIL. */
static inline void doze(int ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};

    while (nanosleep(&left, &left) < 0)
        ;
}

static inline void sleep_ms(int ms)
{
    TRV_ALLOW_THREADS {
        doze(ms);
    }
}

/* In a worker. */
static inline void tell_begun(void)
{
    atomic_fetch_add(&news()->begun, 1);
}

/* Waits until so many functions have begun, of all that tell, since the test did. */
static inline void wait_until_begun(int count)
{
    while (atomic_load(&news()->begun) < count)
        sleep_ms(1);
}

static inline void let_go(void)
{
    atomic_store(&news()->let_go, true);
}

/* Functions for workers ------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(square, "square(n): n * n")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return trv_int_new(n * n);
}

TRV_STATIC_FUNCTION(identity, "identity(value): value")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(get_pid, "get_pid(): of the worker")
{
    return trv_int_new(getpid());
}

/* Sleeps outside the runtime, so that it is deaf to everything but signals. */
TRV_STATIC_FUNCTION(nap, "nap(milliseconds): the pid, after a while")
{
    int ms;

    if (trv_parse(args, "i", &ms) < 0)
        return NULL;
    tell_begun();
    sleep_ms(ms);
    return trv_int_new(getpid());
}

/* As deaf as that. */
TRV_STATIC_FUNCTION(stay, "stay(): the pid, once the test lets it go")
{
    (void)args;
    tell_begun();
    while (!atomic_load(&news()->let_go))
        sleep_ms(1);
    return trv_int_new(getpid());
}

/* Pools ----------------------------------------------------------------------------------------------- */

static inline trv_object *new_pool_with(trv_process_pool_options options)
{
    trv_object *pool;

    options.size = sizeof options;
    (void)news();
    pool = trv_process_pool_new(&options);
    if (!pool)
        trv_error_print();
    ck_assert_msg(pool != NULL, "no pool");
    return pool;
}

static inline trv_object *new_pool(unsigned workers, unsigned retries)
{
    return new_pool_with((trv_process_pool_options){.workers = workers, .retries = retries});
}

static inline void end_pool(trv_object **pool)
{
    if (trv_shutdown(*pool, NULL) < 0) {
        trv_error_print();
        ck_abort_msg("shutdown failed");
    }
    trv_clear(pool);
}

/* The value of a new reference, which must be an int. */
static inline int64_t int_of(trv_object *object)
{
    int64_t value = -1;

    if (!object)
        trv_error_print();
    ck_assert_msg(object != NULL, "no int");
    ck_assert_int_eq(trv_int_get(object, &value), 0);
    trv_unref(object);
    return value;
}

/* Waits for a future, which is dropped. */
static inline trv_object *outcome_of(trv_object *future)
{
    trv_object *result;

    if (!future) {
        trv_error_print();
        ck_abort_msg("nothing was submitted");
    }
    result = trv_future_result(future, TRV_FOREVER);
    trv_unref(future);
    return result;
}

static inline trv_object *run_in(trv_object *pool, trv_object *function, trv_object *argument)
{
    return outcome_of(trv_submit(pool, function, "o", argument));
}

/* The text of the pending exception, which must be of that type; it is dropped. */
static inline trv_object *take_text(trv_object *type)
{
    trv_auto trv_object *error = trv_error_take();
    trv_object *text;

    ck_assert_msg(error != NULL, "no exception");
    if (trv_isinstance(error, type) != 1) {
        trv_error_restore(error);
        trv_error_print();
        ck_abort_msg("another exception");
    }
    text = trv_str(error);
    ck_assert_ptr_nonnull(text);
    return text;
}

/* A worker pid of a pool. */
static inline pid_t pid_at(trv_object *pool, int64_t index)
{
    trv_auto trv_object *pids = trv_process_pool_pids(pool);

    ck_assert_ptr_nonnull(pids);
    return (pid_t)int_of(trv_list_get(pids, index));
}

#endif
