/* SPDX-License-Identifier: MIT */
/*
 * The C functions that closures of this runtime were made of.
 *
 * A closure in a pickle names its code by an address. Only if that address is one of these is it
 * certain that a function of a user's is there that can be called with trv_args: this is what
 * "nothing is called that was not registered" rests on for closures. There are as many as there
 * are places in a program that make closures; none is ever taken out.
 *
 * Open addressing, at most half full. The first entries need no memory of their own.
 */
#include "object/closure.h"

#include "base/fault.h"

static size_t place_of(const struct trv__entries *entries, trv_entry entry)
{
    const trv_entry *slots = entries->slots;
    size_t mask = entries->capacity - 1, i = trv__hash_mix((uintptr_t)entry) & mask;

    while (slots[i] && slots[i] != entry)
        i = (i + 1) & mask;
    return i;
}

static int grow(struct trv__entries *entries)
{
    struct trv__entries old = *entries;
    trv_entry *slots = FAULT() ? NULL : calloc(old.capacity * 2, sizeof *slots);

    if (!slots)
        return trv_raise_int(trv_MemoryError, "out of memory");
    entries->slots = slots;
    entries->capacity = old.capacity * 2;
    for (size_t i = 0; i < old.capacity; i++)
        if (old.slots[i])
            slots[place_of(entries, old.slots[i])] = old.slots[i];
    if (old.slots != entries->first)
        free(old.slots);
    return 0;
}

int trv__entry_register(trv_entry entry)
{
    struct trv__entries *entries = &trv__current->objects->entries;
    size_t i = place_of(entries, entry);

    if (LIKELY(entries->slots[i] != NULL))
        return 0;
    if (2 * (entries->count + 1) > entries->capacity) {
        if (grow(entries) < 0)
            return -1;
        i = place_of(entries, entry);
    }
    entries->slots[i] = entry;
    entries->count++;
    return 0;
}

bool trv__entry_is_known(trv_entry entry)
{
    const struct trv__entries *entries = &trv__current->objects->entries;

    return entries->slots[place_of(entries, entry)] != NULL;
}

void trv__entries_init(struct trv__entries *entries)
{
    memset(entries, 0, sizeof *entries);
    entries->slots = entries->first;
    entries->capacity = COUNT_OF(entries->first);
}

void trv__entries_fini(struct trv__entries *entries)
{
    if (entries->slots != entries->first)
        free(entries->slots);
}
