/* SPDX-License-Identifier: MIT */
/*
 * Checking and walking UTF-8, eight bytes at a time where all of them are ASCII.
 */
#include "types/utf8.h"

static const char invalid_start[] = "invalid start byte";
static const char invalid_continuation[] = "invalid continuation byte";
static const char unexpected_end[] = "unexpected end of data";

static bool fault_at(struct trv__utf8_fault *fault, size_t start, size_t end, const char *reason)
{
    fault->start = start;
    fault->end = end;
    fault->reason = reason;
    return false;
}

/* Skips ASCII from `at` on. Returns where it ends. */
static inline size_t skip_ascii(const char *text, size_t at, size_t size)
{
    while (size - at >= 8 && !(trv__load_word(text + at) & TRV__HIGH_BITS))
        at += 8;
    while (at < size && !((unsigned char)text[at] & 0x80))
        at++;
    return at;
}

/* The range of the second byte, which is narrower than 80..BF after a few first bytes: overlong
 * forms, surrogates and what lies above U+10FFFF end here. */
static bool second_fits(unsigned char first, unsigned char second)
{
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;

    return second >= low && second <= high;
}

/* Checks the sequence at `at`, whose first byte is not ASCII. Sets *taken to its size. */
static bool check_sequence(const char *text, size_t at, size_t size, size_t *taken,
                           struct trv__utf8_fault *fault)
{
    unsigned char first = (unsigned char)text[at];
    size_t length = trv__utf8_size(text[at]);

    if (first < 0xc2 || first > 0xf4)
        return fault_at(fault, at, at + 1, invalid_start);
    for (size_t i = 1; i < length; i++) {
        if (at + i == size)
            return fault_at(fault, at, size, unexpected_end);
        if (i == 1 ? !second_fits(first, (unsigned char)text[at + 1])
                   : !trv__utf8_continues(text[at + i]))
            return fault_at(fault, at, at + i, invalid_continuation);
    }
    *taken = length;
    return true;
}

bool trv__utf8_check(const char *text, size_t size, size_t *length, struct trv__utf8_fault *fault)
{
    size_t at = skip_ascii(text, 0, size), continuations = 0, taken;

    while (at < size) {
        if (!check_sequence(text, at, size, &taken, fault))
            return false;
        at += taken;
        continuations += taken - 1;
        if (at < size && !((unsigned char)text[at] & 0x80))
            at = skip_ascii(text, at, size);
    }
    *length = size - continuations;
    return true;
}

/* The highest bits of the bytes of a word that begin a code point: those whose two highest are not 10. */
static inline uint64_t starts_of(uint64_t word)
{
    return (~word | word << 1) & TRV__HIGH_BITS;
}

/* How many there are. The multiplication adds up all bytes in the highest one, sooner than a function that
 * counts bits is called. */
static inline size_t starts_in(uint64_t word)
{
    return (size_t)((starts_of(word) >> 7) * UINT64_C(0x0101010101010101) >> 56);
}

size_t trv__utf8_count(const char *text, size_t size)
{
    size_t count = 0, at = 0;

    for (; size - at >= 8; at += 8)
        count += starts_in(trv__load_word(text + at));
    for (; at < size; at++)
        count += !trv__utf8_continues(text[at]);
    return count;
}

/* The byte of the start of that index; bytes are counted as they stand in memory. */
static inline size_t start_at(uint64_t word, size_t index)
{
    uint64_t starts = starts_of(word);

    if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
        starts = __builtin_bswap64(starts);
    for (; index; index--)
        starts &= starts - 1;
    return (size_t)__builtin_ctzll(starts) / 8;
}

size_t trv__utf8_offset(const char *text, size_t size, size_t index)
{
    size_t at = 0, starts;

    for (; size - at >= 8; at += 8) {
        uint64_t word = trv__load_word(text + at);
        starts = starts_in(word);
        if (starts > index)
            return at + start_at(word, index);
        index -= starts;
    }
    for (; at < size; at++)
        if (!trv__utf8_continues(text[at]) && index-- == 0)
            return at;
    return size;
}

size_t trv__utf8_offset_from_end(const char *text, size_t size, size_t count)
{
    size_t at = size, starts;

    for (; at >= 8; at -= 8) {
        starts = starts_in(trv__load_word(text + at - 8));
        if (starts >= count)
            break;
        count -= starts;
    }
    while (count)
        count -= !trv__utf8_continues(text[--at]);
    return at;
}
