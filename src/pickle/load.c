/* SPDX-License-Identifier: MIT */
/*
 * Reading pickles: a machine with a stack, marks in it, and a memo.
 *
 * The bytes may come from anyone. Every size is checked against what is left before anything is
 * allocated for it, the stack and the memo grow with the bytes that were read and no further, and
 * numbers in the memo may not exceed the size of the pickle. The machine itself does not recurse.
 *
 * Whatever goes wrong is UnpicklingError, with the exception that told so as its context; only
 * MemoryError, RecursionError (a key nested too deeply to be hashed) and what code of users raises go
 * through as they are.
 *
 * What globals, REDUCE, BUILD and persistent ids make is in load_special.c.
 */
#include "pickle/load.h"

#include "object/number.h"
#include "pickle/globals.h"
#include "pickle/registry.h"

#include "trivet/buffer.h"
#include "trivet/class.h"

#define NAME_MOST 128

int trv__pickle_is_bad(const char *why)
{
    return trv_raise_int(trv_UnpicklingError, "%s", why);
}

/* Bytes ---------------------------------------------------------------------------------------- */

/* The next `size` bytes, or NULL with UnpicklingError. */
static const unsigned char *take(struct trv__unpickler *u, uint64_t size)
{
    const unsigned char *bytes = u->at;

    if (UNLIKELY(size > (uint64_t)(u->end - u->at))) {
        trv__pickle_is_bad("pickle data was truncated");
        return NULL;
    }
    u->at += size;
    return bytes;
}

/* A number of `width` bytes. 0 or -1. */
static inline int take_number(struct trv__unpickler *u, size_t width, uint64_t *number)
{
    const unsigned char *bytes = take(u, width);

    if (!bytes)
        return -1;
    *number = 0;
    memcpy(number, bytes, width);
    return 0;
}

/* Bytes after their size, which is a number of `width` bytes. */
static const unsigned char *take_sized(struct trv__unpickler *u, size_t width, uint64_t *size)
{
    return take_number(u, width, size) < 0 ? NULL : take(u, *size);
}

/* The stack ------------------------------------------------------------------------------------ */

/* Doubles an array that begins in the machine itself. 0 or -1. */
static int grow(void **array, const void *first, size_t *capacity, size_t wanted, size_t item_bytes)
{
    size_t more = MAX_OF(*capacity * 2, wanted);
    void *grown;

    if (*array != first) {
        grown = trv__reallocate(*array, *capacity * item_bytes, more * item_bytes);
        if (!grown)
            return -1;
    } else {
        grown = trv__allocate(more * item_bytes);
        if (!grown)
            return -1;
        memcpy(grown, first, *capacity * item_bytes);
    }
    *array = grown;
    *capacity = more;
    return 0;
}

/* Takes the reference, which is NULL after a failure. */
static inline int push(struct trv__unpickler *u, trv_object *object)
{
    if (UNLIKELY(!object))
        return -1;
    if (UNLIKELY(u->depth == u->stack_capacity) &&
        grow((void **)&u->stack, u->first_stack, &u->stack_capacity, 0, sizeof *u->stack) < 0) {
        trv_unref(object);
        return -1;
    }
    u->stack[u->depth++] = object;
    return 0;
}

/* Whether there are so many objects above the last mark. */
static inline bool has(const struct trv__unpickler *u, size_t count)
{
    if (LIKELY(u->depth - u->fence >= count))
        return true;
    trv__pickle_is_bad("an opcode finds too little on the stack");
    return false;
}

static inline trv_object *top(const struct trv__unpickler *u)
{
    return u->stack[u->depth - 1];
}

static void drop(struct trv__unpickler *u, size_t count)
{
    while (count--)
        trv_unref(u->stack[--u->depth]);
}

static int push_mark(struct trv__unpickler *u)
{
    if (u->mark_count == u->mark_capacity &&
        grow((void **)&u->marks, u->first_marks, &u->mark_capacity, 0, sizeof *u->marks) < 0)
        return -1;
    u->marks[u->mark_count++] = u->fence = u->depth;
    return 0;
}

/* Takes the last mark away; *count is how many objects lie above it. `below` objects must lie
 * below it. */
