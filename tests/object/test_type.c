/* SPDX-License-Identifier: MIT */
/*
 * Types defined in C: instances, derived types, life and end, every slot reached through the
 * public protocols, and what a bad spec is told.
 */
#include "object/expect.h"

#include "base/base.h"

/* A node refers to another object, and writes down its end. */
typedef struct node_data {
    trv_object *other;
    char *buffer; /* malloc'd */
} node_data;

static int finalized, destroyed;
static trv_object *node_type; /* borrowed from the test that made it */
static trv_object *rescued;

static node_data *node(trv_object *self)
{
    return trv_data(self, node_type);
}

static int node_traverse(trv_object *self, trv_visit visit, void *argument)
{
    node_data *data = trv_data(self, node_type);

    return data->other ? visit(data->other, argument) : 0;
}

static void node_clear(trv_object *self)
{
    trv_clear(&node(self)->other);
}

static void node_destroy(trv_object *self)
{
    free(node(self)->buffer);
    destroyed++;
}

static void node_finalize(trv_object *self)
{
    ck_assert_ptr_nonnull(node(self));
    finalized++;
}

static void node_rescue(trv_object *self)
{
    finalized++;
    rescued = trv_ref(self);
}

static int node_init(trv_object *self, const trv_args *args)
{
    trv_object *other = NULL;

    if (trv_parse(args, "|o", &other) < 0)
        return -1;
    node(self)->other = trv_ref(other);
    node(self)->buffer = malloc(100);
    return 0;
}

static size_t node_size_bytes(trv_object *self)
{
    return node(self)->buffer ? 100 : 0;
}

static const trv_type_spec node_spec = {
    .size = sizeof(trv_type_spec),
    .name = "Node",
    .doc = "Node(other=): refers to another object",
    .data_size = sizeof(node_data),
    .slots =
        {
            .traverse = node_traverse,
            .clear = node_clear,
            .destroy = node_destroy,
            .finalize = node_finalize,
            .init = node_init,
            .size_bytes = node_size_bytes,
        },
};

static trv_object *make_node_type(void)
{
    finalized = destroyed = 0;
    node_type = trv_type_new(&node_spec);
    ck_assert_ptr_nonnull(node_type);
    return node_type;
}

TEST(instances)
{
    trv_auto trv_object *type = make_node_type();
    trv_auto trv_object *number = trv_int_new(1000);
    trv_auto trv_object *a = trv_call(type, "o", number);
    trv_auto trv_object *of = trv_type_of(a);
    trv_auto trv_object *b = NULL;

    ck_assert_ptr_eq(of, type);
    ck_assert_ptr_eq(node(a)->other, number);
    ck_assert_uint_eq((uintptr_t)node(a) % 16, 0);
    ck_assert_int_eq(trv_isinstance(a, type), 1);
    ck_assert_int_eq(trv_isinstance(a, trv_object_type), 1);
    ck_assert_int_eq(trv_isinstance(number, type), 0);
    expect_repr(trv_ref(type), "<class 'Node'>");
    ck_assert_str_eq(trv_type_name(a), "Node");
    EXPECT_NULL(trv_call(type, "ii", 1, 2), trv_TypeError,
                "Node() takes from 0 to 1 positional arguments but 2 were given");
    EXPECT_NULL(trv_data(number, type), trv_TypeError, "trv_data needs a Node, not int");
    EXPECT_NULL(trv_data(number, trv_int_type), trv_TypeError,
                "type 'int' was not made with trv_type_new");
    trv_clear(&a);
    ck_assert(finalized == 2 && destroyed == 2); /* also the one whose init failed */
    ck_assert_int_eq(trv_refcount(number), 1);
    b = trv_call(type, "");
    ck_assert_ptr_null(node(b)->other);
}

TEST(keywords_are_bound_to_the_doc)
{
    trv_auto trv_object *type = make_node_type();
    trv_auto trv_object *good = trv_build("{s:i}", "other", 5);
    trv_auto trv_object *bad = trv_build("{s:i}", "others", 5);
    trv_auto trv_object *a = trv_call_array(type, NULL, 0, good);
    trv_auto trv_object *doc = trv_getattr(type, "__doc__");

    expect_repr(trv_ref(node(a)->other), "5");
    EXPECT_NULL(trv_call_array(type, NULL, 0, bad), trv_TypeError,
                "Node() got an unexpected keyword argument 'others'");
    ck_assert_str_eq(trv_str_utf8(doc, NULL), "Node(other=): refers to another object");
}

