/* SPDX-License-Identifier: MIT */
/*
 * Queues by kind: last in first out, by priority with comparisons that fail, block or interfere;
 * joining; shutting down at once. What all kinds share is in test_queue.c.
 */
#include "support/crew.h"

#include "base/fault.h"

static trv_object *queue;

static int put_text(const char *text, int64_t priority, double timeout)
{
    trv_auto trv_object *item = trv_build("(ls)", priority, text);

    return trv_queue_put(queue, item, timeout);
}

static int put(int64_t number, double timeout)
{
    trv_auto trv_object *item = trv_int_new(number);

    return trv_queue_put(queue, item, timeout);
}

static int64_t get(double timeout)
{
    trv_auto trv_object *item = trv_queue_get(queue, timeout);
    int64_t number = -1;

    ck_assert_msg(!item == !!trv_error_occurred(), "an item or an exception, not both");
    if (item)
        ck_assert_int_eq(trv_int_get(item, &number), 0);
    return number;
}

static size_t length(void)
{
    size_t count = 999;

    ck_assert_int_eq(trv_queue_len(queue, &count), 0);
    return count;
}

static int64_t unfinished(void)
{
    trv_auto trv_object *number = trv_getattr(queue, "unfinished_tasks");
    int64_t value = -1;

    ck_assert_int_eq(trv_int_get(number, &value), 0);
    return value;
}

/* Order --------------------------------------------------------------------------------------- */

TEST(last_in_first_out)
{
    trv_auto trv_object *text = NULL;

    queue = trv_lifo_queue_new(0);
    for (int i = 0; i < 40; i++)
        ck_assert_int_eq(put(i, 0), 0);
    for (int i = 39; i >= 20; i--)
        ck_assert_int_eq(get(0), i);
    ck_assert_int_eq(put(7, 0), 0);
    ck_assert_int_eq(get(0), 7);
    ck_assert_int_eq(get(0), 19);
    text = trv_repr(queue);
    ck_assert_ptr_nonnull(strstr(trv_str_utf8(text, NULL), "<lifo_queue at "));
    ck_assert_int_eq(trv_isinstance(queue, trv_queue_type), 1);
    trv_unref(queue);
}

/* Any order in, the sorted one out, also with gets in between. */
TEST(the_least_first)
{
    uint32_t random = 12345;
    int64_t before;

    queue = trv_call(trv_priority_queue_type, "");
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 1 + round % 37; i++) {
            random = random * 1664525 + 1013904223;
            ck_assert_int_eq(put(random >> 20, 0), 0);
        }
        before = -1;
        for (size_t left = round % 2 ? 0 : length() / 2; length() > left;) {
            int64_t item = get(0);
            ck_assert_int_ge(item, before);
            before = item;
        }
    }
    trv_unref(queue);
}

TEST(questions)
{
    size_t capacity = 0;

    queue = trv_priority_queue_new(2);
    ck_assert_int_eq(trv_queue_empty(queue), 1);
    ck_assert_int_eq(trv_queue_full(queue), 0);
    ck_assert_int_eq(put(2, 0), 0);
    ck_assert_int_eq(trv_queue_empty(queue), 0);
    ck_assert_int_eq(put(1, 0), 0);
    ck_assert_int_eq(trv_queue_full(queue), 1);
    ck_assert_int_eq(put(0, 0), -1);
    crew_expect_error(trv_QueueFull);
    ck_assert_int_eq(trv_queue_capacity(queue, &capacity), 0);
    ck_assert_uint_eq(capacity, 2);
    trv_unref(queue);
    queue = trv_lifo_queue_new(0);
    ck_assert_int_eq(trv_queue_full(queue), 0);
    ck_assert_int_eq(trv_queue_full(trv_lock_type), -1);
    crew_expect_error(trv_TypeError);
    trv_unref(queue);
}

/* Comparisons are code of the user ------------------------------------------------------------ */

