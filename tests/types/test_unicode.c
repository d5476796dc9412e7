/* SPDX-License-Identifier: MIT */
/*
 * Unicode in strs: cases, normal forms, width, translation; and what is known of single characters.
 */
#include "object/expect.h"
#include "types/exhaust.h"

static void expect_text(trv_object *text, const char *wanted)
{
    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), wanted);
    trv_unref(text);
}

static trv_object *call(trv_object *object, const char *method)
{
    trv_auto trv_object *function = trv_getattr(object, method);

    return function ? trv_call(function, "") : NULL;
}

TEST(cases_change_the_length)
{
    trv_auto trv_object *street = trv_str_new("Stra\xc3\x9f"
                                              "e"),
                        *ascii = trv_str_new("Abc 1");
    trv_auto trv_object *word = trv_str_new("\xce\xa3\xce\x91\xce\xa3");

    expect_text(trv_str_upper(street), "STRASSE");
    expect_text(trv_str_casefold(street), "strasse");
    expect_text(trv_str_lower(word), "\xcf\x83\xce\xb1\xcf\x82");
    expect_text(call(word, "title"), "\xce\xa3\xce\xb1\xcf\x82");
    expect_text(trv_str_upper(ascii), "ABC 1");
    expect_text(trv_str_casefold(ascii), "abc 1");
    expect_text(call(ascii, "swapcase"), "aBC 1");
    EXPECT_NULL(trv_str_casefold(trv_none_new()), trv_TypeError,
                "trv_str_casefold needs a str, not NoneType");
}

TEST(normal_forms)
{
    trv_auto trv_object *composed = trv_str_new("\xc3\xa9\xef\xac\x81"), *plain = trv_str_new("e");
    trv_auto trv_object *parts = trv_str_new("e\xcc\x81\xef\xac\x81"), *same = NULL;

    expect_text(trv_str_normalize(composed, "NFD"), "e\xcc\x81\xef\xac\x81");
    expect_text(trv_str_normalize(parts, "NFC"), "\xc3\xa9\xef\xac\x81");
    expect_text(trv_str_normalize(parts, "NFKC"), "\xc3\xa9"
                                                  "fi");
    expect_text(trv_str_normalize(composed, "NFKD"), "e\xcc\x81"
                                                     "fi");
    same = trv_str_normalize(plain, "NFC");
    ck_assert_ptr_eq(same, plain);
    EXPECT_NULL(trv_str_normalize(composed, "NFX"), trv_ValueError, "invalid normalization form");
    EXPECT_NULL(trv_str_normalize(trv_int_new(1), "NFC"), trv_TypeError,
                "trv_str_normalize needs a str, not int");
}

TEST(width_in_columns)
{
    trv_auto trv_object *text = trv_str_new("a\xe6\x97\xa5"
                                            "e\xcc\x81\xf0\x9f\x98\x80\n");
    size_t columns;

    ck_assert_int_eq(trv_str_width(text, &columns), 0);
    ck_assert_uint_eq(columns, 1 + 2 + 1 + 2);
    EXPECT_MINUS(trv_str_width(trv_none_new(), &columns), trv_TypeError,
                 "trv_str_width needs a str, not NoneType");
}

TEST(single_characters)
{
    double number = 0;

    ck_assert_str_eq(trv_character_category('A'), "Lu");
    ck_assert_str_eq(trv_character_category(0x110000), "Cn");
    ck_assert_int_eq(trv_character_decimal(0x663), 3);
    ck_assert_int_eq(trv_character_decimal(0x1d7ff), 9);
    ck_assert_int_eq(trv_character_decimal(0xb2), -1);
    ck_assert_int_eq(trv_character_digit(0xb2), 2);
    ck_assert_int_eq(trv_character_digit(0xbd), -1);
    ck_assert_int_eq(trv_character_numeric(0xbd, &number), 1);
    ck_assert_double_eq(number, 0.5);
    ck_assert_int_eq(trv_character_numeric(0x4e07, &number), 1);
    ck_assert_double_eq(number, 10000);
    ck_assert_int_eq(trv_character_numeric('x', &number), 0);
    ck_assert_int_ge(atoi(trv_unicode_version()), 13);
}

TEST(tables_of_the_type_itself)
{
    trv_auto trv_object *make = trv_getattr(trv_str_type, "maketrans");
    trv_auto trv_object *table = trv_call(make, "sss", "ab", "x\xc3\xa9", "c");
    trv_auto trv_object *text = trv_str_new("abcd"), *translate = trv_getattr(text, "translate");

    expect_repr(trv_ref(table), "{97: 120, 98: 233, 99: None}");
    expect_text(trv_call(translate, "o", table), "x\xc3\xa9"
                                                 "d");
    EXPECT_NULL(trv_call(translate, "{i:i}", 'a', 0xd800), trv_ValueError,
                "character mapping must not be a surrogate");
    EXPECT_NULL(trv_getattr(trv_int_type, "maketrans"), trv_AttributeError,
                "type object 'int' has no attribute 'maketrans'");
}

TEST(out_of_memory)
{
    trv_auto trv_object *ascii = trv_str_new("some words"),
                        *wide = trv_str_new("\xc3\x9f\xc3\xa9 word");
    trv_auto trv_object *expand = trv_getattr(wide, "expandtabs"),
                        *fill = trv_getattr(ascii, "zfill");
    trv_auto trv_object *make = trv_getattr(trv_str_type, "maketrans"),
                        *table = trv_build("{i:s}", 'o', "1000");
    trv_auto trv_object *translate = trv_getattr(ascii, "translate");

    EXHAUST(trv_str_upper(ascii));
    EXHAUST(trv_str_upper(wide));
    EXHAUST(call(wide, "title"));
    EXHAUST(trv_str_normalize(wide, "NFD"));
    EXHAUST(trv_call(expand, "i", 300));
    EXHAUST(trv_call(fill, "i", 300));
    EXHAUST(trv_call(make, "sss", "ab", "xy", "c"));
    EXHAUST(trv_call(translate, "o", table));
}

TEST_LIST(RUN(cases_change_the_length), RUN(normal_forms), RUN(width_in_columns),
          RUN(single_characters), RUN(tables_of_the_type_itself), RUN(out_of_memory))
