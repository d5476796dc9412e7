/* SPDX-License-Identifier: MIT */
/*
 * What the types and the floors above share of the object floor beyond the public API.
 *
 * The rules every type keeps:
 *   - a slot may assume that `self` is of its type and that the GIL is held;
 *   - a slot that can recurse into items (repr, compare, hash, copy) begins with
 *     trv__enter_recursion;
 *   - a NULL argument while an exception is pending fails again with that exception: public
 *     functions check with trv__given() or trv__expect();
 *   - code of a user may run in every trv_unref, compare, hash and call: hold references to what
 *     you still need, and do not trust an index or a pointer into a container afterwards.
 */
#ifndef TRV_OBJECT_OBJECT_H
#define TRV_OBJECT_OBJECT_H

#include "base/hash.h"
#include "base/list.h"
#include "heap/heap.h"

#include "trivet/container.h"
#include "trivet/error.h"
#include "trivet/function.h"
#include "trivet/numbers.h"
#include "trivet/text.h"
#include "trivet/type.h"

/* The built-in types, in the order in which a debugger would like to see them. */
TRV__SHARED struct trv_type trv__object_type, trv__none_type, trv__bool_type, trv__int_type,
    trv__float_type, trv__str_type, trv__bytes_type, trv__tuple_type, trv__list_type,
    trv__dict_type, trv__set_type, trv__bytearray_type, trv__complex_type, trv__range_type,
    trv__closure_type, trv__capsule_type, trv__weakref_type, trv__weakproxy_type,
    trv__iterator_type, trv__exception_base_type, trv__method_type, trv__cell_type,
    trv__builtin_type, trv__frozenset_type, trv__dict_keys_type, trv__dict_values_type,
    trv__dict_items_type, trv__mappingproxy_type;
TRV__SHARED struct trv_type trv__property_type, trv__classmethod_type, trv__staticmethod_type,
    trv__abstract_type, trv__super_type;
/* Static functions have the layout type that public headers name; both answer to trv_function_type. */

#define TRV__CACHE_PLACES 1024 /* of what lookups found, */
#define TRV__NAME_PLACES 256   /* and of names that C functions were given */

/* A place of the cache of lookups; see object/lookup.h. */
struct trv__cached {
    uint64_t key;      /* of the type; 0: the place is free */
    trv_object *name;  /* owned */
    trv_object *found; /* borrowed; NULL: TRV__MEANS_NOTHING */
    uint32_t index;    /* which attribute of its own an instance has under that name, if known */
    uint8_t meaning;   /* enum trv__meaning */
    bool is_own;       /* `index` may be asked at once: no descriptor goes before it, and the type
                          has nothing but what is generic */
    bool from_class;   /* it was found in a type made at run time */
};

/* What the object floor and the types keep per runtime. Made by trv__objects_init, ended by
 * trv__objects_fini in reverse order; the members are the modules' own business. */
struct trv__objects {
    struct trv__hash_key hash_key;
    trv_object *memory_error; /* object/error.c: made ahead, so that raising it needs no memory */
    trv_object *unraisable_hook, *except_hook; /* object/hooks.c: callables, or NULL */
    struct trv__interned { /* types/str_intern.c: the interned strs, not counted by the table */
        trv_object **slots;
        size_t capacity, used;
    } interned;
    struct trv__str_shared
        *shared_strs;                 /* types/str_intern.c: "" and those of one ASCII character */
    struct trv__forensics *forensics; /* inspect/forensics.c: what is noted down; or NULL */
    struct trv__list finalizers;      /* types/finalize.c: those that are alive, by age; owned */
    struct trv__list type_list_; /* object/type_new.c: types made at run time, for a debugger */
    struct trv__printing_list {  /* object/text.c: containers that are being printed, by whom */
        struct trv__printing {
            const trv_object *object;
            const struct trv__context *context;
            bool is_other; /* another context was printing it already */
        } * entries, first[16];
        size_t count, capacity;
        size_t others; /* entries of which that is so */
    } printing;
    trv_object *gc_callbacks, *gc_garbage; /* object/collector.c: lists, or NULL */
    struct trv__lookups {                  /* object/lookup.c */
        struct trv__cached cache[TRV__CACHE_PLACES];
        struct trv__name_place {
            const char *text;
            trv_object *name; /* owned */
        } names[TRV__NAME_PLACES];
        struct trv__static_dict { /* open addressing: static types and their namespaces, owned */
            const struct trv_type *type;
            trv_object *dict;
        } * dicts;
        size_t dict_count, dict_capacity;
        uint64_t versions;    /* given so far */
        uint64_t orders;      /* of lookup, put in force so far */
        trv_object **dunders; /* object/dunder.c: the names of methods that slots know, owned */
    } lookup;
    struct trv__entries { /* object/entries.c: the C functions that closures were made of */
        trv_entry *slots, first[64];
        size_t count, capacity;
    } entries;
};

