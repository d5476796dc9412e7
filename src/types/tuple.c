/* SPDX-License-Identifier: MIT */
/*
 * tuple: an immutable sequence.
 *
 * There is one empty tuple, a constant. A tuple never changes once it is made, so one whose items
 * are all of types that hold no references can be in no cycle, and is not handed to the collector.
 * `clear` runs when nobody can reach the tuple any more, or when the collector breaks a cycle of
 * garbage: it puts None in the place of every item, so that a tuple never holds a NULL, and its
 * count still tells the size of its block.
 */
#include "types/tuple.h"

#include "object/reduce.h"
#include "types/iterator.h"
#include "types/sequence.h"
#include "types/slice.h"

#define COUNT_MOST ((PTRDIFF_MAX - sizeof(struct trv__tuple)) / sizeof(trv_object *))

static const struct trv__tuple empty = {TRV_IMMORTAL_, 0, &trv__tuple_type, 0};

static size_t bytes_of(size_t count)
{
    return sizeof(struct trv__tuple) + count * sizeof(trv_object *);
}

static struct trv__tuple *as_tuple(const trv_object *object)
{
    return (struct trv__tuple *)(uintptr_t)object;
}

static trv_object *empty_tuple(void)
{
    return (trv_object *)(uintptr_t)&empty;
}

/* A tuple whose items are NULL, for count > 0. */
static struct trv__tuple *make(size_t count)
{
    struct trv__tuple *self;

    if (count > COUNT_MOST)
        return (void *)trv_raise(trv_MemoryError, "tuple of %zu items", count);
    self = trv__container_new(&trv__tuple_type, bytes_of(count));
    if (self)
        self->count = count;
    return self;
}

/* Hands a tuple whose items are set to the collector if it can be part of a cycle. */
static trv_object *finish(struct trv__tuple *self)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->items[i]->type->flags & TRV__TYPE_CONTAINER) {
            trv__track(self);
            break;
        }
    return (trv_object *)self;
}

static trv_object *copy_of(trv_object *const *items, size_t count)
{
    struct trv__tuple *self = count ? make(count) : NULL;

    if (!self)
        return count ? NULL : empty_tuple();
    for (size_t i = 0; i < count; i++)
        self->items[i] = trv_ref(items[i]);
    return finish(self);
}

/* Slots ------------------------------------------------------------------------------------- */

static size_t tuple_block_bytes(const trv_object *self)
{
    return bytes_of(as_tuple(self)->count);
}

static int tuple_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__tuple *tuple = as_tuple(self);
    int stop = 0;

    for (size_t i = 0; i < tuple->count && !stop; i++)
        stop = visit(tuple->items[i], argument);
    return stop;
}

static void tuple_clear(trv_object *self)
{
    struct trv__tuple *tuple = as_tuple(self);
    trv_object *none = trv_none_new();

    for (size_t i = 0; i < tuple->count; i++) {
        trv_object *item = tuple->items[i];
        tuple->items[i] = none;
        trv_unref(item);
    }
}

static trv_object *tuple_repr(trv_object *self)
{
    return trv__sequence_repr(self, '(', ')', ",", trv__tuple_items);
}

static inline uint64_t rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

/* CPython's: xxHash64 with the items' hashes as lanes. */
static int tuple_hash(trv_object *self, int64_t *hash)
{
    const uint64_t prime_1 = UINT64_C(11400714785074694791);
    const uint64_t prime_2 = UINT64_C(14029467366897019727);
    const uint64_t prime_5 = UINT64_C(2870177450012600261);
    struct trv__tuple *tuple = as_tuple(self);
    uint64_t sum = prime_5;

    if (trv__enter_recursion("") < 0)
        return -1;
    for (size_t i = 0; i < tuple->count; i++) {
        int64_t lane;
        if (trv_hash(tuple->items[i], &lane) < 0)
            return -1;
        sum = rotate(sum + (uint64_t)lane * prime_2, 31) * prime_1;
    }
    sum += tuple->count ^ (prime_5 ^ UINT64_C(3527539));
    *hash = sum == UINT64_MAX ? 1546275796 : (int64_t)sum;
    return 0;
}

