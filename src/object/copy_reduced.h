/* SPDX-License-Identifier: MIT */
/*
 * Copying what says itself how it is made anew; for copy.c.
 */
#ifndef TRV_OBJECT_COPY_REDUCED_H
#define TRV_OBJECT_COPY_REDUCED_H

#include "object/object.h"

/* An instance that has been taken apart: an empty one, and what is to be put in. */
struct trv__reduced {
    trv_object *made;  /* NULL: the object is its own copy */
    trv_object *state; /* NULL: none */
    trv_object *items; /* an iterator over what is to be appended; NULL: none */
    trv_object *pairs; /* an iterator over (key, value); NULL: none */
    enum { TRV__COPY_STATE, TRV__COPY_ITEM, TRV__COPY_KEY, TRV__COPY_VALUE } stage; /* copied now */
};

/* Calls the method of that name that a class has given, with `memo` unless that is NULL.
 * 1 with the copy, 0 if there is none, -1. */
int trv__copy_by_method(trv_object *object, const char *name, trv_object *memo, trv_object **copy);
/* Takes an object apart by its __reduce_ex__; with a memo, the arguments are copied deeply.
 * 0, or -1 with TypeError and others; then there is nothing in it. */
int trv__copy_reduce(trv_object *object, trv_object *memo, struct trv__reduced *reduced);
/* Gives an instance its state: by __setstate__, or a dict of attributes, or a pair of one and one of slots. */
int trv__copy_set_state(trv_object *made, trv_object *state);
void trv__reduced_drop(struct trv__reduced *reduced);

/* A shallow copy by these means. */
trv_object *trv__copy_reduced(trv_object *object);

#endif
