/* SPDX-License-Identifier: MIT */
/*
 * Making, mapping and unmapping segments: see segment.h.
 *
 * A segment begins with its struct, in pages of its own; then come the bytes of the two rings. The
 * pages are reserved after the zygote was forked, because that takes 0.1 ms a megabyte and the
 * first call need not wait for it: a page that is touched earlier is simply there already.
 */
#include "processes/segment.h"

#include "base/descriptor.h"
#include "base/fault.h"

#include "trivet/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE ((size_t)4096)
#define HEAD ROUND_UP(sizeof(struct trv__segment), PAGE)

static int make_memory(size_t size)
{
    int fd = FAULT() ? -1 : trv__fd_lift(memfd_create("trivet", MFD_CLOEXEC | MFD_ALLOW_SEALING));

    if (fd < 0)
        return -1;
    if (FAULT() || ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int trv__segments_create(struct trv__segments *segments, size_t count, size_t ring_bytes)
{
    size_t stride = HEAD + 2 * ROUND_UP(ring_bytes, PAGE);

    *segments = (struct trv__segments){
        .count = count, .stride = stride, .ring_bytes = ring_bytes, .fd = -1};
    if (count > PTRDIFF_MAX / stride)
        return trv_raise_int(trv_MemoryError, "out of memory");
    segments->fd = make_memory(count * stride);
    if (segments->fd < 0)
        return trv_raise_errno("cannot make shared memory"), -1;
    segments->memory =
        FAULT() ? MAP_FAILED
                : mmap(NULL, count * stride, PROT_READ | PROT_WRITE, MAP_SHARED, segments->fd, 0);
    if (segments->memory == MAP_FAILED) {
        segments->memory = NULL;
        trv_raise_errno("cannot map shared memory");
        trv__segments_destroy(segments);
        return -1;
    }
    return 0;
}

int trv__segments_reserve(struct trv__segments *segments)
{
    int error = FAULT() ? errno : 0;

    while (!error && fallocate(segments->fd, 0, 0, (off_t)(segments->count * segments->stride)) < 0)
        if (errno != EINTR) {
            /* A kernel that cannot reserve gives pages as they are touched. */
            error = errno == EOPNOTSUPP || errno == ENOSYS ? 0 : errno;
            break;
        }
    close(segments->fd);
    segments->fd = -1;
    return error;
}

void trv__segments_keep_private(struct trv__segments *segments)
{
    madvise(segments->memory, segments->count * segments->stride, MADV_DONTFORK);
}

void trv__segments_keep_one(struct trv__segments *segments, size_t index)
{
    size_t before = index * segments->stride,
           after = (segments->count - index - 1) * segments->stride;
    char *own = segments->memory + before;

    if (before)
        munmap(segments->memory, before);
    if (after)
        munmap(own + segments->stride, after);
    madvise(own, segments->stride, MADV_DONTFORK);
}

void trv__segments_destroy(struct trv__segments *segments)
{
    if (segments->memory)
        munmap(segments->memory, segments->count * segments->stride);
    if (segments->fd >= 0)
        close(segments->fd);
    segments->memory = NULL;
    segments->fd = -1;
}

struct trv__segment *trv__segment_at(const struct trv__segments *segments, size_t index)
{
    return (struct trv__segment *)(void *)(segments->memory + index * segments->stride);
}

void trv__segment_format(struct trv__segment *segment)
{
    trv__ring_format(&segment->requests);
    trv__ring_format(&segment->results);
    for (size_t i = 0; i < COUNT_OF(segment->cells); i++)
        atomic_store_explicit(&segment->cells[i], 0, memory_order_relaxed);
    atomic_store_explicit(&segment->told, 0, memory_order_relaxed);
    atomic_store_explicit(&segment->is_listening, 0, memory_order_relaxed);
    atomic_store_explicit(&segment->is_up, 0, memory_order_relaxed);
    atomic_store_explicit(&segment->must_quit, 0, memory_order_relaxed);
    atomic_store_explicit(&segment->may_spin, 0, memory_order_release);
}

void trv__segment_attach(const struct trv__segments *segments, size_t index,
                         struct trv__ring *requests, struct trv__ring *results, const int *beds)
{
    struct trv__segment *segment = trv__segment_at(segments, index);
    char *data = (char *)segment + HEAD;
    size_t size = segments->ring_bytes;

    trv__ring_attach(requests, &segment->requests, data, size, beds);
    trv__ring_attach(results, &segment->results, data + ROUND_UP(size, PAGE), size, beds);
}
