/* SPDX-License-Identifier: MIT */
/*
 * The methods and attributes of memory views: tobytes, tolist, cast, release and the like.
 */
#include "types/bytes.h"
#include "types/memoryview.h"
#include "types/octets.h"
#include "types/str.h"

int trv__memoryview_release(struct trv__memoryview *view)
{
    trv_object *memory = (trv_object *)view->memory;

    if (view->exports)
        return trv_raise_int(trv_BufferError, "memoryview has %zu exported buffer%s", view->exports,
                             view->exports == 1 ? "" : "s");
    view->memory = NULL;
    trv_unref(memory);
    return 0;
}

/* The view a method was called on, or NULL if it was released. */
static struct trv__memoryview *usable(const trv_args *args)
{
    struct trv__memoryview *view = trv__as_memoryview(args->self);

    return trv__memoryview_usable(view) ? view : NULL;
}

/* What it shows, in one piece. */
static trv_object *octets_of(const struct trv__memoryview *view, bool is_fortran)
{
    trv_object *made = trv_bytes_new(NULL, trv__memoryview_items(view) * view->itemsize);

    if (made)
        trv__memoryview_gather(view, (char *)trv__as_bytes(made)->data, is_fortran);
    return made;
}

static trv_object *method_tobytes(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);
    trv_object *order = NULL;
    const char *name = "C";

    if (!view || trv_parse(args, "|o", &order) < 0)
        return NULL;
    order = trv__or_null(order);
    if (trv__text_argument(order, "tobytes", "'order'", &name) < 0)
        return NULL;
    if (strcmp(name, "C") != 0 && strcmp(name, "F") != 0 && strcmp(name, "A") != 0)
        return trv_raise(trv_ValueError, "order must be 'C', 'F' or 'A'");
    return octets_of(view,
                     *name == 'F' || (*name == 'A' && trv__memoryview_is_contiguous(view, true)));
}

static trv_object *method_tolist(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);

    return view && trv__no_arguments(args) ? trv__memoryview_list(view) : NULL;
}

static trv_object *method_hex(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);
    trv_auto trv_object *octets = NULL;
    trv_object *separator;
    int64_t group;

    if (!view || trv__octets_parse_hex(args, &separator, &group) < 0 ||
        !(octets = octets_of(view, false)))
        return NULL;
    return trv__hex_digits(trv__as_bytes(octets)->data, trv__as_bytes(octets)->size, separator,
                           group);
}

static trv_object *method_release(const trv_args *args)
{
    if (!trv__no_arguments(args) || trv__memoryview_release(trv__as_memoryview(args->self)) < 0)
        return NULL;
    return trv_none_new();
}

static trv_object *method_toreadonly(const trv_args *args)
{
    struct trv__memoryview *view = usable(args), *made;

    if (!view || !trv__no_arguments(args) || !(made = trv__memoryview_again(view)))
        return NULL;
    made->is_readonly = true;
    return (trv_object *)made;
}

/* Casting --------------------------------------------------------------------------------------- */

static bool is_octet(const char *format)
{
    format += *format == '@';
    return (*format == 'B' || *format == 'b' || *format == 'c') && !format[1];
}

static size_t bytes_of(const struct trv__memoryview *view)
{
    return trv__memoryview_items(view) * view->itemsize;
}

/* Whether a shape can be given to a view at all. */
static bool may_reshape(const struct trv__memoryview *view, trv_object *shape)
{
    size_t count;

    if (shape && shape->type != &trv__list_type && shape->type != &trv__tuple_type)
        trv_raise(trv_TypeError, "shape must be a list or a tuple");
    else if ((shape || view->dimensions != 1) && !trv__memoryview_items(view))
        trv_raise(trv_TypeError, "memoryview: cannot cast view with zeros in shape or strides");
    else if (!shape)
        return true;
    else if (trv_len(shape, &count) < 0)
        return false;
    else if (count > TRV__DIMENSIONS_MOST)
        trv_raise(trv_ValueError, "memoryview: number of dimensions must not exceed %d",
                  TRV__DIMENSIONS_MOST);
    else if (view->dimensions != 1 && count != 1)
        trv_raise(trv_TypeError, "memoryview: cast must be 1D -> ND or ND -> 1D");
    else
        return true;
    return false;
}

/* Another view of one dimension over the same bytes. */
static struct trv__memoryview *flat(struct trv__memoryview *view, const char *name)
{
    struct trv__memoryview *made;
    const char *format = NULL;
    size_t size = trv__item_size(name, &format), bytes = bytes_of(view);

