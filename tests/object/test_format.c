/* SPDX-License-Identifier: MIT */
/*
 * Formats: every letter both ways, containers in containers, and every message.
 */
#include "object/expect.h"

#include <limits.h>

TEST(letters_build)
{
    expect_repr(trv_build("i", -3), "-3");
    expect_repr(trv_build("l", INT64_MIN), "-9223372036854775808");
    expect_repr(trv_build("z", SIZE_MAX), "18446744073709551615");
    expect_repr(trv_build("d", 0.5), "0.5");
    expect_repr(trv_build("b", 17), "True");
    expect_repr(trv_build("s", "h\xc3\xa9"), "'h\xc3\xa9'");
    expect_repr(trv_build("s", NULL), "None");
    expect_repr(trv_build("y", "a\0b", (size_t)3), "b'a\\x00b'");
    expect_repr(trv_build("n"), "None");
    expect_repr(trv_build(""), "None");
    expect_repr(trv_build(NULL), "None");
    expect_repr(trv_build("o", trv_int_type), "<class 'int'>");
}

TEST(containers_build)
{
    expect_repr(trv_build("()"), "()");
    expect_repr(trv_build("[]"), "[]");
    expect_repr(trv_build("{}"), "{}");
    expect_repr(trv_build("ii", 1, 2), "(1, 2)");
    expect_repr(trv_build(" i, i ", 1, 2), "(1, 2)");
    expect_repr(trv_build("(i)", 1), "(1,)");
    expect_repr(trv_build("{s:i, s:[d d]}", "a", 1, "b", 1.5, 2.0), "{'a': 1, 'b': [1.5, 2.0]}");
    expect_repr(trv_build("[(i{s:(ii)})n]", 1, "k", 2, 3), "[(1, {'k': (2, 3)}), None]");
    expect_repr(trv_build("[iiiiiiiiiiii]", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
                "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]");
    expect_repr(trv_build("{(ii):s}", 1, 2, "x"), "{(1, 2): 'x'}");
}

TEST(bad_formats_to_build)
{
    EXPECT_NULL(trv_build("iq", 1), trv_SystemError,
                "bad format \"iq\": 'q' at 1 is not understood");
    EXPECT_NULL(trv_build("[i", 1), trv_SystemError, "bad format \"[i\": it ends too early");
    EXPECT_NULL(trv_build("{s", "k"), trv_SystemError, "bad format \"{s\": it ends too early");
    EXPECT_NULL(trv_build("{s:", "k"), trv_SystemError, "bad format \"{s:\": it ends too early");
    EXPECT_NULL(trv_build("{s i}", "k", 1), trv_SystemError,
                "bad format \"{s i}\": 'i' at 3 is not understood");
    EXPECT_NULL(trv_build("(i]", 1), trv_SystemError,
                "bad format \"(i]\": ']' at 2 is not understood");
    EXPECT_NULL(trv_build("i)", 1), trv_SystemError,
                "bad format \"i)\": ')' at 1 is not understood");
    EXPECT_NULL(trv_build("{[i]:i}", 1, 2), trv_TypeError, "unhashable type: 'list'");
    EXPECT_NULL(trv_build("o", NULL), trv_SystemError,
                "a format with 'o' was given NULL, and no exception is pending");
    ck_assert_ptr_null(trv_build("[s i]", "\xff", 1));
    ck_assert_int_eq(trv_error_matches(trv_UnicodeDecodeError), 1);
    trv_error_clear();
}

static int next_int(const char *format, ...)
{
    va_list arguments;
    int last;

    va_start(arguments, format);
    trv_unref(trv_build_va(format, &arguments));
    last = va_arg(arguments, int);
    va_end(arguments);
    return last;
}

/* What comes after the format's arguments is found, even if building failed. */
TEST(all_arguments_are_read)
{
    ck_assert_int_eq(next_int("(ls[d{s:i}])y", INT64_C(1), "x", 2.0, "k", 3, "ab", (size_t)2, 77),
                     77);
    ck_assert_int_eq(next_int("(s ls[d{s:i}])yz", "\xff", INT64_C(1), "x", 2.0, "k", 3, "ab",
                              (size_t)2, (size_t)5, 78),
                     78);
    ck_assert_int_eq(trv_error_matches(trv_UnicodeDecodeError), 1);
    trv_error_clear();
}

/* Takes a built value apart with one format. */
#define PARSE(value, ...)                                                                          \
    __extension__({                                                                                \
        trv_auto trv_object *whole_ = (value);                                                     \
        trv_parse_tuple(whole_, __VA_ARGS__);                                                      \
    })

TEST(letters_parse)
{
    trv_auto trv_object *tuple = trv_build("(ilzdbsyno)", -3, INT64_MAX, SIZE_MAX, 0.5, 1, "text",
                                           "a\0b", (size_t)3, trv_int_type);
    int i, b;
    int64_t l;
    size_t z, size;
    double d;
    const char *s;
    const void *y;
    trv_object *o;

    ck_assert_int_eq(trv_parse_tuple(tuple, "ilzdbsyno", &i, &l, &z, &d, &b, &s, &y, &size, &o), 0);
    ck_assert_int_eq(i, -3);
    ck_assert(l == INT64_MAX && z == SIZE_MAX && d == 0.5 && b == 1 && size == 3);
    ck_assert_str_eq(s, "text");
    ck_assert_mem_eq(y, "a\0b", 3);
    ck_assert_ptr_eq(o, trv_int_type);
}

TEST(letters_convert)
{
    int i = 0, b = 7;
    double d;

    ck_assert_int_eq(PARSE(trv_build("(ib)", 3, 1), "di", &d, &i), 0);
    ck_assert(d == 3.0 && i == 1);
    ck_assert_int_eq(PARSE(trv_build("([])"), "b", &b), 0);
    ck_assert_int_eq(b, 0);
}

TEST(optional_variables_keep_their_values)
{
    int a = 1, b = 2, c = 3;

    ck_assert_int_eq(PARSE(trv_build("(i)", 10), "i|ii", &a, &b, &c), 0);
    ck_assert(a == 10 && b == 2 && c == 3);
    ck_assert_int_eq(PARSE(trv_build("(ii)", 11, 12), "i | i (i)", &a, &b, &c), 0);
    ck_assert(a == 11 && b == 12 && c == 3);
    ck_assert_int_eq(PARSE(trv_build("()"), "|i", &a), 0);
    ck_assert_int_eq(a, 11);
}

TEST(containers_parse)
{
    int a, b, c = 9;
    const char *s;

    ck_assert_int_eq(PARSE(trv_build("((i[s])i)", 1, "x", 2), "(i[s])i", &a, &s, &b), 0);
    ck_assert(a == 1 && b == 2);
    ck_assert_str_eq(s, "x");
    ck_assert_int_eq(PARSE(trv_build("[[i]]", 5), "(i)", &a), 0);
    ck_assert_int_eq(a, 5);
    ck_assert_int_eq(PARSE(trv_build("((i))", 5), "(i|i)", &a, &c), 0);
    ck_assert_int_eq(c, 9);
}

TEST(dicts_parse)
{
    int a, b = 8;
    const char *s;

    ck_assert_int_eq(
        PARSE(trv_build("({s:i s:s})", "n", 1, "name", "x"), "{s:i s:s}", "n", &a, "name", &s), 0);
    ck_assert_int_eq(a, 1);
    ck_assert_int_eq(PARSE(trv_build("({s:i})", "n", 1), "{s:i | s:i}", "n", &a, "m", &b), 0);
    ck_assert_int_eq(b, 8);
    EXPECT_MINUS(PARSE(trv_build("({s:i})", "n", 1), "{s:i}", "m", &a), trv_KeyError,
                 "\"item 1 has no key 'm'\"");
    EXPECT_MINUS(PARSE(trv_build("({s:s})", "n", "x"), "{s:i}", "n", &a), trv_TypeError,
                 "item 1, key 'n' must be int, not str");
}

TEST(wrong_types)
{
    int i;
    int64_t l;
    size_t z;
    double d;
    const char *s;
    const void *y;

    EXPECT_MINUS(PARSE(trv_build("(d)", 1.0), "i", &i), trv_TypeError,
                 "item 1 must be int, not float");
    EXPECT_MINUS(PARSE(trv_build("(is)", 1, "x"), "il", &i, &l), trv_TypeError,
                 "item 2 must be int, not str");
    EXPECT_MINUS(PARSE(trv_build("(n)"), "z", &z), trv_TypeError,
                 "item 1 must be int, not NoneType");
    EXPECT_MINUS(PARSE(trv_build("(s)", "x"), "d", &d), trv_TypeError,
                 "item 1 must be float, not str");
    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "s", &s), trv_TypeError, "item 1 must be str, not int");
    EXPECT_MINUS(PARSE(trv_build("(s)", "x"), "y", &y, &z), trv_TypeError,
                 "item 1 must be bytes, not str");
    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "n"), trv_TypeError, "item 1 must be None, not int");
    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "(i)", &i), trv_TypeError,
                 "item 1 must be tuple, not int");
    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "[i]", &i), trv_TypeError,
                 "item 1 must be list, not int");
    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "{s:i}", "k", &i), trv_TypeError,
                 "item 1 must be dict, not int");
    EXPECT_MINUS(PARSE(trv_build("(i(is))", 1, 2, "x"), "i(ii)", &i, &i, &i), trv_TypeError,
                 "item 2, item 2 must be int, not str");
    EXPECT_MINUS(trv_parse_tuple(trv_int_type, "i", &i), trv_TypeError,
                 "trv_parse_tuple needs a tuple or list, not type");
}

