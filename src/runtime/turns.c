/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is under a seed.
 *
 * One thread runs at a time; where it could make way for another (a safepoint, a wait, its end)
 * the chooser decides who goes on. What it decides from must not depend on how fast threads are, so
 * the line of those who want the GIL changes only by what the running thread does:
 *
 *   - a thread that is started stands in line from then on, however long its start takes;
 *   - one that goes outside (TRV_ALLOW_THREADS) stands in line again at once. If it is chosen, it
 *     is waited for. One that is found asleep out there waits for the world, perhaps for us: then it
 *     is *away*, and stands in line when it comes;
 *   - one that waits for descriptors stands in line when a look at them says so, and those who
 *     decide look, not the thread that waits;
 *   - a parked one stands in line when it is roused, or when time has moved to its deadline.
 *
 * Time is virtual and moves when nobody is in line: to the earliest deadline, and all whose deadline
 * that is stand in line together. While the world may still wake somebody (one is away, or waits
 * for descriptors) time passes no faster than real time; while one is outside, not at all.
 *
 * So a program's story depends on its seed alone, unless it waits for the world: another process, a
 * network, a system call or lock outside the GIL that lets it sleep.
 *
 * Nobody runs while somebody decides; `is_taken` covers both. If nobody can run it is false, and
 * whoever comes decides. gil.mutex is let go while a thread is waited for, never the right to decide.
 */
#include "runtime/turns.h"

#include "base/futex.h"
#include "base/native.h"
#include "runtime/runtime.h"

#include <sys/eventfd.h>

/* A limit: time does not move, because the one who decides is about to go outside. */
#define STILL (-1)

/* What a thread sleeps on. ENDED and NUDGED are no more than reasons to look around. */
enum { WAITING, GRANTED, ENDED, NUDGED };

/* A thread outside that was asleep in so many looks in a row is away. */
#define LOOKS 3
#define LOOK_NS 1000000
/* One that computes may do so in vain, until somebody inside does something. */
#define PATIENCE_NS (5 * TRV__SECOND)
/* How often who waits for the world asks whether somebody runs. */
#define RETRY_NS 2000000
/* Looking at descriptors is a system call. */
#define SAFEPOINTS_A_LOOK 8

/* Lines; all helpers with the mutex held ------------------------------------------------------------ */

static struct trv__thread *thread_at(struct trv__list *link)
{
    return CONTAINER_OF(CONTAINER_OF(link, struct trv__gil_waiter, link), struct trv__thread, gil);
}

/* From now on nobody runs. */
static void end_turn(struct trv__gil *gil)
{
    struct trv__thread *holder = trv__gil_holder(gil);

    if (holder)
        trv__gil_ended(gil, holder, trv__clock_ns());
    trv__gil_set_holder(gil, NULL);
}

static void stand(struct trv__thread *thread, struct trv__list *line, enum trv__turn turn)
{
    trv__list_remove(&thread->gil.link);
    if (line)
        trv__list_append(line, &thread->gil.link);
    thread->turns.turn = (uint8_t)turn;
    atomic_store_explicit(&thread->gil.word, WAITING, memory_order_relaxed);
}

static void set_here(struct trv__thread *thread, bool is_here)
{
    if (atomic_exchange_explicit(&thread->turns.is_here, is_here, memory_order_acq_rel) !=
            is_here &&
        is_here)
        trv__futex_wake(&thread->turns.is_here);
}

static bool is_granted(struct trv__thread *self)
{
    return atomic_load_explicit(&self->gil.word, memory_order_acquire) == GRANTED;
}

/* One that is in poll sleeps on its eventfd. */
static void wake(struct trv__thread *thread, bool was_watching)
{
    if (was_watching && eventfd_write(thread->event_fd, 1) < 0)
        ASSERT(errno == EAGAIN);
    trv__futex_wake(&thread->gil.word);
}

static void grant(struct trv__gil *gil, struct trv__thread *thread)
{
    bool was_watching = thread->turns.watched && !thread->turns.is_here;

    trv__list_remove(&thread->gil.link);
    thread->turns.turn = TRV__HAS_TURN;
    trv__gil_set_holder(gil, thread);
    atomic_store_explicit(&thread->gil.word, GRANTED, memory_order_release);
    wake(thread, was_watching);
}

