/* SPDX-License-Identifier: MIT */
/*
 * property, classmethod, staticmethod, and the mark of an abstract method: what stands around a
 * function in the namespace of a class.
 *
 * The last three hold one object, `inner`, and differ in what they make of it for an instance.
 */
#include "object/closure.h"
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/signature.h"

#include "trivet/class.h"

/* property ----------------------------------------------------------------------------------------- */

enum { GETTER, SETTER, DELETER, DOC, NAME, PARTS };

struct property {
    TRV__HEAD;
    trv_object *parts[PARTS]; /* owned, or NULL; the name is what __set_name__ said */
};

static struct property *property_of(const trv_object *object)
{
    return (struct property *)(void *)(uintptr_t)object;
}

static int property_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int stop = 0;

    for (int i = 0; i < PARTS && !stop; i++)
        if (property_of(self)->parts[i])
            stop = visit(property_of(self)->parts[i], argument);
    return stop;
}

static void property_clear(trv_object *self)
{
    for (int i = 0; i < PARTS; i++)
        trv_clear(&property_of(self)->parts[i]);
}

static void set_part(struct property *self, int part, trv_object *value)
{
    trv_object *before = self->parts[part];

    self->parts[part] = value && !trv_is_none(value) ? trv_ref(value) : NULL;
    trv_unref(before);
}

/* The getter's doc, unless there is one. */
static int take_doc(struct property *self)
{
    trv_auto trv_object *doc = NULL;
    int there;

    if (self->parts[DOC] || !self->parts[GETTER])
        return 0;
    there = trv__get_or_not(self->parts[GETTER], trv__dunder(TRV__NAME_doc), &doc);
    if (there > 0)
        set_part(self, DOC, doc);
    return MIN_OF(there, 0);
}

static int fill(struct property *self, const trv_args *args)
{
    for (size_t i = 0; i < NAME; i++)
        set_part(self, (int)i, i < args->count ? args->items[i] : NULL);
    return take_doc(self);
}

static int property_init(trv_object *self, const trv_args *args)
{
    static const trv_function_spec spec = {.size = sizeof spec,
                                           .name = "property",
                                           .signature = "property(fget=, fset=, fdel=, doc=)"};
    struct trv__binding binding;
    int answer;

    if (args->count > NAME)
        return trv_raise_int(trv_TypeError, "property() takes at most 4 arguments (%zu given)",
                             args->count);
    if (!args->keywords)
        return fill(property_of(self), args);
    if (trv__bind(&binding, &spec, args, NULL) < 0)
        return -1;
    answer = fill(property_of(self), &binding.args);
    trv__unbind(&binding);
    return answer;
}

static trv_object *property_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    struct property *self = trv__instance_new(type, sizeof *self);

    if (self)
        trv__track(self);
    return (trv_object *)self;
}

trv_object *trv_property_new(trv_object *getter, trv_object *setter, trv_object *deleter,
                             const char *doc)
{
    struct property *self;
    trv_auto trv_object *text = NULL;

    if ((!getter || !setter || !deleter) && trv_error_occurred())
        return NULL;
    if (doc && !(text = trv_str_new(doc)))
        return NULL;
    if (!(self = (void *)property_construct(&trv__property_type, NULL)))
        return NULL;
    set_part(self, GETTER, getter);
    set_part(self, SETTER, setter);
    set_part(self, DELETER, deleter);
    set_part(self, DOC, text);
    if (take_doc(self) == 0)
        return (trv_object *)self;
    trv_unref((trv_object *)self);
    return NULL;
}

/* AttributeError: no getter, setter or deleter. */
static void raise_no_part(const struct property *self, const trv_object *instance, const char *part)
{
    trv_auto trv_object *named = trv_ref(self->parts[NAME]);
    trv_auto trv_object *name = named ? trv_repr(named) : NULL;

    if (named && !name)
        return;
    trv_raise(trv_AttributeError, "property%s%s of '%s' object has no %s", name ? " " : "",
              name ? trv_str_utf8(name, NULL) : "", instance->type->name, part);
}

