/* SPDX-License-Identifier: MIT */
/*
 * The shared part of iterators, and the abstract type they derive from.
 *
 * The source is dropped by the end of the iteration, so that a loop that is over holds nothing;
 * `clear` does the same, and leaves an iterator that is at its end.
 */
#include "types/iterator.h"

trv_object *trv__iterator_new(const struct trv_type *type, trv_object *source)
{
    struct trv__iterator *self = trv__container_new(type, sizeof *self);

    if (!self)
        return NULL;
    self->source = trv_ref(source);
    trv__track(self);
    return (trv_object *)self;
}

int trv__iterator_end(trv_object *self, trv_object **item)
{
    *item = NULL;
    trv_clear(&((struct trv__iterator *)self)->source);
    return 0;
}

int trv__iterator_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;

    return iterator->source ? visit(iterator->source, argument) : 0;
}

void trv__iterator_clear(trv_object *self)
{
    trv_clear(&((struct trv__iterator *)self)->source);
}

trv_object *trv__iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static trv_object *iterator_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

static TRV__READ_ONLY trv_object iterator_handle[1];

TRV__READ_ONLY struct trv_type trv__iterator_type = {
    .handle = iterator_handle,
    .name = "iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__iterator),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = iterator_construct,
    .slots = {.traverse = trv__iterator_traverse,
              .clear = trv__iterator_clear,
              .iter = trv__iterator_iter},
};

static TRV__READ_ONLY trv_object iterator_handle[1] = {TRV__TYPE_HANDLE(trv__iterator_type)};

/* What has only __getitem__ ------------------------------------------------------------------- */

static int index_iterator_next(trv_object *self, trv_object **item)
{
    struct trv__iterator *iterator = (struct trv__iterator *)self;
    trv_auto trv_object *source = trv_ref(iterator->source);
    trv_auto trv_object *index = NULL;

    *item = NULL;
    if (!source)
        return 0;
    if (!(index = trv_int_new((int64_t)iterator->position)))
        return -1;
    *item = trv_getitem(source, index);
    iterator->position++;
    if (*item)
        return 1;
    if (!trv_error_matches(trv_IndexError) && !trv_error_matches(trv_StopIteration))
        return -1;
    trv_error_clear();
    return trv__iterator_end(self, item);
}

TRV__ITERATOR_TYPE(index_iterator, "iterator", index_iterator_next, trv__sequence_iterator_methods);

trv_object *trv__iter_by_index(trv_object *object)
{
    return trv__iterator_new(&index_iterator, object);
}
