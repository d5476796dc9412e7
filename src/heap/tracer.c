/* SPDX-License-Identifier: MIT */
/*
 * The tracer: a table of traces by block, and one of what they have in common. See tracer.h.
 *
 * The stack is walked by the compiler's unwinder, which needs no frame pointers and stops at the base
 * of a coroutine's or generator's stack, because the entry there says that it has no caller.
 */
#include "heap/tracer.h"

#include "base/hash.h"

#include <link.h>
#include <unwind.h>

#define TABLE_LEAST 1024
/* Frames of the library that may come before the user's, where they cannot be told apart. */
#define LIBRARY_FRAMES 24

/* Walking the stack -------------------------------------------------------------------------------- */

struct walk {
    const struct trv__tracer *tracer;
    size_t count, most;
    const void *frames[TRV__TRACE_FRAMES_MOST + LIBRARY_FRAMES];
};

static _Unwind_Reason_Code see_frame(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    uintptr_t address = (uintptr_t)_Unwind_GetIP(context);

    if (!address)
        return _URC_END_OF_STACK;
    if (address - walk->tracer->code_low < walk->tracer->code_high - walk->tracer->code_low)
        return _URC_NO_REASON;
    walk->frames[walk->count++] = (const void *)address;
    return walk->count < walk->most ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static __attribute__((noinline)) void walk_stack(struct walk *walk)
{
    bool is_apart = walk->tracer->code_high != 0;

    walk->count = 0;
    walk->most = walk->tracer->frames + (is_apart ? 0 : LIBRARY_FRAMES);
    _Unwind_Backtrace(see_frame, walk);
}

/* Finds the code of the library, unless it is linked into the program. */
static int see_module(struct dl_phdr_info *info, size_t size TRV_UNUSED, void *argument)
{
    struct trv__tracer *tracer = argument;
    uintptr_t own = (uintptr_t)trv__tracer_add;

    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t low = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type != PT_LOAD || own - low >= info->dlpi_phdr[i].p_memsz)
            continue;
        if (info->dlpi_name && info->dlpi_name[0]) {
            tracer->code_low = low;
            tracer->code_high = low + info->dlpi_phdr[i].p_memsz;
        }
        return 1;
    }
    return 0;
}

/* What is kept once -------------------------------------------------------------------------------- */

static uint32_t hash_bytes(const void *bytes, size_t count)
{
    const unsigned char *at = bytes;
    uint64_t hash = count;

    for (size_t i = 0; i < count; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
    return (uint32_t)trv__hash_mix(hash);
}

static bool grow_buckets(struct trv__tracer *tracer)
{
    size_t count = tracer->bucket_count ? 2 * tracer->bucket_count : TABLE_LEAST;
    struct trv__common **buckets = FAULT() ? NULL : calloc(count, sizeof *buckets);

    if (!buckets)
        return false;
    for (size_t i = 0; i < tracer->bucket_count; i++)
        for (struct trv__common *one = tracer->buckets[i], *next; one; one = next) {
            next = one->next;
            one->next = buckets[one->hash & (count - 1)];
            buckets[one->hash & (count - 1)] = one;
        }
    free(tracer->buckets);
    tracer->buckets = buckets;
    tracer->bucket_count = count;
    return true;
}

/* NULL when out of memory. */
static const struct trv__common *intern(struct trv__tracer *tracer, const void *bytes, size_t count)
{
    uint32_t hash = hash_bytes(bytes, count);
    struct trv__common *one = NULL;

    if (tracer->interned_count >= tracer->bucket_count && !grow_buckets(tracer))
        return NULL;
    for (one = tracer->buckets[hash & (tracer->bucket_count - 1)]; one; one = one->next)
        if (one->hash == hash && one->bytes == count && !memcmp(one->words, bytes, count))
            return one;
    one = FAULT() ? NULL : malloc(sizeof *one + count);
    if (!one)
        return NULL;
    *one = (struct trv__common){.next = tracer->buckets[hash & (tracer->bucket_count - 1)],
                                .uses = 1,
                                .hash = hash,
                                .bytes = (uint32_t)count};
    memcpy(one->words, bytes, count);
    tracer->buckets[hash & (tracer->bucket_count - 1)] = one;
    tracer->interned_count++;
    return one;
}

const struct trv__common *trv__common_hold(const struct trv__common *interned)
{
    ((struct trv__common *)(uintptr_t)interned)->uses++;
    return interned;
}

void trv__common_let_go(const struct trv__common *interned)
{
    struct trv__common *one = (struct trv__common *)(uintptr_t)interned;

    if (one && --one->uses == 0)
        free(one);
}

/* Traces ------------------------------------------------------------------------------------------- */

static size_t home(const struct trv__tracer *tracer, const void *block)
{
    return trv__hash_mix((uintptr_t)block) & (tracer->capacity - 1);
}

static struct trv__trace *place_of(const struct trv__tracer *tracer, const void *block)
{
    size_t i = home(tracer, block);

    while (tracer->traces[i].block && tracer->traces[i].block != block)
        i = (i + 1) & (tracer->capacity - 1);
    return &tracer->traces[i];
}

const struct trv__trace *trv__tracer_find(const struct trv__tracer *tracer, const void *block)
{
    const struct trv__trace *trace = place_of(tracer, block);

    return trace->block ? trace : NULL;
}

static bool grow_traces(struct trv__tracer *tracer)
{
    size_t old_capacity = tracer->capacity, capacity = MAX_OF(2 * old_capacity, TABLE_LEAST);
    struct trv__trace *old = tracer->traces,
                      *traces = FAULT() ? NULL : calloc(capacity, sizeof *traces);

    if (!traces)
        return false;
    tracer->traces = traces;
    tracer->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].block)
            *place_of(tracer, old[i].block) = old[i];
    free(old);
    return true;
}

