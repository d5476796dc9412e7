/* SPDX-License-Identifier: MIT */
/*
 * Deadlocks found.
 *
 * Owned things. Who parks without a deadline on something that somebody in particular has to give (a
 * lock, a call's future, a thread: types with `enders`) *waits endlessly*. Who is about to looks first: he
 * takes all contexts that could end his wait, all that could end theirs, and so on. If each of these
 * waits endlessly, nobody among them can go on: he is the one who closes it, and gets DeadlockError
 * instead of parking. One that runs, waits with a
 * deadline, or waits for what anybody might do, anywhere in the search, ends it: nothing is wrong. So
 * cycles are found when they close, whatever else runs. That somebody might cancel one of them is no
 * way out: it is for him to use a deadline.
 *
 * Standstill. A count of threads that are asleep without a deadline reaches the number of threads:
 * then, and only then, everything is looked at. If no thread and no coroutine has been woken, none
 * waits for anything outside (another process), and the system has no thread in this process that we
 * do not know, nothing can ever happen again. One of those who wait then gets DeadlockError: one that waits
 * for nobody in particular rather than one that waits for him to end, then the one who parks now, then
 * the newest. Idle workers are no such waits.
 *
 * Why that is never wrong. All is looked at under the GIL. A thread that is outside (in
 * TRV_ALLOW_THREADS, in a poll, in line for the GIL) is not counted asleep until it has the GIL again
 * and parks. Who is woken has is_parked 0 from then on, under the GIL, however long it takes until it
 * runs. A thread that comes from nowhere is a thread of the process: the list of these in
 * /proc/self/task is read while none of ours runs, and no thread but a running one makes another. A
 * signal's handler may call nothing of ours, and while the program handles signals through us by more than
 * an interrupt, there is no standstill. Where /proc is missing, no standstill is found.
 *
 * What parking pays: a look at the owner for a wait on owned things, which mostly runs, and a count for
 * a thread that goes to sleep; nothing else pays anything.
 */
#include "wait/deadlock.h"

#include "base/fault.h"
#include "base/native.h"
#include "wait/park.h"
#include "wait/report.h"

#include <dirent.h>
#include <time.h>
#include <unistd.h>

#define FOREIGN_NS 1000000000
#define PATIENCE_NS 1000000
#define PATIENCE_TIMES 10
#define TOGETHER "these wait for each other"

/* The ring of those found: linked by next_found, beginning and ending with who looks ------------------- */

struct ring {
    struct trv__context *first, *last;
    bool has_way_out;
};

static void ring_begin(struct ring *ring, struct trv__context *first)
{
    ring->first = ring->last = first->next_found = first;
}

static void ring_add(struct ring *ring, struct trv__context *context)
{
    if (context->next_found)
        return;
    ring->last->next_found = context;
    ring->last = context;
    context->next_found = ring->first;
}

static void ring_end(struct ring *ring)
{
    struct trv__context *context = ring->first;

    do {
        struct trv__context *next = context->next_found;
        context->next_found = NULL;
        context = next;
    } while (context != ring->first);
}

/* Who is told ------------------------------------------------------------------------------------------- */

/* How willingly one is told; the least is. Best is who waits for nobody in particular: one that waits
 * for the end of another hears of it anyway. */
static int reluctance(const struct trv__context *context)
{
    if (trv__runs_loop(context))
        return 4; /* cannot be told at all */
    if (context->waits_for == TRV__WAITS_TO_RETURN)
        return 3;
    return !context->waits_on || context->waits_on->type->enders ? 2 : 1;
}

/* The first of those that are the least reluctant. */
static struct trv__context *choose_victim(const struct ring *ring)
{
    struct trv__context *context = ring->first, *victim = context;

    do {
        if (reluctance(context) < reluctance(victim))
            victim = context;
        context = context->next_found;
    } while (context != ring->first);
    return victim;
}

