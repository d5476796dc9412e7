/* SPDX-License-Identifier: MIT */
/*
 * Where pools come from: arenas, which are mapped and unmapped as a whole.
 *
 * New pools are cut from the arena with the fewest free pools, so that nearly empty arenas drain
 * and can be given back. A few empty ones are kept, so that a program that goes up and down does not map
 * and unmap.
 *
 * Containers have arenas of their own, in *spaces*: ranges of addresses reserved ahead, filled from
 * the bottom, and the marks and tallies of a space in a range of their own. Reserving costs nothing
 * but addresses; where those are rationed (RLIMIT_AS) a space is made as small as it must be. Each
 * space is twice the one before. A space is never given back before the heap ends, and while a round
 * is under way (heap/round.c) none of its arenas is: the round may look at any address there.
 *
 * No huge pages here, although look-ups at random and the collection of a million cycles would take a fifth
 * less: finding such pages and taking them apart takes the kernel some milliseconds now and then, and the
 * longest pause was 5 to 7 ms instead of 0.3.
 */
#include "heap/pool.h"

#include <sys/mman.h>
#include <sys/resource.h>

#define MARK_BYTES (TRV__ARENA_BYTES / TRV__GRANULE) /* of an arena */
#define KEPT_PART 16
#define FIRST_SPACE_ARENAS ((size_t)(TRV_TINY ? 2 : 4096))

_Static_assert(MARK_BYTES % 4096 == 0, "the marks of an arena are whole pages");
_Static_assert(TRV__POOLS_PER_ARENA == 64, "pools_used has a bit for each");

static void file_arena(struct trv__heap *heap, struct trv__arena *arena)
{
    size_t used = (size_t)__builtin_popcountll(arena->pools_used);

    trv__list_remove(&arena->link);
    trv__list_prepend(&heap->arenas[arena->space != NULL][TRV__POOLS_PER_ARENA - used],
                      &arena->link);
}

static char *map(size_t size, int protection)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (protection == PROT_NONE ? MAP_NORESERVE : 0);
    void *address = FAULT() ? MAP_FAILED : mmap(NULL, size, protection, flags, -1, 0);

    return address == MAP_FAILED ? NULL : address;
}

/* Maps more than that and trims, to get the alignment. */
static char *map_aligned(size_t size, int protection)
{
    size_t alignment = TRV__ARENA_BYTES, before;
    char *address = map(size + alignment, protection);

    if (!address)
        return NULL;
    before = (alignment - ((uintptr_t)address & (alignment - 1))) & (alignment - 1);
    if (before)
        munmap(address, before);
    munmap(address + before + size, alignment - before);
    return address + before;
}

/* Spaces ------------------------------------------------------------------------------------------ */

static bool reserve_space(struct trv__space *space, size_t slots)
{
    struct trv__arena **arenas = FAULT() ? NULL : calloc(slots, sizeof *arenas);
    size_t size = slots * TRV__ARENA_BYTES;
    char *base = arenas ? map_aligned(size, PROT_NONE) : NULL;
    char *marks = base ? map(2 * size / TRV__GRANULE, PROT_NONE) : NULL;

    if (!marks) {
        if (base)
            munmap(base, size);
        free(arenas);
        return false;
    }
    *space = (struct trv__space){.base = base,
                                 .size = size,
                                 .marks = (uint8_t *)marks,
                                 .tallies = (uint8_t *)marks + size / TRV__GRANULE,
                                 .arenas = arenas};
    return true;
}

/* Twice the space before, but no more than a sixteenth of what the process may have. */
static size_t slots_wanted(const struct trv__heap *heap)
{
    size_t slots = FIRST_SPACE_ARENAS << heap->space_count;
    struct rlimit limit;

    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        slots = MIN_OF(slots, (size_t)limit.rlim_cur / 16 / TRV__ARENA_BYTES);
    return MAX_OF(slots, 1);
}

static struct trv__space *new_space(struct trv__heap *heap)
{
    struct trv__space *space = &heap->spaces[heap->space_count];
    size_t slots;

    if (heap->space_count == TRV__SPACES_MOST)
        return NULL;
    for (slots = slots_wanted(heap); !reserve_space(space, slots); slots /= 2)
        if (slots == 1)
            return NULL;
    if (heap->space_count++)
        heap->has_far_marks = true;
    return space;
}

static struct trv__space *space_with_room(struct trv__heap *heap)
{
    for (size_t i = 0; i < heap->space_count; i++)
        if (heap->spaces[i].slots_free_from < heap->spaces[i].size / TRV__ARENA_BYTES)
            return &heap->spaces[i];
    return new_space(heap);
}

