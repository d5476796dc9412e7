/* SPDX-License-Identifier: MIT */
/*
 * How an object is taken apart so that it can be made again: what Python's __reduce_ex__, __reduce__ and
 * __getstate__ answer for objects that have none of their own. For pickles and copies.
 */
#ifndef TRV_OBJECT_REDUCE_H
#define TRV_OBJECT_REDUCE_H

#include "object/object.h"

/* object.__reduce_ex__(protocol): as its type's own __reduce__ says, if it has one, or else
 * (copyreg.__newobj__, (type, arguments...), state, items, pairs). TypeError "cannot pickle" if its type
 * has data that nobody can know. */
trv_object *trv__reduce_ex(trv_object *object, int protocol);
/* The second half of that. */
trv_object *trv__reduce_default(trv_object *object);
/* object.__getstate__(): a dict of its attributes, or a tuple of that, or None, and of one of what is in
 * its __slots__; None if it has none of either. */
trv_object *trv__state_default(trv_object *object);

/* __getnewargs__() of what derives from int, float, complex, str, bytes or tuple: its plain value, or both parts of
 * a complex number, in a tuple. For tables of methods. */
trv_object *trv__value_newargs(const trv_args *args);

/* Whether a type has a method of its own in place of object's: 1, 0 or -1. */
int trv__overrides(const struct trv_type *type, const char *name);

/* copyreg.__newobj__(type, *args) and __newobj_ex__(type, args, keywords): type.__new__ with them. */
extern trv_object trv__newobj[1], trv__newobj_ex[1];

#endif
