/* SPDX-License-Identifier: MIT */
/*
 * The hash table behind table.h: searching it, and making it larger.
 *
 * A search is written once (`search`) and compiled for each kind of key: strs and small ints are
 * compared here without a call of a slot, which cannot run code of users; the search for another
 * kind of key can, and so does one that meets a foreign key with the same hash, which then begins
 * anew as a search for any key.
 *
 * Growing makes new blocks before it touches the old ones: when out of memory the table is as it
 * was.
 */
#include "types/table.h"

#include "object/number.h"
#include "types/str.h"

#include <inttypes.h>

#define LINE 16
#define TOMB (TRV__EMPTY_SLOT - 1)
#define SLOTS_LEAST 32
#define SLOTS_MOST (UINT32_C(1) << 31)
#define ALIGNED_FROM 1024 /* bytes of an index from which on lines are aligned */
typedef struct trv__table table_t;

enum key_kind { KEY_ANY, KEY_STR, KEY_INT, KEY_TEXT, KEY_NAME };

/* What a search looks for. */
struct wanted {
    trv_object *key;
    const char *text; /* KEY_TEXT: what the str would say */
    size_t size;
    uint32_t hash;
};

/* How a search or a comparison ended, beside 1 and 0. */
enum {
    FAILED = -1,
    FOREIGN = -2, /* a key of another type has the same hash: search as KEY_ANY */
    CHANGED = -3  /* the table changed during a comparison: begin anew */
};

/* Groups ------------------------------------------------------------------------------------ */

/* Bit i: slot i of the group that holds this slot is empty. */
static TRV__ALWAYS_INLINE uint32_t empty_slots(const table_t *t, uint32_t slot)
{
    return trv__compare_group(t->slots + (slot & ~(uint32_t)(TRV__GROUP - 1)), UINT32_MAX,
                              TRV__EMPTY_SLOT);
}

/* Which of the empty slots a key is given: the one its hash names, or the next in turn. Without a
 * branch, which would go either way. */
static TRV__ALWAYS_INLINE uint32_t choose_slot(uint32_t slot, uint32_t empty, uint32_t hash)
{
    uint32_t named = hash % TRV__GROUP, turned = (empty | empty << TRV__GROUP) >> named;

    return slot + (named + (uint32_t)__builtin_ctz(turned)) % TRV__GROUP;
}

/* The first slot of the group after a full one: the others of the line, then other lines. The
 * second line is unrelated to the first, so that hashes with equal low bits part there; from it on,
 * steps that grow by one visit every line. `step` counts the groups. */
static uint32_t next_group(const table_t *t, uint32_t slot, uint32_t hash, uint32_t *step)
{
    uint32_t group = (slot + TRV__GROUP) % LINE, line = slot / LINE, turn = ++*step / 4;

    if (*step % 4)
        return line * LINE + group;
    if (turn == 1) {
        hash = (hash ^ hash >> 15) * UINT32_C(0x85ebca77);
        hash = (hash ^ hash >> 13) * UINT32_C(0xc2b2ae3d);
        line = hash ^ hash >> 16;
    } else {
        line += turn - 1;
    }
    return (line * LINE & t->mask) + group;
}

/* Searching --------------------------------------------------------------------------------- */

/* Compares as a user sees it. The entry's key is held, because it may be taken out meanwhile. */
static __attribute__((noinline)) int compare_any(table_t *t, trv_object *here, trv_object *key)
{
    uint32_t version = t->version;
    int equal;

    trv_ref(here);
    equal = trv_equal(here, key);
    trv_unref(here);
    return equal < 0 ? FAILED : t->version != version ? CHANGED : equal;
}