TEST(ranges)
{
    int i = 5;
    int64_t l;
    size_t z;
    double d;

    EXPECT_MINUS(PARSE(trv_build("(l)", INT64_C(1) << 31), "i", &i), trv_OverflowError,
                 "item 1 is out of range for int");
    EXPECT_MINUS(PARSE(trv_build("(l)", INT64_C(-1) - INT_MAX - 1), "i", &i), trv_OverflowError,
                 "item 1 is out of range for int");
    ck_assert_int_eq(i, 5);
    EXPECT_MINUS(PARSE(trv_build("(z)", SIZE_MAX), "l", &l), trv_OverflowError,
                 "item 1 is out of range for int64_t");
    EXPECT_MINUS(PARSE(trv_build("(i)", -1), "z", &z), trv_OverflowError,
                 "item 1 is out of range for size_t");
    {
        trv_auto trv_object *huge = trv_int_parse("18446744073709551616", 10);
        trv_auto trv_object *small = trv_int_parse("-18446744073709551616", 10);
        EXPECT_MINUS(PARSE(trv_build("(o)", huge), "z", &z), trv_OverflowError,
                     "item 1 is out of range for size_t");
        EXPECT_MINUS(PARSE(trv_build("(o)", small), "z", &z), trv_OverflowError,
                     "item 1 is out of range for size_t");
    }
    {
        trv_auto trv_object *ten = trv_int_new(10);
        trv_auto trv_object *exponent = trv_int_new(400);
        trv_auto trv_object *huge = trv_power(ten, exponent);
        EXPECT_MINUS(PARSE(trv_build("(o)", huge), "d", &d), trv_OverflowError,
                     "item 1 is out of range for double");
    }
}

