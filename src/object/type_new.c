/* SPDX-License-Identifier: MIT */
/*
 * trv_type_new: types defined in C at run time, and their instances.
 *
 * An instance is the base's instance followed by the type's own data, aligned to 16 bytes. Slots
 * that are not given are the base's, with these rules:
 *   - traverse, clear, destroy and size_bytes add up: those of all types on the way to object that
 *     gave one are run, the derived ones first, each for its own data;
 *   - getattr and setattr go on to the base's when they do not know a name;
 *   - a type that gives compare but no hash has no hash;
 *   - all others replace the base's.
 * A type with traverse makes containers, which the collector watches; others are plain objects.
 *
 * A built-in type can be a base if it can make instances of a derived type (`construct`) and all
 * its instances have one size.
 */
#include "object/heap_type.h"

/* Slots that add up -------------------------------------------------------------------------- */

/* Each walk visits the given slots of types made at run time, then the first static type's, which
 * speaks for those below it. */
#define WALK_SLOTS(step, self)                                                                     \
    for (const struct trv_type *step = (self)->type; step;                                         \
         step = step->flags & TRV__TYPE_IN_HEAP ? step->base : NULL)

static const trv_slots *slots_at(const struct trv_type *type)
{
    return type->flags & TRV__TYPE_IN_HEAP ? &trv__heap_type_of(type)->given : &type->slots;
}

static int traverse_all(trv_object *self, trv_visit visit, void *argument)
{
    WALK_SLOTS(type, self) {
        const trv_slots *slots = slots_at(type);
        int answer = slots->traverse ? slots->traverse(self, visit, argument) : 0;
        if (answer)
            return answer;
    }
    return 0;
}

static void clear_all(trv_object *self)
{
    WALK_SLOTS(type, self)
        if (slots_at(type)->clear)
            slots_at(type)->clear(self);
}

static void destroy_all(trv_object *self)
{
    WALK_SLOTS(type, self)
        if (slots_at(type)->destroy)
            slots_at(type)->destroy(self);
}

static size_t size_bytes_all(trv_object *self)
{
    size_t size = 0;

    WALK_SLOTS(type, self)
        if (slots_at(type)->size_bytes)
            size += slots_at(type)->size_bytes(self);
    return size;
}

static int getattr_all(trv_object *self, const char *name, trv_object **value)
{
    WALK_SLOTS(type, self) {
        const trv_slots *slots = slots_at(type);
        int answer = slots->getattr ? slots->getattr(self, name, value) : 0;
        if (answer == 1 || answer < 0)
            return answer;
    }
    return 0;
}

static int setattr_all(trv_object *self, const char *name, trv_object *value)
{
    WALK_SLOTS(type, self) {
        const trv_slots *slots = slots_at(type);
        int answer = slots->setattr ? slots->setattr(self, name, value) : 1;
        if (answer <= 0)
            return answer;
    }
    return 1;
}

/* Inheritance -------------------------------------------------------------------------------- */

#define INHERITED_FLAGS                                                                            \
    (uint32_t)(TRV__TYPE_NO_WEAKREF | TRV__TYPE_CONTAINER | TRV__TYPE_EXCEPTION |                  \
               ~0u << TRV__TYPE_KIND_SHIFT)

static void inherit(trv_slots *slots, const trv_slots *base)
{
#define INHERIT(slot)                                                                              \
    if (!slots->slot)                                                                              \
        slots->slot = base->slot;
#define ADD_UP(slot)                                                                               \
    if (slots->slot && base->slot)                                                                 \
        slots->slot = slot##_all;                                                                  \
    else if (!slots->slot)                                                                         \
        slots->slot = base->slot;
    ADD_UP(traverse)
    ADD_UP(clear)
    ADD_UP(destroy)
    ADD_UP(size_bytes)
    ADD_UP(getattr)
    ADD_UP(setattr)
    if (!slots->compare)
        INHERIT(hash)
    INHERIT(compare)
    INHERIT(finalize)
    INHERIT(copy)
    INHERIT(init)
    INHERIT(repr)
    INHERIT(str)
    INHERIT(truth)
    INHERIT(call)
    INHERIT(iter)
    INHERIT(next)
    INHERIT(length)
    INHERIT(getitem)
    INHERIT(setitem)
    INHERIT(contains)
    INHERIT(binary)
    INHERIT(unary)
    INHERIT(binary_in_place)
    INHERIT(power)
    INHERIT(enter)
    INHERIT(exit)
    INHERIT(acquire_buffer)
    INHERIT(release_buffer)
#undef INHERIT
#undef ADD_UP
}

/* Making a type ------------------------------------------------------------------------------ */

static const struct trv_type *checked_base(const trv_type_spec *spec)
{
    const struct trv_type *base;

    if (!spec->base)
        return &trv__object_type;
    if (!trv__is_type(spec->base)) {
        trv_raise(trv_TypeError, "type '%s': the base is no type but a '%s' object", spec->name,
                  spec->base->type->name);
        return NULL;
    }
    base = trv__type_of_handle(spec->base);
    if (base->flags & TRV__TYPE_FINAL || base->block_bytes || !trv__type_maker(base)) {
        trv_raise(trv_TypeError, "type '%s' is not an acceptable base type", base->name);
        return NULL;
    }
    return base;
}

/* Whether what the slots say fits together and to the base. */
static bool slots_fit(const trv_type_spec *spec, const struct trv_type *base)
{
    if (spec->slots.traverse && !spec->slots.clear) {
        trv_raise(trv_TypeError, "type '%s' has traverse but no clear", spec->name);
        return false;
    }
    if (spec->slots.traverse && !(base->flags & TRV__TYPE_CONTAINER) &&
        trv__type_maker(base)->construct != trv__instance_construct) {
        trv_raise(trv_TypeError,
                  "type '%s' has traverse, but instances of its base '%s' hold no references",
                  spec->name, base->name);
        return false;
    }
    return true;
}

