/* SPDX-License-Identifier: MIT */
/* trv_map: order, laziness, failures in every part, dropping it half-way. */
#include "support/crew.h"

static trv_object *pool;
static int64_t given_out, calls_begun;

static void begin(unsigned workers)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = workers};

    pool = trv_thread_pool_new(&options);
    ck_assert_ptr_nonnull(pool);
}

static void end(void)
{
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    trv_unref(pool);
}

TRV_STATIC_FUNCTION(square, "square(n): n * n, slower for even n")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    calls_begun++;
    if (n == 13)
        return trv_raise(trv_KeyError, "13");
    if (n % 2 == 0 && trv_sleep(0.001) < 0)
        return NULL;
    return trv_int_new(n * n);
}

TRV_STATIC_FUNCTION(sleeps, "sleeps(n): n seconds")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0 || trv_sleep((double)n) < 0)
        return NULL;
    return trv_int_new(n);
}

/* An endless input that counts what it gives out, and fails at `fails_at`. */
static int64_t fails_at;

static int count_up(trv_object *self, trv_object **item)
{
    (void)self;
    if (given_out == fails_at)
        return trv_raise_int(trv_IndexError, "the input broke");
    *item = trv_int_new(given_out++);
    return *item ? 1 : -1;
}

static trv_object *itself(trv_object *self)
{
    return trv_ref(self);
}

static trv_object *endless(void)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "endless", .slots = {.iter = itself, .next = count_up}};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_object *made = trv_call(type, "");

    ck_assert_ptr_nonnull(made);
    given_out = calls_begun = 0;
    return made;
}

static int64_t next_number(trv_object *map)
{
    trv_auto trv_object *item = NULL;
    int64_t number = -1;
    int answer = trv_next(map, &item);

    if (answer == 1)
        ck_assert_int_eq(trv_int_get(item, &number), 0);
    return answer == 0 ? -2 : number;
}

static void squares_in_order(void)
{
    trv_auto trv_object *range = trv_range_new(20, 120, 1);
    trv_auto trv_object *map = trv_map(pool, square, range, NULL);

    for (int64_t n = 20; n < 120; n++)
        ck_assert_int_eq(next_number(map), n * n);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(next_number(map), -2);
        crew_expect_no_error("an iterator at its end");
    }
}

TEST(results_come_in_order)
{
    begin(4);
    squares_in_order();
    end();
}

SEEDED_TEST(results_come_in_order_under_any_seed, 100)
{
    begin(3);
    squares_in_order();
    end();
}

TEST(inline_calls_run_when_they_are_asked_for)
{
    trv_auto trv_object *input = endless();
    trv_auto trv_object *map = NULL;

    fails_at = -1;
    pool = trv_inline_executor_new();
    map = trv_map(pool, square, input, NULL);
    ck_assert_int_eq(calls_begun, 0);
    for (int64_t n = 0; n < 3; n++) {
        ck_assert_int_eq(next_number(map), n * n);
        ck_assert_int_eq(calls_begun, n + 1);
    }
    end();
}

TEST(the_input_is_read_as_far_as_the_look_ahead)
{
    trv_auto trv_object *input = endless();
    trv_auto trv_object *map = NULL;
    trv_map_options options = {.size = sizeof options, .lookahead = 5};

    fails_at = -1;
    begin(2);
    map = trv_map(pool, square, input, &options);
    ck_assert_int_eq(given_out, 5);
    for (int64_t n = 0; n < 10; n++) {
        ck_assert_int_eq(next_number(map), n * n);
        ck_assert_int_eq(given_out, 5 + n);
    }
    trv_clear(&map); /* an endless one is dropped without ado */
    end();
}

TEST(an_exception_of_a_call_ends_it)
{
    trv_auto trv_object *range = trv_range_new(10, 200, 1);
    trv_auto trv_object *map = NULL;

    begin(2);
    map = trv_map(pool, square, range, NULL);
    for (int64_t n = 10; n < 13; n++)
        ck_assert_int_eq(next_number(map), n * n);
    ck_assert_int_eq(next_number(map), -1);
    crew_expect_error(trv_KeyError);
    ck_assert_int_eq(next_number(map), -2);
    crew_expect_no_error("a map that has ended");
    end();
}

TEST(a_broken_input_is_told_after_the_results)
{
    trv_auto trv_object *input = endless();
    trv_auto trv_object *map = NULL;

    fails_at = 4;
    begin(2);
    map = trv_map(pool, square, input, NULL);
    crew_expect_no_error("trv_map");
    for (int64_t n = 0; n < 4; n++)
        ck_assert_int_eq(next_number(map), n * n);
    ck_assert_int_eq(next_number(map), -1);
    crew_expect_error(trv_IndexError);
    ck_assert_int_eq(next_number(map), -2);
    end();
}

