/* SPDX-License-Identifier: MIT */
/*
 * dict: keys and values in the order of insertion, over the table of table.h.
 *
 * A value is replaced or taken out first and dropped afterwards, when the dict is whole again.
 * Walks go by the number of an entry and look at the table anew in each step, so that code of users
 * may change the dict meanwhile: an iterator then raises RuntimeError as Python's does, and no
 * walk touches what is gone.
 *
 * The methods are in dict_methods.c.
 */
#include "types/dict.h"

#include "object/descriptor.h"
#include "object/lookup.h"
#include "types/builder.h"
#include "types/iterator.h"
#include "types/sequence.h"

typedef struct trv__dict dict_t;

/* An entry whose key and value are held while code of users may run. */
struct held {
    trv_object *key, *value;
    uint32_t hash;
};

static dict_t *make(const struct trv_type *type)
{
    dict_t *self = trv__container_new(type, type->instance_bytes);

    if (!self)
        return NULL;
    self->table.width = 2;
    if (!(type->flags & TRV__TYPE_LATE))
        trv__track(self);
    return self;
}

/* Drops a dict that could not be filled. */
static trv_object *give_up(dict_t *self)
{
    trv_unref((trv_object *)self);
    return NULL;
}

/* The next entry of a walk, held until let_go. */
static bool hold_next(const dict_t *self, size_t *position, struct held *held)
{
    size_t i;
    trv_object **entry;

    if (!trv__table_next(&self->table, position, &i))
        return false;
    entry = trv__table_entry(&self->table, i);
    held->key = trv_ref(entry[0]);
    held->value = trv_ref(entry[1]);
    held->hash = trv__table_hashes(&self->table)[i];
    return true;
}

static void let_go(struct held *held)
{
    trv_unref(held->key);
    trv_unref(held->value);
}

static int set(dict_t *self, trv_object *key, trv_object *value)
{
    trv_object *old;
    int is_new = trv__table_set(&self->table, key, value, &old);

    if (is_new >= 0)
        trv__dict_track(self, key, value);
    if (is_new == 0)
        trv_unref(old);
    return is_new < 0 ? -1 : 0;
}

/* 1 with the value in *value, 0 with NULL, or -1. */
static int get(dict_t *self, trv_object *key, trv_object **value)
{
    struct trv__place place;
    int found = trv__table_find(&self->table, key, &place);

    *value = found > 0 ? trv_ref(trv__table_entry(&self->table, place.entry)[1]) : NULL;
    return found;
}

trv_object *trv__dict_find_name(trv_object *dict, trv_object *name)
{
    struct trv__table *table = &trv__as_dict(dict)->table;
    struct trv__place place;

    return trv__table_find_name(table, name, &place) ? trv__table_entry(table, place.entry)[1]
                                                     : NULL;
}

/* Takes a key out: 1 with its value, yours, in *value; 0 with NULL; or -1. */
static int take(dict_t *self, trv_object *key, trv_object **value)
{
    struct trv__place place;
    trv_object *own_key;
    int found = trv__table_find(&self->table, key, &place);

    *value = NULL;
    if (found <= 0)
        return found;
    trv__table_take(&self->table, place, &own_key, value);
    trv_unref(own_key);
    return 1;
}

/* Merging ----------------------------------------------------------------------------------- */

static int merge_entry(dict_t *self, const struct held *held)
{
    trv_object *old;
    int is_new = trv__table_set_hashed(&self->table, held->key, held->hash, held->value, &old);

    if (is_new >= 0)
        trv__dict_track(self, held->key, held->value);
    if (is_new == 0)
        trv_unref(old);
    return is_new < 0 ? -1 : 0;
}

/* Fills an empty dict. */
static int copy_table(dict_t *self, const dict_t *other)
{
    if (trv__table_copy(&self->table, &other->table) < 0)
        return -1;
    if (other->flags & TRV__TRACKED || trv__is_immortal((const trv_object *)other))
        trv__track(self);
    return 0;
}

static int merge(dict_t *self, dict_t *other)
{
    uint32_t live = other->table.live;
    struct held held;
    int status = 0;

    if (self == other)
        return 0;
    if (!self->table.live && !self->table.tombs)
        return copy_table(self, other);
    if (live > self->table.live && trv__table_expect(&self->table, live) < 0)
        return -1;
    for (size_t position = 0; status == 0 && hold_next(other, &position, &held);) {
        status = merge_entry(self, &held);
        let_go(&held);
        if (status == 0 && other->table.live != live)
            status = trv_raise_int(trv_RuntimeError, "dict mutated during update");
    }
    return status;
}

