/* SPDX-License-Identifier: MIT */
/*
 * Marks that are not in the first space: those of the largest heaps, and of large containers.
 *
 * A large container is told from whatever else may be at an address by its flags; looking there is
 * worth it only between the lowest and the highest of them.
 */
#include "heap/mark.h"

const uint8_t trv__no_mark = TRV__MARK_NONE;

static struct trv__large *large_container(const struct trv__heap *heap, const trv_object *object)
{
    uintptr_t address = (uintptr_t)object;

    if (address - heap->large_low < heap->large_high - heap->large_low &&
        object->flags & TRV__LARGE)
        return trv__large_of(object);
    return NULL;
}

uint8_t *trv__far_mark(const struct trv__heap *heap, const trv_object *object)
{
    uintptr_t address = (uintptr_t)object;
    struct trv__large *large;

    for (size_t i = 1; i < heap->space_count; i++) {
        size_t offset = address - (uintptr_t)heap->spaces[i].base;
        if (offset < heap->spaces[i].size)
            return heap->spaces[i].marks + offset / TRV__GRANULE;
    }
    large = large_container(heap, object);
    return large ? &large->mark : (uint8_t *)(uintptr_t)&trv__no_mark;
}

uint8_t *trv__far_tally(const struct trv__heap *heap, const trv_object *object)
{
    uintptr_t address = (uintptr_t)object;
    struct trv__large *large;

    for (size_t i = 1; i < heap->space_count; i++) {
        size_t offset = address - (uintptr_t)heap->spaces[i].base;
        if (offset < heap->spaces[i].size)
            return heap->spaces[i].tallies + offset / TRV__GRANULE;
    }
    large = large_container(heap, object);
    return large ? &large->tally : (uint8_t *)(uintptr_t)&trv__no_mark;
}