/* A type ends with the last reference, its instances' included. */
TEST(type_lives_as_long_as_its_instances)
{
    trv_object *type = make_node_type();
    trv_object *a = trv_call(type, "");

    ck_assert_int_eq(trv_refcount(type), 2);
    trv_unref(type);
    ck_assert_str_eq(trv_type_name(a), "Node");
    trv_unref(a);
    ck_assert_int_eq(destroyed, 1);
}

TEST(cycle_is_collected)
{
    trv_auto trv_object *type = make_node_type();
    trv_object *a = trv_call(type, ""), *b = trv_call(type, "o", a);
    size_t found;

    node(a)->other = trv_ref(b);
    ck_assert_int_eq(trv_gc_is_tracked(a), 1);
    trv_unref(a);
    trv_unref(b);
    ck_assert_int_eq(destroyed, 0);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
    ck_assert(finalized == 2 && destroyed == 2);
}

TEST(finalizer_may_rescue_once)
{
    trv_type_spec spec = node_spec;
    trv_auto trv_object *type = NULL;

    finalized = destroyed = 0;
    spec.slots.finalize = node_rescue;
    type = node_type = trv_type_new(&spec);
    trv_unref(trv_call(type, ""));
    ck_assert(finalized == 1 && destroyed == 0);
    ck_assert_int_eq(trv_gc_is_finalized(rescued), 1);
    ck_assert_int_eq(trv_refcount(rescued), 1);
    trv_clear(&rescued);
    ck_assert(finalized == 1 && destroyed == 1);
}

TEST(long_chain_ends_without_stack)
{
    trv_auto trv_object *type = make_node_type();
    trv_object *last = trv_none_new();
    int count = TRV_GC_STRESS ? 1000 : 300000; /* a collection for each is too much */

    for (int i = 0; i < count; i++) {
        trv_object *next = trv_call(type, "o", last);
        trv_unref(last);
        last = next;
    }
    trv_unref(last);
    ck_assert_int_eq(destroyed, count);
}

TEST(sizes)
{
    trv_auto trv_object *type = make_node_type();
    trv_auto trv_object *a = trv_call(type, "");
    trv_auto trv_object *b = trv_call(type, "o", a);
    trv_auto trv_object *pair = trv_build("(oo)", b, a);
    size_t total;

    ck_assert_uint_eq(trv_sizeof(a), 16 + sizeof(node_data) + 100);
    ck_assert_int_eq(trv_total_size(b, &total), 0);
    ck_assert_uint_eq(total, 2 * trv_sizeof(a));
    ck_assert_int_eq(trv_total_size(pair, &total), 0);
    ck_assert_uint_eq(total, 2 * trv_sizeof(a) + trv_sizeof(pair));
    node(a)->other = trv_ref(b); /* a cycle */
    ck_assert_int_eq(trv_total_size(b, &total), 0);
    ck_assert_uint_eq(total, 2 * trv_sizeof(a));
    trv_clear(&node(a)->other);
}

/* A derived type with a reference of its own ------------------------------------------------- */

static trv_object *derived_type;
static int derived_destroyed;

typedef struct derived_data {
    trv_object *extra;
    double number;
} derived_data;

static derived_data *derived(trv_object *self)
{
    return trv_data(self, derived_type);
}

static int derived_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return derived(self)->extra ? visit(derived(self)->extra, argument) : 0;
}

static void derived_clear(trv_object *self)
{
    trv_clear(&derived(self)->extra);
}

static void derived_destroy(trv_object *self)
{
    ck_assert_int_eq(derived_destroyed, destroyed); /* before the base's */
    ck_assert(derived(self)->number == 2.5);
    derived_destroyed++;
}

static size_t derived_size_bytes(trv_object *self)
{
    (void)self;
    return 7;
}

TEST(derived_types_add_up)
{
    trv_auto trv_object *base = make_node_type();
    trv_type_spec spec = {
        .size = sizeof spec,
        .name = "Derived",
        .data_size = sizeof(derived_data),
        .base = base,
        .slots = {.traverse = derived_traverse,
                  .clear = derived_clear,
                  .destroy = derived_destroy,
                  .size_bytes = derived_size_bytes},
    };
    trv_auto trv_object *type = derived_type = trv_type_new(&spec);
    trv_object *a = trv_call(type, "s", "inherited init"), *b = trv_call(type, "");
    trv_auto trv_object *base_of = trv_getattr(type, "__base__");
    size_t found;

    derived_destroyed = 0;
    ck_assert_ptr_eq(base_of, base);
    ck_assert_int_eq(trv_issubclass(type, base), 1);
    ck_assert_int_eq(trv_issubclass(base, type), 0);
    ck_assert_int_eq(trv_isinstance(a, base), 1);
    ck_assert_uint_eq((uintptr_t)derived(a) % 16, 0);
    ck_assert(derived(a)->extra == NULL && derived(a)->number == 0);
    expect_repr(trv_ref(node(a)->other), "'inherited init'");
    ck_assert_uint_eq(trv_sizeof(a), 16 + sizeof(node_data) + sizeof(derived_data) + 107);
    derived(a)->number = derived(b)->number = 2.5;
    derived(a)->extra = trv_ref(b); /* a cycle through both types' data */
    node(b)->other = a;
    trv_unref(b);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 2);
    ck_assert(destroyed == 2 && derived_destroyed == 2 && finalized == 2);
}

