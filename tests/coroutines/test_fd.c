/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors in coroutines: pipes with many waiters, both directions at once, files,
 * bad and forgotten descriptors, descriptors that were closed and reused.
 */
#include "coroutines/in_loop.h"

#include "runtime/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

/* A pipe (or pair of sockets) whose ends are closed and forgotten. */
static void make_pipe(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
}

static void make_pair(int fds[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_one(int fd)
{
    trv_fd_forget(fd);
    ck_assert_int_eq(close(fd), 0);
}

static void close_both(int fds[2])
{
    close_one(fds[0]);
    close_one(fds[1]);
}

static void put_byte(int fd)
{
    ck_assert_int_eq(write(fd, "x", 1), 1);
}

static int waits_begun;

/* Waits, then takes a byte. */
TRV_STATIC_FUNCTION(take_byte, "take_byte(fd)")
{
    char byte;
    int fd;

    if (trv_parse(args, "i", &fd) < 0)
        return NULL;
    while (read(fd, &byte, 1) < 0) {
        ck_assert_int_eq(errno, EAGAIN);
        waits_begun++;
        if (trv_wait_fd(fd, TRV_READABLE, TRV_FOREVER) < 0)
            return NULL;
    }
    return trv_int_new(1);
}

TRV_STATIC_FUNCTION(wait_fd, "wait_fd(fd, events)")
{
    int fd, events, ready;

    if (trv_parse(args, "ii", &fd, &events) < 0 ||
        (ready = trv_wait_fd(fd, events, TRV_FOREVER)) < 0)
        return NULL;
    return trv_int_new(ready);
}

SEEDED_IN_LOOP(a_reader_waits_for_a_writer, 200)
{
    trv_object *future;
    int fds[2];

    make_pipe(fds);
    future = must(trv_spawn(take_byte, "i", fds[0]));
    must_int(trv_sleep(0.002));
    ck_assert_int_eq(trv_future_done(future), 0);
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(future)), 1);
    close_both(fds);
}

IN_LOOP(a_reader_waits_in_real_time)
{
    trv_object *future;
    int fds[2];

    make_pipe(fds);
    for (int i = 0; i < 10; i++) {
        future = must(trv_spawn(take_byte, "i", fds[0]));
        must_int(trv_sleep(i % 2 ? 0.005 : 0));
        put_byte(fds[1]);
        ck_assert_int_eq(number(joined(future)), 1);
    }
    close_both(fds);
}

/* All are woken by the one byte; one takes it, the others wait on. */
SEEDED_IN_LOOP(many_wait_for_one_descriptor, 200)
{
    trv_object *futures[20];
    int64_t sum = 0;
    int fds[2];

    make_pipe(fds);
    for (int i = 0; i < 20; i++)
        futures[i] = must(trv_spawn(take_byte, "i", fds[0]));
    for (int i = 0; i < 20; i++) {
        must_int(trv_sleep(0.001 * (i % 3)));
        put_byte(fds[1]);
    }
    for (int i = 0; i < 20; i++)
        sum += number(joined(futures[i]));
    ck_assert_int_eq(sum, 20);
    close_both(fds);
}

SEEDED_IN_LOOP(a_descriptor_for_each_of_many, 20)
{
    trv_object *futures[100];
    int fds[100][2];

    for (int i = 0; i < 100; i++) {
        make_pipe(fds[i]);
        futures[i] = must(trv_spawn(take_byte, "i", fds[i][0]));
    }
    must_int(trv_sleep(0.002));
    for (int i = 0; i < 100; i++)
        put_byte(fds[i * 37 % 100][1]);
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(number(joined(futures[i])), 1);
        close_both(fds[i]);
    }
}

static void fill(int fd)
{
    char zeros[4096] = {0};

    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
}

static void drain(int fd)
{
    char room[4096];

    while (read(fd, room, sizeof room) > 0)
        ;
}

SEEDED_IN_LOOP(readers_and_writers_of_one_descriptor, 200)
{
    trv_object *reader, *writer, *either;
    int fds[2];

    make_pair(fds);
    fill(fds[0]);
    reader = must(trv_spawn(wait_fd, "ii", fds[0], TRV_READABLE));
    writer = must(trv_spawn(wait_fd, "ii", fds[0], TRV_WRITABLE));
    either = must(trv_spawn(wait_fd, "ii", fds[0], TRV_READABLE | TRV_WRITABLE));
    must_int(trv_sleep(0.002));
    ck_assert_int_eq(trv_future_done(reader) + trv_future_done(writer) + trv_future_done(either),
                     0);
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(reader)), TRV_READABLE);
    ck_assert_int_eq(number(joined(either)), TRV_READABLE);
    ck_assert_int_eq(trv_future_done(writer), 0);
    drain(fds[1]);
    ck_assert_int_eq(number(joined(writer)), TRV_WRITABLE);
    close_both(fds);
}

