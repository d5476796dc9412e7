/* SPDX-License-Identifier: MIT */
/*
 * The layout of a bytearray, and what its two files share.
 *
 * The octets stand in a block of their own with room to grow. While there are exports (buffers that were
 * acquired and not yet released) neither the block nor the size changes: trv__bytearray_resize
 * refuses with BufferError, and is the only one to change them.
 */
#ifndef TRV_TYPES_BYTEARRAY_H
#define TRV_TYPES_BYTEARRAY_H

#include "object/object.h"

#include "trivet/buffer.h"

struct trv__bytearray {
    TRV__HEAD;
    unsigned char *data; /* NULL if there is no room */
    size_t size, capacity;
    size_t exports;
};

static inline struct trv__bytearray *trv__as_bytearray(const trv_object *object)
{
    return (struct trv__bytearray *)(uintptr_t)object;
}

static inline bool trv__is_bytearray(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__bytearray_type);
}

/* Makes room for another size; what is new is not set. 0, or -1 with BufferError or MemoryError. */
int trv__bytearray_resize(struct trv__bytearray *array, size_t size);
/* Puts octets, which are not its own, for `count` others from `at` on. */
int trv__bytearray_splice(struct trv__bytearray *array, size_t at, size_t count, const void *octets,
                          size_t size);

extern const struct trv__method trv__bytearray_methods[];

#endif
