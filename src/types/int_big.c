/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of ints beyond 64 bits, and the operators whose result may be (power, shifts), with
 * GMP. Why and when its memory may be trusted is in int.h.
 *
 * The operands of every function may be of either layout; bools are small ints.
 */
#include "types/int.h"

/* Up to this size GMP's temporary memory is taken for granted, as the stack is. */
#define SURE_BITS (UINT64_C(1) << 23)
/* Sums and products of numbers up to this size are made on the stack. */
#define FEW_LIMBS 8

/* A big multiplication needs temporary memory of several times its result. */
int trv__int_room(uint64_t bits)
{
    void *probe;

    if (FAULT() || bits > TRV__INT_BITS_MOST)
        return trv_raise_int(trv_MemoryError, "an int of %llu bits", (unsigned long long)bits);
    if (bits <= SURE_BITS)
        return 0;
    probe = malloc(bits / 8 * 6);
    if (!probe)
        return trv_raise_int(trv_MemoryError, "an int of %llu bits", (unsigned long long)bits);
    free(probe);
    return 0;
}

uint64_t trv__int_bits(const trv_object *integer)
{
    uint64_t magnitude;
    size_t size;

    if (!trv__is_big(integer)) {
        magnitude = trv__magnitude(trv__int_value(integer));
        return magnitude ? 64 - (uint64_t)__builtin_clzll(magnitude) : 0;
    }
    size = trv__magnitude(trv__as_big(integer)->size);
    return size * 64 - (uint64_t)__builtin_clzll(trv__as_big(integer)->limbs[size - 1]);
}

static bool fits_small(mpz_srcptr number)
{
    return mpz_fits_slong_p(number) != 0;
}

trv_object *trv__int_from_mpz(mpz_srcptr number)
{
    struct trv__int_big *big;
    size_t size = mpz_size(number);

    if (fits_small(number))
        return trv__int_from(mpz_get_si(number));
    big = trv__object_new(&trv__int_type, sizeof *big + size * sizeof *big->limbs);
    if (!big)
        return NULL;
    big->flags |= TRV__TYPE_BIT;
    big->size = mpz_sgn(number) < 0 ? -(int64_t)size : (int64_t)size;
    memcpy(big->limbs, mpz_limbs_read(number), size * sizeof *big->limbs);
    return (trv_object *)big;
}

/* The int of a temporary number, which ends. */
static trv_object *from_temporary(mpz_t number)
{
    trv_object *made = trv__int_from_mpz(number);

    mpz_clear(number);
    return made;
}

/* The most bits the result of an operator can have. */
static uint64_t bits_of_result(const trv_object *a, const trv_object *b, trv_binary op)
{
    uint64_t x = trv__int_bits(a), y = trv__int_bits(b);

    return op == TRV_MULTIPLY ? x + y : MAX_OF(x, y) + 1;
}

static bool is_for_few_limbs(mpz_srcptr x, mpz_srcptr y, trv_binary op)
{
    return (op == TRV_ADD || op == TRV_SUBTRACT || op == TRV_MULTIPLY) &&
           mpz_size(x) <= FEW_LIMBS && mpz_size(y) <= FEW_LIMBS;
}

/* x + y, x - y or x * y without GMP's temporary memory. A difference of magnitudes has the sign of the
 * larger one, which is x when they are computed. */
static trv_object *few_limbs(mpz_srcptr x, mpz_srcptr y, trv_binary op)
{
    mp_limb_t limbs[2 * FEW_LIMBS];
    bool is_x_minus = mpz_sgn(x) < 0, is_y_minus = (mpz_sgn(y) < 0) != (op == TRV_SUBTRACT);
    bool is_minus = op == TRV_MULTIPLY ? is_x_minus != is_y_minus : is_x_minus;
    mp_size_t size;
    mpz_t result;

    if (mpz_cmpabs(x, y) < 0) {
        mpz_srcptr larger = y;
        y = x;
        x = larger;
        is_minus = op == TRV_MULTIPLY ? is_minus : is_y_minus;
    }
    size = (mp_size_t)mpz_size(x);
    if (op == TRV_MULTIPLY) {
        if (mpz_sgn(y) == 0)
            return trv__int_from(0);
        mpn_mul(limbs, mpz_limbs_read(x), size, mpz_limbs_read(y), (mp_size_t)mpz_size(y));
        size += (mp_size_t)mpz_size(y);
    } else if (is_x_minus == is_y_minus) {
        limbs[size] =
            mpn_add(limbs, mpz_limbs_read(x), size, mpz_limbs_read(y), (mp_size_t)mpz_size(y));
        size++;
    } else {
        mpn_sub(limbs, mpz_limbs_read(x), size, mpz_limbs_read(y), (mp_size_t)mpz_size(y));
    }
    return trv__int_from_mpz(mpz_roinit_n(result, limbs, is_minus ? -size : size));
}

