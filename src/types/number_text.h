/* SPDX-License-Identifier: MIT */
/*
 * What reading an int and reading a float from text have in common.
 */
#ifndef TRV_TYPES_NUMBER_TEXT_H
#define TRV_TYPES_NUMBER_TEXT_H

#include "types/utf8.h"

/* Moves both ends inward over white space: what Python counts as such in UTF-8, only ASCII's in
 * bytes, which may hold anything. */
static inline void trv__trim_space(const char **start, const char **end, bool is_utf8)
{
    const char *at;
    uint32_t c;

    while (*start < *end) {
        at = *start;
        c = is_utf8 ? trv__utf8_next(&at) : (unsigned char)*at++;
        if (!trv__is_space(c) || (c >= 28 && !is_utf8 && c != ' '))
            break;
        *start = at;
    }
    while (*start < *end) {
        at = *end;
        c = is_utf8 ? trv__utf8_previous(&at) : (unsigned char)*--at;
        if (!trv__is_space(c) || (c >= 28 && !is_utf8 && c != ' '))
            break;
        *end = at;
    }
}

#endif
