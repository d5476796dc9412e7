/* SPDX-License-Identifier: MIT */
/*
 * Functions as objects: attributes, defaults, arguments by position only, and what is said when
 * arguments do not fit.
 */
#include "types/container.h"
#include "types/exhaust.h"

static trv_object *gather(const trv_args *args)
{
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; list && i < args->count; i++) {
        trv_auto trv_object *item = args->items[i] ? trv_ref(args->items[i]) : trv_none_new();
        if (trv_list_append(list, item) < 0)
            return NULL;
    }
    if (!list || !args->keywords)
        return trv_steal(&list);
    return trv_build("(oo)", list, args->keywords);
}

static trv_object *call_with(trv_object *callable, trv_object *keywords, size_t count, ...)
{
    trv_auto trv_object *dict = keywords;
    trv_object *items[8], *result;
    va_list list;

    if (trv_error_occurred())
        return NULL; /* the keywords could not be made */
    va_start(list, count);
    for (size_t i = 0; i < count; i++)
        items[i] = trv_int_new(va_arg(list, int));
    va_end(list);
    result = trv_call_array(callable, items, count, dict);
    for (size_t i = 0; i < count; i++)
        trv_unref(items[i]);
    return result;
}

TEST(defaults_are_filled_in)
{
    trv_auto trv_object *f =
        trv_function_new(gather, "f(a, b=2, c='x', *, d=None, e=(1, [2.5], {'k': True}), g)", NULL);

    expect_repr(call_with(f, trv_build("{s:i}", "g", 7), 1, 1),
                "([1, 2, 'x'], {'g': 7, 'd': None, 'e': (1, [2.5], {'k': True})})");
    expect_repr(call_with(f, trv_build("{s:i s:i s:i}", "g", 7, "c", 3, "d", 4), 1, 1),
                "([1, 2, 3], {'g': 7, 'd': 4, 'e': (1, [2.5], {'k': True})})");
    expect_repr(trv_getattr(f, "__defaults__"), "(2, 'x')");
    expect_repr(trv_getattr(f, "__kwdefaults__"), "{'d': None, 'e': (1, [2.5], {'k': True})}");
    EXPECT_NULL(call_with(f, trv_build("{s:i}", "g", 7), 0), trv_TypeError,
                "f() missing 1 required positional argument: 'a'");
    EXPECT_NULL(call_with(f, NULL, 1, 1), trv_TypeError,
                "f() missing 1 required keyword-only argument: 'g'");
    EXPECT_NULL(call_with(f, trv_build("{s:i}", "g", 7), 4, 1, 2, 3, 4), trv_TypeError,
                "f() takes from 1 to 3 positional arguments but 4 were given");
    EXHAUST(call_with(f, trv_build("{s:i}", "g", 7), 1, 1));
    EXHAUST(trv_function_new(gather, "f(a=1, b=[2], *, c={'x': 'y'})", NULL));
}

/* The pitfall of Python: a default is made once. */
static trv_object *append_to(const trv_args *args)
{
    trv_object *item, *list;

    if (trv_parse(args, "oo", &item, &list) < 0 || trv_list_append(list, item) < 0)
        return NULL;
    return trv_ref(list);
}

TEST(a_default_is_made_once)
{
    trv_auto trv_object *f = trv_function_new(append_to, "f(item, to=[])", NULL);

    expect_repr(trv_call(f, "i", 1), "[1]");
    expect_repr(trv_call(f, "i", 2), "[1, 2]");
    expect_repr(trv_getattr(f, "__defaults__"), "([1, 2],)");
}

TEST(defaults_can_be_set)
{
    trv_auto trv_object *f = trv_function_new(gather, "f(a, b)", NULL), *seven = trv_int_new(7);
    trv_auto trv_object *one = trv_build("(i)", 5), *none = trv_none_new();

    ck_assert_int_eq(trv_setattr(f, "__defaults__", one), 0);
    expect_repr(trv_call(f, "i", 1), "[1, 5]");
    EXPECT_MINUS(trv_setattr(f, "__defaults__", seven), trv_TypeError,
                 "__defaults__ must be set to a tuple object");
    ck_assert_int_eq(trv_setattr(f, "__defaults__", none), 0);
    EXPECT_NULL(trv_call(f, "i", 1), trv_TypeError,
                "f() missing 1 required positional argument: 'b'");
    EXPECT_NULL(trv_function_new(gather, "f(a=b)", NULL), trv_ValueError,
                "no literal in a signature: b)");
    EXPECT_NULL(trv_function_new(gather, "f(a=[1)", NULL), trv_ValueError,
                "no literal in a signature: )");
    EXPECT_NULL(trv_function_new(gather, "f(a='x)", NULL), trv_ValueError,
                "no literal in a signature: 'x)");
}

/* Sets other defaults while it uses those it was called with. */
static trv_object *forget_default(const trv_args *args)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *function = trv_cell_get(args->self);

    if (trv_setattr(function, "__defaults__", none) < 0)
        return NULL;
    return trv_repr(args->items[0]);
}

TEST(defaults_of_a_call_are_held)
{
    trv_auto trv_object *cell = trv_cell_new(NULL);
    trv_auto trv_object *f = trv_function_new(forget_default, "f(a=[1.5, 'text'])", cell);

    ck_assert_int_eq(trv_cell_set(cell, f), 0);
    expect_repr(trv_call(f, ""), "\"[1.5, 'text']\"");
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
}

