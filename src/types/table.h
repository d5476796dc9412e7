/* SPDX-License-Identifier: MIT */
/*
 * The hash table under dict and set: ordered, compact, open addressing.
 *
 * The *entries* stand in one block in the order of insertion: a key and a value each for a dict, a
 * key alone for a set, and after all of them 32 bits of each key's hash. A key that was taken out
 * leaves a hole (key NULL) until the table is made anew; holes at the end are given back at once.
 *
 * Up to TRV__TABLE_SMALL entries that is all: a lookup compares the hashes. Nor has a *packed* table
 * more, whose keys are consecutive ints in order: numbered things are so common, and where a key is
 * follows from its value. The first key that does not fit makes it an ordinary table.
 *
 * Other large tables have an *index* of 4-byte slots, in groups of 4 and lines of 16, a cache line each. A slot holds the
 * number of an entry in its low bits (as many as the index has slots for) and a tag from the hash
 * in the rest. A lookup compares the 4 tags of a group at once, so that it mostly takes the same
 * path whichever slot it is, and touches an entry only if its tag fits. A group that is full sends
 * the search on to the others of its line, and then to other lines; the first group with an empty
 * slot ends it. Neighbouring hashes share a group: ints in order, which hash to themselves, are
 * found in order.
 *
 * Invariants:
 *   - an entry is added only while filled + tombs < capacity, which is 7/8 of the slots: some group
 *     always has an empty slot;
 *   - a slot is made empty again only if its group has an empty slot already, because then no
 *     search ever went past it; else it becomes a tombstone, which searches pass. So a group never
 *     holds both, and a tombstone is not used again before the table is made anew;
 *   - in a packed table, entry i is a hole or has the small int first + i, which fits 32 bits: it
 *     is its own folded hash;
 *   - a table without an index is packed or has a capacity of at most TRV__TABLE_SMALL;
 *   - `version` changes whenever an entry is taken away or moves. Comparing keys runs code of
 *     users: a search that finds the version changed afterwards begins anew. Entries added
 *     meanwhile are met further on in the same search.
 *
 * The most frequent lookup, of a key that is itself in the table, is inline: trv__table_fast.
 *
 * Everything else here runs no code of users, apart from what drops references and says so.
 */
#ifndef TRV_TYPES_TABLE_H
#define TRV_TYPES_TABLE_H

#include "object/number.h"
#include "types/str.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define TRV__TABLE_SMALL 8
#define TRV__GROUP 4
#define TRV__EMPTY_SLOT UINT32_MAX
#define TRV__ALWAYS_INLINE inline __attribute__((always_inline))

struct trv__table {
    trv_object **words; /* entries, then their hashes; NULL while capacity is 0 */
    uint32_t *slots;    /* the index, in a block that begins slots_offset bytes earlier; or NULL */
    uint32_t mask;      /* slots of the index - 1 */
    uint32_t filled;    /* entries up to the last one in use, holes included */
    uint32_t live;      /* entries in use */
    uint32_t capacity;  /* entries there is room for */
    uint32_t tombs;     /* slots that are tombstones */
    uint32_t version;
    uint32_t first;       /* of a packed table: what the key of entry 0 is, or would be */
    uint8_t slots_offset; /* so that lines are cache lines */
    uint8_t width;        /* words an entry: 2 in a dict, 1 in a set; constant */
    bool is_packed;
};

/* Where an entry is, or where one would go. Valid while the version stays. */
struct trv__place {
    uint32_t entry;
    uint32_t slot; /* in the index; unused without one */
};

/* 32 bits of a hash; neighbours stay neighbours. */
static inline uint32_t trv__table_fold(int64_t hash)
{
    return (uint32_t)hash ^ (uint32_t)((uint64_t)hash >> 32) * UINT32_C(0x9e3779b1);
}

