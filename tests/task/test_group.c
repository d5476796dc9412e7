/* SPDX-License-Identifier: MIT */
/*
 * Task groups on every executor: what fails cancels the rest, whoever joins comes back when nothing
 * is left, and a cancellation that races with an end is decided once.
 */
#include "support/crew.h"

#include "trivet/coroutine.h"

enum leg { INLINE, THREADS, PROCESSES, COROUTINES, LEGS };

TRV_STATIC_FUNCTION(give, "give(x): x")
{
    return trv_ref(args->items[0]);
}

TRV_STATIC_FUNCTION(fail, "fail(seconds): KeyError, after a while")
{
    double seconds;

    if (trv_parse(args, "d", &seconds) < 0 || (seconds > 0 && trv_sleep(seconds) < 0))
        return NULL;
    return trv_raise(trv_KeyError, "no such thing");
}

static int begun, ended, cancelled;

TRV_STATIC_FUNCTION(linger, "linger(seconds): counts how it ends")
{
    double seconds;
    int answer;

    if (trv_parse(args, "d", &seconds) < 0)
        return NULL;
    begun++;
    answer = trv_sleep(seconds);
    ended++;
    cancelled += answer < 0 && trv_error_matches(trv_CancelledError);
    return answer < 0 ? NULL : trv_none_new();
}

static trv_object *new_executor(enum leg leg)
{
    trv_thread_pool_options threads = {.size = sizeof threads, .workers = 3};
    trv_process_pool_options processes = {.size = sizeof processes, .workers = 2};
    trv_object *made = leg == INLINE      ? trv_inline_executor_new()
                       : leg == THREADS   ? trv_thread_pool_new(&threads)
                       : leg == PROCESSES ? trv_process_pool_new(&processes)
                                          : trv_coroutine_pool_new(NULL);

    ck_assert_ptr_nonnull(made);
    return made;
}

static void end(trv_object *executor)
{
    ck_assert_int_eq(trv_shutdown(executor, NULL), 0);
    trv_unref(executor);
}

static void spawn(trv_object *group, trv_object *function, double argument)
{
    trv_auto trv_object *future = trv_group_spawn(group, function, "d", argument);

    crew_expect_no_error("trv_group_spawn");
    ck_assert_ptr_nonnull(future);
}

/* Every leg ----------------------------------------------------------------------------------------- */

TEST(a_group_ends_when_all_have)
{
    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *executor = new_executor(leg), *group = trv_group_new(executor);
        trv_object *futures[10];
        for (int i = 0; i < 10; i++)
            ck_assert_ptr_nonnull(futures[i] = trv_group_spawn(group, give, "i", i));
        ck_assert_int_eq(trv_group_join(group), 0);
        for (int i = 0; i < 10; i++) {
            ck_assert_int_eq(trv_future_done(futures[i]), 1);
            trv_unref(futures[i]);
        }
        ck_assert_ptr_null(trv_group_spawn(group, give, "i", 1));
        crew_expect_error(trv_RuntimeError);
        ck_assert_int_eq(trv_group_join(group), 0);
        trv_unref(group);
        end(executor);
    }
}

/* A long one is told where it can be. */
TEST(a_failure_is_raised_and_ends_the_others)
{
    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *executor = new_executor(leg), *group = trv_group_new(executor);
        trv_auto trv_object *failures = NULL;
        size_t count = 0;
        begun = ended = cancelled = 0;
        if (leg != INLINE)
            spawn(group, linger, leg == PROCESSES ? 0.1 : 100);
        spawn(group, fail, 0.001);
        ck_assert_int_eq(trv_group_join(group), -1);
        crew_expect_in_group(trv_KeyError, 1, 1);
        ck_assert_int_eq(begun, ended);
        ck_assert_int_eq(begun, cancelled);
        failures = trv_group_failures(group);
        ck_assert_int_eq(trv_len(failures, &count), 0);
        ck_assert_uint_eq(count, 1);
        trv_unref(group);
        end(executor);
    }
}

TEST(the_block_joins)
{
    for (enum leg leg = 0; leg < LEGS; leg++) {
        trv_object *executor = new_executor(leg), *group = trv_group_new(executor);
        trv_auto trv_object *future = NULL;
        TRV_WITH(group)
            future = trv_group_spawn(group, give, "i", 3);
        crew_expect_no_error("the block");
        ck_assert_int_eq(trv_future_done(future), 1);
        trv_unref(group);
        end(executor);
    }
}

/* The block ------------------------------------------------------------------------------------------ */

/* What fails ends what the block waits for; the failure comes out of it, and not the cancellation. */
SEEDED_TEST(a_failure_ends_the_block, 60)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);

    TRV_WITH(group) {
        spawn(group, linger, 100);
        spawn(group, fail, 0.5);
        ck_assert_int_eq(trv_sleep(50), -1);
    }
    crew_expect_in_group(trv_KeyError, 1, 1);
    ck_assert_int_eq(begun, cancelled);
    ck_assert_int_eq(trv_sleep(0.1), 0); /* its scope is over */
    trv_unref(group);
    end(executor);
}

