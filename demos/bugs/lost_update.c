/* SPDX-License-Identifier: MIT */
/*
 * The lost update: two threads read a balance, and each writes back what it has made of it.
 *
 * A call may let another thread run, and the balance that was read before it is old afterwards. With
 * the argument "fixed" a lock is held from reading to writing.
 */
#include <trivet.h>

#include <stdio.h>

static int64_t balance;

TRV_STATIC_FUNCTION(fee_of, "fee_of(amount): what the bank keeps")
{
    int64_t amount;

    return trv_parse(args, "l", &amount) < 0 ? NULL : trv_int_new(amount / 10);
}

static trv_object *add(int64_t amount)
{
    int64_t before = balance, fee;
    trv_auto trv_object *kept = trv_call(fee_of, "l", amount); /* another thread may run here */

    if (!kept || trv_int_get(kept, &fee) < 0)
        return NULL;
    balance = before + amount - fee;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(deposit, "deposit(amount, lock): puts it on the account")
{
    int64_t amount;
    trv_object *lock;

    if (trv_parse(args, "lo", &amount, &lock) < 0)
        return NULL;
    if (trv_is_none(lock))
        return add(amount);
    TRV_WITH(lock)
        return add(amount);
    return NULL;
}

TRV_FUNCTION(app, "app(*mode): two deposits at once")
{
    trv_auto trv_object *lock = args->count ? trv_lock_new() : trv_none_new();
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);

    TRV_WITH(pool) {
        trv_auto trv_object *first = trv_submit(pool, deposit, "io", 100, lock);
        trv_auto trv_object *second = trv_submit(pool, deposit, "io", 200, lock);
        trv_auto trv_object *both = trv_build("[o o]", first, second);
        trv_auto trv_object *done = trv_gather(both);
    }
    if (trv_error_occurred())
        return NULL;
    if (balance != 270)
        return trv_raise(trv_AssertionError, "the balance is %d, not 270", (int)balance);
    printf("the balance is %d\n", (int)balance);
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
