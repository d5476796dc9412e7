/* SPDX-License-Identifier: MIT */
/*
 * Python's gc.get_objects, get_referrers and get_referents.
 *
 * Each walks twice: what the list must hold is counted first, so that nothing is allocated while the
 * heap is walked and the list, made before, is filled without a step that can fail. The list itself is
 * not among what it holds. Nor is what is hidden or private: whoever were given an object in the middle of its end, or
 * the dict of a class, could change what the library relies on.
 */
#include "heap/walk.h"
#include "types/list.h"

#include "trivet/inspect.h"

struct search {
    int generation; /* or -1 */
    trv_object *const *wanted;
    size_t wanted_count;
    struct trv__list_object *list; /* NULL: counts only */
    size_t count;
};

static void found(struct search *search, trv_object *object)
{
    if (search->list)
        search->list->items[search->list->count++] = trv_ref(object);
    else
        search->count++;
}

/* The list is filled by a second call of `walk`. */
static trv_object *collect(struct search *search, void (*walk)(struct search *search))
{
    trv_object *list;

    walk(search);
    list = trv_list_new();
    if (!list || trv__list_reserve(trv__as_list(list), search->count) < 0) {
        trv_unref(list);
        return NULL;
    }
    search->list = trv__as_list(list);
    walk(search);
    return list;
}

static bool are_given(trv_object *const *objects, size_t count, const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__given(objects ? objects[i] : NULL, function))
            return false;
    return true;
}

static bool is_seen(const struct search *search, const trv_object *object)
{
    return (object->flags & (TRV__TRACKED | TRV__HIDDEN | TRV__PRIVATE)) == TRV__TRACKED &&
           object != (trv_object *)search->list;
}

/* Objects ------------------------------------------------------------------------------------------ */

static void see_object(trv_object *object, void *argument)
{
    struct search *search = argument;

    if (is_seen(search, object) &&
        (search->generation < 0 || trv__generation_of(object) == search->generation))
        found(search, object);
}

static void walk_objects(struct search *search)
{
    trv__each_object(trv__current->heap, see_object, search);
}

trv_object *trv_gc_objects(int generation)
{
    struct search search = {.generation = generation};

    if (generation < -1 || generation > 2)
        return trv_raise(trv_ValueError, "invalid generation: %d", generation);
    return collect(&search, walk_objects);
}

/* Referrers ---------------------------------------------------------------------------------------- */

static int is_wanted(trv_object *child, void *argument)
{
    const struct search *search = argument;

    for (size_t i = 0; child && i < search->wanted_count; i++)
        if (search->wanted[i] == child)
            return 1;
    return 0;
}

static void see_referrer(trv_object *object, void *argument)
{
    struct search *search = argument;

    if (is_seen(search, object) && object->type->slots.traverse(object, is_wanted, search))
        found(search, object);
}

static void walk_referrers(struct search *search)
{
    trv__each_object(trv__current->heap, see_referrer, search);
}

trv_object *trv_gc_referrers(trv_object *const *objects, size_t count)
{
    struct search search = {.wanted = objects, .wanted_count = count};

    return are_given(objects, count, "trv_gc_referrers") ? collect(&search, walk_referrers) : NULL;
}

/* Referents ---------------------------------------------------------------------------------------- */

static int see_referent(trv_object *child, void *argument)
{
    if (child && !(child->flags & (TRV__HIDDEN | TRV__PRIVATE)))
        found(argument, child);
    return 0;
}

static void walk_referents(struct search *search)
{
    for (size_t i = 0; i < search->wanted_count; i++) {
        trv_object *object = search->wanted[i];
        if (object->type->slots.traverse)
            object->type->slots.traverse(object, see_referent, search);
    }
}

trv_object *trv_gc_referents(trv_object *const *objects, size_t count)
{
    struct search search = {.wanted = objects, .wanted_count = count};

    return are_given(objects, count, "trv_gc_referents") ? collect(&search, walk_referents) : NULL;
}
