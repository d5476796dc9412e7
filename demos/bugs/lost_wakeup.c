/* SPDX-License-Identifier: MIT */
/*
 * The lost wake-up: a flag is looked at before the lock is taken, and then waited for.
 *
 * If the flag is raised between the two, nobody is left to wake the one who waits. With the argument
 * "fixed" the flag is looked at under the lock.
 */
#include <trivet.h>

#include <stdio.h>

static int is_ready;

static int wait_for_flag(trv_object *condition)
{
    while (!is_ready)
        if (trv_condition_wait(condition, TRV_FOREVER) < 0)
            return -1;
    return 0;
}

TRV_STATIC_FUNCTION(consume, "consume(condition, is_fixed): waits for the flag")
{
    trv_object *condition;
    int is_fixed, status = 0;

    if (trv_parse(args, "ob", &condition, &is_fixed) < 0)
        return NULL;
    if (!is_fixed && is_ready)
        return trv_none_new();
    TRV_WITH(condition) /* too late, if the flag is raised just before */
        status = is_fixed ? wait_for_flag(condition) : trv_condition_wait(condition, TRV_FOREVER);
    return status < 0 || trv_error_occurred() ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(produce, "produce(condition): raises the flag")
{
    trv_object *condition;

    if (trv_parse(args, "o", &condition) < 0)
        return NULL;
    TRV_WITH(condition) {
        is_ready = 1;
        trv_condition_notify_all(condition);
    }
    return trv_error_occurred() ? NULL : trv_none_new();
}

TRV_FUNCTION(app, "app(*mode): one waits for the other")
{
    trv_auto trv_object *condition = trv_condition_new(NULL);
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);

    TRV_WITH(pool) {
        trv_auto trv_object *consumer =
            trv_submit(pool, consume, "ob", condition, (int)args->count);
        trv_auto trv_object *producer = trv_submit(pool, produce, "o", condition);
        trv_auto trv_object *both = trv_build("[o o]", consumer, producer);
        trv_auto trv_object *done = trv_gather(both);
    }
    if (trv_error_occurred())
        return NULL;
    printf("the consumer saw the flag\n");
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
