/* SPDX-License-Identifier: MIT */
/*
 * The shared memory of a pool: for each worker a segment with its two rings and its cells.
 *
 * One memfd, sealed so that nobody can shrink it under us, mapped before the zygote forks, so that
 * every worker inherits the mapping and no descriptor is passed around. A worker unmaps all
 * segments but its own, and neither it nor the parent hands the mapping on to forks of their own.
 *
 * A *cell* says how far a call has come: the parent queues it, the worker starts it or the parent
 * revokes it, whichever compare-and-swap comes first. The ticket in it tells one use of a cell
 * from the next. What a dead worker left as STARTED failed with it; what is still QUEUED has never
 * begun. A call that runs is told to stop in its cell too, so that telling one cannot hide another;
 * `told` is where the worker's listener sleeps.
 *
 *     FREE -> QUEUED        parent, before the message is published
 *     QUEUED -> STARTED     worker
 *     QUEUED -> REVOKED     parent; the worker then passes the message over
 *     STARTED -> TOLD       parent: stop; a call that ends before it hears has just ended
 *     any -> FREE           parent: when the result has come, or the worker is gone
 */
#ifndef TRV_PROCESSES_SEGMENT_H
#define TRV_PROCESSES_SEGMENT_H

#include "processes/ring.h"

#define TRV__TICKET_MOST (UINT32_MAX >> 3)
#define TRV__CELLS (TRV_TINY ? 2 : 64)
#define TRV__RING_LEAST ((size_t)(TRV_TINY ? 64 : 4096))
#define TRV__RING_MOST ((size_t)1 << 30)

enum trv__cell_state {
    TRV__CELL_FREE,
    TRV__CELL_QUEUED,
    TRV__CELL_STARTED,
    TRV__CELL_REVOKED,
    TRV__CELL_TOLD
};

struct trv__segment {
    struct trv__ring_shared requests; /* written by the parent */
    struct trv__ring_shared results;  /* written by the worker */
    _Alignas(TRV__CACHE_LINE) _Atomic uint32_t cells[64];
    _Alignas(TRV__CACHE_LINE) _Atomic uint32_t must_quit; /* by the parent: leave when idle */
    _Atomic uint32_t may_spin; /* by the parent: whether a processor is free to wait busily on */
    _Alignas(
        TRV__CACHE_LINE) _Atomic uint32_t is_up; /* by the worker: it has come as far as its loop */
    _Atomic uint32_t is_listening; /* by the worker: a call that runs can be told to stop */
    _Alignas(TRV__CACHE_LINE) _Atomic uint32_t told; /* by the parent: counts TOLD; a futex */
};

struct trv__segments {
    char *memory;
    size_t count;
    size_t stride;     /* from one segment to the next */
    size_t ring_bytes; /* capacity of each ring */
    int fd;            /* until the pages are reserved; then -1 */
};

/* Maps segments. 0, or -1 with OSError or MemoryError. */
int trv__segments_create(struct trv__segments *segments, size_t count, size_t ring_bytes);
/* Reserves the pages, so that writing to one cannot fail. Needs no GIL. 0 or an error number. */
int trv__segments_reserve(struct trv__segments *segments);
/* From now on forks of this process do not get the mapping. */
void trv__segments_keep_private(struct trv__segments *segments);
/* In a worker: unmaps all but one. */
void trv__segments_keep_one(struct trv__segments *segments, size_t index);
void trv__segments_destroy(struct trv__segments *segments);

struct trv__segment *trv__segment_at(const struct trv__segments *segments, size_t index);
/* Empties a segment: nobody uses it. */
void trv__segment_format(struct trv__segment *segment);
/* Attaches one side to a segment's rings; `beds`: where the other side sleeps. */
void trv__segment_attach(const struct trv__segments *segments, size_t index,
                         struct trv__ring *requests, struct trv__ring *results, const int *beds);

static inline uint32_t trv__cell(uint32_t ticket, enum trv__cell_state state)
{
    return ticket << 3 | (uint32_t)state;
}

/* QUEUED to STARTED or REVOKED. False if somebody else came first. */
static inline bool trv__cell_claim(_Atomic uint32_t *cell, uint32_t ticket,
                                   enum trv__cell_state state)
{
    uint32_t queued = trv__cell(ticket, TRV__CELL_QUEUED);

    return atomic_compare_exchange_strong_explicit(cell, &queued, trv__cell(ticket, state),
                                                   memory_order_acq_rel, memory_order_acquire);
}

/* STARTED to TOLD. False if it has not begun. */
static inline bool trv__cell_tell(_Atomic uint32_t *cell, uint32_t ticket)
{
    uint32_t started = trv__cell(ticket, TRV__CELL_STARTED);

    return atomic_compare_exchange_strong_explicit(cell, &started,
                                                   trv__cell(ticket, TRV__CELL_TOLD),
                                                   memory_order_acq_rel, memory_order_acquire) ||
           started == trv__cell(ticket, TRV__CELL_TOLD);
}

#endif
