/* SPDX-License-Identifier: MIT */
/*
 * partial: a callable with some arguments given. It can be a base of classes, and be given attributes.
 *
 * It is taken apart as Python's: made of the function alone, and then given all as its state, so that one that
 * holds itself can be copied and pickled.
 */
#include "object/heap_type.h"
#include "object/lookup.h"
#include "types/held.h"

#include "trivet/copy.h"
#include "trivet/functools.h"

/* The two dicts as one, which is the caller's; NULL with nothing set if there are none. */
static trv_object *merged(trv_object *first, trv_object *second)
{
    trv_object *dict;

    if (!first || !second)
        return trv_ref(first ? first : second);
    dict = trv_copy(first);
    if (dict && trv_dict_update(dict, second) < 0)
        trv_clear(&dict);
    return dict;
}

static TRV__READ_ONLY struct trv_type partial_type;

static trv_object *partial_call(trv_object *self, const trv_args *args);

bool trv__partial_is_plain(const trv_object *callable)
{
    if (callable->type->slots.call != partial_call)
        return false;
    return trv__is_heap_type(callable->type)
               ? !callable->type->attributes_offset || !*trv__attributes_of(callable)
               : !((const struct trv__held *)callable)->dict;
}

static trv_object *partial(const struct trv_type *type, trv_object *callable,
                           trv_object *const *items, size_t count, trv_object *keywords)
{
    trv_auto trv_object *all_items = NULL;
    trv_auto trv_object *all_keywords = NULL;

    if (!trv_callable(callable))
        return trv_raise(trv_TypeError, "the first argument must be callable");
    if (trv__partial_is_plain(callable)) {
        struct trv__held *inner = trv__as_held(callable);
        all_items = trv__joined(inner->items, items, count);
        all_keywords = merged(inner->keywords, keywords);
        callable = inner->function;
    } else {
        all_items = trv_tuple_new(items, count);
        all_keywords = keywords ? trv_copy(keywords) : trv_dict_new();
    }
    return all_keywords ? trv__held_new(type, callable, all_items, all_keywords) : NULL;
}

static trv_object *partial_construct(const struct trv_type *type, const trv_args *args)
{
    if (!args->count)
        return trv_raise(trv_TypeError, "type 'partial' takes at least one argument");
    return partial(type, args->items[0], args->items + 1, args->count - 1, args->keywords);
}

static trv_object *partial_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *function = trv_ref(trv__as_held(self)->function);
    trv_auto trv_object *items = trv__joined(trv__as_held(self)->items, args->items, args->count);
    trv_auto trv_object *keywords = merged(trv__as_held(self)->keywords, args->keywords);
    trv_object *const *item;
    size_t count;

    if (!items || !keywords)
        return NULL;
    item = trv__tuple_items(items, &count);
    return trv_call_array(function, item, count, trv__unless_empty(keywords));
}

static trv_object *partial_repr(trv_object *self)
{
    return trv__held_repr(self, self->type == &partial_type ? "functools." : "");
}

static trv_object *get_func(const trv_args *args)
{
    return trv_ref(trv__as_held(args->self)->function);
}

static trv_object *get_args(const trv_args *args)
{
    return trv_ref(trv__as_held(args->self)->items);
}

static trv_object *get_keywords(const trv_args *args)
{
    return trv_ref(trv__as_held(args->self)->keywords);
}

/* Attributes of a partial that is no instance of a class --------------------------------------- */

static trv_object *own_dict(trv_object *self)
{
    struct trv__held *held = trv__as_held(self);

    if (!held->dict)
        held->dict = trv_dict_new();
    return held->dict;
}

static trv_object *get_dict(const trv_args *args)
{
    return trv_ref(own_dict(args->self));
}

static int set_dict(trv_object *self, trv_object *value)
{
    trv_object *before = trv__as_held(self)->dict;

    if (!value)
        return trv_raise_int(trv_TypeError, "cannot delete __dict__");
    if (!trv__type_derives(value->type, &trv__dict_type))
        return trv_raise_int(trv_TypeError, "__dict__ must be set to a dictionary, not a '%s'",
                             trv_type_name(value));
    trv__as_held(self)->dict = trv_ref(value);
    trv_unref(before);
    return 0;
}

/* Whether the type has a descriptor that stands before the object's own attributes. 1, 0, -1. */
static int is_of_type(const trv_object *self, const char *name)
{
    trv_object *interned = trv__name(name), *found;
    int there = interned ? trv__type_find(self->type, interned, &found) : -1;

    return there > 0 ? found->type->slots.set != NULL : there;
}

static int partial_getattr(trv_object *self, const char *name, trv_object **value)
{
    trv_auto trv_object *dict = trv_ref(trv__as_held(self)->dict);
    int is_known = dict ? is_of_type(self, name) : 1;

    return is_known ? MIN_OF(0, is_known) : trv_dict_get_str(dict, name, value);
}

