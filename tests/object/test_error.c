/* SPDX-License-Identifier: MIT */
/*
 * Raising exceptions, chaining them, taking and giving back the pending one, and their text.
 *
 * Texts are compared whole with what Python prints, except for line numbers, which are those of
 * this file.
 */
#include "support/harness.h"

#include "base/fault.h"
#include "object/exception.h"

#include <errno.h>
#include <unistd.h>

/* The type and text of the pending exception, which is dropped. */
static void assert_pending(trv_object *type, const char *text)
{
    trv_object *exception = trv_error_take(), *str;

    ck_assert_msg(exception != NULL, "no exception is pending");
    ck_assert_str_eq(trv_type_name(exception), trv__type_of_handle(type)->name);
    str = trv_str(exception);
    ck_assert_ptr_nonnull(str);
    ck_assert_str_eq(trv_str_utf8(str, NULL), text);
    trv_unref(str);
    trv_unref(exception);
}

static trv_object *make(trv_object *type, const char *text)
{
    ck_assert_ptr_null(trv_raise_at_(NULL, 0, NULL, type, "%s", text));
    return trv_error_take();
}

static void assert_format(trv_object *exception, const char *expected)
{
    trv_object *text = trv_exception_format(exception);

    ck_assert_ptr_nonnull(text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), expected);
    trv_unref(text);
}

/* Whether `wanted` is the cause (or context) of an exception. */
static int is_cause(trv_object *exception, trv_object *wanted)
{
    trv_auto trv_object *cause = trv_exception_cause(exception);

    return cause == wanted;
}

static int is_context(trv_object *exception, trv_object *wanted)
{
    trv_auto trv_object *context = trv_exception_context(exception);

    return context == wanted;
}

/* Raising -------------------------------------------------------------------------------------- */

TEST(raise_sets_an_exception_and_keeps_errno)
{
    ck_assert_int_eq(trv_error_occurred(), 0);
    errno = 77;
    ck_assert_ptr_null(trv_raise(trv_ValueError, "n is %d, not %s", 3, "four"));
    ck_assert_int_eq(errno, 77);
    ck_assert_int_eq(trv_error_occurred(), 1);
    assert_pending(trv_ValueError, "n is 3, not four");
    ck_assert_int_eq(trv_raise_int(trv_TypeError, "no"), -1);
    assert_pending(trv_TypeError, "no");
    ck_assert_int_eq(trv_error_occurred(), 0);
}

TEST(raise_takes_texts_of_any_length)
{
    char text[3000];

    for (size_t size = 390; size < 410; size++) {
        memset(text, 'x', size);
        text[size] = 0;
        trv_raise(trv_ValueError, "%s", text);
        assert_pending(trv_ValueError, text);
    }
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = 0;
    trv_raise(trv_ValueError, "%s", text);
    assert_pending(trv_ValueError, text);
}

TEST(raise_takes_texts_that_are_not_utf8)
{
    trv_raise(trv_ValueError, "file %s",
              "a\xff\xfe"
              "b");
    assert_pending(trv_ValueError, "file a??b");
    trv_raise(trv_ValueError, "%s", "gr\xc3\xbc\xc3\x9f");
    assert_pending(trv_ValueError, "gr\xc3\xbc\xc3\x9f");
}

TEST(raise_needs_an_exception_type)
{
    trv_object *number = trv_int_new(1000);

    trv_raise(number, "text");
    assert_pending(trv_SystemError, "trv_raise needs an exception type");
    trv_raise(trv_int_type, "text");
    assert_pending(trv_SystemError, "trv_raise needs an exception type");
    trv_raise(NULL, "text");
    assert_pending(trv_SystemError, "trv_raise needs an exception type");
    trv_unref(number);
}

TEST(raise_with_a_null_type_lets_what_is_pending_stand)
{
    trv_raise(trv_ValueError, "first");
    trv_raise(NULL, "text");
    assert_pending(trv_ValueError, "first");
}

TEST(raise_errno_chooses_the_type_and_adds_the_reason)
{
    errno = ENOENT;
    ck_assert_ptr_null(trv_raise_errno("cannot open %s", "a.txt"));
    ck_assert_int_eq(errno, ENOENT);
    assert_pending(trv_FileNotFoundError, "[Errno 2] cannot open a.txt: No such file or directory");
    trv_raise_errno_of(-EPIPE, "%s", "");
    assert_pending(trv_BrokenPipeError, "[Errno 32] : Broken pipe");
    trv_raise_errno_of(ENOSPC, "write");
    assert_pending(trv_OSError, "[Errno 28] write: No space left on device");
}

