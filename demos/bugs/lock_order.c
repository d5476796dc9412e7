/* SPDX-License-Identifier: MIT */
/*
 * Lock order: money goes from one account to the other and back, and each transfer locks the account
 * it takes from first.
 *
 * If both threads have taken their first lock, neither gets its second. With the argument "fixed"
 * both take the locks in the same order.
 */
#include <trivet.h>

#include <stdio.h>

static int64_t accounts[2] = {100, 100};

static int transfer(trv_object *outer, trv_object *inner, int from, int64_t amount)
{
    TRV_WITH(outer)
        TRV_WITH(inner) {
            accounts[from] -= amount;
            accounts[!from] += amount;
        }
    return trv_error_occurred() ? -1 : 0;
}

TRV_STATIC_FUNCTION(send, "send(locks, from_, amount, is_fixed): to the other account")
{
    trv_object *locks;
    int from, amount, is_fixed;

    if (trv_parse(args, "oiib", &locks, &from, &amount, &is_fixed) < 0)
        return NULL;
    int first = is_fixed ? 0 : from;
    trv_auto trv_object *outer = trv_list_get(locks, first);
    trv_auto trv_object *inner = trv_list_get(locks, !first);
    return transfer(outer, inner, from, amount) < 0 ? NULL : trv_none_new();
}

TRV_FUNCTION(app, "app(*mode): two transfers at once")
{
    trv_auto trv_object *a = trv_lock_new();
    trv_auto trv_object *b = trv_lock_new();
    trv_auto trv_object *locks = trv_build("[o o]", a, b);
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);
    int is_fixed = (int)args->count;

    TRV_WITH(pool) {
        trv_auto trv_object *there = trv_submit(pool, send, "oiib", locks, 0, 30, is_fixed);
        trv_auto trv_object *back = trv_submit(pool, send, "oiib", locks, 1, 10, is_fixed);
        trv_auto trv_object *both = trv_build("[o o]", there, back);
        trv_auto trv_object *done = trv_gather(both);
    }
    if (trv_error_occurred())
        return NULL;
    printf("the accounts hold %d and %d\n", (int)accounts[0], (int)accounts[1]);
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
