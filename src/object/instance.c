/* SPDX-License-Identifier: MIT */
/*
 * What instances of classes have of their own: attributes, and the way they are made and end.
 *
 * A class remembers under which names its instances got attributes, and in which order: its *keys*. An
 * instance whose attributes are the first so many of them, as those are that were set by one
 * __init__, only has their values, and a lookup finds one by its number. All others (set in another
 * order, or deleted in the middle, or too many) have a dict of their own; and so has an instance
 * whose __dict__ was asked for, which then is that very dict. So the order of a dict is always the
 * order in which the attributes were set.
 *
 * The word that leads to them stands at a fixed place of the instance, or, where instances vary in
 * size, behind them.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#define KEYS_MOST 32

static size_t attributes_bytes(size_t capacity)
{
    return sizeof(struct trv__attributes) + capacity * sizeof(trv_object *);
}

struct trv__attributes **trv__attributes_at_end(const trv_object *object)
{
    const struct trv_type *native = trv__static_base(object->type);
    size_t bytes = ROUND_UP(native->block_bytes(object), sizeof(void *));

    return (struct trv__attributes **)(void *)((char *)(uintptr_t)object + bytes);
}

size_t trv__class_block_bytes(const trv_object *object)
{
    const struct trv_type *native = trv__static_base(object->type);
    size_t bytes = ROUND_UP(native->block_bytes(object), sizeof(void *));

    return object->type->attributes_offset ? bytes + sizeof(void *) : bytes;
}

/* Keys ------------------------------------------------------------------------------------------ */

static uint32_t find_key(const struct trv__keys *keys, const trv_object *name)
{
    for (uint32_t i = 0; i < keys->count; i++)
        if (keys->names[i] == name)
            return i;
    return TRV__NO_INDEX;
}

static int add_key(struct trv__keys *keys, trv_object *name)
{
    if (keys->count == keys->capacity) {
        uint32_t capacity = keys->capacity ? 2 * keys->capacity : 4;
        trv_object **names =
            trv__reallocate(keys->names, keys->capacity * sizeof *names, capacity * sizeof *names);
        if (!names)
            return -1;
        keys->names = names;
        keys->capacity = capacity;
    }
    keys->names[keys->count++] = trv_ref(name);
    return 0;
}

void trv__keys_drop(struct trv__keys *keys)
{
    for (uint32_t i = 0; i < keys->count; i++)
        trv_unref(keys->names[i]);
    trv__free(keys->names, keys->capacity * sizeof *keys->names);
    *keys = (struct trv__keys){NULL, 0, 0};
}

static struct trv__keys *keys_of(const trv_object *object)
{
    return &trv__heap_type_of(object->type)->keys;
}

/* Attributes -------------------------------------------------------------------------------------- */

static int dict_answer(trv_object *dict, trv_object *name, trv_object **value)
{
    trv_auto trv_object *held = trv_ref(dict); /* a key may be of a class with code of its own */

    return trv_dict_get(held, name, value);
}

int trv__own_get(trv_object *object, trv_object *name, struct trv__cached *place,
                 trv_object **value)
{
    const struct trv__attributes *own = *trv__attributes_of(object);
    uint32_t index;

    *value = NULL;
    if (!own)
        return 0;
    if (own->dict)
        return dict_answer(own->dict, name, value);
    index = find_key(keys_of(object), name);
    if (place)
        place->index = index;
    if (index >= own->count)
        return 0;
    *value = trv_ref(own->values[index]);
    return 1;
}

/* Room for one more value, or for the word's block. */
static struct trv__attributes *make_room(trv_object *object)
{
    struct trv__attributes **word = trv__attributes_of(object), *own = *word;
    uint32_t had = own ? own->capacity : 0, capacity = MAX_OF(keys_of(object)->count, 4);

    if (own && own->count < had)
        return own;
    capacity = MAX_OF(capacity, had + 1);
    own = trv__reallocate(own, own ? attributes_bytes(had) : 0, attributes_bytes(capacity));
    if (!own)
        return NULL;
    if (!*word) {
        own->dict = NULL;
        own->count = 0;
    }
    own->capacity = capacity;
    return *word = own;
}

