/* SPDX-License-Identifier: MIT */
/*
 * Rounding: round with digits, floor, ceil and trunc, of ints, floats and what says how it is rounded.
 *
 * To so many digits a float is rounded as the exact decimal it is, half to even, and then read again,
 * as in Python: not by multiplying with a power of ten, which would round twice.
 */
#include "object/descriptor.h"
#include "object/lookup.h"
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

/* What a type says under a name; `digits` may be NULL. */
static trv_object *ask(trv_object *object, enum trv__dunder_name name, trv_object *digits)
{
    trv_object *found;
    int there = trv__type_find(object->type, trv__dunder(name), &found);

    if (there > 0)
        return trv__call_found(found, object, &digits, digits ? 1 : 0, NULL);
    return there < 0 ? NULL
                     : trv_raise(trv_TypeError, "type %s doesn't define %s method",
                                 trv_type_name(object), trv_str_utf8(trv__dunder(name), NULL));
}

/* Whether a number is of a class that says itself how it is rounded. 1, 0, -1. */
static int is_overridden(const trv_object *object, enum trv__dunder_name name)
{
    trv_object *found;
    int there;

    if (LIKELY(!(object->type->flags & TRV__TYPE_IN_HEAP)))
        return 0;
    there = trv__type_find(object->type, trv__dunder(name), &found);
    return there <= 0 ? there : !trv__is_native(found, NULL);
}

/* An int or a float, by what it is. */
static trv_object *round_number(trv_object *object, trv_object *digits)
{
    if (trv__is_int(object))
        return digits ? round_int_to(object, digits) : trv__int_plain(object);
    return digits ? round_float_to(object, digits)
                  : trv__int_from_double(rint(trv__float_value(object)));
}

trv_object *trv_round(trv_object *object, trv_object *digits)
{
    int is_own;

    if (!trv__given(object, "trv_round") || (!digits && trv_error_occurred()))
        return NULL;
    digits = trv__or_null(digits);
    if (!trv__is_int(object) && !trv__is_float(object))
        return ask(object, TRV__NAME_round, digits);
    if ((is_own = is_overridden(object, TRV__NAME_round)) < 0)
        return NULL;
    return is_own ? ask(object, TRV__NAME_round, digits) : round_number(object, digits);
}

static trv_object *number_one_way(trv_object *object, double (*way)(double))
{
    return trv__is_int(object) ? trv__int_plain(object)
                               : trv__int_from_double(way(trv__float_value(object)));
}

static trv_object *round_one_way(trv_object *object, double (*way)(double),
                                 enum trv__dunder_name name, const char *function)
{
    int is_own;

    if (!trv__given(object, function))
        return NULL;
    if (!trv__is_int(object) && !trv__is_float(object))
        return ask(object, name, NULL);
    if ((is_own = is_overridden(object, name)) < 0)
        return NULL;
    return is_own ? ask(object, name, NULL) : number_one_way(object, way);
}

trv_object *trv_floor(trv_object *object)
{
    return round_one_way(object, floor, TRV__NAME_floor, "trv_floor");
}

trv_object *trv_ceil(trv_object *object)
{
    return round_one_way(object, ceil, TRV__NAME_ceil, "trv_ceil");
}

trv_object *trv_trunc(trv_object *object)
{
    return round_one_way(object, trunc, TRV__NAME_trunc, "trv_trunc");
}

/* Methods of ints and floats --------------------------------------------------------------------- */

trv_object *trv__number_round(const trv_args *args)
{
    trv_object *digits = NULL;

    return trv_parse(args, "|o", &digits) < 0 ? NULL
                                              : round_number(args->self, trv__or_null(digits));
}

trv_object *trv__number_floor(const trv_args *args)
{
    return trv__no_arguments(args) ? number_one_way(args->self, floor) : NULL;
}

trv_object *trv__number_ceil(const trv_args *args)
{
    return trv__no_arguments(args) ? number_one_way(args->self, ceil) : NULL;
}

trv_object *trv__number_trunc(const trv_args *args)
{
    return trv__no_arguments(args) ? number_one_way(args->self, trunc) : NULL;
}
