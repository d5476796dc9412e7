/* SPDX-License-Identifier: MIT */
/*
 * lru_cache: a callable that remembers what another gave.
 *
 * A dict maps the arguments of a call to an entry; the entries stand in a ring in the order in which they were
 * last used, the oldest first. The dict owns them: an entry leaves the ring when it ends. A key is hashed once in
 * a call. Code of a user runs in the hash, in comparisons and in the function itself, and may call the same
 * cache, or clear it: so what is to be remembered is looked up again when the function has returned.
 */
#include "base/list.h"
#include "types/dict.h"

#include "trivet/functools.h"

struct entry {
    TRV__HEAD;
    trv_object *key, *value; /* owned; NULL after clear */
    struct trv__list link;   /* in the ring of its cache */
    uint32_t hash;           /* of the key */
};

struct cache {
    TRV__HEAD;
    trv_object *function, *entries; /* owned; NULL after clear */
    int64_t maxsize;                /* below 0: no limit */
    uint64_t hits, misses;
    struct trv__list ring; /* of entries, the oldest first */
    bool is_typed;
};

static struct cache *as_cache(trv_object *object)
{
    return (struct cache *)object;
}

/* Entries ------------------------------------------------------------------------------------- */

static int entry_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct entry *entry = (struct entry *)self;
    int stop = entry->key ? visit(entry->key, argument) : 0;

    return stop || !entry->value ? stop : visit(entry->value, argument);
}

static void entry_clear(trv_object *self)
{
    trv_clear(&((struct entry *)self)->key);
    trv_clear(&((struct entry *)self)->value);
}

static void entry_destroy(trv_object *self)
{
    trv__list_remove(&((struct entry *)self)->link);
}

static TRV__READ_ONLY trv_object entry_handle[1];
static TRV__READ_ONLY struct trv_type entry_type = {
    .handle = entry_handle,
    .name = "lru_list_elem",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct entry),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = entry_traverse, .clear = entry_clear, .destroy = entry_destroy},
};
static TRV__READ_ONLY trv_object entry_handle[1] = {TRV__TYPE_HANDLE(entry_type)};

static struct trv__table *table_of(const struct cache *cache)
{
    return &trv__as_dict(cache->entries)->table;
}

/* The entry of a key, NULL if there is none: 1, 0, -1. */
static int find(struct cache *cache, trv_object *key, uint32_t hash, struct entry **entry)
{
    struct trv__place place;
    int found = trv__table_find_hashed(table_of(cache), key, hash, &place);

    *entry = found > 0 ? (void *)trv__table_entry(table_of(cache), place.entry)[1] : NULL;
    return found;
}

/* Takes an entry out of the ring, and out of the dict, by which it ends. */
static int forget(struct cache *cache, struct entry *entry)
{
    trv_auto trv_object *key = trv_ref(entry->key);
    trv_auto trv_object *own_key = NULL;
    trv_auto trv_object *own_entry = NULL;
    struct trv__place place;
    int found;

    trv__list_remove(&entry->link);
    found = key ? trv__table_find_hashed(table_of(cache), key, entry->hash, &place) : 0;
    if (found > 0)
        trv__table_take(table_of(cache), place, &own_key, &own_entry);
    return found < 0 ? -1 : 0;
}

static int remember(struct cache *cache, trv_object *key, uint32_t hash, trv_object *value)
{
    trv_auto trv_object *made = NULL;
    struct entry *entry;
    trv_object *old = NULL;
    int is_new;

    if (!(made = trv__container_new(&entry_type, sizeof *entry)))
        return -1;
    entry = (struct entry *)made;
    entry->key = trv_ref(key);
    entry->value = trv_ref(value);
    entry->hash = hash;
    trv__list_append(&cache->ring, &entry->link);
    trv__track(entry);
    is_new = trv__table_set_hashed(table_of(cache), key, hash, made, &old);
    if (is_new >= 0)
        trv__dict_track(trv__as_dict(cache->entries), key, made);
    if (is_new == 0)
        trv_unref(old);
    return is_new < 0 ? -1 : 0;
}

