/* SPDX-License-Identifier: MIT */
/*
 * The counter behind the fault points.
 *
 * It is the one piece of state beside the thread-local pointer that lives at file scope, and only
 * in builds with --enable-fault: fault points stand below the runtime, in code that must be able
 * to fail before there is one.
 */
#include "base/fault.h"

#include <errno.h>
#include <stdio.h>

#if TRV_FAULT

static _Atomic uint64_t passes_left; /* 0: disarmed */
static _Atomic bool has_struck;
static _Atomic bool was_read; /* whether TRIVET_FAULT was looked at */

static void read_environment(void)
{
    const char *text = getenv("TRIVET_FAULT");

    if (text && !atomic_load(&passes_left))
        atomic_store(&passes_left, strtoull(text, NULL, 10));
}

int trv__fault_here(const char *file, int line)
{
    uint64_t left;

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

#endif
