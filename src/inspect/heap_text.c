/* SPDX-License-Identifier: MIT */
/*
 * The figures of the heap by size of block, and as a page of text: what CPython's
 * sys._debugmallocstats() tells of its own.
 */
#include "heap/pool.h"
#include "types/builder.h"

#include "trivet/memory.h"

static void add_pool(struct trv__pool *pool, void *argument)
{
    trv_heap_class *classes = argument, *own = &classes[pool->size_class];
    size_t blocks = (size_t)(pool->end - trv__pool_first(pool)) / pool->block_bytes;
    size_t used = trv__pool_in_use(trv__current->heap, pool);

    own->pools++;
    own->used += used;
    own->free += blocks - used;
}

/* By size class; those without pools are all zero but for the size. */
static void count_classes(trv_heap_class classes[TRV__CLASSES])
{
    memset(classes, 0, TRV__CLASSES * sizeof *classes);
    for (size_t i = 0; i < TRV__CLASSES; i++)
        classes[i].block_bytes = i * 8;
    trv__each_pool(trv__current->heap, add_pool, classes);
}

size_t trv_heap_classes(trv_heap_class *classes, size_t count)
{
    trv_heap_class all[TRV__CLASSES];
    size_t found = 0;

    count_classes(all);
    for (size_t i = 0; i < TRV__CLASSES; i++) {
        if (!all[i].pools)
            continue;
        if (classes && found < count)
            classes[found] = all[i];
        found++;
    }
    return found;
}

static int add_classes(struct trv__builder *b)
{
    trv_heap_class all[TRV__CLASSES];
    int status = trv__builder_add_text(b, " size   pools  blocks in use  blocks free\n"
                                          " ----   -----  -------------  -----------\n");

    count_classes(all);
    for (size_t i = 0; i < TRV__CLASSES && status == 0; i++)
        if (all[i].pools)
            status = trv__builder_printf(b, "%5zu %7zu %14zu %12zu\n", all[i].block_bytes,
                                         all[i].pools, all[i].used, all[i].free);
    return status;
}

trv_object *trv_heap_text(void)
{
    const struct trv__heap *heap = trv__current->heap;
    trv_heap_stats stats;
    struct trv__builder b;

    trv_heap_stats_get(&stats);
    trv__builder_init(&b);
    if (add_classes(&b) < 0 ||
        trv__builder_printf(&b,
                            "\n%zu arenas of %zu bytes = %zu bytes\n"
                            "%zu bytes in use in pools\n"
                            "%zu bytes in use in %zu large objects and in large blocks\n"
                            "%zu bytes in use in all, by %zu objects\n",
                            stats.arenas, TRV__ARENA_BYTES, stats.arena_bytes, stats.pool_bytes,
                            heap->large_bytes, heap->large_count[0] + heap->large_count[1],
                            stats.live_bytes, stats.live_objects) < 0) {
        trv__builder_drop(&b);
        return NULL;
    }
    return trv__builder_finish(&b);
}
