/* SPDX-License-Identifier: MIT */
/*
 * Thread states: making and ending them, threads the runtime starts, foreign threads that come and
 * go, and giving the GIL back around pure C.
 *
 * A started thread's last act under the GIL is to move itself to runtime->finished; it then only
 * gives the lock back. Whoever joins it (trv__threads_reap) frees its state.
 *
 * The design calls for one thread-local pointer and no other file-scope state. A foreign thread,
 * though, has no argument to say which runtime it enters; `entrance` is the runtime that
 * trv_thread_attach enters: the first one initialised that has not ended. Who enters holds the
 * runtime before the entrance can be closed, so that it finds a runtime, if only one that has ended.
 */
#include "base/fault.h"
#include "base/futex.h"
#include "runtime/runtime.h"

#include "trivet/runtime.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Room that is kept for code that does not check: the C library, callbacks, error reports. */
#define STACK_RESERVE ((TRV_ASAN || TRV_TSAN ? 4 : 1) * 96 * 1024)

/* ThreadSanitizer keeps the frames of a thread in a stack of its own, which holds 65536 of them and
 * has no end it looks for: with this much of ours there is room for the smallest frames. */
#define STACK_MOST (TRV_TSAN ? (size_t)2 * 1024 * 1024 : SIZE_MAX)

static struct trv_runtime *_Atomic entrance;
/* Threads that have read `entrance` and may not hold the runtime yet. */
static _Atomic uint32_t entering;

void trv__thread_open_entrance(struct trv_runtime *runtime)
{
    struct trv_runtime *none = NULL;

    atomic_compare_exchange_strong(&entrance, &none, runtime);
}

void trv__thread_close_entrance(struct trv_runtime *runtime)
{
    struct trv_runtime *expected = runtime;

    atomic_compare_exchange_strong(&entrance, &expected, NULL);
    while (atomic_load(&entering))
        sched_yield();
}

void trv__thread_reset_entrance(bool is_outside)
{
    atomic_store(&entering, 0);
    if (is_outside)
        atomic_store(&entrance, NULL);
}

/* The runtime to enter, held; or NULL. */
static struct trv_runtime *hold_entrance(void)
{
    struct trv_runtime *runtime;

    atomic_fetch_add(&entering, 1);
    runtime = atomic_load(&entrance);
    if (runtime)
        trv__runtime_hold(runtime);
    atomic_fetch_sub(&entering, 1);
    return runtime;
}

/* States ---------------------------------------------------------------------------------------------- */

char *trv__thread_stack_limit(void)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t size = 0, reserve;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return NULL;
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    trv__stack_undo_valgrind(&lowest, &size);
    if (size > STACK_MOST) {
        lowest = (char *)lowest + (size - STACK_MOST);
        size = STACK_MOST;
    }
    reserve = MIN_OF((size_t)STACK_RESERVE, size / 4);
    return (char *)lowest + reserve;
}

struct trv__thread *trv__thread_create(struct trv_runtime *runtime)
{
    struct trv__thread *thread = FAULT() ? NULL : calloc(1, sizeof *thread);

    if (!thread)
        return NULL;
    thread->current.heap = runtime->heap;
    thread->current.objects = &runtime->objects;
    thread->current.context = &thread->context;
    thread->current.attention = &runtime->gil.attention;
    thread->current.runtime = runtime;
    thread->context.thread = thread;
    thread->context.operations = &trv__thread_operations;
    thread->event_fd = -1;
    trv__list_init(&thread->link);
    trv__list_init(&thread->gil.link);
    trv__runtime_hold(runtime);
    return thread;
}

void trv__thread_destroy(struct trv__thread *thread)
{
    struct trv_runtime *runtime = thread->current.runtime;

    if (thread->event_fd >= 0)
        close(thread->event_fd);
    free(thread);
    trv__runtime_let_go(runtime);
}

struct trv__stack *trv__context_stack(void)
{
    struct trv__context *context = trv__current->context;

    if (!context->stack) {
        trv__stack_adopt_thread(&trv__thread_self()->stack);
        context->stack = &trv__thread_self()->stack;
    }
    return context->stack;
}

void trv__thread_ended(struct trv__thread *thread)
{
    if (thread->object)
        thread->ended(thread);
}

/* What the end of one object runs may ask for the current thread, and so make another. */
void trv__thread_drop_object(struct trv__thread *thread)
{
    while (thread->object) {
        trv_object *object = thread->object;
        thread->ended(thread);
        thread->object = NULL;
        trv_unref(object);
    }
}

