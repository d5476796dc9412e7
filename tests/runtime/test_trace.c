/* SPDX-License-Identifier: MIT */
/*
 * Traces and schedules: a seed leaves the same trace every time, in threads, in coroutines, in pools and
 * where they meet; and the trace, told as a schedule, makes the same run again.
 */
#include "base/base.h"
#include "support/crew.h"

#include "trivet/coroutine.h"
#include "trivet/executor.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define TRACE_MOST (1 << 20)

/* Programs ------------------------------------------------------------------------------------ */

static void expect(bool claim)
{
    crew_expect_no_error("a program of the test");
    ck_assert(claim);
}

/* Uses the processor for a time that no two runs agree on. */
static void compute(void)
{
    static _Atomic unsigned calls;
    volatile double x = 1;

    for (unsigned i = 0, n = (++calls * 2654435761u) % 100000; i < n; i++)
        x = x * 1.0000001;
}

static trv_object *lock, *queue, *event;
static int pipe_fds[2];

static void make_things(void)
{
    lock = trv_lock_new();
    queue = trv_queue_new(2);
    event = trv_event_new();
    ck_assert_int_eq(pipe(pipe_fds), 0);
}

static void drop_things(void)
{
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    trv_unref(event);
    trv_unref(queue);
    trv_unref(lock);
}

static void worker(void *number)
{
    int self = *(int *)number;

    for (int i = 0; i < 4; i++) {
        trv_auto trv_object *item = trv_int_new(i);
        TRV_WITH(lock) {
            expect(trv_checkpoint() == 0);
            if (self == 1)
                expect(trv_sleep(0.25) == 0);
        }
        TRV_ALLOW_THREADS
            compute();
        expect(trv_queue_put(queue, item, TRV_FOREVER) == 0);
        trv_auto trv_object *other = trv_queue_get(queue, TRV_FOREVER);
        expect(other != NULL);
    }
    TRV_TIMEOUT(self / 2.0)
        (void)!trv_event_wait(event, TRV_FOREVER);
    trv_error_clear();
}

static void threads(void)
{
    static int numbers[] = {0, 1, 2, 3};
    struct crew crew;

    crew_begin(&crew);
    for (int i = 0; i < 4; i++)
        crew_start(&crew, worker, &numbers[i]);
    expect(trv_sleep(0.5) == 0);
    expect(trv_event_set(event) == 0);
    crew_join(&crew);
}

TRV_STATIC_FUNCTION(step, "step(n): a little of everything")
{
    int n;

    if (trv_parse(args, "i", &n) < 0 || trv_reschedule() < 0)
        return NULL;
    TRV_WITH(lock)
        if (trv_sleep(0.01 * (n % 3)) < 0)
            return NULL;
    TRV_ALLOW_THREADS
        compute();
    if (trv_checkpoint() < 0)
        return NULL;
    return trv_int_new(n);
}

TRV_STATIC_FUNCTION(write_pipe, "write_pipe(): a byte")
{
    (void)args;
    if (trv_reschedule() < 0)
        return NULL;
    ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(read_pipe, "read_pipe(): the byte")
{
    char byte;

    (void)args;
    if (trv_wait_fd(pipe_fds[0], TRV_READABLE, TRV_FOREVER) < 0)
        return NULL;
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(spawn_all, "spawn_all(): coroutines")
{
    trv_auto trv_object *tasks = trv_list_new();
    trv_auto trv_object *reader = trv_spawn(read_pipe, "");
    trv_auto trv_object *writer = trv_spawn(write_pipe, "");

    (void)args;
    for (int i = 0; i < 6; i++) {
        trv_auto trv_object *task = trv_spawn(step, "i", i);
        expect(task && trv_list_append(tasks, task) == 0);
    }
    expect(trv_list_append(tasks, reader) == 0 && trv_list_append(tasks, writer) == 0);
    trv_auto trv_object *all = trv_gather(tasks);
    return all ? trv_none_new() : NULL;
}

static void coroutines(void)
{
    trv_auto trv_object *done = trv_run(spawn_all, "");

    expect(done != NULL);
}

static void submit_all(trv_object *pool)
{
    TRV_WITH(pool) {
        trv_auto trv_object *tasks = trv_list_new();
        for (int i = 0; i < 6; i++) {
            trv_auto trv_object *task = trv_submit(pool, step, "i", i);
            expect(task && trv_list_append(tasks, task) == 0);
        }
        trv_auto trv_object *reader = trv_submit(pool, read_pipe, "");
        trv_auto trv_object *writer = trv_submit(pool, write_pipe, "");
        expect(trv_list_append(tasks, reader) == 0 && trv_list_append(tasks, writer) == 0);
        trv_auto trv_object *all = trv_gather(tasks);
        expect(all != NULL);
    }
    expect(true);
}

static void pool_of_threads(void)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 3};
    trv_auto trv_object *pool = trv_thread_pool_new(&options);

    submit_all(pool);
}

