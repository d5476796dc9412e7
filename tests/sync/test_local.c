/* SPDX-License-Identifier: MIT */
/*
 * The local: each task sees its own attributes; they end with the task, with the local, and with the
 * cycle that only they close.
 */
#include "support/crew.h"

#include "base/fault.h"

static trv_object *local;

static void set_number(trv_object *where, const char *name, int64_t value)
{
    trv_auto trv_object *number = trv_int_new(value);

    ck_assert_int_eq(trv_setattr(where, name, number), 0);
}

static int64_t number_of(trv_object *where, const char *name)
{
    trv_auto trv_object *number = trv_getattr(where, name);
    int64_t value = -1;

    if (!number)
        crew_expect_error(trv_AttributeError);
    else
        ck_assert_int_eq(trv_int_get(number, &value), 0);
    return value;
}

TEST(it_has_attributes)
{
    local = trv_call(trv_local_type, "");
    ck_assert_int_eq(number_of(local, "x"), -1);
    ck_assert_int_eq(trv_delattr(local, "x"), -1);
    crew_expect_error(trv_AttributeError);
    set_number(local, "x", 1);
    set_number(local, "y", 2);
    set_number(local, "x", 3);
    ck_assert_int_eq(number_of(local, "x"), 3);
    ck_assert_int_eq(trv_delattr(local, "x"), 0);
    ck_assert_int_eq(number_of(local, "x"), -1);
    ck_assert_int_eq(number_of(local, "y"), 2);
    ck_assert_int_eq(trv_delattr(local, "x"), -1);
    crew_expect_error(trv_AttributeError);
    ck_assert_ptr_null(trv_call(trv_local_type, "i", 1));
    crew_expect_error(trv_TypeError);
    trv_unref(local);
}

TEST(many_locals_do_not_mix)
{
    trv_object *locals[20];

    for (int i = 0; i < 20; i++) {
        locals[i] = trv_local_new();
        set_number(locals[i], "n", i);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 20; i++)
            ck_assert_int_eq(number_of(locals[i * 7 % 20], "n"), i * 7 % 20);
    for (int i = 0; i < 20; i += 2)
        trv_unref(locals[i]);
    for (int i = 1; i < 20; i += 2) {
        ck_assert_int_eq(number_of(locals[i], "n"), i);
        trv_unref(locals[i]);
    }
    ck_assert_ptr_null(trv__current->context->locals);
}

/* Tasks --------------------------------------------------------------------------------------- */

static void count_alone(void *argument)
{
    int64_t mine = *(int *)argument;

    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(number_of(local, "n"), i ? mine + i - 1 : -1);
        set_number(local, "n", mine + i);
        ck_assert_int_eq(i % 2 ? trv_reschedule() : trv_sleep(0.01), 0);
        ck_assert_int_eq(number_of(local, "n"), mine + i);
    }
}

SEEDED_TEST(each_task_has_its_own, 500)
{
    static int numbers[] = {100, 200, 300, 400};
    const struct crew_member members[] = {{count_alone, &numbers[0]},
                                          {count_alone, &numbers[1]},
                                          {count_alone, &numbers[2]},
                                          {count_alone, &numbers[3]}};
    struct crew crew;

    local = trv_local_new();
    set_number(local, "n", 7);
    crew_begin(&crew);
    for (int round = 0; round < 2; round++) { /* later tasks do not find what earlier ones left */
        crew_start_mixed(&crew, members, 4);
        crew_join(&crew);
    }
    ck_assert_int_eq(number_of(local, "n"), 7);
    trv_unref(local);
}

/* Values end with their task; their finalizers find it without locals. */
static int ended, refused;
static trv_object *ending_type;

static void at_end(trv_object *self)
{
    ended++;
    ck_assert_int_eq(number_of(local, "n"), -1);
    if (trv_setattr(local, "again", self) < 0) {
        crew_expect_error(trv_RuntimeError);
        refused++;
    }
}

static void make_ending_type(void)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "ending", .slots = {.finalize = at_end}};

    ending_type = trv_type_new(&spec);
}

static void keep_one(void *unused)
{
    trv_auto trv_object *value = trv_call(ending_type, "");
    int before = ended;

    (void)unused;
    ck_assert_int_eq(trv_setattr(local, "kept", value), 0);
    trv_clear(&value);
    ck_assert_int_eq(ended, before);
}

SEEDED_TEST(values_end_with_the_task, 200)
{
    static const struct crew_member members[] = {
        {keep_one, NULL}, {keep_one, NULL}, {keep_one, NULL}};
    struct crew crew;

    make_ending_type();
    local = trv_local_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 3);
    crew_join(&crew);
    ck_assert_int_eq(trv_sleep(0.01), 0); /* the crew is told before its threads have ended */
    ck_assert_int_eq(ended, 3);
    ck_assert_int_eq(refused, 3);
    trv_unref(local);
    trv_unref(ending_type);
}

