/* SPDX-License-Identifier: MIT */
/*
 * Finding a name in a type: in its namespace, and in those of all it derives from.
 *
 * What was found is kept in a cache of the runtime, of 1024 places: a type, a name, and what the name
 * means for instances of that type. A type made at run time is known there by its version, which
 * changes with everything that a lookup might see; a static one, which never changes, by its address.
 * A place owns its name and nothing else: as long as the version is the type's, the type, or one it
 * derives from, has what was found.
 *
 * Static types are constants and have tables of methods. When first asked they get a namespace like
 * the others, of objects made from these tables. The cache and these namespaces can be made again at any
 * time, and are given up when a program asks for a full collection.
 *
 * Names are interned strs, so that they are compared by address. C functions take texts: a second
 * cache leads from the address of a text to its str, and is checked, because the text may be a
 * buffer that changes.
 */
#ifndef TRV_OBJECT_LOOKUP_H
#define TRV_OBJECT_LOOKUP_H

#include "object/object.h"

/* What a name means for an instance. */
enum trv__meaning {
    TRV__MEANS_DATA,   /* a descriptor with `set`: it is asked first */
    TRV__MEANS_METHOD, /* a descriptor without: asked if the instance has no such attribute itself */
    TRV__MEANS_VALUE,  /* no descriptor: the same */
    TRV__MEANS_NOTHING
};

#define TRV__NO_INDEX UINT32_MAX

static inline uint64_t trv__cache_key(const struct trv_type *type)
{
    return type->version ? type->version : (uint64_t)(uintptr_t)type;
}

static inline struct trv__cached *trv__cache_place(const struct trv__objects *objects, uint64_t key,
                                                   const trv_object *name)
{
    size_t i = (size_t)(key ^ (uintptr_t)name >> 4) & (TRV__CACHE_PLACES - 1);

    return &((struct trv__objects *)(uintptr_t)objects)->lookup.cache[i];
}

/* What a name means for instances of a type. A view until the next lookup, or NULL with an exception. */
struct trv__cached *trv__lookup_slowly(const struct trv_type *type, trv_object *name);

static inline struct trv__cached *trv__lookup(const struct trv_type *type, trv_object *name)
{
    uint64_t key = trv__cache_key(type);
    struct trv__cached *place = trv__cache_place(trv__current->objects, key, name);

    if (LIKELY(place->key == key && place->name == name))
        return place;
    return trv__lookup_slowly(type, name);
}

/* What a name means in a type: 1 with it in *found (borrowed), 0, or -1. */
int trv__type_find(const struct trv_type *type, trv_object *name, trv_object **found);
/* The same without the cache, which also tells where; from the `first` on in the order of lookup. */
int trv__type_find_from(const struct trv_type *type, size_t first, trv_object *name,
                        trv_object **found, const struct trv_type **owner);
/* The namespace of a type (borrowed); made, if it is static. NULL with an exception. */
trv_object *trv__type_dict(const struct trv_type *type);

/* What stands under an interned str in a namespace (types/dict.c): borrowed, or NULL without an exception. */
trv_object *trv__dict_find_name(trv_object *dict, trv_object *name);

/* The interned str of a text, borrowed: it is held by the cache until the next call. */
trv_object *trv__name(const char *text);
/* The interned str that is equal to a str; a new reference. TypeError for others. */
trv_object *trv__name_of(trv_object *str);

/* A version that no type has had. */
uint64_t trv__new_version(void);
/* Gives up the caches. */
void trv__lookup_forget(struct trv__objects *objects);

/* Attributes of instances (object/instance.c) ------------------------------------------------------ */

/* What an instance has of its own, in a plain block that a word of it points to, once it has any. */
struct trv__attributes {
    trv_object *dict;     /* owned: has them all, and `count` is 0; NULL: they stand here */
    uint32_t count;       /* the first so many keys of the type, */
    uint32_t capacity;    /* of so many that there is room for */
    trv_object *values[]; /* owned */
};

/* Where an instance has the word, if its type gives it one. */
struct trv__attributes **trv__attributes_at_end(const trv_object *object);
static inline struct trv__attributes **trv__attributes_of(const trv_object *object)
{
    uint32_t offset = object->type->attributes_offset;

    if (UNLIKELY(offset == TRV__OFFSET_AT_END))
        return trv__attributes_at_end(object);
    return (struct trv__attributes **)(void *)((char *)(uintptr_t)object + offset);
}

/* The attribute of an instance whose type gives it some: 1 with it in *value (yours), 0, -1. Keeps the
 * index in `place`, which may be NULL. */
int trv__own_get(trv_object *object, trv_object *name, struct trv__cached *place,
                 trv_object **value);
/* Sets it, or deletes it (NULL). 0; 1: there is none to delete; -1. */
int trv__own_set(trv_object *object, trv_object *name, trv_object *value);
/* The dict that has them all from now on (borrowed), or NULL with an exception. */
trv_object *trv__own_dict(trv_object *object);
/* A new dict of them, which does not follow. */
trv_object *trv__own_copy(trv_object *object);
/* Replaces the dict. 0 or -1. */
int trv__own_set_dict(trv_object *object, trv_object *dict);

/* Generic ways (object/attribute.c) ----------------------------------------------------------------- */

trv_object *trv__object_get(trv_object *object, trv_object *name);
int trv__object_set(trv_object *object, trv_object *name, trv_object *value);
/* Any object's; the name is interned. */
static inline trv_object *trv__get(trv_object *object, trv_object *name)
{
    return object->type->get_attribute ? object->type->get_attribute(object, name)
                                       : trv__object_get(object, name);
}
int trv__set(trv_object *object, trv_object *name, trv_object *value);
/* The attribute or nothing: 1, 0 (AttributeError is dropped), -1. */
int trv__get_or_not(trv_object *object, trv_object *name, trv_object **value);
/* isinstance(object, type) as `type` itself sees it: what it derives from, or says by __class__. 1, 0, -1. */
int trv__instance_of(trv_object *object, const struct trv_type *type);
/* Sets AttributeError. Returns -1. */
int trv__raise_no_attribute(trv_object *object, const char *name);

/* Calls a method that the type has, not the instance; AttributeError if there is none. `items` are
 * the arguments after the receiver. */
trv_object *trv__call_special(trv_object *self, trv_object *name, trv_object *const *items,
                              size_t count, trv_object *keywords);
/* Calls what was found in the type of `self`, which was found there, for it. */
trv_object *trv__call_found(trv_object *found, trv_object *self, trv_object *const *items,
                            size_t count, trv_object *keywords);
/* The method call self.name(items), without a bound method where there can be none. */
trv_object *trv__call_method(trv_object *self, trv_object *name, trv_object *const *items,
                             size_t count, trv_object *keywords);

/* How many items an object says an iterator over it will give: 0 if it does not say, or is none.
 * 0, or -1 with what it raised. */
int trv__length_hint(trv_object *object, size_t *hint);

#endif
