/* SPDX-License-Identifier: MIT */
/*
 * Objects that stand for the arguments of rows: one for each word, made anew for each call.
 */
#include "faults/every_function.h"

#include <sys/socket.h>
#include <unistd.h>

TRV_STATIC_FUNCTION(takes_all, "takes_all(*rest, **more): its first argument, or None")
{
    return args->count ? trv_ref(args->items[0]) : trv_none_new();
}

TRV_STATIC_FUNCTION(yields, "yields(): 1, 2, 3")
{
    for (int64_t i = 1; i <= 3; i++) {
        trv_auto trv_object *number = trv_int_new(i), *sent = trv_yield(number);
        if (!sent)
            return NULL;
    }
    return trv_none_new();
}

static trv_object *make_callable(void)
{
    return trv_ref(takes_all);
}

static trv_object *make_any(void)
{
    return trv_int_new(1000);
}

static trv_object *make_big(void)
{
    return trv_int_parse("123456789012345678901234567890123456789", 10);
}

static trv_object *make_three(void)
{
    return trv_int_new(3);
}

static trv_object *make_zero(void)
{
    return trv_int_new(0);
}

static trv_object *make_float(void)
{
    return trv_float_new(2.5);
}

static trv_object *make_none(void)
{
    return trv_none_new();
}

static trv_object *make_key(void)
{
    return trv_str_new("key");
}

static trv_object *make_text(void)
{
    return trv_str_new("Some gr\xc3\xbc\xc3\x9f"
                       "e with a key, and more behind it \xf0\x9f\x98\x80");
}

static trv_object *make_texts(void)
{
    return trv_build("[sss]", "one", "two", "gr\xc3\xbc\xc3\x9f");
}

static trv_object *make_bytes(void)
{
    return trv_bytes_new("bytes of some length", 20);
}

static trv_object *make_list(void)
{
    return trv_build("[iiiiiiii]", 1007, 1000, 1003, 1001, 1000, 1002, 1006, 1005);
}

static trv_object *make_tuple(void)
{
    return trv_build("(iis)", 1000, 1001, "text");
}

static trv_object *make_dict(void)
{
    return trv_build("{s:i, s:[i], i:s, s:d, s:n, s:b, s:i, s:i, s:i}", "key", 1000, "a", 1001,
                     1002, "b", "c", 2.5, "d", "e", 1, "f", 1003, "g", 1004, "h", 1005);
}

static trv_object *make_keywords(void)
{
    return trv_build("{s:i}", "word", 1000);
}

static trv_object *make_set(void)
{
    trv_auto trv_object *list = make_list();

    return trv_set_from(list);
}

static trv_object *make_nested(void)
{
    trv_auto trv_object *set = make_set(), *dict = make_dict(), *range = trv_range_new(1, 9, 2);
    trv_auto trv_object *big = make_big(), *bytes = make_bytes();

    return trv_build("[o(o{s:o})ooosd]", set, dict, "x", dict, range, big, bytes, "text", 1.5);
}

static trv_object *make_slice(void)
{
    trv_auto trv_object *start = trv_int_new(1), *stop = trv_int_new(5), *none = trv_none_new();

    return trv_slice_new(start, stop, none);
}

static trv_object *make_iterator(void)
{
    trv_auto trv_object *list = make_list();

    return trv_iter(list);
}

static trv_object *make_generator(void)
{
    return trv_generator_new(yields, "");
}

static trv_object *make_type(void)
{
    return trv_ref(trv_list_type);
}

static trv_object *make_exception_type(void)
{
    return trv_ref(trv_ValueError);
}

static trv_object *make_exception(void)
{
    trv_auto trv_object *args = make_tuple();
    trv_object *exception = trv_exception_new(trv_KeyError, args);
    trv_auto trv_object *cause = trv_exception_new(trv_OSError, NULL);

    ck_assert_int_eq(trv_setattr(exception, "__cause__", cause), 0);
    return exception;
}

static trv_object *make_exceptions(void)
{
    trv_auto trv_object *one = make_exception(), *two = trv_exception_new(trv_ValueError, NULL);

    return trv_build("[oo]", one, two);
}

static trv_object *make_exception_group(void)
{
    trv_auto trv_object *exceptions = make_exceptions();

    return trv_exception_group_new("message", exceptions);
}

static trv_object *make_traceback(void)
{
    trv_auto trv_object *error = NULL;

    (void)trv_raise(trv_ValueError, "to be traced");
    error = trv_error_take();
    return trv_exception_traceback(error);
}

