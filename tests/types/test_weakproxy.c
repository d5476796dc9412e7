/* SPDX-License-Identifier: MIT */
/*
 * Weak proxies: what goes to the referent, what shows through, and how they end.
 */
#include "types/container.h"
#include "types/exhaust.h"

static const char gone[] = "weakly-referenced object no longer exists";

static trv_object *twice(const trv_args *args)
{
    trv_object *n;

    return trv_parse(args, "o", &n) < 0 ? NULL : trv_add(n, n);
}

TEST(operations_go_to_the_object)
{
    trv_auto trv_object *list = trv_build("[i i]", 1, 2);
    trv_auto trv_object *proxy = trv_weakref_proxy_new(list, NULL);
    trv_auto trv_object *three = trv_int_new(3);
    trv_auto trv_object *zero = trv_int_new(0);
    trv_auto trv_object *set = trv_set_from(list);
    trv_auto trv_object *set_proxy = trv_weakref_proxy_new(set, NULL);
    size_t length;

    ck_assert_int_eq(trv_refcount(list), 1);
    expect_repr(trv_or(set, set_proxy), "{1, 2}");
    expect_repr(trv_subtract(set_proxy, set_proxy), "set()");
    EXPECT_NONE(method(proxy, "append", "o", three));
    ck_assert_int_eq(trv_len(proxy, &length), 0);
    ck_assert_uint_eq(length, 3);
    expect_repr(trv_str(proxy), "'[1, 2, 3]'");
    expect_repr(trv_getitem(proxy, zero), "1");
    ck_assert_int_eq(trv_setitem(proxy, zero, three), 0);
    ck_assert_int_eq(trv_contains(proxy, three), 1);
    ck_assert_int_eq(trv_truth(proxy), 1);
    ck_assert_int_eq(trv_delitem(proxy, zero), 0);
    ck_assert_int_eq(trv_equal(proxy, list), 1);
    ck_assert_int_eq(trv_equal(proxy, proxy), 1);
    ck_assert_int_eq(trv_compare(list, proxy, TRV_LESS), 0);
    expect_repr(trv_add(proxy, list), "[2, 3, 2, 3]");
    expect_repr(trv_add(list, proxy), "[2, 3, 2, 3]");
    expect_repr(trv_iadd(proxy, list), "[2, 3, 2, 3]");
    expect_shown(list, "[2, 3, 2, 3]");
    expect_repr(trv_list_from(proxy), "[2, 3, 2, 3]");
    ck_assert_int_eq(trv_refcount(list), 1);
}

TEST(errors_name_the_type_of_the_object)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *proxy = trv_weakref_proxy_new(list, NULL);
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *item = NULL;
    int64_t hash;

    EXPECT_NULL(trv_add(proxy, one), trv_TypeError,
                "can only concatenate list (not \"int\") to list");
    EXPECT_NULL(trv_subtract(one, proxy), trv_TypeError,
                "unsupported operand type(s) for -: 'int' and 'list'");
    EXPECT_NULL(trv_negative(proxy), trv_TypeError, "bad operand type for unary -: 'list'");
    EXPECT_MINUS(trv_compare(proxy, one, TRV_LESS), trv_TypeError,
                 "'<' not supported between instances of 'list' and 'int'");
    EXPECT_NULL(trv_getattr(proxy, "nothing"), trv_AttributeError,
                "'list' object has no attribute 'nothing'");
    EXPECT_MINUS(trv_next(proxy, &item), trv_TypeError,
                 "Weakref proxy referenced a non-iterator 'list' object");
    EXPECT_MINUS(trv_hash(proxy, &hash), trv_TypeError, "unhashable type: 'weakref.ProxyType'");
    EXPECT_NULL(trv_call(proxy, ""), trv_TypeError, "'weakref.ProxyType' object is not callable");
}

TEST(a_dead_proxy_raises_reference_error)
{
    trv_object *list = trv_list_new();
    trv_auto trv_object *proxy = trv_weakref_proxy_new(list, NULL);
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *item = NULL;
    trv_auto trv_object *text = NULL;
    size_t length;

    trv_unref(list);
    EXPECT_NULL(trv_str(proxy), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_truth(proxy), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_equal(proxy, one), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_equal(one, proxy), trv_ReferenceError, gone);
    EXPECT_NULL(trv_add(proxy, one), trv_ReferenceError, gone);
    EXPECT_NULL(trv_add(one, proxy), trv_ReferenceError, gone);
    EXPECT_NULL(trv_invert(proxy), trv_ReferenceError, gone);
    EXPECT_NULL(trv_getattr(proxy, "append"), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_setattr(proxy, "append", one), trv_ReferenceError, gone);
    EXPECT_NULL(trv_getitem(proxy, one), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_setitem(proxy, one, one), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_contains(proxy, one), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_len(proxy, &length), trv_ReferenceError, gone);
    EXPECT_NULL(trv_iter(proxy), trv_ReferenceError, gone);
    EXPECT_MINUS(trv_next(proxy, &item), trv_ReferenceError, gone);
    text = trv_repr(proxy);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "to NoneType at"));
}

