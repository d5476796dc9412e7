/* SPDX-License-Identifier: MIT */
/*
 * Births and deaths: notes from the zygote, dead workers and their calls, replacements.
 *
 * That a worker is dead is believed only from its pidfd. How it died comes in a note from the
 * zygote, which alone can ask, and which may be slow on a busy machine; but one that is stopped or gone must
 * not hold things up, so then the worker is buried without, as it is when all patience is at an end.
 *
 * A burial: first everything its ring of results still holds is taken out, because a result that
 * was published counts, whatever happened then. Then each job in its cells is looked at: what was
 * not begun goes back to the head of the queue, in its order; what was begun failed, or is tried
 * again if the user allowed it. Then the segment is emptied for the next worker.
 *
 * Workers that die before they ever come up point at something that will not pass. After so many
 * in a row the pool gives up instead of forking for ever.
 */
#include "base/fault.h"
#include "processes/crew.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long to wait for a zygote that runs to say how a worker died. */
#define STATUS_PATIENCE_NS (5 * TRV__SECOND)
#define BARREN_MOST 32
#define RETRY_NS INT64_C(2000000)
#define INSIST_NS INT64_C(10000000)

/* Slots -------------------------------------------------------------------------------------------------- */

void trv__slot_reset(struct trv__slot *slot)
{
    struct trv__segments *segments = &slot->crew->segments;

    trv__incoming_clear(&slot->incoming);
    trv__segment_format(slot->segment);
    trv__segment_attach(segments, slot->index, &slot->requests, &slot->results, NULL);
    slot->free_cells = TRV__CELLS == 64 ? UINT64_MAX : (UINT64_C(1) << (TRV__CELLS % 64)) - 1;
    slot->seen_read = 0;
    slot->pid = 0;
    slot->pidfd = -1;
    slot->calls = 0;
    slot->is_suspect = slot->is_overdue = slot->is_corrupt = slot->has_status = slot->is_retiring =
        false;
    slot->state = TRV__SLOT_EMPTY;
}

static void forget_pidfd(struct trv__slot *slot)
{
    if (slot->pidfd < 0)
        return;
    epoll_ctl(slot->crew->epoll_fd, EPOLL_CTL_DEL, slot->pidfd, NULL);
    close(slot->pidfd);
    slot->pidfd = -1;
}

static bool is_readable(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};

    return poll(&polled, 1, 0) > 0;
}

/* Asking for workers --------------------------------------------------------------------------------------- */

void trv__crew_ask(struct trv__crew *crew)
{
    if (crew->is_broken || crew->quit != TRV__QUIT_NOT)
        return;
    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__note note = {.kind = TRV__NOTE_FORK, .slot = (uint32_t)i};
        if (crew->slots[i].state == TRV__SLOT_WANTED &&
            trv__note_send(crew->control_fd, &note, -1) == 0)
            crew->slots[i].state = TRV__SLOT_ASKED;
    }
}

/* A worker ended before it was of any use. */
static void count_barren(struct trv__crew *crew, const char *why)
{
    char reason[sizeof crew->reason];

    if (++crew->barren < BARREN_MOST)
        return;
    snprintf(reason, sizeof reason, "workers cannot be started: %s", why);
    trv__crew_break(crew, reason);
}

static void worker_is_there(struct trv__slot *slot, const struct trv__note *note, int pidfd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = slot->index};

    slot->pid = note->pid;
    slot->pidfd = pidfd;
    slot->state = TRV__SLOT_LIVE;
    if (note->error == ENOSYS)
        return;
    /* If we could not tell when it dies, it must go: the note of its death comes unasked. */
    if (pidfd < 0 || FAULT() || epoll_ctl(slot->crew->epoll_fd, EPOLL_CTL_ADD, pidfd, &event) < 0)
        trv__slot_kill(slot);
}