SEEDED_TEST(a_block_that_fails_ends_its_calls, 60)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);

    TRV_WITH(group) {
        spawn(group, linger, 100);
        ck_assert_int_eq(trv_sleep(0.5), 0);
        trv_raise(trv_ValueError, "the block's own");
    }
    crew_expect_in_group(trv_ValueError, 1, 1);
    ck_assert_int_eq(begun, 1);
    ck_assert_int_eq(cancelled, 1);
    trv_unref(group);
    end(executor);
}

SEEDED_TEST(a_group_is_cancelled_from_inside, 30)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);

    TRV_WITH(group) {
        spawn(group, linger, 100);
        ck_assert_int_eq(trv_group_cancel(group), 0);
        ck_assert_int_eq(trv_sleep(1), -1);
    }
    crew_expect_no_error("a block that was cancelled by its group");
    trv_unref(group);
    end(executor);
}

/* A deadline around the block reaches the calls. */
SEEDED_TEST(a_deadline_ends_block_and_calls, 30)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);

    TRV_TIMEOUT(2) {
        TRV_WITH(group) {
            spawn(group, linger, 100);
            spawn(group, linger, 1);
        }
    }
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(ended, 2);
    ck_assert_int_eq(cancelled, 1);
    trv_unref(group);
    end(executor);
}

/* Whoever joins ----------------------------------------------------------------------------------------- */

static trv_object *inner_executor;

TRV_STATIC_FUNCTION(lead, "lead(n): n calls that last long, in a group")
{
    trv_auto trv_object *group = trv_group_new(inner_executor);
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    TRV_WITH(group)
        while (n-- > 0)
            spawn(group, linger, 100);
    ck_assert_int_eq(begun, ended); /* it came back when nothing was left */
    return trv_error_occurred() ? NULL : trv_none_new();
}

/* The outer group's call is cancelled while it joins an inner one. */
SEEDED_TEST(cancelling_reaches_nested_groups, 100)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);
    trv_auto trv_object *leader = NULL;

    inner_executor = new_executor(COROUTINES);
    leader = trv_group_spawn(group, lead, "i", 5);
    spawn(group, fail, 1);
    ck_assert_int_eq(trv_group_join(group), -1);
    crew_expect_in_group(trv_KeyError, 1, 1);
    ck_assert_int_eq(trv_future_cancelled(leader), 1);
    ck_assert_int_eq(ended, begun);
    ck_assert_int_eq(cancelled, begun);
    trv_unref(group);
    end(inner_executor);
    end(executor);
}

TRV_STATIC_FUNCTION(join_here, "join_here(n, self): a group on the pool the call is in")
{
    trv_auto trv_object *group = trv_group_new(inner_executor);
    trv_object *self;
    int64_t n;

    if (trv_parse(args, "lo", &n, &self) < 0)
        return NULL;
    TRV_WITH(group)
        for (int i = 0; i < 2 && n; i++) {
            trv_auto trv_object *future = trv_group_spawn(group, self, "lo", n - 1, args->items[1]);
        }
    begun++;
    return trv_error_occurred() ? NULL : trv_none_new();
}

/* Deeper than the pool has workers. */
SEEDED_TEST(groups_nest_on_their_own_pool, 60)
{
    for (enum leg leg = THREADS; leg < LEGS; leg += 2) {
        trv_auto trv_object *future = NULL, *result = NULL;
        begun = 0;
        inner_executor = new_executor(leg);
        future = trv_submit(inner_executor, join_here, "io", 4, join_here);
        result = trv_future_result(future, TRV_FOREVER);
        crew_expect_no_error("nested groups");
        ck_assert_int_eq(begun, 31);
        end(inner_executor);
    }
}

/* On a loop, without an executor. */
TRV_STATIC_FUNCTION(on_the_loop, "on_the_loop(): a group of coroutines")
{
    trv_auto trv_object *group = trv_group_new(NULL);

    (void)args;
    TRV_WITH(group) {
        for (int i = 0; i < 20; i++)
            spawn(group, linger, i);
        spawn(group, fail, 5.5);
    }
    return trv_error_occurred() ? NULL : trv_none_new();
}

SEEDED_TEST(a_group_of_coroutines, 60)
{
    ck_assert_ptr_null(trv_run(on_the_loop, ""));
    crew_expect_in_group(trv_KeyError, 1, 1);
    ck_assert_int_eq(begun, 20);
    ck_assert_int_eq(ended, 20);
    ck_assert_int_eq(cancelled, 14);
}

/* Races ---------------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(lead_briefly, "lead_briefly(): a group whose calls end when it is cancelled")
{
    trv_auto trv_object *group = trv_group_new(inner_executor);

    (void)args;
    TRV_WITH(group)
        for (int i = 0; i < 3; i++)
            spawn(group, linger, 1);
    return trv_error_occurred() ? NULL : trv_none_new();
}

/* The leader is cancelled at the moment its calls end: it was cancelled, or it has a result, never both or
 * neither; and nobody is left behind. */
