/* SPDX-License-Identifier: MIT */
/*
 * Types made at run time: those defined in C (trv_type_new) and classes (trv_class_new).
 *
 * The handle, the struct trv_type and what only such types have stand in one object. Who owns what:
 *   - a type owns its bases (the tuple), its namespace (a dict), its name and its own arrays;
 *   - what it derives from is known to `made.base` and `made.mro` without a reference, since the
 *     bases, and theirs, hold it;
 *   - derived types are known by links that count nothing;
 *   - an instance holds a reference to its type; an instance that is a container shows it to the
 *     collector.
 *
 * The namespace may be dropped by the collector (`clear`), while instances may still be about to
 * end; all that their end needs (the bases, the slots) stays until the type itself ends.
 *
 * `made.slots` are those in force. Slots that have a method's name follow what the lookup of that
 * name finds (object/dunder.c), also when it is set later; the others add up or are inherited
 * (object/type_make.c).
 */
#ifndef TRV_OBJECT_HEAP_TYPE_H
#define TRV_OBJECT_HEAP_TYPE_H

#include "object/object.h"

struct trv__heap_type;

/* One base of a type: the type's place in the list of those that derive from it. The tuple of bases is
 * for users, and may be cleared by the collector while the type still ends: the base is held here. */
struct trv__base_link {
    trv_object *base;      /* owned */
    struct trv__list link; /* if the base was made at run time */
    struct trv__heap_type *derived;
};

/* The names under which instances have attributes of their own, in the order in which an instance
 * first got them; see object/instance.c. */
struct trv__keys {
    trv_object **names; /* interned strs, owned */
    uint32_t count, capacity;
};

struct trv__heap_type {
    TRV__HEAD;
    const struct trv_type *payload; /* &made; what trv__type_of_handle reads */
    struct trv_type made;
    trv_slots given;            /* as in the spec; of a class: all NULL */
    trv_function_spec spec;     /* who is called when the type is; for messages and keywords */
    struct trv__list link;      /* in objects->type_list_ */
    trv_object *bases;          /* a tuple; NULL only before the type is complete, as the next */
    trv_object *dict;           /* the namespace; NULL once the collector has cleared the type */
    trv_object *name;           /* a str; made.name is its text */
    trv_object *qualified_name; /* a str */
    trv_object *kept; /* what texts that were handed out stand in, and descriptors that were taken
                         out of the namespace: a list, or NULL */
    struct trv__base_link *links; /* one for each base; */
    uint32_t link_count;          /* so many */
    struct trv__base_link *more;  /* one for each type that only its own mro() names; */
    uint32_t more_count;          /* so many */
    uint32_t members_offset;      /* of its own __slots__, in an instance, */
    uint32_t member_count;        /* and how many those are */
    bool has_slots;               /* it was made with __slots__ */
    bool is_solid;                /* it adds to the layout of instances */
    struct trv__list subclasses;  /* links of those that have it as a base */
    struct trv__keys keys;
};

_Static_assert(offsetof(struct trv__heap_type, payload) == offsetof(trv_object, payload),
               "a type made at run time is a handle like any other");

static inline struct trv__heap_type *trv__heap_type_of(const struct trv_type *type)
{
    return CONTAINER_OF((void *)(uintptr_t)type, struct trv__heap_type, made);
}

static inline bool trv__is_heap_type(const struct trv_type *type)
{
    return type->flags & TRV__TYPE_IN_HEAP;
}

/* The nearest static type that a type's instances are laid out by. */
static inline const struct trv_type *trv__static_base(const struct trv_type *type)
{
    while (type->flags & TRV__TYPE_IN_HEAP)
        type = type->base;
    return type;
}

/* The type whose `construct` makes instances of a static type: itself or the nearest one below it, but
 * not object, whose instances need more than that gives. NULL if none can. */
static inline const struct trv_type *trv__type_maker(const struct trv_type *type)
{
    type = trv__static_base(type);
    while (!type->construct && type->base && type->base != &trv__object_type)
        type = type->base;
    return type->construct ? type : NULL;
}

/* The nth of what a type derives from, itself first; NULL beyond the last. */
static inline const struct trv_type *trv__mro_at(const struct trv_type *type, size_t n)
{
    if (type->mro_count)
        return n < type->mro_count ? type->mro[n] : NULL;
    while (n-- && type)
        type = type->base;
    return type;
}

/* Making (object/type_make.c) ---------------------------------------------------------------------- */

/* What a new type is made of. */
struct trv__type_plan {
    const struct trv_type *metatype;
    trv_object *name;            /* a str */
    trv_object *bases;           /* a tuple of types, not empty */
    const struct trv_type *base; /* the one that instances are laid out by */
    trv_object *dict;            /* the namespace, taken as it is */
    const trv_type_spec *spec;   /* of a type defined in C, or NULL */
    size_t member_count;         /* words for __slots__ */
    bool has_attributes, has_weakrefs, has_slots;
};

/* A type that is not tracked yet and has no methods in force: trv__type_begin makes it, and
 * trv__type_finish enters it among the others. NULL or -1: the caller drops what there is. */
