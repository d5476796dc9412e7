/* SPDX-License-Identifier: MIT */
/*
 * Calls: arguments by position and by keyword, closures, what goes wrong and what is said then.
 */
#include "object/expect.h"

TRV_STATIC_FUNCTION(square, "square(n): n * n")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return trv_int_new(n * n);
}

/* Returns what it got as a tuple: (a, b or -1, c or -1, how many, keywords or None). */
TRV_STATIC_FUNCTION(three, "three(a, b=, c=)")
{
    int64_t a, b = -1, c = -1;

    if (trv_parse(args, "l|ll", &a, &b, &c) < 0)
        return NULL;
    return trv_build("(lllz)", a, b, c, args->count);
}

/* Never parses: gives back what came. */
TRV_STATIC_FUNCTION(raw, "raw(a, *rest, key=, **options)")
{
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; i < args->count; i++)
        if (trv_list_append(list, args->items[i]) < 0)
            return NULL;
    if (!args->keywords)
        return trv_steal(&list);
    return trv_build("(oo)", list, args->keywords);
}

TRV_STATIC_FUNCTION(needs_key, "needs_key(*, key)")
{
    return trv_build("o", args->keywords);
}

TRV_STATIC_FUNCTION(plain, "plain: no signature")
{
    return trv_build("(zb)", args->count, args->keywords != NULL);
}

TRV_STATIC_FUNCTION(returns_null, "returns_null()")
{
    return NULL;
}

TRV_STATIC_FUNCTION(returns_with_error, "returns_with_error()")
{
    trv_raise(trv_ValueError, "left behind");
    return trv_none_new();
}

TRV_STATIC_FUNCTION(fails, "fails()")
{
    return trv_raise(trv_ValueError, "on purpose");
}

TRV_STATIC_FUNCTION(recurse, "recurse(n): calls itself for ever")
{
    return trv_call_array(recurse, args->items, args->count, NULL);
}

TEST(positions)
{
    trv_auto trv_object *seven = trv_int_new(7);

    expect_repr(trv_call(square, "i", 9), "81");
    expect_repr(trv_call(square, "(i)", 9), "81");
    expect_repr(trv_call_array(square, &seven, 1, NULL), "49");
    expect_repr(trv_call(three, "i", 1), "(1, -1, -1, 1)");
    expect_repr(trv_call(three, "ii i", 1, 2, 3), "(1, 2, 3, 3)");
    expect_repr(trv_call(raw, ""), "[]");
    expect_repr(trv_call(raw, NULL), "[]");
    expect_repr(trv_call(raw, "()"), "[]");
    expect_repr(trv_call(raw, "(i)(i)", 1, 2), "[(1,), (2,)]");
    expect_repr(trv_call(raw, "((i)i)", 1, 2), "[(1,), 2]");
    expect_repr(trv_call(raw, "[i]{s:i}", 1, "k", 2), "[[1], {'k': 2}]");
}

TEST(more_arguments_than_fit_inline)
{
    expect_repr(trv_call(raw, "iiiiiiiiiiiiiiiiii", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
                         15, 16, 17, 18),
                "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]");
}

TEST(counts_are_checked)
{
    EXPECT_NULL(trv_call(square, ""), trv_TypeError,
                "square() missing 1 required positional argument: 'n'");
    EXPECT_NULL(trv_call(square, "ii", 1, 2), trv_TypeError,
                "square() takes 1 positional argument but 2 were given");
    EXPECT_NULL(trv_call(three, "iiii", 1, 2, 3, 4), trv_TypeError,
                "three() takes from 1 to 3 positional arguments but 4 were given");
    EXPECT_NULL(trv_call(square, "s", "x"), trv_TypeError,
                "square() argument 1 must be int, not str");
    EXPECT_NULL(trv_call(three, "is", 1, "x"), trv_TypeError,
                "three() argument 2 must be int, not str");
}

/* callable(*items, **keywords); both are dropped. */
static trv_object *call_with(trv_object *callable, trv_object *tuple, trv_object *keywords)
{
    trv_auto trv_object *items = tuple;
    trv_auto trv_object *dict = keywords;
    trv_object *array[4];
    size_t count;

    ck_assert_int_eq(trv_tuple_len(items, &count), 0);
    ck_assert(count <= 4);
    for (size_t i = 0; i < count; i++)
        array[i] = trv_tuple_get(items, (int64_t)i);
    for (size_t i = 0; i < count; i++)
        trv_unref(array[i]); /* the tuple holds them */
    return trv_call_array(callable, array, count, dict);
}

