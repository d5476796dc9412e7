/* SPDX-License-Identifier: MIT */
/*
 * The names of globals: see globals.h.
 *
 * Most are in Python's builtins. The first entry of a type in `elsewhere` is how it is written;
 * others are names it also has, in older versions or in the module that shows it.
 */
#include "pickle/globals.h"

struct global {
    const char *module;
    const char *name;
    trv_object *object;
};

static const struct global elsewhere[] = {
    {"asyncio.exceptions", "CancelledError", trv_CancelledError},
    {"concurrent.futures._base", "CancelledError", trv_CancelledError},
    {"asyncio.exceptions", "IncompleteReadError", trv_IncompleteReadError},
    {"asyncio.exceptions", "InvalidStateError", trv_InvalidStateError},
    {"concurrent.futures._base", "InvalidStateError", trv_InvalidStateError},
    {"concurrent.futures._base", "BrokenExecutor", trv_BrokenExecutor},
    {"concurrent.futures.process", "BrokenProcessPool", trv_BrokenProcessPool},
    {"concurrent.futures.thread", "BrokenThreadPool", trv_BrokenThreadPool},
    {"threading", "BrokenBarrierError", trv_BrokenBarrierError},
    {"trivet", "DeadlockError", trv_DeadlockError},
    {"_queue", "Empty", trv_QueueEmpty},
    {"queue", "Empty", trv_QueueEmpty},
    {"queue", "Full", trv_QueueFull},
    {"queue", "ShutDown", trv_QueueShutDown},
    {"_pickle", "PicklingError", trv_PicklingError},
    {"pickle", "PicklingError", trv_PicklingError},
    {"_pickle", "UnpicklingError", trv_UnpicklingError},
    {"pickle", "UnpicklingError", trv_UnpicklingError},
    {"_codecs", "encode", trv__latin1_encode},
    /* the names of Python 2, which protocol 2 uses */
    {"Queue", "Full", trv_QueueFull},
    {"__builtin__", "xrange", trv_range_type},
    {"__builtin__", "unicode", trv_str_type},
    {"__builtin__", "long", trv_int_type},
    {"exceptions", "EnvironmentError", trv_OSError},
    {"exceptions", "IOError", trv_OSError},
    {"asyncio.exceptions", "TimeoutError", trv_TimeoutError},
    {"concurrent.futures._base", "TimeoutError", trv_TimeoutError},
};

#define ADDRESS(name, base) trv_##name,
static trv_object *const in_builtins[] = {
    trv_object_type, trv_bool_type, trv_int_type,      trv_float_type,         trv_str_type,
    trv_bytes_type,  trv_list_type, trv_dict_type,     trv_tuple_type,         trv_set_type,
    trv_range_type,  trv_type_type, trv_BaseException, TRV_EXCEPTIONS(ADDRESS)};

static const struct global *find_elsewhere(const trv_object *object)
{
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        if (elsewhere[i].object == object && strcmp(elsewhere[i].module, "__builtin__"))
            return &elsewhere[i];
    return NULL;
}

static bool is_in_builtins(const trv_object *object)
{
    for (size_t i = 0; i < COUNT_OF(in_builtins); i++)
        if (in_builtins[i] == object)
            return true;
    return false;
}

const char *trv__global_name(const trv_object *type, const char **name)
{
    const struct global *global;

    *name = NULL;
    if (!is_in_builtins(type))
        return NULL;
    global = find_elsewhere(type);
    if (global && strcmp(global->module, "exceptions") && type != trv_TimeoutError) {
        *name = global->name;
        return global->module;
    }
    *name = trv__type_of_handle(type)->name;
    return "builtins";
}

static bool is_builtins(const char *module)
{
    return !strcmp(module, "builtins") || !strcmp(module, "__builtin__") ||
           !strcmp(module, "exceptions");
}

trv_object *trv__global_find(const char *module, const char *name)
{
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        if (!strcmp(elsewhere[i].name, name) && !strcmp(elsewhere[i].module, module))
            return trv_ref(elsewhere[i].object);
    if (is_builtins(module))
        for (size_t i = 0; i < COUNT_OF(in_builtins); i++)
            if (!strcmp(trv__type_of_handle(in_builtins[i])->name, name))
                return trv_ref(in_builtins[i]);
    return trv_raise(trv_UnpicklingError, "a pickle may not name %.100s.%.100s", module, name);
}
