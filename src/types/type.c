/* SPDX-License-Identifier: MIT */
/*
 * type: the type of types; what calling one does, and the attributes of types.
 *
 * A call of a type makes an instance (`construct`, which is __new__), and, if it is one, fills it (the
 * slot `init`, which is __init__). Keywords of types defined in C are bound to the signature that
 * such a type's doc begins with, if it does. Calling `type` itself with one argument tells that
 * argument's type; with three it makes a class.
 *
 * A type's attribute is looked for in three steps: a data descriptor of its metatype; its own order of
 * lookup; anything else of the metatype. Types made at run time can be changed, static ones cannot.
 *
 * Making types is the business of object/, which also knows the memory of such types.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/signature.h"

#include "trivet/class.h"

/* Calls ----------------------------------------------------------------------------------------- */

/* A NULL argument can mean "missing" only to an `init`, which reads the arguments itself. */
static bool are_given(const trv_args *args, const char *function)
{
    for (size_t i = 0; i < args->count; i++)
        if (!trv__given(args->items[i], function))
            return false;
    return true;
}

trv_object *trv__construct(const struct trv_type *maker, const struct trv_type *type,
                           const trv_args *args)
{
    trv_object *object;

    if (!type->slots.init && !are_given(args, type->name))
        return NULL;
    object = maker->construct(type, args);
    if (object && object->type != type && trv__static_base(type)->flags & TRV__TYPE_VALUE &&
        !trv__is_made_by_method(maker))
        return trv__value_as_take(type, object);
    if (object && trv__is_heap_type(type) && object->type != type &&
        !trv__is_made_by_method(maker) && !trv__is_type(object)) {
        trv_unref(object);
        return trv_raise(trv_SystemError, "type '%s' cannot make instances of '%s'", maker->name,
                         type->name);
    }
    return object;
}

int trv__native_init(const struct trv_type *owner, int (*init)(trv_object *, const trv_args *),
                     trv_object *object, const trv_args *raw)
{
    struct trv__binding binding;
    trv_args args = *raw;
    int answer;

    args.self = object;
    if (!owner || !trv__is_heap_type(owner))
        return init(object, &args);
    args.function = &trv__heap_type_of(owner)->spec;
    if (!args.keywords)
        return init(object, &args);
    if (trv__bind(&binding, args.function, &args, NULL) < 0)
        return -1;
    answer = init(object, &binding.args);
    trv__unbind(&binding);
    return answer;
}

/* The type that gave the `init` that is in force, which names it in messages. */
static const struct trv_type *init_owner(const struct trv_type *type)
{
    const struct trv_type *at;

    for (size_t n = 0; (at = trv__mro_at(type, n)) != NULL; n++)
        if (trv__is_heap_type(at) && trv__heap_type_of(at)->given.init == type->slots.init)
            return at;
    return NULL;
}

int trv__object_init(trv_object *object, const trv_args *args)
{
    const struct trv_type *type = object->type;

    if (!type->slots.init)
        return 0;
    return trv__native_init(init_owner(type), type->slots.init, object, args);
}

trv_object *trv__type_call(const struct trv_type *type, const trv_args *args)
{
    const struct trv_type *maker = trv__is_heap_type(type) ? type : trv__type_maker(type);
    trv_object *object;

    if (!maker || !maker->construct)
        return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
    object = trv__construct(maker, type, args);
    if (!object || !object->type->slots.init || !trv__type_derives(object->type, type))
        return object;
    if (trv__object_init(object, args) == 0)
        return object;
    trv_unref(object);
    return NULL;
}

static trv_object *type_call(trv_object *self, const trv_args *args)
{
    if (self == trv_type_type && args->count == 1 && !args->keywords)
        return trv_type_of(args->items[0]);
    if (self == trv_type_type && args->count != 3)
        return trv_raise(trv_TypeError, "type() takes 1 or 3 arguments");
    return trv__type_call(trv__type_of_handle(self), args);
}

static trv_object *raise_argument(int which, const char *type, const trv_object *given)
{
    return trv_raise(trv_TypeError, "type.__new__() argument %d must be %s, not %s", which, type,
                     given->type->name);
}

