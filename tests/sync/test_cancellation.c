/* SPDX-License-Identifier: MIT */
/*
 * Random cancellation over all primitives at once.
 *
 * A schedule is a seed: it says how the tasks are spread over threads and coroutines, what each of
 * them does, with which timeouts, who is cancelled when, and every decision of the scheduler. When all
 * that is left waits, nobody may wait for what is there: a lock that is free, a permit, an item, room, an
 * event that is set. Then all scopes are cancelled, and everybody must come to an end. At last the
 * books must balance: permits, notifications, items, rounds.
 *
 * Each schedule has a runtime of its own, in this process. TRIVET_TEST_SEEDS=n runs so many; a build with
 * --enable-gil-stress runs 100,000. To replay one: TRIVET_TEST_SEEDS=0 TRIVET_TEST_SEED=seed.
 */
#include "support/crew.h"

#include "sync/lock.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS = 5, STEPS = 6, PARTIES = 3, PERMITS = 2, CAPACITY = 1, BATCHES = 10 };

static trv_object *lock, *rlock, *condition, *semaphore, *bounded, *event, *barrier, *local;
static trv_object *queues[3];

/* What the books say; all under the GIL. */
static struct books {
    int inside_lock, inside_rlock, inside_bounded;
    int permits; /* that should be in the semaphore */
    int answered,
        notified; /* waits of the condition that were notified; notifications that reached one */
    int put[3], got[3], done[3];
    int passed, resets;
} books;

static struct task {
    uint32_t random;
    int64_t number;
    trv_scope *scope; /* of the step that runs, or NULL */
    struct trv__context *context;
} tasks[TASKS];

static uint32_t draw(struct task *task, uint32_t below)
{
    task->random ^= task->random << 13;
    task->random ^= task->random >> 17;
    task->random ^= task->random << 5;
    return task->random % below;
}

static double draw_timeout(struct task *task)
{
    switch (draw(task, 4)) {
    case 0:
        return 0;
    case 1:
        return 0.001 * (1 + draw(task, 5));
    default:
        return TRV_FOREVER;
    }
}

/* What may end a step; it is dropped. */
static void drop_error(void)
{
    trv_object *const may_be[] = {trv_CancelledError, trv_TimeoutError, trv_QueueFull,
                                  trv_QueueEmpty, trv_BrokenBarrierError};

    if (!trv_error_occurred())
        return;
    for (size_t i = 0; i < sizeof may_be / sizeof may_be[0]; i++)
        if (trv_error_matches(may_be[i])) {
            trv_error_clear();
            return;
        }
    crew_expect_no_error("a step");
}

/* Lets others run while something is held. */
static void linger(struct task *task)
{
    switch (draw(task, 3)) {
    case 0:
        break;
    case 1:
        (void)!trv_reschedule();
        break;
    default:
        (void)!trv_sleep(0.001 * draw(task, 4));
    }
    drop_error();
}

/* How many wait for an object: contexts that are parked, and have not been woken. */
static int parked_on(const trv_object *object, const char *what)
{
    int count = 0;

    for (int i = 0; i < TASKS; i++) {
        const struct trv__context *context = tasks[i].context;
        count += context && context->is_parked && context->waits_on == object &&
                 (!what || strcmp(context->waits_in, what) == 0);
    }
    return count;
}

/* Steps --------------------------------------------------------------------------------------- */

static void use_lock(struct task *task)
{
    if (trv_lock_acquire(lock, draw_timeout(task)) != 1)
        return;
    ck_assert_int_eq(books.inside_lock++, 0);
    linger(task);
    books.inside_lock--;
    ck_assert_int_eq(trv_lock_release(lock), 0);
}

static void use_rlock(struct task *task)
{
    if (trv_rlock_acquire(rlock, draw_timeout(task)) != 1)
        return;
    ck_assert_int_eq(books.inside_rlock++, 0);
    if (trv_rlock_acquire(rlock, draw_timeout(task)) == 1) {
        linger(task);
        ck_assert_int_eq(trv_rlock_release(rlock), 0);
    }
    drop_error();
    linger(task);
    books.inside_rlock--;
    ck_assert_int_eq(trv_rlock_release(rlock), 0);
}

