/* SPDX-License-Identifier: MIT */
/*
 * Streams and listeners: in one loop, between a thread and a coroutine, in plain threads; what
 * stays buffered; closing, cancelling, errors.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* A stream over one of two connected sockets; the other is *peer. */
static trv_object *make_stream(int *peer)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    *peer = fds[1];
    return must(trv_stream_new(fds[0]));
}

static void make_streams(trv_object **a, trv_object **b)
{
    int fd;

    *a = make_stream(&fd);
    *b = must(trv_stream_new(fd));
}

static void put(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void put_end(int fd, const char *text)
{
    put(fd, text);
    ck_assert_int_eq(close(fd), 0);
}

/* Some bytes are that text; they are dropped. */
static void is_text(trv_object *bytes, const char *text)
{
    size_t size;
    const void *data = trv_bytes_data(must(bytes), &size);

    ck_assert_uint_eq(size, strlen(text));
    ck_assert_mem_eq(data, text, size);
    trv_unref(bytes);
}

static void write_text(trv_object *stream, const char *text)
{
    must_int(trv_stream_write(stream, text, strlen(text)));
}

/* Reading -------------------------------------------------------------------------------------------- */

static void read_all_ways(void)
{
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);

    put(peer, "one\ntwo\n\nthree, four");
    is_text(trv_stream_read_until(stream, "\n", 1, 100), "one\n");
    is_text(trv_stream_read_until(stream, "\n\n", 2, 100), "two\n\n");
    is_text(trv_stream_read_exactly(stream, 5), "three");
    is_text(trv_stream_read(stream, 2), ", ");
    is_text(trv_stream_read(stream, 100), "four");
    is_text(trv_stream_read(stream, 0), "");
    is_text(trv_stream_read_exactly(stream, 0), "");
    put_end(peer, "the end");
    is_text(trv_stream_read(stream, 3), "the");
    is_text(trv_stream_read(stream, 100), " end");
    is_text(trv_stream_read(stream, 100), "");
    is_text(trv_stream_read(stream, 100), "");
}

TEST(reading_in_a_thread)
{
    read_all_ways();
}

IN_LOOP(reading_in_a_coroutine)
{
    read_all_ways();
}

static void is_incomplete(trv_object *bytes, const char *text)
{
    trv_auto trv_object *error = NULL;
    trv_auto trv_object *arguments = NULL;

    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(trv_error_matches(trv_IncompleteReadError), 1);
    error = trv_error_take();
    arguments = must(trv_exception_args(error));
    is_text(trv_tuple_get(arguments, 0), text);
}

TEST(an_end_too_soon)
{
    int peer;
    trv_object *stream = make_stream(&peer);

    put_end(peer, "abc");
    is_incomplete(trv_stream_read_exactly(stream, 4), "abc");
    is_text(trv_stream_read(stream, 10), "");
    is_incomplete(trv_stream_read_exactly(stream, 1), "");
    trv_unref(stream);
    stream = make_stream(&peer);
    put_end(peer, "abc");
    is_incomplete(trv_stream_read_until(stream, "\n", 1, 100), "abc");
    is_incomplete(trv_stream_read_until(stream, "\n", 1, 100), "");
    trv_unref(stream);
}

TEST(a_separator_too_late)
{
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);

    put(peer, "abcdef\nghi");
    ck_assert_ptr_null(trv_stream_read_until(stream, "\n", 1, 6));
    must_raise(trv_ValueError);
    is_text(trv_stream_read_until(stream, "\n", 1, 7), "abcdef\n"); /* nothing was lost */
    ck_assert_ptr_null(trv_stream_read_until(stream, "\n", 1, 2));
    must_raise(trv_ValueError);
    is_text(trv_stream_read(stream, 10), "ghi");
    ck_assert_ptr_null(trv_stream_read_until(stream, "", 0, 7));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_stream_read_until(stream, "long", 4, 3));
    must_raise(trv_ValueError);
    close(peer);
}

/* A separator that arrives in pieces. */
TRV_STATIC_FUNCTION(put_slowly, "put_slowly(fd)")
{
    const char *text = "a\ra\r\r\nb\r\n";
    int fd;

    if (trv_parse(args, "i", &fd) < 0)
        return NULL;
    for (; *text; text++) {
        char one[2] = {*text, 0};
        put(fd, one);
        must_int(trv_sleep(0.0005));
    }
    close(fd);
    return trv_none_new();
}