/* Makes room for one more. Each round takes one out of the ring, whatever comparing its key does. */
static int make_room(struct cache *cache)
{
    while (cache->maxsize >= 0 && table_of(cache)->live >= (uint64_t)cache->maxsize &&
           !trv__list_is_empty(&cache->ring)) {
        struct entry *oldest = CONTAINER_OF(cache->ring.next, struct entry, link);
        if (forget(cache, oldest) < 0)
            return -1;
    }
    return 0;
}

/* Calls --------------------------------------------------------------------------------------- */

static int add_type(trv_object *list, trv_object *object)
{
    return trv_list_append(list, object->type->handle);
}

/* What stands for the arguments: the only one itself, if it is an int or a str; else a tuple of them, of a
 * mark and the keywords, and of their types. */
static trv_object *make_key(const struct cache *cache, const trv_args *args)
{
    bool has_keywords = args->keywords && trv_truth(args->keywords) > 0;
    trv_auto trv_object *list = NULL;
    size_t position = 0;
    trv_object *name, *value;
    int status = 0;

    if (!cache->is_typed && !has_keywords && args->count == 1 && args->items[0] &&
        (args->items[0]->type == &trv__int_type || args->items[0]->type == &trv__str_type))
        return trv_ref(args->items[0]);
    list = trv_list_new();
    for (size_t i = 0; list && i < args->count; i++)
        if (trv_list_append(list, args->items[i]) < 0)
            return NULL;
    if (list && has_keywords)
        status = trv_list_append(list, trv_partial_type);
    while (list && has_keywords && status == 0 &&
           trv_dict_next(args->keywords, &position, &name, &value) > 0) {
        if (trv_list_append(list, name) < 0 || trv_list_append(list, value) < 0)
            status = -1;
        trv_unref(name);
        trv_unref(value);
    }
    for (size_t i = 0; list && status == 0 && cache->is_typed && i < args->count; i++)
        status = add_type(list, args->items[i]);
    for (position = 0; list && has_keywords && cache->is_typed && status == 0 &&
                       trv_dict_next(args->keywords, &position, NULL, &value) > 0;) {
        status = add_type(list, value);
        trv_unref(value);
    }
    return list && status == 0 ? trv_tuple_from(list) : NULL;
}

static trv_object *call_function(struct cache *cache, const trv_args *args)
{
    trv_auto trv_object *function = trv_ref(cache->function);

    cache->misses++;
    return trv_call_array(function, args->items, args->count, args->keywords);
}

static trv_object *cache_call(trv_object *self, const trv_args *args)
{
    struct cache *cache = as_cache(self);
    trv_auto trv_object *held = trv_ref(self);
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *value = NULL;
    struct entry *entry;
    int64_t full_hash;
    uint32_t hash;
    int found;

    if (!cache->entries)
        return trv_raise(trv_ReferenceError, "the cache has ended");
    if (cache->maxsize == 0)
        return call_function(cache, args);
    if (!(key = make_key(cache, args)) || trv_hash(key, &full_hash) < 0)
        return NULL;
    hash = trv__table_fold(full_hash);
    if ((found = find(cache, key, hash, &entry)) < 0)
        return NULL;
    if (found) {
        cache->hits++;
        trv__list_remove(&entry->link);
        trv__list_append(&cache->ring, &entry->link);
        return trv_ref(entry->value);
    }
    value = call_function(cache, args);
    if (!value || (found = find(cache, key, hash, &entry)) < 0)
        return NULL;
    if (!found && (make_room(cache) < 0 || remember(cache, key, hash, value) < 0))
        return NULL;
    return trv_steal(&value);
}

/* Slots and methods --------------------------------------------------------------------------- */

static int cache_traverse(trv_object *self, trv_visit visit, void *argument)
{
    struct cache *cache = as_cache(self);
    int stop = cache->function ? visit(cache->function, argument) : 0;

    return stop || !cache->entries ? stop : visit(cache->entries, argument);
}

/* The entries leave the ring one by one as they end; one that outlives the cache is alone in its ring. */
static void cache_clear(trv_object *self)
{
    struct cache *cache = as_cache(self);

    while (trv__list_pop(&cache->ring))
        ;
    trv_clear(&cache->entries);
    trv_clear(&cache->function);
}