static void worker_has_status(struct trv__slot *slot, const struct trv__note *note)
{
    if (slot->pid != note->pid || slot->state < TRV__SLOT_LIVE)
        return; /* it was buried without */
    slot->has_status = true;
    slot->code = note->code;
    slot->status = note->status;
    trv__slot_died(slot);
}

static void take_note(struct trv__crew *crew, const struct trv__note *note, int fd)
{
    struct trv__slot *slot = &crew->slots[note->slot];

    if (note->kind == TRV__NOTE_FORKED && slot->state == TRV__SLOT_ASKED) {
        worker_is_there(slot, note, fd);
        return;
    }
    if (fd >= 0)
        close(fd);
    if (note->kind == TRV__NOTE_DIED) {
        worker_has_status(slot, note);
    } else if (note->kind == TRV__NOTE_FAILED && slot->state == TRV__SLOT_ASKED) {
        slot->state = TRV__SLOT_WANTED;
        count_barren(crew, strerror(note->error));
    }
}

bool trv__crew_read_notes(struct trv__crew *crew)
{
    struct trv__note note;
    int fd, answer;

    while ((answer = trv__note_receive(crew->control_fd, &note, &fd)) > 0) {
        if (note.slot < crew->slot_count)
            take_note(crew, &note, fd);
        else if (fd >= 0)
            close(fd);
    }
    trv__wake_all(&crew->changes);
    return answer != 0;
}

/* Burials ---------------------------------------------------------------------------------------------------- */

static void describe_signal(int number, char *text, size_t size)
{
    const char *name = NULL;

#if defined __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 32)
    name = sigabbrev_np(number);
#endif
#endif
    if (name)
        snprintf(text, size, "was killed by SIG%s", name);
    else
        snprintf(text, size, "was killed by signal %d", number);
}

static void describe_end(const struct trv__slot *slot, char *text, size_t size)
{
    if (!slot->has_status)
        snprintf(text, size, "died");
    else if (slot->is_corrupt)
        snprintf(text, size, "was killed because it had overwritten its shared memory");
    else if (slot->code == CLD_EXITED)
        snprintf(text, size, "exited with status %d", slot->status);
    else
        describe_signal(slot->status, text, size);
}

static void fail_begun(struct trv__slot *slot, struct trv__job *job)
{
    char end[80];

    if (slot->is_overdue && job->is_told) {
        trv__raise_cancelled();
        trv__job_fail(job);
        return;
    }
    describe_end(slot, end, sizeof end);
    trv_raise(trv_BrokenProcessPool, "worker %d %s while running %s()", (int)slot->pid, end,
              trv_function_name(job->call->callable));
    trv__job_fail(job);
}

/* The job of a slot that was sent last. */
static struct trv__job *last_job(const struct trv__slot *slot)
{
    struct trv__job *last = NULL;

    for (size_t i = 0; i < TRV__CELLS; i++) {
        struct trv__job *job = slot->jobs[i];
        if (job && (!last || job->sent_ns > last->sent_ns ||
                    (job->sent_ns == last->sent_ns && job->ticket > last->ticket)))
            last = job;
    }
    return last;
}

static bool was_queued(const struct trv__slot *slot, const struct trv__job *job)
{
    return atomic_load_explicit(&slot->segment->cells[job->cell], memory_order_acquire) ==
           trv__cell(job->ticket, TRV__CELL_QUEUED);
}

/* Empties the cells: jobs go back to the head of the queue, the last first, so that they stand
 * there in their order; those that are lost are gathered. */
static void empty_cells(struct trv__slot *slot, struct trv__list *lost)
{
    struct trv__job *job;

    while ((job = last_job(slot))) {
        bool is_queued = was_queued(slot, job);
        trv__job_leave_cell(job);
        if (!is_queued && (job->retries == 0 || job->is_told)) {
            trv__list_append(lost, &job->link);
            continue;
        }
        job->retries -= !is_queued;
        trv__list_prepend(&slot->crew->queue, &job->link);
    }
}

