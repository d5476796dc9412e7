/* SPDX-License-Identifier: MIT */
/*
 * From ints to doubles and back. Every conversion is rounded once, half to even, as if it had been
 * done with all bits; comparing an int with a double converts neither.
 */
#include "types/int.h"

#include <math.h>

#define DOUBLE_BITS 53
#define LOWEST_EXPONENT (-1022) /* of the leading bit of a normal double */

double trv__round_to_double(uint64_t top, bool is_more, int64_t exponent)
{
    int64_t leading = exponent + 63;
    int64_t bits =
        leading >= LOWEST_EXPONENT ? DOUBLE_BITS : DOUBLE_BITS - (LOWEST_EXPONENT - leading);
    uint64_t mantissa, rest, half;

    if (leading > 1024)
        return INFINITY;
    if (bits < 0)
        return 0;
    mantissa = bits ? top >> (64 - bits) : 0;
    rest = bits ? top << bits : top;
    half = UINT64_C(1) << 63;
    if (rest > half || (rest == half && (is_more || mantissa & 1)))
        mantissa++;
    return ldexp((double)mantissa, (int)(exponent + 64 - bits));
}

/* The 64 leading bits of a magnitude of at least 64 bits, and whether there is more below. */
static uint64_t leading_bits(mpz_srcptr number, bool *is_more)
{
    const mp_limb_t *limbs = mpz_limbs_read(number);
    size_t size = mpz_size(number), below = size * 64 - 64;
    int shift = __builtin_clzll(limbs[size - 1]);
    uint64_t top = limbs[size - 1];

    if (shift) {
        top = top << shift | limbs[size - 2] >> (64 - shift);
        below -= (size_t)shift;
    }
    *is_more = below && mpn_scan1(limbs, 0) < below;
    return top;
}

static double nearest_double(mpz_srcptr number)
{
    bool is_more;
    uint64_t top = leading_bits(number, &is_more);
    double value = trv__round_to_double(top, is_more, (int64_t)mpz_sizeinbase(number, 2) - 64);

    return mpz_sgn(number) < 0 ? -value : value;
}

int trv__int_to_double(const trv_object *integer, double *value)
{
    struct trv__int_view view;

    if (!trv__is_big(integer)) {
        *value = (double)trv__int_value(integer);
        return 0;
    }
    *value = nearest_double(trv__int_view(integer, &view));
    if (isinf(*value))
        return trv_raise_int(trv_OverflowError, "int too large to convert to float");
    return 0;
}

trv_object *trv__int_from_double(double value)
{
    trv_object *made;
    mpz_t number;

    if (value > -0x1p63 && value < 0x1p63)
        return trv__int_from((int64_t)value);
    if (isinf(value))
        return trv_raise(trv_OverflowError, "cannot convert float infinity to integer");
    if (isnan(value))
        return trv_raise(trv_ValueError, "cannot convert float NaN to integer");
    if (trv__int_room(1024) < 0)
        return NULL;
    mpz_init_set_d(number, value);
    made = trv__int_from_mpz(number);
    mpz_clear(number);
    return made;
}

/* Division -------------------------------------------------------------------------------------- */

/* The quotient of two magnitudes with 64 or 65 bits, scaled by 2 ** shift, and whether there is a
 * remainder. */
static bool scaled_quotient(mpz_t quotient, mpz_srcptr a, mpz_srcptr b, int64_t shift)
{
    bool is_more;
    mpz_t remainder;

    mpz_init(remainder);
    if (shift >= 0) {
        mpz_mul_2exp(quotient, a, (mp_bitcnt_t)shift);
        mpz_tdiv_qr(quotient, remainder, quotient, b);
    } else {
        mpz_t divisor;
        mpz_init(divisor);
        mpz_mul_2exp(divisor, b, (mp_bitcnt_t)-shift);
        mpz_tdiv_qr(quotient, remainder, a, divisor);
        mpz_clear(divisor);
    }
    is_more = mpz_sgn(remainder) != 0;
    mpz_clear(remainder);
    return is_more;
}

static double divide_magnitudes(mpz_srcptr a, mpz_srcptr b)
{
    int64_t difference = (int64_t)mpz_sizeinbase(a, 2) - (int64_t)mpz_sizeinbase(b, 2);
    int64_t shift = 64 - difference;
    bool has_rest, is_more;
    uint64_t top;
    mpz_t quotient;

    if (difference > 1025)
        return INFINITY;
    if (difference < -1080)
        return 0;
    mpz_init(quotient);
    has_rest = scaled_quotient(quotient, a, b, shift);
    top = leading_bits(quotient, &is_more);
    shift -= (int64_t)mpz_sizeinbase(quotient, 2) - 64;
    mpz_clear(quotient);
    return trv__round_to_double(top, is_more || has_rest, -shift);
}

static bool is_exact_double(const trv_object *integer)
{
    return !trv__is_big(integer) && trv__magnitude(trv__int_value(integer)) <= UINT64_C(1)
                                                                                   << DOUBLE_BITS;
}

int trv__int_divide(const trv_object *a, const trv_object *b, double *quotient)
{
    struct trv__int_view views[2];
    mpz_srcptr x, y;
    mpz_t magnitudes[2];
    double value;

    if (is_exact_double(a) && is_exact_double(b)) {
        *quotient = (double)trv__int_value(a) / (double)trv__int_value(b);
        return 0;
    }
    if (!trv__int_sign(a)) {
        *quotient = trv__int_sign(b) < 0 ? -0.0 : 0.0;
        return 0;
    }
    if (trv__int_room(MAX_OF(trv__int_bits(a), trv__int_bits(b)) + 1200) < 0)
        return -1;
    x = trv__int_view(a, &views[0]);
    y = trv__int_view(b, &views[1]);
    value =
        divide_magnitudes(mpz_roinit_n(magnitudes[0], mpz_limbs_read(x), (mp_size_t)mpz_size(x)),
                          mpz_roinit_n(magnitudes[1], mpz_limbs_read(y), (mp_size_t)mpz_size(y)));
    if (isinf(value))
        return trv_raise_int(trv_OverflowError, "integer division result too large for a float");
    *quotient = trv__int_sign(a) == trv__int_sign(b) ? value : -value;
    return 0;
}

/* Comparing ------------------------------------------------------------------------------------- */

int trv__int_order_double(const trv_object *integer, double value)
{
    struct trv__int_view view;
    int64_t own = trv__int_value(integer), whole;
    double rest;

    if (trv__is_big(integer))
        return mpz_cmp_d(trv__int_view(integer, &view), value);
    if (value >= 0x1p63)
        return -1;
    if (value < -0x1p63)
        return 1;
    whole = (int64_t)value;
    if (own != whole)
        return own < whole ? -1 : 1;
    rest = value - (double)whole;
    return (rest < 0) - (rest > 0);
}
