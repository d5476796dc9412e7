/* SPDX-License-Identifier: MIT */
/*
 * Process pools that live in peace: what comes back, many calls, cancelling, shutting down. What travels is in
 * test_travel.c.
 */
#include "pool_support.h"

#include "runtime/runtime.h"

#include <dirent.h>
#include <errno.h>

/* What goes wrong ------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(fail, "fail(text): raises")
{
    const char *text;

    if (trv_parse(args, "s", &text) < 0)
        return NULL;
    return trv_raise(trv_KeyError, "%s", text);
}

TEST(exceptions_come_back_with_their_traceback)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *result = outcome_of(trv_submit(pool, fail, "s", "plate"));
    trv_auto trv_object *error = trv_error_take();
    trv_auto trv_object *text = NULL;

    ck_assert_ptr_null(result);
    ck_assert_int_eq(trv_isinstance(error, trv_KeyError), 1);
    text = trv_exception_format(error);
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "test_pool.c") != NULL, "no place in: %s",
                  trv_str_utf8(text, NULL));
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "plate") != NULL, "no message in: %s",
                  trv_str_utf8(text, NULL));
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(leave_with, "leave_with(status): SystemExit")
{
    trv_auto trv_object *exception = trv_exception_new(trv_SystemExit, NULL);

    return trv_raise_object(exception);
}

TEST(system_exit_is_an_exception_like_others)
{
    trv_object *pool = new_pool(1, 0);
    int64_t pid = int_of(outcome_of(trv_submit(pool, get_pid, "")));
    trv_object *result = outcome_of(trv_submit(pool, leave_with, "i", 3));

    ck_assert_ptr_null(result);
    ck_assert_int_eq(trv_error_matches(trv_SystemExit), 1);
    trv_error_clear();
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, get_pid, ""))), pid);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(make_capsule, "make_capsule(): something that cannot travel")
{
    return trv_capsule_new(&square, "square", NULL);
}

TEST(a_result_that_cannot_travel_is_an_error_of_the_call)
{
    trv_object *pool = new_pool(1, 0);
    trv_object *result = outcome_of(trv_submit(pool, make_capsule, ""));
    trv_auto trv_object *text = NULL;

    ck_assert_ptr_null(result);
    text = take_text(trv_PicklingError);
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "capsule") != NULL, "no type in: %s",
                  trv_str_utf8(text, NULL));
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 3))), 9);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(raise_capsule, "raise_capsule(): an exception that cannot travel")
{
    trv_auto trv_object *capsule = trv_capsule_new(&square, "square", NULL);
    trv_auto trv_object *arguments = trv_build("(s o)", "odd", capsule);
    trv_auto trv_object *exception = trv_exception_new(trv_ValueError, arguments);

    return trv_raise_object(exception);
}

TEST(an_exception_that_cannot_travel_is_quoted)
{
    trv_object *pool = new_pool(1, 0);
    trv_object *result = outcome_of(trv_submit(pool, raise_capsule, ""));
    trv_auto trv_object *text = NULL;

    ck_assert_ptr_null(result);
    text = take_text(trv_PicklingError);
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "ValueError") != NULL, "no type in: %s",
                  trv_str_utf8(text, NULL));
    ck_assert_msg(strstr(trv_str_utf8(text, NULL), "odd") != NULL, "no message in: %s",
                  trv_str_utf8(text, NULL));
    end_pool(&pool);
}

TEST(an_argument_that_cannot_travel_is_refused_at_once)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *capsule = trv_capsule_new(&square, "square", NULL);
    trv_auto trv_object *bytes = trv_bytes_new(NULL, 100000);

    for (int i = 0; i < 3; i++) {
        trv_object *future = trv_submit(pool, identity, "[o o]", bytes, capsule);
        ck_assert_ptr_null(future);
        ck_assert_int_eq(trv_error_matches(trv_PicklingError), 1);
        trv_error_clear();
    }
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 3))), 9);
    end_pool(&pool);
}

TRV_STATIC_FUNCTION(cancel_self, "cancel_self(): CancelledError")
{
    return trv_raise(trv_CancelledError, "by itself");
}

TEST(a_cancelled_call_is_a_cancelled_future)
{
    trv_object *pool = new_pool(1, 0);
    trv_object *future = trv_submit(pool, cancel_self, "");

    ck_assert_ptr_null(trv_future_result(future, TRV_FOREVER));
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    trv_error_clear();
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    trv_unref(future);
    end_pool(&pool);
}

TEST(impossible_options_are_refused)
{
    trv_process_pool_options workers = {.size = sizeof workers, .workers = 1000000};
    trv_process_pool_options ring = {.size = sizeof ring, .workers = 1, .ring_bytes = SIZE_MAX};

    ck_assert_ptr_null(trv_process_pool_new(&workers));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_process_pool_new(&ring));
    crew_expect_error(trv_ValueError);
    ck_assert_ptr_null(trv_process_pool_pids(square));
    crew_expect_error(trv_TypeError);
}

/* Many calls ------------------------------------------------------------------------------------------- */

