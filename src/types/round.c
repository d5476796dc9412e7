/* SPDX-License-Identifier: MIT */
/*
 * Rounding: round with digits, floor, ceil and trunc, of ints, floats and what says how it is rounded.
 *
 * To so many digits a float is rounded as the exact decimal it is, half to even, and then read again,
 * as in Python: not by multiplying with a power of ten, which would round twice.
 */
#include "types/arguments.h"
#include "types/int.h"

#include <math.h>

/* More digits than these, or fewer, change nothing of a double, or leave nothing. */
#define DIGITS_MOST 323
#define DIGITS_LEAST (-308)

/* Ints ------------------------------------------------------------------------------------------ */

/* To a multiple of 10 ** digits, half to even. */
static trv_object *round_int(trv_object *integer, uint64_t digits)
{
    struct trv__int_view view;
    mpz_srcptr number = trv__int_view(integer, &view);
    mpz_t unit, quotient, rest;
    trv_object *made;
    int order;

    if (digits > trv__int_bits(integer) / 3 + 1)
        return trv__int_from(0);
    if (trv__int_room(trv__int_bits(integer) + 4 * digits + 64) < 0)
        return NULL;
    mpz_inits(unit, quotient, rest, NULL);
    mpz_ui_pow_ui(unit, 10, digits);
    mpz_fdiv_qr(quotient, rest, number, unit);
    mpz_mul_2exp(rest, rest, 1);
    order = mpz_cmp(rest, unit);
    if (order > 0 || (order == 0 && mpz_odd_p(quotient)))
        mpz_add_ui(quotient, quotient, 1);
    mpz_mul(quotient, quotient, unit);
    made = trv__int_from_mpz(quotient);
    mpz_clears(unit, quotient, rest, NULL);
    return made;
}

static trv_object *round_int_to(trv_object *integer, trv_object *given)
{
    int64_t digits = 0;

    if (!trv__may_index(given))
        return trv_raise(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                         trv_type_name(given));
    if (trv__index_get(given, &digits) < 0)
        return NULL;
    return digits >= 0
               ? trv__int_plain(integer)
               : round_int(integer, digits == INT64_MIN ? (uint64_t)INT64_MAX : (uint64_t)-digits);
}

/* Floats ---------------------------------------------------------------------------------------- */

static trv_object *round_float_to(trv_object *object, trv_object *given)
{
    double value = trv__float_value(object), rounded;
    int64_t digits;

    if (!trv__may_index(given))
        return trv_raise(trv_TypeError, "'%s' object cannot be interpreted as an integer",
                         trv_type_name(given));
    if (trv__index_get(given, &digits) < 0)
        return NULL;
    if (!isfinite(value) || digits > DIGITS_MOST)
        return trv__value_plain(object);
    if (digits < DIGITS_LEAST)
        return trv__float_from(0.0 * value);
    rounded = trv__float_round(value, (int)digits);
    if (isinf(rounded))
        return trv_raise(trv_OverflowError, "rounded value too large to represent");
    return trv__float_from(rounded);
}

/* Public ---------------------------------------------------------------------------------------- */

/* What a type made at run time says under a name; `digits` may be NULL. */
static trv_object *ask(trv_object *object, const char *name, trv_object *digits)
{
    trv_auto trv_object *method = trv_getattr(object, name);

    if (!method) {
        if (!trv_error_matches(trv_AttributeError))
            return NULL;
        return trv_raise(trv_TypeError, "type %s doesn't define %s method", trv_type_name(object),
                         name);
    }
    return digits ? trv_call(method, "o", digits) : trv_call(method, "");
}

trv_object *trv_round(trv_object *object, trv_object *digits)
{
    if (!trv__given(object, "trv_round") || (!digits && trv_error_occurred()))
        return NULL;
    digits = trv__or_null(digits);
    if (trv__is_int(object))
        return digits ? round_int_to(object, digits) : trv__int_plain(object);
    if (trv__is_float(object))
        return digits ? round_float_to(object, digits)
                      : trv__int_from_double(rint(trv__float_value(object)));
    return ask(object, "__round__", digits);
}

static trv_object *round_one_way(trv_object *object, double (*way)(double), const char *name,
                                 const char *function)
{
    if (!trv__given(object, function))
        return NULL;
    if (trv__is_int(object))
        return trv__int_plain(object);
    if (trv__is_float(object))
        return trv__int_from_double(way(trv__float_value(object)));
    return ask(object, name, NULL);
}

trv_object *trv_floor(trv_object *object)
{
    return round_one_way(object, floor, "__floor__", "trv_floor");
}

trv_object *trv_ceil(trv_object *object)
{
    return round_one_way(object, ceil, "__ceil__", "trv_ceil");
}

trv_object *trv_trunc(trv_object *object)
{
    return round_one_way(object, trunc, "__trunc__", "trv_trunc");
}
