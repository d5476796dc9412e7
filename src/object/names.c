/* SPDX-License-Identifier: MIT */
/*
 * Which names an object has (dir, vars), and its attributes __dict__, __weakref__ and __class__.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/class.h"

/* __dict__ and __weakref__ of instances ------------------------------------------------------------ */

static trv_object *get_dict(const trv_args *args)
{
    return trv_ref(trv__own_dict(args->self));
}

static int set_dict(trv_object *self, trv_object *value)
{
    trv_auto trv_object *empty = NULL;

    if (!value)
        value = empty = trv_dict_new();
    if (!value)
        return -1;
    if (!trv__type_derives(value->type, &trv__dict_type))
        return trv_raise_int(trv_TypeError, "__dict__ must be set to a dictionary, not a '%s'",
                             value->type->name);
    return trv__own_set_dict(self, value);
}

static trv_object *get_weakref(const trv_args *args)
{
    struct trv__weak *weak = trv__weak_first(args->self);

    return weak ? trv_ref((trv_object *)weak) : trv_none_new();
}

static const struct trv__method dict_attribute = {"__dict__", NULL, get_dict};
static const struct trv__method weakref_attribute = {"__weakref__", NULL, get_weakref};

trv_object *trv__dict_attribute_new(const struct trv_type *owner)
{
    return trv__getset_new(owner, &dict_attribute, set_dict);
}

trv_object *trv__weakref_attribute_new(const struct trv_type *owner)
{
    return trv__getset_new(owner, &weakref_attribute, NULL);
}

/* __class__ ------------------------------------------------------------------------------------------ */

/* Whether instances of both types are laid out alike. */
static bool are_alike(const struct trv_type *a, const struct trv_type *b)
{
    const struct trv__heap_type *heap_a, *heap_b;

    while (trv__is_heap_type(a) && trv__is_heap_type(b) && a != b) {
        heap_a = trv__heap_type_of(a);
        heap_b = trv__heap_type_of(b);
        if (!heap_a->is_solid && a->attributes_offset == a->base->attributes_offset)
            a = a->base;
        else if (!heap_b->is_solid && b->attributes_offset == b->base->attributes_offset)
            b = b->base;
        else if (heap_a->is_solid || heap_b->is_solid ||
                 a->attributes_offset != b->attributes_offset)
            return false;
        else {
            a = a->base;
            b = b->base;
        }
    }
    while (trv__is_heap_type(a) && !trv__heap_type_of(a)->is_solid &&
           a->attributes_offset == a->base->attributes_offset)
        a = a->base;
    while (trv__is_heap_type(b) && !trv__heap_type_of(b)->is_solid &&
           b->attributes_offset == b->base->attributes_offset)
        b = b->base;
    return a == b;
}

int trv__set_class(trv_object *object, trv_object *type)
{
    const struct trv_type *from = object->type, *to;

    if (!trv__is_type(type))
        return trv_raise_int(trv_TypeError, "__class__ must be set to a class, not '%s' object",
                             type->type->name);
    to = trv__type_of_handle(type);
    if (!trv__is_heap_type(to) || !trv__is_heap_type(from))
        return trv_raise_int(trv_TypeError, "__class__ assignment only supported for mutable types "
                                            "or ModuleType subclasses");
    if (!are_alike(from, to) || (from->flags ^ to->flags) & TRV__TYPE_CONTAINER ||
        (from->flags ^ to->flags) >> TRV__TYPE_KIND_SHIFT)
        return trv_raise_int(trv_TypeError,
                             "__class__ assignment: '%s' object layout differs from '%s'", to->name,
                             from->name);
    /* The keys are those of the class: under another, they would mean something else. */
    if (from->attributes_offset && *trv__attributes_of(object) && !trv__own_dict(object))
        return -1;
    trv_ref(type);
    object->type = to;
    trv_unref(from->handle);
    return 0;
}

/* dir and vars --------------------------------------------------------------------------------------- */

static trv_object *sorted_keys(trv_object *names)
{
    trv_object *keys = trv_list_from(names);

    if (keys && trv_list_sort(keys, NULL, 0) < 0)
        trv_clear(&keys);
    return keys;
}

/* Adds the names of all types in the order of lookup. Names may be compared by code that changes the order. */
static int add_type_names(trv_object *names, const struct trv_type *type)
{
    trv_auto trv_object *held = trv_ref(type->handle);
    const struct trv_type *at;

    for (size_t n = 0; (at = trv__mro_at(type, n)) != NULL; n++) {
        trv_auto trv_object *dict = trv_ref(trv__type_dict(at));
        if (!dict || trv_dict_update(names, dict) < 0)
            return -1;
    }
    return 0;
}

trv_object *trv__type_dir(const struct trv_type *type)
{
    trv_auto trv_object *names = trv_dict_new();

    return names && add_type_names(names, type) == 0 ? sorted_keys(names) : NULL;
}

trv_object *trv__object_dir(trv_object *object)
{
    trv_auto trv_object *names = trv_dict_new();
    trv_auto trv_object *own = NULL;
    int there = names ? trv__get_or_not(object, trv__dunder(TRV__NAME_dict), &own) : -1;

    if (there < 0 ||
        (there && trv__type_derives(own->type, &trv__dict_type) && trv_dict_update(names, own) < 0))
        return NULL;
    return add_type_names(names, object->type) == 0 ? sorted_keys(names) : NULL;
}

trv_object *trv_dir(trv_object *object)
{
    trv_auto trv_object *answer = NULL;
    trv_object *list;

    if (!trv__given(object, "trv_dir"))
        return NULL;
    answer = trv__call_special(object, trv__dunder(TRV__NAME_dir), NULL, 0, NULL);
    if (!answer || !(list = trv_list_from(answer)))
        return NULL;
    if (trv_list_sort(list, NULL, 0) < 0)
        trv_clear(&list);
    return list;
}

trv_object *trv_vars(trv_object *object)
{
    trv_object *dict;
    int there;

    if (!trv__given(object, "trv_vars"))
        return NULL;
    there = trv__get_or_not(object, trv__dunder(TRV__NAME_dict), &dict);
    if (there)
        return dict;
    return trv_raise(trv_TypeError, "vars() argument must have __dict__ attribute");
}
