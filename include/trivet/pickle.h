/* SPDX-License-Identifier: MIT */
/*
 * Pickles: objects as bytes, in the format of Python's module `pickle`.
 *
 * Protocols 2 to 5 are read and written, in both directions with Python. Shared and recursive
 * structures keep their shape. None, numbers, strs, bytes, bytearrays, containers, ranges, slices,
 * exceptions, methods, iterators, built-in functions and types are pickled as they are. Functions travel by where their
 * code is (Python does not read these), unless they were given a name.
 *
 * What is yours is registered first, because a pickle may come from anyone: reading calls nothing and
 * finds nothing that was not registered here or is built in and harmless.
 *
 *     trv_pickle_register_name(point_type, "geometry", "Point");     // instances of a class
 *     trv_pickle_register(file_type, reduce_file, make_file);        // an opaque type
 *
 *     TRV_FUNCTION(reduce_file, "reduce_file(f): how to make it again")
 *     {
 *         trv_auto trv_object *name = trv_getattr(args->items[0], "name");
 *         return trv_build("(o(o))", make_file, name);
 *     }
 *
 * What a reducer answers is what Python's __reduce__ does: the str of a global, or a tuple of a
 * callable and its arguments, and, each optional or None, a state, an iterator of items to append,
 * one of pairs to set, and a function that sets the state.
 */
#ifndef TRIVET_PICKLE_H
#define TRIVET_PICKLE_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* An object as a pickle of protocol 5. An exception of a type of your own that has no name is read as
 * one of your type of that name if there is one, else as one of the built-in base with the name in
 * its message.
 * Returns: bytes. Raises: PicklingError, RecursionError, what reducers raise. May switch: if reducers
 * do. */
TRV_API TRV_MUST_CHECK trv_object *trv_pickle_dumps(trv_object *object);
/* The object of a pickle of protocols 2 to 5; what follows it is not read. A function must be part of a
 * program or library loaded here, and a closure have code of which this program has made a closure
 * before; one of the library's own is refused. The bytes must not change meanwhile.
 * Raises: UnpicklingError, RecursionError, what registered functions raise. May switch: if these do. */
TRV_API TRV_MUST_CHECK trv_object *trv_pickle_loads(const void *data, size_t size);

typedef struct trv_pickle_options {
    size_t size;               /* sizeof (trv_pickle_options) */
    int protocol;              /* 2 to 5; 0: 5 */
    trv_object *persistent_id; /* called with each object: what it answers, unless None, is written
                                * in its place, for persistent_load. NULL: none */
    trv_object *buffer_callback; /* called with each PickleBuffer: if its answer is false, that
                                  * travels beside, and is not in the pickle. Protocol 5. NULL: all
                                  * are in it */
} trv_pickle_options;

/* The same with options, NULL for defaults. Raises: ValueError for a protocol that is none. */
TRV_API TRV_MUST_CHECK trv_object *trv_pickle_dumps_with(trv_object *object,
                                                         const trv_pickle_options *options);

typedef struct trv_unpickle_options {
    size_t size;                 /* sizeof (trv_unpickle_options) */
    trv_object *persistent_load; /* called with each id of persistent_id; NULL: they are refused */
    trv_object *find_global;     /* called with module and name of what is not known here; what it
                                  * answers the pickle may call. NULL: it is refused */
    trv_object *buffers; /* an iterable of what travelled beside the pickle; NULL: nothing */
    size_t *used;        /* how long the pickle is; NULL: not told */
} trv_unpickle_options;

/* The same as trv_pickle_loads with options, NULL for defaults.
 * Raises: also what their functions raise, TypeError if `buffers` is no iterable. May switch: if these do. */
TRV_API TRV_MUST_CHECK trv_object *trv_pickle_loads_with(const void *data, size_t size,
                                                         const trv_unpickle_options *options);

extern TRV_API trv_object trv_pickle_buffer_type[1];
/* Python's PickleBuffer: the memory of an object (buffer.h), which a pickler can leave out of the
 * pickle, so that it is not copied. A reducer of a type of one's own passes it to the constructor.
 * Raises: TypeError if the object has no memory to offer. */
TRV_API TRV_MUST_CHECK trv_object *trv_pickle_buffer_new(trv_object *object);

/* From now on objects of exactly that type are written as `reducer` answers when it is called with one
 * of them; and pickles that are read may call `constructor`, unless it is NULL. A second time replaces
 * the first. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_pickle_register(trv_object *type, trv_object *reducer,
                                               trv_object *constructor);
/* From now on an object (a class, a function, anything) is written as the name that it has in a module, as
 * Python knows it, and read from it; pickles that are read may call it, and make and fill instances, if
 * it is a class. Raises: ValueError if the name stands for another object. */
TRV_API TRV_MUST_CHECK int trv_pickle_register_name(trv_object *object, const char *module,
                                                    const char *name);
/* Takes back all that was registered of an object. */
TRV_API int trv_pickle_forget(trv_object *object);

TRV_END_DECLARATIONS

#endif
