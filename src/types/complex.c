/* SPDX-License-Identifier: MIT */
/*
 * complex: a pair of doubles. Ints and floats beside one are complex numbers without an imaginary part.
 *
 * The arithmetic is Python's, step by step, so that results agree to the last bit. There is no order,
 * and no rounding. To pickle one: it is taken apart into real and imag, and made by calling the type
 * with both.
 */
#include "types/complex.h"

#include "object/descriptor.h"
#include "object/lookup.h"
#include "object/reduce.h"
#include "types/arguments.h"
#include "types/int.h"
#include "types/str.h"

#include <errno.h>
#include <math.h>

trv_object *trv__complex_from(struct trv__pair value)
{
    struct trv__complex *made = trv__object_new_small(&trv__complex_type, sizeof *made);

    if (UNLIKELY(!made))
        return NULL;
    made->value = value;
    return (trv_object *)made;
}

/* The value of any number: 0, TRV_UNKNOWN for others, or -1 with OverflowError. */
static int operand(const trv_object *object, struct trv__pair *value)
{
    value->imag = 0;
    if (trv__is_complex(object))
        *value = trv__complex_value(object);
    else if (trv__is_float(object))
        value->real = trv__float_value(object);
    else
        return trv__is_int(object) ? trv__int_to_double(object, &value->real) : TRV_UNKNOWN;
    return 0;
}

/* Arithmetic ------------------------------------------------------------------------------------ */

static struct trv__pair product(struct trv__pair a, struct trv__pair b)
{
    return (struct trv__pair){a.real * b.real - a.imag * b.imag, a.real * b.imag + a.imag * b.real};
}

/* Divides by the larger part of the divisor first, so that nothing overflows on the way. False for a
 * division by zero. */
static bool quotient(struct trv__pair a, struct trv__pair b, struct trv__pair *result)
{
    double ratio, divisor;

    if (fabs(b.real) >= fabs(b.imag)) {
        *result = (struct trv__pair){0, 0};
        if (b.real == 0)
            return false;
        ratio = b.imag / b.real;
        divisor = b.real + b.imag * ratio;
        result->real = (a.real + a.imag * ratio) / divisor;
        result->imag = (a.imag - a.real * ratio) / divisor;
    } else if (fabs(b.imag) >= fabs(b.real)) {
        ratio = b.real / b.imag;
        divisor = b.real * ratio + b.imag;
        result->real = (a.real * ratio + a.imag) / divisor;
        result->imag = (a.imag * ratio - a.real) / divisor;
    } else { /* a part of the divisor is no number */
        *result = (struct trv__pair){NAN, NAN};
    }
    return true;
}

static trv_object *divide(struct trv__pair a, struct trv__pair b)
{
    struct trv__pair result;

    if (!quotient(a, b, &result))
        return trv_raise(trv_ZeroDivisionError, "complex division by zero");
    return trv__complex_from(result);
}

static struct trv__pair power_of_natural(struct trv__pair base, unsigned exponent)
{
    struct trv__pair result = {1, 0};

    for (unsigned bit = 1; bit && exponent >= bit; bit <<= 1, base = product(base, base))
        if (exponent & bit)
            result = product(result, base);
    return result;
}

/* By length and angle. False for 0 to a negative or complex power. */
static bool power_of_any(struct trv__pair base, struct trv__pair exponent, struct trv__pair *result)
{
    double length, angle, phase;

    *result = (struct trv__pair){0, 0};
    if (exponent.real == 0 && exponent.imag == 0) {
        result->real = 1;
        return true;
    }
    if (base.real == 0 && base.imag == 0)
        return exponent.imag == 0 && exponent.real >= 0;
    length = pow(hypot(base.real, base.imag), exponent.real);
    angle = atan2(base.imag, base.real);
    phase = angle * exponent.real;
    if (exponent.imag != 0) {
        length /= exp(angle * exponent.imag);
        phase += exponent.imag * log(hypot(base.real, base.imag));
    }
    *result = (struct trv__pair){length * cos(phase), length * sin(phase)};
    return true;
}

