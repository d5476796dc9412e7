/* SPDX-License-Identifier: MIT */
/*
 * bytearray: octets that can change. The layout is in bytearray.h, what it does in place in
 * bytearray_methods.c, and what it has in common with bytes in octets*.c.
 *
 * To pickle one: it is taken apart into its octets, and made by calling the type with them.
 */
#include "types/bytearray.h"

#include "types/arguments.h"
#include "types/iterator_state.h"
#include "types/octets.h"
#include "types/slice.h"
#include "types/str.h"

/* Size ------------------------------------------------------------------------------------------ */

/* Room grows by an eighth, as that of lists, and is given back when more than half is free. */
static size_t room_for(size_t size)
{
    return size + (size >> 3) + (size < 9 ? 3 : 6);
}

/* There was no memory to move to: that only matters to one that grows. */
static int keep_room(struct trv__bytearray *array, size_t size)
{
    if (size > array->capacity)
        return -1;
    trv_error_clear();
    array->size = size;
    return 0;
}

int trv__bytearray_resize(struct trv__bytearray *array, size_t size)
{
    size_t room = array->capacity;
    unsigned char *data;

    if (size == array->size)
        return 0;
    if (array->exports)
        return trv_raise_int(trv_BufferError,
                             "Existing exports of data: object cannot be re-sized");
    if (size > PTRDIFF_MAX / 2)
        return trv_raise_int(trv_MemoryError, "bytearray of size %zu", size);
    if (size > room || size < room / 2) {
        room = size > array->size && array->size ? room_for(size) : size;
        data = room ? trv__reallocate(array->data, array->capacity, room) : NULL;
        if (!room)
            trv__free(array->data, array->capacity);
        else if (!data)
            return keep_room(array, size);
        array->data = data;
        array->capacity = room;
    }
    array->size = size;
    return 0;
}

int trv__bytearray_splice(struct trv__bytearray *array, size_t at, size_t count, const void *octets,
                          size_t size)
{
    size_t tail = array->size - at - count, whole = array->size - count + size;
    unsigned char *place;

    if (size < count) { /* before the end is cut off */
        if (array->exports)
            return trv__bytearray_resize(array, whole);
        memmove(array->data + at + size, array->data + at + count, tail);
    }
    if (trv__bytearray_resize(array, whole) < 0)
        return -1;
    if (!array->size)
        return 0;
    place = array->data + at;
    if (size > count)
        memmove(place + size, place + count, tail);
    if (size)
        memcpy(place, octets, size);
    return 0;
}

/* Making ---------------------------------------------------------------------------------------- */

static trv_object *array_new(const struct trv_type *type, const void *data, size_t size)
{
    struct trv__bytearray *array = trv__instance_new(type, type->instance_bytes);
    trv_auto trv_object *made = (trv_object *)array;

    if (!array)
        return NULL;
    if (type->flags & TRV__TYPE_CONTAINER)
        trv__track(array);
    if (trv__bytearray_resize(array, size) < 0)
        return NULL;
    if (size && data)
        memcpy(array->data, data, size);
    else if (size)
        memset(array->data, 0, size);
    return trv_steal(&made);
}

trv_object *trv_bytearray_new(const void *data, size_t size)
{
    return array_new(&trv__bytearray_type, data, size);
}

static const trv_function_spec call_spec = {
    .size = sizeof call_spec,
    .name = "bytearray",
    .signature = "bytearray(source=, encoding=, errors=): octets that can change",
};

static trv_object *array_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return array_new(type, NULL, 0);
}

/* What it had is gone before the source is looked at, which may be the array itself. */
static trv_object *init_bound(const trv_args *args)
{
    struct trv__bytearray *array = trv__as_bytearray(args->self);
    trv_auto trv_object *octets = NULL;
    struct trv__octets_source from;
    const void *data;
    size_t size;

    if (trv__octets_source_get(args, &from) < 0 || trv__bytearray_resize(array, 0) < 0)
        return NULL;
    if (!from.source && !from.encoding && !from.errors)
        return trv_none_new();
    if (!(octets = trv__octets_of(&from)) || !(data = trv_bytes_data(octets, &size)) ||
        trv__bytearray_splice(array, 0, array->size, data, size) < 0)
        return NULL;
    return trv_none_new();
}