static void wait_for_condition(struct task *task)
{
    int answer;

    if (trv_condition_acquire(condition, draw_timeout(task)) != 1)
        return;
    ck_assert_int_eq(books.inside_rlock++, 0);
    books.inside_rlock--;
    answer = trv_condition_wait(condition, draw_timeout(task));
    ck_assert_int_eq(books.inside_rlock++, 0);
    books.answered += answer == 1;
    drop_error();
    linger(task);
    books.inside_rlock--;
    ck_assert_int_eq(trv_condition_release(condition), 0);
}

static void notify(struct task *task)
{
    int waiting, count = draw(task, 3) ? 1 : TASKS;

    if (trv_condition_acquire(condition, draw_timeout(task)) != 1)
        return;
    ck_assert_int_eq(books.inside_rlock++, 0);
    linger(task);
    waiting = parked_on(condition, NULL);
    books.notified += waiting < count ? waiting : count;
    ck_assert_int_eq(trv_condition_notify(condition, (size_t)count), 0);
    linger(task);
    books.inside_rlock--;
    ck_assert_int_eq(trv_condition_release(condition), 0);
}

static void take_permit(struct task *task)
{
    if (trv_semaphore_acquire(semaphore, draw_timeout(task)) == 1)
        books.permits--;
}

static void give_permits(struct task *task)
{
    int count = 1 + (int)draw(task, 2);

    books.permits += count;
    ck_assert_int_eq(trv_semaphore_release(semaphore, (size_t)count), 0);
}

static void use_bounded(struct task *task)
{
    if (trv_semaphore_acquire(bounded, draw_timeout(task)) != 1)
        return;
    ck_assert_int_lt(books.inside_bounded++, PERMITS);
    linger(task);
    books.inside_bounded--;
    ck_assert_int_eq(trv_semaphore_release(bounded, 1), 0);
}

static void use_event(struct task *task)
{
    switch (draw(task, 4)) {
    case 0:
        ck_assert_int_eq(trv_event_set(event), 0);
        break;
    case 1:
        ck_assert_int_eq(trv_event_clear(event), 0);
        break;
    default:
        (void)!trv_event_wait(event, draw_timeout(task));
    }
}

static void use_barrier(struct task *task)
{
    if (draw(task, 8) == 0) {
        ck_assert_int_eq(trv_barrier_reset(barrier), 0);
        return;
    }
    if (trv_barrier_wait(barrier, draw_timeout(task)) >= 0)
        books.passed++;
}

static void use_queue(struct task *task)
{
    unsigned kind = draw(task, 3);

    if (draw(task, 2)) {
        trv_auto trv_object *item = trv_int_new(task->number * 100);
        books.put[kind] += trv_queue_put(queues[kind], item, draw_timeout(task)) == 0;
    } else {
        trv_auto trv_object *item = trv_queue_get(queues[kind], draw_timeout(task));
        if (!item)
            return;
        books.got[kind]++;
        linger(task);
        books.done[kind]++;
        ck_assert_int_eq(trv_queue_task_done(queues[kind]), 0);
    }
}

static void join_queue(struct task *task)
{
    (void)!trv_queue_join(queues[draw(task, 3)], draw_timeout(task));
}

static void use_local(struct task *task)
{
    trv_auto trv_object *mine = trv_int_new(task->number * 1000), *found = NULL;

    ck_assert_int_eq(trv_setattr(local, "mine", mine), 0);
    linger(task);
    found = trv_getattr(local, "mine");
    ck_assert_int_eq(trv_is(found, mine), 1);
}

static void cancel_somebody(struct task *task)
{
    trv_scope *scope = tasks[draw(task, TASKS)].scope;

    if (scope)
        trv_scope_cancel(scope);
}