static int pop_mark(struct trv__unpickler *u, size_t below, size_t *count)
{
    size_t mark = u->fence;

    if (!u->mark_count)
        return trv__pickle_is_bad("an opcode finds no mark");
    u->mark_count--;
    u->fence = u->mark_count ? u->marks[u->mark_count - 1] : 0;
    *count = u->depth - mark;
    if (mark - u->fence < below)
        return trv__pickle_is_bad("an opcode finds too little below the mark");
    return 0;
}

/* The memo ------------------------------------------------------------------------------------- */

static int memo_put(struct trv__unpickler *u, uint64_t number)
{
    trv_object *old;

    if (!has(u, 1))
        return -1;
    if (number >= (uint64_t)(u->end - u->start))
        return trv__pickle_is_bad("a number of the memo is out of bounds");
    if (number >= u->memo_capacity &&
        grow((void **)&u->memo, u->first_memo, &u->memo_capacity, number + 1, sizeof *u->memo) < 0)
        return -1;
    while (u->memo_size <= number)
        u->memo[u->memo_size++] = NULL;
    old = u->memo[number];
    u->memo[number] = trv_ref(top(u));
    u->memo_count += !old;
    trv_unref(old);
    return 0;
}

static int memo_get(struct trv__unpickler *u, size_t width)
{
    uint64_t number;

    if (take_number(u, width, &number) < 0)
        return -1;
    if (number >= u->memo_size || !u->memo[number])
        return trv__pickle_is_bad("the memo has no such number");
    return push(u, trv_ref(u->memo[number]));
}

static int memo_put_numbered(struct trv__unpickler *u, size_t width)
{
    uint64_t number;

    return take_number(u, width, &number) < 0 ? -1 : memo_put(u, number);
}

/* Plain values --------------------------------------------------------------------------------- */

static int load_int(struct trv__unpickler *u, size_t width)
{
    uint64_t number;

    if (take_number(u, width, &number) < 0)
        return -1;
    return push(u, trv__int_from(width == 4 ? (int32_t)number : (int64_t)number));
}

static int load_long(struct trv__unpickler *u, size_t width)
{
    const unsigned char *bytes;
    uint64_t size;

    if (take_number(u, width, &size) < 0)
        return -1;
    if (width == 4 && size > INT32_MAX)
        return trv__pickle_is_bad("an int has a negative size");
    bytes = take(u, size);
    return bytes ? push(u, trv_int_from_bytes(bytes, size)) : -1;
}

static int load_float(struct trv__unpickler *u)
{
    uint64_t bits;
    double value;

    if (take_number(u, sizeof bits, &bits) < 0)
        return -1;
    bits = __builtin_bswap64(bits);
    memcpy(&value, &bits, sizeof value);
    return push(u, trv__float_from(value));
}

static int load_str(struct trv__unpickler *u, size_t width)
{
    uint64_t size;
    const unsigned char *bytes = take_sized(u, width, &size);

    return bytes ? push(u, trv_str_new_sized((const char *)bytes, size)) : -1;
}

/* A str of Python 2, which is text if it is ASCII. */
static int load_old_str(struct trv__unpickler *u, size_t width)
{
    uint64_t size;
    const unsigned char *bytes = take_sized(u, width, &size);

    if (!bytes)
        return -1;
    for (uint64_t i = 0; i < size; i++)
        if (bytes[i] >= 0x80)
            return trv__pickle_is_bad("a str of Python 2 is not ASCII");
    return push(u, trv_str_new_sized((const char *)bytes, size));
}

static int load_bytes(struct trv__unpickler *u, size_t width)
{
    uint64_t size;
    const unsigned char *bytes = take_sized(u, width, &size);

    return bytes ? push(u, trv_bytes_new(bytes, size)) : -1;
}

static int load_bytearray(struct trv__unpickler *u)
{
    uint64_t size;
    const unsigned char *bytes = take_sized(u, 8, &size);

    return bytes ? push(u, trv_bytearray_new(bytes, size)) : -1;
}

static int load_buffer(struct trv__unpickler *u)
{
    if (!u->link->next_buffer)
        return trv__pickle_is_bad("the pickle refers to a buffer that did not come with it");
    return push(u, u->link->next_buffer(u->link->data));
}

