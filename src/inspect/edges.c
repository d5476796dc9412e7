/* SPDX-License-Identifier: MIT */
/*
 * Words for references and objects, from what is known of the built-in types' layouts.
 *
 * Only values whose types are exactly the built-in ones are shown by their repr: that runs no code of
 * users, and takes no long. Of a reference in a type that is not known here the place in the object is
 * told, which the one who wrote the type can look up.
 */
#include "inspect/graph.h"
#include "object/closure.h"
#include "object/heap_type.h"
#include "object/lookup.h"
#include "types/dict.h"
#include "types/list.h"
#include "types/set.h"

#include <inttypes.h>
#include <stdio.h>

/* Objects ------------------------------------------------------------------------------------------ */

static bool has_plain_repr(const trv_object *object)
{
    const struct trv_type *type = object->type;

    return type == &trv__none_type || type == &trv__bool_type || type == &trv__int_type ||
           type == &trv__float_type || type == &trv__str_type || type == &trv__bytes_type;
}

static bool is_long(trv_object *object)
{
    return trv_sizeof(object) > 4096;
}

static void copy_repr(trv_object *object, char *text, size_t size)
{
    struct trv__callback state;
    trv_auto trv_object *repr = NULL;
    const char *utf8;

    trv__callback_begin(&state);
    repr = trv_repr(object);
    utf8 = repr ? trv_str_utf8(repr, NULL) : NULL;
    if (!utf8)
        snprintf(text, size, "%s", object->type->name);
    else if (strlen(utf8) < size && strlen(utf8) <= 60)
        snprintf(text, size, "%s", utf8);
    else
        snprintf(text, size, "%.*s...", (int)MIN_OF(size - 4, (size_t)40), utf8);
    trv_error_clear();
    trv__callback_end(&state, "repr", NULL);
}

void trv__short_repr(trv_object *object, char *text, size_t size)
{
    const char *name = object->type->name;

    if (has_plain_repr(object) && !is_long(object))
        copy_repr(object, text, size);
    else if (trv__is_type(object))
        snprintf(text, size, "<class '%s'>", trv__type_of_handle(object)->name);
    else if (trv__is_function(object))
        snprintf(text, size, "<function %s>", trv_function_name(object));
    else if (object->type == &trv__list_type)
        snprintf(text, size, "list of %zu", trv__as_list(object)->count);
    else if (object->type == &trv__dict_type)
        snprintf(text, size, "dict of %" PRIu32, trv__as_dict(object)->table.live);
    else if (object->type == &trv__set_type)
        snprintf(text, size, "set of %" PRIu32, trv__as_set(object)->table.live);
    else if (object->type == &trv__tuple_type) {
        size_t count;
        trv__tuple_items(object, &count);
        snprintf(text, size, "tuple of %zu", count);
    } else {
        snprintf(text, size, "<%s>", name);
    }
}

/* References --------------------------------------------------------------------------------------- */

static void name_entry(const struct trv__table *table, size_t nth, char *text, size_t size)
{
    size_t position = 0, entry, seen = 0;
    char key[64];

    while (trv__table_next(table, &position, &entry)) {
        trv_object **words = trv__table_entry(table, entry);
        if (nth >= seen + table->width) {
            seen += table->width;
            continue;
        }
        trv__short_repr(words[0], key, sizeof key);
        if (nth == seen)
            snprintf(text, size, "key %s", key);
        else
            snprintf(text, size, "[%s]", key);
        return;
    }
}

/* An attribute of an instance, or what a type consists of. */
static void name_in_instance(trv_object *from, const trv_object *to, char *text, size_t size)
{
    const struct trv_type *type = from->type;
    const struct trv__attributes *own = type->attributes_offset ? *trv__attributes_of(from) : NULL;

    if (to == type->handle)
        snprintf(text, size, "type");
    else if (own && own->dict == to)
        snprintf(text, size, "__dict__");
    for (uint32_t i = 0; own && !*text && !own->dict && i < own->count; i++)
        if (own->values[i] == to)
            snprintf(text, size, ".%s", trv_str_utf8(trv__heap_type_of(type)->keys.names[i], NULL));
}

static const char *name_in_type(const trv_object *handle, const trv_object *to)
{
    const struct trv__heap_type *type = (const void *)handle;

    return to == type->dict ? "__dict__" : to == type->bases ? "__bases__" : NULL;
}

/* Where in the object's own block the reference stands. */
static void name_place(const trv_object *from, const trv_object *to, char *text, size_t size)
{
    const struct trv_type *type = from->type;
    const trv_object *const *words = (const void *)from;
    size_t data = type->flags & TRV__TYPE_IN_HEAP ? type->data_offset : 0;

    for (size_t i = 2; i < type->instance_bytes / sizeof *words; i++)
        if (words[i] == to) {
            if (data && i * sizeof *words >= data)
                snprintf(text, size, "data of %s, byte %zu", type->name, i * sizeof *words - data);
            else
                snprintf(text, size, "in %s", type->name);
            return;
        }
    snprintf(text, size, "in %s", type->name);
}

void trv__edge_name(trv_object *from, const trv_object *to, size_t nth, char *text, size_t size)
{
    const char *name = NULL;

    *text = 0;
    if (trv__type_derives(from->type, &trv__list_type) ||
        trv__type_derives(from->type, &trv__tuple_type))
        snprintf(text, size, "[%zu]", nth);
    else if (trv__is_dict(from))
        name_entry(&trv__as_dict(from)->table, nth, text, size);
    else if (trv__is_set(from))
        snprintf(text, size, "item");
    else if (from->type->flags & TRV__TYPE_EXCEPTION)
        name = trv__exception_edge(from, to);
    else if (from->type == &trv__closure_type && to == ((struct trv__closure *)from)->data)
        name = "data";
    else if (trv__type_derives(from->type, &trv__weakref_type))
        name = "__callback__";
    else if (trv__is_type(from) && trv__is_heap_type(trv__type_of_handle(from)))
        name = name_in_type(from, to);
    if (name)
        snprintf(text, size, "%s", name);
    if (!*text && from->type->flags & TRV__TYPE_IN_HEAP)
        name_in_instance(from, to, text, size);
    if (!*text)
        name_place(from, to, text, size);
}
