/* SPDX-License-Identifier: MIT */
/*
 * Classes: types made at run time of a name, bases and a namespace, as Python's class statement does.
 *
 * The order of what happens is Python's: the metaclass is found; __slots__ are read; the namespace is
 * copied and completed (__module__, __doc__, members, __hash__ next to __eq__); the type is made and
 * its slots follow the methods (object/dunder.c); then code of the user runs, __set_name__ of what
 * the namespace holds and __init_subclass__ of the bases.
 *
 * A class that looks up an abstract method makes no instances. In Python that is the business of a
 * metaclass; here it goes for all.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/class.h"
#include "trivet/copy.h"

/* Metaclasses ------------------------------------------------------------------------------------- */

const struct trv_type *trv__common_metatype(const struct trv_type *least, trv_object *bases)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; i < count; i++) {
        const struct trv_type *metatype = items[i]->type;
        if (trv__type_derives(least, metatype))
            continue;
        if (!trv__type_derives(metatype, least)) {
            trv_raise(trv_TypeError,
                      "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                      "subclass of the metaclasses of all its bases");
            return NULL;
        }
        least = metatype;
    }
    return least;
}

/* The namespace ----------------------------------------------------------------------------------- */

int trv__names_update(trv_object *dict, trv_object *from)
{
    size_t position = 0;
    trv_object *key, *value;
    int more, bad = 0;

    while (!bad && (more = trv_dict_next(from, &position, &key, &value)) != 0) {
        trv_auto trv_object *name = NULL;
        if (more < 0)
            return -1;
        name = trv__type_derives(key->type, &trv__str_type) ? trv__name_of(key) : trv_ref(key);
        bad = name ? trv_dict_set(dict, name, value) : -1;
        trv_unref(key);
        trv_unref(value);
    }
    return bad;
}

static int set_default(trv_object *dict, enum trv__dunder_name name, trv_object *value)
{
    int there = trv_contains(dict, trv__dunder(name));

    return there ? MIN_OF(there - 1, 0) : trv_dict_set(dict, trv__dunder(name), value);
}

/* A function under that name becomes what `wrap` makes of it. */
static int wrap_function(trv_object *dict, enum trv__dunder_name name,
                         trv_object *(*wrap)(trv_object *))
{
    trv_auto trv_object *function = NULL;
    trv_auto trv_object *wrapped = NULL;
    int there = trv_dict_get(dict, trv__dunder(name), &function);

    if (there <= 0 || !trv__type_derives(function->type, &trv__closure_type))
        return there < 0 ? -1 : 0;
    wrapped = wrap(function);
    return wrapped ? trv_dict_set(dict, trv__dunder(name), wrapped) : -1;
}

/* Takes __qualname__ out, which is the type's. NULL with an exception. */
static trv_object *take_qualified_name(trv_object *dict, trv_object *name)
{
    trv_object *given = NULL;
    int there = trv_dict_get(dict, trv__dunder(TRV__NAME_qualname), &given);

    if (there <= 0)
        return there < 0 ? NULL : trv_ref(name);
    if (!trv__type_derives(given->type, &trv__str_type)) {
        trv_raise(trv_TypeError, "type __qualname__ must be a str, not %s", given->type->name);
        trv_clear(&given);
    } else if (trv_dict_remove(dict, trv__dunder(TRV__NAME_qualname)) < 0)
        trv_clear(&given);
    return given;
}

/* What the namespace gets before the type is made; */
static int prepare_namespace(trv_object *dict)
{
    trv_auto trv_object *module = trv_str_new("__main__");

    if (!module || set_default(dict, TRV__NAME_module, module) < 0 ||
        wrap_function(dict, TRV__NAME_new, trv_staticmethod_new) < 0 ||
        wrap_function(dict, TRV__NAME_init_subclass, trv_classmethod_new) < 0 ||
        wrap_function(dict, TRV__NAME_class_getitem, trv_classmethod_new) < 0)
        return -1;
    return 0;
}

