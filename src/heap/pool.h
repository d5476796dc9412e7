/* SPDX-License-Identifier: MIT */
/*
 * Pools and arenas: the structures, and the few instructions that take and give back a block.
 *
 * Invariants:
 *   - a pool is TRV__POOL_BYTES long and aligned to that, so a block's pool is found by masking;
 *   - blocks below `fresh` were handed out at least once; those of them that are free are linked
 *     through their second word, and their first word (refcount and flags) is 0 in object pools:
 *     whoever walks a pool sees at once that there is no object (that word is never poisoned);
 *   - a pool is in its class's list exactly if it has room; the first of that list is `current`;
 *   - a pool of containers is in young[g] if it may hold a tracked object of generation g (0, 1).
 */
#ifndef TRV_HEAP_POOL_H
#define TRV_HEAP_POOL_H

#include "base/fault.h"
#include "base/list.h"
#include "base/poison.h"
#include "heap/heap.h"

#define TRV__POOL_BYTES ((size_t)16384)
#define TRV__ARENA_BYTES ((size_t)1 << 20)
#define TRV__POOLS_PER_ARENA (TRV__ARENA_BYTES / TRV__POOL_BYTES)
#define TRV__SMALL_MOST ((size_t)512)
#define TRV__CLASSES (TRV__SMALL_MOST / 8 + 1)

enum trv__kind { TRV__BLOCKS, TRV__OBJECTS, TRV__CONTAINERS, TRV__KINDS };

struct trv__free_block {
    uint64_t no_object; /* 0 in object pools */
    struct trv__free_block *next;
};

struct trv__pool {
    struct trv__free_block *free; /* blocks given back */
    uint32_t used;                /* blocks in use */
    uint32_t block_bytes;
    char *fresh;                  /* the first block never handed out */
    char *end;                    /* where no further block fits */
    struct trv__list link;        /* in heap->pools[kind][class] while there is room */
    struct trv__list young[2];    /* in heap->young[g] */
    struct trv__arena *arena;
    uint16_t kind, size_class;
};

struct trv__arena {
    char *memory;              /* TRV__POOLS_PER_ARENA pools */
    struct trv__list link;     /* in heap->arenas[pools_free] */
    uint64_t pools_used;       /* bit i: pool i is in use */
    size_t index;              /* where it stands in heap->by_address */
};

/* A block too big for a pool that is an object; it stands before the object. */
struct trv__large {
    struct trv__list link; /* in heap->large[is_container] */
    size_t size;           /* of the object */
    uint64_t padding;      /* keeps the object 16-aligned */
};

struct trv__heap {
    struct trv__pool *current[TRV__KINDS][TRV__CLASSES]; /* first of the list below, or NULL */
    struct trv__list pools[TRV__KINDS][TRV__CLASSES];
    struct trv__list arenas[TRV__POOLS_PER_ARENA + 1]; /* by how many pools are free */
    struct trv__arena **by_address;                    /* all arenas, sorted */
    size_t arena_count, arena_capacity;
    struct trv__list large[2]; /* plain objects, containers */
    size_t large_count[2];
    size_t large_bytes; /* of large objects and large blocks */
    void *(*allocate)(size_t);
    void *(*reallocate)(void *, size_t);
    void (*release)(void *);

    /* weak.c: objects with weak references and the first of these; open addressing */
    struct trv__weak_entry {
        const trv_object *object;
        struct trv__weak *first;
    } *weak_table;
    size_t weak_capacity, weak_used;

    struct trv__kept { /* end.c: dead objects whose last words have to wait */
        trv_object **items;
        size_t count, capacity;
        bool is_busy;
    } kept;

    /* collect.c */
    struct trv__list young[2];  /* pools */
    int64_t young_count;        /* containers tracked since the last collection, less those ended */
    unsigned threshold[3];
    unsigned since[3];          /* collections of the generation below since this one's last */
    size_t old_total;           /* survivors of the last full collection */
    size_t old_pending;         /* that reached generation 2 since then */
    bool is_disabled, is_collecting;
    unsigned stress; /* collections of a stress build */
    trv_gc_stats stats;
};

struct trv__pool *trv__pool_with_room(struct trv__heap *heap, enum trv__kind kind, size_t size_class);
void *trv__pool_take_slow(struct trv__heap *heap, enum trv__kind kind, size_t size_class);
void trv__pool_give_slow(struct trv__heap *heap, struct trv__pool *pool);

static inline struct trv__pool *trv__pool_of(const void *block)
{
    return (struct trv__pool *)((uintptr_t)block & ~(TRV__POOL_BYTES - 1));
}

/* The smallest class holds the two words of a free block. */
static inline size_t trv__size_class(size_t size)
{
    return size <= 16 ? 2 : (size + 7) / 8;
}

/* A block of a small size; NULL, with no exception, when out of memory. */
static inline void *trv__pool_take(struct trv__heap *heap, enum trv__kind kind, size_t size_class)
{
    struct trv__pool *pool = heap->current[kind][size_class];
    struct trv__free_block *block;

    if (FAULT())
        return NULL;
    if (UNLIKELY(!pool || !(block = pool->free)))
        return trv__pool_take_slow(heap, kind, size_class);
    REVEAL(block, sizeof *block);
    pool->free = block->next;
    pool->used++;
    UNPOISON(block, pool->block_bytes);
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
