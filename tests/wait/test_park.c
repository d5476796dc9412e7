/* SPDX-License-Identifier: MIT */
/* Park and unpark, sleeping, waiting for descriptors. */
#include "support/crew.h"

#include "trivet/coroutine.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Parking ------------------------------------------------------------------------------------- */

static struct trv__list waiting;
static int woken;

static void wait_in_list(void *unused)
{
    struct trv__waiter waiter;

    (void)unused;
    ck_assert_int_eq(trv__wait_in(&waiting, &waiter, NULL, TRV__NEVER), TRV__WOKEN);
    ck_assert_int_eq(trv__list_is_linked(&waiter.link), 0);
    trv_unref(waiter.given);
    woken += waiter.given != NULL;
}

TEST(nobody_waits_in_an_empty_list)
{
    trv__list_init(&waiting);
    ck_assert_ptr_null(trv__wake_one(&waiting, NULL));
    trv__wake_all(&waiting);
    ck_assert_int_eq(trv__unpark(trv__current->context, TRV__WOKEN), 0);
}

SEEDED_TEST(each_wake_reaches_one, 200)
{
    trv_auto trv_object *given = trv_str_new("something to hand over, and to be counted");
    struct crew crew;

    trv__list_init(&waiting);
    crew_begin(&crew);
    for (int i = 0; i < 4; i++)
        crew_start(&crew, wait_in_list, NULL);
    crew_settle();
    for (int i = 0; i < 3; i++)
        ck_assert_ptr_nonnull(trv__wake_one(&waiting, given));
    crew_settle();
    ck_assert_int_eq(woken, 3);
    ck_assert_ptr_nonnull(trv__wake_one(&waiting, given));
    ck_assert_ptr_null(trv__wake_one(&waiting, given));
    crew_join(&crew);
    ck_assert_int_eq(woken, 4);
    ck_assert_int_eq(trv_refcount(given), 1);
}

static enum trv__wake how_it_ended;

static void wait_a_second(void *unused)
{
    struct trv__waiter waiter;

    (void)unused;
    how_it_ended = trv__wait_in(&waiting, &waiter, NULL, trv__now_ns() + TRV__SECOND);
}

/* The wake and the deadline fall on one instant: one of them ends the wait, and both know which. */
SEEDED_TEST(a_wake_races_with_the_deadline, 200)
{
    struct crew crew;
    bool was_found;

    trv__list_init(&waiting);
    crew_begin(&crew);
    crew_start(&crew, wait_a_second, NULL);
    ck_assert_int_eq(trv_sleep(1), 0);
    was_found = trv__wake_one(&waiting, NULL) != NULL;
    crew_join(&crew);
    ck_assert_int_eq(how_it_ended, was_found ? TRV__WOKEN : TRV__TIMED_OUT);
}

/* Sleeping ------------------------------------------------------------------------------------ */

TEST(sleeping_takes_its_time)
{
    double began = trv_time();

    ck_assert_int_eq(trv_sleep(0.02), 0);
    ck_assert_double_ge(trv_time() - began, 0.02);
    ck_assert_int_eq(trv_sleep(0), 0);
    ck_assert_int_eq(trv_sleep(-1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_sleep(__builtin_nan("")), -1);
    crew_expect_error(trv_ValueError);
}

static int sleepers_order[4], sleepers_done;

static void sleep_for(void *number)
{
    ck_assert_int_eq(trv_sleep(*(int *)number), 0);
    sleepers_order[sleepers_done++] = *(int *)number;
}

SEEDED_TEST(sleepers_wake_in_the_order_of_their_deadlines, 100)
{
    static int numbers[] = {3, 1, 4, 2};
    struct crew crew;
    double began = trv_time();

    crew_begin(&crew);
    for (size_t i = 0; i < 4; i++)
        crew_start(&crew, sleep_for, &numbers[i]);
    crew_join(&crew);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(sleepers_order[i], i + 1);
    ck_assert_double_eq_tol(trv_time() - began, 4, 1e-4);
}

/* A year passes at once. */
SEEDED_TEST(virtual_time_costs_none, 3)
{
    double began = trv_time();

    ck_assert_int_eq(trv_sleep(365 * 86400.0), 0);
    ck_assert_double_eq_tol(trv_time() - began, 365 * 86400.0, 1);
}

static void try_to_block(trv_object *self)
{
    (void)self;
    ck_assert_int_eq(trv_sleep(0), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_reschedule(), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_wait_fd(0, TRV_READABLE, 0), -1);
    crew_expect_error(trv_RuntimeError);
    woken++;
}

TEST(a_finalizer_may_not_block)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "dropped", .slots = {.finalize = try_to_block}};
    trv_auto trv_object *type = trv_type_new(&spec);

    trv_unref(trv_call(type, ""));
    ck_assert_int_eq(woken, 1);
}

/* Descriptors --------------------------------------------------------------------------------- */

static int pair[2];

static void open_pair(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
}

static void close_pair(void)
{
    close(pair[0]);
    close(pair[1]);
}