/* Readable for a long time, and nobody asks: that must not keep the loop from idling. */
IN_LOOP(an_event_nobody_awaits_is_put_aside)
{
    trv_object *future;
    clock_t before;
    int fds[2], other[2];

    make_pipe(fds);
    make_pipe(other);
    future = must(trv_spawn(take_byte, "i", fds[0]));
    must_int(trv_sleep(0));
    put_byte(fds[1]);
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(future)), 1);
    future = must(trv_spawn(take_byte, "i", other[0]));
    before = clock();
    must_int(trv_sleep(0.2));
    ck_assert_int_lt(clock() - before, CLOCKS_PER_SEC / 10);
    put_byte(other[1]);
    ck_assert_int_eq(number(joined(future)), 1);
    ck_assert_int_eq(trv_wait_fd(fds[0], TRV_READABLE, 0), TRV_READABLE);
    close_both(fds);
    close_both(other);
}

IN_LOOP(timeouts_and_cancelled_scopes)
{
    trv_scope scope;
    int fds[2];

    make_pipe(fds);
    ck_assert_int_eq(trv_wait_fd(fds[0], TRV_READABLE, 0.01), -1);
    must_raise(trv_TimeoutError);
    TRV_TIMEOUT(0.01)
        ck_assert_int_eq(trv_wait_fd(fds[0], TRV_READABLE, TRV_FOREVER), -1);
    must_raise(trv_TimeoutError);
    must_int(trv_scope_begin(&scope, TRV_FOREVER));
    trv_scope_cancel(&scope);
    ck_assert_int_eq(trv_wait_fd(fds[0], TRV_READABLE, TRV_FOREVER), -1);
    ck_assert_int_eq(trv_scope_end(&scope), 0);
    ck_assert_int_eq(trv_wait_fd(fds[1], TRV_WRITABLE, TRV_FOREVER), TRV_WRITABLE);
    close_both(fds);
}

SEEDED_IN_LOOP(cancelling_a_wait, 200)
{
    trv_object *one, *two;
    int fds[2];

    make_pipe(fds);
    one = must(trv_spawn(take_byte, "i", fds[0]));
    two = must(trv_spawn(take_byte, "i", fds[0]));
    must_int(trv_sleep(0.001));
    ck_assert_int_eq(trv_future_cancel(one), 1);
    ck_assert_ptr_null(trv_future_result(one, TRV_FOREVER));
    must_raise(trv_CancelledError);
    trv_unref(one);
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(two)), 1);
    close_both(fds);
}

/* What epoll does not do ---------------------------------------------------------------------------- */

IN_LOOP(regular_files_are_always_ready)
{
    FILE *file = tmpfile();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    ck_assert(file && null >= 0);
    ck_assert_int_eq(trv_wait_fd(fileno(file), TRV_READABLE, TRV_FOREVER), TRV_READABLE);
    ck_assert_int_eq(trv_wait_fd(fileno(file), TRV_READABLE | TRV_WRITABLE, TRV_FOREVER),
                     TRV_READABLE | TRV_WRITABLE);
    ck_assert_int_eq(trv_wait_fd(null, TRV_WRITABLE, TRV_FOREVER), TRV_WRITABLE);
    fclose(file);
    close(null);
}

static void must_be_bad(int fd)
{
    ck_assert_int_eq(trv_wait_fd(fd, TRV_READABLE, TRV_FOREVER), -1);
    must_raise(trv_OSError);
}

IN_LOOP(bad_descriptors_are_an_error)
{
    int fds[2];

    make_pipe(fds);
    close_both(fds);
    must_be_bad(fds[0]);
    must_be_bad(1000000);
    ck_assert_int_eq(trv_wait_fd(-1, TRV_READABLE, TRV_FOREVER), -1);
    must_raise(trv_ValueError);
    ck_assert_int_eq(trv_wait_fd(0, 0, TRV_FOREVER), -1);
    must_raise(trv_ValueError);
}

IN_LOOP(waiting_changes_no_flags)
{
    int fds[2], flags;

    ck_assert_int_eq(pipe(fds), 0);
    flags = fcntl(fds[0], F_GETFL);
    ck_assert_int_eq(trv_wait_fd(fds[0], TRV_READABLE, 0.001), -1);
    must_raise(trv_TimeoutError);
    ck_assert_int_eq(fcntl(fds[0], F_GETFL), flags);
    close_both(fds);
}

