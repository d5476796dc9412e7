/* SPDX-License-Identifier: MIT */
/*
 * A worker: takes calls out of its ring, runs them, puts the results into the other one.
 *
 * It runs a call as any leg does, through trv__call_run, under the GIL; while it sleeps the GIL is
 * free for threads that a call may have left behind. A call is claimed (QUEUED to STARTED) after
 * its message has arrived in full and before anything of it is unpickled: from then on it shares
 * the worker's fate.
 *
 * There is always an answer. A result that cannot be pickled becomes the PicklingError that says
 * so, an exception that cannot be pickled becomes one that quotes it, and if there is not even
 * memory for that, the answer is that there is none.
 *
 * The parent tells a call that runs to stop in its cell. A thread of its own, the *listener*, sleeps
 * until there is such news and cancels the call's future, so that it ends whatever the call waits for,
 * like any cancellation. It needs the GIL for that: between beginning a call and its end one of the
 * two sees the other's word. Under a seed there is none, as time stands still in the worker while a
 * thread is outside: there calls cannot be told.
 *
 * It ends when the parent says so, or is killed when the zygote ends. It never runs what the parent
 * registered with atexit.
 */
#include "processes/crew.h"

#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <sys/prctl.h>
#include <unistd.h>

#if TRV_COVERAGE
void __gcov_dump(void);
#endif

/* How long a result may wait for somebody who looks out for it, before the keeper is woken. */
#define REMIND_NS INT64_C(4000)
/* What a worker exits with if its ring holds nonsense. */
#define STATUS_CORRUPT 70
/* And if its initializer failed. */
#define STATUS_UNFIT 71
#define LISTENER_STACK ((size_t)256 * 1024)

struct worker {
    struct trv__segment *segment; /* shared memory */
    struct trv__ring requests, results;
    struct trv__incoming incoming;
    struct trv__packer packer;
    struct trv__future *future; /* of the call that runs, or NULL */
    uint32_t cell, ticket;      /* and its place */
    uint32_t heard;             /* segment->told, as the listener saw it last */
};

static void flush_output(void)
{
    if (__fpending(stdout))
        fflush(stdout);
}

static _Noreturn void leave(int status)
{
    fflush(stdout);
#if TRV_COVERAGE
    __gcov_dump();
#endif
    _exit(status);
}

/* Waiting --------------------------------------------------------------------------------------------- */

static bool must_quit(const struct worker *worker)
{
    return atomic_load_explicit(&worker->segment->must_quit, memory_order_seq_cst);
}

/* Waiting busily: begun, and how far the parent had read our results then. */
struct spin {
    int64_t began_ns;
    uint64_t read;
};

/* Whether to wait on after a round: while the parent says that a processor is free, for some
 * microseconds, counted anew as long as it reads a long result: it will soon have the next request.
 * Whoever waits for the result probably does the same, and need not be woken at once. */
static bool spin_on(struct worker *worker, struct spin *spin)
{
    uint64_t read = atomic_load_explicit(&worker->segment->results.read, memory_order_relaxed);
    int64_t now_ns;

    if (!atomic_load_explicit(&worker->segment->may_spin, memory_order_relaxed))
        return false;
    for (int i = 0; i < 4; i++)
        trv__spin_pause();
    now_ns = trv__clock_ns();
    if (!spin->began_ns || read != spin->read)
        *spin = (struct spin){now_ns, read};
    if (now_ns - spin->began_ns > REMIND_NS)
        trv__ring_remind(&worker->results);
    return now_ns - spin->began_ns < TRV__SPIN_NS;
}

static bool has_request(struct worker *worker)
{
    struct spin spin = {0, 0};

    do
        if (trv__ring_has_news(&worker->segment->requests))
            return true;
    while (spin_on(worker, &spin));
    return false;
}

static bool has_room(struct worker *worker)
{
    struct spin spin = {0, 0};
    size_t room = 0;

    do
        if (!trv__ring_room(&worker->results, 1, &room) || room)
            return true;
    while (spin_on(worker, &spin));
    return false;
}

static void wait_for_request(struct worker *worker)
{
    struct trv__ring *ring = &worker->requests;

    if (must_quit(worker))
        leave(0);
    if (has_request(worker))
        return;
    trv__ring_remind(&worker->results);
    flush_output();
    TRV_ALLOW_THREADS {
        while (trv__ring_reader_arm(ring, TRV__FIRST_BED) && !must_quit(worker))
            trv__ring_sleep(&ring->shared->reader_sleeps);
        trv__ring_disarm(&ring->shared->reader_sleeps);
    }
}

