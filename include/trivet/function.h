/* SPDX-License-Identifier: MIT */
/*
 * Functions written in C, calls, taking arguments apart and building values.
 *
 * TRV_FUNCTION defines a callable object that exists for ever and is a constant:
 *
 *     TRV_FUNCTION(square, "square(n): n * n")
 *     {
 *         int64_t n;
 *         if (trv_parse(args, "l", &n) < 0)
 *             return NULL;
 *         return trv_int_new(n * n);
 *     }
 *
 * The text before ':' is the signature; its names are the function's keywords, "=" after a name
 * marks it as optional ("open(path, mode=)"), "*rest" takes any further arguments. What stands before a
 * "/" can be given by position only, and is refused in the words of Python's C functions. Keywords named
 * after it, and those that "**options" takes, reach the function in args->keywords.
 *
 * Who checks the arguments: keywords are bound to the signature before the function runs, and
 * what is missing, unknown or given twice is a TypeError then. A call without keywords passes what
 * it was given; trv_parse compares the number with its format. A function without trv_parse reads
 * args->count itself.
 *
 * Formats, the same letters for building and parsing (what a letter takes when building; where it
 * puts it when parsing):
 *   i int; int *                      l int64_t; int64_t *            z size_t; size_t *
 *   d double; double *                b int; int * (truth)            n nothing; None must be there
 *   s const char * (UTF-8); const char ** (view)
 *   y const void *, size_t; const void **, size_t * (view)
 *   o trv_object *; trv_object ** (view while the arguments live)
 *   () tuple   [] list   {} dict of k:v pairs      blanks and commas are free
 *   | parsing only: what follows is optional, and its variables keep their values when absent
 * A NULL object under `o` while an exception is pending fails with that exception; a NULL `s`
 * builds None. Parsing takes a tuple or a list for () and for []; in {} the keys are given, as in
 * building, and the values are looked up: trv_parse(args, "{s:l |s:b}", "size", &n, "new", &is_new).
 * Arguments, and items of tuples among them, are asked for their `index` under i l z, for their `floating`
 * or `index` under d; that runs code, so items of lists and dicts, which it could take away, are not.
 */
#ifndef TRIVET_FUNCTION_H
#define TRIVET_FUNCTION_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

typedef struct trv_function_spec trv_function_spec;

/* What a function is called with: views, valid during the call. */
typedef struct trv_args {
    trv_object *self;                  /* a closure's data, a method's receiver, or NULL */
    trv_object *const *items;          /* the arguments; NULL where an optional one is missing */
    size_t count;                      /* of items */
    trv_object *keywords;              /* dict of keywords the signature does not name, or NULL */
    const trv_function_spec *function; /* who is called */
} trv_args;

typedef trv_object *(*trv_entry)(const trv_args *args);

struct trv_function_spec {
    size_t size;           /* sizeof (trv_function_spec) */
    trv_entry entry;       /* the code */
    const char *signature; /* "name(a, b=): what it does" */
    const char *file;      /* where it is defined */
    int line;
    const char *name; /* the name alone */
    const char *
        owner; /* of a built-in type's method: the name of the type; of a built-in function: ""; else NULL */
};

/* The C type of static functions: an address for initialisers only. */
extern TRV_API const struct trv_type trv_static_function_layout_;

