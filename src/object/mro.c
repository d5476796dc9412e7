/* SPDX-License-Identifier: MIT */
/*
 * The order of lookup of a type with several bases: the C3 linearisation, as Python's.
 *
 * The order is the type itself, then the merge of the orders of its bases and of the list of the bases
 * themselves: again and again the first head that stands in no list's tail is taken. So a type comes
 * before its bases, bases keep the order in which they were given, and if that cannot be had, there
 * is no such type.
 *
 * A metaclass may have an mro() that says another order. What it names beyond the bases is held by links as these
 * are (object/type_make.c), and must be such that the methods found there can rely on the instances' layout.
 */
#include "object/descriptor.h"
#include "object/heap_type.h"
#include "object/lookup.h"

#include <stdio.h>

/* A list that is merged, from `at` on. */
struct line {
    const struct trv_type *type; /* its order of lookup; NULL: the bases themselves */
    size_t at;
};

struct merge {
    struct line *lines;
    size_t line_count;
    trv_object *const *bases;
    size_t base_count;
};

static const struct trv_type *item(const struct merge *merge, const struct line *line, size_t at)
{
    if (line->type)
        return trv__mro_at(line->type, at);
    return at < merge->base_count ? trv__type_of_handle(merge->bases[at]) : NULL;
}

static bool is_in_tail(const struct merge *merge, const struct trv_type *type)
{
    for (size_t i = 0; i < merge->line_count; i++) {
        const struct line *line = &merge->lines[i];
        const struct trv_type *other;
        for (size_t at = line->at + 1; (other = item(merge, line, at)) != NULL; at++)
            if (other == type)
                return true;
    }
    return false;
}

/* The next type of the order; NULL at the end, or if there is none that could be next. */
static const struct trv_type *take_next(struct merge *merge, bool *is_empty)
{
    const struct trv_type *next = NULL;

    *is_empty = true;
    for (size_t i = 0; i < merge->line_count && !next; i++) {
        const struct trv_type *head = item(merge, &merge->lines[i], merge->lines[i].at);
        if (head)
            *is_empty = false;
        if (head && !is_in_tail(merge, head))
            next = head;
    }
    for (size_t i = 0; next && i < merge->line_count; i++)
        if (item(merge, &merge->lines[i], merge->lines[i].at) == next)
            merge->lines[i].at++;
    return next;
}

/* Names the heads that are left. */
static void raise_inconsistent(const struct merge *merge)
{
    char names[512];
    size_t length = 0;

    for (size_t i = 0; i < merge->line_count; i++) {
        const struct trv_type *head = item(merge, &merge->lines[i], merge->lines[i].at);
        bool is_first = head != NULL;
        for (size_t j = 0; j < i && is_first; j++)
            is_first = item(merge, &merge->lines[j], merge->lines[j].at) != head;
        if (is_first && length + strlen(head->name) + 3 < sizeof names) {
            length += (size_t)sprintf(names + length, "%s%s", length ? ", " : "", head->name);
        }
    }
    trv_raise(trv_TypeError,
              "Cannot create a consistent method resolution\norder (MRO) for bases %s", names);
}

static bool has_duplicates(const struct merge *merge)
{
    for (size_t i = 0; i < merge->base_count; i++)
        for (size_t j = i + 1; j < merge->base_count; j++)
            if (merge->bases[i] == merge->bases[j]) {
                trv_raise(trv_TypeError, "duplicate base class %s",
                          trv__type_of_handle(merge->bases[i])->name);
                return true;
            }
    return false;
}

static size_t length_of(const struct trv_type *type)
{
    size_t length = 0;

    while (trv__mro_at(type, length))
        length++;
    return length;
}

/* Merges into `order`, which has room for all. How many there are; 0 with TypeError. */
static size_t run(struct merge *merge, const struct trv_type *self, const struct trv_type **order)
{
    const struct trv_type *next;
    bool is_empty;
    size_t count = 1;

    order[0] = self;
    while ((next = take_next(merge, &is_empty)) != NULL)
        order[count++] = next;
    if (is_empty)
        return count;
    raise_inconsistent(merge);
    return 0;
}

