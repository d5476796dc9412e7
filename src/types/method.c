/* SPDX-License-Identifier: MIT */
/*
 * method: a function bound to an object, which it gets as its first argument.
 *
 * Two methods are equal if their functions are and they are bound to the same object; what the
 * object is equal to does not matter. Attributes a method has not itself are its function's.
 */
#include "object/lookup.h"

#include "trivet/class.h"
#include "trivet/copy.h"

#include <string.h>

struct trv__bound_method {
    TRV__HEAD;
    trv_object *function; /* owned; NULL after clear */
    trv_object *self;     /* owned; NULL after clear */
};

typedef struct trv__bound_method method_t;

#define ITEMS_INLINE 8

static method_t *as_method(trv_object *object)
{
    return (method_t *)object;
}

static int method_traverse(trv_object *self, trv_visit visit, void *argument)
{
    method_t *method = as_method(self);
    int stop = method->function ? visit(method->function, argument) : 0;

    return stop || !method->self ? stop : visit(method->self, argument);
}

static void method_clear(trv_object *self)
{
    trv_clear(&as_method(self)->function);
    trv_clear(&as_method(self)->self);
}

/* The name a function goes by in a text, as a str; NULL with nothing set if it has none. */
static trv_object *name_of(trv_object *function)
{
    static const char *const names[] = {"__qualname__", "__name__"};

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        trv_auto trv_object *name = trv_getattr(function, names[i]);
        if (name && trv__type_derives(name->type, &trv__str_type))
            return trv_steal(&name);
        if (!name && !trv_error_matches(trv_AttributeError))
            return NULL;
        trv_error_clear();
    }
    return NULL;
}

static trv_object *method_repr(trv_object *self)
{
    trv_auto trv_object *name = name_of(as_method(self)->function);
    trv_auto trv_object *receiver = NULL;

    if ((!name && trv_error_occurred()) || !(receiver = trv_repr(as_method(self)->self)))
        return NULL;
    return trv_str_printf("<bound method %s of %s>", name ? trv_str_utf8(name, NULL) : "?",
                          trv_str_utf8(receiver, NULL));
}

static int method_hash(trv_object *self, int64_t *hash)
{
    if (trv_hash(as_method(self)->function, hash) < 0)
        return -1;
    *hash ^= (int64_t)trv__hash_mix((uintptr_t)as_method(self)->self);
    return 0;
}

static int method_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int equal;

    if (other->type != &trv__method_type || (op != TRV_EQUAL && op != TRV_NOT_EQUAL))
        return TRV_UNKNOWN;
    equal = as_method(self)->self != as_method(other)->self
                ? 0
                : trv_equal(as_method(self)->function, as_method(other)->function);
    return equal < 0 ? -1 : equal == (op == TRV_EQUAL);
}

/* The function may be dropped by what it does, with its method; so both are held. */
static trv_object *method_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *function = trv_ref(as_method(self)->function);
    trv_auto trv_object *receiver = trv_ref(as_method(self)->self);
    trv_object *small[ITEMS_INLINE], **items = small, *result;
    size_t bytes = (args->count + 1) * sizeof *items;

    if (args->count >= ITEMS_INLINE && !(items = trv__allocate(bytes)))
        return NULL;
    items[0] = receiver;
    if (args->count)
        memcpy(items + 1, args->items, args->count * sizeof *items);
    result = trv_call_array(function, items, args->count + 1, args->keywords);
    if (items != small)
        trv__free(items, bytes);
    return result;
}

static int method_getattr(trv_object *self, const char *name, trv_object **value)
{
    if (strcmp(name, "__func__") == 0)
        *value = trv_ref(as_method(self)->function);
    else if (strcmp(name, "__self__") == 0)
        *value = trv_ref(as_method(self)->self);
    return *value != NULL;
}

/* What methods have of their own goes before; but what is said of them is said of the function. */
static trv_object *method_get_attribute(trv_object *self, trv_object *name)
{
    const char *text = trv_str_utf8(name, NULL);
    trv_object *found;
    int there = trv__type_find(self->type, name, &found);

    if (there < 0)
        return NULL;
    if ((there && strcmp(text, "__doc__") != 0) || strcmp(text, "__func__") == 0 ||
        strcmp(text, "__self__") == 0)
        return trv__object_get(self, name);
    return trv_getattr_str(as_method(self)->function, name);
}

static trv_object *method_copy(trv_object *self, trv_object *memo)
{
    trv_auto trv_object *receiver = NULL;

    if (!memo)
        return trv_ref(self);
    receiver = trv_deepcopy_with(as_method(self)->self, memo);
    return receiver ? trv_method_new(as_method(self)->function, receiver) : NULL;
}

static trv_object *method_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->keywords)
        return trv_raise(trv_TypeError, "method() takes no keyword arguments");
    if (args->count != 2)
        return trv_raise(trv_TypeError, "method expected 2 arguments, got %zu", args->count);
    if (!trv_callable(args->items[0]))
        return trv_raise(trv_TypeError, "first argument must be callable");
    if (trv_is_none(args->items[1]))
        return trv_raise(trv_TypeError, "instance must not be None");
    return trv_method_new(args->items[0], args->items[1]);
}

TRV__READ_ONLY struct trv_type trv__method_type = {
    .handle = trv_method_type,
    .name = "method",
    .doc = "method(function, instance): calls the function with the instance first",
    .base = &trv__object_type,
    .instance_bytes = sizeof(method_t),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = method_traverse,
              .clear = method_clear,
              .repr = method_repr,
              .hash = method_hash,
              .compare = method_compare,
              .call = method_call,
              .getattr = method_getattr,
              .copy = method_copy},
    .get_attribute = method_get_attribute,
    .construct = method_construct,
};

TRV__READ_ONLY trv_object trv_method_type[1] = {TRV__TYPE_HANDLE(trv__method_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_method_new(trv_object *function, trv_object *self)
{
    method_t *method;

    if (!trv__given(function, "trv_method_new") || !trv__given(self, "trv_method_new"))
        return NULL;
    if (!trv_callable(function))
        return trv_raise(trv_TypeError, "first argument must be callable");
    method = trv__container_new(&trv__method_type, sizeof *method);
    if (!method)
        return NULL;
    method->function = trv_ref(function);
    method->self = trv_ref(self);
    trv__track(method);
    return (trv_object *)method;
}

trv_object *trv_method_function(trv_object *method)
{
    if (!trv__expect(method, &trv__method_type, "trv_method_function"))
        return NULL;
    return trv_ref(as_method(method)->function);
}

trv_object *trv_method_self(trv_object *method)
{
    if (!trv__expect(method, &trv__method_type, "trv_method_self"))
        return NULL;
    return trv_ref(as_method(method)->self);
}
