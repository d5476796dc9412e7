/* SPDX-License-Identifier: MIT */
/*
 * The test harness: Check underneath, and above it the promises that every test keeps.
 *
 *     TEST(append_grows) { ... ck_assert_int_eq(...) ... }
 *     RAW_TEST(pool_blocks) { ... }
 *     SEEDED_TEST(two_threads_append, 100) { ... }
 *     TEST_LIST(RUN(append_grows), RUN(pool_blocks), RUN(two_threads_append))
 *
 * TEST has the runtime initialised around it and the GIL held; RAW_TEST has no runtime;
 * SEEDED_TEST is a TEST that runs once for each of so many seeds, in a process of its own
 * with TRIVET_SEED set. TEST_LIST is main().
 *
 * Each test runs in its own process under a time limit, and ends by asserting that nothing
 * is left: no pending exception, no live objects or bytes beyond the start, no file
 * descriptors, no child processes, no threads. What is left is printed.
 *
 * To run one test of a program: CK_RUN_CASE=append_grows tests/types/test_list
 * To replay a seed: TRIVET_SEED=17 CK_RUN_CASE=two_threads_append tests/sync/test_lock
 * To debug in one process: CK_FORK=no
 */
#ifndef TRV_TESTS_HARNESS_H
#define TRV_TESTS_HARNESS_H

#include <trivet.h>

/* IWYU pragma: begin_exports */
#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* IWYU pragma: end_exports */

typedef void harness_body(void);

typedef struct harness_test {
    TTest check;        /* what Check needs: name, place, and the function that runs a test */
    harness_body *body; /* the block that follows TEST */
    void (*around)(harness_body *body); /* runs it with or without a runtime */
    int seeds;                          /* 0, or how many seeds to run it for */
} harness_test;

/* Run the body with nothing around it but the leak checks of the operating system. */
void harness_without_runtime(harness_body *body);

/* Run the body between trv_init and trv_fini. */
void harness_with_runtime(harness_body *body);

/* Runs the test of that index; Check calls it in the process made for the test. */
void harness_run(int index);

/* main() of a test program. Returns: the exit status. */
int harness_main(const char *file, const harness_test *const *tests, int count);

#define HARNESS_TEST(name, runner, n)                                                              \
    static void test__##name##_body(void);                                                         \
    static const harness_test test__##name = {                                                     \
        {#name, harness_run, __FILE__, __LINE__}, test__##name##_body, runner, n};                 \
    static void test__##name##_body(void)

#define TEST(name) HARNESS_TEST(name, harness_with_runtime, 0)
#define RAW_TEST(name) HARNESS_TEST(name, harness_without_runtime, 0)
#define SEEDED_TEST(name, n) HARNESS_TEST(name, harness_with_runtime, n)
#define RUN(name) &test__##name

#define TEST_LIST(...)                                                                             \
    int main(void)                                                                                 \
    {                                                                                              \
        static const harness_test *const list[] = {__VA_ARGS__};                                   \
        return harness_main(__FILE__, list, (int)(sizeof list / sizeof list[0]));                  \
    }

#endif
