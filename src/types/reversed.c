/* SPDX-License-Identifier: MIT */
/*
 * reversed: what a type's __reversed__ gives, or an iterator over a sequence from its end.
 *
 * The iterator asks for items by index, so that a list that has become shorter meanwhile is at its end.
 */
#include "types/lazy.h"

#include "types/arguments.h"
#include "types/iterator_state.h"
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

/* How many items there are to come: fewer than there were if the sequence has become shorter. 0, or -1. */
static int count_left(trv_object *self, size_t *left)
{
    trv_auto trv_object *sequence = trv_ref(trv__as_lazy(self)->source);
    size_t length;

    *left = 0;
    if (!sequence)
        return 0;
    if (trv_len(sequence, &length) < 0)
        return -1;
    *left = length < trv__as_lazy(self)->left ? 0 : trv__as_lazy(self)->left;
    return 0;
}

static trv_object *reversed_hint(const trv_args *args)
{
    size_t left;

    return trv_parse(args, "") < 0 || count_left(args->self, &left) < 0
               ? NULL
               : trv_int_new_unsigned(left);
}

/* (type, (sequence,), place), while there is a sequence. */
static trv_object *reduce(trv_object *self, trv_object *type)
{
    trv_auto trv_object *sequence = trv_ref(trv__as_lazy(self)->source);
    trv_auto trv_object *place = trv_int_new((int64_t)trv__as_lazy(self)->left - 1);

    return place ? trv__iterator_made(type, sequence, place) : NULL;
}

static trv_object *reversed_reduce(const trv_args *args)
{
    trv_object *type = args->self->type->handle;

    if (trv_parse(args, "") < 0)
        return NULL;
    return trv__as_lazy(args->self)->source ? reduce(args->self, type) : trv_build("(o(()))", type);
}

static trv_object *list_reversed_reduce(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    return trv__as_lazy(args->self)->source ? reduce(args->self, trv_reversed_type)
                                            : trv__iterator_over(trv_list_new());
}

static trv_object *reversed_set_state(const trv_args *args)
{
    trv_auto trv_object *sequence = trv_ref(trv__as_lazy(args->self)->source);
    size_t length = 0;
    int64_t place;

    if ((sequence && trv_len(sequence, &length) < 0) ||
        trv__iterator_state(args, -1, length ? length - 1 : 0, &place) < 0)
        return NULL;
    if (sequence)
        trv__as_lazy(args->self)->left = length ? (size_t)(place + 1) : 0;
    return trv_none_new();
}

static const struct trv__method reversed_methods[] = {
    {TRV__HINT_METHOD, reversed_hint},
    {TRV__REDUCE_METHOD, reversed_reduce},
    {TRV__STATE_METHOD, reversed_set_state},
    {0},
};

static const struct trv__method list_reversed_methods[] = {
    {TRV__HINT_METHOD, reversed_hint},
    {TRV__REDUCE_METHOD, list_reversed_reduce},
    {TRV__STATE_METHOD, reversed_set_state},
    {0},
};

TRV__LAZY_TYPE(reversed_type, trv_reversed_type, "reversed",
               "reversed(sequence): an iterator from the last item to the first", reversed_next,
               reversed_construct, reversed_methods);
TRV__READ_ONLY trv_object trv_reversed_type[1] = {TRV__TYPE_HANDLE(reversed_type)};

static TRV__READ_ONLY trv_object list_handle[1];
TRV__LAZY_TYPE(list_reversed_type, list_handle, "list_reverseiterator", NULL, reversed_next, NULL,
               list_reversed_methods);
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
