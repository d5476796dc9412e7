/* SPDX-License-Identifier: MIT */
/*
 * The barrier: so many tasks wait for one another, then all go on, and the next round begins.
 *
 * The last to arrive decides for all: it gives everybody a place, runs the action, and then says in
 * each arrival how the round ended before it wakes them. So an arrival that was counted has its
 * outcome, whatever comes between: one that is cancelled, or whose time is up, after the round was
 * complete still passes. One that is cancelled before leaves, and the others wait for another in its
 * stead. One whose time is up before breaks the barrier, as in Python: the others must not wait for
 * it in vain.
 *
 * While the action runs, the round's arrivals are in `passing`: there a timeout counts no more, because
 * all came in time, and one that is cancelled leaves without effect on the others. Whoever comes for
 * the next round stands at the `door` until then, so that no two actions run side by side.
 *
 * Invariant: `waiting` is the number of arrivals in `waiters`, all UNDECIDED, and below `parties`; a broken
 * barrier has none.
 */
#include "sync/arguments.h"
#include "wait/park.h"

#include "trivet/sync.h"

#include <limits.h>

struct barrier {
    TRV__HEAD;
    size_t parties, waiting;
    trv_object *action;          /* called with no arguments, or NULL */
    struct trv__context *acting; /* who runs the action, or NULL */
    struct trv__list waiters;    /* struct arrival, of the round that is not complete */
    struct trv__list passing;    /* those of the round whose action runs */
    struct trv__list door;       /* who came since the action began */
    bool is_broken;
};

struct arrival {
    struct trv__waiter waiter;
    int index;
    enum { UNDECIDED, PASSING, PASSED, BROKEN } outcome;
};

extern struct trv_type trv__barrier_type;

static struct barrier *barrier_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__barrier_type, function) ? (struct barrier *)(void *)object
                                                             : NULL;
}

static struct arrival *arrival_of(struct trv__list *node)
{
    return CONTAINER_OF(node, struct arrival, waiter.link);
}

trv_object *trv_barrier_new(size_t parties, trv_object *action)
{
    struct barrier *barrier;

    if (!action && trv_error_occurred())
        return NULL;
    if (parties < 1 || parties > INT_MAX)
        return trv_raise(trv_ValueError, "parties must be >= 1");
    barrier = trv__container_new(&trv__barrier_type, sizeof *barrier);
    if (!barrier)
        return NULL;
    barrier->parties = parties;
    barrier->action = trv_ref(action);
    trv__list_init(&barrier->waiters);
    trv__list_init(&barrier->passing);
    trv__list_init(&barrier->door);
    trv__track(barrier);
    return (trv_object *)barrier;
}

/* Ends of rounds ------------------------------------------------------------------------------ */

static int raise_broken(void)
{
    return trv_raise_int(trv_BrokenBarrierError, "the barrier is broken");
}

static void decide(struct trv__list *arrivals, int outcome)
{
    LIST_EACH(node, arrivals)
        arrival_of(node)->outcome = outcome;
    trv__wake_all(arrivals);
}

/* The round that is not complete ends for those who wait. */
static void end_round(struct barrier *barrier)
{
    barrier->waiting = 0;
    decide(&barrier->waiters, BROKEN);
}

static void break_barrier(struct barrier *barrier)
{
    barrier->is_broken = true;
    end_round(barrier);
    trv__wake_all(&barrier->door);
}

/* The round is complete: they leave `waiters` with their places. Returns the last one's. */
static int begin_passing(struct barrier *barrier)
{
    int index = 0;

    LIST_EACH(node, &barrier->waiters) {
        struct arrival *arrival = arrival_of(node);
        arrival->outcome = PASSING;
        arrival->index = index++;
    }
    trv__list_splice(&barrier->passing, &barrier->waiters);
    barrier->waiting = 0;
    return index;
}

