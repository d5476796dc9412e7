/* SPDX-License-Identifier: MIT */
/* Threads: their calls, their ends, what they are called, who is there, joining from everywhere. */
#include "threads/threads.h"

#include "base/base.h"

#include <pthread.h>
#include <sys/wait.h>

static trv_object *event;
static trv_object *seen;

static void make_event(void)
{
    event = must(trv_event_new());
}

static void drop_event(void)
{
    trv_clear(&event);
}

/* Functions that threads run -------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(add, "add(a, b=): a + b")
{
    int64_t a, b = 100;

    return trv_parse(args, "l|l", &a, &b) < 0 ? NULL : trv_int_new(a + b);
}

TRV_STATIC_FUNCTION(wait_for_event, "wait_for_event()")
{
    return trv_event_wait(event, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(nap, "nap(seconds)")
{
    double seconds;

    return trv_parse(args, "d", &seconds) < 0 || trv_sleep(seconds) < 0 ? NULL : trv_none_new();
}

TRV_STATIC_FUNCTION(fail, "fail(text)")
{
    const char *text;

    return trv_parse(args, "s", &text) < 0 ? NULL : trv_raise(trv_KeyError, "%s", text);
}

TRV_STATIC_FUNCTION(do_exit, "do_exit()")
{
    return trv_raise(trv_SystemExit, "3");
}

TRV_STATIC_FUNCTION(see_oneself, "see_oneself()")
{
    trv_auto trv_object *self = must(trv_thread_current());

    seen = trv_ref(self);
    return trv_event_wait(event, TRV_FOREVER) < 0 ? NULL : trv_ref(self);
}

TRV_STATIC_FUNCTION(join_oneself, "join_oneself()")
{
    trv_auto trv_object *self = trv_thread_current();

    return trv_thread_join(self, TRV_FOREVER) < 0 ? NULL : trv_none_new();
}

/* Calls ------------------------------------------------------------------------------------------ */

TEST(a_thread_runs_its_call_once)
{
    trv_object *thread = must(trv_thread_new(add, "ll", INT64_C(2), INT64_C(3)));

    ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(trv_thread_start(thread), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_join(thread, 0), 1);
    ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    ck_assert_int_eq(trv_thread_start(thread), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(number(joined(trv_thread_future(thread))), 5);
    trv_unref(thread);
}

TEST(arguments_keywords_and_options)
{
    trv_auto trv_object *keywords = must(trv_build("{s:i}", "b", 7));
    trv_auto trv_object *one = must(trv_int_new(1));
    trv_thread_options options = {
        .size = sizeof options, .name = "adder", .stack_bytes = 262144, .daemon = 1};
    trv_object *thread = must(trv_thread_new_array(add, &one, 1, keywords, &options));

    must_int(trv_dict_clear(keywords)); /* the thread has its own copy */
    ck_assert_int_eq(trv_thread_is_daemon(thread), 1);
    expect_text(trv_thread_name(thread), "adder");
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(number(joined(trv_thread_future(thread))), 8);
    finish(thread);
    thread = must(trv_call(trv_thread_type, "ol", add, INT64_C(1)));
    finish(started(thread));
}

TEST(misuse_is_told)
{
    trv_auto trv_object *none = trv_none_new();
    trv_auto trv_object *thread = must(trv_thread_new(add, "l", INT64_C(1)));
    trv_auto trv_object *self = must(trv_thread_current());
    trv_thread_options small = {.size = sizeof small, .stack_bytes = 4096};
    trv_thread_options no_size = {.size = 2};
    uint64_t id;

    ck_assert_ptr_null(trv_thread_new(none, NULL));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_thread_new(add, "?"));
    must_raise(trv_SystemError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, NULL, &small));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, NULL, &no_size));
    must_raise(trv_ValueError);
    ck_assert_ptr_null(trv_thread_new_array(add, NULL, 0, none, NULL));
    must_raise(trv_TypeError);
    ck_assert_ptr_null(trv_call(trv_thread_type, ""));
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_start(none), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_join(none, 0), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(self, TRV_FOREVER), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_join(self, -1), -1);
    must_raise(trv_ValueError);
    ck_assert_int_eq(trv_thread_start(self), -1);
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_set_daemon(self, 1), -1);
    must_raise(trv_RuntimeError);
    ck_assert_ptr_null(trv_thread_future(self));
    must_raise(trv_RuntimeError);
    ck_assert_int_eq(trv_thread_set_name(thread, "\xff"), -1);
    must_raise(trv_UnicodeDecodeError);
    ck_assert_int_eq(trv_thread_set_excepthook(self), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_ident(thread, &id), 0);
    ck_assert_int_eq(trv_thread_native_id(thread, &id), 0);
    ck_assert_int_eq(trv_thread_ident(none, &id), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_thread_native_id(none, &id), -1);
    must_raise(trv_TypeError);
}

