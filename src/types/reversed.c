/* SPDX-License-Identifier: MIT */
/*
 * reversed: what a type's __reversed__ gives, or an iterator over a sequence from its end.
 *
 * The iterator asks for items by index, so that a list that has become shorter meanwhile is at its end.
 */
#include "types/lazy.h"

#include "types/arguments.h"
#include "types/list.h"

#include "trivet/builtins.h"

static int reversed_next(trv_object *self, trv_object **item)
{
    struct trv__lazy *lazy = trv__as_lazy(self);
    trv_auto trv_object *sequence = trv_ref(lazy->source);
    trv_auto trv_object *index = NULL;

    *item = NULL;
    if (!sequence || !lazy->left)
        return trv__lazy_end(self);
    if (!(index = trv_int_new_unsigned(--lazy->left)))
        return -1;
    *item = trv_getitem(sequence, index);
    if (*item)
        return 1;
    if (!trv_error_matches(trv_IndexError) && !trv_error_matches(trv_StopIteration))
        return -1;
    trv_error_clear();
    return trv__lazy_end(self);
}

static trv_object *from_end(const struct trv_type *type, trv_object *sequence)
{
    trv_object *made;
    size_t length;

    if (trv_len(sequence, &length) < 0 || !(made = trv__lazy_new(type, NULL, sequence)))
        return NULL;
    trv__as_lazy(made)->left = length;
    return made;
}

static trv_object *reversed_construct(const struct trv_type *type, const trv_args *args)
{
    if (args->keywords && trv_truth(args->keywords) > 0)
        return trv_raise(trv_TypeError, "reversed() takes no keyword arguments");
    if (args->count != 1)
        return trv_raise(trv_TypeError, "reversed expected 1 argument, got %zu", args->count);
    if (type->handle != trv_reversed_type)
        return from_end(type, args->items[0]);
    return trv_reversed(args->items[0]);
}

TRV__LAZY_TYPE(reversed_type, trv_reversed_type, "reversed",
               "reversed(sequence): an iterator from the last item to the first", reversed_next,
               reversed_construct);
TRV__READ_ONLY trv_object trv_reversed_type[1] = {TRV__TYPE_HANDLE(reversed_type)};

static TRV__READ_ONLY trv_object list_handle[1];
TRV__LAZY_TYPE(list_reversed_type, list_handle, "list_reverseiterator", NULL, reversed_next, NULL);
static TRV__READ_ONLY trv_object list_handle[1] = {TRV__TYPE_HANDLE(list_reversed_type)};

trv_object *trv__list_reversed(trv_object *list)
{
    return from_end(&list_reversed_type, list);
}

trv_object *trv_reversed(trv_object *sequence)
{
    trv_auto trv_object *method = NULL;
    const trv_slots *slots;

    if (!trv__given(sequence, "trv_reversed"))
        return NULL;
    slots = &sequence->type->slots;
    method = trv_getattr(sequence, "__reversed__");
    if (method && !trv_is_none(method))
        return trv_call_array(method, NULL, 0, NULL);
    if (!method && !trv_error_matches(trv_AttributeError))
        return NULL;
    trv_error_clear();
    if (method || !slots->getitem || !slots->length ||
        trv__type_derives(sequence->type, &trv__dict_type))
        return trv_raise(trv_TypeError, "'%s' object is not reversible", sequence->type->name);
    return from_end(&reversed_type, sequence);
}