/* What a thread still holds when it ends; with the GIL. It is in no list afterwards. */
static void drop_holdings(struct trv__thread *self)
{
    trv__context_end(&self->context);
    trv__list_remove(&self->link);
    trv__thread_drop_object(self);
    trv__standstill_thread_ends(trv__runtime());
}

/* The kernel takes 15 bytes: the name is cut where a character begins. */
static void cut_name(char *to, size_t size, const char *name)
{
    size_t length = strlen(name);

    if (length >= size)
        for (length = size - 1; length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80;)
            length--;
    memcpy(to, name, length);
    to[length] = 0;
}

void trv__thread_rename(struct trv__thread *thread, const char *name)
{
    struct trv__gil *gil = &trv__runtime()->gil;

    pthread_mutex_lock(&gil->mutex); /* the watchdog may be reading it */
    cut_name(thread->name, sizeof thread->name, name);
    pthread_mutex_unlock(&gil->mutex);
    if (atomic_load_explicit(&thread->native_id, memory_order_relaxed))
        pthread_setname_np(thread->pthread, thread->name);
}

/* The calling thread is this one. */
static void know_oneself(struct trv__thread *self)
{
    self->context.stack_limit = trv__thread_stack_limit();
    atomic_store_explicit(&self->native_id, (uint32_t)gettid(), memory_order_relaxed);
    trv__futex_wake(&self->native_id);
}

/* Started threads ------------------------------------------------------------------------------------- */

static void finish_thread(struct trv__thread *self)
{
    struct trv_runtime *runtime = trv__runtime();

    drop_holdings(self);
    trv__list_append(&runtime->finished, &self->link);
    if (!self->is_daemon)
        runtime->started--;
    if (!runtime->started && runtime->ending && runtime->ending->is_parked) {
        runtime->ending->is_parked = 0;
        runtime->ending->wake = TRV__WOKEN;
        runtime->ending->operations->unpark(runtime->ending);
    }
    if (runtime->standstill.asleep == runtime->standstill.threads)
        trv__standstill_reached(runtime);
    trv__gil_leave(&runtime->gil, self);
    trv__current = NULL;
}

static void *thread_main(void *argument)
{
    struct trv__thread *self = argument;

    know_oneself(self);
    trv__current = &self->current;
    trv__gil_take(&trv__runtime()->gil, self);
    if (self->name[0])
        prctl(PR_SET_NAME, self->name);
    self->run(self->argument);
    finish_thread(self);
    return NULL;
}

/* Sanitizers need room of their own: frames are larger, and their thread-locals lie on the stack. */
#define STACK_EXTRA (TRV_ASAN || TRV_TSAN ? (size_t)1024 * 1024 : 0)

static int create_pthread(struct trv__thread *thread, size_t stack_bytes)
{
    pthread_attr_t attributes;
    int error;

    if (FAULT())
        return ENOMEM;
    pthread_attr_init(&attributes);
    if (stack_bytes)
        stack_bytes = ROUND_UP(stack_bytes, 4096) + STACK_EXTRA;
    error = stack_bytes ? pthread_attr_setstacksize(&attributes, stack_bytes) : 0;
    if (!error)
        error = pthread_create(&thread->pthread, &attributes, thread_main, thread);
    pthread_attr_destroy(&attributes);
    return error;
}

/* A thread that is in no list yet, as it is asked for. */
static struct trv__thread *create_started(struct trv_runtime *runtime,
                                          const struct trv__thread_spec *spec)
{
    struct trv__thread *thread = trv__thread_create(runtime);

    if (!thread)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    thread->was_started = true;
    thread->context.number = trv__chooser_number(&runtime->chooser);
    thread->is_daemon = spec->is_daemon;
    thread->run = spec->run;
    thread->argument = spec->argument;
    thread->object = trv_ref(spec->object);
    thread->ended = spec->ended;
    cut_name(thread->name, sizeof thread->name, spec->name ? spec->name : "");
    return thread;
}

struct trv__thread *trv__thread_launch(const struct trv__thread_spec *spec)
{
    struct trv_runtime *runtime = trv__runtime();
    struct trv__thread *thread;
    int error;

