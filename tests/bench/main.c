/* SPDX-License-Identifier: MIT */
/*
 * The program behind `make bench`: starts the runtime and runs the groups in order.
 *
 * Its lines are for comparison with those of other runtimes measured in the same sitting;
 * alone they tell little, because machines differ and have moods.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double bench_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int bench_wanted(const char *workload)
{
    const char *prefix = getenv("BENCH");

    if (!prefix || !*prefix)
        return 1;
    while (*prefix) {
        size_t length = strcspn(prefix, " ");
        if (length && strncmp(workload, prefix, length) == 0)
            return 1;
        prefix += length + (prefix[length] == ' ');
    }
    return 0;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void bench_emit_as(const char *workload, const char *variant, double *values, int count,
                   const char *unit)
{
    const char *suffix = getenv("UNIT");
    double median;

    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    median = count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
    printf("%s\ttrivet%s%s\t%.4g\t%s%s\t%.4g\t%.4g\n", workload, *variant ? " " : "", variant,
           median, unit, suffix ? suffix : "", values[0], values[count - 1]);
    fflush(stdout);
}

void bench_emit(const char *workload, double *values, int count, const char *unit)
{
    bench_emit_as(workload, "", values, count, unit);
}

double bench_resident_bytes(void)
{
    long size, resident;
    FILE *file = fopen("/proc/self/statm", "r");

    if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2)
        bench_failed("reading /proc/self/statm", __LINE__);
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

int *bench_shuffled(int count)
{
    int *order = malloc((size_t)count * sizeof *order);
    uint64_t state = 88172645463325252u;

    if (!order)
        bench_failed("malloc", __LINE__);
    for (int i = 0; i < count; i++)
        order[i] = i;
    for (int i = count - 1; i > 0; i--) {
        int j, saved = order[i];
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        j = (int)(state % (uint64_t)(i + 1));
        order[i] = order[j];
        order[j] = saved;
    }
    return order;
}

void bench_failed(const char *what, int line)
{
    fprintf(stderr, "trivet-bench: line %d: %s failed\n", line, what);
    if (trv_is_initialized() && trv_error_occurred())
        trv_error_print();
    exit(1);
}

double bench_peak_bytes(void)
{
    char line[256];
    double kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");

    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %lf kB", &kilobytes) == 1)
            break;
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (trv_init(NULL) < 0) {
        perror("trivet-bench: trv_init");
        return 1;
    }
    if (argc == 3 && strcmp(argv[1], "echo") == 0) {
        status = bench_echo(argv[2]);
    } else {
        bench_heap();
        bench_collector();
        bench_lock();
        bench_legs();
    }
    trv_fini();
    return status;
}
