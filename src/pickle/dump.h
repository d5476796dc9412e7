/* SPDX-License-Identifier: MIT */
/*
 * What the dump*.c files share: the state of a writing, and the writing of opcodes.
 *
 * All functions answer 0, or -1 with an exception set. Numbers are written in the machine's order,
 * which is little-endian on every machine that Trivet supports.
 */
#ifndef TRV_PICKLE_DUMP_H
#define TRV_PICKLE_DUMP_H

#include "pickle/memo.h"
#include "pickle/opcodes.h"
#include "pickle/pickle.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "pickles are written as they lie");

struct trv__pickler {
    struct trv__buffer *buffer;
    const struct trv__pickle_link *link; /* never NULL */
    struct trv__images *images;          /* the link's, or made on demand and owned, or NULL */
    int protocol;
    uint32_t shared_tuples; /* shared tuples whose items are being written; and 1 if memo.holds */
    bool
        must_hold; /* code of users has to run: all is to be written anew, with a memo that holds */
    bool is_id;    /* what is written next is an id, and has none itself */
    struct trv__memo memo;
};

static inline int trv__write_opcode(struct trv__pickler *pickler, int opcode)
{
    struct trv__buffer *buffer = pickler->buffer;

    if (UNLIKELY(buffer->size == buffer->capacity) && trv__buffer_reserve(buffer, 1) < 0)
        return -1;
    buffer->data[buffer->size++] = (char)opcode;
    return 0;
}

/* An opcode and the lowest `width` bytes of a number. */
static inline int trv__write_number(struct trv__pickler *pickler, int opcode, size_t width,
                                    uint64_t number)
{
    struct trv__buffer *buffer = pickler->buffer;
    char *at;

    if (UNLIKELY(buffer->capacity - buffer->size < 1 + sizeof number) &&
        trv__buffer_reserve(buffer, 1 + sizeof number) < 0)
        return -1;
    at = buffer->data + buffer->size;
    *at = (char)opcode;
    memcpy(at + 1, &number, sizeof number);
    buffer->size += 1 + width;
    return 0;
}

/* An opcode, a size of so many bytes, and as much data. */
static inline int trv__write_sized(struct trv__pickler *pickler, int opcode, size_t width,
                                   const void *data, size_t size)
{
    struct trv__buffer *buffer = pickler->buffer;

    if (trv__write_number(pickler, opcode, width, size) < 0)
        return -1;
    if (UNLIKELY(buffer->capacity - buffer->size < size) && trv__buffer_reserve(buffer, size) < 0)
        return -1;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return 0;
}

/* A reference to what was entered under a number. */
static inline int trv__write_get(struct trv__pickler *pickler, uint32_t number)
{
    if (number <= UINT8_MAX)
        return trv__write_number(pickler, OP_BINGET, 1, number);
    return trv__write_number(pickler, OP_LONG_BINGET, 4, number);
}

/* Enters the object that was just written. */
int trv__enter_memo(struct trv__pickler *pickler, const trv_object *object);

/* Whether an object can be met again: see dump.c. */
static inline bool trv__is_shared(const struct trv__pickler *pickler, const trv_object *object,
                                  int held)
{
    return object->refcount < 0 || object->refcount > 1 + held || pickler->shared_tuples;
}

/* Enters the object that was just written, if it can be met again. */
static inline int trv__memoize(struct trv__pickler *pickler, const trv_object *object, int held)
{
    if (!trv__is_shared(pickler, object, held))
        return 0;
    return trv__enter_memo(pickler, object);
}

/* The end of an object that could only be made after its parts, which may have led back to it: then it
 * has been made there, and what was just made is replaced by that. */
static inline int trv__memoize_after(struct trv__pickler *pickler, const trv_object *object,
                                     int held)
{
    uint32_t number;

    if (!trv__memo_find(&pickler->memo, object, &number))
        return trv__memoize(pickler, object, held);
    return trv__write_opcode(pickler, OP_POP) < 0 ? -1 : trv__write_get(pickler, number);
}

/* Writes an object to which the writer holds `held` references of its own. */
int trv__dump(struct trv__pickler *pickler, trv_object *object, int held);

/* From here on code of users may run. 0; or -1, without an exception, if all is to be written anew first:
 * see dump.c. */
static inline int trv__hold_all(struct trv__pickler *pickler)
{
    if (pickler->memo.holds)
        return 0;
    pickler->must_hold = true;
    return -1;
}

/* dump_plain.c */
int trv__write_int(struct trv__pickler *pickler, int64_t value);
int trv__write_text(struct trv__pickler *pickler, const char *text, size_t size);
int trv__dump_long(struct trv__pickler *pickler, trv_object *number);
int trv__dump_float(struct trv__pickler *pickler, double value);
int trv__dump_str(struct trv__pickler *pickler, trv_object *str, int held);
int trv__dump_bytes(struct trv__pickler *pickler, trv_object *bytes, int held);
int trv__dump_bytearray(struct trv__pickler *pickler, trv_object *bytearray, int held);
int trv__dump_pickle_buffer(struct trv__pickler *pickler, trv_object *buffer, int held);
/* A bytes object that nobody else knows. */
int trv__write_octets(struct trv__pickler *pickler, const void *data, size_t size);

static inline int trv__write_name(struct trv__pickler *pickler, const char *text)
{
    return trv__write_text(pickler, text, strlen(text));
}

/* dump.c: the items of an iterator into the list, set or (pairs) dict that was just written. */
int trv__dump_list_items(struct trv__pickler *pickler, trv_object *iterator);
int trv__dump_pairs(struct trv__pickler *pickler, trv_object *iterator);

/* dump_special.c; the object is known to be of the type, and not in the memo. */
int trv__dump_global(struct trv__pickler *pickler, trv_object *object);
int trv__dump_range(struct trv__pickler *pickler, trv_object *range, int held);
int trv__dump_slice(struct trv__pickler *pickler, trv_object *slice, int held);
int trv__dump_complex(struct trv__pickler *pickler, trv_object *complex, int held);
int trv__dump_exception(struct trv__pickler *pickler, trv_object *exception, int held);
int trv__dump_function(struct trv__pickler *pickler, trv_object *function);
int trv__dump_closure(struct trv__pickler *pickler, trv_object *closure, int held);
int trv__dump_builtin(struct trv__pickler *pickler, trv_object *builtin, int held);
int trv__dump_method(struct trv__pickler *pickler, trv_object *method, int held);
int trv__dump_inherited(struct trv__pickler *pickler, trv_object *token);

/* dump_reduced.c: what a reducer, a callable, answers for the object. */
int trv__dump_by_reducer(struct trv__pickler *pickler, trv_object *object, trv_object *reducer);
/* What __reduce_ex__ answers, for an instance of a type made at run time. */
int trv__dump_instance(struct trv__pickler *pickler, trv_object *object);

#endif
