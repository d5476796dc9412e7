/* SPDX-License-Identifier: MIT */
/*
 * Tests whose body is a coroutine.
 *
 *     IN_LOOP(two_sleepers) { ... }               as TEST, inside trv_run
 *     SEEDED_IN_LOOP(two_sleepers, 200) { ... }   as SEEDED_TEST, inside trv_run
 *
 * and what such tests ask all the time. A call that fails prints its exception and ends the test.
 */
#ifndef TRV_TESTS_COROUTINES_IN_LOOP_H
#define TRV_TESTS_COROUTINES_IN_LOOP_H

#include "support/harness.h"

#define IN_LOOP_(name, define)                                                                     \
    static void name##_in_loop(void);                                                              \
    TRV_STATIC_FUNCTION(name##_app, "app()")                                                       \
    {                                                                                              \
        name##_in_loop();                                                                          \
        return trv_error_occurred() ? NULL : trv_none_new();                                       \
    }                                                                                              \
    define                                                                                         \
    {                                                                                              \
        trv_unref(must(trv_run(name##_app, "")));                                                  \
    }                                                                                              \
    static void name##_in_loop(void)

#define IN_LOOP(name) IN_LOOP_(name, TEST(name))
#define SEEDED_IN_LOOP(name, seeds) IN_LOOP_(name, SEEDED_TEST(name, seeds))

/* A call that may not fail. Returns: its result. */
static inline TRV_UNUSED trv_object *must(trv_object *result)
{
    if (!result)
        trv_error_print();
    ck_assert_msg(result != NULL, "a call failed (see above)");
    return result;
}

static inline TRV_UNUSED int must_int(int result)
{
    if (result < 0)
        trv_error_print();
    ck_assert_msg(result >= 0, "a call failed (see above)");
    return result;
}

/* An exception of that type is pending; it is dropped. */
static inline TRV_UNUSED void must_raise(trv_object *type)
{
    int matches = trv_error_matches(type);

    if (!matches && trv_error_occurred())
        trv_error_print();
    ck_assert_msg(matches, "the exception is not pending that should be");
    trv_error_clear();
}

/* A number out of an object, which is dropped. */
static inline TRV_UNUSED int64_t number(trv_object *object)
{
    int64_t value;

    must_int(trv_int_get(must(object), &value));
    trv_unref(object);
    return value;
}

/* The result of a future, which is dropped. */
static inline TRV_UNUSED trv_object *joined(trv_object *future)
{
    trv_object *result = must(trv_future_result(must(future), TRV_FOREVER));

    trv_unref(future);
    return result;
}

/* Appends a number to a list. */
static inline TRV_UNUSED void note(trv_object *list, int64_t value)
{
    trv_object *item = must(trv_int_new(value));

    must_int(trv_list_append(list, item));
    trv_unref(item);
}

static inline TRV_UNUSED int64_t noted(trv_object *list, size_t index)
{
    return number(trv_list_get(list, (int64_t)index));
}

static inline TRV_UNUSED size_t length_of(trv_object *list)
{
    size_t length;

    must_int(trv_len(list, &length));
    return length;
}

#endif
