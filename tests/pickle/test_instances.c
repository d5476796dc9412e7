/* SPDX-License-Identifier: MIT */
/*
 * Instances of classes: attributes, slots, what derives from built-in types, and the methods by which a class
 * says itself how it is taken apart and made again. Beside Python: tests/pickle/differential.
 */
#include "support/harness.h"

#include "object/expect.h"
#include "types/exhaust.h"

static trv_object *must(trv_object *object)
{
    if (!object)
        trv_error_print();
    ck_assert_ptr_nonnull(object);
    return object;
}

static trv_object *copy(trv_object *object, int protocol)
{
    trv_pickle_options options = {.size = sizeof options, .protocol = protocol};
    trv_auto trv_object *pickle = trv_pickle_dumps_with(object, &options);
    const void *data;
    size_t size;

    if (!pickle)
        return NULL;
    data = trv_bytes_data(pickle, &size);
    return trv_pickle_loads(data, size);
}

static trv_object *named(trv_object *class, const char *name)
{
    must(class);
    ck_assert_int_eq(trv_pickle_register_name(class, "tests", name), 0);
    return class;
}

static trv_object *class_of(const char *name, trv_object *bases, trv_object *dict)
{
    trv_object *class = named(trv_class_new(name, bases, dict), name);

    trv_unref(dict);
    return class;
}

static void forget(trv_object *object)
{
    ck_assert_int_eq(trv_pickle_forget(object), 0);
}

static void expect_attribute(trv_object *object, const char *name, const char *text)
{
    trv_auto trv_object *value = must(trv_getattr(object, name));

    expect_repr(trv_ref(value), text);
}

static void set(trv_object *object, const char *name, trv_object *value)
{
    ck_assert_int_eq(trv_setattr(object, name, must(value)), 0);
    trv_unref(value);
}

TEST(attributes_travel)
{
    trv_auto trv_object *class = class_of("Box", NULL, NULL), *box = must(trv_call(class, ""));

    set(box, "width", trv_int_new(3));
    set(box, "items", trv_build("[ii]", 1, 2));
    set(box, "me", trv_ref(box));
    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *copied = must(copy(box, protocol)), *me = NULL;
        ck_assert_int_eq(trv_isinstance(copied, class), 1);
        ck_assert_ptr_ne(copied, box);
        expect_attribute(copied, "width", "3");
        expect_attribute(copied, "items", "[1, 2]");
        me = must(trv_getattr(copied, "me"));
        ck_assert_ptr_eq(me, copied);
        ck_assert_int_eq(trv_delattr(copied, "me"), 0);
    }
    ck_assert_int_eq(trv_delattr(box, "me"), 0);
    forget(class);
}

TEST(slots_travel)
{
    trv_auto trv_object *class =
        class_of("Slotted", NULL, trv_build("{s:(sss)}", "__slots__", "a", "__b", "__dict__"));
    trv_auto trv_object *object = must(trv_call(class, ""));

    set(object, "a", trv_int_new(1));
    set(object, "_Slotted__b", trv_int_new(2));
    set(object, "c", trv_int_new(3));
    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *copied = must(copy(object, protocol));
        expect_attribute(copied, "a", "1");
        expect_attribute(copied, "_Slotted__b", "2");
        expect_attribute(copied, "c", "3");
    }
    forget(class);
}