static void run_loop(void *unused)
{
    (void)unused;
    coroutines();
}

static void run_coroutine_pool(void *unused)
{
    trv_auto trv_object *pool = trv_coroutine_pool_new(NULL);

    (void)unused;
    TRV_WITH(pool) {
        trv_auto trv_object *one = trv_submit(pool, step, "i", 1);
        trv_auto trv_object *two = trv_submit(pool, step, "i", 2);
        trv_auto trv_object *both = trv_build("[o o]", one, two);
        trv_auto trv_object *done = trv_gather(both);
        expect(done != NULL);
    }
}

static void mixed(void)
{
    static int number = 2;
    struct crew crew;

    crew_begin(&crew);
    crew_start(&crew, run_loop, NULL);
    crew_start(&crew, run_coroutine_pool, NULL);
    crew_start(&crew, worker, &number);
    crew_join(&crew);
}

static void (*const programs[])(void) = {threads, coroutines, pool_of_threads, mixed};

/* Runs ---------------------------------------------------------------------------------------- */

static char path_a[64], path_b[64];

static void name_files(void)
{
    snprintf(path_a, sizeof path_a, "/tmp/trivet-trace-%d-a", (int)getpid());
    snprintf(path_b, sizeof path_b, "/tmp/trivet-trace-%d-b", (int)getpid());
}

static void remove_files(void)
{
    unlink(path_a);
    unlink(path_b);
}

static void run(void (*program)(void), const char *variable, const char *value, const char *trace)
{
    unsetenv("TRIVET_SEED");
    unsetenv("TRIVET_SCHEDULE");
    setenv(variable, value, 1);
    setenv("TRIVET_TRACE", trace, 1);
    ck_assert_msg(trv_init(NULL) == 0, "trv_init: %s", strerror(errno));
    make_things();
    program();
    drop_things();
    trv_fini();
    unsetenv(variable);
    unsetenv("TRIVET_TRACE");
}

static void run_seed(void (*program)(void), int seed, const char *trace)
{
    char text[16];

    snprintf(text, sizeof text, "%d", seed);
    run(program, "TRIVET_SEED", text, trace);
}

static char *contents(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(TRACE_MOST);
    size_t size;

    ck_assert_ptr_nonnull(file);
    size = fread(text, 1, TRACE_MOST - 1, file);
    fclose(file);
    text[size] = 0;
    return text;
}

static void compare_traces(size_t program, int seed)
{
    char *a = contents(path_a), *b = contents(path_b), *x = a, *y = b;
    int line = 1;

    ck_assert_uint_gt(strlen(a), 100);
    for (; *x && *x == *y; x++, y++)
        line += *x == '\n';
    if (*x != *y) {
        while (x > a && x[-1] != '\n')
            x--, y--;
        ck_abort_msg("program %zu, seed %d, line %d:\n%.*s\n%.*s", program, seed, line,
                     (int)strcspn(x, "\n"), x, (int)strcspn(y, "\n"), y);
    }
    free(a);
    free(b);
}

static void a_seed_leaves_its_trace_again(const char *places, int seeds)
{
    name_files();
    setenv("TRIVET_TRACE_PLACES", places, 1);
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        for (int seed = 1; seed <= seeds; seed++) {
            run_seed(programs[i], seed, path_a);
            run_seed(programs[i], seed, path_b);
            compare_traces(i, seed);
        }
    remove_files();
}

#define SLOW (TRV_TSAN || TRV_ASAN || TRV_VALGRIND || TRV_GC_STRESS)

RAW_TEST(a_seed_leaves_its_trace)
{
    a_seed_leaves_its_trace_again("0", SLOW ? 10 : 100);
}

RAW_TEST(places_are_in_the_trace)
{
    char *text;

    a_seed_leaves_its_trace_again("1", 2);
    name_files();
    run_seed(threads, 3, path_a);
    text = contents(path_a);
    ck_assert_msg(strstr(text, "\tthread 1 (crew)\tworker (") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "\tmain\tthreads (") != NULL, "%s", text);
    free(text);
    remove_files();
}

/* The decisions of a trace that are not the usual ones, as a schedule. */
static void write_schedule(const char *trace, const char *path)
{
    char *text = contents(trace), *rest = text, *line;
    FILE *file = fopen(path, "we");

    fprintf(file, "# of a test\n");
    while ((line = strsep(&rest, "\n"))) {
        unsigned long number;
        char kind[16];
        unsigned count, chosen, usual;
        if (!strncmp(line, "trivet-trace", 12))
            fprintf(file, "seed %s\n", strrchr(line, '\t') + 1);
        if (sscanf(line, "%lu %15s %u %u %u", &number, kind, &count, &chosen, &usual) == 5 &&
            chosen != usual)
            fprintf(file, "%lu %u %s %u\n", number, chosen, kind, count);
    }
    fclose(file);
    free(text);
}

