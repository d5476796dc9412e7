/* SPDX-License-Identifier: MIT */
/*
 * Lookups in types, the two caches, and the namespaces of static types; see lookup.h.
 *
 * A place of the cache is overwritten by the next lookup that falls on it. What it held may be dropped
 * then, a name whose end runs no code of users; so a view of a place stays good until the next
 * lookup, and no longer: whoever calls anything copies what he needs first, and holds it.
 *
 * No code of users runs in the middle of a lookup, and so no collection that is asked for: a namespace may
 * have keys that are no strs, but these are not compared.
 */
#include "object/lookup.h"

#include "heap/object_callback.h"
#include "object/descriptor.h"
#include "object/heap_type.h"

/* Names --------------------------------------------------------------------------------------- */

trv_object *trv__name(const char *text)
{
    struct trv__lookups *lookup = &trv__current->objects->lookup;
    size_t at = trv__hash_mix((uintptr_t)text) & (TRV__NAME_PLACES - 1);
    struct trv__name_place *place = &lookup->names[at];
    trv_auto trv_object *str = NULL;
    trv_object *name;

    if (LIKELY(place->text == text) && LIKELY(strcmp(trv_str_utf8(place->name, NULL), text) == 0))
        return place->name;
    if (!(str = trv_str_new(text)) || !(name = trv_intern(str)))
        return NULL;
    trv_unref(place->name);
    place->text = text;
    place->name = name;
    return name;
}

trv_object *trv__name_of(trv_object *str)
{
    trv_auto trv_object *exact = NULL;

    if (LIKELY(str->type == &trv__str_type))
        return trv_intern(str);
    if (!trv__type_derives(str->type, &trv__str_type))
        return trv_raise(trv_TypeError, "attribute name must be string, not '%s'", str->type->name);
    exact = trv_str_new(trv_str_utf8(str, NULL));
    return exact ? trv_intern(exact) : NULL;
}

/* Namespaces of static types ------------------------------------------------------------------ */

static struct trv__static_dict *place_in(struct trv__static_dict *dicts, size_t capacity,
                                         const struct trv_type *type)
{
    size_t mask = capacity - 1, i = trv__hash_mix((uintptr_t)type) & mask;

    while (dicts[i].type && dicts[i].type != type)
        i = (i + 1) & mask;
    return &dicts[i];
}

static struct trv__static_dict *dict_place(const struct trv__lookups *lookup,
                                           const struct trv_type *type)
{
    return place_in(lookup->dicts, lookup->dict_capacity, type);
}

static int grow_dicts(struct trv__lookups *lookup)
{
    size_t capacity = MAX_OF(2 * lookup->dict_capacity, 64);
    struct trv__static_dict *dicts = trv__allocate_zeroed(capacity * sizeof *dicts);

    if (!dicts)
        return -1;
    for (size_t i = 0; i < lookup->dict_capacity; i++)
        if (lookup->dicts[i].type)
            *place_in(dicts, capacity, lookup->dicts[i].type) = lookup->dicts[i];
    trv__free(lookup->dicts, lookup->dict_capacity * sizeof *lookup->dicts);
    lookup->dicts = dicts;
    lookup->dict_capacity = capacity;
    return 0;
}

/* The slots that a static type fills itself. */
static trv_slots own_slots(const struct trv_type *type)
{
    trv_slots slots = type->slots;
    const void *const *inherited = (const void *const *)(const void *)&type->base->slots;
    const void **own = (const void **)(void *)&slots;

    for (size_t i = 0; i < sizeof slots / sizeof *own; i++)
        if (own[i] == inherited[i])
            own[i] = NULL;
    return slots;
}

static int fill_static_dict(const struct trv_type *type, trv_object *dict)
{
    trv_auto trv_object *doc = type->doc ? trv_str_new(type->doc) : trv_none_new();

    if (!doc || trv_dict_set_str(dict, "__doc__", doc) < 0)
        return -1;
    if (type->base) {
        trv_slots slots = own_slots(type);
        if (trv__slots_show(type, &slots, dict) < 0)
            return -1;
    }
    return trv__descriptors_enter(type, dict);
}

