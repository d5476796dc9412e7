/* SPDX-License-Identifier: MIT */
/*
 * Floats as text: the shortest digits that read back as the same double, laid out as Python does,
 * and reading what Python's float() reads.
 *
 * The C library converts correctly rounded, but writes and reads the decimal point of the locale:
 * text goes to strtod as digits and exponent with no point, and of what snprintf gives only the
 * digits are looked at.
 */
#include "types/builder.h"
#include "types/int.h"
#include "types/number_text.h"
#include "types/str.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <strings.h>

#define DIGITS_MOST 17

/* 0.d1d2d3... * 10 ** point */
struct decimal {
    char digits[DIGITS_MOST + 1];
    int count;
    int point;
};

static const double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                       1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                       1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* Writing --------------------------------------------------------------------------------------- */

static void set_digits(struct decimal *decimal, uint64_t mantissa, int exponent)
{
    char text[20];
    int count = 0;

    while (mantissa % 10 == 0)
        mantissa /= 10, exponent++;
    for (; mantissa; mantissa /= 10)
        text[count++] = (char)('0' + mantissa % 10);
    decimal->count = count;
    decimal->point = count + exponent;
    for (int i = 0; i < count; i++)
        decimal->digits[i] = text[count - 1 - i];
    decimal->digits[count] = 0;
}

/* Most doubles that people write are m / 10 ** k with small m and k. That division of two exact
 * doubles is correctly rounded, so if it gives the value back, m and k are its decimal; and since
 * two decimals of at most 15 digits never read as one double, there is no shorter one. */
static bool is_short_decimal(double value, struct decimal *decimal)
{
    double mantissa;

    for (int k = 0; k < (int)COUNT_OF(powers_of_ten); k++) {
        mantissa = nearbyint(value * powers_of_ten[k]);
        if (mantissa >= 1e15)
            return false;
        if (mantissa >= 1 && mantissa / powers_of_ten[k] == value) {
            set_digits(decimal, (uint64_t)mantissa, -k);
            return true;
        }
    }
    return false;
}

static double value_of(const struct decimal *decimal)
{
    char text[DIGITS_MOST + 8], *out = text + decimal->count;
    int exponent = decimal->point - decimal->count, size = abs(exponent);

    memcpy(text, decimal->digits, (size_t)decimal->count);
    *out++ = 'e';
    *out++ = exponent < 0 ? '-' : '+';
    for (int unit = 100; unit; size %= unit, unit /= 10)
        *out++ = (char)('0' + size / unit);
    *out = 0;
    return strtod(text, NULL);
}

/* The value rounded to so many digits. */
static void round_value(double value, int count, struct decimal *decimal)
{
    char text[64], *p = text;

    snprintf(text, sizeof text, "%.*e", count - 1, value);
    decimal->count = 0;
    for (; *p != 'e'; p++)
        if (isdigit((unsigned char)*p))
            decimal->digits[decimal->count++] = *p;
    decimal->digits[decimal->count] = 0;
    decimal->point = atoi(p + 1) + 1;
}

/* Adds one to the last digit. */
static void increment(struct decimal *decimal)
{
    int i = decimal->count - 1;

    while (i >= 0 && decimal->digits[i] == '9')
        decimal->digits[i--] = '0';
    if (i >= 0) {
        decimal->digits[i]++;
    } else {
        decimal->digits[0] = '1';
        decimal->point++;
    }
}

/* The value rounded to fewer digits than the 17 that `all` has. What is cut off those tells which
 * way to go, unless it is just half: then it may have become so by rounding. */
static void shorten(double value, const struct decimal *all, int count, struct decimal *decimal)
{
    const char *cut = all->digits + count;

    if (strcmp(cut, "5") == 0 || strcmp(cut, "50") == 0) {
        round_value(value, count, decimal);
        return;
    }
    *decimal = *all;
    decimal->count = count;
    if (*cut >= '5')
        increment(decimal);
}

static bool reads_back(double value, const struct decimal *decimal)
{
    return value_of(decimal) == value;
}

/* Just above a power of two there is twice as much room as below: the nearest 16 digits may be too
 * far below, while the next ones up are near enough. */
static bool sixteen_digits(double value, const struct decimal *all, struct decimal *decimal)
{
    int exponent;

    shorten(value, all, 16, decimal);
    if (reads_back(value, decimal))
        return true;
    if (frexp(value, &exponent) != 0.5)
        return false;
    increment(decimal);
    return reads_back(value, decimal);
}

