/* SPDX-License-Identifier: MIT */
/*
 * Rounds: collecting generation 2 in slices, between which the program runs.
 *
 * There is no write barrier: types written in C change their references as they like, unseen. A round
 * needs none, because it only ever suspects. It counts the references from inside its set, a slice of the
 * set at a time, into tallies; then it follows, in slices again, the members whose tally does not
 * explain all of their references. What is not reached is suspected.
 *
 *   - What was garbage when the round began is changed by nobody. Its references are counted exactly,
 *     none of it is held or reached, so all of it is suspected: a round misses nothing old.
 *   - What lives may be suspected wrongly, because the program moved references between two
 *     slices. So suspects are searched again, exactly and in one piece, before anything happens to them
 *     (heap/dispose.c). That is sound on any subset of the heap; where it is not closed, too little is
 *     found to be garbage, never too much.
 *
 * So that this search is short as well, suspects are divided into *clusters*, those that are connected by
 * references among suspects: union-find, in slices. Nothing that is garbage refers from one cluster to
 * another, so clusters can be searched apart. A batch is as many as make up BATCH objects; only a
 * cluster larger than that takes a longer pause, and its clearing is done in slices again.
 *
 * A round is over all of generation 2 (*full*), or over what came there lately: objects which die in
 * middle age are found without a walk over all that has settled. Who is let live by two rounds settles.
 * When a round begins is the business of heap/generation.c.
 *
 * The steps, of which the first three are in heap/round_suspect.c, LINK and DISPOSE in
 * heap/round_cluster.c:
 *   COUNT    each member's references are counted in the tallies of members;
 *   REACH    what is held is followed: tally REACHED;
 *   GATHER   the rest is suspected: tally SUSPECT, its number in the upper bits of its flags. All other
 *            tallies become 0 again, all members a step older;
 *   LINK     clusters are made;
 *   DISPOSE  batches are searched, and what is garbage has its last words; in between, clearing goes on;
 *   FREE     memory is given back.
 *
 * Between two slices anything may happen to an object. One that ends is forgotten (trv__round_forget): its
 * tally becomes 0. New ones in its place have 0, too, so a remembered address is believed only as far as
 * its mark and tally agree. No arena goes away during a round, so that looking is safe; large objects, whose
 * marks go with them, are not remembered by address but walked through by taking them from one list to
 * another. Objects that reach generation 2 during the round have tallies that are too low: they are alive.
 *
 * All that bounds a slice is counted, not timed, so that seeded runs repeat.
 */
#include "heap/round.h"

#include "base/clock.h"
#include "heap/round_state.h"

enum {
    FREE_WORK = 2048 /* giving back a block of suspects */
};

static bool go_on_with_step(struct trv__round *round)
{
    switch (round->step) {
    case TRV__ROUND_COUNT:
        return trv__round_count(round);
    case TRV__ROUND_REACH:
        return trv__round_reach(round);
    case TRV__ROUND_GATHER:
        return trv__round_gather(round);
    case TRV__ROUND_LINK:
        return trv__round_link(round);
    case TRV__ROUND_FREE:
        round->work -= FREE_WORK;
        return trv__round_free_suspects(round) || trv__arenas_trim(round->heap);
    default:
        return trv__round_dispose(round);
    }
}

static void to_next_step(struct trv__round *round)
{
    round->step++;
    round->next_suspect = 0;
    if (round->step <= TRV__ROUND_GATHER)
        trv__round_begin_walk(round);
}

bool trv__round_begin(struct trv__heap *heap, bool is_full)
{
    struct trv__round *round = FAULT() ? NULL : calloc(1, sizeof *round);

    ASSERT(!heap->round);
    if (!round)
        return false;
    round->heap = round->search.heap = heap;
    round->search.generation = 2;
    round->is_full = is_full;
    round->pending_before = heap->old_pending;
    heap->round = round;
    heap->recent_new = 0;
    trv__round_begin_walk(round);
    return true;
}

static void end(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;

    trv__list_splice(&heap->large[round->is_full ? TRV__LARGE_OLD : TRV__LARGE_RECENT],
                     &heap->large[TRV__LARGE_WALKED]);
    heap->round = NULL;
    while (trv__arenas_trim(heap))
        continue;
    trv__round_free_stack(round);
    while (trv__round_free_suspects(round))
        continue;
    free(round->carries.slots);
    free(round->doomed.items);
    trv__search_free(&round->search);
    free(round);
}

