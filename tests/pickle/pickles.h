/* SPDX-License-Identifier: MIT */
/*
 * What tests of pickles share: writing and reading, and what is expected of it.
 */
#ifndef TESTS_PICKLE_PICKLES_H
#define TESTS_PICKLE_PICKLES_H

#include "support/harness.h"

#include "object/exception.h"

TRV_STATIC_FUNCTION(twice, "twice(n): 2 * n")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(2 * n);
}

static inline trv_object *must(trv_object *object)
{
    if (!object)
        trv_error_print();
    ck_assert_ptr_nonnull(object);
    return object;
}

static inline trv_object *loads(trv_object *pickle)
{
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);

    return trv_pickle_loads(data, size);
}

/* Writes and reads. */
static inline trv_object *copy(trv_object *object)
{
    trv_auto trv_object *pickle = must(trv_pickle_dumps(object));

    return must(loads(pickle));
}

static inline void assert_raised(trv_object *type, const char *text)
{
    trv_object *exception = trv_error_take(), *str;

    ck_assert_msg(exception != NULL, "no exception is pending");
    str = must(trv_str(exception));
    ck_assert_str_eq(exception->type->name, trv__type_of_handle(type)->name);
    if (text)
        ck_assert_str_eq(trv_str_utf8(str, NULL), text);
    trv_unref(str);
    trv_unref(exception);
}

/* A copy has the same type and repr. Drops the object. */
static inline void assert_round_trip(trv_object *object)
{
    trv_object *made = copy(must(object)), *before = must(trv_repr(object)),
               *after = must(trv_repr(made));

    ck_assert_ptr_eq(made->type, object->type);
    ck_assert_str_eq(trv_str_utf8(before, NULL), trv_str_utf8(after, NULL));
    trv_unref(before);
    trv_unref(after);
    trv_unref(made);
    trv_unref(object);
}

/* Reads bytes that are no pickle. */
static inline void assert_refused(const void *data, size_t size)
{
    trv_object *object = trv_pickle_loads(data, size);

    ck_assert_ptr_null(object);
    ck_assert_int_eq(trv_error_matches(trv_UnpicklingError), 1);
    trv_error_clear();
}

#endif
