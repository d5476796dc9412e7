/* SPDX-License-Identifier: MIT */
/*
 * What an object is, who owns a reference to it, and what can be asked of every object.
 *
 * An object has a reference count, a type and a value. One law of ownership: what is returned is
 * yours, what you pass stays yours. A reference that is yours is dropped with trv_unref, or by
 * itself at the end of the scope when its variable is declared trv_auto:
 *
 *     trv_auto trv_object *name = trv_str_new("plate");
 *
 * A function that finds an argument NULL while an exception is pending fails again with the same
 * exception, so calls can be nested without a check at each step.
 *
 * The fields of struct trv_object are public only so that functions can be static objects and
 * counting can be inline. They are not for reading or writing.
 */
#ifndef TRIVET_OBJECT_H
#define TRIVET_OBJECT_H

#include <trivet/base.h>

TRV_BEGIN_DECLARATIONS

typedef struct trv_object trv_object;
struct trv_type;

struct trv_object {
    int32_t refcount;            /* negative: immortal, and never written */
    uint32_t flags;              /* the collector's, written under the GIL */
    const struct trv_type *type; /* constant after creation */
    const void *payload;         /* the first word of the value, whatever the type makes of it */
};

/* The first three members of an object that exists for ever. */
#define TRV_IMMORTAL_ INT32_MIN

/* References ---------------------------------------------------------------------------- */

/* What trv_unref does with the last reference. */
TRV_API void trv_object_free_(trv_object *object);

/* Takes one more reference; NULL is passed through.
 * Returns: the same object. */
static inline trv_object *trv_ref(trv_object *object)
{
    if (object && object->refcount >= 0)
        object->refcount = (int32_t)((uint32_t)object->refcount + 1);
    return object;
}

/* Drops one reference; NULL is ignored. The object ends at once if it was the last. Cannot fail;
 * keeps a pending exception. Finalizers and weak reference callbacks run inside. */
static inline void trv_unref(trv_object *object)
{
    if (object && object->refcount > 0 && --object->refcount == 0)
        trv_object_free_(object);
}

/* What trv_auto does at the end of its block. */
static inline void trv_auto_unref_(trv_object **variable)
{
    trv_unref(*variable);
}

/* Declares a variable whose reference is dropped at the end of its scope. */
#define trv_auto TRV_CLEANUP_(trv_auto_unref_)

/* Moves the reference out of a variable, which becomes NULL.
 * Returns: the reference that was in it. */
static inline trv_object *trv_steal(trv_object **variable)
{
    trv_object *object = *variable;
    *variable = NULL;
    return object;
}

/* Sets a variable to NULL, then drops the reference it held. */
static inline void trv_clear(trv_object **variable)
{
    trv_unref(trv_steal(variable));
}

/* How many references exist.
 * Returns: the count; INT32_MAX for an immortal object. */
TRV_API int64_t trv_refcount(const trv_object *object);

/* A number that no other living object has. Returns: its address. */
TRV_API uintptr_t trv_id(const trv_object *object);

/* Whether two references are to one object. Returns: 1 or 0; cannot fail. */
static inline int trv_is(const trv_object *a, const trv_object *b)
{
    return a == b;
}

/* Python's NotImplemented: what an operator's method returns that does not know the other operand. */
extern TRV_API trv_object trv_not_implemented[1];

/* Types --------------------------------------------------------------------------------- */

/* Types of built-in objects, for trv_isinstance. Exception types are in error.h. */
extern TRV_API trv_object trv_object_type[1], trv_type_type[1], trv_none_type[1], trv_bool_type[1],
    trv_int_type[1], trv_float_type[1], trv_str_type[1], trv_bytes_type[1], trv_tuple_type[1],
    trv_list_type[1], trv_dict_type[1], trv_set_type[1], trv_range_type[1], trv_function_type[1],
    trv_capsule_type[1], trv_weakref_type[1], trv_slice_type[1], trv_method_type[1],
    trv_cell_type[1], trv_frozenset_type[1], trv_dict_keys_type[1], trv_dict_values_type[1],
    trv_dict_items_type[1], trv_mappingproxy_type[1];

