/* SPDX-License-Identifier: MIT */
/*
 * The registry: see registry.h.
 *
 * An array of entries, found by the address of their object, which each entry holds, and a dict from
 * names to objects. An entry that is forgotten stays as a hole, which is filled again if another object
 * gets the address. All is made when it is first needed, and dropped with the last entry.
 */
#include "pickle/registry.h"

#include "pickle/memo.h"
#include "runtime/runtime.h"

#include "trivet/pickle.h"

struct trv__pickle_registry {
    struct trv__memo places; /* of an object in `entries` */
    struct trv__registered *entries;
    size_t capacity, used; /* used: not forgotten */
    trv_object *objects;   /* by module and name, as one str; owned */
};

/* The registry, made if need be; or NULL with MemoryError. */
static struct trv__pickle_registry *registry_here(void)
{
    struct trv_runtime *runtime = trv__runtime();
    struct trv__pickle_registry *registry = runtime->pickle_registry;

    if (registry)
        return registry;
    registry = trv__allocate_zeroed(sizeof *registry);
    if (!registry)
        return NULL;
    trv__memo_init(&registry->places);
    registry->objects = trv_dict_new();
    if (!registry->objects) {
        trv__free(registry, sizeof *registry);
        return NULL;
    }
    registry->objects->flags |= TRV__PRIVATE; /* looking up a name runs no code of users */
    return runtime->pickle_registry = registry;
}

static void drop_entry(struct trv__registered *entry)
{
    struct trv__registered was = *entry;

    *entry = (struct trv__registered){.reducer = NULL};
    trv_unref(was.reducer);
    trv_unref(was.module);
    trv_unref(was.name);
    trv_unref(was.full_name);
    trv_unref(was.object);
}

void trv__pickle_registry_drop(struct trv_runtime *runtime)
{
    struct trv__pickle_registry *registry = runtime->pickle_registry;

    runtime->pickle_registry = NULL;
    if (!registry)
        return;
    for (uint32_t i = 0; i < registry->places.count; i++)
        drop_entry(&registry->entries[i]);
    trv_unref(registry->objects);
    trv__free(registry->entries, registry->capacity * sizeof *registry->entries);
    trv__memo_fini(&registry->places);
    trv__free(registry, sizeof *registry);
}

const struct trv__registered *trv__registered(const trv_object *object)
{
    struct trv__pickle_registry *registry = trv__runtime()->pickle_registry;
    uint32_t place;

    if (!registry || !trv__memo_find(&registry->places, object, &place) ||
        !registry->entries[place].object)
        return NULL;
    return &registry->entries[place];
}

static trv_object *full_name(const char *module, const char *name)
{
    return trv_str_printf("%s\n%s", module, name);
}

int trv__registered_object(const char *module, const char *name, trv_object **object)
{
    struct trv__pickle_registry *registry = trv__runtime()->pickle_registry;
    trv_auto trv_object *key = NULL;

    if (!registry)
        return 0;
    key = full_name(module, name);
    return key ? trv_dict_get(registry->objects, key, object) : -1;
}

/* The entry of an object, made if need be; or NULL with MemoryError. */
static struct trv__registered *entry_of(struct trv__pickle_registry *registry, trv_object *object)
{
    uint32_t place;

    if (trv__memo_find(&registry->places, object, &place)) {
        registry->used += !registry->entries[place].object;
        if (!registry->entries[place].object)
            registry->entries[place].object = trv_ref(object);
        return &registry->entries[place];
    }
    place = registry->places.count;
    if (place == registry->capacity) {
        size_t capacity = MAX_OF(registry->capacity * 2, (size_t)8);
        void *grown =
            trv__reallocate(registry->entries, registry->capacity * sizeof *registry->entries,
                            capacity * sizeof *registry->entries);
        if (!grown)
            return NULL;
        registry->entries = grown;
        registry->capacity = capacity;
    }
    if (trv__memo_add(&registry->places, object) < 0)
        return NULL;
    registry->entries[place] = (struct trv__registered){.object = trv_ref(object)};
    registry->used++;
    return &registry->entries[place];
}

