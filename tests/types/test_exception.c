/* SPDX-License-Identifier: MIT */
/*
 * Exceptions as objects: the tree, making them, their text, attributes and types made at run time.
 */
#include "support/harness.h"

#include "heap/type.h"

#include <errno.h>

/* An exception of a type, with arguments built from a format of a tuple. */
#define MAKE(type, ...) make(type, trv_build(__VA_ARGS__))

static trv_object *make(trv_object *type, trv_object *args)
{
    trv_object *exception;

    ck_assert_ptr_nonnull(args);
    exception = trv_exception_new(type, args);
    ck_assert_ptr_nonnull(exception);
    trv_unref(args);
    return exception;
}

static void assert_is(trv_object *str, const char *text)
{
    ck_assert_ptr_nonnull(str);
    ck_assert_str_eq(trv_str_utf8(str, NULL), text);
    trv_unref(str);
}

/* Checks str and repr, and drops the exception. */
static void assert_texts(trv_object *exception, const char *str, const char *repr)
{
    assert_is(trv_str(exception), str);
    assert_is(trv_repr(exception), repr);
    trv_unref(exception);
}

/* Drops the pending exception, which must be of that type. */
static void assert_raised(trv_object *type)
{
    ck_assert_int_eq(trv_error_matches(type), 1);
    trv_error_clear();
}

static void assert_attribute(trv_object *object, const char *name, const char *repr)
{
    trv_object *value = trv_getattr(object, name);

    ck_assert_ptr_nonnull(value);
    assert_is(trv_repr(value), repr);
    trv_unref(value);
}

/* The tree ------------------------------------------------------------------------------------- */