static trv_object *make_cell(void)
{
    trv_auto trv_object *contents = make_list();

    return trv_cell_new(contents);
}

static trv_object *make_method(void)
{
    trv_auto trv_object *list = make_list();

    return trv_method_new(takes_all, list);
}

static trv_object *make_capsule(void)
{
    static const char pointed[] = "something";

    return trv_capsule_new((void *)(uintptr_t)pointed, "name", NULL);
}

TRV_STATIC_FUNCTION(nothing_more, "nothing_more(): None")
{
    return trv_none_new();
}

static trv_object *make_weakref(void)
{
    return trv_weakref_new(nothing_more, NULL);
}

static trv_object *make_weak_set(void)
{
    return trv_weak_set_new(NULL);
}

static trv_object *memo_of_copy; /* the memo that a copy slot was shown */

static trv_object *keep_memo(trv_object *self, trv_object *memo)
{
    memo_of_copy = trv_ref(memo);
    return trv_ref(self);
}

static trv_object *make_memo(void)
{
    trv_type_spec spec = {.size = sizeof spec, .name = "Shown", .slots = {.copy = keep_memo}};
    trv_auto trv_object *type = trv_type_new(&spec), *shown = trv_call(type, "");

    trv_unref(trv_deepcopy(shown));
    return trv_steal(&memo_of_copy);
}

struct held {
    trv_object *object;
};

static int held_traverse(trv_object *self TRV_UNUSED, trv_visit visit TRV_UNUSED,
                         void *argument TRV_UNUSED)
{
    return 0;
}

static void held_clear(trv_object *self TRV_UNUSED)
{
}

static trv_object *make_instance_type(void)
{
    trv_type_spec spec = {.size = sizeof spec,
                          .name = "Instance",
                          .data_size = sizeof(struct held),
                          .slots = {.traverse = held_traverse, .clear = held_clear}};

    return trv_type_new(&spec);
}

static trv_object *make_instance(void)
{
    trv_auto trv_object *type = make_instance_type();

    return trv_call(type, "");
}

static trv_object *make_instances(void)
{
    trv_auto trv_object *one = make_instance(), *two = make_instance();

    return trv_build("[oo]", one, two);
}

static trv_object *acquired(trv_object *lock)
{
    trv_auto trv_object *acquire = trv_getattr(lock, "acquire");

    trv_unref(trv_call(acquire, ""));
    return lock;
}

static trv_object *make_lock_held(void)
{
    return acquired(trv_lock_new());
}

static trv_object *make_rlock_held(void)
{
    return acquired(trv_rlock_new());
}

static trv_object *make_condition(void)
{
    return trv_condition_new(NULL);
}

static trv_object *make_condition_held(void)
{
    return acquired(trv_condition_new(NULL));
}

static trv_object *make_semaphore(void)
{
    return trv_semaphore_new(1);
}

static trv_object *make_barrier(void)
{
    return trv_barrier_new(2, NULL);
}

static trv_object *filled(trv_object *queue)
{
    trv_auto trv_object *item = make_any();

    ck_assert_int_eq(trv_queue_put(queue, item, 0), 0);
    return queue;
}

static trv_object *make_queue(void)
{
    return filled(trv_queue_new(2));
}

static trv_object *make_priority_queue(void)
{
    return filled(trv_priority_queue_new(2));
}

static trv_object *make_future_done(void)
{
    trv_object *future = trv_future_new();
    trv_auto trv_object *result = make_any();

    ck_assert_int_eq(trv_future_set_result(future, result), 0);
    return future;
}

static trv_object *make_futures(void)
{
    trv_auto trv_object *one = make_future_done(), *two = make_future_done();

    return trv_build("[oo]", one, two);
}

static trv_object *make_group(void)
{
    trv_auto trv_object *executor = trv_inline_executor_new();

    return trv_group_new(executor);
}

static trv_object *make_thread(void)
{
    return trv_thread_new(takes_all, "");
}

static trv_object *make_timer(void)
{
    return trv_timer_new(1000, takes_all, "");
}

/* The end of a pair that can be read from, the other having been written to and closed. */
static trv_object *make_stream(void)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ck_assert_int_eq(write(ends[1], "12345678", 8), 8);
    close(ends[1]);
    return trv_stream_new(ends[0]);
}

static trv_object *make_listener(void)
{
    return trv_tcp_listen("127.0.0.1", 0, 1);
}

static trv_object *make_pickle(void)
{
    trv_auto trv_object *nested = make_nested();

    return trv_pickle_dumps(nested);
}

