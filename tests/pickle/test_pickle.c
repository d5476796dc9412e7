/* SPDX-License-Identifier: MIT */
/*
 * Pickles: what is written can be read, and keeps its shape. Functions: test_functions. Bytes that are not
 * what they claim to be: test_reading. That CPython reads and writes the same is checked by
 * tests/pickle/differential.
 */
#include "pickle/pickles.h"

#include "pickle/pickle.h"

#include <math.h>

/* Plain data ----------------------------------------------------------------------------------- */

TEST(numbers_and_constants)
{
    static const int64_t numbers[] = {0,         1,         -1,           255,       256,
                                      65535,     65536,     -128,         -129,      INT32_MAX,
                                      INT32_MIN, 1LL << 31, -(1LL << 33), INT64_MAX, INT64_MIN};
    static const double floats[] = {0.0, -0.0, 1.5, -2.25e300, 5e-324, INFINITY, -INFINITY};

    assert_round_trip(trv_none_new());
    assert_round_trip(trv_bool_new(1));
    assert_round_trip(trv_bool_new(0));
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        assert_round_trip(trv_int_new(numbers[i]));
    for (int shift = 7; shift < 64; shift++)
        for (int64_t difference = -1; difference <= 1; difference++) {
            int64_t power = (int64_t)(UINT64_C(1) << (shift - 1));
            assert_round_trip(trv_int_new(power + difference));
            assert_round_trip(trv_int_new(-power + difference));
        }
    for (size_t i = 0; i < COUNT_OF(floats); i++)
        assert_round_trip(trv_float_new(floats[i]));
    assert_round_trip(trv_float_new(NAN));
}

TEST(large_ints)
{
    trv_object *one = trv_int_new(1);

    for (int shift = 60; shift < 3000; shift += 7) {
        trv_auto trv_object *places = trv_int_new(shift), *power = trv_shift_left(one, places);
        assert_round_trip(trv_ref(power));
        assert_round_trip(trv_negative(power));
        assert_round_trip(trv_subtract(power, one));
    }
    trv_unref(one);
}

TEST(text_and_bytes_of_all_sizes)
{
    static const size_t sizes[] = {0, 1, 2, 255, 256, 1000, 65535, 65536, 200000};
    char *text = malloc(200001);

    memset(text, 'a', 200001);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        assert_round_trip(trv_str_new_sized(text, sizes[i]));
        assert_round_trip(trv_bytes_new(text, sizes[i]));
        assert_round_trip(trv_bytes_new(NULL, sizes[i]));
    }
    assert_round_trip(trv_str_new("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"));
    assert_round_trip(trv_str_new_sized("a\0b", 3));
    free(text);
}

static trv_object *list_of(size_t count)
{
    trv_object *list = must(trv_list_new());

    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = must(trv_int_new((int64_t)i * 1000));
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    return list;
}

TEST(containers_of_all_sizes)
{
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 999, 1000, 1001, 1999, 2000, 2001, 5000};

    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        trv_object *list = list_of(sizes[i]), *dict = must(trv_dict_new());
        assert_round_trip(trv_tuple_from(list));
        assert_round_trip(trv_set_from(list));
        TRV_FOR(item, list)
            ck_assert_int_eq(trv_dict_set(dict, item, list), 0);
        ck_assert_int_eq(trv_dict_clear(dict), 0);
        TRV_FOR(item, list)
            ck_assert_int_eq(trv_dict_set(dict, item, item), 0);
        assert_round_trip(dict);
        assert_round_trip(list);
    }
    assert_round_trip(trv_range_new(1, -20, -3));
    assert_round_trip(trv_range_new(0, INT64_MAX, 1));
    assert_round_trip(
        trv_build("[(i s) {s:[d n] s:()} ([] b y)]", 1, "a", "b", 1.5, "c", 1, "xy", (size_t)2));
}

TEST(types_are_read_as_themselves)
{
    trv_object *types = must(trv_build("[o o o o o o]", trv_int_type, trv_str_type, trv_ValueError,
                                       trv_QueueEmpty, trv_CancelledError, trv_TimeoutError)),
               *made = copy(types);

    ck_assert_int_eq(trv_equal(types, made), 1);
    trv_unref(types);
    trv_unref(made);
}

/* Shape ---------------------------------------------------------------------------------------- */

