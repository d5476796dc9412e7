/* SPDX-License-Identifier: MIT */
/*
 * repr of a str: Python's quotes and escapes.
 *
 * Single quotes, unless the text holds one and no double quote. The backslash, the quote, what is
 * not printable and all that would confuse a terminal is escaped; any other text stands as it is.
 */
#include "types/builder.h"
#include "types/str.h"

/* Whether the text, between single quotes, is its own repr. */
static bool is_plain(const struct trv__str *str)
{
    if (!trv__str_is_ascii(str))
        return false;
    for (size_t i = 0; i < str->size; i++) {
        char c = str->text[i];
        if (c < ' ' || c == 0x7f || c == '\'' || c == '\\')
            return false;
    }
    return true;
}

static trv_object *quoted(const struct trv__str *str)
{
    struct trv__str *made = trv__str_allocate(str->size + 2, str->size + 2);

    if (!made)
        return NULL;
    made->text[0] = made->text[str->size + 1] = '\'';
    memcpy(made->text + 1, str->text, str->size);
    return (trv_object *)made;
}

static int add_escaped(struct trv__builder *b, uint32_t c, char quote)
{
    char raw[4];

    if (c == (unsigned char)quote || c == '\\')
        return trv__builder_printf(b, "\\%c", (int)c);
    if (c == '\n')
        return trv__builder_add(b, "\\n", 2);
    if (c == '\r')
        return trv__builder_add(b, "\\r", 2);
    if (c == '\t')
        return trv__builder_add(b, "\\t", 2);
    if (trv__is_printable(c))
        return trv__builder_add(b, raw, trv__utf8_put(raw, c));
    return trv__builder_printf(b, c <= 0xff ? "\\x%02x" : c <= 0xffff ? "\\u%04x" : "\\U%08x", c);
}

trv_object *trv__str_repr(trv_object *self)
{
    const struct trv__str *str = trv__as_str(self);
    const char *at = str->text, *end = str->text + str->size;
    struct trv__builder b;
    char quote = memchr(at, '\'', str->size) && !memchr(at, '"', str->size) ? '"' : '\'';

    if (is_plain(str))
        return quoted(str);
    trv__builder_init(&b);
    if (trv__builder_add_char(&b, quote) < 0)
        return NULL;
    while (at < end)
        if (add_escaped(&b, trv__utf8_next(&at), quote) < 0)
            return trv__builder_drop(&b), NULL;
    if (trv__builder_add_char(&b, quote) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}
