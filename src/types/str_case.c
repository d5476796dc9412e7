/* SPDX-License-Identifier: MIT */
/*
 * Strs in another case, and in the normal forms of Unicode.
 *
 * The mappings are the full ones of Unicode, as in Python: one character may become several, and a
 * capital sigma becomes the final small one at the end of a word. Nothing depends on a language.
 * ASCII is converted byte by byte.
 */
#include "types/builder.h"
#include "types/str_methods.h"

#include <utf8proc.h>

/* ASCII ----------------------------------------------------------------------------------------- */

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c & ~0x20) : c;
}

/* `is_inside`: a letter stands before it. */
static char convert_ascii_character(char c, enum trv__conversion conversion, bool is_inside)
{
    switch (conversion) {
    case TRV__UPPER:
        return ascii_upper(c);
    case TRV__TITLE:
    case TRV__CAPITALIZE:
        return is_inside ? ascii_lower(c) : ascii_upper(c);
    case TRV__SWAP_CASE:
        return c >= 'a' && c <= 'z' ? ascii_upper(c) : ascii_lower(c);
    default:
        return ascii_lower(c);
    }
}

void trv__convert_ascii(char *to, const char *from, size_t size, enum trv__conversion conversion)
{
    bool is_inside = false;

    for (size_t i = 0; i < size; i++) {
        to[i] = convert_ascii_character(from[i], conversion, is_inside);
        is_inside = conversion == TRV__CAPITALIZE || ascii_lower(from[i]) != ascii_upper(from[i]);
    }
}

/* Whether a str is its own result: only asked for what most strs are already. */
static bool is_converted(const struct trv__str *str, enum trv__conversion conversion)
{
    size_t at = 0;

    if (conversion == TRV__LOWER || conversion == TRV__FOLD_CASE)
        while (at < str->size && !(str->text[at] >= 'A' && str->text[at] <= 'Z'))
            at++;
    else if (conversion == TRV__UPPER)
        while (at < str->size && !(str->text[at] >= 'a' && str->text[at] <= 'z'))
            at++;
    return at == str->size;
}

static trv_object *convert_ascii(trv_object *object, enum trv__conversion conversion)
{
    const struct trv__str *str = trv__as_str(object);
    struct trv__str *made;

    if (is_converted(str, conversion))
        return trv__value_plain(object);
    made = trv__str_allocate(str->size, str->length);
    if (!made)
        return NULL;
    trv__convert_ascii(made->text, str->text, str->size, conversion);
    return trv__str_settle(made);
}

/* All characters -------------------------------------------------------------------------------- */

/* Whether a sigma at `at` ends a word: a letter stands before it and none after it, apart from what
 * is within words. */
static bool is_final(const struct trv__str *str, const char *at)
{
    const char *before = at, *after = at, *end = str->text + str->size;
    bool is_inside = false, goes_on = false;
    uint32_t c;

    while (before > str->text && !is_inside) {
        c = trv__utf8_previous(&before);
        if (trv__is_case_ignorable(c))
            continue;
        if (!trv__is_cased(c))
            return false;
        is_inside = true;
    }
    trv__utf8_next(&after);
    while (after < end && is_inside) {
        c = trv__utf8_next(&after);
        if (trv__is_case_ignorable(c))
            continue;
        goes_on = trv__is_cased(c);
        break;
    }
    return is_inside && !goes_on;
}

static size_t lower_at(const struct trv__str *str, const char *at, uint32_t c, uint32_t *mapped)
{
    if (c != 0x3a3)
        return trv__to_lower(c, mapped);
    mapped[0] = is_final(str, at) ? 0x3c2 : 0x3c3;
    return 1;
}

static size_t convert_character(const struct trv__str *str, const char *at, uint32_t c,
                                enum trv__conversion conversion, bool is_inside, uint32_t *mapped)
{
    switch (conversion) {
    case TRV__LOWER:
        return lower_at(str, at, c, mapped);
    case TRV__UPPER:
        return trv__to_upper(c, mapped);
    case TRV__FOLD_CASE:
        return trv__fold_case(c, mapped);
    case TRV__SWAP_CASE:
        if (trv__is_upper(c))
            return lower_at(str, at, c, mapped);
        if (trv__is_lower(c))
            return trv__to_upper(c, mapped);
        mapped[0] = c;
        return 1;
    default:
        return is_inside ? lower_at(str, at, c, mapped) : trv__to_title(c, mapped);
    }
}

static int add_converted(struct trv__builder *b, const struct trv__str *str,
                         enum trv__conversion conversion)
{
    const char *at = str->text, *end = str->text + str->size, *here;
    uint32_t mapped[TRV__CASE_MOST], c;
    bool is_inside = false;

