/* SPDX-License-Identifier: MIT */
/*
 * Callables that hold what they are to be called with: partial, itemgetter, attrgetter, methodcaller and the
 * keys of cmp_to_key.
 *
 * All are one struct: something to call or a name, a tuple, a dict. A call holds what it takes from there,
 * because it may be the callable's end.
 */
#ifndef TRV_TYPES_HELD_H
#define TRV_TYPES_HELD_H

#include "object/object.h"

struct trv__held {
    TRV__HEAD;
    trv_object *function; /* owned, or NULL: a callable, a method's name */
    trv_object *items;    /* owned, or NULL: a tuple; of a key, what it stands for */
    trv_object *keywords; /* owned, or NULL: a dict */
    trv_object *dict;     /* owned, or NULL: the attributes that a partial was given */
};

static inline struct trv__held *trv__as_held(trv_object *object)
{
    return (struct trv__held *)object;
}

int trv__held_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__held_clear(trv_object *self);
/* One of these parts, which may be NULL; NULL items are the failure of what should have made them. */
trv_object *trv__held_new(const struct trv_type *type, trv_object *function, trv_object *items,
                          trv_object *keywords);
/* The name of the type after `module`, and what is held as the arguments of its call. */
trv_object *trv__held_repr(trv_object *self, const char *module);

/* The items of a tuple and those of an array, as a tuple. */
trv_object *trv__joined(trv_object *tuple, trv_object *const *items, size_t count);
/* A dict of keywords as a call wants it: NULL if there are none. */
trv_object *trv__unless_empty(trv_object *keywords);
/* Whether a callable is a partial without attributes: another one takes over what it holds. */
bool trv__partial_is_plain(const trv_object *callable);
/* For public functions: whether all of an array were given; whether keywords are a dict, or NULL while nothing
 * is pending. */
bool trv__all_given(trv_object *const *objects, size_t count, const char *function);
bool trv__keywords_fit(trv_object *keywords, const char *function);

#define TRV__HELD_TYPE(variable, public_handle, text, about, more_flags, ...)                      \
    static TRV__READ_ONLY struct trv_type variable = {.handle = public_handle,                     \
                                                      .name = text,                                \
                                                      .doc = about,                                \
                                                      .base = &trv__object_type,                   \
                                                      .instance_bytes = sizeof(struct trv__held),  \
                                                      .flags = TRV__TYPE_CONTAINER | (more_flags), \
                                                      __VA_ARGS__}

#endif