static int tuple_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    if (!trv__type_derives(other->type, &trv__tuple_type))
        return TRV_UNKNOWN;
    return trv__sequence_compare(self, other, op, trv__tuple_items);
}

static int tuple_length(trv_object *self, size_t *length)
{
    *length = as_tuple(self)->count;
    return 0;
}

static trv_object *get_slice(trv_object *self, trv_object *slice)
{
    const struct trv__tuple *tuple = as_tuple(self);
    struct trv__places places;
    struct trv__tuple *made;

    if (trv__slice_places(slice, &tuple->count, &places) < 0)
        return NULL;
    if (places.step == 1 && places.count == tuple->count)
        return trv__value_plain(self);
    if (!places.count)
        return empty_tuple();
    if (!(made = make(places.count)))
        return NULL;
    for (size_t i = 0; i < places.count; i++)
        made->items[i] = trv_ref(tuple->items[places.start + (int64_t)i * places.step]);
    return finish(made);
}

static trv_object *tuple_getitem(trv_object *self, trv_object *key)
{
    struct trv__tuple *tuple = as_tuple(self);
    size_t where;

    if (UNLIKELY(trv__is_slice(key)))
        return get_slice(self, key);
    if (trv__sequence_index(&trv__tuple_type, key, &tuple->count, false, &where) < 0)
        return NULL;
    return trv_ref(tuple->items[where]);
}

static int tuple_contains(trv_object *self, trv_object *item)
{
    size_t where;

    return trv__sequence_find(self, item, 0, INT64_MAX, &where, trv__tuple_items);
}

static trv_object *concatenate(const struct trv__tuple *a, const struct trv__tuple *b)
{
    struct trv__tuple *made;

    if (!a->count || !b->count)
        return trv__value_plain((trv_object *)(uintptr_t)(a->count ? a : b));
    made = make(a->count + b->count);
    if (!made)
        return NULL;
    for (size_t i = 0; i < made->count; i++)
        made->items[i] = trv_ref(i < a->count ? a->items[i] : b->items[i - a->count]);
    return finish(made);
}

static trv_object *repeat(const struct trv__tuple *tuple, size_t times)
{
    struct trv__tuple *made;

    if (times == 1 || !tuple->count)
        return trv__value_plain((trv_object *)(uintptr_t)tuple);
    if (!times)
        return empty_tuple();
    made = times > COUNT_MOST / tuple->count
               ? (void *)trv_raise(trv_MemoryError, "tuple of %zu times %zu items", times,
                                   tuple->count)
               : make(tuple->count * times);
    if (!made)
        return NULL;
    for (size_t i = 0; i < made->count; i++)
        made->items[i] = trv_ref(tuple->items[i % tuple->count]);
    return finish(made);
}

static int tuple_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    trv_object *tuple;
    size_t times;
    int status;

    if (op == TRV_ADD) {
        if (!trv__type_derives(a->type, &trv__tuple_type))
            return TRV_UNKNOWN;
        if (!trv__type_derives(b->type, &trv__tuple_type))
            return trv_raise_int(trv_TypeError, "can only concatenate tuple (not \"%s\") to tuple",
                                 b->type->name);
        *result = concatenate(as_tuple(a), as_tuple(b));
        return *result ? 0 : -1;
    }
    if (op != TRV_MULTIPLY)
        return TRV_UNKNOWN;
    status = trv__sequence_times(a, b, &trv__tuple_type, &tuple, &times);
    if (status)
        return status;
    *result = repeat(as_tuple(tuple), times);
    return *result ? 0 : -1;
}

static int tuple_iterator_next(trv_object *self, trv_object **item)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    struct trv__tuple *tuple = as_tuple(iterator->source);

    if (!tuple || iterator->position >= tuple->count)
        return trv__iterator_end(self, item);
    *item = trv_ref(tuple->items[iterator->position++]);
    return 1;
}

TRV__ITERATOR_TYPE(tuple_iterator, "tuple_iterator", tuple_iterator_next,
                   trv__sequence_iterator_methods);

static trv_object *tuple_iter(trv_object *self)
{
    return trv__iterator_new(&tuple_iterator, self);
}

