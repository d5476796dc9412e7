/* SPDX-License-Identifier: MIT */
/*
 * Copies of instances of classes: by state, by the hooks that Python's module `copy` knows, shared, circular
 * and deep.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include "trivet/class.h"
#include "trivet/copy.h"

static trv_object *box_class(void)
{
    return trv_class_new("Box", NULL, NULL);
}

static void set(trv_object *object, const char *name, trv_object *value)
{
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(trv_setattr(object, name, value), 0);
    trv_unref(value);
}

/* An attribute, which its owner holds. */
static trv_object *get(trv_object *object, const char *name)
{
    trv_object *value = trv_getattr(object, name);

    ck_assert_ptr_nonnull(value);
    trv_unref(value);
    return value;
}

static trv_object *must_copy(trv_object *copy)
{
    if (!copy)
        trv_error_print();
    ck_assert_ptr_nonnull(copy);
    return copy;
}

TEST(instances_are_copied_by_their_attributes)
{
    trv_auto trv_object *type = box_class(), *box = trv_call(type, ""), *made = NULL;
    trv_auto trv_object *copy = NULL, *deep = NULL;

    set(box, "a", trv_int_new(1));
    set(box, "list", trv_build("[i]", 2));
    copy = must_copy(trv_copy(box));
    deep = must_copy(trv_deepcopy(box));
    made = trv_type_of(copy);
    ck_assert_ptr_eq(made, type);
    ck_assert_ptr_ne(copy, box);
    ck_assert_ptr_eq(get(copy, "list"), get(box, "list"));
    ck_assert_ptr_ne(get(deep, "list"), get(box, "list"));
    expect_repr(trv_ref(get(deep, "list")), "[2]");
    set(copy, "b", trv_int_new(3));
    ck_assert_int_eq(trv_hasattr(box, "b"), 0);
}

TEST(slots_are_copied_too)
{
    trv_auto trv_object *dict = trv_build("{s:(ss)}", "__slots__", "x", "y");
    trv_auto trv_object *type = trv_class_new("Pair", NULL, dict), *pair = trv_call(type, "");
    trv_auto trv_object *deep = NULL;

    set(pair, "x", trv_build("[i]", 1));
    deep = must_copy(trv_deepcopy(pair));
    ck_assert_ptr_ne(get(deep, "x"), get(pair, "x"));
    expect_repr(trv_ref(get(deep, "x")), "[1]");
    ck_assert_int_eq(trv_hasattr(deep, "y"), 0);
}

TEST(shared_and_circular_instances)
{
    trv_auto trv_object *type = box_class(), *a = trv_call(type, ""), *b = trv_call(type, "");
    trv_auto trv_object *list = trv_build("[o o o]", a, b, a), *copy = NULL, *first = NULL,
                        *third = NULL;

    set(a, "other", trv_ref(b));
    set(b, "other", trv_ref(a));
    copy = must_copy(trv_deepcopy(list));
    first = trv_list_get(copy, 0);
    third = trv_list_get(copy, 2);
    ck_assert_ptr_eq(first, third);
    ck_assert_ptr_ne(first, a);
    ck_assert_ptr_eq(get(get(first, "other"), "other"), first);
}

/* A list of nodes, each the attribute of the one before: no stack is used. Fewer do where each is slow. */
TEST(a_million_instances_in_a_row)
{
    trv_auto trv_object *type = box_class(), *head = NULL, *copy = NULL;

    for (int i = 0; i < (TRV_DEBUG ? 50000 : 1000000); i++) {
        trv_object *box = trv_call(type, "");
        if (head)
            set(box, "next", head);
        head = box;
    }
    copy = must_copy(trv_deepcopy(head));
    ck_assert_ptr_ne(get(copy, "next"), get(head, "next"));
}

TEST(classes_that_are_containers)
{
    trv_auto trv_object *list_type = trv_class_new("List", trv_list_type, NULL);
    trv_auto trv_object *dict_type = trv_class_new("Dict", trv_dict_type, NULL);
    trv_auto trv_object *list = trv_call(list_type, "[[i] i]", 1, 2),
                        *dict = trv_call(dict_type, "");
    trv_auto trv_object *copy = NULL, *deep = NULL, *key = trv_str_new("k"), *value = NULL,
                        *first = trv_list_get(list, 0), *shallow = NULL;

    set(list, "name", trv_str_new("n"));
    deep = must_copy(trv_deepcopy(list));
    expect_repr(trv_ref(deep), "[[1], 2]");
    expect_repr(trv_ref(get(deep, "name")), "'n'");
    shallow = must_copy(trv_copy(list));
    value = trv_list_get(shallow, 0);
    ck_assert_ptr_eq(value, first);
    ck_assert_int_eq(trv_setitem(dict, key, list), 0);
    copy = must_copy(trv_deepcopy(dict));
    expect_repr(trv_ref(copy), "{'k': [[1], 2]}");
    ck_assert_int_eq(trv_isinstance(copy, dict_type), 1);
}

