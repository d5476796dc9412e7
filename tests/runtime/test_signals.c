/* SPDX-License-Identifier: MIT */
/*
 * Signals: callbacks on the main thread in the midst of every blocking call, exceptions out of them,
 * loops, storms, forks, and that everything is put back.
 */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int heard;

TRV_STATIC_FUNCTION(count, "count(signum)")
{
    int number;

    if (trv_parse(args, "i", &number) < 0)
        return NULL;
    ck_assert_int_eq(number, SIGUSR1);
    heard++;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(tries_to_block, "tries_to_block(signum)")
{
    return trv_sleep(1) < 0 ? NULL : trv_none_new();
}

static void handle(trv_object *callable)
{
    ck_assert_int_eq(trv_signal_handle(SIGUSR1, callable), 0);
}

static int is_default(int number)
{
    struct sigaction action;

    ck_assert_int_eq(sigaction(number, NULL, &action), 0);
    return action.sa_handler == SIG_DFL;
}

/* Sends a signal to the process, once or on and on, from a thread that is in no runtime; if it is to wait,
 * not before the program is there for it. */
struct sender {
    pthread_t thread;
    int number, times;
    useconds_t every_us;
    _Atomic bool has_to_wait, is_over;
    const _Atomic uint32_t *park_word; /* of the thread that has to be in a wait; or NULL */
};

static void *send_signals(void *argument)
{
    struct sender *sender = argument;
    sigset_t all;

    sigfillset(&all); /* it is not for this thread */
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    while ((sender->has_to_wait || (sender->park_word && !*sender->park_word)) && !sender->is_over)
        usleep(100);
    for (int i = 0; !sender->is_over && (!sender->times || i < sender->times); i++) {
        usleep(sender->every_us);
        kill(getpid(), sender->number);
    }
    return NULL;
}

static void sender_start(struct sender *sender)
{
    ck_assert_int_eq(pthread_create(&sender->thread, NULL, send_signals, sender), 0);
}

static void sender_begin(struct sender *sender, int number, int times, useconds_t every_us)
{
    *sender = (struct sender){.number = number, .times = times, .every_us = every_us};
    sender_start(sender);
}

/* For the next wait of this thread: one that comes before is handled before. */
static void sender_begin_in_wait(struct sender *sender, int number)
{
    struct trv__thread *self = trv__thread_self();

    atomic_store(&self->park_word, 0);
    *sender = (struct sender){
        .number = number, .times = 1, .every_us = 2000, .park_word = &self->park_word};
    sender_start(sender);
}

static void sender_end(struct sender *sender)
{
    sender->is_over = true;
    TRV_ALLOW_THREADS
        pthread_join(sender->thread, NULL);
}

/* Asking ---------------------------------------------------------------------------------------- */

/* Check has handlers of its own. */
static void without_those_of_check(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

RAW_TEST(nothing_is_installed_uninvited)
{
    without_those_of_check();
    ck_assert_int_eq(trv_init(NULL), 0);
    ck_assert(is_default(SIGINT) && is_default(SIGUSR1) && is_default(SIGTERM));
    trv_fini();
}

RAW_TEST(handlers_are_put_back)
{
    trv_config config = {.size = sizeof config, .handle_signals = 1};

    without_those_of_check();
    ck_assert_int_eq(trv_init(&config), 0);
    ck_assert(!is_default(SIGINT));
    handle(count);
    handle(tries_to_block);
    ck_assert(!is_default(SIGUSR1));
    ck_assert_int_eq(trv_signal_handle(SIGUSR1, NULL), 0);
    ck_assert(is_default(SIGUSR1));
    handle(count);
    trv_fini();
    ck_assert(is_default(SIGINT) && is_default(SIGUSR1));
    signal(SIGINT, SIG_IGN); /* as a shell does for what runs in the background */
    ck_assert_int_eq(trv_init(&config), 0);
    raise(SIGINT);
    ck_assert_int_eq(trv_checkpoint(), 0);
    trv_fini();
    signal(SIGINT, SIG_DFL);
}

static void ask_elsewhere(void *unused TRV_UNUSED)
{
    ck_assert_int_eq(trv_signal_handle(SIGUSR1, count), -1);
    crew_expect_error(trv_RuntimeError);
}

TEST(what_cannot_be_handled)
{
    trv_auto trv_object *number = trv_int_new(7);
    struct crew crew;
    int none[] = {0, -1, 65, SIGSEGV, SIGBUS, SIGFPE, SIGILL};

    for (size_t i = 0; i < COUNT_OF(none); i++) {
        ck_assert_int_eq(trv_signal_handle(none[i], count), -1);
        crew_expect_error(trv_ValueError);
    }
    ck_assert_int_eq(trv_signal_handle(SIGKILL, count), -1);
    crew_expect_error(trv_OSError);
    ck_assert_int_eq(trv_signal_handle(SIGUSR1, number), -1);
    crew_expect_error(trv_TypeError);
    crew_begin(&crew);
    crew_start(&crew, ask_elsewhere, NULL);
    crew_join(&crew);
}

/* At safepoints --------------------------------------------------------------------------------- */

TEST(at_a_safepoint)
{
    heard = 0;
    handle(count);
    raise(SIGUSR1);
    ck_assert_int_eq(heard, 0);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_int_eq(heard, 1);
    handle(trv_interrupt);
    raise(SIGUSR1);
    ck_assert_int_eq(trv_checkpoint(), -1);
    crew_expect_error(trv_KeyboardInterrupt);
    handle(tries_to_block);
    raise(SIGUSR1);
    ck_assert_int_eq(trv_checkpoint(), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_checkpoint(), 0);
    handle(NULL);
}

/* Two came: the first raises, the second is not lost. */
TEST(one_after_the_other)
{
    heard = 0;
    handle(count);
    ck_assert_int_eq(trv_signal_handle(SIGHUP, trv_interrupt), 0);
    raise(SIGHUP);
    raise(SIGUSR1);
    ck_assert_int_eq(trv_checkpoint(), -1);
    crew_expect_error(trv_KeyboardInterrupt);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_int_eq(heard, 1);
}

/* In waits -------------------------------------------------------------------------------------- */

static trv_object *event, *queue, *lock;
static int nobody_writes[2];

static int wait_in(int kind, double timeout)
{
    switch (kind) {
    case 0:
        return trv_sleep(timeout);
    case 1:
        return trv_event_wait(event, timeout);
    case 2: {
        trv_auto trv_object *item = trv_queue_get(queue, timeout);
        return item ? 1 : -1;
    }
    case 3:
        return trv_lock_acquire(lock, timeout);
    default:
        return trv_wait_fd(nobody_writes[0], TRV_READABLE, timeout);
    }
}

static void hold_lock(void *until)
{
    ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_event_wait(until, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

static void each_wait(void (*check)(int kind))
{
    trv_auto trv_object *until = trv_event_new();
    struct crew crew;

    event = trv_event_new();
    queue = trv_queue_new(0);
    lock = trv_lock_new();
    ck_assert_int_eq(pipe(nobody_writes), 0);
    crew_begin(&crew);
    crew_start(&crew, hold_lock, until);
    while (!trv_lock_locked(lock))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    for (int kind = 0; kind < 5; kind++)
        check(kind);
    ck_assert_int_eq(trv_event_set(until), 0);
    crew_join(&crew);
    close(nobody_writes[0]);
    close(nobody_writes[1]);
    trv_clear(&event);
    trv_clear(&queue);
    trv_clear(&lock);
}

/* In virtual time only a wait for a descriptor lasts. */
static void expect_interrupted(int kind)
{
    struct sender sender;

    if (!trv__runtime()->chooser.is_seeded || kind == 4) {
        sender_begin(&sender, SIGUSR1, 1, 2000);
        ck_assert_int_eq(wait_in(kind, 1000), -1);
        crew_expect_error(trv_KeyboardInterrupt);
        sender_end(&sender);
    }
    raise(SIGUSR1); /* and one that comes before */
    ck_assert_int_eq(wait_in(kind, 1000), -1);
    crew_expect_error(trv_KeyboardInterrupt);
}

static void interrupted_everywhere(void)
{
    handle(trv_interrupt);
    each_wait(expect_interrupted);
}

TEST(an_exception_ends_every_wait)
{
    interrupted_everywhere();
}

SEEDED_TEST(an_exception_ends_every_wait_under_a_seed, 10)
{
    interrupted_everywhere();
}

static void expect_to_wait_on(int kind)
{
    struct sender sender;
    double began = trv_time();

    heard = 0;
    sender_begin(&sender, SIGUSR1, 3, 1000);
    ck_assert_int_le(wait_in(kind, 0.05), 0);
    if (trv_error_occurred())
        trv_error_clear();
    ck_assert(trv_time() - began >= 0.05);
    sender_end(&sender);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_int_ge(heard, 1);
}

TEST(a_wait_goes_on_after_a_callback)
{
    handle(count);
    each_wait(expect_to_wait_on);
}

TRV_STATIC_FUNCTION(set_event, "set_event(signum)")
{
    heard++;
    return trv_event_set(event) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(set_and_raise, "set_and_raise(signum)")
{
    return trv_event_set(event) < 0 ? NULL : trv_raise(trv_KeyError, "later");
}

/* The callback is what ends the wait it interrupts; nothing else could, and that is no deadlock. */
TEST(a_callback_ends_the_wait)
{
    struct sender sender;

    event = trv_event_new();
    handle(set_event);
    sender_begin_in_wait(&sender, SIGUSR1);
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    sender_end(&sender);
    ck_assert_int_eq(trv_event_clear(event), 0);
    handle(set_and_raise);
    sender_begin_in_wait(&sender, SIGUSR1);
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
    sender_end(&sender);
    ck_assert_int_eq(trv_checkpoint(), -1);
    crew_expect_error(trv_KeyError);
    trv_clear(&event);
}

/* Loops ----------------------------------------------------------------------------------------- */

/* Each of these calls says that it has begun: one that is cancelled before never runs. */
static struct sender interrupter;
static int cleaned_up;

static void begun(void)
{
    interrupter.has_to_wait = false;
}

TRV_STATIC_FUNCTION(sleeps_long, "sleeps_long()")
{
    trv_object *answer;

    begun();
    answer = trv_sleep(1000) < 0 ? NULL : trv_none_new();
    cleaned_up++;
    return answer;
}

TRV_STATIC_FUNCTION(computes, "computes()")
{
    begun();
    for (;;)
        if (trv_checkpoint() < 0)
            return NULL;
}

TRV_STATIC_FUNCTION(waits_for_fd, "waits_for_fd()")
{
    begun();
    return trv_wait_fd(nobody_writes[0], TRV_READABLE, 1000) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(waits_for_child, "waits_for_child()")
{
    trv_auto trv_object *child = trv_spawn(sleeps_long, "");

    return trv_future_result(child, TRV_FOREVER);
}

TRV_STATIC_FUNCTION(answers_anyway, "answers_anyway()")
{
    begun();
    ck_assert_int_eq(trv_sleep(1000), -1);
    crew_expect_error(trv_CancelledError);
    return trv_int_new(5);
}

static void run_interrupted(trv_object *function, bool is_to_answer)
{
    trv_object *result;

    interrupter =
        (struct sender){.number = SIGUSR1, .times = 1, .every_us = 3000, .has_to_wait = true};
    sender_start(&interrupter);
    result = trv_run(function, "");
    if (is_to_answer) {
        ck_assert_ptr_nonnull(result);
        trv_unref(result);
    } else {
        ck_assert_ptr_null(result);
        crew_expect_error(trv_KeyboardInterrupt);
    }
    sender_end(&interrupter);
}

static void loops_interrupted(void)
{
    handle(trv_interrupt);
    ck_assert_int_eq(pipe(nobody_writes), 0);
    cleaned_up = 0;
    run_interrupted(computes, false);
    run_interrupted(waits_for_fd, false);
    if (!trv__runtime()->chooser.is_seeded) {
        run_interrupted(sleeps_long, false);
        run_interrupted(waits_for_child, false);
        ck_assert_int_eq(cleaned_up, 2);
        run_interrupted(answers_anyway, true);
    }
    close(nobody_writes[0]);
    close(nobody_writes[1]);
}

TEST(an_exception_ends_a_loop)
{
    loops_interrupted();
}

SEEDED_TEST(an_exception_ends_a_loop_under_a_seed, 10)
{
    loops_interrupted();
}

/* Storms ---------------------------------------------------------------------------------------- */

static void pass_items(void *unused TRV_UNUSED)
{
    for (int i = 0; i < 300; i++) {
        trv_auto trv_object *item = trv_queue_get(queue, TRV_FOREVER);
        ck_assert_ptr_nonnull(item);
        ck_assert_int_eq(trv_event_set(event), 0);
        if (i % 10 == 0)
            ck_assert_int_eq(trv_sleep(0.0002), 0);
    }
}

TRV_STATIC_FUNCTION(answer, "answer(n): n")
{
    return trv_sleep(0.0001) < 0 ? NULL : trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(sleeps_often, "sleeps_often()")
{
    for (int i = 0; i < 50; i++)
        if (trv_sleep(0.0003) < 0)
            return NULL;
    return trv_none_new();
}

static void work_in(trv_object *pool)
{
    for (int i = 0; i < 50; i++) {
        trv_auto trv_object *future = trv_submit(pool, answer, "i", i);
        trv_auto trv_object *result = future ? trv_future_result(future, TRV_FOREVER) : NULL;
        crew_expect_no_error("a call in a storm");
        ck_assert_ptr_nonnull(result);
    }
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

/* 10 kHz of signals, while everything goes on and ends as it does without. */
static void storm(void)
{
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL);
    trv_auto trv_object *processes = trv_process_pool_new(NULL);
    trv_auto trv_object *ran = NULL;
    struct crew crew;

    event = trv_event_new();
    queue = trv_queue_new(1);
    crew_begin(&crew);
    crew_start(&crew, pass_items, NULL);
    for (int i = 0; i < 300; i++) {
        ck_assert_int_eq(trv_queue_put(queue, event, TRV_FOREVER), 0);
        ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
        ck_assert_int_eq(trv_event_clear(event), 0);
        if (i % 50 == 0)
            ck_assert_int_eq(trv_sleep(0.001), 0);
    }
    crew_join(&crew);
    work_in(threads);
    work_in(coroutines);
    work_in(processes);
    ran = trv_run(sleeps_often, "");
    crew_expect_no_error("a loop in a storm");
    trv_clear(&event);
    trv_clear(&queue);
}

TEST(a_storm_of_handled_signals)
{
    struct sender sender;

    heard = 0;
    handle(count);
    sender_begin(&sender, SIGUSR1, 0, 100);
    do
        storm();
    while (heard <= 10); /* the sender may have stood still */
    sender_end(&sender);
}

static void do_nothing(int number TRV_UNUSED)
{
}

/* A handler of the program's own, which interrupts whatever system call a thread is in. */
TEST(a_storm_for_every_thread)
{
    struct sigaction action = {.sa_handler = do_nothing}, before;
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};

    ck_assert_int_eq(sigaction(SIGALRM, &action, &before), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
    storm();
    ck_assert_int_eq(setitimer(ITIMER_REAL, &never, NULL), 0);
}

/* Forks ----------------------------------------------------------------------------------------- */

TEST(a_child_starts_without_pending_ones)
{
    int status;
    pid_t pid;

    heard = 0;
    handle(count);
    raise(SIGUSR1);
    if ((pid = fork()) == 0) {
        if (trv_checkpoint() < 0 || heard)
            _exit(1);
        raise(SIGUSR1);
        if (trv_sleep(0.001) < 0 || heard != 1)
            _exit(2);
        trv_fini();
        _exit(is_default(SIGUSR1) ? 0 : 3);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(trv_checkpoint(), 0);
    ck_assert_int_eq(heard, 1);
}

TEST_LIST(RUN(nothing_is_installed_uninvited), RUN(handlers_are_put_back),
          RUN(what_cannot_be_handled), RUN(at_a_safepoint), RUN(one_after_the_other),
          RUN(an_exception_ends_every_wait), RUN(an_exception_ends_every_wait_under_a_seed),
          RUN(a_wait_goes_on_after_a_callback), RUN(a_callback_ends_the_wait),
          RUN(an_exception_ends_a_loop), RUN(an_exception_ends_a_loop_under_a_seed),
          RUN(a_storm_of_handled_signals), RUN(a_storm_for_every_thread),
          RUN(a_child_starts_without_pending_ones))
