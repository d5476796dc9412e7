/* SPDX-License-Identifier: MIT */
/*
 * The post of a crew: calls into the rings, results out of them.
 *
 * A job goes to the worker with the fewest outstanding, and only if it is likely to run soon: how
 * many may stand in a ring depends on how long calls take lately (half a millisecond's worth, at
 * least two, so that a worker never waits for us between calls). The rest stays in the queue.
 * What stands behind a long call, or before a worker that does not move, is revoked when another
 * worker is idle, and sent there.
 *
 * A message that does not fit into its ring stays `sending`, and goes on when the worker has made
 * room; the job is counted for that, as it may be cancelled or moved meanwhile: the ring needs the
 * rest of the message all the same.
 *
 * Settling a future runs callbacks, which may submit and cancel, but not take out results: that is
 * already under way (crew->is_receiving). So every step leaves things whole before it settles. Nor may
 * what unpickling calls switch: whoever else wants results out of the rings relies on it that they are
 * out, or nobody is at it, once it has the GIL.
 */
#include "base/fault.h"
#include "processes/crew.h"

#include <sys/eventfd.h>

/* How much work may stand in a ring. */
#define AHEAD_NS INT64_C(500000)
/* After how long a call that was not begun is given to an idle worker instead. */
#define PATIENCE_NS INT64_C(10000000)
/* How many workers the keeper watches at once when it waits busily. */
#define LINGER_MOST 16
/* A pickle from here up keeps the buffer it was made in. */
#define LARGE ((size_t)32768)

/* Jobs -------------------------------------------------------------------------------------------------- */

static size_t block_bytes(const struct trv__job *job)
{
    size_t inside = job->large.data ? 0 : job->pickle_size;

    return sizeof *job + job->part_count * sizeof *job->parts + inside;
}

void trv__job_unref(struct trv__job *job)
{
    size_t size = block_bytes(job);

    if (--job->references > 0)
        return;
    ASSERT(!job->call);
    for (size_t i = 0; i < job->part_count; i++)
        trv_unref(job->parts[i]);
    trv__buffer_free(&job->large);
    trv__free(job, size);
}

/* Makes (callable, arguments, keywords or None) into a pickle in the crew's packer. */
static int pack_call(struct trv__crew *crew, const struct trv__call *call)
{
    trv_object *items[] = {call->callable, call->arguments,
                           call->keywords ? call->keywords : trv_none_new()};
    trv_auto trv_object *triple = trv_tuple_new(items, COUNT_OF(items));

    return triple ? trv__packer_pack(&crew->packer, triple) : -1;
}

/* A block with what is in the packer, which is empty afterwards. */
static struct trv__job *take_packed(struct trv__packer *packer)
{
    size_t size = packer->pickle.size, count = packer->part_count;
    bool is_large = size >= LARGE;
    struct trv__job *job =
        trv__allocate(sizeof *job + count * sizeof *job->parts + (is_large ? 0 : size));
    char *inside;

    if (!job)
        return NULL;
    *job = (struct trv__job){.references = 1, .pickle_size = size, .part_count = count};
    trv__list_init(&job->link);
    job->parts = (trv_object **)(void *)(job + 1);
    if (count)
        memcpy(job->parts, packer->parts, count * sizeof *job->parts);
    packer->part_count = 0;
    inside = (char *)(job->parts + count);
    if (is_large) {
        job->large = packer->pickle;
        packer->pickle = (struct trv__buffer){NULL, 0, 0};
        inside = job->large.data;
    } else {
        memcpy(inside, packer->pickle.data, size);
    }
    job->pickle = inside;
    return job;
}

static int cancel_future(struct trv__future *future)
{
    struct trv__job *job = future->leg;

    if (job->crew->runtime->pid != job->crew->pid)
        return 0;
    if (trv__job_cancel(job))
        return 1;
    if (!trv__job_tell(job))
        return 0;
    future->cancel_requested = true;
    return 1;
}

