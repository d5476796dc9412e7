/* SPDX-License-Identifier: MIT */
/*
 * WeakSet, WeakKeyDictionary, WeakValueDictionary: what Python's do; ends in the middle of walks,
 * lookups and collections; and containers that end before or with what is in them.
 */
#include "types/container.h"
#include "types/exhaust.h"

static size_t length_of(trv_object *container)
{
    size_t length = SIZE_MAX;

    ck_assert_int_eq(trv_len(container, &length), 0);
    return length;
}

/* Numbers from 0 on, in a list that keeps them alive. */
static trv_object *numbers(int count)
{
    trv_object *list = trv_list_new();

    for (int i = 0; i < count; i++) {
        trv_auto trv_object *number = evil_new(i, i);
        ck_assert_int_eq(trv_list_append(list, number), 0);
    }
    return list;
}

/* What an iterable gives, which is dropped. */
static void expect_all(trv_object *iterable, const char *text)
{
    trv_auto trv_object *own = iterable;

    expect_repr(trv_list_from(own), text);
}

TEST(items_leave_a_set_when_they_end)
{
    trv_object *a, *b;
    trv_auto trv_object *set = trv_weak_set_new(NULL);

    evil_begin();
    a = evil_new(1, 1);
    b = evil_new(2, 2);
    ck_assert_int_eq(trv_weak_set_add(set, a), 0);
    ck_assert_int_eq(trv_weak_set_add(set, a), 0);
    ck_assert_int_eq(trv_weak_set_add(set, b), 0);
    ck_assert_uint_eq(length_of(set), 2);
    ck_assert_int_eq(trv_contains(set, a), 1);
    trv_unref(a);
    ck_assert_uint_eq(length_of(set), 1);
    expect_repr(trv_list_from(set), "[e2]");
    ck_assert_int_eq(trv_weak_set_discard(set, b), 1);
    ck_assert_int_eq(trv_weak_set_discard(set, b), 0);
    ck_assert_uint_eq(length_of(set), 0);
    ck_assert_int_eq(trv_truth(set), 0);
    trv_unref(b);
    evil_end();
}

TEST(what_has_no_weak_reference_is_in_no_set)
{
    trv_auto trv_object *set = trv_weak_set_new(NULL);
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *list = trv_list_new();

    ck_assert_int_eq(trv_contains(set, one), 0);
    EXPECT_MINUS(trv_weak_set_add(set, one), trv_TypeError,
                 "cannot create weak reference to 'int' object");
    EXPECT_MINUS(trv_weak_set_add(set, list), trv_TypeError, "unhashable type: 'list'");
    EXPECT_MINUS(trv_weak_set_add(list, list), trv_TypeError,
                 "trv_weak_set_add needs a WeakSet, not list");
    EXPECT_NULL(method(set, "pop", ""), trv_KeyError, "'pop from empty WeakSet'");
}

TEST(sets_have_the_operations_of_sets)
{
    trv_object *list, *set, *other, *made;

    evil_begin();
    list = numbers(4);
    set = trv_weak_set_new(list);
    other = trv_weak_set_new(NULL);
    for (int i = 2; i < 4; i++) {
        trv_auto trv_object *number = trv_list_get(list, i);
        ck_assert_int_eq(trv_weak_set_add(other, number), 0);
    }
    expect_repr(trv_list_from((made = trv_subtract(set, other))), "[e0, e1]");
    ck_assert_int_eq(trv_isinstance(made, trv_weak_set_type), 1);
    trv_unref(made);
    expect_repr(trv_list_from((made = method(set, "intersection", "o", other))), "[e2, e3]");
    ck_assert_int_eq(trv_equal(made, other), 1);
    ck_assert_int_eq(trv_compare(other, set, TRV_LESS), 1);
    ck_assert_int_eq(trv_equal(made, list), 0);
    trv_unref(made);
    expect_repr(method(other, "issubset", "o", list), "True");
    expect_repr(method(set, "issuperset", "o", other), "True");
    expect_repr(method(set, "isdisjoint", "o", other), "False");
    EXPECT_NONE(method(set, "difference_update", "o", other));
    expect_repr(trv_list_from(set), "[e0, e1]");
    expect_repr(trv_list_from((made = trv_or(set, other))), "[e0, e1, e2, e3]");
    trv_unref(made);
    EXPECT_NONE(method(set, "symmetric_difference_update", "o", list));
    expect_repr(trv_list_from(set), "[e2, e3]");
    expect_all(trv_iand(set, list), "[e2, e3]");
    expect_all(trv_isubtract(set, list), "[]");
    expect_all(trv_ior(set, list), "[e0, e1, e2, e3]");
    ck_assert_uint_eq(length_of(set), 4);
    EXPECT_NONE(method(set, "clear", ""));
    EXPECT_NONE(method(set, "update", "o", list));
    expect_repr(method(set, "pop", ""), "e3");
    EXPECT_NONE(method(set, "remove", "o", (made = trv_list_get(list, 0))));
    trv_unref(made);
    ck_assert_uint_eq(length_of(set), 2);
    trv_unref(list);
    ck_assert_uint_eq(length_of(set), 0);
    ck_assert_uint_eq(length_of(other), 0);
    trv_unref(set);
    trv_unref(other);
    evil_end();
}