static void drop_values(struct trv__attributes *own)
{
    trv_object *values[KEYS_MOST];
    uint32_t count = own->count;

    memcpy(values, own->values, count * sizeof *values);
    own->count = 0;
    while (count > 0)
        trv_unref(values[--count]);
}

trv_object *trv__own_copy(trv_object *object)
{
    const struct trv__attributes *own = *trv__attributes_of(object);
    trv_auto trv_object *dict = trv_dict_new();

    if (!dict || (own && own->dict && trv_dict_update(dict, own->dict) < 0))
        return NULL;
    for (uint32_t i = 0; own && i < own->count; i++)
        if (trv_dict_set(dict, keys_of(object)->names[i], own->values[i]) < 0)
            return NULL;
    return trv_steal(&dict);
}

trv_object *trv__own_dict(trv_object *object)
{
    struct trv__attributes *own = *trv__attributes_of(object);
    trv_object *dict;

    if (own && own->dict)
        return own->dict;
    if (!own && !(own = make_room(object)))
        return NULL;
    if (!(dict = trv__own_copy(object)))
        return NULL;
    own->dict = dict;
    drop_values(own); /* the dict has them: none ends */
    return dict;
}

int trv__own_set_dict(trv_object *object, trv_object *dict)
{
    struct trv__attributes *own = *trv__attributes_of(object);
    trv_object *before;

    if (!own && !(own = make_room(object)))
        return -1;
    before = own->dict;
    own->dict = trv_ref(dict);
    drop_values(own);
    trv_unref(before);
    return 0;
}

static int set_in_dict(trv_object *object, trv_object *name, trv_object *value)
{
    trv_auto trv_object *dict = trv_ref(trv__own_dict(object));
    int there;

    if (!dict)
        return -1;
    if (value)
        return trv_dict_set(dict, name, value);
    there = trv_contains(dict, name);
    return there > 0 ? trv_dict_remove(dict, name) : there < 0 ? -1 : 1;
}

static int append_value(trv_object *object, trv_object *value)
{
    struct trv__attributes *own = make_room(object);

    if (!own)
        return -1;
    own->values[own->count++] = trv_ref(value);
    return 0;
}

int trv__own_set(trv_object *object, trv_object *name, trv_object *value)
{
    struct trv__attributes *own = *trv__attributes_of(object);
    struct trv__keys *keys = keys_of(object);
    uint32_t count = own ? own->count : 0, index;

    if (own && own->dict)
        return set_in_dict(object, name, value);
    index = find_key(keys, name);
    if (index < count && (value || index == count - 1)) {
        trv_object *before = own->values[index];
        own->count -= !value;
        own->values[index] = trv_ref(value);
        trv_unref(before);
        return 0;
    }
    if (!value)
        return index < count ? set_in_dict(object, name, NULL) : 1;
    if (index == TRV__NO_INDEX && count == keys->count && count < KEYS_MOST) {
        if (add_key(keys, name) < 0)
            return -1;
        index = count;
    }
    return index == count ? append_value(object, value) : set_in_dict(object, name, value);
}

/* Life -------------------------------------------------------------------------------------------- */

/* The words that types on the way to the static base have for their __slots__. */
static int visit_members(trv_object *self, trv_visit visit, void *argument)
{
    for (const struct trv_type *type = self->type; trv__is_heap_type(type); type = type->base) {
        const struct trv__heap_type *heap = trv__heap_type_of(type);
        trv_object **members = (trv_object **)(void *)((char *)self + heap->members_offset);
        for (uint32_t i = 0; i < heap->member_count; i++) {
            int stop = members[i] ? visit(members[i], argument) : 0;
            if (stop)
                return stop;
        }
    }
    return 0;
}

static int visit_attributes(trv_object *self, trv_visit visit, void *argument)
{
    const struct trv__attributes *own =
        self->type->attributes_offset ? *trv__attributes_of(self) : NULL;
    int stop = 0;

    if (own && own->dict)
        return visit(own->dict, argument);
    for (uint32_t i = 0; own && i < own->count && !stop; i++)
        stop = visit(own->values[i], argument);
    return stop;
}

