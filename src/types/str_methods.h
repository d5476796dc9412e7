/* SPDX-License-Identifier: MIT */
/*
 * Searching, cutting and joining strs: what str_search.c, str_split.c and the other files named
 * str_* do and the method table in str_methods.c offers.
 *
 * All arguments named `str` and the like must be strs: whoever calls has checked. Indices count
 * code points and are in range. Functions that return an object give a new reference, or NULL with
 * an exception set.
 */
#ifndef TRV_TYPES_STR_METHODS_H
#define TRV_TYPES_STR_METHODS_H

#include "types/arguments.h"
#include "types/str.h"

extern const struct trv__method trv__str_methods[], trv__str_class_methods[];

/* Methods that live in str_class.c, str_case.c and str_translate.c. */
typedef trv_object *trv__method_entry(const trv_args *args);
trv__method_entry trv__str_isalnum, trv__str_isalpha, trv__str_isascii, trv__str_isdecimal,
    trv__str_isdigit, trv__str_isidentifier, trv__str_islower, trv__str_isnumeric,
    trv__str_isprintable, trv__str_isspace, trv__str_istitle, trv__str_isupper;
trv__method_entry trv__str_capitalize, trv__str_casefold, trv__str_lower, trv__str_swapcase,
    trv__str_title, trv__str_upper;
trv__method_entry trv__str_expandtabs, trv__str_maketrans, trv__str_translate;

enum trv__conversion {
    TRV__LOWER,
    TRV__UPPER,
    TRV__TITLE,
    TRV__CAPITALIZE,
    TRV__SWAP_CASE,
    TRV__FOLD_CASE
};
/* Writes ASCII in another case; bytes beyond it stay as they are. */
void trv__convert_ascii(char *to, const char *from, size_t size, enum trv__conversion conversion);
/* The last place of a text in another, or NULL. */
const char *trv__find_last(const char *text, size_t size, const char *wanted, size_t wanted_size);

struct trv__builder;
/* Adds text with spaces for its tabs. Columns are code points, or bytes. */
int trv__expand_tabs(struct trv__builder *b, const char *text, size_t size, int tab_size,
                     bool is_utf8);

/* A stretch of a str: its bytes, and where it begins and ends in code points. */
struct trv__span {
    const char *text;
    size_t size;
    size_t index, end;
    bool is_ascii;
};

/* The span between two indices, which may be negative or beyond the ends; false if it would begin
 * after its end, where nothing can be found, not even "". */
bool trv__str_span(const trv_object *str, int64_t start, int64_t end, struct trv__span *span);
/* The index where `needle` begins first or, `from_end`, last; -1 if nowhere. */
int64_t trv__span_find(const struct trv__span *span, const trv_object *needle, bool from_end);
/* How often it is there without overlaps. */
size_t trv__span_count(const struct trv__span *span, const trv_object *needle);
bool trv__span_begins(const struct trv__span *span, const trv_object *prefix);
bool trv__span_ends(const struct trv__span *span, const trv_object *suffix);

/* At most `most` replacements unless that is negative. */
trv_object *trv__str_replace(trv_object *str, trv_object *from, trv_object *to, int64_t most);

enum trv__sides { TRV__LEFT = 1, TRV__RIGHT = 2, TRV__BOTH = 3 };

/* Without the code points of `characters` (NULL: white space) at its ends. */
trv_object *trv__str_strip(trv_object *str, const trv_object *characters, enum trv__sides sides);
/* A list of the parts between separators (NULL: white space), cut from the left or the right. */
trv_object *trv__str_split(trv_object *str, const trv_object *separator, int64_t most,
                           bool from_end);
trv_object *trv__str_split_lines(trv_object *str, bool keep_ends);
/* The tuple of what is before the separator, the separator, and what is after it. */
trv_object *trv__str_partition(trv_object *str, trv_object *separator, bool from_end);

#endif