static int array_init(trv_object *self TRV_UNUSED, const trv_args *args)
{
    trv_object *none = trv__call_bound(&call_spec, args, init_bound);

    trv_unref(none);
    return none ? 0 : -1;
}

static trv_object *array_copy(trv_object *self, trv_object *memo TRV_UNUSED)
{
    return trv_bytearray_new(trv__as_bytearray(self)->data, trv__as_bytearray(self)->size);
}

static void array_destroy(trv_object *self)
{
    trv__free(trv__as_bytearray(self)->data, trv__as_bytearray(self)->capacity);
}

static size_t array_size_bytes(trv_object *self)
{
    return trv__as_bytearray(self)->capacity;
}

/* Buffers --------------------------------------------------------------------------------------- */

static int array_acquire(trv_object *self, trv_buffer *buffer, unsigned flags TRV_UNUSED)
{
    struct trv__bytearray *array = trv__as_bytearray(self);

    buffer->data = array->data;
    buffer->size = array->size;
    array->exports++;
    return 0;
}

static void array_release(trv_object *self, trv_buffer *buffer TRV_UNUSED)
{
    trv__as_bytearray(self)->exports--;
}

/* Items ----------------------------------------------------------------------------------------- */

static int array_length(trv_object *self, size_t *length)
{
    *length = trv__as_bytearray(self)->size;
    return 0;
}

static int array_truth(trv_object *self)
{
    return trv__as_bytearray(self)->size != 0;
}

static trv_object *get_slice(trv_object *self, trv_object *slice)
{
    const struct trv__bytearray *array = trv__as_bytearray(self);
    struct trv__places places;
    trv_object *made;

    if (trv__slice_places(slice, &array->size, &places) < 0)
        return NULL;
    made = trv_bytearray_new(NULL, places.count);
    for (size_t i = 0; made && i < places.count; i++)
        trv__as_bytearray(made)->data[i] = array->data[places.start + (int64_t)i * places.step];
    return made;
}

/* The place an index names; -1 with IndexError or TypeError. */
static int place_of(trv_object *self, trv_object *key, size_t *where)
{
    int64_t index;

    if (!trv__may_index(key))
        return trv_raise_int(trv_TypeError, "bytearray indices must be integers or slices, not %s",
                             trv_type_name(key));
    if (trv__subscript_of(key, &index) < 0)
        return -1;
    if (!trv__index_in(index, trv__as_bytearray(self)->size, where))
        return trv_raise_int(trv_IndexError, "bytearray index out of range");
    return 0;
}

static trv_object *array_getitem(trv_object *self, trv_object *key)
{
    size_t where;

    if (trv__is_slice(key))
        return get_slice(self, key);
    if (place_of(self, key, &where) < 0)
        return NULL;
    return trv_int_new(trv__as_bytearray(self)->data[where]);
}

/* Takes the octets at the places away, which lie a step apart. */
static int delete_places(struct trv__bytearray *array, const struct trv__places *places)
{
    size_t step = (size_t)(places->step < 0 ? -places->step : places->step);
    size_t first =
        (size_t)(places->step < 0 ? places->start + ((int64_t)places->count - 1) * places->step
                                  : places->start);
    size_t to = first, next = first, left = places->count;

    if (!places->count)
        return 0;
    if (array->exports)
        return trv__bytearray_resize(array, array->size - places->count);
    for (size_t from = first; from < array->size; from++) {
        if (left && from == next) {
            next += step;
            left--;
        } else
            array->data[to++] = array->data[from];
    }
    return trv__bytearray_resize(array, to);
}

static int set_slice(trv_object *self, trv_object *slice, trv_object *value)
{
    struct trv__bytearray *array = trv__as_bytearray(self);
    trv_auto trv_object *octets = NULL;
    struct trv__places places;
    const unsigned char *data = NULL;
    size_t size = 0;

    if (value && (trv__may_index(value) || trv__is_any_str(value)))
        return trv_raise_int(trv_TypeError, "can assign only bytes, buffers, or iterables of ints "
                                            "in range(0, 256)");
    if (value)
        octets = trv__octets_from("bytearray", value);
    if ((value && (!octets || !(data = trv_bytes_data(octets, &size)))) ||
        trv__slice_places(slice, &array->size, &places) < 0)
        return -1;
    if (places.step == 1)
        return trv__bytearray_splice(array, (size_t)places.start, places.count, data, size);
    if (!value)
        return delete_places(array, &places);
    if (size != places.count)
        return trv_raise_int(trv_ValueError,
                             "attempt to assign bytes of size %zu to extended slice of size %zu",
                             size, places.count);
    for (size_t i = 0; i < places.count; i++)
        array->data[places.start + (int64_t)i * places.step] = data[i];
    return 0;
}

