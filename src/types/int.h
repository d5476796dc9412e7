/* SPDX-License-Identifier: MIT */
/*
 * Big ints, and what the files of int and float share.
 *
 * A big int holds its magnitude in GMP's limbs, inline, so that it is one block like any other
 * object and needs nothing to be given back at its end. Arithmetic looks at it through a read-only
 * mpz (a view) and works on temporary mpz numbers, which are GMP's own memory; results are copied
 * into an object of either layout. GMP ends the process when it runs out of memory: before any
 * operation trv__int_room asks whether a number of that size can be had at all, and raises
 * MemoryError for those beyond TRV__INT_BITS_MOST.
 *
 * Python limits the conversion of ints above 4300 digits, because its own takes quadratic time.
 * GMP's does not, and there is no such limit here.
 */
#ifndef TRV_TYPES_INT_H
#define TRV_TYPES_INT_H

#include "object/number.h"

#include <gmp.h>

_Static_assert(GMP_NUMB_BITS == 64 && sizeof(long) == 8, "a small int is at most one limb");

#define TRV__INT_BITS_MOST (UINT64_C(1) << 33)
/* The modulus of the hash of numbers, as in Python: equal numbers of any type hash alike. */
#define TRV__HASH_MODULUS ((UINT64_C(1) << 61) - 1)

struct trv__int_big {
    TRV__HEAD;
    int64_t size; /* how many limbs; negative for a negative number */
    mp_limb_t limbs[];
};

struct trv__int_view {
    mpz_t number;
    mp_limb_t limb; /* of a small int */
};

static inline bool trv__is_big(const trv_object *integer)
{
    return (integer->flags & TRV__TYPE_BIT) != 0;
}

static inline const struct trv__int_big *trv__as_big(const trv_object *big)
{
    return (const struct trv__int_big *)big;
}

static inline uint64_t trv__magnitude(int64_t value)
{
    return value < 0 ? -(uint64_t)value : (uint64_t)value;
}

/* An int as an mpz that must not be changed, valid as long as both. */
static inline mpz_srcptr trv__int_view(const trv_object *integer, struct trv__int_view *view)
{
    int64_t value = trv__int_value(integer);

    if (trv__is_big(integer))
        return mpz_roinit_n(view->number, trv__as_big(integer)->limbs, trv__as_big(integer)->size);
    view->limb = trv__magnitude(value);
    return mpz_roinit_n(view->number, &view->limb, value < 0 ? -1 : value > 0);
}

static inline int trv__int_sign(const trv_object *integer)
{
    int64_t value = trv__int_value(integer); /* the size of a big one, which has the same sign */

    return (value > 0) - (value < 0);
}

/* int_big.c: GMP does the work ------------------------------------------------------------------ */

/* Whether there can be a number of so many bits. 0, or -1 with MemoryError. */
int trv__int_room(uint64_t bits);
/* How many bits the magnitude has. */
uint64_t trv__int_bits(const trv_object *integer);
/* An int that is of no class and no bool: a new reference. */
trv_object *trv__int_plain(trv_object *integer);
/* The int of an mpz, which stays the caller's. */
trv_object *trv__int_from_mpz(mpz_srcptr number);
/* All operators but division, power and shifts have both operands here; `b` is not zero in a
 * floor division or remainder. */
trv_object *trv__int_big_binary(const trv_object *a, const trv_object *b, trv_binary op);
trv_object *trv__int_big_unary(const trv_object *a, trv_unary op);
/* base ** exponent, for an exponent that is not negative. */
trv_object *trv__int_power(trv_object *base, const trv_object *exponent);
trv_object *trv__int_shift_left(trv_object *a, const trv_object *count);
trv_object *trv__int_shift_right(const trv_object *a, const trv_object *count);
/* Less than, equal to or greater than 0 as a is to b. */
int trv__int_order(const trv_object *a, const trv_object *b);
uint64_t trv__int_big_hash(const trv_object *big);

/* int_double.c: between ints and doubles, correctly rounded ------------------------------------- */

/* The double nearest to (top + something below 1 if is_more) * 2 ** exponent. The leading bit of
 * `top` is set. Infinity if it is too large. */
double trv__round_to_double(uint64_t top, bool is_more, int64_t exponent);
/* The double nearest to an int. 0, or -1 with OverflowError. */
int trv__int_to_double(const trv_object *integer, double *value);
/* The int part of a double. OverflowError for infinities, ValueError for NaN. */
trv_object *trv__int_from_double(double value);
/* a / b, rounded once; `b` is not zero. 0, or -1 with OverflowError. */
int trv__int_divide(const trv_object *a, const trv_object *b, double *quotient);
/* Less than, equal to or greater than 0 as the int is to the double, which is not NaN. */
int trv__int_order_double(const trv_object *integer, double value);

/* int_text.c ------------------------------------------------------------------------------------ */

trv_object *trv__int_repr(trv_object *self);
/* The int that the text of `source`, a str or bytes, says. */
trv_object *trv__int_parse(const char *text, size_t size, int base, trv_object *source);

/* int.c: the slots that bool shares ------------------------------------------------------------- */

int trv__int_hash(trv_object *self, int64_t *hash);
int trv__int_compare(trv_object *self, trv_object *other, trv_comparison op);
int trv__int_truth(trv_object *self);
int trv__int_binary(trv_object *a, trv_object *b, trv_binary op, trv_object **result);
int trv__int_unary(trv_object *a, trv_unary op, trv_object **result);
/* The power slot: base ** exponent modulo a number, all of them ints (int_big.c). */
int trv__int_power_modulo(trv_object *base, trv_object *exponent, trv_object *modulus,
                          trv_object **result);
extern const struct trv__method trv__int_methods[], trv__int_class_methods[]; /* int_methods.c */
extern const struct trv__method trv__float_methods[],
    trv__float_class_methods[]; /* float_methods.c */

/* float.c and complex.c: what floats and complex numbers share ---------------------------------- */

/* Python's hash of a double that is a number's, or part of it. */
int64_t trv__double_hash(const trv_object *self, double value);
/* A power of a float that is no float. */
trv_object *trv__complex_power(double base, double exponent);

/* float_text.c ---------------------------------------------------------------------------------- */

trv_object *trv__float_repr(trv_object *self);
/* A finite value rounded to so many digits behind the point, half to even; infinity if that is too large. */
double trv__float_round(double value, int digits);
/* The float that the text of `source`, a str or bytes, says. */
trv_object *trv__float_parse(const char *text, size_t size, trv_object *source);

#endif