static trv_object *property_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    trv_auto trv_object *getter = NULL;

    if (!instance)
        return trv_ref(self);
    getter = trv_ref(property_of(self)->parts[GETTER]);
    if (getter)
        return trv_call_array(getter, &instance, 1, NULL);
    raise_no_part(property_of(self), instance, "getter");
    return NULL;
}

static int property_set(trv_object *self, trv_object *instance, trv_object *value)
{
    trv_auto trv_object *function = trv_ref(property_of(self)->parts[value ? SETTER : DELETER]);
    trv_auto trv_object *result = NULL;
    trv_object *items[] = {instance, value};

    if (function)
        result = trv_call_array(function, items, value ? 2 : 1, NULL);
    else
        raise_no_part(property_of(self), instance, value ? "setter" : "deleter");
    return result ? 0 : -1;
}

static trv_object *part_or_none(const trv_args *args, int part)
{
    trv_object *value = property_of(args->self)->parts[part];

    return value ? trv_ref(value) : trv_none_new();
}

static trv_object *get_getter(const trv_args *args)
{
    return part_or_none(args, GETTER);
}

static trv_object *get_setter(const trv_args *args)
{
    return part_or_none(args, SETTER);
}

static trv_object *get_deleter(const trv_args *args)
{
    return part_or_none(args, DELETER);
}

static trv_object *get_doc(const trv_args *args)
{
    return part_or_none(args, DOC);
}

static int set_doc(trv_object *self, trv_object *value)
{
    set_part(property_of(self), DOC, value);
    return 0;
}

/* 1, 0 or -1: whether one of some objects says that it is abstract. */
static int is_abstract(trv_object *const *objects, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *flag = NULL;
        int answer = 0;
        if (objects[i])
            answer = trv__get_or_not(objects[i], trv__dunder(TRV__NAME_isabstractmethod), &flag);
        if (answer > 0)
            answer = trv_truth(flag);
        if (answer)
            return answer;
    }
    return 0;
}

static trv_object *get_is_abstract(const trv_args *args)
{
    int answer = is_abstract(property_of(args->self)->parts, DELETER + 1);

    return answer < 0 ? NULL : trv_bool_new(answer);
}

/* A property like this one, with another part. */
static trv_object *with_part(const trv_args *args, int part)
{
    struct property *self = property_of(args->self), *made;
    trv_object *value;

    if (trv_parse(args, "o", &value) < 0 || !(made = (void *)property_construct(self->type, NULL)))
        return NULL;
    for (int i = 0; i < PARTS; i++)
        set_part(made, i, i == part ? value : self->parts[i]);
    if (part != GETTER || take_doc(made) == 0)
        return (trv_object *)made;
    trv_unref((trv_object *)made);
    return NULL;
}

static trv_object *method_getter(const trv_args *args)
{
    return with_part(args, GETTER);
}

static trv_object *method_setter(const trv_args *args)
{
    return with_part(args, SETTER);
}

static trv_object *method_deleter(const trv_args *args)
{
    return with_part(args, DELETER);
}

static trv_object *method_set_name(const trv_args *args)
{
    trv_object *owner, *name;

    if (trv_parse(args, "oo", &owner, &name) < 0)
        return NULL;
    set_part(property_of(args->self), NAME, name);
    return trv_none_new();
}

static const struct trv__method property_methods[] = {
    {"fget", NULL, get_getter},
    {"fset", NULL, get_setter},
    {"fdel", NULL, get_deleter},
    {"__doc__", NULL, get_doc},
    {"__isabstractmethod__", NULL, get_is_abstract},
    {"getter", "getter(fget, /): the same property with another getter", method_getter},
    {"setter", "setter(fset, /): the same property with another setter", method_setter},
    {"deleter", "deleter(fdel, /): the same property with another deleter", method_deleter},
    {"__set_name__", "__set_name__(owner, name): notes the name for messages", method_set_name},
    {0},
};

