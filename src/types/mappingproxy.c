/* SPDX-License-Identifier: MIT */
/*
 * mappingproxy: a view of a mapping that shows what is in it at any time, and changes nothing.
 *
 * What __dict__ of a type is, and `mapping` of a dict's views. The namespace of a type must not be changed but
 * by the type, which tells the caches of lookups: so nobody gets hold of a dict through its proxy. Where
 * code of others would be given it, in comparisons and unions, that is a copy.
 */
#include "object/object.h"

#include "types/arguments.h"

#include "trivet/class.h"
#include "trivet/copy.h"

struct proxy {
    TRV__HEAD;
    trv_object *mapping; /* owned; NULL once the collector has cleared it */
};

/* The mapping, borrowed; NULL with an exception: proxies of proxies may be nested deeply. */
static trv_object *mapping_of(trv_object *self)
{
    trv_object *mapping = ((struct proxy *)self)->mapping;

    if (!mapping)
        return trv_raise(trv_ReferenceError, "the mapping of a mappingproxy is gone");
    return trv__enter_recursion(" in a mappingproxy") < 0 ? NULL : mapping;
}

/* Items ----------------------------------------------------------------------------------------- */

static trv_object *proxy_getitem(trv_object *self, trv_object *key)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    return mapping ? trv_getitem(mapping, key) : NULL;
}

static int proxy_length(trv_object *self, size_t *length)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    return mapping ? trv_len(mapping, length) : -1;
}

static int proxy_contains(trv_object *self, trv_object *key)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    return mapping ? trv_contains(mapping, key) : -1;
}

static trv_object *proxy_iter(trv_object *self)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    return mapping ? trv_iter(mapping) : NULL;
}

/* Value ----------------------------------------------------------------------------------------- */

static trv_object *proxy_repr(trv_object *self)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));
    trv_auto trv_object *text = mapping ? trv_repr(mapping) : NULL;

    return text ? trv_str_printf("mappingproxy(%s)", trv_str_utf8(text, NULL)) : NULL;
}

static trv_object *proxy_str(trv_object *self)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    return mapping ? trv_str(mapping) : NULL;
}

/* What may be shown to the code of another operand: a dict only to a dict. */
static trv_object *shown_to(const trv_object *other, trv_object *self)
{
    trv_auto trv_object *mapping = trv_ref(mapping_of(self));

    if (!mapping || mapping->type != &trv__dict_type || other->type == &trv__dict_type)
        return trv_steal(&mapping);
    return trv_copy(mapping);
}

static int proxy_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *mapping = shown_to(other, self);

    return mapping ? trv_compare(mapping, other, op) : -1;
}

static int proxy_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *left = NULL;
    trv_auto trv_object *right = NULL;

    if (op != TRV_OR)
        return TRV_UNKNOWN;
    left = a->type == &trv__mappingproxy_type ? shown_to(b, a) : trv_ref(a);
    right = left && b->type == &trv__mappingproxy_type ? shown_to(left, b) : trv_ref(b);
    *result = left && right ? trv_or(left, right) : NULL;
    return *result ? 0 : -1;
}

static int proxy_in_place(trv_object *self TRV_UNUSED, trv_object *other TRV_UNUSED, trv_binary op,
                          trv_object **result TRV_UNUSED)
{
    if (op != TRV_OR)
        return TRV_UNKNOWN;
    return trv_raise_int(trv_TypeError, "'|=' is not supported by mappingproxy; use '|' instead");
}

/* Methods --------------------------------------------------------------------------------------- */

/* The method of that name of the mapping. */
static trv_object *call_mapping(const trv_args *args, const char *name)
{
    trv_auto trv_object *mapping = NULL;

    if (!trv__no_arguments(args) || !(mapping = trv_ref(mapping_of(args->self))))
        return NULL;
    return trv_call_method(mapping, name, "");
}

