/* SPDX-License-Identifier: MIT */
/*
 * What a pickle may name: types, by the module and name they have in Python.
 *
 * The one list of what reading can call. A type that Python does not have is in module "trivet",
 * so that CPython fails to find it rather than taking another one.
 */
#ifndef TRV_PICKLE_GLOBALS_H
#define TRV_PICKLE_GLOBALS_H

#include "object/object.h"

/* Where Python has a type: its module, and its name in *name. NULL if it cannot be named. */
const char *trv__global_name(const trv_object *type, const char **name);
/* What a module and a name stand for: a type, or trv__latin1_encode. A new reference, or NULL with
 * UnpicklingError. */
trv_object *trv__global_find(const char *module, const char *name);

/* _codecs.encode(text, "latin1"), in which protocol 2 writes bytes. */
extern trv_object trv__latin1_encode[1];

#endif
