/* SPDX-License-Identifier: MIT */
/*
 * Functions that are constants of the library and have the name they have in Python.
 *
 *     TRV__BUILTIN(len, "len(obj, /): how many items a container has") { ... uses `args` ... }
 *
 * defines builtin_len, which is a builtin_function_or_method as its methods are, of nobody.
 */
#ifndef TRV_TYPES_BUILTINS_H
#define TRV_TYPES_BUILTINS_H

#include "object/closure.h"

#define TRV__BUILTIN(text, signature_text)                                                         \
    static trv_object *entry_##text(const trv_args *args);                                         \
    static TRV__READ_ONLY struct trv__closure builtin_##text = {                                   \
        .refcount = TRV_IMMORTAL_,                                                                 \
        .type = &trv__builtin_type,                                                                \
        .spec = &builtin_##text.own,                                                               \
        .own = {.size = sizeof(trv_function_spec),                                                 \
                .entry = entry_##text,                                                             \
                .signature = signature_text,                                                       \
                .file = __FILE__,                                                                  \
                .line = __LINE__,                                                                  \
                .name = #text,                                                                     \
                .owner = ""}};                                                                     \
    static trv_object *entry_##text(const trv_args *args)

/* The function `iter`; a view, like the function by a name, or NULL with nothing set. What is read from a pickle may
 * hold these functions; that calls none. */
trv_object *trv__builtin_iter(void);
trv_object *trv__builtin_function(const char *name);
/* Whether an object is one of them. */
bool trv__is_builtin_function(const trv_object *object);

#endif
