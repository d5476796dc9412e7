/* SPDX-License-Identifier: MIT */
/*
 * Watching many futures at once.
 *
 * A watcher has one watch in each future that is not done. A future that ends moves its watch to the
 * watcher's `done` list, so that the order of that list is the order in which they ended, and wakes
 * whoever waits for the watcher if it has seen enough. Nobody looks through all futures again.
 *
 * The watcher and its watches belong to whoever waits or iterates; all under the GIL.
 */
#ifndef TRV_TASK_WATCH_H
#define TRV_TASK_WATCH_H

#include "task/task.h"

struct trv__watch {
    struct trv__list link; /* in future->watches until it is done, then in watcher->done */
    void (*done)(struct trv__watch *watch); /* the future is, and has taken this out of its list */
    struct trv__watcher *watcher;
    struct trv__future *future; /* owned */
};

/* When a watcher has seen enough, beyond all being done. */
enum trv__enough {
    TRV__ENOUGH_ALL,
    TRV__ENOUGH_FIRST,    /* one is done */
    TRV__ENOUGH_FAILED,   /* one has an exception */
    TRV__ENOUGH_NO_RESULT /* one has an exception or was cancelled */
};

struct trv__watcher {
    struct trv__list done;    /* watches, in the order in which the futures ended */
    struct trv__list waiters; /* contexts */
    struct trv__watch *watches;
    size_t count; /* of watches */
    size_t left;  /* futures that are not done */
    enum trv__enough enough;
    bool has_failed; /* one of those done has what `enough` looks for */
};

/* Watches the futures of an iterable, each once if `distinct`. 0, or -1 with an exception and nothing
 * to undo. `function` names the caller in a TypeError. The watcher must not move. */
int trv__watcher_begin(struct trv__watcher *watcher, trv_object *futures, enum trv__enough enough,
                       bool distinct, const char *function);
/* Drops the watches and their futures; for the collector too. May be repeated. */
void trv__watcher_end(struct trv__watcher *watcher);
/* Waits until it has seen enough. 1 if so, 0 at the deadline, -1 with an exception. */
int trv__watcher_wait(struct trv__watcher *watcher, int64_t deadline_ns, const char *what,
                      const void *at);
#endif