trv_object *returns_none(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

static trv_object *make_function(void)
{
    return trv_function_new(returns_none, "function()", NULL);
}

static trv_object *make_frozenset(void)
{
    trv_auto trv_object *list = make_list();

    return trv_frozenset_from(list);
}

static trv_object *make_bytearray(void)
{
    return trv_bytearray_new("some octets", 11);
}

static trv_object *make_memoryview(void)
{
    trv_auto trv_object *array = make_bytearray();

    return trv_memoryview_new(array);
}

static trv_object *make_pickle_buffer(void)
{
    trv_auto trv_object *array = make_bytearray();

    return trv_pickle_buffer_new(array);
}

static trv_object *make_namespace(void)
{
    return trv_build("{s:o, s:i, s:s}", "method", takes_all, "number", 1000, "text", "value");
}

static trv_object *make_class(void)
{
    trv_auto trv_object *namespace = make_namespace();

    return trv_class_new("Plain", NULL, namespace);
}

static trv_object *make_plain(void)
{
    trv_auto trv_object *class = make_class(), *plain = trv_call(class, "");
    trv_auto trv_object *value = make_list();

    return trv_setattr(plain, "name", value) == 0 ? trv_steal(&plain) : NULL;
}

static trv_object *make_metaclass(void)
{
    return trv_ref(trv_type_type);
}

static trv_object *make_tuple_of_types(void)
{
    trv_auto trv_object *class = make_class(), *other = make_class();

    return trv_build("(oo)", class, other);
}

static trv_object *make_name(void)
{
    return trv_str_new("name");
}

static trv_object *make_append(void)
{
    return trv_str_new("append");
}

static trv_object *make_no_keywords(void)
{
    return trv_dict_new();
}

static const struct {
    const char *word;
    maker *make;
} makers[] = {
    {"any", make_any},
    {"append", make_append},
    {"barrier", make_barrier},
    {"big", make_big},
    {"bytearray", make_bytearray},
    {"bytes", make_bytes},
    {"callable", make_callable},
    {"capsule", make_capsule},
    {"cell", make_cell},
    {"class", make_class},
    {"condition", make_condition},
    {"condition_held", make_condition_held},
    {"dict", make_dict},
    {"event", trv_event_new},
    {"exception", make_exception},
    {"exception_group", make_exception_group},
    {"exception_type", make_exception_type},
    {"exceptions", make_exceptions},
    {"executor", trv_inline_executor_new},
    {"float", make_float},
    {"frozenset", make_frozenset},
    {"future", trv_future_new},
    {"future_done", make_future_done},
    {"futures", make_futures},
    {"generator", make_generator},
    {"group", make_group},
    {"instance", make_instance},
    {"instances", make_instances},
    {"instance_type", make_instance_type},
    {"iterator", make_iterator},
    {"key", make_key},
    {"keywords", make_keywords},
    {"keywords_of_none", make_no_keywords},
    {"list", make_list},
    {"listener", make_listener},
    {"local", trv_local_new},
    {"lock", trv_lock_new},
    {"lock_held", make_lock_held},
    {"memo", make_memo},
    {"memoryview", make_memoryview},
    {"metaclass", make_metaclass},
    {"method", make_method},
    {"name", make_name},
    {"namespace", make_namespace},
    {"nested", make_nested},
    {"none", make_none},
    {"pickle", make_pickle},
    {"pickle_buffer", make_pickle_buffer},
    {"plain", make_plain},
    {"plain_function", make_function},
    {"priority_queue", make_priority_queue},
    {"queue", make_queue},
    {"rlock", trv_rlock_new},
    {"rlock_held", make_rlock_held},
    {"semaphore", make_semaphore},
    {"set", make_set},
    {"slice", make_slice},
    {"stream", make_stream},
    {"text", make_text},
    {"texts", make_texts},
    {"thread", make_thread},
    {"three", make_three},
    {"timer", make_timer},
    {"traceback", make_traceback},
    {"tuple", make_tuple},
    {"tuple_of_types", make_tuple_of_types},
    {"type", make_type},
    {"type_to_derive", make_instance_type},
    {"weak_set", make_weak_set},
    {"weakref", make_weakref},
    {"zero", make_zero},
};

maker *maker_of(const char *word)
{
    size_t length = strcspn(word, "?~");

    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strlen(makers[i].word) == length && !strncmp(makers[i].word, word, length))
            return makers[i].make;
    return NULL;
}