TEST(map_keeps_the_order)
{
    trv_object *pool = new_pool(3, 0);
    trv_auto trv_object *numbers = trv_range_new(0, 2000, 1);
    trv_auto trv_object *results = trv_map(pool, square, numbers, NULL);
    int64_t n = 0;

    ck_assert_ptr_nonnull(results);
    TRV_FOR(item, results) {
        int64_t value;
        ck_assert_int_eq(trv_int_get(item, &value), 0);
        ck_assert_int_eq(value, n * n);
        n++;
    }
    crew_expect_no_error("map");
    ck_assert_int_eq(n, 2000);
    end_pool(&pool);
}

TEST(calls_are_spread_over_workers)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *one = trv_submit(pool, stay, "");
    trv_auto trv_object *other = trv_submit(pool, stay, "");
    int64_t a, b;

    wait_until_begun(2); /* both, and neither can have ended */
    let_go();
    a = int_of(trv_future_result(one, TRV_FOREVER));
    b = int_of(trv_future_result(other, TRV_FOREVER));
    ck_assert_int_ne(a, b);
    end_pool(&pool);
}

/* A short call that stands behind a long one goes to the worker that is free. */
TEST(nobody_waits_behind_a_long_call_while_a_worker_is_idle)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *all = trv_list_new();
    trv_auto trv_object *first = trv_submit(pool, stay, "");
    int64_t long_pid;

    for (int i = 0; i < 20; i++) {
        trv_auto trv_object *future = trv_submit(pool, get_pid, "");
        ck_assert_int_eq(trv_list_append(all, future), 0);
    }
    {
        trv_auto trv_object *pids = trv_gather(all);
        ck_assert_ptr_nonnull(pids);
        ck_assert_int_eq(trv_future_done(first), 0);
        let_go();
        long_pid = int_of(trv_future_result(first, TRV_FOREVER));
        TRV_FOR(pid, pids) {
            int64_t value;
            ck_assert_int_eq(trv_int_get(pid, &value), 0);
            ck_assert_int_ne(value, long_pid);
        }
    }
    end_pool(&pool);
}

static int callbacks;

static trv_object *submit_again(const trv_args *args)
{
    trv_auto trv_object *future = NULL;

    if (++callbacks < 50) {
        future = trv_submit(args->self, square, "i", callbacks);
        trv_auto trv_object *again =
            trv_function_new(submit_again, "submit_again(future)", args->self);
        if (!future || trv_future_add_done_callback(future, again) < 0)
            return NULL;
    }
    return trv_none_new();
}

/* Callbacks run while results are being taken out, and may submit. */
TEST(callbacks_may_submit)
{
    trv_object *pool = new_pool(2, 0);

    {
        trv_auto trv_object *again = trv_function_new(submit_again, "submit_again(future)", pool);
        trv_auto trv_object *future = trv_submit(pool, square, "i", 1);
        ck_assert_int_eq(trv_future_add_done_callback(future, again), 0);
    }
    while (callbacks < 50)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    end_pool(&pool);
}

/* Processes are beyond the chooser's sight; they work under a seed all the same. */
SEEDED_TEST(pools_work_under_a_seed, 10)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *futures = trv_list_new();

    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *future = trv_submit(pool, square, "i", i);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    ck_assert_int_eq(trv_sleep(0.1), 0);
    {
        trv_auto trv_object *results = trv_gather(futures);
        ck_assert_int_eq(int_of(trv_list_get(results, 99)), 99 * 99);
    }
    end_pool(&pool);
}

static trv_object *shared_pool;

static void submit_many(void *argument)
{
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(int_of(outcome_of(trv_submit(shared_pool, square, "i", i))), i * i);
    (void)argument;
}

TEST(many_threads_share_a_pool)
{
    struct crew crew;

    shared_pool = new_pool(2, 0);
    crew_begin(&crew);
    for (int i = 0; i < 6; i++)
        crew_start(&crew, submit_many, NULL);
    crew_join(&crew);
    end_pool(&shared_pool);
}

/* The fork happens while other threads hold and pass on the GIL. */
static void make_and_use_pool(void *argument)
{
    trv_object *pool = new_pool(1, 0);

    (void)argument;
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", i))), i * i);
    end_pool(&pool);
}

