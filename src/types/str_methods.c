/* SPDX-License-Identifier: MIT */
/*
 * The methods of str: arguments are taken apart and checked here, with Python's messages.
 *
 * What characters are, their cases and translate are in str_class.c, str_case.c and str_translate.c.
 */
#include "types/str_methods.h"

#include "object/reduce.h"
#include "types/arguments.h"
#include "types/codec.h"

/* Arguments ------------------------------------------------------------------------------------- */

/* Whether an argument is a str; otherwise a TypeError is set: "<what> must be str, not <type>". */
static bool is_str(const trv_object *object, const char *what)
{
    if (trv__is_any_str(object))
        return true;
    trv_raise(trv_TypeError, "%smust be str, not %s", what, trv_type_name(object));
    return false;
}

/* What find, count, startswith and their like search, and in which span: 1, 0 if there is no such
 * span, -1. */
static int search_arguments(const trv_args *args, trv_object **needle, struct trv__span *span)
{
    trv_object *start = NULL, *end = NULL;
    int64_t first = 0, last = INT64_MAX;

    if (trv_parse(args, "o|oo", needle, &start, &end) < 0 ||
        trv__place_argument(start, &first) < 0 || trv__place_argument(end, &last) < 0)
        return -1;
    return trv__str_span(args->self, first, last, span);
}

/* Searching ------------------------------------------------------------------------------------- */

static int find(const trv_args *args, bool from_end, int64_t *index)
{
    struct trv__span span;
    trv_object *needle;
    int found = search_arguments(args, &needle, &span);

    if (found < 0 || !is_str(needle, ""))
        return -1;
    *index = found ? trv__span_find(&span, needle, from_end) : -1;
    return 0;
}

static trv_object *method_find(const trv_args *args)
{
    int64_t index;

    return find(args, false, &index) < 0 ? NULL : trv_int_new(index);
}

static trv_object *method_rfind(const trv_args *args)
{
    int64_t index;

    return find(args, true, &index) < 0 ? NULL : trv_int_new(index);
}

static trv_object *found_index(const trv_args *args, bool from_end)
{
    int64_t index;

    if (find(args, from_end, &index) < 0)
        return NULL;
    return index < 0 ? trv_raise(trv_ValueError, "substring not found") : trv_int_new(index);
}

static trv_object *method_index(const trv_args *args)
{
    return found_index(args, false);
}

static trv_object *method_rindex(const trv_args *args)
{
    return found_index(args, true);
}

static trv_object *method_count(const trv_args *args)
{
    struct trv__span span;
    trv_object *needle;
    int found = search_arguments(args, &needle, &span);

    if (found < 0 || !is_str(needle, ""))
        return NULL;
    return trv_int_new(found ? (int64_t)trv__span_count(&span, needle) : 0);
}

typedef bool span_test(const struct trv__span *span, const trv_object *affix);

/* Whether the test holds for an affix, or for one in a tuple of them: 1, 0, -1. */
static int has_affix(const struct trv__span *span, trv_object *affix, span_test *test,
                     const char *name)
{
    trv_object *const *items = &affix;
    size_t count = 1;
    int has = 0;

    if (affix->type == &trv__tuple_type)
        items = trv__tuple_items(affix, &count);
    for (size_t i = 0; i < count && !has; i++) {
        if (!trv__is_any_str(items[i]))
            return items == &affix
                       ? trv_raise_int(trv_TypeError,
                                       "%s first arg must be str or a tuple of str, not %s", name,
                                       trv_type_name(affix))
                       : trv_raise_int(trv_TypeError, "tuple for %s must only contain str, not %s",
                                       name, trv_type_name(items[i]));
        has = span && test(span, items[i]);
    }
    return has;
}

static trv_object *affix_method(const trv_args *args, span_test *test, const char *name)
{
    struct trv__span span;
    trv_object *affix;
    int found = search_arguments(args, &affix, &span), has;

    if (found < 0)
        return NULL;
    has = has_affix(found ? &span : NULL, affix, test, name);
    return has < 0 ? NULL : trv_bool_new(has);
}

static trv_object *method_startswith(const trv_args *args)
{
    return affix_method(args, trv__span_begins, "startswith");
}

