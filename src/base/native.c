/* SPDX-License-Identifier: MIT */
/*
 * Threads as the kernel sees them: the line of numbers in /proc/self/task/ID/stat. The name, which is its
 * second field, may hold anything, parentheses included, so that the fields are read from after the last
 * one: "S" and so on, five numbers, the flags.
 */
#include "base/native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One of the kernel's flags of a thread, set before it tells those who join it. */
#define PF_EXITING 0x4u

struct native {
    char state;
    unsigned flags;
};

/* 0, or -1 with errno if the kernel says nothing. */
static int ask(uint32_t native_id, struct native *native)
{
    char path[64], text[512];
    const char *name_end;
    ssize_t size;
    int fd, error;

    snprintf(path, sizeof path, "/proc/self/task/%u/stat", (unsigned)native_id);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    size = read(fd, text, sizeof text - 1);
    error = errno;
    close(fd);
    errno = error;
    if (size < 0)
        return -1;
    text[size] = 0;
    name_end = strrchr(text, ')');
    errno = EINVAL;
    return name_end && sscanf(name_end, ") %c %*d %*d %*d %*d %*d %u", &native->state,
                              &native->flags) == 2
               ? 0
               : -1;
}

bool trv__native_is_asleep(uint32_t native_id)
{
    struct native native;

    return ask(native_id, &native) < 0 || native.state == 'S';
}

bool trv__native_has_left(uint32_t native_id)
{
    struct native native;

    if (ask(native_id, &native) < 0)
        return errno == ENOENT || errno == ESRCH;
    return native.flags & PF_EXITING;
}
