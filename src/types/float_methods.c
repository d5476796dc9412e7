/* SPDX-License-Identifier: MIT */
/*
 * The methods and attributes of float: as a ratio of ints, and in hexadecimal digits, which are exact.
 */
#include "object/reduce.h"
#include "types/arguments.h"
#include "types/builder.h"
#include "types/int.h"
#include "types/str.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

static trv_object *method_is_integer(const trv_args *args)
{
    double value = trv__float_value(args->self);

    if (!trv__no_arguments(args))
        return NULL;
    return trv_bool_new(isfinite(value) && floor(value) == value);
}

static trv_object *get_real(const trv_args *args)
{
    return trv__value_plain(args->self);
}

static trv_object *get_imag(const trv_args *args TRV_UNUSED)
{
    return trv__float_from(0);
}

static trv_object *method_conjugate(const trv_args *args)
{
    return trv__no_arguments(args) ? trv__value_plain(args->self) : NULL;
}

/* A power of two, as an int. */
static trv_object *power_of_two(int exponent)
{
    trv_auto trv_object *one = trv__int_from(1), *by = trv__int_from(exponent);

    return trv_shift_left(one, by);
}

static trv_object *method_as_integer_ratio(const trv_args *args)
{
    double value = trv__float_value(args->self), fraction;
    trv_auto trv_object *whole = NULL, *power = NULL, *numerator = NULL;
    int exponent;

    if (!trv__no_arguments(args))
        return NULL;
    if (isinf(value))
        return trv_raise(trv_OverflowError, "cannot convert Infinity to integer ratio");
    if (isnan(value))
        return trv_raise(trv_ValueError, "cannot convert NaN to integer ratio");
    fraction = frexp(value, &exponent);
    while (fraction != floor(fraction)) { /* 53 times at most */
        fraction *= 2;
        exponent--;
    }
    whole = trv__int_from((int64_t)fraction);
    power = power_of_two(exponent < 0 ? -exponent : exponent);
    if (!whole || !power)
        return NULL;
    if (exponent < 0)
        return trv_build("(o o)", whole, power);
    numerator = trv_multiply(whole, power);
    return numerator ? trv_build("(o i)", numerator, 1) : NULL;
}

/* Hexadecimal digits ---------------------------------------------------------------------------- */

static trv_object *method_hex(const trv_args *args)
{
    double value = trv__float_value(args->self);
    const char *sign = signbit(value) ? "-" : "";
    uint64_t bits;
    int exponent;

    if (!trv__no_arguments(args))
        return NULL;
    if (!isfinite(value))
        return trv__float_repr(args->self);
    memcpy(&bits, &value, sizeof bits);
    exponent = (int)(bits >> 52 & 0x7ff);
    bits &= (UINT64_C(1) << 52) - 1;
    if (!exponent && !bits)
        return trv_str_printf("%s0x0.0p+0", sign);
    return trv_str_printf("%s0x%d.%013llxp%+d", sign, exponent != 0, (unsigned long long)bits,
                          exponent ? exponent - 1023 : -1022);
}

/* Digits as they are read: 64 leading bits, whether there is more, and the power of two of the last. */
struct scan {
    const char *at, *end;
    uint64_t top;
    bool is_more, has_digits;
    int64_t exponent;
};

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes digits; those behind the point lower the exponent, those beyond 64 bits raise it. */
static void scan_digits(struct scan *scan, bool behind_point)
{
    int digit;

    for (; scan->at < scan->end && (digit = digit_of(*scan->at)) >= 0; scan->at++) {
        scan->has_digits = true;
        scan->exponent -= behind_point ? 4 : 0;
        if (scan->top >> 60) {
            scan->is_more = scan->is_more || digit;
            scan->exponent += 4;
        } else
            scan->top = scan->top << 4 | (uint64_t)digit;
    }
}

