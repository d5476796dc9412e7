/* SPDX-License-Identifier: MIT */
/*
 * What becomes of suspects: the steps LINK and DISPOSE of a round (heap/round.c).
 *
 * LINK puts those that refer to one another into clusters: union-find, where the lowest number of a
 * cluster is its root, and a ring of its members besides. DISPOSE takes whole clusters until they make a
 * batch, searches it in one piece, has what is garbage say its last words, and clears that in slices.
 */
#include "heap/round_state.h"

enum {
    BATCH = 64,       /* objects that are searched in one piece, at least */
    LINK_WORK = 4,    /* what linking a suspect counts for, */
    SEARCH_WORK = 16, /* searching an object and its last words, */
    CLEAR_WORK = 8    /* and clearing it */
};

/* LINK --------------------------------------------------------------------------------------------- */

static uint32_t root_of(struct trv__round *round, uint32_t number)
{
    for (;;) {
        struct trv__suspect *self = trv__suspect(round, number);
        if (self->parent == number)
            return number;
        number = self->parent = trv__suspect(round, self->parent)->parent;
    }
}

/* Joins two clusters, and their rings. The suspect with the lower number becomes the root. */
static void join(struct trv__round *round, uint32_t a, uint32_t b)
{
    struct trv__suspect *first, *second;
    uint32_t next;

    a = root_of(round, a);
    b = root_of(round, b);
    if (a == b)
        return;
    first = trv__suspect(round, MIN_OF(a, b));
    second = trv__suspect(round, MAX_OF(a, b));
    second->parent = MIN_OF(a, b);
    next = first->next;
    first->next = second->next;
    second->next = next;
}

struct linking {
    struct trv__round *round;
    uint32_t number;
};

static inline int link_to(trv_object *child, void *argument)
{
    const struct linking *linking = argument;

    if (*trv__tally_of(linking->round->heap, child) == TRV__TALLY_SUSPECT)
        join(linking->round, linking->number, child->flags / TRV__NUMBER);
    return 0;
}

bool trv__round_link(struct trv__round *round)
{
    while (round->next_suspect < round->suspect_count && round->work > 0) {
        struct linking linking = {round, (uint32_t)round->next_suspect};
        trv_object *object = trv__suspect_at(round, round->next_suspect++);
        round->work -= LINK_WORK;
        if (object)
            trv__each_reference(object, link_to, &linking);
    }
    return round->next_suspect < round->suspect_count;
}

/* DISPOSE ------------------------------------------------------------------------------------------ */

/* Takes the cluster of a suspect into the batch, once; those of it that have ended are left out. */
static void take_cluster(struct trv__round *round, uint32_t first)
{
    uint32_t i = first;

    if (root_of(round, first) != first)
        return;
    do {
        trv_object *object = trv__suspect_at(round, i);
        struct trv__suspect *self = trv__suspect(round, i);
        if (object) {
            *trv__tally_of(round->heap, object) = 0;
            trv__clear_number(object);
            trv__take_garbage(&round->search, object);
        }
        self->object = NULL;
        i = self->next;
    } while (i != first);
}

/* Garbage is nobody's business any more: it is hidden, and the two arrays trade places. */
static void doom(struct trv__round *round)
{
    struct trv__vector empty = round->doomed;

    ASSERT(!empty.count);
    round->doomed = round->search.garbage;
    round->search.garbage = empty;
    for (size_t i = 0; i < round->doomed.count; i++)
        trv__untrack(round->doomed.items[i]);
}

/* Searches a batch, and has its garbage say its last words. */
static void search_batch(struct trv__round *round)
{
    struct trv__search *search = &round->search;
    size_t found;

    while (round->next_suspect < round->suspect_count && search->garbage.count < BATCH)
        take_cluster(round, (uint32_t)round->next_suspect++);
    search->failed = search->pending.failed = search->garbage.failed = false;
    found = search->garbage.count;
    round->work -= (int64_t)found * SEARCH_WORK;
    trv__condemn(search, false);
    round->survivors += found - search->garbage.count;
    round->ended += search->garbage.count;
    trv__report_garbage(search);
    doom(round);
}

void trv__round_clear_doomed(struct trv__round *round)
{
    while (round->next_doomed < round->doomed.count && round->work > 0) {
        trv_object *object = round->doomed.items[round->next_doomed++];
        round->work -= CLEAR_WORK;
        if (object->refcount > 1 && object->type->slots.clear)
            object->type->slots.clear(object);
        trv_unref(object);
    }
    if (round->next_doomed == round->doomed.count)
        round->next_doomed = round->doomed.count = 0;
}

bool trv__round_dispose(struct trv__round *round)
{
    if (round->doomed.count)
        trv__round_clear_doomed(round);
    else if (round->next_suspect < round->suspect_count)
        search_batch(round);
    else
        return false;
    return true;
}