static bool future_has_begun(const struct trv__future *future)
{
    const struct trv__job *job = future->leg;

    return job->slot && trv__job_has_begun(job);
}

/* Reports are to name what the user gave to map, not what runs its chunks. The arguments are packed. */
static void name_after_user(struct trv__call *call)
{
    trv_object *callable;
    size_t count;

    if (call->callable != trv__process_chunk)
        return;
    callable = trv_ref(trv__tuple_items(call->arguments, &count)[0]);
    trv_unref(call->callable);
    call->callable = callable;
}

struct trv__job *trv__job_create_take(struct trv__crew *crew, struct trv__call *call)
{
    struct trv__job *job = NULL;

    if (pack_call(crew, call) == 0) {
        job = take_packed(&crew->packer);
        trv__packer_clear(&crew->packer);
    }
    if (!job) {
        trv__call_drop(call);
        return NULL;
    }
    job->crew = crew;
    job->call = call;
    name_after_user(call);
    call->future->callable = call->callable;
    job->retries = crew->retries;
    trv_clear(&call->arguments);
    trv_clear(&call->keywords);
    call->future->leg = job;
    call->future->cancel = cancel_future;
    call->future->help = trv__job_help;
    call->future->has_begun = future_has_begun;
    return job;
}

/* Takes the call of a job away from it: the future is about to be settled. */
static struct trv__call *take_call(struct trv__job *job)
{
    struct trv__call *call = job->call;

    job->call = NULL;
    job->crew->pending--;
    call->future->callable = NULL;
    call->future->leg = NULL;
    call->future->cancel = NULL;
    call->future->help = NULL;
    call->future->has_begun = NULL;
    return call;
}

void trv__job_fail(struct trv__job *job)
{
    struct trv__call *call = take_call(job);

    trv__future_fail_take(call->future, trv_error_take());
    trv__call_drop(call);
}

static void put_into_cell(struct trv__slot *slot, struct trv__job *job)
{
    job->cell = (uint32_t)__builtin_ctzll(slot->free_cells);
    job->ticket = slot->crew->next_ticket++ & TRV__TICKET_MOST;
    job->slot = slot;
    job->sent_ns = trv__clock_ns();
    slot->free_cells &= slot->free_cells - 1;
    slot->jobs[job->cell] = job;
    slot->outstanding++;
    atomic_store_explicit(&slot->segment->cells[job->cell],
                          trv__cell(job->ticket, TRV__CELL_QUEUED), memory_order_relaxed);
}

void trv__job_leave_cell(struct trv__job *job)
{
    struct trv__slot *slot = job->slot;

    trv__list_remove(&job->link);
    slot->jobs[job->cell] = NULL;
    slot->free_cells |= UINT64_C(1) << job->cell;
    slot->outstanding--;
    job->slot = NULL;
}

static bool take_back(struct trv__job *job)
{
    return trv__cell_claim(&job->slot->segment->cells[job->cell], job->ticket, TRV__CELL_REVOKED);
}

bool trv__job_cancel(struct trv__job *job)
{
    struct trv__call *call;

    if (job->slot) {
        if (!take_back(job))
            return false;
        trv__job_leave_cell(job);
    }
    trv__list_remove(&job->link);
    call = take_call(job);
    trv__crew_wake(job->crew);
    trv__job_unref(job);
    trv__future_cancelled(call->future);
    trv__call_drop(call);
    return true;
}

bool trv__job_tell(struct trv__job *job)
{
    struct trv__crew *crew = job->crew;
    struct trv__segment *segment = job->slot->segment;

    if (!atomic_load_explicit(&segment->is_listening, memory_order_acquire) && !crew->kill_after_ns)
        return false;
    if (!trv__cell_tell(&segment->cells[job->cell], job->ticket))
        return false;
    atomic_fetch_add_explicit(&segment->told, 1, memory_order_release);
    trv__ring_wake(&segment->told);
    if (crew->kill_after_ns && !job->is_told) {
        job->kill_ns = trv__clock_ns() + crew->kill_after_ns;
        trv__list_append(&crew->told, &job->link);
        trv__crew_wake(crew);
    }
    job->is_told = true;
    return true;
}

