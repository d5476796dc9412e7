/* SPDX-License-Identifier: MIT */
/*
 * Process pools as users see them: an executor in front of a crew (crew.h).
 *
 * A call is pickled where it is submitted, so that what cannot travel is an error there. The pool
 * object holds nothing but its crew, and dropping it is like closing it: the crew does what it was
 * given and ends. A worker that comes to see a pool (through trv_inherit) cannot use it.
 */
#include "processes/crew.h"

#include <stdio.h>
#include <unistd.h>

#define WORKERS_MOST 4096
#define RING_DEFAULT ((size_t)(TRV_TINY ? 64 : 1 << 20))

struct process_pool {
    struct trv__executor executor;
    struct trv__crew *crew; /* one reference */
};

extern struct trv_type trv__process_pool_type;

static struct process_pool *pool_of(void *object)
{
    return object;
}

/* Submitting ------------------------------------------------------------------------------------------------- */

static int check_usable(const struct trv__executor *executor, const struct trv__crew *crew)
{
    if (crew->runtime->pid != crew->pid)
        return trv_raise_int(trv_RuntimeError,
                             "a process pool cannot be used in another process than its own");
    if (crew->is_broken)
        return trv__crew_raise_broken(crew);
    if (executor->is_shut_down || crew->is_closing)
        return trv_raise_int(trv_RuntimeError,
                             "process_pool was shut down and takes no more calls");
    return 0;
}

/* Taking out results on the way keeps the keeper asleep while somebody submits; their callbacks may
 * do anything, so the pool is looked at afterwards. */
static int submit_take(struct trv__executor *executor, struct trv__call *call)
{
    struct trv__crew *crew = pool_of(executor)->crew;
    struct trv__job *job;

    if (crew->runtime->pid == crew->pid)
        trv__crew_receive(crew);
    if (check_usable(executor, crew) < 0) {
        trv__call_drop(call);
        return -1;
    }
    job = trv__job_create_take(crew, call);
    if (!job)
        return -1;
    crew->pending++;
    trv__list_append(&crew->queue, &job->link);
    trv__crew_send(crew);
    return 0;
}

/* Shutting down ------------------------------------------------------------------------------------------------ */

