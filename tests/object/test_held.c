/* SPDX-License-Identifier: MIT */
/*
 * What is held while code of users runs that could be its end: the type that is looked into, the class that a
 * descriptor is asked for, what is being printed.
 */
#include "object/evil.h"

/* An object changes its class ------------------------------------------------------------------------ */

static trv_object *changing, *new_class;

static void change_class(void)
{
    ck_assert_int_eq(trv_setattr(changing, "__class__", new_class), 0);
}

/* An instance of a class that nobody else holds; it is `changing`. */
static void make_changing(trv_object *names)
{
    trv_auto trv_object *old_class = trv_class_new("Old", NULL, names);

    new_class = trv_class_new("New", NULL, NULL);
    changing = trv_call(old_class, "");
    ck_assert_ptr_nonnull(changing);
}

static void drop_changing(void)
{
    trv_clear(&changing);
    trv_clear(&new_class);
}

static void give_it_the_key(trv_object *evil)
{
    trv_auto trv_object *dict = trv_vars(changing);

    ck_assert_int_eq(trv_dict_set(dict, evil, evil), 0);
}

/* Names of the old class are gathered when it ends; the key has no order among them. */
TEST(while_its_names_are_listed)
{
    char name[16];
    trv_auto trv_object *evil = make_evil(name, sizeof name);
    trv_auto trv_object *names = trv_build("{s:i}", name, 1);

    make_changing(names);
    give_it_the_key(evil);
    reaction = change_class;
    EXPECT_NULL(trv_dir(changing), trv_TypeError,
                "'<' not supported between instances of 'str' and 'Evil'");
    drop_changing();
    drop_evil();
}

TEST(while_an_attribute_is_deleted)
{
    char name[16], text[64];
    trv_auto trv_object *evil = make_evil(name, sizeof name);
    trv_auto trv_object *names = trv_build("{s:i}", name, 1);

    make_changing(names);
    give_it_the_key(evil);
    reaction = change_class;
    snprintf(text, sizeof text, "'New' object has no attribute '%s'", name);
    EXPECT_MINUS(trv_delattr(changing, name), trv_AttributeError, text);
    drop_changing();
    drop_evil();
}

TRV_STATIC_FUNCTION(get_changed, "__get__(self, instance, owner)")
{
    change_class();
    return trv_repr(args->items[2]);
}

TRV_STATIC_FUNCTION(get_changed_class, "__get__(self, instance, owner)")
{
    change_class();
    return trv_repr(args->items[1]);
}

TEST(while_a_descriptor_is_asked)
{
    trv_auto trv_object *space = trv_build("{s:o}", "__get__", get_changed);
    trv_auto trv_object *descriptors = trv_class_new("Descriptor", NULL, space);
    trv_auto trv_object *one = trv_call(descriptors, ""), *names = trv_build("{s:o}", "x", one);

    make_changing(names);
    expect_repr(trv_getattr(changing, "x"), "\"<class '__main__.Old'>\"");
    drop_changing();
}

TRV_STATIC_FUNCTION(enter, "__enter__(self)")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(leave_changed, "__exit__(self, type, exception, traceback)")
{
    trv_auto trv_object *text = NULL;

    ck_assert_int_eq(trv_setattr(args->items[2], "__class__", new_class), 0);
    text = trv_repr(args->items[1]);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "<class '__main__.Old'>");
    return trv_bool_new(1);
}

TEST(while_a_block_is_left)
{
    trv_auto trv_object *space =
        trv_build("{s:o, s:o}", "__enter__", enter, "__exit__", leave_changed);
    trv_auto trv_object *managers = trv_class_new("Manager", NULL, space);
    trv_auto trv_object *manager = trv_call(managers, ""), *error = NULL;
    trv_object *old_class = trv_class_new("Old", trv_ValueError, NULL);

    new_class = trv_class_new("New", trv_ValueError, NULL);
    error = trv_call(old_class, "");
    trv_unref(old_class);
    TRV_WITH(manager) {
        trv_raise_object(error);
        trv_clear(&error);
    }
    ck_assert_int_eq(trv_error_occurred() != 0, 0);
    trv_clear(&new_class);
}

TEST(while_a_descriptor_in_a_classmethod_is_asked)
{
    trv_auto trv_object *space = trv_build("{s:o}", "__get__", get_changed_class);
    trv_auto trv_object *descriptors = trv_class_new("Descriptor", NULL, space);
    trv_auto trv_object *one = trv_call(descriptors, "");
    trv_auto trv_object *method = trv_call(trv_classmethod_type, "o", one);
    trv_auto trv_object *names = trv_build("{s:o}", "x", method);

    make_changing(names);
    expect_repr(trv_getattr(changing, "x"), "\"<class '__main__.Old'>\"");
    drop_changing();
}

/* A class loses a method ------------------------------------------------------------------------------ */

static trv_object *losing;

