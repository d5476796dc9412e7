/* SPDX-License-Identifier: MIT */
/*
 * The rlock: a lock that its owner may take again, and must then release as often.
 *
 * All that is said in lock.c holds for it. What is deliberately not here: taking it again never
 * waits and never fails but in a cancelled scope, and nothing but the owner's releases brings its
 * depth down; a condition over it lets go of all of them at once and brings them back.
 */
#include "sync/lock.h"

static struct trv__lock *rlock_of(trv_object *object, const char *function)
{
    return trv__expect(object, &trv__rlock_type, function) ? (struct trv__lock *)(void *)object
                                                           : NULL;
}

trv_object *trv_rlock_new(void)
{
    return trv__lock_create(&trv__rlock_type);
}

int trv_rlock_acquire(trv_object *object, double timeout)
{
    struct trv__lock *lock = rlock_of(object, "trv_rlock_acquire");

    return lock ? trv__lock_acquire(lock, timeout, "rlock_acquire", __builtin_return_address(0))
                : -1;
}

int trv_rlock_release(trv_object *object)
{
    struct trv__lock *lock = rlock_of(object, "trv_rlock_release");

    return lock ? trv__lock_release(lock) : -1;
}

int trv_rlock_locked(trv_object *object)
{
    struct trv__lock *lock = rlock_of(object, "trv_rlock_locked");

    return lock ? lock->owner != NULL : -1;
}

/* Slots --------------------------------------------------------------------------------------- */

static trv_object *rlock_repr(trv_object *self)
{
    const struct trv__lock *lock = (struct trv__lock *)(void *)self;

    return trv_str_printf("<%s rlock at %p: taken %zu times>", lock->owner ? "locked" : "unlocked",
                          (void *)self, lock->owner ? lock->depth : 0);
}

static trv_object *rlock_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "rlock() takes no arguments");
    return trv_rlock_new();
}

TRV__READ_ONLY struct trv_type trv__rlock_type = {
    .handle = trv_rlock_type,
    .name = "rlock",
    .doc = "rlock(): a lock that its owner may take again",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__lock),
    .flags = TRV__TYPE_FINAL,
    .construct = rlock_construct,
    .enders = trv__lock_enders,
    .methods = trv__lock_methods,
    .slots =
        {
            .destroy = trv__lock_destroy,
            .repr = rlock_repr,
            .enter = trv__lock_enter,
            .exit = trv__lock_exit,
        },
};
TRV__READ_ONLY trv_object trv_rlock_type[1] = {TRV__TYPE_HANDLE(trv__rlock_type)};
