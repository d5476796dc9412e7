/* SPDX-License-Identifier: MIT */
/*
 * Slices of lists: getting, replacing and deleting.
 *
 * What is put in is made a list of first, which may run code of users and may change the list that is
 * assigned to; only then is the slice cut to the list's length. From there on nothing runs but ours,
 * until the list is whole again and what was taken out of it is dropped.
 */
#include "types/list.h"
#include "types/slice.h"

typedef struct trv__list_object list_object;

trv_object *trv__list_get_slice(trv_object *object, trv_object *slice)
{
    const list_object *list = trv__as_list(object);
    struct trv__places places;
    list_object *made;

    if (trv__slice_places(slice, &list->count, &places) < 0)
        return NULL;
    made = trv__as_list(trv_list_new());
    if (!made || trv__list_reserve(made, places.count) < 0) {
        trv_unref((trv_object *)made);
        return NULL;
    }
    for (size_t i = 0; i < places.count; i++)
        made->items[i] = trv_ref(list->items[places.start + (int64_t)i * places.step]);
    made->count = places.count;
    return (trv_object *)made;
}

/* Puts `more` items (moved out of there) in the place of `count` ones from `start`, which go to `old`. */
static int exchange_run(list_object *list, size_t start, size_t count, trv_object **more,
                        size_t more_count, trv_object **old)
{
    size_t after = list->count - start - count;

    if (trv__list_reserve(list, start + more_count + after) < 0)
        return -1;
    if (count)
        memcpy(old, list->items + start, count * sizeof *old);
    if (after)
        memmove(list->items + start + more_count, list->items + start + count, after * sizeof *old);
    if (more_count)
        memcpy(list->items + start, more, more_count * sizeof *more);
    list->count = start + more_count + after;
    return 0;
}

/* Exchanges items at places with a step, one for one. */
static int exchange_each(list_object *list, const struct trv__places *places, trv_object **more,
                         size_t more_count, trv_object **old)
{
    if (more_count != places->count)
        return trv_raise_int(trv_ValueError,
                             "attempt to assign sequence of size %zu to extended slice of size %zu",
                             more_count, places->count);
    for (size_t i = 0; i < more_count; i++) {
        int64_t where = places->start + (int64_t)i * places->step;
        old[i] = list->items[where];
        list->items[where] = more[i];
    }
    return 0;
}

/* Takes out items at places with a step, closing the gaps. */
static void take_each(list_object *list, struct trv__places places, trv_object **old)
{
    size_t to, next, taken = 0;

    if (!places.count)
        return;
    if (places.step < 0) {
        places.start += (int64_t)(places.count - 1) * places.step;
        places.step = -places.step;
    }
    to = next = (size_t)places.start;
    for (size_t from = to; from < list->count; from++) {
        if (from != next || taken == places.count) {
            list->items[to++] = list->items[from];
            continue;
        }
        old[taken++] = list->items[from];
        next += (size_t)places.step;
    }
    list->count = to;
}

/* What is assigned, as a list of its own whose items may be moved out. */
static list_object *source_of(trv_object *value, bool is_run)
{
    trv_auto trv_object *iterator = NULL;

    if (!value->type->slots.iter) {
        trv_raise(trv_TypeError, is_run ? "can only assign an iterable"
                                        : "must assign iterable to extended slice");
        return NULL;
    }
    if (value->type == &trv__list_type || value->type == &trv__tuple_type)
        return trv__as_list(trv_list_from(value));
    iterator = trv_iter(value); /* which is asked how much there is, not the value */
    return iterator ? trv__as_list(trv_list_from(iterator)) : NULL;
}

static int change(list_object *list, const struct trv__places *places, list_object *source,
                  trv_object **old)
{
    size_t more = source ? source->count : 0;
    int answer = 0;

    if (places->step == 1)
        answer = exchange_run(list, (size_t)places->start, places->count,
                              source ? source->items : NULL, more, old);
    else if (source)
        answer = exchange_each(list, places, source->items, more, old);
    else
        take_each(list, *places, old);
    if (answer == 0 && source)
        source->count = 0; /* they were moved */
    return answer;
}

int trv__list_set_slice(trv_object *object, trv_object *slice, trv_object *value)
{
    list_object *list = trv__as_list(object), *source = NULL;
    struct trv__places places;
    trv_object **old = NULL;
    int answer = -1;

    if (trv__slice_places(slice, &list->count, &places) < 0)
        return -1;
    if (value && !(source = source_of(value, places.step == 1)))
        return -1;
    if (value && trv__slice_places(slice, &list->count, &places) < 0)
        goto done;
    if (places.count && !(old = trv__allocate(places.count * sizeof *old)))
        goto done;
    answer = change(list, &places, source, old);
    for (size_t i = 0; answer == 0 && i < places.count; i++)
        trv_unref(old[i]);
    trv__free(old, places.count * sizeof *old);
done:
    trv_unref((trv_object *)source);
    return answer;
}