const struct trv_type **trv__mro_make(const struct trv_type *self, trv_object *bases,
                                      uint32_t *count)
{
    struct merge merge = {NULL, 0, NULL, 0};
    const struct trv_type **order, **fitting = NULL;
    size_t most = 1, found = 0;

    merge.bases = trv__tuple_items(bases, &merge.base_count);
    if (has_duplicates(&merge))
        return NULL;
    merge.line_count = merge.base_count + 1;
    if (!(merge.lines = trv__allocate_zeroed(merge.line_count * sizeof *merge.lines)))
        return NULL;
    for (size_t i = 0; i < merge.base_count; i++) {
        merge.lines[i].type = trv__type_of_handle(merge.bases[i]);
        most += length_of(merge.lines[i].type);
    }
    order = trv__allocate(most * sizeof *order);
    if (order)
        found = run(&merge, self, order);
    if (found && (fitting = trv__allocate(found * sizeof *fitting)))
        memcpy(fitting, order, found * sizeof *fitting);
    trv__free(order, most * sizeof *order);
    trv__free(merge.lines, merge.line_count * sizeof *merge.lines);
    *count = (uint32_t)found;
    return fitting;
}

/* What a metaclass says ---------------------------------------------------------------------------- */

/* The method `mro` of a metaclass that overrides type's: 1 with it in *found (borrowed), 0, -1. */
static int own_method(const struct trv__heap_type *heap, trv_object **found)
{
    trv_object *name;
    int there;

    if (heap->type == &trv__type_type)
        return 0;
    if (!(name = trv__name("mro")) || (there = trv__type_find(heap->type, name, found)) < 0)
        return -1;
    return there && !trv__is_native(*found, &trv__type_type);
}

/* Whether instances of `heap` have all that methods of `type` rely on. */
static bool suits(const struct trv__heap_type *heap, const struct trv_type *type)
{
    uint32_t kind = type->flags >> TRV__TYPE_KIND_SHIFT;

    return trv__is_laid_out_by(&heap->made, type) &&
           (!kind || kind == heap->made.flags >> TRV__TYPE_KIND_SHIFT);
}

static bool has_itself(const struct trv__heap_type *heap, trv_object *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (items[i] == heap->made.handle)
            return true;
    return false;
}

static bool is_order(const struct trv__heap_type *heap, trv_object *order)
{
    trv_object *const *items;
    size_t count;

    items = trv__tuple_items(order, &count);
    for (size_t i = 0; i < count; i++) {
        if (!trv__is_type(items[i]))
            trv_raise(trv_TypeError, "mro() returned a non-class ('%s')", items[i]->type->name);
        else if (!suits(heap, trv__type_of_handle(items[i])))
            trv_raise(trv_TypeError, "mro() returned base with unsuitable layout ('%s')",
                      trv__type_of_handle(items[i])->name);
        else
            continue;
        return false;
    }
    if (!count)
        trv_raise(trv_TypeError, "type MRO must not be empty");
    else if (!has_itself(heap, items, count))
        trv_raise(trv_TypeError, "mro() of '%s' leaves out the class itself", heap->made.name);
    else
        return true;
    return false;
}

const struct trv_type **trv__mro_of(struct trv__heap_type *heap, trv_object **order,
                                    uint32_t *count)
{
    trv_object *found, *const *items;
    trv_auto trv_object *said = NULL;
    const struct trv_type **types;
    int there = own_method(heap, &found);
    size_t length;

    *order = NULL;
    if (there <= 0)
        return there < 0 ? NULL : trv__mro_make(&heap->made, heap->bases, count);
    if (trv__enter_recursion(" in mro()") < 0 ||
        !(said = trv__call_found(found, (trv_object *)heap, NULL, 0, NULL)) ||
        !(*order = trv_tuple_from(said)) || !is_order(heap, *order))
        return NULL;
    items = trv__tuple_items(*order, &length);
    if (!(types = trv__allocate(length * sizeof *types)))
        return NULL;
    for (size_t i = 0; i < length; i++)
        types[i] = trv__type_of_handle(items[i]);
    *count = (uint32_t)length;
    return types;
}
