/* SPDX-License-Identifier: MIT */
/*
 * Classes of exceptions: with an __init__, attributes and a __str__ of their own; raised, matched, printed,
 * split and copied like any other.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "trivet/class.h"
#include "trivet/copy.h"
#include "trivet/exception.h"

/* class AppError(base): def __init__(self, code, text): self.code = code; ValueError.__init__(self, text) */
TRV_STATIC_FUNCTION(app_init, "__init__(self, code, text=)")
{
    trv_object *self, *code, *text = NULL;
    trv_auto trv_object *above = NULL, *none = NULL;

    if (trv_parse(args, "oo|o", &self, &code, &text) < 0 || trv_setattr(self, "code", code) < 0)
        return NULL;
    if (!text)
        return trv_none_new();
    above = trv_getattr(trv_ValueError, "__init__");
    none = above ? trv_call(above, "oo", self, text) : NULL;
    return none ? trv_none_new() : NULL;
}

/* def __str__(self): return "code N" */
TRV_STATIC_FUNCTION(app_str, "__str__(self)")
{
    trv_auto trv_object *code = trv_getattr(args->items[0], "code"), *text = NULL;

    text = code ? trv_str(code) : NULL;
    return text ? trv_str_printf("code %s", trv_str_utf8(text, NULL)) : NULL;
}

static trv_object *app_error(trv_object *bases)
{
    trv_auto trv_object *dict = trv_build("{s:o, s:o}", "__init__", app_init, "__str__", app_str);

    return trv_class_new("AppError", bases, dict);
}

static trv_object *plain_class(const char *name, trv_object *bases)
{
    return trv_class_new(name, bases, NULL);
}

static void expect_attribute(trv_object *object, const char *name, const char *repr)
{
    expect_repr(trv_getattr(object, name), repr);
}

TEST(a_class_of_exceptions_is_raised_and_matched)
{
    trv_auto trv_object *type = app_error(trv_ValueError), *derived = plain_class("Derived", type);
    trv_auto trv_object *error = trv_call(derived, "is", 5, "text"), *formatted = NULL;

    ck_assert_ptr_nonnull(error);
    (void)trv_raise_object(error);
    ck_assert_int_eq(trv_error_matches(derived), 1);
    ck_assert_int_eq(trv_error_matches(type), 1);
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 1);
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 0);
    trv_error_clear();
    expect_attribute(error, "code", "5");
    expect_repr(trv_repr(error), "\"Derived('text')\"");
    formatted = trv_exception_format_only(error);
    ck_assert_str_eq(trv_str_utf8(formatted, NULL), "Derived: code 5\n");
}

TEST(raising_a_class_calls_it)
{
    trv_auto trv_object *type = app_error(trv_ValueError), *error = NULL;

    (void)trv_raise(type, "the %s argument", "only");
    error = trv_error_take();
    expect_attribute(error, "code", "'the only argument'");
    expect_repr(trv_str(error), "'code the only argument'");
    (void)trv_raise(type, NULL);
    ck_assert_int_eq(trv_error_matches(trv_TypeError), 1); /* its __init__ wants more */
    trv_error_clear();
}

TEST(a_class_of_several_exceptions)
{
    trv_auto trv_object *bases = trv_build("(oo)", trv_KeyError, trv_AttributeError);
    trv_auto trv_object *type = plain_class("Both", bases), *error = NULL, *name = NULL;
    trv_auto trv_object *keywords = trv_build("{s:s}", "name", "n");

    ck_assert_ptr_nonnull(type);
    error = trv_call_array(type, NULL, 0, keywords);
    ck_assert_ptr_nonnull(error);
    expect_attribute(error, "name", "'n'");
    (void)trv_raise_object(error);
    ck_assert_int_eq(trv_error_matches(trv_KeyError), 1);
    ck_assert_int_eq(trv_error_matches(trv_LookupError), 1);
    ck_assert_int_eq(trv_error_matches(trv_AttributeError), 1);
    ck_assert_int_eq(trv_error_matches(trv_ValueError), 0);
    trv_error_clear();
}

TEST(exceptions_that_hold_different_things_do_not_go_together)
{
    trv_auto trv_object *bases = trv_build("(oo)", trv_OSError, trv_ImportError);

    EXPECT_NULL(trv_class_new("Both", bases, NULL), trv_TypeError,
                "multiple bases have instance lay-out conflict");
}