    while (at < end) {
        size_t count;
        here = at;
        c = trv__utf8_next(&at);
        count = convert_character(str, here, c, conversion, is_inside, mapped);
        if (trv__builder_reserve(b, 4 * count) < 0)
            return -1;
        for (size_t i = 0; i < count; i++)
            b->size += trv__utf8_put(b->data + b->size, mapped[i]);
        is_inside = conversion == TRV__CAPITALIZE || trv__is_cased(c);
    }
    return 0;
}

static trv_object *convert(trv_object *object, enum trv__conversion conversion)
{
    const struct trv__str *str = trv__as_str(object);
    struct trv__builder b;

    if (trv__str_is_ascii(str))
        return convert_ascii(object, conversion);
    trv__builder_init(&b);
    if (add_converted(&b, str, conversion) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}

/* Methods --------------------------------------------------------------------------------------- */

#define CASE_METHOD(name, conversion)                                                              \
    trv_object *trv__str_##name(const trv_args *args)                                              \
    {                                                                                              \
        return trv__no_arguments(args) ? convert(args->self, conversion) : NULL;                   \
    }

CASE_METHOD(capitalize, TRV__CAPITALIZE)
CASE_METHOD(casefold, TRV__FOLD_CASE)
CASE_METHOD(lower, TRV__LOWER)
CASE_METHOD(swapcase, TRV__SWAP_CASE)
CASE_METHOD(title, TRV__TITLE)
CASE_METHOD(upper, TRV__UPPER)

trv_object *trv_str_lower(trv_object *str)
{
    return trv__expect(str, &trv__str_type, "trv_str_lower") ? convert(str, TRV__LOWER) : NULL;
}

trv_object *trv_str_upper(trv_object *str)
{
    return trv__expect(str, &trv__str_type, "trv_str_upper") ? convert(str, TRV__UPPER) : NULL;
}

trv_object *trv_str_casefold(trv_object *str)
{
    return trv__expect(str, &trv__str_type, "trv_str_casefold") ? convert(str, TRV__FOLD_CASE)
                                                                : NULL;
}

/* Normal forms ---------------------------------------------------------------------------------- */

/* What utf8proc is to do for a form, or 0 if there is none of that name. */
static utf8proc_option_t options_of(const char *form)
{
    const utf8proc_option_t stable = UTF8PROC_STABLE;

    if (strcmp(form, "NFC") == 0)
        return stable | UTF8PROC_COMPOSE;
    if (strcmp(form, "NFD") == 0)
        return stable | UTF8PROC_DECOMPOSE;
    if (strcmp(form, "NFKC") == 0)
        return stable | UTF8PROC_COMPOSE | UTF8PROC_COMPAT;
    if (strcmp(form, "NFKD") == 0)
        return stable | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT;
    return 0;
}

/* Decomposes into `room` code points, of which the last is kept free, and composes there. */
static trv_object *normalize_in(const struct trv__str *str, utf8proc_option_t options,
                                utf8proc_int32_t *points, size_t room)
{
    const utf8proc_uint8_t *text = (const utf8proc_uint8_t *)str->text;
    utf8proc_ssize_t size;

    size = utf8proc_decompose(text, (utf8proc_ssize_t)str->size, points, (utf8proc_ssize_t)room - 1,
                              options);
    if (size >= 0)
        size = utf8proc_reencode(points, size, options);
    if (size < 0)
        return trv_raise(trv_SystemError, "normalizing: %s", utf8proc_errmsg(size));
    return trv__str_from_checked((const char *)points, (size_t)size);
}

trv_object *trv_str_normalize(trv_object *object, const char *form)
{
    const struct trv__str *str;
    utf8proc_option_t options;
    utf8proc_ssize_t count;
    utf8proc_int32_t *points;
    trv_object *made;
    size_t bytes;

    if (!trv__expect(object, &trv__str_type, "trv_str_normalize") ||
        !trv__given(form, "trv_str_normalize"))
        return NULL;
    str = trv__as_str(object);
    if (!(options = options_of(form)))
        return trv_raise(trv_ValueError, "invalid normalization form");
    if (trv__str_is_ascii(str))
        return trv__value_plain(object);
    count = utf8proc_decompose((const utf8proc_uint8_t *)str->text, (utf8proc_ssize_t)str->size,
                               NULL, 0, options);
    if (count < 0)
        return trv_raise(trv_SystemError, "normalizing: %s", utf8proc_errmsg(count));
    bytes = ((size_t)count + 1) * sizeof *points;
    if (!(points = trv__allocate(bytes)))
        return NULL;
    made = normalize_in(str, options, points, (size_t)count + 1);
    trv__free(points, bytes);
    return made;
}
