/* SPDX-License-Identifier: MIT */
/*
 * Producers and consumers: a bounded queue between threads and coroutines.
 *
 * Two threads make numbers faster than three coroutines add them up. The queue holds four: a
 * producer that finds it full waits. When all is made the queue is shut down, and each consumer ends
 * once it finds it empty.
 */
#include <trivet.h>

#include <stdio.h>

TRV_FUNCTION(produce, "produce(queue, first): puts a hundred numbers in")
{
    trv_object *queue;
    int64_t first;

    if (trv_parse(args, "ol", &queue, &first) < 0)
        return NULL;
    for (int64_t i = first; i < first + 100; i++) {
        trv_auto trv_object *number = trv_int_new(i);
        if (trv_queue_put(queue, number, TRV_FOREVER) < 0)
            return NULL;
    }
    return trv_none_new();
}

TRV_FUNCTION(consume, "consume(queue): the sum of what it gets out")
{
    trv_object *queue;
    int64_t sum = 0, value;

    if (trv_parse(args, "o", &queue) < 0)
        return NULL;
    for (;;) {
        trv_auto trv_object *number = trv_queue_get(queue, TRV_FOREVER);
        if (!number)
            break;
        if (trv_int_get(number, &value) < 0 || trv_sleep(0.0001) < 0)
            return NULL;
        sum += value;
    }
    if (!trv_error_matches(trv_QueueShutDown))
        return NULL;
    trv_error_clear();
    return trv_int_new(sum);
}

TRV_FUNCTION(app, "app(): prints the sum of 0 to 199")
{
    trv_auto trv_object *queue = trv_queue_new(4);
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL);
    trv_auto trv_object *one = trv_submit(coroutines, consume, "o", queue);
    trv_auto trv_object *two = trv_submit(coroutines, consume, "o", queue);
    trv_auto trv_object *three = trv_submit(coroutines, consume, "o", queue);
    trv_auto trv_object *low = trv_submit(threads, produce, "oi", queue, 0);
    trv_auto trv_object *high = trv_submit(threads, produce, "oi", queue, 100);
    trv_auto trv_object *consumers = trv_build("[ooo]", one, two, three);
    trv_auto trv_object *producers = trv_build("[oo]", low, high);
    trv_auto trv_object *made = trv_gather(producers), *sums = NULL;
    int64_t total = 0, sum;

    (void)args;
    if (!made || trv_queue_shutdown(queue) < 0 || !(sums = trv_gather(consumers)))
        return NULL;
    TRV_FOR(each, sums) {
        if (trv_int_get(each, &sum) < 0)
            return NULL;
        total += sum;
    }
    printf("the sum is %d\n", (int)total);
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
