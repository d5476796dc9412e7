/* SPDX-License-Identifier: MIT */
/*
 * Finding, replacing and comparing parts of strs.
 *
 * All searches are over bytes: one UTF-8 text is part of another exactly where its bytes are,
 * so only the result has to be turned from an offset into an index.
 */
#include "types/str_methods.h"

/* Finding --------------------------------------------------------------------------------------- */

static struct trv__span span_of(const trv_object *object)
{
    const struct trv__str *str = trv__as_str(object);

    return (struct trv__span){str->text, str->size, 0, str->length, trv__str_is_ascii(str)};
}

bool trv__str_span(const trv_object *object, int64_t start, int64_t end, struct trv__span *span)
{
    const struct trv__str *str = trv__as_str(object);
    int64_t length = (int64_t)str->length;
    size_t from, to;

    start = start < 0 ? MAX_OF(start + length, 0) : start;
    end = end < 0 ? MAX_OF(end + length, 0) : MIN_OF(end, length);
    if (start > end)
        return false;
    span->is_ascii = trv__str_is_ascii(str);
    from = trv__str_offset(str, (size_t)start);
    to = trv__str_offset(str, (size_t)end);
    span->text = str->text + from;
    span->size = to - from;
    span->index = (size_t)start;
    span->end = (size_t)end;
    return true;
}

/* Looks for the first byte from the end. */
const char *trv__find_last(const char *text, size_t size, const char *wanted, size_t wanted_size)
{
    const char *found;
    size_t starts;

    if (wanted_size > size)
        return NULL;
    if (!wanted_size)
        return text + size;
    starts = size - wanted_size + 1;
    while ((found = memrchr(text, wanted[0], starts)) != NULL) {
        if (memcmp(found, wanted, wanted_size) == 0)
            return found;
        starts = (size_t)(found - text);
    }
    return NULL;
}

/* What lies between the place and the end it was looked for from is counted, so that a search takes no longer
 * than what it passes over. */
int64_t trv__span_find(const struct trv__span *span, const trv_object *object, bool from_end)
{
    const struct trv__str *needle = trv__as_str(object);
    const char *found = from_end
                            ? trv__find_last(span->text, span->size, needle->text, needle->size)
                            : memmem(span->text, span->size, needle->text, needle->size);
    size_t offset;

    if (!found)
        return -1;
    offset = (size_t)(found - span->text);
    if (span->is_ascii)
        return (int64_t)(span->index + offset);
    return (int64_t)(from_end ? span->end - trv__utf8_count(found, span->size - offset)
                              : span->index + trv__utf8_count(span->text, offset));
}

size_t trv__span_count(const struct trv__span *span, const trv_object *object)
{
    const struct trv__str *needle = trv__as_str(object);
    const char *at = span->text, *end = span->text + span->size;
    size_t count = 0;

    if (!needle->size)
        return 1 + (span->is_ascii ? span->size : trv__utf8_count(span->text, span->size));
    while ((at = memmem(at, (size_t)(end - at), needle->text, needle->size)) != NULL) {
        at += needle->size;
        count++;
    }
    return count;
}

bool trv__span_begins(const struct trv__span *span, const trv_object *object)
{
    const struct trv__str *prefix = trv__as_str(object);

    return span->size >= prefix->size && memcmp(span->text, prefix->text, prefix->size) == 0;
}

bool trv__span_ends(const struct trv__span *span, const trv_object *object)
{
    const struct trv__str *suffix = trv__as_str(object);

    return span->size >= suffix->size &&
           memcmp(span->text + span->size - suffix->size, suffix->text, suffix->size) == 0;
}

/* Replacing ------------------------------------------------------------------------------------- */