TEST(keywords)
{
    expect_repr(call_with(square, trv_build("()"), trv_build("{s:i}", "n", 5)), "25");
    expect_repr(call_with(three, trv_build("(i)", 1), trv_build("{s:i}", "c", 3)), "(1, -1, 3, 3)");
    expect_repr(
        call_with(three, trv_build("()"), trv_build("{s:i s:i s:i}", "c", 3, "a", 1, "b", 2)),
        "(1, 2, 3, 3)");
    expect_repr(call_with(three, trv_build("(i)", 1), trv_build("{}")), "(1, -1, -1, 1)");
    expect_repr(
        call_with(raw, trv_build("(iii)", 1, 2, 3), trv_build("{s:i s:i}", "key", 1, "x", 2)),
        "([1, 2, 3], {'key': 1, 'x': 2})");
    expect_repr(call_with(needs_key, trv_build("()"), trv_build("{s:i}", "key", 1)), "{'key': 1}");
    expect_repr(call_with(plain, trv_build("(ii)", 1, 2), trv_build("{s:i}", "any", 1)),
                "(2, True)");
}

TEST(bad_keywords)
{
    trv_auto trv_object *list = trv_list_new();

    EXPECT_NULL(call_with(square, trv_build("()"), trv_build("{s:i}", "m", 5)), trv_TypeError,
                "square() got an unexpected keyword argument 'm'");
    EXPECT_NULL(call_with(square, trv_build("(i)", 1), trv_build("{s:i}", "n", 5)), trv_TypeError,
                "square() got multiple values for argument 'n'");
    EXPECT_NULL(call_with(three, trv_build("()"), trv_build("{s:i}", "b", 5)), trv_TypeError,
                "three() missing 1 required positional argument: 'a'");
    EXPECT_NULL(call_with(square, trv_build("(ii)", 1, 2), trv_build("{s:i}", "n", 5)),
                trv_TypeError, "square() takes 1 positional argument but 2 were given");
    EXPECT_NULL(call_with(square, trv_build("()"), trv_build("{i:i}", 1, 5)), trv_TypeError,
                "keywords must be strings");
    EXPECT_NULL(call_with(needs_key, trv_build("()"), trv_build("{}")), trv_TypeError,
                "needs_key() missing 1 required keyword-only argument: 'key'");
    EXPECT_NULL(trv_call_array(square, NULL, 0, list), trv_TypeError,
                "square needs a dict, not list");
}

TRV_STATIC_FUNCTION(many, "many(a, b, c, d, e=)")
{
    int64_t n;

    return trv_parse(args, "llll|l", &n, &n, &n, &n, &n) < 0 ? NULL : trv_none_new();
}

TEST(all_missing_names_are_told)
{
    EXPECT_NULL(trv_call(many, ""), trv_TypeError,
                "many() missing 4 required positional arguments: 'a', 'b', 'c', and 'd'");
    EXPECT_NULL(trv_call(many, "ii", 1, 2), trv_TypeError,
                "many() missing 2 required positional arguments: 'c' and 'd'");
    EXPECT_NULL(call_with(many, trv_build("(i)", 1), trv_build("{s:i}", "c", 2)), trv_TypeError,
                "many() missing 2 required positional arguments: 'b' and 'd'");
}

static trv_object *add_to(const trv_args *args)
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return trv_build("(ol)", args->self, n);
}

TEST(closures)
{
    trv_auto trv_object *data = trv_str_new("data");
    trv_auto trv_object *named = trv_function_new(add_to, "add", data);
    trv_auto trv_object *signed_ = trv_function_new(add_to, "add(number): adds", data);
    trv_auto trv_object *doc = trv_getattr(signed_, "__doc__");

    ck_assert_int_eq(trv_refcount(data), 3);
    expect_repr(trv_call(named, "i", 4), "('data', 4)");
    expect_repr(call_with(signed_, trv_build("()"), trv_build("{s:i}", "number", 6)),
                "('data', 6)");
    EXPECT_NULL(trv_call(signed_, ""), trv_TypeError,
                "add() missing 1 required positional argument: 'number'");
    EXPECT_NULL(trv_call(named, ""), trv_TypeError, "add() missing 1 required positional argument");
    ck_assert_str_eq(trv_function_name(signed_), "add");
    ck_assert_str_eq(trv_str_utf8(doc, NULL), "adds");
    expect_repr(trv_ref(signed_), "<function add>");
    ck_assert_int_eq(trv_isinstance(signed_, trv_function_type), 1);
}

/* A closure over a list that holds the closure. */
TEST(closure_in_a_cycle)
{
    trv_object *list = trv_list_new();
    trv_object *closure = trv_function_new(add_to, "add", list);
    size_t found;

    ck_assert_int_eq(trv_list_append(list, closure), 0);
    trv_unref(closure);
    trv_unref(list);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
}

