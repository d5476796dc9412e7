/* SPDX-License-Identifier: MIT */
/*
 * The bases of a type: the links that hold them and lead to what derives from them, and their change.
 *
 * An order of lookup holds nothing. Each type in it is held by the bases of the type whose order it is, by theirs, or
 * by a link of its own. So when bases change, the orders of the type and of all that derives from it change with
 * them, or nothing does: the old orders and links are kept until all new ones are there, and putting them back needs
 * no memory. A metaclass's mro() may run anything meanwhile, even make other classes by the orders that are
 * being tried, or assign bases. After such, if the assignment fails, what others have made stays, and the bases
 * that were tried are kept as long as the type, because there may be orders that name them.
 *
 * Lookups remember what they found until a type has a new version. It gets one with each order.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

/* Links -------------------------------------------------------------------------------------- */

static void link_to(struct trv__heap_type *heap, struct trv__base_link *link, trv_object *to)
{
    const struct trv_type *base = trv__type_of_handle(to);

    link->base = trv_ref(to);
    link->derived = heap;
    trv__list_init(&link->link);
    if (trv__is_heap_type(base))
        trv__list_append(&trv__heap_type_of(base)->subclasses, &link->link);
}

int trv__bases_link(struct trv__heap_type *heap)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(heap->bases, &count);
    heap->links = trv__allocate_zeroed(count * sizeof *heap->links);
    if (!heap->links)
        return -1;
    heap->link_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        link_to(heap, &heap->links[i], items[i]);
    return 0;
}

void trv__links_drop(struct trv__base_link **links, uint32_t *count)
{
    struct trv__base_link *dropped = *links;
    uint32_t dropped_count = *count;

    *links = NULL;
    *count = 0;
    for (uint32_t i = 0; i < dropped_count; i++) {
        trv__list_remove(&dropped[i].link);
        trv_unref(dropped[i].base);
    }
    trv__free(dropped, dropped_count * sizeof *dropped);
}

/* Whether a type that is in an order of lookup is held: by itself, by the bases, or by a link. */
static bool is_held(const struct trv__heap_type *heap, const trv_object *type)
{
    const struct trv_type *found = trv__type_of_handle(type);

    if (found == &heap->made || !trv__is_heap_type(found))
        return true;
    for (uint32_t i = 0; i < heap->more_count; i++)
        if (heap->more[i].base == type)
            return true;
    for (uint32_t i = 0; i < heap->link_count; i++)
        if (trv__type_derives(trv__type_of_handle(heap->links[i].base), found))
            return true;
    return false;
}

int trv__order_link(struct trv__heap_type *heap, trv_object *order)
{
    struct trv__base_link *links;
    trv_object *const *items;
    uint32_t needed = 0, linked = 0;
    size_t count;

    items = trv__tuple_items(order, &count);
    for (size_t i = 0; i < count; i++)
        needed += !is_held(heap, items[i]);
    if (!needed)
        return 0;
    if (!(links = trv__allocate_zeroed(needed * sizeof *links)))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (!is_held(heap, items[i]))
            link_to(heap, &links[linked++], items[i]);
    heap->more = links;
    heap->more_count = linked;
    return 0;
}

/* What lookups find -------------------------------------------------------------------------- */

static int change_derived(const struct trv_type *type, trv_object *name)
{
    struct trv__heap_type *heap = trv__heap_type_of(type);
    int bad = trv__slots_update(&heap->made, name);

    heap->made.version = trv__new_version();
    LIST_EACH(node, &heap->subclasses)
        if (change_derived(&CONTAINER_OF(node, struct trv__base_link, link)->derived->made, name) <
            0)
            bad = -1;
    return bad;
}

/* Names that no slot follows change nothing but what lookups find. */
static void new_versions(const struct trv_type *type)
{
    struct trv__heap_type *heap = trv__heap_type_of(type);

    heap->made.version = trv__new_version();
    LIST_EACH(node, &heap->subclasses)
        new_versions(&CONTAINER_OF(node, struct trv__base_link, link)->derived->made);
}

