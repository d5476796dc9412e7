/* SPDX-License-Identifier: MIT */
/*
 * The methods of dict: Python's.
 */
#include "types/dict.h"

static trv_object *method_get(const trv_args *args)
{
    trv_object *key, *fallback = NULL, *value;

    if (trv_parse(args, "o|o", &key, &fallback) < 0 || trv_dict_get(args->self, key, &value) < 0)
        return NULL;
    if (value)
        return value;
    return fallback ? trv_ref(fallback) : trv_none_new();
}

static trv_object *method_keys(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_dict_keys(args->self);
}

static trv_object *method_values(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_dict_values(args->self);
}

static trv_object *method_items(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_dict_items(args->self);
}

static trv_object *method_pop(const trv_args *args)
{
    trv_object *key, *fallback = NULL;
    trv_auto trv_object *own_key = NULL;
    struct trv__table *table = &trv__as_dict(args->self)->table;
    struct trv__place place;
    trv_object *value = NULL;
    int found;

    if (trv_parse(args, "o|o", &key, &fallback) < 0)
        return NULL;
    found = trv__table_find(table, key, &place);
    if (found > 0)
        trv__table_take(table, place, &own_key, &value);
    else if (found == 0 && fallback)
        value = trv_ref(fallback);
    else if (found == 0)
        trv__raise_key_error(key);
    return value;
}

static trv_object *method_popitem(const trv_args *args)
{
    struct trv__table *table = &trv__as_dict(args->self)->table;
    trv_object *entry[2], *pair;

    if (trv_parse(args, "") < 0)
        return NULL;
    if (!table->live)
        return trv_raise(trv_KeyError, "popitem(): dictionary is empty");
    trv__table_take_last(table, &entry[0], &entry[1]);
    pair = trv__tuple_take(entry, 2);
    if (!pair) {
        trv_unref(entry[0]);
        trv_unref(entry[1]);
    }
    return pair;
}

static trv_object *method_setdefault(const trv_args *args)
{
    trv_object *key, *fallback = NULL, *value, *old;
    struct trv__table *table = &trv__as_dict(args->self)->table;
    struct trv__place place;
    int found;

    if (trv_parse(args, "o|o", &key, &fallback) < 0)
        return NULL;
    found = trv__table_find(table, key, &place);
    if (found < 0)
        return NULL;
    if (found)
        return trv_ref(trv__table_entry(table, place.entry)[1]);
    value = fallback ? trv_ref(fallback) : trv_none_new();
    found = trv__table_set(table, key, value, &old);
    if (found >= 0)
        trv__dict_track(trv__as_dict(args->self), key, value);
    if (found == 0)
        trv_unref(old);
    if (found < 0)
        trv_clear(&value);
    return value;
}

static trv_object *method_update(const trv_args *args)
{
    trv_object *other = NULL;

    if (trv_parse(args, "|o", &other) < 0 ||
        (other && trv__dict_update_from(args->self, other) < 0) ||
        (args->keywords && trv__dict_update_from(args->self, args->keywords) < 0))
        return NULL;
    return trv_none_new();
}

static trv_object *method_reversed(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__dict_reversed(args->self);
}

static trv_object *method_clear(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    trv__table_clear(&trv__as_dict(args->self)->table);
    return trv_none_new();
}

static trv_object *method_copy(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__dict_copy(args->self);
}

/* A dict, or what a class makes, which may be anything that items can be set in. */
static trv_object *from_keys(trv_object *type, trv_object *iterable, trv_object *value)
{
    trv_auto trv_object *made = type == trv_dict_type ? trv_dict_new() : trv_call(type, "");
    trv_auto trv_object *iterator = made ? trv_iter(iterable) : NULL;

    while (iterator) {
        trv_auto trv_object *key = NULL;
        int more = trv_next(iterator, &key);
        if (more == 0)
            return trv_steal(&made);
        if (more < 0 || trv_setitem(made, key, value) < 0 || trv__safepoint() < 0)
            return NULL;
    }
    return NULL;
}

static trv_object *class_fromkeys(const trv_args *args)
{
    trv_object *iterable, *value = NULL;

    if (trv_parse(args, "o|o", &iterable, &value) < 0)
        return NULL;
    return from_keys(args->self, iterable, value ? value : trv_none_new() /* immortal */);
}

const struct trv__method trv__dict_class_methods[] = {
    {"fromkeys", "fromkeys(iterable, value=, /): a dict of the items, all with that value",
     class_fromkeys},
    {0},
};

const struct trv__method trv__dict_methods[] = {
    {"__reversed__", "__reversed__(): an iterator from the last key to the first", method_reversed},
    {"clear", "clear(): takes out all entries", method_clear},
    {"copy", "copy(): a dict of the same entries", method_copy},
    {"get", "get(key, default=, /): the value of a key, or default if there is none", method_get},
    {"items", "items(): a view of (key, value)", method_items},
    {"keys", "keys(): a view of the keys", method_keys},
    {"pop", "pop(key, default=, /): takes a key out and gives its value", method_pop},
    {"popitem", "popitem(): takes out the last entry and gives it as (key, value)", method_popitem},
    {"setdefault",
     "setdefault(key, default=, /): the value of a key, which is set if it is not there",
     method_setdefault},
    {"update",
     "update(other=, /, **more): sets all entries of a mapping or of an iterable of pairs",
     method_update},
    {"values", "values(): a view of the values", method_values},
    {0},
};
