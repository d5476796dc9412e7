/* SPDX-License-Identifier: MIT */
/*
 * The object floor without memory: each way through it is walked once for every allocation on it,
 * with that one failing. What it must give then is NULL, MemoryError, and nothing left behind.
 */
#include "object/expect.h"
#include "types/exhaust.h"

TRV_STATIC_FUNCTION(everything, "everything(a, b=, c=, d=, e=, f=, g=, h=, i=, *rest, **options)")
{
    trv_auto trv_object *tuple = trv_tuple_new(args->items, args->count < 2 ? args->count : 2);

    return trv_build("[oo]", tuple, args->keywords ? args->keywords : trv_int_type);
}

TRV_STATIC_FUNCTION(takes_dict, "takes_dict(d)")
{
    int64_t a;
    const char *s = "";

    if (trv_parse(args, "{s:l | s:s}", "number", &a, "text", &s) < 0)
        return NULL;
    return trv_build("(ls)", a, s);
}

static trv_object *build(void)
{
    return trv_build("{s:[(ii)d], s:(sy[n]), i:[llllllllll]}", "a", 1000, 2000, 1.5, "b", "text",
                     "bytes", (size_t)5, 3000, INT64_C(1000), INT64_C(1001), INT64_C(1002),
                     INT64_C(1003), INT64_C(1004), INT64_C(1005), INT64_C(1006), INT64_C(1007),
                     INT64_C(1008), INT64_C(1009));
}

TEST(building)
{
    EXHAUST(build());
}

static trv_object *call_with_keywords(void)
{
    trv_auto trv_object *keywords =
        trv_build("{s:i s:i s:i s:s}", "b", 1000, "i", 1001, "other", 1002, "another", "x");
    trv_auto trv_object *first = trv_int_new(5000);

    if (!keywords || !first)
        return NULL;
    return trv_call_array(everything, &first, 1, keywords);
}

TEST(calling)
{
    EXHAUST(call_with_keywords());
    EXHAUST(trv_call(everything, "iiiiiiiiiiiiiii[i]", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
                     14, 15, 1600));
    EXHAUST(trv_call(takes_dict, "{s:i s:s}", "number", 12345, "text", "x"));
}

static trv_object *echo(const trv_args *args)
{
    return trv_ref(args->self);
}

static trv_object *call_closure(void)
{
    trv_auto trv_object *data = trv_list_new();
    trv_auto trv_object *closure =
        data ? trv_function_new(echo, "echo(a=): gives back", data) : NULL;
    trv_auto trv_object *doc = closure ? trv_getattr(closure, "__doc__") : NULL;

    return doc ? trv_call(closure, "") : NULL;
}

static trv_object *call_method(void)
{
    trv_auto trv_object *list = trv_build("[i]", 1000);
    trv_auto trv_object *append = list ? trv_getattr(list, "append") : NULL;
    trv_auto trv_object *none = append ? trv_call(append, "i", 2000) : NULL;

    return none ? trv_ref(list) : NULL;
}

TEST(functions)
{
    EXHAUST(call_closure());
    EXHAUST(call_method());
}

static int pair_traverse(trv_object *self, trv_visit visit, void *argument)
{
    (void)self, (void)visit, (void)argument;
    return 0;
}

static void pair_clear(trv_object *self)
{
    (void)self;
}

static int pair_init(trv_object *self, const trv_args *args)
{
    int64_t a, b;

    (void)self;
    return trv_parse(args, "ll", &a, &b);
}

static trv_object *make_types_and_instances(void)
{
    trv_type_spec spec = {
        .size = sizeof spec,
        .name = "Pair",
        .doc = "Pair(a, b): of numbers",
        .data_size = 600,
        .slots = {.traverse = pair_traverse, .clear = pair_clear, .init = pair_init},
    };
    trv_auto trv_object *base = trv_type_new(&spec), *derived = NULL, *instance = NULL;
    trv_auto trv_object *keywords = trv_build("{s:i}", "b", 1000);

    if (!base || !keywords)
        return NULL;
    spec.name = "Derived";
    spec.base = base;
    derived = trv_type_new(&spec);
    instance = derived ? trv_call(derived, "ii", 1000, 2000) : NULL;
    return instance ? trv_repr(instance) : NULL;
}

TEST(types)
{
    EXHAUST(make_types_and_instances());
}

static trv_object *print_deeply(void)
{
    trv_object *list = trv_list_new();
    trv_object *text;

    for (int i = 0; list && i < 40; i++) {
        trv_object *outer = trv_build("[o]", list);
        trv_unref(list);
        list = outer;
    }
    text = list ? trv_repr(list) : NULL;
    trv_unref(list);
    return text;
}

static trv_object *measure(trv_object *object)
{
    size_t size;

    return trv_total_size(object, &size) < 0 ? NULL : trv_int_new((int64_t)size);
}

TEST(printing_and_measuring)
{
    trv_auto trv_object *list = trv_list_new();

    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *item = trv_build("[d]", i + 0.5);
        ck_assert_int_eq(trv_list_append(list, item), 0);
    }
    EXHAUST(print_deeply());
    EXHAUST(measure(list));
}

TEST_LIST(RUN(building), RUN(calling), RUN(functions), RUN(types), RUN(printing_and_measuring))