TEST(a_thread_cannot_join_itself)
{
    trv_object *thread = must(trv_thread_new(join_oneself, NULL));
    struct capture capture;
    char text[1000];

    capture_begin(&capture);
    must_int(trv_thread_start(thread));
    finish(thread);
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Exception in thread Thread-1 (join_oneself):\n"));
    ck_assert_ptr_nonnull(strstr(text, "RuntimeError: cannot join current thread\n"));
}

TEST(its_future_is_like_any_other)
{
    trv_auto trv_object *futures = must(trv_list_new());
    trv_object *threads[3];

    for (int i = 0; i < 3; i++) {
        trv_auto trv_object *future = NULL;
        threads[i] = started(trv_thread_new(add, "ll", (int64_t)i, INT64_C(1)));
        future = must(trv_thread_future(threads[i]));
        must_int(trv_list_append(futures, future));
    }
    {
        trv_auto trv_object *results = must(trv_gather(futures));
        trv_auto trv_object *expected = must(trv_build("[i i i]", 1, 2, 3));
        ck_assert_int_eq(trv_equal(results, expected), 1);
    }
    for (int i = 0; i < 3; i++)
        finish(threads[i]);
}

TEST(cancelling_its_future_cancels_the_call)
{
    trv_object *thread = started(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *future = must(trv_thread_future(thread));
    trv_auto trv_object *unstarted = must(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *other = must(trv_thread_future(unstarted));

    while (!trv_future_running(future))
        must_int(trv_sleep(0.001));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    finish(thread);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    ck_assert_int_eq(trv_future_cancel(other), 1);
    must_int(trv_thread_start(unstarted));
    ck_assert_int_eq(trv_thread_join(unstarted, TRV_FOREVER), 1);
}

/* Nobody can wait for ever for a call that will never be made. */
TEST(a_thread_dropped_before_its_start_cancels_its_call)
{
    trv_object *thread = must(trv_thread_new(nap, "d", 1e6));
    trv_auto trv_object *future = must(trv_thread_future(thread));
    trv_auto trv_object *ref = must(trv_weakref_new(thread, NULL));
    trv_auto trv_object *gone = NULL;

    trv_unref(thread);
    ck_assert_int_eq(trv_future_cancelled(future), 1);
    gone = must(trv_weakref_get(ref));
    ck_assert_int_eq(trv_is_none(gone), 1);
}

TRV_STATIC_FUNCTION(ignore, "ignore(anything)")
{
    return trv_none_new();
}

TEST(a_ring_through_an_unstarted_thread_is_collected)
{
    trv_object *list = must(trv_list_new());
    trv_object *thread = must(trv_thread_new(ignore, "o", list));
    trv_auto trv_object *ref = must(trv_weakref_new(thread, NULL));
    trv_auto trv_object *gone = NULL;
    size_t found = 0;

    must_int(trv_list_append(list, thread));
    trv_unref(list);
    trv_unref(thread);
    must_int(trv_gc_collect(2, &found));
    ck_assert_uint_ge(found, 2);
    gone = must(trv_weakref_get(ref));
    ck_assert_int_eq(trv_is_none(gone), 1);
}

/* The arguments are dropped before the thread has ended, as in Python. */
TEST(a_running_thread_needs_no_reference)
{
    trv_auto trv_object *list = must(trv_list_new());
    trv_object *thread;

    make_event();
    thread = started(trv_thread_new(wait_for_event, ""));
    trv_unref(thread);
    must_int(trv_event_set(event));
    while (trv_thread_active_count() > 1)
        must_int(trv_sleep(0.001));
    thread = started(trv_thread_new(ignore, "o", list));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_refcount(list), 1);
    trv_unref(thread);
    drop_event();
}

/* Names and numbers ------------------------------------------------------------------------------ */

static void expect_kernel_name(uint64_t native_id, const char *expected)
{
    char path[64], name[64] = "";
    FILE *file;

    snprintf(path, sizeof path, "/proc/self/task/%u/comm", (unsigned)native_id);
    file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(name, sizeof name, file));
    fclose(file);
    name[strcspn(name, "\n")] = 0;
    ck_assert_str_eq(name, expected);
}

