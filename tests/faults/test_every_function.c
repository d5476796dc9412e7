/* SPDX-License-Identifier: MIT */
/*
 * Every public function, with what it should not be given: no memory, NULL, objects of other types, numbers
 * out of any range, an exception that is pending. Nothing crashes, nothing leaks, and a failure has an
 * exception.
 *
 * The calls are the rows of rows.h. A row is called through a pointer to a function of words and doubles:
 * integers, addresses and doubles are passed as the machine passes them, doubles apart from the rest
 * wherever Trivet runs. Makers make the objects anew for each call, with faults suspended.
 *
 * FAULTS_ROW=trv_list_pop limits the rows to those of one function. A crash names its row.
 */
#include "support/harness.h"

#include "base/fault.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORDS 10
#define DOUBLES 2
#define MOST_FAULTS 2000

typedef uint64_t words_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                uint64_t, uint64_t, uint64_t, uint64_t, double, double);

struct row {
    const char *name;
    words_function *function;
    const char *returns, *arguments;
};

/* What stands for an argument. */
struct argument {
    char word[64];         /* as in the row */
    uint64_t *slot;        /* where its word is, unless it is a double */
    trv_object *object;    /* owned, or NULL */
    trv_object *pair[2];   /* owned; of a pair */
    uint64_t variable[64]; /* of >o, >w, >x */
};

struct call {
    const struct row *row;
    struct argument arguments[WORDS];
    size_t count;
    uint64_t words[WORDS];
    double doubles[DOUBLES];
    uint64_t data[2];
};

/* Makers ---------------------------------------------------------------------------------------------- */

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

static trv_object *entry(const trv_args *args TRV_UNUSED)
{
    return trv_none_new();
}

