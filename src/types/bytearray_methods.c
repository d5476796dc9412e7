/* SPDX-License-Identifier: MIT */
/*
 * What a bytearray does in place: append, extend, insert, pop, remove, clear, reverse.
 */
#include "types/bytearray.h"
#include "types/octets.h"
#include "types/str.h"

static struct trv__bytearray *self_of(const trv_args *args)
{
    return trv__as_bytearray(args->self);
}

static trv_object *none_if(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *method_append(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);
    unsigned char octet;
    trv_object *item;
    int value;

    if (trv_parse(args, "o", &item) < 0 || (value = trv__octet_value(item, "byte")) < 0)
        return NULL;
    octet = (unsigned char)value;
    return none_if(trv__bytearray_splice(array, array->size, 0, &octet, 1));
}

static trv_object *method_extend(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);
    trv_auto trv_object *octets = NULL;
    trv_object *iterable;
    const void *data;
    size_t size;

    if (trv_parse(args, "o", &iterable) < 0)
        return NULL;
    if (trv__may_index(iterable) && !iterable->type->slots.iter)
        return trv_raise(trv_TypeError, "can't extend bytearray with %s", trv_type_name(iterable));
    if (trv__is_any_str(iterable))
        return trv_raise(trv_TypeError, "expected iterable of integers; got: 'str'");
    octets = trv__octets_from("bytearray", iterable);
    if (!octets || !(data = trv_bytes_data(octets, &size)))
        return NULL;
    return none_if(trv__bytearray_splice(array, array->size, 0, data, size));
}

static trv_object *method_insert(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);
    trv_object *number, *item;
    unsigned char octet;
    int64_t index;
    int value;

    if (trv_parse(args, "oo", &number, &item) < 0 || trv__size_argument(number, &index) < 0 ||
        (value = trv__octet_value(item, "byte")) < 0)
        return NULL;
    if (index < 0)
        index = MAX_OF(index + (int64_t)array->size, 0);
    octet = (unsigned char)value;
    return none_if(trv__bytearray_splice(array, MIN_OF((size_t)index, array->size), 0, &octet, 1));
}

static trv_object *method_pop(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);
    trv_object *number = NULL;
    int64_t index = -1;
    unsigned char octet;
    size_t where;

    if (trv_parse(args, "|o", &number) < 0 || (number && trv__size_argument(number, &index) < 0))
        return NULL;
    if (!array->size)
        return trv_raise(trv_IndexError, "pop from empty bytearray");
    if (!trv__index_in(index, array->size, &where))
        return trv_raise(trv_IndexError, "pop index out of range");
    octet = array->data[where];
    return trv__bytearray_splice(array, where, 1, NULL, 0) < 0 ? NULL : trv_int_new(octet);
}

static trv_object *method_remove(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);
    const unsigned char *found;
    trv_object *item;
    int value;

    if (trv_parse(args, "o", &item) < 0 || (value = trv__octet_value(item, "byte")) < 0)
        return NULL;
    found = array->size ? memchr(array->data, value, array->size) : NULL;
    if (!found)
        return trv_raise(trv_ValueError, "value not found in bytearray");
    return none_if(trv__bytearray_splice(array, (size_t)(found - array->data), 1, NULL, 0));
}

static trv_object *method_clear(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return none_if(trv__bytearray_resize(self_of(args), 0));
}

static trv_object *method_copy(const trv_args *args)
{
    const struct trv__bytearray *array = self_of(args);

    return trv__no_arguments(args) ? trv_bytearray_new(array->data, array->size) : NULL;
}

static trv_object *method_reverse(const trv_args *args)
{
    struct trv__bytearray *array = self_of(args);

    if (!trv__no_arguments(args))
        return NULL;
    for (size_t i = 0; i < array->size / 2; i++) {
        unsigned char octet = array->data[i];
        array->data[i] = array->data[array->size - 1 - i];
        array->data[array->size - 1 - i] = octet;
    }
    return trv_none_new();
}

const struct trv__method trv__bytearray_methods[] = {
    TRV__OCTETS_METHODS(TRV__OCTETS_ROW){"append", "append(item, /): adds an octet at the end",
                                         method_append},
    {"clear", "clear(): takes all octets away", method_clear},
    {"copy", "copy(): another one of the same octets", method_copy},
    {"extend", "extend(iterable, /): adds octets at the end", method_extend},
    {"insert", "insert(index, item, /): puts an octet before that place", method_insert},
    {"pop", "pop(index=, /): takes an octet away, the last one if not told which", method_pop},
    {"remove", "remove(value, /): takes the first such octet away", method_remove},
    {"reverse", "reverse(): turns the order round", method_reverse},
    {NULL, NULL, NULL},
};
