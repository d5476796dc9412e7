/* SPDX-License-Identifier: MIT */
/*
 * The methods and attributes of int, which bool has too. An int is also a rational and a complex number:
 * numerator, denominator, real and imag.
 */
#include "object/reduce.h"
#include "types/arguments.h"
#include "types/bytes.h"
#include "types/int.h"
#include "types/octets.h"
#include "types/str.h"

static trv_object *method_bit_length(const trv_args *args)
{
    if (!trv__no_arguments(args))
        return NULL;
    return trv__int_from((int64_t)trv__int_bits(args->self));
}

static trv_object *method_bit_count(const trv_args *args)
{
    const trv_object *self = args->self;
    size_t size;

    if (!trv__no_arguments(args))
        return NULL;
    if (!trv__is_big(self))
        return trv__int_from(__builtin_popcountll(trv__magnitude(trv__int_value(self))));
    size = trv__magnitude(trv__as_big(self)->size);
    return trv__int_from((int64_t)mpn_popcount(trv__as_big(self)->limbs, (mp_size_t)size));
}

/* Itself as an int: True becomes 1. */
static trv_object *get_int(const trv_args *args)
{
    return trv__int_plain(args->self);
}

static trv_object *get_zero(const trv_args *args TRV_UNUSED)
{
    return trv__int_from(0);
}

static trv_object *get_one(const trv_args *args TRV_UNUSED)
{
    return trv__int_from(1);
}

static trv_object *method_conjugate(const trv_args *args)
{
    return trv__no_arguments(args) ? get_int(args) : NULL;
}

static trv_object *method_as_integer_ratio(const trv_args *args)
{
    trv_auto trv_object *numerator = NULL;

    if (!trv__no_arguments(args) || !(numerator = get_int(args)))
        return NULL;
    return trv_build("(o i)", numerator, 1);
}

/* Bytes ----------------------------------------------------------------------------------------- */

/* Keywords that stand after all positions, and so come in a dict. */
static int signed_keyword(const trv_args *args, int *is_signed)
{
    trv_auto trv_object *value = NULL;
    int found = args->keywords ? trv_dict_get_str(args->keywords, "signed", &value) : 0;

    *is_signed = found > 0 ? trv_truth(value) : 0;
    return found < 0 || *is_signed < 0 ? -1 : 0;
}

/* Whether the order is "little": 1, 0, or -1. */
static int order_argument(trv_object *object, const char *method)
{
    const char *order = "big";

    if (trv__text_argument(object, method, "'byteorder'", &order) < 0)
        return -1;
    if (strcmp(order, "little") == 0 || strcmp(order, "big") == 0)
        return *order == 'l';
    return trv_raise_int(trv_ValueError, "byteorder must be either 'little' or 'big'");
}

static void turn_round(unsigned char *data, size_t size)
{
    for (size_t i = 0; i < size / 2; i++) {
        unsigned char octet = data[i];
        data[i] = data[size - 1 - i];
        data[size - 1 - i] = octet;
    }
}

/* The octets of an int in two's complement, as few as hold it, stretched to a length. */
static trv_object *stretched(trv_object *self, size_t length, bool is_signed)
{
    trv_auto trv_object *octets = trv_int_to_bytes(self), *made = NULL;
    bool is_negative = trv__int_sign(self) < 0;
    const unsigned char *data;
    unsigned char *out;
    size_t size;

    if (!octets)
        return NULL;
    data = trv__as_bytes(octets)->data;
    size = trv__as_bytes(octets)->size;
    if (!is_signed && is_negative)
        return trv_raise(trv_OverflowError, "can't convert negative int to unsigned");
    if (!is_signed && size && !data[size - 1])
        size--; /* which only says that there is no sign */
    if (size > length)
        return trv_raise(trv_OverflowError, "int too big to convert");
    if (!(made = trv_bytes_new(NULL, length)))
        return NULL;
    out = trv__as_bytes(made)->data;
    memcpy(out, data, size);
    memset(out + size, is_negative ? 0xff : 0, length - size);
    return trv_steal(&made);
}

static trv_object *method_to_bytes(const trv_args *args)
{
    trv_object *number = NULL, *order = NULL, *made;
    int64_t length = 1;
    int is_signed, is_little;

    if (trv_parse(args, "|oo", &number, &order) < 0 || signed_keyword(args, &is_signed) < 0 ||
        (number && trv__size_argument(number, &length) < 0) ||
        (is_little = order_argument(order, "to_bytes")) < 0)
        return NULL;
    if (length < 0)
        return trv_raise(trv_ValueError, "length argument must be non-negative");
    made = stretched(args->self, (size_t)length, is_signed);
    if (made && !is_little)
        turn_round(trv__as_bytes(made)->data, trv__as_bytes(made)->size);
    return made;
}

static trv_object *int_of(unsigned char *data, size_t size, bool is_little, bool is_signed)
{
    if (!is_little)
        turn_round(data, size);
    /* the octet behind the last one is a NUL: it says that there is no sign */
    return trv_int_from_bytes(data, is_signed ? size : size + 1);
}

static trv_object *class_from_bytes(const trv_args *args)
{
    trv_object *source, *order = NULL;
    trv_auto trv_object *octets = NULL, *copy = NULL, *made = NULL;
    int is_signed, is_little, by_method;

    if (trv_parse(args, "o|o", &source, &order) < 0 || signed_keyword(args, &is_signed) < 0 ||
        (is_little = order_argument(order, "from_bytes")) < 0)
        return NULL;
    if ((by_method = trv__bytes_by_method(source, &octets)) < 0)
        return NULL;
    if (!by_method && (trv__is_any_str(source) || trv__is_int(source)))
        return trv_raise(trv_TypeError, "cannot convert '%s' object to bytes",
                         trv_type_name(source));
    if (!octets && !(octets = trv__octets_from("bytes", source)))
        return NULL;
    copy = trv_bytes_new(trv__as_bytes(octets)->data, trv__as_bytes(octets)->size);
    if (!copy)
        return NULL;
    made = int_of(trv__as_bytes(copy)->data, trv__as_bytes(copy)->size, is_little, is_signed);
    if (made && args->self != trv_int_type)
        return trv_call(args->self, "o", made);
    return trv_steal(&made);
}

const struct trv__method trv__int_methods[] = {
    {"__getnewargs__", "__getnewargs__(): what __new__ makes the same of", trv__value_newargs},
    TRV__NUMBER_METHODS,
    {"as_integer_ratio", "as_integer_ratio(): itself and 1", method_as_integer_ratio},
    {"bit_count", "bit_count(): how many bits of the absolute value are 1", method_bit_count},
    {"bit_length", "bit_length(): how many bits the absolute value has", method_bit_length},
    {"conjugate", "conjugate(): itself", method_conjugate},
    {"denominator", NULL, get_one},
    {"imag", NULL, get_zero},
    {"numerator", NULL, get_int},
    {"real", NULL, get_int},
    {"to_bytes", "to_bytes(length=, byteorder=, *, signed=): its bytes, in two's complement",
     method_to_bytes},
    {NULL, NULL, NULL},
};

const struct trv__method trv__int_class_methods[] = {
    {"from_bytes", "from_bytes(bytes, byteorder=, *, signed=): the int that bytes say",
     class_from_bytes},
    {NULL, NULL, NULL},
};