TEST(a_class_derived_from_an_os_error)
{
    trv_auto trv_object *type = plain_class("DiskError", trv_OSError);
    trv_auto trv_object *error = trv_call(type, "iss", 28, "full", "/tmp");

    ck_assert_ptr_eq((void *)trv_type_of(error), (void *)type);
    trv_unref(type);
    expect_attribute(error, "errno", "28");
    expect_attribute(error, "filename", "'/tmp'");
    expect_repr(trv_str(error), "\"[Errno 28] full: '/tmp'\"");
}

/* derive(self, excs): another of the same class, with the same code */
TRV_STATIC_FUNCTION(derive, "derive(self, excs)")
{
    trv_object *self, *exceptions;
    trv_auto trv_object *message = NULL, *type = NULL;

    if (trv_parse(args, "oo", &self, &exceptions) < 0 || !(message = trv_getattr(self, "message")))
        return NULL;
    type = trv_type_of(self);
    return trv_call(type, "oo", message, exceptions);
}

TEST(a_class_of_groups_makes_its_parts)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "derive", derive);
    trv_auto trv_object *type = trv_class_new("MyGroup", trv_ExceptionGroup, dict);
    trv_auto trv_object *k = trv_call(trv_KeyError, "s", "k"),
                        *v = trv_call(trv_ValueError, "s", "v");
    trv_auto trv_object *group = trv_call(type, "s[oo]", "m", k, v), *matching = NULL, *rest = NULL;

    ck_assert_ptr_nonnull(group);
    ck_assert_int_eq(trv_isinstance(group, trv_Exception), 1);
    ck_assert_int_eq(trv_exception_split(group, trv_KeyError, &matching, &rest), 0);
    expect_repr(trv_ref(matching), "MyGroup('m', [KeyError('k')])");
    expect_repr(trv_ref(rest), "MyGroup('m', [ValueError('v')])");
}

TEST(notes_and_attributes_are_one_dict)
{
    trv_auto trv_object *type = app_error(trv_ValueError), *error = trv_call(type, "i", 5);
    trv_auto trv_object *text = NULL;

    ck_assert_int_eq(trv_exception_add_note(error, "note"), 0);
    expect_attribute(error, "__notes__", "['note']");
    expect_attribute(error, "__dict__", "{'code': 5, '__notes__': ['note']}");
    expect_repr(trv_exception_notes(error), "['note']");
    text = trv_exception_format_only(error);
    ck_assert_str_eq(trv_str_utf8(text, NULL), "AppError: code 5\nnote\n");
}

TEST(copies_of_a_class_of_exceptions)
{
    trv_auto trv_object *type = plain_class("Plain", trv_ValueError);
    trv_auto trv_object *error = trv_call(type, "s", "text"), *list = trv_build("[i]", 1);
    trv_auto trv_object *copy = NULL, *deep = NULL, *shared = NULL, *own = NULL;

    ck_assert_int_eq(trv_setattr(error, "list", list), 0);
    copy = trv_copy(error);
    deep = trv_deepcopy(error);
    expect_repr(trv_repr(copy), "\"Plain('text')\"");
    shared = trv_getattr(copy, "list");
    ck_assert_ptr_eq(shared, list);
    own = trv_getattr(deep, "list");
    ck_assert_ptr_ne(own, list);
    expect_repr(trv_ref(own), "[1]");
}

static trv_object *live(void)
{
    trv_auto trv_object *type = app_error(trv_ValueError);
    trv_auto trv_object *error = type ? trv_call(type, "is", 5, "text") : NULL, *text = NULL;

    if (!error || trv_exception_add_note(error, "note") < 0 ||
        !(text = trv_exception_format(error)))
        return NULL;
    return trv_steal(&text);
}

TEST(memory)
{
    EXHAUST(live());
}

/* Code of users in the middle of an exception's business ------------------------------------------- */

static trv_object *subject;
static const char *attribute;

/* Sets an attribute of `subject` to something else. */
TRV_STATIC_FUNCTION(disturb, "disturb(self, *rest)")
{
    trv_auto trv_object *other = trv_build(strcmp(attribute, "__dict__") ? "()" : "{}");

    if (trv_setattr(subject, attribute, other) < 0)
        return NULL;
    return trv_str_new("text");
}

/* An instance that does so at its end, when it is printed or when it is compared. */
static trv_object *disturber(const char *what, const char *name)
{
    trv_auto trv_object *names = trv_build("{s:o}", what, disturb);
    trv_auto trv_object *class_ = trv_class_new("Disturber", NULL, names);

    attribute = name;
    return trv_call(class_, "");
}