SEEDED_IN_LOOP(a_separator_in_pieces, 50)
{
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);
    trv_object *future = must(trv_spawn(put_slowly, "i", peer));

    is_text(trv_stream_read_until(stream, "\r\n", 2, 100), "a\ra\r\r\n");
    is_text(trv_stream_read_until(stream, "\r\n", 2, 100), "b\r\n");
    is_text(trv_stream_read(stream, 1), "");
    trv_unref(joined(future));
}

/* Writing -------------------------------------------------------------------------------------------- */

#define LARGE (600 * 1024 + 17)

static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + (i >> 10));
}

TRV_STATIC_FUNCTION(write_large, "write_large(stream)")
{
    trv_object *stream;
    unsigned char *data = malloc(LARGE);
    int answer;

    if (trv_parse(args, "o", &stream) < 0)
        return NULL;
    for (size_t i = 0; i < LARGE; i++)
        data[i] = byte_at(i);
    answer = trv_stream_write(stream, data, LARGE);
    free(data);
    if (answer < 0 || trv_stream_flush(stream) < 0 || trv_stream_end(stream) < 0)
        return NULL;
    return trv_none_new();
}

static void check_large(trv_object *bytes)
{
    size_t size;
    const unsigned char *data = trv_bytes_data(must(bytes), &size);

    ck_assert_uint_eq(size, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        if (data[i] != byte_at(i))
            ck_abort_msg("byte %zu differs", i);
    trv_unref(bytes);
}

IN_LOOP(more_than_the_socket_takes)
{
    trv_object *a, *b, *future;

    make_streams(&a, &b);
    future = must(trv_spawn(write_large, "o", a));
    check_large(trv_stream_read_exactly(b, LARGE));
    is_text(trv_stream_read(b, 10), "");
    trv_unref(joined(future));
    trv_unref(a);
    trv_unref(b);
}

static trv_object *thread_stream;

static void write_large_in_thread(void *argument TRV_UNUSED)
{
    trv_unref(must(trv_call(write_large, "o", thread_stream)));
    trv_clear(&thread_stream);
}

IN_LOOP(a_thread_writes_and_a_coroutine_reads)
{
    trv_object *a, *b;

    make_streams(&a, &b);
    thread_stream = a;
    must_int(trv__thread_start(write_large_in_thread, NULL, "writer", 0));
    check_large(trv_stream_read_exactly(b, LARGE));
    is_text(trv_stream_read(b, 10), "");
    trv_unref(b);
    while (thread_stream)
        must_int(trv_sleep(0.001));
}

/* Misuse ---------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(read_some, "read_some(stream)")
{
    trv_object *stream;

    return trv_parse(args, "o", &stream) < 0 ? NULL : trv_stream_read(stream, 100);
}

SEEDED_IN_LOOP(one_reader_and_one_writer_at_a_time, 200)
{
    trv_object *a, *b, *reader, *writer;

    make_streams(&a, &b);
    reader = must(trv_spawn(read_some, "o", a));
    writer = must(trv_spawn(write_large, "o", a)); /* a reader and a writer are no trouble */
    must_int(trv_sleep(0.001));
    ck_assert_ptr_null(trv_stream_read(a, 100));
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_stream_write(a, "x", 1), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_stream_flush(a), -1);
    must_raise(trv_RuntimeError);
    write_text(b, "hello");
    is_text(joined(reader), "hello");
    check_large(trv_stream_read_exactly(b, LARGE));
    trv_unref(joined(writer));
    trv_unref(a);
    trv_unref(b);
}

TEST(wrong_objects_and_numbers)
{
    trv_auto trv_object *list = must(trv_list_new());
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);

    ck_assert_ptr_null(trv_stream_read(list, 1));
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_stream_close(list), -1);
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_listener_accept(stream));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_stream_new(-1));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_stream_new(1000000));
    must_raise(trv_OSError);
    ck_assert_int_eq(trv_stream_write(stream, NULL, 1), -1);
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_call(trv_stream_type, ""));
    must_raise(trv_TypeError);
    close(peer);
}

/* Closing --------------------------------------------------------------------------------------------- */

static void must_be_closed(trv_object *stream)
{
    ck_assert_ptr_null(trv_stream_read(stream, 1));
    must_raise(trv_OSError);
    ck_assert_int_eq(trv_stream_write(stream, "x", 1), -1);
    must_raise(trv_OSError);
    ck_assert_int_eq(trv_stream_fd(stream), -1);
    must_raise(trv_ValueError);
    must_int(trv_stream_close(stream));
}

