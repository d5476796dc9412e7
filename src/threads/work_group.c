/* SPDX-License-Identifier: MIT */
/*
 * Plain C work as users see it: groups, and work that has a future.
 *
 * A group counts what was submitted to it and has not run. Submitting touches nothing but the queue
 * and that count (work.h), so it needs no GIL. Waiting needs it: one context that waits, thread or
 * coroutine, watches the count's descriptor, the others wait until it tells them; whoever watched
 * and leaves, for whatever reason, passes the watch on.
 *
 * Work with a future is a call like any other of the pool, of a function that gives the GIL back
 * while the work runs.
 */
#include "base/descriptor.h"
#include "base/fault.h"
#include "base/futex.h"
#include "threads/pool.h"

#include <sys/eventfd.h>

#define SPIN_NS 20000

struct work_group {
    TRV__HEAD;
    trv_object *pool;
    struct trv__work *work; /* of the pool */
    struct trv__work_count *count;
    struct trv__list waiters; /* contexts that wait for the one who watches */
    pid_t pid;                /* the process its workers are in */
    const struct trv_runtime *runtime;
    bool is_watched; /* somebody waits for the descriptor */
};

extern struct trv_type trv__work_group_type;

static struct work_group *group_of(trv_object *object)
{
    return (struct work_group *)(void *)object;
}

/* Submitting ------------------------------------------------------------------------------------- */

int trv_work_submit(trv_object *object, trv_work_function function, void *data)
{
    struct work_group *group = group_of(object);
    struct trv__work_item item = {function, data, NULL};
    int error = EINVAL;

    if (object && function && object->type == &trv__work_group_type) {
        item.count = group->count;
        error = LIKELY(group->pid == group->runtime->pid) ? trv__work_submit(group->work, &item)
                                                          : ESHUTDOWN;
    }
    if (LIKELY(!error))
        return 0;
    errno = error;
    return -1;
}

TRV_DEFINE_FUNCTION_(static TRV__READ_ONLY, plain_work,
                     "plain_work(function, data): what function(data) returns, as an int")
{
    int64_t function, data;
    void *result = NULL;

    if (trv_parse(args, "ll", &function, &data) < 0)
        return NULL;
    TRV_ALLOW_THREADS {
        result = ((trv_work_function)(intptr_t)function)((void *)(intptr_t)data);
    }
    return trv_int_new((int64_t)(intptr_t)result);
}

trv_object *trv_submit_work(trv_object *pool, trv_work_function function, void *data)
{
    if (!trv__expect(pool, &trv__executor_type, "trv_submit_work"))
        return NULL;
    if (pool->type != &trv__thread_pool_type &&
        !trv__executor_is_inline((struct trv__executor *)(void *)pool))
        return trv_raise(trv_TypeError, "plain C work runs in threads, not in a %s",
                         trv_type_name(pool));
    if (!function)
        return trv_raise(trv_ValueError, "trv_submit_work needs a function");
    return trv_submit(pool, plain_work, "ll", (int64_t)(intptr_t)function, (int64_t)(intptr_t)data);
}

/* Waiting ------------------------------------------------------------------------------------------ */

static bool is_pending(const struct work_group *group)
{
    return trv__work_count_pending(group->count) != 0;
}

/* Waits busily while a processor is free: the end of short work is not worth a sleep. A coroutine must
 * not keep its loop from running, and under a seed time would not move. */
static void watch_busily(struct work_group *group)
{
    int64_t end_ns = trv__clock_ns() + SPIN_NS;

    if (trv__context_is_coroutine(trv__current->context) || trv__runtime()->chooser.is_seeded ||
        !trv__work_may_spin(group->work))
        return;
    TRV_ALLOW_THREADS {
        do
            for (int i = 0; i < 16 && is_pending(group); i++)
                trv__spin_pause();
        while (is_pending(group) && trv__clock_ns() < end_ns);
    }
}

static int make_descriptor(struct work_group *group)
{
    if (group->count->fd >= 0)
        return 0;
    group->count->fd = FAULT() ? -1 : trv__fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return group->count->fd >= 0 ? 0 : (trv_raise_errno("cannot wait for plain C work"), -1);
}

/* Sleeps until the descriptor is written. 1, 0 at the deadline, -1 with an exception. */
static int watch(struct work_group *group, int64_t deadline_ns)
{
    struct trv__fd_wait wait = {
        .context = trv__current->context, .fd = group->count->fd, .events = TRV_READABLE};
    eventfd_t ignored;
    int answer;

    if (!trv__work_count_await(group->count))
        return 1;
    group->is_watched = true;
    answer = trv__park_on_fd(&wait, deadline_ns);
    group->is_watched = false;
    (void)eventfd_read(group->count->fd, &ignored);
    return answer;
}