int trv__type_changed(const struct trv_type *type, trv_object *name)
{
    const char *text = name ? trv_str_utf8(name, NULL) : "__";

    if (text[0] == '_' && text[1] == '_')
        return change_derived(type, name);
    new_versions(type);
    return 0;
}

/* Assigning ---------------------------------------------------------------------------------- */

/* An order that was replaced. */
struct replaced {
    struct trv__heap_type *heap; /* owned */
    const struct trv_type *const *order;
    uint32_t count;
};

struct renewal {
    struct replaced *items;
    size_t count, capacity;
    uint64_t began; /* objects->lookup.orders then */
};

static void free_order(const struct trv_type *const *order, uint32_t count)
{
    trv__free((void *)(uintptr_t)order, count * sizeof *order);
}

static void put_order(struct trv__heap_type *heap, const struct trv_type *const *order,
                      uint32_t count)
{
    heap->made.mro = order;
    heap->made.mro_count = count;
    heap->made.version = trv__new_version();
    trv__current->objects->lookup.orders++;
}

static int make_room(struct renewal *renewal)
{
    size_t capacity = MAX_OF(renewal->capacity * 2, (size_t)8);
    void *grown;

    if (renewal->count < renewal->capacity)
        return 0;
    grown = trv__reallocate(renewal->items, renewal->capacity * sizeof *renewal->items,
                            capacity * sizeof *renewal->items);
    if (!grown)
        return -1;
    renewal->items = grown;
    renewal->capacity = capacity;
    return 0;
}

/* What an mro() of its own names anew nothing would hold. */
static int check_held(const struct trv__heap_type *heap, const struct trv_type *const *order,
                      uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!is_held(heap, order[i]->handle))
            return trv_raise_int(trv_TypeError,
                                 "mro() of '%s' returned '%s', which is none of its bases",
                                 heap->made.name, order[i]->name);
    return 0;
}

/* A new order of lookup, made of the bases there are. */
static int renew_order(struct renewal *renewal, struct trv__heap_type *heap)
{
    uint32_t count;
    trv_auto trv_object *said = NULL;
    const struct trv_type **order = trv__mro_of(heap, &said, &count);

    if (!order)
        return -1;
    if ((said && check_held(heap, order, count) < 0) || make_room(renewal) < 0) {
        free_order(order, count);
        return -1;
    }
    trv_ref((trv_object *)heap);
    renewal->items[renewal->count++] =
        (struct replaced){heap, heap->made.mro, heap->made.mro_count};
    put_order(heap, order, count);
    return 0;
}

/* The orders of lookup of a type and of all derived from it, which are held meanwhile. */
static int renew_orders(struct renewal *renewal, struct trv__heap_type *heap)
{
    trv_auto trv_object *derived = trv_list_new();
    trv_object *const *items;
    size_t count;

    if (!derived || renew_order(renewal, heap) < 0)
        return -1;
    derived->flags |= TRV__PRIVATE;
    LIST_EACH(node, &heap->subclasses) {
        struct trv__heap_type *one = CONTAINER_OF(node, struct trv__base_link, link)->derived;
        if (one->refcount > 0 && one->made.mro && trv_list_append(derived, (trv_object *)one) < 0)
            return -1;
    }
    items = trv__list_items(derived, &count);
    for (size_t i = 0; i < count; i++)
        if (renew_orders(renewal, (struct trv__heap_type *)items[i]) < 0)
            return -1;
    return 0;
}

/* Whether the orders that were replaced are all that was done to orders. */
static bool is_alone(const struct renewal *renewal)
{
    return trv__current->objects->lookup.orders == renewal->began + renewal->count;
}

/* Puts the old orders back, the last first. */
static void undo(struct renewal *renewal)
{
    for (size_t i = renewal->count; i-- > 0;) {
        struct replaced *one = &renewal->items[i];
        const struct trv_type *const *order = one->heap->made.mro;
        uint32_t count = one->heap->made.mro_count;
        put_order(one->heap, one->order, one->count);
        one->order = order;
        one->count = count;
    }
}