TEST(misuse_is_an_exception)
{
    trv_auto trv_object *number = trv_int_new(1);
    trv_auto trv_object *list = trv_list_new();

    begin(1);
    ck_assert_ptr_null(trv_map(pool, square, number, NULL));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_map(pool, number, list, NULL));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_map(number, square, list, NULL));
    crew_expect_error(trv_TypeError);
    ck_assert_ptr_null(trv_map(pool, square, NULL, NULL));
    crew_expect_error(trv_SystemError);
    ck_assert_ptr_null(trv_map(pool, square, list,
                               &(trv_map_options){.size = sizeof(trv_map_options), .timeout = -1}));
    crew_expect_error(trv_ValueError);
    end();
}

/* On the virtual clock: two workers, calls of a second each. */
SEEDED_TEST(a_result_must_be_there_in_time, 20)
{
    trv_auto trv_object *ones = trv_build("[i i i i i i i i]", 1, 1, 1, 1, 1, 1, 1, 1);
    trv_auto trv_object *map = NULL;
    trv_map_options options = {.size = sizeof options, .timeout = 2.5};
    double began = trv_time();

    begin(2);
    map = trv_map(pool, sleeps, ones, &options);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(next_number(map), 1);
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-3);
    ck_assert_int_eq(next_number(map), -1);
    crew_expect_error(trv_TimeoutError);
    ck_assert_double_eq_tol(trv_time() - began, 2.5, 1e-3);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_double_eq_tol(trv_time() - began, 3, 1e-3); /* the other two were cancelled */
    end();
}

SEEDED_TEST(dropping_it_cancels_what_has_not_begun, 50)
{
    trv_auto trv_object *ones = trv_build("[i i i i i i]", 1, 1, 1, 1, 1, 1);
    trv_map_options options = {.size = sizeof options, .lookahead = 6};
    trv_object *map;
    double began = trv_time();

    begin(2);
    map = trv_map(pool, sleeps, ones, &options);
    ck_assert_int_eq(next_number(map), 1);
    ck_assert_int_eq(trv_sleep(0.5), 0);
    trv_unref(map);
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_double_eq_tol(trv_time() - began, 2, 1e-3);
    end();
}

/* An input that reads the map it feeds. */
static trv_object *own_map;
static int was_refused;

static int read_own_map(trv_object *self, trv_object **item)
{
    trv_object *ignored = NULL;

    (void)self;
    if (own_map && trv_next(own_map, &ignored) < 0 && trv_error_matches(trv_RuntimeError)) {
        was_refused = 1;
        return -1;
    }
    *item = trv_int_new(3);
    return 1;
}

TEST(an_input_cannot_read_its_own_map)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "reader", .slots = {.iter = itself, .next = read_own_map}};
    trv_auto trv_object *type = trv_type_new(&spec);
    trv_auto trv_object *input = trv_call(type, "");
    trv_map_options options = {.size = sizeof options, .lookahead = 1};

    begin(1);
    own_map = trv_map(pool, square, input, &options);
    ck_assert_int_eq(next_number(own_map), 9);
    ck_assert_int_eq(next_number(own_map), -1);
    crew_expect_error(trv_RuntimeError);
    ck_assert_int_eq(was_refused, 1);
    trv_clear(&own_map);
    end();
}

/* Chunks ------------------------------------------------------------------------------------------ */

TRV_STATIC_FUNCTION(add_one, "add_one(n): n + 1; KeyError for 13, what cannot travel for 17")
{
    int64_t n;

    if (trv_parse(args, "l", &n) < 0)
        return NULL;
    if (n == 13)
        return trv_raise(trv_KeyError, "13");
    return n == 17 ? trv_event_new() : trv_int_new(n + 1);
}

static trv_object *new_process_pool(void)
{
    trv_process_pool_options options = {.size = sizeof options, .workers = 2};
    trv_object *made = trv_process_pool_new(&options);

    ck_assert_ptr_nonnull(made);
    return made;
}

static const size_t chunks[] = {0, 1, 2, 3, 7, 100, 100000};

