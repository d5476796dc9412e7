/* SPDX-License-Identifier: MIT */
/*
 * The counter behind the fault points.
 *
 * It is the one piece of state beside the thread-local pointer that lives at file scope, and only
 * in builds with --enable-fault: fault points stand below the runtime, in code that must be able
 * to fail before there is one.
 */
#include "base/fault.h"

#include "base/current.h"
#include "base/hash.h"

#include <errno.h>
#include <stdio.h>

#if TRV_FAULT

static _Atomic uint64_t passes_left; /* 0: disarmed */
static _Atomic bool has_struck;
static _Atomic bool was_read; /* whether TRIVET_FAULT was looked at */
static _Atomic bool is_suspended;

/* Scattered faults: the draw of a pass is a hash of its number, so that faults and scheduling do not
 * disturb one another. Guarded by the GIL. */
static struct {
    uint64_t seed, passes;
    uint64_t below; /* a draw below this fails; 0: no pass does */
} scatter;

static void read_environment(void)
{
    const char *text = getenv("TRIVET_FAULT");

    if (text && !atomic_load(&passes_left))
        atomic_store(&passes_left, strtoull(text, NULL, 10));
}

static bool is_struck_by_scatter(const char *file, int line)
{
    if (!trv__current || !trv__holds_gil() || !scatter.below ||
        trv__hash_mix(scatter.seed + ++scatter.passes * UINT64_C(0x9e3779b97f4a7c15)) >=
            scatter.below)
        return false;
    trv__fault_strikes(file, line);
    errno = ENOMEM;
    return true;
}

int trv__fault_here(const char *file, int line)
{
    uint64_t left;

    if (atomic_load_explicit(&is_suspended, memory_order_relaxed))
        return 0;
    if (is_struck_by_scatter(file, line))
        return 1;
    if (!atomic_exchange(&was_read, true))
        read_environment();
    left = atomic_load_explicit(&passes_left, memory_order_relaxed);
    while (left && !atomic_compare_exchange_weak(&passes_left, &left, left - 1))
        ;
    if (left != 1)
        return 0;
    atomic_store(&has_struck, true);
    if (getenv("TRIVET_FAULT_TRACE"))
        fprintf(stderr, "trivet: fault at %s:%d\n", file, line);
    errno = ENOMEM;
    return 1;
}

void trv__fault_arm(uint64_t nth)
{
    atomic_store(&was_read, true);
    atomic_store(&has_struck, false);
    atomic_store(&passes_left, nth);
}

bool trv__fault_struck(void)
{
    return atomic_load(&has_struck);
}

void trv__fault_scatter(uint64_t seed, double rate)
{
    scatter.seed = trv__hash_mix(seed ^ UINT64_C(0xfa017));
    scatter.passes = 0;
    scatter.below = rate >= 1 ? UINT64_MAX : (uint64_t)(rate * 0x1p64);
}

void trv__fault_suspend(bool suspended)
{
    atomic_store_explicit(&is_suspended, suspended, memory_order_relaxed);
}

#else

int trv__fault_here(const char *file, int line)
{
    (void)file, (void)line;
    return 0;
}

void trv__fault_arm(uint64_t nth)
{
    (void)nth;
}

bool trv__fault_struck(void)
{
    return false;
}

void trv__fault_scatter(uint64_t seed, double rate)
{
    (void)seed, (void)rate;
}

void trv__fault_suspend(bool suspended)
{
    (void)suspended;
}

#endif
