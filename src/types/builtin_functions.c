/* SPDX-License-Identifier: MIT */
/*
 * Python's built-in functions as objects, and the names of all that is built in.
 *
 * A function here takes its arguments apart and calls what C programs call; see builtins.h.
 */
#include "types/builtins.h"

#include "object/number.h"
#include "types/arguments.h"
#include "types/octets.h"
#include "types/str.h"

#include "trivet/buffer.h"
#include "trivet/builtins.h"
#include "trivet/class.h"
#include "trivet/text.h"

#include <limits.h>

static trv_object *truth(int answer)
{
    return answer < 0 ? NULL : trv_bool_new(answer);
}

/* What one object is asked ---------------------------------------------------------------------- */

static trv_object *only_argument(const trv_args *args)
{
    trv_object *object;

    return trv_parse(args, "o", &object) < 0 ? NULL : object;
}

TRV__BUILTIN(abs, "abs(x, /): the absolute value")
{
    trv_object *x = only_argument(args);

    return x ? trv_absolute(x) : NULL;
}

TRV__BUILTIN(all, "all(iterable, /): whether each item is true")
{
    trv_object *iterable = only_argument(args);

    return iterable ? truth(trv_all(iterable)) : NULL;
}

TRV__BUILTIN(any, "any(iterable, /): whether an item is true")
{
    trv_object *iterable = only_argument(args);

    return iterable ? truth(trv_any(iterable)) : NULL;
}

TRV__BUILTIN(callable, "callable(obj, /): whether it can be called")
{
    trv_object *object = only_argument(args);

    return object ? trv_bool_new(trv_callable(object)) : NULL;
}

TRV__BUILTIN(hash, "hash(obj, /): a number that equal objects share")
{
    trv_object *object = only_argument(args);
    int64_t hash;

    return object && trv_hash(object, &hash) == 0 ? trv_int_new(hash) : NULL;
}

TRV__BUILTIN(id, "id(obj, /): a number that no other living object has")
{
    trv_object *object = only_argument(args);

    return object ? trv_int_new_unsigned(trv_id(object)) : NULL;
}

TRV__BUILTIN(len, "len(obj, /): how many items a container has")
{
    trv_object *object = only_argument(args);
    size_t length;

    return object && trv_len(object, &length) == 0 ? trv_int_new_unsigned(length) : NULL;
}

TRV__BUILTIN(repr, "repr(obj, /): the text a programmer sees")
{
    trv_object *object = only_argument(args);

    return object ? trv_repr(object) : NULL;
}

/* Texts of numbers and characters ----------------------------------------------------------------- */

/* The digits of an int after a prefix. */
static trv_object *digits_of(const trv_args *args, int base, char prefix)
{
    trv_object *object = only_argument(args);
    trv_auto trv_object *integer = object ? trv__index_object(object) : NULL;
    trv_auto trv_object *digits = integer ? trv_int_format(integer, base) : NULL;
    const char *text = digits ? trv_str_utf8(digits, NULL) : NULL;
    bool is_negative = text && *text == '-';

    return text ? trv_str_printf("%s0%c%s", is_negative ? "-" : "", prefix, text + is_negative)
                : NULL;
}

TRV__BUILTIN(bin, "bin(number, /): its binary digits, after 0b")
{
    return digits_of(args, 2, 'b');
}

TRV__BUILTIN(hex, "hex(number, /): its hexadecimal digits, after 0x")
{
    return digits_of(args, 16, 'x');
}

TRV__BUILTIN(oct, "oct(number, /): its octal digits, after 0o")
{
    return digits_of(args, 8, 'o');
}

TRV__BUILTIN(ascii, "ascii(obj, /): the text a programmer sees, in ASCII")
{
    trv_object *object = only_argument(args);
    trv_auto trv_object *text = object ? trv_repr(object) : NULL;
    trv_auto trv_object *octets = NULL;
    const void *data;
    size_t size;

    if (!text || trv__str_is_ascii(trv__as_str(text)))
        return trv_steal(&text);
    octets = trv_str_encode(text, "ascii", "backslashreplace");
    data = octets ? trv_bytes_data(octets, &size) : NULL;
    return data ? trv_str_new_sized(data, size) : NULL;
}