/* Callbacks run, and may change everything: so each job is looked up anew. */
void trv__crew_cancel_waiting(struct trv__crew *crew)
{
    struct trv__list *first;

    while ((first = crew->queue.next) != &crew->queue)
        trv__job_cancel(CONTAINER_OF(first, struct trv__job, link));
    for (size_t i = 0; i < crew->slot_count; i++)
        for (size_t cell = 0; cell < TRV__CELLS; cell++)
            if (crew->slots[i].jobs[cell])
                trv__job_cancel(crew->slots[i].jobs[cell]);
}

/* Sending ----------------------------------------------------------------------------------------------- */

static void punish(struct trv__slot *slot)
{
    slot->is_corrupt = true;
    trv__slot_kill(slot);
}

enum trv__bed trv__crew_bed(const struct trv__crew *crew)
{
    if (crew->has_leader)
        return TRV__SECOND_BED;
    return crew->is_keeper_asleep ? TRV__FIRST_BED : TRV__AWAKE;
}

/* Whoever sleeps must be woken for what does not fit now. */
static void go_on_sending(struct trv__slot *slot)
{
    enum trv__bed bed = trv__crew_bed(slot->crew);

    for (;;)
        switch (trv__outgoing_write(&slot->outgoing, &slot->requests)) {
        case TRV__IN_FULL:
            trv__job_unref(slot->sending);
            slot->sending = NULL;
            return;
        case TRV__IN_PART:
            if (bed == TRV__AWAKE || trv__ring_writer_arm(&slot->requests, bed))
                return;
            break;
        case TRV__CORRUPT:
            punish(slot);
            return;
        }
}

static void send_to(struct trv__slot *slot, struct trv__job *job)
{
    put_into_cell(slot, job);
    slot->calls++;
    job->references++;
    slot->sending = job;
    trv__outgoing_begin(&slot->outgoing, TRV__MESSAGE_CALL, job->cell, job->ticket);
    trv__outgoing_fill(&slot->outgoing, job->pickle, job->pickle_size, job->parts, job->part_count);
    go_on_sending(slot);
}

static bool is_usable(const struct trv__slot *slot)
{
    return (slot->state == TRV__SLOT_LIVE || slot->state == TRV__SLOT_ASKED) && !slot->is_corrupt &&
           !slot->is_overdue;
}

static size_t depth_of(const struct trv__crew *crew)
{
    int64_t depth = crew->average_ns > 0 ? 2 + AHEAD_NS / crew->average_ns : 2;

    return (size_t)MIN_OF(depth, TRV__CELLS);
}

/* Whether a worker that was given up on has caught up. */
static bool is_suspect(struct trv__slot *slot)
{
    size_t room;

    if (slot->is_suspect && !slot->sending && trv__ring_room(&slot->requests, SIZE_MAX, &room) &&
        room == slot->requests.capacity)
        slot->is_suspect = false;
    return slot->is_suspect;
}

/* One that is only being forked counts as if it had something to do. */
static size_t burden(const struct trv__slot *slot)
{
    return 2 * slot->outstanding + (slot->state != TRV__SLOT_LIVE);
}

static bool is_used_up(const struct trv__slot *slot)
{
    return slot->crew->calls_most && slot->calls >= slot->crew->calls_most;
}

/* Workers that have run their calls leave, and are replaced when they are gone. */
static void retire(struct trv__crew *crew)
{
    for (size_t i = 0; crew->calls_most && i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        if (!is_used_up(slot) || slot->is_retiring || slot->outstanding || slot->sending ||
            slot->state != TRV__SLOT_LIVE)
            continue;
        slot->is_retiring = true;
        trv__slot_quit(slot);
    }
}