/* Waits for the one who watches. As watch. */
static int wait_beside(struct work_group *group, int64_t deadline_ns)
{
    struct trv__waiter waiter;

    switch (trv__wait_in(&group->waiters, &waiter, (trv_object *)group, deadline_ns)) {
    case TRV__WOKEN:
        return 1;
    case TRV__TIMED_OUT:
        return 0;
    case TRV__CANCELLED:
        trv__raise_cancelled();
        break;
    case TRV__FAILED:
        break;
    }
    return -1;
}

/* Tells the others: all of them that it is over, or one to watch. */
static void pass_on(struct work_group *group)
{
    if (group->is_watched)
        return;
    if (is_pending(group))
        trv__wake_one(&group->waiters, NULL);
    else
        trv__wake_all(&group->waiters);
}

/* Returns once nothing is pending, though others may have submitted more since. As watch. */
static int wait_for_all(struct work_group *group, int64_t deadline_ns)
{
    int answer = 1;

    watch_busily(group);
    while (is_pending(group) && answer > 0) {
        if (trv__check_cancelled() < 0 || make_descriptor(group) < 0)
            answer = -1;
        else if (group->is_watched)
            answer = wait_beside(group, deadline_ns);
        else
            answer = watch(group, deadline_ns);
    }
    pass_on(group);
    return answer ? answer : !is_pending(group);
}

static int raise_dropped(struct work_group *group)
{
    uint32_t dropped = atomic_exchange(&group->count->dropped, 0);

    if (!dropped)
        return 0;
    return trv_raise_int(trv_CancelledError, "%u functions never ran: their pool was shut down",
                         (unsigned)dropped);
}

int trv_work_wait(trv_object *object, double timeout)
{
    struct work_group *group = group_of(object);
    int64_t deadline_ns;
    int answer;

    if (!trv__expect(object, &trv__work_group_type, "trv_work_wait") ||
        trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    if (!is_pending(group))
        return raise_dropped(group);
    if (trv__may_block("work_wait") < 0)
        return -1;
    trv_ref(object);
    answer = wait_for_all(group, deadline_ns);
    if (answer > 0)
        answer = raise_dropped(group);
    else if (!answer)
        answer = trv_raise_int(trv_TimeoutError, "plain C work was not done in time");
    trv_unref(object);
    return answer;
}

/* The type ------------------------------------------------------------------------------------------- */

/* What is submitted still runs: workers free the count. In a forked child there are none. */
static void group_destroy(trv_object *self)
{
    struct work_group *group = group_of(self);
    struct trv__work_count *count = group->count;
    bool is_ours = group->pid == group->runtime->pid;

    if (count && is_ours)
        trv__work_count_quiet(count);
    if (count && count->fd >= 0) {
        trv_fd_forget(count->fd);
        close(count->fd);
    }
    if (count && is_ours)
        trv__work_count_orphan(count);
    else
        free(count);
}

static void group_clear(trv_object *self)
{
    trv_clear(&group_of(self)->pool);
}

static trv_object *group_repr(trv_object *self)
{
    return trv_str_printf("<work_group at %p: %llu pending>", (void *)self,
                          (unsigned long long)trv__work_count_pending(group_of(self)->count));
}

static trv_object *group_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_object *pool;

    return trv_parse(args, "o", &pool) < 0 ? NULL : trv_work_group_new(pool);
}

static TRV__READ_ONLY trv_object group_handle[1];
TRV__READ_ONLY struct trv_type trv__work_group_type = {
    .handle = group_handle,
    .name = "work_group",
    .doc = "work_group(pool): plain C work that is waited for together",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct work_group),
    .flags = TRV__TYPE_FINAL,
    .construct = group_construct,
    .slots = {.clear = group_clear, .destroy = group_destroy, .repr = group_repr},
};
static TRV__READ_ONLY trv_object group_handle[1] = {TRV__TYPE_HANDLE(trv__work_group_type)};

trv_object *trv_work_group_new(trv_object *pool)
{
    struct trv__work *work;
    struct work_group *group;

    if (!trv__expect(pool, &trv__thread_pool_type, "trv_work_group_new") ||
        !(work = trv__pool_work(pool)) ||
        !(group = trv__object_new(&trv__work_group_type, sizeof *group)))
        return NULL;
    group->pool = trv_ref(pool);
    group->work = work;
    group->runtime = trv__runtime();
    group->pid = group->runtime->pid;
    group->is_watched = false;
    trv__list_init(&group->waiters);
    group->count = trv__work_count_create();
    if (group->count)
        return (trv_object *)group;
    trv_unref((trv_object *)group);
    return trv_raise(trv_MemoryError, "out of memory");
}