void trv__tracer_add(struct trv__heap *heap, const void *block, size_t size, enum trv__kind kind)
{
    struct trv__tracer *tracer = heap->tracer;
    const char *name = trv__tracer_task();
    struct trv__trace *trace, made = {.block = block, .size = size, .kind = kind};
    struct walk walk = {.tracer = tracer};

    walk_stack(&walk);
    made.traceback = intern(tracer, walk.frames, walk.count * sizeof *walk.frames);
    made.task = made.traceback ? intern(tracer, name, strlen(name) + 1) : NULL;
    if (!made.task || (2 * (tracer->count + 1) > tracer->capacity && !grow_traces(tracer))) {
        tracer->lost++;
        return;
    }
    trace = place_of(tracer, block);
    ASSERT(!trace->block);
    *trace = made;
    tracer->count++;
    tracer->current += size;
    tracer->peak = MAX_OF(tracer->peak, tracer->current);
}

/* Moves back those after it that had to step over it. */
void trv__tracer_remove(struct trv__heap *heap, const void *block)
{
    struct trv__tracer *tracer = heap->tracer;
    struct trv__trace *trace = place_of(tracer, block);
    size_t mask = tracer->capacity - 1, hole = (size_t)(trace - tracer->traces), i = hole;

    if (!trace->block)
        return; /* it was there before the tracer, or was lost */
    tracer->count--;
    tracer->current -= trace->size;
    for (;;) {
        tracer->traces[hole] = (struct trv__trace){0};
        do {
            i = (i + 1) & mask;
            if (!tracer->traces[i].block)
                return;
        } while (((i - home(tracer, tracer->traces[i].block)) & mask) < ((i - hole) & mask));
        tracer->traces[hole] = tracer->traces[i];
        hole = i;
    }
}

/* Life --------------------------------------------------------------------------------------------- */

void trv__tracer_clear(struct trv__tracer *tracer)
{
    for (size_t i = 0; i < tracer->bucket_count; i++)
        for (struct trv__common *one = tracer->buckets[i], *next; one; one = next) {
            next = one->next;
            trv__common_let_go(one);
        }
    memset(tracer->buckets, 0, tracer->bucket_count * sizeof *tracer->buckets);
    memset(tracer->traces, 0, tracer->capacity * sizeof *tracer->traces);
    tracer->interned_count = tracer->count = 0;
    tracer->current = tracer->peak = tracer->lost = 0;
}

static void destroy(struct trv__tracer *tracer)
{
    if (tracer->traces && tracer->buckets)
        trv__tracer_clear(tracer);
    free(tracer->traces);
    free(tracer->buckets);
    free(tracer);
}

int trv__tracer_start(struct trv__heap *heap, unsigned frames)
{
    struct trv__tracer *tracer;

    if (heap->tracer)
        return 0;
    tracer = FAULT() ? NULL : calloc(1, sizeof *tracer);
    if (!tracer || !grow_traces(tracer) || !grow_buckets(tracer)) {
        if (tracer)
            destroy(tracer);
        return trv_raise_int(trv_MemoryError, "out of memory");
    }
    tracer->frames = frames;
    dl_iterate_phdr(see_module, tracer);
    heap->tracer = tracer;
    trv__pools_trace(heap, true);
    return 0;
}

void trv__tracer_stop(struct trv__heap *heap)
{
    if (!heap->tracer)
        return;
    trv__pools_trace(heap, false);
    destroy(heap->tracer);
    heap->tracer = NULL;
}
