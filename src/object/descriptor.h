/* SPDX-License-Identifier: MIT */
/*
 * What stands in the namespaces of types for that which is written in C: methods and computed
 * attributes from tables, slots under the names of methods, members from __slots__.
 *
 * These objects refer to their type without a count, as they mostly live in its namespace; a type that
 * ends takes its address out of those that somebody keeps longer (trv__descriptors_part).
 */
#ifndef TRV_OBJECT_DESCRIPTOR_H
#define TRV_OBJECT_DESCRIPTOR_H

#include "object/object.h"

struct trv__dunder;

struct trv__descriptor {
    TRV__HEAD;
    const struct trv_type *owner; /* not counted; NULL once it has ended */
    union {
        struct {
            const struct trv__method *method;
            int (*set)(trv_object *self, trv_object *value); /* of an attribute, or NULL */
        };
        struct {
            const struct trv__dunder *dunder;
            void (*function)(void); /* what the slot holds */
        } slot;
        struct {
            trv_object *name; /* owned, interned */
            uint32_t offset;
        } member;
    };
};

/* A name of a method, and the slot that it stands for. */
struct trv__dunder {
    uint8_t name;  /* enum trv__dunder_name */
    uint8_t op;    /* which operator, if the slot is of several */
    uint16_t slot; /* offset in trv_slots */
    /* Calls the slot's function with the arguments of the method. */
    trv_object *(*wrap)(const struct trv__descriptor *wrapper, trv_object *self,
                        const trv_args *args);
    void (*generic)(void); /* for the slot: calls the method that a class has under that name */
};

/* Names that the object floor looks up itself. Those before `new` are of slots. */
/* clang-format off */
#define TRV__DUNDER_NAMES(X)                                                                   \
    X(repr) X(str) X(hash)                                                                     \
    X(lt) X(le) X(eq) X(ne) X(gt) X(ge)                                                        \
    X(bool) X(call) X(iter) X(next)                                                            \
    X(len) X(getitem) X(setitem) X(delitem) X(contains)                                        \
    X(add) X(sub) X(mul) X(truediv) X(floordiv) X(mod) X(pow) X(lshift) X(rshift) X(and) X(or) \
        X(xor) X(matmul) X(divmod)                                                             \
    X(radd) X(rsub) X(rmul) X(rtruediv) X(rfloordiv) X(rmod) X(rpow) X(rlshift) X(rrshift)     \
        X(rand) X(ror) X(rxor) X(rmatmul) X(rdivmod)                                           \
    X(iadd) X(isub) X(imul) X(itruediv) X(ifloordiv) X(imod) X(ipow) X(ilshift) X(irshift)     \
        X(iand) X(ior) X(ixor) X(imatmul)                                                      \
    X(neg) X(abs) X(invert) X(pos)                                                             \
    X(index) X(int) X(float)                                                                   \
    X(enter) X(exit)                                                                           \
    X(init) X(del)                                                                             \
    X(get) X(set) X(delete)                                                                    \
    X(new)                                                                                     \
    X(getattribute) X(getattr) X(setattr) X(delattr)                                           \
    X(dict) X(class) X(doc) X(module) X(qualname) X(slots) X(weakref)                          \
    X(set_name) X(init_subclass) X(isabstractmethod) X(instancecheck) X(subclasscheck)         \
    X(dir) X(name) X(missing) X(class_getitem) X(subclasshook) X(complex)                      \
    X(mro_entries) X(orig_bases) X(prepare)                                                    \
    X(bytes) X(trunc) X(length_hint) X(round) X(floor) X(ceil)
/* clang-format on */

enum trv__dunder_name {
#define TRV__ENUMERATE(name) TRV__NAME_##name,
    TRV__DUNDER_NAMES(TRV__ENUMERATE)
#undef TRV__ENUMERATE
        TRV__NAME_COUNT
};

/* One of these names, as an interned str; borrowed, held by the runtime. */
static inline trv_object *trv__dunder(enum trv__dunder_name name)
{
    return trv__current->objects->lookup.dunders[name];
}

TRV__SHARED struct trv_type trv__method_descriptor_type, trv__slot_wrapper_type, trv__getset_type,
    trv__member_type, trv__class_method_descriptor_type, trv__new_type;

/* Enters what the tables of a static type say into its namespace; and __new__, if it makes instances
 * itself. 0 or -1. */
int trv__descriptors_enter(const struct trv_type *type, trv_object *dict);
/* The same with the table of a type defined in C, or NULL. */
int trv__methods_enter(const struct trv_type *type, const trv_method *methods, trv_object *dict);
/* A slot under the name of a method. NULL with MemoryError, as the next. */
trv_object *trv__slot_wrapper_new(const struct trv_type *owner, const struct trv__dunder *dunder,
                                  void (*function)(void));
trv_object *trv__member_new(const struct trv_type *owner, trv_object *name, uint32_t offset);
trv_object *trv__getset_new(const struct trv_type *owner, const struct trv__method *method,
                            int (*set)(trv_object *self, trv_object *value));
/* What is found in a type, if it is a slot under a method's name. */
const struct trv__descriptor *trv__as_slot_wrapper(const trv_object *found);
/* Whether something found in a type comes from the static type `owner`: then it is what an empty slot
 * means. */
bool trv__is_native(const trv_object *found, const struct trv_type *owner);
/* Whether an object is a descriptor that refers to that type. */
bool trv__is_descriptor_of(const trv_object *object, const struct trv_type *type);
/* The type is about to end: what stands in its namespace, or stood there (a list, or NULL), forgets it. */
void trv__descriptors_part(const struct trv_type *type, trv_object *dict, trv_object *kept);

/* Calls a callable with one more argument before the others. */
trv_object *trv__call_prefixed(trv_object *callable, trv_object *self, trv_object *const *items,
                               size_t count, trv_object *keywords);
/* Runs `init` of an object's type, keywords bound if it is defined in C. 0 or -1. */
int trv__object_init(trv_object *object, const trv_args *args);
/* The same with the `init` that a type defined in C, or a static one, gives. */
int trv__native_init(const struct trv_type *owner, int (*init)(trv_object *, const trv_args *),
                     trv_object *object, const trv_args *raw);

#endif
