/* SPDX-License-Identifier: MIT */
/*
 * What the files of the program `errors` share. CASE(name) begins a case: a function that returns NULL with an
 * exception, or a text. Both are printed.
 */
#ifndef TRV_TESTS_DIFFERENTIAL_ERRORS_H
#define TRV_TESTS_DIFFERENTIAL_ERRORS_H

#include <trivet.h>

#define CASE(name) TRV_STATIC_FUNCTION(case_##name, "case_" #name "()")

/* The cases of generators, and NULL (errors_generator.c). */
extern trv_object *const generator_cases[];

static inline trv_object *new_error(trv_object *type, const char *text)
{
    return trv_call(type, "s", text);
}

/* Takes the reference. */
static inline trv_object *raise_take(trv_object *error)
{
    (void)trv_raise_object(error);
    trv_unref(error);
    return NULL;
}

#endif
