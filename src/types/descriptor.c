/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of what is written in C; see object/descriptor.h.
 *
 *   method_descriptor       list.append: called, it takes the object as its first argument
 *   wrapper_descriptor      list.__len__: a slot, likewise
 *   classmethod_descriptor  dict.fromkeys: for an instance or a type, the method of the type
 *   getset_descriptor       int.real: computed, and perhaps set
 *   member_descriptor       from __slots__: a word of the instance
 *   and __new__, which is no descriptor, but a function that takes the type.
 *
 * They hold no references that could be part of a cycle, and are no containers.
 */
#include "object/descriptor.h"

#include "object/closure.h"
#include "object/heap_type.h"
#include "object/lookup.h"

typedef struct trv__descriptor descriptor_t;

static descriptor_t *as_descriptor(const trv_object *object)
{
    return (descriptor_t *)(void *)(uintptr_t)object;
}

static descriptor_t *make(const struct trv_type *type, const struct trv_type *owner)
{
    descriptor_t *self = trv__object_new(type, sizeof *self);

    if (self)
        self->owner = owner;
    return self;
}

static const char *name_of(const descriptor_t *self)
{
    if (self->type == &trv__new_type)
        return "__new__";
    if (self->type == &trv__member_type)
        return trv_str_utf8(self->member.name, NULL);
    if (self->type == &trv__slot_wrapper_type)
        return trv_str_utf8(trv__dunder(self->slot.dunder->name), NULL);
    return self->method->name;
}

static const char *owner_name(const descriptor_t *self)
{
    return self->owner ? self->owner->name : "?";
}

/* Whether the descriptor is of a type that `object` is of. */
static bool fits(const descriptor_t *self, const trv_object *object)
{
    if (LIKELY(self->owner && trv__type_derives(object->type, self->owner)))
        return true;
    trv_raise(trv_TypeError,
              self->type == &trv__slot_wrapper_type
                  ? "descriptor '%s' requires a '%s' object but received a '%s'"
                  : "descriptor '%s' for '%s' objects doesn't apply to a '%s' object",
              name_of(self), owner_name(self), object->type->name);
    return false;
}

/* Text ------------------------------------------------------------------------------------------ */

static trv_object *method_repr(trv_object *self)
{
    return trv_str_printf("<method '%s' of '%s' objects>", name_of(as_descriptor(self)),
                          owner_name(as_descriptor(self)));
}

static trv_object *wrapper_repr(trv_object *self)
{
    return trv_str_printf("<slot wrapper '%s' of '%s' objects>", name_of(as_descriptor(self)),
                          owner_name(as_descriptor(self)));
}

static trv_object *getset_repr(trv_object *self)
{
    return trv_str_printf("<attribute '%s' of '%s' objects>", name_of(as_descriptor(self)),
                          owner_name(as_descriptor(self)));
}

static trv_object *member_repr(trv_object *self)
{
    return trv_str_printf("<member '%s' of '%s' objects>", name_of(as_descriptor(self)),
                          owner_name(as_descriptor(self)));
}

static trv_object *new_repr(trv_object *self)
{
    return trv_str_printf(
        "<built-in method __new__ of type object at %p>",
        (const void *)(as_descriptor(self)->owner ? as_descriptor(self)->owner->handle : NULL));
}

static trv_object *get_name(const trv_args *args)
{
    return trv_str_new(name_of(as_descriptor(args->self)));
}

static trv_object *get_owner(const trv_args *args)
{
    const struct trv_type *owner = as_descriptor(args->self)->owner;

    return owner ? trv_ref(owner->handle) : trv_none_new();
}

static trv_object *get_qualified_name(const trv_args *args)
{
    return trv_str_printf("%s.%s", owner_name(as_descriptor(args->self)),
                          name_of(as_descriptor(args->self)));
}

/* What follows the ':' of a signature. */
static trv_object *get_doc(const trv_args *args)
{
    const descriptor_t *self = as_descriptor(args->self);
    const char *text = NULL;

    if (self->type == &trv__method_descriptor_type ||
        self->type == &trv__class_method_descriptor_type)
        text = self->method->signature ? strstr(self->method->signature, "): ") : NULL;
    return text ? trv_str_new(text + 3) : trv_none_new();
}