TEST(derived_from_an_exception)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "MyError", .base = trv_ValueError};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_auto trv_object *error = trv_call(type, "s", "mine");
    trv_auto trv_object *text = trv_str(error);

    ck_assert_int_eq(trv_isinstance(error, trv_ValueError), 1);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "mine");
    trv_raise_object(error);
    ck_assert_int_eq(trv_error_matches(type), 1);
    ck_assert_int_eq(trv_error_matches(trv_Exception), 1);
    trv_error_clear();
    trv_raise(type, "raised");
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 1);
    trv_error_clear();
}

/* A list that can do one thing more and refers to one thing more. */
TEST(derived_from_a_list)
{
    trv_type_spec spec = {
        .size = sizeof spec,
        .name = "Labelled",
        .data_size = sizeof(node_data),
        .base = trv_list_type,
        .slots = {.traverse = node_traverse, .clear = node_clear, .destroy = node_destroy},
    };
    trv_auto trv_object *type = node_type = trv_type_new(&spec), *plain = trv_build("[ii]", 1, 2);
    trv_object *a = trv_call(type, "o", plain);
    size_t found;

    destroyed = 0;
    ck_assert_int_eq(trv_isinstance(a, trv_list_type), 1);
    ck_assert_int_eq(trv_equal(a, plain), 1);
    expect_repr(trv_ref(a), "[1, 2]");
    node(a)->other = trv_ref(a);
    ck_assert_int_eq(trv_list_append(a, a), 0);
    ck_assert_int_eq(trv_refcount(a), 3);
    trv_unref(a);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert(found == 1 && destroyed == 1);
}

TEST(bad_specs)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Bad"};
    trv_auto trv_object *number = trv_int_new(1);

    EXPECT_NULL(trv_type_new(NULL), trv_TypeError,
                "trv_type_new needs a spec whose size is sizeof (trv_type_spec)");
    spec.size = 3;
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError,
                "trv_type_new needs a spec whose size is sizeof (trv_type_spec)");
    spec.size = sizeof spec;
    spec.base = number;
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError,
                "type 'Bad': the base is no type but a 'int' object");
    spec.base = trv_function_type;
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError,
                "type 'function' is not an acceptable base type");
    spec.base = NULL;
    spec.name = "";
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError, "a type needs a name");
    spec.name = "Bad";
    spec.slots.traverse = node_traverse;
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError, "type 'Bad' has traverse but no clear");
    spec.slots.traverse = NULL;
    spec.data_size = SIZE_MAX;
    ck_assert_ptr_null(trv_type_new(&spec));
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1);
    trv_error_clear();
}

TEST(object_itself)
{
    trv_auto trv_object *a = trv_call(trv_object_type, "");
    trv_auto trv_object *b = trv_call(trv_object_type, "");
    int64_t hash_a, hash_b;

    ck_assert_int_eq(trv_equal(a, a), 1);
    ck_assert_int_eq(trv_equal(a, b), 0);
    ck_assert_int_eq(trv_truth(a), 1);
    ck_assert_int_eq(trv_hash(a, &hash_a), 0);
    ck_assert_int_eq(trv_hash(b, &hash_b), 0);
    ck_assert_int_ne(hash_a, hash_b);
    EXPECT_NULL(trv_call(trv_object_type, "i", 1), trv_TypeError, "object() takes no arguments");
    EXPECT_NULL(trv_call(trv_function_type, ""), trv_TypeError,
                "cannot create 'function' instances");
    expect_repr(trv_call(trv_type_type, "i", 1), "<class 'int'>");
    EXPECT_NULL(trv_call(trv_type_type, ""), trv_TypeError,
                "type() takes 1 or 3 arguments");
}

TEST_LIST(RUN(instances), RUN(keywords_are_bound_to_the_doc),
          RUN(type_lives_as_long_as_its_instances), RUN(cycle_is_collected),
          RUN(finalizer_may_rescue_once), RUN(long_chain_ends_without_stack), RUN(sizes),
          RUN(derived_types_add_up), RUN(derived_from_an_exception), RUN(derived_from_a_list),
          RUN(bad_specs), RUN(object_itself))