TEST(static_functions)
{
    trv_auto trv_object *type = trv_type_of(square);
    trv_auto trv_object *name = trv_getattr(square, "__name__");

    ck_assert_ptr_eq(type, trv_function_type);
    ck_assert_int_eq(trv_isinstance(square, trv_function_type), 1);
    ck_assert_str_eq(trv_function_name(square), "square");
    ck_assert_str_eq(trv_str_utf8(name, NULL), "square");
    ck_assert_str_eq(trv_function_name(trv_int_type), "int");
    ck_assert_int_eq(trv_callable(square), 1);
    ck_assert_int_eq(trv_callable(trv_int_type), 1);
    ck_assert_int_eq(trv_callable(name), 0);
    expect_repr(trv_ref(square), "<function square>");
    ck_assert_int_eq(trv_refcount(square), INT32_MAX);
}

TEST(broken_functions_are_named)
{
    EXPECT_NULL(trv_call(returns_null, ""), trv_SystemError,
                "returns_null() returned NULL without setting an exception");
    ck_assert_ptr_null(trv_call(returns_with_error, ""));
    ck_assert_int_eq(trv_error_matches(trv_SystemError), 1);
    {
        trv_auto trv_object *error = trv_error_take();
        trv_auto trv_object *context = trv_exception_context(error);
        trv_auto trv_object *text = trv_str(context);
        ck_assert_str_eq(trv_str_utf8(text, NULL), "left behind");
    }
    EXPECT_NULL(trv_call(trv_none_new(), ""), trv_TypeError, "'NoneType' object is not callable");
}

TEST(traceback_names_what_was_passed)
{
    trv_auto trv_object *error = NULL;
    trv_auto trv_object *text = NULL;

    ck_assert_ptr_null(trv_call(fails, ""));
    error = trv_error_take();
    text = trv_exception_format(error);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "test_call.c"));
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "in fails"));
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "ValueError: on purpose"));
}

TEST(null_fails_again_with_the_same_exception)
{
    EXPECT_NULL(trv_call(square, "o", trv_call(fails, "")), trv_ValueError, "on purpose");
    EXPECT_NULL(trv_call(trv_call(fails, ""), "i", 1), trv_ValueError, "on purpose");
    EXPECT_NULL(trv_build("[i o s]", 1, trv_call(fails, ""), "x"), trv_ValueError, "on purpose");
    ck_assert_ptr_null(trv_call(NULL, ""));
    ck_assert_int_eq(trv_error_matches(trv_SystemError), 1);
    trv_error_clear();
}

TEST(call_with_an_exception_pending)
{
    trv_auto trv_object *error = NULL, *context = NULL;

    trv_raise(trv_KeyError, "overlooked");
    ck_assert_ptr_null(trv_call(square, "i", 3));
    error = trv_error_take();
    context = trv_exception_context(error);
    ck_assert_str_eq(trv_type_name(context), "KeyError");
    trv_raise_object(error);
    expect_error(trv_SystemError, "square() was called with an exception pending");
}

TEST(missing_optional_arguments_are_null)
{
    trv_auto trv_object *one = trv_int_new(1);
    trv_object *items[] = {one, NULL, one};

    expect_repr(trv_call_array(three, items, 3, NULL), "(1, -1, 1, 3)");
    items[0] = NULL;
    EXPECT_NULL(trv_call_array(three, items, 3, NULL), trv_TypeError,
                "three() missing 1 required positional argument: 'a'");
}

TEST(endless_recursion_is_an_exception)
{
    ck_assert_ptr_null(trv_call(recurse, "i", 1));
    ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
    trv_error_clear();
}

TEST(methods_know_their_receiver)
{
    trv_auto trv_object *list = trv_build("[ii]", 1, 2);
    trv_auto trv_object *append = trv_getattr(list, "append");

    ck_assert_ptr_nonnull(append);
    trv_unref(trv_call(append, "i", 3));
    expect_repr(trv_ref(list), "[1, 2, 3]");
    ck_assert_str_eq(trv_function_name(append), "append");
}

TEST_LIST(RUN(positions), RUN(more_arguments_than_fit_inline), RUN(counts_are_checked),
          RUN(keywords), RUN(bad_keywords), RUN(all_missing_names_are_told), RUN(closures),
          RUN(closure_in_a_cycle), RUN(static_functions), RUN(broken_functions_are_named),
          RUN(traceback_names_what_was_passed), RUN(null_fails_again_with_the_same_exception),
          RUN(call_with_an_exception_pending), RUN(missing_optional_arguments_are_null),
          RUN(endless_recursion_is_an_exception), RUN(methods_know_their_receiver))
