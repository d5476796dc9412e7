/* SPDX-License-Identifier: MIT */
/*
 * What types defined in C and classes have in common: how they are made, changed, and end.
 *
 * Instances are laid out by one line of types, `base`: each adds its data behind that of the one
 * before. Of several bases the one whose line is longest decides; the lines of the others must be
 * part of it. A type that adds nothing but the word of attributes, or methods, does not count.
 *
 * Slots of types defined in C that are run for each type on the way add up: traverse, clear, destroy,
 * size_bytes, and getattr and setattr, which go on to the next when they do not know a name. They
 * are walked in the order of lookup, types made at run time only; then comes the static base, which
 * speaks for those below it.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

/* Slots that add up -------------------------------------------------------------------------- */

static const trv_slots *given_at(const struct trv_type *type, size_t n)
{
    const struct trv_type *at = trv__mro_at(type, n);

    if (!at)
        return NULL;
    return trv__is_heap_type(at) ? &trv__heap_type_of(at)->given : &trv__object_type.slots;
}

#define EACH_GIVEN(slots, self)                                                                    \
    const trv_slots *slots;                                                                        \
    for (size_t n = 0; (slots = given_at((self)->type, n)) != NULL; n++)

static const trv_slots *native_slots(const trv_object *self)
{
    return &trv__static_base(self->type)->slots;
}

static int traverse_all(trv_object *self, trv_visit visit, void *argument)
{
    const trv_slots *native = native_slots(self);
    int answer = trv__instance_traverse(self, visit, argument);

    EACH_GIVEN(slots, self)
    if (!answer && slots->traverse)
        answer = slots->traverse(self, visit, argument);
    return answer || !native->traverse ? answer : native->traverse(self, visit, argument);
}

static void clear_all(trv_object *self)
{
    EACH_GIVEN(slots, self)
    if (slots->clear)
        slots->clear(self);
    trv__instance_clear(self);
    if (native_slots(self)->clear)
        native_slots(self)->clear(self);
}

static void destroy_all(trv_object *self)
{
    EACH_GIVEN(slots, self)
    if (slots->destroy)
        slots->destroy(self);
    if (native_slots(self)->destroy)
        native_slots(self)->destroy(self);
}

static size_t size_bytes_all(trv_object *self)
{
    size_t size = trv__instance_size_bytes(self);

    EACH_GIVEN(slots, self)
    if (slots->size_bytes)
        size += slots->size_bytes(self);
    return native_slots(self)->size_bytes ? size + native_slots(self)->size_bytes(self) : size;
}

static int getattr_all(trv_object *self, const char *name, trv_object **value)
{
    EACH_GIVEN(slots, self)
    {
        int answer = slots->getattr ? slots->getattr(self, name, value) : 0;
        if (answer == 1 || answer < 0)
            return answer;
    }
    return native_slots(self)->getattr ? native_slots(self)->getattr(self, name, value) : 0;
}

static int setattr_all(trv_object *self, const char *name, trv_object *value)
{
    EACH_GIVEN(slots, self)
    {
        int answer = slots->setattr ? slots->setattr(self, name, value) : 1;
        if (answer <= 0)
            return answer;
    }
    return native_slots(self)->setattr ? native_slots(self)->setattr(self, name, value) : 1;
}

/* The first that fills a slot: a type in the order of lookup, or the static base. NULL: none does. */
static const trv_slots *giver_of(const struct trv_type *type, size_t offset)
{
    const trv_slots *slots;
    size_t n = 0;

    do {
        slots = given_at(type, n++);
        if (!slots)
            slots = &trv__static_base(type)->slots;
        if (*(void *const *)(const void *)((const char *)slots + offset))
            return slots;
    } while (slots != &trv__static_base(type)->slots);
    return NULL;
}

