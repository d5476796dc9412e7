/* SPDX-License-Identifier: MIT */
/*
 * The end of a runtime, with threads still running.
 *
 * First what keeps threads going is shut down (struct trv__fini_hook); then started threads are waited
 * for. The configuration says how long, and whether they are cancelled: then every blocking call of
 * theirs raises CancelledError. An interrupt of the main thread while it waits makes the end *urgent*:
 * they are cancelled and have a moment to go; a second interrupt ends the waiting. Whoever has not ended when
 * the waiting does is named on standard error, with the call in which it is.
 *
 * Such threads, daemon threads, and foreign ones that are attached are left behind. They may be in the
 * middle of anything that needs no lock: in a system call, in pure C that reads a bytes object. So
 * nothing is taken away from them. The lock is kept for ever; whoever comes for it is sent to
 * sleep (trv__thread_hang), as nothing can be undone on its stack without the lock. Each thread state
 * holds the runtime (runtime->holders), and the last to let go frees the memory: the heap, the lock,
 * the struct itself. Usually nobody is left behind, and that is trv_fini.
 *
 * What they own themselves is lost, and the stacks of coroutines stay: they may sleep on one of them.
 */
#include "base/locate.h"
#include "runtime/runtime.h"

#include "trivet/forensics.h"

#include <stdio.h>
#include <unistd.h>

/* How long threads have after an interrupt. */
#define URGENT_NS (TRV__SECOND / 2)

/* The memory ------------------------------------------------------------------------------------------ */

/* What the types keep: where nobody was left behind, trv__objects_fini has seen to it. The last thread
 * stands in for the holder of the lock, which is gone. */
static void free_tables(struct trv_runtime *runtime)
{
    struct trv__current *before = trv__current;
    struct trv__thread last = {.current = {
                                   .heap = runtime->heap,
                                   .objects = &runtime->objects,
                                   .runtime = runtime,
                               }};

    trv__current = &last.current;
    trv__gil_set_holder(&runtime->gil, &last);
    trv__lookup_fini(&runtime->objects);
    trv__str_fini(&runtime->objects);
    trv__entries_fini(&runtime->objects.entries);
    trv__current = before;
}

static void free_runtime(struct trv_runtime *runtime)
{
    if (runtime->has_stacks && !runtime->was_left)
        trv__stacks_fini(&runtime->stacks);
    if (runtime->was_left)
        free_tables(runtime);
    if (runtime->heap)
        trv__heap_destroy(runtime->heap);
    trv__gil_fini(&runtime->gil);
    trv__chooser_close(&runtime->chooser);
    pthread_key_delete(runtime->attached);
    free(runtime->io_scratch);
    free(runtime);
}

void trv__runtime_hold(struct trv_runtime *runtime)
{
    atomic_fetch_add_explicit(&runtime->holders, 1, memory_order_relaxed);
}

void trv__runtime_let_go(struct trv_runtime *runtime)
{
    if (atomic_fetch_sub_explicit(&runtime->holders, 1, memory_order_acq_rel) == 1)
        free_runtime(runtime);
}

_Noreturn void trv__thread_hang(struct trv__thread *self)
{
    (void)pthread_setspecific(self->current.runtime->attached, NULL);
    trv__current = NULL;
    trv__thread_destroy(self);
    for (;;)
        pause();
}

/* Waiting for threads ---------------------------------------------------------------------------------- */

/* A hook stays linked until its owner takes it out: it is run again when the end becomes urgent. */
static void run_hooks(struct trv_runtime *runtime)
{
    struct trv__list done, *node;

    trv__list_init(&done);
    while (!trv__list_is_empty(&runtime->fini_hooks)) {
        node = runtime->fini_hooks.previous;
        trv__list_remove(node);
        trv__list_prepend(&done, node);
        CONTAINER_OF(node, struct trv__fini_hook, link)
            ->run(CONTAINER_OF(node, struct trv__fini_hook, link));
    }
    trv__list_splice(&runtime->fini_hooks, &done);
}

static bool is_waited_for(const struct trv__thread *thread)
{
    return thread->was_started && !thread->is_daemon;
}

static void make_urgent(struct trv_runtime *runtime)
{
    runtime->is_urgent = true;
    run_hooks(runtime);
    LIST_EACH(node, &runtime->threads) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        if (is_waited_for(thread))
            trv__context_cancel(&thread->context, &thread->outermost);
    }
}

