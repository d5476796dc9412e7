/* SPDX-License-Identifier: MIT */
/*
 * The Global Interpreter Lock.
 *
 * What it must do: let a thread that returns from a wait have the lock within microseconds even
 * beside threads that compute; starve nobody; cost a few nanoseconds when nobody else is there; and
 * not turn many short sections into a convoy of context switches.
 *
 * One word, `state`, says whether the lock is held (LOCKED) and whether anybody stands in line
 * (WAITERS). Without waiters, taking and giving are one compare-and-swap each. All else happens
 * under `mutex`, which is held for a few instructions and never while sleeping. WAITERS is set and
 * cleared under the mutex only, so it is exact whenever the mutex is free.
 *
 * Who waits stands in one of two lines. *Returning* threads come back from a wait; they ask at
 * once, by setting TRV__ATTEND_SWITCH, which the holder sees at its next safepoint. *Preempted*
 * threads were made to give the lock up; they sleep with a time limit and ask when the holder's
 * slice should be over. Each sleeps on its own word:
 *
 *     ASLEEP   it sleeps, or is about to
 *     TRY      the lock was left free: wake up and try to take it
 *     GRANTED  the lock was handed to it and is its own
 *
 * Two ways out. At a safepoint the holder *hands over*: the lock stays LOCKED, the first in line
 * becomes its owner, and nobody can come in between. Returning threads go first. A holder that is
 * itself a returning one may finish RETURN_NS first; one that was preempted for a returning thread
 * goes to the front of its line with what was left of its slice.
 *
 * A *voluntary* release (a wait begins) leaves the lock free and wakes the first in line. Whoever
 * comes first gets it, so a thread with many short sections keeps the lock warm instead of paying
 * two context switches for each (hand-off at every release is a convoy: 43k against 322k short
 * sections a second). That could starve the one in line, so who has waited for STARVING_NS gets
 * the lock by hand-over even then; and a barger that computes meets a safepoint, where the request
 * still stands.
 *
 * A thread of a pool that is woken for work may be patient (enum trv__haste): it gains nothing from
 * interrupting the one who makes that work. A voluntary release serves it like any other.
 *
 * Nobody starves: a returning thread is served at the holder's next safepoint or release, in the
 * order of the line, after at most RETURN_NS for each before it. A preempted one is passed over
 * by returning threads only, and its holder's slice ends whatever the number of interruptions:
 * every slice end hands over to the first preempted thread.
 *
 * Memory order: taking acquires and giving releases `state`; a hand-over releases through `word`
 * (store) and acquires (load) it. What `mutex` guards needs no more.
 *
 * Under a seed there are no free choices, and none of this happens: see turns.c.
 */
#include "runtime/gil.h"

#include "base/futex.h"
#include "runtime/runtime.h"

enum { LOCKED = 1, WAITERS = 2 };
enum { ASLEEP, TRY, GRANTED };

#define RETURN_NS 100000
#define STARVING_NS 1000000

/* Helpers; all with the mutex held ------------------------------------------------------------------ */

static struct trv__thread *thread_at(struct trv__list *link)
{
    return CONTAINER_OF(CONTAINER_OF(link, struct trv__gil_waiter, link), struct trv__thread, gil);
}

static struct trv__thread *first_in_line(struct trv__gil *gil)
{
    if (!trv__list_is_empty(&gil->returning))
        return thread_at(gil->returning.next);
    return trv__list_is_empty(&gil->preempted) ? NULL : thread_at(gil->preempted.next);
}

static void leave_line(struct trv__gil *gil, struct trv__thread *thread)
{
    trv__list_remove(&thread->gil.link);
    if (!first_in_line(gil))
        atomic_fetch_and_explicit(&gil->state, ~(uint32_t)WAITERS, memory_order_relaxed);
}

static void request_switch(struct trv__gil *gil)
{
    atomic_fetch_or_explicit(&gil->attention, TRV__ATTEND_SWITCH, memory_order_relaxed);
}

