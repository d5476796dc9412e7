/* SPDX-License-Identifier: MIT */
/*
 * What the tests of containers share: calling methods, a source of random numbers, and a type whose
 * comparisons and hashes do what a test tells them to.
 */
#ifndef TRV_TESTS_TYPES_CONTAINER_H
#define TRV_TESTS_TYPES_CONTAINER_H

#include "object/expect.h"

#include <stdarg.h>

/* The value of a method called with arguments built from a format. */
static inline trv_object *method(trv_object *self, const char *name, const char *format, ...)
{
    trv_auto trv_object *bound = trv_getattr(self, name);
    trv_auto trv_object *arguments = NULL;
    trv_object *items[8];
    char text[64];
    va_list list;
    size_t count;

    if (!bound && trv_error_matches(trv_MemoryError))
        return NULL;
    ck_assert_msg(bound != NULL, "no method %s", name);
    snprintf(text, sizeof text, "(%s)", format);
    va_start(list, format);
    arguments = trv_build_va(text, &list);
    va_end(list);
    if (!arguments)
        return NULL;
    ck_assert_int_eq(trv_tuple_len(arguments, &count), 0);
    ck_assert_uint_le(count, 8);
    for (size_t i = 0; i < count; i++) {
        items[i] = trv_tuple_get(arguments, (int64_t)i);
        trv_unref(items[i]); /* the tuple holds it */
    }
    return trv_call_array(bound, items, count, NULL);
}

/* The method answers None. */
#define EXPECT_NONE(call) expect_repr(call, "None")

/* repr of an object that stays the caller's. */
static inline void expect_shown(trv_object *value, const char *text)
{
    expect_repr(trv_ref(value), text);
}

static inline uint32_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

/* Objects with a number: equal if the numbers are, with a hash of the test's choice. Each
 * comparison first calls `hook`, which may do anything; what it returns below 0 is a failure. */
typedef struct evil_data {
    int64_t number, hash;
} evil_data;

static trv_object *evil_type;
static int (*evil_hook)(void);

static int evil_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int64_t a, b;

    if (evil_hook && evil_hook() < 0)
        return -1;
    if (trv_isinstance(other, evil_type) != 1)
        return TRV_UNKNOWN;
    a = ((evil_data *)trv_data(self, evil_type))->number;
    b = ((evil_data *)trv_data(other, evil_type))->number;
    switch (op) {
    case TRV_EQUAL:
        return a == b;
    case TRV_NOT_EQUAL:
        return a != b;
    case TRV_LESS:
        return a < b;
    default:
        return TRV_UNKNOWN;
    }
}

static int evil_hash(trv_object *self, int64_t *hash)
{
    *hash = ((evil_data *)trv_data(self, evil_type))->hash;
    return *hash == -1 ? trv_raise_int(trv_ValueError, "no hash today") : 0;
}

static trv_object *evil_repr(trv_object *self)
{
    if (evil_hook && evil_hook() < 0)
        return NULL;
    return trv_str_printf("e%d", (int)((evil_data *)trv_data(self, evil_type))->number);
}

/* The type is dropped by evil_end. */
static inline void evil_begin(void)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Evil", .data_size = sizeof(evil_data)};

    spec.slots.compare = evil_compare;
    spec.slots.hash = evil_hash;
    spec.slots.repr = evil_repr;
    evil_hook = NULL;
    evil_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(evil_type);
}

static inline void evil_end(void)
{
    evil_hook = NULL;
    trv_clear(&evil_type);
}

static inline trv_object *evil_new(int64_t number, int64_t hash)
{
    trv_object *made = trv_call(evil_type, "");

    ck_assert_ptr_nonnull(made);
    *(evil_data *)trv_data(made, evil_type) = (evil_data){number, hash};
    return made;
}

#endif
