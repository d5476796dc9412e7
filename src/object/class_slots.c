/* SPDX-License-Identifier: MIT */
/*
 * __slots__: which words instances of a class have instead of a dict; and private names.
 *
 * The names come from a str or from an iterable of strs. "__dict__" and "__weakref__" among them ask
 * for what a class without __slots__ has anyway. Private names are mangled, as they are in the
 * methods that will use them.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include "trivet/class.h"

trv_object *trv_mangle(const char *class_name, const char *name)
{
    if (!trv__given(class_name, "trv_mangle") || !trv__given(name, "trv_mangle"))
        return NULL;
    class_name += strspn(class_name, "_");
    if (strncmp(name, "__", 2) != 0 || strchr(name, '.') || !*class_name ||
        strcmp(name + strlen(name) - 2, "__") == 0)
        return trv_str_new(name);
    return trv_str_printf("_%s%s", class_name, name);
}

/* ASCII letters, digits and "_", and all that is not ASCII, which Python looks at more closely. */
static bool is_identifier(const char *text)
{
    if (!*text || (*text >= '0' && *text <= '9'))
        return false;
    for (; *text; text++)
        if (!((*text & 0x80) || *text == '_' || (*text >= '0' && *text <= '9') ||
              ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z')))
            return false;
    return true;
}

/* "__dict__" or "__weakref__". 0 or -1. */
static int add_special(bool *has, bool is_there_already, const char *name)
{
    if (*has || is_there_already)
        return trv_raise_int(trv_TypeError, "%s slot disallowed: %s", name,
                             strcmp(name, "__dict__") == 0
                                 ? "we already got one"
                                 : "either we already got one, or __itemsize__ != 0");
    *has = true;
    return 0;
}

static int add(struct trv__slot_names *slots, const struct trv_type *base, trv_object *class_name,
               trv_object *item)
{
    trv_auto trv_object *mangled = NULL;
    trv_auto trv_object *name = NULL;

    if (!trv__type_derives(item->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "__slots__ items must be strings, not '%s'",
                             item->type->name);
    if (!is_identifier(trv_str_utf8(item, NULL)))
        return trv_raise_int(trv_TypeError, "__slots__ must be identifiers");
    mangled = trv_mangle(trv_str_utf8(class_name, NULL), trv_str_utf8(item, NULL));
    name = mangled ? trv_intern(mangled) : NULL;
    if (!name)
        return -1;
    if (name == trv__dunder(TRV__NAME_dict))
        return add_special(&slots->has_dict, base->attributes_offset != 0, "__dict__");
    if (name == trv__dunder(TRV__NAME_weakref))
        return add_special(&slots->has_weakref,
                           base != &trv__object_type && !(base->flags & TRV__TYPE_NO_WEAKREF),
                           "__weakref__");
    if (trv__static_base(base)->block_bytes)
        return trv_raise_int(trv_TypeError, "nonempty __slots__ not supported for subtype of '%s'",
                             base->name);
    slots->count++;
    return trv_list_append(slots->names, name);
}

static int add_all(struct trv__slot_names *slots, const struct trv_type *base,
                   trv_object *class_name, trv_object *iterable)
{
    trv_auto trv_object *iterator = NULL;
    int more;

    if (trv__type_derives(iterable->type, &trv__str_type))
        return add(slots, base, class_name, iterable);
    if (!(iterator = trv_iter(iterable)))
        return -1;
    for (;;) {
        trv_auto trv_object *item = NULL;
        if ((more = trv_next(iterator, &item)) <= 0)
            return more;
        if (add(slots, base, class_name, item) < 0)
            return -1;
    }
}

static int check_conflicts(const struct trv__slot_names *slots, trv_object *dict)
{
    trv_object *const *items;
    size_t count;

    items = trv__list_items(slots->names, &count);
    for (size_t i = 0; i < count; i++) {
        int there = trv_contains(dict, items[i]);
        if (there < 0)
            return -1;
        if (there && items[i] != trv__dunder(TRV__NAME_qualname))
            return trv_raise_int(trv_ValueError, "'%s' in __slots__ conflicts with class variable",
                                 trv_str_utf8(items[i], NULL));
    }
    return 0;
}

int trv__slot_names_get(struct trv__slot_names *slots, const struct trv_type *base,
                        trv_object *class_name, trv_object *dict)
{
    trv_auto trv_object *given = NULL;

    *slots = (struct trv__slot_names){NULL, 0, false, false};
    if (trv_dict_get(dict, trv__dunder(TRV__NAME_slots), &given) < 0)
        return -1;
    if (!given) {
        /* Types and exceptions keep attributes in a way of their own. */
        slots->has_dict = !(base->flags & (TRV__TYPE_OF_TYPES | TRV__TYPE_EXCEPTION));
        slots->has_weakref = true;
        return 0;
    }
    if ((slots->names = trv_list_new()))
        slots->names->flags |= TRV__PRIVATE; /* it has as many as are counted, whatever users do */
    if (slots->names && add_all(slots, base, class_name, given) == 0 &&
        check_conflicts(slots, dict) == 0)
        return 0;
    trv_clear(&slots->names);
    return -1;
}