/* Values of built-in types, with attributes besides. */
TEST(classes_derived_from_built_in_types)
{
    static const struct {
        const char *name;
        trv_object *base;
        const char *format, *repr;
    } cases[] = {
        {"Int", trv_int_type, "i", "5"},
        {"Big", trv_int_type, "b", "1606938044258990275541962092341162602522202993782792835301376"},
        {"Str", trv_str_type, "s", "'text'"},
        {"Float", trv_float_type, "d", "2.5"},
        {"Complex", trv_complex_type, "d", "(2.5+0j)"},
        {"Bytes", trv_bytes_type, "y", "b'by'"},
        {"Tuple", trv_tuple_type, "[ii]", "(1, 2)"},
        {"List", trv_list_type, "[ii]", "[1, 2]"},
        {"Dict", trv_dict_type, "{s:i}", "{'k': 1}"},
        {"Set", trv_set_type, "[i]", "Set({1})"},
        {"FrozenSet", trv_frozenset_type, "[i]", "FrozenSet({1})"},
        {"ByteArray", trv_bytearray_type, "y", "ByteArray(b'by')"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        trv_auto trv_object *class = class_of(cases[i].name, cases[i].base, NULL), *argument = NULL;
        trv_auto trv_object *object = NULL;

        switch (cases[i].format[0]) {
        case 'i':
            argument = trv_build("i", 5);
            break;
        case 'b':
            argument =
                trv_int_parse("1606938044258990275541962092341162602522202993782792835301376", 10);
            break;
        case 's':
            argument = trv_build("s", "text");
            break;
        case 'd':
            argument = trv_build("d", 2.5);
            break;
        case 'y':
            argument = trv_build("y", "by", (size_t)2);
            break;
        case '{':
            argument = trv_build("{s:i}", "k", 1);
            break;
        default:
            argument = strlen(cases[i].format) == 3 ? trv_build("[i]", 1) : trv_build("[ii]", 1, 2);
        }
        object = must(trv_call(class, "o", argument));
        set(object, "more", trv_int_new(7));
        for (int protocol = 2; protocol <= 5; protocol++) {
            trv_auto trv_object *copied = must(copy(object, protocol));
            ck_assert_int_eq(trv_isinstance(copied, class), 1);
            expect_repr(trv_ref(copied), cases[i].repr);
            expect_attribute(copied, "more", "7");
        }
        forget(class);
    }
}

/* Methods of pickling --------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(get_state, "__getstate__(self): what it is without what it caches")
{
    return trv_build("[s]", "state");
}

TRV_STATIC_FUNCTION(set_state, "__setstate__(self, state): remembers it")
{
    return trv_setattr(args->items[0], "was_set", args->items[1]) < 0 ? NULL : trv_none_new();
}

TEST(a_class_says_its_state)
{
    trv_auto trv_object *class =
        class_of("Stated", NULL,
                 trv_build("{s:o,s:o}", "__getstate__", get_state, "__setstate__", set_state));
    trv_auto trv_object *object = must(trv_call(class, "")), *copied = must(copy(object, 5));

    expect_attribute(copied, "was_set", "['state']");
    forget(class);
}

TRV_STATIC_FUNCTION(new_with, "__new__(cls, a, b=): keeps them")
{
    trv_auto trv_object *method = trv_getattr(trv_object_type, "__new__");
    trv_object *object = method ? trv_call(method, "o", args->items[0]) : NULL;

    if (object &&
        (trv_setattr(object, "a", args->items[1]) < 0 ||
         (args->count > 2 && args->items[2] && trv_setattr(object, "b", args->items[2]) < 0)))
        trv_clear(&object);
    return object;
}

TRV_STATIC_FUNCTION(new_arguments, "__getnewargs__(self): (a,)")
{
    trv_auto trv_object *a = trv_getattr(args->items[0], "a");

    return a ? trv_tuple_new(&a, 1) : NULL;
}

TRV_STATIC_FUNCTION(new_arguments_ex, "__getnewargs_ex__(self): ((a,), {'b': 8})")
{
    trv_auto trv_object *a = trv_getattr(args->items[0], "a");

    return a ? trv_build("((o){s:i})", a, "b", 8) : NULL;
}

TEST(a_class_says_what_new_is_called_with)
{
    trv_auto trv_object *new = must(trv_staticmethod_new(new_with));
    trv_auto trv_object *class = class_of(
        "Made", NULL, trv_build("{s:o,s:o}", "__new__", new, "__getnewargs__", new_arguments));
    trv_auto trv_object *class_ex =
        class_of("MadeEx", NULL,
                 trv_build("{s:o,s:o}", "__new__", new, "__getnewargs_ex__", new_arguments_ex));
    trv_auto trv_object *object = must(trv_call(class, "i", 5));
    trv_auto trv_object *object_ex = must(trv_call(class_ex, "i", 6));

    for (int protocol = 2; protocol <= 5; protocol++) {
        trv_auto trv_object *copied = must(copy(object, protocol)), *copied_ex = NULL;
        expect_attribute(copied, "a", "5");
        copied_ex = copy(object_ex, protocol);
        if (protocol < 4) {
            ck_assert_ptr_null(copied_ex);
            ck_assert_int_eq(trv_error_matches(trv_PicklingError), 1);
            trv_error_clear();
        } else {
            expect_attribute(must(copied_ex), "a", "6");
            expect_attribute(copied_ex, "b", "8");
        }
    }
    forget(class);
    forget(class_ex);
}

TRV_STATIC_FUNCTION(make_it, "make_it(n): a list of it")
{
    return trv_build("[o]", args->items[0]);
}

TRV_STATIC_FUNCTION(reduce_it, "__reduce__(self): make_it(7)")
{
    return trv_build("(o(i))", make_it, 7);
}

TRV_STATIC_FUNCTION(reduce_it_ex, "__reduce_ex__(self, protocol): make_it(protocol)")
{
    return trv_build("(o(o))", make_it, args->items[1]);
}

TEST(a_class_reduces_itself)
{
    trv_auto trv_object *class = class_of("R", NULL, trv_build("{s:o}", "__reduce__", reduce_it));
    trv_auto trv_object *class_ex =
        class_of("REx", NULL, trv_build("{s:o}", "__reduce_ex__", reduce_it_ex));
    trv_auto trv_object *object = must(trv_call(class, "")),
                        *object_ex = must(trv_call(class_ex, ""));

    ck_assert_ptr_null(copy(object, 5));
    expect_error(trv_UnpicklingError, "a pickle may not call make_it: it was not registered");
    ck_assert_int_eq(trv_pickle_register_name(make_it, "tests", "make_it"), 0);
    expect_repr(copy(object, 5), "[7]");
    expect_repr(copy(object_ex, 3), "[3]");
    forget(make_it);
    forget(class);
    forget(class_ex);
}

/* Safety ---------------------------------------------------------------------------------------------- */

TEST(a_class_without_a_name_is_refused)
{
    trv_auto trv_object *class = must(trv_class_new("Nobody", NULL, NULL));
    trv_auto trv_object *object = must(trv_call(class, "")), *list = trv_list_new();

    ck_assert_ptr_null(trv_pickle_dumps(object));
    expect_error(trv_PicklingError, "cannot pickle type 'Nobody': it was given no name with "
                                    "trv_pickle_register_name");
    /* What was named is not changed by a pickle. */
    ck_assert_int_eq(trv_pickle_register_name(object, "tests", "ONE"), 0);
    ck_assert_int_eq(trv_pickle_register_name(list, "tests", "LIST"), 0);
    ck_assert_ptr_null(trv_pickle_loads("\x80\x02"
                                        "ctests\nONE\n}X\x01\x00\x00\x00"
                                        "aK\x01sb.",
                                        25));
    expect_error(trv_UnpicklingError, "a state is given to what was only named");
    ck_assert_ptr_null(trv_pickle_loads("\x80\x02"
                                        "ctests\nLIST\nK\x01"
                                        "a.",
                                        18));
    expect_error(trv_UnpicklingError, "an opcode adds items to what is not a list or set");
    forget(object);
    forget(list);
}

TEST(an_object_is_made_anew)
{
    trv_auto trv_object *object = must(trv_call(trv_object_type, "")),
                        *copied = must(copy(object, 2));

    ck_assert_ptr_ne(copied, object);
    ck_assert_int_eq(trv_isinstance(copied, trv_object_type), 1);
}

struct opaque {
    int64_t number;
};

TEST(data_that_nobody_knows_is_refused)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Opaque", .data_size = sizeof(struct opaque)};
    trv_auto trv_object *type = named(trv_type_new(&spec), "Opaque");
    trv_auto trv_object *class = class_of("Derived", type, NULL),
                        *object = must(trv_call(type, ""));
    trv_auto trv_object *derived = must(trv_call(class, ""));

    ck_assert_ptr_null(trv_pickle_dumps(object));
    expect_error(trv_TypeError, "cannot pickle 'Opaque' object");
    ck_assert_ptr_null(trv_pickle_dumps(derived));
    expect_error(trv_TypeError, "cannot pickle 'Derived' object");
    forget(type);
    forget(class);
}