TRV__BUILTIN(chr, "chr(i, /): the str of one code point")
{
    trv_object *number = only_argument(args);
    int64_t value;

    if (!number || trv__index_of(number, &value) < 0) {
        if (!number || !trv_error_matches(trv_OverflowError))
            return NULL;
        trv_error_clear();
        value = INT64_MAX;
    }
    if (value < INT_MIN || value > INT_MAX)
        return trv_raise(trv_OverflowError, "Python int too large to convert to C int");
    if (value < 0 || value > 0x10ffff)
        return trv_raise(trv_ValueError, "chr() arg not in range(0x110000)");
    if (value >= 0xd800 && value < 0xe000)
        return trv_raise(trv_ValueError, "chr() arg is a surrogate, which no str holds");
    return trv__str_of_code_point((uint32_t)value);
}

TRV__BUILTIN(ord, "ord(c, /): the code point of a str, or the octet of bytes, of length 1")
{
    trv_object *object = only_argument(args);
    TRV__AUTO_BUFFER octets = {0};
    size_t length;

    if (!object)
        return NULL;
    if (trv__is_any_str(object)) {
        const char *at = trv__as_str(object)->text;
        if ((length = trv__as_str(object)->length) == 1)
            return trv_int_new(trv__utf8_next(&at));
    } else if (trv__type_derives(object->type, &trv__bytes_type) ||
               trv__type_derives(object->type, trv__type_of_handle(trv_bytearray_type))) {
        if (trv_buffer_acquire(object, &octets, 0) < 0)
            return NULL;
        if ((length = octets.size) == 1)
            return trv_int_new(*(const unsigned char *)octets.data);
    } else
        return trv_raise(trv_TypeError, "ord() expected string of length 1, but %s found",
                         object->type->name);
    return trv_raise(trv_TypeError, "ord() expected a character, but string of length %zu found",
                     length);
}

/* Of two or three --------------------------------------------------------------------------------- */

TRV__BUILTIN(divmod, "divmod(x, y, /): the tuple (x // y, x % y)")
{
    trv_object *x, *y;

    return trv_parse(args, "oo", &x, &y) < 0 ? NULL : trv_divmod(x, y);
}

TRV__BUILTIN(round, "round(number, ndigits=None): rounded half to even")
{
    trv_object *number, *digits = NULL;

    return trv_parse(args, "o|o", &number, &digits) < 0 ? NULL : trv_round(number, digits);
}

TRV__BUILTIN(pow, "pow(base, exp, mod=None): base ** exp, or that % mod")
{
    trv_object *base, *exponent, *modulus = NULL;

    if (trv_parse(args, "oo|o", &base, &exponent, &modulus) < 0)
        return NULL;
    return trv__or_null(modulus) ? trv_power_modulo(base, exponent, modulus)
                                 : trv_power(base, exponent);
}

TRV__BUILTIN(isinstance,
             "isinstance(obj, class_or_tuple, /): whether it is of a type or one of several")
{
    trv_object *object, *type;

    return trv_parse(args, "oo", &object, &type) < 0 ? NULL : truth(trv_isinstance(object, type));
}

TRV__BUILTIN(issubclass,
             "issubclass(cls, class_or_tuple, /): whether it derives from it or one of several")
{
    trv_object *type, *base;

    return trv_parse(args, "oo", &type, &base) < 0 ? NULL : truth(trv_issubclass(type, base));
}

TRV__BUILTIN(
    iter, "iter(object, sentinel=, /): an iterator; or one that calls until it gets the sentinel")
{
    trv_object *object, *sentinel = NULL;

    if (trv_parse(args, "o|o", &object, &sentinel) < 0)
        return NULL;
    return sentinel ? trv_iter_until(object, sentinel) : trv_iter(object);
}

