/* SPDX-License-Identifier: MIT */
/*
 * Acquiring and releasing buffers: what is the same for all types. See trivet/buffer.h.
 *
 * The buffer holds its owner, and so its owner's memory; what the owner counts besides (a bytearray its
 * exports) it counts in its two slots.
 */
#include "trivet/buffer.h"

#include "object/object.h"

static const char octets[] = "B";

/* Whether what the owner offers is what was asked for. */
static int check(const trv_buffer *buffer, unsigned flags)
{
    if (flags & TRV_BUFFER_WRITABLE && buffer->readonly)
        return trv_raise_int(trv_BufferError, "Object is not writable.");
    if (!(flags & TRV_BUFFER_STRIDED) && buffer->stride != (ptrdiff_t)buffer->itemsize &&
        buffer->size > buffer->itemsize)
        return trv_raise_int(trv_BufferError, "%s: underlying buffer is not C-contiguous",
                             trv_type_name(buffer->owner));
    return 0;
}

int trv_buffer_acquire(trv_object *object, trv_buffer *buffer, unsigned flags)
{
    memset(buffer, 0, sizeof *buffer);
    if (!trv__given(object, "trv_buffer_acquire"))
        return -1;
    if (!object->type->slots.acquire_buffer)
        return trv_raise_int(trv_TypeError, "a bytes-like object is required, not '%s'",
                             trv_type_name(object));
    buffer->owner = trv_ref(object);
    if (object->type->slots.acquire_buffer(object, buffer, flags) < 0) {
        trv_unref(object);
        memset(buffer, 0, sizeof *buffer);
        return -1;
    }
    if (!buffer->data)
        buffer->data = (void *)(uintptr_t)octets; /* no octets, but an address to give to memcpy */
    if (!buffer->format)
        buffer->format = octets;
    if (!buffer->itemsize)
        buffer->itemsize = 1;
    if (!buffer->stride)
        buffer->stride = (ptrdiff_t)buffer->itemsize;
    if (check(buffer, flags) == 0)
        return 0;
    trv_buffer_release(buffer);
    return -1;
}

void trv_buffer_release(trv_buffer *buffer)
{
    trv_object *owner = buffer->owner;

    if (!owner)
        return;
    if (owner->type->slots.release_buffer)
        owner->type->slots.release_buffer(owner, buffer);
    memset(buffer, 0, sizeof *buffer);
    trv_unref(owner);
}

int trv_buffer_check(const trv_object *object)
{
    return object && object->type->slots.acquire_buffer;
}
