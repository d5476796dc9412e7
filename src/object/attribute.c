/* SPDX-License-Identifier: MIT */
/*
 * Attributes: in which order they are looked for, and the calls of methods.
 *
 * What a name means for an object is decided by its type (object/lookup.h). Then, as in Python:
 *   1. a descriptor with `set` found in the type;
 *   2. the object's own attribute (object/instance.c), or what a type's getattr slot knows, which
 *      stands for it in types defined in C, unless a class has the name;
 *   3. what was found in the type: what its `get` makes of it for this object, or itself.
 * Setting goes 1, 2, and fails then. Types look in themselves as well (types/type.c), and classes may
 * have methods for all this (object/dunder.c): get_attribute and set_attribute of struct trv_type.
 */
#include "object/build.h"
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/class.h"

int trv__raise_no_attribute(trv_object *object, const char *name)
{
    if (trv__is_type(object))
        return trv_raise_int(trv_AttributeError, "type object '%s' has no attribute '%s'",
                             trv__type_of_handle(object)->name, name);
    return trv_raise_int(trv_AttributeError, "'%s' object has no attribute '%s'",
                         object->type->name, name);
}

static const char *text_of(trv_object *name)
{
    return trv_str_utf8(name, NULL);
}

/* Getting --------------------------------------------------------------------------------------- */

/* What a getattr slot knows: 1, 0, -1. */
static int get_by_slot(trv_object *object, trv_object *name, trv_object **value)
{
    *value = NULL;
    if (trv__enter_recursion(" while getting an attribute") < 0)
        return -1;
    return object->type->slots.getattr(object, text_of(name), value);
}

static trv_object *get_found(trv_object *found, trv_object *object)
{
    trv_object *value;

    if (!found->type->slots.get)
        return trv_ref(found);
    trv_ref(found); /* the type may lose it meanwhile */
    value = found->type->slots.get(found, object, object->type->handle);
    trv_unref(found);
    return value;
}

trv_object *trv__object_get(trv_object *object, trv_object *name)
{
    const struct trv_type *type = object->type;
    struct trv__cached *place = trv__lookup(type, name);
    trv_object *found, *value;
    enum trv__meaning meaning;
    int there = 0;

    if (UNLIKELY(!place))
        return NULL;
    found = place->found;
    meaning = place->meaning;
    if (meaning == TRV__MEANS_DATA && (!type->slots.getattr || place->from_class))
        return get_found(found, object);
    if (found && (type->slots.getattr || type->attributes_offset)) {
        bool from_class = place->from_class;
        trv_auto trv_object *held = trv_ref(found);
        if (type->attributes_offset)
            there = trv__own_get(object, name, place, &value);
        /* Looking may have run anything, and the object be of another type by now. */
        if (!there && object->type->slots.getattr && !from_class)
            there = get_by_slot(object, name, &value);
        if (there)
            return there < 0 ? NULL : value;
        return get_found(found, object);
    }
    if (found)
        return get_found(found, object);
    if (type->attributes_offset)
        there = trv__own_get(object, name, place, &value);
    if (!there && object->type->slots.getattr)
        there = get_by_slot(object, name, &value);
    if (there)
        return there < 0 ? NULL : value;
    trv__raise_no_attribute(object, text_of(name));
    return NULL;
}

int trv__get_or_not(trv_object *object, trv_object *name, trv_object **value)
{
    *value = trv__get(object, name);
    if (*value)
        return 1;
    if (!trv_error_matches(trv_AttributeError))
        return -1;
    trv_error_clear();
    return 0;
}

/* Setting --------------------------------------------------------------------------------------- */

static int set_found(trv_object *found, trv_object *object, trv_object *value)
{
    int answer;

    trv_ref(found);
    answer = found->type->slots.set(found, object, value);
    trv_unref(found);
    return answer;
}