static trv_object *method_endswith(const trv_args *args)
{
    return affix_method(args, trv__span_ends, "endswith");
}

static trv_object *method_removeprefix(const trv_args *args)
{
    struct trv__span span;
    trv_object *prefix;

    if (trv_parse(args, "o", &prefix) < 0 || !is_str(prefix, "removeprefix() argument "))
        return NULL;
    trv__str_span(args->self, 0, INT64_MAX, &span);
    if (!trv__span_begins(&span, prefix))
        return trv__value_plain(args->self);
    return trv_str_slice(args->self, (int64_t)trv__as_str(prefix)->length, INT64_MAX);
}

static trv_object *method_removesuffix(const trv_args *args)
{
    struct trv__span span;
    trv_object *suffix;
    size_t length = trv__as_str(args->self)->length;

    if (trv_parse(args, "o", &suffix) < 0 || !is_str(suffix, "removesuffix() argument "))
        return NULL;
    trv__str_span(args->self, 0, INT64_MAX, &span);
    if (!trv__span_ends(&span, suffix))
        return trv__value_plain(args->self);
    return trv_str_slice(args->self, 0, (int64_t)(length - trv__as_str(suffix)->length));
}

/* Cutting and joining --------------------------------------------------------------------------- */

static trv_object *method_replace(const trv_args *args)
{
    trv_object *from, *to, *number = NULL;
    int64_t most = -1;

    if (trv_parse(args, "oo|o", &from, &to, &number) < 0 ||
        (number && trv__size_argument(number, &most) < 0) ||
        !is_str(from, "replace() argument 1 ") || !is_str(to, "replace() argument 2 "))
        return NULL;
    return trv__str_replace(args->self, from, to, most);
}

static trv_object *split(const trv_args *args, bool from_end)
{
    trv_object *separator = NULL, *number = NULL;
    int64_t most = -1;

    if (trv_parse(args, "|oo", &separator, &number) < 0 ||
        (number && trv__size_argument(number, &most) < 0))
        return NULL;
    separator = trv__or_null(separator);
    if (separator && !trv__is_any_str(separator))
        return trv_raise(trv_TypeError, "must be str or None, not %s", trv_type_name(separator));
    return trv__str_split(args->self, separator, most, from_end);
}

static trv_object *method_split(const trv_args *args)
{
    return split(args, false);
}

static trv_object *method_rsplit(const trv_args *args)
{
    return split(args, true);
}

static trv_object *method_splitlines(const trv_args *args)
{
    trv_object *given = NULL;
    int keep_ends = 0;

    if (trv_parse(args, "|o", &given) < 0 || (given && trv__int_argument(given, &keep_ends) < 0))
        return NULL;
    return trv__str_split_lines(args->self, keep_ends);
}

static trv_object *partition(const trv_args *args, bool from_end)
{
    trv_object *separator;

    if (trv_parse(args, "o", &separator) < 0 || !is_str(separator, ""))
        return NULL;
    return trv__str_partition(args->self, separator, from_end);
}

static trv_object *method_partition(const trv_args *args)
{
    return partition(args, false);
}

static trv_object *method_rpartition(const trv_args *args)
{
    return partition(args, true);
}

static trv_object *method_join(const trv_args *args)
{
    trv_object *iterable;

    return trv_parse(args, "o", &iterable) < 0 ? NULL : trv_str_join(args->self, iterable);
}

static trv_object *strip(const trv_args *args, enum trv__sides sides, const char *name)
{
    trv_object *characters = NULL;

    if (trv_parse(args, "|o", &characters) < 0)
        return NULL;
    characters = trv__or_null(characters);
    if (characters && !trv__is_any_str(characters))
        return trv_raise(trv_TypeError, "%s arg must be None or str", name);
    return trv__str_strip(args->self, characters, sides);
}

static trv_object *method_strip(const trv_args *args)
{
    return strip(args, TRV__BOTH, "strip");
}

static trv_object *method_lstrip(const trv_args *args)
{
    return strip(args, TRV__LEFT, "lstrip");
}

static trv_object *method_rstrip(const trv_args *args)
{
    return strip(args, TRV__RIGHT, "rstrip");
}

