/* SPDX-License-Identifier: MIT */
/*
 * What the parts of a round share: its state, and what is known of suspects. The parts are the life of a
 * round (heap/round.c, which says what it is about), who is suspected (heap/round_suspect.c), and what
 * becomes of suspects (heap/round_cluster.c).
 */
#ifndef TRV_HEAP_ROUND_STATE_H
#define TRV_HEAP_ROUND_STATE_H

#include "heap/search.h"

enum {
    TRV__TALLY_SUSPECT = 254,
    TRV__TALLY_REACHED = 255,
    TRV__NUMBER = TRV__FLAGS_END, /* one, in the bits of `flags` that hold a suspect's number */
    TRV__SUSPECTS_PER_BLOCK = TRV_TINY ? 64 : 4096,
    TRV__SUSPECT_BLOCKS_MOST = 4096 /* a number has 24 bits */
};

enum trv__round_step {
    TRV__ROUND_COUNT,
    TRV__ROUND_REACH,
    TRV__ROUND_GATHER,
    TRV__ROUND_LINK,
    TRV__ROUND_DISPOSE,
    TRV__ROUND_FREE,
    TRV__ROUND_DONE
};

/* Suspects stand in blocks, so that their number grows without a copy: each with its place in the tree
 * of its cluster, and the next in the ring of those in the cluster. */
struct trv__suspects {
    struct trv__suspect {
        trv_object *object; /* NULL: was taken, or is a large one that has ended */
        uint32_t parent, next;
    } items[TRV__SUSPECTS_PER_BLOCK];
};

struct trv__round {
    struct trv__heap *heap;
    enum trv__round_step step;
    bool is_full;
    bool failed;  /* memory ran out */
    int64_t work; /* left for this slice */

    size_t space, slot, pool, word; /* how far the walk over pools has come */
    uintptr_t walked, to_walk;      /* as in struct trv__search */
    trv_object *big[8]; /* whose references are followed piece by piece, the last one first; */
    size_t big_count, big_at;       /* and how far it has come with that one. NULL: has ended */
    struct trv__stack_block *stack; /* reached, not yet followed: the topmost block, */
    struct trv__stack_block *spare; /* one that is not used now, */
    size_t stacked;                 /* and how many are in the topmost one */
    struct trv__carries carries;

    struct trv__suspects *blocks[TRV__SUSPECT_BLOCKS_MOST];
    size_t block_count, suspect_count;
    size_t next_suspect;
    struct trv__search search; /* of the batch */
    struct trv__vector doomed; /* garbage to be cleared, held */
    size_t next_doomed;

    size_t pending_before; /* old_pending when it began */
    size_t survivors, kept, ended;
    bool is_told; /* that it has begun */
    int64_t ns;   /* that its slices took */
};

/* Suspects ----------------------------------------------------------------------------------------- */

static inline struct trv__suspect *trv__suspect(const struct trv__round *round, size_t number)
{
    return &round->blocks[number / TRV__SUSPECTS_PER_BLOCK]
                ->items[number % TRV__SUSPECTS_PER_BLOCK];
}

/* The suspect of that number, or NULL if it has ended. */
static inline trv_object *trv__suspect_at(const struct trv__round *round, size_t number)
{
    trv_object *object = trv__suspect(round, number)->object;

    return object && *trv__tally_of(round->heap, object) == TRV__TALLY_SUSPECT ? object : NULL;
}

static inline void trv__clear_number(trv_object *object)
{
    object->flags &= TRV__NUMBER - 1;
}

/* Gives back a block of suspects, of which none counts any more; false once there is none. */
bool trv__round_free_suspects(struct trv__round *round);
/* Gives back what remembers objects that were reached. */
void trv__round_free_stack(struct trv__round *round);

/* Steps -------------------------------------------------------------------------------------------- */

/* Before each of the next three: large objects that came to generation 2 since the last walk take part,
 * for they may have tallies. */
void trv__round_begin_walk(struct trv__round *round);

/* Each does a piece of its step; false once the step is over. */
bool trv__round_count(struct trv__round *round);
bool trv__round_reach(struct trv__round *round);
bool trv__round_gather(struct trv__round *round);
bool trv__round_link(struct trv__round *round);
bool trv__round_dispose(struct trv__round *round);

/* Goes on clearing what a batch found to be garbage. */
void trv__round_clear_doomed(struct trv__round *round);

#endif