/* and what it gets in the end. */
static int complete_namespace(trv_object *dict)
{
    int has_equal = trv_contains(dict, trv__dunder(TRV__NAME_eq));

    if (has_equal < 0 || set_default(dict, TRV__NAME_doc, trv_none_new()) < 0)
        return -1;
    return has_equal ? set_default(dict, TRV__NAME_hash, trv_none_new()) : 0;
}

static int add_descriptor(trv_object *dict, trv_object *name, trv_object *made)
{
    trv_auto trv_object *descriptor = made;

    return descriptor ? trv_dict_set(dict, name, descriptor) : -1;
}

/* What instances have: members, and __dict__ and __weakref__ where this class is the first. */
static int add_members(struct trv__heap_type *heap, const struct trv__slot_names *slots)
{
    const struct trv_type *type = &heap->made, *base = type->base;
    trv_object *const *items;
    size_t count = 0;

    items = slots->names ? trv__list_items(slots->names, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        uint32_t offset = heap->members_offset + (uint32_t)(i * sizeof(void *));
        if (add_descriptor(heap->dict, items[i], trv__member_new(type, items[i], offset)) < 0)
            return -1;
    }
    if (type->attributes_offset && !base->attributes_offset &&
        add_descriptor(heap->dict, trv__dunder(TRV__NAME_dict), trv__dict_attribute_new(type)) < 0)
        return -1;
    if (type->flags & TRV__TYPE_NO_WEAKREF ||
        (base != &trv__object_type && !(base->flags & TRV__TYPE_NO_WEAKREF)))
        return 0;
    return add_descriptor(heap->dict, trv__dunder(TRV__NAME_weakref),
                          trv__weakref_attribute_new(type));
}

/* After the class is made --------------------------------------------------------------------------- */

static int tell_name(struct trv__heap_type *heap, trv_object *name, trv_object *value)
{
    trv_object *items[] = {(trv_object *)heap, name}, *found;
    trv_auto trv_object *result = NULL;
    trv_auto trv_object *error = NULL;
    int there = trv__type_find(value->type, trv__dunder(TRV__NAME_set_name), &found);

    if (there <= 0)
        return there;
    result = trv__call_found(found, value, items, 2, NULL);
    if (result)
        return 0;
    error = trv_error_take();
    if (!trv__type_derives(error->type, trv__type_of_handle(trv_Exception))) {
        trv_error_restore(error);
        return -1;
    }
    trv_raise(trv_RuntimeError, "Error calling __set_name__ on '%s' instance '%s' in '%s'",
              value->type->name, trv_str_utf8(name, NULL), heap->made.name);
    {
        trv_auto trv_object *raised = trv_error_take();
        (void)trv_raise_from(raised, error);
    }
    return -1;
}

int trv__names_tell(struct trv__heap_type *heap)
{
    trv_auto trv_object *view = trv_dict_items(heap->dict);
    trv_auto trv_object *items = view ? trv_tuple_from(view) : NULL; /* nobody can change it */
    trv_object *const *pairs;
    size_t count, two;

    if (!items)
        return -1;
    pairs = trv__tuple_items(items, &count);
    for (size_t i = 0; i < count; i++) {
        trv_object *const *pair = trv__tuple_items(pairs[i], &two);
        if (trv__type_derives(pair[0]->type, &trv__str_type) &&
            tell_name(heap, pair[0], pair[1]) < 0)
            return -1;
    }
    return trv__abstract_update(heap);
}

static int tell_bases(struct trv__heap_type *heap, trv_object *keywords)
{
    trv_auto trv_object *above = trv_super_new((trv_object *)heap, (trv_object *)heap);
    trv_auto trv_object *method =
        above ? trv__get(above, trv__dunder(TRV__NAME_init_subclass)) : NULL;
    trv_auto trv_object *result = method ? trv_call_array(method, NULL, 0, keywords) : NULL;

    return result ? 0 : -1;
}