trv_object *trv__int_big_binary(const trv_object *a, const trv_object *b, trv_binary op)
{
    struct trv__int_view views[2];
    mpz_srcptr x = trv__int_view(a, &views[0]), y = trv__int_view(b, &views[1]);
    mpz_t result;

    if (trv__int_room(bits_of_result(a, b, op)) < 0)
        return NULL;
    if (is_for_few_limbs(x, y, op))
        return few_limbs(x, y, op);
    mpz_init(result);
    switch (op) {
    case TRV_ADD:
        mpz_add(result, x, y);
        break;
    case TRV_SUBTRACT:
        mpz_sub(result, x, y);
        break;
    case TRV_MULTIPLY:
        mpz_mul(result, x, y);
        break;
    case TRV_FLOOR_DIVIDE:
        mpz_fdiv_q(result, x, y);
        break;
    case TRV_REMAINDER:
        mpz_fdiv_r(result, x, y);
        break;
    case TRV_AND:
        mpz_and(result, x, y);
        break;
    case TRV_OR:
        mpz_ior(result, x, y);
        break;
    case TRV_XOR:
        mpz_xor(result, x, y);
        break;
    default:
        ASSERT(!"an operator that is done elsewhere");
        break;
    }
    return from_temporary(result);
}

trv_object *trv__int_big_unary(const trv_object *a, trv_unary op)
{
    struct trv__int_view view;
    mpz_srcptr x = trv__int_view(a, &view);
    mpz_t result;

    if (trv__int_room(trv__int_bits(a) + 1) < 0)
        return NULL;
    mpz_init(result);
    if (op == TRV_NEGATIVE)
        mpz_neg(result, x);
    else if (op == TRV_ABSOLUTE)
        mpz_abs(result, x);
    else if (op == TRV_POSITIVE)
        mpz_set(result, x);
    else
        mpz_com(result, x);
    return from_temporary(result);
}

/* Power ----------------------------------------------------------------------------------------- */

/* base ** exponent in 64 bits; false if that overflows. */
static bool power_fits(int64_t base, uint64_t exponent, int64_t *result)
{
    *result = 1;
    while (exponent) {
        if (exponent & 1 && __builtin_mul_overflow(*result, base, result))
            return false;
        exponent >>= 1;
        if (exponent && __builtin_mul_overflow(base, base, &base))
            return false;
    }
    return true;
}

static trv_object *raise_too_big(void)
{
    return trv_raise(trv_MemoryError, "an int of more than %llu bits",
                     (unsigned long long)TRV__INT_BITS_MOST);
}

/* The powers of 0, 1 and -1, which stay small whatever the exponent. */
static trv_object *power_of_unit(int64_t base, const trv_object *exponent)
{
    struct trv__int_view view;

    if (base < 0)
        return trv__int_from(mpz_odd_p(trv__int_view(exponent, &view)) ? -1 : 1);
    return trv__int_from(base == 1 || !trv__int_sign(exponent));
}

trv_object *trv__int_power(trv_object *base, const trv_object *exponent)
{
    struct trv__int_view view;
    uint64_t times, bits;
    int64_t value;
    mpz_t result;

    if (trv__int_bits(base) <= 1)
        return power_of_unit(trv__int_value(base), exponent);
    if (trv__is_big(exponent))
        return raise_too_big();
    times = (uint64_t)trv__int_value(exponent);
    if (!trv__is_big(base) && power_fits(trv__int_value(base), times, &value))
        return trv__int_from(value);
    if (__builtin_mul_overflow(trv__int_bits(base), times, &bits))
        return raise_too_big();
    if (trv__int_room(bits) < 0)
        return NULL;
    mpz_init(result);
    mpz_pow_ui(result, trv__int_view(base, &view), times);
    return from_temporary(result);
}

