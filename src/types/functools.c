/* SPDX-License-Identifier: MIT */
/*
 * wraps, reduce, and the keys of cmp_to_key, which hold a function and an object (held.h).
 */
#include "object/number.h"
#include "types/held.h"

#include "trivet/class.h"
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
    if (from && from->type == &trv__mappingproxy_type) { /* of a class */
        trv_object *plain = trv_call_method(from, "copy", "");
        trv_unref(from);
        if (!(from = plain))
            return -1;
    }
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

/* cmp_to_key ---------------------------------------------------------------------------------- */

static TRV__READ_ONLY struct trv_type key_type;

/* Calling a key that stands for nothing makes one for an object. */
static trv_object *key_call(trv_object *self, const trv_args *args)
{
    if (trv__as_held(self)->keywords || args->count != 1)
        return trv_raise(trv_TypeError, "K() takes exactly one argument (%zu given)", args->count);
    return trv__held_new(&key_type, trv__as_held(self)->function, args->items[0],
                         trv__bool_from(true));
}

static int key_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *function = trv_ref(trv__as_held(self)->function);
    trv_auto trv_object *mine = trv_ref(trv__as_held(self)->items);
    trv_auto trv_object *others = NULL;
    trv_auto trv_object *answer = NULL;
    trv_auto trv_object *zero = trv_int_new(0);

    if (other->type != &key_type)
        return trv_raise_int(trv_TypeError, "other argument must be K instance");
    others = trv_ref(trv__as_held(other)->items);
    if (!function || !mine || !others)
        return trv_raise_int(trv_AttributeError, "object");
    answer = trv_call_array(function, (trv_object *[]){mine, others}, 2, NULL);
    return answer ? trv_compare(answer, zero, op) : -1;
}

static trv_object *key_repr(trv_object *self)
{
    return trv_str_printf("<functools.KeyWrapper object at 0x%zx>", (size_t)(uintptr_t)self);
}

static trv_object *get_key_object(const trv_args *args)
{
    return trv_ref(trv__as_held(args->self)->items);
}

static const struct trv__method key_methods[] = {
    {"obj", NULL, get_key_object},
    {0},
};

static TRV__READ_ONLY trv_object key_handle[1];
TRV__HELD_TYPE(key_type, key_handle, "KeyWrapper", "K(obj): compares by a function of two objects",
               TRV__TYPE_FINAL,
               .slots = {.traverse = trv__held_traverse,
                         .clear = trv__held_clear,
                         .repr = key_repr,
                         .compare = key_compare,
                         .call = key_call},
               .methods = key_methods);
static TRV__READ_ONLY trv_object key_handle[1] = {TRV__TYPE_HANDLE(key_type)};

trv_object *trv_cmp_to_key(trv_object *function)
{
    trv_auto trv_object *none = trv_none_new();

    return trv__given(function, "trv_cmp_to_key") ? trv__held_new(&key_type, function, none, NULL)
                                                  : NULL;
}