TEST(shared_objects_stay_shared)
{
    trv_object *list = must(trv_list_new()), *text = must(trv_str_new("a text")),
               *all = must(trv_build("[o o {s:o} (o o) o o]", list, list, "k", list, list, list,
                                     text, text)),
               *made = copy(all), *first = must(trv_list_get(made, 0)),
               *second = must(trv_list_get(made, 1)), *tuple = must(trv_list_get(made, 3)),
               *in_tuple = must(trv_tuple_get(tuple, 1)), *text_4 = must(trv_list_get(made, 4)),
               *text_5 = must(trv_list_get(made, 5));

    ck_assert_ptr_eq(first, second);
    ck_assert_ptr_eq(first, in_tuple);
    ck_assert_ptr_eq(text_4, text_5);
    trv_object *to_drop[] = {list, text, all, made, first, second, tuple, in_tuple, text_4, text_5};
    for (size_t i = 0; i < COUNT_OF(to_drop); i++)
        trv_unref(to_drop[i]);
}

TEST(containers_within_themselves)
{
    trv_object *list = must(trv_list_new()), *dict = must(trv_dict_new()), *made, *item;

    ck_assert_int_eq(trv_list_append(list, list), 0);
    made = copy(list);
    item = must(trv_list_get(made, 0));
    ck_assert_ptr_eq(made, item);
    ck_assert_int_eq(trv_list_clear(list), 0);
    ck_assert_int_eq(trv_list_clear(made), 0);
    trv_unref(item);
    trv_unref(made);
    ck_assert_int_eq(trv_dict_set_str(dict, "me", dict), 0);
    made = copy(dict);
    ck_assert_int_eq(trv_dict_get_str(made, "me", &item), 1);
    ck_assert_ptr_eq(made, item);
    trv_unref(item);
    trv_unref(made);
    trv_unref(dict);
    trv_unref(list);
}

TEST(tuples_within_themselves)
{
    for (size_t count = 1; count <= 5; count++) {
        trv_object *list = must(trv_list_new()), *items[5] = {list, list, list, list, list},
                   *tuple = must(trv_tuple_new(items, count)), *made, *inner, *innermost;
        ck_assert_int_eq(trv_list_append(list, tuple), 0);
        made = copy(tuple);
        inner = must(trv_tuple_get(made, (int64_t)count - 1));
        innermost = must(trv_list_get(inner, 0));
        ck_assert_ptr_eq(innermost, made);
        trv_unref(innermost);
        trv_unref(inner);
        trv_unref(made);
        trv_unref(tuple);
        trv_unref(list);
    }
}