/* By the last to arrive. The action may block and switch. */
static int act(struct barrier *barrier)
{
    trv_auto trv_object *action = trv_ref(barrier->action);
    trv_auto trv_object *result = NULL;

    if (!action)
        return 0;
    barrier->acting = trv__current->context;
    result = trv_call_array(action, NULL, 0, NULL);
    barrier->acting = NULL;
    if (!result)
        barrier->is_broken = true;
    trv__wake_all(&barrier->door);
    return result ? 0 : -1;
}

static int complete(struct barrier *barrier)
{
    int index = begin_passing(barrier), answer;

    trv_ref((trv_object *)barrier);
    answer = act(barrier);
    decide(&barrier->passing, answer < 0 ? BROKEN : PASSED);
    trv_unref((trv_object *)barrier);
    return answer < 0 ? -1 : index;
}

/* Arriving ------------------------------------------------------------------------------------ */

/* The time is up, and the round is not complete. */
static int give_up(struct barrier *barrier)
{
    break_barrier(barrier);
    return raise_broken();
}

/* Waits while the action of the round before runs. */
static int pass_door(struct barrier *barrier, int64_t deadline_ns, const char *what, const void *at)
{
    struct trv__waiter waiter;

    while (barrier->acting && !barrier->is_broken) {
        if (barrier->acting == trv__current->context)
            return trv_raise_int(trv_RuntimeError,
                                 "the action of a barrier cannot wait for the barrier");
        if (trv__may_block_at(what, at) < 0)
            return -1;
        switch (trv__wait_in(&barrier->door, &waiter, (trv_object *)barrier, deadline_ns)) {
        case TRV__WOKEN:
            break;
        case TRV__TIMED_OUT:
            return give_up(barrier);
        case TRV__CANCELLED:
            return trv__raise_cancelled();
        case TRV__FAILED:
            return -1;
        }
    }
    return barrier->is_broken ? raise_broken() : 0;
}

/* What an arrival answers whose wait has ended, once it is not PASSING. */
static int answer_of(struct barrier *barrier, const struct arrival *arrival, enum trv__wake wake)
{
    if (arrival->outcome == UNDECIDED)
        barrier->waiting--;
    if (wake == TRV__FAILED)
        return -1;
    if (arrival->outcome == PASSED)
        return arrival->index;
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return arrival->outcome == BROKEN ? raise_broken() : give_up(barrier);
}

static int stand(struct barrier *barrier, int64_t deadline_ns)
{
    struct arrival arrival = {.outcome = UNDECIDED};
    trv_object *object = (trv_object *)barrier;
    enum trv__wake wake;

    barrier->waiting++;
    wake = trv__wait_in(&barrier->waiters, &arrival.waiter, object, deadline_ns);
    while (arrival.outcome == PASSING && wake == TRV__TIMED_OUT)
        wake = trv__wait_in(&barrier->passing, &arrival.waiter, object, TRV__NEVER);
    return answer_of(barrier, &arrival, wake);
}

static int arrive(struct barrier *barrier, double timeout, int64_t deadline_ns, const char *what,
                  const void *at)
{
    if (pass_door(barrier, deadline_ns, what, at) < 0)
        return -1;
    if (barrier->waiting + 1 == barrier->parties)
        return complete(barrier);
    if (timeout == 0)
        return give_up(barrier);
    return trv__may_block_at(what, at) < 0 ? -1 : stand(barrier, deadline_ns);
}

static int wait(struct barrier *barrier, double timeout, const char *what, const void *at)
{
    int64_t deadline_ns;
    int answer;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0)
        return -1;
    trv_ref((trv_object *)barrier);
    answer = arrive(barrier, timeout, deadline_ns, what, at);
    trv_unref((trv_object *)barrier);
    return answer;
}

/* The public interface ------------------------------------------------------------------------ */

int trv_barrier_wait(trv_object *object, double timeout)
{
    struct barrier *barrier = barrier_of(object, "trv_barrier_wait");

    return barrier ? wait(barrier, timeout, "barrier_wait", __builtin_return_address(0)) : -1;
}

int trv_barrier_abort(trv_object *object)
{
    struct barrier *barrier = barrier_of(object, "trv_barrier_abort");

    if (!barrier)
        return -1;
    break_barrier(barrier);
    return 0;
}

