/* SPDX-License-Identifier: MIT */
/*
 * Writing pickles.
 *
 * One pass over the object, depth first, into the caller's buffer. An object that can be met
 * again is entered in the memo after it was written, and referred to from then on. "Can be met
 * again" is read off its reference count: an object with one reference besides those that the
 * writer itself holds (`held`) has just been reached through that one. Immortal objects count as
 * shared, and so does all that lies in a shared tuple, because a tuple within itself is walked
 * twice. This spares most objects of a typical task the memo, and never changes what is read.
 *
 * A container is entered before its items, so that an item may refer to it; a tuple can only be
 * made when its items are there, so one that is met within itself is written twice, and the second
 * replaced by a reference to the first (as CPython does).
 *
 * No code of users runs, so views into containers hold. Nesting is bounded by the stack:
 * RecursionError. What exceptions and functions are written as is in dump_special.c.
 */
#include "pickle/dump.h"

#include "base/fault.h"
#include "object/number.h"
#include "pickle/globals.h"
#include "types/bytes.h"
#include "types/str.h"

/* How many items one opcode adds: the reader's stack holds so many. */
#define BATCH 1000
/* Protocol, frame with its size. */
#define HEADER_BYTES 11

/* The buffer ----------------------------------------------------------------------------------- */

int trv__buffer_reserve(struct trv__buffer *buffer, size_t more)
{
    size_t capacity = MAX_OF(buffer->capacity * 2, 256);
    char *data;

    if (buffer->capacity - buffer->size >= more)
        return 0;
    if (more > PTRDIFF_MAX - buffer->size)
        return trv_raise_int(trv_MemoryError, "out of memory");
    capacity = MAX_OF(capacity, buffer->size + more);
    data = FAULT() ? NULL : realloc(buffer->data, capacity);
    if (!data)
        return trv_raise_int(trv_MemoryError, "out of memory");
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

void trv__buffer_free(struct trv__buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct trv__buffer){NULL, 0, 0};
}

/* Numbers and text ----------------------------------------------------------------------------- */

static int write_long(struct trv__pickler *pickler, trv_object *number)
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

static int write_float(struct trv__pickler *pickler, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return trv__write_number(pickler, OP_BINFLOAT, 8, __builtin_bswap64(bits));
}

int trv__write_text(struct trv__pickler *pickler, const char *text, size_t size)
{
    if (size <= UINT8_MAX)
        return trv__write_sized(pickler, OP_SHORT_BINUNICODE, 1, text, size);
    if (size <= UINT32_MAX)
        return trv__write_sized(pickler, OP_BINUNICODE, 4, text, size);
    return trv__write_sized(pickler, OP_BINUNICODE8, 8, text, size);
}

int trv__write_octets(struct trv__pickler *pickler, const void *data, size_t size)
{
    if (size <= UINT8_MAX)
        return trv__write_sized(pickler, OP_SHORT_BINBYTES, 1, data, size);
    if (size <= UINT32_MAX)
        return trv__write_sized(pickler, OP_BINBYTES, 4, data, size);
    return trv__write_sized(pickler, OP_BINBYTES8, 8, data, size);
}

