/* SPDX-License-Identifier: MIT */
/*
 * Strs that exist once: the shared ones, and those that were interned.
 *
 * The table of interned strs is open addressing with linear probing; it keeps at least a quarter
 * of its slots free, and fills the hole that a str leaves by moving back those that had to step
 * over it, so there are no tombstones. It does not count references: a str whose count
 * drops to zero takes itself out.
 */
#include "types/str.h"

#define FIRST_CAPACITY 512 /* the shared strs fill a quarter */

static size_t slot_of(const struct trv__interned *table, uint64_t hash)
{
    return (size_t)hash & (table->capacity - 1);
}

/* Where a str equal to the text stands, or the free slot where it would. */
static size_t find(const struct trv__interned *table, const char *text, size_t size, uint64_t hash)
{
    size_t at = slot_of(table, hash);
    trv_object *found;

    for (; (found = table->slots[at]) != NULL; at = (at + 1) & (table->capacity - 1))
        if (trv__as_str(found)->hash == hash && trv__str_is_text(found, text, size))
            break;
    return at;
}

/* Moves the table into new slots, of which there may be more or fewer. */
static void move_to(struct trv__interned *table, trv_object **slots, size_t capacity)
{
    struct trv__interned moved = {slots, capacity, table->used};

    for (size_t i = 0; i < table->capacity; i++) {
        struct trv__str *str = (struct trv__str *)table->slots[i];
        if (str)
            slots[find(&moved, str->text, str->size, str->hash)] = table->slots[i];
    }
    trv__free(table->slots, table->capacity * sizeof *table->slots);
    *table = moved;
}

/* Doubles the table, or makes the first. */
static int grow(struct trv__interned *table)
{
    size_t capacity = MAX_OF(table->capacity * 2, FIRST_CAPACITY);
    trv_object **slots = trv__allocate_zeroed(capacity * sizeof *slots);

    if (!slots)
        return -1;
    move_to(table, slots, capacity);
    return 0;
}

/* Halves a table that has become three quarters empty; stays as it is if there is no memory for that. */
static void shrink(struct trv__interned *table)
{
    size_t capacity = table->capacity / 2;
    trv_object **slots;

    if (capacity < FIRST_CAPACITY || table->used > capacity / 2)
        return;
    slots = trv__try_allocate(capacity * sizeof *slots);
    if (!slots)
        return;
    memset(slots, 0, capacity * sizeof *slots);
    move_to(table, slots, capacity);
}

static int make_room(struct trv__interned *table)
{
    return table->used + 1 > table->capacity / 4 * 3 ? grow(table) : 0;
}

void trv__str_forget(struct trv__str *str)
{
    struct trv__interned *table = &trv__current->objects->interned;
    size_t mask = table->capacity - 1, hole = find(table, str->text, str->size, str->hash);
    size_t next = hole, home;

    ASSERT(table->slots[hole] == (trv_object *)str);
    for (;;) {
        table->slots[hole] = NULL;
        do { /* the next str that may stand in the hole: its home is not between the two */
            next = (next + 1) & mask;
            if (!table->slots[next]) {
                table->used--;
                shrink(table);
                return;
            }
            home = slot_of(table, trv__as_str(table->slots[next])->hash);
        } while (((next - home) & mask) < ((next - hole) & mask));
        table->slots[hole] = table->slots[next];
        hole = next;
    }
}

trv_object *trv_intern(trv_object *object)
{
    struct trv__interned *table = &trv__current->objects->interned;
    trv_object **slot;

    if (!trv__expect(object, &trv__str_type, "trv_intern"))
        return NULL;
    if (!trv__is_str(object)) /* names are compared as objects, and run no code of users */
        return trv_raise(trv_TypeError, "can't intern %s", trv_type_name(object));
    if (object->flags & TRV__TYPE_BIT)
        return trv_ref(object);
    if (make_room(table) < 0)
        return NULL;
    slot = &table->slots[find(table, trv__as_str(object)->text, trv__as_str(object)->size,
                              trv__str_hash(object))];
    if (!*slot) {
        *slot = object;
        object->flags |= TRV__TYPE_BIT;
        table->used++;
    }
    return trv_ref(*slot);
}

/* The shared strs ------------------------------------------------------------------------------- */

static void make_shared(struct trv__str *str, size_t size, char c)
{
    memset(str, 0, sizeof *str);
    str->refcount = TRV_IMMORTAL_;
    str->flags = TRV__TYPE_BIT;
    str->type = &trv__str_type;
    str->size = str->length = size;
    str->text[0] = size ? c : 0;
    str->text[1] = 0;
    str->hash = trv__text_hash(str->text, size);
}

static void enter(struct trv__interned *table, struct trv__str *str)
{
    table->slots[find(table, str->text, str->size, str->hash)] = (trv_object *)str;
    table->used++;
}

int trv__str_init(struct trv__objects *objects)
{
    struct trv__str_shared *shared = trv__allocate(sizeof *shared);

    memset(&objects->interned, 0, sizeof objects->interned);
    objects->shared_strs = shared;
    if (!shared || grow(&objects->interned) < 0) {
        trv__str_fini(objects);
        return -1;
    }
    for (int c = 0; c <= TRV__EMPTY_STR; c++) {
        make_shared(&shared->slots[c].str, c != TRV__EMPTY_STR, (char)c);
        enter(&objects->interned, &shared->slots[c].str);
    }
    return 0;
}

/* Strs that are in the table still were leaked, or made immortal for a worker process. */
void trv__str_fini(struct trv__objects *objects)
{
    struct trv__interned *table = &objects->interned;

    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i])
            table->slots[i]->flags &= ~(uint32_t)TRV__TYPE_BIT;
    trv__free(table->slots, table->capacity * sizeof *table->slots);
    memset(table, 0, sizeof *table);
    trv__free(objects->shared_strs, sizeof *objects->shared_strs);
    objects->shared_strs = NULL;
}
