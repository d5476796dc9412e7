/* SPDX-License-Identifier: MIT */
/*
 * Writing what has no parts: numbers, text, bytes.
 *
 * Older protocols know fewer opcodes. Up to protocol 3 all text has sizes of four bytes; protocol 2 has no
 * bytes, and calls a codec to make them of text, as Python does.
 */
#include "pickle/dump.h"
#include "pickle/globals.h"
#include "pickle/pickle_buffer.h"

#include "object/number.h"
#include "types/bytes.h"
#include "types/str.h"

/* Numbers and text ----------------------------------------------------------------------------- */

int trv__dump_long(struct trv__pickler *pickler, trv_object *number)
{
    trv_object *bytes = trv_int_to_bytes(number);
    int result = -1;
    const void *data;
    size_t size;

    if (!bytes)
        return -1;
    data = trv_bytes_data(bytes, &size);
    if (size <= UINT8_MAX)
        result = trv__write_sized(pickler, OP_LONG1, 1, data, size);
    else if (size <= INT32_MAX)
        result = trv__write_sized(pickler, OP_LONG4, 4, data, size);
    else
        trv_raise(trv_PicklingError, "an int is too large to pickle");
    trv_unref(bytes);
    return result;
}

int trv__write_int(struct trv__pickler *pickler, int64_t value)
{
    char bytes[10];
    size_t size = 0;

    if (value >= 0 && value <= UINT8_MAX)
        return trv__write_number(pickler, OP_BININT1, 1, (uint64_t)value);
    if (value >= 0 && value <= UINT16_MAX)
        return trv__write_number(pickler, OP_BININT2, 2, (uint64_t)value);
    if (value >= INT32_MIN && value <= INT32_MAX)
        return trv__write_number(pickler, OP_BININT, 4, (uint64_t)value);
    for (uint64_t rest = (uint64_t)value; size < sizeof value; rest >>= 8)
        bytes[size++] = (char)(rest & 0xff);
    /* Bytes that only repeat the sign are left out. */
    while ((bytes[size - 1] == 0 && bytes[size - 2] >= 0) ||
           (bytes[size - 1] == -1 && bytes[size - 2] < 0))
        size--;
    return trv__write_sized(pickler, OP_LONG1, 1, bytes, size);
}

int trv__dump_float(struct trv__pickler *pickler, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return trv__write_number(pickler, OP_BINFLOAT, 8, __builtin_bswap64(bits));
}

static int refuse_size(const struct trv__pickler *pickler, const char *what)
{
    return trv_raise_int(trv_PicklingError,
                         "a %s of more than 4 GiB needs protocol 4, and this is %d", what,
                         pickler->protocol);
}

int trv__write_text(struct trv__pickler *pickler, const char *text, size_t size)
{
    if (size <= UINT8_MAX && pickler->protocol >= 4)
        return trv__write_sized(pickler, OP_SHORT_BINUNICODE, 1, text, size);
    if (size <= UINT32_MAX)
        return trv__write_sized(pickler, OP_BINUNICODE, 4, text, size);
    if (pickler->protocol < 4)
        return refuse_size(pickler, "str");
    return trv__write_sized(pickler, OP_BINUNICODE8, 8, text, size);
}

