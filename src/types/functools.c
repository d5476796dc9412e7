/* SPDX-License-Identifier: MIT */
/*
 * wraps and reduce.
 */
#include "object/object.h"

#include "trivet/functools.h"

/* Gives the wrapper an attribute of the wrapped, if that has it. */
static int copy_attribute(trv_object *wrapper, trv_object *wrapped, const char *name)
{
    trv_auto trv_object *value = trv_getattr(wrapped, name);

    if (value)
        return trv_setattr(wrapper, name, value);
    if (!trv_error_matches(trv_AttributeError))
        return -1;
    trv_error_clear();
    return 0;
}

/* Adds the attributes in the wrapped one's __dict__ to the wrapper's. */
static int copy_dict(trv_object *wrapper, trv_object *wrapped)
{
    trv_auto trv_object *from = trv_getattr(wrapped, "__dict__");
    trv_auto trv_object *to = NULL;

    if (!from && !trv_error_matches(trv_AttributeError))
        return -1;
    trv_error_clear();
    if (!from || !trv__type_derives(from->type, &trv__dict_type))
        return 0;
    to = trv_getattr(wrapper, "__dict__");
    return to ? trv_dict_update(to, from) : -1;
}

trv_object *trv_wraps(trv_object *wrapper, trv_object *wrapped)
{
    static const char *const names[] = {"__module__", "__name__", "__qualname__", "__doc__"};

    if (!trv__given(wrapper, "trv_wraps") || !trv__given(wrapped, "trv_wraps"))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (copy_attribute(wrapper, wrapped, names[i]) < 0)
            return NULL;
    if (copy_dict(wrapper, wrapped) < 0 || trv_setattr(wrapper, "__wrapped__", wrapped) < 0)
        return NULL;
    return trv_ref(wrapper);
}

trv_object *trv_reduce(trv_object *function, trv_object *iterable, trv_object *initial)
{
    trv_auto trv_object *iterator = NULL;
    trv_auto trv_object *result = NULL;

    if (!trv__given(function, "trv_reduce") || !trv__given(iterable, "trv_reduce") ||
        (!initial && trv_error_occurred()))
        return NULL;
    if (!(iterator = trv_iter(iterable)))
        return trv_error_matches(trv_TypeError)
                   ? trv_raise(trv_TypeError, "reduce() arg 2 must support iteration")
                   : NULL;
    result = trv_ref(initial);
    for (;;) {
        trv_auto trv_object *item = NULL;
        trv_object *next;
        int more = trv_next(iterator, &item);
        if (more < 0)
            return NULL;
        if (!more)
            break;
        next = result ? trv_call_array(function, (trv_object *[]){result, item}, 2, NULL)
                      : trv_ref(item);
        trv_unref(result);
        if (!(result = next))
            return NULL;
    }
    return result ? trv_steal(&result)
                  : trv_raise(trv_TypeError, "reduce() of empty iterable with no initial value");
}
