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

/* The methods (dict_methods.c), and what they share with the type (dict.c). */
extern const struct trv__method trv__dict_methods[];
trv_object *trv__dict_copy(trv_object *dict);
/* Sets all entries of a dict, of a mapping (it has `keys`), or of an iterable of pairs. */
int trv__dict_update_from(trv_object *dict, trv_object *other);
trv_object *trv__dict_iter(trv_object *dict);
trv_object *trv__dict_reversed(trv_object *dict); /* dict_view.c */

#endif