/* What was just read is not to be written to. */
static int load_readonly_buffer(struct trv__unpickler *u)
{
    trv_auto trv_object *view = NULL, *method = NULL;
    trv_object *readonly;
    trv_buffer memory;
    bool is_readonly;

    if (!has(u, 1) || trv_buffer_acquire(top(u), &memory, TRV_BUFFER_STRIDED) < 0)
        return -1;
    is_readonly = memory.readonly;
    trv_buffer_release(&memory);
    if (is_readonly)
        return 0;
    if (!(view = trv_memoryview_new(top(u))) || !(method = trv_getattr(view, "toreadonly")) ||
        !(readonly = trv_call(method, "")))
        return -1;
    drop(u, 1);
    return push(u, readonly);
}

/* Containers ----------------------------------------------------------------------------------- */

/* A tuple of the last `count` objects. */
static int load_tuple(struct trv__unpickler *u, size_t count)
{
    trv_object *tuple;

    if (!has(u, count))
        return -1;
    tuple = trv__tuple_take(u->stack + u->depth - count, count);
    if (!tuple)
        return -1;
    u->depth -= count;
    return push(u, tuple);
}

static int load_marked_tuple(struct trv__unpickler *u)
{
    size_t count;

    return pop_mark(u, 0, &count) < 0 ? -1 : load_tuple(u, count);
}

/* An object that was named is not changed: others have it, too. */
static bool may_change(const trv_object *object)
{
    const struct trv__registered *registered = trv__registered(object);

    return !registered || !registered->name;
}

/* Adds items to an instance of a class by its methods, as CPython does: all at once, or one by one. */
static int add_by_method(struct trv__unpickler *u, trv_object *object, trv_object *const *items,
                         size_t count, bool is_set)
{
    const char *name = is_set ? "add" : "append";
    trv_auto trv_object *list = NULL, *answer = NULL;
    int found = is_set ? 0 : trv_hasattr(object, "extend");

    u->is_users = true;
    if (found < 0)
        return -1;
    if (found) {
        if (!(list = trv_list_new()))
            return -1;
        for (size_t i = 0; i < count; i++)
            if (trv_list_append(list, items[i]) < 0)
                return -1;
        if (!(answer = trv_call_method(object, "extend", "o", list)))
            return -1;
    }
    for (size_t i = 0; !found && i < count; i++) {
        if (!(answer = trv_call_method(object, name, "o", items[i])))
            return -1;
        trv_clear(&answer);
    }
    u->is_users = false;
    return 0;
}

/* Moves the last `count` objects into the container below them. */
static int add_items(struct trv__unpickler *u, size_t count, const struct trv_type *type,
                     int (*add)(trv_object *container, trv_object *item))
{
    trv_object **items = u->stack + u->depth - count;
    int result = 0;

    if (items[-1]->type == type && may_change(items[-1])) {
        for (size_t i = 0; result == 0 && i < count; i++)
            result = add(items[-1], items[i]);
    } else if (trv__load_may_fill(items[-1])) {
        result = add_by_method(u, items[-1], items, count, type == &trv__set_type);
    } else {
        result = trv__pickle_is_bad("an opcode adds items to what is not a list or set");
    }
    if (result == 0)
        drop(u, count);
    return result;
}

static int load_marked_items(struct trv__unpickler *u, const struct trv_type *type,
                             int (*add)(trv_object *container, trv_object *item))
{
    size_t count;

    return pop_mark(u, 1, &count) < 0 ? -1 : add_items(u, count, type, add);
}

/* The same with pairs of key and value for a dict. */
static int set_items(struct trv__unpickler *u, size_t count)
{
    trv_object **items = u->stack + u->depth - count;
    bool is_dict = items[-1]->type == &trv__dict_type && may_change(items[-1]);

    if (count % 2 || !(is_dict || trv__load_may_fill(items[-1])))
        return trv__pickle_is_bad("an opcode sets items of what is not a dict");
    u->is_users = !is_dict;
    for (size_t i = 0; i < count; i += 2)
        if ((is_dict ? trv_dict_set(items[-1], items[i], items[i + 1])
                     : trv_setitem(items[-1], items[i], items[i + 1])) < 0)
            return -1;
    u->is_users = false;
    drop(u, count);
    return 0;
}

