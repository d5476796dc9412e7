/* SPDX-License-Identifier: MIT */
/*
 * Allocation tracing as users start and stop it, and tracebacks that can be read.
 *
 * If the library is a shared object the tracer has left its frames out. If it is part of the program
 * they are recognised here: their files are in the directory of this one's floor.
 */
#include "inspect/tracing.h"

#include "runtime/runtime.h"

#include "trivet/inspect.h"

const char *trv__tracer_task(void)
{
    const struct trv__context *context = trv__current->context;

    return context->function ? trv_function_name(context->function)
                             : trv__thread_name(context->thread);
}

/* Resolving ---------------------------------------------------------------------------------------- */

static int compare_addresses(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;

    return (x > y) - (x < y);
}

static size_t frames_in(const struct trv__common *traceback)
{
    return traceback->bytes / sizeof(void *);
}

/* All addresses, sorted, each once; beyond them that of a function of the library. */
static bool gather(struct trv__resolver *resolver, const struct trv__common *const *tracebacks,
                   size_t count)
{
    size_t total = 1, kept = 0;

    for (size_t i = 0; i < count; i++)
        total += frames_in(tracebacks[i]);
    resolver->addresses = FAULT() ? NULL : malloc(total * sizeof *resolver->addresses);
    resolver->locations = FAULT() ? NULL : malloc(total * sizeof *resolver->locations);
    if (!resolver->addresses || !resolver->locations)
        return false;
    for (size_t i = 0, n = 0; i < count; n += frames_in(tracebacks[i++]))
        memcpy(resolver->addresses + n, tracebacks[i]->words, tracebacks[i]->bytes);
    qsort(resolver->addresses, total - 1, sizeof *resolver->addresses, compare_addresses);
    for (size_t i = 0; i + 1 < total; i++)
        if (!kept || resolver->addresses[i] != resolver->addresses[kept - 1])
            resolver->addresses[kept++] = resolver->addresses[i];
    resolver->count = kept;
    return true;
}

/* The calls, not what they return to. */
static void locate(struct trv__resolver *resolver)
{
    const char own[] = "inspect/tracing.c";
    struct trv__location *last = &resolver->locations[resolver->count];
    size_t length;

    for (size_t i = 0; i < resolver->count; i++)
        resolver->addresses[i] = (const char *)resolver->addresses[i] - 1;
    resolver->addresses[resolver->count] = (const void *)(uintptr_t)trv__tracer_task;
    trv__locate_all(resolver->addresses, resolver->count + 1, resolver->locations);
    length = strlen(last->file);
    if (last->line && length > strlen(own) && !strcmp(last->file + length - strlen(own), own)) {
        last->file[length - strlen(own)] = 0;
        strcpy(resolver->library, last->file);
    }
}

int trv__resolver_init(struct trv__resolver *resolver, const struct trv__common *const *tracebacks,
                       size_t count, unsigned frames)
{
    *resolver = (struct trv__resolver){.frames = frames};
    if (!gather(resolver, tracebacks, count)) {
        trv__resolver_drop(resolver);
        return trv_raise_int(trv_MemoryError, "out of memory");
    }
    locate(resolver);
    return 0;
}

void trv__resolver_drop(struct trv__resolver *resolver)
{
    free(resolver->addresses);
    free(resolver->locations);
}

static const struct trv__location *find(const struct trv__resolver *resolver, const void *address)
{
    const void *call = (const char *)address - 1;
    const void **found = bsearch(&call, resolver->addresses, resolver->count,
                                 sizeof *resolver->addresses, compare_addresses);

    return &resolver->locations[found - resolver->addresses];
}

static bool is_library(const struct trv__resolver *resolver, const struct trv__location *location)
{
    return resolver->library[0] &&
           !strncmp(location->file, resolver->library, strlen(resolver->library));
}

size_t trv__resolver_frames(const struct trv__resolver *resolver,
                            const struct trv__common *traceback,
                            const struct trv__location *frames[TRV__TRACE_FRAMES_MOST])
{
    size_t count = 0;

    for (size_t i = 0; i < frames_in(traceback) && count < resolver->frames; i++) {
        const struct trv__location *location = find(resolver, traceback->words[i]);
        if (!is_library(resolver, location))
            frames[count++] = location;
    }
    return count;
}

trv_object *trv__frames_list(const struct trv__location *const *frames, size_t count)
{
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; list && i < count; i++) {
        trv_auto trv_object *frame =
            trv_build("(s i s)", frames[i]->file, frames[i]->line, frames[i]->function);
        if (!frame || trv_list_append(list, frame) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

const char *trv__file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Public interface --------------------------------------------------------------------------------- */

static struct trv__tracer *tracer(void)
{
    return trv__current->heap->tracer;
}

int trv_trace_start(unsigned frames)
{
    if (frames < 1 || frames > TRV__TRACE_FRAMES_MOST)
        return trv_raise_int(trv_ValueError, "the number of frames must be in range [1; %d]",
                             TRV__TRACE_FRAMES_MOST);
    return trv__tracer_start(trv__current->heap, frames);
}

void trv_trace_stop(void)
{
    trv__tracer_stop(trv__current->heap);
}

int trv_trace_is_tracing(void)
{
    return tracer() != NULL;
}

void trv_trace_clear(void)
{
    if (tracer())
        trv__tracer_clear(tracer());
}

void trv_trace_memory(size_t *current, size_t *peak)
{
    if (current)
        *current = tracer() ? tracer()->current : 0;
    if (peak)
        *peak = tracer() ? tracer()->peak : 0;
}

void trv_trace_reset_peak(void)
{
    if (tracer())
        tracer()->peak = tracer()->current;
}

size_t trv_trace_lost(void)
{
    return tracer() ? tracer()->lost : 0;
}

trv_object *trv_trace_of(trv_object *object)
{
    const struct trv__location *frames[TRV__TRACE_FRAMES_MOST];
    const struct trv__common *traceback;
    const struct trv__trace *trace;
    struct trv__resolver resolver;
    trv_object *list;

    if (!trv__given(object, "trv_trace_of"))
        return NULL;
    trace = tracer() ? trv__tracer_find(tracer(), object) : NULL;
    if (!trace)
        return trv_none_new();
    traceback = trace->traceback;
    if (trv__resolver_init(&resolver, &traceback, 1, tracer()->frames) < 0)
        return NULL;
    list = trv__frames_list(frames, trv__resolver_frames(&resolver, traceback, frames));
    trv__resolver_drop(&resolver);
    return list;
}
