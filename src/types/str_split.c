/* SPDX-License-Identifier: MIT */
/*
 * Cutting strs into parts and joining them again.
 *
 * Offsets are in bytes throughout; a part is made with its code points counted, unless the whole
 * is ASCII.
 */
#include "types/str_methods.h"

/* A new str of the bytes from `from` up to `to`. */
static trv_object *part_of(const struct trv__str *str, size_t from, size_t to)
{
    if (trv__str_is_ascii(str))
        return trv__str_from(str->text + from, to - from, to - from);
    return trv__str_from_checked(str->text + from, to - from);
}

static int append_part(trv_object *list, const struct trv__str *str, size_t from, size_t to)
{
    trv_auto trv_object *part = part_of(str, from, to);

    return part ? trv_list_append(list, part) : -1;
}

/* Stripping ------------------------------------------------------------------------------------- */

static bool is_member(const struct trv__str *characters, uint32_t c)
{
    char text[4];
    size_t size = trv__utf8_put(text, c);

    return memmem(characters->text, characters->size, text, size) != NULL;
}

static bool is_stripped(const trv_object *characters, uint32_t c)
{
    return characters ? is_member(trv__as_str(characters), c) : trv__is_space(c);
}

trv_object *trv__str_strip(trv_object *object, const trv_object *characters, enum trv__sides sides)
{
    const struct trv__str *str = trv__as_str(object);
    const char *from = str->text, *to = str->text + str->size, *at;

    while (sides & TRV__LEFT && from < to) {
        at = from;
        if (!is_stripped(characters, trv__utf8_next(&at)))
            break;
        from = at;
    }
    while (sides & TRV__RIGHT && from < to) {
        at = to;
        if (!is_stripped(characters, trv__utf8_previous(&at)))
            break;
        to = at;
    }
    if ((size_t)(to - from) == str->size)
        return trv__value_plain(object);
    return part_of(str, (size_t)(from - str->text), (size_t)(to - str->text));
}

trv_object *trv_str_strip(trv_object *str)
{
    if (!trv__expect(str, &trv__str_type, "trv_str_strip"))
        return NULL;
    return trv__str_strip(str, NULL, TRV__BOTH);
}

/* Splitting ------------------------------------------------------------------------------------- */

/* The offset where white space, or what is not, begins from `at` on. */
static size_t skip(const struct trv__str *str, size_t at, bool space)
{
    const char *p = str->text + at, *end = str->text + str->size, *next;

    for (next = p; p < end; p = next) {
        bool is_space;
        if ((unsigned char)*p > ' ' && (unsigned char)*p < 0x80) {
            next = p + 1;
            is_space = false;
        } else {
            is_space = trv__is_space(trv__utf8_next(&next));
        }
        if (is_space != space)
            break;
    }
    return (size_t)(p - str->text);
}

/* The same backwards: the offset behind the last code point that ends it. */
static size_t skip_back(const struct trv__str *str, size_t at, bool space)
{
    const char *p = str->text + at, *previous;

    for (previous = p; p > str->text; p = previous)
        if (trv__is_space(trv__utf8_previous(&previous)) != space)
            break;
    return (size_t)(p - str->text);
}

static int split_words(trv_object *list, const struct trv__str *str, size_t most)
{
    size_t from = skip(str, 0, true), to;

    for (; from < str->size; from = skip(str, to, true)) {
        if (most-- == 0) /* the rest, with the white space at its end */
            return append_part(list, str, from, str->size);
        to = skip(str, from, false);
        if (append_part(list, str, from, to) < 0)
            return -1;
    }
    return 0;
}

static int split_words_back(trv_object *list, const struct trv__str *str, size_t most)
{
    size_t to = skip_back(str, str->size, true), from;

    for (; to > 0; to = skip_back(str, from, true)) {
        if (most-- == 0)
            return append_part(list, str, 0, to);
        from = skip_back(str, to, false);
        if (append_part(list, str, from, to) < 0)
            return -1;
    }
    return 0;
}

static int split_at(trv_object *list, const struct trv__str *str, const struct trv__str *separator,
                    size_t most)
{
    size_t from = 0;
    const char *found;

    while (most-- && (found = memmem(str->text + from, str->size - from, separator->text,
                                     separator->size)) != NULL) {
        if (append_part(list, str, from, (size_t)(found - str->text)) < 0)
            return -1;
        from = (size_t)(found - str->text) + separator->size;
    }
    return append_part(list, str, from, str->size);
}

static int split_at_back(trv_object *list, const struct trv__str *str,
                         const struct trv__str *separator, size_t most)
{
    size_t to = str->size, at = str->size;

    while (most && at >= separator->size) {
        if (memcmp(str->text + at - separator->size, separator->text, separator->size) != 0) {
            at--;
            continue;
        }
        if (append_part(list, str, at, to) < 0)
            return -1;
        to = at -= separator->size;
        most--;
    }
    return append_part(list, str, 0, to);
}

