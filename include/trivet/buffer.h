/* SPDX-License-Identifier: MIT */
/*
 * Buffers: the memory of bytes, bytearrays, memory views and of types of one's own, without a copy.
 *
 *     trv_buffer buffer;
 *     if (trv_buffer_acquire(object, &buffer, TRV_BUFFER_WRITABLE) < 0)
 *         return NULL;
 *     memset(buffer.data, 0, buffer.size);
 *     trv_buffer_release(&buffer);
 *
 * From its acquisition to its release the memory stays where it is: an object that would have to
 * move it, a bytearray that is to grow, raises BufferError instead. Every buffer that was acquired is
 * released once, with the GIL held; it may be used without.
 *
 * A type defined in C offers its memory through the slots acquire_buffer and release_buffer. The
 * first finds the buffer with `owner` set and all else zero, and fills in data, size and readonly; format
 * and itemsize stand for single bytes, and the stride for items side by side, if it leaves them zero.
 */
#ifndef TRIVET_BUFFER_H
#define TRIVET_BUFFER_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

typedef struct trv_buffer {
    void *data;         /* the first item */
    size_t size;        /* of all items, in bytes */
    int readonly;       /* data must not be written to */
    const char *format; /* of an item, in the letters of Python's struct: "B", "i", "d" */
    size_t itemsize;    /* in bytes */
    ptrdiff_t stride;   /* from one item to the next, in bytes; itemsize unless asked for otherwise */
    trv_object *owner;  /* whose memory it is, held until the release */
    void *internal;     /* the owner's own */
} trv_buffer;

/* What trv_buffer_acquire is asked for besides memory to read. */
enum {
    TRV_BUFFER_WRITABLE = 1, /* it may be written to */
    TRV_BUFFER_STRIDED = 2   /* items need not lie side by side: the caller looks at `stride` */
};

/* The memory of an object. Raises: TypeError if it has none to offer, BufferError if not like that. */
TRV_API TRV_MUST_CHECK int trv_buffer_acquire(trv_object *object, trv_buffer *buffer,
                                              unsigned flags);
/* Gives it back; does nothing for a buffer that was released, or is all zero. Cannot fail. */
TRV_API void trv_buffer_release(trv_buffer *buffer);
/* Whether an object has memory to offer. Returns: 1 or 0. */
TRV_API int trv_buffer_check(const trv_object *object);

extern TRV_API trv_object trv_bytearray_type[1], trv_memoryview_type[1];

/* A bytearray: octets that can change, copied from memory; `data` may be NULL for zeros. */
TRV_API TRV_MUST_CHECK trv_object *trv_bytearray_new(const void *data, size_t size);
/* The octets of a bytearray, and how many. Returns: a view, until its size is changed. Raises: TypeError. */
TRV_API TRV_MUST_CHECK void *trv_bytearray_data(trv_object *bytearray, size_t *size);
/* Makes a bytearray longer, with zeros, or shorter.
 * Raises: TypeError, BufferError while its memory is in use. */
TRV_API TRV_MUST_CHECK int trv_bytearray_resize(trv_object *bytearray, size_t size);
/* Adds octets at the end of a bytearray. Raises: TypeError, BufferError while its memory is in use. */
TRV_API TRV_MUST_CHECK int trv_bytearray_append(trv_object *bytearray, const void *data, size_t size);

/* A memory view: the memory of an object as a sequence of items, which is not copied.
 * Raises: TypeError if it has none to offer. */
TRV_API TRV_MUST_CHECK trv_object *trv_memoryview_new(trv_object *object);

TRV_END_DECLARATIONS

#endif
