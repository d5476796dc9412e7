/* SPDX-License-Identifier: MIT */
/*
 * What a class's slots are where its methods decide: the functions of object/dunder_methods.c, which the table of
 * object/dunder.c pairs with names. Each answers as the slot it is named after; trv_slots says how.
 */
#ifndef TRV_OBJECT_DUNDER_H
#define TRV_OBJECT_DUNDER_H

#include "object/descriptor.h"

trv_object *trv__slot_repr(trv_object *self);
trv_object *trv__slot_str(trv_object *self);
int trv__slot_hash(trv_object *self, int64_t *hash);
int trv__slot_compare(trv_object *self, trv_object *other, trv_comparison op);
int trv__slot_truth(trv_object *self);
trv_object *trv__slot_call(trv_object *self, const trv_args *args);
trv_object *trv__slot_iter(trv_object *self);
int trv__slot_next(trv_object *self, trv_object **item);
int trv__slot_length(trv_object *self, size_t *length);
trv_object *trv__slot_getitem(trv_object *self, trv_object *key);
int trv__slot_setitem(trv_object *self, trv_object *key, trv_object *value);
int trv__slot_contains(trv_object *self, trv_object *item);
int trv__slot_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result);
int trv__slot_power(trv_object *a, trv_object *b, trv_object *modulus, trv_object **result);
int trv__slot_in_place(trv_object *a, trv_object *b, trv_binary op, trv_object **result);
int trv__slot_unary(trv_object *a, trv_unary op, trv_object **result);
trv_object *trv__slot_index(trv_object *self);
trv_object *trv__slot_integer(trv_object *self);
trv_object *trv__slot_floating(trv_object *self);
int trv__slot_enter(trv_object *self);
int trv__slot_exit(trv_object *self, trv_object *exception);
int trv__slot_init(trv_object *self, const trv_args *args);
void trv__slot_finalize(trv_object *self);
trv_object *trv__slot_get(trv_object *self, trv_object *instance, trv_object *type);
int trv__slot_set(trv_object *self, trv_object *instance, trv_object *value);

/* Sets how attributes are found and changed, and instances made, by what lookups of these methods' names find.
 * 0 or -1. */
int trv__ways_update(struct trv_type *type);

#endif