SEEDED_IN_LOOP(closing_wakes_who_waits, 200)
{
    trv_object *a, *b, *reader, *writer;

    make_streams(&a, &b);
    reader = must(trv_spawn(read_some, "o", a));
    writer = must(trv_spawn(write_large, "o", a));
    must_int(trv_sleep(0.001));
    must_int(trv_stream_close(a));
    ck_assert_ptr_null(trv_future_result(reader, TRV_FOREVER));
    must_raise(trv_OSError);
    ck_assert_ptr_null(trv_future_result(writer, TRV_FOREVER));
    must_raise(trv_OSError);
    must_be_closed(a);
    trv_unref(reader);
    trv_unref(writer);
    trv_unref(a);
    trv_unref(b);
}

static void close_later(void *argument TRV_UNUSED)
{
    must_int(trv_sleep(0.005));
    must_int(trv_stream_close(thread_stream));
    trv_clear(&thread_stream);
}

TEST(a_thread_closes_what_another_reads)
{
    trv_object *a, *b;

    make_streams(&a, &b);
    thread_stream = trv_ref(a);
    must_int(trv__thread_start(close_later, NULL, "closer", 0));
    ck_assert_ptr_null(trv_stream_read(a, 1));
    must_raise(trv_OSError);
    must_be_closed(a);
    while (thread_stream)
        must_int(trv_sleep(0.001));
    trv_unref(a);
    trv_unref(b);
}

TEST(with_closes)
{
    trv_object *a, *b;

    make_streams(&a, &b);
    TRV_WITH(a)
        write_text(a, "bye");
    must_be_closed(a);
    TRV_WITH(a)
        ck_abort_msg("a closed stream was entered");
    must_raise(trv_OSError);
    is_text(trv_stream_read(b, 10), "bye");
    is_text(trv_stream_read(b, 10), "");
    trv_unref(a);
    trv_unref(b);
}

TEST(the_other_side_is_gone)
{
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);

    close(peer);
    ck_assert_int_eq(trv_stream_write(stream, "x", 1), -1); /* and no SIGPIPE */
    must_raise(trv_BrokenPipeError);
}

TEST(pipes_are_streams_too)
{
    int fds[2];
    trv_object *reader, *writer;

    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    reader = must(trv_stream_new(fds[0]));
    writer = must(trv_stream_new(fds[1]));
    ck_assert_int_eq(trv_stream_fd(reader), fds[0]);
    write_text(writer, "through a pipe");
    is_text(trv_stream_read_exactly(reader, 14), "through a pipe");
    ck_assert_int_eq(trv_stream_end(writer), -1); /* has no second direction to keep */
    must_raise(trv_OSError);
    trv_unref(writer);
    is_text(trv_stream_read(reader, 1), "");
    trv_unref(reader);
}

/* Cancelling ------------------------------------------------------------------------------------------- */

static void time_out_and_go_on(void)
{
    int peer;
    trv_auto trv_object *stream = make_stream(&peer);
    trv_scope scope;

    put(peer, "ab");
    TRV_TIMEOUT(0.005)
        ck_assert_ptr_null(trv_stream_read_exactly(stream, 3));
    must_raise(trv_TimeoutError);
    put(peer, "c");
    is_text(trv_stream_read_exactly(stream, 3), "abc"); /* nothing was lost */
    put(peer, "d");
    must_int(trv_scope_begin(&scope, TRV_FOREVER));
    trv_scope_cancel(&scope);
    ck_assert_ptr_null(trv_stream_read(stream, 1)); /* though it need not wait */
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope), 0);
    is_text(trv_stream_read(stream, 1), "d");
    close(peer);
}

TEST(timeouts_in_a_thread)
{
    time_out_and_go_on();
}

IN_LOOP(timeouts_in_a_coroutine)
{
    time_out_and_go_on();
}

/* A stream that is always ready does not keep others from running. */
static int is_done_running;

TRV_STATIC_FUNCTION(run_aside, "run_aside()")
{
    is_done_running = 1;
    return trv_none_new();
}

IN_LOOP(a_busy_stream_lets_others_run)
{
    trv_object *a, *b, *other = must(trv_spawn(run_aside, ""));

    make_streams(&a, &b);
    for (int i = 0; i < 200; i++) {
        write_text(a, "x");
        is_text(trv_stream_read(b, 1), "x");
    }
    ck_assert_int_eq(is_done_running, 1);
    trv_unref(joined(other));
    trv_unref(a);
    trv_unref(b);
}

