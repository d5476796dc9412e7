/* SPDX-License-Identifier: MIT */
/*
 * The places an exception came through.
 *
 * They are noted while it is on its way, when there may be no memory: what cannot be noted is left
 * out. Names of static functions are constants, and those of functions made at run time are
 * copied, one block each.
 */
#include "object/exception.h"

/* Room for one more place, found in silence. */
static bool grow(struct trv__trail *places)
{
    uint32_t capacity = places->capacity ? places->capacity * 2 : 4;
    struct trv__place *more;

    if (capacity > UINT32_MAX / 2 || !(more = trv__try_allocate(capacity * sizeof *more)))
        return false;
    if (places->more)
        memcpy(more, places->more, places->capacity * sizeof *more);
    trv__free(places->more, places->capacity * sizeof *more);
    places->more = more;
    places->capacity = capacity;
    return true;
}

/* A copy of a name, or NULL, found in silence. */
static const char *copy_name(const char *name)
{
    size_t size = strlen(name) + 1;
    char *copy = trv__try_allocate(size);

    return copy ? memcpy(copy, name, size) : NULL;
}

/* False if there is no memory. */
static bool add(struct trv__trail *places, struct trv__place place)
{
    if (places->count > places->capacity && !grow(places))
        return false;
    if (!place.file && !(place.function = copy_name(place.function)))
        return false;
    *(places->count ? &places->more[places->count - 1] : &places->first) = place;
    places->count++;
    return true;
}

void trv__trail_add(struct trv__trail *places, const char *file, int line, const char *function)
{
    (void)add(places, (struct trv__place){file, function, line});
}

int trv__trail_copy(struct trv__trail *places, const struct trv__trail *others)
{
    struct trv__trail copy = {.count = 0};

    for (uint32_t i = 0; i < others->count; i++)
        if (!add(&copy, *trv__place_at(others, i))) {
            trv__trail_clear(&copy);
            return trv_raise_int(trv_MemoryError, "out of memory");
        }
    trv__trail_clear(places);
    *places = copy;
    return 0;
}

void trv__trail_clear(struct trv__trail *places)
{
    for (uint32_t i = 0; i < places->count; i++) {
        const struct trv__place *place = trv__place_at(places, i);
        if (!place->file)
            trv__free((char *)(uintptr_t)place->function, strlen(place->function) + 1);
    }
    trv__free(places->more, places->capacity * sizeof *places->more);
    *places = (struct trv__trail){.count = 0};
}

size_t trv__place_name_size(const struct trv__place *place)
{
    const char *ending = strstr(place->function, TRV__BODY_SUFFIX);

    return ending ? (size_t)(ending - place->function) : strlen(place->function);
}