RAW_TEST(a_schedule_makes_the_run_again)
{
    char schedule[64];

    name_files();
    setenv("TRIVET_TRACE_PLACES", "0", 1);
    snprintf(schedule, sizeof schedule, "/tmp/trivet-schedule-%d", (int)getpid());
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        for (int seed = 1; seed <= (SLOW ? 3 : 20); seed++) {
            run_seed(programs[i], seed, path_a);
            write_schedule(path_a, schedule);
            run(programs[i], "TRIVET_SCHEDULE", schedule, path_b);
            compare_traces(i, seed);
        }
    unlink(schedule);
    remove_files();
}

RAW_TEST(an_empty_schedule_is_the_usual_order)
{
    char *text, *rest, *line;

    name_files();
    setenv("TRIVET_TRACE_PLACES", "0", 1);
    run(threads, "TRIVET_SCHEDULE", "/dev/null", path_a);
    run(threads, "TRIVET_SCHEDULE", "/dev/null", path_b);
    compare_traces(0, 0);
    text = rest = contents(path_a);
    while ((line = strsep(&rest, "\n"))) {
        unsigned chosen, usual;
        if (sscanf(line, "%*u %*s %*u %u %u", &chosen, &usual) == 2)
            ck_assert_uint_eq(chosen, usual);
    }
    free(text);
    remove_files();
}

/* Somebody who waits at safepoints for what another thread is to do gets it. */
static int is_told;

static void tell(void *unused)
{
    (void)unused;
    is_told = 1;
}

static void wait_at_safepoints(void)
{
    struct crew crew;

    crew_begin(&crew);
    is_told = 0;
    crew_start(&crew, tell, NULL);
    while (!is_told)
        ck_assert_int_eq(trv_checkpoint(), 0);
    crew_join(&crew);
}

RAW_TEST(the_usual_order_starves_nobody)
{
    name_files();
    run(wait_at_safepoints, "TRIVET_SCHEDULE", "/dev/null", path_a);
    remove_files();
}

/* A schedule that makes no sense is not followed. */
static int start_with_schedule(const char *text)
{
    FILE *file;
    int answer, error;

    name_files();
    file = fopen(path_a, "we");
    fputs(text, file);
    fclose(file);
    setenv("TRIVET_SCHEDULE", path_a, 1);
    answer = trv_init(NULL);
    error = errno;
    if (answer == 0)
        trv_fini();
    unsetenv("TRIVET_SCHEDULE");
    remove_files();
    return answer < 0 ? error : 0;
}

RAW_TEST(a_schedule_that_makes_no_sense)
{
    static const char *const wrong[] = {
        "x",          "1",      "1 2 3",          "1 1 switch", "1 1 nonsense 2", "1 2 switch 2",
        "2 1\n1 1\n", "seed x", "1 1 switch 2 2", "-"};

    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(start_with_schedule(wrong[i]) == EINVAL, "'%s'", wrong[i]);
    ck_assert_int_eq(start_with_schedule("# nothing\n\n  \nseed 4\n"), 0);
    setenv("TRIVET_SCHEDULE", "/nonexistent", 1);
    ck_assert_int_eq(trv_init(NULL), -1);
    ck_assert_int_eq(errno, EINVAL);
}

/* Faults -------------------------------------------------------------------------------------- */

static void try_things(void)
{
    for (int i = 0; i < 200; i++) {
        trv_auto trv_object *list = trv_build("[i i {s: i}]", i, i + 1, "key", 1000 + i);
        trv_auto trv_object *text = list ? trv_repr(list) : NULL;
        if (!text)
            ck_assert_int_eq(trv_error_matches(trv_MemoryError), 1);
        trv_error_clear();
        ck_assert_int_eq(trv_checkpoint(), 0);
    }
}

RAW_TEST(faults_come_from_the_seed)
{
    int struck = 0;

    if (!TRV_FAULT)
        return;
    name_files();
    setenv("TRIVET_TRACE_PLACES", "0", 1);
    setenv("TRIVET_FAULT_RATE", "0.02", 1);
    for (int seed = 1; seed <= 20; seed++) {
        char *text;
        run_seed(try_things, seed, path_a);
        run_seed(try_things, seed, path_b);
        compare_traces(0, seed);
        text = contents(path_a);
        struck += strstr(text, "\nfault\tsrc/") != NULL;
        free(text);
    }
    ck_assert_int_gt(struck, 15);
    remove_files();
}

TEST_LIST(RUN(a_seed_leaves_its_trace), RUN(places_are_in_the_trace),
          RUN(a_schedule_makes_the_run_again), RUN(an_empty_schedule_is_the_usual_order),
          RUN(the_usual_order_starves_nobody), RUN(a_schedule_that_makes_no_sense),
          RUN(faults_come_from_the_seed))
