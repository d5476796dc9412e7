/* SPDX-License-Identifier: MIT */
/*
 * What walks an iterable and answers: sorted, sum, min, max, any, all, next with a default.
 *
 * Each round is a safepoint. The iterators are in lazy.c and reversed.c, the objects to be called in
 * builtin_functions.c.
 */
#include "object/object.h"

#include "trivet/builtins.h"

trv_object *trv_sorted(trv_object *iterable, trv_object *key, int reverse)
{
    trv_auto trv_object *list = NULL;

    if (!trv__given(iterable, "trv_sorted") || (!key && trv_error_occurred()) ||
        !(list = trv_list_from(iterable)) || trv_list_sort(list, key, reverse) < 0)
        return NULL;
    return trv_steal(&list);
}

/* Why a start cannot be added to. */
static const char *refusal(const trv_object *start)
{
    if (trv__type_derives(start->type, &trv__str_type))
        return "sum() can't sum strings [use ''.join(seq) instead]";
    if (trv__type_derives(start->type, &trv__bytes_type))
        return "sum() can't sum bytes [use b''.join(seq) instead]";
    if (strcmp(start->type->name, "bytearray") == 0)
        return "sum() can't sum bytearray [use b''.join(seq) instead]";
    return NULL;
}

trv_object *trv_sum(trv_object *iterable, trv_object *start)
{
    trv_auto trv_object *iterator = NULL;
    trv_auto trv_object *total = NULL;

    if (!trv__given(iterable, "trv_sum") || (!start && trv_error_occurred()) ||
        !(iterator = trv_iter(iterable)))
        return NULL;
    if (start && refusal(start))
        return trv_raise(trv_TypeError, "%s", refusal(start));
    total = start ? trv_ref(start) : trv_int_new(0);
    for (;;) {
        trv_auto trv_object *item = NULL;
        trv_object *sum;
        int more = trv_next(iterator, &item);
        if (more <= 0)
            return more < 0 ? NULL : trv_steal(&total);
        sum = trv_add(total, item);
        trv_unref(total);
        total = sum;
        if (!total || trv__safepoint() < 0)
            return NULL;
    }
}

/* Puts an item in the place of the best one if it is better, by their keys. */
static int consider(trv_object *item, trv_object *key, trv_comparison op, trv_object **best,
                    trv_object **best_rank)
{
    trv_auto trv_object *rank = key ? trv_call_array(key, &item, 1, NULL) : trv_ref(item);
    int is_better = !rank ? -1 : *best ? trv_compare(rank, *best_rank, op) : 1;

    if (is_better <= 0)
        return is_better;
    trv_unref(*best_rank);
    *best_rank = trv_steal(&rank);
    trv_unref(*best);
    *best = trv_ref(item);
    return 0;
}

static trv_object *best_of(trv_object *iterable, trv_object *key, trv_object *fallback,
                           trv_comparison op, const char *name)
{
    trv_auto trv_object *iterator = NULL;
    trv_auto trv_object *best = NULL;
    trv_auto trv_object *rank = NULL;
    int more;

    if (!trv__given(iterable, name) || ((!key || !fallback) && trv_error_occurred()) ||
        !(iterator = trv_iter(iterable)))
        return NULL;
    for (;;) {
        trv_auto trv_object *item = NULL;
        if ((more = trv_next(iterator, &item)) <= 0)
            break;
        if (consider(item, key, op, &best, &rank) < 0 || trv__safepoint() < 0)
            return NULL;
    }
    if (more < 0)
        return NULL;
    if (best)
        return trv_steal(&best);
    return fallback ? trv_ref(fallback)
                    : trv_raise(trv_ValueError, "%s() arg is an empty sequence", name);
}

trv_object *trv_min(trv_object *iterable, trv_object *key, trv_object *fallback)
{
    return best_of(iterable, key, fallback, TRV_LESS, "min");
}

trv_object *trv_max(trv_object *iterable, trv_object *key, trv_object *fallback)
{
    return best_of(iterable, key, fallback, TRV_GREATER, "max");
}

/* Whether an item is as true as is wanted: 1, 0, -1. */
static int find_truth(trv_object *iterable, int wanted)
{
    trv_auto trv_object *iterator = trv_iter(iterable);

    if (!iterator)
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        int answer = trv_next(iterator, &item);
        if (answer <= 0)
            return answer;
        answer = trv_truth(item);
        if (answer < 0 || answer == wanted)
            return answer < 0 ? -1 : 1;
        if (trv__safepoint() < 0)
            return -1;
    }
}

int trv_any(trv_object *iterable)
{
    return find_truth(iterable, 1);
}

int trv_all(trv_object *iterable)
{
    int found = find_truth(iterable, 0);

    return found < 0 ? -1 : !found;
}

trv_object *trv_next_or(trv_object *iterator, trv_object *fallback)
{
    trv_object *item;
    int more;

    if (!fallback && trv_error_occurred())
        return NULL;
    more = trv_next(iterator, &item);
    if (more)
        return item;
    return fallback ? trv_ref(fallback) : trv_raise(trv_StopIteration, NULL);
}