/* Whether an entry's key is the wanted one: 1, 0, or one of the enum above. */
static TRV__ALWAYS_INLINE int matches(table_t *t, const struct wanted *w, enum key_kind kind,
                                      uint32_t entry, size_t width)
{
    trv_object *here = t->words[entry * width];

    if (kind != KEY_TEXT && here == w->key)
        return 1;
    if (!here)
        return 0; /* a hole in a small table */
    if ((kind == KEY_STR || kind == KEY_NAME) && LIKELY(trv__is_str(here)))
        return trv__as_str(here)->hash == trv__as_str(w->key)->hash && trv__str_equal(here, w->key);
    if (kind == KEY_TEXT && LIKELY(trv__is_str(here)))
        return trv__str_is_text(here, w->text, w->size);
    if (kind == KEY_INT && LIKELY(trv__is_small_int(here)))
        return trv__int_value(here) == trv__int_value(w->key);
    if (kind == KEY_NAME || trv__table_hashes(t)[entry] != w->hash)
        return 0;
    return kind == KEY_ANY ? compare_any(t, here, w->key) : FOREIGN;
}

/* After a comparison by code of users, which may have added entries, the hits are looked up again
 * without those that were seen. */
static TRV__ALWAYS_INLINE int search_small(table_t *t, const struct wanted *w, enum key_kind kind,
                                           struct trv__place *place, size_t width)
{
    uint32_t seen = 0, hits;

    if (!t->capacity)
        return 0;
    for (hits = trv__table_small_hits(t, w->hash); hits;
         hits = trv__table_small_hits(t, w->hash) & ~seen) {
        uint32_t entry = (uint32_t)__builtin_ctz(hits);
        int match = matches(t, w, kind, entry, width);
        if (match) {
            place->entry = entry;
            return match;
        }
        seen |= UINT32_C(1) << entry;
    }
    return 0;
}

/* Where a key must be in a packed table follows from its hash. */
static TRV__ALWAYS_INLINE int search_packed(table_t *t, const struct wanted *w, enum key_kind kind,
                                            struct trv__place *place, size_t width)
{
    uint32_t entry = w->hash - t->first;

    if (kind == KEY_STR || kind == KEY_TEXT || kind == KEY_NAME || entry >= t->filled)
        return 0;
    place->entry = entry;
    return matches(t, w, kind, entry, width);
}

/* Looks for a key: 1 with its place; 0 with an empty slot for it in place->slot (if there is an
 * index); or one of the enum above. */
static TRV__ALWAYS_INLINE int search(table_t *t, const struct wanted *w, enum key_kind kind,
                                     struct trv__place *place, size_t width)
{
    uint32_t mask = t->mask, tag = trv__table_tag(w->hash, mask), slot, step = 0;

    if (!t->slots)
        return t->is_packed ? search_packed(t, w, kind, place, width)
                            : search_small(t, w, kind, place, width);
    slot = trv__table_group(w->hash, mask);
    for (;;) {
        const uint32_t *slots = t->slots + slot;
        uint32_t seen = 0, hits, empty;
        for (hits = trv__compare_group(slots, ~mask, tag); hits;) {
            uint32_t i = (uint32_t)__builtin_ctz(hits), entry = slots[i] & mask;
            int match = matches(t, w, kind, entry, width);
            if (LIKELY(match)) {
                place->entry = entry;
                place->slot = slot + i;
                return match;
            }
            seen |= UINT32_C(1) << i;
            hits = (kind == KEY_ANY ? trv__compare_group(slots, ~mask, tag) : hits) & ~seen;
        }
        empty = empty_slots(t, slot);
        if (LIKELY(empty)) {
            place->slot = choose_slot(slot, empty, w->hash);
            return 0;
        }
        slot = next_group(t, slot, w->hash, &step);
    }
}

static int search_any(table_t *t, const struct wanted *w, struct trv__place *place)
{
    int found;

    do
        found = search(t, w, KEY_ANY, place, t->width);
    while (found == CHANGED);
    return found;
}

static TRV__ALWAYS_INLINE int search_kind(table_t *t, const struct wanted *w, enum key_kind kind,
                                          struct trv__place *place)
{
    int found = t->width == 2 ? search(t, w, kind, place, 2) : search(t, w, kind, place, 1);

    return UNLIKELY(found == FOREIGN) ? search_any(t, w, place) : found;
}

static int find_str(table_t *t, const struct wanted *w, struct trv__place *place)
{
    return search_kind(t, w, KEY_STR, place);
}

static int find_int(table_t *t, const struct wanted *w, struct trv__place *place)
{
    return search_kind(t, w, KEY_INT, place);
}

