/* SPDX-License-Identifier: MIT */
/*
 * How threads end. One returns; one raises, which the exception hook is told; a timer is cancelled
 * before it fires; and a daemon goes on for ever, which the end of the program does not wait for.
 *
 * It is checked with TRIVET_SEED=1, so that the daemon ticks as often each time.
 */
#include <trivet.h>

#include <stdio.h>

TRV_FUNCTION(tick, "tick(): for ever")
{
    for (;;) {
        if (trv_sleep(1) < 0)
            return NULL;
        printf("tick\n");
    }
}

TRV_FUNCTION(divide, "divide(a, b)")
{
    int64_t a, b;

    if (trv_parse(args, "ll", &a, &b) < 0)
        return NULL;
    return b ? trv_int_new(a / b) : trv_raise(trv_ZeroDivisionError, "division by zero");
}

TRV_FUNCTION(tell, "tell(exception, thread): the hook")
{
    trv_auto trv_object *name = trv_thread_name(args->items[1]);

    printf("%s ended with %s\n", name ? trv_str_utf8(name, NULL) : "?",
           trv_type_name(args->items[0]));
    return trv_none_new();
}

static int run(trv_object *thread)
{
    return trv_thread_start(thread) < 0 || trv_thread_join(thread, TRV_FOREVER) < 0 ? -1 : 0;
}

TRV_FUNCTION(app, "app(): threads that end in different ways")
{
    trv_auto trv_object *daemon = trv_thread_new(tick, NULL);
    trv_auto trv_object *good = trv_thread_new(divide, "ll", INT64_C(6), INT64_C(3));
    trv_auto trv_object *bad = trv_thread_new(divide, "ll", INT64_C(6), INT64_C(0));
    trv_auto trv_object *timer = trv_timer_new(3600, tick, NULL);
    trv_auto trv_object *future = good ? trv_thread_future(good) : NULL;
    trv_auto trv_object *result = NULL;

    if (!future || trv_thread_set_excepthook(tell) < 0 || trv_thread_set_daemon(daemon, 1) < 0 ||
        trv_thread_start(daemon) < 0 || trv_sleep(2.5) < 0 || run(good) < 0 || run(bad) < 0 ||
        trv_thread_start(timer) < 0 || trv_timer_cancel(timer) < 0 ||
        trv_thread_join(timer, TRV_FOREVER) < 0 || !(result = trv_future_result(future, 0)))
        return NULL;
    printf("six by three: ");
    return trv_print(result) < 0 ? NULL : trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
