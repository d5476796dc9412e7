/* SPDX-License-Identifier: MIT */
/*
 * Classes through the C interface: making, instances and their attributes, the calls of methods, ends
 * through cycles, types defined in C as bases, and memory that runs out.
 *
 * What Python can say in a line is compared with Python, in tests/differential/table/class.cases.
 */
#include "object/expect.h"
#include "types/container.h"
#include "types/exhaust.h"

TRV_STATIC_FUNCTION(init_box, "__init__(self, width, height)")
{
    trv_object *self, *width, *height;

    if (trv_parse(args, "ooo", &self, &width, &height) < 0 ||
        trv_setattr(self, "width", width) < 0 || trv_setattr(self, "height", height) < 0)
        return NULL;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(area, "area(self): width * height")
{
    trv_object *self;
    trv_auto trv_object *width = NULL;
    trv_auto trv_object *height = NULL;

    if (trv_parse(args, "o", &self) < 0)
        return NULL;
    width = trv_getattr(self, "width");
    height = trv_getattr(self, "height");
    return trv_multiply(width, height);
}

TRV_STATIC_FUNCTION(give_self, "give(self, ...)")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(count_arguments, "count(self, *rest, **options)")
{
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return NULL;
    return trv_build("(zz)", args->count, keywords);
}

static trv_object *make_box(void)
{
    trv_auto trv_object *dict = trv_build("{s:o, s:o}", "__init__", init_box, "area", area);

    return trv_class_new("Box", NULL, dict);
}

static trv_object *class_of(const char *name, trv_object *bases)
{
    trv_object *made = trv_class_new(name, bases, NULL);

    ck_assert_ptr_nonnull(made);
    return made;
}

TEST(instances_and_methods)
{
    trv_auto trv_object *box = make_box();
    trv_auto trv_object *one = trv_call(box, "ii", 3, 4);
    trv_auto trv_object *method = trv_getattr(one, "area");

    expect_repr(trv_call(method, ""), "12");
    expect_repr(trv_call_method(one, "area", ""), "12");
    expect_repr(trv_vars(one), "{'width': 3, 'height': 4}");
    ck_assert_int_eq(trv_isinstance(one, box), 1);
    EXPECT_NULL(trv_call(box, "i", 3), trv_TypeError,
                "init_box() missing 1 required positional argument: 'height'");
    EXPECT_NULL(trv_call_method(one, "volume", ""), trv_AttributeError,
                "'Box' object has no attribute 'volume'");
}

TEST(names_as_strs)
{
    trv_auto trv_object *box = make_box();
    trv_auto trv_object *one = trv_call(box, "ii", 3, 4);
    trv_auto trv_object *plain = trv_str_new("width");
    trv_auto trv_object *name = trv_intern(plain);
    trv_auto trv_object *long_name = trv_str_printf("%s%s", "wid", "th");
    trv_auto trv_object *five = trv_int_new(5);

    for (int i = 0; i < 3; i++)
        expect_repr(trv_getattr_str(one, name), "3");
    expect_repr(trv_getattr_str(one, long_name), "3");
    ck_assert_int_eq(trv_setattr_str(one, long_name, five), 0);
    expect_repr(trv_getattr_str(one, name), "5");
    ck_assert_int_eq(trv_delattr_str(one, name), 0);
    EXPECT_NULL(trv_getattr_str(one, name), trv_AttributeError,
                "'Box' object has no attribute 'width'");
    EXPECT_NULL(trv_getattr_str(one, five), trv_TypeError,
                "attribute name must be string, not 'int'");
    ck_assert_int_eq(trv_hasattr(one, "width"), 0);
    ck_assert_int_eq(trv_hasattr(one, "height"), 1);
    expect_repr(trv_getattr_default(one, "width", five), "5");
    expect_repr(trv_getattr_default(one, "height", five), "4");
}

TEST(a_text_that_changes_is_read_anew)
{
    trv_auto trv_object *box = make_box();
    trv_auto trv_object *one = trv_call(box, "ii", 3, 4);
    char name[8] = "width";

    expect_repr(trv_getattr(one, name), "3");
    strcpy(name, "height");
    expect_repr(trv_getattr(one, name), "4");
}

/* Every way of calling passes the same to a method. */
TEST(calls_of_methods)
{
    trv_auto trv_object *dict =
        trv_build("{s:o, s:o}", "count", count_arguments, "itself", give_self);
    trv_auto trv_object *class = trv_class_new("C", NULL, dict);
    trv_auto trv_object *one = trv_call(class, "");
    trv_auto trv_object *name = trv_str_new("count");
    trv_auto trv_object *keywords = trv_build("{s:i}", "x", 1);
    trv_object *items[20];

    for (int i = 0; i < 20; i++)
        items[i] = one;
    expect_repr(trv_call_method(one, "count", "iii", 1, 2, 3), "(4, 0)");
    expect_repr(trv_call_method_array(one, name, items, 20, keywords), "(21, 1)");
    ck_assert_ptr_eq(trv_call_method(one, "itself", ""), one);
    trv_unref(one);
    trv_clear(&dict);
    dict = trv_vars(one);
    ck_assert_int_eq(trv_dict_set_str(dict, "count", trv_bool_type), 0);
    expect_repr(trv_call_method(one, "count", "i", 3), "True"); /* its own goes first */
}

TEST(attributes_in_any_order)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    trv_auto trv_object *class = class_of("C", NULL);
    uint64_t state = 7;

    for (int round = 0; round < 300; round++) {
        trv_auto trv_object *one = trv_call(class, "");
        trv_auto trv_object *model = trv_dict_new();
        trv_auto trv_object *own = NULL;
        for (int i = 0; i < 12; i++) {
            const char *name = names[next_random(&state) % COUNT_OF(names)];
            trv_auto trv_object *value = trv_int_new(next_random(&state) % 1000);
            trv_auto trv_object *key = trv_str_new(name);
            if (next_random(&state) % 4) {
                ck_assert_int_eq(trv_setattr(one, name, value), 0);
                ck_assert_int_eq(trv_dict_set(model, key, value), 0);
            } else if (trv_contains(model, key)) {
                ck_assert_int_eq(trv_delattr(one, name), 0);
                ck_assert_int_eq(trv_dict_remove(model, key), 0);
            } else {
                ck_assert_int_eq(trv_delattr(one, name), -1);
                trv_error_clear();
            }
        }
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            trv_auto trv_object *key = trv_str_new(names[i]);
            trv_auto trv_object *wanted = NULL;
            trv_auto trv_object *value = NULL;
            ck_assert_int_ge(trv_dict_get(model, key, &wanted), 0);
            value = trv_getattr(one, names[i]);
            ck_assert_ptr_eq(value, wanted);
            trv_error_clear();
        }
        own = trv_vars(one);
        ck_assert_int_eq(trv_equal(own, model), 1);
        {
            trv_auto trv_object *left = trv_repr(own), *right = trv_repr(model);
            ck_assert_str_eq(trv_str_utf8(left, NULL), trv_str_utf8(right, NULL)); /* the order */
        }
    }
}

