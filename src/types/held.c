/* SPDX-License-Identifier: MIT */
/*
 * What callables that hold the arguments of a call have in common; see held.h.
 */
#include "types/held.h"

#include "types/builder.h"

int trv__held_traverse(trv_object *self, trv_visit visit, void *argument)
{
    trv_object *const parts[] = {trv__as_held(self)->function, trv__as_held(self)->items,
                                 trv__as_held(self)->keywords, trv__as_held(self)->dict};
    int stop = 0;

    for (size_t i = 0; i < COUNT_OF(parts) && !stop; i++)
        stop = parts[i] ? visit(parts[i], argument) : 0;
    return stop;
}

void trv__held_clear(trv_object *self)
{
    trv_clear(&trv__as_held(self)->function);
    trv_clear(&trv__as_held(self)->items);
    trv_clear(&trv__as_held(self)->keywords);
    trv_clear(&trv__as_held(self)->dict);
}

trv_object *trv__held_new(const struct trv_type *type, trv_object *function, trv_object *items,
                          trv_object *keywords)
{
    struct trv__held *held = items ? trv__instance_new(type, type->instance_bytes) : NULL;

    if (!held)
        return NULL;
    held->function = trv_ref(function);
    held->items = trv_ref(items);
    held->keywords = trv_ref(keywords);
    trv__track(held);
    return (trv_object *)held;
}

/* ", repr" of each item, ", name=repr" of each keyword; the first separator is left out. What is held may be exchanged
 * meanwhile, so here each part has a reference of its own. */
static int add_arguments(struct trv__builder *b, trv_object *tuple, trv_object *keywords,
                         const char *separator)
{
    trv_object *key, *value, *const *items;
    size_t count, position = 0;
    int status = 0;

    items = trv__tuple_items(tuple, &count);
    for (size_t i = 0; i < count; i++, separator = ", ")
        if (trv__builder_add_text(b, separator) < 0 || trv__builder_add_repr(b, items[i]) < 0)
            return -1;
    while (keywords && status == 0 && trv_dict_next(keywords, &position, &key, &value) > 0) {
        trv_auto trv_object *name = trv_str(key);
        if (!name || trv__builder_add_text(b, separator) < 0 ||
            trv__builder_add_text(b, trv_str_utf8(name, NULL)) < 0 ||
            trv__builder_add_char(b, '=') < 0 || trv__builder_add_repr(b, value) < 0)
            status = -1;
        separator = ", ";
        trv_unref(key);
        trv_unref(value);
    }
    return status;
}

trv_object *trv__held_repr(trv_object *self, const char *module)
{
    trv_auto trv_object *function = trv_ref(trv__as_held(self)->function);
    trv_auto trv_object *items = trv_ref(trv__as_held(self)->items);
    trv_auto trv_object *keywords = trv_ref(trv__as_held(self)->keywords);
    struct trv__builder b;
    int inside, status;

    if (trv__enter_recursion(" while getting the repr of an object") < 0)
        return NULL;
    inside = trv__repr_enter(self);
    if (inside)
        return inside < 0 ? NULL : trv_str_new("...");
    trv__builder_init(&b);
    status = trv__builder_add_text(&b, module) < 0 ||
             trv__builder_add_text(&b, self->type->name) < 0 ||
             trv__builder_add_char(&b, '(') < 0 ||
             (function && trv__builder_add_repr(&b, function) < 0) ||
             add_arguments(&b, items, keywords, function ? ", " : "") < 0 ||
             trv__builder_add_char(&b, ')') < 0;
    trv__repr_leave(self);
    if (!status)
        return trv__builder_finish(&b);
    trv__builder_drop(&b);
    return NULL;
}

/* The items of a tuple and those of an array, as a tuple. */
trv_object *trv__joined(trv_object *tuple, trv_object *const *items, size_t count)
{
    trv_auto trv_object *list = trv_list_from(tuple);

    for (size_t i = 0; list && i < count; i++)
        if (trv_list_append(list, items[i]) < 0)
            return NULL;
    return list ? trv_tuple_from(list) : NULL;
}

/* A dict of keywords as a call wants it: NULL if there are none. */
trv_object *trv__unless_empty(trv_object *keywords)
{
    return keywords && trv_truth(keywords) > 0 ? keywords : NULL;
}

bool trv__all_given(trv_object *const *objects, size_t count, const char *function)
{
    for (size_t i = 0; i < count; i++)
        if (!trv__given(objects[i], function))
            return false;
    return true;
}

/* Keywords are a dict, or NULL while nothing is pending. */
bool trv__keywords_fit(trv_object *keywords, const char *function)
{
    return keywords ? trv__expect(keywords, &trv__dict_type, function) : !trv_error_occurred();
}
