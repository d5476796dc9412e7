/* SPDX-License-Identifier: MIT */
/*
 * What the iterators of built-in types share: one struct, and all slots but `next`.
 *
 *     static int list_iterator_next(trv_object *self, trv_object **item) { ... }
 *     TRV__ITERATOR_TYPE(list_iterator, "list_iterator", list_iterator_next,
 *                        trv__list_iterator_methods);
 *     ...
 *     return trv__iterator_new(&list_iterator, list);
 *
 * An iterator owns its source until it has come to the end; then the source is dropped and NULL,
 * and the iterator stays at its end even if the source grows again. The other fields are the
 * business of the `next` slot. All these types derive from trv__iterator_type, "iterator", which
 * has no instances of its own.
 */
#ifndef TRV_TYPES_ITERATOR_H
#define TRV_TYPES_ITERATOR_H

#include "object/object.h"

struct trv__iterator {
    TRV__HEAD;
    trv_object *source; /* owned; NULL at the end */
    size_t position;    /* where the next item is looked for */
    size_t expected;    /* how many items the source had, for those that must not change */
    size_t left;        /* how many of these are still to come */
};

/* A new iterator at position 0. */
trv_object *trv__iterator_new(const struct trv_type *type, trv_object *source);

/* What `next` answers at the end: drops the source, sets *item to NULL. Returns 0. */
int trv__iterator_end(trv_object *self, trv_object **item);

/* The slots. */
int trv__iterator_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__iterator_clear(trv_object *self);
trv_object *trv__iterator_iter(trv_object *self);

/* How they are copied and pickled (iterator_state.c): those over lists, over other sequences, over dicts and sets. */
extern const struct trv__method trv__list_iterator_methods[], trv__sequence_iterator_methods[],
    trv__table_iterator_methods[];

#define TRV__ITERATOR_TYPE(variable, text, next_slot, methods_table)                               \
    static TRV__READ_ONLY trv_object variable##_handle[1];                                         \
    static TRV__READ_ONLY struct trv_type variable = {                                             \
        .handle = variable##_handle,                                                               \
        .name = text,                                                                              \
        .base = &trv__iterator_type,                                                               \
        .instance_bytes = sizeof(struct trv__iterator),                                            \
        .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,                     \
        .slots = {.traverse = trv__iterator_traverse,                                              \
                  .clear = trv__iterator_clear,                                                    \
                  .iter = trv__iterator_iter,                                                      \
                  .next = next_slot},                                                              \
        .methods = methods_table,                                                                  \
    };                                                                                             \
    static TRV__READ_ONLY trv_object variable##_handle[1] = {TRV__TYPE_HANDLE(variable)}

#endif
