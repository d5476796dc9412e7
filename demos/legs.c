/* SPDX-License-Identifier: MIT */
/*
 * One function, four legs. `visit` waits and computes in plain blocking C; where it runs is decided by
 * the executor it is submitted to.
 */
#include <trivet.h>

#include <stdio.h>

TRV_FUNCTION(visit, "visit(name, seconds): waits, then answers")
{
    const char *name;
    double seconds;

    if (trv_parse(args, "sd", &name, &seconds) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    return trv_str_printf("%s waited %g s", name, seconds);
}

static int run_on(trv_object *executor, const char *leg)
{
    trv_auto trv_object *futures = trv_list_new();

    printf("%s:\n", leg);
    for (int i = 1; i <= 3; i++) {
        char name[2] = {(char)('a' + i - 1), 0};
        trv_auto trv_object *future = trv_submit(executor, visit, "sd", name, i * 0.01);
        if (!futures || !future || trv_list_append(futures, future) < 0)
            return -1;
    }
    TRV_FOR(future, futures) {
        trv_auto trv_object *answer = trv_future_result(future, 60);
        if (!answer || trv_print(answer) < 0)
            return -1;
    }
    return trv_error_occurred() ? -1 : trv_shutdown(executor, NULL);
}

TRV_FUNCTION(app, "app(): the same calls on every leg")
{
    trv_auto trv_object *inline_executor = trv_inline_executor_new();
    trv_auto trv_object *threads = trv_thread_pool_new(NULL);
    trv_auto trv_object *processes = trv_process_pool_new(NULL);
    trv_auto trv_object *coroutines = trv_coroutine_pool_new(NULL);

    if (run_on(inline_executor, "inline") < 0 || run_on(threads, "threads") < 0 ||
        run_on(processes, "processes") < 0 || run_on(coroutines, "coroutines") < 0)
        return NULL;
    return trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
