/* SPDX-License-Identifier: MIT */
/*
 * Signals: from the handler to a call on the main thread.
 *
 * Nothing is installed unless the program asks (trv_signal_handle, trv_config.handle_signals). The
 * handler may run on any thread, in the middle of anything. It sets the signal's bit in `pending`, then
 * TRV__ATTEND_SIGNAL in the attention word, then ends whatever sleep the main thread is in: by its park
 * word, its eventfd, and under a seed its place in line. The main thread goes the other way: it makes
 * its sleep known (word, eventfd), then looks for pending signals, then sleeps. It looks by a
 * read-modify-write of `pending`: whichever of the two comes second sees what the other did before, so
 * no signal is slept through.
 *
 * What handles a signal runs on the main thread, at a safepoint or inside a wait, and may not
 * block, as in a finalizer: so a wait that it interrupts is still in its line, and goes on
 * afterwards as if nothing had been. If it raises, the wait ends with TRV__FAILED. A wait that was
 * over already keeps what it was given; the exception then comes up at the next safepoint.
 *
 * While the main thread runs a loop, the exception is the loop's (context operation `interrupt`): it
 * cancels trv_run's call, and is what trv_run raises when that has unwound.
 *
 * `receiver` and `handling` are at file scope, as a handler has no argument: the first runtime that
 * asks has the signals. `handling` counts handlers under way on all threads; the end waits for them.
 */
#include "base/descriptor.h"
#include "base/fault.h"
#include "base/futex.h"
#include "runtime/runtime.h"

#include "trivet/runtime.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>

static struct trv_runtime *_Atomic receiver;
static _Atomic uint32_t handling;

struct trv__signal {
    trv_object *callable; /* owned */
    struct sigaction previous;
};

/* In the handler --------------------------------------------------------------------------------------- */

static void end_sleep(struct trv_runtime *runtime)
{
    struct trv__thread *main_thread = runtime->main_thread;
    int event_fd = atomic_load(&main_thread->event_fd);

    if (event_fd >= 0 && eventfd_write(event_fd, 1) < 0)
        errno = 0; /* it is full: that wakes as well */
    if (runtime->chooser.is_seeded)
        trv__turns_nudge(main_thread);
    else if (atomic_exchange(&main_thread->park_word, 0))
        trv__futex_wake(&main_thread->park_word);
}

static void on_signal(int number)
{
    int error = errno;
    struct trv_runtime *runtime;

    atomic_fetch_add(&handling, 1);
    runtime = atomic_load(&receiver);
    if (runtime) {
        atomic_fetch_or(&runtime->signals.pending, UINT64_C(1) << (number - 1));
        atomic_fetch_or(&runtime->gil.attention, (uint32_t)TRV__ATTEND_SIGNAL);
        end_sleep(runtime);
    }
    atomic_fetch_sub(&handling, 1);
    errno = error;
}

/* Delivery --------------------------------------------------------------------------------------------- */

/* Calls what handles a signal. 0, or -1 with its exception. */
static int call_handler(const struct trv__signal *signal, int number)
{
    struct trv__context *context = trv__current->context;
    trv_object *callable = signal ? trv_ref(signal->callable) : NULL, *result;

    if (!callable)
        return 0;
    context->no_switch++;
    result = trv_call(callable, "i", number);
    context->no_switch--;
    trv_unref(callable);
    trv_unref(result);
    return result ? 0 : -1;
}

/* An exception of a handler: the loop's, if there is one that takes it. */
static int pass_on(struct trv__thread *self)
{
    const struct trv__context_operations *operations = self->context.operations;

    return operations->interrupt && operations->interrupt(&self->context) ? 0 : -1;
}

static int call_handlers(struct trv_runtime *runtime)
{
    uint64_t pending;

    atomic_fetch_and(&runtime->gil.attention, ~(uint32_t)TRV__ATTEND_SIGNAL);
    pending = atomic_exchange(&runtime->signals.pending, 0);
    while (pending) {
        int number = __builtin_ctzll(pending) + 1;
        pending &= pending - 1;
        if (call_handler(runtime->signals.by_number[number], number) == 0)
            continue;
        if (pending) { /* the others have their turn at the next safepoint */
            atomic_fetch_or(&runtime->signals.pending, pending);
            atomic_fetch_or(&runtime->gil.attention, (uint32_t)TRV__ATTEND_SIGNAL);
        }
        return pass_on(trv__thread_self());
    }
    return 0;
}

int trv__signals_deliver(void)
{
    struct trv_runtime *runtime = trv__runtime();
    trv_object *before, *late = runtime->signals.late;

    if (!trv__thread_self()->is_main || trv__current->context->no_switch)
        return 0;
    if (late) {
        runtime->signals.late = NULL;
        trv__error_give(late);
        return -1;
    }
    before = trv_error_take();
    if (call_handlers(runtime) < 0) {
        trv_unref(before);
        return -1;
    }
    trv__error_give(before);
    return 0;
}

bool trv__signals_are_due(const struct trv__thread *self)
{
    struct trv_runtime *runtime = self->current.runtime;

    if (LIKELY(!self->hears_signals))
        return false;
    return runtime->signals.late || atomic_fetch_or(&runtime->signals.pending, 0);
}