TEST(exceptions_of_classes_with_names)
{
    trv_auto trv_object *class = class_of("MyError", trv_ValueError, NULL);
    trv_auto trv_object *error = must(trv_call(class, "si", "text", 5)), *copied = NULL;

    set(error, "extra", trv_int_new(9));
    copied = must(copy(error, 4));
    ck_assert_int_eq(trv_isinstance(copied, class), 1);
    expect_repr(trv_ref(copied), "MyError('text', 5)");
    expect_attribute(copied, "extra", "9");
    forget(class);
}

TEST(methods_of_instances)
{
    trv_auto trv_object *class = class_of("M", NULL, trv_build("{s:o}", "method", get_state));
    trv_auto trv_object *object = must(trv_call(class, "")), *copied = NULL;
    trv_auto trv_object *method = must(trv_getattr(object, "method"));

    copied = must(copy(method, 5));
    expect_repr(trv_call(copied, ""), "['state']");
    forget(class);
}

static trv_object *copy_pair(trv_object *class)
{
    trv_auto trv_object *one = trv_call(class, ""),
                        *list = one ? trv_build("[oo]", one, one) : NULL;

    if (!list || trv_setattr(one, "list", list) < 0)
        return NULL;
    {
        trv_auto trv_object *copied = copy(list, 4);
        trv__fault_suspend(true);
        if (trv_delattr(one, "list") < 0)
            trv_error_clear();
        if (copied) {
            trv_auto trv_object *first = trv_list_get(copied, 0);
            ck_assert_int_eq(trv_delattr(first, "list"), 0);
        }
        trv__fault_suspend(false);
        return trv_steal(&copied);
    }
}

TEST(running_out_of_memory)
{
    trv_auto trv_object *class = class_of("Pair", NULL, NULL);

    trv_unref(must(copy_pair(class)));
    EXHAUST(copy_pair(class));
    forget(class);
}

