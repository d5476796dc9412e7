/* SPDX-License-Identifier: MIT */
/*
 * A growing text: reprs of containers and other strs whose size is not known ahead are written
 * into a builder and finished into one str.
 *
 *     struct trv__builder b;
 *     trv__builder_init(&b);
 *     if (trv__builder_add_text(&b, "[") < 0 || trv__builder_add_repr(&b, item) < 0)
 *         return trv__builder_drop(&b), NULL;
 *     return trv__builder_finish(&b);
 *
 * What is added must be UTF-8 by the time it is finished. The first 256 bytes need no memory. A
 * builder must not be moved, and is empty again after a drop or a finish, whether that failed or
 * not. Functions returning int answer 0, or -1 with an exception set.
 */
#ifndef TRV_TYPES_BUILDER_H
#define TRV_TYPES_BUILDER_H

#include "object/object.h"

struct trv__builder {
    char *data; /* inline_data, or a plain block of `capacity` bytes */
    size_t size, capacity;
    char inline_data[256];
};

static inline void trv__builder_init(struct trv__builder *b)
{
    b->data = b->inline_data;
    b->size = 0;
    b->capacity = sizeof b->inline_data;
}

void trv__builder_drop(struct trv__builder *b);

/* Makes room for `size` more bytes, which the caller writes at data + size. */
int trv__builder_grow(struct trv__builder *b, size_t size);

static inline int trv__builder_reserve(struct trv__builder *b, size_t size)
{
    return LIKELY(b->capacity - b->size >= size) ? 0 : trv__builder_grow(b, size);
}

static inline int trv__builder_add_char(struct trv__builder *b, char c)
{
    if (trv__builder_reserve(b, 1) < 0)
        return -1;
    b->data[b->size++] = c;
    return 0;
}

int trv__builder_add(struct trv__builder *b, const char *data, size_t size);
int trv__builder_add_text(struct trv__builder *b, const char *text);
/* The text of a str; TypeError for other objects. */
int trv__builder_add_str(struct trv__builder *b, trv_object *str);
/* The repr of an object. */
int trv__builder_add_repr(struct trv__builder *b, trv_object *object);
int trv__builder_printf(struct trv__builder *b, const char *format, ...) TRV_PRINTF(2, 3);
int trv__builder_vprintf(struct trv__builder *b, const char *format, va_list arguments)
    TRV_PRINTF(2, 0);

/* The str. */
trv_object *trv__builder_finish(struct trv__builder *b);

#endif
