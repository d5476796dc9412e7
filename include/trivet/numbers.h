/* SPDX-License-Identifier: MIT */
/*
 * None, bool, int, float and complex.
 *
 * An int has any size: up to 64 bits it is a machine word, beyond that a GMP number. The ints from
 * -5 to 256, None, True and False exist once and for ever. bool is a subtype of int.
 */
#ifndef TRIVET_NUMBERS_H
#define TRIVET_NUMBERS_H

#include <trivet/object.h>

TRV_BEGIN_DECLARATIONS

/* None. Returns: a reference to the one None; cannot fail. */
TRV_API trv_object *trv_none_new(void);
/* Whether the object is None. Returns: 1 or 0; 0 for NULL. */
TRV_API int trv_is_none(const trv_object *object);
/* True or False. Returns: a reference to one of the two; cannot fail. */
TRV_API trv_object *trv_bool_new(int value);

/* An int. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_new(int64_t value);
/* An int from an unsigned value. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_new_unsigned(uint64_t value);
/* An int from its digits in a base from 2 to 36, with an optional sign; 0 takes Python's prefixes.
 * Raises: ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_parse(const char *digits, int base);
/* The value of an int that fits. Raises: TypeError, OverflowError. */
TRV_API TRV_MUST_CHECK int trv_int_get(trv_object *object, int64_t *value);
/* An int's digits in a base from 2 to 36, with no prefix. Returns: a str. Raises: TypeError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_format(trv_object *object, int base);
/* An int's two's complement in little-endian bytes, as few as hold it; of zero, none.
 * Returns: bytes. Raises: TypeError. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_to_bytes(trv_object *object);
/* The int whose two's complement these little-endian bytes are. */
TRV_API TRV_MUST_CHECK trv_object *trv_int_from_bytes(const void *data, size_t size);

/* A float. */
TRV_API TRV_MUST_CHECK trv_object *trv_float_new(double value);
/* A float from its text, as Python's float() reads it. Raises: ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_float_parse(const char *text);
/* A number rounded half to even: to so many digits, an int that may be negative, as a number of its
 * type; or with NULL or None to an int. Raises: TypeError, OverflowError, ValueError for NaN. */
TRV_API TRV_MUST_CHECK trv_object *trv_round(trv_object *number, trv_object *digits);
/* The int next below, next above, or next towards zero. Raises: TypeError, OverflowError, ValueError. */
TRV_API TRV_MUST_CHECK trv_object *trv_floor(trv_object *number);
TRV_API TRV_MUST_CHECK trv_object *trv_ceil(trv_object *number);
TRV_API TRV_MUST_CHECK trv_object *trv_trunc(trv_object *number);
/* The value of a float or an int as a double. Raises: TypeError, OverflowError. */
TRV_API TRV_MUST_CHECK int trv_float_get(trv_object *object, double *value);

extern TRV_API trv_object trv_complex_type[1];

/* A complex number. */
TRV_API TRV_MUST_CHECK trv_object *trv_complex_new(double real, double imag);
/* The parts of a complex number, a float or an int. Raises: TypeError, OverflowError. */
TRV_API TRV_MUST_CHECK int trv_complex_get(trv_object *object, double *real, double *imag);

TRV_END_DECLARATIONS

#endif
