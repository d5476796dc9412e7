/* SPDX-License-Identifier: MIT */
/*
 * The coroutine pool: an executor whose calls are coroutines of one thread of its own.
 *
 * What the thread works on (`work`: its loop and its queue) outlives whichever of the two ends first, the
 * executor or the thread. An executor that is dropped takes no more calls, those it has are still
 * run, and the thread ends after them. trv_fini cancels what is queued and what runs. A call takes a place, one of `workers`, when it is handed
 * to the loop, and gives it up when it has ended; those without a place wait in `pending`.
 *
 * What the calls have spawned with trv_spawn takes no place, and is cancelled when the last call
 * has ended and the pool is closed, as at the end of trv_run.
 *
 * A submission puts the call into the loop's queue and wakes the thread if it idles: a hundred of
 * them in a row wake it once. All under the GIL. In a forked child the thread is missing: the
 * pool takes no calls there.
 */
#include "coroutines/loop.h"
#include "task/initializer.h"

#include "base/fault.h"

#include <stdio.h>

struct trv__coroutine_work {
    struct trv__loop loop;
    struct trv__list pending; /* struct trv__call: those without a place */
    struct trv__list waiters; /* for the end of the thread */
    struct trv__fini_hook hook;
    struct trv__initializer initializer;
    struct trv_scope *initializing; /* around the initializer, while it runs */
    size_t places;                  /* calls at once */
    size_t taken;                   /* of these */
    unsigned references;            /* by the executor, by the thread */
    bool is_closed;                 /* no more calls come */
    bool has_ended;                 /* the thread has */
    pid_t pid;                      /* of the process it runs in */
};

struct coroutine_pool {
    struct trv__executor executor;
    struct trv__coroutine_work *work;
};

static struct trv__coroutine_work *work_of(struct trv__executor *executor)
{
    return CONTAINER_OF(executor, struct coroutine_pool, executor)->work;
}

static void release(struct trv__coroutine_work *work)
{
    if (--work->references)
        return;
    trv__initializer_clear(&work->initializer);
    free(work);
}

static bool is_ours(const struct trv__coroutine_work *work)
{
    return work->pid == trv__runtime()->pid;
}

/* Places ---------------------------------------------------------------------------------------------- */

static void place(struct trv__coroutine_work *work, struct trv__call *call)
{
    work->taken++;
    trv__loop_push(&work->loop, call);
}

/* A call out of the pending ones, or NULL. */
static struct trv__call *take_pending(struct trv__coroutine_work *work)
{
    struct trv__list *node = trv__list_pop(&work->pending);
    struct trv__call *call = node ? CONTAINER_OF(node, struct trv__call, link) : NULL;

    if (call) {
        call->future->cancel = NULL;
        call->future->enders = NULL;
        call->future->leg = NULL;
    }
    return call;
}

static void fill_places(struct trv__coroutine_work *work)
{
    struct trv__call *call;

    while (work->taken < work->places && (call = take_pending(work)))
        place(work, call);
}

void trv__coroutine_work_done(void *argument)
{
    struct trv__coroutine_work *work = argument;

    work->taken--;
    fill_places(work);
}

/* The thread ------------------------------------------------------------------------------------------- */

static bool is_over(void *argument)
{
    struct trv__coroutine_work *work = argument;

    return work->is_closed && !work->taken && trv__list_is_empty(&work->pending);
}

/* In the thread itself, which runs nothing else yet. */
static bool initialize(struct trv__coroutine_work *work)
{
    trv_scope scope;
    bool is_well;

    if (!work->initializer.callable)
        return true;
    trv__scope_push(&scope);
    work->initializing = &scope;
    is_well = trv__initializer_run(&work->initializer);
    work->initializing = NULL;
    trv__scope_pop(&scope);
    return is_well;
}

static void fail_unbegun(struct trv__coroutine_work *work, struct trv__call *call)
{
    trv__initializer_raise(&work->initializer, trv_BrokenExecutor);
    trv__future_settle_take(call->future, NULL);
    trv__call_drop(call);
}

static void end_unbegun(struct trv__coroutine_work *work, struct trv__call *call)
{
    (void)work;
    trv__future_cancelled(call->future);
    trv__call_drop(call);
}

static void take_all_unbegun(struct trv__coroutine_work *work,
                             void (*end)(struct trv__coroutine_work *, struct trv__call *));

/* The initializer failed: nothing will run. */
static void break_work(struct trv__coroutine_work *work)
{
    work->is_closed = true;
    take_all_unbegun(work, fail_unbegun);
}

static void run(void *argument)
{
    struct trv__coroutine_work *work = argument;

    if (!initialize(work))
        break_work(work);
    trv__loop_enter(&work->loop);
    trv__loop_run(&work->loop, is_over, work);
    trv__loop_unwind(&work->loop);
    trv__loop_leave(&work->loop);
    trv__loop_fini(&work->loop);
    trv__list_remove(&work->hook.link);
    work->has_ended = true;
    trv__wake_all(&work->waiters);
    release(work);
}

