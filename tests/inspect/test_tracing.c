/* SPDX-License-Identifier: MIT */
/*
 * Allocation tracing: that all bytes are counted, that the places are those of the user's calls, on
 * every kind of stack; snapshots, their statistics and differences.
 */
#include "object/expect.h"
#include "types/exhaust.h"

#include <sys/wait.h>
#include <unistd.h>

static size_t live_bytes(void)
{
    trv_heap_stats stats;

    trv_heap_stats_get(&stats);
    return stats.live_bytes;
}

static size_t traced(void)
{
    size_t current;

    trv_trace_memory(&current, NULL);
    return current;
}

static void start(unsigned frames)
{
    ck_assert_int_eq(trv_trace_start(frames), 0);
}

/* The file's name, line and function of a frame of an object's traceback. */
static void expect_frame(trv_object *object, int64_t index, int line, const char *function)
{
    trv_auto trv_object *frames = trv_trace_of(object);
    trv_auto trv_object *frame = frames ? trv_list_get(frames, index) : NULL;
    const char *file, *found;
    int found_line;

    ck_assert_ptr_nonnull(frame);
    ck_assert_int_eq(trv_parse_tuple(frame, "sis", &file, &found_line, &found), 0);
    ck_assert_ptr_nonnull(strstr(file, "test_tracing.c"));
    ck_assert_int_eq(found_line, line);
    ck_assert_str_eq(found, function);
}

static int line_of_make;

/* A call at the end of a function would be a jump, and the function leave no frame. */
#define NO_JUMP __asm__ volatile("" ::: "memory")

static __attribute__((noinline)) trv_object *make_list(void)
{
    line_of_make = __LINE__ + 1;
    trv_object *list = trv_list_new();

    NO_JUMP;
    return list;
}

TEST(nothing_is_traced_before_the_start)
{
    trv_auto trv_object *list = trv_list_new();

    ck_assert_int_eq(trv_trace_is_tracing(), 0);
    expect_repr(trv_trace_of(list), "None");
    ck_assert_uint_eq(traced(), 0);
    EXPECT_NULL(trv_trace_snapshot(), trv_RuntimeError,
                "the tracer must be tracing allocations to take a snapshot");
    start(1);
    ck_assert_int_eq(trv_trace_is_tracing(), 1);
    expect_repr(trv_trace_of(list), "None");
    trv_trace_stop();
    trv_trace_stop();
    ck_assert_int_eq(trv_trace_is_tracing(), 0);
    EXPECT_MINUS(trv_trace_start(0), trv_ValueError,
                 "the number of frames must be in range [1; 256]");
    EXPECT_MINUS(trv_trace_start(257), trv_ValueError,
                 "the number of frames must be in range [1; 256]");
}

TEST(a_place_is_that_of_the_call_in_the_program)
{
    trv_object *list, *text;
    int line;

    start(2);
    line = __LINE__ + 1;
    list = make_list();
    expect_frame(list, 0, line_of_make, "make_list");
    expect_frame(list, 1, line, "test__a_place_is_that_of_the_call_in_the_program_body");
    line = __LINE__ + 1;
    text = trv_str_printf("a text of more than a few bytes %d", 1);
    expect_frame(text, 0, line, "test__a_place_is_that_of_the_call_in_the_program_body");
    trv_unref(text);
    trv_unref(list);
    trv_trace_stop();
}

/* Objects of all sizes, item arrays that grow, and what a dict needs; and all of it given back. */
TEST(all_bytes_are_counted)
{
    size_t before, peak, current;
    trv_object *list, *dict, *big;

    start(1);
    before = live_bytes();
    list = trv_list_new();
    dict = trv_dict_new();
    for (int i = 0; i < 5000; i++) {
        trv_auto trv_object *number = trv_int_new(i);
        trv_auto trv_object *text = trv_str_printf("number %d", i);
        ck_assert_int_eq(trv_list_append(list, text), 0);
        ck_assert_int_eq(trv_dict_set(dict, number, text), 0);
    }
    big = trv_bytes_new(NULL, 100000);
    ck_assert_uint_eq(traced(), live_bytes() - before);
    trv_trace_memory(&current, &peak);
    ck_assert_uint_ge(peak, current);
    trv_unref(big);
    trv_unref(list);
    ck_assert_uint_eq(traced(), live_bytes() - before);
    trv_unref(dict);
    ck_assert_uint_eq(traced(), 0);
    ck_assert_uint_eq(live_bytes(), before);
    ck_assert_uint_eq(trv_trace_lost(), 0);
    trv_trace_memory(NULL, &peak);
    ck_assert_uint_ge(peak, 100000);
    trv_trace_reset_peak();
    trv_trace_memory(NULL, &peak);
    ck_assert_uint_eq(peak, 0);
    trv_trace_stop();
}

