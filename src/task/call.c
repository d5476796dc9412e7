/* SPDX-License-Identifier: MIT */
/*
 * A submitted call: made where it is submitted, run wherever its leg runs it.
 *
 * A call is one small block beside its future and its tuple of arguments. Whoever takes it out of a
 * queue owns it and ends it with trv__call_run or trv__call_drop.
 *
 * While a call runs, its future points at the cancel scope around it, which lies on the runner's
 * stack: so cancelling the future reaches whatever the call waits for, and nothing else that the
 * same thread or coroutine does. A call begins and ends with no exception pending, whatever is
 * pending around it (the inline executor runs it in the middle of someone else's code).
 */
#include "task/task.h"

#include "trivet/coroutine.h"

struct trv__call *trv__call_create_take(trv_object *callable, trv_object *arguments,
                                        trv_object *keywords)
{
    struct trv__future *future = trv__future_create();
    struct trv__call *call = future ? trv__allocate(sizeof *call) : NULL;

    if (!call) {
        trv_unref((trv_object *)future);
        trv_unref(arguments);
        trv_unref(keywords);
        return NULL;
    }
    trv__list_init(&call->link);
    call->future = future;
    call->callable = trv_ref(callable);
    call->arguments = arguments;
    call->keywords = keywords;
    call->leg = NULL;
    return call;
}

/* The keywords as they are now, because the call may run much later; *copy is NULL for none. */
static int copy_keywords(trv_object *keywords, trv_object **copy)
{
    size_t count = 0;

    *copy = NULL;
    if (!keywords)
        return 0;
    if (!trv__expect(keywords, &trv__dict_type, "trv_submit_array") ||
        trv_dict_len(keywords, &count) < 0)
        return -1;
    if (!count)
        return 0;
    if (!(*copy = trv_dict_new()))
        return -1;
    if (trv_dict_update(*copy, keywords) == 0)
        return 0;
    trv_clear(copy);
    return -1;
}

struct trv__call *trv__call_create(trv_object *callable, trv_object *const *items, size_t count,
                                   trv_object *keywords)
{
    trv_object *arguments, *copy;

    if (copy_keywords(keywords, &copy) < 0)
        return NULL;
    if (!(arguments = trv_tuple_new(items, count))) {
        trv_unref(copy);
        return NULL;
    }
    return trv__call_create_take(callable, arguments, copy);
}

void trv__call_drop(struct trv__call *call)
{
    trv_unref((trv_object *)call->future);
    trv_unref(call->callable);
    trv_unref(call->arguments);
    trv_unref(call->keywords);
    trv__free(call, sizeof *call);
}

static void run(struct trv__call *call)
{
    struct trv__context *context = trv__current->context;
    struct trv__future *future = call->future;
    trv_object *outer = context->task, *outer_function = context->function, *result, *const * items;
    trv_scope scope;
    size_t count;

    items = trv__tuple_items(call->arguments, &count);
    trv__scope_push(&scope);
    context->task = (trv_object *)future;
    context->function = call->callable;
    future->scope = &scope;
    future->callable = call->callable;
    result = trv_call_array(call->callable, items, count, call->keywords);
    future->scope = NULL;
    future->callable = NULL;
    context->task = outer;
    context->function = outer_function;
    trv__scope_pop(&scope);
    trv__future_settle_take(future, result);
}

void trv__call_run(struct trv__call *call)
{
    struct trv__context *context = trv__current->context;
    trv_object *error = trv_steal(&context->error);

    if (LIKELY(trv__future_start(call->future)))
        run(call);
    trv__call_drop(call);
    if (UNLIKELY(error != NULL))
        trv__error_give(error);
}

trv_object *trv_current_task(void)
{
    trv_object *task = trv__current->context->task;

    return task ? trv_ref(task) : trv_none_new();
}
