/* SPDX-License-Identifier: MIT */
/*
 * The queue of plain C work under every interleaving: src/threads/work.c as it is, with batches of two,
 * and broken in the ways of work.broken.
 *
 * What must hold: every item runs once, or is dropped where dropping was asked for; no item waits while
 * a worker is free, not even behind one that takes long; who waits for a group goes on when its last item
 * has run, and sees what it did; workers leave when the queue is closed; nothing is used once it
 * was freed, and all is freed.
 *
 * Thread 0 submits. The others are the workers, which begin when the source starts a thread, or leave at
 * once when it did not need them. Memory comes from an array that each run begins anew.
 */
#include "models/descriptors.h"

#include "threads/work.h"

#include "trivet/runtime.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

static void *model_allocate(size_t size);
static void model_free(void *block);
static int model_create_thread(pthread_t *thread, void *(*function)(void *), void *argument);
static void model_join(pthread_t thread);

#undef TRV__WORK_BATCH
#define malloc(size) model_allocate(size)
#define calloc(count, size) model_allocate((count) * (size))
#define aligned_alloc(alignment, size) model_allocate(size)
#define free(block) model_free(block)
#define write(fd, data, size) ((void)(data), model_eventfd_write(fd, 1))
#define close(fd) model_close(fd)
#define sched_yield() model_yield()
#define prctl(...) ((void)0)
#define pthread_attr_init(attributes) ((void)(attributes))
#define pthread_attr_destroy(attributes) ((void)(attributes))
#define pthread_attr_setstacksize(attributes, size) 0
#define pthread_sigmask(how, set, old) ((void)(set), (void)(old))
#define pthread_create(thread, attributes, function, argument)                                     \
    model_create_thread(thread, function, argument)
#define pthread_join(thread, result) model_join(thread)
#define trv_cpu_count() processors
#define TRV__WORK_BATCH 2

static unsigned processors;
static void model_close(int fd);
#include "models/work.inc"
#undef malloc
#undef calloc
#undef free
#undef write
#undef close
#include "support/harness.h"

enum { BLOCKS = 16, BLOCK = 8192, ITEMS = 3 };

static struct trv__work *work;
static struct trv__work_count *group;
static _Alignas(64) char memory[BLOCKS][BLOCK];
static int blocks;
static _Atomic size_t helpers;
static bool is_free[BLOCKS];
static bool is_closed[4];
static char items[ITEMS];
static int runs[ITEMS];
static _Atomic uint32_t second_has_run;
static struct {
    _Atomic uint32_t is_started, has_ended;
    void *(*function)(void *);
    void *argument;
} starts[MODEL_THREADS];
static int started;
struct model_descriptors model_descriptors;

/* The world around ------------------------------------------------------------------------------------ */

static void *model_allocate(size_t size)
{
    MODEL_ASSERT(size <= BLOCK && blocks < BLOCKS);
    return memset(memory[blocks++], 0, size);
}

static void model_free(void *block)
{
    size_t index = (size_t)((char *)block - memory[0]) / BLOCK;

    if (!block)
        return;
    MODEL_ASSERT(!is_free[index]);
    is_free[index] = true;
    model_forbid(block, BLOCK);
}

static void model_close(int fd)
{
    MODEL_ASSERT(!is_closed[fd]);
    is_closed[fd] = true;
    model_forbid(&model_descriptors.counters[fd], sizeof model_descriptors.counters[fd]);
}

static void set(_Atomic uint32_t *word)
{
    atomic_store(word, 1);
    trv__futex_wake(word);
}

static void wait_for(_Atomic uint32_t *word)
{
    while (!atomic_load(word))
        trv__futex_wait(word, 0, TRV__NEVER);
}

static int model_create_thread(pthread_t *thread, void *(*function)(void *), void *argument)
{
    int index = ++started;

    *thread = (pthread_t)index;
    starts[index].function = function;
    starts[index].argument = argument;
    set(&starts[index].is_started);
    return 0;
}

static void model_join(pthread_t thread)
{
    wait_for(&starts[thread].has_ended);
}

static void worker(void)
{
    int me = model_self();

    wait_for(&starts[me].is_started);
    if (!starts[me].function)
        return;
    starts[me].function(starts[me].argument);
    set(&starts[me].has_ended);
}

static void begin_with(unsigned most, unsigned processor_count)
{
    memset(&model_descriptors, 0, sizeof model_descriptors);
    memset(is_free, 0, sizeof is_free);
    memset(is_closed, 0, sizeof is_closed);
    memset(runs, 0, sizeof runs);
    memset(starts, 0, sizeof starts);
    atomic_init(&second_has_run, 0);
    atomic_init(&helpers, 0);
    blocks = started = 0;
    processors = processor_count;
    work = trv__work_create(most, 0, "model", &helpers);
    group = trv__work_count_create();
    group->fd = eventfd(0, 0);
}

static void begin_one(void)
{
    begin_with(1, 0);
}

static void begin_two(void)
{
    begin_with(2, 0);
}

static void begin_spinning(void)
{
    begin_with(1, 1);
}

/* What the items do ----------------------------------------------------------------------------------- */

static void *run_item(void *item)
{
    int index = (int)((char *)item - items);

    model_write(&items[index]);
    runs[index]++;
    return NULL;
}

