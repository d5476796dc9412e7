/* SPDX-License-Identifier: MIT */
/*
 * int: the type, and arithmetic of what fits 64 bits.
 *
 * Each operator first tries the machine's own instruction with a check for overflow, and leaves
 * the rest to int_big.c. An int beside a float is the float's business, except when comparing.
 */
#include "types/int.h"

#include "object/descriptor.h"
#include "object/lookup.h"
#include "types/number_text.h"
#include "types/octets.h"

#include <math.h>

/* Value ----------------------------------------------------------------------------------------- */

/* Python's: the value modulo a prime, with its sign; -1 is taken to say "no hash" there. */
int trv__int_hash(trv_object *self, int64_t *hash)
{
    uint64_t rest;

    if (UNLIKELY(trv__is_big(self))) {
        rest = trv__int_big_hash(self);
    } else {
        rest = trv__magnitude(trv__int_value(self));
        if (rest >= TRV__HASH_MODULUS)
            rest %= TRV__HASH_MODULUS;
    }
    *hash = trv__int_sign(self) < 0 ? -(int64_t)rest : (int64_t)rest;
    if (*hash == -1)
        *hash = -2;
    return 0;
}

static int judge(int order, trv_comparison op)
{
    return TRV__COMPARED(order, 0, op);
}

int trv__int_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    if (LIKELY(trv__is_int(other)))
        return judge(trv__int_order(self, other), op);
    if (!trv__is_float(other))
        return TRV_UNKNOWN;
    if (isnan(trv__float_value(other)))
        return op == TRV_NOT_EQUAL;
    return judge(trv__int_order_double(self, trv__float_value(other)), op);
}

int trv__int_truth(trv_object *self)
{
    return trv__int_value(self) != 0; /* the size of a big one is not 0 */
}

static size_t int_block_bytes(const trv_object *self)
{
    if (!trv__is_big(self))
        return sizeof(struct trv__int);
    return sizeof(struct trv__int_big) +
           trv__magnitude(trv__as_big(self)->size) * sizeof(mp_limb_t);
}

/* Arithmetic ------------------------------------------------------------------------------------ */

/* Towards minus infinity; b is not 0, and the quotient fits. */
static int64_t floor_quotient(int64_t a, int64_t b)
{
    int64_t quotient = a / b;

    return quotient - (a % b != 0 && (a ^ b) < 0);
}

static int64_t floor_remainder(int64_t a, int64_t b)
{
    int64_t remainder = b == -1 ? 0 : a % b;

    return remainder && (remainder ^ b) < 0 ? remainder + b : remainder;
}

/* Two small ints; false if the result does not fit, or the operator is not one of these. */
static bool binary_small(int64_t a, int64_t b, trv_binary op, int64_t *result)
{
    switch (op) {
    case TRV_ADD:
        return !__builtin_add_overflow(a, b, result);
    case TRV_SUBTRACT:
        return !__builtin_sub_overflow(a, b, result);
    case TRV_MULTIPLY:
        return !__builtin_mul_overflow(a, b, result);
    case TRV_FLOOR_DIVIDE:
        if (a == INT64_MIN && b == -1)
            return false;
        *result = floor_quotient(a, b);
        return true;
    case TRV_REMAINDER:
        *result = floor_remainder(a, b);
        return true;
    case TRV_AND:
        *result = a & b;
        return true;
    case TRV_OR:
        *result = a | b;
        return true;
    case TRV_XOR:
        *result = a ^ b;
        return true;
    default:
        return false;
    }
}

static trv_object *divide(const trv_object *a, const trv_object *b)
{
    double quotient;

    if (!trv__int_sign(b))
        return trv_raise(trv_ZeroDivisionError, "division by zero");
    return trv__int_divide(a, b, &quotient) < 0 ? NULL : trv__float_from(quotient);
}

/* A negative exponent gives a float. */
static trv_object *power(trv_object *a, trv_object *b)
{
    double base, exponent;

    if (trv__int_sign(b) >= 0)
        return trv__int_power(a, b);
    if (!trv__int_sign(a))
        return trv_raise(trv_ZeroDivisionError, "0.0 cannot be raised to a negative power");
    if (trv__int_to_double(a, &base) < 0 || trv__int_to_double(b, &exponent) < 0)
        return NULL;
    return trv__float_from(pow(base, exponent));
}

