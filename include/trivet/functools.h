/* SPDX-License-Identifier: MIT */
/*
 * Callables made of callables: partial, lru_cache, wraps, reduce, cmp_to_key, and the getters of Python's
 * operator module; and module objects.
 *
 * A decorator is a function that takes a function and gives another; trv_wraps makes the new one look
 * like the old one. Decorators are applied from the one next to the function outwards.
 */
#ifndef TRIVET_FUNCTOOLS_H
#define TRIVET_FUNCTOOLS_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

extern TRV_API trv_object trv_partial_type[1], trv_itemgetter_type[1], trv_attrgetter_type[1],
    trv_methodcaller_type[1], trv_module_type[1], trv_cached_property_type[1];

/* A callable that calls another with these arguments before, and these keywords (a dict, or NULL) beside,
 * those of each call. A partial of a partial is one of what that calls. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_partial_new(trv_object *callable, trv_object *const *items,
                                                   size_t count, trv_object *keywords);
/* What Python's functools.wraps does: gives `wrapper` the name, qualified name, module, doc and attributes
 * of `wrapped`, and notes it as __wrapped__.
 * Returns: `wrapper`, a new reference. Raises: what setting an attribute raises. */
TRV_API TRV_MUST_CHECK trv_object *trv_wraps(trv_object *wrapper, trv_object *wrapped);

/* Gives a class that has one of __lt__, __le__, __gt__ and __ge__ the others, made of that one and ==; those it has
 * are kept.
 * Returns: `class`, a new reference. Raises: ValueError if it has none; what setting an attribute raises. */
TRV_API TRV_MUST_CHECK trv_object *trv_total_ordering(trv_object *class_);

/* A callable that remembers what another gave for the last `maxsize` different arguments; for all if that
 * is negative, for none if it is 0. If `typed`, 1 and 1.0 are different. Exceptions are not remembered. It has
 * the methods cache_info, cache_clear and cache_parameters. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_lru_cache_new(trv_object *callable, int64_t maxsize,
                                                     int typed);

/* For the namespace of a class: an attribute that a function makes of the instance when it is first asked
 * for; then the instance has it itself. */
TRV_API TRV_MUST_CHECK trv_object *trv_cached_property_new(trv_object *function);

/* function(... function(function(initial, first item), second item) ..., last item); `initial` may be
 * NULL: then the first item. Raises: TypeError if there is neither. */
TRV_API TRV_MUST_CHECK trv_object *trv_reduce(trv_object *function, trv_object *iterable,
                                              trv_object *initial);
/* A key for sorting, made of a function that compares two items and gives an int below, at or above 0. */
TRV_API TRV_MUST_CHECK trv_object *trv_cmp_to_key(trv_object *function);

/* Callables that give object[key], a tuple of them for several. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_itemgetter_new(trv_object *const *keys, size_t count);
/* Callables that give object.name, where a name may have dots. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_attrgetter_new(trv_object *const *names, size_t count);
/* Callables that give object.name(items, keywords). Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_methodcaller_new(trv_object *name, trv_object *const *items,
                                                        size_t count, trv_object *keywords);

/* A module: an object whose attributes are in a dict, __dict__, and begin with __name__ and __doc__. What it
 * has not, the function __getattr__ in it is asked for, if it has one. `doc` may be NULL. */
TRV_API TRV_MUST_CHECK trv_object *trv_module_new(const char *name, const char *doc);

TRV_END_DECLARATIONS

#endif
