/* SPDX-License-Identifier: MIT */
/*
 * bytes: immutable octets. Items are ints from 0 to 255.
 *
 * The layout is in bytes.h; methods, and what bytearray has too, are in octets*.c.
 */
#include "types/bytes.h"

#include "object/descriptor.h"
#include "object/lookup.h"
#include "object/reduce.h"
#include "types/arguments.h"
#include "types/iterator_state.h"
#include "types/octets.h"
#include "types/slice.h"
#include "types/str.h"

/* Making ---------------------------------------------------------------------------------------- */

struct trv__bytes *trv__bytes_allocate(size_t size)
{
    struct trv__bytes *bytes;

    if (UNLIKELY(size > PTRDIFF_MAX - sizeof *bytes - 1))
        return trv_raise(trv_MemoryError, "bytes of size %zu", size), NULL;
    bytes = trv__object_new(&trv__bytes_type, sizeof *bytes + size + 1);
    if (UNLIKELY(!bytes))
        return NULL;
    bytes->hash = 0;
    bytes->size = size;
    bytes->data[size] = 0;
    return bytes;
}

trv_object *trv_bytes_new(const void *data, size_t size)
{
    struct trv__bytes *bytes = trv__bytes_allocate(size);

    if (!bytes)
        return NULL;
    if (data)
        memcpy(bytes->data, data, size);
    else
        memset(bytes->data, 0, size);
    return (trv_object *)bytes;
}

const void *trv_bytes_data(trv_object *object, size_t *size)
{
    if (!trv__expect(object, &trv__bytes_type, "trv_bytes_data"))
        return NULL;
    if (size)
        *size = trv__as_bytes(object)->size;
    return trv__as_bytes(object)->data;
}

/* Items ----------------------------------------------------------------------------------------- */

static trv_object *get_slice(trv_object *self, trv_object *slice)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    struct trv__places places;
    struct trv__bytes *made;

    if (trv__slice_places(slice, &bytes->size, &places) < 0)
        return NULL;
    if (places.step == 1 && places.count == bytes->size)
        return trv__value_plain(self);
    if (!(made = trv__bytes_allocate(places.count)))
        return NULL;
    for (size_t i = 0; i < places.count; i++)
        made->data[i] = bytes->data[places.start + (int64_t)i * places.step];
    return (trv_object *)made;
}

static trv_object *bytes_getitem(trv_object *self, trv_object *key)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    int64_t index;
    size_t where;

    if (trv__is_slice(key))
        return get_slice(self, key);
    if (!trv__may_index(key))
        return trv_raise(trv_TypeError, "byte indices must be integers or slices, not %s",
                         trv_type_name(key));
    if (trv__subscript_of(key, &index) < 0)
        return NULL;
    if (!trv__index_in(index, bytes->size, &where))
        return trv_raise(trv_IndexError, "index out of range");
    return trv_int_new(bytes->data[where]);
}

static size_t cut_index(int64_t index, size_t size)
{
    if (index < 0)
        index += (int64_t)size;
    return index < 0 ? 0 : MIN_OF((size_t)index, size);
}

trv_object *trv_bytes_slice(trv_object *object, int64_t start, int64_t end)
{
    const struct trv__bytes *bytes;
    size_t from, to;

    if (!trv__expect(object, &trv__bytes_type, "trv_bytes_slice"))
        return NULL;
    bytes = trv__as_bytes(object);
    from = cut_index(start, bytes->size);
    to = cut_index(end, bytes->size);
    if (from == 0 && to == bytes->size)
        return trv__value_plain(object);
    return trv_bytes_new(bytes->data + from, from < to ? to - from : 0);
}

static int bytes_length(trv_object *self, size_t *length)
{
    *length = trv__as_bytes(self)->size;
    return 0;
}

/* Value ----------------------------------------------------------------------------------------- */