/* The worker for the next job: the fewest outstanding; NULL if all have enough. Suspects get
 * something only if there is nobody else. */
static struct trv__slot *best_slot(struct trv__crew *crew)
{
    struct trv__slot *best = NULL, *reserve = NULL;
    size_t depth = depth_of(crew);
    bool has_other = false;

    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i], **chosen = &best;
        if (!is_usable(slot))
            continue;
        if (is_suspect(slot))
            chosen = &reserve;
        else
            has_other = true;
        if (slot->sending || slot->outstanding >= depth || is_used_up(slot))
            continue;
        if (!*chosen || burden(slot) < burden(*chosen))
            *chosen = slot;
    }
    return has_other ? best : reserve;
}

/* Tells workers whether a processor is free to wait busily on: for each that is at work one is
 * taken, and one by us. */
static void hint_spinning(struct trv__crew *crew)
{
    size_t busy = 1;
    uint32_t may_spin;

    for (size_t i = 0; i < crew->slot_count; i++)
        busy += crew->slots[i].outstanding > 0;
    may_spin = busy <= crew->processors && crew->processors > 1;
    for (size_t i = 0; i < crew->slot_count; i++) {
        _Atomic uint32_t *hint = &crew->slots[i].segment->may_spin;
        if (atomic_load_explicit(hint, memory_order_relaxed) != may_spin)
            atomic_store_explicit(hint, may_spin, memory_order_relaxed);
    }
}

void trv__crew_send(struct trv__crew *crew)
{
    struct trv__slot *slot;

    for (size_t i = 0; i < crew->slot_count; i++)
        if (crew->slots[i].sending && is_usable(&crew->slots[i]))
            go_on_sending(&crew->slots[i]);
    while (!trv__list_is_empty(&crew->queue) && (slot = best_slot(crew))) {
        struct trv__list *first = trv__list_pop(&crew->queue);
        send_to(slot, CONTAINER_OF(first, struct trv__job, link));
    }
    retire(crew);
    hint_spinning(crew);
    if (UNLIKELY(crew->is_keeper_deaf) && crew->pending) {
        crew->is_keeper_deaf = false;
        trv__crew_wake(crew);
    }
}

/* Balancing --------------------------------------------------------------------------------------------- */

bool trv__job_has_begun(const struct trv__job *job)
{
    return atomic_load_explicit(&job->slot->segment->cells[job->cell], memory_order_relaxed) !=
           trv__cell(job->ticket, TRV__CELL_QUEUED);
}

/* The job of a slot that would run last, if there is one that is not begun. */
static struct trv__job *last_waiting(const struct trv__slot *slot)
{
    struct trv__job *last = NULL;

    for (size_t i = 0; i < TRV__CELLS; i++) {
        struct trv__job *job = slot->jobs[i];
        if (job && !trv__job_has_begun(job) && (!last || job->sent_ns > last->sent_ns))
            last = job;
    }
    return last;
}

static struct trv__slot *idle_slot(struct trv__crew *crew)
{
    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        if (slot->state == TRV__SLOT_LIVE && is_usable(slot) && !slot->outstanding &&
            !is_used_up(slot) && !slot->sending && !is_suspect(slot))
            return slot;
    }
    return NULL;
}

/* Whether a worker has read nothing for a while. One that is reading a long message has. */
static bool is_stuck(struct trv__slot *slot, const struct trv__job *job, int64_t now_ns)
{
    uint64_t read = atomic_load_explicit(&slot->segment->requests.read, memory_order_relaxed);

    if (read != slot->seen_read) {
        slot->seen_read = read;
        slot->moved_ns = now_ns;
    }
    return now_ns - MAX_OF(slot->moved_ns, job->sent_ns) >= PATIENCE_NS;
}

/* The job that should move to an idle worker: one behind others, or one its worker does not begin. */
static struct trv__job *misplaced(struct trv__crew *crew)
{
    struct trv__job *worst = NULL;
    size_t most = 0;

