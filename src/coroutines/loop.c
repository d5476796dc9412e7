/* SPDX-License-Identifier: MIT */
/*
 * The loop: its turns, how it idles, how it is woken, how it ends.
 *
 * A turn begins on the thread's own stack: a safepoint, the deadlines that have passed, a look at
 * the descriptors if the last one is long ago; then coroutines run, each switching to the next,
 * until the ready queue is empty or the turn's ticks are used up. A turn has as many ticks as make
 * it last some 100 us, so that neither reading the clock costs anything nor do descriptors starve.
 *
 * With nothing ready the thread idles in one of three ways:
 *   - nobody waits for a descriptor: it parks as any thread does, which is cheap to wake and exact;
 *   - a deadline is near, the run is seeded, or signals are to end it: it waits for libuv's descriptor
 *     as any thread waits for one, which is exact to the nanosecond and known to the chooser;
 *   - else it gives the GIL back and runs libuv, whose callbacks begin with taking it again
 *     (trv__loop_return): one system call for all.
 * `idle` says which, so that trv__loop_wake knows what to do; the first waker resets it, so that
 * any number of wake-ups costs one.
 *
 * All deadlines are on the runtime's clock, which is virtual under a seed. Then the chooser also
 * picks who runs next, and the loop is returned to before every switch, because the attention word
 * is never zero.
 *
 * libuv ends the process if the kernel refuses a descriptor it was given: so changes are looked at
 * and handed to the kernel while the GIL is held (fd.c), and a loop is only made when enough
 * descriptors are free.
 */
#include "coroutines/loop.h"

#include "base/descriptor.h"
#include "base/fault.h"
#include "heap/heap.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define TICKS (TRV_TINY ? 2 : 128)
#define SHORT_TURN_NS 50000
#define LONG_TURN_NS 200000
#define POLL_NS 50000
#define SEEDED_POLL_VISITS 8
/* A deadline nearer than this is not left to libuv, which counts in milliseconds. */
#define NEAR_NS 2000000
#define RETRY_NS 1000000
/* A loop has an epoll, an eventfd and a pipe; the first of the process, one more pipe. */
#define DESCRIPTORS 8

/* Waking ------------------------------------------------------------------------------------------- */

void trv__loop_wake(struct trv__loop *loop)
{
    uint8_t idle = loop->idle;

    ASSERT(trv__holds_gil());
    loop->idle = TRV__BUSY;
    if (idle == TRV__PARKED) {
        loop->outer->is_parked = 0;
        loop->outer->wake = TRV__WOKEN;
        trv__thread_operations.unpark(loop->outer);
    } else if (idle == TRV__POLLING) {
        uv_async_send(&loop->async);
    }
}

void trv__loop_return(struct trv__loop *loop)
{
    if (!loop->is_outside)
        return;
    trv__gil_take(&trv__runtime()->gil, loop->thread);
    loop->is_outside = false;
    loop->idle = TRV__BUSY;
    trv__polls_tidy(loop);
}

static void on_async(uv_async_t *async)
{
    trv__loop_return(async->data);
}

/* Where the deadline has passed on the way to the wait, some versions of libuv call this before they wait,
 * and would then wait for ever: so uv_run is told to come back. It forgets that when it does. */
static void on_timer(uv_timer_t *timer)
{
    trv__loop_return(timer->data);
    uv_stop(timer->loop);
}

bool trv__loop_each(struct trv__loop *loop, bool (*visit)(struct trv__context *, void *argument),
                    void *argument)
{
    struct trv__list *node = loop->coroutines.previous, *next;

    for (; node != &loop->coroutines; node = next) {
        next = node->previous;
        if (!visit(&CONTAINER_OF(node, struct trv__coroutine, link)->context, argument))
            return false;
    }
    return true;
}

/* The outer context: parked as long as the loop runs ------------------------------------------------- */

static void outer_park(struct trv__context *context, int64_t deadline_ns)
{
    trv__thread_operations.park(context, deadline_ns);
}

/* A scope around the loop was cancelled; the next turn sees to it. */
static void outer_unpark(struct trv__context *context)
{
    struct trv__loop *loop = context->thread->loop;

    loop->ticks = 0;
    trv__loop_wake(loop);
}

static void outer_wait_fd(struct trv__context *context, struct trv__fd_wait *wait,
                          int64_t deadline_ns)
{
    trv__thread_operations.wait_fd(context, wait, deadline_ns);
}

static void outer_reschedule(struct trv__context *context)
{
    trv__thread_operations.reschedule(context);
}

