/* SPDX-License-Identifier: MIT */
/*
 * Length, items and membership.
 *
 * Each function finds the slot and words the TypeError when there is none (a type may have __class_getitem__); bounds and keys are the
 * types' own business. Membership of a type without `contains` is found by walking it.
 */
#include "object/descriptor.h"
#include "object/lookup.h"

int trv_len(trv_object *object, size_t *length)
{
    if (!trv__given(object, "trv_len"))
        return -1;
    if (!object->type->slots.length)
        return trv_raise_int(trv_TypeError, "object of type '%s' has no len()", object->type->name);
    return object->type->slots.length(object, length);
}

/* A type is asked for __class_getitem__. */
static trv_object *get_of_type(trv_object *type, trv_object *key)
{
    trv_auto trv_object *method = NULL;
    int there = trv__get_or_not(type, trv__dunder(TRV__NAME_class_getitem), &method);

    if (there > 0)
        return trv_call_array(method, &key, 1, NULL);
    return there < 0 ? NULL
                     : trv_raise(trv_TypeError, "type '%s' is not subscriptable",
                                 trv__type_of_handle(type)->name);
}

trv_object *trv_getitem(trv_object *object, trv_object *key)
{
    if (!trv__given(object, "trv_getitem") || !trv__given(key, "trv_getitem"))
        return NULL;
    if (!object->type->slots.getitem && trv__is_type(object))
        return get_of_type(object, key);
    if (!object->type->slots.getitem)
        return trv_raise(trv_TypeError, "'%s' object is not subscriptable", object->type->name);
    return object->type->slots.getitem(object, key);
}

int trv_setitem(trv_object *object, trv_object *key, trv_object *value)
{
    if (!trv__given(object, "trv_setitem") || !trv__given(key, "trv_setitem") ||
        !trv__given(value, "trv_setitem"))
        return -1;
    if (!object->type->slots.setitem)
        return trv_raise_int(trv_TypeError, "'%s' object does not support item assignment",
                             object->type->name);
    return object->type->slots.setitem(object, key, value);
}

/* What Python tells so in its words: what has a length or can be searched, and all instances of classes. */
static bool is_sequence(const struct trv_type *type)
{
    return type->flags & TRV__TYPE_IN_HEAP || type->slots.length || type->slots.contains;
}

int trv_delitem(trv_object *object, trv_object *key)
{
    if (!trv__given(object, "trv_delitem") || !trv__given(key, "trv_delitem"))
        return -1;
    if (!object->type->slots.setitem)
        return trv_raise_int(trv_TypeError,
                             trv__may_index(key) && is_sequence(object->type)
                                 ? "'%s' object doesn't support item deletion"
                                 : "'%s' object does not support item deletion",
                             object->type->name);
    return object->type->slots.setitem(object, key, NULL);
}

static int contains_by_walking(trv_object *object, trv_object *item)
{
    trv_auto trv_object *iterator = NULL;
    trv_object *other;
    int more, equal = 0;

    if (!object->type->slots.iter)
        return trv_raise_int(trv_TypeError, "argument of type '%s' is not iterable",
                             object->type->name);
    if (!(iterator = trv_iter(object)))
        return -1;
    while (equal == 0 && (more = trv_next(iterator, &other)) != 0) {
        if (more < 0)
            return -1;
        equal = trv__same_or_equal(other, item);
        trv_unref(other);
    }
    return equal;
}

int trv_contains(trv_object *object, trv_object *item)
{
    if (!trv__given(object, "trv_contains") || !trv__given(item, "trv_contains"))
        return -1;
    if (object->type->slots.contains)
        return object->type->slots.contains(object, item);
    return contains_by_walking(object, item);
}