bool trv__signals_interrupt(struct trv__context *context)
{
    struct trv_runtime *runtime = trv__runtime();

    if (!context->is_parked || !trv__signals_are_due(context->thread))
        return false;
    if (trv__signals_deliver() == 0)
        return context->is_parked;
    if (context->is_parked) {
        context->is_parked = 0;
        context->wake = TRV__FAILED;
    } else {
        runtime->signals.late = trv_error_take();
        atomic_fetch_or(&runtime->gil.attention, (uint32_t)TRV__ATTEND_SIGNAL);
    }
    return false;
}

/* Asking for signals ----------------------------------------------------------------------------------- */

/* Faults come again as soon as their handler returns; and what is no signal. */
static bool can_be_handled(int number)
{
    return number >= 1 && number <= TRV__SIGNALS && number != SIGSEGV && number != SIGBUS &&
           number != SIGFPE && number != SIGILL;
}

/* From now on the main thread has an eventfd, which a handler cannot make. */
static int listen_to_signals(struct trv_runtime *runtime)
{
    struct trv__thread *self = trv__thread_self();
    struct trv_runtime *nobody = NULL;
    int fd;

    if (!atomic_compare_exchange_strong(&receiver, &nobody, runtime) && nobody != runtime)
        return trv_raise_int(trv_RuntimeError, "another runtime handles signals");
    if (self->event_fd < 0) {
        fd = FAULT() ? -1 : trv__fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (fd < 0)
            return trv_raise_errno("cannot listen to signals"), -1;
        self->event_fd = fd;
    }
    self->hears_signals = true;
    return 0;
}

static int install(struct trv_runtime *runtime, int number, trv_object *callable)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
    struct trv__signal *signal = FAULT() ? NULL : calloc(1, sizeof *signal);

    if (!signal)
        return trv_raise_int(trv_MemoryError, "out of memory");
    signal->callable = trv_ref(callable);
    sigemptyset(&action.sa_mask);
    runtime->signals.by_number[number] = signal;
    if (FAULT() || sigaction(number, &action, &signal->previous) < 0) {
        runtime->signals.by_number[number] = NULL;
        trv_unref(signal->callable);
        free(signal);
        return trv_raise_errno("cannot handle signal %d", number), -1;
    }
    runtime->signals.others += callable != trv_interrupt;
    return 0;
}

static void restore(struct trv_runtime *runtime, int number, bool in_system)
{
    struct trv__signal *signal = runtime->signals.by_number[number];

    if (!signal)
        return;
    if (in_system)
        sigaction(number, &signal->previous, NULL);
    runtime->signals.by_number[number] = NULL;
    runtime->signals.others -= signal->callable != trv_interrupt;
    trv_unref(signal->callable);
    free(signal);
}

static void replace(struct trv_runtime *runtime, struct trv__signal *signal, trv_object *callable)
{
    trv_object *old = signal->callable;

    runtime->signals.others += (callable != trv_interrupt) - (old != trv_interrupt);
    signal->callable = trv_ref(callable);
    trv_unref(old);
}

int trv_signal_handle(int number, trv_object *callable)
{
    struct trv_runtime *runtime = trv__runtime();

    if (trv_error_occurred())
        return -1;
    if (!can_be_handled(number))
        return trv_raise_int(trv_ValueError, "signal %d cannot be handled", number);
    if (!trv__thread_self()->is_main)
        return trv_raise_int(trv_RuntimeError, "only the main thread handles signals");
    if (!callable) {
        restore(runtime, number, true);
        return 0;
    }
    if (!trv_callable(callable))
        return trv_raise_int(trv_TypeError, "'%s' object is not callable", trv_type_name(callable));
    if (runtime->signals.by_number[number]) {
        replace(runtime, runtime->signals.by_number[number], callable);
        return 0;
    }
    return listen_to_signals(runtime) < 0 ? -1 : install(runtime, number, callable);
}

TRV_FUNCTION(trv_interrupt, "trv_interrupt(signum=): raises KeyboardInterrupt")
{
    (void)args;
    return trv_raise(trv_KeyboardInterrupt, "interrupted");
}

int trv__signals_init(void)
{
    struct sigaction action;

    if (sigaction(SIGINT, NULL, &action) < 0 || action.sa_handler != SIG_DFL)
        return 0; /* a program in the background ignores it, and another handler was here first */
    return trv_signal_handle(SIGINT, trv_interrupt);
}

/* The end ---------------------------------------------------------------------------------------------- */

static void forget(struct trv_runtime *runtime, bool in_system)
{
    struct trv_runtime *expected = runtime;

    for (int number = 1; number <= TRV__SIGNALS; number++)
        restore(runtime, number, in_system);
    atomic_compare_exchange_strong(&receiver, &expected, NULL);
    atomic_store(&runtime->signals.pending, 0);
    trv_clear(&runtime->signals.late);
    atomic_fetch_and(&runtime->gil.attention, ~(uint32_t)TRV__ATTEND_SIGNAL);
    runtime->main_thread->hears_signals = false;
}

void trv__signals_fini(struct trv_runtime *runtime)
{
    forget(runtime, true);
    while (atomic_load(&handling))
        sched_yield();
}

void trv__signals_abandon(struct trv_runtime *runtime)
{
    forget(runtime, false);
}

void trv__signals_after_fork(struct trv_runtime *runtime, struct trv__thread *self)
{
    atomic_store(&handling, 0);
    self->hears_signals = atomic_load(&receiver) == runtime;
    atomic_store(&runtime->signals.pending, 0);
    trv_clear(&runtime->signals.late);
    atomic_fetch_and(&runtime->gil.attention, ~(uint32_t)TRV__ATTEND_SIGNAL);
}