/* What cannot be compared is refused, and nothing that was in is lost. */
TEST(what_cannot_be_compared_stays_out)
{
    queue = trv_priority_queue_new(0);
    for (int i = 9; i > 0; i--)
        ck_assert_int_eq(put(i, 0), 0);
    ck_assert_int_eq(put_text("text", 5, 0), -1);
    crew_expect_error(trv_TypeError);
    ck_assert_uint_eq(length(), 9);
    ck_assert_int_eq(unfinished(), 9);
    for (int i = 1; i < 10; i++)
        ck_assert_int_eq(get(0), i);
    trv_unref(queue);
}

/* Items of a type whose comparison does what it is told. */
static enum { COMPARE, RAISE, SLEEP, PUT, GET, END } manner;
static int compared, raise_at;

struct thing {
    int64_t rank;
};

static trv_object *thing_type;

static int thing_compare(trv_object *a, trv_object *b, trv_comparison op)
{
    struct thing *one = trv_data(a, thing_type), *two = trv_data(b, thing_type);
    trv_auto trv_object *item = NULL;

    ck_assert_int_eq(op, TRV_LESS);
    compared++;
    switch (manner) {
    case COMPARE:
        break;
    case RAISE:
        if (compared == raise_at)
            return trv_raise_int(trv_KeyError, "at comparison %d", compared);
        break;
    case SLEEP:
        ck_assert_int_eq(trv_checkpoint(), 0);
        if (trv_sleep(1) < 0)
            return -1;
        break;
    case PUT:
        if (put(1, 0) < 0)
            return -1;
        break;
    case GET:
        if (!(item = trv_queue_get(queue, 0)))
            return -1;
        break;
    case END:
        if (trv_queue_shutdown_now(queue) < 0)
            return -1;
        break;
    }
    return one->rank < two->rank;
}

static void make_thing_type(void)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "thing",
                          .data_size = sizeof(struct thing),
                          .slots = {.compare = thing_compare}};

    thing_type = trv_type_new(&spec);
    ck_assert_ptr_nonnull(thing_type);
}

static trv_object *thing_new(int64_t rank)
{
    trv_object *thing = trv_call(thing_type, "");

    ck_assert_ptr_nonnull(thing);
    ((struct thing *)trv_data(thing, thing_type))->rank = rank;
    return thing;
}

static int put_thing(int64_t rank)
{
    trv_auto trv_object *thing = thing_new(rank);

    return trv_queue_put(queue, thing, 0);
}

static int64_t get_thing(void)
{
    trv_auto trv_object *thing = trv_queue_get(queue, 0);

    return thing ? ((struct thing *)trv_data(thing, thing_type))->rank : -1;
}

/* Whichever comparison raises, the queue is as it was, and what is in it comes out in order. */
TEST(a_failing_comparison_changes_nothing)
{
    make_thing_type();
    for (raise_at = 1; raise_at < 60; raise_at++) {
        int next = 0, failures = 0;
        queue = trv_priority_queue_new(0);
        compared = 0;
        manner = RAISE;
        for (int i = 0; i < 12; i++)
            if (put_thing(i * 5 % 12) < 0) {
                crew_expect_error(trv_KeyError);
                ck_assert_uint_eq(length(), (size_t)i);
                failures++;
                i--;
            }
        while (length()) {
            int64_t rank = get_thing();
            if (rank < 0) {
                crew_expect_error(trv_KeyError);
                failures++;
                continue;
            }
            ck_assert_int_eq(rank, next++);
        }
        ck_assert_int_eq(next, 12);
        ck_assert_int_le(failures, 1);
        trv_unref(queue);
    }
    trv_unref(thing_type);
}

TEST(a_comparison_may_not_interfere)
{
    make_thing_type();
    queue = trv_priority_queue_new(0);
    manner = COMPARE;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(put_thing(i), 0);
    for (manner = SLEEP; manner <= END; manner++) {
        ck_assert_int_eq(put_thing(0), -1);
        crew_expect_error(trv_RuntimeError);
        ck_assert_int_eq(get_thing(), -1);
        crew_expect_error(trv_RuntimeError);
        ck_assert_uint_eq(length(), 4);
    }
    manner = COMPARE;
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(get_thing(), i);
    ck_assert_int_eq(trv_sleep(0), 0); /* and blocking is allowed again */
    trv_unref(queue);
    trv_unref(thing_type);
}

