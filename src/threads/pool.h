/* SPDX-License-Identifier: MIT */
/*
 * What a thread pool lends to the other files of its leg.
 */
#ifndef TRV_THREADS_POOL_H
#define TRV_THREADS_POOL_H

#include "task/task.h"
#include "threads/work.h"

TRV__SHARED struct trv_type trv__thread_pool_type;

/* The queue of plain C work of a pool, made with its first worker when first asked for; it lives as
 * long as the pool. NULL with an exception. */
struct trv__work *trv__pool_work(trv_object *pool);

#endif
