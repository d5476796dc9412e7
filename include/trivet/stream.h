/* SPDX-License-Identifier: MIT */
/*
 * TCP streams: reading and writing with a buffer over a non-blocking socket.
 *
 * Every call here blocks and may switch, obeys the scopes around it (CancelledError), and raises
 * OSError and its kind for what the network does, TypeError for another object, ValueError for
 * impossible numbers. One reader and one writer at a time: a second raises RuntimeError.
 */
#ifndef TRIVET_STREAM_H
#define TRIVET_STREAM_H

#include <trivet/wait.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_stream_type[1], trv_listener_type[1];

/* Connects to a host name or address and a port. Returns: a stream. */
TRV_API TRV_MUST_CHECK trv_object *trv_tcp_connect(const char *host, uint16_t port);
/* Listens on an address ("127.0.0.1", "::1"; NULL: any) and a port (0: one the system chooses).
 * Returns: a listener. */
TRV_API TRV_MUST_CHECK trv_object *trv_tcp_listen(const char *host, uint16_t port, int backlog);
/* Waits for a connection. Returns: a stream. */
TRV_API TRV_MUST_CHECK trv_object *trv_listener_accept(trv_object *listener);
/* The port a listener listens on, in *port. */
TRV_API TRV_MUST_CHECK int trv_listener_port(trv_object *listener, uint16_t *port);
/* Stops listening; who waits in accept gets OSError. */
TRV_API int trv_listener_close(trv_object *listener);

/* A stream over a connected socket or pipe; the stream owns the descriptor from now on, also if
 * this fails. */
TRV_API TRV_MUST_CHECK trv_object *trv_stream_new(int fd);
/* What is there, waiting for something, at most `most` bytes. Returns: bytes; none at the end. */
TRV_API TRV_MUST_CHECK trv_object *trv_stream_read(trv_object *stream, size_t most);
/* Exactly `size` bytes. Raises: IncompleteReadError, whose argument is what there was. */
TRV_API TRV_MUST_CHECK trv_object *trv_stream_read_exactly(trv_object *stream, size_t size);
/* All up to and with a separator. Raises: IncompleteReadError; ValueError past `most` bytes. */
TRV_API TRV_MUST_CHECK trv_object *trv_stream_read_until(trv_object *stream, const void *separator,
                                                         size_t size, size_t most);
/* Writes all bytes: at once what the socket takes, the rest as it takes it. */
TRV_API TRV_MUST_CHECK int trv_stream_write(trv_object *stream, const void *data, size_t size);
/* Waits until everything written has been handed to the system. */
TRV_API TRV_MUST_CHECK int trv_stream_flush(trv_object *stream);
/* Closes; who waits on it gets OSError. Again: nothing. */
TRV_API int trv_stream_close(trv_object *stream);
/* Ends writing; the other side reads to the end. */
TRV_API TRV_MUST_CHECK int trv_stream_end(trv_object *stream);
/* The descriptor, which stays the stream's. Returns: it, or -1. Raises: ValueError when closed. */
TRV_API TRV_MUST_CHECK int trv_stream_fd(trv_object *stream);

TRV_END_DECLARATIONS

#endif
