/* SPDX-License-Identifier: MIT */
/*
 * module: an object whose attributes are the entries of a dict.
 *
 * The dict is __dict__, and is the user's to change. A function __getattr__ in it is asked for the names it
 * has not. It is what a namespace is made of; how names are looked up in several is not here.
 */
#include "object/object.h"

#include "trivet/functools.h"

struct module {
    TRV__HEAD;
    trv_object *dict; /* owned; NULL after clear */
};

static trv_object *dict_of(trv_object *module)
{
    return ((struct module *)module)->dict;
}

static int module_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return dict_of(self) ? visit(dict_of(self), argument) : 0;
}

static void module_clear(trv_object *self)
{
    trv_clear(&((struct module *)self)->dict);
}

/* Its name, a new reference, or NULL with nothing set if it has none that is a str. 0, or -1. */
static int get_name(trv_object *self, trv_object **name)
{
    if (trv_dict_get_str(dict_of(self), "__name__", name) < 0)
        return -1;
    if (*name && !trv__type_derives((*name)->type, &trv__str_type))
        trv_clear(name);
    return 0;
}

static trv_object *module_repr(trv_object *self)
{
    trv_auto trv_object *name = NULL;
    trv_auto trv_object *text = NULL;

    if (get_name(self, &name) < 0)
        return NULL;
    text = name ? trv_repr(name) : trv_str_new("'?'");
    return text ? trv_str_printf("<module %s>", trv_str_utf8(text, NULL)) : NULL;
}

static int raise_no_attribute(trv_object *self, const char *attribute)
{
    trv_auto trv_object *name = NULL;

    if (get_name(self, &name) < 0)
        return -1;
    if (!name)
        return trv_raise_int(trv_AttributeError, "module has no attribute '%s'", attribute);
    return trv_raise_int(trv_AttributeError, "module '%s' has no attribute '%s'",
                         trv_str_utf8(name, NULL), attribute);
}

static int module_getattr(trv_object *self, const char *name, trv_object **value)
{
    trv_auto trv_object *hook = NULL;
    int found;

    if (strcmp(name, "__dict__") == 0) {
        *value = trv_ref(dict_of(self));
        return 1;
    }
    if (strcmp(name, "__class__") == 0)
        return 0;
    found = trv_dict_get_str(dict_of(self), name, value);
    if (found)
        return found;
    if (trv_dict_get_str(dict_of(self), "__getattr__", &hook) < 0)
        return -1;
    if (!hook)
        return raise_no_attribute(self, name);
    *value = trv_call(hook, "s", name);
    return *value ? 1 : -1;
}

static int module_setattr(trv_object *self, const char *name, trv_object *value)
{
    trv_auto trv_object *key = NULL;
    int there;

    if (strcmp(name, "__dict__") == 0)
        return trv_raise_int(trv_AttributeError, "readonly attribute");
    if (value)
        return trv_dict_set_str(dict_of(self), name, value);
    if (!(key = trv_str_new(name)) || (there = trv_contains(dict_of(self), key)) < 0)
        return -1;
    return there ? trv_dict_remove(dict_of(self), key) : 1;
}

static trv_object *module(trv_object *name, trv_object *doc)
{
    trv_auto trv_object *dict = trv_dict_new();
    struct module *made;

    if (!dict || trv_dict_set_str(dict, "__name__", name) < 0 ||
        trv_dict_set_str(dict, "__doc__", doc) < 0 ||
        !(made = trv__container_new(trv_module_type->payload, sizeof *made)))
        return NULL;
    made->dict = trv_steal(&dict);
    trv__track(made);
    return (trv_object *)made;
}

static trv_object *module_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_auto trv_object *doc = NULL;

    if (args->keywords && trv_truth(args->keywords) > 0)
        return trv_raise(trv_TypeError, "module() takes no keyword arguments");
    if (!args->count)
        return trv_raise(trv_TypeError, "module() missing required argument 'name' (pos 1)");
    if (args->count > 2)
        return trv_raise(trv_TypeError, "module() takes at most 2 arguments (%zu given)",
                         args->count);
    if (!trv__type_derives(args->items[0]->type, &trv__str_type))
        return trv_raise(trv_TypeError, "module() argument 'name' must be str, not %s",
                         args->items[0]->type->name);
    doc = args->count > 1 ? trv_ref(args->items[1]) : trv_none_new();
    return module(args->items[0], doc);
}

static TRV__READ_ONLY struct trv_type module_type = {
    .handle = trv_module_type,
    .name = "module",
    .doc = "module(name, doc=None): a namespace",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct module),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = module_traverse,
              .clear = module_clear,
              .repr = module_repr,
              .getattr = module_getattr,
              .setattr = module_setattr},
    .construct = module_construct,
};
TRV__READ_ONLY trv_object trv_module_type[1] = {TRV__TYPE_HANDLE(module_type)};

trv_object *trv_module_new(const char *name, const char *doc)
{
    trv_auto trv_object *name_str = NULL;
    trv_auto trv_object *doc_str = NULL;

    if (!trv__given(name, "trv_module_new"))
        return NULL;
    name_str = trv_str_new(name);
    doc_str = doc ? trv_str_new(doc) : trv_none_new();
    return name_str && doc_str ? module(name_str, doc_str) : NULL;
}
