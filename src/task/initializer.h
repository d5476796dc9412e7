/* SPDX-License-Identifier: MIT */
/*
 * What a pool runs in each worker before its first call, and what becomes of the pool if that fails:
 * every call that has not begun, and every later one, fails with an exception of the pool's kind,
 * whose cause is what the initializer raised first.
 */
#ifndef TRV_TASK_INITIALIZER_H
#define TRV_TASK_INITIALIZER_H

#include "task/task.h"

struct trv__initializer {
    trv_object *callable;  /* owned, or NULL for none */
    trv_object *arguments; /* a tuple, owned, or NULL for none */
    trv_object *failure;   /* what it raised: the pool is broken; owned, or NULL */
};

/* As a user gave it: a callable and a tuple, or NULL. 0, or -1 with TypeError. */
int trv__initializer_set(struct trv__initializer *initializer, trv_object *callable,
                         trv_object *arguments);
/* Calls it, if there is one. False if it failed: `failure` says how. Nothing is pending. May switch. */
bool trv__initializer_run(struct trv__initializer *initializer);
/* Raises `type` with the failure as its cause. Returns -1. */
int trv__initializer_raise(const struct trv__initializer *initializer, trv_object *type);
void trv__initializer_clear(struct trv__initializer *initializer);

#endif
