/* SPDX-License-Identifier: MIT */
/*
 * Signatures: the text "name(a, b=, *rest): what it does", and binding arguments to it.
 *
 * The text is read where it is needed and nothing is kept of it, but how many positions a function with
 * defaults has (closure.h): a call without keywords never looks at it. Parameters before a "*" parameter are positions in args->items, and can be given by
 * keyword too. What is named after it can only be given by keyword, and stays in args->keywords.
 * "**options" takes any further keywords. A text without parentheses says nothing about
 * parameters: all keywords stay in args->keywords. Parameters before a "/" can be given by position only.
 *
 * Who checks what: a call without keywords passes its arguments as they are, and trv_parse finds
 * too many, too few and missing ones; a call with keywords is checked here before the code runs.
 */
#ifndef TRV_OBJECT_SIGNATURE_H
#define TRV_OBJECT_SIGNATURE_H

#include "object/closure.h"

enum trv__parameter_kind {
    TRV__PARAMETER_REQUIRED,
    TRV__PARAMETER_OPTIONAL,
    TRV__PARAMETER_REST,    /* *rest, or a lone * */
    TRV__PARAMETER_KEYWORDS /* **options */
};

struct trv__parameter {
    const char *name; /* not terminated */
    size_t length;
    const char *literal; /* what follows the "=", or NULL */
    enum trv__parameter_kind kind;
};

/* What a signature takes altogether. */
struct trv__shape {
    size_t required, positions, position_only; /* by position: how many must, may, can only so */
    size_t named;                              /* parameters of either kind that have a name */
    bool has_slash, takes_rest, takes_keywords;
};

/* False if the signature says nothing. */
bool trv__signature_shape(const char *signature, struct trv__shape *shape);

/* Where the parameters of a signature begin, for trv__parameter_next; NULL if it has none to show. */
const char *trv__signature_parameters(const char *signature);
/* Reads the next parameter. False at the end. */
bool trv__parameter_next(const char **cursor, struct trv__parameter *parameter);

/* What a signature takes by position; *most is SIZE_MAX if it takes any number. False if it does
 * not say. */
bool trv__signature_counts(const char *signature, size_t *required, size_t *most);

/* The defaults that are written as literals after "=" (literal.c): a tuple for the last parameters by
 * position, and a dict for those by keyword alone; NULL where there are none. 0, or -1 with
 * ValueError for what is no literal. */
int trv__signature_defaults(const char *signature, trv_object **positions, trv_object **by_name);

/* The name in messages: of the function, or "function" if nobody knows. */
const char *trv__spec_name(const trv_function_spec *spec);

/* Raise TypeError as Python words it (signature_words.c). Return -1. */
int trv__raise_unexpected(const trv_function_spec *spec, const char *name, size_t given);
int trv__raise_no_keywords(const trv_function_spec *spec);
/* Whether it is for trv__raise_no_keywords to refuse a keyword. */
bool trv__takes_no_keywords(const trv_function_spec *spec);
int trv__raise_too_many(const trv_function_spec *spec, size_t required, size_t most, size_t given);
/* `items` may hold NULL; positions from `count` up to `required` are missing too. */
int trv__raise_missing(const trv_function_spec *spec, trv_object *const *items, size_t count,
                       size_t required);

#define TRV__BINDING_INLINE 8

/* Arguments bound to a signature; `args` is what the code is to be called with. */
struct trv__binding {
    trv_args args;
    trv_object **items; /* the bound items: `small`, or a block */
    trv_object **owned; /* those of them that came by keyword, with a reference of ours */
    size_t capacity;
    trv_object *left; /* keywords that no parameter names, or NULL */
    trv_object *small[2 * TRV__BINDING_INLINE];
};

/* Binds raw->items and raw->keywords (may be NULL) to the signature of `spec`, and fills in the defaults
 * of `closure` unless that is NULL. 0, or -1 with nothing left to undo. */
int trv__bind(struct trv__binding *binding, const trv_function_spec *spec, const trv_args *raw,
              const struct trv__closure *closure);
void trv__unbind(struct trv__binding *binding);

#endif