/* Hooks ---------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(copy_hook, "__copy__(self)")
{
    (void)args;
    return trv_str_new("a copy");
}

TRV_STATIC_FUNCTION(deepcopy_hook, "__deepcopy__(self, memo)")
{
    trv_object *self, *memo;
    trv_auto trv_object *list = NULL;

    if (trv_parse(args, "oo", &self, &memo) < 0 || !(list = trv_getattr(self, "list")))
        return NULL;
    return trv_deepcopy_with(list, memo);
}

TEST(a_class_copies_its_instances_itself)
{
    trv_auto trv_object *dict =
        trv_build("{s:o, s:o}", "__copy__", copy_hook, "__deepcopy__", deepcopy_hook);
    trv_auto trv_object *type = trv_class_new("Own", NULL, dict), *own = trv_call(type, "");
    trv_auto trv_object *pair = trv_build("[o o]", own, own), *deep = NULL, *a = NULL, *b = NULL;

    set(own, "list", trv_build("[i]", 1));
    expect_repr(trv_copy(own), "'a copy'");
    deep = must_copy(trv_deepcopy(pair));
    expect_repr(trv_ref(deep), "[[1], [1]]");
    a = trv_list_get(deep, 0);
    b = trv_list_get(deep, 1);
    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_ne(a, get(own, "list"));
}

TRV_STATIC_FUNCTION(give_state, "__getstate__(self)")
{
    (void)args;
    return trv_build("[i]", 7);
}

TRV_STATIC_FUNCTION(take_state, "__setstate__(self, state)")
{
    trv_object *self, *state;

    if (trv_parse(args, "oo", &self, &state) < 0 || trv_setattr(self, "state", state) < 0)
        return NULL;
    return trv_none_new();
}

TEST(a_class_gives_and_takes_its_state)
{
    trv_auto trv_object *dict =
        trv_build("{s:o, s:o}", "__getstate__", give_state, "__setstate__", take_state);
    trv_auto trv_object *type = trv_class_new("Own", NULL, dict), *own = trv_call(type, "");
    trv_auto trv_object *copy = must_copy(trv_copy(own)), *deep = must_copy(trv_deepcopy(own));

    expect_repr(trv_ref(get(copy, "state")), "[7]");
    expect_repr(trv_ref(get(deep, "state")), "[7]");
}

TRV_STATIC_FUNCTION(reduce, "__reduce__(self): list of what is in the attribute")
{
    trv_auto trv_object *items = trv_getattr(args->items[0], "items");

    return items ? trv_build("(o(o))", trv_list_type, items) : NULL;
}

TRV_STATIC_FUNCTION(reduce_to_str, "__reduce__(self): is its own copy")
{
    (void)args;
    return trv_str_new("name");
}

TRV_STATIC_FUNCTION(reduce_badly, "__reduce__(self): no tuple")
{
    (void)args;
    return trv_int_new(3);
}

static trv_object *with_reduce(trv_object *function)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__reduce__", function);
    trv_auto trv_object *type = trv_class_new("Own", NULL, dict);

    return trv_call(type, "");
}

TEST(a_class_says_what_makes_it_anew)
{
    trv_auto trv_object *own = with_reduce(reduce), *single = with_reduce(reduce_to_str),
                        *bad = with_reduce(reduce_badly), *deep = NULL, *first = NULL,
                        *inner = trv_build("[i]", 1), *same = NULL;

    set(own, "items", trv_build("(o i)", inner, 2));
    expect_repr(trv_copy(own), "[[1], 2]");
    deep = must_copy(trv_deepcopy(own));
    first = trv_list_get(deep, 0);
    ck_assert_ptr_ne(first, inner);
    same = trv_copy(single);
    ck_assert_ptr_eq(same, single);
    trv_unref(same);
    same = trv_deepcopy(single);
    ck_assert_ptr_eq(same, single);
    EXPECT_NULL(trv_copy(bad), trv_TypeError, "__reduce__ must return a string or tuple");
    EXPECT_NULL(trv_deepcopy(bad), trv_TypeError, "__reduce__ must return a string or tuple");
}

TEST(frozensets_and_bytearrays)
{
    trv_auto trv_object *frozen = trv_call(trv_frozenset_type, "[i]", 1), *same = trv_copy(frozen);
    trv_auto trv_object *bytes = trv_call(trv_bytearray_type, "y", "ab", (size_t)2);
    trv_auto trv_object *copy = must_copy(trv_copy(bytes)), *deep = must_copy(trv_deepcopy(bytes));

    ck_assert_ptr_eq(same, frozen);
    expect_repr(trv_deepcopy(frozen), "frozenset({1})");
    ck_assert_ptr_ne(copy, bytes);
    ck_assert_ptr_ne(deep, bytes);
    expect_repr(trv_ref(copy), "bytearray(b'ab')");
    expect_repr(trv_ref(deep), "bytearray(b'ab')");
}

/* Memory --------------------------------------------------------------------------------------- */

TEST(running_out_of_memory)
{
    trv_auto trv_object *type = box_class(), *box = trv_call(type, ""), *other = trv_call(type, "");
    trv_auto trv_object *list_type = trv_class_new("List", trv_list_type, NULL);
    trv_auto trv_object *list = trv_call(list_type, "[[i] i]", 1, 2);

    set(box, "a", trv_build("[i]", 1));
    set(box, "other", trv_ref(other));
    set(box, "list", trv_ref(list));
    EXHAUST(trv_copy(box));
    EXHAUST(trv_deepcopy(box));
    EXHAUST(trv_copy(list));
}

TEST_LIST(RUN(instances_are_copied_by_their_attributes), RUN(slots_are_copied_too),
          RUN(shared_and_circular_instances), RUN(a_million_instances_in_a_row),
          RUN(classes_that_are_containers), RUN(a_class_copies_its_instances_itself),
          RUN(a_class_gives_and_takes_its_state), RUN(a_class_says_what_makes_it_anew),
          RUN(frozensets_and_bytearrays), RUN(running_out_of_memory))