static bool scan_exponent(struct scan *scan)
{
    bool is_negative = false;
    int64_t exponent = 0;
    const char *from;

    scan->at++;
    if (scan->at < scan->end && (*scan->at == '-' || *scan->at == '+'))
        is_negative = *scan->at++ == '-';
    for (from = scan->at; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++)
        exponent = MIN_OF(exponent * 10 + (*scan->at - '0'), INT64_C(1) << 56);
    scan->exponent += is_negative ? -exponent : exponent;
    return scan->at > from;
}

/* 1 with a value, 0 if it is no number, -1 with OverflowError. */
static int scan_number(struct scan *scan, double *value)
{
    int shift;

    if (scan->end - scan->at >= 2 && scan->at[0] == '0' && (scan->at[1] | 0x20) == 'x')
        scan->at += 2;
    scan_digits(scan, false);
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        scan_digits(scan, true);
    }
    if (!scan->has_digits ||
        (scan->at < scan->end && (*scan->at | 0x20) == 'p' && !scan_exponent(scan)))
        return 0;
    *value = 0;
    shift = scan->top ? __builtin_clzll(scan->top) : 0;
    if (scan->top && scan->exponent - shift > 2000)
        *value = INFINITY;
    else if (scan->top && scan->exponent - shift > -2000)
        *value = trv__round_to_double(scan->top << shift, scan->is_more, scan->exponent - shift);
    if (isinf(*value))
        return trv_raise_int(trv_OverflowError,
                             "hexadecimal value too large to represent as a float");
    return scan->at == scan->end;
}

static bool is_word(const struct scan *scan, const char *word)
{
    size_t size = strlen(word);

    return (size_t)(scan->end - scan->at) == size && strncasecmp(scan->at, word, size) == 0;
}

static trv_object *class_fromhex(const trv_args *args)
{
    trv_object *text, *made;
    struct scan scan = {0};
    bool is_negative = false;
    double value = 0;
    int status = 1;

    if (trv_parse(args, "o", &text) < 0)
        return NULL;
    if (!trv__is_any_str(text))
        return trv_raise(trv_TypeError, "bad argument type for built-in operation");
    scan.at = trv__as_str(text)->text;
    scan.end = scan.at + trv__as_str(text)->size;
    while (scan.at < scan.end && isspace((unsigned char)*scan.at))
        scan.at++;
    while (scan.at < scan.end && isspace((unsigned char)scan.end[-1]))
        scan.end--;
    if (scan.at < scan.end && (*scan.at == '-' || *scan.at == '+'))
        is_negative = *scan.at++ == '-';
    if (is_word(&scan, "inf") || is_word(&scan, "infinity"))
        value = INFINITY;
    else if (is_word(&scan, "nan"))
        value = NAN;
    else
        status = scan_number(&scan, &value);
    if (status < 0)
        return NULL;
    if (!status)
        return trv_raise(trv_ValueError, "invalid hexadecimal floating-point string");
    made = trv__float_from(is_negative ? -value : value);
    if (made && args->self != trv_float_type) {
        trv_object *derived = trv_call(args->self, "o", made);
        trv_unref(made);
        return derived;
    }
    return made;
}

const struct trv__method trv__float_methods[] = {
    {"__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    TRV__NUMBER_METHODS,
    {"as_integer_ratio", "as_integer_ratio(): two ints whose ratio it is", method_as_integer_ratio},
    {"conjugate", "conjugate(): itself", method_conjugate},
    {"hex", "hex(): its exact value in hexadecimal digits", method_hex},
    {"imag", NULL, get_imag},
    {"is_integer", "is_integer(): whether there is nothing behind the point", method_is_integer},
    {"real", NULL, get_real},
    {NULL, NULL, NULL},
};

const struct trv__method trv__float_class_methods[] = {
    {"fromhex", "fromhex(string, /): the float that hexadecimal digits say", class_fromhex},
    {NULL, NULL, NULL},
};