/* TCP -------------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(echo, "echo(stream)")
{
    trv_object *stream;

    if (trv_parse(args, "o", &stream) < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *bytes = trv_stream_read(stream, 1000);
        size_t size;
        const void *data = bytes ? trv_bytes_data(bytes, &size) : NULL;
        if (!data)
            return NULL;
        if (!size)
            return trv_none_new();
        if (trv_stream_write(stream, data, size) < 0)
            return NULL;
    }
}

/* Until the listener is closed. */
TRV_STATIC_FUNCTION(serve, "serve(listener)")
{
    trv_object *listener;

    if (trv_parse(args, "o", &listener) < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *stream = trv_listener_accept(listener);
        trv_auto trv_object *future = stream ? must(trv_spawn(echo, "o", stream)) : NULL;
        if (!stream) {
            must_raise(trv_OSError);
            return trv_none_new();
        }
    }
}

TRV_STATIC_FUNCTION(talk, "talk(port)")
{
    trv_auto trv_object *stream = NULL;
    int port;

    if (trv_parse(args, "i", &port) < 0)
        return NULL;
    stream = must(trv_tcp_connect("127.0.0.1", (uint16_t)port));
    for (int i = 0; i < 10; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d, said %p\n", i, (void *)stream);
        write_text(stream, text);
        is_text(trv_stream_read_until(stream, "\n", 1, 100), text);
    }
    must_int(trv_stream_end(stream));
    is_text(trv_stream_read(stream, 100), "");
    return trv_none_new();
}

static void echo_to(int clients)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("127.0.0.1", 0, 100));
    trv_object *server = must(trv_spawn(serve, "o", listener));
    trv_auto trv_object *futures = must(trv_list_new());
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    ck_assert_int_ne(port, 0);
    for (int i = 0; i < clients; i++) {
        trv_auto trv_object *future = must(trv_spawn(talk, "i", (int)port));
        must_int(trv_list_append(futures, future));
    }
    trv_unref(must(trv_gather(futures)));
    must_int(trv_listener_close(listener));
    trv_unref(joined(server));
}

SEEDED_IN_LOOP(echo_server_and_clients_in_one_loop, 50)
{
    echo_to(3);
}

IN_LOOP(echo_server_and_a_hundred_clients)
{
    echo_to(100);
}

static trv_object *thread_listener;

static void serve_in_thread(void *argument TRV_UNUSED)
{
    trv_unref(must(trv_run(serve, "o", thread_listener)));
    trv_clear(&thread_listener);
}

/* The server is a loop of another thread; the client a plain thread, then a coroutine. */
TRV_STATIC_FUNCTION(talk_in_loop, "talk_in_loop(port)")
{
    int port;

    return trv_parse(args, "i", &port) < 0 ? NULL : trv_run(talk, "i", port);
}

TEST(echo_between_threads_and_coroutines)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("127.0.0.1", 0, 10));
    uint16_t port;

    thread_listener = trv_ref(listener);
    must_int(trv_listener_port(listener, &port));
    must_int(trv__thread_start(serve_in_thread, NULL, "server", 0));
    for (int i = 0; i < 5; i++) {
        trv_unref(must(trv_call(talk, "i", (int)port)));
        trv_unref(must(trv_call(talk_in_loop, "i", (int)port)));
    }
    must_int(trv_listener_close(listener));
    while (thread_listener)
        must_int(trv_sleep(0.001));
}

/* A port that is taken, and on which nobody listens. */
static uint16_t silent_port(int *holder)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;

    *holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(*holder, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(*holder, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static void connect_to_nobody(void)
{
    int holder;

    ck_assert_ptr_null(trv_tcp_connect("127.0.0.1", silent_port(&holder)));
    must_raise(trv_ConnectionRefusedError);
    close(holder);
    ck_assert_ptr_null(trv_tcp_connect(NULL, 1));
    must_raise(trv_ValueError);
}

TEST(nobody_listens)
{
    connect_to_nobody();
}

IN_LOOP(nobody_listens_to_a_coroutine)
{
    connect_to_nobody();
}

TEST(a_port_that_is_taken)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("127.0.0.1", 0, 1));
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    ck_assert_ptr_null(trv_tcp_listen("127.0.0.1", port, 1));
    must_raise(trv_OSError);
    ck_assert_ptr_null(trv_tcp_listen("127.0.0.1", port, -1));
    must_raise(trv_ValueError);
    must_int(trv_listener_close(listener));
    must_int(trv_listener_close(listener));
    ck_assert_int_eq(trv_listener_port(listener, &port), -1);
    must_raise(trv_OSError);
    ck_assert_ptr_null(trv_listener_accept(listener));
    must_raise(trv_OSError);
}