TRV_STATIC_FUNCTION(set_local, "set_local(): one more than what it finds")
{
    int64_t before = number_of(local, "calls");

    set_number(local, "calls", before + 1);
    return trv_int_new(before + 1);
}

TEST(a_worker_of_a_thread_pool_keeps_them)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 1};
    trv_auto trv_object *pool = trv_thread_pool_new(&options);

    local = trv_local_new();
    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *future = trv_submit(pool, set_local, "");
        trv_auto trv_object *result = trv_future_result(future, TRV_FOREVER);
        int64_t value;
        ck_assert_int_eq(trv_int_get(result, &value), 0);
        ck_assert_int_eq(value, i);
    }
    ck_assert_int_eq(trv_shutdown(pool, NULL), 0);
    ck_assert_int_eq(number_of(local, "calls"), -1);
    trv_unref(local);
}

/* The local's own end, and cycles ------------------------------------------------------------- */

static trv_object *started;
static int after_end;

static void outlive(void *unused)
{
    (void)unused;
    keep_one(NULL);
    ck_assert_int_eq(trv_event_wait(started, TRV_FOREVER), 1);
    ck_assert_ptr_null(trv__current->context->locals);
    after_end++;
}

/* Other tasks' values go with the local, while those tasks wait. */
SEEDED_TEST(values_end_with_the_local, 200)
{
    static const struct crew_member members[] = {{outlive, NULL}, {outlive, NULL}};
    trv_object *mine;
    struct crew crew;

    make_ending_type();
    local = mine = trv_local_new();
    started = trv_event_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 2);
    crew_settle();
    local = trv_local_new(); /* for the finalizers to ask */
    trv_unref(mine);
    ck_assert_int_eq(ended, 2);
    ck_assert_int_eq(trv_event_set(started), 0);
    crew_join(&crew);
    ck_assert_int_eq(after_end, 2);
    trv_unref(started);
    trv_unref(local);
    trv_unref(ending_type);
}

static void close_cycle(void *unused)
{
    trv_auto trv_object *list = trv_list_new();

    (void)unused;
    ck_assert_int_eq(trv_list_append(list, local), 0);
    ck_assert_int_eq(trv_setattr(local, "cycle", list), 0);
    ck_assert_int_eq(trv_setattr(local, "self", local), 0);
    trv_clear(&list);
    ck_assert_int_eq(trv_event_wait(started, TRV_FOREVER), 1);
}

/* Values that hold their local are garbage as soon as nobody else has it, though the tasks live. */
SEEDED_TEST(cycles_through_values_are_collected, 100)
{
    static const struct crew_member members[] = {{close_cycle, NULL}, {close_cycle, NULL}};
    trv_auto trv_object *weak = NULL, *gone = NULL;
    struct crew crew;

    local = trv_local_new();
    weak = trv_weakref_new(local, NULL);
    started = trv_event_new();
    crew_begin(&crew);
    crew_start_mixed(&crew, members, 2);
    crew_settle();
    ck_assert_int_eq(trv_setattr(local, "self", local), 0);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    ck_assert_ptr_nonnull(gone = trv_weakref_get(weak));
    trv_clear(&gone);
    trv_clear(&local);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    gone = trv_weakref_get(weak);
    ck_assert(!gone || trv_is_none(gone));
    ck_assert_ptr_null(trv__current->context->locals);
    ck_assert_int_eq(trv_event_set(started), 0);
    crew_join(&crew);
    trv_unref(started);
}

static int use_all(void)
{
    trv_auto trv_object *one = trv_local_new(), *value = NULL;
    trv_auto trv_object *number = one ? trv_int_new(100000) : NULL;

    if (!number || trv_setattr(one, "first", number) < 0 || trv_setattr(one, "second", number) < 0)
        return -1;
    if (!(value = trv_getattr(one, "first")) || trv_delattr(one, "first") < 0)
        return -1;
    return 0;
}

TEST(when_memory_runs_out)
{
    for (uint64_t nth = 1; nth < 100; nth++) {
        bool has_struck;
        int answer;
        trv__fault_arm(nth);
        answer = use_all();
        has_struck = trv__fault_struck();
        trv__fault_arm(0);
        if (answer < 0)
            crew_expect_error(trv_MemoryError);
        ck_assert(answer == 0 || has_struck);
        ck_assert_ptr_null(trv__current->context->locals);
        if (!has_struck)
            break;
    }
}

TEST_LIST(RUN(it_has_attributes), RUN(many_locals_do_not_mix), RUN(each_task_has_its_own),
          RUN(values_end_with_the_task), RUN(a_worker_of_a_thread_pool_keeps_them),
          RUN(values_end_with_the_local), RUN(cycles_through_values_are_collected),
          RUN(when_memory_runs_out))
