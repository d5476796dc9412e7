/* SPDX-License-Identifier: MIT */
/*
 * WeakKeyDictionary, which does not keep its keys alive, and WeakValueDictionary, which does not keep
 * its values alive.
 *
 * Of the first, `data` maps weak references to values; of the second, keys to weak references that know
 * their key. What is asked of both is written once, over two steps that differ: what stands for a key,
 * and what stands for a value.
 */
#include "types/dict.h"
#include "types/weak_container.h"

static bool is_weak_dict(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__weak_key_dict_type) ||
           trv__type_derives(object->type, &trv__weak_value_dict_type);
}

static bool has_weak_keys(const trv_object *self)
{
    return trv__type_derives(self->type, &trv__weak_key_dict_type);
}

static trv_object *data_of(trv_object *self)
{
    return trv__as_weak_container(self)->data;
}

/* What a key is found by. */
static trv_object *key_to_find(trv_object *self, trv_object *key)
{
    return has_weak_keys(self) ? trv_weakref_new(key, NULL) : trv_ref(key);
}

/* Of a value as it stands in `data`, taken over: the value, or NULL if it has ended. */
static trv_object *value_take(trv_object *self, trv_object *stored)
{
    trv_object *value;

    if (has_weak_keys(self) || !stored)
        return stored;
    value = trv_ref(trv__weakref_referent(stored));
    trv_unref(stored);
    return value;
}

/* The value of a key: 1 with it, 0, -1. */
static int get(trv_object *self, trv_object *key, trv_object **value)
{
    trv_auto trv_object *find = key_to_find(self, key);

    *value = NULL;
    if (!find || trv_dict_get(data_of(self), find, value) < 0)
        return -1;
    *value = value_take(self, *value);
    return *value != NULL;
}

static int set(trv_object *self, trv_object *key, trv_object *value)
{
    trv_object *remover = trv__as_weak_container(self)->remover;
    trv_auto trv_object *reference = has_weak_keys(self)
                                         ? trv_weakref_new(key, remover)
                                         : trv__keyed_reference_new(value, key, remover);

    if (!reference)
        return -1;
    return has_weak_keys(self) ? trv_dict_set(data_of(self), reference, value)
                               : trv_dict_set(data_of(self), key, reference);
}

static int raise_missing(trv_object *self, trv_object *key)
{
    trv_auto trv_object *find = key_to_find(self, key);

    return find ? trv__raise_key_error(find) : -1;
}

/* Whole dicts ------------------------------------------------------------------------------- */

