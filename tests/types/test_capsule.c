/* SPDX-License-Identifier: MIT */
/*
 * Capsules: opening by name, and destructors.
 */
#include "support/harness.h"

static void assert_raised(trv_object *type)
{
    ck_assert_int_eq(trv_error_matches(type), 1);
    trv_error_clear();
}

static void count(void *pointer)
{
    ++*(int *)pointer;
}

static void count_and_raise(void *pointer)
{
    count(pointer);
    trv_raise(trv_ValueError, "from a destructor");
}

TEST(a_capsule_opens_for_its_name)
{
    int ends = 0;
    char copy[] = "mine";
    trv_object *capsule = trv_capsule_new(&ends, "mine", count);

    ck_assert_ptr_eq(trv_capsule_get(capsule, copy), &ends);
    ck_assert_ptr_null(trv_capsule_get(capsule, "yours"));
    assert_raised(trv_ValueError);
    ck_assert_ptr_null(trv_capsule_get(capsule, NULL));
    assert_raised(trv_ValueError);
    trv_unref(capsule);
    ck_assert_int_eq(ends, 1);
}

TEST(a_capsule_may_have_no_name_and_no_destructor)
{
    int number = 0;
    trv_object *capsule = trv_capsule_new(&number, NULL, NULL);

    ck_assert_ptr_eq(trv_capsule_get(capsule, NULL), &number);
    ck_assert_ptr_null(trv_capsule_get(capsule, "name"));
    assert_raised(trv_ValueError);
    trv_unref(capsule);
}

TEST(a_capsule_checks_its_arguments)
{
    ck_assert_ptr_null(trv_capsule_new(NULL, "name", NULL));
    assert_raised(trv_ValueError);
    ck_assert_ptr_null(trv_capsule_get(trv_none_new(), "name"));
    assert_raised(trv_TypeError);
    ck_assert_ptr_null(trv_call(trv_capsule_type, ""));
    assert_raised(trv_TypeError);
}

TEST(a_destructor_keeps_what_is_pending)
{
    int ends = 0;
    trv_object *capsule = trv_capsule_new(&ends, "name", count_and_raise);

    trv_raise(trv_KeyError, "pending");
    trv_unref(capsule);
    ck_assert_int_eq(ends, 1);
    assert_raised(trv_KeyError);
}

TEST(the_repr_shows_the_name)
{
    int number;
    trv_object *capsule = trv_capsule_new(&number, "mine", NULL), *text = trv_repr(capsule);

    ck_assert_int_eq(strncmp(trv_str_utf8(text, NULL), "<capsule object \"mine\" at 0x", 28), 0);
    trv_unref(text);
    trv_unref(capsule);
}

TEST_LIST(RUN(a_capsule_opens_for_its_name), RUN(a_capsule_may_have_no_name_and_no_destructor),
          RUN(a_capsule_checks_its_arguments), RUN(a_destructor_keeps_what_is_pending),
          RUN(the_repr_shows_the_name))