TEST(raise_object_raises_that_very_object)
{
    trv_object *exception = make(trv_KeyError, "k"), *taken;

    ck_assert_ptr_null(trv_raise_object(exception));
    taken = trv_error_take();
    ck_assert_ptr_eq(taken, exception);
    ck_assert(is_context(exception, trv_none_new()));
    trv_unref(taken);
    trv_unref(exception);
}

TEST(raise_object_takes_only_exceptions)
{
    trv_object *number = trv_int_new(1000), *exception = make(trv_ValueError, "v");

    trv_raise_object(number);
    assert_pending(trv_TypeError, "only exceptions can be raised, not int");
    trv_raise_from(exception, number);
    assert_pending(trv_TypeError, "a cause must be an exception or None, not int");
    trv_raise(trv_ValueError, "pending");
    trv_raise_object(NULL);
    assert_pending(trv_ValueError, "pending");
    trv_unref(number);
    trv_unref(exception);
}

/* Chaining ------------------------------------------------------------------------------------- */

TEST(what_is_pending_becomes_the_context)
{
    trv_object *first, *second;

    trv_raise(trv_KeyError, "first");
    first = trv_ref(trv__current->context->error);
    trv_raise(trv_ValueError, "second");
    second = trv_error_take();
    ck_assert(is_context(second, first));
    ck_assert(is_cause(second, trv_none_new()));
    trv_unref(first);
    trv_unref(second);
}

TEST(what_is_being_handled_becomes_the_context)
{
    trv_object *handled = make(trv_KeyError, "handled"), *raised;

    trv__current->context->handled = trv_ref(handled);
    trv_raise(trv_ValueError, "new");
    raised = trv_error_take();
    ck_assert(is_context(raised, handled));
    /* raising the handled one again does not make it its own context */
    trv_raise_object(handled);
    ck_assert(is_context(handled, trv_none_new()));
    trv_error_clear();
    trv_clear(&trv__current->context->handled);
    trv_unref(raised);
    trv_unref(handled);
}

TEST(raising_cuts_rings_of_contexts)
{
    trv_object *a = make(trv_ValueError, "a"), *b = make(trv_ValueError, "b"),
               *c = make(trv_ValueError, "c");

    trv_raise_object(a);
    trv_raise_object(b); /* b -> a */
    trv_raise_object(c); /* c -> b -> a */
    trv_raise_object(a); /* a -> c -> b, cut there */
    ck_assert(is_context(a, c));
    ck_assert(is_context(c, b));
    ck_assert(is_context(b, trv_none_new()));
    trv_error_clear();
    trv_unref(a);
    trv_unref(b);
    trv_unref(c);
}

TEST(raising_survives_rings_made_by_hand)
{
    trv_object *a = make(trv_ValueError, "a"), *b = make(trv_ValueError, "b"),
               *c = make(trv_ValueError, "c");

    ck_assert_int_eq(trv_setattr(a, "__context__", b), 0);
    ck_assert_int_eq(trv_setattr(b, "__context__", a), 0);
    trv_raise_object_at_(NULL, 0, NULL, a, NULL);
    trv_raise_object_at_(NULL, 0, NULL, c, NULL); /* c -> a -> b -> a */
    ck_assert(is_context(c, a));
    assert_format(c, "ValueError: b\n\nDuring handling of the above exception, another exception "
                     "occurred:\n\nValueError: a\n\nDuring handling of the above exception, "
                     "another exception occurred:\n\nValueError: c\n");
    trv_error_clear();
    ck_assert_int_eq(trv_setattr(a, "__context__", trv_none_new()), 0);
    trv_unref(a);
    trv_unref(b);
    trv_unref(c);
}

TEST(raise_from_sets_the_cause)
{
    trv_object *cause = make(trv_KeyError, "cause"), *exception = make(trv_ValueError, "v");

    trv_raise_from(exception, cause);
    ck_assert(is_cause(exception, cause));
    trv_error_clear();
    trv_raise(trv_TypeError, "pending");
    trv_raise_from(exception, trv_none_new());
    ck_assert(is_cause(exception, trv_none_new()));
    ck_assert(!is_context(exception, trv_none_new()));
    trv_error_clear();
    assert_format(cause, "KeyError: 'cause'\n");
    trv_unref(cause);
    trv_unref(exception);
}