TEST(more_attributes_than_keys)
{
    trv_auto trv_object *class = class_of("C", NULL);
    trv_auto trv_object *one = trv_call(class, "");
    char name[16];

    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *value = trv_int_new(i);
        snprintf(name, sizeof name, "x%d", i);
        ck_assert_int_eq(trv_setattr(one, name, value), 0);
    }
    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *value = NULL;
        snprintf(name, sizeof name, "x%d", i);
        value = trv_getattr(one, name);
        expect_shown(value, name + 1);
    }
}

/* Ends ------------------------------------------------------------------------------------------ */

static int finalized;

TRV_STATIC_FUNCTION(note_end, "__del__(self)")
{
    finalized++;
    return trv_none_new();
}

TEST(a_class_and_its_instances_end_with_the_last_reference)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__del__", note_end);
    trv_object *class = trv_class_new("C", NULL, dict);
    trv_object *one = trv_call(class, "");
    trv_auto trv_object *weak = trv_weakref_new(class, NULL);
    trv_auto trv_object *left = NULL;

    finalized = 0;
    trv_unref(class);
    trv_unref(one);
    ck_assert_int_eq(finalized, 1);
    left = trv_weakref_get(weak);
    ck_assert_int_eq(trv_is_none(left), 1);
}

/* The class holds an instance, which holds its class: only the collector finds them. */
TEST(cycles_through_classes_are_collected)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__del__", note_end);
    trv_object *base = trv_class_new("A", NULL, dict), *class = class_of("B", base);
    trv_object *one = trv_call(class, ""), *method = trv_getattr(class, "__init__");
    trv_auto trv_object *weak = trv_weakref_new(class, NULL);
    trv_auto trv_object *weak_base = trv_weakref_new(base, NULL);
    trv_auto trv_object *left = NULL;
    trv_auto trv_object *left_base = NULL;

    finalized = 0;
    ck_assert_int_eq(trv_setattr(class, "one", one), 0);
    ck_assert_int_eq(trv_setattr(base, "derived", class), 0);
    ck_assert_int_eq(trv_setattr(one, "method", method), 0);
    trv_unref(method);
    trv_unref(one);
    trv_unref(class);
    trv_unref(base);
    ck_assert_int_eq(finalized, 0);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_int_eq(finalized, 1);
    left = trv_weakref_get(weak);
    left_base = trv_weakref_get(weak_base);
    ck_assert(trv_is_none(left) && trv_is_none(left_base));
}

