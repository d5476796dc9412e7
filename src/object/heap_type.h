/* SPDX-License-Identifier: MIT */
/*
 * Types made at run time: one block that holds the handle, the struct trv_type, the slots as they
 * were given, and the texts.
 *
 * The struct's own slots are those that are in force: given, inherited, or a walk over all types
 * that gave one (object/type_new.c). The type ends when the last reference to its handle is
 * dropped; instances and derived types hold one each, so nobody finds it gone.
 */
#ifndef TRV_OBJECT_HEAP_TYPE_H
#define TRV_OBJECT_HEAP_TYPE_H

#include "object/object.h"

struct trv__heap_type {
    TRV__HEAD;
    const struct trv_type *payload; /* &made; what trv__type_of_handle reads */
    struct trv_type made;
    trv_slots given;        /* as in the spec */
    trv_function_spec spec; /* who is called when the type is; for messages and keywords */
    struct trv__list link;  /* in objects->type_list_ */
    size_t text_bytes;
    char text[]; /* name and doc, each with its NUL */
};

_Static_assert(offsetof(struct trv__heap_type, payload) == offsetof(trv_object, payload),
               "a type made at run time is a handle like any other");

static inline struct trv__heap_type *trv__heap_type_of(const struct trv_type *type)
{
    return CONTAINER_OF((void *)(uintptr_t)type, struct trv__heap_type, made);
}

/* The type whose `construct` makes instances of `type`: itself or the nearest one below it, but not
 * object for a static type, whose instances need more than that gives. NULL if none can. */
static inline const struct trv_type *trv__type_maker(const struct trv_type *type)
{
    while (!type->construct && type->base && type->base != &trv__object_type)
        type = type->base;
    return type->construct ? type : NULL;
}

/* Slots of the type of types that only types made at run time need; static ones never end. */
size_t trv__heap_type_bytes(const trv_object *handle);
void trv__heap_type_clear(trv_object *handle);
void trv__heap_type_destroy(trv_object *handle);

#endif