/* The exception is made here, in whichever context runs, and pending in the other when that goes on. */
static void fail(struct trv__context *victim, const char *what)
{
    trv_object *pending = trv_error_take(), *error, *old;

    trv__report_deadlock(victim, what);
    error = trv_error_take();
    trv__error_give(pending);
    old = victim->error;
    victim->error = error;
    trv__unpark(victim, TRV__FAILED);
    trv_unref(old);
}

/* Owned things ------------------------------------------------------------------------------------------ */

/* Whether a context can only go on when one of those it waits for does. Who runs a loop waits for its
 * main call, however often the loop is woken. */
static bool is_stuck(const struct trv__context *context)
{
    return context->waits_endlessly && (context->is_parked || trv__runs_loop(context));
}

static bool follow(struct trv__context *ender, void *argument)
{
    struct ring *ring = argument;

    if (ender == ring->first)
        return true;
    if (!is_stuck(ender)) {
        ring->has_way_out = true;
        return false;
    }
    ring_add(ring, ender);
    return true;
}

/* Whether all that could end the wait of the ring's first, which are then in it, wait for each other. */
static bool is_closed(struct ring *ring)
{
    struct trv__context *context = ring->first;

    do {
        if (!context->waits_on->type->enders(context->waits_on, follow, ring) || ring->has_way_out)
            return false;
        context = context->next_found;
    } while (context != ring->first);
    return true;
}

/* The ring is closed: tells who closes it; or, if he had better come back, another who then goes on. */
static int tell(struct ring *ring)
{
    struct trv__context *victim = choose_victim(ring);

    if (victim != ring->first) {
        fail(victim, TOGETHER);
        return 0;
    }
    trv__report_deadlock(victim, TOGETHER);
    return -1;
}

int trv__deadlock_check(struct trv__context *context)
{
    struct ring ring = {.has_way_out = false};
    int answer = 0;

    ring_begin(&ring, context);
    if (UNLIKELY(is_closed(&ring)))
        answer = tell(&ring);
    ring_end(&ring);
    context->waits_endlessly = answer == 0;
    return answer;
}

/* Standstill: is there anything left that could happen? ------------------------------------------------- */

static bool is_quiet_coroutine(struct trv__context *context, void *unused TRV_UNUSED)
{
    return context->is_parked && context->waits_for != TRV__WAITS_OUTSIDE;
}

static bool is_quiet_thread(const struct trv__thread *thread)
{
    struct trv__context *context = thread->current.context;

    if (thread->has_nothing_to_do)
        return thread->has_nothing_to_do(thread->argument);
    return is_quiet_coroutine(context, NULL) &&
           (!thread->loop || trv__loop_each(thread->loop, is_quiet_coroutine, NULL));
}

static bool are_quiet(struct trv_runtime *runtime)
{
    if (runtime->signals.others || atomic_load(&runtime->signals.pending))
        return false;
    for (struct trv__list *node = runtime->threads.next; node != &runtime->threads;
         node = node->next)
        if (!is_quiet_thread(CONTAINER_OF(node, struct trv__thread, link)))
            return false;
    return !runtime->standstill.in_flight;
}

static bool is_in(const struct trv__list *threads, uint32_t native_id)
{
    for (struct trv__list *node = threads->next; node != threads; node = node->next) {
        struct trv__thread *thread = CONTAINER_OF(node, struct trv__thread, link);
        if (atomic_load_explicit(&thread->native_id, memory_order_relaxed) == native_id)
            return true;
    }
    return false;
}

/* How many threads of this process are not ours; SIZE_MAX if that cannot be known. */
static size_t count_unknown(const struct trv_runtime *runtime)
{
    DIR *tasks = FAULT() ? NULL : opendir("/proc/self/task");
    uint32_t self = (uint32_t)gettid();
    const struct dirent *entry;
    size_t count = 0;

    if (!tasks)
        return SIZE_MAX;
    while ((entry = readdir(tasks))) {
        uint32_t id = (uint32_t)strtoul(entry->d_name, NULL, 10);
        if (id && id != self && !is_in(&runtime->threads, id) && !is_in(&runtime->finished, id) &&
            !trv__native_has_left(id))
            count++;
    }
    closedir(tasks);
    return count;
}

