/* SPDX-License-Identifier: MIT */
/*
 * Sleeping, waiting for descriptors, and checkpoints: the public face of park.
 */
#include "base/fault.h"
#include "wait/park.h"

#include "trivet/coroutine.h"
#include "trivet/runtime.h"

#include <errno.h>

int trv_sleep(double seconds)
{
    int64_t deadline_ns;

    if (trv__may_block("sleep") < 0 || trv__deadline(seconds, &deadline_ns) < 0)
        return -1;
    if (seconds == 0)
        return trv_reschedule();
    for (;;) {
        switch (trv__park(deadline_ns)) {
        case TRV__TIMED_OUT:
            return 0;
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        case TRV__WOKEN: /* nobody knows this wait, so nobody meant it */
            break;
        }
    }
}

/* A cancellation that came meanwhile, or had come before, is told afterwards. */
int trv_reschedule(void)
{
    struct trv__context *context = trv__current->context;

    if (trv__may_block("reschedule") < 0)
        return -1;
    context->operations->reschedule(context);
    return trv_checkpoint();
}

int trv_checkpoint(void)
{
    if (trv__is_watched())
        trv__tell_watchdog(__builtin_return_address(0));
    if (trv__safepoint() < 0)
        return -1;
    return UNLIKELY(trv__current->context->scope != NULL) ? trv__check_cancelled() : 0;
}

static int raise_fd_error(const struct trv__fd_wait *wait)
{
    trv_raise_errno_of(wait->error, "waiting for descriptor %d", wait->fd);
    return -1;
}

int trv__park_on_fd(struct trv__fd_wait *wait, int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;

    context->is_parked = 1;
    context->wake = TRV__WOKEN;
    context->operations->wait_fd(context, wait, MIN_OF(deadline_ns, trv__scope_deadline()));
    if (wait->error)
        return raise_fd_error(wait);
    if (wait->ready)
        return 1;
    if (context->wake == TRV__FAILED)
        return -1;
    if (context->wake == TRV__CANCELLED ||
        (context->wake == TRV__TIMED_OUT && trv__check_cancelled() < 0))
        return trv_error_occurred() ? -1 : trv__raise_cancelled();
    return 0;
}

int trv_wait_fd(int fd, int events, double timeout)
{
    struct trv__fd_wait wait = {.context = trv__current->context, .fd = fd, .events = events};
    int64_t deadline_ns;
    int ready;

    if (fd < 0 || !events || events & ~(TRV_READABLE | TRV_WRITABLE))
        return trv_raise_int(trv_ValueError, "cannot wait for descriptor %d, events %d", fd,
                             events);
    if (trv__may_block("wait_fd") < 0 || trv__deadline(timeout, &deadline_ns) < 0 ||
        trv__check_cancelled() < 0)
        return -1;
    ready = trv__park_on_fd(&wait, deadline_ns);
    if (ready < 0)
        return -1;
    return ready ? wait.ready
                 : trv_raise_int(trv_TimeoutError, "descriptor %d was not ready in time", fd);
}

void trv_fd_forget(int fd)
{
    struct trv_runtime *runtime = trv__runtime();

    LIST_EACH(node, &runtime->fd_waits) {
        struct trv__fd_wait *wait = CONTAINER_OF(node, struct trv__fd_wait, link);
        if (wait->fd != fd)
            continue;
        wait->error = EBADF;
        trv__unpark(wait->context, TRV__WOKEN);
    }
    LIST_EACH(node, &runtime->fd_keepers) {
        struct trv__fd_keeper *keeper = CONTAINER_OF(node, struct trv__fd_keeper, link);
        keeper->forget(keeper, fd);
    }
}
