/* SPDX-License-Identifier: MIT */
/*
 * Naming objects that a worker has inherited.
 *
 * A worker is a fork, so that an object which existed at the fork lies in it at the same address.
 * A token of such an object travels as that address and the address of its type, and becomes the
 * object itself where it is read. Whether the reader is such a worker, and whether the object is
 * there, is for the processes leg to say (`inherited` of struct trv__pickle_link).
 */
#include "pickle/inherit.h"

#include "pickle/code.h"
#include "pickle/dump.h"

static struct trv__inherit *token_of(trv_object *object)
{
    return (struct trv__inherit *)(void *)object;
}

trv_object *trv_inherit(trv_object *object)
{
    struct trv__inherit *token;

    if (!trv__given(object, "trv_inherit"))
        return NULL;
    token = trv__container_new(&trv__inherit_type, sizeof *token);
    if (!token)
        return NULL;
    token->object = trv_ref(object);
    trv__track(token);
    return (trv_object *)token;
}

int trv__dump_inherited(struct trv__pickler *pickler, trv_object *object)
{
    const trv_object *inherited = token_of(object)->object;
    uint64_t addresses[2];
    char id[1 + sizeof addresses];

    if (!inherited)
        return trv_raise_int(trv_PicklingError, "an inherited object has been cleared");
    addresses[0] = (uintptr_t)inherited;
    addresses[1] = (uintptr_t)inherited->type;
    id[0] = TRV__CODE_INHERITED;
    memcpy(id + 1, addresses, sizeof addresses);
    if (trv__write_octets(pickler, id, sizeof id) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_BINPERSID);
}

static int inherit_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *object = token_of(self)->object;

    return object ? visit(object, argument) : 0;
}

static void inherit_clear(trv_object *self)
{
    trv_clear(&token_of(self)->object);
}

static trv_object *inherit_construct(const struct trv_type *type TRV_UNUSED,
                                     const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "an inherit is made with trv_inherit");
}

static TRV__READ_ONLY trv_object inherit_handle[1] = {TRV__TYPE_HANDLE(trv__inherit_type)};

TRV__READ_ONLY struct trv_type trv__inherit_type = {
    .handle = inherit_handle,
    .name = "inherit",
    .doc = "names an object to a forked worker",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__inherit),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = inherit_construct,
    .slots = {.traverse = inherit_traverse, .clear = inherit_clear},
};
