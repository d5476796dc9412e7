/* SPDX-License-Identifier: MIT */
/*
 * WeakMethod: a weak reference to a bound method.
 *
 * A bound method is made anew whenever it is asked for, so that a weak reference to one would be dead at once.
 * This one refers weakly to the method's object and to its function, and is dead as soon as one of them is.
 *
 * Invariants:
 *   - if there is a callback, both references have one of ours, which knows us by a weak reference only;
 *   - the callback is called once, for whichever of the two ends first: it is taken out then.
 */
#include "types/weakref.h"

#include "trivet/memory.h"

struct weakmethod {
    TRV__HEAD;
    trv_object *object; /* weak references, owned; NULL after clear */
    trv_object *function;
    trv_object *callback; /* owned; NULL if there is none, or once it was called */
};

static TRV__READ_ONLY struct trv_type weakmethod_type;

static struct weakmethod *as_weakmethod(trv_object *object)
{
    return (struct weakmethod *)object;
}

static int weakmethod_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct weakmethod *weak = as_weakmethod(self);
    int stop = weak->object ? visit(weak->object, argument) : 0;

    if (!stop && weak->function)
        stop = visit(weak->function, argument);
    return stop || !weak->callback ? stop : visit(weak->callback, argument);
}

static void weakmethod_clear(trv_object *self)
{
    trv_clear(&as_weakmethod(self)->object);
    trv_clear(&as_weakmethod(self)->function);
    trv_clear(&as_weakmethod(self)->callback);
}

/* What a weak reference of ours refers to: a new reference, or NULL if it has ended. */
static trv_object *referent(const trv_object *weakref)
{
    return weakref ? trv_ref(trv__weakref_referent(weakref)) : NULL;
}

static bool is_alive(const struct weakmethod *weak)
{
    return weak->object && weak->function && trv__weakref_referent(weak->object) &&
           trv__weakref_referent(weak->function);
}

/* The callback of both references: tells ours, if we are there still. */
static trv_object *tell(const trv_args *args)
{
    trv_auto trv_object *self = referent(args->self);
    trv_auto trv_object *callback = NULL;

    if (self)
        callback = trv_steal(&as_weakmethod(self)->callback);
    return callback ? trv_call_array(callback, &self, 1, NULL) : trv_none_new();
}

static int refer(struct weakmethod *weak, trv_object *object, trv_object *function)
{
    trv_auto trv_object *self = NULL;
    trv_auto trv_object *teller = NULL;

    if (weak->callback &&
        (!(self = trv_weakref_new((trv_object *)weak, NULL)) ||
         !(teller = trv__function_own(tell, "WeakMethod.callback(reference)", self))))
        return -1;
    return (weak->object = trv_weakref_new(object, teller)) &&
                   (weak->function = trv_weakref_new(function, teller))
               ? 0
               : -1;
}

trv_object *trv_weakref_method_new(trv_object *method, trv_object *callback)
{
    trv_auto trv_object *object = NULL;
    trv_auto trv_object *function = NULL;
    struct weakmethod *made;

    if (!trv__given(method, "trv_weakref_method_new") || (!callback && trv_error_occurred()))
        return NULL;
    if (method->type != &trv__method_type)
        return trv_raise(trv_TypeError, "argument should be a bound method, not <class '%s'>",
                         trv_type_name(method));
    if (callback && trv_is_none(callback))
        callback = NULL;
    if (callback && !trv_callable(callback))
        return trv_raise(trv_TypeError, "a weak reference's callback must be callable, not %s",
                         trv_type_name(callback));
    if (!(object = trv_method_self(method)) || !(function = trv_method_function(method)) ||
        !(made = trv__container_new(&weakmethod_type, sizeof *made)))
        return NULL;
    made->callback = trv_ref(callback);
    trv__track(made);
    if (refer(made, object, function) == 0)
        return (trv_object *)made;
    trv_unref((trv_object *)made);
    return NULL;
}

/* Slots ---------------------------------------------------------------------------------------- */

static trv_object *weakmethod_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *object = referent(as_weakmethod(self)->object);
    trv_auto trv_object *function = referent(as_weakmethod(self)->function);

    if (args->count || args->keywords)
        return trv_raise(trv_TypeError, "a weak reference takes no arguments");
    return object && function ? trv_method_new(function, object) : trv_none_new();
}

static trv_object *weakmethod_repr(trv_object *self)
{
    trv_auto trv_object *object = referent(as_weakmethod(self)->object);

    if (!object)
        return trv_str_printf("<weakref at %p; dead>", (void *)self);
    return trv_str_printf("<weakref at %p; to '%s' at %p>", (void *)self, trv_type_name(object),
                          (void *)object);
}

static int weakmethod_hash(trv_object *self, int64_t *hash)
{
    trv_auto trv_object *object = trv_ref(as_weakmethod(self)->object);

    if (!object)
        return trv_raise_int(trv_TypeError, "weak object has gone away");
    return trv_hash(object, hash);
}

/* Equal if the objects are and the functions are; a dead one only equals itself. */
static int weakmethod_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    struct weakmethod *a = as_weakmethod(self), *b = as_weakmethod(other);
    int is_equal = self == other;

    if (other->type != &weakmethod_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    if (is_alive(a) && is_alive(b)) {
        trv_auto trv_object *of_a = trv_ref(a->function), *of_b = trv_ref(b->function);
        is_equal = trv_equal(a->object, b->object);
        if (is_equal > 0)
            is_equal = trv_equal(of_a, of_b);
    }
    return is_equal < 0 ? -1 : is_equal == (op == TRV_EQUAL);
}

static trv_object *weakmethod_construct(const struct trv_type *type TRV_UNUSED,
                                        const trv_args *args)
{
    if (args->keywords || args->count < 1 || args->count > 2)
        return trv_raise(trv_TypeError, "WeakMethod(method[, callback]) takes 1 or 2 arguments");
    return trv_weakref_method_new(args->items[0], args->count > 1 ? args->items[1] : NULL);
}

static TRV__READ_ONLY struct trv_type weakmethod_type = {
    .handle = trv_weakref_method_type,
    .name = "WeakMethod",
    .doc =
        "WeakMethod(method[, callback]): refers to a bound method without keeping its object alive",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct weakmethod),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = weakmethod_traverse,
              .clear = weakmethod_clear,
              .repr = weakmethod_repr,
              .hash = weakmethod_hash,
              .compare = weakmethod_compare,
              .call = weakmethod_call},
    .construct = weakmethod_construct,
};
TRV__READ_ONLY trv_object trv_weakref_method_type[1] = {TRV__TYPE_HANDLE(weakmethod_type)};
