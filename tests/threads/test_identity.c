/* SPDX-License-Identifier: MIT */
/* Who a thread is: names, numbers, attributes; which there are, on whichever way they came, and after a fork. */
#include "threads/calls.h"

#include "base/base.h"

#include <pthread.h>
#include <sys/wait.h>

static trv_object *seen;

TRV_STATIC_FUNCTION(see_oneself, "see_oneself()")
{
    trv_auto trv_object *self = must(trv_thread_current());

    seen = trv_ref(self);
    return trv_event_wait(event, TRV_FOREVER) < 0 ? NULL : trv_ref(self);
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

TEST_LIST(RUN(names), RUN(renaming_at_any_time), RUN(numbers), RUN(reprs),
          RUN(attributes_and_methods), RUN(current_and_main),
          RUN(a_coroutine_is_on_the_thread_of_its_loop), RUN(enumerating),
          RUN(threads_of_pools_have_objects), RUN(foreign_threads_have_objects),
          RUN(a_forked_child_has_one_thread))
