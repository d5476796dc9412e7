/* SPDX-License-Identifier: MIT */
/*
 * Questions every object answers by itself: its count, its identity, its type; and the checks of
 * arguments that every public function begins with.
 */
#include "object/descriptor.h"
#include "object/lookup.h"
#include "object/number.h"

int64_t trv_refcount(const trv_object *object)
{
    if (!object)
        return 0;
    return trv__is_immortal(object) ? INT32_MAX : object->refcount;
}

uintptr_t trv_id(const trv_object *object)
{
    return (uintptr_t)object;
}

trv_object *trv_type_of(trv_object *object)
{
    if (!trv__given(object, "trv_type_of"))
        return NULL;
    return trv_ref(object->type->handle);
}

const char *trv_type_name(const trv_object *object)
{
    return object ? object->type->name : "NULL";
}

/* Whether an object can say of itself that it is of another class than its type. 1, 0, -1. */
static int may_pretend(const trv_object *object)
{
    const struct trv_type *type = object->type;
    trv_object *found;

    if (type->slots.getattr || (type->get_attribute && !trv__is_type(object)))
        return 1;
    if (trv__type_find(type, trv__dunder(TRV__NAME_class), &found) < 0)
        return -1;
    return !trv__is_native(found, &trv__object_type);
}

int trv__instance_of(trv_object *object, const struct trv_type *type)
{
    trv_auto trv_object *class = NULL;
    int answer;

    if (trv__type_derives(object->type, type))
        return 1;
    if ((answer = may_pretend(object)) <= 0)
        return answer;
    if ((answer = trv__get_or_not(object, trv__dunder(TRV__NAME_class), &class)) <= 0)
        return answer;
    return trv__is_type(class) && trv__type_derives(trv__type_of_handle(class), type);
}

/* What a class's own __instancecheck__ or __subclasscheck__ says of an object: 1, 0, -1; or TRV_UNKNOWN
 * if it has none. */
static int ask_metaclass(trv_object *class, enum trv__dunder_name name, trv_object *object)
{
    trv_auto trv_object *answer = NULL;
    trv_object *found;
    int there;

    if (class->type == &trv__type_type)
        return TRV_UNKNOWN;
    if ((there = trv__type_find(class->type, trv__dunder(name), &found)) < 0)
        return -1;
    if (!there || trv__is_native(found, NULL))
        return TRV_UNKNOWN;
    if (trv__enter_recursion(" in __instancecheck__") < 0 ||
        !(answer = trv__call_found(found, class, &object, 1, NULL)))
        return -1;
    return trv_truth(answer);
}

/* Whether an object is of a type, or derives from it, or from one of a tuple. */
static int belongs(trv_object *object, trv_object *classes, enum trv__dunder_name name)
{
    trv_object *const *items;
    size_t count;
    int answer;

    if (!trv__type_derives(classes->type, &trv__tuple_type)) {
        answer = ask_metaclass(classes, name, object);
        if (answer != TRV_UNKNOWN)
            return answer;
        if (trv__is_type(classes) && name == TRV__NAME_instancecheck)
            return trv__instance_of(object, trv__type_of_handle(classes));
        if (trv__is_type(classes))
            return trv__type_derives(trv__type_of_handle(object), trv__type_of_handle(classes));
        return trv_raise_int(trv_TypeError,
                             name == TRV__NAME_instancecheck
                                 ? "isinstance() arg 2 must be a type, a tuple of types, or a union"
                                 : "issubclass() arg 2 must be a class, a tuple of classes, or a "
                                   "union");
    }
    if (trv__enter_recursion(" in a tuple of types") < 0)
        return -1;
    items = trv__tuple_items(classes, &count);
    for (size_t i = 0; i < count; i++)
        if ((answer = belongs(object, items[i], name)) != 0)
            return answer;
    return 0;
}

int trv_isinstance(trv_object *object, trv_object *type)
{
    if (!trv__given(object, "trv_isinstance") || !trv__given(type, "trv_isinstance"))
        return -1;
    if (object->type->handle == type)
        return 1;
    return belongs(object, type, TRV__NAME_instancecheck);
}

int trv_issubclass(trv_object *type, trv_object *base)
{
    if (!trv__given(type, "trv_issubclass") || !trv__given(base, "trv_issubclass"))
        return -1;
    if (!trv__is_type(type))
        return trv_raise_int(trv_TypeError, "issubclass() arg 1 must be a class");
    return belongs(type, base, TRV__NAME_subclasscheck);
}

bool trv__given(const void *argument, const char *function)
{
    if (LIKELY(argument))
        return true;
    if (!trv__current->context->error)
        trv_raise(trv_SystemError, "%s was given NULL, and no exception is pending", function);
    return false;
}

int trv__raise_wrong_type(const trv_object *object, const struct trv_type *type,
                          const char *function)
{
    if (!trv__given(object, function))
        return -1;
    return trv_raise_int(trv_TypeError, "%s needs a %s, not %s", function, type->name,
                         object->type->name);
}

static trv_object *index_object(trv_object *object, const char *message)
{
    if (trv__type_derives(object->type, &trv__int_type))
        return trv_ref(object);
    if (object->type->slots.index)
        return object->type->slots.index(object);
    return trv_raise(trv_TypeError, message, object->type->name);
}

trv_object *trv__index_object(trv_object *object)
{
    return index_object(object, "'%s' object cannot be interpreted as an integer");
}

int trv__index_of(trv_object *object, int64_t *value)
{
    trv_auto trv_object *integer = trv__index_object(object);

    return integer ? trv_int_get(integer, value) : -1;
}

int trv__index_get(trv_object *object, int64_t *index)
{
    trv_auto trv_object *zero = NULL;
    trv_auto trv_object *integer = NULL;
    int is_negative;

    if (!trv__given(object, "an index") ||
        !(integer = index_object(object, "indices must be integers, not %s")))
        return -1;
    if (trv_int_get(integer, index) == 0)
        return 0;
    if (!trv_error_matches(trv_OverflowError))
        return -1;
    trv_error_clear();
    if (!(zero = trv_int_new(0)) || (is_negative = trv_compare(integer, zero, TRV_LESS)) < 0)
        return -1;
    *index = is_negative ? INT64_MIN : INT64_MAX;
    return 0;
}
