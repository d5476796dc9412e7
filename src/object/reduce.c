/* SPDX-License-Identifier: MIT */
/*
 * Taking objects apart: see reduce.h.
 *
 * The order is Python's (protocol 2): __getnewargs_ex__ or __getnewargs__ give the arguments of __new__; what
 * derives from a built-in type with a value has that value as its argument; __getstate__ gives the state;
 * lists and dicts give their items. A set gives its items as an argument.
 *
 * An instance whose type was defined in C with data is refused, unless it says itself what to do: its
 * data may be anything.
 */
#include "object/reduce.h"

#include "object/closure.h"
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/buffer.h"
#include "trivet/class.h"

/* Making again ------------------------------------------------------------------------------- */

/* type.__new__(type, *arguments, **keywords) */
static trv_object *make(trv_object *type, trv_object *const *items, size_t count,
                        trv_object *keywords)
{
    trv_auto trv_object *method = trv_getattr(type, "__new__"), *list = NULL, *all = NULL;
    trv_object *const *arguments;
    size_t argument_count;

    if (!method || !(list = trv_list_new()) || trv_list_append(list, type) < 0)
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (trv_list_append(list, items[i]) < 0)
            return NULL;
    if (!(all = trv_tuple_from(list)))
        return NULL;
    arguments = trv__tuple_items(all, &argument_count);
    return trv_call_array(method, arguments, argument_count, keywords);
}

static trv_object *newobj(const trv_args *args)
{
    if (args->count < 1)
        return trv_raise(trv_TypeError, "__newobj__() missing a type");
    return make(args->items[0], args->items + 1, args->count - 1, NULL);
}

static trv_object *newobj_ex(const trv_args *args)
{
    trv_object *type, *arguments, *keywords;
    trv_object *const *items;
    size_t count;

    if (trv_parse(args, "ooo", &type, &arguments, &keywords) < 0)
        return NULL;
    if (arguments->type != &trv__tuple_type || keywords->type != &trv__dict_type)
        return trv_raise(trv_TypeError, "__newobj_ex__() needs a tuple and a dict");
    items = trv__tuple_items(arguments, &count);
    return make(type, items, count, keywords);
}

TRV__FUNCTION(trv__newobj, newobj, "__newobj__", "__newobj__(cls, *args): cls.__new__(cls, *args)");
TRV__FUNCTION(trv__newobj_ex, newobj_ex, "__newobj_ex__",
              "__newobj_ex__(cls, args, kwargs): cls.__new__ with them");

/* Who says what ------------------------------------------------------------------------------ */

int trv__overrides(const struct trv_type *type, const char *name)
{
    trv_object *interned = trv__name(name), *own = NULL, *objects = NULL;

    if (!interned || trv__type_find(&trv__object_type, interned, &objects) < 0 ||
        trv__type_find(type, interned, &own) < 0)
        return -1;
    return own != objects;
}

static trv_object *refuse(const trv_object *object)
{
    return trv_raise(trv_TypeError, "cannot pickle '%s' object", object->type->name);
}

/* State -------------------------------------------------------------------------------------- */

/* The name under which a slot stands in a class: "__x" is private to it. */
static trv_object *slot_name(const struct trv_type *owner, trv_object *name)
{
    return trv_mangle(owner->name, trv_str_utf8(name, NULL));
}

