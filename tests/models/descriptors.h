/* SPDX-License-Identifier: MIT */
/*
 * Eventfds and polling for the checker: after "models/replace.h", before a source that waits for
 * descriptors. A descriptor is a counter; one that is not zero is readable. Nothing else is modelled.
 *
 * Who polls sleeps on one word that every write to any of them changes, and looks at all again. A pidfd is
 * MODEL_PIDFD and the number of a thread; model_death, the hook of the scenario, changes that word.
 */
#ifndef TRV_TESTS_DESCRIPTORS_H
#define TRV_TESTS_DESCRIPTORS_H

#include "base/descriptor.h"
#include "models/replace.h"

#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>

struct model_descriptors {
    _Atomic uint32_t counters[4], changes;
    int count;
};

#define MODEL_PIDFD 100

extern struct model_descriptors model_descriptors;

#define eventfd(initial, flags) model_descriptors.count++
#define trv__fd_lift(fd) (fd)
#define eventfd_write(fd, value) model_eventfd_write(fd, value)
#define eventfd_read(fd, value) model_eventfd_read(fd, value)
#define ppoll(fds, count, timeout, mask) model_poll(fds, count, timeout)

static inline int model_eventfd_write(int fd, uint32_t value)
{
    atomic_fetch_add(&model_descriptors.counters[fd], value);
    atomic_fetch_add(&model_descriptors.changes, 1);
    model_futex_wake(&model_descriptors.changes, INT_MAX, MODEL_PLACE("wake who polls"));
    return 0;
}

static inline int model_eventfd_read(int fd, eventfd_t *value)
{
    *value = atomic_exchange(&model_descriptors.counters[fd], 0);
    errno = EAGAIN;
    return *value ? 0 : -1;
}

static inline void model_death(void)
{
    model_descriptors.changes++;
}

static inline bool model_is_readable(int fd)
{
    return fd >= MODEL_PIDFD ? model_is_dead(fd - MODEL_PIDFD)
                             : atomic_fetch_add(&model_descriptors.counters[fd], 0) > 0;
}

static inline int model_poll(struct pollfd *fds, nfds_t count, const struct timespec *timeout)
{
    int64_t deadline_ns =
        timeout ? model_now_ns() + timeout->tv_sec * 1000000000 + timeout->tv_nsec : INT64_MAX;

    for (;;) {
        uint32_t changes = atomic_fetch_add(&model_descriptors.changes, 0);
        int ready = 0;
        for (nfds_t i = 0; i < count; i++) {
            bool is_ready = model_is_readable(fds[i].fd);
            fds[i].revents = is_ready ? POLLIN : 0;
            ready += is_ready;
        }
        if (ready)
            return ready;
        switch (model_futex_wait(&model_descriptors.changes, changes, deadline_ns,
                                 MODEL_PLACE("poll"))) {
        case ETIMEDOUT:
            return 0;
        case EINTR:
            errno = EINTR;
            return -1;
        default:
            break;
        }
    }
}

#endif
