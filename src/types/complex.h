/* SPDX-License-Identifier: MIT */
/*
 * The layout of complex numbers, and what their files share.
 */
#ifndef TRV_TYPES_COMPLEX_H
#define TRV_TYPES_COMPLEX_H

#include "object/number.h"

struct trv__pair {
    double real, imag;
};

struct trv__complex {
    TRV__HEAD;
    struct trv__pair value;
};

static inline bool trv__is_complex(const trv_object *object)
{
    return trv__type_derives(object->type, &trv__complex_type);
}

static inline struct trv__pair trv__complex_value(const trv_object *object)
{
    return ((const struct trv__complex *)object)->value;
}

trv_object *trv__complex_from(struct trv__pair value);

/* complex_text.c */
trv_object *trv__complex_repr(trv_object *self);
/* The number that a str says. */
trv_object *trv__complex_parse(trv_object *text);

#endif
