/* SPDX-License-Identifier: MIT */
/*
 * The hash table under dict and set: ordered, compact, open addressing.
 *
 * The *entries* stand in one block in the order of insertion: a key and a value each for a dict, a
 * key alone for a set, and after all of them 32 bits of each key's hash. A key that was taken out
 * leaves a hole (key NULL) until the table is made anew; holes at the end are given back at once.
 *
 * Up to TRV__TABLE_SMALL entries that is all: a lookup compares the hashes. Larger tables have an
 * *index* of 4-byte slots in lines of 16, a cache line each. A slot holds the number of an entry
 * in its low bits (as many as the index has slots for) and a tag from the hash in the rest. A
 * lookup compares all 16 tags of a line at once, so that it takes the same path whichever slot it
 * is, and touches an entry only if its tag fits. A line that is full sends the search on to others;
 * the first line with an empty slot ends it. Neighbouring hashes share a line: ints in order, which
 * hash to themselves, are found in order.
 *
 * Invariants:
 *   - an entry is added only while filled + tombs < capacity, which is 7/8 of the slots: some line
 *     always has an empty slot;
 *   - a slot is made empty again only if its line has an empty slot already, because then no search
 *     ever went past it; else it becomes a tombstone, which searches pass. So a line never holds
 *     both, and a tombstone is not used again before the table is made anew;
 *   - `version` changes whenever an entry is taken away or moves. Comparing keys runs code of
 *     users: a search that finds the version changed afterwards begins anew. Entries added
 *     meanwhile are met further on in the same search.
 *
 * Everything else here runs no code of users, apart from what drops references and says so.
 */
#ifndef TRV_TYPES_TABLE_H
#define TRV_TYPES_TABLE_H

#include "object/object.h"

#define TRV__TABLE_SMALL 8

struct trv__table {
    trv_object **words; /* entries, then their hashes; NULL while capacity is 0 */
    uint32_t *slots;    /* the index, in a block that begins slots_offset bytes earlier; or NULL */
    uint32_t filled;    /* entries up to the last one in use, holes included */
    uint32_t live;      /* entries in use */
    uint32_t capacity;  /* entries there is room for */
    uint32_t tombs;     /* slots that are tombstones */
    uint32_t version;
    uint8_t bits;         /* the index has 1 << bits slots */
    uint8_t slots_offset; /* so that lines are cache lines */
    uint8_t width;        /* words an entry: 2 in a dict, 1 in a set; constant */
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
/* The same for a str that need not exist as an object. */
int trv__table_find_text(struct trv__table *table, const char *text, struct trv__place *place);

/* Sets a key's value (NULL in a set): 1 if it is a new key; 0 if it was there, with its old value,
 * now yours, in *old (in a set `old` may be NULL); or -1. Hashes the key and compares keys. */
int trv__table_set(struct trv__table *table, trv_object *key, trv_object *value,
                   trv_object **old);
int trv__table_set_hashed(struct trv__table *table, trv_object *key, uint32_t hash,
                          trv_object *value, trv_object **old);
/* Adds a key known not to be there. 0 or -1. */
int trv__table_add(struct trv__table *table, trv_object *key, uint32_t hash, trv_object *value);
/* Takes an entry out; its key and value (unless NULL) are yours. */
void trv__table_take(struct trv__table *table, struct trv__place place, trv_object **key,
                     trv_object **value);
/* Takes the last entry out of a table that is not empty. */
void trv__table_take_last(struct trv__table *table, trv_object **key, trv_object **value);

/* Makes room for so many entries in all. 0 or -1. */
int trv__table_reserve(struct trv__table *table, size_t count);
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

/* Walks the entries: the first in use from *position on, which moves past it. False at the end. */
static inline bool trv__table_next(const struct trv__table *table, size_t *position, size_t *entry)
{
    while (*position < table->filled)
        if (*trv__table_entry(table, *entry = (*position)++))
            return true;
    return false;
}

#endif
