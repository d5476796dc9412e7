/* SPDX-License-Identifier: MIT */
/*
 * Handling exceptions: what is the context of what, in coroutines, threads and generators, too; parts of
 * groups; memory. What Python prints in the same cases is compared in tests/differential/errors.c.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "trivet/exception.h"

#include "base/current.h"

/* The type of an exception's context, or "None". Drops the exception. */
static void expect_context(trv_object *exception, const char *type)
{
    trv_auto trv_object *owned = exception, *context = trv_exception_context(owned);

    ck_assert_str_eq(trv_is_none(context) ? "None" : trv_type_name(context), type);
}

static void expect_handled(const char *type)
{
    trv_auto trv_object *handled = trv_error_handled();

    ck_assert_str_eq(trv_is_none(handled) ? "None" : trv_type_name(handled), type);
}

TEST(a_handler_takes_what_it_is_for)
{
    int runs = 0;

    TRV_HANDLE(error, trv_Exception)
    runs++;
    ck_assert_int_eq(runs, 0);
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_ValueError)
    runs++;
    ck_assert_int_eq(runs, 0);
    TRV_HANDLE(error, trv_LookupError)
    {
        runs++;
        ck_assert_int_eq(trv_error_occurred(), 0);
        ck_assert_str_eq(trv_type_name(error), "KeyError");
        expect_handled("KeyError");
    }
    ck_assert_int_eq(runs, 1);
    ck_assert_int_eq(trv_error_occurred(), 0);
    expect_handled("None");
}

static void leave_by_return(void)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    return;
}

TEST(a_handler_ends_however_it_is_left)
{
    leave_by_return();
    expect_handled("None");
    for (int i = 0; i < 3; i++) {
        (void)trv_raise(trv_KeyError, "k");
        TRV_HANDLE(error, trv_KeyError)
        {
            if (i == 1)
                break;
            if (i == 2)
                continue;
        }
        expect_handled("None");
    }
}

TEST(what_a_handler_raises_has_a_context)
{
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    {
        (void)trv_raise(trv_ValueError, "v");
        TRV_HANDLE(inner, trv_ValueError)
        {
            expect_handled("ValueError");
            (void)trv_raise(trv_TypeError, "t");
            expect_context(trv_error_take(), "ValueError");
        }
        expect_handled("KeyError");
        (void)trv_raise(trv_OSError, "o");
    }
    expect_context(trv_error_take(), "KeyError");
    (void)trv_raise(trv_OSError, "o");
    expect_context(trv_error_take(), "None");
}

TEST(a_handler_can_raise_again)
{
    EXPECT_NULL(trv_reraise(), trv_RuntimeError, "No active exception to reraise");
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    ck_assert_ptr_null(trv_reraise());
    expect_error(trv_KeyError, "'k'");
}

TEST(a_thousand_handlers_inside_each_other)
{
    trv_handler_ handlers[1000];

    for (size_t i = 0; i < 1000; i++) {
        (void)trv_raise(trv_ValueError, "%zu", i);
        handlers[i] = trv_handle_begin(trv_ValueError);
    }
    for (size_t i = 1000; i-- > 0;) {
        trv_auto trv_object *handled = trv_error_handled(), *text = trv_str(handled);
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        ck_assert_str_eq(trv_str_utf8(text, NULL), number);
        trv_handle_end(&handlers[i]);
    }
    expect_handled("None");
}

