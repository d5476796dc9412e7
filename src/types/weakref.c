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
#include "types/weakref.h"

#include "types/list.h"

/* Making --------------------------------------------------------------------------------------- */

/* The one weak reference of that type that an object has without a callback, or NULL. */
static trv_object *find_shared(const struct trv_type *type, const trv_object *object)
{
    struct trv__weak *weak = trv__weak_first(object);

    while (weak && (weak->callback || weak->refcount <= 0 || weak->type != type))
        weak = weak->next;
    return trv_ref((trv_object *)weak);
}

static trv_object *make(const struct trv_type *type, trv_object *object, trv_object *callback)
{
    struct trv__weakref *made = trv__container_new(type, type->instance_bytes);

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

trv_object *trv__weakref_make(const struct trv_type *type, trv_object *object, trv_object *callback,
                              const char *function)
{
    trv_object *shared;

    if (!trv__given(object, function) || (!callback && trv_error_occurred()))
        return NULL;
    if (!can_be_referenced(object))
        return NULL;
    if (trv_is_none(callback))
        callback = NULL;
    if (callback && !trv_callable(callback))
        return trv_raise(trv_TypeError, "a weak reference's callback must be callable, not %s",
                         trv_type_name(callback));
    if (!callback && (shared = find_shared(type, object)))
        return shared;
    return make(type, object, callback);
}

trv_object *trv_weakref_new(trv_object *object, trv_object *callback)
{
    return trv__weakref_make(&trv__weakref_type, object, callback, "trv_weakref_new");
}

trv_object *trv_weakref_get(trv_object *weakref)
{
    trv_object *referent;

    if (!trv__expect(weakref, &trv__weakref_type, "trv_weakref_get"))
        return NULL;
    referent = trv__weakref_referent(weakref);
    return referent ? trv_ref(referent) : trv_none_new();
}

/* All weak references of an object ------------------------------------------------------------- */

size_t trv_weakref_count(const trv_object *object)
{
    size_t count = 0;

    for (struct trv__weak *weak = object ? trv__weak_first(object) : NULL; weak; weak = weak->next)
        count += weak->refcount > 0;
    return count;
}

trv_object *trv_weakref_list(trv_object *object)
{
    trv_auto trv_object *list = NULL;

    if (!trv__given(object, "trv_weakref_list"))
        return NULL;
    list = trv_list_new();
    if (!list || trv__list_reserve(trv__as_list(list), trv_weakref_count(object)) < 0)
        return NULL;
    for (struct trv__weak *weak = trv__weak_first(object); weak; weak = weak->next)
        if (weak->refcount > 0 && trv_list_append(list, (trv_object *)weak) < 0)
            return NULL;
    return trv_steal(&list);
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

int trv__weakref_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *callback = trv__as_weakref(self)->weak.callback;

    return callback ? visit(callback, argument) : 0;
}

void trv__weakref_clear(trv_object *self)
{
    struct trv__weakref *weakref = trv__as_weakref(self);

    if (weakref->is_linked)
        trv__weak_unlink(&weakref->weak);
    weakref->is_linked = false;
    weakref->weak.referent = NULL;
    trv_clear(&weakref->weak.callback);
}

trv_object *trv__weakref_repr(trv_object *self)
{
    trv_object *referent = trv__weakref_referent(self);

    if (!referent)
        return trv_str_printf("<weakref at %p; dead>", (void *)self);
    return trv_str_printf("<weakref at %p; to '%s' at %p>", (void *)self, trv_type_name(referent),
                          (void *)referent);
}

int trv__weakref_hash(trv_object *self, int64_t *hash)
{
    struct trv__weakref *weakref = trv__as_weakref(self);
    trv_object *referent = trv_ref(trv__weakref_referent(self));
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

int trv__weakref_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_object *a, *b;
    int is_equal;

    if (!trv__type_derives(other->type, &trv__weakref_type) ||
        (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    a = trv_ref(trv__weakref_referent(self));
    b = trv_ref(trv__weakref_referent(other));
    is_equal = a && b ? trv_equal(a, b) : self == other;
    trv_unref(a);
    trv_unref(b);
    return is_equal < 0 ? -1 : op == TRV_EQUAL ? is_equal : !is_equal;
}

trv_object *trv__weakref_call(trv_object *self, const trv_args *args)
{
    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "a weak reference takes no arguments");
    return trv_weakref_get(self);
}

static trv_object *get_callback(const trv_args *args)
{
    trv_object *callback = trv__as_weakref(args->self)->weak.callback;

    return callback ? trv_ref(callback) : trv_none_new();
}

static const struct trv__method methods[] = {
    {"__callback__", NULL, get_callback},
    {NULL, NULL, NULL},
};

TRV__READ_ONLY struct trv_type trv__weakref_type = {
    .handle = trv_weakref_type,
    .name = "weakref",
    .doc = "weakref(object[, callback]): refers to an object without keeping it alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__weakref),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .construct = weakref_construct,
    .slots =
        {
            .traverse = trv__weakref_traverse,
            .clear = trv__weakref_clear,
            .repr = trv__weakref_repr,
            .str = trv__weakref_repr,
            .hash = trv__weakref_hash,
            .compare = trv__weakref_compare,
            .call = trv__weakref_call,
        },
    .methods = methods,
};
TRV__READ_ONLY trv_object trv_weakref_type[1] = {TRV__TYPE_HANDLE(trv__weakref_type)};