    for (size_t i = 0; i < crew->slot_count; i++) {
        struct trv__slot *slot = &crew->slots[i];
        struct trv__job *job = slot->outstanding > most ? last_waiting(slot) : NULL;
        if (!job || ((slot->outstanding == 1 || slot->sending == job) &&
                     !is_stuck(slot, job, trv__clock_ns())))
            continue;
        worst = job;
        most = slot->outstanding;
    }
    return worst;
}

void trv__crew_balance(struct trv__crew *crew)
{
    struct trv__slot *idle;
    struct trv__job *job;

    while (trv__list_is_empty(&crew->queue) && (idle = idle_slot(crew)) &&
           (job = misplaced(crew))) {
        struct trv__slot *slot = job->slot;
        if (!take_back(job))
            continue;
        slot->is_suspect |= slot->outstanding == 1;
        trv__job_leave_cell(job);
        send_to(idle, job);
    }
}

void trv__slot_take_back(struct trv__slot *slot)
{
    struct trv__job *job;

    while ((job = last_waiting(slot)))
        if (take_back(job)) {
            trv__job_leave_cell(job);
            trv__list_prepend(&slot->crew->queue, &job->link);
        }
}

/* Receiving --------------------------------------------------------------------------------------------- */

static void account(struct trv__crew *crew, const struct trv__message *head)
{
    int64_t spent_ns = (int64_t)MIN_OF(head->spent_ns, UINT64_C(1) << 50);

    crew->average_ns =
        crew->average_ns ? crew->average_ns + (spent_ns - crew->average_ns) / 8 : spent_ns;
    crew->barren = 0;
}

/* The result a message holds, or NULL with the exception it holds, or that reading it raised. */
static trv_object *open_message(struct trv__incoming *incoming)
{
    trv_object *loaded;

    if (incoming->head.kind == TRV__MESSAGE_CANCELLED)
        return trv_raise(trv_CancelledError, "the call was cancelled in its worker");
    if (incoming->head.kind == TRV__MESSAGE_NO_MEMORY)
        return trv_raise(trv_MemoryError, "the worker was out of memory");
    loaded = trv__incoming_load(incoming);
    if (!loaded || incoming->head.kind == TRV__MESSAGE_RESULT)
        return loaded;
    if (loaded->type->flags & TRV__TYPE_EXCEPTION)
        trv__error_give(loaded);
    else
        trv_unref(loaded), trv_raise(trv_UnpicklingError, "a worker sent no exception");
    return NULL;
}

/* A worker's initializer failed: so would that of those who replace it. */
static bool give_up(struct trv__slot *slot)
{
    trv_object *result = open_message(&slot->incoming), *error = trv_error_take();

    trv__incoming_clear(&slot->incoming);
    trv_unref(result);
    if (!error)
        return false;
    if (slot->crew->initializer.failure)
        trv_unref(error);
    else
        slot->crew->initializer.failure = error;
    trv__crew_break(slot->crew, "an initializer failed");
    return true;
}

/* A message has arrived in full. False if it makes no sense. */
static bool settle(struct trv__slot *slot)
{
    struct trv__message head = slot->incoming.head;
    struct trv__job *job = head.cell < TRV__CELLS ? slot->jobs[head.cell] : NULL;
    struct trv__call *call;
    trv_object *result;

    if (head.kind == TRV__MESSAGE_UNFIT)
        return give_up(slot);
    if (!job || job->ticket != head.ticket || head.kind == TRV__MESSAGE_CALL)
        return false;
    account(slot->crew, &head);
    result = open_message(&slot->incoming);
    trv__incoming_clear(&slot->incoming);
    trv__job_leave_cell(job);
    call = take_call(job);
    trv__job_unref(job);
    slot->is_suspect = false;
    trv__future_settle_take(call->future, result);
    trv__call_drop(call);
    return true;
}

