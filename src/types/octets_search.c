/* SPDX-License-Identifier: MIT */
/*
 * Looking for octets in octets, and replacing them: find, count, startswith, replace and their like.
 */
#include "types/bytes.h"
#include "types/octets.h"
#include "types/str_methods.h"

/* What is searched, what for, and from where; both buffers are released by end_search. */
struct search {
    trv_buffer buffer;
    struct trv__needle needle;
    const unsigned char *data; /* the span */
    size_t size, start;
    bool is_nowhere; /* the span would begin after its end */
};

static void set_span(struct search *search, int64_t start, int64_t end)
{
    int64_t size = (int64_t)search->buffer.size;

    start = start < 0 ? MAX_OF(start + size, 0) : start;
    end = end < 0 ? MAX_OF(end + size, 0) : MIN_OF(end, size);
    search->is_nowhere = start > end;
    search->start = (size_t)MIN_OF(start, end);
    search->data = (const unsigned char *)search->buffer.data + search->start;
    search->size = (size_t)(end - (int64_t)search->start);
}

static void end_search(struct search *search)
{
    trv_buffer_release(&search->buffer);
    trv_buffer_release(&search->needle.buffer);
}

#define AUTO_SEARCH __attribute__((cleanup(end_search))) struct search

/* The arguments of all of these; *wanted is what is looked for. 0, or -1. */
static int begin_search(struct search *search, const trv_args *args, trv_object **wanted)
{
    trv_object *from = NULL, *to = NULL;
    int64_t start = 0, end = INT64_MAX;

    if (trv_parse(args, "o|oo", wanted, &from, &to) < 0 || trv__place_argument(from, &start) < 0 ||
        trv__place_argument(to, &end) < 0 || trv_buffer_acquire(args->self, &search->buffer, 0) < 0)
        return -1;
    set_span(search, start, end);
    return 0;
}

static int64_t find(const trv_args *args, bool from_end, bool *failed)
{
    AUTO_SEARCH search = {0};
    trv_object *wanted;
    const char *found;

    *failed =
        begin_search(&search, args, &wanted) < 0 || trv__needle_get(&search.needle, wanted) < 0;
    if (*failed || search.is_nowhere)
        return -1;
    if (from_end)
        found = trv__find_last((const char *)search.data, search.size,
                               (const char *)search.needle.data, search.needle.size);
    else
        found = search.needle.size
                    ? memmem(search.data, search.size, search.needle.data, search.needle.size)
                    : search.data;
    return found ? (int64_t)search.start + (found - (const char *)search.data) : -1;
}

static trv_object *found_at(const trv_args *args, bool from_end)
{
    bool failed;
    int64_t index = find(args, from_end, &failed);

    return failed ? NULL : trv_int_new(index);
}

static trv_object *index_of(const trv_args *args, bool from_end)
{
    bool failed;
    int64_t index = find(args, from_end, &failed);

    if (failed)
        return NULL;
    return index < 0 ? trv_raise(trv_ValueError, "subsection not found") : trv_int_new(index);
}

trv_object *trv__octets_find(const trv_args *args)
{
    return found_at(args, false);
}

trv_object *trv__octets_rfind(const trv_args *args)
{
    return found_at(args, true);
}

trv_object *trv__octets_index(const trv_args *args)
{
    return index_of(args, false);
}

trv_object *trv__octets_rindex(const trv_args *args)
{
    return index_of(args, true);
}

static size_t count_in(const unsigned char *data, size_t size, const void *wanted,
                       size_t wanted_size)
{
    const unsigned char *at = data, *end = data + size;
    size_t count = 0;

    if (!wanted_size)
        return size + 1;
    while (at < end && (at = memmem(at, (size_t)(end - at), wanted, wanted_size)) != NULL) {
        at += wanted_size;
        count++;
    }
    return count;
}

trv_object *trv__octets_count(const trv_args *args)
{
    AUTO_SEARCH search = {0};
    trv_object *wanted;

    if (begin_search(&search, args, &wanted) < 0 || trv__needle_get(&search.needle, wanted) < 0)
        return NULL;
    return trv_int_new(
        search.is_nowhere
            ? 0
            : (int64_t)count_in(search.data, search.size, search.needle.data, search.needle.size));
}