static int load_marked_pairs(struct trv__unpickler *u)
{
    size_t count;

    return pop_mark(u, 1, &count) < 0 ? -1 : set_items(u, count);
}

/* Puts a new container below the last `count` objects. */
static int insert_below(struct trv__unpickler *u, size_t count, trv_object *container)
{
    trv_object **place;

    if (push(u, container) < 0)
        return -1;
    place = u->stack + u->depth - 1 - count;
    memmove(place + 1, place, count * sizeof *place);
    *place = container;
    return 0;
}

static int load_marked_list(struct trv__unpickler *u)
{
    size_t count;

    if (pop_mark(u, 0, &count) < 0 || insert_below(u, count, trv_list_new()) < 0)
        return -1;
    return add_items(u, count, &trv__list_type, trv_list_append);
}

static int load_marked_dict(struct trv__unpickler *u)
{
    size_t count;

    if (pop_mark(u, 0, &count) < 0 || insert_below(u, count, trv_dict_new()) < 0)
        return -1;
    return set_items(u, count);
}

static int load_frozenset(struct trv__unpickler *u)
{
    trv_auto trv_object *items = NULL;
    size_t count;

    if (pop_mark(u, 0, &count) < 0 || !(items = trv_tuple_new(u->stack + u->depth - count, count)))
        return -1;
    drop(u, count);
    return push(u, trv_frozenset_from(items));
}

static int load_pop_mark(struct trv__unpickler *u)
{
    size_t count;

    if (pop_mark(u, 0, &count) < 0)
        return -1;
    drop(u, count);
    return 0;
}

/* CPython's: takes away the mark if there is nothing above it. */
static int load_pop(struct trv__unpickler *u)
{
    if (u->mark_count && u->depth == u->fence)
        return load_pop_mark(u);
    if (!has(u, 1))
        return -1;
    drop(u, 1);
    return 0;
}

/* Names and what they make --------------------------------------------------------------------- */

/* A line without its end, as a string. */
static int take_line(struct trv__unpickler *u, char name[NAME_MOST])
{
    size_t left = (size_t)(u->end - u->at);
    const unsigned char *end = memchr(u->at, '\n', left), *line = u->at;
    size_t size = end ? (size_t)(end - line) : 0;

    if (!end)
        return trv__pickle_is_bad("pickle data was truncated");
    if (size >= NAME_MOST || memchr(line, 0, size))
        return trv__pickle_is_bad("a pickle names nothing that is known");
    memcpy(name, line, size);
    name[size] = 0;
    u->at = end + 1;
    return 0;
}

static int load_global(struct trv__unpickler *u)
{
    char module[NAME_MOST], name[NAME_MOST];

    if (take_line(u, module) < 0 || take_line(u, name) < 0)
        return -1;
    return push(u, trv__load_global(u, module, name));
}

/* The text of a str that can be a name, or NULL. */
static const char *name_in(trv_object *object)
{
    const char *name;
    size_t size;

    if (object->type != &trv__str_type)
        return NULL;
    name = trv_str_utf8(object, &size);
    return strlen(name) == size ? name : NULL;
}

/* Takes away the last `count` objects and pushes what was made of them. */
static int replace(struct trv__unpickler *u, size_t count, trv_object *made)
{
    if (!made)
        return -1;
    drop(u, count);
    return push(u, made);
}

static int load_stack_global(struct trv__unpickler *u)
{
    const char *module, *name;

    if (!has(u, 2))
        return -1;
    module = name_in(u->stack[u->depth - 2]);
    name = name_in(top(u));
    if (!module || !name)
        return trv__pickle_is_bad("a global is not named by two strs");
    return replace(u, 2, trv__load_global(u, module, name));
}

static int load_made(struct trv__unpickler *u,
                     trv_object *(*make)(struct trv__unpickler *u, trv_object *callable,
                                         trv_object *args))
{
    trv_object *args;

    if (!has(u, 2))
        return -1;
    args = top(u);
    if (args->type != &trv__tuple_type)
        return trv__pickle_is_bad("arguments are no tuple");
    return replace(u, 2, make(u, u->stack[u->depth - 2], args));
}

