/* SPDX-License-Identifier: MIT */
/*
 * The token that trv_inherit makes: it keeps an object alive, and travels as its address.
 */
#ifndef TRV_PICKLE_INHERIT_H
#define TRV_PICKLE_INHERIT_H

#include "heap/type.h"

struct trv__inherit {
    TRV__HEAD;
    trv_object *object; /* owned; NULL once the collector has cleared the token */
};

#endif
