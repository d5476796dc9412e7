/* SPDX-License-Identifier: MIT */
/*
 * What a pickle may name: types and some functions, by the module and name they have in Python; and what
 * was registered.
 *
 * The one list of what reading can find. A type that Python does not have is in module "trivet",
 * so that CPython fails to find it rather than taking another one.
 */
#ifndef TRV_PICKLE_GLOBALS_H
#define TRV_PICKLE_GLOBALS_H

#include "object/object.h"

/* Where Python has an object: its module, and its name in *name. NULL if it cannot be named. What is
 * built in has other names in protocol 2. The texts live as long as the registration. */
const char *trv__global_name(const trv_object *object, int protocol, const char **name);
/* What a module and a name stand for. 1 with a new reference, 0 or -1. */
int trv__global_find(const char *module, const char *name, trv_object **object);

/* codecs.encode(text, "latin1"), in which protocol 2 writes bytes. */
extern trv_object trv__latin1_encode[1];
/* getattr(object, name), in which methods are written. */
extern trv_object trv__pickle_getattr[1];
/* copyreg._reconstructor(type, base, state), which an explicit object.__reduce__ writes in Python. */
extern trv_object trv__reconstructor[1];

#endif