/* Raises to a power modulo a number that is not 0; false if there is no such inverse. */
static bool raise_modulo(mpz_t result, mpz_srcptr base, mpz_srcptr exponent, mpz_srcptr modulus)
{
    bool is_possible = true;
    mpz_t positive;

    if (mpz_sgn(exponent) >= 0) {
        mpz_powm(result, base, exponent, modulus);
        return true;
    }
    mpz_init(positive);
    mpz_neg(positive, exponent);
    if (mpz_invert(result, base, modulus))
        mpz_powm(result, result, positive, modulus);
    else
        is_possible = mpz_cmpabs_ui(modulus, 1) == 0; /* all is 0 then, which is its own inverse */
    mpz_clear(positive);
    return is_possible;
}

int trv__int_power_modulo(trv_object *base, trv_object *exponent, trv_object *modulus,
                          trv_object **made)
{
    struct trv__int_view views[3];
    mpz_srcptr divisor;
    bool is_possible;
    mpz_t result;

    if (!trv__is_int(base) || !trv__is_int(exponent) || !trv__is_int(modulus))
        return TRV_UNKNOWN;
    if (!trv__int_sign(modulus))
        return trv_raise_int(trv_ValueError, "pow() 3rd argument cannot be 0");
    if (trv__int_room(4 * (trv__int_bits(base) + trv__int_bits(modulus))) < 0)
        return -1;
    divisor = trv__int_view(modulus, &views[2]);
    mpz_init(result);
    is_possible = raise_modulo(result, trv__int_view(base, &views[0]),
                               trv__int_view(exponent, &views[1]), divisor);
    mpz_fdiv_r(result, result, divisor); /* the sign is that of the modulus */
    *made = is_possible ? trv__int_from_mpz(result)
                        : trv_raise(trv_ValueError, "base is not invertible for the given modulus");
    mpz_clear(result);
    return *made ? 0 : -1;
}

/* Shifts ---------------------------------------------------------------------------------------- */

trv_object *trv__int_shift_left(trv_object *a, const trv_object *count)
{
    struct trv__int_view view;
    mpz_t result;
    uint64_t by;

    if (!trv__int_sign(a))
        return trv__int_from(0);
    if (trv__is_big(count))
        return trv_raise(trv_OverflowError, "too many digits in integer");
    by = (uint64_t)trv__int_value(count);
    if (trv__int_bits(a) + by < 64 && !trv__is_big(a))
        return trv__int_from((int64_t)((uint64_t)trv__int_value(a) << by));
    if (trv__int_room(trv__int_bits(a) + by) < 0)
        return NULL;
    mpz_init(result);
    mpz_mul_2exp(result, trv__int_view(a, &view), by);
    return from_temporary(result);
}

trv_object *trv__int_shift_right(const trv_object *a, const trv_object *count)
{
    struct trv__int_view view;
    mpz_t result;
    uint64_t by;

    if (trv__is_big(count) || (uint64_t)trv__int_value(count) >= trv__int_bits(a))
        return trv__int_from(trv__int_sign(a) < 0 ? -1 : 0);
    by = (uint64_t)trv__int_value(count);
    if (!trv__is_big(a))
        return trv__int_from(trv__int_value(a) >> MIN_OF(by, 63));
    if (trv__int_room(trv__int_bits(a)) < 0)
        return NULL;
    mpz_init(result);
    mpz_fdiv_q_2exp(result, trv__int_view(a, &view), by);
    return from_temporary(result);
}

/* Comparing ------------------------------------------------------------------------------------- */

int trv__int_order(const trv_object *a, const trv_object *b)
{
    struct trv__int_view views[2];
    int64_t x = trv__int_value(a), y = trv__int_value(b);

    if (!((a->flags | b->flags) & TRV__TYPE_BIT))
        return (x > y) - (x < y);
    return mpz_cmp(trv__int_view(a, &views[0]), trv__int_view(b, &views[1]));
}

uint64_t trv__int_big_hash(const trv_object *big)
{
    size_t size = trv__magnitude(trv__as_big(big)->size);

    return mpn_mod_1(trv__as_big(big)->limbs, (mp_size_t)size, TRV__HASH_MODULUS);
}