int trv__object_set(trv_object *object, trv_object *name, trv_object *value)
{
    const struct trv_type *type = object->type;
    const struct trv__cached *place = trv__lookup(type, name);
    bool is_hidden; /* by what stands in a type that has no place for attributes */
    int answer = 1;

    if (!place)
        return -1;
    is_hidden = place->found && !type->attributes_offset;
    if (type->slots.setattr && !place->from_class) {
        if (trv__enter_recursion(" while setting an attribute") < 0)
            return -1;
        answer = type->slots.setattr(object, text_of(name), value);
        if (answer <= 0)
            return answer;
        type = object->type; /* the slot may have run anything */
        if (!(place = trv__lookup(type, name)))
            return -1;
    }
    if (place->meaning == TRV__MEANS_DATA)
        return set_found(place->found, object, value);
    if (type->attributes_offset)
        answer = trv__own_set(object, name, value);
    if (answer <= 0)
        return answer;
    if (is_hidden)
        return trv_raise_int(trv_AttributeError, "'%s' object attribute '%s' is read-only",
                             object->type->name, text_of(name));
    return trv__raise_no_attribute(object, text_of(name));
}

int trv__set(trv_object *object, trv_object *name, trv_object *value)
{
    return object->type->set_attribute ? object->type->set_attribute(object, name, value)
                                       : trv__object_set(object, name, value);
}

/* Calling methods ------------------------------------------------------------------------------- */

trv_object *trv__call_found(trv_object *found, trv_object *self, trv_object *const *items,
                            size_t count, trv_object *keywords)
{
    trv_auto trv_object *held = trv_ref(found);
    trv_auto trv_object *bound = NULL;

    if (found->type->flags & TRV__TYPE_METHOD)
        return trv__call_prefixed(found, self, items, count, keywords);
    if (!found->type->slots.get)
        return trv_call_array(found, items, count, keywords);
    bound = found->type->slots.get(found, self, self->type->handle);
    return bound ? trv_call_array(bound, items, count, keywords) : NULL;
}

trv_object *trv__call_special(trv_object *self, trv_object *name, trv_object *const *items,
                              size_t count, trv_object *keywords)
{
    trv_object *found;
    int there = trv__type_find(self->type, name, &found);

    if (there > 0)
        return trv__call_found(found, self, items, count, keywords);
    if (there == 0)
        trv_raise(trv_AttributeError, "%s", text_of(name));
    return NULL;
}

trv_object *trv__call_method(trv_object *self, trv_object *name, trv_object *const *items,
                             size_t count, trv_object *keywords)
{
    const struct trv_type *type = self->type;
    trv_auto trv_object *callable = NULL;
    struct trv__cached *place;

    if (!type->get_attribute && !type->slots.getattr) {
        trv_object *value = NULL;
        int own = 0;
        if (!(place = trv__lookup(type, name)))
            return NULL;
        if (place->meaning == TRV__MEANS_METHOD && place->found->type->flags & TRV__TYPE_METHOD) {
            trv_auto trv_object *found = trv_ref(place->found);
            if (type->attributes_offset)
                own = trv__own_get(self, name, place, &value);
            if (own < 0)
                return NULL;
            if (!own)
                return trv__call_prefixed(found, self, items, count, keywords);
            callable = value;
            return trv_call_array(callable, items, count, keywords);
        }
    }
    callable = trv__get(self, name);
    return callable ? trv_call_array(callable, items, count, keywords) : NULL;
}

/* The public interface -------------------------------------------------------------------------- */

static bool name_given(const trv_object *object, const void *name, const char *function)
{
    if (!trv__given(object, function))
        return false;
    if (!name && !trv_error_occurred())
        trv_raise(trv_SystemError, "%s was given NULL as name", function);
    return name != NULL;
}

trv_object *trv_getattr(trv_object *object, const char *name)
{
    trv_auto trv_object *str = NULL;

    if (!name_given(object, name, "trv_getattr") || !(str = trv_ref(trv__name(name))))
        return NULL;
    return trv__get(object, str);
}

