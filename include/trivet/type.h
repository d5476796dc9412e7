/* SPDX-License-Identifier: MIT */
/*
 * Types defined in C.
 *
 * A type is described by a trv_type_spec and made with trv_type_new; calling the type makes an
 * instance, whose C data is reached with trv_data(). A slot left NULL is inherited from the base.
 * `traverse`, `clear`, `destroy` and `size_bytes` add up: each type's own sees to that type's data.
 * `getattr` and `setattr` pass names they do not know on to the base's. A type that gives
 * `compare` but no `hash` has none; one that gives neither is hashed by identity.
 *
 * If the doc begins with the type's name and parentheses, "Point(x, y=): a place", it is the
 * signature of calls of the type, and `init` gets its keywords bound.
 *
 * References held in the data are visited by `traverse` and dropped by `clear`; with those two the
 * collector frees cycles through the type, and the end of an instance drops them too. What is not
 * an object (a file, malloc'd memory) is given back by `destroy`. `finalize` is the user-visible
 * last word: it runs once, may resurrect the object, and must not block.
 */
#ifndef TRIVET_TYPE_H
#define TRIVET_TYPE_H

#include <trivet/function.h>
#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* The collector's visitor: call it for each reference in the data; pass on what it returns unless 0. */
typedef int (*trv_visit)(trv_object *object, void *argument);

typedef enum trv_binary {
    TRV_ADD,
    TRV_SUBTRACT,
    TRV_MULTIPLY,
    TRV_DIVIDE,
    TRV_FLOOR_DIVIDE,
    TRV_REMAINDER,
    TRV_POWER,
    TRV_SHIFT_LEFT,
    TRV_SHIFT_RIGHT,
    TRV_AND,
    TRV_OR,
    TRV_XOR,
    TRV_MATRIX_MULTIPLY,
    TRV_DIVMOD
} trv_binary;

typedef enum trv_unary { TRV_NEGATIVE, TRV_ABSOLUTE, TRV_INVERT, TRV_POSITIVE } trv_unary;

/* What a binary, compare or getattr slot answers when it does not know the other operand. */
#define TRV_UNKNOWN 2

struct trv_buffer;

/* What instances of a type can do. */
typedef struct trv_slots {
    /* life; none of these may fail */
    int (*traverse)(trv_object *self, trv_visit visit, void *argument);
    void (*clear)(trv_object *self);    /* drops the references, leaves the data valid */
    void (*destroy)(trv_object *self);  /* gives back what is not an object */
    void (*finalize)(trv_object *self); /* once, before the end; may resurrect */
    int (*init)(trv_object *self, const trv_args *args); /* the data is zeroed; 0 or -1 */

    /* value */
    trv_object *(*repr)(trv_object *self);
    trv_object *(*str)(trv_object *self);
    int (*hash)(trv_object *self, int64_t *hash);
    int (*compare)(trv_object *self, trv_object *other,
                   trv_comparison op);      /* 1, 0, -1, TRV_UNKNOWN */
    int (*truth)(trv_object *self);         /* 1, 0, -1 */
    size_t (*size_bytes)(trv_object *self); /* owned bytes beyond the instance itself */

    /* calls and iteration */
    trv_object *(*call)(trv_object *self, const trv_args *args);
    trv_object *(*iter)(trv_object *self);
    int (*next)(trv_object *self, trv_object **item); /* 1, 0 at the end, -1 */

    /* items and attributes; value NULL deletes */
    int (*length)(trv_object *self, size_t *length);
    trv_object *(*getitem)(trv_object *self, trv_object *key);
    int (*setitem)(trv_object *self, trv_object *key, trv_object *value);
    int (*contains)(trv_object *self, trv_object *item); /* 1, 0, -1 */
    int (*getattr)(trv_object *self, const char *name,
                   trv_object **value); /* 1, 0 no such name, -1 */
    int (*setattr)(trv_object *self, const char *name,
                   trv_object *value); /* 0, 1 no such name, -1 */

    /* arithmetic: *result is set and 0 returned, or TRV_UNKNOWN, or -1 */
    int (*binary)(trv_object *a, trv_object *b, trv_binary op, trv_object **result);
    int (*unary)(trv_object *a, trv_unary op, trv_object **result);

    /* context manager: 0 or -1; exit gets the pending exception, or NULL, and answers 1 to suppress it */
    int (*enter)(trv_object *self);
    int (*exit)(trv_object *self, trv_object *exception);

    /* a copy: a shallow one, or with a memo (a view) a deep one; see copy.h. NULL: it cannot be copied */
    trv_object *(*copy)(trv_object *self, trv_object *memo);

    /* memory that others may look at: fills what buffer.h says and answers 0, or -1; `release` may be NULL */
    int (*acquire_buffer)(trv_object *self, struct trv_buffer *buffer, unsigned flags);
    void (*release_buffer)(trv_object *self, struct trv_buffer *buffer); /* may not fail */

    /* a += b and the like: as `binary`, but `self` may be changed, and is then the result; where it is
     * missing or does not know, `binary` is asked */
    int (*binary_in_place)(trv_object *self, trv_object *other, trv_binary op, trv_object **result);
    /* pow(a, b, modulus): as `binary`; one of the three is of this type */
    int (*power)(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result);

    /* conversions: an int without loss (what may be an index), an int, a float */
    trv_object *(*index)(trv_object *self);
    trv_object *(*integer)(trv_object *self);
    trv_object *(*floating)(trv_object *self);

    /* descriptors: what an attribute found in a type becomes for an instance (NULL: for the type
     * itself); and setting it, value NULL deletes. With `set` it goes before the instance's own */
    trv_object *(*get)(trv_object *self, trv_object *instance, trv_object *type);
    int (*set)(trv_object *self, trv_object *instance, trv_object *value);
} trv_slots;

/* A method, or an attribute that is computed, of a type defined in C. */
typedef struct trv_method {
    const char *name;
    const char *signature; /* as TRV_FUNCTION's, without self; NULL: an attribute */
    trv_entry entry; /* args->self is the instance; of an attribute: without arguments, gets it */
    int (*set)(trv_object *self, trv_object *value); /* of an attribute, NULL deletes; or NULL */
} trv_method;

typedef struct trv_type_spec {
    size_t size;      /* sizeof (trv_type_spec) */
    const char *name; /* copied */
    const char *doc;  /* copied; may be NULL */
    size_t data_size; /* bytes of data of an instance */
    trv_object *base; /* NULL for object */
    trv_slots slots;
    const trv_method *methods; /* ends with a NULL name, outlives the type; may be NULL */
    trv_object *bases;         /* a tuple of types, instead of `base`; or NULL */
    trv_object *dict;          /* further attributes of the type: a dict, copied; or NULL */
} trv_type_spec;

/* A type. Raises: TypeError for a bad spec or base. */
TRV_API TRV_MUST_CHECK trv_object *trv_type_new(const trv_type_spec *spec);
/* The data of an instance of `type` or of a type derived from it.
 * Returns: a view. Raises: TypeError. */
TRV_API TRV_MUST_CHECK void *trv_data(trv_object *object, trv_object *type);

TRV_END_DECLARATIONS

#endif
