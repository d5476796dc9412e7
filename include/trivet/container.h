/* SPDX-License-Identifier: MIT */
/*
 * tuple, list, dict and its views, mappingproxy, set, frozenset, range, slice and capsule.
 *
 * A container takes its own reference to what is put in. An index below zero counts from the end.
 * A dict and a set keep the order of insertion; changing their size while one iterates over them
 * makes the iterator raise RuntimeError.
 */
#ifndef TRIVET_CONTAINER_H
#define TRIVET_CONTAINER_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* A tuple of `count` items. A NULL item while an exception is pending fails with that exception. */
TRV_API TRV_MUST_CHECK trv_object *trv_tuple_new(trv_object *const *items, size_t count);
/* A tuple of an iterable's items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_tuple_from(trv_object *iterable);
/* How many items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_tuple_len(trv_object *tuple, size_t *length);
/* An item. Raises: TypeError, IndexError. */
TRV_API TRV_MUST_CHECK trv_object *trv_tuple_get(trv_object *tuple, int64_t index);

/* An empty list. */
TRV_API TRV_MUST_CHECK trv_object *trv_list_new(void);
/* A list of an iterable's items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_list_from(trv_object *iterable);
/* How many items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_len(trv_object *list, size_t *length);
/* Adds an item at the end. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_append(trv_object *list, trv_object *item);
/* Adds all items of an iterable. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_extend(trv_object *list, trv_object *iterable);
/* Puts an item before an index, which is cut to the list's ends. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_insert(trv_object *list, int64_t index, trv_object *item);
/* Takes an item out and returns it. Raises: TypeError, IndexError. */
TRV_API TRV_MUST_CHECK trv_object *trv_list_pop(trv_object *list, int64_t index);
/* An item. Raises: TypeError, IndexError. */
TRV_API TRV_MUST_CHECK trv_object *trv_list_get(trv_object *list, int64_t index);
/* Replaces an item. Raises: TypeError, IndexError. */
TRV_API TRV_MUST_CHECK int trv_list_set(trv_object *list, int64_t index, trv_object *item);
/* Takes out the first item equal to `item`. Raises: TypeError, ValueError if there is none. */
TRV_API TRV_MUST_CHECK int trv_list_remove(trv_object *list, trv_object *item);
/* Where an equal item is. Raises: TypeError, ValueError if there is none. */
TRV_API TRV_MUST_CHECK int trv_list_index(trv_object *list, trv_object *item, size_t *index);
/* Takes out all items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_clear(trv_object *list);
/* Turns the order round. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_list_reverse(trv_object *list);
/* Sorts, keeping the order of equal items; by key(item) unless `key` is NULL.
 * Raises: TypeError, ValueError if the list was changed meanwhile, what comparing raises. */
TRV_API TRV_MUST_CHECK int trv_list_sort(trv_object *list, trv_object *key, int reverse);

/* An empty dict. */
TRV_API TRV_MUST_CHECK trv_object *trv_dict_new(void);
/* How many keys. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_len(trv_object *dict, size_t *length);
/* The value of a key in *value (yours), NULL if there is none.
 * Returns: 1 if found, 0 if not, -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_get(trv_object *dict, trv_object *key, trv_object **value);
TRV_API TRV_MUST_CHECK int trv_dict_get_str(trv_object *dict, const char *key, trv_object **value);
/* Sets a key's value. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_set(trv_object *dict, trv_object *key, trv_object *value);
TRV_API TRV_MUST_CHECK int trv_dict_set_str(trv_object *dict, const char *key, trv_object *value);
/* Takes a key out. Raises: TypeError, KeyError. */
TRV_API TRV_MUST_CHECK int trv_dict_remove(trv_object *dict, trv_object *key);
/* Takes a key out and gives its value. Raises: TypeError, KeyError. */
TRV_API TRV_MUST_CHECK trv_object *trv_dict_pop(trv_object *dict, trv_object *key);
/* Walks a dict: *position starts at 0; *key and *value are yours, and either may be NULL to skip it.
 * Returns: 1 with an entry, 0 at the end, -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_next(trv_object *dict, size_t *position, trv_object **key,
                                         trv_object **value);
/* Views of the keys, of the values, of (key, value) tuples: they show what is in the dict at any time. Those
 * of keys and of items are compared and combined as sets are, with each other and with any iterable;
 * trv_list_from makes a list of what a view shows now. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_dict_keys(trv_object *dict);
TRV_API TRV_MUST_CHECK trv_object *trv_dict_values(trv_object *dict);
TRV_API TRV_MUST_CHECK trv_object *trv_dict_items(trv_object *dict);
/* What shows the mapping and does not change it, as __dict__ of a type. Raises: TypeError if it is no mapping. */
TRV_API TRV_MUST_CHECK trv_object *trv_mappingproxy_new(trv_object *mapping);
/* Sets all entries of another dict. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_update(trv_object *dict, trv_object *other);
/* Takes out all entries. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_dict_clear(trv_object *dict);

/* An empty set. */
TRV_API TRV_MUST_CHECK trv_object *trv_set_new(void);
/* A set of an iterable's items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_set_from(trv_object *iterable);
/* How many items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_set_len(trv_object *set, size_t *length);
/* Adds an item. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_set_add(trv_object *set, trv_object *item);
/* Takes an item out. Raises: TypeError, KeyError if it is not there. */
TRV_API TRV_MUST_CHECK int trv_set_remove(trv_object *set, trv_object *item);
/* Takes an item out if it is there. Returns: 1 if it was, 0, or -1. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_set_discard(trv_object *set, trv_object *item);
/* Takes out all items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_set_clear(trv_object *set);

/* An empty frozenset: a set that cannot be changed, and so has a hash. */
TRV_API TRV_MUST_CHECK trv_object *trv_frozenset_new(void);
/* A frozenset of an iterable's items; a frozenset is its own. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_frozenset_from(trv_object *iterable);
/* How many items. Raises: TypeError. */
TRV_API TRV_MUST_CHECK int trv_frozenset_len(trv_object *frozenset, size_t *length);

/* The ints from `start` up to `stop` in steps. Raises: ValueError if `step` is 0. */
TRV_API TRV_MUST_CHECK trv_object *trv_range_new(int64_t start, int64_t stop, int64_t step);

/* Places in a sequence, from `start` up to `stop` in steps; NULL or None for either end, and for a
 * step of 1. As a key it gets, replaces or deletes that part of a list, and gets that part of a tuple,
 * str, bytes or range: trv_getitem(list, slice). */
TRV_API TRV_MUST_CHECK trv_object *trv_slice_new(trv_object *start, trv_object *stop,
                                                 trv_object *step);
/* What a slice means in a sequence of that length, cut to it: the first place, where to stop, the
 * step. Raises: TypeError if its parts are no ints, ValueError if the step is 0, OverflowError. */
TRV_API TRV_MUST_CHECK int trv_slice_indices(trv_object *slice, size_t length, int64_t *start,
                                             int64_t *stop, int64_t *step);

/* A C pointer as an object; `destroy` (may be NULL) is called with it when the object ends.
 * `name` must live as long as the capsule. Raises: ValueError if `pointer` is NULL. */
TRV_API TRV_MUST_CHECK trv_object *trv_capsule_new(void *pointer, const char *name,
                                                   void (*destroy)(void *pointer));
/* The pointer of a capsule of that name. Raises: TypeError, ValueError if the name is another. */
TRV_API TRV_MUST_CHECK void *trv_capsule_get(trv_object *capsule, const char *name);

TRV_END_DECLARATIONS

#endif
