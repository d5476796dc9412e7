/* SPDX-License-Identifier: MIT */
/* Starting and ending the runtime, foreign threads, trv_main. */
#include "support/crew.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

/* Life ---------------------------------------------------------------------------------------- */

RAW_TEST(it_starts_and_ends_again_and_again)
{
    for (int i = 0; i < 20; i++) {
        trv_object *list;
        ck_assert_int_eq(trv_is_initialized(), 0);
        ck_assert_int_eq(trv_init(NULL), 0);
        ck_assert_int_eq(trv_is_initialized(), 1);
        ck_assert_int_eq(trv_init(NULL), -1);
        ck_assert_int_eq(errno, EALREADY);
        list = trv_build("[s [i i]]", "things", 1, 1000000);
        ck_assert_ptr_nonnull(list);
        trv_unref(list);
        trv_fini();
        trv_fini(); /* does nothing */
    }
}

RAW_TEST(a_bad_config_is_refused)
{
    trv_config config = {.size = 1};

    ck_assert_int_eq(trv_init(&config), -1);
    ck_assert_int_eq(errno, EINVAL);
    config = (trv_config){.size = sizeof config, .switch_interval = -1};
    ck_assert_int_eq(trv_init(&config), -1);
    ck_assert_int_eq(errno, EINVAL);
    config = (trv_config){.size = sizeof config, .switch_interval = __builtin_nan("")};
    ck_assert_int_eq(trv_init(&config), -1);
    config = (trv_config){.size = sizeof config, .seed = "seven"};
    ck_assert_int_eq(trv_init(&config), -1);
    ck_assert_int_eq(errno, EINVAL);
    setenv("TRIVET_SEED", "seven", 1);
    ck_assert_int_eq(trv_init(NULL), -1);
    config.seed = "";
    ck_assert_int_eq(trv_init(&config), 0); /* "" means none, whatever the environment says */
    trv_fini();
    unsetenv("TRIVET_SEED");
}

/* The exception that is pending when the runtime ends is dropped with it. */
RAW_TEST(ending_with_an_exception_pending)
{
    ck_assert_int_eq(trv_init(NULL), 0);
    (void)trv_raise(trv_KeyError, "nobody looks");
    trv_fini();
}

static size_t blocks_given;

static void *count_allocate(size_t size)
{
    blocks_given++;
    return malloc(size);
}

static void *count_reallocate(void *block, size_t size)
{
    return realloc(block, size);
}

static void count_release(void *block)
{
    blocks_given--;
    free(block);
}

RAW_TEST(an_allocator_of_the_program)
{
    trv_config config = {.size = sizeof config,
                         .allocate = count_allocate,
                         .reallocate = count_reallocate,
                         .release = count_release};
    trv_object *bytes;

    ck_assert_int_eq(trv_init(&config), 0);
    bytes = trv_bytes_new(NULL, 100000);
    ck_assert_uint_gt(blocks_given, 0);
    trv_unref(bytes);
    trv_fini();
    ck_assert_uint_eq(blocks_given, 0);
}

/* trv_fini waits for threads the runtime has started. */
static int ended;

static void end_later(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.02), 0);
    ended++;
}

RAW_TEST(ending_waits_for_threads)
{
    static const char *const seeds[] = {"", "1", "2", "3"};

    for (size_t i = 0; i < COUNT_OF(seeds); i++) {
        trv_config config = {.size = sizeof config, .seed = seeds[i]};
        struct crew crew;
        ended = 0;
        ck_assert_int_eq(trv_init(&config), 0);
        crew_begin(&crew);
        for (int j = 0; j < 3; j++)
            crew_start(&crew, end_later, NULL);
        trv_fini();
        ck_assert_int_eq(ended, 3);
    }
}

static void start_another(void *crew)
{
    while (!trv__runtime()->is_ending)
        ck_assert_int_eq(trv_sleep(0.001), 0);
    ck_assert_int_eq(trv__thread_start(start_another, crew, "late", 0), -1);
    crew_expect_error(trv_RuntimeError);
}