static bool spec_is_good(const trv_type_spec *given, trv_type_spec *spec)
{
    if (!given || given->size < offsetof(trv_type_spec, slots)) {
        trv_raise(trv_TypeError, "trv_type_new needs a spec whose size is sizeof (trv_type_spec)");
        return false;
    }
    memset(spec, 0, sizeof *spec);
    memcpy(spec, given, MIN_OF(given->size, sizeof *spec));
    if (!spec->base && trv_error_occurred())
        return false; /* the call that should have made the base failed */
    if (!spec->name || !*spec->name) {
        trv_raise(trv_TypeError, "a type needs a name");
        return false;
    }
    if (spec->data_size > PTRDIFF_MAX / 2) {
        trv_raise(trv_TypeError, "type '%s' has too much data: %zu bytes", spec->name,
                  spec->data_size);
        return false;
    }
    return true;
}

static void fill(struct trv__heap_type *heap, const trv_type_spec *spec,
                 const struct trv_type *base)
{
    size_t name_bytes = strlen(spec->name) + 1;
    bool has_signature = spec->doc && strncmp(spec->doc, spec->name, name_bytes - 1) == 0 &&
                         spec->doc[name_bytes - 1] == '(';

    heap->payload = &heap->made;
    heap->given = spec->slots;
    memcpy(heap->text, spec->name, name_bytes);
    if (spec->doc)
        strcpy(heap->text + name_bytes, spec->doc);
    heap->made = (struct trv_type){
        .handle = (trv_object *)heap,
        .name = heap->text,
        .doc = spec->doc ? heap->text + name_bytes : NULL,
        .base = base,
        .data_offset = ROUND_UP(base->instance_bytes, 16),
        .flags = TRV__TYPE_IN_HEAP | (base->flags & INHERITED_FLAGS),
        .slots = spec->slots,
        .construct = trv__type_maker(base)->construct,
    };
    heap->made.instance_bytes = ROUND_UP(heap->made.data_offset + spec->data_size, 16);
    inherit(&heap->made.slots, &base->slots);
    if (heap->made.slots.traverse)
        heap->made.flags |= TRV__TYPE_CONTAINER;
    heap->spec = (trv_function_spec){
        .size = sizeof heap->spec,
        .name = heap->text,
        .signature = has_signature ? heap->made.doc : heap->text,
    };
}

trv_object *trv_type_new(const trv_type_spec *given)
{
    const struct trv_type *base;
    struct trv__heap_type *heap;
    trv_type_spec spec;
    size_t text_bytes;

    if (!spec_is_good(given, &spec) || !(base = checked_base(&spec)) || !slots_fit(&spec, base))
        return NULL;
    text_bytes = strlen(spec.name) + 1 + (spec.doc ? strlen(spec.doc) + 1 : 0);
    heap = trv__object_new(&trv__type_type, sizeof *heap + text_bytes);
    if (!heap)
        return NULL;
    heap->text_bytes = text_bytes;
    fill(heap, &spec, base);
    trv_ref(base->handle);
    trv__list_append(&trv__current->objects->type_list_, &heap->link);
    return (trv_object *)heap;
}

size_t trv__heap_type_bytes(const trv_object *handle)
{
    const struct trv_type *type = trv__type_of_handle(handle);

    if (!(type->flags & TRV__TYPE_IN_HEAP))
        return sizeof *type + sizeof *handle;
    return sizeof(struct trv__heap_type) + trv__heap_type_of(type)->text_bytes;
}

void trv__heap_type_clear(trv_object *handle)
{
    struct trv__heap_type *heap = (struct trv__heap_type *)handle;
    const struct trv_type *base = heap->made.base;

    heap->made.base = NULL;
    trv_unref(base->handle);
}

void trv__heap_type_destroy(trv_object *handle)
{
    trv__list_remove(&((struct trv__heap_type *)handle)->link);
}

/* Instances ---------------------------------------------------------------------------------- */

trv_object *trv__instance_construct(const struct trv_type *type, const trv_args *args)
{
    bool is_container = type->flags & TRV__TYPE_CONTAINER;
    trv_object *object;

    if ((args->count || args->keywords) && !type->slots.init)
        return trv_raise(trv_TypeError, "%s() takes no arguments", type->name);
    if (!is_container) {
        if (!(object = trv__object_new(type, type->instance_bytes)))
            return NULL;
        memset((char *)object + offsetof(trv_object, payload), 0,
               type->instance_bytes - offsetof(trv_object, payload));
        return object;
    }
    object = trv__container_new(type, type->instance_bytes);
    if (object)
        trv__track(object);
    return object;
}

void *trv_data(trv_object *object, trv_object *type)
{
    const struct trv_type *wanted;

    if (!trv__given(object, "trv_data") || !trv__given(type, "trv_data"))
        return NULL;
    if (UNLIKELY(!trv__is_type(type)))
        return trv_raise(trv_TypeError, "trv_data needs a type, not %s", type->type->name);
    wanted = trv__type_of_handle(type);
    if (UNLIKELY(!(wanted->flags & TRV__TYPE_IN_HEAP)))
        return trv_raise(trv_TypeError, "type '%s' was not made with trv_type_new", wanted->name);
    if (UNLIKELY(object->type != wanted && !trv__type_derives(object->type, wanted))) {
        trv__raise_wrong_type(object, wanted, "trv_data");
        return NULL;
    }
    return (char *)object + wanted->data_offset;
}
