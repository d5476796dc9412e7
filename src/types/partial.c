/* SPDX-License-Identifier: MIT */
/*
 * partial, itemgetter, attrgetter, methodcaller and the keys of cmp_to_key: callables that hold what they
 * are to be called with.
 *
 * All are one struct: something to call or a name, a tuple, a dict. They cannot be changed. A call holds
 * what it takes from there, because it may be the callable's end.
 */
#include "object/number.h"

#include "types/arguments.h"
#include "types/builder.h"

#include "trivet/copy.h"
#include "trivet/functools.h"

struct held {
    TRV__HEAD;
    trv_object *function; /* owned, or NULL: a callable, a method's name */
    trv_object *items;    /* owned, or NULL: a tuple; of a key, what it stands for */
    trv_object *keywords; /* owned, or NULL: a dict */
};

static struct held *as_held(trv_object *object)
{
    return (struct held *)object;
}

static int held_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *const parts[] = {as_held(self)->function, as_held(self)->items,
                                 as_held(self)->keywords};
    int stop = 0;

    for (size_t i = 0; i < COUNT_OF(parts) && !stop; i++)
        stop = parts[i] ? visit(parts[i], argument) : 0;
    return stop;
}

static void held_clear(trv_object *self)
{
    trv_clear(&as_held(self)->function);
    trv_clear(&as_held(self)->items);
    trv_clear(&as_held(self)->keywords);
}

static trv_object *held_new(const struct trv_type *type, trv_object *function, trv_object *items,
                            trv_object *keywords)
{
    struct held *held = items ? trv__container_new(type, type->instance_bytes) : NULL;

    if (!held)
        return NULL;
    held->function = trv_ref(function);
    held->items = trv_ref(items);
    held->keywords = trv_ref(keywords);
    trv__track(held);
    return (trv_object *)held;
}

/* ", repr" of each item, ", name=repr" of each keyword; the first separator is left out. */
static int add_arguments(struct trv__builder *b, const struct held *held, const char *separator)
{
    trv_object *key, *value, *const *items;
    size_t count, position = 0;
    int status = 0;

    items = trv__tuple_items(held->items, &count);
    for (size_t i = 0; i < count; i++, separator = ", ")
        if (trv__builder_add_text(b, separator) < 0 || trv__builder_add_repr(b, items[i]) < 0)
            return -1;
    while (held->keywords && status == 0 &&
           trv_dict_next(held->keywords, &position, &key, &value) > 0) {
        trv_auto trv_object *name = trv_str(key);
        if (!name || trv__builder_add_text(b, separator) < 0 ||
            trv__builder_add_text(b, trv_str_utf8(name, NULL)) < 0 ||
            trv__builder_add_char(b, '=') < 0 || trv__builder_add_repr(b, value) < 0)
            status = -1;
        separator = ", ";
        trv_unref(key);
        trv_unref(value);
    }
    return status;
}

static trv_object *show(trv_object *self, const char *module)
{
    const struct held *held = as_held(self);
    struct trv__builder b;
    int inside, status;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_new("...");
    trv__builder_init(&b);
    status = trv__builder_add_text(&b, module) < 0 ||
             trv__builder_add_text(&b, self->type->name) < 0 ||
             trv__builder_add_char(&b, '(') < 0 ||
             (held->function && trv__builder_add_repr(&b, held->function) < 0) ||
             add_arguments(&b, held, held->function ? ", " : "") < 0 ||
             trv__builder_add_char(&b, ')') < 0;
    trv__repr_leave(self);
    if (!status)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}

static trv_object *operator_repr(trv_object *self)
{
    return show(self, "operator.");
}

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

/* The items of a tuple and those of an array, as a tuple. */
static trv_object *joined(trv_object *tuple, trv_object *const *items, size_t count)
{
    trv_auto trv_object *list = trv_list_from(tuple);

    for (size_t i = 0; list && i < count; i++)
        if (trv_list_append(list, items[i]) < 0)
            return NULL;
    return list ? trv_tuple_from(list) : NULL;
}

