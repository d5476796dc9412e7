/* SPDX-License-Identifier: MIT */
/*
 * None, bool and int. Arithmetic over many operands is compared with Python's in
 * tests/differential; here stand the promises a user reads: which objects are shared, what the
 * errors say, what does not fit, and that nothing is left when memory runs out.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "types/int.h"

#include <math.h>

static trv_object *parsed(const char *digits)
{
    trv_object *made = trv_int_parse(digits, 10);

    ck_assert_ptr_nonnull(made);
    return made;
}

TEST(none_is_one_object)
{
    trv_object *none = trv_none_new();

    ck_assert_ptr_eq(none, trv_none_new());
    ck_assert_int_eq(trv_is_none(none), 1);
    ck_assert_int_eq(trv_is_none(NULL), 0);
    ck_assert_int_eq(trv_truth(none), 0);
    ck_assert_int_eq(trv_equal(none, none), 1);
    ck_assert_int_eq(trv_refcount(none), INT32_MAX);
    expect_repr(none, "None");
    expect_repr(trv_call(trv_none_type, ""), "None");
    EXPECT_NULL(trv_call(trv_none_type, "i", 1), trv_TypeError, "NoneType takes no arguments");
    EXPECT_NULL(trv_weakref_new(none, NULL), trv_TypeError,
                "cannot create weak reference to 'NoneType' object");
}

TEST(bool_is_an_int)
{
    trv_object *yes = trv_bool_new(7), *no = trv_bool_new(0);
    trv_auto trv_object *one = trv_int_new(1);
    int64_t value, hash;

    ck_assert_ptr_eq(yes, trv_bool_new(1));
    ck_assert_int_eq(trv_isinstance(yes, trv_int_type), 1);
    ck_assert_int_eq(trv_issubclass(trv_bool_type, trv_int_type), 1);
    ck_assert_int_eq(trv_int_get(yes, &value), 0);
    ck_assert_int_eq(value, 1);
    ck_assert_int_eq(trv_equal(yes, one), 1);
    ck_assert_int_eq(trv_hash(yes, &hash), 0);
    ck_assert_int_eq(hash, 1);
    expect_repr(yes, "True");
    expect_repr(no, "False");
    expect_repr(trv_add(yes, yes), "2");
    expect_repr(trv_negative(yes), "-1");
    expect_repr(trv_invert(no), "-1");
    expect_repr(trv_absolute(yes), "1");
    expect_repr(trv_and(yes, no), "False");
    expect_repr(trv_or(yes, no), "True");
    expect_repr(trv_xor(yes, yes), "False");
    expect_repr(trv_xor(yes, one), "0");
    expect_repr(trv_call(trv_bool_type, ""), "False");
    expect_repr(trv_call(trv_bool_type, "s", "x"), "True");
    EXPECT_NULL(trv_call(trv_bool_type, "ii", 1, 2), trv_TypeError,
                "bool expected at most 1 argument, got 2");
}

TEST(small_ints_are_shared)
{
    for (int64_t n = -5; n <= 256; n++) {
        trv_object *a = trv_int_new(n), *b = trv_int_new(n);
        int64_t value;
        ck_assert_ptr_eq(a, b);
        ck_assert_int_eq(trv_refcount(a), INT32_MAX);
        ck_assert_int_eq(trv_int_get(a, &value), 0);
        ck_assert_int_eq(value, n);
    }
    for (int64_t n = -6; n <= 257; n += 263) {
        trv_auto trv_object *a = trv_int_new(n), *b = trv_int_new(n);
        ck_assert_ptr_ne(a, b);
        ck_assert_int_eq(trv_refcount(a), 1);
        ck_assert_int_eq(trv_equal(a, b), 1);
    }
}

TEST(results_that_are_small_again_are_shared)
{
    trv_auto trv_object *big = parsed("100000000000000000000");
    trv_auto trv_object *bigger = parsed("100000000000000000007");
    trv_object *difference = trv_subtract(bigger, big);

    ck_assert_ptr_eq(difference, trv_int_new(7));
    expect_repr(trv_floor_divide(bigger, big), "1");
    expect_repr(trv_remainder(bigger, big), "7");
    expect_repr(trv_subtract(big, bigger), "-7");
}

TEST(the_edge_of_64_bits)
{
    trv_auto trv_object *most = trv_int_new(INT64_MAX), *least = trv_int_new(INT64_MIN);
    trv_auto trv_object *one = trv_int_new(1), *minus_one = trv_int_new(-1);
    trv_auto trv_object *beyond = trv_add(most, one);
    trv_auto trv_object *back = trv_subtract(beyond, one);
    int64_t value;

    expect_repr(trv_ref(beyond), "9223372036854775808");
    expect_repr(trv_subtract(least, one), "-9223372036854775809");
    expect_repr(trv_multiply(most, most), "85070591730234615847396907784232501249");
    expect_repr(trv_floor_divide(least, minus_one), "9223372036854775808");
    expect_repr(trv_remainder(least, minus_one), "0");
    expect_repr(trv_negative(least), "9223372036854775808");
    expect_repr(trv_absolute(least), "9223372036854775808");
    expect_repr(trv_invert(least), "9223372036854775807");
    expect_repr(trv_negative(beyond), "-9223372036854775808");
    ck_assert_int_eq(trv_equal(back, most), 1);
    ck_assert_int_eq(trv_int_get(back, &value), 0);
    ck_assert_int_eq(value, INT64_MAX);
    EXPECT_MINUS(trv_int_get(beyond, &value), trv_OverflowError,
                 "int too large to convert to 64 bits");
    expect_repr(trv_int_new_unsigned(UINT64_MAX), "18446744073709551615");
    expect_repr(trv_int_new_unsigned(5), "5");
}

TEST(ints_of_any_size)
{
    trv_auto trv_object *two = trv_int_new(2), *thousand = trv_int_new(1000);
    trv_auto trv_object *power = trv_power(two, thousand);
    trv_auto trv_object *same = trv_shift_left(trv_int_new(1), thousand);
    trv_auto trv_object *hex = trv_int_format(power, 16), *read = NULL;
    int64_t a, b;

    ck_assert_int_eq(trv_equal(power, same), 1);
    ck_assert_int_eq(trv_hash(power, &a), 0);
    ck_assert_int_eq(trv_hash(same, &b), 0);
    ck_assert_int_eq(a, b);
    read = trv_int_parse(trv_str_utf8(hex, NULL), 16);
    ck_assert_int_eq(trv_equal(power, read), 1);
    ck_assert_int_eq(trv_compare(power, two, TRV_GREATER), 1);
    ck_assert_int_eq(trv_truth(power), 1);
    expect_repr(trv_shift_right(power, thousand), "1");
    ck_assert_uint_ge(trv_sizeof(power), 24 + 125);
}

TEST(hashes_are_pythons)
{
    static const struct {
        const char *digits;
        int64_t hash;
    } known[] = {{"0", 0},
                 {"-1", -2},
                 {"-2", -2},
                 {"2305843009213693951", 0},
                 {"2305843009213693952", 1},
                 {"-2305843009213693952", -2},
                 {"9223372036854775807", 3},
                 {"-9223372036854775808", -4},
                 {"18446744073709551616", 8},
                 {"1000000000000000000000000000000", 465258685558744706}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        trv_auto trv_object *n = parsed(known[i].digits);
        int64_t hash;
        ck_assert_int_eq(trv_hash(n, &hash), 0);
        ck_assert_int_eq(hash, known[i].hash);
    }
}

TEST(division_by_zero)
{
    trv_auto trv_object *seven = trv_int_new(7), *zero = trv_int_new(0);
    trv_auto trv_object *big = parsed("100000000000000000000"), *minus = trv_int_new(-1);

    EXPECT_NULL(trv_divide(seven, zero), trv_ZeroDivisionError, "division by zero");
    EXPECT_NULL(trv_floor_divide(seven, zero), trv_ZeroDivisionError,
                "integer division or modulo by zero");
    EXPECT_NULL(trv_floor_divide(big, zero), trv_ZeroDivisionError,
                "integer division or modulo by zero");
    EXPECT_NULL(trv_remainder(seven, zero), trv_ZeroDivisionError, "integer modulo by zero");
    EXPECT_NULL(trv_divide(big, zero), trv_ZeroDivisionError, "division by zero");
    EXPECT_NULL(trv_power(zero, minus), trv_ZeroDivisionError,
                "0.0 cannot be raised to a negative power");
}

TEST(absurd_sizes_are_refused)
{
    trv_auto trv_object *two = trv_int_new(2), *minus = trv_int_new(-1);
    trv_auto trv_object *far = trv_int_new(INT64_C(1) << 50),
                        *big = parsed("1000000000000000000000");

    EXPECT_NULL(trv_shift_left(two, minus), trv_ValueError, "negative shift count");
    EXPECT_NULL(trv_shift_right(two, minus), trv_ValueError, "negative shift count");
    EXPECT_NULL(trv_shift_left(two, big), trv_OverflowError, "too many digits in integer");
    ck_assert_ptr_null(trv_shift_left(two, far));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv_power(two, far));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv_power(big, big));
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
    expect_repr(trv_power(minus, big), "1");
    expect_repr(trv_shift_right(minus, big), "-1");
}

TEST(parsing)
{
    expect_repr(trv_int_parse("  -12_345 ", 10), "-12345");
    expect_repr(trv_int_parse("0xff", 0), "255");
    expect_repr(trv_int_parse("ff", 16), "255");
    expect_repr(trv_int_parse("Zz", 36), "1295");
    expect_repr(trv_int_parse("-0b1000000000000000000000000000000000000000000000000000000000000000"
                              "0",
                              0),
                "-18446744073709551616");
    EXPECT_NULL(trv_int_parse("12x", 10), trv_ValueError,
                "invalid literal for int() with base 10: '12x'");
    EXPECT_NULL(trv_int_parse("", 10), trv_ValueError,
                "invalid literal for int() with base 10: ''");
    EXPECT_NULL(trv_int_parse("010", 0), trv_ValueError,
                "invalid literal for int() with base 0: '010'");
    EXPECT_NULL(trv_int_parse("1", 1), trv_ValueError, "int() base must be >= 2 and <= 36, or 0");
    EXPECT_NULL(trv_int_parse("\xff", 10), trv_UnicodeDecodeError,
                "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte");
}

TEST(conversion)
{
    trv_auto trv_object *list = trv_list_new(), *text = trv_str_new("ff");
    trv_auto trv_object *keywords = trv_build("{s:i}", "base", 16);
    trv_auto trv_object *wrong = trv_build("{s:i}", "bass", 16);

    expect_repr(trv_call(trv_int_type, ""), "0");
    expect_repr(trv_call(trv_int_type, "d", -2.9), "-2");
    expect_repr(trv_call(trv_int_type, "d", 1e20), "100000000000000000000");
    expect_repr(trv_call(trv_int_type, "si", "ff", 16), "255");
    expect_repr(trv_call_array(trv_int_type, (trv_object *[]){text}, 1, keywords), "255");
    EXPECT_NULL(trv_call_array(trv_int_type, (trv_object *[]){text}, 1, wrong), trv_TypeError,
                "int() takes a number and a base, no more");
    EXPECT_NULL(trv_call(trv_int_type, "o", list), trv_TypeError,
                "int() argument must be a string, a bytes-like object or a real number, "
                "not 'list'");
    EXPECT_NULL(trv_call(trv_int_type, "ii", 1, 10), trv_TypeError,
                "int() can't convert non-string with explicit base");
    EXPECT_NULL(trv_call(trv_int_type, "d", (double)INFINITY), trv_OverflowError,
                "cannot convert float infinity to integer");
    EXPECT_NULL(trv_call(trv_int_type, "d", (double)NAN), trv_ValueError,
                "cannot convert float NaN to integer");
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* An int of some limbs, with either sign, of which many bits are alike: carries run far. */
static trv_object *some_limbs(uint64_t *state)
{
    trv_auto trv_object *made = trv_int_new(0), *limb_bits = trv_int_new(64);

    for (uint64_t i = next_random(state) % 11; i; i--) {
        trv_auto trv_object *shifted = trv_shift_left(made, limb_bits), *limb = NULL;
        uint64_t random = next_random(state);
        limb = trv_int_new_unsigned(random % 3 == 0   ? UINT64_MAX
                                    : random % 3 == 1 ? 0
                                                      : random << 13);
        trv_unref(made);
        made = trv_or(shifted, limb);
    }
    return next_random(state) % 2 ? trv_negative(made) : trv_steal(&made);
}

