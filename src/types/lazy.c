/* SPDX-License-Identifier: MIT */
/*
 * Lazy iterators: enumerate, zip, map, filter, iter(callable, sentinel).
 *
 * None of them looks at an item before it is asked for one, and none keeps one that it has given.
 */
#include "types/lazy.h"

#include "types/arguments.h"
#include "types/builtins.h"
#include "types/iterator_state.h"
#include "types/sequence.h"

#include "trivet/builtins.h"

trv_object *trv__lazy_new(const struct trv_type *type, trv_object *with, trv_object *source)
{
    struct trv__lazy *lazy = trv__container_new(type, type->instance_bytes);

    if (!lazy)
        return NULL;
    lazy->with = trv_ref(with);
    lazy->source = trv_ref(source);
    trv__track(lazy);
    return (trv_object *)lazy;
}

void trv__lazy_clear(trv_object *self)
{
    trv_clear(&trv__as_lazy(self)->with);
    trv_clear(&trv__as_lazy(self)->source);
}

int trv__lazy_end(trv_object *self)
{
    trv__lazy_clear(self);
    return 0;
}

int trv__lazy_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct trv__lazy *lazy = trv__as_lazy(self);
    int stop = lazy->with ? visit(lazy->with, argument) : 0;

    return stop || !lazy->source ? stop : visit(lazy->source, argument);
}

trv_object *trv__lazy_iter(trv_object *self)
{
    return trv_ref(self);
}

trv_object *trv__lazy_not_made(const struct trv_type *type, const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_TypeError, "cannot create '%s' instances", type->name);
}

trv_object *trv__iterators_of(trv_object *const *iterables, size_t count)
{
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *iterator = list ? trv_iter(iterables[i]) : NULL;
        if (!iterator || trv_list_append(list, iterator) < 0)
            return NULL;
    }
    return list ? trv_tuple_from(list) : NULL;
}

/* enumerate ----------------------------------------------------------------------------------- */

static int enumerate_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *source = trv_ref(trv__as_lazy(self)->source);
    trv_auto trv_object *inner = NULL;
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *number = NULL;
    trv_object *next;
    int more = source ? trv_next(source, &inner) : 0;

    *item = NULL;
    if (more <= 0)
        return more;
    number = trv_ref(trv__as_lazy(self)->with);
    if (!number)
        return 0;
    if (!(next = trv_add(number, one)))
        return -1;
    trv_clear(&trv__as_lazy(self)->with);
    trv__as_lazy(self)->with = next;
    *item = trv_tuple_new((trv_object *[]){number, inner}, 2);
    return *item ? 1 : -1;
}

/* Whether the collector has taken what an iterator works with; then with an exception set. */
static bool is_over(const struct trv__lazy *lazy)
{
    if (lazy->source)
        return false;
    trv_raise(trv_TypeError, "cannot pickle '%s' object", lazy->type->name);
    return true;
}

static trv_object *enumerate(const struct trv_type *type, trv_object *iterable, trv_object *start)
{
    trv_auto trv_object *iterator = trv_iter(iterable);

    return iterator ? trv__lazy_new(type, start, iterator) : NULL;
}

static trv_object *enumerate_construct(const struct trv_type *type, const trv_args *args)
{
    trv_auto trv_object *iterable = NULL;
    trv_auto trv_object *start = NULL;
    size_t named = 0;

    if (args->keywords && trv_dict_len(args->keywords, &named) < 0)
        return NULL;
    if (args->count + named > 2)
        return trv_raise(trv_TypeError, "enumerate() takes at most 2 arguments (%zu given)",
                         args->count + named);
    if (args->count)
        iterable = trv_ref(args->items[0]);
    else if (trv__keyword_argument(args, "iterable", &iterable) < 0)
        return NULL;
    else
        named -= iterable != NULL;
    if (args->count > 1)
        start = trv_ref(args->items[1]);
    else if (trv__keyword_argument(args, "start", &start) < 0)
        return NULL;
    else
        named -= start != NULL;
    if (!iterable)
        return trv_raise(trv_TypeError, "enumerate() missing required argument 'iterable'");
    if (named)
        return trv_raise(trv_TypeError, "enumerate() got an unexpected keyword argument");
    if (!start)
        start = trv_int_new(0);
    else if (!trv__type_derives(start->type, &trv__int_type))
        return trv_raise(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                         start->type->name);
    return enumerate(type, iterable, start);
}

