/* SPDX-License-Identifier: MIT */
/*
 * The layout of weak references and of what is built on them: proxies, weak containers.
 */
#ifndef TRV_TYPES_WEAKREF_H
#define TRV_TYPES_WEAKREF_H

#include "object/object.h"

struct trv__weakref {
    struct trv__weak weak;
    int64_t hash;
    bool is_linked;
    bool is_hashed;
};

static inline struct trv__weakref *trv__as_weakref(const trv_object *object)
{
    return (struct trv__weakref *)(uintptr_t)object;
}

/* The referent, borrowed; NULL if it has ended. */
static inline trv_object *trv__weakref_referent(const trv_object *weakref)
{
    return trv__as_weakref(weakref)->weak.referent;
}

/* What trv_weakref_new does, for any type whose instances begin with a struct trv__weakref. */
trv_object *trv__weakref_make(const struct trv_type *type, trv_object *object, trv_object *callback,
                              const char *function);
/* Slots for these types. */
int trv__weakref_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__weakref_clear(trv_object *self);
trv_object *trv__weakref_repr(trv_object *self);
int trv__weakref_hash(trv_object *self, int64_t *hash);
int trv__weakref_compare(trv_object *self, trv_object *other, trv_comparison op);
trv_object *trv__weakref_call(trv_object *self, const trv_args *args);

#endif
