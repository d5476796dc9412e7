/* SPDX-License-Identifier: MIT */
/*
 * object: the type all others derive from.
 *
 * Its instances have no value, only an identity. It leaves every slot empty: what an empty slot
 * means (repr by address, hash by identity, every object true) is decided by the object floor.
 */
#include "object/object.h"

static trv_object *get_class(const trv_args *args)
{
    return trv_type_of(args->self);
}

static trv_object *get_doc(const trv_args *args)
{
    const char *doc = args->self->type->doc;

    return doc ? trv_str_new(doc) : trv_none_new();
}

static const struct trv__method methods[] = {
    {"__class__", NULL, get_class},
    {"__doc__", NULL, get_doc},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__object_type = {
    .handle = trv_object_type,
    .name = "object",
    .doc = "object(): the base of all types; its instances are told apart by identity alone",
    .instance_bytes = offsetof(trv_object, payload),
    .data_offset = offsetof(trv_object, payload),
    .methods = methods,
    .construct = trv__instance_construct,
};

TRV__READ_ONLY trv_object trv_object_type[1] = {TRV__TYPE_HANDLE(trv__object_type)};
