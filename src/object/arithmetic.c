/* SPDX-License-Identifier: MIT */
/*
 * Operators: who is asked, and the TypeError when nobody knows.
 *
 * A binary operator asks the left operand's type, then the right one's; the right one's first if it
 * derives from the left one's. Both are asked with the operands in their order: a `binary` slot
 * must look which of the two is of its type. Small ints and floats do not come so far: adding,
 * subtracting and multiplying them is inline (number.h).
 */
#include "object/number.h"

static const char *const binary_texts[] = {"+",           "-",  "*",  "/", "//", "%",
                                           "** or pow()", "<<", ">>", "&", "|",  "^"};
static const char *const unary_texts[] = {"unary -", "abs()", "unary ~"};

/* Asks both types. Returns 0, TRV_UNKNOWN or -1. */
static int ask(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    int (*first)(trv_object *, trv_object *, trv_binary, trv_object **) = a->type->slots.binary;
    int (*second)(trv_object *, trv_object *, trv_binary, trv_object **) = b->type->slots.binary;
    int answer = TRV_UNKNOWN;

    if (first == second)
        second = NULL;
    else if (second && trv__type_derives(b->type, a->type)) {
        first = second;
        second = a->type->slots.binary;
    }
    if (LIKELY(first))
        answer = first(a, b, op, result);
    if (answer == TRV_UNKNOWN && second)
        answer = second(a, b, op, result);
    return answer;
}

static trv_object *raise_unsupported(const trv_object *a, const trv_object *b, trv_binary op)
{
    return trv_raise(trv_TypeError, "unsupported operand type(s) for %s: '%s' and '%s'",
                     binary_texts[op], a->type->name, b->type->name);
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
    answer = ask(a, b, op, &result);
    if (LIKELY(answer == 0))
        return result;
    return answer == TRV_UNKNOWN ? raise_unsupported(a, b, op) : NULL;
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

#define BINARY(name, op)                                                                           \
    trv_object *name(trv_object *a, trv_object *b)                                                 \
    {                                                                                              \
        return binary(a, b, op, #name);                                                            \
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
UNARY(trv_negative, TRV_NEGATIVE)
UNARY(trv_absolute, TRV_ABSOLUTE)
UNARY(trv_invert, TRV_INVERT)