TEST(items_may_end_while_one_iterates)
{
    trv_object *list, *set, *iterator, *item = NULL;

    evil_begin();
    list = numbers(10);
    set = trv_weak_set_new(list);
    iterator = trv_iter(set);
    ck_assert_int_eq(trv_next(iterator, &item), 1);
    expect_repr(item, "e0");
    ck_assert_int_eq(trv_list_clear(list), 0);
    ck_assert_uint_eq(length_of(set), 0);
    ck_assert_int_eq(trv_next(iterator, &item), 0);
    trv_unref(iterator);
    ck_assert_uint_eq(length_of(set), 0);
    expect_repr(trv_repr(set), "'set()'");
    trv_unref(list);
    trv_unref(set);
    evil_end();
}

TEST(adding_while_one_iterates_is_an_error)
{
    trv_object *list, *set, *iterator, *item = NULL, *more;

    evil_begin();
    list = numbers(3);
    set = trv_weak_set_new(list);
    iterator = trv_iter(set);
    ck_assert_int_eq(trv_next(iterator, &item), 1);
    trv_unref(item);
    more = evil_new(7, 7);
    ck_assert_int_eq(trv_weak_set_add(set, more), 0);
    EXPECT_MINUS(trv_next(iterator, &item), trv_RuntimeError, "Set changed size during iteration");
    ck_assert_int_eq(trv_next(iterator, &item), 0);
    trv_unref(more);
    trv_unref(list);
    ck_assert_uint_eq(length_of(set), 0);
    trv_unref(iterator);
    trv_unref(set);
    evil_end();
}

TEST(entries_leave_a_dict_with_their_keys)
{
    trv_object *key, *value;
    trv_auto trv_object *dict = trv_weak_key_dict_new();

    evil_begin();
    key = evil_new(1, 1);
    value = evil_new(5, 5);
    ck_assert_int_eq(trv_setitem(dict, key, value), 0);
    ck_assert_int_eq(trv_refcount(value), 2);
    expect_repr(trv_getitem(dict, key), "e5");
    expect_repr(method(dict, "get", "o", key), "e5");
    expect_repr(method(dict, "get", "oi", value, 3), "3");
    ck_assert_int_eq(trv_contains(dict, key), 1);
    ck_assert_int_eq(trv_contains(dict, value), 0);
    ck_assert_int_eq(trv_contains(dict, trv_none_new()), 0);
    EXPECT_MINUS(trv_setitem(dict, trv_none_new(), value), trv_TypeError,
                 "cannot create weak reference to 'NoneType' object");
    expect_all(method(dict, "items", ""), "[(e1, e5)]");
    trv_unref(key);
    ck_assert_uint_eq(length_of(dict), 0);
    ck_assert_int_eq(trv_refcount(value), 1);
    trv_unref(value);
    evil_end();
}

TEST(entries_leave_a_dict_with_their_values)
{
    trv_object *value, *other;
    trv_auto trv_object *dict = trv_weak_value_dict_new();
    trv_auto trv_object *key = trv_str_new("key");

    evil_begin();
    value = evil_new(5, 5);
    other = evil_new(6, 6);
    ck_assert_int_eq(trv_setitem(dict, key, value), 0);
    expect_repr(trv_getitem(dict, key), "e5");
    expect_all(method(dict, "items", ""), "[('key', e5)]");
    expect_repr(method(dict, "pop", "o", key), "e5");
    EXPECT_NULL(trv_getitem(dict, key), trv_KeyError, "'key'");
    EXPECT_NULL(method(dict, "pop", "o", key), trv_KeyError, "'key'");
    expect_repr(method(dict, "pop", "oi", key, 4), "4");
    expect_repr(method(dict, "setdefault", "oo", key, value), "e5");
    ck_assert_int_eq(trv_setitem(dict, key, other), 0);
    trv_unref(value); /* another value stands there now, and stays */
    expect_repr(trv_getitem(dict, key), "e6");
    ck_assert_int_eq(trv_delitem(dict, key), 0);
    EXPECT_MINUS(trv_delitem(dict, key), trv_KeyError, "'key'");
    ck_assert_int_eq(trv_setitem(dict, key, other), 0);
    trv_unref(other);
    ck_assert_int_eq(trv_contains(dict, key), 0);
    EXPECT_NULL(method(dict, "popitem", ""), trv_KeyError, "'popitem(): dictionary is empty'");
    ck_assert_uint_eq(length_of(dict), 0);
    evil_end();
}

