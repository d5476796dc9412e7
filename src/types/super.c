/* SPDX-License-Identifier: MIT */
/*
 * super: attributes as the types after a given one, in an object's order of lookup, have them.
 *
 * super(type, object) looks in the order of the object's type, from behind `type` on; what it finds it
 * binds to the object. If the object is itself a type that derives from `type`, it looks in that
 * type's order, and binds as the type does (for class methods and __new__).
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/class.h"

struct super {
    TRV__HEAD;
    trv_object *start;  /* owned: the type to begin behind; NULL once cleared, as the next two */
    trv_object *object; /* owned */
    trv_object *order;  /* owned: the type whose order of lookup it is */
};

static struct super *super_of(const trv_object *object)
{
    return (struct super *)(void *)(uintptr_t)object;
}

/* The type whose order of lookup counts, borrowed; NULL with TypeError. */
static trv_object *order_of(const struct trv_type *start, trv_object *object)
{
    if (trv__is_type(object) && trv__type_derives(trv__type_of_handle(object), start))
        return object;
    if (trv__type_derives(object->type, start))
        return object->type->handle;
    return trv_raise(trv_TypeError, "super(type, obj): obj must be an instance or subtype of type");
}

static trv_object *make(const struct trv_type *type, trv_object *start, trv_object *object)
{
    struct super *self;
    trv_object *order;

    if (!trv__is_type(start))
        return trv_raise(trv_TypeError, "super() argument 1 must be a type, not %s",
                         start->type->name);
    if (!(order = order_of(trv__type_of_handle(start), object)) ||
        !(self = trv__instance_new(type, sizeof *self)))
        return NULL;
    self->start = trv_ref(start);
    self->object = trv_ref(object);
    self->order = trv_ref(order);
    trv__track(self);
    return (trv_object *)self;
}

trv_object *trv_super_new(trv_object *type, trv_object *object)
{
    if (!trv__given(type, "trv_super_new") || !trv__given(object, "trv_super_new"))
        return NULL;
    return make(&trv__super_type, type, object);
}

static trv_object *super_construct(const struct trv_type *type, const trv_args *args)
{
    if (args->keywords || args->count != 2)
        return trv_raise(trv_TypeError, "super(type, object) takes 2 arguments");
    if (!trv__given(args->items[0], "super") || !trv__given(args->items[1], "super"))
        return NULL;
    return make(type, args->items[0], args->items[1]);
}

static int super_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *references[] = {super_of(self)->start, super_of(self)->object,
                                super_of(self)->order};
    int stop = 0;

    for (size_t i = 0; i < COUNT_OF(references) && !stop; i++)
        if (references[i])
            stop = visit(references[i], argument);
    return stop;
}

static void super_clear(trv_object *self)
{
    trv_clear(&super_of(self)->start);
    trv_clear(&super_of(self)->object);
    trv_clear(&super_of(self)->order);
}

static trv_object *super_repr(trv_object *self)
{
    const struct super *super = super_of(self);

    if (!super->start || !super->order)
        return trv__repr_default(self);
    return trv_str_printf("<super: <class '%s'>, <%s object>>",
                          trv__type_of_handle(super->start)->name,
                          trv__type_of_handle(super->order)->name);
}

/* The place behind `start` in an order of lookup. */
static size_t place_behind(const struct trv_type *order, const struct trv_type *start)
{
    const struct trv_type *at;
    size_t n = 0;

    while ((at = trv__mro_at(order, n)) != NULL && at != start)
        n++;
    return n + 1;
}

static trv_object *super_get_attribute(trv_object *self, trv_object *name)
{
    const struct super *super = super_of(self);
    trv_auto trv_object *found = NULL;
    const struct trv_type *order;
    int there;

    if (!super->order || name == trv__dunder(TRV__NAME_class))
        return trv__object_get(self, name);
    order = trv__type_of_handle(super->order);
    there = trv__type_find_from(order, place_behind(order, trv__type_of_handle(super->start)), name,
                                &found, NULL);
    if (there <= 0)
        return there < 0 ? NULL : trv__object_get(self, name);
    trv_ref(found);
    if (!found->type->slots.get)
        return trv_ref(found);
    return found->type->slots.get(found, super->object == super->order ? NULL : super->object,
                                  super->order);
}

static trv_object *get_start(const trv_args *args)
{
    return trv_ref(super_of(args->self)->start);
}

static trv_object *get_object(const trv_args *args)
{
    return trv_ref(super_of(args->self)->object);
}

static trv_object *get_order(const trv_args *args)
{
    return trv_ref(super_of(args->self)->order);
}

static const struct trv__method methods[] = {
    {"__thisclass__", NULL, get_start},
    {"__self__", NULL, get_object},
    {"__self_class__", NULL, get_order},
    {0},
};

TRV__READ_ONLY struct trv_type trv__super_type = {
    .handle = trv_super_type,
    .name = "super",
    .doc = "super(type, object): attributes as the types after `type` have them",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct super),
    .flags = TRV__TYPE_CONTAINER,
    .construct = super_construct,
    .methods = methods,
    .get_attribute = super_get_attribute,
    .slots = {.traverse = super_traverse, .clear = super_clear, .repr = super_repr},
};

TRV__READ_ONLY trv_object trv_super_type[1] = {TRV__TYPE_HANDLE(trv__super_type)};
