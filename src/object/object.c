/* SPDX-License-Identifier: MIT */
/*
 * Questions every object answers by itself: its count, its identity, its type; and the checks of
 * arguments that every public function begins with.
 *
 * Nothing here runs code of a user.
 */
#include "object/object.h"

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

/* Whether `type` derives from the type, or from one of the tuple of types, that `bases` is. */
static int derives_from(const struct trv_type *type, trv_object *bases, const char *function)
{
    trv_object *const *items;
    size_t count;

    if (trv__is_type(bases))
        return trv__type_derives(type, trv__type_of_handle(bases));
    if (!trv__type_derives(bases->type, &trv__tuple_type))
        return trv_raise_int(trv_TypeError, "%s() arg 2 must be a type or a tuple of types, not %s",
                             function, bases->type->name);
    if (trv__enter_recursion(" in a tuple of types") < 0)
        return -1;
    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; i < count; i++) {
        int answer = derives_from(type, items[i], function);
        if (answer != 0)
            return answer;
    }
    return 0;
}

int trv_isinstance(trv_object *object, trv_object *type)
{
    if (!trv__given(object, "trv_isinstance") || !trv__given(type, "trv_isinstance"))
        return -1;
    return derives_from(object->type, type, "isinstance");
}

int trv_issubclass(trv_object *type, trv_object *base)
{
    if (!trv__given(type, "trv_issubclass") || !trv__given(base, "trv_issubclass"))
        return -1;
    if (!trv__is_type(type))
        return trv_raise_int(trv_TypeError, "issubclass() arg 1 must be a type, not %s",
                             type->type->name);
    return derives_from(trv__type_of_handle(type), base, "issubclass");
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

int trv__index_get(trv_object *object, int64_t *index)
{
    trv_auto trv_object *zero = NULL;
    int is_negative;

    if (!trv__given(object, "an index"))
        return -1;
    if (!trv__type_derives(object->type, &trv__int_type))
        return trv_raise_int(trv_TypeError, "indices must be integers, not %s", object->type->name);
    if (trv_int_get(object, index) == 0)
        return 0;
    if (!trv_error_matches(trv_OverflowError))
        return -1;
    trv_error_clear();
    if (!(zero = trv_int_new(0)) || (is_negative = trv_compare(object, zero, TRV_LESS)) < 0)
        return -1;
    *index = is_negative ? INT64_MIN : INT64_MAX;
    return 0;
}
