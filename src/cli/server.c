/* SPDX-License-Identifier: MIT */
/*
 * The server of the tcp workloads: a process of its own on loopback, so that its work and its memory
 * are not counted as the client's.
 *
 * A request is a line "n delay", the delay in microseconds; after it, the server sends n * n and a
 * newline. One coroutine a connection. The process ends with the one that started it.
 */
#include "cli/compare.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int answer(trv_object *stream)
{
    trv_auto trv_object *line = trv_stream_read_until(stream, "\n", 1, 64);
    char text[65];
    const char *data;
    size_t size;
    long long n, delay_us;
    int length;

    if (!line || !(data = trv_bytes_data(line, &size)))
        return -1;
    snprintf(text, sizeof text, "%.*s", (int)size, data);
    if (sscanf(text, "%lld %lld", &n, &delay_us) != 2 || delay_us < 0)
        return trv_raise_int(trv_ValueError, "bad request: %s", text);
    if (trv_sleep((double)delay_us / 1e6) < 0)
        return -1;
    length = snprintf(text, sizeof text, "%lld\n", n * n);
    return trv_stream_write(stream, text, (size_t)length);
}

/* A client that goes away or talks nonsense ends its connection, not the server. */
TRV_STATIC_FUNCTION(serve_connection, "serve_connection(stream): one request")
{
    trv_object *stream;

    if (trv_parse(args, "o", &stream) < 0)
        return NULL;
    if (answer(stream) < 0)
        trv_error_clear();
    trv_stream_close(stream);
    return trv_none_new();
}

/* Listens, says where through a pipe, and serves for ever. */
TRV_STATIC_FUNCTION(serve, "serve(pipe): the server")
{
    trv_auto trv_object *listener = trv_tcp_listen("127.0.0.1", 0, BACKLOG);
    uint16_t port;
    int pipe_fd;

    if (!listener || trv_parse(args, "i", &pipe_fd) < 0 || trv_listener_port(listener, &port) < 0)
        return NULL;
    if (write(pipe_fd, &port, sizeof port) != sizeof port)
        return trv_raise_errno("telling the port");
    close(pipe_fd);
    for (;;) {
        trv_auto trv_object *stream = trv_listener_accept(listener);
        trv_auto trv_object *task = stream ? trv_spawn(serve_connection, "o", stream) : NULL;
        if (!task)
            return NULL;
    }
}

static void run_server(int pipe_fd, pid_t parent)
{
    trv_object *result;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(0);
    if (trv_init(NULL) < 0)
        _exit(1);
    result = trv_run(serve, "i", pipe_fd);
    if (!result)
        trv_error_print();
    trv_unref(result);
    trv_fini();
    _exit(1);
}

int server_start(int *port)
{
    pid_t parent = getpid(), pid;
    uint16_t where = 0;
    int ends[2];
    ssize_t got;

    if (pipe(ends) < 0)
        return complain("cannot start the server: %s", strerror(errno)), -1;
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        run_server(ends[1], parent);
    }
    close(ends[1]);
    got = pid < 0 ? 0 : read(ends[0], &where, sizeof where);
    close(ends[0]);
    if (got == (ssize_t)sizeof where) {
        *port = where;
        return pid;
    }
    if (pid > 0)
        server_stop(pid);
    return complain("cannot start the server"), -1;
}

void server_stop(int pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}