/* The type of an object. */
TRV_API trv_object *trv_type_of(trv_object *object);
/* The name of an object's type. Returns: a string that lives as long as the type; "NULL" for NULL. */
TRV_API const char *trv_type_name(const trv_object *object);
/* Whether `object` is of `type`, of a type derived from it, or of one in a tuple of types; or says so by its
 * __class__, as weak proxies do.
 * Returns: 1, 0, or -1. Raises: TypeError if `type` is no type. */
TRV_API int trv_isinstance(trv_object *object, trv_object *type);
/* Whether `type` is `base` or derived from it. Returns: 1, 0, or -1. Raises: TypeError. */
TRV_API int trv_issubclass(trv_object *type, trv_object *base);

/* Text ---------------------------------------------------------------------------------- */

/* The text a programmer sees. Returns: a str. Raises: RecursionError, what the type raises. */
TRV_API TRV_MUST_CHECK trv_object *trv_repr(trv_object *object);
/* The text a user sees. Returns: a str. Raises: RecursionError, what the type raises. */
TRV_API TRV_MUST_CHECK trv_object *trv_str(trv_object *object);
/* Writes trv_str(object) and a newline to standard output.
 * Raises: OSError, what trv_str raises. Blocks: as standard output does, with the GIL held. */
TRV_API int trv_print(trv_object *object);

/* Comparison ---------------------------------------------------------------------------- */

typedef enum trv_comparison {
    TRV_LESS,
    TRV_LESS_EQUAL,
    TRV_EQUAL,
    TRV_NOT_EQUAL,
    TRV_GREATER,
    TRV_GREATER_EQUAL
} trv_comparison;

/* A number equal objects share. Raises: TypeError for values that can change. */
TRV_API TRV_MUST_CHECK int trv_hash(trv_object *object, int64_t *hash);
/* Whether two values are equal. Returns: 1, 0, or -1. Raises: RecursionError, what the type raises. */
TRV_API TRV_MUST_CHECK int trv_equal(trv_object *a, trv_object *b);
/* Whether `a op b` holds. Returns: 1, 0, or -1. Raises: TypeError if the two have no order. */
TRV_API TRV_MUST_CHECK int trv_compare(trv_object *a, trv_object *b, trv_comparison op);
/* Whether the value counts as true. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_truth(trv_object *object);

/* Items and attributes ------------------------------------------------------------------ */

/* How many items a container has. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_len(trv_object *object, size_t *length);
/* object[key]. Raises: TypeError, IndexError, KeyError. */
TRV_API TRV_MUST_CHECK trv_object *trv_getitem(trv_object *object, trv_object *key);
/* object[key] = value. Raises: TypeError, IndexError. */
TRV_API TRV_MUST_CHECK int trv_setitem(trv_object *object, trv_object *key, trv_object *value);
/* del object[key]. Raises: TypeError, IndexError, KeyError. */
TRV_API TRV_MUST_CHECK int trv_delitem(trv_object *object, trv_object *key);
/* Whether `item in object`. Returns: 1, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_contains(trv_object *object, trv_object *item);
/* object.name. Raises: AttributeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_getattr(trv_object *object, const char *name);
/* object.name = value. Raises: AttributeError. */
TRV_API TRV_MUST_CHECK int trv_setattr(trv_object *object, const char *name, trv_object *value);
/* del object.name. Raises: AttributeError. */
TRV_API TRV_MUST_CHECK int trv_delattr(trv_object *object, const char *name);

/* Iteration ----------------------------------------------------------------------------- */

/* An iterator over an iterable. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_iter(trv_object *object);
/* The next item of an iterator, in *item (yours), NULL at the end.
 * Returns: 1 with an item, 0 at the end, -1. Raises: what the iterator raises. May switch: as the
 * iterator does. */
TRV_API TRV_MUST_CHECK int trv_next(trv_object *iterator, trv_object **item);

/* What TRV_FOR does: asks for an iterator, and for an item each time round. */
TRV_API trv_object *trv_for_begin_(trv_object *iterable);
TRV_API int trv_for_next_(trv_object *iterator, trv_object **item);