static TRV__ALWAYS_INLINE bool is_plain_int(const trv_object *key)
{
    return trv__is_small_int(key) && (uint64_t)trv__int_value(key) < (UINT64_C(1) << 61) - 1;
}

/* Hashes the key and looks for it. Such ints are their own hash. */
static TRV__ALWAYS_INLINE int find_key(table_t *t, struct wanted *w, struct trv__place *place)
{
    int64_t hash;

    if (LIKELY(trv__is_str(w->key))) {
        w->hash = trv__table_fold((int64_t)trv__str_hash(w->key));
        return find_str(t, w, place);
    }
    if (is_plain_int(w->key)) {
        w->hash = trv__table_fold(trv__int_value(w->key));
        return find_int(t, w, place);
    }
    if (trv_hash(w->key, &hash) < 0)
        return -1;
    w->hash = trv__table_fold(hash);
    return search_any(t, w, place);
}

int trv__table_find(table_t *t, trv_object *key, struct trv__place *place)
{
    struct wanted w = {.key = key};

    return find_key(t, &w, place);
}

static int find_wanted(table_t *t, const struct wanted *w, struct trv__place *place)
{
    if (trv__is_str(w->key))
        return find_str(t, w, place);
    return is_plain_int(w->key) ? find_int(t, w, place) : search_any(t, w, place);
}

int trv__table_find_hashed(table_t *t, trv_object *key, uint32_t hash, struct trv__place *place)
{
    struct wanted w = {.key = key, .hash = hash};

    return find_wanted(t, &w, place);
}

int trv__table_find_name(table_t *t, trv_object *name, struct trv__place *place)
{
    struct wanted w = {.key = name, .hash = trv__table_fold((int64_t)trv__str_hash(name))};

    return search_kind(t, &w, KEY_NAME, place);
}

int trv__table_find_text(table_t *t, const char *text, struct trv__place *place)
{
    struct wanted w = {.text = text, .size = strlen(text)};
    trv_auto trv_object *key = NULL;
    int found;

    w.hash = trv__table_fold((int64_t)trv__text_hash(text, w.size));
    found = search(t, &w, KEY_TEXT, place, t->width);
    if (LIKELY(found != FOREIGN))
        return found;
    key = w.key = trv_str_new(text);
    return key ? find_str(t, &w, place) : -1;
}

/* Blocks ------------------------------------------------------------------------------------ */

static size_t words_bytes(size_t capacity, size_t width)
{
    size_t hashes = MAX_OF(capacity, TRV__TABLE_SMALL);

    return capacity ? capacity * width * sizeof(trv_object *) + hashes * sizeof(uint32_t) : 0;
}

/* Of an index of so many slots, with what aligns it. */
static size_t slots_bytes(uint32_t slots)
{
    size_t bytes = slots * sizeof(uint32_t);

    return bytes >= ALIGNED_FROM ? bytes + LINE * sizeof(uint32_t) : bytes;
}

/* An index, all empty. */
static uint32_t *make_slots(uint32_t slots, uint8_t *offset)
{
    char *block = trv__allocate(slots_bytes(slots));
    size_t bytes = slots * sizeof(uint32_t), line = LINE * sizeof(uint32_t);

    if (!block)
        return NULL;
    *offset = bytes >= ALIGNED_FROM ? (uint8_t)(-(uintptr_t)block % line) : 0;
    return memset(block + *offset, 0xff, bytes);
}

static void free_slots(uint32_t *slots, uint32_t count, uint8_t offset)
{
    if (slots)
        trv__free((char *)slots - offset, slots_bytes(count));
}

size_t trv__table_bytes(const table_t *t)
{
    size_t slots = t->slots ? slots_bytes(t->mask + 1) : 0;

    return words_bytes(t->capacity, t->width) + slots;
}

static uint32_t *hashes_of(table_t *t)
{
    return (uint32_t *)(uintptr_t)trv__table_hashes(t);
}

/* Puts the number of an entry, whose key is not there yet, into the index. */
static inline void enter(table_t *t, uint32_t entry, uint32_t hash)
{
    uint32_t slot = trv__table_group(hash, t->mask), step = 0, empty;

    while (UNLIKELY(!(empty = empty_slots(t, slot))))
        slot = next_group(t, slot, hash, &step);
    t->slots[choose_slot(slot, empty, hash)] = trv__table_tag(hash, t->mask) | entry;
}

