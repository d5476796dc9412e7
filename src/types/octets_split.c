/* SPDX-License-Identifier: MIT */
/*
 * Cutting octets into parts and joining them: split, strip, partition, join and their like.
 */
#include "types/bytes.h"
#include "types/octets.h"
#include "types/str_methods.h"

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

/* Stripping ------------------------------------------------------------------------------------- */

static trv_object *strip(const trv_args *args, enum trv__sides sides)
{
    TRV__AUTO_BUFFER octets = {0}, given = {0};
    trv_object *characters = NULL;
    const unsigned char *from, *to;
    bool is_stripped[256];

    if (trv_parse(args, "|o", &characters) < 0)
        return NULL;
    characters = trv__or_null(characters);
    if ((characters && trv_buffer_acquire(characters, &given, 0) < 0) ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    for (int c = 0; c < 256; c++)
        is_stripped[c] = characters ? given.size && memchr(given.data, c, given.size)
                                    : is_space((unsigned char)c);
    from = octets.data;
    to = from + octets.size;
    while (sides & TRV__LEFT && from < to && is_stripped[*from])
        from++;
    while (sides & TRV__RIGHT && from < to && is_stripped[to[-1]])
        to--;
    if ((size_t)(to - from) == octets.size && trv__is_bytes(args->self))
        return trv__value_plain(args->self);
    return trv__octets_like(args->self, from, (size_t)(to - from));
}

trv_object *trv__octets_strip(const trv_args *args)
{
    return strip(args, TRV__BOTH);
}

trv_object *trv__octets_lstrip(const trv_args *args)
{
    return strip(args, TRV__LEFT);
}

trv_object *trv__octets_rstrip(const trv_args *args)
{
    return strip(args, TRV__RIGHT);
}

/* Splitting ------------------------------------------------------------------------------------- */

/* A list of parts of an object's octets that is being made. */
struct parts {
    const trv_object *like;
    trv_object *list;
    const char *data;
    size_t size;
};

static int add_part(struct parts *parts, size_t from, size_t to)
{
    trv_auto trv_object *part = trv__octets_like(parts->like, parts->data + from, to - from);

    return part ? trv_list_append(parts->list, part) : -1;
}

static int split_words(struct parts *parts, size_t most)
{
    const unsigned char *data = (const unsigned char *)parts->data;
    size_t at = 0, from;

    for (;;) {
        while (at < parts->size && is_space(data[at]))
            at++;
        if (at == parts->size)
            return 0;
        if (most-- == 0)
            return add_part(parts, at, parts->size);
        for (from = at; at < parts->size && !is_space(data[at]);)
            at++;
        if (add_part(parts, from, at) < 0)
            return -1;
    }
}

static int split_words_back(struct parts *parts, size_t most)
{
    const unsigned char *data = (const unsigned char *)parts->data;
    size_t at = parts->size, to;

    for (;;) {
        while (at > 0 && is_space(data[at - 1]))
            at--;
        if (at == 0)
            return 0;
        if (most-- == 0)
            return add_part(parts, 0, at);
        for (to = at; at > 0 && !is_space(data[at - 1]);)
            at--;
        if (add_part(parts, at, to) < 0)
            return -1;
    }
}

static int split_at(struct parts *parts, const trv_buffer *separator, size_t most)
{
    const char *found;
    size_t from = 0;

    while (most-- && (found = memmem(parts->data + from, parts->size - from, separator->data,
                                     separator->size)) != NULL) {
        if (add_part(parts, from, (size_t)(found - parts->data)) < 0)
            return -1;
        from = (size_t)(found - parts->data) + separator->size;
    }
    return add_part(parts, from, parts->size);
}

static int split_at_back(struct parts *parts, const trv_buffer *separator, size_t most)
{
    const char *found;
    size_t to = parts->size;

    while (most-- && (found = trv__find_last(parts->data, to, separator->data, separator->size))) {
        if (add_part(parts, (size_t)(found - parts->data) + separator->size, to) < 0)
            return -1;
        to = (size_t)(found - parts->data);
    }
    return add_part(parts, 0, to);
}

static trv_object *split(const trv_args *args, bool from_end)
{
    TRV__AUTO_BUFFER octets = {0}, separator = {0};
    trv_object *given = NULL, *number = NULL;
    trv_auto trv_object *list = NULL;
    struct parts parts;
    int64_t most = -1;
    int status;

    if (trv_parse(args, "|oo", &given, &number) < 0 ||
        (number && trv__size_argument(number, &most) < 0))
        return NULL;
    given = trv__or_null(given);
    if ((given && trv_buffer_acquire(given, &separator, 0) < 0) ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    if (given && !separator.size)
        return trv_raise(trv_ValueError, "empty separator");
    if (!(list = trv_list_new()))
        return NULL;
    parts = (struct parts){args->self, list, octets.data, octets.size};
    if (from_end)
        status = given ? split_at_back(&parts, &separator, (size_t)most)
                       : split_words_back(&parts, (size_t)most);
    else
        status =
            given ? split_at(&parts, &separator, (size_t)most) : split_words(&parts, (size_t)most);
    if (status < 0 || (from_end && trv_list_reverse(list) < 0))
        return NULL;
    return trv_steal(&list);
}

trv_object *trv__octets_split(const trv_args *args)
{
    return split(args, false);
}

trv_object *trv__octets_rsplit(const trv_args *args)
{
    return split(args, true);
}

trv_object *trv__octets_splitlines(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_auto trv_object *list = NULL;
    trv_object *given = NULL;
    struct parts parts;
    int keep_ends = 0;
    size_t from, to;

    if (trv_parse(args, "|o", &given) < 0 || (given && trv__int_argument(given, &keep_ends) < 0) ||
        trv_buffer_acquire(args->self, &octets, 0) < 0 || !(list = trv_list_new()))
        return NULL;
    parts = (struct parts){args->self, list, octets.data, octets.size};
    for (size_t at = 0; at < parts.size;) {
        for (from = at; at < parts.size && parts.data[at] != '\n' && parts.data[at] != '\r';)
            at++;
        to = at;
        if (at + 1 < parts.size && parts.data[at] == '\r' && parts.data[at + 1] == '\n')
            at++;
        at += at < parts.size;
        if (add_part(&parts, from, keep_ends ? at : to) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

static trv_object *partition(const trv_args *args, bool from_end)
{
    TRV__AUTO_BUFFER octets = {0}, separator = {0};
    trv_auto trv_object *head = NULL, *middle = NULL, *tail = NULL;
    trv_object *given, *like = args->self;
    const char *found, *data;
    size_t at, behind;

    if (trv_parse(args, "o", &given) < 0 || trv_buffer_acquire(given, &separator, 0) < 0 ||
        trv_buffer_acquire(like, &octets, 0) < 0)
        return NULL;
    if (!separator.size)
        return trv_raise(trv_ValueError, "empty separator");
    data = octets.data;
    found = from_end      ? trv__find_last(data, octets.size, separator.data, separator.size)
            : octets.size ? memmem(data, octets.size, separator.data, separator.size)
                          : NULL;
    at = found ? (size_t)(found - data) : from_end ? 0 : octets.size;
    behind = found ? at + separator.size : from_end ? 0 : octets.size;
    head = trv__octets_like(like, data, at);
    middle = trv__octets_like(like, data ? data + at : data, behind - at);
    tail = trv__octets_like(like, data ? data + behind : data, octets.size - behind);
    if (!head || !middle || !tail)
        return NULL;
    return trv_tuple_new((trv_object *const[3]){head, middle, tail}, 3);
}

trv_object *trv__octets_partition(const trv_args *args)
{
    return partition(args, false);
}

trv_object *trv__octets_rpartition(const trv_args *args)
{
    return partition(args, true);
}

/* Joining --------------------------------------------------------------------------------------- */

static int raise_no_item(const trv_object *item, size_t index)
{
    trv_error_clear();
    return trv_raise_int(trv_TypeError, "sequence item %zu: expected a bytes-like object, %s found",
                         index, trv_type_name(item));
}

static int add_item(struct trv__builder *b, trv_object *item, size_t index)
{
    TRV__AUTO_BUFFER buffer = {0};

    if (!trv_buffer_check(item))
        return raise_no_item(item, index);
    if (trv_buffer_acquire(item, &buffer, 0) < 0)
        return trv_error_matches(trv_BufferError) ? raise_no_item(item, index) : -1;
    return trv__builder_add(b, buffer.data, buffer.size);
}

static int add_joined(struct trv__builder *b, const trv_buffer *separator, trv_object *tuple)
{
    size_t count;
    trv_object *const *items = trv__tuple_items(tuple, &count);

    for (size_t i = 0; i < count; i++) {
        if (i && trv__builder_add(b, separator->data, separator->size) < 0)
            return -1;
        if (add_item(b, items[i], i) < 0)
            return -1;
    }
    return 0;
}

trv_object *trv__octets_join(const trv_args *args)
{
    TRV__AUTO_BUFFER separator = {0};
    trv_auto trv_object *iterator = NULL, *tuple = NULL;
    trv_object *iterable;
    struct trv__builder b;

    if (trv_parse(args, "o", &iterable) < 0 || trv_buffer_acquire(args->self, &separator, 0) < 0)
        return NULL;
    iterator = trv_iter(iterable);
    if (!iterator)
        return trv_error_matches(trv_TypeError)
                   ? trv_raise(trv_TypeError, "can only join an iterable")
                   : NULL;
    if (!(tuple = trv_tuple_from(iterator))) /* nobody can change it while buffers are asked for */
        return NULL;
    trv__builder_init(&b);
    return trv__octets_finish(args->self, &b, add_joined(&b, &separator, tuple));
}
