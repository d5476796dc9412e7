/* SPDX-License-Identifier: MIT */
/*
 * Strs in which characters are exchanged for others: translate and its tables, and tabs for spaces.
 */
#include "types/arguments.h"
#include "types/builder.h"
#include "types/str_methods.h"

/* Tables ---------------------------------------------------------------------------------------- */

static int set_code_point(trv_object *table, uint32_t c, trv_object *value)
{
    trv_auto trv_object *key = trv_int_new(c);

    return key && value ? trv_dict_set(table, key, value) : -1;
}

/* One entry of the dict that maketrans was given: characters become code points. */
static int add_entry(trv_object *table, trv_object *key, trv_object *value)
{
    const char *text;

    if (trv__is_int(key))
        return trv_dict_set(table, key, value);
    if (!trv__is_any_str(key))
        return trv_raise_int(trv_TypeError, "keys in translate table must be strings or integers");
    if (trv__as_str(key)->length != 1)
        return trv_raise_int(trv_ValueError, "string keys in translate table must be of length 1");
    text = trv__as_str(key)->text;
    return set_code_point(table, trv__utf8_next(&text), value);
}

static int add_dict(trv_object *table, trv_object *dict)
{
    size_t position = 0;
    int more, status = 0;

    if (dict->type != &trv__dict_type)
        return trv_raise_int(trv_TypeError,
                             "if you give only one argument to maketrans it must be a dict");
    while (status == 0) {
        trv_auto trv_object *key = NULL, *value = NULL;
        more = trv_dict_next(dict, &position, &key, &value);
        if (more <= 0)
            return more;
        status = add_entry(table, key, value);
    }
    return -1;
}

/* The characters of one str become those of the other, those of the third nothing. */
static int add_pairs(trv_object *table, trv_object *from, trv_object *to, trv_object *deleted)
{
    const char *at = trv__as_str(from)->text, *end = at + trv__as_str(from)->size;
    const char *other = trv__as_str(to)->text;
    trv_object *none = trv_none_new();

    if (trv__as_str(from)->length != trv__as_str(to)->length)
        return trv_raise_int(trv_ValueError,
                             "the first two maketrans arguments must have equal length");
    while (at < end) {
        uint32_t c = trv__utf8_next(&at);
        trv_auto trv_object *value = trv_int_new(trv__utf8_next(&other));
        if (set_code_point(table, c, value) < 0)
            return -1;
    }
    at = deleted ? trv__as_str(deleted)->text : NULL;
    end = deleted ? at + trv__as_str(deleted)->size : NULL;
    while (at < end)
        if (set_code_point(table, trv__utf8_next(&at), none) < 0)
            return -1;
    return 0;
}

trv_object *trv__str_maketrans(const trv_args *args)
{
    trv_object *from, *to = NULL, *deleted = NULL;
    trv_auto trv_object *table = NULL;

    if (trv_parse(args, "o|oo", &from, &to, &deleted) < 0)
        return NULL;
    if (to && !trv__is_any_str(to))
        return trv_raise(trv_TypeError, "maketrans() argument 2 must be str, not %s",
                         trv_type_name(to));
    if (deleted && !trv__is_any_str(deleted))
        return trv_raise(trv_TypeError, "maketrans() argument 3 must be str, not %s",
                         trv_type_name(deleted));
    if (to && !trv__is_any_str(from))
        return trv_raise(trv_TypeError, "first maketrans argument must be a string if there is "
                                        "a second argument");
    if (!(table = trv_dict_new()))
        return NULL;
    if ((to ? add_pairs(table, from, to, deleted) : add_dict(table, from)) < 0)
        return NULL;
    return trv_steal(&table);
}

/* Translating ----------------------------------------------------------------------------------- */

static int add_number(struct trv__builder *b, trv_object *number)
{
    int64_t c;

    if (trv__index_get(number, &c) < 0)
        return -1;
    if (c < 0 || c > 0x10ffff)
        return trv_raise_int(trv_ValueError, "character mapping must be in range(0x110000)");
    if (c >= 0xd800 && c < 0xe000)
        return trv_raise_int(trv_ValueError, "character mapping must not be a surrogate");
    if (trv__builder_reserve(b, 4) < 0)
        return -1;
    b->size += trv__utf8_put(b->data + b->size, (uint32_t)c);
    return 0;
}

/* What the table has for a character; the character itself if it has nothing. */
static int add_translated(struct trv__builder *b, trv_object *table, const char *at, size_t size)
{
    const char *next = at;
    trv_auto trv_object *key = trv_int_new(trv__utf8_next(&next));
    trv_auto trv_object *value = key ? trv_getitem(table, key) : NULL;

    if (!value) {
        if (!trv_error_matches(trv_LookupError))
            return -1;
        trv_error_clear();
        return trv__builder_add(b, at, size);
    }
    if (trv_is_none(value))
        return 0;
    if (trv__is_any_str(value))
        return trv__builder_add_str(b, value);
    if (trv__is_int(value))
        return add_number(b, value);
    return trv_raise_int(trv_TypeError, "character mapping must return integer, None or str");
}

trv_object *trv__str_translate(const trv_args *args)
{
    const struct trv__str *str = trv__as_str(args->self);
    struct trv__builder b;
    trv_object *table;
    size_t width;

    if (trv_parse(args, "o", &table) < 0)
        return NULL;
    trv__builder_init(&b);
    for (size_t at = 0; at < str->size; at += width) {
        width = trv__utf8_size(str->text[at]);
        if (add_translated(&b, table, str->text + at, width) < 0)
            return trv__builder_drop(&b), NULL;
    }
    return trv__builder_finish(&b);
}

/* Tabs ------------------------------------------------------------------------------------------ */

static int add_spaces(struct trv__builder *b, size_t count)
{
    if (count > PTRDIFF_MAX - b->size)
        return trv_raise_int(trv_OverflowError, "new string is too long");
    if (trv__builder_reserve(b, count) < 0)
        return -1;
    memset(b->data + b->size, ' ', count);
    b->size += count;
    return 0;
}

int trv__expand_tabs(struct trv__builder *b, const char *text, size_t size, int tab_size,
                     bool is_utf8)
{
    uint64_t column = 0;

    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        if (c == '\t') {
            uint64_t spaces = tab_size > 0 ? (uint64_t)tab_size - column % (uint64_t)tab_size : 0;
            if (add_spaces(b, spaces) < 0)
                return -1;
            column += spaces;
            continue;
        }
        column += !is_utf8 || !trv__utf8_continues(c);
        if (c == '\n' || c == '\r')
            column = 0;
        if (trv__builder_add_char(b, c) < 0)
            return -1;
    }
    return 0;
}

trv_object *trv__str_expandtabs(const trv_args *args)
{
    const struct trv__str *str = trv__as_str(args->self);
    trv_object *number = NULL;
    struct trv__builder b;
    int tab_size = 8;

    if (trv_parse(args, "|o", &number) < 0 || (number && trv__int_argument(number, &tab_size) < 0))
        return NULL;
    trv__builder_init(&b);
    if (trv__expand_tabs(&b, str->text, str->size, tab_size, true) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}
