/* SPDX-License-Identifier: MIT */
/*
 * WeakSet: a set that does not keep its items alive.
 *
 * Operations between sets are those of set: they work on a snapshot, an ordinary set of the items
 * that live, and what they answer becomes weak again.
 */
#include "types/set.h"
#include "types/weak_container.h"

static bool is_weak_set(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__weak_set_type);
}

static trv_object *data_of(trv_object *self)
{
    return trv__as_weak_container(self)->data;
}

/* A set of the items; of another iterable, a set of its items. */
static trv_object *snapshot(trv_object *self)
{
    trv_auto trv_object *set = NULL;
    trv_object *item = NULL, *none;
    int status = 0;

    if (!is_weak_set(self))
        return trv__set_of(self);
    if (!(set = trv_set_new()))
        return NULL;
    trv__weak_walk_begin(self);
    for (size_t position = 0; status == 0 && trv__weak_walk_next(self, &position, &item, &none);) {
        status = trv_set_add(set, item);
        trv_unref(item);
    }
    trv__weak_walk_end(self);
    return status < 0 ? NULL : trv_steal(&set);
}

static int add_reference(trv_object *self, trv_object *set, trv_object *item)
{
    trv_auto trv_object *reference = trv_weakref_new(item, trv__as_weak_container(self)->remover);

    return reference ? trv_set_add(set, reference) : -1;
}

static int add_all(trv_object *self, trv_object *set, trv_object *iterable)
{
    trv_auto trv_object *iterator = trv_iter(iterable);

    while (iterator) {
        trv_auto trv_object *item = NULL;
        int more = trv_next(iterator, &item);
        if (more <= 0)
            return more;
        if (add_reference(self, set, item) < 0)
            return -1;
    }
    return -1;
}

/* The items become those of an iterable, all at once. */
static int become(trv_object *self, trv_object *iterable)
{
    trv_auto trv_object *references = trv_set_new();

    if (!references || add_all(self, references, iterable) < 0)
        return -1;
    trv__set_replace(data_of(self), references);
    return 0;
}

static trv_object *make(const struct trv_type *type, trv_object *iterable)
{
    trv_auto trv_object *self = trv__weak_container_make(type, trv_set_new());

    if (!self || (iterable && add_all(self, data_of(self), iterable) < 0))
        return NULL;
    return trv_steal(&self);
}

trv_object *trv_weak_set_new(trv_object *iterable)
{
    if (!iterable && trv_error_occurred())
        return NULL;
    return make(&trv__weak_set_type, iterable);
}

int trv_weak_set_add(trv_object *set, trv_object *item)
{
    if (!trv__expect(set, &trv__weak_set_type, "trv_weak_set_add") ||
        !trv__given(item, "trv_weak_set_add"))
        return -1;
    return add_reference(set, data_of(set), item);
}

/* Takes an item out: 1 if it was there, 0, -1. */
static int discard(trv_object *self, trv_object *item)
{
    trv_auto trv_object *reference = trv_weakref_new(item, NULL);

    return reference ? trv_set_discard(data_of(self), reference) : -1;
}

int trv_weak_set_discard(trv_object *set, trv_object *item)
{
    if (!trv__expect(set, &trv__weak_set_type, "trv_weak_set_discard") ||
        !trv__given(item, "trv_weak_set_discard"))
        return -1;
    return discard(set, item);
}

/* Slots ------------------------------------------------------------------------------------- */

static trv_object *weak_set_construct(const struct trv_type *type, const trv_args *args)
{
    trv_object *iterable = NULL;

    if (!type->slots.init && trv_parse(args, "|o", &iterable) < 0)
        return NULL;
    return make(type, iterable && !trv_is_none(iterable) ? iterable : NULL);
}

static trv_object *weak_set_repr(trv_object *self)
{
    return data_of(self) ? trv_repr(data_of(self)) : trv_str_new("set()");
}

static trv_object *weak_set_iter(trv_object *self)
{
    return trv__weak_iterator_new(self, TRV__WEAK_KEY);
}

/* What cannot be weakly referenced is not there. */
static int weak_set_contains(trv_object *self, trv_object *item)
{
    trv_auto trv_object *reference = trv_weakref_new(item, NULL);

    if (reference)
        return trv_contains(data_of(self), reference);
    if (!trv_error_matches(trv_TypeError))
        return -1;
    trv_error_clear();
    return 0;
}

static int weak_set_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *a = NULL;
    trv_auto trv_object *b = NULL;

    if (!is_weak_set(other))
        return TRV_UNKNOWN;
    a = snapshot(self);
    b = a ? snapshot(other) : NULL;
    return b ? trv_compare(a, b, op) : -1;
}

static int weak_set_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *left = NULL;
    trv_auto trv_object *right = NULL;
    trv_auto trv_object *set = NULL;

    if (!is_weak_set(a) || (op != TRV_OR && op != TRV_AND && op != TRV_SUBTRACT && op != TRV_XOR))
        return TRV_UNKNOWN;
    if (!(left = snapshot(a)) || !(right = snapshot(b)))
        return -1;
    set = op == TRV_OR    ? trv_or(left, right)
          : op == TRV_AND ? trv_and(left, right)
          : op == TRV_XOR ? trv_xor(left, right)
                          : trv_subtract(left, right);
    *result = set ? make(&trv__weak_set_type, set) : NULL;
    return *result ? 0 : -1;
}

/* Updates, with one set or iterable. */
static int weak_set_in_place(trv_object *self, trv_object *other, trv_binary op,
                             trv_object **result)
{
    trv_auto trv_object *made = NULL;
    int known;

    if (op == TRV_OR) {
        if (add_all(self, data_of(self), other) < 0)
            return -1;
    } else {
        known = weak_set_binary(self, other, op, &made);
        if (known != 0)
            return known;
        if (become(self, made) < 0)
            return -1;
    }
    *result = trv_ref(self);
    return 0;
}

