/* SPDX-License-Identifier: MIT */
/*
 * bytes: making, looking at, cutting and converting octets.
 */
#include "object/expect.h"
#include "types/exhaust.h"

static trv_object *bytes_of(const char *text)
{
    trv_object *made = trv_bytes_new(text, strlen(text));

    ck_assert_ptr_nonnull(made);
    return made;
}

TEST(octets_are_copied)
{
    char memory[3] = {0, 'a', (char)0xff};
    trv_auto trv_object *bytes = trv_bytes_new(memory, 3), *zeros = trv_bytes_new(NULL, 2);
    size_t size;
    const unsigned char *data;

    memory[1] = 'x';
    data = trv_bytes_data(bytes, &size);
    ck_assert_uint_eq(size, 3);
    ck_assert_int_eq(data[1], 'a');
    ck_assert_int_eq(data[3], 0);
    expect_repr(trv_ref(bytes), "b'\\x00a\\xff'");
    expect_repr(trv_ref(zeros), "b'\\x00\\x00'");
    EXPECT_MINUS(trv_bytes_data(trv_str_new("a"), &size) ? 0 : -1, trv_TypeError,
                 "trv_bytes_data needs a bytes, not str");
}

TEST(repr_quotes_as_python)
{
    trv_auto trv_object *bytes = bytes_of("it's"), *text = NULL;

    expect_repr(trv_ref(bytes), "b\"it's\"");
    expect_repr(bytes_of("\"'"), "b'\"\\''");
    expect_repr(bytes_of("\t\n\r\\\x7f\x80"), "b'\\t\\n\\r\\\\\\x7f\\x80'");
    text = trv_str(bytes);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "b\"it's\"");
}

TEST(items_are_ints)
{
    trv_auto trv_object *bytes = bytes_of("ab\xff"), *list = trv_list_from(bytes);
    int64_t sum = 0, value;

    expect_repr(trv_ref(list), "[97, 98, 255]");
    TRV_FOR(item, bytes) {
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        sum += value;
    }
    ck_assert_int_eq(sum, 97 + 98 + 255);
    expect_repr(trv_getitem(bytes, trv_int_new(-1)), "255");
    EXPECT_NULL(trv_getitem(bytes, trv_int_new(3)), trv_IndexError, "index out of range");
    EXPECT_NULL(trv_getitem(bytes, trv_str_new("a")), trv_TypeError,
                "byte indices must be integers or slices, not str");
    ck_assert_int_eq(trv_contains(bytes, trv_int_new(98)), 1);
    ck_assert_int_eq(trv_contains(bytes, trv_int_new(99)), 0);
    EXPECT_MINUS(trv_contains(bytes, trv_int_new(256)), trv_ValueError,
                 "byte must be in range(0, 256)");
    EXPECT_MINUS(trv_contains(bytes, trv_str_new("a")), trv_TypeError,
                 "a bytes-like object is required, not 'str'");
}

TEST(arithmetic_and_order)
{
    trv_auto trv_object *a = bytes_of("ab"), *b = bytes_of("ac"), *both = trv_add(a, b);
    trv_auto trv_object *again = trv_add(a, b), *most = trv_int_new(INT64_MAX);
    int64_t x, y;

    expect_repr(trv_ref(both), "b'abac'");
    expect_repr(trv_multiply(a, trv_int_new(3)), "b'ababab'");
    expect_repr(trv_multiply(trv_int_new(-1), a), "b''");
    ck_assert_int_eq(trv_compare(a, b, TRV_LESS), 1);
    ck_assert_int_eq(trv_compare(both, b, TRV_GREATER), 0);
    ck_assert_int_eq(trv_equal(both, again), 1);
    ck_assert_int_eq(trv_hash(both, &x), 0);
    ck_assert_int_eq(trv_hash(again, &y), 0);
    ck_assert_int_eq(x, y);
    ck_assert_int_eq(trv_equal(a, trv_str_new("a")), 0);
    EXPECT_NULL(trv_add(a, trv_str_new("a")), trv_TypeError, "can't concat str to bytes");
    EXPECT_NULL(trv_multiply(a, most), trv_OverflowError, "repeated bytes are too long");
}

TEST(slices)
{
    trv_auto trv_object *bytes = bytes_of("abcdef");

    expect_repr(trv_bytes_slice(bytes, 1, 3), "b'bc'");
    expect_repr(trv_bytes_slice(bytes, -2, 99), "b'ef'");
    expect_repr(trv_bytes_slice(bytes, 4, 2), "b''");
    expect_repr(trv_bytes_slice(bytes, INT64_MIN, INT64_MAX), "b'abcdef'");
}

TEST(conversion)
{
    trv_auto trv_object *numbers = trv_build("[i i]", 1, 255), *wrong = trv_build("[i]", 256);
    trv_auto trv_object *words = trv_build("[s]", "a"), *decode = NULL;
    trv_auto trv_object *bytes = bytes_of("\xc3\xa9");

    expect_repr(trv_call(trv_bytes_type, ""), "b''");
    expect_repr(trv_call(trv_bytes_type, "i", 3), "b'\\x00\\x00\\x00'");
    expect_repr(trv_call(trv_bytes_type, "o", numbers), "b'\\x01\\xff'");
    expect_repr(trv_call(trv_bytes_type, "ss", "\xc3\xa9", "latin-1"), "b'\\xe9'");
    EXPECT_NULL(trv_call(trv_bytes_type, "i", -1), trv_ValueError, "negative count");
    EXPECT_NULL(trv_call(trv_bytes_type, "o", wrong), trv_ValueError,
                "bytes must be in range(0, 256)");
    EXPECT_NULL(trv_call(trv_bytes_type, "o", words), trv_TypeError,
                "'str' object cannot be interpreted as an integer");
    EXPECT_NULL(trv_call(trv_bytes_type, "s", "a"), trv_TypeError,
                "string argument without an encoding");
    EXPECT_NULL(trv_call(trv_bytes_type, "d", 1.5), trv_TypeError,
                "cannot convert 'float' object to bytes");
    EXPECT_NULL(trv_call(trv_bytes_type, "ss", "\xc3\xa9", "ascii"), trv_UnicodeEncodeError,
                "'ascii' codec can't encode character '\\xe9' in position 0: ordinal not in "
                "range(128)");
    decode = trv_getattr(bytes, "decode");
    expect_repr(trv_call(decode, ""), "'\xc3\xa9'");
    expect_repr(trv_call(decode, "s", "Latin_1"), "'\xc3\x83\xc2\xa9'");
}

TEST(out_of_memory)
{
    trv_auto trv_object *a = bytes_of("octets"), *numbers = trv_build("[i i]", 1, 2);

    EXHAUST(trv_bytes_new("abc", 3));
    EXHAUST(trv_add(a, a));
    EXHAUST(trv_repr(a));
    EXHAUST(trv_iter(a));
    EXHAUST(trv_bytes_slice(a, 1, 3));
    EXHAUST(trv_call(trv_bytes_type, "o", numbers));
    EXHAUST(trv_call(trv_bytes_type, "i", 1000));
}

TEST_LIST(RUN(octets_are_copied), RUN(repr_quotes_as_python), RUN(items_are_ints),
          RUN(arithmetic_and_order), RUN(slices), RUN(conversion), RUN(out_of_memory))
