/* SPDX-License-Identifier: MIT */
/*
 * Ints as text, read and written in any base from 2 to 36, and as bytes.
 *
 * Reading follows Python's int(): white space around, a sign, single underscores between digits,
 * and a prefix that fits the base. Digits are those of ASCII,
 * which those of Unicode are exchanged for before.
 */
#include "types/builder.h"
#include "types/int.h"
#include "types/number_text.h"
#include "types/str.h"

/* Writing --------------------------------------------------------------------------------------- */

/* Writes the digits so that they end at `end`. Returns where they begin. */
static char *write_digits(char *end, uint64_t magnitude, unsigned base)
{
    do
        *--end = "0123456789abcdefghijklmnopqrstuvwxyz"[magnitude % base];
    while (magnitude /= base);
    return end;
}

static trv_object *format_small(int64_t value, unsigned base)
{
    char text[65], *end = text + sizeof text, *start;

    start = base == 10 ? write_digits(end, trv__magnitude(value), 10)
                       : write_digits(end, trv__magnitude(value), base);
    if (value < 0)
        *--start = '-';
    return trv__str_from(start, (size_t)(end - start), (size_t)(end - start));
}

static trv_object *format_big(const trv_object *big, int base)
{
    struct trv__int_view view;
    mpz_srcptr number = trv__int_view(big, &view);
    size_t room = mpz_sizeinbase(number, base) + 2, size;
    trv_object *made;
    char *text;

    if (trv__int_room(trv__int_bits(big) * 2) < 0 || !(text = trv__allocate(room)))
        return NULL;
    mpz_get_str(text, base, number);
    size = strlen(text);
    made = trv__str_from(text, size, size);
    trv__free(text, room);
    return made;
}

trv_object *trv_int_format(trv_object *object, int base)
{
    if (!trv__expect(object, &trv__int_type, "trv_int_format"))
        return NULL;
    if (base < 2 || base > 36)
        return trv_raise(trv_ValueError, "base must be >= 2 and <= 36, not %d", base);
    return trv__is_big(object) ? format_big(object, base)
                               : format_small(trv__int_value(object), (unsigned)base);
}

trv_object *trv__int_repr(trv_object *self)
{
    return trv__is_big(self) ? format_big(self, 10) : format_small(trv__int_value(self), 10);
}

/* Digits of Unicode ----------------------------------------------------------------------------- */

trv_object *trv__plain_digits(trv_object *object)
{
    const struct trv__str *str = trv__as_str(object);
    const char *at = str->text, *end = at + str->size;
    struct trv__builder b;

    if (trv__str_is_ascii(str))
        return trv_ref(object);
    trv__builder_init(&b);
    while (at < end) {
        uint32_t c = trv__utf8_next(&at);
        int digit = trv__decimal_value(c);
        if (trv__builder_reserve(&b, 4) < 0)
            return trv__builder_drop(&b), NULL;
        b.size += trv__utf8_put(b.data + b.size, digit < 0 ? c : (uint32_t)('0' + digit));
    }
    return trv__builder_finish(&b);
}

/* Reading --------------------------------------------------------------------------------------- */

struct scan {
    const char *at, *end;
    unsigned base;
    bool is_negative;
};

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? (unsigned)(c - 'a') + 10 : 99;
}

/* Takes a prefix that fits the base, and settles base 0. False for "010" and the like. */
static bool scan_prefix(struct scan *scan)
{
    unsigned named = 0;

    if (scan->end - scan->at >= 2 && scan->at[0] == '0') {
        char c = (char)(scan->at[1] | 0x20);
        named = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
    }
    if (named && (scan->base == 0 || scan->base == named)) {
        scan->at += 2;
        if (scan->at < scan->end && *scan->at == '_')
            scan->at++;
        scan->base = named;
        return true;
    }
    if (scan->base)
        return true;
    scan->base = 10;
    for (const char *p = scan->at; *scan->at == '0' && p < scan->end; p++)
        if (*p != '0' && *p != '_')
            return false;
    return true;
}

/* Copies the digits without underscores into the builder, and a NUL. False if there are none, or
 * something else is among them. */
static bool scan_digits(struct scan *scan, char *digits, size_t *count)
{
    bool was_digit = false;

    *count = 0;
    for (; scan->at < scan->end; scan->at++) {
        if (*scan->at == '_' && was_digit) {
            was_digit = false;
            continue;
        }
        if (digit_of(*scan->at) >= scan->base)
            return false;
        digits[(*count)++] = *scan->at;
        was_digit = true;
    }
    digits[*count] = 0;
    return was_digit;
}

/* The value of digits that cannot overflow 63 bits. */
static bool small_value(const char *digits, size_t count, unsigned base, int64_t *value)
{
    if (count > (base <= 10 ? 18 : 12))
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++)
        *value = *value * base + digit_of(digits[i]);
    return true;
}

