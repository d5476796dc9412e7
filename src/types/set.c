/* SPDX-License-Identifier: MIT */
/*
 * set: keys in the order of insertion, over the table of table.h. What it shares with frozenset
 * (frozenset.c) is here.
 *
 * The items of another set or dict come with their hashes, so that merging two sets hashes nothing.
 * Walks go by the number of an entry and look at the table anew in each step, because comparing
 * runs code of users. What an operator makes begins with the items of its left side in their order.
 *
 * The methods are in set_methods.c.
 */
#include "types/set.h"

#include "types/builder.h"
#include "types/dict.h"
#include "types/iterator.h"
#include "types/sequence.h"

typedef struct trv__set set_t;

static set_t *make(const struct trv_type *type)
{
    set_t *self = trv__container_new(type, type->instance_bytes);

    if (!self)
        return NULL;
    self->table.width = 1;
    if (trv__type_derives(type, &trv__frozenset_type))
        ((struct trv__frozenset *)self)->hash = -1;
    trv__track(self);
    return self;
}

trv_object *trv__set_make(const struct trv_type *type)
{
    return (trv_object *)make(type);
}

/* The type of what an operation with this set first makes. */
static const struct trv_type *kind_of(const trv_object *set)
{
    return trv__type_derives(set->type, &trv__frozenset_type) ? &trv__frozenset_type
                                                              : &trv__set_type;
}

/* Drops a set that could not be filled. */
static trv_object *give_up(set_t *self)
{
    trv_unref((trv_object *)self);
    return NULL;
}

static struct trv__table *table_of(trv_object *set)
{
    return &trv__as_set(set)->table;
}

/* The next item of a walk over a set or dict, held, and its hash. */
static trv_object *hold_next(const struct trv__table *table, size_t *position, uint32_t *hash)
{
    size_t i;

    if (!trv__table_next(table, position, &i))
        return NULL;
    *hash = trv__table_hashes(table)[i];
    return trv_ref(*trv__table_entry(table, i));
}

/* The table of a set or dict; NULL for other objects. */
static const struct trv__table *hashed_items(trv_object *object)
{
    if (trv__is_set(object))
        return table_of(object);
    return object->type == &trv__dict_type ? &trv__as_dict(object)->table : NULL;
}

/* Looks for an item. A set, which has no hash, is looked for as the frozenset it could be, as in Python. */
static int find(set_t *self, trv_object *item, struct trv__place *place)
{
    trv_auto trv_object *frozen = NULL;
    int found = trv__table_find(&self->table, item, place);

    if (found >= 0 || !trv__type_derives(item->type, &trv__set_type) || item->type->slots.hash ||
        !trv_error_matches(trv_TypeError))
        return found;
    trv_error_clear();
    frozen = trv_frozenset_from(item);
    return frozen ? trv__table_find(&self->table, frozen, place) : -1;
}

/* Takes out what was found: 1, or passes on 0 and -1. */
static int take(set_t *self, int found, struct trv__place place)
{
    trv_object *own;

    if (found <= 0)
        return found;
    trv__table_take(&self->table, place, &own, NULL);
    trv_unref(own);
    return 1;
}

static int discard_hashed(set_t *self, trv_object *item, uint32_t hash)
{
    struct trv__place place;
    int found = trv__table_find_hashed(&self->table, item, hash, &place);

    return take(self, found, place);
}

/* Takes an item out: 1 if it was there, 0, -1. */
static int discard(set_t *self, trv_object *item)
{
    struct trv__place place;
    int found = find(self, item, &place);

    return take(self, found, place);
}

int trv__set_drop(trv_object *set, trv_object *item)
{
    struct trv__place place;
    int found = trv__table_find(table_of(set), item, &place);

    return take(trv__as_set(set), found, place);
}

int trv__set_has(trv_object *set, trv_object *item)
{
    struct trv__place place;

    return trv__table_find(table_of(set), item, &place);
}

int trv__meets(trv_object *items, trv_object *container, trv__has *has, int wanted)
{
    trv_auto trv_object *iterator = trv_iter(items);

    if (!iterator)
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        int answer = trv_next(iterator, &item);
        if (answer <= 0)
            return answer;
        answer = has(container, item);
        if (answer < 0 || answer == wanted)
            return answer < 0 ? -1 : 1;
    }
}

/* Sets and iterables ------------------------------------------------------------------------ */

int trv__set_update_from(trv_object *set, trv_object *iterable)
{
    const struct trv__table *items = hashed_items(iterable);
    trv_auto trv_object *iterator = NULL;
    uint32_t hash;
    int status = 1;

    for (size_t position = 0; items && status >= 0;) {
        trv_auto trv_object *item = hold_next(items, &position, &hash);
        if (!item)
            return 0;
        status = trv__table_set_hashed(table_of(set), item, hash, NULL, NULL);
    }
    if (items || !(iterator = trv_iter(iterable)))
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        status = trv_next(iterator, &item);
        if (status <= 0)
            return status;
        if (trv__table_set(table_of(set), item, NULL, NULL) < 0)
            return -1;
    }
}

