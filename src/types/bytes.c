/* SPDX-License-Identifier: MIT */
/*
 * bytes: immutable octets. Items are ints from 0 to 255.
 *
 * The layout is in bytes.h; decoding is in codec.c.
 */
#include "types/bytes.h"

#include "types/builder.h"
#include "types/slice.h"
#include "types/str.h"

/* Making ---------------------------------------------------------------------------------------- */

struct trv__bytes *trv__bytes_allocate(size_t size)
{
    struct trv__bytes *bytes;

    if (UNLIKELY(size > PTRDIFF_MAX - sizeof *bytes - 1))
        return trv_raise(trv_MemoryError, "bytes of size %zu", size), NULL;
    bytes = trv__object_new(&trv__bytes_type, sizeof *bytes + size + 1);
    if (UNLIKELY(!bytes))
        return NULL;
    bytes->hash = 0;
    bytes->size = size;
    bytes->data[size] = 0;
    return bytes;
}

trv_object *trv_bytes_new(const void *data, size_t size)
{
    struct trv__bytes *bytes = trv__bytes_allocate(size);

    if (!bytes)
        return NULL;
    if (data)
        memcpy(bytes->data, data, size);
    else
        memset(bytes->data, 0, size);
    return (trv_object *)bytes;
}

const void *trv_bytes_data(trv_object *object, size_t *size)
{
    if (!trv__expect(object, &trv__bytes_type, "trv_bytes_data"))
        return NULL;
    if (size)
        *size = trv__as_bytes(object)->size;
    return trv__as_bytes(object)->data;
}

/* Items ----------------------------------------------------------------------------------------- */

static trv_object *get_slice(trv_object *self, trv_object *slice)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    struct trv__places places;
    struct trv__bytes *made;

    if (trv__slice_places(slice, bytes->size, &places) < 0)
        return NULL;
    if (places.step == 1 && places.count == bytes->size)
        return trv_ref(self);
    if (!(made = trv__bytes_allocate(places.count)))
        return NULL;
    for (size_t i = 0; i < places.count; i++)
        made->data[i] = bytes->data[places.start + (int64_t)i * places.step];
    return (trv_object *)made;
}

static trv_object *bytes_getitem(trv_object *self, trv_object *key)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    int64_t index;
    size_t where;

    if (trv__is_slice(key))
        return get_slice(self, key);
    if (!trv__is_int(key))
        return trv_raise(trv_TypeError, "byte indices must be integers or slices, not %s",
                         trv_type_name(key));
    if (trv__index_get(key, &index) < 0)
        return NULL;
    if (!trv__index_in(index, bytes->size, &where))
        return trv_raise(trv_IndexError, "index out of range");
    return trv_int_new(bytes->data[where]);
}

static size_t cut_index(int64_t index, size_t size)
{
    if (index < 0)
        index += (int64_t)size;
    return index < 0 ? 0 : MIN_OF((size_t)index, size);
}

trv_object *trv_bytes_slice(trv_object *object, int64_t start, int64_t end)
{
    const struct trv__bytes *bytes;
    size_t from, to;

    if (!trv__expect(object, &trv__bytes_type, "trv_bytes_slice"))
        return NULL;
    bytes = trv__as_bytes(object);
    from = cut_index(start, bytes->size);
    to = cut_index(end, bytes->size);
    if (from == 0 && to == bytes->size)
        return trv_ref(object);
    return trv_bytes_new(bytes->data + from, from < to ? to - from : 0);
}

static int bytes_length(trv_object *self, size_t *length)
{
    *length = trv__as_bytes(self)->size;
    return 0;
}

static bool holds(const struct trv__bytes *bytes, const void *data, size_t size)
{
    return memmem(bytes->data, bytes->size, data, size) != NULL;
}

static int bytes_contains(trv_object *self, trv_object *item)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    int64_t value;

    if (trv__is_bytes(item))
        return holds(bytes, trv__as_bytes(item)->data, trv__as_bytes(item)->size);
    if (!trv__is_int(item))
        return trv_raise_int(trv_TypeError, "a bytes-like object is required, not '%s'",
                             trv_type_name(item));
    if (trv__index_get(item, &value) < 0)
        return -1;
    if (value < 0 || value > 255)
        return trv_raise_int(trv_ValueError, "byte must be in range(0, 256)");
    return memchr(bytes->data, (int)value, bytes->size) != NULL;
}