static trv_object *make_function(void)
{
    return trv_function_new(entry, "function()", NULL);
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

static const struct maker {
    const char *word;
    trv_object *(*make)(void);
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

static const struct maker *maker_of(const struct argument *argument)
{
    size_t length = strcspn(argument->word, "?~");

    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (strlen(makers[i].word) == length && !strncmp(makers[i].word, argument->word, length))
            return &makers[i];
    return NULL;
}

/* Calls that C cannot be told in a word --------------------------------------------------------------- */

static trv_object *printf_all(void)
{
    return trv_str_printf("%s %d %.3f %zu a text that is longer than what fits anywhere %s", "a", 5,
                          2.5, (size_t)7, "b");
}

static trv_object *vprintf_with(const char *format, ...)
{
    trv_object *text;
    va_list arguments;

    va_start(arguments, format);
    text = trv_str_vprintf(format, arguments);
    va_end(arguments);
    return text;
}

static trv_object *vprintf_all(void)
{
    return vprintf_with("%s and %s", "a text that is longer than what fits anywhere", "another");
}

/* What raises answers as it always does: here success is that the exception is there. */
static trv_object *taken(trv_object *type)
{
    trv_auto trv_object *error = NULL;

    if (!trv_error_matches(type))
        return NULL;
    error = trv_error_take();
    return trv_none_new();
}

static trv_object *raise_all(trv_object *type)
{
    trv_object *nothing = trv_raise(type, "%s and %d", "a text", 5);

    return nothing ? nothing : taken(trv_ValueError);
}

static trv_object *raise_errno_all(void)
{
    trv_object *nothing = trv_raise_errno_at_("file", 1, "function", 2, "%s", "a name");

    return nothing ? nothing : taken(trv_FileNotFoundError);
}

static int with_lock(trv_object *lock)
{
    TRV_WITH(lock) {}
    return trv_error_occurred() ? -1 : 0;
}

static trv_object *function_new(const char *name, trv_object *data)
{
    return trv_function_new(entry, name, data);
}

static trv_object *call_all(trv_object *callable, trv_object *any)
{
    return trv_call(callable, "o[i](s{s:d})", any, 1000, "text", "k", 2.5);
}

TRV_STATIC_FUNCTION(parses, "parses(a, b=): what it was given")
{
    const char *text = "";
    trv_object *a;

    return trv_parse(args, "o|s", &a, &text) < 0 ? NULL : trv_ref(a);
}

static trv_object *parse_all(trv_object *any)
{
    return trv_call(parses, "os", any, "text");
}

static int parse_tuple_all(trv_object *tuple)
{
    const char *text;
    int64_t a, b;

    return trv_parse_tuple(tuple, "lls", &a, &b, &text);
}

static int frozenset_len(trv_object *iterable)
{
    trv_auto trv_object *frozen = trv_frozenset_from(iterable);
    size_t length;

    return trv_frozenset_len(frozen, &length);
}

/* Walks an iterator, so that all of its items are made. */
static trv_object *walked(trv_object *iterator)
{
    trv_object *list = iterator ? trv_list_from(iterator) : NULL;

    trv_unref(iterator);
    return list;
}

static trv_object *zip_both(trv_object *a, trv_object *b)
{
    return walked(trv_zip_new((trv_object *[]){a, b}, 2, 0));
}

static trv_object *map_both(trv_object *callable, trv_object *a, trv_object *b)
{
    return walked(trv_map_iter_new(callable, (trv_object *[]){a, b}, 2));
}

static trv_object *filter_all(trv_object *callable, trv_object *iterable)
{
    return walked(trv_filter_new(callable, iterable));
}

static trv_object *wraps_all(trv_object *wrapped)
{
    trv_auto trv_object *wrapper = trv_function_new(entry, "wrapper(a=[1])", NULL);

    return trv_wraps(wrapper, wrapped);
}

static trv_object *total_ordering_all(trv_object *less)
{
    trv_auto trv_object *namespace = trv_build("{s:o}", "__lt__", less);
    trv_auto trv_object *class = trv_class_new("Ordered", NULL, namespace);

    return trv_total_ordering(class);
}

static trv_object *lru_cache_all(trv_object *callable, trv_object *any)
{
    trv_auto trv_object *cache = trv_lru_cache_new(callable, 1, 1);
    trv_auto trv_object *first = trv_call(cache, "oo", any, any);
    trv_auto trv_object *second = first ? trv_call(cache, "o", any) : NULL;

    return second ? trv_call(cache, "o", any) : NULL;
}

/* Asks a key made of a function for an order. */
static trv_object *cmp_to_key_all(trv_object *any)
{
    trv_auto trv_object *key = trv_cmp_to_key(any);

    return key ? trv_call(key, "o", any) : NULL;
}

static trv_object *attrgetter_all(trv_object *list)
{
    trv_auto trv_object *name = trv_str_new("append.__name__");
    trv_auto trv_object *getter = trv_attrgetter_new(&name, 1);

    return trv_call(getter, "o", list);
}

static trv_object *methodcaller_all(trv_object *list, trv_object *any)
{
    trv_auto trv_object *name = trv_str_new("count");
    trv_auto trv_object *caller = trv_methodcaller_new(name, &any, 1, NULL);

    return trv_call(caller, "o", list);
}

static trv_object *build_all(trv_object *any)
{
    return trv_build("{s:[o(ld)], s:(syn)}", "a", any, INT64_C(1000), 2.5, "b", "text", "bytes",
                     (size_t)5);
}

static trv_object *build_va(const char *format, ...)
{
    trv_object *value;
    va_list arguments;

    va_start(arguments, format);
    value = trv_build_va(format, &arguments);
    va_end(arguments);
    return value;
}

static trv_object *build_va_all(trv_object *any)
{
    return build_va("[o(l)]", any, INT64_C(1000));
}

static int delete_name(trv_object *local)
{
    return trv_setattr(local, "name", trv_int_type) < 0 ? -1 : trv_delattr(local, "name");
}

static int add_note(trv_object *exception)
{
    return trv_exception_add_note(exception, "a note of %d", 5);
}

/* One of an object that never ends would stay. */
static void let_go(trv_object *finalize)
{
    trv__fault_suspend(true);
    trv_unref(finalize ? trv_finalize_detach(finalize) : NULL);
    trv__fault_suspend(false);
}

static trv_object *finalize_new(trv_object *object, trv_object *callable, trv_object *any)
{
    trv_object *finalize = trv_finalize_new(object, callable, "o", any);

    let_go(finalize);
    return finalize;
}

static int finalize_alive(trv_object *object, trv_object *callable)
{
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "");
    int answer = finalize ? trv_finalize_alive(finalize) : -1;

    let_go(finalize);
    return answer;
}

static trv_object *finalize_detach(trv_object *object, trv_object *callable)
{
    trv_auto trv_object *finalize = trv_finalize_new(object, callable, "");

    return finalize ? trv_finalize_detach(finalize) : NULL;
}

static int buffer_acquire(trv_object *object, unsigned flags)
{
    trv_buffer buffer;
    int answer = trv_buffer_acquire(object, &buffer, flags);

    trv_buffer_release(&buffer);
    return answer;
}

static trv_object *call_plain(trv_object *class, trv_object *any)
{
    trv_auto trv_object *plain = trv_call(class, "");

    return plain && trv_setattr(plain, "name", any) == 0 ? trv_steal(&plain) : NULL;
}

static trv_object *call_method(trv_object *plain)
{
    return trv_call_method(plain, "method", "is", 1000, "text");
}

static trv_object *generator_new(trv_object *callable, trv_object *any)
{
    return trv_generator_new(callable, "o", any);
}

static trv_object *type_new(trv_object *base)
{
    trv_type_spec spec = {
        .size = sizeof spec, .name = "Made", .doc = "Made(): a type", .base = base};

    return trv_type_new(&spec);
}

static trv_object *submit_all(trv_object *executor, trv_object *callable, trv_object *any)
{
    return trv_submit(executor, callable, "o", any);
}

static trv_object *group_spawn(trv_object *group, trv_object *callable, trv_object *any)
{
    return trv_group_spawn(group, callable, "o", any);
}

static trv_object *thread_new(trv_object *callable, trv_object *any)
{
    return trv_thread_new(callable, "o", any);
}

static trv_object *timer_new(trv_object *callable, trv_object *any)
{
    return trv_timer_new(1000, callable, "o", any);
}

static trv_object *run_all(trv_object *callable, trv_object *any)
{
    return trv_run(callable, "o", any);
}

static trv_object *stream_new(void)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[1]);
    return trv_stream_new(ends[0]);
}

