/* SPDX-License-Identifier: MIT */
/*
 * The arena: address space for stacks, and their guard pages.
 *
 * It grows in two steps. A *segment* of 1024 slots is reserved without access, which costs
 * nothing but addresses; the kernel joins neighbouring segments to one mapping. Of it, *chunks*
 * of 32 slots are opened and guarded. Where so much is refused (RLIMIT_AS, overcommit, few
 * addresses), a segment is one chunk. Nothing is taken for a stack that nobody asked for: a
 * single reservation of the 266 GB for a million stacks would work on most systems, but not
 * under an address limit, nor under Valgrind.
 *
 * Invariants: slots below `carved` have been handed out at least once; chunks below
 * `chunk_count` are open and guarded; `cold` has room for all slots of open chunks, so that giving
 * memory back never needs any.
 *
 * The stride is an odd number of pages, so that the top pages of neighbours fall into different
 * sets of the translation buffer. Huge pages are off: one would make a stack cost 2 MB.
 *
 * Not here: what lies in a slot, and which free slot is taken next.
 */
#include "stack/arena.h"

#include "base/fault.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

/* From Linux 6.13 and 5.14; the C library's headers may be older. */
#define ADVICE_GUARD_INSTALL 102
#define ADVICE_POPULATE_READ 22

#define SEGMENT_CHUNKS 32
#define MAX_LIMIT (1u << 30)
#define DEFAULT_MAX (1u << 20)

#if TRV_ASAN
#define DEFAULT_RESERVE (1024 * 1024)
#elif TRV_TSAN || TRV_UBSAN
#define DEFAULT_RESERVE (512 * 1024)
#else
#define DEFAULT_RESERVE (256 * 1024)
#endif

/* ThreadSanitizer ends the process at 8128 fibers and threads together. */
#if TRV_TSAN
#define HARD_MAX 7500
#else
#define HARD_MAX MAX_LIMIT
#endif

/* Half of what the system allows a process; the rest is for everybody else. */
static long read_map_budget(void)
{
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    long count = 65530;

    if (file) {
        if (fscanf(file, "%ld", &count) != 1 || count < 0)
            count = 65530;
        fclose(file);
    }
    return count / 2;
}

static int set_sizes(struct trv__stacks *stacks, const struct trv__stacks_config *config)
{
    size_t reserve = config->reserve ? config->reserve : DEFAULT_RESERVE;
    size_t max = config->max ? config->max : DEFAULT_MAX;

    stacks->page = (size_t)sysconf(_SC_PAGESIZE);
    if (reserve > SIZE_MAX / 4 / TRV__STACKS_CHUNK / SEGMENT_CHUNKS || max > MAX_LIMIT)
        return -EINVAL;
    stacks->reserve = ROUND_UP(MAX_OF(reserve, 4 * stacks->page), 2 * stacks->page);
    stacks->stride = stacks->reserve + stacks->page;
    stacks->max = (uint32_t)MIN_OF(max, HARD_MAX);
    stacks->guard = config->guard ? config->guard : TRV__STACK_GUARD_MARKER;
    return 0;
}

static size_t table_bytes(const struct trv__stacks *stacks)
{
    size_t chunks = ((size_t)stacks->max + TRV__STACKS_CHUNK - 1) / TRV__STACKS_CHUNK;

    return (chunks + 1) * sizeof(struct trv__stacks_chunk);
}