/* Abstract methods ------------------------------------------------------------------------------------ */

/* Whether what a lookup finds is abstract. 1, 0, -1. */
static int is_abstract(trv_object *value)
{
    trv_auto trv_object *flag = NULL;
    int there;

    if (value->type != &trv__property_type && value->type != &trv__classmethod_type &&
        value->type != &trv__staticmethod_type && !trv__is_heap_type(value->type) &&
        value->type != &trv__abstract_type)
        return 0;
    there = trv__get_or_not(value, trv__dunder(TRV__NAME_isabstractmethod), &flag);
    return there <= 0 ? there : trv_truth(flag);
}

/* The abstract methods of a type: names that are abstract where they stand and are what a lookup finds.
 * Adds them to the list, in order, or stops at the first (NULL): 1. 0, -1. */
static int find_abstract(const struct trv_type *type, trv_object *list)
{
    const struct trv_type *at;
    int answer = 0;

    for (size_t n = 0; (at = trv__mro_at(type, n)) != NULL; n++) {
        trv_object *dict = trv__is_heap_type(at) ? trv__heap_type_of(at)->dict : NULL;
        trv_auto trv_object *held = trv_ref(dict); /* finding out may run anything */
        size_t position = 0;
        trv_object *key, *value;
        /* A base without any has no new ones. */
        if (!dict || (at != type && !(at->flags & TRV__TYPE_ABSTRACT)))
            continue;
        while (trv_dict_next(dict, &position, &key, &value) > 0) {
            trv_object *found = NULL;
            answer = key->type == &trv__str_type ? is_abstract(value) : 0;
            if (answer > 0 && trv__type_find_from(type, 0, key, &found, NULL) < 0)
                answer = -1;
            if (answer > 0 && found == value && list)
                answer = trv_list_append(list, key) < 0 ? -1 : 0;
            else if (answer > 0)
                answer = found == value;
            trv_unref(key);
            trv_unref(value);
            if (answer)
                return answer;
        }
    }
    return 0;
}

int trv__abstract_update(struct trv__heap_type *heap)
{
    int answer = find_abstract(&heap->made, NULL);

    if (answer < 0)
        return -1;
    heap->made.flags &= ~(uint32_t)TRV__TYPE_ABSTRACT;
    heap->made.flags |= answer ? TRV__TYPE_ABSTRACT : 0;
    return 0;
}

trv_object *trv__raise_abstract(const struct trv_type *type)
{
    trv_auto trv_object *list = trv_list_new();
    trv_auto trv_object *comma = trv_str_new(", ");
    trv_auto trv_object *names = NULL;
    size_t count = 0;

    if (!list || !comma || find_abstract(type, list) < 0 || trv_list_sort(list, NULL, 0) < 0 ||
        trv_list_len(list, &count) < 0 || !(names = trv_str_join(comma, list)))
        return NULL;
    return trv_raise(trv_TypeError, "Can't instantiate abstract class %s with abstract method%s %s",
                     type->name, count == 1 ? "" : "s", trv_str_utf8(names, NULL));
}

/* Making a class -------------------------------------------------------------------------------------- */

static struct trv__heap_type *make(struct trv__type_plan *plan)
{
    struct trv__slot_names slots;
    struct trv__heap_type *heap;
    trv_auto trv_object *qualified_name = NULL;

    if (trv__slot_names_get(&slots, plan->base, plan->name, plan->dict) < 0)
        return NULL;
    plan->member_count = slots.count;
    plan->has_slots = slots.names != NULL;
    plan->has_attributes = slots.has_dict;
    plan->has_weakrefs = slots.has_weakref;
    if (!(qualified_name = take_qualified_name(plan->dict, plan->name)) ||
        !(heap = trv__type_begin(plan))) {
        trv_unref(slots.names);
        return NULL;
    }
    trv_unref(heap->qualified_name);
    heap->qualified_name = trv_steal(&qualified_name);
    if (add_members(heap, &slots) < 0 || complete_namespace(heap->dict) < 0 ||
        trv__type_finish(heap) < 0)
        trv_clear((trv_object **)&heap);
    trv_unref(slots.names);
    return heap;
}

