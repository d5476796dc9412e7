/* SPDX-License-Identifier: MIT */
/*
 * What is said when arguments do not fit a signature.
 *
 * Python has two sets of words, and so has Trivet. Functions of users are told of by the names of their
 * parameters: "f() missing 1 required positional argument: 'a'". Methods of built-in types, and functions
 * whose signature has a "/", are C functions in Python too, and have the words that its C functions
 * use: "list.append() takes exactly one argument (0 given)" if all is by position, and "'x' is an invalid
 * keyword argument for sort()" if not.
 */
#include "object/signature.h"

/* A list of quoted names, or whatever else a message needs that is cut when too long. */
struct text {
    char bytes[256];
    size_t length;
};

static void text_add(struct text *text, const char *bytes, size_t length)
{
    length = MIN_OF(length, sizeof text->bytes - 1 - text->length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = 0;
}

const char *trv__spec_name(const trv_function_spec *spec)
{
    return spec && spec->name ? spec->name : "function";
}

static const char *owner_of(const trv_function_spec *spec)
{
    return spec && spec->size >= offsetof(trv_function_spec, owner) + sizeof spec->owner
               ? spec->owner
               : NULL;
}

/* Whether a function has the words of Python's C functions; its shape, if so. */
static bool has_c_words(const trv_function_spec *spec, struct trv__shape *shape)
{
    return spec && trv__signature_shape(spec->signature, shape) &&
           (shape->has_slash || owner_of(spec));
}

static bool is_positional(const struct trv__shape *shape)
{
    return shape->position_only == shape->named && !shape->takes_rest;
}

/* All by position: "pop expected at most 1 argument, got 2", or with the type's name where there are none
 * or one. */
static int raise_expected(const trv_function_spec *spec, const struct trv__shape *shape,
                          size_t given)
{
    const char *owner = owner_of(spec), *name = trv__spec_name(spec);
    size_t most = shape->positions, wanted = given < shape->required ? shape->required : most;
    const char *dot = owner && *owner ? "." : "", *type = owner ? owner : "";

    if (!most && !shape->takes_keywords)
        return trv_raise_int(trv_TypeError, "%s%s%s() takes no arguments (%zu given)", type, dot,
                             name, given);
    if (most == 1 && shape->required == 1 && !shape->takes_keywords)
        return trv_raise_int(trv_TypeError, "%s%s%s() takes exactly one argument (%zu given)", type,
                             dot, name, given);
    return trv_raise_int(trv_TypeError, "%s expected %s%zu argument%s, got %zu", name,
                         shape->required == most   ? ""
                         : given < shape->required ? "at least "
                                                   : "at most ",
                         wanted, wanted == 1 ? "" : "s", given);
}

/* Some by keyword: too many of all, or of those by position. */
static int raise_takes(const trv_function_spec *spec, const struct trv__shape *shape, size_t given)
{
    size_t most = given > shape->named ? shape->named : shape->positions;
    bool are_few = given < MIN_OF(shape->required, shape->position_only);

    if (are_few)
        most = MIN_OF(shape->required, shape->position_only);
    else if (given <= shape->named && !shape->positions)
        return trv_raise_int(trv_TypeError, "%s() takes no positional arguments",
                             trv__spec_name(spec));
    return trv_raise_int(
        trv_TypeError, "%s() takes %s %zu %sargument%s (%zu given)", trv__spec_name(spec),
        are_few                  ? (most < shape->positions ? "at least" : "exactly")
        : shape->required < most ? "at most"
                                 : "exactly",
        most, are_few || most < shape->named ? "positional " : "", most == 1 ? "" : "s", given);
}

/* The name of the parameter at a position. */
static struct trv__parameter parameter_at(const char *signature, size_t position)
{
    const char *cursor = trv__signature_parameters(signature);
    struct trv__parameter parameter = {.name = "?", .length = 1};

    for (size_t i = 0; i <= position && trv__parameter_next(&cursor, &parameter); i++)
        ;
    return parameter;
}

int trv__raise_no_keywords(const trv_function_spec *spec)
{
    const char *owner = owner_of(spec);

    return trv_raise_int(trv_TypeError, "%s%s%s() takes no keyword arguments", owner ? owner : "",
                         owner && *owner ? "." : "", trv__spec_name(spec));
}

bool trv__takes_no_keywords(const trv_function_spec *spec)
{
    struct trv__shape shape;

    return has_c_words(spec, &shape) && shape.named == shape.position_only && !shape.takes_keywords;
}

int trv__raise_unexpected(const trv_function_spec *spec, const char *name, size_t given)
{
    struct trv__shape shape;

    if (has_c_words(spec, &shape) && given < MIN_OF(shape.required, shape.position_only))
        return raise_takes(spec, &shape, given);
    if (has_c_words(spec, &shape))
        return trv_raise_int(trv_TypeError, "'%s' is an invalid keyword argument for %s()", name,
                             trv__spec_name(spec));
    return trv_raise_int(trv_TypeError, "%s() got an unexpected keyword argument '%s'",
                         trv__spec_name(spec), name);
}

int trv__raise_too_many(const trv_function_spec *spec, size_t required, size_t most, size_t given)
{
    struct trv__shape shape;
    const char *name = trv__spec_name(spec);
    const char *were = given == 1 ? "was" : "were";

    if (has_c_words(spec, &shape))
        return is_positional(&shape) ? raise_expected(spec, &shape, given)
                                     : raise_takes(spec, &shape, given);
    if (required < most)
        return trv_raise_int(trv_TypeError,
                             "%s() takes from %zu to %zu positional arguments but %zu %s given",
                             name, required, most, given, were);
    return trv_raise_int(trv_TypeError, "%s() takes %zu positional argument%s but %zu %s given",
                         name, most, most == 1 ? "" : "s", given, were);
}

/* "'a'", "'a' and 'b'", "'a', 'b', and 'c'": one name more, of `total`. */
static void add_name(struct text *text, const struct trv__parameter *parameter, size_t index,
                     size_t total)
{
    if (index > 0)
        text_add(text, total > 2 ? ", " : " ", total > 2 ? 2 : 1);
    if (index > 0 && index == total - 1)
        text_add(text, "and ", 4);
    text_add(text, "'", 1);
    text_add(text, parameter->name, parameter->length);
    text_add(text, "'", 1);
}

static bool is_missing(trv_object *const *items, size_t count, size_t i)
{
    return i >= count || !items[i];
}

int trv__raise_missing(const trv_function_spec *spec, trv_object *const *items, size_t count,
                       size_t required)
{
    const char *cursor = spec ? trv__signature_parameters(spec->signature) : NULL;
    struct trv__parameter parameter;
    struct text names = {.length = 0};
    size_t missing = 0, named = 0, first;
    struct trv__shape shape;

    if (has_c_words(spec, &shape)) {
        if (is_positional(&shape))
            return raise_expected(spec, &shape, count);
        if (count < MIN_OF(shape.required, shape.position_only))
            return raise_takes(spec, &shape, count);
        for (first = 0; !is_missing(items, count, first);)
            first++;
        parameter = parameter_at(spec->signature, first);
        return trv_raise_int(trv_TypeError, "%s() missing required argument '%.*s' (pos %zu)",
                             trv__spec_name(spec), (int)parameter.length, parameter.name,
                             first + 1);
    }
    for (size_t i = 0; i < required; i++)
        missing += is_missing(items, count, i);
    for (size_t i = 0; cursor && i < required && trv__parameter_next(&cursor, &parameter) &&
                       parameter.kind <= TRV__PARAMETER_OPTIONAL;
         i++)
        if (is_missing(items, count, i))
            add_name(&names, &parameter, named++, missing);
    if (named == missing)
        return trv_raise_int(trv_TypeError, "%s() missing %zu required positional argument%s: %s",
                             trv__spec_name(spec), missing, missing == 1 ? "" : "s", names.bytes);
    return trv_raise_int(trv_TypeError, "%s() missing %zu required positional argument%s",
                         trv__spec_name(spec), missing, missing == 1 ? "" : "s");
}