/* The pending exception ------------------------------------------------------------------------ */

TEST(matching_knows_bases_and_tuples)
{
    trv_object *types[] = {trv_TypeError, trv_LookupError}, *pair = trv_tuple_new(types, 2),
               *nested[] = {trv_OSError, pair}, *deep = trv_tuple_new(nested, 2);

    ck_assert_int_eq(trv_error_matches(trv_Exception), 0);
    trv_raise(trv_KeyError, "k");
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    ck_assert_int_eq(trv_error_matches(trv_LookupError), 1);
    ck_assert_int_eq(trv_error_matches(trv_BaseException), 1);
    ck_assert_int_eq(trv_error_matches(trv_IndexError), 0);
    ck_assert_int_eq(trv_error_matches(trv_int_type), 0);
    ck_assert_int_eq(trv_error_matches(pair), 1);
    ck_assert_int_eq(trv_error_matches(deep), 1);
    ck_assert_int_eq(trv_error_matches(NULL), 0);
    trv_error_clear();
    trv_unref(pair);
    trv_unref(deep);
}

TEST(taking_and_restoring)
{
    trv_object *exception;

    ck_assert_ptr_null(trv_error_take());
    trv_error_clear();
    trv_raise(trv_ValueError, "v");
    exception = trv_error_take();
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv_error_restore(exception);
    ck_assert_int_eq(trv_error_occurred(), 1);
    trv_error_restore(NULL);
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv_raise(trv_TypeError, "replaced");
    trv_error_restore(exception);
    trv_unref(exception);
    assert_pending(trv_ValueError, "v");
}

/* Text ----------------------------------------------------------------------------------------- */

TEST(a_traceback_names_the_innermost_place_last)
{
    trv_object *exception;

    trv_raise_at_("inner.c", 12, "inner", trv_ValueError, "text");
    trv__error_passed("middle.c", 34, "middle");
    trv__error_passed("outer.c", 56, "outer");
    exception = trv_error_take();
    assert_format(exception, "Traceback (most recent call last):\n"
                             "  File \"outer.c\", line 56, in outer\n"
                             "  File \"middle.c\", line 34, in middle\n"
                             "  File \"inner.c\", line 12, in inner\n"
                             "ValueError: text\n");
    trv_unref(exception);
}

TEST(a_traceback_grows_and_folds_repeated_lines)
{
    trv_object *exception;

    trv_raise_at_("a.c", 1, "a", trv_ValueError, "text");
    for (int i = 0; i < 1000; i++)
        trv__error_passed("b.c", 2, "b");
    trv__error_passed("c.c", 3, "c");
    for (int i = 0; i < 4; i++)
        trv__error_passed("d.c", 4, "d");
    exception = trv_error_take();
    assert_format(exception, "Traceback (most recent call last):\n"
                             "  File \"d.c\", line 4, in d\n"
                             "  File \"d.c\", line 4, in d\n"
                             "  File \"d.c\", line 4, in d\n"
                             "  [Previous line repeated 1 more time]\n"
                             "  File \"c.c\", line 3, in c\n"
                             "  File \"b.c\", line 2, in b\n"
                             "  File \"b.c\", line 2, in b\n"
                             "  File \"b.c\", line 2, in b\n"
                             "  [Previous line repeated 997 more times]\n"
                             "  File \"a.c\", line 1, in a\n"
                             "ValueError: text\n");
    trv_unref(exception);
}

static trv_object *failing(const trv_args *args TRV_UNUSED)
{
    return trv_raise_at_("f.c", 9, "failing", trv_ValueError, "text");
}

TRV_STATIC_FUNCTION(fails, "fails(): raises")
{
    return trv_raise(trv_ValueError, "text");
}

TRV_STATIC_FUNCTION(passes, "passes(): calls what raises")
{
    return trv_call(fails, "");
}

TEST(a_traceback_names_a_function_once_and_as_it_was_written)
{
    trv_object *exception, *text;
    const char *found;

    ck_assert_ptr_null(trv_call(passes, ""));
    exception = trv_error_take();
    text = trv_exception_format(exception);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "in passes\n"));
    ck_assert_ptr_nonnull(found = strstr(trv_str_utf8(text, NULL), "in fails\n"));
    ck_assert_ptr_null(strstr(found + 1, " in "));
    trv_unref(text);
    trv_unref(exception);
}

