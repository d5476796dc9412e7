/* SPDX-License-Identifier: MIT */
/*
 * The names that cases of the table may use: Python's built-in types, functions and exceptions, and
 * the classes that are prepared here as they are in table.py.
 *
 * A new name is a line in one of the tables. A function that Trivet has as C API only gets a few lines
 * here that make it a callable.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *table_abort(const char *why, const char *at)
{
    fprintf(stderr, "%s: %s\n", why, at);
    exit(3);
}

/* Functions that are no objects of the library ------------------------------------------------- */

static trv_object *call_reduce(const trv_args *args)
{
    trv_object *function, *iterable, *initial = NULL;

    if (trv_parse(args, "oo|o", &function, &iterable, &initial) < 0)
        return NULL;
    return trv_reduce(function, iterable, initial);
}

static trv_object *call_cmp_to_key(const trv_args *args)
{
    trv_object *function;

    return trv_parse(args, "o", &function) < 0 ? NULL : trv_cmp_to_key(function);
}

/* cached(function, maxsize, typed): Python's lru_cache(maxsize, typed)(function) */
static trv_object *call_cached(const trv_args *args)
{
    trv_object *function;
    int64_t maxsize = 128;
    int is_typed = 0;

    if (trv_parse(args, "o|lb", &function, &maxsize, &is_typed) < 0)
        return NULL;
    return trv_lru_cache_new(function, maxsize, is_typed);
}

static trv_object *call_wraps(const trv_args *args)
{
    trv_object *wrapper, *wrapped;

    return trv_parse(args, "oo", &wrapper, &wrapped) < 0 ? NULL : trv_wraps(wrapper, wrapped);
}

static trv_object *call_copy(const trv_args *args)
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_copy(object);
}

static trv_object *call_deepcopy(const trv_args *args)
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_deepcopy(object);
}

static trv_object *call_total_ordering(const trv_args *args)
{
    trv_object *class;

    return trv_parse(args, "o", &class) < 0 ? NULL : trv_total_ordering(class);
}

static const struct {
    const char *signature;
    trv_entry entry;
} functions[] = {
    {"reduce(function, iterable, initial=)", call_reduce},
    {"cmp_to_key(mycmp)", call_cmp_to_key},
    {"cached(function, maxsize=, typed=)", call_cached},
    {"update_wrapper(wrapper, wrapped)", call_wraps},
    {"total_ordering(cls)", call_total_ordering},
    {"copy(x)", call_copy},
    {"deepcopy(x)", call_deepcopy},
};

/* Prepared classes --------------------------------------------------------------------------- */

static trv_object *bad_type, *unhashable_type, *clears_type, *fails_type;

static trv_object *say_bad(void)
{
    return trv_raise(trv_ValueError, "bad");
}

static int bad_init(trv_object *self, const trv_args *args)
{
    return trv_parse(args, "|l", (int64_t *)trv_data(self, bad_type));
}

static trv_object *bad_repr(trv_object *self)
{
    return trv_str_printf("Bad(%lld)", (long long)*(int64_t *)trv_data(self, bad_type));
}

static int bad_hash(trv_object *self, int64_t *hash)
{
    *hash = *(int64_t *)trv_data(self, bad_type);
    return 0;
}

static int bad_compare(trv_object *self TRV_UNUSED, trv_object *other TRV_UNUSED,
                       trv_comparison op TRV_UNUSED)
{
    say_bad();
    return -1;
}

static int bad_truth(trv_object *self TRV_UNUSED)
{
    say_bad();
    return -1;
}

static int bad_length(trv_object *self TRV_UNUSED, size_t *length TRV_UNUSED)
{
    say_bad();
    return -1;
}

static trv_object *bad_iter(trv_object *self TRV_UNUSED)
{
    return say_bad();
}

static trv_object *bad_getitem(trv_object *self TRV_UNUSED, trv_object *key TRV_UNUSED)
{
    return say_bad();
}

static int bad_setitem(trv_object *self TRV_UNUSED, trv_object *key TRV_UNUSED,
                       trv_object *value TRV_UNUSED)
{
    say_bad();
    return -1;
}

static int bad_contains(trv_object *self TRV_UNUSED, trv_object *item TRV_UNUSED)
{
    say_bad();
    return -1;
}

static trv_object *bad_call(trv_object *self TRV_UNUSED, const trv_args *args TRV_UNUSED)
{
    return say_bad();
}

static int unhashable_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    return op == TRV_EQUAL ? self == other : op == TRV_NOT_EQUAL ? self != other : TRV_UNKNOWN;
}

static trv_object *unhashable_repr(trv_object *self TRV_UNUSED)
{
    return trv_str_new("Unhashable()");
}

struct clears {
    trv_object *container;
    int64_t hash;
};

static int clears_init(trv_object *self, const trv_args *args)
{
    struct clears *data = trv_data(self, clears_type);
    trv_object *container;

    if (trv_parse(args, "o|l", &container, &data->hash) < 0)
        return -1;
    data->container = trv_ref(container);
    return 0;
}

static int clears_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct clears *data = trv_data(self, clears_type);

    return data->container ? visit(data->container, argument) : 0;
}

static void clears_clear(trv_object *self)
{
    trv_clear(&((struct clears *)trv_data(self, clears_type))->container);
}

