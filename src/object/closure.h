/* SPDX-License-Identifier: MIT */
/*
 * The two layouts of function objects, for calls, which must not pay for a slot.
 *
 * A static function is a trv_object whose payload is its spec. A closure begins the same way, so
 * that the spec of both is found without asking which it is; then come its data, a spec of its own
 * and, unless a method table holds them, the signature and name that the spec points to.
 */
#ifndef TRV_OBJECT_CLOSURE_H
#define TRV_OBJECT_CLOSURE_H

#include "object/object.h"

struct trv__closure {
    TRV__HEAD;
    const trv_function_spec *spec; /* &own */
    trv_object *data;              /* owned, or NULL */
    trv_object *extra;             /* what attributes were set, owned, or NULL: types/function.c */
    trv_object *defaults;          /* the tuple that is __defaults__ in `extra`, owned, or NULL */
    trv_function_spec own;
    size_t text_bytes;  /* of `text` */
    uint32_t positions; /* with defaults: how many parameters are there by position, if these are */
    bool is_filled;     /* all, and no other defaults: then a call need not read the signature */
    char text[];        /* signature and name, each with its NUL */
};

_Static_assert(offsetof(struct trv__closure, spec) == offsetof(trv_object, payload),
               "both layouts have their spec in the same place");

/* Defines a static function of the library that goes by another name than its variable. */
#define TRV__FUNCTION(variable, entry_, name_, signature_)                                         \
    static const trv_function_spec variable##_spec = {.size = sizeof(trv_function_spec),           \
                                                      .entry = (entry_),                           \
                                                      .signature = (signature_),                   \
                                                      .name = (name_),                             \
                                                      .file = __FILE__,                            \
                                                      .line = __LINE__};                           \
    TRV__READ_ONLY trv_object variable[1] = {                                                      \
        {TRV_IMMORTAL_, 0, &trv_static_function_layout_, &variable##_spec}}

/* Enters the C function of a closure among those that pickles may name. 0, or -1 with MemoryError. */
int trv__entry_register(trv_entry entry);
bool trv__entry_is_known(trv_entry entry);

static inline bool trv__is_function(const trv_object *object)
{
    return object->type == &trv_static_function_layout_ || object->type == &trv__closure_type ||
           object->type == &trv__builtin_type;
}

/* More parameters than these are bound by reading the signature. */
#define TRV__FILLED_MOST 8

/* Set in the flags of a closure that has defaults, which each call must fill in. */
#define TRV__HAS_DEFAULTS TRV__TYPE_BIT

#endif