int trv__dump_str(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv__str *str = trv__as_str(object);

    if (trv__write_text(pickler, str->text, str->size) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

/* codecs.encode(text, "latin1"), or bytes(). */
static int write_as_text(struct trv__pickler *pickler, const void *data, size_t size)
{
    trv_auto trv_object *text = NULL;
    const char *utf8;

    if (size == 0) {
        if (trv__dump_global(pickler, trv_bytes_type) < 0 ||
            trv__write_opcode(pickler, OP_EMPTY_TUPLE) < 0)
            return -1;
        return trv__write_opcode(pickler, OP_REDUCE);
    }
    if (!(text = trv_str_decode(data, size, "latin-1", NULL)))
        return -1;
    utf8 = trv_str_utf8(text, &size);
    if (trv__dump_global(pickler, trv__latin1_encode) < 0 ||
        trv__write_text(pickler, utf8, size) < 0 || trv__write_name(pickler, "latin1") < 0 ||
        trv__write_opcode(pickler, OP_TUPLE2) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_REDUCE);
}

int trv__write_octets(struct trv__pickler *pickler, const void *data, size_t size)
{
    if (pickler->protocol < 3)
        return write_as_text(pickler, data, size);
    if (size <= UINT8_MAX)
        return trv__write_sized(pickler, OP_SHORT_BINBYTES, 1, data, size);
    if (size <= UINT32_MAX)
        return trv__write_sized(pickler, OP_BINBYTES, 4, data, size);
    if (pickler->protocol < 4)
        return refuse_size(pickler, "bytes object");
    return trv__write_sized(pickler, OP_BINBYTES8, 8, data, size);
}

int trv__dump_bytes(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv__pickle_link *link = pickler->link;
    const struct trv__bytes *bytes = trv__as_bytes(object);
    int is_taken = link->put_buffer ? link->put_buffer(link->data, object) : 0;

    if (is_taken < 0)
        return -1;
    if (is_taken ? trv__write_opcode(pickler, OP_NEXT_BUFFER) < 0
                 : trv__write_octets(pickler, bytes->data, bytes->size) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

/* Before protocol 5: the type called with bytes, or nothing. */
static int write_bytearray_by_call(struct trv__pickler *pickler, const void *data, size_t size)
{
    if (trv__dump_global(pickler, trv_bytearray_type) < 0 ||
        (size && trv__write_octets(pickler, data, size) < 0) ||
        trv__write_opcode(pickler, size ? OP_TUPLE1 : OP_EMPTY_TUPLE) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_REDUCE);
}

static int write_bytearray(struct trv__pickler *pickler, const void *data, size_t size)
{
    return pickler->protocol < 5 ? write_bytearray_by_call(pickler, data, size)
                                 : trv__write_sized(pickler, OP_BYTEARRAY8, 8, data, size);
}

int trv__dump_bytearray(struct trv__pickler *pickler, trv_object *object, int held)
{
    size_t size;
    const void *data = trv_bytearray_data(object, &size);

    if (!data || write_bytearray(pickler, data, size) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

/* Whether a PickleBuffer travels beside: 1, 0 or -1. */
static int travels_beside(struct trv__pickler *pickler, trv_object *object)
{
    trv_object *callback = pickler->link->buffer_callback, *answer;
    int truth;

    if (!callback)
        return 0;
    if (trv__hold_all(pickler) < 0 || !(answer = trv_call(callback, "o", object)))
        return -1;
    truth = trv_truth(answer);
    trv_unref(answer);
    return truth < 0 ? -1 : !truth;
}

int trv__dump_pickle_buffer(struct trv__pickler *pickler, trv_object *object, int held)
{
    int beside;
    const trv_buffer *memory;

    if (pickler->protocol < 5)
        return trv_raise_int(trv_PicklingError,
                             "PickleBuffer can only be pickled with protocol >= 5");
    if (!(memory = trv__pickle_buffer_memory(object)))
        return -1;
    if (memory->stride != (ptrdiff_t)memory->itemsize && memory->size > memory->itemsize)
        return trv_raise_int(trv_PicklingError, "PickleBuffer can not be pickled when pointing to "
                                                "a non-contiguous buffer");
    beside = travels_beside(pickler, object);
    /* The callback may have released it. */
    if (beside < 0 || !(memory = trv__pickle_buffer_memory(object)))
        return -1;
    if (!beside && (memory->readonly ? trv__write_octets(pickler, memory->data, memory->size)
                                     : write_bytearray(pickler, memory->data, memory->size)) < 0)
        return -1;
    if (!beside)
        return trv__memoize(pickler, object, held);
    if (trv__write_opcode(pickler, OP_NEXT_BUFFER) < 0 ||
        (memory->readonly && trv__write_opcode(pickler, OP_READONLY_BUFFER) < 0))
        return -1;
    return 0;
}
