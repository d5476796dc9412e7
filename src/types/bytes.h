/* SPDX-License-Identifier: MIT */
/*
 * The layout of a bytes object.
 *
 * Bytes are immutable: a count of octets, the octets, and a NUL after them so that they can be
 * looked at as a C string. The hash is found when first asked for; 0 stands for "not yet".
 */
#ifndef TRV_TYPES_BYTES_H
#define TRV_TYPES_BYTES_H

#include "object/number.h"

struct trv__bytes {
    TRV__HEAD;
    uint64_t hash; /* 0: not computed yet */
    size_t size;
    unsigned char data[];
};

static inline struct trv__bytes *trv__as_bytes(const trv_object *object)
{
    return (struct trv__bytes *)(uintptr_t)object;
}

static inline bool trv__is_bytes(const trv_object *object)
{
    return object->type == &trv__bytes_type || trv__is_of_class(object, &trv__bytes_type);
}

/* Bytes of which only the count and the final NUL are set. */
struct trv__bytes *trv__bytes_allocate(size_t size);
trv_object *trv__bytes_repr(trv_object *self);

/* What __bytes__ of an object makes: 1 with it in *made (yours), 0 if it has none, or -1. */
int trv__bytes_by_method(trv_object *object, trv_object **made);

#endif
