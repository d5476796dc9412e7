/* SPDX-License-Identifier: MIT */
/*
 * The rows of rows.h as a table, and before it the calls that C cannot be told in a word: those with a
 * variable number of arguments, with structures, or with something to undo afterwards.
 */
#include "faults/every_function.h"

#include "base/fault.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

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
    return trv_function_new(returns_none, name, data);
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
    trv_auto trv_object *wrapper = trv_function_new(returns_none, "wrapper(a=[1])", NULL);

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

/* The table ------------------------------------------------------------------------------------------- */

#define ROW(name, returns, arguments) {#name, (words_function *)name, returns, arguments},
#define ROW_OF(name, function, returns, arguments)                                                 \
    {#name, (words_function *)function, returns, arguments},

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
const struct row rows[] = {
#include "faults/rows.h"
};
#pragma GCC diagnostic pop

const size_t row_count = sizeof rows / sizeof *rows;
