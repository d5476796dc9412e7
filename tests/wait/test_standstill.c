/* SPDX-License-Identifier: MIT */
/*
 * Standstill: a program in which nothing can ever happen again is told so, and one in which anything
 * still can is not: a deadline, a descriptor, a process, a thread outside or one of somebody else.
 */
#include "wait/told.h"

#include "base/locate.h"

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static trv_object *event, *queue;

static void begin(void)
{
    found = 0;
    event = trv_event_new();
    queue = trv_queue_new(0);
}

static void end(void)
{
    trv_clear(&event);
    trv_clear(&queue);
}

/* Found ----------------------------------------------------------------------------------------- */

static void main_waits(void)
{
    begin();
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), -1);
    note_deadlock();
    expect_in_message("nothing can ever run again; these wait:");
    expect_in_message("the main thread in event_wait at ");
    expect_in_message(", for <event at 0x");
    if (TRV_LIBDW)
        expect_in_message("main_waits (test_standstill.c:");
    end();
}

SEEDED_TEST(an_event_that_nobody_sets, 10)
{
    main_waits();
}

TEST(the_same_with_a_real_clock)
{
    main_waits();
}

TEST(an_endless_sleep)
{
    ck_assert_int_eq(trv_sleep(TRV_FOREVER), -1);
    note_deadlock();
    expect_in_message("in sleep at ");
}

static void get_item(void *unused)
{
    trv_auto trv_object *item = trv_queue_get(queue, TRV_FOREVER);

    (void)unused;
    if (!item)
        note_deadlock();
}

/* One after the other is told, so that all end: first the last who came to wait. */
static void all_get(void)
{
    struct crew crew;

    begin();
    crew_begin(&crew);
    for (int i = 0; i < 3; i++)
        crew_start(&crew, get_item, NULL);
    crew_join(&crew);
    ck_assert_int_eq(found, 3);
    end();
}

SEEDED_TEST(a_queue_that_nobody_fills, 100)
{
    all_get();
}

TEST(a_queue_that_nobody_really_fills)
{
    all_get();
}

/* The last one that could run ends: it is no thread any more when it looks at who is left. */
static void wait_or_tell_the_others(void *unused)
{
    (void)unused;
    if (trv_event_wait(event, TRV_FOREVER) < 0) {
        note_deadlock();
        ck_assert_int_eq(trv_event_set(event), 0);
    }
}

static void do_nothing(void *unused)
{
    (void)unused;
}

SEEDED_TEST(the_last_one_that_could_ends, 20)
{
    struct crew crew;

    begin();
    crew_begin(&crew);
    crew_start(&crew, wait_or_tell_the_others, NULL);
    crew_start(&crew, do_nothing, NULL);
    wait_or_tell_the_others(NULL);
    crew_join(&crew);
    ck_assert_int_eq(found, 1);
    end();
}

static trv_object *condition;

static void wait_on_condition(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_condition_acquire(condition, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_condition_wait(condition, TRV_FOREVER), -1);
    note_deadlock();
    ck_assert_int_eq(trv_condition_release(condition), 0);
}

/* They come back with the lock. */
SEEDED_TEST(a_condition_that_nobody_notifies, 100)
{
    struct crew crew;

    begin();
    condition = trv_condition_new(NULL);
    crew_begin(&crew);
    crew_start(&crew, wait_on_condition, NULL);
    crew_start(&crew, wait_on_condition, NULL);
    crew_join(&crew);
    ck_assert_int_eq(found, 2);
    trv_clear(&condition);
    end();
}

TRV_STATIC_FUNCTION(wait_for_event, "wait_for_event()")
{
    (void)args;
    return trv_event_wait(event, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(spawn_two, "spawn_two(): coroutines that wait, and waits for them")
{
    trv_auto trv_object *one = trv_spawn(wait_for_event, ""), *two = trv_spawn(wait_for_event, "");
    trv_auto trv_object *both = trv_build("[o o]", one, two);

    (void)args;
    return trv_gather(both);
}

SEEDED_TEST(coroutines, 100)
{
    begin();
    ck_assert_ptr_null(trv_run(spawn_two, ""));
    note_deadlock();
    expect_in_message("coroutine 'wait_for_event' in event_wait at ");
    expect_in_message("coroutine 'spawn_two' in gather at ");
    end();
}

/* Idle workers are nothing that could happen. */
SEEDED_TEST(beside_idle_pools, 50)
{
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL);
    trv_object *futures[2];

    begin();
    futures[0] = trv_submit(threads, wait_for_event, "");
    futures[1] = trv_submit(coroutines, wait_for_event, "");
    for (int i = 0; i < 2; i++) {
        ck_assert_ptr_null(trv_future_result(futures[i], TRV_FOREVER));
        note_deadlock();
        trv_unref(futures[i]);
    }
    ck_assert_int_eq(found, 2);
    crew_expect_no_error("waiting");
    if (trv_shutdown(threads, NULL) < 0 || trv_shutdown(coroutines, NULL) < 0)
        crew_expect_no_error("shutting down");
    end();
}

/* The runtime ends with a thread that would never: it is told, and trv_fini comes back. */
RAW_TEST(a_thread_that_is_left_at_the_end)
{
    found = 0;
    ck_assert_int_eq(trv_init(NULL), 0);
    queue = trv_queue_new(0);
    ck_assert_int_eq(trv__thread_start(get_item, NULL, "left", 0), 0);
    while (trv_refcount(queue) == 1)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    trv_unref(queue); /* who waits for it holds it */
    trv_fini();
    ck_assert_int_eq(found, 1);
    expect_in_message("thread 'left' in queue_get at ");
}

/* Not found ------------------------------------------------------------------------------------- */

static void expect_set(void)
{
    if (trv_event_wait(event, TRV_FOREVER) < 0)
        trv_error_print();
    ck_assert_int_eq(trv_event_is_set(event), 1);
}

static void set_later(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.02), 0);
    trv_event_set(event);
}

