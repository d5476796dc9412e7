/* SPDX-License-Identifier: MIT */
/*
 * What reading an int and reading a float from text have in common.
 */
#ifndef TRV_TYPES_NUMBER_TEXT_H
#define TRV_TYPES_NUMBER_TEXT_H

#include "types/str.h"

/* Whether white space is whatever Unicode counts as such: in a str that is not ASCII. In others and
 * in bytes, which may hold anything, it is C's; that is how Python has it. */
static inline bool trv__is_wide_text(const trv_object *source)
{
    return trv__is_any_str(source) && !trv__str_is_ascii(trv__as_str(source));
}

/* Moves both ends inward over white space. */
static inline void trv__trim_space(const char **start, const char **end, bool is_wide)
{
    const char *at;
    uint32_t c;

    while (*start < *end) {
        at = *start;
        c = is_wide ? trv__utf8_next(&at) : (unsigned char)*at++;
        if (!trv__is_space(c) || (!is_wide && c > 13 && c != ' '))
            break;
        *start = at;
    }
    while (*start < *end) {
        at = *end;
        c = is_wide ? trv__utf8_previous(&at) : (unsigned char)*--at;
        if (!trv__is_space(c) || (!is_wide && c > 13 && c != ' '))
            break;
        *end = at;
    }
}

/* A str with the digits of ASCII for all decimal digits of Unicode: a new reference (int_text.c). */
trv_object *trv__plain_digits(trv_object *str);

#endif
