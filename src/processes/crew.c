/* SPDX-License-Identifier: MIT */
/*
 * The life of a crew, and its keeper.
 *
 * The keeper sleeps in one epoll of everything that can happen: results (the eventfd, written by
 * workers while their rings say that the reader sleeps), notes from the zygote, the pidfds of the
 * zygote and of each worker. A thread of its own, rather than a watch in whoever waits, because a
 * future has to be completed even if nobody waits; and because the zygote must be forked by a
 * thread that outlives it.
 *
 * It goes to sleep in this order: mark every ring, look whether anything is there after all, and
 * only then let go of the GIL and sleep.
 *
 * Ending: when the crew is closing and has no jobs, workers are told to quit, and the zygote to
 * wait for them and follow. Whoever has not gone a second later is killed: workers first, since the
 * zygote reaps them. The keeper ends when all are gone, whatever killed them.
 */
#include "base/descriptor.h"
#include "base/fault.h"
#include "processes/crew.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EVENT_WAKE (UINT64_C(1) << 32)
#define EVENT_CONTROL (UINT64_C(2) << 32)
#define EVENT_ZYGOTE (UINT64_C(3) << 32)
#define EVENTS_AT_ONCE 64
#define QUIT_PATIENCE_NS TRV__SECOND
#define NAP_NS 50000
#define NAPS_MOST 40
#define LOOK_NS INT64_C(10000000)
#define RARE_LOOK_NS INT64_C(100000000)
#define ACTIVE_NS INT64_C(500000000)

/* Made and ended ------------------------------------------------------------------------------------------ */

