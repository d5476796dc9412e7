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
 * Under a seed there are no free choices: the lock is never left free while somebody stands in
 * line, the chooser picks who is next, sleeping threads (parked, with or without a deadline) are
 * known here, and when nobody can run, virtual time moves to the earliest deadline. Threads that
 * are *outside* (in TRV_ALLOW_THREADS, or waiting for a descriptor) may come back at any moment of
 * real time; while there is one, virtual time passes no faster than real time.
 */
#include "runtime/gil.h"

#include "base/futex.h"
#include "runtime/runtime.h"

enum { LOCKED = 1, WAITERS = 2 };
enum { ASLEEP, TRY, GRANTED };

#define RETURN_NS 100000
#define STARVING_NS 1000000
#define OUTSIDE_POLL_NS 2000000

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

/* How long a thread in line sleeps before it asks for the lock; 0: it asks at once, TRV__NEVER: never. */
static int64_t patience_of(const struct trv__gil *gil, const struct trv__thread *self)
{
    if (gil->chooser->is_seeded)
        return TRV__NEVER;
    if (!self->gil.is_returning)
        return gil->slice_ns;
    return self->gil.haste == TRV__SOON ? RETURN_NS : 0;
}

/* Waits, standing in line, until the lock is ours. */
static void wait_for_turn(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t patience_ns = patience_of(gil, self);

    while (atomic_load_explicit(&self->gil.word, memory_order_acquire) != GRANTED) {
        if (try_take(gil)) {
            leave_line(gil, self);
            break;
        }
        if (!announce(gil))
            continue;
        atomic_store_explicit(&self->gil.word, ASLEEP, memory_order_relaxed);
        if (!patience_ns)
            request_switch(gil);
        if (sleep_once(gil, self,
                       patience_ns && patience_ns != TRV__NEVER ? trv__clock_ns() + patience_ns
                                                                : TRV__NEVER))
            continue;
        request_switch(gil);
        if (self->gil.is_returning)
            patience_ns = 0;
    }
    gil->acquired++;
    gil->waited_ns += trv__clock_ns() - self->gil.queued_ns;
    self->gil.held_since_ns = 0;
    set_holder(gil, self);
}

static size_t line_length(const struct trv__list *line)
{
    size_t length = 0;

    for (const struct trv__list *node = line->next; node != line; node = node->next)
        length++;
    return length;
}

/* The sleeper whose deadline is the earliest, if nothing else can happen before it. */
static struct trv__thread *next_sleeper(struct trv__gil *gil)
{
    struct trv__thread *earliest = NULL;

    if (gil->outside)
        return NULL;
    LIST_EACH(node, &gil->sleepers) {
        struct trv__thread *thread = thread_at(node);
        if (thread->gil.deadline_ns != TRV__NEVER &&
            (!earliest || thread->gil.deadline_ns < earliest->gil.deadline_ns))
            earliest = thread;
    }
    return earliest;
}

static void move_time(struct trv__gil *gil, int64_t now_ns)
{
    if (now_ns > atomic_load_explicit(&gil->chooser->now_ns, memory_order_relaxed))
        atomic_store_explicit(&gil->chooser->now_ns, now_ns, memory_order_relaxed);
}

/* Under a seed: the holder lets go; the chooser says who is next. Returns who to wake, or NULL. */
static struct trv__thread *pass_on(struct trv__gil *gil)
{
    size_t count = line_length(&gil->returning);
    struct trv__list *node = gil->returning.next;
    struct trv__thread *next;

    set_holder(gil, NULL);
    if (count) {
        for (size_t chosen = trv__choose(gil->chooser, count); chosen > 0; chosen--)
            node = node->next;
        next = thread_at(node);
    } else if ((next = next_sleeper(gil))) {
        move_time(gil, next->gil.deadline_ns);
        next->gil.is_sleeping = false;
    } else {
        atomic_store_explicit(&gil->state, 0, memory_order_release);
        return NULL;
    }
    grant(gil, next);
    return next;
}

static void wake(struct trv__thread *thread)
{
    if (thread)
        trv__futex_wake(&thread->gil.word);
}

/* Taking -------------------------------------------------------------------------------------------- */

