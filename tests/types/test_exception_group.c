/* SPDX-License-Identifier: MIT */
/*
 * Groups of exceptions, notes and tracebacks through the C interface. What Python's own methods answer is
 * compared with Python in tests/differential/table/exceptions.cases.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "object/exception.h"

static trv_object *make(trv_object *type, const char *text)
{
    (void)trv_raise_at_(NULL, 0, NULL, type, "%s", text);
    return trv_error_take();
}

/* A group m of ValueError v, and of a group n of KeyError k and TypeError t. */
static trv_object *make_tree(void)
{
    trv_auto trv_object *v = make(trv_ValueError, "v"), *k = make(trv_KeyError, "k"),
                        *t = make(trv_TypeError, "t");
    trv_auto trv_object *inner_list = trv_build("[o o]", k, t);
    trv_auto trv_object *inner = trv_exception_group_new("n", inner_list);
    trv_auto trv_object *list = trv_build("[o o]", v, inner);

    return trv_exception_group_new("m", list);
}

TEST(a_group_holds_exceptions)
{
    trv_auto trv_object *group = make_tree(), *type = trv_type_of(group);

    ck_assert_ptr_eq(type, trv_ExceptionGroup);
    ck_assert_int_eq(trv_isinstance(group, trv_Exception), 1);
    ck_assert_int_eq(trv_isinstance(group, trv_BaseExceptionGroup), 1);
    expect_repr(trv_exception_group_exceptions(group),
                "(ValueError('v'), ExceptionGroup('n', [KeyError('k'), TypeError('t')]))");
    expect_repr(trv_str(group), "'m (2 sub-exceptions)'");
}

TEST(a_group_that_is_raised_matches_exception)
{
    trv_auto trv_object *group = make_tree();

    (void)trv_raise_object(group);
    ck_assert_int_eq(trv_error_matches(trv_Exception), 1);
    ck_assert_int_eq(trv_error_matches(trv_ExceptionGroup), 1);
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 0);
    trv_error_clear();
}

TEST(a_group_is_not_made_of_nonsense)
{
    trv_auto trv_object *empty = trv_list_new(), *numbers = trv_build("[i]", 1);

    EXPECT_NULL(trv_exception_group_new("m", empty), trv_ValueError,
                "second argument (exceptions) must be a non-empty sequence");
    EXPECT_NULL(trv_exception_group_new("m", numbers), trv_ValueError,
                "Item 0 of second argument (exceptions) is not an exception");
    EXPECT_NULL(trv_exception_group_exceptions(empty), trv_TypeError,
                "trv_exception_group_exceptions needs a BaseExceptionGroup, not list");
}

TEST(splitting_divides_the_tree)
{
    trv_auto trv_object *group = make_tree(), *matching = NULL, *rest = NULL;

    ck_assert_int_eq(trv_exception_split(group, trv_LookupError, &matching, &rest), 0);
    expect_repr(trv_ref(matching), "ExceptionGroup('m', [ExceptionGroup('n', [KeyError('k')])])");
    expect_repr(trv_ref(rest), "ExceptionGroup('m', [ValueError('v'), "
                               "ExceptionGroup('n', [TypeError('t')])])");
    trv_clear(&matching);
    trv_clear(&rest);
    ck_assert_int_eq(trv_exception_split(group, trv_OSError, &matching, &rest), 0);
    ck_assert_ptr_null(matching);
    expect_repr(trv_steal(&rest), "ExceptionGroup('m', [ValueError('v'), "
                                  "ExceptionGroup('n', [KeyError('k'), TypeError('t')])])");
    ck_assert_int_eq(trv_exception_split(group, trv_Exception, &matching, &rest), 0);
    ck_assert_ptr_eq(matching, group);
    ck_assert_ptr_null(rest);
    ck_assert_int_eq(trv_exception_split(group, trv_ValueError, NULL, NULL), 0);
    EXPECT_MINUS(trv_exception_split(group, trv_int_type, NULL, NULL), trv_TypeError,
                 "expected a function, exception type or tuple of exception types");
}

TEST(what_is_no_group_is_its_own_part)
{
    trv_auto trv_object *error = make(trv_ValueError, "v"), *matching = NULL, *rest = NULL;

    ck_assert_int_eq(trv_exception_split(error, trv_ValueError, &matching, &rest), 0);
    ck_assert_ptr_eq(matching, error);
    ck_assert_ptr_null(rest);
    trv_clear(&matching);
    ck_assert_int_eq(trv_exception_split(error, trv_KeyError, &matching, &rest), 0);
    ck_assert_ptr_null(matching);
    ck_assert_ptr_eq(rest, error);
}

