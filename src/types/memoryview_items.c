/* SPDX-License-Identifier: MIT */
/*
 * Single items of memory views: the native formats of Python's struct, as objects and back.
 */
#include "object/number.h"
#include "types/bytes.h"
#include "types/memoryview.h"
#include "types/str.h"

/* X(letter, type): integers that are signed, and those that are not. */
#define SIGNED(X)                                                                                  \
    X('b', signed char) X('h', short) X('i', int) X('l', long) X('q', long long) X('n', ssize_t)
#define UNSIGNED(X)                                                                                \
    X('B', unsigned char)                                                                          \
    X('H', unsigned short)                                                                         \
    X('I', unsigned) X('L', unsigned long) X('Q', unsigned long long) X('N', size_t)

/* The letter of a format, or 0 if it is none of ours. */
static char letter_of(const char *format)
{
    if (*format == '@')
        format++;
    return *format && !format[1] ? *format : 0;
}

size_t trv__item_size(const char *format, const char **constant)
{
    static const struct {
        char format[3];
        size_t size;
    } formats[] = {
#define ROW(letter, type) {{letter, 0, 0}, sizeof(type)},
        SIGNED(ROW) UNSIGNED(ROW) ROW('c', char) ROW('f', float) ROW('d', double) ROW('?', bool)
#undef ROW
#define ROW(letter, type) {{'@', letter, 0}, sizeof(type)},
            SIGNED(ROW) UNSIGNED(ROW) ROW('c', char) ROW('f', float) ROW('d', double) ROW('?', bool)
#undef ROW
    };

    for (size_t i = 0; i < COUNT_OF(formats); i++)
        if (strcmp(formats[i].format, format) == 0) {
            *constant = formats[i].format;
            return formats[i].size;
        }
    return 0;
}

trv_object *trv__item_get(const char *format, const char *item)
{
    double real;
    float single;

    switch (letter_of(format)) {
#define CASE(letter, type)                                                                         \
    case letter: {                                                                                 \
        type value;                                                                                \
        memcpy(&value, item, sizeof value);                                                        \
        return trv_int_new(value);                                                                 \
    }
        SIGNED(CASE)
#undef CASE
#define CASE(letter, type)                                                                         \
    case letter: {                                                                                 \
        type value;                                                                                \
        memcpy(&value, item, sizeof value);                                                        \
        return trv_int_new_unsigned(value);                                                        \
    }
        UNSIGNED(CASE)
#undef CASE
    case 'c':
        return trv_bytes_new(item, 1);
    case '?':
        return trv_bool_new(*item != 0);
    case 'f':
        memcpy(&single, item, sizeof single);
        return trv_float_new((double)single);
    case 'd':
        memcpy(&real, item, sizeof real);
        return trv_float_new(real);
    default:
        return trv_raise(trv_NotImplementedError, "memoryview: format %s not supported", format);
    }
}

int trv__items_equal(const char *x, const char *x_format, const char *y, const char *y_format)
{
    trv_auto trv_object *a = trv__item_get(x_format, x), *b = a ? trv__item_get(y_format, y) : NULL;

    return b ? trv_equal(a, b) : -1;
}

/* Writing --------------------------------------------------------------------------------------- */

static int raise_value(const char *format)
{
    return trv_raise_int(trv_ValueError, "memoryview: invalid value for format '%s'", format);
}

static int raise_type(const char *format)
{
    return trv_raise_int(trv_TypeError, "memoryview: invalid type for format '%s'", format);
}

/* What a conversion of the user's failed with, in the words of views; other exceptions stay. */
static int raise_again(const char *format)
{
    if (trv_error_matches(trv_TypeError))
        return trv_error_clear(), raise_type(format);
    if (trv_error_matches(trv_OverflowError) || trv_error_matches(trv_ValueError))
        return trv_error_clear(), raise_value(format);
    return -1;
}

/* An int, or what __index__ makes of an object; NULL with an exception. */
static trv_object *int_of(const char *format, trv_object *value)
{
    trv_object *integer = trv__may_index(value) ? trv__index_object(value) : NULL;

    if (!integer)
        (void)(trv__may_index(value) ? raise_again(format) : raise_type(format));
    return integer;
}

/* An int's value as 64 bits, and whether it lies between these two; for signed ones. */
static int set_signed(const char *format, char *item, trv_object *value, size_t size)
{
    int64_t wide, limit = size < 8 ? INT64_C(1) << (8 * size - 1) : 0;
    trv_auto trv_object *integer = NULL;

    if (!(integer = int_of(format, value)))
        return -1;
    if (trv_int_get(integer, &wide) < 0) {
        trv_error_clear();
        return raise_value(format);
    }
    if (size < 8 && (wide < -limit || wide >= limit))
        return raise_value(format);
    memcpy(item, &wide, size); /* little-endian; others below */
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    memcpy(item, (const char *)&wide + sizeof wide - size, size);
#endif
    return 0;
}

static int set_unsigned(const char *format, char *item, trv_object *value, size_t size)
{
    trv_auto trv_object *octets = NULL;
    trv_auto trv_object *integer = NULL;
    const unsigned char *data;
    uint64_t wide = 0;
    size_t count;

    if (!(integer = int_of(format, value)))
        return -1;
    if (!(octets = trv_int_to_bytes(integer)) || !(data = trv_bytes_data(octets, &count)))
        return -1;
    if (count && data[count - 1] & 0x80)
        return raise_value(format);
    count -= count && !data[count - 1]; /* the octet of the sign */
    if (count > size)
        return raise_value(format);
    while (count-- > 0)
        wide = wide << 8 | data[count];
    memcpy(item, &wide, size);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    memcpy(item, (const char *)&wide + sizeof wide - size, size);
#endif
    return 0;
}

static int set_float(const char *format, char *item, trv_object *value)
{
    double real;
    float single;
    int status;

    if ((status = trv__real_get(value, &real)) != 0)
        return status < 0 ? raise_again(format) : raise_type(format);
    if (letter_of(format) == 'd') {
        memcpy(item, &real, sizeof real);
        return 0;
    }
    single = (float)real;
    memcpy(item, &single, sizeof single);
    return 0;
}

int trv__item_set(const char *format, char *item, trv_object *value)
{
    int truth;

    switch (letter_of(format)) {
#define CASE(letter, type)                                                                         \
    case letter:                                                                                   \
        return set_signed(format, item, value, sizeof(type));
        SIGNED(CASE)
#undef CASE
#define CASE(letter, type)                                                                         \
    case letter:                                                                                   \
        return set_unsigned(format, item, value, sizeof(type));
        UNSIGNED(CASE)
#undef CASE
    case 'c':
        if (!trv__is_bytes(value))
            return raise_type(format);
        if (trv__as_bytes(value)->size != 1)
            return raise_value(format);
        *item = (char)trv__as_bytes(value)->data[0];
        return 0;
    case '?':
        if ((truth = trv_truth(value)) < 0)
            return -1;
        *item = (char)truth;
        return 0;
    case 'f':
    case 'd':
        return set_float(format, item, value);
    default:
        return trv_raise_int(trv_NotImplementedError, "memoryview: format %s not supported",
                             format);
    }
}