int trv_barrier_reset(trv_object *object)
{
    struct barrier *barrier = barrier_of(object, "trv_barrier_reset");

    if (!barrier)
        return -1;
    barrier->is_broken = false;
    end_round(barrier);
    return 0;
}

int trv_barrier_broken(trv_object *object)
{
    const struct barrier *barrier = barrier_of(object, "trv_barrier_broken");

    return barrier ? barrier->is_broken : -1;
}

int trv_barrier_parties(trv_object *object, size_t *parties)
{
    const struct barrier *barrier = barrier_of(object, "trv_barrier_parties");

    if (!barrier)
        return -1;
    *parties = barrier->parties;
    return 0;
}

int trv_barrier_waiting(trv_object *object, size_t *waiting)
{
    const struct barrier *barrier = barrier_of(object, "trv_barrier_waiting");

    if (!barrier)
        return -1;
    *waiting = barrier->waiting;
    return 0;
}

/* Methods and slots --------------------------------------------------------------------------- */

static struct barrier *self_of(const trv_args *args)
{
    return (struct barrier *)(void *)args->self;
}

static trv_object *method_wait(const trv_args *args)
{
    double timeout;
    int index = trv__timeout_parse(args, &timeout) < 0
                    ? -1
                    : wait(self_of(args), timeout, "barrier_wait", NULL);

    return index < 0 ? NULL : trv_int_new(index);
}

static trv_object *method_abort(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv_barrier_abort(args->self));
}

static trv_object *method_reset(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv_barrier_reset(args->self));
}

static trv_object *attribute_broken(const trv_args *args)
{
    return trv_bool_new(self_of(args)->is_broken);
}

static trv_object *attribute_parties(const trv_args *args)
{
    return trv_int_new_unsigned(self_of(args)->parties);
}

static trv_object *attribute_waiting(const trv_args *args)
{
    return trv_int_new_unsigned(self_of(args)->waiting);
}

static const struct trv__method methods[] = {
    {"abort", "abort(): breaks it", method_abort},
    {"broken", NULL, attribute_broken},
    {"n_waiting", NULL, attribute_waiting},
    {"parties", NULL, attribute_parties},
    {"reset", "reset(): makes it whole; who waits gets BrokenBarrierError", method_reset},
    {"wait", "wait(timeout=): waits for the others; the caller's place, from 0", method_wait},
    {0},
};

static int barrier_traverse(trv_object *self, trv_visit visit, void *argument)
{
    const struct barrier *barrier = (struct barrier *)(void *)self;

    return barrier->action ? visit(barrier->action, argument) : 0;
}

static void barrier_clear(trv_object *self)
{
    trv_clear(&((struct barrier *)(void *)self)->action);
}

static trv_object *barrier_repr(trv_object *self)
{
    const struct barrier *barrier = (struct barrier *)(void *)self;

    if (barrier->is_broken)
        return trv_str_printf("<barrier at %p: broken>", (void *)self);
    return trv_str_printf("<barrier at %p: %zu of %zu waiting>", (void *)self, barrier->waiting,
                          barrier->parties);
}

static trv_object *barrier_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    trv_object *action = NULL;
    int64_t parties;

    if (args->keywords)
        return trv_raise(trv_TypeError, "barrier(parties[, action]) takes no keywords");
    if (trv_parse(args, "l|o", &parties, &action) < 0)
        return NULL;
    return trv_barrier_new(parties < 1 ? 0 : (size_t)parties,
                           action && trv_is_none(action) ? NULL : action);
}

TRV__READ_ONLY struct trv_type trv__barrier_type = {
    .handle = trv_barrier_type,
    .name = "barrier",
    .doc = "barrier(parties[, action]): so many wait for one another; the last one runs the action",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct barrier),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .construct = barrier_construct,
    .methods = methods,
    .slots = {.traverse = barrier_traverse, .clear = barrier_clear, .repr = barrier_repr},
};
TRV__READ_ONLY trv_object trv_barrier_type[1] = {TRV__TYPE_HANDLE(trv__barrier_type)};