TEST(parts_have_the_history_of_the_whole)
{
    trv_auto trv_object *group = make_tree(), *cause = make(trv_OSError, "cause"), *matching = NULL,
                        *rest = NULL, *text = NULL;

    ck_assert_int_eq(trv_exception_add_note(group, "note %d", 1), 0);
    (void)trv_raise_object_at_("a.c", 1, "a", group, cause);
    trv_error_clear();
    ck_assert_int_eq(trv_exception_split(group, trv_ValueError, &matching, &rest), 0);
    text = trv_exception_format(matching);
    ck_assert_str_eq(trv_str_utf8(text, NULL),
                     "OSError: cause\n\nThe above exception was the direct cause of the following "
                     "exception:\n\n"
                     "  + Exception Group Traceback (most recent call last):\n"
                     "  |   File \"a.c\", line 1, in a\n"
                     "  | ExceptionGroup: m (1 sub-exception)\n"
                     "  | note 1\n"
                     "  +-+---------------- 1 ----------------\n"
                     "    | ValueError: v\n"
                     "    +------------------------------------\n");
    ck_assert_int_eq(trv_exception_add_note(rest, "of the rest"), 0);
    expect_repr(trv_exception_notes(matching), "['note 1']");
    expect_repr(trv_exception_notes(rest), "['note 1', 'of the rest']");
}

/* Deep and circular ---------------------------------------------------------------------------- */

static trv_object *make_deep(int depth)
{
    trv_object *exception = make(trv_ValueError, "v");

    for (int i = 0; i < depth; i++) {
        trv_auto trv_object *list = trv_build("[o]", exception);
        trv_unref(exception);
        exception = trv_exception_group_new("m", list);
    }
    return exception;
}

TEST(a_deep_group_is_a_recursion_error_or_cut)
{
    trv_auto trv_object *group = make_deep(1000000), *text = trv_exception_format(group);

    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "| ... (max_group_depth is 10)\n"));
    ck_assert_int_eq(trv_exception_split(group, trv_KeyError, NULL, NULL), -1);
    ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
    trv_error_clear();
    ck_assert_ptr_null(trv_repr(group));
    ck_assert_int_eq(trv_error_matches(trv_RecursionError), 1);
    trv_error_clear();
}

TEST(a_group_that_leads_back_to_itself_is_shown_once)
{
    trv_auto trv_object *group = make_tree(), *members = trv_exception_group_exceptions(group);
    trv_auto trv_object *member = trv_tuple_get(members, 0), *text = NULL;

    ck_assert_int_eq(trv_exception_set_cause(member, group), 0);
    text = trv_exception_format(group);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_null(strstr(trv_str_utf8(text, NULL), "cause"));
    ck_assert_int_eq(trv_exception_set_cause(member, trv_none_new()), 0);
}

TEST(a_wide_group_is_cut)
{
    trv_auto trv_object *list = trv_list_new(), *group = NULL, *text = NULL;

    for (int i = 0; i < 17; i++) {
        trv_auto trv_object *error = make(trv_ValueError, "v");
        ck_assert_int_eq(trv_list_append(list, error), 0);
    }
    group = trv_exception_group_new("m", list);
    text = trv_exception_format(group);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL),
                                 "    +---------------- 15 ----------------\n"
                                 "    | ValueError: v\n"
                                 "    +---------------- ... ----------------\n"
                                 "    | and 2 more exceptions\n"
                                 "    +------------------------------------\n"));
}

/* Notes and tracebacks ------------------------------------------------------------------------- */

TEST(notes_stand_below_the_message)
{
    trv_auto trv_object *error = make(trv_ValueError, "v"), *text = NULL;

    expect_repr(trv_exception_notes(error), "[]");
    ck_assert_int_eq(trv_exception_add_note(error, "one\ntwo"), 0);
    ck_assert_int_eq(trv_exception_add_note(error, "%s %d", "three", 4), 0);
    expect_repr(trv_exception_notes(error), "['one\\ntwo', 'three 4']");
    text = trv_exception_format_only(error);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "ValueError: v\none\ntwo\nthree 4\n");
    EXPECT_MINUS(trv_exception_add_note(trv_none_new(), "x"), trv_TypeError,
                 "trv_exception_add_note needs a BaseException, not NoneType");
}

static trv_object *make_travelled(void)
{
    (void)trv_raise_at_("inner.c", 12, "inner", trv_ValueError, "text");
    trv__error_passed(NULL, 0, "closure");
    trv__error_passed("outer.c", 56, "outer");
    return trv_error_take();
}

static void expect_lines(trv_object *traceback, int limit, const char *expected)
{
    trv_auto trv_object *text = trv_traceback_format(traceback, limit);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), expected);
}

#define OUTER "  File \"outer.c\", line 56, in outer\n"
#define CLOSURE "  File \"?\", line 0, in closure\n"
#define INNER "  File \"inner.c\", line 12, in inner\n"

