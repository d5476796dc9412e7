/* SPDX-License-Identifier: MIT */
/*
 * snapshot: what was in use at a moment, and where it was allocated.
 *
 * Blocks that have their traceback, task and type in common are one group, so a snapshot is much
 * smaller than what it tells of. It stays what it is when the tracer is cleared or stopped.
 */
#include "inspect/tracing.h"

#include "trivet/inspect.h"

#include <fnmatch.h>

static struct trv__snapshot *snapshot_of(trv_object *object)
{
    return (struct trv__snapshot *)(void *)object;
}

static int compare_groups(const void *a, const void *b)
{
    const struct trv__trace_group *x = a, *y = b;

    if (x->traceback != y->traceback)
        return x->traceback < y->traceback ? -1 : 1;
    if (x->task != y->task)
        return x->task < y->task ? -1 : 1;
    return (x->type > y->type) - (x->type < y->type);
}

static void hold(struct trv__trace_group *group)
{
    trv__common_hold(group->traceback);
    trv__common_hold(group->task);
    trv_ref(group->type);
}

/* What the groups name is borrowed until hold. */
static size_t gather(const struct trv__tracer *tracer, struct trv__trace_group *groups)
{
    size_t count = 0;

    for (size_t i = 0; i < tracer->capacity; i++) {
        const struct trv__trace *trace = &tracer->traces[i];
        if (!trace->block)
            continue;
        groups[count++] = (struct trv__trace_group){
            trace->traceback, trace->task,
            trace->kind == TRV__BLOCKS ? NULL : ((const trv_object *)trace->block)->type->handle,
            trace->size, 1};
    }
    return count;
}

static size_t merge(struct trv__trace_group *groups, size_t count)
{
    size_t kept = 0;

    qsort(groups, count, sizeof *groups, compare_groups);
    for (size_t i = 0; i < count; i++) {
        if (!kept || compare_groups(&groups[i], &groups[kept - 1]) != 0) {
            groups[kept++] = groups[i];
            continue;
        }
        groups[kept - 1].size += groups[i].size;
        groups[kept - 1].count++;
    }
    return kept;
}

static struct trv__snapshot *make(size_t most, unsigned frames)
{
    struct trv__snapshot *self = trv__container_new(&trv__snapshot_type, sizeof *self);

    if (!self)
        return NULL;
    self->frames = frames;
    self->groups = FAULT() ? NULL : malloc((most + 1) * sizeof *self->groups);
    if (!self->groups) {
        trv_unref((trv_object *)self);
        return (void *)trv_raise(trv_MemoryError, "out of memory");
    }
    return self;
}

trv_object *trv_trace_snapshot(void)
{
    const struct trv__tracer *tracer = trv__current->heap->tracer;
    struct trv__snapshot *self;

    if (!tracer)
        return trv_raise(trv_RuntimeError,
                         "the tracer must be tracing allocations to take a snapshot");
    self = make(tracer->count + 1, tracer->frames); /* the snapshot itself is traced, too */
    if (!self)
        return NULL;
    self->count = merge(self->groups, gather(tracer, self->groups));
    for (size_t i = 0; i < self->count; i++)
        hold(&self->groups[i]);
    trv__track(self);
    return (trv_object *)self;
}

int trv__snapshot_resolve(const struct trv__snapshot *snapshot, struct trv__resolver *resolver)
{
    const struct trv__common **tracebacks =
        FAULT() ? NULL : malloc((snapshot->count + 1) * sizeof *tracebacks);
    int status;

    if (!tracebacks)
        return trv_raise_int(trv_MemoryError, "out of memory");
    for (size_t i = 0; i < snapshot->count; i++)
        tracebacks[i] = snapshot->groups[i].traceback;
    status = trv__resolver_init(resolver, tracebacks, snapshot->count, snapshot->frames);
    free(tracebacks);
    return status;
}

/* Filters ------------------------------------------------------------------------------------------ */

static bool file_matches(const char *pattern, const char *file)
{
    return fnmatch(pattern, file, 0) == 0 || fnmatch(pattern, trv__file_name(file), 0) == 0;
}

static bool place_matches(const trv_trace_filter *filter, const struct trv__resolver *resolver,
                          const struct trv__common *traceback)
{
    const struct trv__location *frames[TRV__TRACE_FRAMES_MOST];
    size_t count = trv__resolver_frames(resolver, traceback, frames);

    if (!filter->file && !filter->line)
        return true;
    for (size_t i = 0; i < count && (i == 0 || filter->all_frames); i++)
        if ((!filter->file || file_matches(filter->file, frames[i]->file)) &&
            (!filter->line || filter->line == frames[i]->line))
            return true;
    return false;
}

static bool matches(const trv_trace_filter *filter, const struct trv__resolver *resolver,
                    const struct trv__trace_group *group)
{
    if (filter->type &&
        (!group->type || strcmp(trv__type_of_handle(group->type)->name, filter->type) != 0))
        return false;
    if (filter->task && strcmp((const char *)group->task->words, filter->task) != 0)
        return false;
    return place_matches(filter, resolver, group->traceback);
}

/* At least one of those that include, if there are any, and none that excludes. */
static bool passes(const trv_trace_filter *filters, size_t count,
                   const struct trv__resolver *resolver, const struct trv__trace_group *group)
{
    bool has_inclusive = false, is_included = false;

    for (size_t i = 0; i < count; i++) {
        bool does_match = matches(&filters[i], resolver, group);
        if (!filters[i].excludes) {
            has_inclusive = true;
            is_included |= does_match;
        } else if (does_match) {
            return false;
        }
    }
    return is_included || !has_inclusive;
}

trv_object *trv_snapshot_filter(trv_object *snapshot, const trv_trace_filter *filters, size_t count)
{
    struct trv__snapshot *self, *made;
    struct trv__resolver resolver;

    if (!trv__expect(snapshot, &trv__snapshot_type, "trv_snapshot_filter") ||
        (count && !trv__given(filters, "trv_snapshot_filter")))
        return NULL;
    self = snapshot_of(snapshot);
    if (trv__snapshot_resolve(self, &resolver) < 0)
        return NULL;
    made = make(self->count, self->frames);
    for (size_t i = 0; made && i < self->count; i++)
        if (passes(filters, count, &resolver, &self->groups[i])) {
            made->groups[made->count] = self->groups[i];
            hold(&made->groups[made->count++]);
        }
    trv__resolver_drop(&resolver);
    if (made)
        trv__track(made);
    return (trv_object *)made;
}

/* Slots -------------------------------------------------------------------------------------------- */

static int snapshot_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int answer = 0;

    for (size_t i = 0; i < snapshot_of(self)->count && !answer; i++)
        answer = visit(snapshot_of(self)->groups[i].type, argument);
    return answer;
}

static void snapshot_clear(trv_object *object)
{
    struct trv__snapshot *self = snapshot_of(object);
    struct trv__trace_group *groups = self->groups;
    size_t count = self->count;

    self->groups = NULL;
    self->count = 0;
    for (size_t i = 0; i < count; i++) {
        trv__common_let_go(groups[i].traceback);
        trv__common_let_go(groups[i].task);
        trv_unref(groups[i].type);
    }
    free(groups);
}

TRV__READ_ONLY struct trv_type trv__snapshot_type = {
    .handle = trv_snapshot_type,
    .name = "Snapshot",
    .doc = "what was in use at a moment, and where it was allocated",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__snapshot),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = snapshot_traverse, .clear = snapshot_clear},
};
TRV__READ_ONLY trv_object trv_snapshot_type[1] = {TRV__TYPE_HANDLE(trv__snapshot_type)};