/* Whether a value whose first digit is that of `decimal` is above the half of a unit one place higher. */
static bool is_above_half(double value, const struct decimal *decimal)
{
    char text[800]; /* no double has more digits */
    size_t size;

    if (decimal->digits[0] != '5')
        return decimal->digits[0] > '5';
    size = (size_t)snprintf(text, sizeof text, "%.*e", 770, value);
    for (size_t i = 1; i < size && text[i] != 'e'; i++)
        if (text[i] >= '1' && text[i] <= '9')
            return true;
    return false;
}

double trv__float_round(double value, int digits)
{
    double magnitude = fabs(value);
    struct decimal decimal;
    int keep;

    if (value == 0)
        return value;
    round_value(magnitude, DIGITS_MOST, &decimal);
    keep = decimal.point + digits;
    if (keep > DIGITS_MOST)
        return value;
    if (keep > 0)
        round_value(magnitude, keep, &decimal);
    else if (keep < 0 || !is_above_half(magnitude, &decimal))
        return copysign(0, value);
    else
        decimal = (struct decimal){"1", 1, decimal.point + 1};
    return copysign(value_of(&decimal), value);
}

static void strip_zeros(struct decimal *decimal)
{
    while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
        decimal->count--;
}

/* The shortest digits that read as the value, and among those the nearest to it. 17 always do. A
 * normal double that is no short decimal needs 15 at least; between the limits below, where
 * is_short_decimal has tried every scale, 16. */
static void shortest_digits(double value, struct decimal *decimal)
{
    struct decimal all;

    if (is_short_decimal(value, decimal))
        return;
    if (value < 0x1p-1022) {
        int count = 0;
        do
            round_value(value, ++count, decimal);
        while (count < DIGITS_MOST && !reads_back(value, decimal));
        strip_zeros(decimal);
        return;
    }
    round_value(value, DIGITS_MOST, &all);
    if (value < 1e-7 || value >= 1e15) {
        shorten(value, &all, 15, decimal);
        if (reads_back(value, decimal)) {
            strip_zeros(decimal);
            return;
        }
    }
    if (!sixteen_digits(value, &all, decimal))
        *decimal = all;
    strip_zeros(decimal);
}

/* Lays digits out in `text`, with an exponent where Python has one. Returns the size. */
static size_t lay_out(char *text, const struct decimal *decimal)
{
    int count = decimal->count, point = decimal->point;
    const char *digits = decimal->digits;

    if (point > 16 || point < -3)
        return (size_t)sprintf(text, "%c%s%.*se%c%02d", digits[0], count > 1 ? "." : "", count - 1,
                               digits + 1, point > 0 ? '+' : '-', abs(point - 1));
    if (point <= 0)
        return (size_t)sprintf(text, "0.%.*s%.*s", -point, "000", count, digits);
    if (point >= count)
        return (size_t)sprintf(text, "%.*s%.*s.0", count, digits, point - count,
                               "0000000000000000");
    return (size_t)sprintf(text, "%.*s.%.*s", point, digits, count - point, digits + point);
}

trv_object *trv__float_repr(trv_object *self)
{
    double value = trv__float_value(self);
    struct decimal decimal;
    char text[40];
    size_t size = 0;

    if (isnan(value))
        return trv__str_from("nan", 3, 3);
    if (signbit(value))
        text[size++] = '-';
    if (isinf(value)) {
        memcpy(text + size, "inf", 3);
        size += 3;
    } else if (value == 0) {
        memcpy(text + size, "0.0", 3);
        size += 3;
    } else {
        shortest_digits(fabs(value), &decimal);
        size += lay_out(text + size, &decimal);
    }
    return trv__str_from(text, size, size);
}

/* Reading --------------------------------------------------------------------------------------- */

