/* SPDX-License-Identifier: MIT */
/*
 * fork() in a user's code: a child forked with the GIL held goes on with the objects it had, makes
 * pools of its own, is told that its parent's cannot be used, and ends its runtime. The parent notices
 * nothing.
 */
#include "base/base.h"
#include "object/expect.h"
#include "support/crew.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

/* In seconds: so long is nothing waited for that comes. */
#define PATIENCE 100

TRV_STATIC_FUNCTION(nap, "nap(seconds): sleeps")
{
    double seconds;

    if (trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    return trv_str_new("rested");
}

static trv_object *make(int leg)
{
    return leg == 0   ? trv_thread_pool_new(NULL)
           : leg == 1 ? trv_coroutine_pool_new(NULL)
                      : trv_process_pool_new(NULL);
}

static bool rests_on(trv_object *pool)
{
    trv_auto trv_object *future = pool ? trv_submit(pool, nap, "d", 0.001) : NULL;
    trv_auto trv_object *result = future ? trv_future_result(future, PATIENCE) : NULL;

    return result != NULL;
}

/* Waits for a child, which says in its exit status which claim did not hold. */
static void expect_good_end(pid_t child)
{
    int status = -1;

    ck_assert_int_gt(child, 0);
    TRV_ALLOW_THREADS
        ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(status == 0, "the child ended with status %#x", (unsigned)status);
}

#define CHILD_NEEDS(claim)                                                                         \
    do {                                                                                           \
        if (!(claim))                                                                              \
            _exit(__LINE__ % 255 + 1);                                                             \
    } while (0)

/* A thread of the child may get the stack, and with it the number, of one that stayed in the parent,
 * which ThreadSanitizer believes to be still there: under it the child starts none. */
enum { LEGS_OF_CHILD = TRV_TSAN ? 0 : 3 };

static void in_child(trv_object *parents)
{
    trv_auto trv_object *future = trv_submit(parents, nap, "d", 0.0);

    alarm(PATIENCE);
    CHILD_NEEDS(!future && trv_error_matches(trv_RuntimeError));
    trv_error_clear();
    CHILD_NEEDS(trv_shutdown(parents, NULL) == 0);
    for (int leg = 0; leg < LEGS_OF_CHILD; leg++) {
        trv_auto trv_object *own = make(leg);
        CHILD_NEEDS(rests_on(own));
    }
    trv_fini();
    CHILD_NEEDS(!trv_is_initialized() && trv_init(NULL) == 0);
    trv_fini();
    _exit(0);
}

static void fork_beside(int leg)
{
    trv_auto trv_object *pool = make(leg);
    trv_auto trv_object *idle = trv_thread_pool_new(NULL);
    pid_t child;

    ck_assert(rests_on(pool));
    ck_assert(rests_on(idle));
    if ((child = fork()) == 0)
        in_child(pool);
    expect_good_end(child);
    ck_assert(rests_on(pool));
    ck_assert(rests_on(idle));
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_int_eq(trv_shutdown(idle, NULL), 0);
}

TEST(beside_a_thread_pool)
{
    fork_beside(0);
}

TEST(beside_a_coroutine_pool)
{
    fork_beside(1);
}

TEST(beside_a_process_pool)
{
    fork_beside(2);
}

TRV_STATIC_FUNCTION(fork_in_call, "fork_in_call(): forks in a worker")
{
    pid_t child = fork();

    if (child == 0) {
        trv_auto trv_object *own = trv_thread_pool_new(NULL);
        alarm(PATIENCE);
        CHILD_NEEDS(rests_on(own));
        _exit(0);
    }
    return trv_int_new(child);
}

TEST(in_a_call_of_a_pool)
{
    for (int leg = 0; leg < 2; leg++) {
        trv_auto trv_object *pool = make(leg);
        trv_auto trv_object *future = trv_submit(pool, fork_in_call, "");
        trv_auto trv_object *child = trv_future_result(future, PATIENCE);
        int64_t pid;

        ck_assert_int_eq(trv_int_get(child, &pid), 0);
        expect_good_end((pid_t)pid);
        ck_assert(rests_on(pool));
        ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    }
}

/* A program, a daemon perhaps, that has closed the standard descriptors: none of ours takes their place,
 * and every leg works, also in a child. */
static void use_legs(void)
{
    for (int leg = 0; leg < LEGS_OF_CHILD; leg++) {
        trv_auto trv_object *pool = make(leg);
        CHILD_NEEDS(rests_on(pool));
        for (int fd = 0; fd < 3; fd++) {
            char path[64], target[64];
            snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
            memset(target, 0, sizeof target);
            CHILD_NEEDS(readlink(path, target, sizeof target - 1) < 0 ||
                        strcmp(target, "/dev/null") == 0);
        }
        CHILD_NEEDS(trv_shutdown(pool, NULL) == 0);
    }
}

static void without_standard_descriptors(void)
{
    int status;
    pid_t pid;

    alarm(PATIENCE);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    CHILD_NEEDS(trv_init(NULL) == 0);
    use_legs();
    if ((pid = fork()) == 0) {
        use_legs();
        trv_fini();
        _exit(0);
    }
    CHILD_NEEDS(waitpid(pid, &status, 0) == pid && status == 0);
    trv_fini();
    _exit(0);
}

RAW_TEST(standard_descriptors_may_be_closed)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        without_standard_descriptors();
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(status == 0, "the child ended with status %#x", (unsigned)status);
}