TEST(a_descriptor_that_is_ready)
{
    open_pair();
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_WRITABLE, TRV_FOREVER), TRV_WRITABLE);
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE | TRV_WRITABLE, 1), TRV_WRITABLE);
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE, 0), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE, 0), TRV_READABLE);
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE | TRV_WRITABLE, 0),
                     TRV_READABLE | TRV_WRITABLE);
    close(pair[1]);
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE, 0), TRV_READABLE); /* its end can be read */
    close(pair[0]);
}

TEST(regular_files_are_always_ready)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(trv_wait_fd(fd, TRV_READABLE, TRV_FOREVER), TRV_READABLE);
    close(fd);
}

TEST(wrong_descriptors)
{
    ck_assert_int_eq(trv_wait_fd(-1, TRV_READABLE, 0), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_wait_fd(0, 0, 0), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_wait_fd(0, 8, 0), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_wait_fd(0, TRV_READABLE, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_wait_fd(987654, TRV_READABLE, TRV_FOREVER), -1);
    crew_expect_error(trv_OSError);
}

static int fd_answer, is_waiting;

static void wait_for_pair(void *unused)
{
    (void)unused;
    is_waiting = 1;
    fd_answer = trv_wait_fd(pair[0], TRV_READABLE, TRV_FOREVER);
    is_waiting = 0;
    if (fd_answer < 0)
        crew_expect_error(trv_OSError);
}

static void begin_to_wait(struct crew *crew)
{
    open_pair();
    crew_begin(crew);
    crew_start(crew, wait_for_pair, NULL);
    while (!is_waiting || trv__list_is_empty(&trv__runtime()->fd_waits))
        ck_assert_int_eq(trv_sleep(0.001), 0);
}

static void data_arrives(void)
{
    struct crew crew;

    begin_to_wait(&crew);
    ck_assert_int_eq(write(pair[1], "x", 1), 1);
    crew_join(&crew);
    ck_assert_int_eq(fd_answer, TRV_READABLE);
    close_pair();
}

TEST(data_ends_the_wait)
{
    data_arrives();
}

SEEDED_TEST(data_ends_the_wait_under_a_seed, 20)
{
    data_arrives();
}

static void forget_it(void)
{
    struct crew crew;

    begin_to_wait(&crew);
    trv_fd_forget(pair[1]); /* another one */
    trv_fd_forget(pair[0]);
    crew_join(&crew);
    ck_assert_int_eq(fd_answer, -1);
    close_pair();
}

TEST(forgetting_it_ends_the_wait)
{
    forget_it();
}

SEEDED_TEST(forgetting_it_ends_the_wait_under_a_seed, 20)
{
    forget_it();
}

static void wait_cancelled(void)
{
    open_pair();
    for (int i = 0; i < 2; i++) {
        TRV_TIMEOUT(0.01) {
            ck_assert_int_eq(trv_wait_fd(pair[0], TRV_READABLE, 1000), -1);
            ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
        }
        crew_expect_error(trv_TimeoutError);
    }
    ck_assert_int_eq(trv_wait_fd(pair[0], TRV_WRITABLE, 1000), TRV_WRITABLE);
    close_pair();
}

TEST(a_deadline_around_it_ends_the_wait)
{
    wait_cancelled();
}

SEEDED_TEST(a_deadline_around_it_ends_the_wait_under_a_seed, 10)
{
    wait_cancelled();
}

static trv_scope *scope_of_waiter;

static void wait_in_scope(void *unused)
{
    trv_scope scope;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scope_of_waiter = &scope;
    fd_answer = trv_wait_fd(pair[0], TRV_READABLE, TRV_FOREVER);
    scope_of_waiter = NULL;
    ck_assert_int_eq(fd_answer, -1);
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

TEST(cancelling_reaches_the_poll)
{
    struct crew crew;

    open_pair();
    crew_begin(&crew);
    crew_start(&crew, wait_in_scope, NULL);
    while (!scope_of_waiter || trv__list_is_empty(&trv__runtime()->fd_waits))
        ck_assert_int_eq(trv_sleep(0.001), 0);
    trv_scope_cancel(scope_of_waiter);
    crew_join(&crew);
    close_pair();
}

TEST_LIST(RUN(nobody_waits_in_an_empty_list), RUN(each_wake_reaches_one),
          RUN(a_wake_races_with_the_deadline), RUN(sleeping_takes_its_time),
          RUN(sleepers_wake_in_the_order_of_their_deadlines), RUN(virtual_time_costs_none),
          RUN(a_finalizer_may_not_block), RUN(a_descriptor_that_is_ready),
          RUN(regular_files_are_always_ready), RUN(wrong_descriptors), RUN(data_ends_the_wait),
          RUN(data_ends_the_wait_under_a_seed), RUN(forgetting_it_ends_the_wait),
          RUN(forgetting_it_ends_the_wait_under_a_seed), RUN(a_deadline_around_it_ends_the_wait),
          RUN(a_deadline_around_it_ends_the_wait_under_a_seed), RUN(cancelling_reaches_the_poll))
