/* SPDX-License-Identifier: MIT */
/*
 * The queue of plain C work, its workers, and how groups are counted. Nothing here needs the GIL or
 * knows of objects; the invariant of the queue stands in work.h.
 *
 * Submitting puts an item into a ring under the mutex. A worker takes a batch, its share of what is
 * there, and then claims one item after another with a compare-and-swap on a word of its own, which
 * nobody else touches unless there is nothing else to do: then another worker takes the rear half of
 * what is left. So the mutex is taken once for many items, and yet an item never waits behind one
 * that takes long while a worker is free: that counts as left behind, and somebody comes for it.
 *
 * Batches are filled and robbed under the mutex only. So the words move against each other in two
 * ways alone, first (its owner) and end (a robber), and never return to what they were in between.
 *
 * Before a worker sleeps it spins, if nobody else does and a processor is free. It says so under the
 * mutex, and looks around under the mutex when it has stopped: who submits meanwhile wakes nobody.
 *
 * The word of a count: items that have not run, how many workers are about to write `fd`, whether
 * somebody waits on it, and whether the object is gone. It is one word so that "the last item, and
 * somebody waits" is decided once. A worker that is to write says so in the same step, because the
 * one who waits may give up and close `fd` at any moment: trv__work_count_quiet waits for it.
 */
#include "threads/work.h"

#include "base/descriptor.h"
#include "base/fault.h"
#include "base/futex.h"

#include "trivet/runtime.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>

#define SPIN_NS 20000
#define RING_LEAST (TRV_TINY ? 2 : 256)

#define AWAITED UINT64_C(1)
#define WRITER UINT64_C(2)
#define WRITERS UINT64_C(0xfffe)
#define ORPHAN UINT64_C(0x10000)
#define PENDING UINT64_C(0x20000)

/* Counting --------------------------------------------------------------------------------------- */

struct trv__work_count *trv__work_count_create(void)
{
    struct trv__work_count *count = FAULT() ? NULL : calloc(1, sizeof *count);

    if (count)
        count->fd = -1;
    return count;
}

static void count_add(struct trv__work_count *count)
{
    atomic_fetch_add_explicit(&count->word, PENDING, memory_order_relaxed);
}

static void write_fd(int fd)
{
    uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        ASSERT(errno == EAGAIN);
}

/* So many items have run, or were dropped. The count may be gone afterwards. */
static void count_subtract(struct trv__work_count *count, uint64_t items)
{
    uint64_t old = atomic_load_explicit(&count->word, memory_order_relaxed), new;
    bool must_write;

    do {
        new = old - items *PENDING;
        must_write = new < PENDING &&new &AWAITED;
        if (must_write)
            new = new - AWAITED + WRITER;
    } while (!atomic_compare_exchange_weak_explicit(&count->word, &old, new, memory_order_acq_rel,
                                                    memory_order_relaxed));
    if (must_write) {
        write_fd(count->fd);
        atomic_fetch_sub_explicit(&count->word, WRITER, memory_order_release);
    } else if (new == ORPHAN) {
        free(count);
    }
}

uint64_t trv__work_count_pending(struct trv__work_count *count)
{
    return atomic_load_explicit(&count->word, memory_order_acquire) / PENDING;
}

bool trv__work_count_await(struct trv__work_count *count)
{
    uint64_t old = atomic_load_explicit(&count->word, memory_order_acquire);

    while (old >= PENDING)
        if (atomic_compare_exchange_weak_explicit(&count->word, &old, old | AWAITED,
                                                  memory_order_acq_rel, memory_order_acquire))
            return true;
    return false;
}

void trv__work_count_quiet(struct trv__work_count *count)
{
    atomic_fetch_and_explicit(&count->word, ~AWAITED, memory_order_relaxed);
    while (atomic_load_explicit(&count->word, memory_order_acquire) & WRITERS)
        sched_yield(); /* it is between two instructions */
}

void trv__work_count_orphan(struct trv__work_count *count)
{
    if (atomic_fetch_or_explicit(&count->word, ORPHAN, memory_order_acq_rel) < PENDING)
        free(count);
}

/* The ring; all with the mutex held ---------------------------------------------------------------- */

static size_t queued(const struct trv__work *work)
{
    return atomic_load_explicit(&work->queued, memory_order_relaxed);
}

static void set_queued(struct trv__work *work, size_t count)
{
    atomic_store_explicit(&work->queued, count, memory_order_relaxed);
}

static struct trv__work_item *item_at(struct trv__work *work, size_t index)
{
    return &work->items[(work->first + index) & (work->capacity - 1)];
}