static const struct trv__method attributes[] = {
    {"__name__", NULL, get_name},
    {"__qualname__", NULL, get_qualified_name},
    {"__objclass__", NULL, get_owner},
    {"__doc__", NULL, get_doc},
    {0},
};

/* Methods ----------------------------------------------------------------------------------------- */

static trv_object *method_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    if (!instance)
        return trv_ref(self);
    if (!fits(as_descriptor(self), instance))
        return NULL;
    return trv__method_bind(as_descriptor(self)->method, instance);
}

static bool has_receiver(const trv_object *self, const trv_args *args)
{
    if (args->count && trv__given(args->items[0], "a method"))
        return true;
    if (!args->count)
        trv_raise(trv_TypeError,
                  self->type == &trv__slot_wrapper_type
                      ? "descriptor '%2$s' of '%1$s' object needs an argument"
                      : "unbound method %s.%s() needs an argument",
                  owner_name(as_descriptor(self)), name_of(as_descriptor(self)));
    return false;
}

static trv_object *method_call(trv_object *self, const trv_args *args)
{
    const struct trv__method *method = as_descriptor(self)->method;

    if (!has_receiver(self, args) || !fits(as_descriptor(self), args->items[0]))
        return NULL;
    return trv__method_run(method, args->items[0], args->items + 1, args->count - 1,
                           args->keywords);
}

static trv_object *wrapper_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    if (!instance)
        return trv_ref(self);
    if (!fits(as_descriptor(self), instance))
        return NULL;
    return trv_method_new(self, instance);
}

static trv_object *wrapper_call(trv_object *self, const trv_args *args)
{
    const descriptor_t *wrapper = as_descriptor(self);
    trv_args rest = *args;

    if (!has_receiver(self, args) || !fits(wrapper, args->items[0]))
        return NULL;
    rest.items++;
    rest.count--;
    rest.self = args->items[0];
    return wrapper->slot.dunder->wrap(wrapper, args->items[0], &rest);
}

static trv_object *class_method_get(trv_object *self, trv_object *instance, trv_object *type)
{
    const descriptor_t *method = as_descriptor(self);

    if (!type)
        type = instance->type->handle;
    if (!method->owner || !trv__is_type(type) ||
        !trv__type_derives(trv__type_of_handle(type), method->owner))
        return trv_raise(trv_TypeError,
                         "descriptor '%s' requires a subtype of '%s' but received '%s'",
                         name_of(method), owner_name(method),
                         trv__is_type(type) ? trv__type_of_handle(type)->name : type->type->name);
    return trv__method_bind(method->method, type);
}

/* Attributes -------------------------------------------------------------------------------------- */

static trv_object *getset_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    trv_args args = {instance, NULL, 0, NULL, NULL};

    if (!instance)
        return trv_ref(self);
    return fits(as_descriptor(self), instance) ? as_descriptor(self)->method->entry(&args) : NULL;
}

static int getset_set(trv_object *self, trv_object *instance, trv_object *value)
{
    const descriptor_t *getset = as_descriptor(self);

    if (!fits(getset, instance))
        return -1;
    if (!getset->set)
        return trv_raise_int(trv_AttributeError, "attribute '%s' of '%s' objects is not writable",
                             name_of(getset), owner_name(getset));
    return getset->set(instance, value);
}

static trv_object **member_at(const descriptor_t *self, trv_object *instance)
{
    return (trv_object **)(void *)((char *)instance + self->member.offset);
}

static trv_object *member_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    trv_object *value;

    if (!instance)
        return trv_ref(self);
    if (!fits(as_descriptor(self), instance))
        return NULL;
    value = *member_at(as_descriptor(self), instance);
    if (!value)
        trv__raise_no_attribute(instance, name_of(as_descriptor(self)));
    return trv_ref(value);
}