struct scan {
    const char *at, *end;
    struct trv__builder digits; /* without leading zeros, underscores and the point */
    int64_t exponent;           /* of the last digit */
    uint64_t mantissa;          /* the digits, while they are few */
    bool has_digits;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes digits with single underscores between them. `step` is added to the exponent for each.
 * 1, 0 if an underscore is astray, -1 if out of memory. */
static int scan_digits(struct scan *scan, int step)
{
    bool was_digit = false;

    for (; scan->at < scan->end; scan->at++) {
        char c = *scan->at;
        if (c == '_' && was_digit && scan->at + 1 < scan->end && is_digit(scan->at[1])) {
            was_digit = false;
            continue;
        }
        if (!is_digit(c))
            return c != '_';
        was_digit = scan->has_digits = true;
        scan->exponent += step;
        if (c == '0' && !scan->digits.size)
            continue;
        if (scan->digits.size < 18)
            scan->mantissa = scan->mantissa * 10 + (uint64_t)(c - '0');
        if (trv__builder_add_char(&scan->digits, c) < 0)
            return -1;
    }
    return 1;
}

/* Takes "e", a sign and digits, cut to what no double can survive. */
static bool scan_exponent(struct scan *scan)
{
    int64_t exponent = 0;
    bool is_negative = false, was_digit = false;

    scan->at++;
    if (scan->at < scan->end && (*scan->at == '-' || *scan->at == '+'))
        is_negative = *scan->at++ == '-';
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '_' && was_digit && scan->at + 1 < scan->end) {
            was_digit = false;
            continue;
        }
        if (!is_digit(*scan->at))
            return false;
        was_digit = true;
        exponent = MIN_OF(exponent * 10 + (*scan->at - '0'), INT64_C(1) << 56);
    }
    scan->exponent += is_negative ? -exponent : exponent;
    return was_digit;
}

/* digits * 10 ** exponent. -1 if out of memory. */
static int scanned_value(struct scan *scan, double *value)
{
    int64_t exponent = MAX_OF(MIN_OF(scan->exponent, INT64_C(1) << 60), -(INT64_C(1) << 60));

    if (!scan->digits.size) {
        *value = 0;
        return 0;
    }
    /* Two exact doubles: one operation rounds correctly. */
    if (scan->digits.size <= 15 && exponent >= -22 && exponent <= 22) {
        *value = exponent < 0 ? (double)scan->mantissa / powers_of_ten[-exponent]
                              : (double)scan->mantissa * powers_of_ten[exponent];
        return 0;
    }
    if (trv__builder_printf(&scan->digits, "e%lld", (long long)exponent) < 0 ||
        trv__builder_add_char(&scan->digits, 0) < 0)
        return -1;
    *value = strtod(scan->digits.data, NULL);
    return 0;
}

static bool is_word(const struct scan *scan, const char *word)
{
    size_t size = strlen(word);

    return (size_t)(scan->end - scan->at) == size && strncasecmp(scan->at, word, size) == 0;
}

/* A number without its sign: 1, 0 if there is none, -1 if out of memory. */
static int scan_number(struct scan *scan, double *value)
{
    int status;

    if (is_word(scan, "inf") || is_word(scan, "infinity"))
        return *value = INFINITY, 1;
    if (is_word(scan, "nan"))
        return *value = NAN, 1;
    if ((status = scan_digits(scan, 0)) <= 0)
        return status;
    if (scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        if ((status = scan_digits(scan, -1)) <= 0)
            return status;
    }
    if (!scan->has_digits)
        return 0;
    if (scan->at < scan->end && (*scan->at | 0x20) == 'e' && !scan_exponent(scan))
        return 0;
    if (scan->at != scan->end)
        return 0;
    return scanned_value(scan, value) < 0 ? -1 : 1;
}

trv_object *trv__float_parse(const char *text, size_t size, trv_object *source)
{
    struct scan scan = {.at = text, .end = text + size};
    trv_auto trv_object *repr = NULL;
    bool is_negative = false;
    double value;
    int status;

    trv__trim_space(&scan.at, &scan.end, trv__is_wide_text(source));
    if (scan.at < scan.end && (*scan.at == '-' || *scan.at == '+'))
        is_negative = *scan.at++ == '-';
    trv__builder_init(&scan.digits);
    status = scan_number(&scan, &value);
    trv__builder_drop(&scan.digits);
    if (status > 0)
        return trv__float_from(is_negative ? -value : value);
    repr = status < 0 ? NULL : trv_repr(source);
    if (!repr)
        return NULL;
    return trv_raise(trv_ValueError, "could not convert string to float: %s",
                     trv__as_str(repr)->text);
}

trv_object *trv_float_parse(const char *text)
{
    trv_auto trv_object *source = trv_str_new(text);

    if (!source)
        return NULL;
    return trv__float_parse(trv__as_str(source)->text, trv__as_str(source)->size, source);
}
