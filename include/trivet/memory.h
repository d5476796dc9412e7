/* SPDX-License-Identifier: MIT */
/*
 * Weak references, and figures about memory. What collects cycles is in collector.h.
 *
 * Objects end when their count reaches zero. Finalizers and weak reference callbacks may not block.
 */
#ifndef TRIVET_MEMORY_H
#define TRIVET_MEMORY_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* A weak reference; `callback` (may be NULL) is called with it when the object ends. Without a
 * callback the same object gives the same weak reference. Raises: TypeError for objects that
 * cannot be weakly referenced (None, bool, int, float, str, bytes, tuple). */
TRV_API TRV_MUST_CHECK trv_object *trv_weakref_new(trv_object *object, trv_object *callback);
/* What a weak reference refers to. Returns: the object, or None once it has ended. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_weakref_get(trv_object *weakref);
/* A proxy: every operation on it goes to the object, and raises ReferenceError once that has ended.
 * It has no hash. Callbacks and sharing as of weak references. Raises: TypeError as trv_weakref_new. */
TRV_API TRV_MUST_CHECK trv_object *trv_weakref_proxy_new(trv_object *object, trv_object *callback);
extern TRV_API trv_object trv_weakref_proxy_type[1];
/* A weak reference to a bound method: called, it gives an equal method, or None once the method's object or
 * its function has ended. `callback` (may be NULL) is called with it then. Equal to another if it is of an equal
 * object and function. Raises: TypeError for what is no bound method, or one of an object that cannot be weakly
 * referenced. */
TRV_API TRV_MUST_CHECK trv_object *trv_weakref_method_new(trv_object *method, trv_object *callback);
extern TRV_API trv_object trv_weakref_method_type[1];
/* How many weak references to an object there are, proxies included. Those to immortal objects are
 * not known. Returns: the count; 0 for NULL. */
TRV_API size_t trv_weakref_count(const trv_object *object);
/* The weak references and proxies of an object. Returns: a list. */
TRV_API TRV_MUST_CHECK trv_object *trv_weakref_list(trv_object *object);

/* Containers that do not keep what is in them alive: an entry is gone when its object has ended, also
 * while one iterates. They have the methods of Python's; trv_getitem and the like work on them. */
extern TRV_API trv_object trv_weak_set_type[1], trv_weak_key_dict_type[1],
    trv_weak_value_dict_type[1];
/* A set of objects that it does not keep alive; of an iterable's items, or NULL for none. Raises:
 * TypeError for items that cannot be weakly referenced or hashed. */
TRV_API TRV_MUST_CHECK trv_object *trv_weak_set_new(trv_object *iterable);
/* Adds an item. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_weak_set_add(trv_object *set, trv_object *item);
/* Takes an item out if it is there. Returns: 1 if it was, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_weak_set_discard(trv_object *set, trv_object *item);
/* An empty dict that does not keep its keys alive; but a value that refers to its key does. */
TRV_API TRV_MUST_CHECK trv_object *trv_weak_key_dict_new(void);
/* An empty dict that does not keep its values alive. */
TRV_API TRV_MUST_CHECK trv_object *trv_weak_value_dict_new(void);

/* Calls a callable with these arguments when the object ends, or else in trv_fini, the last made first.
 * It is alive until then, without anybody who holds it; the arguments should not refer to the object.
 * What it raises is printed. trv_call(finalize, "") makes the call now, once; `atexit`, an attribute,
 * says whether trv_fini makes it; `peek()` and `alive` are Python's. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_finalize_new(trv_object *object, trv_object *callable,
                                                    const char *format, ...);
extern TRV_API trv_object trv_finalize_type[1];
/* Whether the call is still to be made. Returns: 1, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_finalize_alive(trv_object *finalize);
/* No call will be made. Returns: (object, callable, arguments, keywords), or None if it was not alive.
 * Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_finalize_detach(trv_object *finalize);

/* Bytes that one object takes in the heap, with the memory it owns, without what it refers to. */
TRV_API size_t trv_sizeof(trv_object *object);
/* Bytes of an object and of everything it reaches, each counted once. */
TRV_API TRV_MUST_CHECK int trv_total_size(trv_object *object, size_t *size_bytes);

typedef struct trv_heap_stats {
    size_t live_objects; /* not counting static ones */
    size_t live_bytes;   /* blocks in use, in pools and beyond */
    size_t pool_bytes;   /* of these, in pools */
    size_t arenas;       /* mapped now */
    size_t arena_bytes;  /* mapped now */
} trv_heap_stats;

/* Fills in what the heap has now. Needs the GIL; does not block. */
TRV_API void trv_heap_stats_get(trv_heap_stats *stats);

/* Blocks of one size, in pools. */
typedef struct trv_heap_class {
    size_t block_bytes; /* a multiple of 8, 16 to 512 */
    size_t pools;       /* that are cut into such blocks */
    size_t used, free;  /* blocks */
} trv_heap_class;

/* The figures of the sizes that there are pools of, the smallest first, in up to `count` places.
 * Returns: how many sizes there are. */
TRV_API size_t trv_heap_classes(trv_heap_class *classes, size_t count);
/* All figures of the heap as a page of text. Returns: a str. */
TRV_API TRV_MUST_CHECK trv_object *trv_heap_text(void);

TRV_END_DECLARATIONS

#endif
