/* SPDX-License-Identifier: MIT */
/*
 * What the tasks of the built-in workloads do. Each is a plain blocking function that does not know
 * which leg runs it.
 *
 * A task gets one input, here always a tuple, and returns something whose value does not depend on
 * the leg.
 */
#include "cli/compare.h"

#include <stdio.h>
#include <string.h>

/* The sum of i * i % 7 for i below n, in boxed arithmetic. */
static trv_object *boxed_sum(int64_t n)
{
    trv_auto trv_object *seven = trv_int_new(7);
    trv_auto trv_object *range = trv_range_new(0, n, 1);
    trv_object *total = trv_int_new(0);

    TRV_FOR(i, range) {
        trv_auto trv_object *square = trv_multiply(i, i);
        trv_auto trv_object *rest = trv_remainder(square, seven);
        trv_object *next = trv_add(total, rest);
        trv_unref(total);
        total = next;
        if (!total)
            return NULL;
    }
    if (trv_error_occurred())
        trv_clear(&total);
    return total;
}

static int64_t native_sum(int64_t n)
{
    int64_t total = 0;

    for (int64_t i = 0; i < n; i++) {
        total += i * i % 7;
        __asm__ volatile(
            ""
            : "+r"(total)); /* the loop is the work: it must not be solved at compile time */
    }
    return total;
}

TRV_STATIC_FUNCTION(cpu, "cpu(n): a sum of n terms, of boxed ints")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    return boxed_sum(n);
}

TRV_STATIC_FUNCTION(cpu_native, "cpu_native(n): a sum of n terms, in C without the GIL")
{
    int64_t n, total = 0;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    TRV_ALLOW_THREADS
        total = native_sum(n);
    return trv_int_new(total);
}

TRV_STATIC_FUNCTION(wait, "wait(seconds): waits")
{
    double seconds;

    if (trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0)
        return NULL;
    return trv_float_new(seconds);
}

/* Asks the server for the square of n, which it sends after a delay. */
static trv_object *request(uint16_t port, double delay, int64_t n)
{
    trv_auto trv_object *stream = trv_tcp_connect("127.0.0.1", port);
    trv_auto trv_object *line = NULL;
    char text[64];
    const char *data;
    size_t size;
    int length = snprintf(text, sizeof text, "%lld %lld\n", (long long)n, (long long)(delay * 1e6));

    if (!stream || trv_stream_write(stream, text, (size_t)length) < 0)
        return NULL;
    if (!(line = trv_stream_read_until(stream, "\n", 1, sizeof text)) ||
        trv_stream_close(stream) < 0)
        return NULL;
    data = trv_bytes_data(line, &size);
    snprintf(text, sizeof text, "%.*s", (int)(size - 1), data);
    return trv_int_parse(text, 10);
}

TRV_STATIC_FUNCTION(tcp, "tcp(port, delay, n): the server's answer to n")
{
    int port;
    double delay;
    int64_t n;

    if (trv_parse(args, "idl", &port, &delay, &n) < 0)
        return NULL;
    return request((uint16_t)port, delay, n);
}

TRV_STATIC_FUNCTION(mixed, "mixed(port, delay, n, size): a request, then a sum")
{
    int port;
    double delay;
    int64_t n, size;
    trv_auto trv_object *answer = NULL;
    trv_auto trv_object *sum = NULL;

    if (trv_parse(args, "idll", &port, &delay, &n, &size) < 0)
        return NULL;
    answer = request((uint16_t)port, delay, n);
    sum = answer ? boxed_sum(size) : NULL;
    return trv_add(answer, sum);
}

/* Inputs: one tuple of arguments a task ---------------------------------------------------------------- */

typedef trv_object *(*make_input)(const struct settings *settings, unsigned i);

static trv_object *make_inputs(const struct settings *settings, make_input make)
{
    trv_object *inputs = trv_list_new();

    for (unsigned i = 0; inputs && i < settings->tasks; i++) {
        trv_auto trv_object *input = make(settings, i);
        if (!input || trv_list_append(inputs, input) < 0)
            trv_clear(&inputs);
    }
    return inputs;
}

/* Sums of slightly different lengths, so that a mix-up of results shows. */
static trv_object *cpu_input(const struct settings *settings, unsigned i)
{
    return trv_build("(l)", settings->size + i);
}

static trv_object *wait_input(const struct settings *settings, unsigned i)
{
    (void)i;
    return trv_build("(d)", settings->delay);
}

/* n differs from task to task, so that a mix-up of answers shows. */
static trv_object *tcp_input(const struct settings *settings, unsigned i)
{
    return trv_build("(i d l)", settings->port, settings->delay, (int64_t)i);
}

static trv_object *mixed_input(const struct settings *settings, unsigned i)
{
    return trv_build("(i d l l)", settings->port, settings->delay, (int64_t)i, settings->size + i);
}

static trv_object *cpu_inputs(const struct settings *settings)
{
    return make_inputs(settings, cpu_input);
}

static trv_object *wait_inputs(const struct settings *settings)
{
    return make_inputs(settings, wait_input);
}

static trv_object *tcp_inputs(const struct settings *settings)
{
    return make_inputs(settings, tcp_input);
}

static trv_object *mixed_inputs(const struct settings *settings)
{
    return make_inputs(settings, mixed_input);
}

const struct workload workloads[] = {
    {.name = "cpu",
     .summary = "sums of boxed ints, under the GIL",
     .tasks = 16,
     .size = 600000,
     .function = cpu,
     .inputs = cpu_inputs},
    {.name = "cpu-native",
     .summary = "the same sums in C, with the GIL released",
     .tasks = 16,
     .size = 20000000,
     .function = cpu_native,
     .inputs = cpu_inputs},
    {.name = "sleep",
     .summary = "tasks that wait",
     .tasks = 50,
     .delay = 0.010,
     .waits = true,
     .function = wait,
     .inputs = wait_inputs},
    {.name = "tcp",
     .summary = "requests to a server that answers after a delay",
     .tasks = 50,
     .delay = 0.010,
     .waits = true,
     .needs_server = true,
     .function = tcp,
     .inputs = tcp_inputs},
    {.name = "words",
     .summary = "the words of text files, counted",
     .tasks = 32,
     .function = count_words,
     .inputs = words_inputs,
     .combine = words_combine,
     .write = words_write},
    {.name = "mixed",
     .summary = "a request, then a sum of boxed ints",
     .tasks = 32,
     .size = 60000,
     .delay = 0.010,
     .waits = true,
     .needs_server = true,
     .function = mixed,
     .inputs = mixed_inputs},
};
const unsigned workload_count = sizeof workloads / sizeof *workloads;

const struct workload *find_workload(const char *name)
{
    for (unsigned i = 0; i < workload_count; i++)
        if (strcmp(workloads[i].name, name) == 0)
            return &workloads[i];
    return NULL;
}