/* The lowest free slot of a space made usable: zero, and its marks as well. */
static char *open_slot(struct trv__space *space, struct trv__arena *arena)
{
    size_t slot = space->slots_free_from, slots = space->size / TRV__ARENA_BYTES;
    char *memory = space->base + slot * TRV__ARENA_BYTES;
    uint8_t *marks = space->marks + slot * MARK_BYTES;
    uint8_t *tallies = space->tallies + slot * MARK_BYTES;

    if (FAULT() || mprotect(marks, MARK_BYTES, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    if (FAULT() || mprotect(tallies, MARK_BYTES, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    if (FAULT() || mprotect(memory, TRV__ARENA_BYTES, PROT_READ | PROT_WRITE) < 0)
        return NULL;
    space->arenas[slot] = arena;
    while (space->slots_free_from < slots && space->arenas[space->slots_free_from])
        space->slots_free_from++;
    space->slots_end = MAX_OF(space->slots_end, slot + 1);
    return memory;
}

static bool close_range(void *memory, size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

    return mmap(memory, size, PROT_NONE, flags, -1, 0) != MAP_FAILED;
}

/* Gives the memory back, but not the addresses. If even that fails the slot is lost. */
static void close_slot(struct trv__space *space, char *memory)
{
    size_t slot = (size_t)(memory - space->base) / TRV__ARENA_BYTES;

    if (!close_range(memory, TRV__ARENA_BYTES) ||
        !close_range(space->marks + slot * MARK_BYTES, MARK_BYTES) ||
        !close_range(space->tallies + slot * MARK_BYTES, MARK_BYTES))
        return;
    space->arenas[slot] = NULL;
    space->slots_free_from = MIN_OF(space->slots_free_from, slot);
}

/* Arenas ------------------------------------------------------------------------------------------ */

static struct trv__arena *new_arena(struct trv__heap *heap, bool is_containers)
{
    struct trv__arena *arena = FAULT() ? NULL : calloc(1, sizeof *arena);

    if (!arena)
        return NULL;
    if (is_containers && (arena->space = space_with_room(heap)))
        arena->memory = open_slot(arena->space, arena);
    else if (!is_containers)
        arena->memory = map_aligned(TRV__ARENA_BYTES, PROT_READ | PROT_WRITE);
    if (!arena->memory) {
        free(arena);
        return NULL;
    }
    trv__list_init(&arena->link);
    heap->arena_count++;
    file_arena(heap, arena);
    return arena;
}

static void free_arena(struct trv__heap *heap, struct trv__arena *arena)
{
    trv__list_remove(&arena->link);
    heap->arena_count--;
    UNPOISON(arena->memory, TRV__ARENA_BYTES);
    if (arena->space)
        close_slot(arena->space, arena->memory);
    else
        munmap(arena->memory, TRV__ARENA_BYTES);
    free(arena);
}

static struct trv__arena *fullest_arena(struct trv__heap *heap, bool is_containers)
{
    struct trv__list *lists = heap->arenas[is_containers];

    for (size_t pools_free = 1; pools_free <= TRV__POOLS_PER_ARENA; pools_free++)
        if (!trv__list_is_empty(&lists[pools_free]))
            return CONTAINER_OF(lists[pools_free].next, struct trv__arena, link);
    return new_arena(heap, is_containers);
}

struct trv__pool *trv__arena_take(struct trv__heap *heap, bool is_containers,
                                  struct trv__arena **arena)
{
    size_t i;

    *arena = fullest_arena(heap, is_containers);
    if (!*arena)
        return NULL;
    i = (size_t)__builtin_ctzll(~(*arena)->pools_used);
    (*arena)->pools_used |= UINT64_C(1) << i;
    file_arena(heap, *arena);
    return trv__arena_pool(*arena, i);
}

/* Whether an empty arena more than are kept is there: one, and one for each KEPT_PART in use, so that
 * a program that goes up and down does not have the same pages cleared again and again. */
static bool is_surplus(struct trv__heap *heap, bool is_containers)
{
    const struct trv__list *empty = &heap->arenas[is_containers][TRV__POOLS_PER_ARENA];
    size_t count = 0, most = 1 + heap->arena_count / KEPT_PART;

    for (const struct trv__list *link = empty->next; link != empty && count <= most;
         link = link->next)
        count++;
    return count > most;
}

static bool trim(struct trv__heap *heap, bool is_containers)
{
    struct trv__list *empty = &heap->arenas[is_containers][TRV__POOLS_PER_ARENA];

    if (!is_surplus(heap, is_containers))
        return false;
    free_arena(heap, CONTAINER_OF(empty->previous, struct trv__arena, link));
    return true;
}

bool trv__arenas_trim(struct trv__heap *heap)
{
    return trim(heap, true) || trim(heap, false);
}

void trv__arena_give(struct trv__heap *heap, struct trv__pool *pool)
{
    struct trv__arena *arena = pool->arena;
    uint64_t bit = UINT64_C(1) << trv__pool_index(pool);
    bool is_containers = arena->space != NULL;

    arena->pools_used &= ~bit;
    arena->recent &= ~bit;
    file_arena(heap, arena);
    if (!arena->pools_used && !heap->round)
        while (trim(heap, is_containers))
            continue;
}

void trv__each_pool(struct trv__heap *heap, void (*visit)(struct trv__pool *pool, void *argument),
                    void *argument)
{
    for (size_t list = 0; list < 2 * (TRV__POOLS_PER_ARENA + 1); list++)
        LIST_EACH(link, &heap->arenas[list % 2][list / 2]) {
            const struct trv__arena *arena = CONTAINER_OF(link, struct trv__arena, link);
            for (uint64_t left = arena->pools_used; left; left &= left - 1)
                visit(trv__arena_pool(arena, (size_t)__builtin_ctzll(left)), argument);
        }
}

void trv__arenas_free(struct trv__heap *heap)
{
    for (size_t list = 0; list < 2 * (TRV__POOLS_PER_ARENA + 1); list++)
        LIST_EACH(link, &heap->arenas[list % 2][list / 2])
            free_arena(heap, CONTAINER_OF(link, struct trv__arena, link));
    for (size_t i = 0; i < heap->space_count; i++) {
        munmap(heap->spaces[i].base, heap->spaces[i].size);
        munmap(heap->spaces[i].marks, 2 * heap->spaces[i].size / TRV__GRANULE);
        free(heap->spaces[i].arenas);
    }
}