static void wait_for_room(struct worker *worker)
{
    struct trv__ring *ring = &worker->results;

    trv__ring_remind(ring);
    if (has_room(worker))
        return;
    TRV_ALLOW_THREADS {
        while (trv__ring_writer_arm(ring, TRV__FIRST_BED))
            trv__ring_sleep(&ring->shared->writer_sleeps);
    }
}

/* Messages -------------------------------------------------------------------------------------------- */

static void receive(struct worker *worker)
{
    for (;;)
        switch (trv__incoming_read(&worker->incoming, &worker->requests)) {
        case TRV__IN_FULL:
            return;
        case TRV__IN_PART:
            wait_for_request(worker);
            break;
        case TRV__CORRUPT:
            leave(STATUS_CORRUPT);
        }
}

static void send(struct worker *worker, struct trv__outgoing *outgoing)
{
    for (;;)
        switch (trv__outgoing_write(outgoing, &worker->results)) {
        case TRV__IN_FULL:
            return;
        case TRV__IN_PART:
            wait_for_room(worker);
            break;
        case TRV__CORRUPT:
            leave(STATUS_CORRUPT);
        }
}

/* Packs the pending exception, or one that tells of it. */
static enum trv__message_kind pack_exception(struct trv__packer *packer)
{
    trv_auto trv_object *exception = trv_error_take();
    trv_auto trv_object *substitute = NULL;
    trv_auto trv_object *text = NULL;
    const char *utf8;

    if (trv__packer_pack(packer, exception) == 0)
        return TRV__MESSAGE_EXCEPTION;
    trv_error_clear();
    text = trv_str(exception);
    utf8 = text ? trv_str_utf8(text, NULL) : NULL;
    trv_error_clear();
    trv_raise(trv_PicklingError, "%s, which cannot be pickled: %.500s", trv_type_name(exception),
              utf8 ? utf8 : "?");
    substitute = trv_error_take();
    if (trv__packer_pack(packer, substitute) == 0)
        return TRV__MESSAGE_EXCEPTION;
    trv_error_clear();
    return TRV__MESSAGE_NO_MEMORY;
}

/* Packs how a call ended: `result`, or the pending exception. */
static enum trv__message_kind pack_outcome(struct trv__packer *packer, trv_object *result)
{
    if (result && trv__packer_pack(packer, result) == 0)
        return TRV__MESSAGE_RESULT;
    if (trv_error_matches(trv_CancelledError)) {
        trv_error_clear();
        return TRV__MESSAGE_CANCELLED;
    }
    return pack_exception(packer);
}

/* Calls ------------------------------------------------------------------------------------------------ */

/* What a token of trv_inherit names: every object that existed at the zygote's fork is frozen, and
 * nothing else is. */
static trv_object *inherited(void *data, uintptr_t address, uintptr_t type)
{
    trv_object *object = trv__heap_frozen(trv__current->heap, address);

    (void)data;
    if (object && (uintptr_t)object->type == type)
        return trv_ref(object);
    return trv_raise(trv_UnpicklingError,
                     "an inherited object did not exist when the pool was made");
}

/* A call from what was sent: (callable, arguments, keywords or None). NULL with an exception. */
static struct trv__call *load_call(struct worker *worker)
{
    trv_auto trv_object *loaded = trv__incoming_load(&worker->incoming);
    trv_object *const *items = NULL;
    size_t count = 0;

    if (!loaded)
        return NULL;
    if (loaded->type == &trv__tuple_type)
        items = trv__tuple_items(loaded, &count);
    if (count != 3 || items[1]->type != &trv__tuple_type) {
        trv_raise(trv_UnpicklingError, "a message is no call");
        return NULL;
    }
    return trv__call_create_take(items[0], trv_ref(items[1]),
                                 trv_is_none(items[2]) ? NULL : trv_ref(items[2]));
}

/* Cancels the call that runs if the parent said so. */
static void obey(struct worker *worker)
{
    uint32_t state =
        atomic_load_explicit(&worker->segment->cells[worker->cell], memory_order_acquire);

    if (worker->future && state == trv__cell(worker->ticket, TRV__CELL_TOLD))
        (void)trv_future_cancel((trv_object *)worker->future);
}

static bool has_heard_all(void *data)
{
    const struct worker *worker = data;

    return atomic_load_explicit(&worker->segment->told, memory_order_acquire) == worker->heard;
}

static void listen(void *data)
{
    struct worker *worker = data;

    for (;;) {
        trv__rest_begin(has_heard_all);
        TRV_ALLOW_THREADS {
            trv__ring_sleep_on(&worker->segment->told, worker->heard);
        }
        trv__rest_end();
        worker->heard = atomic_load_explicit(&worker->segment->told, memory_order_acquire);
        obey(worker);
    }
}