RAW_TEST(no_thread_is_started_while_it_ends)
{
    struct crew crew;

    ck_assert_int_eq(trv_init(NULL), 0);
    crew_begin(&crew);
    crew_start(&crew, start_another, &crew);
    trv_fini();
}

/* Foreign threads ----------------------------------------------------------------------------- */

static trv_object *shared;
static int errors;

static void *visit(void *times)
{
    for (int i = *(int *)times; i > 0; i--) {
        trv_object *item;
        if (trv_thread_attach() < 0 || trv_thread_attach() < 0) {
            __atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED);
            return NULL;
        }
        item = trv_int_new(i);
        errors += trv_list_append(shared, item) < 0;
        trv_unref(item);
        trv_thread_detach();
        errors += trv_is_initialized() != 1;
        (void)trv_raise(trv_KeyError, "dropped with the visit");
        trv_thread_detach();
        if (trv_is_initialized())
            __atomic_fetch_add(&errors, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void visitors(int count, int times)
{
    pthread_t threads[4];
    size_t length;

    shared = trv_list_new();
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, visit, &times), 0);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(trv_checkpoint(), 0);
    TRV_ALLOW_THREADS
        for (int i = 0; i < count; i++)
            pthread_join(threads[i], NULL);
    ck_assert_int_eq(errors, 0);
    ck_assert_int_eq(trv_list_len(shared, &length), 0);
    ck_assert_uint_eq(length, (size_t)(count * times));
    trv_unref(shared);
}

TEST(foreign_threads_come_and_go)
{
    visitors(4, 300);
}

SEEDED_TEST(foreign_threads_come_and_go_under_a_seed, 30)
{
    visitors(3, 10);
}

/* One that waits inside, for the main thread and for time. */
static void *visit_and_wait(void *event)
{
    if (trv_thread_attach() < 0)
        return NULL;
    errors += trv_event_wait(event, TRV_FOREVER) != 1;
    errors += trv_sleep(0.01) != 0;
    ended = 1;
    trv_thread_detach();
    return NULL;
}

static void waiting_visitor(void)
{
    trv_auto trv_object *event = trv_event_new();
    pthread_t thread;

    ended = 0;
    ck_assert_int_eq(pthread_create(&thread, NULL, visit_and_wait, event), 0);
    ck_assert_int_eq(trv_event_set(event), 0);
    TRV_ALLOW_THREADS
        pthread_join(thread, NULL);
    ck_assert_int_eq(ended, 1);
    ck_assert_int_eq(errors, 0);
}

TEST(a_foreign_thread_may_wait)
{
    waiting_visitor();
}

SEEDED_TEST(a_foreign_thread_may_wait_under_a_seed, 20)
{
    waiting_visitor();
}

/* One that ends without leaving, holding the GIL or not. */
static void *end_inside(void *outside)
{
    if (trv_thread_attach() < 0 || trv_thread_attach() < 0)
        return NULL;
    (void)trv_raise(trv_KeyError, "dropped with the visit");
    if (outside)
        TRV_ALLOW_THREADS
            pthread_exit(NULL);
    return NULL;
}

TEST(a_foreign_thread_that_ends_inside)
{
    int outside;

    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        ck_assert_int_eq(pthread_create(&thread, NULL, end_inside, i % 2 ? &outside : NULL), 0);
        TRV_ALLOW_THREADS
            pthread_join(thread, NULL);
        ck_assert_int_eq(trv_error_occurred(), 0);
    }
}

RAW_TEST(without_a_runtime_nobody_enters)
{
    ck_assert_int_eq(trv_thread_attach(), -1);
    ck_assert_int_eq(errno, EINVAL);
    ck_assert_int_eq(trv_init(NULL), 0);
    ck_assert_int_eq(trv_thread_attach(), 0); /* its own thread may, too */
    trv_thread_detach();
    ck_assert_int_eq(trv_is_initialized(), 1);
    trv_fini();
    ck_assert_int_eq(trv_thread_attach(), -1);
    ck_assert_int_eq(errno, EINVAL);
}