/* A descriptor that is kept knows that its type has gone. */
TEST(descriptors_outlive_their_type)
{
    trv_auto trv_object *slots = trv_build("{s:(s)}", "__slots__", "a");
    trv_object *class = trv_class_new("C", NULL, slots);
    trv_auto trv_object *member = trv_getattr(class, "a");
    trv_auto trv_object *other = trv_int_new(5);

    trv_unref(class);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    EXPECT_NULL(trv_call_method(member, "__get__", "o", other), trv_TypeError,
                "descriptor 'a' for '?' objects doesn't apply to a 'int' object");
}

/* Changes are seen ------------------------------------------------------------------------------ */

TEST(changes_of_bases_are_seen_through_caches)
{
    trv_auto trv_object *a = class_of("A", NULL);
    trv_auto trv_object *b = class_of("B", a);
    trv_auto trv_object *c = class_of("C", b);
    trv_auto trv_object *one = trv_call(c, "");
    trv_auto trv_object *one_more = trv_int_new(1);
    trv_auto trv_object *two = trv_int_new(2);
    trv_auto trv_object *three = trv_int_new(3);

    ck_assert_int_eq(trv_setattr(a, "x", one_more), 0);
    expect_repr(trv_getattr(one, "x"), "1");
    ck_assert_int_eq(trv_setattr(b, "x", two), 0);
    expect_repr(trv_getattr(one, "x"), "2");
    ck_assert_int_eq(trv_setattr(a, "x", three), 0);
    expect_repr(trv_getattr(one, "x"), "2");
    ck_assert_int_eq(trv_delattr(b, "x"), 0);
    expect_repr(trv_getattr(one, "x"), "3");
    ck_assert_int_eq(trv_delattr(a, "x"), 0);
    EXPECT_NULL(trv_getattr(one, "x"), trv_AttributeError, "'C' object has no attribute 'x'");
}

/* Abstract methods ------------------------------------------------------------------------------ */

