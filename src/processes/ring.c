/* SPDX-License-Identifier: MIT */
/*
 * The ring: see ring.h for what it promises.
 *
 * Invariant, seen from either side: 0 <= written - read <= capacity. A side holds its own counter
 * and the other's as it last saw it; the former it never reads from shared memory, the latter it
 * takes over only if the invariant holds with it.
 *
 * A sleeping writer is woken when half of the ring is free, not at each piece: if less is free, the
 * reader still has that much to read, so it will come to that point without help.
 */
#include "processes/ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct trv__ring_shared) == 2 * TRV__CACHE_LINE, "a line for each side");

void trv__ring_format(struct trv__ring_shared *shared)
{
    atomic_store_explicit(&shared->written, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->read, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->reader_sleeps, 0, memory_order_relaxed);
    atomic_store_explicit(&shared->writer_sleeps, 0, memory_order_release);
}

void trv__ring_attach(struct trv__ring *ring, struct trv__ring_shared *shared, char *data,
                      size_t capacity, const int *beds)
{
    ASSERT((capacity & (capacity - 1)) == 0);
    *ring = (struct trv__ring){.shared = shared, .data = data, .capacity = capacity, .beds = beds};
}

/* Only one of those who see the word set wakes the sleeper. */
static void wake_peer(const struct trv__ring *ring, _Atomic uint32_t *sleeps)
{
    uint32_t bed = atomic_exchange_explicit(sleeps, TRV__AWAKE, memory_order_relaxed);
    uint64_t one = 1;

    if (bed == TRV__AWAKE)
        return;
    if (!ring->beds)
        trv__ring_wake(sleeps);
    else if (write(ring->beds[bed == TRV__SECOND_BED], &one, sizeof one) < 0)
        ASSERT(errno == EAGAIN); /* it is full of wake-ups: one is enough */
}

/* Copying, around the end of the ring ------------------------------------------------------------- */

static void copy_in(struct trv__ring *ring, const char *data, size_t size)
{
    size_t at = ring->own & (ring->capacity - 1), first = MIN_OF(size, ring->capacity - at);

    memcpy(ring->data + at, data, first);
    memcpy(ring->data, data + first, size - first);
}

static void copy_out(const struct trv__ring *ring, char *to, size_t size)
{
    size_t at = ring->own & (ring->capacity - 1), first = MIN_OF(size, ring->capacity - at);

    memcpy(to, ring->data + at, first);
    memcpy(to + first, ring->data, size - first);
}

/* The writer ---------------------------------------------------------------------------------------- */

static bool see_reader(struct trv__ring *ring, memory_order order)
{
    uint64_t read = atomic_load_explicit(&ring->shared->read, order);

    if (UNLIKELY(ring->own - read > ring->capacity))
        return false;
    ring->peer = read;
    return true;
}

bool trv__ring_room(struct trv__ring *ring, size_t wanted, size_t *room)
{
    *room = ring->capacity - (size_t)(ring->own - ring->peer);
    if (LIKELY(*room >= wanted))
        return true;
    if (!see_reader(ring, memory_order_acquire))
        return false;
    *room = ring->capacity - (size_t)(ring->own - ring->peer);
    return true;
}

void trv__ring_write(struct trv__ring *ring, const void *data, size_t size)
{
    ASSERT(size <= ring->capacity - (size_t)(ring->own - ring->peer));
    if (size)
        copy_in(ring, data, size);
    ring->own += size;
}

void trv__ring_publish_written(struct trv__ring *ring)
{
    atomic_store_explicit(&ring->shared->written, ring->own, memory_order_seq_cst);
    if (!ring->is_patient &&
        UNLIKELY(atomic_load_explicit(&ring->shared->reader_sleeps, memory_order_seq_cst)))
        wake_peer(ring, &ring->shared->reader_sleeps);
}

void trv__ring_remind(struct trv__ring *ring)
{
    if (atomic_load_explicit(&ring->shared->reader_sleeps, memory_order_seq_cst) &&
        atomic_load_explicit(&ring->shared->read, memory_order_relaxed) != ring->own)
        wake_peer(ring, &ring->shared->reader_sleeps);
}

bool trv__ring_writer_arm(struct trv__ring *ring, enum trv__bed bed)
{
    atomic_store_explicit(&ring->shared->writer_sleeps, bed, memory_order_seq_cst);
    if (see_reader(ring, memory_order_seq_cst) && ring->own - ring->peer > ring->capacity / 2)
        return true;
    trv__ring_disarm(&ring->shared->writer_sleeps);
    return false;
}

/* The reader ---------------------------------------------------------------------------------------- */

static bool see_writer(struct trv__ring *ring, memory_order order)
{
    uint64_t written = atomic_load_explicit(&ring->shared->written, order);

    if (UNLIKELY(written - ring->own > ring->capacity))
        return false;
    ring->peer = written;
    return true;
}

bool trv__ring_available(struct trv__ring *ring, size_t wanted, size_t *available)
{
    *available = (size_t)(ring->peer - ring->own);
    if (LIKELY(*available >= wanted))
        return true;
    if (!see_writer(ring, memory_order_acquire))
        return false;
    *available = (size_t)(ring->peer - ring->own);
    return true;
}

void trv__ring_read(struct trv__ring *ring, void *to, size_t size)
{
    ASSERT(size <= ring->peer - ring->own);
    if (to && size)
        copy_out(ring, to, size);
    ring->own += size;
}

void trv__ring_publish_read(struct trv__ring *ring)
{
    atomic_store_explicit(&ring->shared->read, ring->own, memory_order_seq_cst);
    if (LIKELY(!atomic_load_explicit(&ring->shared->writer_sleeps, memory_order_seq_cst)))
        return;
    if (see_writer(ring, memory_order_acquire) && ring->peer - ring->own <= ring->capacity / 2)
        wake_peer(ring, &ring->shared->writer_sleeps);
}

bool trv__ring_reader_arm(struct trv__ring *ring, enum trv__bed bed)
{
    atomic_store_explicit(&ring->shared->reader_sleeps, bed, memory_order_seq_cst);
    if (see_writer(ring, memory_order_seq_cst) && ring->peer == ring->own)
        return true;
    trv__ring_disarm(&ring->shared->reader_sleeps);
    return false;
}

/* Sleeping ------------------------------------------------------------------------------------------ */

void trv__ring_sleep_on(_Atomic uint32_t *word, uint32_t value)
{
    while (atomic_load_explicit(word, memory_order_acquire) == value)
        if (syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0) < 0 && errno != EINTR)
            return;
}

void trv__ring_sleep(_Atomic uint32_t *sleeps)
{
    trv__ring_sleep_on(sleeps, TRV__FIRST_BED);
}

void trv__ring_wake(_Atomic uint32_t *sleeps)
{
    syscall(SYS_futex, sleeps, FUTEX_WAKE, 1, NULL, NULL, 0);
}