/* Sets the entry that a pair says, the nth of an iterable. */
static int set_pair(dict_t *self, trv_object *pair, size_t n)
{
    trv_auto trv_object *items = trv_tuple_from(pair);
    trv_object *const *item;
    size_t count;

    if (!items)
        return trv_error_matches(trv_TypeError)
                   ? trv_raise_int(trv_TypeError,
                                   "cannot convert dictionary update sequence element #%zu to a "
                                   "sequence",
                                   n)
                   : -1;
    item = trv__tuple_items(items, &count);
    if (count != 2)
        return trv_raise_int(trv_ValueError,
                             "dictionary update sequence element #%zu has length %zu; 2 is "
                             "required",
                             n, count);
    return set(self, item[0], item[1]);
}

static int update_from_pairs(dict_t *self, trv_object *pairs)
{
    trv_auto trv_object *iterator = trv_iter(pairs);
    int more = iterator ? 1 : -1;

    for (size_t n = 0; more > 0; n++) {
        trv_auto trv_object *pair = NULL;
        more = trv_next(iterator, &pair);
        if (more > 0 && set_pair(self, pair, n) < 0)
            return -1;
    }
    return more;
}

static int update_from_mapping(dict_t *self, trv_object *mapping, trv_object *keys_method)
{
    trv_auto trv_object *keys = trv_call_array(keys_method, NULL, 0, NULL);
    trv_auto trv_object *iterator = keys ? trv_iter(keys) : NULL;
    int more = iterator ? 1 : -1;

    while (more > 0) {
        trv_auto trv_object *key = NULL;
        trv_auto trv_object *value = NULL;
        more = trv_next(iterator, &key);
        if (more <= 0)
            break;
        value = trv_getitem(mapping, key);
        if (!value || set(self, key, value) < 0)
            return -1;
    }
    return more;
}

int trv__dict_update_from(trv_object *dict, trv_object *other)
{
    trv_auto trv_object *keys_method = NULL;

    if (trv__is_dict(other))
        return merge(trv__as_dict(dict), trv__as_dict(other));
    keys_method = trv_getattr(other, "keys");
    if (keys_method)
        return update_from_mapping(trv__as_dict(dict), other, keys_method);
    if (!trv_error_matches(trv_AttributeError))
        return -1;
    trv_error_clear();
    return update_from_pairs(trv__as_dict(dict), other);
}

trv_object *trv__dict_copy(trv_object *dict)
{
    dict_t *copy = make(&trv__dict_type);

    if (copy && copy_table(copy, trv__as_dict(dict)) < 0)
        return give_up(copy);
    return (trv_object *)copy;
}

/* Slots ------------------------------------------------------------------------------------- */

static int dict_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return trv__table_traverse(&trv__as_dict(self)->table, visit, argument);
}

static void dict_clear(trv_object *self)
{
    trv__table_clear(&trv__as_dict(self)->table);
}

static size_t dict_size_bytes(trv_object *self)
{
    return trv__table_bytes(&trv__as_dict(self)->table);
}

static int add_entries(struct trv__builder *b, const dict_t *self)
{
    const char *separator = "";
    struct held held;
    int status = 0;

    for (size_t position = 0; status == 0 && hold_next(self, &position, &held);) {
        if (trv__builder_add_text(b, separator) < 0 || trv__builder_add_repr(b, held.key) < 0 ||
            trv__builder_add_text(b, ": ") < 0 || trv__builder_add_repr(b, held.value) < 0)
            status = -1;
        let_go(&held);
        separator = ", ";
    }
    return status;
}

static trv_object *dict_repr(trv_object *self)
{
    struct trv__builder b;
    int inside, status;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_new("{...}");
    trv__builder_init(&b);
    status = trv__builder_add_char(&b, '{') < 0 || add_entries(&b, trv__as_dict(self)) < 0 ||
             trv__builder_add_char(&b, '}') < 0;
    trv__repr_leave(self);
    if (!status)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}

/* Whether `other` has the entry: 1, 0, -1. */
static int has_equal(dict_t *other, const struct held *held)
{
    trv_auto trv_object *value = NULL;
    struct trv__place place;
    int found = trv__table_find_hashed(&other->table, held->key, held->hash, &place);

    if (found <= 0)
        return found;
    value = trv_ref(trv__table_entry(&other->table, place.entry)[1]);
    return trv__same_or_equal(held->value, value);
}

static int dict_equal(const dict_t *self, dict_t *other)
{
    struct held held;
    int equal = self->table.live == other->table.live;

    for (size_t position = 0; equal > 0 && hold_next(self, &position, &held);) {
        equal = has_equal(other, &held);
        let_go(&held);
    }
    return equal;
}

static int dict_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int equal;

    if (!trv__is_dict(other) || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    if (trv__enter_recursion(" in comparison") < 0)
        return -1;
    equal = dict_equal(trv__as_dict(self), trv__as_dict(other));
    return equal < 0 ? -1 : equal == (op == TRV_EQUAL);
}

