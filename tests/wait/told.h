/* SPDX-License-Identifier: MIT */
/*
 * What the tests of deadlocks and of standstill share: the last DeadlockError's message.
 */
#ifndef TRV_TESTS_WAIT_TOLD_H
#define TRV_TESTS_WAIT_TOLD_H

#include "support/crew.h"

static int found; /* how many DeadlockErrors there were */
static char message[16384];

/* Drops the pending exception, which must be a DeadlockError, and keeps its message. */
static inline TRV_UNUSED void note_deadlock(void)
{
    trv_auto trv_object *error = NULL, *text = NULL;

    if (!trv_error_matches(trv_DeadlockError))
        trv_error_print();
    ck_assert(trv_error_occurred());
    error = trv_error_take();
    text = trv_str(error);
    snprintf(message, sizeof message, "%s", text ? trv_str_utf8(text, NULL) : "");
    found++;
}

static inline TRV_UNUSED void expect_in_message(const char *text)
{
    ck_assert_msg(strstr(message, text), "no '%s' in: %s", text, message);
}

static inline TRV_UNUSED int64_t number_of(trv_object *object)
{
    int64_t value = 0;

    if (!object)
        trv_error_print();
    ck_assert_ptr_nonnull(object);
    ck_assert_int_eq(trv_int_get(object, &value), 0);
    trv_unref(object);
    return value;
}

#endif