TRV__BUILTIN(next, "next(iterator, default=, /): its next item, or default at its end")
{
    trv_object *iterator, *fallback = NULL;

    return trv_parse(args, "o|o", &iterator, &fallback) < 0 ? NULL
                                                            : trv_next_or(iterator, fallback);
}

/* Attributes -------------------------------------------------------------------------------------- */

static const char *name_of(trv_object *name)
{
    if (trv__type_derives(name->type, &trv__str_type))
        return trv_str_utf8(name, NULL);
    trv_raise(trv_TypeError, "attribute name must be string, not '%s'", name->type->name);
    return NULL;
}

TRV__BUILTIN(getattr,
             "getattr(object, name, default=, /): an attribute, or default if there is none")
{
    trv_object *object, *name, *fallback = NULL, *value;
    const char *text;

    if (trv_parse(args, "oo|o", &object, &name, &fallback) < 0 || !(text = name_of(name)))
        return NULL;
    value = trv_getattr(object, text);
    if (value || !fallback || !trv_error_matches(trv_AttributeError))
        return value;
    trv_error_clear();
    return trv_ref(fallback);
}

TRV__BUILTIN(hasattr, "hasattr(obj, name, /): whether there is such an attribute")
{
    trv_object *object, *name;
    trv_auto trv_object *value = NULL;
    const char *text;

    if (trv_parse(args, "oo", &object, &name) < 0 || !(text = name_of(name)))
        return NULL;
    value = trv_getattr(object, text);
    if (!value && !trv_error_matches(trv_AttributeError))
        return NULL;
    trv_error_clear();
    return trv_bool_new(value != NULL);
}

TRV__BUILTIN(setattr, "setattr(obj, name, value, /): sets an attribute")
{
    trv_object *object, *name, *value;
    const char *text;

    if (trv_parse(args, "ooo", &object, &name, &value) < 0 || !(text = name_of(name)) ||
        trv_setattr(object, text, value) < 0)
        return NULL;
    return trv_none_new();
}

TRV__BUILTIN(delattr, "delattr(obj, name, /): takes an attribute away")
{
    trv_object *object, *name;
    const char *text;

    if (trv_parse(args, "oo", &object, &name) < 0 || !(text = name_of(name)) ||
        trv_delattr(object, text) < 0)
        return NULL;
    return trv_none_new();
}

/* Iterables --------------------------------------------------------------------------------------- */

TRV__BUILTIN(dir, "dir(object, /): the names of its attributes")
{
    trv_object *object = only_argument(args);

    return object ? trv_dir(object) : NULL;
}

TRV__BUILTIN(vars, "vars(object, /): the dict of its own attributes")
{
    trv_object *object = only_argument(args);

    return object ? trv_vars(object) : NULL;
}

TRV__BUILTIN(sum, "sum(iterable, /, start=0): start and all items, added up")
{
    trv_object *iterable, *start = NULL;

    return trv_parse(args, "o|o", &iterable, &start) < 0 ? NULL : trv_sum(iterable, start);
}

TRV__BUILTIN(sorted, "sorted(*iterable, key=None, reverse=False): a sorted list of the items")
{
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *reverse = NULL;
    int is_reverse = 0;

    if (args->count != 1)
        return trv_raise(trv_TypeError, "sorted expected 1 argument, got %zu", args->count);
    if (trv__keyword_argument(args, "key", &key) < 0 ||
        trv__keyword_argument(args, "reverse", &reverse) < 0 ||
        (reverse && trv__int_argument(reverse, &is_reverse) < 0))
        return NULL;
    return trv_sorted(args->items[0], trv__or_null(key), is_reverse);
}

typedef trv_object *best_function(trv_object *iterable, trv_object *key, trv_object *fallback);