TEST(abstract_methods)
{
    trv_auto trv_object *abstract = trv_abstractmethod(area);
    trv_auto trv_object *property = trv_property_new(abstract, NULL, NULL, NULL);
    trv_auto trv_object *dict = trv_build("{s:o, s:o}", "f", abstract, "p", property);
    trv_auto trv_object *half = trv_build("{s:o}", "f", area);
    trv_auto trv_object *full = trv_build("{s:o}", "p", area);
    trv_auto trv_object *a = trv_class_new("A", NULL, dict);
    trv_auto trv_object *b = trv_class_new("B", a, half);
    trv_auto trv_object *c = trv_class_new("C", b, full);
    trv_auto trv_object *one = NULL;

    EXPECT_NULL(trv_call(a, ""), trv_TypeError,
                "Can't instantiate abstract class A with abstract methods f, p");
    EXPECT_NULL(trv_call(b, ""), trv_TypeError,
                "Can't instantiate abstract class B with abstract method p");
    one = trv_call(c, "");
    ck_assert_int_eq(trv_isinstance(one, a), 1);
}

TEST(private_names)
{
    expect_repr(trv_mangle("Box", "__x"), "'_Box__x'");
    expect_repr(trv_mangle("__Box", "__x"), "'_Box__x'");
    expect_repr(trv_mangle("Box", "__x__"), "'__x__'");
    expect_repr(trv_mangle("Box", "_x"), "'_x'");
    expect_repr(trv_mangle("__", "__x"), "'__x'");
    expect_repr(trv_mangle("Box", "__"), "'__'");
    EXPECT_NULL(trv_mangle(NULL, "x"), trv_SystemError,
                "trv_mangle was given NULL, and no exception is pending");
}

/* Metaclasses and keywords ---------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(note_subclass, "__init_subclass__(cls, tag)")
{
    trv_object *class, *tag;

    if (trv_parse(args, "oo", &class, &tag) < 0 || trv_setattr(class, "tag", tag) < 0)
        return NULL;
    return trv_none_new();
}

TEST(metaclasses_and_keywords)
{
    trv_auto trv_object *meta = class_of("M", trv_type_type);
    trv_auto trv_object *other_meta = class_of("N", trv_type_type);
    trv_auto trv_object *dict = trv_build("{s:o}", "__init_subclass__", note_subclass);
    trv_auto trv_object *keywords = trv_build("{s:i}", "tag", 7);
    trv_auto trv_object *a = trv_class_new_with(trv_type_type, "A", NULL, dict, NULL);
    trv_auto trv_object *b = trv_class_new_with(meta, "B", a, NULL, keywords);
    trv_auto trv_object *type = trv_type_of(b);

    ck_assert_ptr_eq(type, meta);
    expect_repr(trv_getattr(b, "tag"), "7");
    EXPECT_NULL(trv_class_new("C", a, NULL), trv_TypeError,
                "note_subclass() missing 1 required positional argument: 'tag'");
    EXPECT_NULL(trv_class_new_with(other_meta, "C", b, NULL, keywords), trv_TypeError,
                "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                "subclass of the metaclasses of all its bases");
    EXPECT_NULL(trv_class_new_with(trv_list_type, "C", NULL, NULL, NULL), trv_TypeError,
                "a metaclass must derive from type, not list");
    EXPECT_NULL(trv_class_new("C", keywords, NULL), trv_TypeError,
                "trv_class_new needs a tuple, not dict");
}

/* Nor is the heap's validator surprised. */
TEST(instances_whose_class_has_a_metaclass_are_collected)
{
    trv_auto trv_object *meta = class_of("M", trv_type_type);
    trv_auto trv_object *class = trv_class_new_with(meta, "C", NULL, NULL, NULL);
    trv_object *instance = trv_call(class, "");
    size_t found;

    ck_assert_int_eq(trv_setattr(instance, "self", instance), 0);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    trv_unref(instance);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 1);
}

/* Types defined in C ------------------------------------------------------------------------------ */

typedef struct counter {
    int64_t count;
    trv_object *other;
} counter;

