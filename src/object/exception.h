/* SPDX-License-Identifier: MIT */
/*
 * What an exception object holds; for error.c, error_print.c and types/exception.c.
 *
 * An exception knows its arguments, what caused it, what was being handled when it was raised, and
 * the places it came through: first the one where it was raised, then each function that passed it
 * on, so that the last is the outermost. File and function names are string constants of the code
 * that raised, and stay valid as long as that code is loaded. A function made at run time has no
 * file, and its name may end before the exception does: that name is copied.
 *
 * Invariant: following `context` from any exception ends; raising cuts a link that would close a
 * ring. `cause` is set by users and may form one, so whoever follows causes marks what it has seen.
 *
 * One MemoryError is made before it is needed (trv__objects.memory_error, is_constant): raising it
 * takes no memory, so it is shared and nothing is ever recorded in it.
 */
#ifndef TRV_OBJECT_EXCEPTION_H
#define TRV_OBJECT_EXCEPTION_H

#include "object/object.h"

struct trv__place {
    const char *file;     /* NULL: a function made at run time */
    const char *function; /* without a file: a plain block of its own */
    int line;
};

struct trv__exception {
    TRV__HEAD;
    trv_object *args;        /* a tuple; NULL once the collector has cleared the exception */
    trv_object *cause;       /* an exception, or NULL */
    trv_object *context;     /* an exception, or NULL */
    trv_object *remote;      /* a str: the traceback of another process, or NULL */
    struct trv__place first; /* where it was raised; most exceptions need no more */
    struct trv__place *more; /* the places after the first, or NULL */
    uint32_t count;          /* of places, with the first */
    uint32_t capacity;       /* of `more` */
    bool suppresses_context; /* "from": the context is not shown */
    bool is_constant;        /* the MemoryError made ahead */
    bool is_marked;          /* seen by the walk that is under way */
};

/* The exception behind an object that is known to be one. */
static inline struct trv__exception *trv__exception(trv_object *object)
{
    return (struct trv__exception *)(void *)object;
}

static inline bool trv__is_exception(const trv_object *object)
{
    return object->type->flags & TRV__TYPE_EXCEPTION;
}

static inline bool trv__is_exception_type(const trv_object *object)
{
    return trv__is_type(object) && trv__type_of_handle(object)->flags & TRV__TYPE_EXCEPTION;
}

static inline const struct trv__place *trv__exception_place(const struct trv__exception *exception,
                                                            uint32_t index)
{
    return index ? &exception->more[index - 1] : &exception->first;
}

/* An exception of that type; both OSError's choice of subtype and `args` NULL are seen to. */
trv_object *trv__exception_make(const struct trv_type *type, trv_object *args);
/* The type that an OSError of an error number is of: OSError or one derived from it. */
const struct trv_type *trv__oserror_type(int64_t number);

#endif
