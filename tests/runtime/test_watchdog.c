/* SPDX-License-Identifier: MIT */
/* The watchdog: whom it finds holding the GIL without a safepoint, and whom it leaves alone. */
#include "support/crew.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT 0.02
#define LONG (10 * LIMIT)
/* For those who are to be left alone. */
#define PATIENCE 0.2

static int reports;         /* what was standard error */
static trv_lock_hold found; /* the last that was found while it lasted */

/* The reports go to a file, to be read. */
static void begin_with(const char *seed)
{
    trv_config config = {.size = sizeof config, .watchdog = LIMIT, .seed = seed};
    char path[] = "/tmp/trivet-watchdog-XXXXXX";

    reports = mkstemp(path);
    ck_assert_int_ge(reports, 0);
    unlink(path);
    fflush(stderr);
    ck_assert_int_eq(dup2(reports, STDERR_FILENO), STDERR_FILENO);
    ck_assert_int_eq(trv_init(&config), 0);
}

static void begin(void)
{
    begin_with("");
}

/* Ends the runtime. Whether a report has that in it. */
static int end_and_find(const char *text)
{
    static char all[1 << 16];

    trv_fini();
    fflush(stderr);
    ck_assert_int_ge(pread(reports, all, sizeof all - 1, 0), 0);
    close(reports);
    return strstr(all, text) != NULL;
}

static int was_found(trv_lock_hold *hold)
{
    *hold = (trv_lock_hold){.size = sizeof *hold};
    return trv_lock_longest(hold);
}

/* Whether the caller has been found, who has held the lock for long: he does so still, and longer than
 * anybody whom a busy machine has kept from his next safepoint. */
static bool is_found_out(void)
{
    return was_found(&found) && found.seconds >= LONG && !found.is_over;
}

/* A plain C loop of appends, until it has been found out. */
TRV_STATIC_FUNCTION(fill, "fill(): appends, and never lets anybody else have a turn")
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *item = trv_int_new(7);

    do
        for (int i = 0; i < 1000; i++)
            if (trv_list_append(list, item) < 0)
                return NULL;
    while (!is_found_out());
    return trv_none_new();
}

static void a_loop_of_appends_is_found(void)
{
    trv_lock_hold hold;

    trv_unref(trv_call(fill, ""));
    ck_assert_str_eq(found.thread, "main");
    ck_assert_uint_eq(found.thread_id, (uint32_t)gettid());
#if TRV_LIBDW
    ck_assert_str_eq(found.function, "fill");
    ck_assert_ptr_nonnull(strstr(found.file, "test_watchdog.c"));
#endif
    do {
        ck_assert_int_eq(trv_checkpoint(), 0);
        ck_assert_int_eq(was_found(&hold), 1);
    } while (!hold.is_over);
    ck_assert_double_ge(hold.seconds, LONG);
}

RAW_TEST(a_plain_loop_of_appends_is_found_and_named)
{
    begin();
    a_loop_of_appends_is_found();
    ck_assert_int_eq(end_and_find("thread 'main'"), 1);
}

RAW_TEST(a_plain_loop_of_appends_is_found_under_a_seed)
{
    begin_with("3");
    a_loop_of_appends_is_found();
    ck_assert_int_eq(end_and_find("without a safepoint"), 1);
}

static void call_fill(void *unused)
{
    (void)unused;
    trv_unref(trv_call(fill, ""));
}

/* In a thread that runs nothing but a C function, the caller of its last wait is named. */
static void __attribute__((noinline)) fill_after_a_wait(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_sleep(0.001), 0);
    while (!is_found_out())
        ;
#if TRV_LIBDW
    ck_assert_str_eq(found.function, "fill_after_a_wait");
#endif
}

static void one_thread_is_found(crew_body *body)
{
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, body, NULL);
    crew_join(&crew);
    ck_assert_str_eq(found.thread, "crew");
}