static trv_object *counter_type; /* borrowed from the test that made it */

static counter *counter_of(trv_object *self)
{
    return trv_data(self, counter_type);
}

static int counter_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return counter_of(self)->other ? visit(counter_of(self)->other, argument) : 0;
}

static void counter_clear(trv_object *self)
{
    trv_clear(&counter_of(self)->other);
}

static int counter_init(trv_object *self, const trv_args *args)
{
    return trv_parse(args, "|l", &counter_of(self)->count);
}

static int counter_length(trv_object *self, size_t *length)
{
    *length = (size_t)counter_of(self)->count;
    return 0;
}

static trv_object *counter_add(const trv_args *args)
{
    int64_t more = 1;

    if (trv_parse(args, "|l", &more) < 0)
        return NULL;
    counter_of(args->self)->count += more;
    return trv_ref(args->self);
}

static trv_object *get_count(const trv_args *args)
{
    return trv_int_new(counter_of(args->self)->count);
}

static int set_count(trv_object *self, trv_object *value)
{
    if (!value)
        return trv_raise_int(trv_AttributeError, "count stays");
    return trv_int_get(value, &counter_of(self)->count);
}

static trv_object *make_counter(void)
{
    static const trv_method methods[] = {{"add", "add(more=): counts on", counter_add, NULL},
                                         {"count", NULL, get_count, set_count},
                                         {"twin", NULL, get_count, NULL},
                                         {NULL, NULL, NULL, NULL}};
    trv_auto trv_object *dict = trv_build("{s:i}", "limit", 100);
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Counter",
                          .doc = "Counter(start=): counts",
                          .data_size = sizeof(counter),
                          .slots = {.traverse = counter_traverse,
                                    .clear = counter_clear,
                                    .init = counter_init,
                                    .length = counter_length},
                          .methods = methods,
                          .dict = dict};

    return counter_type = trv_type_new(&spec);
}

TEST(methods_and_attributes_of_types_defined_in_C)
{
    trv_auto trv_object *type = make_counter();
    trv_auto trv_object *one = trv_call(type, "i", 5);
    trv_auto trv_object *nine = trv_int_new(9);

    expect_repr(trv_getattr(one, "count"), "5");
    trv_unref(trv_call_method(one, "add", "i", 2));
    expect_repr(trv_getattr(one, "count"), "7");
    ck_assert_int_eq(trv_setattr(one, "count", nine), 0);
    expect_repr(trv_call_method(one, "__len__", ""), "9");
    EXPECT_MINUS(trv_delattr(one, "count"), trv_AttributeError, "count stays");
    EXPECT_MINUS(trv_setattr(one, "twin", nine), trv_AttributeError,
                 "attribute 'twin' of 'Counter' objects is not writable");
    EXPECT_MINUS(trv_setattr(one, "limit", nine), trv_AttributeError,
                 "'Counter' object attribute 'limit' is read-only");
    expect_repr(trv_getattr(one, "limit"), "100");
    expect_repr(trv_getattr(type, "add"), "<method 'add' of 'Counter' objects>");
    expect_repr(trv_getattr(type, "__len__"), "<slot wrapper '__len__' of 'Counter' objects>");
}

static trv_object *double_entry(const trv_args *args)
{
    trv_auto trv_object *above = trv_super_new(args->self, args->items[0]);
    trv_auto trv_object *length = trv_call_method(above, "__len__", "");
    trv_auto trv_object *two = trv_int_new(2);

    return trv_multiply(length, two);
}