static trv_object *static_dict(const struct trv_type *type)
{
    struct trv__lookups *lookup = &trv__current->objects->lookup;
    struct trv__static_dict *place;
    trv_auto trv_object *dict = NULL;

    if (lookup->dict_capacity && (place = dict_place(lookup, type))->type)
        return place->dict;
    if (2 * (lookup->dict_count + 1) > lookup->dict_capacity && grow_dicts(lookup) < 0)
        return NULL;
    if (!(dict = trv_dict_new()) || fill_static_dict(type, dict) < 0)
        return NULL;
    dict->flags |= TRV__PRIVATE;
    place = dict_place(lookup, type);
    if (!place->type) {
        lookup->dict_count++;
        *place = (struct trv__static_dict){type, trv_steal(&dict)};
    }
    return place->dict;
}

trv_object *trv__type_dict(const struct trv_type *type)
{
    if (!trv__is_heap_type(type))
        return static_dict(type);
    if (!trv__heap_type_of(type)->dict)
        trv_raise(trv_RuntimeError, "type '%s' has been cleared", type->name);
    return trv__heap_type_of(type)->dict;
}

/* Lookups ------------------------------------------------------------------------------------- */

int trv__type_find_from(const struct trv_type *type, size_t first, trv_object *name,
                        trv_object **found, const struct trv_type **owner)
{
    const struct trv_type *at;

    *found = NULL;
    for (size_t i = first; (at = trv__mro_at(type, i)) != NULL; i++) {
        trv_object *dict;
        if (trv__is_heap_type(at) && !trv__heap_type_of(at)->dict)
            continue; /* the collector is about to end it */
        if (!(dict = trv__type_dict(at)))
            return -1;
        if ((*found = trv__dict_find_name(dict, name))) {
            if (owner)
                *owner = at;
            return 1;
        }
    }
    return 0;
}

static enum trv__meaning meaning_of(const trv_object *found)
{
    if (!found)
        return TRV__MEANS_NOTHING;
    if (found->type->slots.set)
        return TRV__MEANS_DATA;
    return found->type->slots.get ? TRV__MEANS_METHOD : TRV__MEANS_VALUE;
}

__attribute__((noinline)) struct trv__cached *trv__lookup_slowly(const struct trv_type *type,
                                                                 trv_object *name)
{
    uint64_t key = trv__cache_key(type);
    struct trv__cached *place = trv__cache_place(trv__current->objects, key, name);
    struct trv__cached made = {.key = key, .index = TRV__NO_INDEX};
    const struct trv_type *owner = NULL;
    trv_object *before;

    if (trv__type_find_from(type, 0, name, &made.found, &owner) < 0)
        return NULL;
    made.name = trv_ref(name);
    made.meaning = meaning_of(made.found);
    made.is_own = type->attributes_offset && type->attributes_offset != TRV__OFFSET_AT_END &&
                  made.meaning != TRV__MEANS_DATA && !type->get_attribute && !type->slots.getattr;
    made.from_class = owner && trv__is_heap_type(owner);
    before = place->name;
    *place = made;
    trv_unref(before);
    return place;
}

int trv__type_find(const struct trv_type *type, trv_object *name, trv_object **found)
{
    const struct trv__cached *place = trv__lookup(type, name);

    *found = place ? place->found : NULL;
    return place ? *found != NULL : -1;
}

uint64_t trv__new_version(void)
{
    /* Odd: no address of a static type. */
    return 2 * ++trv__current->objects->lookup.versions + 1;
}

/* Life ------------------------------------------------------------------------------------------ */

void trv__lookup_forget(struct trv__objects *objects)
{
    struct trv__lookups *lookup = &objects->lookup;

    for (size_t i = 0; i < TRV__CACHE_PLACES; i++) {
        lookup->cache[i].key = 0;
        trv_clear(&lookup->cache[i].name);
    }
    for (size_t i = 0; i < TRV__NAME_PLACES; i++) {
        lookup->names[i].text = NULL;
        trv_clear(&lookup->names[i].name);
    }
    while (lookup->dict_capacity) {
        struct trv__static_dict *dicts = lookup->dicts;
        size_t capacity = lookup->dict_capacity;
        lookup->dicts = NULL;
        lookup->dict_capacity = lookup->dict_count = 0;
        for (size_t i = 0; i < capacity; i++)
            trv_unref(dicts[i].dict);
        trv__free(dicts, capacity * sizeof *dicts);
    }
}

void trv__drop_caches(void)
{
    trv__lookup_forget(trv__current->objects);
}