/* What sums and products of few limbs must keep, checked with operators that go other ways. */
TEST(sums_and_products_around_a_few_limbs)
{
    uint64_t state = 88172645463325252u;

    for (int i = 0; i < 5000; i++) {
        trv_auto trv_object *a = some_limbs(&state), *b = some_limbs(&state);
        trv_auto trv_object *sum = trv_add(a, b), *difference = trv_subtract(a, b);
        trv_auto trv_object *product = trv_multiply(a, b), *both = trv_and(a, b);
        trv_auto trv_object *one = trv_xor(a, b), *step = trv_int_new(1);
        trv_auto trv_object *carried = trv_shift_left(both, step), *minus = trv_negative(b);
        trv_auto trv_object *sum_again = trv_subtract(sum, b), *as_sum = trv_add(a, minus);
        trv_auto trv_object *by_bits = trv_subtract(sum, carried), *nothing = NULL;
        ck_assert_int_eq(trv_equal(sum_again, a), 1);
        ck_assert_int_eq(trv_equal(as_sum, difference), 1);
        ck_assert_int_eq(trv_equal(by_bits, one), 1);
        ck_assert_int_eq(trv_compare(difference, trv__int_shared(0), TRV_LESS),
                         trv_compare(a, b, TRV_LESS));
        ck_assert_int_eq(trv_truth(product), trv_truth(a) && trv_truth(b));
        if (!trv_truth(b))
            continue;
        nothing = trv_remainder(product, b);
        ck_assert_int_eq(trv_truth(nothing), 0);
        trv_clear(&nothing);
        nothing = trv_floor_divide(product, b);
        ck_assert_int_eq(trv_equal(nothing, a), 1);
    }
}