TEST(what_was_there_before_may_end_in_between_and_the_other_way_round)
{
    trv_object *items[300];

    for (int i = 0; i < 300; i++)
        items[i] = trv_float_new(i);
    start(1);
    for (int i = 0; i < 300; i += 2) {
        trv_unref(items[i]);
        items[i] = trv_list_new();
    }
    for (int i = 0; i < 100; i++) {
        trv_unref(items[i]);
        items[i] = trv_float_new(i);
    }
    trv_trace_stop();
    for (int i = 0; i < 300; i++)
        trv_unref(items[i]);
    for (int i = 0; i < 300; i++)
        items[i] = trv_float_new(i);
    for (int i = 0; i < 300; i++)
        trv_unref(items[i]);
}

TEST(clearing_forgets)
{
    trv_auto trv_object *list = NULL;
    trv_auto trv_object *other = NULL;

    start(1);
    list = trv_list_new();
    trv_trace_clear();
    ck_assert_uint_eq(traced(), 0);
    expect_repr(trv_trace_of(list), "None");
    other = make_list();
    expect_frame(other, 0, line_of_make, "make_list");
    trv_trace_stop();
}

/* Other stacks -------------------------------------------------------------------------------- */

static int line_of_give, line_of_task;

static trv_object *give_list(const trv_args *args TRV_UNUSED)
{
    line_of_give = __LINE__ + 1;
    trv_auto trv_object *list = make_list();

    return trv_yield(list);
}

TRV_STATIC_FUNCTION(make_in_task, "make_in_task(): a list")
{
    line_of_task = __LINE__ + 1;
    trv_object *list = make_list();

    NO_JUMP;
    return list;
}

TEST(stacks_of_generators_and_coroutines_are_walked_to_their_base)
{
    trv_auto trv_object *function = trv_function_new(give_list, "give_list", NULL);
    trv_auto trv_object *generator = NULL;
    trv_auto trv_object *item = NULL;
    trv_auto trv_object *made = NULL;

    start(50);
    generator = trv_generator_new(function, "");
    ck_assert_int_eq(trv_next(generator, &item), 1);
    expect_frame(item, 0, line_of_make, "make_list");
    expect_frame(item, 1, line_of_give, "give_list");
    made = trv_run(make_in_task, "");
    expect_frame(made, 0, line_of_make, "make_list");
    expect_frame(made, 1, line_of_task, "make_in_task");
    trv_clear(&made);
    trv_clear(&generator);
    trv_clear(&item);
    trv_trace_stop();
}

TEST(threads_are_traced_and_tasks_have_names)
{
    trv_auto trv_object *pool = trv_thread_pool_new(NULL);
    trv_auto trv_object *future = NULL;
    trv_auto trv_object *made = NULL;
    trv_auto trv_object *snapshot = NULL;
    trv_auto trv_object *lists = NULL;
    trv_auto trv_object *tasks = NULL;
    trv_trace_filter only_lists = {.type = "list"};

    start(1);
    future = trv_submit(pool, make_in_task, "");
    made = trv_future_result(future, TRV_FOREVER);
    expect_frame(made, 0, line_of_make, "make_list");
    snapshot = trv_trace_snapshot();
    lists = trv_snapshot_filter(snapshot, &only_lists, 1);
    tasks = trv_snapshot_statistics(lists, TRV_TRACE_BY_TASK);
    expect_repr(trv_ref(tasks), "[<Statistic make_in_task: size=40 B, count=1, average=40 B>]");
    trv_trace_stop();
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
}

