/* SPDX-License-Identifier: MIT */
/*
 * Where code is: functions, files and lines of addresses, with libdw and without.
 *
 * It needs no runtime, so these tests run without one.
 */
#include "support/harness.h"

#include "base/locate.h"

#include <dlfcn.h>

static struct trv__location location;
static int line_of_call;

static __attribute__((noinline)) int hidden_here(void)
{
    trv__locate_call(__builtin_return_address(0), &location);
    return location.line;
}

static __attribute__((noinline)) int calls_it(void)
{
    line_of_call = __LINE__ + 1;
    return hidden_here() + 1;
}

/* Inlined at any optimisation. */
static inline __attribute__((always_inline)) int inlined_here(void)
{
    line_of_call = __LINE__ + 1;
    return hidden_here() + 1;
}

static __attribute__((noinline)) int has_it_inlined(void)
{
    return inlined_here() + 1;
}

/* As the functions of our headers are: who calls them is meant. */
static inline __attribute__((always_inline)) int trv_inlined_here(void)
{
    return hidden_here() + 1;
}

static __attribute__((noinline)) int has_ours_inlined(void)
{
    line_of_call = __LINE__ + 1;
    return trv_inlined_here() + 1;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

RAW_TEST(a_static_function_in_the_program)
{
    int line = calls_it() - 1;

    if (!TRV_LIBDW) {
        ck_assert_int_eq(line, 0);
        ck_assert_str_ne(location.file, "?");
        return;
    }
    ck_assert_str_eq(location.function, "calls_it");
    ck_assert_str_eq(base_name(location.file), "test_locate.c");
    ck_assert_int_eq(line, line_of_call);
    trv__locate((const void *)(uintptr_t)calls_it, &location);
    ck_assert_str_eq(location.function, "calls_it");
}

RAW_TEST(a_function_that_was_inlined)
{
    int line = has_it_inlined() - 2;

    if (!TRV_LIBDW)
        return;
    ck_assert_str_eq(location.function, "inlined_here");
    ck_assert_int_eq(line, line_of_call);
    line = has_ours_inlined() - 2;
    ck_assert_str_eq(location.function, "has_ours_inlined");
    ck_assert_str_eq(base_name(location.file), "test_locate.c");
    ck_assert_int_eq(line, line_of_call);
}

RAW_TEST(a_function_of_a_shared_object)
{
    trv__locate(dlsym(RTLD_DEFAULT, "atoi"), &location);
    ck_assert_str_ne(location.function, "?");
    ck_assert_str_ne(location.file, "?");
}

RAW_TEST(what_is_no_code)
{
    char on_stack[8];

    trv__locate(NULL, &location);
    ck_assert_str_eq(location.function, "?");
    ck_assert_str_eq(location.file, "?");
    trv__locate_call(NULL, &location);
    ck_assert_str_eq(location.function, "?");
    trv__locate(on_stack, &location);
    ck_assert_int_eq(location.line, 0);
    trv__locate((void *)1, &location);
    ck_assert_int_eq(location.line, 0);
}

RAW_TEST(as_text)
{
    struct trv__location known = {"put", "/here/queue.c", 12, 0},
                         object = {"?", "/lib/x.so", 0, 31},
                         unknown = {.function = "?", .file = "?"};
    char text[64], little[8];

    ck_assert_str_eq(trv__location_text(&known, text, sizeof text), "put (queue.c:12)");
    ck_assert_str_eq(trv__location_text(&object, text, sizeof text), "? (x.so+0x1f)");
    ck_assert_str_eq(trv__location_text(&unknown, text, sizeof text), "?");
    ck_assert_str_eq(trv__location_text(&known, little, sizeof little), "put (qu");
}

TEST_LIST(RUN(a_static_function_in_the_program), RUN(a_function_that_was_inlined),
          RUN(a_function_of_a_shared_object), RUN(what_is_no_code), RUN(as_text))