/* The first exception cancels what trv_run waits for, and is raised by it. A later one is raised in the
 * coroutine that runs, if one does. */
static bool outer_interrupt(struct trv__context *context)
{
    struct trv__loop *loop = context->thread->loop;
    trv_object *error;

    if (loop->interrupt && trv__current->context != context)
        return false;
    error = trv_error_take();
    if (loop->interrupt)
        trv_unref(error);
    else
        loop->interrupt = error;
    loop->ticks = 0;
    if (loop->main)
        (void)trv_future_cancel((trv_object *)loop->main);
    return true;
}

static const struct trv__context_operations outer_operations = {
    outer_park, outer_unpark, outer_wait_fd, outer_reschedule, outer_interrupt};

void trv__loop_enter(struct trv__loop *loop)
{
    loop->thread = trv__thread_self();
    loop->outer = &loop->thread->context;
    ASSERT(!loop->thread->loop && trv__current->context == loop->outer);
    loop->thread->loop = loop;
    loop->outer_deadline_ns = trv__scope_deadline();
    loop->outer->operations = &outer_operations;
    loop->outer->is_parked = 1;
    loop->stack = trv__context_stack();
}

void trv__loop_leave(struct trv__loop *loop)
{
    loop->outer->is_parked = 0;
    loop->outer->operations = &trv__thread_operations;
    loop->thread->loop = NULL;
}

static void obey_outer(struct trv__loop *loop)
{
    if (LIKELY(!loop->outer->scope) || loop->was_cancelled || trv__check_cancelled() == 0)
        return;
    trv_error_clear();
    loop->was_cancelled = true;
    loop->outer_deadline_ns = TRV__NEVER;
    if (loop->main)
        trv_future_cancel((trv_object *)loop->main);
}

/* Idling --------------------------------------------------------------------------------------------- */

