/* SPDX-License-Identifier: MIT */
/*
 * The condition: waiting, without the lock, until somebody who holds the lock says that something
 * has changed.
 *
 * A waiter stands in line before it lets go of the lock, and nothing runs in between, so no
 * notification is missed. It comes back with the lock in every case: notified, timed out, cancelled or
 * failed. Taking the lock again is shielded for that reason; what the wait ended with is decided
 * before. A waiter that was notified answers so even if it was cancelled while it waited for the lock,
 * so no notification is lost: the cancellation meets its next blocking call.
 *
 * A condition refers to its lock, which refers to nothing: no cycle goes through it.
 */
#include "sync/lock.h"

struct condition {
    TRV__HEAD;
    struct trv__lock *lock; /* owned */
    struct trv__list waiters;
};

extern struct trv_type trv__condition_type;

static struct condition *condition_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__condition_type, function) ? (struct condition *)(void *)object
                                                               : NULL;
}

static trv_object *lock_object(const struct condition *condition)
{
    return (trv_object *)condition->lock;
}

trv_object *trv_condition_new(trv_object *lock)
{
    struct condition *condition;

    if (lock ? !trv__expect(lock, &trv__lock_type, "trv_condition_new") : trv_error_occurred())
        return NULL;
    lock = lock ? trv_ref(lock) : trv_lock_new();
    condition = lock ? trv__object_new(&trv__condition_type, sizeof *condition) : NULL;
    if (!condition) {
        trv_unref(lock);
        return NULL;
    }
    condition->lock = (struct trv__lock *)(void *)lock;
    trv__list_init(&condition->waiters);
    return (trv_object *)condition;
}

int trv_condition_acquire(trv_object *object, double timeout)
{
    struct condition *condition = condition_of(object, "trv_condition_acquire");

    return condition ? trv_lock_acquire(lock_object(condition), timeout) : -1;
}

int trv_condition_release(trv_object *object)
{
    struct condition *condition = condition_of(object, "trv_condition_release");

    return condition ? trv_lock_release(lock_object(condition)) : -1;
}

/* Waiting ------------------------------------------------------------------------------------- */

/* Only code that may not block, or a bug, makes this fail: scopes are kept out and time is unlimited. */
static int take_again(struct trv__lock *lock)
{
    trv_scope shield;
    int answer;

    trv__scope_push_shield(&shield);
    answer = trv__lock_take(lock, TRV__NEVER, "condition_wait");
    trv__scope_pop(&shield);
    return answer;
}

static int wait_until(struct condition *condition, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;

    if (trv__may_block("condition_wait") < 0 || trv__check_cancelled() < 0)
        return -1;
    trv_ref((trv_object *)condition);
    trv__lock_hand_over(condition->lock);
    wake = trv__wait_in(&condition->waiters, &waiter, (trv_object *)condition, deadline_ns);
    if (wake == TRV__FAILED) {
        trv_auto trv_object *error = trv_error_take();
        (void)take_again(condition->lock);
        trv_error_restore(error);
    } else if (take_again(condition->lock) < 0) {
        wake = TRV__FAILED;
    }
    trv_unref((trv_object *)condition);
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return wake == TRV__FAILED ? -1 : wake == TRV__WOKEN;
}

int trv_condition_wait(trv_object *object, double timeout)
{
    struct condition *condition = condition_of(object, "trv_condition_wait");
    int64_t deadline_ns;

    if (!condition || trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
        trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    return wait_until(condition, deadline_ns);
}

/* Whether predicate() is true: 1, 0 or -1. */
static int holds(trv_object *predicate)
{
    trv_auto trv_object *answer = trv_call_array(predicate, NULL, 0, NULL);

    return answer ? trv_truth(answer) : -1;
}

int trv_condition_wait_for(trv_object *object, trv_object *predicate, double timeout)
{
    struct condition *condition = condition_of(object, "trv_condition_wait_for");
    int64_t deadline_ns;
    int answer, notified = 1;

    if (!condition || !trv__given(predicate, "trv_condition_wait_for") ||
        trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
        trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    while ((answer = holds(predicate)) == 0 && notified) {
        if (trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
            (notified = wait_until(condition, deadline_ns)) < 0)
            return -1;
    }
    return answer;
}

int trv_condition_notify(trv_object *object, size_t count)
{
    struct condition *condition = condition_of(object, "trv_condition_notify");

    if (!condition || trv__lock_is_mine(condition->lock, "notify the condition of") < 0)
        return -1;
    while (count-- > 0 && trv__wake_one(&condition->waiters, NULL))
        ;
    return 0;
}

/* Slots --------------------------------------------------------------------------------------- */

static void condition_clear(trv_object *self)
{
    struct condition *condition = (struct condition *)(void *)self;
    trv_object *lock = lock_object(condition);

    condition->lock = NULL;
    trv_unref(lock);
}

static int condition_enter(trv_object *self)
{
    return trv_condition_acquire(self, TRV_FOREVER) < 0 ? -1 : 0;
}

static int condition_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return trv_condition_release(self);
}

static trv_object *condition_repr(trv_object *self)
{
    const struct condition *condition = (struct condition *)(void *)self;
    size_t count = 0;

    LIST_EACH(node, &condition->waiters)
        count++;
    return trv_str_printf("<condition at %p: %s, %zu waiting>", (void *)self,
                          condition->lock->owner ? "locked" : "unlocked", count);
}

static trv_object *condition_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count > 1 || args->keywords)
        return trv_raise(trv_TypeError, "condition([lock]) takes at most 1 argument");
    return trv_condition_new(args->count && !trv_is_none(args->items[0]) ? args->items[0] : NULL);
}

TRV__READ_ONLY struct trv_type trv__condition_type = {
    .handle = trv_condition_type,
    .name = "condition",
    .doc = "condition([lock]): waits until whoever holds the lock says that something changed",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct condition),
    .flags = TRV__TYPE_FINAL,
    .construct = condition_construct,
    .slots =
        {
            .clear = condition_clear,
            .repr = condition_repr,
            .enter = condition_enter,
            .exit = condition_exit,
        },
};
TRV__READ_ONLY trv_object trv_condition_type[1] = {TRV__TYPE_HANDLE(trv__condition_type)};