int trv__arena_init(struct trv__stacks *stacks, const struct trv__stacks_config *config)
{
    int error = set_sizes(stacks, config);
    void *table;

    if (error)
        return error;
    if (FAULT())
        return -ENOMEM;
    /* A mapping, not malloc: for most programs all of it but the first page stays untouched. */
    table = mmap(NULL, table_bytes(stacks), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (table == MAP_FAILED)
        return -ENOMEM;
    stacks->chunks = table;
    stacks->map_budget = read_map_budget();
    return 0;
}

void trv__arena_fini(struct trv__stacks *stacks)
{
    if (!stacks->chunks)
        return;
    /* The one after the last open chunk may start a segment that was only reserved. */
    for (uint32_t i = 0; i <= stacks->chunk_count; i++)
        if (stacks->chunks[i].segment)
            munmap(stacks->chunks[i].segment, stacks->chunks[i].segment_bytes);
    munmap(stacks->chunks, table_bytes(stacks));
    free(stacks->cold);
    stacks->chunks = NULL;
    stacks->cold = NULL;
}

/* Reserve the next segment, big if it can be. */
static int reserve_segment(struct trv__stacks *stacks)
{
    size_t chunk_bytes = stacks->stride * TRV__STACKS_CHUNK;
    size_t left = (stacks->max - stacks->carved + TRV__STACKS_CHUNK - 1) / TRV__STACKS_CHUNK;
    size_t bytes = chunk_bytes * MIN_OF(left, SEGMENT_CHUNKS);
    struct trv__stacks_chunk *chunk = &stacks->chunks[stacks->chunk_count];
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *base = FAULT() ? MAP_FAILED : mmap(NULL, bytes, PROT_NONE, flags, -1, 0);

    if (base == MAP_FAILED) {
        bytes = chunk_bytes;
        base = FAULT() ? MAP_FAILED : mmap(NULL, bytes, PROT_NONE, flags, -1, 0);
    }
    if (base == MAP_FAILED)
        return -ENOMEM;
    /* A kernel without huge pages refuses, which is as good. */
    madvise(base, bytes, MADV_NOHUGEPAGE);
    chunk->segment = base;
    chunk->segment_bytes = bytes;
    stacks->segment = base;
    stacks->segment_end = base + bytes;
    stacks->reserved_bytes += bytes;
    return 0;
}

/* The marker is believed only when it shows: some emulators accept any advice and do nothing. */
static bool has_markers(struct trv__stacks *stacks, char *page)
{
    return madvise(page, stacks->page, ADVICE_GUARD_INSTALL) == 0 &&
           madvise(page, stacks->page, ADVICE_POPULATE_READ) < 0 && errno == EFAULT;
}

/* Returns: 0, -ENOMEM, or -EINVAL where the kernel does not do that to this memory: before Linux
 * 6.13, and later if it is locked. */
static int install_markers(struct trv__stacks *stacks, char *base)
{
    if (stacks->chunk_count == 0 && !has_markers(stacks, base))
        return -EINVAL;
    for (size_t i = 0; i < TRV__STACKS_CHUNK; i++)
        if (FAULT() || madvise(base + i * stacks->stride, stacks->page, ADVICE_GUARD_INSTALL) < 0)
            return errno == EINVAL ? -EINVAL : -ENOMEM;
    return 0;
}

static bool protect_pages(struct trv__stacks *stacks, char *base)
{
    if (stacks->map_budget < 2 * TRV__STACKS_CHUNK)
        return false;
    for (size_t i = 0; i < TRV__STACKS_CHUNK; i++)
        if (FAULT() || mprotect(base + i * stacks->stride, stacks->page, PROT_NONE) < 0)
            return false;
    stacks->map_budget -= 2 * TRV__STACKS_CHUNK;
    return true;
}

/* Guard the slots of a chunk that is already readable and writable, as well as the kernel can.
 * Returns: 0, or -ENOMEM if it should be tried again later. */
static int guard_chunk(struct trv__stacks *stacks, char *base, bool *unguarded)
{
    size_t bytes = stacks->stride * TRV__STACKS_CHUNK;
    int error;

    *unguarded = false;
    if (stacks->guard == TRV__STACK_GUARD_MARKER) {
        error = install_markers(stacks, base);
        if (error != -EINVAL)
            return error;
        stacks->guard = TRV__STACK_GUARD_MPROTECT;
    }
    if (stacks->guard == TRV__STACK_GUARD_MPROTECT) {
        if (protect_pages(stacks, base))
            return 0;
        stacks->guard = TRV__STACK_GUARD_ZERO;
    }
    *unguarded = true;
    /* What had been done before it failed is undone. */
    return FAULT() || mprotect(base, bytes, PROT_READ | PROT_WRITE) < 0 ? -ENOMEM : 0;
}

/* Room in the list of cold slots for all of the next chunk too. */
static int grow_cold(struct trv__stacks *stacks)
{
    uint32_t slots = (stacks->chunk_count + 1) * TRV__STACKS_CHUNK;
    uint32_t capacity = stacks->cold_capacity ? stacks->cold_capacity : TRV__STACKS_CHUNK;
    uint32_t *cold;

    if (slots <= stacks->cold_capacity)
        return 0;
    while (capacity < slots)
        capacity *= 2;
    cold = FAULT() ? NULL : realloc(stacks->cold, capacity * sizeof *cold);
    if (!cold)
        return -ENOMEM;
    stacks->cold = cold;
    stacks->cold_capacity = capacity;
    return 0;
}

/* Make the next chunk usable, the highest of the segment: there it touches the segment before,
 * which the kernel put right above, and the two become one mapping. Whatever fails leaves things
 * so that it can be tried again. */
static int open_chunk(struct trv__stacks *stacks)
{
    struct trv__stacks_chunk *chunk = &stacks->chunks[stacks->chunk_count];
    size_t bytes = stacks->stride * TRV__STACKS_CHUNK;
    int error = 0;

    if (stacks->segment == stacks->segment_end)
        error = reserve_segment(stacks);
    if (error || (error = grow_cold(stacks)))
        return error;
    chunk->base = stacks->segment_end - bytes;
    if (FAULT() || mprotect(chunk->base, bytes, PROT_READ | PROT_WRITE) < 0)
        return -ENOMEM;
    error = guard_chunk(stacks, chunk->base, &chunk->is_unguarded);
    if (error)
        return error;
    stacks->segment_end -= bytes;
    stacks->chunk_count++;
    return 0;
}

int trv__arena_carve(struct trv__stacks *stacks, uint32_t *slot)
{
    if (stacks->carved == stacks->max)
        return -ENOMEM;
    if (UNLIKELY(stacks->carved == stacks->chunk_count * TRV__STACKS_CHUNK)) {
        int error = open_chunk(stacks);
        if (error)
            return error;
    }
    *slot = stacks->carved++;
    stacks->unguarded += trv__arena_chunk(stacks, *slot)->is_unguarded;
    return 0;
}
