/* SPDX-License-Identifier: MIT */
/*
 * The table of what must be taken before a fork and given back or made anew after it, in layer
 * order. The caller holds the GIL, so everything the GIL guards is whole; only runtime locks are
 * taken here, and descriptors that must not be shared are replaced.
 */
#include "runtime/runtime.h"

#include <unistd.h>

void trv__before_fork(struct trv_runtime *runtime)
{
    ASSERT(trv__holds_gil());
    trv__gil_before_fork(&runtime->gil);
}

void trv__after_fork_in_parent(struct trv_runtime *runtime)
{
    trv__gil_after_fork(&runtime->gil, NULL);
}

/* The states of threads that did not come along are given back; nobody can be using them. What
 * their ends run finds the lists as they are from now on. */
static void forget_other_threads(struct trv_runtime *runtime, struct trv__thread *self)
{
    struct trv__list gone, *node;

    trv__list_init(&gone);
    trv__list_remove(&self->link);
    trv__list_splice(&gone, &runtime->threads);
    trv__list_splice(&gone, &runtime->finished);
    trv__list_append(&runtime->threads, &self->link);
    while ((node = trv__list_pop(&gone))) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        trv__thread_drop_object(thread);
        trv__thread_destroy(thread);
    }
}

void trv__after_fork_in_child(struct trv_runtime *runtime)
{
    struct trv__thread *self = trv__thread_self();

    trv__gil_after_fork(&runtime->gil, self);
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
    runtime->pid = getpid();
    atomic_store(&self->native_id, (uint32_t)gettid());
    trv__list_init(&runtime->fini_hooks);
    trv__list_init(&runtime->fd_waits);
    trv__list_init(&runtime->fd_keepers);
    forget_other_threads(runtime, self);
}