int trv_pickle_register(trv_object *type, trv_object *reducer, trv_object *constructor)
{
    struct trv__pickle_registry *registry;
    struct trv__registered *entry;
    trv_object *old;

    if (!trv__given(type, "trv_pickle_register") || !trv__given(reducer, "trv_pickle_register") ||
        (!constructor && trv_error_occurred()))
        return -1;
    if (!trv__is_type(type))
        return trv_raise_int(trv_TypeError, "trv_pickle_register needs a type, not %s",
                             trv_type_name(type));
    if (!trv_callable(reducer) || (constructor && !trv_callable(constructor)))
        return trv_raise_int(trv_TypeError, "reduction functions must be callable");
    if (!(registry = registry_here()))
        return -1;
    if (constructor) {
        if (!(entry = entry_of(registry, constructor)))
            return -1;
        entry->may_call = true;
    }
    if (!(entry = entry_of(registry, type)))
        return -1;
    old = entry->reducer;
    entry->reducer = trv_ref(reducer);
    trv_unref(old);
    return 0;
}

/* Takes the name away under which an object is found. */
static int remove_name(struct trv__pickle_registry *registry, const struct trv__registered *entry)
{
    return entry->full_name ? trv_dict_remove(registry->objects, entry->full_name) : 0;
}

static int give_name(struct trv__pickle_registry *registry, trv_object *object, trv_object *key,
                     trv_object *const *names)
{
    struct trv__registered *entry = entry_of(registry, object), was;

    if (!entry || remove_name(registry, entry) < 0)
        return -1;
    was = *entry;
    entry->full_name = NULL;
    if (trv_dict_set(registry->objects, key, object) < 0) {
        trv_unref(was.full_name);
        return -1;
    }
    entry->module = trv_ref(names[0]);
    entry->name = trv_ref(names[1]);
    entry->full_name = trv_ref(key);
    entry->may_call = true;
    trv_unref(was.module);
    trv_unref(was.name);
    trv_unref(was.full_name);
    return 0;
}

int trv_pickle_register_name(trv_object *object, const char *module, const char *name)
{
    trv_auto trv_object *key = NULL, *known = NULL, *names = NULL;
    struct trv__pickle_registry *registry;
    int answer;
    size_t count;

    if (!trv__given(object, "trv_pickle_register_name") ||
        !trv__given(module, "trv_pickle_register_name") ||
        !trv__given(name, "trv_pickle_register_name"))
        return -1;
    if (strchr(module, '\n') || strchr(name, '\n'))
        return trv_raise_int(trv_ValueError, "a name that pickles know is one line");
    key = full_name(module, name);
    names = key ? trv_build("(ss)", module, name) : NULL;
    if (!names || !(registry = registry_here()))
        return -1;
    answer = trv_dict_get(registry->objects, key, &known);
    if (answer < 0)
        return -1;
    if (answer && known != object)
        return trv_raise_int(trv_ValueError, "pickles know another object as %s.%s", module, name);
    return give_name(registry, object, key, trv__tuple_items(names, &count));
}

int trv_pickle_forget(trv_object *object)
{
    struct trv__pickle_registry *registry = trv__runtime()->pickle_registry;
    struct trv__registered *entry;
    uint32_t place;

    if (!trv__given(object, "trv_pickle_forget"))
        return -1;
    if (!trv__registered(object) || !trv__memo_find(&registry->places, object, &place))
        return 0;
    entry = &registry->entries[place];
    if (remove_name(registry, entry) < 0)
        return -1;
    registry->used--;
    if (registry->used == 0)
        trv__pickle_registry_drop(trv__runtime());
    else
        drop_entry(entry);
    return 0;
}