/* Fills an index from the hashes. Lines are far apart: fetched some rounds ahead. */
static void enter_all(table_t *t)
{
    const uint32_t *hashes = trv__table_hashes(t), ahead = 16;

    for (uint32_t i = 0; i < t->filled; i++) {
        if (i + ahead < t->filled)
            __builtin_prefetch(t->slots + trv__table_group(hashes[i + ahead], t->mask), 1);
        enter(t, i, hashes[i]);
    }
}

/* Makes the block of entries larger where it stands: for tables without holes. */
static int extend_words(table_t *t, uint32_t capacity)
{
    size_t old_bytes = words_bytes(t->capacity, t->width);
    trv_object **words = trv__reallocate(t->words, old_bytes, words_bytes(capacity, t->width));
    uint32_t *hashes;

    if (!words)
        return -1;
    t->words = words;
    hashes = hashes_of(t);
    t->capacity = capacity;
    memmove(hashes_of(t), hashes, t->filled * sizeof *hashes);
    return 0;
}

/* Moves the entries to a block of another capacity, and closes the holes. */
static int move_words(table_t *t, uint32_t capacity)
{
    table_t old = *t;
    trv_object **words = trv__allocate(words_bytes(capacity, t->width));
    uint32_t live = 0;

    if (!words)
        return -1;
    t->words = words;
    t->capacity = capacity;
    for (uint32_t i = 0; i < old.filled; i++) {
        trv_object **entry = trv__table_entry(&old, i);
        if (!*entry)
            continue;
        memcpy(trv__table_entry(t, live), entry, t->width * sizeof *entry);
        hashes_of(t)[live++] = trv__table_hashes(&old)[i];
    }
    t->filled = live;
    trv__free(old.words, words_bytes(old.capacity, old.width));
    return 0;
}

static uint32_t capacity_of(uint32_t slots)
{
    return slots / 8 * 7;
}

/* How many slots an index for so many entries has; 0 for none. */
static uint32_t slots_for(uint64_t count)
{
    uint32_t slots = SLOTS_LEAST;

    if (count <= TRV__TABLE_SMALL)
        return 0;
    while (slots < SLOTS_MOST && capacity_of(slots) < count)
        slots *= 2;
    return slots;
}

/* Gives the block of entries another capacity. Without a hole each entry keeps its place. */
static int change_words(table_t *t, uint32_t capacity)
{
    if (t->live < t->filled || capacity < t->capacity)
        return move_words(t, capacity);
    return capacity > t->capacity ? extend_words(t, capacity) : 0;
}

/* Makes the table anew with room for `count` entries, at least as many as are live. Its index is made
 * with it, unless it is to be packed: then it has no holes. */
static int resize(table_t *t, uint64_t count, bool is_packed)
{
    uint32_t count_of_slots = slots_for(count), capacity = capacity_of(count_of_slots);
    uint32_t *slots = NULL;
    uint8_t offset = 0;

    if (!count_of_slots)
        capacity = count <= TRV__TABLE_SMALL / 2 ? TRV__TABLE_SMALL / 2 : TRV__TABLE_SMALL;
    if (capacity < count)
        return trv_raise_int(trv_MemoryError, "more than %" PRIu32 " keys", capacity);
    if (is_packed)
        count_of_slots = 0;
    if (count_of_slots && !(slots = make_slots(count_of_slots, &offset)))
        return -1;
    if (change_words(t, capacity) < 0) {
        free_slots(slots, count_of_slots, offset);
        return -1;
    }
    free_slots(t->slots, t->mask + 1, t->slots_offset);
    t->slots = slots;
    t->slots_offset = offset;
    t->mask = count_of_slots ? count_of_slots - 1 : 0;
    t->tombs = 0;
    t->is_packed = is_packed;
    t->version++;
    if (slots)
        enter_all(t);
    return 0;
}

/* Adding and taking out --------------------------------------------------------------------- */

