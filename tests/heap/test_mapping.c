/* SPDX-License-Identifier: MIT */
/*
 * Large blocks: what is in them while they grow, shrink and move, what they give back to the system, and
 * what happens without memory or addresses.
 */
#include "types/exhaust.h"

#include "heap/mapping.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORD = sizeof(uint64_t), KIB = 1024, MIB = 1024 * KIB };

/* What stands in word i of a block. */
static uint64_t content(size_t i)
{
    return i * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

static void write_words(uint64_t *words, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        words[i] = content(i);
}

static void expect_words(const uint64_t *words, size_t count)
{
    size_t right = 0;

    while (right < count && words[right] == content(right))
        right++;
    ck_assert_uint_eq(right, count);
}

static void expect_out_of_memory(void)
{
    ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
    trv_error_clear();
}

/* What /proc/self/statm says in that place, in bytes: 0, all addresses; 1, what is resident. */
static size_t memory_bytes(int place)
{
    size_t pages[2];
    FILE *file = fopen("/proc/self/statm", "r");

    ck_assert_int_eq(fscanf(file, "%zu %zu", &pages[0], &pages[1]), 2);
    fclose(file);
    return pages[place] * (size_t)sysconf(_SC_PAGESIZE);
}

/* Gives a block another size; what both sizes hold is still there, and what is new is written. */
static uint64_t *resize(uint64_t *words, size_t from, size_t to)
{
    uint64_t *moved = trv__reallocate(words, from, to);

    ck_assert_ptr_nonnull(moved);
    expect_words(moved, MIN_OF(from, to) / WORD);
    write_words(moved, MIN_OF(from, to) / WORD, to / WORD);
    return moved;
}

TEST(blocks_keep_what_was_written_at_any_size)
{
    static const size_t sizes[] = {600,      64 * KIB - 8, 64 * KIB, 100 * KIB, MIB - 8,
                                   MIB,      3 * MIB,      5 * MIB,  17 * MIB,  16 * MIB,
                                   40 * MIB, 6 * MIB,      20 * MIB, 2 * MIB,   MIB - 8,
                                   9 * MIB,  512,          4 * MIB,  64 * KIB,  1024};
    size_t size = sizes[0];
    uint64_t *words = trv__allocate(size);

    write_words(words, 0, size / WORD);
    for (size_t i = 1; i < COUNT_OF(sizes); size = sizes[i++])
        words = resize(words, size, sizes[i]);
    trv__free(words, size);
}

/* Many at once, freed in another order, again and again: no two ever share an address. */
TEST(blocks_do_not_overlap)
{
    enum { BLOCKS = 24 };
    static uint64_t *blocks[BLOCKS];
    static size_t sizes[BLOCKS];
    uint32_t state = 7;

    for (size_t step = 0; step < 400; step++) {
        size_t i = (state = state * 1664525u + 1013904223u) >> 8, size = (i % 97 + 1) * 32 * KIB;
        i = i / 97 % BLOCKS;
        if (!blocks[i]) {
            blocks[i] = trv__allocate(size);
            ck_assert_ptr_nonnull(blocks[i]);
            sizes[i] = size;
        } else if (step % 3) {
            blocks[i] = trv__reallocate(blocks[i], sizes[i], size);
            sizes[i] = size;
        } else {
            ck_assert(blocks[i][0] == i && blocks[i][sizes[i] / WORD - 1] == ~i);
            trv__free(blocks[i], sizes[i]);
            blocks[i] = NULL;
            continue;
        }
        blocks[i][0] = i;
        blocks[i][size / WORD - 1] = ~i;
        for (size_t j = 0; j < BLOCKS; j++)
            ck_assert(!blocks[j] || blocks[j][0] == j);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        trv__free(blocks[i], sizes[i]);
}

TEST(figures_count_them)
{
    trv_heap_stats before, during, after;
    char *block;

    trv_heap_stats_get(&before);
    block = trv__allocate(3 * MIB);
    block = trv__reallocate(block, 3 * MIB, 30 * MIB);
    trv_heap_stats_get(&during);
    trv__free(block, 30 * MIB);
    trv_heap_stats_get(&after);
    ck_assert_uint_eq(during.live_bytes, before.live_bytes + 30 * MIB);
    ck_assert_uint_eq(after.live_bytes, before.live_bytes);
}

/* However much was in use, what stays with the process is bounded. */
TEST(memory_goes_back_to_the_system)
{
    enum { BLOCKS = 16 };
    char *blocks[BLOCKS];
    size_t before = memory_bytes(1), during;

    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = trv__allocate(8 * MIB);
        memset(blocks[i], 1, 8 * MIB);
    }
    during = memory_bytes(1);
    for (size_t i = 0; i < BLOCKS; i++)
        trv__free(blocks[i], 8 * MIB);
    ck_assert_uint_ge(during + 4 * MIB,
                      before + (size_t)BLOCKS * 8 * MIB); /* the kernel estimates */
    if (!TRV_ASAN && !TRV_TSAN && !TRV_VALGRIND)
        ck_assert_uint_le(memory_bytes(1), before + 40 * MIB);
}

TEST(a_block_that_shrinks_gives_memory_back)
{
    char *block = trv__allocate(64 * MIB);
    size_t full;

    memset(block, 1, 64 * MIB);
    full = memory_bytes(1);
    block = trv__reallocate(block, 64 * MIB, 4 * MIB);
    if (!TRV_ASAN && !TRV_TSAN && !TRV_VALGRIND)
        ck_assert_uint_le(memory_bytes(1), full - 50 * MIB);
    trv__free(block, 4 * MIB);
}

static trv_object *long_list(size_t count)
{
    trv_auto trv_object *item = trv_none_new();
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; list && i < count; i++)
        if (trv_list_append(list, item) < 0)
            return NULL;
    return trv_steal(&list);
}