static void *wait_for_second(void *item)
{
    wait_for(&second_has_run);
    return run_item(item);
}

static void *be_the_second(void *item)
{
    set(&second_has_run);
    return run_item(item);
}

static void submit(int index, void *(*function)(void *))
{
    struct trv__work_item item = {function, &items[index], group};

    MODEL_ASSERT(trv__work_submit(work, &item) == 0);
}

/* Ending ---------------------------------------------------------------------------------------------- */

/* As work_group.c does. */
static void wait_for_group(void)
{
    struct pollfd fd = {.fd = group->fd, .events = POLLIN};
    eventfd_t ignored;

    while (trv__work_count_await(group))
        if (model_poll(&fd, 1, NULL) > 0)
            eventfd_read(group->fd, &ignored);
    trv__work_count_quiet(group);
}

static void drop_group(void)
{
    model_close(group->fd);
    trv__work_count_orphan(group);
}

static void close_work(bool is_to_drop)
{
    struct pollfd fd = {.fd = work->fd, .events = POLLIN};

    trv__work_close(work, is_to_drop);
    while (!trv__work_has_ended(work))
        model_poll(&fd, 1, NULL);
    trv__work_destroy(work);
    for (int t = started + 1; t < MODEL_THREADS; t++)
        set(&starts[t].is_started);
}

static void all_is_freed(void)
{
    MODEL_ASSERT(atomic_load(&helpers) == 0);
    for (int i = 0; i < blocks; i++)
        MODEL_ASSERT(is_free[i]);
}

static void expect_runs(int count)
{
    for (int i = 0; i < count; i++) {
        model_read(&items[i]);
        MODEL_ASSERT(runs[i] == 1);
    }
}

/* Submits, waits for the group, and sees what the items did. */
static void two_items(void)
{
    MODEL_ASSERT(trv__work_begin(work) == 0);
    submit(0, run_item);
    submit(1, run_item);
    wait_for_group();
    MODEL_ASSERT(trv__work_count_pending(group) == 0);
    expect_runs(2);
    drop_group();
    close_work(false);
}

/* What is left when the queue is closed runs; nobody waits for the group. */
static void two_items_and_away(void)
{
    MODEL_ASSERT(trv__work_begin(work) == 0);
    submit(0, run_item);
    submit(1, run_item);
    drop_group();
    close_work(false);
    expect_runs(2);
}

static void one_waits_for_the_other(void)
{
    MODEL_ASSERT(trv__work_begin(work) == 0);
    submit(0, wait_for_second);
    submit(1, be_the_second);
    wait_for_group();
    expect_runs(2);
    drop_group();
    close_work(false);
}

/* Each has run or was dropped. */
static void two_items_dropped(void)
{
    uint32_t dropped;

    MODEL_ASSERT(trv__work_begin(work) == 0);
    submit(0, run_item);
    submit(1, run_item);
    close_work(true);
    MODEL_ASSERT(trv__work_count_pending(group) == 0);
    dropped = atomic_load(&group->dropped);
    MODEL_ASSERT(runs[0] + runs[1] + (int)dropped == 2 && runs[0] < 2 && runs[1] < 2);
    trv__work_count_quiet(group);
    drop_group();
}

#define ENDS .end = all_is_freed
static const struct model_scenario one_worker = {
    .name = "one worker", .begin = begin_one, .threads = {two_items, worker}, ENDS, .surprises = 3};
static const struct model_scenario spinning_worker = {.name = "a worker that spins",
                                                      .begin = begin_spinning,
                                                      .threads = {two_items, worker},
                                                      ENDS,
                                                      .tick_ns = SPIN_NS,
                                                      .surprises = 2};
static const struct model_scenario two_workers = {.name = "two workers",
                                                  .begin = begin_two,
                                                  .threads = {two_items, worker, worker},
                                                  ENDS,
                                                  .surprises = 2};
static const struct model_scenario away = {.name = "nobody waits",
                                           .begin = begin_one,
                                           .threads = {two_items_and_away, worker},
                                           ENDS,
                                           .surprises = 3};
static const struct model_scenario waiting_items = {
    .name = "one item waits for the other",
    .begin = begin_two,
    .threads = {one_waits_for_the_other, worker, worker},
    ENDS,
    .surprises = 2};
static const struct model_scenario dropped = {.name = "items dropped",
                                              .begin = begin_two,
                                              .threads = {two_items_dropped, worker, worker},
                                              ENDS,
                                              .surprises = 2};

RAW_TEST(items_run_once)
{
    model_check(&one_worker);
    model_check(&spinning_worker);
    model_check(&two_workers);
    model_check(&away);
}

RAW_TEST(no_item_waits_for_another)
{
    model_check(&waiting_items);
}

RAW_TEST(items_run_or_are_dropped)
{
    model_check(&dropped);
}

RAW_TEST(what_is_broken_is_found)
{
    static const struct model_scenario *const all[] = {&one_worker, &away, &two_workers,
                                                       &waiting_items, &dropped};

    model_check_variants(model_variants, all, COUNT_OF(all));
}

TEST_LIST(RUN(items_run_once), RUN(no_item_waits_for_another), RUN(items_run_or_are_dropped),
          RUN(what_is_broken_is_found))