/* (type, (iterator, number)) */
static trv_object *enumerate_reduce(const trv_args *args)
{
    const struct trv__lazy *lazy = trv__as_lazy(args->self);

    if (trv_parse(args, "") < 0 || is_over(lazy))
        return NULL;
    return trv_build("(o(oo))", args->self->type->handle, lazy->source, lazy->with);
}

static const struct trv__method enumerate_methods[] = {{TRV__REDUCE_METHOD, enumerate_reduce}, {0}};

TRV__LAZY_TYPE(enumerate_type, trv_enumerate_type, "enumerate",
               "enumerate(iterable, start=0): an iterator of (number, item)", enumerate_next,
               enumerate_construct, enumerate_methods);
TRV__READ_ONLY trv_object trv_enumerate_type[1] = {TRV__TYPE_HANDLE(enumerate_type)};

/* zip and map --------------------------------------------------------------------------------- */

/* Which of the other iterables there are: "argument 1", "arguments 1-3". */
static int raise_length(size_t i, const char *what)
{
    if (i == 1)
        return trv_raise_int(trv_ValueError, "zip() argument 2 is %s than argument 1", what);
    return trv_raise_int(trv_ValueError, "zip() argument %zu is %s than arguments 1-%zu", i + 1,
                         what, i);
}

/* A strict zip has come to the end of iterable `i`: the others must be at theirs. */
static int check_ends(trv_object *const *iterators, size_t count, size_t i)
{
    if (i > 0)
        return raise_length(i, "shorter");
    for (i = 1; i < count; i++) {
        trv_auto trv_object *item = NULL;
        int more = trv_next(iterators[i], &item);
        if (more)
            return more < 0 ? -1 : raise_length(i, "longer");
    }
    return 0;
}

/* One item of each: 1 with a tuple, 0 at the end of one, -1. */
static int next_of_each(trv_object *iterators, bool is_strict, trv_object **row)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *const *iterator;
    size_t count;

    *row = NULL;
    iterator = trv__tuple_items(iterators, &count);
    if (!list)
        return -1;
    for (size_t i = 0; i < count; i++) {
        trv_auto trv_object *item = NULL;
        int more = trv_next(iterator[i], &item);
        if (more <= 0)
            return more < 0 || !is_strict ? more : check_ends(iterator, count, i);
        if (trv_list_append(list, item) < 0)
            return -1;
    }
    *row = count ? trv_tuple_from(list) : NULL;
    return *row ? 1 : count ? -1 : 0;
}

static int zip_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *iterators = trv_ref(trv__as_lazy(self)->source);

    *item = NULL;
    return iterators ? next_of_each(iterators, trv__as_lazy(self)->left, item) : 0;
}

static trv_object *zip(const struct trv_type *type, trv_object *const *iterables, size_t count,
                       int strict)
{
    trv_auto trv_object *iterators = trv__iterators_of(iterables, count);
    trv_object *made = iterators ? trv__lazy_new(type, NULL, iterators) : NULL;

    if (made)
        trv__as_lazy(made)->left = strict != 0;
    return made;
}

static trv_object *zip_construct(const struct trv_type *type, const trv_args *args)
{
    trv_auto trv_object *strict = NULL;
    size_t named = 0;
    int is_strict = 0;

    if (args->keywords && (trv_dict_len(args->keywords, &named) < 0 ||
                           trv__keyword_argument(args, "strict", &strict) < 0))
        return NULL;
    if (named > (strict ? 1U : 0U)) {
        TRV_FOR(key, args->keywords) {
            const char *name = trv_str_utf8(key, NULL);
            if (!name || strcmp(name, "strict") != 0)
                return trv_raise(trv_TypeError, "'%s' is an invalid keyword argument for zip()",
                                 name ? name : "?");
        }
    }
    if (strict && (is_strict = trv_truth(strict)) < 0)
        return NULL;
    return zip(type, args->items, args->count, is_strict);
}

/* (type, iterators), and True if it is strict */
static trv_object *zip_reduce(const trv_args *args)
{
    const struct trv__lazy *lazy = trv__as_lazy(args->self);

    if (trv_parse(args, "") < 0 || is_over(lazy))
        return NULL;
    return lazy->left ? trv_build("(oob)", args->self->type->handle, lazy->source, 1)
                      : trv_build("(oo)", args->self->type->handle, lazy->source);
}

