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

/* Other bases -------------------------------------------------------------------------------------- */

static trv_object *tried, *seen; /* a class over others, and what its mro() found in it */

TRV_STATIC_FUNCTION(look_and_fail, "mro(cls): looks at the class below and fails, once it is made")
{
    if (!tried)
        return trv_call_method(trv_type_type, "mro", "o", args->items[0]);
    trv_unref(seen);
    seen = trv_getattr(tried, "word");
    return trv_raise(trv_ValueError, "no order");
}

static int assign_bases(trv_object *class, trv_object *base)
{
    trv_auto trv_object *bases = trv_tuple_new(&base, 1);

    return bases ? trv_setattr(class, "__bases__", bases) : -1;
}

TEST(bases_that_could_not_be_assigned_are_not_looked_into)
{
    trv_auto trv_object *word = trv_list_new();
    trv_auto trv_object *dict = trv_build("{s:o}", "word", word);
    trv_auto trv_object *first = trv_class_new("First", NULL, NULL);
    trv_auto trv_object *second = trv_class_new("Second", NULL, dict);
    trv_auto trv_object *class = trv_class_new("Class", first, NULL);
    trv_auto trv_object *metaclass = metaclass_with("mro", look_and_fail);
    trv_auto trv_object *bases = trv_tuple_new(&class, 1), *none = trv_dict_new();
    trv_auto trv_object *derived = trv_class_new_with(metaclass, "Derived", bases, none, NULL);

    ck_assert_ptr_nonnull(derived);
    EXPECT_NULL(trv_getattr(class, "word"), trv_AttributeError,
                "type object 'Class' has no attribute 'word'");
    tried = class;
    ck_assert_int_eq(assign_bases(class, second), -1);
    ck_assert(trv_error_matches(trv_ValueError));
    trv_error_clear();
    tried = NULL;
    ck_assert_ptr_eq(seen, word);
    trv_clear(&seen);
    trv_clear(&second);
    trv_clear(&dict);
    trv_clear(&word);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    EXPECT_NULL(trv_getattr(class, "word"), trv_AttributeError,
                "type object 'Class' has no attribute 'word'");
    expect_attribute(derived, "__mro__",
                     "(<class '__main__.Derived'>, <class '__main__.Class'>, <class "
                     "'__main__.First'>, <class 'object'>)");
}

/* A class derives from the one whose bases are being assigned by an order that does not come to stay. */
TRV_STATIC_FUNCTION(derive_and_fail, "mro(cls): derives from the class below and fails")
{
    if (!tried)
        return trv_call_method(trv_type_type, "mro", "o", args->items[0]);
    trv_unref(seen);
    seen = trv_class_new("Late", tried, NULL);
    return trv_raise(trv_ValueError, "no order");
}

TEST(a_class_derived_meanwhile_names_nothing_that_is_gone)
{
    trv_auto trv_object *metaclass = metaclass_with("mro", derive_and_fail);
    trv_auto trv_object *first = trv_class_new("First", NULL, NULL);
    trv_auto trv_object *second = trv_class_new("Second", NULL, NULL);
    trv_auto trv_object *class = trv_class_new("Class", first, NULL);
    trv_auto trv_object *bases = trv_tuple_new(&class, 1), *none = trv_dict_new();
    trv_auto trv_object *derived = trv_class_new_with(metaclass, "Derived", bases, none, NULL);

    tried = class;
    ck_assert_int_eq(assign_bases(class, second), -1);
    ck_assert(trv_error_matches(trv_ValueError));
    trv_error_clear();
    tried = NULL;
    trv_clear(&second);
    ck_assert_int_ge(trv_gc_collect(2, NULL), 0);
    EXPECT_NULL(trv_getattr(seen, "word"), trv_AttributeError,
                "type object 'Late' has no attribute 'word'");
    expect_attribute(class, "__bases__", "(<class '__main__.First'>,)");
    ck_assert_int_eq(assign_bases(class, first), 0);
    expect_attribute(seen, "__mro__",
                     "(<class '__main__.Late'>, <class '__main__.Class'>, <class "
                     "'__main__.First'>, <class 'object'>)");
    trv_clear(&seen);
}

static trv_object *swap_bases(trv_object *class, trv_object *one, trv_object *other)
{
    if (assign_bases(class, one) < 0 || assign_bases(class, other) < 0)
        return NULL;
    return trv_none_new();
}

TEST(bases_change_or_stay_when_memory_runs_out)
{
    trv_auto trv_object *first = trv_class_new("First", NULL, NULL);
    trv_auto trv_object *second = trv_class_new("Second", NULL, NULL);
    trv_auto trv_object *class = trv_class_new("Class", first, NULL);
    trv_auto trv_object *derived = trv_class_new("Derived", class, NULL);
    trv_auto trv_object *more = trv_class_new("More", derived, NULL);

    EXHAUST(swap_bases(class, second, first));
    trv_clear(&second);
    EXPECT_NULL(trv_getattr(more, "word"), trv_AttributeError,
                "type object 'More' has no attribute 'word'");
}

TEST_LIST(RUN(a_base_that_is_no_type_names_some), RUN(the_metaclass_prepares_the_namespace),
          RUN(a_class_is_seen_before_it_is_complete), RUN(an_order_holds_what_it_names),
          RUN(bases_that_could_not_be_assigned_are_not_looked_into),
          RUN(a_class_derived_meanwhile_names_nothing_that_is_gone),
          RUN(bases_change_or_stay_when_memory_runs_out))
