/* SPDX-License-Identifier: MIT */
/*
 * Waiting for many futures: trv_wait_futures, trv_as_completed, trv_gather. Each is a watcher (watch.h)
 * and what to do with what it has seen.
 *
 * Reading a result is left to the caller, except in gather, which answers for all its futures: what it
 * does not pass on is dropped, so nothing of it is reported as never seen.
 */
#include "task/watch.h"

/* The sets of wait_futures ---------------------------------------------------------------------- */

static trv_object *future_in(const struct trv__watch *watch)
{
    return (trv_object *)watch->future;
}

static trv_object *sorted_sets(const struct trv__watcher *watcher)
{
    trv_auto trv_object *done = trv_set_new();
    trv_auto trv_object *left = done ? trv_set_new() : NULL;

    if (!left)
        return NULL;
    for (size_t i = 0; i < watcher->count; i++) {
        const struct trv__watch *watch = &watcher->watches[i];
        if (trv_set_add(trv__future_is_done(watch->future) ? done : left, future_in(watch)) < 0)
            return NULL;
    }
    return trv_build("(oo)", done, left);
}

trv_object *trv_wait_futures(trv_object *futures, double timeout, trv_return_when when)
{
    static const enum trv__enough enough[] = {TRV__ENOUGH_ALL, TRV__ENOUGH_FIRST,
                                              TRV__ENOUGH_FAILED};
    struct trv__watcher watcher;
    trv_object *sets = NULL;
    int64_t deadline_ns;

    if ((unsigned)when >= COUNT_OF(enough))
        return trv_raise(trv_ValueError, "trv_wait_futures cannot return when %d", (int)when);
    if (trv__deadline(timeout, &deadline_ns) < 0 ||
        trv__watcher_begin(&watcher, futures, enough[when], false, "trv_wait_futures") < 0)
        return NULL;
    if (trv__watcher_wait(&watcher, deadline_ns, "wait_futures", __builtin_return_address(0)) >= 0)
        sets = sorted_sets(&watcher);
    trv__watcher_end(&watcher);
    return sets;
}

/* gather ---------------------------------------------------------------------------------------- */

/* The exception of the first that failed; NULL with it pending. */
static trv_object *first_failure(const struct trv__watcher *watcher)
{
    LIST_EACH(node, &watcher->done) {
        struct trv__watch *watch = CONTAINER_OF(node, struct trv__watch, link);
        if (!watch->future->result)
            return trv__future_outcome(watch->future);
    }
    return trv_raise(trv_SystemError, "gather found no failure");
}

static trv_object *all_results(const struct trv__watcher *watcher)
{
    trv_object *results;

    if (watcher->has_failed)
        return first_failure(watcher);
    results = trv_list_new();
    for (size_t i = 0; results && i < watcher->count; i++)
        if (trv_list_append(results, watcher->watches[i].future->result) < 0)
            trv_clear(&results);
    return results;
}

trv_object *trv_gather(trv_object *futures)
{
    struct trv__watcher watcher;
    trv_object *results = NULL;

    if (trv__watcher_begin(&watcher, futures, TRV__ENOUGH_NO_RESULT, false, "trv_gather") < 0)
        return NULL;
    if (trv__watcher_wait(&watcher, TRV__NEVER, "gather", __builtin_return_address(0)) > 0) {
        for (size_t i = 0; i < watcher.count; i++)
            watcher.watches[i].future->was_observed = true;
        results = all_results(&watcher);
    }
    trv__watcher_end(&watcher);
    return results;
}

/* The iterator of as_completed -------------------------------------------------------------------- */

struct as_completed {
    TRV__HEAD;
    int64_t deadline_ns;
    struct trv__watcher watcher;
};

static struct as_completed *self_of(trv_object *self)
{
    return (struct as_completed *)(void *)self;
}

/* Takes the first of those done out; it stays among the watches until the end. */
static trv_object *take_done(struct trv__watcher *watcher)
{
    struct trv__list *node = trv__list_pop(&watcher->done);

    watcher->has_failed = !trv__list_is_empty(&watcher->done);
    return node ? trv_ref(future_in(CONTAINER_OF(node, struct trv__watch, link))) : NULL;
}

static int as_completed_next(trv_object *self, trv_object **item)
{
    struct as_completed *iterator = self_of(self);
    struct trv__watcher *watcher = &iterator->watcher;

    for (;;) {
        int answer;
        if ((*item = take_done(watcher)))
            return 1;
        if (!watcher->left)
            return 0;
        answer = trv__watcher_wait(watcher, iterator->deadline_ns, "as_completed",
                                   __builtin_return_address(0));
        if (answer < 0)
            return -1;
        if (!answer)
            return trv_raise_int(trv_TimeoutError, "%zu of %zu futures were not done in time",
                                 watcher->left, watcher->count);
    }
}

static trv_object *as_completed_iter(trv_object *self)
{
    return trv_ref(self);
}

static int as_completed_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct trv__watcher *watcher = &self_of(self)->watcher;
    int answer = 0;

    for (size_t i = 0; i < watcher->count && !answer; i++)
        answer = visit(future_in(&watcher->watches[i]), argument);
    return answer;
}

static void as_completed_clear(trv_object *self)
{
    trv__watcher_end(&self_of(self)->watcher);
}

static trv_object *as_completed_construct(const struct trv_type *type,
                                          const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances by calling their type",
                     type->name);
}

static TRV__READ_ONLY trv_object as_completed_handle[1];
static TRV__READ_ONLY struct trv_type as_completed_type = {
    .handle = as_completed_handle,
    .name = "as_completed",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct as_completed),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = as_completed_construct,
    .slots =
        {
            .traverse = as_completed_traverse,
            .clear = as_completed_clear,
            .iter = as_completed_iter,
            .next = as_completed_next,
        },
};
static TRV__READ_ONLY trv_object as_completed_handle[1] = {TRV__TYPE_HANDLE(as_completed_type)};

trv_object *trv_as_completed(trv_object *futures, double timeout)
{
    struct as_completed *iterator;
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 ||
        !(iterator = trv__container_new(&as_completed_type, sizeof *iterator)))
        return NULL;
    iterator->deadline_ns = deadline_ns;
    if (trv__watcher_begin(&iterator->watcher, futures, TRV__ENOUGH_FIRST, true,
                           "trv_as_completed") < 0) {
        trv__object_discard(iterator);
        return NULL;
    }
    trv__track(iterator);
    return (trv_object *)iterator;
}