TRV_STATIC_FUNCTION(enter_and_lose, "__enter__(self)")
{
    return trv_delattr(losing, "__exit__") < 0 ? NULL : trv_ref(args->items[0]);
}

TEST(between_entering_and_leaving)
{
    static const char *const text =
        "'Manager' object does not support the context manager protocol";
    trv_auto trv_object *space =
        trv_build("{s:o, s:o}", "__enter__", enter_and_lose, "__exit__", leave_changed);
    trv_auto trv_object *manager = NULL, *error = NULL, *context = NULL;

    losing = trv_class_new("Manager", NULL, space);
    manager = trv_call(losing, "");
    TRV_WITH(manager)
        ck_assert_int_eq(trv_error_occurred(), 0);
    expect_error(trv_TypeError, text);
    ck_assert_int_eq(trv_setattr(losing, "__exit__", leave_changed), 0);
    TRV_WITH(manager)
        trv_raise(trv_ValueError, "in the block");
    error = trv_error_take();
    context = trv_exception_context(error);
    expect_repr(trv_ref(error),
                "TypeError(\"'Manager' object does not support the context manager protocol\")");
    expect_repr(trv_ref(context), "ValueError('in the block')");
    trv_clear(&losing);
}

TRV_STATIC_FUNCTION(itself, "__iter__(self)")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(one_more, "__next__(self)")
{
    return trv_int_new(1);
}

TEST(between_two_rounds_of_a_loop)
{
    trv_auto trv_object *space = trv_build("{s:o, s:o}", "__iter__", itself, "__next__", one_more);
    trv_auto trv_object *iterator = NULL;
    size_t rounds = 0;

    losing = trv_class_new("Iterator", NULL, space);
    iterator = trv_call(losing, "");
    TRV_FOR(item, iterator) {
        ck_assert_int_eq(trv_delattr(losing, "__next__"), 0);
        rounds++;
    }
    expect_error(trv_TypeError, "'Iterator' object is not an iterator");
    ck_assert_uint_eq(rounds, 1);
    trv_clear(&losing);
}

/* What prints itself takes itself away ---------------------------------------------------------------- */

static trv_object *holder;
static size_t prints;

/* Puts something else into the holder, and goes on with its own self. */
static trv_object *print_replaced(const trv_args *args, const char *method,
                                  trv_object *in_its_place)
{
    trv_auto trv_object *done = NULL;

    prints++;
    if (strcmp(method, "__set_name__") == 0)
        done = trv_call_method(holder, method, "oo", trv_int_type, in_its_place);
    else
        done = trv_call_method(holder, method, "o", in_its_place);
    ck_assert_ptr_nonnull(done);
    return trv_str_printf("<%s>", trv_type_name(args->items[0]));
}

TRV_STATIC_FUNCTION(repr_of_name, "__repr__(self)")
{
    trv_auto trv_object *other = trv_str_new("other");

    return print_replaced(args, "__set_name__", other);
}

TEST(the_name_of_a_property)
{
    trv_auto trv_object *names = trv_build("{s:o}", "__repr__", repr_of_name);
    trv_auto trv_object *strs = trv_class_new("Name", trv_str_type, names);
    trv_auto trv_object *name = trv_call(strs, "s", "x"), *none = NULL, *space = NULL;
    trv_auto trv_object *class_ = NULL, *one = NULL;

    holder = trv_property_new(NULL, NULL, NULL, NULL);
    space = trv_build("{s:o}", "x", holder);
    class_ = trv_class_new("C", NULL, space);
    one = trv_call(class_, "");
    none = trv_call_method(holder, "__set_name__", "oo", class_, name);
    trv_clear(&name);
    EXPECT_NULL(trv_getattr(one, "x"), trv_AttributeError,
                "property <Name> of 'C' object has no getter");
    ck_assert_uint_eq(prints, 1);
    trv_clear(&holder);
}

TRV_STATIC_FUNCTION(repr_of_wrapped, "__repr__(self)")
{
    return print_replaced(args, "__init__", trv_int_type);
}

TEST(what_a_class_method_wraps)
{
    trv_auto trv_object *names = trv_build("{s:o}", "__repr__", repr_of_wrapped);
    trv_auto trv_object *class_ = trv_class_new("Wrapped", NULL, names);
    trv_auto trv_object *one = trv_call(class_, "");

    holder = trv_call(trv_classmethod_type, "o", one);
    trv_clear(&one);
    expect_repr(trv_repr(holder), "'<classmethod(<Wrapped>)>'");
    ck_assert_uint_eq(prints, 1);
    trv_clear(&holder);
}

TEST_LIST(RUN(while_its_names_are_listed), RUN(while_an_attribute_is_deleted),
          RUN(while_a_descriptor_is_asked), RUN(while_a_block_is_left),
          RUN(while_a_descriptor_in_a_classmethod_is_asked), RUN(between_entering_and_leaving),
          RUN(between_two_rounds_of_a_loop), RUN(the_name_of_a_property),
          RUN(what_a_class_method_wraps))