static int dict_length(trv_object *self, size_t *length)
{
    *length = trv__as_dict(self)->table.live;
    return 0;
}

/* What a derived class says of a key that is not there. */
static trv_object *call_missing(trv_object *self, trv_object *key)
{
    trv_object *found;
    int there = trv__type_find(self->type, trv__dunder(TRV__NAME_missing), &found);

    if (there > 0)
        return trv__call_found(found, self, &key, 1, NULL);
    if (there == 0)
        trv__raise_key_error(key);
    return NULL;
}

static trv_object *dict_getitem(trv_object *self, trv_object *key)
{
    trv_object *value;

    if (get(trv__as_dict(self), key, &value) == 0)
        return self->type == &trv__dict_type ? (trv__raise_key_error(key), NULL)
                                             : call_missing(self, key);
    return value;
}

static int dict_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    trv_object *old;
    int found;

    if (value)
        return set(trv__as_dict(self), key, value);
    found = take(trv__as_dict(self), key, &old);
    if (found <= 0)
        return found < 0 ? -1 : trv__raise_key_error(key);
    trv_unref(old);
    return 0;
}

static int dict_contains(trv_object *self, trv_object *key)
{
    struct trv__place place;

    return trv__table_find(&trv__as_dict(self)->table, key, &place);
}

static int dict_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_auto trv_object *made = NULL;

    if (op != TRV_OR || !trv__is_dict(a) || !trv__is_dict(b))
        return TRV_UNKNOWN;
    made = trv__dict_copy(a);
    if (!made || merge(trv__as_dict(made), trv__as_dict(b)) < 0)
        return -1;
    *result = trv_steal(&made);
    return 0;
}

static int dict_binary_in_place(trv_object *self, trv_object *other, trv_binary op,
                                trv_object **result)
{
    if (op != TRV_OR)
        return TRV_UNKNOWN;
    if (trv__dict_update_from(self, other) < 0)
        return -1;
    *result = trv_ref(self);
    return 0;
}

/* The source must keep its length; what else changes is noticed when there are more entries than
 * there were at the start. */
static int dict_iterator_next(trv_object *self, trv_object **item)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    const struct trv__table *table;
    size_t i;

    *item = NULL;
    if (!iterator->source)
        return 0;
    table = &trv__as_dict(iterator->source)->table;
    if (iterator->expected != table->live) {
        iterator->expected = SIZE_MAX; /* it raises from now on */
        return trv_raise_int(trv_RuntimeError, "dictionary changed size during iteration");
    }
    if (!trv__table_next(table, &iterator->position, &i))
        return trv__iterator_end(self, item);
    if (!iterator->left--) {
        trv__iterator_end(self, item);
        return trv_raise_int(trv_RuntimeError, "dictionary keys changed during iteration");
    }
    *item = trv_ref(*trv__table_entry(table, i));
    return 1;
}

TRV__ITERATOR_TYPE(dict_iterator, "dict_keyiterator", dict_iterator_next,
                   trv__table_iterator_methods);

trv_object *trv__dict_iter(trv_object *self)
{
    struct trv__iterator *iterator = (void *)trv__iterator_new(&dict_iterator, self);

    if (iterator)
        iterator->expected = iterator->left = trv__as_dict(self)->table.live;
    return (trv_object *)iterator;
}

static trv_object *dict_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return (trv_object *)make(type);
}

static int dict_init(trv_object *self, const trv_args *args)
{
    if (args->count > 1)
        return trv_raise_int(trv_TypeError, "%s expected at most 1 argument, got %zu",
                             trv__dict_type.name, args->count);
    if (args->count &&
        (!trv__given(args->items[0], "dict") || trv__dict_update_from(self, args->items[0]) < 0))
        return -1;
    return args->keywords ? trv__dict_update_from(self, args->keywords) : 0;
}

TRV__READ_ONLY struct trv_type trv__dict_type = {
    .handle = trv_dict_type,
    .name = "dict",
    .doc = "dict(mapping or pairs): values by keys, in the order of insertion",
    .base = &trv__object_type,
    .instance_bytes = sizeof(dict_t),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_LATE,
    .references = {.width = 2,
                   .is_count_32 = 1,
                   .items = offsetof(dict_t, table.words),
                   .count = offsetof(dict_t, table.filled)},
    .slots = {.traverse = dict_traverse,
              .clear = dict_clear,
              .init = dict_init,
              .size_bytes = dict_size_bytes,
              .repr = dict_repr,
              .compare = dict_compare,
              .iter = trv__dict_iter,
              .length = dict_length,
              .getitem = dict_getitem,
              .setitem = dict_setitem,
              .contains = dict_contains,
              .binary = dict_binary,
              .binary_in_place = dict_binary_in_place},
    .methods = trv__dict_methods,
    .class_methods = trv__dict_class_methods,
    .construct = dict_construct,
};

