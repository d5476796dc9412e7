/* SPDX-License-Identifier: MIT */
/*
 * Pickles: what is written can be read, keeps its shape, and is refused when it is not what it
 * claims to be. That CPython reads and writes the same is checked by tests/pickle/differential.
 */
#include "support/harness.h"

#include "base/fault.h"
#include "object/closure.h"
#include "object/exception.h"
#include "pickle/code.h"
#include "pickle/opcodes.h"

#include <math.h>

/* Helpers -------------------------------------------------------------------------------------- */

static trv_object *must(trv_object *object)
{
    if (!object)
        trv_error_print();
    ck_assert_ptr_nonnull(object);
    return object;
}

static trv_object *loads(trv_object *pickle)
{
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);

    return trv_pickle_loads(data, size);
}

/* Writes and reads. */
static trv_object *copy(trv_object *object)
{
    trv_auto trv_object *pickle = must(trv_pickle_dumps(object));

    return must(loads(pickle));
}

static void assert_raised(trv_object *type, const char *text)
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
static void assert_round_trip(trv_object *object)
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
static void assert_refused(const void *data, size_t size)
{
    trv_object *object = trv_pickle_loads(data, size);

    ck_assert_ptr_null(object);
    ck_assert_int_eq(trv_error_matches(trv_UnpicklingError), 1);
    trv_error_clear();
}

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

/* Functions ------------------------------------------------------------------------------------ */

TRV_FUNCTION(twice, "twice(n): 2 * n")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(2 * n);
}

static trv_object *get_data(const trv_args *args)
{
    return args->self ? trv_ref(args->self) : trv_none_new();
}

static trv_object *never_a_closure(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

TEST(a_static_function_is_the_same_object)
{
    trv_object *pair = must(trv_build("(o o)", twice, twice)), *made = copy(pair);

    ck_assert_int_eq(trv_equal(pair, made), 1);
    trv_unref(pair);
    trv_unref(made);
}

TEST(a_closure_travels_with_its_data)
{
    trv_object *data = must(trv_build("[i]", 7)),
               *closure = must(trv_function_new(get_data, "get(): data", data)),
               *made = copy(closure), *got = must(trv_call(made, ""));

    ck_assert_ptr_ne(made, closure);
    ck_assert_str_eq(trv_function_name(made), "get");
    ck_assert_int_eq(trv_equal(got, data), 1);
    ck_assert_ptr_ne(got, data);
    trv_unref(got);
    trv_unref(made);
    trv_unref(closure);
    trv_unref(data);
    closure = must(trv_function_new(get_data, "get", NULL));
    made = copy(closure);
    got = must(trv_call(made, ""));
    ck_assert(trv_is_none(got));
    trv_unref(made);
    trv_unref(closure);
}

TEST(a_closure_within_its_data)
{
    trv_object *data = must(trv_list_new()),
               *closure = must(trv_function_new(get_data, "get", data)), *made, *got, *inner;

    ck_assert_int_eq(trv_list_append(data, closure), 0);
    made = copy(closure);
    got = must(trv_call(made, ""));
    inner = must(trv_list_get(got, 0));
    ck_assert_ptr_eq(inner, made);
    trv_unref(inner);
    trv_unref(got);
    trv_unref(made);
    trv_unref(closure);
    trv_unref(data);
}

/* Adds to the offset in the only persistent id of a pickle. */
static void move_offset(trv_object *pickle, int64_t distance)
{
    size_t size;
    char *data = (char *)(uintptr_t)trv_bytes_data(pickle, &size);
    char *id = (char *)memchr(data, OP_SHORT_BINBYTES, size) + 2, *at = id + 2 + id[1];
    uint64_t offset;

    memcpy(&offset, at, sizeof offset);
    offset += (uint64_t)distance;
    memcpy(at, &offset, sizeof offset);
}

TEST(an_address_without_a_function_is_refused)
{
    static const int64_t distances[] = {8,    -8,    1,         24,        4096,      -4096,
                                        1000, -1000, 1LL << 40, 1LL << 62, INT64_MIN, -(1LL << 20)};

    for (size_t i = 0; i < COUNT_OF(distances); i++) {
        trv_object *pickle = must(trv_pickle_dumps(twice));
        move_offset(pickle, distances[i]);
        ck_assert_ptr_null(loads(pickle));
        assert_raised(trv_UnpicklingError, "there is no function where the pickle says");
        trv_unref(pickle);
    }
}

TEST(code_of_another_program_is_refused)
{
    trv_object *pickle = must(trv_pickle_dumps(twice));
    size_t size;
    char *data = (char *)(uintptr_t)trv_bytes_data(pickle, &size);

    data[20] ^= 1; /* in the build-id */
    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError, "a function is from a program or library not loaded here");
    trv_unref(pickle);
}

