/* SPDX-License-Identifier: MIT */
/*
 * Chunks of a map: several items in one call, whose outcome is told for each item.
 *
 * A chunk is a call of a function of two arguments, the map's callable and a list of items. Its result is
 * (values, failures, nanoseconds): a list with a value for each item, a dict of exceptions by
 * index or None, and how long the items took. A leg whose calls cost more than little work has such a
 * function of its own (executor operations, `chunk`), and map makes chunks on it unasked.
 */
#ifndef TRV_TASK_CHUNK_H
#define TRV_TASK_CHUNK_H

#include "task/task.h"

/* Runs the items. `check`, unless NULL, has the last word on what a call returned or raised: NULL with an
 * exception, which counts instead, or a new reference. A cancellation ends the chunk.
 * The result as above, or NULL with an exception. May switch. */
trv_object *trv__chunk_run(const trv_args *args, trv_object *(*check)(trv_object *outcome));
/* The chunk function for legs that share the heap. */
extern trv_object trv__chunk[1];

#endif
