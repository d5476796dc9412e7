/* SPDX-License-Identifier: MIT */
/*
 * str, its interning, and the builder that reprs are written with. What the methods give is
 * compared with Python in tests/differential; here stand identity, views, indices into text that
 * is not ASCII, errors, and what happens when memory runs out.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "types/builder.h"
#include "types/str_methods.h"

TEST(short_strs_are_shared)
{
    char text[2] = {0, 0};

    ck_assert_ptr_eq(trv_str_new(""), trv_str_new_sized("x", 0));
    for (int c = 0; c < 128; c++) {
        trv_object *a, *b;
        text[0] = (char)c;
        a = trv_str_new_sized(text, 1);
        b = trv_str_new_sized(text, 1);
        ck_assert_ptr_eq(a, b);
        ck_assert_int_eq(trv_refcount(a), INT32_MAX);
        ck_assert_ptr_eq(trv_intern(a), a);
    }
}

TEST(results_that_are_short_are_shared_too)
{
    trv_auto trv_object *text = trv_str_new("abcab"), *ab = trv_str_new("ab");
    trv_object *empty = trv_str_new(""), *c = trv_str_new("c");
    trv_auto trv_object *upper = trv_str_new("C");

    ck_assert_ptr_eq(trv_str_replace(text, ab, empty), c);
    ck_assert_ptr_eq(trv_str_slice(text, 2, 3), c);
    ck_assert_ptr_eq(trv_getitem(text, trv_int_new(2)), c);
    ck_assert_ptr_eq(trv_str_lower(upper), c);
    ck_assert_ptr_eq(trv_multiply(text, trv_int_new(0)), empty);
    ck_assert_ptr_eq(trv_str_join(empty, empty), empty);
}

TEST(a_str_and_its_utf8)
{
    trv_auto trv_object *text = trv_str_new("h\xc3\xa9llo \xf0\x9f\x98\x80");
    size_t length, size;

    ck_assert_int_eq(trv_len(text, &length), 0);
    ck_assert_uint_eq(length, 7);
    ck_assert_str_eq(trv_str_utf8(text, &size), "h\xc3\xa9llo \xf0\x9f\x98\x80");
    ck_assert_uint_eq(size, 11);
    ck_assert_ptr_nonnull(trv_str_utf8(text, NULL));
    EXPECT_NULL((trv_object *)(uintptr_t)trv_str_utf8(trv_int_new(1), NULL), trv_TypeError,
                "trv_str_utf8 needs a str, not int");
}

TEST(nul_is_a_character)
{
    trv_auto trv_object *text = trv_str_new_sized("a\0b", 3), *other = trv_str_new("a");
    size_t length;

    ck_assert_int_eq(trv_len(text, &length), 0);
    ck_assert_uint_eq(length, 3);
    ck_assert_int_eq(trv_equal(text, other), 0);
    expect_repr(trv_ref(text), "'a\\x00b'");
}

TEST(only_utf8_becomes_a_str)
{
    static const char *const bad[][2] = {
        {"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"},
        {"ab\x80", "'utf-8' codec can't decode byte 0x80 in position 2: invalid start byte"},
        {"\xc0\x80", "'utf-8' codec can't decode byte 0xc0 in position 0: invalid start byte"},
        {"\xe2\x82", "'utf-8' codec can't decode bytes in position 0-1: unexpected end of data"},
        {"\xe2\x82z", "'utf-8' codec can't decode bytes in position 0-1: "
                      "invalid continuation byte"},
        {"\xed\xa0\x80", "'utf-8' codec can't decode byte 0xed in position 0: "
                         "invalid continuation byte"},
        {"\xf4\x90\x80\x80", "'utf-8' codec can't decode byte 0xf4 in position 0: "
                             "invalid continuation byte"},
        {"123456781234567\xc3", "'utf-8' codec can't decode byte 0xc3 in position 15: "
                                "unexpected end of data"}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        EXPECT_NULL(trv_str_new(bad[i][0]), trv_UnicodeDecodeError, bad[i][1]);
}

/* Every code point of a long text, by index and by iteration, forwards and from the end. */
TEST(indices_count_code_points)
{
    static const uint32_t points[] = {'a', 0xe9, 0x65e5, 0x1f600};
    trv_auto trv_object *empty = trv_str_new(""), *text = trv_ref(empty), *list = NULL;
    trv_auto trv_object *below = trv_int_new(-201);
    size_t count = 0;

    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *one = trv__str_of_code_point(points[i % 4]);
        trv_object *longer = trv_add(text, one);
        trv_unref(text);
        text = longer;
    }
    list = trv_list_from(text);
    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *index = trv_int_new(i), *back = trv_int_new(i - 200);
        trv_auto trv_object *one = trv__str_of_code_point(points[i % 4]);
        trv_auto trv_object *item = trv_getitem(text, index), *same = trv_getitem(text, back);
        trv_auto trv_object *listed = trv_list_get(list, i), *cut = trv_str_slice(text, i, i + 1);
        ck_assert_int_eq(trv_equal(item, one), 1);
        ck_assert_int_eq(trv_equal(same, one), 1);
        ck_assert_int_eq(trv_equal(listed, one), 1);
        ck_assert_int_eq(trv_equal(cut, one), 1);
    }
    TRV_FOR(item, text)
        count++;
    ck_assert_uint_eq(count, 200);
    EXPECT_NULL(trv_getitem(text, trv_int_new(200)), trv_IndexError, "string index out of range");
    EXPECT_NULL(trv_getitem(text, below), trv_IndexError, "string index out of range");
    EXPECT_NULL(trv_getitem(text, text), trv_TypeError,
                "string indices must be integers, not 'str'");
}

