/* SPDX-License-Identifier: MIT */
/*
 * The growing of memo tables: see memo.h.
 */
#include "pickle/memo.h"

#include "heap/heap.h"

static size_t bytes_of(uint32_t mask)
{
    return ((size_t)mask + 1) * sizeof(struct trv__memo_entry);
}

void trv__memo_fini(struct trv__memo *memo)
{
    if (memo->holds && memo->entries)
        for (uint32_t i = 0; i <= memo->mask; i++)
            trv_unref((trv_object *)(uintptr_t)memo->entries[i].object);
    if (memo->entries != memo->first)
        trv__free(memo->entries, bytes_of(memo->mask));
}

static int grow(struct trv__memo *memo)
{
    struct trv__memo old = {.entries = memo->entries, .mask = memo->mask};
    struct trv__memo_entry *entries;
    uint32_t mask = old.mask * 2 + 1;

    if (mask == UINT32_MAX)
        return trv_raise_int(trv_MemoryError, "too many objects for a pickle");
    entries = trv__allocate_zeroed(bytes_of(mask));
    if (!entries)
        return -1;
    memo->entries = entries;
    memo->mask = mask;
    for (uint32_t i = 0; i <= old.mask; i++)
        if (old.entries[i].object)
            *trv__memo_place(memo, old.entries[i].object) = old.entries[i];
    if (old.entries != memo->first)
        trv__free(old.entries, bytes_of(old.mask));
    return 0;
}

int trv__memo_add(struct trv__memo *memo, const trv_object *object)
{
    struct trv__memo_entry *entry;

    if (!memo->entries) {
        memset(memo->first, 0, sizeof memo->first);
        memo->entries = memo->first;
    }
    if (memo->count > memo->mask / 2 && grow(memo) < 0)
        return -1;
    entry = trv__memo_place(memo, object);
    entry->object = object;
    if (memo->holds)
        trv_ref((trv_object *)(uintptr_t)object);
    entry->number = memo->count++;
    return 0;
}