TEST(a_forked_child_goes_on_tracing)
{
    trv_auto trv_object *list = NULL;
    size_t before;
    int status;
    pid_t child;

    start(1);
    list = make_list();
    before = traced();
    child = fork();
    if (child == 0) {
        trv_object *own = make_list(), *trace = trv_trace_of(own);
        size_t length = 0;
        bool is_good = traced() > before && trace && trv_list_len(trace, &length) == 0 && length;
        _exit(is_good ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_uint_eq(traced(), before);
    trv_trace_stop();
}

/* Snapshots ----------------------------------------------------------------------------------- */

TEST(statistics_are_sorted_and_say_where)
{
    trv_auto trv_object *snapshot = NULL;
    trv_auto trv_object *mine = NULL;
    trv_auto trv_object *other = NULL;
    trv_object *made[10];
    trv_trace_filter filter = {.file = "test_trac*.c", .line = 0};
    char text[200];

    start(1);
    for (int i = 0; i < 10; i++)
        made[i] = make_list();
    other = trv_float_new(1.5);
    snapshot = trv_trace_snapshot();
    trv_trace_stop();
    filter.line = line_of_make;
    mine = trv_snapshot_filter(snapshot, &filter, 1);
    snprintf(text, sizeof text,
             "[<Statistic test_tracing.c:%d: size=400 B, count=10, average=40 B>]", line_of_make);
    expect_repr(trv_snapshot_statistics(mine, TRV_TRACE_BY_LINE), text);
    expect_repr(trv_snapshot_statistics(mine, TRV_TRACE_BY_TRACEBACK), text);
    expect_repr(trv_snapshot_statistics(mine, TRV_TRACE_BY_FILE),
                "[<Statistic test_tracing.c:0: size=400 B, count=10, average=40 B>]");
    expect_repr(trv_snapshot_statistics(mine, TRV_TRACE_BY_TYPE),
                "[<Statistic list: size=400 B, count=10, average=40 B>]");
    expect_repr(trv_snapshot_statistics(mine, TRV_TRACE_BY_TASK),
                "[<Statistic main: size=400 B, count=10, average=40 B>]");
    filter.excludes = 1;
    trv_unref(mine);
    mine = trv_snapshot_filter(snapshot, &filter, 1);
    filter = (trv_trace_filter){.type = "float"};
    trv_unref(snapshot);
    snapshot = trv_snapshot_filter(mine, &filter, 1);
    expect_repr(trv_snapshot_statistics(snapshot, TRV_TRACE_BY_TYPE),
                "[<Statistic float: size=24 B, count=1, average=24 B>]");
    for (int i = 0; i < 10; i++)
        trv_unref(made[i]);
}

static trv_object *only(trv_object *snapshot, const char *type)
{
    trv_trace_filter filter = {.type = type};

    return trv_snapshot_filter(snapshot, &filter, 1);
}

TEST(snapshots_are_compared)
{
    trv_object *first = NULL, *second = NULL, *made[3], *text;

    start(1);
    made[0] = trv_float_new(1.5);
    first = trv_trace_snapshot();
    made[1] = trv_float_new(2.5);
    made[2] = trv_float_new(3.5);
    trv_unref(made[0]);
    second = trv_trace_snapshot();
    text = only(first, "float");
    trv_unref(first);
    first = text;
    text = only(second, "float");
    trv_unref(second);
    second = text;
    expect_repr(trv_snapshot_compare(second, first, TRV_TRACE_BY_TYPE),
                "[<Statistic float: size=48 B (+24 B), count=2 (+1), average=24 B>]");
    trv_unref(made[1]);
    trv_unref(made[2]);
    text = trv_trace_snapshot();
    trv_unref(second);
    second = only(text, "float");
    trv_unref(text);
    text = trv_snapshot_compare(second, first, TRV_TRACE_BY_TYPE);
    expect_repr(trv_ref(text), "[<Statistic float: size=0 B (-24 B), count=0 (-1)>]");
    trv_unref(text);
    trv_trace_stop();
    EXPECT_NULL(trv_snapshot_compare(first, trv_none_new(), TRV_TRACE_BY_TYPE), trv_TypeError,
                "trv_snapshot_compare needs a Snapshot, not NoneType");
    EXPECT_NULL(trv_snapshot_statistics(first, (trv_trace_key)9), trv_ValueError,
                "unknown key of statistics: 9");
    trv_unref(first);
    trv_unref(second);
}

TEST(a_page_of_statistics)
{
    trv_auto trv_object *snapshot = NULL;
    trv_auto trv_object *statistics = NULL;
    trv_auto trv_object *text = NULL;
    trv_object *a, *b;

    start(1);
    a = trv_bytes_new(NULL, 20000);
    b = trv_float_new(1.5);
    snapshot = trv_trace_snapshot();
    trv_trace_stop();
    statistics = trv_snapshot_statistics(snapshot, TRV_TRACE_BY_TYPE);
    text = trv_statistics_text(statistics, 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_eq(strstr(trv_str_utf8(text, NULL), "bytes: size=19.6 KiB, count=1"),
                     trv_str_utf8(text, NULL));
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "\n2 other: "));
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "\nTotal allocated size: 1"));
    EXPECT_NULL(trv_statistics_text(NULL, 1), trv_SystemError,
                "trv_statistics_text was given NULL, and no exception is pending");
    trv_unref(a);
    trv_unref(b);
}

/* Memory may run out for the tracer, too: what it cannot record is lost, and nothing else. */
static trv_object *trace_some(void)
{
    trv_object *list, *number, *snapshot = NULL, *text = NULL;

    if (trv_trace_start(3) < 0)
        return NULL;
    list = trv_list_new();
    number = list ? trv_float_new(1.5) : NULL;
    if (number && trv_list_append(list, number) == 0 && (snapshot = trv_trace_snapshot())) {
        trv_auto trv_object *statistics = trv_snapshot_statistics(snapshot, TRV_TRACE_BY_LINE);
        text = statistics ? trv_statistics_text(statistics, 3) : NULL;
    }
    trv_unref(list);
    trv_unref(number);
    trv_unref(snapshot);
    trv_trace_stop();
    return text;
}

TEST(memory_may_run_out)
{
    EXHAUST(trace_some());
}

TEST_LIST(RUN(nothing_is_traced_before_the_start), RUN(a_place_is_that_of_the_call_in_the_program),
          RUN(all_bytes_are_counted),
          RUN(what_was_there_before_may_end_in_between_and_the_other_way_round),
          RUN(clearing_forgets), RUN(stacks_of_generators_and_coroutines_are_walked_to_their_base),
          RUN(threads_are_traced_and_tasks_have_names), RUN(a_forked_child_goes_on_tracing),
          RUN(statistics_are_sorted_and_say_where), RUN(snapshots_are_compared),
          RUN(a_page_of_statistics), RUN(memory_may_run_out))
