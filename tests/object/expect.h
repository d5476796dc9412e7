/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the object floor ask all the time: which exception is pending and what it
 * says, and how a value prints.
 */
#ifndef TRV_TESTS_OBJECT_EXPECT_H
#define TRV_TESTS_OBJECT_EXPECT_H

#include "support/harness.h"

/* The pending exception is exactly of that type and says that; it is dropped. */
static inline void expect_error(trv_object *type, const char *text)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *error_type = NULL;
    trv_auto trv_object *said = NULL;

    ck_assert_msg(error != NULL, "no exception, instead of: %s", text);
    error_type = trv_type_of(error);
    said = trv_str(error);
    ck_assert_msg(said != NULL, "the exception cannot be printed");
    ck_assert_str_eq(trv_str_utf8(said, NULL), text);
    ck_assert_msg(error_type == type, "the exception is a %s", trv_type_name(error));
}

/* A value's repr; the value is dropped. */
static inline void expect_repr(trv_object *value, const char *text)
{
    trv_auto trv_object *repr = NULL;

    if (!value)
        trv_error_print();
    ck_assert_msg(value != NULL, "NULL instead of %s", text);
    repr = trv_repr(value);
    trv_unref(value);
    ck_assert_msg(repr != NULL, "%s cannot be printed", text);
    ck_assert_str_eq(trv_str_utf8(repr, NULL), text);
}

/* NULL came back, with that exception. */
#define EXPECT_NULL(call, type, text)                                                              \
    do {                                                                                           \
        ck_assert_ptr_null(call);                                                                  \
        expect_error(type, text);                                                                  \
    } while (0)
/* -1 came back, with that exception. */
#define EXPECT_MINUS(call, type, text)                                                             \
    do {                                                                                           \
        ck_assert_int_eq(call, -1);                                                                \
        expect_error(type, text);                                                                  \
    } while (0)

#endif
