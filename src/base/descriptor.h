/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of our own stay above the three standard ones: a program may have closed these, and
 * whoever opens a file then gets one of them. A child, a write to stdout and libuv (which ends the
 * process if it has to close one of the three) would all mistake ours for theirs.
 */
#ifndef TRV_BASE_DESCRIPTOR_H
#define TRV_BASE_DESCRIPTOR_H

#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Moves a new descriptor above 2, where it is closed on exec. Returns it, or -1 with errno and the old
 * one closed; -1 stays -1. */
static inline int trv__fd_lift(int fd)
{
    int lifted, error;

    if (fd < 0 || fd > 2)
        return fd;
    lifted = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    error = errno;
    close(fd);
    errno = error;
    return lifted;
}

/* Opens those of the three that are closed, so that what others open meanwhile is none of them. */
static inline void trv__standard_hold(bool held[3])
{
    for (int fd = 0; fd < 3; fd++) {
        int opened = fcntl(fd, F_GETFD) < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : -1;
        held[fd] = opened == fd;
        if (opened >= 0 && opened != fd) /* another thread was faster */
            close(opened);
    }
}

/* Closes them again. */
static inline void trv__standard_release(bool held[3])
{
    for (int fd = 0; fd < 3; fd++)
        if (held[fd])
            close(fd);
}

#endif
