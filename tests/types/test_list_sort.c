/* SPDX-License-Identifier: MIT */
/*
 * Sorting long lists: numbers and strs, which are sorted by ranks, stand exactly where a stable sort
 * by comparisons puts them; what merges do with long runs; and comparisons that fail in the midst.
 */
#include "types/container.h"

#include "base/base.h"

#include <math.h>

enum { ITEMS_MOST = 20000 };

static trv_object *reference[ITEMS_MOST];

/* A plain stable merge sort with the comparisons of users. */
static void sort_reference(trv_object **items, size_t count, trv_object **room, bool is_reverse)
{
    size_t half = count / 2, a = 0, b = half;

    if (count < 2)
        return;
    sort_reference(items, half, room, is_reverse);
    sort_reference(items + half, count - half, room, is_reverse);
    memcpy(room, items, count * sizeof *items);
    for (size_t to = 0; to < count; to++) {
        int second = b < count;
        if (second && a < half)
            second = trv_compare(room[b], room[a], is_reverse ? TRV_GREATER : TRV_LESS);
        ck_assert_int_ge(second, 0);
        items[to] = room[second ? b++ : a++];
    }
}

static trv_object *make_float(uint64_t random)
{
    static const double special[] = {0.0, -0.0, INFINITY, -INFINITY, 1e-310, -1e-310};
    uint64_t bits = random * UINT64_C(0x9e3779b97f4a7c15);
    double value;

    if (random % 5 == 0)
        return trv_float_new(special[random / 5 % COUNT_OF(special)]);
    memcpy(&value, &bits, sizeof value);
    return trv_float_new(isnan(value) ? 1.5 : value);
}

static trv_object *make_item(int kind, uint64_t random)
{
    switch (kind) {
    case 0:
        return trv_int_new((int64_t)(random * UINT64_C(0x9e3779b97f4a7c15)));
    case 1:
        return trv_int_new((int64_t)(random % 300) + 1000);
    case 2:
        return make_float(random);
    case 3:
        return trv_str_printf("the same beginning %d", (int)(random % 5000));
    case 4:
        return trv_str_printf("%d%s", (int)(random % 9),
                              random % 3 ? "" : "\xc3\xa4, and long after it");
    default:
        return trv_str_printf("%.*s", (int)(random % 30), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    }
}

static void expect_like_reference(int kind, size_t count, bool is_reverse, uint64_t *state)
{
    static trv_object *room[ITEMS_MOST];
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; i < count; i++) {
        reference[i] = make_item(kind, next_random(state));
        ck_assert_int_eq(trv_list_append(list, reference[i]), 0);
    }
    sort_reference(reference, count, room, is_reverse);
    ck_assert_int_eq(trv_list_sort(list, NULL, is_reverse), 0);
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        ck_assert_ptr_eq(item, reference[i]);
        trv_unref(reference[i]);
    }
}

TEST(numbers_and_strs_like_a_plain_merge_sort)
{
    static const size_t counts[] = {1, 2, 9, 100, 255, 256, 257, 1000, 3000, ITEMS_MOST};
    uint64_t state = 2463534242u;

    for (int kind = 0; kind < 6; kind++)
        for (size_t i = 0; i < COUNT_OF(counts); i++)
            expect_like_reference(kind, counts[i], i % 2, &state);
}

TRV_STATIC_FUNCTION(tail, "tail(text): its last digit")
{
    const char *text;

    return trv_parse(args, "s", &text) < 0 ? NULL : trv_int_new(text[strlen(text) - 1]);
}

TEST(keys_move_with_their_values)
{
    trv_auto trv_object *list = trv_list_new();
    char last[] = "0 0000", text[32];

    for (int i = 0; i < 1000; i++) {
        trv_auto trv_object *item = trv_str_printf("%04d%d", i, i * 7 % 10);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    ck_assert_int_eq(trv_list_sort(list, tail, 0), 0);
    for (int i = 0; i < 1000; i++) {
        trv_auto trv_object *item = trv_list_get(list, i);
        const char *now = trv_str_utf8(item, NULL);
        snprintf(text, sizeof text, "%c %.4s", now[4], now);
        ck_assert_int_lt(strcmp(last, text), i ? 0 : 1);
        memcpy(last, text, sizeof last);
    }
}

/* A NaN is in no order; nothing may be lost for that. */
TEST(not_a_number)
{
    trv_auto trv_object *list = trv_list_new();
    double value, sum = 0, kept = 0;

    for (int i = 0; i < 600; i++) {
        double number = i % 50 ? (double)(i * 37 % 600) : NAN;
        trv_auto trv_object *item = trv_float_new(number);
        kept += isnan(number) ? 0 : number;
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    ck_assert_int_eq(trv_list_sort(list, NULL, 0), 0);
    for (int i = 0; i < 600; i++) {
        trv_auto trv_object *item = trv_list_get(list, i);
        ck_assert_int_eq(trv_float_get(item, &value), 0);
        sum += isnan(value) ? 1e6 : value;
    }
    ck_assert(sum == 12e6 + kept);
}

/* Two runs of which one wins for long, then the other: the merge jumps. A comparison that fails, at
 * whatever point, leaves a permutation. */

static int comparisons, failing;

static int fail_once(void)
{
    return ++comparisons == failing ? trv_raise_int(trv_ValueError, "no order today") : 0;
}

static trv_object *list_of_blocks(int count, int shape)
{
    trv_object *list = trv_list_new();

    for (int i = 0; i < count; i++) {
        int half = i < count / 2, at = half ? i : i - count / 2;
        int number =
            shape ? (at / 30 * 2 + half) * 30 + at % 30 : (at / 30 * 2 + !half) * 30 + at % 30;
        trv_auto trv_object *item = evil_new(number, 1);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    return list;
}

static void expect_all_there(trv_object *list, int count, bool is_sorted)
{
    static bool seen[2000];
    int64_t last = -1;

    memset(seen, 0, sizeof seen);
    for (int i = 0; i < count; i++) {
        trv_auto trv_object *item = trv_list_get(list, i);
        int64_t number = ((evil_data *)trv_data(item, evil_type))->number;
        ck_assert(!seen[number]);
        seen[number] = true;
        ck_assert(!is_sorted || number > last);
        last = number;
    }
}

TEST(merges_that_jump_and_fail)
{
    enum { COUNT = 360 };

    evil_begin();
    for (int shape = 0; shape < 2; shape++) {
        bool is_done = false;
        for (failing = 1; !is_done; failing += 3) {
            trv_auto trv_object *list = list_of_blocks(COUNT, shape);
            comparisons = 0;
            evil_hook = fail_once;
            is_done = trv_list_sort(list, NULL, 0) == 0;
            evil_hook = NULL;
            if (!is_done)
                trv_error_clear();
            expect_all_there(list, COUNT, is_done);
        }
        ck_assert_int_lt(comparisons, 2 * COUNT); /* two runs: far below n log n */
    }
    evil_end();
}

TEST_LIST(RUN(numbers_and_strs_like_a_plain_merge_sort), RUN(keys_move_with_their_values),
          RUN(not_a_number), RUN(merges_that_jump_and_fail))