/* Looks for a key. 1 with its place, 0, or -1. Hashes the key and compares keys. */
int trv__table_find(struct trv__table *table, trv_object *key, struct trv__place *place);
/* The same for a key whose folded hash is known from another table. */
int trv__table_find_hashed(struct trv__table *table, trv_object *key, uint32_t hash,
                           struct trv__place *place);
/* The same in a namespace: only keys that are strs can be found by a str, so that no code of users runs. */
int trv__table_find_name(struct trv__table *table, trv_object *name, struct trv__place *place);
/* The same for a str that need not exist as an object. */
int trv__table_find_text(struct trv__table *table, const char *text, struct trv__place *place);

/* Sets a key's value (NULL in a set): 1 if it is a new key; 0 if it was there, with its old value,
 * now yours, in *old (in a set `old` may be NULL); or -1. Hashes the key and compares keys. */
int trv__table_set(struct trv__table *table, trv_object *key, trv_object *value, trv_object **old);
int trv__table_set_hashed(struct trv__table *table, trv_object *key, uint32_t hash,
                          trv_object *value, trv_object **old);
/* Adds a key known not to be there. 0 or -1. */
int trv__table_add(struct trv__table *table, trv_object *key, uint32_t hash, trv_object *value);
/* That so many keys may come: makes room at once, unless the table is packed. 0 or -1. */
int trv__table_expect(struct trv__table *table, size_t more);
/* Takes an entry out; its key and value (unless NULL) are yours. */
void trv__table_take(struct trv__table *table, struct trv__place place, trv_object **key,
                     trv_object **value);
/* Takes the last entry out of a table that is not empty. */
void trv__table_take_last(struct trv__table *table, trv_object **key, trv_object **value);

/* Fills an empty table with the entries of another. 0 or -1. */
int trv__table_copy(struct trv__table *to, const struct trv__table *from);
/* Empties the table, then drops what was in it: runs code of users. */
void trv__table_clear(struct trv__table *table);

size_t trv__table_bytes(const struct trv__table *table);
int trv__table_traverse(const struct trv__table *table, trv_visit visit, void *argument);

/* Sets KeyError with the key as its argument. Returns -1. */
int trv__raise_key_error(trv_object *key);

static inline trv_object **trv__table_entry(const struct trv__table *table, size_t entry)
{
    return table->words + entry * table->width;
}

static inline const uint32_t *trv__table_hashes(const struct trv__table *table)
{
    return (const uint32_t *)(const void *)(table->words + (size_t)table->capacity * table->width);
}

/* The high bits of a product depend on all bits of the hash. The topmost is 0 in every tag, so that
 * none equals that of an empty slot or a tombstone. */
static inline uint32_t trv__table_tag(uint32_t hash, uint32_t mask)
{
    return (hash * UINT32_C(0x9e3779b1)) >> 1 & ~mask;
}

/* The first slot of the group where a search begins. */
static inline uint32_t trv__table_group(uint32_t hash, uint32_t mask)
{
    return hash & mask & ~(uint32_t)(TRV__GROUP - 1);
}

/* Bit i: (slots[i] & mask) == value, of a group. */
static TRV__ALWAYS_INLINE uint32_t trv__compare_group(const uint32_t *slots, uint32_t mask,
                                                      uint32_t value)
{
#ifdef __SSE2__
    __m128i group = _mm_loadu_si128((const __m128i *)(const void *)slots);
    __m128i kept = _mm_and_si128(group, _mm_set1_epi32((int)mask));
    __m128i equal = _mm_cmpeq_epi32(kept, _mm_set1_epi32((int)value));

    return (uint32_t)_mm_movemask_ps(_mm_castsi128_ps(equal));
#else
    uint32_t hits = 0;

    for (unsigned i = 0; i < TRV__GROUP; i++)
        hits |= (uint32_t)((slots[i] & mask) == value) << i;
    return hits;
#endif
}

_Static_assert(TRV__TABLE_SMALL == 2 * TRV__GROUP, "two groups are compared");