/* type.__new__ */
static trv_object *type_construct(const struct trv_type *type, const trv_args *args)
{
    trv_auto trv_object *bases = NULL;
    trv_object *object = trv_object_type;
    trv_object *const *items;
    size_t count;

    if (args->count != 3)
        return trv_raise(trv_TypeError, "type.__new__() takes exactly 3 arguments (%zu given)",
                         args->count);
    if (!are_given(args, "type"))
        return NULL;
    if (!trv__type_derives(args->items[0]->type, &trv__str_type))
        return raise_argument(1, "str", args->items[0]);
    if (!trv__type_derives(args->items[1]->type, &trv__tuple_type))
        return raise_argument(2, "tuple", args->items[1]);
    if (!trv__type_derives(args->items[2]->type, &trv__dict_type))
        return raise_argument(3, "dict", args->items[2]);
    items = trv__tuple_items(args->items[1], &count);
    for (size_t i = 0; i < count; i++)
        if (!trv__is_type(items[i]) && trv_hasattr(items[i], "__mro_entries__") > 0)
            return trv_raise(trv_TypeError, "type() doesn't support MRO entry resolution; "
                                            "use types.new_class()");
        else if (!trv__is_type(items[i]))
            return trv_raise(trv_TypeError, "the bases of a class must be types, not %s",
                             items[i]->type->name);
    bases = count ? trv_ref(args->items[1]) : trv_tuple_new(&object, 1);
    if (!bases || !(type = trv__common_metatype(type, bases)))
        return NULL;
    return trv__class_make(type, args->items[0], bases, args->items[2], args->keywords);
}

/* The class is complete when it is made; its metaclass may have more arguments for __init__. */
static int type_init(trv_object *self TRV_UNUSED, const trv_args *args)
{
    if (args->count != 3 && args->count != 1)
        return trv_raise_int(trv_TypeError, "type.__init__() takes 1 or 3 arguments");
    return 0;
}

/* Attributes of types --------------------------------------------------------------------------- */

static trv_object *type_get_attribute(trv_object *self, trv_object *name)
{
    const struct trv_type *type = trv__type_of_handle(self);
    trv_auto trv_object *of_metatype = NULL;
    trv_object *found, *value;
    int there = trv__type_find(self->type, name, &found);

    if (there < 0)
        return NULL;
    of_metatype = trv_ref(found);
    if (found && found->type->slots.set && found->type->slots.get)
        return found->type->slots.get(found, self, self->type->handle);
    if ((there = trv__type_find(type, name, &found)) < 0)
        return NULL;
    if (there) {
        if (!found->type->slots.get)
            return trv_ref(found);
        trv_ref(found);
        value = found->type->slots.get(found, NULL, self);
        trv_unref(found);
        return value;
    }
    if (of_metatype && of_metatype->type->slots.get)
        return of_metatype->type->slots.get(of_metatype, self, self->type->handle);
    if (!of_metatype)
        trv__raise_no_attribute(self, trv_str_utf8(name, NULL));
    return trv_ref(of_metatype);
}

static int raise_immutable(const struct trv_type *type, const char *name)
{
    return trv_raise_int(trv_TypeError, "cannot set '%s' attribute of immutable type '%s'", name,
                         type->name);
}

static struct trv__heap_type *heap_of(const trv_object *self)
{
    return trv__heap_type_of(trv__type_of_handle(self));
}

/* Sets or deletes in the namespace. */
static int change_namespace(trv_object *self, trv_object *name, trv_object *value)
{
    const struct trv_type *type = trv__type_of_handle(self);
    trv_auto trv_object *before = NULL;
    trv_object *dict = trv__type_dict(type);
    int there;

    if (!dict || (there = trv_dict_get(dict, name, &before)) < 0)
        return -1;
    /* What knows its type without holding it is told when the type ends, wherever it is by then. */
    if (there && trv__is_descriptor_of(before, type) && trv__type_keep(heap_of(self), before) < 0)
        return -1;
    if (value ? trv_dict_set(dict, name, value) < 0 : there && trv_dict_remove(dict, name) < 0)
        return -1;
    if (!value && !there)
        return trv__raise_no_attribute(self, trv_str_utf8(name, NULL));
    return trv__type_changed(type, name);
}