TEST(names)
{
    trv_object *thread, *other = must(trv_thread_new(add, ""));
    uint64_t id;

    make_event();
    thread = must(trv_thread_new(see_oneself, NULL));
    expect_text(trv_thread_name(other), "Thread-1 (add)");
    expect_text(trv_thread_name(thread), "Thread-2 (see_oneself)");
    must_int(trv_thread_set_name(thread, "f\xc3\xbcnfzehn Zeichen"));
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(trv_thread_native_id(thread, &id), 1);
    while (!seen)
        must_int(trv_sleep(0.001));
    ck_assert_ptr_eq(seen, thread);
    expect_kernel_name(id, "f\xc3\xbcnfzehn Zeich");
    must_int(trv_thread_set_name(thread, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                                         "aa\xe2\x82\xac"));
    expect_kernel_name(id, "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
                           "aa");
    must_int(trv_thread_set_name(thread, ""));
    expect_text(trv_thread_name(thread), "");
    must_int(trv_event_set(event));
    trv_clear(&seen);
    finish(thread);
    trv_unref(other);
    drop_event();
}

/* Before it runs, while it runs, and after: its names do not mix. */
TEST(renaming_at_any_time)
{
    for (int i = 0; i < 50; i++) {
        trv_object *thread = started(trv_thread_new(nap, "d", 0.0));
        must_int(trv_thread_set_name(thread, "renamed"));
        if (i % 2)
            must_int(trv_sleep(0));
        must_int(trv_thread_set_name(thread, "again"));
        expect_text(trv_thread_name(thread), "again");
        finish(thread);
    }
}

TEST(numbers)
{
    trv_auto trv_object *self = must(trv_thread_current());
    trv_object *thread;
    uint64_t ident, native_id, later;

    ck_assert_int_eq(trv_thread_ident(self, &ident), 1);
    ck_assert_int_eq(trv_thread_native_id(self, &native_id), 1);
    ck_assert(ident == (uint64_t)pthread_self());
    ck_assert(native_id == (uint64_t)gettid());
    make_event();
    thread = started(trv_thread_new(wait_for_event, ""));
    ck_assert_int_eq(trv_thread_ident(thread, &ident), 1);
    ck_assert_int_eq(trv_thread_native_id(thread, &native_id), 1);
    ck_assert(native_id != 0 && native_id != (uint64_t)gettid());
    must_int(trv_event_set(event));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_ident(thread, &later), 1);
    ck_assert(later == ident);
    ck_assert_int_eq(trv_thread_native_id(thread, &later), 1);
    ck_assert(later == native_id);
    trv_unref(thread);
    drop_event();
}

/* "<thread(NAME, STATE)>", with the number that it has once it was started. */
static void expect_repr(trv_object *thread, const char *name, const char *state)
{
    trv_auto trv_object *text = must(trv_repr(thread));
    char expected[200], number_text[30] = "";
    uint64_t ident;

    if (must_int(trv_thread_ident(thread, &ident)))
        snprintf(number_text, sizeof number_text, " %llu", (unsigned long long)ident);
    snprintf(expected, sizeof expected, "<thread(%s, %s%s)>", name, state, number_text);
    ck_assert_str_eq(trv_str_utf8(text, NULL), expected);
}

TEST(reprs)
{
    trv_auto trv_object *self = must(trv_thread_main());
    trv_object *thread;

    make_event();
    thread = must(trv_thread_new(wait_for_event, ""));
    expect_repr(thread, "Thread-1 (wait_for_event)", "initial");
    must_int(trv_thread_set_daemon(thread, 1));
    expect_repr(thread, "Thread-1 (wait_for_event)", "initial daemon");
    must_int(trv_thread_start(thread));
    expect_repr(thread, "Thread-1 (wait_for_event)", "started daemon");
    must_int(trv_event_set(event));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    expect_repr(thread, "Thread-1 (wait_for_event)", "stopped daemon");
    expect_repr(self, "MainThread", "started");
    trv_unref(thread);
    drop_event();
}

static trv_object *attribute(trv_object *object, const char *name)
{
    return must(trv_getattr(object, name));
}

static trv_object *method(trv_object *object, const char *name, const char *format, double value)
{
    trv_auto trv_object *bound = attribute(object, name);

    return trv_call(bound, format, value);
}

