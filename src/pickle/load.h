/* SPDX-License-Identifier: MIT */
/*
 * What load.c and load_special.c share: the state of a reading.
 *
 * The stack and the memo own their references. The first entries of both, and of the marks, need no
 * memory of their own.
 */
#ifndef TRV_PICKLE_LOAD_H
#define TRV_PICKLE_LOAD_H

#include "pickle/opcodes.h"
#include "pickle/pickle.h"

struct trv__unpickler {
    const unsigned char *start, *at, *end; /* all bytes that were given; what is read next */
    const struct trv__pickle_link *link;   /* never NULL */
    struct trv__images *images;            /* the link's, or made on demand and owned, or NULL */

    trv_object **stack; /* `depth` objects */
    size_t depth, stack_capacity;
    size_t *marks; /* how deep the stack was at each mark */
    size_t mark_count, mark_capacity;
    size_t fence; /* the last mark, or 0: what lies below it may not be popped */

    trv_object **memo; /* the first `memo_size` entries mean something, and may be NULL */
    size_t memo_size, memo_capacity;
    size_t memo_count; /* entries that are not NULL */

    trv_object *granted; /* owned: a list of what find_global found, which may be called; or NULL */
    bool is_users;       /* what failed is code of users, whose exception stands */

    trv_object *first_stack[48];
    trv_object *first_memo[32];
    size_t first_marks[8];
};

/* Sets UnpicklingError. Returns -1. */
int trv__pickle_is_bad(const char *why);

/* load_special.c. What they make is a new reference, or NULL with an exception set. */
trv_object *trv__load_global(struct trv__unpickler *unpickler, const char *module,
                             const char *name);
trv_object *trv__load_reduce(struct trv__unpickler *unpickler, trv_object *callable,
                             trv_object *args);
trv_object *trv__load_newobj(struct trv__unpickler *unpickler, trv_object *type, trv_object *args);
trv_object *trv__load_newobj_ex(struct trv__unpickler *unpickler, trv_object *type,
                                trv_object *args, trv_object *keywords);
trv_object *trv__load_persistent(struct trv__unpickler *unpickler, trv_object *id);
/* Whether items may be added to an object by its methods: it is an instance of a class, and was made by
 * the pickle, not named. */
bool trv__load_may_fill(const trv_object *object);
/* Gives an object that was just made its state. 0 or -1. */
int trv__load_build(struct trv__unpickler *unpickler, trv_object *object, trv_object *state);

#endif
