/* SPDX-License-Identifier: MIT */
/*
 * Leg 1: the thread pool.
 *
 * Calls stand in one first-in first-out queue, guarded by the GIL like everything here. Workers are
 * started as calls come, up to `most`; one that finds the queue empty falls idle, and the last to do so
 * is the first to be woken.
 *
 * Who is woken when. While a worker runs with the GIL no other one could run, so waking one for each
 * call only costs. Instead one worker at a time is *summoned*: by a submission, and by each worker that
 * takes a call and leaves others in the queue. A summoned one, while it stands in line for the GIL, is
 * `coming`, and nobody else is summoned. Those summoned by a worker wait in line like preempted threads:
 * they get the GIL when the call that runs waits (or computes for longer than its slice), take the next call,
 * and summon the next worker. So calls that wait run side by side on all workers, while a stream of
 * short calls is drained by one worker without a single system call. A worker summoned by a submitter
 * asks for the GIL at once, unless it fell idle less than a millisecond ago: then calls come in a
 * stream, and interrupting the submitter for each would cost more than the calls do.
 *
 * Waiting inside a call for a call of the same pool which has not begun: if no worker is free for that
 * call, the waiting worker runs it itself, out of reach of its own cancel scopes. So nested calls cannot
 * fill a pool with waiters. This is not done for a wait with a deadline, which ends anyway.
 *
 * Life. The workers know the `core` only. The pool object may end while calls are queued: the workers
 * run those and leave. trv_fini cancels what is queued and what runs, and waits for the workers.
 *
 * Plain C work (work.h) has threads of its own, as many at most, which never hold the GIL.
 */
#include "task/initializer.h"
#include "threads/pool.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define WORKERS_MOST 100000
#define STACK_LEAST 65536
#define STREAM_NS 1000000

struct core {
    struct trv__list queue;   /* struct trv__call; call->leg is the core, future->leg the call */
    struct trv__list idle;    /* waiters of workers that are parked, the last one first */
    struct trv__list workers; /* struct worker */
    struct trv__list enders;  /* waiters of contexts that wait for the last worker to leave */
    struct trv__fini_hook hook;
    struct trv__initializer initializer;
    unsigned calls_most;    /* of each worker; 0: no limit */
    struct trv__work *work; /* plain C work, or NULL */
    size_t owners;          /* the pool object, each worker, and plain C work while `has_work` */
    size_t stack_bytes;
    unsigned most, alive; /* workers */
    unsigned coming;      /* of them started or woken, and not arrived yet */
    unsigned names;       /* given to workers so far */
    pid_t pid;            /* the process its workers are in */
    bool has_work;        /* threads of plain C work may be there */
    bool is_closed;       /* no more calls: workers leave when the queue is empty */
    char name[16];
};

/* On the stack of its thread. */
struct worker {
    struct trv__waiter waiter; /* in core->idle */
    struct trv__list link;     /* in core->workers */
    struct core *core;
    struct trv__thread *thread;
    struct trv_scope *initializing; /* around the initializer, while it runs */
    unsigned calls;                 /* it has run */
    struct trv__future *running;    /* of the call it took from the queue, or NULL; borrowed */
    int64_t idle_since_ns;
    bool was_summoned;
};

struct thread_pool {
    struct trv__executor executor;
    struct core *core;
};

static void worker_main(void *argument);

static struct core *core_of(const struct trv__executor *executor)
{
    return ((const struct thread_pool *)(const void *)executor)->core;
}

/* Whether the calling thread is one of its workers. */
static bool is_own_worker(const struct core *core)
{
    const struct trv__thread *self = trv__thread_self();

    return self->run == worker_main && self->argument == core;
}

static void drop_core(struct core *core)
{
    if (--core->owners)
        return;
    /* In a forked child the list of hooks is not the one it was put in. */
    if (core->pid == trv__runtime()->pid)
        trv__list_remove(&core->hook.link);
    if (core->work && core->pid == trv__runtime()->pid)
        trv__work_destroy(core->work);
    else if (core->work)
        trv__work_forget(core->work);
    trv__initializer_clear(&core->initializer);
    trv__free(core, sizeof *core);
}

/* Workers --------------------------------------------------------------------------------------- */

static int start_worker(struct core *core)
{
    char name[32];

    snprintf(name, sizeof name, "%s-%u", core->name, core->names);
    core->owners++;
    core->alive++;
    core->coming++;
    if (trv__thread_start(worker_main, core, name, core->stack_bytes) == 0) {
        core->names++;
        return 0;
    }
    core->coming--;
    core->alive--;
    core->owners--;
    return -1;
}