/* A dict of the entries; another mapping as it is. */
static trv_object *snapshot(trv_object *self)
{
    trv_auto trv_object *dict = NULL;
    trv_object *key, *value;
    int status = 0;

    if (!is_weak_dict(self))
        return trv_ref(self);
    if (!(dict = trv_dict_new()))
        return NULL;
    trv__weak_walk_begin(self);
    for (size_t position = 0; status == 0 && trv__weak_walk_next(self, &position, &key, &value);) {
        status = trv_dict_set(dict, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    trv__weak_walk_end(self);
    return status < 0 ? NULL : trv_steal(&dict);
}

/* Sets all entries of a mapping or of an iterable of pairs. */
static int update(trv_object *self, trv_object *other)
{
    trv_auto trv_object *source = snapshot(other);
    trv_auto trv_object *dict = source ? trv_dict_new() : NULL;
    trv_object *key, *value;
    int status = 0;

    if (!dict || trv__dict_update_from(dict, source) < 0)
        return -1;
    for (size_t position = 0;
         status == 0 && (status = trv_dict_next(dict, &position, &key, &value)) > 0;) {
        status = set(self, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    return status;
}

static trv_object *make(const struct trv_type *type, trv_object *other)
{
    trv_auto trv_object *self = trv__weak_container_make(type, trv_dict_new());

    if (!self || (other && update(self, other) < 0))
        return NULL;
    return trv_steal(&self);
}

static const struct trv_type *plain_type(const trv_object *self)
{
    return has_weak_keys(self) ? &trv__weak_key_dict_type : &trv__weak_value_dict_type;
}

trv_object *trv_weak_key_dict_new(void)
{
    return make(&trv__weak_key_dict_type, NULL);
}

trv_object *trv_weak_value_dict_new(void)
{
    return make(&trv__weak_value_dict_type, NULL);
}

/* Slots ------------------------------------------------------------------------------------- */

static trv_object *weak_dict_construct(const struct trv_type *type, const trv_args *args)
{
    trv_auto trv_object *self = NULL;
    trv_object *other = NULL;

    if (type->slots.init)
        return make(type, NULL);
    if (trv_parse(args, "|o", &other) < 0)
        return NULL;
    self = make(type, other && !trv_is_none(other) ? other : NULL);
    if (self && args->keywords && update(self, args->keywords) < 0)
        return NULL;
    return trv_steal(&self);
}

static trv_object *weak_dict_repr(trv_object *self)
{
    return trv_str_printf("<%s at %p>", trv_type_name(self), (void *)self);
}

static trv_object *weak_dict_iter(trv_object *self)
{
    return trv__weak_iterator_new(self, TRV__WEAK_KEY);
}

static trv_object *weak_dict_getitem(trv_object *self, trv_object *key)
{
    trv_object *value;
    int found = get(self, key, &value);

    if (found == 0)
        raise_missing(self, key);
    return value;
}

static int weak_dict_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    trv_auto trv_object *find = NULL;

    if (value)
        return set(self, key, value);
    find = key_to_find(self, key);
    return find ? trv_dict_remove(data_of(self), find) : -1;
}

/* What cannot be weakly referenced is not there. */
static int weak_dict_contains(trv_object *self, trv_object *key)
{
    trv_auto trv_object *find = key_to_find(self, key);
    trv_auto trv_object *value = NULL;

    if (find)
        return get(self, key, &value);
    if (!trv_error_matches(trv_TypeError))
        return -1;
    trv_error_clear();
    return 0;
}

static int weak_dict_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *a = NULL;
    trv_auto trv_object *b = NULL;

    if ((op != TRV_EQUAL && op != TRV_NOT_EQUAL) || !(is_weak_dict(other) || trv__is_dict(other)))
        return TRV_UNKNOWN;
    a = snapshot(self);
    b = a ? snapshot(other) : NULL;
    return b ? trv_compare(a, b, op) : -1;
}

/* a | b is of the type of the weak one, the left one if both are. */
static int weak_dict_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *made = NULL;

    if (op != TRV_OR || !(is_weak_dict(a) || trv__is_dict(a)) ||
        !(is_weak_dict(b) || trv__is_dict(b)))
        return TRV_UNKNOWN;
    made = make(plain_type(is_weak_dict(a) ? a : b), a);
    if (!made || update(made, b) < 0)
        return -1;
    *result = trv_steal(&made);
    return 0;
}

static int weak_dict_in_place(trv_object *self, trv_object *other, trv_binary op,
                              trv_object **result)
{
    if (op != TRV_OR)
        return TRV_UNKNOWN;
    if (update(self, other) < 0)
        return -1;
    *result = trv_ref(self);
    return 0;
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *none_unless(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *method_clear(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : none_unless(trv_dict_clear(data_of(args->self)));
}

static trv_object *method_copy(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : make(plain_type(args->self), args->self);
}

static trv_object *method_get(const trv_args *args)
{
    trv_object *key, *fallback = NULL, *value;

    if (trv_parse(args, "o|o", &key, &fallback) < 0 || get(args->self, key, &value) < 0)
        return NULL;
    if (value)
        return value;
    return fallback ? trv_ref(fallback) : trv_none_new();
}

static trv_object *iterate(const trv_args *args, enum trv__weak_part part)
{
    return trv_parse(args, "") < 0 ? NULL : trv__weak_iterator_new(args->self, part);
}

static trv_object *method_items(const trv_args *args)
{
    return iterate(args, TRV__WEAK_ITEM);
}

static trv_object *method_keys(const trv_args *args)
{
    return iterate(args, TRV__WEAK_KEY);
}

static trv_object *method_values(const trv_args *args)
{
    return iterate(args, TRV__WEAK_VALUE);
}

static trv_object *method_itervaluerefs(const trv_args *args)
{
    return iterate(args, TRV__WEAK_VALUE_REFERENCE);
}

static trv_object *method_keyrefs(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_list_from(data_of(args->self));
}

static trv_object *method_valuerefs(const trv_args *args)
{
    trv_auto trv_object *values = NULL;

    if (trv_parse(args, "") < 0 || !(values = trv_dict_values(data_of(args->self))))
        return NULL;
    return trv_list_from(values);
}

static trv_object *method_pop(const trv_args *args)
{
    trv_object *key, *fallback = NULL, *value;
    trv_auto trv_object *find = NULL;
    int found;

    if (trv_parse(args, "o|o", &key, &fallback) < 0 || (found = get(args->self, key, &value)) < 0)
        return NULL;
    if (!found && !fallback)
        return raise_missing(args->self, key), NULL;
    if (!found)
        return trv_ref(fallback);
    if (!(find = key_to_find(args->self, key)) || trv_dict_remove(data_of(args->self), find) < 0)
        trv_clear(&value);
    return value;
}

static trv_object *method_popitem(const trv_args *args)
{
    trv_object *self = args->self, *pair[2];
    struct trv__table *table;

    if (trv_parse(args, "") < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *key = NULL;
        trv_auto trv_object *value = NULL;
        table = &trv__as_dict(data_of(self))->table;
        if (!table->live)
            return trv_raise(trv_KeyError, "popitem(): dictionary is empty");
        trv__table_take_last(table, &key, &value);
        pair[0] = has_weak_keys(self) ? trv__weakref_referent(key) : key;
        pair[1] = has_weak_keys(self) ? value : trv__weakref_referent(value);
        if (pair[0] && pair[1])
            return trv_tuple_new(pair, 2);
    }
}

static trv_object *method_setdefault(const trv_args *args)
{
    trv_object *key, *fallback = NULL, *value;
    int found;

    if (trv_parse(args, "o|o", &key, &fallback) < 0 || (found = get(args->self, key, &value)) < 0)
        return NULL;
    if (found)
        return value;
    value = fallback ? trv_ref(fallback) : trv_none_new();
    if (set(args->self, key, value) < 0)
        trv_clear(&value);
    return value;
}

static trv_object *method_update(const trv_args *args)
{
    trv_object *other = NULL;

    if (trv_parse(args, "|o", &other) < 0 || (other && update(args->self, other) < 0) ||
        (args->keywords && update(args->self, args->keywords) < 0))
        return NULL;
    return trv_none_new();
}

#define SHARED_METHODS                                                                             \
    {"clear", "clear(): takes out all entries", method_clear},                                     \
        {"copy", "copy(): one of the same kind with the same entries", method_copy},               \
        {"get", "get(key, default=): the value of a key, or default if there is none",             \
         method_get},                                                                              \
        {"items", "items(): an iterator over (key, value)", method_items},                         \
        {"keys", "keys(): an iterator over the keys", method_keys},                                \
        {"pop", "pop(key, default=): takes a key out and gives its value", method_pop},            \
        {"popitem", "popitem(): takes out an entry and gives it as (key, value)", method_popitem}, \
        {"setdefault",                                                                             \
         "setdefault(key, default=): the value of a key, which is set if it is not there",         \
         method_setdefault},                                                                       \
        {"update",                                                                                 \
         "update(other=, **entries): sets all entries of a mapping or of an iterable of pairs",    \
         method_update},                                                                           \
    {                                                                                              \
        "values", "values(): an iterator over the values", method_values                           \
    }

static const struct trv__method key_methods[] = {
    SHARED_METHODS,
    {"keyrefs", "keyrefs(): a list of weak references to the keys", method_keyrefs},
    {NULL, NULL, NULL},
};

static const struct trv__method value_methods[] = {
    SHARED_METHODS,
    {"itervaluerefs", "itervaluerefs(): an iterator over weak references to the values",
     method_itervaluerefs},
    {"valuerefs", "valuerefs(): a list of weak references to the values", method_valuerefs},
    {NULL, NULL, NULL},
};

#define WEAK_DICT_SLOTS                                                                            \
    {                                                                                              \
        .traverse = trv__weak_container_traverse, .clear = trv__weak_container_clear,              \
        .repr = weak_dict_repr, .compare = weak_dict_compare, .iter = weak_dict_iter,              \
        .length = trv__weak_container_length, .getitem = weak_dict_getitem,                        \
        .setitem = weak_dict_setitem, .contains = weak_dict_contains, .binary = weak_dict_binary,  \
        .binary_in_place = weak_dict_in_place,                                                     \
    }

TRV__READ_ONLY struct trv_type trv__weak_key_dict_type = {
    .handle = trv_weak_key_dict_type,
    .name = "WeakKeyDictionary",
    .doc = "WeakKeyDictionary(dict=): a dict that does not keep its keys alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__weak_container),
    .flags = TRV__TYPE_CONTAINER,
    .construct = weak_dict_construct,
    .slots = WEAK_DICT_SLOTS,
    .methods = key_methods,
};
TRV__READ_ONLY trv_object trv_weak_key_dict_type[1] = {TRV__TYPE_HANDLE(trv__weak_key_dict_type)};

TRV__READ_ONLY struct trv_type trv__weak_value_dict_type = {
    .handle = trv_weak_value_dict_type,
    .name = "WeakValueDictionary",
    .doc = "WeakValueDictionary(other=, **entries): a dict that does not keep its values alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__weak_container),
    .flags = TRV__TYPE_CONTAINER,
    .construct = weak_dict_construct,
    .slots = WEAK_DICT_SLOTS,
    .methods = value_methods,
};
TRV__READ_ONLY trv_object trv_weak_value_dict_type[1] = {
    TRV__TYPE_HANDLE(trv__weak_value_dict_type)};