/* Padding --------------------------------------------------------------------------------------- */

/* The str with so many copies of one code point before and after it. */
static trv_object *padded(trv_object *object, size_t before, size_t after, uint32_t fill)
{
    const struct trv__str *str = trv__as_str(object);
    char unit[4];
    size_t width = trv__utf8_put(unit, fill);
    struct trv__str *made;
    char *out;

    if (before + after == 0)
        return trv__value_plain(object);
    if (before + after > (PTRDIFF_MAX - str->size) / 4)
        return trv_raise(trv_OverflowError, "padded string is too long");
    made = trv__str_allocate(str->size + (before + after) * width, str->length + before + after);
    if (!made)
        return NULL;
    out = made->text;
    for (; before; before--, out += width)
        memcpy(out, unit, width);
    memcpy(out, str->text, str->size);
    out += str->size;
    for (; after; after--, out += width)
        memcpy(out, unit, width);
    return trv__str_settle(made);
}

/* How much is missing to a width, and what to fill it with; -1 on failure. */
static int padding_arguments(const trv_args *args, size_t *missing, uint32_t *fill)
{
    size_t length = trv__as_str(args->self)->length;
    trv_object *number, *character = NULL;
    const char *text;
    int64_t width;

    if (trv_parse(args, "o|o", &number, &character) < 0 || trv__size_argument(number, &width) < 0)
        return -1;
    *missing = width > 0 && (size_t)width > length ? (size_t)width - length : 0;
    *fill = ' ';
    if (!character)
        return 0;
    if (!trv__is_any_str(character))
        return trv_raise_int(trv_TypeError,
                             "The fill character must be a unicode character, not %s",
                             trv_type_name(character));
    if (trv__as_str(character)->length != 1)
        return trv_raise_int(trv_TypeError,
                             "The fill character must be exactly one character long");
    text = trv__as_str(character)->text;
    *fill = trv__utf8_next(&text);
    return 0;
}

static trv_object *method_ljust(const trv_args *args)
{
    size_t missing;
    uint32_t fill;

    return padding_arguments(args, &missing, &fill) < 0 ? NULL
                                                        : padded(args->self, 0, missing, fill);
}

static trv_object *method_rjust(const trv_args *args)
{
    size_t missing;
    uint32_t fill;

    return padding_arguments(args, &missing, &fill) < 0 ? NULL
                                                        : padded(args->self, missing, 0, fill);
}

/* Of an odd padding the larger half goes to the left if the width is odd, as in Python. */
static trv_object *method_center(const trv_args *args)
{
    size_t missing, left;
    uint32_t fill;

    if (padding_arguments(args, &missing, &fill) < 0)
        return NULL;
    left = missing / 2 + (missing & (missing + trv__as_str(args->self)->length) & 1);
    return padded(args->self, left, missing - left, fill);
}

/* With zeros between the sign and the digits, or what stands there. */
static trv_object *method_zfill(const trv_args *args)
{
    trv_object *number;
    size_t length = trv__as_str(args->self)->length;
    trv_auto trv_object *made = NULL;
    int64_t width;
    char *text;

    if (trv_parse(args, "o", &number) < 0 || trv__size_argument(number, &width) < 0)
        return NULL;
    if (width <= 0 || (size_t)width <= length)
        return trv__value_plain(args->self);
    made = padded(args->self, (size_t)width - length, 0, '0');
    if (!made)
        return NULL;
    text = trv__as_str(made)->text; /* new, and nobody else's, unless it is a single zero */
    width -= (int64_t)length;
    if (length && (text[width] == '+' || text[width] == '-')) {
        text[0] = text[width];
        text[width] = '0';
    }
    return trv_steal(&made);
}

/* Encoding -------------------------------------------------------------------------------------- */

static trv_object *method_encode(const trv_args *args)
{
    trv_object *encoding = NULL, *errors = NULL;
    const char *encoding_name = NULL, *errors_name = NULL;

    if (trv_parse(args, "|oo", &encoding, &errors) < 0 ||
        trv__text_argument(encoding, "encode", "'encoding'", &encoding_name) < 0 ||
        trv__text_argument(errors, "encode", "'errors'", &errors_name) < 0)
        return NULL;
    return trv__encode(args->self, encoding_name, errors_name);
}