static trv_object *method_get(const trv_args *args)
{
    trv_object *key, *fallback = trv_none_new();
    trv_auto trv_object *mapping = NULL;

    if (trv_parse(args, "o|o", &key, &fallback) < 0 || !(mapping = trv_ref(mapping_of(args->self))))
        return NULL;
    return trv_call_method(mapping, "get", "oo", key, fallback);
}

static trv_object *method_keys(const trv_args *args)
{
    return call_mapping(args, "keys");
}

static trv_object *method_values(const trv_args *args)
{
    return call_mapping(args, "values");
}

static trv_object *method_items(const trv_args *args)
{
    return call_mapping(args, "items");
}

static trv_object *method_copy(const trv_args *args)
{
    return call_mapping(args, "copy");
}

static trv_object *method_reversed(const trv_args *args)
{
    return call_mapping(args, "__reversed__");
}

static const struct trv__method methods[] = {
    {"__reversed__", "__reversed__(): an iterator over the keys from the last to the first",
     method_reversed},
    {"copy", "copy(): a copy of the mapping", method_copy},
    {"get", "get(key, default=None, /): the value, or the default", method_get},
    {"items", "items(): a view of (key, value) tuples", method_items},
    {"keys", "keys(): a view of the keys", method_keys},
    {"values", "values(): a view of the values", method_values},
    {0},
};

/* The type -------------------------------------------------------------------------------------- */

static int proxy_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *mapping = ((struct proxy *)self)->mapping;

    return mapping ? visit(mapping, argument) : 0;
}

static void proxy_clear(trv_object *self)
{
    trv_clear(&((struct proxy *)self)->mapping);
}

static bool is_mapping(const trv_object *object)
{
    return object->type->slots.getitem && !trv__type_derives(object->type, &trv__list_type) &&
           !trv__type_derives(object->type, &trv__tuple_type);
}

static trv_object *proxy_new(trv_object *mapping)
{
    struct proxy *proxy;

    if (!is_mapping(mapping))
        return trv_raise(trv_TypeError, "mappingproxy() argument must be a mapping, not %s",
                         trv_type_name(mapping));
    if (!(proxy = trv__container_new(&trv__mappingproxy_type, sizeof *proxy)))
        return NULL;
    proxy->mapping = trv_ref(mapping);
    trv__track(proxy);
    return (trv_object *)proxy;
}

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "mappingproxy",
    .signature = "mappingproxy(mapping=): a view that cannot change it",
};

static trv_object *construct_bound(const trv_args *args)
{
    trv_object *mapping = NULL;

    if (args->count > 1)
        return trv_raise(trv_TypeError, "mappingproxy() takes at most 1 argument (%zu given)",
                         args->count);
    if (trv_parse(args, "|o", &mapping) < 0)
        return NULL;
    return mapping ? proxy_new(mapping)
                   : trv_raise(trv_TypeError,
                               "mappingproxy() missing required argument 'mapping' (pos 1)");
}

static trv_object *proxy_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    return trv__call_bound(&call_spec, args, construct_bound);
}

TRV__READ_ONLY struct trv_type trv__mappingproxy_type = {
    .handle = trv_mappingproxy_type,
    .name = "mappingproxy",
    .doc = "mappingproxy(mapping): a view of it that cannot change it",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct proxy),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = proxy_traverse,
              .clear = proxy_clear,
              .repr = proxy_repr,
              .str = proxy_str,
              .compare = proxy_compare,
              .iter = proxy_iter,
              .length = proxy_length,
              .getitem = proxy_getitem,
              .contains = proxy_contains,
              .binary = proxy_binary,
              .binary_in_place = proxy_in_place},
    .methods = methods,
    .construct = proxy_construct,
};

TRV__READ_ONLY trv_object trv_mappingproxy_type[1] = {TRV__TYPE_HANDLE(trv__mappingproxy_type)};

trv_object *trv_mappingproxy_new(trv_object *mapping)
{
    return trv__given(mapping, "trv_mappingproxy_new") ? proxy_new(mapping) : NULL;
}