static int load_newobj_ex(struct trv__unpickler *u)
{
    trv_object *const *items = u->stack + u->depth - 3;

    if (!has(u, 3))
        return -1;
    return replace(u, 3, trv__load_newobj_ex(u, items[0], items[1], items[2]));
}

static int load_persistent(struct trv__unpickler *u)
{
    return has(u, 1) ? replace(u, 1, trv__load_persistent(u, top(u))) : -1;
}

static int load_state(struct trv__unpickler *u)
{
    if (!has(u, 2) || trv__load_build(u, u->stack[u->depth - 2], top(u)) < 0)
        return -1;
    drop(u, 1);
    return 0;
}

/* The machine ---------------------------------------------------------------------------------- */

static int load_protocol(struct trv__unpickler *u)
{
    uint64_t protocol;

    if (take_number(u, 1, &protocol) < 0)
        return -1;
    if (protocol > TRV__PICKLE_PROTOCOL)
        return trv_raise_int(trv_UnpicklingError, "unsupported pickle protocol: %d", (int)protocol);
    return 0;
}

static int load_frame(struct trv__unpickler *u)
{
    uint64_t size;

    if (take_number(u, 8, &size) < 0)
        return -1;
    if (size > (uint64_t)(u->end - u->at))
        return trv__pickle_is_bad("a frame is larger than the pickle");
    return 0;
}

static int load_unknown(int opcode)
{
    if (opcode == OP_EXT1 || opcode == OP_EXT2 || opcode == OP_EXT4)
        return trv__pickle_is_bad("a pickle refers to the extension registry, which is empty");
    return trv_raise_int(trv_UnpicklingError, "opcode 0x%02x is not supported", opcode);
}

/* What each opcode does: first those that are a value or are followed by one, then those that find what they
 * work on on the stack. */
/* clang-format off */
#define OPCODES(X)                                                                \
    X(BININT1, load_int(u, 1))                                                    \
    X(BININT2, load_int(u, 2))                                                    \
    X(BININT, load_int(u, 4))                                                     \
    X(LONG1, load_long(u, 1))                                                     \
    X(LONG4, load_long(u, 4))                                                     \
    X(BINFLOAT, load_float(u))                                                    \
    X(NONE, push(u, trv_none_new()))                                              \
    X(NEWTRUE, push(u, trv_bool_new(1)))                                          \
    X(NEWFALSE, push(u, trv_bool_new(0)))                                         \
    X(SHORT_BINUNICODE, load_str(u, 1))                                           \
    X(BINUNICODE, load_str(u, 4))                                                 \
    X(BINUNICODE8, load_str(u, 8))                                                \
    X(SHORT_BINSTRING, load_old_str(u, 1))                                        \
    X(BINSTRING, load_old_str(u, 4))                                              \
    X(SHORT_BINBYTES, load_bytes(u, 1))                                           \
    X(BINBYTES, load_bytes(u, 4))                                                 \
    X(BINBYTES8, load_bytes(u, 8))                                                \
    X(BYTEARRAY8, load_bytearray(u))                                              \
    X(EMPTY_TUPLE, load_tuple(u, 0))                                              \
    X(TUPLE1, load_tuple(u, 1))                                                   \
    X(TUPLE2, load_tuple(u, 2))                                                   \
    X(TUPLE3, load_tuple(u, 3))                                                   \
    X(EMPTY_LIST, push(u, trv_list_new()))                                        \
    X(EMPTY_DICT, push(u, trv_dict_new()))                                        \
    X(EMPTY_SET, push(u, trv_set_new()))                                          \
    X(MEMOIZE, memo_put(u, u->memo_count))                                        \
    X(BINPUT, memo_put_numbered(u, 1))                                            \
    X(LONG_BINPUT, memo_put_numbered(u, 4))                                       \
    X(BINGET, memo_get(u, 1))                                                     \
    X(LONG_BINGET, memo_get(u, 4))                                                \
    X(GLOBAL, load_global(u))                                                     \
    X(PROTO, load_protocol(u))                                                    \
    X(FRAME, load_frame(u))                                                       \
    X(NEXT_BUFFER, load_buffer(u))                                                \
    X(READONLY_BUFFER, load_readonly_buffer(u))                                   \
    X(MARK, push_mark(u))                                                         \
    X(POP, load_pop(u))                                                           \
    X(POP_MARK, load_pop_mark(u))                                                 \
    X(DUP, has(u, 1) ? push(u, trv_ref(top(u))) : -1)                             \
    X(TUPLE, load_marked_tuple(u))                                                \
    X(LIST, load_marked_list(u))                                                  \
    X(DICT, load_marked_dict(u))                                                  \
    X(APPEND, has(u, 2) ? add_items(u, 1, &trv__list_type, trv_list_append) : -1) \
    X(APPENDS, load_marked_items(u, &trv__list_type, trv_list_append))            \
    X(SETITEM, has(u, 3) ? set_items(u, 2) : -1)                                  \
    X(SETITEMS, load_marked_pairs(u))                                             \
    X(FROZENSET, load_frozenset(u))                                               \
    X(ADDITEMS, load_marked_items(u, &trv__set_type, trv_set_add))                \
    X(STACK_GLOBAL, load_stack_global(u))                                         \
    X(REDUCE, load_made(u, trv__load_reduce))                                     \
    X(NEWOBJ, load_made(u, trv__load_newobj))                                     \
    X(NEWOBJ_EX, load_newobj_ex(u))                                               \
    X(BUILD, load_state(u))                                                       \
    X(BINPERSID, load_persistent(u))
