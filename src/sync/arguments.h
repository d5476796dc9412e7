/* SPDX-License-Identifier: MIT */
/*
 * Timeouts as methods take them: seconds, or None for no limit; absent means none.
 */
#ifndef TRV_SYNC_ARGUMENTS_H
#define TRV_SYNC_ARGUMENTS_H

#include "object/object.h"

#include "trivet/wait.h"

/* `object` is NULL where the argument was not given. 0, or -1 with TypeError. */
static inline int trv__timeout_get(trv_object *object, double *timeout)
{
    *timeout = TRV_FOREVER;
    return !object || trv_is_none(object) ? 0 : trv_float_get(object, timeout);
}

/* The arguments of a method that takes a timeout and nothing else. */
static inline int trv__timeout_parse(const trv_args *args, double *timeout)
{
    trv_object *object = NULL;

    return trv_parse(args, "|o", &object) < 0 ? -1 : trv__timeout_get(object, timeout);
}

/* What predicates, and waits that may time out, give: True or False, NULL if they failed. */
static inline trv_object *trv__answer(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

/* What all else gives that has nothing to say. */
static inline trv_object *trv__done(int answer)
{
    return answer < 0 ? NULL : trv_none_new();
}

#endif
