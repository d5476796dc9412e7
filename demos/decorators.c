/* SPDX-License-Identifier: MIT */
/*
 * Functions that make functions: a decorator, one with an argument, two stacked, closures that share a
 * variable, defaults, a cache.
 */
#include <trivet.h>

#include <stdio.h>

/* def greet(name, greeting="hello"): ... */
static trv_object *greet(const trv_args *args)
{
    const char *name, *greeting;

    if (trv_parse(args, "ss", &name, &greeting) < 0)
        return NULL;
    return trv_str_printf("%s, %s", greeting, name);
}

/* What a decorated function does: (function, before, after) around what it gives. */
static trv_object *surround(const trv_args *args)
{
    trv_object *function;
    const char *mark;
    trv_auto trv_object *inner = NULL;
    trv_auto trv_object *name = NULL;

    if (trv_parse_tuple(args->self, "os", &function, &mark) < 0 ||
        !(name = trv_getattr(function, "__name__")))
        return NULL;
    printf("%s calls %s\n", mark, trv_str_utf8(name, NULL));
    inner = trv_call_array(function, args->items, args->count, args->keywords);
    return inner ? trv_str_printf("%s%s%s", mark, trv_str_utf8(inner, NULL), mark) : NULL;
}

/* def marked(mark): def decorator(function): @wraps(function) def wrapper(*args, **keywords): ... */
static trv_object *decorate(const trv_args *args)
{
    trv_object *function;
    trv_auto trv_object *data = NULL;
    trv_auto trv_object *wrapper = NULL;

    if (trv_parse(args, "o", &function) < 0)
        return NULL;
    data = trv_build("(oo)", function, args->self);
    wrapper = trv_function_new(surround, "wrapper(*args, **keywords)", data);
    return trv_wraps(wrapper, function);
}

static trv_object *marked(const char *mark)
{
    trv_auto trv_object *text = trv_str_new(mark);

    return trv_function_new(decorate, "decorator(function)", text);
}

static int decorators(void)
{
    trv_auto trv_object *function =
        trv_function_new(greet, "greet(name, greeting='hello'): says hello", NULL);
    trv_auto trv_object *stars = marked("*"), *dashes = marked("-");
    trv_auto trv_object *inner = trv_call(stars, "o", function);
    trv_auto trv_object *stacked = trv_call(dashes, "o", inner);
    trv_auto trv_object *text = trv_call(stacked, "s", "plate");
    trv_auto trv_object *name = trv_getattr(stacked, "__name__");
    trv_auto trv_object *doc = trv_getattr(stacked, "__doc__");
    trv_auto trv_object *defaults = trv_getattr(function, "__defaults__");

    trv_print(text);
    trv_print(name);
    trv_print(doc);
    trv_print(defaults);
    return trv_error_occurred() ? -1 : 0;
}

/* def counter(): count = 0; def increment(): nonlocal count; count += 1; return count */
static trv_object *increment(const trv_args *args)
{
    trv_auto trv_object *one = trv_int_new(1);
    trv_auto trv_object *count = trv_cell_get(args->self);
    trv_auto trv_object *next = trv_iadd(count, one);

    return next && trv_cell_set(args->self, next) == 0 ? trv_steal(&next) : NULL;
}

static int closures(void)
{
    trv_auto trv_object *zero = trv_int_new(0);
    trv_auto trv_object *cell = trv_cell_new(zero);
    trv_auto trv_object *first = trv_function_new(increment, "increment()", cell);
    trv_auto trv_object *second = trv_function_new(increment, "increment()", cell);

    for (int i = 0; i < 2; i++) {
        trv_auto trv_object *a = trv_call(first, "");
        trv_auto trv_object *b = trv_call(second, "");
        trv_print(a);
        trv_print(b);
    }
    return trv_error_occurred() ? -1 : 0;
}

/* @lru_cache(maxsize=None) def fibonacci(n): ... */
static trv_object *fibonacci(const trv_args *args)
{
    trv_auto trv_object *cached = trv_cell_get(args->self);
    trv_auto trv_object *a = NULL;
    trv_auto trv_object *b = NULL;
    int64_t n;

    if (!cached || trv_parse(args, "l", &n) < 0)
        return NULL;
    if (n < 2)
        return trv_int_new(n);
    a = trv_call(cached, "l", n - 1);
    b = a ? trv_call(cached, "l", n - 2) : NULL;
    return trv_add(a, b);
}

static int cache(void)
{
    trv_auto trv_object *cell = trv_cell_new(NULL);
    trv_auto trv_object *function = trv_function_new(fibonacci, "fibonacci(n)", cell);
    trv_auto trv_object *cached = trv_lru_cache_new(function, -1, 0);
    trv_auto trv_object *result = NULL;
    trv_auto trv_object *info = NULL;

    if (!cached || trv_cell_set(cell, cached) < 0)
        return -1;
    result = trv_call(cached, "i", 90);
    trv_print(result);
    info = trv_call_method(cached, "cache_info", "");
    trv_print(info);
    return trv_cell_set(cell, NULL); /* or leave the cycle to the collector */
}

TRV_FUNCTION(app, "app(): decorators, closures and a cache")
{
    return decorators() < 0 || closures() < 0 || cache() < 0 ? NULL : trv_none_new();
}

int main(int argc, char **argv)
{
    return trv_main(app, argc, argv);
}