/* A worker that cannot start it does its work without. */
static void start_listener(struct worker *worker)
{
    if (trv__runtime()->chooser.is_seeded)
        return;
    if (trv__thread_start(listen, worker, "trivet-listener", LISTENER_STACK) == 0)
        atomic_store_explicit(&worker->segment->is_listening, 1, memory_order_release);
    else
        trv_error_clear();
}

/* Takes the outcome out of a future that is done: a result, or NULL with the exception. */
static trv_object *outcome(struct trv__future *future)
{
    future->was_observed = true;
    if (future->result)
        return trv_ref(future->result);
    if (future->exception)
        trv__error_give(trv_ref(future->exception));
    else
        trv__raise_cancelled();
    return NULL;
}

/* Runs what was sent. Its result, or NULL with an exception. */
static trv_object *run(struct worker *worker)
{
    struct trv__call *call = load_call(worker);
    struct trv__future *future;
    trv_object *result;

    trv__incoming_clear(&worker->incoming);
    if (!call)
        return NULL;
    future = call->future;
    trv_ref((trv_object *)future);
    worker->future = future;
    obey(worker);
    trv__call_run(call);
    worker->future = NULL;
    result = outcome(future);
    trv_unref((trv_object *)future);
    return result;
}

static void serve_call(struct worker *worker)
{
    struct trv__message head = worker->incoming.head;
    struct trv__outgoing answer;
    int64_t began_ns = trv__clock_ns();
    trv_object *result;

    if (head.kind != TRV__MESSAGE_CALL || head.cell >= TRV__CELLS)
        leave(STATUS_CORRUPT);
    if (!trv__cell_claim(&worker->segment->cells[head.cell], head.ticket, TRV__CELL_STARTED)) {
        trv__incoming_clear(&worker->incoming);
        return;
    }
    worker->cell = head.cell;
    worker->ticket = head.ticket;
    trv__ring_remind(&worker->results);
    result = run(worker);
    trv__outgoing_begin(&answer, pack_outcome(&worker->packer, result), head.cell, head.ticket);
    trv_unref(result);
    trv__outgoing_fill(&answer, worker->packer.pickle.data, worker->packer.pickle.size,
                       worker->packer.parts, worker->packer.part_count);
    answer.head.spent_ns = (uint64_t)(trv__clock_ns() - began_ns);
    flush_output();
    send(worker, &answer);
    trv__packer_clear(&worker->packer);
}

/* Life ------------------------------------------------------------------------------------------------- */

static void name_process(const char *stem, size_t index)
{
    char name[40];

    snprintf(name, sizeof name, *stem ? "%s-%zu" : "%strivet-w%zu", stem, index);
    prctl(PR_SET_NAME, name);
}

/* What the initializer raised goes where results go. */
static void initialize(struct worker *worker, struct trv__initializer *initializer)
{
    struct trv__outgoing message;

    if (trv__initializer_run(initializer))
        return;
    trv__error_give(trv_ref(initializer->failure));
    if (pack_exception(&worker->packer) != TRV__MESSAGE_EXCEPTION)
        leave(STATUS_UNFIT);
    trv__outgoing_begin(&message, TRV__MESSAGE_UNFIT, 0, 0);
    trv__outgoing_fill(&message, worker->packer.pickle.data, worker->packer.pickle.size,
                       worker->packer.parts, worker->packer.part_count);
    send(worker, &message);
    trv__ring_remind(&worker->results);
    leave(STATUS_UNFIT);
}

_Noreturn void trv__worker_main(struct trv__crew *crew, size_t index, pid_t zygote)
{
    struct worker worker;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != zygote)
        _exit(1);
    name_process(crew->name, index);
    trv__forget_children();
    trv__segments_keep_one(&crew->segments, index);
    worker.segment = trv__segment_at(&crew->segments, index);
    trv__segment_attach(&crew->segments, index, &worker.requests, &worker.results, crew->beds);
    trv__incoming_init(&worker.incoming, crew->images);
    worker.incoming.link.inherited = inherited;
    worker.results.is_patient = true;
    trv__packer_init(&worker.packer, crew->images);
    worker.future = NULL;
    worker.cell = worker.ticket = worker.heard = 0;
    atomic_store_explicit(&worker.segment->is_up, 1, memory_order_release);
    initialize(&worker, &crew->initializer);
    start_listener(&worker);
    for (;;) {
        receive(&worker);
        serve_call(&worker);
    }
}