/* Runs its block for each item. `item` is a view: it is valid during its round, and dropped by
 * itself. A round that leaves an exception pending is the last. After the block,
 * trv_error_occurred() tells whether the iteration, or a round, failed. Every round is a
 * safepoint: May switch. */
#define TRV_FOR(item, iterable)                                                                    \
    for (trv_object * item TRV_CLEANUP_(trv_auto_unref_) = NULL,                                   \
                           *TRV_UNIQUE_(trv_iterator_)                                             \
                               TRV_CLEANUP_(trv_auto_unref_) = trv_for_begin_(iterable);           \
         trv_for_next_(TRV_UNIQUE_(trv_iterator_), &item) > 0;)

/* Arithmetic ---------------------------------------------------------------------------- */

/* Each is Python's operator. Raises: TypeError, ZeroDivisionError, OverflowError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_add(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_subtract(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_multiply(trv_object *a, trv_object *b);
/* a / b: a float. */
TRV_API TRV_MUST_CHECK trv_object *trv_divide(trv_object *a, trv_object *b);
/* a // b: rounded towards minus infinity. */
TRV_API TRV_MUST_CHECK trv_object *trv_floor_divide(trv_object *a, trv_object *b);
/* a % b: has the sign of b. */
TRV_API TRV_MUST_CHECK trv_object *trv_remainder(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_power(trv_object *a, trv_object *b);
/* pow(a, b, modulus); as trv_power if `modulus` is None. */
TRV_API TRV_MUST_CHECK trv_object *trv_power_modulo(trv_object *a, trv_object *b,
                                                    trv_object *modulus);
TRV_API TRV_MUST_CHECK trv_object *trv_shift_left(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_shift_right(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_and(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_or(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_xor(trv_object *a, trv_object *b);
/* a @ b: no built-in type knows it. */
TRV_API TRV_MUST_CHECK trv_object *trv_matrix_multiply(trv_object *a, trv_object *b);
/* The tuple (a // b, a % b). */
TRV_API TRV_MUST_CHECK trv_object *trv_divmod(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_negative(trv_object *a);
TRV_API TRV_MUST_CHECK trv_object *trv_positive(trv_object *a);
TRV_API TRV_MUST_CHECK trv_object *trv_absolute(trv_object *a);
TRV_API TRV_MUST_CHECK trv_object *trv_invert(trv_object *a);

/* a += b and the like: what `a` is to become. That is `a` itself, changed, for types whose values can
 * change, else a new value. Returns: a new reference; `a` stays yours. Raises: as the operator does. */
TRV_API TRV_MUST_CHECK trv_object *trv_iadd(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_isubtract(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_imultiply(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_idivide(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ifloor_divide(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_iremainder(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ipower(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ishift_left(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ishift_right(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_iand(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ior(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_ixor(trv_object *a, trv_object *b);
TRV_API TRV_MUST_CHECK trv_object *trv_imatrix_multiply(trv_object *a, trv_object *b);

/* Context managers ---------------------------------------------------------------------- */

typedef struct trv_with_ {
    trv_object *manager; /* owned while entered */
    int entered;
} trv_with_;

/* What TRV_WITH does: enters, and holds the manager. The block runs if trv_with_once_ says so.
 * Raises: TypeError, what entering raises. Blocks: as entering does. May switch. */
TRV_API trv_with_ trv_with_begin(trv_object *manager);
/* Leaves, if it was entered, with the pending exception, which the manager may take. May switch. */
TRV_API void trv_with_end(trv_with_ *with);
static inline int trv_with_once_(trv_with_ *with)
{
    int run = with->entered == 1;
    if (run)
        with->entered = 2;
    return run;
}

/* Enters a lock, a pool or another context manager, runs its block, and leaves it however the
 * block ends. The block is skipped, with an exception set, if entering fails.
 * Raises: TypeError. Blocks: as entering does. May switch. */
#define TRV_WITH(manager)                                                                          \
    for (trv_with_ TRV_UNIQUE_(trv_with_state_)                                                    \
             TRV_CLEANUP_(trv_with_end) = trv_with_begin(manager);                                 \
         trv_with_once_(&TRV_UNIQUE_(trv_with_state_));)

TRV_END_DECLARATIONS

#endif
