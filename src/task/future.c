/* SPDX-License-Identifier: MIT */
/*
 * Futures.
 *
 * PENDING -> RUNNING -> FINISHED, or from either of the first two to CANCELLED. A future is completed
 * once, by `complete`, which wakes those who wait for it and then runs its callbacks in the order in
 * which they were added; whoever tries to complete it again is ignored, or told so if it is a user.
 * `result` and `exception` never change afterwards.
 *
 * An exception counts as seen when somebody asks for the result or the exception. If nobody ever
 * does, it is written to standard error when the future ends, because it would vanish otherwise. A
 * cancelled future has nothing to report.
 *
 * A future is only tracked by the collector once it holds something that could lead back to it: most
 * futures never do. Everything here is guarded by the GIL; no call of a leg is made while the state
 * is half changed.
 */
#include "heap/object_callback.h"
#include "task/watch.h"


static struct trv__future *future_of(trv_object *object)
{
    return (struct trv__future *)(void *)object;
}

static trv_object *object_of(struct trv__future *future)
{
    return (trv_object *)future;
}

struct trv__future *trv__future_create(void)
{
    struct trv__future *future = trv__container_new(&trv__future_type, sizeof *future);

    if (!future)
        return NULL;
    future->flags |= TRV__FINALIZED; /* it has no last words, unless an exception comes */
    trv__list_init(&future->waiters);
    trv__list_init(&future->watches);
    return future;
}

/* Completing ---------------------------------------------------------------------------------- */

static void run_callbacks(struct trv__future *future, trv_object *callbacks)
{
    size_t count;

    trv_ref(object_of(future));
    for (size_t i = 0; trv__list_items(callbacks, &count), i < count; i++) {
        trv_object *callback = trv_ref(trv__list_items(callbacks, &count)[i]);
        trv__call_back(callback, object_of(future), "callback of a future");
        trv_unref(callback);
    }
    trv_unref(callbacks);
    trv_unref(object_of(future));
}

static void complete(struct trv__future *future, enum trv__future_state state)
{
    trv_object *callbacks = trv_steal(&future->callbacks);
    struct trv__list *node;

    future->state = (uint8_t)state;
    trv__wake_all(&future->waiters);
    while ((node = trv__list_pop(&future->watches))) {
        struct trv__watch *watch = CONTAINER_OF(node, struct trv__watch, link);
        watch->done(watch);
    }
    if (UNLIKELY(callbacks != NULL))
        run_callbacks(future, callbacks);
}

bool trv__future_start(struct trv__future *future)
{
    if (future->state != TRV__PENDING)
        return false;
    future->state = TRV__RUNNING;
    return true;
}

void trv__future_finish_take(struct trv__future *future, trv_object *result)
{
    if (UNLIKELY(trv__future_is_done(future))) {
        trv_unref(result);
        return;
    }
    future->result = result;
    if (result->type->flags & TRV__TYPE_CONTAINER)
        trv__track(future);
    complete(future, TRV__FINISHED);
}

void trv__future_fail_take(struct trv__future *future, trv_object *exception)
{
    bool is_cancelled = trv__type_derives(exception->type, trv__type_of_handle(trv_CancelledError));

    if (trv__future_is_done(future) || is_cancelled) {
        trv__future_cancelled(future);
        trv_unref(exception);
        return;
    }
    future->exception = exception;
    future->flags &= ~(uint32_t)TRV__FINALIZED;
    trv__track(future);
    complete(future, TRV__FINISHED);
}

void trv__future_cancelled(struct trv__future *future)
{
    if (!trv__future_is_done(future))
        complete(future, TRV__CANCELLED_FUTURE);
}

void trv__future_settle_take(struct trv__future *future, trv_object *result)
{
    if (LIKELY(result))
        trv__future_finish_take(future, result);
    else
        trv__future_fail_take(future, trv_error_take());
}

/* Waiting ------------------------------------------------------------------------------------- */

