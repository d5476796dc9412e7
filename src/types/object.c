/* SPDX-License-Identifier: MIT */
/*
 * object: the type all others derive from.
 *
 * Its instances have no value, only an identity. It leaves every slot empty: what an empty slot
 * means (repr by address, hash by identity, every object true) is decided by the object floor. Its
 * methods say the same by the names that classes know it under.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "object/reduce.h"

static trv_object *get_class(const trv_args *args)
{
    return trv_type_of(args->self);
}

static int set_class(trv_object *self, trv_object *value)
{
    if (!value)
        return trv_raise_int(trv_TypeError, "can't delete __class__ attribute");
    return trv__set_class(self, value);
}

static trv_object *method_repr(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__repr_default(args->self);
}

static trv_object *method_str(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_repr(args->self);
}

static trv_object *method_hash(const trv_args *args)
{
    if (trv_parse(args, "") < 0)
        return NULL;
    return trv_int_new((int64_t)trv__hash_mix((uintptr_t)args->self));
}

static trv_object *method_eq(const trv_args *args)
{
    trv_object *other;

    if (trv_parse(args, "o", &other) < 0)
        return NULL;
    return args->self == other ? trv_bool_new(1) : trv_ref(trv_not_implemented);
}

/* What __eq__ answers, turned round. */
static trv_object *method_ne(const trv_args *args)
{
    trv_object *other, *answer;
    int truth;

    if (trv_parse(args, "o", &other) < 0 ||
        !(answer = trv__call_special(args->self, trv__dunder(TRV__NAME_eq), &other, 1, NULL)))
        return NULL;
    if (answer == trv_not_implemented)
        return answer;
    truth = trv_truth(answer);
    trv_unref(answer);
    return truth < 0 ? NULL : trv_bool_new(!truth);
}

static trv_object *method_order(const trv_args *args)
{
    trv_object *other;

    return trv_parse(args, "o", &other) < 0 ? NULL : trv_ref(trv_not_implemented);
}

/* Arguments that nobody takes are refused, unless only __new__ is overridden and takes them. */
static trv_object *method_init(const trv_args *args)
{
    const struct trv_type *type = args->self->type;
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return NULL;
    if (!args->count && !keywords)
        return trv_none_new();
    if (type->slots.init)
        return trv_raise(trv_TypeError,
                         "object.__init__() takes exactly one argument (the instance "
                         "to initialize)");
    if (type->construct == trv__instance_construct)
        return trv_raise(trv_TypeError,
                         "%s.__init__() takes exactly one argument (the instance to initialize)",
                         type->name);
    return trv_none_new();
}

static trv_object *method_getattribute(const trv_args *args)
{
    trv_object *name;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "o", &name) < 0 || !(interned = trv__name_of(name)))
        return NULL;
    return trv__object_get(args->self, interned);
}

static trv_object *method_setattr(const trv_args *args)
{
    trv_object *name, *value;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "oo", &name, &value) < 0 || !(interned = trv__name_of(name)))
        return NULL;
    if (trv__is_type(args->self))
        return trv_raise(trv_TypeError, "can't apply this __setattr__ to type object");
    return trv__object_set(args->self, interned, value) < 0 ? NULL : trv_none_new();
}

static trv_object *method_delattr(const trv_args *args)
{
    trv_object *name;
    trv_auto trv_object *interned = NULL;

    if (trv_parse(args, "o", &name) < 0 || !(interned = trv__name_of(name)))
        return NULL;
    if (trv__is_type(args->self))
        return trv_raise(trv_TypeError, "can't apply this __delattr__ to type object");
    return trv__object_set(args->self, interned, NULL) < 0 ? NULL : trv_none_new();
}

static trv_object *method_dir(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__object_dir(args->self);
}

static trv_object *method_sizeof(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv_int_new((int64_t)trv_sizeof(args->self));
}

static trv_object *method_reduce_ex(const trv_args *args)
{
    int protocol;

    return trv_parse(args, "i", &protocol) < 0 ? NULL : trv__reduce_ex(args->self, protocol);
}

static trv_object *method_reduce(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__reduce_default(args->self);
}

static trv_object *method_getstate(const trv_args *args)
{
    return trv_parse(args, "") < 0 ? NULL : trv__state_default(args->self);
}

static const struct trv__method methods[] = {
    {"__class__", NULL, get_class},
    {"__delattr__", "__delattr__(name, /): del self.name", method_delattr},
    {"__dir__", "__dir__(): the names of attributes", method_dir},
    {"__eq__", "__eq__(value, /): self == value", method_eq},
    {"__ge__", "__ge__(value, /): self >= value", method_order},
    {"__getattribute__", "__getattribute__(name, /): self.name", method_getattribute},
    {"__getstate__", "__getstate__(): its attributes", method_getstate},
    {"__gt__", "__gt__(value, /): self > value", method_order},
    {"__hash__", "__hash__(): hash(self)", method_hash},
    {"__init__", "__init__(*args, **kwargs): fills the instance", method_init},
    {"__le__", "__le__(value, /): self <= value", method_order},
    {"__lt__", "__lt__(value, /): self < value", method_order},
    {"__ne__", "__ne__(value, /): self != value", method_ne},
    {"__reduce__", "__reduce__(): what makes it anew", method_reduce},
    {"__reduce_ex__", "__reduce_ex__(protocol, /): what makes it anew", method_reduce_ex},
    {"__repr__", "__repr__(): repr(self)", method_repr},
    {"__setattr__", "__setattr__(name, value, /): self.name = value", method_setattr},
    {"__sizeof__", "__sizeof__(): bytes of the object", method_sizeof},
    {"__str__", "__str__(): str(self)", method_str},
    {0},
};

static const struct trv__setter setters[] = {{"__class__", set_class}, {0}};

/* The end of the line of __init_subclass__. */
static trv_object *init_subclass(const trv_args *args)
{
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return NULL;
    if (keywords)
        return trv_raise(trv_TypeError, "%s.__init_subclass__() takes no keyword arguments",
                         trv__type_of_handle(args->self)->name);
    return trv_none_new();
}

/* Nobody is a subclass that does not derive. */
static trv_object *subclass_hook(const trv_args *args TRV_UNUSED)
{
    return trv_ref(trv_not_implemented);
}

static const struct trv__method class_methods[] = {
    {"__init_subclass__", "__init_subclass__(**options): a class was derived from this one",
     init_subclass},
    {"__subclasshook__", "__subclasshook__(subclass, /): for issubclass", subclass_hook},
    {0},
};

TRV__READ_ONLY struct trv_type trv__object_type = {
    .handle = trv_object_type,
    .name = "object",
    .doc = "object(): the base of all types; its instances are told apart by identity alone",
    .instance_bytes = offsetof(trv_object, payload),
    .data_offset = offsetof(trv_object, payload),
    .methods = methods,
    .class_methods = class_methods,
    .setters = setters,
    .construct = trv__instance_construct,
};

TRV__READ_ONLY trv_object trv_object_type[1] = {TRV__TYPE_HANDLE(trv__object_type)};