/* Whether nobody is granted anything any more: it goes, then. */
static bool must_go(struct trv__gil *gil, struct trv__thread *self)
{
    if (LIKELY(!gil->has_ended))
        return false;
    trv__list_remove(&self->gil.link);
    return true;
}

static void hang_at_end(struct trv__gil *gil, struct trv__thread *self)
{
    if (LIKELY(!must_go(gil, self)))
        return;
    pthread_mutex_unlock(&gil->mutex);
    trv__thread_hang(self);
}

/* False if the runtime ends first. */
static bool await_grant(struct trv__gil *gil, struct trv__thread *self)
{
    while (!is_granted(self)) {
        if (must_go(gil, self))
            return false;
        pthread_mutex_unlock(&gil->mutex);
        trv__futex_wait(&self->gil.word, WAITING, TRV__NEVER);
        pthread_mutex_lock(&gil->mutex);
    }
    trv__gil_began(gil, self);
    return true;
}

static void wait_for_grant(struct trv__gil *gil, struct trv__thread *self)
{
    if (!await_grant(gil, self))
        hang_at_end(gil, self);
}

/* Who wants the GIL --------------------------------------------------------------------------------- */

static void admit_watchers(struct trv__gil *gil)
{
    LIST_EACH(node, &gil->turns.watchers)
        if (poll(thread_at(node)->turns.watched, 1, 0) != 0)
            stand(thread_at(node), &gil->turns.ready, TRV__IN_LINE);
}

static int64_t earliest_in(const struct trv__list *line)
{
    int64_t earliest_ns = TRV__NEVER;

    for (struct trv__list *node = line->next; node != line; node = node->next)
        earliest_ns = MIN_OF(earliest_ns, thread_at(node)->turns.deadline_ns);
    return earliest_ns;
}

static void admit_due(struct trv__gil *gil, struct trv__list *line, int64_t now_ns)
{
    LIST_EACH(node, line)
        if (thread_at(node)->turns.deadline_ns <= now_ns)
            stand(thread_at(node), &gil->turns.ready, TRV__IN_LINE);
}

/* Moves time to the earliest deadline, if there is one and it is not after `limit_ns`. */
static bool move_time(struct trv__gil *gil, int64_t limit_ns)
{
    struct trv__turns *turns = &gil->turns;
    int64_t sleepers_ns = earliest_in(&turns->sleepers),
            watchers_ns = earliest_in(&turns->watchers),
            earliest_ns = MIN_OF(sleepers_ns, watchers_ns);

    if (earliest_ns == TRV__NEVER || earliest_ns > limit_ns)
        return false;
    trv__chooser_move_time(gil->chooser, earliest_ns);
    admit_due(gil, &turns->sleepers, earliest_ns);
    admit_due(gil, &turns->watchers, earliest_ns);
    return true;
}

static bool is_asleep(const struct trv__thread *thread)
{
    return trv__native_is_asleep(atomic_load_explicit(&thread->native_id, memory_order_relaxed));
}

/* Waits for a thread that was chosen. False if it turns out to be away. It is looked at without the mutex,
 * for which it would sleep at the door. */
static bool await_arrival(struct trv__gil *gil, struct trv__thread *thread)
{
    struct trv__turn_waiter *turns = &thread->turns;
    int64_t began_ns = trv__clock_ns();
    int looks = 0;

    while (turns->turn == TRV__OUTSIDE && looks < LOOKS &&
           trv__clock_ns() - began_ns < PATIENCE_NS) {
        pthread_mutex_unlock(&gil->mutex);
        trv__futex_wait(&turns->is_here, false, trv__clock_ns() + LOOK_NS);
        looks = is_asleep(thread) ? looks + 1 : 0;
        pthread_mutex_lock(&gil->mutex);
    }
    if (turns->turn != TRV__OUTSIDE)
        return true;
    stand(thread, NULL, TRV__AWAY);
    gil->turns.away++;
    return false;
}