TEST(attributes_and_methods)
{
    trv_auto trv_object *name = must(trv_str_new("by hand"));
    trv_auto trv_object *yes = trv_bool_new(1);
    trv_auto trv_object *none = trv_none_new();
    trv_object *thread = must(trv_thread_new(nap, "d", 0.0)), *answer;

    must_int(trv_setattr(thread, "name", name));
    must_int(trv_setattr(thread, "daemon", yes));
    expect_text(attribute(thread, "name"), "by hand");
    answer = attribute(thread, "daemon");
    ck_assert_int_eq(trv_truth(answer), 1);
    trv_unref(answer);
    answer = attribute(thread, "ident");
    ck_assert_int_eq(trv_is_none(answer), 1);
    trv_unref(answer);
    ck_assert_int_eq(trv_setattr(thread, "name", none), -1);
    must_raise(trv_TypeError);
    ck_assert_int_eq(trv_setattr(thread, "ident", none), -1);
    must_raise(trv_AttributeError);
    ck_assert_int_eq(trv_delattr(thread, "name"), -1);
    must_raise(trv_AttributeError);
    ck_assert_int_eq(trv_setattr(thread, "colour", none), -1);
    must_raise(trv_AttributeError);
    ck_assert_ptr_null(method(thread, "join", "", 0));
    must_raise(trv_RuntimeError);
    trv_unref(must(method(thread, "start", "", 0)));
    trv_unref(must(method(thread, "join", "d", 1e6)));
    answer = must(method(thread, "is_alive", "", 0));
    ck_assert_int_eq(trv_truth(answer), 0);
    trv_unref(answer);
    trv_unref(must(method(thread, "join", "", 0)));
    ck_assert_int_gt(number(attribute(thread, "ident")), 0);
    ck_assert_int_gt(number(attribute(thread, "native_id")), 0);
    ck_assert_int_eq(trv_setattr(thread, "daemon", none), -1);
    must_raise(trv_RuntimeError);
    trv_unref(thread);
}

/* Who is there ------------------------------------------------------------------------------------ */

TEST(current_and_main)
{
    trv_auto trv_object *self = must(trv_thread_current());
    trv_auto trv_object *main_thread = must(trv_thread_main());
    trv_object *thread;

    ck_assert_ptr_eq(self, main_thread);
    expect_text(trv_thread_name(self), "MainThread");
    ck_assert_int_eq(trv_thread_is_daemon(self), 0);
    ck_assert_int_eq(trv_thread_is_alive(self), 1);
    make_event();
    must_int(trv_event_set(event));
    thread = started(trv_thread_new(see_oneself, NULL));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_ptr_eq(seen, thread);
    trv_clear(&seen);
    {
        /* the result refers to the thread, and the thread to its result */
        trv_auto trv_object *future = must(trv_thread_future(thread));
        trv_auto trv_object *result = must(trv_future_result(future, 0));
        ck_assert_ptr_eq(result, thread);
    }
    trv_unref(thread);
    drop_event();
}

IN_LOOP(a_coroutine_is_on_the_thread_of_its_loop)
{
    trv_auto trv_object *self = must(trv_thread_current());
    trv_auto trv_object *main_thread = must(trv_thread_main());

    ck_assert_ptr_eq(self, main_thread);
    ck_assert_int_eq(trv_thread_join(self, TRV_FOREVER), -1);
    must_raise(trv_RuntimeError);
}

static bool is_listed(trv_object *thread)
{
    trv_auto trv_object *all = must(trv_thread_enumerate());
    int found = must_int(trv_contains(all, thread));

    ck_assert_uint_eq(length_of(all), trv_thread_active_count());
    return found;
}

TEST(enumerating)
{
    trv_auto trv_object *main_thread = must(trv_thread_main());
    trv_object *thread;

    ck_assert(is_listed(main_thread));
    make_event();
    thread = must(trv_thread_new(wait_for_event, ""));
    ck_assert(!is_listed(thread));
    must_int(trv_thread_start(thread));
    ck_assert(is_listed(thread));
    ck_assert_uint_eq(trv_thread_active_count(), 2);
    must_int(trv_event_set(event));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert(!is_listed(thread));
    ck_assert_uint_eq(trv_thread_active_count(), 1);
    trv_unref(thread);
    drop_event();
}

