/* SPDX-License-Identifier: MIT */
/*
 * The Global Interpreter Lock.
 *
 * What it must do: let a thread that returns from a wait have the lock within microseconds even
 * beside threads that compute; starve nobody; cost a few nanoseconds when nobody else is there; and
 * not turn many short sections into a convoy of context switches.
 *
 * One word, `state`, is the address of the thread that holds the lock, or 0, and two flags beside it.
 * WAITERS: somebody stands in line. SLOWLY: every taking and giving is to be seen (under a seed, or
 * when holdings are timed); it never changes. While neither is set, taking and giving are one
 * compare-and-swap each, from 0 to the thread and back. While one is set, those fail, and the word
 * changes under `mutex` only. The mutex is held for a few instructions and never while sleeping.
 * WAITERS is set and cleared under it, so it is exact whenever the mutex is free.
 *
 * Who waits stands in one of two lines. *Returning* threads come back from a wait; they ask at
 * once, by setting TRV__ATTEND_SWITCH, which the holder sees at its next safepoint. *Preempted*
 * threads were made to give the lock up; they sleep with a time limit and ask when the holder's slice
 * should be over. A holder that owes nobody anything just then takes the request back, to have its
 * safepoints quick again. Returning threads are mostly served at once, and setting a timer costs more
 * than all the rest (an exit from a virtual machine): they sleep without a limit, and a holder that
 * will not serve them yet wakes the first of them to set one. Each sleeps on its own word:
 *
 *     ASLEEP   it sleeps, or is about to (before that, one that has asked looks at its word for a moment,
 *              if there is another processor on which the holder may just be meeting a safepoint)
 *     AWAKE    the lock was left free, or the request was taken back: try to take it, or ask once more
 *     GRANTED  the lock was handed to it and is its own
 *
 * Two ways out. At a safepoint the holder *hands over*: `state` goes from one thread to the other,
 * and nobody can come in between. Returning threads go first. A holder that is itself a returning
 * one may finish first, for RETURN_NS; then it is like any that computes. One that was preempted for
 * a returning thread goes to the front of its line with what was left of its slice, if any was.
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
 * The debt. A thread that does I/O all the time returns all the time, and with nothing but precedence
 * it would leave those that compute the few instructions to their next safepoint. So the time that
 * returning threads hold the lock while preempted ones stand in line is a debt, as is the time it then takes to
 * wake these up again; all the time in which they run, wake each other, or do not wait for the lock, pays.
 * A debt of DEBT_DUE_NS falls due: until it is paid, the preempted get the lock by hand-over, and
 * returning threads wait. Those that compute have thus at
 * least half of the lock between them, however many return; a thread whose I/O takes less than half
 * never notices.
 *
 * Nobody starves. Among preempted threads every slice end hands over to the first of the line,
 * whatever the number of interruptions. Between the two lines the debt decides, within
 * DEBT_DUE_NS of use. A returning thread is served at the next safepoint or release once no debt is
 * due, after at most RETURN_NS for each before it. All of it needs safepoints; who meets none for
 * long is found by watchdog.c.
 *
 * Memory order: taking acquires and giving releases `state`; a hand-over releases through `word`
 * (store) and acquires (load) it. What `mutex` guards needs no more. `attention` is relaxed: it
 * carries no data, and a request that is seen late is only served late.
 *
 * Accounts are kept where somebody stands in line, which is where the clock is read anyway: from the
 * moment the line forms, each holding is charged to its holder (charge). What is held
 * while nobody waits is counted only if holdings are timed, as it takes two readings of the clock.
 *
 * Under a seed there are no free choices, and none of this happens: see turns.c.
 */
#include "base/futex.h"
#include "runtime/runtime.h"

enum { ASLEEP, AWAKE, GRANTED };

_Static_assert(_Alignof(struct trv__thread) > TRV__GIL_FLAGS, "the flags fit below an address");

#define RETURN_NS 100000
#define STARVING_NS 1000000
#define DEBT_DUE_NS 1000000
/* About as long as a sleep and a wake-up cost. */
#ifndef SPINS
#define SPINS 60
#endif