/* Deciding ------------------------------------------------------------------------------------------ */

static size_t length_of(const struct trv__list *line)
{
    size_t length = 0;

    for (const struct trv__list *node = line->next; node != line; node = node->next)
        length++;
    return length;
}

static struct trv__thread *nth_ready(struct trv__gil *gil, size_t n)
{
    struct trv__list *node = gil->turns.ready.next;

    while (n--)
        node = node->next;
    return thread_at(node);
}

/* Whether something may happen that only the world decides. */
static bool awaits_world(const struct trv__turns *turns)
{
    return turns->away || !trv__list_is_empty(&turns->watchers);
}

/* Somebody has to go on, but not the caller, unless it stands in line itself. Time may move as far
 * as real time has: to `limit_ns`; and any far if the world is not awaited, unless it is STILL. */
static void decide(struct trv__gil *gil, int64_t limit_ns)
{
    struct trv__turns *turns = &gil->turns;
    struct trv__thread *last = trv__gil_holder(gil);

    turns->is_taken = true;
    end_turn(gil);
    for (;;) {
        size_t count;
        admit_watchers(gil);
        count = length_of(&turns->ready);
        if (count) {
            struct trv__thread *next =
                nth_ready(gil, trv__choose(gil->chooser, TRV__CHOOSE_THREAD, count));
            trv__chose(gil->chooser, last ? last->current.context : NULL, next->current.context);
            if (await_arrival(gil, next)) {
                grant(gil, next);
                return;
            }
        } else if (limit_ns == STILL ||
                   !move_time(gil, awaits_world(turns) ? limit_ns : TRV__NEVER)) {
            turns->is_taken = false;
            return;
        }
    }
}

/* When, in real time, a wait until a virtual deadline must end if nothing else happens. */
static int64_t real_deadline(const struct trv__gil *gil, int64_t deadline_ns)
{
    int64_t now_ns = trv__chooser_now_ns(gil->chooser);

    return deadline_ns == TRV__NEVER ? TRV__NEVER
                                     : trv__clock_ns() + MAX_OF(deadline_ns - now_ns, 0);
}

/* How far virtual time may have passed for one who has waited for so long. */
static int64_t limit_of(const struct trv__thread *self, int64_t real_ns)
{
    return real_ns != TRV__NEVER && trv__clock_ns() >= real_ns ? self->turns.deadline_ns : 0;
}

/* Taking and giving --------------------------------------------------------------------------------- */

bool trv__turns_take(struct trv__gil *gil, struct trv__thread *self)
{
    struct trv__turns *turns = &gil->turns;
    bool is_ours;

    pthread_mutex_lock(&gil->mutex);
    if (self->turns.turn == TRV__AWAY)
        turns->away--;
    if (self->turns.turn == TRV__OUTSIDE)
        self->turns.turn = TRV__IN_LINE;
    else if (self->turns.turn == TRV__AWAY || self->turns.turn == TRV__ABSENT)
        stand(self, &turns->ready, TRV__IN_LINE);
    set_here(self, true);
    if (!turns->is_taken)
        decide(gil, 0);
    is_ours = await_grant(gil, self);
    pthread_mutex_unlock(&gil->mutex);
    return is_ours;
}

void trv__turns_give(struct trv__gil *gil, struct trv__thread *self)
{
    trv__leaving(gil->chooser, self->current.context);
    pthread_mutex_lock(&gil->mutex);
    decide(gil, STILL);
    set_here(self, false);
    stand(self, &gil->turns.ready, TRV__OUTSIDE);
    pthread_mutex_unlock(&gil->mutex);
}

void trv__turns_leave(struct trv__gil *gil, struct trv__thread *self)
{
    pthread_mutex_lock(&gil->mutex);
    self->turns.turn = TRV__ABSENT;
    decide(gil, 0);
    pthread_mutex_unlock(&gil->mutex);
}

void trv__turns_expect(struct trv__gil *gil, struct trv__thread *thread)
{
    pthread_mutex_lock(&gil->mutex);
    stand(thread, &gil->turns.ready, TRV__IN_LINE);
    pthread_mutex_unlock(&gil->mutex);
}