struct trv__heap_type *trv__type_begin(const struct trv__type_plan *plan);
int trv__type_finish(struct trv__heap_type *type);
/* The base that decides how instances are laid out; NULL with TypeError if they do not agree. */
const struct trv_type *trv__best_base(trv_object *bases);
/* Whether a type can be a base. False with TypeError. */
bool trv__may_be_base(const struct trv_type *base);
/* The links that hold the bases, and those to what only an order of lookup names (object/type_bases.c). 0 or -1. */
int trv__bases_link(struct trv__heap_type *heap);
int trv__order_link(struct trv__heap_type *heap, trv_object *order);
void trv__links_drop(struct trv__base_link **links, uint32_t *count);
/* New bases for a type: its own, and the order of lookup of it and all derived types. */
int trv__type_set_bases(struct trv__heap_type *type, trv_object *bases);
/* The order of lookup (object/mro.c): a plain block of *count; NULL with TypeError. */
const struct trv_type **trv__mro_make(const struct trv_type *self, trv_object *bases,
                                      uint32_t *count);
/* The same, or, if the metaclass has an mro() of its own, what that says: *order (yours) is then the tuple, else
 * NULL. */
const struct trv_type **trv__mro_of(struct trv__heap_type *heap, trv_object **order,
                                    uint32_t *count);
/* Whether the layout of a type's instances begins with that of another's (object/type_make.c). */
bool trv__is_laid_out_by(const struct trv_type *type, const struct trv_type *base);
/* Something that lookups find has changed: new versions for the type and those derived from it; and
 * the slots that follow a name (NULL: all). 0, or -1 if memory did not suffice for the slots. */
int trv__type_changed(const struct trv_type *type, trv_object *name);

/* Keeps an object as long as the type. 0 or -1. */
int trv__type_keep(struct trv__heap_type *type, trv_object *object);

/* Classes (object/class.c), and what types defined in C do in the same way. The metatype of a type that
 * has these bases, at least `least`; NULL with TypeError if there is none. */
const struct trv_type *trv__common_metatype(const struct trv_type *least, trv_object *bases);
/* Enters the items of a dict into a namespace, under interned names. 0 or -1. */
int trv__names_update(trv_object *dict, trv_object *from);
/* A type is complete: __set_name__ of what it holds, and which of its methods are abstract. 0 or -1. */
int trv__names_tell(struct trv__heap_type *heap);
/* type.__new__: the class, complete. `metatype` is the least one. */
trv_object *trv__class_make(const struct trv_type *metatype, trv_object *name, trv_object *bases,
                            trv_object *dict, trv_object *keywords);
/* Looks again which methods are abstract. 0 or -1. */
int trv__abstract_update(struct trv__heap_type *heap);
/* The names of __slots__ (object/class_slots.c). */
struct trv__slot_names {
    trv_object *names; /* a list of interned strs, owned; NULL: the class has no __slots__ */
    size_t count;
    bool has_dict, has_weakref;
};
int trv__slot_names_get(struct trv__slot_names *slots, const struct trv_type *base,
                        trv_object *class_name, trv_object *dict);
/* Attributes that each class has a descriptor of its own for: __dict__ and __weakref__. */
trv_object *trv__dict_attribute_new(const struct trv_type *owner);
trv_object *trv__weakref_attribute_new(const struct trv_type *owner);

/* Drops a type's keys. */
void trv__keys_drop(struct trv__keys *keys);

/* Instances (object/instance.c): what they have beyond what a type defined in C, or a static one, sees to. */
int trv__instance_traverse(trv_object *self, trv_visit visit, void *argument);
void trv__instance_clear(trv_object *self);
size_t trv__instance_size_bytes(trv_object *self);
size_t trv__class_block_bytes(const trv_object *object);

/* "module.name", or the name alone of what is built in: a new str. */
trv_object *trv__type_full_name(const struct trv_type *type);
/* The names that lookups in a type find (object/names.c): a new sorted list. */
trv_object *trv__type_dir(const struct trv_type *type);
trv_object *trv__object_dir(trv_object *object);
/* object.__class__ = type. 0 or -1. */
int trv__set_class(trv_object *object, trv_object *type);

/* Slots of the type of types; static ones never end. */
size_t trv__type_block_bytes(const trv_object *handle);
size_t trv__type_size_bytes(trv_object *handle);
int trv__type_traverse(trv_object *handle, trv_visit visit, void *argument);
void trv__type_clear(trv_object *handle);
void trv__type_destroy(trv_object *handle);

/* A copy of a value of a static type, as an instance of a type that derives from it; takes the value
 * over. */
trv_object *trv__value_as_take(const struct trv_type *type, trv_object *value);
/* Whether __new__ is a method of a class. */
bool trv__is_made_by_method(const struct trv_type *type);
/* TypeError for a type that has abstract methods. Returns NULL. */
trv_object *trv__raise_abstract(const struct trv_type *type);

/* Methods by slots (object/dunder.c) ---------------------------------------------------------------- */

/* Sets the slots of a type by what lookups of their names find; of one name, or of all (NULL). 0 or -1. */
int trv__slots_update(struct trv_type *type, trv_object *name);
/* Enters methods for all slots a type fills itself into its namespace. 0 or -1. */
int trv__slots_show(const struct trv_type *type, const trv_slots *slots, trv_object *dict);

#endif
