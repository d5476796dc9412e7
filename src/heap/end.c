/* SPDX-License-Identifier: MIT */
/*
 * How objects end.
 *
 * When a count reaches zero: the finalizer (once; if it made new references, the object lives on),
 * weak references and their callbacks, then the content, then the block. This happens at once,
 * inside trv_unref, with one exception that keeps the stack flat: while the content of a container
 * is being dropped, containers that die of it are put in a list, linked through their first word
 * (their count is spent and their flags are no longer needed), and ended one after the other by
 * the outermost call. A chain of ten million nodes uses two frames.
 *
 * Finalizers and callbacks are exempt: what dies while one of them runs ends at once, inside it,
 * so that its code sees what it did. That recursion is cut at DEPTH_MOST levels, beyond which ends
 * are put off like all others.
 *
 * Numbers and strs (TRV__TYPE_PLAIN) have no content, and are most of all that ends: they go
 * straight back to their pool.
 */
#include "heap/object_callback.h"
#include "heap/pool.h"

#define DEPTH_MOST 50

static void drop_content(trv_object *object)
{
    const trv_slots *slots = &object->type->slots;

    if (slots->clear)
        slots->clear(object);
    if (slots->destroy)
        slots->destroy(object);
    trv__object_discard(object);
}

/* The first word of a dying container holds the next one; a link's lowest bit says whether the
 * container it leads to is large. */
static void put_off(struct trv__current *current, trv_object *object)
{
    uintptr_t link = (uintptr_t)object | ((object->flags & TRV__LARGE) != 0);

    memcpy(object, &current->dying, sizeof current->dying);
    current->dying = link;
}

static trv_object *next_dying(struct trv__current *current, uintptr_t last)
{
    uintptr_t link = current->dying;
    trv_object *object = (trv_object *)(link & ~(uintptr_t)1);

    if (link == last)
        return NULL;
    memcpy(&current->dying, object, sizeof current->dying);
    object->refcount = 0;
    object->flags = link & 1 ? TRV__LARGE : 0;
    return object;
}

/* Runs what a user may see of an end. Returns whether the object lives on. */
static bool last_words(trv_object *object)
{
    struct trv__current *current = trv__current;
    bool was_dropping = current->is_dropping;

    object->refcount = 1;
    if (current->dying_depth < DEPTH_MOST)
        current->is_dropping = false;
    if (object->type->slots.finalize && !(object->flags & TRV__FINALIZED)) {
        object->flags |= TRV__FINALIZED;
        trv__call_finalizer(object);
    }
    if (object->refcount == 1 && object->flags & TRV__HAS_WEAKREFS)
        trv__weak_end(object);
    current->is_dropping = was_dropping;
    return --object->refcount > 0;
}

static __attribute__((noinline)) void end(trv_object *object)
{
    struct trv__current *current = trv__current;
    const struct trv_type *type = object->type;
    uintptr_t others;

    if (UNLIKELY(type->slots.finalize || object->flags & TRV__HAS_WEAKREFS) && last_words(object))
        return;
    if (!(type->flags & TRV__TYPE_CONTAINER)) {
        drop_content(object);
        return;
    }
    trv__untrack(object);
    if (current->is_dropping) {
        put_off(current, object);
        return;
    }
    current->is_dropping = true;
    current->dying_depth++;
    others = current->dying; /* put off by an end further out, which will see to them */
    do
        drop_content(object);
    while ((object = next_dying(current, others)));
    current->dying_depth--;
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
