/* SPDX-License-Identifier: MIT */
/*
 * Writing what is not plain data: globals, ranges, exceptions, functions, inherited objects.
 *
 * Temporary objects are written but never entered in the memo, because their address will be that
 * of another object soon.
 */
#include "pickle/code.h"
#include "pickle/dump.h"
#include "pickle/globals.h"

#include "object/closure.h"
#include "object/exception.h"
#include "object/heap_type.h"
#include "object/lookup.h"

/* Types ---------------------------------------------------------------------------------------- */

/* Up to protocol 3 both names are lines of text. */
static int write_global(struct trv__pickler *pickler, const char *module, const char *name)
{
    struct trv__buffer *buffer = pickler->buffer;
    size_t module_size = strlen(module), name_size = strlen(name);

    if (pickler->protocol >= 4) {
        if (trv__write_name(pickler, module) < 0 || trv__write_name(pickler, name) < 0)
            return -1;
        return trv__write_opcode(pickler, OP_STACK_GLOBAL);
    }
    if (trv__buffer_reserve(buffer, module_size + name_size + 3) < 0)
        return -1;
    buffer->data[buffer->size++] = (char)OP_GLOBAL;
    memcpy(buffer->data + buffer->size, module, module_size);
    buffer->size += module_size;
    buffer->data[buffer->size++] = '\n';
    memcpy(buffer->data + buffer->size, name, name_size);
    buffer->size += name_size;
    buffer->data[buffer->size++] = '\n';
    return 0;
}

/* Types that have no name in Python: type(None) is written as that. */
static int write_type_of(struct trv__pickler *pickler, int opcode)
{
    if (trv__dump_global(pickler, trv_type_type) < 0 || trv__write_opcode(pickler, opcode) < 0 ||
        trv__write_opcode(pickler, OP_TUPLE1) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_REDUCE);
}

/* On a link to a fork of this program, a type is known by where it lies, as long as it bears that name. */
static int write_address(struct trv__pickler *pickler, trv_object *type)
{
    const char *name = trv__type_of_handle(type)->name;
    struct trv__buffer id = {NULL, 0, 0};
    uint64_t address = (uintptr_t)type;
    size_t name_size = strlen(name);
    int result = -1;

    if (trv__buffer_reserve(&id, 1 + sizeof address + name_size) < 0)
        return -1;
    id.data[0] = TRV__CODE_TYPE;
    memcpy(id.data + 1, &address, sizeof address);
    memcpy(id.data + 1 + sizeof address, name, name_size);
    if (trv__write_octets(pickler, id.data, 1 + sizeof address + name_size) == 0)
        result = trv__write_opcode(pickler, OP_BINPERSID);
    trv__buffer_free(&id);
    return result;
}

static bool is_type_of_a_fork(const struct trv__pickler *pickler, const trv_object *object)
{
    return pickler->link->is_trusted && trv__is_type(object) &&
           trv__type_of_handle(object)->flags & TRV__TYPE_IN_HEAP;
}

int trv__dump_global(struct trv__pickler *pickler, trv_object *object)
{
    const char *module, *name;
    uint32_t number;
    int result;

    if (trv__memo_find(&pickler->memo, object, &number))
        return trv__write_get(pickler, number);
    if (object == trv_none_type) {
        result = write_type_of(pickler, OP_NONE);
    } else if ((module = trv__global_name(object, pickler->protocol, &name))) {
        result = write_global(pickler, module, name);
    } else if (is_type_of_a_fork(pickler, object)) {
        result = write_address(pickler, object);
    } else {
        return trv_raise_int(trv_PicklingError,
                             "cannot pickle %s '%s': it was given no name with "
                             "trv_pickle_register_name",
                             trv__is_type(object) ? "type" : "function",
                             trv__is_type(object) ? trv__type_of_handle(object)->name
                                                  : trv_function_name(object));
    }
    return result < 0 ? -1 : trv__memoize(pickler, object, 0);
}

/* Ranges and slices ---------------------------------------------------------------------------- */