TEST(embedded_nul)
{
    trv_auto trv_object *text = trv_str_new_sized("a\0b", 3);
    const char *s;

    EXPECT_MINUS(PARSE(trv_build("(o)", text), "s", &s), trv_ValueError,
                 "item 1: embedded null character");
}

TEST(lengths)
{
    int i;

    EXPECT_MINUS(PARSE(trv_build("(ii)", 1, 2), "i", &i), trv_TypeError, "expected 1 item, got 2");
    EXPECT_MINUS(PARSE(trv_build("()"), "ii", &i, &i), trv_TypeError, "expected 2 items, got 0");
    EXPECT_MINUS(PARSE(trv_build("()"), "i|i", &i, &i), trv_TypeError,
                 "expected at least 1 item, got 0");
    EXPECT_MINUS(PARSE(trv_build("(iii)", 1, 2, 3), "i|i", &i, &i), trv_TypeError,
                 "expected at most 2 items, got 3");
    EXPECT_MINUS(PARSE(trv_build("((ii))", 1, 2), "(i)", &i), trv_TypeError,
                 "item 1 must have 1 item, not 2");
    EXPECT_MINUS(PARSE(trv_build("(())"), "(ii|i)", &i, &i, &i), trv_TypeError,
                 "item 1 must have at least 2 items, not 0");
}

TEST(bad_formats_to_parse)
{
    int i;

    EXPECT_MINUS(PARSE(trv_build("(i)", 1), "q", &i), trv_SystemError,
                 "bad format \"q\": 'q' at 0 is not understood");
    EXPECT_MINUS(PARSE(trv_build("((i))", 1), "(i", &i), trv_SystemError,
                 "bad format \"(i\": it ends too early");
    EXPECT_MINUS(PARSE(trv_build("({s:i})", "k", 1), "{s:i", "k", &i), trv_SystemError,
                 "bad format \"{s:i\": it ends too early");
}

static trv_object *forty(trv_object *self TRV_UNUSED)
{
    return trv_int_new(40);
}

static trv_object *half(trv_object *self TRV_UNUSED)
{
    return trv_float_new(0.5);
}

/* Instances with an `index` or a `floating` are numbers, but not in a list or dict, which code that runs
 * while it is read could empty. */
