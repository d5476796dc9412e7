/* SPDX-License-Identifier: MIT */
/*
 * How objects end.
 *
 * When a count reaches zero: last words (the finalizer, once; if it made new references, the object
 * lives on; then weak references and their callbacks), then the content, then the block. This
 * happens at once, inside trv_unref, with two exceptions that keep the stack flat:
 *
 *   - while the content of an object is being dropped, objects that die of it and have content
 *     themselves are put off: linked in a list, and ended one after the other by the outermost
 *     call. A chain of ten million nodes uses two frames. The link stands where the count and the
 *     collector's bits were, so that it needs no memory, and it always reads as a negative count:
 *     nobody takes a dying object for a living one (trv__weak_end meets dying weak references);
 *   - last words are code of a user, whose own drops end at once, so that it sees what it did. That
 *     recursion is cut at DEPTH_MOST levels: beyond, the object is kept alive in a list, and let go
 *     when the last words of the level above have been said.
 *
 * Numbers and strs (TRV__TYPE_PLAIN) have no content, and are most of all that ends: they go
 * straight back to their pool. What has no references but something to destroy ends at once: a
 * table that knows it (of interned strs) must not give it out again.
 */
#include "heap/object_callback.h"
#include "heap/pool.h"

#define DEPTH_MOST 40

/* The count of an object whose content is being dropped: whoever takes and drops a reference to it
 * meanwhile does not end it a second time. */
#define ENDING (-1)

static void drop_content(trv_object *object)
{
    const trv_slots *slots = &object->type->slots;

    object->refcount = ENDING;
    if (slots->clear)
        slots->clear(object);
    if (slots->destroy)
        slots->destroy(object);
    trv__object_discard(object);
}

/* Ends put off ---------------------------------------------------------------------------------- */

/* The link is the address of the next one, with the lowest bit set: 31 bits of it are in the count,
 * under the sign, the others above the flags. It never looks like TRV_IMMORTAL_. */
static void put_off(struct trv__current *current, trv_object *object)
{
    uint64_t link = current->dying >> 2 | 1;

    object->refcount = (int32_t)((uint32_t)link | UINT32_C(0x80000000));
    object->flags =
        (object->flags & (TRV__FLAGS_END - 1)) | (uint32_t)(link >> 31) * TRV__FLAGS_END;
    current->dying = (uintptr_t)object;
}

static trv_object *next_dying(struct trv__current *current, uintptr_t last)
{
    trv_object *object = (trv_object *)current->dying;
    uint64_t link;

    if (current->dying == last)
        return NULL;
    link = ((uint32_t)object->refcount & UINT32_C(0x7fffffff)) |
           (uint64_t)(object->flags / TRV__FLAGS_END) << 31;
    current->dying = (uintptr_t)(link & ~UINT64_C(1)) << 2;
    object->flags &= TRV__FLAGS_END - 1;
    return object;
}

/* Last words ------------------------------------------------------------------------------------ */

/* Keeps an object alive until the level above has spoken; false when out of memory. */
static bool keep(struct trv__heap *heap, trv_object *object)
{
    struct trv__kept *kept = &heap->kept;

    if (kept->count == kept->capacity) {
        size_t capacity = kept->capacity ? 2 * kept->capacity : 64;
        void *grown = FAULT() ? NULL : realloc(kept->items, capacity * sizeof *kept->items);
        if (!grown)
            return false;
        kept->items = grown;
        kept->capacity = capacity;
    }
    object->refcount = 1;
    kept->items[kept->count++] = object;
    return true;
}

static void let_go_kept(struct trv__heap *heap)
{
    if (!heap->kept.count || heap->kept.is_busy)
        return;
    heap->kept.is_busy = true;
    while (heap->kept.count)
        trv_unref(heap->kept.items[--heap->kept.count]);
    heap->kept.is_busy = false;
}

/* Runs what a user may see of an end. Returns whether the object lives on. */
static bool last_words(struct trv__current *current, trv_object *object)
{
    bool was_dropping = current->is_dropping;

    if (current->last_words_depth >= DEPTH_MOST && keep(current->heap, object))
        return true;
    object->refcount = 1;
    current->is_dropping = false;
    current->last_words_depth++;
    if (object->type->slots.finalize && !(object->flags & TRV__FINALIZED)) {
        object->flags |= TRV__FINALIZED;
        trv__call_finalizer(object);
    }
    if (object->refcount == 1 && object->flags & TRV__HAS_WEAKREFS)
        trv__weak_end(object);
    if (--current->last_words_depth == DEPTH_MOST - 1)
        let_go_kept(current->heap);
    current->is_dropping = was_dropping;
    return --object->refcount > 0;
}

static bool has_last_words(const trv_object *object)
{
    return object->flags & TRV__HAS_WEAKREFS ||
           (object->type->slots.finalize && !(object->flags & TRV__FINALIZED));
}

static __attribute__((noinline)) void end(trv_object *object)
{
    struct trv__current *current = trv__current;
    uintptr_t others;

    if (UNLIKELY(has_last_words(object)) && last_words(current, object))
        return;
    trv__untrack(object);
    if (!object->type->slots.clear) {
        drop_content(object);
        return;
    }
    if (current->is_dropping) {
        put_off(current, object);
        return;
    }
    current->is_dropping = true;
    others = current->dying; /* put off by a call further out, which will see to them */
    do
        drop_content(object);
    while ((object = next_dying(current, others)));
    current->is_dropping = false;
}

void trv_object_free_(trv_object *object)
{
    ASSERT(trv__holds_gil());
    if (LIKELY(object->type->flags & TRV__TYPE_PLAIN) &&
        LIKELY(!(object->flags & (TRV__LARGE | TRV__TYPE_BIT))))
        trv__pool_give(trv__current->heap, object);
    else
        end(object);
}
