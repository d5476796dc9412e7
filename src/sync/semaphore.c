/* SPDX-License-Identifier: MIT */
/*
 * The semaphore and the bounded semaphore: a number of permits.
 *
 * A release hands permits to the first in line, one each, and only counts those that nobody waits
 * for. A waiter that was woken therefore has its permit, even if it is cancelled before it goes on;
 * one that was cancelled first is passed over. So no permit is lost, and who comes later cannot
 * overtake.
 *
 * Invariant: nobody waits while `value` is above 0. A semaphore refers to no other object.
 */
#include "sync/arguments.h"
#include "wait/park.h"

#include "trivet/sync.h"

struct semaphore {
    TRV__HEAD;
    size_t value; /* permits that nobody has */
    size_t bound; /* what value may not exceed; SIZE_MAX in a plain one */
    struct trv__list waiters;
};

extern struct trv_type trv__semaphore_type, trv__bounded_semaphore_type;

static struct semaphore *semaphore_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__semaphore_type, function) ? (struct semaphore *)(void *)object
                                                               : NULL;
}

static trv_object *create(const struct trv_type *type, size_t value, size_t bound)
{
    struct semaphore *semaphore = trv__object_new(type, sizeof *semaphore);

    if (!semaphore)
        return NULL;
    semaphore->value = value;
    semaphore->bound = bound;
    trv__list_init(&semaphore->waiters);
    return (trv_object *)semaphore;
}

trv_object *trv_semaphore_new(size_t value)
{
    return create(&trv__semaphore_type, value, SIZE_MAX);
}

trv_object *trv_bounded_semaphore_new(size_t value)
{
    return create(&trv__bounded_semaphore_type, value, value);
}

/* Stands in line. A waiter that is woken has its permit already. */
static int wait_for_permit(struct semaphore *semaphore, int64_t deadline_ns)
{
    struct trv__waiter waiter;
    enum trv__wake wake;

    trv_ref((trv_object *)semaphore);
    wake = trv__wait_in(&semaphore->waiters, &waiter, (trv_object *)semaphore, deadline_ns);
    trv_unref((trv_object *)semaphore);
    if (wake == TRV__CANCELLED)
        return trv__raise_cancelled();
    return wake == TRV__FAILED ? -1 : wake == TRV__WOKEN;
}

static int acquire(struct semaphore *semaphore, double timeout, const char *what, const void *at)
{
    int64_t deadline_ns;

    if (trv__deadline(timeout, &deadline_ns) < 0 || trv__check_cancelled() < 0)
        return -1;
    if (semaphore->value) {
        semaphore->value--;
        return 1;
    }
    if (timeout == 0)
        return 0;
    return trv__may_block_at(what, at) < 0 ? -1 : wait_for_permit(semaphore, deadline_ns);
}

static int release(struct semaphore *semaphore, size_t count)
{
    if (!count)
        return trv_raise_int(trv_ValueError, "n must be one or more");
    if (count > semaphore->bound - semaphore->value)
        return trv_raise_int(trv_ValueError, "semaphore released too many times");
    while (count && trv__wake_one(&semaphore->waiters, NULL))
        count--;
    semaphore->value += count;
    return 0;
}

/* The public interface ------------------------------------------------------------------------ */

int trv_semaphore_acquire(trv_object *object, double timeout)
{
    struct semaphore *semaphore = semaphore_of(object, "trv_semaphore_acquire");

    return semaphore ? acquire(semaphore, timeout, "semaphore_acquire", __builtin_return_address(0))
                     : -1;
}

int trv_semaphore_release(trv_object *object, size_t count)
{
    struct semaphore *semaphore = semaphore_of(object, "trv_semaphore_release");

    return semaphore ? release(semaphore, count) : -1;
}

int trv_semaphore_value(trv_object *object, size_t *value)
{
    const struct semaphore *semaphore = semaphore_of(object, "trv_semaphore_value");

    if (!semaphore)
        return -1;
    *value = semaphore->value;
    return 0;
}

