/* SPDX-License-Identifier: MIT */
/*
 * The layout of a dict, for dict.c and those who look into many of them.
 */
#ifndef TRV_TYPES_DICT_H
#define TRV_TYPES_DICT_H

#include "types/table.h"

struct trv__dict {
    TRV__HEAD;
    struct trv__table table; /* of width 2 */
};

static inline struct trv__dict *trv__as_dict(const trv_object *object)
{
    return (struct trv__dict *)(uintptr_t)object;
}

static inline bool trv__is_dict(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__dict_type);
}

/* Hands a dict to the collector once something is in it that may be in a cycle. To be called for each new
 * entry before any other code can run: a dict of values alone is nothing to the collector. */
static inline void trv__dict_track(struct trv__dict *self, const trv_object *key,
                                   const trv_object *value)
{
    if (!(self->flags & TRV__TRACKED) && (trv__may_be_in_cycle(value) || trv__may_be_in_cycle(key)))
        trv__track(self);
}

/* The methods (dict_methods.c), and what they share with the type (dict.c). */
extern const struct trv__method trv__dict_methods[], trv__dict_class_methods[];
trv_object *trv__dict_copy(trv_object *dict);
/* Sets all entries of a dict, of a mapping (it has `keys`), or of an iterable of pairs. */
int trv__dict_update_from(trv_object *dict, trv_object *other);
trv_object *trv__dict_iter(trv_object *dict);
trv_object *trv__dict_reversed(trv_object *dict); /* dict_view.c */

#endif