/* clang-format on */

static int load(struct trv__unpickler *u, int opcode)
{
    switch (opcode) {
#define CASE(name, load_it)                                                                        \
    case OP_##name:                                                                                \
        return load_it;
        OPCODES(CASE)
#undef CASE
    default:
        return load_unknown(opcode);
    }
}

/* The object, or NULL with any exception set. */
static trv_object *load_all(struct trv__unpickler *u)
{
    for (;;) {
        if (UNLIKELY(u->at == u->end)) {
            trv__pickle_is_bad("pickle data was truncated");
            return NULL;
        }
        if (*u->at == OP_STOP)
            break;
        if (load(u, *u->at++) < 0)
            return NULL;
    }
    u->at++;
    if (u->depth != 1 || u->mark_count) {
        trv__pickle_is_bad("a pickle does not end with one object");
        return NULL;
    }
    return u->stack[--u->depth];
}

static void fini(struct trv__unpickler *u)
{
    drop(u, u->depth);
    for (size_t i = 0; i < u->memo_size; i++)
        trv_unref(u->memo[i]);
    if (u->stack != u->first_stack)
        trv__free(u->stack, u->stack_capacity * sizeof *u->stack);
    if (u->memo != u->first_memo)
        trv__free(u->memo, u->memo_capacity * sizeof *u->memo);
    if (u->marks != u->first_marks)
        trv__free(u->marks, u->mark_capacity * sizeof *u->marks);
    trv_unref(u->granted);
    if (u->images != u->link->images)
        trv__images_free(u->images);
}

/* Makes the pending exception one of those that reading may raise. */
static void settle_error(const struct trv__unpickler *u)
{
    if (!u->is_users && !trv_error_matches(trv_UnpicklingError) &&
        !trv_error_matches(trv_MemoryError) && !trv_error_matches(trv_RecursionError))
        trv__pickle_is_bad("a pickle says what cannot be done");
}

trv_object *trv__pickle_load(const void *data, size_t size, const struct trv__pickle_link *link,
                             size_t *used)
{
    static const struct trv__pickle_link no_link;
    struct trv__unpickler u;
    trv_object *object;

    u.start = u.at = data;
    u.end = u.start + size;
    u.link = link ? link : &no_link;
    u.images = u.link->images;
    u.stack = u.first_stack;
    u.stack_capacity = COUNT_OF(u.first_stack);
    u.marks = u.first_marks;
    u.mark_capacity = COUNT_OF(u.first_marks);
    u.memo = u.first_memo;
    u.memo_capacity = COUNT_OF(u.first_memo);
    u.granted = NULL;
    u.is_users = false;
    u.depth = u.mark_count = u.fence = u.memo_size = u.memo_count = 0;
    object = load_all(&u);
    if (used)
        *used = (size_t)(u.at - u.start);
    if (!object)
        settle_error(&u);
    fini(&u);
    return object;
}
