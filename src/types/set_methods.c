/* SPDX-License-Identifier: MIT */
/*
 * The methods of set and frozenset. Where an operator wants a set, the method of that meaning takes any iterable,
 * and mostly any number of them.
 *
 * Those that take items out because of others make the new content beside the set and exchange the
 * two at the end, so that a failure leaves the set as it was.
 */
#include "types/set.h"

static trv_object *none_unless(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

/* Where a method takes no arguments. */
static bool alone(const trv_args *args)
{
    return trv_parse(args, "") == 0;
}

/* One of the operations with each of the arguments in turn, from a copy of the set on. */
static trv_object *fold(const trv_args *args, trv_object *(*step)(trv_object *, trv_object *))
{
    trv_auto trv_object *made = trv__set_copy(args->self);

    for (size_t i = 0; made && i < args->count; i++) {
        trv_object *next = step(made, args->items[i]);
        trv_unref(made);
        made = next;
    }
    return trv_steal(&made);
}

static trv_object *step_union(trv_object *set, trv_object *other)
{
    return trv__set_update_from(set, other) < 0 ? NULL : trv_ref(set);
}

static trv_object *step_intersection(trv_object *set, trv_object *other)
{
    trv_auto trv_object *others = trv__set_of(other);

    return others ? trv__set_select(set, others, 1) : NULL;
}

static trv_object *step_difference(trv_object *set, trv_object *other)
{
    trv_auto trv_object *others = trv__set_of(other);

    return others ? trv__set_select(set, others, 0) : NULL;
}

static trv_object *method_union(const trv_args *args)
{
    return fold(args, step_union);
}

static trv_object *method_intersection(const trv_args *args)
{
    return fold(args, step_intersection);
}

static trv_object *method_difference(const trv_args *args)
{
    return fold(args, step_difference);
}

static trv_object *method_symmetric_difference(const trv_args *args)
{
    trv_object *other;
    trv_auto trv_object *others = NULL;
    trv_auto trv_object *made = NULL;

    if (trv_parse(args, "o", &other) < 0 || !(others = trv__set_of(other)) ||
        !(made = trv__set_copy(args->self)) || trv__set_toggle(made, others) < 0)
        return NULL;
    return trv_steal(&made);
}

/* Gives the set the content of another, which is dropped. */
static trv_object *take_content(trv_object *set, trv_object *made)
{
    if (!made)
        return NULL;
    trv__set_replace(set, made);
    trv_unref(made);
    return trv_none_new();
}

static trv_object *method_update(const trv_args *args)
{
    for (size_t i = 0; i < args->count; i++)
        if (trv__set_update_from(args->self, args->items[i]) < 0)
            return NULL;
    return trv_none_new();
}

static trv_object *method_intersection_update(const trv_args *args)
{
    return take_content(args->self, fold(args, step_intersection));
}

/* Takes out one item after the other: those before one that cannot be hashed are gone, as in Python. */
static int discard_all(trv_object *set, trv_object *iterable)
{
    trv_auto trv_object *iterator = iterable == set ? NULL : trv_iter(iterable);

    if (!iterator)
        return iterable == set ? trv_set_clear(set) : -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        int answer = trv_next(iterator, &item);
        if (answer <= 0)
            return answer;
        if (trv__set_drop(set, item) < 0)
            return -1;
    }
}

static trv_object *method_difference_update(const trv_args *args)
{
    for (size_t i = 0; i < args->count; i++)
        if (discard_all(args->self, args->items[i]) < 0)
            return NULL;
    return trv_none_new();
}

static trv_object *method_symmetric_difference_update(const trv_args *args)
{
    return take_content(args->self, method_symmetric_difference(args));
}

static trv_object *method_issubset(const trv_args *args)
{
    trv_object *other;
    trv_auto trv_object *others = NULL;
    int within;

    if (trv_parse(args, "o", &other) < 0 || !(others = trv__set_of(other)))
        return NULL;
    within = trv__set_within(args->self, others);
    return within < 0 ? NULL : trv_bool_new(within);
}

static int meets(trv_object *set, trv_object *iterable, int wanted)
{
    return trv__meets(iterable, set, trv__set_has, wanted);
}

