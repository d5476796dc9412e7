/* SPDX-License-Identifier: MIT */
/*
 * Names of encodings, from str to bytes, and the short ways from bytes to str.
 *
 * UTF-8 is a copy. What is ASCII is one in the encodings with a byte for a code point, too.
 */
#include "types/codec.h"

#include "types/bytes.h"

/* Names ----------------------------------------------------------------------------------------- */

/* Names are compared without case, and with '_' and ' ' as '-'. */
static bool is_named(const char *text, const char *name)
{
    for (; *text && *name; text++, name++) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text | 0x20) : *text;
        if ((c == '_' || c == ' ' ? '-' : c) != *name)
            return false;
    }
    return !*text && !*name;
}

enum trv__codec trv__codec_of(const char *encoding)
{
    static const struct {
        char name[16];
        enum trv__codec codec;
    } names[] = {
        {"utf-8", TRV__UTF_8},         {"utf8", TRV__UTF_8},          {"u8", TRV__UTF_8},
        {"cp65001", TRV__UTF_8},       {"ascii", TRV__ASCII},         {"us-ascii", TRV__ASCII},
        {"646", TRV__ASCII},           {"latin-1", TRV__LATIN_1},     {"latin1", TRV__LATIN_1},
        {"latin", TRV__LATIN_1},       {"l1", TRV__LATIN_1},          {"iso-8859-1", TRV__LATIN_1},
        {"iso8859-1", TRV__LATIN_1},   {"8859", TRV__LATIN_1},        {"utf-16", TRV__UTF_16},
        {"utf16", TRV__UTF_16},        {"u16", TRV__UTF_16},          {"utf-16-le", TRV__UTF_16_LE},
        {"utf-16le", TRV__UTF_16_LE},  {"utf-16-be", TRV__UTF_16_BE}, {"utf-16be", TRV__UTF_16_BE},
        {"utf-32", TRV__UTF_32},       {"utf32", TRV__UTF_32},        {"u32", TRV__UTF_32},
        {"utf-32-le", TRV__UTF_32_LE}, {"utf-32le", TRV__UTF_32_LE},  {"utf-32-be", TRV__UTF_32_BE},
        {"utf-32be", TRV__UTF_32_BE},
    };

    if (!encoding)
        return TRV__UTF_8;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (is_named(encoding, names[i].name))
            return names[i].codec;
    trv_raise(trv_LookupError, "unknown encoding: %s", encoding);
    return TRV__UNKNOWN_CODEC;
}

const char *trv__codec_name(enum trv__codec codec)
{
    static const char *const names[] = {"utf-8",     "ascii",  "latin-1",   "utf-16",   "utf-16-le",
                                        "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"};

    return names[codec];
}

/* Encoding -------------------------------------------------------------------------------------- */

/* The bytes of a builder, which ends; or NULL if `status` says that making them failed. */
static trv_object *bytes_of(struct trv__builder *b, int status)
{
    trv_object *made = status < 0 ? NULL : trv_bytes_new(b->data, b->size);

    trv__builder_drop(b);
    return made;
}

/* Characters below the limit are their byte; others, as many as follow one another, are handled. */
static int add_narrow(struct trv__builder *b, const struct trv__str *str, enum trv__codec codec,
                      const char *errors)
{
    const char *at = str->text, *end = str->text + str->size, *begin;
    const unsigned limit = codec == TRV__ASCII ? 0x80 : 0x100;
    size_t index = 0, first;

    while (at < end) {
        uint32_t c;
        for (begin = at, first = index; at < end; index++) {
            const char *next = at;
            c = trv__utf8_next(&next);
            if (c < limit)
                break;
            at = next;
        }
        if (index > first && trv__handle_unencodable(b, codec, errors, (trv_object *)(uintptr_t)str,
                                                     begin, first, index, limit) < 0)
            return -1;
        if (at == end)
            break;
        if (trv__builder_add_char(b, (char)trv__utf8_next(&at)) < 0)
            return -1;
        index++;
    }
    return 0;
}

static void put_unit(struct trv__builder *b, uint32_t unit, size_t width, bool is_big)
{
    for (size_t i = 0; i < width; i++)
        b->data[b->size++] = (char)(unit >> 8 * (is_big ? width - 1 - i : i));
}

static int add_wide(struct trv__builder *b, const struct trv__str *str, enum trv__codec codec)
{
    const char *at = str->text, *end = str->text + str->size;
    size_t width = codec < TRV__UTF_32 ? 2 : 4;
    bool is_big = codec == TRV__UTF_16_BE || codec == TRV__UTF_32_BE;

    if (str->length > PTRDIFF_MAX / 8 || trv__builder_reserve(b, 4 * str->length + 4) < 0)
        return -1;
    if (codec == TRV__UTF_16 || codec == TRV__UTF_32)
        put_unit(b, 0xfeff, width, is_big);
    while (at < end) {
        uint32_t c = trv__utf8_next(&at);
        if (width == 2 && c > 0xffff) {
            put_unit(b, 0xd7c0 + (c >> 10), 2, is_big);
            c = 0xdc00 | (c & 0x3ff);
        }
        put_unit(b, c, width, is_big);
    }
    return 0;
}

trv_object *trv__encode(trv_object *object, const char *encoding, const char *errors)
{
    const struct trv__str *str = trv__as_str(object);
    enum trv__codec codec = trv__codec_of(encoding);
    struct trv__builder b;

    if (codec == TRV__UNKNOWN_CODEC)
        return NULL;
    if (codec == TRV__UTF_8 || (codec <= TRV__LATIN_1 && trv__str_is_ascii(str)))
        return trv_bytes_new(str->text, str->size);
    trv__builder_init(&b);
    return bytes_of(&b, codec <= TRV__LATIN_1 ? add_narrow(&b, str, codec, errors)
                                              : add_wide(&b, str, codec));
}

/* Decoding -------------------------------------------------------------------------------------- */

static trv_object *decode_latin_1(const unsigned char *data, size_t size)
{
    size_t bytes = size;
    struct trv__str *made;
    char *out;

    for (size_t i = 0; i < size; i++)
        bytes += data[i] >> 7;
    made = trv__str_allocate(bytes, size);
    if (!made)
        return NULL;
    out = made->text;
    for (size_t i = 0; i < size; i++)
        out += trv__utf8_put(out, data[i]);
    return trv__str_settle(made);
}

trv_object *trv__decode(const void *data, size_t size, const char *encoding, const char *errors)
{
    struct trv__utf8_fault fault;
    enum trv__codec codec;
    size_t length;

    if (!size)
        return trv__str_empty(); /* before the encoding is looked at, as in Python */
    codec = trv__codec_of(encoding);
    if (codec == TRV__UNKNOWN_CODEC)
        return NULL;
    if (codec == TRV__LATIN_1)
        return decode_latin_1(data, size);
    if (codec <= TRV__ASCII && trv__utf8_check(data, size, &length, &fault) &&
        (codec == TRV__UTF_8 || length == size))
        return trv__str_from(data, size, length);
    return trv__decode_slowly(codec, data, size, errors);
}

/* Public ---------------------------------------------------------------------------------------- */

trv_object *trv_str_encode(trv_object *str, const char *encoding, const char *errors)
{
    return trv__expect(str, &trv__str_type, "trv_str_encode") ? trv__encode(str, encoding, errors)
                                                              : NULL;
}

trv_object *trv_str_decode(const void *data, size_t size, const char *encoding, const char *errors)
{
    if (size && !trv__given(data, "trv_str_decode"))
        return NULL;
    return trv__decode(data, size, encoding, errors);
}
