/* SPDX-License-Identifier: MIT */
/*
 * One measurement: a workload's tasks on one leg, in a process made for it.
 *
 * Every leg runs the same function, `timed`, around the workload's own; it notes how long the task
 * took from its start to its end, wherever it ran. The clock of the whole runs
 * from before the pool is made until after it is shut down, so a leg pays for what it needs.
 */
#include "cli/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { ARGUMENTS_MOST = 16 };

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
    struct rusage usage[2];
    double seconds = 0;

    getrusage(RUSAGE_SELF, &usage[0]);
    getrusage(RUSAGE_CHILDREN, &usage[1]);
    for (int i = 0; i < 2; i++)
        seconds += (double)(usage[i].ru_utime.tv_sec + usage[i].ru_stime.tv_sec) +
                   (double)(usage[i].ru_utime.tv_usec + usage[i].ru_stime.tv_usec) / 1e6;
    return seconds;
}

/* Seconds this thread has run or was ready to run: what it would have used of a processor of its own,
 * however busy the machine is. */
static double busy_seconds(void)
{
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    double ran_ns = 0, was_ready_ns = 0;

    if (!file)
        return cpu_seconds();
    if (fscanf(file, "%lf %lf", &ran_ns, &was_ready_ns) != 2)
        ran_ns = was_ready_ns = 0;
    fclose(file);
    return (ran_ns + was_ready_ns) / 1e9;
}

/* The tasks -------------------------------------------------------------------------------------------- */

/* (result of function(*arguments), seconds). Runs as a closure over the function and under its name, so
 * that a report of a failure names what the user knows. */
static trv_object *timed(const trv_args *args)
{
    trv_object *arguments, *items[ARGUMENTS_MOST];
    trv_auto trv_object *result = NULL;
    size_t count = 0;
    double start = now();

    if (trv_parse(args, "o", &arguments) < 0 || trv_tuple_len(arguments, &count) < 0)
        return NULL;
    if (count > ARGUMENTS_MOST)
        return trv_raise(trv_ValueError, "at most %d arguments", ARGUMENTS_MOST);
    for (size_t i = 0; i < count; i++) {
        items[i] = trv_tuple_get(arguments, (int64_t)i);
        trv_unref(items[i]); /* the tuple holds it */
    }
    result = trv_call_array(args->self, items, count, NULL);
    return result ? trv_build("(o d)", result, now() - start) : NULL;
}

/* The argument of a user's function: what the text looks like. */
static trv_object *user_argument(const char *text)
{
    trv_object *value = trv_int_parse(text, 10);

    if (value)
        return value;
    trv_error_clear();
    if ((value = trv_float_parse(text)))
        return value;
    trv_error_clear();
    return trv_str_new(text);
}

static trv_object *user_inputs(const struct settings *settings)
{
    trv_object *inputs = trv_list_new();

    for (unsigned i = 0; inputs && i < settings->tasks; i++) {
        trv_auto trv_object *value = settings->argument ? user_argument(settings->argument) : NULL;
        trv_auto trv_object *input = settings->argument ? trv_build("(o)", value) : trv_build("()");
        if (!input || trv_list_append(inputs, input) < 0)
            trv_clear(&inputs);
    }
    return inputs;
}

static trv_object *make_inputs(const struct workload *workload, const struct settings *settings)
{
    return workload->inputs ? workload->inputs(settings) : user_inputs(settings);
}

/* The legs --------------------------------------------------------------------------------------------- */

static trv_object *make_executor(enum leg leg, unsigned workers)
{
    trv_thread_pool_options threads = {.size = sizeof threads, .workers = workers};
    trv_process_pool_options processes = {.size = sizeof processes, .workers = workers};

    switch (leg) {
    case THREADS:
        return trv_thread_pool_new(&threads);
    case PROCESSES:
        return trv_process_pool_new(&processes);
    case COROUTINES:
        return trv_coroutine_pool_new(NULL);
    default:
        return trv_inline_executor_new();
    }
}

/* All tasks on one leg; the list of what `timed` returned. */
static trv_object *run_tasks(enum leg leg, unsigned workers, trv_object *function,
                             trv_object *inputs, size_t count)
{
    trv_map_options options = {.size = sizeof options, .lookahead = count};
    trv_auto trv_object *executor = make_executor(leg, workers);
    trv_auto trv_object *task = trv_function_new(timed, trv_function_name(function), function);
    trv_auto trv_object *results =
        executor && task ? trv_map(executor, task, inputs, &options) : NULL;
    trv_object *list = results ? trv_list_from(results) : NULL;

    trv_clear(&results);
    if (!list) {
        /* The failure of the task is what the report should name. */
        trv_auto trv_object *error = trv_error_take();
        trv_shutdown_options now_options = {
            .size = sizeof now_options, .cancel_pending = 1, .timeout = 5};
        if (executor && trv_shutdown(executor, &now_options) < 0)
            trv_error_clear();
        trv_error_restore(error);
    } else if (trv_shutdown(executor, NULL) < 0) {
        trv_clear(&list);
    }
    return list;
}

