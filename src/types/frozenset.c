/* SPDX-License-Identifier: MIT */
/*
 * frozenset: a set that cannot change, with a hash.
 *
 * All but its making and its hash is set's (set.c). The hash is Python's: it does not depend on the order of
 * the items, and is worked out once. What fills a new one has the only reference to it.
 */
#include "types/set.h"

#include "types/sequence.h"

#include "trivet/copy.h"

static struct trv__frozenset *as_frozenset(trv_object *object)
{
    return (struct trv__frozenset *)object;
}

static uint64_t shuffle(uint64_t hash)
{
    return ((hash ^ 89869747) ^ (hash << 16)) * 3644798167;
}

/* Of the hashes of items, in whatever order, and of their number. */
static int64_t mixed(uint64_t hash, size_t count)
{
    hash ^= ((uint64_t)count + 1) * 1927868237;
    hash ^= (hash >> 11) ^ (hash >> 25);
    hash = hash * 69069 + 907133923;
    return hash == UINT64_MAX ? 590923713 : (int64_t)hash;
}

static int frozenset_hash(trv_object *self, int64_t *hash)
{
    const struct trv__table *table = &trv__as_set(self)->table;
    uint64_t sum = 0;
    int64_t one;
    size_t i;

    *hash = as_frozenset(self)->hash;
    if (*hash != -1)
        return 0;
    for (size_t position = 0; trv__table_next(table, &position, &i);) {
        if (trv_hash(*trv__table_entry(table, i), &one) < 0)
            return -1;
        sum ^= shuffle((uint64_t)one);
    }
    *hash = as_frozenset(self)->hash = mixed(sum, table->live);
    return 0;
}

static trv_object *from(const struct trv_type *type, trv_object *iterable)
{
    trv_auto trv_object *made = NULL;

    if (iterable && type == &trv__frozenset_type && iterable->type == type)
        return trv_ref(iterable);
    made = trv__set_make(type);
    if (made && iterable && trv__set_update_from(made, iterable) < 0)
        return NULL;
    return trv_steal(&made);
}

/* A deep copy of what cannot change: of copies of the items. Not for classes. */
static trv_object *frozenset_copy(trv_object *self, trv_object *memo)
{
    trv_auto trv_object *made = NULL;
    trv_auto trv_object *iterator = NULL;

    if (!memo)
        return trv_ref(self);
    if (trv__enter_recursion(" while copying") < 0 ||
        !(made = trv__set_make(&trv__frozenset_type)) || !(iterator = trv_iter(self)))
        return NULL;
    for (;;) {
        trv_auto trv_object *item = NULL;
        trv_auto trv_object *copy = NULL;
        int more = trv_next(iterator, &item);
        if (more <= 0)
            return more < 0 ? NULL : trv_steal(&made);
        if (!(copy = trv_deepcopy_with(item, memo)) ||
            trv__table_set(&trv__as_set(made)->table, copy, NULL, NULL) < 0)
            return NULL;
    }
}

static trv_object *frozenset_construct(const struct trv_type *type, const trv_args *args)
{
    if (!trv__plain_arguments(type, args, 1))
        return NULL;
    return from(type, args->count ? args->items[0] : NULL);
}

TRV__READ_ONLY struct trv_type trv__frozenset_type = {
    .handle = trv_frozenset_type,
    .name = "frozenset",
    .doc = "frozenset(iterable=()): different items, which cannot change",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__frozenset),
    .flags = TRV__TYPE_CONTAINER,
    .references = {.width = 1,
                   .is_count_32 = 1,
                   .items = offsetof(struct trv__set, table.words),
                   .count = offsetof(struct trv__set, table.filled)},
    .slots = {.traverse = trv__set_traverse,
              .clear = trv__set_clear,
              .size_bytes = trv__set_size_bytes,
              .repr = trv__set_repr,
              .hash = frozenset_hash,
              .compare = trv__set_compare,
              .iter = trv__set_iter,
              .length = trv__set_length,
              .contains = trv__set_contains,
              .binary = trv__set_binary,
              .copy = frozenset_copy},
    .methods = trv__frozenset_methods,
    .construct = frozenset_construct,
};

TRV__READ_ONLY trv_object trv_frozenset_type[1] = {TRV__TYPE_HANDLE(trv__frozenset_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_frozenset_new(void)
{
    return from(&trv__frozenset_type, NULL);
}

trv_object *trv_frozenset_from(trv_object *iterable)
{
    return trv__given(iterable, "trv_frozenset_from") ? from(&trv__frozenset_type, iterable) : NULL;
}

int trv_frozenset_len(trv_object *frozenset, size_t *length)
{
    return trv__expect(frozenset, &trv__frozenset_type, "trv_frozenset_len")
               ? trv__set_length(frozenset, length)
               : -1;
}