static void bury(struct trv__slot *slot)
{
    struct trv__crew *crew = slot->crew;
    bool was_up = atomic_load_explicit(&slot->segment->is_up, memory_order_relaxed);
    struct trv__slot dead = *slot;
    struct trv__list lost, *node;

    trv__list_init(&lost);
    trv__slot_receive(slot);
    dead.is_corrupt = slot->is_corrupt;
    if (slot->sending)
        trv__job_unref(slot->sending);
    slot->sending = NULL;
    empty_cells(slot, &lost);
    forget_pidfd(slot);
    trv__slot_reset(slot);
    slot->state = TRV__SLOT_WANTED;
    while ((node = trv__list_pop(&lost))) {
        struct trv__job *job = CONTAINER_OF(node, struct trv__job, link);
        fail_begun(&dead, job);
        trv__job_unref(job);
    }
    if (!was_up && crew->quit == TRV__QUIT_NOT)
        count_barren(crew, "they end before they take a call");
}

void trv__slot_died(struct trv__slot *slot)
{
    if (slot->state == TRV__SLOT_LIVE) {
        slot->state = TRV__SLOT_DYING;
        slot->bury_ns = trv__clock_ns() + STATUS_PATIENCE_NS;
        if (slot->pidfd >= 0)
            epoll_ctl(slot->crew->epoll_fd, EPOLL_CTL_DEL, slot->pidfd, NULL);
    }
}

/* Whether somebody has stopped the zygote; it stays so for whoever asks next. */
static bool is_zygote_stopped(const struct trv__crew *crew)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)crew->zygote_pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid;
}

/* Whether all is known of a dead worker that will be. While there are calls, the keeper looks again soon. */
static bool is_known(const struct trv__slot *slot)
{
    const struct trv__crew *crew = slot->crew;

    return slot->has_status || !crew->has_zygote || trv__clock_ns() >= slot->bury_ns ||
           is_zygote_stopped(crew);
}

void trv__crew_bury(struct trv__crew *crew)
{
    bool was_receiving = crew->is_receiving;

    crew->is_receiving = true;
    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        if (slot->state == TRV__SLOT_DYING && (slot->pidfd < 0 || is_readable(slot->pidfd)) &&
            is_known(slot))
            bury(slot);
    }
    crew->is_receiving = was_receiving;
}

/* What a worker has not begun is taken back first, so that nothing else can die with the call. If more
 * than that one has begun it is over, and its result about to be read. */
static void stop_by_force(struct trv__job *job)
{
    struct trv__slot *slot = job->slot;

    if (slot->state != TRV__SLOT_LIVE || slot->is_overdue)
        return;
    trv__slot_take_back(slot);
    if (slot->outstanding > 1)
        return;
    slot->is_overdue = true;
    trv__slot_kill(slot);
}

/* Who cannot be killed now is looked at again. */
void trv__crew_insist(struct trv__crew *crew)
{
    int64_t now_ns = trv__clock_ns();

    while (!trv__list_is_empty(&crew->told)) {
        struct trv__job *job = CONTAINER_OF(crew->told.next, struct trv__job, link);
        if (job->kill_ns > now_ns)
            break;
        trv__list_remove(&job->link);
        job->kill_ns = now_ns + INSIST_NS;
        trv__list_append(&crew->told, &job->link);
        stop_by_force(job);
    }
}

int64_t trv__crew_due_ns(struct trv__crew *crew)
{
    int64_t due_ns = TRV__NEVER;

    if (!trv__list_is_empty(&crew->told))
        due_ns = CONTAINER_OF(crew->told.next, struct trv__job, link)->kill_ns;
    for (size_t i = 0; i < crew->slot_count; i++)
        if (crew->slots[i].state == TRV__SLOT_DYING)
            due_ns = MIN_OF(due_ns, crew->slots[i].bury_ns);
        else if (crew->slots[i].state == TRV__SLOT_WANTED && !crew->is_broken &&
                 crew->quit == TRV__QUIT_NOT)
            due_ns = MIN_OF(due_ns, trv__clock_ns() + RETRY_NS);
    return due_ns;
}