/* The same where one worker less is no error. */
static bool try_to_start_worker(struct core *core)
{
    trv_object *pending = trv_error_take();
    int answer = start_worker(core);

    trv__error_give(pending);
    return answer == 0;
}

static void wake_worker(struct core *core, bool by_worker)
{
    struct worker *worker = CONTAINER_OF(core->idle.next, struct worker, waiter.link);

    /* It reads this on its way to the GIL, as soon as it is woken. */
    if (by_worker)
        worker->thread->gil.haste = TRV__IN_TURN;
    else if (trv__clock_ns() - worker->idle_since_ns < STREAM_NS)
        worker->thread->gil.haste = TRV__SOON;
    worker = CONTAINER_OF(trv__wake_one(&core->idle, NULL), struct worker, waiter);
    worker->was_summoned = true;
    core->coming++;
}

/* There are calls in the queue: sees to it that somebody will come for them. */
static void summon(struct core *core, bool by_worker)
{
    if (core->coming)
        return;
    if (!trv__list_is_empty(&core->idle))
        wake_worker(core, by_worker);
    else if (core->alive < core->most)
        try_to_start_worker(core);
}

static struct trv__call *take_call(struct core *core)
{
    struct trv__list *node = trv__list_pop(&core->queue);
    struct trv__call *call = node ? CONTAINER_OF(node, struct trv__call, link) : NULL;

    if (call) {
        call->future->cancel = NULL;
        call->future->help = NULL;
        call->future->enders = NULL;
        call->future->leg = NULL;
    }
    return call;
}

static bool is_used_up(const struct core *core, const struct worker *self)
{
    return core->calls_most && self->calls >= core->calls_most;
}

static void run_calls(struct core *core, struct worker *self)
{
    struct trv__call *call;

    while (!is_used_up(core, self) && (call = take_call(core))) {
        self->calls++;
        if (!trv__list_is_empty(&core->queue))
            summon(core, true);
        self->running = call->future;
        trv__call_run(call);
        self->running = NULL;
    }
}

static void fall_idle(struct core *core, struct worker *self)
{
    self->idle_since_ns = trv__clock_ns();
    self->was_summoned = false;
    self->waiter.context = trv__current->context;
    trv__list_prepend(&core->idle, &self->waiter.link);
    trv__current->context->waits_for = TRV__WAITS_FOR_WORK;
    trv__park(TRV__NEVER);
    trv__current->context->waits_for = TRV__WAITS_FOR_OTHERS;
    trv__list_remove(&self->waiter.link);
    self->thread->gil.haste = TRV__AT_ONCE;
    if (self->was_summoned)
        core->coming--;
}

static void take_out(struct trv__call *call);

/* What has not begun fails, and so will what is submitted. */
static void break_core(struct core *core)
{
    core->is_closed = true;
    while (!trv__list_is_empty(&core->queue)) {
        struct trv__call *call = CONTAINER_OF(core->queue.next, struct trv__call, link);
        take_out(call);
        trv__initializer_raise(&core->initializer, trv_BrokenThreadPool);
        trv__future_settle_take(call->future, NULL);
        trv__call_drop(call);
    }
    trv__wake_all(&core->idle);
}

static bool initialize(struct core *core, struct worker *self)
{
    trv_scope scope;
    bool is_well;

    if (LIKELY(!core->initializer.callable))
        return true;
    trv__scope_push(&scope);
    self->initializing = &scope;
    is_well = trv__initializer_run(&core->initializer);
    self->initializing = NULL;
    trv__scope_pop(&scope);
    return is_well;
}

/* It has run its calls, and leaves if another can come when there are more. Else it goes on. */
static bool is_replaced(struct core *core, struct worker *self)
{
    if (trv__list_is_empty(&core->queue))
        return true;
    core->alive--; /* its place is free */
    summon(core, true);
    core->alive++;
    if (!core->coming)
        self->calls = 0;
    return core->coming;
}

static void worker_main(void *argument)
{
    struct core *core = argument;
    struct worker self = {.core = core, .thread = trv__thread_self()};

    core->coming--;
    trv__list_init(&self.waiter.link);
    trv__list_append(&core->workers, &self.link);
    if (!initialize(core, &self))
        break_core(core);
    for (;;) {
        run_calls(core, &self);
        if (core->is_closed && trv__list_is_empty(&core->queue))
            break;
        if (is_used_up(core, &self) && is_replaced(core, &self))
            break;
        if (trv__list_is_empty(&core->queue))
            fall_idle(core, &self);
    }
    trv__list_remove(&self.link);
    if (!--core->alive)
        trv__wake_all(&core->enders);
    drop_core(core);
}

