/* SPDX-License-Identifier: MIT */
/*
 * Arguments of methods that trv_parse has no letter for, refused in Python's words.
 */
#ifndef TRV_TYPES_ARGUMENTS_H
#define TRV_TYPES_ARGUMENTS_H

#include "object/object.h"

/* Whether a method was called without arguments; if not: TypeError "str.lower() takes no arguments
 * (1 given)". */
bool trv__no_arguments(const trv_args *args);

/* A number given to be used as a size. 0, or -1 with TypeError for what is no int, or OverflowError. */
int trv__size_argument(trv_object *object, int64_t *value);
/* The same for a number of at most 32 bits. */
int trv__int_argument(trv_object *object, int *value);
/* A place where a search begins or ends, cut to the range of int64_t; unchanged for NULL and None. */
int trv__place_argument(trv_object *object, int64_t *place);

/* A place in a sequence: an int that fits a word. 0, or -1 with TypeError or OverflowError. */
int trv__place_of(trv_object *object, int64_t *place);
/* What stands in brackets after a sequence, where it is no slice. 0, or -1 with TypeError or IndexError. */
int trv__subscript_of(trv_object *object, int64_t *index);
/* What was given by a keyword that only can be given so: a new reference, or NULL. 0, or -1. */
int trv__keyword_argument(const trv_args *args, const char *name, trv_object **value);

/* An optional argument that may be None: NULL for both. */
static inline trv_object *trv__or_null(trv_object *object)
{
    return object && !trv_is_none(object) ? object : NULL;
}

/* An optional argument that has to be a text without NUL characters: the name of an encoding, an
 * order of bytes. *text stays as it is for NULL. 0, or -1 with TypeError "<function>() argument
 * <what> must be str, not int". */
int trv__text_argument(trv_object *object, const char *function, const char *what,
                       const char **text);

/* Runs a type's `construct` with keywords bound to the signature of `spec`, which messages name. */
trv_object *trv__call_bound(const trv_function_spec *spec, const trv_args *args, trv_entry entry);

#endif
