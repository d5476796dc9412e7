/* SPDX-License-Identifier: MIT */
/*
 * Pools and arenas: the structures, and the few instructions that take and give back a block.
 *
 * A pool hands out its blocks in *ready* lists: the heap holds one for each kind and size class,
 * taken from the class's current pool, so that taking a block touches no pool. A block given back
 * goes to its own pool's list; when the ready list is used up, the current pool's becomes the next.
 *
 * Invariants:
 *   - a pool is TRV__POOL_BYTES long and aligned to that, so a block's pool is found by masking;
 *   - `used` counts the blocks of a pool that are neither in its list nor fresh; blocks in a ready
 *     list count as used, so that a current pool is never found empty while it has some there;
 *   - a free block is linked through its second word, and its first word (count and flags) is 0:
 *     whoever walks a pool of objects sees that there is none (that word is never poisoned);
 *   - a pool is in its class's list exactly if it is the current one or has blocks in its own list;
 *   - while the tracer runs (heap/tracer.h) there are no ready lists, and what would be in a pool's own
 *     list is put aside: every block goes the slow ways, which tell the tracer;
 *   - a pool of containers is in young[g] if it may hold a tracked object of generation g (0, 1);
 *   - frozen pools (heap/freeze.c) are in no list, and nothing is taken from them again.
 *
 * Pools of containers have *marks*: a byte for each 16 bytes of the pool, which belongs to the
 * container that begins there. They lie beside the arenas, so that the collector can tell what it
 * must look at, and count, without touching the objects. Beside the marks lie as many *tallies*, which
 * collections in slices use the same way. See heap/mark.h.
 */
#ifndef TRV_HEAP_POOL_H
#define TRV_HEAP_POOL_H

#include "base/fault.h"
#include "base/list.h"
#include "base/poison.h"
#include "heap/heap.h"

#define TRV__POOL_BYTES ((size_t)(TRV_TINY ? 2048 : 16384))
#define TRV__POOLS_PER_ARENA ((size_t)64)
#define TRV__ARENA_BYTES (TRV__POOLS_PER_ARENA * TRV__POOL_BYTES)
#define TRV__SMALL_MOST ((size_t)512)
#define TRV__CLASSES (TRV__SMALL_MOST / 8 + 1)
#define TRV__GRANULE ((size_t)16) /* bytes for which there is one mark */
#define TRV__SPACES_MOST 32
#define TRV__REGIONS_KEPT_MOST 4

enum trv__kind { TRV__BLOCKS, TRV__OBJECTS, TRV__CONTAINERS, TRV__KINDS };

struct trv__free_block {
    uint64_t no_object; /* 0 */
    struct trv__free_block *next;
};

struct trv__pool {
    struct trv__free_block *free; /* blocks given back */
    uint32_t used;                /* blocks in use or in the ready list */
    uint32_t carved;              /* blocks below `fresh` */
    uint8_t *marks;               /* of containers; else NULL */
    char *fresh;                  /* the first block never handed out */
    char *end;                    /* where no further block fits */
    struct trv__list link;        /* in heap->pools[kind][size_class] */
    struct trv__list young[2];    /* in heap->young[g] */
    struct trv__arena *arena;
    uint32_t block_bytes;
    uint32_t reciprocal; /* of block_bytes, times 2^32, rounded up */
    uint8_t kind, size_class;
    bool is_frozen;
    bool
        has_fixed; /* something of a type that never changes was tracked since the last collection */
    struct trv__free_block *aside; /* while the tracer runs: what would be in `free`; else NULL */
};

#define TRV__POOL_HEADER ROUND_UP(sizeof(struct trv__pool), TRV__GRANULE)

struct trv__arena {
    char *memory;             /* TRV__POOLS_PER_ARENA pools */
    struct trv__list link;    /* in heap->arenas[is_containers][pools_free] */
    uint64_t pools_used;      /* bit i: pool i is in use */
    uint64_t recent;          /* bit i: pool i may hold what reached generation 2 lately */
    struct trv__space *space; /* of containers; else NULL */
};

/* A range of addresses reserved for arenas of containers, and another one for their marks. One is
 * enough for all but the largest heaps, so "is this a container, and where is its mark" is
 * a subtraction, a comparison and a shift. */
