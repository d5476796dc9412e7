/* SPDX-License-Identifier: MIT */
/*
 * Statistics of snapshots: groups by file, line, traceback, type or task, of one snapshot or of the
 * difference of two, the largest first, in the words of Python's tracemalloc.
 */
#include "inspect/tracing.h"
#include "types/list.h"

#include "trivet/inspect.h"

#include <inttypes.h>
#include <stdio.h>

struct statistic {
    TRV__HEAD;
    trv_object *key;       /* a str, owned */
    trv_object *traceback; /* a list of frames, owned; or NULL */
    int64_t size, count, size_diff, count_diff;
    bool is_diff;
};

static TRV__READ_ONLY struct trv_type statistic_type;

static struct statistic *statistic_of(trv_object *object)
{
    return (struct statistic *)(void *)object;
}

/* Texts -------------------------------------------------------------------------------------------- */

/* As tracemalloc writes sizes: three or four digits. */
static const char *format_size(char text[32], double size, bool has_sign)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size_now = size;

    for (int i = 0;; i++) {
        double absolute = size_now < 0 ? -size_now : size_now;
        if (i > 0 && absolute < 100) {
            snprintf(text, 32, has_sign ? "%+.1f %s" : "%.1f %s", size_now, units[i]);
            return text;
        }
        if (absolute < 10 * 1024 || i == 4) {
            snprintf(text, 32, has_sign ? "%+.0f %s" : "%.0f %s", size_now, units[i]);
            return text;
        }
        size_now /= 1024;
    }
}

static trv_object *statistic_str(trv_object *object)
{
    const struct statistic *self = statistic_of(object);
    const char *key = trv_str_utf8(self->key, NULL);
    double average = self->count ? (double)self->size / (double)self->count : 0;
    char size[32], difference[32], each[32];

    if (!key)
        return NULL;
    format_size(size, (double)self->size, false);
    format_size(difference, (double)self->size_diff, true);
    format_size(each, average, false);
    if (self->is_diff && !self->count)
        return trv_str_printf("%s: size=%s (%s), count=%" PRId64 " (%+" PRId64 ")", key, size,
                              difference, self->count, self->count_diff);
    if (self->is_diff)
        return trv_str_printf("%s: size=%s (%s), count=%" PRId64 " (%+" PRId64 "), average=%s", key,
                              size, difference, self->count, self->count_diff, each);
    return trv_str_printf("%s: size=%s, count=%" PRId64 ", average=%s", key, size, self->count,
                          each);
}

static trv_object *statistic_repr(trv_object *object)
{
    trv_auto trv_object *text = statistic_str(object);
    const char *utf8 = text ? trv_str_utf8(text, NULL) : NULL;

    return utf8 ? trv_str_printf("<Statistic %s>", utf8) : NULL;
}

/* The type ----------------------------------------------------------------------------------------- */

static int statistic_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int answer = visit(statistic_of(self)->key, argument);

    return answer ? answer : visit(statistic_of(self)->traceback, argument);
}

static void statistic_clear(trv_object *self)
{
    trv_clear(&statistic_of(self)->key);
    trv_clear(&statistic_of(self)->traceback);
}

#define GET_NUMBER(field)                                                                          \
    static trv_object *get_##field(const trv_args *args)                                           \
    {                                                                                              \
        return trv_int_new(statistic_of(args->self)->field);                                       \
    }
GET_NUMBER(size)
GET_NUMBER(count)
GET_NUMBER(size_diff)
GET_NUMBER(count_diff)

static trv_object *get_average(const trv_args *args)
{
    const struct statistic *self = statistic_of(args->self);

    return trv_float_new(self->count ? (double)self->size / (double)self->count : 0);
}

static trv_object *get_key(const trv_args *args)
{
    return trv_ref(statistic_of(args->self)->key);
}

static trv_object *get_traceback(const trv_args *args)
{
    trv_object *traceback = statistic_of(args->self)->traceback;

    return traceback ? trv_ref(traceback) : trv_none_new();
}

static const struct trv__method methods[] = {
    {"average", NULL, get_average},
    {"count", NULL, get_count},
    {"count_diff", NULL, get_count_diff},
    {"key", NULL, get_key},
    {"size", NULL, get_size},
    {"size_diff", NULL, get_size_diff},
    {"traceback", NULL, get_traceback},
    {NULL, NULL, NULL},
};