int trv__instance_traverse(trv_object *self, trv_visit visit, void *argument)
{
    int stop = visit(self->type->handle, argument);

    if (!stop)
        stop = visit_members(self, visit, argument);
    return stop ? stop : visit_attributes(self, visit, argument);
}

static void clear_members(trv_object *self)
{
    for (const struct trv_type *type = self->type; trv__is_heap_type(type); type = type->base) {
        const struct trv__heap_type *heap = trv__heap_type_of(type);
        trv_object **members = (trv_object **)(void *)((char *)self + heap->members_offset);
        for (uint32_t i = 0; i < heap->member_count; i++)
            trv_clear(&members[i]);
    }
}

void trv__instance_clear(trv_object *self)
{
    struct trv__attributes **word, *own;

    clear_members(self);
    if (!self->type->attributes_offset)
        return;
    word = trv__attributes_of(self);
    own = *word;
    if (!own)
        return;
    *word = NULL;
    trv_clear(&own->dict);
    drop_values(own);
    trv__free(own, attributes_bytes(own->capacity));
}

size_t trv__instance_size_bytes(trv_object *self)
{
    const struct trv__attributes *own =
        self->type->attributes_offset ? *trv__attributes_of(self) : NULL;

    return own ? attributes_bytes(own->capacity) : 0;
}

void *trv__instance_new(const struct trv_type *type, size_t bytes)
{
    bool is_container = type->flags & TRV__TYPE_CONTAINER;
    trv_object *object;

    if (type->flags & TRV__TYPE_IN_HEAP)
        bytes = ROUND_UP(bytes, sizeof(void *));
    if (type->attributes_offset == TRV__OFFSET_AT_END)
        bytes += sizeof(void *);
    if (is_container)
        return trv__container_new(type, bytes);
    object = trv__object_new(type, bytes);
    if (object)
        memset((char *)object + offsetof(trv_object, payload), 0,
               bytes - offsetof(trv_object, payload));
    return object;
}

static int hold(trv_object *object, void *argument TRV_UNUSED)
{
    trv_ref(object);
    return 0;
}

trv_object *trv__value_as_take(const struct trv_type *type, trv_object *value)
{
    const struct trv_type *native = trv__static_base(type);
    size_t bytes = native->block_bytes ? native->block_bytes(value) : native->instance_bytes;
    size_t head = offsetof(trv_object, payload);
    trv_object *made = trv__instance_new(type, native->block_bytes ? bytes : type->instance_bytes);

    if (made) {
        memcpy((char *)made + head, (char *)value + head, bytes - head);
        if (native == &trv__int_type)
            made->flags |= value->flags & TRV__TYPE_BIT; /* its layout */
        if (native->slots.traverse)
            native->slots.traverse(made, hold, NULL);
        if (type->flags & TRV__TYPE_CONTAINER)
            trv__track(made);
    }
    trv_unref(value);
    return made;
}

trv_object *trv__value_plain(trv_object *value)
{
    trv_ref(value);
    return LIKELY(!(value->type->flags & TRV__TYPE_IN_HEAP))
               ? value
               : trv__value_as_take(trv__static_base(value->type), value);
}

/* What object.__new__ and object.__init__ say of arguments that nobody takes: one of the two does not
 * mind if only the other is overridden. */
static bool are_taken(const struct trv_type *type, const trv_args *args)
{
    size_t keywords = 0;

    if (args->keywords && trv_dict_len(args->keywords, &keywords) < 0)
        return false;
    if (!args->count && !keywords)
        return true;
    if (trv__is_made_by_method(type))
        trv_raise(trv_TypeError, "object.__new__() takes exactly one argument (the type to "
                                 "instantiate)");
    else if (!type->slots.init)
        trv_raise(trv_TypeError, "%s() takes no arguments", type->name);
    else
        return true;
    return false;
}

trv_object *trv__instance_construct(const struct trv_type *type, const trv_args *args)
{
    trv_object *object;

    if (!are_taken(type, args))
        return NULL;
    if (type->flags & TRV__TYPE_ABSTRACT)
        return trv__raise_abstract(type);
    object = trv__instance_new(type, type->instance_bytes);
    if (object && type->flags & TRV__TYPE_CONTAINER)
        trv__track(object);
    return object;
}