static __attribute__((noinline)) trv_object *get_slowly(trv_object *object, trv_object *name)
{
    trv_auto trv_object *interned = NULL;

    if (!name_given(object, name, "trv_getattr_str") || !(interned = trv__name_of(name)))
        return NULL;
    return trv__get(object, interned);
}

/* The way of an attribute that an instance has itself is straight; all else goes the long way. */
trv_object *trv_getattr_str(trv_object *object, trv_object *name)
{
    const struct trv__attributes *own;
    const struct trv__cached *place;
    const struct trv_type *type;
    uint64_t key;

    if (UNLIKELY(!object || !name))
        return get_slowly(object, name);
    type = object->type;
    key = trv__cache_key(type);
    place = trv__cache_place(trv__current->objects, key, name);
    if (UNLIKELY(place->key != key || place->name != name || !place->is_own))
        return get_slowly(object, name);
    own = *(struct trv__attributes *const *)(const void *)((const char *)object +
                                                           type->attributes_offset);
    if (UNLIKELY(!own || place->index >= own->count))
        return get_slowly(object, name);
    return trv_ref(own->values[place->index]);
}

static int change(trv_object *object, const char *name, trv_object *value, const char *function)
{
    trv_auto trv_object *str = NULL;

    if (!name_given(object, name, function) || !(str = trv_ref(trv__name(name))))
        return -1;
    return trv__set(object, str, value);
}

int trv_setattr(trv_object *object, const char *name, trv_object *value)
{
    if (!trv__given(value, "trv_setattr"))
        return -1;
    return change(object, name, value, "trv_setattr");
}

int trv_delattr(trv_object *object, const char *name)
{
    return change(object, name, NULL, "trv_delattr");
}

static int change_str(trv_object *object, trv_object *name, trv_object *value, const char *function)
{
    trv_auto trv_object *interned = NULL;

    if (!name_given(object, name, function) || !(interned = trv__name_of(name)))
        return -1;
    return trv__set(object, interned, value);
}

int trv_setattr_str(trv_object *object, trv_object *name, trv_object *value)
{
    if (!trv__given(value, "trv_setattr_str"))
        return -1;
    return change_str(object, name, value, "trv_setattr_str");
}

int trv_delattr_str(trv_object *object, trv_object *name)
{
    return change_str(object, name, NULL, "trv_delattr_str");
}

int trv_hasattr(trv_object *object, const char *name)
{
    trv_auto trv_object *str = NULL;
    trv_auto trv_object *value = NULL;

    if (!name_given(object, name, "trv_hasattr") || !(str = trv_ref(trv__name(name))))
        return -1;
    return trv__get_or_not(object, str, &value);
}

trv_object *trv_getattr_default(trv_object *object, const char *name, trv_object *fallback)
{
    trv_auto trv_object *str = NULL;
    trv_object *value;
    int there;

    if (!name_given(object, name, "trv_getattr_default") ||
        !trv__given(fallback, "trv_getattr_default") || !(str = trv_ref(trv__name(name))))
        return NULL;
    there = trv__get_or_not(object, str, &value);
    return there ? value : trv_ref(fallback);
}

trv_object *trv_call_method(trv_object *object, const char *name, const char *format, ...)
{
    trv_auto trv_object *str = NULL;
    struct trv__items items;
    trv_object *result;
    va_list arguments;
    int built;

    if (!name_given(object, name, "trv_call_method") || !(str = trv_ref(trv__name(name))))
        return NULL;
    va_start(arguments, format);
    built = trv__build_call(format, &arguments, &items);
    va_end(arguments);
    if (built < 0)
        return NULL;
    result = trv__call_method(object, str, items.items, items.count, NULL);
    trv__items_drop(&items);
    return result;
}

trv_object *trv_call_method_array(trv_object *object, trv_object *name, trv_object *const *items,
                                  size_t count, trv_object *keywords)
{
    trv_auto trv_object *interned = NULL;

    if (!name_given(object, name, "trv_call_method_array") || !(interned = trv__name_of(name)))
        return NULL;
    return trv__call_method(object, interned, items, count, keywords);
}