static trv_object *zip_set_state(const trv_args *args)
{
    trv_object *state;
    int is_strict;

    if (trv_parse(args, "o", &state) < 0 || (is_strict = trv_truth(state)) < 0)
        return NULL;
    trv__as_lazy(args->self)->left = is_strict;
    return trv_none_new();
}

static const struct trv__method zip_methods[] = {
    {TRV__REDUCE_METHOD, zip_reduce}, {TRV__STATE_METHOD, zip_set_state}, {0}};

TRV__LAZY_TYPE(zip_type, trv_zip_type, "zip",
               "zip(*iterables, strict=False): an iterator of tuples of one item of each", zip_next,
               zip_construct, zip_methods);
TRV__READ_ONLY trv_object trv_zip_type[1] = {TRV__TYPE_HANDLE(zip_type)};

static int map_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *iterators = trv_ref(trv__as_lazy(self)->source);
    trv_auto trv_object *callable = trv_ref(trv__as_lazy(self)->with);
    trv_auto trv_object *row = NULL;
    trv_object *const *items;
    size_t count;
    int more;

    *item = NULL;
    if (!iterators || (more = next_of_each(iterators, false, &row)) == 0)
        return 0;
    if (more < 0)
        return -1;
    items = trv__tuple_items(row, &count);
    *item = trv_call_array(callable, items, count, NULL);
    return *item ? 1 : -1;
}

static trv_object *map(const struct trv_type *type, trv_object *callable,
                       trv_object *const *iterables, size_t count)
{
    trv_auto trv_object *iterators = trv__iterators_of(iterables, count);

    return iterators ? trv__lazy_new(type, callable, iterators) : NULL;
}

static trv_object *map_construct(const struct trv_type *type, const trv_args *args)
{
    if (args->keywords && trv_truth(args->keywords) > 0)
        return trv_raise(trv_TypeError, "map() takes no keyword arguments");
    if (args->count < 2)
        return trv_raise(trv_TypeError, "map() must have at least two arguments.");
    return map(type, args->items[0], args->items + 1, args->count - 1);
}

/* (type, (callable, iterators...)) */
static trv_object *map_reduce(const trv_args *args)
{
    const struct trv__lazy *lazy = trv__as_lazy(args->self);
    trv_auto trv_object *callable = NULL, *arguments = NULL;

    if (trv_parse(args, "") < 0 || is_over(lazy) || !(callable = trv_tuple_new(&lazy->with, 1)) ||
        !(arguments = trv_add(callable, lazy->source)))
        return NULL;
    return trv_build("(oo)", args->self->type->handle, arguments);
}

static const struct trv__method map_methods[] = {{TRV__REDUCE_METHOD, map_reduce}, {0}};

TRV__LAZY_TYPE(map_type, trv_map_type, "map",
               "map(function, *iterables): an iterator of what the function makes of them",
               map_next, map_construct, map_methods);
TRV__READ_ONLY trv_object trv_map_type[1] = {TRV__TYPE_HANDLE(map_type)};

/* filter -------------------------------------------------------------------------------------- */

static int is_wanted(trv_object *callable, trv_object *item)
{
    trv_auto trv_object *answer = NULL;

    if (!callable || trv_is_none(callable) || callable == trv_bool_type)
        return trv_truth(item);
    answer = trv_call_array(callable, &item, 1, NULL);
    return answer ? trv_truth(answer) : -1;
}

static int filter_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *source = trv_ref(trv__as_lazy(self)->source);
    trv_auto trv_object *callable = trv_ref(trv__as_lazy(self)->with);

    *item = NULL;
    while (source) {
        trv_auto trv_object *inner = NULL;
        int answer = trv_next(source, &inner);
        if (answer <= 0 || (answer = is_wanted(callable, inner)) < 0)
            return answer;
        if (answer) {
            *item = trv_steal(&inner);
            return 1;
        }
        if (trv__safepoint() < 0)
            return -1;
    }
    return 0;
}

static trv_object *filter(const struct trv_type *type, trv_object *callable, trv_object *iterable)
{
    trv_auto trv_object *iterator = trv_iter(iterable);

    return iterator ? trv__lazy_new(type, callable, iterator) : NULL;
}

static trv_object *filter_construct(const struct trv_type *type, const trv_args *args)
{
    if (args->keywords && trv_truth(args->keywords) > 0)
        return trv_raise(trv_TypeError, "filter() takes no keyword arguments");
    if (args->count != 2)
        return trv_raise(trv_TypeError, "filter expected 2 arguments, got %zu", args->count);
    return filter(type, args->items[0], args->items[1]);
}