/* Until one has ended, an interrupt, or the deadline. */
static enum trv__wake wait_for_one(struct trv_runtime *runtime, int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;

    runtime->ending = context;
    context->waits_in = "trv_fini";
    context->waits_at = NULL;
    context->is_parked = 1;
    context->waits_for = TRV__WAITS_FOR_WORK;
    context->operations->park(context, deadline_ns);
    context->waits_for = TRV__WAITS_FOR_OTHERS;
    runtime->ending = NULL;
    return context->wake;
}

/* Whether all have ended. */
static bool wait_for_threads(struct trv_runtime *runtime)
{
    int64_t deadline_ns = runtime->fini_timeout > 0
                              ? trv__deadline_after(trv__now_ns(), runtime->fini_timeout)
                              : TRV__NEVER;

    while (runtime->started)
        switch (wait_for_one(runtime, deadline_ns)) {
        case TRV__TIMED_OUT:
            return false;
        case TRV__FAILED:
            trv_error_clear();
            if (runtime->was_interrupted)
                return false;
            runtime->was_interrupted = true;
            deadline_ns = MIN_OF(deadline_ns, trv__now_ns() + URGENT_NS);
            make_urgent(runtime);
            break;
        default:
            break;
        }
    return true;
}

/* The report ------------------------------------------------------------------------------------------- */

static void print_thread(const struct trv__thread *thread)
{
    const struct trv__context *context = &thread->context;
    struct trv__location location;
    char place[256] = "?";

    fprintf(stderr, "  thread '%s' (%u): ", thread->name,
            (unsigned)atomic_load_explicit(&thread->native_id, memory_order_relaxed));
    if (!context->is_parked || !context->waits_in) {
        fprintf(stderr, "runs\n");
        return;
    }
    if (context->waits_at) {
        trv__locate_call(context->waits_at, &location);
        trv__location_text(&location, place, sizeof place);
    }
    fprintf(stderr, "in %s, called by %s\n", context->waits_in, place);
}

static void report(struct trv_runtime *runtime)
{
    fprintf(stderr, "trivet: the runtime ends without %zu thread%s:\n", runtime->started,
            runtime->started == 1 ? "" : "s");
    LIST_EACH(node, &runtime->threads) {
        const struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        if (is_waited_for(thread))
            print_thread(thread);
    }
}

/* trv_fini --------------------------------------------------------------------------------------------- */

/* Until nothing more is found: finalizers may leave new garbage. */
static void collect_all(void)
{
    for (int rounds = 0; rounds < 10; rounds++) {
        size_t found = trv__collect(2);
        if (!found || found == SIZE_MAX)
            return;
    }
}

static void end_threads(struct trv_runtime *runtime)
{
    run_hooks(runtime);
    if (runtime->fini_policy == TRV_FINI_CANCEL)
        make_urgent(runtime);
    if (!wait_for_threads(runtime))
        report(runtime);
    trv__threads_reap(runtime);
}

/* Whether the calling code is the main thread's own, and not in a call that would have to return. */
static bool may_end(const struct trv__thread *self)
{
    return self->is_main && trv__current->context == &self->context && !self->context.no_switch &&
           !self->loop;
}

void trv_fini(void)
{
    struct trv__thread *self = trv__thread_self();
    struct trv_runtime *runtime;

    if (!trv__current || !may_end(self))
        return;
    runtime = trv__runtime();
    runtime->is_ending = true;
    trv__thread_close_entrance(runtime);
    trv__thread_ended(self);
    end_threads(runtime);
    trv__finalizers_run(&runtime->objects);
    trv_forensics_stop();
    trv__signals_fini(runtime);
    trv__context_end(&self->context);
    trv__thread_drop_object(self);
    trv_clear(&runtime->thread_hook);
    trv__hooks_drop(&runtime->objects);
    trv__pickle_registry_drop(runtime);
    trv_gc_set_debug(0);
    trv__gc_lists_drop(&runtime->objects);
    collect_all();
    /* By now nobody can enter; the two that hold it are this thread and trv_init. */
    runtime->was_left = atomic_load_explicit(&runtime->holders, memory_order_acquire) > 2;
    if (!runtime->was_left)
        trv__objects_fini(&runtime->objects);
    trv__watchdog_stop(runtime);
    trv__list_remove(&self->link);
    trv__gil_end(&runtime->gil);
    trv__current = NULL;
    trv__thread_destroy(self);
    trv__runtime_let_go(runtime);
}
