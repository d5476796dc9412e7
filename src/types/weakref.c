/* SPDX-License-Identifier: MIT */
/*
 * weakref: an object that knows another one without keeping it alive.
 *
 * Who refers weakly to an object is kept by the heap (heap/weak.c), which clears the weak references
 * when the object ends and calls their callbacks. Here is the object that users hold.
 *
 * Invariants:
 *   - a weak reference is in the heap's table exactly if `is_linked` and its referent lives.
 *     Immortal objects never end, and static ones must not be written: references to them are not
 *     linked, and not shared;
 *   - the weak references without a callback to one object are one, as long as it is held;
 *   - a weak reference hashes as its referent did when it was first asked, and two are equal if
 *     their referents are; once one has ended, a reference equals only itself.
 */
#include "object/object.h"

struct weakref {
    struct trv__weak weak;
    int64_t hash;
    bool is_linked;
    bool is_hashed;
};

static struct weakref *weakref_of(trv_object *object)
{
    return (struct weakref *)(void *)object;
}

/* The referent, borrowed; NULL if it has ended. */
static trv_object *referent_of(trv_object *self)
{
    return weakref_of(self)->weak.referent;
}

/* Making --------------------------------------------------------------------------------------- */

/* The one weak reference of an object that has no callback, or NULL. */
static trv_object *find_shared(const trv_object *object)
{
    struct trv__weak *weak = trv__weak_first(object);

    while (weak && (weak->callback || weak->refcount <= 0))
        weak = weak->next;
    return trv_ref((trv_object *)weak);
}

static trv_object *make(trv_object *object, trv_object *callback)
{
    struct weakref *made = trv__container_new(&trv__weakref_type, sizeof *made);

    if (!made)
        return NULL;
    made->weak.referent = object;
    if (!trv__is_immortal(object)) {
        if (trv__weak_link(&made->weak) < 0) {
            trv__object_discard(made);
            return NULL;
        }
        made->is_linked = true;
    }
    /* Without a callback it refers to nothing, and can be in no cycle. */
    made->weak.callback = trv_ref(callback);
    if (callback)
        trv__track(made);
    return (trv_object *)made;
}

static bool can_be_referenced(const trv_object *object)
{
    if (!(object->type->flags & TRV__TYPE_NO_WEAKREF))
        return true;
    trv_raise(trv_TypeError, "cannot create weak reference to '%s' object", trv_type_name(object));
    return false;
}

trv_object *trv_weakref_new(trv_object *object, trv_object *callback)
{
    trv_object *shared;

    if (!trv__given(object, "trv_weakref_new") || (!callback && trv_error_occurred()))
        return NULL;
    if (!can_be_referenced(object))
        return NULL;
    if (trv_is_none(callback))
        callback = NULL;
    if (callback && !trv_callable(callback))
        return trv_raise(trv_TypeError, "a weak reference's callback must be callable, not %s",
                         trv_type_name(callback));
    if (!callback && (shared = find_shared(object)))
        return shared;
    return make(object, callback);
}

trv_object *trv_weakref_get(trv_object *weakref)
{
    trv_object *referent;

    if (!trv__expect(weakref, &trv__weakref_type, "trv_weakref_get"))
        return NULL;
    referent = referent_of(weakref);
    return referent ? trv_ref(referent) : trv_none_new();
}

/* Slots ---------------------------------------------------------------------------------------- */

static trv_object *weakref_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return NULL;
    if (keywords || args->count < 1 || args->count > 2)
        return trv_raise(trv_TypeError, "weakref(object[, callback]) takes 1 or 2 arguments");
    return trv_weakref_new(args->items[0], args->count > 1 ? args->items[1] : NULL);
}

static int weakref_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *callback = weakref_of(self)->weak.callback;

    return callback ? visit(callback, argument) : 0;
}

static void weakref_clear(trv_object *self)
{
    struct weakref *weakref = weakref_of(self);

    if (weakref->is_linked)
        trv__weak_unlink(&weakref->weak);
    weakref->is_linked = false;
    weakref->weak.referent = NULL;
    trv_clear(&weakref->weak.callback);
}

static trv_object *weakref_repr(trv_object *self)
{
    trv_object *referent = referent_of(self);

    if (!referent)
        return trv_str_printf("<weakref at %p; dead>", (void *)self);
    return trv_str_printf("<weakref at %p; to '%s' at %p>", (void *)self, trv_type_name(referent),
                          (void *)referent);
}

static int weakref_hash(trv_object *self, int64_t *hash)
{
    struct weakref *weakref = weakref_of(self);
    trv_object *referent = trv_ref(referent_of(self));
    int result = 0;

    if (!weakref->is_hashed) {
        if (!referent)
            return trv_raise_int(trv_TypeError, "weak object has gone away");
        result = trv_hash(referent, &weakref->hash);
        weakref->is_hashed = result == 0;
    }
    *hash = weakref->hash;
    trv_unref(referent);
    return result;
}

static int weakref_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_object *a, *b;
    int is_equal;

    if (other->type != &trv__weakref_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    a = trv_ref(referent_of(self));
    b = trv_ref(referent_of(other));
    is_equal = a && b ? trv_equal(a, b) : self == other;
    trv_unref(a);
    trv_unref(b);
    return is_equal < 0 ? -1 : op == TRV_EQUAL ? is_equal : !is_equal;
}

static trv_object *weakref_call(trv_object *self, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "a weak reference takes no arguments");
    return trv_weakref_get(self);
}

TRV__READ_ONLY struct trv_type trv__weakref_type = {
    .handle = trv_weakref_type,
    .name = "weakref",
    .doc = "weakref(object[, callback]): refers to an object without keeping it alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct weakref),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .construct = weakref_construct,
    .slots =
        {
            .traverse = weakref_traverse,
            .clear = weakref_clear,
            .repr = weakref_repr,
            .str = weakref_repr,
            .hash = weakref_hash,
            .compare = weakref_compare,
            .call = weakref_call,
        },
};
TRV__READ_ONLY trv_object trv_weakref_type[1] = {TRV__TYPE_HANDLE(trv__weakref_type)};