TEST(format_checks_its_arguments)
{
    trv_auto trv_object *text = trv_str_new("7"), *n = trv_int_new(-255);

    expect_repr(trv_int_format(n, 2), "'-11111111'");
    expect_repr(trv_int_format(n, 36), "'-73'");
    EXPECT_NULL(trv_int_format(n, 37), trv_ValueError, "base must be >= 2 and <= 36, not 37");
    EXPECT_NULL(trv_int_format(text, 10), trv_TypeError, "trv_int_format needs a int, not str");
}

TEST(bytes_there_and_back)
{
    static const char *const known[][2] = {
        {"0", "b''"},
        {"1", "b'\\x01'"},
        {"-1", "b'\\xff'"},
        {"127", "b'\\x7f'"},
        {"128", "b'\\x80\\x00'"},
        {"-128", "b'\\x80'"},
        {"-129", "b'\\x7f\\xff'"},
        {"255", "b'\\xff\\x00'"},
        {"-32768", "b'\\x00\\x80'"},
        {"18446744073709551615", "b'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00'"},
        {"-9223372036854775808", "b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80'"}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        trv_auto trv_object *n = parsed(known[i][0]), *bytes = trv_int_to_bytes(n), *back = NULL;
        size_t size;
        const void *data;
        ck_assert_ptr_nonnull(bytes);
        expect_repr(trv_ref(bytes), known[i][1]);
        data = trv_bytes_data(bytes, &size);
        back = trv_int_from_bytes(data, size);
        ck_assert_int_eq(trv_equal(n, back), 1);
    }
}