static trv_object *shift(trv_object *a, trv_object *b, trv_binary op)
{
    if (trv__int_sign(b) < 0)
        return trv_raise(trv_ValueError, "negative shift count");
    return op == TRV_SHIFT_LEFT ? trv__int_shift_left(a, b) : trv__int_shift_right(a, b);
}

static trv_object *arithmetic(trv_object *a, trv_object *b, trv_binary op)
{
    int64_t result;

    if (op == TRV_FLOOR_DIVIDE && !trv__int_sign(b))
        return trv_raise(trv_ZeroDivisionError, "integer division or modulo by zero");
    if (op == TRV_REMAINDER && !trv__int_sign(b))
        return trv_raise(trv_ZeroDivisionError, "integer modulo by zero");
    if (LIKELY(!((a->flags | b->flags) & TRV__TYPE_BIT)) &&
        binary_small(trv__int_value(a), trv__int_value(b), op, &result))
        return trv__int_from(result);
    return trv__int_big_binary(a, b, op);
}

int trv__int_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (!trv__is_int(a) || !trv__is_int(b) || op == TRV_MATRIX_MULTIPLY)
        return TRV_UNKNOWN;
    switch (op) {
    case TRV_DIVMOD:
        return trv__divide_both(a, b, trv__int_binary, result);
    case TRV_DIVIDE:
        *result = divide(a, b);
        break;
    case TRV_POWER:
        *result = power(a, b);
        break;
    case TRV_SHIFT_LEFT:
    case TRV_SHIFT_RIGHT:
        *result = shift(a, b, op);
        break;
    default:
        *result = arithmetic(a, b, op);
        break;
    }
    return *result ? 0 : -1;
}

int trv__int_unary(trv_object *a, trv_unary op, trv_object **result)
{
    int64_t value = trv__int_value(a);

    if (a->type == &trv__int_type && (op == TRV_POSITIVE || (op == TRV_ABSOLUTE && value >= 0)))
        *result = trv_ref(a);
    else if (trv__is_big(a) || (value == INT64_MIN && op != TRV_INVERT))
        *result = trv__int_big_unary(a, op);
    else
        *result = trv__int_from(op == TRV_INVERT                  ? ~value
                                : op == TRV_NEGATIVE              ? -value
                                : op == TRV_ABSOLUTE && value < 0 ? -value
                                                                  : value);
    return *result ? 0 : -1;
}

/* The type -------------------------------------------------------------------------------------- */

trv_object *trv__int_plain(trv_object *integer)
{
    struct trv__int_view view;

    if (integer->type == &trv__int_type)
        return trv_ref(integer);
    return trv__is_big(integer) ? trv__int_from_mpz(trv__int_view(integer, &view))
                                : trv__int_from(trv__int_value(integer));
}

/* Takes a reference to an int, of a class perhaps, for one to an int that is nothing else. */
static trv_object *exactly(trv_object *integer)
{
    trv_object *made;

    if (!integer || integer->type == &trv__int_type)
        return integer;
    made = trv__int_plain(integer);
    trv_unref(integer);
    return made;
}

/* What __trunc__ of an object makes, as an int: 1, 0 if it has none, or -1. */
static int by_trunc(trv_object *object, trv_object **made)
{
    trv_auto trv_object *result = NULL;
    trv_object *found;
    int there = trv__type_find(object->type, trv__dunder(TRV__NAME_trunc), &found);

    if (there <= 0)
        return there;
    if (!(result = trv__call_found(found, object, NULL, 0, NULL)))
        return -1;
    if (!trv__may_index(result))
        return trv_raise_int(trv_TypeError, "__trunc__ returned non-Integral (type %s)",
                             trv_type_name(result));
    *made = trv__index_object(result);
    return *made ? 1 : -1;
}

static trv_object *convert(trv_object *object)
{
    trv_object *made = NULL;
    int there;

    if (object->type == &trv__int_type)
        return trv_ref(object);
    if (object->type->slots.integer)
        return exactly(object->type->slots.integer(object));
    if (trv__is_int(object))
        return trv__int_plain(object);
    if (trv__is_float(object))
        return trv__int_from_double(trv__float_value(object));
    if (object->type->slots.index)
        return exactly(trv__index_object(object));
    if ((there = by_trunc(object, &made)) != 0)
        return there < 0 ? NULL : exactly(made);
    return trv_raise(trv_TypeError,
                     "int() argument must be a string, a bytes-like object or a real number, "
                     "not '%s'",
                     trv_type_name(object));
}

