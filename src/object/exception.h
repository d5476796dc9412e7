/* SPDX-License-Identifier: MIT */
/*
 * What an exception object holds; for error.c, error_print.c and types/exception*.c.
 *
 * An exception knows its arguments, what caused it, what was being handled when it was raised, and
 * the places it came through: first the one where it was raised, then each function that passed it
 * on, so that the last is the outermost. File and function names are string constants of the code
 * that raised, and stay valid as long as that code is loaded. A function made at run time has no
 * file, and its name may end before the exception does: that name is copied.
 *
 * All exceptions have one layout, so that a class can derive from any two of them. What OSError and
 * others have besides stands in a block of its own (`fields`, types/exception_fields.c); what users set
 * stands in a dict (`attributes`), and so do notes, as in Python.
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

/* First where an exception was raised, then the functions it passed, outwards; see places.c. */
struct trv__trail {
    struct trv__place first; /* most exceptions need no more */
    struct trv__place *more; /* those after the first, or NULL */
    uint32_t count;          /* with the first */
    uint32_t capacity;       /* of `more` */
};

struct trv__exception {
    TRV__HEAD;
    trv_object *args;       /* a tuple; NULL once the collector has cleared the exception */
    trv_object *cause;      /* an exception, or NULL */
    trv_object *context;    /* an exception, or NULL */
    trv_object *remote;     /* a str: the traceback of another process, or NULL */
    trv_object *attributes; /* a dict: what users have set, with __notes__; NULL: nothing yet */
    trv_object **fields;    /* as many as its kind has, each may be NULL; NULL: none is set */
    struct trv__trail places;
    bool suppresses_context; /* "from": the context is not shown */
    bool is_constant;        /* the MemoryError made ahead */
    bool is_marked;          /* seen by the walk that is under way */
};

/* The built-in types that have fields, each with those derived from it; stands in their flags. */
enum trv__exception_kind {
    TRV__PLAIN_EXCEPTION,
    TRV__ATTRIBUTE_ERROR,
    TRV__IMPORT_ERROR,
    TRV__NAME_ERROR,
    TRV__OS_ERROR,
    TRV__STOP_ITERATION,
    TRV__SYSTEM_EXIT,
    TRV__UNICODE_ENCODE_ERROR,
    TRV__UNICODE_DECODE_ERROR,
    TRV__UNICODE_TRANSLATE_ERROR,
    TRV__EXCEPTION_GROUP
};

/* The fields of some kinds. */
enum { TRV__FIELD_ERRNO, TRV__FIELD_STRERROR, TRV__FIELD_FILENAME, TRV__FIELD_FILENAME2 };
enum {
    TRV__FIELD_ENCODING,
    TRV__FIELD_OBJECT,
    TRV__FIELD_START,
    TRV__FIELD_END,
    TRV__FIELD_REASON,
    TRV__FIELDS_MOST
};
enum { TRV__FIELD_MESSAGE, TRV__FIELD_EXCEPTIONS };

static inline enum trv__exception_kind trv__exception_kind(const trv_object *exception)
{
    return exception->type->flags >> TRV__TYPE_KIND_SHIFT;
}

/* The exception behind an object that is known to be one. */
static inline struct trv__exception *trv__exception(const trv_object *object)
{
    return (struct trv__exception *)(uintptr_t)object;
}

static inline bool trv__is_exception(const trv_object *object)
{
    return object->type->flags & TRV__TYPE_EXCEPTION;
}

static inline bool trv__is_exception_type(const trv_object *object)
{
    return trv__is_type(object) && trv__type_of_handle(object)->flags & TRV__TYPE_EXCEPTION;
}

/* A field, borrowed, or NULL. */
static inline trv_object *trv__exception_field(const trv_object *object, int field)
{
    trv_object *const *fields = trv__exception(object)->fields;

    return fields ? fields[field] : NULL;
}

/* error.c: text of a message, which may be no UTF-8; `suffix` is appended. NULL with an exception set. */
trv_object *trv__error_text(const char *suffix, const char *format, va_list arguments);

/* places.c -------------------------------------------------------------------------------------- */

static inline const struct trv__place *trv__place_at(const struct trv__trail *places,
                                                     uint32_t index)
{
    return index ? &places->more[index - 1] : &places->first;
}

/* Adds one; without a file, the name is copied. Does nothing, in silence, when out of memory. */
void trv__trail_add(struct trv__trail *places, const char *file, int line, const char *function);
/* Makes them a copy of others. 0, or -1 with MemoryError, and then there are none. */
int trv__trail_copy(struct trv__trail *places, const struct trv__trail *others);
void trv__trail_clear(struct trv__trail *places);
/* The name of the function of a place, without the ending of TRV_FUNCTION's body: its size. */
size_t trv__place_name_size(const struct trv__place *place);

/* An exception of that type; both OSError's choice of subtype and `args` NULL are seen to. It is not
 * initialised by code of a class. */
trv_object *trv__exception_make(const struct trv_type *type, trv_object *args);
/* The type that an OSError of an error number is of: OSError or one derived from it. */
const struct trv_type *trv__oserror_type(int64_t number);

/* types/exception_fields.c ---------------------------------------------------------------------- */

/* The type that a call of a type with these arguments makes an instance of. */
const struct trv_type *trv__exception_type_for(const struct trv_type *type, const trv_args *args);
/* Fills the fields from the arguments, as the type's __init__ does in Python. 0, or -1 with TypeError or
 * ValueError. */
int trv__exception_fill(trv_object *exception, trv_object *keywords);
/* Which field has that name; -1 if none. */
int trv__exception_find_field(const trv_object *exception, const char *name);
size_t trv__exception_fields_count(const trv_object *exception);
/* `value` NULL deletes. */
int trv__exception_set_field(trv_object *exception, int field, trv_object *value);
/* Makes room for the fields. */
int trv__exception_have_fields(trv_object *exception);
/* The text of one whose kind has a text of its own; NULL, with nothing set, for others. */
trv_object *trv__exception_kind_str(trv_object *exception);
/* The arguments that make one with the same arguments and fields. */
trv_object *trv__exception_reduce_args(trv_object *exception);

/* types/exception_group.c ----------------------------------------------------------------------- */

static inline bool trv__is_exception_group(const trv_object *object)
{
    return trv__is_exception(object) && trv__exception_kind(object) == TRV__EXCEPTION_GROUP;
}

int trv__exception_group_fill(trv_object *group, trv_object *const *items, size_t count,
                              trv_object *keywords);
trv_object *trv__exception_group_str(trv_object *group);
extern const struct trv__method trv__exception_group_methods[];

/* types/exception_attributes.c ------------------------------------------------------------------ */

int trv__exception_getattr(trv_object *self, const char *name, trv_object **value);
int trv__exception_setattr(trv_object *self, const char *name, trv_object *value);
extern const struct trv__method trv__exception_methods[];
/* The dict of attributes, borrowed, which is made if there is none. */
trv_object *trv__exception_attributes(trv_object *exception);

#endif
