/* SPDX-License-Identifier: MIT */
/*
 * What the files of the collector share: following references, and what follows a collection.
 */
#ifndef TRV_HEAP_COLLECT_H
#define TRV_HEAP_COLLECT_H

#include "heap/mark.h"

/* The array that an object's references stand in; some of them may be NULL. False if its type has none. */
static inline bool trv__reference_array(const trv_object *object, trv_object *const **items,
                                        size_t *count)
{
    const struct trv__references at = object->type->references;
    const char *base = (const char *)object;

    if (UNLIKELY(!at.width))
        return false;
    *items = (trv_object *const *)(const void *)(base + at.items);
    if (!at.is_inside)
        *items = *(trv_object *const *const *)(const void *)*items;
    *count = at.is_count_32 ? *(const uint32_t *)(const void *)(base + at.count)
                            : *(const size_t *)(const void *)(base + at.count);
    *count *= at.width;
    return true;
}

/* Calls visit for each reference of an object, some of which may be NULL. Where they stand in an
 * array, visit is inlined. */
static inline __attribute__((always_inline)) void trv__each_reference(trv_object *object,
                                                                      trv_visit visit,
                                                                      void *argument)
{
    trv_object *const *items;
    size_t count;

    if (UNLIKELY(!trv__reference_array(object, &items, &count))) {
        object->type->slots.traverse(object, visit, argument);
        return;
    }
    for (size_t i = 0; i < count; i++)
        visit(items[i], argument);
}

/* Makes a generation and those younger older, unlooked at; how many objects that were. */
size_t trv__grow_older(struct trv__heap *heap, int generation);
/* Begins a round, after a collection of what is younger; what that costs comes later (heap/generation.c). */
void trv__begin_round(struct trv__heap *heap, bool is_full);
/* Tell whoever wants to know that a collection begins and has ended (heap/collect.c). */
void trv__tell_start(struct trv__heap *heap, int generation);
void trv__tell_stop(struct trv__heap *heap, int generation, size_t found, size_t ended, int64_t ns);
/* Notes that the program was stopped for so long (heap/gc.c). */
void trv__note_pause(struct trv__heap *heap, int generation, int64_t ns);
/* Sets all tracked objects aside, takes them back, and counts the objects of each generation, those set
 * aside last (heap/freeze.c). */
void trv__set_aside(struct trv__heap *heap);
void trv__take_back(struct trv__heap *heap);
void trv__count_generations(struct trv__heap *heap, size_t counts[4]);

/* Counts a collection that has ended (heap/generation.c). */
void trv__collected(struct trv__heap *heap, int generation, size_t survivors);

/* Checks every promise of the heap's structures; the second one only now and then if the heap is
 * large. Both do nothing without --enable-debug (heap/validate.c). */
void trv__heap_check(struct trv__heap *heap);
void trv__heap_validate(struct trv__heap *heap);

#endif