static int array_setitem(trv_object *self, trv_object *key, trv_object *value)
{
    size_t where;
    int octet;

    if (trv__is_slice(key))
        return set_slice(self, key, value);
    if (place_of(self, key, &where) < 0)
        return -1;
    if (!value)
        return trv__bytearray_splice(trv__as_bytearray(self), where, 1, NULL, 0);
    if ((octet = trv__octet_value(value, "byte")) < 0)
        return -1;
    if (where >= trv__as_bytearray(self)->size) /* the value's __index__ made it shorter */
        return trv_raise_int(trv_IndexError, "bytearray index out of range");
    trv__as_bytearray(self)->data[where] = (unsigned char)octet;
    return 0;
}

/* Value ----------------------------------------------------------------------------------------- */

static trv_object *array_repr(trv_object *self)
{
    const struct trv__bytearray *array = trv__as_bytearray(self);
    struct trv__builder b;

    trv__builder_init(&b);
    if (trv__builder_printf(&b, "%s(", trv_type_name(self)) < 0 ||
        trv__octets_add_repr(&b, array->data, array->size, true) < 0 ||
        trv__builder_add_char(&b, ')') < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

/* In place -------------------------------------------------------------------------------------- */

static int add_in_place(trv_object *self, trv_object *other)
{
    struct trv__bytearray *array = trv__as_bytearray(self);
    trv_auto trv_object *octets = NULL;
    const void *data;
    size_t size;

    if (!trv_buffer_check(other))
        return trv_raise_int(trv_TypeError, "can't concat %s to %s", trv_type_name(other),
                             trv_type_name(self));
    if (!(octets = trv__octets_from("bytearray", other)) || !(data = trv_bytes_data(octets, &size)))
        return -1;
    return trv__bytearray_splice(array, array->size, 0, data, size);
}

static int multiply_in_place(trv_object *self, trv_object *count)
{
    struct trv__bytearray *array = trv__as_bytearray(self);
    size_t times, unit = array->size, size;

    if (trv__times_get(count, &times) < 0)
        return -1;
    if (__builtin_mul_overflow(unit, times, &size) || size > PTRDIFF_MAX / 2)
        return trv_raise_int(trv_MemoryError, "bytearray of %zu times %zu octets", times, unit);
    if (trv__bytearray_resize(array, size) < 0)
        return -1;
    for (size_t done = unit; done < size; done *= 2)
        memcpy(array->data + done, array->data, MIN_OF(done, size - done));
    return 0;
}

static int array_in_place(trv_object *self, trv_object *other, trv_binary op, trv_object **result)
{
    int status;

    if (op == TRV_ADD)
        status = add_in_place(self, other);
    else if (op == TRV_MULTIPLY && trv__is_int(other))
        status = multiply_in_place(self, other);
    else
        return TRV_UNKNOWN;
    *result = status < 0 ? NULL : trv_ref(self);
    return status;
}

/* Iteration ------------------------------------------------------------------------------------- */

struct array_iterator {
    TRV__HEAD;
    trv_object *array; /* owned; NULL at the end */
    size_t at;
};

static int iterator_next(trv_object *self, trv_object **item)
{
    struct array_iterator *iterator = (struct array_iterator *)self;

    if (!iterator->array)
        return 0;
    if (iterator->at >= trv__as_bytearray(iterator->array)->size) {
        trv_clear(&iterator->array);
        return 0;
    }
    *item = trv_int_new(trv__as_bytearray(iterator->array)->data[iterator->at++]);
    return *item ? 1 : -1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static int iterator_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct array_iterator *iterator = (struct array_iterator *)self;

    return iterator->array ? visit(iterator->array, argument) : 0;
}

static void iterator_clear(trv_object *self)
{
    trv_clear(&((struct array_iterator *)self)->array);
}

static trv_object *iterator_hint(const trv_args *args)
{
    const struct array_iterator *iterator = (struct array_iterator *)args->self;
    size_t size = iterator->array ? trv__as_bytearray(iterator->array)->size : 0;

    return trv_parse(args, "") < 0 ? NULL : trv_int_new_unsigned(size - MIN_OF(iterator->at, size));
}

static trv_object *iterator_reduce(const trv_args *args)
{
    const struct array_iterator *iterator = (struct array_iterator *)args->self;
    trv_auto trv_object *held = trv_ref(iterator->array);

    if (trv_parse(args, "") < 0)
        return NULL;
    return held ? trv__iterator_at(held, iterator->at) : trv__iterator_over(trv_tuple_new(NULL, 0));
}

static trv_object *iterator_set_state(const trv_args *args)
{
    struct array_iterator *iterator = (struct array_iterator *)args->self;
    int64_t place;

    if (trv__iterator_state(args, 0, SIZE_MAX, &place) < 0)
        return NULL;
    iterator->at = (size_t)place;
    return trv_none_new();
}

static const struct trv__method iterator_methods[] = {
    {TRV__HINT_METHOD, iterator_hint},
    {TRV__REDUCE_METHOD, iterator_reduce},
    {TRV__STATE_METHOD, iterator_set_state},
    {0},
};

static trv_object array_iterator_handle[1];

static TRV__READ_ONLY struct trv_type array_iterator_type = {
    .handle = array_iterator_handle,
    .name = "bytearray_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct array_iterator),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = iterator_traverse,
              .clear = iterator_clear,
              .iter = iterator_iter,
              .next = iterator_next},
    .methods = iterator_methods,
};

static TRV__READ_ONLY trv_object array_iterator_handle[1] = {TRV__TYPE_HANDLE(array_iterator_type)};

static trv_object *array_iter(trv_object *self)
{
    struct array_iterator *iterator = trv__container_new(&array_iterator_type, sizeof *iterator);

    if (!iterator)
        return NULL;
    iterator->array = trv_ref(self);
    iterator->at = 0;
    trv__track(iterator);
    return (trv_object *)iterator;
}

/* The type -------------------------------------------------------------------------------------- */

TRV__READ_ONLY struct trv_type trv__bytearray_type = {
    .handle = trv_bytearray_type,
    .name = "bytearray",
    .doc = "Octets that can change.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__bytearray),
    .slots = {.init = array_init,
              .destroy = array_destroy,
              .repr = array_repr,
              .compare = trv__octets_compare,
              .truth = array_truth,
              .size_bytes = array_size_bytes,
              .iter = array_iter,
              .length = array_length,
              .getitem = array_getitem,
              .setitem = array_setitem,
              .contains = trv__octets_contains,
              .binary = trv__octets_binary,
              .binary_in_place = array_in_place,
              .copy = array_copy,
              .acquire_buffer = array_acquire,
              .release_buffer = array_release},
    .methods = trv__bytearray_methods,
    .class_methods = trv__octets_class_methods,
    .construct = array_construct,
};

TRV__READ_ONLY trv_object trv_bytearray_type[1] = {TRV__TYPE_HANDLE(trv__bytearray_type)};

/* Public ---------------------------------------------------------------------------------------- */

void *trv_bytearray_data(trv_object *object, size_t *size)
{
    struct trv__bytearray *array;

    if (!trv__expect(object, &trv__bytearray_type, "trv_bytearray_data"))
        return NULL;
    array = trv__as_bytearray(object);
    if (size)
        *size = array->size;
    return array->data ? (void *)array->data : array; /* of no octets, any address but NULL */
}

int trv_bytearray_resize(trv_object *object, size_t size)
{
    struct trv__bytearray *array;
    size_t before;

    if (!trv__expect(object, &trv__bytearray_type, "trv_bytearray_resize"))
        return -1;
    array = trv__as_bytearray(object);
    before = array->size;
    if (trv__bytearray_resize(array, size) < 0)
        return -1;
    if (size > before)
        memset(array->data + before, 0, size - before);
    return 0;
}

int trv_bytearray_append(trv_object *object, const void *data, size_t size)
{
    struct trv__bytearray *array;

    if (!trv__expect(object, &trv__bytearray_type, "trv_bytearray_append") ||
        (size && !trv__given(data, "trv_bytearray_append")))
        return -1;
    array = trv__as_bytearray(object);
    return trv__bytearray_splice(array, array->size, 0, data, size);
}
