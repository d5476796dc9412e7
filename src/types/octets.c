/* SPDX-License-Identifier: MIT */
/*
 * Octets: making them, and the slots that bytes and bytearray share. See octets.h.
 */
#include "types/octets.h"

#include "object/lookup.h"
#include "object/signature.h"
#include "types/bytearray.h"
#include "types/bytes.h"
#include "types/codec.h"

trv_object *trv__octets_like(const trv_object *object, const void *data, size_t size)
{
    if (trv__is_bytearray(object))
        return trv_bytearray_new(size ? data : NULL, size);
    return trv_bytes_new(size ? data : NULL, size);
}

trv_object *trv__octets_finish(const trv_object *object, struct trv__builder *b, int status)
{
    trv_object *made = status < 0 ? NULL : trv__octets_like(object, b->data, b->size);

    trv__builder_drop(b);
    return made;
}

int trv__octet_value(trv_object *object, const char *what)
{
    int64_t value;

    if (!trv__may_index(object))
        return trv_raise_int(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                             trv_type_name(object));
    if (trv__index_get(object, &value) < 0)
        return -1;
    if (value < 0 || value > 255)
        return trv_raise_int(trv_ValueError, "%s must be in range(0, 256)", what);
    return (int)value;
}

int trv__needle_get(struct trv__needle *needle, trv_object *object)
{
    int value;

    memset(needle, 0, sizeof *needle);
    if (trv__may_index(object) && !trv_buffer_check(object)) {
        value = trv__octet_value(object, "byte");
        needle->octet = (unsigned char)value;
        needle->data = &needle->octet;
        needle->size = 1;
        return value < 0 ? -1 : 0;
    }
    if (!trv_buffer_check(object))
        return trv_raise_int(trv_TypeError,
                             "argument should be integer or bytes-like object, not '%s'",
                             trv_type_name(object));
    if (trv_buffer_acquire(object, &needle->buffer, 0) < 0)
        return -1;
    needle->data = needle->buffer.data;
    needle->size = needle->buffer.size;
    return 0;
}

/* Slots ----------------------------------------------------------------------------------------- */

int trv__octets_contains(trv_object *self, trv_object *item)
{
    TRV__AUTO_BUFFER octets = {0}, wanted = {0};
    int value;

    if (trv_buffer_acquire(self, &octets, 0) < 0)
        return -1;
    if (trv__may_index(item)) {
        value = trv__octet_value(item, "byte");
        return value < 0 ? -1 : octets.size && memchr(octets.data, value, octets.size);
    }
    if (trv_buffer_acquire(item, &wanted, 0) < 0)
        return -1;
    return !wanted.size || memmem(octets.data, octets.size, wanted.data, wanted.size);
}

int trv__octets_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    TRV__AUTO_BUFFER a = {0}, b = {0};
    int order;

    if (!trv_buffer_check(self) || !trv_buffer_check(other))
        return TRV_UNKNOWN;
    if (trv_buffer_acquire(self, &a, 0) < 0 || trv_buffer_acquire(other, &b, 0) < 0) {
        if (!trv_error_matches(trv_BufferError))
            return -1;
        trv_error_clear();
        return TRV_UNKNOWN;
    }
    if ((op == TRV_EQUAL || op == TRV_NOT_EQUAL) && a.size != b.size)
        return op == TRV_NOT_EQUAL;
    order = MIN_OF(a.size, b.size) ? memcmp(a.data, b.data, MIN_OF(a.size, b.size)) : 0;
    if (!order)
        order = (a.size > b.size) - (a.size < b.size);
    return TRV__COMPARED(order, 0, op);
}

static trv_object *concatenate(trv_object *a, trv_object *b)
{
    TRV__AUTO_BUFFER left = {0}, right = {0};
    trv_auto trv_object *made = NULL;
    char *data;

    if (!trv_buffer_check(b))
        return trv_raise(trv_TypeError, "can't concat %s to %s", trv_type_name(b),
                         trv_type_name(a));
    if (trv_buffer_acquire(a, &left, 0) < 0 || trv_buffer_acquire(b, &right, 0) < 0)
        return NULL;
    made = trv__octets_like(a, NULL, left.size + right.size);
    if (!made)
        return NULL;
    data = trv__is_bytes(made) ? (char *)trv__as_bytes(made)->data
                               : (char *)trv__as_bytearray(made)->data;
    if (left.size)
        memcpy(data, left.data, left.size);
    if (right.size)
        memcpy(data + left.size, right.data, right.size);
    return trv_steal(&made);
}

static trv_object *repeat(trv_object *object, trv_object *count)
{
    TRV__AUTO_BUFFER unit = {0};
    trv_auto trv_object *made = NULL;
    size_t times, size;
    char *data;

    if (trv__times_get(count, &times) < 0 || trv_buffer_acquire(object, &unit, 0) < 0)
        return NULL;
    if (__builtin_mul_overflow(unit.size, times, &size) || size > PTRDIFF_MAX)
        return trv_raise(trv_OverflowError, "repeated bytes are too long");
    made = trv__octets_like(object, NULL, size);
    if (!made || !size)
        return trv_steal(&made);
    data = trv__is_bytes(made) ? (char *)trv__as_bytes(made)->data
                               : (char *)trv__as_bytearray(made)->data;
    memcpy(data, unit.data, unit.size);
    for (size_t done = unit.size; done < size; done *= 2)
        memcpy(data + done, data, MIN_OF(done, size - done));
    return trv_steal(&made);
}

