/* SPDX-License-Identifier: MIT */
/*
 * Memory views of several dimensions, or none: what goes through all items, and items found by a tuple of indices.
 *
 * A view of no dimension has one item, and is walked as one of a single place. Recursion is as deep as there are
 * dimensions, of which there are at most 64.
 */
#include "types/memoryview.h"

#include "object/number.h"
#include "types/arguments.h"
#include "types/slice.h"

typedef struct trv__memoryview view_t;

/* Shapes ------------------------------------------------------------------------------------ */

/* How many loops lead through all items. */
static int levels_of(const view_t *view)
{
    return view->dimensions ? view->dimensions : 1;
}

struct trv__dimension trv__memoryview_dimension(const view_t *view, int which)
{
    return which ? view->inner[which - 1] : (struct trv__dimension){view->count, view->stride};
}

size_t trv__memoryview_items(const view_t *view)
{
    size_t items = 1;

    for (int i = 0; i < levels_of(view); i++)
        items *= trv__memoryview_dimension(view, i).count;
    return items;
}

bool trv__memoryview_is_contiguous(const view_t *view, bool is_fortran)
{
    ptrdiff_t expected = (ptrdiff_t)view->itemsize;

    if (!trv__memoryview_items(view))
        return true;
    for (int i = 0; i < view->dimensions; i++) {
        struct trv__dimension d =
            trv__memoryview_dimension(view, is_fortran ? i : view->dimensions - 1 - i);
        if (d.count > 1 && d.stride != expected)
            return false;
        expected *= (ptrdiff_t)d.count;
    }
    return true;
}

int trv__memoryview_set_inner(view_t *view, int dimensions, const struct trv__dimension *inner)
{
    size_t bytes = dimensions > 1 ? (size_t)(dimensions - 1) * sizeof *inner : 0;
    struct trv__dimension *copy = bytes ? trv__allocate(bytes) : NULL;

    if (bytes && !copy)
        return -1;
    if (bytes)
        memcpy(copy, inner, bytes);
    trv__free(view->inner, trv__memoryview_inner_bytes(view));
    view->inner = copy;
    view->dimensions = dimensions;
    return 0;
}

/* The size of a dimension that a shape names. */
static int get_count(trv_object *object, int64_t *count)
{
    if (!trv__is_int(object))
        return trv_raise_int(trv_TypeError,
                             "memoryview.cast(): elements of shape must be integers");
    if (trv__index_get(object, count) < 0)
        return -1;
    return *count > 0 ? 0
                      : trv_raise_int(trv_ValueError, "memoryview.cast(): elements of shape must "
                                                      "be integers > 0");
}

int trv__memoryview_set_shape(view_t *view, trv_object *shape)
{
    struct trv__dimension dimensions[TRV__DIMENSIONS_MOST] = {{1, 0}};
    trv_auto trv_object *tuple = trv_tuple_from(shape);
    int64_t items = 1, stride = (int64_t)view->itemsize, count;
    size_t places;
    trv_object *const *sizes;

    if (!tuple)
        return -1;
    sizes = trv__tuple_items(tuple, &places);
    for (size_t i = 0; i < places; i++) {
        if (get_count(sizes[i], &count) < 0)
            return -1;
        if (__builtin_mul_overflow(items, count, &items))
            return trv_raise_int(trv_ValueError, "memoryview.cast(): product(shape) > SSIZE_MAX");
        dimensions[i].count = (size_t)count;
    }
    if ((size_t)items != view->count)
        return trv_raise_int(trv_TypeError, "memoryview: product(shape) * itemsize != buffer size");
    for (size_t i = places; i-- > 0; stride *= (int64_t)dimensions[i].count)
        dimensions[i].stride = (ptrdiff_t)stride;
    if (trv__memoryview_set_inner(view, (int)places, dimensions + 1) < 0)
        return -1;
    view->count = dimensions[0].count;
    view->stride = dimensions[0].stride;
    return 0;
}

/* All items --------------------------------------------------------------------------------- */