static const struct trv__setter property_setters[] = {{"__doc__", set_doc}, {0}};

TRV__READ_ONLY struct trv_type trv__property_type = {
    .handle = trv_property_type,
    .name = "property",
    .doc = "property(fget=, fset=, fdel=, doc=): an attribute that functions get, set and delete",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct property),
    .flags = TRV__TYPE_CONTAINER,
    .construct = property_construct,
    .methods = property_methods,
    .setters = property_setters,
    .slots = {.traverse = property_traverse,
              .clear = property_clear,
              .init = property_init,
              .get = property_get,
              .set = property_set},
};

TRV__READ_ONLY trv_object trv_property_type[1] = {TRV__TYPE_HANDLE(trv__property_type)};

/* classmethod, staticmethod, abstract methods --------------------------------------------------------- */

struct wrapped {
    TRV__HEAD;
    trv_object *inner; /* owned; NULL before it is set, or once the collector has cleared it */
};

static struct wrapped *wrapped_of(const trv_object *object)
{
    return (struct wrapped *)(void *)(uintptr_t)object;
}

static int wrapped_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return wrapped_of(self)->inner ? visit(wrapped_of(self)->inner, argument) : 0;
}

static void wrapped_clear(trv_object *self)
{
    trv_clear(&wrapped_of(self)->inner);
}

static trv_object *wrapped_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    struct wrapped *self = trv__instance_new(type, sizeof *self);

    if (self)
        trv__track(self);
    return (trv_object *)self;
}

static trv_object *wrap(const struct trv_type *type, trv_object *inner, const char *function)
{
    trv_object *self;

    if (!trv__given(inner, function) || !(self = wrapped_construct(type, NULL)))
        return NULL;
    wrapped_of(self)->inner = trv_ref(inner);
    return self;
}

static int wrapped_init(trv_object *self, const trv_args *args)
{
    trv_object *before = wrapped_of(self)->inner;
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return -1;
    if (keywords)
        return trv_raise_int(trv_TypeError, "%s() takes no keyword arguments", self->type->name);
    if (args->count != 1)
        return trv_raise_int(trv_TypeError, "%s expected 1 argument, got %zu", self->type->name,
                             args->count);
    if (!trv__given(args->items[0], self->type->name))
        return -1;
    wrapped_of(self)->inner = trv_ref(args->items[0]);
    trv_unref(before);
    return 0;
}

static trv_object *wrapped_repr(trv_object *self)
{
    trv_auto trv_object *wrapped = trv_ref(wrapped_of(self)->inner);
    trv_auto trv_object *inner = wrapped ? trv_repr(wrapped) : trv_str_new("?");

    if (!inner)
        return NULL;
    return trv_str_printf("<%s(%s)>", self->type->name, trv_str_utf8(inner, NULL));
}

static trv_object *uninitialized(const trv_object *self)
{
    return trv_raise(trv_RuntimeError, "uninitialized %s object", self->type->name);
}

static trv_object *wrapped_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *inner = trv_ref(wrapped_of(self)->inner);

    return inner ? trv_call_array(inner, args->items, args->count, args->keywords)
                 : uninitialized(self);
}

static trv_object *static_get(trv_object *self, trv_object *instance TRV_UNUSED,
                              trv_object *type TRV_UNUSED)
{
    trv_object *inner = wrapped_of(self)->inner;

    return inner ? trv_ref(inner) : uninitialized(self);
}

static trv_object *class_get(trv_object *self, trv_object *instance, trv_object *type)
{
    trv_auto trv_object *inner = trv_ref(wrapped_of(self)->inner), *class_ = NULL;

    if (!inner)
        return uninitialized(self);
    if (!type)
        type = instance->type->handle;
    class_ = trv_ref(type); /* the instance may leave it */
    if (inner->type->slots.get)
        return inner->type->slots.get(inner, type, type->type->handle);
    return trv_method_new(inner, type);
}