/* Instances of classes have attributes as all have. */
static int partial_setattr(trv_object *self, const char *name, trv_object *value)
{
    int is_known = trv__is_heap_type(self->type) ? 1 : is_of_type(self, name);
    trv_auto trv_object *dict = NULL;
    trv_auto trv_object *key = NULL;
    int there;

    if (is_known)
        return is_known;
    if (!(dict = trv_ref(own_dict(self))) || !(key = trv_str_new(name)))
        return -1;
    if (value)
        return trv_dict_set(dict, key, value);
    there = trv_contains(dict, key);
    return there > 0 ? trv_dict_remove(dict, key) : there < 0 ? -1 : 1;
}

/* Taking apart ---------------------------------------------------------------------------------- */

/* The dict of attributes (borrowed), None if there are none, or NULL with an exception. */
static trv_object *dict_or_none(trv_object *self)
{
    trv_object *dict = trv__as_held(self)->dict;

    if (self->type->attributes_offset && *trv__attributes_of(self))
        return trv__own_dict(self);
    return dict ? dict : trv_none_new();
}

/* (type, (func,), (func, args, keywords, __dict__)) */
static trv_object *partial_reduce(const trv_args *args)
{
    struct trv__held *held = trv__as_held(args->self);
    trv_object *dict = trv_parse(args, "") < 0 ? NULL : dict_or_none(args->self);

    return dict ? trv_build("(o(o)(oooo))", args->self->type->handle, held->function,
                            held->function, held->items, held->keywords, dict)
                : NULL;
}

/* The four parts of a state, if that is one. */
static bool take_apart(trv_object *state, trv_object *const **parts)
{
    size_t count = 0;

    *parts = state->type == &trv__tuple_type ? trv__tuple_items(state, &count) : NULL;
    return count == 4 && trv_callable((*parts)[0]) &&
           trv__type_derives((*parts)[1]->type, &trv__tuple_type) &&
           (trv_is_none((*parts)[2]) || trv__type_derives((*parts)[2]->type, &trv__dict_type)) &&
           (trv_is_none((*parts)[3]) || trv__type_derives((*parts)[3]->type, &trv__dict_type));
}

static int use_dict(trv_object *self, trv_object *dict)
{
    if (self->type->attributes_offset)
        return trv_is_none(dict) ? 0 : trv__own_set_dict(self, dict);
    if (!trv_is_none(dict))
        return set_dict(self, dict);
    trv_clear(&trv__as_held(self)->dict);
    return 0;
}

static trv_object *partial_setstate(const trv_args *args)
{
    struct trv__held *held = trv__as_held(args->self), before;
    trv_auto trv_object *keywords = NULL;
    trv_auto trv_object *items = NULL;
    trv_object *state, *const *parts;

    if (trv_parse(args, "o", &state) < 0)
        return NULL;
    if (!take_apart(state, &parts))
        return trv_raise(trv_TypeError, "invalid partial state");
    keywords = trv_is_none(parts[2])               ? trv_dict_new()
               : parts[2]->type == &trv__dict_type ? trv_ref(parts[2])
                                                   : trv_copy(parts[2]);
    items = parts[1]->type == &trv__tuple_type ? trv_ref(parts[1]) : trv_tuple_from(parts[1]);
    if (!keywords || !items || use_dict(args->self, parts[3]) < 0)
        return NULL;
    before = *held; /* as it is now: dropping the old attributes may have run anything */
    held->function = trv_ref(parts[0]);
    held->items = trv_steal(&items);
    held->keywords = trv_steal(&keywords);
    trv_unref(before.function);
    trv_unref(before.items);
    trv_unref(before.keywords);
    return trv_none_new();
}

static const struct trv__setter partial_setters[] = {{"__dict__", set_dict}, {0}};

static const struct trv__method partial_methods[] = {
    {"__dict__", NULL, get_dict},
    {"__reduce__", "__reduce__(): what makes it anew", partial_reduce},
    {"__setstate__", "__setstate__(state, /): (func, args, keywords, attributes or None)",
     partial_setstate},
    {"args", NULL, get_args},
    {"func", NULL, get_func},
    {"keywords", NULL, get_keywords},
    {0},
};

TRV__HELD_TYPE(partial_type, trv_partial_type, "partial",
               "partial(func, *args, **keywords): func with some arguments given", 0,
               .slots = {.traverse = trv__held_traverse,
                         .clear = trv__held_clear,
                         .repr = partial_repr,
                         .call = partial_call,
                         .getattr = partial_getattr,
                         .setattr = partial_setattr},
               .methods = partial_methods, .setters = partial_setters,
               .construct = partial_construct);
TRV__READ_ONLY trv_object trv_partial_type[1] = {TRV__TYPE_HANDLE(partial_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_partial_new(trv_object *callable, trv_object *const *items, size_t count,
                            trv_object *keywords)
{
    if (!trv__given(callable, "trv_partial_new") ||
        !trv__all_given(items, count, "trv_partial_new") ||
        !trv__keywords_fit(keywords, "trv_partial_new"))
        return NULL;
    return partial(&partial_type, callable, items, count, keywords);
}
