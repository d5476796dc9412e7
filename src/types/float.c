/* SPDX-License-Identifier: MIT */
/*
 * float: a double, with Python's rules where C has others or none: division by zero raises,
 * // and % round towards minus infinity, comparing with an int is exact. A negative number
 * to a fractional power is complex.
 */
#include "types/int.h"

#include "types/number_text.h"
#include "types/octets.h"

#include <errno.h>
#include <math.h>

/* Value ----------------------------------------------------------------------------------------- */

/* The hash of the rational number that a finite double is: modulo TRV__HASH_MODULUS, 28 bits of
 * the mantissa at a time. Multiplying by a power of two rotates the 61 bits. */
static int64_t hash_finite(double value)
{
    int exponent;
    double rest = frexp(fabs(value), &exponent);
    uint64_t hash = 0, digits;

    while (rest != 0) {
        hash = ((hash << 28) & TRV__HASH_MODULUS) | hash >> (61 - 28);
        rest *= 0x1p28;
        exponent -= 28;
        digits = (uint64_t)rest;
        rest -= (double)digits;
        hash += digits;
        if (hash >= TRV__HASH_MODULUS)
            hash -= TRV__HASH_MODULUS;
    }
    exponent = exponent >= 0 ? exponent % 61 : 60 - (-1 - exponent) % 61;
    hash = ((hash << exponent) & TRV__HASH_MODULUS) | hash >> (61 - exponent);
    return value < 0 ? -(int64_t)hash : (int64_t)hash;
}

/* A NaN equals nothing, so that any hash will do; one for all of them would pile them up. */
int64_t trv__double_hash(const trv_object *self, double value)
{
    int64_t hash;

    if (isnan(value))
        hash = (int64_t)((uintptr_t)self >> 4);
    else if (isinf(value))
        hash = value > 0 ? 314159 : -314159;
    else
        hash = hash_finite(value);
    return hash == -1 ? -2 : hash;
}

static int float_hash(trv_object *self, int64_t *hash)
{
    *hash = trv__double_hash(self, trv__float_value(self));
    return 0;
}

static int float_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    double value = trv__float_value(self);
    int order;

    if (trv__is_float(other))
        return TRV__COMPARED(value, trv__float_value(other), op);
    if (!trv__is_int(other))
        return TRV_UNKNOWN;
    if (isnan(value))
        return op == TRV_NOT_EQUAL;
    order = -trv__int_order_double(other, value);
    return TRV__COMPARED(order, 0, op);
}

static int float_truth(trv_object *self)
{
    return trv__float_value(self) != 0;
}

/* Arithmetic ------------------------------------------------------------------------------------ */

/* The double of a float or int: 0, TRV_UNKNOWN for others, or -1 with OverflowError. */
static int operand(const trv_object *object, double *value)
{
    if (LIKELY(trv__is_float(object))) {
        *value = trv__float_value(object);
        return 0;
    }
    return trv__is_int(object) ? trv__int_to_double(object, value) : TRV_UNKNOWN;
}

int trv__real_get(trv_object *object, double *value)
{
    trv_auto trv_object *number = NULL;
    int status = operand(object, value);

    if (status != TRV_UNKNOWN || (!object->type->slots.floating && !object->type->slots.index))
        return status;
    number = object->type->slots.floating ? object->type->slots.floating(object)
                                          : trv__index_object(object);
    return number ? operand(number, value) : -1;
}

static trv_object *divide(double a, double b)
{
    if (UNLIKELY(b == 0))
        return trv_raise(trv_ZeroDivisionError, "float division by zero");
    return trv__float_from(a / b);
}

