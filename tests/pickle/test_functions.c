/* SPDX-License-Identifier: MIT */
/*
 * Pickles of functions: static ones and closures, which are named by where their code lies.
 */
#include "pickle/pickles.h"

#include "object/closure.h"
#include "pickle/code.h"
#include "pickle/opcodes.h"

static trv_object *get_data(const trv_args *args)
{
    return args->self ? trv_ref(args->self) : trv_none_new();
}

static trv_object *never_a_closure(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

TEST(a_static_function_is_the_same_object)
{
    trv_object *pair = must(trv_build("(o o)", twice, twice)), *made = copy(pair);

    ck_assert_int_eq(trv_equal(pair, made), 1);
    trv_unref(pair);
    trv_unref(made);
}

TEST(a_closure_travels_with_its_data)
{
    trv_object *data = must(trv_build("[i]", 7)),
               *closure = must(trv_function_new(get_data, "get(): data", data)),
               *made = copy(closure), *got = must(trv_call(made, ""));

    ck_assert_ptr_ne(made, closure);
    ck_assert_str_eq(trv_function_name(made), "get");
    ck_assert_int_eq(trv_equal(got, data), 1);
    ck_assert_ptr_ne(got, data);
    trv_unref(got);
    trv_unref(made);
    trv_unref(closure);
    trv_unref(data);
    closure = must(trv_function_new(get_data, "get", NULL));
    made = copy(closure);
    got = must(trv_call(made, ""));
    ck_assert(trv_is_none(got));
    trv_unref(made);
    trv_unref(closure);
}

TEST(a_closure_within_its_data)
{
    trv_object *data = must(trv_list_new()),
               *closure = must(trv_function_new(get_data, "get", data)), *made, *got, *inner;

    ck_assert_int_eq(trv_list_append(data, closure), 0);
    made = copy(closure);
    got = must(trv_call(made, ""));
    inner = must(trv_list_get(got, 0));
    ck_assert_ptr_eq(inner, made);
    trv_unref(inner);
    trv_unref(got);
    trv_unref(made);
    trv_unref(closure);
    trv_unref(data);
}

/* Adds to the offset in the only persistent id of a pickle. */
static void move_offset(trv_object *pickle, int64_t distance)
{
    size_t size;
    char *data = (char *)(uintptr_t)trv_bytes_data(pickle, &size);
    char *id = (char *)memchr(data, OP_SHORT_BINBYTES, size) + 2, *at = id + 2 + id[1];
    uint64_t offset;

    memcpy(&offset, at, sizeof offset);
    offset += (uint64_t)distance;
    memcpy(at, &offset, sizeof offset);
}

TEST(an_address_without_a_function_is_refused)
{
    static const int64_t distances[] = {8,    -8,    1,         24,        4096,      -4096,
                                        1000, -1000, 1LL << 40, 1LL << 62, INT64_MIN, -(1LL << 20)};

    for (size_t i = 0; i < COUNT_OF(distances); i++) {
        trv_object *pickle = must(trv_pickle_dumps(twice));
        move_offset(pickle, distances[i]);
        ck_assert_ptr_null(loads(pickle));
        assert_raised(trv_UnpicklingError, "there is no function where the pickle says");
        trv_unref(pickle);
    }
}

TEST(code_of_another_program_is_refused)
{
    trv_object *pickle = must(trv_pickle_dumps(twice));
    size_t size;
    char *data = (char *)(uintptr_t)trv_bytes_data(pickle, &size);

    data[20] ^= 1; /* in the build-id */
    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError, "a function is from a program or library not loaded here");
    trv_unref(pickle);
}

TEST(a_closure_of_unknown_code_needs_trust)
{
    const struct trv__pickle_link trusted = {.is_trusted = true};
    trv_object *closure = must(trv_function_new(get_data, "get", NULL)),
               *pickle = must(trv_pickle_dumps(closure)), *made;
    const void *data;
    size_t size;

    move_offset(pickle, (int64_t)((uintptr_t)never_a_closure - (uintptr_t)get_data));
    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError, "a closure runs code of which no closure was made here");
    data = trv_bytes_data(pickle, &size);
    made = must(trv__pickle_load(data, size, &trusted, NULL));
    ck_assert_ptr_eq((void *)(uintptr_t)trv__function_spec(made)->entry,
                     (void *)(uintptr_t)never_a_closure);
    trv_unref(made);
    move_offset(pickle, 1LL << 30);
    ck_assert_ptr_null(trv__pickle_load(data, size, &trusted, NULL));
    assert_raised(trv_UnpicklingError, "there is no code where the pickle says");
    trv_unref(pickle);
    trv_unref(closure);
}

TRV_STATIC_FUNCTION(is_less, "__lt__(self, other)")
{
    return trv_bool_new(args->items[0] < args->items[1]);
}

/* They rely on their data, which a pickle may choose. */
TEST(closures_of_the_library_are_named_by_no_pickle)
{
    trv_auto trv_object *names = must(trv_build("{s:o}", "__lt__", is_less));
    trv_auto trv_object *class_ = must(trv_class_new("Ordered", NULL, names));
    trv_auto trv_object *same = must(trv_total_ordering(class_));
    trv_auto trv_object *closure = must(trv_getattr(class_, "__ge__"));
    trv_auto trv_object *pickle = must(trv_pickle_dumps(closure));

    ck_assert_ptr_null(loads(pickle));
    assert_raised(trv_UnpicklingError, "a closure runs code of which no closure was made here");
}

TEST(known_code_is_kept_for_a_link)
{
    struct trv__pickle_link link = {.images = trv__images_new()};
    struct trv__buffer buffer = {NULL, 0, 0};
    trv_object *task = must(trv_build("(o (i))", twice, 21)), *made;

    for (int i = 0; i < 3; i++) {
        buffer.size = 0;
        ck_assert_int_eq(trv__pickle_dump(task, &buffer, &link), 0);
        made = must(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
        ck_assert_int_eq(trv_equal(made, task), 1);
        trv_unref(made);
    }
    trv__images_fix(link.images);
    made = must(trv__pickle_load(buffer.data, buffer.size, &link, NULL));
    trv_unref(made);
    trv_unref(task);
    trv__buffer_free(&buffer);
    trv__images_free(link.images);
}

TEST_LIST(RUN(a_static_function_is_the_same_object), RUN(a_closure_travels_with_its_data),
          RUN(a_closure_within_its_data), RUN(an_address_without_a_function_is_refused),
          RUN(code_of_another_program_is_refused), RUN(a_closure_of_unknown_code_needs_trust),
          RUN(closures_of_the_library_are_named_by_no_pickle), RUN(known_code_is_kept_for_a_link))
