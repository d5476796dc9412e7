/* SPDX-License-Identifier: MIT */
/*
 * Timers: a thread that waits before it runs its call.
 *
 * A thread for each timer, as in Python, because what a timer calls may block: on a shared thread it
 * would hold up the others. Who needs thousands of waits has coroutines.
 *
 * Whether it fires is decided once, under the GIL: by its deadline, which makes it begin its call,
 * or by whoever cancels the call's future first. Cancelling wakes the thread, which then finds the
 * future done and ends. A timer that was cancelled before it was started does the same.
 */
#include "threads/thread.h"

struct timer {
    struct trv__thread_object thread;
    double seconds;
    struct trv__list sleepers; /* its own thread's waiter, while it waits */
};

/* The future is done afterwards, unless time has come: cancelled, or failed when nothing in the
 * program could ever cancel a timer that waits for ever. */
static void wait_for_time(struct timer *self, struct trv__future *future)
{
    int64_t deadline_ns = trv__deadline_after(self->thread.started_ns, self->seconds);
    struct trv__waiter waiter;

    trv__current->context->waits_in = "timer";
    trv__current->context->waits_at = NULL;
    switch (trv__wait_in(&self->sleepers, &waiter, NULL, deadline_ns)) {
    case TRV__TIMED_OUT:
        break;
    case TRV__FAILED:
        trv__future_fail_take(future, trv_error_take());
        break;
    case TRV__WOKEN:
    case TRV__CANCELLED:
        trv__future_cancelled(future);
        break;
    }
}

static void run_timer(void *argument)
{
    struct timer *self = argument;
    struct trv__future *future = self->thread.future;

    if (!trv__future_is_done(future))
        wait_for_time(self, future);
    future->cancel = NULL;
    future->leg = NULL;
    trv__thread_run_call(&self->thread);
}

/* How the future of a call that has not begun is cancelled. */
static int cancel_waiting(struct trv__future *future)
{
    struct timer *self = future->leg;

    trv__wake_all(&self->sleepers);
    trv__future_cancelled(future);
    return 1;
}

static trv_object *create(double seconds, struct trv__call *call, const trv_thread_options *options)
{
    struct trv__future *future = call ? call->future : NULL;
    struct timer *self = NULL;

    if (call)
        self = (void *)trv__thread_object_new(&trv__timer_type, sizeof *self, call, options);
    if (!self)
        return NULL;
    self->seconds = seconds;
    self->thread.run = run_timer;
    trv__list_init(&self->sleepers);
    future->leg = self;
    future->cancel = cancel_waiting;
    return (trv_object *)self;
}

static bool may_be_made(double seconds, trv_object *callable, const char *who)
{
    int64_t ignored;

    return trv__thread_may_run(callable, who) && trv__deadline(seconds, &ignored) == 0;
}

trv_object *trv_timer_new(double seconds, trv_object *callable, const char *format, ...)
{
    trv_object *built;
    va_list arguments;

    if (!may_be_made(seconds, callable, "trv_timer_new"))
        return NULL;
    va_start(arguments, format);
    built = trv__build_arguments(format, &arguments);
    va_end(arguments);
    return built ? create(seconds, trv__call_create_take(callable, built, NULL), NULL) : NULL;
}

trv_object *trv_timer_new_array(double seconds, trv_object *callable, trv_object *const *items,
                                size_t count, trv_object *keywords,
                                const trv_thread_options *options)
{
    if (!may_be_made(seconds, callable, "trv_timer_new_array"))
        return NULL;
    return create(seconds, trv__call_create(callable, items, count, keywords), options);
}

int trv_timer_cancel(trv_object *object)
{
    struct timer *self =
        trv__expect(object, &trv__timer_type, "trv_timer_cancel") ? (void *)object : NULL;

    if (!self)
        return -1;
    if (!self->thread.future || self->thread.future->state != TRV__PENDING)
        return 0;
    return trv_future_cancel((trv_object *)self->thread.future) < 0 ? -1 : 0;
}

/* Slots --------------------------------------------------------------------------------------- */

static trv_object *method_cancel(const trv_args *args)
{
    return trv_parse(args, "") < 0 || trv_timer_cancel(args->self) < 0 ? NULL : trv_none_new();
}

static const struct trv__method methods[] = {
    {"cancel", "cancel(): ends it if it still waits", method_cancel},
    {0},
};

static trv_object *timer_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    double seconds;

    if (args->count < 2)
        return trv_raise(trv_TypeError, "timer() needs seconds and a callable");
    if (trv_float_get(args->items[0], &seconds) < 0)
        return NULL;
    return trv_timer_new_array(seconds, args->items[1], args->items + 2, args->count - 2,
                               args->keywords, NULL);
}

TRV__READ_ONLY struct trv_type trv__timer_type = {
    .handle = trv_timer_type,
    .name = "timer",
    .doc =
        "timer(seconds, callable, *arguments, **keywords): a thread that waits, then runs a call",
    .base = &trv__thread_type,
    .instance_bytes = sizeof(struct timer),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = timer_construct,
    .enders = trv__thread_enders,
    .slots = {.traverse = trv__thread_traverse,
              .clear = trv__thread_clear,
              .repr = trv__thread_repr,
              .setattr = trv__thread_setattr},
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_timer_type[1] = {TRV__TYPE_HANDLE(trv__timer_type)};
