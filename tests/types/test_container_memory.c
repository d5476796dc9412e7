/* SPDX-License-Identifier: MIT */
/*
 * Containers without memory: each way through them is walked once for every allocation on it, with
 * that one failing. It must give MemoryError, leave nothing behind, and leave the containers it
 * worked on as whole as they were.
 */
#include "types/container.h"
#include "types/exhaust.h"

/* Keys of which some must be made, so that there are enough for an index. */
static trv_object *filled_dict(int count)
{
    trv_object *dict = trv_dict_new();

    for (int i = 0; dict && i < count; i++) {
        trv_auto trv_object *key = trv_int_new(1000 + i * 3);
        if (trv_dict_set(dict, key, key) < 0)
            trv_clear(&dict);
    }
    return dict;
}

static trv_object *filled_list(int count)
{
    trv_object *list = trv_list_new();

    for (int i = 0; list && i < count; i++) {
        trv_auto trv_object *item = trv_int_new(1000 + i * 37 % count);
        if (trv_list_append(list, item) < 0)
            trv_clear(&list);
    }
    return list;
}

static trv_object *filled_set(int count)
{
    trv_auto trv_object *range = trv_range_new(1000, 1000 + count, 1);

    return trv_set_from(range);
}

TEST(making)
{
    trv_auto trv_object *range = trv_range_new(0, 300, 1), *list = filled_list(5);
    trv_auto trv_object *dict = filled_dict(40), *set = filled_set(40);
    trv_auto trv_object *pairs = trv_dict_items(dict);

    EXHAUST(filled_dict(130));
    EXHAUST(filled_list(200));
    EXHAUST(filled_set(130));
    EXHAUST(trv_tuple_from(range));
    EXHAUST(trv_tuple_from(set));
    EXHAUST(trv_list_from(list));
    EXHAUST(trv_list_from(dict));
    EXHAUST(trv_call(trv_dict_type, "o", pairs));
    EXHAUST(trv_call(trv_dict_type, "o", dict));
    EXHAUST(trv_call(trv_set_type, "o", list));
    EXHAUST(trv_call(trv_range_type, "iii", 1, 2, 3));
    EXHAUST(trv_dict_keys(dict));
    EXHAUST(trv_dict_values(dict));
    EXHAUST(trv_dict_items(dict));
}

TEST(operators)
{
    trv_auto trv_object *a = filled_list(20), *b = filled_dict(20), *c = filled_set(50);
    trv_auto trv_object *d = filled_set(20), *more = filled_dict(200), *three = trv_int_new(3);
    trv_auto trv_object *tuple = trv_tuple_from(a);

    EXHAUST(trv_add(a, a));
    EXHAUST(trv_add(tuple, tuple));
    EXHAUST(trv_multiply(a, three));
    EXHAUST(trv_multiply(tuple, three));
    EXHAUST(trv_or(b, more));
    EXHAUST(trv_or(c, d));
    EXHAUST(trv_and(c, d));
    EXHAUST(trv_subtract(c, d));
    EXHAUST(trv_xor(c, d));
    EXHAUST(method(c, "union", "oo", a, d));
    EXHAUST(method(c, "isdisjoint", "o", a));
}

TEST(reprs)
{
    trv_auto trv_object *list = filled_list(60), *dict = filled_dict(60), *set = filled_set(60);
    trv_auto trv_object *tuple = trv_build("(ooo)", list, dict, set);
    trv_auto trv_object *range = trv_range_new(1, 2, 3);

    EXHAUST(trv_repr(tuple));
    EXHAUST(trv_repr(range));
}

static trv_object *done(int status)
{
    return status < 0 ? NULL : trv_none_new();
}

static trv_object *sort(trv_object *list, trv_object *key)
{
    trv_auto trv_object *copy = trv_list_from(list);

    return copy && trv_list_sort(copy, key, 0) == 0 ? trv_steal(&copy) : NULL;
}

TRV_STATIC_FUNCTION(minus, "minus(n): -n")
{
    return trv_negative(args->items[0]);
}

TEST(sorting)
{
    trv_auto trv_object *list = filled_list(150);

    EXHAUST(sort(list, NULL));
    EXHAUST(sort(list, minus));
}

