/* SPDX-License-Identifier: MIT */
/*
 * The watchdog: finds who holds the GIL for long without a safepoint. The essay is in watchdog.c.
 */
#ifndef TRV_RUNTIME_WATCHDOG_H
#define TRV_RUNTIME_WATCHDOG_H

#include "base/base.h"

struct trv_runtime;

/* Starts it. 0, or -1 with errno set. */
int trv__watchdog_start(struct trv_runtime *runtime, double limit);
/* Ends it, if there is one. By the main thread, with the GIL. */
void trv__watchdog_stop(struct trv_runtime *runtime);
/* In a forked child: its thread has stayed behind. */
void trv__watchdog_forget(struct trv_runtime *runtime);

#endif
