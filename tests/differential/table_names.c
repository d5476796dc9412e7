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

/* Functions ---------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(table_len, "len(obj)")
{
    trv_object *object;
    size_t length;

    if (trv_parse(args, "o", &object) < 0 || trv_len(object, &length) < 0)
        return NULL;
    return trv_int_new_unsigned(length);
}

TRV_STATIC_FUNCTION(table_repr, "repr(obj)")
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_repr(object);
}

TRV_STATIC_FUNCTION(table_hash, "hash(obj)")
{
    trv_object *object;
    int64_t hash;

    if (trv_parse(args, "o", &object) < 0 || trv_hash(object, &hash) < 0)
        return NULL;
    return trv_int_new(hash);
}

TRV_STATIC_FUNCTION(table_abs, "abs(x)")
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_absolute(object);
}

TRV_STATIC_FUNCTION(table_divmod, "divmod(x, y)")
{
    trv_object *a, *b;

    return trv_parse(args, "oo", &a, &b) < 0 ? NULL : trv_divmod(a, b);
}

TRV_STATIC_FUNCTION(table_pow, "pow(base, exp, mod=)")
{
    trv_object *base, *exponent, *modulus = NULL;

    if (trv_parse(args, "oo|o", &base, &exponent, &modulus) < 0)
        return NULL;
    return modulus ? trv_power_modulo(base, exponent, modulus) : trv_power(base, exponent);
}

TRV_STATIC_FUNCTION(table_iter, "iter(object)")
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_iter(object);
}

TRV_STATIC_FUNCTION(table_next, "next(iterator)")
{
    trv_object *iterator, *item;
    int more;

    if (trv_parse(args, "o", &iterator) < 0 || (more = trv_next(iterator, &item)) < 0)
        return NULL;
    return more ? item : trv_raise(trv_StopIteration, NULL);
}

TRV_STATIC_FUNCTION(table_isinstance, "isinstance(obj, class_or_tuple)")
{
    trv_object *object, *type;
    int answer;

    if (trv_parse(args, "oo", &object, &type) < 0 || (answer = trv_isinstance(object, type)) < 0)
        return NULL;
    return trv_bool_new(answer);
}

TRV_STATIC_FUNCTION(table_issubclass, "issubclass(cls, class_or_tuple)")
{
    trv_object *type, *base;
    int answer;

    if (trv_parse(args, "oo", &type, &base) < 0 || (answer = trv_issubclass(type, base)) < 0)
        return NULL;
    return trv_bool_new(answer);
}

TRV_STATIC_FUNCTION(table_callable, "callable(obj)")
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : trv_bool_new(trv_callable(object));
}

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

static const struct {
    const char *name;
    trv_object *means;
} names[] = {{"object", trv_object_type},
             {"type", trv_type_type},
             {"bool", trv_bool_type},
             {"int", trv_int_type},
             {"float", trv_float_type},
             {"str", trv_str_type},
             {"bytes", trv_bytes_type},
             {"bytearray", trv_bytearray_type},
             {"memoryview", trv_memoryview_type},
             {"tuple", trv_tuple_type},
             {"list", trv_list_type},
             {"dict", trv_dict_type},
             {"set", trv_set_type},
             {"frozenset", trv_frozenset_type},
             {"range", trv_range_type},
             {"slice", trv_slice_type},
             {"method", trv_method_type},
             {"cell", trv_cell_type},
             {"len", table_len},
             {"repr", table_repr},
             {"hash", table_hash},
             {"abs", table_abs},
             {"divmod", table_divmod},
             {"pow", table_pow},
             {"iter", table_iter},
             {"next", table_next},
             {"isinstance", table_isinstance},
             {"issubclass", table_issubclass},
             {"callable", table_callable},
             {"BaseException", trv_BaseException},
#define NAMED(name, base) {#name, trv_##name},
             TRV_EXCEPTIONS(NAMED)
#undef NAMED
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
    return NULL;
}