static int type_set_attribute(trv_object *self, trv_object *name, trv_object *value)
{
    const struct trv_type *type = trv__type_of_handle(self);
    trv_object *found;

    if (!trv__is_heap_type(type))
        return raise_immutable(type, trv_str_utf8(name, NULL));
    if (trv__type_find(self->type, name, &found) < 0)
        return -1;
    if (found && found->type->slots.set) {
        int answer;
        trv_ref(found);
        answer = found->type->slots.set(found, self, value);
        trv_unref(found);
        return answer;
    }
    return change_namespace(self, name, value);
}

/* What a type says of itself ----------------------------------------------------------------------- */

static const struct trv_type *type_of(const trv_args *args)
{
    return trv__type_of_handle(args->self);
}

static trv_object *get_base(const trv_args *args)
{
    const struct trv_type *base = type_of(args)->base;

    return base ? trv_ref(base->handle) : trv_none_new();
}

static trv_object *get_bases(const trv_args *args)
{
    const struct trv_type *type = type_of(args);

    if (trv__is_heap_type(type))
        return trv_ref(heap_of(args->self)->bases);
    return trv_tuple_new(type->base ? &type->base->handle : NULL, type->base ? 1 : 0);
}

static int set_bases(trv_object *self, trv_object *value)
{
    const struct trv_type *type = trv__type_of_handle(self);
    trv_object *const *items;
    size_t count;

    if (!value)
        return trv_raise_int(trv_TypeError, "can't delete %s.__bases__", type->name);
    if (!trv__type_derives(value->type, &trv__tuple_type))
        return trv_raise_int(trv_TypeError, "can only assign tuple to %s.__bases__, not %s",
                             type->name, value->type->name);
    items = trv__tuple_items(value, &count);
    if (!count)
        return trv_raise_int(trv_TypeError,
                             "can only assign non-empty tuple to %s.__bases__, not ()", type->name);
    for (size_t i = 0; i < count; i++)
        if (!trv__is_type(items[i]))
            return trv_raise_int(trv_TypeError, "%s.__bases__ must be tuple of classes, not '%s'",
                                 type->name, items[i]->type->name);
    return trv__type_set_bases(trv__heap_type_of(type), value);
}

static trv_object *get_mro(const trv_args *args)
{
    const struct trv_type *at;
    trv_auto trv_object *list = trv_list_new();

    for (size_t n = 0; list && (at = trv__mro_at(type_of(args), n)) != NULL; n++)
        if (trv_list_append(list, at->handle) < 0)
            return NULL;
    return list ? trv_tuple_from(list) : NULL;
}

static trv_object *method_mro(const trv_args *args)
{
    trv_auto trv_object *list = NULL;
    const struct trv_type **types;
    uint32_t count;

    if (trv_parse(args, "") < 0)
        return NULL;
    if (!trv__is_heap_type(type_of(args))) {
        trv_auto trv_object *order = get_mro(args);
        return order ? trv_list_from(order) : NULL;
    }
    if (!(types = trv__mro_make(type_of(args), heap_of(args->self)->bases, &count)))
        return NULL;
    list = trv_list_new();
    for (uint32_t i = 0; list && i < count; i++)
        if (trv_list_append(list, types[i]->handle) < 0)
            trv_clear(&list);
    trv__free(types, count * sizeof *types);
    return trv_steal(&list);
}

/* Those made at run time, which are all that can be known. */
static trv_object *method_subclasses(const trv_args *args)
{
    trv_auto trv_object *list = trv_parse(args, "") < 0 ? NULL : trv_list_new();
    trv_object *const *items;
    size_t count;

    if (!list)
        return NULL;
    LIST_EACH(node, &trv__current->objects->type_list_) {
        struct trv__heap_type *heap = CONTAINER_OF(node, struct trv__heap_type, link);
        items = heap->refcount > 0 && !(heap->flags & TRV__HIDDEN) && heap->bases
                    ? trv__tuple_items(heap->bases, &count)
                    : (count = 0, NULL);
        for (size_t i = 0; i < count; i++)
            if (items[i] == args->self && trv_list_append(list, (trv_object *)heap) < 0)
                return NULL;
    }
    return trv_steal(&list);
}

