/* SPDX-License-Identifier: MIT */
/*
 * What the files of this folder share: descriptors on their way to becoming streams, and addresses.
 */
#ifndef TRV_IO_IO_H
#define TRV_IO_IO_H

#include "wait/park.h"

#include "trivet/stream.h"

#include <netdb.h>

TRV__SHARED struct trv_type trv__stream_type, trv__listener_type;

/* A stream over a connected, non-blocking socket, which it owns from now on, also if this fails. */
trv_object *trv__stream_take(int fd, bool is_socket);
/* Waits for a descriptor without a deadline: 0, or -1 with an exception. May switch. */
int trv__io_wait(int fd, int events);
/* Begins a call that may wait: 0, or -1 where blocking is not allowed or the scope is cancelled. */
int trv__io_begin(const char *what);

/* The addresses of a host and port; for listening if `is_passive`, when host may be NULL. Free them
 * with freeaddrinfo. NULL with OSError. May switch. */
struct addrinfo *trv__resolve(const char *host, uint16_t port, bool is_passive);

#endif