/* A str of `length` code points of all sizes in no regular order, and the code points. */
static trv_object *mixed_text(uint32_t *points, size_t length)
{
    static const uint32_t kinds[] = {'a', 0xe9, 0x65e5, 0x1f600, 'z', 0x10ffff};
    struct trv__builder b;
    uint32_t random = 1;
    char unit[4];

    trv__builder_init(&b);
    for (size_t i = 0; i < length; i++) {
        random = random * 1664525 + 1013904223;
        points[i] = kinds[(random >> 16) % (i < length / 2 ? 4 : 6)];
        ck_assert_int_eq(trv__builder_add(&b, unit, trv__utf8_put(unit, points[i])), 0);
    }
    return trv__builder_finish(&b);
}

static void expect_point(trv_object *str, uint32_t point)
{
    const char *text = trv_str_utf8(str, NULL);

    ck_assert_uint_eq(trv__as_str(str)->length, 1);
    ck_assert_uint_eq(trv__utf8_next(&text), point);
    trv_unref(str);
}

static trv_object *item(trv_object *str, int64_t index)
{
    trv_auto trv_object *key = trv_int_new(index);

    return trv_getitem(str, key);
}

/* Long ones have an index from the first access that is far from their ends, in blocks of 16384. */
TEST(indices_of_long_texts)
{
    static const size_t lengths[] = {150, 300, 1000, 16383, 16384, 16385, 70001};
    static uint32_t points[70001];

    for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
        size_t length = lengths[n];
        trv_auto trv_object *text = mixed_text(points, length), *all = trv_list_from(text);
        size_t size = trv_sizeof(text), listed;
        ck_assert_int_eq(trv_list_len(all, &listed), 0);
        ck_assert_uint_eq(listed, length);
        expect_point(item(text, 0), points[0]);
        expect_point(item(text, -1), points[length - 1]);
        for (size_t i = 0; i < length; i++)
            expect_point(item(text, (int64_t)i), points[i]);
        for (size_t i = 0; i < length; i += 61) {
            trv_auto trv_object *cut = trv_str_slice(text, (int64_t)i, (int64_t)i + 3);
            expect_point(item(cut, 0), points[i]);
            expect_point(item(cut, -1), points[MIN_OF(i + 2, length - 1)]);
        }
        ck_assert_uint_eq(trv_sizeof(text), size);
    }
}