IN_LOOP(the_other_end_is_gone)
{
    trv_object *future;
    int fds[2];

    make_pipe(fds);
    future = must(trv_spawn(wait_fd, "ii", fds[0], TRV_READABLE));
    must_int(trv_sleep(0.001));
    close_one(fds[1]);
    ck_assert_int_eq(number(joined(future)), TRV_READABLE);
    close_one(fds[0]);

    make_pipe(fds);
    fill(fds[1]);
    future = must(trv_spawn(wait_fd, "ii", fds[1], TRV_WRITABLE));
    must_int(trv_sleep(0.001));
    close_one(fds[0]); /* an error state, in which both directions are ready */
    ck_assert_int_eq(number(joined(future)), TRV_WRITABLE);
    ck_assert_int_eq(trv_wait_fd(fds[1], TRV_READABLE | TRV_WRITABLE, TRV_FOREVER),
                     TRV_READABLE | TRV_WRITABLE);
    close_one(fds[1]);
}

/* The deadline ------------------------------------------------------------------------------------------ */

static bool stands_still;

/* Stands before libuv's, which it calls; while that is wished, later than the loop had counted on. */
int uv_run(uv_loop_t *loop, uv_run_mode mode)
{
    int (*run)(uv_loop_t *, uv_run_mode);

    *(void **)&run = dlsym(RTLD_NEXT, "uv_run");
    if (stands_still && mode == UV_RUN_ONCE)
        usleep(50000);
    return run(loop, mode);
}

/* The time to wake has come before the loop begins to wait for descriptors. */
IN_LOOP(a_deadline_that_passes_on_the_way_to_the_wait)
{
    trv_object *future;
    int fds[2];

    make_pipe(fds);
    future = must(trv_spawn(take_byte, "i", fds[0]));
    stands_still = true;
    must_int(trv_sleep(0.02));
    stands_still = false;
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(future)), 1);
    close_both(fds);
}

/* Forgetting ------------------------------------------------------------------------------------------ */

SEEDED_IN_LOOP(forgetting_wakes_all_who_wait, 200)
{
    trv_object *futures[5];
    int fds[2];

    make_pair(fds);
    fill(fds[0]);
    for (int i = 0; i < 5; i++)
        futures[i] = must(trv_spawn(wait_fd, "ii", fds[0], i % 2 ? TRV_READABLE : TRV_WRITABLE));
    must_int(trv_sleep(0.001));
    close_both(fds);
    for (int i = 0; i < 5; i++) {
        ck_assert_ptr_null(trv_future_result(futures[i], TRV_FOREVER));
        must_raise(trv_OSError);
        trv_unref(futures[i]);
    }
}

SEEDED_IN_LOOP(a_number_that_is_used_again, 200)
{
    int first[2], second[2];

    for (int i = 0; i < 5; i++) {
        trv_object *future;
        make_pipe(first);
        future = must(trv_spawn(take_byte, "i", first[0]));
        must_int(trv_sleep(i % 2 ? 0.001 : 0)); /* or before the kernel was told of it */
        put_byte(first[1]);
        ck_assert_int_eq(number(joined(future)), 1);
        close_both(first);
        make_pipe(second);
        ck_assert_int_eq(second[0], first[0]);
        future = must(trv_spawn(take_byte, "i", second[0]));
        must_int(trv_sleep(0.001));
        ck_assert_int_eq(trv_future_done(future), 0);
        put_byte(second[1]);
        ck_assert_int_eq(number(joined(future)), 1);
        close_both(second);
    }
}

/* The same pipe under two numbers: forgetting one leaves the other alone. */
SEEDED_IN_LOOP(a_duplicate, 200)
{
    trv_object *one, *two;
    int fds[2], copy;

    make_pipe(fds);
    copy = dup(fds[0]);
    one = must(trv_spawn(take_byte, "i", fds[0]));
    two = must(trv_spawn(take_byte, "i", copy));
    must_int(trv_sleep(0.001));
    close_one(fds[0]);
    ck_assert_ptr_null(trv_future_result(one, TRV_FOREVER));
    must_raise(trv_OSError);
    trv_unref(one);
    ck_assert_int_eq(trv_future_done(two), 0);
    put_byte(fds[1]);
    ck_assert_int_eq(number(joined(two)), 1);
    close_one(copy);
    close_one(fds[1]);
}

/* Closed without a word: no rule is kept, but the process goes on. */
IN_LOOP(closing_without_forgetting)
{
    trv_object *future;
    int fds[2];

    if (TRV_GIL_STRESS)
        return; /* the loop has turned again by then, and the kernel forgets without a word */
    make_pipe(fds);
    future = must(trv_spawn(take_byte, "i", fds[0]));
    must_int(trv_reschedule());
    close(fds[0]);
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_OSError);
    trv_unref(future);
    close_one(fds[1]);
}