/* min and max of an iterable, or of the arguments if there are several. */
static trv_object *best(const trv_args *args, best_function *function, const char *name)
{
    trv_auto trv_object *key = NULL;
    trv_auto trv_object *fallback = NULL;
    trv_auto trv_object *all = NULL;

    if (!args->count)
        return trv_raise(trv_TypeError, "%s expected at least 1 argument, got 0", name);
    if (trv__keyword_argument(args, "key", &key) < 0 ||
        trv__keyword_argument(args, "default", &fallback) < 0)
        return NULL;
    if (args->count > 1 && fallback)
        return trv_raise(trv_TypeError,
                         "Cannot specify a default for %s() with multiple positional arguments",
                         name);
    all = args->count > 1 ? trv_tuple_new(args->items, args->count) : trv_ref(args->items[0]);
    return all ? function(all, trv__or_null(key), fallback) : NULL;
}

TRV__BUILTIN(min, "min(*args, key=None, default=): the least item, or argument")
{
    return best(args, trv_min, "min");
}

TRV__BUILTIN(max, "max(*args, key=None, default=): the greatest item, or argument")
{
    return best(args, trv_max, "max");
}

/* Names ------------------------------------------------------------------------------------------- */

#define FUNCTION(name)                                                                             \
    {                                                                                              \
#name, (trv_object *)(uintptr_t)&builtin_##name                                            \
    }

static const struct {
    const char *name;
    trv_object *means;
} names[] = {FUNCTION(abs),
             FUNCTION(all),
             FUNCTION(any),
             FUNCTION(ascii),
             FUNCTION(bin),
             {"bool", trv_bool_type},
             {"bytearray", trv_bytearray_type},
             {"bytes", trv_bytes_type},
             FUNCTION(callable),
             FUNCTION(chr),
             {"classmethod", trv_classmethod_type},
             {"complex", trv_complex_type},
             FUNCTION(delattr),
             {"dict", trv_dict_type},
             FUNCTION(dir),
             FUNCTION(divmod),
             {"enumerate", trv_enumerate_type},
             {"filter", trv_filter_type},
             {"float", trv_float_type},
             {"frozenset", trv_frozenset_type},
             FUNCTION(getattr),
             FUNCTION(hasattr),
             FUNCTION(hash),
             FUNCTION(hex),
             FUNCTION(id),
             {"int", trv_int_type},
             FUNCTION(isinstance),
             FUNCTION(issubclass),
             FUNCTION(iter),
             FUNCTION(len),
             {"list", trv_list_type},
             {"map", trv_map_type},
             FUNCTION(max),
             {"memoryview", trv_memoryview_type},
             FUNCTION(min),
             FUNCTION(next),
             {"object", trv_object_type},
             FUNCTION(oct),
             FUNCTION(ord),
             FUNCTION(pow),
             {"property", trv_property_type},
             {"range", trv_range_type},
             FUNCTION(repr),
             {"reversed", trv_reversed_type},
             FUNCTION(round),
             {"set", trv_set_type},
             FUNCTION(setattr),
             {"slice", trv_slice_type},
             FUNCTION(sorted),
             {"staticmethod", trv_staticmethod_type},
             {"str", trv_str_type},
             FUNCTION(sum),
             {"super", trv_super_type},
             {"tuple", trv_tuple_type},
             {"type", trv_type_type},
             FUNCTION(vars),
             {"zip", trv_zip_type},
             {"NotImplemented", trv_not_implemented},
             {"BaseException", trv_BaseException},
#define NAMED(name, base) {#name, trv_##name},
             TRV_EXCEPTIONS(NAMED)
#undef NAMED
};

trv_object *trv__builtin_iter(void)
{
    return (trv_object *)(uintptr_t)&builtin_iter;
}

trv_object *trv__builtin_function(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].means->type == &trv__builtin_type && strcmp(names[i].name, name) == 0)
            return names[i].means;
    return NULL;
}

bool trv__is_builtin_function(const trv_object *object)
{
    return object->type == &trv__builtin_type &&
           trv__builtin_function(trv_function_name((trv_object *)(uintptr_t)object)) == object;
}

trv_object *trv_builtin(const char *name)
{
    if (!trv__given(name, "trv_builtin"))
        return NULL;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (strcmp(names[i].name, name) == 0)
            return trv_ref(names[i].means);
    return trv_raise(trv_NameError, "name '%s' is not defined", name);
}
