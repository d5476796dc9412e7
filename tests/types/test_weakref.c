/* SPDX-License-Identifier: MIT */
/*
 * Weak references: sharing, ends, callbacks, equality, cycles.
 */
#include "support/harness.h"

/* Whether a weak reference's object is `wanted` (None for NULL). */
static int refers_to(trv_object *weakref, trv_object *wanted)
{
    trv_auto trv_object *referent = trv_weakref_get(weakref);

    return wanted ? referent == wanted : trv_is_none(referent);
}

static void assert_raised(trv_object *type)
{
    ck_assert_int_eq(trv_error_matches(type), 1);
    trv_error_clear();
}

/* Appends the weak reference it is called with to its data, a list. */
static trv_object *note(const trv_args *args)
{
    return trv_list_append(args->self, args->items[0]) < 0 ? NULL : trv_none_new();
}

static trv_object *always_fail(const trv_args *args TRV_UNUSED)
{
    return trv_raise(trv_ValueError, "from a callback");
}

static size_t length_of(trv_object *list)
{
    size_t length;

    ck_assert_int_eq(trv_list_len(list, &length), 0);
    return length;
}

TEST(a_weak_reference_does_not_keep_alive)
{
    trv_object *list = trv_list_new(), *weakref = trv_weakref_new(list, NULL);

    ck_assert_int_eq(trv_refcount(list), 1);
    ck_assert(refers_to(weakref, list));
    trv_unref(list);
    ck_assert(refers_to(weakref, NULL));
    trv_unref(weakref);
}

TEST(a_weak_reference_without_callback_is_shared)
{
    trv_object *list = trv_list_new(), *first = trv_weakref_new(list, NULL),
               *second = trv_weakref_new(list, trv_none_new());

    ck_assert_ptr_eq(first, second);
    trv_unref(first);
    trv_unref(second);
    /* it has ended, and another can be made */
    first = trv_weakref_new(list, NULL);
    ck_assert(refers_to(first, list));
    trv_unref(list);
    trv_unref(first);
}

TEST(weak_references_may_end_first_in_any_order)
{
    trv_object *list = trv_list_new(), *notes = trv_list_new(), *weakrefs[10],
               *callback = trv_function_new(note, "note", notes);

    for (int i = 0; i < 10; i++)
        weakrefs[i] = trv_weakref_new(list, i == 5 ? NULL : callback);
    for (int i = 0; i < 10; i += 2)
        trv_clear(&weakrefs[i]);
    trv_unref(list);
    ck_assert_uint_eq(length_of(notes), 4);
    for (int i = 0; i < 10; i++)
        trv_unref(weakrefs[i]);
    trv_unref(callback);
    trv_unref(notes);
}

TEST(callbacks_are_called_with_the_dead_reference)
{
    trv_object *list = trv_list_new(), *notes = trv_list_new(), *noted,
               *callback = trv_function_new(note, "note", notes),
               *weakref = trv_weakref_new(list, callback);

    trv_unref(list);
    ck_assert_uint_eq(length_of(notes), 1);
    noted = trv_list_get(notes, 0);
    ck_assert_ptr_eq(noted, weakref);
    ck_assert(refers_to(noted, NULL));
    trv_unref(noted);
    trv_unref(weakref);
    trv_unref(callback);
    trv_unref(notes);
}

TEST(what_a_callback_raises_is_not_passed_on)
{
    trv_object *list = trv_list_new(), *callback = trv_function_new(always_fail, "fail", NULL),
               *weakref = trv_weakref_new(list, callback);

    trv_raise(trv_KeyError, "pending");
    trv_unref(list);
    assert_raised(trv_KeyError);
    trv_unref(weakref);
    trv_unref(callback);
}

TEST(a_callback_must_be_callable)
{
    trv_object *list = trv_list_new();

    ck_assert_ptr_null(trv_weakref_new(list, list));
    assert_raised(trv_TypeError);
    trv_unref(list);
}