TEST(missing_among_those_given_is_filled_in)
{
    trv_auto trv_object *f = trv_function_new(gather, "f(a, b=2, c=3)", NULL);
    trv_auto trv_object *many = trv_function_new(gather, "f(a, b, c, d, e, f, g, h, i=9)", NULL);
    trv_auto trv_object *one = trv_int_new(1);
    trv_object *items[] = {one, NULL, one};

    expect_repr(trv_call_array(f, items, 3, NULL), "[1, 2, 1]");
    expect_repr(call_with(f, NULL, 1, 1), "[1, 2, 3]");
    expect_repr(call_with(f, NULL, 3, 1, 5, 6), "[1, 5, 6]");
    EXPECT_NULL(call_with(f, NULL, 0), trv_TypeError,
                "f() missing 1 required positional argument: 'a'");
    EXPECT_NULL(call_with(f, NULL, 4, 1, 2, 3, 4), trv_TypeError,
                "f() takes from 1 to 3 positional arguments but 4 were given");
    expect_repr(call_with(many, NULL, 8, 1, 2, 3, 4, 5, 6, 7, 8), "[1, 2, 3, 4, 5, 6, 7, 8, 9]");
}

TEST(attributes)
{
    trv_auto trv_object *f = trv_function_new(gather, "f(a): gathers", NULL);
    trv_auto trv_object *seven = trv_int_new(7), *name = trv_str_new("other");
    size_t found;

    expect_repr(trv_getattr(f, "__name__"), "'f'");
    expect_repr(trv_getattr(f, "__qualname__"), "'f'");
    expect_repr(trv_getattr(f, "__doc__"), "'gathers'");
    expect_repr(trv_getattr(f, "__module__"), "None");
    expect_repr(trv_getattr(f, "__defaults__"), "None");
    expect_repr(trv_getattr(f, "__dict__"), "{}");
    ck_assert_int_eq(trv_setattr(f, "count", seven), 0);
    expect_repr(trv_getattr(f, "count"), "7");
    expect_repr(trv_getattr(f, "__dict__"), "{'count': 7}");
    ck_assert_int_eq(trv_delattr(f, "count"), 0);
    EXPECT_NULL(trv_getattr(f, "count"), trv_AttributeError,
                "'function' object has no attribute 'count'");
    EXPECT_MINUS(trv_delattr(f, "count"), trv_AttributeError,
                 "'function' object has no attribute 'count'");
    ck_assert_int_eq(trv_setattr(f, "__name__", name), 0);
    expect_repr(trv_getattr(f, "__name__"), "'other'");
    EXPECT_MINUS(trv_setattr(f, "__name__", seven), trv_TypeError,
                 "__name__ must be set to a string object");
    EXPECT_MINUS(trv_setattr(f, "__dict__", seven), trv_TypeError,
                 "__dict__ must be set to a dictionary, not a 'int'");
    ck_assert_int_eq(trv_setattr(f, "itself", f), 0);
    trv_clear(&f);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 3); /* the function and its two dicts */
}

TRV_STATIC_FUNCTION(by_position, "by_position(a, b=, /): its arguments")
{
    trv_object *a, *b = NULL;

    return trv_parse(args, "o|o", &a, &b) < 0 ? NULL : trv_build("[oo]", a, b ? b : a);
}

TRV_STATIC_FUNCTION(both_ways, "both_ways(a, /, b, *, c=): its arguments")
{
    return gather(args);
}

TEST(static_functions_are_constants)
{
    trv_auto trv_object *seven = trv_int_new(7);

    EXPECT_MINUS(trv_setattr(by_position, "count", seven), trv_AttributeError,
                 "'function' object has no attribute 'count'");
    EXPECT_MINUS(trv_setattr(by_position, "__name__", seven), trv_AttributeError,
                 "attribute '__name__' of 'function' objects is not writable");
}

TEST(what_is_by_position_only)
{
    expect_repr(call_with(by_position, NULL, 1, 1), "[1, 1]");
    EXPECT_NULL(call_with(by_position, NULL, 0), trv_TypeError,
                "by_position expected at least 1 argument, got 0");
    EXPECT_NULL(call_with(by_position, NULL, 3, 1, 2, 3), trv_TypeError,
                "by_position expected at most 2 arguments, got 3");
    EXPECT_NULL(call_with(by_position, trv_build("{s:i}", "a", 1), 0), trv_TypeError,
                "by_position() takes no keyword arguments");
    expect_repr(call_with(both_ways, trv_build("{s:i s:i}", "b", 2, "c", 3), 1, 1),
                "([1, 2], {'c': 3})");
    EXPECT_NULL(call_with(both_ways, trv_build("{s:i s:i}", "a", 1, "b", 2), 0), trv_TypeError,
                "both_ways() takes at least 1 positional argument (0 given)");
    EXPECT_NULL(call_with(both_ways, trv_build("{s:i s:i}", "d", 1, "b", 2), 1, 1), trv_TypeError,
                "'d' is an invalid keyword argument for both_ways()");
    EXPECT_NULL(call_with(both_ways, trv_build("{s:i}", "c", 1), 1, 1), trv_TypeError,
                "both_ways() missing required argument 'b' (pos 2)");
}

TEST_LIST(RUN(defaults_are_filled_in), RUN(a_default_is_made_once), RUN(defaults_can_be_set),
          RUN(defaults_of_a_call_are_held), RUN(missing_among_those_given_is_filled_in),
          RUN(attributes), RUN(static_functions_are_constants), RUN(what_is_by_position_only))