/* Methods and slots --------------------------------------------------------------------------- */

static struct semaphore *self_of(const trv_args *args)
{
    return (struct semaphore *)(void *)args->self;
}

static trv_object *method_acquire(const trv_args *args)
{
    double timeout;

    if (trv__timeout_parse(args, &timeout) < 0)
        return NULL;
    return trv__answer(acquire(self_of(args), timeout, "semaphore_acquire", NULL));
}

static trv_object *method_release(const trv_args *args)
{
    int64_t count = 1;

    if (trv_parse(args, "|l", &count) < 0)
        return NULL;
    return trv__done(release(self_of(args), count < 0 ? 0 : (size_t)count));
}

static trv_object *attribute_value(const trv_args *args)
{
    return trv_int_new_unsigned(self_of(args)->value);
}

static const struct trv__method methods[] = {
    {"acquire", "acquire(timeout=): takes a permit; whether it could in time", method_acquire},
    {"release", "release(n=): gives so many permits back, or one", method_release},
    {"value", NULL, attribute_value},
    {0},
};

static int semaphore_enter(trv_object *self)
{
    const void *at = trv__current->context->waits_at;

    return acquire((struct semaphore *)(void *)self, TRV_FOREVER, "semaphore_acquire", at) < 0 ? -1
                                                                                               : 0;
}

static int semaphore_exit(trv_object *self, trv_object *exception TRV_UNUSED)
{
    return release((struct semaphore *)(void *)self, 1);
}

static trv_object *semaphore_repr(trv_object *self)
{
    const struct semaphore *semaphore = (struct semaphore *)(void *)self;

    if (semaphore->bound == SIZE_MAX)
        return trv_str_printf("<semaphore at %p: %zu>", (void *)self, semaphore->value);
    return trv_str_printf("<bounded_semaphore at %p: %zu of %zu>", (void *)self, semaphore->value,
                          semaphore->bound);
}

static trv_object *semaphore_construct(const struct trv_type *type, const trv_args *args)
{
    int64_t value = 1;

    if (args->keywords)
        return trv_raise(trv_TypeError, "%s([value]) takes no keywords", type->name);
    if (trv_parse(args, "|l", &value) < 0)
        return NULL;
    if (value < 0)
        return trv_raise(trv_ValueError, "semaphore initial value must be >= 0");
    return type == &trv__semaphore_type ? trv_semaphore_new((size_t)value)
                                        : trv_bounded_semaphore_new((size_t)value);
}

TRV__READ_ONLY struct trv_type trv__semaphore_type = {
    .handle = trv_semaphore_type,
    .name = "semaphore",
    .doc = "semaphore([value]): so many permits, one if not said",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct semaphore),
    .flags = TRV__TYPE_FINAL,
    .construct = semaphore_construct,
    .methods = methods,
    .slots = {.repr = semaphore_repr, .enter = semaphore_enter, .exit = semaphore_exit},
};
TRV__READ_ONLY trv_object trv_semaphore_type[1] = {TRV__TYPE_HANDLE(trv__semaphore_type)};

TRV__READ_ONLY struct trv_type trv__bounded_semaphore_type = {
    .handle = trv_bounded_semaphore_type,
    .name = "bounded_semaphore",
    .doc = "bounded_semaphore([value]): a semaphore that never has more permits than at first",
    .base = &trv__semaphore_type,
    .instance_bytes = sizeof(struct semaphore),
    .flags = TRV__TYPE_FINAL,
    .construct = semaphore_construct,
    .slots = {.repr = semaphore_repr, .enter = semaphore_enter, .exit = semaphore_exit},
};
TRV__READ_ONLY trv_object trv_bounded_semaphore_type[1] = {
    TRV__TYPE_HANDLE(trv__bounded_semaphore_type)};