/* The slots that no method's name stands for. */
static void set_other_slots(struct trv_type *type)
{
    static const size_t inherited[] = {offsetof(trv_slots, copy), offsetof(trv_slots, power),
                                       offsetof(trv_slots, acquire_buffer),
                                       offsetof(trv_slots, release_buffer)};
    bool is_container = type->flags & TRV__TYPE_CONTAINER;

#define ADD_UP(slot)                                                                               \
    type->slots.slot = giver_of(type, offsetof(trv_slots, slot)) ? slot##_all : NULL
    ADD_UP(destroy);
    ADD_UP(size_bytes);
    ADD_UP(getattr);
    ADD_UP(setattr);
#undef ADD_UP
    type->slots.traverse = is_container ? traverse_all : NULL;
    type->slots.clear = is_container ? clear_all : NULL;
    if (type->attributes_offset)
        type->slots.size_bytes = size_bytes_all;
    for (size_t i = 0; i < COUNT_OF(inherited); i++) {
        const trv_slots *giver = giver_of(type, inherited[i]);
        void **to = (void **)(void *)((char *)&type->slots + inherited[i]);
        *to = giver ? *(void *const *)(const void *)((const char *)giver + inherited[i]) : NULL;
    }
    /* A built-in type copies what it knows itself; exceptions know of attributes. */
    if (type->slots.copy == trv__static_base(type)->slots.copy &&
        !(type->flags & TRV__TYPE_EXCEPTION))
        type->slots.copy = NULL;
}

/* Layout ------------------------------------------------------------------------------------- */

/* The type on the line of layout that last added something. */
static const struct trv_type *solid_base(const struct trv_type *type)
{
    while (trv__is_heap_type(type) && !trv__heap_type_of(type)->is_solid)
        type = type->base;
    while (!trv__is_heap_type(type) && type->base && !type->block_bytes &&
           type->instance_bytes == type->base->instance_bytes)
        type = type->base;
    return type;
}

/* Whether `base` is on the line of layout that ends in `type`. */
static bool is_laid_out_by(const struct trv_type *type, const struct trv_type *base)
{
    while (type && type != base)
        type = type->base;
    return type != NULL;
}

bool trv__is_laid_out_by(const struct trv_type *type, const struct trv_type *base)
{
    return is_laid_out_by(solid_base(type), solid_base(base));
}

bool trv__may_be_base(const struct trv_type *base)
{
    const struct trv_type *native = trv__static_base(base);

    if (trv__is_heap_type(base) && !base->mro) {
        trv_raise(trv_TypeError, "Cannot extend an incomplete type '%s'", base->name);
        return false;
    }
    if (!(base->flags & TRV__TYPE_FINAL) && trv__type_maker(native) &&
        (!native->block_bytes || native->flags & (TRV__TYPE_VALUE | TRV__TYPE_OF_TYPES)))
        return true;
    trv_raise(trv_TypeError, "type '%s' is not an acceptable base type", base->name);
    return false;
}

static const struct trv_type *raise_conflict(void)
{
    trv_raise(trv_TypeError, "multiple bases have instance lay-out conflict");
    return NULL;
}

const struct trv_type *trv__best_base(trv_object *bases)
{
    const struct trv_type *best = NULL, *best_solid = NULL;
    uint32_t kind = 0; /* of exceptions: what their fields are */
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; i < count; i++) {
        const struct trv_type *base = trv__type_of_handle(items[i]), *solid;
        if (!trv__may_be_base(base))
            return NULL;
        if (kind && base->flags >> TRV__TYPE_KIND_SHIFT &&
            base->flags >> TRV__TYPE_KIND_SHIFT != kind)
            return raise_conflict();
        kind |= base->flags >> TRV__TYPE_KIND_SHIFT;
        solid = solid_base(base);
        if (!best || (solid != best_solid && is_laid_out_by(solid, best_solid))) {
            best = base;
            best_solid = solid;
        } else if (!is_laid_out_by(best_solid, solid)) {
            return raise_conflict();
        }
    }
    return best;
}

/* Whether a base that does not decide the layout gives its instances attributes of their own. */
static bool has_attributes(trv_object *bases)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; i < count; i++)
        if (trv__type_of_handle(items[i])->attributes_offset)
            return true;
    return false;
}

/* What instances have behind the base's: the words of __slots__, the word of attributes, or the
 * data of a type defined in C. */
