/* SPDX-License-Identifier: MIT */
/*
 * What the characters of a str are: isalpha and its like.
 *
 * Most ask one thing of every character, and say no for the empty str. Those about case look at
 * the characters that have one, of which there must be one at least.
 */
#include "types/str_methods.h"

/* Whether a claim holds for every code point. */
static bool all_are(const struct trv__str *str, trv__claim *claim)
{
    const char *at = str->text, *end = str->text + str->size;

    while (at < end)
        if (!claim(trv__utf8_next(&at)))
            return false;
    return true;
}

/* A method that answers whether all characters are so, of which there is one at least. */
#define CLASS_METHOD(name, claim)                                                                  \
    trv_object *trv__str_##name(const trv_args *args)                                              \
    {                                                                                              \
        const struct trv__str *str = trv__as_str(args->self);                                      \
        return trv__no_arguments(args) ? trv__bool_from(str->size && all_are(str, claim)) : NULL;  \
    }

CLASS_METHOD(isalnum, trv__is_alnum)
CLASS_METHOD(isalpha, trv__is_alpha)
CLASS_METHOD(isdecimal, trv__is_decimal)
CLASS_METHOD(isdigit, trv__is_digit)
CLASS_METHOD(isnumeric, trv__is_numeric)
CLASS_METHOD(isspace, trv__is_space)

trv_object *trv__str_isprintable(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__bool_from(all_are(trv__as_str(args->self), trv__is_printable));
}

trv_object *trv__str_isascii(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__bool_from(trv__str_is_ascii(trv__as_str(args->self)));
}

/* Whether there are characters of one case, and none of the other. */
static bool is_of_case(const struct trv__str *str, trv__claim *wanted, trv__claim *other)
{
    const char *at = str->text, *end = str->text + str->size;
    bool has = false;

    while (at < end) {
        uint32_t c = trv__utf8_next(&at);
        if (other(c) || trv__is_title(c))
            return false;
        has = has || wanted(c);
    }
    return has;
}

trv_object *trv__str_islower(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__bool_from(is_of_case(trv__as_str(args->self), trv__is_lower, trv__is_upper));
}

trv_object *trv__str_isupper(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__bool_from(is_of_case(trv__as_str(args->self), trv__is_upper, trv__is_lower));
}

/* Whether words begin with a capital, and have no other. */
static bool is_titled(const struct trv__str *str)
{
    const char *at = str->text, *end = str->text + str->size;
    bool has = false, is_inside = false;

    while (at < end) {
        uint32_t c = trv__utf8_next(&at);
        bool is_capital = trv__is_upper(c) || trv__is_title(c);
        bool is_cased = is_capital || trv__is_lower(c);
        if (is_cased && is_capital == is_inside)
            return false;
        is_inside = is_cased;
        has = has || is_cased;
    }
    return has;
}

trv_object *trv__str_istitle(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__bool_from(is_titled(trv__as_str(args->self)));
}

trv_object *trv__str_isidentifier(const trv_args *args)
{
    const struct trv__str *str = trv__as_str(args->self);
    const char *at = str->text, *end = str->text + str->size;

    if (!trv__no_arguments(args))
        return NULL;
    if (!str->size || !trv__begins_identifier(trv__utf8_next(&at)))
        return trv__bool_from(false);
    while (at < end)
        if (!trv__continues_identifier(trv__utf8_next(&at)))
            return trv__bool_from(false);
    return trv__bool_from(true);
}

/* Width ----------------------------------------------------------------------------------------- */

int trv_str_width(trv_object *object, size_t *columns)
{
    const struct trv__str *str;
    const char *at, *end;

    if (!trv__expect(object, &trv__str_type, "trv_str_width"))
        return -1;
    str = trv__as_str(object);
    end = str->text + str->size;
    *columns = 0;
    for (at = str->text; at < end;)
        *columns += (size_t)trv__column_width(trv__utf8_next(&at));
    return 0;
}