struct trv__space {
    char *base;
    size_t size;                /* TRV__ARENA_BYTES times the slots */
    uint8_t *marks;             /* size / TRV__GRANULE */
    uint8_t *tallies;           /* as many */
    struct trv__arena **arenas; /* by slot; NULL where there is none */
    size_t slots_free_from;     /* the slots below are taken */
    size_t slots_end;           /* the slots from here on were never taken */
};

/* The lists of large objects. */
enum {
    TRV__LARGE_RECENT = 2, /* reached generation 2 lately */
    TRV__LARGE_OLD,        /* the others there, and what is not tracked */
    TRV__LARGE_WALKED,     /* of generation 2 as well: a round has come past them */
    TRV__LARGE_ASIDE,      /* set aside by trv_gc_freeze */
    TRV__LARGE_PLAIN,
    TRV__LARGE_FROZEN,
    TRV__LARGE_LISTS
};

/* An object too big for a pool; this stands before it. */
struct trv__large {
    struct trv__list link; /* in heap->large: of containers, that of their generation */
    size_t size;           /* of the object */
    uint8_t mark, tally;   /* of a container: as those of pools */
};

#define TRV__LARGE_HEADER ROUND_UP(sizeof(struct trv__large), 16)

struct trv__heap {
    struct trv__space spaces[TRV__SPACES_MOST]; /* the first one is looked at most */
    size_t space_count;
    bool has_far_marks;              /* there are marks beyond the first space */
    uintptr_t large_low, large_high; /* all large containers are within these */

    struct trv__free_block *ready[TRV__KINDS][TRV__CLASSES];
    struct trv__pool *current[TRV__KINDS][TRV__CLASSES]; /* where `ready` came from, or NULL */
    struct trv__list pools[TRV__KINDS][TRV__CLASSES];
    struct trv__list arenas[2][TRV__POOLS_PER_ARENA + 1]; /* by how many pools are free */
    size_t arena_count;
    struct trv__list large[TRV__LARGE_LISTS];
    size_t large_count[2]; /* plain objects, containers */
    size_t large_bytes;    /* of large objects and large blocks */
    void *(*allocate)(size_t);
    void *(*reallocate)(void *, size_t);
    void (*release)(void *);
    size_t mapped_from; /* large blocks from this size on are in regions (heap/mapping.c) */
    struct trv__region *kept_regions[TRV__REGIONS_KEPT_MOST]; /* of blocks that were freed */
    size_t regions_kept, kept_region_bytes;

    /* weak.c: objects with weak references and the first of these; open addressing */
    struct trv__weak_entry {
        const trv_object *object;
        struct trv__weak *first;
    } * weak_table;
    size_t weak_capacity, weak_used;

    struct trv__kept { /* end.c: dead objects whose last words have to wait */
        trv_object **items;
        size_t count, capacity;
        bool is_busy;
    } kept;

    /* generation.c and collect.c */
    struct trv__list young[2]; /* pools */
    int64_t young_count;       /* containers tracked since the last collection, less those ended */
    int64_t young_limit;       /* above this a collection is due; follows from what comes next */
    unsigned threshold[3];
    struct trv__patience {      /* of generation 0 and 1: how often in a row little was found */
        unsigned streak, skips; /* and how often none is done yet */
    } patience[2];
    unsigned since[3];  /* collections of the generation below since this one's last */
    size_t old_total;   /* survivors of the last full collection */
    size_t old_pending; /* that reached generation 2 since then */
    size_t recent_new;  /* of these, since the last round began */
    size_t recent_kept; /* that the last round has let live, and the next one looks at again */
    struct trv__round *round; /* round.c: what is under way, or NULL */
    int64_t round_debt;       /* work of it that is due */
    int64_t paid_at;          /* young_count when it was last worked at */
    bool is_disabled, is_collecting;
    bool is_exact_next; /* a round had no memory */
    unsigned debug;     /* TRV_GC_DEBUG_... */
    trv_gc_pauses pauses;
    unsigned collections; /* all of them */
    trv_gc_stats stats;
    struct trv__tracer *tracer; /* heap/tracer.h: it runs; or NULL */
};