TEST(a_traceback_can_be_looked_at)
{
    trv_auto trv_object *error = make_travelled(), *traceback = trv_exception_traceback(error);
    trv_auto trv_object *minus_one = trv_int_new(-1), *list = trv_list_from(traceback);
    size_t length;

    expect_repr(trv_traceback_entries(traceback),
                "[('outer.c', 56, 'outer'), (None, 0, 'closure'), ('inner.c', 12, 'inner')]");
    expect_repr(trv_repr(list), "\"[('outer.c', 56, 'outer'), (None, 0, 'closure'), "
                                "('inner.c', 12, 'inner')]\"");
    expect_repr(trv_getitem(traceback, minus_one), "('inner.c', 12, 'inner')");
    ck_assert_int_eq(trv_len(traceback, &length), 0);
    ck_assert_uint_eq(length, 3);
    expect_lines(traceback, 10, OUTER CLOSURE INNER);
    expect_lines(traceback, 2, OUTER CLOSURE);
    expect_lines(traceback, -2, CLOSURE INNER);
    expect_lines(traceback, 0, "");
    EXPECT_NULL(trv_traceback_entries(error), trv_TypeError,
                "trv_traceback_entries needs a traceback, not ValueError");
}

TEST(a_traceback_does_not_change_and_can_be_given_on)
{
    trv_auto trv_object *error = make_travelled(), *other = make(trv_KeyError, "k");
    trv_auto trv_object *traceback = trv_exception_traceback(error), *text = NULL;

    (void)trv_raise_object_at_("again.c", 1, "again", error, NULL);
    trv_error_clear();
    expect_lines(traceback, 10, OUTER CLOSURE INNER);
    ck_assert_int_eq(trv_exception_set_traceback(other, traceback), 0);
    ck_assert_int_eq(trv_exception_set_traceback(error, trv_none_new()), 0);
    expect_repr(trv_exception_traceback(error), "None");
    text = trv_exception_format_limited(other, -1, 1);
    ck_assert_str_eq(trv_str_utf8(text, NULL),
                     "Traceback (most recent call last):\n" INNER "KeyError: 'k'\n");
    EXPECT_MINUS(trv_exception_set_traceback(other, error), trv_TypeError,
                 "__traceback__ must be a traceback or None");
}

TEST(a_chain_can_be_left_out)
{
    trv_auto trv_object *error = make(trv_ValueError, "v"), *cause = make(trv_KeyError, "k"),
                        *text = NULL;

    ck_assert_int_eq(trv_exception_set_cause(error, cause), 0);
    text = trv_exception_format_limited(error, 10, 0);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "ValueError: v\n");
}

/* Memory --------------------------------------------------------------------------------------- */

static trv_object *split_in_two(trv_object *group)
{
    trv_object *matching;
    trv_auto trv_object *rest = NULL;

    return trv_exception_split(group, trv_ValueError, &matching, &rest) == 0 ? matching : NULL;
}

static trv_object *note(trv_object *type)
{
    trv_auto trv_object *error = trv_exception_new(type, NULL);

    return error && trv_exception_add_note(error, "note") == 0 ? trv_steal(&error) : NULL;
}

TEST(running_out_of_memory)
{
    trv_auto trv_object *group = make_tree(), *error = make_travelled();
    trv_auto trv_object *members = trv_exception_group_exceptions(group),
                        *traceback = trv_exception_traceback(error);

    ck_assert_int_eq(trv_exception_add_note(group, "note"), 0);
    (void)trv_raise_object_at_("a.c", 1, "a", group, error);
    trv_error_clear();
    EXHAUST(trv_exception_group_new("m", members));
    EXHAUST(split_in_two(group));
    EXHAUST(trv_exception_format(group));
    EXHAUST(trv_exception_traceback(error));
    EXHAUST(trv_traceback_entries(traceback));
    EXHAUST(note(trv_ValueError));
    EXHAUST(trv_call(trv_OSError, "issis", 2, "a", "b", 0, "c"));
    EXHAUST(trv_call(trv_UnicodeDecodeError, "syiis", "utf-8", "x", (size_t)1, 0, 1, "no"));
}

TEST_LIST(RUN(a_group_holds_exceptions), RUN(a_group_that_is_raised_matches_exception),
          RUN(a_group_is_not_made_of_nonsense), RUN(splitting_divides_the_tree),
          RUN(what_is_no_group_is_its_own_part), RUN(parts_have_the_history_of_the_whole),
          RUN(a_deep_group_is_a_recursion_error_or_cut),
          RUN(a_group_that_leads_back_to_itself_is_shown_once), RUN(a_wide_group_is_cut),
          RUN(notes_stand_below_the_message), RUN(a_traceback_can_be_looked_at),
          RUN(a_traceback_does_not_change_and_can_be_given_on), RUN(a_chain_can_be_left_out),
          RUN(running_out_of_memory))