static int member_set(trv_object *self, trv_object *instance, trv_object *value)
{
    trv_object **place, *before;

    if (!fits(as_descriptor(self), instance))
        return -1;
    place = member_at(as_descriptor(self), instance);
    before = *place;
    if (!value && !before)
        return trv_raise_int(trv_AttributeError, "%s", name_of(as_descriptor(self)));
    *place = trv_ref(value);
    trv_unref(before);
    return 0;
}

static void member_destroy(trv_object *self)
{
    trv_clear(&as_descriptor(self)->member.name);
}

/* __new__ ----------------------------------------------------------------------------------------- */

static trv_object *new_call(trv_object *self, const trv_args *args)
{
    const struct trv_type *owner = as_descriptor(self)->owner, *type, *maker;
    trv_args rest = *args;

    if (!owner)
        return trv_raise(trv_TypeError, "__new__ of a type that has ended");
    if (!args->count)
        return trv_raise(trv_TypeError, "%s.__new__(): not enough arguments", owner->name);
    if (!trv__given(args->items[0], "__new__"))
        return NULL;
    if (!trv__is_type(args->items[0]))
        return trv_raise(trv_TypeError, "%s.__new__(X): X is not a type object (%s)", owner->name,
                         args->items[0]->type->name);
    type = trv__type_of_handle(args->items[0]);
    if (!trv__type_derives(type, owner))
        return trv_raise(trv_TypeError, "%s.__new__(%s): %s is not a subtype of %s", owner->name,
                         type->name, type->name, owner->name);
    maker = trv__type_maker(type);
    if (!maker || maker != trv__type_maker(owner)) {
        const struct trv_type *safe = type;
        while (trv__is_made_by_method(safe))
            safe = safe->base;
        return trv_raise(trv_TypeError, "%s.__new__(%s) is not safe, use %s.__new__()", owner->name,
                         type->name, safe->name);
    }
    rest.items++;
    rest.count--;
    return trv__construct(maker, type, &rest);
}

/* Making ------------------------------------------------------------------------------------------ */

trv_object *trv__slot_wrapper_new(const struct trv_type *owner, const struct trv__dunder *dunder,
                                  void (*function)(void))
{
    descriptor_t *self = make(&trv__slot_wrapper_type, owner);

    if (!self)
        return NULL;
    self->slot.dunder = dunder;
    self->slot.function = function;
    return (trv_object *)self;
}

trv_object *trv__member_new(const struct trv_type *owner, trv_object *name, uint32_t offset)
{
    descriptor_t *self = make(&trv__member_type, owner);

    if (!self)
        return NULL;
    self->member.name = trv_ref(name);
    self->member.offset = offset;
    return (trv_object *)self;
}

static trv_object *of_table(const struct trv_type *type, const struct trv_type *owner,
                            const struct trv__method *method)
{
    descriptor_t *self = make(type, owner);

    if (self)
        self->method = method;
    return (trv_object *)self;
}

trv_object *trv__getset_new(const struct trv_type *owner, const struct trv__method *method,
                            int (*set)(trv_object *self, trv_object *value))
{
    trv_object *self = of_table(&trv__getset_type, owner, method);

    if (self)
        as_descriptor(self)->set = set;
    return self;
}

static int enter(trv_object *dict, const char *name, trv_object *made)
{
    trv_auto trv_object *descriptor = made;
    trv_auto trv_object *str = made ? trv_str_new(name) : NULL;
    trv_auto trv_object *interned = str ? trv_intern(str) : NULL;

    return interned ? trv_dict_set(dict, interned, descriptor) : -1;
}

