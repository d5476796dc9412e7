/* SPDX-License-Identifier: MIT */
/*
 * Memory: blocks, objects made of them, and the collector.
 *
 * Blocks up to 512 bytes come from pools. A pool is 16 KB, aligned to its size, and holds blocks of
 * one size class (multiples of 8) and one kind: plain blocks, objects without references that the
 * collector would follow, or containers, which it walks. Pools are cut from arenas of 1 MB; an
 * arena whose pools are all free is unmapped, and new pools come from the fullest arena so that this
 * happens. Larger blocks come from malloc or the allocator of the config; larger objects are also
 * linked in lists of the heap.
 *
 * Everything here needs the GIL; there are no atomics and no locks. Nothing here runs finalizers
 * or collects except trv_unref (heap/end.c) and trv__collect (heap/collect.c).
 *
 * A function that returns NULL has set MemoryError, unless it says otherwise.
 */
#ifndef TRV_HEAP_HEAP_H
#define TRV_HEAP_HEAP_H

#include "heap/type.h"

/* Plain blocks ------------------------------------------------------------------------------ */

void *trv__allocate(size_t size);
void *trv__allocate_zeroed(size_t size);
/* The same but silent: NULL sets no exception. */
void *trv__try_allocate(size_t size);
/* `block` must be of exactly `size`; NULL is ignored. */
void trv__free(void *block, size_t size);
/* Grows or shrinks; on failure the old block stays as it was. */
void *trv__reallocate(void *block, size_t old_size, size_t new_size);

/* Objects ----------------------------------------------------------------------------------- */

/* An object with one reference and no content beyond the head. For types whose instances cannot
 * hold references that form a cycle. */
void *trv__object_new(const struct trv_type *type, size_t size);
/* The same for a type with TRV__TYPE_CONTAINER; zeroed beyond the head. Not tracked yet. */
void *trv__container_new(const struct trv_type *type, size_t size);
/* The bytes that an object of that size takes in the heap. */
size_t trv__block_bytes(const trv_object *object, size_t size);
/* Frees the block of an object that never came to life: references in it are not dropped. */
void trv__object_discard(void *object);
/* Hands a container to the collector, takes it back. Both may be repeated. */
void trv__track(void *object);
void trv__untrack(void *object);

/* Weak references (heap/weak.c): who refers weakly to an object --------------------------- */

struct trv__weak {
    TRV__HEAD;
    trv_object *referent;              /* not counted; NULL once it has ended */
    trv_object *callback;              /* owned, or NULL */
    struct trv__weak *next, *previous; /* others with the same referent */
};

/* Enters a weak reference whose referent is set. 0, or -1 with MemoryError. */
int trv__weak_link(struct trv__weak *weak);
/* Takes one out; harmless if its referent has ended. */
void trv__weak_unlink(struct trv__weak *weak);
/* The first of an object's weak references, or NULL. */
struct trv__weak *trv__weak_first(const trv_object *object);
/* An object ends: takes all of its weak references out. Those that must be called back are put,
 * each held, before those in `cut`; the first of them is returned. */
struct trv__weak *trv__weak_cut(trv_object *object, struct trv__weak *cut);
/* Calls the callbacks, each with its weak reference; what they raise is printed. */
void trv__weak_call_back(struct trv__weak *cut);
/* Both. */
void trv__weak_end(trv_object *object);

/* The collector (heap/generation.c, heap/collect.c) ----------------------------------------- */

/* Collects a generation and those younger; SIZE_MAX if one is under way. Returns how many objects
 * were unreachable. */
size_t trv__collect(int generation);
/* Collects what the thresholds say is due, and lowers the request. For safepoints. */
void trv__collect_due(void);
/* For a thread that would wait now: a slice of the collection of generation 2, if one is under way or half
 * due. Whether there was one; if so, look first whether what is waited for has come. */
bool trv__collect_idle(void);
/* Makes every object immortal, and the collector forget them: for the zygote, whose workers must
 * not dirty the pages they share. */
void trv__heap_freeze(struct trv__heap *heap);
/* The object at an address, if one was frozen there; any number may be asked about. Borrowed, or
 * NULL without an exception. */
trv_object *trv__heap_frozen(struct trv__heap *heap, uintptr_t address);

/* Life of a heap ---------------------------------------------------------------------------- */

struct trv__heap *trv__heap_create(
    const trv_config *config); /* NULL: out of memory; needs no thread */
/* Unmaps everything; all objects must have ended, apart from immortal ones. */
void trv__heap_destroy(struct trv__heap *heap);

#endif
