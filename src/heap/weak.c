/* SPDX-License-Identifier: MIT */
/*
 * The table of weak references: object -> the first of its weak references, which link the rest.
 *
 * Kept beside the objects, so that an object without weak references pays one bit. Open
 * addressing with linear probing; removal moves later entries back, so there are no tombstones.
 * Invariant: an object has TRV__HAS_WEAKREFS exactly if it has an entry.
 */
#include "base/hash.h"
#include "heap/pool.h"
#include "heap/object_callback.h"

static size_t home(const struct trv__heap *heap, const trv_object *object)
{
    return trv__hash_mix((uintptr_t)object) & (heap->weak_capacity - 1);
}

static struct trv__weak_entry *find(const struct trv__heap *heap, const trv_object *object)
{
    size_t i = home(heap, object);

    while (heap->weak_table[i].object && heap->weak_table[i].object != object)
        i = (i + 1) & (heap->weak_capacity - 1);
    return &heap->weak_table[i];
}

static bool grow(struct trv__heap *heap)
{
    struct trv__weak_entry *old = heap->weak_table;
    size_t old_capacity = heap->weak_capacity, capacity = old_capacity ? 2 * old_capacity : 32;
    struct trv__weak_entry *table = FAULT() ? NULL : calloc(capacity, sizeof *table);

    if (!table)
        return false;
    heap->weak_table = table;
    heap->weak_capacity = capacity;
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].object)
            *find(heap, old[i].object) = old[i];
    free(old);
    return true;
}

/* Empties an entry and moves back those after it that had to step over it. */
static void remove_entry(struct trv__heap *heap, struct trv__weak_entry *entry)
{
    size_t mask = heap->weak_capacity - 1, hole = (size_t)(entry - heap->weak_table), i = hole;

    heap->weak_used--;
    for (;;) {
        heap->weak_table[hole] = (struct trv__weak_entry){NULL, NULL};
        do {
            i = (i + 1) & mask;
            if (!heap->weak_table[i].object)
                return;
        } while (((i - home(heap, heap->weak_table[i].object)) & mask) < ((i - hole) & mask));
        heap->weak_table[hole] = heap->weak_table[i];
        hole = i;
    }
}

int trv__weak_link(struct trv__weak *weak)
{
    struct trv__heap *heap = trv__current->heap;
    struct trv__weak_entry *entry;

    if (4 * (heap->weak_used + 1) > 3 * heap->weak_capacity && !grow(heap))
        return trv_raise_int(trv_MemoryError, "out of memory");
    entry = find(heap, weak->referent);
    if (!entry->object) {
        entry->object = weak->referent;
        heap->weak_used++;
        weak->referent->flags |= TRV__HAS_WEAKREFS;
    }
    weak->previous = NULL;
    weak->next = entry->first;
    if (entry->first)
        entry->first->previous = weak;
    entry->first = weak;
    return 0;
}

void trv__weak_unlink(struct trv__weak *weak)
{
    struct trv__heap *heap = trv__current->heap;
    trv_object *referent = weak->referent;
    struct trv__weak_entry *entry;

    if (!referent)
        return;
    weak->referent = NULL;
    entry = find(heap, referent);
    if (weak->next)
        weak->next->previous = weak->previous;
    if (weak->previous)
        weak->previous->next = weak->next;
    else
        entry->first = weak->next;
    weak->next = weak->previous = NULL;
    if (!entry->first) {
        referent->flags &= ~(uint32_t)TRV__HAS_WEAKREFS;
        remove_entry(heap, entry);
    }
}

struct trv__weak *trv__weak_first(const trv_object *object)
{
    return object->flags & TRV__HAS_WEAKREFS ? find(trv__current->heap, object)->first : NULL;
}

/* The newest is called first, as in Python. */
struct trv__weak *trv__weak_cut(trv_object *object, struct trv__weak *cut)
{
    struct trv__weak *first = NULL, **end = &first, *weak;

    while ((weak = trv__weak_first(object))) {
        trv__weak_unlink(weak);
        /* A weak reference that is ending itself has no count any more and is not called back. */
        if (!weak->callback || weak->refcount <= 0)
            continue;
        trv_ref((trv_object *)weak);
        *end = weak;
        end = &weak->next;
    }
    *end = cut;
    return first;
}

void trv__weak_call_back(struct trv__weak *cut)
{
    struct trv__weak *weak;

    while ((weak = cut)) {
        trv_auto trv_object *callback = trv_steal(&weak->callback);
        cut = weak->next;
        weak->next = NULL;
        if (callback)
            trv__call_back(callback, (trv_object *)weak, "weak reference callback");
        trv_unref((trv_object *)weak);
    }
}

void trv__weak_end(trv_object *object)
{
    trv__weak_call_back(trv__weak_cut(object, NULL));
}
