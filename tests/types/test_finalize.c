/* SPDX-License-Identifier: MIT */
/*
 * finalize: calls when objects end, by hand, and at the end of the runtime.
 */
#include "types/container.h"
#include "types/exhaust.h"

/* Appends its arguments, a tuple, to its data, a list. */
static trv_object *note(const trv_args *args)
{
    trv_auto trv_object *tuple = trv_tuple_new(args->items, args->count);

    if (!tuple || trv_list_append(args->self, tuple) < 0)
        return NULL;
    return trv_ref(tuple);
}

TEST(it_is_called_when_the_object_ends)
{
    trv_object *object = trv_list_new();
    trv_auto trv_object *notes = trv_list_new();
    trv_auto trv_object *callable = trv_function_new(note, "note", notes);
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "is", 1, "two");

    ck_assert_int_eq(trv_finalize_alive(finalize), 1);
    expect_repr(trv_getattr(finalize, "alive"), "True");
    expect_shown(notes, "[]");
    trv_unref(object);
    expect_shown(notes, "[(1, 'two')]");
    ck_assert_int_eq(trv_finalize_alive(finalize), 0);
    expect_repr(trv_call(finalize, ""), "None");
    expect_repr(trv_finalize_detach(finalize), "None");
    expect_repr(method(finalize, "peek", ""), "None");
    ck_assert_int_eq(trv_refcount(finalize), 1);
}

TEST(nobody_has_to_hold_it)
{
    trv_object *object = trv_list_new();
    trv_auto trv_object *notes = trv_list_new();
    trv_auto trv_object *callable = trv_function_new(note, "note", notes);

    trv_unref(trv_finalize_new(object, callable, "i", 1));
    trv_unref(trv_finalize_new(object, callable, "i", 2));
    trv_unref(object);
    expect_shown(notes, "[(2,), (1,)]");
}

TEST(it_can_be_called_once_by_hand)
{
    trv_auto trv_object *object = trv_list_new();
    trv_auto trv_object *notes = trv_list_new();
    trv_auto trv_object *callable = trv_function_new(note, "note", notes);
    trv_auto trv_object *finalize = trv_call(trv_finalize_type, "ooi", object, callable, 5);

    expect_repr(trv_call(finalize, ""), "(5,)");
    expect_repr(trv_call(finalize, ""), "None");
    expect_shown(notes, "[(5,)]");
    expect_repr(trv_getattr(finalize, "atexit"), "False");
}

TEST(a_detached_one_is_not_called)
{
    trv_object *object = trv_list_new();
    trv_auto trv_object *notes = trv_list_new();
    trv_auto trv_object *callable = trv_function_new(note, "note", notes);
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "i", 1);

    expect_repr(method(finalize, "peek", ""), "([], <function note>, (1,), {})");
    expect_repr(method(finalize, "detach", ""), "([], <function note>, (1,), {})");
    trv_unref(object);
    expect_shown(notes, "[]");
}

TEST(bad_arguments_are_refused)
{
    trv_auto trv_object *list = trv_list_new();

    EXPECT_NULL(trv_finalize_new(list, list, ""), trv_TypeError,
                "finalize needs a callable, not list");
    EXPECT_NULL(trv_finalize_new(trv_none_new(), trv_list_type, ""), trv_TypeError,
                "cannot create weak reference to 'NoneType' object");
    EXPECT_NULL(trv_call(trv_finalize_type, "o", list), trv_TypeError,
                "finalize(object, callable, ...) takes at least 2 arguments");
    EXPECT_MINUS(trv_finalize_alive(list), trv_TypeError,
                 "trv_finalize_alive needs a finalize, not list");
}

/* At the end --------------------------------------------------------------------------------- */

static char called[32];

static trv_object *mark(const trv_args *args)
{
    const char *text;

    if (trv_parse(args, "s", &text) < 0)
        return NULL;
    strcat(called, text);
    return *text == '!' ? trv_raise(trv_ValueError, "printed, and no more") : trv_none_new();
}

static void add(trv_object *object, const char *text, int at_exit)
{
    trv_auto trv_object *callable = trv_function_new(mark, "mark", NULL);
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "s", text);
    trv_auto trv_object *answer = trv_bool_new(at_exit);

    ck_assert_int_eq(trv_setattr(finalize, "atexit", answer), 0);
}

RAW_TEST(at_the_end_the_newest_is_called_first)
{
    trv_object *object;

    ck_assert_int_eq(trv_init(NULL), 0);
    trv_gc_disable(); /* what is garbage lives to see the end */
    object = trv_list_new();
    add(object, "a", 1);
    add(object, "b", 0);
    add(object, "!", 1);
    add(trv_list_type, "c", 1); /* which never ends by itself */
    ck_assert_int_eq(trv_list_append(object, object), 0);
    trv_unref(object);
    trv_fini();
    ck_assert_str_eq(called, "c!a");
}

TEST(memory_may_run_out)
{
    trv_auto trv_object *object = trv_list_new();
    trv_auto trv_object *callable = trv_function_new(note, "note", object);
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "i", 1);

    EXHAUST(trv_finalize_new(object, callable, "i", 1));
    EXHAUST(trv_call(trv_finalize_type, "oo", object, callable));
    EXHAUST(method(finalize, "peek", ""));
    while (trv_weakref_count(object)) {
        trv_auto trv_object *all = trv_weakref_list(object);
        trv_auto trv_object *one = trv_list_get(all, 0);
        trv_auto trv_object *callback = trv_getattr(one, "__callback__");
        trv_unref(trv_finalize_detach(callback));
    }
}

TEST_LIST(RUN(it_is_called_when_the_object_ends), RUN(nobody_has_to_hold_it),
          RUN(it_can_be_called_once_by_hand), RUN(a_detached_one_is_not_called),
          RUN(bad_arguments_are_refused), RUN(at_the_end_the_newest_is_called_first),
          RUN(memory_may_run_out))
