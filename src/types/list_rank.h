/* SPDX-License-Identifier: MIT */
/* How a list of numbers or strs is sorted by ranks; see list_rank.c. */
#ifndef TRV_TYPES_LIST_RANK_H
#define TRV_TYPES_LIST_RANK_H

#include "object/object.h"

/* Exact small ints; floats without a NaN; strs, whose ranks may agree where they do not. */
enum trv__rank_kind { TRV__RANK_INT, TRV__RANK_FLOAT, TRV__RANK_STR };

struct trv__ranked {
    uint64_t rank;
    size_t index; /* where the item was */
};

struct trv__ranking {
    struct trv__ranked *ranked; /* in order; equal ranks by index */
    struct trv__ranked *other;  /* room for as many */
    size_t count, bytes;
    void *block;
};

/* Ranks the keys, of which there is at least one. False, with no exception, if it
 * has no memory or the keys are nearly in order. */
bool trv__ranking_make(struct trv__ranking *ranking, trv_object *const *keys, size_t count,
                       enum trv__rank_kind kind);
/* Moves as many items to where their keys belong. */
void trv__ranking_move(const struct trv__ranking *ranking, trv_object **items);
void trv__ranking_free(struct trv__ranking *ranking);

#endif