/* Methods ----------------------------------------------------------------------------------- */

/* What set's method of that name answers for the items. */
static trv_object *ask_set(const trv_args *args, const char *name)
{
    trv_auto trv_object *set = snapshot(args->self);
    trv_auto trv_object *method = set ? trv_getattr(set, name) : NULL;

    return method ? trv_call_array(method, args->items, args->count, args->keywords) : NULL;
}

static trv_object *ask_for_new(const trv_args *args, const char *name)
{
    trv_auto trv_object *set = ask_set(args, name);

    return set ? make(&trv__weak_set_type, set) : NULL;
}

/* The items become what that method answers. */
static trv_object *ask_for_update(const trv_args *args, const char *name)
{
    trv_auto trv_object *set = ask_set(args, name);

    return set && become(args->self, set) == 0 ? trv_none_new() : NULL;
}

#define ASK(kind, method, name)                                                                    \
    static trv_object *method_##method(const trv_args *args)                                       \
    {                                                                                              \
        return kind(args, name);                                                                   \
    }
ASK(ask_for_new, difference, "difference")
ASK(ask_for_new, intersection, "intersection")
ASK(ask_for_new, symmetric_difference, "symmetric_difference")
ASK(ask_for_new, union, "union")
ASK(ask_for_new, copy, "copy")
ASK(ask_for_update, difference_update, "difference")
ASK(ask_for_update, intersection_update, "intersection")
ASK(ask_for_update, symmetric_difference_update, "symmetric_difference")
ASK(ask_set, isdisjoint, "isdisjoint")
ASK(ask_set, issubset, "issubset")
ASK(ask_set, issuperset, "issuperset")
#undef ASK

static trv_object *none_unless(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *method_add(const trv_args *args)
{
    trv_object *item;

    if (trv_parse(args, "o", &item) < 0)
        return NULL;
    return none_unless(add_reference(args->self, data_of(args->self), item));
}

static trv_object *method_update(const trv_args *args)
{
    trv_object *iterable;

    if (trv_parse(args, "o", &iterable) < 0)
        return NULL;
    return none_unless(add_all(args->self, data_of(args->self), iterable));
}

static trv_object *method_discard(const trv_args *args)
{
    trv_object *item;

    return trv_parse(args, "o", &item) < 0 ? NULL : none_unless(discard(args->self, item));
}

static trv_object *method_remove(const trv_args *args)
{
    trv_auto trv_object *reference = NULL;
    trv_object *item;

    if (trv_parse(args, "o", &item) < 0 || !(reference = trv_weakref_new(item, NULL)))
        return NULL;
    return none_unless(trv_set_remove(data_of(args->self), reference));
}

static trv_object *method_clear(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : none_unless(trv_set_clear(data_of(args->self)));
}

static trv_object *method_pop(const trv_args *args)
{
    struct trv__table *table;

    if (trv_parse(args, "") < 0)
        return NULL;
    for (;;) {
        trv_object *reference = NULL, *item;
        table = &trv__as_set(data_of(args->self))->table;
        if (!table->live)
            return trv_raise(trv_KeyError, "pop from empty WeakSet");
        trv__table_take_last(table, &reference, NULL);
        item = trv_ref(trv__weakref_referent(reference));
        trv_unref(reference);
        if (item)
            return item;
    }
}

static const struct trv__method methods[] = {
    {"add", "add(item): adds an item", method_add},
    {"clear", "clear(): takes out all items", method_clear},
    {"copy", "copy(): a WeakSet of the same items", method_copy},
    {"difference", "difference(*others): the items that are in none of the others",
     method_difference},
    {"difference_update", "difference_update(*others): takes out the items of the others",
     method_difference_update},
    {"discard", "discard(item): takes an item out if it is there", method_discard},
    {"intersection", "intersection(*others): the items that are in all of them",
     method_intersection},
    {"intersection_update", "intersection_update(*others): keeps the items that are in all of them",
     method_intersection_update},
    {"isdisjoint", "isdisjoint(other): whether no item is in both", method_isdisjoint},
    {"issubset", "issubset(other): whether all items are in the other", method_issubset},
    {"issuperset", "issuperset(other): whether all items of the other are here", method_issuperset},
    {"pop", "pop(): takes out some item and gives it", method_pop},
    {"remove", "remove(item): takes an item out", method_remove},
    {"symmetric_difference", "symmetric_difference(other): the items that are in one of the two",
     method_symmetric_difference},
    {"symmetric_difference_update",
     "symmetric_difference_update(other): takes out what is in both, adds what is in the other",
     method_symmetric_difference_update},
    {"union", "union(*others): the items of all", method_union},
    {"update", "update(iterable): adds all items of an iterable", method_update},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__weak_set_type = {
    .handle = trv_weak_set_type,
    .name = "WeakSet",
    .doc = "WeakSet(iterable=): a set that does not keep its items alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__weak_container),
    .flags = TRV__TYPE_CONTAINER,
    .construct = weak_set_construct,
    .slots = {.traverse = trv__weak_container_traverse,
              .clear = trv__weak_container_clear,
              .repr = weak_set_repr,
              .compare = weak_set_compare,
              .iter = weak_set_iter,
              .length = trv__weak_container_length,
              .contains = weak_set_contains,
              .binary = weak_set_binary,
              .binary_in_place = weak_set_in_place},
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_weak_set_type[1] = {TRV__TYPE_HANDLE(trv__weak_set_type)};