/* A call of the type with its start, stop and step. */
static int dump_by_step(struct trv__pickler *pickler, trv_object *object, int held)
{
    static const char *const names[] = {"start", "stop", "step"};

    if (trv__dump_global(pickler, object->type->handle) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        trv_object *part = trv_getattr(object, names[i]);
        int result = part ? trv__dump(pickler, part, 1) : -1;
        trv_unref(part);
        if (result < 0)
            return -1;
    }
    if (trv__write_opcode(pickler, OP_TUPLE3) < 0 || trv__write_opcode(pickler, OP_REDUCE) < 0)
        return -1;
    return trv__memoize_after(pickler, object, held);
}

/* The ints that getattr makes of a range must not be entered in a memo that does not hold them, nor are
 * they: ints never are. */
int trv__dump_range(struct trv__pickler *pickler, trv_object *range, int held)
{
    return dump_by_step(pickler, range, held);
}

int trv__dump_slice(struct trv__pickler *pickler, trv_object *slice, int held)
{
    return dump_by_step(pickler, slice, held);
}

/* A call of the type with both parts. */
int trv__dump_complex(struct trv__pickler *pickler, trv_object *object, int held)
{
    double real, imag;

    if (trv_complex_get(object, &real, &imag) < 0 ||
        trv__dump_global(pickler, trv_complex_type) < 0 || trv__dump_float(pickler, real) < 0 ||
        trv__dump_float(pickler, imag) < 0 || trv__write_opcode(pickler, OP_TUPLE2) < 0 ||
        trv__write_opcode(pickler, OP_REDUCE) < 0)
        return -1;
    return trv__memoize(pickler, object, held);
}

/* Exceptions ----------------------------------------------------------------------------------- */

/* Types whose constructor in Python wants so many arguments, while ours take any number: their
 * instances are made without calling it. */
static bool is_made_bare(const struct trv_type *type, size_t count)
{
    const trv_object *handle = type->handle;

    if (handle == trv_UnicodeDecodeError || handle == trv_UnicodeEncodeError)
        return count != 5;
    if (handle == trv_UnicodeTranslateError)
        return count != 4;
    return handle == trv_IncompleteReadError && count != 2;
}

static int write_head(struct trv__pickler *pickler, const struct trv_type *type, trv_object *args)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(args, &count);
    (void)items;
    if (trv__dump_global(pickler, type->handle) < 0 || trv__dump(pickler, args, 1) < 0)
        return -1;
    return trv__write_opcode(pickler, is_made_bare(type, count) ? OP_NEWOBJ : OP_REDUCE);
}

static int write_link(struct trv__pickler *pickler, const char *key, trv_object *exception)
{
    if (!exception)
        return 0;
    return trv__write_name(pickler, key) < 0 ? -1 : trv__dump(pickler, exception, 0);
}

static int write_traceback(struct trv__pickler *pickler, trv_object *object)
{
    const struct trv__exception *exception = trv__exception(object);
    trv_object *text;
    const char *utf8;
    int result = -1;
    size_t size;

    if (!exception->places.count && !exception->remote)
        return 0;
    text = trv__exception_traceback(object);
    if (!text)
        return -1;
    utf8 = trv_str_utf8(text, &size);
    if (trv__write_name(pickler, TRV__STATE_TRACEBACK) == 0)
        result = trv__write_text(pickler, utf8, size);
    trv_unref(text);
    return result;
}

/* What users have set, with __notes__. */
static int write_attributes(struct trv__pickler *pickler, trv_object *attributes)
{
    trv_auto trv_object *held_attributes = trv_ref(attributes);
    trv_object *key, *value;
    size_t position = 0;
    int more;

    if (!attributes)
        return 0;
    while ((more = trv_dict_next(attributes, &position, &key, &value)) > 0) {
        int result = trv__dump(pickler, key, 1);
        if (result == 0)
            result = trv__dump(pickler, value, 1);
        trv_unref(key);
        trv_unref(value);
        if (result < 0)
            return -1;
    }
    return more;
}