static void close_work(struct trv__coroutine_work *work)
{
    if (work->is_closed || !is_ours(work))
        return;
    work->is_closed = true; /* the loop looks at it after each turn */
    trv__loop_wake(&work->loop);
}

/* The executor ------------------------------------------------------------------------------------------ */

/* What trv_future_cancel asks of a pending call. One with a place needs nothing: the loop passes it over. */
static int cancel_pending(struct trv__future *future)
{
    struct trv__call *call = future->leg;

    trv__list_remove(&call->link);
    future->cancel = NULL;
    future->enders = NULL;
    future->leg = NULL;
    trv__future_cancelled(future);
    trv__call_drop(call);
    return 1;
}

/* Who could make a place for it: the calls that have one, if all of them have begun. */
static const char *pending_enders(struct trv__future *future, trv__ender_visit *visit,
                                  void *argument)
{
    const struct trv__call *call = future->leg;
    struct trv__coroutine_work *work = call->leg;
    size_t begun = 0;

    LIST_EACH(node, &work->loop.coroutines) {
        struct trv__coroutine *coroutine = CONTAINER_OF(node, struct trv__coroutine, link);
        if (coroutine->work != work)
            continue;
        begun++;
        if (!visit(&coroutine->context, argument))
            return "could make room for";
    }
    return begun == work->taken && is_ours(work) ? "could make room for" : NULL;
}

static void add_pending(struct trv__coroutine_work *work, struct trv__call *call)
{
    call->future->cancel = cancel_pending;
    call->future->enders = pending_enders;
    call->future->leg = call;
    trv__list_append(&work->pending, &call->link);
}

static int submit_take(struct trv__executor *executor, struct trv__call *call)
{
    struct trv__coroutine_work *work = work_of(executor);

    if (work->is_closed || !is_ours(work)) {
        trv__call_drop(call);
        if (work->initializer.failure)
            return trv__initializer_raise(&work->initializer, trv_BrokenExecutor);
        return trv_raise_int(trv_RuntimeError,
                             work->is_closed ? "the pool was shut down and takes no more calls"
                                             : "the pool's thread stayed in the parent process");
    }
    call->leg = work;
    if (work->taken < work->places)
        place(work, call);
    else
        add_pending(work, call);
    return 0;
}

/* Takes this pool's calls that have not begun out of the loop's queue. */
static void take_placed(struct trv__coroutine_work *work, struct trv__list *calls)
{
    LIST_EACH(node, &work->loop.ready) {
        if (!CONTAINER_OF(node, struct trv__ready, link)->future ||
            CONTAINER_OF(node, struct trv__call, link)->leg != work)
            continue;
        trv__list_remove(node);
        trv__list_append(calls, node);
    }
}

/* Ends what has not begun. It is taken out of the queues first: callbacks of futures run in between. */
static void take_all_unbegun(struct trv__coroutine_work *work,
                             void (*end)(struct trv__coroutine_work *, struct trv__call *))
{
    struct trv__list placed;
    struct trv__list *node;
    struct trv__call *call;

    trv__list_init(&placed);
    take_placed(work, &placed);
    while ((call = take_pending(work)))
        end(work, call);
    while ((node = trv__list_pop(&placed))) {
        end(work, CONTAINER_OF(node, struct trv__call, link));
        trv__coroutine_work_done(work);
    }
}

static void cancel_unbegun(struct trv__coroutine_work *work)
{
    take_all_unbegun(work, end_unbegun);
}

/* The runtime ends while the pool is there: what is queued and what runs is cancelled. */
static void end_with_runtime(struct trv__fini_hook *hook)
{
    struct trv__coroutine_work *work = CONTAINER_OF(hook, struct trv__coroutine_work, hook);

    work->references++;
    close_work(work);
    if (work->initializing)
        trv__scope_cancel(work->initializing);
    cancel_unbegun(work);
    LIST_EACH(node, &work->loop.coroutines) {
        struct trv__coroutine *coroutine = CONTAINER_OF(node, struct trv__coroutine, link);
        if (coroutine->task)
            trv_future_cancel((trv_object *)coroutine->task);
    }
    release(work);
}

