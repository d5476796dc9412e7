/* SPDX-License-Identifier: MIT */
/*
 * map keeps the order of what went in; as_completed gives what is done first.
 *
 * It is checked with TRIVET_SEED=1, so that time is virtual and the order certain.
 */
#include <trivet.h>

#include <stdio.h>

TRV_FUNCTION(wait_for, "wait_for(tenths): waits so many tenths of a second and returns them")
{
    int64_t tenths;

    if (trv_parse(args, "l", &tenths) < 0 || trv_sleep((double)tenths / 10) < 0)
        return NULL;
    return trv_int_new(tenths);
}

static int print_number(trv_object *object)
{
    int64_t number;

    if (!object || trv_int_get(object, &number) < 0)
        return -1;
    printf(" %lld", (long long)number);
    return 0;
}

static int in_order(trv_object *pool, trv_object *numbers)
{
    trv_auto trv_object *results = trv_map(pool, wait_for, numbers, NULL);

    printf("map:         ");
    TRV_FOR(result, results)
        if (print_number(result) < 0)
            return -1;
    printf("\n");
    return trv_error_occurred() ? -1 : 0;
}

static int as_they_come(trv_object *pool, trv_object *numbers)
{
    trv_auto trv_object *futures = trv_list_new();
    trv_auto trv_object *done = NULL;

    TRV_FOR(number, numbers) {
        trv_auto trv_object *future = trv_submit(pool, wait_for, "o", number);
        if (!futures || !future || trv_list_append(futures, future) < 0)
            return -1;
    }
    done = futures ? trv_as_completed(futures, TRV_FOREVER) : NULL;
    printf("as_completed:");
    TRV_FOR(future, done) {
        trv_auto trv_object *result = trv_future_result(future, 0);
        if (print_number(result) < 0)
            return -1;
    }
    printf("\n");
    return trv_error_occurred() ? -1 : 0;
}

TRV_FUNCTION(app, "app(): the same calls, read in two ways")
{
    trv_auto trv_object *numbers = trv_build("[i i i i i]", 5, 1, 4, 2, 3);
    trv_thread_pool_options five = {.size = sizeof five, .workers = 5};
    trv_auto trv_object *pool = trv_thread_pool_new(&five);

    if (in_order(pool, numbers) < 0 || as_they_come(pool, numbers) < 0 ||
        trv_shutdown(pool, NULL) < 0)
        return NULL;
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
