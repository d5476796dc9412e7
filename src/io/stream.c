/* SPDX-License-Identifier: MIT */
/*
 * Streams: a non-blocking descriptor and a buffer for what was read and not yet asked for.
 *
 * Every call tries the system call first and waits only if the kernel says so; the GIL is kept
 * meanwhile, as the call does not block. Writing keeps nothing back: trv_stream_write returns when the
 * kernel has everything. A call that never has to wait lets the others run every FAIR calls, so that
 * one busy connection cannot keep a loop to itself.
 *
 * Nothing that was read is lost: what a call cannot return (it was cancelled, the separator has not
 * come) stays in the buffer for the next. What was written before a cancellation has been sent.
 *
 * Invariants: start <= end <= capacity; fd is -1 once closed, and looked at again after every
 * wait, because another thread or coroutine may close the stream meanwhile. At most one call
 * reads and one writes at a time.
 *
 * Writing to a socket whose other side is gone is BrokenPipeError; for a pipe the kernel sends
 * SIGPIPE as well, which a program that writes to pipes must ignore.
 */
#include "io/io.h"

#include "base/fault.h"

#include "trivet/coroutine.h"
#include "trivet/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRATCH_BYTES (64 * 1024)
#define BUFFER_BYTES 4096
#define BUFFER_KEPT_BYTES (64 * 1024)
#define FAIR 64

struct stream {
    TRV__HEAD;
    int fd;
    bool is_socket;
    bool is_reading, is_writing; /* a call does it now */
    uint8_t streak;              /* calls since one waited */
    unsigned char *buffer;       /* what was read: start to end */
    size_t start, end, capacity;
};

static struct stream *stream_of(trv_object *object)
{
    return (struct stream *)(void *)object;
}

/* Waiting ------------------------------------------------------------------------------------------------- */

int trv__io_begin(const char *what)
{
    return trv__may_block(what) < 0 ? -1 : trv_checkpoint();
}

int trv__io_wait(int fd, int events)
{
    return trv_wait_fd(fd, events, TRV_FOREVER) < 0 ? -1 : 0;
}

static int raise_closed(void)
{
    trv_raise_errno_of(EBADF, "the stream is closed");
    return -1;
}

/* The stream behind an object, open and ready for a call. NULL with an exception. */
static struct stream *begin(trv_object *object, const char *function)
{
    struct stream *stream = stream_of(object);

    if (!trv__expect(object, &trv__stream_type, function) || trv__io_begin(function) < 0)
        return NULL;
    if (++stream->streak >= FAIR) {
        stream->streak = 0;
        if (trv_reschedule() < 0)
            return NULL;
    }
    if (stream->fd >= 0)
        return stream;
    raise_closed();
    return NULL;
}

static struct stream *begin_reading(trv_object *object, const char *function)
{
    struct stream *stream = begin(object, function);

    if (!stream)
        return NULL;
    if (stream->is_reading)
        return (void *)trv_raise(trv_RuntimeError, "someone else is reading from this stream");
    stream->is_reading = true;
    trv_ref(object);
    return stream;
}

static void end_reading(struct stream *stream)
{
    stream->is_reading = false;
    trv_unref((trv_object *)stream);
}

/* After EAGAIN. 0, or -1 with an exception. */
static int wait_until(struct stream *stream, int events)
{
    stream->streak = 0;
    if (trv__io_wait(stream->fd, events) < 0)
        return -1;
    return stream->fd < 0 ? raise_closed() : 0;
}