trv_object *trv__set_copy(trv_object *set)
{
    set_t *copy = make(kind_of(set));

    if (copy && trv__table_copy(&copy->table, table_of(set)) < 0)
        return give_up(copy);
    return (trv_object *)copy;
}

trv_object *trv__set_of(trv_object *iterable)
{
    set_t *made;

    if (trv__is_set(iterable))
        return trv_ref(iterable);
    made = make(&trv__set_type);
    if (made && trv__set_update_from((trv_object *)made, iterable) < 0)
        return give_up(made);
    return (trv_object *)made;
}

trv_object *trv__set_select(trv_object *set, trv_object *other, int wanted)
{
    trv_auto trv_object *made = (trv_object *)make(kind_of(set));
    struct trv__place place;
    uint32_t hash;

    for (size_t position = 0; made;) {
        trv_auto trv_object *item = hold_next(table_of(set), &position, &hash);
        int found;
        if (!item)
            break;
        found = trv__table_find_hashed(table_of(other), item, hash, &place);
        if (found < 0 ||
            (found == wanted && trv__table_set_hashed(table_of(made), item, hash, NULL, NULL) < 0))
            return NULL;
    }
    return trv_steal(&made);
}

int trv__set_toggle(trv_object *set, trv_object *other)
{
    uint32_t hash;

    for (size_t position = 0;;) {
        trv_auto trv_object *item = hold_next(table_of(other), &position, &hash);
        int found;
        if (!item)
            return 0;
        found = discard_hashed(trv__as_set(set), item, hash);
        if (found < 0 ||
            (found == 0 && trv__table_set_hashed(table_of(set), item, hash, NULL, NULL) < 0))
            return -1;
    }
}

int trv__set_within(trv_object *set, trv_object *other)
{
    struct trv__place place;
    uint32_t hash;
    int found = table_of(set)->live <= table_of(other)->live;

    for (size_t position = 0; found > 0;) {
        trv_auto trv_object *item = hold_next(table_of(set), &position, &hash);
        if (!item)
            break;
        found = trv__table_find_hashed(table_of(other), item, hash, &place);
    }
    return found;
}

void trv__set_replace(trv_object *set, trv_object *other)
{
    struct trv__table mine = *table_of(set);

    *table_of(set) = *table_of(other);
    *table_of(other) = mine;
    table_of(set)->version = mine.version + 1;
}

/* Slots ------------------------------------------------------------------------------------- */

int trv__set_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return trv__table_traverse(table_of(self), visit, argument);
}

void trv__set_clear(trv_object *self)
{
    trv__table_clear(table_of(self));
}

size_t trv__set_size_bytes(trv_object *self)
{
    return trv__table_bytes(table_of(self));
}

static int add_items(struct trv__builder *b, trv_object *self)
{
    const char *separator = "";
    uint32_t hash;

    for (size_t position = 0;; separator = ", ") {
        trv_auto trv_object *item = hold_next(table_of(self), &position, &hash);
        if (!item)
            return 0;
        if (trv__builder_add_text(b, separator) < 0 || trv__builder_add_repr(b, item) < 0)
            return -1;
    }
}

trv_object *trv__set_repr(trv_object *self)
{
    bool is_named = self->type != &trv__set_type;
    struct trv__builder b;
    int inside, status;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    if (!table_of(self)->live)
        return trv_str_printf("%s()", self->type->name);
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_printf("%s(...)", self->type->name);
    trv__builder_init(&b);
    status = (is_named && (trv__builder_add_text(&b, self->type->name) < 0 ||
                           trv__builder_add_char(&b, '(') < 0)) ||
             trv__builder_add_char(&b, '{') < 0 || add_items(&b, self) < 0 ||
             trv__builder_add_text(&b, is_named ? "})" : "}") < 0;
    trv__repr_leave(self);
    if (!status)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}

int trv__set_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    size_t mine = table_of(self)->live, others;
    int equal;

    if (!trv__is_set(other))
        return TRV_UNKNOWN;
    if (trv__enter_recursion(" in comparison") < 0)
        return -1;
    others = table_of(other)->live;
    switch (op) {
    case TRV_LESS:
        return mine < others ? trv__set_within(self, other) : 0;
    case TRV_LESS_EQUAL:
        return trv__set_within(self, other);
    case TRV_GREATER:
        return mine > others ? trv__set_within(other, self) : 0;
    case TRV_GREATER_EQUAL:
        return trv__set_within(other, self);
    default:
        equal = mine == others ? trv__set_within(self, other) : 0;
        return equal < 0 ? -1 : equal == (op == TRV_EQUAL);
    }
}

int trv__set_length(trv_object *self, size_t *length)
{
    *length = table_of(self)->live;
    return 0;
}

int trv__set_contains(trv_object *self, trv_object *item)
{
    struct trv__place place;

    return find(trv__as_set(self), item, &place);
}

int trv__set_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *made = NULL;

    if (!trv__is_set(a) || !trv__is_set(b))
        return TRV_UNKNOWN;
    if (op == TRV_AND || op == TRV_SUBTRACT)
        made = trv__set_select(a, b, op == TRV_AND);
    else if (op == TRV_OR || op == TRV_XOR)
        made = trv__set_copy(a);
    else
        return TRV_UNKNOWN;
    if (!made || (op == TRV_OR && trv__set_update_from(made, b) < 0) ||
        (op == TRV_XOR && trv__set_toggle(made, b) < 0))
        return -1;
    *result = trv_steal(&made);
    return 0;
}