TEST(every_type_has_its_base_and_name)
{
#define CHECK(own_name, base)                                                                      \
    ck_assert_int_eq(trv_issubclass(trv_##own_name, trv_##base), 1);                               \
    ck_assert_int_eq(trv_issubclass(trv_##own_name, trv_BaseException), 1);                        \
    ck_assert_int_eq(trv_issubclass(trv_##base, trv_##own_name), 0);                               \
    ck_assert_str_eq(trv__type_of_handle(trv_##own_name)->name, #own_name);
    TRV_EXCEPTIONS(CHECK)
#undef CHECK
    ck_assert_int_eq(trv_issubclass(trv_CancelledError, trv_Exception), 0);
    ck_assert_int_eq(trv_issubclass(trv_FileNotFoundError, trv_OSError), 1);
}

/* Those that want arguments of their own are tested below. */
static bool takes_anything(trv_object *type)
{
    return !trv_issubclass(type, trv_BaseExceptionGroup) &&
           (type == trv_UnicodeError || !trv_issubclass(type, trv_UnicodeError));
}

static void assert_can_be_called(trv_object *type)
{
    trv_object *exception = trv_call(type, "si", "text", 3);

    ck_assert_ptr_nonnull(exception);
    ck_assert_ptr_eq(trv_type_of(exception), type);
    assert_attribute(exception, "args", "('text', 3)");
    trv_unref(exception);
}

TEST(every_type_can_be_called)
{
#define CHECK(own_name, base)                                                                      \
    if (takes_anything(trv_##own_name))                                                            \
        assert_can_be_called(trv_##own_name);
    TRV_EXCEPTIONS(CHECK)
#undef CHECK
}

TEST(making_checks_its_arguments)
{
    trv_object *list = trv_list_new(), *keywords = trv_build("{s:i}", "a", 1);

    ck_assert_ptr_null(trv_exception_new(trv_int_type, NULL));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_new(list, NULL));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_new(trv_ValueError, list));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_call_array(trv_ValueError, NULL, 0, keywords));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_args(list));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_cause(list));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_context(list));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_format(list));
    assert_raised(trv_TypeError);
    trv_unref(list);
    trv_unref(keywords);
}

/* Text ----------------------------------------------------------------------------------------- */

TEST(texts_are_those_of_python)
{
    assert_texts(trv_exception_new(trv_ValueError, NULL), "", "ValueError()");
    assert_texts(MAKE(trv_ValueError, "(s)", "a'b"), "a'b", "ValueError(\"a'b\")");
    assert_texts(MAKE(trv_ValueError, "(i)", 5), "5", "ValueError(5)");
    assert_texts(MAKE(trv_ValueError, "(si)", "a", 1), "('a', 1)", "ValueError('a', 1)");
    assert_texts(MAKE(trv_KeyError, "(s)", "k"), "'k'", "KeyError('k')");
    assert_texts(MAKE(trv_KeyError, "(ss)", "k", "l"), "('k', 'l')", "KeyError('k', 'l')");
    assert_texts(MAKE(trv_LookupError, "(s)", "k"), "k", "LookupError('k')");
    assert_texts(MAKE(trv_OSError, "(s)", "only text"), "only text", "OSError('only text')");
    assert_texts(MAKE(trv_OSError, "(is)", 2, "No such"), "[Errno 2] No such",
                 "FileNotFoundError(2, 'No such')");
    assert_texts(MAKE(trv_OSError, "(iss)", 2, "No such", "a b"), "[Errno 2] No such: 'a b'",
                 "FileNotFoundError(2, 'No such')");
}

TEST(an_exception_within_itself_has_a_repr)
{
    trv_object *list = trv_list_new(), *exception = MAKE(trv_ValueError, "(o)", list);

    ck_assert_int_eq(trv_list_append(list, exception), 0);
    assert_is(trv_repr(exception), "ValueError([ValueError(...)])");
    trv_unref(list);
    trv_unref(exception); /* a cycle, left to the collector */
}

/* OSError -------------------------------------------------------------------------------------- */

TEST(the_number_of_an_os_error_chooses_its_type)
{
    static const struct {
        int number;
        trv_object *type;
    } known[] = {
        {EAGAIN, trv_BlockingIOError},
        {EALREADY, trv_BlockingIOError},
        {EINPROGRESS, trv_BlockingIOError},
        {ECHILD, trv_ChildProcessError},
        {EPIPE, trv_BrokenPipeError},
        {ESHUTDOWN, trv_BrokenPipeError},
        {ECONNABORTED, trv_ConnectionAbortedError},
        {ECONNREFUSED, trv_ConnectionRefusedError},
        {ECONNRESET, trv_ConnectionResetError},
        {EEXIST, trv_FileExistsError},
        {ENOENT, trv_FileNotFoundError},
        {EINTR, trv_InterruptedError},
        {EISDIR, trv_IsADirectoryError},
        {ENOTDIR, trv_NotADirectoryError},
        {EACCES, trv_PermissionError},
        {EPERM, trv_PermissionError},
        {ESRCH, trv_ProcessLookupError},
        {ETIMEDOUT, trv_TimeoutError},
        {ECANCELED, trv_OSError},
        {ENOSPC, trv_OSError},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        trv_object *exception = MAKE(trv_OSError, "(is)", known[i].number, "text");
        ck_assert_ptr_eq(trv_type_of(exception), known[i].type);
        trv_unref(exception);
        /* a derived type stays what it is */
        exception = MAKE(trv_ConnectionError, "(is)", known[i].number, "text");
        ck_assert_ptr_eq(trv_type_of(exception), trv_ConnectionError);
        trv_unref(exception);
    }
}

TEST(an_os_error_has_its_attributes)
{
    trv_object *exception = MAKE(trv_OSError, "(iss)", 13, "denied", "f"),
               *number = trv_int_parse("99999999999999999999", 10);

    assert_attribute(exception, "errno", "13");
    assert_attribute(exception, "strerror", "'denied'");
    assert_attribute(exception, "filename", "'f'");
    trv_unref(exception);
    exception = MAKE(trv_OSError, "(s)", "text");
    assert_attribute(exception, "errno", "None");
    assert_attribute(exception, "strerror", "None");
    trv_unref(exception);
    exception = trv_call(trv_OSError, "oi", number, 1);
    ck_assert_ptr_eq(trv_type_of(exception), trv_OSError);
    trv_unref(number);
    trv_unref(exception);
}

/* Attributes ----------------------------------------------------------------------------------- */

TEST(attributes_are_read_and_set)
{
    trv_object *a = MAKE(trv_ValueError, "(i)", 1), *b = MAKE(trv_ValueError, "(i)", 2);

    assert_attribute(a, "args", "(1,)");
    assert_attribute(a, "__cause__", "None");
    assert_attribute(a, "__suppress_context__", "False");
    ck_assert_int_eq(trv_setattr(a, "__context__", b), 0);
    assert_attribute(a, "__context__", "ValueError(2)");
    assert_attribute(a, "__suppress_context__", "False");
    ck_assert_int_eq(trv_setattr(a, "__cause__", b), 0);
    assert_attribute(a, "__cause__", "ValueError(2)");
    assert_attribute(a, "__suppress_context__", "True");
    ck_assert_int_eq(trv_setattr(a, "__suppress_context__", trv_bool_new(0)), 0);
    assert_attribute(a, "__suppress_context__", "False");
    ck_assert_int_eq(trv_setattr(a, "__cause__", trv_none_new()), 0);
    assert_attribute(a, "__cause__", "None");
    ck_assert_int_lt(trv_setattr(a, "__cause__", trv_int_type), 0);
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_getattr(a, "color"));
    assert_raised(trv_AttributeError);
    ck_assert_int_eq(trv_setattr(a, "color", b), 0);
    assert_attribute(a, "color", "ValueError(2)");
    ck_assert_int_eq(trv_delattr(a, "color"), 0);
    ck_assert_int_eq(trv_delattr(a, "color"), -1);
    assert_raised(trv_AttributeError);
    ck_assert_ptr_null(trv_getattr(a, "errno"));
    assert_raised(trv_AttributeError);
    trv_unref(a);
    trv_unref(b);
}

TEST(values_of_stop_iteration_and_system_exit)
{
    trv_object *stop = MAKE(trv_StopIteration, "(s)", "v"), *end = MAKE(trv_SystemExit, "(i)", 3);

    assert_attribute(stop, "value", "'v'");
    assert_attribute(end, "code", "3");
    trv_unref(stop);
    trv_unref(end);
    stop = trv_exception_new(trv_StopIteration, NULL);
    assert_attribute(stop, "value", "None");
    trv_unref(stop);
}

TEST(exceptions_are_equal_to_themselves_alone)
{
    trv_object *a = MAKE(trv_ValueError, "(i)", 1), *b = MAKE(trv_ValueError, "(i)", 1);
    int64_t hash_a, hash_b;

    ck_assert_int_eq(trv_equal(a, a), 1);
    ck_assert_int_eq(trv_equal(a, b), 0);
    ck_assert_int_eq(trv_hash(a, &hash_a), 0);
    ck_assert_int_eq(trv_hash(b, &hash_b), 0);
    ck_assert_int_ne(hash_a, hash_b);
    trv_unref(a);
    trv_unref(b);
}

/* Types made at run time ----------------------------------------------------------------------- */

TEST(a_type_made_at_run_time)
{
    trv_object *type = trv_exception_type_new("MyError", trv_KeyError), *derived, *exception;

    ck_assert_ptr_nonnull(type);
    derived = trv_exception_type_new("OtherError", type);
    ck_assert_ptr_nonnull(derived);
    trv_raise(derived, "n is %d", 3);
    ck_assert_int_eq(trv_error_matches(derived), 1);
    ck_assert_int_eq(trv_error_matches(type), 1);
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 0);
    trv_unref(type);
    trv_unref(derived);
    exception = trv_error_take(); /* keeps its type alive */
    assert_texts(exception, "'n is 3'", "OtherError('n is 3')");
}

TEST(a_type_needs_an_exception_as_base)
{
    ck_assert_ptr_null(trv_exception_type_new("MyError", trv_int_type));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_exception_type_new("MyError", NULL));
    assert_raised(trv_SystemError);
}

TEST(cycles_through_exceptions_are_collected)
{
    trv_object *a = MAKE(trv_ValueError, "(i)", 1), *b = MAKE(trv_ValueError, "(i)", 2);
    size_t found;

    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_int_eq(trv_setattr(a, "__cause__", b), 0);
    ck_assert_int_eq(trv_setattr(b, "__context__", a), 0);
    trv_unref(a);
    trv_unref(b);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_ge(found, 2);
}

TEST_LIST(RUN(every_type_has_its_base_and_name), RUN(every_type_can_be_called),
          RUN(making_checks_its_arguments), RUN(texts_are_those_of_python),
          RUN(an_exception_within_itself_has_a_repr),
          RUN(the_number_of_an_os_error_chooses_its_type), RUN(an_os_error_has_its_attributes),
          RUN(attributes_are_read_and_set), RUN(values_of_stop_iteration_and_system_exit),
          RUN(exceptions_are_equal_to_themselves_alone), RUN(a_type_made_at_run_time),
          RUN(a_type_needs_an_exception_as_base), RUN(cycles_through_exceptions_are_collected))
