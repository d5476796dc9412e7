/* SPDX-License-Identifier: MIT */
/*
 * Octets as ASCII: what they are, their case, padding, translation; and as hexadecimal digits and text.
 */
#include "types/bytearray.h"
#include "types/bytes.h"
#include "types/codec.h"
#include "types/octets.h"
#include "types/str_methods.h"

/* Classes --------------------------------------------------------------------------------------- */

/* White space of C, which is less than that of str. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static bool is_ascii(uint32_t c)
{
    return c < 0x80;
}

/* Whether a claim holds for every octet; none beyond ASCII is anything. */
static trv_object *all_are(const trv_args *args, trv__claim *claim, bool if_empty)
{
    TRV__AUTO_BUFFER octets = {0};
    const unsigned char *data;

    if (!trv__no_arguments(args) || trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    data = octets.data;
    for (size_t i = 0; i < octets.size; i++)
        if (data[i] >= 0x80 || !claim(data[i]))
            return trv__bool_from(false);
    return trv__bool_from(octets.size || if_empty);
}

#define CLASS_METHOD(name, claim, if_empty)                                                        \
    trv_object *trv__octets_##name(const trv_args *args)                                           \
    {                                                                                              \
        return all_are(args, claim, if_empty);                                                     \
    }

CLASS_METHOD(isalnum, trv__is_alnum, false)
CLASS_METHOD(isalpha, trv__is_alpha, false)
CLASS_METHOD(isascii, is_ascii, true)
CLASS_METHOD(isdigit, trv__is_decimal, false)
CLASS_METHOD(isspace, is_space, false)

static bool is_letter(unsigned char c)
{
    return c < 0x80 && trv__is_alpha(c);
}

/* Whether there are letters of one case, and none of the other. */
static trv_object *is_of_case(const trv_args *args, trv__claim *wanted)
{
    TRV__AUTO_BUFFER octets = {0};
    const unsigned char *data;
    bool has = false;

    if (!trv__no_arguments(args) || trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    data = octets.data;
    for (size_t i = 0; i < octets.size; i++) {
        if (is_letter(data[i]) && !wanted(data[i]))
            return trv__bool_from(false);
        has = has || is_letter(data[i]);
    }
    return trv__bool_from(has);
}

trv_object *trv__octets_islower(const trv_args *args)
{
    return is_of_case(args, trv__is_lower);
}

trv_object *trv__octets_isupper(const trv_args *args)
{
    return is_of_case(args, trv__is_upper);
}

trv_object *trv__octets_istitle(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    const unsigned char *data;
    bool has = false, is_inside = false;

    if (!trv__no_arguments(args) || trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    data = octets.data;
    for (size_t i = 0; i < octets.size; i++) {
        if (is_letter(data[i]) && (data[i] < 'a') == is_inside)
            return trv__bool_from(false);
        is_inside = is_letter(data[i]);
        has = has || is_inside;
    }
    return trv__bool_from(has);
}

/* Case ------------------------------------------------------------------------------------------ */

static trv_object *convert(const trv_args *args, enum trv__conversion conversion)
{
    TRV__AUTO_BUFFER octets = {0};
    struct trv__builder b;
    int status;

    if (!trv__no_arguments(args) || trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    trv__builder_init(&b);
    status = trv__builder_reserve(&b, octets.size);
    if (status == 0) {
        trv__convert_ascii(b.data, octets.data, octets.size, conversion);
        b.size = octets.size;
    }
    return trv__octets_finish(args->self, &b, status);
}

#define CASE_METHOD(name, conversion)                                                              \
    trv_object *trv__octets_##name(const trv_args *args)                                           \
    {                                                                                              \
        return convert(args, conversion);                                                          \
    }

CASE_METHOD(capitalize, TRV__CAPITALIZE)
CASE_METHOD(lower, TRV__LOWER)
CASE_METHOD(swapcase, TRV__SWAP_CASE)
CASE_METHOD(title, TRV__TITLE)
CASE_METHOD(upper, TRV__UPPER)

/* Padding --------------------------------------------------------------------------------------- */

static int add_fill(struct trv__builder *b, char fill, size_t count)
{
    if (count > PTRDIFF_MAX / 2 || trv__builder_reserve(b, count) < 0)
        return trv_error_occurred() ? -1
                                    : trv_raise_int(trv_MemoryError, "octets of size %zu", count);
    memset(b->data + b->size, fill, count);
    b->size += count;
    return 0;
}

/* What to fill with. */
static int fill_argument(trv_object *given, const char *method, char *fill)
{
    TRV__AUTO_BUFFER buffer = {0};

    *fill = ' ';
    if (!given)
        return 0;
    if ((trv__is_bytes(given) || trv__is_bytearray(given)) &&
        trv_buffer_acquire(given, &buffer, 0) < 0)
        return -1;
    if (buffer.size != 1)
        return trv_raise_int(trv_TypeError,
                             "%s() argument 2 must be a byte string of length 1, not %s", method,
                             trv_type_name(given));
    *fill = *(const char *)buffer.data;
    return 0;
}

/* Pads: the part of what is missing that goes to the left is told by the method. */
static trv_object *pad(const trv_args *args, const char *method)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_object *number, *given = NULL;
    size_t missing, left;
    struct trv__builder b;
    int64_t width;
    char fill;

    if (trv_parse(args, "o|o", &number, &given) < 0 || trv__size_argument(number, &width) < 0 ||
        fill_argument(given, method, &fill) < 0 || trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    missing = width > 0 && (size_t)width > octets.size ? (size_t)width - octets.size : 0;
    if (!missing && trv__is_bytes(args->self))
        return trv__value_plain(args->self);
    left = *method == 'l'   ? 0
           : *method == 'r' ? missing
                            : missing / 2 + (missing & (size_t)width & 1);
    trv__builder_init(&b);
    return trv__octets_finish(args->self, &b,
                              add_fill(&b, fill, left) < 0 ||
                                      trv__builder_add(&b, octets.data, octets.size) < 0 ||
                                      add_fill(&b, fill, missing - left) < 0
                                  ? -1
                                  : 0);
}

trv_object *trv__octets_center(const trv_args *args)
{
    return pad(args, "center");
}

trv_object *trv__octets_ljust(const trv_args *args)
{
    return pad(args, "ljust");
}

trv_object *trv__octets_rjust(const trv_args *args)
{
    return pad(args, "rjust");
}

trv_object *trv__octets_zfill(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_object *number;
    const char *data;
    size_t missing, sign;
    struct trv__builder b;
    int64_t width;

    if (trv_parse(args, "o", &number) < 0 || trv__size_argument(number, &width) < 0 ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    data = octets.data;
    missing = width > 0 && (size_t)width > octets.size ? (size_t)width - octets.size : 0;
    sign = octets.size && (*data == '+' || *data == '-');
    trv__builder_init(&b);
    return trv__octets_finish(args->self, &b,
                              trv__builder_add(&b, data, sign) < 0 ||
                                      add_fill(&b, '0', missing) < 0 ||
                                      trv__builder_add(&b, data + sign, octets.size - sign) < 0
                                  ? -1
                                  : 0);
}

trv_object *trv__octets_expandtabs(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_object *number = NULL;
    struct trv__builder b;
    int tab_size = 8;

    if (trv_parse(args, "|o", &number) < 0 ||
        (number && trv__int_argument(number, &tab_size) < 0) ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    trv__builder_init(&b);
    return trv__octets_finish(args->self, &b,
                              trv__expand_tabs(&b, octets.data, octets.size, tab_size, false));
}

/* Translating ----------------------------------------------------------------------------------- */

trv_object *trv__octets_translate(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0}, table = {0}, deleted = {0};
    trv_object *given, *without = NULL;
    const unsigned char *data;
    struct trv__builder b;
    int status = 0;

    if (trv_parse(args, "o|o", &given, &without) < 0)
        return NULL;
    given = trv__or_null(given);
    if ((given && trv_buffer_acquire(given, &table, 0) < 0) ||
        (without && trv_buffer_acquire(without, &deleted, 0) < 0) ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    if (given && table.size != 256)
        return trv_raise(trv_ValueError, "translation table must be 256 characters long");
    data = octets.data;
    trv__builder_init(&b);
    for (size_t i = 0; i < octets.size && status == 0; i++) {
        if (deleted.size && memchr(deleted.data, data[i], deleted.size))
            continue;
        status =
            trv__builder_add_char(&b, given ? ((const char *)table.data)[data[i]] : (char)data[i]);
    }
    return trv__octets_finish(args->self, &b, status);
}

static trv_object *class_maketrans(const trv_args *args)
{
    TRV__AUTO_BUFFER from = {0}, to = {0};
    trv_object *first, *second;
    unsigned char table[256];

    if (trv_parse(args, "oo", &first, &second) < 0 || trv_buffer_acquire(first, &from, 0) < 0 ||
        trv_buffer_acquire(second, &to, 0) < 0)
        return NULL;
    if (from.size != to.size)
        return trv_raise(trv_ValueError, "maketrans arguments must have same length");
    for (int c = 0; c < 256; c++)
        table[c] = (unsigned char)c;
    for (size_t i = 0; i < from.size; i++)
        table[((const unsigned char *)from.data)[i]] = ((const unsigned char *)to.data)[i];
    return trv_bytes_new(table, sizeof table);
}

/* Hexadecimal digits ---------------------------------------------------------------------------- */

/* The separator as a character: -1 on failure. */
static int separator_of(trv_object *separator)
{
    if (trv__is_any_str(separator)) {
        if (trv__as_str(separator)->length != 1)
            return trv_raise_int(trv_ValueError, "sep must be length 1.");
        if (!trv__str_is_ascii(trv__as_str(separator)))
            return trv_raise_int(trv_ValueError, "sep must be ASCII.");
        return trv__as_str(separator)->text[0];
    }
    if (!trv__is_bytes(separator))
        return trv_raise_int(trv_TypeError, "sep must be str or bytes.");
    if (trv__as_bytes(separator)->size != 1)
        return trv_raise_int(trv_ValueError, "sep must be length 1.");
    if (trv__as_bytes(separator)->data[0] & 0x80)
        return trv_raise_int(trv_ValueError, "sep must be ASCII.");
    return trv__as_bytes(separator)->data[0];
}

trv_object *trv__hex_digits(const unsigned char *data, size_t size, trv_object *separator,
                            int64_t group)
{
    int between = separator ? separator_of(separator) : 0;
    size_t width, length;
    struct trv__str *made;
    char *out;

    if (between < 0)
        return NULL;
    if (!size)
        return trv__str_empty();
    width = !separator || !group ? size : group < 0 ? 0 - (size_t)group : (size_t)group;
    if (size > PTRDIFF_MAX / 4)
        return trv_raise(trv_MemoryError, "hex of %zu bytes", size);
    length = 2 * size + (size - 1) / width;
    made = trv__str_allocate(length, length);
    out = made ? made->text : NULL;
    for (size_t i = 0; made && i < size; i++) {
        if (i && (group < 0 ? i % width : (size - i) % width) == 0 && width < size)
            *out++ = (char)between;
        *out++ = "0123456789abcdef"[data[i] >> 4];
        *out++ = "0123456789abcdef"[data[i] & 15];
    }
    return (trv_object *)made;
}

int trv__octets_parse_hex(const trv_args *args, trv_object **separator, int64_t *group)
{
    trv_object *number = NULL;
    int width = 1;

    *separator = NULL;
    if (trv_parse(args, "|oo", separator, &number) < 0 ||
        (number && trv__int_argument(number, &width) < 0))
        return -1;
    *group = width;
    return 0;
}

trv_object *trv__octets_hex(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_object *separator;
    int64_t group;

    if (trv__octets_parse_hex(args, &separator, &group) < 0 ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    return trv__hex_digits(octets.data, octets.size, separator, group);
}

static int digit_of(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes pairs of digits, with white space between them. */
static int add_digits(struct trv__builder *b, const struct trv__str *str)
{
    const unsigned char *text = (const unsigned char *)str->text;

    for (size_t i = 0; i < str->size; i++) {
        int high, low;
        if (is_space(text[i]))
            continue;
        high = digit_of(text[i]);
        low = high < 0 ? -1 : digit_of(text[i + 1]); /* a NUL stands behind the text */
        if (low < 0)
            return trv_raise_int(trv_ValueError,
                                 "non-hexadecimal number found in fromhex() arg at position %zu",
                                 trv__utf8_count(str->text, high < 0 ? i : i + 1));
        if (trv__builder_add_char(b, (char)(high << 4 | low)) < 0)
            return -1;
        i++;
    }
    return 0;
}

static trv_object *class_fromhex(const trv_args *args)
{
    trv_auto trv_object *octets = NULL;
    struct trv__builder b;
    trv_object *text;
    int status;

    if (trv_parse(args, "o", &text) < 0)
        return NULL;
    if (!trv__is_any_str(text))
        return trv_raise(trv_TypeError, "fromhex() argument must be str, not %s",
                         trv_type_name(text));
    trv__builder_init(&b);
    status = add_digits(&b, trv__as_str(text));
    octets = status < 0 ? NULL : trv_bytes_new(b.data, b.size);
    trv__builder_drop(&b);
    if (octets && args->self != trv_bytes_type)
        return trv_call(args->self, "o", octets);
    return trv_steal(&octets);
}

const struct trv__method trv__octets_class_methods[] = {
    {"fromhex", "fromhex(string, /): the octets that hexadecimal digits say", class_fromhex},
    {"maketrans", "maketrans(from, to, /): a table for translate", class_maketrans},
    {NULL, NULL, NULL},
};

/* Text ------------------------------------------------------------------------------------------ */

trv_object *trv__octets_decode(const trv_args *args)
{
    TRV__AUTO_BUFFER octets = {0};
    trv_object *encoding = NULL, *errors = NULL;
    const char *encoding_name = NULL, *errors_name = NULL;

    if (trv_parse(args, "|oo", &encoding, &errors) < 0 ||
        trv__text_argument(encoding, "decode", "'encoding'", &encoding_name) < 0 ||
        trv__text_argument(errors, "decode", "'errors'", &errors_name) < 0 ||
        trv_buffer_acquire(args->self, &octets, 0) < 0)
        return NULL;
    return trv__decode(octets.data, octets.size, encoding_name, errors_name);
}
