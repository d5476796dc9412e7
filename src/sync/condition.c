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
 * Of an rlock it lets go completely, however often it was taken, and brings it back as it was.
 *
 * A condition refers to its lock, which refers to nothing: no cycle goes through it.
 */
#include "sync/arguments.h"
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

static trv_object *raise_no_lock(const trv_object *object)
{
    return trv_raise(trv_TypeError, "trv_condition_new needs a lock or an rlock, not %s",
                     object->type->name);
}

trv_object *trv_condition_new(trv_object *lock)
{
    struct condition *condition;

    if (lock ? !trv__is_lock(lock) : trv_error_occurred())
        return lock ? raise_no_lock(lock) : NULL;
    lock = lock ? trv_ref(lock) : trv_rlock_new();
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

    return condition ? trv__lock_acquire(condition->lock, timeout, "condition_acquire",
                                         __builtin_return_address(0))
                     : -1;
}

int trv_condition_release(trv_object *object)
{
    struct condition *condition = condition_of(object, "trv_condition_release");

    return condition ? trv__lock_release(condition->lock) : -1;
}

/* Waiting ------------------------------------------------------------------------------------- */

/* Scopes are kept out and time is unlimited: this fails only where it would wait for ever. */
static int take_again(struct trv__lock *lock, size_t depth, const void *at)
{
    struct trv__context *context = trv__current->context;
    trv_scope shield;
    int answer;

    trv__scope_push_shield(&shield);
    context->waits_for = TRV__WAITS_TO_RETURN;
    answer = trv__lock_take(lock, TRV__NEVER, "condition_wait", at);
    context->waits_for = TRV__WAITS_FOR_OTHERS;
    trv__scope_pop(&shield);
    if (answer == 1)
        lock->depth = depth;
    return answer;
}

/* `at` is the place of the caller's call. */
static int wait_until(struct condition *condition, int64_t deadline_ns, const void *at)
{
    struct trv__waiter waiter;
    enum trv__wake wake;
    size_t depth = condition->lock->depth;

    if (trv__may_block_at("condition_wait", at) < 0 || trv__check_cancelled() < 0)
        return -1;
    trv_ref((trv_object *)condition);
    trv__lock_hand_over(condition->lock);
    wake = trv__wait_in(&condition->waiters, &waiter, (trv_object *)condition, deadline_ns);
    if (wake == TRV__FAILED) {
        trv_auto trv_object *error = trv_error_take();
        (void)take_again(condition->lock, depth, at);
        trv_error_restore(error);
    } else if (take_again(condition->lock, depth, at) < 0) {
        wake = TRV__FAILED;
    }
    trv_unref((trv_object *)condition);
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return wake == TRV__FAILED ? -1 : wake == TRV__WOKEN;
}

static int wait(struct condition *condition, double timeout, const void *at)
{
    int64_t deadline_ns;

    if (trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
        trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    return wait_until(condition, deadline_ns, at);
}

int trv_condition_wait(trv_object *object, double timeout)
{
    struct condition *condition = condition_of(object, "trv_condition_wait");

    return condition ? wait(condition, timeout, __builtin_return_address(0)) : -1;
}

/* Whether what predicate() gave, in *answer, is true: 1, 0 or -1. */
static int ask(trv_object *predicate, trv_object **answer)
{
    trv_clear(answer);
    *answer = trv_call_array(predicate, NULL, 0, NULL);
    return *answer ? trv_truth(*answer) : -1;
}

/* Leaves the last answer of the predicate in *last, owned by the caller. */
static int wait_for(struct condition *condition, trv_object *predicate, double timeout,
                    const void *at, trv_object **last)
{
    int64_t deadline_ns;
    int answer, notified = 1;

    if (trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
        trv__deadline(timeout, &deadline_ns) < 0)
        return -1;
    while ((answer = ask(predicate, last)) == 0 && notified) {
        if (trv__lock_is_mine(condition->lock, "wait on the condition of") < 0 ||
            (notified = wait_until(condition, deadline_ns, at)) < 0)
            return -1;
    }
    return answer;
}

int trv_condition_wait_for(trv_object *object, trv_object *predicate, double timeout)
{
    struct condition *condition = condition_of(object, "trv_condition_wait_for");
    trv_auto trv_object *last = NULL;

    if (!condition || !trv__given(predicate, "trv_condition_wait_for"))
        return -1;
    return wait_for(condition, predicate, timeout, __builtin_return_address(0), &last);
}

static int notify(struct condition *condition, size_t count)
{
    if (trv__lock_is_mine(condition->lock, "notify the condition of") < 0)
        return -1;
    while (count-- > 0 && trv__wake_one(&condition->waiters, NULL))
        ;
    return 0;
}

int trv_condition_notify(trv_object *object, size_t count)
{
    struct condition *condition = condition_of(object, "trv_condition_notify");

    return condition ? notify(condition, count) : -1;
}

int trv_condition_notify_all(trv_object *object)
{
    struct condition *condition = condition_of(object, "trv_condition_notify_all");

    return condition ? notify(condition, SIZE_MAX) : -1;
}

/* Methods ------------------------------------------------------------------------------------- */

static struct condition *self_of(const trv_args *args)
{
    return (struct condition *)(void *)args->self;
}

static trv_object *method_acquire(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(trv__lock_acquire(self_of(args)->lock, timeout, "condition_acquire", NULL));
}

static trv_object *method_release(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(trv__lock_release(self_of(args)->lock));
}

static trv_object *method_wait(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(wait(self_of(args), timeout, NULL));
}

/* Gives what the predicate gave last, as Python does. */
static trv_object *method_wait_for(const trv_args *args)
{
    trv_object *predicate, *timeout_object = NULL, *last = NULL;
    double timeout;

    if (trv_parse(args, "o|o", &predicate, &timeout_object) < 0 ||
        trv__timeout_get(timeout_object, &timeout) < 0)
        return NULL;
    if (wait_for(self_of(args), predicate, timeout, NULL, &last) < 0)
        trv_clear(&last);
    return last;
}

static trv_object *method_notify(const trv_args *args)
{
    size_t count = 1;

    return trv_parse(args, "|z", &count) < 0 ? NULL : trv__done(notify(self_of(args), count));
}

static trv_object *method_notify_all(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__done(notify(self_of(args), SIZE_MAX));
}

static const struct trv__method methods[] = {
    {"acquire", "acquire(timeout=): takes the lock; whether it could in time", method_acquire},
    {"notify", "notify(n=): wakes so many who wait, or one", method_notify},
    {"notify_all", "notify_all(): wakes all who wait", method_notify_all},
    {"release", "release(): gives the lock to the first in line", method_release},
    {"wait", "wait(timeout=): waits to be notified; whether it was in time", method_wait},
    {"wait_for", "wait_for(predicate, timeout=): waits until it is true; what it gave last",
     method_wait_for},
    {0},
};

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
    struct condition *condition = (struct condition *)(void *)self;

    return trv__lock_enter(lock_object(condition));
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
    .methods = methods,
    .slots =
        {
            .clear = condition_clear,
            .repr = condition_repr,
            .enter = condition_enter,
            .exit = condition_exit,
        },
};
TRV__READ_ONLY trv_object trv_condition_type[1] = {TRV__TYPE_HANDLE(trv__condition_type)};