static trv_object *value_of(const char *digits, size_t count, const struct scan *scan)
{
    trv_object *made;
    int64_t value;
    mpz_t number;

    if (small_value(digits, count, scan->base, &value))
        return trv__int_from(scan->is_negative ? -value : value);
    if (trv__int_room(count > TRV__INT_BITS_MOST ? count : count * 6) < 0)
        return NULL;
    mpz_init(number);
    mpz_set_str(number, digits, (int)scan->base);
    if (scan->is_negative)
        mpz_neg(number, number);
    made = trv__int_from_mpz(number);
    mpz_clear(number);
    return made;
}

static trv_object *raise_invalid(int base, trv_object *source)
{
    trv_auto trv_object *repr = trv_repr(source);

    if (!repr)
        return NULL;
    return trv_raise(trv_ValueError, "invalid literal for int() with base %d: %s", base,
                     trv__as_str(repr)->text);
}

trv_object *trv__int_parse(const char *text, size_t size, int base, trv_object *source)
{
    struct scan scan = {text, text + size, (unsigned)base, false};
    trv_object *made = NULL;
    struct trv__builder b;
    size_t count;

    if (base != 0 && (base < 2 || base > 36))
        return trv_raise(trv_ValueError, "int() base must be >= 2 and <= 36, or 0");
    trv__trim_space(&scan.at, &scan.end, trv__is_wide_text(source));
    if (scan.at < scan.end && (*scan.at == '-' || *scan.at == '+'))
        scan.is_negative = *scan.at++ == '-';
    trv__builder_init(&b);
    if (trv__builder_reserve(&b, (size_t)(scan.end - scan.at) + 1) < 0)
        return NULL;
    if (scan.at < scan.end && scan_prefix(&scan) && scan_digits(&scan, b.data, &count))
        made = value_of(b.data, count, &scan);
    else
        raise_invalid(base, source);
    trv__builder_drop(&b);
    return made;
}

trv_object *trv_int_parse(const char *digits, int base)
{
    trv_auto trv_object *text = trv_str_new(digits);

    if (!text)
        return NULL;
    return trv__int_parse(trv__as_str(text)->text, trv__as_str(text)->size, base, text);
}

/* Bytes ----------------------------------------------------------------------------------------- */

/* Two's complement of a magnitude in place: the value of the bytes, modulo their size, negated. */
static void negate_bytes(unsigned char *bytes, size_t size)
{
    unsigned carry = 1;

    for (size_t i = 0; i < size; i++) {
        carry += (unsigned char)~bytes[i];
        bytes[i] = (unsigned char)carry;
        carry >>= 8;
    }
}

trv_object *trv_int_to_bytes(trv_object *object)
{
    struct trv__int_view view;
    trv_object *made;
    unsigned char *bytes;
    size_t size, written;
    mpz_srcptr number;

    if (!trv__expect(object, &trv__int_type, "trv_int_to_bytes"))
        return NULL;
    if (!trv__int_sign(object))
        return trv_bytes_new(NULL, 0);
    /* The highest bit is the sign's, so one bit more than the magnitude has is needed, except for
     * the negative powers of two. */
    number = trv__int_view(object, &view);
    size = trv__int_bits(object) / 8 + 1;
    if (mpz_sgn(number) < 0 && trv__int_bits(object) % 8 == 0 &&
        mpz_scan1(number, 0) == trv__int_bits(object) - 1)
        size--;
    made = trv_bytes_new(NULL, size);
    if (!made)
        return NULL;
    bytes = (unsigned char *)(uintptr_t)trv_bytes_data(made, NULL);
    mpz_export(bytes, &written, -1, 1, 0, 0, number);
    if (mpz_sgn(number) < 0)
        negate_bytes(bytes, size);
    return made;
}

trv_object *trv_int_from_bytes(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    bool is_negative = size && bytes[size - 1] & 0x80;
    trv_object *made;
    uint64_t word = is_negative ? UINT64_MAX : 0;
    mpz_t number;

    if (size <= 8) {
        for (size_t i = size; i-- > 0;)
            word = word << 8 | bytes[i];
        return trv__int_from((int64_t)word);
    }
    if (trv__int_room(size > TRV__INT_BITS_MOST ? size : size * 8) < 0)
        return NULL;
    mpz_init(number);
    mpz_import(number, size, -1, 1, 0, 0, bytes);
    if (is_negative) { /* what was read, less 2 ** (8 * size) */
        mpz_t modulus;
        mpz_init(modulus);
        mpz_setbit(modulus, size * 8);
        mpz_sub(number, number, modulus);
        mpz_clear(modulus);
    }
    made = trv__int_from_mpz(number);
    mpz_clear(number);
    return made;
}