TEST(an_absent_argument_fails_again)
{
    int64_t value;

    trv_raise(trv_KeyError, "first");
    ck_assert_ptr_null(trv_int_format(NULL, 10));
    ck_assert_ptr_null(trv_int_to_bytes(NULL));
    ck_assert_int_eq(trv_int_get(NULL, &value), -1);
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    trv_error_clear();
}

TEST(out_of_memory)
{
    trv_auto trv_object *a = parsed("123456789012345678901234567890"), *b = trv_int_new(-77777);
    trv_auto trv_object *text = trv_int_format(a, 10), *count = trv_int_new(300);

    EXHAUST(trv_int_new(1000));
    EXHAUST(trv_int_new_unsigned(UINT64_MAX));
    EXHAUST(trv_add(a, a));
    EXHAUST(trv_multiply(a, b));
    EXHAUST(trv_floor_divide(a, b));
    EXHAUST(trv_divide(a, b));
    EXHAUST(trv_power(b, count));
    EXHAUST(trv_shift_left(b, count));
    EXHAUST(trv_negative(a));
    EXHAUST(trv_repr(a));
    EXHAUST(trv_int_parse("123456789012345678901234567890", 10));
    EXHAUST(trv_int_to_bytes(a));
    EXHAUST(trv_call(trv_int_type, "o", text));
    EXHAUST(trv_call(trv_int_type, "d", 1e30));
}

TEST_LIST(RUN(none_is_one_object), RUN(bool_is_an_int), RUN(small_ints_are_shared),
          RUN(results_that_are_small_again_are_shared), RUN(the_edge_of_64_bits),
          RUN(ints_of_any_size), RUN(sums_and_products_around_a_few_limbs), RUN(hashes_are_pythons),
          RUN(division_by_zero), RUN(absurd_sizes_are_refused), RUN(parsing), RUN(conversion),
          RUN(format_checks_its_arguments), RUN(bytes_there_and_back),
          RUN(an_absent_argument_fails_again), RUN(out_of_memory))
