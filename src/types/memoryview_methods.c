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

static bool is_contiguous(const struct trv__memoryview *view)
{
    return view->count <= 1 || view->stride == (ptrdiff_t)view->itemsize;
}

/* What it shows, in one piece. */
static trv_object *octets_of(const struct trv__memoryview *view)
{
    trv_object *made = trv_bytes_new(NULL, view->count * view->itemsize);

    if (made)
        trv__memoryview_gather(view, (char *)trv__as_bytes(made)->data);
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
    return octets_of(view);
}

static trv_object *method_tolist(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);
    trv_auto trv_object *list = NULL;

    if (!view || !trv__no_arguments(args) || !(list = trv_list_new()))
        return NULL;
    for (size_t i = 0; i < view->count; i++) {
        trv_auto trv_object *item =
            trv__item_get(view->format, view->data + (ptrdiff_t)i * view->stride);
        if (!item || trv_list_append(list, item) < 0)
            return NULL;
    }
    return trv_steal(&list);
}

static trv_object *method_hex(const trv_args *args)
{
    struct trv__memoryview *view = usable(args);
    trv_auto trv_object *octets = NULL;
    trv_object *separator;
    int64_t group;

    if (!view || trv__octets_parse_hex(args, &separator, &group) < 0 || !(octets = octets_of(view)))
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

/* The number of items that a shape of one dimension says. */
static int count_of_shape(trv_object *shape, size_t *count)
{
    trv_auto trv_object *items = NULL, *item = NULL;
    size_t dimensions;
    int64_t value;

    if (shape->type != &trv__list_type && shape->type != &trv__tuple_type)
        return trv_raise_int(trv_TypeError, "shape must be a list or a tuple");
    if (!(items = trv_tuple_from(shape)) || trv_tuple_len(items, &dimensions) < 0)
        return -1;
    if (dimensions != 1)
        return trv_raise_int(trv_NotImplementedError,
                             "memoryview: only one dimension is supported");
    if (!(item = trv_tuple_get(items, 0)))
        return -1;
    if (!trv__is_int(item))
        return trv_raise_int(trv_TypeError,
                             "memoryview.cast(): elements of shape must be integers");
    if (trv__index_get(item, &value) < 0)
        return -1;
    if (value <= 0)
        return trv_raise_int(trv_ValueError,
                             "memoryview.cast(): elements of shape must be integers > 0");
    *count = (size_t)value;
    return 0;
}

static trv_object *method_cast(const trv_args *args)
{
    struct trv__memoryview *view = usable(args), *made;
    trv_object *given, *shape = NULL;
    const char *name, *format = NULL;
    size_t size, bytes, count = 0;

    if (!view || trv_parse(args, "o|o", &given, &shape) < 0 ||
        trv__text_argument(given, "cast", "'format'", &name) < 0 ||
        (shape && count_of_shape(shape, &count) < 0))
        return NULL;
    if (!is_contiguous(view))
        return trv_raise(trv_TypeError, "memoryview: casts are restricted to C-contiguous views");
    if (!(size = trv__item_size(name, &format)))
        return trv_raise(trv_ValueError,
                         "memoryview: destination format must be a native single character "
                         "format prefixed with an optional '@'");
    if (!is_octet(view->format) && !is_octet(format))
        return trv_raise(trv_TypeError, "memoryview: cannot cast between two non-byte formats");
    bytes = view->count * view->itemsize;
    if (bytes % size)
        return trv_raise(trv_TypeError, "memoryview: length is not a multiple of itemsize");
    if (shape && count != bytes / size)
        return trv_raise(trv_TypeError, "memoryview: product(shape) * itemsize != buffer size");
    if (!(made = trv__memoryview_again(view)))
        return NULL;
    made->format = format;
    made->itemsize = size;
    made->stride = (ptrdiff_t)size;
    made->count = bytes / size;
    return (trv_object *)made;
}

/* Attributes ------------------------------------------------------------------------------------ */

#define ATTRIBUTE(name, expression)                                                                \
    static trv_object *get_##name(const trv_args *args)                                            \
    {                                                                                              \
        struct trv__memoryview *view = usable(args);                                               \
        return view ? (expression) : NULL;                                                         \
    }

ATTRIBUTE(contiguous, trv_bool_new(is_contiguous(view)))
ATTRIBUTE(format, trv_str_new(view->format))
ATTRIBUTE(itemsize, trv_int_new((int64_t)view->itemsize))
ATTRIBUTE(nbytes, trv_int_new((int64_t)(view->count * view->itemsize)))
ATTRIBUTE(ndim, trv_int_new(1))
ATTRIBUTE(obj, trv_ref(view->memory->buffer.owner))
ATTRIBUTE(readonly, trv_bool_new(view->is_readonly))
ATTRIBUTE(shape, trv_build("(z)", view->count))
ATTRIBUTE(strides, trv_build("(l)", (int64_t)view->stride))
ATTRIBUTE(suboffsets, trv_tuple_new(NULL, 0))

const struct trv__method trv__memoryview_methods[] = {
    {"c_contiguous", NULL, get_contiguous},
    {"cast", "cast(format, shape=): the same memory as items of another format", method_cast},
    {"contiguous", NULL, get_contiguous},
    {"f_contiguous", NULL, get_contiguous},
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
