/* SPDX-License-Identifier: MIT */
/*
 * What users cannot get hold of, because the library relies on it: garbage in the middle of its end, and
 * containers of its own. And what they can get hold of, and call or change as they like.
 */
#include "object/evil.h"
#include "object/wreck.h"

#include <stdbool.h>

/* How often a list, which is dropped, holds one of these objects. */
static size_t times_in(trv_object *list, trv_object *const *wanted, size_t count)
{
    size_t length = 0, times = 0;

    ck_assert_int_eq(trv_list_len(list, &length), 0);
    for (size_t i = 0; i < length; i++) {
        trv_auto trv_object *item = trv_list_get(list, (int64_t)i);
        for (size_t j = 0; j < count; j++)
            times += item == wanted[j];
    }
    trv_unref(list);
    return times;
}

/* Garbage ------------------------------------------------------------------------------------------- */

/* A leaf is no container: it ends when what holds it is cleared. */
static trv_object *leaf_type;
static trv_object *garbage[3]; /* not held */
static size_t last_words, seen;

static void look_round(trv_object *self TRV_UNUSED)
{
    last_words++;
    seen += times_in(trv_gc_objects(-1), garbage, 3);
    seen += times_in(trv_gc_referrers((trv_object *[]){leaf_type}, 1), garbage, 3);
}

static void make_leaf_type(void)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Leaf", .slots.finalize = look_round};

    leaf_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(leaf_type);
    last_words = seen = 0;
}

/* A ring of lists and a view of a dict, each of which has a leaf. */
static void make_garbage(void)
{
    trv_auto trv_object *first = trv_build("[o]", trv_none_new()), *second = NULL, *view = NULL;
    trv_auto trv_object *leaf = trv_call(leaf_type, ""), *other = trv_call(leaf_type, "");
    trv_auto trv_object *dict = trv_build("{s:o, s:o}", "first", first, "leaf", leaf);

    view = trv_dict_items(dict);
    second = trv_build("[o o]", view, other);
    ck_assert_int_eq(trv_list_set(first, 0, second), 0);
    garbage[0] = first;
    garbage[1] = second;
    garbage[2] = view;
}

TEST(garbage_is_not_found_while_it_is_cleared)
{
    make_leaf_type();
    make_garbage();
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_uint_eq(last_words, 2);
    ck_assert_uint_eq(seen, 0);
    trv_clear(&leaf_type);
}

TEST(nor_between_the_slices_of_a_round)
{
    int is_done = 0;

    make_leaf_type();
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    make_garbage();
    ck_assert_int_eq(trv_gc_collect(1, NULL), 0); /* it is young: this ends it */
    make_garbage();
    while (!is_done)
        ck_assert_int_eq(trv_gc_step(0, &is_done), 0);
    ck_assert_uint_eq(last_words, 4);
    ck_assert_uint_eq(seen, 0);
    trv_clear(&leaf_type);
}

static trv_object *saved;

TRV_STATIC_FUNCTION(save, "__del__(self)")
{
    saved = trv_ref(args->items[0]);
    return trv_none_new();
}

TEST(what_lives_on_is_found_again)
{
    trv_auto trv_object *dict = trv_build("{s:o}", "__del__", save);
    trv_auto trv_object *class_ = trv_class_new("Saved", NULL, dict);
    trv_auto trv_object *one = trv_call(class_, "");

    ck_assert_int_eq(trv_setattr(one, "self", one), 0);
    trv_clear(&one);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_ptr_nonnull(saved);
    ck_assert_uint_eq(times_in(trv_gc_objects(-1), &saved, 1), 1);
    ck_assert_int_eq(trv_delattr(saved, "self"), 0);
    trv_clear(&saved);
}

/* Private containers -------------------------------------------------------------------------------- */

/* Whether an object shows a container of such a type, beside those that are known. */
static bool shows_a(trv_object *object, trv_object *type)
{
    trv_auto trv_object *referents = trv_gc_referents(&object, 1);

    ck_assert_ptr_nonnull(referents);
    TRV_FOR(item, referents)
        if (trv_isinstance(item, type) == 1)
            return true;
    return false;
}

TRV_STATIC_FUNCTION(identity, "identity(x): x")
{
    return trv_ref(args->items[0]);
}

static trv_object *identity_entry(const trv_args *args)
{
    return trv_ref(args->items[0]);
}