static bool must_wait(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

/* Reading ------------------------------------------------------------------------------------------------- */

/* Some bytes from the system: how many, 0 at the end, or -1 with an exception. `to` is not looked
 * at while waiting. */
static ssize_t receive(struct stream *stream, void *to, size_t size)
{
    for (;;) {
        ssize_t got =
            stream->is_socket ? recv(stream->fd, to, size, 0) : read(stream->fd, to, size);
        if (got >= 0)
            return got;
        if (must_wait(errno) ? wait_until(stream, TRV_READABLE) < 0 : errno != EINTR)
            return trv_error_occurred() ? -1 : (trv_raise_errno("reading from a stream"), -1);
    }
}

static size_t buffered(const struct stream *stream)
{
    return stream->end - stream->start;
}

/* Takes bytes out of the buffer. */
static trv_object *take(struct stream *stream, size_t size)
{
    trv_object *bytes = trv_bytes_new(stream->buffer + stream->start, size);

    if (!bytes)
        return NULL;
    stream->start += size;
    if (stream->start < stream->end)
        return bytes;
    stream->start = stream->end = 0;
    if (stream->capacity > BUFFER_KEPT_BYTES) {
        trv__free(stream->buffer, stream->capacity);
        stream->buffer = NULL;
        stream->capacity = 0;
    }
    return bytes;
}

/* Room at the end of the buffer. 0, or -1 with MemoryError. */
static int make_room(struct stream *stream)
{
    size_t capacity = stream->capacity ? stream->capacity * 2 : BUFFER_BYTES;
    void *buffer;

    if (stream->capacity - stream->end >= BUFFER_BYTES / 2)
        return 0;
    if (stream->start >= stream->capacity / 2 && stream->start > 0) {
        memmove(stream->buffer, stream->buffer + stream->start, buffered(stream));
        stream->end = buffered(stream);
        stream->start = 0;
        return 0;
    }
    buffer = trv__reallocate(stream->buffer, stream->capacity, capacity);
    if (!buffer)
        return -1;
    stream->buffer = buffer;
    stream->capacity = capacity;
    return 0;
}

/* More bytes into the buffer: 1, 0 at the end, -1 with an exception. */
static int fill(struct stream *stream)
{
    ssize_t got;

    if (make_room(stream) < 0)
        return -1;
    got = receive(stream, stream->buffer + stream->end, stream->capacity - stream->end);
    if (got > 0)
        stream->end += (size_t)got;
    return got > 0 ? 1 : (int)got;
}

static trv_object *raise_incomplete(struct stream *stream)
{
    trv_auto trv_object *partial = take(stream, buffered(stream));
    trv_auto trv_object *arguments = partial ? trv_tuple_new(&partial, 1) : NULL;
    trv_auto trv_object *exception =
        arguments ? trv_exception_new(trv_IncompleteReadError, arguments) : NULL;

    return exception ? trv_raise_object(exception) : NULL;
}

/* Most reads find nothing buffered and want no buffer: they arrive in one scratch area for all, which
 * nobody needs any more when somebody else runs. */
static trv_object *read_scratch(struct stream *stream, size_t most)
{
    struct trv_runtime *runtime = trv__runtime();
    ssize_t got;

    if (!runtime->io_scratch && !(runtime->io_scratch = FAULT() ? NULL : malloc(SCRATCH_BYTES)))
        return trv_raise(trv_MemoryError, "out of memory");
    got = receive(stream, runtime->io_scratch, MIN_OF(most, (size_t)SCRATCH_BYTES));
    return got < 0 ? NULL : trv_bytes_new(runtime->io_scratch, (size_t)got);
}

trv_object *trv_stream_read(trv_object *object, size_t most)
{
    struct stream *stream = begin_reading(object, "trv_stream_read");
    trv_object *bytes;

    if (!stream)
        return NULL;
    if (buffered(stream) || !most)
        bytes = take(stream, MIN_OF(most, buffered(stream)));
    else
        bytes = read_scratch(stream, most);
    end_reading(stream);
    return bytes;
}

static trv_object *read_exactly(struct stream *stream, size_t size)
{
    while (buffered(stream) < size) {
        int more = fill(stream);
        if (more <= 0)
            return more ? NULL : raise_incomplete(stream);
    }
    return take(stream, size);
}

trv_object *trv_stream_read_exactly(trv_object *object, size_t size)
{
    struct stream *stream = begin_reading(object, "trv_stream_read_exactly");
    trv_object *bytes;

    if (!stream)
        return NULL;
    bytes = read_exactly(stream, size);
    end_reading(stream);
    return bytes;
}

static trv_object *read_until(struct stream *stream, const void *separator, size_t size,
                              size_t most)
{
    size_t searched = 0;

    for (;;) {
        size_t from = searched >= size ? searched - size + 1 : 0;
        const unsigned char *first =
            buffered(stream) > from ? stream->buffer + stream->start : NULL;
        const unsigned char *found =
            first ? memmem(first + from, buffered(stream) - from, separator, size) : NULL;
        size_t length = found ? (size_t)(found - first) + size : buffered(stream);
        int more;
        if (length > most)
            return trv_raise(trv_ValueError, "no separator within %zu bytes", most);
        if (found)
            return take(stream, length);
        searched = buffered(stream);
        more = fill(stream);
        if (more <= 0)
            return more ? NULL : raise_incomplete(stream);
    }
}

trv_object *trv_stream_read_until(trv_object *object, const void *separator, size_t size,
                                  size_t most)
{
    struct stream *stream;
    trv_object *bytes;

    if (!separator || !size || most < size)
        return trv_raise(trv_ValueError, "a separator of %zu bytes cannot end %zu bytes",
                         separator ? size : 0, most);
    if (!(stream = begin_reading(object, "trv_stream_read_until")))
        return NULL;
    bytes = read_until(stream, separator, size, most);
    end_reading(stream);
    return bytes;
}

/* Writing ------------------------------------------------------------------------------------------------- */

static int send_all(struct stream *stream, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = stream->is_socket ? send(stream->fd, data, size, MSG_NOSIGNAL)
                                         : write(stream->fd, data, size);
        if (sent >= 0) {
            data += sent;
            size -= (size_t)sent;
        } else if (must_wait(errno)) {
            if (wait_until(stream, TRV_WRITABLE) < 0)
                return -1;
        } else if (errno != EINTR) {
            trv_raise_errno("writing to a stream");
            return -1;
        }
    }
    return 0;
}