static trv_object *long_dict(size_t count)
{
    trv_auto trv_object *dict = trv_dict_new();

    for (size_t i = 0; dict && i < count; i++) {
        trv_auto trv_object *key = trv_int_new((int64_t)(i * 7));
        if (!key || trv_dict_set(dict, key, key) < 0)
            return NULL;
    }
    return trv_steal(&dict);
}

/* A block of one size becomes one of another; the one that could not be made is as it was. */
static trv_object *grown(size_t size, size_t more)
{
    uint64_t *words = trv__allocate(size), *moved;

    if (!words)
        return NULL;
    write_words(words, 0, size / WORD);
    moved = trv__reallocate(words, size, more);
    expect_words(moved ? moved : words, (moved ? MIN_OF(size, more) : size) / WORD);
    trv__free(moved ? moved : words, moved ? more : size);
    return moved ? trv_none_new() : NULL;
}

TEST(growing_fails_cleanly)
{
    trv_auto trv_object *list = long_list(700 * KIB);
    trv_auto trv_object *dict = long_dict(100 * KIB);

    ck_assert_ptr_nonnull(list);
    ck_assert_ptr_nonnull(dict);
    EXHAUST(grown(64 * KIB, MIB));
    EXHAUST(grown(MIB, 3 * MIB));
    EXHAUST(grown(3 * MIB, 40 * MIB));
    EXHAUST(grown(40 * MIB, 64 * KIB - 8));
    EXHAUST(trv_list_from(list));
    EXHAUST(trv_copy(dict));
}

/* Where addresses are rationed, blocks are made all the same. */
TEST(few_addresses_are_enough)
{
    struct rlimit without, limit;
    uint64_t *words;

    if (TRV_ASAN || TRV_TSAN || TRV_VALGRIND)
        return;
    ck_assert_int_eq(getrlimit(RLIMIT_AS, &without), 0);
    limit = (struct rlimit){memory_bytes(0) + 24 * MIB, without.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    words = trv__allocate(2 * MIB);
    write_words(words, 0, 2 * MIB / WORD);
    words = resize(words, 2 * MIB, 9 * MIB);
    words = resize(words, 9 * MIB, 10 * MIB);
    words = resize(words, 10 * MIB, 1 * MIB);
    ck_assert_ptr_null(trv__reallocate(words, 1 * MIB, 100 * MIB));
    expect_out_of_memory();
    expect_words(words, 1 * MIB / WORD);
    trv__free(words, 1 * MIB);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &without), 0);
}

/* Sanitizers take such a request for a bug. */
TEST(absurd_sizes_are_refused)
{
    char *block;

    if (TRV_ASAN || TRV_TSAN)
        return;
    block = trv__allocate(2 * MIB);
    ck_assert_ptr_null(trv__allocate(SIZE_MAX / 2));
    expect_out_of_memory();
    ck_assert_ptr_null(trv__allocate(SIZE_MAX / 2 + 1));
    expect_out_of_memory();
    ck_assert_ptr_null(trv__reallocate(block, 2 * MIB, SIZE_MAX / 2 - 64));
    expect_out_of_memory();
    ck_assert_ptr_null(trv__reallocate(block, 2 * MIB, SIZE_MAX));
    expect_out_of_memory();
    trv__free(block, 2 * MIB);
}

TEST_LIST(RUN(blocks_keep_what_was_written_at_any_size), RUN(blocks_do_not_overlap),
          RUN(figures_count_them), RUN(memory_goes_back_to_the_system),
          RUN(a_block_that_shrinks_gives_memory_back), RUN(growing_fails_cleanly),
          RUN(few_addresses_are_enough), RUN(absurd_sizes_are_refused))
