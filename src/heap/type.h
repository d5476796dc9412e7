/* SPDX-License-Identifier: MIT */
/*
 * struct trv_type: what an object's type is to the library.
 *
 * Every object begins with the three words of trv_object, of which the third already belongs to
 * the value. A built-in type defines
 *
 *     struct float_object { TRV__HEAD; double value; };
 *     TRV__READ_ONLY struct trv_type trv__float_type = {.handle = trv_float_type, ...};
 *     TRV__READ_ONLY trv_object trv_float_type[1] = {TRV__TYPE_HANDLE(trv__float_type)};
 *
 * The handle is the type as an object that users see: 24 bytes that never change size, so that a
 * program linked against an older library keeps working. `o->type` points at the struct.
 *
 * Built-in types are static and immutable. Types made at run time live in the heap: their handle
 * is a counted object, and every instance holds a reference to it.
 *
 * Lives and ends: an object is made by trv__object_new (cannot hold references that form a cycle)
 * or trv__container_new (may), has its fields filled, and, if it is a container, is handed to the
 * collector with trv__track. Ends are the work of heap/end.c: finalize (once; may resurrect), weak
 * references, `clear` (drop references; type authors write it once, for the collector and for the
 * end), `destroy` (give back what is no object: item arrays, files), and then the block itself.
 * `destroy` must not touch objects: they are gone.
 */
#ifndef TRV_HEAP_TYPE_H
#define TRV_HEAP_TYPE_H

#include "base/current.h"

#include "trivet/collector.h"
#include "trivet/error.h"
#include "trivet/memory.h"
#include "trivet/runtime.h"
#include "trivet/type.h"

/* The beginning of every object struct; `refcount`, `flags` and `type` stand where trv_object has them. */
#define TRV__HEAD                                                                                  \
    int32_t refcount;                                                                              \
    uint32_t flags;                                                                                \
    const struct trv_type *type

/* The bits of `flags`. Free blocks have none set. What the collector knows besides stands in marks
 * (heap/mark.h), so that it need not write here. */
enum {
    TRV__TRACKED = 1,      /* the collector watches it */
    TRV__FINALIZED = 2,    /* its finalizer has run */
    TRV__HAS_WEAKREFS = 4, /* the weak table has an entry for it */
    TRV__LARGE = 8,        /* its block is not in a pool */
    TRV__HIDDEN = 16,      /* garbage, which may be half cleared: nobody is given it */
    TRV__PRIVATE =
        32, /* a container of the library's own, which trusts what it holds: neither is this */
    TRV__PRINTED = 64,   /* its items are being printed (object/text.c) */
    TRV__TYPE_BIT = 128, /* free for the type's own use */
    TRV__FLAGS_END = 256 /* above: 0, or part of a link in an object whose end was put off */
};

enum {
    TRV__TYPE_IN_HEAP = 1,    /* made at run time: instances hold a reference to the handle */
    TRV__TYPE_NO_WEAKREF = 2, /* instances cannot be weakly referenced */
    TRV__TYPE_CONTAINER = 4,  /* made with trv__container_new */
    TRV__TYPE_EXCEPTION = 8,  /* BaseException or derived from it */
    TRV__TYPE_FINAL = 16,     /* no type can be derived from it */
    TRV__TYPE_FIXED =
        1 << 20, /* instances never change: one that is not tracked never will be, and is
                                  untracked when only such are in it. Not inherited */
    TRV__TYPE_LATE =
        1 << 21,          /* instances are tracked when something comes into them that may be in a
                                  cycle, and not before. Not inherited: derived ones are tracked at once */
    TRV__TYPE_ATOM = 128, /* instances cannot change, nor what they refer to: their own copies */
    TRV__TYPE_EXACT_NEXT = 64, /* `next` answers as trv_next does: never -1 with StopIteration */
    TRV__TYPE_PLAIN = 32,      /* ends without last words: nothing but its block is given back,
                                  unless TRV__TYPE_BIT of the instance is set; never weakly referenced */
    TRV__TYPE_OF_TYPES = 256,  /* type, or a metaclass: instances are types */
    TRV__TYPE_METHOD = 512, /* found in a type and called with the instance before the arguments, an
                                  instance does what the bound method that `get` gives would do */
    TRV__TYPE_CLASS = 1024, /* made with trv_class_new, and not defined in C */
    TRV__TYPE_ABSTRACT = 2048, /* has abstract methods: no instances */
    TRV__TYPE_VALUE = 4096     /* construct gives instances of this very type, whatever type it is
                                  asked for: those of derived types are copied from them */
};

/* Above these bits of the flags of exception types: their kind, see object/exception.h. */
#define TRV__TYPE_KIND_SHIFT 28

/* A method or attribute of a built-in type, found by trv_getattr. A trv_method begins with it. */
struct trv__method {
    const char *name;
    const char *signature; /* NULL: an attribute; entry is called with no arguments to get it */
    trv_entry entry;       /* args->self is the receiver */
};
_Static_assert(offsetof(struct trv__method, signature) == offsetof(trv_method, signature) &&
                   offsetof(struct trv__method, entry) == offsetof(trv_method, entry),
               "a trv_method begins with a struct trv__method");

/* How an attribute of a table is set, or deleted (value NULL); one without is read-only. */
struct trv__setter {
    const char *name;
    int (*set)(trv_object *self, trv_object *value);
};