TEST(threads_of_pools_have_objects)
{
    trv_thread_pool_options options = {.size = sizeof options, .workers = 1, .name = "pool"};
    trv_object *pool = must(trv_thread_pool_new(&options)), *worker;

    make_event();
    must_int(trv_event_set(event));
    worker = joined(trv_submit(pool, see_oneself, NULL));
    ck_assert_ptr_eq(worker, seen);
    trv_clear(&seen);
    expect_text(trv_thread_name(worker), "pool-0");
    ck_assert_int_eq(trv_thread_is_alive(worker), 1);
    ck_assert(is_listed(worker));
    ck_assert_int_eq(trv_thread_join(worker, 0), 0);
    trv_unref(joined(trv_submit(pool, see_oneself, NULL)));
    ck_assert_ptr_eq(worker, seen);
    trv_clear(&seen);
    must_int(trv_shutdown(pool, NULL));
    ck_assert_int_eq(trv_thread_join(worker, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_is_alive(worker), 0);
    trv_unref(worker);
    trv_unref(pool);
    drop_event();
}

static void *be_foreign(void *unused)
{
    (void)unused;
    ck_assert_int_eq(trv_thread_attach(), 0);
    trv_unref(must(trv_call(see_oneself, NULL)));
    trv_thread_detach();
    return NULL;
}

TEST(foreign_threads_have_objects)
{
    pthread_t pthread;

    make_event();
    TRV_ALLOW_THREADS
        ck_assert_int_eq(pthread_create(&pthread, NULL, be_foreign, NULL), 0);
    while (!seen)
        must_int(trv_sleep(0.001));
    expect_text(trv_thread_name(seen), "Dummy-1");
    ck_assert_int_eq(trv_thread_is_daemon(seen), 1);
    ck_assert_int_eq(trv_thread_is_alive(seen), 1);
    ck_assert_int_eq(trv_thread_join(seen, 0.001), 0);
    must_int(trv_event_set(event));
    ck_assert_int_eq(trv_thread_join(seen, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_is_alive(seen), 0);
    TRV_ALLOW_THREADS
        ck_assert_int_eq(pthread_join(pthread, NULL), 0);
    trv_clear(&seen);
    drop_event();
}

/* Fork --------------------------------------------------------------------------------------------- */

/* In the child there is one thread, the main one, whatever it was; the objects of others say so. */
static void look_around(trv_object *thread, trv_object *self)
{
    trv_auto trv_object *main_thread = must(trv_thread_main());
    uint64_t id;

    ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_uint_eq(trv_thread_active_count(), 1);
    ck_assert_ptr_eq(main_thread, self);
    ck_assert_int_eq(trv_thread_native_id(self, &id), 1);
    ck_assert(id == (uint64_t)getpid());
}

TEST(a_forked_child_has_one_thread)
{
    trv_auto trv_object *self = must(trv_thread_current());
    trv_object *thread;
    int status;
    pid_t pid;

    make_event();
    thread = started(trv_thread_new(wait_for_event, ""));
    must_int(trv_sleep(0.001));
    pid = fork();
    if (pid == 0) {
        look_around(thread, self);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(trv_thread_is_alive(thread), 1);
    must_int(trv_event_set(event));
    finish(thread);
    drop_event();
}

/* Joining ------------------------------------------------------------------------------------------ */

SEEDED_TEST(joining_takes_as_long_as_the_thread, 50)
{
    double began = trv_time();
    trv_object *a = started(trv_thread_new(nap, "d", 1.5)),
               *b = started(trv_thread_new(nap, "d", 1.5));

    ck_assert_int_eq(trv_thread_join(a, 0.5), 0);
    ck_assert_double_eq_tol(trv_time() - began, 0.5, 1e-6);
    ck_assert_int_eq(trv_thread_is_alive(a), 1);
    ck_assert_int_eq(trv_thread_join(a, 0), 0);
    finish(a);
    finish(b);
    ck_assert_double_eq_tol(trv_time() - began, 1.5, 1e-6);
}

TRV_STATIC_FUNCTION(join_it, "join_it(thread): what joining it answers")
{
    int answer = trv_thread_join(args->items[0], TRV_FOREVER);

    return answer < 0 ? NULL : trv_int_new(answer);
}

/* Threads and coroutines wait for one thread; a chain of threads wait for one another. */
SEEDED_IN_LOOP(many_join_one, 200)
{
    trv_object *one = started(trv_thread_new(nap, "d", 0.25)), *threads[4], *tasks[4];
    double began = trv_time();

    for (int i = 0; i < 4; i++) {
        threads[i] = started(trv_thread_new(join_it, "o", i % 2 && i > 1 ? threads[i - 1] : one));
        tasks[i] = must(trv_spawn(join_it, "o", i % 2 ? threads[i] : one));
    }
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(number(joined(tasks[i])), 1);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(number(joined(trv_thread_future(threads[i]))), 1);
        finish(threads[i]);
    }
    ck_assert_double_eq_tol(trv_time() - began, 0.25, 1e-6);
    finish(one);
}

static int ended_counts[3]; /* of joins: timed out, joined, cancelled */

TRV_STATIC_FUNCTION(join_for, "join_for(thread, seconds)")
{
    trv_object *thread;
    double seconds;
    int answer;

    if (trv_parse(args, "od", &thread, &seconds) < 0)
        return NULL;
    answer = trv_thread_join(thread, seconds);
    ended_counts[answer < 0 ? 2 : answer]++;
    if (answer == 1)
        ck_assert_int_eq(trv_thread_is_alive(thread), 0);
    return answer < 0 ? NULL : trv_int_new(answer);
}

/* The end of a thread, a timeout and a cancellation come at one instant: each join ends once, and
 * whoever is told that the thread has ended finds it so. */
SEEDED_IN_LOOP(the_end_a_timeout_and_a_cancellation_race, 300)
{
    trv_object *one = started(trv_thread_new(nap, "d", 1.0)), *others[6], *futures[6];

    for (int i = 0; i < 6; i++) {
        if (i % 2) {
            others[i] = NULL;
            futures[i] = must(trv_spawn(join_for, "od", one, i < 4 ? 1.0 : 5.0));
        } else {
            others[i] = started(trv_thread_new(join_for, "od", one, i < 4 ? 1.0 : 5.0));
            futures[i] = must(trv_thread_future(others[i]));
        }
    }
    must_int(trv_sleep(1));
    for (int i = 0; i < 6; i += 1 + i % 2)
        must_int(trv_future_cancel(futures[i]));
    for (int i = 0; i < 6; i++) {
        trv_object *done = trv_future_exception(futures[i], TRV_FOREVER);
        if (!done)
            must_raise(trv_CancelledError);
        trv_unref(done);
        trv_unref(futures[i]);
        if (others[i])
            finish(others[i]);
    }
    ck_assert_int_le(ended_counts[0] + ended_counts[1] + ended_counts[2], 6);
    finish(one);
}

TEST(joining_in_a_cancelled_scope)
{
    trv_object *thread = started(trv_thread_new(nap, "d", 0.02));

    TRV_TIMEOUT(0.001)
        ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), -1);
    must_raise(trv_TimeoutError);
    TRV_TIMEOUT(0)
        ck_assert_int_eq(trv_thread_join(thread, 0), -1);
    must_raise(trv_TimeoutError);
    finish(thread);
}

