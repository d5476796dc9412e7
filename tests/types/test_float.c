/* SPDX-License-Identifier: MIT */
/*
 * float. Results over many operands are compared with Python's in tests/differential; here stand
 * the forms of repr, what is an error and what it says, NaN, and comparisons with ints.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include <locale.h>
#include <math.h>

static void expect_float(double value, const char *text)
{
    expect_repr(trv_float_new(value), text);
}

TEST(repr_is_the_shortest_that_reads_back)
{
    expect_float(1, "1.0");
    expect_float(-0.0, "-0.0");
    expect_float(0.1, "0.1");
    expect_float(0.1 + 0.2, "0.30000000000000004");
    expect_float(1e15, "1000000000000000.0");
    expect_float(1e16, "1e+16");
    expect_float(123456789012345680.0, "1.2345678901234568e+17");
    expect_float(1e22, "1e+22");
    expect_float(1e23, "1e+23");
    expect_float(0.0001, "0.0001");
    expect_float(0.00001, "1e-05");
    expect_float(1.5e-7, "1.5e-07");
    expect_float(1e100, "1e+100");
    expect_float(5e-324, "5e-324");
    expect_float(2.2250738585072014e-308, "2.2250738585072014e-308");
    expect_float(1.7976931348623157e308, "1.7976931348623157e+308");
    expect_float(0x1p-44, "5.684341886080802e-14");
    expect_float(9007199254740993.0, "9007199254740992.0");
    expect_float(INFINITY, "inf");
    expect_float(-INFINITY, "-inf");
    expect_float(NAN, "nan");
    expect_float(-NAN, "nan");
}

TEST(the_locale_does_not_matter)
{
    trv_auto trv_object *read = NULL;

    if (!setlocale(LC_ALL, "de_DE.UTF-8"))
        setlocale(LC_ALL, "");
    read = trv_float_parse("1234567890.12345678901e-3");
    expect_repr(trv_ref(read), "1234567.8901234567");
    expect_float(1.2345e-7, "1.2345e-07");
    setlocale(LC_ALL, "C");
}

TEST(parsing)
{
    static const char *const bad[] = {"",     " ",    ".",   "e5",   "1e",   "1_",  "_1",  "1__0",
                                      "1._5", "0x10", "1 2", "nano", "infi", "--1", "1e5_"};

    expect_repr(trv_float_parse(" -1_000.5e-1 "), "-100.05");
    expect_repr(trv_float_parse("Infinity"), "inf");
    expect_repr(trv_float_parse("-inf"), "-inf");
    expect_repr(trv_float_parse("nan"), "nan");
    expect_repr(trv_float_parse("1e400"), "inf");
    expect_repr(trv_float_parse("1e-400"), "0.0");
    expect_repr(trv_float_parse(".5"), "0.5");
    expect_repr(trv_float_parse("5."), "5.0");
    expect_repr(trv_float_parse("1e99999999999999999999"), "inf");
    expect_repr(trv_float_parse("0e99999999999999999999"), "0.0");
    expect_repr(trv_float_parse("-1e-99999999999999999999"), "-0.0");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char message[80];
        snprintf(message, sizeof message, "could not convert string to float: '%s'", bad[i]);
        EXPECT_NULL(trv_float_parse(bad[i]), trv_ValueError, message);
    }
}

TEST(division_and_its_remainder)
{
    trv_auto trv_object *a = trv_float_new(-7.5), *b = trv_float_new(2), *zero = trv_float_new(0);
    trv_auto trv_object *minus = trv_float_new(-2), *n = trv_int_new(7);

    expect_repr(trv_divide(a, b), "-3.75");
    expect_repr(trv_floor_divide(a, b), "-4.0");
    expect_repr(trv_remainder(a, b), "0.5");
    expect_repr(trv_remainder(a, minus), "-1.5");
    expect_repr(trv_remainder(b, minus), "-0.0");
    expect_repr(trv_floor_divide(n, b), "3.0");
    expect_repr(trv_divide(n, b), "3.5");
    EXPECT_NULL(trv_divide(a, zero), trv_ZeroDivisionError, "float division by zero");
    EXPECT_NULL(trv_divide(n, zero), trv_ZeroDivisionError, "float division by zero");
    EXPECT_NULL(trv_floor_divide(a, zero), trv_ZeroDivisionError, "float floor division by zero");
    EXPECT_NULL(trv_remainder(a, zero), trv_ZeroDivisionError, "float modulo");
}

TEST(ints_divide_with_one_rounding)
{
    trv_auto trv_object *a = trv_int_parse("9007199254740993000000000000000000000", 10);
    trv_auto trv_object *b = trv_int_parse("1000000000000000000000", 10);
    trv_auto trv_object *huge = trv_int_parse("10000000000", 36);
    trv_auto trv_object *exponent = trv_int_new(100), *vast = trv_power(huge, exponent);
    trv_auto trv_object *three = trv_int_new(3), *zero = trv_float_new(0);

    expect_repr(trv_divide(a, b), "9007199254740992.0");
    EXPECT_NULL(trv_divide(vast, three), trv_OverflowError,
                "integer division result too large for a float");
    expect_repr(trv_divide(three, vast), "0.0");
    EXPECT_NULL(trv_add(vast, zero), trv_OverflowError, "int too large to convert to float");
}

TEST(powers)
{
    trv_auto trv_object *zero = trv_float_new(0), *minus = trv_float_new(-1);
    trv_auto trv_object *half = trv_float_new(0.5), *nan = trv_float_new(NAN);
    trv_auto trv_object *ten = trv_float_new(10), *far = trv_int_new(400);
    trv_auto trv_object *one = trv_float_new(1), *three = trv_int_new(3), *two = trv_int_new(-2);

    EXPECT_NULL(trv_power(zero, minus), trv_ZeroDivisionError,
                "0.0 cannot be raised to a negative power");
    expect_repr(trv_power(minus, half), "(6.123233995736766e-17+1j)");
    EXPECT_NULL(trv_power(ten, far), trv_OverflowError, "(34, 'Numerical result out of range')");
    expect_repr(trv_power(nan, zero), "1.0");
    expect_repr(trv_power(one, nan), "1.0");
    expect_repr(trv_power(minus, three), "-1.0");
    expect_repr(trv_power(three, two), "0.1111111111111111");
}

TEST(nan_equals_nothing)
{
    trv_auto trv_object *nan = trv_float_new(NAN), *one = trv_int_new(1);
    trv_comparison op;

    for (op = TRV_LESS; op <= TRV_GREATER_EQUAL; op++) {
        ck_assert_int_eq(trv_compare(nan, one, op), op == TRV_NOT_EQUAL);
        ck_assert_int_eq(trv_compare(one, nan, op), op == TRV_NOT_EQUAL);
    }
    ck_assert_int_eq(trv_compare(nan, nan, TRV_LESS), 0);
    ck_assert_int_eq(trv_truth(nan), 1);
}

TEST(comparing_with_ints_is_exact)
{
    trv_auto trv_object *n = trv_int_new((INT64_C(1) << 53) + 1), *x = trv_float_new(0x1p53);
    trv_auto trv_object *most = trv_int_new(INT64_MAX), *above = trv_float_new(0x1p63);
    trv_auto trv_object *big = trv_add(most, trv_int_new(1)), *infinite = trv_float_new(INFINITY);
    int64_t a, b;

    ck_assert_int_eq(trv_compare(n, x, TRV_GREATER), 1);
    ck_assert_int_eq(trv_compare(x, n, TRV_LESS), 1);
    ck_assert_int_eq(trv_equal(n, x), 0);
    ck_assert_int_eq(trv_compare(most, above, TRV_LESS), 1);
    ck_assert_int_eq(trv_equal(big, above), 1);
    ck_assert_int_eq(trv_compare(big, infinite, TRV_LESS), 1);
    ck_assert_int_eq(trv_hash(big, &a), 0);
    ck_assert_int_eq(trv_hash(above, &b), 0);
    ck_assert_int_eq(a, b);
}

TEST(hashes_are_pythons)
{
    static const struct {
        double value;
        int64_t hash;
    } known[] = {{0, 0},
                 {-0.0, 0},
                 {1, 1},
                 {-1, -2},
                 {0.5, INT64_C(1152921504606846976)},
                 {INFINITY, 314159},
                 {-INFINITY, -314159},
                 {3.14, INT64_C(322818021289917443)},
                 {1e300, INT64_C(1224995262755759164)}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        trv_auto trv_object *x = trv_float_new(known[i].value);
        int64_t hash;
        ck_assert_int_eq(trv_hash(x, &hash), 0);
        ck_assert_int_eq(hash, known[i].hash);
    }
}

TEST(conversion)
{
    trv_auto trv_object *list = trv_list_new(), *n = trv_int_new(7), *text = trv_str_new("x");
    trv_auto trv_object *x = trv_float_new(1);
    double value;

    expect_repr(trv_call(trv_float_type, ""), "0.0");
    expect_repr(trv_call(trv_float_type, "i", 3), "3.0");
    expect_repr(trv_call(trv_float_type, "s", "2.5"), "2.5");
    EXPECT_NULL(trv_call(trv_float_type, "o", list), trv_TypeError,
                "float() argument must be a string or a real number, not 'list'");
    EXPECT_NULL(trv_call(trv_float_type, "ii", 1, 2), trv_TypeError,
                "float expected at most 1 argument, got 2");
    ck_assert_int_eq(trv_float_get(n, &value), 0);
    ck_assert_double_eq(value, 7);
    EXPECT_MINUS(trv_float_get(text, &value), trv_TypeError,
                 "trv_float_get needs a float, not str");
    EXPECT_NULL(trv_invert(x), trv_TypeError, "bad operand type for unary ~: 'float'");
}

TEST(out_of_memory)
{
    trv_auto trv_object *x = trv_float_new(0.1), *y = trv_float_new(3);

    EXHAUST(trv_float_new(1.5));
    EXHAUST(trv_add(x, y));
    EXHAUST(trv_power(x, y));
    EXHAUST(trv_repr(x));
    EXHAUST(trv_float_parse("1.5"));
    EXHAUST(trv_negative(x));
}

TEST_LIST(RUN(repr_is_the_shortest_that_reads_back), RUN(the_locale_does_not_matter), RUN(parsing),
          RUN(division_and_its_remainder), RUN(ints_divide_with_one_rounding), RUN(powers),
          RUN(nan_equals_nothing), RUN(comparing_with_ints_is_exact), RUN(hashes_are_pythons),
          RUN(conversion), RUN(out_of_memory))