    if (runtime->is_ending)
        return (void *)trv_raise(trv_RuntimeError, "cannot start a thread while the runtime ends");
    trv__threads_reap(runtime);
    if (!(thread = create_started(runtime, spec)))
        return NULL;
    trv__list_append(&runtime->threads, &thread->link);
    trv__standstill_thread_begins(runtime);
    runtime->started += !spec->is_daemon;
    if (runtime->chooser.is_seeded)
        trv__turns_expect(&runtime->gil, thread);
    error = create_pthread(thread, spec->stack_bytes ? spec->stack_bytes : runtime->stack_bytes);
    if (error) {
        if (runtime->chooser.is_seeded)
            trv__turns_forget(&runtime->gil, thread);
        runtime->started -= !spec->is_daemon;
        trv__standstill_thread_ends(runtime);
        trv__list_remove(&thread->link);
        trv_unref(thread->object);
        trv__thread_destroy(thread);
        return (void *)trv_raise_errno_of(error, "cannot start a thread");
    }
    return thread;
}

int trv__thread_start(void (*run)(void *argument), void *argument, const char *name,
                      size_t stack_bytes)
{
    struct trv__thread_spec spec = {
        .run = run, .argument = argument, .name = name, .stack_bytes = stack_bytes};

    return trv__thread_launch(&spec) ? 0 : -1;
}

void trv__threads_reap(struct trv_runtime *runtime)
{
    struct trv__list *node;

    while ((node = trv__list_pop(&runtime->finished))) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        pthread_join(thread->pthread, NULL);
        trv__thread_destroy(thread);
    }
}

/* Foreign threads ------------------------------------------------------------------------------------- */

/* Goes in as one of the runtime's threads. Returns 0, or an error number. */
static int enter(struct trv_runtime *runtime)
{
    struct trv__thread *thread = trv__thread_create(runtime);

    if (!thread)
        return ENOMEM;
    if (FAULT() || pthread_setspecific(runtime->attached, thread) != 0) {
        trv__thread_destroy(thread);
        return ENOMEM;
    }
    know_oneself(thread);
    thread->pthread = pthread_self();
    thread->attach_depth = 1;
    if (!trv__gil_try_enter(&runtime->gil, thread)) {
        (void)pthread_setspecific(runtime->attached, NULL);
        trv__thread_destroy(thread);
        return EINVAL;
    }
    trv__current = &thread->current;
    trv__list_append(&runtime->threads, &thread->link);
    trv__standstill_thread_begins(runtime);
    return 0;
}

int trv_thread_attach(void)
{
    struct trv_runtime *runtime;
    int error = EINVAL;

    if (trv__current) {
        trv__thread_self()->attach_depth++;
        return 0;
    }
    runtime = hold_entrance();
    if (runtime) {
        error = enter(runtime);
        trv__runtime_let_go(runtime);
    }
    if (!error)
        return 0;
    errno = error;
    return -1;
}

void trv_thread_detach(void)
{
    struct trv__thread *self = trv__thread_self();

    ASSERT(trv__holds_gil());
    if (!self || self->is_main || self->was_started || --self->attach_depth > 0)
        return;
    drop_holdings(self);
    (void)pthread_setspecific(trv__runtime()->attached, NULL);
    trv__gil_leave(&trv__runtime()->gil, self);
    trv__current = NULL;
    trv__thread_destroy(self);
}

/* Without this nobody else would ever get the GIL that the thread took along. */
void trv__thread_detach_late(void *thread)
{
    struct trv__thread *self = thread;

    if (trv__current != &self->current)
        return;
    if (!trv__holds_gil() && !trv__gil_try_enter(&trv__runtime()->gil, self)) {
        trv__current = NULL;
        trv__thread_destroy(self);
        return;
    }
    self->attach_depth = 1;
    trv_thread_detach();
}

/* Pure C ------------------------------------------------------------------------------------------------ */

trv_unlocked_ trv_unlock_begin(void)
{
    struct trv__thread *self = trv__thread_self();

    ASSERT(trv__holds_gil());
    if (self->context.no_switch || trv__current->context->no_switch)
        return (trv_unlocked_){NULL, 1};
    trv__gil_give(&trv__runtime()->gil, self);
    return (trv_unlocked_){self, 1};
}

void trv_unlock_end(trv_unlocked_ *unlocked)
{
    int error = errno;

    if (unlocked->thread)
        trv__gil_take(&trv__runtime()->gil, unlocked->thread);
    unlocked->thread = NULL;
    errno = error;
}