const struct trv__method trv__str_methods[] = {
    {"__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    {"capitalize", "capitalize(): a capital first, and all else in lower case",
     trv__str_capitalize},
    {"casefold", "casefold(): as it is to be compared without case", trv__str_casefold},
    {"center", "center(width, fillchar=, /): padded on both sides", method_center},
    {"count", "count(sub, start=, end=, /): how often it is there", method_count},
    {"encode", "encode(encoding=, errors=): bytes, in utf-8 unless told otherwise", method_encode},
    {"endswith", "endswith(suffix, start=, end=, /): whether it ends so", method_endswith},
    {"expandtabs", "expandtabs(tabsize=): with spaces for tabs", trv__str_expandtabs},
    {"find", "find(sub, start=, end=, /): where it is first, or -1", method_find},
    {"index", "index(sub, start=, end=, /): where it is first", method_index},
    {"isalnum", "isalnum(): whether all are letters or numbers", trv__str_isalnum},
    {"isalpha", "isalpha(): whether all are letters", trv__str_isalpha},
    {"isascii", "isascii(): whether all is ASCII", trv__str_isascii},
    {"isdecimal", "isdecimal(): whether all are decimal digits", trv__str_isdecimal},
    {"isdigit", "isdigit(): whether all are digits, superscripts too", trv__str_isdigit},
    {"isidentifier", "isidentifier(): whether it could be a name", trv__str_isidentifier},
    {"islower", "islower(): whether all that has a case is small", trv__str_islower},
    {"isnumeric", "isnumeric(): whether all stand for numbers", trv__str_isnumeric},
    {"isprintable", "isprintable(): whether repr shows all as it is", trv__str_isprintable},
    {"isspace", "isspace(): whether all is white space", trv__str_isspace},
    {"istitle", "istitle(): whether words, and nothing else, begin with capitals",
     trv__str_istitle},
    {"isupper", "isupper(): whether all that has a case is capital", trv__str_isupper},
    {"join", "join(iterable, /): its strs with this one between", method_join},
    {"ljust", "ljust(width, fillchar=, /): padded on the right", method_ljust},
    {"lower", "lower(): in lower case", trv__str_lower},
    {"lstrip", "lstrip(chars=, /): without white space on the left", method_lstrip},
    {"partition", "partition(sep, /): before, separator, after", method_partition},
    {"removeprefix", "removeprefix(prefix, /): without it", method_removeprefix},
    {"removesuffix", "removesuffix(suffix, /): without it", method_removesuffix},
    {"replace", "replace(old, new, count=, /): with one put for the other", method_replace},
    {"rfind", "rfind(sub, start=, end=, /): where it is last, or -1", method_rfind},
    {"rindex", "rindex(sub, start=, end=, /): where it is last", method_rindex},
    {"rjust", "rjust(width, fillchar=, /): padded on the left", method_rjust},
    {"rpartition", "rpartition(sep, /): the same from the right", method_rpartition},
    {"rsplit", "rsplit(sep=, maxsplit=): a list of parts, from the right", method_rsplit},
    {"rstrip", "rstrip(chars=, /): without white space on the right", method_rstrip},
    {"split", "split(sep=, maxsplit=): a list of parts", method_split},
    {"splitlines", "splitlines(keepends=): a list of lines", method_splitlines},
    {"startswith", "startswith(prefix, start=, end=, /): whether it begins so", method_startswith},
    {"strip", "strip(chars=, /): without white space at both ends", method_strip},
    {"swapcase", "swapcase(): capitals small, and the others capital", trv__str_swapcase},
    {"title", "title(): capitals at the beginning of words", trv__str_title},
    {"translate", "translate(table, /): with each character looked up there", trv__str_translate},
    {"upper", "upper(): in upper case", trv__str_upper},
    {"zfill", "zfill(width, /): with zeros on the left, after the sign", method_zfill},
    {NULL, NULL, NULL},
};

const struct trv__method trv__str_class_methods[] = {
    {"maketrans", "maketrans(x, y=, z=, /): a table for translate", trv__str_maketrans},
    {NULL, NULL, NULL},
};
