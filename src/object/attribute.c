/* SPDX-License-Identifier: MIT */
/*
 * Attributes: first the type's getattr and setattr slots, then the tables of methods of the type
 * and of those it derives from.
 *
 * A table entry with a signature is a method, and comes out as a function that knows its receiver.
 * An entry without one is an attribute that is computed; it cannot be set. Methods of a type itself
 * stand in a table of their own; a type and its instances have them, and they know the type.
 */
#include "object/object.h"

static const struct trv__method *find_in(const struct trv__method *methods, const char *name)
{
    for (const struct trv__method *m = methods; m && m->name; m++)
        if (m->name[0] == name[0] && strcmp(m->name, name) == 0)
            return m;
    return NULL;
}

static const struct trv__method *find_method(const struct trv_type *type, const char *name)
{
    const struct trv__method *found = NULL;

    for (; type && !found; type = type->base)
        found = find_in(type->methods, name);
    return found;
}

/* A method of a type itself, as "from_bytes" of int. */
static const struct trv__method *find_class_method(const struct trv_type *type, const char *name)
{
    const struct trv__method *found = NULL;

    for (; type && !found; type = type->base)
        found = find_in(type->class_methods, name);
    return found;
}

static int raise_no_attribute(trv_object *object, const char *name)
{
    if (trv__is_type(object))
        return trv_raise_int(trv_AttributeError, "type object '%s' has no attribute '%s'",
                             trv__type_of_handle(object)->name, name);
    return trv_raise_int(trv_AttributeError, "'%s' object has no attribute '%s'",
                         object->type->name, name);
}

static trv_object *get_from_table(trv_object *object, const char *name)
{
    const struct trv__method *method = find_method(object->type, name);
    trv_args args = {object, NULL, 0, NULL, NULL};

    if (!method) {
        const struct trv_type *type =
            trv__is_type(object) ? trv__type_of_handle(object) : object->type;
        method = find_class_method(type, name);
        if (method)
            return trv__method_bind(method, type->handle);
        raise_no_attribute(object, name);
        return NULL;
    }
    return method->signature ? trv__method_bind(method, object) : method->entry(&args);
}

static bool name_given(const trv_object *object, const char *name, const char *function)
{
    if (!trv__given(object, function))
        return false;
    if (!name)
        trv_raise(trv_SystemError, "%s was given NULL as name", function);
    return name != NULL;
}

trv_object *trv_getattr(trv_object *object, const char *name)
{
    trv_object *value = NULL;
    int found;

    if (!name_given(object, name, "trv_getattr"))
        return NULL;
    if (object->type->slots.getattr) {
        if (trv__enter_recursion(" while getting an attribute") < 0)
            return NULL;
        found = object->type->slots.getattr(object, name, &value);
        if (found == 1)
            return value;
        if (found < 0)
            return NULL;
    }
    return get_from_table(object, name);
}

static int change(trv_object *object, const char *name, trv_object *value)
{
    if (object->type->slots.setattr) {
        int answer;
        if (trv__enter_recursion(" while setting an attribute") < 0)
            return -1;
        answer = object->type->slots.setattr(object, name, value);
        if (answer <= 0)
            return answer;
    }
    if (find_method(object->type, name))
        return trv_raise_int(trv_AttributeError, "'%s' object attribute '%s' is read-only",
                             object->type->name, name);
    return raise_no_attribute(object, name);
}

int trv_setattr(trv_object *object, const char *name, trv_object *value)
{
    if (!name_given(object, name, "trv_setattr") || !trv__given(value, "trv_setattr"))
        return -1;
    return change(object, name, value);
}

int trv_delattr(trv_object *object, const char *name)
{
    if (!name_given(object, name, "trv_delattr"))
        return -1;
    return change(object, name, NULL);
}