/* To somebody who is there. */
static int stream_write(const void *data, size_t size)
{
    trv_auto trv_object *stream = NULL;
    int ends[2], answer;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    stream = trv_stream_new(ends[0]);
    answer = stream ? trv_stream_write(stream, data, size) : -1;
    if (answer == 0)
        answer = trv_stream_end(stream);
    close(ends[1]);
    return answer;
}

static void *data_of(trv_object *instance)
{
    trv_auto trv_object *type = trv_type_of(instance);

    return trv_data(instance, type);
}

static trv_object *pickle_loads(trv_object *pickle)
{
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);

    return data ? trv_pickle_loads(data, size) : NULL;
}

static trv_object *pickle_loads_with(trv_object *pickle, trv_object *find, trv_object *buffers)
{
    trv_unpickle_options options = {
        .size = sizeof options, .find_global = find, .persistent_load = find, .buffers = buffers};
    size_t size;
    const void *data = trv_bytes_data(pickle, &size);

    return data ? trv_pickle_loads_with(data, size, &options) : NULL;
}

/* Forgets again, with its own faults and exceptions left out. */
static int forgotten(int answer, trv_object *object)
{
    trv_object *error = trv_error_take();

    trv__fault_suspend(true);
    if (object && trv_pickle_forget(object) < 0)
        answer = -1;
    trv__fault_suspend(false);
    if (error)
        trv_error_restore(error);
    trv_unref(error);
    return answer;
}

static int pickle_register(trv_object *type, trv_object *reducer, trv_object *constructor)
{
    int answer = trv_pickle_register(type, reducer, constructor);

    return forgotten(forgotten(answer, constructor), type);
}