TEST(a_traceback_outlives_the_closures_in_it)
{
    trv_object *closure = trv_function_new(failing, "my_closure", NULL), *exception;

    ck_assert_ptr_null(trv_call(closure, ""));
    trv_unref(closure);
    exception = trv_error_take();
    assert_format(exception, "Traceback (most recent call last):\n"
                             "  File \"?\", line 0, in my_closure\n"
                             "  File \"f.c\", line 9, in failing\n"
                             "ValueError: text\n");
    trv_unref(exception);
}

TEST(causes_and_contexts_are_shown)
{
    trv_object *exception, *cause;

    trv_raise_at_("a.c", 1, "a", trv_KeyError, "k");
    trv_raise_at_("b.c", 2, "b", trv_ValueError, "v");
    cause = trv_error_take();
    exception = make(trv_RuntimeError, "");
    trv_raise_object_at_("c.c", 3, "c", exception, cause);
    trv_error_clear();
    assert_format(exception,
                  "Traceback (most recent call last):\n"
                  "  File \"a.c\", line 1, in a\n"
                  "KeyError: 'k'\n"
                  "\nDuring handling of the above exception, another exception occurred:\n\n"
                  "Traceback (most recent call last):\n"
                  "  File \"b.c\", line 2, in b\n"
                  "ValueError: v\n"
                  "\nThe above exception was the direct cause of the following exception:\n\n"
                  "Traceback (most recent call last):\n"
                  "  File \"c.c\", line 3, in c\n"
                  "RuntimeError\n");
    trv_unref(exception);
    trv_unref(cause);
}

TEST(a_ring_of_causes_is_shown_once)
{
    trv_object *a = make(trv_ValueError, "a"), *b = make(trv_ValueError, "b");

    ck_assert_int_eq(trv_setattr(a, "__cause__", b), 0);
    ck_assert_int_eq(trv_setattr(b, "__cause__", a), 0);
    assert_format(a, "ValueError: b\n\nThe above exception was the direct cause of the following "
                     "exception:\n\nValueError: a\n");
    /* the marks of the walk are gone */
    assert_format(b, "ValueError: a\n\nThe above exception was the direct cause of the following "
                     "exception:\n\nValueError: b\n");
    trv_unref(a);
    trv_unref(b);
}

TEST(a_long_chain_is_shown)
{
    trv_object *exception, *text;
    size_t size;

    for (int i = 0; i < 100000; i++)
        trv_raise_at_(NULL, 0, NULL, trv_ValueError, "v");
    exception = trv_error_take();
    text = trv_exception_format(exception);
    ck_assert_ptr_nonnull(trv_str_utf8(text, &size));
    ck_assert_uint_gt(size, 100000 * 70);
    trv_unref(text);
    trv_unref(exception);
}

TEST(the_traceback_of_another_process_comes_first)
{
    trv_object *exception, *text;

    trv_raise_at_("worker.c", 1, "work", trv_ValueError, "text");
    exception = trv_error_take();
    text = trv__exception_traceback(exception);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "Traceback (most recent call last):\n"
                                               "  File \"worker.c\", line 1, in work\n"
                                               "ValueError: text\n");
    trv_unref(exception);
    exception = make(trv_ValueError, "text");
    ck_assert_int_eq(trv__exception_set_remote_traceback(exception, text), 0);
    trv_raise_object_at_("parent.c", 2, "parent", exception, NULL);
    trv_error_clear();
    assert_format(exception,
                  "\"\"\"\n"
                  "Traceback (most recent call last):\n"
                  "  File \"worker.c\", line 1, in work\n"
                  "ValueError: text\n"
                  "\"\"\"\n"
                  "\nThe above exception was the direct cause of the following exception:\n\n"
                  "Traceback (most recent call last):\n"
                  "  File \"parent.c\", line 2, in parent\n"
                  "ValueError: text\n");
    trv_unref(text);
    trv_unref(exception);
}

TEST(formatting_keeps_what_is_pending)
{
    trv_object *exception = make(trv_ValueError, "v"), *text;

    trv_raise(trv_TypeError, "pending");
    text = trv_exception_format(exception);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "ValueError: v\n");
    assert_pending(trv_TypeError, "pending");
    trv_unref(text);
    trv_unref(exception);
}

