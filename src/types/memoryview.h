/* SPDX-License-Identifier: MIT */
/*
 * The layout of memory views, and reading and writing single items.
 *
 * All views that were made of one another share a `memory`: an internal object that holds the buffer
 * acquired of the exporter, and releases it at its own end. So the exporter is asked once, and knows
 * nothing of slices and casts. Most views have one dimension; those that were cast to more, or to none, keep the
 * dimensions after the first in a block of their own.
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

#define TRV__DIMENSIONS_MOST 64

struct trv__dimension {
    size_t count;
    ptrdiff_t stride; /* from one place to the next, in bytes */
};

struct trv__memoryview {
    TRV__HEAD;
    struct trv__memory *memory; /* owned; NULL once the view is released */
    char *data;                 /* the first item */
    size_t count;               /* of the first dimension, as is the stride; 1 if there is none */
    ptrdiff_t stride;
    int dimensions;
    struct trv__dimension *inner; /* owned: those after the first; NULL if there are none */
    const char *format;           /* the buffer's, or a constant */
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

/* memoryview_shape.c: dimensions ----------------------------------------------------------------- */

static inline size_t trv__memoryview_inner_bytes(const struct trv__memoryview *view)
{
    return view->inner ? (size_t)(view->dimensions - 1) * sizeof *view->inner : 0;
}

struct trv__dimension trv__memoryview_dimension(const struct trv__memoryview *view, int which);
/* How many items there are in all. */
size_t trv__memoryview_items(const struct trv__memoryview *view);
/* Whether they lie side by side, the last index changing first or, `is_fortran`, the first one. */
bool trv__memoryview_is_contiguous(const struct trv__memoryview *view, bool is_fortran);
/* Gives a view so many dimensions, with a copy of those after the first. 0, or -1 and nothing is changed. */
int trv__memoryview_set_inner(struct trv__memoryview *view, int dimensions,
                              const struct trv__dimension *inner);
/* Gives a contiguous view of one dimension the shape that a list or tuple of at most TRV__DIMENSIONS_MOST says. */
int trv__memoryview_set_shape(struct trv__memoryview *view, trv_object *shape);
/* A view's items one after the other. */
void trv__memoryview_gather(const struct trv__memoryview *view, char *out, bool is_fortran);
/* The items in a list of lists. */
trv_object *trv__memoryview_list(const struct trv__memoryview *view);
/* Whether two views have the same shape, and equal items: 1, 0, -1. */
int trv__memoryview_equal(const struct trv__memoryview *a, const struct trv__memoryview *b);
/* What a subscript is. */
enum trv__view_key {
    TRV__KEY_INDEX,
    TRV__KEY_INDICES, /* in a tuple, which may be empty */
    TRV__KEY_SLICE,
    TRV__KEY_SLICES,
    TRV__KEY_BAD
};
enum trv__view_key trv__memoryview_key(const trv_object *key);
/* The item that an index for each dimension names, or NULL with IndexError. */
char *trv__memoryview_at(const struct trv__memoryview *view, trv_object *const *keys, size_t count);

/* memoryview_items.c: the formats B b c h H i I l L n N q Q f d and ?, with or without "@". */

/* The size of an item of a format, and in *constant the format itself for ever; 0 if it is no such. */
size_t trv__item_size(const char *format, const char **constant);
/* The object of an item, or NULL with NotImplementedError for another format. */
trv_object *trv__item_get(const char *format, const char *item);
/* Writes an object as an item. 0, or -1 with TypeError or ValueError. */
int trv__item_set(const char *format, char *item, trv_object *value);

/* Whether two items are equal as objects: 1, 0, -1. */
int trv__items_equal(const char *x, const char *x_format, const char *y, const char *y_format);

/* memoryview_methods.c: lets go of the memory. 0, or -1 with BufferError. */
int trv__memoryview_release(struct trv__memoryview *view);

extern const struct trv__method trv__memoryview_methods[];

#endif