/* A dict of keywords as a call wants it: NULL if there are none. */
static trv_object *unless_empty(trv_object *keywords)
{
    return keywords && trv_truth(keywords) > 0 ? keywords : NULL;
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

/* partial ------------------------------------------------------------------------------------- */

static TRV__READ_ONLY struct trv_type partial_type;

static trv_object *partial(const struct trv_type *type, trv_object *callable,
                           trv_object *const *items, size_t count, trv_object *keywords)
{
    trv_auto trv_object *all_items = NULL;
    trv_auto trv_object *all_keywords = NULL;

    if (!trv_callable(callable))
        return trv_raise(trv_TypeError, "the first argument must be callable");
    if (callable->type == &partial_type) {
        struct held *inner = as_held(callable);
        all_items = joined(inner->items, items, count);
        all_keywords = merged(inner->keywords, keywords);
        callable = inner->function;
    } else {
        all_items = trv_tuple_new(items, count);
        all_keywords = keywords ? trv_copy(keywords) : trv_dict_new();
    }
    return all_keywords ? held_new(type, callable, all_items, all_keywords) : NULL;
}

static trv_object *partial_construct(const struct trv_type *type, const trv_args *args)
{
    if (!args->count)
        return trv_raise(trv_TypeError, "type 'partial' takes at least one argument");
    return partial(type, args->items[0], args->items + 1, args->count - 1, args->keywords);
}

static trv_object *partial_call(trv_object *self, const trv_args *args)
{
    trv_auto trv_object *function = trv_ref(as_held(self)->function);
    trv_auto trv_object *items = joined(as_held(self)->items, args->items, args->count);
    trv_auto trv_object *keywords = merged(as_held(self)->keywords, args->keywords);
    trv_object *const *item;
    size_t count;

    if (!items || !keywords)
        return NULL;
    item = trv__tuple_items(items, &count);
    return trv_call_array(function, item, count, unless_empty(keywords));
}

static trv_object *partial_repr(trv_object *self)
{
    return show(self, "functools.");
}

static trv_object *get_func(const trv_args *args)
{
    return trv_ref(as_held(args->self)->function);
}

static trv_object *get_args(const trv_args *args)
{
    return trv_ref(as_held(args->self)->items);
}

static trv_object *get_keywords(const trv_args *args)
{
    return trv_ref(as_held(args->self)->keywords);
}

static const struct trv__method partial_methods[] = {
    {"args", NULL, get_args},
    {"func", NULL, get_func},
    {"keywords", NULL, get_keywords},
    {0},
};

#define HELD_TYPE(variable, public_handle, text, about, ...)                                       \
    static TRV__READ_ONLY struct trv_type variable = {.handle = public_handle,                     \
                                                      .name = text,                                \
                                                      .doc = about,                                \
                                                      .base = &trv__object_type,                   \
                                                      .instance_bytes = sizeof(struct held),       \
                                                      .flags =                                     \
                                                          TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,   \
                                                      __VA_ARGS__}

HELD_TYPE(partial_type, trv_partial_type, "partial",
          "partial(func, *args, **keywords): func with some arguments given",
          .slots = {.traverse = held_traverse,
                    .clear = held_clear,
                    .repr = partial_repr,
                    .call = partial_call},
          .methods = partial_methods, .construct = partial_construct);
TRV__READ_ONLY trv_object trv_partial_type[1] = {TRV__TYPE_HANDLE(partial_type)};

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

    return object ? get_each(as_held(self)->items, object, trv_getitem) : NULL;
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

    return object ? get_each(as_held(self)->items, object, get_dotted) : NULL;
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

    return held_new(type, NULL, items, NULL);
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

HELD_TYPE(itemgetter_type, trv_itemgetter_type, "itemgetter",
          "itemgetter(item, *items): gives object[item], or a tuple of them",
          .slots = {.traverse = held_traverse,
                    .clear = held_clear,
                    .repr = operator_repr,
                    .call = itemgetter_call},
          .construct = itemgetter_construct);
HELD_TYPE(attrgetter_type, trv_attrgetter_type, "attrgetter",
          "attrgetter(name, *names): gives object.name, or a tuple of them",
          .slots = {.traverse = held_traverse,
                    .clear = held_clear,
                    .repr = operator_repr,
                    .call = attrgetter_call},
          .construct = attrgetter_construct);
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
    return held_new(type, name, tuple, dict);
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
    trv_auto trv_object *items = trv_ref(as_held(self)->items);
    trv_auto trv_object *keywords = trv_ref(as_held(self)->keywords);
    trv_auto trv_object *name = trv_ref(as_held(self)->function);
    trv_object *object = only_argument(self, args), *const * item;
    trv_auto trv_object *method = object ? trv_getattr(object, trv_str_utf8(name, NULL)) : NULL;
    size_t count;

    if (!method)
        return NULL;
    item = trv__tuple_items(items, &count);
    return trv_call_array(method, item, count, unless_empty(keywords));
}