/* A putter that waits, and whose item then cannot be compared, is told; the next one goes on. */
static int refused, admitted;

static void put_what_does_not_fit(void *unused)
{
    (void)unused;
    if (put_text("text", 1, TRV_FOREVER) == 0) {
        admitted++;
        return;
    }
    crew_expect_error(trv_TypeError);
    refused++;
}

static void put_what_fits(void *unused)
{
    (void)unused;
    ck_assert_int_eq(put(5, TRV_FOREVER), 0);
    admitted++;
}

SEEDED_TEST(a_putter_is_told_that_its_item_does_not_fit, 300)
{
    static const struct crew_member members[] = {
        {put_what_does_not_fit, NULL}, {put_what_fits, NULL}, {put_what_does_not_fit, NULL}};
    struct crew crew;

    queue = trv_priority_queue_new(2);
    ck_assert_int_eq(put(3, 0), 0);
    ck_assert_int_eq(put(4, 0), 0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_settle();
    ck_assert_int_eq(get(0), 3);
    crew_settle();
    ck_assert_int_eq(admitted, 1);
    ck_assert_uint_eq(length(), 2);
    ck_assert_int_eq(get(0), 4);
    crew_join(&crew); /* those who were still in line met a queue with 5 in it */
    ck_assert_int_eq(admitted, 1);
    ck_assert_int_eq(refused, 2);
    ck_assert_int_eq(get(0), 5);
    ck_assert_int_eq(unfinished(), 3);
    trv_unref(queue);
}

/* Joining ------------------------------------------------------------------------------------- */

static int done, joined;

static void consume(void *unused)
{
    (void)unused;
    while (get(TRV_FOREVER) >= 0) {
        ck_assert_int_eq(done % 2 ? trv_reschedule() : trv_sleep(0.01), 0);
        done++;
        ck_assert_int_eq(trv_queue_task_done(queue), 0);
    }
    crew_expect_error(trv_QueueShutDown);
}

static void join_it(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_queue_join(queue, TRV_FOREVER), 1);
    ck_assert_int_eq(done, 10);
    joined++;
}

SEEDED_TEST(join_waits_until_all_is_done, 500)
{
    static const struct crew_member members[] = {
        {consume, NULL}, {join_it, NULL}, {consume, NULL}, {join_it, NULL}};
    struct crew crew;

    queue = trv_queue_new(0);
    ck_assert_int_eq(trv_queue_join(queue, TRV_FOREVER), 1);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(put(i, 0), 0);
    ck_assert_int_eq(trv_queue_join(queue, 0), 0);
    ck_assert_int_eq(trv_queue_join(queue, 0.001), 0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    join_it(NULL);
    ck_assert_int_eq(trv_queue_shutdown(queue), 0);
    crew_join(&crew);
    ck_assert_int_eq(joined, 3);
    ck_assert_int_eq(trv_queue_task_done(queue), -1);
    crew_expect_error(trv_ValueError);
    trv_unref(queue);
}

/* Shutting down at once ----------------------------------------------------------------------- */

TEST(at_once_drops_what_is_in_it)
{
    queue = trv_queue_new(0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(put(i, 0), 0);
    ck_assert_int_eq(get(0), 0);
    ck_assert_int_eq(trv_queue_shutdown_now(queue), 0);
    ck_assert_uint_eq(length(), 0);
    ck_assert_int_eq(unfinished(), 1); /* the one that was taken out */
    ck_assert_int_eq(get(0), -1);
    crew_expect_error(trv_QueueShutDown);
    ck_assert_int_eq(trv_queue_join(queue, 0), 0);
    ck_assert_int_eq(trv_queue_task_done(queue), 0);
    ck_assert_int_eq(trv_queue_join(queue, TRV_FOREVER), 1);
    trv_unref(queue);
}

static void put_and_meet_the_end(void *unused)
{
    (void)unused;
    ck_assert_int_eq(put(8, TRV_FOREVER), -1);
    crew_expect_error(trv_QueueShutDown);
}

static void join_in_the_end(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_queue_join(queue, TRV_FOREVER), 1);
    joined++;
}

SEEDED_TEST(at_once_ends_all_waits, 300)
{
    static const struct crew_member members[] = {{put_and_meet_the_end, NULL},
                                                 {join_in_the_end, NULL},
                                                 {put_and_meet_the_end, NULL},
                                                 {join_in_the_end, NULL}};
    struct crew crew;

    queue = trv_lifo_queue_new(2);
    ck_assert_int_eq(put(1, 0), 0);
    ck_assert_int_eq(put(2, 0), 0);
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 4);
    crew_settle();
    ck_assert_int_eq(trv_queue_shutdown_now(queue), 0);
    crew_join(&crew);
    ck_assert_int_eq(joined, 2);
    ck_assert_uint_eq(length(), 0);
    trv_unref(queue);
}