static void lay_out(struct trv__heap_type *heap, const struct trv__type_plan *plan)
{
    struct trv_type *type = &heap->made;
    const struct trv_type *base = plan->base;
    bool varies = trv__static_base(base)->block_bytes && !(base->flags & TRV__TYPE_OF_TYPES);

    type->instance_bytes = base->instance_bytes;
    type->data_offset = base->data_offset;
    type->attributes_offset = base->attributes_offset;
    heap->is_solid = plan->spec ? plan->spec->data_size > 0 : plan->member_count > 0;
    if (plan->spec) {
        type->data_offset = ROUND_UP(base->instance_bytes, 16);
        type->instance_bytes = ROUND_UP(type->data_offset + plan->spec->data_size, 16);
        if (!plan->spec->data_size)
            type->data_offset = base->data_offset;
    }
    heap->members_offset = (uint32_t)ROUND_UP(type->instance_bytes, sizeof(void *));
    heap->member_count = (uint32_t)plan->member_count;
    if (plan->member_count)
        type->instance_bytes = heap->members_offset + plan->member_count * sizeof(void *);
    if (type->attributes_offset || !(plan->has_attributes || has_attributes(plan->bases)))
        return;
    type->instance_bytes = ROUND_UP(type->instance_bytes, sizeof(void *));
    type->attributes_offset = varies ? TRV__OFFSET_AT_END : (uint32_t)type->instance_bytes;
    if (!varies)
        type->instance_bytes += sizeof(void *);
}

/* Making ------------------------------------------------------------------------------------- */

#define INHERITED_FLAGS                                                                            \
    (uint32_t)(TRV__TYPE_NO_WEAKREF | TRV__TYPE_CONTAINER | TRV__TYPE_EXCEPTION |                  \
               TRV__TYPE_OF_TYPES | ~0u << TRV__TYPE_KIND_SHIFT)

static uint32_t flags_of(const struct trv__type_plan *plan)
{
    uint32_t flags = TRV__TYPE_IN_HEAP | (plan->base->flags & INHERITED_FLAGS);
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(plan->bases, &count);
    for (size_t i = 0; i < count; i++)
        flags |= trv__type_of_handle(items[i])->flags &
                 (TRV__TYPE_CONTAINER | ~0u << TRV__TYPE_KIND_SHIFT);
    if (plan->base->flags & TRV__TYPE_OF_TYPES)
        flags |= TRV__TYPE_ATOM;
    if (!plan->spec || plan->spec->slots.traverse)
        flags |= TRV__TYPE_CONTAINER;
    if (!plan->spec)
        flags |= TRV__TYPE_CLASS;
    if (!plan->spec && plan->has_weakrefs)
        flags &= ~(uint32_t)TRV__TYPE_NO_WEAKREF;
    /* Instances of object take weak references here; that is no reason to. */
    if (!plan->spec && !plan->has_weakrefs && plan->base == &trv__object_type)
        flags |= TRV__TYPE_NO_WEAKREF;
    return flags;
}

static void fill(struct trv__heap_type *heap, const struct trv__type_plan *plan)
{
    const struct trv_type *native = trv__static_base(plan->base);

    heap->payload = &heap->made;
    heap->made.handle = (trv_object *)heap;
    heap->made.base = plan->base;
    heap->made.flags = flags_of(plan);
    heap->name = trv_ref(plan->name);
    heap->qualified_name = trv_ref(plan->name);
    heap->made.name = trv_str_utf8(plan->name, NULL);
    heap->bases = trv_ref(plan->bases);
    heap->dict = trv_ref(plan->dict);
    heap->dict->flags |= TRV__PRIVATE; /* lookups remember what it holds */
    heap->has_slots = plan->has_slots;
    lay_out(heap, plan);
    if (native->block_bytes)
        heap->made.block_bytes =
            plan->base->flags & TRV__TYPE_OF_TYPES ? trv__type_block_bytes : trv__class_block_bytes;
    if (plan->spec)
        heap->given = plan->spec->slots;
    heap->spec = (trv_function_spec){
        .size = sizeof heap->spec, .name = heap->made.name, .signature = heap->made.name};
}

/* The first order of lookup. Code of the user may see the type while its mro() runs: what its end and the
 * collector need is there before. 0 or -1. */