TEST(listening_on_any_address)
{
    trv_auto trv_object *listener = must(trv_tcp_listen(NULL, 0, 1));
    trv_auto trv_object *client = NULL;
    trv_auto trv_object *server = NULL;
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    client = must(trv_tcp_connect("127.0.0.1", port));
    server = must(trv_listener_accept(listener));
    write_text(server, "welcome");
    is_text(trv_stream_read_exactly(client, 7), "welcome");
}

/* Names -------------------------------------------------------------------------------------------------- */

/* No name server needs to be asked about that: a part is longer than 63 letters. */
#define NO_NAME "a-name-that-is-much-too-long-to-be-the-name-of-anything-that-there-is.invalid"

static void resolve_names(void)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("localhost", 0, 1));
    trv_auto trv_object *client = NULL;
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    client = must(trv_tcp_connect("localhost", port));
    ck_assert_ptr_null(trv_tcp_connect(NO_NAME, 80));
    must_raise(trv_OSError);
}

TEST(names_in_a_thread)
{
    resolve_names();
}

IN_LOOP(names_in_a_coroutine)
{
    resolve_names();
}

static _Atomic bool answers_late;

/* Stands before the C library's, which it asks; about NO_NAME, while that is wished, not at once. */
int getaddrinfo(const char *restrict host, const char *restrict port,
                const struct addrinfo *restrict hints, struct addrinfo **restrict addresses)
{
    int (*asks)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&asks = dlsym(RTLD_NEXT, "getaddrinfo");
    if (host && strcmp(host, NO_NAME) == 0 && !(hints->ai_flags & AI_NUMERICHOST))
        while (atomic_load(&answers_late))
            usleep(1000);
    return asks(host, port, hints, addresses);
}

/* Who is cancelled does not wait for the name. */
TRV_STATIC_FUNCTION(resolve, "resolve()")
{
    return trv_tcp_connect(NO_NAME, 80);
}

IN_LOOP(cancelling_a_resolution)
{
    trv_auto trv_object *future = NULL;

    atomic_store(&answers_late, true);
    future = must(trv_spawn(resolve, ""));
    must_int(trv_sleep(0));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_CancelledError);
    atomic_store(&answers_late, false);
}

/* Several accept on one listener; each connection goes to one. */
TRV_STATIC_FUNCTION(accept_one, "accept_one(listener)")
{
    trv_object *listener;
    trv_auto trv_object *stream = NULL;

    if (trv_parse(args, "o", &listener) < 0 || !(stream = trv_listener_accept(listener)))
        return NULL;
    write_text(stream, "you");
    return trv_none_new();
}

SEEDED_IN_LOOP(several_accept, 50)
{
    trv_auto trv_object *listener = must(trv_tcp_listen("127.0.0.1", 0, 10));
    trv_object *futures[3], *last = must(trv_spawn(accept_one, "o", listener));
    uint16_t port;

    must_int(trv_listener_port(listener, &port));
    for (int i = 0; i < 3; i++)
        futures[i] = must(trv_spawn(accept_one, "o", listener));
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *stream = must(trv_tcp_connect("127.0.0.1", port));
        is_text(trv_stream_read_exactly(stream, 3), "you");
    }
    must_int(trv_listener_close(listener));
    for (int i = 0; i < 3; i++) {
        trv_unref(trv_future_result(futures[i], TRV_FOREVER));
        trv_error_clear();
        trv_unref(futures[i]);
    }
    trv_unref(trv_future_result(last, TRV_FOREVER));
    trv_error_clear();
    trv_unref(last);
}

TEST_LIST(RUN(reading_in_a_thread), RUN(reading_in_a_coroutine), RUN(an_end_too_soon),
          RUN(a_separator_too_late), RUN(a_separator_in_pieces), RUN(more_than_the_socket_takes),
          RUN(a_thread_writes_and_a_coroutine_reads), RUN(one_reader_and_one_writer_at_a_time),
          RUN(wrong_objects_and_numbers), RUN(closing_wakes_who_waits),
          RUN(a_thread_closes_what_another_reads), RUN(with_closes), RUN(the_other_side_is_gone),
          RUN(pipes_are_streams_too), RUN(timeouts_in_a_thread), RUN(timeouts_in_a_coroutine),
          RUN(a_busy_stream_lets_others_run), RUN(echo_server_and_clients_in_one_loop),
          RUN(echo_server_and_a_hundred_clients), RUN(echo_between_threads_and_coroutines),
          RUN(nobody_listens), RUN(nobody_listens_to_a_coroutine), RUN(a_port_that_is_taken),
          RUN(listening_on_any_address), RUN(names_in_a_thread), RUN(names_in_a_coroutine),
          RUN(cancelling_a_resolution), RUN(several_accept))