static void keep_busy(void *argument)
{
    trv_auto trv_object *list = trv_list_new();
    int *stop = argument;

    while (!*stop) {
        trv_auto trv_object *item = trv_str_printf("%d", (int)trv_id(list));
        ck_assert_int_eq(trv_list_append(list, item), 0);
        if (trv_checkpoint() < 0)
            return;
    }
}

TEST(pools_are_made_beside_busy_threads)
{
    struct crew busy, makers;
    int stop = 0;

    crew_begin(&busy);
    crew_begin(&makers);
    crew_start(&busy, keep_busy, &stop);
    for (int i = 0; i < 4; i++)
        crew_start(&makers, make_and_use_pool, NULL);
    crew_join(&makers);
    stop = 1;
    crew_join(&busy);
}

TEST(two_pools_do_not_disturb_each_other)
{
    trv_object *one = new_pool(2, 0), *other = new_pool(1, 0);

    for (int i = 0; i < 50; i++) {
        trv_auto trv_object *a = trv_submit(one, square, "i", i);
        trv_auto trv_object *b = trv_submit(other, square, "i", -i);
        ck_assert_int_eq(int_of(trv_future_result(b, TRV_FOREVER)), i * i);
        ck_assert_int_eq(int_of(trv_future_result(a, TRV_FOREVER)), i * i);
    }
    end_pool(&one);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(other, square, "i", 5))), 25);
    end_pool(&other);
}

/* A pool within a worker of a pool. */
TRV_STATIC_FUNCTION(use_own_pool, "use_own_pool(): a result of a worker's worker")
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 1};
    trv_auto trv_object *pool = trv_process_pool_new(&options);
    trv_auto trv_object *future = pool ? trv_submit(pool, square, "i", 6) : NULL;
    trv_auto trv_object *result = future ? trv_future_result(future, TRV_FOREVER) : NULL;

    if (!result || trv_shutdown(pool, NULL) < 0)
        return NULL;
    return trv_steal(&result);
}

TEST(a_worker_may_have_a_pool_of_its_own)
{
    trv_object *pool = new_pool(1, 0);

    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, use_own_pool, ""))), 36);
    end_pool(&pool);
}

/* Cancelling and shutting down -------------------------------------------------------------------------------- */

TEST(what_has_not_begun_can_be_cancelled)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *first = trv_submit(pool, stay, "");
    trv_auto trv_object *futures = trv_list_new();
    int cancelled = 0;

    wait_until_begun(1);
    for (int i = 0; i < 100; i++) {
        trv_auto trv_object *future = trv_submit(pool, square, "i", i);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    ck_assert_int_eq(trv_future_cancel(first), 1); /* told, but deaf */
    TRV_FOR(future, futures) {
        ck_assert_int_eq(trv_future_cancel(future), 1);
        ck_assert_int_eq(trv_future_cancelled(future), 1);
        cancelled++;
    }
    ck_assert_int_eq(cancelled, 100);
    let_go();
    ck_assert_int_gt(int_of(trv_future_result(first, TRV_FOREVER)), 0);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 4))), 16);
    end_pool(&pool);
}

/* Also one whose message is only partly in the ring. */
TEST(a_call_on_its_way_can_be_cancelled)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *bytes = trv_bytes_new(NULL, 5 << 20);
    trv_auto trv_object *first = trv_submit(pool, stay, "");
    trv_auto trv_object *future = NULL;

    wait_until_begun(1);
    future = trv_submit(pool, identity, "o", bytes);
    ck_assert_int_eq(trv_future_cancel(future), 1);
    let_go();
    ck_assert_int_gt(int_of(trv_future_result(first, TRV_FOREVER)), 0);
    ck_assert_int_eq(int_of(outcome_of(trv_submit(pool, square, "i", 4))), 16);
    end_pool(&pool);
}

TEST(shutdown_waits_for_what_was_submitted)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *futures = trv_list_new();

    for (int i = 0; i < 300; i++) {
        trv_auto trv_object *future = trv_submit(pool, square, "i", i);
        ck_assert_int_eq(trv_list_append(futures, future), 0);
    }
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    TRV_FOR(future, futures)
        ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_ptr_null(trv_submit(pool, square, "i", 1));
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    {
        trv_auto trv_object *pids = trv_process_pool_pids(pool);
        size_t count = 1;
        ck_assert_int_eq(trv_len(pids, &count), 0);
        ck_assert_uint_eq(count, 0);
    }
    trv_unref(pool);
}

