/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors: one uv_poll for each descriptor of a loop.
 *
 * Any number of coroutines may wait for one descriptor; what they want is merged. A poll stays armed
 * when its waiters are gone, so that the next wait costs no system call; an event that nobody
 * awaits disarms it. Regular files, which epoll refuses, are always ready.
 *
 * Three things libuv does that we do not want, and what is done about each:
 *   - it makes the descriptor non-blocking: the flag is put back;
 *   - it ends the process if epoll refuses what was asked for, which happens when a descriptor was
 *     closed in between: so changed polls are looked at (trv__polls_check) and handed to the
 *     kernel while the GIL is held and nobody can close anything;
 *   - it may be used by the loop's thread only: another thread that forgets a descriptor takes it
 *     out of the epoll itself and leaves the handle to the loop (`forgotten`), which closes it
 *     before anything else that it does with the GIL.
 *
 * Invariant: a poll is in `by_fd` from its making until it is forgotten or found closed; libuv frees
 * it afterwards, in on_closed.
 */
#include "coroutines/loop.h"

#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

struct trv__poll {
    uv_poll_t handle;
    struct trv__loop *loop;
    struct trv__list waiters; /* struct waiter */
    struct trv__list link;    /* in polls.changed or polls.forgotten */
    int fd;
    int armed;       /* the events libuv was asked for */
    bool is_closing; /* not in by_fd any more; an event means nothing */
};

struct waiter {
    struct trv__list link;
    struct trv__fd_wait *wait;
};

/* Life of a poll ------------------------------------------------------------------------------------- */

static struct trv__poll *find(const struct trv__loop *loop, int fd)
{
    return (size_t)fd < loop->polls.capacity ? loop->polls.by_fd[fd] : NULL;
}

static int grow(struct trv__polls *polls, int fd)
{
    size_t capacity = polls->capacity ? polls->capacity : 64;
    struct trv__poll **by_fd;

    if ((size_t)fd < polls->capacity)
        return 0;
    while (capacity <= (size_t)fd)
        capacity *= 2;
    by_fd = FAULT() ? NULL : realloc(polls->by_fd, capacity * sizeof *by_fd);
    if (!by_fd)
        return ENOMEM;
    memset(by_fd + polls->capacity, 0, (capacity - polls->capacity) * sizeof *by_fd);
    polls->by_fd = by_fd;
    polls->capacity = capacity;
    return 0;
}

/* uv_poll_init, but the descriptor keeps its flags. */
static int init_handle(struct trv__loop *loop, struct trv__poll *poll)
{
    int flags = fcntl(poll->fd, F_GETFL), error;

    if (flags < 0)
        return errno;
    error = uv_poll_init(&loop->uv, &poll->handle, poll->fd);
    if (!(flags & O_NONBLOCK))
        fcntl(poll->fd, F_SETFL, flags);
    return -error;
}

static int create(struct trv__loop *loop, int fd, struct trv__poll **made)
{
    int error = grow(&loop->polls, fd);
    struct trv__poll *poll;

    if (error)
        return error;
    poll = FAULT() ? NULL : calloc(1, sizeof *poll);
    if (!poll)
        return ENOMEM;
    poll->loop = loop;
    poll->fd = fd;
    trv__list_init(&poll->waiters);
    trv__list_init(&poll->link);
    error = init_handle(loop, poll);
    if (error) {
        free(poll);
        return error;
    }
    loop->polls.by_fd[fd] = poll;
    *made = poll;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    struct trv__poll *poll = CONTAINER_OF((uv_poll_t *)handle, struct trv__poll, handle);

    trv__loop_return(poll->loop);
    free(poll);
}

/* Ends the waits for a poll with an error and takes it out of the table. Any thread. */
static void fail_waiters(struct trv__poll *poll, int error)
{
    poll->is_closing = true;
    poll->loop->polls.by_fd[poll->fd] = NULL;
    trv__list_remove(&poll->link);
    LIST_EACH(node, &poll->waiters) {
        struct trv__fd_wait *wait = CONTAINER_OF(node, struct waiter, link)->wait;
        trv__list_remove(node);
        wait->error = error;
        trv__unpark(wait->context, TRV__WOKEN);
    }
}

static void close_poll(struct trv__poll *poll)
{
    uv_close((uv_handle_t *)&poll->handle, on_closed);
}

/* Events ------------------------------------------------------------------------------------------------ */

static void set_armed(struct trv__poll *poll, int events);

/* Wakes who waits for one of the events. Returns those somebody waited for. */
static int wake_waiters(struct trv__poll *poll, int events)
{
    int awaited = 0;

    LIST_EACH(node, &poll->waiters) {
        struct trv__fd_wait *wait = CONTAINER_OF(node, struct waiter, link)->wait;
        if (!(wait->events & events))
            continue;
        awaited |= wait->events;
        wait->ready |= wait->events & events;
        trv__list_remove(node);
        trv__unpark(wait->context, TRV__WOKEN);
    }
    return awaited;
}

static void on_event(uv_poll_t *handle, int status, int events)
{
    struct trv__poll *poll = CONTAINER_OF(handle, struct trv__poll, handle);
    int ready = 0, unwanted;

    trv__loop_return(poll->loop);
    if (poll->is_closing)
        return;
    if (status < 0) { /* an error state: the system call will tell; libuv has disarmed it */
        ready = TRV_READABLE | TRV_WRITABLE;
        poll->armed = 0;
    } else {
        ready |= events & UV_READABLE ? TRV_READABLE : 0;
        ready |= events & UV_WRITABLE ? TRV_WRITABLE : 0;
    }
    unwanted = ready & ~wake_waiters(poll, ready) & poll->armed;
    if (unwanted)
        set_armed(poll, poll->armed & ~unwanted);
}

