/* SPDX-License-Identifier: MIT */
/*
 * What the files about allocation tracing share: tracebacks that can be read, and snapshots.
 */
#ifndef TRV_INSPECT_TRACING_H
#define TRV_INSPECT_TRACING_H

#include "base/locate.h"
#include "heap/tracer.h"
#include "object/object.h"

/* Where addresses of many tracebacks are in the source, asked all at once. */
struct trv__resolver {
    const void **addresses; /* sorted */
    struct trv__location *locations;
    size_t count;
    unsigned frames;   /* of a traceback, at most */
    char library[256]; /* the directory of the library's own sources; "" if that is not known */
};

/* 0, or -1 with MemoryError and nothing to drop. */
int trv__resolver_init(struct trv__resolver *resolver, const struct trv__common *const *tracebacks,
                       size_t count, unsigned frames);
void trv__resolver_drop(struct trv__resolver *resolver);
/* The frames of the user's code in a traceback, the innermost first: fills `frames`, answers how many. */
size_t trv__resolver_frames(const struct trv__resolver *resolver,
                            const struct trv__common *traceback,
                            const struct trv__location *frames[TRV__TRACE_FRAMES_MOST]);
/* They as a list of (file, line, function). */
trv_object *trv__frames_list(const struct trv__location *const *frames, size_t count);
/* A file without its directory. */
const char *trv__file_name(const char *path);

/* Blocks of one traceback, task and type. */
struct trv__trace_group {
    const struct trv__common *traceback, *task; /* held */
    trv_object *type;                           /* owned; NULL: memory that is no object */
    size_t size, count;
};

struct trv__snapshot {
    TRV__HEAD;
    struct trv__trace_group *groups; /* from malloc */
    size_t count;
    unsigned frames;
};

TRV__SHARED struct trv_type trv__snapshot_type;

/* Where all tracebacks of a snapshot are. */
int trv__snapshot_resolve(const struct trv__snapshot *snapshot, struct trv__resolver *resolver);

#endif