/* Objects that change while they are written ------------------------------------------------------------ */

static trv_object *changing, *other_class;

/* Gives the object that is being written another class, whose end the first one's is. */
static trv_object *change_class(const trv_args *args TRV_UNUSED)
{
    ck_assert_int_eq(trv_setattr(changing, "__class__", other_class), 0);
    return trv_build("{}");
}

static trv_object *class_in(const char *name, trv_object *base, const char *method)
{
    trv_auto trv_object *function = trv_function_new(change_class, method, NULL);
    trv_auto trv_object *dict = trv_build("{s:o}", method, function);

    return must(trv_class_new(name, base, dict));
}

TEST(a_class_is_exchanged_by_its_getstate)
{
    trv_auto trv_object *class = class_in("First", trv_set_type, "__getstate__"), *answer = NULL;

    other_class = must(trv_class_new("Second", trv_set_type, NULL));
    changing = must(trv_call(class, ""));
    trv_clear(&class);
    answer = must(trv_call_method(changing, "__reduce_ex__", "i", 2));
    trv_clear(&answer);
    trv_clear(&changing);
    trv_clear(&other_class);
}

TRV_STATIC_FUNCTION(drop_cause,
                    "__reduce_ex__(self, protocol): takes away the cause that is being written")
{
    if (changing)
        ck_assert_int_eq(trv_setattr(changing, "__cause__", trv_none_new()), 0);
    return trv_build("(o())", trv_list_type);
}

TEST(a_cause_is_taken_away_while_it_is_written)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__reduce_ex__", drop_cause);
    trv_auto trv_object *class = must(trv_class_new("Dropper", NULL, dict));
    trv_auto trv_object *one = must(trv_call(class, "")), *pickle = NULL;
    trv_auto trv_object *cause = must(trv_call(trv_ValueError, "os", one, "a text of its own"));

    changing = must(trv_call(trv_KeyError, "s", "key"));
    ck_assert_int_eq(trv_setattr(changing, "__cause__", cause), 0);
    trv_clear(&cause);
    trv_clear(&one);
    ck_assert_int_eq(trv_pickle_register_name(trv_list_type, "tests", "list"), 0);
    pickle = must(trv_pickle_dumps(changing));
    forget(trv_list_type);
    trv_clear(&changing);
}

/* Types on their way to their end --------------------------------------------------------------------- */

static trv_object *pickle_of_passing;
static size_t readings;

/* What was an exception of the class is then one of a type that is there. */
static void read_the_pickle(trv_object *self TRV_UNUSED)
{
    size_t size;
    const void *data = trv_bytes_data(pickle_of_passing, &size);

    readings++;
    expect_repr(must(trv_pickle_loads(data, size)), "ValueError('Passing: text')");
}

/* A list with a leaf, which is no container: it ends when the list is cleared. */
static trv_object *new_list(trv_object *leaves)
{
    trv_auto trv_object *leaf = must(trv_call(leaves, ""));

    return must(trv_build("[o]", leaf));
}

/* One of the lists is cleared before the class, and the other after it. */
TEST(a_class_that_is_about_to_end_is_not_found)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Leaf", .slots.finalize = read_the_pickle};
    trv_auto trv_object *leaves = must(trv_type_new(&spec)), *before = new_list(leaves);
    trv_auto trv_object *passing = must(trv_class_new("Passing", trv_ValueError, NULL));
    trv_auto trv_object *after = new_list(leaves), *error = must(trv_call(passing, "s", "text"));

    pickle_of_passing = must(trv_pickle_dumps(error));
    ck_assert_int_eq(trv_setattr(passing, "before", before), 0);
    ck_assert_int_eq(trv_setattr(passing, "after", after), 0);
    ck_assert_int_eq(trv_list_append(before, passing), 0);
    ck_assert_int_eq(trv_list_append(after, passing), 0);
    trv_clear(&error);
    trv_clear(&before);
    trv_clear(&after);
    trv_clear(&passing);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_uint_eq(readings, 2);
    trv_clear(&pickle_of_passing);
}

TEST_LIST(RUN(attributes_travel), RUN(slots_travel), RUN(classes_derived_from_built_in_types),
          RUN(a_class_says_its_state), RUN(a_class_says_what_new_is_called_with),
          RUN(a_class_reduces_itself), RUN(a_class_without_a_name_is_refused),
          RUN(an_object_is_made_anew), RUN(data_that_nobody_knows_is_refused),
          RUN(exceptions_of_classes_with_names), RUN(methods_of_instances),
          RUN(running_out_of_memory), RUN(a_class_is_exchanged_by_its_getstate),
          RUN(a_cause_is_taken_away_while_it_is_written),
          RUN(a_class_that_is_about_to_end_is_not_found))