void trv__slot_receive(struct trv__slot *slot)
{
    while (!slot->is_corrupt) {
        enum trv__progress progress = trv__incoming_read(&slot->incoming, &slot->results);
        if (progress == TRV__IN_PART)
            return;
        if (progress == TRV__CORRUPT || !settle(slot))
            punish(slot);
    }
}

/* Compared with our own counter: the one in shared memory may have been overwritten. */
static bool has_news(const struct trv__ring *ring)
{
    return atomic_load_explicit(&ring->shared->written, memory_order_relaxed) != ring->own;
}

static bool any_has_news(const struct trv__crew *crew)
{
    for (size_t i = 0; i < crew->slot_count; i++)
        if (has_news(&crew->slots[i].results))
            return true;
    return false;
}

void trv__crew_receive(struct trv__crew *crew)
{
    trv_object *error;

    if (crew->is_receiving || !crew->is_running || !any_has_news(crew))
        return;
    if (crew->is_keeper_asleep)
        atomic_fetch_add_explicit(&crew->visits, 1, memory_order_relaxed);
    crew->is_receiving = true;
    trv__current->context->no_switch++;
    error = trv_error_take();
    for (size_t i = 0; i < crew->slot_count; i++)
        if (has_news(&crew->slots[i].results))
            trv__slot_receive(&crew->slots[i]);
    if (error)
        trv__error_give(error);
    trv__current->context->no_switch--;
    crew->is_receiving = false;
}

/* Waiting busily ------------------------------------------------------------------------------------------ */

/* What a busy waiter looks at: one slot's rings, without the GIL. */
struct view {
    const struct trv__segment *segment;
    uint64_t read; /* by the worker, when the view was taken */
    bool is_sending;
};

static struct view view_of(const struct trv__slot *slot)
{
    uint64_t read = atomic_load_explicit(&slot->segment->requests.read, memory_order_relaxed);

    return (struct view){slot->segment, read, slot->sending != NULL};
}

/* Whether there is a result, or room for what is being sent. */
static bool has_changed(const struct view *view)
{
    return trv__ring_has_news(&view->segment->results) ||
           (view->is_sending && atomic_load_explicit(&view->segment->requests.read,
                                                     memory_order_relaxed) != view->read);
}

/* Looks out for a change without the GIL. The segments stay mapped, as the crew is held. */
static bool watch(const struct view *views, size_t count)
{
    int64_t end_ns = trv__clock_ns() + TRV__SPIN_NS;
    bool has_news = false;

    TRV_ALLOW_THREADS {
        do {
            for (int i = 0; i < 32 && !has_news; i++) {
                for (size_t v = 0; v < count && !has_news; v++)
                    has_news = has_changed(&views[v]);
                trv__spin_pause();
            }
        } while (!has_news && trv__clock_ns() < end_ns);
    }
    return has_news;
}

static bool may_spin(const struct trv__slot *slot)
{
    return atomic_load_explicit(&slot->segment->may_spin, memory_order_relaxed);
}

/* Coroutines must not keep their loop from running, and under a seed waiting is the chooser's. */
static bool may_help(const struct trv__crew *crew, const struct trv__job *job)
{
    return job->slot && crew->is_running && !crew->is_receiving &&
           !crew->runtime->chooser.is_seeded && !trv__context_is_coroutine(trv__current->context) &&
           !trv__current->context->no_switch;
}

bool trv__slot_arm(struct trv__slot *slot, enum trv__bed bed)
{
    if (slot->is_corrupt)
        return true;
    return trv__ring_reader_arm(&slot->results, bed) &&
           (!slot->sending || !is_usable(slot) || trv__ring_writer_arm(&slot->requests, bed));
}

void trv__slot_disarm(struct trv__slot *slot)
{
    trv__ring_disarm(&slot->segment->results.reader_sleeps);
    trv__ring_disarm(&slot->segment->requests.writer_sleeps);
}