static TRV__READ_ONLY trv_object statistic_handle[1];
static TRV__READ_ONLY struct trv_type statistic_type = {
    .handle = statistic_handle,
    .name = "Statistic",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct statistic),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = statistic_traverse,
              .clear = statistic_clear,
              .repr = statistic_repr,
              .str = statistic_str},
    .methods = methods,
};
static TRV__READ_ONLY trv_object statistic_handle[1] = {TRV__TYPE_HANDLE(statistic_type)};

/* Grouping ----------------------------------------------------------------------------------------- */

struct grouping {
    trv_trace_key by;
    trv_object *found; /* a dict: what tells groups apart -> Statistic */
    bool is_diff;
    int sign; /* of the snapshot that is being added: 1 new, -1 old, 0 the only one */
};

/* What tells the groups apart and, for tracebacks, how a group is shown, which is by the innermost frame. */
static trv_object *frame_key(trv_trace_key by, const struct trv__location *const *frames,
                             size_t count)
{
    trv_object *text = NULL;

    if (!count)
        return trv_str_new("<unknown>:0");
    if (by == TRV_TRACE_BY_FILE)
        return trv_str_printf("%s:0", trv__file_name(frames[0]->file));
    for (size_t i = 0; i < (by == TRV_TRACE_BY_TRACEBACK ? count : 1); i++) {
        trv_object *longer =
            trv_str_printf("%s%s%s:%d", text ? trv_str_utf8(text, NULL) : "", text ? " < " : "",
                           trv__file_name(frames[i]->file), frames[i]->line);
        trv_unref(text);
        if (!(text = longer))
            return NULL;
    }
    return text;
}

static trv_object *group_key(trv_trace_key by, const struct trv__trace_group *group,
                             const struct trv__location *const *frames, size_t count)
{
    if (by == TRV_TRACE_BY_TYPE)
        return trv_str_new(group->type ? trv__type_of_handle(group->type)->name : "(memory)");
    if (by == TRV_TRACE_BY_TASK)
        return trv_str_new((const char *)group->task->words);
    return frame_key(by, frames, count);
}

static bool has_frames(trv_trace_key by)
{
    return by != TRV_TRACE_BY_TYPE && by != TRV_TRACE_BY_TASK;
}

static trv_object *new_statistic(const struct grouping *grouping, trv_object *key,
                                 const struct trv__location *const *frames, size_t count)
{
    trv_auto trv_object *made = trv__container_new(&statistic_type, sizeof(struct statistic));
    struct statistic *self = statistic_of(made);

    if (!made)
        return NULL;
    trv__track(made);
    self->is_diff = grouping->is_diff;
    if (has_frames(grouping->by) && !(self->traceback = trv__frames_list(frames, count)))
        return NULL;
    self->key = grouping->by == TRV_TRACE_BY_TRACEBACK ? frame_key(TRV_TRACE_BY_LINE, frames, count)
                                                       : trv_ref(key);
    if (!self->key || trv_dict_set(grouping->found, key, made) < 0)
        return NULL;
    return trv_steal(&made);
}

static int add_group(const struct grouping *grouping, const struct trv__trace_group *group,
                     const struct trv__location *const *frames, size_t count)
{
    trv_auto trv_object *key = group_key(grouping->by, group, frames, count);
    trv_auto trv_object *found = NULL;
    struct statistic *statistic;

    if (!key || trv_dict_get(grouping->found, key, &found) < 0)
        return -1;
    if (!found && !(found = new_statistic(grouping, key, frames, count)))
        return -1;
    statistic = statistic_of(found);
    if (grouping->sign >= 0) {
        statistic->size += (int64_t)group->size;
        statistic->count += (int64_t)group->count;
    }
    statistic->size_diff += (grouping->sign < 0 ? -1 : 1) * (int64_t)group->size;
    statistic->count_diff += (grouping->sign < 0 ? -1 : 1) * (int64_t)group->count;
    return 0;
}

static int add_snapshot(const struct grouping *grouping, trv_object *object)
{
    const struct trv__snapshot *snapshot = (const struct trv__snapshot *)(const void *)object;
    const struct trv__location *frames[TRV__TRACE_FRAMES_MOST];
    struct trv__resolver resolver;
    int status = 0;

    if (trv__snapshot_resolve(snapshot, &resolver) < 0)
        return -1;
    for (size_t i = 0; i < snapshot->count && status == 0; i++) {
        size_t count = trv__resolver_frames(&resolver, snapshot->groups[i].traceback, frames);
        if (grouping->by != TRV_TRACE_BY_TRACEBACK)
            count = MIN_OF(count, 1);
        status = add_group(grouping, &snapshot->groups[i], frames, count);
    }
    trv__resolver_drop(&resolver);
    return status;
}

