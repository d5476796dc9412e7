/* SPDX-License-Identifier: MIT */
/*
 * Building values from formats, for the files of the object floor that do it in pieces.
 *
 * A builder walks a format and takes the arguments one by one. After a failure it goes on to the
 * end without making anything, so that the caller's va_list always stands behind the last argument.
 * Only a bad format stops it at once: what follows cannot be known.
 */
#ifndef TRV_OBJECT_BUILD_H
#define TRV_OBJECT_BUILD_H

#include "object/object.h"

struct trv__builder {
    const char *at;    /* the next letter */
    const char *whole; /* the format, for messages */
    va_list *arguments;
    bool has_failed; /* an exception is set */
    bool is_lost;    /* the format is bad: do not touch the arguments any more */
};

#define TRV__ITEMS_INLINE 8

/* A growing array of owned objects. */
struct trv__items {
    trv_object **items;
    size_t count, capacity;
    trv_object *first[TRV__ITEMS_INLINE];
};

/* Steps over blanks and commas; the letter there, or 0 at the end. */
static inline char trv__format_letter(const char **at)
{
    while (**at == ' ' || **at == ',')
        ++*at;
    return **at;
}

/* Builds the next item. NULL if it or an item before it failed. */
trv_object *trv__build_item(struct trv__builder *builder);
/* Builds items up to `end`, a closing bracket, which is stepped over, or 0. */
void trv__build_items(struct trv__builder *builder, char end, struct trv__items *items);
void trv__items_drop(struct trv__items *items);

/* Whether the whole format is one group of parentheses; *inner is then what follows the first. */
bool trv__format_is_group(const char *format, const char **inner);
/* Builds the arguments of a call; parentheses around all of them mean nothing. */
int trv__build_call(const char *format, va_list *arguments, struct trv__items *items);

/* SystemError about a format. Returns -1. */
int trv__raise_bad_format(const char *whole, const char *at);

#endif
