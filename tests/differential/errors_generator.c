/* SPDX-License-Identifier: MIT */
/*
 * What happens to exceptions in generators, at their yields and at their ends. See errors.c.
 */
#include "errors.h"

#include <stdbool.h>
#include <string.h>

/* Yields a number. False if it is to end. */
static bool yield(int64_t number)
{
    trv_auto trv_object *item = trv_int_new(number);
    trv_auto trv_object *sent = trv_yield(item);

    return sent != NULL;
}

TRV_STATIC_FUNCTION(plain, "plain()")
{
    return yield(1) && yield(2) ? trv_none_new() : NULL;
}

TRV_STATIC_FUNCTION(handling, "handling()")
{
    (void)trv_raise(trv_KeyError, "inside");
    TRV_HANDLE(error, trv_KeyError)
    {
        if (!yield(1))
            return NULL;
        return trv_raise(trv_ValueError, "later");
    }
    return NULL;
}

TRV_STATIC_FUNCTION(raising, "raising()")
{
    return yield(1) ? trv_raise(trv_ValueError, "v") : NULL;
}

TRV_STATIC_FUNCTION(seeing, "seeing()")
{
    for (;;) {
        trv_auto trv_object *seen = trv_error_handled();
        trv_auto trv_object *text = trv_repr(seen);
        trv_auto trv_object *sent = trv_yield(text);
        if (!sent)
            return NULL;
    }
}

TRV_STATIC_FUNCTION(stopping, "stopping()")
{
    return yield(1) ? raise_take(trv_call(trv_StopIteration, "i", 3)) : NULL;
}

TRV_STATIC_FUNCTION(stubborn, "stubborn()")
{
    for (int i = 0; i < 1000; i++)
        if (!yield(1))
            trv_error_clear();
    return trv_none_new();
}

TRV_STATIC_FUNCTION(raising_at_exit, "raising_at_exit()")
{
    return yield(1) ? trv_none_new() : trv_raise(trv_ValueError, "at exit");
}

TRV_STATIC_FUNCTION(from_another, "from_another(iterable)")
{
    trv_object *iterable;

    return trv_parse(args, "o", &iterable) < 0 ? NULL : trv_yield_from(iterable);
}

static trv_object *generator_of(trv_object *function)
{
    return trv_generator_new(function, "");
}

/* One that yields from another iterable, whose reference it takes. */
static trv_object *delegate_take(trv_object *iterable)
{
    trv_object *generator = trv_generator_new(from_another, "o", iterable);

    trv_unref(iterable);
    return generator;
}

/* Asks for an item, which is dropped; NULL with StopIteration at the end, as Python's next(). */
static trv_object *next(trv_object *generator)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *method = trv_getattr(generator, "send");

    return trv_call(method, "o", none);
}

static void skip(trv_object *generator)
{
    trv_unref(next(generator));
}

static trv_object *throw(trv_object * generator, trv_object *error)
{
    trv_auto trv_object *owned = error;
    trv_auto trv_object *item = NULL;

    if (trv_generator_throw(generator, owned, &item) >= 0)
        return trv_steal(&item);
    return NULL;
}

static trv_object *close(trv_object *generator)
{
    return trv_generator_close(generator) < 0 ? NULL : trv_none_new();
}

CASE(generator_raises_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(raising);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    skip(generator);
    return NULL;
}

CASE(generator_handling)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return next(generator);
}

CASE(generator_handling_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(handling);

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    {
        skip(generator);
        skip(generator);
    }
    return NULL;
}

CASE(generator_handling_leaves_nothing)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return trv_raise(trv_TypeError, "t");
}

CASE(generator_handles_for_another)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    {
        skip(generator);
        TRV_HANDLE(inner, trv_ValueError)
        break;
        return trv_raise(trv_TypeError, "t");
    }
    return NULL;
}

CASE(throw_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(plain);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return throw(generator, new_error(trv_ValueError, "v"));
    return NULL;
}

CASE(throw_in_a_handler_before_it_began)
{
    trv_auto trv_object *generator = generator_of(plain);

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return throw(generator, new_error(trv_ValueError, "v"));
    return NULL;
}