static int pickle_register_name(trv_object *object, const char *module, const char *name)
{
    return forgotten(trv_pickle_register_name(object, module, name), object);
}

/* Rows ------------------------------------------------------------------------------------------------ */

#define ROW(name, returns, arguments) {#name, (words_function *)name, returns, arguments},
#define ROW_OF(name, function, returns, arguments)                                                 \
    {#name, (words_function *)function, returns, arguments},

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
static const struct row rows[] = {
#include "faults/rows.h"
};
#pragma GCC diagnostic pop
#define ROWS (sizeof rows / sizeof *rows)

static const char *current_row = "none";
static int standard_error, complaints;

static void name_row(int signum)
{
    static const char text[] = "\nin the row of ";
    ssize_t ignored = write(standard_error, text, sizeof text - 1);

    ignored = write(standard_error, current_row, strlen(current_row));
    ignored = write(standard_error, "\n", 1);
    (void)ignored;
    signal(signum, SIG_DFL);
    raise(signum);
}

static uint64_t number_in(const char *word)
{
    return (uint64_t)strtoll(strchr(word, '=') + 1, NULL, 10);
}

/* Makes what a word of a row says. */
static void make_argument(struct call *call, struct argument *argument, size_t *word,
                          size_t *number)
{
    const char *text = argument->word;
    const struct maker *maker = maker_of(argument);

    if (!strncmp(text, "d=", 2)) {
        call->doubles[(*number)++] = strtod(text + 2, NULL);
        return;
    }
    argument->slot = &call->words[(*word)++];
    if (maker) {
        argument->object = maker->make();
        ck_assert_msg(argument->object != NULL, "%s: %s cannot be made", call->row->name, text);
        *argument->slot = (uintptr_t)argument->object;
    } else if (text[0] == '>') {
        *argument->slot = (uintptr_t)argument->variable;
    } else if (text[0] == 's') {
        *argument->slot = (uintptr_t)(strchr(text, '=') + 1);
    } else if (text[0] == 'n' && text[1] == '=') {
        *argument->slot = number_in(text);
    } else if (!strncmp(text, "c=", 2)) {
        *argument->slot = number_in(text);
    } else if (!strcmp(text, "data")) {
        *argument->slot = (uintptr_t)call->data;
    } else if (!strcmp(text, "pair")) {
        argument->pair[0] = make_list();
        argument->pair[1] = make_dict();
        *argument->slot = (uintptr_t)argument->pair;
    } else {
        ck_assert_msg(!strcmp(text, "null"), "%s: what is %s?", call->row->name, text);
    }
}

static void begin_call(struct call *call, const struct row *row)
{
    const char *at = row->arguments;
    size_t word = 0, number = 0;

    trv__fault_suspend(true);
    memset(call, 0, sizeof *call);
    call->row = row;
    memcpy(call->data, "12345678", 8);
    while (*(at += strspn(at, " "))) {
        struct argument *argument = &call->arguments[call->count++];
        size_t length = strcspn(at, " ");

        memcpy(argument->word, at, length);
        at += length;
        make_argument(call, argument, &word, &number);
    }
    ck_assert_int_eq(trv_error_occurred(), 0);
    trv__fault_suspend(false);
}

static uint64_t do_call(struct call *call)
{
    const uint64_t *w = call->words;

    return call->row->function(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], w[9],
                               call->doubles[0], call->doubles[1]);
}

static bool can_fail(const struct row *row)
{
    return strchr("oip", row->returns[0]) != NULL;
}

/* Whether the result says that it failed. */
static bool has_failed(const struct row *row, uint64_t result)
{
    switch (row->returns[0]) {
    case 'o':
    case 'p':
        return result == 0;
    case 'i':
        return (int)(uint32_t)result < 0;
    default:
        return trv_error_occurred();
    }
}