TEST(containers_of_the_library_are_its_own)
{
    trv_auto trv_object *names = trv_build("{s:i}", "secret", 1);
    trv_auto trv_object *class_ = trv_class_new("C", NULL, names);
    trv_auto trv_object *one = trv_call(class_, "");
    trv_auto trv_object *keys = trv_weak_key_dict_new(), *values = trv_weak_value_dict_new();
    trv_auto trv_object *set = trv_weak_set_new(NULL);
    trv_auto trv_object *cache = trv_lru_cache_new(identity, 3, 0);
    trv_auto trv_object *answer = trv_call(cache, "o", one);

    ck_assert_int_eq(trv_weak_set_add(set, one), 0);
    ck_assert_int_eq(trv_setitem(keys, one, one), 0);
    ck_assert_int_eq(trv_setitem(values, one, one), 0);
    ck_assert(!shows_a(class_, trv_dict_type));
    ck_assert(!shows_a(keys, trv_dict_type));
    ck_assert(!shows_a(values, trv_dict_type));
    ck_assert(!shows_a(set, trv_set_type));
    ck_assert(!shows_a(cache, trv_dict_type));
}

/* The path through a private container shows a copy. */
TEST(paths_show_copies)
{
    trv_auto trv_object *value = trv_list_new();
    trv_auto trv_object *names = trv_build("{s:o}", "secret", value);
    trv_auto trv_object *class_ = trv_class_new("C", NULL, names);
    trv_auto trv_object *path = NULL;
    size_t length = 0;

    ck_assert_int_eq(trv_dict_clear(names), 0);
    path = trv_heap_path(value);
    ck_assert_ptr_nonnull(path);
    ck_assert_int_eq(trv_list_len(path, &length), 0);
    for (size_t i = 0; i < length; i++) {
        trv_auto trv_object *step = trv_list_get(path, (int64_t)i);
        trv_auto trv_object *object = trv_tuple_get(step, 0);
        if (trv_isinstance(object, trv_dict_type) == 1)
            ck_assert_int_eq(trv_dict_clear(object), 0);
    }
    expect_repr(trv_getattr(class_, "secret"), "[]");
}

TEST(the_remover_of_a_weak_container_takes_anything)
{
    static const char *const none = "remove() takes a weak reference of the container";
    trv_auto trv_object *class_ = trv_class_new("C", NULL, NULL);
    trv_auto trv_object *one = trv_call(class_, "");
    trv_auto trv_object *dict = trv_weak_value_dict_new(), *references = NULL;
    trv_auto trv_object *reference = NULL, *remove = NULL, *plain = trv_weakref_new(one, NULL);

    ck_assert_int_eq(trv_setitem(dict, one, one), 0);
    references = trv_call_method(dict, "valuerefs", "");
    reference = trv_list_get(references, 0);
    remove = trv_getattr(reference, "__callback__");
    EXPECT_NULL(trv_call(remove, "i", 1), trv_TypeError, none);
    EXPECT_NULL(trv_call(remove, "o", plain), trv_TypeError, none);
    expect_repr(trv_call(remove, "o", reference), "None");
    ck_assert_int_eq(trv_contains(dict, one), 0);
}

/* Keys that are no names ----------------------------------------------------------------------------- */

static void must_not_run(void)
{
    ck_abort_msg("a key of a namespace was compared");
}

TEST(a_lookup_compares_no_keys_of_users)
{
    char name[16];
    trv_auto trv_object *evil = make_evil(name, sizeof name);
    trv_auto trv_object *names = trv_dict_new();
    trv_auto trv_object *class_ = NULL, *one = NULL;

    ck_assert_int_eq(trv_dict_set(names, evil, evil), 0);
    class_ = trv_class_new("C", NULL, names);
    one = trv_call(class_, "");
    reaction = must_not_run;
    ck_assert_int_eq(trv_hasattr(one, name), 0);
    ck_assert_int_eq(trv_hasattr(class_, name), 0);
    ck_assert_int_eq(trv_setattr(one, name, one), 0);
    ck_assert_int_eq(trv_delattr(one, name), 0);
    drop_evil();
}

static trv_object *changing, *new_class;

static void change_class(void)
{
    ck_assert_int_eq(trv_setattr(changing, "__class__", new_class), 0);
}

/* The type that the lookup began with is gone when it goes on. */
TEST(an_object_changes_its_class_while_it_is_looked_into)
{
    char name[16], text[64];
    trv_auto trv_object *evil = make_evil(name, sizeof name), *dict = NULL;
    trv_object *old_class = trv_class_new("Old", NULL, NULL);

    new_class = trv_class_new("New", NULL, NULL);
    changing = trv_call(old_class, "");
    trv_unref(old_class);
    dict = trv_vars(changing);
    ck_assert_int_eq(trv_dict_set(dict, evil, evil), 0);
    reaction = change_class;
    snprintf(text, sizeof text, "'New' object has no attribute '%s'", name);
    EXPECT_NULL(trv_getattr(changing, name), trv_AttributeError, text);
    trv_clear(&changing);
    trv_clear(&new_class);
    drop_evil();
}

/* Whatever is abstract has to be a name. */
TEST(abstract_methods_under_keys_that_are_no_names)
{
    trv_auto trv_object *method = trv_abstractmethod(identity);
    trv_auto trv_object *names = trv_dict_new(), *key = trv_int_new(1);
    trv_auto trv_object *class_ = NULL, *one = NULL;

    ck_assert_int_eq(trv_dict_set(names, key, method), 0);
    class_ = trv_class_new("C", NULL, names);
    ck_assert_ptr_nonnull(class_);
    one = trv_call(class_, "");
    ck_assert_ptr_nonnull(one);
}