#define TRV_DEFINE_FUNCTION_(linkage, name, signature)                                             \
    static trv_object *name##_trv_entry_(const trv_args *args);                                    \
    static const trv_function_spec name##_trv_spec_ = {                                            \
        sizeof(trv_function_spec), name##_trv_entry_, signature, __FILE__, __LINE__, #name, NULL}; \
    linkage trv_object name[1] = {                                                                 \
        {TRV_IMMORTAL_, 0, &trv_static_function_layout_, &name##_trv_spec_}};                      \
    static trv_object *name##_trv_entry_(const trv_args *args TRV_UNUSED)

#ifdef __cplusplus
#define TRV_EXTERN_C_ extern "C" TRV_API
#define TRV_FUNCTION(name, signature)                                                              \
    extern "C" {                                                                                   \
    extern TRV_API trv_object name[1];                                                             \
    }                                                                                              \
    TRV_DEFINE_FUNCTION_(, name, signature)
#define TRV_DECLARE_FUNCTION(name) extern "C" TRV_API trv_object name[1]
#else
/* Defines a function other files can use after TRV_DECLARE_FUNCTION. */
#define TRV_FUNCTION(name, signature) TRV_DEFINE_FUNCTION_(TRV_API, name, signature)
/* Declares a function that another file defines. */
#define TRV_DECLARE_FUNCTION(name) extern TRV_API trv_object name[1]
#endif
/* Defines a function only this file can use. */
#define TRV_STATIC_FUNCTION(name, signature) TRV_DEFINE_FUNCTION_(static, name, signature)

/* A closure: a function with an object of its own, which its code finds in args->self. `name` is
 * copied; it may be a whole signature, "add(n): adds n to the counter". `data` may be NULL.
 * Where "=" in the signature is followed by a literal ("add(n, by=1, *, to=[])"), the function has that
 * default: it is made once, is filled in wherever the argument is missing, and stands in __defaults__ or
 * __kwdefaults__. Literals are None, True, False, numbers, texts without escapes, and tuples, lists and
 * dicts of these. Attributes can be set: __name__, __doc__ and so on, and any others, as in Python.
 * Raises: ValueError for what is no literal. */
TRV_API TRV_MUST_CHECK trv_object *trv_function_new(trv_entry entry, const char *name,
                                                    trv_object *data);

/* A method: a callable bound to an object, which it gets before the arguments of a call. Methods are
 * equal if they call equal functions for the same object. Raises: TypeError if it is no callable. */
TRV_API TRV_MUST_CHECK trv_object *trv_method_new(trv_object *function, trv_object *self);
/* What a method calls, and what it is bound to. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_method_function(trv_object *method);
TRV_API TRV_MUST_CHECK trv_object *trv_method_self(trv_object *method);

/* A cell: a place for one value that several closures share, as Python's functions share a variable of
 * the one around them. NULL makes an empty one. */
TRV_API TRV_MUST_CHECK trv_object *trv_cell_new(trv_object *contents);
/* What is in a cell. Raises: TypeError, ValueError "Cell is empty". */
TRV_API TRV_MUST_CHECK trv_object *trv_cell_get(trv_object *cell);
/* Puts something else into a cell; NULL empties it. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_cell_set(trv_object *cell, trv_object *contents);

/* Calls a callable with arguments built from a format: "" or NULL for none, "ls" for two; a format
 * of parentheses around all, "(ls)", means the same. A safepoint.
 * Raises: TypeError, RecursionError, what the callable raises; SystemError if an exception is
 * pending and no argument is NULL, or if the callable breaks the rule of results and exceptions.
 * Blocks, May switch: yes. */
TRV_API TRV_MUST_CHECK trv_object *trv_call(trv_object *callable, const char *format, ...);
/* Calls a callable with an array of arguments (views) and a dict of keywords or NULL.
 * Raises, Blocks, May switch: as trv_call. */
TRV_API TRV_MUST_CHECK trv_object *trv_call_array(trv_object *callable, trv_object *const *items,
                                                  size_t count, trv_object *keywords);
/* Whether an object can be called. Returns: 1 or 0. */
TRV_API int trv_callable(const trv_object *object);
/* The name a function gives itself, or its type's name. Returns: a view. */
TRV_API const char *trv_function_name(trv_object *function);

/* Takes arguments apart; see the head of this file. Raises: TypeError, OverflowError, ValueError. */
TRV_API TRV_MUST_CHECK int trv_parse(const trv_args *args, const char *format, ...);
/* Takes a tuple or list apart in the same way. */
TRV_API TRV_MUST_CHECK int trv_parse_tuple(trv_object *tuple, const char *format, ...);
/* Builds a value: one item of the format is that value, several are a tuple, none is None.
 * Raises: SystemError for a bad format, what making the parts raises. */
TRV_API TRV_MUST_CHECK trv_object *trv_build(const char *format, ...);
TRV_API TRV_MUST_CHECK trv_object *trv_build_va(const char *format, va_list *arguments);

TRV_END_DECLARATIONS

#endif