/* 0, or -1 when out of memory. trv__current is set, with a context to hold errors. The hash key
 * is drawn here unless the caller has filled it (from a seed); all else is zero before. */
int trv__objects_init(struct trv__objects *objects);
void trv__objects_fini(struct trv__objects *objects);

/* The modules' parts of these two. An init that fails leaves nothing behind. */
int trv__errors_init(struct trv__objects *objects); /* object/error.c */
void trv__errors_fini(struct trv__objects *objects);
int trv__str_init(struct trv__objects *objects); /* types/str_intern.c */
void trv__str_fini(struct trv__objects *objects);
int trv__lookup_init(struct trv__objects *objects); /* object/lookup.c, object/dunder.c */
void trv__lookup_fini(struct trv__objects *objects);
void trv__entries_init(struct trv__entries *entries);
void trv__entries_fini(struct trv__entries *entries);
/* Drops the lists of the collector (object/collector.c). */
void trv__gc_lists_drop(struct trv__objects *objects);
/* Calls what is to be called at the end, and drops the rest (types/finalize.c). May switch. */
void trv__finalizers_run(struct trv__objects *objects);

/* Arguments ----------------------------------------------------------------------------------- */

/* Sets TypeError "<function> needs a <type>, not <type>", or lets the pending exception stand if
 * object is NULL. Returns -1. */
int trv__raise_wrong_type(const trv_object *object, const struct trv_type *type,
                          const char *function);

/* Whether an argument (an object, a text) is there; if not, and nothing is pending: SystemError. */
bool trv__given(const void *argument, const char *function);

/* Whether `object` is of a type or of one derived from it; if not, an exception is set. */
static inline bool trv__expect(const trv_object *object, const struct trv_type *type,
                               const char *function)
{
    if (LIKELY(object && object->type == type))
        return true;
    if (object && trv__type_derives(object->type, type))
        return true;
    trv__raise_wrong_type(object, type, function);
    return false;
}

/* Turns an index that may be negative into one in 0..length-1. False, with nothing set, if it is out. */
static inline bool trv__index_in(int64_t index, size_t length, size_t *where)
{
    if (index < 0)
        index += (int64_t)length;
    *where = (size_t)index;
    return index >= 0 && (size_t)index < length;
}

/* Whether an object is an int, or has an `index` that is one. */
static inline bool trv__may_index(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__int_type) || object->type->slots.index;
}

/* The int that an object is, or that its `index` gives: a new reference. TypeError "'str' object cannot be
 * interpreted as an integer". */
trv_object *trv__index_object(trv_object *object);
/* The value of an int used as an index, cut to the range of int64_t. TypeError for others. */
int trv__index_get(trv_object *object, int64_t *index);

/* Containers take an object to be equal to itself, as Python's do, even if it says otherwise (NaN).
 * 1, 0 or -1. */
static inline int trv__same_or_equal(trv_object *a, trv_object *b)
{
    return a == b ? 1 : trv_equal(a, b);
}

/* Recursion ----------------------------------------------------------------------------------- */

/* 0, or -1 with RecursionError "maximum recursion depth exceeded<where>". */
static inline int trv__enter_recursion(const char *where)
{
    return trv__stack_is_low() ? trv__raise_recursion(where) : 0;
}

/* repr of containers that hold themselves: true if `object` is being printed already (write "[...]"),
 * else it is entered until trv__repr_leave. -1 on failure. */
int trv__repr_enter(trv_object *object);
void trv__repr_leave(trv_object *object);

/* Callbacks ----------------------------------------------------------------------------------- */

/* Code of a user that runs where nothing may block or switch (finalizers, callbacks): the pending
 * exception is set aside in between; what the code raises is printed. */
struct trv__callback {
    trv_object *error;
};
void trv__callback_begin(struct trv__callback *callback);
/* `who`: an object named in the message if an exception is pending, or NULL. */
void trv__callback_end(struct trv__callback *callback, const char *what, trv_object *who);