static void set_from_outside(void *unused)
{
    (void)unused;
    TRV_ALLOW_THREADS {
        usleep(20000);
    }
    trv_event_set(event);
}

static void check_not_found(crew_body *body, void *argument)
{
    struct crew crew;

    begin();
    crew_begin(&crew);
    crew_start(&crew, body, argument);
    expect_set();
    crew_join(&crew);
    end();
}

SEEDED_TEST(a_deadline, 20)
{
    check_not_found(set_later, NULL);
}

TEST(a_real_deadline)
{
    check_not_found(set_later, NULL);
}

SEEDED_TEST(a_thread_outside, 10)
{
    check_not_found(set_from_outside, NULL);
}

TRV_STATIC_FUNCTION(set_event, "set_event(...)")
{
    (void)args;
    trv_event_set(event);
    return trv_none_new();
}

TEST(a_timer)
{
    trv_auto trv_object *timer = trv_timer_new(0.02, set_event, "");

    begin();
    ck_assert_int_eq(trv_thread_start(timer), 0);
    expect_set();
    ck_assert_int_eq(trv_thread_join(timer, TRV_FOREVER), 1);
    end();
}

/* What handles a signal may wake anybody; an interrupt is no reason to wait. */
TEST(a_signal)
{
    struct itimerval soon = {.it_value = {.tv_usec = 20000}};

    begin();
    ck_assert_int_eq(trv_signal_handle(SIGALRM, set_event), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &soon, NULL), 0);
    expect_set();
    ck_assert_int_eq(trv_signal_handle(SIGALRM, NULL), 0);
    end();
    ck_assert_int_eq(trv_signal_handle(SIGINT, trv_interrupt), 0);
    main_waits();
    ck_assert_int_eq(trv_signal_handle(SIGINT, NULL), 0);
}

static int pipe_fds[2];

static void set_when_readable(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_wait_fd(pipe_fds[0], TRV_READABLE, TRV_FOREVER), TRV_READABLE);
    trv_event_set(event);
}

TRV_STATIC_FUNCTION(read_in_loop, "read_in_loop()")
{
    (void)args;
    set_when_readable(NULL);
    return trv_none_new();
}

static void run_loop(void *unused)
{
    (void)unused;
    trv_unref(trv_run(read_in_loop, ""));
}

static void check_descriptor(crew_body *body)
{
    pid_t child;

    ck_assert_int_eq(pipe(pipe_fds), 0);
    child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(write(pipe_fds[1], "x", 1) == 1 ? 0 : 1);
    }
    check_not_found(body, NULL);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

TEST(a_descriptor)
{
    check_descriptor(set_when_readable);
    check_descriptor(run_loop);
}

static void *attach_and_set(void *unused)
{
    usleep(20000);
    ck_assert_int_eq(trv_thread_attach(), 0);
    trv_event_set(event);
    trv_thread_detach();
    return unused;
}

static void check_foreign(void)
{
    pthread_t thread;

    begin();
    ck_assert_int_eq(pthread_create(&thread, NULL, attach_and_set, NULL), 0);
    expect_set();
    pthread_join(thread, NULL);
    end();
}

SEEDED_TEST(a_foreign_thread, 10)
{
    check_foreign();
}

TEST(a_foreign_thread_twice)
{
    check_foreign();
    check_foreign();
}

static void *attach_from_work(void *unused)
{
    return attach_and_set(unused);
}

TEST(plain_work)
{
    size_t idle = atomic_load(&trv__runtime()->standstill.helpers); /* before there is a worker */
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);
    trv_auto trv_object *group = trv_work_group_new(pool);

    begin();
    ck_assert_int_eq(trv_work_submit(group, attach_from_work, NULL), 0);
    expect_set();
    ck_assert_int_eq(trv_work_wait(group, TRV_FOREVER), 0);
    end();
    while (atomic_load(&trv__runtime()->standstill.helpers) == idle)
        usleep(1000);
    main_waits(); /* and the idle worker of plain work is nothing that could happen */
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

TRV_STATIC_FUNCTION(nap, "nap()")
{
    (void)args;
    usleep(20000);
    return trv_none_new();
}

TEST(a_process)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 1};
    trv_auto trv_object *pool = trv_process_pool_new(&options), *future = NULL, *pids = NULL;

    begin();
    ck_assert_ptr_nonnull((pids = trv_process_pool_pids(pool)));
    for (int i = 0; i < 5; i++) {
        trv_unref(future);
        trv_event_clear(event);
        future = trv_submit(pool, nap, "");
        ck_assert_int_eq(trv_future_add_done_callback(future, set_event), 0);
        expect_set();
    }
    end();
    main_waits(); /* and an idle pool is nothing that could happen */
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

TEST_LIST(RUN(an_event_that_nobody_sets), RUN(the_same_with_a_real_clock), RUN(an_endless_sleep),
          RUN(a_queue_that_nobody_fills), RUN(a_queue_that_nobody_really_fills),
          RUN(the_last_one_that_could_ends), RUN(a_condition_that_nobody_notifies), RUN(coroutines),
          RUN(beside_idle_pools), RUN(a_thread_that_is_left_at_the_end), RUN(a_deadline),
          RUN(a_real_deadline), RUN(a_thread_outside), RUN(a_timer), RUN(a_signal),
          RUN(a_descriptor), RUN(a_foreign_thread), RUN(a_foreign_thread_twice), RUN(plain_work),
          RUN(a_process))
