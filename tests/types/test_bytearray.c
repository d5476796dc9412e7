/* SPDX-License-Identifier: MIT */
/*
 * bytearray: octets that change in place, and do not move while somebody looks at them.
 */
#include "object/expect.h"
#include "types/exhaust.h"

static trv_object *array_of(const char *text)
{
    trv_object *made = trv_bytearray_new(text, strlen(text));

    ck_assert_ptr_nonnull(made);
    return made;
}

static trv_object *call(trv_object *object, const char *method, const char *format, ...)
{
    trv_auto trv_object *function = trv_getattr(object, method), *arguments = NULL;
    trv_object *items[3];
    size_t count;
    va_list list;

    va_start(list, format);
    arguments = trv_build_va(format, &list);
    va_end(list);
    if (!function || !arguments || trv_tuple_len(arguments, &count) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        items[i] = trv_tuple_get(arguments, (int64_t)i);
        trv_unref(items[i]); /* the tuple holds it */
    }
    return trv_call_array(function, items, count, NULL);
}

TEST(octets_change_in_place)
{
    trv_auto trv_object *array = array_of("abc"), *index = trv_int_new(1),
                        *value = trv_int_new('x');
    unsigned char *data;
    size_t size;

    ck_assert_int_eq(trv_setitem(array, index, value), 0);
    ck_assert_int_eq(trv_bytearray_append(array, "yz", 2), 0);
    data = trv_bytearray_data(array, &size);
    ck_assert_uint_eq(size, 5);
    data[0] = 'A';
    expect_repr(trv_ref(array), "bytearray(b'Axcyz')");
    ck_assert_int_eq(trv_bytearray_resize(array, 7), 0);
    expect_repr(trv_ref(array), "bytearray(b'Axcyz\\x00\\x00')");
    ck_assert_int_eq(trv_bytearray_resize(array, 2), 0);
    ck_assert_int_eq(trv_delitem(array, index), 0);
    expect_repr(trv_ref(array), "bytearray(b'A')");
    ck_assert_ptr_nonnull(trv_bytearray_data(array, NULL));
    EXPECT_MINUS(trv_bytearray_append(trv_none_new(), "a", 1), trv_TypeError,
                 "trv_bytearray_append needs a bytearray, not NoneType");
}

TEST(memory_in_use_does_not_move)
{
    trv_auto trv_object *array = array_of("abc"), *same = NULL;
    trv_buffer first, second;

    ck_assert_int_eq(trv_buffer_acquire(array, &first, TRV_BUFFER_WRITABLE), 0);
    ck_assert_int_eq(trv_buffer_acquire(array, &second, 0), 0);
    ck_assert_ptr_eq(first.data, second.data);
    EXPECT_MINUS(trv_bytearray_resize(array, 4), trv_BufferError,
                 "Existing exports of data: object cannot be re-sized");
    trv_buffer_release(&first);
    EXPECT_MINUS(trv_bytearray_append(array, "x", 1), trv_BufferError,
                 "Existing exports of data: object cannot be re-sized");
    ck_assert_int_eq(trv_bytearray_resize(array, 3), 0);
    trv_buffer_release(&second);
    trv_buffer_release(&second);
    ck_assert_int_eq(trv_bytearray_append(array, "d", 1), 0);
    same = trv_copy(array);
    ck_assert(same != array);
    expect_repr(trv_ref(same), "bytearray(b'abcd')");
}

TEST(a_buffer_holds_its_owner)
{
    trv_object *array = array_of("abc");
    trv_buffer buffer;

    ck_assert_int_eq(trv_buffer_acquire(array, &buffer, 0), 0);
    trv_unref(array);
    ck_assert_int_eq(memcmp(buffer.data, "abc", 3), 0);
    ck_assert_str_eq(buffer.format, "B");
    ck_assert_int_eq(buffer.readonly, 0);
    trv_buffer_release(&buffer);
    ck_assert_ptr_null(buffer.owner);
}

TEST(size_counts_the_room)
{
    trv_auto trv_object *array = trv_bytearray_new(NULL, 1000), *empty = trv_bytearray_new(NULL, 0);

    ck_assert_uint_ge(trv_sizeof(array), trv_sizeof(empty) + 1000);
    ck_assert_int_eq(trv_bytearray_resize(array, 0), 0);
    ck_assert_uint_eq(trv_sizeof(array), trv_sizeof(empty));
}

TEST(out_of_memory)
{
    trv_auto trv_object *array = array_of("octets"), *more = array_of("and more"),
                        *numbers = trv_build("[i i]", 1, 2);

    EXHAUST(trv_bytearray_new("abc", 3));
    EXHAUST(trv_add(array, more));
    EXHAUST(trv_repr(array));
    EXHAUST(trv_iter(array));
    EXHAUST(trv_copy(array));
    EXHAUST(trv_call(trv_bytearray_type, "o", numbers));
    EXHAUST(trv_call(trv_bytearray_type, "ss", "\xc3\xa9", "utf-16"));
    EXHAUST(call(array, "split", "(o)", trv_none_new()));
    EXHAUST(call(array, "replace", "(y y)", "t", (size_t)1, "long enough", (size_t)11));
    EXHAUST(call(array, "join", "([y y])", "x", (size_t)1, "y", (size_t)1));
    EXHAUST(call(array, "hex", "(s)", ":"));
    EXHAUST(call(array, "partition", "(y)", "t", (size_t)1));
    EXHAUST(call(array, "title", "()"));
    for (int i = 0; i < 40; i++) {
        trv_object *none = call(array, "append", "(i)", i);
        ck_assert_ptr_nonnull(none);
    }
}

TEST_LIST(RUN(octets_change_in_place), RUN(memory_in_use_does_not_move),
          RUN(a_buffer_holds_its_owner), RUN(size_counts_the_room), RUN(out_of_memory))