/* (type, (callable, iterator)) */
static trv_object *filter_reduce(const trv_args *args)
{
    const struct trv__lazy *lazy = trv__as_lazy(args->self);
    trv_object *none = trv_none_new();

    if (trv_parse(args, "") < 0 || is_over(lazy))
        return NULL;
    return trv_build("(o(oo))", args->self->type->handle, lazy->with ? lazy->with : none,
                     lazy->source);
}

static const struct trv__method filter_methods[] = {{TRV__REDUCE_METHOD, filter_reduce}, {0}};

TRV__LAZY_TYPE(filter_type, trv_filter_type, "filter",
               "filter(function or None, iterable): an iterator of the items it wants", filter_next,
               filter_construct, filter_methods);
TRV__READ_ONLY trv_object trv_filter_type[1] = {TRV__TYPE_HANDLE(filter_type)};

/* iter(callable, sentinel) -------------------------------------------------------------------- */

static int until_next(trv_object *self, trv_object **item)
{
    trv_auto trv_object *callable = trv_ref(trv__as_lazy(self)->with);
    trv_auto trv_object *sentinel = trv_ref(trv__as_lazy(self)->source);
    trv_auto trv_object *value = NULL;
    int equal;

    *item = NULL;
    if (!callable)
        return 0;
    value = trv_call_array(callable, NULL, 0, NULL);
    if (!value) {
        if (trv_error_matches(trv_StopIteration))
            trv__lazy_clear(self);
        return -1;
    }
    equal = trv__same_or_equal(sentinel, value);
    if (equal)
        return equal < 0 ? -1 : trv__lazy_end(self);
    *item = trv_steal(&value);
    return 1;
}

/* (iter, (callable, sentinel)); at its end an iterator over nothing */
static trv_object *until_reduce(const trv_args *args)
{
    const struct trv__lazy *lazy = trv__as_lazy(args->self);

    if (trv_parse(args, "") < 0)
        return NULL;
    return lazy->source ? trv_build("(o(oo))", trv__builtin_iter(), lazy->with, lazy->source)
                        : trv__iterator_over(trv_tuple_new(NULL, 0));
}

static const struct trv__method until_methods[] = {{TRV__REDUCE_METHOD, until_reduce}, {0}};

static TRV__READ_ONLY trv_object until_handle[1];
TRV__LAZY_TYPE(until_type, until_handle, "callable_iterator", NULL, until_next, NULL,
               until_methods);
static TRV__READ_ONLY trv_object until_handle[1] = {TRV__TYPE_HANDLE(until_type)};

/* The public interface ------------------------------------------------------------------------ */

static bool all_given(trv_object *const *objects, size_t count, const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__given(objects[i], function))
            return false;
    return true;
}

trv_object *trv_enumerate_new(trv_object *iterable, int64_t start)
{
    trv_auto trv_object *number = trv_int_new(start);

    if (!number || !trv__given(iterable, "trv_enumerate_new"))
        return NULL;
    return enumerate(&enumerate_type, iterable, number);
}

trv_object *trv_zip_new(trv_object *const *iterables, size_t count, int strict)
{
    return all_given(iterables, count, "trv_zip_new") ? zip(&zip_type, iterables, count, strict)
                                                      : NULL;
}

trv_object *trv_map_iter_new(trv_object *callable, trv_object *const *iterables, size_t count)
{
    if (!trv__given(callable, "trv_map_iter_new") ||
        !all_given(iterables, count, "trv_map_iter_new"))
        return NULL;
    if (!count)
        return trv_raise(trv_TypeError, "map() must have at least two arguments.");
    return map(&map_type, callable, iterables, count);
}

trv_object *trv_filter_new(trv_object *callable, trv_object *iterable)
{
    if (!trv__given(iterable, "trv_filter_new") || (!callable && trv_error_occurred()))
        return NULL;
    return filter(&filter_type, callable, iterable);
}

trv_object *trv_iter_until(trv_object *callable, trv_object *sentinel)
{
    if (!trv__given(callable, "trv_iter_until") || !trv__given(sentinel, "trv_iter_until"))
        return NULL;
    if (!trv_callable(callable))
        return trv_raise(trv_TypeError, "iter(v, w): v must be callable");
    return trv__lazy_new(&until_type, callable, sentinel);
}