TEST(plain_values_cannot_be_weakly_referenced)
{
    trv_object *values[] = {trv_none_new(),        trv_bool_new(1),          trv_int_new(1000),
                            trv_float_new(1.5),    trv_str_new("some text"), trv_bytes_new("ab", 2),
                            trv_tuple_new(NULL, 0)};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert_ptr_null(trv_weakref_new(values[i], NULL));
        assert_raised(trv_TypeError);
        trv_unref(values[i]);
    }
    ck_assert_ptr_null(trv_weakref_new(NULL, NULL));
    assert_raised(trv_SystemError);
    ck_assert_ptr_null(trv_weakref_get(trv_none_new()));
    assert_raised(trv_TypeError);
}

TRV_STATIC_FUNCTION(nothing, "nothing(): None")
{
    return trv_none_new();
}

TEST(static_objects_can_be_referenced_and_never_end)
{
    trv_object *weakref = trv_weakref_new(nothing, NULL),
               *type = trv_weakref_new(trv_ValueError, NULL);

    ck_assert(refers_to(weakref, nothing));
    ck_assert(refers_to(type, trv_ValueError));
    ck_assert_uint_eq(nothing->flags, 0);
    trv_unref(weakref);
    trv_unref(type);
}

TEST(a_call_gives_the_object)
{
    trv_object *list = trv_list_new(), *weakref = trv_call(trv_weakref_type, "o", list), *got;

    ck_assert_ptr_nonnull(weakref);
    got = trv_call(weakref, "");
    ck_assert_ptr_eq(got, list);
    trv_unref(got);
    ck_assert_ptr_null(trv_call(weakref, "i", 1));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_call(trv_weakref_type, ""));
    assert_raised(trv_TypeError);
    trv_unref(list);
    trv_unref(weakref);
}

/* A type whose instances are equal if their numbers are. */
static int number_compare(trv_object *self, trv_object *other, trv_comparison op);
static int number_hash(trv_object *self, int64_t *hash);
static int number_init(trv_object *self, const trv_args *args);

static trv_object *number_type(void)
{
    static const trv_type_spec spec = {
        .size = sizeof spec,
        .name = "number",
        .data_size = sizeof(int64_t),
        .slots = {.init = number_init, .compare = number_compare, .hash = number_hash}};

    return trv_type_new(&spec);
}

static int64_t *number_of(trv_object *self)
{
    trv_auto trv_object *type = trv_type_of(self);

    return trv_data(self, type);
}

static int number_init(trv_object *self, const trv_args *args)
{
    return trv_parse(args, "l", number_of(self));
}

static int number_hash(trv_object *self, int64_t *hash)
{
    *hash = *number_of(self);
    return 0;
}

static int number_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    int is_equal = *number_of(self) == *number_of(other);

    return op == TRV_EQUAL ? is_equal : op == TRV_NOT_EQUAL ? !is_equal : TRV_UNKNOWN;
}

TEST(equality_and_hash_are_those_of_the_objects)
{
    trv_object *type = number_type(), *a = trv_call(type, "l", (int64_t)7),
               *b = trv_call(type, "l", (int64_t)7), *c = trv_call(type, "l", (int64_t)8),
               *to_a = trv_weakref_new(a, NULL), *to_b = trv_weakref_new(b, NULL),
               *to_c = trv_weakref_new(c, NULL);
    int64_t hash;

    ck_assert_int_eq(trv_equal(to_a, to_b), 1);
    ck_assert_int_eq(trv_equal(to_a, to_c), 0);
    ck_assert_int_eq(trv_compare(to_a, to_c, TRV_NOT_EQUAL), 1);
    ck_assert_int_eq(trv_hash(to_a, &hash), 0);
    ck_assert_int_eq(hash, 7);
    trv_unref(a);
    trv_unref(b);
    trv_unref(c);
    /* dead ones are equal to themselves alone; the hash is remembered if it was asked for */
    ck_assert_int_eq(trv_equal(to_a, to_a), 1);
    ck_assert_int_eq(trv_equal(to_a, to_b), 0);
    ck_assert_int_eq(trv_hash(to_a, &hash), 0);
    ck_assert_int_eq(hash, 7);
    ck_assert_int_eq(trv_hash(to_b, &hash), -1);
    assert_raised(trv_TypeError);
    trv_unref(to_a);
    trv_unref(to_b);
    trv_unref(to_c);
    trv_unref(type);
}

