/* SPDX-License-Identifier: MIT */
/*
 * What a generator holds; for generator.c and yield_from.c.
 */
#ifndef TRV_TYPES_GENERATOR_H
#define TRV_TYPES_GENERATOR_H

#include "object/object.h"

#include "trivet/generator.h"

enum trv__generator_state {
    TRV__GENERATOR_NEW,
    TRV__GENERATOR_PAUSED,
    TRV__GENERATOR_RUNNING,
    TRV__GENERATOR_ENDED
};

struct trv__generator {
    TRV__HEAD;
    uint8_t state;
    bool drops_result;            /* it was resumed by who has no use for its result */
    uint32_t depth;               /* while it runs: it and those around it */
    uint32_t no_switch;           /* the context's when it was resumed */
    struct trv_scope *scope;      /* likewise */
    struct trv__stack *stack;     /* its own; NULL unless PAUSED or RUNNING */
    struct trv__stack *caller;    /* while it runs: the stack that resumed it, parked */
    char *caller_limit;           /* and the limit of the context on it */
    trv_object **item;            /* and where what it yields or returns goes */
    struct trv__generator *outer; /* while it runs: the generator it was resumed in, or NULL */
    trv_object *callable;         /* owned until it ends, like the next two */
    trv_object *arguments;        /* a tuple */
    trv_object *keywords;         /* a dict or NULL */
    trv_object *value;            /* see above; owned */
    trv_object *inner;            /* what it yields from; borrowed from trv_yield_from, or NULL */
    trv_object
        *handled; /* while it pauses: the exception it is handling; runs: that of the caller */
};

extern struct trv_type trv__generator_type;

/* Sets RuntimeError: why what runs now cannot pause; `self` is the generator it is in, or NULL. */
trv_object *trv__raise_may_not_pause(const struct trv__generator *self);

#endif
