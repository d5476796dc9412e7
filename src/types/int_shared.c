/* SPDX-License-Identifier: MIT */
/*
 * The numbers that exist once and for ever: the ints from -5 to 256, False and True. They are
 * constants: nothing ever writes to an immortal object.
 */
#include "object/number.h"

#define ONE(n) {TRV_IMMORTAL_, 0, &trv__int_type, n},
#define FOUR(n) ONE(n) ONE((n) + 1) ONE((n) + 2) ONE((n) + 3)
#define SIXTEEN(n) FOUR(n) FOUR((n) + 4) FOUR((n) + 8) FOUR((n) + 12)
#define SIXTY_FOUR(n) SIXTEEN(n) SIXTEEN((n) + 16) SIXTEEN((n) + 32) SIXTEEN((n) + 48)

const struct trv__int trv__shared_ints[TRV__SHARED_INTS] = {
    ONE(-5) FOUR(-4) SIXTY_FOUR(0) SIXTY_FOUR(64) SIXTY_FOUR(128) SIXTY_FOUR(192) ONE(256)};

_Static_assert(TRV__SMALLEST_SHARED == -5 && TRV__LARGEST_SHARED == 256, "as many as stand above");

const struct trv__int trv__bools[2] = {{TRV_IMMORTAL_, 0, &trv__bool_type, 0},
                                       {TRV_IMMORTAL_, 0, &trv__bool_type, 1}};