TEST(a_closure_of_unknown_code_needs_trust)
{
    const struct trv__pickle_link trusted = {.is_trusted = true};
    trv_object *closure = must(trv_function_new(get_data, "get", NULL)),
               *pickle = must(trv_pickle_dumps(closure)), *made;
    const void *data;
    size_t size;

    move_offset(pickle, (int64_t)((uintptr_t)never_a_closure - (uintptr_t)get_data));
    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError, "a closure runs code of which no closure was made here");
    data = trv_bytes_data(pickle, &size);
    made = must(trv__pickle_load(data, size, &trusted, NULL));
    ck_assert_ptr_eq((void *)(uintptr_t)trv__function_spec(made)->entry,
                     (void *)(uintptr_t)never_a_closure);
    trv_unref(made);
    move_offset(pickle, 1LL << 30);
    ck_assert_ptr_null(trv__pickle_load(data, size, &trusted, NULL));
    assert_raised(trv_UnpicklingError, "there is no code where the pickle says");
    trv_unref(pickle);
    trv_unref(closure);
}

TEST(known_code_is_kept_for_a_link)
{
    struct trv__pickle_link link = {.images = trv__images_new()};
    struct trv__buffer buffer = {NULL, 0, 0};
    trv_object *task = must(trv_build("(o (i))", twice, 21)), *made;

    for (int i = 0; i < 3; i++) {
        buffer.size = 0;
        ck_assert_int_eq(trv__pickle_dump(task, &buffer, &link), 0);
        made = must(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
        ck_assert_int_eq(trv_equal(made, task), 1);
        trv_unref(made);
    }
    trv__images_fix(link.images);
    made = must(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
    trv_unref(made);
    trv_unref(task);
    trv__buffer_free(&buffer);
    trv__images_free(link.images);
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

/* Reading -------------------------------------------------------------------------------------- */

TEST(reading_does_not_recurse)
{
    size_t depth = 1000000;
    char *data = malloc(2 * depth + 3);
    trv_object *object;

    memset(data, OP_EMPTY_LIST, depth + 1);
    memset(data + depth + 1, OP_APPEND, depth);
    data[2 * depth + 1] = OP_STOP;
    object = must(trv_pickle_loads(data, 2 * depth + 2));
    trv_unref(object);
    /* a key of that depth cannot be hashed */
    data[0] = OP_EMPTY_DICT;
    memset(data + 1, OP_EMPTY_TUPLE, 1);
    memset(data + 2, OP_TUPLE1, depth);
    data[depth + 2] = OP_NONE;
    data[depth + 3] = OP_SETITEM;
    data[depth + 4] = OP_STOP;
    ck_assert_ptr_null(trv_pickle_loads(data, depth + 5));
    assert_raised(trv_RecursionError, NULL);
    free(data);
}

TEST(many_marks)
{
    size_t depth = 100000;
    char *data = malloc(2 * depth + 1);

    memset(data, OP_MARK, depth);
    memset(data + depth, OP_TUPLE, depth);
    data[2 * depth] = OP_STOP;
    trv_unref(must(trv_pickle_loads(data, 2 * depth + 1)));
    free(data);
}

TEST(what_follows_a_pickle_is_not_read)
{
    size_t used;
    trv_object *object = must(trv__pickle_load("K\5.more", 7, NULL, &used));

    ck_assert_uint_eq(used, 3);
    trv_unref(object);
    trv_unref(must(trv_pickle_loads("N.more", 6)));
}

#define BAD(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

TEST(nonsense_is_refused)
{
    static const struct {
        const char *data;
        size_t size;
    } bad[] = {
        BAD(""),
        BAD("."),
        BAD("N"),
        BAD("NN."),
        BAD("(N."),
        BAD("("),
        BAD("\x80\x06N."), /* protocol 6 */
        BAD("\x95\xff\xff\xff\xff\xff\xff\xff\xffN."),
        BAD("\x95\x05\0\0\0\0\0\0\0N."),
        BAD("a."),
        BAD("]a."),
        BAD("NNa."),
        BAD("N(Ne."),
        BAD("(e."),
        BAD("}(Nu."),
        BAD("](NNu."),
        BAD("}Ns."),
        BAD("}]Ns."), /* an unhashable key */
        BAD("\x8f(]\x90."),
        BAD("](N\x90."),
        BAD("(]d."),
        BAD("(]Nd."),
        BAD("\x86."),
        BAD("N\x86."),
        BAD("(N\x86."),
        BAD("t."),
        BAD("1."),
        BAD("0."),
        BAD("2."),
        BAD("h\0."),
        BAD("Nq\0h\1."),
        BAD("Nr\xff\xff\xff\xff."),
        BAD("Nj\0\0\0\0."),
        BAD("\x94."),
        BAD("(\x94."),
        BAD("\x8a\xffN."),
        BAD("\x8b\xff\xff\xff\xffN."),
        BAD("\x8b\xff\xff\xff\x7fN."),
        BAD("\x8d\xff\xff\xff\xff\xff\xff\xff\xffN."),
        BAD("\x8e\xff\xff\xff\xff\xff\xff\xff\x7fN."),
        BAD("\x8c\x01\xff."),         /* no UTF-8 */
        BAD("\x8c\x03\xed\xa0\x80."), /* a surrogate */
        BAD("G\0\0."),
        BAD("cos\nsystem\n(\x8c\x02lst\x52."), /* os.system */
        BAD("cbuiltins\neval\n."),
        BAD("cbuiltins\nlist\n)R."),
        BAD("cbuiltins\nint\n)\x81."),
        BAD("cbuiltins\nset\n\x4b\x01\x85R."),
        BAD("cbuiltins\nset\n]R."),
        BAD("cbuiltins\nset\ncbuiltins\nrange\nJ\xff\xff\xff\x7f\x85R\x85R."), /* 2^31 items */
        BAD("cbuiltins\nrange\nK\0K\0K\0\x87R."),
        BAD("cbuiltins\nrange\n)R."),
        BAD("cbuiltins\nrange\nN\x85R."),
        BAD("cbuiltins\nbytes\nK\x01\x85R."),
        BAD("c_codecs\nencode\n\x8c\x01\x61\x8c\x04zlib\x86R."),
        BAD("c_codecs\nencode\n\x8c\x01\x61\x85R."),
        BAD("cbuiltins\nValueError\nNR."),
        BAD("cbuiltins\nValueError\n)RNb(."),
        BAD("cbuiltins\nValueError\n)R]b."),
        BAD("cbuiltins\nValueError\n)R}\x8c\x09__cause__]sb."),
        BAD("cbuiltins\nValueError\n)b."),
        BAD("]Nb."),
        BAD("cbuiltins"),
        BAD("cbuiltins\nValueError"),
        BAD("c\n\n."),
        BAD("cbuil\0tins\nValueError\n."),
        BAD("\x8c\x08"
            "builtins]\x93."),
        BAD("\x8c\x08"
            "builtins\x8c\x0bValueError\0\x93."),
        BAD("NQ."),
        BAD("C\0Q."),
        BAD("C\1FQ."),
        BAD("C\2F\xffQ."),
        BAD("C\x0a"
            "F\0\0\0\0\0\0\0\0\0Q."),
        BAD("C\x0a"
            "C\0\0\0\0\0\0\0\0\0Q."),
        BAD("C\x0a"
            "X\0\0\0\0\0\0\0\0\0Q."),
        BAD("C\x01IQ."),
        BAD("C\x11"
            "IaaaaaaaabbbbbbbbQ."),
        BAD("\x97."),
        BAD("\x98."),
        BAD("I1\n."),
        BAD("\xff."),
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_refused(bad[i].data, bad[i].size);
    assert_refused(NULL, 0);
}

TEST(errors_carry_what_told_them)
{
    trv_object *exception, *context;

    ck_assert_ptr_null(trv_pickle_loads("\x8c\x01\xff.", 4));
    exception = trv_error_take();
    context = must(trv_exception_context(exception));
    ck_assert_ptr_eq(trv_type_of(context), trv_UnicodeDecodeError);
    trv_unref(context);
    trv_unref(exception);
}

/* Something of everything. */
static trv_object *make_sample(void)
{
    trv_auto trv_object *list = must(
                            trv_build("[i d s y n b]", 70000, 2.5, "a text", "\1\2", (size_t)2, 1)),
                        *large =
                            must(trv_int_parse("-1234567890123456789012345678901234567890", 10)),
                        *set = must(trv_set_from(list)), *range = must(trv_range_new(1, 10, 2)),
                        *closure = must(trv_function_new(get_data, "get", list)), *exception = NULL;

    trv_raise_at_("a.c", 1, "a", trv_KeyError, "k");
    trv_raise_errno_of(2, "v");
    exception = trv_error_take();
    return must(trv_build("(o o {s:o s:o} o (o o) o o o o)", list, list, "key", large, "other", set,
                          range, twice, closure, exception, twice, trv_ValueError, large));
}

TEST(every_truncation_is_refused)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    size_t size;
    const char *data = trv_bytes_data(pickle, &size);

    for (size_t length = 0; length < size; length++) {
        char *part = malloc(length + !length); /* exactly as long, for sanitizers to see */
        memcpy(part, data, length);
        assert_refused(part, length);
        free(part);
    }
}

TEST(every_changed_byte_is_survived)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    size_t size, refused = 0;
    const char *data = trv_bytes_data(pickle, &size);
    char *changed = malloc(size);

    memcpy(changed, data, size);
    for (size_t i = 0; i < size; i++) {
        for (int byte = 0; byte < 256; byte++) {
            trv_object *object;
            changed[i] = (char)byte;
            object = trv_pickle_loads(changed, size);
            if (!object) {
                ck_assert(trv_error_matches(trv_UnpicklingError) ||
                          trv_error_matches(trv_MemoryError));
                refused++;
            }
            ck_assert_int_eq(trv_error_occurred(), !object);
            trv_error_clear();
            trv_unref(object);
        }
        changed[i] = data[i];
        if (i % 64 == 0)
            ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    }
    ck_assert_uint_gt(refused, size * 100);
    free(changed);
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

#if TRV_FAULT
TEST(running_out_of_memory)
{
    trv_auto trv_object *sample = make_sample(), *pickle = must(trv_pickle_dumps(sample));
    bool has_struck = true;

    for (uint64_t n = 1; has_struck; n++) {
        trv_object *dumped, *loaded;
        trv__fault_arm(n);
        dumped = trv_pickle_dumps(sample);
        has_struck = trv__fault_struck();
        trv__fault_arm(n);
        if (!dumped)
            assert_raised(trv_MemoryError, NULL);
        loaded = loads(pickle);
        has_struck = has_struck || trv__fault_struck();
        trv__fault_arm(0);
        if (!loaded)
            assert_raised(trv_MemoryError, NULL);
        trv_unref(dumped);
        trv_unref(loaded);
    }
}
#define FAULT_TESTS , RUN(running_out_of_memory)
#else
#define FAULT_TESTS
#endif

TEST_LIST(RUN(numbers_and_constants), RUN(large_ints), RUN(text_and_bytes_of_all_sizes),
          RUN(containers_of_all_sizes), RUN(types_are_read_as_themselves),
          RUN(shared_objects_stay_shared), RUN(containers_within_themselves),
          RUN(tuples_within_themselves), RUN(many_shared_objects_need_a_large_memo),
          RUN(every_exception_keeps_its_type_and_arguments),
          RUN(causes_contexts_and_tracebacks_travel), RUN(exceptions_in_a_ring_of_causes),
          RUN(a_type_made_at_run_time_is_found_by_name),
          RUN(an_os_error_of_an_unknown_type_keeps_its_number),
          RUN(a_static_function_is_the_same_object), RUN(a_closure_travels_with_its_data),
          RUN(a_closure_within_its_data), RUN(an_address_without_a_function_is_refused),
          RUN(code_of_another_program_is_refused), RUN(a_closure_of_unknown_code_needs_trust),
          RUN(known_code_is_kept_for_a_link), RUN(other_objects_are_refused),
          RUN(nesting_beyond_the_stack_is_a_recursion_error), RUN(reading_does_not_recurse),
          RUN(many_marks), RUN(what_follows_a_pickle_is_not_read), RUN(nonsense_is_refused),
          RUN(errors_carry_what_told_them), RUN(every_truncation_is_refused),
          RUN(every_changed_byte_is_survived), RUN(buffers_can_travel_beside),
          RUN(an_inherited_object_is_itself_in_a_worker_and_nothing_elsewhere) FAULT_TESTS)
