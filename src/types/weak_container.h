/* SPDX-License-Identifier: MIT */
/*
 * What WeakSet, WeakKeyDictionary and WeakValueDictionary share.
 *
 * Each has a set or dict of its own, `data`, in which weak references stand for the objects. Their
 * callback, the *remover*, takes an entry out when its object ends; it knows the container by a weak
 * reference, so that neither keeps the other alive.
 *
 * Invariants:
 *   - while somebody walks over `data` (busy above 0), the end of an object takes nothing out: the
 *     entry stays, dead, and is passed over. The last walk to end takes such entries out, which
 *     needs no memory;
 *   - an entry that is dead is never shown: it counts as not there.
 */
#ifndef TRV_TYPES_WEAK_CONTAINER_H
#define TRV_TYPES_WEAK_CONTAINER_H

#include "types/table.h"
#include "types/weakref.h"

struct trv__weak_container {
    TRV__HEAD;
    trv_object *data;    /* a set or dict, owned; NULL once it was cleared by the collector */
    trv_object *remover; /* a function, owned */
    size_t busy;         /* walks that are under way */
    bool has_dead;       /* there may be entries whose object has ended */
};

/* What a walk gives of each entry. */
enum trv__weak_part { TRV__WEAK_KEY, TRV__WEAK_VALUE, TRV__WEAK_ITEM, TRV__WEAK_VALUE_REFERENCE };

static inline struct trv__weak_container *trv__as_weak_container(const trv_object *object)
{
    return (struct trv__weak_container *)(uintptr_t)object;
}

TRV__SHARED struct trv_type trv__weak_set_type, trv__weak_key_dict_type, trv__weak_value_dict_type;

/* An empty one. Takes over `data`, also when it fails. */
trv_object *trv__weak_container_make(const struct trv_type *type, trv_object *data);
/* Walks: begins, gives the next living entry (what stands for it, both held; *value is NULL in a
 * WeakSet; 1, or 0 at the end), ends. */
void trv__weak_walk_begin(trv_object *self);
int trv__weak_walk_next(trv_object *self, size_t *position, trv_object **key, trv_object **value);
void trv__weak_walk_end(trv_object *self);
/* An iterator over one part of the entries. */
trv_object *trv__weak_iterator_new(trv_object *self, enum trv__weak_part part);
/* An entry of a WeakValueDictionary: a weak reference that knows its key. */
trv_object *trv__keyed_reference_new(trv_object *value, trv_object *key, trv_object *remover);

/* Slots. */
int trv__weak_container_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__weak_container_clear(trv_object *self);
int trv__weak_container_length(trv_object *self, size_t *length);

#endif