/* Ends ------------------------------------------------------------------------------------------ */

static bool ends_with(const unsigned char *data, size_t size, const trv_buffer *affix, bool at_end)
{
    return size >= affix->size && (!affix->size || memcmp(at_end ? data + size - affix->size : data,
                                                          affix->data, affix->size) == 0);
}

/* Whether the span begins or ends with an object's octets: 1, 0, -1. */
static int has_affix(const struct search *search, trv_object *affix, bool at_end)
{
    TRV__AUTO_BUFFER buffer = {0};

    if (trv_buffer_acquire(affix, &buffer, 0) < 0)
        return -1;
    return !search->is_nowhere && ends_with(search->data, search->size, &buffer, at_end);
}

static trv_object *affix_method(const trv_args *args, bool at_end)
{
    AUTO_SEARCH search = {0};
    trv_object *affix, *const *items;
    size_t count;
    int has = 0;

    if (begin_search(&search, args, &affix) < 0)
        return NULL;
    if (affix->type != &trv__tuple_type) {
        if (!trv_buffer_check(affix))
            return trv_raise(trv_TypeError,
                             "%s first arg must be bytes or a tuple of bytes, not %s",
                             at_end ? "endswith" : "startswith", trv_type_name(affix));
        has = has_affix(&search, affix, at_end);
    } else {
        items = trv__tuple_items(affix, &count);
        for (size_t i = 0; i < count && !has; i++)
            has = has_affix(&search, items[i], at_end);
    }
    return has < 0 ? NULL : trv_bool_new(has);
}

trv_object *trv__octets_startswith(const trv_args *args)
{
    return affix_method(args, false);
}

trv_object *trv__octets_endswith(const trv_args *args)
{
    return affix_method(args, true);
}

static trv_object *remove_affix(const trv_args *args, bool at_end)
{
    TRV__AUTO_BUFFER octets = {0}, affix = {0};
    trv_object *given;
    size_t cut;

    if (trv_parse(args, "o", &given) < 0 || trv_buffer_acquire(given, &affix, 0) < 0 ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    cut = ends_with(octets.data, octets.size, &affix, at_end) ? affix.size : 0;
    if (!cut && trv__is_bytes(args->self))
        return trv__value_plain(args->self);
    return trv__octets_like(args->self, (const char *)octets.data + (at_end ? 0 : cut),
                            octets.size - cut);
}

trv_object *trv__octets_removeprefix(const trv_args *args)
{
    return remove_affix(args, false);
}

trv_object *trv__octets_removesuffix(const trv_args *args)
{
    return remove_affix(args, true);
}

/* Replacing ------------------------------------------------------------------------------------- */

/* Adds `octets` with at most `most` of `old` replaced. */
static int add_replaced(struct trv__builder *b, const trv_buffer *octets, const trv_buffer *old,
                        const trv_buffer *new, size_t most)
{
    const char *at = octets->data, *end = at + octets->size, *found;

    while (most--) {
        found = old->size ? memmem(at, (size_t)(end - at), old->data, old->size) : at;
        if (!found)
            break;
        if (trv__builder_add(b, at, (size_t)(found - at)) < 0 ||
            trv__builder_add(b, new->data, new->size) < 0)
            return -1;
        at = found + old->size;
        if (!old->size) { /* before each octet, and at the end */
            if (at == end)
                break;
            if (trv__builder_add_char(b, *at++) < 0)
                return -1;
        }
    }
    return trv__builder_add(b, at, (size_t)(end - at));
}

trv_object *trv__octets_replace(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0}, old = {0}, new = {0};
    trv_object *from, *to, *number = NULL;
    struct trv__builder b;
    int64_t most = -1;

    if (trv_parse(args, "oo|o", &from, &to, &number) < 0 ||
        (number && trv__size_argument(number, &most) < 0) ||
        trv_buffer_acquire(from, &old, 0) < 0 || trv_buffer_acquire(to, &new, 0) < 0 ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    trv__builder_init(&b);
    return trv__octets_finish(args->self, &b, add_replaced(&b, &octets, &old, &new, (size_t)most));
}
