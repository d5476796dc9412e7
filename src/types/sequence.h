/* SPDX-License-Identifier: MIT */
/*
 * What tuple and list have in common: comparison, search, repr, indices.
 *
 * Comparing and printing items runs code of users, which may change a list meanwhile. Nothing here
 * keeps a pointer into a sequence or its length over such a call: the items are asked for anew in
 * each round through a `view` (trv__tuple_items or trv__list_items), and the item at hand is held.
 */
#ifndef TRV_TYPES_SEQUENCE_H
#define TRV_TYPES_SEQUENCE_H

#include "object/object.h"

typedef trv_object *const *trv__view(const trv_object *sequence, size_t *count);

/* The compare slot: lexicographic. */
int trv__sequence_compare(trv_object *a, trv_object *b, trv_comparison op, trv__view *view);

/* Looks for an item that is `item` or equal to it from `start` up to `stop`; these count from the
 * end when negative, and are cut to the ends. 1 with its place in *where, 0, or -1. */
int trv__sequence_find(trv_object *self, trv_object *item, int64_t start, int64_t stop,
                       size_t *where, trv__view *view);

/* How many items are `item` or equal to it. -1 on failure. */
int trv__sequence_count(trv_object *self, trv_object *item, size_t *count, trv__view *view);

/* "[1, 2]", or "[...]" inside itself. `open` and `close` are a character each; `last` is written
 * after the only item of a sequence of one. */
trv_object *trv__sequence_repr(trv_object *self, char open, char close, const char *last,
                               trv__view *view);

/* The index that `key` gives into a sequence of `*length` items, which is read after the key was asked.
 * TypeError, or IndexError; their words name the built-in type, of which self's may be derived. */
int trv__sequence_index(const struct trv_type *type, trv_object *key, const size_t *length,
                        bool is_to_assign, size_t *where);

/* The arguments of the method `index`: an item, and where to look, cut to the range of int64_t. */
int trv__sequence_parse_index(const trv_args *args, trv_object **item, int64_t *start,
                              int64_t *stop);

/* For a * b where one is `type`'s sequence and the other an int: the sequence, and how often (0 for
 * negative ints). 0, TRV_UNKNOWN if the other is no int, or -1. */
int trv__sequence_times(trv_object *a, trv_object *b, const struct trv_type *type,
                        trv_object **sequence, size_t *times);

/* Whether a call of a type has at most `most` arguments and no keywords; sets TypeError if not. */
bool trv__plain_arguments(const struct trv_type *type, const trv_args *args, size_t most);

#endif