static int set_order(struct trv__heap_type *heap)
{
    trv_auto trv_object *order = NULL;
    const struct trv_type **types;
    uint32_t count;

    set_other_slots(&heap->made);
    if (!(types = trv__mro_of(heap, &order, &count)))
        return -1;
    if (order && trv__order_link(heap, order) < 0) {
        trv__free(types, count * sizeof *types);
        return -1;
    }
    heap->made.mro = types;
    heap->made.mro_count = count;
    trv__current->objects->lookup.orders++;
    return 0;
}

struct trv__heap_type *trv__type_begin(const struct trv__type_plan *plan)
{
    struct trv__heap_type *heap =
        trv__container_new(plan->metatype, plan->metatype->instance_bytes);

    if (!heap)
        return NULL;
    trv__list_init(&heap->subclasses);
    trv__list_append(&trv__current->objects->type_list_, &heap->link);
    fill(heap, plan);
    heap->made.version = trv__new_version();
    if (trv__bases_link(heap) == 0 && set_order(heap) == 0)
        return heap;
    if (heap->refcount > 1) /* it was kept by its mro() */
        trv__track(heap);
    trv_unref((trv_object *)heap);
    return NULL;
}

int trv__type_finish(struct trv__heap_type *heap)
{
    set_other_slots(&heap->made);
    if (trv__slots_update(&heap->made, NULL) < 0)
        return -1;
    heap->made.version = trv__new_version();
    trv__track(heap);
    return 0;
}

int trv__type_keep(struct trv__heap_type *heap, trv_object *object)
{
    if (!heap->kept) {
        if (!(heap->kept = trv_list_new()))
            return -1;
        heap->kept->flags |= TRV__PRIVATE;
    }
    return trv_list_append(heap->kept, object);
}

/* Life --------------------------------------------------------------------------------------- */

size_t trv__type_block_bytes(const trv_object *handle)
{
    const struct trv_type *type = trv__type_of_handle(handle);

    return trv__is_heap_type(type) ? sizeof(struct trv__heap_type) : sizeof *type + sizeof *handle;
}

size_t trv__type_size_bytes(trv_object *handle)
{
    const struct trv_type *type = trv__type_of_handle(handle);
    const struct trv__heap_type *heap = trv__heap_type_of(type);

    if (!trv__is_heap_type(type))
        return 0;
    return (heap->link_count + heap->more_count) * sizeof *heap->links +
           heap->keys.capacity * sizeof(void *) + type->mro_count * sizeof *type->mro;
}

int trv__type_traverse(trv_object *handle, trv_visit visit, void *argument)
{
    const struct trv_type *type = trv__type_of_handle(handle);
    struct trv__heap_type *heap = trv__heap_type_of(type);
    int stop = 0;

    if (!trv__is_heap_type(type))
        return 0;
    for (uint32_t i = 0; i < heap->link_count && !stop; i++)
        stop = visit(heap->links[i].base, argument);
    for (uint32_t i = 0; i < heap->more_count && !stop; i++)
        stop = visit(heap->more[i].base, argument);
    if (heap->bases && !stop)
        stop = visit(heap->bases, argument);
    if (heap->dict && !stop)
        stop = visit(heap->dict, argument);
    return stop || !heap->kept ? stop : visit(heap->kept, argument);
}

/* Instances may outlive this by a moment: what their end needs stays. */
void trv__type_clear(trv_object *handle)
{
    struct trv__heap_type *heap = (struct trv__heap_type *)handle;

    if (!heap->dict)
        return;
    trv__descriptors_part(&heap->made, heap->dict, heap->kept);
    heap->made.version = trv__new_version();
    trv_clear(&heap->dict);
}

void trv__type_destroy(trv_object *handle)
{
    struct trv__heap_type *heap = (struct trv__heap_type *)handle;

    trv__list_remove(&heap->link);
    trv__links_drop(&heap->links, &heap->link_count);
    trv__links_drop(&heap->more, &heap->more_count);
    trv__keys_drop(&heap->keys);
    trv__free((void *)(uintptr_t)heap->made.mro, heap->made.mro_count * sizeof *heap->made.mro);
    trv_clear(&heap->bases);
    trv_clear(&heap->name);
    trv_clear(&heap->qualified_name);
    trv_clear(&heap->kept);
}
