/* SPDX-License-Identifier: MIT */
/*
 * How many bytes an object takes, alone or with all it reaches.
 *
 * The walk follows the `traverse` slots, the collector's own view of what an object refers to. It
 * keeps a set of what it has seen and a list of what it has still to look at, so it needs no stack
 * and counts each object once, however many ways lead to it. Immortal objects are counted too, types
 * are not: they belong to all their instances.
 *
 * Counted are the bytes of blocks, as in the statistics of the heap: what one makes and drops changes
 * trv_heap_stats.live_bytes by just that.
 */
#include "object/object.h"

struct walk {
    trv_object **seen; /* open addressing; the capacity is a power of two */
    size_t capacity, used;
    trv_object **waiting;
    size_t waiting_count, waiting_capacity;
};

size_t trv_sizeof(trv_object *object)
{
    const struct trv_type *type;
    size_t size;

    if (!object)
        return 0;
    type = object->type;
    size = trv__block_bytes(object,
                            type->block_bytes ? type->block_bytes(object) : type->instance_bytes);
    return type->slots.size_bytes ? size + type->slots.size_bytes(object) : size;
}

static trv_object **find(const struct walk *walk, const trv_object *object)
{
    size_t i = trv__hash_mix((uintptr_t)object) & (walk->capacity - 1);

    while (walk->seen[i] && walk->seen[i] != object)
        i = (i + 1) & (walk->capacity - 1);
    return &walk->seen[i];
}

static int grow_seen(struct walk *walk)
{
    trv_object **old = walk->seen;
    size_t old_capacity = walk->capacity, capacity = old_capacity ? 2 * old_capacity : 64;
    trv_object **seen = trv__allocate_zeroed(capacity * sizeof *seen);

    if (!seen)
        return -1;
    walk->seen = seen;
    walk->capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i])
            *find(walk, old[i]) = old[i];
    trv__free(old, old_capacity * sizeof *old);
    return 0;
}

static int grow_waiting(struct walk *walk)
{
    size_t capacity = walk->waiting_capacity ? 2 * walk->waiting_capacity : 64;
    trv_object **waiting = trv__reallocate(walk->waiting, walk->waiting_capacity * sizeof *waiting,
                                           capacity * sizeof *waiting);

    if (!waiting)
        return -1;
    walk->waiting = waiting;
    walk->waiting_capacity = capacity;
    return 0;
}

/* Adds an object that was not seen yet. */
static int add(struct walk *walk, trv_object *object)
{
    trv_object **place;

    if (2 * (walk->used + 1) > walk->capacity && grow_seen(walk) < 0)
        return -1;
    place = find(walk, object);
    if (*place)
        return 0;
    if (walk->waiting_count == walk->waiting_capacity && grow_waiting(walk) < 0)
        return -1;
    *place = object;
    walk->used++;
    walk->waiting[walk->waiting_count++] = object;
    return 0;
}

/* A trv_visit. Types are there for all their instances, and no part of one. */
static int note(trv_object *object, void *argument)
{
    return !object || trv__is_type(object) ? 0 : add(argument, object);
}

int trv_total_size(trv_object *object, size_t *size_bytes)
{
    struct walk walk = {NULL, 0, 0, NULL, 0, 0};
    int bad;

    if (!trv__given(object, "trv_total_size"))
        return -1;
    *size_bytes = 0;
    bad = add(&walk, object);
    while (!bad && walk.waiting_count > 0) {
        trv_object *next = walk.waiting[--walk.waiting_count];
        *size_bytes += trv_sizeof(next);
        if (next->type->slots.traverse)
            bad = next->type->slots.traverse(next, note, &walk);
    }
    trv__free(walk.seen, walk.capacity * sizeof *walk.seen);
    trv__free(walk.waiting, walk.waiting_capacity * sizeof *walk.waiting);
    return bad ? -1 : 0;
}
