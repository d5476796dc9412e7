/* SPDX-License-Identifier: MIT */
/*
 * The lock, and what the rlock shares with it.
 *
 * Fair: a release hands the lock to the first in line (under a seed, to the one the chooser picks)
 * and makes it the owner before it even wakes up. A waiter that was woken therefore owns the lock,
 * whatever happened since: its deadline may have passed and its scope may be cancelled, the call
 * still answers "taken". A waiter whose deadline or cancellation came first is passed over.
 *
 * Without contention, taking and releasing are a comparison and a few stores, and never switch.
 * Taking a lock that the caller holds would wait for ever and is a DeadlockError instead.
 *
 * A task that ends with a lock leaves it taken, as in every language: what the lock protects may be
 * half done. Nobody can release it any more, so those who wait for it, and those who come to wait
 * later, get DeadlockError instead of waiting for ever.
 */
#include "sync/lock.h"

#include "sync/arguments.h"

TRV__READ_ONLY struct trv__context trv__nobody = {.has_ended = 1};

static struct trv__lock *lock_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__lock_type, function) ? (struct trv__lock *)(void *)object
                                                          : NULL;
}

trv_object *trv__lock_create(const struct trv_type *type)
{
    struct trv__lock *lock = trv__object_new(type, sizeof *lock);

    if (!lock)
        return NULL;
    lock->owner = NULL;
    trv__list_init(&lock->waiters);
    return (trv_object *)lock;
}

/* Ownership ----------------------------------------------------------------------------------- */

static inline void own(struct trv__lock *lock, struct trv__context *context)
{
    lock->owner = context;
    lock->depth = 1;
    lock->next = context->held;
    if (lock->next)
        lock->next->link = &lock->next;
    lock->link = &context->held;
    context->held = lock;
}

static inline void disown(struct trv__lock *lock)
{
    *lock->link = lock->next;
    if (lock->next)
        lock->next->link = lock->link;
    lock->owner = NULL;
}

void trv__locks_abandon(struct trv__context *context)
{
    while (context->held) {
        struct trv__lock *lock = context->held;
        disown(lock);
        lock->owner = &trv__nobody;
        trv__wake_all(&lock->waiters);
    }
}

static int raise_abandoned(void)
{
    return trv_raise_int(trv_DeadlockError, "the lock is held by a task that has ended");
}

/* Taking and handing over --------------------------------------------------------------------- */

/* Stands in line. A waiter that is woken owns the lock already, unless nobody will ever again. */
static int wait_for_hand_over(struct trv__lock *lock, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;
    bool is_mine;

    trv_ref((trv_object *)lock);
    wake = trv__wait_in(&lock->waiters, &waiter, (trv_object *)lock, deadline_ns);
    is_mine = lock->owner == trv__current->context;
    trv_unref((trv_object *)lock);
    switch (wake) {
    case TRV__WOKEN:
        return is_mine ? 1 : raise_abandoned();
    case TRV__TIMED_OUT:
        return 0;
    case TRV__CANCELLED:
        return trv__raise_cancelled();
    case TRV__FAILED:
        break;
    }
    return -1;
}

static int take_again(struct trv__lock *lock)
{
    if (lock->type == &trv__lock_type)
        return trv_raise_int(trv_DeadlockError, "the lock is already held by the caller");
    lock->depth++;
    return 1;
}

int trv__lock_take(struct trv__lock *lock, int64_t deadline_ns, const char *what, const void *at)
{
    struct trv__context *context = trv__current->context;

    if (UNLIKELY(context->scope != NULL) && trv__check_cancelled() < 0)
        return -1;
    if (LIKELY(!lock->owner)) {
        own(lock, context);
        return 1;
    }
    if (lock->owner == context)
        return take_again(lock);
    if (trv__may_block_at(what, at) < 0)
        return -1;
    if (UNLIKELY(lock->owner == &trv__nobody))
        return raise_abandoned();
    return wait_for_hand_over(lock, deadline_ns);
}