HELD_TYPE(methodcaller_type, trv_methodcaller_type, "methodcaller",
          "methodcaller(name, *args, **kwargs): calls a method",
          .slots = {.traverse = held_traverse,
                    .clear = held_clear,
                    .repr = operator_repr,
                    .call = methodcaller_call},
          .construct = methodcaller_construct);
TRV__READ_ONLY trv_object trv_methodcaller_type[1] = {TRV__TYPE_HANDLE(methodcaller_type)};

/* cmp_to_key ---------------------------------------------------------------------------------- */

static TRV__READ_ONLY struct trv_type key_type;

/* Calling a key that stands for nothing makes one for an object. */
static trv_object *key_call(trv_object *self, const trv_args *args)
{
    if (as_held(self)->keywords || args->count != 1)
        return trv_raise(trv_TypeError, "K() takes exactly one argument (%zu given)", args->count);
    return held_new(&key_type, as_held(self)->function, args->items[0], trv__bool_from(true));
}

static int key_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *function = trv_ref(as_held(self)->function);
    trv_auto trv_object *mine = trv_ref(as_held(self)->items);
    trv_auto trv_object *others = NULL;
    trv_auto trv_object *answer = NULL;
    trv_auto trv_object *zero = trv_int_new(0);

    if (other->type != &key_type)
        return trv_raise_int(trv_TypeError, "other argument must be K instance");
    others = trv_ref(as_held(other)->items);
    if (!function || !mine || !others)
        return trv_raise_int(trv_AttributeError, "object");
    answer = trv_call_array(function, (trv_object *[]){mine, others}, 2, NULL);
    return answer ? trv_compare(answer, zero, op) : -1;
}

static trv_object *key_repr(trv_object *self)
{
    return trv_str_printf("<functools.KeyWrapper object at 0x%zx>", (size_t)(uintptr_t)self);
}

static trv_object *get_key_object(const trv_args *args)
{
    return trv_ref(as_held(args->self)->items);
}

static const struct trv__method key_methods[] = {
    {"obj", NULL, get_key_object},
    {0},
};

static TRV__READ_ONLY trv_object key_handle[1];
HELD_TYPE(key_type, key_handle, "KeyWrapper", "K(obj): compares by a function of two objects",
          .slots = {.traverse = held_traverse,
                    .clear = held_clear,
                    .repr = key_repr,
                    .compare = key_compare,
                    .call = key_call},
          .methods = key_methods);
static TRV__READ_ONLY trv_object key_handle[1] = {TRV__TYPE_HANDLE(key_type)};

/* The public interface ------------------------------------------------------------------------ */

static bool all_given(trv_object *const *objects, size_t count, const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__given(objects[i], function))
            return false;
    return true;
}

/* Keywords are a dict, or NULL while nothing is pending. */
static bool keywords_fit(trv_object *keywords, const char *function)
{
    return keywords ? trv__expect(keywords, &trv__dict_type, function) : !trv_error_occurred();
}

trv_object *trv_partial_new(trv_object *callable, trv_object *const *items, size_t count,
                            trv_object *keywords)
{
    if (!trv__given(callable, "trv_partial_new") || !all_given(items, count, "trv_partial_new") ||
        !keywords_fit(keywords, "trv_partial_new"))
        return NULL;
    return partial(&partial_type, callable, items, count, keywords);
}

trv_object *trv_itemgetter_new(trv_object *const *keys, size_t count)
{
    if (!all_given(keys, count, "trv_itemgetter_new"))
        return NULL;
    return count ? getter(&itemgetter_type, keys, count)
                 : trv_raise(trv_TypeError, "itemgetter expected 1 argument, got 0");
}

trv_object *trv_attrgetter_new(trv_object *const *names, size_t count)
{
    if (!all_given(names, count, "trv_attrgetter_new") || !are_names(names, count))
        return NULL;
    return count ? getter(&attrgetter_type, names, count)
                 : trv_raise(trv_TypeError, "attrgetter expected 1 argument, got 0");
}

trv_object *trv_methodcaller_new(trv_object *name, trv_object *const *items, size_t count,
                                 trv_object *keywords)
{
    if (!trv__given(name, "trv_methodcaller_new") ||
        !all_given(items, count, "trv_methodcaller_new") ||
        !keywords_fit(keywords, "trv_methodcaller_new"))
        return NULL;
    return methodcaller(&methodcaller_type, name, items, count, keywords);
}

trv_object *trv_cmp_to_key(trv_object *function)
{
    trv_auto trv_object *none = trv_none_new();

    return trv__given(function, "trv_cmp_to_key") ? held_new(&key_type, function, none, NULL)
                                                  : NULL;
}
