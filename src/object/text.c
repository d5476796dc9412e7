/* SPDX-License-Identifier: MIT */
/*
 * repr, str and print.
 *
 * A container that holds itself would be printed for ever; so containers enter themselves in a
 * list while their items are printed (trv__repr_enter). The list belongs to the runtime, and its
 * entries name the context: another thread may get its turn in the middle of a repr, and may print
 * the same list. The order of the entries does not matter. So that printing is not quadratic in the depth,
 * a flag in the container says whether it may be in the list at all, except in one that is immortal,
 * which is never written. The list lives in struct trv__objects
 * until it outgrows the room there, and returns there when it is empty.
 */
#include "object/heap_type.h"

#include <stdio.h>

trv_object *trv__repr_default(trv_object *object)
{
    trv_auto trv_object *name = trv__type_full_name(object->type);

    if (!name)
        return NULL;
    return trv_str_printf("<%s object at 0x%zx>", trv_str_utf8(name, NULL),
                          (size_t)(uintptr_t)object);
}

/* Text from a slot, which a user may have written. */
static trv_object *checked_text(trv_object *text, const char *slot)
{
    if (LIKELY(!text || trv__type_derives(text->type, &trv__str_type)))
        return text;
    trv_raise(trv_TypeError, "%s returned non-string (type %s)", slot, text->type->name);
    trv_unref(text);
    return NULL;
}

trv_object *trv_repr(trv_object *object)
{
    if (!trv__given(object, "trv_repr") ||
        trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    if (!object->type->slots.repr)
        return trv__repr_default(object);
    return checked_text(object->type->slots.repr(object), "__repr__");
}

trv_object *trv_str(trv_object *object)
{
    if (!trv__given(object, "trv_str"))
        return NULL;
    if (!object->type->slots.str)
        return trv_repr(object);
    if (trv__enter_recursion(" while getting the str of an object") < 0)
        return NULL;
    return checked_text(object->type->slots.str(object), "__str__");
}

int trv_print(trv_object *object)
{
    trv_auto trv_object *text = trv_str(object);
    const char *utf8;
    size_t size;

    if (!text || !(utf8 = trv_str_utf8(text, &size)))
        return -1;
    if (fwrite(utf8, 1, size, stdout) != size || putchar('\n') == EOF) {
        trv_raise_errno("writing to standard output");
        return -1;
    }
    return 0;
}

static bool grow(struct trv__printing_list *list)
{
    size_t size = list->capacity * sizeof *list->entries;
    struct trv__printing *entries = trv__allocate(2 * size);

    if (!entries)
        return false;
    memcpy(entries, list->entries, size);
    if (list->entries != list->first)
        trv__free(list->entries, size);
    list->entries = entries;
    list->capacity *= 2;
    return true;
}

/* The last entry of an object, of one context or (NULL) of any; the count of entries if there is none. */
static size_t find_entry(const struct trv__printing_list *list, const trv_object *object,
                         const struct trv__context *context)
{
    for (size_t i = list->count; i-- > 0;)
        if (list->entries[i].object == object && (!context || list->entries[i].context == context))
            return i;
    return list->count;
}

int trv__repr_enter(trv_object *object)
{
    struct trv__printing_list *list = &trv__current->objects->printing;
    struct trv__printing entry = {object, trv__current->context, false};
    bool is_immortal = trv__is_immortal(object);

    if ((object->flags & TRV__PRINTED || is_immortal) &&
        find_entry(list, object, entry.context) < list->count)
        return 1;
    if (list->count == list->capacity && !grow(list))
        return -1;
    if (!is_immortal) {
        entry.is_other = (object->flags & TRV__PRINTED) != 0;
        list->others += entry.is_other;
        object->flags |= TRV__PRINTED;
    }
    list->entries[list->count++] = entry;
    return 0;
}

void trv__repr_leave(trv_object *object)
{
    struct trv__printing_list *list = &trv__current->objects->printing;
    size_t i = find_entry(list, object, trv__current->context);
    bool may_be_other = list->others > 0;

    ASSERT(i < list->count);
    list->others -= list->entries[i].is_other;
    list->entries[i] = list->entries[--list->count];
    if (!trv__is_immortal(object) &&
        (!may_be_other || find_entry(list, object, NULL) == list->count))
        object->flags &= ~(uint32_t)TRV__PRINTED;
    if (list->count == 0 && list->entries != list->first) {
        trv__free(list->entries, list->capacity * sizeof *list->entries);
        list->entries = list->first;
        list->capacity = COUNT_OF(list->first);
    }
}