/* The fields that do not come of the arguments. */
static int write_fields(struct trv__pickler *pickler, trv_object *exception)
{
    static const char *const names[] = {"name", "path"};

    if (trv__exception_kind(exception) != TRV__IMPORT_ERROR)
        return 0;
    for (int i = 0; i < (int)COUNT_OF(names); i++) {
        trv_object *field = trv__exception_field(exception, i);
        if (field && (trv__write_name(pickler, names[i]) < 0 || trv__dump(pickler, field, 0) < 0))
            return -1;
    }
    return 0;
}

static bool has_state(const struct trv__exception *exception, const char *own_name)
{
    return exception->cause || exception->context || exception->suppresses_context ||
           exception->places.count || exception->remote || own_name || exception->attributes ||
           exception->fields;
}

/* In Python, setting the cause also sets that the context is not shown, so that comes last. */
static int write_state(struct trv__pickler *pickler, trv_object *object, const char *own_name)
{
    const struct trv__exception *exception = trv__exception(object);

    if (!has_state(exception, own_name))
        return 0;
    if (trv__write_opcode(pickler, OP_EMPTY_DICT) < 0 || trv__write_opcode(pickler, OP_MARK) < 0)
        return -1;
    if (own_name &&
        (trv__write_name(pickler, TRV__STATE_TYPE) < 0 || trv__write_name(pickler, own_name) < 0))
        return -1;
    if (write_fields(pickler, object) < 0 || write_attributes(pickler, exception->attributes) < 0 ||
        write_traceback(pickler, object) < 0 ||
        write_link(pickler, TRV__STATE_CAUSE, exception->cause) < 0 ||
        write_link(pickler, TRV__STATE_CONTEXT, exception->context) < 0)
        return -1;
    if (exception->suppresses_context && (trv__write_name(pickler, TRV__STATE_SUPPRESS) < 0 ||
                                          trv__write_opcode(pickler, OP_NEWTRUE) < 0))
        return -1;
    if (trv__write_opcode(pickler, OP_SETITEMS) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_BUILD);
}

/* Whether a class of exceptions has a __reduce__ of its own: 1, 0 or -1. */
static int reduces_itself(const struct trv_type *type)
{
    trv_object *name = trv__name("__reduce__"), *own = NULL, *built_in = NULL;

    if (!name || trv__type_find(trv__static_base(type), name, &built_in) < 0 ||
        trv__type_find(type, name, &own) < 0)
        return -1;
    return own != built_in;
}

int trv__dump_exception(struct trv__pickler *pickler, trv_object *exception, int held)
{
    const struct trv_type *type = exception->type;
    trv_auto trv_object *class_ = trv_ref(type->handle); /* which the exception may leave meanwhile */
    const char *own_name = NULL, *name;
    trv_object *args;
    int result;

    if (type->flags & TRV__TYPE_IN_HEAP) {
        /* A class that says itself what makes it anew, and can be named, is asked. */
        bool is_named = trv__global_name(type->handle, pickler->protocol, &name);
        result = is_named ? reduces_itself(type) : 0;
        if (result)
            return result < 0 ? -1 : trv__dump_instance(pickler, exception);
        own_name = is_named ? NULL : type->name;
    }
    args = trv__exception_reduce_args(exception);
    if (!args)
        return -1;
    while (own_name && type->flags & TRV__TYPE_IN_HEAP)
        type = type->base;
    result = write_head(pickler, type, args);
    trv_unref(args);
    if (result < 0 || trv__memoize(pickler, exception, held) < 0)
        return -1;
    return write_state(pickler, exception, own_name);
}

/* Functions ------------------------------------------------------------------------------------ */

#define PLACE_BYTES (2 + TRV__CODE_ID_MOST + 8)

/* A place as the first bytes of a persistent id; the count of bytes, or 0 with an exception set. */
static size_t encode_place(struct trv__pickler *pickler, enum trv__code_kind kind,
                           const void *address, const char *what, unsigned char *id)
{
    struct trv__code_place place;

    if (!pickler->images && !(pickler->images = trv__images_new()))
        return 0;
    if (trv__code_locate(pickler->images, address, what, &place) < 0)
        return 0;
    id[0] = (unsigned char)kind;
    id[1] = place.id_size;
    memcpy(id + 2, place.id, place.id_size);
    memcpy(id + 2 + place.id_size, &place.offset, sizeof place.offset);
    return 2 + place.id_size + sizeof place.offset;
}

