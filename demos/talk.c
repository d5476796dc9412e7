/* SPDX-License-Identifier: MIT */
/*
 * A server and its clients in one thread, in blocking style: each connection has a coroutine. One
 * client has no patience.
 */
#include <trivet.h>

#include <stdio.h>
#include <string.h>

TRV_STATIC_FUNCTION(serve_one, "serve_one(stream): answers one line")
{
    trv_object *stream;
    trv_auto trv_object *line = NULL;
    size_t size;
    const char *text;

    if (trv_parse(args, "o", &stream) < 0 ||
        !(line = trv_stream_read_until(stream, "\n", 1, 100)) ||
        !(text = trv_bytes_data(line, &size)))
        return NULL;
    if (strncmp(text, "slow", 4) == 0 && trv_sleep(5) < 0)
        return NULL;
    if (trv_stream_write(stream, "you said ", 9) < 0 || trv_stream_write(stream, text, size) < 0)
        return NULL;
    trv_stream_close(stream);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(serve, "serve(listener): a coroutine for each connection")
{
    trv_object *listener;

    if (trv_parse(args, "o", &listener) < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *stream = trv_listener_accept(listener);
        trv_auto trv_object *task = stream ? trv_spawn(serve_one, "o", stream) : NULL;
        if (!task)
            return NULL;
    }
}

static trv_object *ask(uint16_t port, const char *word)
{
    trv_auto trv_object *stream = trv_tcp_connect("127.0.0.1", port);

    if (!stream || trv_stream_write(stream, word, strlen(word)) < 0 ||
        trv_stream_write(stream, "\n", 1) < 0)
        return NULL;
    return trv_stream_read_until(stream, "\n", 1, 100);
}

TRV_FUNCTION(app, "app(): talks to itself")
{
    trv_auto trv_object *listener = trv_tcp_listen("127.0.0.1", 0, 16);
    trv_auto trv_object *server = listener ? trv_spawn(serve, "o", listener) : NULL;
    uint16_t port;

    if (!server || trv_listener_port(listener, &port) < 0)
        return NULL;
    trv_auto trv_object *answer = ask(port, "hello");
    if (!answer || trv_print(answer) < 0)
        return NULL;
    TRV_TIMEOUT(0.05) {
        trv_auto trv_object *late = ask(port, "slow");
        if (late)
            trv_print(late);
    }
    if (!trv_error_matches(trv_TimeoutError))
        return NULL;
    trv_error_clear();
    printf("no answer in time\n");
    return trv_none_new(); /* what still runs is cancelled */
}

TRV_FUNCTION(start, "start(): the loop")
{
    return trv_run(app, "");
}

int main(int argc, char **argv)
{
    return trv_main(start, argc, argv);
}