TRV_STATIC_FUNCTION(let_others_go, "let_others_go(future): when it is done")
{
    (void)args;
    let_go();
    return trv_none_new();
}

/* It waits for the first call, which goes on once the second was cancelled. */
TEST(shutdown_can_cancel_what_has_not_begun)
{
    trv_shutdown_options options = {.size = sizeof options, .cancel_pending = 1};
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *first = trv_submit(pool, stay, "");
    trv_auto trv_object *second = NULL;

    wait_until_begun(1);
    second = trv_submit(pool, nap, "i", 100000);
    ck_assert_int_eq(trv_future_add_done_callback(second, let_others_go), 0);
    ck_assert_int_eq(trv_shutdown(pool, &options), 0);
    ck_assert_int_eq(trv_future_cancelled(second), 1);
    ck_assert_int_gt(int_of(trv_future_result(first, 0)), 0);
    trv_unref(pool);
}

TEST(shutdown_has_a_deadline)
{
    trv_shutdown_options options = {.size = sizeof options, .timeout = 0.05};
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *first = trv_submit(pool, stay, "");

    ck_assert_int_eq(trv_shutdown(pool, &options), -1);
    crew_expect_error(trv_TimeoutError);
    let_go();
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_int_gt(int_of(trv_future_result(first, 0)), 0);
    trv_unref(pool);
}

TEST(shutdown_need_not_wait)
{
    trv_shutdown_options options = {.size = sizeof options, .no_wait = 1};
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *future = trv_submit(pool, nap, "i", 100);

    ck_assert_int_eq(trv_shutdown(pool, &options), 0);
    trv_unref(pool);
    ck_assert_int_gt(int_of(trv_future_result(future, TRV_FOREVER)), 0);
}

TEST(a_dropped_pool_does_what_it_was_given)
{
    trv_object *pool = new_pool(2, 0);
    trv_auto trv_object *future = trv_submit(pool, square, "i", 12);

    trv_clear(&pool);
    ck_assert_int_eq(int_of(trv_future_result(future, TRV_FOREVER)), 144);
}

/* What has begun is waited for, what has not is cancelled. */
RAW_TEST(the_runtime_may_end_while_calls_run)
{
    trv_object *pool;

    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(trv_init(NULL), 0);
        pool = new_pool(2, 0);
        trv_unref(trv_submit(pool, nap, "i", 50));
        trv_unref(trv_submit(pool, square, "i", 2));
        trv_unref(trv_submit(pool, nap, "i", 50));
        ck_assert_int_eq(trv_sleep(0.001 * i), 0);
        trv_unref(pool);
        trv_fini();
    }
}

TEST(a_pool_works_as_a_context_manager)
{
    trv_auto trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *future = NULL;

    TRV_WITH(pool)
        future = trv_submit(pool, square, "i", 9);
    ck_assert_int_eq(trv_future_done(future), 1);
    ck_assert_int_eq(int_of(trv_future_result(future, 0)), 81);
}

TRV_STATIC_FUNCTION(say_hello, "say_hello(): on standard output")
{
    printf("hello from a worker\n");
    return trv_none_new();
}

/* Standard output goes into a file here; what the parent had in its buffer comes once, what the
 * worker wrote is there when the result is. */
TEST(output_is_written_once)
{
    FILE *file = tmpfile();
    int saved = dup(1);
    char text[200] = "";
    trv_object *pool;
    size_t size;

    fflush(stdout);
    ck_assert_int_ge(dup2(fileno(file), 1), 0);
    printf("parent\n");
    pool = new_pool(2, 0);
    for (int i = 0; i < 2; i++)
        trv_unref(outcome_of(trv_submit(pool, say_hello, "")));
    size = (size_t)pread(fileno(file), text, sizeof text - 1, 0);
    ck_assert_uint_lt(size, sizeof text);
    ck_assert_str_eq(text, "hello from a worker\nhello from a worker\n");
    fflush(stdout);
    end_pool(&pool);
    memset(text, 0, sizeof text);
    size = (size_t)pread(fileno(file), text, sizeof text - 1, 0);
    ck_assert_str_eq(text, "hello from a worker\nhello from a worker\nparent\n");
    ck_assert_int_ge(dup2(saved, 1), 0);
    close(saved);
    fclose(file);
}

TRV_STATIC_FUNCTION(list_fds, "list_fds(): what is open")
{
    trv_auto trv_object *list = trv_list_new();
    DIR *directory = opendir("/proc/self/fd");
    struct dirent *entry;

    while (directory && list && (entry = readdir(directory))) {
        char path[300], target[256];
        ssize_t size;
        int fd = atoi(entry->d_name);
        trv_auto trv_object *text = NULL;
        snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
        size = readlink(path, target, sizeof target - 1);
        if (fd <= 2 || fd == dirfd(directory) || size < 0)
            continue;
        target[size] = 0;
        text = trv_str_new(target);
        if (!text || trv_list_append(list, text) < 0)
            trv_clear(&list);
    }
    if (directory)
        closedir(directory);
    return trv_steal(&list);
}

