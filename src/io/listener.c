/* SPDX-License-Identifier: MIT */
/*
 * Listening for TCP connections, and connecting.
 *
 * Any number of threads and coroutines may wait in accept; each connection goes to one of them. A
 * connection that the other side has given up before it was accepted is passed over. Sockets are
 * non-blocking, closed on exec, and send small writes at once (TCP_NODELAY).
 *
 * Invariant: a listener's fd is -1 once closed, and looked at again after every wait.
 */
#include "io/io.h"

#include "base/fault.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct listener {
    TRV__HEAD;
    int fd;
};

static struct listener *listener_of(trv_object *object)
{
    return (struct listener *)(void *)object;
}

static int raise_closed(void)
{
    trv_raise_errno_of(EBADF, "the listener is closed");
    return -1;
}

static void send_at_once(int fd)
{
    int yes = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static int open_socket(const struct addrinfo *address)
{
    return FAULT() ? -1 : socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Tries each address until one gives a descriptor; or -1 with the last one's exception. */
static int try_addresses(const struct addrinfo *first,
                         int (*try)(const struct addrinfo *address, void *argument), void *argument)
{
    for (const struct addrinfo *address = first; address; address = address->ai_next) {
        int fd = try(address, argument);
        if (fd >= 0)
            return fd;
        if (!address->ai_next || !trv_error_matches(trv_OSError) || trv__check_cancelled() < 0)
            break;
        trv_error_clear();
    }
    return -1;
}

/* Connecting ------------------------------------------------------------------------------------------------ */

/* Waits until a socket that is connecting has an answer. 0, or -1 with an exception. */
static int finish_connecting(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;

    if (trv__io_wait(fd, TRV_WRITABLE) < 0)
        return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (!error)
        return 0;
    trv_raise_errno_of(error, "connecting");
    return -1;
}

static int connect_to(const struct addrinfo *address, void *argument TRV_UNUSED)
{
    int fd = open_socket(address), answer = -1;

    if (fd < 0) {
        trv_raise_errno("making a socket");
        return -1;
    }
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0)
        answer = 0;
    else if (errno == EINPROGRESS || errno == EINTR)
        answer = finish_connecting(fd);
    else
        trv_raise_errno("connecting");
    if (answer == 0)
        return fd;
    trv_fd_forget(fd);
    close(fd);
    return -1;
}

trv_object *trv_tcp_connect(const char *host, uint16_t port)
{
    struct addrinfo *addresses;
    int fd;

    if (!host)
        return trv_raise(trv_ValueError, "the host to connect to is NULL");
    if (trv__io_begin("trv_tcp_connect") < 0 || !(addresses = trv__resolve(host, port, false)))
        return NULL;
    fd = try_addresses(addresses, connect_to, NULL);
    freeaddrinfo(addresses);
    if (fd < 0)
        return NULL;
    send_at_once(fd);
    return trv__stream_take(fd, true);
}

/* Listening ------------------------------------------------------------------------------------------------- */

static int listen_on(const struct addrinfo *address, void *argument)
{
    int fd = open_socket(address), yes = 1, no = 0;

    if (fd < 0) {
        trv_raise_errno("making a socket");
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, *(int *)argument) == 0)
        return fd;
    trv_raise_errno("listening");
    close(fd);
    return -1;
}

trv_object *trv_tcp_listen(const char *host, uint16_t port, int backlog)
{
    struct listener *listener;
    struct addrinfo *addresses;
    int fd;

    if (backlog < 0)
        return trv_raise(trv_ValueError, "a backlog of %d is impossible", backlog);
    if (trv__io_begin("trv_tcp_listen") < 0 || !(addresses = trv__resolve(host, port, true)))
        return NULL;
    fd = try_addresses(addresses, listen_on, &backlog);
    freeaddrinfo(addresses);
    if (fd < 0)
        return NULL;
    listener = trv__object_new(&trv__listener_type, sizeof *listener);
    if (listener)
        listener->fd = fd;
    else
        close(fd);
    return (trv_object *)listener;
}

static bool should_try_again(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO;
}

static int accept_on(struct listener *listener)
{
    while (listener->fd >= 0) {
        int fd = FAULT() ? -1 : accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            return fd;
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            if (trv__io_wait(listener->fd, TRV_READABLE) < 0)
                return -1;
        } else if (!should_try_again(errno)) {
            trv_raise_errno("accepting a connection");
            return -1;
        }
    }
    return raise_closed();
}

trv_object *trv_listener_accept(trv_object *object)
{
    int fd;

    if (!trv__expect(object, &trv__listener_type, "trv_listener_accept") ||
        trv__io_begin("trv_listener_accept") < 0)
        return NULL;
    trv_ref(object);
    fd = accept_on(listener_of(object));
    trv_unref(object);
    if (fd < 0)
        return NULL;
    send_at_once(fd);
    return trv__stream_take(fd, true);
}

int trv_listener_port(trv_object *object, uint16_t *port)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;

    if (!trv__expect(object, &trv__listener_type, "trv_listener_port"))
        return -1;
    if (listener_of(object)->fd < 0)
        return raise_closed();
    if (getsockname(listener_of(object)->fd, (struct sockaddr *)&address, &length) < 0) {
        trv_raise_errno("asking for a listener's port");
        return -1;
    }
    *port =
        ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&address)->sin6_port
                                            : ((struct sockaddr_in *)(void *)&address)->sin_port);
    return 0;
}

/* Life -------------------------------------------------------------------------------------------------------- */

static void close_descriptor(struct listener *listener)
{
    int fd = listener->fd;

    listener->fd = -1;
    if (fd < 0)
        return;
    trv_fd_forget(fd);
    close(fd);
}

int trv_listener_close(trv_object *object)
{
    if (!trv__expect(object, &trv__listener_type, "trv_listener_close"))
        return -1;
    close_descriptor(listener_of(object));
    return 0;
}

static void listener_destroy(trv_object *self)
{
    close_descriptor(listener_of(self));
}

static trv_object *listener_repr(trv_object *self)
{
    if (listener_of(self)->fd < 0)
        return trv_str_printf("<closed listener at %p>", (void *)self);
    return trv_str_printf("<listener on descriptor %d at %p>", listener_of(self)->fd, (void *)self);
}

static int listener_enter(trv_object *self)
{
    return listener_of(self)->fd < 0 ? raise_closed() : 0;
}

static int listener_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv_listener_close(self);
}

static trv_object *listener_construct(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances by calling their type",
                     type->name);
}

TRV__READ_ONLY struct trv_type trv__listener_type = {
    .handle = trv_listener_type,
    .name = "listener",
    .doc = "waits for TCP connections",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct listener),
    .flags = TRV__TYPE_FINAL,
    .construct = listener_construct,
    .slots =
        {
            .destroy = listener_destroy,
            .repr = listener_repr,
            .enter = listener_enter,
            .exit = listener_exit,
        },
};
TRV__READ_ONLY trv_object trv_listener_type[1] = {TRV__TYPE_HANDLE(trv__listener_type)};