/* What follows from the settings of the collector (heap/generation.c). */
void trv__set_young_limit(struct trv__heap *heap);

/* Pools (heap/pool.c) */
void *trv__pool_take_slow(struct trv__heap *heap, enum trv__kind kind, size_t size_class);
void trv__pool_give_slow(struct trv__heap *heap, struct trv__pool *pool);
/* How many blocks of a pool somebody uses. */
size_t trv__pool_in_use(const struct trv__heap *heap, const struct trv__pool *pool);
/* Puts the blocks of a ready list back where they came from. */
void trv__pool_unready(struct trv__heap *heap, enum trv__kind kind, size_t size_class);

/* Arenas (heap/arena.c) */
/* A piece of an arena for a pool, uninitialised, and the arena; NULL when out of memory. */
struct trv__pool *trv__arena_take(struct trv__heap *heap, bool is_containers,
                                  struct trv__arena **arena);
void trv__arena_give(struct trv__heap *heap, struct trv__pool *pool);
/* Gives back an empty arena that a round has kept; false if none is left. */
bool trv__arenas_trim(struct trv__heap *heap);
void trv__arenas_free(struct trv__heap *heap);

/* Calls visit for every pool, whatever its kind, in no special order. */
void trv__each_pool(struct trv__heap *heap, void (*visit)(struct trv__pool *pool, void *argument),
                    void *argument);

static inline struct trv__pool *trv__arena_pool(const struct trv__arena *arena, size_t index)
{
    return (struct trv__pool *)(void *)(arena->memory + index * TRV__POOL_BYTES);
}

/* Which pool of its arena it is. */
static inline size_t trv__pool_index(const struct trv__pool *pool)
{
    return (size_t)((const char *)pool - pool->arena->memory) / TRV__POOL_BYTES;
}

static inline struct trv__pool *trv__pool_of(const void *block)
{
    return (struct trv__pool *)((uintptr_t)block & ~(TRV__POOL_BYTES - 1));
}

static inline char *trv__pool_first(const struct trv__pool *pool)
{
    return (char *)(uintptr_t)pool + TRV__POOL_HEADER;
}

static inline struct trv__large *trv__large_of(const void *object)
{
    return (struct trv__large *)((uintptr_t)object - TRV__LARGE_HEADER);
}

static inline trv_object *trv__large_object(const struct trv__list *link)
{
    return (trv_object *)((uintptr_t)CONTAINER_OF(link, struct trv__large, link) +
                          TRV__LARGE_HEADER);
}

/* The smallest class holds the two words of a free block. */
static inline size_t trv__size_class(size_t size)
{
    return size <= 16 ? 2 : (size + 7) / 8;
}

/* A block of a small size; NULL, with no exception, when out of memory. */
static inline void *trv__pool_take(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__free_block *block = heap->ready[kind][size_class];

    if (FAULT())
        return NULL;
    if (UNLIKELY(!block))
        return trv__pool_take_slow(heap, kind, size_class);
    REVEAL(block, sizeof *block);
    heap->ready[kind][size_class] = block->next;
    UNPOISON(block, size_class * 8);
    return block;
}

static inline void trv__pool_give(struct trv__heap *heap, void *memory)
{
    struct trv__pool *pool = trv__pool_of(memory);
    struct trv__free_block *block = memory, *next = pool->free;

#if TRV_DEBUG
    memset(memory, 0xdd, pool->block_bytes);
#endif
    block->no_object = 0;
    block->next = next;
    pool->free = block;
    POISON((char *)block + 8, pool->block_bytes - 8);
    if (UNLIKELY(--pool->used == 0 || !next))
        trv__pool_give_slow(heap, pool);
}

/* An object of a small, constant size: for types whose making must cost next to nothing. */
static inline void *trv__object_new_small(const struct trv_type *type, size_t size)
{
    trv_object *object = trv__pool_take(trv__current->heap, TRV__OBJECTS, trv__size_class(size));

    ASSERT(trv__holds_gil());
    if (UNLIKELY(!object))
        return trv_raise_at_(__FILE__, __LINE__, __func__, trv_MemoryError, "out of memory");
    object->refcount = 1;
    object->flags = 0;
    object->type = type;
    return object;
}

#endif
