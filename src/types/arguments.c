/* SPDX-License-Identifier: MIT */
/*
 * Arguments of methods in Python's words; see arguments.h.
 */
#include "types/arguments.h"

#include "object/number.h"
#include "object/signature.h"

#include <limits.h>

bool trv__no_arguments(const trv_args *args)
{
    if (LIKELY(!args->count))
        return true;
    trv_raise(trv_TypeError, "%s.%s() takes no arguments (%zu given)", trv_type_name(args->self),
              trv__spec_name(args->function), args->count);
    return false;
}

/* 1; 0, with nothing set, if the number is too large; -1. */
static int fitting(trv_object *object, int64_t *value)
{
    if (trv__index_of(object, value) == 0)
        return 1;
    if (!trv_error_matches(trv_OverflowError))
        return -1;
    trv_error_clear();
    return 0;
}

static int index_within(trv_object *object, int64_t *value, trv_object *error)
{
    int status = fitting(object, value);

    if (status == 0)
        return trv_raise_int(error, "cannot fit '%s' into an index-sized integer",
                             trv_type_name(object));
    return status < 0 ? -1 : 0;
}

int trv__size_argument(trv_object *object, int64_t *value)
{
    return index_within(object, value, trv_OverflowError);
}

int trv__subscript_of(trv_object *object, int64_t *index)
{
    return index_within(object, index, trv_IndexError);
}

int trv__int_argument(trv_object *object, int *value)
{
    int64_t wide;

    if (trv__size_argument(object, &wide) < 0)
        return -1;
    if (wide < INT_MIN || wide > INT_MAX)
        return trv_raise_int(trv_OverflowError, "Python int too large to convert to C int");
    *value = (int)wide;
    return 0;
}

int trv__place_argument(trv_object *object, int64_t *place)
{
    object = trv__or_null(object);
    if (!object)
        return 0;
    if (!trv__may_index(object))
        return trv_raise_int(trv_TypeError, "slice indices must be integers or None or have an "
                                            "__index__ method");
    return trv__index_get(object, place);
}

int trv__place_of(trv_object *object, int64_t *place)
{
    int status = fitting(object, place);

    if (status == 0)
        return trv_raise_int(trv_OverflowError, "Python int too large to convert to C ssize_t");
    return status < 0 ? -1 : 0;
}

int trv__keyword_argument(const trv_args *args, const char *name, trv_object **value)
{
    *value = NULL;
    return args->keywords && trv_dict_get_str(args->keywords, name, value) < 0 ? -1 : 0;
}

int trv__text_argument(trv_object *object, const char *function, const char *what,
                       const char **text)
{
    const char *utf8;
    size_t size;

    if (!object)
        return 0;
    if (!trv__type_derives(object->type, &trv__str_type))
        return trv_raise_int(trv_TypeError, "%s() argument %s must be str, not %s", function, what,
                             trv_is_none(object) ? "None" : trv_type_name(object));
    if (!(utf8 = trv_str_utf8(object, &size)))
        return -1;
    if (memchr(utf8, 0, size))
        return trv_raise_int(trv_ValueError, "embedded null character");
    *text = utf8;
    return 0;
}

trv_object *trv__call_bound(const trv_function_spec *spec, const trv_args *raw, trv_entry entry)
{
    struct trv__binding binding;
    trv_args args = *raw;
    trv_object *made;

    args.function = spec;
    if (!args.keywords)
        return entry(&args);
    if (trv__bind(&binding, spec, &args, NULL) < 0)
        return NULL;
    made = entry(&binding.args);
    trv__unbind(&binding);
    return made;
}