/* An item whose end uses the queue finds it shut down. */
static int ended;

static void use_queue(trv_object *self)
{
    (void)self;
    ended++;
    ck_assert_int_eq(put(1, 0), -1);
    crew_expect_error(trv_QueueShutDown);
    (void)length();
}

TEST(items_that_end_at_once_find_it_whole)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "last", .slots = {.finalize = use_queue}};
    trv_auto trv_object *type = trv_type_new(&spec);

    queue = trv_queue_new(0);
    for (int i = 0; i < 5; i++) {
        trv_auto trv_object *item = trv_call(type, "");
        ck_assert_int_eq(trv_queue_put(queue, item, 0), 0);
    }
    ck_assert_int_eq(trv_queue_shutdown_now(queue), 0);
    ck_assert_int_eq(ended, 5);
    trv_unref(queue);
}

/* Cancellation: what was put is received, in it, or was never put, in each kind --------------- */

static trv_scope *scopes[4];
static int got_some, put_some;

static void exchange_in_scope(void *number)
{
    int mine = *(int *)number;
    trv_scope scope;

    ck_assert_int_eq(trv_scope_begin(&scope, TRV_FOREVER), 0);
    scopes[mine] = &scope;
    if (mine % 2)
        got_some += get(TRV_FOREVER) >= 0;
    else
        put_some += put(mine, TRV_FOREVER) == 0;
    scopes[mine] = NULL;
    ck_assert_int_eq(trv_scope_end(&scope), 0);
}

static void cancel_some(void *unused)
{
    (void)unused;
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(trv_reschedule(), 0);
        if (scopes[i])
            trv_scope_cancel(scopes[i]);
    }
}

static void exchange(void)
{
    static int numbers[] = {0, 1, 2, 3};
    struct crew_member members[5] = {[4] = {cancel_some, NULL}};
    struct crew crew;

    for (int i = 0; i < 4; i++)
        members[i] = (struct crew_member){exchange_in_scope, &numbers[i]};
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 5);
    crew_settle();
    for (int i = 0; i < 4; i++)
        if (scopes[i])
            trv_scope_cancel(scopes[i]);
    crew_join(&crew);
    ck_assert_int_eq(put_some - got_some, (int)length());
    ck_assert_int_eq(unfinished(), put_some);
    trv_unref(queue);
}

SEEDED_TEST(cancelling_a_fifo, 1000)
{
    queue = trv_queue_new(1);
    exchange();
}

SEEDED_TEST(cancelling_a_lifo, 1000)
{
    queue = trv_lifo_queue_new(1);
    exchange();
}

SEEDED_TEST(cancelling_by_priority, 1000)
{
    queue = trv_priority_queue_new(1);
    exchange();
}