TEST(the_repr_tells_whether_it_is_dead)
{
    trv_object *list = trv_list_new(), *weakref = trv_weakref_new(list, NULL), *text;

    text = trv_repr(weakref);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "to 'list' at"));
    trv_unref(text);
    trv_unref(list);
    text = trv_repr(weakref);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "; dead>"));
    trv_unref(text);
    trv_unref(weakref);
}

TEST(cycles_through_callbacks_are_collected)
{
    trv_object *list = trv_list_new(), *target = trv_list_new(),
               *callback = trv_function_new(note, "note", list),
               *weakref = trv_weakref_new(target, callback);
    size_t found;

    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_int_eq(trv_list_append(list, weakref), 0);
    trv_unref(weakref);
    trv_unref(callback);
    trv_unref(list);
    ck_assert_int_eq(trv_gc_collect(2, &found), 0);
    ck_assert_uint_eq(found, 3);
    trv_unref(target); /* nobody is called */
}

TEST(references_into_garbage_are_cleared)
{
    trv_object *list = trv_list_new(), *weakref = trv_weakref_new(list, NULL);

    ck_assert_int_eq(trv_list_append(list, list), 0);
    trv_unref(list);
    ck_assert(!refers_to(weakref, NULL));
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert(refers_to(weakref, NULL));
    trv_unref(weakref);
}

TEST(a_weak_method_lives_as_long_as_its_object)
{
    trv_auto trv_object *object = trv_set_new(), *called = trv_list_new();
    trv_auto trv_object *function = trv_function_new(note, "note(self)", called);
    trv_auto trv_object *method = trv_method_new(function, object);
    trv_auto trv_object *weak = trv_weakref_method_new(method, function);
    trv_auto trv_object *again = trv_call(weak, ""), *none = NULL;
    size_t count = 0;

    ck_assert_int_eq(trv_equal(again, method), 1);
    trv_clear(&again);
    trv_clear(&method);
    ck_assert_int_eq(trv_refcount(object), 1);
    trv_clear(&object);
    none = trv_call(weak, "");
    ck_assert(trv_is_none(none));
    ck_assert_int_eq(trv_list_len(called, &count), 0);
    ck_assert_uint_eq(count, 1);
    trv_clear(&function);
    ck_assert_int_eq(trv_list_clear(called), 0);
}

TEST(a_weak_method_in_a_cycle_is_collected)
{
    trv_auto trv_object *seen = trv_list_new();
    trv_auto trv_object *object = trv_set_new();
    trv_auto trv_object *function = trv_function_new(note, "note(self)", seen);
    trv_auto trv_object *method = trv_method_new(function, object);
    trv_auto trv_object *weak = trv_weakref_method_new(method, function);

    ck_assert_int_eq(trv_list_append(seen, weak), 0);
    trv_clear(&weak);
    trv_clear(&method);
    trv_clear(&function);
    trv_clear(&seen);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_uint_eq(trv_weakref_count(object), 0);
}

TEST_LIST(RUN(a_weak_reference_does_not_keep_alive), RUN(a_weak_method_lives_as_long_as_its_object),
          RUN(a_weak_method_in_a_cycle_is_collected),
          RUN(a_weak_reference_without_callback_is_shared),
          RUN(weak_references_may_end_first_in_any_order),
          RUN(callbacks_are_called_with_the_dead_reference),
          RUN(what_a_callback_raises_is_not_passed_on), RUN(a_callback_must_be_callable),
          RUN(plain_values_cannot_be_weakly_referenced),
          RUN(static_objects_can_be_referenced_and_never_end), RUN(a_call_gives_the_object),
          RUN(equality_and_hash_are_those_of_the_objects), RUN(the_repr_tells_whether_it_is_dead),
          RUN(cycles_through_callbacks_are_collected), RUN(references_into_garbage_are_cleared))
