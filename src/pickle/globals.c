/* SPDX-License-Identifier: MIT */
/*
 * The names of globals: see globals.h.
 *
 * Most are in Python's builtins. The first entry of a type in `elsewhere` is how it is written;
 * others are names it also has, in older versions or in the module that shows it.
 */
#include "pickle/globals.h"

#include "object/exception.h"
#include "object/reduce.h"
#include "pickle/registry.h"

#include "types/builtins.h"

#include "trivet/buffer.h"
#include "trivet/builtins.h"
#include "trivet/functools.h"
#include "trivet/pickle.h"

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
    {"_pickle", "PickleBuffer", trv_pickle_buffer_type},
    {"pickle", "PickleBuffer", trv_pickle_buffer_type},
    {"pickle", "PicklingError", trv_PicklingError},
    {"_pickle", "UnpicklingError", trv_UnpicklingError},
    {"pickle", "UnpicklingError", trv_UnpicklingError},
    {"_codecs", "encode", trv__latin1_encode},
    {"builtins", "NotImplemented", trv_not_implemented},
    {"builtins", "getattr", trv__pickle_getattr},
    {"types", "MethodType", trv_method_type},
    {"functools", "partial", trv_partial_type},
    {"operator", "itemgetter", trv_itemgetter_type},
    {"operator", "attrgetter", trv_attrgetter_type},
    {"operator", "methodcaller", trv_methodcaller_type},
    {"copyreg", "__newobj__", trv__newobj},
    {"copyreg", "__newobj_ex__", trv__newobj_ex},
    {"copyreg", "_reconstructor", trv__reconstructor},
    {"copy_reg", "__newobj__", trv__newobj},
    {"copy_reg", "_reconstructor", trv__reconstructor},
    /* the names of Python 2, which protocol 2 uses */
    {"Queue", "Full", trv_QueueFull},
    {"__builtin__", "NotImplemented", trv_not_implemented},
    {"__builtin__", "getattr", trv__pickle_getattr},
    {"__builtin__", "xrange", trv_range_type},
    {"__builtin__", "unicode", trv_str_type},
    {"__builtin__", "long", trv_int_type},
    {"itertools", "izip", trv_zip_type},
    {"itertools", "imap", trv_map_type},
    {"itertools", "ifilter", trv_filter_type},
    {"exceptions", "EnvironmentError", trv_OSError},
    {"exceptions", "IOError", trv_OSError},
    {"asyncio.exceptions", "TimeoutError", trv_TimeoutError},
    {"concurrent.futures._base", "TimeoutError", trv_TimeoutError},
};

#define ADDRESS(name, base) trv_##name,
static trv_object *const in_builtins[] = {
    trv_object_type,     trv_bool_type,      trv_int_type,      trv_float_type,
    trv_str_type,        trv_bytes_type,     trv_list_type,     trv_dict_type,
    trv_tuple_type,      trv_set_type,       trv_range_type,    trv_type_type,
    trv_slice_type,      trv_frozenset_type, trv_complex_type,  trv_bytearray_type,
    trv_memoryview_type, trv_enumerate_type, trv_zip_type,      trv_map_type,
    trv_filter_type,     trv_reversed_type,  trv_BaseException, TRV_EXCEPTIONS(ADDRESS)};

/* Exceptions that Python 2 did not have: there they are read as part of its builtins. */
static trv_object *const not_in_python2[] = {trv_BaseExceptionGroup, trv_ExceptionGroup,
                                             trv_ModuleNotFoundError, trv_RecursionError,
                                             trv_StopAsyncIteration};

static const struct global *find_elsewhere(const trv_object *object)
{
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        if (elsewhere[i].object == object && strcmp(elsewhere[i].module, "__builtin__"))
            return &elsewhere[i];
    return NULL;
}

static bool is_among(const trv_object *object, trv_object *const *objects, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (objects[i] == object)
            return true;
    return false;
}

/* The names that Python 2 had for what is in Python 3's builtins. */
static const char *python2_name(const trv_object *object, const char **name)
{
    const struct trv_type *type = trv__type_of_handle(object);

    if (!(type->flags & TRV__TYPE_EXCEPTION)) {
        if (object == trv_zip_type || object == trv_map_type || object == trv_filter_type) {
            *name = object == trv_zip_type ? "izip" : object == trv_map_type ? "imap" : "ifilter";
            return "itertools";
        }
        if (object == trv_range_type)
            *name = "xrange";
        if (object == trv_str_type)
            *name = "unicode";
        if (object == trv_int_type)
            *name = "long";
        return "__builtin__";
    }
    if (trv__type_derives(type, trv__type_of_handle(trv_OSError)))
        *name = "OSError";
    return is_among(object, not_in_python2, COUNT_OF(not_in_python2)) ? "__builtin__"
                                                                      : "exceptions";
}

/* The name of what this library knows. */
static const char *own_name(const trv_object *object, int protocol, const char **name)
{
    const struct global *global = find_elsewhere(object);

    if (global && strcmp(global->module, "exceptions") && strcmp(global->module, "itertools") &&
        object != trv_TimeoutError) {
        *name = global->name;
        return global->module;
    }
    if (trv__is_builtin_function(object)) {
        *name = trv_function_name((trv_object *)(uintptr_t)object);
        if (protocol < 3 && strcmp(*name, "chr") == 0)
            *name = "unichr";
        return protocol < 3 ? "__builtin__" : "builtins";
    }
    if (!is_among(object, in_builtins, COUNT_OF(in_builtins)))
        return NULL;
    *name = trv__type_of_handle(object)->name;
    return protocol < 3 ? python2_name(object, name) : "builtins";
}

const char *trv__global_name(const trv_object *object, int protocol, const char **name)
{
    const struct trv__registered *registered = trv__registered(object);

    *name = NULL;
    if (!registered || !registered->name)
        return own_name(object, protocol, name);
    *name = trv_str_utf8(registered->name, NULL);
    return trv_str_utf8(registered->module, NULL);
}

static bool is_builtins(const char *module)
{
    return !strcmp(module, "builtins") || !strcmp(module, "__builtin__") ||
           !strcmp(module, "exceptions");
}

int trv__global_find(const char *module, const char *name, trv_object **object)
{
    for (size_t i = 0; i < COUNT_OF(elsewhere); i++)
        if (!strcmp(elsewhere[i].name, name) && !strcmp(elsewhere[i].module, module)) {
            *object = trv_ref(elsewhere[i].object);
            return 1;
        }
    if (is_builtins(module))
        for (size_t i = 0; i < COUNT_OF(in_builtins); i++)
            if (!strcmp(trv__type_of_handle(in_builtins[i])->name, name)) {
                *object = trv_ref(in_builtins[i]);
                return 1;
            }
    if (is_builtins(module) &&
        (*object = trv__builtin_function(strcmp(name, "unichr") == 0 ? "chr" : name)))
        return 1;
    return trv__registered_object(module, name, object);
}