/* Calls that have not begun --------------------------------------------------------------------- */

static void take_out(struct trv__call *call)
{
    trv__list_remove(&call->link);
    call->future->cancel = NULL;
    call->future->help = NULL;
    call->future->enders = NULL;
    call->future->leg = NULL;
}

static int cancel_queued(struct trv__future *future)
{
    struct trv__call *call = future->leg;

    take_out(call);
    trv__future_cancelled(future);
    trv__call_drop(call);
    return 1;
}

/* A worker is about to wait for a call of its own pool. */
static int help_queued(struct trv__future *future, bool is_alone TRV_UNUSED)
{
    struct trv__call *call = future->leg;
    struct core *core = call->leg;
    trv_scope shield;

    if (!is_own_worker(core) || core->coming || !trv__list_is_empty(&core->idle))
        return 0;
    if (core->alive < core->most && try_to_start_worker(core))
        return 0;
    take_out(call);
    trv__scope_push_shield(&shield);
    trv__call_run(call);
    trv__scope_pop(&shield);
    return 1;
}

/* Who could begin it: one of the workers, if there will be no others and none is free. */
static const char *queued_enders(struct trv__future *future, trv__ender_visit *visit,
                                 void *argument)
{
    const struct trv__call *call = future->leg;
    const struct core *core = call->leg;
    struct trv__list *node = core->workers.next;

    if (core->coming || !trv__list_is_empty(&core->idle) || core->alive < core->most ||
        core->pid != trv__runtime()->pid)
        return NULL;
    for (; node != &core->workers; node = node->next)
        if (!visit(&CONTAINER_OF(node, struct worker, link)->thread->context, argument))
            break;
    return "could run";
}

static void cancel_all_queued(struct core *core)
{
    while (!trv__list_is_empty(&core->queue))
        cancel_queued(CONTAINER_OF(core->queue.next, struct trv__call, link)->future);
}

/* The executor ---------------------------------------------------------------------------------- */

static int enqueue(struct core *core, struct trv__call *call)
{
    trv__list_append(&core->queue, &call->link);
    call->leg = core;
    call->future->leg = call;
    call->future->cancel = cancel_queued;
    call->future->help = help_queued;
    call->future->enders = queued_enders;
    if (LIKELY(core->alive)) {
        summon(core, false);
        return 0;
    }
    if (start_worker(core) == 0)
        return 0;
    take_out(call);
    return -1;
}

static int pool_submit_take(struct trv__executor *executor, struct trv__call *call)
{
    struct core *core = core_of(executor);
    int answer;

    if (UNLIKELY(core->initializer.failure))
        answer = trv__initializer_raise(&core->initializer, trv_BrokenThreadPool);
    else if (UNLIKELY(core->is_closed))
        answer = trv_raise_int(trv_RuntimeError, "the thread pool has ended with its runtime");
    else if (UNLIKELY(core->pid != trv__runtime()->pid))
        answer =
            trv_raise_int(trv_RuntimeError, "the thread pool's workers are in another process");
    else
        answer = enqueue(core, call);
    if (UNLIKELY(answer < 0))
        trv__call_drop(call);
    return answer;
}

static void close_core(struct core *core, bool drop)
{
    core->is_closed = true;
    if (core->work)
        trv__work_close(core->work, drop);
    trv__wake_all(&core->idle);
}