/* Containers that the library relies on while code of users runs ------------------------------------- */

TRV_STATIC_FUNCTION(wreck_and_go_on, "__set_name__(self, owner, name)")
{
    wreck_lists();
    return trv_none_new();
}

TEST(names_of_a_class_are_told_whatever_becomes_of_lists)
{
    trv_auto trv_object *names = trv_build("{s:o}", "__set_name__", wreck_and_go_on);
    trv_auto trv_object *descriptors = trv_class_new("Descriptor", NULL, names);
    trv_auto trv_object *one = trv_call(descriptors, ""), *other = trv_call(descriptors, "");
    trv_auto trv_object *both = trv_build("{s:o, s:o}", "one", one, "other", other);
    trv_auto trv_object *class_ = NULL;

    trv_clear(&one);
    trv_clear(&other);
    class_ = trv_class_new("C", NULL, both);
    ck_assert_ptr_nonnull(class_);
}

static int wreck_before_a_buffer(trv_object *self, trv_buffer *buffer, unsigned flags TRV_UNUSED)
{
    wreck_lists();
    buffer->data = "ab";
    buffer->size = 2;
    buffer->readonly = 1;
    return self ? 0 : -1;
}

static int visit_nothing(trv_object *self TRV_UNUSED, trv_visit visit TRV_UNUSED,
                         void *argument TRV_UNUSED)
{
    return 0;
}

static void clear_nothing(trv_object *self TRV_UNUSED)
{
}

TRV_STATIC_FUNCTION(three, "three(type): three of its instances")
{
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *one = trv_call(args->items[0], "");
        trv_auto trv_object *sent = trv_yield(one);
        if (!sent)
            return NULL;
    }
    return trv_none_new();
}

TEST(octets_are_joined_whatever_becomes_of_lists)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Buffer",
                          .slots = {.acquire_buffer = wreck_before_a_buffer,
                                    .traverse = visit_nothing,
                                    .clear = clear_nothing}};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_auto trv_object *separator = trv_bytes_new("-", 1);
    trv_auto trv_object *items = trv_generator_new(three, "o", type);

    expect_repr(trv_call_method(separator, "join", "o", items), "b'ab-ab-ab'");
}

/* Clears the lists on the way to the name of a slot. */
static trv_object *slot_name;

static void wreck_the_way(void)
{
    trv_auto trv_object *path = trv_heap_path(slot_name);

    ck_assert_ptr_nonnull(path);
    TRV_FOR(step, path) {
        trv_auto trv_object *object = trv_tuple_get(step, 0);
        if (trv_isinstance(object, trv_list_type) == 1)
            ck_assert_int_eq(trv_list_clear(object), 0);
    }
}

TEST(names_of_slots_stay_whatever_becomes_of_lists)
{
    char name[16];
    trv_auto trv_object *evil = make_evil(name, sizeof name), *text = trv_str_new(name);
    trv_auto trv_object *names = trv_build("{s:s}", "__slots__", name), *class_ = NULL;
    trv_auto trv_object *one = NULL;

    slot_name = trv_intern(text);
    trv_clear(&text);
    ck_assert_int_eq(trv_dict_set(names, evil, evil), 0);
    reaction = wreck_the_way;
    class_ = trv_class_new("C", NULL, names);
    ck_assert_ptr_nonnull(class_);
    one = trv_call(class_, "");
    ck_assert_int_eq(trv_setattr(one, name, class_), 0);
    drop_evil();
    trv_clear(&slot_name);
}

TEST(defaults_of_a_function_are_its_own)
{
    trv_auto trv_object *function = trv_function_new(identity_entry, "f(x)", NULL);
    trv_auto trv_object *defaults = trv_build("(i)", 1);

    ck_assert_int_eq(trv_setattr(function, "__defaults__", defaults), 0);
    ck_assert(!shows_a(function, trv_dict_type));
    expect_repr(trv_call(function, ""), "1");
}

TEST_LIST(RUN(garbage_is_not_found_while_it_is_cleared), RUN(nor_between_the_slices_of_a_round),
          RUN(what_lives_on_is_found_again), RUN(containers_of_the_library_are_its_own),
          RUN(paths_show_copies), RUN(the_remover_of_a_weak_container_takes_anything),
          RUN(a_lookup_compares_no_keys_of_users),
          RUN(an_object_changes_its_class_while_it_is_looked_into),
          RUN(abstract_methods_under_keys_that_are_no_names),
          RUN(names_of_a_class_are_told_whatever_becomes_of_lists),
          RUN(octets_are_joined_whatever_becomes_of_lists),
          RUN(names_of_slots_stay_whatever_becomes_of_lists),
          RUN(defaults_of_a_function_are_its_own))
