/* SPDX-License-Identifier: MIT */
/*
 * type: the type of types, and what calling a type does.
 *
 * A call of a type makes an instance: the nearest `construct` on the way to object makes it, then,
 * for types made at run time, `init` fills it, as Python's __new__ and __init__ do. Keywords are
 * bound to the signature that such a type's doc begins with, if it does. Calling `type` itself with
 * one argument tells that argument's type; types are made with trv_type_new.
 *
 * Making types is the business of object/type_new.c, which also knows the memory of such types.
 */
#include "object/heap_type.h"
#include "object/signature.h"

static trv_object *type_repr(trv_object *self)
{
    return trv_str_printf("<class '%s'>", trv__type_of_handle(self)->name);
}

static trv_object *type_construct(const struct trv_type *type, const trv_args *args)
{
    (void)type;
    if (args->count != 1 || args->keywords)
        return trv_raise(trv_TypeError, "type() takes exactly 1 argument (%zu given)", args->count);
    return trv_type_of(args->items[0]);
}

/* A NULL argument can mean "missing" only to an `init`, which reads the arguments itself. */
static bool are_given(const trv_args *args, const char *function)
{
    for (size_t i = 0; i < args->count; i++)
        if (!trv__given(args->items[i], function))
            return false;
    return true;
}

static trv_object *make(const struct trv_type *type, const trv_args *args)
{
    const struct trv_type *maker = trv__type_maker(type);
    trv_object *object;

    if (!maker)
        return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
    if (!type->slots.init && !are_given(args, type->name))
        return NULL;
    object = maker->construct(type, args);
    if (object && type->flags & TRV__TYPE_IN_HEAP && object->type != type) {
        trv_unref(object);
        return trv_raise(trv_SystemError, "type '%s' cannot make instances of '%s'", maker->name,
                         type->name);
    }
    return object;
}

/* Runs `init` of a type made at run time with its arguments bound. */
static int init(const struct trv__heap_type *type, trv_object *object, const trv_args *raw)
{
    struct trv__binding binding;
    trv_args args = *raw;
    int answer;

    args.self = object;
    args.function = &type->spec;
    if (!args.keywords)
        return type->made.slots.init(object, &args);
    if (trv__bind(&binding, &type->spec, &args, NULL) < 0)
        return -1;
    answer = type->made.slots.init(object, &binding.args);
    trv__unbind(&binding);
    return answer;
}

trv_object *trv__type_call(const struct trv_type *type, const trv_args *args)
{
    trv_object *object = make(type, args);

    if (!object || !(type->flags & TRV__TYPE_IN_HEAP) || !type->slots.init)
        return object;
    if (init(trv__heap_type_of(type), object, args) == 0)
        return object;
    trv_unref(object);
    return NULL;
}

static trv_object *type_call(trv_object *self, const trv_args *args)
{
    return trv__type_call(trv__type_of_handle(self), args);
}

static trv_object *get_base(const trv_args *args)
{
    const struct trv_type *base = trv__type_of_handle(args->self)->base;

    return base ? trv_ref(base->handle) : trv_none_new();
}

static trv_object *get_doc(const trv_args *args)
{
    const char *doc = trv__type_of_handle(args->self)->doc;

    return doc ? trv_str_new(doc) : trv_none_new();
}

static trv_object *get_name(const trv_args *args)
{
    return trv_str_new(trv__type_of_handle(args->self)->name);
}

static const struct trv__method methods[] = {
    {"__base__", NULL, get_base},
    {"__doc__", NULL, get_doc},
    {"__name__", NULL, get_name},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__type_type = {
    .handle = trv_type_type,
    .name = "type",
    .base = &trv__object_type,
    .instance_bytes = sizeof(trv_object),
    .block_bytes = trv__heap_type_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL,
    .slots =
        {
            .clear = trv__heap_type_clear,
            .destroy = trv__heap_type_destroy,
            .repr = type_repr,
            .call = type_call,
        },
    .methods = methods,
    .construct = type_construct,
};

TRV__READ_ONLY trv_object trv_type_type[1] = {TRV__TYPE_HANDLE(trv__type_type)};