static void end_call(struct call *call, uint64_t result)
{
    trv__fault_suspend(true);
    if (strchr("ot", call->row->returns[0]))
        trv_unref((trv_object *)(uintptr_t)result);
    for (size_t i = 0; i < call->count; i++) {
        struct argument *argument = &call->arguments[i];

        if (!strcmp(argument->word, ">o"))
            trv_unref((trv_object *)(uintptr_t)argument->variable[0]);
        trv_unref(argument->object);
        trv_unref(argument->pair[0]);
        trv_unref(argument->pair[1]);
    }
    trv__fault_suspend(false);
}

static size_t live_objects(void)
{
    trv_heap_stats stats;

    trv__fault_suspend(true);
    ck_assert_int_eq(trv_gc_collect(2, NULL), 0);
    trv_heap_stats_get(&stats);
    trv__fault_suspend(false);
    return stats.live_objects;
}

/* Says what is wrong with a row, and goes on with the next. */
__attribute__((format(printf, 2, 3))) static void complain(const struct row *row, const char *what,
                                                           ...)
{
    va_list arguments;

    complaints++;
    dprintf(standard_error, "%s(%s): ", row->name, row->arguments);
    va_start(arguments, what);
    vdprintf(standard_error, what, arguments);
    va_end(arguments);
    dprintf(standard_error, "\n");
}

typedef void each_row(const struct row *row);

/* The first call of a row may make what lasts; after the others there are as many objects as before. */
static void run_rows(each_row *run)
{
    const char *wanted = getenv("FAULTS_ROW");
    int silence;

    standard_error = fcntl(2, F_DUPFD_CLOEXEC, 100);
    silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(standard_error, 0);
    if (!wanted)
        dup2(silence, 2); /* futures and callbacks report what they were given */
    signal(SIGSEGV, name_row);
    signal(SIGBUS, name_row);
    signal(SIGABRT, name_row);
    signal(SIGALRM, name_row);
    for (size_t i = 0; i < ROWS; i++) {
        size_t before, after;

        if (wanted && strcmp(wanted, rows[i].name))
            continue;
        current_row = rows[i].name;
        run(&rows[i]);
        before = live_objects();
        run(&rows[i]);
        after = live_objects();
        if (before != after)
            complain(&rows[i], "%zd objects are left", (ssize_t)(after - before));
    }
    signal(SIGABRT, SIG_DFL);
    dup2(standard_error, 2);
    close(standard_error);
    close(silence);
    ck_assert_msg(complaints == 0, "%d complaints (see above)", complaints);
}

/* Memory ---------------------------------------------------------------------------------------------- */

static void judge_fault(const struct row *row, uint64_t result, bool struck, uint64_t nth)
{
    bool failed = has_failed(row, result);
    bool may_fail = strchr(row->returns, '!') || !can_fail(row);

    if (failed && !trv_error_occurred())
        complain(row, "it fails without an exception at fault %d", (int)nth);
    else if (!failed && trv_error_occurred())
        complain(row, "a result and an exception at fault %d", (int)nth);
    else if (failed && !struck && !may_fail)
        complain(row, "it fails with memory, too");
    else if (failed && struck && !may_fail && !trv_error_matches(trv_MemoryError) &&
             !trv_error_matches(trv_OSError))
        complain(row, "fault %d is no MemoryError", (int)nth);
    trv_error_clear();
}

static void without_memory(const struct row *row)
{
    bool struck = true;

    for (uint64_t nth = 1; struck; nth++) {
        struct call call;
        uint64_t result;

        if (nth == MOST_FAULTS) {
            complain(row, "its fault points have no end");
            return;
        }
        begin_call(&call, row);
        trv__fault_arm(nth);
        result = do_call(&call);
        struck = trv__fault_struck();
        trv__fault_arm(0);
        judge_fault(row, result, struck, nth);
        end_call(&call, result);
    }
}

TEST(every_function_survives_every_want_of_memory)
{
    run_rows(without_memory);
}

/* Wrong arguments ------------------------------------------------------------------------------------- */

/* A call that may fail: if it says so, there is an exception, and if not, there is none. */
static void judge(struct call *call, const char *what)
{
    const struct row *row = call->row;
    uint64_t result = do_call(call);
    bool failed = has_failed(row, result);

    if (can_fail(row) && failed != trv_error_occurred())
        complain(row, "with %s: %s", what,
                 failed ? "it fails without an exception" : "a result and an exception");
    trv_error_clear();
    end_call(call, failed ? 0 : result);
}