TEST(classes_over_types_defined_in_C)
{
    trv_auto trv_object *type = make_counter();
    trv_auto trv_object *mixin = class_of("Mixin", NULL);
    trv_auto trv_object *bases = trv_build("(oo)", mixin, type);
    trv_auto trv_object *class = class_of("Double", bases);
    trv_auto trv_object *length = trv_function_new(double_entry, "__len__(self)", class);
    trv_object *one;
    trv_auto trv_object *weak = NULL;
    trv_auto trv_object *left = NULL;
    size_t found;

    ck_assert_int_eq(trv_setattr(class, "__len__", length), 0);
    one = trv_call(class, "i", 5);
    ck_assert_int_eq(trv_len(one, &found), 0);
    ck_assert_uint_eq(found, 10);
    ck_assert_int_eq(counter_of(one)->count, 5);
    ck_assert_int_eq(trv_setattr(one, "note", class), 0);
    expect_repr(trv_getattr(one, "count"), "5");
    counter_of(one)->other = trv_ref(one); /* a cycle through the data of the type defined in C */
    weak = trv_weakref_new(one, NULL);
    trv_unref(one);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    left = trv_weakref_get(weak);
    ck_assert_int_eq(trv_is_none(left), 1);
    /* The function holds the class, which holds the function. */
    ck_assert_int_eq(trv_delattr(class, "__len__"), 0);
}

TEST(layouts_that_do_not_go_together)
{
    trv_auto trv_object *type = make_counter();
    trv_auto trv_object *bases = trv_build("(oo)", type, trv_list_type);
    trv_auto trv_object *plain = class_of("Plain", NULL);
    trv_type_spec spec = {.size = sizeof spec, .name = "Mixed", .data_size = 8};
    trv_auto trv_object *two = trv_build("(oo)", plain, type);
    trv_auto trv_object *mixed = NULL;
    trv_auto trv_object *one = NULL;

    EXPECT_NULL(trv_class_new("X", bases, NULL), trv_TypeError,
                "multiple bases have instance lay-out conflict");
    spec.bases = two;
    mixed = trv_type_new(&spec);
    one = trv_call(mixed, "i", 4);
    ck_assert_ptr_nonnull(one);
    ck_assert_int_eq(counter_of(one)->count, 4);
    ck_assert_ptr_ne(trv_data(one, mixed), counter_of(one));
    ck_assert_int_eq(trv_setattr(one, "x", plain), 0); /* Plain's instances have attributes */
    spec.base = trv_int_type;
    spec.bases = NULL;
    EXPECT_NULL(trv_type_new(&spec), trv_TypeError, "type 'int' is not an acceptable base type");
}

/* Without memory ---------------------------------------------------------------------------------- */

static trv_object *make_and_use(void)
{
    trv_auto trv_object *box = make_box();
    trv_auto trv_object *derived = box ? trv_class_new("Derived", box, NULL) : NULL;
    trv_auto trv_object *one = derived ? trv_call(derived, "ii", 3, 4) : NULL;
    trv_auto trv_object *result = one ? trv_call_method(one, "area", "") : NULL;

    return result ? trv_vars(one) : NULL;
}

static trv_object *make_slots(void)
{
    trv_auto trv_object *dict = trv_build("{s:(ss), s:s}", "__slots__", "a", "b", "__doc__", "d");
    trv_auto trv_object *property = trv_property_new(area, NULL, NULL, "text");
    trv_auto trv_object *method = trv_classmethod_new(area);

    if (!dict || !property || !method || trv_dict_set_str(dict, "p", property) < 0 ||
        trv_dict_set_str(dict, "c", method) < 0)
        return NULL;
    return trv_class_new("S", NULL, dict);
}

static trv_object *change_class(void)
{
    trv_auto trv_object *a = trv_class_new("A", NULL, NULL);
    trv_auto trv_object *b = a ? trv_class_new("B", a, NULL) : NULL;
    trv_auto trv_object *one = b ? trv_call(b, "") : NULL;

    if (!one || trv_setattr(a, "__len__", count_arguments) < 0 || trv_setattr(one, "x", a) < 0 ||
        trv_setattr(one, "y", b) < 0 || trv_delattr(one, "x") < 0)
        return NULL;
    return trv_dir(one);
}

