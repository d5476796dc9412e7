/* SPDX-License-Identifier: MIT */
/*
 * Between str and bytes: UTF-8, which is a copy, and the two encodings with a byte for each code
 * point, ASCII and Latin-1. Errors are strict: there is no replacing and no ignoring.
 */
#include "types/bytes.h"
#include "types/str.h"

enum codec { UTF_8, ASCII, LATIN_1, UNKNOWN };

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

static enum codec codec_of(trv_object *encoding)
{
    static const struct {
        char name[11];
        enum codec codec;
    } names[] = {
        {"utf-8", UTF_8},        {"utf8", UTF_8},      {"u8", UTF_8},       {"ascii", ASCII},
        {"us-ascii", ASCII},     {"latin-1", LATIN_1}, {"latin1", LATIN_1}, {"l1", LATIN_1},
        {"iso-8859-1", LATIN_1}, {"8859", LATIN_1},
    };

    if (!encoding)
        return UTF_8;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (is_named(trv__as_str(encoding)->text, names[i].name))
            return names[i].codec;
    trv_raise(trv_LookupError, "unknown encoding: %s", trv__as_str(encoding)->text);
    return UNKNOWN;
}

static trv_object *raise_not_encodable(enum codec codec, uint32_t c, size_t index)
{
    const char *format = c <= 0xff     ? "'%s' codec can't encode character '\\x%02x' in position "
                                         "%zu: ordinal not in range(%d)"
                         : c <= 0xffff ? "'%s' codec can't encode character '\\u%04x' in position "
                                         "%zu: ordinal not in range(%d)"
                                       : "'%s' codec can't encode character '\\U%08x' in position "
                                         "%zu: ordinal not in range(%d)";

    return trv_raise(trv_UnicodeEncodeError, format, codec == ASCII ? "ascii" : "latin-1", c, index,
                     codec == ASCII ? 128 : 256);
}

trv_object *trv__str_encode(trv_object *object, trv_object *encoding)
{
    const struct trv__str *str = trv__as_str(object);
    enum codec codec = codec_of(encoding);
    const char *at = str->text;
    struct trv__bytes *made;

    if (codec == UNKNOWN)
        return NULL;
    if (codec == UTF_8 || trv__str_is_ascii(str))
        return trv_bytes_new(str->text, str->size);
    made = trv__bytes_allocate(str->length);
    for (size_t i = 0; made && i < str->length; i++) {
        uint32_t c = trv__utf8_next(&at);
        if (c >= (codec == ASCII ? 0x80 : 0x100)) {
            trv__object_discard(made);
            return raise_not_encodable(codec, c, i);
        }
        made->data[i] = (unsigned char)c;
    }
    return (trv_object *)made;
}

static trv_object *decode_ascii(const struct trv__bytes *bytes)
{
    for (size_t i = 0; i < bytes->size; i++)
        if (bytes->data[i] & 0x80)
            return trv_raise(trv_UnicodeDecodeError,
                             "'ascii' codec can't decode byte 0x%02x in position %zu: "
                             "ordinal not in range(128)",
                             bytes->data[i], i);
    return trv__str_from((const char *)bytes->data, bytes->size, bytes->size);
}

static trv_object *decode_latin_1(const struct trv__bytes *bytes)
{
    size_t size = bytes->size;
    struct trv__str *made;
    char *out;

    for (size_t i = 0; i < bytes->size; i++)
        size += bytes->data[i] >> 7;
    made = trv__str_allocate(size, bytes->size);
    if (!made)
        return NULL;
    out = made->text;
    for (size_t i = 0; i < bytes->size; i++)
        out += trv__utf8_put(out, bytes->data[i]);
    return trv__str_settle(made);
}

trv_object *trv__bytes_decode(trv_object *object, trv_object *encoding)
{
    const struct trv__bytes *bytes = trv__as_bytes(object);
    enum codec codec;

    if (!trv__is_bytes(object))
        return trv_raise(trv_TypeError, "decoding to str: need a bytes-like object, %s found",
                         trv_type_name(object));
    if (encoding && !trv__is_str(encoding))
        return trv_raise(trv_TypeError, "str() argument 'encoding' must be str, not %s",
                         trv_type_name(encoding));
    if (!bytes->size)
        return trv__str_empty(); /* before the encoding is looked at, as in Python */
    codec = codec_of(encoding);
    if (codec == UNKNOWN)
        return NULL;
    return codec == UTF_8   ? trv_str_new_sized((const char *)bytes->data, bytes->size)
           : codec == ASCII ? decode_ascii(bytes)
                            : decode_latin_1(bytes);
}