/* Arithmetic ------------------------------------------------------------------------------------ */

static trv_object *concatenate(trv_object *a, trv_object *b)
{
    const struct trv__bytes *left = trv__as_bytes(a), *right = trv__as_bytes(b);
    struct trv__bytes *bytes;

    if (!left->size)
        return trv_ref(b);
    if (!right->size)
        return trv_ref(a);
    bytes = trv__bytes_allocate(left->size + right->size);
    if (!bytes)
        return NULL;
    memcpy(bytes->data, left->data, left->size);
    memcpy(bytes->data + left->size, right->data, right->size);
    return (trv_object *)bytes;
}

static trv_object *repeat(trv_object *object, trv_object *count)
{
    const struct trv__bytes *unit = trv__as_bytes(object);
    struct trv__bytes *bytes;
    size_t times, size;

    if (trv__times_get(count, &times) < 0)
        return NULL;
    if (times == 1)
        return trv_ref(object);
    if (__builtin_mul_overflow(unit->size, times, &size) || size > PTRDIFF_MAX)
        return trv_raise(trv_OverflowError, "repeated bytes are too long");
    bytes = trv__bytes_allocate(size);
    if (!bytes || !size)
        return (trv_object *)bytes;
    memcpy(bytes->data, unit->data, unit->size);
    for (size_t done = unit->size; done < size; done *= 2)
        memcpy(bytes->data + done, bytes->data, MIN_OF(done, size - done));
    return (trv_object *)bytes;
}

static int bytes_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (op == TRV_ADD && trv__is_bytes(a)) {
        *result = trv__is_bytes(b)
                      ? concatenate(a, b)
                      : trv_raise(trv_TypeError, "can't concat %s to bytes", trv_type_name(b));
    } else if (op == TRV_MULTIPLY && trv__is_bytes(a) && trv__is_int(b)) {
        *result = repeat(a, b);
    } else if (op == TRV_MULTIPLY && trv__is_bytes(b) && trv__is_int(a)) {
        *result = repeat(b, a);
    } else {
        return TRV_UNKNOWN;
    }
    return *result ? 0 : -1;
}

/* Value ----------------------------------------------------------------------------------------- */

static int add_escaped(struct trv__builder *b, unsigned char c, char quote)
{
    if (c == (unsigned char)quote || c == '\\')
        return trv__builder_printf(b, "\\%c", c);
    if (c == '\t')
        return trv__builder_add(b, "\\t", 2);
    if (c == '\n')
        return trv__builder_add(b, "\\n", 2);
    if (c == '\r')
        return trv__builder_add(b, "\\r", 2);
    if (c < ' ' || c >= 0x7f)
        return trv__builder_printf(b, "\\x%02x", c);
    return trv__builder_add_char(b, (char)c);
}