/* Texts that are made of one with an index have none yet, or their own. */
TEST(an_index_is_of_one_text)
{
    static uint32_t points[5000];
    trv_auto trv_object *text = mixed_text(points, 5000), *key = trv_str_new("\xc3\xa9");
    trv_auto trv_object *heir = trv_class_new("heir", trv_str_type, NULL);
    trv_auto trv_object *longer = NULL, *twice = NULL, *derived = NULL, *plain = NULL;

    expect_point(item(text, 2500), points[2500]);
    longer = trv_add(key, text);
    twice = trv_add(text, text);
    derived = trv_call(heir, "o", text);
    expect_point(item(derived, 2600), points[2600]);
    plain = trv_str(derived);
    for (int64_t i = 0; i < 5000; i += 7) {
        expect_point(item(longer, i + 1), points[i]);
        expect_point(item(twice, i + 5000), points[i]);
        expect_point(item(derived, i), points[i]);
        expect_point(item(plain, i), points[i]);
    }
    ck_assert_int_eq(trv_equal(text, derived), 1);
    ck_assert_int_eq(trv_equal(text, plain), 1);
}

/* The room for an index is in texts that are long and not ASCII alone. */
TEST(what_an_index_takes)
{
    trv_auto trv_object *ascii = trv_str_printf("%10000d", 1), *wide = NULL;
    trv_auto trv_object *unit = trv_str_new("\xc3\xa9"), *n = trv_int_new(5000);
    size_t room = trv_sizeof(ascii);

    wide = trv_multiply(unit, n);
    ck_assert_uint_ge(room, 10000);
    ck_assert_uint_gt(trv_sizeof(wide), room);
    ck_assert_uint_le(trv_sizeof(wide), room + 5000 / 64 * 2 + 32);
}

TEST(slices_are_cut_to_what_is_there)
{
    trv_auto trv_object *text = trv_str_new("h\xc3\xa9llo");

    expect_repr(trv_str_slice(text, 1, 3), "'\xc3\xa9l'");
    expect_repr(trv_str_slice(text, -2, INT64_MAX), "'lo'");
    expect_repr(trv_str_slice(text, INT64_MIN, -3), "'h\xc3\xa9'");
    expect_repr(trv_str_slice(text, 3, 1), "''");
    expect_repr(trv_str_slice(text, 9, 12), "''");
    ck_assert_int_eq(trv_refcount(text), 1);
    trv_unref(trv_str_slice(text, 0, 5));
    ck_assert_int_eq(trv_refcount(text), 1);
}

TEST(equal_strs_hash_alike)
{
    trv_auto trv_object *a = trv_str_new("a longer text, not shared");
    trv_auto trv_object *half = trv_str_new("a longer text, "), *rest = trv_str_new("not shared");
    trv_auto trv_object *b = trv_add(half, rest);
    int64_t x, y;

    ck_assert_ptr_ne(a, b);
    ck_assert_int_eq(trv_equal(a, b), 1);
    ck_assert_int_eq(trv_hash(a, &x), 0);
    ck_assert_int_eq(trv_hash(b, &y), 0);
    ck_assert_int_eq(x, y);
    ck_assert_int_eq((int64_t)trv__text_hash("a longer text, not shared", 25), x);
}

