/* SPDX-License-Identifier: MIT */
/*
 * The part of weak containers that does not depend on which one it is; see weak_container.h.
 *
 * The remover runs wherever an object ends: in the middle of a lookup, too. It looks at nothing but
 * the weak reference it was given, which has a hash and equals itself alone.
 */
#include "types/weak_container.h"

#include "types/dict.h"
#include "types/set.h"

typedef struct trv__weak_container container;

/* Of a WeakValueDictionary. */
struct keyed {
    struct trv__weakref reference;
    trv_object *key; /* owned */
};

static bool is_value_dict(const container *self)
{
    return trv__type_derives(self->type, &trv__weak_value_dict_type);
}

static struct trv__table *table_of(const container *self)
{
    if (!self->data)
        return NULL;
    return trv__is_set(self->data) ? &trv__as_set(self->data)->table
                                   : &trv__as_dict(self->data)->table;
}

/* References with keys ----------------------------------------------------------------------------- */

static int keyed_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int answer = visit(((struct keyed *)self)->key, argument);

    return answer ? answer : trv__weakref_traverse(self, visit, argument);
}

static void keyed_clear(trv_object *self)
{
    trv__weakref_clear(self);
    trv_clear(&((struct keyed *)self)->key);
}

static TRV__READ_ONLY trv_object keyed_handle[1];
static TRV__READ_ONLY struct trv_type keyed_type = {
    .handle = keyed_handle,
    .name = "KeyedRef",
    .base = &trv__weakref_type,
    .instance_bytes = sizeof(struct keyed),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = keyed_traverse,
              .clear = keyed_clear,
              .repr = trv__weakref_repr,
              .str = trv__weakref_repr,
              .hash = trv__weakref_hash,
              .compare = trv__weakref_compare,
              .call = trv__weakref_call},
};
static TRV__READ_ONLY trv_object keyed_handle[1] = {TRV__TYPE_HANDLE(keyed_type)};

trv_object *trv__keyed_reference_new(trv_object *value, trv_object *key, trv_object *remover)
{
    trv_object *made = trv__weakref_make(&keyed_type, value, remover, "WeakValueDictionary");

    if (made)
        ((struct keyed *)made)->key = trv_ref(key);
    return made;
}

/* Taking entries out ------------------------------------------------------------------------------- */

/* The entry of a weak reference, if it has one here. 1, 0 or -1. */
static int find(const container *self, trv_object *reference, struct trv__place *place)
{
    struct trv__table *table = table_of(self);
    int found;

    if (!table)
        return 0;
    if (!is_value_dict(self))
        return trv__table_find(table, reference, place);
    found = trv__table_find(table, ((struct keyed *)reference)->key, place);
    if (found > 0 && trv__table_entry(table, place->entry)[1] != reference)
        return 0; /* the key has got another value */
    return found;
}

static int take_out(const container *self, trv_object *reference)
{
    trv_object *key = NULL, *value = NULL;
    struct trv__place place;
    int found = find(self, reference, &place);

    if (found <= 0)
        return found;
    trv__table_take(table_of(self), place, &key, trv__is_dict(self->data) ? &value : NULL);
    trv_unref(key);
    trv_unref(value);
    return 0;
}

/* Users may find the remover (reference.__callback__), and call it with anything. */
static bool is_own_reference(const trv_args *args, const trv_object *self)
{
    const struct trv_type *wanted = &trv__weakref_type;

    if (!trv_is_none(self) && is_value_dict(trv__as_weak_container(self)))
        wanted = &keyed_type;
    if (args->count == 1 && args->items[0] && args->items[0]->type == wanted)
        return true;
    trv_raise(trv_TypeError, "remove() takes a weak reference of the container");
    return false;
}

static trv_object *remove_dead(const trv_args *args)
{
    trv_auto trv_object *self = trv_weakref_get(args->self);

    if (!self || !is_own_reference(args, self))
        return NULL;
    if (trv_is_none(self))
        return trv_none_new();
    if (trv__as_weak_container(self)->busy) {
        trv__as_weak_container(self)->has_dead = true;
        return trv_none_new();
    }
    return take_out(trv__as_weak_container(self), args->items[0]) < 0 ? NULL : trv_none_new();
}

/* The weak reference of an entry. */
static trv_object *reference_at(const container *self, const struct trv__table *table, size_t entry)
{
    return trv__table_entry(table, entry)[is_value_dict(self)];
}

/* Takes out what died during walks. What cannot be taken out now stays, dead, for the next time. */
static void take_out_dead(container *self)
{
    struct trv__table *table = table_of(self);
    struct trv__callback state;
    size_t entry;

    self->has_dead = false;
    trv__callback_begin(&state);
    for (size_t position = 0; table && trv__table_next(table, &position, &entry);) {
        trv_auto trv_object *reference = trv_ref(reference_at(self, table, entry));
        if (!trv__weakref_referent(reference) && take_out(self, reference) < 0)
            self->has_dead = true;
        table = table_of(self);
    }
    trv__callback_end(&state, "weak container", (trv_object *)self);
}

/* Walks -------------------------------------------------------------------------------------------- */

void trv__weak_walk_begin(trv_object *self)
{
    trv__as_weak_container(self)->busy++;
}

void trv__weak_walk_end(trv_object *self)
{
    container *weak = trv__as_weak_container(self);

    if (--weak->busy == 0 && weak->has_dead)
        take_out_dead(weak);
}