int trv__lock_acquire(struct trv__lock *lock, double timeout, const char *what, const void *at)
{
    struct trv__context *context = trv__current->context;
    int64_t deadline_ns = TRV__NEVER;

    if (LIKELY(!lock->owner && !context->scope && timeout >= 0 && !trv__must_attend())) {
        own(lock, context);
        return 1;
    }
    if (timeout != 0 && trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    if (timeout == 0 && lock->owner && lock->owner != context)
        return trv__check_cancelled();
    return trv__lock_take(lock, deadline_ns, what, at);
}

void trv__lock_hand_over(struct trv__lock *lock)
{
    struct trv__waiter *next;

    disown(lock);
    if (UNLIKELY(!trv__list_is_empty(&lock->waiters)) &&
        (next = trv__wake_one(&lock->waiters, NULL)))
        own(lock, next->context);
}

int trv__lock_is_mine(const struct trv__lock *lock, const char *what)
{
    if (LIKELY(lock->owner == trv__current->context))
        return 0;
    return trv_raise_int(trv_RuntimeError, "cannot %s %s", what,
                         lock->owner ? "a lock that somebody else holds"
                                     : "a lock that nobody holds");
}

int trv__lock_release(struct trv__lock *lock)
{
    if (trv__lock_is_mine(lock, "release") < 0)
        return -1;
    if (lock->depth > 1)
        lock->depth--;
    else
        trv__lock_hand_over(lock);
    return 0;
}

/* The lock ------------------------------------------------------------------------------------ */

trv_object *trv_lock_new(void)
{
    return trv__lock_create(&trv__lock_type);
}

int trv_lock_acquire(trv_object *object, double timeout)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_acquire");

    return lock ? trv__lock_acquire(lock, timeout, "lock_acquire", __builtin_return_address(0))
                : -1;
}

int trv_lock_release(trv_object *object)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_release");

    return lock ? trv__lock_release(lock) : -1;
}

int trv_lock_locked(trv_object *object)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_locked");

    return lock ? lock->owner != NULL : -1;
}

/* Who could end a wait for it. */
const char *trv__lock_enders(trv_object *self, trv__ender_visit *visit, void *argument)
{
    const struct trv__lock *lock = (struct trv__lock *)(void *)self;

    if (!lock->owner || lock->owner == &trv__nobody)
        return NULL;
    visit(lock->owner, argument);
    return "holds";
}

/* Methods and slots --------------------------------------------------------------------------- */

static struct trv__lock *self_of(const trv_args *args)
{
    return (struct trv__lock *)(void *)args->self;
}

static trv_object *method_acquire(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(trv__lock_acquire(self_of(args), timeout, "lock_acquire", NULL));
}

static trv_object *method_release(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv__lock_release(self_of(args)));
}

static trv_object *method_locked(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_bool_new(self_of(args)->owner != NULL);
}

const struct trv__method trv__lock_methods[] = {
    {"acquire", "acquire(timeout=): takes it; whether it could in time", method_acquire},
    {"locked", "locked(): whether anybody holds it", method_locked},
    {"release", "release(): gives it to the first in line", method_release},
    {0},
};

int trv__lock_enter(trv_object *self)
{
    struct trv__lock *lock = (struct trv__lock *)(void *)self;
    const void *at = trv__current->context->waits_at;

    return trv__lock_take(lock, TRV__NEVER, "lock_acquire", at) < 0 ? -1 : 0;
}

int trv__lock_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv__lock_release((struct trv__lock *)(void *)self);
}

void trv__lock_destroy(trv_object *self)
{
    struct trv__lock *lock = (struct trv__lock *)(void *)self;

    if (lock->owner && lock->owner != &trv__nobody)
        disown(lock);
}

static trv_object *lock_repr(trv_object *self)
{
    const struct trv__lock *lock = (struct trv__lock *)(void *)self;

    return trv_str_printf("<%s lock at %p>", lock->owner ? "locked" : "unlocked", (void *)self);
}

static trv_object *lock_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "lock() takes no arguments");
    return trv_lock_new();
}

TRV__READ_ONLY struct trv_type trv__lock_type = {
    .handle = trv_lock_type,
    .name = "lock",
    .doc = "lock(): one thread or coroutine at a time holds it",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__lock),
    .flags = TRV__TYPE_FINAL,
    .construct = lock_construct,
    .enders = trv__lock_enders,
    .methods = trv__lock_methods,
    .slots =
        {
            .destroy = trv__lock_destroy,
            .repr = lock_repr,
            .enter = trv__lock_enter,
            .exit = trv__lock_exit,
        },
};
TRV__READ_ONLY trv_object trv_lock_type[1] = {TRV__TYPE_HANDLE(trv__lock_type)};
