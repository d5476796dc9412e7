/* SPDX-License-Identifier: MIT */
/*
 * Sorting by ranks: numbers of 64 bits that say where items belong, so that the items themselves need
 * not be looked at any more. In a long list most of the time of a comparison is the way to two
 * objects somewhere in memory; here each is visited once.
 *
 * The numbers are sorted a digit at a time from the lowest one, which keeps the order of equal ones.
 * Digits that are the same everywhere cost one look, so small numbers take few rounds.
 *
 * Nothing here runs code of users.
 */
#include "types/list_rank.h"

#include "object/number.h"
#include "types/str.h"

#include <math.h>

#define DIGIT_BITS_MOST 11
/* Below this the counts of the larger digits would take longer than the items. */
#define LARGE_DIGITS_FROM 16384
#define RUNS_MERGED (TRV_TINY ? 2 : 16)

/* Ranks ------------------------------------------------------------------------------------------ */

static uint64_t rank_of_int(const trv_object *key)
{
    return (uint64_t)trv__int_value(key) ^ UINT64_C(1) << 63;
}

/* -0.0 and 0.0 are equal: adding 0.0 makes one of them. */
static uint64_t rank_of_float(const trv_object *key)
{
    double value = trv__float_value(key) + 0.0;
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* Eight bytes of the text as a number: UTF-8 has the order of the code points. */
static uint64_t rank_of_str(const trv_object *key, size_t from)
{
    const struct trv__str *str = trv__as_str(key);
    size_t count = MIN_OF(str->size - from, 8);
    uint64_t rank = 0;

    for (size_t i = 0; i < count; i++)
        rank |= (uint64_t)(unsigned char)str->text[from + i] << (56 - 8 * i);
    return rank;
}

/* How many bytes all strs begin with alike. */
static size_t common_bytes(trv_object *const *keys, size_t count)
{
    const struct trv__str *first = trv__as_str(keys[0]);
    size_t common = first->size;

    for (size_t i = 1; i < count && common; i++) {
        const struct trv__str *str = trv__as_str(keys[i]);
        size_t same = 0;
        common = MIN_OF(common, str->size);
        while (same < common && str->text[same] == first->text[same])
            same++;
        common = same;
    }
    return common;
}

static void make_ranks(struct trv__ranked *ranked, trv_object *const *keys, size_t count,
                       enum trv__rank_kind kind)
{
    size_t from = kind == TRV__RANK_STR ? common_bytes(keys, count) : 0;

    for (size_t i = 0; i < count; i++) {
        ranked[i].index = i;
        ranked[i].rank = kind == TRV__RANK_INT     ? rank_of_int(keys[i])
                         : kind == TRV__RANK_FLOAT ? rank_of_float(keys[i])
                                                   : rank_of_str(keys[i], from);
    }
}

/* Sorting the ranks ------------------------------------------------------------------------------- */

/* One round: from `from` to `to` by the digit at `shift`. False if it is the same everywhere. */
static bool sort_digit(const struct trv__ranked *from, struct trv__ranked *to, size_t *counts,
                       size_t count, unsigned shift, unsigned bits)
{
    uint64_t mask = (UINT64_C(1) << bits) - 1;
    size_t at = 0;

    memset(counts, 0, ((size_t)1 << bits) * sizeof *counts);
    for (size_t i = 0; i < count; i++)
        counts[from[i].rank >> shift & mask]++;
    if (counts[from[0].rank >> shift & mask] == count)
        return false;
    for (size_t digit = 0; digit <= mask; digit++) {
        size_t here = counts[digit];
        counts[digit] = at;
        at += here;
    }
    for (size_t i = 0; i < count; i++)
        to[counts[from[i].rank >> shift & mask]++] = from[i];
    return true;
}

/* Sorts the first half of the room, with the help of the second. */
static void sort_ranks(struct trv__ranking *ranking)
{
    struct trv__ranked *from = ranking->ranked, *to = from + ranking->count, *swapped;
    size_t count = ranking->count, *counts = (size_t *)(void *)(to + count);
    unsigned bits = count >= LARGE_DIGITS_FROM ? DIGIT_BITS_MOST : 8;
    uint64_t least = UINT64_MAX, most = 0;

    for (size_t i = 0; i < count; i++) {
        least = MIN_OF(least, from[i].rank);
        most = MAX_OF(most, from[i].rank);
    }
    for (size_t i = 0; i < count; i++)
        from[i].rank -= least;
    for (unsigned shift = 0; shift < 64 && (most - least) >> shift; shift += bits)
        if (sort_digit(from, to, counts, count, shift, bits)) {
            swapped = from;
            from = to;
            to = swapped;
        }
    ranking->ranked = from;
    ranking->other = to;
}

/* What becomes of the items ---------------------------------------------------------------------- */

/* Whether the keys already are in a few long runs, which are merged in less time. */
static bool is_in_runs(const struct trv__ranked *ranked, size_t count)
{
    size_t falls = 0;

    for (size_t i = 1; i < count && falls < RUNS_MERGED; i++)
        falls += ranked[i].rank < ranked[i - 1].rank;
    return falls < RUNS_MERGED;
}

void trv__ranking_move(const struct trv__ranking *ranking, trv_object **items)
{
    trv_object **moved = (trv_object **)(void *)ranking->other;

    for (size_t i = 0; i < ranking->count; i++)
        moved[i] = items[ranking->ranked[i].index];
    memcpy(items, moved, ranking->count * sizeof *items);
}

void trv__ranking_free(struct trv__ranking *ranking)
{
    trv__free(ranking->block, ranking->bytes);
}

bool trv__ranking_make(struct trv__ranking *ranking, trv_object *const *keys, size_t count,
                       enum trv__rank_kind kind)
{
    size_t counts_bytes = ((size_t)1 << DIGIT_BITS_MOST) * sizeof(size_t);

    if (count > SIZE_MAX / 4 / sizeof *ranking->ranked)
        return false;
    ranking->count = count;
    ranking->bytes = 2 * count * sizeof *ranking->ranked + counts_bytes;
    ranking->block = trv__try_allocate(ranking->bytes);
    if (!ranking->block)
        return false;
    ranking->ranked = ranking->block;
    ranking->other = ranking->ranked + count;
    make_ranks(ranking->ranked, keys, count, kind);
    if (is_in_runs(ranking->ranked, count)) {
        trv__ranking_free(ranking);
        return false;
    }
    sort_ranks(ranking);
    return true;
}