/* The largest first. */
static int compare_numbers(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

static int compare_statistics(const void *a, const void *b)
{
    const struct statistic *x = statistic_of(*(trv_object *const *)a),
                           *y = statistic_of(*(trv_object *const *)b);
    int order = 0;

    if (x->is_diff)
        order = compare_numbers(llabs(x->size_diff), llabs(y->size_diff));
    if (!order)
        order = compare_numbers(x->size, y->size);
    if (!order && x->is_diff)
        order = compare_numbers(llabs(x->count_diff), llabs(y->count_diff));
    if (!order)
        order = compare_numbers(x->count, y->count);
    return order ? order : strcmp(trv_str_utf8(x->key, NULL), trv_str_utf8(y->key, NULL));
}

static trv_object *sorted(trv_object *found)
{
    trv_auto trv_object *values = trv_dict_values(found);
    trv_object *list = values ? trv_list_from(values) : NULL;

    if (list)
        qsort(trv__as_list(list)->items, trv__as_list(list)->count, sizeof(trv_object *),
              compare_statistics);
    return list;
}

static bool is_key(trv_trace_key by)
{
    if ((unsigned)by <= TRV_TRACE_BY_TASK)
        return true;
    trv_raise(trv_ValueError, "unknown key of statistics: %d", (int)by);
    return false;
}

trv_object *trv_snapshot_statistics(trv_object *snapshot, trv_trace_key by)
{
    trv_auto trv_object *found = NULL;
    struct grouping grouping = {.by = by};

    if (!trv__expect(snapshot, &trv__snapshot_type, "trv_snapshot_statistics") || !is_key(by) ||
        !(grouping.found = found = trv_dict_new()) || add_snapshot(&grouping, snapshot) < 0)
        return NULL;
    return sorted(found);
}

trv_object *trv_snapshot_compare(trv_object *now, trv_object *before, trv_trace_key by)
{
    trv_auto trv_object *found = NULL;
    struct grouping grouping = {.by = by, .is_diff = true, .sign = 1};

    if (!trv__expect(now, &trv__snapshot_type, "trv_snapshot_compare") ||
        !trv__expect(before, &trv__snapshot_type, "trv_snapshot_compare") || !is_key(by) ||
        !(grouping.found = found = trv_dict_new()) || add_snapshot(&grouping, now) < 0)
        return NULL;
    grouping.sign = -1;
    return add_snapshot(&grouping, before) < 0 ? NULL : sorted(found);
}

/* A page of text ----------------------------------------------------------------------------------- */

static trv_object *append_text(trv_object *text, const char *more)
{
    trv_object *longer = NULL;

    if (text && more)
        longer = trv_str_printf("%s%s\n", trv_str_utf8(text, NULL), more);
    trv_unref(text);
    return longer;
}

static trv_object *append_rest(trv_object *text, size_t others, int64_t rest, int64_t total)
{
    char size[32], line[80];

    if (others) {
        snprintf(line, sizeof line, "%zu other: %s", others,
                 format_size(size, (double)rest, false));
        text = append_text(text, line);
    }
    snprintf(line, sizeof line, "Total allocated size: %s",
             format_size(size, (double)total, false));
    return append_text(text, line);
}

trv_object *trv_statistics_text(trv_object *statistics, size_t limit)
{
    trv_auto trv_object *list = statistics ? trv_list_from(statistics) : NULL;
    trv_object *text = list ? trv_str_new("") : NULL;
    int64_t total = 0, rest = 0;
    size_t count, others = 0;

    if (!list && !trv_error_occurred())
        trv__given(statistics, "trv_statistics_text");
    for (size_t i = 0; text && trv_list_len(list, &count) == 0 && i < count; i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        trv_auto trv_object *line = NULL;
        if (!trv__expect(item, &statistic_type, "trv_statistics_text")) {
            trv_clear(&text);
            break;
        }
        total += statistic_of(item)->size;
        if (i >= limit) {
            others++;
            rest += statistic_of(item)->size;
            continue;
        }
        line = statistic_str(item);
        text = append_text(text, line ? trv_str_utf8(line, NULL) : NULL);
    }
    return text ? append_rest(text, others, rest, total) : NULL;
}