static bool grow(struct trv__work *work)
{
    size_t capacity = work->capacity ? work->capacity * 2 : RING_LEAST, count = queued(work);
    struct trv__work_item *items = NULL;

    if (!FAULT() && capacity <= PTRDIFF_MAX / sizeof *items)
        items = malloc(capacity * sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < count; i++)
        items[i] = *item_at(work, i);
    free(work->items);
    work->items = items;
    work->capacity = capacity;
    work->first = 0;
    return true;
}

static bool put(struct trv__work *work, const struct trv__work_item *item)
{
    size_t count = queued(work);

    if (UNLIKELY(count == work->capacity) && !grow(work))
        return false;
    *item_at(work, count) = *item;
    set_queued(work, count + 1);
    return true;
}

/* Batches -------------------------------------------------------------------------------------------- */

static uint32_t first_of(uint32_t range)
{
    return range >> 16;
}

static uint32_t end_of(uint32_t range)
{
    return range & 0xffff;
}

static uint32_t range_of(struct trv__work_worker *worker)
{
    return atomic_load_explicit(&worker->range, memory_order_relaxed);
}

static void set_batch(struct trv__work_worker *worker, uint32_t count)
{
    atomic_store_explicit(&worker->range, count, memory_order_relaxed);
}

/* The next item of one's own batch. False if there is none. */
static bool claim(struct trv__work_worker *self, struct trv__work_item *item)
{
    uint32_t range = range_of(self);

    do {
        if (first_of(range) == end_of(range))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&self->range, &range, range + 0x10000,
                                                    memory_order_relaxed, memory_order_relaxed));
    *item = self->batch[first_of(range)];
    return true;
}

/* Takes up to so many from the rear of another's batch: how many. With the mutex held. */
static uint32_t rob(struct trv__work_worker *from, struct trv__work_item *to)
{
    uint32_t range = range_of(from), count;

    do
        count = (end_of(range) - first_of(range) + 1) / 2;
    while (count &&
           !atomic_compare_exchange_weak_explicit(&from->range, &range, range - count,
                                                  memory_order_relaxed, memory_order_relaxed));
    for (uint32_t i = 0; i < count; i++)
        to[i] = from->batch[end_of(range) - count + i];
    return count;
}

/* One's share of the queue. With the mutex held. */
static uint32_t draw(struct trv__work *work, struct trv__work_item *to)
{
    size_t count = queued(work), workers = MAX_OF(work->alive, 1u);
    size_t share = MIN_OF((count + workers - 1) / workers, (size_t)TRV__WORK_BATCH);

    for (size_t i = 0; i < share; i++)
        to[i] = *item_at(work, i);
    work->first = (work->first + share) & (work->capacity - 1);
    set_queued(work, count - share);
    return (uint32_t)share;
}

/* Fills one's own batch, which is empty. False if nothing is left anywhere. With the mutex held. */
static bool refill(struct trv__work_worker *self)
{
    struct trv__work *work = self->work;
    uint32_t count = queued(work) ? draw(work, self->batch) : 0;

    if (!count)
        LIST_EACH(node, &work->workers) {
            struct trv__work_worker *other = CONTAINER_OF(node, struct trv__work_worker, link);
            if (other != self && (count = rob(other, self->batch)))
                break;
        }
    set_batch(self, count);
    return count;
}

/* Who comes next --------------------------------------------------------------------------------------- */

/* What must be done about it once the mutex is free. */
struct rouse {
    struct trv__work_worker *sleeper;
    bool is_new;
};

static void *thread_main(void *argument)
{
    struct trv__work_worker *self = argument;

    prctl(PR_SET_NAME, self->work->name);
    trv__work_serve(self);
    return NULL;
}

/* Signals are for threads that know of the runtime. */
static int create_thread(struct trv__work_worker *worker)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int error;

    if (FAULT())
        return ENOMEM;
    sigfillset(&all);
    pthread_attr_init(&attributes);
    error = worker->work->stack_bytes
                ? pthread_attr_setstacksize(&attributes, ROUND_UP(worker->work->stack_bytes, 4096))
                : 0;
    if (!error) {
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&worker->thread, &attributes, thread_main, worker);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return error;
}

static struct trv__work_worker *create_worker(struct trv__work *work)
{
    struct trv__work_worker *worker =
        FAULT() ? NULL : aligned_alloc(64, ROUND_UP(sizeof *worker, 64));

    if (!worker)
        return NULL;
    atomic_init(&worker->range, 0);
    atomic_init(&worker->is_asleep, 0);
    trv__list_init(&worker->link);
    trv__list_init(&worker->idle_link);
    worker->work = work;
    return worker;
}