TEST(threads_by_the_hundred)
{
    trv_object *threads[100];
    size_t count = TRV_VALGRIND ? 20 : COUNT_OF(threads);

    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < count; i++)
            threads[i] = started(trv_thread_new(add, "ll", (int64_t)i, INT64_C(1)));
        for (size_t i = 0; i < count; i++) {
            ck_assert_int_eq(number(joined(trv_thread_future(threads[i]))), (int64_t)i + 1);
            finish(threads[i]);
        }
    }
    ck_assert_uint_eq(trv_thread_active_count(), 1);
}

/* Exceptions ---------------------------------------------------------------------------------------- */

static void run_to_end(trv_object *callable, const char *format, const char *text)
{
    finish(started(trv_thread_new(callable, format, text)));
}

TEST(the_default_hook_prints)
{
    struct capture capture;
    char text[2000];

    capture_begin(&capture);
    run_to_end(fail, "s", "the reason");
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_eq(strstr(text, "Exception in thread Thread-1 (fail):\nTraceback"), text);
    ck_assert_ptr_nonnull(strstr(text, ", in fail\nKeyError: 'the reason'\n"));
}

TEST(some_ends_are_silent)
{
    struct capture capture;
    char text[2000];
    trv_object *thread;
    trv_auto trv_object *future = NULL;

    capture_begin(&capture);
    run_to_end(do_exit, NULL, NULL);
    thread = started(trv_thread_new(nap, "d", 1e6));
    future = must(trv_thread_future(thread));
    while (!trv_future_running(future))
        must_int(trv_sleep(0.001));
    ck_assert_int_eq(trv_future_cancel(future), 1);
    finish(thread);
    capture_end(&capture, text, sizeof text);
    ck_assert_str_eq(text, "");
}

static trv_object *hooked_exception, *hooked_thread;

