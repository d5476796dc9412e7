/* SPDX-License-Identifier: MIT */
/*
 * The lock.
 *
 * Fair: a release hands the lock to the first in line (under a seed, to the one the chooser picks)
 * and makes it the owner before it even wakes up. A waiter that was woken therefore owns the lock,
 * whatever happened since: its deadline may have passed and its scope may be cancelled, the call
 * still answers "taken". A waiter whose deadline or cancellation came first is passed over.
 *
 * Without contention, taking and releasing are a comparison and a store, and never switch. Taking a
 * lock that the caller holds would wait for ever and is a RuntimeError instead.
 *
 * A lock holds no reference to its owner. If the owner ends without releasing it, it stays held; that is
 * the owner's bug, as in every language.
 */
#include "sync/lock.h"

static struct trv__lock *lock_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__lock_type, function) ? (struct trv__lock *)(void *)object
                                                          : NULL;
}

trv_object *trv_lock_new(void)
{
    struct trv__lock *lock = trv__object_new(&trv__lock_type, sizeof *lock);

    if (!lock)
        return NULL;
    lock->owner = NULL;
    trv__list_init(&lock->waiters);
    return (trv_object *)lock;
}

/* Stands in line. A waiter that is woken owns the lock already. */
static int wait_for_hand_over(struct trv__lock *lock, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;

    trv_ref((trv_object *)lock);
    wake = trv__wait_in(&lock->waiters, &waiter, (trv_object *)lock, deadline_ns);
    trv_unref((trv_object *)lock);
    switch (wake) {
    case TRV__WOKEN:
        return 1;
    case TRV__TIMED_OUT:
        return 0;
    case TRV__CANCELLED:
        return trv__raise_cancelled();
    case TRV__FAILED:
        break;
    }
    return -1;
}

int trv__lock_take(struct trv__lock *lock, int64_t deadline_ns, const char *what)
{
    struct trv__context *context = trv__current->context;

    if (UNLIKELY(context->scope != NULL) && trv__check_cancelled() < 0)
        return -1;
    if (LIKELY(!lock->owner)) {
        lock->owner = context;
        return 1;
    }
    if (lock->owner == context)
        return trv_raise_int(trv_RuntimeError, "the lock is already held by the caller");
    if (trv__may_block(what) < 0)
        return -1;
    return wait_for_hand_over(lock, deadline_ns);
}

void trv__lock_hand_over(struct trv__lock *lock)
{
    struct trv__waiter *next = NULL;

    if (UNLIKELY(!trv__list_is_empty(&lock->waiters)))
        next = trv__wake_one(&lock->waiters, NULL);
    lock->owner = next ? next->context : NULL;
}

int trv__lock_is_mine(const struct trv__lock *lock, const char *what)
{
    if (LIKELY(lock->owner == trv__current->context))
        return 0;
    return trv_raise_int(trv_RuntimeError, "cannot %s %s", what,
                         lock->owner ? "a lock that somebody else holds"
                                     : "a lock that nobody holds");
}

int trv_lock_acquire(trv_object *object, double timeout)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_acquire");
    struct trv__context *context = trv__current->context;
    int64_t deadline_ns = TRV__NEVER;

    if (!lock)
        return -1;
    if (LIKELY(!lock->owner && !context->scope && timeout >= 0)) {
        lock->owner = context;
        return 1;
    }
    if (timeout != 0 && trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    if (timeout == 0 && lock->owner && lock->owner != context)
        return trv__check_cancelled();
    return trv__lock_take(lock, deadline_ns, "lock_acquire");
}

int trv_lock_release(trv_object *object)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_release");

    if (!lock || trv__lock_is_mine(lock, "release") < 0)
        return -1;
    trv__lock_hand_over(lock);
    return 0;
}

int trv_lock_locked(trv_object *object)
{
    struct trv__lock *lock = lock_of(object, "trv_lock_locked");

    return lock ? lock->owner != NULL : -1;
}

/* Slots --------------------------------------------------------------------------------------- */

static int lock_enter(trv_object *self)
{
    return trv__lock_take((struct trv__lock *)(void *)self, TRV__NEVER, "lock_acquire") < 0 ? -1
                                                                                            : 0;
}

static int lock_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv_lock_release(self);
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
    .slots = {.repr = lock_repr, .enter = lock_enter, .exit = lock_exit},
};
TRV__READ_ONLY trv_object trv_lock_type[1] = {TRV__TYPE_HANDLE(trv__lock_type)};
