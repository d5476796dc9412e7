/* SPDX-License-Identifier: MIT */
/*
 * Dicts and sets whose keys are consecutive ints: they have no index, and must not differ from
 * others in anything but memory. Agreement with a plain array over many random steps that keep such
 * a dict packed, and now and then make it an ordinary one; the edges of 32 bits; equal keys of other
 * types; dicts that are changed during a comparison, or find no memory for an index.
 */
#include "types/container.h"
#include "types/exhaust.h"

enum { KEYS = 4000 };

struct model {
    int64_t first;        /* the key that values[0] is about */
    int64_t values[KEYS]; /* -1: no such key */
    int order[KEYS];      /* the keys in order of insertion, less `first` */
    int filled;           /* of `order`; those that were taken out stay */
    int next;             /* the key that would continue the dict */
};

static int64_t get_number(trv_object *dict, trv_object *key)
{
    trv_auto trv_object *value = NULL;
    int64_t number = -1;

    ck_assert_int_ge(trv_dict_get(dict, key, &value), 0);
    if (value)
        ck_assert_int_eq(trv_int_get(value, &number), 0);
    return number;
}

static void drop_key(struct model *m, int i)
{
    m->values[i] = -1;
    for (int at = 0; at < m->filled; at++)
        if (m->order[at] == i)
            m->order[at] = -1;
    while (m->filled && m->order[m->filled - 1] < 0)
        m->filled--;
}

static void put(trv_object *dict, struct model *m, int i, int64_t value)
{
    trv_auto trv_object *key = trv_int_new(m->first + i), *number = trv_int_new(value);

    ck_assert_int_eq(trv_dict_set(dict, key, number), 0);
    if (m->values[i] < 0)
        m->order[m->filled++] = i;
    m->values[i] = value;
    m->next = MAX_OF(m->next, i + 1);
}

static void take(trv_object *dict, struct model *m, int i)
{
    trv_auto trv_object *key = trv_int_new(m->first + i);

    ck_assert_int_eq(trv_dict_remove(dict, key), m->values[i] < 0 ? -1 : 0);
    if (m->values[i] < 0)
        trv_error_clear();
    else
        drop_key(m, i);
}

/* By the int, by the float that equals it, and by a str that does not. */
static void look_up(trv_object *dict, const struct model *m, int i)
{
    trv_auto trv_object *key = trv_int_new(m->first + i), *text = trv_str(key);
    trv_auto trv_object *point = trv_float_new((double)(m->first + i));

    ck_assert_int_eq(get_number(dict, key), m->values[i]);
    ck_assert_int_eq(get_number(dict, point), m->values[i]);
    ck_assert_int_eq(get_number(dict, text), -1);
}

static void expect_model(trv_object *dict, const struct model *m)
{
    trv_object *key, *value;
    size_t position = 0;
    int64_t number;

    for (int i = 0; i < KEYS; i++) {
        trv_auto trv_object *wanted = trv_int_new(m->first + i);
        ck_assert_int_eq(get_number(dict, wanted), m->values[i]);
    }
    for (int at = 0; at < m->filled; at++) {
        if (m->order[at] < 0)
            continue;
        ck_assert_int_eq(trv_dict_next(dict, &position, &key, &value), 1);
        ck_assert_int_eq(trv_int_get(key, &number), 0);
        ck_assert_int_eq(number, m->first + m->order[at]);
        trv_unref(key);
        trv_unref(value);
    }
    ck_assert_int_eq(trv_dict_next(dict, &position, &key, &value), 0);
}

static void pop_last(trv_object *dict, struct model *m)
{
    trv_auto trv_object *pair = NULL, *key = NULL;
    int64_t number;

    if (!m->filled)
        return;
    pair = method(dict, "popitem", "");
    key = trv_tuple_get(pair, 0);
    ck_assert_int_eq(trv_int_get(key, &number), 0);
    ck_assert_int_eq(number, m->first + m->order[m->filled - 1]);
    drop_key(m, m->order[m->filled - 1]);
    m->next = m->filled ? m->order[m->filled - 1] + 1 : 0;
}