static inline bool is_full(const table_t *t)
{
    return t->filled + t->tombs >= t->capacity;
}

/* Writes a new entry, for which there is room, and answers its number. */
static TRV__ALWAYS_INLINE uint32_t write_entry(table_t *t, trv_object *key, uint32_t hash,
                                               trv_object *value)
{
    uint32_t number = t->filled++;
    trv_object **entry = trv__table_entry(t, number);

    t->live++;
    entry[0] = trv_ref(key);
    if (t->width == 2)
        entry[1] = trv_ref(value);
    hashes_of(t)[number] = hash;
    return number;
}

/* Whether a key may be the next entry of a packed table, or the first. */
static inline bool continues(const table_t *t, const trv_object *key)
{
    if (t->slots || !trv__is_small_int(key) || (uint64_t)trv__int_value(key) > UINT32_MAX)
        return false;
    if (!t->filled)
        return true;
    return t->is_packed && (uint64_t)trv__int_value(key) == (uint64_t)t->first + t->filled;
}

/* For another entry: half of the room, at least, is free afterwards. */
static int make_room(table_t *t, bool is_packed)
{
    return resize(t, t->live ? (uint64_t)t->live * 2 : 1, is_packed && t->live == t->filled);
}

/* A key comes that does not continue the table. */
static int unpack(table_t *t)
{
    if (t->capacity > TRV__TABLE_SMALL)
        return resize(t, t->capacity, false);
    t->is_packed = false;
    t->version++; /* a search may be under way, which looks at one place only */
    return 0;
}

int trv__table_expect(table_t *t, size_t more)
{
    size_t room = t->capacity - MIN_OF(t->capacity, t->filled + t->tombs);

    return more <= room || t->is_packed ? 0 : resize(t, (uint64_t)t->live + more, false);
}

/* Gets a table ready for another key. */
static __attribute__((noinline)) int expect_key(table_t *t, const trv_object *key)
{
    bool is_next = continues(t, key);

    if (is_full(t) ? make_room(t, is_next) < 0 : t->is_packed && !is_next && unpack(t) < 0)
        return -1;
    if (is_next && !t->filled) {
        t->is_packed = true;
        t->first = (uint32_t)trv__int_value(key);
    }
    return 0;
}

/* Whether an entry with that key can be written at once. */
static inline bool is_ready(const table_t *t, const trv_object *key)
{
    return !is_full(t) && (!t->is_packed || (t->filled && continues(t, key)));
}

int trv__table_add(table_t *t, trv_object *key, uint32_t hash, trv_object *value)
{
    uint32_t entry;

    if (UNLIKELY(!is_ready(t, key)) && expect_key(t, key) < 0)
        return -1;
    entry = write_entry(t, key, hash, value);
    if (t->slots)
        enter(t, entry, hash);
    return 0;
}

/* Sets the value of a key that was looked for, with what the search answered. */
static TRV__ALWAYS_INLINE int set_found(table_t *t, const struct wanted *w, int found,
                                        struct trv__place place, trv_object *value,
                                        trv_object **old)
{
    uint32_t entry;

    if (found < 0)
        return -1;
    if (found) {
        if (t->width == 2) {
            trv_object **words = trv__table_entry(t, place.entry);
            *old = words[1];
            words[1] = trv_ref(value);
        }
        return 0;
    }
    if (UNLIKELY(!is_ready(t, w->key)))
        return trv__table_add(t, w->key, w->hash, value) < 0 ? -1 : 1;
    entry = write_entry(t, w->key, w->hash, value);
    if (t->slots)
        t->slots[place.slot] = trv__table_tag(w->hash, t->mask) | entry;
    return 1;
}

int trv__table_set(table_t *t, trv_object *key, trv_object *value, trv_object **old)
{
    struct wanted w = {.key = key};
    struct trv__place place;
    int found = find_key(t, &w, &place);

    return set_found(t, &w, found, place, value, old);
}

int trv__table_set_hashed(table_t *t, trv_object *key, uint32_t hash, trv_object *value,
                          trv_object **old)
{
    struct wanted w = {.key = key, .hash = hash};
    struct trv__place place;
    int found = find_wanted(t, &w, &place);

    return set_found(t, &w, found, place, value, old);
}