    if (!size)
        return trv_raise(trv_ValueError,
                         "memoryview: destination format must be a native single character "
                         "format prefixed with an optional '@'"),
               NULL;
    if (!is_octet(view->format) && !is_octet(format))
        return trv_raise(trv_TypeError, "memoryview: cannot cast between two non-byte formats"),
               NULL;
    if (bytes % size)
        return trv_raise(trv_TypeError, "memoryview: length is not a multiple of itemsize"), NULL;
    if (!(made = trv__memoryview_again(view)))
        return NULL;
    if (trv__memoryview_set_inner(made, 1, NULL) < 0) {
        trv_unref((trv_object *)made);
        return NULL;
    }
    made->format = format;
    made->itemsize = size;
    made->stride = (ptrdiff_t)size;
    made->count = bytes / size;
    return made;
}

static trv_object *method_cast(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);
    trv_auto trv_object *made = NULL;
    trv_object *given, *shape = NULL;
    const char *name;

    if (!view || trv_parse(args, "o|o", &given, &shape) < 0 ||
        trv__text_argument(given, "cast", "'format'", &name) < 0)
        return NULL;
    if (!trv__memoryview_is_contiguous(view, false))
        return trv_raise(trv_TypeError, "memoryview: casts are restricted to C-contiguous views");
    if (!may_reshape(view, shape) || !(made = (trv_object *)flat(view, name)) ||
        (shape && trv__memoryview_set_shape(trv__as_memoryview(made), shape) < 0))
        return NULL;
    return trv_steal(&made);
}

/* Attributes ------------------------------------------------------------------------------------ */

enum field { COUNT, STRIDE };

/* A tuple of the counts or the strides of all dimensions. */
static trv_object *tuple_of(const struct trv__memoryview *view, enum field field)
{
    trv_object *items[TRV__DIMENSIONS_MOST] = {NULL}, *tuple = NULL;
    int made = 0;

    for (; made < view->dimensions; made++) {
        struct trv__dimension d = trv__memoryview_dimension(view, made);
        items[made] = trv_int_new(field == COUNT ? (int64_t)d.count : d.stride);
        if (!items[made])
            break;
    }
    if (made == view->dimensions)
        tuple = trv_tuple_new(items, (size_t)made);
    while (made--)
        trv_unref(items[made]);
    return tuple;
}

#define ATTRIBUTE(name, expression)                                                                \
    static trv_object *get_##name(const trv_args *args)                                            \
    {                                                                                              \
        struct trv__memoryview *view = usable(args);                                               \
        return view ? (expression) : NULL;                                                         \
    }

ATTRIBUTE(c_contiguous, trv_bool_new(trv__memoryview_is_contiguous(view, false)))
ATTRIBUTE(contiguous, trv_bool_new(trv__memoryview_is_contiguous(view, false) ||
                                   trv__memoryview_is_contiguous(view, true)))
ATTRIBUTE(f_contiguous, trv_bool_new(trv__memoryview_is_contiguous(view, true)))
ATTRIBUTE(format, trv_str_new(view->format))
ATTRIBUTE(itemsize, trv_int_new((int64_t)view->itemsize))
ATTRIBUTE(nbytes, trv_int_new((int64_t)bytes_of(view)))
ATTRIBUTE(ndim, trv_int_new(view->dimensions))
ATTRIBUTE(obj, trv_ref(view->memory->buffer.owner))
ATTRIBUTE(readonly, trv_bool_new(view->is_readonly))
ATTRIBUTE(shape, tuple_of(view, COUNT))
ATTRIBUTE(strides, tuple_of(view, STRIDE))
ATTRIBUTE(suboffsets, trv_tuple_new(NULL, 0))

const struct trv__method trv__memoryview_methods[] = {
    {"c_contiguous", NULL, get_c_contiguous},
    {"cast", "cast(format, shape=): the same memory as items of another format", method_cast},
    {"contiguous", NULL, get_contiguous},
    {"f_contiguous", NULL, get_f_contiguous},
    {"format", NULL, get_format},
    {"hex", "hex(sep=, bytes_per_sep=): two hexadecimal digits for each byte", method_hex},
    {"itemsize", NULL, get_itemsize},
    {"nbytes", NULL, get_nbytes},
    {"ndim", NULL, get_ndim},
    {"obj", NULL, get_obj},
    {"readonly", NULL, get_readonly},
    {"release", "release(): lets go of the memory", method_release},
    {"shape", NULL, get_shape},
    {"strides", NULL, get_strides},
    {"suboffsets", NULL, get_suboffsets},
    {"tobytes", "tobytes(order=): a copy of what it shows", method_tobytes},
    {"tolist", "tolist(): its items", method_tolist},
    {"toreadonly", "toreadonly(): the same memory, not to be written to", method_toreadonly},
    {NULL, NULL, NULL},
};