trv_object *trv__str_split(trv_object *object, const trv_object *separator, int64_t most,
                           bool from_end)
{
    const struct trv__str *str = trv__as_str(object), *cut = trv__as_str(separator);
    size_t cuts = most < 0 ? SIZE_MAX : (size_t)most;
    trv_auto trv_object *list = NULL;
    int status;

    if (separator && !cut->size)
        return trv_raise(trv_ValueError, "empty separator");
    list = trv_list_new();
    if (!list)
        return NULL;
    if (from_end)
        status =
            separator ? split_at_back(list, str, cut, cuts) : split_words_back(list, str, cuts);
    else
        status = separator ? split_at(list, str, cut, cuts) : split_words(list, str, cuts);
    if (status < 0 || (from_end && trv_list_reverse(list) < 0))
        return NULL;
    return trv_steal(&list);
}

trv_object *trv_str_split(trv_object *str, trv_object *separator, int64_t most)
{
    if (!trv__expect(str, &trv__str_type, "trv_str_split") || (!separator && trv_error_occurred()))
        return NULL;
    if (trv_is_none(separator))
        separator = NULL;
    if (separator && !trv__expect(separator, &trv__str_type, "trv_str_split"))
        return NULL;
    return trv__str_split(str, separator, most, false);
}

static bool ends_line(uint32_t c)
{
    return (c >= '\n' && c <= '\r') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

trv_object *trv__str_split_lines(trv_object *object, bool keep_ends)
{
    const struct trv__str *str = trv__as_str(object);
    const char *at = str->text, *end = str->text + str->size, *from = at, *to;
    trv_auto trv_object *list = trv_list_new();

    while (list && from < end) {
        for (to = at; to < end; to = at)
            if (ends_line(trv__utf8_next(&at)))
                break;
        if (to < end && *to == '\r' && at < end && *at == '\n')
            at++;
        if (append_part(list, str, (size_t)(from - str->text),
                        (size_t)((keep_ends ? at : to) - str->text)) < 0)
            return NULL;
        from = at;
    }
    return trv_steal(&list);
}

trv_object *trv__str_partition(trv_object *object, trv_object *separator, bool from_end)
{
    const struct trv__str *str = trv__as_str(object), *cut = trv__as_str(separator);
    /* As if it were ASCII, so that the answer is an offset. */
    struct trv__span all = {str->text, str->size, 0, str->size, true};
    int64_t at;
    trv_auto trv_object *head = NULL, *tail = NULL;

    if (!cut->size)
        return trv_raise(trv_ValueError, "empty separator");
    at = trv__span_find(&all, separator, from_end);
    if (at < 0) {
        trv_object *empty = trv__str_empty();
        trv_object *whole[3] = {from_end ? empty : object, empty, from_end ? object : empty};
        return trv_tuple_new(whole, 3);
    }
    head = part_of(str, 0, (size_t)at);
    tail = part_of(str, (size_t)at + cut->size, str->size);
    if (!head || !tail)
        return NULL;
    return trv_tuple_new((trv_object *const[3]){head, separator, tail}, 3);
}

/* Joining --------------------------------------------------------------------------------------- */

/* Adds up the sizes of the result; -1 if an item is no str, or it would be too long. */
static int measure(const struct trv__str *separator, trv_object *const *items, size_t count,
                   size_t *size, size_t *length)
{
    *size = *length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t between = i ? separator->size : 0;
        if (!trv__is_any_str(items[i]))
            return trv_raise_int(trv_TypeError,
                                 "sequence item %zu: expected str instance, %s found", i,
                                 trv_type_name(items[i]));
        if (__builtin_add_overflow(*size, between, size) ||
            __builtin_add_overflow(*size, trv__as_str(items[i])->size, size) || *size > PTRDIFF_MAX)
            return trv_raise_int(trv_OverflowError, "join() result is too long");
        *length += trv__as_str(items[i])->length + (i ? separator->length : 0);
    }
    return 0;
}

static trv_object *join_items(const struct trv__str *separator, trv_object *const *items,
                              size_t count)
{
    size_t size, length;
    struct trv__str *made;
    char *out;

    if (measure(separator, items, count, &size, &length) < 0)
        return NULL;
    if (count == 1)
        return trv__value_plain(items[0]);
    if (size == 0)
        return trv__str_empty();
    made = trv__str_allocate(size, length);
    if (!made)
        return NULL;
    out = made->text;
    for (size_t i = 0; i < count; i++) {
        const struct trv__str *item = trv__as_str(items[i]);
        if (i) {
            trv__copy_text(out, separator->text, separator->size);
            out += separator->size;
        }
        trv__copy_text(out, item->text, item->size);
        out += item->size;
    }
    return trv__str_settle(made);
}

/* The items of any iterable in a list. */
static trv_object *listed(trv_object *iterable)
{
    trv_auto trv_object *iterator = trv_iter(iterable);

    if (!iterator && trv_error_matches(trv_TypeError))
        return trv_raise(trv_TypeError, "can only join an iterable");
    return iterator ? trv_list_from(iterator) : NULL;
}

trv_object *trv_str_join(trv_object *separator, trv_object *iterable)
{
    trv_auto trv_object *list = NULL;
    trv_object *const *items;
    size_t count;

    if (!trv__expect(separator, &trv__str_type, "trv_str_join") ||
        !trv__given(iterable, "trv_str_join"))
        return NULL;
    if (iterable->type == &trv__tuple_type) {
        items = trv__tuple_items(iterable, &count);
    } else {
        list = iterable->type == &trv__list_type ? trv_ref(iterable) : listed(iterable);
        if (!list)
            return NULL;
        items = trv__list_items(list, &count);
    }
    return join_items(trv__as_str(separator), items, count);
}