/* The outcome ------------------------------------------------------------------------------------------ */

/* Splits (result, seconds) pairs: the results in a list, the quantiles of the seconds. */
static trv_object *take_latencies(trv_object *pairs, size_t count, struct measurement *measurement)
{
    double *seconds = calloc(count ? count : 1, sizeof *seconds);
    trv_object *results = trv_list_new();
    size_t i = 0;

    TRV_FOR(pair, pairs) {
        trv_auto trv_object *result = trv_tuple_get(pair, 0);
        trv_auto trv_object *second = trv_tuple_get(pair, 1);
        if (!seconds || !results || !result || !second ||
            trv_float_get(second, &seconds[i++]) < 0 || trv_list_append(results, result) < 0) {
            trv_clear(&results);
            break;
        }
    }
    if (results && count) {
        qsort(seconds, count, sizeof *seconds, compare_doubles);
        measurement->p50 = seconds[count / 2];
        measurement->p99 = seconds[count * 99 / 100];
    }
    free(seconds);
    return results;
}

/* FNV-1a over the repr: equal answers have equal reprs on every leg. */
static int digest(const struct workload *workload, const struct settings *settings,
                  trv_object *results, struct measurement *measurement)
{
    trv_auto trv_object *answer = workload->combine ? workload->combine(results) : trv_ref(results);
    trv_auto trv_object *text = answer ? trv_repr(answer) : NULL;
    size_t size = 0;
    const char *utf8 = text ? trv_str_utf8(text, &size) : NULL;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (!utf8 ||
        (settings->counts && workload->write && workload->write(answer, settings->counts) < 0))
        return -1;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)utf8[i]) * UINT64_C(0x100000001b3);
    measurement->answer = hash;
    snprintf(measurement->shown, sizeof measurement->shown, "%s", utf8);
    return 0;
}

static int run_measurement(const struct workload *workload, enum leg leg,
                           const struct settings *settings, struct measurement *measurement)
{
    trv_auto trv_object *inputs = make_inputs(workload, settings);
    trv_auto trv_object *pairs = NULL;
    trv_auto trv_object *results = NULL;
    trv_lock_stats before = {.size = sizeof before}, after = before;
    double start, cpu_start, busy_start;
    size_t count = 0;

    if (!inputs || trv_list_len(inputs, &count) < 0)
        return -1;
    trv_lock_stats_get(&before);
    cpu_start = cpu_seconds();
    busy_start = busy_seconds();
    start = now();
    pairs = run_tasks(leg, settings->workers, workload->function, inputs, count);
    measurement->seconds = now() - start;
    measurement->cpu_seconds = cpu_seconds() - cpu_start;
    measurement->busy_seconds = busy_seconds() - busy_start;
    trv_lock_stats_get(&after);
    measurement->tasks = (unsigned)count;
    measurement->workers = settings->workers;
    if (leg == THREADS && settings->workers && measurement->seconds > 0) {
        double at_once = count < settings->workers ? (double)count : settings->workers;
        measurement->lock_share = (after.waited - before.waited) / measurement->seconds / at_once;
    }
    if (!pairs || !(results = take_latencies(pairs, count, measurement)))
        return -1;
    return digest(workload, settings, results, measurement);
}

/* The first line of an exception's own text. */
static void describe_error(char *text, size_t size)
{
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *message = error ? trv_str(error) : NULL;
    const char *utf8 = message ? trv_str_utf8(message, NULL) : NULL;

    snprintf(text, size, "%s: %s", trv_type_name(error), utf8 ? utf8 : "?");
    text[strcspn(text, "\n")] = 0;
    trv_error_clear();
}

void measure(const struct plan *plan, const struct workload *workload, enum leg leg,
             struct measurement *measurement)
{
    struct settings settings = settings_for(plan, workload, leg);

    memset(measurement, 0, sizeof *measurement);
    if (trv_init(NULL) < 0) {
        snprintf(measurement->error, sizeof measurement->error, "cannot start the runtime");
        return;
    }
    measurement->is_good = run_measurement(workload, leg, &settings, measurement) == 0;
    if (!measurement->is_good)
        describe_error(measurement->error, sizeof measurement->error);
    trv_fini();
}
