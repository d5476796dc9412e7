/* SPDX-License-Identifier: MIT */
/*
 * Waiting side by side: two threads sleep and are done together; ten calls that sleep 1.5 seconds
 * each take 1.5 seconds on ten threads, and 15 one after the other.
 *
 * Run it as it is and it takes 18 seconds. It is checked with TRIVET_SEED=1, because then time is
 * virtual: all sleep, so the clock moves to the first who must wake, and it takes no time at all.
 */
#include <trivet.h>

#include <stdio.h>

TRV_FUNCTION(nap, "nap(name, seconds): sleeps, then says so")
{
    const char *name;
    double seconds;

    if (trv_parse(args, "sd", &name, &seconds) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    printf("%s slept %.1f s\n", name, seconds);
    return trv_none_new();
}

static int two_threads(void)
{
    trv_auto trv_object *one = trv_thread_new(nap, "sd", "one", 1.5);
    trv_auto trv_object *other = trv_thread_new(nap, "sd", "the other", 1.4);
    double began = trv_time();

    if (!one || !other || trv_thread_start(one) < 0 || trv_thread_start(other) < 0 ||
        trv_thread_join(one, TRV_FOREVER) < 0 || trv_thread_join(other, TRV_FOREVER) < 0)
        return -1;
    printf("two threads: %.1f s\n", trv_time() - began);
    return 0;
}

TRV_FUNCTION(sleep_well, "sleep_well(seconds)")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

static int ten_sleeps(const char *leg, trv_object *executor)
{
    trv_auto trv_object *futures = trv_list_new();
    trv_auto trv_object *results = NULL;
    double began = trv_time();

    for (int i = 0; i < 10; i++) {
        trv_auto trv_object *future = trv_submit(executor, sleep_well, "d", 1.5);
        if (!futures || !future || trv_list_append(futures, future) < 0)
            return -1;
    }
    if (!(results = trv_gather(futures)))
        return -1;
    printf("ten sleeps %s: %.1f s\n", leg, trv_time() - began);
    return trv_shutdown(executor, NULL);
}

TRV_FUNCTION(app, "app(): sleeps in many ways")
{
    trv_thread_pool_options ten = {.size = sizeof ten, .workers = 10};
    trv_auto trv_object *in_line = trv_inline_executor_new();
    trv_auto trv_object *threads = trv_thread_pool_new(&ten);
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL);

    if (two_threads() < 0 || ten_sleeps("one after the other", in_line) < 0 ||
        ten_sleeps("on ten threads", threads) < 0 ||
        ten_sleeps("in ten coroutines", coroutines) < 0)
        return NULL;
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