static trv_object *power(struct trv__pair base, struct trv__pair exponent)
{
    static const struct trv__pair one = {1, 0};
    bool is_small =
        exponent.imag == 0 && exponent.real == floor(exponent.real) && fabs(exponent.real) <= 100;
    bool is_possible = true;
    struct trv__pair result;

    if (is_small && exponent.real > 0)
        result = power_of_natural(base, (unsigned)exponent.real);
    else if (is_small)
        is_possible = quotient(one, power_of_natural(base, (unsigned)-exponent.real), &result);
    else
        is_possible = power_of_any(base, exponent, &result);
    if (!is_possible)
        return trv_raise(trv_ZeroDivisionError, "0.0 to a negative or complex power");
    if (isinf(result.real) || isinf(result.imag))
        return trv_raise(trv_OverflowError, "complex exponentiation");
    return trv__complex_from(result);
}

trv_object *trv__complex_power(double base, double exponent)
{
    return power((struct trv__pair){base, 0}, (struct trv__pair){exponent, 0});
}

static int complex_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    struct trv__pair x, y;
    int status;

    if (op > TRV_POWER || op == TRV_FLOOR_DIVIDE || op == TRV_REMAINDER)
        return TRV_UNKNOWN;
    if ((status = operand(a, &x)) != 0 || (status = operand(b, &y)) != 0)
        return status;
    *result = op == TRV_DIVIDE ? divide(x, y)
              : op == TRV_POWER
                  ? power(x, y)
                  : trv__complex_from(op == TRV_MULTIPLY ? product(x, y)
                                      : op == TRV_ADD
                                          ? (struct trv__pair){x.real + y.real, x.imag + y.imag}
                                          : (struct trv__pair){x.real - y.real, x.imag - y.imag});
    return *result ? 0 : -1;
}

static int complex_power_modulo(trv_object *a TRV_UNUSED, trv_object *b TRV_UNUSED,
                                trv_object *modulus TRV_UNUSED, trv_object **result TRV_UNUSED)
{
    return trv_raise_int(trv_ValueError, "complex modulo");
}

static trv_object *absolute(struct trv__pair value)
{
    double length;

    if (isinf(value.real) || isinf(value.imag))
        return trv__float_from(INFINITY);
    length = hypot(value.real, value.imag);
    if (isinf(length))
        return trv_raise(trv_OverflowError, "absolute value too large");
    return trv__float_from(length);
}

static int complex_unary(trv_object *a, trv_unary op, trv_object **result)
{
    struct trv__pair value = trv__complex_value(a);

    if (op == TRV_INVERT)
        return TRV_UNKNOWN;
    *result = op == TRV_ABSOLUTE   ? absolute(value)
              : op == TRV_NEGATIVE ? trv__complex_from((struct trv__pair){-value.real, -value.imag})
                                   : trv__complex_from(value);
    return *result ? 0 : -1;
}

/* Value ----------------------------------------------------------------------------------------- */

static int complex_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    struct trv__pair value = trv__complex_value(self), second = {0, 0};
    bool equal;

    if (op != TRV_EQUAL && op != TRV_NOT_EQUAL)
        return TRV_UNKNOWN;
    if (trv__is_int(other)) { /* compared as it is, and not as the nearest double */
        equal =
            value.imag == 0 && !isnan(value.real) && trv__int_order_double(other, value.real) == 0;
        return equal == (op == TRV_EQUAL);
    }
    if (operand(other, &second) != 0)
        return TRV_UNKNOWN;
    equal = value.real == second.real && value.imag == second.imag;
    return equal == (op == TRV_EQUAL);
}

static int complex_hash(trv_object *self, int64_t *hash)
{
    struct trv__pair value = trv__complex_value(self);
    uint64_t mixed = (uint64_t)trv__double_hash(self, value.real) +
                     UINT64_C(1000003) * (uint64_t)trv__double_hash(self, value.imag);

    *hash = (int64_t)mixed;
    if (*hash == -1)
        *hash = -2;
    return 0;
}

static int complex_truth(trv_object *self)
{
    return trv__complex_value(self).real != 0 || trv__complex_value(self).imag != 0;
}

static trv_object *get_real(const trv_args *args)
{
    return trv__float_from(trv__complex_value(args->self).real);
}

static trv_object *get_imag(const trv_args *args)
{
    return trv__float_from(trv__complex_value(args->self).imag);
}

static trv_object *method_conjugate(const trv_args *args)
{
    struct trv__pair value = trv__complex_value(args->self);

    value.imag = -value.imag;
    return trv__no_arguments(args) ? trv__complex_from(value) : NULL;
}

static trv_object *method_complex(const trv_args *args)
{
    return trv__no_arguments(args) ? trv__complex_from(trv__complex_value(args->self)) : NULL;
}

