/* SPDX-License-Identifier: MIT */
/*
 * Pickles: objects as bytes, for the legs that carry objects between processes.
 *
 * What is written and read is pickle protocol 2 to 5, as CPython does. Shared and recursive
 * structures keep their shape. What users see of it is told in trivet/pickle.h.
 *
 *   exceptions   the type by Python's name, then the arguments; cause, context and the text of the
 *                traceback follow as a state that CPython takes for attributes. An exception of a
 *                type made at run time travels as one of its nearest built-in base with the name
 *                beside it; the reader uses its own type of that name and base if it has one, else
 *                the base, with the name put before the message
 *   functions    a persistent id: the build-id of the ELF object the code is in, and an offset
 *                (code.h). CPython refuses these; it has no such code
 *   closures     the same with the name; the data follows as state. Their code is known by nothing
 *                but an address, so that only a link that is trusted accepts them
 *
 * Nothing is called while reading but the constructors of built-in types and what was registered.
 * Reading never allocates more than a fixed multiple of the bytes that are there.
 */
#ifndef TRV_PICKLE_PICKLE_H
#define TRV_PICKLE_PICKLE_H

#include "object/object.h"

#include "trivet/pickle.h"
#include "trivet/process.h"

/* A growing piece of malloc'd memory; all zero is an empty one. */
struct trv__buffer {
    char *data;
    size_t size, capacity;
};

/* Makes room for `more` bytes behind `size`. 0, or -1 with MemoryError. */
int trv__buffer_reserve(struct trv__buffer *buffer, size_t more);
void trv__buffer_free(struct trv__buffer *buffer);

struct trv__images;

/* What the two ends of a link agree on. All zero: a pickle that stands for itself. */
struct trv__pickle_link {
    /* The other end is a fork of this program, or this program itself, and is believed what it
     * says about code: closures are accepted. */
    bool is_trusted;
    /* The loaded code (code.h), kept from call to call; NULL: looked up each time. */
    struct trv__images *images;
    /* Reading, in a worker: the object that a token of trv_inherit names; its type is known to
     * the sender. A new reference, or NULL with an exception set. NULL: not a worker. */
    trv_object *(*inherited)(void *data, uintptr_t address, uintptr_t type);
    /* Writing: offered each bytes object; takes it to travel beside the pickle, in order (1), or
     * leaves it to be written (0), or fails (-1). NULL: all are written. */
    int (*put_buffer)(void *data, trv_object *bytes);
    /* Writing: all that put_buffer took is written again. NULL: there is nothing to do. */
    void (*take_back)(void *data);
    /* Reading: the next object that travelled beside. A new reference, or NULL with an exception
     * set. NULL: there are none. */
    trv_object *(*next_buffer)(void *data);
    void *data;   /* for the functions above */
    int protocol; /* writing; 0: the latest */
    /* What users gave: see trivet/pickle.h. Borrowed, or NULL. */
    trv_object *persistent_id, *persistent_load, *find_global, *buffer_callback;
};

/* Appends a pickle of `object`; `link` may be NULL. On failure the buffer's size is as before.
 * 0, or -1 with PicklingError, RecursionError or MemoryError. */
int trv__pickle_dump(trv_object *object, struct trv__buffer *buffer,
                     const struct trv__pickle_link *link);
/* The object of the pickle that begins at `data`; *used, unless NULL, is how long that is. The
 * bytes must not change meanwhile. NULL with UnpicklingError, RecursionError or MemoryError. */
trv_object *trv__pickle_load(const void *data, size_t size, const struct trv__pickle_link *link,
                             size_t *used);

/* The loaded code as it is now, to be kept in links. NULL with MemoryError. */
struct trv__images *trv__images_new(void);
void trv__images_free(struct trv__images *images);
/* From now on code that is loaded or unloaded is not noticed: for a forked worker, which knows
 * what was there at the fork and must not wait for a lock of the dynamic linker that some thread
 * of its parent may have held. */
void trv__images_fix(struct trv__images *images);

TRV__SHARED struct trv_type trv__inherit_type; /* the type of trv_inherit's tokens */

#endif