static int wait_for_end(struct trv__executor *executor, int64_t deadline_ns)
{
    struct trv__crew *crew = pool_of(executor)->crew;
    int answer = 0;

    trv__crew_hold(crew);
    while (!crew->is_ended && !answer)
        switch (trv__crew_wait(crew, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            crew->is_late = !crew->is_ended;
            if (crew->is_late)
                answer = trv__executor_raise_late(executor);
            break;
        case TRV__CANCELLED:
            answer = trv__raise_cancelled();
            break;
        case TRV__FAILED:
            answer = -1;
            break;
        }
    trv__crew_release(crew);
    return answer;
}

static int shutdown_pool(struct trv__executor *executor, bool wait, bool cancel_pending,
                         int64_t deadline_ns)
{
    struct trv__crew *crew = pool_of(executor)->crew;

    if (crew->runtime->pid != crew->pid)
        return 0; /* in a worker: it is not ours to end */
    trv__crew_close(crew);
    if (cancel_pending && crew->is_running)
        trv__crew_cancel_waiting(crew);
    return wait ? wait_for_end(executor, deadline_ns) : 0;
}

static size_t count_workers(struct trv__executor *executor)
{
    return pool_of(executor)->crew->slot_count;
}

static int list_running(struct trv__executor *executor, trv_object *list)
{
    struct trv__crew *crew = pool_of(executor)->crew;

    for (size_t i = 0; crew->runtime->pid == crew->pid && i < crew->slot_count; i++)
        for (size_t cell = 0; cell < TRV__CELLS; cell++) {
            struct trv__job *job = crew->slots[i].jobs[cell];
            if (job && job->call && trv__job_has_begun(job) &&
                trv_list_append(list, (trv_object *)job->call->future) < 0)
                return -1;
        }
    return 0;
}

static const struct trv__executor_operations operations = {
    submit_take, shutdown_pool, count_workers, list_running, trv__process_chunk};

/* The type ----------------------------------------------------------------------------------------------------- */

/* No `destroy`: the crew holds objects. */
static void pool_clear(trv_object *self)
{
    struct trv__crew *crew = pool_of(self)->crew;

    if (!crew)
        return;
    if (crew->runtime->pid == crew->pid)
        trv__crew_close(crew);
    trv__crew_unref(crew);
}

static trv_object *pool_repr(trv_object *self)
{
    const struct trv__crew *crew = pool_of(self)->crew;

    return trv_str_printf("<process_pool of %zu workers at %p%s>", crew->slot_count, (void *)self,
                          crew->is_broken    ? ": broken"
                          : crew->is_closing ? ": shut down"
                                             : "");
}

static TRV__READ_ONLY trv_object pool_handle[1];
TRV__READ_ONLY struct trv_type trv__process_pool_type = {
    .handle = pool_handle,
    .name = "process_pool",
    .doc = "runs calls in forked processes",
    .base = &trv__executor_type,
    .instance_bytes = sizeof(struct process_pool),
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
static TRV__READ_ONLY trv_object pool_handle[1] = {TRV__TYPE_HANDLE(trv__process_pool_type)};

/* Public interface ----------------------------------------------------------------------------------------------- */

static size_t round_up_to_power(size_t size)
{
    size_t power = TRV__RING_LEAST;

    while (power < size)
        power *= 2;
    return power;
}

static int set_kill_after(struct trv__crew *crew, double seconds)
{
    if (!(seconds >= 0))
        return trv_raise_int(trv_ValueError, "kill_after must not be negative");
    if (seconds > 0) /* the least is a nanosecond, the most a century */
        crew->kill_after_ns = (int64_t)(MIN_OF(seconds, 3e9) * 1e9) + 1;
    return 0;
}

static struct trv__crew *crew_with(const trv_process_pool_options *options)
{
    size_t workers = OPTION_GIVEN(options, workers) ? options->workers : 0;
    size_t ring_bytes = OPTION_GIVEN(options, ring_bytes) ? options->ring_bytes : 0;
    unsigned retries = OPTION_GIVEN(options, retries) ? options->retries : 0;

    if (workers > WORKERS_MOST)
        return (void *)trv_raise(trv_ValueError,
                                 "a process pool cannot have %zu workers, at most %d", workers,
                                 WORKERS_MOST);
    if (ring_bytes > TRV__RING_MOST)
        return (void *)trv_raise(trv_ValueError, "a ring cannot have %zu bytes, at most %zu",
                                 ring_bytes, TRV__RING_MOST);
    return trv__crew_create(workers ? workers : trv_cpu_count(),
                            round_up_to_power(ring_bytes ? ring_bytes : RING_DEFAULT), retries);
}

/* What the keeper and the workers need to know before there are any. */
static int set_up(struct trv__crew *crew, const trv_process_pool_options *options)
{
    if (OPTION_GIVEN(options, name) && options->name)
        snprintf(crew->name, sizeof crew->name - 4, "%s", options->name);
    crew->calls_most = OPTION_GIVEN(options, calls_per_worker) ? options->calls_per_worker : 0;
    if (OPTION_GIVEN(options, kill_after) && set_kill_after(crew, options->kill_after) < 0)
        return -1;
    if (!OPTION_GIVEN(options, initializer))
        return 0;
    return trv__initializer_set(&crew->initializer, options->initializer,
                                OPTION_GIVEN(options, arguments) ? options->arguments : NULL);
}

trv_object *trv_process_pool_new(const trv_process_pool_options *options)
{
    struct process_pool *pool;

    if (trv__may_block("process_pool_new") < 0 || trv__check_cancelled() < 0)
        return NULL;
    pool = trv__object_new(&trv__process_pool_type, sizeof *pool);
    if (!pool)
        return NULL;
    pool->executor.operations = &operations;
    pool->executor.is_shut_down = false;
    pool->crew = crew_with(options);
    if (pool->crew && set_up(pool->crew, options) == 0 && trv__crew_start(pool->crew) == 0)
        return (trv_object *)pool;
    trv_unref((trv_object *)pool);
    return NULL;
}

static bool is_being_forked(const struct trv__crew *crew)
{
    for (size_t i = 0; i < crew->slot_count; i++)
        if (crew->slots[i].state != TRV__SLOT_LIVE)
            return crew->is_running && crew->quit == TRV__QUIT_NOT && !crew->is_broken;
    return false;
}

static trv_object *list_pids(const struct trv__crew *crew)
{
    trv_auto trv_object *pids = trv_list_new();

    for (size_t i = 0; pids && i < crew->slot_count; i++) {
        trv_auto trv_object *pid = NULL;
        if (crew->slots[i].state != TRV__SLOT_LIVE || !crew->is_running)
            continue;
        pid = trv_int_new(crew->slots[i].pid);
        if (!pid || trv_list_append(pids, pid) < 0)
            return NULL;
    }
    return trv_steal(&pids);
}

trv_object *trv_process_pool_pids(trv_object *object)
{
    trv_object *pids = NULL;
    struct trv__crew *crew;

    if (!trv__expect(object, &trv__process_pool_type, "trv_process_pool_pids"))
        return NULL;
    crew = pool_of(object)->crew;
    trv__crew_hold(crew);
    while (crew->runtime->pid == crew->pid && is_being_forked(crew) &&
           !trv__current->context->no_switch)
        switch (trv__crew_wait(crew, TRV__NEVER)) {
        case TRV__CANCELLED:
            trv__raise_cancelled();
            goto done;
        case TRV__FAILED:
            goto done;
        default:
            break;
        }
    pids = list_pids(crew);
done:
    trv__crew_release(crew);
    return pids;
}