static char *gather_from(const view_t *view, int level, bool is_fortran, const char *data,
                         char *out)
{
    int last = levels_of(view) - 1;
    struct trv__dimension d = trv__memoryview_dimension(view, is_fortran ? last - level : level);

    for (size_t i = 0; i < d.count; i++, data += d.stride) {
        if (level < last) {
            out = gather_from(view, level + 1, is_fortran, data, out);
        } else {
            memcpy(out, data, view->itemsize);
            out += view->itemsize;
        }
    }
    return out;
}

void trv__memoryview_gather(const view_t *view, char *out, bool is_fortran)
{
    gather_from(view, 0, is_fortran, view->data, out);
}

static trv_object *list_from(const view_t *view, int level, const char *data)
{
    struct trv__dimension d = trv__memoryview_dimension(view, level);
    trv_auto trv_object *list = trv_list_new();

    for (size_t i = 0; list && i < d.count; i++, data += d.stride) {
        trv_auto trv_object *item = level + 1 < view->dimensions
                                        ? list_from(view, level + 1, data)
                                        : trv__item_get(view->format, data);
        if (!item || trv_list_append(list, item) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

trv_object *trv__memoryview_list(const view_t *view)
{
    return view->dimensions ? list_from(view, 0, view->data)
                            : trv__item_get(view->format, view->data);
}

static int equal_from(const view_t *a, const view_t *b, int level, const char *x, const char *y)
{
    struct trv__dimension d = trv__memoryview_dimension(a, level);
    struct trv__dimension e = trv__memoryview_dimension(b, level);
    int equal = 1;

    for (size_t i = 0; i < d.count && equal > 0; i++, x += d.stride, y += e.stride)
        equal = level + 1 < a->dimensions ? equal_from(a, b, level + 1, x, y)
                                          : trv__items_equal(x, a->format, y, b->format);
    return equal;
}

int trv__memoryview_equal(const view_t *a, const view_t *b)
{
    if (a->dimensions != b->dimensions)
        return 0;
    for (int i = 0; i < levels_of(a); i++)
        if (trv__memoryview_dimension(a, i).count != trv__memoryview_dimension(b, i).count)
            return 0;
    return equal_from(a, b, 0, a->data, b->data);
}

/* Keys -------------------------------------------------------------------------------------- */

enum trv__view_key trv__memoryview_key(const trv_object *key)
{
    trv_object *const *items;
    size_t count, indices = 0, slices = 0;

    if (trv__is_slice(key))
        return TRV__KEY_SLICE;
    if (trv__may_index(key))
        return TRV__KEY_INDEX;
    if (!trv__type_derives(key->type, &trv__tuple_type))
        return TRV__KEY_BAD;
    items = trv__tuple_items(key, &count);
    for (size_t i = 0; i < count; i++) {
        indices += trv__may_index(items[i]);
        slices += trv__is_slice(items[i]);
    }
    return indices == count ? TRV__KEY_INDICES : slices == count ? TRV__KEY_SLICES : TRV__KEY_BAD;
}

char *trv__memoryview_at(const view_t *view, trv_object *const *keys, size_t count)
{
    ptrdiff_t offset = 0;

    if (count < (size_t)view->dimensions)
        return trv_raise(trv_NotImplementedError, "sub-views are not implemented"), NULL;
    if (count > (size_t)view->dimensions)
        return trv_raise(trv_TypeError, "cannot index %d-dimension view with %zu-element tuple",
                         view->dimensions, count),
               NULL;
    for (size_t i = 0; i < count; i++) {
        struct trv__dimension d = trv__memoryview_dimension(view, (int)i);
        int64_t index;
        size_t where;
        if (trv__subscript_of(keys[i], &index) < 0)
            return NULL;
        if (!trv__index_in(index, d.count, &where))
            return trv_raise(trv_IndexError, "index out of bounds on dimension %zu", i + 1), NULL;
        offset += (ptrdiff_t)where * d.stride;
    }
    return trv__memoryview_usable(view) ? view->data + offset : NULL;
}
