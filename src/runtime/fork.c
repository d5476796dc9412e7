/* SPDX-License-Identifier: MIT */
/*
 * The table of what must be taken before a fork and given back or made anew after it, in layer
 * order. Who forks with the GIL held, the library or its user, has everything the GIL guards whole
 * in the child; only runtime locks are taken here, and descriptors that must not be shared are
 * replaced.
 *
 * The handlers are given to pthread_atfork when the library is loaded, so that they run last before a
 * fork and first in the child: handlers of others find the runtime whole. Several runtimes need no
 * more of them, because they ask which one the forking thread is in.
 *
 * If the parent has closed a standard descriptor, and has loops, it is /dev/null in the child: libuv's own
 * handler, which runs after ours, opens descriptors there and must not get one of the three.
 *
 * A thread that forks without the GIL leaves its child with objects that another thread may have been
 * in the middle of. That child can do no more than exec or _exit; if its thread was in no runtime, it
 * can also start one of its own.
 */
#include "base/descriptor.h"
#include "runtime/runtime.h"

#include <pthread.h>
#include <unistd.h>

static void before(void)
{
    if (!trv__holds_gil())
        return;
    if (trv__runtime()->has_loops)
        trv__standard_hold(trv__runtime()->held_standard);
    trv__gil_before_fork(&trv__runtime()->gil);
}

static void after_in_parent(void)
{
    if (!trv__holds_gil())
        return;
    trv__gil_after_fork(&trv__runtime()->gil, NULL);
    if (trv__runtime()->has_loops)
        trv__standard_release(trv__runtime()->held_standard);
}

/* It waits for nothing any more: neither a lock nor an item is handed to it. */
static bool take_out_of_line(struct trv__context *context, void *unused TRV_UNUSED)
{
    if (context == trv__current->context || !context->line)
        return true;
    trv__list_remove(context->line);
    context->line = NULL;
    context->is_parked = 0;
    return true;
}

static bool end(struct trv__context *context, void *unused TRV_UNUSED)
{
    if (context != trv__current->context)
        trv__context_end(context);
    return true;
}

/* All flows of control that did not come along: of other threads, and the coroutines of all loops. */
static void each_left_behind(struct trv__list *gone, struct trv__loop *own_loop,
                             bool (*visit)(struct trv__context *context, void *unused))
{
    if (own_loop)
        trv__loop_each(own_loop, visit, NULL);
    LIST_EACH(node, gone) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        visit(&thread->context, NULL);
        if (thread->loop)
            trv__loop_each(thread->loop, visit, NULL);
    }
}

/* The states of threads that did not come along are given back; nobody can be using them. What
 * their ends run finds the lists as they are from now on. */
static void forget_others(struct trv_runtime *runtime, struct trv__thread *self,
                          struct trv__loop *own_loop)
{
    struct trv__list gone, *node;

    trv__list_init(&gone);
    trv__list_remove(&self->link);
    trv__list_splice(&gone, &runtime->threads);
    trv__list_splice(&gone, &runtime->finished);
    trv__list_append(&runtime->threads, &self->link);
    each_left_behind(&gone, own_loop, take_out_of_line);
    each_left_behind(&gone, own_loop, end);
    while ((node = trv__list_pop(&gone))) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        trv__thread_drop_object(thread);
        trv__thread_destroy(thread);
    }
}

static void make_anew(struct trv_runtime *runtime, struct trv__thread *self)
{
    struct trv__loop *own_loop = self->loop;

    trv__gil_after_fork(&runtime->gil, self);
    trv__chooser_in_child(&runtime->chooser);
    trv__watchdog_forget(runtime);
    if (self->event_fd >= 0)
        close(self->event_fd);
    self->event_fd = -1;
    /* The loops stayed behind: whoever was a coroutine goes on as the flow of its thread. */
    self->loop = NULL;
    self->context.is_parked = 0;
    self->context.operations = self->current.context->operations = &trv__thread_operations;
    self->is_main = true;
    runtime->main_thread = self;
    runtime->started = 0;
    trv__signals_after_fork(runtime, self);
    runtime->pid = getpid();
    atomic_store(&self->native_id, (uint32_t)gettid());
    trv__list_init(&runtime->fini_hooks);
    trv__list_init(&runtime->fd_waits);
    trv__list_init(&runtime->fd_keepers);
    trv__standstill_after_fork(runtime);
    forget_others(runtime, self, own_loop);
    atomic_store(&runtime->holders, 2); /* whoever was on the way in or out did not come along */
}

static void after_in_child(void)
{
    trv__thread_reset_entrance(!trv__current);
    if (trv__holds_gil())
        make_anew(trv__runtime(), trv__thread_self());
}

void trv__watch_forks(void)
{
    (void)pthread_atfork(before, after_in_parent, after_in_child);
}
