/* SPDX-License-Identifier: MIT */
/*
 * What the tests of threads and timers ask all the time, beyond coroutines/in_loop.h.
 */
#ifndef TRV_TESTS_THREADS_THREADS_H
#define TRV_TESTS_THREADS_THREADS_H

#include "coroutines/in_loop.h"

#include <unistd.h>

/* Starts a thread and returns it. */
static inline TRV_UNUSED trv_object *started(trv_object *thread)
{
    must_int(trv_thread_start(must(thread)));
    return thread;
}

/* Joins a thread and drops it. */
static inline TRV_UNUSED void finish(trv_object *thread)
{
    ck_assert_int_eq(must_int(trv_thread_join(thread, TRV_FOREVER)), 1);
    trv_unref(thread);
}

static inline TRV_UNUSED void expect_text(trv_object *text, const char *expected)
{
    ck_assert_str_eq(trv_str_utf8(must(text), NULL), expected);
    trv_unref(text);
}

/* What is written to standard error in between. */
struct capture {
    FILE *file;
    int saved;
};

static inline TRV_UNUSED void capture_begin(struct capture *capture)
{
    capture->file = tmpfile();
    capture->saved = dup(2);
    ck_assert_ptr_nonnull(capture->file);
    ck_assert_int_ge(dup2(fileno(capture->file), 2), 0);
}

static inline TRV_UNUSED void capture_end(struct capture *capture, char *text, size_t size)
{
    size_t length;

    fflush(stderr);
    ck_assert_int_ge(dup2(capture->saved, 2), 0);
    close(capture->saved);
    rewind(capture->file);
    length = fread(text, 1, size - 1, capture->file);
    text[length] = 0;
    fclose(capture->file);
}

#endif
