/* SPDX-License-Identifier: MIT */
/*
 * itemgetter, attrgetter and methodcaller: the callables of Python's module operator. They cannot be changed,
 * and are taken apart, for copies and pickles, into the call that makes the same.
 */
#include "types/held.h"

#include "trivet/copy.h"
#include "trivet/functools.h"

static trv_object *operator_repr(trv_object *self)
{
    return trv__held_repr(self, "operator.");
}

/* The only argument of a call. */
static trv_object *only_argument(trv_object *self, const trv_args *args)
{
    if (args->keywords && trv_truth(args->keywords) > 0)
        return trv_raise(trv_TypeError, "%s() takes no keyword arguments", self->type->name);
    if (args->count != 1)
        return trv_raise(trv_TypeError, "%s expected 1 argument, got %zu", self->type->name,
                         args->count);
    return args->items[0];
}

/* itemgetter and attrgetter ------------------------------------------------------------------- */

/* What `get` gives for each key: one value, or a tuple of several. */
static trv_object *get_each(trv_object *keys, trv_object *object,
                            trv_object *(*get)(trv_object *, trv_object *))
{
    trv_auto trv_object *held = trv_ref(keys);
    trv_auto trv_object *list = NULL;
    trv_object *const *key;
    size_t count;

    key = trv__tuple_items(held, &count);
    if (count == 1)
        return get(object, key[0]);
    list = trv_list_new();
    for (size_t i = 0; list && i < count; i++) {
        trv_auto trv_object *value = get(object, key[i]);
        if (!value || trv_list_append(list, value) < 0)
            return NULL;
    }
    return list ? trv_tuple_from(list) : NULL;
}

static trv_object *itemgetter_call(trv_object *self, const trv_args *args)
{
    trv_object *object = only_argument(self, args);

    return object ? get_each(trv__as_held(self)->items, object, trv_getitem) : NULL;
}

/* An attribute whose name may have dots. */
static trv_object *get_dotted(trv_object *object, trv_object *name)
{
    trv_auto trv_object *dot = trv_str_new(".");
    trv_auto trv_object *names = dot ? trv_str_split(name, dot, -1) : NULL;
    trv_auto trv_object *value = trv_ref(object);
    trv_object *const *items;
    size_t count;

    if (!names)
        return NULL;
    items = trv__list_items(names, &count);
    for (size_t i = 0; value && i < count; i++) {
        trv_object *next = trv_getattr(value, trv_str_utf8(items[i], NULL));
        trv_unref(value);
        value = next;
    }
    return trv_steal(&value);
}

static trv_object *attrgetter_call(trv_object *self, const trv_args *args)
{
    trv_object *object = only_argument(self, args);

    return object ? get_each(trv__as_held(self)->items, object, get_dotted) : NULL;
}

static bool takes_some(const struct trv_type *type, const trv_args *args)
{
    if (args->keywords && trv_truth(args->keywords) > 0)
        trv_raise(trv_TypeError, "%s() takes no keyword arguments", type->name);
    else if (!args->count)
        trv_raise(trv_TypeError, "%s expected 1 argument, got 0", type->name);
    else
        return true;
    return false;
}

static bool are_names(trv_object *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__type_derives(names[i]->type, &trv__str_type)) {
            trv_raise(trv_TypeError, "attribute name must be a string");
            return false;
        }
    return true;
}

static trv_object *getter(const struct trv_type *type, trv_object *const *keys, size_t count)
{
    trv_auto trv_object *items = trv_tuple_new(keys, count);

    return trv__held_new(type, NULL, items, NULL);
}

static trv_object *itemgetter_construct(const struct trv_type *type, const trv_args *args)
{
    return takes_some(type, args) ? getter(type, args->items, args->count) : NULL;
}

static trv_object *attrgetter_construct(const struct trv_type *type, const trv_args *args)
{
    if (!takes_some(type, args) || !are_names(args->items, args->count))
        return NULL;
    return getter(type, args->items, args->count);
}

static trv_object *getter_reduce(const trv_args *args)
{
    return trv_parse(args, "") < 0
               ? NULL
               : trv_build("(oo)", args->self->type->handle, trv__as_held(args->self)->items);
}

static const struct trv__method getter_methods[] = {
    {"__reduce__", "__reduce__(): what makes it anew", getter_reduce},
    {0},
};

TRV__HELD_TYPE(itemgetter_type, trv_itemgetter_type, "itemgetter",
               "itemgetter(item, *items): gives object[item], or a tuple of them", TRV__TYPE_FINAL,
               .slots = {.traverse = trv__held_traverse,
                         .clear = trv__held_clear,
                         .repr = operator_repr,
                         .call = itemgetter_call},
               .methods = getter_methods, .construct = itemgetter_construct);
