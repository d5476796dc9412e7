/* SPDX-License-Identifier: MIT */
/*
 * From bytes to str where something may be wrong with the bytes, or they are no UTF-8.
 *
 * One loop for all encodings: a reader takes one character, or says which bytes are wrong and why, in
 * Python's words; these are handled, and it goes on after them.
 */
#include "types/codec.h"

/* What a reader takes: bytes up to `end`, of which `c` is the character, or `reason` what is wrong. */
struct taken {
    size_t end;
    uint32_t c;
    const char *reason;
};

struct source {
    const unsigned char *data;
    size_t size;
    bool is_big; /* the order of bytes, of utf-16 and utf-32 */
};

typedef struct taken reader(const struct source *source, size_t at);

static struct taken wrong(size_t end, const char *reason)
{
    return (struct taken){end, 0, reason};
}

static struct taken read_ascii(const struct source *source, size_t at)
{
    if (source->data[at] & 0x80)
        return wrong(at + 1, "ordinal not in range(128)");
    return (struct taken){at + 1, source->data[at], NULL};
}

static struct taken read_utf_8(const struct source *source, size_t at)
{
    const char *text = (const char *)source->data + at;
    size_t width = trv__utf8_size(*text), length;
    struct trv__utf8_fault fault;

    width = MIN_OF(width, source->size - at);
    if (!trv__utf8_check(text, width, &length, &fault))
        return wrong(at + fault.end, fault.reason);
    return (struct taken){at + width, trv__utf8_next(&text), NULL};
}

static uint32_t unit_at(const struct source *source, size_t at, size_t width)
{
    uint32_t unit = 0;

    for (size_t i = 0; i < width; i++)
        unit |= (uint32_t)source->data[at + i] << 8 * (source->is_big ? width - 1 - i : i);
    return unit;
}

static struct taken read_utf_16(const struct source *source, size_t at)
{
    uint32_t first, second;

    if (source->size - at < 2)
        return wrong(source->size, "truncated data");
    first = unit_at(source, at, 2);
    if (first < 0xd800 || first >= 0xe000)
        return (struct taken){at + 2, first, NULL};
    if (first >= 0xdc00)
        return wrong(at + 2, "illegal encoding");
    if (source->size - at < 4)
        return wrong(source->size, "unexpected end of data");
    second = unit_at(source, at + 2, 2);
    if (second < 0xdc00 || second >= 0xe000)
        return wrong(at + 2, "illegal UTF-16 surrogate");
    return (struct taken){at + 4, 0x10000 + ((first & 0x3ff) << 10 | (second & 0x3ff)), NULL};
}

static struct taken read_utf_32(const struct source *source, size_t at)
{
    uint32_t c;

    if (source->size - at < 4)
        return wrong(source->size, "truncated data");
    c = unit_at(source, at, 4);
    if (c >= 0xd800 && c < 0xe000)
        return wrong(at + 4, "code point in surrogate code point range(0xd800, 0xe000)");
    if (c > 0x10ffff)
        return wrong(at + 4, "code point not in range(0x110000)");
    return (struct taken){at + 4, c, NULL};
}

static int add_all(struct trv__builder *b, enum trv__codec codec, const struct source *source,
                   size_t at, reader *read, const char *errors)
{
    while (at < source->size) {
        struct taken taken = read(source, at);
        if (taken.reason) {
            if (trv__handle_undecodable(b, codec, errors, source->data, source->size, at, taken.end,
                                        taken.reason) < 0)
                return -1;
        } else {
            if (trv__builder_reserve(b, 4) < 0)
                return -1;
            b->size += trv__utf8_put(b->data + b->size, taken.c);
        }
        at = taken.end;
    }
    return 0;
}

/* Looks for the mark of the order of bytes. Returns how long it is; *codec becomes the one it names. */
static size_t take_mark(struct source *source, enum trv__codec *codec, size_t width)
{
    uint32_t mark = source->size >= width ? unit_at(source, 0, width) : 0;

    source->is_big = mark == (width == 2 ? 0xfffeu : 0xfffe0000u);
    if (width == 2)
        *codec = source->is_big ? TRV__UTF_16_BE : TRV__UTF_16_LE;
    else
        *codec = source->is_big ? TRV__UTF_32_BE : TRV__UTF_32_LE;
    return source->is_big || mark == 0xfeff ? width : 0;
}

trv_object *trv__decode_slowly(enum trv__codec codec, const unsigned char *data, size_t size,
                               const char *errors)
{
    struct source source = {data, size, codec == TRV__UTF_16_BE || codec == TRV__UTF_32_BE};
    reader *read = codec == TRV__UTF_8   ? read_utf_8
                   : codec == TRV__ASCII ? read_ascii
                   : codec < TRV__UTF_32 ? read_utf_16
                                         : read_utf_32;
    size_t at = 0;
    struct trv__builder b;

    if (codec == TRV__UTF_16 || codec == TRV__UTF_32)
        at = take_mark(&source, &codec, codec == TRV__UTF_16 ? 2 : 4);
    trv__builder_init(&b);
    if (add_all(&b, codec, &source, at, read, errors) < 0)
        return trv__builder_drop(&b), NULL;
    return trv__builder_finish(&b);
}