CASE(throw_at_one_that_handles)
{
    trv_auto trv_object *generator = generator_of(handling);

    skip(generator);
    return throw(generator, new_error(trv_ValueError, "v"));
}

CASE(generator_sees_what_is_handled)
{
    trv_auto trv_object *generator = generator_of(seeing), *outside = NULL,
                        *before = next(generator), *after = NULL;

    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    outside = next(generator);
    after = next(generator);
    return trv_str_printf("%s %s %s", trv_str_utf8(before, NULL), trv_str_utf8(outside, NULL),
                          trv_str_utf8(after, NULL));
}

CASE(generator_raises_stop_iteration)
{
    trv_auto trv_object *generator = generator_of(stopping);

    skip(generator);
    return next(generator);
}

CASE(send_to_one_that_did_not_begin)
{
    trv_auto trv_object *generator = generator_of(plain), *one = trv_int_new(1), *item = NULL;

    return trv_generator_send(generator, one, &item) < 0 ? NULL : trv_steal(&item);
}

CASE(generator_ignores_its_exit)
{
    trv_auto trv_object *generator = generator_of(stubborn);

    skip(generator);
    (void)close(generator);
    return NULL;
}

CASE(generator_raises_at_its_exit)
{
    trv_auto trv_object *generator = generator_of(raising_at_exit);

    skip(generator);
    return close(generator);
}

CASE(generator_raises_at_its_exit_in_a_handler)
{
    trv_auto trv_object *generator = generator_of(raising_at_exit);

    skip(generator);
    (void)trv_raise(trv_OSError, "outside");
    TRV_HANDLE(error, trv_OSError)
    return close(generator);
    return NULL;
}

CASE(after_the_end)
{
    trv_auto trv_object *generator = generator_of(plain), *list = trv_list_from(generator);

    return throw(generator, new_error(trv_ValueError, "v"));
}

CASE(send_after_the_end)
{
    trv_auto trv_object *generator = generator_of(plain), *list = trv_list_from(generator);
    trv_auto trv_object *method = trv_getattr(generator, "send");

    return trv_call(method, "i", 3);
}

CASE(delegation_raises)
{
    trv_auto trv_object *generator = delegate_take(generator_of(raising));

    skip(generator);
    return next(generator);
}

CASE(delegation_of_stop_iteration)
{
    trv_auto trv_object *generator = delegate_take(generator_of(stopping));

    skip(generator);
    return next(generator);
}

CASE(send_to_a_list)
{
    trv_auto trv_object *generator = delegate_take(trv_build("[i i]", 1, 2));
    trv_auto trv_object *three = trv_int_new(3), *item = NULL, *text = NULL;

    skip(generator);
    if (trv_generator_send(generator, three, &item) >= 0)
        return trv_str_new("no error");
    TRV_HANDLE(error, trv_AttributeError)
    text = trv_str(error);
    return trv_str_new(text && strstr(trv_str_utf8(text, NULL), "send") ? "True" : "False");
}

CASE(throw_at_a_list)
{
    trv_auto trv_object *generator = delegate_take(trv_build("[i i]", 1, 2));

    skip(generator);
    return throw(generator, new_error(trv_ValueError, "v"));
}

trv_object *const generator_cases[] = {
    case_generator_raises_in_a_handler,
    case_generator_handling,
    case_generator_handling_in_a_handler,
    case_generator_handling_leaves_nothing,
    case_generator_handles_for_another,
    case_throw_in_a_handler,
    case_throw_in_a_handler_before_it_began,
    case_throw_at_one_that_handles,
    case_generator_sees_what_is_handled,
    case_generator_raises_stop_iteration,
    case_send_to_one_that_did_not_begin,
    case_generator_ignores_its_exit,
    case_generator_raises_at_its_exit,
    case_generator_raises_at_its_exit_in_a_handler,
    case_after_the_end,
    case_send_after_the_end,
    case_delegation_raises,
    case_delegation_of_stop_iteration,
    case_send_to_a_list,
    case_throw_at_a_list,
    NULL,
};
