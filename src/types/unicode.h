/* SPDX-License-Identifier: MIT */
/*
 * What is known of single characters: what they are, their cases, numbers and width.
 *
 * Categories, single cases, case folding and width are libutf8proc's, and so of its version of
 * Unicode. What it does not tell stands in tables taken from Python (unicode_tables.h): that is
 * little, and changes rarely. The answers are those of Python's str methods for all characters
 * that both versions know.
 *
 * None of these functions allocates or fails; any number is a code point, unassigned ones too.
 */
#ifndef TRV_TYPES_UNICODE_H
#define TRV_TYPES_UNICODE_H

#include "base/base.h"

/* Claims about a character, named as the methods of str. */
typedef bool trv__claim(uint32_t c);
trv__claim trv__is_alpha, trv__is_alnum, trv__is_decimal, trv__is_digit, trv__is_numeric,
    trv__is_lower, trv__is_upper, trv__is_title, trv__is_space, trv__is_printable;
/* Whether a character has a case, and whether it stands within words without one, as an apostrophe. */
trv__claim trv__is_cased, trv__is_case_ignorable;
/* Whether an identifier may begin with it ('_' may), and whether it may go on with it. */
trv__claim trv__begins_identifier, trv__continues_identifier;

/* A mapping to another case writes at most so many code points, and returns how many. */
#define TRV__CASE_MOST 3
typedef size_t trv__mapping(uint32_t c, uint32_t mapped[TRV__CASE_MOST]);
trv__mapping trv__to_lower, trv__to_upper, trv__to_title, trv__fold_case;

/* The value of a decimal digit, or -1. */
int trv__decimal_value(uint32_t c);
/* The value of any digit, as that of a superscript two, or -1. */
int trv__digit_value(uint32_t c);
/* The number a character stands for, as a fraction; false if it stands for none. */
bool trv__numeric_value(uint32_t c, int64_t *numerator, int64_t *denominator);
/* Two letters: "Lu". */
const char *trv__category(uint32_t c);
/* How many columns of a terminal it takes: 0, 1 or 2. */
int trv__column_width(uint32_t c);

#endif
