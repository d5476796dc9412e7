/* SPDX-License-Identifier: MIT */
/*
 * partial, lru_cache, wraps and modules from C: what they hold, in cycles, and when they are called from within.
 * What they give is compared with Python's in tests/differential/table/functools.cases.
 */
#include "types/container.h"
#include "types/exhaust.h"

#include <trivet/class.h>
#include <trivet/functools.h>
#include <trivet/pickle.h>

/* Calls what a cell holds with n - 1, so that a cache is asked again by what it calls. */
static trv_object *count_down(const trv_args *args)
{
    trv_auto trv_object *cached = NULL;
    int64_t n;

    if (trv_parse(args, "l", &n) < 0 || !(cached = trv_cell_get(args->self)))
        return NULL;
    return n > 0 ? trv_call(cached, "l", n - 1) : trv_none_new();
}

/* Clears the cache that calls it. */
static trv_object *clear_cache(const trv_args *args)
{
    trv_auto trv_object *cached = trv_cell_get(args->self);
    trv_auto trv_object *clear = trv_getattr(cached, "cache_clear");

    return trv_call(clear, "");
}

static trv_object *make_cache(trv_entry entry, const char *name, int64_t maxsize, trv_object **cell)
{
    trv_auto trv_object *function = NULL;

    *cell = trv_cell_new(NULL);
    function = trv_function_new(entry, name, *cell);
    return trv_lru_cache_new(function, maxsize, 0);
}

TEST(a_cache_asked_from_within)
{
    trv_auto trv_object *cell = NULL;
    trv_auto trv_object *cached = make_cache(count_down, "count_down(n)", 3, &cell);

    ck_assert_int_eq(trv_cell_set(cell, cached), 0);
    expect_repr(trv_call(cached, "i", 6), "None");
    expect_repr(method(cached, "cache_info", ""),
                "{'hits': 0, 'misses': 7, 'maxsize': 3, 'currsize': 3}");
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
}

TEST(a_cache_cleared_by_what_it_calls)
{
    trv_auto trv_object *cell = NULL;
    trv_auto trv_object *cached = make_cache(clear_cache, "clear_cache(n)", 3, &cell);

    ck_assert_int_eq(trv_cell_set(cell, cached), 0);
    expect_repr(trv_call(cached, "i", 1), "None");
    expect_repr(method(cached, "cache_info", ""),
                "{'hits': 0, 'misses': 0, 'maxsize': 3, 'currsize': 1}");
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
}

/* Comparing keys clears the cache in which they stand. */
static trv_object *victim;

static int clear_victim(void)
{
    trv_auto trv_object *none = method(victim, "cache_clear", "");

    return none ? 0 : -1;
}

TEST(keys_that_clear_the_cache)
{
    trv_auto trv_object *str = trv_ref(trv_str_type);
    trv_object *a, *b;

    victim = trv_lru_cache_new(str, 1, 0);
    evil_begin();
    a = evil_new(1, 7);
    b = evil_new(2, 7);
    expect_repr(trv_call(victim, "o", a), "'e1'");
    evil_hook = clear_victim;
    expect_repr(trv_call(victim, "o", b), "'e2'");
    expect_repr(trv_call(victim, "o", a), "'e1'");
    evil_hook = NULL;
    trv_clear(&victim);
    trv_unref(a);
    trv_unref(b);
    evil_end();
}

TEST(cycles_are_found)
{
    trv_auto trv_object *list = trv_list_new(), *str = trv_ref(trv_str_type);
    trv_auto trv_object *cached = trv_lru_cache_new(str, -1, 0), *keyword = trv_str_new("x");
    trv_auto trv_object *module = trv_module_new("m", NULL);
    trv_auto trv_object *partial = trv_partial_new(str, &list, 1, NULL);
    trv_auto trv_object *key = trv_method_new(str, list), *text = trv_call(cached, "o", key);
    size_t found;

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(trv_list_append(list, cached), 0);
    ck_assert_int_eq(trv_list_append(list, partial), 0);
    ck_assert_int_eq(trv_list_append(list, module), 0);
    ck_assert_int_eq(trv_setattr(module, "list", list), 0);
    trv_clear(&cached);
    trv_clear(&partial);
    trv_clear(&module);
    trv_clear(&key);
    trv_clear(&list);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_ge(found, 5);
}

