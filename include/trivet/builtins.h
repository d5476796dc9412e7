/* SPDX-License-Identifier: MIT */
/*
 * Python's built-in functions: what walks an iterable and answers, and what makes lazy iterators.
 *
 *     trv_auto trv_object *pairs = trv_enumerate_new(names, 1);
 *     TRV_FOR(pair, pairs)
 *         trv_print(pair);
 *
 * The iterators ask for an item of what is below them when they are asked for one, and hold what they
 * need until then. trv_map of the executors is another thing; the iterator is trv_map_iter_new.
 *
 * trv_builtin gives each of them as an object that can be called, by the name it has in Python.
 */
#ifndef TRIVET_BUILTINS_H
#define TRIVET_BUILTINS_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* The built-in type, exception or function of a name: "len", "zip", "ValueError".
 * Returns: a new reference. Raises: NameError if there is none. */
TRV_API TRV_MUST_CHECK trv_object *trv_builtin(const char *name);

/* Answers ------------------------------------------------------------------------------------- */

/* A new list of an iterable's items, sorted as trv_list_sort does. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_sorted(trv_object *iterable, trv_object *key, int reverse);
/* `start` and all items, added up; NULL starts from 0. Raises: TypeError, also for texts. */
TRV_API TRV_MUST_CHECK trv_object *trv_sum(trv_object *iterable, trv_object *start);
/* The least and the greatest item, the first of those that are equal; by key(item) unless `key` is NULL.
 * Returns: `fallback`, if that is not NULL, where there are none. Raises: ValueError without one. */
TRV_API TRV_MUST_CHECK trv_object *trv_min(trv_object *iterable, trv_object *key,
                                           trv_object *fallback);
TRV_API TRV_MUST_CHECK trv_object *trv_max(trv_object *iterable, trv_object *key,
                                           trv_object *fallback);
/* Whether an item, or each, counts as true. Returns: 1, 0, or -1. */
TRV_API TRV_MUST_CHECK int trv_any(trv_object *iterable);
TRV_API TRV_MUST_CHECK int trv_all(trv_object *iterable);
/* The next item of an iterator, or `fallback` at its end; StopIteration if that is NULL. */
TRV_API TRV_MUST_CHECK trv_object *trv_next_or(trv_object *iterator, trv_object *fallback);

/* Iterators ----------------------------------------------------------------------------------- */

extern TRV_API trv_object trv_enumerate_type[1], trv_zip_type[1], trv_map_type[1],
    trv_filter_type[1], trv_reversed_type[1];

/* Of (number, item), from `start` on. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_enumerate_new(trv_object *iterable, int64_t start);
/* Of tuples of one item of each iterable, up to the end of the shortest; if `strict`, it raises ValueError
 * when they are not of one length. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_zip_new(trv_object *const *iterables, size_t count,
                                               int strict);
/* Of what a callable makes of one item of each iterable. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_map_iter_new(trv_object *callable,
                                                    trv_object *const *iterables, size_t count);
/* Of the items for which a callable says true; NULL or None: which are true. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_filter_new(trv_object *callable, trv_object *iterable);
/* Of a sequence's items from the last to the first, or what its __reversed__ gives. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_reversed(trv_object *sequence);
/* Of what a callable gives in each call, until that is equal to `sentinel`. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_iter_until(trv_object *callable, trv_object *sentinel);

TRV_END_DECLARATIONS

#endif
