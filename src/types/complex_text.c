/* SPDX-License-Identifier: MIT */
/*
 * Complex numbers as text: "(1+2j)", and what Python's complex() reads.
 */
#include "types/complex.h"

#include "types/builder.h"
#include "types/int.h"
#include "types/number_text.h"

#include <math.h>
#include <strings.h>

/* Writing --------------------------------------------------------------------------------------- */

/* A part as a float is written, without ".0", and with a sign if it stands behind the other. */
static int add_part(struct trv__builder *b, double part, bool has_sign)
{
    trv_auto trv_object *number = trv__float_from(part);
    trv_auto trv_object *text = number ? trv__float_repr(number) : NULL;
    size_t size;

    if (!text ||
        (has_sign && trv__as_str(text)->text[0] != '-' && trv__builder_add_char(b, '+') < 0))
        return -1;
    size = trv__as_str(text)->size;
    if (size > 2 && memcmp(trv__as_str(text)->text + size - 2, ".0", 2) == 0)
        size -= 2;
    return trv__builder_add(b, trv__as_str(text)->text, size);
}

trv_object *trv__complex_repr(trv_object *self)
{
    struct trv__pair value = trv__complex_value(self);
    bool has_real = value.real != 0 || signbit(value.real);
    struct trv__builder b;

    trv__builder_init(&b);
    if ((has_real && (trv__builder_add_char(&b, '(') < 0 || add_part(&b, value.real, false) < 0)) ||
        add_part(&b, value.imag, has_real) < 0 ||
        trv__builder_add_text(&b, has_real ? "j)" : "j") < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

/* Reading --------------------------------------------------------------------------------------- */

static bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (is_digit(at, end) || (at < end && *at == '_' && is_digit(at - 1, end)))
        at++;
    return at;
}

static const char *skip_word(const char *at, const char *end)
{
    static const char *const words[] = {"infinity", "inf", "nan"};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        size_t size = strlen(words[i]);
        if ((size_t)(end - at) >= size && strncasecmp(at, words[i], size) == 0)
            return at + size;
    }
    return at;
}

/* Where a float that begins at `at`, with its sign, ends; `at` itself if there is none. */
static const char *skip_float(const char *at, const char *end)
{
    const char *start = at + (at < end && (*at == '-' || *at == '+')), *p = start, *exponent;
    bool has_digits;

    if (skip_word(start, end) > start)
        return skip_word(start, end);
    if (p < end && is_digit(p, end))
        p = skip_digits(p, end);
    has_digits = p > start;
    if (p < end && *p == '.') {
        p++;
        has_digits = has_digits || is_digit(p, end);
        if (is_digit(p, end))
            p = skip_digits(p, end);
    }
    if (!has_digits)
        return at;
    if (p < end && (*p | 0x20) == 'e') {
        exponent = p + 1 + (p + 1 < end && (p[1] == '-' || p[1] == '+'));
        if (is_digit(exponent, end))
            p = skip_digits(exponent, end);
    }
    return p;
}

/* Takes a float, or nothing. -1 if what looks like one is none, or out of memory. */
static int take_float(const char **at, const char *end, trv_object *source, double *value)
{
    const char *behind = skip_float(*at, end);
    trv_auto trv_object *number = NULL;

    if (behind == *at)
        return 0;
    number = trv__float_parse(*at, (size_t)(behind - *at), source);
    if (!number)
        return -1;
    *value = trv__float_value(number);
    *at = behind;
    return 1;
}

static bool takes(const char **at, const char *end, char c)
{
    if (*at == end || (**at | 0x20) != c)
        return false;
    ++*at;
    return true;
}

/* Takes "j", or a sign and "j": one imaginary unit. */
static bool take_unit(const char **at, const char *end, double *imag)
{
    const char *p = *at;

    *imag = 1;
    if (p < end && (*p == '-' || *p == '+'))
        *imag = *p++ == '-' ? -1 : 1;
    if (!takes(&p, end, 'j'))
        return false;
    *at = p;
    return true;
}

/* The number between the parentheses: 1, 0 if it is none, -1. */
static int take_number(const char **at, const char *end, trv_object *source,
                       struct trv__pair *value)
{
    double first, second;
    int found = take_float(at, end, source, &first);

    if (found <= 0)
        return found < 0 ? -1 : take_unit(at, end, &value->imag);
    if (takes(at, end, 'j')) {
        value->imag = first;
        return 1;
    }
    value->real = first;
    if (*at == end || (**at != '-' && **at != '+'))
        return 1;
    found = take_float(at, end, source, &second);
    if (found <= 0)
        return found < 0 ? -1 : take_unit(at, end, &value->imag);
    value->imag = second;
    return takes(at, end, 'j');
}

/* Whether underscores stand between digits only. */
static bool has_good_underscores(const char *at, const char *end)
{
    const char *start = at;

    for (; at < end; at++)
        if (*at == '_' && (at == start || !is_digit(at - 1, end) || !is_digit(at + 1, end)))
            return false;
    return true;
}

trv_object *trv__complex_parse(trv_object *source)
{
    trv_auto trv_object *text = trv__plain_digits(source);
    struct trv__pair value = {0, 0};
    const char *at, *end;
    int found;

    if (!text)
        return NULL;
    at = trv__as_str(text)->text;
    end = at + trv__as_str(text)->size;
    if (!has_good_underscores(at, end)) {
        trv_auto trv_object *repr = trv_repr(source);
        return repr ? trv_raise(trv_ValueError, "could not convert string to complex: %s",
                                trv__as_str(repr)->text)
                    : NULL;
    }
    trv__trim_space(&at, &end, trv__is_wide_text(source));
    if (end - at >= 2 && *at == '(' && end[-1] == ')') {
        at++;
        end--;
        trv__trim_space(&at, &end, trv__is_wide_text(source));
    }
    found = take_number(&at, end, source, &value);
    if (found < 0 && !trv_error_matches(trv_ValueError))
        return NULL;
    if (found > 0 && at == end)
        return trv__complex_from(value);
    trv_error_clear();
    return trv_raise(trv_ValueError, "complex() arg is a malformed string");
}
