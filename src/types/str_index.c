/* SPDX-License-Identifier: MIT */
/*
 * From indices to offsets, in long strs that are not ASCII.
 *
 * Behind the text of such a str, in the same block, there is room for its *index*: the offset of every
 * 64th code point. It is filled in when an index far from both ends is first asked for; from then on the
 * way to any code point is at most 63 code points long, and walking a str by index is linear. It is in
 * the block, and not in one of its own, so that it needs no memory when it is needed, no end, and
 * no care where strs are copied as blocks (as values of derived classes). ASCII strs have no such room, nor have
 * those that fit a pool: counting through them takes no longer.
 *
 * An offset is the sum of two: every 16384 code points (65536 bytes at most) there is one from the beginning,
 * and every 64 one from there, in 16 bits. So the room is 3 % of a byte for each code point. The first offset
 * of all is 0; another value stands there until the index is made.
 */
#include "types/str.h"

#include "heap/pool.h"

#define STRIDE ((size_t)64)
#define FAR_STRIDE ((size_t)16384)
#define NOT_MADE UINT64_MAX
#define NEAR ((size_t)128) /* how far from an end code points are counted without an index */

struct index {
    uint64_t *far_ones;  /* one each FAR_STRIDE code points */
    uint16_t *near_ones; /* one each STRIDE */
};

static bool has_index(size_t size, size_t length)
{
    return size != length && size >= TRV__SMALL_MOST - sizeof(struct trv__str);
}

static size_t text_end(size_t size)
{
    return ROUND_UP(sizeof(struct trv__str) + size + 1, sizeof(uint64_t));
}

static struct index index_of(const struct trv__str *str)
{
    uint64_t *room = (uint64_t *)((uintptr_t)str + text_end(str->size));

    return (struct index){room, (uint16_t *)(room + str->length / FAR_STRIDE + 1)};
}

size_t trv__str_bytes(size_t size, size_t length)
{
    if (!has_index(size, length))
        return sizeof(struct trv__str) + size + 1;
    return text_end(size) + (length / FAR_STRIDE + 1) * sizeof(uint64_t) +
           (length / STRIDE + 1) * sizeof(uint16_t);
}

void trv__str_begin_index(const struct trv__str *str)
{
    if (has_index(str->size, str->length))
        *index_of(str).far_ones = NOT_MADE;
}

static void make(const struct trv__str *str, struct index index)
{
    size_t offset = 0, far_one = 0;

    for (size_t i = 0; i <= str->length; i += STRIDE) {
        if (i % FAR_STRIDE == 0)
            index.far_ones[i / FAR_STRIDE] = far_one = offset;
        index.near_ones[i / STRIDE] = (uint16_t)(offset - far_one);
        offset += trv__utf8_offset(str->text + offset, str->size - offset, STRIDE);
    }
}

size_t trv__str_offset(const struct trv__str *str, size_t index)
{
    struct index noted;
    size_t from;

    if (trv__str_is_ascii(str))
        return index;
    if (index < NEAR || !has_index(str->size, str->length))
        return trv__utf8_offset(str->text, str->size, index);
    if (str->length - index < NEAR)
        return trv__utf8_offset_from_end(str->text, str->size, str->length - index);
    noted = index_of(str);
    if (*noted.far_ones == NOT_MADE)
        make(str, noted);
    from = noted.far_ones[index / FAR_STRIDE] + noted.near_ones[index / STRIDE];
    return from + trv__utf8_offset(str->text + from, str->size - from, index % STRIDE);
}