/* Says that all references of a type's instances stand in one array, and where: the collector then
 * walks it by itself, instead of calling `traverse` (which must visit the same). Items may be NULL. */
struct trv__references {
    uint8_t width; /* references that one of the count stands for; 0: no such array */
    uint8_t
        is_inside; /* the array begins in the instance, at `items`; or its address stands there */
    uint8_t is_count_32;   /* the count is a uint32_t; or a size_t */
    uint16_t items, count; /* offsets in the instance */
};

/* Told of a context that could end a wait; false asks to be told of no more. */
typedef bool trv__ender_visit(struct trv__context *ender, void *argument);

struct trv_type {
    trv_object *handle; /* the type as an object */
    const char *name;
    const char *doc;
    const struct trv_type *base; /* NULL only for object */
    size_t instance_bytes;       /* with the head; of the fixed part if block_bytes is set */
    size_t (*block_bytes)(
        const trv_object *); /* types whose instances differ in size; NULL: instance_bytes */
    size_t data_offset;      /* where trv_data() points, for types made with trv_type_new */
    uint32_t flags;
    struct trv__references references; /* not inherited */
    trv_slots slots;                   /* inherited ones filled in */
    const struct trv__method *methods; /* ends with a NULL name; may be NULL */
    /* Methods of the type itself, which its instances have too: args->self is the type's handle. */
    const struct trv__method *class_methods;
    const struct trv__setter *setters; /* for attributes in `methods`; ends with a NULL name */
    /* Makes an instance when the type is called; NULL: as the base does. Types with an immutable
     * value convert here (int("12"), list(iterable)). `type` is the type that was called: it may
     * derive from this one, and then the instance is made with it and its instance_bytes, unless
     * this type has TRV__TYPE_FINAL. Keywords arrive unbound. slots.init is not called here. */
    trv_object *(*construct)(const struct trv_type *type, const trv_args *args);
    /* For types whose instances are waited for (context->waits_on): who could end a wait for this one,
     * so that deadlocks are found (wait/deadlock.h). Calls visit for each context of which at least one
     * has to go on before the wait can end: the owner of a lock, the runner of a future, the
     * thread that is joined. They are only compared: one that has ended does no harm. Returns what these
     * contexts do with the object, for the report ("holds", "runs"); or NULL if somebody else might end
     * the wait too, or if nothing is known: then no deadlock is seen here. A cancellation and a deadline
     * do not count. Runs under the GIL, may not switch, fail or allocate. NULL (events, queues): anybody
     * might. */
    const char *(*enders)(trv_object *on, trv__ender_visit *visit, void *argument);
    /* How attributes are found and changed (value NULL deletes), where it is not object's way; names
     * are interned strs. Inherited. */
    trv_object *(*get_attribute)(trv_object *self, trv_object *name);
    int (*set_attribute)(trv_object *self, trv_object *name, trv_object *value);
    uint64_t version; /* of a type made at run time: no two that differ ever had the same */
    uint32_t attributes_offset; /* in an instance: its attributes, see object/instance.c; 0: none */
    uint32_t mro_count;         /* 0 for a type whose bases are a single line */
    const struct trv_type *const *mro; /* itself and all it derives from, in the order of lookup */
};

/* trv_ref of what is known not to be NULL, which saves a test where every instruction counts. */
static inline trv_object *trv__ref_some(trv_object *object)
{
    if (!object)
        __builtin_unreachable();
    return trv_ref(object);
}

#define TRV__OFFSET_AT_END UINT32_MAX /* behind an instance that varies in size */

TRV__SHARED struct trv_type trv__type_type; /* the type of types */

/* Static types and their handles go where the loader makes them read-only once it has relocated
 * them: they are constants whose declarations cannot say so. Write it before the definition. */
#define TRV__READ_ONLY __attribute__((section(".data.rel.ro.trivet")))

/* The initialiser of a static type's handle. */
#define TRV__TYPE_HANDLE(type)                                                                     \
    {                                                                                              \
        TRV_IMMORTAL_, 0, &trv__type_type, &(type)                                                 \
    }

/* The struct behind a handle that is known to be one. */
static inline const struct trv_type *trv__type_of_handle(const trv_object *handle)
{
    return handle->payload;
}

static inline bool trv__is_type(const trv_object *object)
{
    return object->type->flags & TRV__TYPE_OF_TYPES;
}

/* Whether `type` is `base` or derived from it. */
static inline bool trv__type_derives(const struct trv_type *type, const struct trv_type *base)
{
    while (type && type != base) {
        for (uint32_t i = 0; i < type->mro_count; i++)
            if (type->mro[i] == base)
                return true;
        type = type->mro_count ? NULL : type->base;
    }
    return type == base;
}

static inline bool trv__is_immortal(const trv_object *object)
{
    return object->refcount < 0;
}

/* Whether what refers to an object may be in a cycle by that. What never changes and is not tracked holds
 * nothing that could come back. */
static inline bool trv__may_be_in_cycle(const trv_object *object)
{
    return object->type->flags & TRV__TYPE_CONTAINER && !trv__is_immortal(object) &&
           (object->flags & TRV__TRACKED || !(object->type->flags & TRV__TYPE_FIXED));
}

#endif
