/* SPDX-License-Identifier: MIT */
/*
 * Code of a user that runs where nobody takes its exception: it is printed, and what was pending
 * before stays pending. And printing to standard output, which is caught in the same way.
 */
#include "object/expect.h"

#include "base/current.h"
#include "object/object.h"

#include "trivet/exception.h"

#include <unistd.h>

/* What is written to a descriptor between the two calls. */
static FILE *caught;
static int saved;

static void catch_begin(int fd)
{
    fflush(NULL);
    caught = tmpfile();
    ck_assert_ptr_nonnull(caught);
    saved = dup(fd);
    ck_assert_int_ge(dup2(fileno(caught), fd), 0);
}

static const char *catch_end(int fd)
{
    static char text[4096];
    size_t size;

    fflush(NULL);
    ck_assert_int_ge(dup2(saved, fd), 0);
    close(saved);
    rewind(caught);
    size = fread(text, 1, sizeof text - 1, caught);
    text[size] = 0;
    fclose(caught);
    return text;
}

static void finalize_raises(trv_object *self)
{
    (void)self;
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_uint_eq(trv__current->context->no_switch, 1);
    trv_raise(trv_ValueError, "in the finalizer");
}

static trv_object *repr_raises(trv_object *self)
{
    (void)self;
    return trv_raise(trv_TypeError, "no repr");
}

static trv_object *repr_plain(trv_object *self)
{
    (void)self;
    return trv_str_new("<the one>");
}

TEST(finalizer_s_exception_is_printed)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Noisy",
                          .slots = {.finalize = finalize_raises, .repr = repr_plain}};
    trv_auto trv_object *type = trv_type_new(&spec);
    const char *text;

    catch_begin(2);
    trv_unref(trv_call(type, ""));
    text = catch_end(2);
    ck_assert_ptr_nonnull(strstr(text, "Exception ignored in finalizer of: <the one>\n"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: in the finalizer"));
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_uint_eq(trv__current->context->no_switch, 0);
}

TEST(pending_exception_stays)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Noisy",
                          .slots = {.finalize = finalize_raises, .repr = repr_raises}};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_object *noisy = trv_call(type, "");
    const char *text;

    trv_raise(trv_KeyError, "pending");
    catch_begin(2);
    trv_unref(noisy);
    text = catch_end(2);
    ck_assert_ptr_nonnull(strstr(text, "Exception ignored in finalizer of: <Noisy object at 0x"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: in the finalizer"));
    ck_assert_ptr_null(strstr(text, "no repr"));
    expect_error(trv_KeyError, "'pending'");
}

TRV_STATIC_FUNCTION(weak_callback, "weak_callback(weakref)")
{
    trv_object *weakref;

    if (trv_parse(args, "o", &weakref) < 0)
        return NULL;
    return trv_raise(trv_ValueError, "in the callback");
}

TEST(weak_callback_s_exception_is_printed)
{
    trv_object *list = trv_list_new();
    trv_auto trv_object *weakref = trv_weakref_new(list, weak_callback);
    const char *text;

    ck_assert_ptr_nonnull(weakref);
    catch_begin(2);
    trv_unref(list);
    text = catch_end(2);
    ck_assert_ptr_nonnull(
        strstr(text, "Exception ignored in weak reference callback: <function weak_callback>\n"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: in the callback"));
}

/* Hooks ---------------------------------------------------------------------------------------- */

static trv_object *keep(const trv_args *args)
{
    trv_object *error, *message, *object;
    trv_auto trv_object *entry = NULL;

    if (trv_parse(args, "ooo", &error, &message, &object) < 0 ||
        !(entry = trv_build("(oos)", error, message, trv_type_name(object))) ||
        trv_list_append(args->self, entry) < 0)
        return NULL;
    return trv_none_new();
}

TEST(a_hook_gets_what_nobody_takes)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Noisy", .slots = {.finalize = finalize_raises}};
    trv_auto trv_object *type = trv_type_new(&spec), *kept = trv_list_new();
    trv_auto trv_object *hook = trv_function_new(keep, "keep(exception, message, object)", kept);

    ck_assert_int_eq(trv_set_unraisable_hook(hook), 0);
    catch_begin(2);
    trv_unref(trv_call(type, ""));
    ck_assert_str_eq(catch_end(2), "");
    expect_repr(trv_ref(kept), "[(ValueError('in the finalizer'), "
                               "'Exception ignored in finalizer of', 'Noisy')]");
    ck_assert_int_eq(trv_set_unraisable_hook(NULL), 0);
    expect_repr(trv_unraisable_hook(), "None");
}

TEST(a_hook_that_fails_is_written_with_what_it_was_for)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Noisy", .slots = {.finalize = finalize_raises}};
    trv_auto trv_object *type = trv_type_new(&spec);
    const char *text;

    ck_assert_int_eq(trv_set_unraisable_hook(weak_callback), 0);
    catch_begin(2);
    trv_unref(trv_call(type, ""));
    text = catch_end(2);
    ck_assert_ptr_nonnull(strstr(text, "Exception in a hook for exceptions:\n"));
    ck_assert_ptr_nonnull(strstr(text, "TypeError: weak_callback()"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: in the finalizer"));
    EXPECT_MINUS(trv_set_unraisable_hook(trv_bool_new(1)), trv_TypeError,
                 "a hook must be callable, not bool");
}

TEST(nothing_is_printed_when_nothing_is_raised)
{
    struct trv__callback callback;
    const char *text;

    trv_raise(trv_KeyError, "pending");
    catch_begin(2);
    trv__callback_begin(&callback);
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv__callback_end(&callback, "a test", NULL);
    text = catch_end(2);
    ck_assert_str_eq(text, "");
    expect_error(trv_KeyError, "'pending'");
}

TEST(print)
{
    trv_auto trv_object *list = trv_build("[is]", 1, "x"), *text = trv_str_new("h\xc3\xa9\n");
    const char *written;
    int good;

    catch_begin(1);
    good = trv_print(list) == 0 && trv_print(text) == 0;
    written = catch_end(1);
    ck_assert_int_eq(good, 1);
    ck_assert_str_eq(written, "[1, 'x']\nh\xc3\xa9\n\n");
}

TEST(print_that_fails)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Mute", .slots = {.repr = repr_raises}};
    trv_auto trv_object *type = trv_type_new(&spec), *mute = trv_call(type, "");
    trv_auto trv_object *text = trv_str_new("x");
    FILE *out = stdout;
    int answer;

    EXPECT_MINUS(trv_print(mute), trv_TypeError, "no repr");
    stdout = fopen("/dev/full", "w");
    setvbuf(stdout, NULL, _IONBF, 0);
    answer = trv_print(text);
    fclose(stdout);
    stdout = out;
    EXPECT_MINUS(answer, trv_OSError,
                 "[Errno 28] writing to standard output: No space left on device");
}

TEST_LIST(RUN(finalizer_s_exception_is_printed), RUN(pending_exception_stays),
          RUN(weak_callback_s_exception_is_printed), RUN(a_hook_gets_what_nobody_takes),
          RUN(a_hook_that_fails_is_written_with_what_it_was_for),
          RUN(nothing_is_printed_when_nothing_is_raised), RUN(print), RUN(print_that_fails))
