/* SPDX-License-Identifier: MIT */
/*
 * Large plain blocks, each in a *region* of addresses of its own: the items of long lists, the entries
 * and indices of large tables.
 *
 * What such blocks cost is mostly the kernel's work: a fault for each page that is touched first, and the
 * walk through the page tables for each access at random. So regions begin where a huge page may, are
 * reserved twice as long as what is in them, so that it grows where it stands, and move, when it outgrows
 * them, with their pages. A few that became free are kept with the pages in them, for the next blocks.
 * From HUGE_FROM on, a region asks for huge pages: a wish, that may go unheard; before, what they take
 * beyond the end of the block would be too much.
 *
 * Where there are no such addresses to be had (RLIMIT_AS, too many mappings), malloc gives the region.
 *
 * Invariants of regions that are mapped:
 *   - a region is `reserved` bytes from an address that is a multiple of HUGE_PAGE, and one mapping to
 *     the kernel, so that mremap takes it as a whole: whatever is asked of the kernel is asked of all of it;
 *   - nothing beyond `touched` bytes of it is in memory, but for the rest of the last page;
 *   - the head takes a cache line, so that blocks begin at one.
 */
#include "heap/mapping.h"

#include <errno.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)
#define HUGE_FROM ((size_t)4 << 20)
#define KEPT_BYTES ((size_t)32 << 20) /* of all regions that are kept */

struct trv__region {
    size_t reserved, touched;
    bool is_huge;
    bool is_mapped; /* false: malloc gave it, because there was no mapping to be had */
};

#define HEAD ((size_t)64)
_Static_assert(sizeof(struct trv__region) <= HEAD, "the head of a region fits before its block");

static struct trv__region *region_of(void *block)
{
    return (struct trv__region *)(void *)((char *)block - HEAD);
}

static void *block_of(struct trv__region *region)
{
    return (char *)region + HEAD;
}

/* Aligned addresses, readable and writable; NULL if there are none. */
static char *map_aligned(size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    char *address =
        FAULT() ? MAP_FAILED : mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE, flags, -1, 0);
    size_t before;

    if (address == MAP_FAILED)
        return NULL;
    before = -(uintptr_t)address % HUGE_PAGE;
    if (before)
        munmap(address, before);
    munmap(address + before + size, HUGE_PAGE - before);
    return address + before;
}

/* A region for a block of that size, with nothing in it yet; NULL if it cannot be mapped. */
static struct trv__region *map_region(size_t size)
{
    size_t reserved = 2 * ROUND_UP(HEAD + size, HUGE_PAGE);
    struct trv__region *region;

    if (size > SIZE_MAX / 8)
        return NULL;
    region = (struct trv__region *)(void *)map_aligned(reserved);
    if (region)
        *region = (struct trv__region){.reserved = reserved, .is_mapped = true};
    return region;
}

/* The same from malloc: where addresses are rationed, or there are too many mappings. */
static struct trv__region *plain_region(size_t size)
{
    struct trv__region *region = FAULT() || size > PTRDIFF_MAX - HEAD ? NULL : malloc(HEAD + size);

    if (region)
        *region = (struct trv__region){.reserved = HEAD + size};
    return region;
}

static void end_region(struct trv__region *region)
{
    if (region->is_mapped)
        munmap(region, region->reserved);
    else
        free(region);
}

/* Notes that a block of that size is in the region. */
static void *use_region(struct trv__region *region, size_t size)
{
    region->touched = MAX_OF(region->touched, HEAD + size);
#ifdef MADV_HUGEPAGE
    if (region->is_mapped && !region->is_huge && size >= HUGE_FROM) {
        int error = errno;
        region->is_huge = true;
        madvise(region, region->reserved, MADV_HUGEPAGE);
        errno = error;
    }
#endif
    return block_of(region);
}

/* Kept regions ------------------------------------------------------------------------------ */

/* Whether a kept region serves a block of that size better than another one does, which may be NULL: the
 * least that was touched far enough, or else the one that was touched farthest. */
static bool is_better(const struct trv__region *region, const struct trv__region *other,
                      size_t size)
{
    if (region->reserved < HEAD + size)
        return false;
    if (!other)
        return true;
    return (region->touched >= HEAD + size) != (other->touched >= HEAD + size)
               ? region->touched > other->touched
               : (region->touched < other->touched) == (region->touched >= HEAD + size);
}

static struct trv__region *take_kept(struct trv__heap *heap, size_t size)
{
    struct trv__region *best = NULL;
    size_t place = 0;

    for (size_t i = 0; i < heap->regions_kept; i++)
        if (is_better(heap->kept_regions[i], best, size))
            best = heap->kept_regions[place = i];
    if (best) {
        heap->kept_regions[place] = heap->kept_regions[--heap->regions_kept];
        heap->kept_region_bytes -= best->touched;
    }
    return best;
}

void trv__mappings_trim(struct trv__heap *heap)
{
    while (heap->regions_kept)
        end_region(heap->kept_regions[--heap->regions_kept]);
    heap->kept_region_bytes = 0;
}

/* What the other files use --------------------------------------------------------------------- */

void *trv__mapping_new(struct trv__heap *heap, size_t size)
{
    struct trv__region *region = take_kept(heap, size);

    if (!region)
        region = map_region(size);
    if (!region)
        region = plain_region(size);
    return region ? use_region(region, size) : NULL;
}

void trv__mapping_end(struct trv__heap *heap, void *block)
{
    struct trv__region *region = region_of(block);

    if (!region->is_mapped || heap->regions_kept == TRV__REGIONS_KEPT_MOST ||
        heap->kept_region_bytes + region->touched > KEPT_BYTES) {
        end_region(region);
        return;
    }
    heap->kept_regions[heap->regions_kept++] = region;
    heap->kept_region_bytes += region->touched;
}

/* Gives back the pages beyond the end of a block that became shorter. */
static void shorten(struct trv__region *region, size_t size)
{
    size_t end = ROUND_UP(HEAD + size, HUGE_PAGE);

    if (region->touched > end) {
        madvise((char *)region + end, region->reserved - end, MADV_DONTNEED);
        region->touched = end;
    }
}

/* Moves the pages to where there are more addresses. */
static struct trv__region *move_pages(struct trv__region *old, size_t size)
{
    struct trv__region *region = map_region(size);
    size_t reserved;

    if (!region)
        return NULL;
    reserved = region->reserved;
    if (FAULT() ||
        mremap(old, old->reserved, reserved, MREMAP_MAYMOVE | MREMAP_FIXED, region) == MAP_FAILED) {
        end_region(region);
        return NULL;
    }
    region->reserved = reserved;
    return region;
}

static struct trv__region *copy_region(struct trv__region *old, size_t old_size, size_t size)
{
    struct trv__region *region = plain_region(size);

    if (!region)
        return NULL;
    memcpy(block_of(region), block_of(old), MIN_OF(old_size, size));
    end_region(old);
    return region;
}

void *trv__mapping_resize(void *block, size_t old_size, size_t size)
{
    struct trv__region *region = region_of(block), *moved = NULL;

    if (region->is_mapped && HEAD + size <= region->reserved) {
        if (size < old_size)
            shorten(region, size);
        return use_region(region, size);
    }
    if (region->is_mapped)
        moved = move_pages(region, size);
    if (!moved)
        moved = copy_region(region, old_size, size);
    return moved ? use_region(moved, size) : NULL;
}
