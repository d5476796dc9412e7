/* SPDX-License-Identifier: MIT */
/*
 * complex: making, taking apart, arithmetic with all numbers; and rounding, which the other numbers know.
 */
#include "object/expect.h"
#include "types/exhaust.h"

TEST(made_and_taken_apart)
{
    trv_auto trv_object *number = trv_complex_new(1.5, -2), *seven = trv_int_new(7);
    double real, imag;

    ck_assert_int_eq(trv_complex_get(number, &real, &imag), 0);
    ck_assert_double_eq(real, 1.5);
    ck_assert_double_eq(imag, -2);
    expect_repr(trv_ref(number), "(1.5-2j)");
    expect_repr(trv_getattr(number, "real"), "1.5");
    ck_assert_int_eq(trv_complex_get(seven, &real, &imag), 0);
    ck_assert_double_eq(real, 7);
    ck_assert_double_eq(imag, 0);
    EXPECT_MINUS(trv_complex_get(trv_none_new(), &real, &imag), trv_TypeError,
                 "trv_complex_get needs a complex, not NoneType");
    EXPECT_NULL(trv_call(trv_complex_type, "s", "1+"), trv_ValueError,
                "complex() arg is a malformed string");
}

TEST(arithmetic_with_all_numbers)
{
    trv_auto trv_object *unit = trv_complex_new(0, 1), *two = trv_int_new(2),
                        *half = trv_float_new(0.5);
    trv_auto trv_object *vast = trv_int_parse("1"
                                              "0000000000"
                                              "0000000000",
                                              10),
                        *zero = trv_int_new(0);

    expect_repr(trv_multiply(unit, unit), "(-1+0j)");
    expect_repr(trv_add(two, unit), "(2+1j)");
    expect_repr(trv_subtract(half, unit), "(0.5-1j)");
    expect_repr(trv_divide(unit, two), "0.5j");
    expect_repr(trv_absolute(unit), "1.0");
    expect_repr(trv_add(unit, vast), "(1e+20+1j)");
    EXPECT_NULL(trv_divide(unit, zero), trv_ZeroDivisionError, "complex division by zero");
    EXPECT_MINUS(trv_compare(unit, two, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'complex' and 'int'");
}

TEST(equal_numbers_hash_alike)
{
    trv_auto trv_object *two = trv_int_new(2), *real = trv_float_new(2),
                        *number = trv_complex_new(2, 0);
    int64_t x, y, z;

    ck_assert_int_eq(trv_equal(number, two), 1);
    ck_assert_int_eq(trv_equal(real, number), 1);
    ck_assert_int_eq(trv_hash(two, &x) | trv_hash(real, &y) | trv_hash(number, &z), 0);
    ck_assert_int_eq(x, y);
    ck_assert_int_eq(x, z);
}

TEST(rounding)
{
    trv_auto trv_object *number = trv_float_new(2.675), *two = trv_int_new(2),
                        *minus = trv_int_new(-1);
    trv_auto trv_object *count = trv_int_new(25), *unit = trv_complex_new(0, 1),
                        *none = trv_none_new();

    expect_repr(trv_round(number, two), "2.67");
    expect_repr(trv_round(number, NULL), "3");
    expect_repr(trv_round(number, none), "3");
    expect_repr(trv_round(count, minus), "20");
    expect_repr(trv_floor(number), "2");
    expect_repr(trv_ceil(number), "3");
    expect_repr(trv_trunc(number), "2");
    EXPECT_NULL(trv_round(unit, NULL), trv_TypeError,
                "type complex doesn't define __round__ method");
}

TEST(out_of_memory)
{
    trv_auto trv_object *number = trv_complex_new(1, 2), *real = trv_float_new(1234.5),
                        *vast = trv_int_parse("123456789012345678901234567890", 10);
    trv_auto trv_object *minus = trv_int_new(-3), *two = trv_int_new(2),
                        *ratio = trv_getattr(real, "as_integer_ratio");
    trv_auto trv_object *hex = trv_getattr(real, "hex"), *bytes = trv_getattr(vast, "to_bytes"),
                        *from = trv_getattr(trv_int_type, "from_bytes");
    trv_auto trv_object *digits = trv_str_new("\xd9\xa1\xd9\xa2");

    EXHAUST(trv_complex_new(1, 2));
    EXHAUST(trv_repr(number));
    EXHAUST(trv_power(number, number));
    EXHAUST(trv_call(trv_complex_type, "s", "(1e5+2j)"));
    EXHAUST(trv_getattr(number, "imag"));
    EXHAUST(trv_round(real, minus));
    EXHAUST(trv_round(vast, minus));
    EXHAUST(trv_power_modulo(vast, two, vast));
    EXHAUST(trv_call(ratio, ""));
    EXHAUST(trv_call(hex, ""));
    EXHAUST(trv_call(bytes, "is", 20, "little"));
    EXHAUST(trv_call(from, "ys", "some more bytes", (size_t)15, "big"));
    EXHAUST(trv_call(trv_int_type, "o", digits));
}

TEST_LIST(RUN(made_and_taken_apart), RUN(arithmetic_with_all_numbers),
          RUN(equal_numbers_hash_alike), RUN(rounding), RUN(out_of_memory))
