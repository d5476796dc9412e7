/* SPDX-License-Identifier: MIT */
/*
 * Fault points: places where a test can make an allocation or a system call fail.
 *
 *     if (FAULT() || (fd = eventfd(0, EFD_CLOEXEC)) < 0)
 *
 * In a build with --enable-fault each pass counts, and the Nth fails (errno is ENOMEM then) when
 * trv__fault_arm(N) or TRIVET_FAULT=N asked for it. Under a seed TRIVET_FAULT_RATE=P makes each pass
 * of whoever holds the GIL fail with that probability. Elsewhere a fault point is the constant 0.
 */
#ifndef TRV_BASE_FAULT_H
#define TRV_BASE_FAULT_H

#include "base/base.h"

#if TRV_FAULT
#define FAULT() trv__fault_here(__FILE__, __LINE__)
#else
#define FAULT() 0
#endif

/* Counts a pass. Returns 1, with errno ENOMEM, if this one is to fail. Any thread. */
int trv__fault_here(const char *file, int line);
/* Makes the Nth pass from now on fail (1 is the next; 0 disarms). */
void trv__fault_arm(uint64_t nth);
/* Whether the armed fault has struck since it was armed. */
bool trv__fault_struck(void);
/* From now on passes with the GIL held fail with that probability, as the seed decides; 0: none. */
void trv__fault_scatter(uint64_t seed, double rate);
/* While suspended, passes neither count nor fail. */
void trv__fault_suspend(bool is_suspended);
/* A scattered fault strikes; for the trace. Implemented by runtime/chooser.c. */
void trv__fault_strikes(const char *file, int line);

#endif