/* Without the mutex; `started`, `alive` and `coming` count it already. It is in the list before it
 * runs, so that nobody misses it who joins. 0 or an error number. */
static int start_worker(struct trv__work *work)
{
    struct trv__work_worker *worker = create_worker(work);
    int error = ENOMEM;

    pthread_mutex_lock(&work->mutex);
    if (worker) {
        error = create_thread(worker);
        if (!error)
            trv__list_append(&work->workers, &worker->link);
    }
    if (error) {
        work->started--;
        work->coming--;
        if (!--work->alive && work->is_closed)
            write_fd(work->fd);
    }
    pthread_mutex_unlock(&work->mutex);
    if (error)
        free(worker);
    return error;
}

/* Takes a sleeper out of the idle ones; its futex is to be woken. With the mutex held. */
static struct trv__work_worker *pop_idle(struct trv__work *work)
{
    struct trv__list *node = trv__list_pop(&work->idle);
    struct trv__work_worker *worker =
        node ? CONTAINER_OF(node, struct trv__work_worker, idle_link) : NULL;

    if (worker) {
        atomic_store_explicit(&worker->is_asleep, 0, memory_order_relaxed);
        work->asleep--;
        atomic_fetch_sub(work->helpers, 1);
        work->coming++;
    }
    return worker;
}

/* Decides who comes for what is left. With the mutex held. */
static struct rouse call_next(struct trv__work *work)
{
    struct rouse rouse = {NULL, false};

    if (work->coming || work->spinning || (rouse.sleeper = pop_idle(work)))
        return rouse;
    rouse.is_new = work->started < work->most && !work->is_closed;
    if (rouse.is_new)
        work->started++, work->alive++, work->coming++;
    return rouse;
}

/* Without the mutex. One worker less is no error: there is one at least. */
static void carry_out(struct trv__work *work, struct rouse rouse)
{
    if (rouse.sleeper)
        trv__futex_wake(&rouse.sleeper->is_asleep);
    else if (UNLIKELY(rouse.is_new))
        start_worker(work);
}

/* Workers ------------------------------------------------------------------------------------------------ */

static bool may_spin(const struct trv__work *work)
{
    return work->alive - work->asleep < work->processors;
}

/* Without the mutex. */
static void spin(struct trv__work *work)
{
    int64_t end_ns = trv__clock_ns() + SPIN_NS;

    do
        for (int i = 0; i < 16 && !queued(work); i++)
            trv__spin_pause();
    while (!queued(work) && trv__clock_ns() < end_ns);
}

/* With the mutex held, as on return. */
static void spin_a_while(struct trv__work *work)
{
    work->spinning++;
    pthread_mutex_unlock(&work->mutex);
    spin(work);
    pthread_mutex_lock(&work->mutex);
    work->spinning--;
}

/* With the mutex held, as on return. */
static void sleep_on(struct trv__work *work, struct trv__work_worker *self)
{
    atomic_store_explicit(&self->is_asleep, 1, memory_order_relaxed);
    trv__list_prepend(&work->idle, &self->idle_link);
    work->asleep++;
    atomic_fetch_add(work->helpers, 1);
    pthread_mutex_unlock(&work->mutex);
    while (atomic_load_explicit(&self->is_asleep, memory_order_acquire))
        trv__futex_wait(&self->is_asleep, 1, TRV__NEVER);
    pthread_mutex_lock(&work->mutex);
    work->coming--;
}

/* Fills one's own batch, waiting for something. False: no more will come, and the worker has left;
 * all may be gone once the mutex is free. */
static bool take(struct trv__work_worker *self)
{
    struct trv__work *work = self->work;
    struct rouse rouse = {NULL, false};
    bool has_some, has_spun = false;

    pthread_mutex_lock(&work->mutex);
    while (!(has_some = refill(self)) && !work->is_closed) {
        has_spun = !has_spun && !work->spinning && may_spin(work);
        if (has_spun)
            spin_a_while(work);
        else
            sleep_on(work, self);
    }
    if (has_some && (queued(work) || end_of(range_of(self)) > 1))
        rouse = call_next(work);
    if (!has_some && !--work->alive)
        write_fd(work->fd);
    pthread_mutex_unlock(&work->mutex);
    if (has_some)
        carry_out(work, rouse);
    return has_some;
}

/* Runs what is in one's own batch. Who waits for a group is told before another's item runs. */
static void run_batch(struct trv__work_worker *self)
{
    struct trv__work_count *count = NULL;
    struct trv__work_item item;
    uint64_t ran = 0;

    while (claim(self, &item)) {
        if (UNLIKELY(item.count != count)) {
            if (count)
                count_subtract(count, ran);
            count = item.count;
            ran = 0;
        }
        item.function(item.data);
        ran++;
    }
    if (count)
        count_subtract(count, ran);
}

