/* SPDX-License-Identifier: MIT */
/*
 * Sleeping on a word of this process, waking who sleeps on it, and waiting busily.
 *
 * Deadlines are absolute, on the real monotonic clock. A wake may come to a word whose owner is
 * gone already: that is harmless, as the kernel only looks at the address.
 */
#ifndef TRV_BASE_FUTEX_H
#define TRV_BASE_FUTEX_H

#include "base/clock.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps while *word is `expected`, until woken or the deadline. Returns false if that came first. */
static inline bool trv__futex_wait(_Atomic uint32_t *word, uint32_t expected, int64_t deadline_ns)
{
    struct timespec deadline = trv__timespec(deadline_ns);

    return syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                   deadline_ns == TRV__NEVER ? NULL : &deadline, NULL,
                   FUTEX_BITSET_MATCH_ANY) == 0 ||
           errno != ETIMEDOUT;
}

static inline void trv__futex_wake(_Atomic uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Tells the processor that we wait busily. */
static inline void trv__spin_pause(void)
{
#if defined __x86_64__ || defined __i386__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

#endif