static trv_object *method_issuperset(const trv_args *args)
{
    trv_object *other;
    int misses = trv_parse(args, "o", &other) < 0 ? -1 : meets(args->self, other, 0);

    return misses < 0 ? NULL : trv_bool_new(!misses);
}

static trv_object *method_isdisjoint(const trv_args *args)
{
    trv_object *other;
    int hits = trv_parse(args, "o", &other) < 0 ? -1 : meets(args->self, other, 1);

    return hits < 0 ? NULL : trv_bool_new(!hits);
}

static trv_object *method_add(const trv_args *args)
{
    trv_object *item;

    return trv_parse(args, "o", &item) < 0 ? NULL : none_unless(trv_set_add(args->self, item));
}

static trv_object *method_remove(const trv_args *args)
{
    trv_object *item;

    return trv_parse(args, "o", &item) < 0 ? NULL : none_unless(trv_set_remove(args->self, item));
}

static trv_object *method_discard(const trv_args *args)
{
    trv_object *item;

    return trv_parse(args, "o", &item) < 0 ? NULL : none_unless(trv_set_discard(args->self, item));
}

static trv_object *method_pop(const trv_args *args)
{
    trv_object *item;

    if (!alone(args))
        return NULL;
    if (!trv__as_set(args->self)->table.live)
        return trv_raise(trv_KeyError, "pop from an empty set");
    trv__table_take_last(&trv__as_set(args->self)->table, &item, NULL);
    return item;
}

static trv_object *method_clear(const trv_args *args)
{
    return alone(args) ? none_unless(trv_set_clear(args->self)) : NULL;
}

static trv_object *method_copy(const trv_args *args)
{
    return alone(args) ? trv__set_copy(args->self) : NULL;
}

static trv_object *method_copy_frozen(const trv_args *args)
{
    if (!alone(args))
        return NULL;
    return args->self->type == &trv__frozenset_type ? trv_ref(args->self)
                                                    : trv__set_copy(args->self);
}

const struct trv__method trv__set_methods[] = {
    {"add", "add(item, /): adds an item", method_add},
    {"clear", "clear(): takes out all items", method_clear},
    {"copy", "copy(): a set of the same items", method_copy},
    {"difference", "difference(*others): the items that are in none of the others",
     method_difference},
    {"difference_update", "difference_update(*others): takes out what is in one of the others",
     method_difference_update},
    {"discard", "discard(item, /): takes an item out if it is there", method_discard},
    {"intersection", "intersection(*others): the items that are in all of the others",
     method_intersection},
    {"intersection_update", "intersection_update(*others): keeps what is in all of the others",
     method_intersection_update},
    {"isdisjoint", "isdisjoint(other, /): whether no item is in the other", method_isdisjoint},
    {"issubset", "issubset(other, /): whether all items are in the other", method_issubset},
    {"issuperset", "issuperset(other, /): whether all items of the other are in it",
     method_issuperset},
    {"pop", "pop(): takes an item out, the one that was added last", method_pop},
    {"remove", "remove(item, /): takes an item out, which must be there", method_remove},
    {"symmetric_difference", "symmetric_difference(other, /): the items that are in one of the two",
     method_symmetric_difference},
    {"symmetric_difference_update",
     "symmetric_difference_update(other, /): takes out what is in both, adds what is in the other",
     method_symmetric_difference_update},
    {"union", "union(*others): the items that are in it or in one of the others", method_union},
    {"update", "update(*others): adds all items of the others", method_update},
    {0},
};

const struct trv__method trv__frozenset_methods[] = {
    {"copy", "copy(): itself", method_copy_frozen},
    {"difference", "difference(*others): the items that are in none of the others",
     method_difference},
    {"intersection", "intersection(*others): the items that are in all of the others",
     method_intersection},
    {"isdisjoint", "isdisjoint(other, /): whether no item is in the other", method_isdisjoint},
    {"issubset", "issubset(other, /): whether all items are in the other", method_issubset},
    {"issuperset", "issuperset(other, /): whether all items of the other are in it",
     method_issuperset},
    {"symmetric_difference", "symmetric_difference(other, /): the items that are in one of the two",
     method_symmetric_difference},
    {"union", "union(*others): the items that are in it or in one of the others", method_union},
    {0},
};
