/* SPDX-License-Identifier: MIT */
/*
 * Looking into the heap of a running program: which objects there are, and what refers to what.
 *
 * Nothing here runs code of a user, unless it says so. What is returned holds references of its own,
 * which are counted like all others while you look.
 */
#ifndef TRIVET_INSPECT_H
#define TRIVET_INSPECT_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* The collector's view -------------------------------------------------------------------- */

/* The objects that the collector watches, of one generation (0, 1, 2) or of all (-1).
 * Returns: a list, which is not among them. Raises: ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_objects(int generation);
/* The watched objects that refer to at least one of these. Returns: a list, as trv_gc_objects. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_referrers(trv_object *const *objects, size_t count);
/* What these objects refer to, each as often as it is referred to. Returns: a list. */
TRV_API TRV_MUST_CHECK trv_object *trv_gc_referents(trv_object *const *objects, size_t count);

/* Allocation tracing ---------------------------------------------------------------------- */

/* Where the memory in use was allocated, as Python's tracemalloc. Nothing of it costs anything while it
 * does not run. Traced are objects and all memory they own that comes from the library, in bytes of
 * blocks; not what was allocated before the start. Places are those of the calls in the program's own
 * code, told with the help of its debug information. */

/* Starts tracing, with up to so many frames (1 to 256) for each block; if it runs, nothing changes.
 * Raises: ValueError. */
TRV_API TRV_MUST_CHECK int trv_trace_start(unsigned frames);
/* Stops, and forgets all. trv_trace_clear forgets, and goes on. */
TRV_API void trv_trace_stop(void);
TRV_API void trv_trace_clear(void);
/* Returns: 1 or 0. */
TRV_API int trv_trace_is_tracing(void);
/* Traced bytes in use, now and at most; 0 if nothing is traced. Either may be NULL. */
TRV_API void trv_trace_memory(size_t *current, size_t *peak);
/* What is in use now becomes the peak. */
TRV_API void trv_trace_reset_peak(void);
/* How many allocations were not recorded for want of memory. */
TRV_API size_t trv_trace_lost(void);
/* Where an object was allocated. Returns: a list of (file, line, function), the innermost first; None
 * if that was not traced. */
TRV_API TRV_MUST_CHECK trv_object *trv_trace_of(trv_object *object);

/* What is in use at this moment. Returns: a Snapshot. Raises: RuntimeError if nothing is traced. */
TRV_API TRV_MUST_CHECK trv_object *trv_trace_snapshot(void);
extern TRV_API trv_object trv_snapshot_type[1];

/* A condition on blocks. Members that are 0 or NULL hold for all. */
typedef struct trv_trace_filter {
    int excludes;     /* those it holds for are left out; or, if 0, let in */
    const char *file; /* a shell pattern, for the path or the name alone */
    int line;
    int all_frames;   /* any frame will do; or, if 0, the innermost one must */
    const char *type; /* the name of a type */
    const char *task; /* the name of a task or thread */
} trv_trace_filter;

/* A snapshot of those blocks that a filter lets in (or of all, if none does that) and none leaves out.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_snapshot_filter(trv_object *snapshot,
                                                       const trv_trace_filter *filters,
                                                       size_t count);

typedef enum trv_trace_key {
    TRV_TRACE_BY_LINE,
    TRV_TRACE_BY_FILE,
    TRV_TRACE_BY_TRACEBACK,
    TRV_TRACE_BY_TYPE,
    TRV_TRACE_BY_TASK /* the function of the call that ran, or the thread */
} trv_trace_key;

/* How much was allocated where. Returns: a list of Statistics, the largest first, each with `key` (str),
 * `size`, `count`, `average` and `traceback`, and the text "dinner.c:12: size=4096 B, count=2,
 * average=2048 B". Raises: TypeError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_snapshot_statistics(trv_object *snapshot, trv_trace_key by);
/* What has changed since an earlier snapshot. Returns: a list of Statistics that have `size_diff` and
 * `count_diff` as well, the largest difference first. Raises: TypeError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_snapshot_compare(trv_object *now, trv_object *before,
                                                        trv_trace_key by);
/* Statistics as a page of text, at most `limit` of them and the sum of the others. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_statistics_text(trv_object *statistics, size_t limit);

/* The heap as a graph --------------------------------------------------------------------- */

/* Who keeps an object alive: the shortest way to it from an object that is held from outside the heap,
 * by a variable, a stack, the library. One reference to the object is taken to be the caller's.
 * Returns: a list of (object, how): the first one and by whom it is held, then each next one and how it
 * is referred to, up to the object; an empty list if nobody else holds it. */
TRV_API TRV_MUST_CHECK trv_object *trv_heap_path(trv_object *object);
/* The same as text, a line for each. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_heap_path_text(trv_object *object);

typedef enum trv_graph_format { TRV_GRAPH_DOT, TRV_GRAPH_JSON } trv_graph_format;

typedef struct trv_graph_options {
    size_t size; /* sizeof (trv_graph_options) */
    trv_graph_format format;
    const char *path;         /* the file to be written; or NULL, then */
    int fd;                   /* the descriptor to be written to, which stays open */
    trv_object *const *roots; /* only what these reach, with themselves; */
    size_t root_count;        /* 0: all objects */
    size_t depth;             /* in so many steps at most; 0: in any number */
} trv_graph_options;

/* Writes objects, with type, size and a few words, and the references between them, with how they are
 * held. Those that are held from outside of the heap are bold in dot, and have `outside` in JSON.
 * Raises: OSError. Blocks: as writing does, with the GIL held. */
TRV_API TRV_MUST_CHECK int trv_heap_graph_write(const trv_graph_options *options);

TRV_END_DECLARATIONS

#endif