void trv__table_take(table_t *t, struct trv__place place, trv_object **key, trv_object **value)
{
    trv_object **entry = trv__table_entry(t, place.entry);

    *key = entry[0];
    entry[0] = NULL;
    if (t->width == 2) {
        *value = entry[1];
        entry[1] = NULL;
    }
    t->live--;
    t->version++;
    if (t->slots) {
        bool has_empty = empty_slots(t, place.slot) != 0;
        t->slots[place.slot] = has_empty ? TRV__EMPTY_SLOT : TOMB;
        t->tombs += !has_empty;
    }
    while (t->filled && !*trv__table_entry(t, t->filled - 1))
        t->filled--;
}

void trv__table_take_last(table_t *t, trv_object **key, trv_object **value)
{
    struct trv__place place = {.entry = t->filled - 1};
    uint32_t hash = trv__table_hashes(t)[place.entry];

    if (t->slots) {
        uint32_t said = trv__table_tag(hash, t->mask) | place.entry, step = 0, hit;
        uint32_t slot = trv__table_group(hash, t->mask);
        while (!(hit = trv__compare_group(t->slots + slot, UINT32_MAX, said)))
            slot = next_group(t, slot, hash, &step);
        place.slot = slot + (uint32_t)__builtin_ctz(hit);
    }
    trv__table_take(t, place, key, value);
}

/* Fills the index of a copy: as it is in the other table, if that has as many slots and no holes. */
static void copy_index(table_t *to, const table_t *from)
{
    if (!to->slots)
        return;
    if (from->slots && from->mask == to->mask && from->live == from->filled && !from->tombs)
        memcpy(to->slots, from->slots, ((size_t)to->mask + 1) * sizeof *to->slots);
    else
        enter_all(to);
}

/* All entries of a table without holes. */
static void copy_entries(table_t *to, const table_t *from)
{
    for (size_t i = 0; i < from->filled; i++) {
        trv_object **entry = trv__table_entry(from, i), **copy = trv__table_entry(to, i);
        copy[0] = trv__ref_some(entry[0]);
        if (from->width == 2)
            copy[1] = trv__ref_some(entry[1]);
    }
    memcpy(hashes_of(to), trv__table_hashes(from), from->filled * sizeof(uint32_t));
    to->live = to->filled = from->filled;
}

int trv__table_copy(table_t *to, const table_t *from)
{
    table_t made = {.width = from->width, .version = to->version, .first = from->first};
    size_t position = 0, i;
    bool is_packed = from->is_packed && from->live == from->filled;

    if (!from->live)
        return 0;
    if (resize(&made, from->live, is_packed) < 0)
        return -1;
    if (from->live == from->filled)
        copy_entries(&made, from);
    else
        while (trv__table_next(from, &position, &i)) {
            trv_object **entry = trv__table_entry(from, i);
            write_entry(&made, entry[0], trv__table_hashes(from)[i], entry[from->width - 1]);
        }
    copy_index(&made, from);
    trv__table_clear(to);
    *to = made;
    return 0;
}

void trv__table_clear(table_t *t)
{
    table_t old = *t;

    *t = (table_t){.width = old.width, .version = old.version + 1};
    for (size_t i = 0; i < old.filled; i++) {
        trv_object **entry = trv__table_entry(&old, i);
        trv_unref(entry[0]);
        if (old.width == 2)
            trv_unref(entry[1]);
    }
    free_slots(old.slots, old.mask + 1, old.slots_offset);
    trv__free(old.words, words_bytes(old.capacity, old.width));
}

int trv__table_traverse(const table_t *t, trv_visit visit, void *argument)
{
    int stop = 0;

    for (size_t i = 0; i < (size_t)t->filled * t->width && !stop; i++)
        if (t->words[i])
            stop = visit(t->words[i], argument);
    return stop;
}

int trv__raise_key_error(trv_object *key)
{
    trv_auto trv_object *arguments = trv_tuple_new(&key, 1);
    trv_auto trv_object *error = arguments ? trv_exception_new(trv_KeyError, arguments) : NULL;

    if (error)
        trv_raise_object(error);
    return -1;
}
