/* SPDX-License-Identifier: MIT */
/*
 * What Python's class statement asks before a class is made: __mro_entries__ of bases that are no types,
 * __prepare__ of the metaclass; and metaclasses with an mro() that does odd things. What Python can say in a line is in
 * tests/differential/table/creation.cases.
 */
#include "object/expect.h"
#include "types/container.h"
#include "types/exhaust.h"

#include <trivet/class.h>

static trv_object *metaclass_with(const char *name, trv_object *method)
{
    trv_auto trv_object *dict = trv_build("{s:o}", name, method);

    return trv_class_new("Meta", trv_type_type, dict);
}

static void expect_attribute(trv_object *object, const char *name, const char *text)
{
    expect_repr(trv_getattr(object, name), text);
}

TRV_STATIC_FUNCTION(give_int, "__mro_entries__(self, bases): int")
{
    return trv_build("(o)", trv_int_type);
}

TRV_STATIC_FUNCTION(give_number, "__mro_entries__(self, bases): no tuple")
{
    return trv_int_new(5);
}

static trv_object *stand_in(trv_object *method)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__mro_entries__", method);
    trv_auto trv_object *class = trv_class_new("StandIn", NULL, dict);

    return trv_call(class, "");
}

static trv_object *class_over(trv_object *base)
{
    trv_auto trv_object *bases = trv_tuple_new(&base, 1), *dict = trv_dict_new();

    return trv_class_new("Over", bases, dict);
}

TEST(a_base_that_is_no_type_names_some)
{
    trv_auto trv_object *base = stand_in(give_int), *class = class_over(base), *bases = NULL;
    trv_auto trv_object *wrong = stand_in(give_number), *plain = trv_int_new(1), *first = NULL;

    expect_attribute(class, "__bases__", "(<class 'int'>,)");
    bases = trv_getattr(class, "__orig_bases__");
    first = trv_tuple_get(bases, 0);
    ck_assert_ptr_eq(first, base);
    expect_repr(trv_call(class, "i", 7), "7");
    EXPECT_NULL(class_over(wrong), trv_TypeError, "__mro_entries__ must return a tuple");
    EXPECT_NULL(class_over(plain), trv_TypeError, "the bases of a class must be types, not int");
    EXHAUST(class_over(base));
}

TRV_STATIC_FUNCTION(prepare, "__prepare__(name, bases, **options): a dict with the name")
{
    return trv_build("{s:o}", "prepared", args->items[0]);
}

TRV_STATIC_FUNCTION(prepare_nothing, "__prepare__(name, bases): no mapping")
{
    return trv_none_new();
}

static trv_object *class_by(trv_object *metaclass)
{
    trv_auto trv_object *dict = trv_build("{s:i}", "x", 1);

    return trv_class_new_with(metaclass, "Made", NULL, dict, NULL);
}

TEST(the_metaclass_prepares_the_namespace)
{
    trv_auto trv_object *method = trv_staticmethod_new(prepare);
    trv_auto trv_object *metaclass = metaclass_with("__prepare__", method);
    trv_auto trv_object *class = class_by(metaclass), *bad = NULL;

    expect_attribute(class, "prepared", "'Made'");
    expect_attribute(class, "x", "1");
    EXHAUST(class_by(metaclass));
    trv_unref(method);
    method = trv_staticmethod_new(prepare_nothing);
    bad = metaclass_with("__prepare__", method);
    EXPECT_NULL(class_by(bad), trv_TypeError,
                "Meta.__prepare__() must return a mapping, not NoneType");
}

/* Orders of lookup --------------------------------------------------------------------------------- */

static trv_object *kept; /* what an mro() has seen */

TRV_STATIC_FUNCTION(keep_and_fail, "mro(cls): keeps the class and fails")
{
    trv_auto trv_object *instance = NULL, *derived = NULL;

    kept = trv_ref(args->items[0]);
    instance = trv_call_method(trv_object_type, "__new__", "o", kept);
    ck_assert_ptr_nonnull(instance);
    ck_assert_int_eq(trv_setattr(instance, "me", instance), 0);
    EXPECT_NULL(trv_class_new("Derived", kept, NULL), trv_TypeError,
                "Cannot extend an incomplete type 'Made'");
    return trv_raise(trv_ValueError, "no order");
}

TEST(a_class_is_seen_before_it_is_complete)
{
    trv_auto trv_object *metaclass = metaclass_with("mro", keep_and_fail);
    trv_auto trv_object *instance = NULL;

    EXPECT_NULL(class_by(metaclass), trv_ValueError, "no order");
    instance = trv_call_method(trv_object_type, "__new__", "o", kept);
    trv_unref(instance);
    trv_error_clear();
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    trv_clear(&kept);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

static trv_object *foreign;

TRV_STATIC_FUNCTION(with_foreign, "mro(cls): the class, another, object")
{
    return trv_build("[ooo]", args->items[0], foreign, trv_object_type);
}

TEST(an_order_holds_what_it_names)
{
    trv_auto trv_object *metaclass = metaclass_with("mro", with_foreign), *class = NULL;
    trv_auto trv_object *seven = trv_int_new(7);

    foreign = trv_class_new("Foreign", NULL, NULL);
    class = class_by(metaclass);
    ck_assert_int_eq(trv_setattr(foreign, "seven", seven), 0);
    expect_attribute(class, "seven", "7");
    ck_assert_int_eq(trv_setattr(foreign, "class", class), 0); /* a cycle through the order */
    EXHAUST(class_by(metaclass));
    trv_clear(&foreign);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    expect_attribute(class, "seven", "7");
    trv_clear(&class);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
}

TEST_LIST(RUN(a_base_that_is_no_type_names_some), RUN(the_metaclass_prepares_the_namespace),
          RUN(a_class_is_seen_before_it_is_complete), RUN(an_order_holds_what_it_names))