/* Methods, memory ----------------------------------------------------------------------------- */

static trv_object *call_method(const char *name, trv_object *argument)
{
    trv_auto trv_object *method = trv_getattr(queue, name);

    if (!method)
        return NULL;
    return argument ? trv_call(method, "o", argument) : trv_call(method, "");
}

TEST(it_has_methods)
{
    trv_auto trv_object *one = trv_int_new(1), *attribute = NULL, *size = NULL, *taken = NULL;

    queue = trv_call(trv_lifo_queue_type, "i", 1);
    ck_assert_int_eq(trv_is(call_method("empty", NULL), trv_bool_new(1)), 1);
    ck_assert_int_eq(trv_is_none(call_method("put", one)), 1);
    ck_assert_ptr_null(call_method("put_nowait", one));
    crew_expect_error(trv_QueueFull);
    ck_assert_int_eq(trv_is(call_method("full", NULL), trv_bool_new(1)), 1);
    size = call_method("qsize", NULL);
    ck_assert_int_eq(trv_truth(size), 1);
    taken = call_method("get", NULL);
    ck_assert_int_eq(trv_is(taken, one), 1);
    ck_assert_ptr_null(call_method("get_nowait", NULL));
    crew_expect_error(trv_QueueEmpty);
    ck_assert_int_eq(trv_is_none(call_method("task_done", NULL)), 1);
    ck_assert_ptr_null(call_method("task_done", NULL));
    crew_expect_error(trv_ValueError);
    ck_assert_int_eq(trv_is(call_method("join", NULL), trv_bool_new(1)), 1);
    attribute = trv_getattr(queue, "maxsize");
    ck_assert_int_eq(trv_truth(attribute), 1);
    ck_assert_int_eq(trv_is(trv_getattr(queue, "is_shutdown"), trv_bool_new(0)), 1);
    ck_assert_int_eq(trv_is_none(call_method("shutdown", one)), 1);
    ck_assert_int_eq(trv_is(trv_getattr(queue, "is_shutdown"), trv_bool_new(1)), 1);
    trv_unref(queue);
}

static int use_all(trv_object *(*make)(size_t))
{
    trv_auto trv_object *text = NULL;

    queue = make(0);
    if (!queue)
        return -1;
    for (int i = 0; i < 40; i++)
        if (put(1000 - i, 0) < 0)
            return -1;
    for (int i = 0; i < 30; i++)
        if (get(0) < 0)
            return -1;
    text = trv_repr(queue);
    if (!text)
        return -1;
    ck_assert_uint_eq(length(), 10);
    return trv_queue_shutdown_now(queue);
}

TEST(when_memory_runs_out)
{
    trv_object *(*const kinds[])(size_t) = {trv_queue_new, trv_lifo_queue_new,
                                            trv_priority_queue_new};

    for (int kind = 0; kind < 3; kind++)
        for (uint64_t nth = 1; nth < 300; nth++) {
            bool has_struck;
            int answer;
            trv__fault_arm(nth);
            answer = use_all(kinds[kind]);
            has_struck = trv__fault_struck();
            trv__fault_arm(0);
            if (answer < 0)
                crew_expect_error(trv_MemoryError);
            trv_clear(&queue);
            ck_assert(answer == 0 || has_struck);
            if (!has_struck)
                break;
        }
}

TEST_LIST(RUN(last_in_first_out), RUN(the_least_first), RUN(questions),
          RUN(what_cannot_be_compared_stays_out), RUN(a_failing_comparison_changes_nothing),
          RUN(a_comparison_may_not_interfere), RUN(a_putter_is_told_that_its_item_does_not_fit),
          RUN(join_waits_until_all_is_done), RUN(at_once_drops_what_is_in_it),
          RUN(at_once_ends_all_waits), RUN(items_that_end_at_once_find_it_whole),
          RUN(cancelling_a_fifo), RUN(cancelling_a_lifo), RUN(cancelling_by_priority),
          RUN(it_has_methods), RUN(when_memory_runs_out))
