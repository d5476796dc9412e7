/* SPDX-License-Identifier: MIT */
/*
 * Encodings: between str and bytes, and what becomes of what cannot be converted.
 */
#include "object/expect.h"
#include "types/exhaust.h"

TEST(there_and_back_again)
{
    static const char *const encodings[] = {"utf-8",     NULL,     "UTF-16",    "utf_16_le",
                                            "utf-16-be", "utf-32", "UTF 32 LE", "utf-32-be"};
    trv_auto trv_object *text = trv_str_new("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");

    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        trv_auto trv_object *bytes = trv_str_encode(text, encodings[i], NULL), *again = NULL;
        size_t size;
        const void *data = trv_bytes_data(bytes, &size);
        again = trv_str_decode(data, size, encodings[i], "strict");
        ck_assert_int_eq(trv_equal(text, again), 1);
    }
}

TEST(errors_are_handled_as_told)
{
    trv_auto trv_object *text = trv_str_new("a\xc3\xa9\xe2\x82\xac");

    expect_repr(trv_str_encode(text, "ascii", "replace"), "b'a?"
                                                          "?'");
    expect_repr(trv_str_encode(text, "latin-1", "xmlcharrefreplace"), "b'a\\xe9&#8364;'");
    expect_repr(trv_str_decode("a\xff", 2, "ascii", "backslashreplace"), "'a\\\\xff'");
    EXPECT_NULL(trv_str_encode(text, "ascii", NULL), trv_UnicodeEncodeError,
                "'ascii' codec can't encode characters in position 1-2: ordinal not in range(128)");
    EXPECT_NULL(trv_str_decode("a\xff", 2, NULL, NULL), trv_UnicodeDecodeError,
                "'utf-8' codec can't decode byte 0xff in position 1: invalid start byte");
    EXPECT_NULL(trv_str_encode(text, "klingon", NULL), trv_LookupError,
                "unknown encoding: klingon");
    EXPECT_NULL(trv_str_encode(text, "ascii", "hope"), trv_LookupError,
                "unknown error handler name 'hope'");
    EXPECT_NULL(trv_str_encode(trv_none_new(), "ascii", NULL), trv_TypeError,
                "trv_str_encode needs a str, not NoneType");
}

TEST(errors_tell_what_and_where)
{
    trv_auto trv_object *error = NULL, *text = NULL;

    text = trv_str_decode("ab\xff", 3, "utf-8", NULL);
    ck_assert_ptr_null(text);
    error = trv_error_take();
    expect_repr(trv_getattr(error, "object"), "b'ab\\xff'");
    expect_repr(trv_getattr(error, "start"), "2");
    expect_repr(trv_getattr(error, "end"), "3");
    expect_repr(trv_getattr(error, "reason"), "'invalid start byte'");
}

TEST(out_of_memory)
{
    trv_auto trv_object *text = trv_str_new("a\xc3\xa9\xe2\x82\xac and so on and on");

    EXHAUST(trv_str_encode(text, "utf-8", NULL));
    EXHAUST(trv_str_encode(text, "utf-32", NULL));
    EXHAUST(trv_str_encode(text, "ascii", "backslashreplace"));
    EXHAUST(trv_str_decode("a\xff\xc3", 3, "utf-8", "replace"));
    EXHAUST(trv_str_decode("a\xff", 2, "latin-1", NULL));
    EXHAUST(trv_str_decode("a\0b\0c", 5, "utf-16", "ignore"));
}

TEST_LIST(RUN(there_and_back_again), RUN(errors_are_handled_as_told),
          RUN(errors_tell_what_and_where), RUN(out_of_memory))