static void begin_anew(trv_object *dict, struct model *m, uint64_t *state)
{
    static const int64_t firsts[] = {
        0, 1, 1000, -5, UINT32_MAX - 100, UINT32_MAX - KEYS, INT64_C(1) << 40};

    ck_assert_int_eq(trv_dict_clear(dict), 0);
    m->first = firsts[next_random(state) % COUNT_OF(firsts)];
    m->filled = m->next = 0;
    for (int i = 0; i < KEYS; i++)
        m->values[i] = -1;
}

static void random_step(trv_object **dict, struct model *m, uint64_t *state)
{
    uint32_t what = next_random(state) % 1000;
    int i = (int)(next_random(state) % KEYS), near = m->next ? i % m->next : 0;

    if (what < 500 && m->next < KEYS) {
        put(*dict, m, m->next, what);
    } else if (what < 700) {
        look_up(*dict, m, what % 2 ? i : near);
    } else if (what < 800 && m->values[near] >= 0) {
        put(*dict, m, near, what);
    } else if (what < 840) {
        take(*dict, m, near);
    } else if (what < 860) {
        pop_last(*dict, m);
    } else if (what < 864) {
        trv_object *copy = method(*dict, "copy", "");
        ck_assert_int_eq(trv_equal(copy, *dict), 1);
        trv_unref(*dict);
        *dict = copy;
    } else if (what == 998 && m->filled < KEYS) {
        put(*dict, m, i, what);
    }
}

TEST(as_a_plain_array_over_random_steps)
{
    static struct model model;
    trv_auto trv_object *dict = trv_dict_new();
    uint64_t state = 88172645463325252u;

    for (int round = 0; round < 60; round++) {
        int steps = (int)(next_random(&state) % (round % 2 ? 4000 : 60));
        begin_anew(dict, &model, &state);
        for (int step = 0; step < steps && model.filled < KEYS - 1; step++)
            random_step(&dict, &model, &state);
        expect_model(dict, &model);
    }
}

static trv_object *numbered(int64_t first, int count, int64_t step)
{
    trv_object *dict = trv_dict_new();

    for (int i = 0; dict && i < count; i++) {
        trv_auto trv_object *key = trv_int_new(first + i * step);
        if (!key || trv_dict_set(dict, key, key) < 0)
            trv_clear(&dict);
    }
    return dict;
}

TEST(no_memory_for_an_index)
{
    trv_auto trv_object *packed = numbered(1000, 1000, 1), *other = numbered(1000, 1000, 2);
    trv_auto trv_object *copy = method(packed, "copy", "");

    ck_assert_uint_lt(trv_sizeof(packed), trv_sizeof(other) - 4000);
    ck_assert_uint_eq(trv_sizeof(packed), trv_sizeof(copy));
}

TEST(equal_keys_of_other_types)
{
    trv_auto trv_object *dict = numbered(0, 20, 1), *yes = trv_bool_new(1);
    trv_auto trv_object *half = trv_float_new(1.5), *far = trv_int_new((INT64_C(1) << 32) + 1);
    trv_auto trv_object *minus = trv_int_new(-1), *nineteen = trv_float_new(19);

    ck_assert_int_eq(get_number(dict, yes), 1);
    ck_assert_int_eq(get_number(dict, nineteen), 19);
    ck_assert_int_eq(trv_contains(dict, half), 0);
    ck_assert_int_eq(trv_contains(dict, far), 0);
    ck_assert_int_eq(trv_contains(dict, minus), 0);
    ck_assert_int_eq(trv_dict_remove(dict, nineteen), 0);
    ck_assert_int_eq(trv_dict_set(dict, nineteen, minus), 0);
    ck_assert_int_eq(trv_dict_set(dict, yes, minus), 0);
    ck_assert_int_eq(get_number(dict, yes), -1);
    expect_repr(method(dict, "popitem", ""), "(19.0, -1)");
}

