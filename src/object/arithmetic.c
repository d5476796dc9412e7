/* SPDX-License-Identifier: MIT */
/*
 * Operators: who is asked, and the TypeError when nobody knows.
 *
 * A binary operator asks the left operand's type, then the right one's; the right one's first if it
 * derives from the left one's. Both are asked with the operands in their order: a `binary` slot
 * must look which of the two is of its type. A built-in sequence on the left of "+" or "*" is asked after a
 * type made at run time or a weak proxy, as in Python, where it is no number: the one on the right may know what to add
 * to a list. Small ints and floats do not come so far: adding, subtracting and multiplying them is inline
 * (number.h); nor do two strs that are added, of which there are the most after them.
 *
 * An operator in place asks the left operand's `binary_in_place` before all that.
 */
#include "object/number.h"

#include "trivet/buffer.h"

static const char *const binary_texts[] = {"+",  "-",  "*", "/", "//", "%", "** or pow()",
                                           "<<", ">>", "&", "|", "^",  "@", "divmod()"};
static const char *const in_place_texts[] = {
    "+=", "-=", "*=", "/=", "//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^=", "@="};
static const char *const unary_texts[] = {"unary -", "abs()", "unary ~", "unary +"};

static bool is_sequence(const struct trv_type *type)
{
    return trv__type_derives(type, &trv__list_type) || trv__type_derives(type, &trv__tuple_type) ||
           trv__type_derives(type, &trv__str_type) || trv__type_derives(type, &trv__bytes_type) ||
           trv__type_derives(type, trv__type_of_handle(trv_bytearray_type));
}

/* Whether the right operand is asked first. */
static bool asks_right_first(const struct trv_type *a, const struct trv_type *b, trv_binary op)
{
    if (trv__type_derives(b, a))
        return true;
    return (op == TRV_ADD || op == TRV_MULTIPLY) &&
           (b->flags & TRV__TYPE_IN_HEAP || trv__type_derives(b, &trv__weakproxy_type)) &&
           !(a->flags & TRV__TYPE_IN_HEAP) && is_sequence(a) && !is_sequence(b);
}

/* Asks both types. Returns 0, TRV_UNKNOWN or -1. */
static int ask(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    int (*first)(trv_object *, trv_object *, trv_binary, trv_object **) = a->type->slots.binary;
    int (*second)(trv_object *, trv_object *, trv_binary, trv_object **) = b->type->slots.binary;
    int answer = TRV_UNKNOWN;

    if (first == second)
        second = NULL;
    else if (second && asks_right_first(a->type, b->type, op)) {
        first = second;
        second = a->type->slots.binary;
    }
    if (LIKELY(first))
        answer = first(a, b, op, result);
    if (answer == TRV_UNKNOWN && second)
        answer = second(a, b, op, result);
    return answer;
}

/* A sequence times what is no int but has an `index`, and which neither knew to multiply. */
static int repeat(trv_object *a, trv_object *b, bool is_in_place, trv_object **result)
{
    bool is_left = is_sequence(a->type);
    trv_object *times = is_left ? b : a;
    trv_auto trv_object *count = NULL;

    if ((!is_left && !is_sequence(b->type)) || !times->type->slots.index)
        return TRV_UNKNOWN;
    if (!(count = trv__index_object(times)))
        return -1;
    if (is_left && is_in_place && a->type->slots.binary_in_place)
        return a->type->slots.binary_in_place(a, count, TRV_MULTIPLY, result);
    return ask(is_left ? a : count, is_left ? count : b, TRV_MULTIPLY, result);
}

static trv_object *raise_unsupported(const trv_object *a, const trv_object *b, trv_binary op,
                                     const char *text)
{
    if (op == TRV_MULTIPLY && (is_sequence(a->type) || is_sequence(b->type)))
        return trv_raise(trv_TypeError, "can't multiply sequence by non-int of type '%s'",
                         is_sequence(a->type) ? b->type->name : a->type->name);
    return trv_raise(trv_TypeError, "unsupported operand type(s) for %s: '%s' and '%s'", text,
                     a->type->name, b->type->name);
}

static inline __attribute__((always_inline)) trv_object *binary(trv_object *a, trv_object *b,
                                                                trv_binary op, const char *function)
{
    trv_object *result = NULL;
    int answer;

    if (UNLIKELY(!a || !b)) {
        (void)(trv__given(a, function) && trv__given(b, function));
        return NULL;
    }
    if (op <= TRV_MULTIPLY && trv__arithmetic_fast(a, b, op, &result))
        return result;
    if (op == TRV_ADD && a->type == &trv__str_type && b->type == &trv__str_type)
        return trv__str_concatenate(a, b);
    answer = ask(a, b, op, &result);
    if (LIKELY(answer == 0))
        return result;
    if (answer == TRV_UNKNOWN && op == TRV_MULTIPLY && (answer = repeat(a, b, false, &result)) == 0)
        return result;
    return answer == TRV_UNKNOWN ? raise_unsupported(a, b, op, binary_texts[op]) : NULL;
}

