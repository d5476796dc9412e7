/* SPDX-License-Identifier: MIT */
/*
 * The event: a flag to wait for.
 *
 * Setting it wakes all who wait, at once and for good: a waiter that was woken answers "set" even if
 * the event was cleared again before it ran. It refers to no other object.
 */
#include "sync/arguments.h"
#include "wait/park.h"

#include "trivet/sync.h"

struct event {
    TRV__HEAD;
    bool is_set;
    struct trv__list waiters;
};

extern struct trv_type trv__event_type;

static struct event *event_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__event_type, function) ? (struct event *)(void *)object : NULL;
}

trv_object *trv_event_new(void)
{
    struct event *event = trv__object_new(&trv__event_type, sizeof *event);

    if (!event)
        return NULL;
    event->is_set = false;
    trv__list_init(&event->waiters);
    return (trv_object *)event;
}

int trv_event_set(trv_object *object)
{
    struct event *event = event_of(object, "trv_event_set");

    if (!event)
        return -1;
    event->is_set = true;
    trv__wake_all(&event->waiters);
    return 0;
}

int trv_event_clear(trv_object *object)
{
    struct event *event = event_of(object, "trv_event_clear");

    if (!event)
        return -1;
    event->is_set = false;
    return 0;
}

int trv_event_is_set(trv_object *object)
{
    struct event *event = event_of(object, "trv_event_is_set");

    return event ? event->is_set : -1;
}

static int wait_until(struct event *event, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;

    trv_ref((trv_object *)event);
    wake = trv__wait_in(&event->waiters, &waiter, (trv_object *)event, deadline_ns);
    trv_unref((trv_object *)event);
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return wake == TRV__FAILED ? -1 : wake == TRV__WOKEN;
}

static int wait(struct event *event, double timeout, const void *at)
{
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0)
        return -1;
    if (event->is_set || timeout == 0)
        return event->is_set;
    return trv__may_block_at("event_wait", at) < 0 ? -1 : wait_until(event, deadline_ns);
}

int trv_event_wait(trv_object *object, double timeout)
{
    struct event *event = event_of(object, "trv_event_wait");

    return event ? wait(event, timeout, __builtin_return_address(0)) : -1;
}

/* Methods and slots --------------------------------------------------------------------------- */

static struct event *self_of(const trv_args *args)
{
    return (struct event *)(void *)args->self;
}

static trv_object *method_set(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv_event_set(args->self));
}

static trv_object *method_clear(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv_event_clear(args->self));
}

static trv_object *method_is_set(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_bool_new(self_of(args)->is_set);
}

static trv_object *method_wait(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(wait(self_of(args), timeout, NULL));
}

static const struct trv__method methods[] = {
    {"clear", "clear(): it is not set any more", method_clear},
    {"is_set", "is_set(): whether it is set", method_is_set},
    {"set", "set(): all who wait go on", method_set},
    {"wait", "wait(timeout=): waits until it is set; whether it was in time", method_wait},
    {0},
};

static trv_object *event_repr(trv_object *self)
{
    const struct event *event = (struct event *)(void *)self;

    return trv_str_printf("<event at %p: %s>", (void *)self, event->is_set ? "set" : "unset");
}

static trv_object *event_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "event() takes no arguments");
    return trv_event_new();
}

TRV__READ_ONLY struct trv_type trv__event_type = {
    .handle = trv_event_type,
    .name = "event",
    .doc = "event(): a flag to wait for",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct event),
    .flags = TRV__TYPE_FINAL,
    .construct = event_construct,
    .methods = methods,
    .slots = {.repr = event_repr},
};
TRV__READ_ONLY trv_object trv_event_type[1] = {TRV__TYPE_HANDLE(trv__event_type)};