static void set_armed(struct trv__poll *poll, int events)
{
    int uv_events =
        (events & TRV_READABLE ? UV_READABLE : 0) | (events & TRV_WRITABLE ? UV_WRITABLE : 0);

    poll->armed = events;
    if (!events) {
        uv_poll_stop(&poll->handle);
        trv__list_remove(&poll->link);
        return;
    }
    uv_poll_start(&poll->handle, uv_events, on_event);
    if (!trv__list_is_linked(&poll->link))
        trv__list_append(&poll->loop->polls.changed, &poll->link);
}

static int arm(struct trv__loop *loop, int fd, int events, struct trv__poll **armed)
{
    struct trv__poll *poll = find(loop, fd);
    int error = poll ? 0 : create(loop, fd, &poll);

    if (error)
        return error;
    if (events & ~poll->armed)
        set_armed(poll, poll->armed | events);
    *armed = poll;
    return 0;
}

/* Without waiting: the loop may not have polled for a while. */
static void look(struct trv__fd_wait *wait)
{
    short wanted = (short)((wait->events & TRV_READABLE ? POLLIN | POLLRDHUP : 0) |
                           (wait->events & TRV_WRITABLE ? POLLOUT : 0));
    struct pollfd answer = {.fd = wait->fd, .events = wanted};

    if (poll(&answer, 1, 0) < 0)
        return;
    if (answer.revents & POLLNVAL)
        wait->error = EBADF;
    if (answer.revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR))
        wait->ready |= wait->events & TRV_READABLE;
    if (answer.revents & (POLLOUT | POLLHUP | POLLERR))
        wait->ready |= wait->events & TRV_WRITABLE;
}

/* The operation of coroutines ----------------------------------------------------------------------------- */

void trv__coroutine_wait_fd(struct trv__context *context, struct trv__fd_wait *wait,
                            int64_t deadline_ns)
{
    struct trv__loop *loop = trv__coroutine_of(context)->loop;
    struct waiter waiter = {.wait = wait};
    struct trv__poll *poll;
    int error;

    if (deadline_ns != TRV__NEVER && deadline_ns <= trv__now_ns()) {
        look(wait);
        context->is_parked = 0;
        context->wake = TRV__TIMED_OUT;
        return;
    }
    error = arm(loop, wait->fd, wait->events, &poll);
    if (error) {
        context->is_parked = 0;
        if (error == EPERM)
            wait->ready = wait->events;
        else
            wait->error = error;
        return;
    }
    trv__list_append(&poll->waiters, &waiter.link);
    loop->polls.awaited++;
    trv__coroutine_park(context, deadline_ns);
    loop->polls.awaited--;
    trv__list_remove(&waiter.link);
}

/* For the loop ------------------------------------------------------------------------------------------- */

bool trv__polls_check(struct trv__loop *loop)
{
    bool were_any = !trv__list_is_empty(&loop->polls.changed);
    struct trv__list *node;

    while ((node = trv__list_pop(&loop->polls.changed))) {
        struct trv__poll *poll = CONTAINER_OF(node, struct trv__poll, link);
        if (LIKELY(fcntl(poll->fd, F_GETFD) >= 0))
            continue;
        fail_waiters(poll, EBADF);
        close_poll(poll);
    }
    return were_any;
}

void trv__polls_tidy(struct trv__loop *loop)
{
    struct trv__list *node;

    while (UNLIKELY((node = trv__list_pop(&loop->polls.forgotten)) != NULL))
        close_poll(CONTAINER_OF(node, struct trv__poll, link));
}

static void forget(struct trv__fd_keeper *keeper, int fd)
{
    struct trv__loop *loop = CONTAINER_OF(keeper, struct trv__loop, polls.keeper);
    struct trv__poll *poll = fd < 0 ? NULL : find(loop, fd);
    struct epoll_event none = {0};

    if (!poll)
        return;
    fail_waiters(poll, EBADF);
    if (loop->thread == trv__thread_self()) {
        close_poll(poll);
        return;
    }
    epoll_ctl(uv_backend_fd(&loop->uv), EPOLL_CTL_DEL, fd, &none);
    trv__list_append(&loop->polls.forgotten, &poll->link);
}

void trv__polls_init(struct trv__loop *loop)
{
    trv__list_init(&loop->polls.changed);
    trv__list_init(&loop->polls.forgotten);
    loop->polls.keeper.forget = forget;
    trv__list_append(&trv__runtime()->fd_keepers, &loop->polls.keeper.link);
}

void trv__polls_close(struct trv__loop *loop)
{
    trv__list_remove(&loop->polls.keeper.link);
    trv__polls_tidy(loop);
    for (size_t fd = 0; fd < loop->polls.capacity; fd++) {
        struct trv__poll *poll = loop->polls.by_fd[fd];
        if (!poll)
            continue;
        fail_waiters(poll, EBADF);
        close_poll(poll);
    }
}

void trv__polls_free(struct trv__loop *loop)
{
    free(loop->polls.by_fd);
}