int trv__weak_walk_next(trv_object *self, size_t *position, trv_object **key, trv_object **value)
{
    const container *weak = trv__as_weak_container(self);
    const struct trv__table *table = table_of(weak);
    size_t entry;

    while (table && trv__table_next(table, position, &entry)) {
        trv_object **words = trv__table_entry(table, entry);
        trv_object *referent = trv__weakref_referent(reference_at(weak, table, entry));
        if (!referent)
            continue;
        *key = trv_ref(is_value_dict(weak) ? words[0] : referent);
        *value = table->width == 1 ? NULL : trv_ref(is_value_dict(weak) ? referent : words[1]);
        return 1;
    }
    return 0;
}

/* Iterators ---------------------------------------------------------------------------------------- */

struct iterator {
    TRV__HEAD;
    trv_object *source; /* owned; NULL at the end */
    size_t position, expected;
    enum trv__weak_part part;
    bool has_begun;
};

static TRV__READ_ONLY struct trv_type iterator_type;

trv_object *trv__weak_iterator_new(trv_object *self, enum trv__weak_part part)
{
    struct iterator *iterator = trv__container_new(&iterator_type, sizeof *iterator);

    if (!iterator)
        return NULL;
    iterator->source = trv_ref(self);
    iterator->part = part;
    trv__track(iterator);
    return (trv_object *)iterator;
}

static int iterator_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return visit(((struct iterator *)self)->source, argument);
}

static void iterator_clear(trv_object *self)
{
    struct iterator *iterator = (struct iterator *)self;
    trv_object *source = trv_steal(&iterator->source);

    if (source && iterator->has_begun)
        trv__weak_walk_end(source);
    trv_unref(source);
}

/* What is wanted of an entry; takes over both. */
static trv_object *part_take(enum trv__weak_part part, trv_object *key, trv_object *value)
{
    trv_auto trv_object *own_key = key;
    trv_auto trv_object *own_value = value;

    switch (part) {
    case TRV__WEAK_KEY:
        return trv_steal(&own_key);
    case TRV__WEAK_VALUE:
        return trv_steal(&own_value);
    default:
        return trv_tuple_new((trv_object *[]){key, value}, 2);
    }
}

/* The weak reference itself, of the entry just passed. */
static trv_object *last_reference(const container *self, size_t position)
{
    return trv_ref(reference_at(self, table_of(self), position - 1));
}

static int changed_size(trv_object *self)
{
    const char *what =
        trv__type_derives(((struct iterator *)self)->source->type, &trv__weak_set_type)
            ? "Set"
            : "dictionary";

    iterator_clear(self);
    return trv_raise_int(trv_RuntimeError, "%s changed size during iteration", what);
}

static int iterator_next(trv_object *self, trv_object **item)
{
    struct iterator *iterator = (struct iterator *)self;
    trv_object *source = iterator->source, *key, *value;
    const struct trv__table *table = source ? table_of(trv__as_weak_container(source)) : NULL;

    if (!table)
        return 0;
    if (!iterator->has_begun) {
        trv__weak_walk_begin(source);
        iterator->has_begun = true;
        iterator->expected = table->live;
    }
    if (table->live != iterator->expected)
        return changed_size(self);
    if (!trv__weak_walk_next(source, &iterator->position, &key, &value)) {
        iterator_clear(self);
        return 0;
    }
    if (iterator->part == TRV__WEAK_VALUE_REFERENCE) {
        *item = last_reference(trv__as_weak_container(source), iterator->position);
        trv_unref(key);
        trv_unref(value);
        return 1;
    }
    *item = part_take(iterator->part, key, value);
    return *item ? 1 : -1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static TRV__READ_ONLY trv_object iterator_handle[1];
static TRV__READ_ONLY struct trv_type iterator_type = {
    .handle = iterator_handle,
    .name = "weak_iterator",
    .base = &trv__iterator_type,
    .instance_bytes = sizeof(struct iterator),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = iterator_traverse,
              .clear = iterator_clear,
              .iter = iterator_iter,
              .next = iterator_next},
};
static TRV__READ_ONLY trv_object iterator_handle[1] = {TRV__TYPE_HANDLE(iterator_type)};

/* Life --------------------------------------------------------------------------------------------- */

trv_object *trv__weak_container_make(const struct trv_type *type, trv_object *data)
{
    container *self = data ? trv__container_new(type, type->instance_bytes) : NULL;
    trv_auto trv_object *reference = NULL;

    if (!self) {
        trv_unref(data);
        return NULL;
    }
    self->data = data;
    data->flags |= TRV__PRIVATE;
    trv__track(self);
    reference = trv_weakref_new((trv_object *)self, NULL);
    self->remover =
        reference ? trv__function_own(remove_dead, "remove(reference)", reference) : NULL;
    if (!self->remover) {
        trv_unref((trv_object *)self);
        return NULL;
    }
    return (trv_object *)self;
}

int trv__weak_container_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int answer = visit(trv__as_weak_container(self)->data, argument);

    return answer ? answer : visit(trv__as_weak_container(self)->remover, argument);
}

void trv__weak_container_clear(trv_object *self)
{
    trv_clear(&trv__as_weak_container(self)->data);
    trv_clear(&trv__as_weak_container(self)->remover);
}

int trv__weak_container_length(trv_object *self, size_t *length)
{
    const container *weak = trv__as_weak_container(self);
    const struct trv__table *table = table_of(weak);
    size_t entry;

    *length = 0;
    for (size_t position = 0; table && trv__table_next(table, &position, &entry);)
        *length += trv__weakref_referent(reference_at(weak, table, entry)) != NULL;
    return 0;
}