static trv_object *cache_repr(trv_object *self)
{
    return trv_str_printf("<functools._lru_cache_wrapper object at 0x%zx>",
                          (size_t)(uintptr_t)self);
}

/* What it has not itself are its function's names and texts. */
static int cache_getattr(trv_object *self, const char *name, trv_object **value)
{
    static const char *const names[] = {"__name__", "__qualname__", "__module__", "__doc__"};

    if (strcmp(name, "__wrapped__") == 0) {
        *value = trv_ref(as_cache(self)->function);
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *value = trv_getattr(as_cache(self)->function, name);
            return *value ? 1 : -1;
        }
    return 0;
}

/* In a class it is a method, as the function it calls would be. */
static trv_object *cache_get(trv_object *self, trv_object *instance, trv_object *type TRV_UNUSED)
{
    return instance ? trv_method_new(self, instance) : trv_ref(self);
}

static trv_object *method_cache_info(const trv_args *args)
{
    const struct cache *cache = as_cache(args->self);
    trv_auto trv_object *maxsize = NULL;

    if (trv_parse(args, "") < 0)
        return NULL;
    maxsize = cache->maxsize < 0 ? trv_none_new() : trv_int_new(cache->maxsize);
    return trv_build("{s:l, s:l, s:o, s:l}", "hits", (int64_t)cache->hits, "misses",
                     (int64_t)cache->misses, "maxsize", maxsize, "currsize",
                     (int64_t)table_of(cache)->live);
}

static trv_object *method_cache_clear(const trv_args *args)
{
    struct cache *cache = as_cache(args->self);

    if (trv_parse(args, "") < 0 || trv_dict_clear(cache->entries) < 0)
        return NULL;
    cache->hits = cache->misses = 0;
    return trv_none_new();
}

static trv_object *method_cache_parameters(const trv_args *args)
{
    const struct cache *cache = as_cache(args->self);
    trv_auto trv_object *maxsize = NULL;

    if (trv_parse(args, "") < 0)
        return NULL;
    maxsize = cache->maxsize < 0 ? trv_none_new() : trv_int_new(cache->maxsize);
    return trv_build("{s:o, s:b}", "maxsize", maxsize, "typed", (int)cache->is_typed);
}

static const struct trv__method methods[] = {
    {"cache_clear", "cache_clear(): forgets all", method_cache_clear},
    {"cache_info", "cache_info(): a dict of hits, misses, maxsize and currsize", method_cache_info},
    {"cache_parameters", "cache_parameters(): a dict of maxsize and typed",
     method_cache_parameters},
    {0},
};

static TRV__READ_ONLY trv_object cache_handle[1];
static TRV__READ_ONLY struct trv_type cache_type = {
    .handle = cache_handle,
    .name = "_lru_cache_wrapper",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct cache),
    .flags = TRV__TYPE_ATOM | TRV__TYPE_CONTAINER | TRV__TYPE_FINAL,
    .slots = {.traverse = cache_traverse,
              .clear = cache_clear,
              .repr = cache_repr,
              .call = cache_call,
              .getattr = cache_getattr,
              .get = cache_get},
    .methods = methods,
};
static TRV__READ_ONLY trv_object cache_handle[1] = {TRV__TYPE_HANDLE(cache_type)};

trv_object *trv_lru_cache_new(trv_object *callable, int64_t maxsize, int typed)
{
    trv_auto trv_object *entries = NULL;
    struct cache *cache;

    if (!trv__given(callable, "trv_lru_cache_new"))
        return NULL;
    if (!trv_callable(callable))
        return trv_raise(trv_TypeError, "the first argument must be callable");
    if (!(entries = trv_dict_new()) || !(cache = trv__container_new(&cache_type, sizeof *cache)))
        return NULL;
    cache->function = trv_ref(callable);
    entries->flags |= TRV__PRIVATE;
    cache->entries = trv_steal(&entries);
    cache->maxsize = maxsize;
    cache->is_typed = typed != 0;
    trv__list_init(&cache->ring);
    trv__track(cache);
    return (trv_object *)cache;
}