/* Adds the value of one slot, if it has one. */
static int add_slot(trv_object *object, const struct trv_type *owner, trv_object *name,
                    trv_object *slots)
{
    trv_auto trv_object *full = NULL, *interned = NULL, *value = NULL;
    const char *text;
    int found;

    if (!trv__type_derives(name->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "__slots__ items must be strings, not '%s'",
                             name->type->name);
    text = trv_str_utf8(name, NULL);
    if (!strcmp(text, "__dict__") || !strcmp(text, "__weakref__"))
        return 0;
    if (!(full = slot_name(owner, name)) || !(interned = trv__name_of(full)))
        return -1;
    found = trv__get_or_not(object, interned, &value);
    return found > 0 ? trv_dict_set(slots, interned, value) : found;
}

/* The slots of one of the types that an object derives from. */
static int add_slots(trv_object *object, const struct trv_type *owner, trv_object *slots)
{
    trv_object *dict = trv__type_dict(owner);
    trv_auto trv_object *names = NULL, *iterator = NULL;
    trv_object *name;
    int more;

    if (!dict || trv_dict_get_str(dict, "__slots__", &names) < 0)
        return -1;
    if (!names)
        return 0;
    if (trv__type_derives(names->type, &trv__str_type))
        return add_slot(object, owner, names, slots);
    if (!(iterator = trv_iter(names)))
        return -1;
    while ((more = trv_next(iterator, &name)) > 0) {
        int result = add_slot(object, owner, name, slots);
        trv_unref(name);
        if (result < 0)
            return -1;
    }
    return more;
}

trv_object *trv__state_default(trv_object *object)
{
    /* Reading slots may run anything: the class may be exchanged, and its bases. */
    trv_auto trv_object *own = NULL, *slots = trv_dict_new(),
                        *class = trv_ref(object->type->handle);
    const struct trv_type *type = object->type, *owner;
    size_t own_count = 0, slot_count;

    if (!slots || !(own = type->attributes_offset ? trv__own_copy(object) : trv_dict_new()) ||
        trv_dict_len(own, &own_count) < 0)
        return NULL;
    for (size_t i = 0; (owner = trv__mro_at(type, i)); i++) {
        trv_auto trv_object *held_owner = trv_ref(owner->handle);
        if (trv__is_heap_type(owner) && add_slots(object, owner, slots) < 0)
            return NULL;
    }
    if (trv_dict_len(slots, &slot_count) < 0)
        return NULL;
    if (!own_count) {
        trv_unref(own);
        own = trv_none_new();
    }
    return slot_count ? trv_tuple_new((trv_object *[]){own, slots}, 2) : trv_steal(&own);
}

static trv_object *state_of(trv_object *object)
{
    int overrides = trv__overrides(object->type, "__getstate__");

    if (overrides < 0)
        return NULL;
    return overrides ? trv_call_method(object, "__getstate__", "") : trv__state_default(object);
}

/* Arguments ---------------------------------------------------------------------------------- */

/* The value that an instance of a type derived from int, str and so on has, as one of that type: 1; 0 for
 * types without; or -1. */
static int plain_value(trv_object *object, trv_object **value)
{
    const struct trv_type *type = trv__static_base(object->type);
    const void *data;
    size_t size;

    if (type->flags & TRV__TYPE_VALUE) {
        *value = trv__value_plain(object);
    } else if (type == &trv__bytearray_type) {
        data = trv_bytearray_data(object, &size);
        *value = data ? trv_bytes_new(data, size) : NULL;
    } else if (type == &trv__set_type || type == &trv__frozenset_type) {
        *value = trv_list_from(object);
    } else {
        return 0;
    }
    return *value ? 1 : -1;
}

/* The same as the arguments that a call of the type makes it of. */
static int value_arguments(trv_object *object, trv_object **arguments)
{
    trv_auto trv_object *value = NULL;
    int has_value = plain_value(object, &value);
    double real, imag;

    if (has_value <= 0)
        return has_value;
    if (value->type != &trv__complex_type)
        *arguments = trv_tuple_new(&value, 1);
    else if (trv_complex_get(value, &real, &imag) == 0)
        *arguments = trv_build("(dd)", real, imag);
    return *arguments ? 1 : -1;
}

trv_object *trv__value_newargs(const trv_args *args)
{
    trv_object *arguments = NULL;

    if (trv_parse(args, "") < 0 || value_arguments(args->self, &arguments) < 0)
        return NULL;
    return arguments;
}

/* Whether a class, and not only the built-in type that it derives from, says what __new__ is called with. 1, 0, -1. */
static int has_newargs(const struct trv_type *type)
{
    trv_object *name = trv__name("__getnewargs__"), *found;
    int there = name ? trv__type_find(type, name, &found) : -1;

    return there <= 0 ? there : !trv__is_native(found, trv__static_base(type));
}

/* What __new__ is called with besides the type: *arguments and *keywords, either may be NULL. */
static int new_arguments(trv_object *object, trv_object **arguments, trv_object **keywords)
{
    trv_auto trv_object *pair = NULL;
    trv_object *first, *second;
    int found = trv_hasattr(object->type->handle, "__getnewargs_ex__");

    if (found < 0)
        return -1;
    if (found) {
        if (!(pair = trv_call_method(object, "__getnewargs_ex__", "")))
            return -1;
        if (pair->type != &trv__tuple_type || trv_parse_tuple(pair, "oo", &first, &second) < 0 ||
            first->type != &trv__tuple_type || second->type != &trv__dict_type)
            return trv_error_clear(),
                   trv_raise_int(trv_TypeError, "__getnewargs_ex__ should return a tuple of a "
                                                "tuple and a dict");
        *arguments = trv_ref(first);
        *keywords = trv_ref(second);
        return 0;
    }
    found = has_newargs(object->type);
    if (found <= 0)
        return found;
    *arguments = trv_call_method(object, "__getnewargs__", "");
    if (*arguments && (*arguments)->type != &trv__tuple_type)
        return trv_raise_int(trv_TypeError, "__getnewargs__ should return a tuple, not '%s'",
                             (*arguments)->type->name);
    return *arguments ? 0 : -1;
}

/* Whether an instance has data of a type defined in C. */
static bool has_data(const trv_object *object)
{
    for (const struct trv_type *type = object->type; trv__is_heap_type(type); type = type->base)
        if (trv__heap_type_of(type)->is_solid && !trv__heap_type_of(type)->has_slots)
            return true;
    return false;
}

/* Whether the instance consists of nothing but what is known here. */
static bool is_known(const trv_object *object)
{
    const struct trv_type *base = trv__static_base(object->type);

    return !has_data(object) &&
           (base == &trv__object_type || base == &trv__list_type || base == &trv__dict_type);
}

/* (type, *arguments) */
static trv_object *with_type(trv_object *object, trv_object *arguments)
{
    trv_auto trv_object *type = trv_tuple_new(&object->type->handle, 1);

    return type && arguments ? trv_add(type, arguments) : trv_steal(&type);
}

/* The callable and its arguments, both yours. 0 or -1. */
static int head_of(trv_object *object, trv_object **callable, trv_object **head)
{
    trv_auto trv_object *arguments = NULL, *keywords = NULL;
    const struct trv_type *base = trv__static_base(object->type);
    int has_value = 0;

    if (new_arguments(object, &arguments, &keywords) < 0)
        return -1;
    if (!arguments && !has_data(object) && (has_value = value_arguments(object, &arguments)) < 0)
        return -1;
    if (!arguments && !is_known(object))
        return trv_minus_one_(refuse(object));
    /* Sets and bytearrays are filled by a call of the type. */
    if (has_value &&
        (base == &trv__set_type || base == &trv__frozenset_type || base == &trv__bytearray_type)) {
        *callable = trv_ref(object->type->handle);
        *head = trv_ref(arguments);
        return 0;
    }
    *callable = trv_ref(keywords ? trv__newobj_ex : trv__newobj);
    *head = keywords ? trv_tuple_new((trv_object *[]){object->type->handle, arguments, keywords}, 3)
                     : with_type(object, arguments);
    return *head ? 0 : -1;
}

/* Items ---------------------------------------------------------------------------------------- */

static trv_object *iterator_over(trv_object *iterable)
{
    trv_object *iterator = iterable ? trv_iter(iterable) : NULL;

    trv_unref(iterable);
    return iterator;
}

trv_object *trv__reduce_default(trv_object *object)
{
    trv_auto trv_object *head = NULL, *state = NULL, *items = NULL, *pairs = NULL;
    trv_auto trv_object *class = trv_ref(object->type->handle); /* methods may exchange it */
    trv_auto trv_object *callable = NULL;
    const struct trv_type *type = object->type;

    if (head_of(object, &callable, &head) < 0 || !(state = state_of(object)))
        return NULL;
    items = trv__type_derives(type, &trv__list_type) ? trv_iter(object) : trv_none_new();
    pairs = trv__type_derives(type, &trv__dict_type)
                ? iterator_over(trv_call_method(object, "items", ""))
                : trv_none_new();
    if (!items || !pairs)
        return NULL;
    return trv_tuple_new((trv_object *[]){callable, head, state, items, pairs}, 5);
}

trv_object *trv__reduce_ex(trv_object *object, int protocol TRV_UNUSED)
{
    int overrides = trv__overrides(object->type, "__reduce__");

    if (overrides < 0)
        return NULL;
    return overrides ? trv_call_method(object, "__reduce__", "") : trv__reduce_default(object);
}