/* Forks in the middle of everything: threads hold locks, wait for them, for queues and descriptors,
 * sleep, run coroutines, have calls in pools. The child has the objects and none of that. */
static trv_object *lock, *queue, *event;
static bool is_over;

static void passes_lock(void *unused TRV_UNUSED)
{
    while (!is_over) {
        ck_assert_int_eq(trv_lock_acquire(lock, TRV_FOREVER), 1);
        ck_assert_int_eq(trv_checkpoint(), 0);
        ck_assert_int_eq(trv_lock_release(lock), 0);
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

static void gets_items(void *unused TRV_UNUSED)
{
    while (!is_over) {
        trv_auto trv_object *item = trv_queue_get(queue, 0.001);
        trv_error_clear();
    }
}

TRV_STATIC_FUNCTION(naps_in_turn, "naps_in_turn()")
{
    while (!is_over) {
        trv_auto trv_object *other = trv_spawn(nap, "d", 0.0002);
        trv_auto trv_object *result = other ? trv_future_result(other, TRV_FOREVER) : NULL;
        if (!result)
            return NULL;
    }
    return trv_none_new();
}

static void runs_coroutines(void *unused TRV_UNUSED)
{
    trv_auto trv_object *result = trv_run(naps_in_turn, "");

    ck_assert_ptr_nonnull(result);
}

static void waits_for_event(void *unused TRV_UNUSED)
{
    ck_assert_int_eq(trv_event_wait(event, TRV_FOREVER), 1);
}

/* It wakes those who are not there, hands over to none of them, and does what is its own. */
static _Noreturn void child_of_many(int round)
{
    trv_auto trv_object *own = trv_queue_new(0);

    alarm(PATIENCE);
    CHILD_NEEDS(own && trv_event_set(event) == 0);
    CHILD_NEEDS(trv_queue_put(queue, own, 0) == 0 && trv_queue_put(own, queue, 0) == 0);
    CHILD_NEEDS(trv_sleep(0.0001) == 0);
    if (round % 8 == 0 && LEGS_OF_CHILD) {
        trv_auto trv_object *pool = make(round / 8 % 2);
        CHILD_NEEDS(rests_on(pool));
    }
    trv_clear(&own);
    trv_fini();
    _exit(0);
}

TEST(in_the_middle_of_everything)
{
    static crew_body *const bodies[] = {passes_lock, passes_lock,     gets_items,
                                        gets_items,  runs_coroutines, waits_for_event};
    trv_auto trv_object *pool = make(0);
    struct crew crew;

    lock = trv_lock_new();
    queue = trv_queue_new(0);
    event = trv_event_new();
    crew_begin(&crew);
    for (size_t i = 0; i < COUNT_OF(bodies); i++)
        crew_start(&crew, bodies[i], NULL);
    for (int round = 0; round < (TRV_TSAN || TRV_ASAN || TRV_VALGRIND ? 50 : 300); round++) {
        trv_auto trv_object *future = trv_submit(pool, nap, "d", 0.0003);
        pid_t child;
        ck_assert_ptr_nonnull(future);
        if (round % 3 == 0)
            ck_assert_int_eq(trv_sleep(0.0005), 0);
        ck_assert_int_eq(trv_checkpoint(), 0);
        if ((child = fork()) == 0)
            child_of_many(round);
        expect_good_end(child);
    }
    is_over = true;
    ck_assert_int_eq(trv_event_set(event), 0);
    crew_join(&crew);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_clear(&lock);
    trv_clear(&queue);
    trv_clear(&event);
}

/* A thread of the program's own, which is in no runtime. */
static void *fork_outside(void *argument)
{
    pid_t *child = argument;

    if ((*child = fork()) == 0) {
        alarm(PATIENCE);
        CHILD_NEEDS(trv_thread_attach() < 0);
        CHILD_NEEDS(trv_init(NULL) == 0);
        trv_auto trv_object *own = trv_thread_pool_new(NULL);
        CHILD_NEEDS(rests_on(own));
        trv_clear(&own);
        trv_fini();
        _exit(0);
    }
    return NULL;
}

TEST(in_a_thread_that_is_not_attached)
{
    pthread_t thread;
    pid_t child = -1;

    ck_assert_int_eq(pthread_create(&thread, NULL, fork_outside, &child), 0);
    TRV_ALLOW_THREADS
        pthread_join(thread, NULL);
    expect_good_end(child);
}

TEST_LIST(RUN(beside_a_thread_pool), RUN(beside_a_coroutine_pool), RUN(beside_a_process_pool),
          RUN(in_a_call_of_a_pool), RUN(in_a_thread_that_is_not_attached),
          RUN(standard_descriptors_may_be_closed), RUN(in_the_middle_of_everything))