TRV__HELD_TYPE(attrgetter_type, trv_attrgetter_type, "attrgetter",
               "attrgetter(name, *names): gives object.name, or a tuple of them", TRV__TYPE_FINAL,
               .slots = {.traverse = trv__held_traverse,
                         .clear = trv__held_clear,
                         .repr = operator_repr,
                         .call = attrgetter_call},
               .methods = getter_methods, .construct = attrgetter_construct);
TRV__READ_ONLY trv_object trv_itemgetter_type[1] = {TRV__TYPE_HANDLE(itemgetter_type)};
TRV__READ_ONLY trv_object trv_attrgetter_type[1] = {TRV__TYPE_HANDLE(attrgetter_type)};

/* methodcaller -------------------------------------------------------------------------------- */

static trv_object *methodcaller(const struct trv_type *type, trv_object *name,
                                trv_object *const *items, size_t count, trv_object *keywords)
{
    trv_auto trv_object *tuple = NULL;
    trv_auto trv_object *dict = NULL;

    if (!trv__type_derives(name->type, &trv__str_type))
        return trv_raise(trv_TypeError, "method name must be a string");
    if (keywords && !(dict = trv_copy(keywords)))
        return NULL;
    tuple = trv_tuple_new(items, count);
    return trv__held_new(type, name, tuple, dict);
}

static trv_object *methodcaller_construct(const struct trv_type *type, const trv_args *args)
{
    if (!args->count)
        return trv_raise(trv_TypeError,
                         "methodcaller needs at least one argument, the method name");
    return methodcaller(type, args->items[0], args->items + 1, args->count - 1, args->keywords);
}

static trv_object *methodcaller_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *items = trv_ref(trv__as_held(self)->items);
    trv_auto trv_object *keywords = trv_ref(trv__as_held(self)->keywords);
    trv_auto trv_object *name = trv_ref(trv__as_held(self)->function);
    trv_object *object = only_argument(self, args), *const * item;
    trv_auto trv_object *method = object ? trv_getattr(object, trv_str_utf8(name, NULL)) : NULL;
    size_t count;

    if (!method)
        return NULL;
    item = trv__tuple_items(items, &count);
    return trv_call_array(method, item, count, trv__unless_empty(keywords));
}

/* (methodcaller, (name, *args)), or, with keywords, (partial(methodcaller, name, **keywords), args) */
static trv_object *methodcaller_reduce(const trv_args *args)
{
    struct trv__held *held = trv__as_held(args->self);
    trv_object *type = args->self->type->handle;
    trv_auto trv_object *head = NULL;

    if (trv_parse(args, "") < 0)
        return NULL;
    if (!trv__unless_empty(held->keywords)) {
        trv_auto trv_object *name = trv_tuple_new(&held->function, 1);
        head = name ? trv_add(name, held->items) : NULL;
        return head ? trv_build("(oo)", type, head) : NULL;
    }
    head = trv_partial_new(type, &held->function, 1, held->keywords);
    return head ? trv_build("(oo)", head, held->items) : NULL;
}

static const struct trv__method methodcaller_methods[] = {
    {"__reduce__", "__reduce__(): what makes it anew", methodcaller_reduce},
    {0},
};

TRV__HELD_TYPE(methodcaller_type, trv_methodcaller_type, "methodcaller",
               "methodcaller(name, *args, **kwargs): calls a method", TRV__TYPE_FINAL,
               .slots = {.traverse = trv__held_traverse,
                         .clear = trv__held_clear,
                         .repr = operator_repr,
                         .call = methodcaller_call},
               .methods = methodcaller_methods, .construct = methodcaller_construct);
TRV__READ_ONLY trv_object trv_methodcaller_type[1] = {TRV__TYPE_HANDLE(methodcaller_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_itemgetter_new(trv_object *const *keys, size_t count)
{
    if (!trv__all_given(keys, count, "trv_itemgetter_new"))
        return NULL;
    return count ? getter(&itemgetter_type, keys, count)
                 : trv_raise(trv_TypeError, "itemgetter expected 1 argument, got 0");
}

trv_object *trv_attrgetter_new(trv_object *const *names, size_t count)
{
    if (!trv__all_given(names, count, "trv_attrgetter_new") || !are_names(names, count))
        return NULL;
    return count ? getter(&attrgetter_type, names, count)
                 : trv_raise(trv_TypeError, "attrgetter expected 1 argument, got 0");
}

trv_object *trv_methodcaller_new(trv_object *name, trv_object *const *items, size_t count,
                                 trv_object *keywords)
{
    if (!trv__given(name, "trv_methodcaller_new") ||
        !trv__all_given(items, count, "trv_methodcaller_new") ||
        !trv__keywords_fit(keywords, "trv_methodcaller_new"))
        return NULL;
    return methodcaller(&methodcaller_type, name, items, count, keywords);
}
