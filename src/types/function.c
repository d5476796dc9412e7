/* SPDX-License-Identifier: MIT */
/*
 * Functions: static ones, and closures, which carry an object of their own.
 *
 * To users there is one type "function". Inside there are two, because a static function is a
 * constant of 24 bytes in somebody's program and a closure is an object like any other: the layout
 * of static functions derives from the closure's type, so both are instances of trv_function_type.
 *
 * A method that was looked up is a closure over its receiver; its texts stay in the method table.
 */
#include "object/closure.h"
#include "object/signature.h"

static size_t closure_bytes(const trv_object *self)
{
    return sizeof(struct trv__closure) + ((const struct trv__closure *)self)->text_bytes;
}

static int closure_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__closure *closure = (struct trv__closure *)self;

    return closure->data ? visit(closure->data, argument) : 0;
}

static void closure_clear(trv_object *self)
{
    trv_clear(&((struct trv__closure *)self)->data);
}

static trv_object *function_repr(trv_object *self)
{
    return trv_str_printf("<function %s>", trv_function_name(self));
}

static trv_object *function_call(trv_object *self, const trv_args *args)
{
    return trv_call_array(self, args->items, args->count, args->keywords);
}

static trv_object *get_name(const trv_args *args)
{
    return trv_str_new(trv_function_name(args->self));
}

/* What follows the ':' of the signature. */
static trv_object *get_doc(const trv_args *args)
{
    const char *signature = trv__function_spec(args->self)->signature;
    const char *parameters = trv__signature_parameters(signature), *end;

    end = parameters ? strchr(parameters, ')') : signature;
    end = end ? strchr(end, ':') : NULL;
    return end ? trv_str_new(end + 1 + strspn(end + 1, " ")) : trv_none_new();
}

static trv_object *get_signature(const trv_args *args)
{
    const char *signature = trv__function_spec(args->self)->signature;

    return signature ? trv_str_new(signature) : trv_none_new();
}

static const struct trv__method methods[] = {
    {"__doc__", NULL, get_doc},
    {"__name__", NULL, get_name},
    {"__signature__", NULL, get_signature},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__closure_type = {
    .handle = trv_function_type,
    .name = "function",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__closure),
    .block_bytes = closure_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots =
        {
            .traverse = closure_traverse,
            .clear = closure_clear,
            .repr = function_repr,
            .call = function_call,
        },
    .methods = methods,
};

const struct trv_type trv_static_function_layout_ = {
    .handle = trv_function_type,
    .name = "function",
    .base = &trv__closure_type,
    .instance_bytes = sizeof(trv_object),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL,
    .slots = {.repr = function_repr, .call = function_call},
};

TRV__READ_ONLY trv_object trv_function_type[1] = {TRV__TYPE_HANDLE(trv__closure_type)};

static struct trv__closure *closure_new(trv_entry entry, size_t text_bytes, trv_object *data)
{
    struct trv__closure *closure =
        trv__container_new(&trv__closure_type, sizeof *closure + text_bytes);

    if (!closure)
        return NULL;
    closure->spec = &closure->own;
    closure->own.size = sizeof closure->own;
    closure->own.entry = entry;
    closure->text_bytes = text_bytes;
    closure->data = trv_ref(data);
    return closure;
}

/* A closure whose data cannot hold references is in no cycle. */
static trv_object *given_to_collector(struct trv__closure *closure)
{
    if (closure->data && closure->data->type->flags & TRV__TYPE_CONTAINER)
        trv__track(closure);
    return (trv_object *)closure;
}

trv_object *trv_function_new(trv_entry entry, const char *name, trv_object *data)
{
    struct trv__closure *closure;
    size_t signature_bytes, name_length;

    if (!entry || !name)
        return trv_raise(trv_SystemError, "trv_function_new was given NULL as %s",
                         entry ? "name" : "entry");
    if ((!data && trv_error_occurred()) || trv__entry_register(entry) < 0)
        return NULL;
    signature_bytes = strlen(name) + 1;
    name_length = strcspn(name, "(:");
    closure = closure_new(entry, signature_bytes + name_length + 1, data);
    if (!closure)
        return NULL;
    closure->own.signature = memcpy(closure->text, name, signature_bytes);
    closure->own.name = memcpy(closure->text + signature_bytes, name, name_length);
    closure->text[signature_bytes + name_length] = 0;
    return given_to_collector(closure);
}

trv_object *trv__method_bind(const struct trv__method *method, trv_object *self)
{
    struct trv__closure *closure = closure_new(method->entry, 0, self);

    if (!closure)
        return NULL;
    closure->own.signature = method->signature;
    closure->own.name = method->name;
    return given_to_collector(closure);
}
