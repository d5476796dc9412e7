/* SPDX-License-Identifier: MIT */
/*
 * What a program has registered for its pickles: names of objects, reducers of types, and what may
 * be called. Kept by the runtime; see registry.c.
 */
#ifndef TRV_PICKLE_REGISTRY_H
#define TRV_PICKLE_REGISTRY_H

#include "object/object.h"

/* What is known of an object, all owned. */
struct trv__registered {
    trv_object *object;        /* NULL: it has been forgotten */
    trv_object *reducer;       /* of a type; or NULL */
    trv_object *module, *name; /* strs, or NULL */
    trv_object *full_name;     /* both: the key in the dict of names; or NULL */
    bool may_call;             /* pickles may call it */
};

/* NULL if nothing was registered for the object. The entry is valid until something is registered. */
const struct trv__registered *trv__registered(const trv_object *object);
/* The object of a name. 1 with a new reference, 0 or -1. */
int trv__registered_object(const char *module, const char *name, trv_object **object);

#endif
