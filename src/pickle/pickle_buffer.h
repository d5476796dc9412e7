/* SPDX-License-Identifier: MIT */
/*
 * The layout of a PickleBuffer, for those that write it.
 */
#ifndef TRV_PICKLE_PICKLE_BUFFER_H
#define TRV_PICKLE_PICKLE_BUFFER_H

#include "object/object.h"

#include "trivet/buffer.h"
#include "trivet/pickle.h"

struct trv__pickle_buffer {
    TRV__HEAD;
    trv_buffer memory; /* its owner is NULL once it was released */
};

extern struct trv_type trv__pickle_buffer_type;

/* The memory of a PickleBuffer, or NULL with ValueError if it was released. */
trv_buffer *trv__pickle_buffer_memory(trv_object *object);

#endif
