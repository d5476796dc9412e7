/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes in shared memory: one process writes, one reads. No objects, no locks.
 *
 * Two counters only ever grow: bytes written and bytes read. Their difference is what is in the
 * ring. Payload is written first and the counter published after (release), and the reader takes
 * payload out only after it has seen the counter (acquire), so that a writer killed at any moment
 * leaves a ring that is whole.
 *
 * The other side is not believed: its counter is checked whenever it is looked at, one's own is
 * kept in private memory and never read back. What is in the ring is copied out before anybody
 * looks at it, as the other side can change it at any time.
 *
 * A ring knows nothing of messages: a stream of bytes that may be longer than the ring flows
 * through it in pieces, and both sides work at the same time.
 *
 * Sleeping: a side that finds nothing to do sets its `sleeps` word and looks once more (the
 * order of the two is what seq_cst is for: the other side publishes and then looks at the word).
 * The other side clears the word and wakes the sleeper, so that nobody who is busy makes a system
 * call. A sleeper sleeps on the word as a futex, or polls an eventfd that serves many rings: the word
 * says which of two.
 */
#ifndef TRV_PROCESSES_RING_H
#define TRV_PROCESSES_RING_H

#include "base/base.h"

#define TRV__CACHE_LINE 64

/* The part in shared memory. The two sides' counters are in lines of their own. */
struct trv__ring_shared {
    _Alignas(TRV__CACHE_LINE) _Atomic uint64_t written; /* by the writer */
    _Atomic uint32_t
        reader_sleeps; /* enum trv__bed; set by the reader, cleared by the writer; a futex */
    _Alignas(TRV__CACHE_LINE) _Atomic uint64_t read; /* by the reader */
    _Atomic uint32_t writer_sleeps;                  /* the other way round */
};

/* Where a side sleeps. */
enum trv__bed { TRV__AWAKE, TRV__FIRST_BED, TRV__SECOND_BED };

/* One side's view, in private memory. */
struct trv__ring {
    struct trv__ring_shared *shared;
    char *data;
    size_t capacity; /* a power of two */
    uint64_t own;    /* this side's counter, ahead of what is published */
    uint64_t peer;   /* the other side's counter as last seen, and checked */
    const int *beds; /* the two eventfds the other side sleeps on; NULL: it sleeps on its word */
    bool is_patient; /* publishing what was written wakes nobody: trv__ring_remind does */
};

/* An empty ring, before either side is attached. */
void trv__ring_format(struct trv__ring_shared *shared);
void trv__ring_attach(struct trv__ring *ring, struct trv__ring_shared *shared, char *data,
                      size_t capacity, const int *beds);

/* The writer. */

/* How many bytes can be written now; looks at the other side only if there is less than `wanted`.
 * False if the other side's counter is impossible. */
bool trv__ring_room(struct trv__ring *ring, size_t wanted, size_t *room);
/* Puts bytes that fit into the ring; the reader does not see them yet. */
void trv__ring_write(struct trv__ring *ring, const void *data, size_t size);
/* Shows the reader what was written, and wakes it if it sleeps. */
void trv__ring_publish_written(struct trv__ring *ring);
/* Wakes the reader if it sleeps although there is something to read. */
void trv__ring_remind(struct trv__ring *ring);
/* Before the writer sleeps for want of room. False if there is room for half the ring by now. */
bool trv__ring_writer_arm(struct trv__ring *ring, enum trv__bed bed);

/* The reader. */

/* How many bytes are there; looks at the other side only if there is less than `wanted`. False if
 * the other side's counter is impossible. */
bool trv__ring_available(struct trv__ring *ring, size_t wanted, size_t *available);
/* Copies bytes that are available out of the ring; `to` NULL drops them. */
void trv__ring_read(struct trv__ring *ring, void *to, size_t size);
/* Gives the room back, and wakes the writer if it sleeps and half of the ring is free. */
void trv__ring_publish_read(struct trv__ring *ring);
/* Before the reader sleeps for want of data. False if there is data by now. */
bool trv__ring_reader_arm(struct trv__ring *ring, enum trv__bed bed);
/* Whether there may be something to read: a cheap look, which any thread may have. */
static inline bool trv__ring_has_news(const struct trv__ring_shared *shared)
{
    return atomic_load_explicit(&shared->written, memory_order_relaxed) !=
           atomic_load_explicit(&shared->read, memory_order_relaxed);
}

/* Takes the mark of a sleeper back. */
static inline void trv__ring_disarm(_Atomic uint32_t *sleeps)
{
    if (atomic_load_explicit(sleeps, memory_order_relaxed))
        atomic_store_explicit(sleeps, TRV__AWAKE, memory_order_relaxed);
}

/* Sleeps while the word is FIRST_BED, between processes; may return early. */
void trv__ring_sleep(_Atomic uint32_t *sleeps);
/* The same while the word is `value`. */
void trv__ring_sleep_on(_Atomic uint32_t *word, uint32_t value);
/* Wakes who sleeps on a word. */
void trv__ring_wake(_Atomic uint32_t *sleeps);

#endif