static int wait_for_workers(struct trv__executor *executor, int64_t deadline_ns)
{
    struct core *core = core_of(executor);
    struct trv__waiter waiter;

    if (trv__check_cancelled() < 0)
        return -1;
    while (core->alive)
        switch (trv__wait_in(&core->enders, &waiter, NULL, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            return core->alive ? trv__executor_raise_late(executor) : 0;
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    return 0;
}

/* All threads of plain C work have left. May drop the core. */
static void let_go_of_work(struct core *core)
{
    if (!core->has_work || !trv__work_has_ended(core->work))
        return;
    trv__work_join(core->work);
    core->has_work = false;
    drop_core(core);
}

static int wait_for_work(struct core *core, int64_t deadline_ns)
{
    struct trv__fd_wait wait = {
        .context = trv__current->context, .fd = core->work->fd, .events = TRV_READABLE};
    int answer = 1;

    while (answer > 0 && !trv__work_has_ended(core->work))
        answer = trv__check_cancelled() < 0 ? -1 : trv__park_on_fd(&wait, deadline_ns);
    if (answer == 0)
        return trv_raise_int(trv_TimeoutError,
                             "plain C work of the thread pool was not done in time");
    if (answer > 0)
        let_go_of_work(core);
    return answer < 0 ? -1 : 0;
}

static int pool_shutdown(struct trv__executor *executor, bool wait, bool cancel_pending,
                         int64_t deadline_ns)
{
    struct core *core = core_of(executor);

    if (core->pid != trv__runtime()->pid)
        return 0;
    close_core(core, cancel_pending);
    if (cancel_pending)
        cancel_all_queued(core);
    if (!wait)
        return 0;
    if (is_own_worker(core))
        return trv_raise_int(trv_RuntimeError,
                             "a call cannot wait for the end of the thread pool that runs it");
    if (wait_for_workers(executor, deadline_ns) < 0)
        return -1;
    return core->has_work ? wait_for_work(core, deadline_ns) : 0;
}

static size_t pool_workers(struct trv__executor *executor)
{
    return core_of(executor)->most;
}

static int list_running(struct trv__executor *executor, trv_object *list)
{
    LIST_EACH(node, &core_of(executor)->workers) {
        struct worker *worker = CONTAINER_OF(node, struct worker, link);
        if (worker->running && trv_list_append(list, (trv_object *)worker->running) < 0)
            return -1;
    }
    return 0;
}

/* What runs cannot be cancelled, only waited for, as long as the configuration says. Threads that are
 * left behind go on with their queue, which needs nothing of the runtime. */
static void await_work(struct core *core)
{
    double timeout = trv__runtime()->fini_timeout;
    int64_t now_ns = trv__clock_ns(),
            deadline_ns = timeout > 0 ? trv__deadline_after(now_ns, timeout) : TRV__NEVER;
    struct pollfd fd = {.fd = core->work->fd, .events = POLLIN};

    for (; !trv__work_has_ended(core->work) && now_ns < deadline_ns; now_ns = trv__clock_ns())
        TRV_ALLOW_THREADS {
            int64_t left_ms = (deadline_ns - now_ns) / 1000000 + 1;
            poll(&fd, 1, (int)MIN_OF(left_ms, 1000000));
        }
    if (trv__work_has_ended(core->work)) {
        let_go_of_work(core);
        return;
    }
    fprintf(stderr, "trivet: the runtime ends without plain C work of thread pool '%s'\n",
            core->name);
    core->work = NULL;
    core->has_work = false;
    drop_core(core);
}

/* The runtime ends while the pool is there. */
static void end_with_runtime(struct trv__fini_hook *hook)
{
    struct core *core = CONTAINER_OF(hook, struct core, hook);

    core->owners++;
    close_core(core, true);
    cancel_all_queued(core);
    LIST_EACH(node, &core->workers) {
        struct worker *worker = CONTAINER_OF(node, struct worker, link);
        if (worker->running)
            (void)trv_future_cancel((trv_object *)worker->running);
        if (worker->initializing)
            trv__scope_cancel(worker->initializing);
    }
    if (core->has_work)
        await_work(core);
    drop_core(core);
}

/* The pool object ------------------------------------------------------------------------------- */

static const struct trv__executor_operations operations = {pool_submit_take, pool_shutdown,
                                                           pool_workers, list_running, NULL};

/* No `destroy`: the core holds objects. */
static void pool_clear(trv_object *self)
{
    struct core *core = core_of((struct trv__executor *)(void *)self);

    if (core->pid == trv__runtime()->pid) {
        close_core(core, false);
        let_go_of_work(core);
    }
    drop_core(core);
}

/* Threads of plain C work have left long after their pool was dropped: sees to it. */
static void tidy_up(void)
{
    LIST_EACH(node, &trv__runtime()->fini_hooks) {
        struct trv__fini_hook *hook = CONTAINER_OF(node, struct trv__fini_hook, link);
        struct core *core = CONTAINER_OF(hook, struct core, hook);
        if (hook->run == end_with_runtime && core->is_closed)
            let_go_of_work(core);
    }
}

static trv_object *pool_repr(trv_object *self)
{
    const struct core *core = core_of((struct trv__executor *)(void *)self);
    size_t queued = 0;

    LIST_EACH(node, &core->queue)
        queued++;
    return trv_str_printf("<thread_pool '%s' at %p: %u of %u workers, %zu calls queued>",
                          core->name, (void *)self, core->alive, core->most, queued);
}

static TRV__READ_ONLY trv_object pool_handle[1];
TRV__READ_ONLY struct trv_type trv__thread_pool_type = {
    .handle = pool_handle,
    .name = "thread_pool",
    .doc = "runs calls in threads",
    .base = &trv__executor_type,
    .instance_bytes = sizeof(struct thread_pool),
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
static TRV__READ_ONLY trv_object pool_handle[1] = {TRV__TYPE_HANDLE(trv__thread_pool_type)};

/* Plain C work ---------------------------------------------------------------------------------- */

static bool make_work(struct core *core)
{
    core->work = trv__work_create(core->most, core->stack_bytes, core->name,
                                  &trv__runtime()->standstill.helpers);
    if (!core->work)
        trv_raise_errno("cannot make a queue for plain C work");
    return core->work;
}

struct trv__work *trv__pool_work(trv_object *pool)
{
    struct core *core = core_of((struct trv__executor *)(void *)pool);
    int error;

    if (trv__executor_check_open((struct trv__executor *)(void *)pool) < 0)
        return NULL;
    if (core->is_closed || core->pid != trv__runtime()->pid)
        return (void *)trv_raise(trv_RuntimeError, "the thread pool has no workers any more");
    if (!core->work && !make_work(core))
        return NULL;
    if (core->has_work)
        return core->work;
    error = trv__work_begin(core->work);
    if (error)
        return (void *)trv_raise_errno_of(error, "cannot start a thread for plain C work");
    core->has_work = true;
    core->owners++;
    return core->work;
}

/* Making ------------------------------------------------------------------------------------------ */

static struct core *create_core(unsigned workers, size_t stack_bytes, const char *name)
{
    struct core *core = trv__allocate_zeroed(sizeof *core);

    if (!core)
        return NULL;
    trv__list_init(&core->queue);
    trv__list_init(&core->idle);
    trv__list_init(&core->workers);
    trv__list_init(&core->enders);
    core->owners = 1;
    core->stack_bytes = stack_bytes;
    core->most = workers;
    core->pid = trv__runtime()->pid;
    snprintf(core->name, sizeof core->name - 4, "%s", name);
    core->hook.run = end_with_runtime;
    trv__list_append(&trv__runtime()->fini_hooks, &core->hook.link);
    return core;
}

static int check_options(const trv_thread_pool_options *options)
{
    if (options && options->size < sizeof options->size)
        return trv_raise_int(trv_ValueError, "the thread pool's options do not say their size");
    if (OPTION_GIVEN(options, workers) && options->workers > WORKERS_MOST)
        return trv_raise_int(trv_ValueError, "a thread pool cannot have %u workers",
                             options->workers);
    if (OPTION_GIVEN(options, stack_bytes) && options->stack_bytes &&
        options->stack_bytes < STACK_LEAST)
        return trv_raise_int(trv_ValueError, "a stack of %zu bytes is too small",
                             options->stack_bytes);
    return trv__runtime()->is_ending
               ? trv_raise_int(trv_RuntimeError, "cannot make a thread pool while the runtime ends")
               : 0;
}

trv_object *trv_thread_pool_new(const trv_thread_pool_options *options)
{
    unsigned workers = OPTION_GIVEN(options, workers) ? options->workers : 0;
    size_t stack_bytes = OPTION_GIVEN(options, stack_bytes) ? options->stack_bytes : 0;
    const char *name = OPTION_GIVEN(options, name) ? options->name : NULL;
    struct thread_pool *pool;

    if (check_options(options) < 0 ||
        !(pool = trv__object_new(&trv__thread_pool_type, sizeof *pool)))
        return NULL;
    tidy_up();
    pool->executor.operations = &operations;
    pool->executor.is_shut_down = false;
    pool->core =
        create_core(workers ? workers : trv_cpu_count() + 4, stack_bytes, name ? name : "pool");
    if (!pool->core) {
        trv__object_discard(pool);
        return NULL;
    }
    pool->core->calls_most =
        OPTION_GIVEN(options, calls_per_worker) ? options->calls_per_worker : 0;
    if (!OPTION_GIVEN(options, initializer) ||
        trv__initializer_set(&pool->core->initializer, options->initializer,
                             OPTION_GIVEN(options, arguments) ? options->arguments : NULL) == 0)
        return (trv_object *)pool;
    trv_unref((trv_object *)pool);
    return NULL;
}