/* Whether a thread that we do not know might come and wake somebody. One that ends just now is waited for
 * a moment; but not where such threads were seen lately: they are there to stay, and a program that is
 * driven by one comes here all the time. */
static bool may_come_from_outside(struct trv_runtime *runtime)
{
    struct trv__standstill *standstill = &runtime->standstill;
    struct timespec nap = trv__timespec(PATIENCE_NS);
    bool were_lately =
        standstill->foreign_ns && trv__clock_ns() - standstill->foreign_ns < FOREIGN_NS;

    for (int i = 0; i < (were_lately ? 1 : PATIENCE_TIMES); i++) {
        if (i)
            nanosleep(&nap, NULL);
        if (count_unknown(runtime) <= atomic_load(&standstill->helpers)) {
            standstill->foreign_ns = 0;
            return false;
        }
    }
    standstill->foreign_ns = trv__clock_ns();
    return true;
}

/* Standstill: who is told ------------------------------------------------------------------------------- */

static bool add_waiting(struct trv__context *context, void *argument)
{
    struct ring *ring = argument;

    if (context->waits_for != TRV__WAITS_FOR_OTHERS && context->waits_for != TRV__WAITS_TO_RETURN)
        return true;
    if (!ring->first)
        ring_begin(ring, context);
    else
        ring_add(ring, context);
    return true;
}

static void add_thread(struct trv__thread *thread, struct ring *ring)
{
    struct trv__context *context = thread->current.context;

    if (trv__runs_loop(context))
        trv__loop_each(thread->loop, add_waiting, ring);
    else if (context->is_parked)
        add_waiting(context, ring);
}

/* All who wait, the newest thread first; but the calling one before them, which, if it ends, is not
 * among the threads any more. */
static void gather(struct ring *ring, const struct trv_runtime *runtime)
{
    struct trv__list *node = runtime->threads.previous;

    if (!trv__thread_self()->context.has_ended)
        add_thread(trv__thread_self(), ring);
    for (; node != &runtime->threads; node = node->previous)
        add_thread(CONTAINER_OF(node, struct trv__thread, link), ring);
}

void trv__standstill_reached(struct trv_runtime *runtime)
{
    struct ring ring = {.first = NULL};

    if (!are_quiet(runtime) || may_come_from_outside(runtime))
        return;
    gather(&ring, runtime);
    if (!ring.first)
        return;
    fail(choose_victim(&ring), "nothing can ever run again; these wait");
    ring_end(&ring);
}

/* ThreadSanitizer has a thread of its own, or will have one when the first other thread is made. */
static void count_helpers(struct trv_runtime *runtime)
{
    if (TRV_TSAN)
        atomic_store(&runtime->standstill.helpers, MAX_OF(count_unknown(runtime), (size_t)1));
}

/* Threads come and go ----------------------------------------------------------------------------------- */

void trv__standstill_thread_begins(struct trv_runtime *runtime)
{
    if (!runtime->standstill.threads)
        count_helpers(runtime);
    runtime->standstill.threads++;
}

void trv__standstill_thread_ends(struct trv_runtime *runtime)
{
    runtime->standstill.threads--;
}

void trv__rest_begin(bool (*has_nothing_to_do)(void *argument))
{
    trv__thread_self()->has_nothing_to_do = has_nothing_to_do;
    trv__standstill_sleeps(trv__runtime());
}

void trv__rest_end(void)
{
    trv__thread_self()->has_nothing_to_do = NULL;
    trv__standstill_wakes(trv__runtime());
}

void trv__standstill_after_fork(struct trv_runtime *runtime)
{
    struct trv__standstill *standstill = &runtime->standstill;

    standstill->threads = 1;
    standstill->asleep = 0;
    standstill->in_flight = 0;
    standstill->foreign_ns = 0;
    atomic_store(&standstill->helpers, 0);
    standstill->is_child = true;
    count_helpers(runtime);
}
