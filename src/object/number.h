/* SPDX-License-Identifier: MIT */
/*
 * The layout of small ints and of floats, and the arithmetic on them that is worth being inline.
 *
 * An int has two layouts. If TRV__TYPE_BIT of its flags is clear it is *small*: a machine word,
 * here. If it is set the int is *big*, and its value does not fit a machine word: types/int.h.
 * An int is always in the small layout if it can be, so that two ints of different layouts differ.
 * The ints from TRV__SMALLEST_SHARED to TRV__LARGEST_SHARED exist once, as constants. True and
 * False are small ints whose type is bool.
 *
 * It stands on this floor, below the types, because the operators of object/ take the fast path
 * for two small ints or two floats without going through a slot. Only exact ints qualify: bool
 * has bit operations of its own.
 */
#ifndef TRV_OBJECT_NUMBER_H
#define TRV_OBJECT_NUMBER_H

#include "heap/pool.h"
#include "object/object.h"

#define TRV__SMALLEST_SHARED (-5)
#define TRV__LARGEST_SHARED 256
#define TRV__SHARED_INTS (TRV__LARGEST_SHARED - TRV__SMALLEST_SHARED + 1)

struct trv__int {
    TRV__HEAD;
    int64_t value;
};

struct trv__float {
    TRV__HEAD;
    double value;
};

_Static_assert(sizeof(struct trv__int) == sizeof(trv_object), "handles and ints share a size");

/* types/int_shared.c */
TRV__SHARED const struct trv__int trv__shared_ints[TRV__SHARED_INTS];
TRV__SHARED const struct trv__int trv__bools[2]; /* False, True */
TRV__SHARED const trv_object trv__none;

static inline trv_object *trv__bool_from(bool value)
{
    return (trv_object *)(uintptr_t)&trv__bools[value];
}

static inline trv_object *trv__int_shared(int64_t value)
{
    return (trv_object *)(uintptr_t)&trv__shared_ints[value - TRV__SMALLEST_SHARED];
}

/* A new reference to an int. NULL with MemoryError set. */
static inline trv_object *trv__int_from(int64_t value)
{
    struct trv__int *made;

    if ((uint64_t)value - (uint64_t)TRV__SMALLEST_SHARED < TRV__SHARED_INTS)
        return trv__int_shared(value);
    made = trv__object_new_small(&trv__int_type, sizeof *made);
    if (UNLIKELY(!made))
        return NULL;
    made->value = value;
    return (trv_object *)made;
}

static inline trv_object *trv__float_from(double value)
{
    struct trv__float *made = trv__object_new_small(&trv__float_type, sizeof *made);

    if (UNLIKELY(!made))
        return NULL;
    made->value = value;
    return (trv_object *)made;
}

static inline int64_t trv__int_value(const trv_object *small)
{
    return ((const struct trv__int *)small)->value;
}

static inline double trv__float_value(const trv_object *object)
{
    return ((const struct trv__float *)object)->value;
}

/* Whether an object is of a class that derives from a built-in type. */
static inline bool trv__is_of_class(const trv_object *object, const struct trv_type *type)
{
    return UNLIKELY(object->type->flags & TRV__TYPE_IN_HEAP) &&
           trv__type_derives(object->type, type);
}

/* Whether an object is an int of either layout, or a bool, or of a class derived from int. */
static inline bool trv__is_int(const trv_object *object)
{
    return object->type == &trv__int_type || object->type == &trv__bool_type ||
           trv__is_of_class(object, &trv__int_type);
}

static inline bool trv__is_float(const trv_object *object)
{
    return object->type == &trv__float_type || trv__is_of_class(object, &trv__float_type);
}

/* What divmod is of two numbers whose `binary` slot knows // and %: as that slot answers. */
int trv__divide_both(trv_object *a, trv_object *b,
                     int (*binary_slot)(trv_object *a, trv_object *b, trv_binary op,
                                        trv_object **result),
                     trv_object **result);