/* The schedule -------------------------------------------------------------------------------- */

static void run_task(void *argument)
{
    static void (*const steps[])(struct task *) = {
        use_lock,     use_rlock,   wait_for_condition, notify,         take_permit,
        give_permits, use_bounded, use_event,          use_barrier,    use_queue,
        use_queue,    join_queue,  use_local,          cancel_somebody};
    struct task *task = argument;

    task->context = trv__current->context;
    for (int step = 0; step < STEPS; step++) {
        double limit = draw(task, 4) ? TRV_FOREVER : 0.001 * draw(task, 8);
        trv_scope scope;
        ck_assert_int_eq(trv_scope_begin(&scope, limit), 0);
        task->scope = &scope;
        steps[draw(task, sizeof steps / sizeof steps[0])](task);
        drop_error();
        task->scope = NULL;
        (void)!trv_scope_end(&scope);
        drop_error();
    }
    task->context = NULL;
}

static size_t length_of(trv_object *queue)
{
    size_t length = 0;

    ck_assert_int_eq(trv_queue_len(queue, &length), 0);
    return length;
}

/* All that is left waits: nobody for what is there. */
static void expect_nobody_stuck(void)
{
    size_t value = 0, waiting = 0;

    ck_assert(!parked_on(lock, NULL) || trv_lock_locked(lock) == 1);
    ck_assert(!parked_on(rlock, NULL) || trv_rlock_locked(rlock) == 1);
    ck_assert_int_eq(trv_semaphore_value(semaphore, &value), 0);
    ck_assert(!parked_on(semaphore, NULL) || !value);
    ck_assert_int_eq((int)value, books.permits);
    ck_assert_int_eq(trv_semaphore_value(bounded, &value), 0);
    ck_assert(!parked_on(bounded, NULL) || !value);
    ck_assert(!parked_on(event, NULL) || trv_event_is_set(event) == 0);
    ck_assert_int_eq(trv_barrier_waiting(barrier, &waiting), 0);
    ck_assert_int_eq((int)waiting, parked_on(barrier, NULL));
    ck_assert_uint_lt(waiting, PARTIES);
    for (int kind = 0; kind < 3; kind++) {
        size_t length = length_of(queues[kind]);
        ck_assert(!parked_on(queues[kind], "queue_get") || length == 0);
        ck_assert(!parked_on(queues[kind], "queue_put") || length == CAPACITY);
        ck_assert(!parked_on(queues[kind], "queue_join") || books.put[kind] > books.done[kind]);
        ck_assert_int_eq(books.put[kind] - books.got[kind], (int)length);
    }
}

static void expect_books_balance(void)
{
    size_t value = 0;

    ck_assert_int_eq(trv_lock_locked(lock), 0);
    ck_assert_int_eq(trv_rlock_locked(rlock), 0);
    ck_assert_int_eq(trv_semaphore_value(bounded, &value), 0);
    ck_assert_uint_eq(value, PERMITS);
    ck_assert_int_eq(books.answered, books.notified);
    ck_assert_int_eq(books.passed % PARTIES, 0);
    for (int kind = 0; kind < 3; kind++)
        ck_assert_int_eq(trv_queue_join(queues[kind], 0), books.put[kind] == books.done[kind]);
}

static void cancel_all(void)
{
    for (int i = 0; i < TASKS; i++)
        if (tasks[i].scope)
            trv_scope_cancel(tasks[i].scope);
}

static void run_schedule(uint32_t seed)
{
    struct crew_member members[TASKS];
    struct crew crew;

    books = (struct books){.permits = 1};
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (struct task){.random = seed * 2654435761u ^ (uint32_t)(i + 1) * 40503u,
                                 .number = i + 1};
        tasks[i].random += !tasks[i].random;
        members[i] = (struct crew_member){run_task, &tasks[i]};
    }
    crew_begin(&crew);
    crew_start_mixed(&crew, members, TASKS);
    while (crew.left) {
        crew_settle();
        ck_assert_int_eq(trv_sleep(0.1), 0);
        expect_nobody_stuck();
        cancel_all();
        crew_settle();
    }
    crew_join(&crew);
    expect_nobody_stuck();
    expect_books_balance();
}