/* The new content is made beside the set where that takes items out: a failure leaves it as it was. */
static int set_binary_in_place(trv_object *self, trv_object *other, trv_binary op,
                               trv_object **result)
{
    trv_auto trv_object *made = NULL;

    if (!trv__is_set(other))
        return TRV_UNKNOWN;
    if (op == TRV_OR) {
        if (trv__set_update_from(self, other) < 0)
            return -1;
    } else {
        int status = trv__set_binary(self, other, op, &made);
        if (status)
            return status;
        trv__set_replace(self, made);
    }
    *result = trv_ref(self);
    return 0;
}

static int set_iterator_next(trv_object *self, trv_object **item)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    const struct trv__table *table;
    size_t i;

    *item = NULL;
    if (!iterator->source)
        return 0;
    table = table_of(iterator->source);
    if (iterator->expected != table->live) {
        iterator->expected = SIZE_MAX; /* it raises from now on */
        return trv_raise_int(trv_RuntimeError, "Set changed size during iteration");
    }
    if (!trv__table_next(table, &iterator->position, &i))
        return trv__iterator_end(self, item);
    iterator->left -= iterator->left != 0;
    *item = trv_ref(*trv__table_entry(table, i));
    return 1;
}

TRV__ITERATOR_TYPE(set_iterator, "set_iterator", set_iterator_next, trv__table_iterator_methods);

trv_object *trv__set_iter(trv_object *self)
{
    struct trv__iterator *iterator = (void *)trv__iterator_new(&set_iterator, self);

    if (iterator)
        iterator->expected = iterator->left = table_of(self)->live;
    return (trv_object *)iterator;
}

static trv_object *set_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return (trv_object *)make(type);
}

static int set_init(trv_object *self, const trv_args *args)
{
    if (!trv__plain_arguments(self->type, args, 1) ||
        (args->count && !trv__given(args->items[0], "set")))
        return -1;
    trv__table_clear(table_of(self));
    return args->count ? trv__set_update_from(self, args->items[0]) : 0;
}

TRV__READ_ONLY struct trv_type trv__set_type = {
    .handle = trv_set_type,
    .name = "set",
    .doc = "set(iterable=()): different items, in the order of insertion",
    .base = &trv__object_type,
    .instance_bytes = sizeof(set_t),
    .flags = TRV__TYPE_CONTAINER,
    .references = {.width = 1,
                   .is_count_32 = 1,
                   .items = offsetof(set_t, table.words),
                   .count = offsetof(set_t, table.filled)},
    .slots = {.traverse = trv__set_traverse,
              .clear = trv__set_clear,
              .init = set_init,
              .size_bytes = trv__set_size_bytes,
              .repr = trv__set_repr,
              .compare = trv__set_compare,
              .iter = trv__set_iter,
              .length = trv__set_length,
              .contains = trv__set_contains,
              .binary = trv__set_binary,
              .binary_in_place = set_binary_in_place},
    .methods = trv__set_methods,
    .construct = set_construct,
};

TRV__READ_ONLY trv_object trv_set_type[1] = {TRV__TYPE_HANDLE(trv__set_type)};

/* The public interface ------------------------------------------------------------------------ */

static bool expect(trv_object *set, const char *function)
{
    return trv__expect(set, &trv__set_type, function);
}

trv_object *trv_set_new(void)
{
    return (trv_object *)make(&trv__set_type);
}

trv_object *trv_set_from(trv_object *iterable)
{
    set_t *self = trv__given(iterable, "trv_set_from") ? make(&trv__set_type) : NULL;

    if (self && trv__set_update_from((trv_object *)self, iterable) < 0)
        return give_up(self);
    return (trv_object *)self;
}

int trv_set_len(trv_object *set, size_t *length)
{
    return expect(set, "trv_set_len") ? trv__set_length(set, length) : -1;
}

int trv_set_add(trv_object *set, trv_object *item)
{
    if (!expect(set, "trv_set_add") || !trv__given(item, "trv_set_add"))
        return -1;
    return trv__table_set(table_of(set), item, NULL, NULL) < 0 ? -1 : 0;
}

int trv_set_remove(trv_object *set, trv_object *item)
{
    int found;

    if (!expect(set, "trv_set_remove") || !trv__given(item, "trv_set_remove"))
        return -1;
    found = discard(trv__as_set(set), item);
    if (found)
        return found < 0 ? -1 : 0;
    return trv__raise_key_error(item);
}

int trv_set_discard(trv_object *set, trv_object *item)
{
    if (!expect(set, "trv_set_discard") || !trv__given(item, "trv_set_discard"))
        return -1;
    return discard(trv__as_set(set), item);
}

int trv_set_clear(trv_object *set)
{
    if (!expect(set, "trv_set_clear"))
        return -1;
    trv__set_clear(set);
    return 0;
}
