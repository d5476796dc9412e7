/* SPDX-License-Identifier: MIT */
/*
 * The walk over all objects: through the blocks of the pools of objects and of containers, whose first
 * word tells whether an object is there, and through the lists of large objects.
 */
#include "heap/walk.h"

#include "heap/mark.h"

struct walk {
    trv__object_visit *visit;
    void *argument;
};

static bool is_alive(const trv_object *object)
{
    return object->refcount > 0 || object->refcount == TRV_IMMORTAL_;
}

static void walk_pool(struct trv__pool *pool, void *argument)
{
    const struct walk *walk = argument;

    if (pool->kind == TRV__BLOCKS)
        return;
    for (char *slot = trv__pool_first(pool); slot < pool->fresh; slot += pool->block_bytes) {
        trv_object *object = (trv_object *)(void *)slot;
        if (is_alive(object))
            walk->visit(object, walk->argument);
    }
}

void trv__each_object(struct trv__heap *heap, trv__object_visit *visit, void *argument)
{
    struct walk walk = {visit, argument};

    trv__each_pool(heap, walk_pool, &walk);
    for (int i = 0; i < TRV__LARGE_LISTS; i++)
        LIST_EACH(link, &heap->large[i])
            if (is_alive(trv__large_object(link)))
                visit(trv__large_object(link), argument);
}

int trv__generation_of(const trv_object *object)
{
    switch (*trv__container_mark(object)) {
    case TRV__MARK_YOUNG:
        return 0;
    case TRV__MARK_MIDDLE:
        return 1;
    case TRV__MARK_ASIDE:
        return 3;
    default:
        return 2;
    }
}