static int park_on(struct trv__future *future, int64_t deadline_ns)
{
    struct trv__waiter waiter;

    while (!trv__future_is_done(future))
        switch (trv__wait_in(&future->waiters, &waiter, (trv_object *)future, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            return trv__future_is_done(future);
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    return 1;
}

static bool may_help(const struct trv__future *future, int64_t deadline_ns)
{
    return future->help && deadline_ns == TRV__NEVER && trv__scope_deadline() == TRV__NEVER;
}

int trv__future_wait(struct trv__future *future, int64_t deadline_ns, const char *what,
                     const void *at)
{
    int answer;

    if (trv__check_cancelled() < 0)
        return -1;
    if (trv__future_is_done(future))
        return 1;
    if (trv__current->context->task == object_of(future))
        return trv_raise_int(trv_DeadlockError, "a call cannot wait for its own future");
    if (trv__may_block_at(what, at) < 0)
        return -1;
    trv_ref(object_of(future));
    answer = may_help(future, deadline_ns) ? future->help(future, true) : 0;
    if (!answer)
        answer = park_on(future, deadline_ns);
    trv_unref(object_of(future));
    return answer;
}

/* The same with a timeout of a user; 0 means to look only. */
static int wait_seconds(struct trv__future *future, double timeout, const char *what,
                        const void *at)
{
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    if (timeout == 0 && !trv__future_is_done(future))
        return trv__check_cancelled();
    return trv__future_wait(future, deadline_ns, what, at);
}

trv_object *trv__future_outcome(struct trv__future *future)
{
    future->was_observed = true;
    if (future->state == TRV__CANCELLED_FUTURE)
        return trv_raise(trv_CancelledError, "the future was cancelled");
    if (future->exception)
        return trv_raise_object(future->exception);
    return trv_ref(future->result);
}

trv_object *trv_future_result(trv_object *object, double timeout)
{
    struct trv__future *future = trv__future_of(object, "trv_future_result");
    int answer =
        future ? wait_seconds(future, timeout, "future_result", __builtin_return_address(0)) : -1;

    if (answer < 0)
        return NULL;
    return answer ? trv__future_outcome(future)
                  : trv_raise(trv_TimeoutError, "the future was not done in time");
}

trv_object *trv_future_exception(trv_object *object, double timeout)
{
    struct trv__future *future = trv__future_of(object, "trv_future_exception");
    int answer =
        future ? wait_seconds(future, timeout, "future_exception", __builtin_return_address(0))
               : -1;

    if (answer < 0)
        return NULL;
    if (!answer)
        return trv_raise(trv_TimeoutError, "the future was not done in time");
    if (future->state == TRV__CANCELLED_FUTURE)
        return trv__future_outcome(future);
    future->was_observed = true;
    return future->exception ? trv_ref(future->exception) : trv_none_new();
}

/* The rest of the public interface ------------------------------------------------------------- */

trv_object *trv_future_new(void)
{
    return object_of(trv__future_create());
}

static bool is_open(struct trv__future *future)
{
    if (trv__future_is_done(future))
        trv_raise(trv_InvalidStateError, "the future is done already");
    return !trv__future_is_done(future);
}

int trv_future_set_result(trv_object *object, trv_object *result)
{
    struct trv__future *future = trv__future_of(object, "trv_future_set_result");

    if (!future || !trv__given(result, "trv_future_set_result") || !is_open(future))
        return -1;
    trv__future_finish_take(future, trv_ref(result));
    return 0;
}

int trv_future_set_exception(trv_object *object, trv_object *exception)
{
    struct trv__future *future = trv__future_of(object, "trv_future_set_exception");

    if (!future || !trv__given(exception, "trv_future_set_exception") || !is_open(future))
        return -1;
    if (!(exception->type->flags & TRV__TYPE_EXCEPTION))
        return trv_raise_int(trv_TypeError, "trv_future_set_exception needs an exception, not %s",
                             trv_type_name(exception));
    trv__future_fail_take(future, trv_ref(exception));
    return 0;
}

int trv_future_cancel(trv_object *object)
{
    struct trv__future *future = trv__future_of(object, "trv_future_cancel");

    if (!future)
        return -1;
    if (trv__future_is_done(future))
        return future->state == TRV__CANCELLED_FUTURE;
    if (future->scope) {
        future->cancel_requested = true;
        trv__scope_cancel(future->scope);
        return 1;
    }
    if (future->cancel)
        return future->cancel(future);
    if (future->state == TRV__RUNNING)
        return 0;
    trv__future_cancelled(future);
    return 1;
}

int trv_future_done(trv_object *object)
{
    struct trv__future *future = trv__future_of(object, "trv_future_done");

    return future ? trv__future_is_done(future) : -1;
}

int trv_future_running(trv_object *object)
{
    struct trv__future *future = trv__future_of(object, "trv_future_running");

    if (!future)
        return -1;
    if (future->has_begun && future->state == TRV__PENDING)
        return future->has_begun(future);
    return future->state == TRV__RUNNING;
}

int trv_future_cancelled(trv_object *object)
{
    struct trv__future *future = trv__future_of(object, "trv_future_cancelled");

    return future ? future->state == TRV__CANCELLED_FUTURE : -1;
}

int trv_future_add_done_callback(trv_object *object, trv_object *callback)
{
    struct trv__future *future = trv__future_of(object, "trv_future_add_done_callback");

    if (!future || !trv__given(callback, "trv_future_add_done_callback"))
        return -1;
    if (!trv_callable(callback))
        return trv_raise_int(trv_TypeError, "a callback must be callable, not %s",
                             trv_type_name(callback));
    if (trv__future_is_done(future)) {
        trv__call_back(callback, object, "callback of a future");
        return 0;
    }
    if (!future->callbacks && !(future->callbacks = trv_list_new()))
        return -1;
    trv__track(future);
    return trv_list_append(future->callbacks, callback);
}

/* Slots --------------------------------------------------------------------------------------- */

static int future_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *held[] = {future_of(self)->result, future_of(self)->exception,
                          future_of(self)->callbacks};
    int answer = 0;

    for (size_t i = 0; i < COUNT_OF(held) && !answer; i++)
        if (held[i])
            answer = visit(held[i], argument);
    return answer;
}

static void future_clear(trv_object *self)
{
    trv_clear(&future_of(self)->result);
    trv_clear(&future_of(self)->exception);
    trv_clear(&future_of(self)->callbacks);
}

/* The last moment at which an exception nobody asked for can be shown. */
static void future_finalize(trv_object *self)
{
    struct trv__future *future = future_of(self);

    if (LIKELY(!future->exception || future->was_observed))
        return;
    future->was_observed = true;
    trv_error_restore(future->exception);
    trv__report_ignored("Future exception was never retrieved", NULL);
}

static trv_object *future_repr(trv_object *self)
{
    static const char *const names[] = {"pending", "running", "finished", "cancelled"};
    struct trv__future *future = future_of(self);

    if (future->exception)
        return trv_str_printf("<future at %p: raised %s>", (void *)self,
                              trv_type_name(future->exception));
    if (future->result)
        return trv_str_printf("<future at %p: returned %s>", (void *)self,
                              trv_type_name(future->result));
    return trv_str_printf("<future at %p: %s>", (void *)self, names[future->state]);
}

/* A call that runs ends with the context it runs in; of one that has not begun the leg may know. A
 * future without a call is anybody's. */
static const char *future_enders(trv_object *self, trv__ender_visit *visit, void *argument)
{
    struct trv__future *future = future_of(self);

    if (future->state == TRV__PENDING)
        return future->enders ? future->enders(future, visit, argument) : NULL;
    if (future->state != TRV__RUNNING || !future->scope || trv__runtime()->standstill.is_child)
        return NULL;
    visit(future->scope->context, argument);
    return "runs";
}

static trv_object *future_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "future() takes no arguments");
    return trv_future_new();
}

TRV__READ_ONLY struct trv_type trv__future_type = {
    .handle = trv_future_type,
    .name = "future",
    .doc = "future(): a result that will be there",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__future),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = future_construct,
    .enders = future_enders,
    .slots =
        {
            .traverse = future_traverse,
            .clear = future_clear,
            .finalize = future_finalize,
            .repr = future_repr,
        },
};
TRV__READ_ONLY trv_object trv_future_type[1] = {TRV__TYPE_HANDLE(trv__future_type)};