TRV_STATIC_FUNCTION(hook, "hook(exception, thread)")
{
    trv_auto trv_object *self = must(trv_thread_current());

    if (trv_parse(args, "oo", &hooked_exception, &hooked_thread) < 0 || trv_sleep(0) < 0)
        return NULL;
    ck_assert_ptr_eq(self, hooked_thread);
    trv_ref(hooked_exception);
    trv_ref(hooked_thread);
    return trv_none_new();
}

TRV_STATIC_FUNCTION(bad_hook, "bad_hook(exception, thread)")
{
    return trv_raise(trv_ValueError, "the hook fails");
}

TEST(a_hook_of_ones_own)
{
    trv_auto trv_object *old = must(trv_thread_excepthook());
    trv_auto trv_object *now = NULL;
    trv_object *thread = must(trv_thread_new(fail, "s", "x"));

    ck_assert_ptr_eq(old, trv_thread_print_exception);
    must_int(trv_thread_set_excepthook(hook));
    now = must(trv_thread_excepthook());
    ck_assert_ptr_eq(now, hook);
    must_int(trv_thread_start(thread));
    ck_assert_int_eq(trv_thread_join(thread, TRV_FOREVER), 1);
    ck_assert_ptr_eq(hooked_thread, thread);
    ck_assert_int_eq(trv_isinstance(hooked_exception, trv_KeyError), 1);
    trv_clear(&hooked_thread);
    trv_clear(&hooked_exception);
    must_int(trv_thread_set_excepthook(NULL));
    trv_unref(thread);
}

TEST(a_hook_that_fails_is_reported)
{
    trv_auto trv_object *none = trv_none_new();
    struct capture capture;
    char text[3000];

    must_int(trv_thread_set_excepthook(bad_hook));
    capture_begin(&capture);
    run_to_end(fail, "s", "first");
    capture_end(&capture, text, sizeof text);
    ck_assert_ptr_nonnull(strstr(text, "Exception in the hook"));
    ck_assert_ptr_nonnull(strstr(text, "ValueError: the hook fails\n"));
    must_int(trv_thread_set_excepthook(none));
}