static void name_of_fd(int fd, char *name, size_t size)
{
    char path[64];
    ssize_t length;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    length = readlink(path, name, size - 1);
    ck_assert_int_gt(length, 0);
    name[length] = 0;
}

/* An eventfd is the pool's. Pipes may be libuv's, which opens one in each fork. */
TEST(workers_have_no_descriptors_of_others)
{
    FILE *file = tmpfile();
    trv_object *other = new_pool(2, 0), *pool;
    char pipe_name[64];
    int pipes[2];

    ck_assert_int_eq(pipe(pipes), 0);
    name_of_fd(pipes[0], pipe_name, sizeof pipe_name);
    pool = new_pool(1, 0);
    {
        trv_auto trv_object *names = outcome_of(trv_submit(pool, list_fds, ""));
        int eventfds = 0;
        TRV_FOR(name, names) {
            const char *text = trv_str_utf8(name, NULL);
            eventfds += !strcmp(text, "anon_inode:[eventfd]");
            ck_assert_str_ne(text, pipe_name);
            if (!TRV_VALGRIND) /* it has files of its own open */
                ck_assert_msg(!strcmp(text, "anon_inode:[eventfd]") || !strncmp(text, "pipe:", 5),
                              "%s", text);
        }
        ck_assert_int_eq(eventfds, 2);
    }
    close(pipes[0]);
    close(pipes[1]);
    fclose(file);
    end_pool(&pool);
    end_pool(&other);
}

TRV_STATIC_FUNCTION(describe, "describe(): what a worker is like")
{
    return trv_build("(b b i)", trv__runtime()->is_worker, trv_is_initialized(),
                     getpid() == trv__runtime()->pid);
}

TEST(a_worker_knows_that_it_is_one)
{
    trv_object *pool = new_pool(1, 0);
    trv_auto trv_object *result = outcome_of(trv_submit(pool, describe, ""));
    trv_auto trv_object *repr = trv_repr(result);

    ck_assert_str_eq(trv_str_utf8(repr, NULL), "(True, True, 1)");
    ck_assert(!trv__runtime()->is_worker);
    end_pool(&pool);
}

TEST(pids_are_those_of_the_workers)
{
    trv_object *pool = new_pool(3, 0);
    trv_auto trv_object *pids = trv_process_pool_pids(pool);
    trv_auto trv_object *pid = outcome_of(trv_submit(pool, get_pid, ""));
    size_t count = 0;

    ck_assert_int_eq(trv_len(pids, &count), 0);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(trv_contains(pids, pid), 1);
    ck_assert_uint_eq(trv_executor_workers(pool), 3);
    end_pool(&pool);
}

TEST_LIST(RUN(exceptions_come_back_with_their_traceback),
          RUN(system_exit_is_an_exception_like_others),
          RUN(a_result_that_cannot_travel_is_an_error_of_the_call),
          RUN(an_exception_that_cannot_travel_is_quoted),
          RUN(an_argument_that_cannot_travel_is_refused_at_once),
          RUN(a_cancelled_call_is_a_cancelled_future), RUN(impossible_options_are_refused),
          RUN(map_keeps_the_order), RUN(calls_are_spread_over_workers),
          RUN(nobody_waits_behind_a_long_call_while_a_worker_is_idle), RUN(callbacks_may_submit),
          RUN(pools_work_under_a_seed), RUN(many_threads_share_a_pool),
          RUN(pools_are_made_beside_busy_threads), RUN(two_pools_do_not_disturb_each_other),
          RUN(a_worker_may_have_a_pool_of_its_own), RUN(what_has_not_begun_can_be_cancelled),
          RUN(a_call_on_its_way_can_be_cancelled), RUN(shutdown_waits_for_what_was_submitted),
          RUN(shutdown_can_cancel_what_has_not_begun), RUN(shutdown_has_a_deadline),
          RUN(shutdown_need_not_wait), RUN(a_dropped_pool_does_what_it_was_given),
          RUN(the_runtime_may_end_while_calls_run), RUN(a_pool_works_as_a_context_manager),
          RUN(output_is_written_once), RUN(workers_have_no_descriptors_of_others),
          RUN(a_worker_knows_that_it_is_one), RUN(pids_are_those_of_the_workers))
