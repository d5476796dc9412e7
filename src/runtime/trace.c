/* SPDX-License-Identifier: MIT */
/*
 * Writing a trace, and finding the user's code on the stack.
 *
 * A context's place is the first frame outside the library, found by walking the stack when it makes
 * way. A program that has the library linked into it has no border that addresses tell; there a frame
 * is the library's if its source lies beside ours.
 *
 * Looking up a place is slow, and a program has few: the texts are kept, by address. That memory,
 * like all here, passes no fault points: a traced run must fail where an untraced one does.
 *
 * Guarded like the chooser. Everybody else who has or wants the GIL stands still meanwhile.
 */
#include "runtime/trace.h"

#include "base/fault.h"
#include "base/locate.h"
#include "runtime/runtime.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <unwind.h>

#define SLOTS 1024 /* of the table of places; a power of two */

static const char *const kinds[] = TRV__KINDS;

/* The place of a worker that has taken no call yet, or has ended one. */
static const char between_calls[] = "between calls";

struct place {
    const void *address; /* a return address; NULL: the slot is free */
    bool is_ours;        /* the library's */
    char *text;
};

struct trv__trace {
    int fd;
    bool has_places;
    const void *base;    /* where the object that holds this code begins */
    const char *sources; /* what the names of our source files begin with; part of own.file */
    size_t sources_size;
    struct trv__location own;
    char left[64]; /* the coroutine that made way, if the next decision is still to come; or "" */
    const void *left_place;
    size_t place_count;
    struct place places[SLOTS];
};

/* Places -------------------------------------------------------------------------------------------- */

/* In a build within the source tree, headers are found through "./src", sources are "src/...". */
static const char *without_dot(const char *file)
{
    return strncmp(file, "./", 2) ? file : file + 2;
}

/* Learns where our own code and its sources are. */
static void know_oneself(struct trv__trace *trace)
{
    static const char name[] = "src/runtime/trace.c";
    Dl_info info;
    const char *file, *end;

    trace->base = dladdr((void *)(uintptr_t)know_oneself, &info) ? info.dli_fbase : NULL;
    trv__locate((void *)(uintptr_t)know_oneself, &trace->own);
    file = without_dot(trace->own.file);
    end = strstr(file, name);
    trace->sources = trace->own.line && end ? file : NULL;
    trace->sources_size = end ? (size_t)(end - file) : 0;
}

static bool is_source_of_ours(const struct trv__trace *trace, const struct trv__location *location)
{
    const char *file = without_dot(location->file), *rest = file + trace->sources_size;

    if (!location->line || !trace->sources)
        return !strncmp(location->function, "trv_", 4);
    return !strncmp(file, trace->sources, trace->sources_size) &&
           (!strncmp(rest, "src/", 4) || !strncmp(rest, "include/trivet/", 15));
}

/* Looks an address up, now or earlier. NULL when out of memory. */
static const struct place *find(struct trv__trace *trace, const void *address)
{
    size_t slot = trv__hash_mix((uintptr_t)address) % SLOTS;
    struct trv__location location;
    char text[512];

    while (trace->places[slot].address && trace->places[slot].address != address)
        slot = (slot + 1) % SLOTS;
    if (trace->places[slot].address)
        return &trace->places[slot];
    if (trace->place_count == SLOTS / 2)
        return NULL;
    trv__locate_call(address, &location);
    trace->places[slot].text = strdup(trv__location_text(&location, text, sizeof text));
    if (!trace->places[slot].text)
        return NULL;
    trace->places[slot].is_ours = is_source_of_ours(trace, &location);
    trace->places[slot].address = address;
    trace->place_count++;
    return &trace->places[slot];
}

/* Below a thread of ours, and nobody's code that made way, is what started it. */
static bool starts_threads(const char *object)
{
    static const char *const names[] = {"/libc.so", "/libc-", "/libtsan.", "/libasan.",
                                        "/libubsan."};

    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strstr(object, names[i]))
            return true;
    return false;
}

static bool is_in_library(struct trv__trace *trace, const void *address)
{
    const struct place *place;
    Dl_info info;

    if (!dladdr(address, &info))
        return false;
    if (info.dli_fbase != trace->base)
        return starts_threads(info.dli_fname);
    place = find(trace, address);
    return !place || place->is_ours;
}

struct walk {
    struct trv__trace *trace;
    const void *found;
};

static _Unwind_Reason_Code look_at_frame(struct _Unwind_Context *frame, void *argument)
{
    struct walk *walk = argument;
    const void *address = (const void *)_Unwind_GetIP(frame);

    if (!address)
        return _URC_END_OF_STACK;
    if (is_in_library(walk->trace, address))
        return _URC_NO_REASON;
    walk->found = address;
    return _URC_END_OF_STACK;
}