static trv_object *closure_entry(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

/* A hook that nobody takes back ends with the runtime. */
RAW_TEST(the_runtime_drops_the_hook)
{
    trv_object *closure;

    ck_assert_int_eq(trv_init(NULL), 0);
    closure = must(trv_function_new(closure_entry, "closure", NULL));
    must_int(trv_thread_set_excepthook(closure));
    trv_unref(closure);
    trv_fini();
}

/* Stacks -------------------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(measure, "measure(): the bytes of this thread's stack")
{
    pthread_attr_t attributes;
    size_t size;

    ck_assert_int_eq(pthread_getattr_np(pthread_self(), &attributes), 0);
    ck_assert_int_eq(pthread_attr_getstacksize(&attributes, &size), 0);
    pthread_attr_destroy(&attributes);
    return trv_int_new((int64_t)size);
}

/* Sanitizers add some for themselves. */
static void expect_stack(size_t wished, size_t expected)
{
    trv_thread_options options = {.size = sizeof options, .stack_bytes = wished};
    trv_object *thread = started(trv_thread_new_array(measure, NULL, 0, NULL, &options));
    size_t size = (size_t)number(joined(trv_thread_future(thread)));

    finish(thread);
    ck_assert_uint_ge(size, expected);
    if (!TRV_ASAN && !TRV_TSAN)
        ck_assert_uint_eq(size, expected);
}

/* From small to large: the C library keeps stacks that are no longer used for who wants less. */
TEST(stack_sizes)
{
    ck_assert_uint_eq(trv_thread_stack_size(), 0);
    must_int(trv_thread_set_stack_size(512 * 1024));
    ck_assert_uint_eq(trv_thread_stack_size(), 512 * 1024);
    expect_stack(0, 512 * 1024);
    expect_stack(1024 * 1024, 1024 * 1024);
    ck_assert_int_eq(trv_thread_set_stack_size(65535), -1);
    must_raise(trv_ValueError);
    must_int(trv_thread_set_stack_size(0));
    expect_stack(2 * 1024 * 1024, 2 * 1024 * 1024);
}

TRV_STATIC_FUNCTION(recurse, "recurse(): until it may not")
{
    return trv_call(args->items[0], "o", args->items[0]);
}

/* The stack ends in an exception on a small one, too. */
TEST(deep_recursion_on_a_small_stack)
{
    trv_thread_options options = {.size = sizeof options, .stack_bytes = 65536};
    trv_object *function = recurse, *thread;

    must_int(trv_thread_set_excepthook(hook));
    thread = started(trv_thread_new_array(recurse, &function, 1, NULL, &options));
    finish(thread);
    ck_assert_int_eq(trv_isinstance(hooked_exception, trv_RecursionError), 1);
    trv_clear(&hooked_thread);
    trv_clear(&hooked_exception);
    must_int(trv_thread_set_excepthook(NULL));
}

/* Daemons and the end ------------------------------------------------------------------------------- */

TRV_STATIC_FUNCTION(make_another, "make_another(): whether a thread made here is a daemon")
{
    trv_auto trv_object *thread = must(trv_thread_new(make_another, NULL));

    return trv_bool_new(trv_thread_is_daemon(thread));
}

static int child_is_daemon(int daemon)
{
    trv_thread_options options = {.size = sizeof options, .daemon = daemon};
    trv_object *thread = started(trv_thread_new_array(make_another, NULL, 0, NULL, &options));
    trv_auto trv_object *answer = joined(trv_thread_future(thread));

    finish(thread);
    return trv_truth(answer);
}

TEST(daemons_make_daemons)
{
    trv_thread_options options = {.size = sizeof options, .daemon = -1};
    trv_auto trv_object *thread = must(trv_thread_new_array(make_another, NULL, 0, NULL, &options));

    ck_assert_int_eq(trv_thread_is_daemon(thread), 0);
    must_int(trv_thread_set_daemon(thread, 5));
    ck_assert_int_eq(trv_thread_is_daemon(thread), 1);
    must_int(trv_thread_set_daemon(thread, 0));
    ck_assert_int_eq(trv_thread_is_daemon(thread), 0);
    ck_assert_int_eq(child_is_daemon(0), 0);
    ck_assert_int_eq(child_is_daemon(1), 1);
}

static int first_words, last_words;

TRV_STATIC_FUNCTION(outlive_main, "outlive_main()")
{
    trv_auto trv_object *main_thread = must(trv_thread_main());

    ck_assert_int_eq(trv_thread_is_alive(main_thread), 1);
    first_words++;
    ck_assert_int_eq(trv_thread_join(main_thread, TRV_FOREVER), 1);
    ck_assert_int_eq(trv_thread_is_alive(main_thread), 0);
    ck_assert_uint_eq(trv_thread_active_count(), 1);
    last_words++;
    return trv_none_new();
}

/* trv_fini waits for it, and it waits for trv_fini to begin. */
RAW_TEST(joining_the_main_thread_waits_for_its_end)
{
    for (int asked = 0; asked < 2; asked++) {
        ck_assert_int_eq(trv_init(NULL), 0);
        trv_unref(started(trv_thread_new(outlive_main, NULL)));
        if (asked)
            trv_unref(must(trv_thread_main()));
        while (first_words == asked)
            must_int(trv_sleep(0.001));
        trv_fini();
        ck_assert_int_eq(last_words, asked + 1);
    }
}

TEST_LIST(RUN(a_thread_runs_its_call_once), RUN(arguments_keywords_and_options),
          RUN(misuse_is_told), RUN(a_thread_cannot_join_itself), RUN(its_future_is_like_any_other),
          RUN(cancelling_its_future_cancels_the_call),
          RUN(a_thread_dropped_before_its_start_cancels_its_call),
          RUN(a_ring_through_an_unstarted_thread_is_collected),
          RUN(a_running_thread_needs_no_reference), RUN(names), RUN(renaming_at_any_time),
          RUN(numbers), RUN(reprs), RUN(attributes_and_methods), RUN(current_and_main),
          RUN(a_coroutine_is_on_the_thread_of_its_loop), RUN(enumerating),
          RUN(threads_of_pools_have_objects), RUN(foreign_threads_have_objects),
          RUN(a_forked_child_has_one_thread), RUN(joining_takes_as_long_as_the_thread),
          RUN(many_join_one), RUN(the_end_a_timeout_and_a_cancellation_race),
          RUN(joining_in_a_cancelled_scope), RUN(threads_by_the_hundred),
          RUN(the_default_hook_prints), RUN(some_ends_are_silent), RUN(a_hook_of_ones_own),
          RUN(a_hook_that_fails_is_reported), RUN(the_runtime_drops_the_hook), RUN(stack_sizes),
          RUN(deep_recursion_on_a_small_stack), RUN(daemons_make_daemons),
          RUN(joining_the_main_thread_waits_for_its_end))