TEST(a_proxy_of_a_callable_can_be_called)
{
    trv_object *function = trv_function_new(twice, "twice(n)", NULL);
    trv_auto trv_object *proxy = trv_weakref_proxy_new(function, NULL);
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *other = trv_weakref_proxy_new(list, NULL);

    ck_assert_int_eq(trv_callable(proxy), 1);
    ck_assert_int_eq(trv_callable(other), 0);
    ck_assert_int_eq(trv_isinstance(proxy, trv_weakref_proxy_type), 1);
    expect_repr(trv_call(proxy, "i", 4), "8");
    trv_unref(function);
    EXPECT_NULL(trv_call(proxy, "i", 4), trv_ReferenceError, gone);
}

TEST(iterators_go_on_through_a_proxy)
{
    trv_auto trv_object *list = trv_build("[i]", 7);
    trv_auto trv_object *set = trv_set_from(list);
    trv_auto trv_object *proxy = trv_weakref_proxy_new(set, NULL);
    trv_auto trv_object *item = NULL;

    TRV_FOR(each, proxy)
        ck_assert_int_eq(trv_list_append(list, each), 0);
    ck_assert(!trv_error_occurred());
    expect_shown(list, "[7, 7]");
    ck_assert_int_eq(trv_next(proxy, &item), -1);
    expect_error(trv_TypeError, "Weakref proxy referenced a non-iterator 'set' object");
}

static trv_object *note(const trv_args *args)
{
    return trv_list_append(args->self, args->items[0]) < 0 ? NULL : trv_none_new();
}

TEST(callbacks_get_the_proxy)
{
    trv_object *list = trv_list_new();
    trv_auto trv_object *notes = trv_list_new();
    trv_auto trv_object *callback = trv_function_new(note, "note", notes);
    trv_auto trv_object *proxy = trv_weakref_proxy_new(list, callback);
    trv_auto trv_object *noted = NULL;

    trv_unref(list);
    noted = trv_list_get(notes, 0);
    ck_assert_ptr_eq(noted, proxy);
    ck_assert_int_eq(trv_list_clear(notes), 0);
}

TEST(weak_references_can_be_listed)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *callback = trv_function_new(note, "note", list);
    trv_auto trv_object *plain = trv_weakref_new(list, NULL);
    trv_auto trv_object *called = trv_weakref_new(list, callback);
    trv_object *proxy = trv_weakref_proxy_new(list, NULL);
    trv_object *same = trv_weakref_proxy_new(list, NULL);
    trv_auto trv_object *all = trv_weakref_list(list);
    trv_auto trv_object *none = trv_weakref_list(callback);
    size_t length;

    ck_assert_ptr_eq(proxy, same);
    ck_assert_ptr_ne(plain, proxy);
    ck_assert_uint_eq(trv_weakref_count(list), 3);
    ck_assert_int_eq(trv_list_len(all, &length), 0);
    ck_assert_uint_eq(length, 3);
    ck_assert_uint_eq(trv_weakref_count(callback), 0);
    expect_shown(none, "[]");
    ck_assert_int_eq(trv_list_clear(all), 0);
    trv_unref(proxy);
    trv_unref(same);
    ck_assert_uint_eq(trv_weakref_count(list), 2);
    ck_assert_uint_eq(trv_weakref_count(NULL), 0);
    expect_repr(trv_getattr(plain, "__callback__"), "None");
    expect_repr(trv_getattr(called, "__callback__"), "<function note>");
}

TEST(not_everything_has_a_proxy)
{
    EXPECT_NULL(trv_weakref_proxy_new(trv_none_new(), NULL), trv_TypeError,
                "cannot create weak reference to 'NoneType' object");
    EXPECT_NULL(trv_weakref_proxy_new(NULL, NULL), trv_SystemError,
                "trv_weakref_proxy_new was given NULL, and no exception is pending");
    EXPECT_NULL(trv_weakref_list(NULL), trv_SystemError,
                "trv_weakref_list was given NULL, and no exception is pending");
}

TEST(memory_may_run_out)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *weakref = trv_weakref_new(list, NULL);

    EXHAUST(trv_weakref_proxy_new(list, NULL));
    EXHAUST(trv_weakref_list(list));
}

TEST_LIST(RUN(operations_go_to_the_object), RUN(errors_name_the_type_of_the_object),
          RUN(a_dead_proxy_raises_reference_error), RUN(a_proxy_of_a_callable_can_be_called),
          RUN(iterators_go_on_through_a_proxy), RUN(callbacks_get_the_proxy),
          RUN(weak_references_can_be_listed), RUN(not_everything_has_a_proxy),
          RUN(memory_may_run_out))