static int (*find_setter(const struct trv_type *type, const char *name))(trv_object *, trv_object *)
{
    for (const struct trv__setter *s = type->setters; s && s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s->set;
    return NULL;
}

static trv_object *make_entry(const struct trv_type *type, const struct trv__method *method,
                              int (*set)(trv_object *self, trv_object *value))
{
    return method->signature ? of_table(&trv__method_descriptor_type, type, method)
                             : trv__getset_new(type, method, set);
}

int trv__methods_enter(const struct trv_type *type, const trv_method *methods, trv_object *dict)
{
    for (const trv_method *m = methods; m && m->name; m++) {
        const struct trv__method *method = (const struct trv__method *)(const void *)m;
        if (enter(dict, m->name, make_entry(type, method, m->set)) < 0)
            return -1;
    }
    return 0;
}

int trv__descriptors_enter(const struct trv_type *type, trv_object *dict)
{
    for (const struct trv__method *m = type->methods; m && m->name; m++)
        if (enter(dict, m->name, make_entry(type, m, find_setter(type, m->name))) < 0)
            return -1;
    for (const struct trv__method *m = type->class_methods; m && m->name; m++)
        if (enter(dict, m->name, of_table(&trv__class_method_descriptor_type, type, m)) < 0)
            return -1;
    if (!type->construct)
        return 0;
    return enter(dict, "__new__", (trv_object *)make(&trv__new_type, type));
}

const struct trv__descriptor *trv__as_slot_wrapper(const trv_object *found)
{
    return found->type == &trv__slot_wrapper_type ? as_descriptor(found) : NULL;
}

static bool is_descriptor(const trv_object *object)
{
    const struct trv_type *type = object->type;

    return type == &trv__method_descriptor_type || type == &trv__slot_wrapper_type ||
           type == &trv__getset_type || type == &trv__member_type ||
           type == &trv__class_method_descriptor_type || type == &trv__new_type;
}

bool trv__is_native(const trv_object *found, const struct trv_type *owner)
{
    const struct trv_type *of = is_descriptor(found) ? as_descriptor(found)->owner : NULL;

    return of && (owner ? of == owner : !trv__is_heap_type(of));
}

bool trv__is_descriptor_of(const trv_object *object, const struct trv_type *type)
{
    return is_descriptor(object) && as_descriptor(object)->owner == type;
}

static void part(trv_object *object, const struct trv_type *type)
{
    if (trv__is_descriptor_of(object, type))
        as_descriptor(object)->owner = NULL;
}

void trv__descriptors_part(const struct trv_type *type, trv_object *dict, trv_object *kept)
{
    size_t position = 0, count = 0;
    trv_object *value, *const *items = kept ? trv__list_items(kept, &count) : NULL;

    for (size_t i = 0; i < count; i++)
        part(items[i], type);
    while (trv_dict_next(dict, &position, NULL, &value) > 0) {
        part(value, type);
        trv_unref(value);
    }
}

/* The types --------------------------------------------------------------------------------------- */

static trv_object *no_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

#define TYPE(variable, type_name, more, ...)                                                       \
    static TRV__READ_ONLY trv_object variable##_handle[1];                                         \
    TRV__READ_ONLY struct trv_type variable = {                                                    \
        .handle = variable##_handle,                                                               \
        .name = type_name,                                                                         \
        .base = &trv__object_type,                                                                 \
        .instance_bytes = sizeof(descriptor_t),                                                    \
        .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | (more),                                        \
        .construct = no_construct,                                                                 \
        .methods = attributes,                                                                     \
        .slots = {__VA_ARGS__},                                                                    \
    };                                                                                             \
    static TRV__READ_ONLY trv_object variable##_handle[1] = {TRV__TYPE_HANDLE(variable)}

TYPE(trv__method_descriptor_type, "method_descriptor", TRV__TYPE_METHOD, .repr = method_repr,
     .call = method_call, .get = method_get);
TYPE(trv__slot_wrapper_type, "wrapper_descriptor", TRV__TYPE_METHOD, .repr = wrapper_repr,
     .call = wrapper_call, .get = wrapper_get);
TYPE(trv__class_method_descriptor_type, "classmethod_descriptor", 0, .repr = method_repr,
     .get = class_method_get);
TYPE(trv__getset_type, "getset_descriptor", 0, .repr = getset_repr, .get = getset_get,
     .set = getset_set);
TYPE(trv__member_type, "member_descriptor", 0, .repr = member_repr, .get = member_get,
     .set = member_set, .destroy = member_destroy);
TYPE(trv__new_type, "builtin_function_or_method", 0, .repr = new_repr, .call = new_call);