trv_object *trv__bytes_repr(trv_object *self)
{
    const struct trv__bytes *bytes = trv__as_bytes(self);
    bool has_single = memchr(bytes->data, '\'', bytes->size) != NULL;
    char quote = has_single && !memchr(bytes->data, '"', bytes->size) ? '"' : '\'';
    struct trv__builder b;

    trv__builder_init(&b);
    if (trv__builder_printf(&b, "b%c", quote) < 0)
        return NULL;
    for (size_t i = 0; i < bytes->size; i++)
        if (add_escaped(&b, bytes->data[i], quote) < 0)
            return trv__builder_drop(&b), NULL;
    if (trv__builder_add_char(&b, quote) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

static int bytes_hash(trv_object *self, int64_t *hash)
{
    struct trv__bytes *bytes = trv__as_bytes(self);

    if (!bytes->hash)
        bytes->hash = trv__text_hash((const char *)bytes->data, bytes->size);
    *hash = (int64_t)bytes->hash;
    return 0;
}

static int order_of(const struct trv__bytes *a, const struct trv__bytes *b)
{
    int order = memcmp(a->data, b->data, MIN_OF(a->size, b->size));

    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int bytes_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    const struct trv__bytes *a = trv__as_bytes(self), *b = trv__as_bytes(other);
    int order;

    if (!trv__is_bytes(other))
        return TRV_UNKNOWN;
    if (op == TRV_EQUAL || op == TRV_NOT_EQUAL)
        return (a->size == b->size && memcmp(a->data, b->data, a->size) == 0) == (op == TRV_EQUAL);
    order = order_of(a, b);
    return op == TRV_LESS         ? order < 0
           : op == TRV_LESS_EQUAL ? order <= 0
           : op == TRV_GREATER    ? order > 0
                                  : order >= 0;
}

static int bytes_truth(trv_object *self)
{
    return trv__as_bytes(self)->size != 0;
}

static size_t bytes_block_bytes(const trv_object *self)
{
    return sizeof(struct trv__bytes) + trv__as_bytes(self)->size + 1;
}

/* Iteration ------------------------------------------------------------------------------------- */

struct bytes_iterator {
    TRV__HEAD;
    trv_object *bytes; /* owned */
    size_t at;
};

static int iterator_next(trv_object *self, trv_object **item)
{
    struct bytes_iterator *iterator = (struct bytes_iterator *)self;
    const struct trv__bytes *bytes = trv__as_bytes(iterator->bytes);

    if (iterator->at == bytes->size)
        return 0;
    *item = trv_int_new(bytes->data[iterator->at++]);
    return 1;
}

static trv_object *iterator_iter(trv_object *self)
{
    return trv_ref(self);
}

static void iterator_clear(trv_object *self)
{
    trv_clear(&((struct bytes_iterator *)self)->bytes);
}

static trv_object bytes_iterator_handle[1];

static TRV__READ_ONLY struct trv_type bytes_iterator_type = {
    .handle = bytes_iterator_handle,
    .name = "bytes_iterator",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct bytes_iterator),
    .flags = TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.clear = iterator_clear, .iter = iterator_iter, .next = iterator_next},
};

static TRV__READ_ONLY trv_object bytes_iterator_handle[1] = {TRV__TYPE_HANDLE(bytes_iterator_type)};

static trv_object *bytes_iter(trv_object *self)
{
    struct bytes_iterator *iterator = trv__object_new(&bytes_iterator_type, sizeof *iterator);

    if (!iterator)
        return NULL;
    iterator->bytes = trv_ref(self);
    iterator->at = 0;
    return (trv_object *)iterator;
}

/* Methods --------------------------------------------------------------------------------------- */

static trv_object *method_decode(const trv_args *args)
{
    trv_object *encoding = NULL;

    return trv_parse(args, "|o", &encoding) < 0 ? NULL : trv__bytes_decode(args->self, encoding);
}

static trv_object *method_hex(const trv_args *args)
{
    const struct trv__bytes *bytes = trv__as_bytes(args->self);
    struct trv__str *str;

    if (!bytes->size)
        return trv__str_empty();
    if (bytes->size > PTRDIFF_MAX / 4)
        return trv_raise(trv_MemoryError, "hex of %zu bytes", bytes->size);
    str = trv__str_allocate(bytes->size * 2, bytes->size * 2);
    for (size_t i = 0; str && i < bytes->size; i++) {
        str->text[2 * i] = "0123456789abcdef"[bytes->data[i] >> 4];
        str->text[2 * i + 1] = "0123456789abcdef"[bytes->data[i] & 15];
    }
    return (trv_object *)str;
}

/* The octets of the one argument, which must be bytes. */
static const struct trv__bytes *affix_argument(const trv_args *args, const char *name)
{
    trv_object *affix;

    if (trv_parse(args, "o", &affix) < 0)
        return NULL;
    if (!trv__is_bytes(affix))
        return trv_raise(trv_TypeError, "%s first arg must be bytes or a tuple of bytes, not %s",
                         name, trv_type_name(affix)),
               NULL;
    return trv__as_bytes(affix);
}

static trv_object *method_startswith(const trv_args *args)
{
    const struct trv__bytes *bytes = trv__as_bytes(args->self);
    const struct trv__bytes *affix = affix_argument(args, "startswith");

    if (!affix)
        return NULL;
    return trv_bool_new(affix->size <= bytes->size &&
                        memcmp(bytes->data, affix->data, affix->size) == 0);
}