/* Drops the orders that are not in force. */
static void end(struct renewal *renewal)
{
    for (size_t i = 0; i < renewal->count; i++)
        free_order(renewal->items[i].order, renewal->items[i].count);
    for (size_t i = 0; i < renewal->count; i++)
        trv_unref((trv_object *)renewal->items[i].heap);
    trv__free(renewal->items, renewal->capacity * sizeof *renewal->items);
}

/* What is tried: kept in the type, and taken out of what it keeps if that need not be. */
static void forget(struct trv__heap_type *heap, const trv_object *bases)
{
    trv_object *const *items;
    size_t count, at;

    items = trv__list_items(heap->kept, &count);
    for (at = count; at > 0 && items[at - 1] != bases;)
        at--;
    if (count == 1)
        trv_clear(&heap->kept);
    else
        trv_unref(trv_list_pop(heap->kept, (int64_t)at - 1));
}

/* The links of the bases that were, for a while. */
struct before {
    struct trv__base_link *links;
    uint32_t link_count;
    const struct trv_type *base;
    trv_object *bases; /* owned */
};

static void put_bases_back(struct trv__heap_type *heap, struct before *before)
{
    struct trv__base_link *links = heap->links;
    uint32_t link_count = heap->link_count;
    trv_object *bases = heap->bases;

    heap->links = before->links;
    heap->link_count = before->link_count;
    heap->made.base = before->base;
    heap->bases = before->bases;
    before->links = links;
    before->link_count = link_count;
    before->bases = bases;
}

/* After a failure: all as it was, or, where others have made orders meanwhile, as well as can be. */
static void take_back(struct renewal *renewal, struct trv__heap_type *heap, trv_object *bases,
                      struct before *before)
{
    bool alone = is_alone(renewal);
    struct renewal again = {.count = 0};

    if (alone)
        undo(renewal);
    if (heap->bases == bases)
        put_bases_back(heap, before);
    if (alone)
        forget(heap, bases);
    else if (renew_orders(&again, heap) < 0 || trv__type_changed(&heap->made, NULL) < 0)
        trv_error_clear(); /* lookups go by the orders there are */
    end(&again);
}

static int use_bases(struct trv__heap_type *heap, trv_object *bases, const struct trv_type *base)
{
    struct before before = {heap->links, heap->link_count, heap->made.base, heap->bases};
    struct renewal renewal = {.began = trv__current->objects->lookup.orders};
    trv_auto trv_object *error = NULL;

    if (trv__type_keep(heap, bases) < 0)
        return -1;
    heap->links = NULL;
    heap->link_count = 0;
    heap->bases = trv_ref(bases);
    heap->made.base = base;
    if (trv__bases_link(heap) == 0 && renew_orders(&renewal, heap) == 0) {
        forget(heap, bases);
    } else {
        error = trv_error_take();
        take_back(&renewal, heap, bases, &before);
    }
    end(&renewal);
    trv__links_drop(&before.links, &before.link_count);
    trv_unref(before.bases);
    if (!error)
        return trv__type_changed(&heap->made, NULL);
    trv_error_restore(error);
    return -1;
}

int trv__type_set_bases(struct trv__heap_type *heap, trv_object *bases)
{
    const struct trv_type *base = trv__best_base(bases);
    trv_object *const *items;
    size_t count;

    if (!base)
        return -1;
    if (!heap->made.mro)
        return trv_raise_int(trv_TypeError, "type '%s' is incomplete", heap->made.name);
    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; i < count; i++)
        if (trv__type_derives(trv__type_of_handle(items[i]), &heap->made))
            return trv_raise_int(trv_TypeError, "a __bases__ item causes an inheritance cycle");
    if (!trv__is_laid_out_by(base, heap->made.base) ||
        !trv__is_laid_out_by(heap->made.base, base) ||
        base->attributes_offset != heap->made.base->attributes_offset)
        return trv_raise_int(trv_TypeError,
                             "__bases__ assignment: '%s' object layout differs from '%s'",
                             base->name, heap->made.base->name);
    return use_bases(heap, bases, base);
}
