/* SPDX-License-Identifier: MIT */
/*
 * UTF-8: checking it, counting and finding code points in it, and single code points.
 *
 * Apart from trv__utf8_check, everything here takes text that was checked: no str ever holds
 * anything else. Checking is strict (no surrogates, nothing overlong, nothing above U+10FFFF), so
 * that the order of the bytes is the order of the code points.
 */
#ifndef TRV_TYPES_UTF8_H
#define TRV_TYPES_UTF8_H

#include "types/unicode.h"

/* What is wrong with text, in Python's words: bytes from `start` up to `end`. */
struct trv__utf8_fault {
    size_t start, end;
    const char *reason;
};

/* Whether text is UTF-8; if so, *length is the number of its code points. */
bool trv__utf8_check(const char *text, size_t size, size_t *length, struct trv__utf8_fault *fault);
/* How many code points there are. */
size_t trv__utf8_count(const char *text, size_t size);
/* Where the code point of that index begins; `size` for the index after the last. */
size_t trv__utf8_offset(const char *text, size_t size, size_t index);
/* Where the last so many code points begin; there are at least as many. */
size_t trv__utf8_offset_from_end(const char *text, size_t size, size_t count);

static inline uint64_t trv__load_word(const char *p)
{
    uint64_t word;

    memcpy(&word, p, sizeof word);
    return word;
}

#define TRV__HIGH_BITS UINT64_C(0x8080808080808080)

static inline bool trv__utf8_continues(char byte)
{
    return ((unsigned char)byte & 0xc0) == 0x80;
}

/* The size in bytes of the code point that begins with a byte. */
static inline size_t trv__utf8_size(char first)
{
    unsigned char byte = (unsigned char)first;

    return byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/* The code point at *text, which moves behind it. */
static inline uint32_t trv__utf8_next(const char **text)
{
    const unsigned char *p = (const unsigned char *)*text;

    if (p[0] < 0x80)
        return *text += 1, p[0];
    if (p[0] < 0xe0)
        return *text += 2, (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu);
    if (p[0] < 0xf0)
        return *text += 3, (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
    *text += 4;
    return (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
}

/* The code point that ends before *text, which moves to its beginning. */
static inline uint32_t trv__utf8_previous(const char **text)
{
    const char *start;

    do
        --*text;
    while (trv__utf8_continues(**text));
    start = *text;
    return trv__utf8_next(&start);
}

/* Writes a code point, at most four bytes. Returns its size. */
static inline size_t trv__utf8_put(char *out, uint32_t c)
{
    if (c < 0x80)
        return out[0] = (char)c, 1;
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

#endif