RAW_TEST(the_thread_is_named)
{
    begin();
    one_thread_is_found(call_fill);
    ck_assert_int_eq(end_and_find("thread 'crew'"), 1);
}

RAW_TEST(without_a_function_the_last_wait_is_named)
{
    begin();
    one_thread_is_found(fill_after_a_wait);
    end_and_find("");
}

/* The end of the program is the end of it, too. */
RAW_TEST(the_end_is_reported)
{
    begin();
    trv_unref(trv_call(fill, ""));
    ck_assert_int_eq(end_and_find("held the GIL"), 1);
}

/* The longest time without a safepoint. That of code which passes many is long where the machine has let
 * it stand still. */
static int64_t since_ns, longest_ns;

/* One was passed between then and now. */
static void passed_one(int64_t then_ns)
{
    longest_ns = MAX_OF(longest_ns, trv__clock_ns() - since_ns);
    since_ns = then_ns;
}

/* Who passes safepoints, waits, or runs outside is never found, however long it takes. */
TRV_STATIC_FUNCTION(behave, "behave(): for longer than the limit")
{
    int64_t end_ns = trv__clock_ns() + (int64_t)(1.5 * PATIENCE * 1e9), now_ns;
    int rounds = 0;

    while ((now_ns = trv__clock_ns()) < end_ns) {
        if ((rounds++ % 100000 ? trv_checkpoint() : trv_sleep(PATIENCE / 100)) < 0)
            return NULL;
        passed_one(now_ns);
    }
    TRV_ALLOW_THREADS {
        passed_one(now_ns);
        usleep((useconds_t)(1.5 * PATIENCE * 1e6));
        since_ns = trv__clock_ns();
    }
    if (trv_checkpoint() < 0)
        return NULL;
    passed_one(since_ns);
    return trv_none_new();
}

/* What is found is known to a look or two, of which there are eight in the limit. */
RAW_TEST(who_passes_safepoints_is_left_alone)
{
    trv_config config = {.size = sizeof config, .watchdog = PATIENCE};
    trv_lock_hold hold;

    since_ns = trv__clock_ns();
    ck_assert_int_eq(trv_init(&config), 0);
    trv_unref(trv_call(behave, ""));
    if (was_found(&hold))
        ck_assert_double_le(hold.seconds, (double)longest_ns / 1e9 + PATIENCE / 4);
    trv_fini();
}

RAW_TEST(there_is_none_unless_asked_for)
{
    trv_config config = {.size = sizeof config, .watchdog = -1};
    trv_lock_hold hold;

    ck_assert_int_eq(setenv("TRIVET_WATCHDOG", "5", 1), 0);
    ck_assert_int_eq(trv_init(&config), 0);
    ck_assert_int_eq(was_found(&hold), 0);
    ck_assert_ptr_null(trv__runtime()->watchdog);
    trv_fini();
    ck_assert_int_eq(trv_init(NULL), 0);
    ck_assert_ptr_nonnull(trv__runtime()->watchdog);
    trv_fini();
    ck_assert_int_eq(setenv("TRIVET_WATCHDOG", "soon", 1), 0);
    ck_assert_int_eq(trv_init(NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}

/* The child has no such thread, and ends without waiting for one. */
static int fork_and_end(void)
{
    int status = -1;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int is_watched = trv__runtime()->watchdog != NULL;
        trv_fini();
        _exit(is_watched);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

RAW_TEST(a_forked_child_has_none)
{
    begin();
    ck_assert_int_eq(fork_and_end(), 0);
    end_and_find("");
}

TEST_LIST(RUN(a_plain_loop_of_appends_is_found_and_named),
          RUN(a_plain_loop_of_appends_is_found_under_a_seed), RUN(the_thread_is_named),
          RUN(without_a_function_the_last_wait_is_named), RUN(the_end_is_reported),
          RUN(who_passes_safepoints_is_left_alone), RUN(there_is_none_unless_asked_for),
          RUN(a_forked_child_has_none))