static const struct trv__method complex_methods[] = {
    {"__complex__", "__complex__(): the same, as a complex number", method_complex},
    {"__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    {"conjugate", "conjugate(): with the other sign of the imaginary part", method_conjugate},
    {"imag", NULL, get_imag},
    {"real", NULL, get_real},
    {NULL, NULL, NULL},
};

/* The type -------------------------------------------------------------------------------------- */

/* What __complex__ makes of an object that has it, else the object; a new reference. */
static trv_object *by_method(trv_object *object)
{
    trv_object *found, *made;
    int there = object->type == &trv__complex_type
                    ? 0
                    : trv__type_find(object->type, trv__dunder(TRV__NAME_complex), &found);

    if (there <= 0)
        return there < 0 ? NULL : trv_ref(object);
    made = trv__call_found(found, object, NULL, 0, NULL);
    if (!made || trv__is_complex(made))
        return made;
    trv_raise(trv_TypeError, "__complex__ returned non-complex (type %s)", trv_type_name(made));
    trv_unref(made);
    return NULL;
}

/* The value of one of the two arguments; 0, -1, or TRV_UNKNOWN for what is no number. */
static int part_value(trv_object *part, struct trv__pair *value)
{
    int status = operand(part, value);

    return status == TRV_UNKNOWN ? trv__real_get(part, &value->real) : status;
}

static trv_object *from_parts(trv_object *real, trv_object *imag)
{
    struct trv__pair first = {0, 0}, second = {0, 0};
    trv_auto trv_object *made = real ? by_method(real) : NULL;
    int status = real && !made ? -1 : 0;

    if (made && (status = part_value(made, &first)) == TRV_UNKNOWN)
        return trv_raise(trv_TypeError,
                         "complex() first argument must be a string or a number, not '%s'",
                         trv_type_name(real));
    if (status == 0 && imag && (status = part_value(imag, &second)) == TRV_UNKNOWN)
        return trv_raise(trv_TypeError, "complex() second argument must be a number, not '%s'",
                         trv_type_name(imag));
    if (status < 0)
        return NULL;
    if (!imag)
        return trv__complex_from(first);
    if (trv__is_complex(imag))
        first.real -= second.imag;
    if (made && trv__is_complex(made))
        second.real += first.imag;
    return trv__complex_from((struct trv__pair){first.real, second.real});
}

static trv_object *construct_bound(const trv_args *args)
{
    trv_object *real = NULL, *imag = NULL;

    if (trv_parse(args, "|oo", &real, &imag) < 0)
        return NULL;
    if (real && !imag && real->type == &trv__complex_type)
        return trv_ref(real);
    if (real && trv__is_any_str(real))
        return imag ? trv_raise(trv_TypeError,
                                "complex() can't take second arg if first is a string")
                    : trv__complex_parse(real);
    if (imag && trv__is_any_str(imag))
        return trv_raise(trv_TypeError, "complex() second arg can't be a string");
    return from_parts(real, imag);
}

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "complex",
    .signature = "complex(real=, imag=): a number of two parts",
};

static trv_object *complex_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    return trv__call_bound(&call_spec, args, construct_bound);
}

TRV__READ_ONLY struct trv_type trv__complex_type = {
    .handle = trv_complex_type,
    .name = "complex",
    .doc = "Numbers of two parts, real and imaginary.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__complex),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_VALUE | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.repr = trv__complex_repr,
              .hash = complex_hash,
              .compare = complex_compare,
              .truth = complex_truth,
              .binary = complex_binary,
              .power = complex_power_modulo,
              .unary = complex_unary},
    .methods = complex_methods,
    .construct = complex_construct,
};

TRV__READ_ONLY trv_object trv_complex_type[1] = {TRV__TYPE_HANDLE(trv__complex_type)};

/* Public ---------------------------------------------------------------------------------------- */

trv_object *trv_complex_new(double real, double imag)
{
    return trv__complex_from((struct trv__pair){real, imag});
}

int trv_complex_get(trv_object *object, double *real, double *imag)
{
    struct trv__pair value;
    int status;

    if (!trv__given(object, "trv_complex_get"))
        return -1;
    status = operand(object, &value);
    if (status == TRV_UNKNOWN)
        return trv__raise_wrong_type(object, &trv__complex_type, "trv_complex_get");
    if (status == 0) {
        *real = value.real;
        *imag = value.imag;
    }
    return status;
}