void trv__turns_forget(struct trv__gil *gil, struct trv__thread *thread)
{
    pthread_mutex_lock(&gil->mutex);
    stand(thread, NULL, TRV__ABSENT);
    pthread_mutex_unlock(&gil->mutex);
}

/* Making way ---------------------------------------------------------------------------------------- */

/* Another one, that stands in line, goes on in the caller's stead. */
static void make_way(struct trv__gil *gil, struct trv__thread *self, struct trv__thread *next)
{
    trv__gil_count_dropped(gil, self);
    stand(self, &gil->turns.ready, TRV__IN_LINE);
    end_turn(gil);
    if (await_arrival(gil, next))
        grant(gil, next);
    else
        decide(gil, 0);
    wait_for_grant(gil, self);
}

void trv__turns_switch(struct trv__gil *gil, struct trv__thread *self)
{
    size_t count, chosen;

    trv__leaving(gil->chooser, self->current.context);
    pthread_mutex_lock(&gil->mutex);
    if (gil->turns.looks++ % SAFEPOINTS_A_LOOK == 0)
        admit_watchers(gil);
    count = length_of(&gil->turns.ready);
    chosen = trv__choose(gil->chooser, TRV__CHOOSE_SWITCH, count + 1);
    if (chosen) {
        struct trv__thread *next = nth_ready(gil, chosen - 1);
        trv__chose(gil->chooser, self->current.context, next->current.context);
        make_way(gil, self, next);
    } else if (count) {
        trv__chose(gil->chooser, self->current.context, self->current.context);
    }
    pthread_mutex_unlock(&gil->mutex);
}

void trv__turns_reschedule(struct trv__gil *gil, struct trv__thread *self)
{
    trv__leaving(gil->chooser, self->current.context);
    pthread_mutex_lock(&gil->mutex);
    admit_watchers(gil);
    if (!trv__list_is_empty(&gil->turns.ready)) {
        trv__gil_count_dropped(gil, self);
        stand(self, &gil->turns.ready, TRV__IN_LINE);
        decide(gil, 0);
        wait_for_grant(gil, self);
    }
    pthread_mutex_unlock(&gil->mutex);
}

/* Waiting ------------------------------------------------------------------------------------------- */

/* A signal came for who rests or watches: it wants the GIL. What nudged it is forgotten first. */
static void answer_signal(struct trv__gil *gil, struct trv__thread *self)
{
    uint32_t nudged = NUDGED;

    if (LIKELY(!self->hears_signals))
        return;
    atomic_compare_exchange_strong(&self->gil.word, &nudged, WAITING);
    if ((self->turns.turn == TRV__RESTING || self->turns.turn == TRV__WATCHING) &&
        trv__signals_are_due(self))
        stand(self, &gil->turns.ready, TRV__IN_LINE);
}

/* Sleeps until the turn has come, or until then. */
static void doze(struct trv__gil *gil, struct trv__thread *self, int64_t until_ns)
{
    pthread_mutex_unlock(&gil->mutex);
    trv__futex_wait(&self->gil.word, WAITING, until_ns);
    pthread_mutex_lock(&gil->mutex);
}

void trv__turns_rest(struct trv__gil *gil, struct trv__thread *self, int64_t deadline_ns)
{
    int64_t real_ns = real_deadline(gil, deadline_ns);

    trv__leaving(gil->chooser, self->current.context);
    pthread_mutex_lock(&gil->mutex);
    self->turns.deadline_ns = deadline_ns;
    stand(self, &gil->turns.sleepers, TRV__RESTING);
    answer_signal(gil, self);
    decide(gil, 0);
    while (!is_granted(self)) {
        int64_t limit_ns = limit_of(self, real_ns);
        hang_at_end(gil, self);
        answer_signal(gil, self);
        if ((limit_ns || self->turns.turn == TRV__IN_LINE) && !gil->turns.is_taken)
            decide(gil, limit_ns);
        if (!is_granted(self))
            doze(gil, self, limit_ns ? trv__clock_ns() + RETRY_NS : real_ns);
    }
    wait_for_grant(gil, self);
    pthread_mutex_unlock(&gil->mutex);
}