static void receive_and_send(struct trv__crew *crew)
{
    trv__crew_receive(crew);
    if (crew->is_running)
        trv__crew_send(crew);
}

/* Puts the marks back that belong on a slot's rings. What is there meanwhile is taken out: whoever
 * sleeps has not been told. */
static void rearm(struct trv__crew *crew, struct trv__slot *slot)
{
    while (crew->is_running && trv__crew_bed(crew) != TRV__AWAKE &&
           !trv__slot_arm(slot, trv__crew_bed(crew)))
        receive_and_send(crew);
}

/* Once around: whether it saw something. Nobody else need be woken meanwhile, so the marks are taken
 * off the rings. */
static bool help_once(struct trv__crew *crew, struct trv__slot *slot)
{
    struct view view = view_of(slot);
    bool saw_news;

    trv__slot_disarm(slot);
    saw_news = watch(&view, 1);
    receive_and_send(crew);
    rearm(crew, slot);
    return saw_news;
}

/* Sleeps until a worker or somebody of this process wakes it. 1; 0 if that does not work here; -1 with
 * an exception. */
static int sleep_as_leader(struct trv__crew *crew, struct trv__future *future)
{
    struct trv__context *context = trv__current->context;
    struct trv__fd_wait wait = {.context = context, .fd = crew->beds[1], .events = TRV_READABLE};
    struct trv__waiter waiter = {.context = context};
    eventfd_t ignored;

    trv__list_append(&future->waiters, &waiter.link);
    context->waits_on = (trv_object *)future;
    context->is_parked = 1;
    context->wake = TRV__WOKEN;
    context->operations->wait_fd(context, &wait, TRV__NEVER);
    context->waits_on = NULL;
    trv__list_remove(&waiter.link);
    if (wait.ready && crew->beds[1] == wait.fd) /* the crew may have ended, and closed it */
        eventfd_read(wait.fd, &ignored);
    if (context->wake == TRV__FAILED)
        return -1;
    return !wait.error;
}

static void rearm_all(struct trv__crew *crew)
{
    for (size_t i = 0; i < crew->slot_count; i++)
        rearm(crew, &crew->slots[i]);
}

/* Leads until the future is done, or the context is cancelled. As trv__job_help. */
static int lead(struct trv__crew *crew, struct trv__future *future)
{
    int goes_on = 1;

    crew->has_leader = true;
    while (goes_on > 0 && crew->is_running && !trv__future_is_done(future)) {
        rearm_all(crew);
        if (trv__future_is_done(future) || !crew->is_running)
            break;
        goes_on = trv__check_cancelled() < 0 ? -1 : sleep_as_leader(crew, future);
        receive_and_send(crew);
    }
    crew->has_leader = false;
    rearm_all(crew);
    return goes_on < 0 ? -1 : trv__future_is_done(future);
}

int trv__job_help(struct trv__future *future, bool is_alone)
{
    struct trv__job *job = future->leg;
    struct trv__crew *crew = job->crew;
    int answer;

    trv__crew_hold(crew);
    trv__crew_receive(crew);
    while (!trv__future_is_done(future) && may_help(crew, job) && may_spin(job->slot) &&
           help_once(crew, job->slot))
        ;
    answer = trv__future_is_done(future);
    if (!answer && is_alone && may_help(crew, job) && !crew->has_leader)
        answer = lead(crew, future);
    trv__crew_release(crew);
    return answer;
}

bool trv__crew_linger(struct trv__crew *crew)
{
    struct view views[LINGER_MOST];
    size_t count = 0;

    if (crew->runtime->chooser.is_seeded || crew->watchers)
        return false;
    for (size_t i = 0; i < crew->slot_count && count < LINGER_MOST; i++) {
        const struct trv__slot *slot = &crew->slots[i];
        if ((slot->sending || trv__incoming_is_begun(&slot->incoming)) && !slot->is_corrupt &&
            may_spin(slot))
            views[count++] = view_of(slot);
    }
    return count && watch(views, count);
}