TRV__READ_ONLY trv_object trv_dict_type[1] = {TRV__TYPE_HANDLE(trv__dict_type)};

/* The public interface ------------------------------------------------------------------------ */

static inline bool expect(trv_object *dict, const char *function)
{
    return trv__expect(dict, &trv__dict_type, function);
}

trv_object *trv_dict_new(void)
{
    return (trv_object *)make(&trv__dict_type);
}

int trv_dict_len(trv_object *dict, size_t *length)
{
    return expect(dict, "trv_dict_len") ? dict_length(dict, length) : -1;
}

static __attribute__((noinline)) int get_slow(trv_object *dict, trv_object *key, trv_object **value)
{
    *value = NULL;
    if (!expect(dict, "trv_dict_get") || !trv__given(key, "trv_dict_get"))
        return -1;
    return get(trv__as_dict(dict), key, value);
}

/* Few instructions where it can be: then many lookups are under way in the processor at once, and
 * share the time that memory takes. Among a million keys in random order that time decides: the key, the slot and
 * the entry are each found only through the one before (a table without order, whose hashes, keys and values
 * stand at one index, has one step less; so has one whose ints are no objects). About a quarter is the
 * count of the value, raised here and lowered by the caller: it waits for an address that comes late. Looking
 * at the whole group at once, rather than at the slot that the hash names, was not faster on huge pages either. */
int trv_dict_get(trv_object *dict, trv_object *key, trv_object **value)
{
    trv_object **entry;

    if (UNLIKELY(!dict || !key || dict->type != &trv__dict_type))
        return get_slow(dict, key, value);
    entry = trv__table_fast(&trv__as_dict(dict)->table, key, 2);
    if (UNLIKELY(!entry))
        return get_slow(dict, key, value);
    *value = trv__ref_some(entry[1]);
    return 1;
}

int trv_dict_get_str(trv_object *dict, const char *key, trv_object **value)
{
    struct trv__place place;
    int found;

    *value = NULL;
    if (!expect(dict, "trv_dict_get_str") || !trv__given(key, "trv_dict_get_str"))
        return -1;
    found = trv__table_find_text(&trv__as_dict(dict)->table, key, &place);
    if (found > 0)
        *value = trv_ref(trv__table_entry(&trv__as_dict(dict)->table, place.entry)[1]);
    return found;
}

int trv_dict_set(trv_object *dict, trv_object *key, trv_object *value)
{
    if (!expect(dict, "trv_dict_set") || !trv__given(key, "trv_dict_set") ||
        !trv__given(value, "trv_dict_set"))
        return -1;
    return set(trv__as_dict(dict), key, value);
}

int trv_dict_set_str(trv_object *dict, const char *key, trv_object *value)
{
    trv_auto trv_object *str = NULL;

    if (!expect(dict, "trv_dict_set_str") || !trv__given(value, "trv_dict_set_str"))
        return -1;
    str = trv_str_new(key);
    return str ? set(trv__as_dict(dict), str, value) : -1;
}

int trv_dict_remove(trv_object *dict, trv_object *key)
{
    if (!expect(dict, "trv_dict_remove") || !trv__given(key, "trv_dict_remove"))
        return -1;
    return dict_setitem(dict, key, NULL);
}

trv_object *trv_dict_pop(trv_object *dict, trv_object *key)
{
    trv_object *value;

    if (!expect(dict, "trv_dict_pop") || !trv__given(key, "trv_dict_pop"))
        return NULL;
    if (take(trv__as_dict(dict), key, &value) == 0)
        trv__raise_key_error(key);
    return value;
}

int trv_dict_next(trv_object *dict, size_t *position, trv_object **key, trv_object **value)
{
    size_t i;
    trv_object **entry;

    if (!expect(dict, "trv_dict_next"))
        return -1;
    if (!trv__table_next(&trv__as_dict(dict)->table, position, &i))
        return 0;
    entry = trv__table_entry(&trv__as_dict(dict)->table, i);
    if (key)
        *key = trv_ref(entry[0]);
    if (value)
        *value = trv_ref(entry[1]);
    return 1;
}

int trv_dict_update(trv_object *dict, trv_object *other)
{
    if (!expect(dict, "trv_dict_update") || !expect(other, "trv_dict_update"))
        return -1;
    return merge(trv__as_dict(dict), trv__as_dict(other));
}

int trv_dict_clear(trv_object *dict)
{
    if (!expect(dict, "trv_dict_clear"))
        return -1;
    dict_clear(dict);
    return 0;
}