static trv_object *use_super(void)
{
    trv_auto trv_object *list = trv_class_new("L", trv_list_type, NULL);
    trv_auto trv_object *one = list ? trv_call(list, "") : NULL;
    trv_auto trv_object *above = one ? trv_super_new(list, one) : NULL;

    return above ? trv_call_method(above, "__len__", "") : NULL;
}

static trv_object *use_int(void)
{
    trv_auto trv_object *class = trv_class_new("I", trv_int_type, NULL);
    trv_auto trv_object *one = class ? trv_call(class, "i", 1000) : NULL;

    return one ? trv_add(one, one) : NULL;
}

TRV_STATIC_FUNCTION(give_bytes, "__bytes__(self)")
{
    return trv_bytes_new("ab", 2);
}

TRV_STATIC_FUNCTION(give_number, "number(self): a large one")
{
    return trv_int_new(1000);
}

/* bytes, an int and a rounded number of an instance that says itself what they are, and how many items. */
static trv_object *use_conversions(void)
{
    trv_auto trv_object *dict =
        trv_build("{s:o,s:o,s:o,s:o}", "__bytes__", give_bytes, "__trunc__", give_number,
                  "__round__", give_number, "__length_hint__", give_number);
    trv_auto trv_object *class = dict ? trv_class_new("C", trv_list_type, dict) : NULL;
    trv_auto trv_object *one = class ? trv_call(class, "") : NULL;
    trv_auto trv_object *bytes = one ? trv_call(trv_bytes_type, "o", one) : NULL;
    trv_auto trv_object *rounded = bytes ? trv_round(one, NULL) : NULL;
    trv_auto trv_object *list = rounded ? trv_list_from(one) : NULL;

    return list ? trv_call(trv_int_type, "o", one) : NULL;
}

TEST(running_out_of_memory)
{
    EXHAUST(use_conversions());
    EXHAUST(make_and_use());
    EXHAUST(make_slots());
    EXHAUST(change_class());
    EXHAUST(use_super());
    EXHAUST(use_int());
    EXHAUST(make_counter());
}

/* A descriptor refers to its class without holding it, and may be taken out of it. */
TEST(descriptors_outlive_their_class)
{
    trv_auto trv_object *names = trv_build("{s:(ss)}", "__slots__", "deleted", "replaced");
    trv_object *class_ = trv_class_new("C", NULL, names);
    trv_auto trv_object *deleted = trv_getattr(class_, "deleted");
    trv_auto trv_object *replaced = trv_getattr(class_, "replaced"), *one = trv_call(class_, "");

    ck_assert_int_eq(trv_delattr(class_, "deleted"), 0);
    ck_assert_int_eq(trv_setattr(class_, "replaced", names), 0);
    expect_repr(trv_ref(deleted), "<member 'deleted' of 'C' objects>");
    trv_unref(class_);
    trv_clear(&one);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    expect_repr(trv_ref(deleted), "<member 'deleted' of '?' objects>");
    expect_repr(trv_ref(replaced), "<member 'replaced' of '?' objects>");
}

TEST_LIST(RUN(descriptors_outlive_their_class), RUN(instances_and_methods), RUN(names_as_strs),
          RUN(a_text_that_changes_is_read_anew), RUN(calls_of_methods),
          RUN(attributes_in_any_order), RUN(more_attributes_than_keys),
          RUN(a_class_and_its_instances_end_with_the_last_reference),
          RUN(cycles_through_classes_are_collected), RUN(descriptors_outlive_their_type),
          RUN(changes_of_bases_are_seen_through_caches), RUN(abstract_methods), RUN(private_names),
          RUN(metaclasses_and_keywords), RUN(instances_whose_class_has_a_metaclass_are_collected),
          RUN(methods_and_attributes_of_types_defined_in_C), RUN(classes_over_types_defined_in_C),
          RUN(layouts_that_do_not_go_together), RUN(running_out_of_memory))