/* Without the mutex; ends when the turn has come, too. */
static void sleep_in_poll(struct trv__gil *gil, struct trv__thread *self, int64_t real_ns)
{
    struct pollfd fds[2] = {*self->turns.watched, {.fd = self->event_fd, .events = POLLIN}};
    int64_t now_ns = real_ns == TRV__NEVER ? 0 : trv__clock_ns();
    struct timespec left = trv__timespec(MAX_OF(real_ns - now_ns, 0));

    set_here(self, false);
    pthread_mutex_unlock(&gil->mutex);
    ppoll(fds, 2, real_ns == TRV__NEVER ? NULL : &left, NULL);
    pthread_mutex_lock(&gil->mutex);
    set_here(self, true);
}

static void watch_once(struct trv__gil *gil, struct trv__thread *self, int64_t real_ns)
{
    eventfd_t ignored;

    stand(self, &gil->turns.watchers, TRV__WATCHING);
    answer_signal(gil, self);
    decide(gil, 0);
    while (!is_granted(self)) {
        hang_at_end(gil, self);
        sleep_in_poll(gil, self, real_ns);
        hang_at_end(gil, self);
        answer_signal(gil, self);
        if (!gil->turns.is_taken)
            decide(gil, limit_of(self, real_ns));
        if (!is_granted(
                self)) /* somebody runs, and will look at the descriptor when it makes way */
            doze(gil, self, trv__clock_ns() + RETRY_NS);
    }
    wait_for_grant(gil, self);
    eventfd_read(self->event_fd, &ignored);
}

bool trv__turns_watch(struct trv__gil *gil, struct trv__thread *self, struct pollfd *watched,
                      int64_t deadline_ns)
{
    int64_t real_ns = real_deadline(gil, deadline_ns);
    bool is_over;

    trv__leaving(gil->chooser, self->current.context);
    pthread_mutex_lock(&gil->mutex);
    self->turns.deadline_ns = deadline_ns;
    self->turns.watched = watched;
    watch_once(gil, self, real_ns);
    is_over = poll(watched, 1, 0) != 0 || trv__chooser_now_ns(gil->chooser) >= deadline_ns;
    self->turns.watched = NULL;
    pthread_mutex_unlock(&gil->mutex);
    return is_over;
}

void trv__turns_rouse(struct trv__gil *gil, struct trv__thread *thread)
{
    pthread_mutex_lock(&gil->mutex);
    if (thread->turns.turn == TRV__RESTING || thread->turns.turn == TRV__WATCHING)
        stand(thread, &gil->turns.ready, TRV__IN_LINE);
    pthread_mutex_unlock(&gil->mutex);
}

/* Life ---------------------------------------------------------------------------------------------- */

void trv__turns_init(struct trv__turns *turns)
{
    turns->away = 0;
    trv__list_init(&turns->ready);
    trv__list_init(&turns->sleepers);
    trv__list_init(&turns->watchers);
}

static void send_away(struct trv__list *line)
{
    LIST_EACH(node, line) {
        struct trv__thread *thread = thread_at(node);
        atomic_store_explicit(&thread->gil.word, ENDED, memory_order_relaxed);
        wake(thread, thread->turns.watched != NULL);
    }
}

void trv__turns_nudge(struct trv__thread *thread)
{
    uint32_t waiting = WAITING;

    if (atomic_compare_exchange_strong(&thread->gil.word, &waiting, NUDGED))
        trv__futex_wake(&thread->gil.word);
}

/* The holder is the last that had a turn: `is_taken` stays set. */
void trv__turns_end(struct trv__gil *gil)
{
    send_away(&gil->turns.ready);
    send_away(&gil->turns.sleepers);
    send_away(&gil->turns.watchers);
}

void trv__turns_after_fork(struct trv__gil *gil, struct trv__thread *only)
{
    trv__turns_init(&gil->turns);
    trv__list_init(&only->gil.link);
}