static int dump_str(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv__str *str = trv__as_str(object);

    if (trv__write_text(pickler, str->text, str->size) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

static int dump_bytes(struct trv__pickler *pickler, trv_object *object, int held)
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

/* Containers ----------------------------------------------------------------------------------- */

/* The tuple was met within itself, and is in the memo by now: takes the items off the reader's
 * stack again. */
static int replace_by_reference(struct trv__pickler *pickler, size_t count, uint32_t number)
{
    if (count > 3)
        return trv__write_opcode(pickler, OP_POP_MARK) < 0 ? -1 : trv__write_get(pickler, number);
    for (size_t i = 0; i < count; i++)
        if (trv__write_opcode(pickler, OP_POP) < 0)
            return -1;
    return trv__write_get(pickler, number);
}

static int dump_tuple(struct trv__pickler *pickler, trv_object *object, int held)
{
    static const unsigned char short_tuple[] = {OP_EMPTY_TUPLE, OP_TUPLE1, OP_TUPLE2, OP_TUPLE3};
    bool is_shared = trv__is_shared(pickler, object, held);
    trv_object *const *items;
    uint32_t number;
    size_t count;

    items = trv__tuple_items(object, &count);
    if (count == 0)
        return trv__write_opcode(pickler, OP_EMPTY_TUPLE);
    if (count > 3 && trv__write_opcode(pickler, OP_MARK) < 0)
        return -1;
    pickler->shared_tuples += is_shared;
    for (size_t i = 0; i < count; i++)
        if (trv__dump(pickler, items[i], 0) < 0)
            return -1;
    pickler->shared_tuples -= is_shared;
    if (is_shared && trv__memo_find(&pickler->memo, object, &number))
        return replace_by_reference(pickler, count, number);
    if (trv__write_opcode(pickler, count > 3 ? OP_TUPLE : short_tuple[count]) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

static int dump_list(struct trv__pickler *pickler, trv_object *object, int held)
{
    trv_object *const *items;
    size_t count;

    if (trv__write_opcode(pickler, OP_EMPTY_LIST) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    items = trv__list_items(object, &count);
    for (size_t i = 0; i < count; i++) {
        bool is_first = i % BATCH == 0, is_last = i + 1 == count || (i + 1) % BATCH == 0;

        if (is_first && !is_last && trv__write_opcode(pickler, OP_MARK) < 0)
            return -1;
        if (trv__dump(pickler, items[i], 0) < 0)
            return -1;
        if (is_last && trv__write_opcode(pickler, is_first ? OP_APPEND : OP_APPENDS) < 0)
            return -1;
    }
    return 0;
}

/* The references that walking a dict or set gives are the writer's own. */
static int dump_entry(struct trv__pickler *pickler, trv_object *key, trv_object *value)
{
    int result = trv__dump(pickler, key, 1);

    if (result == 0 && value)
        result = trv__dump(pickler, value, 1);
    trv_unref(key);
    trv_unref(value);
    return result;
}

static int dump_dict(struct trv__pickler *pickler, trv_object *object, int held)
{
    trv_object *key, *value;
    size_t position = 0, count = 0;
    int more;

    if (trv__write_opcode(pickler, OP_EMPTY_DICT) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    while ((more = trv_dict_next(object, &position, &key, &value)) > 0) {
        if (count == BATCH && trv__write_opcode(pickler, OP_SETITEMS) < 0)
            goto failed;
        if (count % BATCH == 0 && trv__write_opcode(pickler, OP_MARK) < 0)
            goto failed;
        count = count % BATCH + 1;
        if (dump_entry(pickler, key, value) < 0)
            return -1;
    }
    return more < 0 ? -1 : count ? trv__write_opcode(pickler, OP_SETITEMS) : 0;
failed:
    trv_unref(key);
    trv_unref(value);
    return -1;
}

static int dump_items_of_set(struct trv__pickler *pickler, trv_object *iterator)
{
    trv_object *item;
    size_t count = 0;
    int more;

    while ((more = trv_next(iterator, &item)) > 0) {
        if ((count == BATCH && trv__write_opcode(pickler, OP_ADDITEMS) < 0) ||
            (count % BATCH == 0 && trv__write_opcode(pickler, OP_MARK) < 0)) {
            trv_unref(item);
            return -1;
        }
        count = count % BATCH + 1;
        if (dump_entry(pickler, item, NULL) < 0)
            return -1;
    }
    return more < 0 ? -1 : count ? trv__write_opcode(pickler, OP_ADDITEMS) : 0;
}

static int dump_set(struct trv__pickler *pickler, trv_object *object, int held)
{
    trv_object *iterator;
    int result;

    if (trv__write_opcode(pickler, OP_EMPTY_SET) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    iterator = trv_iter(object);
    result = iterator ? dump_items_of_set(pickler, iterator) : -1;
    trv_unref(iterator);
    return result;
}

/* Any object ----------------------------------------------------------------------------------- */

static int refuse(const trv_object *object)
{
    return trv_raise_int(trv_PicklingError, "cannot pickle '%s' object", trv_type_name(object));
}

/* The types that are rarer than those of dump_new. */
static int dump_rare(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;

    if (type->flags & TRV__TYPE_EXCEPTION)
        return trv__dump_exception(pickler, object, held);
    if (type == &trv__closure_type)
        return trv__dump_closure(pickler, object, held);
    if (type == &trv__range_type)
        return trv__dump_range(pickler, object, held);
    if (type == &trv__inherit_type)
        return trv__dump_inherited(pickler, object);
    if (trv__is_type(object))
        return trv__dump_global(pickler, object);
    return refuse(object);
}

static int dump_container(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;

    if (trv__enter_recursion(" while pickling an object") < 0)
        return -1;
    if (type == &trv__tuple_type)
        return dump_tuple(pickler, object, held);
    if (type == &trv__list_type)
        return dump_list(pickler, object, held);
    if (type == &trv__dict_type)
        return dump_dict(pickler, object, held);
    if (type == &trv__set_type)
        return dump_set(pickler, object, held);
    return dump_rare(pickler, object, held);
}

/* An object that is not in the memo. */
static int dump_new(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;

    if (type == &trv__str_type)
        return dump_str(pickler, object, held);
    if (type == &trv_static_function_layout_)
        return trv__dump_function(pickler, object);
    if (type == &trv__bytes_type)
        return dump_bytes(pickler, object, held);
    return dump_container(pickler, object, held);
}

int trv__dump(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;
    uint32_t number;

    if (type == &trv__int_type)
        return trv__is_small_int(object) ? trv__write_int(pickler, trv__int_value(object))
                                         : write_long(pickler, object);
    if (type == &trv__none_type)
        return trv__write_opcode(pickler, OP_NONE);
    if (type == &trv__bool_type)
        return trv__write_opcode(pickler, trv__int_value(object) ? OP_NEWTRUE : OP_NEWFALSE);
    if (type == &trv__float_type)
        return write_float(pickler, trv__float_value(object));
    if (trv__is_shared(pickler, object, held) && trv__memo_find(&pickler->memo, object, &number))
        return trv__write_get(pickler, number);
    return dump_new(pickler, object, held);
}

/* The interface -------------------------------------------------------------------------------- */

/* Header, object and end; the frame's size is known, and written, last. */
static int dump_all(struct trv__pickler *pickler, trv_object *object)
{
    struct trv__buffer *buffer = pickler->buffer;
    size_t start = buffer->size;
    uint64_t frame;

    if (trv__buffer_reserve(buffer, HEADER_BYTES) < 0)
        return -1;
    buffer->data[start] = (char)OP_PROTO;
    buffer->data[start + 1] = TRV__PICKLE_PROTOCOL;
    buffer->data[start + 2] = (char)OP_FRAME;
    buffer->size += HEADER_BYTES;
    if (trv__dump(pickler, object, 0) < 0 || trv__write_opcode(pickler, OP_STOP) < 0)
        return -1;
    frame = (uint64_t)(buffer->size - start - HEADER_BYTES);
    memcpy(buffer->data + start + 3, &frame, sizeof frame);
    return 0;
}

int trv__pickle_dump(trv_object *object, struct trv__buffer *buffer,
                     const struct trv__pickle_link *link)
{
    static const struct trv__pickle_link no_link;
    struct trv__pickler pickler;
    size_t size = buffer->size;
    int result;

    if (!trv__given(object, "trv_pickle_dumps"))
        return -1;
    pickler.buffer = buffer;
    pickler.link = link ? link : &no_link;
    pickler.images = pickler.link->images;
    pickler.shared_tuples = 0;
    trv__memo_init(&pickler.memo);
    result = dump_all(&pickler, object);
    trv__memo_fini(&pickler.memo);
    if (pickler.images != pickler.link->images)
        trv__images_free(pickler.images);
    if (result < 0)
        buffer->size = size;
    return result;
}

trv_object *trv_pickle_dumps(trv_object *object)
{
    struct trv__buffer buffer = {NULL, 0, 0};
    trv_object *bytes = NULL;

    if (trv__pickle_dump(object, &buffer, NULL) == 0)
        bytes = trv_bytes_new(buffer.data, buffer.size);
    trv__buffer_free(&buffer);
    return bytes;
}