static bool is_octets(const trv_object *object)
{
    return trv__is_bytes(object) || trv__is_bytearray(object);
}

int trv__octets_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result)
{
    if (op == TRV_ADD && is_octets(a))
        *result = concatenate(a, b);
    else if (op == TRV_MULTIPLY && is_octets(a) && trv__is_int(b))
        *result = repeat(a, b);
    else if (op == TRV_MULTIPLY && is_octets(b) && trv__is_int(a))
        *result = repeat(b, a);
    else
        return TRV_UNKNOWN;
    return *result ? 0 : -1;
}

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

int trv__octets_add_repr(struct trv__builder *b, const void *data, size_t size, bool is_array)
{
    const unsigned char *octets = data;
    bool has_single = size && memchr(octets, '\'', size);
    char quote = has_single && !memchr(octets, '"', size) ? '"' : '\'';

    if (trv__builder_printf(b, "b%c", quote) < 0)
        return -1;
    for (size_t i = 0; i < size; i++)
        if (add_escaped(b, octets[i], is_array && octets[i] == '\'' ? '\'' : quote) < 0)
            return -1;
    return trv__builder_add_char(b, quote);
}

/* Making ---------------------------------------------------------------------------------------- */

static trv_object *from_items(const char *name, trv_object *iterable)
{
    trv_auto trv_object *iterator = trv_iter(iterable), *made = NULL;
    bool is_bytes = strcmp(name, "bytes") == 0;
    struct trv__builder b;
    trv_object *item;
    size_t hint = 0;
    int more, value;

    if (!iterator)
        return trv_error_matches(trv_TypeError)
                   ? trv_raise(trv_TypeError, "cannot convert '%s' object to %s",
                               trv_type_name(iterable), name)
                   : NULL;
    if (is_bytes && trv__length_hint(iterable, &hint) < 0)
        return NULL;
    trv__builder_init(&b);
    if (hint < PTRDIFF_MAX / 2 && trv__builder_reserve(&b, hint) < 0)
        return trv__builder_drop(&b), NULL;
    while ((more = trv_next(iterator, &item)) > 0) {
        value = trv__octet_value(item, is_bytes ? "bytes" : "byte");
        trv_unref(item);
        more = value < 0 ? -1 : trv__builder_add_char(&b, (char)value);
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

    if (trv__size_argument(count, &size) < 0)
        return NULL;
    if (size < 0)
        return trv_raise(trv_ValueError, "negative count");
    return trv_bytes_new(NULL, (size_t)size);
}

/* The octets of a buffer, whose items need not lie side by side. */
static trv_object *gathered(const trv_buffer *buffer)
{
    trv_object *made = trv_bytes_new(NULL, buffer->size);
    char *out = made ? (char *)trv__as_bytes(made)->data : NULL;

    for (size_t at = 0; made && at < buffer->size; at += buffer->itemsize)
        memcpy(out + at,
               (const char *)buffer->data + (ptrdiff_t)(at / buffer->itemsize) * buffer->stride,
               buffer->itemsize);
    return made;
}

trv_object *trv__octets_from(const char *name, trv_object *source)
{
    TRV__AUTO_BUFFER buffer = {0};

    if (trv__is_bytes(source))
        return trv_ref(source);
    if (trv__may_index(source))
        return zeros(source);
    if (!trv_buffer_check(source))
        return from_items(name, source);
    if (trv_buffer_acquire(source, &buffer, TRV_BUFFER_STRIDED) < 0)
        return NULL;
    if (buffer.stride != (ptrdiff_t)buffer.itemsize)
        return gathered(&buffer);
    return trv_bytes_new(buffer.data, buffer.size);
}

int trv__octets_source_get(const trv_args *args, struct trv__octets_source *from)
{
    trv_object *encoding = NULL, *errors = NULL;

    *from = (struct trv__octets_source){.name = trv__spec_name(args->function)};
    if (args->count > 3)
        return trv_raise_int(trv_TypeError, "%s() takes at most 3 arguments (%zu given)",
                             from->name, args->count);
    if (trv_parse(args, "|ooo", &from->source, &encoding, &errors) < 0 ||
        trv__text_argument(encoding, from->name, "'encoding'", &from->encoding) < 0 ||
        trv__text_argument(errors, from->name, "'errors'", &from->errors) < 0)
        return -1;
    return 0;
}

trv_object *trv__octets_of(const struct trv__octets_source *from)
{
    bool is_text = from->source && trv__is_any_str(from->source);

    if (is_text && from->encoding)
        return trv__encode(from->source, from->encoding, from->errors);
    if (is_text)
        return trv_raise(trv_TypeError, "string argument without an encoding");
    if (from->encoding || from->errors)
        return trv_raise(trv_TypeError, from->encoding ? "encoding without a string argument"
                                                       : "errors without a string argument");
    return from->source ? trv__octets_from(from->name, from->source) : trv_bytes_new(NULL, 0);
}
