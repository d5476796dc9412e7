/* SPDX-License-Identifier: MIT */
/*
 * What the lazy iterators share: one struct, which holds something to work with and something to ask.
 *
 * All slots but `next` are the same. Whoever asks for an item holds both first: code of a user, which runs
 * below, may come back, and may make the collector clear the iterator.
 */
#ifndef TRV_TYPES_LAZY_H
#define TRV_TYPES_LAZY_H

#include "object/object.h"

struct trv__lazy {
    TRV__HEAD;
    trv_object *with; /* owned, or NULL: a callable, the next number */
    trv_object
        *source; /* owned, NULL at the end: an iterator, a tuple of them, a sentinel, a sequence */
    size_t left; /* items of a sequence that are still to come; whether zip is strict */
};

/* A new one; the references are taken. */
trv_object *trv__lazy_new(const struct trv_type *type, trv_object *with, trv_object *source);
/* Lets go of both. Returns 0, what `next` answers at the end. */
int trv__lazy_end(trv_object *self);

int trv__lazy_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__lazy_clear(trv_object *self);
trv_object *trv__lazy_iter(trv_object *self);
/* The `construct` of those that only the library makes: raises TypeError. */
trv_object *trv__lazy_not_made(const struct trv_type *type, const trv_args *args);

static inline struct trv__lazy *trv__as_lazy(trv_object *object)
{
    return (struct trv__lazy *)object;
}

/* Iterators over each of an array of iterables, in a tuple. */
trv_object *trv__iterators_of(trv_object *const *iterables, size_t count);

/* A type of such iterators; its handle is defined with TRV__TYPE_HANDLE where it is visible. */
#define TRV__LAZY_TYPE(struct_name, handle_name, text, about, next_slot, maker, methods_table)     \
    static TRV__READ_ONLY struct trv_type struct_name = {.handle = handle_name,                    \
                                                         .name = text,                             \
                                                         .doc = about,                             \
                                                         .base = &trv__object_type,                \
                                                         .instance_bytes =                         \
                                                             sizeof(struct trv__lazy),             \
                                                         .flags = TRV__TYPE_CONTAINER,             \
                                                         .slots = {.traverse = trv__lazy_traverse, \
                                                                   .clear = trv__lazy_clear,       \
                                                                   .iter = trv__lazy_iter,         \
                                                                   .next = next_slot},             \
                                                         .methods = methods_table,                 \
                                                         .construct = maker}

#endif