static void poll_now(struct trv__loop *loop)
{
    trv__polls_check(loop);
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

/* Tells the kernel of all that changed, also in callbacks meanwhile. Whether still nothing is ready. */
static bool settle(struct trv__loop *loop)
{
    while (trv__polls_check(loop))
        uv_run(&loop->uv, UV_RUN_NOWAIT);
    return trv__list_is_empty(&loop->ready);
}

static void idle_parked(struct trv__loop *loop, int64_t deadline_ns)
{
    loop->idle = TRV__PARKED;
    loop->outer->is_parked = 1;
    trv__thread_operations.park(loop->outer, deadline_ns);
    loop->outer->is_parked = 1;
    loop->idle = TRV__BUSY;
}

static void idle_on_descriptor(struct trv__loop *loop, int64_t deadline_ns)
{
    struct trv__fd_wait wait = {
        .context = loop->outer, .fd = uv_backend_fd(&loop->uv), .events = TRV_READABLE};

    if (!settle(loop))
        return;
    loop->idle = TRV__PARKED;
    loop->outer->is_parked = 1;
    trv__thread_operations.wait_fd(loop->outer, &wait, deadline_ns);
    loop->outer->is_parked = 1;
    loop->idle = TRV__BUSY;
    if (wait.error) /* no descriptor to be woken by: look again soon */
        idle_parked(loop, MIN_OF(deadline_ns, trv__now_ns() + RETRY_NS));
    poll_now(loop);
}

static void set_timer(struct trv__loop *loop, int64_t deadline_ns)
{
    int64_t ms = deadline_ns / 1000000 - (int64_t)uv_now(&loop->uv);

    if (deadline_ns == TRV__NEVER)
        uv_timer_stop(&loop->timer);
    else
        uv_timer_start(&loop->timer, on_timer, (uint64_t)MAX_OF(ms, 0), 0);
}

static void idle_polling(struct trv__loop *loop, int64_t deadline_ns)
{
    if (!settle(loop))
        return;
    set_timer(loop, deadline_ns);
    loop->idle = TRV__POLLING;
    loop->is_outside = true;
    trv__gil_give(&trv__runtime()->gil, loop->thread);
    uv_run(&loop->uv, UV_RUN_ONCE);
    trv__loop_return(loop);
}

static void idle(struct trv__loop *loop)
{
    int64_t deadline_ns = MIN_OF(trv__timers_next(&loop->timers), loop->outer_deadline_ns);
    int64_t now_ns = deadline_ns == TRV__NEVER ? 0 : trv__now_ns();

    if (deadline_ns <= now_ns)
        return;
    if (trv__collect_idle()) { /* the next turn comes here again, if nothing is ready then */
        poll_now(loop);
        return;
    }
    if (!loop->polls.awaited)
        idle_parked(loop, deadline_ns);
    else if (trv__runtime()->chooser.is_seeded || loop->thread->hears_signals ||
             deadline_ns - now_ns < NEAR_NS)
        idle_on_descriptor(loop, deadline_ns);
    else
        idle_polling(loop, deadline_ns);
    loop->polled_ns = loop->turned_ns = 0;
}

/* Turns ---------------------------------------------------------------------------------------------- */

/* A turn should be neither too short to read the clock for nor too long to go without a poll. */
static void adapt_ticks(struct trv__loop *loop, int64_t now_ns)
{
    int64_t took_ns = now_ns - loop->turned_ns;

    if (!loop->turned_ns)
        return;
    if (took_ns > LONG_TURN_NS)
        loop->turn_ticks = MAX_OF(loop->turn_ticks / 2, 1);
    else if (took_ns < SHORT_TURN_NS)
        loop->turn_ticks = MIN_OF(loop->turn_ticks * 2, TICKS);
}

static bool poll_is_due(struct trv__loop *loop, int64_t now_ns)
{
    if (!loop->polls.awaited)
        return false;
    if (trv__runtime()->chooser.is_seeded)
        return loop->visits % SEEDED_POLL_VISITS == 0;
    return now_ns - loop->polled_ns >= POLL_NS;
}

/* Makes ready whoever waits for what has come by now. */
static void look_around(struct trv__loop *loop)
{
    int64_t now_ns = trv__now_ns();

    while (trv__timers_next(&loop->timers) <= now_ns)
        trv__coroutine_timed_out(loop->timers.entries[0].coroutine);
    adapt_ticks(loop, now_ns);
    loop->turned_ns = now_ns;
    if (!trv__list_is_empty(&loop->ready) && poll_is_due(loop, now_ns)) {
        poll_now(loop);
        loop->polled_ns = now_ns;
    }
}

/* For the trace of a seeded run. */
static void tell_choice(struct trv__chooser *chooser, struct trv__ready *ready)
{
    if (ready->future)
        trv__chose_call(chooser, CONTAINER_OF(&ready->link, struct trv__call, link)->callable);
    else
        trv__chose(chooser, NULL, &CONTAINER_OF(ready, struct trv__coroutine, ready)->context);
}

/* Takes the next out of the queue, the one the chooser picks. */
static struct trv__ready *choose_ready(struct trv__loop *loop)
{
    struct trv__list *node = loop->ready.next;
    size_t count = 0;

    if (node == &loop->ready)
        return NULL;
    if (UNLIKELY(trv__runtime()->chooser.is_seeded)) {
        LIST_EACH(counted, &loop->ready)
            count++;
        for (count = trv__choose(&trv__runtime()->chooser, TRV__CHOOSE_READY, count); count > 0;
             count--)
            node = node->next;
        tell_choice(&trv__runtime()->chooser, CONTAINER_OF(node, struct trv__ready, link));
    }
    trv__list_remove(node);
    return CONTAINER_OF(node, struct trv__ready, link);
}

/* Ends a call that will not run: its future is done by now. */
static void drop_call(struct trv__call *call)
{
    void *work = call->leg;

    trv__call_drop(call);
    if (work)
        trv__coroutine_work_done(work);
}

/* A coroutine for a call; NULL if it was cancelled, or if there is no memory, which its future says. */
static struct trv__coroutine *begin(struct trv__loop *loop, struct trv__call *call)
{
    struct trv__coroutine *coroutine;

    if (call->future->state == TRV__PENDING) {
        coroutine = trv__coroutine_create(loop, call);
        if (coroutine) {
            coroutine->context.number = trv__chooser_number(&trv__runtime()->chooser);
            coroutine->context.place = NULL;
            return coroutine;
        }
        trv_raise(trv_MemoryError, "no memory for another coroutine");
        trv__future_fail_take(call->future, trv_error_take());
    }
    drop_call(call);
    return NULL;
}

static void run_ready(struct trv__loop *loop)
{
    struct trv__ready *ready = choose_ready(loop);
    struct trv__coroutine *coroutine = NULL;

    loop->ticks = loop->turn_ticks;
    if (!ready)
        return;
    if (ready->future)
        coroutine = begin(loop, CONTAINER_OF(&ready->link, struct trv__call, link));
    else
        coroutine = CONTAINER_OF(ready, struct trv__coroutine, ready);
    if (coroutine)
        trv__coroutine_resume(loop, coroutine);
}

static void turn(struct trv__loop *loop)
{
    loop->visits++;
    trv__polls_tidy(loop);
    obey_outer(loop);
    look_around(loop);
    if (trv__list_is_empty(&loop->ready))
        idle(loop);
    else
        run_ready(loop);
}

void trv__loop_run(struct trv__loop *loop, bool (*is_over)(void *argument), void *argument)
{
    for (;;) {
        /* Another thread may run here, and only here: whether all is over must be asked after it, or
         * its request to end could come between the question and the sleep. */
        if (trv__safepoint() < 0)
            trv_error_print();
        if (is_over(argument))
            return;
        turn(loop);
    }
}

/* Ending --------------------------------------------------------------------------------------------- */

static void cancel_calls(struct trv__loop *loop)
{
    struct trv__list calls;
    struct trv__list *node;

    trv__list_init(&calls);
    LIST_EACH(ready, &loop->ready)
        if (CONTAINER_OF(ready, struct trv__ready, link)->future) {
            trv__list_remove(ready);
            trv__list_append(&calls, ready);
        }
    while ((node = trv__list_pop(&calls))) {
        struct trv__call *call = CONTAINER_OF(node, struct trv__call, link);
        trv__future_cancelled(call->future);
        drop_call(call);
    }
}

static void cancel_coroutines(struct trv__loop *loop)
{
    LIST_EACH(node, &loop->coroutines) {
        struct trv__coroutine *coroutine = CONTAINER_OF(node, struct trv__coroutine, link);
        if (coroutine->was_told)
            continue;
        coroutine->was_told = true;
        loop->told++;
        trv_future_cancel((trv_object *)coroutine->task);
    }
}

static bool told_have_ended(void *argument)
{
    struct trv__loop *loop = argument;

    return loop->told == 0;
}

void trv__loop_unwind(struct trv__loop *loop)
{
    loop->main = NULL;
    while (loop->live || !trv__list_is_empty(&loop->ready)) {
        cancel_calls(loop);
        cancel_coroutines(loop);
        trv__loop_run(loop, told_have_ended, loop);
    }
}

/* Life ----------------------------------------------------------------------------------------------- */

/* Whether so many descriptors are free. */
static int try_descriptors(void)
{
    int fds[DESCRIPTORS], count = 0, error = 0;

    while (count < DESCRIPTORS && !error) {
        fds[count] = FAULT() ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fds[count] < 0)
            error = errno;
        else
            count++;
    }
    while (count > 0)
        close(fds[--count]);
    return error;
}