/* Bits of the entries in use of a small table, which has room for some, with that hash. */
static TRV__ALWAYS_INLINE uint32_t trv__table_small_hits(const struct trv__table *table,
                                                         uint32_t hash)
{
    const uint32_t *hashes = trv__table_hashes(table);
    uint32_t hits = trv__compare_group(hashes, UINT32_MAX, hash) |
                    trv__compare_group(hashes + TRV__GROUP, UINT32_MAX, hash) << TRV__GROUP;

    return hits & ((UINT32_C(1) << table->filled) - 1);
}

/* The entry of a key that is itself in a small table; else NULL. */
static TRV__ALWAYS_INLINE trv_object **trv__table_in_small(const struct trv__table *table,
                                                           const trv_object *key, uint32_t hash,
                                                           size_t width)
{
    uint32_t hits;
    trv_object **words;

    if (!table->filled || table->is_packed)
        return NULL;
    hits = trv__table_small_hits(table, hash);
    if (!hits)
        return NULL;
    words = table->words + (uint32_t)__builtin_ctz(hits) * width;
    return LIKELY(*words == key) ? words : NULL;
}

/* The entry of a key that is itself in the group where a search begins; else NULL. */
static TRV__ALWAYS_INLINE trv_object **trv__table_in_group(const struct trv__table *table,
                                                           const trv_object *key, uint32_t hash,
                                                           size_t width)
{
    uint32_t mask = table->mask, hits;
    const uint32_t *slots = table->slots + trv__table_group(hash, mask);
    trv_object **words;

    hits = trv__compare_group(slots, ~mask, trv__table_tag(hash, mask));
    if (UNLIKELY(!hits))
        return NULL;
    words = table->words + (slots[(uint32_t)__builtin_ctz(hits)] & mask) * width;
    return LIKELY(*words == key) ? words : NULL;
}

/* The same, but first the very slot that the hash names is looked at, where most keys stand. Measured,
 * that is worth the wrong guesses of those that do not. */
static TRV__ALWAYS_INLINE trv_object **trv__table_in_slot(const struct trv__table *table,
                                                          const trv_object *key, uint32_t hash,
                                                          size_t width)
{
    uint32_t entry = table->slots[hash & table->mask] ^ trv__table_tag(hash, table->mask);
    trv_object **words;

    if (LIKELY(entry <= table->mask && *(words = table->words + entry * width) == key))
        return words;
    return trv__table_in_group(table, key, hash, width);
}

/* The entry of a key if it is that very object, a str or a small int, and stands where a search
 * looks first; else NULL, which says nothing. An int is looked for as in a packed table, whether it
 * is one or not: where the key is found, there it is. */
static TRV__ALWAYS_INLINE trv_object **trv__table_fast(const struct trv__table *table,
                                                       const trv_object *key, size_t width)
{
    if (trv__is_str(key)) {
        uint32_t hash = trv__table_fold((int64_t)trv__as_str(key)->hash);
        return LIKELY(table->slots) ? trv__table_in_slot(table, key, hash, width)
                                    : trv__table_in_small(table, key, hash, width);
    }
    if (trv__is_small_int(key)) {
        uint64_t entry = (uint64_t)trv__int_value(key) - table->first;
        trv_object **words;
        if (entry < table->filled && LIKELY(*(words = table->words + entry * width) == key))
            return words;
        if (UNLIKELY(!table->slots))
            return NULL;
        return trv__table_in_slot(table, key, trv__table_fold(trv__int_value(key)), width);
    }
    return NULL;
}

/* Walks the entries: the first in use from *position on, which moves past it. False at the end. */
static inline bool trv__table_next(const struct trv__table *table, size_t *position, size_t *entry)
{
    while (*position < table->filled)
        if (*trv__table_entry(table, *entry = (*position)++))
            return true;
    return false;
}

#endif