/* The remainder, with the sign of b also if it is zero. */
static double floor_remainder(double a, double b)
{
    double remainder = fmod(a, b);

    if (remainder == 0)
        return copysign(0, b);
    return (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

/* Python's way: what is left after taking away the remainder is divided, and rounded to an
 * integer because that division may be inexact. */
static double floor_quotient(double a, double b)
{
    double remainder = fmod(a, b), quotient = (a - remainder) / b, whole;

    if (remainder != 0 && (remainder < 0) != (b < 0))
        quotient -= 1;
    if (quotient == 0)
        return copysign(0, a / b);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1 : whole;
}

static trv_object *floor_divide(double a, double b)
{
    if (UNLIKELY(b == 0))
        return trv_raise(trv_ZeroDivisionError, "float floor division by zero");
    return trv__float_from(floor_quotient(a, b));
}

static trv_object *remainder_of(double a, double b)
{
    if (UNLIKELY(b == 0))
        return trv_raise(trv_ZeroDivisionError, "float modulo");
    return trv__float_from(floor_remainder(a, b));
}

/* C's pow knows the special cases; what it reports as infinite from finite operands is an error. */
static trv_object *power(double base, double exponent)
{
    double result;

    if (base == 0 && exponent < 0 && isfinite(exponent))
        return trv_raise(trv_ZeroDivisionError, "0.0 cannot be raised to a negative power");
    if (base < 0 && isfinite(base) && isfinite(exponent) && exponent != floor(exponent))
        return trv__complex_power(base, exponent);
    result = pow(base, exponent);
    if (isinf(result) && isfinite(base) && isfinite(exponent))
        return trv_raise(trv_OverflowError, "(%d, 'Numerical result out of range')", ERANGE);
    return trv__float_from(result);
}

static trv_object *compute(double a, double b, trv_binary op)
{
    switch (op) {
    case TRV_ADD:
        return trv__float_from(a + b);
    case TRV_SUBTRACT:
        return trv__float_from(a - b);
    case TRV_MULTIPLY:
        return trv__float_from(a * b);
    case TRV_DIVIDE:
        return divide(a, b);
    case TRV_FLOOR_DIVIDE:
        return floor_divide(a, b);
    case TRV_REMAINDER:
        return remainder_of(a, b);
    default:
        return power(a, b);
    }
}

static int float_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    double x, y;
    int status;

    if (op > TRV_POWER && op != TRV_DIVMOD)
        return TRV_UNKNOWN;
    if ((status = operand(a, &x)) != 0 || (status = operand(b, &y)) != 0)
        return status;
    if (op == TRV_DIVMOD)
        return y == 0 ? trv_raise_int(trv_ZeroDivisionError, "float divmod()")
                      : trv__divide_both(a, b, float_binary, result);
    *result = compute(x, y, op);
    return *result ? 0 : -1;
}

/* pow() with a modulus is for ints alone. */
static int float_power(trv_object *a TRV_UNUSED, trv_object *b TRV_UNUSED,
                       trv_object *modulus TRV_UNUSED, trv_object **result TRV_UNUSED)
{
    return trv_raise_int(trv_TypeError,
                         "pow() 3rd argument not allowed unless all arguments are integers");
}

static int float_unary(trv_object *a, trv_unary op, trv_object **result)
{
    double value = trv__float_value(a);

    if (op == TRV_INVERT)
        return TRV_UNKNOWN;
    *result = op == TRV_POSITIVE ? trv__value_plain(a)
                                 : trv__float_from(op == TRV_NEGATIVE ? -value : fabs(value));
    return *result ? 0 : -1;
}

static trv_object *float_integer(trv_object *self)
{
    return trv__int_from_double(trv__float_value(self));
}

/* The type -------------------------------------------------------------------------------------- */

static trv_object *convert_text(trv_object *object)
{
    TRV__AUTO_BUFFER buffer = {0};
    trv_auto trv_object *text = NULL;

    if (trv__is_any_str(object)) {
        if (!(text = trv__plain_digits(object)))
            return NULL;
        return trv__float_parse(trv__as_str(text)->text, trv__as_str(text)->size, object);
    }
    if (trv_buffer_acquire(object, &buffer, 0) < 0)
        return NULL;
    return trv__float_parse(buffer.data, buffer.size, object);
}

static trv_object *convert(trv_object *object)
{
    double value;
    int status;

    if (object->type == &trv__float_type)
        return trv_ref(object);
    if (object->type->slots.floating) { /* of a class derived from float, too */
        trv_auto trv_object *made = object->type->slots.floating(object);
        return made ? trv__float_from(trv__float_value(made)) : NULL;
    }
    if ((status = trv__real_get(object, &value)) != TRV_UNKNOWN)
        return status < 0 ? NULL : trv__float_from(value);
    if (trv__is_any_str(object) || trv_buffer_check(object))
        return convert_text(object);
    return trv_raise(trv_TypeError, "float() argument must be a string or a real number, not '%s'",
                     trv_type_name(object));
}

/* float(x=0.0) */
static trv_object *float_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->keywords)
        return trv_raise(trv_TypeError, "float() takes no keyword arguments");
    if (args->count > 1)
        return trv_raise(trv_TypeError, "float expected at most 1 argument, got %zu", args->count);
    return args->count ? convert(args->items[0]) : trv__float_from(0);
}

TRV__READ_ONLY struct trv_type trv__float_type = {
    .handle = trv_float_type,
    .name = "float",
    .doc = "Numbers with a point.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__float),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_VALUE | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.repr = trv__float_repr,
              .hash = float_hash,
              .compare = float_compare,
              .truth = float_truth,
              .binary = float_binary,
              .power = float_power,
              .unary = float_unary,
              .integer = float_integer,
              .floating = trv__value_plain},
    .methods = trv__float_methods,
    .class_methods = trv__float_class_methods,
    .construct = float_construct,
};

TRV__READ_ONLY trv_object trv_float_type[1] = {TRV__TYPE_HANDLE(trv__float_type)};

/* Public ---------------------------------------------------------------------------------------- */

trv_object *trv_float_new(double value)
{
    return trv__float_from(value);
}

int trv_float_get(trv_object *object, double *value)
{
    int status;

    if (!trv__given(object, "trv_float_get"))
        return -1;
    status = operand(object, value);
    return status == TRV_UNKNOWN ? trv__raise_wrong_type(object, &trv__float_type, "trv_float_get")
                                 : status;
}