SEEDED_TEST(a_cancellation_races_with_the_end, 400)
{
    trv_object *executor = new_executor(THREADS);
    trv_auto trv_object *leader = NULL;
    trv_auto trv_object *result = NULL;

    inner_executor = new_executor(THREADS);
    leader = trv_submit(executor, lead_briefly, "");
    ck_assert_int_eq(trv_sleep(1), 0);
    ck_assert_int_ge(trv_future_cancel(leader), 0);
    result = trv_future_result(leader, TRV_FOREVER);
    if (!result)
        crew_expect_error(trv_CancelledError);
    ck_assert_int_eq(begun, ended);
    end(executor);
    end(inner_executor);
}

/* Several fail at once. */
SEEDED_TEST(several_fail, 100)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);
    trv_auto trv_object *failures = NULL;
    size_t count = 0;

    for (int i = 0; i < 3; i++)
        spawn(group, fail, 1);
    ck_assert_int_eq(trv_group_join(group), -1);
    crew_expect_in_group(trv_KeyError, 1, 3);
    failures = trv_group_failures(group);
    ck_assert_int_eq(trv_len(failures, &count), 0);
    ck_assert_uint_ge(count, 1);
    ck_assert_uint_le(count, 3);
    trv_unref(group);
    end(executor);
}

/* The block fails, too: all that went wrong is told, what came of the block last. */
SEEDED_TEST(calls_and_block_fail, 60)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);
    trv_auto trv_object *error = NULL, *members = NULL, *last = NULL;

    TRV_WITH(group) {
        spawn(group, fail, 1);
        if (trv_sleep(10) < 0)
            trv_error_clear();
        (void)trv_raise(trv_ValueError, "the block's own");
    }
    error = trv_error_take();
    members = trv_exception_group_exceptions(error);
    crew_expect_no_error("a group");
    last = trv_tuple_get(members, 1);
    ck_assert_str_eq(trv_type_name(last), "ValueError");
    trv_unref(group);
    end(executor);
}

TRV_STATIC_FUNCTION(leave, "leave(seconds): SystemExit")
{
    (void)args;
    return trv_raise(trv_SystemExit, "now");
}

TEST(what_ends_the_program_is_in_no_group)
{
    trv_object *executor = new_executor(INLINE), *group = trv_group_new(executor);

    spawn(group, leave, 0);
    ck_assert_int_eq(trv_group_join(group), -1);
    crew_expect_error(trv_SystemExit);
    trv_unref(group);
    end(executor);
}

/* A group is handled part by part. */
TEST(failures_are_handled_by_type)
{
    trv_object *executor = new_executor(INLINE), *group = trv_group_new(executor);
    int handled = 0;

    spawn(group, fail, 0);
    ck_assert_int_eq(trv_group_join(group), -1);
    TRV_HANDLE_PARTS(parts)
    TRV_HANDLE_PART(part, parts, trv_LookupError)
    handled++;
    ck_assert_int_eq(handled, 1);
    crew_expect_no_error("all was handled");
    trv_unref(group);
    end(executor);
}

/* A group nobody joins ---------------------------------------------------------------------------------- */

SEEDED_TEST(a_dropped_group_cancels_its_calls, 30)
{
    trv_object *executor = new_executor(THREADS), *group = trv_group_new(executor);

    spawn(group, linger, 100);
    spawn(group, linger, 100);
    ck_assert_int_eq(trv_sleep(1), 0);
    trv_unref(group);
    end(executor);
    ck_assert_int_eq(begun, 2);
    ck_assert_int_eq(cancelled, 2);
}

TEST(misuse_is_an_error)
{
    trv_auto trv_object *group = trv_group_new(NULL);

    ck_assert_ptr_null(trv_group_new(group));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_group_spawn(group, give, "i", 1)); /* no loop */
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(trv_group_join(give), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_int_eq(trv_group_join(group), 0);
    TRV_WITH(group)
        ck_abort_msg("entered after it was joined");
    crew_expect_error(trv_RuntimeError);
}

TEST_LIST(RUN(a_group_ends_when_all_have), RUN(a_failure_is_raised_and_ends_the_others),
          RUN(the_block_joins), RUN(a_failure_ends_the_block),
          RUN(a_block_that_fails_ends_its_calls), RUN(a_group_is_cancelled_from_inside),
          RUN(a_deadline_ends_block_and_calls), RUN(cancelling_reaches_nested_groups),
          RUN(groups_nest_on_their_own_pool), RUN(a_group_of_coroutines),
          RUN(a_cancellation_races_with_the_end), RUN(several_fail), RUN(calls_and_block_fail),
          RUN(what_ends_the_program_is_in_no_group), RUN(failures_are_handled_by_type),
          RUN(a_dropped_group_cancels_its_calls), RUN(misuse_is_an_error))