void trv__work_serve(struct trv__work_worker *self)
{
    struct trv__work *work = self->work;

    pthread_mutex_lock(&work->mutex);
    work->coming--;
    pthread_mutex_unlock(&work->mutex);
    while (take(self))
        run_batch(self);
}

/* For those who submit, wait and end ------------------------------------------------------------------------ */

int trv__work_begin(struct trv__work *work)
{
    bool is_new;

    pthread_mutex_lock(&work->mutex);
    is_new = !work->started && !work->is_closed;
    if (is_new)
        work->started++, work->alive++, work->coming++;
    pthread_mutex_unlock(&work->mutex);
    return is_new ? start_worker(work) : 0;
}

int trv__work_submit(struct trv__work *work, const struct trv__work_item *item)
{
    struct rouse rouse = {NULL, false};
    int error = 0;

    count_add(item->count);
    pthread_mutex_lock(&work->mutex);
    if (UNLIKELY(work->is_closed))
        error = ESHUTDOWN;
    else if (UNLIKELY(!put(work, item)))
        error = ENOMEM;
    else
        rouse = call_next(work);
    pthread_mutex_unlock(&work->mutex);
    carry_out(work, rouse);
    if (UNLIKELY(error))
        count_subtract(item->count, 1);
    return error;
}

bool trv__work_may_spin(struct trv__work *work)
{
    bool may;

    pthread_mutex_lock(&work->mutex);
    may = may_spin(work);
    pthread_mutex_unlock(&work->mutex);
    return may;
}

static void drop(struct trv__work_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        atomic_fetch_add_explicit(&items[i].count->dropped, 1, memory_order_relaxed);
        count_subtract(items[i].count, 1);
    }
}

/* Drops what stands in the queue and in batches, if anything. Without the mutex, as somebody may be woken. */
static bool drop_some(struct trv__work *work)
{
    struct trv__work_item some[TRV__WORK_BATCH];
    uint32_t count;

    pthread_mutex_lock(&work->mutex);
    count = queued(work) ? draw(work, some) : 0;
    if (!count)
        LIST_EACH(node, &work->workers)
            if ((count = rob(CONTAINER_OF(node, struct trv__work_worker, link), some)))
                break;
    pthread_mutex_unlock(&work->mutex);
    drop(some, count);
    return count;
}

void trv__work_close(struct trv__work *work, bool is_to_drop)
{
    struct trv__work_worker *worker;

    pthread_mutex_lock(&work->mutex);
    work->is_closed = true;
    while ((worker = pop_idle(work)))
        trv__futex_wake(&worker->is_asleep);
    pthread_mutex_unlock(&work->mutex);
    while (is_to_drop && drop_some(work))
        ;
}

bool trv__work_has_ended(struct trv__work *work)
{
    bool has_ended;

    pthread_mutex_lock(&work->mutex);
    has_ended = !work->alive;
    pthread_mutex_unlock(&work->mutex);
    return has_ended;
}

struct trv__work *trv__work_create(unsigned most, size_t stack_bytes, const char *name,
                                   _Atomic size_t *helpers)
{
    struct trv__work *work = FAULT() ? NULL : calloc(1, sizeof *work);

    if (!work)
        return NULL;
    work->fd = FAULT() ? -1 : trv__fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (work->fd < 0) {
        free(work);
        return NULL;
    }
    pthread_mutex_init(&work->mutex, NULL);
    trv__list_init(&work->workers);
    trv__list_init(&work->idle);
    work->most = most;
    work->helpers = helpers;
    work->processors = trv_cpu_count();
    work->stack_bytes = stack_bytes;
    snprintf(work->name, sizeof work->name, "%s", name);
    return work;
}

void trv__work_join(struct trv__work *work)
{
    struct trv__list *node;

    ASSERT(!work->alive);
    while ((node = trv__list_pop(&work->workers))) {
        struct trv__work_worker *worker = CONTAINER_OF(node, struct trv__work_worker, link);
        pthread_join(worker->thread, NULL);
        free(worker);
    }
}

void trv__work_destroy(struct trv__work *work)
{
    trv__work_join(work);
    pthread_mutex_destroy(&work->mutex);
    trv__work_forget(work);
}

void trv__work_forget(struct trv__work *work)
{
    struct trv__list *node;

    while ((node = trv__list_pop(&work->workers)))
        free(CONTAINER_OF(node, struct trv__work_worker, link));
    close(work->fd);
    free(work->items);
    free(work);
}
