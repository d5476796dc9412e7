/* SPDX-License-Identifier: MIT */
/*
 * The server of net.echo_rps: `trivet-bench echo PORT` sends back what it reads, one coroutine a
 * connection, until it is killed. The load comes from another program.
 */
#include "bench/bench.h"

#include <stdlib.h>

TRV_STATIC_FUNCTION(echo_connection, "echo_connection(stream): sends back what comes")
{
    trv_object *stream;

    if (trv_parse(args, "o", &stream) < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *data = trv_stream_read(stream, 65536);
        size_t size = 0;
        const void *bytes = data ? trv_bytes_data(data, &size) : NULL;
        if (!bytes || !size || trv_stream_write(stream, bytes, size) < 0)
            break;
    }
    trv_error_clear(); /* a client that resets the connection has left, no more */
    trv_stream_close(stream);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(echo_server, "echo_server(port)")
{
    int port;
    trv_auto trv_object *listener = NULL;

    if (trv_parse(args, "i", &port) < 0 ||
        !(listener = trv_tcp_listen("127.0.0.1", (uint16_t)port, 1024)))
        return NULL;
    for (;;) {
        trv_auto trv_object *stream = trv_listener_accept(listener);
        trv_auto trv_object *task = stream ? trv_spawn(echo_connection, "o", stream) : NULL;
        if (!task)
            return NULL;
    }
}

int bench_echo(const char *port)
{
    trv_auto trv_object *result = trv_run(echo_server, "i", atoi(port));

    trv_error_print();
    return 1;
}