static int raise_busy(void)
{
    return trv_raise_int(trv_RuntimeError, "someone else is writing to this stream");
}

int trv_stream_write(trv_object *object, const void *data, size_t size)
{
    struct stream *stream = begin(object, "trv_stream_write");
    int answer;

    if (!stream)
        return -1;
    if (!data && size)
        return trv_raise_int(trv_ValueError, "there is nothing at NULL to write");
    if (stream->is_writing)
        return raise_busy();
    stream->is_writing = true;
    trv_ref(object);
    answer = send_all(stream, data, size);
    stream->is_writing = false;
    trv_unref(object);
    return answer;
}

int trv_stream_flush(trv_object *object)
{
    struct stream *stream = begin(object, "trv_stream_flush");

    if (!stream)
        return -1;
    return stream->is_writing ? raise_busy() : 0;
}

int trv_stream_end(trv_object *object)
{
    struct stream *stream = begin(object, "trv_stream_end");

    if (!stream)
        return -1;
    if (stream->is_writing)
        return raise_busy();
    if (shutdown(stream->fd, SHUT_WR) == 0)
        return 0;
    trv_raise_errno("ending a stream");
    return -1;
}

/* Life ---------------------------------------------------------------------------------------------------- */

static int close_descriptor(struct stream *stream)
{
    int fd = stream->fd;

    stream->fd = -1;
    if (fd < 0)
        return 0;
    trv_fd_forget(fd);
    return close(fd) < 0 && errno != EINTR ? -1 : 0;
}

int trv_stream_close(trv_object *object)
{
    if (!trv__expect(object, &trv__stream_type, "trv_stream_close"))
        return -1;
    if (close_descriptor(stream_of(object)) == 0)
        return 0;
    trv_raise_errno("closing a stream");
    return -1;
}

int trv_stream_fd(trv_object *object)
{
    if (!trv__expect(object, &trv__stream_type, "trv_stream_fd"))
        return -1;
    if (stream_of(object)->fd < 0)
        return trv_raise_int(trv_ValueError, "the stream is closed");
    return stream_of(object)->fd;
}

trv_object *trv__stream_take(int fd, bool is_socket)
{
    struct stream *stream = trv__object_new(&trv__stream_type, sizeof *stream);

    if (!stream) {
        close(fd);
        return NULL;
    }
    stream->fd = fd;
    stream->is_socket = is_socket;
    stream->is_reading = stream->is_writing = false;
    stream->streak = 0;
    stream->buffer = NULL;
    stream->start = stream->end = stream->capacity = 0;
    return (trv_object *)stream;
}

trv_object *trv_stream_new(int fd)
{
    int flags, type;
    socklen_t length = sizeof type;

    if (fd < 0)
        return trv_raise(trv_ValueError, "%d is no descriptor", fd);
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || FAULT() || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
        trv_raise_errno("a stream over descriptor %d", fd);
        if (errno != EBADF)
            close(fd);
        return NULL;
    }
    return trv__stream_take(fd, getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0);
}

static void stream_destroy(trv_object *self)
{
    close_descriptor(stream_of(self));
    trv__free(stream_of(self)->buffer, stream_of(self)->capacity);
}

static trv_object *stream_repr(trv_object *self)
{
    if (stream_of(self)->fd < 0)
        return trv_str_printf("<closed stream at %p>", (void *)self);
    return trv_str_printf("<stream over descriptor %d at %p>", stream_of(self)->fd, (void *)self);
}

static size_t stream_bytes(trv_object *self)
{
    return stream_of(self)->capacity;
}

static int stream_enter(trv_object *self)
{
    return stream_of(self)->fd < 0 ? raise_closed() : 0;
}

static int stream_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv_stream_close(self);
}

static trv_object *stream_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances by calling their type",
                     type->name);
}

TRV__READ_ONLY struct trv_type trv__stream_type = {
    .handle = trv_stream_type,
    .name = "stream",
    .doc = "bytes in both directions over a socket or pipe",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct stream),
    .flags = TRV__TYPE_FINAL,
    .construct = stream_construct,
    .slots =
        {
            .destroy = stream_destroy,
            .repr = stream_repr,
            .size_bytes = stream_bytes,
            .enter = stream_enter,
            .exit = stream_exit,
        },
};
TRV__READ_ONLY trv_object trv_stream_type[1] = {TRV__TYPE_HANDLE(trv__stream_type)};
