/* SPDX-License-Identifier: MIT */
/*
 * None and NotImplemented: constant objects, one each.
 */
#include "object/number.h"

const trv_object trv__none = {TRV_IMMORTAL_, 0, &trv__none_type, NULL};

static trv_object *none_repr(trv_object *self TRV_UNUSED)
{
    return trv_str_new("None");
}

static int none_hash(trv_object *self TRV_UNUSED, int64_t *hash)
{
    *hash = INT64_C(0xfca86420);
    return 0;
}

static int none_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    if (op != TRV_EQUAL && op != TRV_NOT_EQUAL)
        return TRV_UNKNOWN;
    return self == other ? op == TRV_EQUAL : TRV_UNKNOWN;
}

static int none_truth(trv_object *self TRV_UNUSED)
{
    return 0;
}

static trv_object *none_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "NoneType takes no arguments");
    return trv_none_new();
}

TRV__READ_ONLY struct trv_type trv__none_type = {
    .handle = trv_none_type,
    .name = "NoneType",
    .doc = "The type of None.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(trv_object),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.repr = none_repr, .hash = none_hash, .compare = none_compare, .truth = none_truth},
    .construct = none_construct,
};

TRV__READ_ONLY trv_object trv_none_type[1] = {TRV__TYPE_HANDLE(trv__none_type)};

trv_object *trv_none_new(void)
{
    return (trv_object *)(uintptr_t)&trv__none;
}

int trv_is_none(const trv_object *object)
{
    return object == &trv__none;
}

/* NotImplemented ---------------------------------------------------------------------------------- */

static trv_object *not_implemented_repr(trv_object *self TRV_UNUSED)
{
    return trv_str_new("NotImplemented");
}

static trv_object *not_implemented_construct(const struct trv_type *type TRV_UNUSED,
                                             const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "NotImplementedType takes no arguments");
    return trv_ref(trv_not_implemented);
}

static TRV__READ_ONLY trv_object not_implemented_handle[1];
static TRV__READ_ONLY struct trv_type not_implemented_type = {
    .handle = not_implemented_handle,
    .name = "NotImplementedType",
    .doc = "The type of NotImplemented.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(trv_object),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.repr = not_implemented_repr},
    .construct = not_implemented_construct,
};
static TRV__READ_ONLY trv_object not_implemented_handle[1] = {
    TRV__TYPE_HANDLE(not_implemented_type)};

TRV__READ_ONLY trv_object trv_not_implemented[1] = {
    {TRV_IMMORTAL_, 0, &not_implemented_type, NULL}};
