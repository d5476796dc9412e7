/* SPDX-License-Identifier: MIT */
/*
 * Views of dicts and frozensets without memory, in cycles, and with dicts that change under them. What they
 * give is compared with Python's in tests/differential/table.
 */
#include "types/container.h"
#include "types/exhaust.h"

static trv_object *make_dict(void)
{
    return trv_build("{i:i i:i i:i}", 1, 2, 3, 4, 5, 6);
}

TEST(a_view_is_live)
{
    trv_auto trv_object *dict = make_dict(), *keys = trv_dict_keys(dict);
    trv_auto trv_object *seven = trv_int_new(7);

    ck_assert_int_eq(trv_dict_set(dict, seven, seven), 0);
    expect_shown(keys, "dict_keys([1, 3, 5, 7])");
    ck_assert_int_eq(trv_dict_clear(dict), 0);
    expect_shown(keys, "dict_keys([])");
    EXPECT_NULL(trv_dict_keys(seven), trv_TypeError, "trv_dict_keys needs a dict, not int");
    EXPECT_NULL(trv_dict_values(seven), trv_TypeError, "trv_dict_values needs a dict, not int");
    EXPECT_NULL(trv_dict_items(seven), trv_TypeError, "trv_dict_items needs a dict, not int");
}

TEST(without_memory)
{
    trv_auto trv_object *dict = make_dict(), *keys = trv_dict_keys(dict);
    trv_auto trv_object *items = trv_dict_items(dict), *range = trv_range_new(1000, 1020, 1);
    trv_auto trv_object *frozen = trv_frozenset_from(range), *set = trv_set_from(range);

    EXHAUST(trv_dict_keys(dict));
    EXHAUST(trv_list_from(items));
    EXHAUST(trv_iter(items));
    EXHAUST(method(items, "__reversed__", ""));
    EXHAUST(trv_repr(items));
    EXHAUST(trv_and(keys, range));
    EXHAUST(trv_or(range, items));
    EXHAUST(trv_subtract(items, range));
    EXHAUST(trv_frozenset_from(range));
    EXHAUST(trv_frozenset_from(set));
    EXHAUST(trv_or(frozen, set));
    EXHAUST(trv_and(frozen, set));
    EXHAUST(method(frozen, "union", "o", keys));
    EXHAUST(trv_deepcopy(frozen));
    EXHAUST(trv_repr(frozen));
}

/* Comparing an item of the view takes the dict apart. */
static trv_object *victim;

static int clear_victim(void)
{
    return trv_dict_clear(victim);
}

TEST(the_dict_changes_while_items_are_compared)
{
    trv_auto trv_object *dict = trv_dict_new(), *items = NULL, *others = NULL, *pair = NULL;
    trv_object *evil, *other;

    evil_begin();
    evil = evil_new(1, 7);
    other = evil_new(2, 7);
    ck_assert_int_eq(trv_dict_set(dict, evil, evil), 0);
    items = trv_dict_items(dict);
    pair = trv_build("(oo)", other, other);
    victim = dict;
    evil_hook = clear_victim;
    ck_assert_int_eq(trv_contains(items, pair), 0);
    evil_hook = NULL;
    expect_shown(items, "dict_items([])");
    trv_unref(evil);
    trv_unref(other);
    trv_clear(&pair);
    evil_end();
}

TEST(cycles_are_found)
{
    trv_auto trv_object *dict = trv_dict_new(), *values = trv_dict_values(dict);
    size_t found;

    ck_assert_int_eq(trv_dict_set_str(dict, "me", values), 0);
    trv_clear(&values);
    trv_clear(&dict);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

/* Proxies ---------------------------------------------------------------------------------------- */

TEST(a_proxy_shows_and_changes_nothing)
{
    trv_auto trv_object *dict = trv_build("{s:i}", "a", 1), *two = trv_int_new(2), *value = NULL;
    trv_auto trv_object *proxy = trv_mappingproxy_new(dict), *key = trv_str_new("a");
    size_t length;

    ck_assert_int_eq(trv_dict_set_str(dict, "b", two), 0);
    ck_assert_int_eq(trv_len(proxy, &length), 0);
    ck_assert_uint_eq(length, 2);
    value = trv_getitem(proxy, key);
    expect_repr(trv_ref(value), "1");
    expect_repr(trv_ref(proxy), "mappingproxy({'a': 1, 'b': 2})");
    EXPECT_MINUS(trv_setitem(proxy, key, two), trv_TypeError,
                 "'mappingproxy' object does not support item assignment");
    EXPECT_NULL(trv_mappingproxy_new(two), trv_TypeError,
                "mappingproxy() argument must be a mapping, not int");
    EXHAUST(trv_mappingproxy_new(dict));
    EXHAUST(trv_repr(proxy));
    EXHAUST(trv_or(proxy, dict));
    EXHAUST(trv_or(proxy, proxy));
    EXHAUST(trv_call_method(proxy, "get", "oi", key, 5));
}

TEST(a_proxy_of_a_class_follows_it)
{
    trv_auto trv_object *class = trv_class_new("Box", NULL, NULL), *seven = trv_int_new(7);
    trv_auto trv_object *space = trv_vars(class), *got = NULL;

    ck_assert_int_eq(trv_setattr(class, "seven", seven), 0);
    got = trv_call_method(space, "get", "s", "seven");
    ck_assert_ptr_eq(got, seven);
    ck_assert_int_eq(trv_setattr(class, "space", space), 0); /* a cycle */
    EXHAUST(trv_vars(class));
}

TEST(proxies_nested_beyond_the_stack)
{
    trv_auto trv_object *proxy = trv_dict_new();
    trv_object *outer;
    size_t length;

    for (int i = 0; i < 200000; i++) {
        outer = trv_mappingproxy_new(proxy);
        ck_assert_ptr_nonnull(outer);
        trv_unref(proxy);
        proxy = outer;
    }
    EXPECT_MINUS(trv_len(proxy, &length), trv_RecursionError,
                 "maximum recursion depth exceeded in a mappingproxy");
}

TEST(a_frozenset_can_be_a_key_and_keeps_its_hash)
{
    trv_auto trv_object *range = trv_range_new(0, 5, 1), *a = trv_frozenset_from(range);
    trv_auto trv_object *set = trv_set_from(range), *b = trv_frozenset_from(set);
    trv_auto trv_object *dict = trv_dict_new(), *value = NULL, *deep = trv_deepcopy(a);
    size_t length;

    ck_assert_int_eq(trv_dict_set(dict, a, range), 0);
    ck_assert_int_eq(trv_dict_get(dict, b, &value), 1);
    ck_assert_ptr_eq(value, range);
    ck_assert_int_eq(trv_equal(deep, a), 1);
    ck_assert_int_eq(trv_frozenset_len(a, &length), 0);
    ck_assert_uint_eq(length, 5);
    EXPECT_MINUS(trv_set_add(a, range), trv_TypeError, "trv_set_add needs a set, not frozenset");
    EXPECT_MINUS(trv_frozenset_len(set, &length), trv_TypeError,
                 "trv_frozenset_len needs a frozenset, not set");
}

TEST_LIST(RUN(a_view_is_live), RUN(without_memory), RUN(the_dict_changes_while_items_are_compared),
          RUN(cycles_are_found), RUN(a_proxy_shows_and_changes_nothing),
          RUN(a_proxy_of_a_class_follows_it), RUN(proxies_nested_beyond_the_stack),
          RUN(a_frozenset_can_be_a_key_and_keeps_its_hash))
