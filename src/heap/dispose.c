/* SPDX-License-Identifier: MIT */
/*
 * What is done with garbage, and with what is suspected to be.
 *
 * Each object of the set is held by one reference, so that whatever the next steps run, none ends early:
 *   1. where garbage is only suspected, its references are counted over the set: what is held from
 *      outside is alive, with all it reaches, and is let go;
 *   2. weak references to the rest are cut; callbacks run for weak references outside the set;
 *   3. finalizers run, once in an object's life;
 *   4. references are counted again: what a finalizer made reachable lives on, with all it reaches;
 *      weak references made by finalizers are cut;
 *   5. the rest is cleared and let go, at once or, after a round, in slices: nobody can reach it any more.
 * User code runs in steps 2, 3 and 5, allocates, and may even ask for a collection, which is
 * refused. Between the steps all marks are as between collections.
 */
#include "heap/object_callback.h"
#include "heap/search.h"

#include <stdio.h>

/* Makes garbage members again, and back. What is tracked no longer is none of the collector's
 * business: it is taken for alive. */
static void enter_garbage(const struct trv__search *search)
{
    for (size_t i = 0; i < search->garbage.count; i++)
        if (search->garbage.items[i]->flags & TRV__TRACKED)
            *trv__container_mark(search->garbage.items[i]) = TRV__MARK_MEMBER;
}

static void leave_garbage(const struct trv__search *search)
{
    for (size_t i = 0; i < search->garbage.count; i++)
        if (search->garbage.items[i]->flags & TRV__TRACKED)
            *trv__container_mark(search->garbage.items[i]) = trv__mark_after(search->generation);
}

/* Cuts weak references to garbage, all of them before the first callback runs, so that none finds
 * garbage through another. Those that are garbage themselves are not called back. */
static void cut_weak_references(const struct trv__search *search)
{
    const struct trv__vector *garbage = &search->garbage;
    struct trv__weak *cut = NULL;

    enter_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        for (struct trv__weak *weak = trv__weak_first(garbage->items[i]), *next; weak;
             weak = next) {
            next = weak->next;
            if (*trv__container_mark((trv_object *)weak) >= TRV__MARK_MEMBER)
                trv__weak_unlink(weak);
        }
    leave_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        cut = trv__weak_cut(garbage->items[i], cut);
    trv__weak_call_back(cut);
}

static void run_finalizers(const struct trv__vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (!object->type->slots.finalize || object->flags & TRV__FINALIZED)
            continue;
        object->flags |= TRV__FINALIZED;
        trv__call_finalizer(object);
    }
}

static void reach_garbage(struct trv__search *search)
{
    struct trv__view view = trv__view_of(search);

    search->is_again = false;
    do {
        search->pending.failed = false;
        for (size_t i = 0; i < search->garbage.count; i++) {
            trv_object *object = search->garbage.items[i];
            if (object->flags & TRV__TRACKED)
                trv__reach_member(search, view, object, trv__container_mark(object));
        }
        search->is_again = true;
    } while (search->pending.failed);
}

/* Lets go of what is reachable. */
static void spare_living(struct trv__search *search)
{
    struct trv__vector *garbage = &search->garbage;
    struct trv__view view = trv__view_of(search);
    size_t dead = 0, alive;

    search->carries.used = 0;
    if (search->carries.capacity)
        memset(search->carries.slots, 0, search->carries.capacity * sizeof *search->carries.slots);
    enter_garbage(search);
    for (size_t i = 0; i < garbage->count; i++)
        if (garbage->items[i]->flags & TRV__TRACKED)
            trv__count_references(search, view, garbage->items[i]);
    search->own = 1;
    reach_garbage(search);
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        bool is_dead = object->flags & TRV__TRACKED &&
                       *trv__container_mark(object) != TRV__MARK_REACHED && !search->failed;
        if (is_dead) {
            garbage->items[i] = garbage->items[dead];
            garbage->items[dead++] = object;
        }
    }
    leave_garbage(search);
    alive = garbage->count;
    garbage->count = dead;
    while (alive > dead) {
        garbage->items[--alive]->flags &= ~(uint32_t)TRV__HIDDEN;
        trv_unref(garbage->items[alive]);
    }
}

void trv__report_garbage(struct trv__search *search)
{
    struct trv__vector *garbage = &search->garbage;
    unsigned debug = search->heap->debug;
    size_t left = 0;

    if (LIKELY(!(debug & (TRV_GC_DEBUG_COLLECTABLE | TRV_GC_DEBUG_SAVEALL))))
        return;
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (debug & TRV_GC_DEBUG_COLLECTABLE)
            fprintf(stderr, "gc: collectable <%s %p>\n", object->type->name, (void *)object);
        if (debug & TRV_GC_DEBUG_SAVEALL && trv__keep_garbage(object)) {
            object->flags &= ~(uint32_t)TRV__HIDDEN;
            trv_unref(object);
        } else
            garbage->items[left++] = object;
    }
    garbage->count = left;
}

void trv__clear(const struct trv__vector *garbage)
{
    for (size_t i = 0; i < garbage->count; i++) {
        trv_object *object = garbage->items[i];
        if (i + 8 < garbage->count)
            __builtin_prefetch(garbage->items[i + 8]);
        if (object->refcount > 1 && object->type->slots.clear)
            object->type->slots.clear(object);
        trv_unref(object);
    }
}

void trv__condemn(struct trv__search *search, bool is_certain)
{
    if (!is_certain)
        spare_living(search);
    if (search->has_weakrefs)
        cut_weak_references(search);
    if (search->has_finalizers)
        run_finalizers(&search->garbage);
    if (search->has_weakrefs || search->has_finalizers) {
        spare_living(search);
        cut_weak_references(search);
    }
    search->has_weakrefs = search->has_finalizers = false;
}

void trv__search_free(struct trv__search *search)
{
    free(search->pending.items);
    free(search->garbage.items);
    free(search->carries.slots);
}
