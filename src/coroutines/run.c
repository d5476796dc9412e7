/* SPDX-License-Identifier: MIT */
/*
 * trv_run and trv_spawn.
 *
 * trv_run makes a loop on the caller's stack, runs one call in it, and ends it: what that call has
 * spawned and left running is cancelled, in every blocking call it makes, until it has returned.
 * What such a coroutine spawns while it unwinds is cancelled in its turn.
 *
 * A coroutine inherits nothing of who spawned it: no scope, no exception being handled.
 */
#include "coroutines/loop.h"

#include "trivet/coroutine.h"

static bool may_run(trv_object *callable, const char *who)
{
    if (LIKELY(callable && callable->type->slots.call))
        return true;
    if (trv__given(callable, who))
        trv_raise(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
    return false;
}

static bool main_is_done(void *argument)
{
    struct trv__loop *loop = argument;

    return trv__future_is_done(loop->main);
}

/* A signal's exception came: it is what trv_run raises, unless its call has answered in spite of it. */
static trv_object *interrupted_give(trv_object *error, trv_object *result)
{
    if (result || !trv_error_matches(trv_CancelledError)) {
        trv_unref(error);
        return result;
    }
    trv_error_clear();
    trv__error_give(error);
    return NULL;
}

static trv_object *run(struct trv__call *call)
{
    struct trv__future *future = call->future;
    struct trv__loop loop;
    trv_object *result;

    if (trv__loop_init(&loop) < 0) {
        trv__call_drop(call);
        return NULL;
    }
    trv_ref((trv_object *)future);
    loop.main = future;
    trv__loop_enter(&loop);
    loop.outer->waits_on = (trv_object *)future;
    loop.outer->waits_endlessly = loop.outer_deadline_ns == TRV__NEVER;
    trv__loop_push(&loop, call);
    trv__loop_run(&loop, main_is_done, &loop);
    trv__loop_unwind(&loop);
    loop.outer->waits_endlessly = false;
    loop.outer->waits_on = NULL;
    trv__loop_leave(&loop);
    trv__loop_fini(&loop);
    result = trv__future_outcome(future);
    trv_unref((trv_object *)future);
    return loop.interrupt ? interrupted_give(loop.interrupt, result) : result;
}

trv_object *trv_run(trv_object *callable, const char *format, ...)
{
    struct trv__call *call;
    trv_object *built;
    va_list arguments;

    if (!may_run(callable, "trv_run") || trv__may_block("trv_run") < 0)
        return NULL;
    if (trv__thread_self()->loop)
        return trv_raise(trv_RuntimeError, "trv_run cannot be called from a coroutine");
    if (trv__check_cancelled() < 0)
        return NULL;
    va_start(arguments, format);
    built = trv__build_arguments(format, &arguments);
    va_end(arguments);
    call = built ? trv__call_create_take(callable, built, NULL) : NULL;
    return call ? run(call) : NULL;
}

static trv_object *spawn(struct trv__loop *loop, struct trv__call *call)
{
    trv_object *future;

    if (!call)
        return NULL;
    future = trv_ref((trv_object *)call->future);
    trv__loop_push(loop, call);
    return future;
}

trv_object *trv_spawn(trv_object *callable, const char *format, ...)
{
    struct trv__loop *loop = may_run(callable, "trv_spawn") ? trv__loop_here("trv_spawn") : NULL;
    trv_object *built;
    va_list arguments;

    if (!loop)
        return NULL;
    va_start(arguments, format);
    built = trv__build_arguments(format, &arguments);
    va_end(arguments);
    return built ? spawn(loop, trv__call_create_take(callable, built, NULL)) : NULL;
}

trv_object *trv_spawn_array(trv_object *callable, trv_object *const *items, size_t count,
                            trv_object *keywords)
{
    struct trv__loop *loop = may_run(callable, "trv_spawn") ? trv__loop_here("trv_spawn") : NULL;

    return loop ? spawn(loop, trv__call_create(callable, items, count, keywords)) : NULL;
}