trv_object *trv__bytes_repr(trv_object *self)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    struct trv__builder b;

    trv__builder_init(&b);
    if (trv__octets_add_repr(&b, bytes->data, bytes->size, false) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

static int bytes_hash(trv_object *self, int64_t *hash)
{
    struct trv__bytes *bytes = trv__as_bytes(self);

    if (!bytes->hash)
        bytes->hash = trv__text_hash((const char *)bytes->data, bytes->size);
    *hash = (int64_t)bytes->hash;
    return 0;
}

static int order_of(const struct trv__bytes *a, const struct trv__bytes *b)
{
    int order = memcmp(a->data, b->data, MIN_OF(a->size, b->size));

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int bytes_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    const struct trv__bytes *a = trv__as_bytes(self), *b = trv__as_bytes(other);
    int order;

    if (!trv__is_bytes(other))
        return TRV_UNKNOWN;
    if (op == TRV_EQUAL || op == TRV_NOT_EQUAL)
        return (a->size == b->size && memcmp(a->data, b->data, a->size) == 0) == (op == TRV_EQUAL);
    order = order_of(a, b);
    return op == TRV_LESS         ? order < 0
           : op == TRV_LESS_EQUAL ? order <= 0
           : op == TRV_GREATER    ? order > 0
                                  : order >= 0;
}

static int bytes_truth(trv_object *self)
{
    return trv__as_bytes(self)->size != 0;
}

static size_t bytes_block_bytes(const trv_object *self)
{
    return sizeof(struct trv__bytes) + trv__as_bytes(self)->size + 1;
}

/* Iteration ------------------------------------------------------------------------------------- */

struct bytes_iterator {
    TRV__HEAD;
    trv_object *bytes; /* owned */
    size_t at;         /* SIZE_MAX: it has been at its end */
};

static int iterator_next(trv_object *self, trv_object **item)
{
    struct bytes_iterator *iterator = (struct bytes_iterator *)self;
    const struct trv__bytes *bytes = trv__as_bytes(iterator->bytes);

    if (iterator->at >= bytes->size) {
        iterator->at = SIZE_MAX; /* for good */
        return 0;
    }
    *item = trv_int_new(bytes->data[iterator->at++]);
    return 1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static void iterator_clear(trv_object *self)
{
    trv_clear(&((struct bytes_iterator *)self)->bytes);
}

static trv_object *iterator_hint(const trv_args *args)
{
    const struct bytes_iterator *iterator = (struct bytes_iterator *)args->self;
    size_t size = trv__as_bytes(iterator->bytes)->size;

    return trv_parse(args, "") < 0 ? NULL : trv_int_new_unsigned(size - MIN_OF(iterator->at, size));
}

static trv_object *iterator_reduce(const trv_args *args)
{
    const struct bytes_iterator *iterator = (struct bytes_iterator *)args->self;

    if (trv_parse(args, "") < 0)
        return NULL;
    return iterator->at == SIZE_MAX ? trv__iterator_over(trv_tuple_new(NULL, 0))
                                    : trv__iterator_at(iterator->bytes, iterator->at);
}

static trv_object *iterator_set_state(const trv_args *args)
{
    struct bytes_iterator *iterator = (struct bytes_iterator *)args->self;
    int64_t place;

    if (trv__iterator_state(args, 0, trv__as_bytes(iterator->bytes)->size, &place) < 0)
        return NULL;
    if (iterator->at != SIZE_MAX)
        iterator->at = (size_t)place;
    return trv_none_new();
}

static const struct trv__method iterator_methods[] = {
    {TRV__HINT_METHOD, iterator_hint},
    {TRV__REDUCE_METHOD, iterator_reduce},
    {TRV__STATE_METHOD, iterator_set_state},
    {0},
};

static trv_object bytes_iterator_handle[1];

static TRV__READ_ONLY struct trv_type bytes_iterator_type = {
    .handle = bytes_iterator_handle,
    .name = "bytes_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct bytes_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.clear = iterator_clear, .iter = iterator_iter, .next = iterator_next},
    .methods = iterator_methods,
};

static TRV__READ_ONLY trv_object bytes_iterator_handle[1] = {TRV__TYPE_HANDLE(bytes_iterator_type)};

static trv_object *bytes_iter(trv_object *self)
{
    struct bytes_iterator *iterator = trv__object_new(&bytes_iterator_type, sizeof *iterator);

    if (!iterator)
        return NULL;
    iterator->bytes = trv_ref(self);
    iterator->at = 0;
    return (trv_object *)iterator;
}

/* The type -------------------------------------------------------------------------------------- */

static int bytes_acquire(trv_object *self, trv_buffer *buffer, unsigned flags TRV_UNUSED)
{
    buffer->data = trv__as_bytes(self)->data;
    buffer->size = trv__as_bytes(self)->size;
    buffer->readonly = 1;
    return 0;
}

static trv_object *method_bytes(const trv_args *args)
{
    return trv__no_arguments(args) ? trv__value_plain(args->self) : NULL;
}

static const struct trv__method bytes_methods[] = {
    {"__bytes__", "__bytes__(): the same, of no class", method_bytes},
    TRV__OCTETS_METHODS(TRV__OCTETS_ROW){
        "__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    {NULL, NULL, NULL},
};

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "bytes",
    .signature = "bytes(source=, encoding=, errors=): octets",
};

int trv__bytes_by_method(trv_object *object, trv_object **made)
{
    trv_object *found;
    int there = trv__type_find(object->type, trv__dunder(TRV__NAME_bytes), &found);

    if (there <= 0)
        return there;
    *made = trv__call_found(found, object, NULL, 0, NULL);
    if (!*made || trv__is_bytes(*made))
        return *made ? 1 : -1;
    trv_raise(trv_TypeError, "__bytes__ returned non-bytes (type %s)", trv_type_name(*made));
    trv_clear(made);
    return -1;
}

static trv_object *construct_bound(const trv_args *args)
{
    struct trv__octets_source from;
    trv_object *made = NULL;

    if (trv__octets_source_get(args, &from) < 0)
        return NULL;
    if (from.source && !from.encoding && !from.errors &&
        trv__bytes_by_method(from.source, &made) != 0)
        return made;
    return trv__octets_of(&from);
}

static trv_object *bytes_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    return trv__call_bound(&call_spec, args, construct_bound);
}

TRV__READ_ONLY struct trv_type trv__bytes_type = {
    .handle = trv_bytes_type,
    .name = "bytes",
    .doc = "Immutable octets.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__bytes),
    .block_bytes = bytes_block_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_VALUE | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.repr = trv__bytes_repr,
              .hash = bytes_hash,
              .compare = bytes_compare,
              .truth = bytes_truth,
              .iter = bytes_iter,
              .length = bytes_length,
              .getitem = bytes_getitem,
              .contains = trv__octets_contains,
              .binary = trv__octets_binary,
              .acquire_buffer = bytes_acquire},
    .methods = bytes_methods,
    .class_methods = trv__octets_class_methods,
    .construct = bytes_construct,
};

TRV__READ_ONLY trv_object trv_bytes_type[1] = {TRV__TYPE_HANDLE(trv__bytes_type)};
