/* SPDX-License-Identifier: MIT */
/*
 * Iteration, and what TRV_FOR is made of.
 *
 * The end is an answer (0), not an exception; a `next` slot that raises StopIteration means the
 * same. TRV_FOR ends when a round leaves an exception pending, so that a failure in its block is
 * not carried through the remaining rounds.
 *
 * A generator's `next` is left with a jump instead of a return (src/stack/switch.h), so it is called in
 * the last place here: TRV__TYPE_EXACT_NEXT says that its answer needs no second look.
 */
#include "object/descriptor.h"
#include "object/lookup.h"

trv_object *trv_iter(trv_object *object)
{
    trv_object *iterator;

    if (!trv__given(object, "trv_iter"))
        return NULL;
    if (!object->type->slots.iter)
        return trv_raise(trv_TypeError, "'%s' object is not iterable", object->type->name);
    iterator = object->type->slots.iter(object);
    if (LIKELY(!iterator || iterator->type->slots.next))
        return iterator;
    trv_raise(trv_TypeError, "iter() returned non-iterator of type '%s'", iterator->type->name);
    trv_unref(iterator);
    return NULL;
}

/* What __length_hint__ of an object says: 0 with *hint set, or -1. */
static int ask_hint(trv_object *object, size_t *hint)
{
    trv_auto trv_object *answer = NULL;
    trv_object *found;
    int64_t length;
    int there = trv__type_find(object->type, trv__dunder(TRV__NAME_length_hint), &found);

    if (there <= 0)
        return there;
    if (!(answer = trv__call_found(found, object, NULL, 0, NULL))) {
        if (!trv_error_matches(trv_TypeError))
            return -1;
        trv_error_clear();
        return 0;
    }
    if (answer == trv_not_implemented)
        return 0;
    if (!trv__type_derives(answer->type, &trv__int_type))
        return trv_raise_int(trv_TypeError, "__length_hint__ must be an integer, not %s",
                             answer->type->name);
    if (trv_int_get(answer, &length) < 0)
        return -1;
    if (length < 0)
        return trv_raise_int(trv_ValueError, "__length_hint__() should return >= 0");
    *hint = (size_t)length;
    return 0;
}

int trv__length_hint(trv_object *object, size_t *hint)
{
    *hint = 0;
    if (object->type->slots.length) {
        if (object->type->slots.length(object, hint) == 0)
            return 0;
        if (!trv_error_matches(trv_TypeError))
            return -1;
        trv_error_clear();
        *hint = 0;
    }
    return ask_hint(object, hint);
}

/* What a `next` slot answered that did not give an item. */
static int next_without_item(int answer)
{
    if (answer < 0 && trv_error_matches(trv_StopIteration)) {
        trv_error_clear();
        return 0;
    }
    return answer;
}

static int raise_no_iterator(const trv_object *object)
{
    return trv_raise_int(trv_TypeError, "'%s' object is not an iterator", object->type->name);
}

int trv_next(trv_object *iterator, trv_object **item)
{
    int answer;

    *item = NULL;
    if (!trv__given(iterator, "trv_next"))
        return -1;
    if (UNLIKELY(!iterator->type->slots.next))
        return raise_no_iterator(iterator);
    if (iterator->type->flags & TRV__TYPE_EXACT_NEXT)
        return iterator->type->slots.next(iterator, item);
    answer = iterator->type->slots.next(iterator, item);
    return LIKELY(answer > 0) ? answer : next_without_item(answer);
}

trv_object *trv_for_begin_(trv_object *iterable)
{
    return trv_iter(iterable);
}

int trv_for_next_(trv_object *iterator, trv_object **item)
{
    int answer;

    trv_clear(item);
    if (!iterator || UNLIKELY(trv__current->context->error) || UNLIKELY(trv__safepoint() < 0))
        return 0;
    if (iterator->type->flags & TRV__TYPE_EXACT_NEXT)
        return iterator->type->slots.next(iterator, item);
    if (UNLIKELY(!iterator->type->slots.next)) /* the block may have taken it from the class */
        return raise_no_iterator(iterator);
    answer = iterator->type->slots.next(iterator, item);
    return LIKELY(answer > 0) ? 1 : next_without_item(answer);
}