TEST(arguments_change_while_fields_are_filled)
{
    trv_auto trv_object *last = disturber("__del__", "args"), *init = NULL, *done = NULL;

    subject = trv_call(trv_OSError, "os", last, "text");
    ck_assert_int_eq(trv_setattr(subject, "args", trv_none_new()), -1);
    trv_error_clear();
    {
        trv_auto trv_object *none = trv_build("(i)", 0);
        ck_assert_int_eq(trv_setattr(subject, "args", none), 0);
    }
    trv_clear(&last); /* the errno of the subject has it now */
    init = trv_getattr(subject, "__init__");
    done = trv_call(init, "lss", (int64_t)1 << 40, "a text", "a file");
    ck_assert_ptr_nonnull(done);
    expect_repr(trv_str(subject), "\"[Errno 1099511627776] a text: 'a file'\"");
    trv_clear(&subject);
}

TEST(fields_change_while_they_are_printed)
{
    trv_auto trv_object *number = disturber("__str__", "strerror");

    subject = trv_call(trv_OSError, "os", number, "text");
    ck_assert_int_eq(trv_setattr(subject, "errno", number), 0);
    trv_clear(&number);
    expect_repr(trv_str(subject), "'[Errno text] ()'");
    trv_clear(&subject);
}

/* What could not be decoded is no bytes any more, or says that there is more of it. */
TEST(what_could_not_be_decoded_is_anything)
{
    trv_auto trv_object *list = trv_build("[i i]", 1, 2);

    subject = trv_call(trv_UnicodeDecodeError, "syiis", "x", "ab", (size_t)2, 1, 2, "reason");
    expect_repr(trv_str(subject), "\"'x' codec can't decode byte 0x62 in position 1: reason\"");
    ck_assert_int_eq(trv_setattr(subject, "object", list), 0);
    EXPECT_NULL(trv_str(subject), trv_TypeError, "object attribute must be bytes");
    trv_clear(&subject);
}

TRV_STATIC_FUNCTION(many, "__len__(self)")
{
    return trv_int_new(1000000);
}

TEST(octets_of_a_class_may_lie)
{
    trv_auto trv_object *names = trv_build("{s:o}", "__len__", many);
    trv_auto trv_object *class_ = trv_class_new("Octets", trv_bytes_type, names);
    trv_auto trv_object *octets = trv_call(class_, "y", "ab", (size_t)2);
    trv_auto trv_object *error =
        trv_call(trv_UnicodeDecodeError, "soiis", "x", octets, 999999, 1000000, "reason");

    expect_repr(trv_str(error),
                "\"'x' codec can't decode bytes in position 999999-999999: reason\"");
}

/* The fields of one kind are none of another's. */
TEST(an_exception_stays_of_its_kind)
{
    trv_auto trv_object *one = trv_build("(oo)", trv_ValueError, trv_StopIteration);
    trv_auto trv_object *two = trv_build("(oo)", trv_ValueError, trv_OSError);
    trv_auto trv_object *small = trv_class_new("Small", one, NULL);
    trv_auto trv_object *large = trv_class_new("Large", two, NULL);
    trv_auto trv_object *error = trv_call(small, "i", 5), *names = trv_vars(trv_object_type);
    trv_auto trv_object *descriptor = NULL, *set = NULL, *name = trv_str_new("__class__");

    descriptor = trv_getitem(names, name);
    set = trv_getattr(descriptor, "__set__");
    EXPECT_NULL(trv_call(set, "oo", error, large), trv_TypeError,
                "__class__ assignment: 'Large' object layout differs from 'Small'");
    expect_repr(trv_getattr(error, "value"), "5");
}

TEST_LIST(RUN(arguments_change_while_fields_are_filled), RUN(fields_change_while_they_are_printed),
          RUN(what_could_not_be_decoded_is_anything), RUN(octets_of_a_class_may_lie),
          RUN(an_exception_stays_of_its_kind), RUN(a_class_of_exceptions_is_raised_and_matched),
          RUN(raising_a_class_calls_it), RUN(a_class_of_several_exceptions),
          RUN(exceptions_that_hold_different_things_do_not_go_together),
          RUN(a_class_derived_from_an_os_error), RUN(a_class_of_groups_makes_its_parts),
          RUN(notes_and_attributes_are_one_dict), RUN(copies_of_a_class_of_exceptions), RUN(memory))