/* Coroutines, threads ------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(handles, "handles(type): handles one while others run")
{
    trv_object *type;

    if (trv_parse(args, "o", &type) < 0)
        return NULL;
    for (int i = 0; i < 20; i++) {
        (void)trv_raise(type, "%d", i);
        TRV_HANDLE(error, type)
        {
            if (trv_sleep(0.0001) < 0)
                return NULL;
            expect_handled(trv_type_name(error));
            (void)trv_raise(trv_RuntimeError, "r");
            expect_context(trv_error_take(), trv_type_name(error));
        }
        expect_handled("None");
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(spawns, "spawns()")
{
    trv_auto trv_object *futures = trv_list_new();
    trv_object *types[] = {trv_KeyError, trv_ValueError, trv_TypeError};

    for (size_t i = 0; i < 12; i++) {
        trv_auto trv_object *task = trv_spawn(handles, "o", types[i % 3]);
        if (!task || trv_list_append(futures, task) < 0)
            return NULL;
    }
    (void)trv_raise(trv_OSError, "o");
    TRV_HANDLE(error, trv_OSError)
    {
        trv_auto trv_object *results = trv_gather(futures);
        if (!results)
            return NULL;
        expect_handled("OSError");
    }
    return trv_none_new();
}

SEEDED_TEST(each_coroutine_handles_its_own, 20)
{
    trv_auto trv_object *result = trv_run(spawns, "");

    if (!result)
        trv_error_print();
    ck_assert_ptr_nonnull(result);
}

SEEDED_TEST(each_thread_handles_its_own, 20)
{
    trv_auto trv_object *pool = trv_thread_pool_new(NULL), *futures = trv_list_new();
    trv_object *types[] = {trv_KeyError, trv_ValueError, trv_TypeError};
    trv_auto trv_object *results = NULL;

    for (size_t i = 0; i < 6; i++) {
        trv_auto trv_object *future = trv_submit(pool, handles, "o", types[i % 3]);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    (void)trv_raise(trv_OSError, "o");
    TRV_HANDLE(error, trv_OSError)
    {
        results = trv_gather(futures);
        expect_handled("OSError");
    }
    ck_assert_ptr_nonnull(results);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

TRV_STATIC_FUNCTION(sees, "sees(): yields the name of what is handled")
{
    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *handled = trv_error_handled();
        trv_auto trv_object *name = trv_str_new(trv_type_name(handled));
        trv_auto trv_object *sent = trv_yield(name);
        if (!sent)
            return NULL;
    }
    return trv_none_new();
}

TRV_STATIC_FUNCTION(handles_and_yields,
                    "handles_and_yields(inner): inner's items, while it handles")
{
    trv_object *inner, *result = NULL;

    if (trv_parse(args, "o", &inner) < 0)
        return NULL;
    (void)trv_raise(trv_KeyError, "k");
    TRV_HANDLE(error, trv_KeyError)
    result = trv_yield_from(inner);
    return result;
}

static void expect_next(trv_object *generator, const char *text)
{
    trv_object *item = NULL;

    ck_assert_int_eq(trv_next(generator, &item), 1);
    ck_assert_str_eq(trv_str_utf8(item, NULL), text);
    trv_unref(item);
}

TEST(generators_see_what_those_around_them_handle)
{
    trv_auto trv_object *inner = trv_generator_new(sees, "");
    trv_auto trv_object *outer = trv_generator_new(handles_and_yields, "o", inner);

    expect_next(inner, "NoneType");
    expect_next(outer, "KeyError");
    expect_handled("None");
    (void)trv_raise(trv_OSError, "o");
    TRV_HANDLE(error, trv_OSError)
    {
        expect_next(outer, "KeyError");
        expect_next(inner, "OSError");
        expect_handled("OSError");
    }
    expect_next(inner, "NoneType");
}

/* Parts ---------------------------------------------------------------------------------------- */

static trv_object *make_tree(void)
{
    trv_auto trv_object *k = trv_call(trv_KeyError, "s", "k"), *v = NULL, *o = NULL, *pair = NULL,
                        *inner = NULL, *both = NULL;

    if (!k || !(v = trv_call(trv_ValueError, "s", "v")) ||
        !(o = trv_call(trv_OSError, "is", 2, "o")) || !(pair = trv_build("(oo)", v, o)) ||
        !(inner = trv_exception_group_new("h", pair)) || !(both = trv_build("(oo)", k, inner)))
        return NULL;
    return trv_exception_group_new("g", both);
}