static int open_uv(struct trv__loop *loop)
{
    int error = try_descriptors();

    if (!error)
        error = uv_loop_init(&loop->uv);
    if (error)
        return error;
    error = FAULT() ? ENOMEM : uv_async_init(&loop->uv, &loop->async, on_async);
    if (error) {
        uv_loop_close(&loop->uv);
        return error;
    }
    uv_timer_init(&loop->uv, &loop->timer);
    loop->async.data = loop->timer.data = loop;
    return 0;
}

/* None of libuv's descriptors may be one of the standard three: it would end the process when it
 * closes it; nor in a forked child, where it opens some anew: see runtime/fork.c. */
static int init_uv(struct trv__loop *loop)
{
    bool held[3];
    int error;

    trv__runtime()->has_loops = true;
    trv__standard_hold(held);
    error = open_uv(loop);
    trv__standard_release(held);
    return error;
}

int trv__loop_init(struct trv__loop *loop)
{
    int error;

    memset(loop, 0, sizeof *loop);
    trv__list_init(&loop->ready);
    trv__list_init(&loop->coroutines);
    loop->turn_ticks = TICKS;
    loop->outer_deadline_ns = TRV__NEVER;
    loop->stacks = trv__runtime_stacks();
    if (!loop->stacks)
        return -1;
    error = init_uv(loop);
    if (error) {
        trv_raise_errno_of(error, "cannot make a loop");
        return -1;
    }
    trv__polls_init(loop);
    return 0;
}

void trv__loop_fini(struct trv__loop *loop)
{
    ASSERT(!loop->live && trv__list_is_empty(&loop->ready));
    trv__coroutines_release(loop);
    trv__polls_close(loop);
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop->uv) != 0)
        ASSERT(false);
    trv__polls_free(loop);
    free(loop->timers.entries);
}

void trv__loop_push(struct trv__loop *loop, struct trv__call *call)
{
    trv__loop_ready(loop, CONTAINER_OF(&call->link, struct trv__ready, link));
}

struct trv__loop *trv__loop_here(const char *who)
{
    struct trv__loop *loop = trv__thread_self()->loop;

    if (!loop)
        trv_raise(trv_RuntimeError, "%s needs a loop: call it from inside trv_run", who);
    return loop;
}