static trv_object *get_dict(const trv_args *args)
{
    trv_object *dict = trv__type_dict(type_of(args));

    return dict ? trv_mappingproxy_new(dict) : NULL;
}

static trv_object *get_from_dict(const trv_object *self, enum trv__dunder_name name)
{
    trv_object *dict = trv__type_dict(trv__type_of_handle(self)), *found;

    if (!dict || trv_dict_get(dict, trv__dunder(name), &found) < 0)
        return NULL;
    return found ? found : trv_none_new();
}

static trv_object *get_doc(const trv_args *args)
{
    trv_auto trv_object *doc = get_from_dict(args->self, TRV__NAME_doc);

    if (!doc || !doc->type->slots.get)
        return trv_steal(&doc);
    return doc->type->slots.get(doc, NULL, args->self);
}

static int set_in_dict(trv_object *self, enum trv__dunder_name name, trv_object *value)
{
    const struct trv_type *type = trv__type_of_handle(self);

    if (!value)
        return trv_raise_int(trv_TypeError, "cannot delete '%s' attribute of immutable type '%s'",
                             trv_str_utf8(trv__dunder(name), NULL), type->name);
    return change_namespace(self, trv__dunder(name), value);
}

static int set_doc(trv_object *self, trv_object *value)
{
    return set_in_dict(self, TRV__NAME_doc, value);
}

static trv_object *get_module(const trv_args *args)
{
    trv_auto trv_object *module = NULL;

    if (trv__is_heap_type(type_of(args))) {
        module = get_from_dict(args->self, TRV__NAME_module);
        if (!module || !trv_is_none(module))
            return trv_steal(&module);
    }
    return trv_str_new("builtins");
}

static int set_module(trv_object *self, trv_object *value)
{
    return set_in_dict(self, TRV__NAME_module, value);
}

static trv_object *get_name(const trv_args *args)
{
    return trv_str_new(type_of(args)->name);
}

/* Texts that were handed out live as long as the type: the old name is kept. */
static int set_name(trv_object *self, trv_object *value)
{
    struct trv__heap_type *heap = heap_of(self);
    trv_auto trv_object *before = NULL;

    if (!value)
        return trv_raise_int(trv_TypeError,
                             "cannot delete '__name__' attribute of immutable type '%s'",
                             heap->made.name);
    if (!trv__type_derives(value->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "can only assign string to %s.__name__, not '%s'",
                             heap->made.name, value->type->name);
    if (trv__type_keep(heap, heap->name) < 0)
        return -1;
    before = heap->name;
    heap->name = trv_ref(value);
    heap->made.name = trv_str_utf8(value, NULL);
    heap->spec.name = heap->made.name;
    return 0;
}

static trv_object *get_qualified_name(const trv_args *args)
{
    if (trv__is_heap_type(type_of(args)))
        return trv_ref(heap_of(args->self)->qualified_name);
    return get_name(args);
}

static int set_qualified_name(trv_object *self, trv_object *value)
{
    struct trv__heap_type *heap = heap_of(self);
    trv_object *before = heap->qualified_name;

    if (!value)
        return trv_raise_int(trv_TypeError,
                             "cannot delete '__qualname__' attribute of immutable type '%s'",
                             heap->made.name);
    if (!trv__type_derives(value->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "can only assign string to %s.__qualname__, not '%s'",
                             heap->made.name, value->type->name);
    heap->qualified_name = trv_ref(value);
    trv_unref(before);
    return 0;
}

/* "module.name", or the name alone for what is built in. */
trv_object *trv__type_full_name(const struct trv_type *type)
{
    trv_args args = {type->handle, NULL, 0, NULL, NULL};
    trv_auto trv_object *module = get_module(&args);
    trv_auto trv_object *name = module ? get_qualified_name(&args) : NULL;

    if (!name)
        return NULL;
    if (!trv__type_derives(module->type, &trv__str_type) ||
        strcmp(trv_str_utf8(module, NULL), "builtins") == 0)
        return trv_steal(&name);
    return trv_str_printf("%s.%s", trv_str_utf8(module, NULL), trv_str_utf8(name, NULL));
}

static trv_object *type_repr(trv_object *self)
{
    trv_auto trv_object *name = trv__type_full_name(trv__type_of_handle(self));

    return name ? trv_str_printf("<class '%s'>", trv_str_utf8(name, NULL)) : NULL;
}

/* Questions to types --------------------------------------------------------------------------------- */

static trv_object *method_instancecheck(const trv_args *args)
{
    trv_object *object;
    int answer;

    if (trv_parse(args, "o", &object) < 0 || (answer = trv__instance_of(object, type_of(args))) < 0)
        return NULL;
    return trv_bool_new(answer);
}

static trv_object *method_subclasscheck(const trv_args *args)
{
    trv_object *object;

    if (trv_parse(args, "o", &object) < 0)
        return NULL;
    if (!trv__is_type(object))
        return trv_raise(trv_TypeError, "issubclass() arg 1 must be a class");
    return trv_bool_new(trv__type_derives(trv__type_of_handle(object), type_of(args)));
}

static trv_object *method_dir(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__type_dir(type_of(args));
}

static trv_object *method_getattribute(const trv_args *args)
{
    trv_object *name;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "o", &name) < 0 || !(interned = trv__name_of(name)))
        return NULL;
    return type_get_attribute(args->self, interned);
}

