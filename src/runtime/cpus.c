/* SPDX-License-Identifier: MIT */
/*
 * How many processors this program may use: the affinity mask, cut by the CPU limit of its control
 * group and of those above (version 2: cpu.max; version 1: cpu.cfs_quota_us), at least one.
 */
#include "base/base.h"

#include "trivet/runtime.h"

#include <sched.h>
#include <stdio.h>

static double read_ratio(const char *path, const char *period_path)
{
    double quota = -1, period = 100000;
    char text[64] = "";
    FILE *file = fopen(path, "re");

    if (!file)
        return 0;
    if (fgets(text, sizeof text, file) && sscanf(text, "%lf %lf", &quota, &period) < 1)
        quota = -1; /* "max" */
    fclose(file);
    if (period_path && (file = fopen(period_path, "re"))) {
        if (fscanf(file, "%lf", &period) != 1)
            period = 0;
        fclose(file);
    }
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The smaller of two limits, 0 being none. */
static double tighter(double a, double b)
{
    return a > 0 && (b <= 0 || a < b) ? a : b;
}

static double limit_along(const char *root, char *group, bool is_version_2)
{
    char path[4200], period[4200];
    double limit = 0;
    char *slash;

    do {
        snprintf(path, sizeof path, "%s%s/%s", root, group,
                 is_version_2 ? "cpu.max" : "cpu.cfs_quota_us");
        snprintf(period, sizeof period, "%s%s/cpu.cfs_period_us", root, group);
        limit = tighter(limit, read_ratio(path, is_version_2 ? NULL : period));
        slash = strrchr(group, '/');
        if (slash)
            *slash = 0;
    } while (slash);
    return limit;
}

static double cgroup_limit(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    char line[4096];
    double limit = 0;

    while (file && fgets(line, sizeof line, file)) {
        char *controllers = strchr(line, ':'),
             *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group)
            continue;
        group[strcspn(group, "\n")] = 0;
        *group++ = 0;
        if (controllers[1] == 0)
            limit = tighter(limit, limit_along("/sys/fs/cgroup", group, true));
        else if (strstr(controllers, "cpu"))
            limit = tighter(limit, limit_along("/sys/fs/cgroup/cpu", group, false));
    }
    if (file)
        fclose(file);
    return limit;
}

unsigned trv_cpu_count(void)
{
    const char *wish = getenv("TRIVET_WORKERS");
    unsigned long wished = wish ? strtoul(wish, NULL, 10) : 0;
    cpu_set_t set;
    double count = 1, limit = cgroup_limit();

    if (wished > 0 && wished < 10000)
        return (unsigned)wished;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        count = CPU_COUNT(&set);
    if (limit > 0 && limit < count)
        count = limit;
    return count < 1 ? 1 : (unsigned)(count + 0.5);
}