static void with_null(const struct row *row)
{
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++) {
        struct argument *argument = &call.arguments[i];
        bool is_text = argument->word[0] == 's' && strchr(argument->word, '=');

        if (argument->object || is_text) {
            *argument->slot = 0;
            judge(&call, "NULL");
            begin_call(&call, row);
        }
    }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_null)
{
    run_rows(with_null);
}

static void with_objects(const struct row *row)
{
    trv_object *(*const wrong[])(void) = {make_any,      make_key,       make_list,
                                          make_type,     make_none,      make_set,
                                          make_callable, make_exception, make_instance};
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++)
        for (size_t j = 0; call.arguments[i].object && j < sizeof wrong / sizeof *wrong; j++) {
            struct argument *argument = &call.arguments[i];

            trv_unref(argument->object);
            argument->object = wrong[j]();
            *argument->slot = (uintptr_t)argument->object;
            judge(&call, trv_type_name(argument->object));
            begin_call(&call, row);
        }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_other_types)
{
    run_rows(with_objects);
}

static void with_numbers(const struct row *row)
{
    static const int64_t numbers[] = {0, -1, 1, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static const double doubles[] = {
        0.0, -1.0, 1e300, -1e300, __builtin_nan(""), __builtin_inf(), -__builtin_inf()};
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++)
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            struct argument *argument = &call.arguments[i];
            bool is_double = !strncmp(argument->word, "d=", 2) && !strchr(argument->word, '!');

            if (strncmp(argument->word, "n=", 2) && !is_double)
                continue;
            if (is_double)
                call.doubles[0] = doubles[j];
            else
                *argument->slot = (uint64_t)numbers[j];
            judge(&call, "a number");
            begin_call(&call, row);
        }
    end_call(&call, 0);
}

TEST(every_function_is_told_of_any_number)
{
    run_rows(with_numbers);
}

/* An argument that is NULL because the call that should have made it failed: its exception stands. */
static void with_failed_argument(const struct row *row)
{
    struct call call;

    begin_call(&call, row);
    for (size_t i = 0, count = call.count; i < count; i++) {
        struct argument *argument = &call.arguments[i];
        uint64_t result;

        if (!argument->object || strchr(argument->word, '~'))
            continue;
        *argument->slot = 0;
        (void)trv_raise(trv_IndexError, "of the argument");
        result = do_call(&call);
        if (can_fail(row) && !has_failed(row, result))
            complain(row, "argument %zu has failed, not the call", i + 1);
        else if (can_fail(row) && !trv_error_matches(trv_IndexError))
            complain(row, "the exception of argument %zu is lost", i + 1);
        trv_error_clear();
        end_call(&call, has_failed(row, result) ? 0 : result);
        begin_call(&call, row);
    }
    end_call(&call, 0);
}

TEST(every_function_passes_on_what_failed_before)
{
    run_rows(with_failed_argument);
}

/* An exception that is pending, though all arguments are there: nothing crashes. */
static void with_pending(const struct row *row)
{
    struct call call;
    uint64_t result;

    begin_call(&call, row);
    (void)trv_raise(trv_IndexError, "pending");
    result = do_call(&call);
    if (has_failed(row, result) && can_fail(row) && !trv_error_occurred())
        complain(row, "it fails and clears the exception");
    if (row->returns[0] == 'i' && (int)(uint32_t)result < 0)
        result = 0;
    trv_error_clear();
    end_call(&call, result);
}

TEST(every_function_survives_a_pending_exception)
{
    run_rows(with_pending);
}

TEST_LIST(RUN(every_function_survives_every_want_of_memory), RUN(every_function_is_told_of_null),
          RUN(every_function_is_told_of_other_types), RUN(every_function_is_told_of_any_number),
          RUN(every_function_passes_on_what_failed_before),
          RUN(every_function_survives_a_pending_exception))