/* Processors ---------------------------------------------------------------------------------- */

RAW_TEST(processors_are_counted)
{
    unsigned count = trv_cpu_count();

    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    setenv("TRIVET_WORKERS", "17", 1);
    ck_assert_uint_eq(trv_cpu_count(), 17);
    setenv("TRIVET_WORKERS", "many", 1);
    ck_assert_uint_eq(trv_cpu_count(), count);
    unsetenv("TRIVET_WORKERS");
}

/* trv_main ------------------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(returns_none, "returns_none()")
{
    return trv_none_new();
}

TRV_STATIC_FUNCTION(returns_three, "returns_three()")
{
    return trv_int_new(3);
}

TRV_STATIC_FUNCTION(raises, "raises()")
{
    return trv_raise(trv_KeyError, "goes to standard error");
}

TRV_STATIC_FUNCTION(exits, "exits(status=)")
{
    trv_auto trv_object *arguments = trv_build("(i)", 4);
    trv_auto trv_object *exit_now = trv_exception_new(trv_SystemExit, arguments);

    return trv_raise_object(exit_now);
}

TRV_STATIC_FUNCTION(compares, "compares(first, second=): ten times one size and the other")
{
    const char *first, *second = "";

    if (trv_parse(args, "s|s", &first, &second) < 0)
        return NULL;
    return trv_int_new((int64_t)(strlen(first) * 10 + strlen(second)));
}

TRV_STATIC_FUNCTION(counts, "counts(*words): how many")
{
    return trv_int_new((int64_t)args->count);
}

static int hooked;

TRV_STATIC_FUNCTION(hook, "hook(exception)")
{
    hooked += trv_isinstance(args->items[0], trv_KeyError) == 1;
    return trv_none_new();
}

TRV_STATIC_FUNCTION(raises_for_a_hook, "raises_for_a_hook()")
{
    (void)args;
    return trv_set_excepthook(hook) < 0 ? NULL : trv_raise(trv_KeyError, "goes to the hook");
}

RAW_TEST(main_runs_a_function)
{
    char *argv[] = {(char *)"program", (char *)"abc", (char *)"de", (char *)"f", NULL};

    ck_assert_int_eq(trv_main(returns_none, 1, argv), 0);
    ck_assert_int_eq(trv_main(returns_three, 4, argv), 3);
    ck_assert_int_eq(trv_main(raises, 1, argv), 1);
    ck_assert_int_eq(trv_main(raises_for_a_hook, 1, argv), 1);
    ck_assert_int_eq(hooked, 1);
    ck_assert_int_eq(trv_main(exits, 1, argv), 4);
    ck_assert_int_eq(trv_main(compares, 2, argv), 30);
    ck_assert_int_eq(trv_main(compares, 4, argv), 32);
    ck_assert_int_eq(trv_main(compares, 1, argv), 1); /* too few: TypeError */
    ck_assert_int_eq(trv_main(counts, 4, argv), 3);
    ck_assert_int_eq(trv_is_initialized(), 0);
}

TEST_LIST(RUN(it_starts_and_ends_again_and_again), RUN(a_bad_config_is_refused),
          RUN(ending_with_an_exception_pending), RUN(an_allocator_of_the_program),
          RUN(ending_waits_for_threads), RUN(no_thread_is_started_while_it_ends),
          RUN(foreign_threads_come_and_go), RUN(foreign_threads_come_and_go_under_a_seed),
          RUN(a_foreign_thread_may_wait), RUN(a_foreign_thread_may_wait_under_a_seed),
          RUN(a_foreign_thread_that_ends_inside), RUN(without_a_runtime_nobody_enters),
          RUN(processors_are_counted), RUN(main_runs_a_function))
