/* SPDX-License-Identifier: MIT */
/*
 * Functions that threads of the tests run, and the event for which some of them wait.
 */
#ifndef TRV_TESTS_THREADS_CALLS_H
#define TRV_TESTS_THREADS_CALLS_H

#include "threads/threads.h"

static trv_object *event;

static void make_event(void)
{
    event = must(trv_event_new());
}

static void drop_event(void)
{
    trv_clear(&event);
}

TRV_STATIC_FUNCTION(add, "add(a, b=): a + b")
{
    int64_t a, b = 100;

    return trv_parse(args, "l|l", &a, &b) < 0 ? NULL : trv_int_new(a + b);
}

TRV_STATIC_FUNCTION(wait_for_event, "wait_for_event()")
{
    return trv_event_wait(event, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(nap, "nap(seconds)")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

#endif