/* From a thread ----------------------------------------------------------------------------------------- */

static int thread_fd;

static void write_later(void *argument TRV_UNUSED)
{
    must_int(trv_sleep(0.01));
    put_byte(thread_fd);
}

SEEDED_IN_LOOP(a_thread_writes, 100)
{
    trv_object *future;
    int fds[2];

    make_pipe(fds);
    thread_fd = fds[1];
    future = must(trv_spawn(take_byte, "i", fds[0]));
    must_int(trv__thread_start(write_later, NULL, "writer", 0));
    ck_assert_int_eq(number(joined(future)), 1);
    close_both(fds);
}

/* Takes a byte and passes one on. */
TRV_STATIC_FUNCTION(pass_byte, "pass_byte(from, to)")
{
    int from, to;

    if (trv_parse(args, "ii", &from, &to) < 0)
        return NULL;
    trv_unref(must(trv_call(take_byte, "i", from)));
    put_byte(to);
    return trv_none_new();
}

/* `a` is writable, nobody asks any more, and the loop finds that out while it tells the kernel of
 * the pipe: whoever reads from `a` must not be lost then. */
SEEDED_IN_LOOP(reading_goes_on_when_writing_is_over, 50)
{
    trv_object *passer;
    int a[2], fds[2];

    make_pair(a);
    make_pipe(fds);
    thread_fd = a[1];
    passer = must(trv_spawn(pass_byte, "ii", a[0], fds[1]));
    must_int(trv_reschedule());
    ck_assert_int_eq(trv_wait_fd(a[0], TRV_WRITABLE, TRV_FOREVER), TRV_WRITABLE);
    must_int(trv__thread_start(write_later, NULL, "writer", 0));
    trv_unref(must(trv_call(take_byte, "i", fds[0])));
    trv_unref(joined(passer));
    close_both(a);
    close_both(fds);
}

/* Closes what somebody waits for, as the one who starts the thread sees to. */
static void forget_later(void *argument TRV_UNUSED)
{
    must_int(trv_sleep(0.01));
    while (!waits_begun)
        must_int(trv_sleep(0.001));
    close_one(thread_fd);
}

static void forget_in_thread(int fd)
{
    thread_fd = fd;
    waits_begun = 0;
    must_int(trv__thread_start(forget_later, NULL, "closer", 0));
}

SEEDED_IN_LOOP(a_thread_closes_and_the_number_is_used_again, 100)
{
    trv_object *future;
    int fds[2], again[2];

    make_pipe(fds);
    forget_in_thread(fds[0]);
    future = must(trv_spawn(take_byte, "i", fds[0]));
    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    must_raise(trv_OSError);
    trv_unref(future);
    close_one(fds[1]);
    make_pipe(again);
    future = must(trv_spawn(take_byte, "i", again[0]));
    must_int(trv_sleep(0.01));
    put_byte(again[1]);
    ck_assert_int_eq(number(joined(future)), 1);
    close_both(again);
}

IN_LOOP(a_thread_closes_in_real_time)
{
    for (int i = 0; i < 20; i++) {
        trv_object *future;
        int fds[2];
        make_pipe(fds);
        forget_in_thread(fds[0]);
        future = must(trv_spawn(take_byte, "i", fds[0]));
        ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
        must_raise(trv_OSError);
        trv_unref(future);
        close_one(fds[1]);
    }
}

TEST_LIST(RUN(a_reader_waits_for_a_writer), RUN(a_reader_waits_in_real_time),
          RUN(many_wait_for_one_descriptor), RUN(a_descriptor_for_each_of_many),
          RUN(readers_and_writers_of_one_descriptor), RUN(an_event_nobody_awaits_is_put_aside),
          RUN(timeouts_and_cancelled_scopes), RUN(cancelling_a_wait),
          RUN(regular_files_are_always_ready), RUN(bad_descriptors_are_an_error),
          RUN(waiting_changes_no_flags), RUN(the_other_end_is_gone),
          RUN(a_deadline_that_passes_on_the_way_to_the_wait), RUN(forgetting_wakes_all_who_wait),
          RUN(a_number_that_is_used_again), RUN(a_duplicate), RUN(closing_without_forgetting),
          RUN(a_thread_writes), RUN(reading_goes_on_when_writing_is_over),
          RUN(a_thread_closes_and_the_number_is_used_again), RUN(a_thread_closes_in_real_time))