static void take_slow(struct trv__gil *gil, struct trv__thread *self)
{
    bool is_patient;

    pthread_mutex_lock(&gil->mutex);
    if (self->gil.is_outside) {
        self->gil.is_outside = false;
        gil->outside--;
    }
    is_patient = self->gil.haste == TRV__IN_TURN && !gil->chooser->is_seeded;
    stand_in_line(gil, self, is_patient ? &gil->preempted : &gil->returning, false);
    if (!atomic_exchange_explicit(&self->gil.has_arrived, 1, memory_order_relaxed))
        trv__futex_wake(&self->gil.has_arrived);
    wait_for_turn(gil, self);
    self->gil.slice_left_ns = gil->slice_ns;
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_take(struct trv__gil *gil, struct trv__thread *self)
{
    uint32_t state = 0;

    ASSERT(atomic_load_explicit(&gil->holder, memory_order_relaxed) != self);
    if (UNLIKELY(gil->chooser->is_seeded) ||
        !atomic_compare_exchange_strong_explicit(&gil->state, &state, LOCKED, memory_order_acquire,
                                                 memory_order_relaxed)) {
        take_slow(gil, self);
        return;
    }
    set_holder(gil, self);
    self->gil.held_since_ns = 0;
    self->gil.slice_left_ns = gil->slice_ns;
    self->gil.is_returning = true;
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

static void give_slow(struct trv__gil *gil, struct trv__thread *self, bool comes_back)
{
    struct trv__thread *next;

    pthread_mutex_lock(&gil->mutex);
    if (gil->chooser->is_seeded && comes_back) {
        self->gil.is_outside = true;
        gil->outside++;
    }
    next = gil->chooser->is_seeded ? pass_on(gil) : give_to_first(gil);
    pthread_mutex_unlock(&gil->mutex);
    wake(next);
}

void trv__gil_give(struct trv__gil *gil, struct trv__thread *self)
{
    uint32_t state = LOCKED;

    ASSERT(atomic_load_explicit(&gil->holder, memory_order_relaxed) == self);
    if (LIKELY(!gil->chooser->is_seeded)) {
        set_holder(gil, NULL);
        if (atomic_compare_exchange_strong_explicit(&gil->state, &state, 0, memory_order_release,
                                                    memory_order_relaxed))
            return;
    }
    give_slow(gil, self, true);
}

void trv__gil_leave(struct trv__gil *gil, struct trv__thread *self)
{
    give_slow(gil, self, false);
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
    wait_for_turn(gil, self);
}

static void switch_seeded(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *next;

    pthread_mutex_lock(&gil->mutex);
    if (!trv__list_is_empty(&gil->returning)) {
        gil->dropped++;
        stand_in_line(gil, self, &gil->returning, false);
        next = pass_on(gil);
        if (next != self)
            wake(next);
        wait_for_turn(gil, self);
    }
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_switch(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *next;

    if (gil->chooser->is_seeded) {
        if (trv__choose_switch(gil->chooser))
            switch_seeded(gil, self);
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
        switch_seeded(gil, self);
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

/* Sleeping under a seed ----------------------------------------------------------------------------- */

void trv__gil_sleep(struct trv__gil *gil, struct trv__thread *self, int64_t deadline_ns)
{
    int64_t now_ns = atomic_load_explicit(&gil->chooser->now_ns, memory_order_relaxed);
    int64_t real_ns =
        deadline_ns == TRV__NEVER ? TRV__NEVER : trv__clock_ns() + MAX_OF(deadline_ns - now_ns, 0);
    struct trv__thread *next;

    pthread_mutex_lock(&gil->mutex);
    stand_in_line(gil, self, &gil->sleepers, false);
    self->gil.is_sleeping = true;
    self->gil.deadline_ns = deadline_ns;
    next = pass_on(gil);
    if (next != self)
        wake(next);
    while (atomic_load_explicit(&self->gil.word, memory_order_acquire) != GRANTED) {
        if (sleep_once(gil, self, self->gil.is_sleeping ? real_ns : TRV__NEVER))
            continue;
        /* As much real time has passed. If all that goes on is outside, virtual time may, too. */
        if (self->gil.is_sleeping && try_take(gil)) {
            move_time(gil, deadline_ns);
            trv__list_remove(&self->gil.link);
            self->gil.is_sleeping = false;
            break;
        }
        real_ns = trv__clock_ns() + OUTSIDE_POLL_NS;
    }
    set_holder(gil, self);
    self->gil.held_since_ns = 0;
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_rouse(struct trv__gil *gil, struct trv__thread *thread)
{
    pthread_mutex_lock(&gil->mutex);
    if (thread->gil.is_sleeping) {
        thread->gil.is_sleeping = false;
        trv__list_remove(&thread->gil.link);
        trv__list_append(&gil->returning, &thread->gil.link);
        announce(gil);
    }
    pthread_mutex_unlock(&gil->mutex);
}

void trv__gil_advance(struct trv__gil *gil, int64_t now_ns)
{
    pthread_mutex_lock(&gil->mutex);
    move_time(gil, now_ns);
    pthread_mutex_unlock(&gil->mutex);
}

/* Life ---------------------------------------------------------------------------------------------- */

void trv__gil_init(struct trv__gil *gil, struct trv__chooser *chooser, double slice)
{
    pthread_mutex_init(&gil->mutex, NULL);
    trv__list_init(&gil->returning);
    trv__list_init(&gil->preempted);
    trv__list_init(&gil->sleepers);
    gil->chooser = chooser;
    gil->slice_ns = (int64_t)(slice * 1e9);
    if (chooser->is_seeded || TRV_GIL_STRESS)
        atomic_store(&gil->attention, TRV__ATTEND_SEEDED);
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
        trv__list_init(&gil->sleepers);
        trv__list_init(&only->gil.link);
        gil->outside = 0;
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
