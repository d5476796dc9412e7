/* SPDX-License-Identifier: MIT */
/*
 * trv_type_new: types defined in C at run time.
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
 * A built-in type can be a base if it can make instances of a derived type (`construct`).
 */
#include "object/descriptor.h"
#include "object/heap_type.h"

/* The tuple of bases that a spec says; NULL with an exception. */
static trv_object *bases_of(const trv_type_spec *spec)
{
    trv_object *base = spec->base ? spec->base : trv_object_type;
    trv_object *const *items = &base;
    size_t count = 1;

    if (spec->bases && !trv__expect(spec->bases, &trv__tuple_type, "trv_type_new"))
        return NULL;
    if (spec->bases)
        items = trv__tuple_items(spec->bases, &count);
    for (size_t i = 0; i < count; i++)
        if (!trv__is_type(items[i]))
            return trv_raise(trv_TypeError, "type '%s': the base is no type but a '%s' object",
                             spec->name, items[i]->type->name);
    return count ? trv_tuple_new(items, count) : trv_tuple_new(&base, 1);
}

/* Whether what the slots say fits together and to the base. */
static bool slots_fit(const trv_type_spec *spec, const struct trv_type *base)
{
    if (spec->slots.traverse && !spec->slots.clear) {
        trv_raise(trv_TypeError, "type '%s' has traverse but no clear", spec->name);
        return false;
    }
    if (spec->slots.traverse && !(base->flags & TRV__TYPE_CONTAINER) &&
        trv__static_base(base) != &trv__object_type) {
        trv_raise(trv_TypeError,
                  "type '%s' has traverse, but instances of its base '%s' hold no references",
                  spec->name, base->name);
        return false;
    }
    if (spec->data_size && trv__static_base(base)->block_bytes) {
        trv_raise(trv_TypeError, "type '%s' is not an acceptable base type", base->name);
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
    if (!spec->base && !spec->bases && trv_error_occurred())
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

/* The namespace: what the dict says, and methods for what is written in C. 0 or -1. */
static int fill_dict(struct trv__heap_type *heap, const trv_type_spec *spec)
{
    trv_auto trv_object *doc = spec->doc ? trv_str_new(spec->doc) : trv_none_new();

    if (!doc || trv_dict_set(heap->dict, trv__dunder(TRV__NAME_doc), doc) < 0 ||
        trv__slots_show(&heap->made, &heap->given, heap->dict) < 0 ||
        trv__methods_enter(&heap->made, spec->methods, heap->dict) < 0)
        return -1;
    heap->made.doc = spec->doc ? trv_str_utf8(doc, NULL) : NULL;
    return spec->dict ? trv__names_update(heap->dict, spec->dict) : 0;
}

/* Keeps the text of the doc, and makes it the signature of calls if it begins like one. */
static int keep_doc(struct trv__heap_type *heap)
{
    size_t length = strlen(heap->made.name);
    trv_auto trv_object *doc = NULL;

    if (!heap->made.doc)
        return 0;
    if (trv_dict_get(heap->dict, trv__dunder(TRV__NAME_doc), &doc) < 0 ||
        trv__type_keep(heap, doc) < 0)
        return -1;
    if (strncmp(heap->made.doc, heap->made.name, length) == 0 && heap->made.doc[length] == '(')
        heap->spec.signature = heap->made.doc;
    return 0;
}

static trv_object *make(const trv_type_spec *spec, struct trv__type_plan *plan)
{
    struct trv__heap_type *heap;

    plan->spec = spec;
    plan->metatype = trv__common_metatype(&trv__type_type, plan->bases);
    plan->base = plan->metatype ? trv__best_base(plan->bases) : NULL;
    if (!plan->base || !slots_fit(spec, plan->base) || !(plan->name = trv_str_new(spec->name)) ||
        !(plan->dict = trv_dict_new()) || !(heap = trv__type_begin(plan)))
        return NULL;
    if (fill_dict(heap, spec) == 0 && keep_doc(heap) == 0 && trv__type_finish(heap) == 0 &&
        trv__names_tell(heap) == 0)
        return (trv_object *)heap;
    trv_unref((trv_object *)heap);
    return NULL;
}

trv_object *trv_type_new(const trv_type_spec *given)
{
    struct trv__type_plan plan = {.bases = NULL};
    trv_object *type;
    trv_type_spec spec;

    if (!spec_is_good(given, &spec) || !(plan.bases = bases_of(&spec)))
        return NULL;
    type = make(&spec, &plan);
    trv_unref(plan.bases);
    trv_unref(plan.name);
    trv_unref(plan.dict);
    return type;
}

void *trv_data(trv_object *object, trv_object *type)
{
    const struct trv_type *wanted;

    if (!trv__given(object, "trv_data") || !trv__given(type, "trv_data"))
        return NULL;
    if (UNLIKELY(!trv__is_type(type)))
        return trv_raise(trv_TypeError, "trv_data needs a type, not %s", type->type->name);
    wanted = trv__type_of_handle(type);
    if (UNLIKELY((wanted->flags & (TRV__TYPE_IN_HEAP | TRV__TYPE_CLASS)) != TRV__TYPE_IN_HEAP))
        return trv_raise(trv_TypeError, "type '%s' was not made with trv_type_new", wanted->name);
    if (UNLIKELY(object->type != wanted && !trv__type_derives(object->type, wanted))) {
        trv__raise_wrong_type(object, wanted, "trv_data");
        return NULL;
    }
    return (char *)object + wanted->data_offset;
}