static void make_all(void)
{
    lock = trv_lock_new();
    rlock = trv_rlock_new();
    condition = trv_condition_new(rlock);
    semaphore = trv_semaphore_new(1);
    bounded = trv_bounded_semaphore_new(PERMITS);
    event = trv_event_new();
    barrier = trv_barrier_new(PARTIES, NULL);
    local = trv_local_new();
    queues[0] = trv_queue_new(CAPACITY);
    queues[1] = trv_lifo_queue_new(CAPACITY);
    queues[2] = trv_priority_queue_new(CAPACITY);
    crew_expect_no_error("making them");
}

static void drop_all(void)
{
    trv_object **const all[] = {&lock,    &rlock, &condition, &semaphore, &bounded,  &event,
                                &barrier, &local, &queues[0], &queues[1], &queues[2]};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        trv_clear(all[i]);
}

/* Many schedules ------------------------------------------------------------------------------ */

static uint32_t *current_seed; /* shared by the batch's process with the one that waits for it */

static void run_seed(uint32_t seed)
{
    char text[16];
    trv_config config = {.size = sizeof config, .seed = text};

    *current_seed = seed;
    snprintf(text, sizeof text, "%u", (unsigned)seed);
    alarm(50); /* kills it if somebody is stuck */
    ck_assert_int_eq(trv_init(&config), 0);
    make_all();
    run_schedule(seed);
    drop_all();
    trv_fini();
    alarm(0);
}

static uint32_t schedules(void)
{
    const char *wish = getenv("TRIVET_TEST_SEEDS");

    if (wish)
        return (uint32_t)strtoul(wish, NULL, 10);
    if (TRV_VALGRIND || TRV_GC_STRESS)
        return 200;
    if (TRV_ASAN || TRV_TSAN || TRV_UBSAN || TRV_COVERAGE)
        return 1000;
    return TRV_GIL_STRESS ? 100000 : 4000;
}

static void run_seeds(uint32_t number)
{
    const char *one = getenv("TRIVET_TEST_SEED");
    uint32_t each = schedules() / BATCHES;

    if (one && number == 0)
        run_seed((uint32_t)strtoul(one, NULL, 10));
    for (uint32_t i = 1; i <= each; i++)
        run_seed(number * each + i);
}

/* In a process of its own, so that whatever ends it, the seed is told. */
static void run_batch(uint32_t number)
{
    int status = -1;
    pid_t pid;

    current_seed =
        mmap(NULL, sizeof *current_seed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(current_seed, MAP_FAILED);
    fflush(NULL);
    if ((pid = fork()) == 0) {
        run_seeds(number);
        exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        fprintf(stderr, "fails; replay it: TRIVET_TEST_SEEDS=0 TRIVET_TEST_SEED=%u\n",
                (unsigned)*current_seed);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
            _exit(1); /* Check knows which assertion failed */
        ck_abort_msg("schedule %u ended with status %#x", (unsigned)*current_seed, status);
    }
    munmap(current_seed, sizeof *current_seed);
}

#define BATCH(number)                                                                              \
    RAW_TEST(batch_##number)                                                                       \
    {                                                                                              \
        run_batch(number);                                                                         \
    }

BATCH(0)
BATCH(1)
BATCH(2)
BATCH(3)
BATCH(4)
BATCH(5)
BATCH(6)
BATCH(7)
BATCH(8)
BATCH(9)

TEST_LIST(RUN(batch_0), RUN(batch_1), RUN(batch_2), RUN(batch_3), RUN(batch_4), RUN(batch_5),
          RUN(batch_6), RUN(batch_7), RUN(batch_8), RUN(batch_9))