/* Takes the pending exception to the hook for those nobody takes, or to standard error; `who`: an object
 * the message ends with, or NULL. */
void trv__report_ignored(const char *message, trv_object *who);
/* Takes the one that ends the program to its hook, or to standard error. */
void trv__report_uncaught(void);
/* Lets go of the hooks. */
void trv__hooks_drop(struct trv__objects *objects);

/* Errors -------------------------------------------------------------------------------------- */

/* Makes `exception` pending, taking the caller's reference. Drops a pending one. */
void trv__error_give(trv_object *exception);
/* Makes `exception` pending, taking the caller's reference, with `context`, borrowed, as its context
 * unless that is NULL. */
void trv__error_give_with(trv_object *exception, trv_object *context);
/* The exception that is being handled, borrowed, or NULL (object/handle.c). */
trv_object *trv__error_handled(void);
/* What is handled by those around a generator that handles nothing; borrowed, or NULL. Implemented by
 * types/generator.c. */
trv_object *trv__generator_handled(const struct trv__generator *generator);
/* Adds a function it passed to the pending exception's traceback; `file` is NULL for a function made
 * at run time, whose name is copied. Cannot fail; does nothing when out of memory. */
void trv__error_passed(const char *file, int line, const char *function);
/* What travels with an exception between processes: its own traceback, without that of causes and
 * contexts, as a str (made without code of types made at run time), and back: `text` is shown
 * before the exception's own lines. */
trv_object *trv__exception_traceback(trv_object *exception);
int trv__exception_set_remote_traceback(trv_object *exception, trv_object *text);

/* Calls --------------------------------------------------------------------------------------- */

/* What trv_call's and trv_submit's formats build: a new tuple of arguments. */
trv_object *trv__build_arguments(const char *format, va_list *arguments);
/* The spec of a function object, or NULL for other callables. */
const trv_function_spec *trv__function_spec(const trv_object *function);
/* The data of a closure (borrowed), or NULL. */
trv_object *trv__closure_data(const trv_object *function);
/* What trv_function_new makes, of a C function of the library's own: it relies on its data, so pickles, which may
 * give a closure any, cannot name it. */
trv_object *trv__function_own(trv_entry entry, const char *name, trv_object *data);
/* A method as a function that knows its receiver. */
trv_object *trv__method_bind(const struct trv__method *method, trv_object *self);
/* Runs a method of a table for a receiver, its keywords bound. */
trv_object *trv__method_run(const struct trv__method *method, trv_object *self,
                            trv_object *const *items, size_t count, trv_object *keywords);
/* A value of a built-in type: itself, or a copy of that type exactly if it is of a class derived from it. A new
 * reference; NULL with MemoryError. */
trv_object *trv__value_plain(trv_object *value);
/* Making an instance of object or of a type made at run time: zeroed data. */
trv_object *trv__instance_construct(const struct trv_type *type, const trv_args *args);
/* An instance of a static type, or of one derived from it, whose static part has so many bytes: zeroed,
 * with what the type adds; not tracked yet. */
void *trv__instance_new(const struct trv_type *type, size_t bytes);
/* What __new__ does: an instance of `type`, made by the static type `maker`, or by what makes its
 * instances (NULL). */
trv_object *trv__construct(const struct trv_type *maker, const struct trv_type *type,
                           const trv_args *args);
/* What calling a type runs: construct, then init. */
trv_object *trv__type_call(const struct trv_type *type, const trv_args *args);

/* The iterator of what has only __getitem__. */
trv_object *trv__iter_by_index(trv_object *object);
/* The value of an int, or of what has an `index`, used as a size. 0, or -1 with TypeError, or with
 * OverflowError beyond 64 bits. */
int trv__index_of(trv_object *object, int64_t *value);

/* The one text of a type's instances that has no repr: "<name object at 0x...>". */
trv_object *trv__repr_default(trv_object *object);

/* Items of tuples and lists, for code that just checked the type. A view, which any call that runs
 * user code may end. */
trv_object *const *trv__tuple_items(const trv_object *tuple, size_t *count);
trv_object *const *trv__list_items(const trv_object *list, size_t *count);
/* A tuple that takes over the references; on failure they stay the caller's. */
trv_object *trv__tuple_take(trv_object **items, size_t count);

#endif
