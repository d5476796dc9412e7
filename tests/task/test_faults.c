/* SPDX-License-Identifier: MIT */
/*
 * The primitives, futures and pools when memory or system calls fail: each scenario is run with its
 * first fault point failing, then its second, and so on until it passes untouched. It must end with a
 * result or an exception, leave nothing behind (the harness looks) and hang nowhere.
 *
 * Fault points exist in builds with --enable-fault only; elsewhere each scenario runs once.
 */
#include "support/crew.h"

#include "base/fault.h"

typedef trv_object *scenario(void);

/* How often each scenario may fail: more would be a loop that never passes. */
#define MOST 400

/* A group of tasks raises them in a group, beside what the block says to that: it takes no more calls. */
static void expect_in_group(void)
{
    trv_object *memory, *system, *refused;

    ck_assert_int_ge(trv_error_split(trv_MemoryError, &memory), 0);
    ck_assert_int_ge(trv_error_split(trv_OSError, &system), 0);
    ck_assert_int_ge(trv_error_split(trv_RuntimeError, &refused), 0);
    ck_assert(memory || system);
    trv_unref(memory);
    trv_unref(system);
    trv_unref(refused);
    crew_expect_no_error("a group with other failures");
}

static void expect_memory_or_system_error(void)
{
    if (trv_error_matches(trv_ExceptionGroup)) {
        expect_in_group();
        return;
    }
    if (trv_error_matches(trv_MemoryError) || trv_error_matches(trv_OSError)) {
        trv_error_clear();
        return;
    }
    trv_error_print();
    ck_abort_msg("another exception, or none (see above)");
}

static void sweep(scenario *run)
{
    for (uint64_t nth = 1; nth <= MOST; nth++) {
        trv_object *result;
        bool has_struck;
        trv__fault_arm(nth);
        result = run();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (!result)
            expect_memory_or_system_error();
        ck_assert_int_eq(trv_error_occurred(), 0);
        ck_assert_msg(result || has_struck, "it fails without a fault");
        trv_unref(result);
        if (!has_struck)
            return;
    }
    ck_abort_msg("it never passes");
}

/* Scenarios: NULL with an exception, or something. ---------------------------------------------- */

static trv_object *primitives(void)
{
    trv_auto trv_object *lock = trv_lock_new();
    trv_auto trv_object *condition = lock ? trv_condition_new(lock) : NULL;
    trv_auto trv_object *other = condition ? trv_condition_new(NULL) : NULL;
    trv_auto trv_object *event = other ? trv_event_new() : NULL;
    trv_auto trv_object *queue = event ? trv_queue_new(0) : NULL;
    trv_auto trv_object *text = NULL;

    if (!queue)
        return NULL;
    for (int i = 0; i < 40; i++)
        if (trv_queue_put(queue, event, 0) < 0)
            return NULL;
    if (!(text = trv_repr(queue)))
        return NULL;
    return trv_queue_get(queue, 0);
}

TRV_STATIC_FUNCTION(add_one, "add_one(n): n + 1000001")
{
    int64_t n;

    return trv_parse(args, "l", &n) < 0 ? NULL : trv_int_new(n + 1000001);
}

TRV_STATIC_FUNCTION(look, "look(future): takes its exception, so that it is not reported")
{
    trv_unref(trv_future_exception(args->items[0], 0));
    trv_error_clear();
    return trv_none_new();
}

static trv_object *completed(void)
{
    trv_auto trv_object *future = trv_future_new();
    trv_auto trv_object *number = future ? trv_int_new(123456789) : NULL;

    if (!number || trv_future_add_done_callback(future, look) < 0 ||
        trv_future_set_result(future, number) < 0)
        return NULL;
    return trv_future_result(future, 0);
}

/* The arguments of the call hold a keyword, so that it is copied. */
static trv_object *submitted_to(trv_object *executor)
{
    trv_auto trv_object *keywords = trv_build("{s:i}", "n", 5);
    trv_auto trv_object *first =
        keywords ? trv_submit_array(executor, add_one, NULL, 0, keywords) : NULL;
    trv_auto trv_object *second =
        first ? trv_submit(executor, add_one, "l", (int64_t)7000000) : NULL;
    trv_auto trv_object *both = NULL;
    trv_auto trv_object *sets = NULL;
    trv_auto trv_object *iterator = NULL;

    if (!second || !(both = trv_build("(oo)", first, second)) ||
        !(sets = trv_wait_futures(both, TRV_FOREVER, TRV_ALL_COMPLETED)) ||
        !(iterator = trv_as_completed(both, TRV_FOREVER)))
        return NULL;
    TRV_FOR(future, iterator)
        (void)future;
    if (trv_error_occurred())
        return NULL;
    return trv_gather(both);
}

static trv_object *mapped_over(trv_object *executor)
{
    trv_auto trv_object *numbers = trv_range_new(1000, 1010, 1);
    trv_auto trv_object *map = numbers ? trv_map(executor, add_one, numbers, NULL) : NULL;

    return map ? trv_list_from(map) : NULL;
}

/* What failed inside is raised by the block's end. */
static trv_object *grouped_on(trv_object *executor)
{
    trv_auto trv_object *group = trv_group_new(executor);

    if (!group)
        return NULL;
    TRV_WITH(group)
        for (int i = 0; i < 4; i++) {
            trv_auto trv_object *future = trv_group_spawn(group, add_one, "i", i);
            if (!future)
                break;
        }
    return trv_error_occurred() ? NULL : trv_group_failures(group);
}

static trv_object *inline_submitted(void)
{
    trv_auto trv_object *executor = trv_inline_executor_new();

    return executor ? submitted_to(executor) : NULL;
}

static trv_object *inline_mapped(void)
{
    trv_auto trv_object *executor = trv_inline_executor_new();

    return executor ? mapped_over(executor) : NULL;
}

static trv_object *inline_grouped(void)
{
    trv_auto trv_object *executor = trv_inline_executor_new();

    return executor ? grouped_on(executor) : NULL;
}

/* The pool is shut down with an exception pending, perhaps, and no fault may meet that. */
static trv_object *in_pool(trv_object *(*use)(trv_object *executor))
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 3};
    trv_auto trv_object *pool = trv_thread_pool_new(&options);
    trv_object *result = pool ? use(pool) : NULL, *error = trv_error_take();

    if (pool)
        ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_error_restore(error);
    trv_unref(error);
    return result;
}

static trv_object *pool_submitted(void)
{
    return in_pool(submitted_to);
}

static trv_object *pool_grouped(void)
{
    return in_pool(grouped_on);
}

static trv_object *pool_mapped(void)
{
    return in_pool(mapped_over);
}

TEST(primitives_fail_cleanly)
{
    sweep(primitives);
}

TEST(futures_fail_cleanly)
{
    sweep(completed);
}

TEST(inline_calls_fail_cleanly)
{
    sweep(inline_submitted);
    sweep(inline_mapped);
    sweep(inline_grouped);
}

SEEDED_TEST(pools_fail_cleanly, 20)
{
    sweep(pool_submitted);
    sweep(pool_mapped);
    sweep(pool_grouped);
}

TEST_LIST(RUN(primitives_fail_cleanly), RUN(futures_fail_cleanly), RUN(inline_calls_fail_cleanly),
          RUN(pools_fail_cleanly))
