/* SPDX-License-Identifier: MIT */
/* Cancel scopes: nesting, shields, deadlines, what leaves a block. */
#include "support/crew.h"

static void expect_cancelled(void)
{
    ck_assert_int_eq(trv_sleep(1000), -1);
    crew_expect_error(trv_CancelledError);
}

static double began;

static void expect_time(double seconds)
{
    ck_assert_double_eq_tol(trv_time() - began, seconds, 1e-4);
}

static void begin(void)
{
    began = trv_time();
}

TEST(a_block_that_is_fast_enough)
{
    int rounds = 0;

    TRV_TIMEOUT(100) {
        rounds++;
        ck_assert_int_eq(trv_sleep(0), 0);
    }
    ck_assert_int_eq(trv_error_occurred(), 0);
    TRV_TIMEOUT(100) {
        rounds++;
        (void)trv_raise(trv_KeyError, "its own");
    }
    crew_expect_error(trv_KeyError);
    TRV_TIMEOUT(TRV_FOREVER)
        rounds++;
    TRV_SHIELD
        rounds++;
    ck_assert_int_eq(rounds, 4);
    TRV_TIMEOUT(-1)
        rounds++;
    crew_expect_error(trv_ValueError);
    TRV_TIMEOUT(__builtin_nan(""))
        rounds++;
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(rounds, 4);
    ck_assert_ptr_null(trv__current->context->scope);
}

static int leave_by(int how)
{
    for (int i = 0; i < 3; i++) {
        TRV_TIMEOUT(10) {
            if (how == 0)
                break; /* ends the block only */
            if (how == 1)
                continue;
            if (how == 2)
                return i;
        }
        if (trv__current->context->scope)
            return -1;
    }
    return 3;
}

TEST(every_way_out_leaves_the_scope)
{
    ck_assert_int_eq(leave_by(0), 3);
    ck_assert_int_eq(leave_by(1), 3);
    ck_assert_int_eq(leave_by(2), 0);
    ck_assert_ptr_null(trv__current->context->scope);
}

SEEDED_TEST(a_deadline_becomes_a_timeout_error, 5)
{
    begin();
    TRV_TIMEOUT(2) {
        ck_assert_int_eq(trv_sleep(1), 0);
        expect_cancelled();
        expect_time(2);
        expect_cancelled(); /* until the scope is left */
        ck_assert_int_eq(trv_checkpoint(), -1);
    }
    crew_expect_error(trv_TimeoutError);
    ck_assert_int_eq(trv_sleep(1), 0);
    expect_time(3);
}

/* One that caught the CancelledError and went on without blocking is left alone. */
SEEDED_TEST(a_swallowed_cancellation_is_gone, 5)
{
    TRV_TIMEOUT(2)
        expect_cancelled();
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_int_eq(trv_sleep(1), 0);
}

SEEDED_TEST(the_inner_deadline_comes_first, 5)
{
    begin();
    TRV_TIMEOUT(5) {
        TRV_TIMEOUT(1)
            (void)!trv_sleep(10);
        crew_expect_error(trv_TimeoutError);
        expect_time(1);
        ck_assert_int_eq(trv_sleep(1), 0); /* the outer one goes on */
        (void)!trv_sleep(10);
        expect_time(5);
    }
    crew_expect_error(trv_TimeoutError);
}

SEEDED_TEST(the_outer_deadline_comes_first, 5)
{
    begin();
    TRV_TIMEOUT(1) {
        TRV_TIMEOUT(5)
            (void)!trv_sleep(10);
        expect_time(1);
        ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1); /* not the inner one's affair */
        trv_error_clear();
        TRV_TIMEOUT(5)
            expect_cancelled();
        (void)!trv_sleep(10);
    }
    crew_expect_error(trv_TimeoutError);
}

/* Both have passed: the outer one is told, because code between the two must end as well. */
SEEDED_TEST(both_deadlines_passed, 5)
{
    bool went_on = false;

    TRV_TIMEOUT(1) {
        TRV_TIMEOUT(1)
            (void)!trv_sleep(10);
        went_on = trv_error_matches(trv_TimeoutError);
    }
    ck_assert_int_eq(went_on, 0);
    crew_expect_error(trv_TimeoutError);
}