trv_object *trv__class_make(const struct trv_type *metatype, trv_object *name, trv_object *bases,
                            trv_object *dict, trv_object *keywords)
{
    struct trv__type_plan plan = {.metatype = metatype, .name = name, .bases = bases};
    trv_auto trv_object *own_dict = trv_dict_new();
    struct trv__heap_type *heap;

    if (!own_dict || trv__names_update(own_dict, dict) < 0 || prepare_namespace(own_dict) < 0 ||
        !(plan.base = trv__best_base(bases)))
        return NULL;
    plan.dict = own_dict;
    if (!(heap = make(&plan)))
        return NULL;
    if (trv__names_tell(heap) < 0 || tell_bases(heap, keywords) < 0) {
        trv_unref((trv_object *)heap);
        return NULL;
    }
    return (trv_object *)heap;
}

/* The public interface ---------------------------------------------------------------------------------- */

/* What __mro_entries__ of a base that is no type puts in its place: a tuple. */
static trv_object *entries_of(trv_object *base, trv_object *bases)
{
    trv_auto trv_object *method = NULL;
    trv_object *entries;
    int there = trv__get_or_not(base, trv__dunder(TRV__NAME_mro_entries), &method);

    if (there < 0)
        return NULL;
    if (!there)
        return trv_raise(trv_TypeError, "the bases of a class must be types, not %s",
                         base->type->name);
    entries = trv_call_array(method, &bases, 1, NULL);
    if (!entries || trv__type_derives(entries->type, &trv__tuple_type))
        return entries;
    trv_unref(entries);
    return trv_raise(trv_TypeError, "__mro_entries__ must return a tuple");
}

/* A list of bases as a tuple, if all are types; object if there are none. */
static trv_object *all_types(trv_object *list)
{
    trv_object *object = trv_object_type;
    trv_object *const *items;
    size_t count;

    items = trv__list_items(list, &count);
    for (size_t i = 0; i < count; i++)
        if (!trv__is_type(items[i]))
            return trv_raise(trv_TypeError, "the bases of a class must be types, not %s",
                             items[i]->type->name);
    return count ? trv_tuple_from(list) : trv_tuple_new(&object, 1);
}

/* The same bases, with what stands for those that are no types. */
static trv_object *resolved(trv_object *bases)
{
    trv_auto trv_object *list = trv_list_new();
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(bases, &count);
    for (size_t i = 0; list && i < count; i++) {
        trv_auto trv_object *entries = NULL;
        if (trv__is_type(items[i])) {
            if (trv_list_append(list, items[i]) < 0)
                return NULL;
            continue;
        }
        if (!(entries = entries_of(items[i], bases)) || trv_list_extend(list, entries) < 0)
            return NULL;
    }
    return list ? all_types(list) : NULL;
}

/* The bases as a tuple of types; object if there are none. *original (yours) is set to what was given if
 * that had others. */
static trv_object *bases_from(trv_object *given, trv_object **original)
{
    trv_object *object = trv_object_type;
    trv_object *const *items;
    size_t count, types = 0;

    if (!given)
        return trv_error_occurred() ? NULL : trv_tuple_new(&object, 1);
    if (trv__is_type(given))
        return trv_tuple_new(&given, 1);
    if (!trv__expect(given, &trv__tuple_type, "trv_class_new"))
        return NULL;
    items = trv__tuple_items(given, &count);
    while (types < count && trv__is_type(items[types]))
        types++;
    if (types < count) {
        trv_object *types_only = resolved(given);
        *original = types_only ? trv_ref(given) : NULL;
        return types_only;
    }
    return count ? trv_ref(given) : trv_tuple_new(&object, 1);
}