TEST(printing_writes_to_standard_error_and_clears)
{
    int saved = dup(2);
    FILE *file = tmpfile();
    char text[200];
    size_t size;

    ck_assert_int_ge(dup2(fileno(file), 2), 0);
    trv_raise_at_("a.c", 1, "a", trv_ValueError, "text");
    trv_error_print();
    trv_error_print();
    ck_assert_int_ge(dup2(saved, 2), 0);
    ck_assert_int_eq(trv_error_occurred(), 0);
    rewind(file);
    size = fread(text, 1, sizeof text - 1, file);
    text[size] = 0;
    ck_assert_str_eq(text, "Traceback (most recent call last):\n"
                           "  File \"a.c\", line 1, in a\n"
                           "ValueError: text\n");
    fclose(file);
    close(saved);
}

/* Memory and recursion ------------------------------------------------------------------------- */

TEST(memory_error_is_made_ahead)
{
    trv_object *first, *second;

    trv_raise(trv_ValueError, "pending");
    trv_raise(trv_MemoryError, "out of memory");
    first = trv_error_take();
    trv_raise(trv_MemoryError, "again");
    second = trv_error_take();
    ck_assert_ptr_eq(first, second);
    ck_assert(is_context(first, trv_none_new()));
    assert_format(first, "MemoryError: out of memory\n");
    /* nothing is recorded in it */
    ck_assert_int_eq(trv_setattr(first, "__context__", second), -1);
    assert_pending(trv_AttributeError, "the MemoryError made ahead cannot be changed");
    trv_unref(first);
    trv_unref(second);
}

TEST(recursion_error_is_raised_below_the_limit)
{
    struct trv__context *context = trv__current->context;
    char *limit = context->stack_limit, here, *above = (char *)((uintptr_t)&here + 4096);

    context->stack_limit = above;
    ck_assert_int_eq(trv__enter_recursion(" in a test"), -1);
    ck_assert_ptr_eq(context->stack_limit, above);
    context->stack_limit = limit;
    assert_pending(trv_RecursionError, "maximum recursion depth exceeded in a test");
}

#if TRV_FAULT
/* Does it once for each of its allocations, with that one failing. */
static void for_each_fault(void (*attempt)(void))
{
    bool has_struck = true;

    for (uint64_t n = 1; has_struck; n++) {
        trv__fault_arm(n);
        attempt();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        ck_assert_int_eq(trv_error_occurred(), 0);
    }
}

static void raise_and_format(void)
{
    trv_object *exception, *text;

    trv_raise(trv_KeyError, "first");
    for (int i = 0; i < 9; i++)
        trv__error_passed("a.c", 1, "a");
    trv__error_passed(NULL, 0, "closure");
    trv_raise_errno_of(ENOENT, "second");
    exception = trv_error_take();
    ck_assert_ptr_nonnull(exception);
    text = trv_exception_format(exception);
    if (!text) {
        ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
        trv_error_clear();
    }
    trv_unref(text);
    trv_unref(exception);
}

TEST(running_out_of_memory_while_raising)
{
    for_each_fault(raise_and_format);
}
#define FAULT_TESTS , RUN(running_out_of_memory_while_raising)
#else
#define FAULT_TESTS
#endif

TEST_LIST(RUN(raise_sets_an_exception_and_keeps_errno), RUN(raise_takes_texts_of_any_length),
          RUN(raise_takes_texts_that_are_not_utf8), RUN(raise_needs_an_exception_type),
          RUN(raise_with_a_null_type_lets_what_is_pending_stand),
          RUN(raise_errno_chooses_the_type_and_adds_the_reason),
          RUN(raise_object_raises_that_very_object), RUN(raise_object_takes_only_exceptions),
          RUN(what_is_pending_becomes_the_context), RUN(what_is_being_handled_becomes_the_context),
          RUN(raising_cuts_rings_of_contexts), RUN(raising_survives_rings_made_by_hand),
          RUN(raise_from_sets_the_cause), RUN(matching_knows_bases_and_tuples),
          RUN(taking_and_restoring), RUN(a_traceback_names_the_innermost_place_last),
          RUN(a_traceback_grows_and_folds_repeated_lines),
          RUN(a_traceback_names_a_function_once_and_as_it_was_written),
          RUN(a_traceback_outlives_the_closures_in_it), RUN(causes_and_contexts_are_shown),
          RUN(a_ring_of_causes_is_shown_once), RUN(a_long_chain_is_shown),
          RUN(the_traceback_of_another_process_comes_first), RUN(formatting_keeps_what_is_pending),
          RUN(printing_writes_to_standard_error_and_clears), RUN(memory_error_is_made_ahead),
          RUN(recursion_error_is_raised_below_the_limit) FAULT_TESTS)