static int clears_compare(trv_object *self, trv_object *other TRV_UNUSED, trv_comparison op)
{
    struct clears *data = trv_data(self, clears_type);
    trv_auto trv_object *method = NULL;
    trv_auto trv_object *none = NULL;

    if (op != TRV_EQUAL && op != TRV_NOT_EQUAL && op != TRV_LESS)
        return TRV_UNKNOWN;
    method = trv_getattr(data->container, "clear");
    none = trv_call(method, "");
    return none ? op == TRV_NOT_EQUAL : -1;
}

static int clears_hash(trv_object *self, int64_t *hash)
{
    *hash = ((struct clears *)trv_data(self, clears_type))->hash;
    return 0;
}

static trv_object *clears_repr(trv_object *self TRV_UNUSED)
{
    return trv_str_new("Clears()");
}

static int fails_init(trv_object *self, const trv_args *args)
{
    return trv_parse(args, "l", (int64_t *)trv_data(self, fails_type));
}

static trv_object *fails_repr(trv_object *self)
{
    return trv_str_printf("Fails(%lld)", (long long)*(int64_t *)trv_data(self, fails_type));
}

TRV_STATIC_FUNCTION(fails_run, "fails(count)")
{
    int64_t count;

    if (trv_parse(args, "l", &count) < 0)
        return NULL;
    for (int64_t i = 0; i < count; i++) {
        trv_auto trv_object *number = trv_int_new(i);
        trv_auto trv_object *sent = trv_yield(number);
        if (!sent)
            return NULL;
    }
    return trv_raise(trv_ValueError, "no more");
}

static trv_object *fails_iter(trv_object *self)
{
    return trv_generator_new(fails_run, "l", *(int64_t *)trv_data(self, fails_type));
}

int table_begin(void)
{
    trv_type_spec bad = {.size = sizeof bad,
                         .name = "Bad",
                         .doc = "Bad(number=)",
                         .data_size = sizeof(int64_t),
                         .slots = {.init = bad_init,
                                   .repr = bad_repr,
                                   .hash = bad_hash,
                                   .compare = bad_compare,
                                   .truth = bad_truth,
                                   .length = bad_length,
                                   .iter = bad_iter,
                                   .getitem = bad_getitem,
                                   .setitem = bad_setitem,
                                   .contains = bad_contains,
                                   .call = bad_call}};
    trv_type_spec unhashable = {.size = sizeof unhashable,
                                .name = "Unhashable",
                                .slots = {.repr = unhashable_repr, .compare = unhashable_compare}};
    trv_type_spec clears = {.size = sizeof clears,
                            .name = "Clears",
                            .doc = "Clears(container, hash=)",
                            .data_size = sizeof(struct clears),
                            .slots = {.init = clears_init,
                                      .traverse = clears_traverse,
                                      .clear = clears_clear,
                                      .repr = clears_repr,
                                      .hash = clears_hash,
                                      .compare = clears_compare}};
    trv_type_spec fails = {.size = sizeof fails,
                           .name = "Fails",
                           .doc = "Fails(count)",
                           .data_size = sizeof(int64_t),
                           .slots = {.init = fails_init, .repr = fails_repr, .iter = fails_iter}};

    bad_type = trv_type_new(&bad);
    unhashable_type = trv_type_new(&unhashable);
    clears_type = trv_type_new(&clears);
    fails_type = trv_type_new(&fails);
    return bad_type && unhashable_type && clears_type && fails_type ? 0 : -1;
}

void table_end(void)
{
    trv_clear(&bad_type);
    trv_clear(&unhashable_type);
    trv_clear(&clears_type);
    trv_clear(&fails_type);
}

/* Names -------------------------------------------------------------------------------------- */

/* What trv_builtin does not know. */
static const struct {
    const char *name;
    trv_object *means;
} names[] = {
    {"bytearray", trv_bytearray_type},
    {"memoryview", trv_memoryview_type},
    {"method", trv_method_type},
    {"cell", trv_cell_type},
    {"mappingproxy", trv_mappingproxy_type},
    {"partial", trv_partial_type},
    {"itemgetter", trv_itemgetter_type},
    {"attrgetter", trv_attrgetter_type},
    {"methodcaller", trv_methodcaller_type},
    {"module", trv_module_type},
    {"ref", trv_weakref_type},
    {"proxy", trv_weakref_proxy_type},
    {"WeakMethod", trv_weakref_method_type},
    {"WeakSet", trv_weak_set_type},
    {"WeakKeyDictionary", trv_weak_key_dict_type},
    {"WeakValueDictionary", trv_weak_value_dict_type},
    {"finalize", trv_finalize_type},
};

static const struct {
    const char *name;
    trv_object **means;
} prepared[] = {
    {"Bad", &bad_type},
    {"Unhashable", &unhashable_type},
    {"Clears", &clears_type},
    {"Fails", &fails_type},
};

trv_object *table_name(const char *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].name, name))
            return trv_ref(names[i].means);
    for (size_t i = 0; i < sizeof prepared / sizeof *prepared; i++)
        if (!strcmp(prepared[i].name, name))
            return trv_ref(*prepared[i].means);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (!strncmp(functions[i].signature, name, strlen(name)) &&
            functions[i].signature[strlen(name)] == '(')
            return trv_function_new(functions[i].entry, functions[i].signature, NULL);
    return trv_builtin(name);
}