static void withdraw_request(struct trv__gil *gil)
{
    atomic_fetch_and_explicit(&gil->attention, ~(uint32_t)TRV__ATTEND_SWITCH, memory_order_relaxed);
}

static void set_holder(struct trv__gil *gil, struct trv__thread *thread)
{
    atomic_store_explicit(&gil->holder, thread, memory_order_relaxed);
}

/* Hands the lock, which the caller holds, to a thread in line. Wake it after the mutex is free. */
static void grant(struct trv__gil *gil, struct trv__thread *thread)
{
    leave_line(gil, thread);
    set_holder(gil, thread);
    atomic_store_explicit(&thread->gil.word, GRANTED, memory_order_release);
}

static bool try_take(struct trv__gil *gil)
{
    uint32_t state = atomic_load_explicit(&gil->state, memory_order_relaxed);

    while (!(state & LOCKED))
        if (atomic_compare_exchange_weak_explicit(&gil->state, &state, state | LOCKED,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

/* Says that somebody waits. False if the lock has become free instead. */
static bool announce(struct trv__gil *gil)
{
    uint32_t state = atomic_load_explicit(&gil->state, memory_order_relaxed);

    while (state & LOCKED)
        if (state & WAITERS ||
            atomic_compare_exchange_weak_explicit(&gil->state, &state, state | WAITERS,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

static void stand_in_line(struct trv__gil *gil, struct trv__thread *self, struct trv__list *line,
                          bool at_front)
{
    self->gil.queued_ns = trv__clock_ns();
    self->gil.is_returning = line == &gil->returning;
    if (at_front)
        trv__list_prepend(line, &self->gil.link);
    else
        trv__list_append(line, &self->gil.link);
    atomic_store_explicit(&self->gil.word, ASLEEP, memory_order_relaxed);
}

/* Sleeps once; the mutex is let go meanwhile. */
static bool sleep_once(struct trv__gil *gil, struct trv__thread *self, int64_t deadline_ns)
{
    bool was_woken;

    pthread_mutex_unlock(&gil->mutex);
    was_woken = trv__futex_wait(&self->gil.word, ASLEEP, deadline_ns);
    pthread_mutex_lock(&gil->mutex);
    return was_woken;
}

/* How long a thread in line sleeps before it asks for the lock; 0: it asks at once. */
static int64_t patience_of(const struct trv__gil *gil, const struct trv__thread *self)
{
    if (!self->gil.is_returning)
        return gil->slice_ns;
    return self->gil.haste == TRV__SOON ? RETURN_NS : 0;
}

/* Waits, standing in line, until the lock is ours. False if it never will be. */
static bool wait_for_turn(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t patience_ns = patience_of(gil, self);

    while (atomic_load_explicit(&self->gil.word, memory_order_acquire) != GRANTED) {
        if (UNLIKELY(gil->has_ended)) {
            leave_line(gil, self);
            return false;
        }
        if (try_take(gil)) {
            leave_line(gil, self);
            break;
        }
        if (!announce(gil))
            continue;
        atomic_store_explicit(&self->gil.word, ASLEEP, memory_order_relaxed);
        if (!patience_ns)
            request_switch(gil);
        if (sleep_once(gil, self, patience_ns ? trv__clock_ns() + patience_ns : TRV__NEVER))
            continue;
        request_switch(gil);
        if (self->gil.is_returning)
            patience_ns = 0;
    }
    gil->acquired++;
    gil->waited_ns += trv__clock_ns() - self->gil.queued_ns;
    self->gil.held_since_ns = 0;
    set_holder(gil, self);
    return true;
}

/* The same for who cannot go on without the lock. */
static void wait_or_hang(struct trv__gil *gil, struct trv__thread *self)
{
    if (LIKELY(wait_for_turn(gil, self)))
        return;
    pthread_mutex_unlock(&gil->mutex);
    trv__thread_hang(self);
}

static void wake(struct trv__thread *thread)
{
    if (thread)
        trv__futex_wake(&thread->gil.word);
}

/* Taking -------------------------------------------------------------------------------------------- */

static bool take_slow(struct trv__gil *gil, struct trv__thread *self)
{
    bool is_patient = self->gil.haste == TRV__IN_TURN, is_ours;

    pthread_mutex_lock(&gil->mutex);
    stand_in_line(gil, self, is_patient ? &gil->preempted : &gil->returning, false);
    is_ours = wait_for_turn(gil, self);
    self->gil.slice_left_ns = gil->slice_ns;
    pthread_mutex_unlock(&gil->mutex);
    return is_ours;
}

bool trv__gil_try_enter(struct trv__gil *gil, struct trv__thread *self)
{
    uint32_t state = 0;

    if (UNLIKELY(gil->chooser->is_seeded))
        return trv__turns_take(gil, self);
    ASSERT(atomic_load_explicit(&gil->holder, memory_order_relaxed) != self);
    if (!atomic_compare_exchange_strong_explicit(&gil->state, &state, LOCKED, memory_order_acquire,
                                                 memory_order_relaxed))
        return take_slow(gil, self);
    set_holder(gil, self);
    self->gil.held_since_ns = 0;
    self->gil.slice_left_ns = gil->slice_ns;
    self->gil.is_returning = true;
    return true;
}

void trv__gil_take(struct trv__gil *gil, struct trv__thread *self)
{
    if (UNLIKELY(!trv__gil_try_enter(gil, self)))
        trv__thread_hang(self);
}

/* Giving -------------------------------------------------------------------------------------------- */

static struct trv__thread *give_to_first(struct trv__gil *gil)
{
    struct trv__thread *first = first_in_line(gil);

    set_holder(gil, NULL);
    if (first && trv__clock_ns() - first->gil.queued_ns > STARVING_NS) {
        grant(gil, first);
        return first;
    }
    atomic_fetch_and_explicit(&gil->state, ~(uint32_t)LOCKED, memory_order_release);
    if (!first || atomic_load_explicit(&first->gil.word, memory_order_relaxed) != ASLEEP)
        return NULL;
    atomic_store_explicit(&first->gil.word, TRY, memory_order_relaxed);
    return first;
}

static void give_slow(struct trv__gil *gil)
{
    struct trv__thread *next;

    pthread_mutex_lock(&gil->mutex);
    next = give_to_first(gil);
    pthread_mutex_unlock(&gil->mutex);
    wake(next);
}

void trv__gil_give(struct trv__gil *gil, struct trv__thread *self)
{
    uint32_t state = LOCKED;

    ASSERT(atomic_load_explicit(&gil->holder, memory_order_relaxed) == self);
    if (UNLIKELY(gil->chooser->is_seeded)) {
        trv__turns_give(gil, self);
        return;
    }
    set_holder(gil, NULL);
    if (!atomic_compare_exchange_strong_explicit(&gil->state, &state, 0, memory_order_release,
                                                 memory_order_relaxed))
        give_slow(gil);
}

void trv__gil_leave(struct trv__gil *gil, struct trv__thread *self)
{
    if (gil->chooser->is_seeded)
        trv__turns_leave(gil, self);
    else
        give_slow(gil);
}

/* At safepoints ------------------------------------------------------------------------------------- */

/* Who is due now; NULL if nobody. Lowers the request when nobody can be due soon. */
static struct trv__thread *who_is_due(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *first = first_in_line(gil);
    int64_t now_ns = trv__clock_ns(), held_ns;

    if (!self->gil.held_since_ns)
        self->gil.held_since_ns = now_ns;
    held_ns = now_ns - self->gil.held_since_ns;
    if (!first) {
        withdraw_request(gil);
        return NULL;
    }
    if (TRV_GIL_STRESS)
        return first;
    if (first->gil.is_returning)
        return self->gil.is_returning && held_ns < RETURN_NS ? NULL : first;
    if (held_ns >= self->gil.slice_left_ns)
        return first;
    withdraw_request(gil); /* its sleep has a time limit: it will ask again */
    return NULL;
}

static void hand_over(struct trv__gil *gil, struct trv__thread *self, struct trv__thread *next)
{
    bool is_for_returning = next->gil.is_returning;

    gil->dropped++;
    grant(gil, next);
    self->gil.slice_left_ns -= trv__clock_ns() - self->gil.held_since_ns;
    if (!is_for_returning || self->gil.slice_left_ns <= 0)
        self->gil.slice_left_ns = gil->slice_ns;
    if (trv__list_is_empty(&gil->returning))
        withdraw_request(gil);
    stand_in_line(gil, self, &gil->preempted, is_for_returning);
    announce(gil);
    trv__futex_wake(&next->gil.word);
    wait_or_hang(gil, self);
}

void trv__gil_switch(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *next;

    if (gil->chooser->is_seeded) {
        trv__turns_switch(gil, self);
        return;
    }
    pthread_mutex_lock(&gil->mutex);
    next = who_is_due(gil, self);
    if (next)
        hand_over(gil, self, next);
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_reschedule(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *next;

    if (gil->chooser->is_seeded) {
        trv__turns_reschedule(gil, self);
        return;
    }
    pthread_mutex_lock(&gil->mutex);
    if (!self->gil.held_since_ns)
        self->gil.held_since_ns = trv__clock_ns();
    next = first_in_line(gil);
    if (next)
        hand_over(gil, self, next);
    pthread_mutex_unlock(&gil->mutex);
}

/* Life ---------------------------------------------------------------------------------------------- */

void trv__gil_init(struct trv__gil *gil, struct trv__chooser *chooser, double slice)
{
    pthread_mutex_init(&gil->mutex, NULL);
    trv__list_init(&gil->returning);
    trv__list_init(&gil->preempted);
    trv__turns_init(&gil->turns);
    gil->chooser = chooser;
    gil->slice_ns = (int64_t)(slice * 1e9);
    if (chooser->is_seeded || TRV_GIL_STRESS)
        atomic_store(&gil->attention, TRV__ATTEND_SEEDED);
}

static void send_away(struct trv__list *line)
{
    LIST_EACH(node, line) {
        struct trv__thread *thread = thread_at(node);
        atomic_store_explicit(&thread->gil.word, TRY, memory_order_relaxed);
        trv__futex_wake(&thread->gil.word);
    }
}

/* A thread sent away touches neither the lock nor itself once it has the mutex no more. */
void trv__gil_end(struct trv__gil *gil)
{
    pthread_mutex_lock(&gil->mutex);
    gil->has_ended = true;
    send_away(&gil->returning);
    send_away(&gil->preempted);
    trv__turns_end(gil);
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_fini(struct trv__gil *gil)
{
    pthread_mutex_destroy(&gil->mutex);
}

void trv__gil_before_fork(struct trv__gil *gil)
{
    pthread_mutex_lock(&gil->mutex);
}

/* In the parent `only` is NULL. In the child the other threads are gone, wherever they waited. */
void trv__gil_after_fork(struct trv__gil *gil, struct trv__thread *only)
{
    if (only) {
        trv__list_init(&gil->returning);
        trv__list_init(&gil->preempted);
        trv__turns_after_fork(gil, only);
        atomic_store_explicit(&gil->state, LOCKED, memory_order_relaxed);
        withdraw_request(gil);
    }
    pthread_mutex_unlock(&gil->mutex);
}

bool trv__holds_gil(void)
{
    return trv__current && atomic_load_explicit(&trv__runtime()->gil.holder,
                                                memory_order_relaxed) == trv__thread_self();
}

void trv_lock_stats_get(trv_lock_stats *stats)
{
    struct trv__gil *gil = &trv__runtime()->gil;

    pthread_mutex_lock(&gil->mutex);
    *stats = (trv_lock_stats){(double)gil->waited_ns / 1e9, gil->acquired, gil->dropped};
    pthread_mutex_unlock(&gil->mutex);
}