static trv_object *convert_text(trv_object *object, int base)
{
    TRV__AUTO_BUFFER buffer = {0};
    trv_auto trv_object *text = NULL;

    if (trv__is_any_str(object)) {
        if (!(text = trv__plain_digits(object)))
            return NULL;
        return trv__int_parse(trv__as_str(text)->text, trv__as_str(text)->size, base, object);
    }
    if (trv_buffer_acquire(object, &buffer, 0) < 0 ||
        !(text = trv_bytes_new(buffer.data, buffer.size)))
        return NULL;
    return trv__int_parse(buffer.data, buffer.size, base, text);
}

/* The base among the arguments, as a new reference, or NULL: 0, or -1. */
static int base_argument(const trv_args *args, trv_object **base)
{
    size_t count = 0;

    *base = args->count > 1 ? trv_ref(args->items[1]) : NULL;
    if (!args->keywords)
        return 0;
    if (trv_dict_len(args->keywords, &count) < 0)
        return -1;
    if (!*base) {
        int found = trv_dict_get_str(args->keywords, "base", base);
        if (found < 0)
            return -1;
        count -= (size_t)found;
    }
    return count ? trv_raise_int(trv_TypeError, "int() takes a number and a base, no more") : 0;
}

static trv_object *int_floating(trv_object *self)
{
    double value;

    return trv__int_to_double(self, &value) < 0 ? NULL : trv__float_from(value);
}

/* int(x=0, base=10) */
static trv_object *int_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_auto trv_object *base_object = NULL;
    bool is_text;
    int64_t base = 10;

    if (args->count > 2)
        return trv_raise(trv_TypeError, "int() takes at most 2 arguments (%zu given)", args->count);
    if (base_argument(args, &base_object) < 0)
        return NULL;
    if (!args->count)
        return base_object ? trv_raise(trv_TypeError, "int() missing string argument")
                           : trv__int_from(0);
    is_text = trv__is_any_str(args->items[0]) || trv_buffer_check(args->items[0]);
    if (!base_object) /* a class of texts may know better */
        return is_text && !args->items[0]->type->slots.integer && !args->items[0]->type->slots.index
                   ? convert_text(args->items[0], 10)
                   : convert(args->items[0]);
    if (!trv__may_index(base_object))
        return trv_raise(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                         trv_type_name(base_object));
    if (!is_text)
        return trv_raise(trv_TypeError, "int() can't convert non-string with explicit base");
    if (trv__index_get(base_object, &base) < 0)
        return NULL;
    return convert_text(args->items[0], base < 0 || base > 36 ? 1 : (int)base);
}

TRV__READ_ONLY struct trv_type trv__int_type = {
    .handle = trv_int_type,
    .name = "int",
    .doc = "Integers of any size.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__int),
    .block_bytes = int_block_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_VALUE | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.repr = trv__int_repr,
              .hash = trv__int_hash,
              .compare = trv__int_compare,
              .truth = trv__int_truth,
              .binary = trv__int_binary,
              .power = trv__int_power_modulo,
              .unary = trv__int_unary,
              .index = trv__int_plain,
              .integer = trv__int_plain,
              .floating = int_floating},
    .methods = trv__int_methods,
    .class_methods = trv__int_class_methods,
    .construct = int_construct,
};

TRV__READ_ONLY trv_object trv_int_type[1] = {TRV__TYPE_HANDLE(trv__int_type)};

int trv__times_get(trv_object *integer, size_t *times)
{
    if (trv__is_big(integer))
        return trv_raise_int(trv_OverflowError, "cannot fit 'int' into an index-sized integer");
    *times = (size_t)MAX_OF(trv__int_value(integer), 0);
    return 0;
}

/* Public ---------------------------------------------------------------------------------------- */

trv_object *trv_int_new(int64_t value)
{
    return trv__int_from(value);
}

trv_object *trv_int_new_unsigned(uint64_t value)
{
    mp_limb_t limb = value;
    mpz_t number;

    if (value <= INT64_MAX)
        return trv__int_from((int64_t)value);
    return trv__int_from_mpz(mpz_roinit_n(number, &limb, 1));
}

int trv_int_get(trv_object *object, int64_t *value)
{
    if (!trv__expect(object, &trv__int_type, "trv_int_get"))
        return -1;
    if (trv__is_big(object))
        return trv_raise_int(trv_OverflowError, "int too large to convert to 64 bits");
    *value = trv__int_value(object);
    return 0;
}