/* Whether an object is exactly an int, in the small layout. */
static inline bool trv__is_small_int(const trv_object *object)
{
    return object->type == &trv__int_type && !(object->flags & TRV__TYPE_BIT);
}

static inline bool trv__both_small_ints(const trv_object *a, const trv_object *b)
{
    return a->type == &trv__int_type && b->type == &trv__int_type &&
           !((a->flags | b->flags) & TRV__TYPE_BIT);
}

static inline bool trv__both_floats(const trv_object *a, const trv_object *b)
{
    return a->type == &trv__float_type && b->type == &trv__float_type;
}

/* The value of a float or an int, or what `floating` or `index` make of an object: 0, TRV_UNKNOWN for others,
 * or -1, with OverflowError for an int too large. Implemented by types/float.c. */
int trv__real_get(trv_object *object, double *value);

/* How often a sequence is to be repeated: the value of an int or bool, 0 if that is negative.
 * 0, or -1 with OverflowError beyond 64 bits. Implemented by types/int.c. */
int trv__times_get(trv_object *integer, size_t *times);

/* The two strs as one. Implemented by types/str.c. */
trv_object *trv__str_concatenate(trv_object *a, trv_object *b);

/* The fast path of a + b, a - b and a * b for two small ints, or two floats: true if it was taken,
 * with the result, or NULL and MemoryError, in *result. `op` should be a constant. */
static inline bool trv__arithmetic_fast(trv_object *a, trv_object *b, trv_binary op,
                                        trv_object **result)
{
    int64_t value;

    if (LIKELY(trv__both_small_ints(a, b))) {
        int64_t x = trv__int_value(a), y = trv__int_value(b);
        if (op == TRV_ADD        ? __builtin_add_overflow(x, y, &value)
            : op == TRV_SUBTRACT ? __builtin_sub_overflow(x, y, &value)
                                 : __builtin_mul_overflow(x, y, &value))
            return false;
        *result = trv__int_from(value);
        return true;
    }
    if (trv__both_floats(a, b)) {
        double x = trv__float_value(a), y = trv__float_value(b);
        *result = trv__float_from(op == TRV_ADD ? x + y : op == TRV_SUBTRACT ? x - y : x * y);
        return true;
    }
    return false;
}

#define TRV__COMPARED(x, y, op)                                                                    \
    ((op) == TRV_LESS         ? (x) < (y)                                                          \
     : (op) == TRV_LESS_EQUAL ? (x) <= (y)                                                         \
     : (op) == TRV_EQUAL      ? (x) == (y)                                                         \
     : (op) == TRV_NOT_EQUAL  ? (x) != (y)                                                         \
     : (op) == TRV_GREATER    ? (x) > (y)                                                          \
                              : (x) >= (y))

/* The fast path of comparing two small ints, or two floats: 1 or 0, or TRV_UNKNOWN if they are
 * something else. */
static inline int trv__compare_fast(const trv_object *a, const trv_object *b, trv_comparison op)
{
    if (LIKELY(trv__both_small_ints(a, b))) {
        int64_t x = trv__int_value(a), y = trv__int_value(b);
        return TRV__COMPARED(x, y, op);
    }
    if (trv__both_floats(a, b)) {
        double x = trv__float_value(a), y = trv__float_value(b);
        return TRV__COMPARED(x, y, op);
    }
    return TRV_UNKNOWN;
}

/* Methods that ints and floats share, for both their tables. Implemented by types/round.c. */
trv_object *trv__number_round(const trv_args *args);
trv_object *trv__number_floor(const trv_args *args);
trv_object *trv__number_ceil(const trv_args *args);
trv_object *trv__number_trunc(const trv_args *args);
#define TRV__NUMBER_METHODS                                                                        \
    {"__ceil__", "__ceil__(): the least int that is not below", trv__number_ceil},                 \
        {"__floor__", "__floor__(): the largest int that is not above", trv__number_floor},        \
        {"__round__", "__round__(ndigits=None, /): rounded, half to even", trv__number_round},     \
    {                                                                                              \
        "__trunc__", "__trunc__(): the int before the point", trv__number_trunc                    \
    }

#endif
