/* SPDX-License-Identifier: MIT */
/*
 * The heap of deadlines: the earliest first, four below each entry, so that it is flat and the four
 * lie in one or two cache lines. Entries carry the deadline, so that ordering touches no stack.
 *
 * Invariants: no entry is earlier than the one above it; coroutine->timer is the entry's place + 1.
 * A coroutine waits for one deadline at most, and room is made when it begins: parking never needs
 * memory.
 */
#include "coroutines/loop.h"

#include "base/fault.h"

#define FIRST_CAPACITY 64

static void put(struct trv__timers *timers, uint32_t place, struct trv__timer entry)
{
    timers->entries[place] = entry;
    entry.coroutine->timer = place + 1;
}

/* Moves an entry towards the top from a free place. */
static void rise(struct trv__timers *timers, uint32_t place, struct trv__timer entry)
{
    while (place > 0) {
        uint32_t above = (place - 1) / 4;
        if (timers->entries[above].deadline_ns <= entry.deadline_ns)
            break;
        put(timers, place, timers->entries[above]);
        place = above;
    }
    put(timers, place, entry);
}

static uint32_t earliest_below(const struct trv__timers *timers, uint32_t place)
{
    uint32_t first = place * 4 + 1, end = MIN_OF(first + 4, timers->count), best = first;

    for (uint32_t i = first + 1; i < end; i++)
        if (timers->entries[i].deadline_ns < timers->entries[best].deadline_ns)
            best = i;
    return best;
}

/* Moves an entry away from the top from a free place. */
static void sink(struct trv__timers *timers, uint32_t place, struct trv__timer entry)
{
    while (place * 4 + 1 < timers->count) {
        uint32_t below = earliest_below(timers, place);
        if (timers->entries[below].deadline_ns >= entry.deadline_ns)
            break;
        put(timers, place, timers->entries[below]);
        place = below;
    }
    put(timers, place, entry);
}

bool trv__timers_reserve(struct trv__timers *timers, size_t count)
{
    size_t capacity = timers->capacity ? timers->capacity : FIRST_CAPACITY;
    struct trv__timer *entries;

    if (LIKELY(count <= timers->capacity))
        return true;
    while (capacity < count)
        capacity *= 2;
    if (capacity > UINT32_MAX / 4)
        return false;
    entries = FAULT() ? NULL : realloc(timers->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    timers->entries = entries;
    timers->capacity = (uint32_t)capacity;
    return true;
}

void trv__timers_add(struct trv__timers *timers, struct trv__coroutine *coroutine,
                     int64_t deadline_ns)
{
    ASSERT(timers->count < timers->capacity && !coroutine->timer);
    rise(timers, timers->count++, (struct trv__timer){deadline_ns, coroutine});
}

void trv__timers_remove(struct trv__timers *timers, struct trv__coroutine *coroutine)
{
    uint32_t place = coroutine->timer - 1;
    struct trv__timer last;

    if (!coroutine->timer)
        return;
    coroutine->timer = 0;
    last = timers->entries[--timers->count];
    if (place == timers->count)
        return;
    if (place > 0 && timers->entries[(place - 1) / 4].deadline_ns > last.deadline_ns)
        rise(timers, place, last);
    else
        sink(timers, place, last);
}
