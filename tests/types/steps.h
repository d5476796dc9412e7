/* SPDX-License-Identifier: MIT */
/*
 * What the tests of generators share: a step, and what it answers.
 */
#ifndef TRV_TESTS_TYPES_STEPS_H
#define TRV_TESTS_TYPES_STEPS_H

#include "object/expect.h"

#include "trivet/generator.h"

/* What a step answers, as text: "1: repr", "0: repr", or the exception's type. */
static inline void expect_answer(int answer, trv_object *item, const char *expected)
{
    trv_auto trv_object *owned = item, *text = NULL, *error = NULL;
    const char *found;
    char line[200];

    if (answer < 0) {
        error = trv_error_take();
        ck_assert_ptr_nonnull(error);
        found = trv_type_name(error);
    } else {
        ck_assert_ptr_nonnull(owned);
        text = trv_repr(owned);
        snprintf(line, sizeof line, "%d: %s", answer, trv_str_utf8(text, NULL));
        found = line;
    }
    ck_assert_str_eq(found, expected);
}

static inline void throw(trv_object * generator, trv_object *type, const char *expected)
{
    trv_auto trv_object *exception = trv_exception_new(type, NULL);
    trv_object *item;
    int answer = trv_generator_throw(generator, exception, &item);

    expect_answer(answer, item, expected);
}

#endif