/* Fills the namespace that the metaclass prepared, whatever that is. */
static int fill_prepared(trv_object *space, trv_object *dict)
{
    size_t position = 0;
    trv_object *key, *value;
    int more, bad = 0;

    while (!bad && (more = trv_dict_next(dict, &position, &key, &value)) != 0) {
        if (more < 0)
            return -1;
        bad = trv_setitem(space, key, value);
        trv_unref(key);
        trv_unref(value);
    }
    return bad;
}

/* The namespace as a class statement would have filled it: `dict` itself, if the metaclass has no
 * __prepare__ of its own. */
static trv_object *prepared(const struct trv_type *metatype, trv_object *name, trv_object *bases,
                            trv_object *dict, trv_object *keywords)
{
    trv_auto trv_object *method = NULL;
    trv_auto trv_object *space = NULL;
    trv_object *items[] = {name, bases}, *found;
    int there = trv__type_find(metatype, trv__dunder(TRV__NAME_prepare), &found);

    if (there < 0)
        return NULL;
    if (!there || trv__is_native(found, &trv__type_type))
        return trv_ref(dict);
    if (!(method = trv__get(metatype->handle, trv__dunder(TRV__NAME_prepare))) ||
        !(space = trv_call_array(method, items, 2, keywords)))
        return NULL;
    if (!space->type->slots.getitem)
        return trv_raise(trv_TypeError, "%s.__prepare__() must return a mapping, not %s",
                         metatype->name, space->type->name);
    return fill_prepared(space, dict) < 0 ? NULL : trv_steal(&space);
}

static trv_object *call_metaclass(const struct trv_type *metatype, trv_object *name,
                                  trv_object *bases, trv_object *dict, trv_object *keywords)
{
    trv_object *items[] = {name, bases, dict};

    if (metatype == &trv__type_type)
        return trv__class_make(metatype, name, bases, dict, keywords);
    return trv_call_array(metatype->handle, items, 3, keywords);
}

trv_object *trv_class_new_with(trv_object *metaclass, const char *name, trv_object *bases,
                               trv_object *dict, trv_object *keywords)
{
    trv_auto trv_object *tuple = NULL;
    trv_auto trv_object *str = NULL;
    trv_auto trv_object *own = NULL;
    trv_auto trv_object *space = NULL;
    trv_auto trv_object *original = NULL;
    const struct trv_type *metatype = &trv__type_type;

    if (!trv__given(name, "trv_class_new"))
        return NULL;
    if (dict ? !trv__expect(dict, &trv__dict_type, "trv_class_new") : trv_error_occurred())
        return NULL;
    if (metaclass && !trv__is_type(metaclass))
        return trv_raise(trv_TypeError, "a metaclass must be a type, not %s",
                         metaclass->type->name);
    if (metaclass) {
        metatype = trv__type_of_handle(metaclass);
        if (!(metatype->flags & TRV__TYPE_OF_TYPES))
            return trv_raise(trv_TypeError, "a metaclass must derive from type, not %s",
                             metatype->name);
    } else if (trv_error_occurred())
        return NULL;
    if (!(tuple = bases_from(bases, &original)) || /* may run code of the user */
        !(metatype = trv__common_metatype(metatype, tuple)) || !(str = trv_str_new(name)) ||
        !(own = !dict      ? trv_dict_new()
                : original ? trv_copy(dict)
                           : trv_ref(dict)) ||
        !(space = prepared(metatype, str, tuple, own, keywords)) ||
        (original && trv_setitem(space, trv__dunder(TRV__NAME_orig_bases), original) < 0))
        return NULL;
    return call_metaclass(metatype, str, tuple, space, keywords);
}

trv_object *trv_class_new(const char *name, trv_object *bases, trv_object *dict)
{
    return trv_class_new_with(trv_type_type, name, bases, dict, NULL);
}