int trv__dump_function(struct trv__pickler *pickler, trv_object *function)
{
    unsigned char id[PLACE_BYTES];
    size_t size =
        encode_place(pickler, TRV__CODE_FUNCTION, function, trv_function_name(function), id);

    if (!size || trv__write_octets(pickler, id, size) < 0 ||
        trv__write_opcode(pickler, OP_BINPERSID) < 0)
        return -1;
    return trv__memoize(pickler, function, 0);
}

/* The text that trv_function_new makes the same closure of. */
static const char *text_of(const struct trv__closure *closure)
{
    return closure->own.signature ? closure->own.signature : closure->own.name;
}

/* (data,) or (data, what attributes were set); or these and a third, if there is no data. */
static int dump_closure_state(struct trv__pickler *pickler, const struct trv__closure *closure)
{
    if (!closure->data && !closure->extra)
        return 0;
    if (closure->data ? trv__dump(pickler, closure->data, 0) < 0
                      : trv__write_opcode(pickler, OP_NONE) < 0)
        return -1;
    if (closure->extra && trv__dump(pickler, closure->extra, 0) < 0)
        return -1;
    if ((!closure->data && trv__write_opcode(pickler, OP_NONE) < 0) ||
        trv__write_opcode(pickler, !closure->data   ? OP_TUPLE3
                                   : closure->extra ? OP_TUPLE2
                                                    : OP_TUPLE1) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_BUILD);
}

int trv__dump_closure(struct trv__pickler *pickler, trv_object *object, int held)
{
    const struct trv__closure *closure = (struct trv__closure *)(void *)object;
    const char *text = text_of(closure);
    struct trv__buffer id = {NULL, 0, 0};
    size_t text_size = strlen(text);
    int result = -1;

    if (trv__buffer_reserve(&id, PLACE_BYTES + text_size) < 0)
        return -1;
    id.size = encode_place(pickler, TRV__CODE_CLOSURE, (const void *)(uintptr_t)closure->own.entry,
                           closure->own.name, (unsigned char *)id.data);
    if (id.size) {
        memcpy(id.data + id.size, text, text_size);
        result = trv__write_octets(pickler, id.data, id.size + text_size);
    }
    trv__buffer_free(&id);
    if (result < 0 || trv__write_opcode(pickler, OP_BINPERSID) < 0 ||
        trv__memoize(pickler, object, held) < 0)
        return -1;
    return dump_closure_state(pickler, closure);
}

/* Methods -------------------------------------------------------------------------------------- */

/* getattr(receiver, name). */
static int dump_by_name(struct trv__pickler *pickler, trv_object *receiver, const char *name)
{
    if (trv__dump_global(pickler, trv__pickle_getattr) < 0 || trv__dump(pickler, receiver, 0) < 0 ||
        trv__write_name(pickler, name) < 0 || trv__write_opcode(pickler, OP_TUPLE2) < 0)
        return -1;
    return trv__write_opcode(pickler, OP_REDUCE);
}

int trv__dump_builtin(struct trv__pickler *pickler, trv_object *builtin, int held)
{
    if (dump_by_name(pickler, trv__closure_data(builtin), trv_function_name(builtin)) < 0)
        return -1;
    return trv__memoize_after(pickler, builtin, held);
}

/* The type called with function and receiver: any function may be bound to anything. */
int trv__dump_method(struct trv__pickler *pickler, trv_object *method, int held)
{
    trv_auto trv_object *function = trv_method_function(method), *self = NULL;

    if (!function || !(self = trv_method_self(method)) ||
        trv__dump_global(pickler, trv_method_type) < 0 || trv__dump(pickler, function, 1) < 0 ||
        trv__dump(pickler, self, 1) < 0 || trv__write_opcode(pickler, OP_TUPLE2) < 0 ||
        trv__write_opcode(pickler, OP_REDUCE) < 0)
        return -1;
    return trv__memoize_after(pickler, method, held);
}