TEST(dicts_are_copied_merged_and_compared)
{
    trv_object *list, *values, *copy, *merged;

    evil_begin();
    list = numbers(2);
    values = trv_weak_value_dict_new();
    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *item = trv_list_get(list, i);
        trv_auto trv_object *name = trv_str_printf("n%d", i);
        ck_assert_int_eq(trv_setitem(values, name, item), 0);
    }
    copy = method(values, "copy", "");
    ck_assert_int_eq(trv_equal(copy, values), 1);
    expect_repr(trv_list_from((merged = method(values, "keys", ""))), "['n0', 'n1']");
    trv_unref(merged);
    expect_repr(trv_list_from((merged = method(values, "values", ""))), "[e0, e1]");
    trv_unref(merged);
    merged = trv_or(values, copy);
    ck_assert_int_eq(trv_isinstance(merged, trv_weak_value_dict_type), 1);
    ck_assert_uint_eq(length_of(merged), 2);
    trv_unref(list);
    ck_assert_uint_eq(length_of(merged), 0);
    ck_assert_int_eq(trv_equal(copy, values), 1);
    trv_unref(values);
    trv_unref(copy);
    trv_unref(merged);
    evil_end();
}

TEST(weak_references_of_entries_can_be_had)
{
    trv_object *value, *references, *reference, *iterator;
    trv_auto trv_object *dict = trv_weak_value_dict_new();
    trv_auto trv_object *key = trv_str_new("key");

    evil_begin();
    value = evil_new(5, 5);
    ck_assert_int_eq(trv_setitem(dict, key, value), 0);
    references = method(dict, "valuerefs", "");
    reference = trv_list_get(references, 0);
    expect_repr(trv_weakref_get(reference), "e5");
    iterator = method(dict, "itervaluerefs", "");
    trv_unref(references);
    ck_assert_int_eq(trv_next(iterator, &references), 1);
    ck_assert_ptr_eq(references, reference);
    trv_unref(references);
    trv_unref(iterator);
    trv_unref(value);
    expect_repr(trv_weakref_get(reference), "None");
    trv_unref(reference);
    ck_assert_uint_eq(length_of(dict), 0);
    evil_end();
}

static trv_object *victim;

static int drop_victim(void)
{
    trv_clear(&victim);
    return 0;
}

/* The comparison that a lookup makes ends another entry of the same set. */
TEST(items_may_end_within_a_lookup)
{
    trv_object *set, *a, *wanted;

    evil_begin();
    set = trv_weak_set_new(NULL);
    a = evil_new(1, 9);
    victim = evil_new(2, 9);
    wanted = evil_new(3, 9);
    ck_assert_int_eq(trv_weak_set_add(set, a), 0);
    ck_assert_int_eq(trv_weak_set_add(set, victim), 0);
    evil_hook = drop_victim;
    ck_assert_int_eq(trv_contains(set, wanted), 0);
    evil_hook = NULL;
    ck_assert_uint_eq(length_of(set), 1);
    trv_unref(a);
    trv_unref(wanted);
    trv_unref(set);
    evil_end();
}

/* A value that refers to its dict, and dicts in cycles, are found by the collector. */
TEST(containers_in_cycles_are_collected)
{
    trv_object *dict = trv_weak_key_dict_new(), *set = trv_weak_set_new(NULL), *key;
    trv_auto trv_object *observer = trv_weakref_new(dict, NULL);

    evil_begin();
    key = evil_new(1, 1);
    ck_assert_int_eq(trv_setitem(dict, key, dict), 0);
    ck_assert_int_eq(trv_weak_set_add(set, key), 0);
    trv_unref(dict);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    expect_repr(trv_weakref_get(observer), "None");
    trv_unref(set);
    trv_unref(key); /* nobody is left to be told */
    evil_end();
}

TEST(memory_may_run_out)
{
    trv_object *list, *set, *dict, *key;

    evil_begin();
    list = numbers(2);
    set = trv_weak_set_new(list);
    key = trv_list_get(list, 0);
    dict = trv_weak_key_dict_new();
    ck_assert_int_eq(trv_setitem(dict, key, set), 0);
    EXHAUST(trv_weak_set_new(list));
    EXHAUST(trv_weak_value_dict_new());
    EXHAUST(trv_or(set, set));
    EXHAUST(trv_list_from(set));
    EXHAUST(method(dict, "copy", ""));
    EXHAUST(method(dict, "items", ""));
    EXHAUST(trv_getitem(dict, key));
    EXHAUST(trv_setitem(dict, key, set) < 0 ? NULL : trv_none_new());
    ck_assert_uint_eq(length_of(dict), 1);
    trv_unref(dict);
    trv_unref(set);
    trv_unref(list);
    trv_unref(key);
    evil_end();
}

TEST_LIST(RUN(items_leave_a_set_when_they_end), RUN(what_has_no_weak_reference_is_in_no_set),
          RUN(sets_have_the_operations_of_sets), RUN(items_may_end_while_one_iterates),
          RUN(adding_while_one_iterates_is_an_error), RUN(entries_leave_a_dict_with_their_keys),
          RUN(entries_leave_a_dict_with_their_values), RUN(dicts_are_copied_merged_and_compared),
          RUN(weak_references_of_entries_can_be_had), RUN(items_may_end_within_a_lookup),
          RUN(containers_in_cycles_are_collected), RUN(memory_may_run_out))