TEST(order_is_that_of_code_points)
{
    trv_auto trv_object *a = trv_str_new("\xef\xbd\x81"), *b = trv_str_new("\xf0\x9f\x98\x80");
    trv_auto trv_object *n = trv_int_new(1);

    ck_assert_int_eq(trv_compare(a, b, TRV_LESS), 1);
    ck_assert_int_eq(trv_compare(b, a, TRV_GREATER_EQUAL), 1);
    ck_assert_int_eq(trv_equal(a, n), 0);
    EXPECT_MINUS(trv_compare(a, n, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'str' and 'int'");
}

TEST(interned_strs_are_one_object)
{
    trv_auto trv_object *a = trv_str_new("interned"), *b = trv_str_new("interned");
    trv_auto trv_object *first = trv_intern(a), *second = trv_intern(b);

    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_eq(first, a);
    ck_assert_ptr_eq(second, a);
    ck_assert_int_eq(trv_refcount(a), 3);
    EXPECT_NULL(trv_intern(trv_int_new(1)), trv_TypeError, "trv_intern needs a str, not int");
}

/* Names are compared by their addresses, and hashed by nobody but the library. */
TEST(strs_of_classes_are_not_interned)
{
    trv_auto trv_object *class_ = trv_class_new("Name", trv_str_type, NULL);
    trv_auto trv_object *name = trv_call(class_, "s", "interned"), *part = NULL;

    EXPECT_NULL(trv_intern(name), trv_TypeError, "can't intern Name");
    part = trv_str_slice(name, 0, 100);
    ck_assert_str_eq(trv_type_name(part), "str");
}

/* The table does not keep strs alive; those that end make room, whatever order they end in. */
TEST(interned_strs_end_like_any_other)
{
    enum { MANY = 5000 };
    static trv_object *held[MANY];
    size_t used = trv__current->objects->interned.used;
    unsigned step = 1237;

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            trv_auto trv_object *text = trv_str_printf("name %d", i);
            held[i] = trv_intern(text);
        }
        for (int i = 0; i < MANY; i++) {
            trv_auto trv_object *text = trv_str_printf("name %d", i), *same = trv_intern(text);
            ck_assert_ptr_eq(same, held[i]);
        }
        ck_assert_uint_eq(trv__current->objects->interned.used, used + MANY);
        for (unsigned i = 0; i < MANY; i++)
            trv_clear(&held[(i * step) % MANY]);
        ck_assert_uint_eq(trv__current->objects->interned.used, used);
    }
}

/* A program that forgets a reference still ends in order. */
RAW_TEST(a_forgotten_interned_str_does_no_harm)
{
    for (int round = 0; round < 2; round++) {
        trv_object *text;
        ck_assert_int_eq(trv_init(NULL), 0);
        text = trv_str_new("forgotten");
        trv_unref(trv_intern(text));
        trv_fini();
    }
}