/* A sort that fails for want of memory leaves the list a permutation of itself. */
TEST(a_sort_that_fails_loses_nothing)
{
    trv_auto trv_object *list = filled_list(150), *set = trv_set_from(list);

    for (uint64_t nth = 1; nth < 200; nth++) {
        trv_auto trv_object *again = NULL;
        trv__fault_arm(nth);
        if (trv_list_sort(list, minus, 0) < 0)
            ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
        trv__fault_arm(0);
        trv_error_clear();
        again = trv_set_from(list);
        ck_assert_int_eq(trv_equal(again, set), 1);
    }
}

/* Growing a dict fails at each of its sizes; what was in it stays, and the key can be set later. */
TEST(a_dict_that_cannot_grow_stays_whole)
{
    trv_auto trv_object *dict = trv_dict_new();

    for (int i = 0; i < 500; i++) {
        trv_auto trv_object *key = trv_int_new(1000 + i);
        for (uint64_t nth = 1; nth <= 3; nth++) {
            size_t length;
            trv__fault_arm(nth);
            if (trv_dict_set(dict, key, key) < 0) {
                ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
                trv_error_clear();
                ck_assert_int_eq(trv_contains(dict, key), 0);
                ck_assert_int_eq(trv_dict_len(dict, &length), 0);
                ck_assert_uint_eq(length, (size_t)i);
            }
            trv__fault_arm(0);
        }
        ck_assert_int_eq(trv_dict_set(dict, key, key), 0);
        for (int k = 0; k <= i; k += 1 + i / 10) {
            trv_auto trv_object *old = trv_int_new(1000 + k);
            ck_assert_int_eq(trv_contains(dict, old), 1);
        }
    }
}

TEST(a_list_that_cannot_grow_stays_whole)
{
    trv_auto trv_object *list = trv_list_new(), *other = filled_list(30);

    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *item = trv_int_new(i), *again = NULL;
        size_t length;
        trv__fault_arm(1);
        again = done(i % 2 ? trv_list_insert(list, i / 2, item) : trv_list_append(list, item));
        trv__fault_arm(0);
        if (!again) {
            ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
            trv_error_clear();
            ck_assert_int_eq(trv_list_append(list, item), 0);
        }
        ck_assert_int_eq(trv_list_len(list, &length), 0);
        ck_assert_uint_eq(length, (size_t)i + 1);
    }
    EXHAUST(method(other, "copy", ""));
}

/* What an operator in place makes of a copy; a list that could not be repeated keeps its items. */
static trv_object *in_place(trv_object *(*op)(trv_object *, trv_object *), trv_object *a,
                            trv_object *b)
{
    trv_auto trv_object *copy = trv_copy(a);
    trv_object *result = copy ? op(copy, b) : NULL;

    if (result)
        ck_assert_ptr_eq(result, copy);
    else if (copy)
        ck_assert(trv_error_occurred());
    return result;
}

TEST(operators_in_place)
{
    trv_auto trv_object *list = filled_list(9), *more = trv_range_new(1000, 1020, 1);
    trv_auto trv_object *dict = filled_dict(9), *other_dict = filled_dict(40);
    trv_auto trv_object *set = filled_set(9), *other_set = filled_set(40);
    trv_auto trv_object *three = trv_int_new(3);

    EXHAUST(in_place(trv_iadd, list, list));
    EXHAUST(in_place(trv_iadd, list, more));
    EXHAUST(in_place(trv_imultiply, list, three));
    EXHAUST(in_place(trv_ior, dict, other_dict));
    EXHAUST(in_place(trv_ior, set, other_set));
    EXHAUST(in_place(trv_iand, set, other_set));
    EXHAUST(in_place(trv_isubtract, set, other_set));
    EXHAUST(in_place(trv_ixor, set, other_set));
    EXHAUST(trv_divmod(three, three));
}

/* Taking out needs no memory. */
TEST(taking_out_cannot_fail)
{
    trv_auto trv_object *list = filled_list(200), *dict = filled_dict(200), *set = filled_set(200);

    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *item = NULL, *value = NULL;
        trv_auto trv_object *key = trv_int_new(1000 + i * 3), *member = trv_int_new(1000 + i);
        trv__fault_arm(1);
        item = trv_list_pop(list, -1);
        value = trv_dict_pop(dict, key);
        ck_assert_int_eq(trv_set_remove(set, member), 0);
        trv__fault_arm(0);
        ck_assert(item && value);
    }
}

TEST_LIST(RUN(making), RUN(operators), RUN(operators_in_place), RUN(reprs), RUN(sorting),
          RUN(a_sort_that_fails_loses_nothing), RUN(a_dict_that_cannot_grow_stays_whole),
          RUN(a_list_that_cannot_grow_stays_whole), RUN(taking_out_cannot_fail))