static trv_object *pickled(trv_object *object)
{
    trv_auto trv_object *pickle = trv_pickle_dumps(object);
    const void *data;
    size_t size;

    if (!pickle || !(data = trv_bytes_data(pickle, &size)))
        return NULL;
    return trv_pickle_loads(data, size);
}

TEST(partials_are_copied_and_pickled)
{
    trv_auto trv_object *list = trv_list_new(), *mark = trv_int_new(7);
    trv_auto trv_object *partial = trv_partial_new(trv_list_type, &list, 1, NULL), *copy = NULL;

    ck_assert_int_eq(trv_setattr(partial, "mark", mark), 0);
    ck_assert_int_eq(trv_list_append(list, partial), 0); /* holds itself */
    copy = pickled(partial);
    expect_repr(trv_getattr(copy, "mark"), "7");
    expect_repr(trv_call(copy, ""), "[functools.partial(<class 'list'>, [...])]");
    EXHAUST(trv_copy(partial));
    EXHAUST(trv_deepcopy(partial));
    EXHAUST(pickled(partial));
    ck_assert_int_eq(trv_list_clear(list), 0);
    trv_clear(&copy);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

TEST(attributes_are_copied)
{
    trv_auto trv_object *cell = trv_cell_new(NULL), *mark = trv_int_new(7);
    trv_auto trv_object *inner = trv_function_new(count_down, "inner(n): counts down", cell);
    trv_auto trv_object *outer = trv_function_new(count_down, "outer(n)", cell);
    trv_auto trv_object *same = NULL, *wrapped = NULL;

    ck_assert_int_eq(trv_setattr(inner, "mark", mark), 0);
    same = trv_wraps(outer, inner);
    ck_assert_ptr_eq(same, outer);
    expect_repr(trv_ref(outer), "<function inner>");
    expect_repr(trv_getattr(outer, "__doc__"), "'counts down'");
    expect_repr(trv_getattr(outer, "mark"), "7");
    wrapped = trv_getattr(outer, "__wrapped__");
    ck_assert_ptr_eq(wrapped, inner);
}

static trv_object *counted(const trv_args *args)
{
    trv_auto trv_object *one = trv_int_new(1), *count = trv_cell_get(args->self);
    trv_auto trv_object *next = trv_add(count, one);

    return next && trv_cell_set(args->self, next) == 0 ? trv_steal(&next) : NULL;
}

static trv_object *first_attribute(trv_object *class)
{
    trv_auto trv_object *instance = trv_call(class, "");

    return trv_getattr(instance, "made");
}

TEST(a_cached_property_is_made_once)
{
    trv_auto trv_object *zero = trv_int_new(0), *cell = trv_cell_new(zero);
    trv_auto trv_object *function = trv_function_new(counted, "counted(self)", cell);
    trv_auto trv_object *property = trv_cached_property_new(function);
    trv_auto trv_object *cached = trv_lru_cache_new(function, -1, 0);
    trv_auto trv_object *dict = trv_build("{s:o, s:o}", "made", property, "cached", cached);
    trv_auto trv_object *twice = trv_build("{s:o, s:o}", "a", property, "b", property);
    trv_auto trv_object *class = trv_class_new("Maker", NULL, dict);
    trv_auto trv_object *one = trv_call(class, ""), *two = trv_call(class, "");
    trv_auto trv_object *itself = trv_getattr(class, "made");

    expect_repr(trv_getattr(one, "made"), "1");
    expect_repr(trv_getattr(one, "made"), "1");
    expect_repr(trv_getattr(one, "__dict__"), "{'made': 1}");
    expect_repr(trv_getattr(two, "made"), "2");
    ck_assert_int_eq(trv_delattr(one, "made"), 0);
    expect_repr(trv_getattr(one, "made"), "3");
    ck_assert_ptr_eq(itself, property);
    expect_repr(trv_getattr(property, "attrname"), "'made'");
    expect_repr(trv_call_method(one, "cached", ""), "4");
    expect_repr(trv_call_method(one, "cached", ""), "4");
    expect_repr(trv_call_method(two, "cached", ""), "5");
    ck_assert_ptr_null(trv_class_new("Twice", NULL, twice));
    trv_error_clear();
    EXHAUST(first_attribute(class));
    ck_assert_int_eq(trv_cell_set(cell, NULL), 0);
}

TRV_STATIC_FUNCTION(never_less, "never_less(self, other): False")
{
    return args->count == 2 ? trv_bool_new(0) : trv_raise(trv_TypeError, "two objects");
}

TEST(a_class_gets_the_operators_it_lacks)
{
    trv_auto trv_object *namespace = trv_build("{s:o}", "__lt__", never_less);
    trv_auto trv_object *class = trv_class_new("Same", NULL, namespace);
    trv_auto trv_object *bare = trv_class_new("Bare", NULL, NULL);
    trv_auto trv_object *ordered = trv_total_ordering(class);
    trv_auto trv_object *a = trv_call(class, ""), *b = trv_call(class, "");

    ck_assert_ptr_eq(ordered, class);
    ck_assert_int_eq(trv_compare(a, b, TRV_GREATER_EQUAL), 1);
    ck_assert_int_eq(trv_compare(a, b, TRV_GREATER), 1);
    ck_assert_int_eq(trv_compare(a, b, TRV_LESS_EQUAL), 0);
    ck_assert_int_eq(trv_compare(a, a, TRV_GREATER), 0);
    EXPECT_NULL(trv_total_ordering(bare), trv_ValueError,
                "must define at least one ordering operation: < > <= >=");
    EXPECT_NULL(trv_total_ordering(a), trv_TypeError, "trv_total_ordering needs a type, not Same");
}

/* What a partial holds is exchanged by what it holds --------------------------------------------------- */

static trv_object *exchanged; /* the partial */

/* Gives the partial another state, and so an end to what it held. */
static trv_object *exchange(const trv_args *args TRV_UNUSED)
{
    trv_auto trv_object *state = trv_build("(o()nn)", trv_int_type);
    trv_auto trv_object *answer = trv_call_method(exchanged, "__setstate__", "o", state);

    return answer ? trv_str_new("me") : NULL;
}

static trv_object *instance_with(const char *name)
{
    trv_auto trv_object *function = trv_function_new(exchange, name, NULL);
    trv_auto trv_object *namespace = trv_build("{s:o}", name, function);
    trv_auto trv_object *class = trv_class_new("Exchanger", NULL, namespace);

    return trv_call(class, "");
}

TEST(a_partial_changed_while_it_is_printed)
{
    trv_auto trv_object *one = instance_with("__repr__"), *two = trv_list_new();
    trv_auto trv_object *keywords = trv_build("{s:o}", "key", two);

    exchanged = trv_partial_new(trv_float_type, (trv_object *[]){one, two}, 2, keywords);
    trv_clear(&one);
    trv_clear(&two);
    trv_clear(&keywords);
    expect_repr(trv_ref(exchanged), "functools.partial(<class 'float'>, me, [], key=[])");
    expect_repr(trv_ref(exchanged), "functools.partial(<class 'int'>)");
    trv_clear(&exchanged);
}

TEST(a_partial_changed_while_it_is_changed)
{
    trv_auto trv_object *one = instance_with("__del__"), *items = trv_list_new();
    trv_auto trv_object *state = trv_build("(o(o)nn)", trv_float_type, items), *answer = NULL;

    exchanged = trv_partial_new(trv_float_type, &items, 1, NULL);
    trv_clear(&items);
    ck_assert_int_eq(trv_setattr(exchanged, "one", one), 0);
    trv_clear(&one);
    answer = trv_call_method(exchanged, "__setstate__", "o", state);
    ck_assert_ptr_nonnull(answer);
    trv_clear(&state);
    expect_repr(trv_ref(exchanged), "functools.partial(<class 'float'>, [])");
    trv_clear(&exchanged);
}

TEST_LIST(RUN(a_cache_asked_from_within), RUN(a_cache_cleared_by_what_it_calls),
          RUN(keys_that_clear_the_cache), RUN(cycles_are_found),
          RUN(partials_are_copied_and_pickled), RUN(attributes_are_copied),
          RUN(a_cached_property_is_made_once), RUN(a_class_gets_the_operators_it_lacks),
          RUN(a_partial_changed_while_it_is_printed), RUN(a_partial_changed_while_it_is_changed))