static int wait_for_end(struct trv__executor *executor, int64_t deadline_ns)
{
    struct trv__coroutine_work *work = work_of(executor);
    struct trv__waiter waiter;

    if (trv__check_cancelled() < 0)
        return -1;
    if (trv__thread_self()->loop == &work->loop)
        return trv_raise_int(trv_RuntimeError, "a call of a pool cannot wait for the pool's end");
    while (!work->has_ended)
        switch (trv__wait_in(&work->waiters, &waiter, NULL, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            return work->has_ended ? 0 : trv__executor_raise_late(executor);
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    return 0;
}

static int shut_down(struct trv__executor *executor, bool wait, bool is_to_cancel,
                     int64_t deadline_ns)
{
    struct trv__coroutine_work *work = work_of(executor);

    if (!is_ours(work))
        return 0;
    close_work(work);
    if (is_to_cancel && !work->has_ended)
        cancel_unbegun(work);
    return wait ? wait_for_end(executor, deadline_ns) : 0;
}

static trv_object *pool_repr(trv_object *self)
{
    const struct trv__coroutine_work *work = ((struct coroutine_pool *)(void *)self)->work;
    size_t queued = 0;

    LIST_EACH(node, &work->pending)
        queued++;
    return trv_str_printf("<coroutine_pool at %p: %zu calls under way, %zu queued>", (void *)self,
                          work->taken, queued);
}

static size_t count_workers(struct trv__executor *executor)
{
    return work_of(executor)->places;
}

static int list_running(struct trv__executor *executor, trv_object *list)
{
    struct trv__coroutine_work *work = work_of(executor);

    LIST_EACH(node, &work->loop.coroutines) {
        struct trv__coroutine *coroutine = CONTAINER_OF(node, struct trv__coroutine, link);
        if (coroutine->work == work && coroutine->task && coroutine->task->state == TRV__RUNNING &&
            trv_list_append(list, (trv_object *)coroutine->task) < 0)
            return -1;
    }
    return 0;
}

static const struct trv__executor_operations operations = {submit_take, shut_down, count_workers,
                                                           list_running, NULL};

/* No `destroy`: what it works on holds objects. */
static void pool_clear(trv_object *self)
{
    struct trv__coroutine_work *work = ((struct coroutine_pool *)(void *)self)->work;

    if (!work)
        return;
    close_work(work);
    if (is_ours(work))
        release(work);
}

static TRV__READ_ONLY trv_object pool_handle[1];
static TRV__READ_ONLY struct trv_type pool_type = {
    .handle = pool_handle,
    .name = "coroutine_pool",
    .doc = "an executor that runs calls in coroutines of one thread",
    .base = &trv__executor_type,
    .instance_bytes = sizeof(struct coroutine_pool),
    .flags = TRV__TYPE_FINAL,
    .construct = trv__executor_construct,
    .slots =
        {
            .clear = pool_clear,
            .repr = pool_repr,
            .enter = trv__executor_enter,
            .exit = trv__executor_exit,
        },
};
static TRV__READ_ONLY trv_object pool_handle[1] = {TRV__TYPE_HANDLE(pool_type)};

static struct trv__coroutine_work *work_create(size_t places)
{
    struct trv__coroutine_work *work = FAULT() ? NULL : calloc(1, sizeof *work);

    if (!work)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    if (trv__loop_init(&work->loop) < 0) {
        free(work);
        return NULL;
    }
    trv__list_init(&work->pending);
    trv__list_init(&work->waiters);
    work->places = places;
    work->pid = trv__runtime()->pid;
    work->references = 2;
    work->hook.run = end_with_runtime;
    trv__list_append(&trv__runtime()->fini_hooks, &work->hook.link);
    return work;
}

/* No thread ever ran it. */
static void abandon(struct trv__coroutine_work *work)
{
    trv__list_remove(&work->hook.link);
    trv__loop_fini(&work->loop);
    trv__initializer_clear(&work->initializer);
    free(work);
}

static int start(struct trv__coroutine_work *work, const char *name)
{
    if (trv__thread_start(run, work, name, 0) == 0)
        return 0;
    abandon(work);
    return -1;
}

static int check_options(const trv_coroutine_pool_options *options)
{
    if (options && options->size < sizeof options->size)
        return trv_raise_int(trv_ValueError, "the coroutine pool's options do not say their size");
    return trv__runtime()->is_ending
               ? trv_raise_int(trv_RuntimeError,
                               "cannot make a coroutine pool while the runtime ends")
               : 0;
}

trv_object *trv_coroutine_pool_new(const trv_coroutine_pool_options *options)
{
    size_t places =
        OPTION_GIVEN(options, workers) && options->workers ? options->workers : SIZE_MAX;
    const char *name = OPTION_GIVEN(options, name) && options->name ? options->name : "coroutines";
    struct coroutine_pool *pool;

    if (check_options(options) < 0 || !(pool = trv__object_new(&pool_type, sizeof *pool)))
        return NULL;
    pool->executor.operations = &operations;
    pool->executor.is_shut_down = false;
    pool->work = work_create(places);
    if (pool->work && OPTION_GIVEN(options, initializer) &&
        trv__initializer_set(&pool->work->initializer, options->initializer,
                             OPTION_GIVEN(options, arguments) ? options->arguments : NULL) < 0) {
        abandon(pool->work);
        pool->work = NULL;
    }
    if (pool->work && start(pool->work, name) < 0)
        pool->work = NULL;
    if (pool->work)
        return (trv_object *)pool;
    trv_unref((trv_object *)pool);
    return NULL;
}
