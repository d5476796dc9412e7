/* SPDX-License-Identifier: MIT */
/*
 * PickleBuffer: the memory of an object, to be pickled beside the pickle instead of in it.
 *
 * It holds the memory of its object from its making until it is released. What asks it for its memory
 * is given the object's, with the flags that it came with. Which of them travel beside is asked of the
 * pickler's buffer_callback (pickle.c), once for each.
 */
#include "pickle/pickle_buffer.h"

static struct trv__pickle_buffer *as_buffer(trv_object *object)
{
    return (struct trv__pickle_buffer *)(void *)object;
}

static int raise_released(void)
{
    return trv_raise_int(trv_ValueError, "operation forbidden on released PickleBuffer object");
}

trv_buffer *trv__pickle_buffer_memory(trv_object *object)
{
    trv_buffer *memory = &as_buffer(object)->memory;

    if (memory->owner)
        return memory;
    raise_released();
    return NULL;
}

static trv_object *make(const struct trv_type *type, trv_object *object)
{
    struct trv__pickle_buffer *buffer = trv__container_new(type, sizeof *buffer);

    if (!buffer)
        return NULL;
    if (trv_buffer_acquire(object, &buffer->memory, TRV_BUFFER_STRIDED) < 0) {
        trv_unref((trv_object *)buffer);
        return NULL;
    }
    trv__track(buffer);
    return (trv_object *)buffer;
}

trv_object *trv_pickle_buffer_new(trv_object *object)
{
    return trv__given(object, "trv_pickle_buffer_new") ? make(&trv__pickle_buffer_type, object)
                                                       : NULL;
}

static trv_object *buffer_construct(const struct trv_type *type, const trv_args *args)
{
    if (args->count != 1 || args->keywords)
        return trv_raise(trv_TypeError, "PickleBuffer() takes exactly one argument (%zu given)",
                         args->count);
    return make(type, args->items[0]);
}

static int buffer_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *owner = as_buffer(self)->memory.owner;

    return owner ? visit(owner, argument) : 0;
}

static void buffer_clear(trv_object *self)
{
    trv_buffer_release(&as_buffer(self)->memory);
}

/* The same memory again, from whose it is: that counts who looks at it. */
static int buffer_acquire(trv_object *self, trv_buffer *buffer, unsigned flags)
{
    trv_buffer *memory = trv__pickle_buffer_memory(self), *again;

    if (!memory || !(again = trv__allocate(sizeof *again)))
        return -1;
    if (trv_buffer_acquire(memory->owner, again, flags) < 0) {
        trv__free(again, sizeof *again);
        return -1;
    }
    buffer->data = again->data;
    buffer->size = again->size;
    buffer->readonly = again->readonly;
    buffer->format = again->format;
    buffer->itemsize = again->itemsize;
    buffer->stride = again->stride;
    buffer->internal = again;
    return 0;
}

static void buffer_release(trv_object *self TRV_UNUSED, trv_buffer *buffer)
{
    trv_buffer *again = buffer->internal;

    trv_buffer_release(again);
    trv__free(again, sizeof *again);
}

static trv_object *method_raw(const trv_args *args)
{
    trv_buffer *memory = trv_parse(args, "") < 0 ? NULL : trv__pickle_buffer_memory(args->self);

    if (!memory)
        return NULL;
    if (memory->stride != (ptrdiff_t)memory->itemsize && memory->size > memory->itemsize)
        return trv_raise(trv_BufferError, "cannot extract raw buffer from non-contiguous buffer");
    return trv_memoryview_new(args->self);
}

static trv_object *method_release(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    trv_buffer_release(&as_buffer(args->self)->memory);
    return trv_none_new();
}

static const struct trv__method methods[] = {
    {"raw", "raw(): a memory view of it", method_raw},
    {"release", "release(): gives the memory back", method_release},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__pickle_buffer_type = {
    .handle = trv_pickle_buffer_type,
    .name = "PickleBuffer",
    .doc = "PickleBuffer(object): its memory, to be pickled beside the pickle",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__pickle_buffer),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = buffer_construct,
    .slots = {.traverse = buffer_traverse,
              .clear = buffer_clear,
              .acquire_buffer = buffer_acquire,
              .release_buffer = buffer_release},
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_pickle_buffer_type[1] = {TRV__TYPE_HANDLE(trv__pickle_buffer_type)};
