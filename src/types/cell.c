/* SPDX-License-Identifier: MIT */
/*
 * cell: a place for one value, which several closures share, as a variable of an enclosing function.
 *
 * An empty cell has no contents, which is another thing than None. Cells are compared by what is in
 * them, an empty one coming first; so they have no hash.
 */
#include "object/number.h"

#include <string.h>

struct trv__cell {
    TRV__HEAD;
    trv_object *contents; /* owned; NULL when empty */
};

static struct trv__cell *as_cell(trv_object *object)
{
    return (struct trv__cell *)object;
}

static int cell_traverse(trv_object *self, trv_visit visit, void *argument)
{
    return as_cell(self)->contents ? visit(as_cell(self)->contents, argument) : 0;
}

static void cell_clear(trv_object *self)
{
    trv_clear(&as_cell(self)->contents);
}

static trv_object *cell_repr(trv_object *self)
{
    const trv_object *contents = as_cell(self)->contents;

    if (!contents)
        return trv_str_printf("<cell at 0x%zx: empty>", (size_t)(uintptr_t)self);
    return trv_str_printf("<cell at 0x%zx: %s object at 0x%zx>", (size_t)(uintptr_t)self,
                          contents->type->name, (size_t)(uintptr_t)contents);
}

static int cell_compare(trv_object *self, trv_object *other, trv_comparison op)
{
    trv_auto trv_object *mine = trv_ref(as_cell(self)->contents);
    trv_auto trv_object *others = NULL;

    if (other->type != &trv__cell_type)
        return TRV_UNKNOWN;
    others = trv_ref(as_cell(other)->contents);
    if (mine && others)
        return trv_compare(mine, others, op);
    return TRV__COMPARED(mine != NULL, others != NULL, op);
}

static int cell_getattr(trv_object *self, const char *name, trv_object **value)
{
    if (strcmp(name, "cell_contents") != 0)
        return 0;
    *value = trv_cell_get(self);
    return *value ? 1 : -1;
}

static int cell_setattr(trv_object *self, const char *name, trv_object *value)
{
    return strcmp(name, "cell_contents") == 0 ? trv_cell_set(self, value) : 1;
}

static trv_object *cell_construct(const struct trv_type *type TRV_UNUSED, const trv_args *args)
{
    if (args->keywords)
        return trv_raise(trv_TypeError, "cell() takes no keyword arguments");
    if (args->count > 1)
        return trv_raise(trv_TypeError, "cell expected at most 1 argument, got %zu", args->count);
    return trv_cell_new(args->count ? args->items[0] : NULL);
}

TRV__READ_ONLY struct trv_type trv__cell_type = {
    .handle = trv_cell_type,
    .name = "cell",
    .doc = "cell(contents=): a place for a value that closures share",
    .base = &trv__object_type,
    .instance_bytes = sizeof(struct trv__cell),
    .flags = TRV__TYPE_CONTAINER | TRV__TYPE_FINAL | TRV__TYPE_NO_WEAKREF,
    .slots = {.traverse = cell_traverse,
              .clear = cell_clear,
              .repr = cell_repr,
              .compare = cell_compare,
              .getattr = cell_getattr,
              .setattr = cell_setattr},
    .construct = cell_construct,
};

TRV__READ_ONLY trv_object trv_cell_type[1] = {TRV__TYPE_HANDLE(trv__cell_type)};

/* The public interface ------------------------------------------------------------------------ */

trv_object *trv_cell_new(trv_object *contents)
{
    struct trv__cell *cell;

    if (!contents && trv_error_occurred())
        return NULL; /* the call that should have made them failed */
    cell = trv__container_new(&trv__cell_type, sizeof *cell);
    if (!cell)
        return NULL;
    cell->contents = trv_ref(contents);
    trv__track(cell);
    return (trv_object *)cell;
}

trv_object *trv_cell_get(trv_object *cell)
{
    if (!trv__expect(cell, &trv__cell_type, "trv_cell_get"))
        return NULL;
    if (!as_cell(cell)->contents)
        return trv_raise(trv_ValueError, "Cell is empty");
    return trv_ref(as_cell(cell)->contents);
}

int trv_cell_set(trv_object *cell, trv_object *contents)
{
    trv_object *old;

    if (!trv__expect(cell, &trv__cell_type, "trv_cell_set") || (!contents && trv_error_occurred()))
        return -1;
    old = as_cell(cell)->contents;
    as_cell(cell)->contents = trv_ref(contents);
    trv_unref(old);
    return 0;
}
