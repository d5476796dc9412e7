/* SPDX-License-Identifier: MIT */
/*
 * The layout of memory views, and reading and writing single items.
 *
 * All views that were made of one another share a `memory`: an internal object that holds the buffer
 * acquired of the exporter, and releases it at its own end. So the exporter is asked once, and knows
 * nothing of slices and casts. A view has one dimension; `stride` leads from one item to the next.
 */
#ifndef TRV_TYPES_MEMORYVIEW_H
#define TRV_TYPES_MEMORYVIEW_H

#include "object/object.h"

#include "trivet/buffer.h"

TRV__SHARED struct trv_type trv__memoryview_type;

struct trv__memory {
    TRV__HEAD;
    trv_buffer buffer;
};

struct trv__memoryview {
    TRV__HEAD;
    struct trv__memory *memory; /* owned; NULL once the view is released */
    char *data;                 /* the first item */
    size_t count;
    ptrdiff_t stride;
    const char *format; /* the buffer's, or a constant */
    size_t itemsize;
    size_t exports; /* buffers acquired of this view: it cannot be released meanwhile */
    int64_t hash;   /* 0: not computed yet */
    bool is_readonly;
};

static inline struct trv__memoryview *trv__as_memoryview(const trv_object *object)
{
    return (struct trv__memoryview *)(uintptr_t)object;
}

/* Whether a view is still one; if not: ValueError. */
bool trv__memoryview_usable(const struct trv__memoryview *view);
/* Another view of the same memory, with all the same properties. */
struct trv__memoryview *trv__memoryview_again(struct trv__memoryview *view);
/* A view's items one after the other. */
void trv__memoryview_gather(const struct trv__memoryview *view, char *out);

/* memoryview_items.c: the formats B b c h H i I l L n N q Q f d and ?, with or without "@". */

/* The size of an item of a format, and in *constant the format itself for ever; 0 if it is no such. */
size_t trv__item_size(const char *format, const char **constant);
/* The object of an item, or NULL with NotImplementedError for another format. */
trv_object *trv__item_get(const char *format, const char *item);
/* Writes an object as an item. 0, or -1 with TypeError or ValueError. */
int trv__item_set(const char *format, char *item, trv_object *value);

/* memoryview_methods.c: lets go of the memory. 0, or -1 with BufferError. */
int trv__memoryview_release(struct trv__memoryview *view);

extern const struct trv__method trv__memoryview_methods[];

#endif