/* Every item once and in order, whatever a chunk has; 0 to so many items. */
static void map_in_chunks(trv_object *executor)
{
    static const int64_t counts[] = {0, 1, 2, 5, 13};

    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            trv_map_options options = {.size = sizeof options, .chunk = chunks[i]};
            trv_auto trv_object *range = trv_range_new(0, counts[c], 1);
            trv_auto trv_object *map = trv_map(executor, add_one, range, &options);
            ck_assert_ptr_nonnull(map);
            for (int64_t n = 0; n < counts[c]; n++)
                ck_assert_int_eq(next_number(map), n + 1);
            ck_assert_int_eq(next_number(map), -2);
            crew_expect_no_error("a map in chunks");
        }
}

SEEDED_TEST(chunks_on_threads, 30)
{
    begin(3);
    map_in_chunks(pool);
    end();
}

TEST(chunks_on_other_legs)
{
    pool = new_process_pool();
    map_in_chunks(pool);
    end();
    pool = trv_coroutine_pool_new(NULL);
    map_in_chunks(pool);
    end();
    pool = trv_inline_executor_new();
    map_in_chunks(pool);
    end();
}

TEST(many_items_in_chunks_that_grow)
{
    trv_auto trv_object *range = trv_range_new(100, 20000, 1);
    trv_auto trv_object *map = NULL;

    pool = new_process_pool();
    map = trv_map(pool, add_one, range, NULL);
    for (int64_t n = 100; n < 20000; n++)
        ck_assert_int_eq(next_number(map), n + 1);
    ck_assert_int_eq(next_number(map), -2);
    crew_expect_no_error("a long map");
    end();
}

/* The ones before it in its chunk have their results. */
static void fail_in_a_chunk(trv_object *executor, int64_t first, int64_t bad, trv_object *type)
{
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        trv_map_options options = {.size = sizeof options, .chunk = chunks[i]};
        trv_auto trv_object *range = trv_range_new(first, 40, 1);
        trv_auto trv_object *map = trv_map(executor, add_one, range, &options);
        for (int64_t n = first; n < bad; n++)
            ck_assert_int_eq(next_number(map), n + 1);
        ck_assert_int_eq(next_number(map), -1);
        crew_expect_error(type);
    }
}

TEST(one_item_fails_alone)
{
    begin(2);
    fail_in_a_chunk(pool, 0, 13, trv_KeyError);
    end();
    pool = new_process_pool();
    fail_in_a_chunk(pool, 0, 13, trv_KeyError);
    fail_in_a_chunk(pool, 14, 17, trv_PicklingError);
    end();
}

/* What cannot travel there ends the input where it stands. */
TEST(an_item_that_cannot_be_sent)
{
    trv_auto trv_object *event = trv_event_new();
    trv_auto trv_object *list = trv_build("[i i i o i]", 1, 2, 3, event, 4);

    pool = new_process_pool();
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        trv_map_options options = {.size = sizeof options, .chunk = chunks[i]};
        trv_auto trv_object *map = trv_map(pool, add_one, list, &options);
        for (int64_t n = 1; n <= 3; n++)
            ck_assert_int_eq(next_number(map), n + 1);
        ck_assert_int_eq(next_number(map), -1);
        crew_expect_error(trv_PicklingError);
    }
    end();
}

/* The look-ahead counts items. */
TEST(chunks_are_no_longer_than_the_look_ahead)
{
    trv_map_options options = {.size = sizeof options, .chunk = 100, .lookahead = 5};
    trv_auto trv_object *input = NULL;
    trv_auto trv_object *map = NULL;

    fails_at = INT64_MAX;
    input = endless();
    begin(2);
    map = trv_map(pool, add_one, input, &options);
    ck_assert_int_eq(given_out, 5);
    for (int i = 1; i <= 12; i++)
        ck_assert_int_eq(next_number(map), i);
    ck_assert_int_le(given_out, 17);
    trv_clear(&map);
    end();
}

TEST_LIST(RUN(chunks_on_threads), RUN(chunks_on_other_legs), RUN(many_items_in_chunks_that_grow),
          RUN(one_item_fails_alone), RUN(an_item_that_cannot_be_sent),
          RUN(chunks_are_no_longer_than_the_look_ahead), RUN(results_come_in_order),
          RUN(results_come_in_order_under_any_seed), RUN(inline_calls_run_when_they_are_asked_for),
          RUN(the_input_is_read_as_far_as_the_look_ahead), RUN(an_exception_of_a_call_ends_it),
          RUN(a_broken_input_is_told_after_the_results), RUN(misuse_is_an_exception),
          RUN(a_result_must_be_there_in_time), RUN(dropping_it_cancels_what_has_not_begun),
          RUN(an_input_cannot_read_its_own_map))