static trv_object *method_endswith(const trv_args *args)
{
    const struct trv__bytes *bytes = trv__as_bytes(args->self);
    const struct trv__bytes *affix = affix_argument(args, "endswith");

    if (!affix)
        return NULL;
    return trv_bool_new(affix->size <= bytes->size &&
                        memcmp(bytes->data + bytes->size - affix->size, affix->data, affix->size) ==
                            0);
}

static const struct trv__method bytes_methods[] = {
    {"decode", "decode(encoding=): the str that utf-8, ascii or latin-1 makes of it",
     method_decode},
    {"endswith", "endswith(suffix): whether it ends so", method_endswith},
    {"hex", "hex(): two hexadecimal digits for each byte", method_hex},
    {"startswith", "startswith(prefix): whether it begins so", method_startswith},
    {NULL, NULL, NULL},
};

/* The type -------------------------------------------------------------------------------------- */

static int add_item(struct trv__builder *b, trv_object *item)
{
    int64_t value;

    if (!trv__is_int(item))
        return trv_raise_int(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                             trv_type_name(item));
    if (trv__index_get(item, &value) < 0)
        return -1;
    if (value < 0 || value > 255)
        return trv_raise_int(trv_ValueError, "bytes must be in range(0, 256)");
    return trv__builder_add_char(b, (char)(unsigned char)value);
}

static trv_object *from_iterable(trv_object *iterable)
{
    trv_auto trv_object *iterator = trv_iter(iterable), *made = NULL;
    struct trv__builder b;
    trv_object *item;
    int more;

    if (!iterator)
        return trv_error_matches(trv_TypeError)
                   ? trv_raise(trv_TypeError, "cannot convert '%s' object to bytes",
                               trv_type_name(iterable))
                   : NULL;
    trv__builder_init(&b);
    while ((more = trv_next(iterator, &item)) > 0) {
        more = add_item(&b, item);
        trv_unref(item);
        if (more < 0)
            break;
    }
    if (more == 0)
        made = trv_bytes_new(b.data, b.size);
    trv__builder_drop(&b);
    return trv_steal(&made);
}

static trv_object *zeros(trv_object *count)
{
    int64_t size;

    if (trv_int_get(count, &size) < 0)
        return trv_error_matches(trv_OverflowError)
                   ? trv_raise(trv_OverflowError, "cannot fit 'int' into an index-sized integer")
                   : NULL;
    if (size < 0)
        return trv_raise(trv_ValueError, "negative count");
    return trv_bytes_new(NULL, (size_t)size);
}

/* bytes(source=b"", encoding=) */
static trv_object *bytes_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_object *source;

    if (args->keywords)
        return trv_raise(trv_TypeError, "bytes() takes no keyword arguments");
    if (args->count > 2)
        return trv_raise(trv_TypeError, "bytes() takes at most 2 arguments (%zu given)",
                         args->count);
    if (args->count == 0)
        return trv_bytes_new(NULL, 0);
    source = args->items[0];
    if (args->count == 2 && !trv__is_str(args->items[1]))
        return trv_raise(trv_TypeError, "bytes() argument 'encoding' must be str, not %s",
                         trv_type_name(args->items[1]));
    if (trv__is_str(source))
        return args->count == 2 ? trv__str_encode(source, args->items[1])
                                : trv_raise(trv_TypeError, "string argument without an encoding");
    if (args->count == 2)
        return trv_raise(trv_TypeError, "encoding without a string argument");
    if (trv__is_bytes(source))
        return trv_ref(source);
    return trv__is_int(source) ? zeros(source) : from_iterable(source);
}

TRV__READ_ONLY struct trv_type trv__bytes_type = {
    .handle = trv_bytes_type,
    .name = "bytes",
    .doc = "Immutable octets.",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__bytes),
    .block_bytes = bytes_block_bytes,
    .flags = TRV__TYPE_ATOM | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF | TRV__TYPE_PLAIN,
    .slots = {.repr = trv__bytes_repr,
              .hash = bytes_hash,
              .compare = bytes_compare,
              .truth = bytes_truth,
              .iter = bytes_iter,
              .length = bytes_length,
              .getitem = bytes_getitem,
              .contains = bytes_contains,
              .binary = bytes_binary},
    .methods = bytes_methods,
    .construct = bytes_construct,
};

TRV__READ_ONLY trv_object trv_bytes_type[1] = {TRV__TYPE_HANDLE(trv__bytes_type)};