/* The end of all --------------------------------------------------------------------------------------------- */

void trv__slot_kill(struct trv__slot *slot)
{
    struct trv__note note = {.kind = TRV__NOTE_KILL, .slot = slot->index};

    if (slot->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, slot->pidfd, SIGKILL, NULL, 0);
    else if (slot->pid && slot->crew->has_zygote)
        trv__note_send(slot->crew->control_fd, &note, -1);
}

void trv__crew_kill(struct trv__crew *crew)
{
    for (size_t i = 0; i < crew->slot_count; i++)
        trv__slot_kill(&crew->slots[i]);
}

static void gather_all(struct trv__crew *crew, struct trv__list *lost)
{
    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        struct trv__job *job;
        if (slot->sending)
            trv__job_unref(slot->sending);
        slot->sending = NULL;
        while ((job = last_job(slot))) {
            trv__job_leave_cell(job);
            trv__list_prepend(lost, &job->link);
        }
    }
    trv__list_splice(lost, &crew->queue);
}

int trv__crew_raise_broken(const struct trv__crew *crew)
{
    if (crew->initializer.failure)
        return trv__initializer_raise(&crew->initializer, trv_BrokenProcessPool);
    return trv_raise_int(trv_BrokenProcessPool, "%s", crew->reason);
}

void trv__crew_break(struct trv__crew *crew, const char *reason)
{
    struct trv__list lost, *node;

    if (crew->is_broken)
        return;
    snprintf(crew->reason, sizeof crew->reason, "%s", reason);
    crew->is_broken = crew->is_closing = true;
    trv__crew_kill(crew);
    trv__list_init(&lost);
    gather_all(crew, &lost);
    while ((node = trv__list_pop(&lost))) {
        struct trv__job *job = CONTAINER_OF(node, struct trv__job, link);
        trv__crew_raise_broken(crew);
        if (crew->runtime->is_urgent) /* who hurries does not want to hear of each */
            job->call->future->was_observed = true;
        trv__job_fail(job);
        trv__job_unref(job);
    }
}

/* Waits for the zygote, which is dead or about to be, and says how it ended. */
static void wait_for_zygote(struct trv__crew *crew, char *end, size_t size)
{
    struct trv__slot zygote = {.has_status = true};
    siginfo_t info = {.si_pid = 0};
    int answer;

    while ((answer = waitid(P_PID, (id_t)crew->zygote_pid, &info, WEXITED)) < 0 && errno == EINTR)
        ;
    zygote.code = info.si_code;
    zygote.status = info.si_status;
    zygote.has_status = answer == 0; /* the program may have waited for it itself */
    describe_end(&zygote, end, size);
}

/* The last results first; then nothing will come any more. */
void trv__zygote_died(struct trv__crew *crew)
{
    char reason[sizeof crew->reason], end[80];

    if (!crew->has_zygote)
        return;
    wait_for_zygote(crew, end, sizeof end);
    trv__crew_read_notes(crew);
    crew->has_zygote = false;
    epoll_ctl(crew->epoll_fd, EPOLL_CTL_DEL, crew->control_fd, NULL);
    if (crew->zygote_pidfd >= 0) {
        epoll_ctl(crew->epoll_fd, EPOLL_CTL_DEL, crew->zygote_pidfd, NULL);
        close(crew->zygote_pidfd);
        crew->zygote_pidfd = -1;
    }
    if (crew->quit != TRV__QUIT_NOT)
        return;
    trv__crew_receive(crew);
    snprintf(reason, sizeof reason, "process %d, from which the pool's workers are forked, %s",
             (int)crew->zygote_pid, end);
    trv__crew_break(crew, reason);
}