static trv_object *method_setattr(const trv_args *args)
{
    trv_object *name, *value;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "oo", &name, &value) < 0 || !(interned = trv__name_of(name)) ||
        type_set_attribute(args->self, interned, value) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *method_delattr(const trv_args *args)
{
    trv_object *name;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "o", &name) < 0 || !(interned = trv__name_of(name)) ||
        type_set_attribute(args->self, interned, NULL) < 0)
        return NULL;
    return trv_none_new();
}

static const struct trv__method methods[] = {
    {"__base__", NULL, get_base},
    {"__bases__", NULL, get_bases},
    {"__dict__", NULL, get_dict},
    {"__doc__", NULL, get_doc},
    {"__module__", NULL, get_module},
    {"__mro__", NULL, get_mro},
    {"__name__", NULL, get_name},
    {"__qualname__", NULL, get_qualified_name},
    {"__delattr__", "__delattr__(name, /): del self.name", method_delattr},
    {"__dir__", "__dir__(): the names that lookups in the type find", method_dir},
    {"__getattribute__", "__getattribute__(name, /): self.name", method_getattribute},
    {"__instancecheck__", "__instancecheck__(instance, /): isinstance(instance, self)",
     method_instancecheck},
    {"__setattr__", "__setattr__(name, value, /): self.name = value", method_setattr},
    {"__subclasscheck__", "__subclasscheck__(subclass, /): issubclass(subclass, self)",
     method_subclasscheck},
    {"__subclasses__", "__subclasses__(): the types made at run time that have this one as a base",
     method_subclasses},
    {"mro", "mro(): the order of lookup", method_mro},
    {0},
};

/* The namespace that a class statement fills; keywords are those of the class. */
static trv_object *prepare(const trv_args *args TRV_UNUSED)
{
    return trv_dict_new();
}

static const struct trv__method class_methods[] = {
    {"__prepare__", "__prepare__(*args, **keywords): the namespace that a class is filled from",
     prepare},
    {0},
};

static const struct trv__setter setters[] = {
    {"__bases__", set_bases},
    {"__doc__", set_doc},
    {"__module__", set_module},
    {"__name__", set_name},
    {"__qualname__", set_qualified_name},
    {0},
};

TRV__READ_ONLY struct trv_type trv__type_type = {
    .handle = trv_type_type,
    .name = "type",
    .doc = "type(object): its type; type(name, bases, dict): a new one",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__heap_type),
    .block_bytes = trv__type_block_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_OF_TYPES,
    .slots =
        {
            .traverse = trv__type_traverse,
            .clear = trv__type_clear,
            .destroy = trv__type_destroy,
            .size_bytes = trv__type_size_bytes,
            .init = type_init,
            .repr = type_repr,
            .call = type_call,
        },
    .methods = methods,
    .class_methods = class_methods,
    .setters = setters,
    .construct = type_construct,
    .get_attribute = type_get_attribute,
    .set_attribute = type_set_attribute,
};

TRV__READ_ONLY trv_object trv_type_type[1] = {TRV__TYPE_HANDLE(trv__type_type)};