static trv_object *abstract_get(trv_object *self, trv_object *instance, trv_object *type)
{
    trv_auto trv_object *inner = trv_ref(wrapped_of(self)->inner);

    if (!inner)
        return uninitialized(self);
    if (instance && inner->type->slots.get)
        return inner->type->slots.get(inner, instance, type);
    return trv_ref(instance ? inner : self);
}

static trv_object *get_inner(const trv_args *args)
{
    return trv_ref(wrapped_of(args->self)->inner);
}

static trv_object *get_inner_abstract(const trv_args *args)
{
    int answer = is_abstract(&wrapped_of(args->self)->inner, 1);

    return answer < 0 ? NULL : trv_bool_new(answer);
}

static trv_object *get_true(const trv_args *args TRV_UNUSED)
{
    return trv_bool_new(1);
}

static trv_object *get_of_inner(const trv_args *args, enum trv__dunder_name name)
{
    trv_auto trv_object *inner = trv_ref(wrapped_of(args->self)->inner);

    return inner ? trv__get(inner, trv__dunder(name)) : uninitialized(args->self);
}

static trv_object *get_name(const trv_args *args)
{
    return get_of_inner(args, TRV__NAME_name);
}

static trv_object *get_inner_doc(const trv_args *args)
{
    return get_of_inner(args, TRV__NAME_doc);
}

#define INNER_ATTRIBUTES                                                                           \
    {"__func__", NULL, get_inner}, {"__wrapped__", NULL, get_inner}, {"__name__", NULL, get_name}, \
    {                                                                                              \
        "__doc__", NULL, get_inner_doc                                                             \
    }

static const struct trv__method wrapped_methods[] = {
    INNER_ATTRIBUTES,
    {"__isabstractmethod__", NULL, get_inner_abstract},
    {0},
};

static const struct trv__method abstract_methods[] = {
    INNER_ATTRIBUTES,
    {"__isabstractmethod__", NULL, get_true},
    {0},
};

#define WRAPPED_TYPE(variable, handle_name, type_name, doc_text, more_flags, method_table, ...)    \
    TRV__READ_ONLY struct trv_type variable = {                                                    \
        .handle = handle_name,                                                                     \
        .name = type_name,                                                                         \
        .doc = doc_text,                                                                           \
        .base = &trv__object_type,                                                                 \
        .instance_bytes = sizeof(struct wrapped),                                                  \
        .flags = TRV__TYPE_CONTAINER | (more_flags),                                               \
        .construct = wrapped_construct,                                                            \
        .methods = method_table,                                                                   \
        .slots = {.traverse = wrapped_traverse,                                                    \
                  .clear = wrapped_clear,                                                          \
                  .init = wrapped_init,                                                            \
                  .repr = wrapped_repr,                                                            \
                  __VA_ARGS__},                                                                    \
    };                                                                                             \
    TRV__READ_ONLY trv_object handle_name[1] = {TRV__TYPE_HANDLE(variable)}

WRAPPED_TYPE(trv__classmethod_type, trv_classmethod_type, "classmethod",
             "classmethod(function): a method that gets the class as its first argument", 0,
             wrapped_methods, .get = class_get);
WRAPPED_TYPE(trv__staticmethod_type, trv_staticmethod_type, "staticmethod",
             "staticmethod(function): a function that is no method", 0, wrapped_methods,
             .get = static_get, .call = wrapped_call);
WRAPPED_TYPE(trv__abstract_type, trv_abstractmethod_type, "abstractmethod",
             "abstractmethod(function): a method that derived classes have to replace", 0,
             abstract_methods, .get = abstract_get, .call = wrapped_call);

trv_object *trv_classmethod_new(trv_object *function)
{
    return wrap(&trv__classmethod_type, function, "trv_classmethod_new");
}

trv_object *trv_staticmethod_new(trv_object *function)
{
    return wrap(&trv__staticmethod_type, function, "trv_staticmethod_new");
}

trv_object *trv_abstractmethod(trv_object *function)
{
    return wrap(&trv__abstract_type, function, "trv_abstractmethod");
}