/* The str with `count` texts `to` put in: one before each code point, and one at the end. */
static trv_object *interleave(const struct trv__str *str, const struct trv__str *to, size_t count)
{
    size_t size;
    struct trv__str *made;
    const char *at = str->text, *end = str->text + str->size;
    char *out;

    if (__builtin_mul_overflow(to->size, count, &size) ||
        __builtin_add_overflow(size, str->size, &size))
        return trv_raise(trv_OverflowError, "replace string is too long");
    made = trv__str_allocate(size, str->length + to->length * count);
    if (!made)
        return NULL;
    out = made->text;
    while (count--) {
        memcpy(out, to->text, to->size);
        out += to->size;
        if (at < end) {
            size_t width = trv__utf8_size(*at);
            memcpy(out, at, width);
            out += width;
            at += width;
        }
    }
    memcpy(out, at, (size_t)(end - at));
    return (trv_object *)made;
}

/* The str with its first `count` texts `from` replaced; `size` is that of the result. */
static trv_object *substitute(const struct trv__str *str, const struct trv__str *from,
                              const struct trv__str *to, size_t count, size_t size)
{
    struct trv__str *made =
        trv__str_allocate(size, str->length - from->length * count + to->length * count);
    const char *at = str->text, *end = str->text + str->size, *found;
    char *out;

    if (!made)
        return NULL;
    out = made->text;
    while (count--) {
        found = memmem(at, (size_t)(end - at), from->text, from->size);
        memcpy(out, at, (size_t)(found - at));
        out += found - at;
        memcpy(out, to->text, to->size);
        out += to->size;
        at = found + from->size;
    }
    memcpy(out, at, (size_t)(end - at));
    return trv__str_settle(made);
}

trv_object *trv__str_replace(trv_object *object, trv_object *from, trv_object *to, int64_t most)
{
    const struct trv__str *str = trv__as_str(object), *old = trv__as_str(from);
    const struct trv__str *new = trv__as_str(to);
    struct trv__span all = span_of(object);
    size_t count = trv__span_count(&all, from), size;

    if (most >= 0 && (size_t)most < count)
        count = (size_t)most;
    if (!count || trv__str_equal(from, to))
        return trv__value_plain(object);
    if (!old->size)
        return str->size ? interleave(str, new, count) : trv__value_plain(to);
    size = str->size - old->size * count;
    if (new->size > (PTRDIFF_MAX - size) / count)
        return trv_raise(trv_OverflowError, "replace string is too long");
    size += new->size *count;
    return substitute(str, old, new, count, size);
}

/* Public ---------------------------------------------------------------------------------------- */

int trv_str_find(trv_object *str, trv_object *needle, int64_t *index)
{
    struct trv__span span;

    if (!trv__expect(str, &trv__str_type, "trv_str_find") ||
        !trv__expect(needle, &trv__str_type, "trv_str_find"))
        return -1;
    span = span_of(str);
    *index = trv__span_find(&span, needle, false);
    return 0;
}

trv_object *trv_str_replace(trv_object *str, trv_object *from, trv_object *to)
{
    if (!trv__expect(str, &trv__str_type, "trv_str_replace") ||
        !trv__expect(from, &trv__str_type, "trv_str_replace") ||
        !trv__expect(to, &trv__str_type, "trv_str_replace"))
        return NULL;
    return trv__str_replace(str, from, to, -1);
}

int trv_str_startswith(trv_object *str, trv_object *prefix)
{
    struct trv__span span;

    if (!trv__expect(str, &trv__str_type, "trv_str_startswith") ||
        !trv__expect(prefix, &trv__str_type, "trv_str_startswith"))
        return -1;
    span = span_of(str);
    return trv__span_begins(&span, prefix);
}

int trv_str_endswith(trv_object *str, trv_object *suffix)
{
    struct trv__span span;

    if (!trv__expect(str, &trv__str_type, "trv_str_endswith") ||
        !trv__expect(suffix, &trv__str_type, "trv_str_endswith"))
        return -1;
    span = span_of(str);
    return trv__span_ends(&span, suffix);
}