SEEDED_TEST(a_shield_keeps_the_outside_out, 5)
{
    begin();
    TRV_TIMEOUT(1) {
        TRV_SHIELD {
            ck_assert_int_eq(trv_sleep(3), 0);
            expect_time(3);
            TRV_TIMEOUT(1) /* but not what is inside it */
                (void)!trv_sleep(10);
            crew_expect_error(trv_TimeoutError);
            expect_time(4);
            ck_assert_int_eq(trv_checkpoint(), 0);
        }
        expect_cancelled();
        expect_time(4);
        TRV_SHIELD
            ck_assert_int_eq(trv_sleep(1), 0);
        (void)!trv_sleep(1);
    }
    crew_expect_error(trv_TimeoutError);
}

SEEDED_TEST(no_time_at_all, 5)
{
    TRV_TIMEOUT(0)
        (void)!trv_sleep(1);
    crew_expect_error(trv_TimeoutError);
    TRV_TIMEOUT(0)
        ck_assert_int_eq(trv_error_occurred(), 0); /* what does not block is not ended */
    ck_assert_int_eq(trv_error_occurred(), 0);
}

/* Explicit cancelling ------------------------------------------------------------------------- */

TEST(cancelling_ones_own_scope)
{
    trv_scope scope, inner;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    ck_assert_int_eq(trv_scope_cancelled(&scope), 0);
    trv_scope_cancel(&scope);
    trv_scope_cancel(&scope);
    ck_assert_int_eq(trv_scope_cancelled(&scope), 1);
    ck_assert_int_eq(trv_scope_begin(&inner, 100), 0);
    ck_assert_int_eq(trv_sleep(1000), -1);
    ck_assert_int_eq(trv_scope_end(&inner), -1);
    ck_assert_int_eq(trv_error_matches(trv_CancelledError), 1);
    ck_assert_int_eq(trv_scope_end(&scope), 0); /* its own CancelledError ends here */
    ck_assert_int_eq(trv_error_occurred(), 0);
    ck_assert_int_eq(trv_sleep(0), 0);
    trv_scope_cancel(&scope); /* too late, and harmless */
    ck_assert_int_eq(trv_sleep(0), 0);
    ck_assert_int_eq(trv_scope_begin(&scope, -1), -1);
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

/* A CancelledError that came from elsewhere is nobody's own. */
TEST(a_foreign_cancelled_error_passes)
{
    trv_scope scope;

    ck_assert_int_eq(trv_scope_begin(&scope, 100), 0);
    (void)trv_raise(trv_CancelledError, "from a cancelled future");
    ck_assert_int_eq(trv_scope_end(&scope), -1);
    crew_expect_error(trv_CancelledError);
}

static trv_scope *outer_scope, *inner_scope;
static int outcome;

/* outer { inner, shielded or not { sleep } sleep }, being cancelled from outside. */
static void nest(void *is_shielded)
{
    trv_scope outer, shield, inner;

    ck_assert_int_eq(trv_scope_begin(&outer, TRV_FOREVER), 0);
    outer_scope = &outer;
    if (*(bool *)is_shielded)
        trv__scope_push_shield(&shield);
    ck_assert_int_eq(trv_scope_begin(&inner, 5), 0);
    inner_scope = &inner;
    outcome |= trv_sleep(100) < 0 ? 1 : 0;
    inner_scope = NULL;
    if (trv_scope_end(&inner) < 0) {
        outcome |= trv_error_matches(trv_TimeoutError) ? 2 : 4;
        trv_error_clear();
    }
    if (*(bool *)is_shielded)
        trv__scope_pop(&shield);
    outcome |= trv_sleep(1) < 0 ? 8 : 0;
    outer_scope = NULL;
    if (trv_scope_end(&outer) < 0)
        ck_abort_msg("an outer scope that was cancelled keeps its CancelledError");
}

static int run_nested(bool is_shielded, double cancel_outer_after, double cancel_inner_after)
{
    struct crew crew;
    double base = trv_time();

    outcome = 0;
    crew_begin(&crew);
    crew_start(&crew, nest, &is_shielded);
    for (int i = 0; i < 2; i++) {
        bool outer_is_next = (cancel_outer_after < cancel_inner_after) == (i == 0);
        double after = outer_is_next ? cancel_outer_after : cancel_inner_after;
        if (after > 50)
            continue;
        ck_assert_int_eq(trv_sleep(base + after - trv_time()), 0);
        if (outer_is_next && outer_scope)
            trv_scope_cancel(outer_scope);
        else if (!outer_is_next && inner_scope)
            trv_scope_cancel(inner_scope);
    }
    crew_join(&crew);
    return outcome;
}

SEEDED_TEST(cancelling_from_another_thread, 50)
{
    ck_assert_int_eq(run_nested(false, 99, 99), 1 | 2);
    ck_assert_int_eq(run_nested(false, 1, 99), 1 | 4 | 8);
    ck_assert_int_eq(run_nested(false, 99, 1), 1);
    ck_assert_int_eq(run_nested(false, 2, 1) & ~8, 1); /* of one instant, either comes first */
    ck_assert_int_eq(run_nested(true, 1, 99), 1 | 2 | 8);
    ck_assert_int_eq(run_nested(true, 1, 2), 1 | 8);
}

/* Who is cancelled just before it parks, while it is parked, or just after: it never sleeps on. */
static void sleep_in_scope(void *unused)
{
    trv_scope scope;

    (void)unused;
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    outer_scope = &scope;
    ck_assert_int_eq(trv_checkpoint() < 0 || trv_sleep(1e9) < 0, 1);
    outer_scope = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

SEEDED_TEST(cancelling_is_never_lost, 200)
{
    struct crew crew;
    double base = trv_time();

    crew_begin(&crew);
    crew_start(&crew, sleep_in_scope, NULL);
    while (!outer_scope)
        ck_assert_int_eq(trv_checkpoint(), 0);
    trv_scope_cancel(outer_scope);
    crew_join(&crew);
    ck_assert_double_le(trv_time() - base, 1);
}

/* A callback that fills a queue. */
static trv_object *put_on(const trv_args *args)
{
    trv_object *future;

    if (trv_parse(args, "o", &future) < 0 || trv_checkpoint() < 0 ||
        trv_queue_put(args->self, future, 0) < 0)
        return NULL;
    return trv_none_new();
}

TEST(callbacks_are_out_of_reach)
{
    trv_auto trv_object *queue = trv_queue_new(0), *future = trv_future_new();
    trv_auto trv_object *none = trv_none_new(), *got = NULL;
    trv_auto trv_object *callback = trv_function_new(put_on, "put_on(future): on a queue", queue);
    trv_scope scope;

    ck_assert_int_eq(trv_future_add_done_callback(future, callback), 0);
    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    trv_scope_cancel(&scope);
    ck_assert_int_eq(trv_future_set_result(future, none), 0);
    expect_cancelled();
    ck_assert_int_eq(trv_scope_end(&scope), 0);
    ck_assert_ptr_nonnull(got = trv_queue_get(queue, 0));
    ck_assert_ptr_eq(got, future);
}

TEST(the_outer_scope_is_left_first)
{
    trv_scope outer, inner;

    ck_assert_int_eq(trv_scope_begin(&outer, TRV_FOREVER), 0);
    ck_assert_int_eq(trv_scope_begin(&inner, TRV_FOREVER), 0);
    trv_scope_cancel(&inner);
    ck_assert_int_eq(trv_scope_end(&outer), 0);
    ck_assert_ptr_null(trv__current->context->scope);
    ck_assert_int_eq(trv_scope_end(&inner), 0);
    ck_assert_int_eq(trv_scope_end(&inner), 0);
    ck_assert_ptr_null(trv__current->context->scope);
    ck_assert_int_eq(trv_sleep(0), 0);
}

TEST_LIST(RUN(callbacks_are_out_of_reach), RUN(the_outer_scope_is_left_first),
          RUN(a_block_that_is_fast_enough), RUN(every_way_out_leaves_the_scope),
          RUN(a_deadline_becomes_a_timeout_error), RUN(a_swallowed_cancellation_is_gone),
          RUN(the_inner_deadline_comes_first), RUN(the_outer_deadline_comes_first),
          RUN(both_deadlines_passed), RUN(a_shield_keeps_the_outside_out), RUN(no_time_at_all),
          RUN(cancelling_ones_own_scope), RUN(a_foreign_cancelled_error_passes),
          RUN(cancelling_from_another_thread), RUN(cancelling_is_never_lost))