static trv_object *tuple_construct(const struct trv_type *type, const trv_args *args)
{
    if (!trv__plain_arguments(type, args, 1))
        return NULL;
    return args->count ? trv_tuple_from(args->items[0]) : empty_tuple();
}

/* Methods ----------------------------------------------------------------------------------- */

static trv_object *method_count(const trv_args *args)
{
    trv_object *item;
    size_t count;

    if (trv_parse(args, "o", &item) < 0 ||
        trv__sequence_count(args->self, item, &count, trv__tuple_items) < 0)
        return NULL;
    return trv_int_new((int64_t)count);
}

static trv_object *method_index(const trv_args *args)
{
    trv_object *item;
    int64_t start, stop;
    size_t where;
    int found;

    if (trv__sequence_parse_index(args, &item, &start, &stop) < 0)
        return NULL;
    found = trv__sequence_find(args->self, item, start, stop, &where, trv__tuple_items);
    if (found > 0)
        return trv_int_new((int64_t)where);
    return found < 0 ? NULL : trv_raise(trv_ValueError, "tuple.index(x): x not in tuple");
}

static const struct trv__method methods[] = {
    {"__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    {"count", "count(value, /): how many items are equal to value", method_count},
    {"index", "index(value, start=, stop=, /): where the first item equal to value is",
     method_index},
    {0},
};

TRV__READ_ONLY struct trv_type trv__tuple_type = {
    .handle = trv_tuple_type,
    .name = "tuple",
    .doc = "tuple(iterable=()): an immutable sequence",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__tuple),
    .block_bytes = tuple_block_bytes,
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FIXED | TRV__TYPE_NO_WEAKREF | TRV__TYPE_VALUE,
    .references = {.width = 1,
                   .is_inside = 1,
                   .items = offsetof(struct trv__tuple, items),
                   .count = offsetof(struct trv__tuple, count)},
    .slots = {.traverse = tuple_traverse,
              .clear = tuple_clear,
              .repr = tuple_repr,
              .hash = tuple_hash,
              .compare = tuple_compare,
              .iter = tuple_iter,
              .length = tuple_length,
              .getitem = tuple_getitem,
              .contains = tuple_contains,
              .binary = tuple_binary},
    .methods = methods,
    .construct = tuple_construct,
};

TRV__READ_ONLY trv_object trv_tuple_type[1] = {TRV__TYPE_HANDLE(trv__tuple_type)};

/* The public interface, and what the library shares ------------------------------------------- */

trv_object *const *trv__tuple_items(const trv_object *tuple, size_t *count)
{
    *count = as_tuple(tuple)->count;
    return as_tuple(tuple)->items;
}

trv_object *trv__tuple_take(trv_object **items, size_t count)
{
    struct trv__tuple *self = count ? make(count) : NULL;

    if (!self)
        return count ? NULL : empty_tuple();
    memcpy(self->items, items, count * sizeof *items);
    return finish(self);
}

trv_object *trv_tuple_new(trv_object *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__given(items[i], "trv_tuple_new"))
            return NULL;
    return copy_of(items, count);
}

trv_object *trv_tuple_from(trv_object *iterable)
{
    trv_auto trv_object *list = NULL;
    trv_object *const *items;
    size_t count;

    if (!trv__given(iterable, "trv_tuple_from"))
        return NULL;
    if (iterable->type == &trv__tuple_type)
        return trv_ref(iterable);
    list = iterable->type == &trv__list_type ? trv_ref(iterable) : trv_list_from(iterable);
    if (!list)
        return NULL;
    items = trv__list_items(list, &count);
    return copy_of(items, count);
}

int trv_tuple_len(trv_object *tuple, size_t *length)
{
    if (!trv__expect(tuple, &trv__tuple_type, "trv_tuple_len"))
        return -1;
    *length = as_tuple(tuple)->count;
    return 0;
}

trv_object *trv_tuple_get(trv_object *tuple, int64_t index)
{
    size_t where;

    if (!trv__expect(tuple, &trv__tuple_type, "trv_tuple_get"))
        return NULL;
    if (!trv__index_in(index, as_tuple(tuple)->count, &where))
        return trv_raise(trv_IndexError, "tuple index out of range");
    return trv_ref(as_tuple(tuple)->items[where]);
}