/* A key whose hash is that of one in the dict; while they are compared the dict changes. */

static trv_object *victim;
static int change;

static int change_victim(void)
{
    trv_auto trv_object *five = trv_int_new(5), *next = trv_int_new(20), *text = trv_str_new("x");

    evil_hook = NULL;
    switch (change) {
    case 0:
        return trv_dict_clear(victim);
    case 1:
        return trv_dict_remove(victim, five);
    case 2:
        return trv_dict_set(victim, next, five);
    case 3:
        return trv_dict_set(victim, text, five);
    default:
        if (trv_dict_clear(victim) < 0)
            return -1;
        return trv_dict_set(victim, five, text);
    }
}

TEST(changed_during_a_comparison)
{
    evil_begin();
    for (change = 0; change < 5; change++)
        for (int count = 6; count <= 20; count += 14) {
            trv_auto trv_object *key = evil_new(5, 5);
            victim = numbered(0, count, 1);
            evil_hook = change_victim;
            ck_assert_int_eq(trv_contains(victim, key), 0);
            evil_hook = change_victim;
            ck_assert_int_eq(trv_dict_set(victim, key, key), 0);
            evil_hook = NULL;
            ck_assert_int_eq(trv_contains(victim, key), 1);
            trv_clear(&victim);
        }
    evil_end();
}

static trv_object *added;

static int add_the_same(void)
{
    evil_hook = NULL;
    ck_assert_int_eq(trv_dict_set(victim, added, added), 0);
    return 0;
}

/* The comparison with 5 puts the very key in that is looked for. */
TEST(the_same_key_is_added_during_a_comparison)
{
    size_t length = 0;

    evil_begin();
    added = evil_new(1000, 5);
    victim = numbered(0, 6, 1);
    evil_hook = add_the_same;
    ck_assert_int_eq(trv_dict_set(victim, added, added), 0);
    evil_hook = NULL;
    ck_assert_int_eq(trv_dict_len(victim, &length), 0);
    ck_assert_uint_eq(length, 7);
    trv_clear(&victim);
    trv_clear(&added);
    evil_end();
}

/* A dict that was packed, and a str that is not put in for want of memory. */
static trv_object *unpacked(trv_object *packed, trv_object *text)
{
    trv_object *dict = method(packed, "copy", "");
    trv_auto trv_object *pair = NULL;

    if (!dict || trv_dict_set(dict, text, text) == 0)
        return dict;
    ck_assert_int_eq(trv_equal(dict, packed), 1);
    trv_unref(dict);
    return NULL;
}

TEST(without_memory)
{
    trv_auto trv_object *packed = numbered(1000, 100, 1), *text = trv_str_new("text");

    EXHAUST(numbered(1000, 200, 1));
    EXHAUST(unpacked(packed, text));
}

TEST(sets)
{
    trv_auto trv_object *range = trv_range_new(10, 2000, 1), *odd = trv_range_new(11, 2000, 2);
    trv_auto trv_object *all = trv_set_from(range), *some = trv_set_from(odd);
    trv_auto trv_object *rest = trv_subtract(all, some), *both = trv_or(rest, some);
    trv_auto trv_object *common = trv_and(all, some);

    ck_assert_int_eq(trv_equal(both, all), 1);
    ck_assert_int_eq(trv_equal(common, some), 1);
    ck_assert_int_eq(trv_compare(some, all, TRV_LESS), 1);
    for (int64_t i = 1999, number; i >= 10; i--) {
        trv_auto trv_object *last = method(all, "pop", "");
        ck_assert_int_eq(trv_int_get(last, &number), 0);
        ck_assert_int_eq(number, i);
    }
    ck_assert_int_eq(trv_truth(all), 0);
}

TEST_LIST(RUN(as_a_plain_array_over_random_steps), RUN(no_memory_for_an_index),
          RUN(equal_keys_of_other_types), RUN(changed_during_a_comparison),
          RUN(the_same_key_is_added_during_a_comparison), RUN(without_memory), RUN(sets));
