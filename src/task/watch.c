/* SPDX-License-Identifier: MIT */
/*
 * Watching many futures at once; the idea is in watch.h.
 *
 * Invariant: `left` watches are linked in their futures, the others in `done` or, once whoever iterates
 * has taken them out, nowhere.
 */
#include "task/watch.h"

/* Has this future, which is done, what the watcher looks for? */
static bool has_what_it_takes(const struct trv__watcher *watcher, const struct trv__future *future)
{
    switch (watcher->enough) {
    case TRV__ENOUGH_FIRST:
        return true;
    case TRV__ENOUGH_FAILED:
        return future->exception != NULL;
    case TRV__ENOUGH_NO_RESULT:
        return !future->result;
    case TRV__ENOUGH_ALL:
        break;
    }
    return false;
}

static bool has_seen_enough(const struct trv__watcher *watcher)
{
    return !watcher->left || watcher->has_failed;
}

static void note_done(struct trv__watch *watch)
{
    struct trv__watcher *watcher = watch->watcher;

    trv__list_append(&watcher->done, &watch->link);
    watcher->left--;
    if (has_what_it_takes(watcher, watch->future))
        watcher->has_failed = true;
}

static void watch_done(struct trv__watch *watch)
{
    struct trv__watcher *watcher = watch->watcher;

    note_done(watch);
    if (!watcher->left)
        trv__wake_all(&watcher->waiters);
    else if (has_seen_enough(watcher))
        trv__wake_one(&watcher->waiters, NULL);
}

/* The distinct objects of an iterable in their order, or all, as a list. */
static trv_object *listed(trv_object *futures, bool distinct)
{
    trv_object *set, *list;

    if (!distinct)
        return trv_list_from(futures);
    set = trv_set_from(futures);
    list = set ? trv_list_from(set) : NULL;
    trv_unref(set);
    return list;
}

/* All are futures: 0; or -1 with TypeError. */
static int check_all(trv_object *const *items, size_t count, const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__future_of(items[i], function))
            return -1;
    return 0;
}

static void watch_all(struct trv__watcher *watcher, trv_object *const *items)
{
    for (size_t i = 0; i < watcher->count; i++) {
        struct trv__watch *watch = &watcher->watches[i];
        watch->done = watch_done;
        watch->watcher = watcher;
        watch->future = (struct trv__future *)(void *)trv_ref(items[i]);
        trv__list_init(&watch->link);
        if (trv__future_is_done(watch->future))
            note_done(watch);
        else
            trv__list_append(&watch->future->watches, &watch->link);
    }
}

int trv__watcher_begin(struct trv__watcher *watcher, trv_object *futures, enum trv__enough enough,
                       bool distinct, const char *function)
{
    trv_auto trv_object *list = NULL;
    trv_object *const *items;
    size_t count;

    *watcher = (struct trv__watcher){.enough = enough};
    trv__list_init(&watcher->done);
    trv__list_init(&watcher->waiters);
    if (!trv__given(futures, function) || !(list = listed(futures, distinct)))
        return -1;
    items = trv__list_items(list, &count);
    if (check_all(items, count, function) < 0)
        return -1;
    if (count && !(watcher->watches = trv__allocate(count * sizeof *watcher->watches)))
        return -1;
    watcher->count = watcher->left = count;
    watch_all(watcher, items);
    return 0;
}

void trv__watcher_end(struct trv__watcher *watcher)
{
    struct trv__watch *watches = watcher->watches;
    size_t count = watcher->count;

    watcher->watches = NULL;
    watcher->count = watcher->left = 0;
    for (size_t i = 0; i < count; i++)
        trv__list_remove(&watches[i].link);
    for (size_t i = 0; i < count; i++)
        trv_unref((trv_object *)watches[i].future);
    trv__free(watches, count * sizeof *watches);
}

/* Nobody may be there to begin calls that have not begun: see trv__future.help. */
static int help_all(struct trv__watcher *watcher)
{
    int answer = 0;

    for (size_t i = 0; i < watcher->count && !has_seen_enough(watcher) && answer >= 0; i++) {
        struct trv__future *future = watcher->watches[i].future;
        if (future->help && !trv__future_is_done(future))
            answer = future->help(future, false);
    }
    return answer < 0 ? -1 : 0;
}

int trv__watcher_wait(struct trv__watcher *watcher, int64_t deadline_ns, const char *what,
                      const void *at)
{
    struct trv__waiter waiter;

    if (trv__check_cancelled() < 0)
        return -1;
    if (has_seen_enough(watcher))
        return 1;
    if (trv__may_block_at(what, at) < 0)
        return -1;
    if (deadline_ns == TRV__NEVER && trv__scope_deadline() == TRV__NEVER && help_all(watcher) < 0)
        return -1;
    while (!has_seen_enough(watcher))
        switch (trv__wait_in(&watcher->waiters, &waiter, NULL, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            return has_seen_enough(watcher);
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    return 1;
}