TEST(many_shared_objects_need_a_large_memo)
{
    trv_object *list = must(trv_list_new()), *made, *first, *again;

    for (int i = 0; i < 700; i++) {
        trv_auto trv_object *item = must(trv_list_new());
        ck_assert_int_eq(trv_list_append(list, item), 0);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    made = copy(list);
    for (int i = 0; i < 700; i++) {
        first = must(trv_list_get(made, 2 * i));
        again = must(trv_list_get(made, 2 * i + 1));
        ck_assert_ptr_eq(first, again);
        trv_unref(first);
        trv_unref(again);
    }
    trv_unref(made);
    trv_unref(list);
}

/* Exceptions ----------------------------------------------------------------------------------- */

static bool takes_anything(trv_object *type)
{
    return !trv_issubclass(type, trv_BaseExceptionGroup) &&
           (type == trv_UnicodeError || !trv_issubclass(type, trv_UnicodeError));
}

TEST(every_exception_keeps_its_type_and_arguments)
{
    trv_object *exception;

#define CHECK(own_name, base)                                                                      \
    if (takes_anything(trv_##own_name))                                                            \
        assert_round_trip(must(trv_call(trv_##own_name, "si", "text", 3)));
    TRV_EXCEPTIONS(CHECK)
#undef CHECK
    assert_round_trip(trv_call(trv_OSError, "is", 2, "No such file"));
    assert_round_trip(trv_call(trv_OSError, "iss", 2, "No such file", "name"));
    exception = must(trv_exception_new(trv_KeyError, NULL));
    assert_round_trip(trv_call(trv_ExceptionGroup, "s[o]", "text", exception));
    trv_unref(exception);
    assert_round_trip(
        trv_call(trv_UnicodeDecodeError, "syiis", "utf-8", "x", (size_t)1, 0, 1, "no"));
    assert_round_trip(trv_call(trv_UnicodeEncodeError, "ssiis", "utf-8", "x", 0, 1, "no"));
    assert_round_trip(trv_call(trv_UnicodeTranslateError, "siis", "x", 0, 1, "no"));
    assert_round_trip(trv_exception_new(trv_KeyError, NULL));
    trv_raise(trv_MemoryError, "out of memory");
    assert_round_trip(trv_error_take());
}

TEST(causes_contexts_and_tracebacks_travel)
{
    trv_object *exception, *cause, *made, *text;

    trv_raise_at_("a.c", 1, "a", trv_KeyError, "k");
    trv_raise_at_("b.c", 2, "b", trv_ValueError, "v");
    cause = trv_error_take();
    exception = must(trv_call(trv_TypeError, "s", "t"));
    trv_raise_object_at_("c.c", 3, "c", exception, cause);
    trv_error_clear();
    made = copy(exception);
    ck_assert(trv__exception(made)->suppresses_context);
    text = must(trv_exception_format(made));
    ck_assert_str_eq(
        trv_str_utf8(text, NULL),
        "\"\"\"\nTraceback (most recent call last):\n  File \"a.c\", line 1, in a\nKeyError: 'k'\n"
        "\"\"\"\n\nThe above exception was the direct cause of the following exception:\n\n"
        "KeyError: 'k'\n\nDuring handling of the above exception, another exception occurred:\n\n"
        "\"\"\"\nTraceback (most recent call last):\n  File \"b.c\", line 2, in b\nValueError: v\n"
        "\"\"\"\n\nThe above exception was the direct cause of the following exception:\n\n"
        "ValueError: v\n\nThe above exception was the direct cause of the following exception:\n\n"
        "\"\"\"\nTraceback (most recent call last):\n  File \"c.c\", line 3, in c\nTypeError: t\n"
        "\"\"\"\n\nThe above exception was the direct cause of the following exception:\n\n"
        "TypeError: t\n");
    trv_unref(text);
    trv_unref(made);
    trv_unref(exception);
    trv_unref(cause);
}

TEST(exceptions_in_a_ring_of_causes)
{
    trv_object *a = must(trv_call(trv_ValueError, "s", "a")),
               *b = must(trv_call(trv_KeyError, "s", "b")), *made, *cause, *again;

    ck_assert_int_eq(trv_setattr(a, "__cause__", b), 0);
    ck_assert_int_eq(trv_setattr(b, "__cause__", a), 0);
    made = copy(a);
    cause = must(trv_exception_cause(made));
    again = must(trv_exception_cause(cause));
    ck_assert_ptr_eq(made, again);
    trv_unref(again);
    trv_unref(cause);
    trv_unref(made);
    trv_unref(a);
    trv_unref(b);
}

TEST(a_type_made_at_run_time_is_found_by_name)
{
    trv_object *type = must(trv_exception_type_new("MyError", trv_KeyError)),
               *derived = must(trv_exception_type_new("OtherError", type)), *exception, *pickle;

    trv_raise(derived, "text");
    exception = trv_error_take();
    pickle = must(trv_pickle_dumps(exception));
    assert_round_trip(exception);
    trv_unref(derived);
    /* once it has ended, the exception is one of the built-in base */
    exception = must(loads(pickle));
    ck_assert_ptr_eq(trv_type_of(exception), trv_KeyError);
    trv_raise_object(exception);
    assert_raised(trv_KeyError, "\"OtherError: 'text'\"");
    trv_unref(exception);
    trv_unref(pickle);
    trv_unref(type);
}

TEST(an_os_error_of_an_unknown_type_keeps_its_number)
{
    trv_object *type = must(trv_exception_type_new("MyError", trv_PermissionError)),
               *exception = must(trv_call(type, "is", 13, "denied")),
               *pickle = must(trv_pickle_dumps(exception));

    trv_unref(exception);
    trv_unref(type);
    exception = must(loads(pickle));
    trv_raise_object(exception);
    assert_raised(trv_PermissionError, "[Errno 13] MyError: denied");
    trv_unref(exception);
    trv_unref(pickle);
}

/* What cannot be pickled ----------------------------------------------------------------------- */

TEST(other_objects_are_refused)
{
    int number;
    trv_object *capsule = must(trv_capsule_new(&number, NULL, NULL)),
               *nested = must(trv_build("[i (o)]", 1, capsule)), *iterator = must(trv_iter(nested)),
               *type = must(trv_exception_type_new("MyError", trv_ValueError));
    struct trv__buffer buffer = {NULL, 0, 0};

    ck_assert_ptr_null(trv_pickle_dumps(nested));
    assert_raised(trv_PicklingError, "cannot pickle 'capsule' object");
    ck_assert_ptr_null(trv_pickle_dumps(iterator));
    assert_raised(trv_PicklingError, NULL);
    ck_assert_ptr_null(trv_pickle_dumps(type));
    assert_raised(
        trv_PicklingError,
        "cannot pickle type 'MyError': it was given no name with trv_pickle_register_name");
    ck_assert_ptr_null(trv_pickle_dumps(NULL));
    assert_raised(trv_SystemError, NULL);
    ck_assert_int_eq(trv__pickle_dump(twice, &buffer, NULL), 0);
    size_t size = buffer.size;
    ck_assert_int_eq(trv__pickle_dump(nested, &buffer, NULL), -1);
    trv_error_clear();
    ck_assert_uint_eq(buffer.size, size);
    trv__buffer_free(&buffer);
    trv_unref(type);
    trv_unref(iterator);
    trv_unref(nested);
    trv_unref(capsule);
}

TEST(nesting_beyond_the_stack_is_a_recursion_error)
{
    trv_object *list = must(trv_list_new());

    for (int i = 0; i < 1000000; i++)
        list = trv__tuple_take(&list, 1);
    ck_assert_ptr_null(trv_pickle_dumps(list));
    assert_raised(trv_RecursionError, "maximum recursion depth exceeded while pickling an object");
    trv_unref(list);
}

/* Links ---------------------------------------------------------------------------------------- */

/* Bytes of more than 100 octets travel beside. */
static int put_buffer(void *data, trv_object *bytes)
{
    trv_object *list = data;
    size_t size;

    if (!trv_bytes_data(bytes, &size))
        return -1;
    if (size <= 100)
        return 0;
    return trv_list_append(list, bytes) < 0 ? -1 : 1;
}

static trv_object *next_buffer(void *data)
{
    return trv_list_pop(data, 0);
}

TEST(buffers_can_travel_beside)
{
    trv_object *list = must(trv_list_new()), *large = must(trv_bytes_new(NULL, 1000)),
               *small = must(trv_bytes_new(NULL, 10)),
               *all = must(trv_build("[o o o]", large, small, large)), *made, *first;
    const struct trv__pickle_link link = {
        .put_buffer = put_buffer, .next_buffer = next_buffer, .data = list};
    struct trv__buffer buffer = {NULL, 0, 0};

    ck_assert_int_eq(trv__pickle_dump(all, &buffer, &link), 0);
    ck_assert_uint_lt(buffer.size, 100);
    assert_refused(buffer.data, buffer.size);
    made = must(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
    ck_assert_int_eq(trv_equal(made, all), 1);
    first = must(trv_list_get(made, 0));
    ck_assert_ptr_eq(first, large);
    /* now the list is empty */
    ck_assert_ptr_null(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
    assert_raised(trv_UnpicklingError, NULL);
    trv__buffer_free(&buffer);
    trv_unref(first);
    trv_unref(made);
    trv_unref(all);
    trv_unref(small);
    trv_unref(large);
    trv_unref(list);
}

static trv_object *inherited(void *data, uintptr_t address, uintptr_t type)
{
    trv_object *object = data;

    ck_assert_uint_eq(address, (uintptr_t)object);
    ck_assert_uint_eq(type, (uintptr_t)object->type);
    return trv_ref(object);
}

TEST(an_inherited_object_is_itself_in_a_worker_and_nothing_elsewhere)
{
    trv_object *list = must(trv_list_new()), *token = must(trv_inherit(list)),
               *pickle = must(trv_pickle_dumps(token)), *made;
    const struct trv__pickle_link worker = {.inherited = inherited, .data = list};
    const void *data;
    size_t size;

    ck_assert_str_eq(trv_type_name(token), "inherit");
    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError,
                  "an inherited object can only be named to a worker of the pool");
    data = trv_bytes_data(pickle, &size);
    made = must(trv__pickle_load(data, size, &worker, NULL));
    ck_assert_ptr_eq(made, list);
    trv_unref(made);
    trv_unref(pickle);
    trv_unref(token);
    ck_assert_int_eq(trv_refcount(list), 1);
    trv_unref(list);
}

TEST_LIST(RUN(numbers_and_constants), RUN(large_ints), RUN(text_and_bytes_of_all_sizes),
          RUN(containers_of_all_sizes), RUN(types_are_read_as_themselves),
          RUN(shared_objects_stay_shared), RUN(containers_within_themselves),
          RUN(tuples_within_themselves), RUN(many_shared_objects_need_a_large_memo),
          RUN(every_exception_keeps_its_type_and_arguments),
          RUN(causes_contexts_and_tracebacks_travel), RUN(exceptions_in_a_ring_of_causes),
          RUN(a_type_made_at_run_time_is_found_by_name),
          RUN(an_os_error_of_an_unknown_type_keeps_its_number), RUN(other_objects_are_refused),
          RUN(nesting_beyond_the_stack_is_a_recursion_error), RUN(buffers_can_travel_beside),
          RUN(an_inherited_object_is_itself_in_a_worker_and_nothing_elsewhere))