TEST(printf_of_any_size)
{
    trv_auto trv_object *text = trv_str_printf("%s-%05d-%.3f", "a", 42, 1.5), *wide = NULL;
    char *filler = malloc(5000);
    size_t length;

    expect_repr(trv_ref(text), "'a-00042-1.500'");
    for (size_t size = 250; size < 262; size++) {
        trv_auto trv_object *edge = trv_str_printf("%*s", (int)size, "x");
        ck_assert_int_eq(trv_len(edge, &length), 0);
        ck_assert_uint_eq(length, size);
    }
    memset(filler, 'y', 4999);
    filler[4999] = 0;
    wide = trv_str_printf("[%s]", filler);
    ck_assert_int_eq(trv_len(wide, &length), 0);
    ck_assert_uint_eq(length, 5001);
    free(filler);
    EXPECT_NULL(trv_str_printf("%s", "\xff"), trv_UnicodeDecodeError,
                "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
}

TEST(joining_and_splitting)
{
    trv_auto trv_object *comma = trv_str_new(", "), *text = trv_str_new("a, b\xc3\xa9, c");
    trv_auto trv_object *parts = trv_str_split(text, comma, -1), *again = NULL;
    trv_auto trv_object *numbers = trv_build("[s i]", "a", 1), *words = trv_str_new(" x  y ");
    trv_auto trv_object *tuple = trv_build("(s s)", "x", "y"), *empty = trv_str_new("");

    expect_repr(trv_ref(parts), "['a', 'b\xc3\xa9', 'c']");
    again = trv_str_join(comma, parts);
    ck_assert_int_eq(trv_equal(text, again), 1);
    expect_repr(trv_str_join(comma, tuple), "'x, y'");
    expect_repr(trv_str_join(comma, empty), "''");
    expect_repr(trv_str_split(words, NULL, -1), "['x', 'y']");
    expect_repr(trv_str_split(words, trv_none_new(), 1), "['x', 'y ']");
    EXPECT_NULL(trv_str_split(text, empty, -1), trv_ValueError, "empty separator");
    EXPECT_NULL(trv_str_join(comma, numbers), trv_TypeError,
                "sequence item 1: expected str instance, int found");
    EXPECT_NULL(trv_str_join(comma, trv_int_new(1)), trv_TypeError, "can only join an iterable");
}

TEST(searching)
{
    trv_auto trv_object *text = trv_str_new("\xc3\xa9t\xc3\xa9 t\xc3\xa9"),
                        *t = trv_str_new("t\xc3\xa9");
    trv_auto trv_object *none = trv_str_new("x"), *n = trv_int_new(1);
    int64_t index;

    ck_assert_int_eq(trv_str_find(text, t, &index), 0);
    ck_assert_int_eq(index, 1);
    ck_assert_int_eq(trv_str_find(text, none, &index), 0);
    ck_assert_int_eq(index, -1);
    ck_assert_int_eq(trv_contains(text, t), 1);
    ck_assert_int_eq(trv_str_startswith(text, t), 0);
    ck_assert_int_eq(trv_str_endswith(text, t), 1);
    EXPECT_MINUS(trv_contains(text, n), trv_TypeError,
                 "'in <string>' requires string as left operand, not int");
    EXPECT_MINUS(trv_str_find(text, n, &index), trv_TypeError, "trv_str_find needs a str, not int");
}

TEST(methods_and_their_errors)
{
    trv_auto trv_object *text = trv_str_new("one two"), *n = trv_int_new(1);
    trv_auto trv_object *find = trv_getattr(text, "find"), *index = trv_getattr(text, "index");
    trv_auto trv_object *split = trv_getattr(text, "split"), *encode = trv_getattr(text, "encode");
    trv_auto trv_object *starts = trv_getattr(text, "startswith");
    trv_auto trv_object *keywords = trv_build("{s:i}", "maxsplit", 0),
                        *strip = trv_getattr(text, "strip");
    trv_auto trv_object *prefixes = trv_build("(s s)", "x", "one"), *most = trv_int_new(INT64_MAX);

    expect_repr(trv_call(find, "s", "two"), "4");
    expect_repr(trv_call(starts, "(o)", prefixes), "True");
    expect_repr(trv_call_array(split, NULL, 0, keywords), "['one two']");
    expect_repr(trv_call(encode, ""), "b'one two'");
    EXPECT_NULL(trv_call(find, "o", n), trv_TypeError, "must be str, not int");
    EXPECT_NULL(trv_call(index, "s", "x"), trv_ValueError, "substring not found");
    EXPECT_NULL(trv_call(encode, "s", "ebcdic"), trv_LookupError, "unknown encoding: ebcdic");
    EXPECT_NULL(trv_call(starts, "o", n), trv_TypeError,
                "startswith first arg must be str or a tuple of str, not int");
    EXPECT_NULL(trv_call(strip, "o", n), trv_TypeError, "strip arg must be None or str");
    EXPECT_NULL(trv_add(text, n), trv_TypeError, "can only concatenate str (not \"int\") to str");
    EXPECT_NULL(trv_multiply(text, most), trv_OverflowError, "repeated string is too long");
}

TEST(conversion)
{
    trv_auto trv_object *bytes = trv_bytes_new("\xe9", 1);

    expect_repr(trv_call(trv_str_type, ""), "''");
    expect_repr(trv_call(trv_str_type, "i", 12), "'12'");
    expect_repr(trv_call(trv_str_type, "os", bytes, "latin-1"), "'\xc3\xa9'");
    EXPECT_NULL(trv_call(trv_str_type, "os", bytes, "ascii"), trv_UnicodeDecodeError,
                "'ascii' codec can't decode byte 0xe9 in position 0: ordinal not in range(128)");
    EXPECT_NULL(trv_call(trv_str_type, "ss", "a", "ascii"), trv_TypeError,
                "decoding str is not supported");
    EXPECT_NULL(trv_call(trv_str_type, "is", 1, "ascii"), trv_TypeError,
                "decoding to str: need a bytes-like object, int found");
}

TEST(builder_grows)
{
    trv_auto trv_object *text = trv_str_new("\xc3\xa9"), *made = NULL;
    struct trv__builder b;
    size_t length;

    trv__builder_init(&b);
    for (int i = 0; i < 1000; i++) {
        ck_assert_int_eq(trv__builder_add_str(&b, text), 0);
        ck_assert_int_eq(trv__builder_add_repr(&b, text), 0);
        ck_assert_int_eq(trv__builder_printf(&b, "%03d", i), 0);
        ck_assert_int_eq(trv__builder_add_char(&b, ';'), 0);
    }
    made = trv__builder_finish(&b);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(trv_len(made, &length), 0);
    ck_assert_uint_eq(length, 8000);
    ck_assert_uint_eq(b.size, 0);
    ck_assert_int_eq(trv__builder_add(&b, "\xff", 1), 0);
    EXPECT_NULL(trv__builder_finish(&b), trv_UnicodeDecodeError,
                "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
    ck_assert_uint_eq(b.size, 0);
}

TEST(an_absent_argument_fails_again)
{
    trv_auto trv_object *text = trv_str_new("text");

    trv_raise(trv_KeyError, "first");
    ck_assert_ptr_null(trv_str_join(text, NULL));
    ck_assert_ptr_null(trv_str_join(NULL, text));
    ck_assert_ptr_null(trv_str_replace(text, NULL, text));
    ck_assert_ptr_null(trv_str_split(NULL, text, -1));
    ck_assert_ptr_null(trv_intern(NULL));
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    trv_error_clear();
}

TEST(out_of_memory)
{
    trv_auto trv_object *a = trv_str_new("some t\xc3\xa9xt, with parts"),
                        *comma = trv_str_new(", ");
    trv_auto trv_object *e = trv_str_new("t"), *long_one = trv_multiply(a, trv_int_new(40));
    trv_auto trv_object *parts = trv_str_split(a, comma, -1), *three = trv_int_new(3);

    EXHAUST(trv_str_new("a text"));
    EXHAUST(trv_add(a, a));
    EXHAUST(trv_multiply(a, three));
    EXHAUST(trv_repr(long_one));
    EXHAUST(trv_str_split(a, comma, -1));
    EXHAUST(trv_str_split(a, NULL, -1));
    EXHAUST(trv_str_join(comma, parts));
    EXHAUST(trv_str_join(comma, a));
    EXHAUST(trv_str_replace(a, e, comma));
    EXHAUST(trv_str_upper(a));
    EXHAUST(trv_str_slice(a, 2, 9));
    EXHAUST(trv_str_slice(long_one, 400, 700));
    EXHAUST(trv_iter(a));
    EXHAUST(trv_str_printf("%300d", 1));
    EXHAUST(trv_call(trv_bytes_type, "os", a, "utf-8"));
    EXHAUST(trv__str_partition(a, comma, false));
}

TEST_LIST(RUN(short_strs_are_shared), RUN(results_that_are_short_are_shared_too),
          RUN(a_str_and_its_utf8), RUN(nul_is_a_character), RUN(only_utf8_becomes_a_str),
          RUN(indices_count_code_points), RUN(indices_of_long_texts), RUN(an_index_is_of_one_text),
          RUN(what_an_index_takes), RUN(slices_are_cut_to_what_is_there),
          RUN(equal_strs_hash_alike), RUN(order_is_that_of_code_points),
          RUN(interned_strs_are_one_object), RUN(strs_of_classes_are_not_interned),
          RUN(interned_strs_end_like_any_other), RUN(a_forgotten_interned_str_does_no_harm),
          RUN(printf_of_any_size), RUN(joining_and_splitting), RUN(searching),
          RUN(methods_and_their_errors), RUN(conversion), RUN(builder_grows),
          RUN(an_absent_argument_fails_again), RUN(out_of_memory))
