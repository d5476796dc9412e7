/* SPDX-License-Identifier: MIT */
/*
 * trv_yield_from: a generator that hands on the items of another iterator, and to it what is sent to or
 * thrown into itself, as PEP 380 says.
 *
 * Generators are asked directly; other iterators through their methods send, throw and close, as far as
 * they have them.
 */
#include "types/generator.h"

/* Calls a method of what trv_yield_from delegates to, as an item is asked for: 1, 0 with what its
 * StopIteration says, -1. */
static int ask_method(trv_object *inner, const char *name, trv_object *argument, trv_object **item)
{
    trv_auto trv_object *method = trv_getattr(inner, name);
    trv_auto trv_object *stop = NULL;

    *item = method ? trv_call_array(method, &argument, 1, NULL) : NULL;
    if (*item || !trv_error_matches(trv_StopIteration))
        return *item ? 1 : -1;
    stop = trv_error_take();
    *item = trv_getattr(stop, "value");
    return *item ? 0 : -1;
}

static int send_to_inner(trv_object *inner, trv_object *sent, trv_object **item)
{
    int answer;

    if (inner->type == &trv__generator_type)
        return trv_generator_send(inner, sent, item);
    if (!trv_is_none(sent))
        return ask_method(inner, "send", sent, item);
    answer = trv_next(inner, item);
    if (answer == 0)
        *item = trv_none_new();
    return answer;
}

/* Calls the method of that name without arguments if there is one. */
static int close_other(trv_object *inner)
{
    trv_auto trv_object *method = trv_getattr(inner, "close"), *answer = NULL;

    if (!method && !trv_error_matches(trv_AttributeError))
        return -1;
    trv_error_clear();
    answer = method ? trv_call(method, "") : trv_none_new();
    return answer ? 0 : -1;
}

/* Passes the pending exception on to what trv_yield_from delegates to, if that takes it. */
static int throw_at_inner(trv_object *inner, trv_object **item)
{
    trv_auto trv_object *error = trv_error_take(), *method = NULL;
    bool is_generator = inner->type == &trv__generator_type;

    if (trv_isinstance(error, trv_GeneratorExit)) {
        if ((is_generator ? trv_generator_close(inner) : close_other(inner)) == 0)
            trv__error_give(trv_steal(&error));
        return -1;
    }
    if (is_generator)
        return trv_generator_throw(inner, error, item);
    method = trv_getattr(inner, "throw");
    if (method)
        return ask_method(inner, "throw", error, item);
    if (trv_error_matches(trv_AttributeError))
        trv__error_give(trv_steal(&error));
    return -1;
}

static trv_object *yield_from(struct trv__generator *self, trv_object *inner)
{
    trv_object *sent = trv_none_new(), *item, *around = self->inner;
    int answer;

    self->inner = inner;
    for (;;) {
        item = NULL;
        answer = sent ? send_to_inner(inner, sent, &item) : throw_at_inner(inner, &item);
        trv_unref(sent);
        if (answer <= 0)
            break;
        sent = trv_yield(item);
        trv_unref(item);
    }
    self->inner = around;
    return answer == 0 ? item : NULL;
}

trv_object *trv_yield_from(trv_object *iterable)
{
    struct trv__generator *self = trv__current->context->generator;
    trv_auto trv_object *inner = NULL;

    if (!trv__given(iterable, "trv_yield_from"))
        return NULL;
    if (!self)
        return trv__raise_may_not_pause(NULL);
    inner = trv_iter(iterable);
    return inner ? yield_from(self, inner) : NULL;
}