static unsigned count_processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* Workers keep these, beside descriptors 0 to 2: they must be none of those. */
static int make_eventfd(void)
{
    return FAULT() ? -1 : trv__fd_lift(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static int make_descriptors(struct trv__crew *crew)
{
    if ((crew->beds[0] = make_eventfd()) < 0 || (crew->beds[1] = make_eventfd()) < 0 || FAULT() ||
        (crew->epoll_fd = trv__fd_lift(epoll_create1(EPOLL_CLOEXEC))) < 0)
        return trv_raise_errno("cannot make a descriptor for the pool"), -1;
    return 0;
}

static int make_slots(struct trv__crew *crew, size_t count, size_t ring_bytes)
{
    if (trv__segments_create(&crew->segments, count, ring_bytes) < 0)
        return -1;
    crew->slots = FAULT() ? NULL : calloc(count, sizeof *crew->slots);
    if (!crew->slots)
        return trv_raise_int(trv_MemoryError, "out of memory");
    crew->slot_count = count;
    for (size_t i = 0; i < count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        slot->crew = crew;
        slot->index = (uint32_t)i;
        slot->segment = trv__segment_at(&crew->segments, i);
        trv__incoming_init(&slot->incoming, crew->images);
        trv__slot_reset(slot);
    }
    return 0;
}

/* The runtime ends: nobody will ask for what has not begun. What has begun is waited for, unless that
 * is urgent, or a shutdown has waited for it as long as it would: then its workers are killed. */
static void end_with_runtime(struct trv__fini_hook *hook)
{
    struct trv__crew *crew = CONTAINER_OF(hook, struct trv__crew, hook);

    trv__crew_close(crew);
    trv__crew_cancel_waiting(crew);
    if (crew->runtime->is_urgent || crew->is_late)
        trv__crew_break(crew, "the runtime has ended");
}

struct trv__crew *trv__crew_create(size_t workers, size_t ring_bytes, uint32_t retries)
{
    struct trv__crew *crew = FAULT() ? NULL : calloc(1, sizeof *crew);

    if (!crew)
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    crew->references = 1;
    crew->beds[0] = crew->beds[1] = crew->epoll_fd = crew->control_fd = crew->zygote_pidfd =
        crew->segments.fd = -1;
    crew->runtime = trv__runtime();
    crew->pid = getpid();
    crew->retries = retries;
    crew->processors = count_processors();
    crew->hook.run = end_with_runtime;
    trv__list_init(&crew->hook.link);
    trv__list_init(&crew->changes);
    trv__list_init(&crew->queue);
    trv__list_init(&crew->told);
    crew->images = trv__images_new();
    if (crew->images) {
        trv__packer_init(&crew->packer, crew->images);
        if (make_descriptors(crew) == 0 && make_slots(crew, workers, ring_bytes) == 0)
            return crew;
    }
    trv__crew_unref(crew);
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* What costs others something is given back at once, not when the pool object goes. */
static void give_back(struct trv__crew *crew)
{
    close_fd(&crew->beds[0]);
    close_fd(&crew->beds[1]);
    close_fd(&crew->epoll_fd);
    close_fd(&crew->control_fd);
    close_fd(&crew->zygote_pidfd);
    if (!crew->watchers)
        trv__segments_destroy(&crew->segments);
}

void trv__crew_unref(struct trv__crew *crew)
{
    if (--crew->references > 0)
        return;
    give_back(crew);
    for (size_t i = 0; i < crew->slot_count; i++)
        trv__incoming_fini(&crew->slots[i].incoming);
    free(crew->slots);
    trv__packer_fini(&crew->packer);
    trv__images_free(crew->images);
    trv_unref(crew->failure);
    trv__initializer_clear(&crew->initializer);
    free(crew);
}

void trv__crew_hold(struct trv__crew *crew)
{
    crew->references++;
    crew->watchers++;
}

void trv__crew_release(struct trv__crew *crew)
{
    if (--crew->watchers == 0 && crew->is_ended)
        give_back(crew);
    trv__crew_unref(crew);
}

/* Talking to the keeper ----------------------------------------------------------------------------------- */

void trv__crew_wake(struct trv__crew *crew)
{
    if (crew->beds[0] >= 0 && eventfd_write(crew->beds[0], 1) < 0)
        ASSERT(errno == EAGAIN);
}

void trv__crew_close(struct trv__crew *crew)
{
    crew->is_closing = true;
    if (!crew->is_ended)
        trv__crew_wake(crew);
}

enum trv__wake trv__crew_wait(struct trv__crew *crew, int64_t deadline_ns)
{
    struct trv__context *context = trv__current->context;
    struct trv__waiter waiter;
    enum trv__wake wake;

    context->waits_for = TRV__WAITS_OUTSIDE;
    wake = trv__wait_in(&crew->changes, &waiter, NULL, deadline_ns);
    context->waits_for = TRV__WAITS_FOR_OTHERS;
    return wake;
}

/* The keeper's sleep --------------------------------------------------------------------------------------- */

/* A leader's marks are its own. */
static void wake_up(struct trv__crew *crew)
{
    crew->is_keeper_asleep = crew->is_keeper_deaf = false;
    for (size_t i = 0; i < crew->slot_count && !crew->has_leader; i++)
        trv__slot_disarm(&crew->slots[i]);
}

/* Marks the rings for whoever sleeps, the leader if there is one: its marks are gone where a worker
 * was replaced. False if there is something to do after all. */
static bool fall_asleep(struct trv__crew *crew)
{
    crew->is_keeper_asleep = true;
    for (size_t i = 0; i < crew->slot_count; i++)
        if (!trv__slot_arm(&crew->slots[i], trv__crew_bed(crew))) {
            wake_up(crew);
            return false;
        }
    return true;
}

/* For how many milliseconds to sleep; -1 for ever. While there are calls it looks every now and then
 * whether workers begin them; so that single calls need not wake it for that, it goes on for a while
 * when there are none. */
static int patience(struct trv__crew *crew)
{
    int64_t now_ns = trv__clock_ns(), due_ns = trv__crew_due_ns(crew);

    if (crew->pending)
        crew->active_ns = now_ns;
    if (crew->quit != TRV__QUIT_NOT)
        due_ns = MIN_OF(due_ns, crew->quit_ns);
    else if (crew->pending)
        due_ns = MIN_OF(due_ns, now_ns + LOOK_NS);
    else if (now_ns - crew->active_ns < ACTIVE_NS)
        due_ns = MIN_OF(due_ns, now_ns + RARE_LOOK_NS);
    crew->is_keeper_deaf = due_ns == TRV__NEVER;
    if (crew->is_keeper_deaf)
        return -1;
    return due_ns <= now_ns ? 0 : (int)((due_ns - now_ns + 999999) / 1000000);
}

static void take_event(struct trv__crew *crew, uint64_t what)
{
    if (what == EVENT_WAKE)
        return; /* edge-triggered: nothing to read */
    if (what < crew->slot_count)
        trv__slot_died(&crew->slots[what]);
    else if (what == EVENT_ZYGOTE || !trv__crew_read_notes(crew))
        trv__zygote_died(crew);
}

/* Results came, but somebody who submits or waits takes them out as they come: to ask for the GIL
 * would only disturb. Without the GIL; ends when nobody has for a while, or after some time. */
static void stand_aside(struct trv__crew *crew, uint32_t visits)
{
    struct timespec nap = trv__timespec(NAP_NS);

    for (int i = 0; i < NAPS_MOST; i++) {
        uint32_t now = atomic_load_explicit(&crew->visits, memory_order_relaxed);
        if (now == visits)
            return;
        visits = now;
        nanosleep(&nap, NULL);
    }
}

/* Without calls the keeper completes no future. Who waits for anything else of a crew waits outside
 * (trv__crew_wait). */
static bool has_nothing_to_do(void *crew)
{
    return !((const struct trv__crew *)crew)->pending;
}

static void rest(struct trv__crew *crew)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int timeout_ms = patience(crew), count = 0;
    uint32_t visits = atomic_load_explicit(&crew->visits, memory_order_relaxed);
    bool is_resting = crew->is_keeper_deaf; /* that changes while it is outside */

    if (is_resting)
        trv__rest_begin(has_nothing_to_do);
    TRV_ALLOW_THREADS {
        count = epoll_wait(crew->epoll_fd, events, EVENTS_AT_ONCE, timeout_ms);
        if (count == 1 && events[0].data.u64 == EVENT_WAKE && !crew->runtime->chooser.is_seeded)
            stand_aside(crew, visits);
    }
    if (is_resting)
        trv__rest_end();
    wake_up(crew);
    for (int i = 0; i < count; i++)
        take_event(crew, events[i].data.u64);
}

/* Ending ---------------------------------------------------------------------------------------------------- */

void trv__slot_quit(struct trv__slot *slot)
{
    struct trv__segment *segment = slot->segment;

    atomic_store_explicit(&segment->must_quit, 1, memory_order_seq_cst);
    if (atomic_exchange_explicit(&segment->requests.reader_sleeps, TRV__AWAKE,
                                 memory_order_seq_cst))
        trv__ring_wake(&segment->requests.reader_sleeps);
}

static void ask_to_quit(struct trv__crew *crew)
{
    struct trv__note note = {.kind = TRV__NOTE_QUIT};

    crew->quit = TRV__QUIT_ASKED;
    crew->quit_ns = trv__clock_ns() + QUIT_PATIENCE_NS;
    for (size_t i = 0; i < crew->slot_count; i++)
        trv__slot_quit(&crew->slots[i]);
    trv__note_send(crew->control_fd, &note, -1);
}

/* Without a pidfd the pid must do: it is the zygote's until we have waited for it. */
static void kill_zygote(struct trv__crew *crew)
{
    if (crew->zygote_pidfd >= 0)
        syscall(SYS_pidfd_send_signal, crew->zygote_pidfd, SIGKILL, NULL, 0);
    else
        kill(crew->zygote_pid, SIGKILL);
}

/* Asks, then insists. */
static void see_to_quitting(struct trv__crew *crew)
{
    if (!crew->is_closing || crew->pending)
        return;
    if (crew->quit == TRV__QUIT_NOT) {
        ask_to_quit(crew);
    } else if (trv__clock_ns() >= crew->quit_ns) {
        trv__crew_kill(crew);
        if (crew->quit >= TRV__QUIT_KILLED && crew->has_zygote)
            kill_zygote(crew);
        crew->quit = crew->quit == TRV__QUIT_ASKED ? TRV__QUIT_KILLED : TRV__QUIT_KILLED_ALL;
        crew->quit_ns = trv__clock_ns() + QUIT_PATIENCE_NS;
    }
}

static bool is_over(const struct trv__crew *crew)
{
    if (crew->quit == TRV__QUIT_NOT || crew->has_zygote)
        return false;
    for (size_t i = 0; i < crew->slot_count; i++)
        if (crew->slots[i].pidfd >= 0)
            return false;
    return true;
}

/* The keeper ------------------------------------------------------------------------------------------------- */

static int add_event(struct trv__crew *crew, int fd, uint32_t events, uint64_t what)
{
    struct epoll_event event = {.events = events, .data.u64 = what};

    if (FAULT() || epoll_ctl(crew->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
        return trv_raise_errno("cannot watch the pool's process"), -1;
    return 0;
}

static int set_out(struct trv__crew *crew)
{
    if (trv__zygote_start(crew) < 0)
        return -1;
    if (add_event(crew, crew->beds[0], EPOLLIN | EPOLLET, EVENT_WAKE) == 0 &&
        add_event(crew, crew->control_fd, EPOLLIN, EVENT_CONTROL) == 0 &&
        (crew->zygote_pidfd < 0 || add_event(crew, crew->zygote_pidfd, EPOLLIN, EVENT_ZYGOTE) == 0))
        return 0;
    kill(crew->zygote_pid, SIGKILL);
    while (waitpid(crew->zygote_pid, NULL, 0) < 0 && errno == EINTR)
        ;
    crew->has_zygote = false;
    return -1;
}

static void reserve_memory(struct trv__crew *crew)
{
    char reason[sizeof crew->reason];
    int error = 0;

    trv__segments_keep_private(&crew->segments);
    TRV_ALLOW_THREADS {
        error = trv__segments_reserve(&crew->segments);
    }
    if (!error)
        return;
    snprintf(reason, sizeof reason, "no shared memory: %s", strerror(error));
    trv__crew_break(crew, reason);
}

static void look_after(struct trv__crew *crew)
{
    while (!is_over(crew)) {
        trv__crew_receive(crew);
        trv__crew_bury(crew);
        trv__crew_insist(crew);
        trv__crew_ask(crew);
        trv__crew_send(crew);
        trv__crew_balance(crew);
        see_to_quitting(crew);
        ASSERT(!trv_error_occurred());
        if (!is_over(crew) && !trv__crew_linger(crew) && fall_asleep(crew))
            rest(crew);
    }
}

static void keep(void *argument)
{
    struct trv__crew *crew = argument;

    if (set_out(crew) == 0) {
        crew->is_running = true;
        trv__list_append(&crew->runtime->fini_hooks, &crew->hook.link);
        for (size_t i = 0; i < crew->slot_count; i++)
            crew->slots[i].state = TRV__SLOT_WANTED;
        trv__crew_ask(crew);
        trv__wake_all(&crew->changes);
        reserve_memory(crew);
        look_after(crew);
    } else {
        crew->failure = trv_error_take();
    }
    trv__list_remove(&crew->hook.link);
    crew->is_running = false;
    crew->is_ended = crew->is_closing = true;
    give_back(crew);
    trv__wake_all(&crew->changes);
    trv__crew_unref(crew);
}

int trv__crew_start(struct trv__crew *crew)
{
    crew->references++;
    if (trv__thread_start(keep, crew, "trivet-pool", 0) < 0) {
        trv__crew_unref(crew);
        return -1;
    }
    while (!crew->is_running && !crew->is_ended)
        switch (trv__crew_wait(crew, TRV__NEVER)) {
        case TRV__CANCELLED:
            trv__crew_close(crew);
            return trv__raise_cancelled();
        case TRV__FAILED:
            trv__crew_close(crew);
            return -1;
        default:
            break;
        }
    if (!crew->failure)
        return 0;
    trv__error_give(trv_ref(crew->failure));
    return -1;
}
