/* SPDX-License-Identifier: MIT */
/*
 * How a plain thread waits: it gives the GIL back and sleeps in the kernel, on its own word or in a
 * poll of the descriptor and of its own eventfd.
 *
 * Whether a wait was ended by someone or by its deadline is decided under the GIL, once: whoever
 * clears context->is_parked has decided it. A thread that finds it still set after its sleep timed
 * out.
 */
#include "base/descriptor.h"
#include "base/fault.h"
#include "base/futex.h"
#include "runtime/runtime.h"

#include <poll.h>
#include <sys/eventfd.h>

static void timed_out_unless_woken(struct trv__context *context)
{
    if (!context->is_parked)
        return;
    context->is_parked = 0;
    context->wake = TRV__TIMED_OUT;
}

static void sleep_parked(struct trv__context *context, int64_t deadline_ns)
{
    struct trv__thread *self = context->thread;
    struct trv__gil *gil = &trv__runtime()->gil;

    atomic_store_explicit(&self->park_word, 1, memory_order_relaxed);
    if (deadline_ns == TRV__NEVER)
        trv__standstill_sleeps(trv__runtime());
    if (!context->is_parked) {
        ; /* it was not to wait: that would have been for ever */
    } else if (UNLIKELY(trv__signals_are_due(self))) {
        atomic_store_explicit(&self->park_word, 0, memory_order_relaxed);
    } else if (gil->chooser->is_seeded) {
        trv__turns_rest(gil, self, deadline_ns);
    } else {
        trv__gil_give(gil, self);
        while (atomic_load_explicit(&self->park_word, memory_order_acquire) &&
               trv__futex_wait(&self->park_word, 1, deadline_ns))
            ;
        trv__gil_take(gil, self);
    }
    if (deadline_ns == TRV__NEVER)
        trv__standstill_wakes(trv__runtime());
}

/* Whether a sleep has ended for no reason: a handler of signals, on another thread, may wake this one
 * late, when what came was handled and this is its next wait. */
static bool has_ended_early(const struct trv__context *context, int64_t deadline_ns)
{
    return context->is_parked && context->thread->hears_signals && trv__now_ns() < deadline_ns;
}

static void thread_park(struct trv__context *context, int64_t deadline_ns)
{
    do
        sleep_parked(context, deadline_ns);
    while (UNLIKELY(trv__signals_interrupt(context)) ||
           UNLIKELY(has_ended_early(context, deadline_ns)));
    timed_out_unless_woken(context);
}

static void thread_unpark(struct trv__context *context)
{
    struct trv__thread *thread = context->thread;
    struct trv__gil *gil = &trv__runtime()->gil;

    if (gil->chooser->is_seeded) {
        trv__turns_rouse(gil, thread);
    } else if (thread->is_polling) {
        if (eventfd_write(thread->event_fd, 1) < 0)
            ASSERT(errno == EAGAIN); /* it is full of wake-ups: one is enough */
    } else {
        atomic_store_explicit(&thread->park_word, 0, memory_order_release);
        trv__futex_wake(&thread->park_word);
    }
}

static int64_t not_negative(int64_t ns)
{
    return ns > 0 ? ns : 0;
}

static int poll_until(struct pollfd *fds, nfds_t count, int64_t deadline_ns)
{
    for (;;) {
        int64_t left_ns =
            deadline_ns == TRV__NEVER ? 0 : not_negative(deadline_ns - trv__clock_ns());
        struct timespec left = trv__timespec(left_ns);
        int ready = ppoll(fds, count, deadline_ns == TRV__NEVER ? NULL : &left, NULL);
        if (ready >= 0 || errno != EINTR)
            return ready;
    }
}

/* What a poll's answer means for the events that were asked for. */
static int ready_events(int wanted, short revents)
{
    int ready = 0;

    if (revents & (POLLIN | POLLHUP | POLLERR | POLLRDHUP))
        ready |= TRV_READABLE;
    if (revents & (POLLOUT | POLLHUP | POLLERR))
        ready |= TRV_WRITABLE;
    return ready & wanted;
}

/* Polls the descriptor, and the thread's eventfd, without the GIL. */
static int poll_outside(struct trv__thread *self, struct pollfd *watched, int64_t deadline_ns)
{
    struct trv__gil *gil = &trv__runtime()->gil;
    struct pollfd fds[2] = {*watched, {.fd = self->event_fd, .events = POLLIN}};
    int answer, error;

    self->is_polling = true;
    trv__gil_give(gil, self);
    answer = poll_until(fds, 2, deadline_ns);
    error = errno;
    trv__gil_take(gil, self);
    self->is_polling = false;
    watched->revents = fds[0].revents;
    return answer < 0 ? error : 0;
}

/* 0 or an errno. */
static int watch(struct trv__context *context, struct pollfd *watched, int64_t deadline_ns)
{
    struct trv__gil *gil = &trv__runtime()->gil;

    if (LIKELY(!gil->chooser->is_seeded))
        return poll_outside(context->thread, watched, deadline_ns);
    while (!trv__turns_watch(gil, context->thread, watched, deadline_ns) && context->is_parked &&
           !trv__signals_are_due(context->thread))
        ;
    return 0;
}

/* The same, and takes away what ended it: `was_stirred` says whether that was, or may have been, the
 * eventfd, which handlers of signals write to whatever the thread does. A signal that came before
 * there was an eventfd is not waited for. */
static int watch_once(struct trv__context *context, struct pollfd *watched, int64_t deadline_ns,
                      bool *was_stirred)
{
    struct trv__thread *self = context->thread;
    eventfd_t ignored;
    int error;

    if (UNLIKELY(trv__signals_are_due(self)))
        deadline_ns = 0;
    error = watch(context, watched, deadline_ns);
    *was_stirred = false;
    if (!context->is_parked || self->hears_signals)
        *was_stirred = eventfd_read(self->event_fd, &ignored) == 0;
    return error;
}

static bool make_event_fd(struct trv__thread *self)
{
    int fd = FAULT() ? -1 : trv__fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

    if (fd >= 0)
        self->event_fd = fd;
    return fd >= 0;
}

static void thread_wait_fd(struct trv__context *context, struct trv__fd_wait *wait,
                           int64_t deadline_ns)
{
    struct trv__thread *self = context->thread;
    short wanted = (short)((wait->events & TRV_READABLE ? POLLIN | POLLRDHUP : 0) |
                           (wait->events & TRV_WRITABLE ? POLLOUT : 0));
    struct pollfd watched = {.fd = wait->fd, .events = wanted};
    bool was_stirred;
    int error;

    if (self->event_fd < 0 && !make_event_fd(self)) {
        wait->error = errno;
        context->is_parked = 0;
        return;
    }
    trv__list_append(&trv__runtime()->fd_waits, &wait->link);
    do
        error = watch_once(context, &watched, deadline_ns, &was_stirred);
    while (!error && !watched.revents &&
           (UNLIKELY(trv__signals_interrupt(context)) || (was_stirred && context->is_parked)));
    trv__list_remove(&wait->link);
    if (error || watched.revents & POLLNVAL)
        wait->error = error ? error : EBADF;
    else
        wait->ready |= ready_events(wait->events, watched.revents);
    if (context->is_parked && (wait->ready || wait->error))
        context->is_parked = 0, context->wake = TRV__WOKEN;
    timed_out_unless_woken(context);
}

static void thread_reschedule(struct trv__context *context)
{
    trv__gil_reschedule(&trv__runtime()->gil, context->thread);
}

const struct trv__context_operations trv__thread_operations = {
    thread_park, thread_unpark, thread_wait_fd, thread_reschedule, NULL};