static inline __attribute__((always_inline)) trv_object *in_place(trv_object *a, trv_object *b,
                                                                  trv_binary op,
                                                                  const char *function)
{
    trv_object *result = NULL;
    int answer = TRV_UNKNOWN;

    if (UNLIKELY(!a || !b)) {
        (void)(trv__given(a, function) && trv__given(b, function));
        return NULL;
    }
    if (op <= TRV_MULTIPLY && trv__arithmetic_fast(a, b, op, &result))
        return result;
    if (op == TRV_ADD && a->type == &trv__str_type && b->type == &trv__str_type)
        return trv__str_concatenate(a, b);
    if (a->type->slots.binary_in_place)
        answer = a->type->slots.binary_in_place(a, b, op, &result);
    if (answer == TRV_UNKNOWN)
        answer = ask(a, b, op, &result);
    if (LIKELY(answer == 0))
        return result;
    if (answer == TRV_UNKNOWN && op == TRV_MULTIPLY && (answer = repeat(a, b, true, &result)) == 0)
        return result;
    if (answer == TRV_UNKNOWN && op == TRV_MULTIPLY && (answer = repeat(a, b, false, &result)) == 0)
        return result;
    return answer == TRV_UNKNOWN ? raise_unsupported(a, b, op, in_place_texts[op]) : NULL;
}

static trv_object *unary(trv_object *a, trv_unary op, const char *function)
{
    trv_object *result = NULL;
    int answer = TRV_UNKNOWN;

    if (!trv__given(a, function))
        return NULL;
    if (a->type->slots.unary)
        answer = a->type->slots.unary(a, op, &result);
    if (answer == TRV_UNKNOWN)
        return trv_raise(trv_TypeError, "bad operand type for %s: '%s'", unary_texts[op],
                         a->type->name);
    return answer == 0 ? result : NULL;
}

int trv__divide_both(trv_object *a, trv_object *b,
                     int (*binary_slot)(trv_object *a, trv_object *b, trv_binary op,
                                        trv_object **result),
                     trv_object **result)
{
    trv_object *parts[2] = {NULL, NULL};

    *result = NULL;
    if (binary_slot(a, b, TRV_FLOOR_DIVIDE, &parts[0]) == 0 &&
        binary_slot(a, b, TRV_REMAINDER, &parts[1]) == 0)
        *result = trv__tuple_take(parts, 2);
    if (*result)
        return 0;
    trv_unref(parts[0]);
    trv_unref(parts[1]);
    return -1;
}

typedef int power_slot(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result);

trv_object *trv_power_modulo(trv_object *a, trv_object *b, trv_object *modulus)
{
    power_slot *slots[3];
    trv_object *result = NULL;
    int answer = TRV_UNKNOWN;

    if (!trv__given(a, "trv_power_modulo") || !trv__given(b, "trv_power_modulo") ||
        !trv__given(modulus, "trv_power_modulo"))
        return NULL;
    if (trv_is_none(modulus))
        return trv_power(a, b);
    slots[0] = a->type->slots.power;
    slots[1] = b->type->slots.power;
    slots[2] = modulus->type->slots.power;
    for (int i = 0; answer == TRV_UNKNOWN && i < 3; i++)
        if (slots[i] && (i < 1 || slots[i] != slots[0]) && (i < 2 || slots[i] != slots[1]))
            answer = slots[i](a, b, modulus, &result);
    if (answer == TRV_UNKNOWN)
        return trv_raise(trv_TypeError,
                         "unsupported operand type(s) for ** or pow(): '%s', '%s', '%s'",
                         a->type->name, b->type->name, modulus->type->name);
    return answer == 0 ? result : NULL;
}

#define BINARY(name, op)                                                                           \
    trv_object *name(trv_object *a, trv_object *b)                                                 \
    {                                                                                              \
        return binary(a, b, op, #name);                                                            \
    }
#define IN_PLACE(name, op)                                                                         \
    trv_object *name(trv_object *a, trv_object *b)                                                 \
    {                                                                                              \
        return in_place(a, b, op, #name);                                                          \
    }
#define UNARY(name, op)                                                                            \
    trv_object *name(trv_object *a)                                                                \
    {                                                                                              \
        return unary(a, op, #name);                                                                \
    }

BINARY(trv_add, TRV_ADD)
BINARY(trv_subtract, TRV_SUBTRACT)
BINARY(trv_multiply, TRV_MULTIPLY)
BINARY(trv_divide, TRV_DIVIDE)
BINARY(trv_floor_divide, TRV_FLOOR_DIVIDE)
BINARY(trv_remainder, TRV_REMAINDER)
BINARY(trv_power, TRV_POWER)
BINARY(trv_shift_left, TRV_SHIFT_LEFT)
BINARY(trv_shift_right, TRV_SHIFT_RIGHT)
BINARY(trv_and, TRV_AND)
BINARY(trv_or, TRV_OR)
BINARY(trv_xor, TRV_XOR)
BINARY(trv_matrix_multiply, TRV_MATRIX_MULTIPLY)
BINARY(trv_divmod, TRV_DIVMOD)
IN_PLACE(trv_iadd, TRV_ADD)
IN_PLACE(trv_isubtract, TRV_SUBTRACT)
IN_PLACE(trv_imultiply, TRV_MULTIPLY)
IN_PLACE(trv_idivide, TRV_DIVIDE)
IN_PLACE(trv_ifloor_divide, TRV_FLOOR_DIVIDE)
IN_PLACE(trv_iremainder, TRV_REMAINDER)
IN_PLACE(trv_ipower, TRV_POWER)
IN_PLACE(trv_ishift_left, TRV_SHIFT_LEFT)
IN_PLACE(trv_ishift_right, TRV_SHIFT_RIGHT)
IN_PLACE(trv_iand, TRV_AND)
IN_PLACE(trv_ior, TRV_OR)
IN_PLACE(trv_ixor, TRV_XOR)
IN_PLACE(trv_imatrix_multiply, TRV_MATRIX_MULTIPLY)
UNARY(trv_negative, TRV_NEGATIVE)
UNARY(trv_absolute, TRV_ABSOLUTE)
UNARY(trv_invert, TRV_INVERT)
UNARY(trv_positive, TRV_POSITIVE)
