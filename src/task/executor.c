/* SPDX-License-Identifier: MIT */
/*
 * The executor interface: what a user calls, and what every leg has in common.
 *
 * trv_submit checks what can be checked without the leg, makes the call and its future, and hands the
 * call over. A leg is a type derived from trv__executor_type with three operations (task.h).
 *
 * Invariant: once `is_shut_down` is set no call is handed over any more. A leg that makes users wait in
 * submit_take looks at it again when it comes back.
 */
#include "task/task.h"

#include <stdio.h>

static trv_object *object_of(struct trv__executor *executor)
{
    return (trv_object *)executor;
}

/* The executor behind an object, or NULL with TypeError. */
static struct trv__executor *executor_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__executor_type, function)
               ? (struct trv__executor *)(void *)object
               : NULL;
}

int trv__executor_check_open(const struct trv__executor *executor)
{
    if (LIKELY(!executor->is_shut_down))
        return 0;
    return trv_raise_int(trv_RuntimeError, "%s was shut down and takes no more calls",
                         executor->type->name);
}

/* Submitting ---------------------------------------------------------------------------------- */

/* The executor, if it can take a call of `callable`; or NULL with an exception. */
static struct trv__executor *accepting(trv_object *object, trv_object *callable,
                                       const char *function)
{
    struct trv__executor *executor = executor_of(object, function);

    if (!executor || !trv__given(callable, function))
        return NULL;
    if (!trv_callable(callable)) {
        trv_raise(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
        return NULL;
    }
    if (trv__safepoint() < 0)
        return NULL;
    return trv__executor_check_open(executor) < 0 ? NULL : executor;
}

/* Hands a call over. Its future, or NULL with an exception. */
static trv_object *hand_over(struct trv__executor *executor, struct trv__call *call)
{
    trv_object *future;

    if (!call)
        return NULL;
    future = trv_ref((trv_object *)call->future);
    trv_ref(object_of(executor));
    if (UNLIKELY(executor->operations->submit_take(executor, call) < 0))
        trv_clear(&future);
    trv_unref(object_of(executor));
    return future;
}

trv_object *trv_submit(trv_object *object, trv_object *callable, const char *format, ...)
{
    struct trv__executor *executor = accepting(object, callable, "trv_submit");
    trv_object *built;
    va_list arguments;

    if (!executor)
        return NULL;
    va_start(arguments, format);
    built = trv__build_arguments(format, &arguments);
    va_end(arguments);
    return built ? hand_over(executor, trv__call_create_take(callable, built, NULL)) : NULL;
}

trv_object *trv_submit_array(trv_object *object, trv_object *callable, trv_object *const *items,
                             size_t count, trv_object *keywords)
{
    struct trv__executor *executor = accepting(object, callable, "trv_submit_array");

    return executor ? hand_over(executor, trv__call_create(callable, items, count, keywords))
                    : NULL;
}

/* Shutting down ------------------------------------------------------------------------------- */

/* The deadline of a shutdown; 0 in the options means none, as members that are not given are 0. */
static int deadline_of(const trv_shutdown_options *options, int64_t *deadline_ns)
{
    double timeout = OPTION_GIVEN(options, timeout) ? options->timeout : 0;

    return trv__deadline(timeout == 0 ? TRV_FOREVER : timeout, deadline_ns);
}

int trv_shutdown(trv_object *object, const trv_shutdown_options *options)
{
    struct trv__executor *executor = executor_of(object, "trv_shutdown");
    bool wait = !(OPTION_GIVEN(options, no_wait) && options->no_wait);
    bool cancel_pending = OPTION_GIVEN(options, cancel_pending) && options->cancel_pending;
    int64_t deadline_ns;
    int answer;

    if (!executor || deadline_of(options, &deadline_ns) < 0)
        return -1;
    if (wait && trv__may_block("shutdown") < 0)
        return -1;
    trv_ref(object);
    executor->is_shut_down = true;
    answer = executor->operations->shutdown(executor, wait, cancel_pending, deadline_ns);
    trv_unref(object);
    return answer;
}

/* What still runs -------------------------------------------------------------------------------- */

static trv_object *list_running(struct trv__executor *executor)
{
    trv_object *list = trv_list_new();

    if (list && executor->operations->list_running &&
        executor->operations->list_running(executor, list) < 0)
        trv_clear(&list);
    return list;
}

trv_object *trv_executor_running(trv_object *object)
{
    struct trv__executor *executor = executor_of(object, "trv_executor_running");

    return executor ? list_running(executor) : NULL;
}

/* "square(), nap()" and so on, as far as there is room. */
static void name_calls(trv_object *list, char *text, size_t size)
{
    size_t count, used = 0;
    trv_object *const *items = trv__list_items(list, &count);

    for (size_t i = 0; i < count && used < size; i++) {
        struct trv__future *future = (struct trv__future *)(void *)items[i];
        const char *name = future->callable ? trv_function_name(future->callable) : "?";
        used += (size_t)snprintf(text + used, size - used, "%s%s()", i ? ", " : ": ", name);
    }
}

int trv__executor_raise_late(struct trv__executor *executor)
{
    trv_auto trv_object *list = list_running(executor);
    char names[160] = "";
    size_t count = 0;

    if (!list)
        return -1;
    (void)trv__list_items(list, &count);
    name_calls(list, names, sizeof names);
    return trv_raise_int(trv_TimeoutError, "the %s was not done in time: %zu call%s still run%s%s",
                         executor->type->name, count, count == 1 ? "" : "s", count == 1 ? "s" : "",
                         names);
}

size_t trv_executor_workers(trv_object *object)
{
    struct trv__executor *executor = executor_of(object, "trv_executor_workers");

    return executor ? executor->operations->workers(executor) : 0;
}

/* The base of all executors ------------------------------------------------------------------- */

int trv__executor_enter(trv_object *self)
{
    return trv__executor_check_open((struct trv__executor *)(void *)self);
}

int trv__executor_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv_shutdown(self, NULL);
}

trv_object *trv__executor_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances by calling their type",
                     type->name);
}

static TRV__READ_ONLY trv_object executor_handle[1];
TRV__READ_ONLY struct trv_type trv__executor_type = {
    .handle = executor_handle,
    .name = "executor",
    .doc = "what runs calls: inline, on threads, processes or coroutines",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__executor),
    .flags = TRV__TYPE_FINAL,
    .construct = trv__executor_construct,
    .slots = {.enter = trv__executor_enter, .exit = trv__executor_exit},
};
static TRV__READ_ONLY trv_object executor_handle[1] = {TRV__TYPE_HANDLE(trv__executor_type)};
