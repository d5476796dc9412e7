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
 * All this holds while no code of users runs. Where some has to (reducers, methods of classes,
 * persistent_id), counts say nothing of what is still to be met, and what was written may end before
 * the writing does. Then all is written anew, once: every object is entered in the memo, which
 * holds it. Either way an item that is being written is held, and containers are asked for the next
 * one each time.
 *
 * Nesting is bounded by the stack: RecursionError. What exceptions and functions are written as is in
 * dump_special.c, what has no parts in dump_plain.c, what reducers say in dump_reduced.c.
 */
#include "pickle/dump.h"

#include "base/fault.h"
#include "object/number.h"
#include "object/reduce.h"
#include "pickle/pickle_buffer.h"
#include "pickle/registry.h"
#include "types/builtins.h"
#include "types/bytearray.h"
#include "types/slice.h"

/* How many items one opcode adds: the reader's stack holds so many. */
#define BATCH 1000
/* Protocol, frame with its size. */
#define PROTOCOL_BYTES 2
#define FRAME_BYTES 9

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

/* The memo ------------------------------------------------------------------------------------- */

int trv__enter_memo(struct trv__pickler *pickler, const trv_object *object)
{
    uint32_t number = pickler->memo.count;

    if (trv__memo_add(&pickler->memo, object) < 0)
        return -1;
    if (pickler->protocol >= 4)
        return trv__write_opcode(pickler, OP_MEMOIZE);
    if (number <= UINT8_MAX)
        return trv__write_number(pickler, OP_BINPUT, 1, number);
    return trv__write_number(pickler, OP_LONG_BINPUT, 4, number);
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

/* Where a container's items go in batches: the mark before each, the opcode after it. */
struct batch {
    size_t count; /* items since the mark */
    int opcode;
};

static int begin_item(struct trv__pickler *pickler, struct batch *batch)
{
    if (batch->count == BATCH && trv__write_opcode(pickler, batch->opcode) < 0)
        return -1;
    if (batch->count % BATCH == 0 && trv__write_opcode(pickler, OP_MARK) < 0)
        return -1;
    batch->count = batch->count % BATCH + 1;
    return 0;
}

static int end_items(struct trv__pickler *pickler, const struct batch *batch)
{
    return batch->count ? trv__write_opcode(pickler, batch->opcode) : 0;
}

/* Writes an item to which the writer has the one reference that it was handed. */
static int dump_handed(struct trv__pickler *pickler, trv_object *item)
{
    int result = trv__dump(pickler, item, 1);

    trv_unref(item);
    return result;
}

static int dump_list_item(struct trv__pickler *pickler, trv_object *list, size_t i)
{
    trv_object *const *items;
    size_t count;

    items = trv__list_items(list, &count);
    return i < count ? dump_handed(pickler, trv_ref(items[i])) : 0;
}

static int dump_items_of_list(struct trv__pickler *pickler, trv_object *list)
{
    struct batch batch = {.opcode = OP_APPENDS};
    size_t count;

    for (size_t i = 0; trv__list_items(list, &count), i < count; i++) {
        if (count == 1 && i == 0)
            return dump_list_item(pickler, list, 0) < 0 ? -1
                                                        : trv__write_opcode(pickler, OP_APPEND);
        if (begin_item(pickler, &batch) < 0 || dump_list_item(pickler, list, i) < 0)
            return -1;
    }
    return end_items(pickler, &batch);
}

static int dump_list(struct trv__pickler *pickler, trv_object *object, int held)
{
    if (trv__write_opcode(pickler, OP_EMPTY_LIST) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    return dump_items_of_list(pickler, object);
}

static int dump_pair(struct trv__pickler *pickler, struct batch *batch, trv_object *key,
                     trv_object *value)
{
    int result = begin_item(pickler, batch);

    if (result == 0)
        result = trv__dump(pickler, key, 1);
    if (result == 0)
        result = trv__dump(pickler, value, 1);
    trv_unref(key);
    trv_unref(value);
    return result;
}

static int dump_pairs_of_dict(struct trv__pickler *pickler, trv_object *dict)
{
    struct batch batch = {.opcode = OP_SETITEMS};
    size_t position = 0, length, length_now;
    trv_object *key, *value;
    int more;

    if (trv_dict_len(dict, &length) < 0)
        return -1;
    while ((more = trv_dict_next(dict, &position, &key, &value)) > 0)
        if (dump_pair(pickler, &batch, key, value) < 0 || trv_dict_len(dict, &length_now) < 0)
            return -1;
        else if (length_now != length)
            return trv_raise_int(trv_RuntimeError, "dictionary changed size during iteration");
    return more < 0 ? -1 : end_items(pickler, &batch);
}

static int dump_dict(struct trv__pickler *pickler, trv_object *object, int held)
{
    if (trv__write_opcode(pickler, OP_EMPTY_DICT) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    return dump_pairs_of_dict(pickler, object);
}

static int dump_batches(struct trv__pickler *pickler, trv_object *iterator, int opcode)
{
    struct batch batch = {.opcode = opcode};
    trv_object *item;
    int more;

    while ((more = trv_next(iterator, &item)) > 0)
        if (begin_item(pickler, &batch) < 0) {
            trv_unref(item);
            return -1;
        } else if (dump_handed(pickler, item) < 0) {
            return -1;
        }
    return more < 0 ? -1 : end_items(pickler, &batch);
}

int trv__dump_list_items(struct trv__pickler *pickler, trv_object *iterator)
{
    return dump_batches(pickler, iterator, OP_APPENDS);
}

int trv__dump_pairs(struct trv__pickler *pickler, trv_object *iterator)
{
    struct batch batch = {.opcode = OP_SETITEMS};
    trv_object *pair, *key, *value;
    int more;

    while ((more = trv_next(iterator, &pair)) > 0) {
        int result = trv_parse_tuple(pair, "oo", &key, &value);
        if (result == 0)
            result = dump_pair(pickler, &batch, trv_ref(key), trv_ref(value));
        trv_unref(pair);
        if (result < 0)
            return -1;
    }
    return more < 0 ? -1 : end_items(pickler, &batch);
}

static int dump_items_of_set(struct trv__pickler *pickler, trv_object *set, int opcode)
{
    trv_object *iterator = trv_iter(set);
    int result = iterator ? dump_batches(pickler, iterator, opcode) : -1;

    trv_unref(iterator);
    return result;
}

/* Before protocol 4: the type is called with a list. */
static int dump_set_by_call(struct trv__pickler *pickler, trv_object *object, int held)
{
    if (trv__dump_global(pickler, object->type->handle) < 0 ||
        trv__write_opcode(pickler, OP_EMPTY_LIST) < 0 ||
        dump_items_of_set(pickler, object, OP_APPENDS) < 0 ||
        trv__write_opcode(pickler, OP_TUPLE1) < 0 || trv__write_opcode(pickler, OP_REDUCE) < 0)
        return -1;
    return trv__memoize_after(pickler, object, held);
}

/* Its items may lead back to it, as those of a tuple do. All of them stand behind one mark. */
static int dump_frozenset(struct trv__pickler *pickler, trv_object *object, int held)
{
    trv_object *iterator = trv_iter(object), *item;
    bool is_shared = trv__is_shared(pickler, object, held);
    uint32_t number;
    int more = iterator ? 0 : -1;

    if (iterator && trv__write_opcode(pickler, OP_MARK) < 0)
        more = -1;
    pickler->shared_tuples += is_shared;
    while (more == 0 && (more = trv_next(iterator, &item)) > 0)
        more = dump_handed(pickler, item);
    pickler->shared_tuples -= is_shared;
    trv_unref(iterator);
    if (more < 0)
        return -1;
    if (is_shared && trv__memo_find(&pickler->memo, object, &number))
        return trv__write_opcode(pickler, OP_POP_MARK) < 0 ? -1 : trv__write_get(pickler, number);
    if (trv__write_opcode(pickler, OP_FROZENSET) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

static int dump_set(struct trv__pickler *pickler, trv_object *object, int held)
{
    if (pickler->protocol < 4)
        return dump_set_by_call(pickler, object, held);
    if (object->type == &trv__frozenset_type)
        return dump_frozenset(pickler, object, held);
    if (trv__write_opcode(pickler, OP_EMPTY_SET) < 0 || trv__memoize(pickler, object, held) < 0)
        return -1;
    return dump_items_of_set(pickler, object, OP_ADDITEMS);
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
    const struct trv__registered *registered = trv__registered(type->handle);
    int reduces_itself;

    if (registered && registered->reducer)
        return trv__dump_by_reducer(pickler, object, registered->reducer);
    registered = trv__registered(object);
    if (trv__is_type(object) || object == trv_not_implemented || (registered && registered->name) ||
        trv__is_builtin_function(object))
        return trv__dump_global(pickler, object);
    if (type->flags & TRV__TYPE_EXCEPTION)
        return trv__dump_exception(pickler, object, held);
    if (type->flags & TRV__TYPE_IN_HEAP || type == &trv__object_type)
        return trv__dump_instance(pickler, object);
    if (type == &trv__closure_type)
        return trv__dump_closure(pickler, object, held);
    if (type == &trv__builtin_type)
        return trv__dump_builtin(pickler, object, held);
    if (type == &trv__method_type)
        return trv__dump_method(pickler, object, held);
    if (type == &trv_static_function_layout_)
        return trv__dump_function(pickler, object);
    if (type == &trv__range_type)
        return trv__dump_range(pickler, object, held);
    if (type == &trv__slice_type)
        return trv__dump_slice(pickler, object, held);
    if (type->handle == trv_complex_type)
        return trv__dump_complex(pickler, object, held);
    if (type == &trv__bytearray_type)
        return trv__dump_bytearray(pickler, object, held);
    if (type == &trv__pickle_buffer_type)
        return trv__dump_pickle_buffer(pickler, object, held);
    if (type == &trv__inherit_type)
        return trv__dump_inherited(pickler, object);
    reduces_itself = trv__overrides(type, "__reduce__");
    if (reduces_itself)
        return reduces_itself < 0 ? -1 : trv__dump_instance(pickler, object);
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
    if (type == &trv__set_type || type == &trv__frozenset_type)
        return dump_set(pickler, object, held);
    return dump_rare(pickler, object, held);
}

/* An object that is not in the memo. */
static int dump_new(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;

    if (type == &trv__str_type)
        return trv__dump_str(pickler, object, held);
    if (type == &trv__bytes_type)
        return trv__dump_bytes(pickler, object, held);
    return dump_container(pickler, object, held);
}

/* Writes what persistent_id says in place of the object: 1; or 0: nothing; or -1. */
static int dump_by_id(struct trv__pickler *pickler, trv_object *object)
{
    trv_object *id;
    int result;

    if (trv__hold_all(pickler) < 0)
        return -1;
    if (pickler->is_id) {
        pickler->is_id = false;
        return 0;
    }
    id = trv_call(pickler->link->persistent_id, "o", object);
    if (!id)
        return -1;
    result = trv_is_none(id) ? 0 : 1;
    pickler->is_id = result;
    if (result && (trv__dump(pickler, id, 1) < 0 || trv__write_opcode(pickler, OP_BINPERSID) < 0))
        result = -1;
    trv_unref(id);
    return result;
}

static int dump_any(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv_type *type = object->type;
    uint32_t number;

    if (UNLIKELY(pickler->link->persistent_id != NULL)) {
        int is_written = dump_by_id(pickler, object);
        if (is_written)
            return is_written < 0 ? -1 : 0;
    }
    if (type == &trv__int_type)
        return trv__is_small_int(object) ? trv__write_int(pickler, trv__int_value(object))
                                         : trv__dump_long(pickler, object);
    if (type == &trv__none_type)
        return trv__write_opcode(pickler, OP_NONE);
    if (type == &trv__bool_type)
        return trv__write_opcode(pickler, trv__int_value(object) ? OP_NEWTRUE : OP_NEWFALSE);
    if (type == &trv__float_type)
        return trv__dump_float(pickler, trv__float_value(object));
    if (trv__is_shared(pickler, object, held) && trv__memo_find(&pickler->memo, object, &number))
        return trv__write_get(pickler, number);
    return dump_new(pickler, object, held);
}

int trv__dump(struct trv__pickler *pickler, trv_object *object, int held)
{
    int result;

    if (LIKELY(!pickler->memo.holds))
        return dump_any(pickler, object, held);
    trv_ref(object); /* what leads to it may be changed before it is in the memo */
    result = dump_any(pickler, object, held + 1);
    trv_unref(object);
    return result;
}

/* The interface -------------------------------------------------------------------------------- */

/* Header, object and end; the frame's size is known, and written, last. */
static int dump_all(struct trv__pickler *pickler, trv_object *object)
{
    struct trv__buffer *buffer = pickler->buffer;
    size_t start = buffer->size + PROTOCOL_BYTES;
    uint64_t frame;

    if (trv__write_number(pickler, OP_PROTO, 1, (uint64_t)pickler->protocol) < 0 ||
        (pickler->protocol >= 4 && trv__write_number(pickler, OP_FRAME, 8, 0) < 0) ||
        trv__dump(pickler, object, 0) < 0 || trv__write_opcode(pickler, OP_STOP) < 0)
        return -1;
    if (pickler->protocol < 4)
        return 0;
    frame = (uint64_t)(buffer->size - start - FRAME_BYTES);
    memcpy(buffer->data + start + 1, &frame, sizeof frame);
    return 0;
}

/* Writes with a fresh memo; -1 leaves the buffer as it was. */
static int dump_once(struct trv__pickler *pickler, trv_object *object, bool holds)
{
    size_t size = pickler->buffer->size;
    int result;

    trv__memo_init(&pickler->memo);
    pickler->memo.holds = holds;
    pickler->shared_tuples = holds;
    pickler->must_hold = pickler->is_id = false;
    result = dump_all(pickler, object);
    trv__memo_fini(&pickler->memo);
    if (result < 0)
        pickler->buffer->size = size;
    return result;
}

int trv__pickle_dump(trv_object *object, struct trv__buffer *buffer,
                     const struct trv__pickle_link *link)
{
    static const struct trv__pickle_link no_link;
    struct trv__pickler pickler;
    int result;

    if (!trv__given(object, "trv_pickle_dumps"))
        return -1;
    pickler.buffer = buffer;
    pickler.link = link ? link : &no_link;
    pickler.images = pickler.link->images;
    pickler.protocol = pickler.link->protocol ? pickler.link->protocol : TRV__PICKLE_PROTOCOL;
    result = dump_once(&pickler, object, false);
    if (result < 0 && pickler.must_hold) {
        if (pickler.link->take_back)
            pickler.link->take_back(pickler.link->data);
        result = dump_once(&pickler, object, true);
    }
    if (pickler.images != pickler.link->images)
        trv__images_free(pickler.images);
    return result;
}
