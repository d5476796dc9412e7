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
#include "object/object.h"

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

/* What a `next` slot answered that did not give an item. */
static int next_without_item(int answer)
{
    if (answer < 0 && trv_error_matches(trv_StopIteration)) {
        trv_error_clear();
        return 0;
    }
    return answer;
}

int trv_next(trv_object *iterator, trv_object **item)
{
    int answer;

    *item = NULL;
    if (!trv__given(iterator, "trv_next"))
        return -1;
    if (UNLIKELY(!iterator->type->slots.next))
        return trv_raise_int(trv_TypeError, "'%s' object is not an iterator", iterator->type->name);
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
    answer = iterator->type->slots.next(iterator, item);
    return LIKELY(answer > 0) ? 1 : next_without_item(answer);
}
