/* SPDX-License-Identifier: MIT */
/*
 * cached_property: an attribute that a function makes when it is first asked for, and that the instance then
 * has itself.
 *
 * It has no `set`, so what stands in the instance's own dict is found before it: it is asked again only when
 * that was deleted.
 */
#include "object/object.h"

#include "trivet/class.h"
#include "trivet/functools.h"

struct cached_property {
    TRV__HEAD;
    trv_object *function; /* owned; NULL after clear */
    trv_object *name;     /* owned; NULL until __set_name__ has said it */
};

static struct cached_property *as_property(trv_object *object)
{
    return (struct cached_property *)object;
}

static int property_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return as_property(self)->function ? visit(as_property(self)->function, argument) : 0;
}

static void property_clear(trv_object *self)
{
    trv_clear(&as_property(self)->function);
    trv_clear(&as_property(self)->name);
}

/* The instance's own attributes. */
static trv_object *dict_of(trv_object *instance, trv_object *name)
{
    trv_object *dict = trv_getattr(instance, "__dict__");

    if (dict || !trv_error_matches(trv_AttributeError))
        return dict;
    trv_error_clear();
    return trv_raise(trv_TypeError,
                     "No '__dict__' attribute on '%s' instance to cache '%s' property.",
                     instance->type->name, trv_str_utf8(name, NULL));
}

static trv_object *property_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    trv_auto trv_object *function = trv_ref(as_property(self)->function);
    trv_auto trv_object *name = trv_ref(as_property(self)->name);
    trv_auto trv_object *dict = NULL;
    trv_auto trv_object *value = NULL;

    if (!instance)
        return trv_ref(self);
    if (!name)
        return trv_raise(trv_TypeError,
                         "Cannot use cached_property instance without calling __set_name__ on it.");
    if (!(dict = dict_of(instance, name)) || trv_dict_get(dict, name, &value) < 0)
        return NULL;
    if (value)
        return trv_steal(&value);
    value = trv_call_array(function, &instance, 1, NULL);
    if (!value || trv_dict_set(dict, name, value) < 0)
        return NULL;
    return trv_steal(&value);
}

static trv_object *method_set_name(const trv_args *args)
{
    struct cached_property *self = as_property(args->self);
    trv_object *owner, *name;
    trv_auto trv_object *before = NULL;
    trv_auto trv_object *after = NULL;
    int equal;

    if (trv_parse(args, "oo", &owner, &name) < 0)
        return NULL;
    if (!trv__type_derives(name->type, &trv__str_type))
        return trv_raise(trv_TypeError, "the name of an attribute must be a str");
    equal = self->name ? trv_equal(self->name, name) : 1;
    if (equal < 0)
        return NULL;
    if (!equal) {
        if (!(before = trv_repr(self->name)) || !(after = trv_repr(name)))
            return NULL;
        return trv_raise(
            trv_TypeError,
            "Cannot assign the same cached_property to two different names (%s and %s).",
            trv_str_utf8(before, NULL), trv_str_utf8(after, NULL));
    }
    if (!self->name)
        self->name = trv_ref(name);
    return trv_none_new();
}

static trv_object *get_func(const trv_args *args)
{
    return trv_ref(as_property(args->self)->function);
}

static trv_object *get_attrname(const trv_args *args)
{
    trv_object *name = as_property(args->self)->name;

    return name ? trv_ref(name) : trv_none_new();
}

static trv_object *property_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count != 1 || args->keywords)
        return trv_raise(trv_TypeError, "cached_property() takes exactly one argument (%zu given)",
                         args->count);
    return trv_cached_property_new(args->items[0]);
}

static const struct trv__method methods[] = {
    {"__set_name__", "__set_name__(owner, name): notes the name of the attribute", method_set_name},
    {"attrname", NULL, get_attrname},
    {"func", NULL, get_func},
    {0},
};

static TRV__READ_ONLY struct trv_type cached_property_type = {
    .handle = trv_cached_property_type,
    .name = "cached_property",
    .doc = "cached_property(func): an attribute that func makes once",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct cached_property),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = property_traverse, .clear = property_clear, .get = property_get},
    .methods = methods,
    .construct = property_construct,
};
TRV__READ_ONLY trv_object trv_cached_property_type[1] = {TRV__TYPE_HANDLE(cached_property_type)};

trv_object *trv_cached_property_new(trv_object *function)
{
    struct cached_property *self;

    if (!trv__given(function, "trv_cached_property_new"))
        return NULL;
    self = trv__container_new(&cached_property_type, sizeof *self);
    if (!self)
        return NULL;
    self->function = trv_ref(function);
    trv__track(self);
    return (trv_object *)self;
}