const void *trv__trace_place(struct trv__trace *trace)
{
    struct walk walk = {trace, between_calls};

    if (!trace->has_places)
        return NULL;
    trv__fault_suspend(true);
    _Unwind_Backtrace(look_at_frame, &walk);
    trv__fault_suspend(false);
    return walk.found;
}

/* Lines --------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(struct trv__trace *trace, const char *format,
                                                      ...)
{
    char line[1024];
    va_list arguments;
    int size;

    va_start(arguments, format);
    size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size >= (int)sizeof line) {
        size = (int)sizeof line;
        line[size - 1] = '\n';
    }
    /* What cannot be written is missed by whoever reads it. */
    if (write(trace->fd, line, (size_t)size) < 0)
        return;
}

static bool is_coroutine(const struct trv__context *context)
{
    return trv__context_is_coroutine(context) && context != &context->thread->context;
}

static const char *name_of(const struct trv__context *context, char *text, size_t size)
{
    const struct trv__thread *thread = context ? context->thread : NULL;

    if (!context)
        snprintf(text, size, "-");
    else if (is_coroutine(context))
        snprintf(text, size, "coroutine %u", context->number);
    else if (thread->is_main)
        snprintf(text, size, "main");
    else
        snprintf(text, size, "thread %u%s%s%s", context->number, thread->name[0] ? " (" : "",
                 thread->name, thread->name[0] ? ")" : "");
    return text;
}

static const char *text_of(struct trv__trace *trace, const void *address)
{
    const struct place *place;

    if (!address)
        return "-";
    if (address == between_calls)
        return between_calls;
    trv__fault_suspend(true);
    place = find(trace, address);
    trv__fault_suspend(false);
    return place ? place->text : "?";
}

void trv__trace_left(struct trv__trace *trace, const struct trv__context *context)
{
    if (!is_coroutine(context))
        return;
    name_of(context, trace->left, sizeof trace->left);
    trace->left_place = context->place;
}

static void put_decision(struct trv__trace *trace, const struct trv__decision *decision,
                         const struct trv__context *from, const char *to, const char *to_place)
{
    bool is_of_coroutines = decision->kind == TRV__CHOOSE_READY && trace->left[0];
    const void *place = is_of_coroutines ? trace->left_place : from ? from->place : NULL;
    char who[64];

    put(trace, "%" PRIu64 "\t%s\t%zu\t%zu\t%zu\t%s\t%s\t%s\t%s\n", decision->number,
        kinds[decision->kind], decision->count, decision->chosen, decision->usual,
        is_of_coroutines ? trace->left : name_of(from, who, sizeof who), text_of(trace, place), to,
        to_place);
    trace->left[0] = 0;
}

void trv__trace_decision(struct trv__trace *trace, const struct trv__decision *decision,
                         const struct trv__context *from, const struct trv__context *to)
{
    char whom[64];

    put_decision(trace, decision, from, name_of(to, whom, sizeof whom),
                 text_of(trace, to ? to->place : NULL));
}

void trv__trace_call(struct trv__trace *trace, const struct trv__decision *decision,
                     const trv_function_spec *spec)
{
    char text[512] = "-";
    const char *slash = spec ? strrchr(spec->file, '/') : NULL;

    if (spec && trace->has_places)
        snprintf(text, sizeof text, "%s (%s:%d)", spec->name, slash ? slash + 1 : spec->file,
                 spec->line);
    put_decision(trace, decision, NULL, "new coroutine", text);
}

void trv__trace_time(struct trv__trace *trace, int64_t now_ns)
{
    put(trace, "time\t%" PRId64 "\n", now_ns);
}

void trv__trace_fault(struct trv__trace *trace, const char *file, int line)
{
    const char *slash = strstr(file, "src/");

    put(trace, "fault\t%s:%d\n", slash ? slash : file, line);
}

/* Life ---------------------------------------------------------------------------------------------- */

struct trv__trace *trv__trace_open(const char *path, uint64_t seed)
{
    const char *places = getenv("TRIVET_TRACE_PLACES");
    struct trv__trace *trace = calloc(1, sizeof *trace);

    if (trace &&
        (trace->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)) >= 0) {
        trace->has_places = !places || strcmp(places, "0") != 0;
        if (trace->has_places)
            know_oneself(trace);
        put(trace, "trivet-trace\t1\tseed\t%" PRIu64 "\n", seed);
        return trace;
    }
    fprintf(stderr, "trivet: cannot write the trace %s: %s\n", path, strerror(errno));
    free(trace);
    return NULL;
}

void trv__trace_close(struct trv__trace *trace)
{
    for (size_t i = 0; i < SLOTS; i++)
        free(trace->places[i].text);
    close(trace->fd);
    free(trace);
}