static void account(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;
    trv_gc_generation_stats *stats = &heap->stats.generations[2];

    stats->collections++;
    stats->collected += round->ended;
    heap->collections++;
    heap->recent_kept = round->kept;
    if (round->is_full) {
        heap->old_total = round->survivors;
        heap->old_pending -= MIN_OF(heap->old_pending, round->pending_before);
    } else {
        heap->old_pending -= MIN_OF(heap->old_pending, round->ended);
    }
}

static void drop(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;

    for (size_t i = 0; i < round->suspect_count; i++) {
        trv_object *object = trv__suspect_at(round, i);
        if (object)
            trv__clear_number(object);
    }
    for (size_t i = 0; i < heap->space_count; i++)
        for (size_t slot = 0; slot < heap->spaces[i].slots_end; slot++)
            if (heap->spaces[i].arenas[slot])
                memset(heap->spaces[i].tallies + slot * (TRV__ARENA_BYTES / TRV__GRANULE), 0,
                       TRV__ARENA_BYTES / TRV__GRANULE);
    for (int list = TRV__LARGE_RECENT; list <= TRV__LARGE_WALKED; list++)
        LIST_EACH(link, &heap->large[list])
            CONTAINER_OF(link, struct trv__large, link)->tally = 0;
    end(round);
}

void trv__round_abandon(struct trv__heap *heap)
{
    struct trv__round *round = heap->round;
    bool is_told;
    size_t ended;
    int64_t ns;

    if (!round)
        return;
    while (round->doomed.count) {
        round->work = INT64_MAX;
        trv__round_clear_doomed(round);
    }
    heap->stats.generations[2].collected += round->ended;
    is_told = round->is_told;
    ended = round->ended;
    ns = round->ns;
    drop(round);
    if (is_told)
        trv__tell_stop(heap, 2, ended, ended, ns);
}

void trv__round_drop(struct trv__heap *heap)
{
    if (heap->round)
        drop(heap->round);
}

/* Works until the work is done or the round has ended. */
static void work_on(struct trv__round *round, int64_t work)
{
    if (!round->is_told)
        trv__tell_start(round->heap, 2);
    round->is_told = true;
    round->work = work;
    while (round->work > 0 && round->step != TRV__ROUND_DONE && !round->failed)
        if (!go_on_with_step(round))
            to_next_step(round);
}

/* Ends it if it is over. */
static void end_if_over(struct trv__round *round)
{
    struct trv__heap *heap = round->heap;
    size_t ended = round->ended;
    int64_t ns = round->ns;

    if (round->failed) {
        heap->is_exact_next = true;
        trv__round_abandon(heap);
    } else if (round->step == TRV__ROUND_DONE) {
        account(round);
        end(round);
        trv__tell_stop(heap, 2, ended, ended, ns);
    }
}

int64_t trv__round_go_on(struct trv__heap *heap, int64_t work)
{
    struct trv__round *round = heap->round;
    int64_t began_ns = trv__clock_ns(), ns, young_count = heap->young_count;

    ASSERT(!heap->is_collecting);
    heap->is_collecting = true;
    trv__current->context->no_switch++;
    work_on(round, work);
    work = round->work;
    ns = trv__clock_ns() - began_ns;
    round->ns += ns;
    end_if_over(round);
    trv__note_pause(heap, 2, ns);
    trv__current->context->no_switch--;
    heap->is_collecting = false;
    heap->young_count = MAX_OF(heap->young_count, young_count); /* what ended here was not young */
    if (!heap->round)
        trv__heap_validate(heap);
    return work;
}

void trv__round_forget(struct trv__heap *heap, trv_object *object)
{
    struct trv__round *round = heap->round;
    uint8_t *tally = trv__tally_of(heap, object);

    if (*tally == TRV__TALLY_SUSPECT && object->flags & TRV__LARGE)
        trv__suspect(round, object->flags / TRV__NUMBER)->object = NULL;
    if (*tally == TRV__TALLY_SUSPECT)
        trv__clear_number(object);
    *tally = 0;
    for (size_t i = 0; i < round->big_count; i++)
        if (round->big[i] == object)
            round->big[i] = NULL;
}