static void raise_tree(void)
{
    trv_auto trv_object *group = make_tree();

    (void)trv_raise_object(group);
}

TEST(the_part_of_a_type_is_taken_out)
{
    trv_object *part;

    ck_assert_int_eq(trv_error_split(trv_KeyError, &part), 0);
    ck_assert_ptr_null(part);
    raise_tree();
    ck_assert_int_eq(trv_error_split(trv_TypeError, &part), 0);
    ck_assert_int_eq(trv_error_split(trv_OSError, &part), 1);
    expect_repr(part, "ExceptionGroup('g', [ExceptionGroup('h', [FileNotFoundError(2, 'o')])])");
    ck_assert_int_eq(trv_error_matches(trv_ExceptionGroup), 1);
    ck_assert_int_eq(trv_error_split(trv_Exception, &part), 1);
    trv_unref(part);
    ck_assert_int_eq(trv_error_occurred(), 0);
    (void)trv_raise(trv_KeyError, "k");
    ck_assert_int_eq(trv_error_split(trv_KeyError, &part), 1);
    expect_repr(part, "KeyError('k')");
    raise_tree();
    ck_assert_int_eq(trv_error_split(trv_int_type, &part), -1);
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
}

TEST(handlers_of_parts_see_their_part)
{
    int runs = 0;

    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        expect_handled("ExceptionGroup");
        TRV_HANDLE_PART(part, parts, trv_LookupError)
        {
            runs++;
            expect_repr(trv_ref(part), "ExceptionGroup('g', [KeyError('k')])");
            expect_repr(trv_error_handled(), "ExceptionGroup('g', [KeyError('k')])");
        }
        TRV_HANDLE_PART(part, parts, trv_TypeError)
        runs += 100;
        TRV_HANDLE_PART(part, parts, trv_Exception)
        runs++;
        TRV_HANDLE_PART(part, parts, trv_Exception)
        runs += 100;
    }
    ck_assert_int_eq(runs, 2);
    ck_assert_int_eq(trv_error_occurred(), 0);
    expect_handled("None");
}

TEST(handlers_of_parts_do_not_run_without_an_exception)
{
    TRV_HANDLE_PARTS(parts)
    ck_abort();
    ck_assert_int_eq(trv_error_occurred(), 0);
}

/* Handles parts in all ways there are. */
static trv_object *handle_parts(void)
{
    raise_tree();
    TRV_HANDLE_PARTS(parts)
    {
        TRV_HANDLE_PART(part, parts, trv_KeyError)
        (void)trv_reraise();
        TRV_HANDLE_PART(part, parts, trv_ValueError)
        (void)trv_raise(trv_TypeError, "t");
    }
    return trv_error_take();
}

/* As EXHAUST wants it: MemoryError alone is a failure. */
static trv_object *group_or_failure(void)
{
    trv_auto trv_object *error = handle_parts();

    ck_assert_ptr_nonnull(error);
    if (trv_isinstance(error, trv_BaseExceptionGroup))
        return trv_steal(&error);
    (void)trv_raise_object(error);
    return NULL;
}

TEST(parts_and_memory)
{
    expect_repr(handle_parts(),
                "ExceptionGroup('', [TypeError('t'), ExceptionGroup('g', [KeyError('k'), "
                "ExceptionGroup('h', [FileNotFoundError(2, 'o')])])])");
    EXHAUST(group_or_failure());
}

TEST_LIST(RUN(a_handler_takes_what_it_is_for), RUN(a_handler_ends_however_it_is_left),
          RUN(what_a_handler_raises_has_a_context), RUN(a_handler_can_raise_again),
          RUN(a_thousand_handlers_inside_each_other), RUN(each_coroutine_handles_its_own),
          RUN(each_thread_handles_its_own), RUN(generators_see_what_those_around_them_handle),
          RUN(the_part_of_a_type_is_taken_out), RUN(handlers_of_parts_see_their_part),
          RUN(handlers_of_parts_do_not_run_without_an_exception), RUN(parts_and_memory))