/* The word ----------------------------------------------------------------------------------------- */

static struct trv__thread *holder_in(uintptr_t state)
{
    return (struct trv__thread *)(state & ~(uintptr_t)TRV__GIL_FLAGS);
}

struct trv__thread *trv__gil_holder(const struct trv__gil *gil)
{
    return holder_in(atomic_load_explicit(&gil->state, memory_order_relaxed));
}

bool trv__holds_gil(void)
{
    return trv__current && trv__gil_holder(&trv__runtime()->gil) == trv__thread_self();
}

/* Takes the lock if nobody holds it. */
static bool try_take(struct trv__gil *gil, struct trv__thread *self)
{
    uintptr_t state = atomic_load_explicit(&gil->state, memory_order_relaxed);

    while (!holder_in(state))
        if (atomic_compare_exchange_weak_explicit(&gil->state, &state, state | (uintptr_t)self,
                                                  memory_order_acquire, memory_order_relaxed))
            return true;
    return false;
}

/* Says that somebody waits. False if the lock has become free instead. */
static bool announce(struct trv__gil *gil)
{
    uintptr_t state = atomic_load_explicit(&gil->state, memory_order_relaxed);

    while (holder_in(state))
        if (state & TRV__GIL_WAITERS ||
            atomic_compare_exchange_weak_explicit(&gil->state, &state, state | TRV__GIL_WAITERS,
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    return false;
}

/* While somebody holds the lock and the caller has the mutex, nobody else changes the word. */
void trv__gil_set_holder(struct trv__gil *gil, struct trv__thread *thread)
{
    uintptr_t state = atomic_load_explicit(&gil->state, memory_order_relaxed);

    atomic_store_explicit(&gil->state, (state & TRV__GIL_FLAGS) | (uintptr_t)thread,
                          memory_order_relaxed);
}

static void request_switch(struct trv__gil *gil)
{
    atomic_fetch_or_explicit(&gil->attention, TRV__ATTEND_SWITCH, memory_order_relaxed);
}

static void withdraw_request(struct trv__gil *gil)
{
    atomic_fetch_and_explicit(&gil->attention, ~(uint32_t)TRV__ATTEND_SWITCH, memory_order_relaxed);
}

/* The lines ---------------------------------------------------------------------------------------- */

static struct trv__thread *thread_at(struct trv__list *link)
{
    return CONTAINER_OF(CONTAINER_OF(link, struct trv__gil_waiter, link), struct trv__thread, gil);
}

static struct trv__thread *first_of(struct trv__list *line)
{
    return trv__list_is_empty(line) ? NULL : thread_at(line->next);
}

static bool is_line_empty(const struct trv__gil *gil)
{
    return trv__list_is_empty(&gil->returning) && trv__list_is_empty(&gil->preempted);
}

/* The debt grows or is paid by so much. */
static void settle_debt(struct trv__gil *gil, int64_t more_ns)
{
    gil->debt_ns = MIN_OF(MAX_OF(gil->debt_ns + more_ns, 0), MAX_OF(gil->slice_ns, DEBT_DUE_NS));
    if (gil->debt_ns == 0)
        gil->is_due = false;
    else if (gil->debt_ns >= DEBT_DUE_NS)
        gil->is_due = true;
}

static void stand_in_line(struct trv__gil *gil, struct trv__thread *self, struct trv__list *line,
                          bool at_front)
{
    self->gil.queued_ns = trv__clock_ns();
    self->gil.is_returning = line == &gil->returning;
    if (is_line_empty(gil)) {
        settle_debt(gil, gil->charged_ns - self->gil.queued_ns);
        gil->charged_ns = self->gil.queued_ns;
    }
    if (at_front)
        trv__list_prepend(line, &self->gil.link);
    else
        trv__list_append(line, &self->gil.link);
    atomic_store_explicit(&self->gil.word, AWAKE, memory_order_relaxed);
}

/* The thread, which holds the lock or is just getting it from the caller, stands in line no more. */
static void leave_line(struct trv__gil *gil, struct trv__thread *thread, int64_t now_ns)
{
    if (!trv__list_is_empty(&gil->preempted)) /* it was free until now, and of use to nobody */
        settle_debt(gil, now_ns - gil->charged_ns);
    trv__list_remove(&thread->gil.link);
    if (is_line_empty(gil))
        atomic_fetch_and_explicit(&gil->state, ~(uintptr_t)TRV__GIL_WAITERS, memory_order_relaxed);
    gil->charged_ns = thread->gil.held_since_ns = now_ns;
    if (gil->is_timed)
        trv__gil_beat(gil);
}

/* Hands the lock, which the caller holds, to a thread in line. Returns it if it sleeps: to be woken once
 * the mutex is free. */
static struct trv__thread *grant(struct trv__gil *gil, struct trv__thread *thread,
                                 bool was_kept_out)
{
    bool sleeps = atomic_load_explicit(&thread->gil.word, memory_order_relaxed) == ASLEEP;

    thread->gil.was_kept_out = was_kept_out;
    trv__gil_set_holder(gil, thread);
    leave_line(gil, thread, trv__clock_ns());
    atomic_store_explicit(&thread->gil.word, GRANTED, memory_order_release);
    return sleeps ? thread : NULL;
}

static void wake(struct trv__thread *thread)
{
    if (thread)
        trv__futex_wake(&thread->gil.word);
}

/* Accounts ----------------------------------------------------------------------------------------- */

/* The holder is about to lose the lock, or wants to know what it has had of it. One that has returned
 * and goes on beyond a safepoint owes only for the time of its precedence. */
static void charge(struct trv__gil *gil, struct trv__thread *self, int64_t now_ns,
                   bool is_at_safepoint)
{
    int64_t used_ns = now_ns - gil->charged_ns;
    bool owes = self->gil.is_returning && !trv__list_is_empty(&gil->preempted);

    if (is_line_empty(gil))
        return;
    if (!self->gil.held_since_ns)
        self->gil.held_since_ns = gil->charged_ns;
    gil->charged_ns = now_ns;
    self->gil.account.blocked_ns += used_ns;
    gil->account.blocked_ns += used_ns;
    if (owes)
        settle_debt(gil, is_at_safepoint ? MIN_OF(used_ns, RETURN_NS) : used_ns);
    else
        settle_debt(gil, -used_ns);
    if (now_ns - self->gil.held_since_ns >= RETURN_NS)
        self->gil.is_returning = false;
}

static void add_holding(struct trv__gil_account *account, int64_t held_ns)
{
    account->held_ns += held_ns;
    account->longest_ns = MAX_OF(account->longest_ns, held_ns);
}

void trv__gil_ended(struct trv__gil *gil, struct trv__thread *self, int64_t now_ns)
{
    int64_t held_ns = now_ns - self->gil.held_since_ns;

    if (!gil->is_timed)
        return;
    add_holding(&self->gil.account, held_ns);
    add_holding(&gil->account, held_ns);
}

void trv__gil_began(struct trv__gil *gil, struct trv__thread *self)
{
    self->gil.held_since_ns = gil->is_timed ? trv__clock_ns() : 0;
    if (gil->is_timed)
        trv__gil_beat(gil);
    self->gil.account.acquired++;
    gil->account.acquired++;
}

static void arrived(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t waited_ns = trv__clock_ns() - self->gil.queued_ns;

    self->gil.account.acquired++;
    self->gil.account.waited_ns += waited_ns;
    gil->account.acquired++;
    gil->account.waited_ns += waited_ns;
}

void trv__gil_count_dropped(struct trv__gil *gil, struct trv__thread *self)
{
    self->gil.account.dropped++;
    gil->account.dropped++;
}

/* A thread was preempted and had to be woken: that time is not what it wanted the lock for. It is owed
 * by those who kept it out. Those who preempt each other have themselves to thank: else two that yield all
 * the time would be owed more by each hand-over than they are paid, and would keep the others out for ever. */
static void charge_waking(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t now_ns = trv__clock_ns();

    pthread_mutex_lock(&gil->mutex);
    settle_debt(gil, self->gil.was_kept_out ? now_ns - gil->charged_ns : gil->charged_ns - now_ns);
    gil->charged_ns = self->gil.held_since_ns = now_ns;
    pthread_mutex_unlock(&gil->mutex);
}

/* Waiting ------------------------------------------------------------------------------------------ */

/* How long a thread in line sleeps before it asks for the lock, for the first time or once more. One
 * whose request stands relies on it, unless that is put off because of the debt. */
static int64_t patience_of(const struct trv__gil *gil, const struct trv__thread *self, bool asks)
{
    if (!self->gil.is_returning)
        return gil->slice_ns;
    if (gil->is_due)
        return MAX_OF(gil->debt_ns, RETURN_NS);
    return asks ? TRV__NEVER : RETURN_NS;
}

static bool asks_at_once(const struct trv__thread *self)
{
    return self->gil.is_returning && self->gil.haste != TRV__SOON;
}

static bool sleep_for(struct trv__thread *self, int64_t patience_ns)
{
    int64_t until_ns = patience_ns == TRV__NEVER ? TRV__NEVER : trv__clock_ns() + patience_ns;

    return trv__futex_wait(&self->gil.word, ASLEEP, until_ns);
}

static bool is_granted(struct trv__thread *self)
{
    return atomic_load_explicit(&self->gil.word, memory_order_acquire) == GRANTED;
}

/* The holder has been asked, and on another processor it meets a safepoint soon: looks at the word for a
 * moment, which is quicker than to sleep and be woken. False when the lock was left free, too. */
static bool spin(struct trv__gil *gil, struct trv__thread *self)
{
    for (int left = SPINS; left > 0; left--) {
        if (is_granted(self))
            return true;
        if (!holder_in(atomic_load_explicit(&gil->state, memory_order_relaxed)))
            return false;
        trv__spin_pause();
    }
    return false;
}

/* Whether the lock is ours now; otherwise the holder knows that we wait. */
static bool try_in_line(struct trv__gil *gil, struct trv__thread *self)
{
    do {
        if (is_granted(self))
            return true;
        if (try_take(gil, self)) {
            leave_line(gil, self, trv__clock_ns());
            return true;
        }
    } while (!announce(gil));
    return false;
}

/* Lets the mutex go, wakes `other`, if there is one, and waits until the lock is ours. False if it
 * never will be: then neither the lock nor the thread may be touched any more. */
static bool wait_for_turn(struct trv__gil *gil, struct trv__thread *self, struct trv__thread *other)
{
    bool asks = asks_at_once(self), spins = asks && gil->may_spin, was_woken, is_ours;
    int64_t patience_ns;

    while (!(is_ours = try_in_line(gil, self))) {
        if (UNLIKELY(gil->has_ended)) {
            trv__list_remove(&self->gil.link);
            pthread_mutex_unlock(&gil->mutex);
            return false;
        }
        atomic_store_explicit(&self->gil.word, spins ? AWAKE : ASLEEP, memory_order_relaxed);
        if (asks)
            request_switch(gil);
        patience_ns = patience_of(gil, self, asks);
        self->gil.has_asked = patience_ns == TRV__NEVER;
        pthread_mutex_unlock(&gil->mutex);
        wake(other);
        other = NULL;
        was_woken = spins ? spin(gil, self) : sleep_for(self, patience_ns);
        if (is_granted(self))
            break;
        pthread_mutex_lock(&gil->mutex);
        asks |= !was_woken;
        spins = false;
    }
    if (is_ours)
        pthread_mutex_unlock(&gil->mutex);
    wake(other);
    if (!is_ours && !self->gil.is_returning)
        charge_waking(gil, self);
    arrived(gil, self);
    return true;
}

/* Taking ------------------------------------------------------------------------------------------- */

static bool take_slow(struct trv__gil *gil, struct trv__thread *self)
{
    bool is_patient = self->gil.haste == TRV__IN_TURN;

    if (gil->chooser->is_seeded)
        return trv__turns_take(gil, self);
    pthread_mutex_lock(&gil->mutex);
    self->gil.slice_left_ns = gil->slice_ns;
    stand_in_line(gil, self, is_patient ? &gil->preempted : &gil->returning, false);
    return wait_for_turn(gil, self, NULL);
}

bool trv__gil_try_enter(struct trv__gil *gil, struct trv__thread *self)
{
    uintptr_t state = 0;

    ASSERT(gil->chooser->is_seeded || trv__gil_holder(gil) != self);
    if (UNLIKELY(!atomic_compare_exchange_strong_explicit(
            &gil->state, &state, (uintptr_t)self, memory_order_acquire, memory_order_relaxed)))
        return take_slow(gil, self);
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

/* Giving ------------------------------------------------------------------------------------------- */

/* Who a voluntary release serves. */
static struct trv__thread *first_in_line(struct trv__gil *gil)
{
    struct trv__thread *returning = first_of(&gil->returning),
                       *preempted = first_of(&gil->preempted);

    return returning && !(gil->is_due && preempted) ? returning : preempted;
}

/* Returns who to wake, or NULL. */
static struct trv__thread *give_to_first(struct trv__gil *gil, int64_t now_ns)
{
    struct trv__thread *first = first_in_line(gil);
    bool is_starving = first && now_ns - first->gil.queued_ns > STARVING_NS;
    bool is_owed = first && gil->is_due && !first->gil.is_returning;

    if (is_starving || is_owed)
        return grant(gil, first, true);
    atomic_fetch_and_explicit(&gil->state, (uintptr_t)TRV__GIL_FLAGS, memory_order_release);
    if (!first || atomic_load_explicit(&first->gil.word, memory_order_relaxed) != ASLEEP)
        return NULL;
    atomic_store_explicit(&first->gil.word, AWAKE, memory_order_relaxed);
    return first;
}

static void give_slow(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t now_ns = trv__clock_ns();
    struct trv__thread *next;

    pthread_mutex_lock(&gil->mutex);
    charge(gil, self, now_ns, false);
    trv__gil_ended(gil, self, now_ns);
    next = give_to_first(gil, now_ns);
    pthread_mutex_unlock(&gil->mutex);
    wake(next);
}

void trv__gil_give(struct trv__gil *gil, struct trv__thread *self)
{
    uintptr_t state = (uintptr_t)self;

    ASSERT(trv__gil_holder(gil) == self);
    if (LIKELY(atomic_compare_exchange_strong_explicit(&gil->state, &state, 0, memory_order_release,
                                                       memory_order_relaxed)))
        return;
    if (gil->chooser->is_seeded)
        trv__turns_give(gil, self);
    else
        give_slow(gil, self);
}

void trv__gil_leave(struct trv__gil *gil, struct trv__thread *self)
{
    if (gil->chooser->is_seeded)
        trv__turns_leave(gil, self);
    else
        give_slow(gil, self);
}

/* At safepoints ------------------------------------------------------------------------------------ */

/* Nobody is due soon. Those who wait will ask again when their time limit is over; the first of the
 * returning ones, if it has none, is to set one, and is returned to be woken. */
static struct trv__thread *put_off(struct trv__gil *gil)
{
    struct trv__thread *returning = first_of(&gil->returning);

    withdraw_request(gil);
    if (!returning || !returning->gil.has_asked)
        return NULL;
    returning->gil.has_asked = false;
    atomic_store_explicit(&returning->gil.word, AWAKE, memory_order_relaxed);
    return returning;
}

/* Who is due now; NULL if nobody, and then *sleeper is to be woken, unless it is NULL. */
static struct trv__thread *who_is_due(struct trv__gil *gil, struct trv__thread *self,
                                      int64_t now_ns, struct trv__thread **sleeper)
{
    struct trv__thread *returning = first_of(&gil->returning),
                       *preempted = first_of(&gil->preempted);

    *sleeper = NULL;
    charge(gil, self, now_ns, true);
    if (TRV_GIL_STRESS && (returning || preempted))
        return first_in_line(gil);
    if (returning && !gil->is_due)
        return self->gil.is_returning ? NULL : returning;
    if (preempted && ((gil->is_due && self->gil.is_returning) ||
                      now_ns - self->gil.held_since_ns >= self->gil.slice_left_ns))
        return preempted;
    *sleeper = put_off(gil);
    return NULL;
}

/* Lets the mutex go. */
static void hand_over(struct trv__gil *gil, struct trv__thread *self, struct trv__thread *next,
                      int64_t now_ns)
{
    bool is_for_returning = next->gil.is_returning;
    bool keeps_precedence = self->gil.is_returning && gil->is_due && !is_for_returning;
    bool at_front = true;
    struct trv__thread *sleeper;

    trv__gil_count_dropped(gil, self);
    trv__gil_ended(gil, self, now_ns);
    self->gil.slice_left_ns -= now_ns - self->gil.held_since_ns;
    if (!is_for_returning || self->gil.slice_left_ns <= 0) {
        self->gil.slice_left_ns = gil->slice_ns;
        at_front = keeps_precedence;
    }
    sleeper = grant(gil, next, self->gil.is_returning);
    if (trv__list_is_empty(&gil->returning))
        withdraw_request(gil);
    stand_in_line(gil, self, keeps_precedence ? &gil->returning : &gil->preempted, at_front);
    if (!wait_for_turn(gil, self, sleeper))
        trv__thread_hang(self);
}

void trv__gil_switch(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__thread *next, *sleeper;
    int64_t now_ns;

    if (gil->chooser->is_seeded) {
        trv__turns_switch(gil, self);
        return;
    }
    now_ns = trv__clock_ns();
    pthread_mutex_lock(&gil->mutex);
    next = who_is_due(gil, self, now_ns, &sleeper);
    if (next) {
        hand_over(gil, self, next, now_ns);
        return;
    }
    pthread_mutex_unlock(&gil->mutex);
    wake(sleeper);
}

void trv__gil_reschedule(struct trv__gil *gil, struct trv__thread *self)
{
    int64_t now_ns;
    struct trv__thread *next;

    if (gil->chooser->is_seeded) {
        trv__turns_reschedule(gil, self);
        return;
    }
    now_ns = trv__clock_ns();
    pthread_mutex_lock(&gil->mutex);
    charge(gil, self, now_ns, true);
    next = first_in_line(gil);
    if (next)
        hand_over(gil, self, next, now_ns);
    else
        pthread_mutex_unlock(&gil->mutex);
}

/* Life --------------------------------------------------------------------------------------------- */

void trv__gil_init(struct trv__gil *gil, struct trv__chooser *chooser, double slice, bool is_timed)
{
    pthread_mutex_init(&gil->mutex, NULL);
    trv__list_init(&gil->returning);
    trv__list_init(&gil->preempted);
    trv__turns_init(&gil->turns);
    gil->chooser = chooser;
    gil->slice_ns = (int64_t)(slice * 1e9);
    gil->is_timed = is_timed;
    if (chooser->is_seeded || is_timed)
        atomic_store_explicit(&gil->state, TRV__GIL_SLOWLY, memory_order_relaxed);
    if (chooser->is_seeded || TRV_GIL_STRESS)
        atomic_store_explicit(&gil->attention, TRV__ATTEND_SEEDED, memory_order_relaxed);
}

static void send_away(struct trv__list *line)
{
    LIST_EACH(node, line) {
        struct trv__thread *thread = thread_at(node);
        atomic_store_explicit(&thread->gil.word, AWAKE, memory_order_relaxed);
        wake(thread);
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
        atomic_fetch_and_explicit(&gil->state, ~(uintptr_t)TRV__GIL_WAITERS, memory_order_relaxed);
        withdraw_request(gil);
    }
    pthread_mutex_unlock(&gil->mutex);
}
