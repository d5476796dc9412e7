/* SPDX-License-Identifier: MIT */
/*
 * Reports of deadlocks: who waits for what, and where.
 */
#ifndef TRV_WAIT_REPORT_H
#define TRV_WAIT_REPORT_H

#include "runtime/runtime.h"

/* Sets DeadlockError in the calling context: "<what>:" and a line for each context of the ring that
 * `first` is in, linked by next_found. MemoryError if there is none for the exception. */
void trv__report_deadlock(struct trv__context *first, const char *what);

#endif