TEST(letters_ask_instances)
{
    const trv_type_spec spec = {
        .size = sizeof spec, .name = "V", .slots = {.index = forty, .floating = half}};
    const trv_type_spec index_spec = {.size = sizeof spec, .name = "W", .slots = {.index = forty}};
    trv_auto trv_object *type = trv_type_new(&spec), *index_type = trv_type_new(&index_spec);
    trv_auto trv_object *v = trv_call(type, ""), *w = trv_call(index_type, "");
    int i = 0;
    int64_t l = 0;
    size_t z = 0;
    double d = 0, e = 0;

    ck_assert_int_eq(PARSE(trv_build("(oooo(o))", v, v, v, v, w), "ilzd(d)", &i, &l, &z, &d, &e),
                     0);
    ck_assert_int_eq(i + (int)l + (int)z, 120);
    ck_assert(d == 0.5 && e == 40);
    EXPECT_MINUS(PARSE(trv_build("([o])", v), "[i]", &i), trv_TypeError,
                 "item 1, item 1 must be int, not V");
    EXPECT_MINUS(PARSE(trv_build("({s:o})", "k", v), "{s:d}", "k", &d), trv_TypeError,
                 "item 1, key 'k' must be float, not V");
    EXPECT_MINUS(PARSE(trv_build("[o]", v), "i", &i), trv_TypeError, "item 1 must be int, not V");
}

/* Code of users while a list or a dict is read ------------------------------------------------------------ */

static trv_object *emptied;

static trv_object *empty(const trv_args *args TRV_UNUSED)
{
    trv_auto trv_object *done = trv_call_method(emptied, "clear", "");

    return done ? trv_bool_new(1) : NULL;
}

static trv_object *hash_of_b(const trv_args *args TRV_UNUSED)
{
    trv_auto trv_object *b = trv_str_new("b");
    int64_t hash;

    return trv_hash(b, &hash) < 0 ? NULL : trv_int_new(hash);
}

/* An object whose truth, or whose comparison with "b", empties a container. */
static trv_object *emptier(void)
{
    trv_auto trv_object *truth = trv_function_new(empty, "__bool__", NULL);
    trv_auto trv_object *equal = trv_function_new(empty, "__eq__", NULL);
    trv_auto trv_object *hash = trv_function_new(hash_of_b, "__hash__", NULL);
    trv_auto trv_object *dict =
        trv_build("{s:o,s:o,s:o}", "__bool__", truth, "__eq__", equal, "__hash__", hash);
    trv_auto trv_object *class = trv_class_new("Emptier", NULL, dict);

    return trv_call(class, "");
}

TEST(what_was_read_of_a_list_stays)
{
    trv_auto trv_object *one = emptier(), *list = trv_build("[[]o]", one);
    trv_auto trv_object *both = trv_tuple_new((trv_object *[]){list, one}, 2);
    trv_object *first = NULL;
    int truth = 0;

    emptied = list;
    EXPECT_MINUS(trv_parse_tuple(list, "ob", &first, &truth), trv_TypeError,
                 "item 2 must be bool, not Emptier");
    EXPECT_MINUS(trv_parse_tuple(both, "[oo]b", &first, &first, &truth), trv_TypeError,
                 "item 2 must be bool, not Emptier");
    ck_assert_int_eq(trv_parse_tuple(both, "ob", &first, &truth), 0);
    ck_assert_int_eq(truth, 1);
    EXPECT_MINUS(trv_parse_tuple(list, "ob", &first, &truth), trv_TypeError,
                 "expected 2 items, got 0");
}

TEST(a_str_is_looked_for_among_strs)
{
    trv_auto trv_object *one = emptier();
    trv_auto trv_object *dict = trv_build("{s:[],o:i}", "a", one, 1), *all = trv_build("(o)", dict);
    trv_object *first = NULL, *second = NULL;

    emptied = dict;
    ck_assert_int_eq(trv_parse_tuple(all, "{s:o,|s:o}", "a", &first, "b", &second), 0);
    ck_assert_ptr_null(second);
    expect_repr(trv_ref(first), "[]");
}

TEST_LIST(RUN(letters_build), RUN(containers_build), RUN(bad_formats_to_build),
          RUN(all_arguments_are_read), RUN(letters_parse), RUN(letters_convert),
          RUN(optional_variables_keep_their_values), RUN(containers_parse), RUN(dicts_parse),
          RUN(wrong_types), RUN(ranges), RUN(embedded_nul), RUN(lengths), RUN(bad_formats_to_parse),
          RUN(letters_ask_instances), RUN(what_was_read_of_a_list_stays),
          RUN(a_str_is_looked_for_among_strs))
