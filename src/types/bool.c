/* SPDX-License-Identifier: MIT */
/*
 * bool: a subtype of int whose two values are constants. Arithmetic with them gives ints; only
 * and, or and xor of two bools give a bool.
 */
#include "types/int.h"

static trv_object *bool_repr(trv_object *self)
{
    return trv_str_new(trv__int_value(self) ? "True" : "False");
}

static int bool_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    int64_t x, y;

    if (a->type != b->type || (op != TRV_AND && op != TRV_OR && op != TRV_XOR))
        return trv__int_binary(a, b, op, result);
    x = trv__int_value(a);
    y = trv__int_value(b);
    *result = trv__bool_from(op == TRV_AND ? x & y : op == TRV_OR ? x | y : x ^ y);
    return 0;
}

static trv_object *bool_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    int value;

    if (args->keywords)
        return trv_raise(trv_TypeError, "bool() takes no keyword arguments");
    if (args->count > 1)
        return trv_raise(trv_TypeError, "bool expected at most 1 argument, got %zu", args->count);
    value = args->count ? trv_truth(args->items[0]) : 0;
    return value < 0 ? NULL : trv__bool_from(value);
}

TRV__READ_ONLY struct trv_type trv__bool_type = {
    .handle = trv_bool_type,
    .name = "bool",
    .doc = "True and False.",
    .base = &trv__int_type,
    .instance_bytes = sizeof(struct trv__int),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.repr = bool_repr,
              .hash = trv__int_hash,
              .compare = trv__int_compare,
              .truth = trv__int_truth,
              .binary = bool_binary,
              .power = trv__int_power_modulo,
              .unary = trv__int_unary},
    .methods = trv__int_methods,
    .class_methods = trv__int_class_methods,
    .construct = bool_construct,
};

TRV__READ_ONLY trv_object trv_bool_type[1] = {TRV__TYPE_HANDLE(trv__bool_type)};

trv_object *trv_bool_new(int value)
{
    return trv__bool_from(value != 0);
}
